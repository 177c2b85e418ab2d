"""A run of a net: a block of text per symbol, a row per gate, a column per cell; a table for HTML.

``trace`` starts fast, so nothing here imports rich or jinja2.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import click

from reberlstm.display import renders
from reberlstm.errors import printable
from reberlstm.machine.complete import Walk
from reberlstm.net.cells.cell import Floats
from reberlstm.render import (
    Field,
    Table,
    block,
    gate_titles,
    head,
    minus,
    number_field,
    numbered,
    wrapped,
)
from reberlstm.render.sentences import about_net
from reberlstm.simulator import Trace, TraceStep

NEAR = 0.005
"""Values this close to 0 and 1 are shown as · and 1; --json has them in full."""

MAX_READER_SYMBOLS = 12
MAX_SHOWN = 60
NARROW = 72
"""Below so many columns the Toy LSTM's words for the gates are left out."""

MAX_FAULTS = 8
"""Wrong answers that are told again at the end."""

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
        return f"✗ {_wrong_text(trace, wrong)}", "bad"
    if refused is not None:
        return _refusal(trace, refused), "bad"
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


def _refusal(trace: Trace, refused: int) -> str:
    """The first symbol that the net had not offered."""
    before = trace.steps[refused - 2].legal if refused > 1 else trace.offered_first
    came, offered = trace.steps[refused - 1].symbol, listed(before or ())
    return f"violation at symbol {refused}: {came} came, but the net offered {offered}"


# Text


def trace_lines(
    trace: Trace, width: int, *, all_cells: bool = False, only: Sequence[str] = ()
) -> Iterator[str]:
    """The lines of a trace, styled for a terminal, with a verdict as the last one.

    A cell keeps its column at every step. Where `width` columns are too few for all cells, those
    whose memory stays the same for the whole word are left out, unless `all_cells`, or `only` some
    are to be shown; what still does not fit stands below.
    """
    net, text = trace.net, word_text(trace)
    shown = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    yield from (_styled(line, "title") for line in wrapped(f"{shown}: {net_name(trace)}", width))
    yield from wrapped(about_net(trace.net, trace.grammar), width)
    layout = _layout(trace, width, all_cells, only)
    if trace.steps:
        yield from (_styled(line, "quiet") for line in wrapped(_legend(trace), width))
        if layout.at_rest:
            note = f"{layout.at_rest} cells whose memory never changes are left out (--all-cells)"
            yield from (_styled(line, "quiet") for line in wrapped(note, width))
    if trace.offered_first is not None:
        first = f"before the first symbol the net offers {listed(trace.offered_first)}"
        yield first if trace.first_judged else f"{first} {_styled('(not judged)', 'quiet')}"
    for step in trace.steps:
        yield ""
        yield from _heading(trace, step, width)
        for chunk in layout.chunks:
            yield from _block(step, net.cells, chunk, layout)
        yield from _reader(step, layout, width)
    yield ""
    for text, style in (*_faults(trace), verdict(trace)):
        yield from (_styled(line, style) for line in wrapped(text, width))


def _legend(trace: Trace) -> str:
    """What the numbers mean, in a line."""
    net = trace.net
    kind = net.observed[0]
    readout = net.readout(kind)
    assert readout is not None, "only what it tells is shown"
    over = f"over {readout.rule.threshold:g}"
    if readout.rule.function == "argmax":
        meaning = "the largest number is the answer"
    else:
        meaning = f"{over} {'the word may end' if kind == 'accept' else 'is offered'}"
    if _is_long(trace.steps[0]):
        meaning = f"its {len(trace.steps[0].reader)} numbers are in --json; {meaning}"
    ok = "" if trace.steps[0].legal is None else "ok: the symbol had been offered. "
    return f"{ok}reader: {meaning}. · is 0 (±{NEAR:g})."


def _styled(text: str, style: str) -> str:
    text = printable(text)
    return click.style(text, **STYLES[style]) if STYLES[style] else text


def _heading(trace: Trace, step: TraceStep, width: int) -> Iterator[str]:
    """The symbol, where it leads in the grammar, and what the net says; in two lines if it must."""
    parts = [(f"{step.t:>3}  {step.symbol}", "title")]
    if trace.grammar is not None:
        parts.append((_move(step), "plain"))
    if step.ok is False:
        parts.append(("VIOLATION", "bad"))
    elif step.ok is None:
        parts += [(f"{step.symbol} not judged", "quiet")] * (step.legal is not None)
    elif trace.grammar is not None and step.state is None:
        parts.append(("offered wrongly", "bad"))
    else:
        parts.append(("ok", "good"))
    parts.append((answer(step), "plain"))
    if not step.judged:
        parts.append(("not judged", "quiet"))
    elif step.right is False:
        parts.append((f"WRONG: {_allowed(trace, step)}", "bad"))
    line, used = "", 0
    for text, style in parts:
        size = len(printable(text))
        if line and used + 3 + size > width:
            yield line
            line, used = "", 2
        line += (" " * (3 if line else used)) + _styled(text, style)
        used += 3 + size
    yield line


