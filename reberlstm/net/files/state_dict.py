"""State dicts, whoever wrote them: tensors by name, and the recurrent layers among them.

The tensors of `torch.nn.RNN`, `GRU`, `LSTM` and their cells are told by the ends of their names,
``weight_ih_l0`` or, for a cell, ``weight_ih``; what stands before is the prefix of the layer, such
as ``model.encoder.rnn.``. Files are read without executing anything: safetensors, NumPy archives
without pickles, and PyTorch's own with ``weights_only=True``.
"""

from __future__ import annotations

import io
import os
import re
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from reberlstm.errors import FormatError
from reberlstm.extras import require
from reberlstm.files import read_bytes
from reberlstm.net.files import keras, npz, safetensors
from reberlstm.net.weights import Floats

Kind = Literal["LSTM", "GRU", "RNN"]

_TORCH, _NPZ, _SAFETENSORS = "a PyTorch file", "an npz archive", "a safetensors file"
_SUFFIXES = {".npz": _NPZ, ".pt": _TORCH, ".pth": _TORCH, ".bin": _TORCH, ".ckpt": _TORCH}

_GATES: Mapping[int, Kind] = {4: "LSTM", 3: "GRU", 1: "RNN"}
_PART = re.compile(
    r"(?P<prefix>(?:.*\.)?)(?P<part>weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)"
    r"(?:_l(?P<layer>\d+)(?P<reverse>_reverse)?)?"
)


@dataclass(frozen=True)
class Layer:
    """One direction of one recurrent layer; G is 4 for an LSTM, 3 for a GRU, 1 for a plain RNN.

    Attributes:
        weight_ih: Shape (G·H, D) for inputs of size D.
        weight_hh: Shape (G·H, H), or (4·H, P) where an LSTM projects ``h`` to size P.
        bias_ih: Shape (G·H,); zero for a layer without biases.
        bias_hh: Shape (G·H,), likewise.
    """

    weight_ih: Floats
    weight_hh: Floats
    bias_ih: Floats
    bias_hh: Floats


@dataclass(frozen=True)
class Stack:
    """The recurrent layers with one prefix: what one `torch.nn.LSTM`, `GRU` or `RNN` holds.

    Attributes:
        prefix: What the names of its tensors begin with; empty, or it ends with a dot.
        kind: Which cell.
        layers: The forward layers, the one that reads the input first.
        bidirectional: Whether there are backward layers too.
        projected: Whether ``h`` is projected to a smaller size.
        keys: The names of all its tensors.
    """

    prefix: str
    kind: Kind
    layers: tuple[Layer, ...]
    bidirectional: bool
    projected: bool
    keys: frozenset[str]

    @property
    def hidden_size(self) -> int:
        """The number of cells of each layer, ``H``."""
        gates = next(gates for gates, kind in _GATES.items() if kind == self.kind)
        return len(self.layers[0].weight_ih) // gates

    @property
    def input_size(self) -> int:
        """The size of what the first layer reads."""
        return int(self.layers[0].weight_ih.shape[1])

    def __str__(self) -> str:
        return f"{self.prefix}* ({len(self.layers)}-layer {self.kind} of {self.hidden_size} cells)"


@dataclass(frozen=True)
class StateDict:
    """The tensors of one file.

    Attributes:
        where: The file, for messages.
        tensors: Arrays by name.
        metadata: What else the file says, by key.
        double: Whether its numbers are of 64 bits; None where it does not say.
    """

    where: str
    tensors: Mapping[str, Floats]
    metadata: Mapping[str, str]
    double: bool | None = None

    @cached_property
    def stacks(self) -> tuple[Stack, ...]:
        """All recurrent layers, in the order of the file.

        Raises:
            FormatError: naming a tensor that is missing, or that does not fit its layer.
        """
        parts: dict[str, dict[tuple[int, str], str]] = {}
        for key in self.tensors:
            match = _PART.fullmatch(key)
            if match is not None:
                layer = int(match["layer"] or 0)
                part = match["part"] + (match["reverse"] or "")
                parts.setdefault(match["prefix"], {})[layer, part] = key
        return tuple(self._stack(prefix, keys) for prefix, keys in parts.items())

    def _stack(self, prefix: str, keys: Mapping[tuple[int, str], str]) -> Stack:
        depth = 1 + max(layer for layer, _ in keys)
        layers = [self._layer(prefix, keys, number) for number in range(depth)]
        projected = any(part.startswith("weight_hr") for _, part in keys)
        rows, columns = layers[0].weight_hh.shape
        gates = 4 if projected else rows // max(columns, 1)
        if gates not in _GATES or rows % gates:
            raise FormatError(
                f"{self.where}: tensor {keys[0, 'weight_hh']!r} has shape {(rows, columns)}, "
                "which is that of no LSTM (4·H, H), GRU (3·H, H) or RNN (H, H)"
            )
        return Stack(
            prefix=prefix,
            kind=_GATES[gates],
            layers=tuple(layers),
            bidirectional=any(part.endswith("_reverse") for _, part in keys),
            projected=projected,
            keys=frozenset(keys.values()),
        )

    def _layer(self, prefix: str, keys: Mapping[tuple[int, str], str], number: int) -> Layer:
        names = {part: keys.get((number, part)) for part in ("weight_ih", "weight_hh")}
        for part, key in names.items():
            if key is None:
                raise FormatError(
                    f"{self.where}: {part} of layer {number} of {prefix + '*'!r} is missing; "
                    f"it has {', '.join(sorted(keys.values()))}"
                )
            if self.tensors[key].ndim != 2:
                raise FormatError(
                    f"{self.where}: tensor {key!r} has shape {self.tensors[key].shape}; "
                    "expected a matrix"
                )
        weights = {part: self.tensors[key] for part, key in names.items() if key is not None}
        rows = len(weights["weight_hh"])
        vectors = {part: keys.get((number, part)) for part in ("bias_ih", "bias_hh")}
        missing = [part for part, key in vectors.items() if key is None]
        if len(missing) == 1:
            raise FormatError(
                f"{self.where}: {missing[0]} of layer {number} of {prefix + '*'!r} is missing, "
                "but the other bias is there"
            )
        for part, key in vectors.items():
            weights[part] = np.zeros(rows) if key is None else self.tensors[key]
        for part, key in (names | vectors).items():
            if len(weights[part].shape) == 0 or len(weights[part]) != rows:
                raise FormatError(
                    f"{self.where}: tensor {key!r} has shape {weights[part].shape}; "
                    f"expected {rows} rows, as in {names['weight_hh']!r}"
                )
        return Layer(**weights)


