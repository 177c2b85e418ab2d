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

from reberlstm.certificates.arithmetic import Arithmetic, as_executed
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
from reberlstm.certificates.rounding import Erring, ErringNumbers
from reberlstm.certificates.slopes import Matrices, Slopes
from reberlstm.errors import CertificateError
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.net.readouts import Readout

CHUNK = 2_000_000  # pre-activations computed at a time: numpy is fast, and a laptop has room


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

    The boxes (N, D) are those of all nodes; inputs are exact.
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
    """Enclosures of the derivatives of the step on boxes that read a symbol each, (N, D, D).

    A layer's state depends on its own, and by its inputs on those of the layers below.
    """
    a: Any = exact.inputs_of(symbols)
    rows: list[Matrices] = []
    at, below, read = 0, None, None  # what the layer reads, and its derivative
    for layer, before in zip(exact.net.layers, exact.net.split(boxes), strict=True):
        cell = layer.cell
        if read is not None:
            a = math.linear(read, layer.weight_ih, layer.bias_ih)
        gates, after = cell.step(layer, a, before, math)
        own: Matrices = cell.derivative(layer, gates, before, after, math)
        row = own.placed(at, exact.width)
        if below is not None:
            row = row + cell.derivative_by_input(layer, gates, before, after, math).times(below)
        rows.append(row)
        read, below = cell.hidden(after), row[:, : layer.size]  # the first part of the state
        at += layer.size * len(cell.parts)
    return math.block([[row] for row in rows])


def rounding_error(net: BoxNet, boxes: Interval, symbols: Indices) -> Floats:
    """How far the state after a step may be from that after the exact step, (N, D)."""
    arithmetic = net.arithmetic
    if arithmetic.exact:
        return np.zeros(boxes.shape)
    math = ErringNumbers(arithmetic)
    sums, h = net.inputs_of(symbols), None
    a = Erring(sums, np.zeros(sums.shape))
    errors: list[Floats] = []
    for layer, before in zip(net.net.layers, net.net.split(boxes), strict=True):
        if h is not None:
            a = math.linear(h, layer.weight_ih, layer.bias_ih)
        given = [Erring(part.computed_in(arithmetic), np.zeros(part.shape)) for part in before]
        _, state = layer.cell.step(layer, a, tuple(given), math)
        h = layer.cell.hidden(state)
        errors += [part.settled().error for part in state]
    # A little more, for what was rounded in adding this up.
    return np.concatenate(errors, axis=1) * (1.0 + 2.0**-30) + UNDERFLOW
