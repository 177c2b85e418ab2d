"""The notation for wirings: gates as sums, cells as four gates, a net as named cells.

A gate of gain ``K`` that always stands open is ``always(K)``; its value is ``1 − δ`` with
``δ = σ(−K)``, the leak. Every error bound of the hand-wired nets has a part in ``δ``, which the
default gain makes smaller than the rounding of float64, and a part in the scale ``s`` by which
numbers are multiplied on their way in, since a small number passes through tanh unbent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from reberlstm._version import __version__
from reberlstm.errors import CompileError
from reberlstm.net.weights import GATES, Head, LSTMWeights

GAIN = 40.0
"""The default ``K``: σ(−40) is 4e-18, and 1 − σ(−40) rounds to 1."""

RANGES: Mapping[str, tuple[float, float]] = {
    "gain": (5.0, 700.0),
    "scale": (1e-9, 1.0),
    "points": (2, 1e9),
    "sharpness": (1.0, 1e12),
    "bar": (2.0, 100.0),
    "angle": (1e-3, 1.57),
    "length": (1e-6, 0.2),
}
"""The least and the largest of every number that a net can be made with."""

STARTED = "started"
"""The cell that is at rest before the first step and up after it."""


@dataclass(frozen=True)
class Sum:
    """What a gate adds up: a bias, inputs times weights, and what cells gave out times weights."""

    bias: float = 0.0
    inputs: Mapping[str, float] = field(default_factory=dict)
    cells: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """The four sums of a cell, before their squashing functions."""

    input: Sum
    forget: Sum
    candidate: Sum
    output: Sum


def always(gain: float) -> Sum:
    """A gate that stands open."""
    return Sum(bias=gain)


def never(gain: float) -> Sum:
    """A gate that stays shut."""
    return Sum(bias=-gain)


def after_start(gain: float) -> Sum:
    """A gate that is shut at the first step and open at all others."""
    return Sum(bias=-gain, cells={STARTED: 2.0 * gain / risen(gain)})


def at_start(gain: float) -> Sum:
    """A gate that is open at the first step and shut at all others."""
    return Sum(bias=gain, cells={STARTED: -2.0 * gain / risen(gain)})


def started(gain: float) -> Cell:
    """The cell `STARTED`: written anew with a one at every step."""
    return Cell(always(gain), never(gain), Sum(bias=gain), always(gain))


def risen(gain: float) -> float:
    """What `STARTED` gives out after the first step: nearly tanh 1. Later it is no less."""
    still_open = 1.0 - leak(gain)
    return still_open * math.tanh(still_open * math.tanh(gain))


def leak(gain: float) -> float:
    """``δ = σ(−K)``: what a shut gate lets through."""
    return 1.0 / (1.0 + math.exp(gain))


def weights_of(
    name: str, inputs: tuple[str, ...], cells: Mapping[str, Cell], gain: float
) -> LSTMWeights:
    """The arrays of a layer."""
    weight_ih, weight_hh, bias = [], [], []
    for gate in GATES["standard"]:
        for cell in cells.values():
            total: Sum = getattr(cell, gate)
            weight_ih.append([total.inputs.get(source, 0.0) for source in inputs])
            weight_hh.append([total.cells.get(source, 0.0) for source in cells])
            bias.append(total.bias)
    return LSTMWeights(
        alphabet=inputs,
        cells=tuple(cells),
        weight_ih=np.array(weight_ih),
        weight_hh=np.array(weight_hh),
        bias_ih=np.array(bias),
        bias_hh=np.zeros(len(bias)),
        heads={},
        gain=gain,
        name=name,
        version=__version__,
    )


def readout_of(cells: Mapping[str, Cell], outputs: Mapping[str, Sum]) -> Head:
    """The linear layer whose outputs are these sums of what the cells give out."""
    return Head(
        np.array([[out.cells.get(cell, 0.0) for cell in cells] for out in outputs.values()]),
        np.array([out.bias for out in outputs.values()]),
    )


def check(net: str, **numbers: float) -> None:
    """Refuse numbers outside of `RANGES`.

    Raises:
        CompileError: naming the number and its range.
    """
    for name, number in numbers.items():
        least, most = RANGES[name]
        if not least <= number <= most:
            raise CompileError(
                f"net {net!r}: {name} {number:g}; give one between {least:g} and {most:g}"
            )
