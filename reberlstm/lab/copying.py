"""What ``line``, ``hill`` and ``sine`` share: a net learns to give back the curve it is fed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import drawing
from reberlstm.lab.experiment import Array, Data, Job, Recipe, Run, Settings
from reberlstm.lab.inside import look_inside
from reberlstm.lab.nets import Recurrent
from reberlstm.lab.waves import points

if TYPE_CHECKING:
    from matplotlib.figure import Figure


SOURCE = "“LSTM toy examples”, a blog post whose figures are lost"


def nets(settings: Settings, y: Array, *, with_x: bool = True) -> list[Job]:
    """One and two layers, from (x, y) and from y alone, on the one curve `y`, ``(T,)``."""
    x = points(len(y))
    recipe = Recipe(
        epochs=settings.epochs,
        batch=1,
        learning_rate=settings.rate,
        optimiser=settings.optimiser,
    )
    found = []
    fed = {"(x, y)": np.stack([x, y], -1)} if with_x else {}
    for given, curve in {**fed, "y": y[:, None]}.items():
        for layers, says in ((1, "one layer"), (2, "two layers")):
            size = curve.shape[1]

            def net(size: int = size, layers: int = layers) -> Recurrent:
                return Recurrent(size, settings.hidden, size, layers=layers)

            found.append(Job(f"{says}, from {given}", net, Data(curve[None], curve[None]), recipe))
    return found


def give_back(run: Run, name: str, y: Array) -> Array:
    """What a net gives for curves `y`, ``(N, T)``: again ``(N, T)``."""
    fed = y[:, :, None]
    if run.jobs[name].data.x.shape[2] == 2:
        fed = np.concatenate([np.broadcast_to(points(y.shape[1])[:, None], fed.shape), fed], -1)
    return run.predict(name, fed)[:, :, -1]


def errors(run: Run, y: Array) -> dict[str, float]:
    """The root mean squared error of y for every net, on the curve it was trained with."""
    return {
        name: float(np.sqrt(np.mean((give_back(run, name, y[None])[0] - y) ** 2)))
        for name in run.jobs
    }


def epochs_to(run: Run, level: float) -> dict[str, float]:
    """The epochs that every net took until its loss was at most `level`; infinite if never."""
    return {
        name: next(
            (e for e, loss in zip(fit.epochs, fit.test_losses, strict=True) if loss <= level),
            float("inf"),
        )
        for name, fit in run.fits.items()
    }


def draw_copies(run: Run, y: Array) -> Figure:
    """A panel for every net: the curve and what the net gives back."""
    rows = len(run.jobs) // 2
    figure, axes = drawing.panels(2, rows, width=3.6, height=2.6, sharex=True, sharey=True)
    x = points(len(y))
    for number, (axis, name) in enumerate(zip(axes, run.jobs, strict=True)):
        drawing.compare(axis, x, y, give_back(run, name, y[None])[0])
        drawing.label(axis, name, "x" if number >= len(axes) - 2 else "", "" if number % 2 else "y")
    drawing.legend(axes[0])
    return figure


def draw_inside(run: Run, name: str, y: Array) -> Figure:
    """Every gate and memory of the first layer of a net, while it reads the curve `y`."""
    net: Any = run.nets[name]
    layer = look_inside(net.recurrent, y[:, None])[0]
    return drawing.gates(layer, title=f"Inside: {name}")
