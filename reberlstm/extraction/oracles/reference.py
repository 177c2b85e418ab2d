"""Words of a reference machine, and the same with one symbol changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.oracles.base import Word, Words
from reberlstm.extraction.oracles.walks import corrupted
from reberlstm.extraction.trajectories import Trajectories
from reberlstm.machine.fsm import FSM


class ReferenceWords(Words):
    """Compares so many words that a reference accepts, if it accepts any."""

    def __init__(self, runs: Trajectories, reference: FSM, count: int, seed: int) -> None:
        super().__init__(runs)
        self._reference, self._count, self._seed = reference, count, seed

    def words(self, hypothesis: Hypothesis) -> Sequence[Word]:
        """The sampled words, then each with one symbol changed."""
        fsm, net = self._reference, self.runs.net
        if fsm.start not in fsm.distance_to_acceptance:
            return []
        sampled = fsm.sample(self._count, seed=self._seed)
        words = [tuple(map(net.alphabet.index, word)) for word in sampled]
        rng = np.random.default_rng(self._seed)
        return [*words, *corrupted(words, len(net.alphabet), rng)]
