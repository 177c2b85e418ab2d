"""The style of the lab's figures, and what many of them have in common.

Colours can be told apart by colour-blind readers; a family of curves goes from light to dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm import figures
from reberlstm.lab.curves import points
from reberlstm.lab.experiment import Array, Picture, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure as Figure

    from reberlstm.lab.gates import Gates
else:
    Axes = Figure = Any  # matplotlib is loaded where something is drawn

INK, QUIET = figures.INK, figures.QUIET
COLOURS = (
    *("#0b5fa5", "#d9772b", "#2f8f6f", "#8c5aa8", "#b03a5b", "#5c6670"),
    *("#b08d1a", "#3aa6c4"),
)
STYLES = ("-", "--", "-.", ":")
TARGET = "#9aa3ad"
GRID = "#e6e9ec"


def panels(
    columns: int | Iterable[str] = 1,
    rows: int = 1,
    *,
    width: float = 4.2,
    height: float = 3.0,
    title: str = "",
    x: str = "",
    y: str = "",
    sharex: bool = False,
    sharey: bool = False,
) -> tuple[Figure, list[Axes]]:
    """A figure and its panels, row by row; `columns` may be the titles of all panels.

    `width` and `height` are one panel's, in inches; `x` stands below the last row, `y` at the left
    of the first column.
    """
    titles = [""] * columns * rows if isinstance(columns, int) else list(columns)
    columns = len(titles) // rows
    figure = figures.blank(width * columns, height * rows + (0.35 if title else 0.0))
    grid = figure.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey)
    axes = list(grid.flat)
    for number, axis in enumerate(axes):
        plain(axis)
        last, first = number >= columns * (rows - 1), number % columns == 0
        label(axis, titles[number], x if last else "", y if first else "")
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    return figure, axes


def plain(axis: Axes) -> None:
    """Thin grey lines, small labels, and no frame at the top and the right."""
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color(TARGET)
    axis.tick_params(which="both", labelsize=8, color=TARGET, labelcolor=QUIET)
    axis.grid(color=GRID, linewidth=0.7)
    axis.set_axisbelow(True)


def entitle(axis: Axes, title: str) -> None:
    """Title at the left."""
    axis.set_title(title, loc="left", fontsize=10, color=INK)


def label(axis: Axes, title: str = "", x: str = "", y: str = "") -> None:
    """Title at the left, and what the two axes are."""
    entitle(axis, title)
    axis.set_xlabel(x, fontsize=9, color=INK)
    axis.set_ylabel(y, fontsize=9, color=INK)


LEGEND = {"fontsize": 8, "title_fontsize": 8, "frameon": False, "labelcolor": INK}
RIGHT = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
"""Where a legend is at the right of a panel."""


def legend(axis: Axes, **options: Any) -> None:
    """A legend without a frame."""
    axis.legend(**{**LEGEND, **options})


def legend_right(axis: Axes, title: str | None = None) -> None:
    """A legend at the right of a panel, from the last curve, the largest, down to the first."""
    legend(axis, title=title, reverse=True, **RIGHT)


def legend_under(axis: Axes, ncols: int, by: float = 0.16) -> None:
    """A legend below one panel, by so much of its height."""
    legend(axis, loc="upper center", bbox_to_anchor=(0.5, -by), ncols=ncols)


def legend_below(figure: Figure, axis: Axes, more: Sequence[Any] = (), **options: Any) -> None:
    """The legend of a panel, and `more` of its kind, below all panels."""
    handles = [*axis.get_legend_handles_labels()[0], *more]
    figure.legend(handles=handles, **{**LEGEND, "loc": "outside lower center", **options})


def signed(value: float) -> str:
    """A number with a true minus sign."""
    return f"{value:g}".replace("-", "−")


def power(value: float) -> str:
    """A small number with its power of ten.

    Example:
        >>> power(0.00023), power(0.5)
        ('2.3·10⁻⁴', '5.0·10⁻¹')
    """
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits}·10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def shades(count: int) -> list[Any]:
    """Colours from light to dark, for curves that go from small to large."""
    from matplotlib import colormaps

    return list(colormaps["viridis_r"](np.linspace(0.12, 0.95, count)))


def colour(run: Run, name: str) -> str:
    """The colour of a net, the same in all pictures of a run."""
    return COLOURS[list(run.jobs).index(name) % len(COLOURS)]


def learning_curves(run: Run) -> Figure:
    """The test loss of every net over the epochs, all on one scale."""
    losses = {run.jobs[name].recipe.loss for name in run.fits}
    kind = "mean squared error" if losses == {"mse"} else "loss"
    new = [job.data.test_x is not None for job in run.jobs.values()]
    data = "new data" if all(new) else "test data" if any(new) else "the training data"
    on = f"{kind} on {data}"
    figure, (axis,) = panels(["Learning curves"], x="epoch", y=on, width=6.4, height=3.6)
    # The legend goes from the highest end of a curve to the lowest.
    for name, fit in sorted(run.fits.items(), key=lambda item: -item[1].test_loss):
        number = list(run.jobs).index(name)
        style: dict[str, Any] = {
            "linestyle": STYLES[number // len(COLOURS) % len(STYLES)],
            "color": colour(run, name),
            "marker": "o" if len(fit.epochs) < 8 else None,
        }
        axis.plot(fit.epochs, fit.test_losses, linewidth=1.6, markersize=3, label=name, **style)
    axis.set_yscale("log")
    legend(axis)
    return figure


LEARNING_CURVES = Picture(
    "learning-curves",
    "The error of every net over the epochs; the axis names the data.",
    learning_curves,
)
"""The picture of an experiment whose nets have one loss."""


def compare(axis: Axes, x: Array, target: Array, found: Array, colour: str = COLOURS[0]) -> None:
    """A curve to be found, in broad grey, and the one that was found."""
    grey: dict[str, Any] = {"color": TARGET, "linewidth": 4, "alpha": 0.7}
    axis.plot(x, target, solid_capstyle="round", label="target", **grey)
    axis.plot(x, found, color=colour, linewidth=1.6, label="net")


def fan(
    axis: Axes, x: Any, curves: Iterable[Any], names: Sequence[str | None], width: float = 1.5
) -> None:
    """Curves, ``(N, T)`` or ``(N, T, 1)``, that go from small to large, from light to dark."""
    for curve, colour, name in zip(curves, shades(len(names)), names, strict=True):
        axis.plot(x, curve, color=colour, linewidth=width, label=name)


def family(
    axis: Axes,
    x: Array,
    given: Array,
    curves: Array,
    names: Sequence[str],
    *,
    broad: str = "what was given",
    colours: Sequence[Any] | None = None,
) -> None:
    """Pairs of a broad, pale curve and a thin one, ``(N, T)`` or ``(N, T, 1)``.

    Each pair has one colour, from light to dark. Both can be seen where they are the same.
    """
    colours = shades(len(names)) if colours is None else colours
    for target, curve, name, colour in zip(given, curves, names, colours, strict=True):
        axis.plot(x, target, color=colour, linewidth=4.5, alpha=0.3, solid_capstyle="round")
        axis.plot(x, curve, color=colour, linewidth=1.3, label=name)
    axis.plot([], [], color=QUIET, linewidth=4.5, alpha=0.3, label=broad)


def families(
    shown: Mapping[str, tuple[Array, Array, Sequence[str]]],
    *,
    width: float,
    height: float,
    y: str = "y",
    legends: int = 0,
    legend_title: str | None = None,
) -> Figure:
    """A panel by its title for every `family` over x from 0 to 1: given, found, and names.

    One legend is at the right; with `legends`, one of so many columns is under each panel.
    """
    figure, axes = panels(shown, x="x", y=y, width=width, height=height, sharey=True)
    for axis, curves in zip(axes, shown.values(), strict=True):
        family(axis, points(curves[0].shape[1]), *curves)
        if legends:
            legend_under(axis, ncols=legends)
    if not legends:
        legend_right(axes[-1], title=legend_title)
    return figure


def image(axis: Axes, values: Array, least: float, most: float, **options: Any) -> Any:
    """Numbers as colours, a row for each cell; from orange over grey, the middle, to blue."""
    axis.grid(visible=False)
    axis.set_yticks([])
    style: dict[str, Any] = {"cmap": figures.signed_colours(), "vmin": least, "vmax": most}
    return axis.imshow(values, aspect="auto", interpolation="nearest", **style, **options)


def gates(layer: Gates, *, title: str = "", across: str = "step") -> Figure:
    """Every gate and memory over the steps: rows are cells, one colour scale for each panel.

    Gates go from orange, closed, to blue, open; what has a sign from orange over grey, 0, to blue.

    Args:
        layer: One layer on one sequence, of `reberlstm.lab.gates.record_gates`.
        title: Of the figure.
        across: What goes from left to right.
    """
    from reberlstm.lab.gates import TITLES

    cells = layer["memory"].shape[1]
    figure, axes = panels(3, 2, width=3.6, height=max(1.5, 0.6 + 0.055 * cells), title=title)
    order = np.argsort(layer["memory"].mean(0))
    for axis, (name, says) in zip(axes, TITLES.items(), strict=True):
        values = layer[name][:, order].T
        is_gate = name in ("input", "forget", "output")
        most = 1.0 if is_gate else float(np.abs(values).max())
        shown = image(axis, values, 0.0 if is_gate else -most, most)
        what = f"{says}, {'0 to 1' if is_gate else f'±{most:.2g}'}"
        label(axis, what, across if axis in axes[3:] else "", "cells" if axis in axes[::3] else "")
    bar = figure.colorbar(shown, ax=axes, fraction=0.02, pad=0.01, ticks=[-most, 0, most])
    bar.ax.set_yticklabels(["closed, −", "½, 0", "open, +"], fontsize=8, color=QUIET)
    bar.outline.set_visible(False)
    return figure
