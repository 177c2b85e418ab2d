"""Equivalence oracles: each looks in its own way for a word on which net and hypothesis differ.

A new oracle is one file with a subclass of `Oracle` (or of `Words`, where it only chooses words),
and one line in `ORACLES`. The interface is that of AALpy (`aalpy.base.Oracle`). Sparse languages
defeat random words, so every search here follows what the net itself offers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from reberlstm.errors import ExtractionError
from reberlstm.extraction.oracles.base import Oracle, Word, Words
from reberlstm.extraction.oracles.cycles import Cycles
from reberlstm.extraction.oracles.diverse import Diverse
from reberlstm.extraction.oracles.exhaustive import Exhaustive
from reberlstm.extraction.oracles.walks import Biased, Prefixes, ReferenceWords, Walks
from reberlstm.extraction.oracles.wmethod import WMethod
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

    def within(self, memory: int) -> Budget:
        """As much of it as fits into a memory of so many state vectors.

        A pair is one at most, and the walks of all oracles lead to about three for each symbol of
        one oracle's, since many words begin alike.
        """
        share = memory / (self.pairs + 3 * self.walks * self.length)
        if share >= 1:
            return self
        pairs, walks = round(share * self.pairs), round(share * self.walks)
        return replace(self, pairs=max(1, pairs), walks=max(4, walks))

    def scaled(self, share: float, transitions: int = 0) -> Budget:
        """That share of it: in full of how much, by its root of how far.

        The least are sixteen pairs for each transition, if these are not more than a few hundred,
        eight rounds, and four walks of 20 symbols; or a walk for each transition, up to half
        of all, and a symbol in it for every other one, as what a large machine gets wrong is wrong
        on long words. (These are powers of two, so that the next machine, a little larger, is tried
        on the same words.)
        """
        root, power = math.sqrt(share), 1 << transitions.bit_length()
        walks, length = min(self.walks // 2, power), min(self.length, power // 2)
        return Budget(
            pairs=max(min(400, 16 * transitions), round(share * self.pairs), 1),
            walks=max(4, walks, round(share * self.walks)),
            length=max(20, length, round(root * self.length)),
            rounds=max(8, round(root * self.rounds)),
        )


@dataclass(frozen=True)
class Request:
    """What oracles are made from: a budget, a seed, and words that a person has given."""

    runs: Trajectories
    reference: FSM | None
    budget: Budget
    seed: int
    given: Sequence[Word] = ()


def _reference(asked: Request) -> Oracle:
    if asked.reference is None:
        return Words(asked.runs)
    return ReferenceWords(asked.runs, asked.reference, asked.budget.walks, asked.seed)


ORACLES: dict[str, Callable[[Request], Oracle]] = {
    "given": lambda x: Words(x.runs, x.given),
    "reference": _reference,
    "biased": lambda x: Biased(x.runs, max(LEAST, x.budget.walks), x.budget.length, x.seed + 1),
    "prefixes": lambda x: Prefixes(x.runs, max(LEAST, x.budget.walks), x.budget.length, x.seed),
    "near": lambda x: Exhaustive(x.runs, x.budget.quick),
    "diverse": lambda x: Diverse(x.runs, x.budget.quick),
    "cycles": lambda x: Cycles(x.runs, x.budget.rounds),
    "walks": lambda x: Walks(x.runs, x.budget.walks, x.budget.length, x.seed),
    "w-method": lambda x: WMethod(x.runs, x.budget.pairs),
    "all": lambda x: Exhaustive(x.runs, x.budget.pairs),
}
"""The oracles by name, in the order in which they are asked: words as people have them come first,
since what they tell is told of many words; then everywhere near, then far out. The W-method is only
asked by name: `Exhaustive` reaches the same words sooner, as it follows state vectors."""

USUAL = tuple(name for name in ORACLES if name != "w-method")

LEAST = 60
"""The fewest biased words, however little the effort is."""


def searches(asked: Request, names: Sequence[str] = USUAL) -> Iterator[Oracle]:
    """The oracles of these names, in this order.

    Raises:
        ExtractionError: for another name.
    """
    for name in names:
        if name not in ORACLES:
            raise ExtractionError(f"no oracle {name!r}; choose among {', '.join(ORACLES)}")
        yield ORACLES[name](asked)
