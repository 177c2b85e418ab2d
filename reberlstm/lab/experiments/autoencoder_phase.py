"""The phase of a sine as one latent number, for three ranges of phases."""

from __future__ import annotations

from functools import partial
from itertools import starmap
from typing import Any

import numpy as np

from reberlstm.lab import curves, drawing, encoding
from reberlstm.lab.curves import points, sines
from reberlstm.lab.encoding import RECONSTRUCTED, draw_decoded, encode
from reberlstm.lab.experiment import Claim, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.nets import ask
from reberlstm.net.cells.cell import Floats

NARROW, QUARTER, TURNS = "phases to 9°", "phases to 90°", "phases to 900°"
RANGES = {NARROW: 9.0, QUARTER: 90.0, TURNS: 900.0}
SHORT = {NARROW: "9", QUARTER: "90", TURNS: "900"}
STAGES = (100, 150, 250)
WINDOWS = ((0.5, 1.0), (0.6, 0.8), (0.9, 1.0))
"""Latent numbers that the source goes through; with the narrow range it is −1 to −0.5."""

FLAT = 0.5
"""Next to nothing is reconstructed while more than this part of the variance is left."""


def shifted(degrees: Any, steps: int) -> Floats:
    """Sines sin(10x + φ) for phases in degrees, (N, T, 1)."""
    return sines(shift=np.radians(degrees) / curves.FREQUENCY, steps=steps)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """The same autoencoder for three ranges of phases."""

    def job(name: str, most: float) -> Job:
        data = encoding.data(
            settings, lambda count: shifted(rng.uniform(0.0, most, count), settings.steps)
        )
        watch = partial(_so_far, shifted([0.0, min(most, 90.0)], settings.steps))
        return Job(name, encoding.net([32, 32]), data, Recipe.of(settings), watch=watch)

    return list(starmap(job, RANGES.items()))


def _so_far(given: Floats, net: Any) -> dict[str, Floats]:
    first, last = ask(net, given)[:, :, 0]
    return {"first": first, "last": last}


def _grid(run: Run, name: str) -> tuple[Floats, Floats]:
    """Phases all over the range, in degrees, and their sines."""
    degrees = np.linspace(0.0, RANGES[name], 91)
    return degrees, shifted(degrees, run.settings.steps)


def measure(run: Run) -> dict[str, Any]:
    """What is left, at the beginning and after; the phases decoded; how long it stays flat."""
    found: dict[str, Any] = {}
    late = points(run.settings.steps) >= curves.BEGINNING
    for name, key in SHORT.items():
        _, given = _grid(run, name)
        squares = (run.predict(name, given)[:, :, 0] - given[:, :, 0]) ** 2
        latent, decoded = encode(run, name, given), _decoded_phases(run, name)
        variance = float(np.var(run.jobs[name].data.test[1]))
        found |= {
            f"left_{key}": encoding.rest(run, name),
            f"beginning_{key}": float(squares[:, ~late].mean() / squares[:, late].mean()),
            f"order_{key}": curves.rank_correlation(latent[:, 0]),
            f"sweep_{key}": float(abs(decoded[-1] - decoded[0])),
            f"flat_{key}": run.fits[name].epochs_to(FLAT * variance),
            f"phases_{key}": decoded,
        }
    found["harder_phases"] = found["left_90"] / found["left_9"]
    found["harder_shifts"] = found["left_900"] / found["left_90"]
    return found


def _decoded_phases(run: Run, name: str) -> Floats:
    """The phases, in degrees, of what is decoded from latent numbers evenly over their range."""
    latent = encode(run, name, _grid(run, name)[1])
    knob = np.linspace(float(latent.min()), float(latent.max()), 41)[:, None]
    found = curves.phases(encoding.decode(run, name, knob))
    return found if found[0] <= found[-1] else found[::-1]


