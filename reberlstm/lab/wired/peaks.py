"""A net that holds the largest number so far, and the amplitude of a wave with it.

One cell. Its gates compare the number heard with the one held, both scaled: ``e = s·y − h``. The
candidate is tanh(e), the input gate σ(κ·e − b), the forget gate open: a number that is larger by a
little more than ``b/κ`` is let in, and one that is smaller leaks out what a shut gate lets through,
which is at most ``e^(−b−1)/κ`` a step, however near it is. As the gates read ``h`` and not the
memory, the bend of tanh is inside the comparison and does not show: the cell is at rest where
``h = s·y``.
"""

from __future__ import annotations

import math

import numpy as np

from reberlstm.lab.wired.net import WiredNet
from reberlstm.lab.wired.wiring import (
    GAIN,
    Cell,
    Sum,
    always,
    check,
    leak,
    readout_of,
    weights_of,
)
from reberlstm.net.weights import Floats, Head, LSTMWeights

LARGEST = 0.25
"""The bound is derived for inputs that are no larger than this when scaled."""


def peak(
    *, scale: float = 0.01, sharpness: float = 1e6, bar: float = 6.0, gain: float = GAIN
) -> WiredNet:
    """The largest number so far, or 0 while all were negative.

    What is held is at most ``D`` below the largest number and ``2·δ·Q`` above it, in scaled units,
    with ``Q = s·max|y| + T·e^(−b−1)/κ ≤ ¼`` and ``ρ = 3/2·Q² + δ``: a new largest number, ``Δ``
    above the one before, leaves ``D ← (b − 1)/κ + ρ·(D + Δ) + 2·δ·Q``; any other number adds
    ``e^(−b−1)/κ + 2·δ·Q``.

    Args:
        scale: The scale ``s``.
        sharpness: The slope ``κ`` of the comparison.
        bar: What the comparison subtracts, ``b``, at least 2; the logarithm of the number of steps
            is a good choice.
        gain: The gain ``K`` of the two gates that always stand open.

    Raises:
        CompileError: for a number outside of its range, such as a bar under 2.
    """
    check("peak", gain=gain, scale=scale, sharpness=sharpness, bar=bar)
    weights, outputs = _wired("peak", "largest", scale, sharpness, bar, gain, readout=1.0)

    def ideal(x: Floats) -> Floats:
        return np.maximum.accumulate(np.maximum(x, 0.0), axis=1)

    def error(x: Floats) -> float:
        return _lag(x, scale, sharpness, bar, leak(gain)) / scale

    return WiredNet(
        weights=weights, readout=outputs, outputs=("largest",), ideal=ideal, error=error
    )


def amplitude(
    angle: float = 10.0 / 99.0,
    *,
    scale: float = 0.01,
    sharpness: float = 1e6,
    bar: float = 6.0,
    gain: float = GAIN,
) -> WiredNet:
    """The amplitude ``a`` of a wave ``a·(1 + sin(…))``: half of the largest number so far.

    A sample need not fall on the crest: it misses it by half an angle at most, so that
    ``a·cos²(angle/4) ≤ max/2 ≤ a``. The bound includes this, and so is one of the distance from the
    true amplitude as soon as a crest has passed, whatever amplitude and phase are.

    Args:
        angle: The angle between two samples.
        scale: As for `peak`.
        sharpness: As for `peak`.
        bar: As for `peak`.
        gain: As for `peak`.

    Raises:
        CompileError: for a number outside of its range, such as an angle over 1.57.
    """
    check("amplitude", gain=gain, scale=scale, sharpness=sharpness, bar=bar, angle=angle)
    weights, outputs = _wired("amplitude", "a", scale, sharpness, bar, gain, readout=0.5)
    missed = 1.0 / math.cos(angle / 4.0) ** 2 - 1.0

    def ideal(x: Floats) -> Floats:
        return np.maximum.accumulate(np.maximum(x, 0.0), axis=1) / 2.0

    def error(x: Floats) -> float:
        lag = _lag(x, scale, sharpness, bar, leak(gain)) / scale
        return lag / 2.0 + missed * float(ideal(x).max())

    return WiredNet(weights=weights, readout=outputs, outputs=("a",), ideal=ideal, error=error)


def _wired(
    name: str, output: str, scale: float, sharpness: float, bar: float, gain: float, readout: float
) -> tuple[LSTMWeights, Head]:
    cells = {
        "held": Cell(
            input=Sum(-bar, {"y": sharpness * scale}, {"held": -sharpness}),
            forget=always(gain),
            candidate=Sum(0.0, {"y": scale}, {"held": -1.0}),
            output=always(gain),
        )
    }
    weights = weights_of(name, ("y",), cells, gain)
    return weights, readout_of(cells, {output: Sum(cells={"held": readout / scale})})


def _lag(x: Floats, scale: float, sharpness: float, bar: float, delta: float) -> float:
    """How far what is held may be from the largest number so far, scaled; see `peak`."""
    heard = scale * x[..., 0]
    leaking = math.exp(-bar - 1.0) / sharpness
    size = float(np.abs(heard).max()) + heard.shape[1] * leaking
    if size > LARGEST:
        return math.inf
    bend = 1.5 * size**2 + delta
    lost = leaking + 2.0 * delta * size
    largest, behind = np.zeros(len(heard)), np.zeros(len(heard))
    worst = 0.0
    for now in heard.T:
        rise = np.maximum(now - largest, 0.0)
        caught = (bar - 1.0) / sharpness + bend * (behind + rise) + 2.0 * delta * size
        behind = np.where(rise > 0.0, caught, behind + lost)
        largest = largest + rise
        worst = max(worst, float(behind.max()))
    return worst
