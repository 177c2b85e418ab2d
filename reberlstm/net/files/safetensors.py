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
from typing import Any, cast

import numpy as np

from reberlstm._version import __version__
from reberlstm.errors import FormatError, ReberLSTMError
from reberlstm.files import read_bytes, write_atomically
from reberlstm.formats import toml
from reberlstm.net.weights import HEADS, Floats, Head, LSTMWeights

FORMAT_VERSION = "1"
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
    "cell": "standard or published",
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


def to_parts(weights: LSTMWeights) -> tuple[dict[str, Floats], dict[str, str]]:
    """A net as arrays by key and metadata: what a file of any container holds."""
    arrays = {key: getattr(weights, name) for name, key in GATE_KEYS.items()}
    for name, head in weights.heads.items():
        arrays[f"{name}.weight"], arrays[f"{name}.bias"] = head.weight, head.bias
    metadata = {
        "format": FORMAT_VERSION,
        "alphabet": json.dumps(weights.alphabet, ensure_ascii=False),
        "cells": json.dumps(weights.cells, ensure_ascii=False),
        "cell": weights.cell,
        "claims": weights.claims,
        "on_violation": weights.on_violation,
        "height": repr(weights.height),
        "name": weights.name,
        "version": weights.version or __version__,
    }
    if weights.labels:
        metadata["labels"] = json.dumps(weights.labels, ensure_ascii=False)
    if weights.grammar is not None:
        metadata["grammar"] = toml.write(weights.grammar)
    if weights.gain is not None:
        metadata["gain"] = repr(weights.gain)
    return arrays, metadata


def is_ours(metadata: Mapping[str, str]) -> bool:
    """Whether a file with this metadata was written by this package, in whichever version.

    Others use the key ``format`` too, for the name of a framework, such as ``pt``.
    """
    return metadata.get("format", "").isdigit()


def to_bytes(weights: LSTMWeights) -> bytes:
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


def save(weights: LSTMWeights, path: str | os.PathLike[str]) -> None:
    """Write a net to a safetensors file, whole or not at all.

    Raises:
        FormatError: when the file cannot be written.
    """
    write_atomically(Path(path), to_bytes(weights))


def load(path: str | os.PathLike[str]) -> LSTMWeights:
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


def from_bytes(content: bytes, where: str) -> LSTMWeights:
    """Read a net from the bytes of a file; `where` names it in messages."""
    try:
        return from_parts(*open_bytes(content))
    except ReberLSTMError as error:
        raise FormatError(f"{where}: {error}") from None


def from_parts(arrays: Mapping[str, Floats], metadata: Mapping[str, str]) -> LSTMWeights:
    """The inverse of `to_parts`; what it raises does not name the file."""
    if not is_ours(metadata):
        raise FormatError(
            "not written by reberlstm as safetensors or npz, so its alphabet is unknown; "
            "give it, as in load(path, alphabet=...), or on the command line a grammar"
        )
    if metadata["format"] != FORMAT_VERSION:
        raise FormatError(
            f"format version {metadata['format']!r}, but this version of reberlstm "
            f"({__version__}) reads {FORMAT_VERSION!r}; upgrade reberlstm"
        )
    for key in GATE_KEYS.values():
        if key not in arrays:
            raise FormatError(
                f"tensor {key!r} is missing; it has {', '.join(sorted(arrays)) or 'none'}"
            )
    known = {*GATE_KEYS.values(), *(f"{n}.{part}" for n in HEADS for part in ("weight", "bias"))}
    unknown = sorted(set(arrays) - known)
    if unknown:
        raise FormatError(f"unknown tensor {unknown[0]!r}")
    grammar, height = metadata.get("grammar"), _number(metadata, "height")
    # The constructor checks the choices and numbers, too.
    return LSTMWeights(
        **{name: arrays[key] for name, key in GATE_KEYS.items()},
        alphabet=_names(metadata, "alphabet"),
        cells=_names(metadata, "cells"),
        heads=_heads(arrays),
        labels=_names(metadata, "labels") if "labels" in metadata else (),
        cell=cast(Any, metadata.get("cell", "standard")),
        grammar=None if grammar is None else toml.read(grammar, "metadata 'grammar'"),
        gain=_number(metadata, "gain"),
        claims=cast(Any, metadata.get("claims", "legal")),
        on_violation=cast(Any, metadata.get("on_violation", "absorb")),
        name=metadata.get("name", ""),
        version=metadata.get("version", ""),
        height=1.0 if height is None else height,
    )


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


def _heads(arrays: Mapping[str, Floats]) -> dict[str, Head]:
    heads = {}
    for name in HEADS:
        keys = (f"{name}.weight", f"{name}.bias")
        present = [key for key in keys if key in arrays]
        if len(present) == 1:
            missing = next(key for key in keys if key not in arrays)
            raise FormatError(f"tensor {present[0]!r} is there, but {missing!r} is not")
        if present:
            heads[name] = Head(arrays[keys[0]], arrays[keys[1]])
    return heads


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
