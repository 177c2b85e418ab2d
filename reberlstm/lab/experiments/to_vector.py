"""Sequence to vector: the amplitude of a wave; slope and intercept of a line."""

from __future__ import annotations

from functools import partial
from itertools import starmap
from typing import Any

import numpy as np
import torch

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import points, rmse
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.gates import head_of, numbers, record_gates
from reberlstm.lab.nets import Recurrent, as_in_keras
from reberlstm.net.cells.cell import Floats

# The amplitude of a wave

BOUND = 0.5
"""Waves up to this amplitude are for training, those above for validation."""

NET = "LSTM 32"
PROBES = np.array([0.1, 0.3, 0.5, 0.6, 0.8, 1.0])
PROBE_NAMES = [f"{amplitude:g}" for amplitude in PROBES]


def _waves_of(amplitudes: Floats) -> Floats:
    return curves.sines(amplitudes, offset=amplitudes)


WAVES = Comparison(
    trained=NET,
    net=wired.amplitude(curves.FREQUENCY / (curves.STEPS - 1)),
    names=PROBE_NAMES,
    given=_waves_of(PROBES),
    wanted=PROBES[:, None],
    known=[amplitude <= BOUND for amplitude in PROBES],
    curves=lambda told: _waves_of(told[:, 0])[:, :, 0],
)


def _amplitude_jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """One layer of LSTM cells; the amplitude is read at the last step."""
    inside = rng.uniform(0.0, BOUND, settings.examples)
    outside = rng.uniform(BOUND, 1.0, settings.examples // 2)
    data = Data(_waves_of(inside), inside[:, None], _waves_of(outside), outside[:, None])
    recipe = Recipe.of(settings)
    return [Job(NET, lambda: Recurrent(1, 32, 1, last=True), data, recipe, watch=_told_so_far)]


def _told_so_far(net: torch.nn.Module) -> dict[str, float]:
    told = net(torch.tensor(_waves_of(PROBES), dtype=torch.float32))
    return {
        f"told of {name}": float(number) for name, number in zip(PROBE_NAMES, told, strict=True)
    }


def _amplitudes_told(run: Run, amplitudes: Floats) -> Floats:
    return run.predict(NET, _waves_of(amplitudes))[:, 0]


def _measure_amplitude(run: Run) -> dict[str, Any]:
    """What the net says of some amplitudes, and its errors inside and outside."""
    inside, outside = np.linspace(0.05, BOUND, 46), np.linspace(BOUND, 1.0, 51)
    told = zip(PROBE_NAMES, _amplitudes_told(run, PROBES).tolist(), strict=True)
    return {
        "inside": rmse(_amplitudes_told(run, inside), inside),
        "outside": rmse(_amplitudes_told(run, outside), outside),
        "told": {f"at {name}": number for name, number in told},
        "by_hand": WAVES.measure(run),
    }


@picture("What the net tells over what is true: it bends away where the training ended.")
def _amplitudes(run: Run) -> drawing.Figure:
    figure, (axis,) = drawing.panels(width=4.6, height=3.8)
    given = np.linspace(0.0, 1.0, 101)
    axis.axvspan(0.0, BOUND, color=drawing.COLOURS[0], alpha=0.08, linewidth=0)
    place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "top"}
    axis.annotate("trained", (BOUND / 2, 0.97), fontsize=8, color=drawing.QUIET, **place)
    drawing.compare(axis, given, given, _amplitudes_told(run, given))
    drawing.label(axis, "Amplitudes", "amplitude of the wave", "amplitude told")
    drawing.legend(axis, loc="lower right")
    return figure


@picture("Waves as they were given and with the amplitude that the net tells.")
def _waves(run: Run) -> drawing.Figure:
    figure, (axis,) = drawing.panels(width=6.2, height=3.6)
    told, given = (_waves_of(some)[:, :, 0] for some in (_amplitudes_told(run, PROBES), PROBES))
    drawing.family(axis, points(), told, given, PROBE_NAMES, dotted="told by the net")
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
        drawing.fan(axis, points(), values, PROBE_NAMES)
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
    for given, name, colour in zip(
        PROBES, PROBE_NAMES, drawing.shades(len(PROBE_NAMES)), strict=True
    ):
        right.axhline(given, color=colour, linestyle=":", linewidth=1)
        told = fit.watched[f"told of {name}"]
        right.plot(fit.epochs, told, color=colour, linewidth=1.6, label=name)
    drawing.label(left, "Learning curves", "epoch", "mean squared error")
    drawing.label(right, "What is told of an amplitude", "epoch", "amplitude told")
    drawing.legend(left)
    drawing.legend_right(right, title="amplitude")
    return figure


