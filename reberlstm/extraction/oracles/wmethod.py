"""The W-method: a shortest word to each state, a few symbols, and words that tell states apart.

T. S. Chow, Testing software design modeled by finite-state machines, IEEE Transactions on Software
Engineering 4 (1978). If the net is a machine with at most d states more than the hypothesis,
middles of up to d symbols find every difference.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.oracles.base import Word, Words
from reberlstm.extraction.trajectories import Trajectories
from reberlstm.machine.crawl import crawl


class WMethod(Words):
    """Compares so many words of the W-method, those with the shortest middles first."""

    def __init__(self, runs: Trajectories, most: int) -> None:
        super().__init__(runs)
        self._most = most

    def words(self, hypothesis: Hypothesis) -> Sequence[Word]:
        """With middles of all lengths that fit."""
        access = list(hypothesis.access_words().values())
        endings = [(), *characterising(hypothesis)]
        symbols = range(len(self.runs.net.alphabet))
        found: list[Word] = []
        length = 0
        while len(access) * len(endings) * len(symbols) ** length <= self._most - len(found):
            middles = itertools.product(symbols, repeat=length)
            found += [a + m + w for a, m, w in itertools.product(access, middles, endings)]
            length += 1
        return found


def characterising(hypothesis: Hypothesis) -> list[Word]:
    """Words after which any two different states have shown something different."""
    words: list[Word] = []
    classes = [list(range(len(hypothesis.table)))]
    while (several := next((c for c in classes if len(c) > 1), None)) is not None:
        word = _apart(hypothesis, several[0], several[1])
        if word is None:  # the same in every respect; keep one
            several.pop(1)
            continue
        words.append(word)
        classes = [part for c in classes for part in _split(hypothesis, c, word)]
    return words


def _apart(hypothesis: Hypothesis, left: int, right: int) -> Word | None:
    """A shortest word after which two states show something different."""

    def follow(pair: tuple[int, int]) -> Iterator[tuple[int, tuple[int, int]]]:
        lines = (hypothesis.table[state] for state in pair)
        for symbol, after in enumerate(zip(*lines, strict=True)):
            if min(after) >= 0:
                yield symbol, after

    def differ(pair: tuple[int, int]) -> bool:
        one, other = pair
        seen, table = hypothesis.observation, hypothesis.table
        return seen[one] != seen[other] or any(
            (a < 0) != (b < 0) for a, b in zip(table[one], table[other], strict=True)
        )

    found = crawl([(left, right)], follow, goal=differ)
    return None if found.goal is None else found.word(found.goal)


def _split(hypothesis: Hypothesis, states: list[int], word: Word) -> Iterator[list[int]]:
    parts: dict[object, list[int]] = {}
    for state in states:
        parts.setdefault(_shown(hypothesis, state, word), []).append(state)
    yield from parts.values()


def _shown(hypothesis: Hypothesis, state: int, word: Word) -> object:
    for symbol in word:
        state = hypothesis.table[state][symbol]
        if state < 0:
            return None
    return hypothesis.observation[state], tuple(to < 0 for to in hypothesis.table[state])
