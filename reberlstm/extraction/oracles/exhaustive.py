"""All words up to some length, breadth first over pairs of state vector and hypothesis state.

The word found is a shortest one, and finding none is evidence for *all* words of that length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from reberlstm.extraction.interning import Ids
from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.oracles.base import Evidence, Oracle, Word, differ
from reberlstm.extraction.trajectories import Trajectories


class Exhaustive(Oracle):
    """Compares all words, shortest first.

    Args:
        runs: The net.
        pairs: How many pairs of state vector and state may be compared.
    """

    def __init__(self, runs: Trajectories, pairs: int) -> None:
        super().__init__(runs)
        self._pairs = pairs

    def find_counterexample(self, hypothesis: Hypothesis) -> Word | None:
        """The shortest word, first in the order of the alphabet, if the pairs reach so far."""
        self.evidence = Evidence()
        frontier = Frontier(self.runs, hypothesis, key=lambda ids: ids)
        while len(frontier.ids):
            word = frontier.difference()
            if word is not None:
                return word
            self.evidence = Evidence(all_up_to=frontier.length)
            if frontier.count + len(frontier.successors[0]) > self._pairs:
                return None
            frontier.advance()
        self.evidence = replace(self.evidence, closed=True)
        return None


class Frontier:
    """A breadth-first search over pairs of state vector and hypothesis state, level by level.

    Args:
        runs: The net.
        hypothesis: The hypothesis.
        key: Numbers for state vectors, given by their numbers; equal ones are followed only once.

    Attributes:
        ids: The state vectors of the words of this length that lead to a new pair.
        states: The states of the hypothesis after them.
        count: How many pairs were found.
        successors: With which symbols these words go on: their rows, and the symbols.
    """

    def __init__(
        self, runs: Trajectories, hypothesis: Hypothesis, key: Callable[[Ids], Ids]
    ) -> None:
        self._runs, self._key = runs, key
        self._table, self._shown = hypothesis.arrays()
        self._levels: list[tuple[Ids, Ids]] = []
        self._known: set[int] = set()
        self.ids = self.states = np.zeros(1, dtype=np.intp)
        self._fresh(self.ids, self.states)
        self.successors = self._going_on()

    @property
    def length(self) -> int:
        """The length of the words on this level."""
        return len(self._levels)

    @property
    def count(self) -> int:
        """How many pairs were found."""
        return len(self._known)

    def difference(self) -> Word | None:
        """The first word of this level on which net and hypothesis differ."""
        wrong = np.flatnonzero(differ(self._runs, self.ids, self._shown[self.states]))
        if not len(wrong):
            return None
        word, row = [], int(wrong[0])
        for sources, symbols in reversed(self._levels):
            word.append(int(symbols[row]))
            row = int(sources[row])
        return tuple(reversed(word))

    def advance(self) -> None:
        """Go on to the words that are one symbol longer."""
        sources, symbols = self.successors
        after = self._runs.advance(self.ids[sources], symbols)
        targets = self._table[self.states[sources], symbols]
        fresh = self._fresh(after, targets)
        self._levels.append((sources[fresh], symbols[fresh]))
        self.ids, self.states = after[fresh], targets[fresh]
        self.successors = self._going_on()

    def _going_on(self) -> tuple[Ids, Ids]:
        offered = self._runs.offered(self.ids) & (self._table[self.states] >= 0)
        sources, symbols = np.nonzero(offered)
        return sources, symbols

    def _fresh(self, ids: Ids, states: Ids) -> Ids:
        """The rows with a pair that is new, in order; of equal ones only the first."""
        pairs, rows = np.unique(self._key(ids) * len(self._table) + states, return_index=True)
        keys = pairs.tolist()
        fresh = np.array([key not in self._known for key in keys], dtype=bool)
        self._known.update(keys)
        return np.sort(rows[fresh])
