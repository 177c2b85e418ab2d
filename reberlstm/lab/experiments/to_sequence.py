"""Sequence to sequence: nets that copy a line, a hill, a sine; and zeros or ones into a wave."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import STEPS, lines, points, rmse, sines
from reberlstm.lab.experiment import (
    Array,
    Claim,
    Data,
    Experiment,
    Job,
    Picture,
    Recipe,
    Run,
    picture,
    presets,
)
from reberlstm.lab.gates import record_gates
from reberlstm.lab.nets import Recurrent, Stack

ALONE = ONE_LAYER, TWO_LAYERS = ("one layer, from y", "two layers, from y")


# Nets that learn to copy the one curve `y`, (T,), that they are fed


def _copying(y: Array, settings: Any, rng: np.random.Generator, with_x: bool = True) -> list[Job]:
    """One and two layers, from (x, y) and from y alone."""
    recipe = Recipe.of(settings, batch=1)
    fed = {"(x, y)": np.stack([points(), y], -1)} if with_x else {}
    return [
        Job(
            f"{says}, from {given}",
            partial(Recurrent, curve.shape[1], settings.hidden, curve.shape[1], layers=layers),
            Data(curve[None], curve[None]),
            recipe,
        )
        for given, curve in {**fed, "y": y[:, None]}.items()
        for layers, says in ((1, "one layer"), (2, "two layers"))
    ]


def _copies(run: Run, name: str, given: Array) -> Array:
    """What a net makes of curves (N, T, 1), as (N, T)."""
    if run.jobs[name].data.x.shape[2] == 2:
        given = np.concatenate([np.broadcast_to(points()[:, None], given.shape), given], -1)
    return run.predict(name, given)[:, :, -1]


def _copying_errors(run: Run, y: Array) -> dict[str, float]:
    """The root mean squared error of y for every net, on the curve it was trained with."""
    return {name: rmse(_copies(run, name, y[None, :, None])[0], y) for name in run.jobs}


def _draw_copies(y: Array, run: Run) -> drawing.Figure:
    """A panel for every net: the curve and what the net makes of it."""
    rows = len(run.jobs) // 2
    figure, axes = drawing.panels(2, rows, width=3.6, height=2.6, sharex=True, sharey=True)
    for number, (axis, name) in enumerate(zip(axes, run.jobs, strict=True)):
        drawing.compare(axis, points(), y, _copies(run, name, y[None, :, None])[0])
        drawing.label(axis, name, "x" if number >= len(axes) - 2 else "", "" if number % 2 else "y")
    drawing.legend(axes[0])
    return figure


def _copies_picture(what: str, y: Array) -> Picture:
    return Picture("copies", f"The {what} and what each net makes of it.", partial(_draw_copies, y))


def _gates_picture(caption: str, name: str, y: Array) -> Picture:
    """Of the first layer of a net, while it reads the curve `y`."""

    def draw(run: Run) -> drawing.Figure:
        layer = record_gates(run.nets[name].recurrent, y[:, None])[0]
        return drawing.gates(layer, title=f"Inside: {name}")

    return Picture("inside", caption, draw)


# A line


THE_LINE = lines(1.0)[0, :, 0]
LINE_SLOPES = (-0.5, 0.25, 0.5, 1.0, 1.5)
OTHER_LINES = lines(LINE_SLOPES)
LINE_NAMES = [f"{drawing.signed(slope)}·x" for slope in LINE_SLOPES]

LINES = Comparison(
    trained=ONE_LAYER,
    net=wired.copy(),
    names=LINE_NAMES,
    given=OTHER_LINES,
    known=[slope == 1.0 for slope in LINE_SLOPES],
)


def _measure_line(run: Run) -> dict[str, Any]:
    """Errors on the line, and on other lines that an identity would copy as well."""
    wanted = OTHER_LINES[:, :, 0]
    return {
        "error": _copying_errors(run, THE_LINE),
        "elsewhere": {n: rmse(_copies(run, n, OTHER_LINES), wanted) for n in ALONE},
        "by_hand": LINES.measure(run),
    }


@picture(
    "Lines of other slopes (dotted) and what the nets give back (solid): what was learned is the "
    "line, and the identity only near it."
)
def _other_lines(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.0, height=3.2, sharey=True)
    for axis, name in zip(axes, ALONE, strict=True):
        found = _copies(run, name, OTHER_LINES)
        drawing.family(axis, points(), OTHER_LINES[:, :, 0], found, LINE_NAMES)
        drawing.label(axis, name, "x", "y" if axis is axes[0] else "")
    drawing.legend_right(axes[1])
    return figure


LINE = Experiment(
    name="line",
    title="Sequence to sequence: copy a line",
    source=f"{curves.SOURCE}: sequence to sequence, X-Y.",
    task="A net reads the points of the line y = x, from x = 0 to x = 1 in 100 steps, and has to "
    "give them back step by step: from (x, y), then from y alone, with one layer of LSTM cells and "
    "with two. There is one training sequence, and the loss is the mean squared error.",
    presets=presets(
        epochs=(600, 3_000), rate=(0.2, 0.2), optimiser=("sgd", "sgd"), hidden=(32, 32)
    ),
    jobs=partial(_copying, THE_LINE),
    measure=_measure_line,
    pictures=(
        _copies_picture("line", THE_LINE),
        drawing.LEARNING_CURVES,
        _other_lines,
        LINES.picture("Lines of several slopes"),
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
        LINES.claim(),
    ),
)

# A hill


THE_HILL = np.sin(np.pi * points())
GOOD = 0.05
"""A root mean squared error below this is near enough to the hill."""

HEIGHTS = (0.25, 0.5, 1.0, 1.5)
HILLS = Comparison(
    trained=ONE_LAYER,
    net=wired.copy(),
    names=[f"height {height:g}" for height in HEIGHTS],
    given=np.outer(HEIGHTS, THE_HILL)[:, :, None],
    known=[height == 1.0 for height in HEIGHTS],
)


def _measure_hill(run: Run) -> dict[str, Any]:
    """Errors, and how long the nets took to come near the hill."""
    return {
        "error": _copying_errors(run, THE_HILL),
        "epochs": {name: fit.epochs_to(GOOD**2) for name, fit in run.fits.items()},
        "by_hand": HILLS.measure(run),
    }


HILL = Experiment(
    name="hill",
    title="Sequence to sequence: copy a hill",
    source=f"{curves.SOURCE}: sequence to sequence, X-Y and Only Y.",
    task="As in `line`, but the curve goes up and down again: y = sin(πx), in 100 steps. First "
    "from (x, y), then from y alone, with one layer of LSTM cells and with two. The source's hill "
    "is lost; its text says only that it is like a hill.",
    presets=presets(
        epochs=(1_200, 6_000), rate=(0.1, 0.1), optimiser=("sgd", "sgd"), hidden=(32, 32)
    ),
    jobs=partial(_copying, THE_HILL),
    measure=_measure_hill,
    pictures=(
        _copies_picture("hill", THE_HILL),
        drawing.LEARNING_CURVES,
        _gates_picture(
            "Every gate and memory of the one-layer net from y alone, on the hill.",
            ONE_LAYER,
            THE_HILL,
        ),
        HILLS.picture("Hills of several heights"),
    ),
    claims=(
        Claim(
            "A hill needs a second layer.",
            "root mean squared error from (x, y): one layer {error[one layer, from (x, y)]:.3f}, "
            "two layers {error[two layers, from (x, y)]:.3f}",
            lambda m: (
                m["error"]["one layer, from (x, y)"] > GOOD
                and m["error"]["two layers, from (x, y)"] < GOOD
            ),
            f"judged as above {GOOD} with one layer and below with two; the figure is lost",
        ),
        Claim(
            "From y alone it takes a little longer, but the hill is approximated.",
            f"epochs until the root of the loss is {GOOD:g}: "
            "one layer {epochs[one layer, from (x, y)]} from (x, y) and "
            "{epochs[one layer, from y]} from y, two layers {epochs[two layers, from (x, y)]} and "
            "{epochs[two layers, from y]}",
            lambda m: (
                m["epochs"]["two layers, from (x, y)"]
                < m["epochs"]["two layers, from y"]
                < float("inf")
            ),
            "judged for two layers; the loss from (x, y) counts x too",
        ),
        HILLS.claim(),
    ),
)

# A sine, and what the net makes of other curves


HEIGHT = 0.3
THE_SINE = sines(HEIGHT, offset=HEIGHT)[0, :, 0]

SLOPES = (0.1, 0.3, 0.5, 0.7, 0.9, 1.2)
INTERCEPT = 0.3
AMPLITUDES = (0.1, 0.2, 0.3, 0.4, 0.5)
SHIFTS = (-0.1, -0.05, 0.0, 0.05, 0.1)
FREQUENCIES = (5.0, 10.0, 20.0, 40.0)
OF_SLOPES = lines(SLOPES, INTERCEPT)
OF_AMPLITUDES = sines(AMPLITUDES, offset=AMPLITUDES)
OF_SHIFTS = sines(HEIGHT, offset=HEIGHT, shift=SHIFTS)
OF_FREQUENCIES = sines(HEIGHT, offset=HEIGHT, frequency=FREQUENCIES)
"""Curves that the net was not trained with."""

AFTER = 0.2
"""From here on the source finds the frequency right."""

MIDDLE = (points() > 0.2) & (points() < 0.75)
"""Where the valley of every shifted sine lies."""

PROBES = {
    "the sine": THE_SINE[:, None],
    "a line": lines(0.9, INTERCEPT)[0],
    "amplitude 0.5": sines(0.5, offset=0.5)[0],
    "shifted by 0.1": sines(HEIGHT, offset=HEIGHT, shift=0.1)[0],
    "frequency 20": sines(HEIGHT, offset=HEIGHT, frequency=20.0)[0],
    "frequency 40": sines(HEIGHT, offset=HEIGHT, frequency=40.0)[0],
}
CURVES = Comparison(
    trained=TWO_LAYERS,
    net=wired.copy(),
    names=list(PROBES),
    given=np.stack(list(PROBES.values())),
    known=[name == "the sine" for name in PROBES],
    drawn=5,
    ordered=False,
)
OSCILLATOR = wired.wave(curves.FREQUENCY / (len(THE_SINE) - 1), height=HEIGHT, offset=HEIGHT)


def _measure_sine(run: Run) -> dict[str, Any]:
    """Errors on the sine, and what becomes of other curves."""
    return {
        "error": _copying_errors(run, THE_SINE),
        **_of_lines(run),
        # How far the valley lies from 0, where it should be.
        "valley": float(np.abs(_copies(run, TWO_LAYERS, OF_AMPLITUDES)[:, MIDDLE].min(1)).max()),
        "follows": _follows(run),
        "correlation": _correlations(run),
        "by_hand": CURVES.measure(run),
        "oscillator": oscillator_errors(),
    }


def oscillator_errors() -> dict[str, float]:
    """Errors of the net that makes the sine by itself, over as many steps and a hundred times."""
    found: dict[str, float] = {"cells": OSCILLATOR.cells}
    for name, steps in (("", len(THE_SINE)), ("_for_long", 100 * len(THE_SINE))):
        silence = np.zeros((1, steps, 1))
        off = np.abs(OSCILLATOR(silence) - OSCILLATOR.ideal(silence)).max()
        found |= {f"error{name}": float(off), f"bound{name}": OSCILLATOR.bound(silence)}
    return found


def _of_lines(run: Run) -> dict[str, float]:
    """How much lines differ in growth over their second half, and how far they are from lines."""
    x, found = points(), _copies(run, TWO_LAYERS, OF_SLOPES)
    late = x > 0.5
    growth = np.polyfit(x[late], found[:, late].T, 1)[0]
    slope, start = np.polyfit(x, found.T, 1)
    straight = np.outer(slope, x) + start[:, None]
    return {
        "least_ratio": float((growth / SLOPES).min()),
        "most_ratio": float((growth / SLOPES).max()),
        "least_growth": float(growth.min()),
        "most_growth": float(growth.max()),
        "bent": float(np.abs(found - straight).max()),
    }


def _follows(run: Run) -> float:
    """How much of a shift of the sine its valley follows: 0 if it stays, 1 if it is copied."""
    both = (OF_SHIFTS[:, :, 0], _copies(run, TWO_LAYERS, OF_SHIFTS))
    given, found = (points()[MIDDLE][some[:, MIDDLE].argmin(1)] for some in both)
    return float(np.polyfit(given, found, 1)[0])


def _correlations(run: Run) -> dict[str, float]:
    """The correlation of what comes back with what was given, after the beginning."""
    late = points() > AFTER
    curves = zip(OF_FREQUENCIES[:, :, 0], _copies(run, TWO_LAYERS, OF_FREQUENCIES), strict=True)
    return {
        f"at {frequency:g}": float(np.corrcoef(given[late], found[late])[0, 1])
        for frequency, (given, found) in zip(FREQUENCIES, curves, strict=True)
    }


@picture("Lines (dotted) and what the net that learned the sine makes of them (solid).")
def _lines(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.0, height=3.2, sharey=True)
    names = [f"slope {slope:g}" for slope in SLOPES]
    for axis, intercept in zip(axes, (INTERCEPT, 0.0), strict=True):
        given = lines(SLOPES, intercept)
        drawing.family(axis, points(), given[:, :, 0], _copies(run, TWO_LAYERS, given), names)
        drawing.label(axis, f"lines from {intercept:g}", "x", "" if axis is axes[1] else "y")
    drawing.legend_right(axes[1])
    return figure


@picture("Sines of other amplitudes and phases (dotted) and what comes back (solid).")
def _waves(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.6, height=3.2, sharey=True)
    amplitudes = [f"amplitude {amplitude:g}" for amplitude in AMPLITUDES]
    shifts = [f"shifted by {drawing.signed(shift)}" for shift in SHIFTS]
    for axis, title, given, names in (
        (axes[0], "other amplitudes", OF_AMPLITUDES, amplitudes),
        (axes[1], "other phases", OF_SHIFTS, shifts),
    ):
        drawing.family(axis, points(), given[:, :, 0], _copies(run, TWO_LAYERS, given), names)
        drawing.label(axis, title, "x", "" if axis is axes[1] else "y")
        drawing.legend_under(axis, ncols=2)
    return figure


@picture("Sines of other frequencies: the faster the wave, the more are its height and place off.")
def _frequencies(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, 2, width=3.8, height=2.4, sharex=True, sharey=True)
    found = _copies(run, TWO_LAYERS, OF_FREQUENCIES)
    for number, (axis, frequency) in enumerate(zip(axes, FREQUENCIES, strict=True)):
        drawing.compare(axis, points(), OF_FREQUENCIES[number, :, 0], found[number])
        correlation = run.measured["correlation"][f"at {frequency:g}"]
        title = f"frequency {frequency:g}, correlation {correlation:.2f}"
        drawing.label(axis, title, "x" if number > 1 else "", "" if number % 2 else "y")
    drawing.legend(axes[0])
    return figure


SINE = Experiment(
    name="sine",
    title="Sequence to sequence: copy a sine, and what the net makes of other curves",
    source=f"{curves.SOURCE}: sequence to sequence, Sine.",
    task="A net reads y = 0.3·(1 + sin 10x), from x = 0 to x = 1 in 100 steps, and has to give "
    "it back step by step. The net with two layers is then fed with curves that it never saw: "
    "lines, and sines of other amplitudes, phases and frequencies. Height, frequency and steps of "
    "the sine are inferred from descriptions of lost figures.",
    presets=presets(
        epochs=(800, 20_000), rate=(0.003, 0.1), optimiser=("adam", "sgd"), hidden=(32, 32)
    ),
    jobs=partial(_copying, THE_SINE, with_x=False),
    measure=_measure_sine,
    pictures=(
        _copies_picture("sine", THE_SINE),
        _lines,
        _waves,
        _frequencies,
        _gates_picture(
            "Every gate and memory of the first of two layers, on the sine.", TWO_LAYERS, THE_SINE
        ),
        drawing.LEARNING_CURVES,
        CURVES.picture("The sine, and curves that the trained net never saw"),
    ),
    claims=(
        Claim(
            "The sine is learned.",
            "root mean squared error: one layer {error[one layer, from y]:.4f}, two layers "
            "{error[two layers, from y]:.4f}",
            lambda m: m["error"][TWO_LAYERS] < 0.02,
            "judged as below 0.02",
        ),
        Claim(
            "Lines grow all by the same factor in the end, although their slopes go from 0.1 to "
            "1.2.",
            "over the second half they grow by {least_growth:.2f} to {most_growth:.2f} per x, "
            "which is {least_ratio:.2f} to {most_ratio:.2f} of their slopes",
            lambda m: 0 < m["most_growth"] < 2 * m["least_growth"],
            "judged as less than a factor of 2 between them, against 12 in what was given; if the "
            "factor is meant from slope to growth, see the second pair; the figure is lost",
        ),
        Claim(
            "Lines become curves.",
            "up to {bent:.2f} away from the straight line that fits best",
            lambda m: m["bent"] > 0.05,
            "judged as more than 0.05",
        ),
        Claim(
            "With other amplitudes, the valley in the middle stays nearly untouched.",
            "the valleys, all at 0 in what was given, come back within {valley:.2f} of it",
            lambda m: m["valley"] < 0.1,
            "judged as within 0.1; the figure is lost",
        ),
        Claim(
            "With another phase, the valley stays where it was.",
            "the place of the valley follows {follows:.0%} of a shift",
            lambda m: abs(m["follows"]) < 1 / 3,
            "judged as less than a third; the figure is lost",
        ),
        Claim(
            "After x = 0.2 the frequency is copied, and only the amplitude is wrong.",
            "correlation with what was given: {correlation[at 5]:.2f} at frequency 5, "
            "{correlation[at 20]:.2f} at 20, {correlation[at 40]:.2f} at 40; trained with 10",
            lambda m: min(m["correlation"].values()) > 0.9,
            "judged as above 0.9 at all of them",
        ),
        CURVES.claim(),
        Claim(
            "(not in the source) A net can make the sine without any input.",
            "{oscillator[cells]} cells wired by hand are off by {oscillator[error]:.1e} at most, "
            "by derivation by no more than {oscillator[bound]:.1e}; over 10,000 steps by "
            "{oscillator[error_for_long]:.1e}, and no more than {oscillator[bound_for_long]:.1e}",
            lambda m: all(
                m["oscillator"][f"error{long}"] <= m["oscillator"][f"bound{long}"]
                for long in ("", "_for_long")
            ),
            "see docs/hand-wired-sequences.md",
        ),
    ),
)

# A constant in, a wave out: zeros are to give the cosine, ones the sine


HEAD, BOUNDED = "LSTM 32 and a linear layer", "LSTM 32 and LSTM 1"
WAVE_NAMES = ["0 → cosine", "1 → sine"]
WAVES = sines(1.0, shift=[np.pi / 20, 0.0])
"""The cosine and the sine."""


def _constants(values: Any) -> Array:
    return np.repeat(np.array(values, dtype=float), STEPS).reshape(-1, STEPS, 1)


BOTH = _constants([0.0, 1.0])
TWO_WAVES = Comparison(
    trained=HEAD,
    net=wired.cosine_or_sine(curves.FREQUENCY / (STEPS - 1)),
    names=WAVE_NAMES,
    given=BOTH,
    wanted=WAVES,
    known=[True, True],
    ordered=False,
)


def _wave_jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """A net with a linear output, and one whose output is an LSTM cell as in the source's code."""
    recipe, data = Recipe.of(settings, batch=2), Data(BOTH, WAVES)
    return [
        Job(HEAD, lambda: Recurrent(1, 32, 1), data, recipe),
        Job(BOUNDED, lambda: Stack([1, 32, 1]), data, recipe),
    ]


