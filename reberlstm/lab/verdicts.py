"""Whether claims hold, over the seeds that were run, and what was measured, with its spread."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reberlstm.errors import LabError
from reberlstm.lab.drawing import power
from reberlstm.lab.experiment import Claim


@dataclass(frozen=True, eq=False)
class Verdict:
    """A claim, and what came of it with each of the seeds.

    `holds` says of each whether the claim holds, or None where that could not be told; `measured`
    has the numbers of the claim, by name.
    """

    claim: Claim
    seeds: Sequence[int]
    holds: Sequence[bool | None]
    measured: Sequence[Mapping[str, Any]]

    @property
    def word(self) -> str:
        """``holds``, ``does not hold``, ``depends``, or ``not decided``."""
        words = {True: "holds", False: "does not hold", None: "not decided"}
        return words[self.holds[0]] if len(set(self.holds)) == 1 else "depends"

    @property
    def share(self) -> str:
        """With how many of the seeds it holds; empty where seeds change nothing or are one."""
        if self.claim.by_hand or len(self.seeds) == 1 or self.word == "not decided":
            return ""
        return f"{self.holds.count(True)} of {len(self.seeds)} seeds"

    @property
    def reason(self) -> str:
        """Why a net fails, where one did with one of the seeds and the claim says why."""
        if not self.claim.why or self.claim.fails not in self.holds:
            return ""
        return f"*{self.claim.says}* Why{'' if self.claim.fails else ' not'}: {self.claim.why}"

    @property
    def found(self) -> str:
        """What was measured, in words: of several seeds the median, the least and the most."""
        return "; ".join(
            f"{says}: {spread([of_one[name] for of_one in self.measured])}"
            for name, says in self.claim.of.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """As it stands in ``metrics.json``."""
        keys = ("name", "says", "judged", "by_hand")
        return {key: getattr(self.claim, key) for key in keys} | {
            "verdict": self.word,
            "holds": list(self.holds),
            "measured": [dict(of_one) for of_one in self.measured],
            "found": self.found,
            "reason": self.reason,
        }


def judge(claim: Claim, measured: Mapping[int, Mapping[str, Any]]) -> Verdict:
    """The verdict on a claim, from what was measured with every seed.

    Raises:
        LabError: where something of the claim was not measured.
    """
    for of_one in measured.values():
        for name in claim.of:
            if not isinstance(of_one.get(name), str | float | int | np.generic | None):
                raise LabError(f"claim {claim.name!r}: {name!r} is no number, truth or word")
            if name not in of_one:
                raise LabError(f"claim {claim.name!r}: {name!r} was not measured")
    held = [claim.holds(of_one) for of_one in measured.values()]
    return Verdict(
        claim,
        list(measured),
        [None if holds is None else bool(holds) for holds in held],
        [{name: of_one[name] for name in claim.of} for of_one in measured.values()],
    )


def spread(values: Sequence[Any]) -> str:
    """Several values of the same kind: the median, the least and the most; or how often each.

    Example:
        >>> spread([0.123, 0.5, 1234.0]), spread([2, 2, 2]), spread([True, False, True])
        ('0.5 (0.123 to 1,234)', '2', 'yes (2 of 3), no (1 of 3)')
    """
    kinds = Counter(map(shown, values))
    if len(kinds) == 1:
        return next(iter(kinds))
    if any(value is None or isinstance(value, bool | str) for value in values):
        return ", ".join(f"{what} ({n} of {len(values)})" for what, n in kinds.most_common())
    ordered = sorted(values)
    return (
        f"{shown(ordered[(len(ordered) - 1) // 2])} ({shown(ordered[0])} to {shown(ordered[-1])})"
    )


def shown(value: Any) -> str:
    """A value in words, a number with three digits at most.

    Example:
        >>> shown(0.00012), shown(2.345), shown(-0.5), shown(float("inf")), shown(False)
        ('1.2·10⁻⁴', '2.35', '−0.5', '∞', 'no')
    """
    if value is None or isinstance(value, str):
        return value or "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0 or isinstance(value, int):
        text = f"{value:,}" if value else "0"
    elif abs(value) < 0.001:
        text = power(value)
    else:
        text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", "−")
