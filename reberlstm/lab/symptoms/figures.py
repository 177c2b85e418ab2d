"""Figures of symptoms: a column for each net; above what it answers, below what goes on inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from reberlstm.lab import drawing
from reberlstm.lab.experiment import Array
from reberlstm.lab.gates import TITLES
from reberlstm.lab.symptoms.symptom import Trained

WITH, WITHOUT, BETWEEN = drawing.COLOURS[1], drawing.COLOURS[0], drawing.COLOURS[2]
"""The net that has the symptom, the one without it, and one between them: the same everywhere."""

WANTED: dict[str, Any] = {"color": drawing.TARGET, "linewidth": 4, "alpha": 0.7, "label": "wanted"}

Panel = Callable[[drawing.Axes, Trained, str], None]
"""Draws one panel: of a net, in its colour."""

Draw = Callable[[Mapping[str, Trained]], drawing.Figure]


def colours(nets: Mapping[str, Trained]) -> dict[str, str]:
    """A colour for each net."""
    first, *between, last = nets
    return {first: WITH} | dict.fromkeys(between, BETWEEN) | {last: WITHOUT}


def columns(above: Panel, below: Panel, *, shared: bool = True) -> Draw:
    """A figure of two rows; by default all panels of a row have the same range of heights."""

    def draw(nets: Mapping[str, Trained]) -> drawing.Figure:
        figure, axes = drawing.panels(len(nets), 2, width=3.5, height=2.3)
        upper, lower = axes[: len(nets)], axes[len(nets) :]
        for (name, colour), up, low in zip(colours(nets).items(), upper, lower, strict=True):
            above(up, nets[name], colour)
            drawing.entitle(up, name)
            below(low, nets[name], colour)
        for row in (upper, lower):
            if shared:
                ends = np.array([axis.get_ylim() for axis in row])
                for axis in row:
                    axis.set_ylim(ends[:, 0].min(), ends[:, 1].max())
            for axis in row[1:]:
                axis.set_ylabel("")
        others = [axis.get_legend_handles_labels()[0][-1] for axis in upper[1:]]
        drawing.legend_below(figure, upper[0], others, ncols=len(nets) + 1)
        return figure

    return draw


def answers(
    of: Callable[[Trained], tuple[Array, Array]] = lambda trained: trained.tested(),
    *,
    steps: int | None = None,
    y: str = "answer",
) -> Panel:
    """What a net answers over the steps, and what is wanted.

    Args:
        of: The answers to the test inputs and what is wanted, ``(N, T, 1)`` or ``(N, T)`` each.
        steps: How many steps, of one sequence after the other; by default those of the first.
        y: What the answers are.
    """

    def panel(axis: drawing.Axes, trained: Trained, colour: str) -> None:
        found, wanted = (np.ravel(part)[: steps or part.shape[1]] for part in of(trained))
        step = np.arange(1, len(wanted) + 1)
        axis.plot(step, wanted, **WANTED)
        axis.plot(step, found, color=colour, linewidth=1.6, label=trained.job.name)
        drawing.label(axis, "", "", y)

    return panel


def gate(name: str, *, steps: int | None = None, y: str = "", width: float = 1.0) -> Panel:
    """A gate, or the memory, of each cell over the steps of the test inputs.

    Args:
        name: One of `reberlstm.lab.gates.TITLES`.
        steps: How many, of one sequence after the other; by default those of the first.
        y: What it is called, if not as in `TITLES`.
        width: Of the lines.
    """

    def panel(axis: drawing.Axes, trained: Trained, colour: str) -> None:
        x = trained.job.data.test[0]
        values = np.concatenate(trained.inside(x[: -(-(steps or 1) // x.shape[1])])[name])[:steps]
        axis.plot(np.arange(1, len(values) + 1), values, color=colour, linewidth=width)
        drawing.label(axis, "", "step", y or TITLES[name])
        if name in ("input", "forget", "output"):
            axis.set_ylim(-0.05, 1.05)

    return panel


def points(
    of: Callable[[Trained], tuple[Array, Array, Array]], *, x: str, y: str = "answer"
) -> Panel:
    """What is wanted and answered, against a number: places, what is wanted, what is answered."""

    def panel(axis: drawing.Axes, trained: Trained, colour: str) -> None:
        place, wanted, found = map(np.ravel, of(trained))
        style: dict[str, Any] = {"linewidths": 0, "rasterized": True}
        axis.scatter(place, wanted, s=16, color=drawing.TARGET, label="wanted", **style)
        axis.scatter(place, found, s=7, color=colour, label=trained.job.name, **style)
        drawing.label(axis, "", x, y)

    return panel


def learning_curves(nets: Mapping[str, Trained]) -> drawing.Figure:
    """The loss of each net over the epochs, on what it learns from."""
    figure, (axis,) = drawing.panels(width=6.4, height=3.0)
    for (name, colour), style in zip(colours(nets).items(), drawing.STYLES, strict=False):
        fit = nets[name].fit
        line: dict[str, Any] = {"color": colour, "linestyle": style, "linewidth": 2.2}
        axis.plot(fit.epochs, fit.losses, label=name, **line)
    axis.set_ylim(bottom=0.0)
    drawing.label(axis, "", "epoch", "loss on the training data")
    drawing.legend(axis, **drawing.RIGHT)
    return figure
