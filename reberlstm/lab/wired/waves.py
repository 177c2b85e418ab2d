"""Oscillators: two cells turn a vector by the same angle at every step, and keep its length.

The candidates of the cells are tanh(λ·R·h) with a rotation R, the forget gates are shut. Taken by
itself, λ slightly over 1 makes the vector grow; the two bends of tanh, one on the way in and one on
the way out, make it shrink, the more the longer it is. At the length ``r`` with
``λ·(1 − λ²·r²/2) = 1`` both are in balance, and a vector of another length comes back to it, by a
factor of about ``1 − r²`` at each step. This is what makes the oscillator stable; a plain rotation
would keep any error of the length for ever.

That the bends act on each coordinate by itself distorts the circle by ``|β|·r²`` with
``|β| = 1/(12·sin 2θ)``. So the length is a choice between a pure sine (small) and a quick recovery
(large).
"""

from __future__ import annotations

import cmath
import math

import numpy as np

from reberlstm.lab.wired.net import WiredNet
from reberlstm.lab.wired.wiring import (
    GAIN,
    STARTED,
    Cell,
    Sum,
    always,
    at_start,
    check,
    leak,
    never,
    readout_of,
    risen,
    started,
    weights_of,
)
from reberlstm.net.weights import Floats


def wave(
    angle: float = 10.0 / 99.0,
    *,
    height: float = 0.3,
    offset: float = 0.3,
    phase: float = 0.0,
    inputs: tuple[str, ...] = ("y",),
    length: float = 0.02,
    gain: float = GAIN,
) -> WiredNet:
    """Says ``offset + height·sin(phase + k·angle)`` for k = 0, 1, … and does not listen.

    At the first step ``started`` is at rest, and the biases of the candidates put the vector on its
    first point; from then on its weight cancels the biases.

    Args:
        angle: The angle of a step.
        height: The amplitude.
        offset: What the wave goes around.
        phase: The angle of the first point.
        inputs: The names of the inputs, none of which has a weight.
        length: The length ``r`` of the vector, at most 0.2.
        gain: The gain ``K``.

    Raises:
        CompileError: for a number outside of its range, such as a length over 0.2.
    """
    check("wave", gain=gain, angle=angle, length=length)
    turn = _Turn(angle, length, leak(gain))
    start = length * cmath.exp(1j * phase)
    kicks = _unbent(start.real), _unbent(start.imag)
    cells = {STARTED: started(gain)}
    for name, row, kick in zip(("cos", "sin"), turn.rows, kicks, strict=True):
        turned = dict(zip(("cos", "sin"), row, strict=True))
        candidate = Sum(bias=kick, cells=turned | {STARTED: -kick / risen(gain)})
        cells[name] = Cell(always(gain), never(gain), candidate, always(gain))
    outputs = {"y": Sum(bias=offset, cells={"sin": height / length})}

    def ideal(x: Floats) -> Floats:
        angles = phase + angle * np.arange(x.shape[1])
        return _everywhere(offset + height * np.sin(angles), x)

    def error(x: Floats) -> float:
        return abs(height) * turn.error(x.shape[1]) / length

    return WiredNet(
        weights=weights_of("wave", inputs, cells, gain),
        readout=readout_of(cells, outputs),
        outputs=("y",),
        ideal=ideal,
        error=error,
    )


def cosine_or_sine(
    angle: float = 10.0 / 99.0,
    *,
    height: float = 1.0,
    offset: float = 0.0,
    length: float = 0.02,
    gain: float = GAIN,
) -> WiredNet:
    """Says the cosine where the input is 0 all the time, the sine where it is 1.

    The input is heard at the first step only: two cells, ``one`` and ``which``, then hold 1 and the
    input, and are read as the first point of the wave; at the second step they are turned into the
    vector, and are at rest from then on.

    Args:
        angle: The angle of a step.
        height: The amplitude.
        offset: What the waves go around.
        length: The length ``r`` of the vector, at most 0.2.
        gain: The gain ``K``.

    Raises:
        CompileError: for a number outside of its range, such as a length over 0.2.
    """
    check("cosine or sine", gain=gain, angle=angle, length=length)
    turn = _Turn(angle, length, leak(gain))
    # What the two cells give out for 1 is r; from (0, r), whose second part is the cosine's first
    # point, `which` leads to (r, 0): the sine's.
    starts = {"one": (0.0, 1.0), "which": (1.0, -1.0)}
    kick = _unbent(length)
    cells = {
        STARTED: started(gain),
        "one": Cell(at_start(gain), never(gain), Sum(bias=kick), always(gain)),
        "which": Cell(at_start(gain), never(gain), Sum(inputs={"x": kick}), always(gain)),
    }
    for name, row in zip(("cos", "sin"), turn.rows, strict=True):
        turned = dict(zip(("cos", "sin"), row, strict=True))
        kicked = {cell: float(np.dot(row, start)) for cell, start in starts.items()}
        cells[name] = Cell(always(gain), never(gain), Sum(cells=turned | kicked), always(gain))
    first = {cell: start[1] * height / length for cell, start in starts.items()}
    outputs = {"y": Sum(bias=offset, cells={"sin": height / length} | first)}

    def ideal(x: Floats) -> Floats:
        angles = angle * np.arange(x.shape[1])
        cosine = np.cos(angles)[:, np.newaxis]
        sine = np.sin(angles)[:, np.newaxis]
        said: Floats = offset + height * np.where(x[:, :1] == 0.0, cosine, sine)
        return said

    def error(x: Floats) -> float:
        if not np.isin(x, (0.0, 1.0)).all() or (x != x[:, :1]).any():
            return math.inf
        # `one` and `which` start the vector from twice the gates' leaks off, and go on leaking.
        leaks = 20.0 * leak(gain) * length * x.shape[1]
        return float(abs(height) * (turn.error(x.shape[1]) + leaks) / length)

    return WiredNet(
        weights=weights_of("cosine or sine", ("x",), cells, gain),
        readout=readout_of(cells, outputs),
        outputs=("y",),
        ideal=ideal,
        error=error,
    )


