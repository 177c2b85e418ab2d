"""Derivatives of cells, enclosed: interval matrices, and the functions that they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reberlstm.certificates.intervals import (
    UNDERFLOW,
    Interval,
    Intervals,
    middle_and_radius,
    sum_error,
)
from reberlstm.net.cells.cell import Floats

ROUNDED = 2.0**-46  # over what a sum of a few products of a few rounded numbers may be off by


@dataclass(frozen=True, eq=False)
class Matrices:
    """Interval matrices, (N, R, C): all that differ from `middle` by at most `radius`."""

    middle: Floats
    radius: Floats

    def __getitem__(self, rows: Any) -> Matrices:
        return Matrices(self.middle[rows], self.radius[rows])

    @property
    def size(self) -> Floats:
        """The largest absolute values."""
        return np.abs(self.middle) + self.radius

    def __add__(self, other: Matrices | Floats) -> Matrices:
        other = other if isinstance(other, Matrices) else Matrices(other, np.zeros_like(other))
        middle = self.middle + other.middle
        radius = (self.radius + other.radius) * (1.0 + ROUNDED)
        return Matrices(middle, radius + ROUNDED * np.abs(middle))

    def times(self, other: Matrices) -> Matrices:
        """Enclosures of all products ``A @ B``."""
        middle = np.matmul(self.middle, other.middle)
        size = other.size
        radius = np.matmul(np.abs(self.middle), other.radius) + np.matmul(self.radius, size)
        error = sum_error(size.shape[1]) * (np.matmul(np.abs(self.middle), size) + radius)
        return Matrices(middle, (radius + error) * (1.0 + ROUNDED) + UNDERFLOW)

    def placed(self, at: int, width: int) -> Matrices:
        """Wider matrices with these from column `at` on, and zeros elsewhere."""
        sides = ((0, 0), (0, 0), (at, width - at - self.middle.shape[2]))
        return Matrices(np.pad(self.middle, sides), np.pad(self.radius, sides))

    def spread(self, radius: Floats) -> Floats:
        """How far ``A @ x`` can be from 0 if ``|x| ≤ radius``, (N, R)."""
        reach = np.matmul(self.size, radius[:, :, np.newaxis])[:, :, 0]
        wider = (1.0 + sum_error(radius.shape[1])) * (1.0 + ROUNDED)
        return np.asarray(reach * wider + UNDERFLOW)


class Slopes(Intervals):
    """The functions that derivatives of cells are made of, for intervals and `Matrices`."""

    def sigmoid_slope(self, s: Interval) -> Interval:
        """``s·(1 − s)``, which is largest at ½."""
        ends = [end * (1.0 - end) for end in (s.lo, s.hi)]
        return _slope(ends, (s.lo <= 0.5) & (s.hi >= 0.5), 0.25)

    def tanh_slope(self, t: Interval) -> Interval:
        """``1 − t²``, which is largest at 0."""
        ends = [(1.0 - end) * (1.0 + end) for end in (t.lo, t.hi)]
        return _slope(ends, (t.lo <= 0.0) & (t.hi >= 0.0), 1.0)

    def relu_slope(self, y: Interval) -> Interval:
        """0 where the value is 0, else 1."""
        return Interval((y.lo > 0.0).astype(float), (y.hi > 0.0).astype(float))

    def rows(self, factor: Interval, matrix: Floats | Matrices) -> Matrices:
        """Each row times its factor."""
        centre, reach = (part[..., np.newaxis] for part in middle_and_radius(factor))
        if not isinstance(matrix, Matrices):
            matrix = Matrices(matrix, np.zeros_like(matrix))
        middle = centre * matrix.middle
        radius = (np.abs(centre) + reach) * matrix.radius + reach * np.abs(matrix.middle)
        radius = radius + ROUNDED * np.abs(middle)
        return Matrices(middle, radius * (1.0 + ROUNDED) + UNDERFLOW)

    def matmul(self, left: Floats, right: Matrices) -> Matrices:
        """A matrix of weights times the matrices."""
        return Matrices(left[np.newaxis], np.zeros_like(left[np.newaxis])).times(right)

    def diagonal(self, values: Interval) -> Matrices:
        """The matrices with the values (N, H) on their diagonals."""
        unit = np.eye(values.shape[-1])
        return Matrices(*(part[..., np.newaxis] * unit for part in middle_and_radius(values)))

    def block(self, parts: Sequence[Sequence[Matrices]]) -> Matrices:
        """One matrix of matrices, given row by row."""
        middles = [[matrix.middle for matrix in row] for row in parts]
        radii = [[matrix.radius for matrix in row] for row in parts]
        return Matrices(np.block(middles), np.block(radii))


def _slope(ends: list[Floats], at_top: Any, top: float) -> Interval:
    lo, hi = np.minimum(*ends), np.where(at_top, top, np.maximum(*ends))
    return Interval(lo * (1.0 - ROUNDED), hi * (1.0 + ROUNDED)).widen(UNDERFLOW)
