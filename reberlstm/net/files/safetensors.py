"""Nets as arrays and metadata, in safetensors files and NumPy archives.

The keys are those of a `torch.nn.Module` with ``self.lstm = nn.LSTM(A, H, batch_first=True)`` and
an ``nn.Linear`` per head, so such a module of your own loads a file with ``load_state_dict`` and
needs nothing of ours. Everything else is in the metadata, see `METADATA`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from reberlstm._version import __version__
from reberlstm.errors import FormatError, ReberLSTMError
from reberlstm.files import write_atomically
from reberlstm.formats import toml
from reberlstm.machine.counters import CounterMachine, Machine
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells import Cell, Layer, cell_named
from reberlstm.net.cells.cell import Floats
from reberlstm.net.counting import Counting
from reberlstm.net.files.containers import (
    in_order,
    open_safetensors,
    pack_npz,
    pack_safetensors,
    pack_torch,
)
from reberlstm.net.net import ARRAYS, LSTMWeights, Net
from reberlstm.net.readouts import KINDS, Head, Kind, Readout, Rule
from reberlstm.net.sparse import PARTS, Sparse

__all__ = ["from_bytes", "from_parts", "in_order", "is_ours", "save", "to_bytes", "to_parts"]

FORMAT_VERSION = "2"
"""Version 1 holds one LSTM or Toy layer over one-hot symbols, its heads read by their usual rules;
it is what is written for such a net, so that version 0.1 of this package reads it too."""

SPARSE_VERSION = "3"
"""Version 2 with sparse weights: in place of an array the parts of a `Sparse` matrix."""

GATE_KEYS = {name: f"lstm.{name}_l0" for name in ARRAYS}

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
    "counting": "of a grammar with counters, for each counter its cell, its name and its way",
    "gain": "the gain that it was compiled with, a JSON number (may be missing)",
    "height": "the size of an active cell in h, a JSON number (may be missing)",
    "name": "what to call the net (may be missing)",
    "version": "the version of reberlstm that made it (may be missing)",
}
"""The keys of a file's metadata; all values are strings."""

_VECTORS = {"embedding": "embedding.weight", "start_state": "start_state", "suffix": "suffix"}


def to_parts(net: Net) -> tuple[dict[str, Floats], dict[str, str]]:
    """A net as arrays by key and metadata: what a file of any container holds."""
    prefix = _prefix(net.layers[0].cell.name)
    arrays: dict[str, Floats] = {}
    for number, layer in enumerate(net.layers):
        for name in ARRAYS:
            key, array = f"{prefix}.{name}_l{number}", getattr(layer, name)
            parts = array.parts.items() if isinstance(array, Sparse) else ()
            arrays |= {f"{key}.{part}": x.astype(np.float64) for part, x in parts} or {key: array}
    for name, key in _VECTORS.items():
        vectors = getattr(net, name)
        if vectors is not None and (name != "start_state" or vectors.any()):
            arrays[key] = vectors
    for kind, readout in net.heads.items():
        # The layers of a deep head are every other part of an nn.Sequential.
        for number, head in enumerate(readout.layers):
            name = kind if readout.is_linear else f"{kind}.{2 * number}"
            arrays[f"{name}.weight"], arrays[f"{name}.bias"] = head.weight, head.bias
    metadata = {
        "format": SPARSE_VERSION if net.is_sparse else FORMAT_VERSION,
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
            kind: {"rule": _exact(x.rule), "activation": x.activation, "source": x.source}
            | ({"extra": str(x.extra)} if x.extra else {})
            for kind, x in net.heads.items()
        }
        metadata["kinds"] = json.dumps([layer.cell.name for layer in net.layers])
        metadata["readouts"] = json.dumps(readouts, ensure_ascii=False)
        metadata["dtype"] = net.dtype
    if net.labels:
        metadata["labels"] = json.dumps(net.labels, ensure_ascii=False)
    if net.grammar is not None:
        metadata["grammar"] = toml.write(net.grammar)
    if net.counting is not None:
        metadata["grammar"] = toml.write(net.counting.machine)
        metadata["counting"] = net.counting.text
    if net.gain is not None:
        metadata["gain"] = repr(net.gain)
    return arrays, metadata


def _exact(rule: Rule) -> str:
    return rule.function if rule.function == "argmax" else f"{rule.function} > {rule.threshold!r}"


