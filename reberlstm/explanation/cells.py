"""One cell: what it stands for, when it is active, and what leaks; and one readout."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from reberlstm.explanation.gates import SILENT, GateTable, in_order, reasons, span, threshold
from reberlstm.explanation.latches import is_latch, latch_sentence
from reberlstm.explanation.model import (
    Block,
    CellExplanation,
    Cover,
    GateExplanation,
    HeadExplanation,
    HeadLine,
    Names,
    Table,
    names_of,
    shortest,
    size,
)
from reberlstm.explanation.phrases import Wording, condition
from reberlstm.explanation.vertices import (
    CellTable,
    Vertices,
    active_memory,
    reads_memory,
    tabulate,
)
from reberlstm.explanation.wording import amount, listed, shown
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.net.readouts import Readout

VAGUE, FIRM = 0.1, 0.75
"""Between these parts of an active cell's height a cell is neither active nor not."""

NOTICEABLE = 0.05
"""What may add up in a loop, as part of an active cell's memory, without a word."""

MAX_NOTES = 4
MAX_AMOUNTS = 4

MAX_ROUNDS = 1_000
"""How often a loop may go round before anything adds up, without a word."""


def explain_cell(vertices: Vertices, cell: int, table: CellTable) -> CellExplanation:
    """All of one cell, from its table."""
    net = vertices.net
    gates: dict[str, GateExplanation] = {}
    kind = net.layers[0].cell
    for gate in in_order(kind.gates):
        row = GateTable(gate, vertices, cell, table)
        left = f"{kind.words.get(gate, gate)}[{shown(net.cells[cell])}]"
        gates[gate] = GateExplanation(
            gate, row.sentence(), f"{left} = {row.code()}", row.rules, tuple(reasons(row))
        )
    notes = [*_vague(vertices, table), *_leaks(vertices, cell, table), *_worn(vertices, cell)]
    if len(notes) > MAX_NOTES:
        notes = [*notes[: MAX_NOTES - 1], f"and {len(notes) - MAX_NOTES + 1} more such cases"]
    role, sentence = _role(vertices, cell), _sentence(vertices, cell, table)
    return CellExplanation(net.cells[cell], role, sentence, gates, tuple(notes))


def _role(vertices: Vertices, cell: int) -> str:
    if cell in vertices.clocks:
        return "active from the first symbol on"
    if is_latch(vertices, cell, tabulate(vertices, cell)):
        return "latch"
    state = vertices.all[vertices.place[cell]].state if cell in vertices.place else None
    if state is None:
        return f"cell {shown(vertices.net.cells[cell])}"
    copies = [v.cell for v in vertices.all if v.cell is not None and v.state == state]
    if len(copies) == 1:
        return f"node {shown(state)}"
    return f"copy {copies.index(cell) + 1} of {len(copies)} of node {shown(state)}"


def _sentence(vertices: Vertices, cell: int, table: CellTable) -> str:
    if is_latch(vertices, cell, table):
        return latch_sentence(vertices, cell, table)
    if (table.kept > 0.5).any():
        return _keeping_sentence(vertices, cell, table)
    half = vertices.net.height / 2.0
    if vertices.coded and (table.hidden < -half).any():
        signs = {"active": table.hidden > half, "negative": table.hidden < -half}
        return "; ".join(
            f"{sign} after {_from(vertices, cell, where)}"
            for sign, where in signs.items()
            if where.any()
        )
    active = (table.hidden if vertices.signed else np.abs(table.hidden)) > half
    if not active.any():
        return "never active"
    if not active.all():
        return f"active after {_from(vertices, cell, active)}"
    if cell in vertices.clocks:
        return "active from the first symbol on, whatever comes"
    return "active after every symbol"


def _keeping_sentence(vertices: Vertices, cell: int, table: CellTable) -> str:
    """For a cell that keeps: what is added where, and when it is erased."""
    wording = Wording(vertices, vertices.net.alphabet)
    added = np.where(np.abs(table.added) <= SILENT, 0.0, np.round(table.added, 2))
    amounts = sorted(np.unique(added[added != 0.0]).tolist(), key=lambda a: -abs(a))
    shown_ = [(f"{value:g}".replace("-", "−"), added == value) for value in amounts[:MAX_AMOUNTS]]
    covers = [_cover(vertices, where) for _, where in shown_]
    nodes = {block.nodes for cover in covers for block in cover.blocks}
    if len(nodes) == 1 and all(len(cover.blocks) == 1 and not cover.negated for cover in covers):
        gains = [
            f"{value} on {wording.what(cover.blocks[0].symbols)}"
            for (value, _), cover in zip(shown_, covers, strict=True)
        ]
        (where,) = nodes
        if where.negated and where.listed:
            gains[-1] += f", but not from {wording.nodes(where.listed)}"
        elif not where.negated:
            gains[-1] += f" {wording.where(where, 'from')}"
        parts = [f"gains {listed(gains)}"]
    else:
        parts = [f"gains {value} on {_from(vertices, cell, where)}" for value, where in shown_]
    if len(amounts) > MAX_AMOUNTS:
        parts.append("and less elsewhere")
    kept = table.kept > 0.5
    keeps, erases = _cover(vertices, kept), _cover(vertices, ~kept)
    if kept.all():
        parts.append("is never erased")
    elif size(erases) <= size(keeps) + 1:
        parts.append(f"is erased {wording.say(erases, prefix='on')}")
    else:
        parts.append(f"is kept {wording.say(keeps, prefix='on')}")
    return "; ".join(parts)


