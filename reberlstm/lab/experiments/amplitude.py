"""Tell the amplitude of a wave, also beyond the amplitudes and phases of the training."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import left, points
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.gates import numbers, record_gates
from reberlstm.lab.nets import Recurrent, ask
from reberlstm.net.cells.cell import Floats

BOUND = 0.5
"""Waves up to this amplitude are for training, those above for validation."""

NET, FIXED = "LSTM 32, any phase", "LSTM 32, one phase"
PROBES = np.array([0.1, 0.3, 0.5, 0.6, 0.8, 1.0])
PROBE_NAMES = [f"{amplitude:g}" for amplitude in PROBES]
TURN = 2 * np.pi / curves.FREQUENCY
SHIFTS = np.linspace(0.0, TURN, 24, endpoint=False)


def waves(amplitudes: Floats, shifts: Any = 0.0) -> Floats:
    """Waves a·(1 + sin 10(x + shift)), (N, T, 1)."""
    return curves.sines(amplitudes, offset=amplitudes, shift=shifts)


WAVES = Comparison(
    trained=NET,
    net=wired.amplitude(curves.FREQUENCY / (curves.STEPS - 1)),
    names=PROBE_NAMES,
    given=waves(PROBES),
    wanted=PROBES[:, None],
    known=[amplitude <= BOUND for amplitude in PROBES],
    curves=lambda told: waves(told[:, 0])[:, :, 0],
)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """One layer of LSTM cells, read at the last step: on waves of any phase, and of one phase."""
    inside = rng.uniform(0.0, BOUND, settings.examples)
    outside = rng.uniform(BOUND, 1.0, settings.examples // 2)
    found = []
    for name, turn in ((NET, TURN), (FIXED, 0.0)):
        x, test = (
            waves(some, rng.uniform(0.0, 1.0, len(some)) * turn) for some in (inside, outside)
        )
        data = Data(x, inside[:, None], test, outside[:, None])
        net = partial(Recurrent, 1, 32, 1, last=True)
        found.append(Job(name, net, data, Recipe.of(settings), watch=_told_so_far))
    return found


def _told_so_far(net: Any) -> dict[str, float]:
    told = ask(net, waves(PROBES))[:, 0].tolist()
    return {f"told of {name}": number for name, number in zip(PROBE_NAMES, told, strict=True)}


def _told(run: Run, name: str, amplitudes: Floats, shifts: Any = 0.0) -> Floats:
    return run.predict(name, waves(amplitudes, shifts))[:, 0]


def _over_a_turn(run: Run, name: str, amplitude: float) -> Floats:
    """What is told of one amplitude at phases all over a turn."""
    return _told(run, name, np.full(len(SHIFTS), amplitude), SHIFTS)


def measure(run: Run) -> dict[str, Any]:
    """What the nets say of some amplitudes, and their errors inside and outside."""
    inside = np.repeat(np.linspace(0.05, BOUND, 10), len(SHIFTS))
    told = _told(run, NET, inside, np.tile(SHIFTS, 10))
    of_one, of_half = (_over_a_turn(run, NET, amplitude) for amplitude in (1.0, 0.5))
    shifted = {name: _told(run, name, np.array([0.3]), 0.1)[0] for name in run.jobs}
    return {
        "inside": left(told, inside),
        "told_of_half": float(of_half.mean()),
        "told_of_one": float(of_one.mean()),
        "ratio": float(np.abs(of_one - 1.0).mean() / np.abs(of_half - 0.5).mean()),
        "fixed_shifted": float(shifted[FIXED]),
        "any_shifted": float(shifted[NET]),
        **WAVES.measure(run),
    }


@picture("Examples of what is learned from: waves of amplitudes up to 0.5.")
def _training_data(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(run.jobs, x="x", y="y", width=4.0, height=2.8, sharey=True)
    for axis, job in zip(axes, run.jobs.values(), strict=True):
        order = np.argsort(job.data.y[:12, 0])
        shown = [f"{amplitude:.2f}" for amplitude in job.data.y[:12, 0][order]]
        drawing.fan(axis, points(), job.data.x[:12][order], shown, width=1.2)
    drawing.legend_right(axes[1], title="amplitude")
    return figure


@picture("What the nets tell over what is true: the mean and the range over all phases.")
def _amplitudes(run: Run) -> drawing.Figure:
    labels: dict[str, Any] = {"x": "amplitude of the wave", "y": "amplitude told"}
    figure, axes = drawing.panels(run.jobs, width=4.0, height=3.4, sharey=True, **labels)
    given = np.linspace(0.0, 1.0, 41)
    for axis, name in zip(axes, run.jobs, strict=True):
        told = np.array([_over_a_turn(run, name, amplitude) for amplitude in given])
        axis.axvspan(0.0, BOUND, color=drawing.QUIET, alpha=0.08, linewidth=0)
        place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "top"}
        axis.annotate("trained", (BOUND / 2, 0.97), fontsize=8, color=drawing.QUIET, **place)
        colour = drawing.colour(run, name)
        axis.fill_between(given, told.min(1), told.max(1), color=colour, alpha=0.2, linewidth=0)
        drawing.compare(axis, given, given, told.mean(1), colour)
    drawing.legend(axes[0], loc="lower right")
    return figure


@picture("Waves as they were given (broad), and with the amplitude that the net tells.")
def _waves(run: Run) -> drawing.Figure:
    given, told = waves(PROBES), waves(_told(run, NET, PROBES))
    shown = {NET: (given, told, PROBE_NAMES)}
    return drawing.families(shown, width=6.2, height=3.6, legend_title="amplitude")


@picture(
    "What the net would answer at every step, and the memory of the three cells that weigh most "
    "in the answer to the largest wave."
)
def _memory(run: Run) -> drawing.Figure:
    net: Any = run.nets[NET]
    (layer,) = record_gates(net.recurrent, waves(PROBES))
    weight, hidden = numbers(net.head.weight)[0], layer["hidden"]
    shown = {"the answer, if read at this step": hidden @ weight + net.head.bias.item()}
    for cell in np.argsort(-np.abs(weight * hidden[-1, -1]))[:3]:
        shown[f"memory of cell {cell}"] = layer["memory"][:, :, cell]
    figure, axes = drawing.panels(shown, 2, x="x", width=3.8, height=2.5, sharex=True)
    for axis, values in zip(axes, shown.values(), strict=True):
        drawing.fan(axis, points(), values, PROBE_NAMES)
    drawing.legend_right(axes[1], title="amplitude")
    return figure


def _caption(run: Run) -> str:
    told = run.fits[NET].watched["told of 1"]
    return (
        "Left: the error over the epochs. Right: what the net of any phase tells, "
        f"against the truth (dotted); of the amplitude 1 it tells {told[0]:.2f} at first and "
        f"{told[-1]:.2f} at the end."
    )


@picture(_caption)
def _learning_curves(run: Run) -> drawing.Figure:
    figure, (left_, right) = drawing.panels(2, width=4.2, height=3.2)
    for name, fit in run.fits.items():
        style: dict[str, Any] = {"color": drawing.colour(run, name), "linewidth": 1.6}
        short = name.partition(", ")[2]
        left_.plot(fit.epochs, fit.test_losses, "--", label=f"0.5 to 1, {short}", **style)
        left_.plot(fit.epochs, fit.losses, label=f"training data, {short}", **style)
    left_.set_yscale("log")
    fit = run.fits[NET]
    told = [fit.watched[f"told of {name}"] for name in PROBE_NAMES]
    for given, colour in zip(PROBES, drawing.shades(len(PROBES)), strict=True):
        right.axhline(given, color=colour, linestyle=":", linewidth=1)
    drawing.fan(right, fit.epochs, told, PROBE_NAMES, width=1.6)
    drawing.label(left_, "Learning curves", "epoch", "mean squared error")
    drawing.label(right, "What is told of an amplitude", "epoch", "amplitude told")
    drawing.legend_under(left_, ncols=2, by=0.18)
    drawing.legend_right(right, title="amplitude")
    return figure


EXPERIMENT = Experiment(
    name="amplitude",
    title="Sequence to vector: the amplitude of a wave",
    source=f"{curves.SOURCE}: sequence to vector, Amplitude of a wave.",
    task="A net reads a wave a·(1 + sin 10(x + δ)), from x = 0 to x = 1 in 100 steps, and has to "
    "tell the amplitude a after the last step. It is trained with amplitudes up to 0.5 and tested "
    "with larger ones. The form of the wave is inferred from descriptions of lost figures. One net "
    "is trained with any phase, another with one phase only.",
    presets=presets(examples=(200, 1_000), batch=50, epochs=200, rate=(0.005, 0.001)),
    jobs=jobs,
    measure=measure,
    pictures=(
        _training_data,
        _amplitudes,
        _waves,
        _memory,
        _learning_curves,
        WAVES.picture("Waves of several amplitudes, as what is told of them"),
    ),
    claims=(
        Claim(
            "amplitude",
            "The amplitude is learned.",
            {"inside": "part of the variance left, up to 0.5 and at any phase"},
            lambda m: m["inside"] < 0.05,
            "judged as less than 0.05",
            figure="amplitudes",
        ),
        Claim(
            "diverges",
            "Above 0.5, the largest amplitude of the training, the answers diverge.",
            {
                "told_of_half": "told of 0.5",
                "told_of_one": "told of 1",
                "ratio": "mean error at 1, by that at 0.5",
            },
            lambda m: m["ratio"] > 3,
            "judged as three times the error",
            "The answer is a sum of bounded numbers that bend where nothing was trained. `lab why "
            "outside-the-range` shows it on a small net.",
            fails=True,
            figure="amplitudes",
        ),
        Claim(
            "a-place",
            "(not in the source) A net that saw one phase only has learned amplitudes, too.",
            {
                "fixed_shifted": "told of amplitude 0.3, shifted by 0.1, by the net of one phase",
                "any_shifted": "of any phase",
            },
            lambda m: abs(m["fixed_shifted"] - 0.3) < 0.1,
            "judged as less than a third wrong",
            "Where all waves have one phase, the last values alone tell the amplitude. The net "
            "reads them, and not how high the wave is: a shifted wave is told wrong.",
            figure="amplitudes",
        ),
        WAVES.claim(),
    ),
)