AMPLITUDE = Experiment(
    name="amplitude",
    title="Sequence to vector: the amplitude of a wave",
    source=f"{curves.SOURCE}: sequence to vector, Amplitude of a wave.",
    task="A net reads a wave a·(1 + sin 10x), from x = 0 to x = 1 in 100 steps, and has to tell "
    "the amplitude a after the last step. It is trained with amplitudes up to 0.5 and tested with "
    "larger ones. The form of the wave is inferred from descriptions of lost figures.",
    presets=presets(examples=(200, 1_000), batch=(50, 50), epochs=(80, 200), rate=(0.005, 0.001)),
    jobs=_amplitude_jobs,
    measure=_measure_amplitude,
    pictures=(
        _amplitudes,
        _waves,
        _memory,
        _learning_curves,
        WAVES.picture("Waves of several amplitudes, as what is told of them"),
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
        WAVES.claim(),
    ),
)

# Slope and intercept of a line

STEPS = 50
ONE, TWO = "one layer of 32", "two layers of 32"
TRAINED = ((0.2, 0.8), (0.5, 0.5), (0.8, 0.2), (1.0, 0.0))
OTHERS = ((-1.0, 0.8), (-0.4, 0.5), (2.0, 0.5), (3.0, 0.0))
"""Slopes and intercepts of lines such as were trained, and of others."""


def _lines_of(parameters: Any) -> Any:
    """The lines of pairs of slope and intercept."""
    slope, intercept = np.array(parameters).T
    return curves.lines(slope, intercept, steps=STEPS)


def _formula(slope: float, intercept: float) -> str:
    """How a line is called."""
    term = {1.0: "x", -1.0: "−x"}.get(slope, f"{drawing.signed(slope)}·x")
    return f"{term} + {intercept:g}" if intercept else term


LINES = Comparison(
    trained=TWO,
    net=wired.line_parameters(),
    names=list(starmap(_formula, TRAINED + OTHERS)),
    given=_lines_of(TRAINED + OTHERS),
    wanted=np.array(TRAINED + OTHERS),
    known=[True] * len(TRAINED) + [False] * len(OTHERS),
    curves=lambda told: _lines_of(told)[:, :, 0],
)


def _line_jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """One and two layers of LSTM cells; both numbers are read at the last step."""
    numbers = rng.uniform(0.0, 1.0, (2, settings.examples, 2))
    (y, test_y), (x, test_x) = numbers, (_lines_of(part) for part in numbers)
    data, recipe = Data(x, y, test_x, test_y), Recipe.of(settings)

    def net(layers: int) -> torch.nn.Module:
        return as_in_keras(Recurrent(1, 32, 2, layers=layers, last=True))

    return [Job(name, partial(net, layers), data, recipe) for name, layers in ((ONE, 1), (TWO, 2))]


def _lines_told(run: Run, parameters: Any) -> Any:
    return run.predict(TWO, _lines_of(parameters))


def _measure_lines(run: Run) -> dict[str, Any]:
    """Errors on lines as trained, and what the larger net tells of others."""
    told = _lines_told(run, OTHERS)
    off = np.abs(told - OTHERS)
    return {
        "error": {name: fit.test_loss for name, fit in run.fits.items()},
        "told": {
            f"{slope:g},{intercept:g}": found.tolist()
            for (slope, intercept), found in zip(OTHERS, told, strict=True)
        },
        "falling": float(off[:2].max()),
        "steep": float(off[2:].max()),
        "by_hand": LINES.measure(run),
    }


@picture("Lines (dotted) and the lines that the net tells (solid).")
def _lines(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.4, height=3.6)
    for axis, title, chosen in zip(
        axes, ("Lines such as were trained", "Other lines"), (TRAINED, OTHERS), strict=True
    ):
        given, told = (_lines_of(p)[:, :, 0] for p in (chosen, _lines_told(run, chosen)))
        drawing.family(axis, points(STEPS), given, told, list(starmap(_formula, chosen)))
        drawing.label(axis, title, "x", "y")
        drawing.legend_under(axis, ncols=2)
    return figure