def _move(step: TraceStep) -> str:
    """Where a symbol leads in the machine, with the values of its counters."""
    source, target = ("none" if node is None else node for node in (step.source, step.state))
    return ", ".join([f"node {source} → {target}", *(f"{n} = {c}" for n, c in step.counts.items())])


def _allowed(trace: Trace, step: TraceStep) -> str:
    """What the grammar says where the net is wrong."""
    assert trace.grammar is not None, "without a grammar nothing is wrong"
    machine: Walk = trace.grammar.complete(trace.net.on_violation)
    node = trace.nodes[step.t]
    output, legal = machine.output_at(node), machine.legal_at(node)
    if step.label is not None and output not in (None, step.label):
        return f"the grammar gives {output}"
    if step.legal is None:
        return "the grammar says otherwise"
    if set(legal) != set(step.legal):
        return f"the grammar allows {listed(legal)}"
    return f"the grammar says that the word may {'' if machine.accepts_at(node) else 'not '}end"


def _wrong_text(trace: Trace, step: TraceStep) -> str:
    said = f"it {answer(step)}; {_allowed(trace, step)}"
    return f"wrong after symbol {step.t} ({step.symbol}): {said}"


def _faults(trace: Trace) -> Iterator[tuple[str, str]]:
    """Once more at the end: where the net was wrong besides the verdict, or was not judged."""
    wrong = [step for step in trace.steps if step.right is False]
    first = bool(wrong) and _wrong_text(trace, wrong[0]) in verdict(trace)[0]
    if first:
        del wrong[0]
    for step in wrong[:MAX_FAULTS]:
        yield _wrong_text(trace, step), "bad"
    if len(wrong) > MAX_FAULTS:
        yield f"wrong after {len(wrong) - MAX_FAULTS} more symbols", "bad"
    if first and trace.violation_at is None:
        yield "no violation: the net had offered every symbol of the string", "plain"
    elif first and trace.violation_at is not None:
        yield _refusal(trace, trace.violation_at), "bad"
    if trace.grammar is not None:
        places = [str(step.t) for step in trace.steps if not step.judged]
        some = ", ".join(places[:MAX_FAULTS]) + (" …" if len(places) > MAX_FAULTS else "")
        if places:
            yield f"not judged: the answer after symbol {some}", "quiet"


class _Layout(NamedTuple):
    """Where things stand, the same at every step.

    Attributes:
        titles: The rows about cells, by quantity, and what they are called.
        parts: What the state of each cell consists of, by number.
        label: The columns of the names of rows.
        chunks: The cells that stand side by side, by number.
        widths: The columns of each cell, by number.
        symbols: The columns of each number of the reader.
        question: What the reader's numbers are about.
        at_rest: How many cells are left out.
        counted: The cells that hold a counter, by number.
    """

    titles: Mapping[str, str]
    parts: Sequence[tuple[str, ...]]
    label: int
    chunks: Sequence[Sequence[int]]
    widths: Mapping[int, int]
    symbols: int
    question: str
    at_rest: int
    counted: Collection[int]


def _layout(trace: Trace, width: int, all_cells: bool, only: Sequence[str]) -> _Layout:
    """The widest spacing in which the chosen cells fit side by side, else the narrowest."""
    net, steps = trace.net, trace.steps
    cells = [net.cells.index(name) for name in only] or numbered(net.cells)
    moving = [cell for cell in cells if not steps or _moves(steps, cell)]
    titles = {**gate_titles(steps[0].gates if steps else ()), **_PARTS}
    parts = [layer.cell.parts for layer in net.layers for _ in range(layer.size)]
    titles = {k: title for k, title in titles.items() if any(_is_in(own, k) for own in parts)}
    longest = max((_longest(steps, titles, cell) for cell in cells), default=0)
    heads = [len(name) for step in steps[:1] for name in step.reader]
    numbers = [len(f"{value:+.2f}") for step in steps for value in step.reader.values()]
    question = _READER[net.observed[0]]
    short = {k: t.partition(" (")[0] for k, t in titles.items()}
    titles = short if width < NARROW else titles
    label = max(map(len, (*titles.values(), question)))
    for shown, gap in itertools.product((cells,) if all_cells or only else (cells, moving), (2, 1)):
        widths = {cell: gap + max(longest, len(net.cells[cell])) for cell in cells}
        chunks = list(_chunks(shown, widths, width - label))
        if len(chunks) <= 1:
            break
    symbols = max((*heads, *numbers), default=0)
    symbols += 2 if label + (symbols + 2) * len(heads) <= width else 1
    at_rest = len(cells) - len(shown)
    counting = getattr(net, "counting", None)  # nets in Python's own numbers count nothing
    counted = [net.cells.index(each.cell) for each in counting.cells] if counting else []
    return _Layout(titles, parts, label, chunks, widths, symbols, question, at_rest, counted)


