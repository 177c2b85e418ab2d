"""The machine as tables that many words look up at once, and words drawn from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM, Word
from reberlstm.machine.monitor import monitor

Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

LONGEST = 200
"""Walks that grow over so many symbols are cut: what is judged is prefixes, not whole words."""


@dataclass(frozen=True, eq=False)
class Words:
    """B words of at most T symbols, time first.

    Attributes:
        symbols: Their numbers, (T, B); 0 where a word is over.
        states: The machine's state after each symbol, (T, B).
        present: Whether the word reaches so far, (T, B).
    """

    symbols: Ints
    states: Ints
    present: Bools

    @property
    def count(self) -> int:
        """B."""
        return int(self.symbols.shape[1])

    def first(self, count: int) -> Words:
        """The first words of these."""
        longest = int(self.present[:, :count].any(axis=1).sum())
        return Words(*(part[:longest, :count] for part in vars(self).values()))


class Machine:
    """A machine as arrays; symbols are their numbers in its alphabet.

    Attributes:
        fsm: The machine.
        names: Names of the states, the start first; None is the one after a violation.
        target: The next state, (S, A).
        legal: Which symbols may follow, (S, A); none after a violation.
        accepting: Where a word may end, (S,).
        goes_on: Where any symbol may follow, (S,).
        probability: Of each symbol where the word goes on, (S, A).
    """

    def __init__(self, fsm: FSM) -> None:
        watched = monitor(fsm)
        self.fsm = fsm
        self.alphabet = alphabet = fsm.alphabet
        self.names = watched.states
        states = range(len(self.names))
        self.target: Ints = np.array(watched.table, dtype=np.intp)
        self.legal: Bools = np.array([[a in watched.legal(p) for a in alphabet] for p in states])
        self.accepting: Bools = np.array([watched.accepting(p) for p in states])
        self.goes_on: Bools = np.asarray(self.legal.any(axis=1))
        self.probability = np.array([[watched.probability(p, a) for a in alphabet] for p in states])
        self.stop = np.array(
            [1.0 if name is None else fsm.stop_probability(name) for name in self.names]
        )
        self.stop[~self.goes_on] = 1.0
        if not self.goes_on[0]:
            raise GrammarError(f"{fsm} has no word of one symbol or more; nothing can be compared")

    def draw(self, rng: np.random.Generator, count: int, longest: int = LONGEST) -> Words:
        """Random walks with the machine's probabilities, of at least one symbol."""
        return self.walk(rng, np.zeros(count, dtype=np.intp), longest)

    def walk(self, rng: np.random.Generator, state: Ints, longest: int) -> Words:
        """Random walks from given states, one each; empty where nothing may follow."""
        cumulative = np.cumsum(self.probability, axis=1)
        present = self.goes_on[state]
        steps: list[tuple[Ints, Ints, Bools]] = []
        for _ in range(longest):
            if steps:
                present = present & (rng.random(state.shape) >= self.stop[state])
            if not present.any():
                break
            line = cumulative[state]
            throw = rng.random((len(state), 1)) * line[:, -1:]
            symbol = np.where(present, np.minimum((throw >= line).sum(1), line.shape[1] - 1), 0)
            state = np.where(present, self.target[state, symbol], state)
            steps.append((symbol, state, present))
        return stack(steps, len(state))

    def table(self, words: Iterable[Word]) -> Words:
        """Given words, as symbols."""
        column = {symbol: number for number, symbol in enumerate(self.alphabet)}
        return self.of([[column[symbol] for symbol in word] for word in words])

    def of(self, words: Sequence[Sequence[int]], start: Ints | None = None) -> Words:
        """Given words, as numbers, from the start or from a given state each."""
        longest = max((len(word) for word in words), default=0)
        symbols = np.zeros((longest, len(words)), dtype=np.intp)
        present = np.zeros(symbols.shape, dtype=bool)
        for number, word in enumerate(words):
            symbols[: len(word), number] = word
            present[: len(word), number] = True
        return self.follow(symbols, present, start)

    def follow(self, symbols: Ints, present: Bools, start: Ints | None = None) -> Words:
        """What states words lead to, from the start or from a given state each."""
        state = np.zeros(symbols.shape[1], dtype=np.intp) if start is None else start
        states = np.empty_like(symbols)
        for t in range(len(symbols)):
            state = np.where(present[t], self.target[state, symbols[t]], state)
            states[t] = state
        return Words(symbols, states, present)

    def shortest_ways(self, most: int) -> dict[int, list[int]]:
        """A shortest legal word, as numbers, to each of the first states that one leads to."""
        ways: dict[int, list[int]] = {0: []}
        queue = [0]
        for state in queue:
            for column in np.flatnonzero(self.legal[state]).tolist():
                target = int(self.target[state, column])
                if target not in ways and len(ways) < most:
                    ways[target] = [*ways[state], column]
                    queue.append(target)
        return ways

    def text(self, word: Iterable[int]) -> str:
        """Numbers as a word in print."""
        return self.fsm.text(self.alphabet[column] for column in word)


def stack(steps: Sequence[tuple[Ints, Ints, Bools]], count: int) -> Words:
    """Steps as words."""
    if not steps:
        none = np.zeros((0, count), dtype=np.intp)
        return Words(none, none, np.zeros((0, count), dtype=bool))
    symbols, states, present = (np.array(part) for part in zip(*steps, strict=True))
    return Words(symbols, states, present)
