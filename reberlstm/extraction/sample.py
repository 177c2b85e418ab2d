"""Memories with the states they stand for, as pictures show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 1_500

MOST = 1e6
"""Numbers of a memory beyond it are shown as this: a picture has no room for a growing ReLU."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Some of the visited memories.

    Attributes:
        points: The memories, shape (N, D).
        states: For each the index of its state in the machine's ``states``, shape (N,).
        parts: What to call the D numbers of a memory.
    """

    points: NDArray[np.float64]
    states: NDArray[np.intp]
    parts: tuple[str, ...]

    @staticmethod
    def of(blocks: list[NDArray[Any]], parts: tuple[str, ...]) -> Sample:
        """From the memories of each state, evenly thinned out where they are many."""
        most = max(4, MOST_POINTS // max(1, len(blocks)))
        chosen = [
            block[np.linspace(0, len(block) - 1, min(most, len(block))).astype(int)]
            for block in blocks
        ]
        return Sample(
            points=np.clip(np.nan_to_num(np.concatenate(chosen).astype(np.float64)), -MOST, MOST),
            states=np.repeat(np.arange(len(chosen)), [len(block) for block in chosen]),
            parts=parts,
        )

    def means(self) -> NDArray[np.float64]:
        """The mean memory of every state, shape (S, D)."""
        count = int(self.states.max()) + 1
        return np.array([self.points[self.states == state].mean(axis=0) for state in range(count)])
