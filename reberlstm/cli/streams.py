"""Standard input, output and error, where they are closed, full, or of a poor encoding."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import NoReturn, TextIO

CLOSED = "standard output is closed, so not all was written"

_NAMES = ("standard input", "standard output", "standard error")


class _Nowhere(io.RawIOBase):
    """What a stream is that was closed before the program began."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _fail(self) -> NoReturn:
        raise OSError(errno.EBADF, "closed", self._name)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> NoReturn:
        self._fail()

    def write(self, content: object) -> NoReturn:
        self._fail()


def occupy_closed() -> None:
    """Put something in the place of streams that are closed, as after ``<&-`` or ``>&-``.

    Python has None there, and a file that is opened could get their numbers.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(_Nowhere(_NAMES[0])))
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(_Nowhere(_NAMES[1]), "utf-8", write_through=True)
    if sys.stderr is None:  # what is said there is for people only
        from pathlib import Path

        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115


def flush() -> str | None:
    """Write what is still buffered, and say what keeps it from being written."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        return problem(error)
    return None


def problem(error: OSError | ValueError) -> str:
    """What went wrong with a stream, in one line; nothing more is written to it."""
    if isinstance(error, UnicodeEncodeError):
        character = error.object[error.start]
        return (
            f"the encoding {error.encoding} of the output has no {character!a}; set "
            "PYTHONIOENCODING=utf-8, or write to a file with -o"
        )
    _drop(sys.stdout)
    if isinstance(error, BrokenPipeError):
        return CLOSED
    if isinstance(error, OSError):
        return f"{error.filename or 'output'}: {error.strerror or error}"
    return CLOSED  # "I/O operation on closed file"


def finish() -> None:
    """Keep the interpreter from complaining, at its end, of what cannot be written."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            _drop(stream)


def _drop(stream: TextIO) -> None:
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