def _prefix(kind: str) -> str:
    """The attribute of a `torch.nn.Module` that layers of this kind would be loaded into."""
    return kind.partition("-")[0].replace("toy", "lstm")


def _is_version_1(net: Net) -> TypeGuard[LSTMWeights]:
    if not isinstance(net, LSTMWeights) or net.dtype != "float64" or net.is_sparse:
        return False
    if net.counting is not None:
        return False
    plain = {kind: x.layers[0] for kind, x in net.heads.items() if x.is_linear and not x.extra}
    usual = net.replace(heads=plain)
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
    return pack_safetensors(*to_parts(weights))


def to_npz(weights: Net) -> bytes:
    """The same arrays and metadata as a NumPy archive, for programs that have only NumPy."""
    return pack_npz(*to_parts(weights))


def save(weights: Net, path: str | os.PathLike[str]) -> None:
    """Write a net to a file, whole or not at all.

    Args:
        weights: The net.
        path: ``.safetensors`` and ``.npz`` hold all about the net; ``.pt`` and ``.pth`` hold the
            state dict of a module of stock PyTorch layers, and refuse what those cannot compute.

    Raises:
        FormatError: for another suffix, a net that PyTorch's layers cannot hold, or a file that
            cannot be written.
    """
    if not isinstance(weights, Net):
        raise FormatError(f"save takes a net, not a {type(weights).__name__}")
    if not isinstance(path, str | os.PathLike):
        raise FormatError(f"save takes a path, not a {type(path).__name__}")
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise FormatError(
            f"{os.fspath(path)}: a net is not saved as {suffix or 'a file without a suffix'!r}; "
            f"use {', '.join(SUFFIXES)}, or `reberlstm export`"
        )
    write_atomically(Path(path), SUFFIXES[suffix](weights))


def to_torch(weights: Net, dtype: str | None = None) -> bytes:
    """The state dict of a module of stock PyTorch layers as a ``.pt`` file.

    Raises:
        FormatError: for a net that those cannot compute, see `require_stock_layers`.
    """
    require_stock_layers(weights, "a PyTorch state dict", TORCH_CELLS, one_kind=True)
    dtype = dtype or weights.dtype
    return pack_torch(*to_parts(named_by_rule(weights.whole()).replace(dtype=dtype)), dtype)


def named_by_rule(net: Net) -> Net:
    """The same net, its head of legal symbols called ``next`` where its rule is that of a softmax.

    A module and its state dict have only names, by which a head ``legal`` is of sigmoids.
    """
    legal = net.heads.get("legal")
    if legal is None or "next" in net.heads or legal.rule.function != "softmax":
        return net
    others = {kind: head for kind, head in net.heads.items() if kind != "legal"}
    return net.replace(heads={**others, "next": replace(legal, kind="next")})


SUFFIXES = {".safetensors": to_bytes, ".npz": to_npz, ".pt": to_torch, ".pth": to_torch}
"""What `save` writes, by suffix."""

TORCH_CELLS = ("lstm", "gru", "rnn", "rnn-relu")
"""The kinds of cell that PyTorch has."""


def require_stock_layers(
    net: Net, target: str, cells: Sequence[str], *, one_kind: bool = False, most: int | None = None
) -> None:
    """Refuse a net that another runtime's stock layers do not compute.

    The target has these kinds of cell; perhaps all layers have to be of one kind and size, as in
    one `torch.nn.LSTM`, or there may be so many at most.

    Raises:
        FormatError: in one line, what the target lacks and what holds the net.
    """
    names = [layer.cell.name for layer in net.layers]
    reasons = {
        "its gates read the memory itself and it has no output gate, so it is no standard LSTM": (
            "toy" in names
        ),
        "its GRU resets before the matrix": "gru-before" in names and "gru-before" not in cells,
        "its layers are not all of one kind and size": (
            one_kind and len({(layer.cell.name, layer.size) for layer in net.layers}) > 1
        ),
        f"it has {len(names)} layers": most is not None and len(names) > most,
        "it does not start from zero": net.start_state is not None and net.start_state.any(),
        "symbols are fed after every word": net.suffix is not None,
    }
    reason = next((reason for reason, holds in reasons.items() if holds), None)
    if reason is not None:
        raise FormatError(
            f"{target} cannot hold the net {net.name!r}: {reason}; export it as safetensors or "
            "npz (--to npz)"
            + (", or compile the grammar instead (--net compiled)" if "toy" in names else "")
        )


