"""Sines of any height through one latent number and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing, encoding
from reberlstm.lab.curves import sines
from reberlstm.lab.experiment import Claim, Experiment, Job, Recipe, Run, picture
from reberlstm.net.cells.cell import Floats

ONE = "1 latent"
AMPLITUDES = (0.1, 0.3, 0.5, 0.7, 0.9)
NAMES = [f"amplitude {amplitude:g}" for amplitude in AMPLITUDES]
ALL_AMPLITUDES = np.linspace(0.0, 1.0, 101)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """The autoencoder of the source's code with one latent number."""
    data = encoding.data(
        settings, lambda count: sines(rng.uniform(0.0, 1.0, count), steps=settings.steps)
    )
    return [Job(ONE, encoding.net([32]), data, Recipe.of(settings))]


def _latent_numbers(run: Run) -> Floats:
    return encoding.encode(run, ONE, sines(ALL_AMPLITUDES, steps=run.settings.steps))[:, 0]


def measure(run: Run) -> dict[str, Any]:
    """What is left, and how the latent number goes with the amplitude."""
    order = curves.rank_correlation(_latent_numbers(run))
    return {"left": encoding.rest(run, ONE), "order": order}


@picture("Sines (broad) and their reconstructions (thin).")
def _sines(run: Run) -> drawing.Figure:
    title = f"{100 * run.measured['left']:.2g} % of the variance left"
    given = sines(AMPLITUDES, steps=run.settings.steps)
    shown = {title: (given, run.predict(ONE, given), NAMES)}
    return drawing.families(shown, width=6.0, height=3.4)


@picture("The latent number over the amplitude, and what the decoder makes of latent numbers.")
def _latent(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.2, height=3.2)
    latent = _latent_numbers(run)
    axes[0].plot(ALL_AMPLITUDES, latent, color=drawing.COLOURS[0], linewidth=1.8)
    drawing.label(axes[0], "The latent value", "amplitude", "latent value")
    encoding.draw_decoded(axes[1], run, ONE, latent)
    return figure


EXPERIMENT = Experiment(
    name="autoencoder-sine",
    title="Sines through one latent number",
    source=f"{curves.SOURCE}: Autoencoder, Sine; its code gives the net.",
    task="The autoencoder of `autoencoder-line` with one latent number, on sines a·sin 10x of "
    "amplitudes a between 0 and 1. Which sines the source used is lost; the amplitudes are those "
    "of the lines in its code.",
    presets=encoding.presets_of_source((150, 250)),
    jobs=jobs,
    measure=measure,
    pictures=(_sines, _latent, drawing.LEARNING_CURVES),
    claims=(
        Claim(
            "sine",
            "A sine can be learned with LSTMs, against what somebody told the source's author.",
            {
                "left": "part of the variance left",
                "order": "rank correlation of latent number and amplitude",
            },
            lambda m: m["left"] < encoding.RECONSTRUCTED,
            f"judged as less than {encoding.RECONSTRUCTED}; the figure is lost",
            "The training is too short: the wave is still flat for a part of the epochs.",
            figure="sines",
        ),
    ),
)
