"""Weights files: saving and loading is identity, and every damage is one clear error."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import reberlstm as rl
from reberlstm.errors import FormatError
from reberlstm.machine.fsm import FSM
from reberlstm.net.files.safetensors import from_bytes, to_bytes
from reberlstm.net.net import LSTMWeights
from tests.cases import CASES, REBER, machine
from tests.net.test_weights import arrays
from tests.strategies import machines

NET = rl.compile(REBER)
GOOD = to_bytes(NET)

Header = dict[str, dict[str, object]]


def same(one: LSTMWeights, other: LSTMWeights) -> None:
    """Assert that two nets are equal, bit by bit."""
    for name in LSTMWeights.__dataclass_fields__:
        if name not in {"heads", "layers", "version"} and not isinstance(
            getattr(one, name), np.ndarray
        ):
            assert getattr(one, name) == getattr(other, name), name
    assert list(arrays(one)) == list(arrays(other))
    for name, array in arrays(one).items():
        assert np.array_equal(arrays(other)[name], array), name


@pytest.mark.parametrize(
    "net",
    [*(rl.compile(case.fsm) for case in CASES), rl.published()],
    ids=lambda net: str(net.grammar),
)
def test_load_of_save_is_identity(net: LSTMWeights, tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    rl.save(net, file)
    same(rl.load(file), net)
    same(rl.load(str(file)), net)


@settings(max_examples=40)
@given(machines())
def test_load_of_save_is_identity_for_any_machine(fsm: FSM) -> None:
    for on_violation in ("absorb", "resync"):
        net = rl.compile(fsm, on_violation=on_violation)
        same(from_bytes(to_bytes(net), "it"), net)


def test_a_net_without_heads_grammar_and_gain() -> None:
    bare = NET.replace(heads={}, grammar=None, gain=None, claims="legal", height=1.0, name="")
    same(from_bytes(to_bytes(bare), "it"), bare)


def test_equal_nets_give_equal_bytes() -> None:
    assert {to_bytes(rl.compile(REBER)) for _ in range(10)} == {GOOD}
    code = (
        "import hashlib, sys, reberlstm as rl\n"
        "from reberlstm.net.files.safetensors import to_bytes\n"
        "net = rl.compile(rl.load_grammar('embedded-reber'))\n"
        "print(hashlib.sha256(to_bytes(net)).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": str(number)},
            capture_output=True,
            check=True,
        ).stdout
        for number in range(3)
    }
    assert len(digests) == 1, "whatever the hash seed is"


def test_keys_and_metadata_are_those_of_the_contract() -> None:
    header, _ = split(GOOD)
    metadata = header.pop("__metadata__")
    sizes = {key: (entry["dtype"], tuple(entry["shape"])) for key, entry in header.items()}  # type: ignore[arg-type]
    assert sizes == {
        "lstm.weight_ih_l0": ("F64", (32, 7)),
        "lstm.weight_hh_l0": ("F64", (32, 8)),
        "lstm.bias_ih_l0": ("F64", (32,)),
        "lstm.bias_hh_l0": ("F64", (32,)),
        "legal.weight": ("F64", (7, 8)),
        "legal.bias": ("F64", (7,)),
        "accept.weight": ("F64", (1, 8)),
        "accept.bias": ("F64", (1,)),
        "next.weight": ("F64", (7, 8)),
        "next.bias": ("F64", (7,)),
    }
    assert all(isinstance(value, str) for value in metadata.values())
    assert json.loads(str(metadata["alphabet"])) == list("BTSXPVE")
    assert json.loads(str(metadata["cells"])) == list(NET.cells)
    assert (metadata["format"], metadata["claims"], float(str(metadata["gain"]))) == (
        "1",
        "all",
        20.0,
    )
    assert "[transitions]" in str(metadata["grammar"])


def test_names_of_all_kinds_survive() -> None:
    net = rl.compile(machine("é\"'", "ü", 'a"b', {"ü": 'éa"b', 'a"b': '"ü', "\n\t\x7f": ""}))
    same(from_bytes(to_bytes(net), "it"), net)


# Damage


def split(content: bytes) -> tuple[Header, bytes]:
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def join(header: object, data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def changed(change: Callable[[Header], object]) -> bytes:
    header, data = split(GOOD)
    change(header)
    return join(header, data)


def with_metadata(**entries: str | None) -> bytes:
    """The file with some metadata changed, or removed where None."""
    header, data = split(GOOD)
    metadata = header["__metadata__"] | entries
    header["__metadata__"] = {key: value for key, value in metadata.items() if value is not None}
    return join(header, data)


def with_arrays(**changes: np.ndarray | None) -> bytes:
    """The file with some tensors changed, or removed where None; ``__`` stands for a point."""
    from safetensors.numpy import load, save

    tensors = load(GOOD) | {key.replace("__", "."): value for key, value in changes.items()}
    metadata = split(GOOD)[0]["__metadata__"]
    kept = {key: value for key, value in tensors.items() if value is not None}
    return save(kept, metadata=metadata)


def with_nan() -> np.ndarray:
    weights = np.array(NET.weight_ih)
    weights[3, 2] = np.nan
    return weights


BAD = {
    "empty": (b"", "not a safetensors file, or damaged: "),
    "text": (b"# a grammar\nname = 'reber'\n" * 20, "not a safetensors file, or damaged: "),
    "pickle": (b"PK\x03\x04" + b"\x00" * 200, "not a safetensors file, or damaged: "),
    "huge header": (b"\xff" * 8 + GOOD[8:], "not a safetensors file, or damaged: "),
    "deep header": (join(0, b"")[:8] + b"[" * 100, "not a safetensors file, or damaged: "),
    "header is a list": (join([], b""), "not a safetensors file, or damaged: "),
    "data cut off": (GOOD[:-1], "not a safetensors file, or damaged: "),
    "data too long": (GOOD + b"\0", "not a safetensors file, or damaged: "),
    "no metadata": (
        changed(lambda header: header.pop("__metadata__")),
        "not written by reberlstm as safetensors or npz, so its alphabet is unknown; give alph",
    ),
    "metadata of numbers": (
        changed(lambda header: header.update({"__metadata__": {"format": 1}})),
        "not a safetensors file, or damaged: ",
    ),
    "later version": (
        with_metadata(format="4"),
        "format version '4', but this version of reberlstm",
    ),
    "no alphabet": (with_metadata(alphabet=None), "its metadata has no 'alphabet'"),
    "alphabet is not JSON": (
        with_metadata(alphabet="BTSXPVE"),
        "metadata 'alphabet' is not a JSON list",
    ),
    "alphabet is no list": (
        with_metadata(alphabet='"BTS"'),
        "metadata 'alphabet' is not a JSON list",
    ),
    "alphabet of numbers": (
        with_metadata(alphabet="[1,2]"),
        "metadata 'alphabet' is not a JSON list",
    ),
    "alphabet too deep": (
        with_metadata(alphabet="[" * 9_999),
        "metadata 'alphabet' is not a JSON list",
    ),
    "alphabet too short": (
        with_metadata(alphabet='["B"]'),
        "weight_ih has shape (32, 7), expected (32, 1) for 8 cells × 4 gates over 1 symbols",
    ),
    "alphabet with a symbol twice": (
        with_metadata(alphabet='["B","T","S","X","P","V","B"]'),
        "alphabet: 'B' stands twice",
    ),
    "alphabet that is not the grammar's": (
        with_metadata(alphabet='["B","T","S","X","P","V","Z"]'),
        "alphabet B T S X P V Z is not that of the grammar",
    ),
    "no cells": (with_metadata(cells=None), "its metadata has no 'cells'"),
    "too few cells": (with_metadata(cells='["0"]'), "weight_ih has shape (32, 7), expected (4, 7)"),
    "unknown cell": (with_metadata(cell="gru"), "cell 'gru'; choose 'standard' or 'published'"),
    "other cell": (with_metadata(cell="published"), "expected (24, 7) for 8 cells × 3 gates"),
    "unknown scope": (with_metadata(claims="most"), "claims 'most'; choose 'legal' or 'all'"),
    "unknown way": (
        with_metadata(on_violation="no"),
        "on_violation 'no'; choose 'absorb' or 'resync'",
    ),
    "gain is no number": (with_metadata(gain="big"), "metadata 'gain' is 'big', not a number"),
    "gain is NaN": (with_metadata(gain="nan"), "gain nan is not a positive number"),
    "gain is zero": (with_metadata(gain="0"), "gain 0.0 is not a positive number"),
    "height is negative": (with_metadata(height="-1"), "height -1.0 is not a positive number"),
    "height is zero": (with_metadata(height="0"), "height 0.0 is not a positive number"),
    "grammar is not TOML": (with_metadata(grammar="{"), ": not TOML: "),
    "grammar is no machine": (
        with_metadata(grammar='alphabet=["a"]\nstart="0"\n[transitions]'),
        "metadata 'grammar': the machine has no states",
    ),
    "labels": (with_metadata(labels='{"a": 1}'), "metadata 'labels' is not a JSON list"),
    "no recurrent weights": (
        with_arrays(lstm__weight_hh_l0=None),
        "tensor 'lstm.weight_hh_l0' is missing; it has accept.bias, accept.weight, legal.bias",
    ),
    "half a head": (
        with_arrays(accept__bias=None),
        "tensor 'accept.weight' is there, but 'accept.bias' is not",
    ),
    "unknown tensor": (with_arrays(value__bias=np.zeros(1)), "unknown tensor 'value.bias'"),
    "second layer": (
        with_arrays(lstm__weight_ih_l1=np.zeros((32, 8))),
        "unknown tensor 'lstm.weight_ih_l1'",
    ),
    "shape": (
        with_arrays(lstm__weight_hh_l0=np.zeros((32, 7))),
        "weight_hh has shape (32, 7), expected (32, 8) for 8 cells × 4 gates over 7 symbols",
    ),
    "transposed": (
        with_arrays(lstm__weight_ih_l0=np.zeros((7, 32))),
        "weight_ih has shape (7, 32), expected (32, 7)",
    ),
    "scalar": (with_arrays(lstm__bias_ih_l0=np.array(1.0)), "bias_ih has shape (), expected (32,)"),
    "no elements": (
        with_arrays(lstm__bias_ih_l0=np.zeros(0)),
        "bias_ih has shape (0,), expected (32,)",
    ),
    "head's shape": (
        with_arrays(legal__bias=np.zeros(6)),
        "legal.bias has shape (6,), expected (7,)",
    ),
    "integers": (
        with_arrays(lstm__bias_ih_l0=np.zeros(32, dtype=np.int64)),
        "tensor 'lstm.bias_ih_l0' has type I64; expected F64, F32, F16, BF16",
    ),
    "NaN": (
        with_arrays(lstm__weight_ih_l0=with_nan()),
        "weight_ih[3, 2] is nan; weights must be finite",
    ),
    "infinite": (
        with_arrays(legal__bias=np.full(7, np.inf)),
        "legal.bias[0] is inf; weights must be finite",
    ),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_damaged_and_foreign_files(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.safetensors"
    file.write_bytes(content)
    with pytest.raises(FormatError) as error:
        rl.load(file)
    text = str(error.value)
    assert text.startswith(f"{file}: ")
    assert message in text
    assert text.count(str(file)) == 1
    assert "\n" not in text


def test_cut_off_anywhere() -> None:
    for length in range(0, len(GOOD), 37):
        with pytest.raises(FormatError, match=r"^it: not a safetensors file, or damaged: "):
            from_bytes(GOOD[:length], "it")


def test_any_changed_byte_gives_a_valid_net_or_one_error(seed: int) -> None:
    """The header is small, so all of it is tried; of the data, some."""
    rng = random.Random(seed)
    header = 8 + int.from_bytes(GOOD[:8], "little")
    places = [*range(header), *rng.sample(range(header, len(GOOD)), k=200)]
    loaded = refused = 0
    for place in places:
        content = bytearray(GOOD)
        content[place] ^= 1 << rng.randrange(8)
        try:
            net = from_bytes(bytes(content), "it")
        except FormatError:
            refused += 1
        else:
            loaded += 1
            assert all(np.isfinite(array).all() for array in arrays(net).values())
    assert loaded > 100
    assert refused > 100


def test_files_of_single_precision_load() -> None:
    from safetensors.numpy import load, save

    tensors = {key: array.astype(np.float32) for key, array in load(GOOD).items()}
    net = from_bytes(save(tensors, metadata=split(GOOD)[0]["__metadata__"]), "it")
    assert net.weight_ih.dtype == np.float64
    assert np.allclose(net.weight_hh, NET.weight_hh, rtol=1e-6)


def test_files_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"missing\.safetensors: no such file"):
        rl.load(tmp_path / "missing.safetensors")
    with pytest.raises(FormatError, match="cannot be read: Is a directory"):
        rl.load(tmp_path)
    with pytest.raises(FormatError, match="cannot be written: No such file or directory"):
        rl.save(NET, tmp_path / "no folder" / "net.safetensors")
    for name in ("net.onnx", "net.h5", "net"):
        with pytest.raises(FormatError, match=r"use \.safetensors, \.npz, \.pt, \.pth, or `reber"):
            rl.save(NET, tmp_path / name)


def test_a_save_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "net.safetensors"
    rl.save(NET, file)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FormatError, match="cannot be written: No space left on device"):
        rl.save(rl.published(), file)
    assert rl.load(file).name == "compiled"
    assert list(tmp_path.iterdir()) == [file]
