"""Train a net: the loop, and what is kept when it is cut short. The steps are in `run`."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any

from reberlstm.errors import TrainingError
from reberlstm.extras import require
from reberlstm.grammars import Grammar
from reberlstm.training import checkpoint as checkpoints
from reberlstm.training.settings import Progress, Settings, Training


def train(
    task: Settings | Grammar,
    *,
    report: Callable[[Progress], None] | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 10.0,
    **settings: Any,
) -> Training:
    """Train a net.

    Args:
        task: What is asked for; or the machine to learn, as a value, a name or a path.
        report: Called after every step.
        checkpoint: A file to write the unfinished training to, and to remove when it is finished.
        resume: Go on from that file, where there is one.
        checkpoint_seconds: The least time between two writings.
        settings: With a machine, all else that is asked for, see `Settings`.

    A keyboard interrupt ends it with the best net so far, and leaves the checkpoint.

    Raises:
        TrainingError: for settings that are not as they should be, or a checkpoint of a training
            with others.
        FormatError: where the checkpoint cannot be read or written.
        MissingExtraError: where PyTorch is not installed.

    Example:
        >>> train(Settings(fsm="parity", task="accept", cells=4)).success
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
    if resume and checkpoint is not None and checkpoint.exists():
        run.restore(checkpoints.load(checkpoint), str(checkpoint))
    written = time.monotonic()
    with _interrupts_between_steps() as interrupted:
        while not run.finished and not interrupted:
            progress = run.advance()
            if report is not None:
                report(progress)
            due = time.monotonic() >= written + checkpoint_seconds
            if checkpoint is not None and (due or interrupted):
                checkpoints.save(checkpoint, run.to_checkpoint())
                written = time.monotonic()
    if checkpoint is not None and run.finished:
        checkpoint.unlink(missing_ok=True)
    return run.result(interrupted=not run.finished)


def _asked(task: Settings | Grammar, settings: dict[str, Any]) -> Settings:
    if isinstance(task, Settings):
        if settings:
            raise TrainingError(
                f"{next(iter(settings))} is given besides Settings; make it one of them"
            )
        return task
    known = [field.name for field in fields(Settings) if field.name != "fsm"]
    for name in settings:
        if name not in known:
            raise TrainingError(f"no setting {name!r}; they are {', '.join(known)}")
    return Settings(fsm=task, **settings)


@contextmanager
def _interrupts_between_steps() -> Iterator[list[int]]:
    """Collect keyboard interrupts, so that none tears a step apart; the second one does.

    Only a program's main thread may ask for that; elsewhere nothing changes.
    """
    seen: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        signal.signal(signal.SIGINT, before)

    if threading.current_thread() is not threading.main_thread():
        yield seen
        return
    before = signal.signal(signal.SIGINT, hold)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
