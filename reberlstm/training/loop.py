"""The loop of every training: steps, reports, checkpoints now and then, interrupts between steps.

The lab's trainings go through it as well.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from reberlstm.training.checkpoint import FORMAT, Checkpoint, load, save


class Steps(Protocol):
    """A training, step by step."""

    @property
    def finished(self) -> bool:
        """Whether there is no further step."""

    def advance(self) -> Any:
        """Take a step and return what is to be reported of it."""

    def to_checkpoint(self) -> Checkpoint:
        """All that the further steps depend on."""

    def restore(self, saved: Checkpoint, where: str) -> None:
        """Go on from a checkpoint, which was read from the file `where`."""


def go_through(
    training: Steps,
    *,
    report: Callable[[Any], None] | None = None,
    path: Path | None = None,
    resume: bool = False,
    seconds: float = 10.0,
    format: str = FORMAT,
    writer: str = "train",
) -> bool:
    """Go through all steps, or as far as a keyboard interrupt lets; says whether there was one.

    Args:
        training: What to go through.
        report: Called after every step with what it returned.
        path: A file for checkpoints, written every now and then and at an interrupt.
        resume: Whether to go on from that file, where there is one.
        seconds: The least time between two checkpoints.
        format: What kind of checkpoint it is.
        writer: The command that writes such, for messages.
    """
    if resume and path is not None and path.exists():
        training.restore(load(path, format, writer), str(path))
    written = time.monotonic()
    with _interrupts_between_steps() as interrupts:
        while not training.finished and not interrupts:
            progress = training.advance()
            if report is not None:
                report(progress)
            due = time.monotonic() >= written + seconds
            if path is not None and (due or interrupts):
                save(path, training.to_checkpoint(), format)
                written = time.monotonic()
    return bool(interrupts)


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
