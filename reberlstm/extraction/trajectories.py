"""Every memory that was ever visited, kept once, with what it looks like and where it leads.

Memories are interned by their bits: a word whose prefix was run before costs only its own tail, a
word that comes to a known memory costs nothing from there on, and equal memories are one. (Rows of
a batch may differ in their last bit from the same row alone, so two runs may give two numbers to
what is one memory on paper; that costs time, never truth.)
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.extraction.subject import Observed, Subject

Ids = NDArray[np.intp]

UNKNOWN = -1
OVER = 0
"""The observation of a word that is over: a symbol came that was not offered, or the last one."""


class BudgetEnd(Exception):  # noqa: N818 - it ends a search, it is no error
    """The bound on states, words or seconds is reached; its text says which."""


class Trajectories:
    """The memories of a subject, numbered from 0, the initial one.

    Attributes:
        subject: The net.
        steps: How many steps of the net were run.
        length: For every memory the length of the word that first led to it.
    """

    def __init__(self, subject: Subject, max_memories: int, deadline: float) -> None:
        self.subject = subject
        self.steps = 0
        self._max = max_memories
        self._most = max(1, MOST_BYTES // max(1, subject.initial().nbytes))
        self._deadline = deadline
        self._symbols = len(subject.alphabet)
        start = subject.initial()
        self._states = np.empty((1024, len(start)), dtype=start.dtype)
        self._next = np.full((1024, self._symbols), UNKNOWN, dtype=np.intp)
        self._seen = np.empty(1024, dtype=np.intp)
        self._known: dict[tuple[bytes, int], int] = {}
        self._observations: dict[tuple[int, ...], int] = {}
        self._goes_on = np.zeros((1, self._symbols), dtype=bool)
        self.count = 0
        self._intern(start[np.newaxis], np.zeros(1, dtype=bool), first=True)

    def extend(self, deadline: float) -> None:
        """New bounds, for what is still to be said once the search has ended."""
        self._max, self._deadline = 2 * self._max + 100_000, deadline

    @property
    def left(self) -> float:
        """The seconds that are left, at least 0."""
        return max(0.0, self._deadline - time.monotonic())

    # Looking

    def states(self, ids: Ids) -> NDArray[Any]:
        """The memories themselves, shape (B, D)."""
        return self._states[ids]

    @property
    def first(self) -> Ids:
        """The number of the initial memory, in an array."""
        return np.zeros(1, dtype=np.intp)

    def show(self, states: NDArray[Any]) -> NDArray[np.intp]:
        """What is seen of any memories, numbered like `observation`, without keeping them."""
        return self._observe(states, np.zeros(len(states), dtype=bool), first=False)

    def observation(self, ids: Ids) -> NDArray[np.intp]:
        """A number for what is seen of each memory; equal numbers mean equal observations."""
        return self._seen[ids]

    def meaning(self, observation: int) -> Observed | None:
        """What a number of `observation` stands for; None where the word is over by then."""
        key = next((key for key, n in self._observations.items() if n == observation), LAST)
        if key == LAST:
            return None
        shown = self.subject.observe(self._states[:1])
        values = list(key)
        legal = (
            np.array([values.pop(0) for _ in self.subject.alphabet], dtype=bool)
            if shown.legal is not None
            else None
        )
        accept = np.array([values.pop(0)], dtype=bool) if shown.accept is not None else None
        label = np.array([values.pop(0)]) if shown.label is not None else None
        return Observed(legal, accept, label)

    def offered(self, ids: Ids) -> NDArray[np.bool_]:
        """With which symbols a word may go on from each memory, shape (B, A)."""
        return self._goes_on[self._seen[ids]]

    def margin(self) -> float | None:
        """How far the observation of the nearest of all memories is from another one."""
        lowest = float("inf")
        for start in range(0, self.count, BATCH):
            margins = self.subject.margin(self._states[start : min(start + BATCH, self.count)])
            if margins is None or self.left == 0.0:
                return None
            if start == 0 and self.subject.scope.first is not None:
                margins = margins[1:]  # of the initial memory nothing is asked
            lowest = min(lowest, float(margins.min(initial=lowest)))
        return None if lowest == float("inf") else lowest

    # Moving

    def advance(self, ids: Ids, symbols: Ids) -> Ids:
        """The memory after one symbol from each; symbols must be offered there."""
        result = self._next[ids, symbols]
        missing = np.flatnonzero(result == UNKNOWN)
        if len(missing):
            pairs = np.unique(ids[missing] * self._symbols + symbols[missing])
            sources, through = pairs // self._symbols, pairs % self._symbols
            for start in range(0, len(pairs), BATCH):
                part = slice(start, start + BATCH)
                after = self.subject.step(self._states[sources[part]], through[part])
                self.steps += len(after)
                last = np.isin(through[part], list(self.subject.scope.last))
                self._next[sources[part], through[part]] = self._intern(after, last)
            result = self._next[ids, symbols]
        return result

    def follow(self, ids: Ids, word: Sequence[int]) -> NDArray[np.intp]:
        """The observation after `word` from each memory; OVER where it does not get that far."""
        alive = np.arange(len(ids))
        current = ids.copy()
        for symbol in word:
            offered = self.offered(current[alive])[:, symbol]
            alive = alive[offered]
            if not len(alive):
                break
            current[alive] = self.advance(current[alive], np.full(len(alive), symbol))
        result = np.full(len(ids), OVER)
        result[alive] = self.observation(current[alive])
        return result

    # Keeping

    def _intern(self, states: NDArray[Any], last: NDArray[np.bool_], first: bool = False) -> Ids:
        if not first and time.monotonic() > self._deadline:
            raise BudgetEnd("seconds")
        # The initial memory is another one than an equal memory later, if only of it the scope says
        # what may follow.
        apart = 2 if first and self.subject.scope.first is not None else 0
        ids = np.empty(len(states), dtype=np.intp)
        found: dict[tuple[bytes, int], int] = {}
        fresh: list[int] = []
        for row, (state, over) in enumerate(zip(states, last, strict=True)):
            key = (hashlib.blake2b(state.tobytes(), digest_size=16).digest(), int(over) + apart)
            number = self._known.get(key, found.get(key))
            if number is None:
                number = found[key] = self.count + len(fresh)
                fresh.append(row)
            ids[row] = number
        if self.count + len(fresh) > max(1, min(self._max, self._most)):
            raise BudgetEnd("words")
        if fresh:
            self._append(states[fresh], last[fresh], first)
            self._known.update(found)
        return ids

    def _append(self, states: NDArray[Any], last: NDArray[np.bool_], first: bool) -> None:
        end = self.count + len(states)
        while end > len(self._states):
            self._states = np.concatenate([self._states, np.empty_like(self._states)])
            self._next = np.concatenate([self._next, np.full_like(self._next, UNKNOWN)])
            self._seen = np.concatenate([self._seen, np.empty_like(self._seen)])
        self._states[self.count : end] = states
        self._seen[self.count : end] = self._observe(states, last, first)
        self.count = end

    def _observe(
        self, states: NDArray[Any], last: NDArray[np.bool_], first: bool
    ) -> NDArray[np.intp]:
        rows = _table(self.subject.observe(states), len(states))
        scope = self.subject.scope
        if first and scope.first is not None:
            rows[0, : self._symbols] = np.isin(np.arange(self._symbols), list(scope.first))
        if last.any():
            rows[last, : self._symbols] = 0  # a scope in which words are over has legal sets
        distinct, inverse = np.unique(rows, axis=0, return_inverse=True)
        numbers = np.array([self.number(tuple(row.tolist())) for row in distinct], dtype=np.intp)
        result = numbers[inverse.ravel()]
        if last.any() and self.subject.observed == ("legal",):
            result[last] = self.number(LAST)
        return result

    def number(self, key: tuple[int, ...]) -> int:
        """The number of an observation, a new one where it was never seen."""
        number = self._observations.get(key)
        if number is None:
            number = self._observations[key] = len(self._goes_on)
            if key == LAST:
                goes_on = np.zeros(self._symbols, dtype=bool)
            elif self.subject.scope.follows_legal:
                goes_on = np.array(key[: self._symbols], dtype=bool)
            else:
                goes_on = np.ones(self._symbols, dtype=bool)
            self._goes_on = np.vstack([self._goes_on, goes_on])
        return number


MOST_BYTES = 2**30
"""So much memory may be filled with memories of the net."""

BATCH = 4096
"""So many memories are stepped at once."""

LAST: tuple[int, ...] = ()
"""The key of the observation after a symbol that ends every word."""


def _table(observed: Observed, count: int) -> NDArray[np.intp]:
    """What is seen of B memories as rows of integers: legal sets, then acceptance, then label."""
    columns = [np.empty((count, 0), dtype=np.intp)]
    for part in (observed.legal, observed.accept, observed.label):
        if part is not None:
            columns.append(part.reshape(count, -1).astype(np.intp))
    return np.hstack(columns)
