"""Lines through a few latent numbers and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import coding, drawing, wired
from reberlstm.lab.beside import Beside
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Picture, Recipe, Run, Settings
from reberlstm.lab.inside import look_inside
from reberlstm.lab.nets import Autoencoder, as_in_keras
from reberlstm.lab.waves import STEPS, lines, points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZES = (10, 5, 1)
SLOPES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


def _name(size: int) -> str:
    return f"{size} latent"


BESIDE = Beside(
    trained="1 latent",
    net=wired.LineAutoencoder(STEPS),
    names=[f"slope {drawing.signed(slope)}" for slope in (*SLOPES, -0.5, 2.0)],
    given=lines((*SLOPES, -0.5, 2.0)),
    wanted=lines((*SLOPES, -0.5, 2.0)),
    known=[True] * len(SLOPES) + [False, False],
)


def jobs(settings: Settings, rng: np.random.Generator) -> list[Job]:
    """The same autoencoder with ten, five and one latent numbers."""
    x = lines(rng.uniform(0.0, 1.0, settings.examples))
    test = lines(rng.uniform(0.0, 1.0, max(1, settings.examples // 10)))
    recipe = Recipe(
        epochs=settings.epochs,
        batch=settings.batch,
        learning_rate=settings.rate,
        optimiser=settings.optimiser,
    )
    return [
        Job(
            _name(size),
            lambda size=size: as_in_keras(Autoencoder([32], size, [32])),  # type: ignore[misc]
            Data(x, x, test, test),
            recipe,
        )
        for size in SIZES
    ]


def measure(run: Run) -> dict[str, Any]:
    """Errors, the end of the steepest line, and how many dimensions the latent numbers use."""
    given = lines(np.linspace(0.0, 1.0, 101))
    found: dict[str, dict[str, float]] = {"error": {}, "top": {}, "first": {}}
    for name in run.jobs:
        latent = coding.encode(run, name, given)
        variance = np.linalg.svd(latent - latent.mean(0), compute_uv=False) ** 2
        found["error"][name] = run.fits[name].test_loss
        found["top"][name] = float(run.predict(name, given[-1:])[0, -1, 0])
        found["first"][name] = float(variance[0] / variance.sum())
    one = coding.encode(run, _name(1), given)[:, 0]
    return {**found, "order": coding.order(one), "by_hand": BESIDE.measure(run)}


def draw_lines(run: Run) -> Figure:
    """A panel for every size: lines and their reconstructions."""
    figure, axes = drawing.panels(3, width=3.6, height=3.2, sharey=True)
    given = lines(SLOPES)
    for axis, name in zip(axes, run.jobs, strict=True):
        found = run.predict(name, given)[:, :, 0]
        names = [f"slope {slope:g}" for slope in SLOPES]
        drawing.family(axis, points(), given[:, :, 0], found, names)
        drawing.label(axis, f"{name}: error {drawing.power(run.fits[name].test_loss)}", "x", "")
    drawing.legend(axes[2], loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def draw_latent(run: Run) -> Figure:
    """The latent numbers over the slope, and lines made from latent numbers."""
    figure, axes = drawing.panels(2, 2, width=4.2, height=3.0)
    slopes = np.linspace(0.0, 1.0, 101)
    for axis, name in zip(axes, run.jobs, strict=False):
        latent = coding.encode(run, name, lines(slopes))
        for values, colour in zip(latent.T, drawing.shades(latent.shape[1]), strict=True):
            axis.plot(slopes, values, color=colour, linewidth=1.5)
        drawing.label(axis, f"{name}: its value over the slope", "slope", "latent value")
    coding.draw_decoded(axes[3], run, _name(1), float(latent.min()), float(latent.max()), STEPS)
    return figure


def draw_memory(run: Run) -> Figure:
    """The cell whose last output is the latent number, over the steps."""
    net: Any = run.nets[_name(1)]
    heard = lines(SLOPES)
    first, last = net.encoder.layers
    (inner,) = look_inside(first, heard)
    (cell,) = look_inside(last, inner.hidden)
    figure, axes = drawing.panels(3, width=3.6, height=2.8)
    for axis, quantity, title in zip(
        axes,
        ("forget", "memory", "hidden"),
        ("its forget gate (eraser)", "its memory", "what it gives out"),
        strict=True,
    ):
        for curve, colour, slope in zip(
            getattr(cell, quantity)[:, :, 0], drawing.shades(len(SLOPES)), SLOPES, strict=True
        ):
            axis.plot(points(), curve, color=colour, linewidth=1.5, label=f"slope {slope:g}")
        drawing.label(axis, f"The latent cell: {title}", "x")
    drawing.legend(axes[2], loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


EXPERIMENT = Experiment(
    name="autoencoder-line",
    title="Lines through ten, five and one latent numbers",
    source=f"{coding.SOURCE}, Line; its code gives nets and data.",
    task="A layer of 32 LSTM cells reads a line y = m·x in 100 steps, a second layer of few cells "
    "gives its last outputs, the latent numbers; these are repeated 100 times and go through 32 "
    "cells and one, whose output is to be the line again. Slopes m are uniform between 0 and 1. "
    "With one latent number the net has the source's 8,976 parameters, and 264 more because "
    "PyTorch has two biases for every gate. The last layer is an LSTM, so its output stays below "
    "1, and the line of slope 1 is out of its reach at the end. Weights start as in Keras.",
    presets={
        "quick": {"examples": 200, "batch": 50, "epochs": 100, "rate": 0.005, "optimiser": "adam"},
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
        Picture(
            "lines",
            "Lines (dotted) and their reconstructions (solid), with the mean squared error.",
            draw_lines,
        ),
        Picture(
            "latent",
            "The latent numbers over the slope, and what the decoder makes of a single one.",
            draw_latent,
        ),
        Picture(
            "memory",
            "How the single latent number comes about: the cell that holds it, over the steps.",
            draw_memory,
        ),
        Picture("learning-curves", "Mean squared error over the epochs.", drawing.learning_curves),
        BESIDE.picture("Lines through one number and back"),
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
        BESIDE.claim(),
    ),
)
