"""Tell slope and intercept of a line, also of lines unlike those that were trained."""

from __future__ import annotations

from functools import partial
from itertools import starmap
from typing import Any

import numpy as np
import torch

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import left, points
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.gates import head_of, record_gates
from reberlstm.lab.nets import Recurrent, as_in_keras
from reberlstm.net.cells.cell import Floats

STEPS = 50
ONE, TWO = "one layer of 32", "two layers of 32"
TRAINED = ((0.2, 0.8), (0.5, 0.5), (0.8, 0.2), (1.0, 0.0))
FALLING, STEEP = ((-1.0, 0.8), (-0.4, 0.5)), ((2.0, 0.5), (3.0, 0.0))
OTHERS = FALLING + STEEP
"""Slopes and intercepts of lines such as were trained, and of others."""

STALLED = 0.3
"""A net whose error leaves more than this part of the variance has stalled."""


def lines_of(parameters: Any) -> Floats:
    """The lines of pairs of slope and intercept."""
    slope, intercept = np.array(parameters).T
    return curves.lines(slope, intercept, steps=STEPS)


def _formula(slope: float, intercept: float) -> str:
    """How a line is called."""
    term = {1.0: "x", -1.0: "−x"}.get(slope, f"{drawing.signed(slope)}·x")
    return f"{term} + {intercept:g}" if intercept else term


LINES = Comparison(
    trained=TWO,
    net=wired.line_parameters(),
    names=list(starmap(_formula, TRAINED + OTHERS)),
    given=lines_of(TRAINED + OTHERS),
    wanted=np.array(TRAINED + OTHERS),
    known=[True] * len(TRAINED) + [False] * len(OTHERS),
    curves=lambda told: lines_of(told)[:, :, 0],
)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """One and two layers of LSTM cells; both numbers are read at the last step."""
    numbers = rng.uniform(0.0, 1.0, (2, settings.examples, 2))
    (y, test_y), (x, test_x) = numbers, (lines_of(part) for part in numbers)
    data, recipe = Data(x, y, test_x, test_y), Recipe.of(settings)

    def net(layers: int) -> torch.nn.Module:
        return as_in_keras(Recurrent(1, 32, 2, layers=layers, last=True))

    return [Job(name, partial(net, layers), data, recipe) for name, layers in ((ONE, 1), (TWO, 2))]


def _told(run: Run, parameters: Any) -> Floats:
    return run.predict(TWO, lines_of(parameters))


def _off(run: Run, parameters: Any) -> float:
    """The root mean squared error of slopes and intercepts told."""
    return float(np.sqrt(np.mean((_told(run, parameters) - parameters) ** 2)))


def measure(run: Run) -> dict[str, Any]:
    """What is left on lines as trained, and errors on others, by those."""
    data = run.jobs[ONE].data
    one, two = (left(run.predict(name, data.test[0]), data.test[1]) for name in (ONE, TWO))
    usual = _off(run, data.test[1])
    falling, steep = _told(run, FALLING), _told(run, STEEP)
    return {
        "one_layer": one,
        "two_layers": two,
        "stalled": one > STALLED,
        "falling_told": float(falling[0, 0]),
        "steep_told": float(steep[0, 0]),
        "falling": _off(run, FALLING) / usual,
        "steep": _off(run, STEEP) / usual,
        "told": np.concatenate([falling, steep]),
        **LINES.measure(run),
    }


@picture("Examples of the lines that are learned from.")
def _training_data(run: Run) -> drawing.Figure:
    figure, (axis,) = drawing.panels(x="x", y="y", width=5.4, height=3.0)
    data = run.jobs[ONE].data
    order = np.argsort(data.y[:12, 0])
    names = [f"{slope:.2f}·x + {start:.2f}" for slope, start in data.y[:12][order]]
    drawing.fan(axis, points(STEPS), data.x[:12][order], names, width=1.2)
    drawing.legend_right(axis)
    return figure


@picture("Lines (broad) and the lines that the net tells (thin).")
def _lines(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.4, height=3.6)
    titles = ("Lines such as were trained", "Other lines")
    for axis, title, chosen in zip(axes, titles, (TRAINED, OTHERS), strict=True):
        told = lines_of(_told(run, chosen))
        names = list(starmap(_formula, chosen))
        drawing.family(axis, points(STEPS), lines_of(chosen), told, names)
        drawing.label(axis, title, "x", "y")
        drawing.legend_under(axis, ncols=2)
    return figure


