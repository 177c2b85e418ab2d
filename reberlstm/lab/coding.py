"""What the autoencoder experiments share: into the latent numbers and back, and what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from reberlstm.lab import drawing
from reberlstm.lab.experiment import Array, Run
from reberlstm.lab.waves import FREQUENCY, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SOURCE = "“LSTM toy examples”, a blog post whose figures are lost: Autoencoder"
BEGINNING = 0.2
"""Up to here the source's reconstructions are bad."""


def encode(run: Run, name: str, x: Array) -> Array:
    """The latent numbers of sequences ``(N, T, 1)``: ``(N, k)``."""
    net: Any = run.nets[name]
    with torch.no_grad():
        return np.asarray(net.encode(torch.as_tensor(x, dtype=torch.float32)), dtype=float)


def decode(run: Run, name: str, latent: Array, steps: int) -> Array:
    """The sequences of latent numbers ``(N, k)``: ``(N, steps)``."""
    net: Any = run.nets[name]
    with torch.no_grad():
        out = net.decode(torch.as_tensor(latent, dtype=torch.float32), steps)
    return np.asarray(out, dtype=float)[:, :, 0]


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


def order(latent: Array) -> float:
    """How nearly latent numbers ``(N,)`` rise or fall all along: 1 if they do, 0 for no order.

    It is the absolute rank correlation with their places (Spearman's).

    Example:
        >>> order(np.array([3.0, 2.0, 0.5])), round(order(np.array([0.0, 2.0, 1.0, 3.0])), 2)
        (1.0, 0.8)
    """
    ranks = np.argsort(np.argsort(latent, kind="stable"), kind="stable")
    return float(abs(np.corrcoef(ranks, np.arange(len(latent)))[0, 1]))


def draw_decoded(axis: Axes, run: Run, name: str, low: float, high: float, steps: int) -> None:
    """The sequences of latent numbers from `low` to `high`."""
    latent = np.linspace(low, high, 9)
    for value, curve, colour in zip(
        latent, decode(run, name, latent[:, None], steps), drawing.shades(9), strict=True
    ):
        shown = drawing.signed(round(float(value), 2)) if value in latent[::4] else None
        axis.plot(points(steps), curve, color=colour, linewidth=1.4, label=shown)
    drawing.label(axis, f"{name}: what is decoded", "x", "y")
    drawing.legend(axis, loc="center left", bbox_to_anchor=(1.0, 0.5), title="latent\nvalue")
