"""A wave into a recurrent net, and its amplitude out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from reberlstm.lab import copying, drawing, wired
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
from reberlstm.lab.nets import Recurrent
from reberlstm.lab.waves import FREQUENCY, STEPS, points, sines

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BOUND = 0.5
"""Waves up to this amplitude are for training, those above for validation."""

NET = "LSTM 32"
PROBES = (0.1, 0.3, 0.5, 0.6, 0.8, 1.0)


def _waves(amplitudes: Array) -> Array:
    return sines(amplitudes, offset=amplitudes)


BESIDE = Beside(
    trained=NET,
    net=wired.amplitude(FREQUENCY / (STEPS - 1)),
    names=[f"{amplitude:g}" for amplitude in PROBES],
    given=sines(PROBES, offset=PROBES),
    wanted=np.array(PROBES)[:, None],
    known=[amplitude <= BOUND for amplitude in PROBES],
    curves=lambda told: _waves(told[:, 0])[:, :, 0],
)


def jobs(settings: Settings, rng: np.random.Generator) -> list[Job]:
    """One layer of LSTM cells; the amplitude is read at the last step."""
    inside = rng.uniform(0.0, BOUND, settings.examples)
    outside = rng.uniform(BOUND, 1.0, settings.examples // 2)
    data = Data(_waves(inside), inside[:, None], _waves(outside), outside[:, None])
    recipe = Recipe(epochs=settings.epochs, batch=settings.batch, learning_rate=settings.rate)
    return [Job(NET, lambda: Recurrent(1, 32, 1, last=True), data, recipe, watch=_tells)]


def _tells(net: torch.nn.Module) -> dict[str, float]:
    """What a net tells of some amplitudes."""
    waves = torch.tensor(_waves(np.array(PROBES)), dtype=torch.float32)
    return {
        f"told of {given:g}": float(told) for given, told in zip(PROBES, net(waves), strict=True)
    }


def _predicted(run: Run, amplitudes: Array) -> Array:
    return run.predict(NET, _waves(amplitudes))[:, 0]


def measure(run: Run) -> dict[str, Any]:
    """What the net says of some amplitudes, and its errors inside and outside."""
    inside, outside = np.linspace(0.05, BOUND, 46), np.linspace(BOUND, 1.0, 51)
    errors = {
        name: float(np.sqrt(np.mean((_predicted(run, given) - given) ** 2)))
        for name, given in (("inside", inside), ("outside", outside))
    }
    told = _predicted(run, np.array(PROBES))
    return {
        **errors,
        "told": {f"at {given:g}": float(found) for given, found in zip(PROBES, told, strict=True)},
        "by_hand": BESIDE.measure(run),
    }


def draw_amplitudes(run: Run) -> Figure:
    """What the net says over what is true."""
    figure, (axis,) = drawing.panels(width=4.6, height=3.8)
    given = np.linspace(0.0, 1.0, 101)
    axis.axvspan(0.0, BOUND, color=drawing.COLOURS[0], alpha=0.08, linewidth=0)
    axis.annotate(
        "trained",
        (BOUND / 2, 0.97),
        xycoords=("data", "axes fraction"),
        ha="center",
        va="top",
        fontsize=8,
        color=drawing.QUIET,
    )
    drawing.compare(axis, given, given, _predicted(run, given))
    drawing.label(axis, "Amplitudes", "amplitude of the wave", "amplitude told")
    drawing.legend(axis, loc="lower right")
    return figure


def draw_waves(run: Run) -> Figure:
    """Waves, and the waves that the net's answers stand for."""
    figure, (axis,) = drawing.panels(width=6.2, height=3.6)
    given = np.array(PROBES)
    told = _waves(_predicted(run, given))[:, :, 0]
    names = [f"{amplitude:g}" for amplitude in PROBES]
    drawing.family(axis, points(), told, _waves(given)[:, :, 0], names, dotted="told by the net")
    drawing.label(axis, "Given (solid) and told (dotted)", "x", "y")
    drawing.legend(axis, loc="center left", bbox_to_anchor=(1.0, 0.5), title="amplitude")
    return figure


