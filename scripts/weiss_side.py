"""The method of Weiss, Goldberg and Yahav as an equivalence oracle for AALpy's L*: our reading.

G. Weiss, Y. Goldberg, E. Yahav, Extracting Automata from Recurrent Neural Networks Using Queries
and Counterexamples, ICML 2018, sections 5 and 6. State vectors are put into clusters, and the net
is unrolled over clusters, breadth first, beside the hypothesis. A vector that accepts where the
hypothesis rejects is a counterexample. Where one cluster is reached in two states of the
hypothesis, a word that tells these apart is tried after every way into the cluster: either one
shows a counterexample, or the cluster is split between the vectors that were there and the new one.
The first split cuts the ten coordinates that differ most in their middle; later ones are those of a
support vector machine with Gaussian kernel, 1/D, and C = 10,000. These two were read in their code,
github.com/tech-srl/lstar_extraction, of which nothing is copied here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from agreement import Word
from numpy.typing import NDArray

Vector = NDArray[np.float64]

FIRST, C, ROUNDS = 10, 1e4, 200
"""Coordinates of the first split; the softness of later ones, and the rounds to find them."""


@dataclass
class Cluster:
    """A leaf of the tree of splits; once it is split, `side` says to which child a vector goes."""

    side: Callable[[Vector], int] | None = None
    children: list[Cluster] = field(default_factory=list)

    def of(self, vector: Vector) -> Cluster:
        """The leaf of a vector."""
        found = self
        while found.side is not None:
            found = found.children[found.side(vector)]
        return found

    def cut(self, side: Callable[[Vector], int], parts: int = 2) -> None:
        """Split it."""
        self.side, self.children = side, [Cluster() for _ in range(parts)]


def in_the_middle(agreeing: Sequence[Vector], other: Vector) -> Callable[[Vector], int]:
    """The first split: by the coordinates in which the mean and the other vector differ most."""
    mean = np.mean(agreeing, axis=0)
    widest = np.argsort(-np.abs(mean - other))[:FIRST]
    middle, weights = (mean + other)[widest] / 2, 1 << np.arange(len(widest))
    return lambda vector: int((vector[widest] > middle) @ weights)


def by_support_vectors(agreeing: Sequence[Vector], other: Vector) -> Callable[[Vector], int]:
    """A support vector machine between some vectors and one: 1 on the side of that one.

    Its dual problem is solved by coordinate ascent, with the bias as a part of the kernel.
    """
    points = np.array([*agreeing, other], dtype=np.float64)
    signs = np.append(-np.ones(len(agreeing)), 1.0)

    def kernel(vector: Vector) -> Vector:
        return np.asarray(np.exp(-((points - vector) ** 2).mean(axis=1)) + 1.0)

    gram = np.array([kernel(point) for point in points])
    alpha = np.zeros(len(points))
    for _ in range(ROUNDS):
        before = alpha.copy()
        for i in range(len(points)):
            slope = 1.0 - signs[i] * (gram[i] @ (alpha * signs))
            alpha[i] = min(C, max(0.0, alpha[i] + slope / gram[i, i]))
        if np.abs(alpha - before).max() < 1e-3 * max(1.0, alpha.max()):
            break
    weights = alpha * signs
    return lambda vector: int(kernel(vector) @ weights > 0)


@dataclass
class Visit:
    """What is known of a cluster: the hypothesis' state there, the ways into it, their vectors."""

    state: Any
    ways: list[Word]
    vectors: list[Vector]


class Unrolling:
    """The oracle; a cluster's splits are kept from one hypothesis to the next.

    Args:
        sul: The net as AALpy asks it.
        given: Words that are compared first, in place of the words that their users give.
    """

    def __init__(self, sul: Any, given: Sequence[Word]) -> None:
        self.sul, self.net, self.given = sul, sul.net, sorted(given, key=len)
        self.num_queries = self.num_steps = 0
        self._root = Cluster()

    def find_cex(self, hypothesis: Any) -> Word | None:
        """A counterexample, or None where the abstraction shows none."""
        for given in self.given:
            if self._differs(hypothesis, given):
                return given
        while True:
            again, word = self._unroll(hypothesis)
            if not again:
                return word

    def _differs(self, hypothesis: Any, word: Word) -> bool:
        state = hypothesis.initial_state
        for symbol in word:
            state = state.transitions[symbol]
        return bool(state.is_accepting) != bool(self.sul.query(word)[-1])

    def _unroll(self, hypothesis: Any) -> tuple[bool, Word | None]:
        """Breadth first over clusters: whether to begin again, and a counterexample."""
        visits: dict[int, Visit] = {}
        start = np.asarray(self.net.initial())
        queue: deque[tuple[Any, Word, Vector]] = deque([(hypothesis.initial_state, (), start)])
        while queue:
            state, way, vector = queue.popleft()
            cluster = self._root.of(vector)
            if bool(self.net.observe(vector[np.newaxis])[0]) != bool(state.is_accepting):
                return False, way
            visit = visits.get(id(cluster))
            if visit is None:
                visits[id(cluster)] = Visit(state, [way], [vector])
                for symbol in range(len(self.net.alphabet)):
                    after = self.net.step(vector[np.newaxis], np.array([symbol]))[0]
                    queue.append((state.transitions[symbol], (*way, symbol), after))
            elif visit.state is state:
                visit.ways.append(way)
                visit.vectors.append(vector)
            else:
                apart = hypothesis.find_distinguishing_seq(
                    visit.state, state, list(range(len(self.net.alphabet)))
                )
                for before in sorted([*visit.ways, way], key=len):
                    tried: Word = (*before, *(apart or ()))
                    if self._differs(hypothesis, tried):
                        return False, tried
                if not self._split(cluster, visit, vector):
                    return True, None
                visits[id(self._root.of(visit.vectors[0]))] = visit
                queue.appendleft((state, way, vector))
        return False, None

    def _split(self, cluster: Cluster, visit: Visit, vector: Vector) -> bool:
        """Whether nothing but the new vector has left the cluster, so that one may go on."""
        if cluster is self._root:
            cluster.cut(in_the_middle(visit.vectors, vector), 2**FIRST)
        else:
            cluster.cut(by_support_vectors(visit.vectors, vector))
        leaves = {id(self._root.of(each)) for each in visit.vectors}
        return len(leaves) == 1 and id(self._root.of(vector)) not in leaves
