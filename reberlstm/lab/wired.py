"""Nets whose weights were derived on paper, for the tasks that the lab trains nets for.

Each function returns a `WiredNet`: the weights of one stock LSTM layer and a linear readout, with
the function that it is meant to compute and a bound of its error; docs/hand-wired-sequences.md
derives them. A number outside of `RANGES` is refused with a CompileError. Sizes: ``B`` sequences of
``T`` steps, ``A`` inputs, ``R`` outputs; ``H`` cells.

    >>> import numpy as np
    >>> net = running_sum()
    >>> y = np.array([[[0.5], [0.25], [1.0]]])           # one sequence, three steps, one input
    >>> net(y).round(6).ravel().tolist(), net.bound(y) < 1e-6
    ([0.5, 0.75, 1.75], True)
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from reberlstm._version import __version__
from reberlstm.errors import CompileError, WeightsError
from reberlstm.lab.gates import unrolled
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import LSTMWeights
from reberlstm.net.readouts import Head

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WiredNet:
    """One LSTM layer over real numbers with a linear readout, and what is known about it.

    Attributes:
        weights: The layer; its alphabet are the names of the inputs, its cells have meanings.
        readout: ``weight @ h + bias``, shapes (R, H) and (R,).
        outputs: The ``R`` names of the outputs.
        ideal: What the net is meant to compute: inputs (B, T, A) to outputs (B, T, R).
        error: A bound of the distance from it in exact arithmetic, for given inputs, over all
            sequences, steps and outputs; infinite where none was derived.
    """

    weights: LSTMWeights
    readout: Head
    outputs: tuple[str, ...]
    ideal: Callable[[Floats], Floats]
    error: Callable[[Floats], float]

    def __repr__(self) -> str:
        inputs, outputs = ", ".join(self.inputs), ", ".join(self.outputs)
        return f"<WiredNet {self.name!r}: {self.cells} cells, {inputs} → {outputs}>"

    @property
    def name(self) -> str:
        """The name of the net."""
        return self.weights.name

    @property
    def inputs(self) -> tuple[str, ...]:
        """The ``A`` names of the inputs."""
        return self.weights.alphabet

    @property
    def cells(self) -> int:
        """The number of cells, ``H``."""
        return self.weights.size

    def __call__(self, inputs: Floats) -> Floats:
        """The outputs after every step, shape (B, T, R), for inputs of shape (B, T, A).

        Raises:
            WeightsError: for inputs of another shape.
        """
        return self.hidden(inputs) @ self.readout.weight.T + self.readout.bias

    def hidden(self, inputs: Floats) -> Floats:
        """The hidden state ``h`` after every step: shape (B, T, H)."""
        return unrolled(self.weights.layer, self._checked(inputs))["hidden"]

    def bound(self, inputs: Floats) -> float:
        """No output for these inputs is farther than this from `ideal`, in exact arithmetic."""
        return self.error(self._checked(inputs))

    def module(self) -> nn.Module:
        """The same net in PyTorch: a stock `nn.LSTM` and an `nn.Linear` in float64.

        Called with a tensor (B, T, A) it returns one (B, T, R).
        """
        from reberlstm.extras import require

        torch = require("torch", extra="torch", purpose="a PyTorch module")
        from reberlstm.lab.nets import Recurrent

        module = Recurrent(len(self.inputs), self.cells, len(self.outputs)).double()
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        arrays = {f"recurrent.{kind}_l0": getattr(self.weights, kind) for kind in kinds}
        arrays |= {"head.weight": self.readout.weight, "head.bias": self.readout.bias}
        module.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
        return module

    def _checked(self, inputs: Floats) -> Floats:
        x = np.asarray(inputs, dtype=np.float64)
        if x.ndim != 3 or x.shape[2] != len(self.inputs) or not x.shape[0] or not x.shape[1]:
            raise WeightsError(
                f"net {self.name!r}: inputs have shape {x.shape}, expected sequences × steps × "
                f"{len(self.inputs)} ({', '.join(self.inputs)})"
            )
        return x


# The notation: gates are sums, cells have four gates, a net has cells with names

GAIN = 40.0
"""The default ``K``: σ(−40) is 4e-18, and 1 − σ(−40) rounds to 1."""

RANGES: Mapping[str, tuple[float, float]] = {
    "gain": (5.0, 700.0),  # K, the size of the sums of gates that are always open or always shut
    "scale": (1e-9, 1.0),  # s, by which numbers are multiplied on their way in
    "points": (2, 1e9),  # how many points a line has for x from 0 to 1
    "sharpness": (1.0, 1e12),  # κ, the slope of a comparison
    "bar": (2.0, 100.0),  # b, what a comparison subtracts: the logarithm of the steps is good
    "angle": (1e-3, 1.57),  # θ, the angle between two steps of a wave
    "length": (1e-6, 0.2),  # r, the length of the vector that a wave turns
}
"""The least and the largest of every number that a net can be made with; others are refused."""

STARTED = "started"
"""The cell that is at rest before the first step and up after it."""


@dataclass(frozen=True)
class Sum:
    """What a gate adds up: a bias, inputs times weights, and hidden states times weights."""

    bias: float = 0.0
    inputs: Mapping[str, float] = field(default_factory=dict)
    cells: Mapping[str, float] = field(default_factory=dict)


Cell = tuple[Sum, Sum, Sum, Sum]
"""The sums of the input gate, the forget gate, the candidate and the output gate."""


def _cell(gain: float, candidate: Sum, *, input: Sum | None = None, keeps: bool = False) -> Cell:
    """A cell that is written anew at every step, or one that adds to what it `keeps`."""
    always, never = Sum(bias=gain), Sum(bias=-gain)
    return (input or always, always if keeps else never, candidate, always)


def _after_start(gain: float) -> Sum:
    """A gate that is shut at the first step and open at all others."""
    return Sum(bias=-gain, cells={STARTED: 2.0 * gain / _risen(gain)})


def _at_start(gain: float) -> Sum:
    """A gate that is open at the first step and shut at all others."""
    return Sum(bias=gain, cells={STARTED: -2.0 * gain / _risen(gain)})


def _started(gain: float) -> Cell:
    """The cell `STARTED`: written anew with a one at every step."""
    return _cell(gain, Sum(bias=gain))


def _risen(gain: float) -> float:
    """The hidden state of `STARTED` after the first step: nearly tanh 1. Later it is no less."""
    still_open = 1.0 - _leak(gain)
    return still_open * math.tanh(still_open * math.tanh(gain))


def _leak(gain: float) -> float:
    """``δ = σ(−K)``: what a shut gate lets through."""
    return 1.0 / (1.0 + math.exp(gain))


def _wired(
    name: str,
    inputs: tuple[str, ...],
    cells: Mapping[str, Cell],
    outputs: Mapping[str, Sum],
    gain: float,
    ideal: Callable[[Floats], Floats],
    error: Callable[[Floats], float],
) -> WiredNet:
    """The net of these cells, read by these sums."""
    sums = [cell[gate] for gate in range(4) for cell in cells.values()]

    def from_cells(sums: Collection[Sum]) -> Floats:
        return np.array([[total.cells.get(cell, 0.0) for cell in cells] for total in sums])

    weights = LSTMWeights(
        alphabet=inputs,
        cells=tuple(cells),
        weight_ih=np.array([[total.inputs.get(given, 0.0) for given in inputs] for total in sums]),
        weight_hh=from_cells(sums),
        bias_ih=np.array([total.bias for total in sums]),
        bias_hh=np.zeros(len(sums)),
        heads={},
        gain=gain,
        name=name,
        version=__version__,
    )
    reads = outputs.values()
    readout = Head(from_cells(reads), np.array([total.bias for total in reads]))
    return WiredNet(
        weights=weights, readout=readout, outputs=tuple(outputs), ideal=ideal, error=error
    )


def _check(net: str, **numbers: float) -> None:
    """Refuse numbers outside of `RANGES` with a CompileError."""
    for name, number in numbers.items():
        least, most = RANGES[name]
        if not least <= number <= most:
            raise CompileError(
                f"net {net!r}: {name} {number:g}; give one between {least:g} and {most:g}"
            )


# Copies, sums, lines: |tanh u − u| ≤ |u|³/3, so what the two bends do to s·x is of the order of s²


def copy(inputs: tuple[str, ...] = ("y",), *, scale: float = 1e-3, gain: float = GAIN) -> WiredNet:
    """Gives back its inputs: one cell an input, whose memory is written anew at every step.

    With ``X`` the largest size of an input the error is at most ``⅔·s²·X³ + 3·δ·X``. The outputs
    have the names of the inputs.
    """
    _check("copy", gain=gain, scale=scale)
    cells = {name: _cell(gain, Sum(inputs={name: scale})) for name in inputs}
    outputs = {name: Sum(cells={name: 1.0 / scale}) for name in inputs}

    def error(x: Floats) -> float:
        return _copied(float(np.abs(x).max()), scale, _leak(gain))

    return _wired("copy", inputs, cells, outputs, gain, lambda x: x, error)


def _copied(size: float, scale: float, delta: float) -> float:
    """The error of one number of that size, in through tanh and out through tanh."""
    return 2.0 / 3.0 * scale**2 * size**3 + 3.0 * delta * size


def running_sum(*, scale: float = 1e-5, gain: float = GAIN) -> WiredNet:
    """Adds up its inputs: one cell that keeps its memory.

    The bound (docs/hand-wired-sequences.md, section 3) grows with the steps: a sum cannot tell an
    error from a number.
    """
    _check("running sum", gain=gain, scale=scale)
    cells = {"sum": _cell(gain, Sum(inputs={"y": scale}), keeps=True)}
    outputs = {"sum": Sum(cells={"sum": 1.0 / scale})}

    def error(x: Floats) -> float:
        size = np.abs(x)
        entering = scale**2 * (size**3).sum(axis=1) / 3.0
        leaking = x.shape[1] * _leak(gain) * size.sum(axis=1)
        off = float((entering + leaking).max())
        return _left(float(np.abs(x.cumsum(axis=1)).max()), off, scale, _leak(gain))

    return _wired("running sum", ("y",), cells, outputs, gain, lambda x: x.cumsum(axis=1), error)


def _left(size: float, off: float, scale: float, delta: float) -> float:
    """The error of a number of that size whose memory is off, on its way out."""
    return off + scale**2 * (size + off) ** 3 / 3.0 + delta * (size + off)


def line(points: int = 100, *, scale: float = 1e-3, gain: float = GAIN) -> WiredNet:
    """Draws a line from its slope and intercept, given at every step: ``t + m·k/(points − 1)``.

    ``sum`` adds an n-th part of the slope at every step but the first, ``level`` copies the
    intercept; docs/hand-wired-sequences.md, section 4, has the bound.
    """
    _check("line", gain=gain, scale=scale, points=points)
    cells = {
        STARTED: _started(gain),
        "sum": _cell(
            gain, Sum(inputs={"m": scale / (points - 1)}), input=_after_start(gain), keeps=True
        ),
        "level": _cell(gain, Sum(inputs={"t": scale})),
    }
    outputs = {"y": Sum(cells={"sum": 1.0 / scale, "level": 1.0 / scale})}

    def ideal(x: Floats) -> Floats:
        k = np.arange(x.shape[1])[:, np.newaxis]
        return x[:, :1, 1:] + x[:, :1, :1] * k / (points - 1)

    def error(x: Floats) -> float:
        if (x != x[:, :1]).any():
            return math.inf  # the line is drawn for parameters that do not change
        slope, intercept = (float(np.abs(x[..., number]).max()) for number in (0, 1))
        steps, part, delta = x.shape[1], slope / (points - 1), _leak(gain)
        off = scale**2 * steps * part**3 / 3.0 + delta * part * steps**2
        return _left(steps * part, off, scale, delta) + _copied(intercept, scale, delta)

    return _wired("line", ("m", "t"), cells, outputs, gain, ideal, error)


def line_parameters(*, scale: float = 1e-3, gain: float = GAIN) -> WiredNet:
    """Slope and intercept of the line read so far: its last number minus its first; its first.

    ``first`` lets in the number of the first step and keeps it, ``last`` copies; so after the last
    point, at ``x`` = 1, the outputs are slope and intercept; docs/hand-wired-sequences.md,
    section 5, has the bound.
    """
    _check("line parameters", gain=gain, scale=scale)
    number = Sum(inputs={"y": scale})
    cells = {
        STARTED: _started(gain),
        "first": _cell(gain, number, input=_at_start(gain), keeps=True),
        "last": _cell(gain, number),
    }
    outputs = {
        "m": Sum(cells={"last": 1.0 / scale, "first": -1.0 / scale}),
        "t": Sum(cells={"first": 1.0 / scale}),
    }

    def ideal(x: Floats) -> Floats:
        first = np.repeat(x[:, :1], x.shape[1], axis=1)
        return np.concatenate([x - first, first], axis=2)

    def error(x: Floats) -> float:
        size, delta = float(np.abs(x).max()), _leak(gain)
        kept = 2.0 / 3.0 * scale**2 * size**3 + (2 * x.shape[1] + 1) * delta * size
        return float(kept + _copied(size, scale, delta))

    return _wired("line parameters", ("y",), cells, outputs, gain, ideal, error)


class LineAutoencoder:
    """Two hand-wired nets with one number between them, for lines of `points` points.

    `encoder` is the running sum: after the last point it is the slope times the sum of all ``x``.
    `decoder` is the net that draws a line.

    Example:
        >>> net = LineAutoencoder(points=3)
        >>> y = np.array([[[0.0], [1.0], [2.0]]])
        >>> net.encode(y).round(4).tolist(), net(y).round(4).ravel().tolist()
        ([[2.0]], [0.0, 1.0, 2.0])
    """

    def __init__(self, points: int = 100) -> None:
        self.points, self.encoder, self.decoder = points, running_sum(), line(points)
        self.cells = self.encoder.cells + self.decoder.cells
        self._total = points / 2.0  # the sum of so many numbers evenly spread from 0 to 1

    def encode(self, y: Floats) -> Floats:
        """The latent number of lines (B, T, 1): (B, 1)."""
        return self.encoder(y)[:, -1] / self._total

    def decode(self, latent: Floats) -> Floats:
        """The lines of latent numbers (B, 1): (B, T, 1)."""
        parameters = np.concatenate([latent, np.zeros_like(latent)], axis=1)
        return self.decoder(self._held(parameters))

    def __call__(self, inputs: Floats) -> Floats:
        """Lines (B, T, 1) through the latent number and back."""
        return self.decode(self.encode(inputs))

    def bound(self, inputs: Floats) -> float:
        """No point of lines through the origin comes back farther off than this.

        The slope is off by at most the bound of the sum over the sum of all ``x``, and a point by
        no more than the slope, as ``x`` is at most 1; the rest is the bound of the decoder.
        """
        off = self.encoder.bound(inputs) / self._total
        steepest = np.array([[float(np.abs(inputs[:, -1]).max()) + off, 0.0]])
        return off + self.decoder.bound(self._held(steepest))

    def _held(self, parameters: Floats) -> Floats:
        return np.repeat(parameters[:, np.newaxis], self.points, axis=1)


# The largest number so far: the gates compare the number read with the one held, e = s·y − h


def peak(
    *, scale: float = 0.01, sharpness: float = 1e6, bar: float = 6.0, gain: float = GAIN
) -> WiredNet:
    """The largest number so far, or 0 while all were negative.

    The bound (docs/hand-wired-sequences.md, section 6) is infinite for numbers over ¼ when scaled.
    """
    _check("peak", gain=gain, scale=scale, sharpness=sharpness, bar=bar)
    larger = Sum(-bar, {"y": sharpness * scale}, {"held": -sharpness})
    candidate = Sum(0.0, {"y": scale}, {"held": -1.0})
    cells = {"held": _cell(gain, candidate, input=larger, keeps=True)}
    outputs = {"largest": Sum(cells={"held": 1.0 / scale})}

    def ideal(x: Floats) -> Floats:
        return np.maximum.accumulate(np.maximum(x, 0.0), axis=1)

    def error(x: Floats) -> float:
        return _lag(x, scale, sharpness, bar, _leak(gain)) / scale

    return _wired("peak", ("y",), cells, outputs, gain, ideal, error)


def amplitude(angle: float = 10.0 / 99.0, **like_peak: float) -> WiredNet:
    """The amplitude ``a`` of a wave ``a·(1 + sin(…))``: half of the largest number so far.

    A sample need not fall on the crest: it misses it by half an angle at most, so that
    ``a·cos²(angle/4) ≤ max/2 ≤ a``. The bound includes this, and so is one of the distance from the
    true amplitude as soon as a crest has passed, whatever amplitude and phase are. All other
    options are those of `peak`.
    """
    _check("amplitude", angle=angle)
    net = peak(**like_peak)
    missed = 1.0 / math.cos(angle / 4.0) ** 2 - 1.0
    return WiredNet(
        weights=net.weights.replace(name="amplitude"),
        readout=Head(net.readout.weight / 2.0, net.readout.bias),
        outputs=("a",),
        ideal=lambda x: net.ideal(x) / 2.0,
        error=lambda x: (net.error(x) + missed * float(net.ideal(x).max())) / 2.0,
    )


def _lag(x: Floats, scale: float, sharpness: float, bar: float, delta: float) -> float:
    """How far what is held may be from the largest number so far, scaled; see `peak`."""
    read = scale * x[..., 0]
    leaking = math.exp(-bar - 1.0) / sharpness
    size = float(np.abs(read).max()) + read.shape[1] * leaking
    if size > 0.25:
        return math.inf  # the bound is derived for inputs that are no larger when scaled
    bend = 1.5 * size**2 + delta
    lost = leaking + 2.0 * delta * size
    largest, behind = np.zeros(len(read)), np.zeros(len(read))
    worst = 0.0
    for now in read.T:
        rise = np.maximum(now - largest, 0.0)
        caught = (bar - 1.0) / sharpness + bend * (behind + rise) + 2.0 * delta * size
        behind = np.where(rise > 0.0, caught, behind + lost)
        largest = largest + rise
        worst = max(worst, float(behind.max()))
    return worst


# Oscillators: two cells turn a vector by the same angle at every step, and keep its length
#
# λ slightly over 1 makes the vector grow; the two bends of tanh make it shrink, the more the longer
# it is. At the length r with λ·(1 − λ²·r²/2) = 1 both are in balance.


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
    """Gives ``offset + height·sin(phase + k·angle)`` for k = 0, 1, …, whatever the inputs are.

    At the first step ``started`` is at rest, and the biases of the candidates put the vector on its
    first point; from then on its weight cancels the biases.

    The inputs only have names: none of them has a weight.
    """
    _check("wave", gain=gain, angle=angle, length=length)
    start = length * cmath.exp(1j * phase)
    kicks = {"cos": _unbent(start.real), "sin": _unbent(start.imag)}
    cells = {STARTED: _started(gain)}
    for name, turned in _turning(angle, length).items():
        cancelled = {STARTED: -kicks[name] / _risen(gain)}
        cells[name] = _cell(gain, Sum(bias=kicks[name], cells=turned | cancelled))
    outputs = {"y": Sum(bias=offset, cells={"sin": height / length})}

    def ideal(x: Floats) -> Floats:
        angles = phase + angle * np.arange(x.shape[1])
        values = offset + height * np.sin(angles)
        return np.broadcast_to(values[:, np.newaxis], (*x.shape[:2], 1)).copy()

    def error(x: Floats) -> float:
        return abs(height) * _turning_error(angle, length, _leak(gain), x.shape[1]) / length

    return _wired("wave", inputs, cells, outputs, gain, ideal, error)


def cosine_or_sine(
    angle: float = 10.0 / 99.0,
    *,
    height: float = 1.0,
    offset: float = 0.0,
    length: float = 0.02,
    gain: float = GAIN,
) -> WiredNet:
    """Gives the cosine where the input is 0 all the time, the sine where it is 1.

    The input counts at the first step only: two cells, ``one`` and ``which``, then hold 1 and the
    input, and are read as the first point of the wave; at the second step they are turned into the
    vector, and are at rest from then on.

    The waves are ``offset + height·cos(k·angle)`` and ``offset + height·sin(k·angle)``.
    """
    _check("cosine or sine", gain=gain, angle=angle, length=length)
    # The two cells are at r for a 1; from (0, r), whose second part is the cosine's first point,
    # `which` leads to (r, 0): the sine's.
    starts = {"one": (0.0, 1.0), "which": (1.0, -1.0)}
    kick = _unbent(length)
    cells = {
        STARTED: _started(gain),
        "one": _cell(gain, Sum(bias=kick), input=_at_start(gain)),
        "which": _cell(gain, Sum(inputs={"x": kick}), input=_at_start(gain)),
    }
    for name, turned in _turning(angle, length).items():
        row = list(turned.values())
        kicked = {cell: float(np.dot(row, start)) for cell, start in starts.items()}
        cells[name] = _cell(gain, Sum(cells=turned | kicked))
    first = {cell: start[1] * height / length for cell, start in starts.items()}
    outputs = {"y": Sum(bias=offset, cells={"sin": height / length} | first)}

    def ideal(x: Floats) -> Floats:
        angles = angle * np.arange(x.shape[1])[:, np.newaxis]
        waves = np.where(x[:, :1] == 0.0, np.cos(angles), np.sin(angles))
        return np.asarray(offset + height * waves)

    def error(x: Floats) -> float:
        if not np.isin(x, (0.0, 1.0)).all() or (x != x[:, :1]).any():
            return math.inf
        # `one` and `which` start the vector from twice the gates' leaks off, and go on leaking.
        leaks = 20.0 * _leak(gain) * length * x.shape[1]
        return float(
            abs(height) * (_turning_error(angle, length, _leak(gain), x.shape[1]) + leaks) / length
        )

    return _wired("cosine or sine", ("x",), cells, outputs, gain, ideal, error)


def _unbent(number: float) -> float:
    """What two bends of tanh make this number of."""
    return math.atanh(math.atanh(number))


def _turning(angle: float, length: float) -> dict[str, dict[str, float]]:
    """The matrix ``λ·R`` by rows: what turns a vector of this length by an angle."""
    grow = _balanced(length)
    cosine, sine = grow * math.cos(angle), grow * math.sin(angle)
    return {"cos": {"cos": cosine, "sin": -sine}, "sin": {"cos": sine, "sin": cosine}}


def _turning_error(angle: float, length: float, delta: float, steps: int) -> float:
    """How far the vector may be from the turning point on the circle, for so many steps.

    Infinite where the argument of docs/hand-wired-sequences.md, section 7, does not go through. It
    is about ``ζ = z + β·z̄³``, for which errors of third order cancel.
    """
    grow, bend = _balanced(length), 1.0 / (12.0 * math.sin(2.0 * angle))

    def leaking(reach: float) -> float:
        """What the gates of the two cells and of `STARTED` may put ``ζ`` off in a step."""
        return 8.0 * delta * reach * (1.0 + 4.0 * bend * reach**2)

    def each(reach: float) -> float:
        """``E``: what a step may put ``ζ`` off."""
        cubed = reach**3
        fifth = grow**5 * (0.6 + 2.0 * bend) * reach**5
        growing = grow * (grow**2 - 1.0) * bend * cubed
        between = 1.5 * grow**3 * bend * cubed * (reach + bend * cubed) ** 2
        return fifth + growing + between + leaking(reach)

    start = bend * length**3 + leaking(length)

    def off(reach: float) -> float:
        """``D``: how far the length of ``ζ`` may be from ``r``.

        Errors of the length add up at most; but up to ``r/4`` they also shrink by a factor of
        ``1 − λ³·r²/3`` or less at each step, so in the end no more is left than this.
        """
        settled = each(reach) / (grow**3 * length**2 / 3.0)
        return min(start + steps * each(reach), max(start, settled))

    def farthest(reach: float) -> float:
        """How long the vector may become if it was at most that long so far."""
        return length + off(reach) + bend * reach**3

    reach = length
    for _ in range(100):
        reach = farthest(reach)
        if reach > 1.5 * length:
            return math.inf
    reach *= 1.0 + 1e-9
    monotone = grow * reach * math.sqrt(3.0 * bend) < 1.0
    if farthest(reach) > reach or not monotone:
        return math.inf
    if off(reach) > length / 4.0 or each(reach) >= length / 2.0:
        return math.inf
    late = math.asin(start / length) + steps * math.asin(each(reach) / (length - off(reach)))
    return bend * reach**3 + off(reach) + length * late


def _balanced(length: float) -> float:
    """The ``λ`` with ``λ·(1 − λ²·r²/2) = 1``, by Newton's method from 1."""
    grow = 1.0
    for _ in range(20):
        value = grow * (1.0 - grow**2 * length**2 / 2.0) - 1.0
        grow -= value / (1.0 - 1.5 * grow**2 * length**2)
    return grow