@picture("What is learned from: ten sines of each range. Up to 9° all go nearly through one point.")
def _training_data(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(run.jobs, x="x", y="y", width=3.2, height=2.5, sharey=True)
    for axis, job in zip(axes, run.jobs.values(), strict=True):
        drawing.fan(axis, points(run.settings.steps), job.data.x[:10], [None] * 10, width=1.0)
    return figure


@picture(
    "Sines (broad) and their reconstructions (thin); the beginning, which the source found hard, "
    "is grey."
)
def _sines(run: Run) -> drawing.Figure:
    shown = {}
    for name, key in SHORT.items():
        degrees = np.linspace(0.0, min(RANGES[name], 270.0), 4)
        given = shifted(degrees, run.settings.steps)
        title = f"{name}: {100 * run.measured[f'left_{key}']:.2g} % left"
        names = [f"phase {phase:.0f}°" for phase in degrees]
        shown[title] = (given, run.predict(name, given), names)
    figure = drawing.families(shown, width=3.8, height=3.4, legends=2)
    for axis in figure.axes:
        axis.axvspan(0.0, curves.BEGINNING, color=drawing.QUIET, alpha=0.08, linewidth=0)
    return figure


@picture(
    "Stages of the training: what comes of the first and of the last phase (dotted; of the widest "
    "range that of 90°) after some epochs."
)
def _stages(run: Run) -> drawing.Figure:
    style: dict[str, Any] = {"width": 3.0, "height": 2.1, "sharex": True, "sharey": True}
    figure, axes = drawing.panels(len(STAGES), 3, x="x", y="y", **style)
    x = points(run.settings.steps)
    for row, (name, fit) in enumerate(run.fits.items()):
        wanted = shifted([0.0, min(RANGES[name], 90.0)], run.settings.steps)[:, :, 0]
        for column, stage in enumerate(STAGES):
            axis = axes[row * len(STAGES) + column]
            at = int(np.abs(np.array(fit.epochs) - stage).argmin())
            for number, key in enumerate(("first", "last")):
                colour = drawing.COLOURS[number]
                axis.plot(x, wanted[number], ":", color=colour, linewidth=1.2)
                found = fit.watched[key][at]
                axis.plot(x, found, color=colour, linewidth=1.5, label=f"{key} phase")
            drawing.entitle(axis, f"{name}, epoch {fit.epochs[at]}")
    drawing.legend_below(figure, axes[0], ncols=2)
    return figure


@picture(
    "The latent number over the phase given, within a turn, and the phase decoded as the latent "
    "number goes from one end to the other. Grey: the phases trained."
)
def _latent(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, 3, width=4.2, height=2.4)
    for row, name in enumerate(run.jobs):
        degrees, given = _grid(run, name)
        left, right = axes[2 * row : 2 * row + 2]
        style: dict[str, Any] = {"color": drawing.colour(run, name), "markersize": 3}
        left.plot(degrees % 360, encode(run, name, given)[:, 0], ".", **style)
        left.ticklabel_format(useOffset=False)
        across = "phase given, in degrees" if row == 2 else ""
        drawing.label(left, name, across, "latent value")
        phases = np.array(run.measured[f"phases_{SHORT[name]}"])
        within = (phases + 90) % 360 - 90
        right.plot(np.linspace(0.0, 1.0, len(phases)), within, ".", **style)
        if RANGES[name] < 360:
            right.axhspan(0.0, RANGES[name], color=drawing.QUIET, alpha=0.12, linewidth=0)
        across = "latent value, from end to end of its range" if row == 2 else ""
        drawing.label(right, "the phase decoded", across, "degrees")
    return figure


@picture("What the decoder makes of latent numbers, from one end of their range to the other.")
def _decoded(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(3, width=4.0, height=3.2, sharey=True)
    for axis, name in zip(axes, run.jobs, strict=True):
        draw_decoded(axis, run, name, encode(run, name, _grid(run, name)[1]))
    return figure


@picture(
    "The source's windows of latent numbers, with phases to 90°; the reference sine is dotted. "
    "Which sign the latent number has, and which end is the cosine, the first weights decide: the "
    "windows are mirrored where the encoder's numbers are negative."
)
def _windows(run: Run) -> drawing.Figure:
    steps, x = run.settings.steps, points(run.settings.steps)
    windows = np.sign(encode(run, QUARTER, _grid(run, QUARTER)[1]).mean()) * np.array(WINDOWS)
    titles = [" to ".join(map(drawing.signed, ends)) for ends in windows]
    figure, axes = drawing.panels(titles, x="x", width=3.6, height=2.8, sharey=True)
    for axis, (low, high) in zip(axes, windows, strict=True):
        values = np.linspace(low, high, 6)
        found = encoding.decode(run, QUARTER, values[:, None])
        drawing.fan(axis, x, found, [f"{drawing.signed(v)}" for v in values.round(2)])
        axis.plot(x, shifted(0.0, steps)[0, :, 0], ":", color=drawing.INK, linewidth=1.2)
        drawing.legend_under(axis, ncols=3, by=0.2)
    return figure


EXPERIMENT = Experiment(
    name="autoencoder-phase",
    title="The phase of a sine as one latent number",
    source=f"{curves.SOURCE}: Autoencoder, Sine and cosine; its code gives the net.",
    task="Sines sin(10x + φ) go through 32 and 32 LSTM cells into one latent number, and through "
    "32, 32 and one cells back. The source displaces the phase by up to 0.1·π/2, then by up to "
    "π/2, and calls the second the shift from sine to cosine. It does not say whether φ is "
    "displaced or x. If it is φ, the ranges are 9° and 90°. If it is x, they are ten times as "
    "wide, 90° and 900°: two and a half turns, so that most sines occur with three shifts. All "
    "three ranges are trained. An epoch is one step, as with the source's batch of 1,000.",
    presets=presets(examples=(40, 1_000), steps=(40, 100), batch=1_000, epochs=500, rate=0.001),
    jobs=jobs,
    measure=measure,
    pictures=(
        *(_training_data, _sines, _stages, _latent, _windows, _decoded),
        drawing.LEARNING_CURVES,
    ),
    claims=(
        Claim(
            "reconstructed",
            "Sines with a displaced phase are reconstructed from one latent number.",
            {"left_9": "part of the variance left, phases to 9°", "left_90": "to 90°"},
            lambda m: max(m["left_9"], m["left_90"]) < RECONSTRUCTED,
            f"judged as less than {RECONSTRUCTED} of both readings",
            "The decoder begins every sine in the same way, and learns slowly to begin it higher "
            "where the latent number says so.",
            figure="sines",
        ),
        Claim(
            "latent-is-phase",
            "Turning the latent number displaces the phase.",
            {
                "sweep_9": "degrees that the phase decoded goes through, of 9°",
                "sweep_90": "of 90°",
                "order_90": "rank correlation of latent number and phase, to 90°",
            },
            lambda m: m["order_90"] > 0.99 and m["sweep_90"] > 60,
            "judged up to 90° as more than 60° and a rank correlation above 0.99",
            "As long as all sines come back alike, the latent number says nothing.",
            figure="latent",
        ),
        Claim(
            "beginning",
            "The beginning, x < 0.2, is reconstructed badly.",
            {"beginning_9": "error there by that after, to 9°", "beginning_90": "to 90°"},
            lambda m: m["beginning_90"] > 3,
            "judged up to 90° as more than three times",
            "After one step an LSTM cell has |h| < tanh 1 ≈ 0.76, and the decoder begins all sines "
            "alike before the latent number tells.",
            fails=True,
            figure="sines",
        ),
        Claim(
            "harder",
            "Displacements up to π/2 are much harder than up to a tenth of it.",
            {
                "harder_shifts": "part of the variance left, to 900° by that to 90°",
                "harder_phases": "to 90° by that to 9°",
            },
            lambda m: m["harder_shifts"] > 2,
            "judged as twice as much, read as shifts of x",
            "Read as phases, the narrow range is one sine for the net: all come back alike.",
            figure="learning-curves",
        ),
        Claim(
            "flat",
            "The output stays parallel to the x-axis for at least 100 epochs.",
            {
                "flat_9": f"epochs until less than {FLAT} of the variance is left, to 9°",
                "flat_90": "to 90°",
                "flat_900": "to 900°",
            },
            lambda m: m["flat_900"] >= 100,
            "judged to 900°, read as shifts of x, with Adam at Keras' rate of 0.001",
            "How long it stays flat goes with the rate, which the source does not say.",
            figure="stages",
        ),
        Claim(
            "turns",
            "Read as shifts of x, too, the latent number holds the displacement.",
            {
                "order_900": "rank correlation of latent number and shift, to 900°",
                "left_900": "part of the variance left",
            },
            lambda m: m["order_900"] > 0.99,
            "judged as a rank correlation above 0.99",
            "Beyond a turn the same sine occurs with several shifts: at best the latent number is "
            "the phase within the turn.",
            figure="latent",
        ),
    ),
)
