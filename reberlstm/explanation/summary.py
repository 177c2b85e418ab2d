"""What there is to say of a whole net: how sure its gates are, what leaks, if it is right.

Of a net that nobody wired there are only numbers: sizes, saturation, largest weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from reberlstm.explanation.gates import OPEN, SHUT, in_order, matters
from reberlstm.explanation.latches import restores
from reberlstm.explanation.model import (
    CellExplanation,
    Explanation,
    GateExplanation,
    HeadExplanation,
)
from reberlstm.explanation.phrases import Wording
from reberlstm.explanation.vertices import CellTable, Vertices, reads_memory
from reberlstm.explanation.wording import amount, listed, named, shown, weight
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net

MAX_SHOWN = 3

SEEN = 1e-3
"""A smaller part of a memory that is left after it was erased is not worth a word."""


class Summary:
    """Collects from the tables of all cells what is the same for a whole net.

    That is the smallest sum of a filter that matters (`decision`), the most that a shut gate lets
    through (`leak`), the most of a memory that is lost in a step that keeps it (`loss`), and how
    many cells are active after each (vertex, symbol) pair, with the last of them, shape (P, A).
    """

    def __init__(self, vertices: Vertices) -> None:
        self.vertices = vertices
        self.decision, self.leak, self.loss, self.left = np.inf, 0.0, 0.0, 0.0
        self.keeps: list[int] = []
        self.fades = False
        self.count = np.zeros((len(vertices.names), len(vertices.net.alphabet)), dtype=np.intp)
        self.last = np.full_like(self.count, -1)

    def add(self, cell: int, table: CellTable) -> None:
        """Take in a cell's table; cells must come in order."""
        if self.vertices.signed:
            self.decision = min(self.decision, float(np.abs(table.sums["candidate"]).min()))
        holds = (table.kept > 0.5).any()
        self.left = max(self.left, float(table.kept.max()))
        for gate in table.gates.keys() - {"candidate", "forget" if holds else ""}:
            values = table.gates[gate]
            sums = np.abs(table.sums[gate][matters(gate, table)])
            self.decision = min(self.decision, float(sums.min(initial=np.inf)))
            self.leak = max(self.leak, float(values[values <= 0.5].max(initial=0.0)))
        if holds:
            self.keeps.append(cell)
            self.fades |= not restores(self.vertices, cell, table)
            self.loss = max(self.loss, 1.0 - float(table.kept[table.kept > 0.5].min()))
        if cell not in self.vertices.clocks:
            h = table.hidden if self.vertices.signed else np.abs(table.hidden)
            active = h > self.vertices.net.height / 2.0
            self.count += active
            self.last[active] = cell

    def sentences(self) -> Iterator[str]:
        """The sentences, one by one."""
        vertices, net = self.vertices, self.vertices.net
        if reads_memory(net):
            yield (
                "the published cell: gates read the memory itself, there is no output gate, and a "
                f"symbol is offered when its reader is over {net.heads['legal'].threshold:g}"
            )
            yield (
                "a node is active at 1, and breadcrumbs of about a half add up to that; so memory "
                "is not one-hot, the sentences are told for one active node at a time, and "
                "thresholds say what counts as active"
            )
        elif vertices.signed:
            yield from self._signed()
        else:
            assert net.gain is not None
            sure = f", and every filter's sum is at least {self.decision:.3g} in size, open or shut"
            unit = 2.0 * net.gain
            yield (
                f"gain K = {net.gain:g}{'' if vertices.coded else sure}; a unit of weight is "
                f"2·K = {unit:g}, or {unit / net.height:.4g} on a cell, since an active cell has "
                f"h = {net.height:.4g}"
            )
        anew = "every step erases the memory and writes it anew"
        if self.keeps:
            names = [net.cells[cell] for cell in self.keeps]
            keeping = f"{Wording(vertices, net.alphabet).cells(names)} keep"
            keeping += f"{'s' * (len(names) == 1)} memory from step to step, and"
            if not self.fades:
                yield (
                    f"{keeping} what the forget gate loses is made up for in the same step, so "
                    "nothing fades, however long it is kept"
                )
            else:
                yield (
                    f"{keeping} keeping leaks: up to {amount(self.loss)} of it is lost a step, and "
                    f"up to {amount(self.leak)} comes in through a shut gate; in long loops both "
                    "add up"
                )
        elif vertices.signed:
            pass
        elif vertices.coded:
            some = f" (at most {amount(self.left)} of it is left)" if self.left > SEEN else ""
            yield (
                f"{anew}{some}, so no step adds to the error of the one before; a filter may be "
                "half open where the other one is shut"
            )
        else:
            yield (
                f"{anew}; a shut gate lets through at most {amount(self.leak)}, and no step adds "
                "to the error of the one before"
            )
        if vertices.coded:
            yield from self._codes()
        elif not reads_memory(net) and vertices.grammar and any(v.state for v in vertices.all):
            yield self._agreement()

    def _signed(self) -> Iterator[str]:
        """Of a net whose cells are +1 or −1."""
        net = self.vertices.net
        assert net.gain is not None
        unit = 2.0 * net.gain
        clocks = [net.cells[cell] for cell in self.vertices.clocks]
        apart = f" ({unit:g} on {named(clocks)}, always +1 after a symbol)" if clocks else ""
        yield (
            f"gain K = {net.gain:g}, and every sum is at least {self.decision:.3g} in size; a cell "
            f"is active at +1, and else −1; a unit of weight is 2·K = {unit:g}, or {unit / 2.0:g} "
            f"on a cell{apart}, since an active cell adds its weight where others take theirs away"
        )
        kind = net.layers[0].cell
        if not kind.keeping:
            yield (
                "a cell has no gates: its sum is its one filter, so nothing is kept, and no step "
                "adds to the error of the one before; a node to which more ways lead than one "
                "filter can tell apart has several cells, each for some of the symbols"
            )
        elif not self.keeps:
            second = (
                "the candidate's sum is a filter, and the reset gate is the second: where it is "
                "shut, no cell is heard, and what the symbol adds is negative"
                if kind.resetting
                else "the reset gate is open, since it would silence a cell for all that read it, "
                "so a cell has one filter, the candidate's sum"
            )
            yield (
                f"the update gate lets the candidate in at every step and keeps "
                f"{amount(self.leak)} of what was there, so no step adds to the error of the one "
                f"before; {second}"
            )

    def _codes(self) -> Iterator[str]:
        """Whether the codes of a coded net tell its nodes apart."""
        first: dict[tuple[float, ...], str] = {}
        same = []
        for name, code in zip(self.vertices.names, self.vertices.codes.tolist(), strict=True):
            other = first.setdefault(tuple(code), name)
            if other != name:
                same.append(f"{shown(other)} and {shown(name)}")
        yield (
            "cells are no nodes here: a node is what several cells together say, and a cell may be "
            "active, or negative, or neither; the nodes below were found by running the net "
            "through the grammar, and that memory stays close to them for ever is what `certify` "
            "proves"
        )
        if same:
            yield f"the same at different nodes, which the net cannot tell apart: {listed(same)}"

    def _agreement(self) -> str:
        """Whether the net steps as the grammar does."""
        wrong = list(self._wrong())
        pairs = f"{self.count.size:,} (node, symbol) pairs"
        if not wrong:
            return (
                f"at all {pairs} the net steps as the grammar does; this is read off the weights "
                "with exactly one node active, and that memory stays close to that for ever is "
                "what `certify` proves"
            )
        some = "; ".join(wrong[:MAX_SHOWN])
        return f"not what the grammar says at {len(wrong)} of {pairs}: {some}"

    def _wrong(self) -> Iterator[str]:
        vertices, net = self.vertices, self.vertices.net
        assert vertices.grammar is not None
        tables = vertices.grammar.tables(net.on_violation)
        index = {state: number for number, state in enumerate(tables.names)}
        column = tables.columns(net.alphabet)
        wording = Wording(vertices, net.alphabet)
        # With no cell active the net is after a violation, or at the start where none can happen.
        rest = vertices.all[1 if vertices.clocks else 0].state
        for place, vertex in enumerate(vertices.all):
            if vertex.state not in index:
                continue
            for a, symbol in enumerate(net.alphabet):
                expected = tables.names[tables.table[index[vertex.state]][column[a]]]
                count, cell = self.count[place, a], int(self.last[place, a])
                reached = vertices.all[vertices.place[cell]].state if count else rest
                if count <= 1 and reached == expected:
                    continue
                here = f"at {wording.nodes([vertex.name])}"
                goal = f"node {shown(expected)}" if expected is not None else "a violation"
                what = f"node {shown(net.cells[cell])}" if count else "no node"
                what = f"{count} cells at once" if count > 1 else what
                yield f"{shown(symbol)} {here} should lead to {goal}, and leads to {what}"


