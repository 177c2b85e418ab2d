"""What a training is asked to do, checked before anything starts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from reberlstm.errors import TrainingError
from reberlstm.formats import toml
from reberlstm.fsm import FSM

CELLS = ("lstm", "gru", "rnn")
TASKS = ("next", "accept")
STARTS = ("random", "compiled")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that a training depends on; equal settings give equal nets.

    Attributes:
        fsm: The machine to learn.
        cell: ``lstm``, ``gru`` or ``rnn``.
        task: ``next``: which symbols may follow; ``accept``: whether the word is accepted.
        cells: The number of cells, or None: 8, or those of the compiled net that it begins from.
        seed: Of everything random.
        steps: The most steps of one attempt.
        words: Words per step.
        noise: The standard deviation of what is added to the memory after each step. An LSTM that
            is trained with noise has succeeded when it is proved.
        restarts: Further attempts after the first one.
        start: ``random``, or ``compiled``: from the compiled net at a soft gain.

    Raises:
        TrainingError: naming the setting and what it may be.
    """

    fsm: FSM
    cell: Literal["lstm", "gru", "rnn"] = "lstm"
    task: Literal["next", "accept"] = "next"
    cells: int | None = None
    seed: int = 0
    steps: int = 4000
    words: int = 32
    noise: float = 0.0
    restarts: int = 3
    start: Literal["random", "compiled"] = "random"

    def __post_init__(self) -> None:
        for name, choices in {"cell": CELLS, "task": TASKS, "start": STARTS}.items():
            if getattr(self, name) not in choices:
                raise TrainingError(
                    f"{name} {getattr(self, name)!r}; choose {' or '.join(map(repr, choices))}"
                )
        least = {"cells": 1, "steps": 1, "words": 1, "restarts": 0, "seed": 0}
        for name, number in least.items():
            value = getattr(self, name)
            if value is not None and value < number:
                raise TrainingError(f"{name} is {value}; it must be at least {number}")
        if self.cells is not None and self.cells > MAX_CELLS:
            raise TrainingError(
                f"cells is {self.cells:,}; at most {MAX_CELLS:,} can be trained here"
            )
        if not 0.0 <= self.noise < math.inf:
            raise TrainingError(f"noise is {self.noise}; it must be finite and not negative")
        if self.start == "compiled" and self.cell != "lstm":
            raise TrainingError(f"compiled nets are LSTMs; a {self.cell} can only begin at random")

    @property
    def to_be_proved(self) -> bool:
        """Whether success means a certificate."""
        return self.noise > 0.0 and self.cell == "lstm"

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, the machine as its file."""
        return vars(self) | {"fsm": toml.write(self.fsm)}


MAX_CELLS = 2_000
