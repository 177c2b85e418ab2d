"""The file of a study, and its records counted: one JSON object a line, one line a net.

It is only ever appended to. A line reaches the disk before the next one begins, so a kill loses at
most what was not finished. If it tears the last line apart, that line is cut off on resuming. Only
one study at a time may write.
"""

from __future__ import annotations

import csv
import io
import json
import os
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reberlstm.comparison.study.trials import Record, Trial
from reberlstm.errors import FormatError
from reberlstm.files import read_bytes
from reberlstm.plain import in_form

MAX_FILE_BYTES = 2**30


FAILED: dict[str, Any] = {
    **dict.fromkeys(("key", "name", "grammar", "task", "cell", "from"), str),
    "hidden": (int, type(None)),
    "noise": float,
    "seed": int,
    "rows?": {str: {"status": str, "value": object}},
}
"""The form of a record without results."""

RECORD = {**FAILED, "success": bool, "words": int, "rows": FAILED["rows?"]}
"""The form of a record; what nothing here asks for may be there too."""

LOOP = {"first": (int, type(None)), "rounds": int, "proved": bool, "repeats": bool}


def _value_of(key: str) -> Any:
    """The form of a row's figures."""
    if key.startswith("loop "):
        return (LOOP, type(None))
    return ({"share?": float}, type(None)) if key == "accuracy" else object


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
            record: Record = in_form(json.loads(line), {"key": str}, "the record")
        except (ValueError, RecursionError, FormatError):
            raise self._no_table(number) from None
        return record

    def _no_table(self, number: int, why: str = "") -> FormatError:
        return FormatError(
            f"{self.path}:{number}: no record of a study{why}; give a file that `reberlstm study` "
            "wrote, or one that is not there yet"
        )

    def of(self, trials: Iterable[Trial]) -> list[Record]:
        """The records of trials, their form verified: others may be of another version.

        Raises:
            FormatError: for a record that is not as a study writes it.
        """
        keys = {trial.key for trial in trials}
        found = [(at, x) for at, x in enumerate(self.records, start=1) if x["key"] in keys]
        for number, record in found:
            try:
                in_form(record, FAILED if "error" in record else RECORD, "the record")
                for key, entry in record.get("rows", {}).items():
                    in_form(entry["value"], _value_of(key), f"{key} of the record")
            except FormatError as error:
                raise self._no_table(number, f" ({error})") from None
        return [record for _, record in found]

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


SETTING = ("grammar", "task", "cell", "hidden", "from", "noise")
"""What nets of one group share; their seeds differ."""


@dataclass(frozen=True)
class Loop:
    """How the nets of a group do in one cycle.

    Attributes:
        proved: How many are proved right for ever.
        wrong: How many have an error.
        first: The rounds after which each of these has its first error, sorted.
        nets: How many were asked.
        rounds: So many were gone with every net that has no error and may still come to one: not
            proved, and its memory not repeating itself.
    """

    proved: int
    wrong: int
    first: tuple[int, ...]
    nets: int
    rounds: int


@dataclass(frozen=True)
class Group:
    """The nets of one setting.

    Attributes:
        setting: The values of `SETTING`.
        nets: How many there are.
        failed: How many could not be trained or examined at all.
        success: How many did what their training asked for.
        right: How many gave no wrong answer on sampled strings; None where that was not asked.
        proved: How many have a certificate; None likewise.
        refuted: How many have a known wrong word; None likewise.
        words: The median of the words presented until success.
        loops: By the text of the cycle.
    """

    setting: Mapping[str, Any]
    nets: int
    failed: int
    success: int
    right: int | None
    proved: int | None
    refuted: int | None
    words: float | None
    loops: Mapping[str, Loop]

    @property
    def title(self) -> str:
        """What sets the group apart, in few words."""
        s = self.setting
        start = "" if s["from"] == "random" else f" from {s['from']}"
        noise = f", noise {s['noise']:g}" if s["noise"] else ""
        task = "" if s["task"] == "next" else f" {s['task']}"
        return f"{s['grammar']}{task}, {s['cell']} {s['hidden']}{start}{noise}"


def summary(records: Iterable[Record]) -> list[Group]:
    """One group for each setting, in the order in which they first come."""
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(tuple(record.get(name) for name in SETTING), []).append(record)
    return [_group(dict(zip(SETTING, key, strict=True)), nets) for key, nets in groups.items()]


def _group(setting: Mapping[str, Any], records: Sequence[Record]) -> Group:
    fine = [record for record in records if "error" not in record]
    words = [record["words"] for record in fine if record["success"]]
    cycles = dict.fromkeys(
        key.removeprefix("loop ") for r in fine for key in r["rows"] if key.startswith("loop ")
    )
    return Group(
        setting=setting,
        nets=len(records),
        failed=len(records) - len(fine),
        success=sum(record["success"] for record in fine),
        right=_count(fine, "accuracy", lambda e: (e["value"] or {}).get("share") == 1.0),
        proved=_count(fine, "certificate", lambda e: e["status"] == "proved"),
        refuted=_count(fine, "wrong prefix", lambda e: e["status"] == "refuted"),
        words=statistics.median(words) if words else None,
        loops={cycle: _loop(fine, f"loop {cycle}") for cycle in cycles},
    )


def _count(records: Sequence[Record], row: str, holds: Any) -> int | None:
    entries = [record["rows"][row] for record in records if row in record["rows"]]
    return sum(map(bool, map(holds, entries))) if entries else None


def _loop(records: Sequence[Record], row: str) -> Loop:
    entries = [record["rows"][row] for record in records if row in record["rows"]]
    values = [entry["value"] for entry in entries if entry["value"] is not None]
    first = sorted(value["first"] for value in values if value["first"] is not None)
    open_ = [v for v in values if v["first"] is None and not (v["proved"] or v["repeats"])]
    most = max((value["rounds"] for value in values), default=0)
    return Loop(
        proved=sum(entry["status"] == "proved" for entry in entries),
        wrong=len(first),
        first=tuple(first),
        nets=len(values),
        rounds=min((value["rounds"] for value in open_), default=most),
    )


def to_csv(records: Sequence[Record]) -> str:
    """All records as one table: a column for every figure of every row, named ``row.figure``."""
    flat = [_flat(record) for record in records]
    names = list(dict.fromkeys(name for row in flat for name in row))
    content = io.StringIO()
    writer = csv.DictWriter(content, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return content.getvalue()


def _flat(record: Record) -> dict[str, Any]:
    row = {name: value for name, value in record.items() if name != "rows"}
    for key, entry in record.get("rows", {}).items():
        row[f"{key}.status"] = entry["status"]
        value = entry["value"]
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for name, part in parts:
            if not isinstance(part, (dict, list)):
                row[f"{key}.{name}" if name else key] = part
    return row
