"""Interval arithmetic with outward rounding: every result contains the true one.

Ends are ordinary float64, to which an error bound is added in every operation, see docs/theory.md,
section 9; exp and tanh of numpy are accurate to 4 units in the last place, which tests check. Where
intervals belong to another arithmetic than real numbers, every result also contains what that
arithmetic may make of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import ARITHMETICS, KERNEL_ULPS, MOST, Arithmetic
from reberlstm.net.cells.cell import Floats
from reberlstm.net.numbers import sigmoid as ordinary_sigmoid

Indices = NDArray[np.intp]

FUNCTION_ERROR = 2.0**-47  # relative error allowed for sigmoid and tanh, far over what there is
UNDERFLOW = 1e-300  # added wherever a result may have; over n times the smallest normal number
REAL = ARITHMETICS["real"]


class SumOverflowError(ArithmeticError):
    """A sum may exceed the largest number of the arithmetic, so nothing can be said about it."""


def sum_error(terms: int) -> float:
    """A bound on γ for any sum of so many products and a few constants, twice over."""
    return (terms + 16) * 2.0**-52


@dataclass(frozen=True, eq=False)
class Interval:
    """Lower and upper ends, arrays of one shape; an end may be infinite.

    The arithmetic is what computes with the numbers in between.
    """

    lo: Floats
    hi: Floats
    arithmetic: Arithmetic = REAL

    def __getitem__(self, index: Any) -> Interval:
        return Interval(self.lo[index], self.hi[index], self.arithmetic)

    def __len__(self) -> int:
        return len(self.lo)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the arrays."""
        return self.lo.shape

    @property
    def size(self) -> Floats:
        """The largest absolute value in each interval."""
        return np.maximum(np.abs(self.lo), np.abs(self.hi))

    @property
    def width(self) -> Floats:
        """Upper minus lower end."""
        return self.hi - self.lo

    @staticmethod
    def point(x: Floats) -> Interval:
        """Intervals that contain one number each."""
        return Interval(x, x)

    @staticmethod
    def empty(shape: tuple[int, ...]) -> Interval:
        """Intervals that contain nothing: the neutral element of `hull`."""
        return Interval(np.full(shape, np.inf), np.full(shape, -np.inf))

    @staticmethod
    def joined(parts: Sequence[Interval], axis: int) -> Interval:
        """The parts one after the other."""
        lo, hi = (np.concatenate([getattr(x, end) for x in parts], axis) for end in ("lo", "hi"))
        return Interval(lo, hi)

    def included_in(self, other: Interval) -> bool:
        """Whether every interval lies in the one of `other`."""
        return bool((self.lo >= other.lo).all() and (self.hi <= other.hi).all())

    def widen(self, radius: Floats | float) -> Interval:
        """Both ends moved outwards by at least `radius`."""
        lo, hi = self.lo - radius, self.hi + radius
        return Interval(np.nextafter(lo, -np.inf), np.nextafter(hi, np.inf), self.arithmetic)

    def clip(self, lo: float, hi: float) -> Interval:
        """The part within [lo, hi]."""
        return Interval(np.clip(self.lo, lo, hi), np.clip(self.hi, lo, hi), self.arithmetic)

    def hull(self, other: Interval) -> Interval:
        """The smallest intervals that contain both."""
        return Interval(np.minimum(self.lo, other.lo), np.maximum(self.hi, other.hi))

    def meet(self, other: Interval) -> Interval:
        """What both contain."""
        return Interval(np.maximum(self.lo, other.lo), np.minimum(self.hi, other.hi))

    def with_rows(self, rows: Indices, values: Interval) -> Interval:
        """A copy with some rows replaced."""
        lo, hi = self.lo.copy(), self.hi.copy()
        lo[rows], hi[rows] = values.lo, values.hi
        return Interval(lo, hi, self.arithmetic)

    def computed_in(self, arithmetic: Arithmetic) -> Interval:
        """The same intervals, of numbers that another arithmetic computes with."""
        return replace(self, arithmetic=arithmetic)

    # Operations. An operation of the arithmetic may lose some smallest numbers to underflow.

    def __add__(self, other: Interval | Sum) -> Interval:
        other = settled(other)
        lo, hi = self.lo + other.lo, self.hi + other.hi
        exact = Interval(np.nextafter(lo, -np.inf), np.nextafter(hi, np.inf), self.arithmetic)
        return exact._rounded(3.0, 3.0)

    def __sub__(self, other: Interval) -> Interval:
        return self + Interval(-other.hi, -other.lo, self.arithmetic)

    def __rsub__(self, number: float) -> Interval:
        return Interval(np.array(number), np.array(number), self.arithmetic) - self

    def __mul__(self, other: Interval | Sum) -> Interval:
        """The products; 0 · ∞ is 0, since a member of an unbounded interval is a number."""
        other = settled(other)
        with np.errstate(invalid="ignore"):
            products = [x * y for x in (self.lo, self.hi) for y in (other.lo, other.hi)]
        if not (np.isfinite(other.lo).all() and np.isfinite(other.hi).all()):
            products = [np.where(np.isnan(product), 0.0, product) for product in products]
        lo, hi = np.minimum.reduce(products), np.maximum.reduce(products)
        exact = Interval(lo, hi, self.arithmetic).widen(UNDERFLOW)
        if self.arithmetic.exact:
            return exact
        # Where a factor underflows to 0, as much is lost as the other one is large.
        low, high = np.abs(other.lo), np.abs(other.hi)
        if not (self.lo >= 0.0).all():
            low = high = other.size
        own = np.maximum(1.0, self.size)
        return exact._rounded(2.0 + own + low, 2.0 + own + high)

    def _rounded(self, low: Floats | float, high: Floats | float) -> Interval:
        """The result of one operation, which may lose so many smallest numbers at its ends."""
        smallest = self.arithmetic.smallest
        return self.off_by(self.arithmetic.unit, smallest * low, smallest * high)

    def off_by(self, share: float, low: Floats | float, high: Floats | float) -> Interval:
        """Off by a share of the numbers and by so much more at the ends, where anything rounds."""
        if self.arithmetic.exact:
            return self
        below, above = share * np.abs(self.lo) + low, share * np.abs(self.hi) + high
        wider = 1.0 + 2.0**-40
        return Interval(self.lo - below * wider, self.hi + above * wider, self.arithmetic).widen(0)