def from_bytes(content: bytes, where: str) -> Net:
    """Read a net from the bytes of a file; `where` names it in messages."""
    try:
        return from_parts(*open_safetensors(content)[:2])
    except ReberLSTMError as error:
        raise FormatError(f"{where}: {error}") from None


def from_parts(arrays: Mapping[str, Floats], metadata: Mapping[str, str]) -> Net:
    """The inverse of `to_parts`; what it raises does not name the file."""
    if not is_ours(metadata):
        raise FormatError(
            "not written by reberlstm as safetensors or npz, so its alphabet is unknown; "
            "give it, as in load(path, alphabet=...), or on the command line a grammar"
        )
    if metadata["format"] not in ("1", FORMAT_VERSION, SPARSE_VERSION):
        raise FormatError(
            f"format version {metadata['format']!r}, but this version of reberlstm "
            f"({__version__}) reads up to {SPARSE_VERSION!r}; upgrade reberlstm"
        )
    height, machine = _number(metadata, "height"), None
    if "grammar" in metadata:
        machine = toml.read(metadata["grammar"], "metadata 'grammar'")
    common: dict[str, Any] = {
        "alphabet": _names(metadata, "alphabet"),
        "cells": _names(metadata, "cells"),
        "labels": _names(metadata, "labels") if "labels" in metadata else (),
        "grammar": machine if isinstance(machine, FSM) else None,
        "counting": _counting(machine, metadata),
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
    prefix = _prefix(kinds[0]) if kinds else "lstm"
    layers = tuple(
        _layer(rest, cell_named(kind), prefix, number) for number, kind in enumerate(kinds)
    )
    heads = {kind: _readout(rest, kind, about) for kind, about in told.items()}
    vectors = {name: rest.pop(key) for name, key in _VECTORS.items() if key in rest}
    _refuse_unknown(rest)
    common["dtype"] = metadata.get("dtype", "float64")
    return Net.of(layers=layers, heads=heads, **vectors, **common)


def _counting(machine: Machine | None, metadata: Mapping[str, str]) -> Counting | None:
    """What the net counts: a grammar with counters and the cells for them go together."""
    if isinstance(machine, CounterMachine) != ("counting" in metadata):
        raise FormatError(
            "metadata 'counting' says which cells count, and 'grammar' has the machine with "
            "counters; one of the two is missing"
        )
    if isinstance(machine, CounterMachine):
        return Counting.read(machine, metadata["counting"])
    return None


def _layer(arrays: dict[str, Floats], cell: Cell, prefix: str, number: int) -> Layer:
    found: list[Any] = []
    for name in ARRAYS:
        key = f"{prefix}.{name}_l{number}"
        if name == "weight_hh" and f"{key}.default" in arrays:
            parts = {part: _take(arrays, f"{key}.{part}") for part in PARTS}
            width = parts["default"].size // len(cell.gates)
            found.append(Sparse(**parts, width=width))
        else:
            found.append(_take(arrays, key))
    return Layer(cell, *found)


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
    present, missing = sorted(keys, key=lambda key: key not in arrays)
    if present in arrays and missing not in arrays:
        raise FormatError(f"tensor {present!r} is there, but {missing!r} is not")
    return Head(_take(arrays, keys[0]), _take(arrays, keys[1]))


def _json(metadata: Mapping[str, str], key: str) -> Any:
    """What the JSON of a key holds, or None where it is none."""
    try:
        return json.loads(metadata.get(key, ""))
    except (ValueError, RecursionError):
        return None


def _readouts_told(metadata: Mapping[str, str]) -> dict[Kind, Mapping[str, str]]:
    told = _json(metadata, "readouts")
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
    extra = about.get("extra", "0")
    if not extra.isdecimal():
        raise FormatError(f"metadata 'readouts': extra {extra!r} of {kind!r} is no number")
    texts = about.get("activation", ""), about.get("source", "")
    return Readout(kind, rule, layers, *texts, int(extra))


def _names(metadata: Mapping[str, str], key: str) -> tuple[str, ...]:
    if key not in metadata:
        raise FormatError(f"its metadata has no {key!r}")
    names = _json(metadata, key)
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
