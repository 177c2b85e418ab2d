"""One LSTM step on boxes: where can (h, c) be next, if it is in this box now?

A box is an interval for every cell's ``h`` and ``c``. The step is the net's formula in interval
arithmetic, plus what the machine's rounding, a disturbance of the state and an uncertain input may
add; see `reberlstm.certificates.arithmetic`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import KERNEL_ULPS, MOST, Arithmetic, as_executed
from reberlstm.certificates.intervals import (
    UNDERFLOW,
    Interval,
    add,
    scale,
    sigmoid,
    sum_error,
    tanh,
)
from reberlstm.net.weights import Floats, LSTMWeights

Indices = NDArray[np.intp]

CHUNK = 2_000_000
"""Pre-activations computed at a time: enough for numpy to be fast, little enough for a laptop."""


class SumOverflowError(ArithmeticError):
    """A sum may exceed the largest number of the machine, so nothing can be said about it."""


@dataclass(frozen=True)
class Inputs:
    """What stands for a symbol: its one-hot column, blurred.

    Attributes:
        noise: Every coordinate may be off by this much.
        low: The least value of the coordinate of the symbol itself, before noise.
        high: Its greatest value.
    """

    noise: float = 0.0
    low: float = 1.0
    high: float = 1.0

    @property
    def exact(self) -> bool:
        """Whether inputs are exactly one-hot."""
        return self == Inputs()

    @property
    def nominal(self) -> float:
        """The coordinate of the symbol when a word is tried out: 1, if the range has it."""
        return min(max(1.0, self.low), self.high)

    def columns(self, symbols: int) -> Interval:
        """Row ``a`` holds the box of input vectors that may stand for symbol ``a``: (A, A)."""
        unit = np.eye(symbols)
        ends = Interval(unit * self.low, unit * self.high)
        return ends.widen(self.noise) if self.noise else ends


@dataclass(frozen=True, eq=False)
class Boxes:
    """N boxes for a net of H cells; ``h`` and ``c`` are (N, H)."""

    h: Interval
    c: Interval

    def __getitem__(self, index: Any) -> Boxes:
        return Boxes(self.h[index], self.c[index])

    def __len__(self) -> int:
        return len(self.h.lo)

    def inside(self, other: Boxes) -> bool:
        """Whether each box lies in the other's box of the same row."""
        return self.h.inside(other.h) and self.c.inside(other.c)

    def hull(self, other: Boxes) -> Boxes:
        """The smallest boxes that contain both."""
        return Boxes(self.h.hull(other.h), self.c.hull(other.c))

    def ends(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Least and greatest ``h``, least and greatest ``c``."""
        return self.h.lo, self.h.hi, self.c.lo, self.c.hi

    def copy(self) -> Boxes:
        """A copy that may be written to."""
        h_lo, h_hi, c_lo, c_hi = (end.copy() for end in self.ends())
        return Boxes(Interval(h_lo, h_hi), Interval(c_lo, c_hi))

    def assign(self, rows: Indices, values: Boxes) -> None:
        """Overwrite some of the boxes in place."""
        for end, value in zip(self.ends(), values.ends(), strict=True):
            end[rows] = value

    @staticmethod
    def empty(number: int, cells: int) -> Boxes:
        """Boxes that contain nothing: the neutral element of `hull`."""
        lo, hi = np.full((number, cells), np.inf), np.full((number, cells), -np.inf)
        return Boxes(Interval(lo, hi), Interval(lo.copy(), hi.copy()))

    @staticmethod
    def zero(number: int, cells: int) -> Boxes:
        """The point from which words begin."""
        zero = np.zeros((number, cells))
        return Boxes(Interval(zero, zero), Interval(zero, zero))


class BoxNet:
    """A net prepared for stepping boxes.

    Args:
        weights: The net.
        arithmetic: The machine that runs it.
        noise: After every step each of ``h`` and ``c`` may be off by this much.
        inputs: What stands for a symbol.
    """

    def __init__(
        self,
        weights: LSTMWeights,
        arithmetic: Arithmetic,
        noise: float = 0.0,
        inputs: Inputs | None = None,
    ) -> None:
        self.weights = held = as_executed(weights, arithmetic)
        self.arithmetic = arithmetic
        self.noise = noise
        self.size = weights.size
        self.inputs = inputs or Inputs()
        x = self.inputs.columns(len(weights.alphabet))
        rounded = not arithmetic.exact
        self._recurrent = _Linear(held.weight_hh, rounded)
        biases = _constant(held.bias_ih).plus(_constant(held.bias_hh))
        self._columns = _Linear(held.weight_ih, rounded).apply(x).plus(biases)
        self._heads = {
            name: (_Linear(head.weight, rounded), _constant(head.bias))
            for name, head in held.heads.items()
        }

    def step(self, boxes: Boxes, sources: Indices, symbols: Indices) -> Boxes:
        """The boxes after reading symbol ``symbols[e]`` in box ``sources[e]``, for E edges.

        Raises:
            SumOverflowError: where a pre-activation may overflow the machine's format.
        """
        used, rows = np.unique(sources, return_inverse=True)
        recurrent = self._recurrent.apply(boxes.h[used])
        cells = boxes.c[used]
        chunk = max(1, CHUNK // self._columns.middle.shape[1])
        parts = [
            self._finish(recurrent, cells, rows[i : i + chunk], symbols[i : i + chunk])
            for i in range(0, len(rows), chunk)
        ]
        return Boxes(*(_concatenate([getattr(part, name) for part in parts]) for name in "hc"))

    def read(self, head: str, boxes: Boxes) -> Interval:
        """The values of a head on each box, (N, R); the published reader is a tanh layer."""
        linear, bias = self._heads[head]
        z = self._executed(linear.apply(boxes.h).plus(bias))
        return self._kernel(tanh(z), -1.0) if self.weights.cell == "published" else z

    def gates(self, boxes: Boxes, symbols: Indices) -> dict[str, Interval]:
        """The gates on each box when it reads its symbol, each (N, H)."""
        return self._gates(self._recurrent.apply(boxes.h).plus(self._columns[symbols]))

    def memory(self, gates: Mapping[str, Interval], c: Interval) -> Interval:
        """The memory after the step, before any noise."""
        written = self._times(gates["input"], gates["candidate"])
        return self._plus(self._times(gates["forget"], c), written)

    def rounding_error(self, boxes: Boxes, symbols: Indices) -> tuple[Floats, Floats]:
        """How far ``h`` and ``c`` after a step of a standard net may be from the exact step.

        The errors of the gates, by the slopes ¼ of sigmoid and 1 of tanh, then of the operations
        with them; see `reberlstm.certificates.arithmetic`.
        """
        machine, c = self.arithmetic, boxes.c.size
        if machine.exact:
            return np.zeros_like(c), np.zeros_like(c)
        total = self._recurrent.apply(boxes.h).plus(self._columns[symbols])
        z = np.broadcast_to(self._rounding(total), total.middle.shape)
        unit, smallest = machine.unit, machine.smallest
        kernel = KERNEL_ULPS * unit + machine.kernel + 2.0 * smallest
        slope = {"candidate": 1.0}
        i, f, g, o = (
            slope.get(name, 0.25) * z[:, self.weights.rows(name)] + kernel
            for name in self.weights.gates
        )
        # Two products and their sum, each rounded: (1 + u)² − 1 = 2·u + u² of the sizes.
        rounded = unit * (2.0 + unit) * (c + 1.0) + smallest * (10.0 + c) * (1.0 + unit)
        error_c = f * c + i + g + rounded
        error_h = o + error_c + kernel + unit + 4.0 * smallest
        return error_h * (1.0 + 2.0**-40), error_c * (1.0 + 2.0**-40)

    def _gates(self, total: _Sum) -> dict[str, Interval]:
        z = self._executed(total)
        return {
            name: self._kernel(tanh(part), -1.0)
            if name == "candidate"
            else self._kernel(sigmoid(part), 0.0)
            for name, part in ((name, z[:, self.weights.rows(name)]) for name in self.weights.gates)
        }

    def _finish(self, recurrent: _Sum, cells: Interval, rows: Indices, symbols: Indices) -> Boxes:
        gates = self._gates(recurrent[rows].plus(self._columns[symbols]))
        c = self.memory(gates, cells[rows])
        if self.weights.cell == "published":
            c = self._disturbed(c)
            return Boxes(c, c)
        h = self._times(gates["output"], self._kernel(tanh(c), -1.0))
        return Boxes(self._disturbed(h), self._disturbed(c))

    def _executed(self, total: _Sum) -> Interval:
        """The sums as the machine may compute them, in any order."""
        radius = total.radius + sum_error(self.size + len(self.weights.alphabet)) * total.size
        radius = (radius + self._rounding(total)) * (1.0 + 2.0**-40) + UNDERFLOW
        return Interval(total.middle, total.middle).widen(radius)

    def _rounding(self, total: _Sum) -> Floats | float:
        """How far the sums may be off on the machine.

        Raises:
            SumOverflowError: where one may overflow.
        """
        machine = self.arithmetic
        if machine.exact:
            if not (total.size < MOST).all():
                raise SumOverflowError(f"a sum of terms of total size over {MOST:g} may overflow")
            return 0.0
        partial = total.size * np.exp(1.01 * machine.unit * total.terms)
        if not (partial < machine.largest / 2.0).all():
            raise SumOverflowError(
                f"a sum of terms of total size {float(total.size.max()):g} may overflow "
                f"{machine.name}, whose largest number is {machine.largest:g}"
            )
        gamma = machine.gamma(total.terms)
        with np.errstate(invalid="ignore"):
            rounding = np.where(total.size > 0.0, gamma * total.size, 0.0)
        return np.asarray(rounding + machine.smallest * total.underflow * (1.0 + gamma))

    def _times(self, factor: Interval, x: Interval) -> Interval:
        """A product as the machine may compute it; an underflowing factor loses it all."""
        product = scale(factor, x)
        return self._rounded(product, 3.0 + np.abs(x.lo), 3.0 + np.abs(x.hi))

    def _plus(self, a: Interval, b: Interval) -> Interval:
        return self._rounded(add(a, b), 3.0, 3.0)

    def _rounded(self, x: Interval, low: Floats | float, high: Floats | float) -> Interval:
        """The result of one operation, which may lose so many smallest numbers to underflow."""
        if self.arithmetic.exact:
            return x
        unit, smallest = self.arithmetic.unit, self.arithmetic.smallest
        return Interval(
            x.lo - (unit * np.abs(x.lo) + smallest * low) * (1.0 + 2.0**-40),
            x.hi + (unit * np.abs(x.hi) + smallest * high) * (1.0 + 2.0**-40),
        ).widen(0.0)

    def _kernel(self, y: Interval, least: float) -> Interval:
        """A sigmoid or tanh as the machine may compute it."""
        if self.arithmetic.exact:
            return y
        relative = KERNEL_ULPS * self.arithmetic.unit
        absolute = self.arithmetic.kernel + 2.0 * self.arithmetic.smallest
        widened = Interval(
            y.lo - (relative * np.abs(y.lo) + absolute) * (1.0 + 2.0**-40),
            y.hi + (relative * np.abs(y.hi) + absolute) * (1.0 + 2.0**-40),
        )
        return widened.widen(0.0).clip(least, 1.0)

    def _disturbed(self, x: Interval) -> Interval:
        return x.widen(self.noise) if self.noise else x


@dataclass(frozen=True, eq=False)
class _Sum:
    """Sums of products, on the way: what is needed to bound them and their rounding.

    Attributes:
        middle: The sums at the middle of the box.
        radius: How far the sums go from there within the box.
        size: A bound on the sum of the sizes of the terms.
        terms: How many terms can be other than zero.
        underflow: What underflow may take away, in smallest normal numbers: a flushed factor loses
            as much as the other one is large, and product and addition one each.
    """

    middle: Floats
    radius: Floats
    size: Floats
    terms: Floats
    underflow: Floats

    def __getitem__(self, rows: Indices) -> _Sum:
        return _Sum(
            self.middle[rows],
            self.radius[rows],
            self.size[rows],
            self.terms[rows] if len(self.terms) > 1 else self.terms,
            self.underflow[rows] if len(self.underflow) > 1 else self.underflow,
        )

    def plus(self, other: _Sum) -> _Sum:
        """All terms of both."""
        return _Sum(
            self.middle + other.middle,
            self.radius + other.radius,
            self.size + other.size,
            self.terms + other.terms,
            self.underflow + other.underflow,
        )


def _constant(bias: Floats) -> _Sum:
    row = bias[np.newaxis]
    present = (row != 0.0).astype(float)
    return _Sum(row, np.zeros_like(row), np.abs(row), present, 4.0 * present)


class _Linear:
    """A matrix (R, H) that is applied to boxes of vectors (N, H).

    Args:
        weight: The matrix.
        rounded: Whether the machine rounds, so that terms and their underflow matter.
    """

    def __init__(self, weight: Floats, rounded: bool) -> None:
        self.transposed = np.ascontiguousarray(weight.T)
        self.absolute = np.abs(self.transposed)
        self.nonzero = (self.transposed != 0.0).astype(float) if rounded else None

    def apply(self, x: Interval) -> _Sum:
        middle = 0.5 * x.lo + 0.5 * x.hi
        # Rounding may have moved the middle; the radius reaches both ends from where it is.
        radius = np.maximum(x.hi - middle, middle - x.lo) * (1.0 + 2.0**-50) + UNDERFLOW
        spread = radius @ self.absolute
        size = np.abs(middle) @ self.absolute + spread
        terms = underflow = np.zeros((1, 1))
        if self.nonzero is not None:
            # A product with what is always zero is zero, and adding it rounds nothing.
            present = (x.size != 0.0).astype(float)
            terms = present @ self.nonzero
            largest = x.size.max(axis=1, keepdims=True)
            underflow = present @ self.absolute + (largest + 4.0) * terms
        return _Sum(middle @ self.transposed, spread, size, terms, underflow)


def _concatenate(parts: list[Interval]) -> Interval:
    return Interval(
        np.concatenate([part.lo for part in parts]), np.concatenate([part.hi for part in parts])
    )
