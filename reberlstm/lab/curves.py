"""Lines and sines over x from 0 to 1; what several experiments do with them: copy and encode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reberlstm.lab import drawing
from reberlstm.lab.experiment import Array, Data, Job, Recipe, Run, Settings
from reberlstm.lab.gates import record_gates

if TYPE_CHECKING:
    from torch import nn

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


def rmse(found: Array, wanted: Array) -> float:
    """The root mean squared error."""
    return float(np.sqrt(np.mean((found - wanted) ** 2)))


def phases(waves: Array) -> Array:
    """The phases of waves ``(N, T)`` in degrees, from 0 for a sine to 90 for a cosine.

    Least squares find the sine, the cosine and the constant that make up a wave of the known
    frequency, the beginning left out; the phases of successive waves differ by less than 180.

    Example:
        >>> x = points(50)
        >>> phases(np.stack([0.5 * np.sin(10 * x), np.sin(10 * x + 0.5) + 1])).round(3).tolist()
        [0.0, 28.648]
    """
    x = points(waves.shape[1])
    late = x >= BEGINNING
    parts = np.stack([np.sin(FREQUENCY * x), np.cos(FREQUENCY * x), np.ones_like(x)], -1)
    sine, cosine, _ = np.linalg.lstsq(parts[late], waves[:, late].T, rcond=None)[0]
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


# Nets that learn to copy the curve that they are fed


def copying_jobs(settings: Settings, y: Array, *, with_x: bool = True) -> list[Job]:
    """One and two layers, from (x, y) and from y alone, on the one curve `y`, ``(T,)``."""
    recipe = Recipe.of(settings, batch=1)
    fed = {"(x, y)": np.stack([points(len(y)), y], -1)} if with_x else {}
    found = []
    for given, curve in {**fed, "y": y[:, None]}.items():
        for layers, says in ((1, "one layer"), (2, "two layers")):

            def net(size: int = curve.shape[1], layers: int = layers) -> nn.Module:
                from reberlstm.lab.nets import Recurrent

                return Recurrent(size, settings.hidden, size, layers=layers)

            found.append(Job(f"{says}, from {given}", net, Data(curve[None], curve[None]), recipe))
    return found


def copies(run: Run, name: str, y: Array) -> Array:
    """What a net makes of curves `y`, ``(N, T)``: again ``(N, T)``."""
    fed = y[:, :, None]
    if run.jobs[name].data.x.shape[2] == 2:
        fed = np.concatenate([np.broadcast_to(points(y.shape[1])[:, None], fed.shape), fed], -1)
    return run.predict(name, fed)[:, :, -1]


def copying_errors(run: Run, y: Array) -> dict[str, float]:
    """The root mean squared error of y for every net, on the curve it was trained with."""
    return {name: rmse(copies(run, name, y[None])[0], y) for name in run.jobs}


def draw_copies(run: Run, y: Array) -> drawing.Figure:
    """A panel for every net: the curve and what the net makes of it."""
    rows = len(run.jobs) // 2
    figure, axes = drawing.panels(2, rows, width=3.6, height=2.6, sharex=True, sharey=True)
    for number, (axis, name) in enumerate(zip(axes, run.jobs, strict=True)):
        drawing.compare(axis, points(len(y)), y, copies(run, name, y[None])[0])
        drawing.label(axis, name, "x" if number >= len(axes) - 2 else "", "" if number % 2 else "y")
    drawing.legend(axes[0])
    return figure


def draw_gates(run: Run, name: str, y: Array) -> drawing.Figure:
    """Every gate and memory of the first layer of a net, while it reads the curve `y`."""
    layer = record_gates(run.nets[name].recurrent, y[:, None])[0]
    return drawing.gates(layer, title=f"Inside: {name}")


# Autoencoders


def encode(run: Run, name: str, x: Array) -> Array:
    """The latent numbers of sequences ``(N, T, 1)``: ``(N, k)``."""
    return run.predict(name, x, "encode")


def decode(run: Run, name: str, latent: Array, steps: int = STEPS) -> Array:
    """The sequences of latent numbers ``(N, k)``: ``(N, steps)``."""
    return run.predict(name, latent, "decode", steps=steps)[:, :, 0]


def draw_decoded(
    axis: drawing.Axes, run: Run, name: str, latent: Array, steps: int = STEPS
) -> None:
    """What is decoded from one end of some latent numbers to the other."""
    shown = np.linspace(float(latent.min()), float(latent.max()), 9)
    named: list[Any] = [None] * 9
    named[::4] = [drawing.signed(round(float(value), 2)) for value in shown[::4]]
    found = decode(run, name, shown[:, None], steps)
    drawing.fan(axis, points(steps), found, named, width=1.4)
    drawing.label(axis, f"{name}: what is decoded", "x", "y")
    drawing.legend_right(axis, title="latent\nvalue")
