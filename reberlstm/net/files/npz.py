"""Nets as NumPy archives: the tensors of the safetensors file, for programs that have only NumPy.

An archive has an array for each tensor, under the same key and in PyTorch's layout and gate order,
and each string of the metadata as an array of no dimension under ``metadata.KEY``. The published
net fits in as well, as no standard cell is asked for. Nothing is pickled, neither here nor in what
is read.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from reberlstm.errors import FormatError
from reberlstm.net.files.safetensors import MAX_FILE_BYTES, to_parts
from reberlstm.net.weights import Floats, LSTMWeights

METADATA_PREFIX = "metadata."

_DAMAGED = (
    *(ValueError, OSError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, zlib.error),
    RuntimeError,  # an encrypted member, or a compression that zipfile does not know
)


def to_bytes(weights: LSTMWeights) -> bytes:
    """The archive as bytes; equal nets give equal bytes."""
    arrays, metadata = to_parts(weights)
    return pack({**arrays, **{METADATA_PREFIX + key: text for key, text in metadata.items()}})


def pack(arrays: Mapping[str, Any]) -> bytes:
    """Arrays and strings as one compressed archive."""
    buffer = io.BytesIO()
    values: dict[str, Any] = {key: np.asarray(value) for key, value in arrays.items()}
    np.savez_compressed(buffer, **values)
    return buffer.getvalue()


def open_bytes(content: bytes) -> tuple[dict[str, Floats], dict[str, str]]:
    """The tensors and the metadata of any archive of numbers, whoever wrote it.

    Raises:
        FormatError: for what is no archive, is damaged, unpacks to more than the limit, or has
            pickled objects in it (which could execute code, and are not read).
    """
    arrays: dict[str, Floats] = {}
    metadata: dict[str, str] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MAX_FILE_BYTES:
            raise FormatError(f"unpacks to {unpacked:,} bytes, over {MAX_FILE_BYTES:,}")
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            for key in archive.files:
                value = archive[key]
                if value.dtype.kind in "US":
                    metadata[key.removeprefix(METADATA_PREFIX)] = str(value[()])
                elif value.dtype.kind in "fiub":
                    arrays[key] = value.astype(np.float64)
                else:
                    raise FormatError(f"array {key!r} has type {value.dtype}, no numbers")
    except _DAMAGED as error:
        raise FormatError(f"not an archive of arrays, or damaged: {error}") from None
    return arrays, metadata