@picture("Slope and intercept of lines as given (circle) and as the net tells them (dot).")
def _parameters(run: Run) -> drawing.Figure:
    figure, (axis,) = drawing.panels([TWO], x="slope", y="intercept", width=5.4, height=4.4)
    given = np.array([(m, t) for m in np.linspace(-1, 2, 13) for t in np.linspace(0, 1, 5)])
    trained = (given[:, 0] >= 0) & (given[:, 0] <= 1)
    for start, end, known in zip(given, _told(run, given), trained, strict=True):
        colour = drawing.COLOURS[0 if known else 1]
        axis.plot(*np.stack([start, end]).T, color=colour, linewidth=1)
        axis.plot(*start, "o", color="white", markeredgecolor=colour, markersize=4)
        axis.plot(*end, "o", color=colour, markersize=3)
    for number, name in ((0, "slope as trained"), (1, "slope outside")):
        axis.plot([], [], "o-", color=drawing.COLOURS[number], markersize=3, label=name)
    drawing.legend_under(axis, ncols=2, by=0.13)
    return figure


@picture("What the net would tell at every step; dots are the truth.")
def _memory(run: Run) -> drawing.Figure:
    net: Any = run.nets[TWO]
    head = head_of(net.head)
    told = record_gates(net.recurrent, lines_of(TRAINED))[-1]["hidden"] @ head.weight.T + head.bias
    figure, axes = drawing.panels(2, width=4.0, height=3.0)
    for number, (axis, name) in enumerate(zip(axes, ("slope", "intercept"), strict=True)):
        for curve, colour, true in zip(told, drawing.shades(len(TRAINED)), TRAINED, strict=True):
            style = {"color": colour, "label": _formula(*true)}
            axis.plot(points(STEPS), curve[:, number], linewidth=1.6, **style)
            axis.plot([1.0], [true[number]], "o", color=colour, markersize=5, clip_on=False)
        drawing.label(axis, f"{name}, if read at this step", "x", name)
    drawing.legend_right(axes[1])
    return figure


OUTSIDE = (
    "The cells' numbers are bounded and bend where nothing was trained: what lies outside is told "
    "as lying nearer to what was seen. `lab why outside-the-range` shows it on a small net."
)
EXPERIMENT = Experiment(
    name="line-parameters",
    title="Sequence to vector: slope and intercept of a line",
    source=f"{curves.SOURCE}: sequence to vector, Slope and intercept.",
    task="A net reads a line y = m·x + t, from x = 0 to x = 1 in 50 steps, and has to tell the "
    "slope m and the intercept t after the last step. In training both are between 0 and 1, a "
    "range inferred from descriptions of lost figures; then it is asked about lines beyond it. "
    "Weights start as in Keras, which the source used.",
    presets=presets(examples=(500, 1_000), batch=50, epochs=(60, 250), rate=(0.005, 0.001)),
    jobs=jobs,
    measure=measure,
    pictures=(
        _training_data,
        _lines,
        _parameters,
        _memory,
        drawing.LEARNING_CURVES,
        LINES.picture("Lines such as were trained and others, as what is told of them"),
    ),
    claims=(
        Claim(
            "learned",
            "Slope and intercept are learned.",
            {
                "two_layers": "part of the variance left on new lines, two layers",
                "one_layer": "one layer",
                "stalled": "one layer stalls",
            },
            lambda m: m["two_layers"] < 0.05,
            f"judged for two layers as less than 0.05; stalls: more than {STALLED}",
            "A net that stalls answers the same mean for all lines; its first weights decide. `lab "
            "why predicts-the-mean` shows it on a small net.",
            figure="learning-curves",
        ),
        Claim(
            "falling",
            "Negative slopes are not handled well.",
            {
                "falling_told": "told of the slope −1",
                "falling": "error by that on lines as trained",
            },
            lambda m: m["falling"] > 3,
            "judged as three times the error, root mean square",
            OUTSIDE,
            fails=True,
            figure="lines",
        ),
        Claim(
            "steep",
            "Larger slopes are not handled well.",
            {"steep_told": "told of the slope 2", "steep": "error by that on lines as trained"},
            lambda m: m["steep"] > 3,
            "judged as three times the error, root mean square",
            OUTSIDE,
            fails=True,
            figure="lines",
        ),
        LINES.claim(),
    ),
)
