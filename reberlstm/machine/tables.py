"""A complete machine as arrays, and many words at once through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.machine.complete import (
    CompleteMachine,
    OnViolation,
    Scope,
    includes_empty_word,
)

__all__ = ["OnViolation", "Scope", "Tables", "Words", "includes_empty_word"]

Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

LONGEST = 200
"""Random walks that grow over so many symbols are cut, unless another limit is given."""


@dataclass(frozen=True, eq=False)
class Words:
    """Words of different lengths side by side, time first: (T, B), or (T, N, B) for N nets.

    Attributes:
        symbols: Numbers in the alphabet; 0 where a word is over.
        states: The machine's state after each symbol; where a word is over, its last one.
        present: Whether the word reaches so far.
    """

    symbols: Ints
    states: Ints
    present: Bools

    @property
    def count(self) -> int:
        """B."""
        return int(self.symbols.shape[-1])

    @property
    def lengths(self) -> Ints:
        """The number of symbols of every word, (B,) or (N, B)."""
        return np.asarray(self.present.sum(axis=0))

    def take(self, chosen: slice | Ints | Bools) -> Words:
        """Some of the words, cut to the longest of them."""
        longest = int(self.lengths[..., chosen].max(initial=0))
        return Words(*(part[:longest][..., chosen] for part in vars(self).values()))

    def shortest(self, number: int) -> Words:
        """The shortest words of (T, B) or (T, 1, B), in the order in which they were."""
        in_order = np.argsort(self.lengths.reshape(-1), kind="stable")
        return self.take(np.sort(in_order[:number]))

    def for_nets(self) -> Words:
        """The same words, (T, B), as those of one net, (T, 1, B), which all nets can share."""
        return Words(*(part[:, np.newaxis] for part in vars(self).values()))


class Tables(CompleteMachine):
    """A complete machine of S states over A symbols as arrays; `FSM.tables` makes it."""

    @cached_property
    def target(self) -> Ints:
        """The next state, (S, A)."""
        return np.array(self.table, dtype=np.intp)

    @cached_property
    def legal(self) -> Bools:
        """Which symbols may come next, (S, A)."""
        return np.array([line.legal for line in self.lines])

    @cached_property
    def accepting(self) -> Bools:
        """Where a word may end, (S,)."""
        return np.array([line.accepting for line in self.lines])

    @cached_property
    def probability(self) -> Floats:
        """The probability of each symbol where the word goes on, (S, A)."""
        return np.array([line.probability for line in self.lines])

    @cached_property
    def stop(self) -> Floats:
        """The probability that a word ends, (S,); 1 where nothing may follow."""
        return np.array([line.stop for line in self.lines])

    @cached_property
    def goes_on(self) -> Bools:
        """Where any symbol may follow, (S,)."""
        return np.asarray(self.legal.any(axis=1))

    def asked(self, scope: str) -> Bools:
        """Where a net is asked, by the state that a non-empty word leads to, (S,)."""
        return np.array([self.is_asked(scope, state) for state in range(len(self))])

    def columns(self, alphabet: Sequence[str]) -> list[int]:
        """The number here of each symbol of another alphabet of the same symbols."""
        return [self.alphabet.index(symbol) for symbol in alphabet]

    # Many words

    def draw(
        self,
        rng: np.random.Generator,
        start: Ints | tuple[int, ...],
        longest: int = LONGEST,
    ) -> Words:
        """Random walks with the machine's probabilities, cut after `longest` symbols.

        Args:
            rng: Random numbers.
            start: The states to begin in, or the shape, (B,) or (N, B), of walks from the start.
            longest: The most symbols.

        Returns:
            Walks of at least one symbol, but from states where nothing may follow.
        """
        state = start if isinstance(start, np.ndarray) else np.zeros(start, dtype=np.intp)
        cumulative = np.cumsum(self.probability, axis=1)
        present = self.goes_on[state]
        steps: list[tuple[Ints, Ints, Bools]] = []
        for _ in range(longest):
            if steps:
                present = present & (rng.random(state.shape) >= self.stop[state])
            if not present.any():
                break
            symbol = np.where(present, _choose(rng, cumulative[state]), 0)
            state = np.where(present, self.target[state, symbol], state)
            steps.append((symbol, state, present))
        return _stacked(steps, state.shape)

    def stray(self, rng: np.random.Generator, shape: tuple[int, ...], longest: int) -> Words:
        """Words of random lengths, half of which stray: one symbol in five is any at all.

        Where nothing may follow, the other half goes on with any symbol too, so that words with a
        violation, and what comes after it, are among them.
        """
        uniform = np.arange(1, len(self.alphabet) + 1) / len(self.alphabet)
        cumulative = np.cumsum(self.probability, axis=1)
        length = rng.integers(1, longest + 1, size=shape)
        strays = 0.2 * (rng.random(shape) < 0.5)
        state = np.zeros(shape, dtype=np.intp)
        steps = []
        for t in range(longest):
            any_at_all = (rng.random(shape) < strays) | ~self.goes_on[state]
            chances = np.where(any_at_all[..., None], uniform, cumulative[state])
            present = t < length
            symbol = np.where(present, _choose(rng, chances), 0)
            state = np.where(present, self.target[state, symbol], state)
            steps.append((symbol, state, present))
        return _stacked(steps, shape)

    def given(self, words: Sequence[Sequence[int | str]], start: Ints | None = None) -> Words:
        """Given words, as numbers or symbols, from the start or from a given state each, (T, B)."""
        number: dict[int | str, int] = {symbol: a for a, symbol in enumerate(self.alphabet)}
        symbols = np.zeros((max(map(len, words), default=0), len(words)), dtype=np.intp)
        present = np.zeros(symbols.shape, dtype=bool)
        for column, word in enumerate(words):
            symbols[: len(word), column] = [number.get(a, a) for a in word]
            present[: len(word), column] = True
        return self.follow(symbols, present, start)

    def follow(self, symbols: Ints, present: Bools, start: Ints | None = None) -> Words:
        """The states that words lead to, (T, B) or (T, N, B), from the start or a state each."""
        state = np.zeros(symbols.shape[1:], dtype=np.intp) if start is None else start
        states = np.empty_like(symbols)
        for t in range(len(symbols)):
            state = np.where(present[t], self.target[state, symbols[t]], state)
            states[t] = state
        return Words(symbols, states, present)


def distinct_rows(rows: NDArray[Any]) -> tuple[Ints, Ints]:
    """The first of each kind of equal rows, in their order, and of which kind each row is.

    Rows of integers or booleans (B, C) are told apart by their bytes: that is many times as fast as
    `numpy.unique` along an axis.

    Example:
        >>> distinct_rows(np.array([[1, 0], [0, 1], [1, 0]]))
        (array([0, 1]), array([0, 1, 0]))
    """
    rows = np.ascontiguousarray(rows)
    keys = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
    _, first, kind = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return first[order], np.argsort(order)[kind]


def _choose(rng: np.random.Generator, cumulative: Floats) -> Ints:
    """A symbol each, by cumulative probabilities (..., A) whose last one is about 1."""
    throw = rng.random(cumulative.shape[:-1])[..., None] * cumulative[..., -1:]
    return np.asarray(np.minimum((throw >= cumulative).sum(axis=-1), cumulative.shape[-1] - 1))


def _stacked(steps: Sequence[tuple[Ints, Ints, Bools]], shape: tuple[int, ...]) -> Words:
    if not steps:
        none = np.zeros((0, *shape), dtype=np.intp)
        return Words(none, none, np.zeros((0, *shape), dtype=bool))
    symbols, states, present = (np.array(part) for part in zip(*steps, strict=True))
    return Words(symbols, states, present)
