"""Sines of any height through one latent number and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import coding, drawing
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Picture, Recipe, Run, Settings
from reberlstm.lab.nets import Autoencoder, as_in_keras
from reberlstm.lab.waves import STEPS, points, sines

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NET = "1 latent"
AMPLITUDES = (0.1, 0.3, 0.5, 0.7, 0.9)


def jobs(settings: Settings, rng: np.random.Generator) -> list[Job]:
    """The autoencoder of the source's code with one latent number."""
    x = sines(rng.uniform(0.0, 1.0, settings.examples))
    test = sines(rng.uniform(0.0, 1.0, max(1, settings.examples // 10)))
    recipe = Recipe(
        epochs=settings.epochs,
        batch=settings.batch,
        learning_rate=settings.rate,
        optimiser=settings.optimiser,
    )
    return [
        Job(NET, lambda: as_in_keras(Autoencoder([32], 1, [32])), Data(x, x, test, test), recipe)
    ]


def measure(run: Run) -> dict[str, Any]:
    """The error, and how the latent number goes with the amplitude."""
    amplitudes = np.linspace(0.0, 1.0, 101)
    given = sines(amplitudes)
    return {
        "error": run.fits[NET].test_loss,
        "of_nothing": float(np.mean(given**2)),
        "order": coding.order(coding.encode(run, NET, given)[:, 0]),
    }


def draw_sines(run: Run) -> Figure:
    """Sines and their reconstructions."""
    figure, (axis,) = drawing.panels(width=6.0, height=3.4)
    given = sines(AMPLITUDES)
    names = [f"amplitude {amplitude:g}" for amplitude in AMPLITUDES]
    drawing.family(axis, points(), given[:, :, 0], run.predict(NET, given)[:, :, 0], names)
    drawing.label(axis, f"Mean squared error {drawing.power(run.measured['error'])}", "x", "y")
    drawing.legend(axis, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def draw_latent(run: Run) -> Figure:
    """The latent number over the amplitude, and sines made from latent numbers."""
    figure, axes = drawing.panels(2, width=4.2, height=3.2)
    amplitudes = np.linspace(0.0, 1.0, 101)
    latent = coding.encode(run, NET, sines(amplitudes))[:, 0]
    axes[0].plot(amplitudes, latent, color=drawing.COLOURS[0], linewidth=1.8)
    drawing.label(axes[0], "The latent value", "amplitude", "latent value")
    coding.draw_decoded(axes[1], run, NET, float(latent.min()), float(latent.max()), STEPS)
    return figure


EXPERIMENT = Experiment(
    name="autoencoder-sine",
    title="Sines through one latent number",
    source=f"{coding.SOURCE}, Sine; its code gives the net.",
    task="The autoencoder of `autoencoder-line` with one latent number, on sines a·sin 10x of "
    "amplitudes a between 0 and 1. Which sines the source used is lost; the amplitudes are those "
    "of the lines in its code.",
    presets={
        "quick": {"examples": 200, "batch": 50, "epochs": 150, "rate": 0.005, "optimiser": "adam"},
        "source": {
            "examples": 1_000,
            "batch": 1_000,
            "epochs": 250,
            "rate": 0.001,
            "optimiser": "rmsprop",
        },
    },
    jobs=jobs,
    measure=measure,
    pictures=(
        Picture("sines", "Sines (dotted) and their reconstructions (solid).", draw_sines),
        Picture(
            "latent",
            "The latent number over the amplitude, and what the decoder makes of latent numbers.",
            draw_latent,
        ),
        Picture("learning-curves", "Mean squared error over the epochs.", drawing.learning_curves),
    ),
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
