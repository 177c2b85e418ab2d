"""Curves through a few latent numbers and back: what the experiments with autoencoders share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import drawing
from reberlstm.lab.curves import left, points
from reberlstm.lab.experiment import Data, Run, presets
from reberlstm.lab.nets import Autoencoder, as_in_keras
from reberlstm.net.cells.cell import Floats

if TYPE_CHECKING:
    from torch import nn

RECONSTRUCTED = 0.05
"""Curves are reconstructed if less than this part of their variance is left."""


def net(hidden: Sequence[int], latent: int = 1) -> Callable[[], nn.Module]:
    """Builds the source's net: the same layers before and after the latent numbers."""
    return lambda: as_in_keras(Autoencoder(hidden, latent, hidden))


def data(settings: Any, draw: Callable[[int], Floats]) -> Data:
    """Curves to be given back, a tenth as many for testing; `draw` gives so many, (N, T, 1)."""
    x, test = draw(settings.examples), draw(max(4, settings.examples // 10))
    return Data(x, x, test, test)


def encode(run: Run, name: str, x: Floats) -> Floats:
    """The latent numbers of sequences ``(N, T, 1)``: ``(N, k)``."""
    return run.predict(name, x, "encode")


def decode(run: Run, name: str, latent: Floats) -> Floats:
    """The sequences of latent numbers ``(N, k)``: ``(N, T)``."""
    return run.predict(name, latent, "decode", steps=run.settings.steps)[:, :, 0]


def rest(run: Run, name: str) -> float:
    """The part of the variance of its test curves that a net leaves."""
    x = run.jobs[name].data.test[0]
    return left(run.predict(name, x), x)


def draw_decoded(axis: drawing.Axes, run: Run, name: str, latent: Floats) -> None:
    """What is decoded from one end of some latent numbers to the other."""
    shown = np.linspace(float(latent.min()), float(latent.max()), 9)
    named: list[Any] = [None] * 9
    named[::4] = [drawing.signed(round(float(value), 2)) for value in shown[::4]]
    drawing.fan(
        axis, points(run.settings.steps), decode(run, name, shown[:, None]), named, width=1.4
    )
    drawing.label(axis, f"{name}: what is decoded", "x", "y")
    drawing.legend_right(axis, title="latent\nvalue")


def presets_of_source(epochs: tuple[int, int]) -> dict[str, dict[str, Any]]:
    """The settings of the autoencoders, of which the source's code has these."""
    return presets(
        examples=(100, 1_000),
        steps=(50, 100),
        batch=(25, 1_000),
        epochs=epochs,
        rate=(0.005, 0.001),
        optimiser=("adam", "rmsprop"),
    )
