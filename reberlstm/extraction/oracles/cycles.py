"""Every short cycle of the hypothesis, many times over: this finds drift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.oracles.base import Word, Words
from reberlstm.extraction.trajectories import Trajectories
from reberlstm.machine.crawl import Crawl, crawl

LONGEST, MOST_STATES = 12, 300
"""The longest cycles, and of how many states they are taken, nearest to the start first."""

MOST_SYMBOLS = 60_000
"""Symbols in all repeated cycles together: where they are many, each gets fewer rounds."""


class Cycles(Words):
    """Compares a shortest cycle through every transition, repeated after an access word."""

    def __init__(self, runs: Trajectories, rounds: int) -> None:
        super().__init__(runs)
        self._rounds = rounds

    def words(self, hypothesis: Hypothesis) -> Sequence[Word]:
        """Each cycle once, whichever of its states it is entered at."""
        sources: list[list[tuple[int, int]]] = [[] for _ in hypothesis.table]
        for state, line in enumerate(hypothesis.table):
            for symbol, target in enumerate(line):
                if target >= 0:
                    sources[target].append((symbol, state))
        found: dict[tuple[tuple[int, int], ...], tuple[Word, Word]] = {}
        for state, way in list(hypothesis.access_words().items())[:MOST_STATES]:
            back = _ways_back(sources, state)
            for symbol, target in enumerate(hypothesis.table[state]):
                if target in back.came:
                    cycle = (symbol, *reversed(back.word(target)))
                    found.setdefault(_rotation(hypothesis, state, cycle), (way, cycle))
        total = sum(len(cycle) for _, cycle in found.values())
        rounds = min(self._rounds, max(3, MOST_SYMBOLS // max(1, total)))
        return [way + cycle * rounds for way, cycle in found.values()]


def _ways_back(sources: list[list[tuple[int, int]]], goal: int) -> Crawl[int, int]:
    """Backwards from `goal` to every state from which fewer than `LONGEST` symbols lead there."""
    distance = {goal: 0}

    def before(state: int) -> Iterator[tuple[int, int]]:
        if distance[state] + 1 < LONGEST:
            for symbol, source in sources[state]:
                distance.setdefault(source, distance[state] + 1)
                yield symbol, source

    return crawl([goal], before)


def _rotation(hypothesis: Hypothesis, state: int, cycle: Word) -> tuple[tuple[int, int], ...]:
    """The same for a cycle from whichever of its states it is read."""
    steps = []
    for symbol in cycle:
        steps.append((state, symbol))
        state = hypothesis.table[state][symbol]
    return min(tuple(steps[turn:] + steps[:turn]) for turn in range(len(steps)))
