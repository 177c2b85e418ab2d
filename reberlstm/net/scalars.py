"""Nets in Python's own numbers: what `trace` runs ours in, so that it need not load numpy.

The formulas are those of `reberlstm.net.cells` and `reberlstm.net.rules`; here is what they are
evaluated in. Sums of products are added in another order than numpy adds them, and Python's tanh
and exp are the C library's, so that numbers differ from `reberlstm.net.net` in their last digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from reberlstm.machine.complete import OnViolation, Scope
from reberlstm.machine.fsm import FSM
from reberlstm.net.base import BaseNet, Observed, Step
from reberlstm.net.cells.cell import Cell
from reberlstm.net.rules import Kind, Rule


class Vector(list[Any]):
    """Numbers that are added and multiplied like those of an array (H,)."""

    @property
    def shape(self) -> tuple[int]:
        """(H,)."""
        return (len(self),)

    def __getitem__(self, key: Any) -> Any:
        """Of ``[..., i]`` and ``[..., i:j]`` only what stands last counts."""
        found = super().__getitem__(key[-1] if isinstance(key, tuple) else key)
        return Vector(found) if isinstance(found, list) else found

    def __add__(self, other: Any) -> Vector:
        return Vector([x + y for x, y in zip(self, other, strict=True)])

    def __mul__(self, other: Any) -> Vector:
        return Vector([x * y for x, y in zip(self, other, strict=True)])

    def tolist(self) -> list[Any]:
        """As arrays have it."""
        return list(self)


class Matrix(NamedTuple):
    """Weights of which most are the same in a row; see `reberlstm.net.sparse` for arrays.

    Attributes:
        entries: Of each row what other weights are more than its default, by column.
        default: What stands in each row wherever nothing else does.
    """

    entries: Sequence[Mapping[int, float]]
    default: Sequence[float]


def _each(function: Callable[[float], float]) -> Callable[[Any, Iterable[float]], Vector]:
    return lambda _, values: Vector(map(function, values))


def _sigmoid(z: float) -> float:
    try:
        return 1.0 / (1.0 + math.exp(-z))
    except OverflowError:
        return 0.0


class Scalars:
    """What the formulas of `lstm` and `toy` and all rules use; see `reberlstm.net.numbers`."""

    sigmoid = _each(_sigmoid)
    tanh = _each(math.tanh)

    def linear(self, x: Vector, weight: Matrix, bias: Iterable[float]) -> Vector:
        """``weight @ x + bias``."""
        total = sum(x)
        rows = zip(weight.default, weight.entries, bias, strict=True)
        return Vector(
            [
                default * total + sum([w * x[i] for i, w in entries.items()]) + b
                for default, entries, b in rows
            ]
        )

    def softmax(self, z: Vector) -> Vector:
        """``exp(z) / Σ exp(z)``."""
        e = [math.exp(value - max(z)) for value in z]
        return Vector(value / sum(e) for value in e)

    def above(self, values: Vector, threshold: float) -> Vector:
        """Where values are over a threshold."""
        return Vector(value > threshold for value in values)

    def argmax(self, values: Vector) -> int:
        """The place of the largest value; the first of several."""
        return values.index(max(values))


SCALARS = Scalars()


class ScalarLayer(NamedTuple):
    """A layer over one-hot symbols.

    Attributes:
        cell: The kind of cell.
        inputs: What each symbol adds to the pre-activations, biases included: A of (G·H,).
        weight_hh: Weights on what the gates read, (G·H, H).
        bias_hh: Biases, (G·H,).
        size: H.
    """

    cell: Cell
    inputs: Sequence[Vector]
    weight_hh: Matrix
    bias_hh: Sequence[float]
    size: int


class ScalarHead(NamedTuple):
    """A head of one linear layer, with its rule."""

    kind: Kind
    rule: Rule
    weight: Matrix
    bias: Sequence[float]

    def values(self, h: Vector) -> Vector:
        """The numbers that the rule is about, (R,)."""
        z: Vector = self.rule.values(SCALARS.linear(h, self.weight, self.bias), SCALARS)
        return z


class ScalarNet(BaseNet[ScalarHead]):
    """One layer over one-hot symbols that starts from zero, for one word at a time.

    Its attributes are those of `reberlstm.net.net.Net`; its state is what its layer carries.
    """

    def __init__(
        self,
        *,
        alphabet: tuple[str, ...],
        layer: ScalarLayer,
        heads: Mapping[str, ScalarHead],
        cells: tuple[str, ...],
        labels: tuple[str, ...] = (),
        grammar: FSM | None = None,
        claims: Scope = "legal",
        on_violation: OnViolation = "absorb",
        name: str = "",
    ) -> None:
        self.alphabet, self.layers, self.heads = alphabet, (layer,), heads
        self.cells, self.labels, self.name = cells, labels, name
        self.grammar, self.claims, self.on_violation = grammar, claims, on_violation

    def initial(self) -> tuple[Vector, ...]:
        """The state that words begin in."""
        (layer,) = self.layers
        return tuple(Vector([0.0] * layer.size) for _ in layer.cell.parts)

    def record(self, state: tuple[Vector, ...], symbol: int) -> tuple[Step, ...]:
        """What happens when a state reads a symbol, by number."""
        (layer,) = self.layers
        gates, after = layer.cell.step(layer, layer.inputs[symbol], state, SCALARS)
        return (Step(gates, after, layer.cell.hidden(after)),)

    def after(self, steps: Sequence[Step]) -> tuple[Vector, ...]:
        """The state after a step."""
        state: tuple[Vector, ...] = steps[0].state
        return state

    def observe(self, state: tuple[Vector, ...]) -> Observed:
        """What it answers in a state."""
        answers = {
            kind: self._head(kind).rule.decide(kind, self.values(kind, state), SCALARS)
            for kind in self.observed
        }
        return Observed(**answers)

    def values(self, kind: str, state: tuple[Vector, ...]) -> Vector:
        """The numbers that a question's rule is about, (R,)."""
        return self._head(kind).values(self.layers[0].cell.hidden(state))

    def _head(self, kind: str) -> ScalarHead:
        head = self.readout(kind)
        assert head is not None, "only what it tells is asked"
        return head
