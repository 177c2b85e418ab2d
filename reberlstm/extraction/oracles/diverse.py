"""Long words to state vectors unlike all before, coarse differences first.

This finds the few words that a sparse acceptor accepts, which random words miss.
"""

from __future__ import annotations

import numpy as np

from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.oracles.base import Oracle, Word
from reberlstm.extraction.oracles.exhaustive import by_length
from reberlstm.extraction.trajectories import Ids, Interned, Trajectories

MOST = np.iinfo(np.int32).max // 2


class Diverse(Oracle):
    """Compares words to state vectors that are new at ever finer resolution.

    State vectors are told apart when they differ after rounding to a multiple of it. At each, so
    many pairs of rounded state vector and state are compared.
    """

    def __init__(self, runs: Trajectories, pairs: int) -> None:
        super().__init__(runs)
        self._pairs = pairs

    def find_counterexample(self, hypothesis: Hypothesis) -> Word | None:
        """A word, the shortest among those that are followed."""
        for resolution in (1.0, 0.5, 0.25, 0.1):
            cells = Interned(self.runs.width, np.dtype(np.int32))

            def cell(ids: Ids, size: float = resolution, cells: Interned = cells) -> Ids:
                # Beyond the whole numbers of 32 bits all are equal.
                whole = np.round(self.runs.states(ids) / size)
                whole = np.nan_to_num(whole, posinf=MOST, neginf=-MOST).clip(-MOST, MOST)
                return cells.add(whole.astype(np.int32))

            for word, known, _ in by_length(self.runs, hypothesis, key=cell):
                if word is not None:
                    return word
                if known >= self._pairs:
                    break
        return None
