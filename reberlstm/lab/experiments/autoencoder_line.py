"""Lines through a few latent numbers and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import lines, points
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.gates import record_gates
from reberlstm.lab.nets import Autoencoder, as_in_keras

ONE = "1 latent"
SIZES = {"10 latent": 10, "5 latent": 5, ONE: 1}
SLOPES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
NAMES = [f"slope {slope:g}" for slope in SLOPES]
ALL_SLOPES = np.linspace(0.0, 1.0, 101)

COMPARISON = Comparison(
    trained=ONE,
    net=wired.LineAutoencoder(curves.STEPS),
    names=[*NAMES, "slope −0.5", "slope 2"],
    given=lines((*SLOPES, -0.5, 2.0)),
    known=[True] * len(SLOPES) + [False, False],
)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """The same autoencoder with ten, five and one latent numbers."""
    x = lines(rng.uniform(0.0, 1.0, settings.examples))
    test = lines(rng.uniform(0.0, 1.0, max(1, settings.examples // 10)))
    return [
        Job(
            name,
            lambda size=size: as_in_keras(Autoencoder([32], size, [32])),  # type: ignore[misc]
            Data(x, x, test, test),
            Recipe.of(settings),
        )
        for name, size in SIZES.items()
    ]


def measure(run: Run) -> dict[str, Any]:
    """Errors, the end of the steepest line, and how many dimensions the latent numbers use."""
    given = lines(ALL_SLOPES)
    latent = {name: curves.encode(run, name, given) for name in SIZES}
    spread = {
        name: np.linalg.svd(some - some.mean(0), compute_uv=False) ** 2
        for name, some in latent.items()
    }
    return {
        "error": {name: fit.test_loss for name, fit in run.fits.items()},
        "top": {name: float(run.predict(name, given[-1:])[0, -1, 0]) for name in SIZES},
        "first": {name: float(some[0] / some.sum()) for name, some in spread.items()},
        "order": curves.rank_correlation(latent[ONE][:, 0]),
        "by_hand": COMPARISON.measure(run),
    }


@picture("Lines (dotted) and their reconstructions (solid), with the mean squared error.")
def _lines(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(3, width=3.6, height=3.2, sharey=True)
    given = lines(SLOPES)
    for axis, name in zip(axes, run.jobs, strict=True):
        found = run.predict(name, given)[:, :, 0]
        drawing.family(axis, points(), given[:, :, 0], found, NAMES)
        drawing.label(axis, f"{name}: error {drawing.power(run.fits[name].test_loss)}", "x", "")
    drawing.legend_right(axes[2])
    return figure


@picture("The latent numbers over the slope, and what the decoder makes of a single one.")
def _latent(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, 2, width=4.2, height=3.0)
    for axis, name in zip(axes, SIZES, strict=False):
        latent = curves.encode(run, name, lines(ALL_SLOPES))
        drawing.fan(axis, ALL_SLOPES, latent.T, [None] * latent.shape[1])
        drawing.label(axis, f"{name}: its value over the slope", "slope", "latent value")
    curves.draw_decoded(axes[3], run, ONE, latent)
    return figure


@picture("How the single latent number comes about: the cell that holds it, over the steps.")
def _memory(run: Run) -> drawing.Figure:
    net: Any = run.nets[ONE]
    first, last = net.encoder.layers
    (before,) = record_gates(first, lines(SLOPES))
    (cell,) = record_gates(last, before["hidden"])
    figure, axes = drawing.panels(3, width=3.6, height=2.8)
    for axis, quantity, title in (
        (axes[0], "forget", "its forget gate (eraser)"),
        (axes[1], "memory", "its memory"),
        (axes[2], "hidden", "what it gives out"),
    ):
        drawing.fan(axis, points(), cell[quantity][:, :, 0], NAMES)
        drawing.label(axis, f"The latent cell: {title}", "x")
    drawing.legend_right(axes[2])
    return figure


EXPERIMENT = Experiment(
    name="autoencoder-line",
    title="Lines through ten, five and one latent numbers",
    source=f"{curves.SOURCE}: Autoencoder, Line; its code gives nets and data.",
    task="A layer of 32 LSTM cells reads a line y = m·x in 100 steps, a second layer of few cells "
    "gives its last outputs, the latent numbers; these are repeated 100 times and go through 32 "
    "cells and one, whose output is to be the line again. Slopes m are uniform between 0 and 1. "
    "With one latent number the net has the source's 8,976 parameters, and 264 more because "
    "PyTorch has two biases for every gate. The last layer is an LSTM, so its output stays below "
    "1, and the line of slope 1 is out of its reach at the end. Weights start as in Keras.",
    presets=presets(
        examples=(200, 1_000),
        batch=(50, 1_000),
        epochs=(100, 250),
        rate=(0.005, 0.001),
        optimiser=("adam", "rmsprop"),
    ),
    jobs=jobs,
    measure=measure,
    pictures=(
        _lines,
        _latent,
        _memory,
        drawing.LEARNING_CURVES,
        COMPARISON.picture("Lines through one number and back"),
    ),
    claims=(
        Claim(
            "Lines are regenerated from ten, five and one latent numbers.",
            "mean squared error {error[10 latent]:.1e}, {error[5 latent]:.1e}, "
            "{error[1 latent]:.1e}; at the end of the line of slope 1: {top[10 latent]:.2f}, "
            "{top[5 latent]:.2f}, {top[1 latent]:.2f}",
            lambda m: max(m["error"].values()) < 0.005,
            "judged as below 0.005 for each",
        ),
        Claim(
            "Two latent numbers should be enough.",
            "one is enough: {error[1 latent]:.1e}; the first principal direction of the latent "
            "numbers has {first[10 latent]:.1%} of the variance of ten, {first[5 latent]:.1%} of "
            "five",
            lambda m: m["error"]["1 latent"] < 0.005,
            "all intercepts are 0 in the source's code, so that one number says all",
        ),
        COMPARISON.claim(),
    ),
)
