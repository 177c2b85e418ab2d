"""A constant in, a wave out: zeros are to give the cosine, ones the sine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import coding, drawing, wired
from reberlstm.lab.beside import Beside
from reberlstm.lab.experiment import (
    Array,
    Claim,
    Data,
    Experiment,
    Job,
    Picture,
    Recipe,
    Run,
    Settings,
)
from reberlstm.lab.inside import look_inside
from reberlstm.lab.nets import Recurrent, Stack
from reberlstm.lab.waves import FREQUENCY, STEPS, points, sines

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAD, BOUNDED = "LSTM 32 and a linear layer", "LSTM 32 and LSTM 1"
WAVES = sines(1.0, shift=[np.pi / 20, 0.0])
"""The cosine and the sine."""


def _constants(values: Any) -> Array:
    return np.repeat(np.array(values, dtype=float), STEPS).reshape(-1, STEPS, 1)


BESIDE = Beside(
    trained=HEAD,
    net=wired.cosine_or_sine(FREQUENCY / (STEPS - 1)),
    names=["0 → cosine", "1 → sine"],
    given=_constants([0.0, 1.0]),
    wanted=WAVES,
    known=[True, True],
    alike=False,
)


def jobs(settings: Settings, rng: np.random.Generator) -> list[Job]:
    """A net with a linear output, and one whose output is an LSTM cell as in the source's code."""
    recipe = Recipe(epochs=settings.epochs, batch=2, learning_rate=settings.rate)
    data = Data(_constants([0.0, 1.0]), WAVES)
    return [
        Job(HEAD, lambda: Recurrent(1, 32, 1), data, recipe),
        Job(BOUNDED, lambda: Stack([1, 32, 1]), data, recipe),
    ]


def measure(run: Run) -> dict[str, Any]:
    """The errors of both waves, and the phases of what comes for constants in between."""
    errors = {}
    for name in run.jobs:
        found = run.predict(name, _constants([0.0, 1.0]))
        errors[name] = {
            wave: float(np.mean((found[row] - WAVES[row]) ** 2))
            for row, wave in enumerate(("cosine", "sine"))
        }
    between = run.predict(HEAD, _constants(np.linspace(0.0, 1.0, 5)))[:, :, 0]
    return {
        "error": errors,
        "phases": [float(phase) if abs(phase) >= 0.5 else 0.0 for phase in coding.phases(between)],
        "by_hand": BESIDE.measure(run),
    }


def draw_waves(run: Run) -> Figure:
    """A panel for every net: both waves."""
    figure, axes = drawing.panels(2, width=4.4, height=3.2, sharey=True)
    for axis, name in zip(axes, run.jobs, strict=True):
        found = run.predict(name, _constants([0.0, 1.0]))[:, :, 0]
        for row, wave in enumerate(("0 → cosine", "1 → sine")):
            axis.plot(points(), WAVES[row, :, 0], color=drawing.TARGET, linewidth=4, alpha=0.6)
            axis.plot(points(), found[row], color=drawing.COLOURS[row], linewidth=1.6, label=wave)
        drawing.label(axis, name, "x", "y" if axis is axes[0] else "")
    drawing.legend(axes[1], loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def draw_between(run: Run) -> Figure:
    """What constants between 0 and 1 give."""
    figure, (axis,) = drawing.panels(width=6.0, height=3.4)
    values = np.linspace(0.0, 1.0, 9)
    waves = run.predict(HEAD, _constants(values))[:, :, 0]
    for value, wave, colour in zip(values, waves, drawing.shades(9), strict=True):
        axis.plot(points(), wave, color=colour, linewidth=1.5, label=f"{value:g}")
    drawing.label(axis, f"{HEAD}: constants between those trained", "x", "y")
    drawing.legend(axis, loc="center left", bbox_to_anchor=(1.0, 0.5), title="constant")
    return figure


def draw_memory(run: Run) -> Figure:
    """The memory as it turns: its two main directions, for zeros and for ones."""
    net: Any = run.nets[HEAD]
    (layer,) = look_inside(net.recurrent, _constants([0.0, 1.0]))
    centre = layer.hidden.mean((0, 1))
    directions = np.linalg.svd(np.concatenate(list(layer.hidden - centre)), full_matrices=False)[2]
    figure, (axis,) = drawing.panels(width=4.6, height=4.2)
    for row, wave in enumerate(("0 → cosine", "1 → sine")):
        first, second = ((layer.hidden[row] - centre) @ directions[:2].T).T
        axis.plot(first, second, ".-", color=drawing.COLOURS[row], linewidth=1.2, label=wave)
        axis.plot(first[0], second[0], "o", color=drawing.COLOURS[row], markersize=8)
    drawing.label(axis, "Where the 32 outputs go", "first direction", "second direction")
    drawing.legend(axis)
    return figure


EXPERIMENT = Experiment(
    name="cos-or-sin",
    title="Zero in, cosine out; one in, sine out",
    source=f"{coding.SOURCE}, Sine and cosine.",
    task="A net that reads 100 zeros is to give cos 10x step by step, and sin 10x if it reads 100 "
    "ones: an oscillator that must be started in the right phase. Beside a net with a linear "
    "output there is one whose last layer is a single LSTM cell, as in the code of the source; it "
    "cannot reach 1, where the cosine begins.",
    presets={
        "quick": {"epochs": 1_000, "rate": 0.01},
        "source": {"epochs": 5_000, "rate": 0.001},
    },
    jobs=jobs,
    measure=measure,
    pictures=(
        Picture("waves", "What the nets give for zeros and ones, over the waves.", draw_waves),
        Picture("between", "What comes for constants that were never trained.", draw_between),
        Picture(
            "memory",
            "The outputs of the 32 cells in their two main directions, from the large dot on, a "
            "dot a step.",
            draw_memory,
        ),
        Picture("learning-curves", "Mean squared error over the epochs.", drawing.learning_curves),
        BESIDE.picture("Zeros and ones"),
    ),
    claims=(
        Claim(
            "(assumed beforehand) It will learn a sine that lies between sine and cosine.",
            "zeros give a wave of phase {phases[0]:.0f}°, ones of {phases[4]:.0f}°, and a half one "
            "of {phases[2]:.0f}°; the sine has 0° and the cosine 90°",
            lambda m: all(20 < m["phases"][end] < 70 for end in (0, 4)),
            "judged for the linear output as both between 20° and 70°",
        ),
        Claim(
            "It learns one of the two perfectly and ignores the other.",
            "mean squared error of cosine and sine: linear output "
            "{error[LSTM 32 and a linear layer][cosine]:.1e} and "
            "{error[LSTM 32 and a linear layer][sine]:.1e}, LSTM cell as output "
            "{error[LSTM 32 and LSTM 1][cosine]:.1e} and {error[LSTM 32 and LSTM 1][sine]:.1e}",
            lambda m: any(
                min(both.values()) < 0.01 and max(both.values()) > 0.25
                for both in m["error"].values()
            ),
            "judged for either net as one below 0.01 and the other above 0.25; with which net and "
            "how long the source trained is not said",
        ),
        BESIDE.claim(),
    ),
)
