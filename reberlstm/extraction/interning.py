"""Rows of numbers, kept once each by their bits."""

from __future__ import annotations

from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.intp]
Rows = NDArray[Any]
Hashes = NDArray[np.uint64]
Marks = NDArray[np.uint32]

_SEED = 0x5EED
"""Of the numbers that hashing mixes in; they decide how fast a row is found, never what is."""


class Interned:
    """Rows with a mark each, numbered from 0 in the order in which they came.

    A row is looked up by a hash of 64 bits and then compared bit by bit, so two different rows are
    never taken for one. (Should two of them share their hash, copies of the second one are kept
    apart, which costs time only.)

    Args:
        width: The length of a row.
        dtype: The type of its numbers.
    """

    def __init__(self, width: int, dtype: np.dtype[Any]) -> None:
        self.count = 0
        self._rows = np.empty((1024, width), dtype=dtype)
        self._marks = np.empty(1024, dtype=np.uint32)
        self._known: dict[int, int] = {}
        words = _words(self._rows[:1]).shape[1]
        rng = np.random.default_rng(_SEED)
        self._factors = rng.integers(2**64, size=(2, words), dtype=np.uint64) | np.uint64(1)

    def rows(self, ids: Ids | slice) -> Rows:
        """The rows with these numbers."""
        return self._rows[ids]

    def marks(self, ids: Ids | slice) -> Marks:
        """Their marks."""
        return self._marks[ids]

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
        same = (_words(self._rows[ids[known]]) == words[known]).all(axis=1)
        ids[known[~same | (self._marks[ids[known]] != marks[known])]] = -1
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
        while end > len(self._rows):
            self._rows, self._marks = doubled(self._rows), doubled(self._marks)
        self._rows[self.count : end], self._marks[self.count : end] = rows, marks
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
