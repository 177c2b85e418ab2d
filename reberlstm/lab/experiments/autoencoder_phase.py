"""The phase of a sine as one latent number: to be turned like a knob."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import curves, drawing
from reberlstm.lab.curves import points, sines
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.nets import Autoencoder, as_in_keras
from reberlstm.net.cells.cell import Floats

if TYPE_CHECKING:
    from torch import nn

NARROW, WIDE = "shift up to 0.1·π/2", "shift up to π/2"
RANGES = {NARROW: 0.1 * np.pi / 2, WIDE: np.pi / 2}
FLAT = 0.25
"""Half the variance of a sine: a loss above it means that next to nothing is reconstructed."""


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """The same autoencoder for both ranges of displacement."""
    found = []
    for name, kind in ((NARROW, "narrow"), (WIDE, "wide")):
        x, test = (
            sines(shift=rng.uniform(0.0, RANGES[name], count), steps=settings.steps)
            for count in (settings.examples, max(1, settings.examples // 10))
        )
        data, recipe = Data(x, x, test, test), Recipe.of(settings, kind)
        found.append(Job(name, _net, data, recipe))
    return found


def _net() -> nn.Module:
    return as_in_keras(Autoencoder([32, 32], 1, [32, 32]))


def _grid(run: Run, name: str) -> tuple[Floats, Floats]:
    """Shifts all over the range, and their sines."""
    shifts = np.linspace(0.0, RANGES[name], 91)
    return shifts, sines(shift=shifts, steps=run.settings.steps)


def measure(run: Run) -> dict[str, Any]:
    """Errors at the beginning and after, how latent and shift go together, the phases decoded."""
    by_net = {name: _measure(run, name) for name in run.fits}
    return {key: {name: found[key] for name, found in by_net.items()} for key in by_net[WIDE]}


def _measure(run: Run, name: str) -> dict[str, Any]:
    late = points(run.settings.steps) >= curves.BEGINNING
    _, given = _grid(run, name)
    squares = (run.predict(name, given)[:, :, 0] - given[:, :, 0]) ** 2
    latent = curves.encode(run, name, given)
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
    found = curves.phases(curves.decode(run, name, knob, run.settings.steps))
    rising: Floats = found if found[0] <= found[-1] else found[::-1]
    rising -= 360.0 * np.floor((rising[0] + 45.0) / 360.0)
    return rising


@picture(
    "Sines (dotted) and their reconstructions (solid), with the mean squared error; the "
    "beginning, which the source found hard, is grey."
)
def _sines(run: Run) -> drawing.Figure:
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
    "from one end to the other. Beyond a turn the latent number is the phase within it."
)
def _latent(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, 2, width=4.2, height=2.8)
    for row, name in enumerate(run.jobs):
        shifts, given = _grid(run, name)
        left, right = axes[2 * row : 2 * row + 2]
        style: dict[str, Any] = {"color": drawing.COLOURS[row], "linewidth": 1.8}
        left.plot(shifts, curves.encode(run, name, given)[:, 0], **style)
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
        latent = curves.encode(run, name, _grid(run, name)[1])
        curves.draw_decoded(axis, run, name, latent, run.settings.steps)
    return figure


EXPERIMENT = Experiment(
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
    jobs=jobs,
    measure=measure,
    pictures=(_sines, _latent, _decoded, drawing.LEARNING_CURVES),
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
