"""What a notebook shows of machines, nets, runs and verdicts, as HTML.

The text keeps the notebook's own colours, light or dark; fields are tinted blue (positive) or
orange (negative) with their numbers in them. Whatever is too large to be read is described instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from reberlstm.certificates import Certificate
from reberlstm.certificates.results import figure
from reberlstm.errors import ReberLSTMError
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import LSTMWeights
from reberlstm.render.draw import to_svg
from reberlstm.render.plots import is_wrong
from reberlstm.simulator import Trace

MAX_DRAWN = 40
"""Larger machines take Graphviz longer than a reader of a notebook waits."""

MAX_STEPS = 60
MAX_CELLS = 24
MAX_COLUMNS = 40
MAX_STATES = 40

GATES = {
    "forget": "forget gate (eraser)",
    "candidate": "candidate (writer)",
    "input": "input gate (filter)",
    "output": "output gate",
}

TIME_LIMIT = 5.0

FIGURE_WIDTH = len(figure("", ""))
"""Where the text begins in a line of a certificate's figures."""


def to_html(value: Any) -> str:
    """The HTML of a value of one of the kinds in `SHOWN`.

    Raises:
        TypeError: for any other value.
    """
    for kind, show in SHOWN.items():
        if isinstance(value, kind):
            return show(value)
    raise TypeError(f"nothing is known of how to show a {type(value).__name__}")


def machine_svg(fsm: FSM) -> str | None:
    """The state graph as SVG, or None where it is too large or there is no Graphviz."""
    if len(fsm.states) > MAX_DRAWN:
        return None
    try:
        return to_svg(fsm, time_limit=TIME_LIMIT)
    except ReberLSTMError:
        return None


def _machine(fsm: FSM) -> str:
    arrows = sum(len(line) for line in fsm.transitions.values())
    facts = (
        f"{len(fsm.states)} states, {arrows} transitions over {len(fsm.alphabet)} symbols; "
        f"starts at {fsm.start}, accepts at {', '.join(sorted(fsm.accepting)) or 'no state'}"
    )
    return _block(fsm.title or str(fsm), [facts], machine_svg(fsm) or "")


def _net(net: LSTMWeights) -> str:
    facts = [
        f"{net.size} cells over {len(net.alphabet)} symbols ({' '.join(net.alphabet[:40])}); "
        f"heads: {', '.join(net.heads) or 'none'}; claims: {net.claims}"
        + (f"; gain {net.gain:g}" if net.gain is not None else "")
    ]
    if net.size > MAX_CELLS or net.size + len(net.alphabet) > MAX_COLUMNS:
        nonzero = int(np.count_nonzero(net.weight_ih) + np.count_nonzero(net.weight_hh))
        facts.append(f"{nonzero:,} weights are not zero, too many for a table")
        return _block(f"{net.name or 'unnamed'} net", facts)
    reads = "c" if net.cell == "published" else "h"
    heads = ["gate", "cell", "bias", *net.alphabet, *(f"{reads}[{cell}]" for cell in net.cells)]
    rows = []
    largest = max(np.abs(net.weight_ih).max(), np.abs(net.weight_hh).max(), 1e-9)
    for gate in (name for name in GATES if name in net.gates):
        block = np.column_stack([net.bias, net.weight_ih, net.weight_hh])[net.rows(gate)]
        for index, cell in enumerate(net.cells):
            first = _head(GATES[gate], rows=net.size) if index == 0 else ""
            fields = "".join(_field(value, largest) for value in block[index])
            rows.append(f"{first}{_head(cell)}{fields}")
    return _block(f"{net.name or 'unnamed'} net", facts, _table(heads, rows))


