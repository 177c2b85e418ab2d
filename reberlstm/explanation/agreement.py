"""Whether the net's steps from vertex to vertex are those of the grammar."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reberlstm.explanation.vertices import Vertices
from reberlstm.explanation.wording import Wording, shown

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
