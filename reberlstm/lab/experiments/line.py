"""A line into a recurrent net, and the same line out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import copying, drawing, wired
from reberlstm.lab.beside import Beside
from reberlstm.lab.experiment import Claim, Experiment, Job, Picture, Run, Settings
from reberlstm.lab.waves import lines, points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINE = lines(1.0)[0, :, 0]
SLOPES = (-0.5, 0.25, 0.5, 1.0, 1.5)
ALONE = ("one layer, from y", "two layers, from y")


BESIDE = Beside(
    trained=ALONE[0],
    net=wired.copy(),
    names=[f"{slope:g}·x".replace("-", "−") for slope in SLOPES],
    given=lines(SLOPES),
    wanted=lines(SLOPES),
    known=[slope == 1.0 for slope in SLOPES],
)


def jobs(settings: Settings, rng: np.random.Generator) -> list[Job]:
    """One and two layers, from (x, y) and from y alone."""
    return copying.nets(settings, LINE)


def measure(run: Run) -> dict[str, Any]:
    """Errors on the line, and on other lines that an identity would copy as well."""
    others = lines(SLOPES)[:, :, 0]
    elsewhere = {
        name: float(np.sqrt(np.mean((copying.give_back(run, name, others) - others) ** 2)))
        for name in ALONE
    }
    return {
        "error": copying.errors(run, LINE),
        "elsewhere": elsewhere,
        "by_hand": BESIDE.measure(run),
    }


def other_lines(run: Run) -> Figure:
    """Lines of other slopes through the nets that know y alone."""
    figure, axes = drawing.panels(2, width=4.0, height=3.2, sharey=True)
    others = lines(SLOPES)[:, :, 0]
    for axis, name in zip(axes, ALONE, strict=True):
        found = copying.give_back(run, name, others)
        drawing.family(
            axis, points(), others, found, [f"{drawing.signed(slope)}·x" for slope in SLOPES]
        )
        drawing.label(axis, name, "x", "y" if axis is axes[0] else "")
    drawing.legend(axes[1], loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


EXPERIMENT = Experiment(
    name="line",
    title="Sequence to sequence: copy a line",
    source=f"{copying.SOURCE}: sequence to sequence, X-Y.",
    task="A net reads the points of the line y = x, from x = 0 to x = 1 in 100 steps, and has to "
    "give them back step by step: from (x, y), then from y alone, with one layer of LSTM cells and "
    "with two. There is one training sequence, and the loss is the mean squared error.",
    presets={
        "quick": {"epochs": 600, "rate": 0.2, "optimiser": "sgd", "hidden": 32},
        "source": {"epochs": 3_000, "rate": 0.2, "optimiser": "sgd", "hidden": 32},
    },
    jobs=jobs,
    measure=measure,
    pictures=(
        Picture(
            "copies",
            "The line and what each net makes of it.",
            lambda run: copying.draw_copies(run, LINE),
        ),
        Picture("learning-curves", "Mean squared error over the epochs.", drawing.learning_curves),
        Picture(
            "other-lines",
            "Lines of other slopes (dotted) and what the nets give back (solid): what "
            "was learned is the line, and the identity only near it.",
            other_lines,
        ),
        BESIDE.picture("Lines of several slopes"),
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
        BESIDE.claim(),
    ),
)
