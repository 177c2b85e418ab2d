"""The wavy curve of the experiment ``wavy-inverse``: its values, its limits, its figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from reberlstm.lab import drawing
from reberlstm.lab.experiment import Array, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Normaliser = Callable[[Array], Array]

LOWEST, HIGHEST = -2.0, 10.0
LINE = 2.6
EXAMPLE = 6.61
FIGURE_NOISE = 0.4

TASK = """\
A curve f(z) = ½·sin(z/2 − 1) + sin z + sin(2z + 2) + sin(z/4 + 1) + 2 is read at the places z,
z − 1 and z − 2, each time with Gaussian noise. From the three values, the place z is to be told,
which lies between 0 and 10. Inputs are normalised with mean and standard deviation of the training
inputs; the loss is the mean squared error in units of z. Seventy per cent of the examples are for
training. The noise has the standard deviation 0.1 with which the source trained; the 0.16 of its
text is the variance of the noise in its figures, and its “f(z − 2) + 2” is a misprint for “+ e”."""


def curve(z: Array) -> Array:
    """The curve at the places `z`."""
    slow: Array = 0.5 * np.sin(z / 2 - 1) + np.sin(z / 4 + 1)
    fast: Array = np.sin(z) + np.sin(2 * z + 2)
    return slow + fast + 2


def readings(z: Array, noise: float, rng: np.random.Generator | None = None) -> Array:
    """The values read for the places `z`, ``(N,)``, in the order z, z − 1, z − 2: ``(N, 3)``."""
    values = curve(z[:, None] - np.arange(3.0))
    return values if rng is None else values + noise * rng.standard_normal(values.shape)


def crossings(level: float, lowest: float = LOWEST, highest: float = HIGHEST) -> Array:
    """The places between two bounds where the curve has the value `level`.

    Example:
        >>> crossings(2.6).round(2).tolist()
        [-0.52, 3.78, 5.37, 7.32, 8.18, 9.34]
        >>> len(crossings(2.6)), len(crossings(2.6, lowest=0.0))
        (6, 5)
    """
    z = np.linspace(lowest, highest, 120_001)
    above = curve(z) > level
    found: Array = z[1:][above[1:] != above[:-1]]
    return found


def posterior_mean(x: Array, noise: float) -> Array:
    """The best answer to the values `x`, ``(N, k)``: the mean place, weighed by its likelihood.

    All places between 0 and 10 are equally likely beforehand, and the noise is Gaussian.
    """
    # Five places to every standard deviation, and never so few that the curve is missed.
    places = np.linspace(0.0, HIGHEST, int(np.clip(5 * HIGHEST / noise, 500, 2_000)) + 1)
    expected = readings(places, 0.0).T
    answers = []
    for part in np.array_split(x, max(1, len(x) // 500)):
        distance = np.zeros((len(part), len(places)))
        for read, values in zip(part.T, expected, strict=False):
            distance += (read[:, None] - values) ** 2 / (2 * noise**2)
        weight = np.exp(distance.min(1, keepdims=True) - distance)
        answers.append(weight @ places / weight.sum(1))
    return np.concatenate(answers)


def least_error(x: Array, z: Array, noise: float) -> float:
    """The mean squared error of the best answer: no net can have less, but for chance."""
    return float(np.mean((posterior_mean(x, noise) - z) ** 2))


def _places(count: int = 600) -> Array:
    return np.linspace(LOWEST, HIGHEST, count)


def _curve_on(axis: Axes) -> None:
    z = _places()
    axis.plot(curve(z), z, color=drawing.INK, linewidth=1.6)


def draw_curve() -> Figure:
    """The inverse: values from left to right, places upwards, and a line through six places."""
    figure, (axis,) = drawing.panels(width=4.4, height=4.2)
    _curve_on(axis)
    axis.axvline(LINE, color=drawing.COLOURS[1], linewidth=1.2)
    z = crossings(LINE)
    axis.plot(np.full(len(z), LINE), z, "o", color=drawing.COLOURS[1], markersize=6)
    drawing.label(
        axis, f"f(z) = {LINE} at {len(z)} places", "value f(z): the input", "place z: the output"
    )
    return figure


def draw_example(run: Run) -> Figure:
    """Three noisy values, and the place they come from."""
    figure, (axis,) = drawing.panels(width=4.4, height=4.2)
    _curve_on(axis)
    z = EXAMPLE - np.arange(3.0)
    values = readings(np.array([EXAMPLE]), FIGURE_NOISE, run.generator("example"))[0]
    axis.axhline(EXAMPLE, color=drawing.COLOURS[4], linestyle=":", linewidth=1.6)
    axis.annotate(
        "z",
        (1.0, EXAMPLE),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        color=drawing.COLOURS[4],
    )
    axis.vlines(values, LOWEST, z, color=drawing.COLOURS[0], linewidth=0.8, alpha=0.5)
    axis.plot(curve(z), z, "o", color=drawing.INK, markersize=5)
    axis.plot(values, z, "o", color="white", markeredgecolor=drawing.COLOURS[0], markersize=6)
    axis.plot(
        values, np.full(3, LOWEST), "^", color=drawing.COLOURS[0], markersize=8, clip_on=False
    )
    for number, value in enumerate(values, start=1):
        axis.annotate(
            str(number),
            (value, LOWEST),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=drawing.COLOURS[0],
        )
    axis.set_ylim(LOWEST, HIGHEST)
    drawing.label(axis, "Three values, one place", "value: the inputs", "place z: the output")
    return figure


def draw_ambiguity(run: Run) -> Figure:
    """Distances between the values at all pairs of places: one value or three, clean or noisy."""
    figure, axes = drawing.panels(2, 2, width=3.3, height=3.1, sharex=True, sharey=True)
    z = np.linspace(0.0, HIGHEST, 101)
    clean = readings(z, 0.0)
    noisy = readings(z, FIGURE_NOISE, run.generator("ambiguity"))
    for row, seen, says in ((0, clean, "no noise"), (1, noisy, f"noise {FIGURE_NOISE}")):
        for column, count in enumerate((1, 3)):
            axis = axes[2 * row + column]
            distance = np.sqrt(((clean[:, None, :count] - seen[None, :, :count]) ** 2).sum(-1))
            axis.imshow(
                distance.T,
                cmap="Greys",
                origin="lower",
                extent=(0, HIGHEST, 0, HIGHEST),
                vmin=0,
                vmax=float(distance.max()),
            )
            axis.grid(visible=False)
            title = f"{'one value' if count == 1 else 'three values'}, {says}"
            drawing.label(axis, title, "z" if row else "", "" if column else "z′")
    return figure


def draw_puzzle(run: Run) -> Figure:
    """Ten examples: the values of each in a row at the left, the curve at the right."""
    rng = run.generator("puzzle")
    z = np.linspace(0.0, HIGHEST, 10)
    values = readings(z, FIGURE_NOISE, rng)
    order = rng.permutation(10)
    figure, axes = drawing.panels(2, 2, width=4.2, height=3.4, sharey=True)
    red = drawing.COLOURS[4]
    for row, matched in enumerate((False, True)):
        left, right = axes[2 * row : 2 * row + 2]
        edge = float(values.max()) + 0.5
        for place, example in enumerate(order):
            height = z[place]
            left.plot(
                [values.min(), edge], [height, height], ":", color=red, linewidth=0.8, alpha=0.6
            )
            for number in range(3):
                left.annotate(
                    str(number + 1),
                    (values[example, number], height),
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=drawing.COLOURS[0],
                )
            left.plot([edge], [height], "o", color=red, markersize=4, clip_on=False)
        left.set_xlim(float(values.min()) - 0.2, edge)
        _curve_on(right)
        start = float(curve(_places()).min()) - 1.6
        right.set_xlim(start, float(curve(_places()).max()) + 0.2)
        right.plot(np.full(10, start), z, "o", color=red, markersize=4, clip_on=False)
        if matched:
            for place, example in enumerate(order):
                right.plot([start, start + 1.4], [z[place], z[example]], color=red, linewidth=1)
            right.plot(np.full(10, start + 1.4), z, "o", color=red, markersize=4)
            for number in range(3):
                right.plot(
                    curve(z - number),
                    z - number,
                    "o" if not number else ".",
                    color=drawing.COLOURS[0],
                    markersize=5 if not number else 3,
                )
        for axis in (left, right):
            axis.grid(visible=False)
            axis.set_yticks([])
            axis.spines["left"].set_visible(False)
        said = "matched" if matched else "which row belongs to which place?"
        drawing.label(left, f"Ten examples, {said}", "values 1, 2, 3" if row else "")
        drawing.label(right, "", "value" if row else "")
    return figure


def draw_predictions(run: Run, normalised: Normaliser) -> Figure:
    """A panel for every net: its answers to clean values."""
    rows = -(-len(run.jobs) // 3)
    figure, axes = drawing.panels(3, rows, width=2.9, height=2.7, sharex=True, sharey=True)
    for axis in axes[len(run.jobs) :]:
        axis.remove()
    z = np.linspace(0.0, HIGHEST, 400)
    for number, (axis, (name, job)) in enumerate(zip(axes, run.jobs.items(), strict=False)):
        x = normalised(z)
        x = x[:, : job.data.x.shape[1]]
        found = run.predict(name, x[:, :, None] if job.data.x.ndim == 3 else x)[:, 0]
        axis.plot(z, z, color=drawing.TARGET, linewidth=4, alpha=0.5)
        axis.plot(z, found, color=drawing.COLOURS[number % 6], linewidth=1.5)
        lowest = number >= len(run.jobs) - 3
        axis.tick_params(labelbottom=lowest)
        drawing.label(
            axis,
            f"{name}: {run.fits[name].test_loss:.3f}",
            "place z" if lowest else "",
            "answer" if number % 3 == 0 else "",
        )
    return figure


def draw_memory(run: Run, name: str, normalised: Normaliser) -> Figure:
    """The memory after one, two and three values, over the place."""
    from reberlstm.figures import signed_colours
    from reberlstm.lab.inside import look_inside

    z = np.linspace(0.0, HIGHEST, 300)
    (layer,) = look_inside(run.nets[name].recurrent, normalised(z)[:, :, None])  # type: ignore[arg-type]
    order = np.argsort(layer.memory[:, -1].argmax(0))
    most = float(np.abs(layer.memory).max())
    figure, axes = drawing.panels(3, 1, width=3.4, height=2.7, sharey=True)
    for step, axis in enumerate(axes):
        image = axis.imshow(
            layer.memory[:, step, order].T,
            cmap=signed_colours(),
            vmin=-most,
            vmax=most,
            aspect="auto",
            extent=(0, HIGHEST, 0, len(order)),
            interpolation="nearest",
        )
        axis.grid(visible=False)
        axis.set_yticks([])
        drawing.label(
            axis,
            f"after {('one value', 'two values', 'three values')[step]}",
            "place z",
            "" if step else "memory cells",
        )
    bar = figure.colorbar(image, ax=axes, fraction=0.03, pad=0.01)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    return figure
