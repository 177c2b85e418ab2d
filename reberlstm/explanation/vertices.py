"""The situations in which a hand-wired net is meant to be, and what its gates do there.

A *vertex* is the zero vector or one active cell. The cells of an LSTM that are not active are 0,
those of a GRU or a simple net −1. Cells that are active after every step, whatever
came (the compiler's `started` is one), are active at every vertex but the zero vector; on their own
they are a vertex too, the one that a violation leads to. All of this is found from the weights;
only names are taken from the cells and the grammar.

Smaller nets write nodes otherwise: two to a cell, one of them as its negative, or in binary. Then
nothing but a run of the net tells which vertices there are, so it is run through the whole machine,
and what it comes to at each node is that node's code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reberlstm.explanation.wording import named
from reberlstm.machine.algebra import Names
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells import Cell, Layer
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.net.numbers import sigmoid

NEAR = 0.2
"""How far from 0 or from its full height, as part of that, a cell may be at a vertex."""

RESETS = 0.95
"""A reset gate that is open less than this is not taken for open."""

MAX_CODES = 1_000
"""A net with more vertices is not explained one by one."""

Found = tuple[str | None, tuple[float, ...]]
"""A state, None after a violation, and what each cell is there."""


@dataclass(frozen=True)
class Vertex:
    """One vertex: its name in pseudo-code, and the state and the cell that it has of its own.

    Attributes:
        meaning: For a legend, what it is, where it has no cell of its own.
        phrase: What sentences call it, where that is not ``node NAME``.
    """

    name: str
    state: str | None
    cell: int | None = None
    meaning: str = ""
    phrase: str = ""


@dataclass(frozen=True, eq=False)
class Vertices:
    """The vertices of a net, ``P`` of them, and the machine that names them, if one is known.

    Attributes:
        all: The zero vector first, the one without a cell of its own next, if there is one, then in
            the grammar's order.
        codes: What each cell is at each vertex: 1 active, 0 not, −1 negative; shape (P, H).
        clocks: The cells that are active at every vertex but the zero vector.
        coded: Whether several cells together say which node it is, instead of one each.
        signed: Whether cells that are not active are −1 and not 0.
    """

    net: Net
    grammar: FSM | None
    all: tuple[Vertex, ...]
    codes: Floats
    clocks: tuple[int, ...] = ()
    coded: bool = False
    signed: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The vertices' names."""
        return tuple(vertex.name for vertex in self.all)

    @cached_property
    def phrases(self) -> Mapping[str, str]:
        """What sentences call vertices that are not ``node NAME``."""
        return {vertex.name: vertex.phrase for vertex in self.all if vertex.phrase}

    @cached_property
    def place(self) -> Mapping[int, int]:
        """The vertex of each cell that has one of its own."""
        return {v.cell: place for place, v in enumerate(self.all) if v.cell is not None}

    def reading(self, weights: Floats) -> Floats:
        """What weights on the cells, shape (..., H), add at each vertex, shape (..., P)."""
        return np.asarray(self.net.height * (weights @ self.codes.T))

    def active(self, cell: int) -> Floats:
        """1 at each vertex where the cell is active, −1 where it is negative, else 0; (P,)."""
        return np.asarray(self.codes[:, cell])

    def is_active(self, cell: int) -> Floats:
        """As `active`, but 0 where the cell is not active in a `signed` net."""
        return np.maximum(self.active(cell), 0.0) if self.signed else self.active(cell)

    def rise(self, cell: int) -> float:
        """How much higher h of the cell is where it is active than where it is not."""
        return self.net.height * (2.0 if self.signed and cell not in self.clocks else 1.0)

    @cached_property
    def resets_cells(self) -> bool:
        """Whether a gate that resets each h for all that read it is ever less than open."""
        (layer,) = self.net.layers
        if layer.cell.resetting or "reset" not in layer.cell.gates:
            return False
        row = layer.rows("reset")
        least = layer.weight_ih[row].min(axis=1, keepdims=True) + layer.bias[row][:, np.newaxis]
        sums = least + self.reading(layer.weight_hh[row])
        return bool((sigmoid(sums) < RESETS).any())

    @property
    def active_cells(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the cells that are active at each vertex, negative ones with a minus."""
        signs = {1.0: "", -1.0: "−"}
        cells = self.net.cells
        told = np.maximum(self.codes, 0.0) if self.signed else self.codes  # −1 goes without saying
        return {
            name: tuple(signs[code[k]] + cells[k] for k in np.flatnonzero(code))
            for name, code in zip(self.names, told, strict=True)
        }

    @cached_property
    def loops(self) -> tuple[tuple[int, int], ...]:
        """The grammar's self-loops, each as a vertex and a symbol."""
        return tuple(
            (place, a)
            for place, vertex in enumerate(self.all)
            for a, symbol in enumerate(self.net.alphabet)
            if self.grammar is not None
            and vertex.state is not None
            and self.grammar.next_state(vertex.state, symbol) == vertex.state
        )


def find_vertices(net: Net, grammar: FSM | None) -> Vertices | None:
    """The vertices of a net, or None where it comes to what is no vertex.

    Of a net whose cells are not named after states of the grammar they are found by running it.
    """
    vertices = _named_vertices(net, grammar)
    if grammar is None or reads_memory(net):
        return vertices
    own = [
        vertex
        for vertex in vertices.all
        if vertex.cell is not None and not net.cells[vertex.cell].startswith("started")
    ]
    named_after_states = all(vertex.state for vertex in own)
    return vertices if named_after_states else _coded_vertices(net, grammar)


def _named_vertices(net: Net, grammar: FSM | None) -> Vertices:
    """One for each cell: from the weights, with names from the cells and the grammar."""
    signed = _is_signed(net)
    clocks = tuple(
        cell
        for cell in np.flatnonzero(_always_active(net, signed)).tolist()
        if grammar is None or _state_of(net.cells[cell], grammar) is None
    )
    start = grammar.start if grammar is not None else None
    zero = "the zero vector, before the first symbol"
    if start is None or clocks:
        of = f" (node {start} of the grammar)" if start is not None else ""
        found = [Vertex("start", start, None, f"{zero}{of}", "the start")]
    else:
        found = [Vertex(start, start, None, "the zero vector: no cell is active")]
    if clocks:
        alone = f"only {' and '.join(net.cells[cell] for cell in clocks)} active"
        if grammar is not None and grammar.is_complete:
            coded = {_state_of(name, grammar) for name in net.cells}
            others = (q for q in grammar.reachable if q not in coded and q != start)
            rest = next(others, grammar.start)
            found.append(Vertex(rest, rest, None, alone))
        elif net.on_violation == "resync":
            meaning = f"{alone}: after a violation, until a symbol comes that begins a word"
            found.append(Vertex("lost", None, None, meaning, "the lost state"))
        else:
            meaning = f"{alone}: after a violation"
            found.append(Vertex("dead", None, None, meaning, "the dead state"))
    names = Names(net.cells)
    found = [replace(vertex, name=names.fresh(vertex.name)) for vertex in found]
    order = {state: place for place, state in enumerate(grammar.states)} if grammar else {}
    own = [
        Vertex(name, _state_of(name, grammar) if grammar is not None else None, cell)
        for cell, name in enumerate(net.cells)
        if cell not in clocks
    ]
    found += sorted(own, key=lambda vertex: order.get(vertex.state or "", len(order)))
    codes = np.zeros((len(found), net.size))
    codes[1:] = -1.0 if signed else 0.0
    codes[1:, list(clocks)] = 1.0
    for place, vertex in enumerate(found):
        if vertex.cell is not None:
            codes[place, vertex.cell] = 1.0
    return Vertices(net, grammar, tuple(found), codes, clocks, signed=signed)


def _state_of(cell: str, grammar: FSM) -> str | None:
    """The state that a cell is named after; ``q/2`` is the second copy of ``q``."""
    if cell in grammar.transitions:
        return cell
    copy = re.fullmatch(r"(.+)/\d+'*", cell, re.DOTALL)
    return copy[1] if copy and copy[1] in grammar.transitions else None


def _coded_vertices(net: Net, grammar: FSM) -> Vertices | None:
    """The vertices that words lead to, or None where it comes to what is no vertex."""
    found = _walk(net, grammar)
    if found is None:
        return None
    states = [state for state, _ in found]
    names = Names(state for state in states if state is not None)
    after = states.count(None)
    vertices = []
    for place, (state, code) in enumerate(found):
        name = state or ("lost" if net.on_violation == "resync" else "dead")
        nth = states[:place].count(state) + 1
        if states.count(state) > 1:
            name += f"/{nth}"
        if name != state:
            name = names.fresh(name)
        meaning = _said(net, code) + ", before the first symbol" * (place == 0)
        if state is None:
            # Of the nodes after violations only the first is in the legend.
            more = f"; {after - 1} more such nodes" if after > 1 else ""
            meaning = f"{meaning}, after a violation{more}" if nth == 1 else ""
        vertices.append(Vertex(name, state, None, meaning))
    codes = np.array([code for _, code in found])
    return Vertices(net, grammar, tuple(vertices), codes, coded=True)


def _walk(net: Net, grammar: FSM) -> list[Found] | None:
    """Each state with each code that it is met in, breadth first."""
    tables = grammar.tables(net.on_violation)
    columns = [net.alphabet.index(symbol) for symbol in grammar.alphabet]
    first: Found = (grammar.start, (0.0,) * net.size)
    vectors = {first: (0, net.initial())}

    def follow(vertex: Found | None) -> Iterator[tuple[int, Found | None]]:
        assert vertex is not None, "the search ends where there is no vertex"
        node, vector = vectors[vertex]
        after = net.step(np.tile(vector, (len(columns), 1)), np.array(columns))
        parts = net.hidden(after) / net.height
        codes = np.rint(parts) + 0.0
        lost = (np.abs(parts - codes) > NEAR) | (np.abs(codes) > 1.0)
        for number, target in enumerate(tables.table[node]):
            if lost[number].any():
                yield number, None
                return
            found = (tables.names[target], tuple(codes[number].tolist()))
            vectors.setdefault(found, (target, after[number]))
            yield number, found

    start: list[Found | None] = [first]
    found = crawl(start, follow, goal=lambda vertex: vertex is None, most=MAX_CODES + 1)
    if found.goal is None and None not in found.came and len(found.came) <= MAX_CODES:
        return [vertex for vertex in found.found if vertex is not None]
    return None


def _said(net: Net, code: tuple[float, ...]) -> str:
    """Which cells are active, and which negative."""
    parts = []
    for sign, word in ((1.0, "active"), (-1.0, "negative")):
        cells = [name for name, value in zip(net.cells, code, strict=True) if value == sign]
        parts += [f"{named(cells)} {word}"] * bool(cells)
    return "; ".join(parts) or "nothing active"


@dataclass(frozen=True)
class CellTable:
    """What one cell does at every vertex and symbol; all arrays have the shape (P, A)."""

    sums: Mapping[str, Floats]  # the pre-activations by gate
    gates: Mapping[str, Floats]
    kept: Floats  # the part of the memory that a step keeps
    added: Floats  # what it adds to that
    memory: Floats
    hidden: Floats  # after the step, like the memory
    whole: Floats  # the candidate's pre-activation where no gate resets what it reads


def tabulate(vertices: Vertices, cell: int) -> CellTable:
    """Step one cell from every vertex on every symbol."""
    net = vertices.net
    (layer,) = net.layers
    kind, before = layer.cell, active_memory(net) * vertices.active(cell)[:, np.newaxis]
    sums = {
        gate: vertices.reading(layer.weight_hh[row])[:, np.newaxis]
        + layer.weight_ih[row]
        + layer.bias[row]
        for gate, row in ((gate, layer.rows(gate).start + cell) for gate in kind.gates)
    }
    whole = sums["candidate"]
    if kind.resetting:
        row = layer.rows("candidate").start + cell
        read = vertices.reading(layer.weight_hh[row])[:, np.newaxis] + layer.bias_hh[row]
        sums["candidate"] = whole - read + sigmoid(sums[kind.resetting]) * read
    gates, memory, hidden = _stepped(kind, np.stack(list(sums.values()), axis=-1), before)
    kept = gates.get(kind.keeping, np.zeros_like(memory))
    return CellTable(
        sums=sums,
        gates=gates,
        kept=kept,
        added=gates.get("input", 1.0 - kept) * gates["candidate"],
        memory=memory,
        hidden=hidden,
        whole=whole,
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


def _is_signed(net: Net) -> bool:
    """Whether cells that have no c go to +1 or −1 on every first symbol."""
    if net.layers[0].cell.parts != ("hidden",):
        return False
    h = net.hidden(net.step(net.start(len(net.alphabet)), np.arange(len(net.alphabet))))
    return bool((np.abs(h) > net.height / 2.0).all())


def _always_active(net: Net, signed: bool) -> NDArray[np.bool_]:
    """Whether each cell is active after every step from any vertex."""
    (layer,) = net.layers
    weights = net.height * layer.weight_hh
    least = -np.abs(weights).sum(axis=1) if signed else np.minimum(weights.min(axis=1), 0.0)
    lowest = layer.bias + layer.weight_ih.min(axis=1) + least
    sums = np.stack([lowest[layer.rows(gate)] for gate in layer.cell.gates], axis=-1)
    _, _, hidden = _stepped(layer.cell, sums, np.zeros(layer.size))
    active: NDArray[np.bool_] = hidden > net.height / 2.0
    return active
