"""Words to learn from: random walks through a machine, many at once, with what is right after each.

Words are arrays of column numbers, time first: (T, N, B) for B words for each of N nets. What a
word is judged by is looked up in the state that it has come to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM, Word

Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Words:
    """Words of different lengths, padded at their ends.

    Attributes:
        symbols: Columns of the alphabet, (T, N, B); 0 where a word is over.
        states: The state after each symbol, an index into the monitor's states, same shape.
        present: Whether the word reaches so far, same shape.
    """

    symbols: Ints
    states: Ints
    present: Bools

    @property
    def lengths(self) -> Ints:
        """The number of symbols of every word, (N, B)."""
        return np.asarray(self.present.sum(axis=0))

    def shortest(self, number: int) -> Words:
        """The shortest words for one net, N = 1, in the order in which they were."""
        lengths = self.lengths[0]
        chosen = np.sort(np.argsort(lengths, kind="stable")[:number])
        part = np.s_[: lengths[chosen].max(), :, chosen]
        return Words(self.symbols[part], self.states[part], self.present[part])


class Walks:
    """A machine as tables that many walks look up at once.

    Args:
        fsm: The machine. After a violation its monitor stays in the state for that.
    """

    def __init__(self, fsm: FSM) -> None:
        self.fsm = fsm
        monitor = fsm.monitor()
        names, symbols = monitor.states, fsm.alphabet
        self.target: Ints = np.array(monitor.table, dtype=np.intp)  # (S, A)
        self.legal: Bools = np.array(
            [[symbol in monitor.legal(p) for symbol in symbols] for p in range(len(names))]
        )
        self.accepting: Bools = np.array([monitor.accepting(p) for p in range(len(names))])
        self.goes_on: Bools = np.asarray(self.legal.any(axis=1))
        if not self.goes_on[0]:
            raise GrammarError(
                f"{fsm} has no word of one symbol or more; there is nothing to learn"
            )
        probability = np.array(
            [[monitor.probability(p, symbol) for symbol in symbols] for p in range(len(names))]
        )
        self._uniform = np.arange(1, len(symbols) + 1) / len(symbols)
        self._cumulative = np.cumsum(probability, axis=1)
        self._stop = np.array(
            [1.0 if name is None else fsm.stop_probability(name) for name in names]
        )
        self._stop[~self.goes_on] = 1.0

    def draw(self, rng: np.random.Generator, nets: int, words: int, longest: int) -> Words:
        """Walks with the machine's probabilities, cut where they grow over `longest` symbols."""
        state = np.zeros((nets, words), dtype=np.intp)
        present = np.ones((nets, words), dtype=bool)
        steps: list[tuple[Ints, Ints, Bools]] = []
        for _ in range(longest):
            # At the start a walk goes on even where the empty word may be accepted.
            if steps:
                present = present & (rng.random(state.shape) >= self._stop[state])
            if not present.any():
                break
            symbol = self._choose(rng, self._cumulative[state])
            state = np.where(present, self.target[state, symbol], state)
            steps.append((np.where(present, symbol, 0), state, present))
        return _stack(steps)

    def stray(self, rng: np.random.Generator, nets: int, words: int, longest: int) -> Words:
        """Words of random lengths, half of which stray: one symbol in five is any at all.

        Where nothing may follow, the other half goes on with any symbol too, so that words with a
        violation, and what comes after it, are among them.
        """
        shape = (nets, words)
        length = rng.integers(1, longest + 1, size=shape)
        strays = 0.2 * (rng.random(shape) < 0.5)
        state = np.zeros(shape, dtype=np.intp)
        steps = []
        for t in range(longest):
            any_at_all = (rng.random(shape) < strays) | ~self.goes_on[state]
            chances = np.where(any_at_all[..., None], self._uniform, self._cumulative[state])
            present = t < length
            symbol = self._choose(rng, chances)
            state = np.where(present, self.target[state, symbol], state)
            steps.append((np.where(present, symbol, 0), state, present))
        return _stack(steps)

    def table(self, words: Sequence[Word]) -> Words:
        """Words that are given, as (T, 1, number of words)."""
        column = {symbol: number for number, symbol in enumerate(self.fsm.alphabet)}
        longest = max(map(len, words))
        symbols = np.zeros((longest, 1, len(words)), dtype=np.intp)
        present = np.zeros(symbols.shape, dtype=bool)
        for number, word in enumerate(words):
            symbols[: len(word), 0, number] = [column[symbol] for symbol in word]
            present[: len(word), 0, number] = True
        return Words(symbols, self.follow(symbols, present), present)

    def follow(self, symbols: Ints, present: Bools) -> Ints:
        """The states that words lead to, shape (T, N, B)."""
        state = np.zeros(symbols.shape[1:], dtype=np.intp)
        states = np.empty_like(symbols)
        for t in range(len(symbols)):
            state = np.where(present[t], self.target[state, symbols[t]], state)
            states[t] = state
        return states

    def _choose(self, rng: np.random.Generator, cumulative: NDArray[np.float64]) -> Ints:
        """A column each, by cumulative probabilities (..., A) whose last one is about 1."""
        throw = rng.random(cumulative.shape[:-1])[..., None] * cumulative[..., -1:]
        return np.asarray(np.minimum((throw >= cumulative).sum(axis=-1), cumulative.shape[-1] - 1))


def _stack(steps: Sequence[tuple[Ints, Ints, Bools]]) -> Words:
    symbols, states, present = (np.array(part) for part in zip(*steps, strict=True))
    return Words(symbols, states, present)
