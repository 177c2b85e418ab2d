"""The nodes of an invariant: what is remembered of a word.

A node is the machine's state together with the last k symbols; words shorter than k are remembered
whole. Node 0 stands for the empty word alone, the zero vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.claims import Claim

Node = tuple[int, tuple[int, ...]]
"""A state of the monitor, and columns of the net's alphabet."""


@dataclass(frozen=True, eq=False)
class Nodes:
    """A graph of nodes, with its edges sorted by target.

    Attributes:
        k: How many symbols are remembered.
        names: The nodes; the first is the empty word.
        sources: For every edge the node where it begins.
        symbols: The column that is read.
        targets: The node where it ends.
    """

    k: int
    names: tuple[Node, ...]
    sources: NDArray[np.intp]
    symbols: NDArray[np.intp]
    targets: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def states(self) -> NDArray[np.intp]:
        """The monitor's state of every node."""
        return np.array([state for state, _ in self.names], dtype=np.intp)


def unfold(claim: Claim, k: int, most: int) -> Nodes | None:
    """The nodes that words of the scope come to, or None where there are more than `most`."""
    names: list[Node] = [(0, ())]
    index: dict[Node, int] = {}
    edges: list[tuple[int, int, int]] = []
    for number, (state, last) in enumerate(names):
        for column, target in claim.steps[state]:
            if not claim.goes_on(target):
                continue  # a word that ends here is not judged in this scope
            node = (target, (*last, column)[-k:] if k else ())
            if node not in index:
                index[node] = len(names)
                names.append(node)
                if len(names) > most:
                    return None
            edges.append((index[node], number, column))
    edges.sort()
    table = np.array(edges, dtype=np.intp).reshape(-1, 3)
    return Nodes(k, tuple(names), table[:, 1], table[:, 2], table[:, 0])
