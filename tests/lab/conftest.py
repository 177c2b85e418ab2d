"""A tiny experiment: a linear net learns to double a number."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from reberlstm.lab import Claim, Data, Experiment, Job, Picture, Recipe, drawing


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    x = rng.uniform(-1, 1, (40, 1))
    recipe = Recipe(epochs=settings.epochs, batch=8, learning_rate=settings.rate)
    return [
        Job(name, lambda: torch.nn.Linear(1, 1), Data(x, 2 * x), recipe)
        for name in settings.nets.split()
    ]


def draw(run: Any) -> Any:
    figure, (axis,) = drawing.panels()
    drawing.label(axis, run.experiment.title)
    return figure


def doubling(**changes: Any) -> Experiment:
    settings = {"epochs": 6, "rate": 0.1, "nets": "one two"}
    description = {
        "name": "doubling",
        "title": "Double a number",
        "source": "Nobody, nowhere.",
        "task": "Twice the input.",
        "presets": {"quick": settings, "source": {**settings, "epochs": 60}},
        "jobs": jobs,
        "measure": lambda run: {name: fit.test_loss for name, fit in run.fits.items()},
        "pictures": (Picture("nothing", "An empty panel.", draw),),
        "claims": (
            Claim(
                "learns",
                "It learns | to double.",
                {"one": "error of one"},
                lambda m: m["one"] < 0.1,
                why="Six epochs are few.",
            ),
            Claim("beauty", "It is beautiful.", {}, lambda m: None, "nobody can tell"),
        ),
    }
    return Experiment(**(description | changes))


@pytest.fixture
def make() -> Callable[..., Experiment]:
    return doubling
