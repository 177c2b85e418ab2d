"""One cell: what it stands for, when it is active, and what leaks."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reberlstm.explanation.gates import SILENT, GateTable, in_order, reasons, span, threshold
from reberlstm.explanation.model import (
    CellExplanation,
    Cover,
    GateExplanation,
    Table,
    shortest,
    size,
)
from reberlstm.explanation.vertices import (
    CellTable,
    Vertices,
    active_memory,
    reads_memory,
    tabulate,
)
from reberlstm.explanation.wording import Wording, amount, code, listed, shown

PSEUDO = {"input": "filter", "forget": "eraser", "candidate": "writer", "output": "output"}
"""What the gates are called in pseudo-code: the Toy LSTM's words, where it has one."""

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
    name = net.cells[cell]
    gates: dict[str, GateExplanation] = {}
    for gate in in_order(net.layers[0].cell.gates):
        row = GateTable(gate, vertices, cell, table)
        gates[gate] = GateExplanation(
            name=gate,
            sentence=row.sentence(),
            code=f"{PSEUDO[gate]}[{shown(name)}] = {code(row.rules)}",
            rules=row.rules,
            weights=tuple(reasons(row)),
        )
    notes = [*_vague(vertices, table), *_leaks(vertices, cell, table)]
    notes += _worn_guards(vertices, cell)
    if len(notes) > MAX_NOTES:
        notes = [*notes[: MAX_NOTES - 1], f"and {len(notes) - MAX_NOTES + 1} more such cases"]
    return CellExplanation(
        name=name,
        role=_role(vertices, cell),
        sentence=_sentence(vertices, cell, table),
        gates=gates,
        notes=tuple(notes),
    )


def _role(vertices: Vertices, cell: int) -> str:
    name = vertices.net.cells[cell]
    if cell in vertices.clocks:
        return "active from the first symbol on"
    if cell not in vertices.cells:
        return f"cell {shown(name)}"
    state = vertices.states[vertices.cells.index(cell)]
    if state is None:
        return f"cell {shown(name)}"
    copies = [
        own
        for own, stands_for in zip(vertices.cells, vertices.states, strict=True)
        if own is not None and stands_for == state
    ]
    if len(copies) == 1:
        return f"node {shown(state)}"
    return f"copy {copies.index(cell) + 1} of {len(copies)} of node {shown(state)}"


def _sentence(vertices: Vertices, cell: int, table: CellTable) -> str:
    if (table.gates["forget"] > 0.5).any():
        return _keeping_sentence(vertices, cell, table)
    half = vertices.net.height / 2.0
    if vertices.coded and (table.hidden < -half).any():
        signs = {"active": table.hidden > half, "negative": table.hidden < -half}
        parts = [
            f"{sign} after {_from(vertices, cell, _cover(vertices, where))}"
            for sign, where in signs.items()
            if where.any()
        ]
        return "; ".join(parts)
    active = np.abs(table.hidden) > half
    if not active.any():
        return "never active"
    cover = _cover(vertices, active)
    if cover.is_everything:
        if cell in vertices.clocks:
            return "active from the first symbol on, whatever comes"
        return "active after every symbol"
    return f"active after {_from(vertices, cell, cover)}"


def _keeping_sentence(vertices: Vertices, cell: int, table: CellTable) -> str:
    """For a cell that keeps: what is added where, and when it is erased."""
    wording = Wording(vertices, vertices.net.alphabet)
    added = np.where(np.abs(table.added) <= SILENT, 0.0, np.round(table.added, 2))
    amounts = sorted(np.unique(added[added != 0.0]).tolist(), key=lambda a: -abs(a))
    covers = [_cover(vertices, added == value) for value in amounts[:MAX_AMOUNTS]]
    nodes = {block.nodes for cover in covers for block in cover.blocks}
    parts = []
    if len(nodes) == 1 and all(len(cover.blocks) == 1 and not cover.negated for cover in covers):
        gains = [
            f"{value:g} on {wording.what(cover.blocks[0].symbols)}".replace("-", "−")
            for value, cover in zip(amounts, covers, strict=False)
        ]
        (where,) = nodes
        if where.negated and where.listed:
            gains[-1] += f", but not from {wording.nodes(where.listed)}"
        elif not where.negated:
            gains[-1] += f" {wording.where(where, 'from')}"
        parts.append(f"gains {listed(gains)}")
    else:
        parts += [
            f"gains {value:g} on {_from(vertices, cell, cover)}".replace("-", "−")
            for value, cover in zip(amounts, covers, strict=False)
        ]
    if len(amounts) > MAX_AMOUNTS:
        parts.append("and less elsewhere")
    kept = table.gates["forget"] > 0.5
    if kept.all():
        parts.append("is never erased")
    else:
        keeps, erases = _cover(vertices, kept), _cover(vertices, ~kept)
        if size(erases) <= size(keeps) + 1:
            parts.append(f"is erased {wording.say(erases, prefix='on')}")
        else:
            parts.append(f"is kept {wording.say(keeps, prefix='on')}")
    return "; ".join(parts)


def _cover(vertices: Vertices, mask: Table) -> Cover:
    return shortest(mask, vertices.names, vertices.net.alphabet, symbols_first=True)


def _from(vertices: Vertices, cell: int, cover: Cover) -> str:
    """Any of some pairs, with the remark that the cell's own are loops."""
    wording = Wording(vertices, vertices.net.alphabet, conjunction="or")
    text = wording.say(cover, "from")
    own = f"from node {shown(vertices.net.cells[cell])}"
    loops = [block for block in cover.blocks if block.nodes.listed == (vertices.net.cells[cell],)]
    if not cover.negated and loops and len(cover.blocks) <= 3:
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
    if not vertices.coded and negative.any():
        yield f"after {wording.say(_cover(vertices, negative), 'from')} it is negative"


