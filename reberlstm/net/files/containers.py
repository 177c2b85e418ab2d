"""Files of tensors, whoever wrote them: safetensors, NumPy archives, PyTorch's own.

Nothing in them is executed: archives are read without pickles, PyTorch's files with
``weights_only=True``. Their content tells what they are, and only then their suffix.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from reberlstm.errors import FormatError, one_line, shown
from reberlstm.extras import require
from reberlstm.files import decoding, read_bytes
from reberlstm.net.cells.cell import Floats
from reberlstm.net.files.bounds import (
    bear,
    check_pickles,
    check_text,
    elements_of_npz,
    most_bytes,
)

METADATA_PREFIX = "metadata."
"""In NumPy archives a string of the metadata is an array of no dimension under this and its key."""

RECURRENT = re.compile(
    r"(?P<prefix>(?:.*\.)?)(?P<part>weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)"
    r"(?:_l(?P<layer>\d+)(?P<reverse>_reverse)?)?"
)
"""The names of tensors of `torch.nn.RNN`, `GRU`, `LSTM` and their cells."""


@dataclass(frozen=True)
class Tensors:
    """Arrays of float64 by name, the metadata, and the types that the numbers had."""

    where: str
    arrays: Mapping[str, Floats]
    metadata: Mapping[str, str] = field(default_factory=dict)
    types: frozenset[str] = frozenset()

    @property
    def double(self) -> bool:
        """Whether any of the numbers had 64 bits."""
        return "float64" in self.types


def read_tensors(path: str | os.PathLike[str]) -> Tensors:
    """The tensors of a safetensors file, a NumPy archive, or a PyTorch file with a state dict.

    Raises:
        FormatError: for a file that is missing, damaged, of no such kind, or wants to run code.
        MissingExtraError: for a PyTorch file where PyTorch is not installed.
    """
    where = os.fspath(path)
    content = read_bytes(Path(path), limit=most_bytes())
    try:
        return Tensors(where, *_opener(content, Path(path).suffix.lower())(content))
    except FormatError as error:
        raise FormatError(f"{where}: {one_line(str(error))}") from None


Opened = tuple[dict[str, Floats], dict[str, str], frozenset[str]]


def _opener(content: bytes, suffix: str) -> Callable[[bytes], Opened]:
    """What opens a file of this content and, where that says nothing, of this suffix."""
    header = content[8:9] == b"{"
    whole = int.from_bytes(content[:8], "little") <= len(content)
    # The length of the header of a safetensors file may be 0x0280, as a pickle begins.
    if content.startswith(b"\x80\x02") and not (header and whole):
        return open_torch
    if header:
        return open_safetensors
    members: list[str] = []
    with decoding("no archive, or damaged"):
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                members = archive.namelist()
    if content.startswith(b"\x89HDF") or any(name.endswith(".weights.h5") for name in members):
        raise FormatError(
            "a file of Keras or HDF5, of which weights are not read; save them for it in Python: "
            "numpy.savez('net.npz', **{w.path: w.numpy() for w in model.weights})"
        )
    if suffix == ".onnx":
        raise FormatError(
            "an ONNX model, of which weights are not read; give the file that it was exported "
            "from, or its weights as .safetensors, .npz or .pt"
        )
    if members:
        pickled = any(name.endswith("data.pkl") for name in members)
        return open_torch if pickled else open_npz
    torch_suffixes = dict.fromkeys((".pt", ".pth", ".bin", ".ckpt"), open_torch)
    return ({".npz": open_npz} | torch_suffixes).get(suffix, open_safetensors)


# safetensors


def pack_safetensors(arrays: Mapping[str, Floats], metadata: Mapping[str, str]) -> bytes:
    """A safetensors file; equal tensors and metadata give equal bytes."""
    from safetensors.numpy import save as serialise

    contiguous = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
    return in_order(serialise(contiguous, metadata=dict(metadata)))


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


_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def open_safetensors(content: bytes) -> Opened:
    """The tensors, in the file's order, its metadata, and the types of its numbers.

    Raises:
        FormatError: for what is damaged or holds no floating-point numbers.
    """
    from safetensors import deserialize

    with decoding("not a safetensors file, or damaged"):
        header = _split(content)[0]
        metadata = header.pop("__metadata__", None) or {}
        bear(sum(math.prod(about["shape"]) for about in header.values()), len(content))
        tensors = dict(deserialize(content))  # type: ignore[no-untyped-call]
        arrays = {key: _array(key, tensors[key]) for key in header}
    return arrays, metadata, frozenset(_TYPES[header[key]["dtype"]] for key in header)


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


# NumPy archives


def pack_npz(arrays: Mapping[str, Any], metadata: Mapping[str, str]) -> bytes:
    """Arrays and metadata as one compressed archive; equal ones give equal bytes."""
    buffer = io.BytesIO()
    texts = {METADATA_PREFIX + key: text for key, text in metadata.items()}
    values: dict[str, Any] = {key: np.asarray(x) for key, x in {**arrays, **texts}.items()}
    np.savez_compressed(buffer, **values)
    return buffer.getvalue()


def open_npz(content: bytes) -> Opened:
    """As `open_safetensors`.

    Raises:
        FormatError: for what is no archive, is damaged, unpacks to more than the limit, or has
            pickled objects in it (which could execute code, and are not read).
    """
    arrays: dict[str, Floats] = {}
    metadata: dict[str, str] = {}
    types: set[str] = set()
    with (
        decoding("not an archive of arrays, or damaged"),
        zipfile.ZipFile(io.BytesIO(content)) as archive,
    ):
        bear(elements_of_npz(archive), len(content))
        for member in archive.infolist():
            key = member.filename.removesuffix(".npy")
            with archive.open(member) as inside:
                value = np.lib.format.read_array(inside, allow_pickle=False)
            if value.dtype.kind in "US":
                check_text(value)
                metadata[key.removeprefix(METADATA_PREFIX)] = str(value[()])
            elif value.dtype.kind in "fiub":
                arrays[key] = value.astype(np.float64, copy=False)
                types.add(value.dtype.name)
            else:
                raise FormatError(f"array {key!r} has type {value.dtype}, no numbers")
    return arrays, metadata, frozenset(types)


# PyTorch


STATE_DICT = "state dict"
"""The metadata's ``container``, where names and sizes tell of the net what they tell of others."""

