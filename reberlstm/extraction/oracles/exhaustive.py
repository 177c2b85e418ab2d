"""All words up to some length, breadth first over pairs of state vector and hypothesis state.

The word found is a shortest one, and finding none is evidence for *all* words of that length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.oracles.base import Evidence, Oracle, Word, differ
from reberlstm.extraction.trajectories import Ids, Trajectories


class Exhaustive(Oracle):
    """Compares all words, shortest first, to so many pairs of state vector and state."""

    def __init__(self, runs: Trajectories, pairs: int) -> None:
        super().__init__(runs)
        self._pairs = pairs

    def find_counterexample(self, hypothesis: Hypothesis) -> Word | None:
        """The shortest word, first in the order of the alphabet, if the pairs reach so far."""
        self.evidence = Evidence()
        levels = by_length(self.runs, hypothesis, key=lambda ids: ids)
        for length, (word, known, successors) in enumerate(levels):
            if word is not None:
                return word
            self.evidence = Evidence(all_up_to=length)
            if known + successors > self._pairs:
                return None
        self.evidence = replace(self.evidence, closed=True)
        return None


def by_length(
    runs: Trajectories, hypothesis: Hypothesis, key: Callable[[Ids], Ids]
) -> Iterator[tuple[Word | None, int, int]]:
    """Breadth first over pairs of state vector and state, one length of words after the other.

    Of state vectors with equal keys only the first is followed.

    Yields:
        The first word of this length on which net and hypothesis differ, if any; how many pairs
        were found; to how many, at most, the next symbol leads.
    """
    table, shown = hypothesis.arrays()
    ids = states = np.zeros(1, dtype=np.intp)
    known = set(key(ids).tolist())  # the start is state 0
    levels: list[tuple[Ids, Ids]] = []
    while len(ids):
        wrong = np.flatnonzero(differ(runs, ids, shown[states]))
        sources, symbols = np.nonzero(runs.offered(ids) & (table[states] >= 0))
        yield _word(levels, int(wrong[0])) if len(wrong) else None, len(known), len(sources)
        after, targets = runs.advance(ids[sources], symbols), table[states[sources], symbols]
        pairs, rows = np.unique(key(after) * len(table) + targets, return_index=True)
        distinct = pairs.tolist()
        fresh = np.sort(rows[[pair not in known for pair in distinct]])
        known.update(distinct)
        levels.append((sources[fresh], symbols[fresh]))
        ids, states = after[fresh], targets[fresh]


def _word(levels: list[tuple[Ids, Ids]], row: int) -> Word:
    """The word that led to a row of the last level."""
    word: list[int] = []
    for sources, symbols in reversed(levels):
        word.append(int(symbols[row]))
        row = int(sources[row])
    return tuple(reversed(word))
