"""The phase of a sine as one latent number: to be turned like a knob."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import coding, drawing
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
from reberlstm.lab.nets import Autoencoder, as_in_keras
from reberlstm.lab.waves import points, sines

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NARROW, WIDE = "shift up to 0.1·π/2", "shift up to π/2"
RANGES = {NARROW: 0.1 * np.pi / 2, WIDE: np.pi / 2}
FLAT = 0.25
"""Half the variance of a sine: a loss above it means that next to nothing is reconstructed."""


def jobs(settings: Settings, rng: np.random.Generator) -> list[Job]:
    """The same autoencoder for both ranges of displacement."""
    found = []
    for name, epochs, rate in (
        (NARROW, settings.narrow_epochs, settings.narrow_rate),
        (WIDE, settings.wide_epochs, settings.wide_rate),
    ):
        counts = (settings.examples, max(1, settings.examples // 10))
        x, test = (
            sines(shift=rng.uniform(0.0, RANGES[name], count), steps=settings.steps)
            for count in counts
        )
        recipe = Recipe(epochs=epochs, batch=settings.batch, learning_rate=rate)
        found.append(
            Job(
                name,
                lambda: as_in_keras(Autoencoder([32, 32], 1, [32, 32])),
                Data(x, x, test, test),
                recipe,
            )
        )
    return found


def _grid(run: Run, name: str) -> tuple[Array, Array]:
    """Shifts all over the range, and their sines."""
    shifts = np.linspace(0.0, RANGES[name], 91)
    return shifts, sines(shift=shifts, steps=run.settings.steps)


def measure(run: Run) -> dict[str, Any]:
    """Errors at the beginning and after, how latent and shift go together, the phases decoded."""
    late = points(run.settings.steps) >= coding.BEGINNING
    found: dict[str, dict[str, Any]] = {
        key: {} for key in ("error", "beginning", "later", "order", "phases", "sweep", "flat")
    }
    for name, fit in run.fits.items():
        _, given = _grid(run, name)
        squares = (run.predict(name, given)[:, :, 0] - given[:, :, 0]) ** 2
        latent = coding.encode(run, name, given)
        turned = _turned(run, name, latent)
        found["error"][name] = fit.test_loss
        found["beginning"][name] = float(squares[:, ~late].mean())
        found["later"][name] = float(squares[:, late].mean())
        found["order"][name] = coding.order(latent[:, 0])
        found["phases"][name] = turned.tolist()
        found["sweep"][name] = float(abs(turned[-1] - turned[0]))
        found["flat"][name] = next(
            (e for e, loss in zip(fit.epochs, fit.test_losses, strict=True) if loss < FLAT),
            float("inf"),
        )
    return found


def _turned(run: Run, name: str, latent: Array) -> Array:
    """The phases, in degrees, of what is decoded from latent numbers evenly over their range."""
    knob = np.linspace(float(latent.min()), float(latent.max()), 41)[:, None]
    turned = coding.phases(coding.decode(run, name, knob, run.settings.steps))
    rising: Array = turned if turned[0] <= turned[-1] else turned[::-1]
    rising -= 360.0 * np.floor((rising[0] + 45.0) / 360.0)
    return rising


def draw_sines(run: Run) -> Figure:
    """Sines of several shifts and their reconstructions, for both ranges."""
    figure, axes = drawing.panels(2, width=4.6, height=3.4, sharey=True)
    x = points(run.settings.steps)
    for axis, name in zip(axes, run.jobs, strict=True):
        shifts = np.linspace(0.0, RANGES[name], 4)
        given = sines(shift=shifts, steps=run.settings.steps)
        found = run.predict(name, given)[:, :, 0]
        names = [f"shift {shift:.2f}" for shift in shifts]
        drawing.family(axis, x, given[:, :, 0], found, names)
        axis.axvspan(0.0, coding.BEGINNING, color=drawing.QUIET, alpha=0.08, linewidth=0)
        error = drawing.power(run.measured["error"][name])
        drawing.label(axis, f"{name}: error {error}", "x", "y" if axis is axes[0] else "")
        drawing.legend(axis, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    return figure


def draw_latent(run: Run) -> Figure:
    """The latent number over the shift, and the phase that is decoded from it."""
    figure, axes = drawing.panels(2, 2, width=4.2, height=2.8)
    for row, name in enumerate(run.jobs):
        shifts, given = _grid(run, name)
        latent = coding.encode(run, name, given)[:, 0]
        left, right = axes[2 * row : 2 * row + 2]
        left.plot(shifts, latent, color=drawing.COLOURS[row], linewidth=1.8)
        drawing.label(left, name, "shift δ of the sine, in units of x", "latent value")
        phases = np.array(run.measured["phases"][name])
        knob = np.linspace(0.0, 1.0, len(phases))
        right.plot(knob, phases, color=drawing.COLOURS[row], linewidth=1.8)
        trained = float(np.degrees(10 * RANGES[name]))
        if trained < 360.0:
            right.axhspan(0.0, trained, color=drawing.QUIET, alpha=0.1, linewidth=0)
        says = "band: as trained" if trained < 360.0 else "every phase was trained"
        across = "latent value, from end to end of its range"
        drawing.label(right, f"the phase decoded; {says}", across, "phase in degrees")
    return figure


def draw_decoded(run: Run) -> Figure:
    """The knob turned from one end to the other."""
    figure, axes = drawing.panels(2, width=4.6, height=3.4, sharey=True)
    for axis, name in zip(axes, run.jobs, strict=True):
        latent = coding.encode(run, name, _grid(run, name)[1])
        ends = (float(latent.min()), float(latent.max()))
        coding.draw_decoded(axis, run, name, *ends, run.settings.steps)
    return figure


EXPERIMENT = Experiment(
    name="autoencoder-phase",
    title="The phase of a sine as one latent number",
    source=f"{coding.SOURCE}, Sine and cosine; its code gives the net.",
    task="Sines sin 10(x + δ) go through 32 and 32 LSTM cells into one latent number and through "
    "32, 32 and one cells back. Shifts δ are uniform from 0 to 0.1·π/2, then to π/2. With this "
    "frequency 0.1·π/2 is already the quarter of a turn that makes a cosine of a sine, and π/2 is "
    "two and a half turns, so that most sines occur with three shifts. The loss is the mean "
    "squared error.",
    presets={
        "quick": {
            "examples": 200,
            "batch": 50,
            "narrow_epochs": 150,
            "wide_epochs": 200,
            "narrow_rate": 0.01,
            "wide_rate": 0.005,
            "steps": 50,
        },
        "source": {
            "examples": 1_000,
            "batch": 50,
            "narrow_epochs": 250,
            "wide_epochs": 500,
            "narrow_rate": 0.001,
            "wide_rate": 0.001,
            "steps": 100,
        },
    },
    jobs=jobs,
    measure=measure,
    pictures=(
        Picture(
            "sines",
            "Sines (dotted) and their reconstructions (solid), with the mean squared error; the "
            "beginning, which the source found hard, is grey.",
            draw_sines,
        ),
        Picture(
            "latent",
            "The latent number over the shift, and the phase of what is decoded as the latent "
            "number goes from one end to the other. "
            "Beyond a turn the latent number is the phase within it.",
            draw_latent,
        ),
        Picture("decoded", "What the decoder makes of latent numbers.", draw_decoded),
        Picture("learning-curves", "Mean squared error over the epochs.", drawing.learning_curves),
    ),
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