OURS = "reberlstm"
"""The key of our metadata in those that PyTorch itself keeps with a state dict."""


def pack_torch(
    arrays: Mapping[str, Floats], metadata: Mapping[str, str], dtype: str = "float64"
) -> bytes:
    """A state dict as a ``.pt`` file; it opens with ``weights_only=True``."""
    torch = require("torch", extra="torch", purpose="a PyTorch file")
    buffer = io.BytesIO()
    number_type = getattr(torch, dtype)
    state: Any = OrderedDict((key, torch.tensor(x, dtype=number_type)) for key, x in arrays.items())
    # PyTorch keeps the versions of modules here; what no module has the name of it passes over.
    state._metadata = OrderedDict({OURS: dict(metadata)})
    torch.save(state, buffer)
    return buffer.getvalue()


def open_torch(content: bytes) -> Opened:
    """As `open_safetensors`, for a state dict, or for a checkpoint with one in it.

    Raises:
        FormatError: for what is damaged, wants to run code, or has no state dict, or several.
    """
    with decoding("not a PyTorch state_dict, or damaged"):
        check_pickles(content)
    torch = require("torch", extra="torch", purpose="a PyTorch file")
    from pickle import UnpicklingError

    with decoding("not a PyTorch state_dict, or damaged"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loaded = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except UnpicklingError as error:
            wanted = re.search(r"GLOBAL ([\w.]+)", str(error))
            what = f"wants to run {wanted[1]}" if wanted else "is no plain state_dict"
            raise FormatError(
                f"refused, because it {what}; nothing was run. Only tensors are read: "
                "save model.state_dict(), or safetensors"
            ) from None
    found = _state_dicts_in(loaded)
    if len(found) != 1:
        names = ", ".join(path for path, _ in found[:5]) or "none"
        raise FormatError(
            f"expected one state_dict with a recurrent layer, found {names}; "
            "save the model.state_dict() alone"
        )
    ((_, state),) = found
    with decoding("not a PyTorch state_dict, or damaged"):
        bear(sum(x.numel() for x in state.values() if hasattr(x, "numel")), len(content))
        arrays, types = arrays_of(state)
    return arrays, metadata_of(state), types


def metadata_of(state: Any) -> dict[str, str]:
    """What `pack_torch` has written beside the tensors of a state dict; empty for those of others.

    Others may have anything in its place.
    """
    every = getattr(state, "_metadata", None)
    ours = every.get(OURS) if isinstance(every, Mapping) else None
    if not isinstance(ours, Mapping):
        return {}
    texts = {key: x for key, x in ours.items() if isinstance(key, str) and isinstance(x, str)}
    return texts | {"container": STATE_DICT}


MOST_TOGETHER = 100_000
"""So many tensors a net that was saved in parts may have."""


def _state_dicts_in(loaded: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """The state dicts with a recurrent layer in a checkpoint, however deep they lie.

    Each object is gone through once, however often it stands there.
    """
    found: list[tuple[str, Mapping[str, Any]]] = []
    known: dict[int, str] = {}
    seen: set[int] = set()
    pending: list[tuple[str, Any]] = [("", loaded)]
    while pending:
        path, value = pending.pop()
        if not isinstance(value, Mapping) or id(value) in seen:
            continue
        seen.add(id(value))
        if _is_recurrent(value):
            found.append((path, value))
            continue
        for part in value.values():
            if id(part) not in known:
                known[id(part)] = _kind_of(part)
        parts = {key: part for key, part in value.items() if known[id(part)]}
        if len(parts) > 1 and sum(known[id(x)] == "recurrent" for x in parts.values()) == 1:
            # Layers of one net that were saved one by one: none of them may be left out.
            if sum(map(len, parts.values())) > MOST_TOGETHER:
                raise FormatError(f"a net in parts, of over {MOST_TOGETHER:,} tensors")
            every = ((key, part.items()) for key, part in parts.items())
            found.append((path, {f"{key}.{name}": x for key, part in every for name, x in part}))
            continue
        inner = [(f"{path[:200]}[{shown(key)}]", part) for key, part in value.items()]
        pending.extend(reversed(inner))
    return found


def _kind_of(value: Any) -> str:
    """``recurrent`` for a state dict with a recurrent layer, ``state`` for another one, else empty.

    A state dict has tensors by name, and nothing else.
    """
    if not isinstance(value, Mapping) or not value:
        return ""
    if not all(isinstance(key, str) and hasattr(x, "detach") for key, x in value.items()):
        return ""
    return "recurrent" if _is_recurrent(value) else "state"


def _is_recurrent(state: Mapping[Any, Any]) -> bool:
    return any(isinstance(key, str) and RECURRENT.fullmatch(key) for key in state)


def arrays_of(state: Mapping[Any, Any]) -> tuple[dict[str, Floats], frozenset[str]]:
    """The tensors or arrays of a state dict as float64, and the types that they had.

    What is neither a tensor nor an array, such as a number of epochs, is passed over.

    Raises:
        FormatError: for complex numbers.
    """
    arrays: dict[str, Floats] = {}
    types: set[str] = set()
    for key, value in state.items():
        if hasattr(value, "detach"):
            types.add(str(value.dtype).removeprefix("torch."))
            complex_numbers = value.is_complex()
            value = value.detach().cpu()
            value = value if complex_numbers else value.double().numpy()
        elif isinstance(value, np.ndarray):
            types.add(value.dtype.name)
            complex_numbers = value.dtype.kind not in "fiub"
        else:
            continue
        if complex_numbers:
            raise FormatError(f"tensor {key!r} has type {value.dtype}; expected real numbers")
        arrays[str(key)] = np.asarray(value, dtype=np.float64)
    return arrays, frozenset(types)
