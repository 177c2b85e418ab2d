"""The sequence lab: toy experiments with small sequence nets, and a place for your own.

1. `experiment` is what a description consists of: data, nets, recipes, pictures, claims.
2. `catalogue` finds a description; those of the project are in `experiments`, one file each.
3. `training` is the loop for one net, `checkpoint` its file.
4. `runner` runs a description and writes pictures, ``metrics.json`` and ``REPORT.md``.
5. `nets`, `waves`, `inside` and `drawing` are what descriptions are made of.

PyTorch and matplotlib are needed (the extras ``torch`` and ``plots``).
"""

from reberlstm.lab.catalogue import EXPERIMENTS, find
from reberlstm.lab.experiment import (
    Claim,
    Data,
    Experiment,
    Fit,
    Job,
    Picture,
    Recipe,
    Run,
    Settings,
    Verdict,
)
from reberlstm.lab.runner import Progress, Result, run

__all__ = [
    "EXPERIMENTS",
    "Claim",
    "Data",
    "Experiment",
    "Fit",
    "Job",
    "Picture",
    "Progress",
    "Recipe",
    "Result",
    "Run",
    "Settings",
    "Verdict",
    "find",
    "run",
]
