"""A sine into a recurrent net, and the same sine out; then other curves into the trained net."""

from __future__ import annotations

from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import lines, points, sines
from reberlstm.lab.experiment import Array, Claim, Experiment, Job, Run, picture, presets

HEIGHT = 0.3
SINE = sines(HEIGHT, offset=HEIGHT)[0, :, 0]
NET = "two layers, from y"

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
    "the sine": SINE[:, None],
    "a line": lines(0.9, INTERCEPT)[0],
    "amplitude 0.5": sines(0.5, offset=0.5)[0],
    "shifted by 0.1": sines(HEIGHT, offset=HEIGHT, shift=0.1)[0],
    "frequency 20": sines(HEIGHT, offset=HEIGHT, frequency=20.0)[0],
    "frequency 40": sines(HEIGHT, offset=HEIGHT, frequency=40.0)[0],
}
COMPARISON = Comparison(
    trained=NET,
    net=wired.copy(),
    names=list(PROBES),
    given=np.stack(list(PROBES.values())),
    known=[name == "the sine" for name in PROBES],
    drawn=5,
    ordered=False,
)
OSCILLATOR = wired.wave(curves.FREQUENCY / (len(SINE) - 1), height=HEIGHT, offset=HEIGHT)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """One and two layers, from y alone."""
    return curves.copying_jobs(settings, SINE, with_x=False)


def measure(run: Run) -> dict[str, Any]:
    """Errors on the sine, and what becomes of other curves."""
    return {
        "error": curves.copying_errors(run, SINE),
        **_of_lines(run),
        # How far the valley lies from 0, where it should be.
        "valley": float(np.abs(_through(run, OF_AMPLITUDES)[:, MIDDLE].min(1)).max()),
        "follows": _follows(run),
        "correlation": _correlations(run),
        "by_hand": COMPARISON.measure(run),
        "oscillator": oscillator_errors(),
    }


def oscillator_errors() -> dict[str, float]:
    """Errors of the net that makes the sine by itself, over as many steps and a hundred times."""
    found: dict[str, float] = {"cells": OSCILLATOR.cells}
    for name, steps in (("", len(SINE)), ("_for_long", 100 * len(SINE))):
        silence = np.zeros((1, steps, 1))
        off = np.abs(OSCILLATOR(silence) - OSCILLATOR.ideal(silence)).max()
        found |= {f"error{name}": float(off), f"bound{name}": OSCILLATOR.bound(silence)}
    return found


def _through(run: Run, given: Array) -> Array:
    return curves.copies(run, NET, given[:, :, 0])


def _of_lines(run: Run) -> dict[str, float]:
    """How much lines differ in growth over their second half, and how far they are from lines."""
    x, found = points(), _through(run, OF_SLOPES)
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
    both = (OF_SHIFTS[:, :, 0], _through(run, OF_SHIFTS))
    given, found = (points()[MIDDLE][some[:, MIDDLE].argmin(1)] for some in both)
    return float(np.polyfit(given, found, 1)[0])


def _correlations(run: Run) -> dict[str, float]:
    """The correlation of what comes back with what was given, after the beginning."""
    late = points() > AFTER
    both = zip(OF_FREQUENCIES[:, late, 0], _through(run, OF_FREQUENCIES)[:, late], strict=True)
    found = [float(np.corrcoef(*pair)[0, 1]) for pair in both]
    return {f"at {frequency:g}": c for frequency, c in zip(FREQUENCIES, found, strict=True)}


@picture("The sine and what each net makes of it.")
def _copies(run: Run) -> drawing.Figure:
    return curves.draw_copies(run, SINE)


@picture("Lines (dotted) and what the net that learned the sine makes of them (solid).")
def _lines(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.0, height=3.2, sharey=True)
    names = [f"slope {slope:g}" for slope in SLOPES]
    for axis, intercept in zip(axes, (INTERCEPT, 0.0), strict=True):
        given = lines(SLOPES, intercept)
        drawing.family(axis, points(), given[:, :, 0], _through(run, given), names)
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
        drawing.family(axis, points(), given[:, :, 0], _through(run, given), names)
        drawing.label(axis, title, "x", "" if axis is axes[1] else "y")
        drawing.legend_under(axis, ncols=2)
    return figure


@picture("Sines of other frequencies: the faster the wave, the more are its height and place off.")
def _frequencies(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, 2, width=3.8, height=2.4, sharex=True, sharey=True)
    found = _through(run, OF_FREQUENCIES)
    for number, (axis, frequency) in enumerate(zip(axes, FREQUENCIES, strict=True)):
        drawing.compare(axis, points(), OF_FREQUENCIES[number, :, 0], found[number])
        correlation = run.measured["correlation"][f"at {frequency:g}"]
        title = f"frequency {frequency:g}, correlation {correlation:.2f}"
        drawing.label(axis, title, "x" if number > 1 else "", "" if number % 2 else "y")
    drawing.legend(axes[0])
    return figure


@picture("Every gate and memory of the first of two layers, on the sine.")
def _inside(run: Run) -> drawing.Figure:
    return curves.draw_gates(run, NET, SINE)


EXPERIMENT = Experiment(
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
    jobs=jobs,
    measure=measure,
    pictures=(
        _copies,
        _lines,
        _waves,
        _frequencies,
        _inside,
        drawing.LEARNING_CURVES,
        COMPARISON.picture("The sine, and curves that the trained net never saw"),
    ),
    claims=(
        Claim(
            "The sine is learned.",
            "root mean squared error: one layer {error[one layer, from y]:.4f}, two layers "
            "{error[two layers, from y]:.4f}",
            lambda m: m["error"][NET] < 0.02,
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
        COMPARISON.claim(),
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
