"""The curves that the experiments learn: lines and sines over x from 0 to 1, a step a point."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reberlstm.lab.experiment import Array

STEPS = 100
FREQUENCY = 10.0


def points(steps: int = STEPS) -> Array:
    """The places x of the steps, from 0 to 1."""
    return np.linspace(0.0, 1.0, steps)


def lines(slope: npt.ArrayLike, intercept: npt.ArrayLike = 0.0, steps: int = STEPS) -> Array:
    """Lines ``slope·x + intercept``, one for each slope, as ``(N, T, 1)``.

    Example:
        >>> lines([0.5, 1.0], 0.25, steps=3)[:, :, 0].tolist()
        [[0.25, 0.5, 0.75], [0.25, 0.75, 1.25]]
    """
    slopes, intercepts = np.broadcast_arrays(np.atleast_1d(slope), np.atleast_1d(intercept))
    curves: Array = np.outer(slopes, points(steps)) + intercepts[:, None]
    return curves[:, :, None]


def sines(
    amplitude: npt.ArrayLike = 1.0,
    *,
    frequency: npt.ArrayLike = FREQUENCY,
    shift: npt.ArrayLike = 0.0,
    offset: npt.ArrayLike = 0.0,
    steps: int = STEPS,
) -> Array:
    """Waves ``amplitude·sin(frequency·(x + shift)) + offset`` as ``(N, T, 1)``.

    Example:
        >>> sines([1.0, 2.0], frequency=0.0, offset=[0.5, 3.0], steps=2)[:, :, 0].tolist()
        [[0.5, 0.5], [3.0, 3.0]]
    """
    given = (amplitude, frequency, shift, offset)
    a, f, s, o = (values[:, None] for values in np.broadcast_arrays(*map(np.atleast_1d, given)))
    curves: Array = a * np.sin(f * (points(steps) + s)) + o
    return curves[:, :, None]
