"""A line into a recurrent net, and its slope and intercept out."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import copying, drawing, wired
from reberlstm.lab.beside import Beside
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Picture, Recipe, Run, Settings
from reberlstm.lab.inside import look_inside
from reberlstm.lab.nets import Recurrent, as_in_keras
from reberlstm.lab.waves import lines, points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = 50
ONE, TWO = "one layer of 32", "two layers of 32"
INSIDE = ((0.2, 0.8), (0.5, 0.5), (0.8, 0.2), (1.0, 0.0))
OUTSIDE = ((-1.0, 0.8), (-0.4, 0.5), (2.0, 0.5), (3.0, 0.0))
"""Slopes and intercepts of lines such as were trained, and of others."""


def _lines(parameters: Any) -> Any:
    """The lines of pairs of slope and intercept."""
    slope, intercept = np.array(parameters).T
    return lines(slope, intercept, steps=STEPS)


def _formula(slope: float, intercept: float) -> str:
    """How a line is called."""
    term = {1.0: "x", -1.0: "−x"}.get(slope, f"{drawing.signed(slope)}·x")
    return f"{term} + {intercept:g}" if intercept else term


BESIDE = Beside(
    trained=TWO,
    net=wired.line_parameters(),
    names=list(starmap(_formula, INSIDE + OUTSIDE)),
    given=_lines(INSIDE + OUTSIDE),
    wanted=np.array(INSIDE + OUTSIDE),
    known=[True] * len(INSIDE) + [False] * len(OUTSIDE),
    curves=lambda told: _lines(told)[:, :, 0],
)


def jobs(settings: Settings, rng: np.random.Generator) -> list[Job]:
    """One and two layers of LSTM cells; both numbers are read at the last step."""
    numbers = rng.uniform(0.0, 1.0, (2, settings.examples, 2))
    (y, test_y), (x, test_x) = numbers, (_lines(part) for part in numbers)
    recipe = Recipe(epochs=settings.epochs, batch=settings.batch, learning_rate=settings.rate)
    return [
        Job(
            name,
            lambda layers=layers: as_in_keras(Recurrent(1, 32, 2, layers=layers, last=True)),  # type: ignore[misc]
            Data(x, y, test_x, test_y),
            recipe,
        )
        for name, layers in ((ONE, 1), (TWO, 2))
    ]


def _told(run: Run, parameters: Any) -> Any:
    return run.predict(TWO, _lines(parameters))


def measure(run: Run) -> dict[str, Any]:
    """Errors on lines as trained, and what the larger net tells of others."""
    return {
        "error": {name: fit.test_loss for name, fit in run.fits.items()},
        "told": {
            f"{slope:g},{intercept:g}": found.tolist()
            for (slope, intercept), found in zip(OUTSIDE, _told(run, OUTSIDE), strict=True)
        },
        "falling": float(np.abs(_told(run, OUTSIDE[:2]) - OUTSIDE[:2]).max()),
        "steep": float(np.abs(_told(run, OUTSIDE[2:]) - OUTSIDE[2:]).max()),
        "by_hand": BESIDE.measure(run),
    }


def draw_lines(run: Run) -> Figure:
    """Lines and the lines that the net tells."""
    figure, axes = drawing.panels(2, width=4.4, height=3.6)
    for axis, title, chosen in zip(
        axes, ("Lines such as were trained", "Other lines"), (INSIDE, OUTSIDE), strict=True
    ):
        given, told = (_lines(p)[:, :, 0] for p in (chosen, _told(run, chosen)))
        names = list(starmap(_formula, chosen))
        drawing.family(axis, points(STEPS), given, told, names)
        drawing.label(axis, title, "x", "y")
        drawing.legend(axis, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return figure


def draw_parameters(run: Run) -> Figure:
    """Where slope and intercept are told to be, over a grid of both, far beyond the training."""
    figure, (axis,) = drawing.panels(width=5.4, height=4.4)
    given = np.array([(m, t) for m in np.linspace(-1, 2, 13) for t in np.linspace(0, 1, 5)])
    told = _told(run, given)
    trained = (given[:, 0] >= 0) & (given[:, 0] <= 1)
    for start, end, known in zip(given, told, trained, strict=True):
        colour = drawing.COLOURS[0 if known else 1]
        axis.plot(*np.stack([start, end]).T, color=colour, linewidth=1)
        axis.plot(*start, "o", color="white", markeredgecolor=colour, markersize=4)
        axis.plot(*end, "o", color=colour, markersize=3)
    for number, name in ((0, "slope as trained"), (1, "slope outside")):
        axis.plot([], [], "o-", color=drawing.COLOURS[number], markersize=3, label=name)
    drawing.label(axis, "From what was given (circle) to what is told (dot)", "slope", "intercept")
    drawing.legend(axis, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
    return figure


def draw_memory(run: Run) -> Figure:
    """What the net would tell at every step."""
    net: Any = run.nets[TWO]
    given = np.array(INSIDE)
    top = look_inside(net.recurrent, _lines(given))[-1]
    weight, bias = (part.detach().double().numpy() for part in (net.head.weight, net.head.bias))
    told = top.hidden @ weight.T + bias
    figure, axes = drawing.panels(2, width=4.0, height=3.0)
    for number, (axis, name) in enumerate(zip(axes, ("slope", "intercept"), strict=True)):
        for curve, colour, true in zip(told, drawing.shades(len(given)), given, strict=True):
            says = {"color": colour, "label": _formula(*true)}
            axis.plot(points(STEPS), curve[:, number], linewidth=1.6, **says)
            axis.plot([1.0], [true[number]], "o", color=colour, markersize=5, clip_on=False)
        drawing.label(axis, f"{name}, if read at this step", "x", name)
    drawing.legend(axes[1], loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


EXPERIMENT = Experiment(
    name="line-parameters",
    title="Sequence to vector: slope and intercept of a line",
    source=f"{copying.SOURCE}: sequence to vector, Slope and intercept.",
    task="A net reads a line y = m·x + t, from x = 0 to x = 1 in 50 steps, and has to tell the "
    "slope m and the intercept t after the last step. Both are between 0 and 1 in training, a "
    "range that is inferred from the description of lost figures; then come lines beyond it. "
    "Weights start as in Keras, which the source used.",
    presets={
        "quick": {"examples": 1_000, "batch": 50, "epochs": 40, "rate": 0.005},
        "source": {"examples": 1_000, "batch": 50, "epochs": 250, "rate": 0.001},
    },
    jobs=jobs,
    measure=measure,
    pictures=(
        Picture("lines", "Lines (dotted) and the lines that the net tells (solid).", draw_lines),
        Picture(
            "parameters",
            "Slope and intercept of lines, and what the net tells of them: outside of the slopes "
            "that it was trained with, it draws them in.",
            draw_parameters,
        ),
        Picture(
            "memory",
            "What the net would tell at every step; dots are the truth.",
            draw_memory,
        ),
        Picture("learning-curves", "Mean squared error over the epochs.", drawing.learning_curves),
        BESIDE.picture("Lines such as were trained and others, as what is told of them"),
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
        BESIDE.claim(),
    ),
)
