"""The sequence lab: toy experiments with small sequence nets, and a place for your own.

1. `experiment` is what a description consists of: data, nets, recipes, pictures, claims.
2. `experiments` has those of the project, one file each, and finds one by name.
3. `training` trains one net, `verdicts` decides on claims over several seeds, and `runner` runs a
   description and writes pictures and reports.
4. `nets`, `curves`, `gates` and `drawing` are what descriptions are made of; `copying`, `encoding`
   and `flipping` are what a few of them share or measure with.
5. `wired` has nets whose weights were derived on paper, `comparison` shows one next to a trained
   net.

PyTorch and matplotlib are needed (the extras ``torch`` and ``plots``).
"""

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
    picture,
    presets,
)
from reberlstm.lab.experiments import EXPERIMENTS, find
from reberlstm.lab.runner import Progress, Result, run
from reberlstm.lab.verdicts import Verdict

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
    "picture",
    "presets",
    "run",
]
