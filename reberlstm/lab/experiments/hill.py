"""Copy a hill: does it take a second layer, and how long does it take?"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from reberlstm.lab import copying, curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.copying import FROM_Y, NEAR
from reberlstm.lab.curves import points
from reberlstm.lab.experiment import Claim, Experiment, Run, picture, presets

THE_HILL = np.sin(np.pi * points())
HEIGHTS = (0.25, 0.5, 1.0, 1.5)
FRAMES = 20

HILLS = Comparison(
    trained=FROM_Y[0],
    net=wired.copy(),
    names=[f"height {height:g}" for height in HEIGHTS],
    given=np.outer(HEIGHTS, THE_HILL)[:, :, None],
    known=[height == 1.0 for height in HEIGHTS],
)


def measure(run: Run) -> dict[str, Any]:
    """Errors, and how long the nets took to come near the hill."""
    epochs = {
        f"epochs_{copying.short(name)}": copying.epochs_to_near(run, name, THE_HILL)
        for name in run.jobs
    }
    return {**copying.errors(run, THE_HILL), **epochs, **HILLS.measure(run)}


@picture("The hill while it is learned, from y alone: the epochs are chosen so that most happens.")
def _while_it_learns(run: Run) -> list[drawing.Figure]:
    epochs = run.fits[FROM_Y[0]].epochs
    chosen = sorted({int(n) for n in np.geomspace(1, len(epochs), FRAMES).round()})
    frames = []
    for number in chosen:
        titles = [f"{name}: epoch {epochs[number - 1]:,}" for name in FROM_Y]
        figure, axes = drawing.panels(titles, x="x", width=3.2, height=2.6, sharey=True)
        for axis, name in zip(axes, FROM_Y, strict=True):
            found = np.array(run.fits[name].watched["y"][number - 1])
            drawing.compare(axis, points(), THE_HILL, found, drawing.colour(run, name))
            axis.set_ylim(-0.3, 1.2)
        frames.append(figure)
    return frames


EXPERIMENT = Experiment(
    name="hill",
    title="Sequence to sequence: copy a hill",
    source=f"{curves.SOURCE}: sequence to sequence, X-Y and Only Y.",
    task="As in `line`, but the curve goes up and down again: y = sin(πx), in 100 steps. First "
    "from (x, y), then from y alone, with one layer of LSTM cells and with two. The source's hill "
    "is lost; its text says only that it is like a hill.",
    presets=presets(epochs=(600, 6_000), rate=(0.2, 0.1), optimiser="sgd", hidden=32),
    jobs=partial(copying.jobs, THE_HILL),
    measure=measure,
    pictures=(
        copying.picture("hill", THE_HILL),
        _while_it_learns,
        drawing.LEARNING_CURVES,
        copying.gates_picture(
            "Every gate and memory of the one-layer net from y alone, on the hill.",
            FROM_Y[0],
            THE_HILL,
        ),
        HILLS.picture("Hills of several heights"),
    ),
    claims=(
        Claim(
            "second-layer",
            "A hill needs a second layer.",
            {
                "one_from_xy": "part of the variance left from (x, y), one layer",
                "two_from_xy": "two layers",
            },
            lambda m: m["one_from_xy"] > NEAR > m["two_from_xy"],
            f"judged as more than {NEAR} with one layer and less with two; the figure is lost",
            "Copying asks for no place on the hill: every output is the number just fed, whether "
            "the curve rises or falls. Nothing has to be told apart as in XOR, and one cell wired "
            "by hand does it.",
            figure="copies",
        ),
        Claim(
            "only-y",
            "From y alone it takes a little longer, but the hill is approximated.",
            {
                "epochs_two_from_xy": "epochs until the hill is approximated, two layers, from "
                "(x, y)",
                "epochs_two_from_y": "from y",
                "epochs_one_from_xy": "one layer, from (x, y)",
                "epochs_one_from_y": "from y",
            },
            lambda m: m["epochs_two_from_xy"] < m["epochs_two_from_y"] < float("inf"),
            f"judged for two layers; approximated: less than {NEAR} of the variance left",
            figure="learning-curves",
        ),
        HILLS.claim(),
    ),
)