def _leaks(vertices: Vertices, cell: int, table: CellTable) -> Iterator[str]:
    """What a self-loop of the grammar, gone round again and again, does to a memory that is kept.

    In a loop the gates stay what they are as long as the other cells do, so the memory follows
    ``c' = f·c + i·g`` and comes to ``i·g / (1 − f)``.
    """
    full = active_memory(vertices.net)
    for place, a in vertices.loops:
        kept, added = float(table.gates["forget"][place, a]), float(table.added[place, a])
        if not 0.5 < kept < 1.0:
            continue
        limit = added / (1.0 - kept)
        where = _loop(vertices, place, a)
        if vertices.active(cell)[place]:
            if limit < full / 2.0:
                rounds = _rounds(kept, full, limit, full / 2.0)
                yield (
                    f"fades in {where}: {amount(kept)} is left a step, half after {rounds:,} steps"
                )
        elif (
            abs(limit) > NOTICEABLE * full
            and _rounds(kept, 0.0, abs(limit), NOTICEABLE * full) <= MAX_ROUNDS
        ):
            text = f"leaks in {where}: {amount(added)} comes in a step and adds up to {limit:.2g}"
            if limit > full / 2.0:
                text += f", past ½ after {_rounds(kept, 0.0, limit, full / 2.0):,} steps"
            yield text


def _worn_guards(vertices: Vertices, cell: int) -> Iterator[str]:
    """Where a gate counts on another cell's memory, and a self-loop wears that memory down."""
    net = vertices.net
    for gate in net.layers[0].cell.gates:
        guard = threshold(gate, vertices, cell)
        if guard is None or guard[0] == net.cells[cell] or not 0.0 < guard[1] < 1.0:
            continue
        other = net.cells.index(guard[0])
        table = tabulate(vertices, other)
        for place, a in vertices.loops:
            kept, added = float(table.gates["forget"][place, a]), float(table.added[place, a])
            if not vertices.active(other)[place] or not 0.5 < kept < 1.0 or added >= 1.0 - kept:
                continue
            limit = added / (1.0 - kept)
            if limit < guard[1]:
                rounds = _rounds(kept, 1.0, limit, guard[1])
                yield (
                    f"its {PSEUDO[gate]} counts on memory {shown(guard[0])} to be over "
                    f"{amount(guard[1])}; {_loop(vertices, place, a)} wears it down to that in "
                    f"{rounds:,} steps"
                )


def _loop(vertices: Vertices, place: int, a: int) -> str:
    symbol = shown(vertices.net.alphabet[a])
    return f"a loop of {symbol} at node {shown(vertices.names[place])}"


def _rounds(kept: float, start: float, limit: float, target: float) -> int:
    """Steps of ``c' = kept·c + (1 − kept)·limit`` from `start` until `target` is passed."""
    return math.ceil(math.log((target - limit) / (start - limit)) / math.log(kept))


MAX_SHOWN = 3


class Steps:
    """Collects, cell by cell, which cells are active after each (vertex, symbol) pair."""

    def __init__(self, vertices: Vertices) -> None:
        shape = (len(vertices.names), len(vertices.net.alphabet))
        self.vertices = vertices
        self.count: NDArray[np.intp] = np.zeros(shape, dtype=np.intp)
        self.last: NDArray[np.intp] = np.full(shape, -1)

    def add(self, cell: int, active: NDArray[np.bool_]) -> None:
        """Note where a cell is active after the step; cells must come in order."""
        if cell not in self.vertices.clocks:
            self.count += active
            self.last[active] = cell

    def summary(self) -> str | None:
        """One sentence, or None where the cells are not named after states of a grammar."""
        vertices = self.vertices
        if vertices.grammar is None or not any(vertices.states):
            return None
        wrong = list(self._wrong())
        pairs = self.count.size
        if not wrong:
            return (
                f"at all {pairs:,} (node, symbol) pairs the net steps as the grammar does; this is "
                "read off the weights with exactly one node active, and that memory stays close to "
                "that for ever is what `certify` proves"
            )
        shown_ = "; ".join(wrong[:MAX_SHOWN])
        return (
            f"not what the grammar says at {len(wrong)} of {pairs:,} (node, symbol) pairs: {shown_}"
        )

    def _wrong(self) -> Iterator[str]:
        vertices, net = self.vertices, self.vertices.net
        assert vertices.grammar is not None
        tables = vertices.grammar.tables(net.on_violation)
        index = {state: number for number, state in enumerate(tables.names)}
        places = {cell: place for place, cell in enumerate(vertices.cells) if cell is not None}
        column = tables.columns(net.alphabet)
        wording = Wording(vertices, net.alphabet)
        # With no cell active the net is after a violation, or at the start where none can happen.
        rest = vertices.states[1] if vertices.clocks else vertices.states[0]
        for place, state in enumerate(vertices.states):
            if state not in index:
                continue
            for a, symbol in enumerate(net.alphabet):
                expected = tables.names[tables.table[index[state]][column[a]]]
                count, cell = self.count[place, a], int(self.last[place, a])
                reached = rest if count == 0 else vertices.states[places[cell]]
                if count <= 1 and reached == expected:
                    continue
                here = f"at {wording.nodes([vertices.names[place]])}"
                goal = f"node {shown(expected)}" if expected is not None else "a violation"
                what = (
                    f"{count} cells at once"
                    if count > 1
                    else f"node {shown(net.cells[cell])}"
                    if count
                    else "no node"
                )
                yield f"{shown(symbol)} {here} should lead to {goal}, and leads to {what}"
