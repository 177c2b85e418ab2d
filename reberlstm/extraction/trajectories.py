"""Every state vector that was ever visited, kept once, with its observation and its successors.

State vectors are interned by their bits: a word whose prefix was run before costs only its own
tail, a word that comes to a known state vector costs nothing from there on, and equal ones are one.
(Rows of a batch may differ in their last bit from the same row alone, so two runs may give two
numbers to what is one vector on paper; that costs time, never truth.)
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.extraction.nets import Subject
from reberlstm.extraction.scope import BEGINNING, AskedWords
from reberlstm.machine.tables import distinct_rows
from reberlstm.net.base import Observed

UNKNOWN, NO_MORE, NOT_ASKED = -1, 0, -2
"""In the place of an observation: not run yet; the net does not offer the word as far as its end;
whatever the net shows is right."""

LAST: tuple[int, ...] = ()
OUTSIDE: tuple[int, ...] = (-1,)
"""Keys of the observation of a word that is over, where nothing else can be seen of it, and of one
outside of the machine that words are kept within."""

MOST_BYTES, BATCH_BYTES, MOST_AT_ONCE = 2**30, 2**18, 4096
"""So much memory may be filled with state vectors; they are stepped in batches that fit a
processor's cache, and of at most so many."""

SEARCHED = 0.75
"""The share of that memory that is for the search; the verdict's words need some, too."""


class BudgetEnd(Exception):  # noqa: N818 - it ends a search, it is no error
    """The bound on states, words or seconds is reached; its text says which."""


