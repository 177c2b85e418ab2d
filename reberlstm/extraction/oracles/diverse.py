"""Long words to state vectors unlike all before, coarse differences first.

This finds the few words that a sparse acceptor accepts, which random words miss.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.oracles.base import Oracle, Word
from reberlstm.extraction.oracles.exhaustive import by_length
from reberlstm.extraction.trajectories import Ids, Interned, Trajectories

RESOLUTIONS = (1.0, 0.5, 0.25, 0.1)
"""State vectors are told apart when they differ after rounding to a multiple of one of these."""


class Diverse(Oracle):
    """Compares words to state vectors that are new at ever finer resolution.

    Args:
        runs: The net.
        pairs: How many pairs of rounded state vector and state are compared at each resolution.
    """

    def __init__(self, runs: Trajectories, pairs: int) -> None:
        super().__init__(runs)
        self._pairs = pairs

    def find_counterexample(self, hypothesis: Hypothesis) -> Word | None:
        """A word, the shortest among those that are followed."""
        for resolution in RESOLUTIONS:
            cells = Interned(self.runs.width, np.dtype(np.int32))

            def cell(ids: Ids, size: float = resolution, cells: Interned = cells) -> Ids:
                return cells.add(_rounded(self.runs.states(ids), size))

            for word, known, _ in by_length(self.runs, hypothesis, key=cell):
                if word is not None:
                    return word
                if known >= self._pairs:
                    break
        return None


def _rounded(states: NDArray[Any], resolution: float) -> NDArray[np.int32]:
    """Multiples of `resolution`; beyond the whole numbers of 32 bits all are equal."""
    most = np.iinfo(np.int32).max // 2
    whole = np.nan_to_num(np.round(states / resolution), posinf=most, neginf=-most)
    return np.asarray(np.clip(whole, -most, most).astype(np.int32))
