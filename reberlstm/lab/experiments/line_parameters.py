"""A line into a recurrent net, and its slope and intercept out."""

from __future__ import annotations

from itertools import starmap
from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.gates import head_of, record_gates
from reberlstm.lab.nets import Recurrent, as_in_keras

STEPS = 50
ONE, TWO = "one layer of 32", "two layers of 32"
TRAINED = ((0.2, 0.8), (0.5, 0.5), (0.8, 0.2), (1.0, 0.0))
OTHERS = ((-1.0, 0.8), (-0.4, 0.5), (2.0, 0.5), (3.0, 0.0))
"""Slopes and intercepts of lines such as were trained, and of others."""


def _lines_of(parameters: Any) -> Any:
    """The lines of pairs of slope and intercept."""
    slope, intercept = np.array(parameters).T
    return curves.lines(slope, intercept, steps=STEPS)


def _formula(slope: float, intercept: float) -> str:
    """How a line is called."""
    term = {1.0: "x", -1.0: "−x"}.get(slope, f"{drawing.signed(slope)}·x")
    return f"{term} + {intercept:g}" if intercept else term


COMPARISON = Comparison(
    trained=TWO,
    net=wired.line_parameters(),
    names=list(starmap(_formula, TRAINED + OTHERS)),
    given=_lines_of(TRAINED + OTHERS),
    wanted=np.array(TRAINED + OTHERS),
    known=[True] * len(TRAINED) + [False] * len(OTHERS),
    curves=lambda told: _lines_of(told)[:, :, 0],
)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """One and two layers of LSTM cells; both numbers are read at the last step."""
    numbers = rng.uniform(0.0, 1.0, (2, settings.examples, 2))
    (y, test_y), (x, test_x) = numbers, (_lines_of(part) for part in numbers)
    return [
        Job(
            name,
            lambda layers=layers: as_in_keras(Recurrent(1, 32, 2, layers=layers, last=True)),  # type: ignore[misc]
            Data(x, y, test_x, test_y),
            Recipe.of(settings),
        )
        for name, layers in ((ONE, 1), (TWO, 2))
    ]


def _told(run: Run, parameters: Any) -> Any:
    return run.predict(TWO, _lines_of(parameters))


def measure(run: Run) -> dict[str, Any]:
    """Errors on lines as trained, and what the larger net tells of others."""
    told = _told(run, OTHERS)
    off = np.abs(told - OTHERS)
    return {
        "error": {name: fit.test_loss for name, fit in run.fits.items()},
        "told": {
            f"{slope:g},{intercept:g}": found.tolist()
            for (slope, intercept), found in zip(OTHERS, told, strict=True)
        },
        "falling": float(off[:2].max()),
        "steep": float(off[2:].max()),
        "by_hand": COMPARISON.measure(run),
    }


@picture("Lines (dotted) and the lines that the net tells (solid).")
def _lines(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.4, height=3.6)
    for axis, title, chosen in zip(
        axes, ("Lines such as were trained", "Other lines"), (TRAINED, OTHERS), strict=True
    ):
        given, told = (_lines_of(p)[:, :, 0] for p in (chosen, _told(run, chosen)))
        drawing.family(axis, curves.points(STEPS), given, told, list(starmap(_formula, chosen)))
        drawing.label(axis, title, "x", "y")
        drawing.legend_under(axis, ncols=2)
    return figure


@picture(
    "Slope and intercept of lines, and what the net tells of them: outside of the slopes that it "
    "was trained with, it draws them in."
)
def _parameters(run: Run) -> drawing.Figure:
    figure, (axis,) = drawing.panels(width=5.4, height=4.4)
    given = np.array([(m, t) for m in np.linspace(-1, 2, 13) for t in np.linspace(0, 1, 5)])
    trained = (given[:, 0] >= 0) & (given[:, 0] <= 1)
    for start, end, known in zip(given, _told(run, given), trained, strict=True):
        colour = drawing.COLOURS[0 if known else 1]
        axis.plot(*np.stack([start, end]).T, color=colour, linewidth=1)
        axis.plot(*start, "o", color="white", markeredgecolor=colour, markersize=4)
        axis.plot(*end, "o", color=colour, markersize=3)
    for number, name in ((0, "slope as trained"), (1, "slope outside")):
        axis.plot([], [], "o-", color=drawing.COLOURS[number], markersize=3, label=name)
    drawing.label(axis, "From what was given (circle) to what is told (dot)", "slope", "intercept")
    drawing.legend_under(axis, ncols=2, by=0.13)
    return figure


@picture("What the net would tell at every step; dots are the truth.")
def _memory(run: Run) -> drawing.Figure:
    net: Any = run.nets[TWO]
    head = head_of(net.head)
    told = record_gates(net.recurrent, _lines_of(TRAINED))[-1]["hidden"] @ head.weight.T + head.bias
    figure, axes = drawing.panels(2, width=4.0, height=3.0)
    for number, (axis, name) in enumerate(zip(axes, ("slope", "intercept"), strict=True)):
        for curve, colour, true in zip(told, drawing.shades(len(TRAINED)), TRAINED, strict=True):
            style = {"color": colour, "label": _formula(*true)}
            axis.plot(curves.points(STEPS), curve[:, number], linewidth=1.6, **style)
            axis.plot([1.0], [true[number]], "o", color=colour, markersize=5, clip_on=False)
        drawing.label(axis, f"{name}, if read at this step", "x", name)
    drawing.legend_right(axes[1])
    return figure


EXPERIMENT = Experiment(
    name="line-parameters",
    title="Sequence to vector: slope and intercept of a line",
    source=f"{curves.SOURCE}: sequence to vector, Slope and intercept.",
    task="A net reads a line y = m·x + t, from x = 0 to x = 1 in 50 steps, and has to tell the "
    "slope m and the intercept t after the last step. Both are between 0 and 1 in training, a "
    "range that is inferred from the description of lost figures; then come lines beyond it. "
    "Weights start as in Keras, which the source used.",
    presets=presets(examples=(1_000, 1_000), batch=(50, 50), epochs=(40, 250), rate=(0.005, 0.001)),
    jobs=jobs,
    measure=measure,
    pictures=(
        _lines,
        _parameters,
        _memory,
        drawing.LEARNING_CURVES,
        COMPARISON.picture("Lines such as were trained and others, as what is told of them"),
    ),
    claims=(
        Claim(
            "Slope and intercept are learned.",
            "mean squared error on new lines: two layers {error[two layers of 32]:.1e}, one layer "
            "{error[one layer of 32]:.1e}",
            lambda m: m["error"][TWO] < 0.003,
            "judged for two layers as below 0.003",
        ),
        Claim(
            "Negative slopes are not handled well.",
            "(−0.4, 0.5) → ({told[-0.4,0.5][0]:.2f}, {told[-0.4,0.5][1]:.2f}), (−1, 0.8) → "
            "({told[-1,0.8][0]:.2f}, {told[-1,0.8][1]:.2f})",
            lambda m: m["falling"] > 0.1,
            "judged as more than 0.1 wrong",
        ),
        Claim(
            "Larger slopes are not handled well.",
            "(2, 0.5) → ({told[2,0.5][0]:.2f}, {told[2,0.5][1]:.2f}), (3, 0) → "
            "({told[3,0][0]:.2f}, {told[3,0][1]:.2f})",
            lambda m: m["steep"] > 0.1,
            "judged as more than 0.1 wrong",
        ),
        COMPARISON.claim(),
    ),
)
