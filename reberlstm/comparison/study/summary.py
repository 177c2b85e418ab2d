"""Records counted by setting."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reberlstm.comparison.study.trials import Record

SETTING = ("grammar", "task", "cell", "hidden", "from", "noise")
"""What nets of one group share; their seeds differ."""


@dataclass(frozen=True)
class Loop:
    """How the nets of a group do in one cycle.

    Attributes:
        proved: Proved right for ever.
        wrong: With an error.
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
