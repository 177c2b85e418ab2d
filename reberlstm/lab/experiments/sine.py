"""Copy a sine, and what the net that learned it makes of lines and of other sines."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from reberlstm.lab import copying, curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.copying import FROM_Y, copies
from reberlstm.lab.curves import lines, points, sines, sinusoid
from reberlstm.lab.experiment import Array, Claim, Experiment, Run, picture, presets

TWO = FROM_Y[1]
HEIGHT, INTERCEPT = 0.3, 0.3
THE_SINE = sines(HEIGHT, offset=HEIGHT)[0, :, 0]

# Curves that the net was not trained with
SLOPES = (0.1, 0.3, 0.5, 0.7, 0.9, 1.2)
AMPLITUDES = (0.1, 0.2, 0.3, 0.4, 0.5)
SHIFTS = (-0.1, -0.05, 0.0, 0.05, 0.1)
FREQUENCIES = (5.0, 10.0, 20.0, 30.0, 40.0, 50.0)
OF_SLOPES = lines(SLOPES, INTERCEPT)
OF_AMPLITUDES = sines(AMPLITUDES, offset=AMPLITUDES)
OF_SHIFTS = sines(HEIGHT, offset=HEIGHT, shift=SHIFTS)
OF_FREQUENCIES = sines(HEIGHT, offset=HEIGHT, frequency=FREQUENCIES)

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
    trained=TWO,
    net=wired.copy(),
    names=list(PROBES),
    given=np.stack(list(PROBES.values())),
    known=[name == "the sine" for name in PROBES],
    drawn=5,
    ordered=False,
)
OSCILLATOR = wired.wave(curves.FREQUENCY / (len(THE_SINE) - 1), height=HEIGHT, offset=HEIGHT)


def measure(run: Run) -> dict[str, Any]:
    """Errors on the sine, and what becomes of other curves."""
    return {
        **copying.errors(run, THE_SINE),
        **_of_lines(run),
        **_of_valleys(run),
        **_of_frequencies(run),
        **CURVES.measure(run),
        **oscillator_errors(),
    }


def oscillator_errors() -> dict[str, float]:
    """Errors of the net that makes the sine by itself, over as many steps and a hundred times."""
    found: dict[str, float] = {"wave_cells": OSCILLATOR.cells}
    for name, steps in (("wave", len(THE_SINE)), ("long_wave", 100 * len(THE_SINE))):
        silence = np.zeros((1, steps, 1))
        off = np.abs(OSCILLATOR(silence) - OSCILLATOR.ideal(silence)).max()
        found |= {f"{name}_error": float(off), f"{name}_bound": OSCILLATOR.bound(silence)}
    return found


def _of_lines(run: Run) -> dict[str, float]:
    """How lines come back: how much they grow over the second half, and where they are bent."""
    x, found = points(), copies(run, TWO, OF_SLOPES)
    growth = np.polyfit(x[x > 0.5], found[:, x > 0.5].T, 1)[0]

    def bent(part: Any) -> Array:
        slope, start = np.polyfit(x[part], found[:, part].T, 1)
        off = np.abs(found[:, part] - np.outer(slope, x[part]) - start[:, None])
        return np.asarray(off.max(1))

    factor = growth / SLOPES
    return {
        "least_growth": growth.min(),
        "most_growth": growth.max(),
        "between_lines": growth.max() / growth.min(),
        "least_factor": factor.min(),
        "most_factor": factor.max(),
        "between_factors": factor.max() / factor.min(),
        "bent": (bent(x >= 0) / np.ptp(OF_SLOPES[:, :, 0], 1)).max(),
        "bent_first": (bent(x < 0.4) / bent(x > 0.6)).min(),
    }


def _of_valleys(run: Run) -> dict[str, float]:
    """Where valleys lie and how deep, for sines of other amplitudes and other phases."""
    other = copies(run, TWO, OF_AMPLITUDES)[:, MIDDLE].min(1)
    both = (OF_SHIFTS[:, :, 0], copies(run, TWO, OF_SHIFTS))
    given, found = (points()[MIDDLE][some[:, MIDDLE].argmin(1)] for some in both)
    # Every valley that was given lies at 0.
    return {
        "valley": np.abs(other / (2 * np.array(AMPLITUDES))).max(),
        "follows": np.polyfit(given, found, 1)[0],
        "shifted_valley": np.abs(both[1][:, MIDDLE].min(1)).max() / (2 * HEIGHT),
    }


def _of_frequencies(run: Run) -> dict[str, Any]:
    """How a sinusoid fits what comes back, and how many steps it lags behind, at most."""
    off, rest, lags, amplitudes = [], [], {}, {}
    found = copies(run, TWO, OF_FREQUENCIES)
    for both in zip(FREQUENCIES, OF_FREQUENCIES[:, :, 0], found, strict=True):
        frequency, waves = both[0], np.stack(both[1:])
        f, _, left = sinusoid(waves[1], frequency)
        # In less than a turn a frequency cannot be told to one per cent.
        off.append(abs(f / frequency - 1.0) if frequency >= curves.FREQUENCY else 0.0)
        rest.append(left)
        sines_and_cosines = curves.fitted(waves, frequency)[0][:2].T
        given, copy = (complex(*parts) for parts in sines_and_cosines)
        lags[str(frequency)] = -float(np.angle(copy / given)) / frequency / points()[1]
        amplitudes[str(frequency)] = abs(copy / given)
    return {
        "frequency_off": max(off),
        "not_sinusoid": max(rest),
        "lag": max(lags.values()),
        "lags": lags,
        "least_amplitude": min(amplitudes.values()),
        "amplitudes": amplitudes,
    }


@picture("Lines (broad) and what the net that learned the sine makes of them (thin).")
def _lines(run: Run) -> drawing.Figure:
    names = [f"slope {slope:g}" for slope in SLOPES]
    shown = {
        f"lines from {start:g}": (given, copies(run, TWO, given), names)
        for start, given in ((INTERCEPT, OF_SLOPES), (0.0, lines(SLOPES)))
    }
    return drawing.families(shown, width=4.0, height=3.2)


@picture("Sines of other amplitudes and phases (broad) and what comes back (thin).")
def _waves(run: Run) -> drawing.Figure:
    amplitudes = [f"amplitude {amplitude:g}" for amplitude in AMPLITUDES]
    shifts = [f"shifted by {drawing.signed(shift)}" for shift in SHIFTS]
    shown = {
        "other amplitudes": (OF_AMPLITUDES, copies(run, TWO, OF_AMPLITUDES), amplitudes),
        "other phases": (OF_SHIFTS, copies(run, TWO, OF_SHIFTS), shifts),
    }
    return drawing.families(shown, width=4.6, height=3.2, legends=2)


def _frequencies_caption(run: Run) -> str:
    return (
        "Sines of other frequencies (broad) and what comes back. The frequency is off by "
        f"{100 * run.measured['frequency_off']:.1g} % at most; the answer lags behind by up to "
        f"{run.measured['lag']:.1f} steps."
    )


@picture(_frequencies_caption)
def _frequencies(run: Run) -> drawing.Figure:
    titles = [
        f"frequency {frequency:g}: lag {drawing.signed(round(lag, 1))} steps"
        for frequency, lag in zip(FREQUENCIES, run.measured["lags"].values(), strict=True)
    ]
    style: dict[str, Any] = {"width": 3.2, "height": 2.4, "sharex": True, "sharey": True}
    figure, axes = drawing.panels(titles, 2, x="x", y="y", **style)
    found = copies(run, TWO, OF_FREQUENCIES)
    for axis, given, copy in zip(axes, OF_FREQUENCIES, found, strict=True):
        drawing.compare(axis, points(), given, copy, drawing.colour(run, TWO))
    drawing.legend(axes[0])
    return figure


EXPERIMENT = Experiment(
    name="sine",
    title="Sequence to sequence: copy a sine, and what the net makes of other curves",
    source=f"{curves.SOURCE}: sequence to sequence, Sine.",
    task="A net reads y = 0.3·(1 + sin 10x), from x = 0 to x = 1 in 100 steps, and has to give "
    "it back step by step. The net with two layers is then fed with curves that it never saw: "
    "lines, and sines of other amplitudes, phases and frequencies. Height, frequency and steps of "
    "the sine are inferred from descriptions of lost figures.",
    presets=presets(epochs=(800, 20_000), rate=(0.003, 0.1), optimiser=("adam", "sgd"), hidden=32),
    jobs=partial(copying.jobs, THE_SINE, names=FROM_Y),
    measure=measure,
    pictures=(
        copying.picture("sine", THE_SINE),
        _lines,
        _waves,
        _frequencies,
        copying.gates_picture(
            "Every gate and memory of the first of two layers, on the sine.", TWO, THE_SINE
        ),
        drawing.LEARNING_CURVES,
        CURVES.picture("The sine, and curves that the trained net never saw"),
    ),
    claims=(
        Claim(
            "sine",
            "The sine is learned.",
            {"one_from_y": "part of the variance left, one layer", "two_from_y": "two layers"},
            lambda m: m["two_from_y"] < 0.01,
            "judged for two layers as less than 0.01",
            figure="copies",
        ),
        Claim(
            "sine-phase",
            "Lines do something like a sine phase in the beginning.",
            {"bent_first": "how much more they are bent up to 0.4 than from 0.6 on, at least"},
            lambda m: m["bent_first"] > 2,
            "judged as more than twice for every line",
            figure="lines",
        ),
        Claim(
            "same-growth",
            "Lines grow all by the same factor in the end, although their slopes go from 0.1 to "
            "1.2: read as the same growth.",
            {
                "least_growth": "growth per x over the second half, least",
                "most_growth": "most",
                "between_lines": "ratio",
            },
            lambda m: 0 < m["between_lines"] < 2,
            "judged as less than 2 between lines whose slopes differ by 12; the figure is lost",
            "What comes back follows what is fed, step by step: a steeper line stays steeper.",
            figure="lines",
        ),
        Claim(
            "same-factor",
            "The same, read as the same factor from slope to growth.",
            {"least_factor": "growth by slope, least", "most_factor": "most"},
            lambda m: m["least_factor"] > 0 and m["between_factors"] < 1.5,
            "judged as less than 1.5 between them",
            figure="lines",
        ),
        Claim(
            "curves",
            "Lines become curves.",
            {"bent": "most distance from the straight line that fits best, by the line's rise"},
            lambda m: m["bent"] > 0.05,
            "judged as more than 0.05 of the rise",
            figure="lines",
        ),
        Claim(
            "valley-of-amplitudes",
            "With other amplitudes, the valley in the middle stays nearly untouched.",
            {"valley": "how far valleys come back from 0, at most, by the height of the wave"},
            lambda m: m["valley"] < 0.1,
            "judged as less than 0.1; the figure is lost",
            figure="waves",
        ),
        Claim(
            "valley-stays-there",
            "With another phase the valley stays: read as its place.",
            {"follows": "how much of a shift the place of the valley follows"},
            lambda m: abs(m["follows"]) < 1 / 3,
            "judged as less than a third; the figure is lost",
            "The net copies what it is fed; nothing in it holds the place of the one it learned.",
            figure="waves",
        ),
        Claim(
            "valley-stays-untouched",
            "With another phase the valley stays: read as its depth, untouched.",
            {"shifted_valley": "how far valleys come back from 0, at most, by the height"},
            lambda m: m["shifted_valley"] < 0.1,
            "judged as less than 0.1; the figure is lost",
            figure="waves",
        ),
        Claim(
            "frequency",
            "After x = 0.2 the frequency is copied.",
            {
                "frequency_off": "relative error of the frequency, at most, from 10 to 50",
                "not_sinusoid": "variance that a sinusoid leaves, at most, from 5 to 50",
            },
            lambda m: m["frequency_off"] < 0.01 and m["not_sinusoid"] < 0.01,
            "judged as less than 1 % and 0.01, of the sinusoid that fits best; trained with 10",
            figure="frequencies",
        ),
        Claim(
            "only-amplitude",
            "The only thing that is really wrong is the amplitude.",
            {
                "least_amplitude": "amplitude by that given, least",
                "lag": "steps that the answer lags behind, at most",
            },
            lambda m: m["lag"] < 0.5,
            "judged as a lag of less than half a step",
            "A cell's output is a running mean of what was fed, and a mean over the past comes "
            "late; the faster the wave, the more of it a few steps are. `lab why lags-by-one-step` "
            "shows another lag on a small net.",
            figure="frequencies",
        ),
        CURVES.claim(),
        Claim(
            "wave-by-hand",
            "(not in the source) A net can make the sine without any input.",
            {
                "wave_cells": "cells by hand",
                "wave_error": "their largest error",
                "wave_bound": "the bound derived for it",
                "long_wave_error": "over 10,000 steps",
                "long_wave_bound": "its bound",
            },
            lambda m: all(m[f"{w}_error"] <= m[f"{w}_bound"] for w in ("wave", "long_wave")),
            "see docs/hand-wired-sequences.md",
            by_hand=True,
        ),
    ),
)
