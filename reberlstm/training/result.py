"""What a training says while it goes on, and what comes out of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from reberlstm.certificates import Certificate
from reberlstm.grammars import save_grammar
from reberlstm.machine.fsm import FSM
from reberlstm.net.files.safetensors import save
from reberlstm.net.weights import LSTMWeights
from reberlstm.training.recurrent import RecurrentWeights
from reberlstm.training.settings import Settings


@dataclass(frozen=True)
class Progress:
    """How far it is.

    Attributes:
        attempt: From 1.
        step: Within the attempt.
        phase: ``learn`` or ``prove``.
        loss: The loss on words, per symbol, a running mean.
        accuracy: The share of validation answers that were right at the last look.
    """

    attempt: int
    step: int
    phase: Literal["learn", "prove"]
    loss: float
    accuracy: float


@dataclass(frozen=True)
class Training:
    """What came out.

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
    net: LSTMWeights | RecurrentWeights | FSM
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
        if isinstance(self.net, LSTMWeights):
            save(self.net, path)
        elif isinstance(self.net, FSM):
            save_grammar(self.net, path)
        else:
            self.net.save(path)
