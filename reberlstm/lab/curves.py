"""Lines and sines over x from 0 to 1; what several experiments do with them: copy and encode."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reberlstm.lab.experiment import Array

SOURCE = "“LSTM toy examples”, a blog post whose figures are lost"
STEPS = 100
FREQUENCY = 10.0
BEGINNING = 0.2
"""Up to here the source's reconstructions are bad."""


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


def left(found: Array, wanted: Array) -> float:
    """The part of the variance of `wanted` that is left: the squared error, divided by it.

    It is 0 for what is right everywhere, 1 for always answering the mean: ``1 − R²``.

    Example:
        >>> left(np.array([1.0, 2.0]), np.array([1.0, 2.0])), left(np.zeros(2), np.array([-1, 1]))
        (0.0, 1.0)
    """
    return float(np.mean((found - wanted) ** 2) / np.var(wanted))


def fitted(waves: Array, frequency: float) -> tuple[Array, Array]:
    """The sine, the cosine and the constant that fit waves ``(T,)`` or ``(N, T)`` best.

    The beginning is left out. The result is their weights, ``(3,)`` or ``(3, N)``, and the mean
    squared error that is left.
    """
    x = points(waves.shape[-1])
    parts = np.stack([np.sin(frequency * x), np.cos(frequency * x), np.ones_like(x)], -1)
    late = x >= BEGINNING
    weights = np.linalg.lstsq(parts[late], waves[..., late].T, rcond=None)[0]
    return weights, np.mean((parts[late] @ weights - waves[..., late].T) ** 2, axis=0)


def sinusoid(wave: Array, frequency: float) -> tuple[float, float, float]:
    """The sinusoid that fits a wave ``(T,)`` best, of a frequency within a quarter of that given.

    Returns:
        Its frequency, its phase in degrees, and the part of the variance that is left.

    Example:
        >>> found = sinusoid(2 + np.sin(20.1 * points() + 0.5), 20.0)
        >>> [round(number, 2) for number in found]
        [20.1, 28.65, 0.0]
    """
    found, width = frequency, 0.25 * frequency
    while width > 1e-5 * frequency:
        tried = np.linspace(found - width, found + width, 21)
        found = min(tried, key=lambda f: float(fitted(wave, f)[1]))
        width /= 8.0
    (sine, cosine, _), error = fitted(wave, found)
    variance = np.var(wave[points(len(wave)) >= BEGINNING])
    return float(found), float(np.degrees(np.arctan2(cosine, sine))), float(error / variance)


def phases(waves: Array) -> Array:
    """The phases of waves ``(N, T)`` in degrees, from 0 for a sine to 90 for a cosine.

    The phases of successive waves differ by less than 180.

    Example:
        >>> x = points(50)
        >>> phases(np.stack([0.5 * np.sin(10 * x), np.sin(10 * x + 0.5) + 1])).round(3).tolist()
        [0.0, 28.648]
    """
    sine, cosine, _ = fitted(waves, FREQUENCY)[0]
    turned: Array = np.degrees(np.unwrap(np.arctan2(cosine, sine)))
    return turned


def rank_correlation(numbers: Array) -> float:
    """How nearly numbers ``(N,)`` rise or fall all along: 1 if they do, 0 for no order.

    It is the absolute rank correlation with their places (Spearman's).

    Example:
        >>> found = rank_correlation(np.array([0.0, 2.0, 1.0, 3.0]))
        >>> rank_correlation(np.array([3.0, 2.0, 0.5])), round(found, 2)
        (1.0, 0.8)
    """
    ranks = np.argsort(np.argsort(numbers, kind="stable"), kind="stable")
    return float(abs(np.corrcoef(ranks, np.arange(len(numbers)))[0, 1]))
