"""Lines through ten, five and one latent numbers; and lines with intercepts through two."""

from __future__ import annotations

from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing, encoding, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import lines, points
from reberlstm.lab.encoding import RECONSTRUCTED, draw_decoded, encode
from reberlstm.lab.experiment import Claim, Experiment, Job, Recipe, Run, picture
from reberlstm.lab.gates import TITLES, record_gates
from reberlstm.net.cells.cell import Floats

ONE, TWO = "1 latent", "2 latent, intercepts"
SIZES = {"10 latent": 10, "5 latent": 5, ONE: 1}
SLOPES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
NAMES = [f"slope {slope:g}" for slope in SLOPES]
ALL_SLOPES = np.linspace(0.0, 1.0, 101)
INTERCEPTS = (0.0, 0.2, 0.4)
HALF = 0.5
"""With intercepts, slopes and intercepts go up to this, so that lines stay below 1."""


def by_hand(steps: int = curves.STEPS) -> Comparison:
    """The net with one latent number next to the one wired by hand."""
    return Comparison(
        trained=ONE,
        net=wired.LineAutoencoder(steps),
        names=[*NAMES, "slope −0.5", "slope 2"],
        given=lines((*SLOPES, -0.5, 2.0), steps=steps),
        known=[True] * len(SLOPES) + [False, False],
    )


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """The same autoencoder with ten, five and one latent numbers; and with two, on more lines."""
    recipe, steps = Recipe.of(settings), settings.steps

    def anywhere(count: int) -> Floats:
        slopes, intercepts = rng.uniform(0.0, HALF, (2, count))
        return lines(slopes, intercepts, steps)

    data = encoding.data(settings, lambda n: lines(rng.uniform(0.0, 1.0, n), steps=steps))
    found = [Job(name, encoding.net([32], size), data, recipe) for name, size in SIZES.items()]
    more = encoding.data(settings, anywhere)
    return [*found, Job(TWO, encoding.net([32], 2), more, recipe)]


def measure(run: Run) -> dict[str, Any]:
    """What is left, the end of the steepest line, and the parameters as Keras counts them."""
    steepest = lines(1.0, steps=run.settings.steps)
    latent = encode(run, "10 latent", lines(ALL_SLOPES, steps=run.settings.steps))
    spread = np.linalg.svd(latent - latent.mean(0), compute_uv=False) ** 2
    both = run.fits[ONE].parameters
    net: Any = run.nets[ONE]
    second = sum(p.numel() for name, p in net.named_parameters() if "bias_hh" in name)
    return {
        **{f"left_{size}": encoding.rest(run, name) for name, size in SIZES.items()},
        "left_2": encoding.rest(run, TWO),
        "top": float(run.predict(ONE, steepest)[0, -1, 0]),
        "first_direction": float(spread[0] / spread.sum()),
        "parameters": both,
        "keras_parameters": both - second,
        **by_hand(run.settings.steps).measure(run),
    }


@picture("Lines (broad) and their reconstructions (thin).")
def _lines(run: Run) -> drawing.Figure:
    given = lines(SLOPES, steps=run.settings.steps)
    shown = {}
    for name, size in SIZES.items():
        rest = 100 * run.measured[f"left_{size}"]
        title = f"{name}: {rest:.2g} % of the variance left"
        shown[title] = (given, run.predict(name, given), NAMES)
    return drawing.families(shown, width=3.6, height=3.2, y="")


@picture("Lines with intercepts (broad) and their reconstructions from two latent numbers (thin).")
def _intercepts(run: Run) -> drawing.Figure:
    slopes, shown = (0.0, 0.1, 0.3, 0.5), {}
    names = [f"slope {slope:g}" for slope in slopes]
    for start in INTERCEPTS:
        given = lines(slopes, start, steps=run.settings.steps)
        shown[f"intercept {start:g}"] = (given, run.predict(TWO, given), names)
    return drawing.families(shown, width=3.4, height=3.0)


