"""Nets that learn to give back, step by step, the one curve ``y``, ``(T,)``, that they are fed."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from reberlstm.lab import drawing
from reberlstm.lab.curves import left, points
from reberlstm.lab.experiment import Array, Data, Job, Picture, Recipe, Run
from reberlstm.lab.gates import record_gates
from reberlstm.lab.nets import Recurrent, ask

FROM_BOTH = ("one layer, from (x, y)", "two layers, from (x, y)")
FROM_Y = ("one layer, from y", "two layers, from y")

NEAR = 0.05
"""A curve is approximated if less than this part of its variance is left."""


def jobs(
    y: Array, settings: Any, rng: np.random.Generator, names: tuple[str, ...] = FROM_BOTH + FROM_Y
) -> list[Job]:
    """A net for every name: one or two layers, from (x, y) or from y alone."""
    recipe = Recipe.of(settings, batch=1)
    found = []
    for name in names:
        fed = np.stack([points(), y], -1) if name in FROM_BOTH else y[:, None]
        size, layers = fed.shape[1], 1 if name.startswith("one") else 2
        net = partial(Recurrent, size, settings.hidden, size, layers=layers)
        found.append(
            Job(name, net, Data(fed[None], fed[None]), recipe, watch=partial(_copy_so_far, fed))
        )
    return found


def _copy_so_far(fed: Array, net: Any) -> dict[str, Array]:
    return {"y": ask(net, fed[None])[0, :, -1]}


def copies(run: Run, name: str, given: Array) -> Array:
    """What a net makes of curves (N, T, 1), as (N, T)."""
    if name in FROM_BOTH:
        given = np.concatenate([np.broadcast_to(points()[:, None], given.shape), given], -1)
    return run.predict(name, given)[:, :, -1]


def errors(run: Run, y: Array) -> dict[str, float]:
    """The part of the variance of y that each net leaves, named like ``one_from_xy``."""
    return {short(name): left(copies(run, name, y[None, :, None])[0], y) for name in run.jobs}


def epochs_to_near(run: Run, name: str, y: Array) -> float:
    """The epochs until y is approximated; infinite if it never was."""
    fit = run.fits[name]
    seen = zip(fit.epochs, fit.watched["y"], strict=True)
    return next((epoch for epoch, found in seen if left(np.array(found), y) < NEAR), float("inf"))


def short(name: str) -> str:
    """The name of a net as that of what was measured of it."""
    layers, _, fed = name.partition(", ")
    return f"{layers.split()[0]}_{'from_xy' if 'x' in fed else 'from_y'}"


def picture(what: str, y: Array) -> Picture:
    """A panel for every net: the curve and what the net makes of it."""

    def draw(run: Run) -> drawing.Figure:
        style: dict[str, Any] = {"width": 3.6, "height": 2.6, "sharex": True, "sharey": True}
        figure, axes = drawing.panels(run.jobs, len(run.jobs) // 2, x="x", y="y", **style)
        for axis, name in zip(axes, run.jobs, strict=True):
            found = copies(run, name, y[None, :, None])[0]
            drawing.compare(axis, points(), y, found, drawing.colour(run, name))
        drawing.legend(axes[0])
        return figure

    return Picture("copies", f"The {what} and what each net makes of it.", draw)


def gates_picture(caption: str, name: str, y: Array) -> Picture:
    """Of the first layer of a net, while it reads the curve `y`."""

    def draw(run: Run) -> drawing.Figure:
        layer = record_gates(run.nets[name].recurrent, y[:, None])[0]
        return drawing.gates(layer, title=f"Inside: {name}")

    return Picture("inside", caption, draw)
