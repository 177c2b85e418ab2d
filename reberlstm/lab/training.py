"""The training loop: one job, from a seed to a fit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from reberlstm.errors import LabError
from reberlstm.lab import checkpoint
from reberlstm.lab.experiment import Array, Data, Fit, Job, Recipe
from reberlstm.lab.nets import parameters

TESTS = 100
"""The test loss is taken so many times in a training, evenly spread, and at its end."""

TEST_BATCH = 4096
SECONDS_BETWEEN_CHECKPOINTS = 15.0

Report = Callable[[int, int, float], None]
"""Called after every epoch with its number, the number of all, and the training loss."""


def train(
    job: Job,
    seed: int,
    *,
    report: Report | None = None,
    path: Path | None = None,
    resume: bool = False,
    asked: Mapping[str, Any] | None = None,
) -> tuple[nn.Module, Fit]:
    """Train a net.

    The same job and seed give the same net on the same machine, whether interrupted or not.

    Args:
        job: What to train on what.
        seed: Of the initial weights and of the order of the examples.
        report: Called after every epoch.
        path: A checkpoint is written there every now and then, at an interruption, and at the end.
        resume: Whether to go on from that checkpoint, if there is one.
        asked: What the whole run was asked for: a checkpoint of another run is refused.
    """
    run = _Training(job, seed, path, {**(asked or {}), "job": job.name})
    if resume and path is not None and path.exists():
        run.take_up()
    try:
        run.go(report)
    except KeyboardInterrupt:
        run.save()
        raise
    run.save()
    return run.net, run.fit()


COUNTERS = ("epoch", "epochs", "losses", "test_losses", "seconds", "diverged_at", "watched")
"""What a checkpoint holds besides tensors."""


class _Training:
    """A training with its counters."""

    def __init__(self, job: Job, seed: int, path: Path | None, asked: Mapping[str, Any]) -> None:
        torch.manual_seed(seed)
        self.name, self.recipe, self.path, self.asked = job.name, job.recipe, path, asked
        self.net = job.net()
        self.optimiser = _optimiser(self.net, job.recipe)
        self.order = torch.Generator().manual_seed(seed)
        self.inputs, self.targets, self.test = _tensors(job.data, job.recipe)
        self.epoch = 0
        self.epochs: list[int] = []
        self.losses: list[float] = []
        self.test_losses: list[float] = []
        self.watch = job.watch
        self.watched: dict[str, list[float]] = {}
        self.seconds = 0.0
        self.diverged_at: int | None = None

    def take_up(self) -> None:
        assert self.path is not None
        state = checkpoint.load(self.path, self.net, self.optimiser, self.order, self.asked)
        for key in COUNTERS:
            setattr(self, key, state[key])

    def save(self) -> None:
        if self.path is None:
            return
        state = {"asked": self.asked} | {key: getattr(self, key) for key in COUNTERS}
        checkpoint.save(self.path, self.net, self.optimiser, self.order, state)

    def go(self, report: Report | None) -> None:
        between_tests = max(1, self.recipe.epochs // TESTS)
        saved = time.monotonic()
        while self.epoch < self.recipe.epochs and self.diverged_at is None:
            start = time.process_time()
            loss = self._pass()
            if not math.isfinite(loss):
                self.diverged_at = self.epoch + 1
            elif (self.epoch + 1) % between_tests == 0 or self.epoch + 1 == self.recipe.epochs:
                self.epochs.append(self.epoch + 1)
                self.losses.append(loss)
                self.test_losses.append(self._test())
                self._look()
            self.epoch += 1
            self.seconds += time.process_time() - start
            if report is not None:
                report(self.epoch, self.recipe.epochs, loss)
            if time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
                self.save()
                saved = time.monotonic()

    def fit(self) -> Fit:
        return Fit(
            parameters=parameters(self.net),
            epochs=self.epochs,
            losses=self.losses,
            test_losses=self.test_losses,
            cpu_seconds=self.seconds,
            diverged_at=self.diverged_at,
            watched=self.watched,
        )

    def _pass(self) -> float:
        """One epoch; the mean loss of its batches."""
        count = len(self.inputs)
        shuffled = self.recipe.shuffle and count > 1
        chosen = torch.randperm(count, generator=self.order) if shuffled else torch.arange(count)
        total = 0.0
        for batch in torch.split(chosen, self.recipe.batch):
            loss = self._loss(self.inputs[batch], self.targets[batch])
            if self.optimiser is not None:
                self.optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                self.optimiser.step()
            total += float(loss.detach()) * len(batch)
        return total / count

    def _test(self) -> float:
        with torch.no_grad():
            pieces = zip(*(torch.split(tensor, TEST_BATCH) for tensor in self.test), strict=True)
            return sum(float(self._loss(x, y)) * len(x) for x, y in pieces) / len(self.test[0])

    def _look(self) -> None:
        if self.watch is not None:
            with torch.no_grad():
                for name, number in self.watch(self.net).items():
                    self.watched.setdefault(name, []).append(float(number))

    def _loss(self, inputs: Tensor, targets: Tensor) -> Tensor:
        outputs = self.net(inputs)
        if self.recipe.loss == "nll":
            if outputs.shape[:-1] != targets.shape:
                raise LabError(self._misfit(outputs, targets, "one right answer for each row"))
            return functional.cross_entropy(outputs.flatten(0, -2), targets.flatten())
        if outputs.shape != targets.shape:
            raise LabError(self._misfit(outputs, targets, "targets of the same shape"))
        return functional.mse_loss(outputs, targets)

    def _misfit(self, outputs: Tensor, targets: Tensor, wanted: str) -> str:
        return (
            f"net {self.name!r} gives {tuple(outputs.shape)} for targets "
            f"{tuple(targets.shape)}: the loss {self.recipe.loss} needs {wanted}"
        )


def _tensors(data: Data, recipe: Recipe) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
    kind = torch.int64 if recipe.loss == "nll" else torch.float32

    def tensors(x: Array, y: Array) -> tuple[Tensor, Tensor]:
        return torch.tensor(np.asarray(x), dtype=torch.float32), torch.tensor(y, dtype=kind)

    return *tensors(data.x, data.y), tensors(*data.test)


def _optimiser(net: nn.Module, recipe: Recipe) -> torch.optim.Optimizer | None:
    rate, numbers = recipe.learning_rate, list(net.parameters())
    if recipe.optimiser == "adam":
        return torch.optim.Adam(numbers, lr=rate)
    if recipe.optimiser == "rmsprop":
        return torch.optim.RMSprop(numbers, lr=rate, alpha=0.9, eps=1e-7)
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(numbers, lr=rate)
    return None
