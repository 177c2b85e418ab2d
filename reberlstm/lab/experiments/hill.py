"""A hill into a recurrent net, and the same hill out."""

from __future__ import annotations

from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.experiment import Claim, Experiment, Job, Run, picture, presets

HILL = np.sin(np.pi * curves.points())
GOOD = 0.05
"""A root mean squared error below this is near enough to the hill."""

HEIGHTS = (0.25, 0.5, 1.0, 1.5)
COMPARISON = Comparison(
    trained="one layer, from y",
    net=wired.copy(),
    names=[f"height {height:g}" for height in HEIGHTS],
    given=np.outer(HEIGHTS, HILL)[:, :, None],
    known=[height == 1.0 for height in HEIGHTS],
)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """One and two layers, from (x, y) and from y alone."""
    return curves.copying_jobs(settings, HILL)


def measure(run: Run) -> dict[str, Any]:
    """Errors, and how long the nets took to come near the hill."""
    return {
        "error": curves.copying_errors(run, HILL),
        "epochs": {name: fit.epochs_to(GOOD**2) for name, fit in run.fits.items()},
        "by_hand": COMPARISON.measure(run),
    }


@picture("The hill and what each net makes of it.")
def _copies(run: Run) -> drawing.Figure:
    return curves.draw_copies(run, HILL)


@picture("Every gate and memory of the one-layer net from y alone, on the hill.")
def _inside(run: Run) -> drawing.Figure:
    return curves.draw_gates(run, "one layer, from y", HILL)


EXPERIMENT = Experiment(
    name="hill",
    title="Sequence to sequence: copy a hill",
    source=f"{curves.SOURCE}: sequence to sequence, X-Y and Only Y.",
    task="As in `line`, but the curve goes up and down again: y = sin(πx), in 100 steps. First "
    "from (x, y), then from y alone, with one layer of LSTM cells and with two. The source's hill "
    "is lost; its text says only that it is like a hill.",
    presets=presets(
        epochs=(1_200, 6_000), rate=(0.1, 0.1), optimiser=("sgd", "sgd"), hidden=(32, 32)
    ),
    jobs=jobs,
    measure=measure,
    pictures=(
        _copies,
        drawing.LEARNING_CURVES,
        _inside,
        COMPARISON.picture("Hills of several heights"),
    ),
    claims=(
        Claim(
            "A hill needs a second layer.",
            "root mean squared error from (x, y): one layer {error[one layer, from (x, y)]:.3f}, "
            "two layers {error[two layers, from (x, y)]:.3f}",
            lambda m: (
                m["error"]["one layer, from (x, y)"] > GOOD
                and m["error"]["two layers, from (x, y)"] < GOOD
            ),
            f"judged as above {GOOD} with one layer and below with two; the figure is lost",
        ),
        Claim(
            "From y alone it takes a little longer, but the hill is approximated.",
            f"epochs until the root of the loss is {GOOD:g}: "
            "one layer {epochs[one layer, from (x, y)]} from (x, y) and "
            "{epochs[one layer, from y]} from y, two layers {epochs[two layers, from (x, y)]} and "
            "{epochs[two layers, from y]}",
            lambda m: (
                m["epochs"]["two layers, from (x, y)"]
                < m["epochs"]["two layers, from y"]
                < float("inf")
            ),
            "judged for two layers; the loss from (x, y) counts x too",
        ),
        COMPARISON.claim(),
    ),
)
