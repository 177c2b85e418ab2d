"""How the lab's figures look, and the figures that many experiments share.

Colours can be told apart by colour-blind readers; a family of curves goes from light to dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm import figures
from reberlstm.lab.experiment import Array, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from reberlstm.lab.inside import Inside

INK, QUIET = figures.INK, figures.QUIET
COLOURS = ("#0b5fa5", "#d9772b", "#2f8f6f", "#8c5aa8", "#b03a5b", "#5c6670")
STYLES = ("-", "--", "-.", ":")
TARGET = "#9aa3ad"
GRID = "#e6e9ec"


def panels(
    columns: int = 1,
    rows: int = 1,
    *,
    width: float = 4.2,
    height: float = 3.0,
    title: str = "",
    sharex: bool = False,
    sharey: bool = False,
) -> tuple[Figure, list[Axes]]:
    """A figure and its panels, row by row; `width` and `height` are one panel's, in inches."""
    figure = figures.blank(width * columns, height * rows + (0.35 if title else 0.0))
    axes = figure.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey)
    for axis in axes.flat:
        plain(axis)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    return figure, list(axes.flat)


def plain(axis: Axes) -> None:
    """Thin grey lines, small labels, and no frame at the top and the right."""
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color(TARGET)
    axis.tick_params(which="both", labelsize=8, color=TARGET, labelcolor=QUIET)
    axis.grid(color=GRID, linewidth=0.7)
    axis.set_axisbelow(True)


def label(axis: Axes, title: str = "", x: str = "", y: str = "") -> None:
    """Title at the left, and what the two axes are."""
    axis.set_title(title, loc="left", fontsize=10, color=INK)
    axis.set_xlabel(x, fontsize=9, color=INK)
    axis.set_ylabel(y, fontsize=9, color=INK)


LEGEND = {"fontsize": 8, "title_fontsize": 8, "frameon": False, "labelcolor": INK}


def legend(axis: Axes, **options: Any) -> None:
    """A legend without a frame."""
    axis.legend(**{**LEGEND, **options})


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


def learning_curves(run: Run, names: Sequence[str] | None = None) -> Figure:
    """The test loss of every net over the epochs, side by side on one scale."""
    figure, (axis,) = panels(width=6.4, height=3.6)
    for number, name in enumerate(names if names is not None else run.fits):
        fit = run.fits[name]
        axis.plot(
            fit.epochs,
            fit.test_losses,
            STYLES[number // len(COLOURS) % len(STYLES)],
            color=COLOURS[number % len(COLOURS)],
            linewidth=1.6,
            label=name,
            marker="o" if len(fit.epochs) < 8 else None,
            markersize=3,
        )
    axis.set_yscale("log")
    losses = {run.jobs[name].recipe.loss for name in run.fits}
    kind = "mean squared error" if losses == {"mse"} else "loss"
    label(axis, "Learning curves", "epoch", f"{kind} on test data")
    legend(axis)
    return figure


def compare(
    axis: Axes,
    x: Array,
    target: Array,
    found: Array,
    *,
    name: str = "net",
    colour: str = COLOURS[0],
) -> None:
    """A curve to be found, in broad grey, and the one that was found."""
    axis.plot(
        x, target, color=TARGET, linewidth=4, alpha=0.7, solid_capstyle="round", label="target"
    )
    axis.plot(x, found, color=colour, linewidth=1.6, label=name)


def family(
    axis: Axes,
    x: Array,
    dots: Array,
    curves: Array,
    names: Sequence[str],
    *,
    dotted: str = "what was given",
    colours: Sequence[Any] | None = None,
) -> None:
    """Pairs of a dotted and a solid curve, in one colour each, by default from light to dark."""
    colours = shades(len(names)) if colours is None else colours
    for target, curve, name, colour in zip(dots, curves, names, colours, strict=True):
        axis.plot(x, target, ":", color=colour, linewidth=1.3)
        axis.plot(x, curve, color=colour, linewidth=1.7, label=name)
    axis.plot([], [], ":", color=QUIET, label=dotted)


def gates(inside: Inside, *, title: str = "", across: str = "step") -> Figure:
    """Every gate and memory over the steps: rows are cells, one colour scale for each panel.

    Gates go from orange, closed, to blue, open; what has a sign from orange over grey, 0, to blue.

    Args:
        inside: One layer on one sequence.
        title: Of the figure.
        across: What goes from left to right.
    """
    from reberlstm.lab.inside import QUANTITIES, TITLES

    cells = inside.memory.shape[1]
    figure, axes = panels(3, 2, width=3.6, height=max(1.5, 0.6 + 0.055 * cells), title=title)
    order = np.argsort(inside.memory.mean(0))
    for axis, name in zip(axes, QUANTITIES, strict=True):
        values = getattr(inside, name)[:, order].T
        is_gate = name in ("input", "forget", "output")
        most = 1.0 if is_gate else float(np.abs(values).max())
        image = axis.imshow(
            values,
            cmap=figures.signed_colours(),
            vmin=0.0 if is_gate else -most,
            vmax=most,
            aspect="auto",
            interpolation="nearest",
        )
        axis.grid(visible=False)
        axis.set_yticks([])
        what = f"{TITLES[name]}, {'0 to 1' if is_gate else f'±{most:.2g}'}"
        label(axis, what, across if axis in axes[3:] else "", "cells" if axis in axes[::3] else "")
    bar = figure.colorbar(image, ax=axes, fraction=0.02, pad=0.01, ticks=[-most, 0, most])
    bar.ax.set_yticklabels(["closed, −", "½, 0", "open, +"], fontsize=8, color=QUIET)
    bar.outline.set_visible(False)
    return figure
