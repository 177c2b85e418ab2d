"""How far a step that rounds may be from the exact one: running error analysis.

Every number of the formula carries a bound on how far it is from what exact arithmetic makes of the
same state (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 2002, section
3.3). The formula is the one of the cell, whatever it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reberlstm.certificates.arithmetic import KERNEL_ULPS, Arithmetic
from reberlstm.certificates.intervals import Block, Interval, settled
from reberlstm.certificates.slopes import Slopes
from reberlstm.net.cells.cell import Floats


@dataclass(frozen=True, eq=False)
class Erring:
    """Numbers as the arithmetic computes them.

    Attributes:
        value: Where they are, and where the exact ones are.
        error: How far each is from the exact one.
    """

    value: Any  # an Interval, a Sum or a Block
    error: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the errors."""
        return self.error.shape

    @property
    def arithmetic(self) -> Arithmetic:
        """What computes them."""
        value = self.value.whole if isinstance(self.value, Block) else self.value
        return value.arithmetic

    def __getitem__(self, columns: Any) -> Erring:
        return Erring(self.value[columns], self.error[columns])

    def settled(self) -> Erring:
        """Sums as they come out of the arithmetic, rounded."""
        value = self.value
        if isinstance(value, Interval):
            return self
        whole, columns = (value.whole, value.columns) if isinstance(value, Block) else (value, ...)
        rounding = np.broadcast_to(whole.rounding, whole.shape)[columns]
        return Erring(settled(value), self.error + rounding)

    def __add__(self, other: Erring) -> Erring:
        if not (isinstance(self.value, Interval) or isinstance(other.value, Interval)):
            return Erring(self.value + other.value, self.error + other.error)
        one, two = self.settled(), other.settled()
        total = one.value + two.value
        return Erring(total, one.error + two.error + one._operation(total.size, 3.0))

    def __mul__(self, other: Erring) -> Erring:
        one, two = self.settled(), other.settled()
        left, right = one.value.size, two.value.size
        error = left * two.error + right * one.error
        lost = 2.0 + np.maximum(1.0, left) + right
        return Erring(one.value * two.value, error + one._operation(left * right, lost))

    def _operation(self, size: Floats, lost: Floats | float) -> Floats:
        """What one operation with a result of this size rounds and loses to underflow."""
        return self.arithmetic.unit * size + self.arithmetic.smallest * lost


class ErringNumbers:
    """The functions of formulas (see `reberlstm.net.numbers`), for `Erring` numbers."""

    def __init__(self, arithmetic: Arithmetic) -> None:
        self.arithmetic = arithmetic
        self.math = Slopes(arithmetic)

    def linear(self, x: Erring, weight: Floats, bias: Floats) -> Erring:
        """``weight @ x + bias``: a sum, not rounded yet."""
        x = x.settled()
        return Erring(self.math.linear(x.value, weight, bias), x.error @ np.abs(weight).T)

    def sigmoid(self, z: Erring) -> Erring:
        """``1 / (1 + exp(−z))``."""
        z = z.settled()
        s = self.math.sigmoid(z.value)
        return self._function(s, self.math.sigmoid_slope(s).hi * z.error)

    def tanh(self, z: Erring) -> Erring:
        """Hyperbolic tangent."""
        z = z.settled()
        t = self.math.tanh(z.value)
        return self._function(t, self.math.tanh_slope(t).hi * z.error)

    def _function(self, value: Interval, error: Floats) -> Erring:
        arithmetic = self.arithmetic
        own = KERNEL_ULPS * arithmetic.unit * value.size
        return Erring(value, error + own + arithmetic.kernel + 2.0 * arithmetic.smallest)

    def relu(self, z: Erring) -> Erring:
        """``max(z, 0)``, which rounds nothing and brings nothing further apart."""
        z = z.settled()
        return Erring(self.math.relu(z.value), z.error)

    def mix(self, share: Erring, new: Erring, old: Erring) -> Erring:
        """``(1 − share)·new + share·old``, in whatever form it is computed."""
        size = new.value.size + old.value.size
        apart = (new.value - old.value).size
        error = share.error * apart + np.maximum(new.error, old.error)
        rounding = 4.0 * self.arithmetic.unit * size + self.arithmetic.smallest * (8.0 + 2.0 * size)
        return Erring(self.math.mix(share.value, new.value, old.value), error + rounding)
