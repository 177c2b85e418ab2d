"""Exact arithmetic for the checker: whole numbers of 2⁻ᵖ, and series whose remainders are bounded.

A number is a Python integer n that stands for n·2⁻ᵖ, and p is so large (256, or more where a
weight needs it) that all weights are such numbers exactly. Sums of products are exact; only then
are lower ends rounded down and upper ends up. exp is its Taylor series with a bound of the rest,
squared as often as the argument was halved. So nothing here relies on floating-point hardware, and
the ends are the least and the greatest values of the formulas up to about 2⁻²⁵⁰. It is slow:
`reberlstm.certificates.checker.steps` does the same in floating point, and is tested against
this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reberlstm.certificates.checker.document import RejectedError
from reberlstm.certificates.checker.steps import ARITHMETICS, Bounds, Sums, together

Numbers = Any  # an array of Python integers; a c without bound is a floating-point infinity
Ends = tuple[Numbers, Numbers]

GUARD = 64  # so many more bits inside of exp
SERIES = 8  # the argument of the series is less than 2 to the minus this


def _each(function: Callable[..., Any], *arrays: Any) -> Numbers:
    """A function of integers on every entry."""
    return np.frompyfunc(function, len(arrays), 1)(*arrays)


def _up(n: int, bits: int) -> int:
    return -(-n >> bits)


def _over(n: int, d: int) -> int:
    """The quotient, rounded up."""
    return -(-n // d)


class Exact(Bounds):
    """The same as `steps` computes with lower and upper ends, in whole numbers.

    Sums are pairs of their least and greatest in units of 2⁻²ᵖ, sizes too; numbers of terms; and
    what is lost in units of 2⁻ᵖ.
    """

    def __init__(self, arithmetic: str, arrays: Sequence[Any]) -> None:
        super().__init__(arithmetic, arrays)
        least = [int(np.frexp(a[a != 0.0])[1].min()) for a in arrays if np.any(a)]
        self.p = p = max(256, 53 - min(least, default=0))
        self.one = 1 << p
        unit, smallest, largest, kernel = ARITHMETICS[arithmetic]
        self.unit = -int(math.log2(unit)) if unit else 0  # u is 2 to the minus this
        self.smallest, self.kernel = self._ratio(smallest, True), self._ratio(kernel, True)
        self.largest = self._ratio(largest, False)

    # To and from floating point

    def _scaled(self, x: float) -> int:
        n, d = float(x).as_integer_ratio()
        if (n << self.p) % d:
            raise RejectedError(f"{x!r} needs more digits than the exact mode has")
        return (n << self.p) // d

    def _ratio(self, x: float, up: bool) -> Any:
        if math.isinf(x):
            return x
        n, d = float(x).as_integer_ratio()
        return _over(n << self.p, d) if up else (n << self.p) // d

    def number(self, array: Any) -> Numbers:
        """Floating-point numbers, exactly."""
        return np.asarray(_each(self._scaled, array), dtype=object)

    def box(self, low: Any, high: Any) -> Ends:
        """Ends in floating point, moved outwards where they need more digits."""
        return (
            np.asarray(_each(lambda x: self._ratio(x, False), low), dtype=object),
            np.asarray(_each(lambda x: self._ratio(x, True), high), dtype=object),
        )

    def least(self, x: Any) -> float:
        """A floating-point number that is no greater."""
        if _is_infinite(x):
            return float(x)
        x = min(x, 10**300 << self.p)
        return math.nextafter(x / self.one, -math.inf) if x % self.one else x / self.one

    def summand(self, x: Numbers) -> Numbers:
        """A number in the units of products."""
        return x << self.p

    def added(self, parts: Sequence[Sums]) -> Ends:
        """Sums as they come out of the arithmetic, added up in any order."""
        sums: tuple[Any, ...] = together(parts)
        low, high, size, number, lost = sums
        error = _each(self._rounding, size, number, lost)
        return (low >> self.p) - error, _each(lambda n: _up(n, self.p), high) + error

    def _rounding(self, size: int, number: int, lost: int) -> int:
        """How far a sum may be off in the arithmetic."""
        if not self.unit:
            return 0
        # γ = n·u/(1 − n·u), and exp(1.01·n·u) ≤ 1 + 2.02·n·u where n·u ≤ ½
        u = 1 << self.unit
        if 2 * number > u or _up(size * (100 * u + 202 * number), self.p) >= 50 * u * self.largest:
            raise RejectedError(f"a sum may overflow {self.arithmetic}")
        gamma = _over(_up(size, self.p) * number, u - number)
        return int(gamma + _up(_over(self.smallest * lost * u, u - number), self.p))

    # Functions

    def exp(self, y: int) -> tuple[int, int]:
        """Bounds of exp of a number from 0 on, in units of 2⁻ᵖ⁻⁶⁴."""
        q = self.p + GUARD
        halvings = max(0, (y >> self.p).bit_length() + SERIES)
        t = y << GUARD  # then y·2^−halvings, in units of 2⁻q
        low, high = t >> halvings, _up(t, halvings)
        term_low = term_high = sum_low = sum_high = 1 << q
        n = 0
        while term_high > 1:
            n += 1
            term_low, term_high = (term_low * low >> q) // n, _over(_up(term_high * high, q), n)
            sum_low, sum_high = sum_low + term_low, sum_high + term_high
        sum_high += 2 * term_high  # each further term is less than half of the one before it
        for _ in range(halvings):
            sum_low, sum_high = sum_low * sum_low >> q, _up(sum_high * sum_high, q)
        return sum_low, sum_high

    def _sigmoid_of(self, z: int) -> tuple[int, int]:
        if abs(z) >= self.p << self.p:  # e^−|z| < 2⁻ᵖ
            return (self.one - 1, self.one) if z > 0 else (0, 1)
        q, (low, high) = 1 << (self.p + GUARD), self.exp(abs(z))
        if z < 0:  # 1/(1 + e^|z|)
            return (q << self.p) // (q + high), _over(q << self.p, q + low)
        return (low << self.p) // (q + low), _over(high << self.p, q + high)

    def _tanh_of(self, z: Any) -> tuple[int, int]:
        if abs(z) >= self.p << self.p:
            return (self.one - 1, self.one) if z > 0 else (-self.one, 1 - self.one)
        q, (low, high) = 1 << (self.p + GUARD), self.exp(2 * abs(z))
        low, high = (low - q << self.p) // (low + q), _over(high - q << self.p, high + q)
        return (low, high) if z >= 0 else (-high, -low)

    def sigmoid(self, z: Ends) -> Ends:
        """1/(1 + exp(−z))."""
        return self._bounds_of(z, self._sigmoid_of, 0)

    def tanh(self, z: Ends) -> Ends:
        """The hyperbolic tangent, which stays between −1 and 1."""
        return self._bounds_of(z, self._tanh_of, -self.one)

    def _bounds_of(self, z: Ends, of: Callable[[Any], tuple[int, int]], least: int) -> Ends:
        absolute = self.kernel + 2 * self.smallest
        low, high = _each(lambda x: of(x)[0], z[0]), _each(lambda x: of(x)[1], z[1])
        return (
            np.maximum(low - self._relative(low, 4) - absolute, least),
            np.minimum(high + self._relative(high, 4) + absolute, self.one),
        )

    def _relative(self, x: Numbers, units: int) -> Numbers:
        """So many units roundoff of the size, rounded up."""
        return _each(lambda n: _up(units * abs(n), self.unit) if self.unit else 0, x)

    # Single operations

    def product(self, factor: Ends, x: Ends) -> Ends:
        """For a factor in [0, 1]: the worst end of x with the worst end of the factor."""

        def low(f: int, g: int, n: Any) -> Any:
            return n if _is_infinite(n) else (g if n < 0 else f) * n >> self.p

        def high(f: int, g: int, n: Any) -> Any:
            return n if _is_infinite(n) else _up((g if n > 0 else f) * n, self.p)

        return self._rounded(_each(low, *factor, x[0]), _each(high, *factor, x[1]), x)

    def sum(self, x: Ends, y: Ends) -> Ends:
        """The sum of two."""
        return self._rounded(_each(_plus, x[0], y[0]), _each(_plus, x[1], y[1]), None)

    def _rounded(self, low: Numbers, high: Numbers, x: Ends | None) -> Ends:
        """The results of one operation as the arithmetic may round them."""

        def error(n: Any, factor: Any) -> Any:
            if not self.unit or _is_infinite(n):
                return 0
            return _up(abs(n), self.unit) + _up(self.smallest * (3 * self.one + factor), self.p)

        below, above = (0, 0) if x is None else (abs(x[0]), abs(x[1]))
        return (
            _each(lambda n, factor: _plus(n, -error(n, factor)), low, below),
            _each(lambda n, factor: _plus(n, error(n, factor)), high, above),
        )

    def mix(self, z: Ends, n: Ends, h: Ends) -> Ends:
        """``(1 − z)·n + z·h``, which is least and greatest at the ends of z."""
        low, high = ([(self.one - s) * x + s * y for s in z] for x, y in zip(n, h, strict=True))
        size = np.maximum(abs(n[0]), abs(n[1])) + np.maximum(abs(h[0]), abs(h[1]))
        error = self._relative(size, 4) + 8 * self.smallest
        error = error + _each(lambda k: _up(2 * self.smallest * k, self.p), size)
        return (
            (np.minimum(*low) >> self.p) - error,
            _each(lambda k: _up(k, self.p), np.maximum(*high)) + error,
        )

    def wider(self, x: Ends, by: float) -> Ends:
        """Ends moved outwards."""
        room = self._ratio(by, True)
        return _each(_plus, x[0], -room), _each(_plus, x[1], room)

    def softmax(self, gaps: Sequence[Ends]) -> Ends:
        """Probabilities, of which each is 1/(the sum of exp(−gap)) over its gaps."""
        low, high = ([self._probability(gap[end], end) for gap in gaps] for end in (0, 1))
        return np.array(low, dtype=object), np.array(high, dtype=object)

    def _probability(self, gaps: Numbers, end: int) -> int:
        q, total = 1 << (self.p + GUARD), 0
        for gap in gaps:
            if gap <= -self.p << self.p:  # one e^|gap| alone makes it less than 2⁻ᵖ
                return end
            far = gap > self.p << self.p  # then exp(−gap) is between 0 and 2⁻ᵖ
            bounds = self.exp(self.p << self.p if far else abs(gap))
            # The largest sum gives the lower end of the probability.
            if gap <= 0:
                total += bounds[1 - end]
            elif end == 0:
                total += _over(q * q, bounds[0])
            elif not far:
                total += q * q // bounds[1]
        return (q << self.p) // total if end == 0 else min(_over(q << self.p, total), self.one)


def _is_infinite(x: Any) -> bool:
    return isinstance(x, float)


def _plus(x: Any, y: Any) -> Any:
    """A sum in which an infinity stays one (and no large integer becomes a float)."""
    return x if _is_infinite(x) else y if _is_infinite(y) else x + y
