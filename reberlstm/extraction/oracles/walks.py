"""Random words along what the net offers, words of a reference, and both with a symbol changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.oracles.base import Word, Words
from reberlstm.extraction.trajectories import Trajectories
from reberlstm.machine.fsm import FSM


class Walks(Words):
    """Compares random words, as long as the net offers; the same ones for every hypothesis."""

    def __init__(self, runs: Trajectories, count: int, length: int, seed: int) -> None:
        super().__init__(runs)
        self._count, self._length, self._seed = count, length, seed

    def words(self, hypothesis: Hypothesis) -> Sequence[Word]:
        """The walks, then each with one symbol changed."""
        rng = np.random.default_rng(self._seed)
        words = walks(self.runs, self._count, self._length, rng)
        return [*words, *corrupted(words, len(self.runs.net.alphabet), rng)]


def walks(runs: Trajectories, count: int, length: int, rng: np.random.Generator) -> list[Word]:
    """Random words along what the net offers."""
    ids = np.zeros(count, dtype=np.intp)
    letters = np.zeros((count, length), dtype=np.intp)
    lengths = np.zeros(count, dtype=np.intp)
    alive = np.arange(count)
    for position in range(length):
        offered = runs.offered(ids[alive])
        alive, offered = alive[offered.any(axis=1)], offered[offered.any(axis=1)]
        if not len(alive):
            break
        symbols = np.where(offered, rng.random(offered.shape), -1.0).argmax(axis=1)
        ids[alive] = runs.advance(ids[alive], symbols)
        letters[alive, position] = symbols
        lengths[alive] += 1
    return [tuple(word[:end]) for word, end in zip(letters.tolist(), lengths.tolist(), strict=True)]


def corrupted(words: Iterable[Word], symbols: int, rng: np.random.Generator) -> Iterator[Word]:
    """Each word with one symbol replaced, inserted or left out."""
    for word in words:
        if not word:
            continue
        position = int(rng.integers(len(word)))
        symbol = int(rng.integers(symbols))
        change = int(rng.integers(3))
        middle = ((symbol,), (symbol, word[position]), ())[change]
        yield word[:position] + middle + word[position + 1 :]


class ReferenceWords(Words):
    """Compares so many words that a reference accepts, if it accepts any."""

    def __init__(self, runs: Trajectories, reference: FSM, count: int, seed: int) -> None:
        super().__init__(runs)
        self._reference, self._count, self._seed = reference, count, seed

    def words(self, hypothesis: Hypothesis) -> Sequence[Word]:
        """The sampled words, then each with one symbol changed."""
        fsm, net = self._reference, self.runs.net
        if fsm.start not in fsm.distance_to_acceptance:
            return []
        sampled = fsm.sample(self._count, seed=self._seed)
        words = [tuple(map(net.alphabet.index, word)) for word in sampled]
        rng = np.random.default_rng(self._seed)
        return [*words, *corrupted(words, len(net.alphabet), rng)]