@picture(
    "The latent numbers over the slope, a curve for each number, and what the decoder makes of a "
    "single one."
)
def _latent(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, 2, width=4.2, height=3.0)
    for axis, name in zip(axes, SIZES, strict=False):
        latent = encode(run, name, lines(ALL_SLOPES, steps=run.settings.steps))
        axis.plot(ALL_SLOPES, latent, color=drawing.colour(run, name), linewidth=1.4)
        drawing.label(axis, f"{name}: its values over the slope", "slope", "latent value")
    draw_decoded(axes[3], run, ONE, latent)
    return figure


@picture("How the single latent number comes about: the cell that holds it, over the steps.")
def _memory(run: Run) -> drawing.Figure:
    net: Any = run.nets[ONE]
    first, last = net.encoder.layers
    (before,) = record_gates(first, lines(SLOPES, steps=run.settings.steps))
    (cell,) = record_gates(last, before["hidden"])
    shown = {name: f"The latent cell: {TITLES[name]}" for name in ("forget", "memory")}
    shown["hidden"] = "The latent cell: what it gives out"
    figure, axes = drawing.panels(shown.values(), x="x", width=3.6, height=2.8)
    for axis, quantity in zip(axes, shown, strict=True):
        drawing.fan(axis, points(run.settings.steps), cell[quantity][:, :, 0], NAMES)
    drawing.legend_right(axes[2])
    return figure


EXPERIMENT = Experiment(
    name="autoencoder-line",
    title="Lines through ten, five and one latent numbers",
    source=f"{curves.SOURCE}: Autoencoder, Line; its code gives nets and data.",
    task="A layer of 32 LSTM cells reads a line y = m·x step by step, a second layer of few cells "
    "gives its last outputs, the latent numbers; these are repeated for every step and go through "
    "32 cells and one, whose output is to be the line again. Slopes m are uniform between 0 and 1. "
    "A fourth net has two latent numbers and lines with intercepts, slope and intercept between 0 "
    "and ½. The last layer is an LSTM, so its output stays below 1, and the line of slope 1 is out "
    "of its reach at the end. Weights start as in Keras.",
    presets=encoding.presets_of_source((100, 250)),
    jobs=jobs,
    measure=measure,
    pictures=(
        _lines,
        _intercepts,
        _latent,
        _memory,
        drawing.LEARNING_CURVES,
        by_hand().picture(
            "Lines through one number and back", lambda run: by_hand(run.settings.steps)
        ),
    ),
    claims=(
        Claim(
            "regenerated",
            "Lines are regenerated from ten, five and one latent numbers.",
            {
                "left_10": "part of the variance left, ten",
                "left_5": "five",
                "left_1": "one",
                "top": "end of the line of slope 1, from one",
            },
            lambda m: max(m["left_10"], m["left_5"], m["left_1"]) < RECONSTRUCTED,
            f"judged as less than {RECONSTRUCTED} for each",
            "The output is that of an LSTM cell: it begins at 0 and stays below 1. `lab why "
            "saturates-at-1` shows it on a small net.",
            figure="lines",
        ),
        Claim(
            "two-latents",
            "Two latent numbers are enough for slope and intercept.",
            {
                "left_2": "part of the variance of lines with intercepts left, two",
                "first_direction": "variance of ten latent numbers in their first direction, "
                "intercept 0",
            },
            lambda m: m["left_2"] < RECONSTRUCTED,
            f"judged as less than {RECONSTRUCTED}; in the source's code all intercepts are 0, so "
            "that one number says all",
            "With an intercept, a line does not begin at 0, but an LSTM's output does: the first "
            "steps are wrong.",
            figure="intercepts",
        ),
        Claim(
            "parameters",
            "The net with one latent number has 8,976 parameters.",
            {
                "keras_parameters": "parameters with one bias for a gate, as in Keras",
                "parameters": "with two biases",
            },
            lambda m: m["keras_parameters"] == 8_976,
            "PyTorch has two biases for every gate",
            by_hand=True,
        ),
        by_hand().claim(),
    ),
)
