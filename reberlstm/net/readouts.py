"""Readouts: a head, and the rule that turns its numbers into an answer, see `Rule`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reberlstm.errors import WeightsError
from reberlstm.net.cells.cell import Floats, array_of
from reberlstm.net.numbers import NUMBERS
from reberlstm.net.rules import ALLOWED, KINDS, SOFTMAX_THRESHOLD, Kind, Rule, usual_rule

__all__ = ["ALLOWED", "KINDS", "SOFTMAX_THRESHOLD", "Head", "Kind", "Readout", "Rule", "usual_rule"]


@dataclass(frozen=True, eq=False)
class Head:
    """A linear layer: ``weight @ h + bias``, shapes (R, H) and (R,)."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True, eq=False)
class Readout:
    """A head with its rule.

    Attributes:
        kind: What it tells.
        rule: How its numbers are read.
        layers: The linear layers, the one that reads h first.
        activation: What stands between the layers: ``relu`` or ``tanh``; empty for one layer.
        source: What its layer is called in the file that it came from, if that is another name.
        extra: How many outputs at the end are for no symbol of the net (padding, the end of a
            word); they count in a softmax, and nothing else is read of them.
    """

    kind: Kind
    rule: Rule
    layers: tuple[Head, ...]
    activation: str = ""
    source: str = ""
    extra: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise WeightsError(f"unknown head {self.kind!r}; the heads are {', '.join(KINDS)}")
        if self.rule.function not in ALLOWED[self.kind]:
            raise WeightsError(
                f"a {self.kind!r} head cannot be read by '{self.rule}'; choose "
                f"{' or '.join(ALLOWED[self.kind])}"
            )
        if self.activation not in (("",) if len(self.layers) == 1 else ("relu", "tanh")):
            raise WeightsError(
                f"head {self.kind!r} of {len(self.layers)} linear layers with the activation "
                f"{self.activation!r}; choose 'relu' or 'tanh' between several layers"
            )
        checked = []
        inputs = np.shape(self.layers[0].weight)[-1] if np.ndim(self.layers[0].weight) == 2 else 0
        for number, layer in enumerate(self.layers):
            name = self.kind if len(self.layers) == 1 else f"{self.kind}.{number}"
            rows = len(np.atleast_1d(np.asarray(layer.weight)))
            sizes = f"a head that reads {inputs} numbers"
            weight = array_of(f"{name}.weight", layer.weight, (rows, inputs), sizes)
            checked.append(Head(weight, array_of(f"{name}.bias", layer.bias, (rows,), sizes)))
            inputs = rows
        object.__setattr__(self, "layers", tuple(checked))
        if self.kind == "accept" and self.rows != (2 if self.rule.function == "argmax" else 1):
            raise WeightsError(f"an 'accept' head of {self.rows} outputs, read by '{self.rule}'")

    def __reduce__(self) -> tuple[Any, ...]:
        return Readout, tuple(getattr(self, name) for name in self.__dataclass_fields__)

    @property
    def rows(self) -> int:
        """The number of outputs that are read, ``R``."""
        return len(self.layers[-1].bias) - self.extra

    @property
    def size(self) -> int:
        """The number of cells that it reads, ``H``."""
        return int(self.layers[0].weight.shape[1])

    @property
    def is_linear(self) -> bool:
        """Whether it is one linear layer."""
        return len(self.layers) == 1

    @property
    def weight(self) -> Floats:
        """The matrix (R, H) of a head of one layer; a `WeightsError` where there are several."""
        return self._only.weight

    @property
    def bias(self) -> Floats:
        """The biases (R,) of a head of one layer, likewise."""
        return self._only.bias

    @property
    def _only(self) -> Head:
        if not self.is_linear:
            raise WeightsError(
                f"the {self.kind!r} head has {len(self.layers)} linear layers, "
                "and this is only done with heads of one"
            )
        return self.layers[0]

    @property
    def threshold(self) -> float:
        """The number over which `values` means yes."""
        return self.rule.threshold

    def allows(self, rule: Rule) -> bool:
        """Whether it can be read by a rule."""
        outputs_fit = self.kind != "accept" or (rule.function == "argmax") == (self.rows == 2)
        return rule.function in ALLOWED[self.kind] and outputs_fit

    def with_rule(self, rule: Rule) -> Readout:
        """The same head, read otherwise."""
        return replace(self, rule=rule)

    def cast(self, dtype: DTypeLike) -> Readout:
        """The head in another type of numbers, to be run in it."""
        if np.dtype(dtype) == np.float64:
            return self
        readout = object.__new__(Readout)
        cast = tuple(Head(x.weight.astype(dtype), x.bias.astype(dtype)) for x in self.layers)
        for name, value in (vars(self) | {"layers": cast}).items():
            object.__setattr__(readout, name, value)
        return readout

    # What it says of hidden states (..., H)

    def logits(self, h: Any, math: Any = NUMBERS) -> Any:
        """The outputs of the last linear layer, (..., R), with those of `extra` after them."""
        for layer in self.layers[:-1]:
            h = getattr(math, self.activation)(math.linear(h, layer.weight, layer.bias))
        return math.linear(h, self.layers[-1].weight, self.layers[-1].bias)

    def values(self, h: NDArray[Any]) -> NDArray[Any]:
        """The numbers that the rule is about, (..., R): logits, their tanh, or probabilities."""
        return np.asarray(self.rule.values(self.logits(h))[..., : self.rows])

    def answers(self, h: NDArray[Any]) -> NDArray[Any]:
        """What it answers: booleans (..., R), for ``accept`` (...), for ``label`` numbers (...)."""
        return self.decide(self.values(h))

    def decide(self, values: NDArray[Any]) -> NDArray[Any]:
        """The answers that the rule makes of `values`, (..., R)."""
        return np.asarray(self.rule.decide(self.kind, values))

    def margin(self, h: NDArray[Any]) -> NDArray[np.float64]:
        """How far the nearest of the numbers is from another answer, (...)."""
        values = self.values(h).astype(np.float64)
        if self.rule.function != "argmax":
            return np.asarray(np.abs(values - self.rule.threshold).min(axis=-1))
        if self.rows == 1:
            return np.full(values.shape[:-1], np.inf)
        ordered = np.sort(values, axis=-1)
        return np.asarray(ordered[..., -1] - ordered[..., -2])