WALKS, STEPS, SEED = 500, 60, 0
"""How many random words the gates are watched on, of how many symbols, and the seed of both."""

LARGEST = 3


def numeric_summary(
    net: Net, grammar: FSM | None, why: str = "this net was not wired by hand"
) -> Explanation:
    """What can be counted of a net without known mechanism; it says that it is no explanation."""
    watched = _watch(net, grammar)
    walks = "random walks through the grammar" if grammar is not None else "random words"
    lines = [
        f"{why}, so what follows is a numeric summary and no explanation of its mechanism; "
        "`extract` rebuilds the machine that it has learned, and `certify` proves or refutes it",
        f"gates were watched on {WALKS} {walks}, at most {STEPS} symbols each (seed {SEED}); open "
        f"is over {OPEN:g}, shut is under {SHUT:g}",
        *_saturation(net, watched),
        *_sizes(net),
    ]
    return Explanation(
        net=net.name,
        grammar=grammar.name if grammar is not None else None,
        kind="numbers",
        summary=tuple(lines),
        nodes={},
        vertices={},
        unit=None,
        cells=tuple(_cells(net, watched)),
        heads={name: _head(net, name) for name in net.heads},
        readout=net.reading,
    )


def _watch(net: Net, grammar: FSM | None) -> list[Mapping[str, Floats]]:
    """The gates' values at all symbols of random words, each of shape (N, H), for every layer."""
    rng = np.random.default_rng(SEED)
    symbols = rng.integers(len(net.alphabet), size=(STEPS, WALKS))
    present = np.ones(symbols.shape, dtype=bool)
    if grammar is not None:
        tables = grammar.tables()
        words = tables.draw(rng, (WALKS,), STEPS)
        if words.present.any():
            symbols = np.array([net.alphabet.index(a) for a in tables.alphabet])[words.symbols]
            present = words.present
    states = net.start(WALKS)
    watched: list[dict[str, list[Floats]]] = [
        {gate: [] for gate in layer.cell.gates} for layer in net.layers
    ]
    for row, here in zip(symbols, present, strict=True):
        steps = net.record(states, row)
        states = net.after(steps)
        for record, step in zip(watched, steps, strict=True):
            for gate, values in step.gates.items():
                record[gate].append(values[here])
    return [{gate: np.concatenate(v) for gate, v in record.items()} for record in watched]


