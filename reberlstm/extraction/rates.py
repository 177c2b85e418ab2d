"""On what share of words two of net, machine and reference agree; and every machine on the way.

A word counts as agreed on if the two show the same after its last symbol. A share comes with the
kind of words and with a confidence interval: E. B. Wilson, Probable inference, the law of
succession, and statistical inference, Journal of the American Statistical Association 22 (1927).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import ExtractionError
from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.oracles.base import Word
from reberlstm.extraction.oracles.walks import reference_words, walks
from reberlstm.extraction.trajectories import NO_MORE, NOT_ASKED, Ids, Trajectories
from reberlstm.machine.fsm import FSM
from reberlstm.plain import Plain

WORDS, LENGTH = 1_000, 100
"""Words of each kind that a share is measured on, and the most symbols of them."""

SURE = 1.959964  # the normal distribution has 95 % within so many standard deviations

LENGTHS = (10, 30)
"""Biased words are told apart by length: up to these, and longer."""


@dataclass(frozen=True)
class Rate(Plain):
    """On how many words of a kind two agree.

    Attributes:
        kind: ``uniform``: symbols equally likely among those the net offers; ``biased``: with
            skewed, changing frequencies and runs; ``reference``: words that the reference accepts;
            ``given``: a person's own.
        agreed, words: The numbers.
        low, high: Ends of the 95 % confidence interval of the share.
        lengths: The least and greatest length, where it is about a part of the words.
    """

    kind: str
    agreed: int
    words: int
    low: float
    high: float
    lengths: tuple[int, int] | None = None

    @property
    def share(self) -> float:
        """The share agreed on."""
        return self.agreed / self.words

    @staticmethod
    def of(kind: str, agreed: int, words: int, lengths: tuple[int, int] | None = None) -> Rate:
        """With its interval.

        Example:
            >>> rate = Rate.of("biased", 98, 100)
            >>> round(rate.low, 3), round(rate.high, 3)
            (0.93, 0.994)
        """
        share, square = agreed / words, SURE**2 / words
        middle = (share + square / 2) / (1 + square)
        reach = math.sqrt(share * (1 - share) * square + square**2 / 4) / (1 + square)
        low = 0.0 if agreed == 0 else middle - reach
        high = 1.0 if agreed == words else middle + reach
        return Rate(kind, agreed, words, low, high, lengths)

    def __str__(self) -> str:
        """In one line: ``98.0 % of 100 biased words (92.9 % to 99.4 %)``."""
        share, low, high = (percent(x) for x in (self.share, self.low, self.high))
        only = "" if self.lengths is None else f" of {self.lengths[0]} to {self.lengths[1]} symbols"
        return f"{share} of {self.words:,} {self.kind} words{only} ({low} to {high})"


def percent(share: float) -> str:
    """A share in per cent; one below 1 is never shown as 100 %."""
    return "100 %" if share == 1.0 else f"{math.floor(1000 * share) / 10:.1f} %"


class Sampled:
    """Words of several kinds, and what the net shows after each."""

    def __init__(self, runs: Trajectories, words: Mapping[str, Sequence[Word]]) -> None:
        self._kinds = {kind: len(each) for kind, each in words.items() if each}
        self._words = every = [word for each in words.values() for word in each]
        self.lengths = np.array([len(word) for word in every], dtype=np.intp)
        self._letters = np.full((int(self.lengths.max(initial=0)), len(every)), -1, dtype=np.intp)
        for number, word in enumerate(every):
            self._letters[: len(word), number] = word
        ids = np.zeros(len(every), dtype=np.intp)
        goes_on = np.ones(len(every), dtype=bool)
        for letters in self._letters:
            goes_on &= (letters < 0) | runs.offered(ids)[np.arange(len(ids)), letters]
            rows = np.flatnonzero(goes_on & (letters >= 0))
            ids[rows] = runs.advance(ids[rows], letters[rows])
        self.net = np.where(goes_on, runs.observation(ids), NO_MORE)

    def shown(self, machine: Hypothesis) -> NDArray[np.intp]:
        """What a machine shows after each word; NO_MORE where it has no such word.

        Of a word that goes on where nothing was asked any more, nothing is asked either.
        """
        table, observation = machine.arrays()
        aside = len(table)
        table[(observation == NOT_ASKED)[:, np.newaxis] & (table < 0)] = aside
        width = table.shape[1]
        table = np.vstack([table, np.full(width, aside), np.full(width, -1)])  # state −1 stays
        observation = np.append(observation, NOT_ASKED)
        states = np.zeros(len(self.lengths), dtype=np.intp)
        for letters in self._letters:
            states = np.where(letters < 0, states, table[states, letters])
        return np.asarray(np.where(states < 0, NO_MORE, observation[states]))

    def apart(self, left: Ids, right: Ids) -> Word | None:
        """A shortest of the words on which two that show this differ."""
        rows = np.flatnonzero(~_same(left, right))
        return min((self._words[row] for row in rows.tolist()), key=len, default=None)

    def rates(self, left: Ids, right: Ids) -> tuple[Rate, ...]:
        """On what shares of the words two that show this agree."""
        same = _same(left, right)
        found, at = [], 0
        for kind, count in self._kinds.items():
            own, lengths = same[at : at + count], self.lengths[at : at + count]
            found.append(Rate.of(kind, int(own.sum()), count))
            if kind == "biased":
                ends = [0, *LENGTHS, int(lengths.max(initial=0))]
                for low, high in pairwise(ends):
                    part = own[(lengths > low) & (lengths <= high)]
                    if len(part):
                        agreed = int(part.sum())
                        found.append(Rate.of(kind, agreed, len(part), (low + 1, high)))
            at += count
        return tuple(found)


def _same(left: Ids, right: Ids) -> NDArray[np.bool_]:
    return np.asarray((left == right) | (left == NOT_ASKED) | (right == NOT_ASKED))


def sampled(runs: Trajectories, reference: FSM | None, given: Sequence[Word], seed: int) -> Sampled:
    """New words of every kind, which no search has drawn; fewer where the memory is short."""
    rng = np.random.default_rng([seed, 0xA9])
    room = max(0, runs.fitting - runs.count) // (4 * LENGTH)
    count = max(1, min(WORDS, room))
    words: dict[str, Sequence[Word]] = {
        kind: walks(runs, count, LENGTH, rng, biased=kind == "biased")
        for kind in ("uniform", "biased")
    }
    if reference is not None:
        words["reference"] = reference_words(reference, runs.net.alphabet, count, seed + 2)
    words["given"] = given
    return Sampled(runs, words)


@dataclass(frozen=True)
class Candidate(Plain):
    """A machine on the way to the last one.

    Attributes:
        states: How many states it has.
        agreement: The share of biased words on which it agrees with the net.
        found_after: After how many steps of the net it was there.
    """

    states: int
    agreement: float
    found_after: int


def best(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that no machine with as few states, or fewer, agrees better than; smallest first."""
    found: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: (c.states, -c.agreement, c.found_after)):
        if not found or candidate.agreement > found[-1].agreement:
            found.append(candidate)
    return found


def picked(candidates: Sequence[Candidate], pick: str) -> Candidate:
    """The machine that is asked for: see `reberlstm.extract`.

    Raises:
        ExtractionError: where none is as small or agrees so well, or `pick` is not understood.
    """
    what, _, text = pick.partition("=")
    try:
        bound = float(text)
    except ValueError:
        bound = math.nan
    if what not in ("states", "agreement") or math.isnan(bound):
        raise ExtractionError(f"pick {pick!r}; give states=5 or agreement=0.99")
    row = best(candidates)
    if what == "states":
        row = [candidate for candidate in reversed(row) if candidate.states <= bound]
    else:
        row = [candidate for candidate in row if candidate.agreement >= bound]
    if not row:
        first, *_, last = (known := best(candidates)) * 2
        raise ExtractionError(
            f"no machine with {pick} was found; there are {len(known)} of {first.states} to "
            f"{last.states} states, which agree on {percent(first.agreement)} to "
            f"{percent(last.agreement)} of biased words"
        )
    return row[0]
