"""Several steps at once, with the mean value theorem: where a box leads along a word.

Let m be the middle of the box, y where the exact net takes it along the word, and D the product of
the derivatives along the way, each over a box that holds all states there. Then a state x of the
box is taken to y + D·(x − m) + s, where s is what rounding and noise have added since, carried on
by the derivatives (R. E. Moore, Interval Analysis, 1966, chapter 6). That is intersected with the
plain step; docs/theory.md, section 9, says why. Matrices are midpoints and radii (Rump 1999).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reberlstm.certificates.arithmetic import KERNEL_ULPS
from reberlstm.certificates.boxes import BoxNet
from reberlstm.certificates.claims import Level
from reberlstm.certificates.intervals import (
    REAL,
    UNDERFLOW,
    Indices,
    Interval,
    Intervals,
    middle_and_radius,
    sum_error,
)
from reberlstm.net.cells import CELLS
from reberlstm.net.cells.cell import Floats

ROUNDED = 2.0**-46  # over what a sum of a few products of a few rounded numbers may be off by


def can_follow(net: BoxNet) -> bool:
    """Whether `follow` takes a net: one layer, exact inputs, and, where it rounds, an LSTM."""
    (cell, *others) = (layer.cell for layer in net.net.layers)
    known = net.arithmetic.exact or cell == CELLS["lstm"]
    return not others and known and net.inputs.exact


def follow(net: BoxNet, boxes: Interval, levels: Sequence[Level]) -> Iterator[Interval]:
    """The boxes after the first, second, … steps of words, a row for each step of the level.

    The boxes (N, D) are those of all nodes, the net one that `can_follow` takes.
    """
    exact, math = BoxNet(net.net, REAL), Slopes(REAL)
    roots, parents = np.unique(levels[0].parents, return_inverse=True)
    here = boxes[roots]
    middle, reach = middle_and_radius(here)
    moved = Interval.point(middle)
    unit = np.broadcast_to(np.eye(net.width), (len(roots), net.width, net.width))
    slopes, added = Matrices(unit, np.zeros_like(unit)), np.zeros_like(middle)
    origin = np.arange(len(roots))
    for number, level in enumerate(levels):
        if number:
            parents = level.parents
        here, moved, origin = here[parents], moved[parents], origin[parents]
        each = np.arange(len(level))
        slope = derivatives(exact, here, level.symbols, math)
        slopes = slope.times(slopes[parents])
        error = rounding_error(net, here, level.symbols) + net.noise
        added = (slope.spread(added[parents]) + error) * (1.0 + 2.0**-40)
        moved = exact.step(moved, each, level.symbols)
        around = slopes.spread(reach[origin]) + added
        here = net.step(here, each, level.symbols).meet(moved.widen(around))
        yield here


def derivatives(exact: BoxNet, boxes: Interval, symbols: Indices, math: Slopes) -> Matrices:
    """Enclosures of the derivatives of the step on boxes that read a symbol each, (N, D, D)."""
    (layer,), (before,) = exact.net.layers, exact.net.split(boxes)
    gates, after = layer.cell.step(layer, exact.inputs_of(symbols), before, math)
    found: Matrices = layer.cell.derivative(layer, gates, before, after, math)
    return found


def rounding_error(net: BoxNet, boxes: Interval, symbols: Indices) -> Floats:
    """How far an LSTM's state after a step may be from that after the exact step, (N, D).

    The errors of the gates, by the slopes ¼ of sigmoid and 1 of tanh, then of the operations with
    them; see `reberlstm.certificates.arithmetic`.
    """
    arithmetic = net.arithmetic
    if arithmetic.exact:
        return np.zeros(boxes.shape)
    (layer,), ((h, c),) = net.net.layers, net.net.split(boxes)
    total = net.inputs_of(symbols) + net.math.linear(h, layer.weight_hh, layer.bias_hh)
    z = np.broadcast_to(total.rounding, total.shape)
    unit, smallest = arithmetic.unit, arithmetic.smallest
    kernel = KERNEL_ULPS * unit + arithmetic.kernel + 2.0 * smallest
    slope = {"candidate": 1.0}
    i, f, g, o = (slope.get(n, 0.25) * z[:, layer.rows(n)] + kernel for n in layer.cell.gates)
    # Two products and their sum, each rounded: (1 + u)² − 1 = 2·u + u² of the sizes.
    rounded = unit * (2.0 + unit) * (c.size + 1.0) + smallest * (10.0 + c.size) * (1.0 + unit)
    error_c = f * c.size + i + g + rounded
    error_h = o + error_c + kernel + unit + 4.0 * smallest
    return np.concatenate([error_h, error_c], axis=1) * (1.0 + 2.0**-40)


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

    def __add__(self, other: Matrices) -> Matrices:
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
