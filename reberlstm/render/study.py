"""A study as text: one line for each setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reberlstm.comparison.study import Group, summary
from reberlstm.comparison.study.trials import Record

HEADS = ("setting", "nets", "success", "right", "proved", "wrong word", "words (median)")


def study_lines(records: Sequence[Record]) -> Iterator[str]:
    """The summary as a table, with the cycles below it."""
    groups = summary(records)
    rows = [HEADS, *(_fields(group) for group in groups)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    for row in rows:
        first, *others = (
            field.ljust(width) if column == 0 else field.rjust(width)
            for column, (field, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join((first, *others)).rstrip()
    for group in groups:
        for cycle, loop in group.loops.items():
            if loop.nets:
                found = _loop(loop.proved, loop.first, loop.nets)
                yield f"{group.title}: rounds of {cycle}: {found}"


def _fields(group: Group) -> tuple[str, ...]:
    failed = f" ({group.failed} failed)" if group.failed else ""
    counts = (group.right, group.proved, group.refuted)
    return (
        group.title + failed,
        f"{group.nets:,}",
        f"{group.success:,}",
        *("–" if count is None else f"{count:,}" for count in counts),
        "–" if group.words is None else f"{group.words:,.0f}",
    )


def _loop(proved: int, first: Sequence[int], nets: int) -> str:
    text = f"{proved:,} of {nets:,} proved for ever"
    if first:
        text += f", {len(first):,} wrong, first after {first[0]:,} rounds"
    return text
