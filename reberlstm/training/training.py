"""Train a net: the loop, and what is kept when it is cut short. The steps are in `run`."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from reberlstm.extras import require
from reberlstm.grammars import Grammar, as_machine
from reberlstm.training import checkpoint as checkpoints
from reberlstm.training.result import Progress, Training
from reberlstm.training.settings import Settings


def train(
    settings: Settings | Grammar,
    *,
    report: Callable[[Progress], None] | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 10.0,
) -> Training:
    """Train a net.

    Args:
        settings: What is asked for; a machine, its name or path stands for the defaults.
        report: Called after every step.
        checkpoint: A file to write the unfinished training to, and to remove when it is finished.
        resume: Go on from that file, where there is one.
        checkpoint_seconds: The least time between two writings.

    A keyboard interrupt ends it with the best net so far, and leaves the checkpoint.

    Raises:
        TrainingError: where the checkpoint is of a training with other settings.
        FormatError: where the checkpoint cannot be read or written.
        MissingExtraError: where PyTorch is not installed.

    Example:
        >>> from reberlstm import load_grammar
        >>> train(Settings(fsm=load_grammar("parity"), task="accept", cells=4)).success
        True
    """
    if not isinstance(settings, Settings):
        settings = Settings(fsm=as_machine(settings))
    torch = require("torch", extra="torch", purpose="training")
    from reberlstm.training.machine_run import MachineRun
    from reberlstm.training.run import Run

    torch.set_num_threads(1)
    run = MachineRun(settings) if settings.cell == "fsm" else Run(settings)
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
