"""Reading with a limit, and writing that is whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from reberlstm.errors import FormatError


def read_bytes(path: Path, *, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes.

    Raises:
        FormatError: when there is no such file, it cannot be read, or it is larger than `limit`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(content) > limit:
        raise FormatError(f"{path}: larger than the limit of {limit:,} bytes for this kind of file")
    return content


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` through a temporary file beside it and a rename.

    A reader sees the old file or the new one, never a part; a killed process leaves the old one.

    Raises:
        FormatError: when the folder does not exist or cannot be written to.
    """
    path = Path(path)
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise FormatError(f"{path}: cannot be written: {error.strerror or error}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FormatError(f"{path}: cannot be written: {error.strerror or error}") from None
        raise
