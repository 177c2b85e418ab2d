"""What a learning rate of 0.06 instead of 0.05 does to the first net of the wavy inverse.

    python scripts/learning_rate.py             # prints the table of docs/lab.md
    python scripts/learning_rate.py --write     # and writes it there

Trains two of the seven nets of ``wavy-inverse`` with the preset ``source``, seed 0, about two
minutes of processor time each.
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

SHOWN = (1, 2, 5, 10, 20, 30, 40, 50)
"""Epochs whose errors are shown."""


def fits() -> dict[float, Fit]:
    """The two trainings, by their learning rates."""
    experiment = find("wavy-inverse")
    settings = experiment.settings("source")
    jobs = {job.name: job for job in experiment.jobs(settings, generator(0, "data"))}
    found = {}
    for name in (WIDE, FASTER):
        fit = train(jobs[name], runner.seed_of(0, name)).fit()
        found[jobs[name].recipe.learning_rate] = fit
    return found


def main() -> int:
    """Train or take up, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--write", action="store_true", help="write the table into docs/lab.md")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for rate, fit in fits().items():
        errors = dict(zip(fit.epochs, fit.test_losses, strict=True))
        cells = [f"{errors[epoch]:.2f}" if epoch in errors else "–" for epoch in SHOWN]
        rows.append([f"rate {rate:g}", *cells])
    heading = " | ".join(["test error after epoch", *map(str, SHOWN)])
    put("rates", [runner.markdown_table(heading, rows)], asked.write, "lab.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
