"""A training, step by step: attempts, phases, looks at the net, and what a checkpoint holds.

An attempt goes through one or two phases:

1. *learn*: Adam on words, until all validation words are right. Without noise this is success.
2. *prove* (an LSTM with noise): boxes are trained along with it, see
   `reberlstm.training.enclosure`, with a weight that grows, so that what was learned is kept;
   success is a certificate.

An attempt that uses up its steps is followed by another one, as long as there are restarts.
Everything follows from the seed, also across an interruption.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import torch

from reberlstm.certificates import Certificate, certify
from reberlstm.net.weights import Floats, LSTMWeights
from reberlstm.training.cells import CellType
from reberlstm.training.checkpoint import (
    Checkpoint,
    adam_moments,
    check_settings,
    part,
    restored_adam,
)
from reberlstm.training.enclosure import LEAK_WEIGHT, Enclosure
from reberlstm.training.model import at_random, begin_as_latches, from_weights, parameters, to_net
from reberlstm.training.objective import LEAK_FROM, Objective
from reberlstm.training.recurrent import RecurrentWeights
from reberlstm.training.result import Progress, Training
from reberlstm.training.settings import Settings

CELLS = 8
"""The cells of a net where nothing says otherwise."""

RATE = 1e-2
"""Adam's learning rate; in the second phase it falls to nothing along half a cosine."""

CHECK_EVERY = 50
"""Steps between looks at the validation words, and between tries of a proof."""

FOLLOW_EVERY = 10
"""Steps between hulls."""

FIRST_WEIGHT = 1e-3
"""The weight of the boxes at the beginning of the second phase; it grows to 1 …"""

GROWS_FOR = 0.7
"""… over this share of it, by the same factor in every step."""

NOISE_GROWS_FOR = 300
"""Steps over which the noise grows from nothing."""

FEW_STATES = 16
"""Where a machine has more, and has to be proved, half of random cells begin as latches …"""

LONG_LEAK = (0.1, 1.0)
"""… and unless it begins compiled, this is the weight of the leak, from forget gates of 0.73 on.

What is kept for long has to be refreshed: if a gate could keep it, it would fade away in a loop
that is long enough.
"""

SOFT_GAIN = 5.0
"""The gain of a compiled net that is trained further: it is right, and its gates can still move."""

TUNING_RATE = 1e-3
"""The learning rate of a net that knows something; at `RATE` the first steps would undo that."""

CERTIFY_SECONDS = 60.0
"""More than any try takes here; a limit that mattered would make the result depend on the clock."""


