"""A wave into a recurrent net, and its amplitude out."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import points, rmse
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.gates import numbers, record_gates
from reberlstm.lab.nets import Recurrent
from reberlstm.net.cells.cell import Floats

BOUND = 0.5
"""Waves up to this amplitude are for training, those above for validation."""

NET = "LSTM 32"
PROBES = np.array([0.1, 0.3, 0.5, 0.6, 0.8, 1.0])
NAMES = [f"{amplitude:g}" for amplitude in PROBES]


def _waves_of(amplitudes: Floats) -> Floats:
    return curves.sines(amplitudes, offset=amplitudes)


COMPARISON = Comparison(
    trained=NET,
    net=wired.amplitude(curves.FREQUENCY / (curves.STEPS - 1)),
    names=NAMES,
    given=_waves_of(PROBES),
    wanted=PROBES[:, None],
    known=[amplitude <= BOUND for amplitude in PROBES],
    curves=lambda told: _waves_of(told[:, 0])[:, :, 0],
)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """One layer of LSTM cells; the amplitude is read at the last step."""
    inside = rng.uniform(0.0, BOUND, settings.examples)
    outside = rng.uniform(BOUND, 1.0, settings.examples // 2)
    data = Data(_waves_of(inside), inside[:, None], _waves_of(outside), outside[:, None])
    recipe = Recipe.of(settings)
    return [Job(NET, lambda: Recurrent(1, 32, 1, last=True), data, recipe, watch=_told_so_far)]


def _told_so_far(net: torch.nn.Module) -> dict[str, float]:
    told = net(torch.tensor(_waves_of(PROBES), dtype=torch.float32))
    return {f"told of {name}": float(number) for name, number in zip(NAMES, told, strict=True)}


def _told(run: Run, amplitudes: Floats) -> Floats:
    return run.predict(NET, _waves_of(amplitudes))[:, 0]


def measure(run: Run) -> dict[str, Any]:
    """What the net says of some amplitudes, and its errors inside and outside."""
    inside, outside = np.linspace(0.05, BOUND, 46), np.linspace(BOUND, 1.0, 51)
    told = zip(NAMES, _told(run, PROBES).tolist(), strict=True)
    return {
        "inside": rmse(_told(run, inside), inside),
        "outside": rmse(_told(run, outside), outside),
        "told": {f"at {name}": number for name, number in told},
        "by_hand": COMPARISON.measure(run),
    }


@picture("What the net tells over what is true: it bends away where the training ended.")
def _amplitudes(run: Run) -> drawing.Figure:
    figure, (axis,) = drawing.panels(width=4.6, height=3.8)
    given = np.linspace(0.0, 1.0, 101)
    axis.axvspan(0.0, BOUND, color=drawing.COLOURS[0], alpha=0.08, linewidth=0)
    place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "top"}
    axis.annotate("trained", (BOUND / 2, 0.97), fontsize=8, color=drawing.QUIET, **place)
    drawing.compare(axis, given, given, _told(run, given))
    drawing.label(axis, "Amplitudes", "amplitude of the wave", "amplitude told")
    drawing.legend(axis, loc="lower right")
    return figure


@picture("Waves as they were given and with the amplitude that the net tells.")
def _waves(run: Run) -> drawing.Figure:
    figure, (axis,) = drawing.panels(width=6.2, height=3.6)
    told, given = (_waves_of(some)[:, :, 0] for some in (_told(run, PROBES), PROBES))
    drawing.family(axis, points(), told, given, NAMES, dotted="told by the net")
    drawing.label(axis, "Given (solid) and told (dotted)", "x", "y")
    drawing.legend_right(axis, title="amplitude")
    return figure


@picture(
    "What the net would answer at every step, and the memory of the three cells that weigh most "
    "in the answer to the largest wave."
)
def _memory(run: Run) -> drawing.Figure:
    net: Any = run.nets[NET]
    (layer,) = record_gates(net.recurrent, _waves_of(PROBES))
    weight, hidden = numbers(net.head.weight)[0], layer["hidden"]
    shown = [("the answer, if read at this step", hidden @ weight + net.head.bias.item())]
    for cell in np.argsort(-np.abs(weight * hidden[-1, -1]))[:3]:
        shown.append((f"memory of cell {cell}", layer["memory"][:, :, cell]))
    figure, axes = drawing.panels(2, 2, width=3.8, height=2.5, sharex=True)
    for axis, (title, values) in zip(axes, shown, strict=True):
        drawing.fan(axis, points(), values, NAMES)
        drawing.label(axis, title, "x" if axis in axes[2:] else "")
    drawing.legend_right(axes[1], title="amplitude")
    return figure


@picture(
    "Left: the error over the epochs. Right: what the net tells of six amplitudes, against the "
    "truth (dotted). Amplitudes beyond the training are told too low; the longer it trains, the "
    "nearer they come."
)
def _learning_curves(run: Run) -> drawing.Figure:
    figure, (left, right) = drawing.panels(2, width=4.2, height=3.2)
    fit = run.fits[NET]
    for losses, name, colour in (
        (fit.losses, "trained, up to 0.5", drawing.COLOURS[0]),
        (fit.test_losses, "from 0.5 to 1", drawing.COLOURS[1]),
    ):
        left.plot(fit.epochs, losses, color=colour, linewidth=1.6, label=name)
    left.set_yscale("log")
    for given, name, colour in zip(PROBES, NAMES, drawing.shades(len(NAMES)), strict=True):
        right.axhline(given, color=colour, linestyle=":", linewidth=1)
        told = fit.watched[f"told of {name}"]
        right.plot(fit.epochs, told, color=colour, linewidth=1.6, label=name)
    drawing.label(left, "Learning curves", "epoch", "mean squared error")
    drawing.label(right, "What is told of an amplitude", "epoch", "amplitude told")
    drawing.legend(left)
    drawing.legend_right(right, title="amplitude")
    return figure


EXPERIMENT = Experiment(
    name="amplitude",
    title="Sequence to vector: the amplitude of a wave",
    source=f"{curves.SOURCE}: sequence to vector, Amplitude of a wave.",
    task="A net reads a wave a·(1 + sin 10x), from x = 0 to x = 1 in 100 steps, and has to tell "
    "the amplitude a after the last step. It is trained with amplitudes up to 0.5 and tested with "
    "larger ones. The form of the wave is inferred from descriptions of lost figures.",
    presets=presets(examples=(200, 1_000), batch=(50, 50), epochs=(80, 200), rate=(0.005, 0.001)),
    jobs=jobs,
    measure=measure,
    pictures=(
        _amplitudes,
        _waves,
        _memory,
        _learning_curves,
        COMPARISON.picture("Waves of several amplitudes, as what is told of them"),
    ),
    claims=(
        Claim(
            "The amplitude is learned.",
            "root mean squared error {inside:.3f} up to 0.5",
            lambda m: m["inside"] < 0.025,
            "judged as below 0.025",
        ),
        Claim(
            "Above 0.5, the largest amplitude of the training, the answers diverge.",
            "0.5 → {told[at 0.5]:.3f}, 0.6 → {told[at 0.6]:.3f}, 0.8 → {told[at 0.8]:.3f}, "
            "1.0 → {told[at 1]:.3f}",
            lambda m: abs(m["told"]["at 1"] - 1) > 0.15 > 3 * abs(m["told"]["at 0.5"] - 0.5),
            "judged as more than 0.15 wrong at 1.0 and less than 0.05 at 0.5",
        ),
        COMPARISON.claim(),
    ),
)
