"""The table of docs/hand-wired-sequences.md: what the hand-wired nets are off, and may be off.

    python scripts/bench_wired.py [--write]

Every net runs on the sequences of its task, each at many parameters, half of them outside the range
that nets are trained on in the lab; in float64 and, as a stock PyTorch module, in float32.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import torch
from in_docs import put

from reberlstm.lab.runner import markdown_table
from reberlstm.lab.wired import (
    WiredNet,
    amplitude,
    copy,
    cosine_or_sine,
    line,
    line_parameters,
    peak,
    running_sum,
    wave,
)
from reberlstm.net.cells.cell import Floats

PAGE = "hand-wired-sequences.md"
HEADING = "net | cells | largest weight | inputs | bound | error | error in float32"

STEPS = 100
X = np.linspace(0.0, 1.0, STEPS)
MANY = 200

Task = tuple[WiredNet, str, Floats, Floats]


def tasks(rng: np.random.Generator) -> Iterator[Task]:
    """Net, its inputs in words, the inputs (B, T, A), the outputs wanted (B, T, R)."""
    slope, level = rng.uniform(-2.0, 2.0, (2, MANY, 1))
    size = rng.uniform(0.0, 1.0, (MANY, 1))
    phase = rng.uniform(0.0, 2.0 * np.pi, (MANY, 1))
    lines = slope * X + level
    sines = 0.3 * (1.0 + np.sin(10.0 * X + phase))
    waves = size * (1.0 + np.sin(10.0 * X + phase))
    noise = rng.uniform(0.0, 2.0, (MANY, STEPS))
    parameters = np.stack([slope, level], axis=-1)  # (B, 1, 2)

    yield copy(), "lines, slope and intercept ±2", lines[..., None], lines[..., None]
    yield copy(), "sines 0.3·(1 + sin(10·x + φ))", sines[..., None], sines[..., None]
    total = noise.cumsum(axis=1)
    yield running_sum(), "noise in [0, 2]", noise[..., None], total[..., None]
    held = np.repeat(parameters, STEPS, axis=1)
    yield line(), "slope and intercept ±2", held, lines[..., None]
    last = np.repeat(parameters, STEPS, axis=1)
    yield line_parameters(), "the same lines", lines[..., None], last
    largest = np.maximum.accumulate(noise, axis=1)
    yield peak(), "noise in [0, 2]", noise[..., None], largest[..., None]
    wanted = np.repeat(size[..., None], STEPS, axis=1)
    yield amplitude(), "waves a·(1 + sin(10·x + φ)), a ≤ 1", waves[..., None], wanted
    sine = np.repeat(0.3 * (1.0 + np.sin(10.0 * X))[None, :, None], 2, axis=0)
    yield wave(), "anything", noise[:2, :, None], sine
    long = np.arange(10_000) * (10.0 / 99.0)
    forever = 0.3 * (1.0 + np.sin(long))[None, :, None]
    yield wave(), "anything, 10,000 steps", np.zeros((1, 10_000, 1)), forever
    both = np.stack([np.cos(10.0 * X), np.sin(10.0 * X)])[..., None]
    yield cosine_or_sine(), "0 or 1", np.repeat([[[0.0]], [[1.0]]], STEPS, axis=1), both


ONLY_LAST = ("amplitude", "line parameters")
"""Nets that are asked only after the last step."""


def row(task: Task) -> list[str]:
    """One line of the table."""
    net, inputs, x, wanted = task
    part = slice(-1, None) if net.name in ONLY_LAST else slice(None)
    with torch.no_grad():
        single = net.module().float()(torch.tensor(x, dtype=torch.float32)).numpy()
    error = np.abs(net(x) - wanted)[:, part].max()
    coarse = np.abs(single - wanted)[:, part].max()
    bound = net.bound(x)
    if error > bound + 1e-9:
        raise SystemExit(f"{net.name}: off by {error}, more than {bound}")
    cells, size = str(net.weights.size), f"{_largest(net):,.0f}"
    return [f"`{net.name}`", cells, size, inputs, f"{bound:.1e}", f"{error:.1e}", f"{coarse:.1e}"]


def _largest(net: WiredNet) -> float:
    arrays = net.weights.weight_ih, net.weights.weight_hh, net.weights.bias, net.readout.weight
    return max(float(np.abs(array).max(initial=0.0)) for array in arrays)


def main() -> None:
    """Print the table; with ``--write`` put it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"into {PAGE}")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = [row(task) for task in tasks(np.random.default_rng(options.seed))]
    put("errors", [markdown_table(HEADING, rows)], options.write, PAGE)


if __name__ == "__main__":
    main()
