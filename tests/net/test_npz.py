"""NumPy archives: saved and loaded is the same net, and damage is one clear error."""

import io
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.errors import FormatError
from reberlstm.net.files import containers
from reberlstm.net.files.safetensors import to_bytes as to_safetensors
from reberlstm.net.files.safetensors import to_npz, to_parts

NETS = {
    "published": rl.published,
    "reber": lambda: rl.compile(rl.load_grammar("reber")),
    "resync": lambda: rl.compile(rl.load_grammar("reber"), on_violation="resync", gain=7.5),
    "outputs": lambda: rl.compile(
        rl.FSM(
            alphabet=("näh", "β"),
            start="0",
            transitions={"0": {"näh": "1"}, "1": {"β": "0"}},
            outputs={"0": "zero", "1": "one"},
        )
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_loaded_is_what_was_saved(name, tmp_path):
    net = NETS[name]()
    path = tmp_path / "net.npz"
    path.write_bytes(to_npz(net))
    again = rl.load(path)
    # Equal safetensors files mean equal arrays and equal metadata.
    assert to_safetensors(again) == to_safetensors(net)
    assert to_npz(again) == path.read_bytes()


def test_numpy_alone_reads_it():
    net = NETS["reber"]()
    with np.load(io.BytesIO(to_npz(net)), allow_pickle=False) as data:
        assert (data["lstm.weight_ih_l0"] == net.weight_ih).all()
        assert str(data["metadata.alphabet"]) == '["B", "T", "S", "X", "P", "V", "E"]'


class Runs:
    """An object that would create a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_pickled_objects_are_refused_and_nothing_runs(tmp_path):
    mark = tmp_path / "executed"
    np.savez(tmp_path / "evil.npz", x=np.array([Runs(str(mark))], dtype=object))
    with pytest.raises(FormatError, match=r"evil.npz: not an archive of arrays, or damaged: Obj"):
        rl.load(tmp_path / "evil.npz", alphabet="01")
    assert not mark.exists()
    np.load(tmp_path / "evil.npz", allow_pickle=True)["x"]
    assert mark.exists(), "the file would have run something, or this test shows nothing"


def test_what_unpacks_to_too_much_is_refused(monkeypatch):
    content = to_npz(NETS["reber"]())
    monkeypatch.setenv("REBERLSTM_MAX_BYTES", "100")
    with pytest.raises(FormatError, match=r"^its numbers take [\d,]+ bytes of memory, over the"):
        containers.open_npz(content)


def test_array_that_is_no_numbers_is_named():
    content = containers.pack_npz({"when": np.array(["2020-01-01"], dtype="datetime64[D]")}, {})
    with pytest.raises(FormatError, match=r"^array 'when' has type datetime64\[D\]"):
        containers.open_npz(content)


def test_header_that_promises_too_much_is_damage():
    buffer = io.BytesIO()
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000000,), }\n"
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(FormatError, match=r"^not an archive of arrays, or damaged"):
        containers.open_npz(buffer.getvalue())


CONTENT = to_npz(rl.compile(rl.load_grammar("parity")))


@given(st.data())
def test_damaged_file_is_read_the_same_or_refused(data):
    content = bytearray(CONTENT)
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        arrays, _, _ = containers.open_npz(bytes(content))
    except FormatError:
        return
    expected, _ = to_parts(rl.compile(rl.load_grammar("parity")))
    # The checksums of the archive let no changed number through.
    for name, array in arrays.items():
        assert name not in expected or (array == expected[name]).all()