def _cover(vertices: Vertices, mask: Table) -> Cover:
    return shortest(mask, vertices.names, vertices.net.alphabet, symbols_first=True)


def _from(vertices: Vertices, cell: int, mask: Table) -> str:
    """Any of some pairs, with the remark that the cell's own are loops."""
    cover = _cover(vertices, mask)
    text = Wording(vertices, vertices.net.alphabet, conjunction="or").say(cover, "from")
    name = vertices.net.cells[cell]
    loops = any(block.nodes.listed == (name,) for block in cover.blocks)
    if not cover.negated and loops and len(cover.blocks) <= 3:
        own = f"from node {shown(name)}"
        text = text.replace(own, f"{own} (a loop)", 1)
    return text


def _vague(vertices: Vertices, table: CellTable) -> Iterator[str]:
    """Where the cell is left between two vertices, unless it is meant to gather breadcrumbs."""
    if reads_memory(vertices.net):
        return
    height = np.abs(table.hidden) / vertices.net.height
    vague = (height > VAGUE) & (height < FIRM)
    wording = Wording(vertices, vertices.net.alphabet)
    for value in np.unique(np.round(height[vague], 1)).tolist():
        where = vague & (np.round(height, 1) == value)
        pairs = wording.say(_cover(vertices, where), "from")
        yield f"after {pairs} its h is {span(height[where])} of that of an active cell"
    negative = table.hidden < -VAGUE * vertices.net.height
    if not (vertices.coded or vertices.signed) and negative.any():
        yield f"after {wording.say(_cover(vertices, negative), 'from')} it is negative"


class _Loop(NamedTuple):
    """A self-loop of the grammar, repeated again and again, and a memory that is kept there.

    In a loop the gates stay what they are as long as the other cells do, so the memory follows
    ``c' = kept·c + added`` and comes to ``limit = added / (1 − kept)``.
    """

    text: str
    active: float
    kept: float
    added: float

    @property
    def limit(self) -> float:
        return self.added / (1.0 - self.kept)

    def rounds(self, start: float, target: float) -> int:
        """Steps from `start` until `target` is passed."""
        way = (target - self.limit) / (start - self.limit)
        return math.ceil(math.log(way) / math.log(self.kept))


def _loops(vertices: Vertices, cell: int, table: CellTable) -> Iterator[_Loop]:
    for place, a in vertices.loops:
        kept, added = float(table.kept[place, a]), float(table.added[place, a])
        if 0.5 < kept < 1.0:
            symbol, node = shown(vertices.net.alphabet[a]), shown(vertices.names[place])
            active = float(vertices.active(cell)[place])
            yield _Loop(f"a loop of {symbol} at node {node}", active, kept, added)


def _leaks(vertices: Vertices, cell: int, table: CellTable) -> Iterator[str]:
    full = active_memory(vertices.net)
    least, half = NOTICEABLE * full, full / 2.0
    for loop in _loops(vertices, cell, table):
        limit = loop.limit
        if loop.active:
            if limit * loop.active < half:
                rounds = loop.rounds(full, half)
                left = f"{amount(loop.kept)} is left a step, half after {rounds:,} steps"
                yield f"fades in {loop.text}: {left}"
        elif abs(limit) > least:
            if loop.rounds(0.0, math.copysign(least, limit)) > MAX_ROUNDS:
                continue
            adds_up = f"{amount(loop.added)} comes in a step and adds up to {limit:.2g}"
            past = f", past ½ after {loop.rounds(0.0, half):,} steps" if limit > half else ""
            yield f"leaks in {loop.text}: {adds_up}{past}"


