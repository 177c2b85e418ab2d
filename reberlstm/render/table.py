"""A trace as a table for the terminal: one block per symbol, a row per gate, a column per cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console
from rich.text import Text

from reberlstm.simulator import Trace
from reberlstm.simulator.tracing import TraceStep
from reberlstm.weights import Floats

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


def print_trace(trace: Trace, *, all_cells: bool = False, console: Console | None = None) -> None:
    """Print a trace, with a verdict as its last line.

    Cells in which nothing happens at a step are left out where the terminal is too narrow for all,
    unless `all_cells`.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    for line in _lines(trace, console.width, all_cells):
        console.print(line)


def _lines(trace: Trace, width: int, all_cells: bool) -> Iterator[Text]:
    net = trace.weights
    grammar = f", grammar {trace.grammar}" if trace.grammar is not None else ""
    yield Text(
        f"{_shown(trace) or 'the empty string'}: {net.name or 'unnamed'} net{grammar}", "bold"
    )
    yield Text(f"before the first symbol the net offers {_listed(trace.offered_first)}")
    for step in trace.steps:
        yield Text()
        yield _heading(trace, step)
        cells = _cells(step, net.cells, width, all_cells)
        for chunk in _chunks(cells, net.cells, width):
            yield from _block(step, net.cells, chunk)
        hidden = len(net.cells) - len(cells)
        if hidden:
            yield Text(f"{'':{LABEL_WIDTH}}  ({hidden} cells at rest left out)", "dim")
        if len(step.reader) <= MAX_READER_SYMBOLS:
            yield _reader(step)
    yield Text()
    if trace.steps:
        yield Text("· is 0 and 1 is 1, to within 0.005; --json has every digit", "dim")
    yield _verdict(trace)


def _shown(trace: Trace) -> str:
    separator = " " if any(len(symbol) != 1 for symbol in trace.weights.alphabet) else ""
    text = separator.join(trace.word)
    return text if len(text) <= 60 else text[:59] + "…"


def _heading(trace: Trace, step: TraceStep) -> Text:
    heading = Text(f"{step.t:>3}  ")
    heading.append(step.symbol, "bold")
    if trace.grammar is not None:
        source = step.source if step.source is not None else "✗"
        target = step.state if step.state is not None else "✗ (no node)"
        heading.append(f"   node {source} → {target}")
    heading.append("   ")
    if step.ok:
        heading.append("ok", "green")
    else:
        heading.append("VIOLATION", "bold red")
    heading.append(f"   offers {_listed(step.legal)}")
    if trace.grammar is not None and step.state is not None:
        allowed = trace.grammar.legal(step.state)
        if allowed != set(step.legal):
            in_order = tuple(symbol for symbol in trace.grammar.alphabet if symbol in allowed)
            heading.append(f"   WRONG: the grammar allows {_listed(in_order)}", "bold red")
    return heading


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


def _block(step: TraceStep, names: Sequence[str], cells: Sequence[int]) -> Iterator[Text]:
    active = np.abs(step.memory) > 0.5
    header = Text(" " * LABEL_WIDTH, "dim")
    for cell in cells:
        header.append(f"{names[cell]:>{_column(names[cell])}}", "bold" if active[cell] else "")
    yield header
    for label, gate in ROWS:
        if gate in step.gates:
            yield _row(label, step.gates[gate], names, cells)
    yield _row("memory", step.memory, names, cells, bold=active)


def _row(
    label: str,
    values: Floats,
    names: Sequence[str],
    cells: Sequence[int],
    bold: np.ndarray | None = None,
) -> Text:
    row = Text(f"{label:<{LABEL_WIDTH}}")
    for cell in cells:
        text = _number(float(values[cell]))
        style = "dim" if text == "·" else "bold cyan" if bold is not None and bold[cell] else ""
        row.append(f"{text:>{_column(names[cell])}}", style)
    return row


def _number(value: float) -> str:
    if abs(value) <= NEAR:
        return "·"
    if abs(abs(value) - 1.0) <= NEAR:
        return "1" if value > 0 else "-1"
    return f"{value:.2f}"


def _reader(step: TraceStep) -> Text:
    line = Text(f"{'reader':<{LABEL_WIDTH + 1}}")
    for symbol, value in step.reader.items():
        line.append(f"{symbol} {value:+.2f}  ", "bold" if symbol in step.legal else "dim")
    line.rstrip()
    return line


def _verdict(trace: Trace) -> Text:
    if trace.violation_at is not None:
        step = trace.steps[trace.violation_at - 1]
        before = trace.steps[step.t - 2].legal if step.t > 1 else trace.offered_first
        return Text(
            f"violation at symbol {step.t}: {step.symbol} came, "
            f"but the net offered {_listed(before)}",
            "bold red",
        )
    lost = next((step for step in trace.steps if step.state is None), None)
    if lost is not None and trace.grammar is not None:
        return Text(
            f"the net is wrong: it offered every symbol, but the grammar has no {lost.symbol} "
            f"at symbol {lost.t}",
            "bold red",
        )
    if trace.accepted:
        return Text(f"accepted: all {len(trace.steps)} symbols were offered, and it may end here",
                    "bold green")  # fmt: skip
    if trace.accepted is None:
        return Text(f"all symbols were offered; {_listed(trace.offered_last)} may follow", "bold")
    if not trace.offered_last:
        return Text("not accepted: it may not end here, and nothing may follow", "bold yellow")
    return Text(f"incomplete: no violation so far; {_listed(trace.offered_last)} may follow",
                "bold yellow")  # fmt: skip


def _listed(symbols: Sequence[str]) -> str:
    return " ".join(symbols) if symbols else "nothing"
