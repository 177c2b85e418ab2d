"""The loop of every training, with reports and checkpoints; the lab's trainings go through it, too.

A checkpoint is an unfinished training as one safetensors file, to be taken up after a kill. Arrays
are what is trained and what the optimiser remembers; all else is JSON in the metadata: settings,
counters, and the state of the random numbers. Nothing in the file is executed. It is written whole
or not at all.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import FormatError, TrainingError, one_line
from reberlstm.files import decoding, read_bytes, write_atomically
from reberlstm.plain import in_form

if TYPE_CHECKING:
    from torch.optim import Optimizer

FORMAT = "reberlstm-checkpoint-1"
MAX_FILE_BYTES = 2**30

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a file holds: arrays by key; settings, counters and random state as JSON values."""

    arrays: Mapping[str, NDArray[Any]]
    state: Mapping[str, Any]


def save(path: Path, checkpoint: Checkpoint, format: str = FORMAT) -> None:
    """Write a checkpoint; `format` names what kind of training it is of."""
    from safetensors.numpy import save as serialise

    arrays = {key: np.ascontiguousarray(array) for key, array in checkpoint.arrays.items()}
    metadata = {"format": format, "state": json.dumps(checkpoint.state, ensure_ascii=False)}
    write_atomically(path, bytes(serialise(arrays, metadata=metadata)))


def load(path: Path, format: str = FORMAT, writer: str = "train") -> Checkpoint:
    """Read a checkpoint that the command `writer` has written.

    Raises:
        FormatError: for a file that is missing, damaged, or no checkpoint of that kind.
    """
    from safetensors.numpy import load as deserialise

    content = read_bytes(path, limit=MAX_FILE_BYTES)
    try:
        with decoding("damaged, or no checkpoint of a training"):
            arrays = deserialise(content)
            length = int.from_bytes(content[:8], "little")
            metadata = json.loads(content[8 : 8 + length]).get("__metadata__") or {}
            state = json.loads(metadata["state"]) if metadata.get("format") == format else None
    except FormatError as error:
        raise FormatError(f"{path}: {error}; `{writer}` writes them") from None
    if not isinstance(state, dict):
        raise FormatError(f"{path}: no checkpoint of a training; `{writer}` writes them")
    return Checkpoint(arrays, state)


def take(arrays: Mapping[str, NDArray[Any]], like: Mapping[str, Any]) -> Arrays:
    """The arrays with the keys of others, whose shapes they must have.

    Raises:
        ValueError: where one is missing, of another shape, or holds no numbers.
    """
    for key, wanted in like.items():
        if key not in arrays:
            raise ValueError(f"{key} is missing")
        found = arrays[key]
        if found.dtype.kind != "f" or found.shape != tuple(wanted.shape):
            raise ValueError(
                f"{key} has type {found.dtype} and shape {found.shape}, not {tuple(wanted.shape)}"
            )
    return {key: arrays[key] for key in like}


def part(saved: Checkpoint, prefix: str) -> Arrays:
    """The arrays whose keys begin with a prefix and a dot, without these."""
    start = f"{prefix}."
    found = saved.arrays.items()
    return {key.removeprefix(start): array for key, array in found if key.startswith(start)}


def optimiser_arrays(optimiser: Optimizer) -> Arrays:
    """What an optimiser remembers of each parameter, as arrays."""
    return {
        f"optimiser.{number}.{key}": value.numpy()
        for number, moments in optimiser.state_dict()["state"].items()
        for key, value in moments.items()
        if value is not None
    }


def restore_optimiser(optimiser: Optimizer, saved: Checkpoint) -> None:
    """Let it remember that again."""
    import torch

    groups = optimiser.state_dict()["param_groups"]
    shapes = [tensor.shape for group in optimiser.param_groups for tensor in group["params"]]
    moments: dict[int, dict[str, Any]] = {}
    for key, array in part(saved, "optimiser").items():
        number, name = key.split(".")
        if array.shape not in ((), (1,), tuple(shapes[int(number)])):
            raise ValueError(f"optimiser.{key} has the shape {array.shape}")
        moments.setdefault(int(number), {})[name] = torch.tensor(array)
    names = {name for of_one in moments.values() for name in of_one}
    if moments and any(set(moments.get(number, {})) != names for number in range(len(shapes))):
        raise ValueError("the optimiser's numbers are not those of all parameters")
    optimiser.load_state_dict({"state": moments, "param_groups": groups})


DAMAGED = (KeyError, ValueError, TypeError, RuntimeError, IndexError, OverflowError, AttributeError)
"""What taking up a training may raise where its checkpoint was changed."""


@contextmanager
def same_settings(saved: Checkpoint, asked: Mapping[str, Any], where: str) -> Iterator[None]:
    """Around what takes up a training: refuse other settings, and what is not complete."""
    try:
        settings = in_form(saved.state, {"settings": {str: object}}, "the state")["settings"]
    except FormatError as error:
        raise TrainingError(f"{where}: not a checkpoint of a training ({error})") from None
    for name, value in settings.items():
        if asked.get(name) != value:
            shown = "another grammar" if name == "fsm" else f"{name} {value!r}"
            raise TrainingError(
                f"{where} is of a training with {shown}; resume with the same settings, or "
                "delete it to begin anew"
            )
    try:
        yield
    except (*DAMAGED, FormatError) as error:
        reason = one_line(str(error).partition("\n")[0], 200)
        raise TrainingError(
            f"{where}: not a complete checkpoint ({reason}); delete it to begin anew"
        ) from None


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

    Checkpoints of this format go to the file `path`, so many `seconds` apart at least and at an
    interrupt; with `resume` it goes on from there. `writer` is the command, for messages.
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