_PARTS = {"memory": "memory", "hidden": "hidden state"}
_READER = {"legal": "next symbol", "accept": "word may end", "label": "output"}


def _is_in(parts: tuple[str, ...], quantity: str) -> bool:
    """Whether a cell with these parts has what a row shows; gates that it lacks are NaN."""
    return quantity not in _PARTS or {"memory": "cell"}.get(quantity, quantity) in parts


def _values(step: TraceStep, quantity: str) -> Floats:
    values: Floats = step.gates[quantity] if quantity in step.gates else getattr(step, quantity)
    return values


def _longest(steps: Sequence[TraceStep], quantities: Iterable[str], cell: int) -> int:
    """The characters of a cell's longest number."""
    values = (float(_values(step, name)[cell]) for step in steps for name in quantities)
    return max(map(len, map(_number, values)), default=0)


def _moves(steps: Sequence[TraceStep], cell: int) -> bool:
    """Whether a cell's memory or hidden state is shown with more than one number."""
    pairs = {(_number(step.memory[cell]), _number(step.hidden[cell])) for step in steps}
    return len(pairs) > 1 or any(abs(step.memory[cell]) > 1.0 + NEAR for step in steps)


def _chunks(cells: Sequence[int], widths: Mapping[int, int], room: int) -> Iterator[list[int]]:
    """Split the cells into groups that fit side by side."""
    chunk: list[int] = []
    used = 0
    for cell in cells:
        if chunk and used + widths[cell] > room:
            yield chunk
            chunk, used = [], 0
        chunk.append(cell)
        used += widths[cell]
    if chunk:
        yield chunk


def _block(
    step: TraceStep, names: Sequence[str], cells: Sequence[int], layout: _Layout
) -> Iterator[str]:
    """A row for each gate and for what is kept, of the cells side by side."""
    yield " " * layout.label + "".join(
        _styled(
            f"{names[cell]:>{layout.widths[cell]}}",
            "title" if abs(step.memory[cell]) > 0.5 else "quiet",
        )
        for cell in cells
    )
    for name, title in layout.titles.items():
        values, style = _values(step, name), "active" if name in _PARTS else "plain"
        row = f"{title:<{layout.label}}"
        for cell in cells:
            value = float(values[cell]) if _is_in(layout.parts[cell], name) else math.nan
            text = _number(value)
            text = "0" if text == "·" and name == "memory" and cell in layout.counted else text
            text = f"{text:>{layout.widths[cell]}}"
            quiet = abs(value) <= NEAR
            row += _styled(text, "quiet" if quiet else style if value > 0.5 else "plain")
        yield row


def _is_long(step: TraceStep) -> bool:
    return len(step.reader) > MAX_READER_SYMBOLS


def _reader(step: TraceStep, layout: _Layout, width: int) -> Iterator[str]:
    """The numbers that the answer is read from, below what they are about."""
    if _is_long(step):
        return
    said = step.legal if step.legal is not None else ("accept",) * bool(step.accept)
    if step.label is not None and step.legal is None and step.accept is None:
        said = (step.label,)
    across = max(1, (width - layout.label) // layout.symbols)
    names = list(step.reader)
    for at in range(0, len(names), across):
        part = names[at : at + across]
        styles = ["title" if name in said else "quiet" for name in part]
        for label, texts in (
            (layout.question, part),
            ("reader", [minus(f"{step.reader[name]:+.2f}") for name in part]),
        ):
            row = f"{label:<{layout.label}}"
            for text, style in zip(texts, styles, strict=True):
                row += _styled(f"{text:>{layout.symbols}}", style)
            yield row


def _number(value: float) -> str:
    if math.isnan(value):
        return ""
    if abs(value) <= NEAR:
        return "·"
    whole = abs(value - round(value)) <= NEAR if math.isfinite(value) else False
    return minus(f"{value:.0f}" if whole else f"{value:.2f}")


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
    for name in steps[0].counts if steps else ():
        counts = (str(step.counts.get(name, "✗")) for step in steps)
        rows.append([head(f"counter {name}"), *map(Field, counts)])
    rows.append([head(_QUESTIONS[net.observed[0]]), *map(_answer, steps)])
    if not all(step.judged for step in steps):
        rows.append([head("judged"), *(Field("yes" if step.judged else "no") for step in steps)])
    for index in numbered(net.cells):
        values = (number_field(step.memory[index], 1.0) for step in steps)
        rows.append([head(f"memory {net.cells[index]}"), *values])
    symbols = [step.symbol + (" ⊘" if step.ok is False else "") for step in steps]
    return block(title, notes, Table(rows, ["symbol", *symbols]))


_QUESTIONS = {"legal": "offers", "accept": "may end", "label": "output"}


def _answer(step: TraceStep) -> Field:
    text = ("yes" if step.accept else "no") if step.legal is None else listed(step.legal, "–")
    text = step.label or text if step.legal is None and step.accept is None else text
    if step.right is False:
        return Field(f"✗ {text}", "text-align:center;font-weight:bold")
    return Field(text)
