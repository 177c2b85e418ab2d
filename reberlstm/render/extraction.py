"""An extraction as text: the machine, the verdict pair by pair, and where each state lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reberlstm.extraction import Comparison, Extraction
from reberlstm.machine.fsm import FSM

MOST_STATES = 60
"""Larger machines are written to files, not to the terminal."""

MOST_SYMBOLS, BEGINNING, END = 80, 40, 20
"""The longest words that are shown whole; of longer ones so many symbols."""


def extraction_lines(found: Extraction) -> Iterator[str]:
    """The lines of the report."""
    fsm = found.fsm
    yield f"{fsm.name}: {_count(len(fsm.states), 'state')} over {' '.join(fsm.alphabet)}"
    if found.reading:
        yield f"the net is read by {found.reading}"
    yield ended_text(found)
    yield (
        f"{found.steps:,} steps of the net (the machine was found after {found.found_after:,}), "
        f"{found.memories:,} different memories, "
        f"{found.seconds:.1f} s"
    )
    yield ""
    if len(fsm.states) <= MOST_STATES:
        yield from _table(*_machine(fsm))
    else:
        yield f"the machine is too large to show here (over {MOST_STATES} states); write it with -o"
    yield ""
    for pair in found.verdict:
        yield from _pair(fsm, pair)
    if found.margin is not None:
        yield f"nearest observation to a threshold: {found.margin:.3g} away"
    if len(fsm.states) <= MOST_STATES:
        yield ""
        yield from _table(*_geometry(found))


def ended_text(found: Extraction) -> str:
    """What ended the search."""
    if found.ended_by is None:
        return "the search came to its own end: it found no difference any more"
    return f"the budget of {found.ended_by} ended the search; this is the best machine so far"


def _pair(fsm: FSM, pair: Comparison) -> Iterator[str]:
    names = {"machine": "extracted machine"}
    yield f"{pair.left} and {names.get(pair.right, pair.right)}: {pair.relation}".replace(
        "machine and", "extracted machine and"
    )
    if pair.word is not None:
        shown = word_text(fsm, pair.word)
        by = f"; the {pair.wrong} is wrong" if pair.wrong else ""
        shortest = ", a shortest one" if pair.shortest else ""
        yield f"    after {shown}{shortest}{by}"
    yield f"    {pair.evidence}"


def word_text(fsm: FSM, word: tuple[str, ...]) -> str:
    """A word to be read; of a long one its ends, and its length."""
    if not word:
        return "(the empty word)"
    if len(word) <= MOST_SYMBOLS:
        return fsm.text(word)
    ends = f"{fsm.text(word[:BEGINNING])} … {fsm.text(word[-END:])}"
    return f"{ends} ({len(word):,} symbols; --json has all)"


def _machine(fsm: FSM) -> tuple[list[str], list[list[str]]]:
    heading = ["", "state", *fsm.alphabet, *(["output"] if fsm.outputs else [])]
    rows = []
    for state in fsm.states:
        mark = ("→" if state == fsm.start else "") + ("◎" if state in fsm.accepting else "")
        line = [fsm.transitions[state].get(symbol, "·") for symbol in fsm.alphabet]
        rows.append([mark, state, *line, *([fsm.outputs[state]] if fsm.outputs else [])])
    return heading, rows


def _geometry(found: Extraction) -> tuple[list[str], list[list[str]]]:
    heading = ["state", "visits", "memories", "radius", "nearest", "distance", "noise borne"]
    rows = []
    for report in found.states:
        rows.append(
            [
                report.state,
                f"{report.visits:,}",
                f"{report.memories:,}",
                f"{report.radius:.2g}",
                report.nearest or "–",
                "–" if report.distance is None else f"{report.distance:.2g}",
                "not tried" if report.tolerance is None else f"{report.tolerance:.2g}",
            ]
        )
    return heading, rows


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    lines = [heading, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
