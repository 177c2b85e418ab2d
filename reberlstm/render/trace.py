"""A run of a net: a block of text per symbol, a row per gate, a column per cell; a table for HTML.

``trace`` starts fast, so nothing here imports rich or jinja2.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import click

from reberlstm.display import renders
from reberlstm.errors import printable
from reberlstm.net.cells.cell import Floats
from reberlstm.render import Field, Table, block, gate_titles, head, number_field
from reberlstm.simulator import Trace, TraceStep

LABEL_WIDTH = 21
NEAR = 0.005
"""Values this close to 0 and 1 are shown as · and 1; --json has them in full."""

MAX_READER_SYMBOLS = 12
MAX_SHOWN = 60
MAX_STEPS = 60
MAX_CELLS = 24
"""The steps and cells of the largest table in HTML."""

STYLES: dict[str, dict[str, Any]] = {
    "plain": {},
    "title": {"bold": True},
    "quiet": {"dim": True},
    "active": {"fg": "cyan", "bold": True},
    "good": {"fg": "green", "bold": True},
    "open": {"fg": "yellow", "bold": True},
    "bad": {"fg": "red", "bold": True},
}


def net_name(trace: Trace) -> str:
    """``compiled net``."""
    return f"{trace.net.name or 'unnamed'} net"


def word_text(trace: Trace) -> str:
    """The word as it is typed."""
    return trace.text or "the empty string"


def listed(symbols: Sequence[str], nothing: str = "nothing") -> str:
    """Symbols with spaces between them."""
    return printable(" ".join(symbols)) or nothing


def answer(step: TraceStep) -> str:
    """What the net says after a step."""
    label = "" if step.label is None else printable(f"gives {step.label}")
    if step.legal is not None:
        return f"offers {listed(step.legal)}" + (f", {label}" if label else "")
    if step.accept is None:
        return label
    return f"says that the word may {'' if step.accept else 'not '}end" + (label and f", {label}")


def verdict(trace: Trace) -> tuple[str, str]:
    """The run in a line, and its style: the first fault, or how the run ends."""
    wrong, refused = trace.first_wrong, trace.violation_at
    if wrong is not None and (refused is None or wrong.t < refused):
        return f"✗ wrong at symbol {wrong.t}: it {answer(wrong)}", "bad"
    if refused is not None:
        before = trace.steps[refused - 2].legal if refused > 1 else trace.offered_first
        came = trace.steps[refused - 1].symbol
        offered = listed(before or ())
        return f"violation at symbol {refused}: {came} came, but the net offered {offered}", "bad"
    lost = next((step for step in trace.steps if step.state is None and not step.judged), None)
    if lost is not None and trace.grammar is not None:
        return f"the grammar has no {lost.symbol} at symbol {lost.t}: not judged from there", "open"
    judged = trace.steps[-1].judged if trace.steps else trace.first_judged
    last = "" if trace.offered_last is None else f"; {listed(trace.offered_last)} may follow"
    last += "" if judged else " (not judged)"
    if trace.net.observed == ("label",) and trace.steps:
        style = "good" if trace.steps[-1].right else "open"
        return f"after the whole word it {answer(trace.steps[-1])}{last}", style
    if trace.accepted is None:
        return f"no violation{last}", "open"
    who = "the word may" if "accept" in trace.net.observed else "by the grammar the word may"
    if trace.accepted:
        return f"accepted: no violation, and {who} end here{last}", "good"
    how = "not accepted" if trace.offered_last is None else "incomplete"
    return f"{how}: no violation, but {who} not end here{last}", "open"


# Text


def trace_lines(
    trace: Trace, width: int, *, all_cells: bool = False, only: Sequence[str] = ()
) -> Iterator[str]:
    """The lines of a trace, styled for a terminal, with a verdict as the last one.

    Cells in which nothing happens at a step are left out where `width` columns are too few for all,
    unless `all_cells`, or `only` some are to be shown.
    """
    net = trace.net
    grammar = f", grammar {trace.grammar}" if trace.grammar is not None else ""
    text = word_text(trace)
    shown = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    layers = ", ".join(f"{layer.size}-cell {layer.cell.title}" for layer in net.layers)
    of_net = f"{net_name(trace)} ({layers}; {net.reading})"
    title = f"{shown}: {of_net}{grammar}, scope {net.claims}"
    yield from (_styled(line, "title") for line in textwrap.wrap(printable(title), width))
    if trace.offered_first is not None:
        first = f"before the first symbol the net offers {listed(trace.offered_first)}"
        yield first if trace.first_judged else f"{first} {_styled('(not judged)', 'quiet')}"
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
            said = step.legal if step.legal is not None else ("accept",) * bool(step.accept)
            if step.label is not None and step.legal is None and step.accept is None:
                said = (step.label,)
            values = [f"{name} {value:+.2f}" for name, value in step.reader.items()]
            across = max(1, (width - LABEL_WIDTH) // (max(map(len, values)) + 2))
            styled = [
                _styled(text, "title" if name in said else "quiet")
                for name, text in zip(step.reader, values, strict=True)
            ]
            for at in range(0, len(styled), across):
                label = "" if at else "reader"
                yield f"{label:<{LABEL_WIDTH + 1}}" + "  ".join(styled[at : at + across])
    yield ""
    if trace.steps:
        yield _styled("· is 0 and 1 is 1, to within 0.005; --json has every digit", "quiet")
    text, style = verdict(trace)
    yield from (_styled(line, style) for line in textwrap.wrap(text, width))


def _styled(text: str, style: str) -> str:
    text = printable(text)
    return click.style(text, **STYLES[style]) if STYLES[style] else text


def _heading(trace: Trace, step: TraceStep) -> str:
    parts = [f"{step.t:>3}  {_styled(step.symbol, 'title')}"]
    if trace.grammar is not None:
        source = step.source if step.source is not None else "✗"
        target = step.state if step.state is not None else "✗ (no node)"
        parts.append(printable(f"node {source} → {target}"))
    marks = {True: _styled("ok", "good"), False: _styled("VIOLATION", "bad")}
    if step.ok is not None:
        parts.append(marks[step.ok])
    parts.append(answer(step))
    if not step.judged:
        parts.append(_styled("not judged", "quiet"))
    elif step.right is False:
        parts.append(_styled(f"WRONG: {_allowed(trace, step)}", "bad"))
    return "   ".join(parts)


def _allowed(trace: Trace, step: TraceStep) -> str:
    """What the grammar says where the net is wrong."""
    assert trace.grammar is not None, "without a grammar nothing is wrong"
    machine = trace.grammar.complete(trace.net.on_violation)
    node = machine.names.index(step.state)
    line = machine.lines[node]
    if step.label is not None and line.output not in (None, step.label):
        return f"the grammar gives {line.output}"
    if step.legal is None:
        return "the grammar says otherwise"
    if set(machine.symbols[node]) != set(step.legal):
        return f"the grammar allows {listed(machine.symbols[node])}"
    return f"the grammar says that the word may {'' if line.accepting else 'not '}end"


def _cells(step: TraceStep, names: Sequence[str], width: int, all_cells: bool) -> list[int]:
    everything = list(range(len(names)))
    if all_cells or len(list(_chunks(everything, names, width))) == 1:
        return everything
    values = zip(everything, step.gates["candidate"], step.memory, strict=True)
    return [cell for cell, *both in values if any(abs(value) > NEAR for value in both)]


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
    yield " " * LABEL_WIDTH + "".join(
        _styled(
            f"{names[cell]:>{_column(names[cell])}}",
            "title" if abs(step.memory[cell]) > 0.5 else "quiet",
        )
        for cell in cells
    )
    for gate, title in gate_titles(step.gates).items():
        yield _row(title, step.gates[gate], names, cells, "plain")
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
    if math.isnan(value):
        return ""
    if abs(value) <= NEAR:
        return "·"
    if abs(abs(value) - 1.0) <= NEAR:
        return "1" if value > 0 else "-1"
    return f"{value:.2f}"


# HTML


@renders(Trace, "html")
def trace_html(trace: Trace) -> str:
    """A table for a notebook: the memory of every cell at every symbol, and what is offered."""
    steps, net = trace.steps, trace.net
    title, notes = f"{net_name(trace)} on {word_text(trace)}", [net.reading, verdict(trace)[0]]
    if len(steps) > MAX_STEPS or net.size > MAX_CELLS:
        notes.append(
            f"{len(steps)} symbols by {net.size} cells are too many for a table; "
            "trace.to_html() is a page for them"
        )
        return block(title, notes)
    rows = []
    if trace.grammar is not None:
        rows.append([head("node"), *(Field(step.state or "✗") for step in steps)])
    rows.append([head(_QUESTIONS[net.observed[0]]), *map(_answer, steps)])
    if not all(step.judged for step in steps):
        rows.append([head("judged"), *(Field("yes" if step.judged else "no") for step in steps)])
    for index, cell in enumerate(net.cells):
        values = (number_field(step.memory[index], 1.0) for step in steps)
        rows.append([head(f"memory {cell}"), *values])
    symbols = [step.symbol + (" ⊘" if step.ok is False else "") for step in steps]
    return block(title, notes, Table(rows, ["symbol", *symbols]))


_QUESTIONS = {"legal": "offers", "accept": "may end", "label": "output"}


def _answer(step: TraceStep) -> Field:
    text = ("yes" if step.accept else "no") if step.legal is None else listed(step.legal, "–")
    text = step.label or text if step.legal is None and step.accept is None else text
    if step.right is False:
        return Field(f"✗ {text}", "text-align:center;font-weight:bold")
    return Field(text)
