"""The training of a machine, step by step: like `run`, with soft machines in the place of nets.

Several machines learn side by side from the same words, each from a beginning of its own. Short
words come first: of four times as many words as are wanted the shortest are learned from, and of
fewer and fewer as time goes on. What a long word begins with is soon forgotten where the states of
all its middle have yet to be found; in a short one there is less between the two. Success
is exact: a rounded machine has the legal sets and the acceptance of the one that drew the words,
which is decided over the product of the two.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import Floats
from reberlstm.training.checkpoint import (
    Checkpoint,
    adam_moments,
    check_settings,
    part,
    restored_adam,
)
from reberlstm.training.objective import Objective
from reberlstm.training.result import Progress, Training
from reberlstm.training.settings import Settings
from reberlstm.training.soft_machine import Rounded, at_random, loss

SLOTS = 32
"""The slots of a machine where nothing says otherwise; too many do no harm."""

MACHINES = 8
"""How many learn side by side."""

RATE = 0.1
"""Adam's learning rate."""

CHOICE = 4
"""So many times as many words as are learned from are drawn at first, and the shortest taken …"""

CHOICE_FOR = 200
"""… and after so many steps, all that are drawn; by the same factor in every step."""

CHECK_EVERY = 25
"""Steps between looks at the rounded machines."""


class MachineRun:
    """A training of machines; the methods are those of `reberlstm.training.run.Run`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.objective = Objective(settings.fsm, settings.task)
        self.validation = self.objective.validation(np.random.default_rng([settings.seed, 0]))
        self.finished = False
        self.success = False
        self.total_steps = 0
        self.best: dict[str, Floats] = {}
        self.best_accuracy = -1.0
        self.accuracy = 0.0
        self.attempt = 0
        self._begin()

    def _begin(self) -> None:
        self.attempt += 1
        self.rng = np.random.default_rng([self.settings.seed, self.attempt])
        slots = SLOTS if self.settings.cells is None else self.settings.cells
        symbols = len(self.settings.fsm.alphabet)
        self._set(at_random(self.rng, MACHINES, slots, symbols, self.settings.task))
        self.step = 0
        self.loss = math.nan

    def _set(self, arrays: dict[str, Floats]) -> None:
        self.parameters = {
            key: torch.tensor(array, dtype=torch.float32, requires_grad=True)
            for key, array in arrays.items()
        }
        self.optimiser = torch.optim.Adam(self.parameters.values(), lr=RATE)

    def advance(self) -> Progress:
        """One step, and a look at the machines where it is time for one."""
        if self.step == self.settings.steps:
            self._begin()
        self.step += 1
        self.total_steps += 1
        choice = CHOICE ** max(0.0, 1.0 - self.step / CHOICE_FOR)
        drawn = self.objective.draw(self.rng, 1, round(choice * self.settings.words))
        words = drawn.shortest(self.settings.words)
        each = loss(self.objective.machine, self.settings.task, self.parameters, words)
        self.optimiser.zero_grad()
        each.sum().backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        least = float(each.detach().min())
        self.loss = least if math.isnan(self.loss) else 0.95 * self.loss + 0.05 * least
        if self.step % CHECK_EVERY == 0 or self.step == self.settings.steps:
            self._look()
        return Progress(self.attempt, self.step, "learn", self.loss, self.accuracy)

    def _look(self) -> None:
        """Is one of them the machine? The best one is kept."""
        arrays = self._arrays()
        rounded = [Rounded(arrays, index, self.settings.fsm.alphabet) for index in range(MACHINES)]
        accuracies = [self._accuracy(machine) for machine in rounded]
        index = int(np.argmax(accuracies))
        self.accuracy = accuracies[index]
        if self.accuracy >= self.best_accuracy:
            self.best_accuracy = self.accuracy
            self.best = {key: array[index : index + 1] for key, array in arrays.items()}
            self.success = self.accuracy == 1.0 and self._is_right(rounded[index].to_fsm("trained"))
        over = self.step == self.settings.steps and self.attempt > self.settings.restarts
        self.finished = self.success or over

    def _accuracy(self, machine: Rounded) -> float:
        """The share of validation answers that a rounded machine gets right."""
        words, truth = self.validation, self.objective.machine
        slots = machine.follow(words)
        right = machine.accepting[slots] == truth.accepting[words.states]
        if self.settings.task == "next":
            right &= (machine.legal[slots] == truth.legal[words.states]).all(axis=-1)
        return float((right & words.present).sum() / words.present.sum())

    def _is_right(self, machine: FSM) -> bool:
        reference = self.settings.fsm
        return machine.difference(reference) is None and (
            self.settings.task == "accept" or machine.difference(reference, by="legal") is None
        )

    def _arrays(self) -> dict[str, Floats]:
        return {
            key: tensor.detach().double().numpy().copy() for key, tensor in self.parameters.items()
        }

    def result(self, interrupted: bool) -> Training:
        """What came out so far."""
        if not self.best:
            self._look()
        return Training(
            settings=self.settings,
            net=Rounded(self.best, 0, self.settings.fsm.alphabet).to_fsm("trained"),
            success=self.success,
            certificate=None,
            accuracy=self.best_accuracy,
            attempts=self.attempt,
            steps=self.total_steps,
            interrupted=interrupted and not self.finished,
        )

    _COUNTERS = ("attempt", "step", "total_steps", "accuracy", "best_accuracy")

    def to_checkpoint(self) -> Checkpoint:
        """All that the rest depends on."""
        arrays: dict[str, Any] = {f"net.{key}": array for key, array in self._arrays().items()}
        arrays |= {f"best.{key}": array for key, array in self.best.items()}
        arrays |= adam_moments(self.optimiser)
        state: dict[str, Any] = {name: getattr(self, name) for name in self._COUNTERS}
        state["loss"] = None if math.isnan(self.loss) else self.loss
        state["random"] = self.rng.bit_generator.state
        state["settings"] = self.settings.to_dict()
        return Checkpoint(arrays, state)

    def restore(self, saved: Checkpoint, where: str) -> None:
        """Go on from a checkpoint.

        Raises:
            TrainingError: where it is of other settings, or not complete.
        """
        with check_settings(saved, self.settings.to_dict(), where):
            for name in self._COUNTERS:
                setattr(self, name, saved.state[name])
            self.loss = math.nan if saved.state["loss"] is None else saved.state["loss"]
            found = part(saved, "net")
            self._set({key: found[key] for key in self.parameters})
            self.best = part(saved, "best")
            self.rng.bit_generator.state = saved.state["random"]
            restored_adam(self.optimiser, saved)
