"""Equivalence oracles: each looks in its own way for a word on which net and hypothesis differ.

A new oracle is one file with a subclass of `Oracle` (or of `Words`, where it only chooses words),
and one line in `searches`. The interface is that of AALpy (`aalpy.base.Oracle`). Sparse languages
defeat random words, so every search here follows what the net itself offers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from reberlstm.extraction.oracles.base import Oracle
from reberlstm.extraction.oracles.cycles import Cycles
from reberlstm.extraction.oracles.diverse import Diverse
from reberlstm.extraction.oracles.exhaustive import Exhaustive
from reberlstm.extraction.oracles.walks import ReferenceWords, Walks
from reberlstm.extraction.trajectories import Trajectories
from reberlstm.machine.fsm import FSM


@dataclass(frozen=True)
class Budget:
    """How much is compared before a machine counts as undistinguished from the net.

    Attributes:
        pairs: Pairs of state vector and state in the exhaustive search.
        walks: Random walks.
        length: Symbols in a walk.
        rounds: Rounds of a cycle.
    """

    pairs: int = 200_000
    walks: int = 1_000
    length: int = 200
    rounds: int = 300

    @property
    def quick(self) -> int:
        """Pairs in the first search, and at each resolution of `Diverse`."""
        return round(6.7 * math.sqrt(self.pairs))

    def scaled(self, share: float, transitions: int = 0) -> Budget:
        """That share of it: in full of how much, by its root of how far.

        The least are sixteen pairs for each transition, if these are not more than a few hundred,
        eight rounds, and four walks of 20 symbols.
        """
        root = math.sqrt(share)
        return Budget(
            pairs=max(min(400, 16 * transitions), round(share * self.pairs), 1),
            walks=max(4, round(share * self.walks)),
            length=max(20, round(root * self.length)),
            rounds=max(8, round(root * self.rounds)),
        )


def searches(
    runs: Trajectories, reference: FSM | None, budget: Budget, seed: int
) -> Iterator[Oracle]:
    """The oracles in the order in which they are asked: everywhere near first, then far out."""
    yield Exhaustive(runs, budget.quick)
    yield Diverse(runs, budget.quick)
    yield Cycles(runs, budget.rounds)
    yield Walks(runs, budget.walks, budget.length, seed)
    if reference is not None:
        yield ReferenceWords(runs, reference, budget.walks, seed)
    yield Exhaustive(runs, budget.pairs)
