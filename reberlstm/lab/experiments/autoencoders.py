"""Lines, and sines of any height or phase, through a few latent numbers and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import STEPS, lines, points, sines
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.gates import record_gates
from reberlstm.lab.nets import Autoencoder, as_in_keras
from reberlstm.net.cells.cell import Floats

if TYPE_CHECKING:
    from torch import nn

ONE = "1 latent"


def _net(hidden: Sequence[int], latent: int = 1) -> Callable[[], nn.Module]:
    """Builds the source's net: the same layers before and after the latent numbers."""
    return lambda: as_in_keras(Autoencoder(hidden, latent, hidden))


def _data(
    settings: Any, rng: np.random.Generator, drawn: Callable[[Floats], Floats], most: float = 1.0
) -> Data:
    """Curves of random numbers up to `most`, to be given back; a tenth as many for testing."""
    counts = settings.examples, max(1, settings.examples // 10)
    x, test = (drawn(rng.uniform(0.0, most, count)) for count in counts)
    return Data(x, x, test, test)


def encode(run: Run, name: str, x: Floats) -> Floats:
    """The latent numbers of sequences ``(N, T, 1)``: ``(N, k)``."""
    return run.predict(name, x, "encode")


def decode(run: Run, name: str, latent: Floats, steps: int = STEPS) -> Floats:
    """The sequences of latent numbers ``(N, k)``: ``(N, steps)``."""
    return run.predict(name, latent, "decode", steps=steps)[:, :, 0]


def draw_decoded(
    axis: drawing.Axes, run: Run, name: str, latent: Floats, steps: int = STEPS
) -> None:
    """What is decoded from one end of some latent numbers to the other."""
    shown = np.linspace(float(latent.min()), float(latent.max()), 9)
    named: list[Any] = [None] * 9
    named[::4] = [drawing.signed(round(float(value), 2)) for value in shown[::4]]
    found = decode(run, name, shown[:, None], steps)
    drawing.fan(axis, points(steps), found, named, width=1.4)
    drawing.label(axis, f"{name}: what is decoded", "x", "y")
    drawing.legend_right(axis, title="latent\nvalue")


# Lines

SIZES = {"10 latent": 10, "5 latent": 5, ONE: 1}
SLOPES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
NAMES = [f"slope {slope:g}" for slope in SLOPES]
ALL_SLOPES = np.linspace(0.0, 1.0, 101)

LINES = Comparison(
    trained=ONE,
    net=wired.LineAutoencoder(STEPS),
    names=[*NAMES, "slope −0.5", "slope 2"],
    given=lines((*SLOPES, -0.5, 2.0)),
    known=[True] * len(SLOPES) + [False, False],
)


def _line_jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """The same autoencoder with ten, five and one latent numbers."""
    data, recipe = _data(settings, rng, lines), Recipe.of(settings)
    return [Job(name, _net([32], size), data, recipe) for name, size in SIZES.items()]


def _measure_lines(run: Run) -> dict[str, Any]:
    """Errors, the end of the steepest line, and how many dimensions the latent numbers use."""
    given = lines(ALL_SLOPES)
    latent = {name: encode(run, name, given) for name in SIZES}
    spread = {
        name: np.linalg.svd(some - some.mean(0), compute_uv=False) ** 2
        for name, some in latent.items()
    }
    return {
        "error": {name: fit.test_loss for name, fit in run.fits.items()},
        "top": {name: float(run.predict(name, given[-1:])[0, -1, 0]) for name in SIZES},
        "first": {name: float(some[0] / some.sum()) for name, some in spread.items()},
        "order": curves.rank_correlation(latent[ONE][:, 0]),
        "by_hand": LINES.measure(run),
    }


@picture("Lines (dotted) and their reconstructions (solid), with the mean squared error.")
def _lines(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(3, width=3.6, height=3.2, sharey=True)
    given = lines(SLOPES)
    for axis, name in zip(axes, run.jobs, strict=True):
        found = run.predict(name, given)[:, :, 0]
        drawing.family(axis, points(), given[:, :, 0], found, NAMES)
        drawing.label(axis, f"{name}: error {drawing.power(run.fits[name].test_loss)}", "x", "")
    drawing.legend_right(axes[2])
    return figure


@picture(
    "The latent numbers over the slope, and what the decoder makes of a single one.", name="latent"
)
def _line_latent(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, 2, width=4.2, height=3.0)
    for axis, name in zip(axes, SIZES, strict=False):
        latent = encode(run, name, lines(ALL_SLOPES))
        drawing.fan(axis, ALL_SLOPES, latent.T, [None] * latent.shape[1])
        drawing.label(axis, f"{name}: its value over the slope", "slope", "latent value")
    draw_decoded(axes[3], run, ONE, latent)
    return figure


@picture("How the single latent number comes about: the cell that holds it, over the steps.")
def _memory(run: Run) -> drawing.Figure:
    net: Any = run.nets[ONE]
    first, last = net.encoder.layers
    (before,) = record_gates(first, lines(SLOPES))
    (cell,) = record_gates(last, before["hidden"])
    figure, axes = drawing.panels(3, width=3.6, height=2.8)
    for axis, quantity, title in (
        (axes[0], "forget", "its forget gate (eraser)"),
        (axes[1], "memory", "its memory"),
        (axes[2], "hidden", "what it gives out"),
    ):
        drawing.fan(axis, points(), cell[quantity][:, :, 0], NAMES)
        drawing.label(axis, f"The latent cell: {title}", "x")
    drawing.legend_right(axes[2])
    return figure


AUTOENCODER_LINE = Experiment(
    name="autoencoder-line",
    title="Lines through ten, five and one latent numbers",
    source=f"{curves.SOURCE}: Autoencoder, Line; its code gives nets and data.",
    task="A layer of 32 LSTM cells reads a line y = m·x in 100 steps, a second layer of few cells "
    "gives its last outputs, the latent numbers; these are repeated 100 times and go through 32 "
    "cells and one, whose output is to be the line again. Slopes m are uniform between 0 and 1. "
    "With one latent number the net has the source's 8,976 parameters, and 264 more because "
    "PyTorch has two biases for every gate. The last layer is an LSTM, so its output stays below "
    "1, and the line of slope 1 is out of its reach at the end. Weights start as in Keras.",
    presets=presets(
        examples=(200, 1_000),
        batch=(50, 1_000),
        epochs=(100, 250),
        rate=(0.005, 0.001),
        optimiser=("adam", "rmsprop"),
    ),
    jobs=_line_jobs,
    measure=_measure_lines,
    pictures=(
        _lines,
        _line_latent,
        _memory,
        drawing.LEARNING_CURVES,
        LINES.picture("Lines through one number and back"),
    ),
    claims=(
        Claim(
            "Lines are regenerated from ten, five and one latent numbers.",
            "mean squared error {error[10 latent]:.1e}, {error[5 latent]:.1e}, "
            "{error[1 latent]:.1e}; at the end of the line of slope 1: {top[10 latent]:.2f}, "
            "{top[5 latent]:.2f}, {top[1 latent]:.2f}",
            lambda m: max(m["error"].values()) < 0.005,
            "judged as below 0.005 for each",
        ),
        Claim(
            "Two latent numbers should be enough.",
            "one is enough: {error[1 latent]:.1e}; the first principal direction of the latent "
            "numbers has {first[10 latent]:.1%} of the variance of ten, {first[5 latent]:.1%} of "
            "five",
            lambda m: m["error"]["1 latent"] < 0.005,
            "all intercepts are 0 in the source's code, so that one number says all",
        ),
        LINES.claim(),
    ),
)

# Sines of any height

AMPLITUDES = (0.1, 0.3, 0.5, 0.7, 0.9)
ALL_AMPLITUDES = np.linspace(0.0, 1.0, 101)


def _sine_jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """The autoencoder of the source's code with one latent number."""
    return [Job(ONE, _net([32]), _data(settings, rng, sines), Recipe.of(settings))]


def _measure_sines(run: Run) -> dict[str, Any]:
    """The error, and how the latent number goes with the amplitude."""
    given = sines(ALL_AMPLITUDES)
    return {
        "error": run.fits[ONE].test_loss,
        "of_nothing": float(np.mean(given**2)),
        "order": curves.rank_correlation(encode(run, ONE, given)[:, 0]),
    }


@picture("Sines (dotted) and their reconstructions (solid).")
def _sines(run: Run) -> drawing.Figure:
    figure, (axis,) = drawing.panels(width=6.0, height=3.4)
    given = sines(AMPLITUDES)
    names = [f"amplitude {amplitude:g}" for amplitude in AMPLITUDES]
    drawing.family(axis, points(), given[:, :, 0], run.predict(ONE, given)[:, :, 0], names)
    drawing.label(axis, f"Mean squared error {drawing.power(run.measured['error'])}", "x", "y")
    drawing.legend_right(axis)
    return figure


@picture(
    "The latent number over the amplitude, and what the decoder makes of latent numbers.",
    name="latent",
)
def _sine_latent(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.2, height=3.2)
    latent = encode(run, ONE, sines(ALL_AMPLITUDES))[:, 0]
    axes[0].plot(ALL_AMPLITUDES, latent, color=drawing.COLOURS[0], linewidth=1.8)
    drawing.label(axes[0], "The latent value", "amplitude", "latent value")
    draw_decoded(axes[1], run, ONE, latent)
    return figure


AUTOENCODER_SINE = Experiment(
    name="autoencoder-sine",
    title="Sines through one latent number",
    source=f"{curves.SOURCE}: Autoencoder, Sine; its code gives the net.",
    task="The autoencoder of `autoencoder-line` with one latent number, on sines a·sin 10x of "
    "amplitudes a between 0 and 1. Which sines the source used is lost; the amplitudes are those "
    "of the lines in its code.",
    presets=presets(
        examples=(200, 1_000),
        batch=(50, 1_000),
        epochs=(150, 250),
        rate=(0.005, 0.001),
        optimiser=("adam", "rmsprop"),
    ),
    jobs=_sine_jobs,
    measure=_measure_sines,
    pictures=(_sines, _sine_latent, drawing.LEARNING_CURVES),
    claims=(
        Claim(
            "A sine can be learned with LSTMs, against what somebody told the source's author.",
            "mean squared error {error:.1e}; always answering 0 has {of_nothing:.2f}",
            lambda m: m["error"] < 0.05 * m["of_nothing"],
            "judged as less than a twentieth of the error of always answering 0; the figure is "
            "lost",
        ),
    ),
)

# Sines of any phase

NARROW, WIDE = "shift up to 0.1·π/2", "shift up to π/2"
RANGES = {NARROW: 0.1 * np.pi / 2, WIDE: np.pi / 2}
FLAT = 0.25
"""Half the variance of a sine: a loss above it means that next to nothing is reconstructed."""


def _phase_jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """The same autoencoder for both ranges of displacement."""

    def shifted(shifts: Floats) -> Floats:
        return sines(shift=shifts, steps=settings.steps)

    return [
        Job(
            name,
            _net([32, 32]),
            _data(settings, rng, shifted, RANGES[name]),
            Recipe.of(settings, kind),
        )
        for name, kind in ((NARROW, "narrow"), (WIDE, "wide"))
    ]


def _grid(run: Run, name: str) -> tuple[Floats, Floats]:
    """Shifts all over the range, and their sines."""
    shifts = np.linspace(0.0, RANGES[name], 91)
    return shifts, sines(shift=shifts, steps=run.settings.steps)


def _measure_phases(run: Run) -> dict[str, Any]:
    """Errors at the beginning and after, how latent and shift go together, the phases decoded."""
    by_net = {name: _measure_range(run, name) for name in run.fits}
    return {key: {name: found[key] for name, found in by_net.items()} for key in by_net[WIDE]}


def _measure_range(run: Run, name: str) -> dict[str, Any]:
    late = points(run.settings.steps) >= curves.BEGINNING
    _, given = _grid(run, name)
    squares = (run.predict(name, given)[:, :, 0] - given[:, :, 0]) ** 2
    latent = encode(run, name, given)
    decoded = _decoded_phases(run, name, latent)
    return {
        "error": run.fits[name].test_loss,
        "beginning": float(squares[:, ~late].mean()),
        "later": float(squares[:, late].mean()),
        "order": curves.rank_correlation(latent[:, 0]),
        "phases": decoded.tolist(),
        "sweep": float(abs(decoded[-1] - decoded[0])),
        "flat": run.fits[name].epochs_to(FLAT),
    }


def _decoded_phases(run: Run, name: str, latent: Floats) -> Floats:
    """The phases, in degrees, of what is decoded from latent numbers evenly over their range."""
    knob = np.linspace(float(latent.min()), float(latent.max()), 41)[:, None]
    found = curves.phases(decode(run, name, knob, run.settings.steps))
    rising: Floats = found if found[0] <= found[-1] else found[::-1]
    rising -= 360.0 * np.floor((rising[0] + 45.0) / 360.0)
    return rising


@picture(
    "Sines (dotted) and their reconstructions (solid), with the mean squared error; the "
    "beginning, which the source found hard, is grey.",
    name="sines",
)
def _shifted(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.6, height=3.4, sharey=True)
    for axis, name in zip(axes, run.jobs, strict=True):
        shifts = np.linspace(0.0, RANGES[name], 4)
        given = sines(shift=shifts, steps=run.settings.steps)
        found = run.predict(name, given)[:, :, 0]
        names = [f"shift {shift:.2f}" for shift in shifts]
        drawing.family(axis, points(run.settings.steps), given[:, :, 0], found, names)
        axis.axvspan(0.0, curves.BEGINNING, color=drawing.QUIET, alpha=0.08, linewidth=0)
        error = drawing.power(run.measured["error"][name])
        drawing.label(axis, f"{name}: error {error}", "x", "y" if axis is axes[0] else "")
        drawing.legend_under(axis, ncols=3)
    return figure


@picture(
    "The latent number over the shift, and the phase of what is decoded as the latent number goes "
    "from one end to the other. Beyond a turn the latent number is the phase within it.",
    name="latent",
)
def _phase_latent(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, 2, width=4.2, height=2.8)
    for row, name in enumerate(run.jobs):
        shifts, given = _grid(run, name)
        left, right = axes[2 * row : 2 * row + 2]
        style: dict[str, Any] = {"color": drawing.COLOURS[row], "linewidth": 1.8}
        left.plot(shifts, encode(run, name, given)[:, 0], **style)
        drawing.label(left, name, "shift δ of the sine, in units of x", "latent value")
        phases = np.array(run.measured["phases"][name])
        right.plot(np.linspace(0.0, 1.0, len(phases)), phases, **style)
        trained = float(np.degrees(10 * RANGES[name]))
        if trained < 360.0:
            right.axhspan(0.0, trained, color=drawing.QUIET, alpha=0.1, linewidth=0)
        says = "band: as trained" if trained < 360.0 else "every phase was trained"
        across = "latent value, from end to end of its range"
        drawing.label(right, f"the phase decoded; {says}", across, "phase in degrees")
    return figure


@picture("What the decoder makes of latent numbers.")
def _decoded(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.6, height=3.4, sharey=True)
    for axis, name in zip(axes, run.jobs, strict=True):
        latent = encode(run, name, _grid(run, name)[1])
        draw_decoded(axis, run, name, latent, run.settings.steps)
    return figure


AUTOENCODER_PHASE = Experiment(
    name="autoencoder-phase",
    title="The phase of a sine as one latent number",
    source=f"{curves.SOURCE}: Autoencoder, Sine and cosine; its code gives the net.",
    task="Sines sin 10(x + δ) go through 32 and 32 LSTM cells into one latent number and through "
    "32, 32 and one cells back. Shifts δ are uniform from 0 to 0.1·π/2, then to π/2. With this "
    "frequency 0.1·π/2 is already the quarter of a turn that makes a cosine of a sine, and π/2 is "
    "two and a half turns, so that most sines occur with three shifts. The loss is the mean "
    "squared error.",
    presets=presets(
        examples=(200, 1_000),
        batch=(50, 50),
        narrow_epochs=(150, 250),
        wide_epochs=(200, 500),
        narrow_rate=(0.01, 0.001),
        wide_rate=(0.005, 0.001),
        steps=(50, 100),
    ),
    jobs=_phase_jobs,
    measure=_measure_phases,
    pictures=(_shifted, _phase_latent, _decoded, drawing.LEARNING_CURVES),
    claims=(
        Claim(
            "Sines with a displaced phase are reconstructed from one latent number.",
            "mean squared error {error[shift up to 0.1·π/2]:.1e} for shifts up to 0.1·π/2",
            lambda m: m["error"][NARROW] < 0.01,
            "judged as below 0.01",
        ),
        Claim(
            "Turning the latent number displaces the phase.",
            "the decoded phase goes through {sweep[shift up to 0.1·π/2]:.0f}° of the 90° trained; "
            "rank correlation of latent number and shift {order[shift up to 0.1·π/2]:.3f}",
            lambda m: m["order"][NARROW] > 0.99 and m["sweep"][NARROW] > 60,
            "judged as more than 60° and a rank correlation above 0.99",
        ),
        Claim(
            "The beginning, x < 0.2, is reconstructed badly.",
            "mean squared error {beginning[shift up to 0.1·π/2]:.1e} there, "
            "{later[shift up to 0.1·π/2]:.1e} after",
            lambda m: m["beginning"][NARROW] > 3 * m["later"][NARROW],
            "judged as more than three times the error after",
        ),
        Claim(
            "Shifts up to π/2 are much harder, and the output stays flat for long.",
            "mean squared error {error[shift up to π/2]:.1e}; below half of a sine's variance "
            "after {flat[shift up to π/2]} epochs, against {flat[shift up to 0.1·π/2]}",
            lambda m: (
                m["error"][WIDE] > 2 * m["error"][NARROW]
                and m["flat"][WIDE] > 2 * m["flat"][NARROW]
            ),
            "judged as more than twice the error and twice the epochs",
        ),
        Claim(
            "Then too, turning the latent number displaces the phase.",
            "the decoded phase goes through {sweep[shift up to π/2]:.0f}° of a turn; "
            "rank correlation of latent number and shift {order[shift up to π/2]:.3f}",
            lambda m: m["sweep"][WIDE] > 60,
            "judged as more than 60°; it holds the shift itself only if the rank "
            "correlation is near 1",
        ),
    ),
)