def _run(trace: Trace) -> str:
    steps, net = trace.steps, trace.weights
    name = f"{net.name or 'unnamed'} net on {_text(trace.word, net.alphabet) or 'the empty string'}"
    facts = [_verdict(trace)]
    if len(steps) > MAX_STEPS or net.size > MAX_CELLS:
        facts.append(
            f"{len(steps)} symbols by {net.size} cells are too many for a table; "
            "trace.to_html() is a page for them"
        )
        return _block(name, facts)
    rows = []
    if trace.grammar is not None:
        nodes = (_cell("✗" if step.state is None else step.state) for step in steps)
        rows.append(_head("node") + "".join(nodes))
    offers = (_offers(trace, step.t, " ".join(step.legal) or "–") for step in steps)
    rows.append(_head("offers") + "".join(offers))
    for index, cell in enumerate(net.cells):
        values = (_field(step.memory[index], 1.0) for step in steps)
        rows.append(_head(f"memory {cell}") + "".join(values))
    symbols = [step.symbol + ("" if step.ok else " ⊘") for step in steps]
    return _block(name, facts, _table(["symbol", *symbols], rows))


def _offers(trace: Trace, t: int, text: str) -> str:
    return f"<td><b>✗ {escape(text)}</b></td>" if is_wrong(trace, t) else _cell(text)


def _verdict(trace: Trace) -> str:
    offered = " ".join(trace.offered_last) or "nothing"
    wrong = next((step for step in trace.steps if is_wrong(trace, step.t)), None)
    if wrong is not None:
        return f"✗ wrong at symbol {wrong.t}: it offers {' '.join(wrong.legal) or 'nothing'}"
    if trace.violation_at is not None:
        symbol = trace.steps[trace.violation_at - 1].symbol
        return f"violation at symbol {trace.violation_at}: {symbol} had not been offered"
    if trace.accepted:
        return f"accepted; it offers {offered} next"
    return f"no violation; it offers {offered} next"


def _certificate(certificate: Certificate) -> str:
    title, *figures = str(certificate).splitlines()
    rows = []
    for line in figures:
        name, text = line[:FIGURE_WIDTH].strip(), line[FIGURE_WIDTH:].strip()
        rows.append(_head(name) + _cell(text, left=True))
    mark = {True: "✓", False: "✗", None: "?"}[certificate.holds]
    return _block(f"{mark} {title}", [], _table([], rows))


SHOWN: dict[type, Callable[[Any], str]] = {
    FSM: _machine,
    LSTMWeights: _net,
    Trace: _run,
    Certificate: _certificate,
}
"""How each kind of value is shown."""


def _text(word: Sequence[str], alphabet: Iterable[str]) -> str:
    return (" " if any(len(symbol) != 1 for symbol in alphabet) else "").join(word)


def _block(title: str, lines: Iterable[str], content: str = "") -> str:
    notes = "".join(f'<div style="opacity:.8">{escape(line)}</div>' for line in lines)
    return (
        f'<div class="reberlstm"><div><b>{escape(title)}</b></div>{notes}'
        f'<div style="overflow-x:auto">{content}</div></div>'
    )


def _table(heads: Sequence[str], rows: Iterable[str]) -> str:
    top = "".join(_head(head, column=True) for head in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    head = f"<thead><tr>{top}</tr></thead>" if heads else ""
    return f"<table>{head}<tbody>{body}</tbody></table>"


def _head(text: str, *, column: bool = False, rows: int = 1) -> str:
    scope = "col" if column else "row" if rows == 1 else "rowgroup"
    span = f' rowspan="{rows}"' if rows > 1 else ""
    style = "text-align:center" if column else "text-align:left;vertical-align:top"
    return f'<th scope="{scope}"{span} style="{style}">{escape(text)}</th>'


def _cell(text: str, *, left: bool = False) -> str:
    return f'<td style="text-align:{"left" if left else "center"}">{escape(text)}</td>'


def _field(value: float, largest: float) -> str:
    """A number on a tint that is stronger the larger it is; nothing for what is next to nothing."""
    if abs(value) < 1e-3 * largest:
        return '<td style="text-align:center;opacity:.4">·</td>'
    share = 0.12 + 0.5 * min(1.0, abs(float(value)) / largest)
    colour = "43,127,195" if value > 0 else "217,119,43"
    text = f"{value:.4g}" if abs(value) >= 100 else f"{value:.3g}"
    text = text.replace("-", "−")
    return f'<td style="text-align:center;background:rgba({colour},{share:.2f})">{text}</td>'
