"""Interval arithmetic with outward rounding: every result contains the true one.

Arrays of lower and upper ends, in ordinary float64. The rounding mode is never switched (numpy
cannot, and other threads would notice); instead an error bound is added to every result, so the
enclosures are those of real arithmetic whatever the processor does within IEEE 754:

- Single operations are rounded correctly, so one step of `numpy.nextafter` outwards is enough.
- A sum of n products, summed by BLAS in whatever order, is off by at most γ_n times the sum of
  their sizes (Higham 2002, section 3.1); `SUM_ERROR` takes twice that and 16 terms more.
- numpy's exp and tanh are accurate to 4 units in the last place (its own vector routines) or 2
  (glibc), that is 2⁻⁵⁰ relatively. `FUNCTION_ERROR` takes eight times that, and
  sigmoid adds two roundings of 2⁻⁵³. tests/certificates/test_intervals.py checks both against
  50-digit decimals.

A matrix times an interval vector is computed from midpoints and radii (S. M. Rump, Fast and
parallel interval arithmetic, BIT 39 (1999) 534–554), which costs ordinary matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reberlstm.net.weights import Floats

FUNCTION_ERROR = 2.0**-47
"""Relative error allowed for sigmoid and tanh, far over what libraries have."""

UNDERFLOW = 1e-300
"""Added wherever a result may have underflowed; over n times the smallest normal number."""


def sum_error(terms: int) -> float:
    """A bound on γ for any sum of so many products and a few constants, twice over."""
    return (terms + 16) * 2.0**-52


@dataclass(frozen=True, eq=False)
class Interval:
    """Lower and upper ends, arrays of one shape; an end may be infinite."""

    lo: Floats
    hi: Floats

    def __getitem__(self, index: Any) -> Interval:
        return Interval(self.lo[index], self.hi[index])

    @property
    def size(self) -> Floats:
        """The largest absolute value in each interval."""
        return np.maximum(np.abs(self.lo), np.abs(self.hi))

    @property
    def width(self) -> Floats:
        """Upper minus lower end."""
        return self.hi - self.lo

    def inside(self, other: Interval) -> bool:
        """Whether every interval lies in the one of `other`."""
        return bool((self.lo >= other.lo).all() and (self.hi <= other.hi).all())

    def widen(self, radius: Floats | float) -> Interval:
        """Both ends moved outwards by at least `radius`."""
        return Interval(
            np.nextafter(self.lo - radius, -np.inf), np.nextafter(self.hi + radius, np.inf)
        )

    def clip(self, lo: float, hi: float) -> Interval:
        """The part within [lo, hi]."""
        return Interval(np.clip(self.lo, lo, hi), np.clip(self.hi, lo, hi))

    def hull(self, other: Interval) -> Interval:
        """The smallest intervals that contain both."""
        return Interval(np.minimum(self.lo, other.lo), np.maximum(self.hi, other.hi))


def add(a: Interval, b: Interval) -> Interval:
    """``a + b``."""
    return Interval(np.nextafter(a.lo + b.lo, -np.inf), np.nextafter(a.hi + b.hi, np.inf))


def scale(factor: Interval, x: Interval) -> Interval:
    """``factor · x`` for a factor that is not negative; an infinite end of `x` is a limit."""
    with np.errstate(invalid="ignore"):
        lows = (factor.lo * x.lo, factor.hi * x.lo)
        highs = (factor.lo * x.hi, factor.hi * x.hi)
    # 0 · ∞ is 0 here: the interval is unbounded, but its members are numbers.
    lo = np.minimum(*(np.where(np.isnan(product), 0.0, product) for product in lows))
    hi = np.maximum(*(np.where(np.isnan(product), 0.0, product) for product in highs))
    return Interval(lo, hi).widen(UNDERFLOW)


def multiply(a: Interval, b: Interval) -> Interval:
    """``a · b`` for bounded intervals of any sign."""
    products = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    return Interval(np.minimum.reduce(products), np.maximum.reduce(products)).widen(UNDERFLOW)


def sigmoid(z: Interval) -> Interval:
    """``1 / (1 + exp(−z))``, which is monotone, so the ends will do."""
    return Interval(
        np.maximum(_sigmoid(z.lo) * (1.0 - FUNCTION_ERROR) - UNDERFLOW, 0.0),
        np.minimum(_sigmoid(z.hi) * (1.0 + FUNCTION_ERROR) + UNDERFLOW, 1.0),
    )


def tanh(z: Interval) -> Interval:
    """Hyperbolic tangent, monotone likewise."""
    lo, hi = np.tanh(z.lo), np.tanh(z.hi)
    return Interval(
        np.maximum(lo - FUNCTION_ERROR * np.abs(lo) - UNDERFLOW, -1.0),
        np.minimum(hi + FUNCTION_ERROR * np.abs(hi) + UNDERFLOW, 1.0),
    )


def _sigmoid(z: Floats) -> Floats:
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)
