"""Nets that keep numbers in their memory nearly linearly: copies, sums, lines.

A number ``x`` enters as tanh(s·x) and leaves as tanh(c)/s. As ``|tanh u − u| ≤ |u|³/3``, what the
two bends do to a number is of the order of ``s²``, so a small scale ``s`` makes it as small as
wanted; what the gates leak is of the order of ``δ = σ(−K)``.
"""

from __future__ import annotations

import math

import numpy as np

from reberlstm.lab.wired.net import WiredNet
from reberlstm.lab.wired.wiring import (
    GAIN,
    STARTED,
    Cell,
    Sum,
    after_start,
    always,
    at_start,
    check,
    leak,
    never,
    readout_of,
    started,
    weights_of,
)
from reberlstm.net.weights import Floats


def copy(inputs: tuple[str, ...] = ("y",), *, scale: float = 1e-3, gain: float = GAIN) -> WiredNet:
    """Says what it hears: one cell an input, whose memory is written anew at every step.

    With ``X`` the largest size of an input the error is at most ``⅔·s²·X³ + 3·δ·X``.

    Args:
        inputs: The names of the inputs, which are those of the outputs.
        scale: The scale ``s``.
        gain: The gain ``K``.

    Raises:
        CompileError: for a number outside of its range, such as a gain under 5.
    """
    check("copy", gain=gain, scale=scale)
    cells = {
        name: Cell(always(gain), never(gain), Sum(inputs={name: scale}), always(gain))
        for name in inputs
    }
    outputs = {name: Sum(cells={name: 1.0 / scale}) for name in inputs}

    def error(x: Floats) -> float:
        return copied(float(np.abs(x).max()), scale, leak(gain))

    return WiredNet(
        weights=weights_of("copy", inputs, cells, gain),
        readout=readout_of(cells, outputs),
        outputs=inputs,
        ideal=lambda x: x,
        error=error,
    )


def copied(size: float, scale: float, delta: float) -> float:
    """The error of one number of that size, in through tanh and out through tanh."""
    return 2.0 / 3.0 * scale**2 * size**3 + 3.0 * delta * size


def running_sum(*, scale: float = 1e-5, gain: float = GAIN) -> WiredNet:
    """Adds up what it hears: one cell that keeps its memory.

    With ``A`` the sum of the sizes of ``T`` inputs, ``S`` the largest size of a sum so far, and
    ``D = s²·Σ|x|³/3 + T·δ·A`` the error of the memory, that of the output is at most
    ``D + s²·(S + D)³/3 + δ·(S + D)``. It grows with ``T``: a sum has no way to notice its errors.

    Args:
        scale: The scale ``s``.
        gain: The gain ``K``.

    Raises:
        CompileError: for a number outside of its range, such as a gain under 5.
    """
    check("running sum", gain=gain, scale=scale)
    cells = {"sum": Cell(always(gain), always(gain), Sum(inputs={"y": scale}), always(gain))}

    def ideal(x: Floats) -> Floats:
        return x.cumsum(axis=1)

    def error(x: Floats) -> float:
        size = np.abs(x)
        entering = scale**2 * (size**3).sum(axis=1) / 3.0
        leaking = x.shape[1] * leak(gain) * size.sum(axis=1)
        off = float((entering + leaking).max())
        return _left(float(np.abs(ideal(x)).max()), off, scale, leak(gain))

    return WiredNet(
        weights=weights_of("running sum", ("y",), cells, gain),
        readout=readout_of(cells, {"sum": Sum(cells={"sum": 1.0 / scale})}),
        outputs=("sum",),
        ideal=ideal,
        error=error,
    )


def _left(size: float, off: float, scale: float, delta: float) -> float:
    """The error of a number of that size whose memory is off, on its way out."""
    return off + scale**2 * (size + off) ** 3 / 3.0 + delta * (size + off)


