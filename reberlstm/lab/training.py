"""How one job is trained: epochs of batches, tests now and then; and a trained net as a file."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from reberlstm.errors import FormatError, LabError
from reberlstm.lab.experiment import Array, Fit, Job
from reberlstm.lab.nets import parameters
from reberlstm.plain import in_form
from reberlstm.training.loop import DAMAGED, Checkpoint, go_through, load, part, save

FORMAT = "reberlstm-lab-2"
TEST_BATCH = 4096

OPTIMISERS: Mapping[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "rmsprop": partial(torch.optim.RMSprop, alpha=0.9, eps=1e-7),
    "sgd": torch.optim.SGD,
}

COUNTERS = {
    "epoch": int,
    "epochs": [int],
    "losses": [Real],
    "test_losses": [Real],
    "seconds": Real,
    "diverged_at": (int, type(None)),
    "watched": {str: [object]},
}
"""The form of the counters of a file."""


@contextmanager
def alone() -> Iterator[None]:
    """Train on one thread, and leave the caller's random state and threads alone."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(threads)


def train(
    job: Job,
    seed: int,
    *,
    report: Callable[[tuple[int, int, float]], None] | None = None,
    path: Path | None = None,
    asked: Mapping[str, Any] | None = None,
) -> JobTraining:
    """Train a net, or take it from the file `path` if it is there.

    The same job and seed give the same net on the same computer.

    Args:
        job: What to train on what.
        seed: Of the initial weights and of the order of the examples.
        report: Called after every epoch with its number, that of all, and the training loss.
        path: Where `keep` may have written the net.
        asked: What the whole run was asked for: the net of another run is refused.

    Raises:
        FormatError: where the file is damaged, or is of a net of another form.
        LabError: where it is of another run.
    """
    training = JobTraining(job, seed, {**(asked or {}), "job": job.name})
    if path is not None and path.exists():
        training.restore(load(path, FORMAT, "lab run"), str(path))
    elif go_through(training, report=report):
        raise KeyboardInterrupt
    return training


def keep(training: JobTraining, path: Path) -> None:
    """Write a trained net and its losses to a file."""
    save(path, training.to_checkpoint(), FORMAT)


class JobTraining:
    """The training of a job, an epoch a step."""

    def __init__(self, job: Job, seed: int, asked: Mapping[str, Any]) -> None:
        torch.manual_seed(seed)
        self.job, self.recipe, self.asked = job, job.recipe, asked
        self.net = job.net()
        made = OPTIMISERS.get(self.recipe.optimiser)
        rate = self.recipe.learning_rate
        self.optimiser = None if made is None else made(self.net.parameters(), lr=rate)
        self.order = torch.Generator().manual_seed(seed)
        self.inputs, self.targets = self._tensors(job.data.x, job.data.y)
        self.test = self._tensors(*job.data.test)
        self.epoch, self.seconds = 0, 0.0
        self.diverged_at: int | None = None
        self.epochs: list[int] = []
        self.losses: list[float] = []
        self.test_losses: list[float] = []
        self.watched: dict[str, list[Any]] = {}

    def _tensors(self, x: Array, y: Array) -> tuple[Tensor, Tensor]:
        kind = torch.int64 if self.recipe.loss == "nll" else torch.float32
        return torch.tensor(np.asarray(x), dtype=torch.float32), torch.tensor(y, dtype=kind)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or the loss has diverged."""
        return self.epoch >= self.recipe.epochs or self.diverged_at is not None

    def advance(self) -> tuple[int, int, float]:
        """An epoch, and a test: about a hundred in a training, evenly spread, and at its end."""
        start, last = time.process_time(), self.recipe.epochs
        loss = self._pass()
        self.epoch += 1
        if not math.isfinite(loss):
            self.diverged_at = self.epoch
        elif self.epoch % max(1, last // 100) == 0 or self.epoch == last:
            self.epochs.append(self.epoch)
            self.losses.append(loss)
            with torch.no_grad():
                self.test_losses.append(self._test())
                for name, taken in self.job.watch(self.net).items() if self.job.watch else ():
                    self.watched.setdefault(name, []).append(np.asarray(taken).tolist())
        self.seconds += time.process_time() - start
        return self.epoch, last, loss

    def fit(self) -> Fit:
        """What has come out so far."""
        taken = self.epochs, self.losses, self.test_losses
        return Fit(parameters(self.net), *taken, self.seconds, self.diverged_at, self.watched)

    def to_checkpoint(self) -> Checkpoint:
        """The net and its losses; not what an unfinished training would need to go on."""
        arrays = {f"net.{key}": value.numpy() for key, value in self.net.state_dict().items()}
        state = {"asked": self.asked} | {key: getattr(self, key) for key in COUNTERS}
        return Checkpoint(arrays, state)

    def restore(self, saved: Checkpoint, where: str) -> None:
        """Take the net of a file; a LabError or FormatError where it is of another run or net."""
        if saved.state.get("asked") != self.asked:
            raise LabError(
                f"{where}: the net of another run ({_short(saved.state.get('asked'))}; now "
                f"{_short(self.asked)}): leave out --resume, or write into another folder"
            )
        try:
            self.net.load_state_dict(
                {key: torch.tensor(array) for key, array in part(saved, "net").items()}
            )
            for key, value in in_form(saved.state, COUNTERS, "the state").items():
                if key in COUNTERS:
                    setattr(self, key, value)
        except (*DAMAGED, FormatError) as error:
            reason = " ".join(str(error).split())[:200]
            raise FormatError(
                f"{where}: does not fit this net: {reason}; leave out --resume"
            ) from None

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
                torch.autograd.backward(loss)
                self.optimiser.step()
            total += float(loss.detach()) * len(batch)
        return total / count

    def _test(self) -> float:
        pieces = zip(*(torch.split(tensor, TEST_BATCH) for tensor in self.test), strict=True)
        return sum(float(self._loss(x, y)) * len(x) for x, y in pieces) / len(self.test[0])

    def _loss(self, inputs: Tensor, targets: Tensor) -> Tensor:
        outputs = self.net(inputs)
        labels = self.recipe.loss == "nll"
        if (outputs.shape[:-1] if labels else outputs.shape) != targets.shape:
            wanted = "one right answer for each row" if labels else "targets of the same shape"
            raise LabError(
                f"net {self.job.name!r} gives {tuple(outputs.shape)} for targets "
                f"{tuple(targets.shape)}: the loss {self.recipe.loss} needs {wanted}"
            )
        if labels:
            return functional.cross_entropy(outputs.flatten(0, -2), targets.flatten())
        return functional.mse_loss(outputs, targets)


def _short(asked: Any) -> str:
    text = json.dumps(asked, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:157]}..."