@picture(
    "Slope and intercept of lines, and what the net tells of them: outside of the slopes that it "
    "was trained with, it draws them in."
)
def _parameters(run: Run) -> drawing.Figure:
    figure, (axis,) = drawing.panels(width=5.4, height=4.4)
    given = np.array([(m, t) for m in np.linspace(-1, 2, 13) for t in np.linspace(0, 1, 5)])
    trained = (given[:, 0] >= 0) & (given[:, 0] <= 1)
    for start, end, known in zip(given, _lines_told(run, given), trained, strict=True):
        colour = drawing.COLOURS[0 if known else 1]
        axis.plot(*np.stack([start, end]).T, color=colour, linewidth=1)
        axis.plot(*start, "o", color="white", markeredgecolor=colour, markersize=4)
        axis.plot(*end, "o", color=colour, markersize=3)
    for number, name in ((0, "slope as trained"), (1, "slope outside")):
        axis.plot([], [], "o-", color=drawing.COLOURS[number], markersize=3, label=name)
    drawing.label(axis, "From what was given (circle) to what is told (dot)", "slope", "intercept")
    drawing.legend_under(axis, ncols=2, by=0.13)
    return figure


@picture("What the net would tell at every step; dots are the truth.", name="memory")
def _parameter_memory(run: Run) -> drawing.Figure:
    net: Any = run.nets[TWO]
    head = head_of(net.head)
    told = record_gates(net.recurrent, _lines_of(TRAINED))[-1]["hidden"] @ head.weight.T + head.bias
    figure, axes = drawing.panels(2, width=4.0, height=3.0)
    for number, (axis, name) in enumerate(zip(axes, ("slope", "intercept"), strict=True)):
        for curve, colour, true in zip(told, drawing.shades(len(TRAINED)), TRAINED, strict=True):
            style = {"color": colour, "label": _formula(*true)}
            axis.plot(points(STEPS), curve[:, number], linewidth=1.6, **style)
            axis.plot([1.0], [true[number]], "o", color=colour, markersize=5, clip_on=False)
        drawing.label(axis, f"{name}, if read at this step", "x", name)
    drawing.legend_right(axes[1])
    return figure


LINE_PARAMETERS = Experiment(
    name="line-parameters",
    title="Sequence to vector: slope and intercept of a line",
    source=f"{curves.SOURCE}: sequence to vector, Slope and intercept.",
    task="A net reads a line y = m·x + t, from x = 0 to x = 1 in 50 steps, and has to tell the "
    "slope m and the intercept t after the last step. Both are between 0 and 1 in training, a "
    "range that is inferred from the description of lost figures; then come lines beyond it. "
    "Weights start as in Keras, which the source used.",
    presets=presets(examples=(1_000, 1_000), batch=(50, 50), epochs=(40, 250), rate=(0.005, 0.001)),
    jobs=_line_jobs,
    measure=_measure_lines,
    pictures=(
        _lines,
        _parameters,
        _parameter_memory,
        drawing.LEARNING_CURVES,
        LINES.picture("Lines such as were trained and others, as what is told of them"),
    ),
    claims=(
        Claim(
            "Slope and intercept are learned.",
            "mean squared error on new lines: two layers {error[two layers of 32]:.1e}, one layer "
            "{error[one layer of 32]:.1e}",
            lambda m: m["error"][TWO] < 0.003,
            "judged for two layers as below 0.003",
        ),
        Claim(
            "Negative slopes are not handled well.",
            "(−0.4, 0.5) → ({told[-0.4,0.5][0]:.2f}, {told[-0.4,0.5][1]:.2f}), (−1, 0.8) → "
            "({told[-1,0.8][0]:.2f}, {told[-1,0.8][1]:.2f})",
            lambda m: m["falling"] > 0.1,
            "judged as more than 0.1 wrong",
        ),
        Claim(
            "Larger slopes are not handled well.",
            "(2, 0.5) → ({told[2,0.5][0]:.2f}, {told[2,0.5][1]:.2f}), (3, 0) → "
            "({told[3,0][0]:.2f}, {told[3,0][1]:.2f})",
            lambda m: m["steep"] > 0.1,
            "judged as more than 0.1 wrong",
        ),
        LINES.claim(),
    ),
)
