"""One step of a net on boxes: where can the state vector be next, if it is in this box now?

A box is an interval for every number of the state vector, so N boxes are an `Interval` (N, D). The
step is the formula of the net's cells (`reberlstm.net.cells`) in interval arithmetic, plus what
rounding, a disturbance of the state and an uncertain input may add. `follow` takes several steps at
once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import KERNEL_ULPS, Arithmetic, as_executed
from reberlstm.certificates.claims import Level, margins
from reberlstm.certificates.intervals import (
    FUNCTION_ERROR,
    REAL,
    UNDERFLOW,
    Indices,
    Interval,
    Intervals,
    Rows,
    Sum,
    middle_and_radius,
    settled,
    sum_error,
)
from reberlstm.errors import CertificateError
from reberlstm.net.cells import CELLS
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.net.readouts import Readout

CHUNK = 2_000_000  # pre-activations computed at a time: numpy is fast, and a laptop has room


ROUNDED = 2.0**-46  # over what a sum of a few products of a few rounded numbers may be off by


@dataclass(frozen=True)
class Inputs:
    """What stands for a symbol of a word: its one-hot column, or its embedding, blurred.

    Attributes:
        noise: Every coordinate of that vector may be off by this much.
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

    def vectors(self, net: Net) -> Interval:
        """Row ``a`` holds the box of input vectors that may stand for symbol ``a``, (A, D)."""
        ends = Interval(net.vectors * self.low, net.vectors * self.high)
        return ends.widen(self.noise) if self.noise else ends