def line(points: int = 100, *, scale: float = 1e-3, gain: float = GAIN) -> WiredNet:
    """Draws a line from its slope and intercept, given at every step: ``t + m·k/(points − 1)``.

    ``sum`` adds an n-th part of the slope at every step but the first, ``level`` copies the
    intercept. With ``p = |m|/(points − 1)`` and ``T`` steps the memory of ``sum`` is off by at most
    ``D = s²·T·p³/3 + δ·p·T²``, and the output by ``D + s²·(T·p + D)³/3 + δ·(T·p + D)`` and the
    error of the copy.

    Args:
        points: How many points there are for ``x`` from 0 to 1.
        scale: The scale ``s``.
        gain: The gain ``K``.

    Raises:
        CompileError: for a number outside of its range, such as a single point.
    """
    check("line", gain=gain, scale=scale, points=points)
    cells = {
        STARTED: started(gain),
        "sum": Cell(
            after_start(gain),
            always(gain),
            Sum(inputs={"m": scale / (points - 1)}),
            always(gain),
        ),
        "level": Cell(always(gain), never(gain), Sum(inputs={"t": scale}), always(gain)),
    }
    outputs = {"y": Sum(cells={"sum": 1.0 / scale, "level": 1.0 / scale})}

    def ideal(x: Floats) -> Floats:
        k = np.arange(x.shape[1])[:, np.newaxis]
        return x[:, :1, 1:] + x[:, :1, :1] * k / (points - 1)

    def error(x: Floats) -> float:
        if (x != x[:, :1]).any():
            return math.inf  # the line is drawn for parameters that do not change
        slope, intercept = (float(np.abs(x[..., number]).max()) for number in (0, 1))
        steps, part, delta = x.shape[1], slope / (points - 1), leak(gain)
        off = scale**2 * steps * part**3 / 3.0 + delta * part * steps**2
        return _left(steps * part, off, scale, delta) + copied(intercept, scale, delta)

    return WiredNet(
        weights=weights_of("line", ("m", "t"), cells, gain),
        readout=readout_of(cells, outputs),
        outputs=("y",),
        ideal=ideal,
        error=error,
    )


def line_parameters(*, scale: float = 1e-3, gain: float = GAIN) -> WiredNet:
    """Slope and intercept of the line heard so far: its last number minus its first; its first.

    ``first`` lets in the number of the first step and keeps it, ``last`` copies; so after the last
    point, at ``x`` = 1, the outputs are slope and intercept. With ``Y`` the largest size of a
    number the intercept is off by at most ``⅔·s²·Y³ + (2·T + 1)·δ·Y``, the slope by that and the
    error of the copy.

    Args:
        scale: The scale ``s``.
        gain: The gain ``K``.

    Raises:
        CompileError: for a number outside of its range, such as a gain under 5.
    """
    check("line parameters", gain=gain, scale=scale)
    hears = Sum(inputs={"y": scale})
    cells = {
        STARTED: started(gain),
        "first": Cell(at_start(gain), always(gain), hears, always(gain)),
        "last": Cell(always(gain), never(gain), hears, always(gain)),
    }
    outputs = {
        "m": Sum(cells={"last": 1.0 / scale, "first": -1.0 / scale}),
        "t": Sum(cells={"first": 1.0 / scale}),
    }

    def ideal(x: Floats) -> Floats:
        return np.concatenate([x - x[:, :1], np.repeat(x[:, :1], x.shape[1], axis=1)], axis=2)

    def error(x: Floats) -> float:
        size, delta = float(np.abs(x).max()), leak(gain)
        kept = 2.0 / 3.0 * scale**2 * size**3 + (2 * x.shape[1] + 1) * delta * size
        return float(kept + copied(size, scale, delta))

    return WiredNet(
        weights=weights_of("line parameters", ("y",), cells, gain),
        readout=readout_of(cells, outputs),
        outputs=("m", "t"),
        ideal=ideal,
        error=error,
    )
