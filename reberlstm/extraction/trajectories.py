"""Every memory that was ever visited, kept once, with what it looks like and where it leads.

Memories are interned by their bits: a word whose prefix was run before costs only its own tail, a
word that comes to a known memory costs nothing from there on, and equal memories are one. (Rows of
a batch may differ in their last bit from the same row alone, so two runs may give two numbers to
what is one memory on paper; that costs time, never truth.)
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.extraction.interning import Ids, Interned, doubled
from reberlstm.extraction.scope import BEGINNING
from reberlstm.extraction.subject import Observed, Subject

UNKNOWN = -1
UNASKED = -2
"""In the place of an observation: that whatever is seen there is right."""

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
        self._places = subject.places
        self._alone = not self._places.table.any()  # all words stand at one place
        silent = subject.observed == ("legal",)
        self._silent = self._places.over & silent
        self._asked = ~(self._places.outside | (self._places.told & silent))
        start = subject.initial()
        self._memories = Interned(len(start), start.dtype)
        self._batch = int(np.clip(BATCH_BYTES // max(1, start.nbytes), 64, MOST_AT_ONCE))
        self._next = np.full((1024, self._symbols), UNKNOWN, dtype=np.intp)
        self._seen = np.empty(1024, dtype=np.intp)
        self._observations: dict[tuple[int, ...], int] = {}
        self._goes_on = np.zeros((1, self._symbols), dtype=bool)
        self._intern(start[np.newaxis], np.array([BEGINNING], dtype=np.intp))

    def extend(self, deadline: float) -> None:
        """New bounds, for what is still to be said once the search has ended."""
        self._max, self._deadline = 2 * self._max + 100_000, deadline

    @property
    def left(self) -> float:
        """The seconds that are left, at least 0."""
        return max(0.0, self._deadline - time.monotonic())

    # Looking

    @property
    def count(self) -> int:
        """How many different memories were visited."""
        return self._memories.count

    @property
    def width(self) -> int:
        """The size of a memory."""
        return int(self._memories.rows(slice(1)).shape[1])

    def states(self, ids: Ids) -> NDArray[Any]:
        """The memories themselves, shape (B, D)."""
        return self._memories.rows(ids)

    @property
    def first(self) -> Ids:
        """The number of the initial memory, in an array."""
        return np.zeros(1, dtype=np.intp)

    def show(self, states: NDArray[Any], places: Ids) -> NDArray[np.intp]:
        """What is seen of any memories, numbered like `observation`, without keeping them."""
        return self._observe(states, places)

    def places(self, ids: Ids) -> Ids:
        """Where the words stand that led to each memory, as `Places` numbers it."""
        return self._memories.marks(ids).astype(np.intp)

    def next_places(self, places: Ids, symbols: Ids) -> Ids:
        """Where they stand after one more symbol each."""
        return self._places.table[places, symbols]

    def observation(self, ids: Ids) -> NDArray[np.intp]:
        """A number for what is seen of each memory; equal numbers mean equal observations."""
        return self._seen[ids]

    def meaning(self, observation: int) -> Observed | None:
        """What a number of `observation` stands for; None where nothing is asked of the net."""
        key = next((key for key, n in self._observations.items() if n == observation), LAST)
        if key in (LAST, OUTSIDE):
            return None
        shown = self.subject.observe(self._memories.rows(slice(1)))
        values = list(key)
        legal = (
            np.array([values.pop(0) for _ in self.subject.alphabet], dtype=bool)
            if self.subject.scope.follows_legal
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
        for start in range(0, self.count, MOST_AT_ONCE):
            part = slice(start, min(start + MOST_AT_ONCE, self.count))
            margins = self.subject.margin(self._memories.rows(part))
            if margins is None or self.left == 0.0:
                return None
            asked = self._asked[self._memories.marks(part)]
            # What is no number is as near to a threshold as can be.
            margins = np.nan_to_num(margins[asked], nan=0.0, posinf=float("inf"))
            lowest = min(lowest, float(margins.min(initial=lowest)))
        return None if lowest == float("inf") else lowest

    # Moving

    def advance(self, ids: Ids, symbols: Ids) -> Ids:
        """The memory after one symbol from each; symbols must be offered there.

        Raises:
            BudgetEnd: when the time is over, also where all is known, or there are too many.
        """
        if time.monotonic() > self._deadline:
            raise BudgetEnd("seconds")
        result = self._next[ids, symbols]
        if result.min(initial=0) == UNKNOWN:
            missing = result == UNKNOWN
            pairs = np.unique(ids[missing] * self._symbols + symbols[missing])
            for start in range(0, len(pairs), self._batch):
                if time.monotonic() > self._deadline:
                    raise BudgetEnd("seconds")
                sources, through = np.divmod(pairs[start : start + self._batch], self._symbols)
                after = self.subject.step(self.states(sources), through)
                self.steps += len(after)
                places = np.zeros(len(after), dtype=np.intp)
                if not self._alone:
                    places = self.next_places(self.places(sources), through)
                self._next[sources, through] = self._intern(after, places)
            result = self._next[ids, symbols]
        return result

    def follow(self, ids: Ids, word: Sequence[int]) -> NDArray[np.intp]:
        """The observation after `word` from each memory; OVER where it does not get that far."""
        alive, current = np.arange(len(ids)), ids
        for symbol in word:
            if self.subject.scope.follows_legal:
                offered = self.offered(current)[:, symbol]
                alive, current = alive[offered], current[offered]
                if not len(alive):
                    break
            current = self.advance(current, np.full(len(current), symbol))
        result = np.full(len(ids), OVER)
        result[alive] = self.observation(current)
        return result

    # Keeping

    def _intern(self, states: NDArray[Any], places: Ids) -> Ids:
        # Equal memories at two places are two: what may follow is not the same.
        marks = places.astype(np.uint32)
        ids, fresh, hashes = self._memories.find(states, marks)
        end = self.count + len(fresh)
        if end > max(1, min(self._max, self._most)):
            raise BudgetEnd("words")
        if len(fresh):
            while end > len(self._next):
                before = len(self._next)
                self._next, self._seen = doubled(self._next), doubled(self._seen)
                self._next[before:] = UNKNOWN
            self._seen[self.count : end] = self._observe(states[fresh], places[fresh])
            self._memories.keep(states[fresh], marks[fresh], hashes[fresh])
        return ids

    def _observe(self, states: NDArray[Any], places: Ids) -> NDArray[np.intp]:
        rows = _table(self.subject.observe(states), len(states))
        if self.subject.scope.follows_legal:
            if "legal" not in self.subject.observed:
                rows = np.hstack([np.zeros((len(rows), self._symbols), dtype=np.intp), rows])
            told = self._places.told[places]
            rows[told, : self._symbols] = self._places.legal[places[told]]
        # A single column is sorted much faster as numbers than as rows.
        only = rows.shape[1] == 1
        distinct, inverse = np.unique(rows, axis=None if only else 0, return_inverse=True)
        distinct = distinct.reshape(-1, rows.shape[1])
        numbers = np.array([self.number(tuple(row.tolist())) for row in distinct], dtype=np.intp)
        result = numbers[inverse.ravel()]
        if self._alone:
            return result
        for key, there in ((LAST, self._silent), (OUTSIDE, self._places.outside)):
            unasked = there[places]
            if unasked.any():
                result[unasked] = self.number(key)
        return result

    def number(self, key: tuple[int, ...]) -> int:
        """The number of an observation, a new one where it was never seen."""
        number = self._observations.get(key)
        if number is None:
            number = self._observations[key] = len(self._goes_on)
            if key in (LAST, OUTSIDE):
                goes_on = np.zeros(self._symbols, dtype=bool)
            elif self.subject.scope.follows_legal:
                goes_on = np.array(key[: self._symbols], dtype=bool)
            else:
                goes_on = np.ones(self._symbols, dtype=bool)
            self._goes_on = np.vstack([self._goes_on, goes_on])
        return number


MOST_BYTES = 2**30
"""So much memory may be filled with memories of the net."""

BATCH_BYTES = 2**18
"""Memories are stepped in batches of about this size, which a processor's cache can hold, …"""

MOST_AT_ONCE = 4096
"""… and of at most so many."""

LAST: tuple[int, ...] = ()
"""The key of the observation of a word that is over, where nothing else can be seen of it."""

OUTSIDE: tuple[int, ...] = (-1,)
"""The key of the observation of a word outside of the machine that words are kept within."""


def _table(observed: Observed, count: int) -> NDArray[np.intp]:
    """What is seen of B memories as rows of integers: legal sets, then acceptance, then label."""
    columns = [np.empty((count, 0), dtype=np.intp)]
    for part in (observed.legal, observed.accept, observed.label):
        if part is not None:
            columns.append(part.reshape(count, -1).astype(np.intp))
    return np.hstack(columns)
