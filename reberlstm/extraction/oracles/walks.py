"""Random words along what the net offers, and words of a reference, also with a symbol changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from reberlstm.errors import GrammarError
from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.oracles.base import Word, Words
from reberlstm.extraction.trajectories import Ids, Trajectories
from reberlstm.machine.fsm import FSM

SKEW, CHANGE, RUNS = 0.3, 1 / 30, (0.0, 0.5, 0.9)
"""Biased words: the concentration of their symbols' frequencies (of a Dirichlet distribution), how
often these are drawn anew, and with what chances a symbol is repeated."""


CHANGED = 60
"""Of so many of the random words, copies with one symbol changed are compared, too."""


class Walks(Words):
    """Compares random words, as long as the net offers; the same ones for every hypothesis."""

    def __init__(self, runs: Trajectories, count: int, length: int, seed: int) -> None:
        super().__init__(runs)
        self._count, self._length, self._seed = count, length, seed

    def words(self, hypothesis: Hypothesis) -> Sequence[Word]:
        """The walks, then some with one symbol changed."""
        rng = np.random.default_rng(self._seed)
        words = walks(self.runs, self._count, self._length, rng)
        return [*words, *corrupted(words[:CHANGED], len(self.runs.net.alphabet), rng)]


class Biased(Walks):
    """The same, with symbols of skewed frequencies, which change, and with runs of one symbol.

    Words of equally likely symbols are all the same to many nets: what they count or remember stays
    near its mean. As many of these are among them.
    """

    def words(self, hypothesis: Hypothesis) -> Sequence[Word]:
        """The walks, some with one symbol changed, and those of equally likely symbols."""
        rng = np.random.default_rng(self._seed)
        biased, uniform = (
            walks(self.runs, self._count, self._length, rng, biased=biased)
            for biased in (True, False)
        )
        return [*biased, *corrupted(biased[:CHANGED], len(self.runs.net.alphabet), rng), *uniform]


class Prefixes(Walks):
    """Compares a shortest word to each state with biased words after it, for each hypothesis anew.

    This is the state-prefix oracle of AALpy (E. Muškardin and others, 2022), a walk a state.
    """

    def words(self, hypothesis: Hypothesis) -> Sequence[Word]:
        """As many walks as there are states, or more."""
        access = hypothesis.access_words()
        states = list(access)[: self._count] * max(1, self._count // max(1, len(access)))
        starts = np.array([hypothesis.access[state] for state in states], dtype=np.intp)
        rng = np.random.default_rng([self._seed, len(hypothesis.table)])
        tails = walks(self.runs, len(starts), self._length, rng, biased=True, starts=starts)
        return [access[state] + tail for state, tail in zip(states, tails, strict=True)]


def walks(
    runs: Trajectories,
    count: int,
    length: int,
    rng: np.random.Generator,
    *,
    biased: bool = False,
    starts: Ids | None = None,
) -> list[Word]:
    """Random words along what the net offers, from the start or from given state vectors.

    Biased ones have skewed frequencies, runs, and lengths of 1 to `length` symbols.
    """
    symbols = len(runs.net.alphabet)
    ids = np.zeros(count, dtype=np.intp) if starts is None else starts
    ids = ids.copy()
    letters = np.zeros((count, length), dtype=np.intp)
    lengths = np.zeros(count, dtype=np.intp)
    ends = rng.integers(1, length + 1, count) if biased else np.full(count, length)
    frequencies = rng.dirichlet(np.full(symbols, SKEW), count) if biased else None
    again = rng.choice(RUNS, count) if biased else np.zeros(count)
    alive = np.arange(count)
    for position in range(length):
        alive = alive[ends[alive] > position]
        offered = runs.offered(ids[alive])
        alive, offered = alive[offered.any(axis=1)], offered[offered.any(axis=1)]
        if not len(alive):
            break
        chances = rng.random(offered.shape)
        if frequencies is not None:
            change = alive[rng.random(len(alive)) < CHANGE]
            frequencies[change] = rng.dirichlet(np.full(symbols, SKEW), len(change))
            # The largest of uⁿ with n = 1/p is symbol a with probability p_a.
            chances = np.log(chances) / np.maximum(frequencies[alive], 1e-9)
        chosen = np.where(offered, chances, -np.inf).argmax(axis=1)
        if biased and position:
            last = letters[alive, position - 1]
            repeat = rng.random(len(alive)) < again[alive]
            repeat &= offered[np.arange(len(alive)), last]
            chosen = np.where(repeat, last, chosen)
        ids[alive] = runs.advance(ids[alive], chosen)
        letters[alive, position] = chosen
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
        alphabet = self.runs.net.alphabet
        words = reference_words(self._reference, alphabet, self._count, self._seed)
        rng = np.random.default_rng(self._seed)
        return [*words, *corrupted(words, len(alphabet), rng)]


def reference_words(
    fsm: FSM, alphabet: Sequence[str], count: int, seed: int
) -> list[tuple[int, ...]]:
    """So many words that a machine accepts; none where it has none, or they never end."""
    if fsm.start not in fsm.distance_to_acceptance:
        return []
    try:
        sampled = fsm.sample(count, seed=seed)
    except GrammarError:
        return []
    return [tuple(map(alphabet.index, word)) for word in sampled]
