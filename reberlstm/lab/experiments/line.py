"""A line into a recurrent net, and the same line out."""

from __future__ import annotations

from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.experiment import Claim, Experiment, Job, Run, picture, presets

LINE = curves.lines(1.0)[0, :, 0]
SLOPES = (-0.5, 0.25, 0.5, 1.0, 1.5)
OTHERS = curves.lines(SLOPES)
NAMES = [f"{drawing.signed(slope)}·x" for slope in SLOPES]
ALONE = ("one layer, from y", "two layers, from y")

COMPARISON = Comparison(
    trained=ALONE[0],
    net=wired.copy(),
    names=NAMES,
    given=OTHERS,
    known=[slope == 1.0 for slope in SLOPES],
)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """One and two layers, from (x, y) and from y alone."""
    return curves.copying_jobs(settings, LINE)


def measure(run: Run) -> dict[str, Any]:
    """Errors on the line, and on other lines that an identity would copy as well."""
    others = OTHERS[:, :, 0]
    return {
        "error": curves.copying_errors(run, LINE),
        "elsewhere": {n: curves.rmse(curves.copies(run, n, others), others) for n in ALONE},
        "by_hand": COMPARISON.measure(run),
    }


@picture("The line and what each net makes of it.")
def _copies(run: Run) -> drawing.Figure:
    return curves.draw_copies(run, LINE)


@picture(
    "Lines of other slopes (dotted) and what the nets give back (solid): what was learned is the "
    "line, and the identity only near it."
)
def _other_lines(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.0, height=3.2, sharey=True)
    others = OTHERS[:, :, 0]
    for axis, name in zip(axes, ALONE, strict=True):
        found = curves.copies(run, name, others)
        drawing.family(axis, curves.points(), others, found, NAMES)
        drawing.label(axis, name, "x", "y" if axis is axes[0] else "")
    drawing.legend_right(axes[1])
    return figure


EXPERIMENT = Experiment(
    name="line",
    title="Sequence to sequence: copy a line",
    source=f"{curves.SOURCE}: sequence to sequence, X-Y.",
    task="A net reads the points of the line y = x, from x = 0 to x = 1 in 100 steps, and has to "
    "give them back step by step: from (x, y), then from y alone, with one layer of LSTM cells and "
    "with two. There is one training sequence, and the loss is the mean squared error.",
    presets=presets(
        epochs=(600, 3_000), rate=(0.2, 0.2), optimiser=("sgd", "sgd"), hidden=(32, 32)
    ),
    jobs=jobs,
    measure=measure,
    pictures=(
        _copies,
        drawing.LEARNING_CURVES,
        _other_lines,
        COMPARISON.picture("Lines of several slopes"),
    ),
    claims=(
        Claim(
            "One layer, trained by gradient descent at a fixed rate, approximates the line.",
            "root mean squared error {error[one layer, from (x, y)]:.3f}",
            lambda m: m["error"]["one layer, from (x, y)"] < 0.05,
            "judged as below 0.05; the figure is lost",
        ),
        Claim(
            "What the net learns should be the identity.",
            "lines of slope −0.5 to 1.5 come back with a root mean squared error of "
            "{elsewhere[one layer, from y]:.3f} (one layer) and "
            "{elsewhere[two layers, from y]:.3f} (two)",
            lambda m: m["elsewhere"]["one layer, from y"] < 0.05,
            "judged for one layer, from y alone, as below 0.05",
        ),
        COMPARISON.claim(),
    ),
)