class BoxNet:
    """A net prepared for stepping boxes; each number of a state may be off by `noise` after a step.

    Raises:
        CertificateError: where an input range is given for inputs that are not one-hot.
    """

    def __init__(
        self, net: Net, arithmetic: Arithmetic, noise: float = 0.0, inputs: Inputs | None = None
    ) -> None:
        self.net = as_executed(net, arithmetic)
        self.arithmetic, self.noise = arithmetic, noise
        self.inputs = inputs or Inputs()
        if self.net.embedding is not None and not (self.inputs.low == self.inputs.high == 1.0):
            raise CertificateError(
                f"net {net.name!r} embeds its symbols, and an input range says what stands for the "
                "1 of a one-hot vector; give an input noise instead, which every coordinate of an "
                "embedded vector may be off by"
            )
        self.math = Intervals(arithmetic)
        self._pairs: dict[str, tuple[Floats, Floats]] = {}
        first = self.net.layers[0]
        x = self.inputs.vectors(self.net).computed_in(arithmetic)
        self._columns = self.math.linear(x, first.weight_ih, first.bias_ih)  # (A, G·H)

    def inputs_of(self, symbols: Indices) -> Sum:
        """What the symbols add to the pre-activations of the first layer, (N, G·H)."""
        return self._columns.part(symbols, 0)

    @property
    def width(self) -> int:
        """How many numbers a state vector has, ``D``."""
        return int(self.net.start().shape[1])

    @property
    def may_be_unbounded(self) -> NDArray[np.bool_]:
        """Which numbers of the state vector no gate reads, (D,).

        These are the c of LSTMs. Rounded, c stays finite, since a step adds at most 1 to its size
        and rounds to nearest, so that it ends at 2 to the power of the precision; but a disturbance
        could drive it further.
        """
        bearable = self.arithmetic.exact or self.noise == 0.0
        unread = [
            np.full(layer.size, bearable and part != layer.cell.hidden(layer.cell.parts))
            for layer in self.net.layers
            for part in layer.cell.parts
        ]
        return np.concatenate(unread)

    def start(self) -> Interval:
        """The point from which words begin, (1, D)."""
        return Interval.point(self.net.start())

    def step(self, boxes: Interval, sources: Indices, symbols: Indices) -> Interval:
        """The boxes after reading symbol ``symbols[e]`` in box ``sources[e]``, (E, D).

        Raises:
            SumOverflowError: where a pre-activation may overflow the arithmetic.
        """
        chunk = max(1, CHUNK // self._columns.shape[1])
        parts = []
        for i in range(0, max(1, len(sources)), chunk):
            used, rows = np.unique(sources[i : i + chunk], return_inverse=True)
            a = self.inputs_of(symbols[i : i + chunk])
            parts.append(self._after(boxes[used], rows, a))
        return Interval.joined(parts, axis=0)

    def _after(self, boxes: Interval, rows: Indices, a: Sum) -> Interval:
        """The boxes after a step each, from the box of a row, with what the input adds."""
        h = None
        after: list[Interval] = []
        parts = self.net.split(boxes.computed_in(self.arithmetic))
        for layer, before in zip(self.net.layers, parts, strict=True):
            if h is not None:
                a = self.math.linear(h, layer.weight_ih, layer.bias_ih)
            state = tuple(Rows(part, rows) for part in before)
            state = layer.cell.enclosure(layer, a, state, self.math)
            h = layer.cell.hidden(state)
            after += state
        image = Interval.joined(after, axis=1)
        return image.widen(self.noise) if self.noise else image

    # What the heads say

    def margin(self, head: str, right: NDArray[np.int8], boxes: Interval) -> Floats:
        """How far a head is from wrong on each box, (N,); negative where it may be wrong.

        What must be, `right`, is (N, R), see `reberlstm.certificates.claims.Claim`.
        """
        readout = self._readout(head)
        if readout.rule.function == "argmax":
            gaps = self._gaps(readout, boxes).lo
            asked = (right[:, :, np.newaxis] > 0) & (right[:, np.newaxis, :] < 0)
            return np.asarray(np.where(asked, gaps, np.inf).min(axis=(1, 2)))
        values = self.read(head, boxes)
        return margins(readout.rule, right, values.lo, values.hi)

    def read(self, head: str, boxes: Interval) -> Interval:
        """The numbers that a head's rule is about: logits, their tanh, or probabilities, (N, R)."""
        readout = self._readout(head)
        if readout.rule.function == "softmax":
            return _probabilities(self._gaps(readout, boxes))[..., : readout.rows]
        z = readout.logits(self._hidden(boxes), self.math)[..., : readout.rows]
        return self.math.tanh(z) if readout.rule.function == "tanh" else settled(z)

    def _readout(self, head: str) -> Readout:
        readout = self.net.readout(head)
        assert readout is not None, "the claim is about heads that the net has"
        return readout

    def _hidden(self, boxes: Interval) -> Interval:
        """What the heads read, the suffix fed."""
        for vector in self.net.suffix if self.net.suffix is not None else ():
            first, x = self.net.layers[0], Interval.point(vector[np.newaxis])
            a = self.math.linear(x.computed_in(self.arithmetic), first.weight_ih, first.bias_ih)
            boxes = self._after(boxes, np.arange(len(boxes)), a)
        last = self.net.split(boxes.computed_in(self.arithmetic))[-1]
        h: Interval = self.net.layers[-1].cell.hidden(last)
        return h

    def _gaps(self, readout: Readout, boxes: Interval) -> Interval:
        """The differences z_a − z_b of logits, (N, R, R), as linear functions of what is read."""
        x = self._hidden(boxes)
        for layer in readout.layers[:-1]:
            z = self.math.linear(x, layer.weight, layer.bias)
            x = getattr(self.math, readout.activation)(z)
        weight, bias = readout.layers[-1].weight, readout.layers[-1].bias
        if readout.kind not in self._pairs:
            pairs = (weight[:, np.newaxis] - weight).reshape(-1, weight.shape[1])
            self._pairs[readout.kind] = pairs, (bias[:, np.newaxis] - bias).ravel()
        total = self.math.linear(x, weight, bias)
        shape = (*total.shape, total.shape[1])
        middle, radius, *_ = self.math.linear(x, *self._pairs[readout.kind]).parts
        return settled(total.gaps(middle.reshape(shape), radius.reshape(shape)))


def _probabilities(gaps: Interval) -> Interval:
    """``p_a = 1 / Σ_b exp(z_b − z_a)`` from enclosures of the differences z_a − z_b, (N, R, R)."""
    number = gaps.shape[-1]
    itself = np.eye(number, dtype=bool)
    with np.errstate(over="ignore"):
        most, least = (
            np.exp(np.where(itself, 0.0, -end)).sum(axis=-1) for end in (gaps.lo, gaps.hi)
        )
    error = 2.0 * FUNCTION_ERROR + sum_error(number)
    return Interval(
        np.maximum(1.0 / most * (1.0 - error) - UNDERFLOW, 0.0),
        np.minimum(1.0 / least * (1.0 + error) + UNDERFLOW, 1.0),
    )


def can_follow(net: BoxNet) -> bool:
    """Whether `follow` takes a net: one layer, exact inputs, and, where it rounds, an LSTM."""
    (cell, *others) = (layer.cell for layer in net.net.layers)
    known = net.arithmetic.exact or cell == CELLS["lstm"]
    return not others and known and net.inputs.exact


def follow(net: BoxNet, boxes: Interval, levels: Sequence[Level]) -> Iterator[Interval]:
    """The boxes after the first, second, … steps of words, a row for each step of the level.

    A step of boxes forgets how the numbers of a state depend on each other, and after several steps
    little is left to go by. The mean value theorem remembers. Let m be the middle of the box, y
    where the exact net takes it along the word, and D the product of the derivatives along the way,
    each over a box that holds all states there. Then a state x of the box is taken to y + D·(x − m)
    + s, where s is what rounding and noise have added since, carried on by the derivatives. That is
    intersected with the plain step, which is better for wide boxes, while this is better for narrow
    ones: the sizes of D's entries, unlike the product of their sizes, shrink when the net forgets.
    (Mean value forms: R. E. Moore, Interval Analysis, 1966, chapter 6.)

    Matrices are held as midpoints and radii (S. M. Rump, Fast and parallel interval arithmetic, BIT
    39 (1999) 534–554); what rounding does to them is added to the radii.

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
