"""A trace as a table for the terminal: one block per symbol, a row per gate, a column per cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click
import numpy as np

from reberlstm.net.weights import Floats
from reberlstm.simulator import Trace
from reberlstm.simulator.tracing import TraceStep

ROWS = (
    ("forget gate (eraser)", "forget"),
    ("candidate (writer)", "candidate"),
    ("input gate (filter)", "input"),
    ("output gate", "output"),
)
LABEL_WIDTH = 21
NEAR = 0.005
"""Values this close to 0 and 1 are shown as · and 1; --json has them in full."""

MAX_READER_SYMBOLS = 12
MAX_SHOWN = 60

STYLES: dict[str, dict[str, Any]] = {
    "plain": {},
    "title": {"bold": True},
    "quiet": {"dim": True},
    "active": {"fg": "cyan", "bold": True},
    "good": {"fg": "green", "bold": True},
    "open": {"fg": "yellow", "bold": True},
    "bad": {"fg": "red", "bold": True},
}


def trace_lines(
    trace: Trace, width: int, *, all_cells: bool = False, only: Sequence[str] = ()
) -> Iterator[str]:
    """The lines of a trace, styled for a terminal, with a verdict as the last one.

    Cells in which nothing happens at a step are left out where `width` columns are too few for all,
    unless `all_cells`, or `only` some are to be shown.
    """
    net = trace.weights
    grammar = f", grammar {trace.grammar}" if trace.grammar is not None else ""
    yield _styled(f"{_shown(trace)}: {net.name or 'unnamed'} net{grammar}", "title")
    yield f"before the first symbol the net offers {_listed(trace.offered_first)}"
    for step in trace.steps:
        yield ""
        yield _heading(trace, step)
        chosen = [net.cells.index(name) for name in only]
        cells = chosen or _cells(step, net.cells, width, all_cells)
        for chunk in _chunks(cells, net.cells, width):
            yield from _block(step, net.cells, chunk)
        hidden = len(net.cells) - len(cells)
        if hidden and not only:
            yield _styled(f"{'':{LABEL_WIDTH}}  ({hidden} cells at rest left out)", "quiet")
        if len(step.reader) <= MAX_READER_SYMBOLS:
            yield _reader(step)
    yield ""
    if trace.steps:
        yield _styled("· is 0 and 1 is 1, to within 0.005; --json has every digit", "quiet")
    yield _styled(*_verdict(trace))


def _styled(text: str, style: str) -> str:
    return click.style(text, **STYLES[style]) if STYLES[style] else text


def _shown(trace: Trace) -> str:
    separator = " " if any(len(symbol) != 1 for symbol in trace.weights.alphabet) else ""
    text = separator.join(trace.word) or "the empty string"
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _heading(trace: Trace, step: TraceStep) -> str:
    parts = [f"{step.t:>3}  {_styled(step.symbol, 'title')}"]
    if trace.grammar is not None:
        source = step.source if step.source is not None else "✗"
        target = step.state if step.state is not None else "✗ (no node)"
        parts.append(f"node {source} → {target}")
    parts.append(_styled("ok", "good") if step.ok else _styled("VIOLATION", "bad"))
    parts.append(f"offers {_listed(step.legal)}")
    if trace.grammar is not None and step.state is not None:
        allowed = trace.grammar.legal(step.state)
        if allowed != set(step.legal):
            in_order = [symbol for symbol in trace.grammar.alphabet if symbol in allowed]
            parts.append(_styled(f"WRONG: the grammar allows {_listed(in_order)}", "bad"))
    return "   ".join(parts)


def _cells(step: TraceStep, names: Sequence[str], width: int, all_cells: bool) -> list[int]:
    everything = list(range(len(names)))
    if all_cells or len(list(_chunks(everything, names, width))) == 1:
        return everything
    busy = (np.abs(step.gates["candidate"]) > NEAR) | (np.abs(step.memory) > NEAR)
    return [cell for cell in everything if busy[cell]]


def _column(name: str) -> int:
    return max(len(name), 5) + 1


def _chunks(cells: Sequence[int], names: Sequence[str], width: int) -> Iterator[list[int]]:
    """Split the cells into groups that fit side by side."""
    chunk: list[int] = []
    used = LABEL_WIDTH
    for cell in cells:
        if chunk and used + _column(names[cell]) > width:
            yield chunk
            chunk, used = [], LABEL_WIDTH
        chunk.append(cell)
        used += _column(names[cell])
    if chunk:
        yield chunk


def _block(step: TraceStep, names: Sequence[str], cells: Sequence[int]) -> Iterator[str]:
    active = np.abs(step.memory) > 0.5
    yield " " * LABEL_WIDTH + "".join(
        _styled(f"{names[cell]:>{_column(names[cell])}}", "title" if active[cell] else "quiet")
        for cell in cells
    )
    for label, gate in ROWS:
        if gate in step.gates:
            yield _row(label, step.gates[gate], names, cells, "plain")
    yield _row("memory", step.memory, names, cells, "active")


def _row(label: str, values: Floats, names: Sequence[str], cells: Sequence[int], style: str) -> str:
    """One gate of the cells side by side; `style` is that of values over ½."""
    row = f"{label:<{LABEL_WIDTH}}"
    for cell in cells:
        value = float(values[cell])
        text = f"{_number(value):>{_column(names[cell])}}"
        row += _styled(text, "quiet" if abs(value) <= NEAR else style if value > 0.5 else "plain")
    return row


def _number(value: float) -> str:
    if abs(value) <= NEAR:
        return "·"
    if abs(abs(value) - 1.0) <= NEAR:
        return "1" if value > 0 else "-1"
    return f"{value:.2f}"


def _reader(step: TraceStep) -> str:
    values = (
        _styled(f"{symbol} {value:+.2f}", "title" if symbol in step.legal else "quiet")
        for symbol, value in step.reader.items()
    )
    return f"{'reader':<{LABEL_WIDTH + 1}}" + "  ".join(values)


def _verdict(trace: Trace) -> tuple[str, str]:
    """What the whole run came to, and its style."""
    if trace.violation_at is not None:
        step = trace.steps[trace.violation_at - 1]
        before = trace.steps[step.t - 2].legal if step.t > 1 else trace.offered_first
        where = f"violation at symbol {step.t}: {step.symbol} came"
        return f"{where}, but the net offered {_listed(before)}", "bad"
    lost = next((step for step in trace.steps if step.state is None), None)
    if lost is not None and trace.grammar is not None:
        where = f"the grammar has no {lost.symbol} at symbol {lost.t}"
        return f"the net is wrong: it offered every symbol, but {where}", "bad"
    may_follow = f"{_listed(trace.offered_last)} may follow"
    if trace.accepted:
        return (
            f"accepted: every symbol was offered, and the word may end here; {may_follow}",
            "good",
        )
    if trace.accepted is None:
        return f"every symbol was offered; {may_follow}", "open"
    return f"incomplete: no violation, but the word may not end here; {may_follow}", "open"


def _listed(symbols: Sequence[str]) -> str:
    return " ".join(symbols) if symbols else "nothing"