def _worn(vertices: Vertices, cell: int) -> Iterator[str]:
    """Where a gate counts on another cell's memory, and a self-loop wears that memory down."""
    net = vertices.net
    words = net.layers[0].cell.words
    for gate in net.layers[0].cell.gates:
        guard = threshold(gate, vertices, cell)
        if guard is None or guard[0] == net.cells[cell] or not 0.0 < guard[1] < 1.0:
            continue
        name, turn = guard
        other = net.cells.index(name)
        for loop in _loops(vertices, other, tabulate(vertices, other)):
            if loop.active and loop.limit < turn:
                yield (
                    f"its {words.get(gate, gate)} counts on memory {shown(name)} to be over "
                    f"{amount(turn)}; {loop.text} wears it down to that in "
                    f"{loop.rounds(1.0, turn):,} steps"
                )


MAX_SHOWN = 6
"""Of more symbols than these only the likeliest are named."""

NEGLIGIBLE = 1e-6
"""Symbols of a smaller probability are not named."""


def explain_heads(vertices: Vertices) -> Mapping[str, HeadExplanation]:
    """All heads of the net, in the order in which they are declared."""
    found = {}
    for name, head in vertices.net.heads.items():
        values: Floats = vertices.reading(head.weight) + head.bias[:, np.newaxis]  # (R, P)
        found[name] = (_next if name == "next" else _truths)(vertices, name, head, values)
    return found


def _truths(vertices: Vertices, name: str, head: Readout, values: Floats) -> HeadExplanation:
    """A head of which each row is true at some vertices, and false at the others."""
    net = vertices.net
    values = np.tanh(values) if head.rule.function == "tanh" else values
    true = values > head.threshold
    margin = f"at least {amount(float(np.abs(values - head.threshold).min()))} away from"
    rows, verb = net.alphabet, "offered"
    sentence = (
        f"which symbols may come next: those over {head.threshold:g}; every node is {margin} that"
    )
    if name == "accept":
        rows, verb = ("accept",), "the word may end"
        sentence = f"whether the word may end; every node is {margin} {head.threshold:g}"
    elif name == "label":
        rows, verb = net.labels, "largest"
        sentence = "the output: the label whose row is the largest"
        true = values.argmax(axis=0) == np.arange(len(rows))[:, np.newaxis]
    lines = []
    for row, what in enumerate(rows):
        where = names_of(true[row], vertices.names)
        cover = Cover((Block(where, Names((), negated=True)),))
        if true[row].all() or not true[row].any():
            cover = Cover((), negated=bool(true[row].all()))
        text = f"{verb} {Wording(vertices, net.alphabet).where(where)}"
        if not true[row].any():
            text = "the word may end nowhere" if name == "accept" else f"never {verb}"
        left = "accept" if name == "accept" else f"{name}[{shown(what)}]"
        text += _threshold(net, head, row)
        lines.append(HeadLine(what, text, f"{left} = {condition(cover)}", where))
    return HeadExplanation(name, sentence, tuple(lines))


def _threshold(net: Net, head: Readout, row: int) -> str:
    """For a row of the published reader that weighs memories equally: what they must exceed."""
    weights = head.weight[row]
    read = np.flatnonzero(weights)
    equal = len(read) > 0 and len(set(weights[read].tolist())) == 1 and weights[read[0]] > 0.0
    if head.rule.function != "tanh" or not equal:
        return ""
    sum_ = " + ".join(f"memory {shown(net.cells[k])}" for k in read)
    turn = (math.atanh(head.threshold) - head.bias[row]) / weights[read[0]]
    return f" ({sum_} over {amount(float(turn))})"


def _next(vertices: Vertices, name: str, head: Readout, values: Floats) -> HeadExplanation:
    shares = np.exp(values - values.max(axis=0))
    shares /= shares.sum(axis=0)
    lines = [
        HeadLine(node, _distribution(vertices, place, shares[:, place]))
        for place, node in enumerate(vertices.names)
    ]
    sentence = "how likely each symbol comes next (softmax), if the word goes on"
    return HeadExplanation(name, sentence, tuple(lines))


def _distribution(vertices: Vertices, place: int, shares: Floats) -> str:
    grammar, state = vertices.grammar, vertices.all[place].state
    over = grammar is not None and (state is None or not grammar.legal(state))
    if over and np.ptp(shares) < NEGLIGIBLE:
        return "nothing may follow"
    order = sorted(np.flatnonzero(shares > NEGLIGIBLE).tolist(), key=lambda a: -shares[a])
    text = ", ".join(
        f"{shown(vertices.net.alphabet[a])} {shares[a]:.3g}" for a in order[:MAX_SHOWN]
    )
    return text + (f" and {len(order) - MAX_SHOWN} more" if len(order) > MAX_SHOWN else "")
