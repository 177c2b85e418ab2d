"""Rules: how the numbers of a head become an answer, whatever these numbers are.

=========================================  =============================  =======================
kind                                       rules                          answer
=========================================  =============================  =======================
``legal``: which symbols may come next     logit > t, softmax > p,        a boolean a symbol
                                           tanh > v
``accept``: may the word end here          logit > t, argmax of two       a boolean
``label``: which output                    argmax                         a number
``next``: how probable each symbol is      softmax > p                    as ``legal``
=========================================  =============================  =======================
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from reberlstm.errors import WeightsError
from reberlstm.net.numbers import NUMBERS

Kind = Literal["legal", "accept", "next", "label"]
KINDS: tuple[Kind, ...] = get_args(Kind)

SOFTMAX_THRESHOLD = 0.1
"""By default a symbol is offered when its probability is over this."""

_RANGES = {"logit": (-math.inf, math.inf), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0)}


@dataclass(frozen=True)
class Rule:
    """How the numbers of a head are read.

    Attributes:
        function: ``logit``, ``softmax`` or ``tanh``: yes where this function of the head's outputs
            is over the threshold; or ``argmax``: the largest output.
        threshold: The threshold.

    Raises:
        WeightsError: for another function, or a threshold that the function never is over or under.

    Example:
        >>> Rule.parse("softmax>0.1")
        Rule(function='softmax', threshold=0.1)
        >>> str(Rule("logit", 0.0)), str(Rule("argmax"))
        ('logit > 0', 'argmax')
    """

    function: str
    threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.function == "argmax":
            return
        if self.function not in _RANGES:
            raise WeightsError(f"readout {self.function!r}; {_FORMS}")
        low, high = _RANGES[self.function]
        if not low < self.threshold < high:
            raise WeightsError(
                f"readout '{self}': a {self.function} is never over and under it; "
                f"give a threshold between {low:g} and {high:g}"
            )

    @staticmethod
    def parse(text: str) -> Rule:
        """The rule that a text such as ``softmax > 0.1`` names."""
        match = re.fullmatch(r"\s*(\w+)\s*(?:>\s*([-+.\w]+)\s*)?", text)
        if match is None or (match[2] is None) != (match[1] == "argmax"):
            raise WeightsError(f"readout {text!r}; {_FORMS}")
        try:
            return Rule(match[1], float(match[2] or 0.0))
        except ValueError:
            raise WeightsError(f"readout {text!r}: {match[2]!r} is no number") from None

    def __str__(self) -> str:
        return self.function + ("" if self.function == "argmax" else f" > {self.threshold:g}")

    def values(self, z: Any, math: Any = NUMBERS) -> Any:
        """The numbers that it is about, (..., R): logits, their tanh, or probabilities."""
        functions = {"softmax": math.softmax, "tanh": math.tanh}
        return functions[self.function](z) if self.function in functions else z

    def decide(self, kind: Kind, values: Any, math: Any = NUMBERS) -> Any:
        """The answers: booleans (..., R), for ``accept`` (...), for ``label`` numbers (...)."""
        if kind == "label":
            return math.argmax(values)
        if self.function == "argmax":
            return values[..., 1] > values[..., 0]
        yes = math.above(values, self.threshold)
        return yes[..., 0] if kind == "accept" else yes


_FORMS = "give one of 'logit>0', 'softmax>0.1', 'tanh>0.5' (with any threshold), 'argmax'"

ALLOWED: dict[Kind, tuple[str, ...]] = {
    "legal": ("logit", "softmax", "tanh"),
    "accept": ("logit", "tanh", "argmax"),
    "label": ("argmax",),
    "next": ("softmax",),
}
"""The rules that each kind may have."""


def usual_rule(kind: Kind, rows: int, legal: str = "logit > 0") -> Rule:
    """The rule of a head of ours of that kind with so many outputs; `legal` that of such a head."""
    if kind == "legal":
        return Rule.parse(legal)
    if kind == "label" or (kind == "accept" and rows == 2):
        return Rule("argmax")
    return Rule("softmax", SOFTMAX_THRESHOLD) if kind == "next" else Rule("logit", 0.0)
