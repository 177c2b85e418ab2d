"""A constant in, a wave out: zeros are to give the cosine, ones the sine."""

from __future__ import annotations

from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import STEPS, left, points, sines
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.gates import record_gates
from reberlstm.lab.nets import Recurrent, Stack
from reberlstm.net.cells.cell import Floats

HEAD, BOUNDED = "LSTM 32 and a linear layer", "LSTM 32 and LSTM 1"
NAMES = ("0 → cosine", "1 → sine")
WAVES = sines(1.0, shift=[np.pi / 20, 0.0])
OF_WAVES = drawing.COLOURS[2:4]
LEARNED, IGNORED = 0.05, 0.5
"""A wave is learned if less of its variance is left, and ignored if more."""


def constants(values: Any) -> Floats:
    """Constants (N,) as sequences (N, T, 1)."""
    return np.repeat(np.array(values, dtype=float), STEPS).reshape(-1, STEPS, 1)


BOTH = constants([0.0, 1.0])
TWO_WAVES = Comparison(
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
    """What is left of both waves, which is ignored, and the phases for constants in between."""
    found: dict[str, Any] = {}
    for short, name in (("linear", HEAD), ("cell", BOUNDED)):
        cosine, sine = (left(*both) for both in zip(run.predict(name, BOTH), WAVES, strict=True))
        one = min(cosine, sine) < LEARNED and max(cosine, sine) > IGNORED
        ignored = ("sine" if cosine < sine else "cosine") if one else "neither"
        found |= {f"{short}_cosine": cosine, f"{short}_sine": sine, f"{short}_ignores": ignored}
    between = run.predict(HEAD, constants(np.linspace(0.0, 1.0, 5)))[:, :, 0]
    phases = [float((phase + 180) % 360 - 180) for phase in curves.phases(between).round()]
    worse = int(found["cell_sine"] > found["cell_cosine"])
    output = run.predict(BOUNDED, BOTH)[worse, :, 0]
    negative = WAVES[worse, :, 0] < -0.2
    return {
        **found,
        "phase_of_zeros": phases[0],
        "phase_of_half": phases[2],
        "phase_of_ones": phases[4],
        # How often the worse wave's output is stuck at 0 while the wave is negative.
        "stuck": float((np.abs(output[negative]) < 0.1).mean()),
        **TWO_WAVES.measure(run),
    }


@picture("What the nets give for zeros and ones, over the waves.", name="waves")
def _both_waves(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(run.jobs, x="x", y="y", width=4.4, height=3.2, sharey=True)
    for axis, name in zip(axes, run.jobs, strict=True):
        found = run.predict(name, BOTH)[:, :, 0]
        for row, wave in enumerate(NAMES):
            axis.plot(points(), WAVES[row, :, 0], color=drawing.TARGET, linewidth=4, alpha=0.6)
            axis.plot(points(), found[row], color=OF_WAVES[row], linewidth=1.6, label=wave)
    drawing.legend_right(axes[1])
    return figure


def _output_caption(run: Run) -> str:
    ignored = run.measured["cell_ignores"]
    stuck = f"{100 * run.measured['stuck']:.0f} % of the steps where the wave is negative"
    return (
        f"The output cell of {BOUNDED}. Its output is the output gate times tanh of the memory, so "
        "for a wave it has to bring its memory through 0 in every half turn. With this seed it "
        f"ignores {'none of the waves' if ignored == 'neither' else f'the {ignored}'}; with the "
        f"wave that is worse, the output is within 0.1 of 0 in {stuck}."
    )


@picture(_output_caption)
def _output_cell(run: Run) -> drawing.Figure:
    net: Any = run.nets[BOUNDED]
    (first,) = record_gates(net.layers[0], BOTH)
    (cell,) = record_gates(net.layers[1], first["hidden"])
    titles = {"output": "output gate", "memory": "memory", "hidden": "what it gives out"}
    figure, axes = drawing.panels(titles.values(), x="x", width=3.6, height=2.8)
    for axis, quantity in zip(axes, titles, strict=True):
        for row, wave in enumerate(NAMES):
            values = cell[quantity][row, :, 0]
            axis.plot(points(), values, color=OF_WAVES[row], linewidth=1.6, label=wave)
    drawing.legend_right(axes[2])
    return figure


@picture("What comes for constants that were never trained.")
def _between(run: Run) -> drawing.Figure:
    title = f"{HEAD}: constants between those trained"
    figure, (axis,) = drawing.panels([title], x="x", y="y", width=6.0, height=3.4)
    values = np.linspace(0.0, 1.0, 9)
    waves = run.predict(HEAD, constants(values))[:, :, 0]
    drawing.fan(axis, points(), waves, [f"{value:g}" for value in values])
    drawing.legend_right(axis, title="constant")
    return figure


@picture(
    "The outputs of the 32 cells in their two main directions, from the large dot on, a dot a step."
)
def _memory(run: Run) -> drawing.Figure:
    net: Any = run.nets[HEAD]
    hidden = record_gates(net.recurrent, BOTH)[0]["hidden"]
    centred = hidden - hidden.mean((0, 1))
    directions = np.linalg.svd(np.concatenate(list(centred)), full_matrices=False)[2]
    figure, (axis,) = drawing.panels(width=4.6, height=4.2)
    for row, wave in enumerate(NAMES):
        first, second = (centred[row] @ directions[:2].T).T
        axis.plot(first, second, ".-", color=OF_WAVES[row], linewidth=1.2, label=wave)
        axis.plot(first[0], second[0], "o", color=OF_WAVES[row], markersize=8)
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
        _both_waves,
        _output_cell,
        _between,
        _memory,
        drawing.LEARNING_CURVES,
        TWO_WAVES.picture("Zeros and ones"),
    ),
    claims=(
        Claim(
            "between",
            "(assumed beforehand) It will learn a sine that lies between sine and cosine.",
            {
                "phase_of_zeros": "phase in degrees that zeros give",
                "phase_of_ones": "ones",
                "phase_of_half": "a half one",
            },
            lambda m: all(20 < m[f"phase_of_{fed}"] < 70 for fed in ("zeros", "ones")),
            "judged for the linear output as both between 20° and 70°; sine 0°, cosine 90°",
            "Zeros and ones can be told apart from the first step on, and the cells keep them "
            "apart: no compromise is needed.",
            figure="waves",
        ),
        Claim(
            "ignores",
            "It learns one of the two perfectly and ignores the other.",
            {
                "cell_ignores": "ignored by an LSTM cell as output",
                "cell_cosine": "part of the variance left of the cosine",
                "cell_sine": "of the sine",
                "linear_ignores": "ignored by a linear output",
            },
            lambda m: m["cell_ignores"] != "neither",
            f"judged for the cell, as in the source's code: less than {LEARNED} of the variance of "
            f"one is left and more than {IGNORED} of the other",
            "An output cell can stick at 0 where the wave turns negative: its memory has to go "
            "through 0, and while its gate is closed there, the error hardly reaches the weights. "
            "Whether it gets stuck, the first weights decide; a linear output never does. `lab why "
            "zero-after-some-time` shows it on a small net.",
            fails=True,
            figure="output-cell",
        ),
        TWO_WAVES.claim(),
    ),
)