def _measure_waves(run: Run) -> dict[str, Any]:
    """The errors of both waves, and the phases of what comes for constants in between."""
    errors = {name: ((run.predict(name, BOTH) - WAVES) ** 2).mean((1, 2)) for name in run.jobs}
    between = run.predict(HEAD, _constants(np.linspace(0.0, 1.0, 5)))[:, :, 0]
    return {
        "error": {
            name: dict(zip(("cosine", "sine"), both.tolist(), strict=True))
            for name, both in errors.items()
        },
        "phases": [float(phase) if abs(phase) >= 0.5 else 0.0 for phase in curves.phases(between)],
        "by_hand": TWO_WAVES.measure(run),
    }


@picture("What the nets give for zeros and ones, over the waves.", name="waves")
def _both_waves(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.4, height=3.2, sharey=True)
    for axis, name in zip(axes, run.jobs, strict=True):
        found = run.predict(name, BOTH)[:, :, 0]
        for row, wave in enumerate(WAVE_NAMES):
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
    for row, wave in enumerate(WAVE_NAMES):
        first, second = (centred[row] @ directions[:2].T).T
        axis.plot(first, second, ".-", color=drawing.COLOURS[row], linewidth=1.2, label=wave)
        axis.plot(first[0], second[0], "o", color=drawing.COLOURS[row], markersize=8)
    drawing.label(axis, "Where the 32 outputs go", "first direction", "second direction")
    drawing.legend(axis)
    return figure


COS_OR_SIN = Experiment(
    name="cos-or-sin",
    title="Zero in, cosine out; one in, sine out",
    source=f"{curves.SOURCE}: Autoencoder, Sine and cosine.",
    task="A net that reads 100 zeros is to give cos 10x step by step, and sin 10x if it reads 100 "
    "ones: an oscillator that must be started in the right phase. Next to a net with a linear "
    "output there is one whose last layer is a single LSTM cell, as in the code of the source; it "
    "cannot reach 1, where the cosine begins.",
    presets=presets(epochs=(1_000, 5_000), rate=(0.01, 0.001)),
    jobs=_wave_jobs,
    measure=_measure_waves,
    pictures=(
        _both_waves,
        _between,
        _memory,
        drawing.LEARNING_CURVES,
        TWO_WAVES.picture("Zeros and ones"),
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
        TWO_WAVES.claim(),
    ),
)