def read_state_dict(path: str | os.PathLike[str]) -> StateDict:
    """Read the tensors of a file; nothing in it is executed.

    Args:
        path: A safetensors file, a NumPy archive, or what `torch.save` made of a state dict or of a
            checkpoint with one in it. Its content tells which, and only then its suffix.

    Raises:
        FormatError: for a file that is missing, damaged, of no known kind, or wants to run code.
        MissingExtraError: for a PyTorch file where PyTorch is not installed.
    """
    where = os.fspath(path)
    content = read_bytes(Path(path), limit=safetensors.MAX_FILE_BYTES)
    try:
        return StateDict(where, *_open(content, Path(path).suffix.lower()))
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from None


def _open(
    content: bytes, suffix: str
) -> tuple[Mapping[str, Floats], Mapping[str, str], bool | None]:
    """Tensors, metadata, whether numbers have 64 bits; what is raised does not name the file."""
    kind = _kind(content) or _SUFFIXES.get(suffix, _SAFETENSORS)
    if kind == _TORCH:
        tensors, double = _unpickle(content)
        return tensors, {}, double
    arrays, metadata = (npz if kind == _NPZ else safetensors).open_bytes(content)
    tensors = keras.from_arrays(arrays) if keras.is_keras(arrays) else arrays
    return tensors, metadata, None if kind == _NPZ else safetensors.is_double(content)


def _kind(content: bytes) -> str | None:
    if content.startswith(b"\x80\x02"):
        return _TORCH
    if content[8:9] == b"{":
        return _SAFETENSORS
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            pickled = any(name.endswith("data.pkl") for name in archive.namelist())
            return _TORCH if pickled else _NPZ
    except zipfile.BadZipFile:
        return None


def _unpickle(content: bytes) -> tuple[dict[str, Floats], bool]:
    torch = require("torch", extra="torch", purpose="a PyTorch file")
    from pickle import UnpicklingError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        wanted = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f"wants to run {wanted[1]}" if wanted else "is no plain state_dict"
        raise FormatError(
            f"refused, because it {what}; nothing was run. Only tensors are read: "
            "save model.state_dict(), or safetensors"
        ) from None
    except Exception as error:  # damaged bytes make torch raise almost anything
        reason = str(error).strip().partition("\n")[0]
        raise FormatError(f"not a PyTorch state_dict, or damaged: {reason}") from None
    return _state_dict_in(loaded)


def _state_dict_in(loaded: Any) -> tuple[dict[str, Floats], bool]:
    """The only state dict with a recurrent layer in a checkpoint, however deep it lies.

    With it comes whether its numbers have 64 bits.
    """
    found: list[tuple[str, Mapping[str, Any]]] = []

    def search(value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            return
        if any(isinstance(key, str) and _PART.fullmatch(key) for key in value):
            found.append((path, value))
            return
        for key, inner in value.items():
            search(inner, f"{path}[{key!r}]")

    search(loaded, "")
    if len(found) != 1:
        places = ", ".join(path for path, _ in found) or "none"
        raise FormatError(
            f"expected one state_dict with a recurrent layer, found {places}; "
            "save the model.state_dict() alone"
        )
    tensors = {
        key: value.detach()
        for key, value in found[0][1].items()
        if hasattr(value, "detach") and not value.is_complex()
    }
    double = any(str(tensor.dtype) == "torch.float64" for tensor in tensors.values())
    return {key: tensor.double().numpy() for key, tensor in tensors.items()}, double
