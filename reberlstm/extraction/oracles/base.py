"""What an equivalence oracle is, what it leaves behind, and net and hypothesis run together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.trajectories import NOT_ASKED, Ids, Trajectories

Word = tuple[int, ...]


@dataclass(frozen=True)
class Evidence:
    """What was compared without finding a difference.

    Attributes:
        all_up_to: Every word of at most this length was compared.
        closed: Every word leads to a pair of state vector and state that was compared.
        sampled, longest: So many longer words were compared, of up to so many symbols.
    """

    all_up_to: int = -1
    closed: bool = False
    sampled: int = 0
    longest: int = 0

    def __or__(self, other: Evidence) -> Evidence:
        return Evidence(
            max(self.all_up_to, other.all_up_to),
            self.closed or other.closed,
            self.sampled + other.sampled,
            max(self.longest, other.longest),
        )


class Oracle(ABC):
    """An equivalence oracle: it looks for a word on which a net and a hypothesis differ.

    Its `evidence` is what the last search compared, also where a budget cut it short.
    """

    def __init__(self, runs: Trajectories) -> None:
        self.runs = runs
        self.evidence = Evidence()

    @abstractmethod
    def find_counterexample(self, hypothesis: Hypothesis) -> Word | None:
        """A word whose last symbol shows a difference, or None where none was found.

        Raises:
            BudgetEnd: when the trajectories may not go on.
        """

    def again(self, hypothesis: Hypothesis) -> Word | None:
        """Another one from what was compared last, for a hypothesis that was refined since."""
        return None


class Words(Oracle):
    """Compares given words; subclasses choose them by the hypothesis."""

    def __init__(self, runs: Trajectories, given: Sequence[Word] = ()) -> None:
        super().__init__(runs)
        self._given = given
        self._compared: Sequence[Word] = ()

    def words(self, hypothesis: Hypothesis) -> Sequence[Word]:
        """The words to compare."""
        return self._given

    def find_counterexample(self, hypothesis: Hypothesis) -> Word | None:
        """The shortest prefix of any of the words on which net and hypothesis differ."""
        self._compared = self.words(hypothesis)
        return self.again(hypothesis)

    def again(self, hypothesis: Hypothesis) -> Word | None:
        """The same of the words that were compared last."""
        words = self._compared
        shown, longest = hypothesis.arrays()[1], 0
        for rows, ids, states, length in together(self.runs, hypothesis, words):
            wrong = rows[differ(self.runs, ids, shown[states])]
            if len(wrong):
                prefixes: list[Word] = [words[row][:length] for row in wrong.tolist()]
                return min(prefixes)
            longest = length
        self.evidence = Evidence(sampled=len(words), longest=longest)
        return None


def differ(runs: Trajectories, ids: Ids, shown: Ids) -> NDArray[np.bool_]:
    """Where the net shows something else than the hypothesis, where it is asked at all."""
    return np.asarray((runs.observation(ids) != shown) & (shown != NOT_ASKED))


def together(
    runs: Trajectories, hypothesis: Hypothesis, words: Sequence[Word]
) -> Iterator[tuple[Ids, Ids, Ids, int]]:
    """Net and hypothesis on the same words, as far as these go on.

    Yields:
        After every symbol the rows of the words that got there, the numbers of their state vectors,
        the hypothesis' states, and the length.
    """
    table, _ = hypothesis.arrays()
    lengths = np.array([len(word) for word in words], dtype=np.intp)
    order = np.argsort(-lengths, kind="stable")  # those that still go on are the first ones
    ordered = chain.from_iterable(map(words.__getitem__, order.tolist()))
    letters = np.fromiter(ordered, np.intp, int(lengths.sum()))
    begins = np.concatenate([[0], np.cumsum(lengths[order])[:-1]]) if len(words) else lengths
    ids = np.zeros(len(words), dtype=np.intp)
    states = np.zeros(len(words), dtype=np.intp)
    alive = np.arange(len(words))
    yield alive, ids, states, 0
    for position in range(int(lengths.max(initial=0))):
        alive = alive[lengths[order[alive]] > position]
        symbols = letters[begins[alive] + position]
        going = runs.offered(ids[alive])[np.arange(len(alive)), symbols]
        going &= table[states[alive], symbols] >= 0
        alive, symbols = alive[going], symbols[going]
        if not len(alive):
            return
        ids[alive] = runs.advance(ids[alive], symbols)
        states[alive] = table[states[alive], symbols]
        yield order[alive], ids[alive], states[alive], position + 1
