"""Sines of any height through one latent number and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing
from reberlstm.lab.curves import points, sines
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.nets import Autoencoder, as_in_keras

NET = "1 latent"
AMPLITUDES = (0.1, 0.3, 0.5, 0.7, 0.9)
ALL_AMPLITUDES = np.linspace(0.0, 1.0, 101)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """The autoencoder of the source's code with one latent number."""
    x = sines(rng.uniform(0.0, 1.0, settings.examples))
    test = sines(rng.uniform(0.0, 1.0, max(1, settings.examples // 10)))
    data = Data(x, x, test, test)
    return [Job(NET, lambda: as_in_keras(Autoencoder([32], 1, [32])), data, Recipe.of(settings))]


def measure(run: Run) -> dict[str, Any]:
    """The error, and how the latent number goes with the amplitude."""
    given = sines(ALL_AMPLITUDES)
    return {
        "error": run.fits[NET].test_loss,
        "of_nothing": float(np.mean(given**2)),
        "order": curves.rank_correlation(curves.encode(run, NET, given)[:, 0]),
    }


@picture("Sines (dotted) and their reconstructions (solid).")
def _sines(run: Run) -> drawing.Figure:
    figure, (axis,) = drawing.panels(width=6.0, height=3.4)
    given = sines(AMPLITUDES)
    names = [f"amplitude {amplitude:g}" for amplitude in AMPLITUDES]
    drawing.family(axis, points(), given[:, :, 0], run.predict(NET, given)[:, :, 0], names)
    drawing.label(axis, f"Mean squared error {drawing.power(run.measured['error'])}", "x", "y")
    drawing.legend_right(axis)
    return figure


@picture("The latent number over the amplitude, and what the decoder makes of latent numbers.")
def _latent(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.2, height=3.2)
    latent = curves.encode(run, NET, sines(ALL_AMPLITUDES))[:, 0]
    axes[0].plot(ALL_AMPLITUDES, latent, color=drawing.COLOURS[0], linewidth=1.8)
    drawing.label(axes[0], "The latent value", "amplitude", "latent value")
    curves.draw_decoded(axes[1], run, NET, latent)
    return figure


EXPERIMENT = Experiment(
    name="autoencoder-sine",
    title="Sines through one latent number",
    source=f"{curves.SOURCE}: Autoencoder, Sine; its code gives the net.",
    task="The autoencoder of `autoencoder-line` with one latent number, on sines a·sin 10x of "
    "amplitudes a between 0 and 1. Which sines the source used is lost; the amplitudes are those "
    "of the lines in its code.",
    presets=presets(
        examples=(200, 1_000),
        batch=(50, 1_000),
        epochs=(150, 250),
        rate=(0.005, 0.001),
        optimiser=("adam", "rmsprop"),
    ),
    jobs=jobs,
    measure=measure,
    pictures=(_sines, _latent, drawing.LEARNING_CURVES),
    claims=(
        Claim(
            "A sine can be learned with LSTMs, against what somebody told the source's author.",
            "mean squared error {error:.1e}; always answering 0 has {of_nothing:.2f}",
            lambda m: m["error"] < 0.05 * m["of_nothing"],
            "judged as less than a twentieth of the error of always answering 0; the figure is "
            "lost",
        ),
    ),
)
