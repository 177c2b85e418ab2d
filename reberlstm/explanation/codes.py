"""Wired nets whose cells are no nodes: several cells together say where the net is.

In a compiled net a node is one active cell. Smaller nets write nodes otherwise: two to a cell, one
of them as its negative, or in binary. Then nothing but a run of the net tells which vertices there
are, so it is run through the whole machine, and what it comes to at each node is that node's code.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reberlstm.explanation.vertices import Vertices, fresh
from reberlstm.explanation.wording import listed, shown
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net

NEAR = 0.2
"""How far from 0 or from its full height, as part of that, a cell may be at a vertex."""

MAX_CODES = 1_000
"""A net with more vertices is not explained one by one."""

Found = tuple[str | None, tuple[float, ...]]
"""A state, None after a violation, and what each cell is there."""


def coded_vertices(net: Net, grammar: FSM) -> Vertices | None:
    """The vertices that words lead to, or None where it comes to what is no vertex."""
    found = _walk(net, grammar)
    if found is None:
        return None
    states = [state for state, _ in found]
    none = "lost" if net.on_violation == "resync" else "dead"
    taken: set[str] = set(states) - {None}  # type: ignore[assignment]
    names = []
    for place, state in enumerate(states):
        name = none if state is None else state
        several = states.count(state) > 1
        if several:
            name += f"/{1 + states[:place].count(state)}"
        names.append(name if state is not None and not several else fresh(name, taken))
    codes = np.array([code for _, code in found])
    return Vertices(
        net=net,
        grammar=grammar,
        names=tuple(names),
        meanings=_meanings(net, names, states, codes),
        phrases={},
        states=tuple(states),
        cells=(None,) * len(names),
        clocks=(),
        codes=codes,
        coded=True,
    )


def summary(vertices: Vertices) -> Iterator[str]:
    """Whether the codes tell the nodes apart."""
    codes: dict[tuple[float, ...], str] = {}
    same = []
    for name, code in zip(vertices.names, vertices.codes.tolist(), strict=True):
        other = codes.setdefault(tuple(code), name)
        if other != name:
            same.append(f"{shown(other)} and {shown(name)}")
    yield (
        "cells are no nodes here: a node is what several cells together say, and a cell may be "
        "active, or negative, or neither; the nodes below were found by running the net through "
        "the grammar, and that memory stays close to them for ever is what `certify` proves"
    )
    if same:
        yield f"the same at different nodes, which the net cannot tell apart: {listed(same)}"


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


def _meanings(
    net: Net, names: list[str], states: list[str | None], codes: Floats
) -> dict[str, str]:
    """What each node's cells are; of those after violations only the first is shown."""
    after = [name for name, state in zip(names, states, strict=True) if state is None]
    meanings = {}
    for name, code in zip(names, codes, strict=True):
        if name in after[1:]:
            continue
        meanings[name] = _said(net, code)
        if name in after:
            meanings[name] += ", after a violation"
            meanings[name] += f"; {len(after) - 1} more such nodes" if len(after) > 1 else ""
    meanings[names[0]] += ", before the first symbol"
    return meanings


def _said(net: Net, code: Floats) -> str:
    active = [shown(name) for name, value in zip(net.cells, code, strict=True) if value > 0.0]
    negative = [shown(name) for name, value in zip(net.cells, code, strict=True) if value < 0.0]
    parts = [f"{listed(active)} active"] * bool(active)
    parts += [f"{listed(negative)} negative"] * bool(negative)
    return "; ".join(parts) or "nothing active"
