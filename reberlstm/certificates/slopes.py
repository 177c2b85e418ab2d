"""How fast the LSTM step can change within a box: enclosures of its derivative.

A step of boxes forgets how the cells of a box depend on each other, and after several steps little
is left to go by. The mean value theorem remembers: if all derivatives of F on a box lie in the
interval matrix J, then F(x) − F(y) = M·(x − y) with some M in J for any x, y in the box. For the
standard cell, with the gates i, f, g, o at z = U·h + …, and t = tanh c'::

    ∂c'/∂h = c·f(1−f)·U_f + g·i(1−i)·U_i + i(1−g²)·U_g         ∂c'/∂c = f
    ∂h'/∂h = t·o(1−o)·U_o + o(1−t²)·∂c'/∂h                     ∂h'/∂c = o(1−t²)·f

Matrices are held as midpoints and radii (S. M. Rump, Fast and parallel interval arithmetic, BIT 39
(1999) 534–554); what rounding does to them is added to the radii.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reberlstm.certificates.intervals import UNDERFLOW, Interval, multiply, sum_error
from reberlstm.net.weights import Floats, LSTMWeights

ROUNDED = 2.0**-46
"""Over what a sum of a few products of a few rounded numbers may be off by, relatively."""


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


def identity(number: int, size: int) -> Matrices:
    """As many unit matrices."""
    middle = np.broadcast_to(np.eye(size), (number, size, size))
    return Matrices(middle, np.zeros_like(middle))


def derivatives(
    weights: LSTMWeights, gates: Mapping[str, Interval], c: Interval, t: Interval
) -> Matrices:
    """The derivative of ``(h', c')`` in ``(h, c)``, (N, 2·H, 2·H).

    Args:
        weights: The net, of the standard cell.
        gates: The gates on the boxes, each (N, H).
        c: The memory before the step.
        t: The tanh of the memory after it.
    """
    size = weights.size
    i, f, g, o = (gates[name] for name in ("input", "forget", "candidate", "output"))
    down = multiply(o, _tanh_slope(t))
    by_h = _weighted(
        weights,
        ("forget", multiply(c, _sigmoid_slope(f))),
        ("input", multiply(g, _sigmoid_slope(i))),
        ("candidate", multiply(i, _tanh_slope(g))),
    )
    through = _scaled(down, by_h)
    opened = _weighted(weights, ("output", multiply(t, _sigmoid_slope(o))))
    middle = np.zeros((len(c.lo), 2 * size, 2 * size))
    radius = np.zeros_like(middle)
    middle[:, :size, :size] = opened.middle + through.middle
    radius[:, :size, :size] = (opened.radius + through.radius) * (1.0 + ROUNDED)
    radius[:, :size, :size] += ROUNDED * np.abs(middle[:, :size, :size])
    middle[:, size:, :size], radius[:, size:, :size] = by_h.middle, by_h.radius
    cells = np.arange(size)
    for row, values in ((cells, multiply(down, f)), (size + cells, f)):
        middle[:, row, size + cells], radius[:, row, size + cells] = _middle_radius(values)
    return Matrices(middle, radius)


def _sigmoid_slope(s: Interval) -> Interval:
    """``s·(1 − s)``, which is largest at ½."""
    ends = [end * (1.0 - end) for end in (s.lo, s.hi)]
    top = np.where((s.lo <= 0.5) & (s.hi >= 0.5), 0.25, np.maximum(*ends))
    return _nearly(np.minimum(*ends), top)


def _tanh_slope(t: Interval) -> Interval:
    """``1 − t²``, which is largest at 0."""
    ends = [(1.0 - end) * (1.0 + end) for end in (t.lo, t.hi)]
    top = np.where((t.lo <= 0.0) & (t.hi >= 0.0), 1.0, np.maximum(*ends))
    return _nearly(np.minimum(*ends), top)


def _nearly(lo: Floats, hi: Floats) -> Interval:
    return Interval(lo * (1.0 - ROUNDED), hi * (1.0 + ROUNDED)).widen(UNDERFLOW)


def _middle_radius(x: Interval) -> tuple[Floats, Floats]:
    middle = 0.5 * x.lo + 0.5 * x.hi
    radius = np.maximum(x.hi - middle, middle - x.lo) * (1.0 + ROUNDED) + UNDERFLOW
    return middle, radius


def _weighted(weights: LSTMWeights, *terms: tuple[str, Interval]) -> Matrices:
    """The sum of recurrent weights of gates, each row times its factor, (N, H, H)."""
    middle: Any = 0.0
    radius: Any = 0.0
    for gate, factor in terms:
        rows = weights.weight_hh[weights.rows(gate)]
        centre, reach = _middle_radius(factor)
        middle = middle + centre[:, :, np.newaxis] * rows
        spread = reach + ROUNDED * np.abs(centre)
        radius = radius + spread[:, :, np.newaxis] * np.abs(rows)
    return Matrices(middle, radius * (1.0 + ROUNDED) + UNDERFLOW)


def _scaled(factor: Interval, matrices: Matrices) -> Matrices:
    """Each row times its factor."""
    centre, reach = (part[:, :, np.newaxis] for part in _middle_radius(factor))
    radius = (np.abs(centre) + reach) * matrices.radius + reach * np.abs(matrices.middle)
    radius = radius + ROUNDED * np.abs(centre * matrices.middle)
    return Matrices(centre * matrices.middle, radius * (1.0 + ROUNDED) + UNDERFLOW)