class Trajectories:
    """The state vectors of a net, numbered from 0, the one that words begin in.

    At most so many are kept, and so many steps made, until the deadline, which is one of processor
    time (`time.process_time`), so that a busy computer changes nothing; `steps` counts the steps of
    the net that were run. Of all that may be kept, `fitting` is what fits into the memory.
    """

    def __init__(
        self, net: Subject, scope: AskedWords, most: int, deadline: float, most_steps: int = 10**12
    ) -> None:
        self.net, self.scope = net, scope
        self.steps = 0
        start = net.start(1)
        self._max, self._deadline, self._most_steps = most, deadline, most_steps
        self.fitting = max(1, int(SEARCHED * MOST_BYTES) // max(1, start.nbytes))
        self._symbols = len(net.alphabet)
        self._one_node = not scope.target.any()
        self._kept = Interned(start.shape[1], start.dtype)
        self._batch = int(np.clip(BATCH_BYTES // max(1, start.nbytes), 64, MOST_AT_ONCE))
        self._next = np.full((1024, self._symbols), UNKNOWN, dtype=np.intp)
        self._seen = np.empty(1024, dtype=np.intp)
        # Where each answer is in the row of integers by which an observation is known.
        seen = (*(["legal"] if scope.follows_legal else []), *scope.observed)
        widths = {kind: self._symbols if kind == "legal" else 1 for kind in seen}
        ends = np.cumsum([*widths.values()]).tolist()
        columns = zip(widths.items(), ends, strict=True)
        self._columns = {kind: slice(end - width, end) for (kind, width), end in columns}
        self._numbers: dict[tuple[int, ...], int] = {}
        self._keys = [LAST]  # number 0 is NO_MORE
        self._goes_on = np.zeros((1, self._symbols), dtype=bool)
        self._intern(start, np.array([BEGINNING], dtype=np.intp))

    def extend(self, deadline: float) -> None:
        """New bounds, for what is still to be said once the search has ended."""
        self._max, self._deadline = 2 * self._max + 100_000, deadline
        self.fitting = max(1, MOST_BYTES // max(1, self._kept.rows[:1].nbytes))
        self._most_steps = 2 * self._most_steps + 1_000_000

    @property
    def left(self) -> float:
        """The seconds of processor time that are left, at least 0."""
        return max(0.0, self._deadline - time.process_time())

    @property
    def arithmetic(self) -> str:
        """The numbers in which the net is run, as certificates name them."""
        kind = self.states(slice(1)).dtype.name
        return kind if kind in ("float32", "float64") else "real"

    # State vectors by their numbers

    @property
    def count(self) -> int:
        """How many different state vectors were visited."""
        return self._kept.count

    @property
    def width(self) -> int:
        """The size D of a state vector."""
        return int(self.states(slice(1)).shape[1])

    def states(self, ids: Ids | slice) -> NDArray[Any]:
        """The state vectors, shape (B, D)."""
        return self._kept.rows[ids]

    def nodes(self, ids: Ids) -> Ids:
        """The nodes of the scope at which the words are that led to them."""
        return self._kept.marks[ids].astype(np.intp)

    def observation(self, ids: Ids) -> NDArray[np.intp]:
        """A number for what is seen of each; equal numbers mean equal observations."""
        return self._seen[ids]

    def offered(self, ids: Ids) -> NDArray[np.bool_]:
        """With which symbols a word may go on from each, shape (B, A)."""
        return self._goes_on[self._seen[ids]]

    def margin(self) -> float | None:
        """How far the observation of the nearest of all state vectors is from another one."""
        lowest, asked = float("inf"), self.scope.asked
        for start in range(0, self.count, MOST_AT_ONCE):
            part = slice(start, min(start + MOST_AT_ONCE, self.count))
            margins = self.net.margin(self.states(part))
            if margins is None or self.left == 0.0:
                return None
            # What is no number is as near to a threshold as can be.
            margins = margins[asked[self._kept.marks[part]]]
            margins = np.nan_to_num(margins, nan=0.0, posinf=float("inf"))
            lowest = min(lowest, float(margins.min(initial=lowest)))
        return None if lowest == float("inf") else lowest

    # Running words

    def advance(self, ids: Ids, symbols: Ids) -> Ids:
        """The state vector after one symbol from each; symbols must be offered there.

        Raises:
            BudgetEnd: when the time is over, also where all is known, or there are too many.
        """
        self._check_time()
        result = self._next[ids, symbols]
        if result.min(initial=0) == UNKNOWN:
            missing = result == UNKNOWN
            pairs = np.unique(ids[missing] * self._symbols + symbols[missing])
            for start in range(0, len(pairs), self._batch):
                self._check_time()
                sources, through = np.divmod(pairs[start : start + self._batch], self._symbols)
                after = self.step(self.states(sources), through)
                nodes = np.zeros(len(after), dtype=np.intp)
                if not self._one_node:
                    nodes = self.scope.target[self.nodes(sources), through]
                self._next[sources, through] = self._intern(after, nodes)
            result = self._next[ids, symbols]
        return result

    def step(self, states: NDArray[Any], symbols: Ids) -> NDArray[Any]:
        """One step of the net from any state vectors (B, D), which is counted, but not kept."""
        self.steps += len(states)
        return self.net.step(states, symbols)

    def follow(self, ids: Ids, word: Sequence[int]) -> NDArray[np.intp]:
        """The observation after `word` from each; NO_MORE where it does not get that far."""
        alive, current = np.arange(len(ids)), ids
        for symbol in word:
            if self.scope.follows_legal:
                offered = self.offered(current)[:, symbol]
                alive, current = alive[offered], current[offered]
                if not len(alive):
                    break
            current = self.advance(current, np.full(len(current), symbol))
        result = np.full(len(ids), NO_MORE)
        result[alive] = self.observation(current)
        return result

    def _check_time(self) -> None:
        if time.process_time() > self._deadline:
            raise BudgetEnd("seconds")
        if self.steps > self._most_steps:
            raise BudgetEnd("steps")

    def _intern(self, states: NDArray[Any], nodes: Ids) -> Ids:
        # Equal state vectors at two nodes are two: what may follow is not the same.
        marks = nodes.astype(np.uint32)
        ids, fresh, hashes = self._kept.find(states, marks)
        end = self.count + len(fresh)
        if end > max(1, min(self._max, self.fitting)):
            raise BudgetEnd("words" if end > self._max else "memory")
        if len(fresh):
            while end > len(self._next):
                before = len(self._next)
                self._next, self._seen = doubled(self._next), doubled(self._seen)
                self._next[before:] = UNKNOWN
            self._seen[self.count : end] = self.show(states[fresh], nodes[fresh])
            self._kept.keep(states[fresh], marks[fresh], hashes[fresh])
        return ids

    # Observations and their numbers

    def show(self, states: NDArray[Any], nodes: Ids) -> NDArray[np.intp]:
        """What is seen of any state vectors, numbered like `observation`, without keeping them."""
        return self.numbers(self.net.observe(states), nodes)

    def numbers(self, observed: Observed, nodes: Ids) -> NDArray[np.intp]:
        """The numbers of B observations at these nodes of the scope, (B,)."""
        scope, width = self.scope, max(part.stop for part in self._columns.values())
        rows = np.zeros((len(nodes), width), dtype=np.intp)
        for kind, part in self._columns.items():
            answers = getattr(observed, kind)
            if answers is not None:
                rows[:, part] = answers.reshape(len(nodes), -1)
        if scope.follows_legal:
            decided = scope.decides[nodes]
            rows[decided, : self._symbols] = scope.legal[nodes[decided]]
        first, which = distinct_rows(rows)
        keys = [tuple(row) for row in rows[first].tolist()]
        for key in sorted(keys):  # new ones are numbered in an order that is not the words'
            self.number(key)
        result = np.array([self.number(key) for key in keys], dtype=np.intp)[which]
        if not self._one_node:
            over = scope.over[nodes] & scope.only_legal
            for key, not_asked in ((LAST, over), (OUTSIDE, nodes == scope.outside)):
                if not_asked.any():
                    result[not_asked] = self.number(key)
        return result

    def number(self, key: tuple[int, ...]) -> int:
        """The number of an observation, a new one where it was never seen."""
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._keys)
            self._keys.append(key)
            goes_on = np.ones(self._symbols, dtype=bool)
            if key in (LAST, OUTSIDE):
                goes_on[:] = False
            elif self.scope.follows_legal:
                goes_on = np.array(key[: self._symbols], dtype=bool)
            self._goes_on = np.vstack([self._goes_on, goes_on])
        return number

    def meaning(self, observation: int) -> Observed | None:
        """The observation of a number, of one word; None where the net is not asked."""
        key = self._keys[observation]
        if key in (LAST, OUTSIDE):
            return None
        answers: dict[str, Any] = {
            kind: np.array(key[part], dtype=np.intp if kind == "label" else bool)
            for kind, part in self._columns.items()
        }
        return Observed(**answers)


Ids = NDArray[np.intp]
Rows = NDArray[Any]
Hashes = NDArray[np.uint64]
Marks = NDArray[np.uint32]


class Interned:
    """Rows with a mark each, numbered from 0 in the order in which they came.

    A row is looked up by a hash of 64 bits and then compared bit by bit, so two different rows are
    never taken for one. (Should two of them share their hash, copies of the second one are kept
    apart, which costs time only.)

    Attributes:
        rows, marks: The first `count` ones; there is room for more.
    """

    def __init__(self, width: int, dtype: np.dtype[Any]) -> None:
        self.count = 0
        self.rows = np.empty((1024, width), dtype=dtype)
        self.marks = np.empty(1024, dtype=np.uint32)
        self._known: dict[int, int] = {}
        words = _words(self.rows[:1]).shape[1]
        rng = np.random.default_rng(0x5EED)  # decides how fast a row is found, never what is
        self._factors = rng.integers(2**64, size=(2, words), dtype=np.uint64) | np.uint64(1)

    def find(self, rows: Rows, marks: Marks) -> tuple[Ids, Ids, Hashes]:
        """Numbers of rows, which new ones will have when they are kept.

        Returns:
            The number of each row; the positions of those that `keep` is to be given, in the order
            of their numbers; the hashes of all.
        """
        words = _words(rows)
        hashes = self._hash(words, marks)
        ids = np.fromiter(map(self._known.get, hashes.tolist(), repeat(-1)), np.intp, len(rows))
        known = np.flatnonzero(ids >= 0)
        same = (_words(self.rows[ids[known]]) == words[known]).all(axis=1)
        ids[known[~same | (self.marks[ids[known]] != marks[known])]] = -1
        fresh = np.flatnonzero(ids < 0)
        _, first, inverse = np.unique(hashes[fresh], return_index=True, return_inverse=True)
        same_hash = first[inverse]  # of each, the first one with its hash
        same = (words[fresh[same_hash]] == words[fresh]).all(axis=1)
        same &= marks[fresh[same_hash]] == marks[fresh]
        equal = np.where(same, same_hash, np.arange(len(fresh)))
        new, inverse = np.unique(equal, return_inverse=True)
        ids[fresh] = self.count + inverse
        return ids, fresh[new], hashes

    def add(self, rows: Rows) -> Ids:
        """The numbers of rows without marks, new ones kept."""
        marks = np.zeros(len(rows), dtype=np.uint32)
        ids, fresh, hashes = self.find(rows, marks)
        self.keep(rows[fresh], marks[fresh], hashes[fresh])
        return ids

    def keep(self, rows: Rows, marks: Marks, hashes: Hashes) -> None:
        """Add new rows, as `find` told them."""
        end = self.count + len(rows)
        while end > len(self.rows):
            self.rows, self.marks = doubled(self.rows), doubled(self.marks)
        self.rows[self.count : end], self.marks[self.count : end] = rows, marks
        self._known.update(zip(hashes.tolist(), range(self.count, end), strict=True))
        self.count = end

    def _hash(self, words: Hashes, marks: Marks) -> Hashes:
        mixed = words >> np.uint64(32)
        mixed ^= words
        mixed *= self._factors[0]
        mixed ^= mixed >> np.uint64(29)
        mixed *= self._factors[1]
        total: Hashes = mixed.sum(axis=1, dtype=np.uint64) + marks
        total ^= total >> np.uint64(32)
        total *= self._factors[0, :1]
        return total


def doubled(array: NDArray[Any]) -> NDArray[Any]:
    """An array with twice as many rows, the first ones copied."""
    longer = np.empty((2 * len(array), *array.shape[1:]), dtype=array.dtype)
    longer[: len(array)] = array
    return longer


def _words(rows: Rows) -> Hashes:
    """The bits of rows as numbers of 64 of them, shape (B, W); what is left of the last is 0.

    Bit by bit a zero differs from a negative one, and a NaN equals itself.
    """
    size = rows.shape[1] * rows.itemsize
    content = np.ascontiguousarray(rows)
    if size == 0 or size % 8:
        padded = np.zeros((len(rows), size // 8 * 8 + 8), dtype=np.uint8)
        padded[:, :size] = content.view(np.uint8).reshape(len(rows), size)
        content = padded
    return content.view(np.uint64).reshape(len(rows), -(-content.itemsize * content.shape[1] // 8))
