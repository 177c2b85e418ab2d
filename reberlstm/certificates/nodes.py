"""The nodes of an invariant: what is remembered of a word.

A node is the machine's state together with the last k symbols; words shorter than k are remembered
whole. Where k is 1, some last symbols may stand for others (`reberlstm.certificates.alike`). Node 0
stands for the empty word alone, the zero vector. With a stride of m a box is needed only for words
of m, 2·m, 3·m … symbols, and `Level` holds the steps from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.alike import Alike
from reberlstm.certificates.claims import Claim

Node = tuple[int, tuple[int, ...]]
"""A machine state, and columns of the net's alphabet."""

Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Level:
    """All j-th steps of words that go on from the nodes.

    Attributes:
        roots: The node that the word goes on from.
        parents: Which of the (j−1)-th steps came before; for the first steps, the node.
        symbols: The column that is read.
        states: The machine state after it.
    """

    roots: Indices
    parents: Indices
    symbols: Indices
    states: Indices

    def __len__(self) -> int:
        return len(self.roots)


@dataclass(frozen=True, eq=False)
class Nodes:
    """A graph of nodes.

    Attributes:
        k: How many symbols are remembered.
        names: The nodes; the first is the empty word.
        levels: The steps, as many levels as the stride; the last one sorted by target.
        targets: For every step of the last level the node that it leads to.
        alike: Which last symbols were taken for one another, if any.
    """

    k: int
    names: tuple[Node, ...]
    levels: tuple[Level, ...]
    targets: Indices
    alike: Alike | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def stride(self) -> int:
        """After how many symbols there is a box again."""
        return len(self.levels)

    @property
    def steps(self) -> int:
        """The number of steps, of all levels."""
        return sum(map(len, self.levels))

    @cached_property
    def states(self) -> Indices:
        """The machine state of every node."""
        return np.array([state for state, _ in self.names], dtype=np.intp)

    def levels_from(self, chosen: NDArray[np.bool_]) -> tuple[list[Level], Indices]:
        """The steps from some of the nodes, and the targets of the last ones."""
        if chosen.all():
            return list(self.levels), self.targets
        levels: list[Level] = []
        numbers: Indices | None = None  # new numbers of the steps before
        kept = np.zeros(0, dtype=np.intp)
        for level in self.levels:
            kept = np.flatnonzero(chosen[level.roots])
            parents = level.parents[kept] if numbers is None else numbers[level.parents[kept]]
            levels.append(
                Level(level.roots[kept], parents, level.symbols[kept], level.states[kept])
            )
            numbers = np.zeros(len(level), dtype=np.intp)
            numbers[kept] = np.arange(len(kept))
        return levels, self.targets[kept]


def unfold(
    claim: Claim, k: int, most: int, stride: int = 1, alike: Alike | None = None
) -> Nodes | None:
    """The nodes that words of the scope come to, or None where there are more than `most` steps."""
    names: list[Node] = [(0, ())]
    index: dict[Node, int] = {}
    levels: list[list[tuple[int, int, int, int]]] = [[] for _ in range(stride)]
    targets: list[int] = []
    for number, (state, last) in enumerate(names):
        front: list[tuple[int, int, tuple[int, ...]]] = [(number, state, ())]
        for level in levels:
            following = []
            for parent, before, path in front:
                for column, after in _going_on(claim, before):
                    following.append((len(level), after, (*path, column)))
                    level.append((number, parent, column, after))
            front = following
        for _, after, path in front:
            node = (after, (*last, *path)[-k:] if k else ())
            if alike is not None:
                node = (after, (alike[after, path[-1]],))
            if node not in index:
                index[node] = len(names)
                names.append(node)
            targets.append(index[node])
        if sum(map(len, levels)) > most:
            return None
    order = np.argsort(np.array(targets, dtype=np.intp), kind="stable")
    tables = [np.array(level, dtype=np.intp).reshape(-1, 4) for level in levels]
    tables[-1] = tables[-1][order]
    return Nodes(
        k,
        tuple(names),
        tuple(Level(*table.T) for table in tables),
        np.array(targets, dtype=np.intp)[order],
        alike,
    )


def _going_on(claim: Claim, state: int) -> Iterator[tuple[int, int]]:
    """The steps to where words go on; where a word ends is not judged in such a scope."""
    return ((column, target) for column, target in claim.steps[state] if claim.goes_on(target))
