"""What a learning rate of 0.06 instead of 0.05 does to the first net of the wavy inverse.

    python scripts/learning_rate.py             # prints the table of docs/lab.md
    python scripts/learning_rate.py --write     # and writes it there

Trains two of the seven nets of ``wavy-inverse`` with the preset ``source`` and two seeds, about
eighty seconds of processor time each.
"""

from __future__ import annotations

import argparse
import sys

import torch
from in_docs import put

from reberlstm.lab import Fit, find, runner
from reberlstm.lab.experiment import generator
from reberlstm.lab.experiments.wavy_inverse import FASTER, WIDE
from reberlstm.lab.training import train

SEEDS = (0, 11)
SHOWN = (1, 2, 5, 10, 20, 30, 40, 50)
"""Epochs whose errors are shown."""


def fits(seed: int) -> dict[float, Fit]:
    """The two trainings with a seed, by their learning rates."""
    experiment = find("wavy-inverse")
    settings = experiment.settings("source")
    jobs = {job.name: job for job in experiment.jobs(settings, generator(seed, "data"))}
    found = {}
    for name in (WIDE, FASTER):
        fit = train(jobs[name], runner.seed_of(seed, name)).fit()
        found[jobs[name].recipe.learning_rate] = fit
    return found


def main() -> int:
    """Train, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--write", action="store_true", help="write the table into docs/lab.md")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for seed in SEEDS:
        for rate, fit in fits(seed).items():
            errors = dict(zip(fit.epochs, fit.test_losses, strict=True))
            cells = [f"{errors[epoch]:.2f}" if epoch in errors else "–" for epoch in SHOWN]
            rows.append([f"rate {rate:g}, seed {seed}", *cells])
    heading = " | ".join(["test error after epoch", *map(str, SHOWN)])
    put("rates", [runner.markdown_table(heading, rows)], asked.write, "lab.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
