"""Reading with a limit, and writing that is whole or not at all.

A file is written through a temporary one beside it, see `write_atomically`. Commands claim their
output before they work, see `claim`: what cannot be written is known at once, and of two runs
with one output the second is refused.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from reberlstm.errors import FormatError, ReberLSTMError, one_line

if TYPE_CHECKING:  # it takes longer to load than a short command to run
    from pathlib import Path

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
            known = os.fstat(file.fileno())
            left = 0 if stat.S_ISREG(known.st_mode) and known.st_size > limit else left
            while left and (piece := file.read(min(PIECE, left))):
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
    import gzip
    import zlib

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            result = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"{where}: damaged gzip data: {error}") from None
    if len(result) > limit:
        raise FormatError(f"{where}: larger than the limit of {limit:,} bytes when decompressed")
    return result


@contextmanager
def decoding(says: str) -> Iterator[None]:
    """Around a decoder: whatever it raises at damaged bytes is a `FormatError` of one line.

    Those of others raise almost anything. It begins with what is said: "no archive, or damaged".
    """
    try:
        yield
    except ReberLSTMError:
        raise
    except MemoryError:
        raise FormatError(f"{says}: it asks for too much memory") from None
    except Exception as error:
        reason = one_line(str(error).strip().partition("\n")[0], 200) or type(error).__name__
        raise FormatError(f"{says}: {reason}") from None


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` through a temporary file in the same folder and a rename.

    A reader sees the old file or the new one, never a part; a killed process leaves the old one.
    Links are followed, an old file's permissions are kept, and a device or pipe is just written to.

    Raises:
        FormatError: when the folder does not exist or cannot be written to, or another process is
            writing to the same file.
    """
    with _telling(path):
        target, mode = _target(path)
        if mode is not None and not stat.S_ISREG(mode):
            target.write_bytes(content)
            return
        claim = _claims.pop(target, None) or _Claim(target)
        claim.replace(content, _new_file_mode() if mode is None else stat.S_IMODE(mode))


def claim(path: Path) -> None:
    """Find out before the work whether `path` can be written to, and keep others from doing so.

    Until it is written, or until `release`, another process that claims the path is refused. What
    killed processes have left in the folder is removed.

    Raises:
        FormatError: when it is a folder, or its folder does not exist or cannot be written to; or
            another process has claimed it.
    """
    with _telling(path):
        target, mode = _target(path)
        if target not in _claims and (mode is None or stat.S_ISREG(mode)):
            _claims[target] = _Claim(target)
            _sweep(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder if need be, and find out whether it can be written to.

    Raises:
        FormatError: when it cannot be made, or not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"{folder}: cannot be made: {_reason(error)}") from None
    if not os.access(folder, os.W_OK):
        raise FormatError(f"{folder}: nothing can be written there: choose another folder")


def remove(path: Path) -> None:
    """Remove a file, if it is there.

    Raises:
        FormatError: when that is not possible.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise FormatError(f"{path}: cannot be removed: {_reason(error)}") from None


def release() -> None:
    """Give up what this process has claimed and not written."""
    while _claims:
        _claims.popitem()[1].give_up()


_claims: dict[Path, _Claim] = {}
"""What this process has claimed and not yet written."""

TEMPORARY = ".reberlstm-"
"""How the names of temporary files begin."""

PATIENCE = 0.2
"""So many seconds a lock is waited for: who removes what others left holds it for a moment."""


class _Claim:
    """The temporary file of a target, which exists and is locked as long as it is claimed.

    Its name follows from the target's, so there is one for all processes; the lock ends with the
    process, whatever ends that. Where a file system has no locks, nobody is refused.
    """

    def __init__(self, target: Path) -> None:
        import hashlib

        digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
        self.target, self.path = target, target.parent / f"{TEMPORARY}{digest}"
        self.descriptor = self._opened()

    def _opened(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        while True:
            descriptor = os.open(self.path, flags, 0o600)
            try:
                if not _locked(descriptor, PATIENCE):
                    raise BlockingIOError(
                        errno.EAGAIN,
                        "another run is writing to it; wait for it, or choose another file",
                    )
                found = os.fstat(descriptor)
                own = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
                if not own or not stat.S_ISREG(found.st_mode):
                    raise FileExistsError(errno.EEXIST, f"{self.path.name} is in the way")
                # Who held the lock may have renamed or removed the file: then it is another one.
                if _is_at(self.path, found):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def replace(self, content: bytes, mode: int) -> None:
        """Write the target, and end the claim."""
        try:
            os.ftruncate(self.descriptor, 0)
            view = memoryview(content)
            while view:
                view = view[os.write(self.descriptor, view) :]
            os.fsync(self.descriptor)
            self.path.chmod(mode)
            if os.name == "nt":  # which renames no open files
                os.close(self.descriptor)
                self.descriptor = -1
            self.path.replace(self.target)
        except BaseException:
            self.give_up()
            raise
        self._close()

    def give_up(self) -> None:
        """End the claim without writing."""
        if os.name == "nt":
            self._close()
        with suppress(OSError):
            self.path.unlink()
        self._close()

    def _close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _locked(descriptor: int, patience: float = 0.0) -> bool:
    """Lock an open file for this process alone; False where another one has it for so long."""
    try:
        import fcntl
    except ImportError:
        return True
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(0.01)
        else:
            return True


def _is_at(path: Path, found: os.stat_result) -> bool:
    try:
        there = path.lstat()
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (found.st_dev, found.st_ino)


def _sweep(folder: Path) -> None:
    """Remove temporary files of processes that were killed, as far as that is possible."""
    from pathlib import Path

    ours = {claim.path.name for claim in _claims.values()}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in [x for x in entries if x.name.startswith(TEMPORARY) and x.name not in ours]:
            with suppress(OSError):
                if not entry.is_file(follow_symlinks=False):
                    continue
                descriptor = os.open(entry.path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
                try:
                    if _locked(descriptor) and _is_at(Path(entry.path), os.fstat(descriptor)):
                        Path(entry.path).unlink()
                finally:
                    os.close(descriptor)


def _target(path: Path) -> tuple[Path, int | None]:
    """What a path names when links are followed, and its mode if it is there already.

    Raises:
        OSError: for links in a circle, and for folders.
    """
    from pathlib import Path

    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return target, None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return target, mode


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Errors of the system as one line that names the file."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: cannot be written: {_reason(error)}") from None


def _new_file_mode() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _reason(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", None) or error)