def draw_learning(run: Run) -> Figure:
    """The error over the epochs, and what the net would tell after each."""
    figure, (left, right) = drawing.panels(2, width=4.2, height=3.2)
    fit = run.fits[NET]
    for losses, name in ((fit.losses, "trained, up to 0.5"), (fit.test_losses, "from 0.5 to 1")):
        colour = drawing.COLOURS[0 if losses is fit.losses else 1]
        left.plot(fit.epochs, losses, color=colour, linewidth=1.6, label=name)
    left.set_yscale("log")
    for given, colour in zip(PROBES, drawing.shades(len(PROBES)), strict=True):
        right.axhline(given, color=colour, linestyle=":", linewidth=1)
        told = fit.watched[f"told of {given:g}"]
        right.plot(fit.epochs, told, color=colour, linewidth=1.6, label=f"{given:g}")
    drawing.label(left, "Learning curves", "epoch", "mean squared error")
    drawing.label(right, "What is told of an amplitude", "epoch", "amplitude told")
    drawing.legend(left)
    drawing.legend(right, loc="center left", bbox_to_anchor=(1.0, 0.5), title="amplitude")
    return figure


def draw_memory(run: Run) -> Figure:
    """Memory and answer over the steps, for waves of several amplitudes."""
    net: Any = run.nets[NET]
    given = np.array(PROBES)
    (layer,) = look_inside(net.recurrent, _waves(given))
    weight = net.head.weight.detach().double().numpy()[0]
    answers = layer.hidden @ weight + net.head.bias.item()
    drawn = np.argsort(-np.abs(weight * layer.hidden[-1, -1]))[:3]
    figure, axes = drawing.panels(2, 2, width=3.8, height=2.5, sharex=True)
    for axis, values, title in (
        (axes[0], answers, "the answer, if read at this step"),
        *(
            (axis, layer.memory[:, :, cell], f"memory of cell {cell}")
            for axis, cell in zip(axes[1:], drawn, strict=True)
        ),
    ):
        for curve, colour, amplitude in zip(values, drawing.shades(len(given)), given, strict=True):
            axis.plot(points(), curve, color=colour, linewidth=1.5, label=f"{amplitude:g}")
        drawing.label(axis, title, "x" if axis in axes[2:] else "")
    drawing.legend(axes[1], loc="center left", bbox_to_anchor=(1.0, 0.5), title="amplitude")
    return figure


EXPERIMENT = Experiment(
    name="amplitude",
    title="Sequence to vector: the amplitude of a wave",
    source=f"{copying.SOURCE}: sequence to vector, Amplitude of a wave.",
    task="A net reads a wave a·(1 + sin 10x), from x = 0 to x = 1 in 100 steps, and has to tell "
    "the amplitude a after the last step. It is trained with amplitudes up to 0.5 and tested with "
    "larger ones. The form of the wave is inferred from descriptions of lost figures.",
    presets={
        "quick": {"examples": 200, "batch": 50, "epochs": 80, "rate": 0.005},
        "source": {"examples": 1_000, "batch": 50, "epochs": 200, "rate": 0.001},
    },
    jobs=jobs,
    measure=measure,
    pictures=(
        Picture(
            "amplitudes",
            "What the net tells over what is true: it bends away where the training ended.",
            draw_amplitudes,
        ),
        Picture(
            "waves",
            "Waves as they were given and with the amplitude that the net tells.",
            draw_waves,
        ),
        Picture(
            "memory",
            "What the net would answer at every step, and the memory of the three cells that "
            "weigh most in the answer to the largest wave.",
            draw_memory,
        ),
        Picture(
            "learning-curves",
            "Left: the error over the epochs. Right: what the net tells of six amplitudes, against "
            "the truth (dotted). Amplitudes beyond the training are told too low; the longer it "
            "trains, the nearer they come.",
            draw_learning,
        ),
        BESIDE.picture("Waves of several amplitudes, as what is told of them"),
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
        BESIDE.claim(),
    ),
)
