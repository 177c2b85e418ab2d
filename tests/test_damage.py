"""Files of nets and records: whatever is in them gives a value or one clear error."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.errors import FormatError
from reberlstm.net.files import bounds
from reberlstm.net.files.containers import open_npz, open_safetensors, open_torch, pack_npz
from tests.damage import fuzz, readers

torch = pytest.importorskip("torch", reason="needs PyTorch")


@pytest.mark.parametrize("name", readers(Path()))
def test_damaged_files_are_values_or_errors(name: str, tmp_path: Path) -> None:
    """`scripts/fuzz_files.py` does the same to more of them."""
    tally = fuzz(name, 60, 0, tmp_path)
    assert [what for _, what in tally.failures] == []
    assert tally.longest < 5.0


# Sizes


def test_what_takes_much_memory_is_refused_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A bomb: 40 kB that unpack to 40 MB, and to 320 MB as float64."""
    content = pack_npz({"a": np.zeros(40_000_000, dtype=np.uint8)}, {})
    assert len(content) < 50_000
    message = r"^its numbers take 320,000,000 bytes of memory, over the limit of 268,435,456 for a"
    with pytest.raises(FormatError, match=message):
        open_npz(content)
    small = pack_npz({"a": np.zeros(4)}, {})
    assert open_npz(small)[0]["a"].size == 4
    monkeypatch.setenv("REBERLSTM_MAX_BYTES", "31")
    with pytest.raises(FormatError, match=r"31 for a file of \d+ bytes; if you trust it, set REB"):
        open_npz(small)
    (tmp_path / "net.npz").write_bytes(small)
    with pytest.raises(FormatError, match=r"net.npz: larger than the limit of 31 bytes"):
        rl.load(tmp_path / "net.npz", alphabet="01")
    monkeypatch.setenv("REBERLSTM_MAX_BYTES", "2 GB")
    with pytest.raises(FormatError, match=r"^REBERLSTM_MAX_BYTES=2 GB: give a number of bytes$"):
        open_npz(small)


def test_tensors_that_share_their_numbers_are_counted_each(tmp_path: Path) -> None:
    """An expanded tensor is one number in a file, and any size in memory."""
    buffer = io.BytesIO()
    torch.save({"rnn.weight_hh_l0": torch.zeros(1).expand(100_000, 100_000)}, buffer)
    with pytest.raises(FormatError, match=r"^its numbers take 80,000,000,000 bytes of memory"):
        open_torch(buffer.getvalue())


@pytest.mark.parametrize(
    "header",
    [
        b'{"a":{"dtype":"F64","shape":[100000000000],"data_offsets":[0,8]}}',
        b'{"a":{"dtype":"F64","shape":[-1],"data_offsets":[0,8]}}',
        b'{"a":{"dtype":"F64","shape":3,"data_offsets":[0,8]}}',
        b'{"a":3}',
        b"[" * 100_000,
        b'{"__metadata__":{"a":3}}',
    ],
)
def test_headers_that_lie(header: bytes) -> None:
    with pytest.raises(FormatError):
        open_safetensors(len(header).to_bytes(8, "little") + header + bytes(8))


def npy(header: bytes, data: bytes = b"") -> bytes:
    """An archive of one array with this header."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        magic = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
        archive.writestr("a.npy", magic + header + data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }\n"),
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (10**9,"),
        npy(b"{'descr': '<U1', 'fortran_order': False, 'shape': (), }\n", b"\xff\xff\xff\xff"),
        npy(b"(" * 9_000 + b"\n"),
        npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (), }\n", pickle.dumps(1)),
    ],
)
def test_headers_of_arrays_that_lie(content: bytes) -> None:
    with pytest.raises(FormatError):
        open_npz(content)


# Pickles


def pickled(content: bytes, name: str = "net/data.pkl") -> bytes:
    """A PyTorch file of this pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
        archive.writestr("net/byteorder", b"little")
        archive.writestr("net/version", b"3\n")
    return buffer.getvalue()


def shared(depth: int, *, tuples: bool) -> object:
    """2 ** depth ways to what is innermost, in a file of a few hundred bytes."""
    inner: object = 1
    for _ in range(depth):
        inner = (inner, inner) if tuples else {"a": inner, "b": inner}
    return {inner: 1} if tuples else inner


def test_shared_objects_are_gone_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    content = pickle.dumps(shared(60, tuples=False), protocol=2)
    with pytest.raises(FormatError, match=r"^expected one state_dict .*, found none"):
        open_torch(pickled(content))
    itself: dict[str, object] = {}
    itself["self"] = itself
    with pytest.raises(FormatError, match=r"^expected one state_dict .*, found none"):
        open_torch(pickled(pickle.dumps(itself, protocol=2)))
    net = OrderedDict({"rnn.weight_hh_l0": torch.zeros(1, 1)})
    buffer = io.BytesIO()
    torch.save({"best": net, "last": net}, buffer)
    assert list(open_torch(buffer.getvalue())[0]) == ["rnn.weight_hh_l0"]


def test_pickles_that_make_work_of_themselves_are_refused() -> None:
    keys = b"(K\x01" * 200 + b"t" * 200
    row = b"K\x01" + b"\x85" * 150
    twice = b"K\x01q\x00" + b"".join(b"h%c\x86q%c" % (n, n + 1) for n in range(40))
    for body in (b"}" + keys + b"K\x01s.", b"}" + row + b"K\x01s.", b"}" + twice + b"K\x01s."):
        with pytest.raises(FormatError, match="tuples in tuples, over and over again"):
            open_torch(pickled(b"\x80\x02" + body))
    integers = b"".join(b"\x8a\x0c%b" % (n << 61).to_bytes(12, "little") for n in range(20_000))
    with pytest.raises(FormatError, match="over 10,000 long integers"):
        open_torch(pickled(b"\x80\x02](" + integers + b"e."))
    with pytest.raises(FormatError, match="wants to make a bytearray"):
        open_torch(pickled(b"\x80\x02c__builtin__\nbytearray\nJ\xff\xff\xff\x7f\x85R."))
    assert bounds.MOST_LONG_INTEGERS == 10_000


def test_two_members_of_one_name_are_refused() -> None:
    buffer = io.BytesIO(pickled(b"\x80\x02}."))
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("net/data.pkl", b"\x80\x02}.")
    with pytest.raises(FormatError, match="two members of the same name"):
        open_torch(buffer.getvalue())
