"""Nets as safetensors files: arrays and strings, nothing that executes.

The keys are those of a `torch.nn.Module` with ``self.lstm = nn.LSTM(A, H, batch_first=True)`` and
an ``nn.Linear`` per head, so such a module of your own loads a file with ``load_state_dict`` and
needs nothing of ours. Everything else is in the metadata, see `METADATA`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from reberlstm._version import __version__
from reberlstm.errors import FormatError, ReberLSTMError
from reberlstm.files import read_bytes, write_atomically
from reberlstm.formats import toml
from reberlstm.net.cells import Layer, cell_named
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import ARRAYS, LSTMWeights, Net
from reberlstm.net.readouts import KINDS, Head, Kind, Readout, Rule

FORMAT_VERSION = "2"
"""Version 1 holds one LSTM or Toy layer over one-hot symbols, its heads read by their usual rules;
it is what is written for such a net, so that version 0.1 of this package reads it too."""

MAX_FILE_BYTES = 8 * 2**30
"""Weight files above this size are refused before they are read."""

GATE_KEYS = {
    "weight_ih": "lstm.weight_ih_l0",
    "weight_hh": "lstm.weight_hh_l0",
    "bias_ih": "lstm.bias_ih_l0",
    "bias_hh": "lstm.bias_hh_l0",
}

METADATA = {
    "format": "the version of this format",
    "alphabet": "the symbols, a JSON list",
    "cells": "the names of the cells, a JSON list",
    "cell": "standard or published (version 1)",
    "kinds": "the kind of cell of each layer, a JSON list (version 2)",
    "readouts": "the rule of each head, and what stands between its layers, JSON (version 2)",
    "dtype": "the numbers that the net is run in: float64 or float32 (version 2)",
    "claims": "the scope that the net is meant to be right in: legal or all",
    "on_violation": "absorb or resync",
    "labels": "the labels of the label head, a JSON list (may be missing)",
    "grammar": "the whole grammar as TOML (may be missing)",
    "gain": "the gain that it was compiled with, a JSON number (may be missing)",
    "height": "the size of an active cell in h, a JSON number (may be missing)",
    "name": "what to call the net (may be missing)",
    "version": "the version of reberlstm that made it (may be missing)",
}
"""The keys of a file's metadata; all values are strings."""

_VECTORS = {"embedding": "embedding.weight", "start_state": "start_state", "suffix": "suffix"}


def to_parts(net: Net) -> tuple[dict[str, Floats], dict[str, str]]:
    """A net as arrays by key and metadata: what a file of any container holds."""
    prefix = _prefix(net)
    arrays = {
        f"{prefix}.{name}_l{number}": getattr(layer, name)
        for number, layer in enumerate(net.layers)
        for name in ARRAYS
    }
    for name, key in _VECTORS.items():
        if (vectors := getattr(net, name)) is not None:
            arrays[key] = vectors
    for kind, readout in net.heads.items():
        # The layers of a deep head are every other part of an nn.Sequential.
        names = (
            [kind] if readout.is_linear else [f"{kind}.{2 * i}" for i in range(len(readout.layers))]
        )
        for name, layer in zip(names, readout.layers, strict=True):
            arrays[f"{name}.weight"], arrays[f"{name}.bias"] = layer.weight, layer.bias
    metadata = {
        "format": FORMAT_VERSION,
        "alphabet": json.dumps(net.alphabet, ensure_ascii=False),
        "cells": json.dumps(net.cells, ensure_ascii=False),
        "claims": net.claims,
        "on_violation": net.on_violation,
        "height": repr(net.height),
        "name": net.name,
        "version": net.version or __version__,
    }
    if _is_version_1(net):
        metadata |= {"format": "1", "cell": net.cell}
    else:
        readouts = {
            kind: {"rule": str(x.rule), "activation": x.activation, "source": x.source}
            for kind, x in net.heads.items()
        }
        metadata["kinds"] = json.dumps([layer.cell.name for layer in net.layers])
        metadata["readouts"] = json.dumps(readouts, ensure_ascii=False)
        metadata["dtype"] = net.dtype
    if net.labels:
        metadata["labels"] = json.dumps(net.labels, ensure_ascii=False)
    if net.grammar is not None:
        metadata["grammar"] = toml.write(net.grammar)
    if net.gain is not None:
        metadata["gain"] = repr(net.gain)
    return arrays, metadata


