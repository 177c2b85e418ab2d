"""The situations in which a hand-wired net is meant to be, and what its gates do there.

A *vertex* is the zero vector or one active cell. Cells that are active after every step, whatever
came (the compiler's `started` is one), are active at every vertex but the zero vector; on their own
they are a vertex too, the one that a violation leads to. All of this is found from the weights;
only names are taken from the cells and the grammar. Other vertices than these are found in
`reberlstm.explanation.codes`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reberlstm.machine.fsm import FSM
from reberlstm.net.cells import Cell, Layer
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net


@dataclass(frozen=True, eq=False)
class Vertices:
    """The vertices of a net, ``P`` of them.

    Attributes:
        net: The net.
        grammar: The machine that names the states, if one is known.
        names: The vertices as pseudo-code names them, each different: the zero vector first, the
            one without a cell of its own next, if there is one, then in the grammar's order.
        meanings: For a legend, what the vertices without a cell of their own are.
        phrases: What sentences call these, where that is not ``node NAME``.
        states: The grammar's state that each vertex stands for, None where it stands for none.
        cells: The cell of each vertex, None where it has none.
        clocks: The cells that are active at every vertex but the zero vector.
        codes: What each cell is at each vertex: 1 active, 0 not, −1 negative; shape (P, H).
        coded: Whether several cells together say which node it is, instead of one each.
    """

    net: Net
    grammar: FSM | None
    names: tuple[str, ...]
    meanings: Mapping[str, str]
    phrases: Mapping[str, str]
    states: tuple[str | None, ...]
    cells: tuple[int | None, ...]
    clocks: tuple[int, ...]
    codes: Floats
    coded: bool = False

    @property
    def names_states(self) -> bool:
        """Whether a cell is named after a state of the grammar, or all are called `started`."""
        own = [
            state
            for cell, state in zip(self.cells, self.states, strict=True)
            if cell is not None and not self.net.cells[cell].startswith("started")
        ]
        return any(own) or not own

    def reading(self, weights: Floats) -> Floats:
        """What weights on the cells, shape (..., H), add at each vertex, shape (..., P)."""
        return np.asarray(self.net.height * (weights @ self.codes.T))

    def active(self, cell: int) -> Floats:
        """1 at each vertex where the cell is active, −1 where it is negative, else 0; (P,)."""
        return np.asarray(self.codes[:, cell])

    @property
    def active_cells(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the cells that are active at each vertex, negative ones with a minus."""
        signs = {1.0: "", -1.0: "−"}
        return {
            name: tuple(
                signs[value] + cell
                for cell, value in zip(self.net.cells, code, strict=True)
                if value
            )
            for name, code in zip(self.names, self.codes.tolist(), strict=True)
        }

    @cached_property
    def loops(self) -> tuple[tuple[int, int], ...]:
        """The grammar's self-loops, each as a vertex and a symbol."""
        if self.grammar is None:
            return ()
        return tuple(
            (place, a)
            for place, state in enumerate(self.states)
            for a, symbol in enumerate(self.net.alphabet)
            if state is not None and self.grammar.next_state(state, symbol) == state
        )


def find_vertices(net: Net, grammar: FSM | None) -> Vertices:
    """The vertices of a net: from the weights, with names from its cells and the grammar."""
    clocks = tuple(
        cell
        for cell in np.flatnonzero(_always_active(net)).tolist()
        if grammar is None or state_of(net.cells[cell], grammar) is None
    )
    taken = set(net.cells)
    complete = grammar is not None and grammar.is_complete
    start = grammar.start if grammar is not None else None

    entries: list[_Entry] = []

    def add(name: str, phrase: str, meaning: str, state: str | None) -> None:
        entries.append(_Entry(fresh(name, taken), phrase, meaning, state, None))

    zero = "the zero vector, before the first symbol"
    if start is None:
        add("start", "the start", zero, None)
    elif clocks:
        add("start", "the start", f"{zero} (node {start} of the grammar)", start)
    else:
        add(start, "", "the zero vector: no cell is active", start)
    if clocks:
        alone = f"only {' and '.join(net.cells[cell] for cell in clocks)} active"
        if complete and start is not None:
            add(start, "", alone, start)
        elif net.on_violation == "resync":
            until = "after a violation, until a symbol comes that begins a word"
            add("lost", "the lost state", f"{alone}: {until}", None)
        else:
            add("dead", "the dead state", f"{alone}: after a violation", None)
    order = {state: place for place, state in enumerate(grammar.states)} if grammar else {}
    own = [
        _Entry(name, "", "", state_of(name, grammar) if grammar is not None else None, cell)
        for cell, name in enumerate(net.cells)
        if cell not in clocks
    ]
    entries += sorted(own, key=lambda entry: order.get(entry.state or "", len(order)))
    codes = np.zeros((len(entries), net.size))
    codes[1:, list(clocks)] = 1.0
    for place, entry in enumerate(entries):
        if entry.cell is not None:
            codes[place, entry.cell] = 1.0
    return Vertices(
        net=net,
        grammar=grammar,
        names=tuple(entry.name for entry in entries),
        meanings={entry.name: entry.meaning for entry in entries if entry.meaning},
        phrases={entry.name: entry.phrase for entry in entries if entry.phrase},
        states=tuple(entry.state for entry in entries),
        cells=tuple(entry.cell for entry in entries),
        clocks=clocks,
        codes=codes,
    )


