"""The file of a study: one JSON object a line, one line a net, only ever appended to.

A line is written at once and reaches the disk before the next one begins, so a kill loses at most
what was not finished. If it tears the last line apart, that line is cut off on resuming. Only one
study at a time may write.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reberlstm.comparison.study.trials import Record
from reberlstm.errors import FormatError
from reberlstm.files import read_bytes

MAX_FILE_BYTES = 2**30


class Table:
    """The records of a study in a file, which need not be there yet.

    Args:
        path: The file.

    Raises:
        FormatError: for a file that is no such table.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._descriptor: int | None = None
        self.records: list[Record] = []
        self._keys: set[str] = set()
        self._whole = 0
        if self.path.exists():
            self._read()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def _read(self) -> None:
        content = read_bytes(self.path, limit=MAX_FILE_BYTES)
        # What comes after the last line end was being written when the study was killed.
        self._whole = content.rfind(b"\n") + 1
        if self._whole == 0 and content and not content.startswith(b'{"key"'):
            raise self._no_table(1)
        self.records = [
            self._record(number, line)
            for number, line in enumerate(content[: self._whole].split(b"\n")[:-1], start=1)
        ]
        self._keys = {record["key"] for record in self.records}

    def _record(self, number: int, line: bytes) -> Record:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            raise self._no_table(number) from None
        if not isinstance(record, dict) or not isinstance(record.get("key"), str):
            raise self._no_table(number)
        return record

    def _no_table(self, number: int) -> FormatError:
        return FormatError(
            f"{self.path}:{number}: no record of a study; give a file that `reberlstm study` "
            "wrote, or one that is not there yet"
        )

    @contextmanager
    def writing(self) -> Iterator[Table]:
        """Open for appending, alone; an unfinished last line is cut off.

        Raises:
            FormatError: when it cannot be written, or another study is writing.
        """
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise FormatError(f"{self.path}: cannot be written: {error.strerror}") from None
        try:
            _lock(self._descriptor, self.path)
            if self.path.exists():
                self._read()  # what another study has written since
            os.ftruncate(self._descriptor, self._whole)
            yield self
        finally:
            os.close(self._descriptor)
            self._descriptor = None

    def append(self, record: Record) -> None:
        """Write one more line, and wait until it is on the disk."""
        assert self._descriptor is not None, "opened by `writing`"
        line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
        while line:
            line = line[os.write(self._descriptor, line) :]
        os.fsync(self._descriptor)
        self.records.append(record)
        self._keys.add(record["key"])


def _lock(descriptor: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # where there is no such lock, nothing is claimed
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise FormatError(
            f"{path}: another study is writing to it; wait for it, or choose another file"
        ) from None