def _prefix(net: Net) -> str:
    """The attribute of a `torch.nn.Module` that the layers would be loaded into."""
    return net.layers[0].cell.name.partition("-")[0].replace("toy", "lstm")


def _is_version_1(net: Net) -> TypeGuard[LSTMWeights]:
    if not isinstance(net, LSTMWeights) or net.dtype != "float64":
        return False
    usual = net.replace(heads={kind: x.layers[0] for kind, x in net.heads.items() if x.is_linear})
    return len(usual.heads) == len(net.heads) and all(
        usual.heads[kind].rule == x.rule and not x.source for kind, x in net.heads.items()
    )


def is_ours(metadata: Mapping[str, str]) -> bool:
    """Whether a file with this metadata was written by this package, in whichever version.

    Others use the key ``format`` too, for the name of a framework, such as ``pt``.
    """
    return metadata.get("format", "").isdigit()


def to_bytes(weights: Net) -> bytes:
    """The file as bytes; equal nets give equal bytes."""
    from safetensors.numpy import save as serialise

    arrays, metadata = to_parts(weights)
    contiguous = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
    return in_order(serialise(contiguous, metadata=metadata))


def in_order(content: bytes) -> bytes:
    """The file with its metadata sorted: safetensors writes them in an order that is random."""
    header, data = _split(content)
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def _split(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The header of a safetensors file, and the data after it."""
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def save(weights: Net, path: str | os.PathLike[str]) -> None:
    """Write a net to a safetensors file, whole or not at all.

    Raises:
        FormatError: when the file cannot be written.
    """
    write_atomically(Path(path), to_bytes(weights))


def load(path: str | os.PathLike[str]) -> Net:
    """Read a net that `save` wrote.

    Raises:
        FormatError: for a file that is missing, damaged, of another format or of a later version;
            the message names the key that is missing or does not fit.

    Example:
        >>> import tempfile, reberlstm as rl
        >>> net = rl.compile(rl.load_grammar("parity"))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(net, f"{folder}/parity.safetensors")
        ...     load(f"{folder}/parity.safetensors").cells
        ('odd',)
    """
    where = os.fspath(path)
    return from_bytes(read_bytes(Path(path), limit=MAX_FILE_BYTES), where)


def from_bytes(content: bytes, where: str) -> Net:
    """Read a net from the bytes of a file; `where` names it in messages."""
    try:
        return from_parts(*open_bytes(content))
    except ReberLSTMError as error:
        raise FormatError(f"{where}: {error}") from None


def from_parts(arrays: Mapping[str, Floats], metadata: Mapping[str, str]) -> Net:
    """The inverse of `to_parts`; what it raises does not name the file."""
    if not is_ours(metadata):
        raise FormatError(
            "not written by reberlstm as safetensors or npz, so its alphabet is unknown; "
            "give it, as in load(path, alphabet=...), or on the command line a grammar"
        )
    if metadata["format"] not in ("1", FORMAT_VERSION):
        raise FormatError(
            f"format version {metadata['format']!r}, but this version of reberlstm "
            f"({__version__}) reads up to {FORMAT_VERSION!r}; upgrade reberlstm"
        )
    grammar, height = metadata.get("grammar"), _number(metadata, "height")
    common: dict[str, Any] = {
        "alphabet": _names(metadata, "alphabet"),
        "cells": _names(metadata, "cells"),
        "labels": _names(metadata, "labels") if "labels" in metadata else (),
        "grammar": None if grammar is None else toml.read(grammar, "metadata 'grammar'"),
        "gain": _number(metadata, "gain"),
        "claims": metadata.get("claims", "legal"),
        "on_violation": metadata.get("on_violation", "absorb"),
        "name": metadata.get("name", ""),
        "version": metadata.get("version", ""),
        "height": 1.0 if height is None else height,
    }
    rest = dict(arrays)
    if metadata["format"] == "1":
        cell = metadata.get("cell", "standard")
        common |= {name: _take(rest, key) for name, key in GATE_KEYS.items()}
        heads: dict[str, Any] = {k: _head(rest, k) for k in KINDS if _has_head(rest, k)}
        _refuse_unknown(rest)
        return LSTMWeights(heads=heads, cell=cell, **common)
    kinds, told = _names(metadata, "kinds"), _readouts_told(metadata)
    prefix = kinds[0].partition("-")[0].replace("toy", "lstm") if kinds else "lstm"
    layers = tuple(
        Layer(cell_named(kind), *(_take(rest, f"{prefix}.{name}_l{number}") for name in ARRAYS))
        for number, kind in enumerate(kinds)
    )
    heads = {kind: _readout(rest, kind, about) for kind, about in told.items()}
    vectors = {name: rest.pop(key) for name, key in _VECTORS.items() if key in rest}
    _refuse_unknown(rest)
    common["dtype"] = metadata.get("dtype", "float64")
    return Net.of(layers=layers, heads=heads, **vectors, **common)


def _take(arrays: dict[str, Floats], key: str) -> Floats:
    if key not in arrays:
        raise FormatError(
            f"tensor {key!r} is missing; it has {', '.join(sorted(arrays)) or 'none'}"
        )
    return arrays.pop(key)


def _refuse_unknown(rest: Mapping[str, Floats]) -> None:
    if rest:
        raise FormatError(f"unknown tensor {min(rest)!r}")


def _has_head(arrays: Mapping[str, Floats], name: str) -> bool:
    return f"{name}.weight" in arrays or f"{name}.bias" in arrays


def _head(arrays: dict[str, Floats], name: str) -> Head:
    keys = (f"{name}.weight", f"{name}.bias")
    missing = [key for key in keys if key not in arrays]
    if len(missing) == 1:
        present = next(key for key in keys if key in arrays)
        raise FormatError(f"tensor {present!r} is there, but {missing[0]!r} is not")
    return Head(_take(arrays, keys[0]), _take(arrays, keys[1]))


def _readouts_told(metadata: Mapping[str, str]) -> dict[Kind, Mapping[str, str]]:
    try:
        told = json.loads(metadata.get("readouts", ""))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not all(
        kind in KINDS
        and isinstance(about, dict)
        and all(isinstance(x, str) for x in about.values())
        for kind, about in told.items()
    ):
        raise FormatError("metadata 'readouts' is no JSON object of heads and their rules")
    return told


def _readout(arrays: dict[str, Floats], kind: Kind, about: Mapping[str, str]) -> Readout:
    names: list[str] = [kind] if _has_head(arrays, kind) else [f"{kind}.0"]
    while names[0] != kind and _has_head(arrays, f"{kind}.{2 * len(names)}"):
        names.append(f"{kind}.{2 * len(names)}")
    layers = tuple(_head(arrays, name) for name in names)
    rule = Rule.parse(about.get("rule", ""))
    return Readout(kind, rule, layers, about.get("activation", ""), about.get("source", ""))


def open_bytes(content: bytes) -> tuple[dict[str, Floats], dict[str, str]]:
    """The tensors and the metadata of any safetensors file, whoever wrote it, in its order."""
    from safetensors import SafetensorError, deserialize

    try:
        tensors = dict(deserialize(content))  # type: ignore[no-untyped-call]
        header = _split(content)[0]
        metadata = header.pop("__metadata__", None) or {}
        arrays = {key: _array(key, tensors[key]) for key in header}
    except (SafetensorError, ValueError, RecursionError) as error:
        raise FormatError(f"not a safetensors file, or damaged: {error}") from None
    return arrays, metadata


def is_double(content: bytes) -> bool:
    """Whether any tensor of a file that `open_bytes` could read has numbers of 64 bits."""
    header = _split(content)[0]
    return any(header[key].get("dtype") == "F64" for key in header if key != "__metadata__")


_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def _array(key: str, tensor: Mapping[str, Any]) -> Floats:
    if tensor["dtype"] not in _DTYPES:
        raise FormatError(
            f"tensor {key!r} has type {tensor['dtype']}; expected {', '.join(_DTYPES)}"
        )
    flat = np.frombuffer(tensor["data"], dtype=_DTYPES[tensor["dtype"]])
    if tensor["dtype"] == "BF16":
        # A bfloat16 is the upper half of a float32.
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    return flat.reshape(tensor["shape"]).astype(np.float64)


def _names(metadata: Mapping[str, str], key: str) -> tuple[str, ...]:
    if key not in metadata:
        raise FormatError(f"its metadata has no {key!r}")
    try:
        names = json.loads(metadata[key])
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FormatError(f"metadata {key!r} is not a JSON list of strings")
    return tuple(names)


def _number(metadata: Mapping[str, str], key: str) -> float | None:
    if key not in metadata:
        return None
    try:
        return float(metadata[key])
    except ValueError:
        raise FormatError(f"metadata {key!r} is {metadata[key]!r}, not a number") from None
