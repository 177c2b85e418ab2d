"""The experiments, and how one is found: by name, or in a Python file of a user.

A name never leads to a file: only an argument that ends in ``.py`` is a file, and then it is run
like any Python program.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from reberlstm.errors import FormatError, LabError
from reberlstm.extras import require
from reberlstm.lab.experiment import Experiment
from reberlstm.programs import names_of_file

EXPERIMENTS = {
    "wavy-inverse": "Find where a wavy curve was read, from three noisy values of it",
    "line": "Sequence to sequence: copy a line",
    "hill": "Sequence to sequence: copy a hill",
    "sine": "Sequence to sequence: copy a sine, and what the net makes of other curves",
    "amplitude": "Sequence to vector: the amplitude of a wave",
    "line-parameters": "Sequence to vector: slope and intercept of a line",
    "autoencoder-line": "Lines through ten, five and one latent numbers",
    "autoencoder-sine": "Sines through one latent number",
    "cos-or-sin": "Zero in, cosine out; one in, sine out",
    "autoencoder-phase": "The phase of a sine as one latent number",
    "alternating": "Say 1, 0, 1, 0, … whatever the noise",
}
"""The experiments by name, with their titles."""


def find(name: str) -> Experiment:
    """The experiment of that name, or of the Python file whose path ends in ``.py``.

    Raises:
        LabError: for an unknown name, or a file that is missing, fails, or holds no experiment.
        MissingExtraError: where PyTorch is not installed.
    """
    if name.endswith(".py"):
        return _from_file(Path(name))
    check_name(name)
    require("torch", extra="torch,plots", purpose="the sequence lab")
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    return cast(Experiment, module.EXPERIMENT)


def check_name(name: str) -> None:
    """Complain about a name that is not in the table.

    Raises:
        LabError: naming those that are.
    """
    if name not in EXPERIMENTS:
        raise LabError(
            f"no experiment {name!r}; there are {', '.join(EXPERIMENTS)}, or the path of a file "
            "that ends in .py"
        )


def _from_file(path: Path) -> Experiment:
    try:
        names = names_of_file(path)
    except FormatError as error:
        raise LabError(str(error)) from None
    experiment = names.get("EXPERIMENT")
    if not isinstance(experiment, Experiment):
        raise LabError(
            f"{path}: has no EXPERIMENT = Experiment(...); see docs/lab.md, “An experiment of your "
            "own”"
        )
    return experiment
