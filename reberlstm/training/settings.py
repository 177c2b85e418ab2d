"""What a training is asked for, what it reports, and what comes out of it."""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal

from reberlstm.certificates import Certificate
from reberlstm.choices import STARTS, TASKS, TRAINED
from reberlstm.errors import TrainingError, shown
from reberlstm.formats import toml
from reberlstm.grammars import as_machine, save_grammar
from reberlstm.machine.counters import CounterMachine, Machine
from reberlstm.machine.fsm import FSM
from reberlstm.net.files.safetensors import save, to_bytes
from reberlstm.net.net import Net

MAX_CELLS = 2_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that a training depends on; equal settings give equal nets.

    Attributes:
        fsm: The machine to learn, with counters or without; a name or a path is replaced by it.
        cell: ``lstm``, ``gru`` or ``rnn``; or ``fsm`` for a machine itself, with soft transitions.
        task: ``next``: which symbols may follow; ``accept``: whether the word is accepted.
        cells: The number of cells, or of a soft machine's slots. None: 8, or those of the net that
            it begins from; 32 slots.
        seed: Of everything random.
        steps: The most steps of one attempt.
        words: Words per step.
        noise: The standard deviation, at most, of what is added to the memory after each step: to
            ``c`` of an LSTM, to ``h`` of the others. It grows as long as the net stays right. A net
            that is trained with noise has succeeded when it is proved.
        restarts: Further attempts after the first one.
        start: ``random``; ``compiled``: from the compiled net at a soft gain; or a net of the same
            kind of cell to go on from.

    Raises:
        TrainingError: naming the setting and what it may be.
    """

    fsm: Machine
    cell: Literal["lstm", "gru", "rnn", "fsm"] = "lstm"
    task: Literal["next", "accept"] = "next"
    cells: int | None = None
    seed: int = 0
    steps: int = 4000
    words: int = 32
    noise: float = 0.0
    restarts: int = 3
    start: Literal["random", "compiled"] | Net = "random"

    def __post_init__(self) -> None:
        object.__setattr__(self, "fsm", as_machine(self.fsm))
        for name, choices in {"cell": TRAINED, "task": TASKS, "start": STARTS}.items():
            value = getattr(self, name)
            if isinstance(value, Net):
                self._check_start(value)
            elif value not in choices:
                raise TrainingError(f"{name} {value!r}; choose {' or '.join(map(repr, choices))}")
        least = {"cells": 1, "steps": 1, "words": 1, "restarts": 0, "seed": 0}
        for name, number in least.items():
            value = getattr(self, name)
            if value is None and name == "cells":
                continue
            if isinstance(value, bool) or not isinstance(value, Integral):
                raise TrainingError(f"{name} is {shown(value)}; give a whole number")
            if value < number:
                raise TrainingError(f"{name} is {value}; it must be at least {number}")
        if self.cells is not None and self.cells > MAX_CELLS:
            raise TrainingError(
                f"cells is {self.cells:,}; at most {MAX_CELLS:,} can be trained here"
            )
        if not isinstance(self.noise, Real):
            raise TrainingError(f"noise is {shown(self.noise)}; give a number")
        if not 0.0 <= self.noise < math.inf:
            raise TrainingError(f"noise is {self.noise}; it must be finite and not negative")
        if self.noise and self.cell == "fsm":
            raise TrainingError(
                "a machine has no memory that noise could disturb; leave noise at 0"
            )
        if isinstance(self.fsm, CounterMachine) and (self.noise or self.cell == "fsm"):
            what = (
                "cell 'fsm' learns finite machines"
                if self.cell == "fsm"
                else ("noise asks for a proof, which finite machines have")
            )
            raise TrainingError(f"{what}, but {self.fsm} has counters; leave it out")
        if self.start != "random" and self.cell == "fsm":
            raise TrainingError("a machine begins at random; leave start at 'random'")

    def _check_start(self, net: Net) -> None:
        cells = ", ".join(layer.cell.title for layer in net.layers)
        kinds = [layer.cell.name for layer in net.layers]
        if not net.is_plain or kinds[0] not in TRAINED:
            raise TrainingError(
                f"net {net.name!r} ({cells}) is not one layer of LSTM, GRU or RNN cells over "
                "one-hot symbols; begin from such a net"
            )
        if self.cell != "fsm" and kinds != [self.cell]:
            raise TrainingError(
                f"net {net.name!r} ({cells}) has other cells than the net to be trained, "
                f"{self.cell!r}; pass cell {kinds[0]!r}, or begin from another net"
            )
        if net.alphabet != self.fsm.alphabet:
            raise TrainingError(
                f"the alphabet of net {net.name!r} is {' '.join(net.alphabet)}, but that of "
                f"{self.fsm} is {' '.join(self.fsm.alphabet)}; begin from a net with the same one, "
                "in the same order"
            )

    @property
    def to_be_proved(self) -> bool:
        """Whether success means a certificate."""
        return self.noise > 0.0

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, the machine as its file, a net by its digest."""
        values = vars(self) | {"fsm": toml.write(self.fsm)}
        if isinstance(self.start, Net):
            values["start"] = hashlib.sha256(to_bytes(self.start)).hexdigest()
        return values


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        attempt: From 1.
        step: Within the attempt.
        phase: ``learn`` or ``prove``.
        loss: The loss on words, per symbol, a running mean.
        accuracy: The share of validation answers that were right at the last check.
    """

    attempt: int
    step: int
    phase: Literal["learn", "prove"]
    loss: float
    accuracy: float


Trained = Net | FSM


@dataclass(frozen=True)
class Training:
    """What came out of a training.

    Attributes:
        settings: What was asked.
        net: The net that succeeded, or the best one; for the cell ``fsm`` it is a machine.
        success: Whether it did what was asked for.
        certificate: The proof, where one was asked for and found.
        accuracy: The share of validation answers that it gets right.
        attempts: How many there were.
        steps: Steps of all attempts.
        interrupted: Whether it was cut short.
    """

    settings: Settings
    net: Trained
    success: bool
    certificate: Certificate | None
    accuracy: float
    attempts: int
    steps: int
    interrupted: bool

    @property
    def cells(self) -> int:
        """The size of the net, or the states of the machine."""
        return len(self.net.states) if isinstance(self.net, FSM) else self.net.size

    @property
    def words_presented(self) -> int:
        """How many words it was trained on, each presentation counted."""
        return self.steps * self.settings.words

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the net as a safetensors file, or the machine in the format that the suffix names.

        The file is whole or not there at all.

        Raises:
            FormatError: when the file cannot be written.
        """
        if isinstance(self.net, FSM):
            save_grammar(self.net, path)
        else:
            save(self.net, path)
