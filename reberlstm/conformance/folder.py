"""The suite as files, for runtimes without Python: written, and their outputs scored.

::

    suite.json                      what is in the other files, and how to call the runtime
    nets/lstm-walk.safetensors      the weights of a net, under the names that PyTorch uses
    calls/lstm-walk.safetensors     x, perhaps h0, c0 and lengths, and what is expected
    outputs/lstm-walk.safetensors   what the runtime writes: hidden (B, T, H); or .npz, or .npy

Nothing in them is executed.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reberlstm._version import __version__
from reberlstm.conformance import Report, hidden_of, report_on
from reberlstm.conformance.diagnosis import Outputs, WrongShapeError
from reberlstm.conformance.reference import Reference
from reberlstm.conformance.suite import KINDS, STEPS, Call, Check, checks, weights_of
from reberlstm.errors import ConformanceError, FormatError
from reberlstm.files import decoding, make_folder, read_bytes, write_atomically
from reberlstm.net.cells.cell import Floats
from reberlstm.net.files.bounds import most_bytes
from reberlstm.net.files.containers import pack_safetensors, read_tensors
from reberlstm.plain import in_form

FORMAT = 1
"""The version of what `write` writes."""

LAST = 1_000
"""Of a longer word only so many of the last hidden states are written; all of them are scored."""

SUFFIXES = (".safetensors", ".npz", ".npy")
"""What outputs may be written as."""


def write(
    folder: str, *, kinds: Sequence[str] = KINDS, steps: int = STEPS, dtype: str = "float32"
) -> tuple[int, int]:
    """Write the suite into a folder, and return how many files and bytes it has.

    Raises:
        FormatError: where the folder cannot be written to.
    """
    root = Path(folder)
    for part in (root, root / "nets", root / "calls", root / "outputs"):
        make_folder(part)
    nets, calls, sizes = {}, [], []

    def put(name: str, content: bytes) -> None:
        write_atomically(root / name, content)
        sizes.append(len(content))

    for check in checks(kinds, steps, dtype):
        net = check.net
        if net.name not in nets:
            file = f"nets/{net.name}.safetensors"
            arrays = {name: x.astype(dtype) for name, x in weights_of(net).items()}
            put(file, pack_safetensors(arrays, {"kind": check.kind}))
            layers, cells = len(net.layers), net.layers[0].size
            about = {"kind": check.kind, "layers": layers, "cells": cells, "file": file}
            nets[net.name] = about | {"inputs": net.layers[0].weight_ih.shape[1]}
        expected = Reference().run(net, check.calls)
        for name, call, hidden in zip(check.call_names, check.calls, expected, strict=True):
            file = f"calls/{name}.safetensors"
            first = max(0, hidden.shape[1] - LAST) if hidden.shape[1] > 10 * LAST else 0
            put(file, pack_safetensors(_arrays(call, hidden[:, first:], dtype), {"net": net.name}))
            words, length = call.x.shape[:2]
            about = {"name": name, "check": check.id, "about": check.about, "net": net.name}
            about |= {
                "words": words,
                "steps": length,
                "file": file,
                "expected_from_step": first + 1,
            }
            calls.append(about | {"output": f"outputs/{name}.safetensors"})
    suite = {"format": FORMAT, "version": __version__, "dtype": dtype, "steps": steps}
    suite |= {"kinds": kinds, "nets": nets, "calls": calls}
    put("suite.json", (json.dumps(suite, indent=1) + "\n").encode())
    return len(sizes), sum(sizes)


def _arrays(call: Call, expected: Floats, dtype: str) -> dict[str, Any]:
    arrays: dict[str, Any] = {"x": call.x.astype(np.uint8), "expected": expected.astype(dtype)}
    if call.initial is not None:
        arrays |= {
            name: part.astype(dtype) for name, part in zip(("h0", "c0"), call.initial, strict=False)
        }
    if call.lengths is not None:
        arrays["lengths"] = call.lengths.astype(np.int32)
    return arrays


def score(folder: str, *, tolerance: float | None = None) -> Report:
    """The report on the outputs that a runtime has written into a folder of `write`.

    Raises:
        ConformanceError: where there is no suite in the folder, or no output.
        FormatError: for a damaged file.
    """
    begun = time.monotonic()
    root = Path(folder)
    where = f"{root / 'suite.json'}"
    content = read_bytes(root / "suite.json", limit=2**24)
    with decoding(f"{where}: no suite, or damaged"):
        suite = json.loads(content)
    form = {"format": int, "dtype": str, "steps": int, "kinds": [str]}
    suite = in_form(suite, form, where)
    kinds = tuple(kind for kind in KINDS if kind in suite["kinds"])
    if suite["format"] != FORMAT or suite["dtype"] not in ("float32", "float64") or not kinds:
        raise ConformanceError(f"{where}: not a suite of this version; write it anew")
    if not 1 <= suite["steps"] <= 10_000_000:
        raise ConformanceError(f"{where}: steps {suite['steps']}, and there are 1 to 10,000,000")
    asked = checks(kinds, suite["steps"], suite["dtype"])
    given = {check.id: _read(root / "outputs", check) for check in asked}
    return report_on(f"{folder}", asked, given, suite["dtype"], tolerance, begun)


def _read(folder: Path, check: Check) -> Outputs | str:
    """The outputs of a check, or why there are none."""
    try:
        return list(_outputs(folder, check))
    except FileNotFoundError as missing:
        return f"there is no {missing}"
    except WrongShapeError as error:
        return error


def _outputs(folder: Path, check: Check) -> Iterator[Floats]:
    for name, call in zip(check.call_names, check.calls, strict=True):
        paths = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            raise FileNotFoundError(f"outputs/{name}.safetensors")
        yield hidden_of(_hidden(path), call, check)


def _hidden(path: Path) -> Floats:
    if path.suffix == ".npy":
        content = read_bytes(path, limit=most_bytes())
        with decoding(f"{path}: no array, or damaged"):
            return np.asarray(np.load(io.BytesIO(content), allow_pickle=False), dtype=np.float64)
    arrays = read_tensors(path).arrays
    if "hidden" not in arrays:
        raise FormatError(f"{path}: there is no array hidden in it")
    return arrays["hidden"]
