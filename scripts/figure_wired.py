"""Draw docs/pictures/wired.svg: nets of docs/hand-wired-sequences.md at work.

    python scripts/figure_wired.py [--out FILE]

Left: the vector of `wave` comes back to its circle, from outside and from within. Middle: `peak`
holds the largest number so far. Right: how far `copy` and `wave` are off, and what was derived,
over the number that decides it: the scale, and the length of the vector. All is simulated.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np

from reberlstm.lab import drawing
from reberlstm.lab.wired import copy, peak, wave
from reberlstm.net.cells import State
from reberlstm.net.cells.cell import Floats

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "wired.svg"

LENGTH = 0.1
"""The length of the vector on the left; longer than the default, so that it comes back sooner."""


def path(start: float, steps: int = 700) -> Floats:
    """Where the vector of a wave goes from a length of `start` times its own, shape (steps, 2)."""
    net = wave(length=LENGTH)
    layer = net.weights.layers[0]
    state: State = (np.array([math.tanh(1.0), start * LENGTH, 0.0]), np.zeros(3))
    places = []
    for _ in range(steps):
        _, state = layer.cell.step(layer, layer.inputs(np.zeros(1)), state)
        places.append(state[0][1:])
    return np.array(places)


def draw_paths(axis: Any) -> None:
    """How it comes back to the circle."""
    for start, colour in ((1.5, drawing.COLOURS[1]), (0.5, drawing.COLOURS[0])):
        x, y = (path(start) / LENGTH).T
        axis.plot(x, y, color=colour, linewidth=0.6)
        axis.plot(x[:1], y[:1], "o", color=colour, label=f"from {start:g} × the length")
    angle = np.linspace(0.0, 2.0 * np.pi, 200)
    axis.plot(np.cos(angle), np.sin(angle), color=drawing.INK, linewidth=1.2, label="its circle")
    axis.set_aspect("equal")
    drawing.label(axis, "The oscillator comes back", "cos / length", "sin / length")
    drawing.legend(axis, loc="upper center", bbox_to_anchor=(0.5, -0.18))


def draw_peak(axis: Any) -> None:
    """A signal and the largest number so far."""
    x = np.linspace(0.0, 1.0, 100)
    inputs = 0.5 * (1.0 + np.sin(20.0 * x)) * (0.3 + x) + 0.1 * np.sin(70.0 * x)
    axis.plot(x, inputs, color=drawing.TARGET, linewidth=1.5, label="input")
    held = peak()(inputs[np.newaxis, :, np.newaxis])[0, :, 0]
    axis.plot(x, held, color=drawing.COLOURS[0], linewidth=1.6, label="output")
    drawing.label(axis, "The peak is held by one cell", "x")
    drawing.legend(axis, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)


def draw_errors(axis: Any) -> None:
    """Errors and bounds, over the scale of a copy and over the length of a wave's vector."""
    inputs = np.linspace(-1.0, 1.0, 100)[np.newaxis, :, np.newaxis]
    sizes = np.geomspace(3e-3, 0.1, 16)
    made = {
        "copy, |y| ≤ 1, scale": [copy(scale=size) for size in sizes],
        "wave of height 1, length": [wave(height=1.0, length=size) for size in sizes],
    }
    for (name, nets), colour in zip(made.items(), drawing.COLOURS, strict=False):
        errors = [np.abs(net(inputs) - net.ideal(inputs)).max() for net in nets]
        axis.plot(sizes, errors, "o", color=colour, markersize=3, label=name)
        axis.plot(sizes, [net.bound(inputs) for net in nets], "--", color=colour, linewidth=1)
    axis.plot([], [], "--", color=drawing.QUIET, label="derived")
    axis.set_xscale("log")
    axis.set_yscale("log")
    drawing.label(axis, "Error over 100 steps", "scale, or length")
    drawing.legend(axis, loc="upper center", bbox_to_anchor=(0.5, -0.18))


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=PICTURE)
    options = parser.parse_args()
    from reberlstm import figures

    figure, axes = drawing.panels(3, width=3.5, height=3.6)
    for axis, draw in zip(axes, (draw_paths, draw_peak, draw_errors), strict=True):
        draw(axis)
    figures.save(figure, options.out)


if __name__ == "__main__":
    main()
