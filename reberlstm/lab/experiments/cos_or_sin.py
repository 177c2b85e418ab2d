"""A constant in, a wave out: zeros are to give the cosine, ones the sine."""

from __future__ import annotations

from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import STEPS, points
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.gates import record_gates
from reberlstm.lab.nets import Recurrent, Stack
from reberlstm.net.cells.cell import Floats

HEAD, BOUNDED = "LSTM 32 and a linear layer", "LSTM 32 and LSTM 1"
NAMES = ["0 → cosine", "1 → sine"]
WAVES = curves.sines(1.0, shift=[np.pi / 20, 0.0])
"""The cosine and the sine."""


def _constants(values: Any) -> Floats:
    return np.repeat(np.array(values, dtype=float), STEPS).reshape(-1, STEPS, 1)


BOTH = _constants([0.0, 1.0])
COMPARISON = Comparison(
    trained=HEAD,
    net=wired.cosine_or_sine(curves.FREQUENCY / (STEPS - 1)),
    names=NAMES,
    given=BOTH,
    wanted=WAVES,
    known=[True, True],
    ordered=False,
)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """A net with a linear output, and one whose output is an LSTM cell as in the source's code."""
    recipe, data = Recipe.of(settings, batch=2), Data(BOTH, WAVES)
    return [
        Job(HEAD, lambda: Recurrent(1, 32, 1), data, recipe),
        Job(BOUNDED, lambda: Stack([1, 32, 1]), data, recipe),
    ]


def measure(run: Run) -> dict[str, Any]:
    """The errors of both waves, and the phases of what comes for constants in between."""
    errors = {name: ((run.predict(name, BOTH) - WAVES) ** 2).mean((1, 2)) for name in run.jobs}
    between = run.predict(HEAD, _constants(np.linspace(0.0, 1.0, 5)))[:, :, 0]
    return {
        "error": {
            name: dict(zip(("cosine", "sine"), both.tolist(), strict=True))
            for name, both in errors.items()
        },
        "phases": [float(phase) if abs(phase) >= 0.5 else 0.0 for phase in curves.phases(between)],
        "by_hand": COMPARISON.measure(run),
    }


@picture("What the nets give for zeros and ones, over the waves.")
def _waves(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.4, height=3.2, sharey=True)
    for axis, name in zip(axes, run.jobs, strict=True):
        found = run.predict(name, BOTH)[:, :, 0]
        for row, wave in enumerate(NAMES):
            axis.plot(points(), WAVES[row, :, 0], color=drawing.TARGET, linewidth=4, alpha=0.6)
            axis.plot(points(), found[row], color=drawing.COLOURS[row], linewidth=1.6, label=wave)
        drawing.label(axis, name, "x", "y" if axis is axes[0] else "")
    drawing.legend_right(axes[1])
    return figure


@picture("What comes for constants that were never trained.")
def _between(run: Run) -> drawing.Figure:
    figure, (axis,) = drawing.panels(width=6.0, height=3.4)
    values = np.linspace(0.0, 1.0, 9)
    waves = run.predict(HEAD, _constants(values))[:, :, 0]
    drawing.fan(axis, points(), waves, [f"{value:g}" for value in values])
    drawing.label(axis, f"{HEAD}: constants between those trained", "x", "y")
    drawing.legend_right(axis, title="constant")
    return figure


@picture(
    "The outputs of the 32 cells in their two main directions, from the large dot on, a dot a step."
)
def _memory(run: Run) -> drawing.Figure:
    hidden = record_gates(run.nets[HEAD].recurrent, BOTH)[0]["hidden"]
    centred = hidden - hidden.mean((0, 1))
    directions = np.linalg.svd(np.concatenate(list(centred)), full_matrices=False)[2]
    figure, (axis,) = drawing.panels(width=4.6, height=4.2)
    for row, wave in enumerate(NAMES):
        first, second = (centred[row] @ directions[:2].T).T
        axis.plot(first, second, ".-", color=drawing.COLOURS[row], linewidth=1.2, label=wave)
        axis.plot(first[0], second[0], "o", color=drawing.COLOURS[row], markersize=8)
    drawing.label(axis, "Where the 32 outputs go", "first direction", "second direction")
    drawing.legend(axis)
    return figure


EXPERIMENT = Experiment(
    name="cos-or-sin",
    title="Zero in, cosine out; one in, sine out",
    source=f"{curves.SOURCE}: Autoencoder, Sine and cosine.",
    task="A net that reads 100 zeros is to give cos 10x step by step, and sin 10x if it reads 100 "
    "ones: an oscillator that must be started in the right phase. Next to a net with a linear "
    "output there is one whose last layer is a single LSTM cell, as in the code of the source; it "
    "cannot reach 1, where the cosine begins.",
    presets=presets(epochs=(1_000, 5_000), rate=(0.01, 0.001)),
    jobs=jobs,
    measure=measure,
    pictures=(
        _waves,
        _between,
        _memory,
        drawing.LEARNING_CURVES,
        COMPARISON.picture("Zeros and ones"),
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
        COMPARISON.claim(),
    ),
)
