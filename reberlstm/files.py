"""Reading with a limit, and writing that is whole or not at all."""

from __future__ import annotations

import errno
import gzip
import io
import os
import stat
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO

from reberlstm.errors import FormatError

PIECE = 2**20
"""So many bytes are read at a time: what is allocated depends on the file, not on its limit."""


def open_to_read(path: Path) -> BinaryIO:
    """Open a file or pipe.

    Raises:
        FormatError: when there is no such file, or it cannot be opened.
    """
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: cannot be read: {_reason(error)}") from None


def read_bytes(path: Path, *, limit: int) -> bytes:
    """The content of a file or pipe of at most `limit` bytes.

    Raises:
        FormatError: when there is no such file, it cannot be read, or it is larger than `limit`.
    """
    pieces: list[bytes] = []
    left = limit + 1
    with open_to_read(path) as file:
        try:
            while piece := file.read(min(PIECE, left)):
                pieces.append(piece)
                left -= len(piece)
        except OSError as error:
            raise FormatError(f"{path}: cannot be read: {_reason(error)}") from None
    if left == 0:
        raise FormatError(f"{path}: larger than the limit of {limit:,} bytes for this kind of file")
    return b"".join(pieces)


GZIP_MAGIC = b"\x1f\x8b"
"""The first bytes of everything that gzip has written."""


def gunzip(content: bytes, where: str, *, limit: int) -> bytes:
    """The content decompressed where it is gzip's, else as it is.

    Raises:
        FormatError: where it is damaged, or larger than `limit` after decompression.
    """
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            result = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"{where}: damaged gzip data: {error}") from None
    if len(result) > limit:
        raise FormatError(f"{where}: larger than the limit of {limit:,} bytes when decompressed")
    return result


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` through a temporary file in the same folder and a rename.

    A reader sees the old file or the new one, never a part; a killed process leaves the old one.
    Links are followed, an old file's permissions are kept, and a device or pipe is just written to.

    Raises:
        FormatError: when the folder does not exist or cannot be written to.
    """
    try:
        target = Path(os.path.realpath(path))
        mode = target.stat().st_mode if target.exists() else None
        if mode is None or stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            _replace(target, content, _new_file_mode() if mode is None else stat.S_IMODE(mode))
        else:
            target.write_bytes(content)
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: cannot be written: {_reason(error)}") from None


def require_writable(path: Path) -> None:
    """Find out before the work whether `write_atomically` could write to a path.

    Raises:
        FormatError: when it is a folder, or its folder does not exist or cannot be written to.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not target.exists() or target.is_file():
            with tempfile.TemporaryFile(dir=target.parent, prefix=".reberlstm-"):
                pass
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: cannot be written: {_reason(error)}") from None


def _replace(path: Path, content: bytes, mode: int) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".reberlstm-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _new_file_mode() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _reason(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", None) or error)