class Run:
    """A training, step by step."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        assert settings.cell != "fsm", "machines have a run of their own"
        self.cell: CellType = settings.cell
        self.objective = Objective(settings.fsm, settings.task)
        self.validation = self.objective.validation(np.random.default_rng([settings.seed, 0]))
        self.questions = float(self.objective.judged(self.validation).sum())
        self.finished = False
        self.certificate: Certificate | None = None
        self.total_steps = 0
        self.best: dict[str, Floats] = {}
        self.best_accuracy = -1.0
        self.attempt = 0
        self._begin()

    # One attempt

    def _begin(self) -> None:
        self.attempt += 1
        self.rng = np.random.default_rng([self.settings.seed, self.attempt])
        self.parameters = self._first_parameters()
        self.step = 0
        self.learned_at = 0
        self.enclosure: Enclosure | None = None
        self.accuracy = 0.0
        self.loss = math.nan
        rate = RATE if self.settings.start == "random" else TUNING_RATE
        self.optimiser = torch.optim.Adam(self.parameters.values(), lr=rate)

    def _first_parameters(self) -> dict[str, torch.Tensor]:
        settings = self.settings
        start = settings.start
        if start == "compiled":
            from reberlstm.compiler import compile

            start = compile(settings.fsm, gain=SOFT_GAIN)
        if isinstance(start, LSTMWeights):
            cells = start.size if settings.cells is None else settings.cells
            return from_weights(self.rng, start, cells, self.objective.heads)
        cells = CELLS if settings.cells is None else settings.cells
        first = at_random(
            self.rng,
            cell=self.cell,
            nets=1,
            symbols=len(settings.fsm.alphabet),
            cells=cells,
            heads=self.objective.heads,
        )
        if self.latched:
            begin_as_latches(first, cells // 2)
        return first

    @property
    def latched(self) -> bool:
        """Whether the net begins with latches."""
        return self._keeps_long and self.settings.start == "random"

    @property
    def _keeps_long(self) -> bool:
        settings = self.settings
        many = len(settings.fsm.states) > FEW_STATES
        return settings.to_be_proved and settings.start != "compiled" and many

    @property
    def _leak(self) -> tuple[float, float]:
        return LONG_LEAK if self._keeps_long else (LEAK_WEIGHT, LEAK_FROM)

    @property
    def phase(self) -> Literal["learn", "prove"]:
        """Which of the two."""
        return "learn" if self.enclosure is None else "prove"

    def advance(self) -> Progress:
        """One step, and a look at the net where it is time for one."""
        if self.step == self.settings.steps:
            self._begin()
        self.step += 1
        self.total_steps += 1
        words = self.objective.draw(self.rng, 1, self.settings.words)
        loss = self.objective.loss(
            self.cell, self.parameters, words, self._noise(words.symbols.shape), self._leak[1]
        )
        total = loss.words.sum()
        if self.settings.to_be_proved:
            total = total + self._leak[0] * loss.leak.sum()
        if self.enclosure is not None:
            total = total + self._weight_of_boxes() * self.enclosure.loss(self.parameters)
        self.optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        of_words = float(loss.words.detach().sum())
        self.loss = of_words if math.isnan(self.loss) else 0.95 * self.loss + 0.05 * of_words

        if self.enclosure is not None and self.step % FOLLOW_EVERY == 0:
            self.enclosure.follow(self.parameters, self.rng)
        if self.step % CHECK_EVERY == 0 or self.step == self.settings.steps:
            self._look()
        return Progress(self.attempt, self.step, self.phase, self.loss, self.accuracy)

    def _since_learned(self) -> float:
        """The share of the second phase that is over."""
        return (self.step - self.learned_at) / max(1, self.settings.steps - self.learned_at)

    def _weight_of_boxes(self) -> float:
        return float(FIRST_WEIGHT ** max(0.0, 1.0 - self._since_learned() / GROWS_FOR))

    def _noise(self, shape: tuple[int, ...]) -> torch.Tensor | None:
        if not self.settings.noise or (self.settings.to_be_proved and self.enclosure is None):
            return None
        size = self.parameters["weight_hh"].shape[1]
        grown = min(1.0, (self.step - self.learned_at) / NOISE_GROWS_FOR)
        drawn = self.rng.standard_normal((*shape, size))
        return torch.as_tensor(self.settings.noise * grown * drawn)

    # Looking at it

    def _look(self) -> None:
        """Is everything right, or proved? What is best is kept, and the next phase begun."""
        wrong = self.objective.wrong(self.cell, self.parameters, self.validation)
        self.accuracy = 1.0 - float(wrong.sum()) / self.questions
        right = not wrong.any()
        if self.accuracy >= self.best_accuracy:
            self.best_accuracy = self.accuracy
            self.best = self._arrays()
        if right and self.settings.to_be_proved:
            self.certificate = self._proof()
            self.finished = self.certificate is not None
            if self.enclosure is None and not self.finished:
                self._begin_to_prove()
        elif right and not self.settings.to_be_proved:
            self.finished = self.settings.noise == 0.0 or self.step >= NOISE_GROWS_FOR
        if self.enclosure is not None:
            rate = RATE * (1.0 + math.cos(math.pi * min(1.0, self._since_learned()))) / 2.0
            self.optimiser.param_groups[0]["lr"] = max(rate, RATE / 100.0)
        over = self.step == self.settings.steps and self.attempt > self.settings.restarts
        self.finished = self.finished or over

    def _begin_to_prove(self) -> None:
        self.learned_at = self.step
        self.enclosure = self._boxes()
        self.optimiser = torch.optim.Adam(
            [*self.parameters.values(), self.enclosure.reach], lr=RATE
        )

    def _boxes(self) -> Enclosure:
        net = self._net(self._arrays())
        assert isinstance(net, LSTMWeights), "only LSTMs are proved"
        return Enclosure(net, self.objective, self.parameters, self.rng, self._leak)

    def _proof(self) -> Certificate | None:
        net = self._net(self._arrays())
        assert isinstance(net, LSTMWeights), "only LSTMs are proved"
        found = certify(
            net,
            heads=[self.objective.head],
            seconds=CERTIFY_SECONDS,
            max_states=1,
            max_k=1,
        )
        return found if found.holds else None

    def _net(self, arrays: dict[str, Floats]) -> LSTMWeights | RecurrentWeights:
        claims = self.objective.claims
        return to_net(self.cell, arrays, self.settings.fsm, claims=claims)

    def _arrays(self) -> dict[str, Floats]:
        return {key: tensor.detach().numpy().copy() for key, tensor in self.parameters.items()}

    def result(self, interrupted: bool) -> Training:
        """What came out so far."""
        if not self.best:
            self._look()
        success = self.finished and self.best_accuracy == 1.0
        if self.settings.to_be_proved:
            success = self.certificate is not None
        return Training(
            settings=self.settings,
            net=self._net(self.best),
            success=success,
            certificate=self.certificate,
            accuracy=self.best_accuracy,
            attempts=self.attempt,
            steps=self.total_steps,
            interrupted=interrupted and not self.finished,
        )

    # Checkpoints

    _COUNTERS = (
        "attempt",
        "step",
        "total_steps",
        "learned_at",
        "accuracy",
        "best_accuracy",
    )

    def to_checkpoint(self) -> Checkpoint:
        """All that the rest depends on."""
        arrays = {f"net.{key}": tensor.detach().numpy() for key, tensor in self.parameters.items()}
        arrays |= {f"best.{key}": array for key, array in self.best.items()}
        arrays |= adam_moments(self.optimiser)
        if self.enclosure is not None:
            arrays["boxes.reach"] = self.enclosure.reach.detach().numpy()
            arrays["boxes.hull"] = self.enclosure.hull.numpy()
        state: dict[str, Any] = {name: getattr(self, name) for name in self._COUNTERS}
        state["loss"] = None if math.isnan(self.loss) else self.loss
        state["rate"] = self.optimiser.param_groups[0]["lr"]
        state["random"] = self.rng.bit_generator.state
        state["settings"] = self.settings.to_dict()
        return Checkpoint(arrays, state)

    def restore(self, saved: Checkpoint, where: str) -> None:
        """Go on from a checkpoint.

        Raises:
            TrainingError: where it is of other settings, or not complete.
        """
        with check_settings(saved, self.settings.to_dict(), where):
            self._restore(saved)

    def _restore(self, saved: Checkpoint) -> None:
        for name in self._COUNTERS:
            setattr(self, name, saved.state[name])
        self.loss = math.nan if saved.state["loss"] is None else saved.state["loss"]
        self.parameters = parameters({key: part(saved, "net")[key] for key in self.parameters})
        self.best = part(saved, "best")
        self.enclosure = None
        trained = list(self.parameters.values())
        if "boxes.reach" in saved.arrays:
            self.enclosure = self._boxes()
            self.enclosure.restore(saved.arrays["boxes.reach"], saved.arrays["boxes.hull"])
            trained.append(self.enclosure.reach)
        self.rng.bit_generator.state = saved.state["random"]
        self.optimiser = torch.optim.Adam(trained, lr=saved.state["rate"])
        restored_adam(self.optimiser, saved)