def _saturation(net: Net, watched: list[Mapping[str, Floats]]) -> Iterator[str]:
    for number, record in enumerate(watched, start=1):
        where = f"layer {number}: " if len(watched) > 1 else ""
        for gate, values in record.items():
            what = "candidates" if gate == "candidate" else f"{gate} gates"
            yield f"{where}{what}: {_share(gate, values)}"


def _share(gate: str, values: Floats) -> str:
    high, near = (values > OPEN).mean(), (np.abs(values) < SHUT).mean()
    if gate == "candidate":
        low = (values < -OPEN).mean()
        return f"{high:.0%} near 1, {low:.0%} near −1, {near:.0%} near 0 of the time"
    return f"{high:.0%} open, {near:.0%} shut of the time"


def _sizes(net: Net) -> Iterator[str]:
    for number, layer in enumerate(net.layers, start=1):
        where = f" of layer {number}" if len(net.layers) > 1 else ""
        inputs = "symbols" if number == 1 and net.embedding is None else "inputs"
        parts = ((inputs, layer.weight_ih), ("cells", layer.weight_hh), ("biases", layer.bias))
        text = ", ".join(
            f"{what} {np.linalg.norm(array):.3g} (largest {np.abs(array).max():.3g})"
            for what, array in parts
        )
        yield f"norms of the gate weights{where}: {text}"


def _cells(net: Net, watched: list[Mapping[str, Floats]]) -> Iterator[CellExplanation]:
    """Every cell of every layer, its gates in the order of the source's words where it has them."""
    reads = [f"on {shown(symbol)}" for symbol in net.alphabet]
    if net.embedding is not None:
        reads = [f"on input {number}" for number in range(1, net.embedding.shape[1] + 1)]
    names = iter(net.cells)
    for layer, record in zip(net.layers, watched, strict=True):
        own = [next(names) for _ in range(layer.size)]
        on_cells = [f"on cell {shown(name)}" for name in own]
        for cell, name in enumerate(own):
            gates: dict[str, GateExplanation] = {}
            for gate in in_order(layer.cell.gates):
                row = layer.rows(gate).start + cell
                weights = [
                    *zip(reads, layer.weight_ih[row].tolist(), strict=True),
                    *zip(on_cells, layer.weight_hh[row].tolist(), strict=True),
                ]
                sentence = f"{_share(gate, record[gate][:, cell])}; {_largest(weights)}"
                gates[gate] = GateExplanation(gate, sentence)
            yield CellExplanation(name, f"cell {shown(name)}", "no known meaning", gates)
        reads = on_cells


def _largest(weights: list[tuple[str, float]]) -> str:
    top = sorted(weights, key=lambda pair: -abs(pair[1]))[:LARGEST]
    return "largest weights " + listed([f"{weight(value, digits=3)} {what}" for what, value in top])


def _head(net: Net, name: str) -> HeadExplanation:
    layers = net.heads[name].layers
    norms = ", ".join(f"{np.linalg.norm(layer.weight):.3g}" for layer in layers)
    largest = max(float(np.abs(layer.weight).max()) for layer in layers)
    return HeadExplanation(name, f"norm {norms}, largest weight {largest:.3g}")
