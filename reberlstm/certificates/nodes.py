"""The nodes of an invariant: what is remembered of a word.

A node is the machine's state together with the last k symbols; words shorter than k are remembered
whole. Where k is 1, some last symbols may share a node. Node 0 stands for the empty word alone, the
state vector that words begin in. With a stride of m a box is needed only for words of m, 2·m, 3·m …
symbols, and `Level` holds the steps from one to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import Arithmetic, Execution
from reberlstm.certificates.claims import Claim
from reberlstm.net.net import Net

Node = tuple[int, tuple[int, ...]]
"""A machine state, and columns of the net's alphabet."""

Shared = Mapping[tuple[int, int], int]
"""For a machine state and the column of the last symbol: the column whose box they share."""

Indices = NDArray[np.intp]

GRID = 4.0
"""State vectors are told apart to one over this; active cells are at about 0.76."""


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
        shared: Which last symbols share a node, if any do.
    """

    k: int
    names: tuple[Node, ...]
    levels: tuple[Level, ...]
    targets: Indices
    shared: Shared | None = None

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
    claim: Claim, k: int, most: int, stride: int = 1, shared: Shared | None = None
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
                for column, after in claim.going_on[before]:
                    following.append((len(level), after, (*path, column)))
                    level.append((number, parent, column, after))
            front = following
        for _, after, path in front:
            node = (after, (*last, *path)[-k:] if k else ())
            if shared is not None:
                node = (after, (shared[after, path[-1]],))
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
        shared,
    )


def shared_symbols(net: Net, claim: Claim, arithmetic: Arithmetic) -> Shared | None:
    """The last symbols that may share a box, or None where that would not help.

    A state of a compiled net may have several cells, of which the last symbol tells the active one.
    A box for each state is too wide then, and boxes for each state and last symbol are many. So the
    net is run to every state on every last symbol, and symbols that lead to the same place share a
    box. That only guesses which boxes to look for: what is found is proved like any invariant.

    It helps where some state has several kinds of last symbols, and no more kinds in all than a net
    with one active cell has vertices: one for each cell, zero, and what comes after a violation.
    """
    first: dict[tuple[int, tuple[tuple[float, ...], ...]], int] = {}
    shared = {}
    for (state, column), places in _where_steps_lead(net, claim, arithmetic).items():
        shared[state, column] = first.setdefault((state, tuple(sorted(places))), column)
    several = len(first) > len({state for state, _ in first})
    return shared if several and len(first) <= net.size + 2 else None


def _where_steps_lead(
    net: Net, claim: Claim, arithmetic: Arithmetic
) -> dict[tuple[int, int], set[tuple[float, ...]]]:
    """For each state and last symbol the rounded h to which one word to each state leads."""
    execution = Execution(net, arithmetic)
    found: dict[tuple[int, int], set[tuple[float, ...]]] = defaultdict(set)
    points = {0: execution.start()}
    for state in (pending := [0]):
        steps = claim.going_on[state]
        if not steps:
            continue
        columns = np.array([column for column, _ in steps], dtype=np.intp)
        after = execution.step(np.repeat(points[state], len(steps), axis=0), columns)
        rounded = np.rint(GRID * net.hidden(after)) + 0.0
        for number, (column, target) in enumerate(steps):
            found[target, column].add(tuple(rounded[number]))
            if target not in points:
                points[target] = after[number : number + 1]
                pending.append(target)
    return found
