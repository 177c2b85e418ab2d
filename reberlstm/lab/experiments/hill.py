"""A hill into a recurrent net, and the same hill out."""

from __future__ import annotations

from typing import Any

import numpy as np

from reberlstm.lab import copying, drawing, wired
from reberlstm.lab.beside import Beside
from reberlstm.lab.experiment import Claim, Experiment, Job, Picture, Run, Settings
from reberlstm.lab.waves import points

HILL = np.sin(np.pi * points())
GOOD = 0.05
"""A root mean squared error below this is near enough to the hill."""


HEIGHTS = (0.25, 0.5, 1.0, 1.5)
BESIDE = Beside(
    trained="one layer, from y",
    net=wired.copy(),
    names=[f"height {height:g}" for height in HEIGHTS],
    given=np.outer(HEIGHTS, HILL)[:, :, None],
    wanted=np.outer(HEIGHTS, HILL)[:, :, None],
    known=[height == 1.0 for height in HEIGHTS],
)


def jobs(settings: Settings, rng: np.random.Generator) -> list[Job]:
    """One and two layers, from (x, y) and from y alone."""
    return copying.nets(settings, HILL)


def measure(run: Run) -> dict[str, Any]:
    """Errors, and how long the nets took to come near the hill."""
    return {
        "error": copying.errors(run, HILL),
        "epochs": copying.epochs_to(run, GOOD**2),
        "by_hand": BESIDE.measure(run),
    }


EXPERIMENT = Experiment(
    name="hill",
    title="Sequence to sequence: copy a hill",
    source=f"{copying.SOURCE}: sequence to sequence, X-Y and Only Y.",
    task="As in `line`, but the curve goes up and down again: y = sin(πx), in 100 steps. First "
    "from (x, y), then from y alone, with one layer of LSTM cells and with two. The source's hill "
    "is lost; its text says only that it is like a hill.",
    presets={
        "quick": {"epochs": 1_200, "rate": 0.1, "optimiser": "sgd", "hidden": 32},
        "source": {"epochs": 6_000, "rate": 0.1, "optimiser": "sgd", "hidden": 32},
    },
    jobs=jobs,
    measure=measure,
    pictures=(
        Picture(
            "copies",
            "The hill and what each net makes of it.",
            lambda run: copying.draw_copies(run, HILL),
        ),
        Picture("learning-curves", "Mean squared error over the epochs.", drawing.learning_curves),
        Picture(
            "inside",
            "Every gate and memory of the one-layer net from y alone, on the hill.",
            lambda run: copying.draw_inside(run, "one layer, from y", HILL),
        ),
        BESIDE.picture("Hills of several heights"),
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
        BESIDE.claim(),
    ),
)
