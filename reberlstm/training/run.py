"""What every training goes through: attempts, steps, checks, and what a checkpoint holds.

An attempt begins with weights of its own, takes steps of Adam on words drawn for it, and is checked
every now and then. One that uses up its steps without success is followed by another, as long as
there are restarts. Everything follows from the seed, also across an interruption.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from reberlstm.certificates import Certificate
from reberlstm.net.cells.cell import Floats
from reberlstm.plain import in_form
from reberlstm.training.cells import parameters
from reberlstm.training.loop import (
    Checkpoint,
    optimiser_arrays,
    part,
    restore_optimiser,
    same_settings,
    take,
)
from reberlstm.training.objective import objective_of
from reberlstm.training.settings import Progress, Settings, Trained, Training


class Run(ABC):
    """A training, step by step. What is trained is for the subclass to say.

    `parameters` are the tensors that are trained, `best` those of the best check so far, as arrays.
    It is `finished` with `success`, or when all steps of all attempts are used up.
    """

    dtype: ClassVar[torch.dtype] = torch.float64
    check_every: ClassVar[int]
    counters: ClassVar[dict[str, type]] = {
        "attempt": int,
        "step": int,
        "total_steps": int,
        "accuracy": float,
        "best_accuracy": float,
    }

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.objective = objective_of(settings.fsm, settings.task)
        self.validation = self.objective.validation(np.random.default_rng([settings.seed, 0]))
        self.attempt = self.total_steps = 0
        self.best: dict[str, Floats] = {}
        self.best_accuracy = -1.0
        self.success = self.finished = False
        self.certificate: Certificate | None = None
        self._begin()

    # What differs

    @abstractmethod
    def _first_parameters(self) -> dict[str, Floats]:
        """The weights that an attempt begins with."""

    @property
    @abstractmethod
    def _rate(self) -> float:
        """The learning rate that an attempt begins with."""

    @abstractmethod
    def _losses(self) -> tuple[Tensor, float]:
        """Draw words: what is to be made smaller, and what is shown of it."""

    @abstractmethod
    def _assess(self) -> tuple[float, dict[str, Floats]]:
        """The share of validation answers that are right, and the arrays that give them."""

    @abstractmethod
    def _succeeds(self) -> bool:
        """Whether what was asked for is reached, after `_assess`."""

    @abstractmethod
    def _trained(self) -> Trained:
        """What the best arrays make."""

    @property
    def phase(self) -> Literal["learn", "prove"]:
        """What it is at."""
        return "learn"

    def _trained_along(self) -> Iterable[Tensor]:
        """Further tensors for the optimiser."""
        return ()

    def _further_arrays(self) -> dict[str, Floats]:
        """What else a checkpoint holds."""
        return {}

    # What does not

    def _begin(self) -> None:
        """Begin an attempt."""
        self.attempt += 1
        self.step = 0
        self.accuracy = 0.0
        self.loss = math.nan
        self.rng = np.random.default_rng([self.settings.seed, self.attempt])
        self.parameters = parameters(self._first_parameters(), self.dtype)
        self._optimise(self._rate)

    def _optimise(self, rate: float) -> None:
        """Begin with a new optimiser."""
        self.optimiser = torch.optim.Adam(
            [*self.parameters.values(), *self._trained_along()], lr=rate
        )

    def _arrays(self) -> dict[str, Floats]:
        """The parameters as they are now."""
        return {
            key: tensor.detach().double().numpy().copy() for key, tensor in self.parameters.items()
        }

    @property
    def _last_step(self) -> bool:
        """Whether the attempt ends with this step."""
        return self.step == self.settings.steps

    @property
    def _out_of_steps(self) -> bool:
        """Whether that is the last one of all."""
        return self._last_step and self.attempt > self.settings.restarts

    def advance(self) -> Progress:
        """One step, and a check where it is time for one."""
        if self._last_step:
            self._begin()
        self.step += 1
        self.total_steps += 1
        total, shown = self._losses()
        self._update(total)
        self.loss = shown if math.isnan(self.loss) else 0.95 * self.loss + 0.05 * shown
        if self.step % self.check_every == 0 or self._last_step:
            self.check()
        return Progress(self.attempt, self.step, self.phase, self.loss, self.accuracy)

    def _update(self, total: Tensor) -> None:
        self.optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()

    def check(self) -> None:
        """Keep what is best. Is it what was asked for?"""
        self.accuracy, arrays = self._assess()
        if self.accuracy >= self.best_accuracy:
            self.best_accuracy, self.best = self.accuracy, arrays
        self.success = self._succeeds()
        self.finished = self.success or self._out_of_steps

    def result(self, interrupted: bool) -> Training:
        """What has come out so far."""
        if not self.best:
            self.check()
        return Training(
            settings=self.settings,
            net=self._trained(),
            success=self.success,
            certificate=self.certificate,
            accuracy=self.best_accuracy,
            attempts=self.attempt,
            steps=self.total_steps,
            interrupted=interrupted and not self.finished,
        )

    # Checkpoints

    def to_checkpoint(self) -> Checkpoint:
        """All that the rest depends on."""
        arrays = {f"net.{key}": array for key, array in self._arrays().items()}
        arrays |= {f"best.{key}": array for key, array in self.best.items()}
        arrays |= self._further_arrays() | optimiser_arrays(self.optimiser)
        state: dict[str, Any] = {name: getattr(self, name) for name in self.counters}
        state["loss"] = self.loss if math.isfinite(self.loss) else None
        state["rate"] = self.optimiser.param_groups[0]["lr"]
        state["random"] = self.rng.bit_generator.state
        state["settings"] = self.settings.to_dict()
        return Checkpoint(arrays, state)

    def restore(self, saved: Checkpoint, where: str) -> None:
        """Go on from a checkpoint.

        Raises:
            TrainingError: where it is of other settings, or not complete.
        """
        with same_settings(saved, self.settings.to_dict(), where):
            form = {**self.counters, "loss": (float, type(None)), "rate": float}
            in_form(saved.state, form, "the state")
            for name in self.counters:
                setattr(self, name, saved.state[name])
            of, attempts = self.settings.steps, self.settings.restarts + 1
            if not (0 <= self.step <= of and 1 <= self.attempt <= attempts):
                raise ValueError(f"it is at step {self.step} of {of}, attempt {self.attempt}")
            self.loss = math.nan if saved.state["loss"] is None else saved.state["loss"]
            self._take_up(saved)
            self.rng.bit_generator.state = saved.state["random"]
            self._optimise(saved.state["rate"])
            restore_optimiser(self.optimiser, saved)

    def _take_up(self, saved: Checkpoint) -> None:
        """The tensors of a checkpoint."""
        self.parameters = parameters(take(part(saved, "net"), self.parameters), self.dtype)
        best = part(saved, "best")
        self.best = take(best, self._best_like()) if best else {}

    def _best_like(self) -> dict[str, Floats]:
        """Arrays of the shapes that the best ones have."""
        return self._arrays()
