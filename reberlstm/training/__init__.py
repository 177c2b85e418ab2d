"""Nets that learn from words, by back-propagation: the counterpart of the hand-wired ones.

1. `settings`: what is asked for, what is reported, what comes out.
2. `cells`: the LSTM, the GRU and the simple RNN, for any number of nets at once.
3. `objective`: what is made small, the loss on words, and the share of wrong answers.
4. `run`: what every training goes through; `net_run` trains a net, `machine_run` a machine itself.
5. `enclosure`: for nets that are to be proved, how far steps lead out of boxes.
6. `loop` goes through all steps and writes checkpoints; `train` is all of it.

PyTorch is needed, and imported only by what trains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from reberlstm.errors import TrainingError
from reberlstm.extras import require
from reberlstm.files import remove
from reberlstm.grammars import Grammar, as_machine
from reberlstm.training.loop import go_through
from reberlstm.training.settings import Progress, Settings, Training

__all__ = ["Progress", "Settings", "Training", "train"]


def train(
    task: Settings | Grammar,
    /,
    *,
    report: Callable[[Progress], None] | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 10.0,
    out: Path | None = None,
    **settings: Any,
) -> Training:
    """Train a net.

    Args:
        task: What is asked for; or the machine to learn, as a value, a name or a path.
        report: Called after every step.
        checkpoint: A file to write the unfinished training to, and to remove when it is finished.
        resume: Go on from that file, where there is one.
        checkpoint_seconds: The least time between two writings.
        out: A file to write the net to, see `Training.save`; only then is the checkpoint removed.
        settings: With a machine, all else that is asked for, see `Settings`.

    A keyboard interrupt ends it with the best net so far, and leaves the checkpoint.

    Raises:
        TrainingError: for settings that are not as they should be, or a checkpoint of a training
            with others.
        FormatError: where the checkpoint cannot be read, or a file cannot be written.
        MissingExtraError: where PyTorch is not installed.

    Example:
        >>> train("parity", task="accept", cells=4).success
        True
        >>> train("reber", cells=8, seed=1).net.size
        8
    """
    asked = _asked(task, settings)
    torch = require("torch", extra="torch", purpose="training")
    from reberlstm.training.machine_run import MachineRun
    from reberlstm.training.net_run import NetRun

    torch.set_num_threads(1)
    run = MachineRun(asked) if asked.cell == "fsm" else NetRun(asked)
    go_through(run, report=report, path=checkpoint, resume=resume, seconds=checkpoint_seconds)
    training = run.result(interrupted=not run.finished)
    if out is not None:
        training.save(out)
    if checkpoint is not None and run.finished:
        remove(checkpoint)
    return training


def _asked(task: Settings | Grammar, settings: dict[str, Any]) -> Settings:
    if isinstance(task, Settings):
        if settings:
            raise TrainingError(
                f"{next(iter(settings))} is given together with Settings; make it one of them"
            )
        return task
    known = [field.name for field in fields(Settings) if field.name != "fsm"]
    for name in settings:
        if name not in known:
            raise TrainingError(f"no setting {name!r}; they are {', '.join(known)}")
    return Settings(fsm=as_machine(task), **settings)