@dataclass(frozen=True, eq=False)
class Sum:
    """Sums of products that may still grow: what is needed to bound them and their rounding.

    The parts are five arrays that broadcast to the shape of the first: the sums at the middle of
    the box; how far they go from there within the box; a bound on the sum of the sizes of the
    terms; how many terms can be other than zero; what underflow may take away, in smallest normal
    numbers (a flushed factor loses as much as the other one is large, product and addition one
    each). Of `length` terms, zeros included; they may be added up in any order.
    """

    parts: tuple[Floats, ...]
    length: int
    arithmetic: Arithmetic

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the sums."""
        return self.parts[0].shape

    def __getitem__(self, columns: Any) -> Block:
        """Some columns, ``[..., i:j]``."""
        return Block(self, columns)

    def part(self, index: Any, axis: int) -> Sum:
        """The sums of some rows (axis 0) or columns (axis −1)."""
        middle, *others = self.parts
        # What is the same for all rows or columns is kept once.
        chosen = [x if x.shape[axis] == 1 else x[index] for x in others]
        return Sum((middle[index], *chosen), self.length, self.arithmetic)

    def __add__(self, other: Sum | Block | Interval) -> Any:
        if isinstance(other, Interval):
            return self.settled + other
        other = other.sum if isinstance(other, Block) else other
        parts = tuple(a + b for a, b in zip(self.parts, other.parts, strict=True))
        return Sum(parts, self.length + other.length, self.arithmetic)

    def __mul__(self, other: Interval) -> Interval:
        return self.settled * other

    @cached_property
    def settled(self) -> Interval:
        """The sums as they come out of the arithmetic."""
        middle, radius, size, _, _ = self.parts
        radius = radius + sum_error(self.length) * size
        radius = (radius + self.rounding) * (1.0 + 2.0**-40) + UNDERFLOW
        return Interval(middle, middle, self.arithmetic).widen(radius)

    def gaps(self, middle: Floats, radius: Floats) -> Sum:
        """The differences between the sums of a row, each added up on its own: (N, R, R).

        What they are at the middle of the box, and how far they go from there, is given.
        """
        size, terms, underflow = (np.broadcast_to(x, self.shape) for x in self.parts[2:])
        pairs = [(x[..., np.newaxis], x[..., np.newaxis, :]) for x in (size, underflow)]
        size, underflow = (one + other for one, other in pairs)
        terms = np.maximum(terms[..., np.newaxis], terms[..., np.newaxis, :])
        parts = (middle, radius, size, terms, underflow)
        return Sum(parts, 2 * self.length, self.arithmetic)

    @property
    def rounding(self) -> Floats | float:
        """How far the sums may be off in the arithmetic.

        Raises:
            SumOverflowError: where one may overflow.
        """
        arithmetic, (_, _, size, terms, underflow) = self.arithmetic, self.parts
        if arithmetic.exact:
            if not (size < MOST).all():
                raise SumOverflowError(f"a sum of terms of total size over {MOST:g} may overflow")
            return 0.0
        partial = size * np.exp(1.01 * arithmetic.unit * terms)
        if not (partial < arithmetic.largest / 2.0).all():
            raise SumOverflowError(
                f"a sum of terms of total size {float(size.max()):g} may overflow "
                f"{arithmetic.name}, whose largest number is {arithmetic.largest:g}"
            )
        gamma = arithmetic.gamma(terms)
        with np.errstate(invalid="ignore"):
            rounding = np.where(size > 0.0, gamma * size, 0.0)
        return np.asarray(rounding + arithmetic.smallest * underflow * (1.0 + gamma))


@dataclass(frozen=True, eq=False)
class Block:
    """Some columns of sums: they are settled together with the others, or grow on their own."""

    whole: Sum
    columns: Any

    @property
    def sum(self) -> Sum:
        """The sums on their own."""
        return self.whole.part(self.columns, -1)

    @property
    def settled(self) -> Interval:
        """The sums as they come out of the arithmetic."""
        return self.whole.settled[self.columns]

    def __add__(self, other: Any) -> Any:
        return self.settled + other if isinstance(other, Interval) else self.sum + other


def settled(x: Interval | Sum | Block) -> Interval:
    """Sums as they come out of the arithmetic; intervals as they are."""
    return x if isinstance(x, Interval) else x.settled


class Rows(Interval):
    """Rows of fewer intervals, some of them several times: `linear` is computed once for each."""

    base: Interval
    rows: Indices

    def __init__(self, base: Interval, rows: Indices) -> None:
        for name, value in {"base": base, "rows": rows, "arithmetic": base.arithmetic}.items():
            object.__setattr__(self, name, value)

    @cached_property
    def lo(self) -> Floats:
        """The lower ends, put together when something asks for them."""
        return np.asarray(self.base.lo[self.rows])

    @cached_property
    def hi(self) -> Floats:
        """The upper ends, likewise."""
        return np.asarray(self.base.hi[self.rows])


class Intervals:
    """The functions of formulas (see `reberlstm.net.numbers`), for intervals in an arithmetic."""

    def __init__(self, arithmetic: Arithmetic) -> None:
        self.arithmetic = arithmetic
        self._matrices: dict[int, _Matrix] = {}
        self._constants: dict[int, tuple[Floats, Sum]] = {}

    def linear(self, x: Interval, weight: Floats, bias: Floats) -> Sum:
        """``weight @ x + bias`` for x (N, D): a sum, (N, R)."""
        if id(weight) not in self._matrices:
            self._matrices[id(weight)] = _Matrix(weight, self.arithmetic)
        if id(bias) not in self._constants:
            row = bias[np.newaxis]
            present = (row != 0.0).astype(float)
            parts = (row, np.zeros_like(row), np.abs(row), present, 4.0 * present)
            self._constants[id(bias)] = bias, Sum(parts, 1, self.arithmetic)
        matrix = self._matrices[id(weight)]
        total = matrix.apply(x.base).part(x.rows, 0) if isinstance(x, Rows) else matrix.apply(x)
        both: Sum = total + self._constants[id(bias)][1]
        return both

    def sigmoid(self, z: Interval | Sum) -> Interval:
        """``1 / (1 + exp(−z))``, which is monotone, so the ends will do."""
        return self._monotone(ordinary_sigmoid, settled(z), 0.0)

    def tanh(self, z: Interval | Sum) -> Interval:
        """Hyperbolic tangent, monotone likewise."""
        return self._monotone(np.tanh, settled(z), -1.0)

    def _monotone(self, function: Any, z: Interval, least: float) -> Interval:
        lo, hi = function(z.lo), function(z.hi)
        values = Interval(
            np.maximum(lo - FUNCTION_ERROR * np.abs(lo) - UNDERFLOW, least),
            np.minimum(hi + FUNCTION_ERROR * np.abs(hi) + UNDERFLOW, 1.0),
            z.arithmetic,
        )
        if z.arithmetic.exact:
            return values
        absolute = z.arithmetic.kernel + 2.0 * z.arithmetic.smallest
        relative = KERNEL_ULPS * z.arithmetic.unit
        return values.off_by(relative, absolute, absolute).clip(least, 1.0)

    def relu(self, z: Interval | Sum) -> Interval:
        """``max(z, 0)``, which nothing rounds."""
        z = settled(z)
        return Interval(np.maximum(z.lo, 0.0), np.maximum(z.hi, 0.0), z.arithmetic)

    def mix(self, share: Interval, new: Interval, old: Interval) -> Interval:
        """``(1 − share)·new + share·old``, which is least and greatest at the ends of the share."""
        least, most = (
            [one + part * (two - one) for part in (share.lo, share.hi)]
            for one, two in ((new.lo, old.lo), (new.hi, old.hi))
        )
        # In whatever form it is computed, it is off by less than four roundings of both.
        size = new.size + old.size
        error = (4.0 * self.arithmetic.unit + 2.0**-50) * size + UNDERFLOW
        error = error + self.arithmetic.smallest * (8.0 + 2.0 * size)
        return Interval(np.minimum(*least), np.maximum(*most), self.arithmetic).widen(error)


class _Matrix:
    """A matrix (R, D), prepared for boxes of vectors (N, D)."""

    def __init__(self, weight: Floats, arithmetic: Arithmetic) -> None:
        self.weight = weight  # kept, so that no other array gets its id
        self.arithmetic = arithmetic
        self.transposed = np.ascontiguousarray(weight.T)
        self.absolute = np.abs(self.transposed)
        self.nonzero = None if arithmetic.exact else (self.transposed != 0.0).astype(float)

    def apply(self, x: Interval) -> Sum:
        middle, radius = middle_and_radius(x)
        spread = radius @ self.absolute
        size = np.abs(middle) @ self.absolute + spread
        terms = underflow = np.zeros((1, 1))
        if self.nonzero is not None:
            # A product with what is always zero is zero, and adding it rounds nothing.
            present = (x.size != 0.0).astype(float)
            terms = present @ self.nonzero
            largest = x.size.max(axis=1, keepdims=True)
            underflow = present @ self.absolute + (largest + 4.0) * terms
        parts = (middle @ self.transposed, spread, size, terms, underflow)
        return Sum(parts, len(self.transposed), self.arithmetic)


def middle_and_radius(x: Interval) -> tuple[Floats, Floats]:
    """The middles, and how far the intervals reach from where rounding has put them."""
    middle = 0.5 * x.lo + 0.5 * x.hi
    return middle, np.maximum(x.hi - middle, middle - x.lo) * (1.0 + 2.0**-50) + UNDERFLOW
