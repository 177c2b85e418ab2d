"""The pictures of the experiment ``alternating``."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import alternation, drawing
from reberlstm.lab.experiment import Array, Run
from reberlstm.lab.inside import look_inside
from reberlstm.net.weights import Floats, LSTMWeights

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import nn

ONE, ZERO = drawing.COLOURS[0], drawing.COLOURS[1]
NAMED = 6
"""With more states than these a machine is shown by its memories alone."""

SHOWN, SETTLED = 40, 6
"""Steps of a picture; those after which a memory is shown, when its beginning is forgotten."""


def learning(run: Run, variants: Mapping[str, Sequence[str]]) -> Figure:
    """Loss and flip multiplier over the epochs, one colour a variant, one line a run."""
    figure, axes = drawing.panels(2, width=4.4, height=3.6)
    for number, (variant, names) in enumerate(variants.items()):
        style: dict[str, Any] = {"color": drawing.COLOURS[number], "linewidth": 1.2}
        for name in names:
            fit = run.fits[name]
            axes[0].plot(fit.epochs, fit.losses, **style)
            axes[1].plot(fit.epochs, fit.watched["multiplier"], **style)
        if names:
            axes[1].plot([], [], label=variant, **style)
    axes[1].axhline(-1.0, color=drawing.INK, linewidth=1.0, linestyle="--")
    axes[1].annotate(
        "below: it can alternate",
        (0.02, -1.05),
        xycoords=("axes fraction", "data"),
        va="top",
        fontsize=8,
        color=drawing.QUIET,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.8},
        zorder=4,
    )
    for axis in axes:
        axis.set_xscale("log")
    axes[0].set_yscale("log")
    drawing.label(axes[0], "Loss", "epoch", "negative log-likelihood")
    drawing.label(axes[1], "Flip multiplier", "epoch", "lowest eigenvalue at the fixed point")
    drawing.legend(axes[1], loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def leads(nets: Mapping[str, LSTMWeights], noise: Floats) -> Figure:
    """The lead of label 1 over label 0, step by step, on several sequences of noise."""
    figure, axes = drawing.panels(len(nets), width=3.5, height=2.8)
    steps = np.arange(1, SHOWN + 1)
    odd = alternation.pattern(SHOWN) == 1
    for axis, (title, net) in zip(axes, nets.items(), strict=True):
        _, lead = alternation.run(net, noise[:, :SHOWN])
        for row in lead:
            axis.plot(steps, row, color=drawing.GRID, linewidth=0.8, zorder=1)
        for wanted, colour, text in ((odd, ONE, "1"), (~odd, ZERO, "0")):
            where = np.broadcast_to(steps[wanted], (len(lead), wanted.sum()))
            style: dict[str, Any] = {"s": 9, "color": colour, "rasterized": True}
            axis.scatter(where, lead[:, wanted], label=f"wanted: {text}", **style)
        axis.axhline(0.0, color=drawing.INK, linewidth=0.8, linestyle="--")
        drawing.label(axis, title, "step", "lead of 1 over 0" if axis is axes[0] else "")
    drawing.legend(axes[-1], loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def memories(nets: Mapping[str, LSTMWeights], noise: Floats) -> Figure:
    """The hidden state after odd and even steps: above in a plane, below over what was heard.

    Nets of more than one cell are shown in the two main directions of ``h``, the others by ``h``
    and ``c``; the scale is the same for all. Below, bands are where a certificate says that the
    net is, for all noise and every length.
    """
    from matplotlib.patches import Patch

    figure, axes = drawing.panels(len(nets), 2, width=3.4, height=2.7)
    odd = np.broadcast_to(alternation.pattern(noise.shape[1]) == 1, noise.shape)[:, SETTLED:]
    heard = noise[:, SETTLED:]
    for column, (title, net) in enumerate(nets.items()):
        above, below = axes[column], axes[len(nets) + column]
        plane = _Plane.of(net, noise)
        places = plane.places[:, SETTLED:]
        turned = None if plane.fixed is None else plane.fixed[::-1]
        _cloud(above, places[..., ::-1], odd, turned)
        over_noise = np.stack([heard, places[..., 0]], axis=-1)
        still = None if plane.fixed is None else np.array([alternation.MIDDLE, plane.fixed[0]])
        _cloud(below, over_noise, odd, still)
        for low, high in plane.proved:
            below.axhspan(low, high, color=drawing.COLOURS[2], alpha=0.2, linewidth=1)
        drawing.label(above, title, plane.second, plane.first)
        drawing.label(below, "", "noise heard", plane.first)
        above.locator_params(axis="x", nbins=4)
    proved = Patch(color=drawing.COLOURS[2], alpha=0.3, label="proved to be here, for all noise")
    drawing.legend_below(figure, axes[0], [proved], ncols=4, markerscale=2)
    return figure


@dataclass(frozen=True, eq=False)
class _Plane:
    """Memories (B, T, 2) in a plane, its axes, its fixed point, and proved ranges of the first."""

    places: Floats
    first: str
    second: str
    fixed: Floats | None
    proved: Sequence[tuple[float, float]]

    @classmethod
    def of(cls, net: LSTMWeights, noise: Floats) -> _Plane:
        states, _ = alternation.run(net, noise)
        still = alternation.fixed_point(net)
        if net.size == 1:
            places = np.concatenate([states.h, states.c], axis=-1)
            fixed = None if still is None else np.concatenate([still.h, still.c])
            return cls(places, "h", "c", fixed, _proved(net, np.zeros(1), np.ones(1)))
        h = states.h[:, SETTLED:].reshape(-1, net.size)
        mean = h.mean(axis=0)
        directions = _main(h - mean)
        fixed = None if still is None else directions @ (still.h - mean)
        places = (states.h - mean) @ directions.T
        first, second = "h, first direction", "second direction"
        return cls(places, first, second, fixed, _proved(net, mean, directions[0]))


def _proved(net: LSTMWeights, mean: Floats, direction: Floats) -> list[tuple[float, float]]:
    """The ranges of a direction of ``h`` in the boxes of a certificate; none without one."""
    proof = alternation.certificate(net)
    ranges = []
    for box in proof.boxes if proof.holds else ():
        ends = (np.array(box.h) - mean[:, np.newaxis]) * direction[:, np.newaxis]
        ranges.append((float(ends.min(axis=1).sum()), float(ends.max(axis=1).sum())))
    return ranges


def _cloud(axis: Axes, plane: Array, odd: Array, fixed: Array | None) -> None:
    """Points (B, T, 2), coloured by whether the step was odd, and the fixed point."""
    for wanted, colour, text in ((odd, ONE, "after odd steps"), (~odd, ZERO, "after even steps")):
        x, y = plane[wanted].T
        style: dict[str, Any] = {"s": 7, "alpha": 0.5, "linewidths": 0, "rasterized": True}
        axis.scatter(x, y, color=colour, label=text, **style)
    if fixed is not None:
        axis.scatter(
            fixed[0], fixed[1], marker="x", s=45, color=drawing.INK, label="fixed point", zorder=3
        )
    axis.margins(0.1)


def _main(points: Floats) -> Floats:
    """The two main directions of centred points, as rows."""
    directions = np.linalg.svd(points, full_matrices=False)[2][:2]
    # The sign of a direction is arbitrary: its largest entry is made positive, on every machine.
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    turned: Floats = directions * np.sign(largest)
    return turned


def machine(net: LSTMWeights, noise: Floats) -> Figure:
    """The machine extracted from a net, drawn where the memories of its states are."""
    found = alternation.machine(net)
    fsm = found.fsm
    listener = alternation.Listener(net)
    symbols = np.digitize(noise, (1 / 3, 2 / 3))
    memories, states = [], []
    memory = np.repeat(listener.initial()[np.newaxis], len(noise), axis=0)
    names = [fsm.start] * len(noise)
    for column in symbols.T:
        memories.append(memory)
        states.append(list(names))
        memory = listener.step(memory, column)
        names = [
            fsm.transitions[name][listener.alphabet[symbol]]
            for name, symbol in zip(names, column, strict=True)
        ]
    points, visited = np.concatenate(memories), np.concatenate(states)
    plane = (points - points.mean(axis=0)) @ _main(points - points.mean(axis=0)).T
    figure, (axis,) = drawing.panels(width=5.6, height=3.8)
    middle = {}
    seen = [state for state in fsm.states if state in visited]
    for state, colour in zip(seen, itertools.cycle((ONE, ZERO, *drawing.COLOURS[2:]))):
        chosen = plane[visited == state]
        style: dict[str, Any] = {"s": 8, "alpha": 0.5, "linewidths": 0, "rasterized": True}
        axis.scatter(chosen[:, 0], chosen[:, 1], color=colour, **style)
        middle[state] = float(chosen[:, 0].mean()), float(chosen[:, 1].mean())
        if len(seen) > NAMED:
            continue
        axis.annotate(
            f"{state}\nsays {fsm.outputs[state]}",
            middle[state],
            ha="center",
            va="center",
            fontsize=9,
            color="white",
            bbox={"boxstyle": "round", "facecolor": colour, "edgecolor": "white"},
            zorder=4,
        )
    for state, line in fsm.transitions.items():
        for target in dict.fromkeys(line.values()) if len(seen) <= NAMED else ():
            heard = ", ".join(symbol for symbol in fsm.alphabet if line.get(symbol) == target)
            if state in middle and target in middle:
                _arrow(axis, middle[state], middle[target], heard)
    size = f"{len(fsm.states)} state{'' if len(fsm.states) == 1 else 's'}"
    title = f"{net.name}: {size if found.ended_by is None else 'no small machine'}"
    drawing.label(axis, title, "h and c, first direction", "second direction")
    axis.margins(0.15)
    return figure


Place = tuple[float, float]


def _arrow(axis: Axes, source: Place, target: Place, heard: str) -> None:
    text: dict[str, Any] = {"fontsize": 9, "ha": "center", "va": "center", "zorder": 4}
    if source == target:
        axis.annotate(f"↻ {heard}", source, xytext=(0, 24), textcoords="offset points", **text)
        return
    style: dict[str, Any] = {
        "arrowstyle": "-|>",
        "color": drawing.INK,
        "shrinkA": 26,
        "shrinkB": 26,
    }
    style["connectionstyle"] = "arc3,rad=0.25"
    axis.annotate("", target, xytext=source, zorder=3, arrowprops=style)
    # The middle of the arc, not of the chord.
    x = (source[0] + target[0]) / 2 + (target[1] - source[1]) / 8
    y = (source[1] + target[1]) / 2 + (source[0] - target[0]) / 8
    on_white = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    axis.annotate(heard, (x, y), bbox=on_white, **text)


def gates(lstm: nn.Module, heard: Floats) -> Figure:
    """Every gate of the trained layer on one sequence."""
    (inside,) = look_inside(lstm, heard[:, np.newaxis])
    return drawing.gates(inside, title="The net that learned")