def _unbent(number: float) -> float:
    """What two bends of tanh make this number of."""
    return math.atanh(math.atanh(number))


def _everywhere(values: Floats, x: Floats) -> Floats:
    """Values (T,) as outputs (B, T, 1) for the sequences of `x`."""
    return np.broadcast_to(values[:, np.newaxis], (*x.shape[:2], 1)).copy()


class _Turn:
    """A step ``z → tanh tanh(λ·R·z)`` of vectors near length ``r``, and how exactly it turns them.

    In complex numbers, with ``w = λ·μ·z`` and ``μ = e^{iθ}``, a step is
    ``w·(1 − |w|²/2) − w̄³/6`` and something of the size ``3/5·|w|⁵``. The term in ``w̄³`` goes out of
    phase with ``w`` and nearly averages out: for ``ζ = z + β·z̄³`` with ``β = 1/(6·(1 − μ⁴))`` a
    step is ``λ·μ·ζ·(1 − λ²·|ζ|²/2)`` and an error of at most ``E``, of fifth order.

    Attributes:
        rows: The matrix ``λ·R``, by rows.
    """

    def __init__(self, angle: float, length: float, delta: float) -> None:
        self._length, self._delta = length, delta
        self._grow = _balanced(length)
        self._bend = 1.0 / (12.0 * math.sin(2.0 * angle))
        cosine, sine = math.cos(angle), math.sin(angle)
        self.rows = (
            (self._grow * cosine, -self._grow * sine),
            (self._grow * sine, self._grow * cosine),
        )

    def error(self, steps: int) -> float:
        """How far the vector may be from the turning point on the circle, for so many steps.

        Infinite where the argument does not go through.
        """
        reach = self._length
        for _ in range(100):
            reach = self._farthest(reach, steps)
            if reach > 1.5 * self._length:
                return math.inf
        reach *= 1.0 + 1e-9
        monotone = self._grow * reach * math.sqrt(3.0 * self._bend) < 1.0
        if self._farthest(reach, steps) > reach or not monotone:
            return math.inf
        off, start, each = self._off(reach, steps), self._start(), self._each(reach)
        if off > self._length / 4.0 or each >= self._length / 2.0:
            return math.inf
        late = math.asin(start / self._length) + steps * math.asin(each / (self._length - off))
        return self._bend * reach**3 + off + self._length * late

    def _farthest(self, reach: float, steps: int) -> float:
        """How long the vector may become if it was at most that long so far."""
        return self._length + self._off(reach, steps) + self._bend * reach**3

    def _each(self, reach: float) -> float:
        """``E``: what a step may put ``ζ`` off."""
        grow, bend, cubed = self._grow, self._bend, reach**3
        fifth = grow**5 * (0.6 + 2.0 * bend) * reach**5
        growing = grow * (grow**2 - 1.0) * bend * cubed
        between = 1.5 * grow**3 * bend * cubed * (reach + bend * cubed) ** 2
        return fifth + growing + between + self._leaking(reach)

    def _leaking(self, reach: float) -> float:
        """What the gates of the two cells and of `STARTED` may put ``ζ`` off."""
        return 8.0 * self._delta * reach * (1.0 + 4.0 * self._bend * reach**2)

    def _start(self) -> float:
        """How far the first ``ζ`` is from the circle."""
        return self._bend * self._length**3 + self._leaking(self._length)

    def _off(self, reach: float, steps: int) -> float:
        """How far the length of ``ζ`` may be from ``r``.

        Errors of the length add up at most; but up to ``r/4`` they also shrink by a factor of
        ``1 − λ³·r²/3`` or less at each step, so after however many steps no more is left than this.
        """
        each, start = self._each(reach), self._start()
        settled = each / (self._grow**3 * self._length**2 / 3.0)
        return min(start + steps * each, max(start, settled))


def _balanced(length: float) -> float:
    """The ``λ`` with ``λ·(1 − λ²·r²/2) = 1``, by Newton's method from 1."""
    grow = 1.0
    for _ in range(20):
        value = grow * (1.0 - grow**2 * length**2 / 2.0) - 1.0
        grow -= value / (1.0 - 1.5 * grow**2 * length**2)
    return grow