class _Entry(NamedTuple):
    """A vertex while they are collected; see `Vertices`."""

    name: str
    phrase: str
    meaning: str
    state: str | None
    cell: int | None


def state_of(cell: str, grammar: FSM) -> str | None:
    """The state that a cell is named after; ``q/2`` is the second copy of ``q``."""
    if cell in grammar.transitions:
        return cell
    copy = re.fullmatch(r"(.+)/\d+'*", cell, re.DOTALL)
    return copy[1] if copy and copy[1] in grammar.transitions else None


def fresh(name: str, taken: set[str]) -> str:
    """The name, with primes if it is taken; it is taken from now on."""
    while name in taken:
        name += "'"
    taken.add(name)
    return name


@dataclass(frozen=True)
class CellTable:
    """What one cell does at every vertex and symbol; all arrays have the shape (P, A).

    Attributes:
        sums: The pre-activations by gate.
        gates: The values by gate.
        added: What a step adds to the memory: input gate times candidate.
        memory: The memory after the step.
        hidden: What the gates read after it.
    """

    sums: Mapping[str, Floats]
    gates: Mapping[str, Floats]
    added: Floats
    memory: Floats
    hidden: Floats


def tabulate(vertices: Vertices, cell: int) -> CellTable:
    """Step one cell from every vertex on every symbol."""
    net = vertices.net
    (layer,) = net.layers
    by_gate = [
        vertices.reading(layer.weight_hh[row])[:, np.newaxis]
        + layer.weight_ih[row]
        + layer.bias[row]
        for row in (layer.rows(gate).start + cell for gate in layer.cell.gates)
    ]
    before = active_memory(net) * vertices.active(cell)[:, np.newaxis]
    gates, memory, hidden = _stepped(layer.cell, np.stack(by_gate, axis=-1), before)
    return CellTable(
        sums=dict(zip(layer.cell.gates, by_gate, strict=True)),
        gates=gates,
        added=gates["input"] * gates["candidate"],
        memory=memory,
        hidden=hidden,
    )


def _stepped(cell: Cell, sums: Floats, before: Floats) -> tuple[dict[str, Floats], Floats, Floats]:
    """Gates, memory and h from pre-activations (..., G) and memory (...)."""
    alone = Layer.pointwise(cell)
    state = (np.zeros((*before.shape, 1)),) * (len(cell.parts) - 1) + (before[..., np.newaxis],)
    gates, after = cell.step(alone, sums, state)
    shown = {gate: values[..., 0] for gate, values in gates.items()}
    return shown, after[-1][..., 0], cell.hidden(after)[..., 0]


def active_memory(net: Net) -> float:
    """The memory ``c`` of an active cell."""
    if reads_memory(net) or not 0.0 < net.height < 1.0:
        return 1.0
    return math.atanh(net.height)


def reads_memory(net: Net) -> bool:
    """Whether gates and heads read the memory itself, as in the Toy LSTM."""
    return "hidden" not in net.layers[0].cell.parts


def _always_active(net: Net) -> NDArray[np.bool_]:
    """Whether each cell is active after every step from the zero vector or one active cell."""
    (layer,) = net.layers
    lowest = (
        layer.bias
        + layer.weight_ih.min(axis=1)
        + np.minimum(net.height * layer.weight_hh.min(axis=1), 0.0)
    )
    sums = np.stack([lowest[layer.rows(gate)] for gate in layer.cell.gates], axis=-1)
    gates, _, _ = _stepped(layer.cell, sums, np.zeros(layer.size))
    memory = gates["input"] * np.maximum(gates["candidate"], 0.0)
    active: NDArray[np.bool_] = layer.cell.exposed(gates, memory) > net.height / 2.0
    return active
