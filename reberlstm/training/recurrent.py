"""Trained GRUs and simple RNNs as values and files: what `torch.nn.GRU` and `nn.RNN` would hold.

Only LSTMs are `reberlstm.net.weights.LSTMWeights`, which the simulator steps and certificates
judge. The others are kept as the tensors of a `torch.nn.Module` with ``self.gru = nn.GRU(A, H)`` or
``self.rnn = nn.RNN(A, H)`` and a linear layer per head, in files that any such module loads.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from reberlstm._version import __version__
from reberlstm.files import write_atomically
from reberlstm.formats import toml
from reberlstm.machine.fsm import FSM
from reberlstm.net.files.safetensors import in_order
from reberlstm.net.files.state_dict import StateDict
from reberlstm.net.recurrent import RecurrentStack
from reberlstm.net.weights import Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class RecurrentWeights:
    """A layer over one-hot symbols that starts from zero, and its heads.

    Attributes:
        cell: ``gru`` or ``rnn``, the latter with tanh.
        alphabet: The symbols, in the order of the columns of the input weights.
        tensors: PyTorch's keys and shapes: ``gru.weight_ih_l0`` (3H, A) or ``rnn.weight_ih_l0``
            (H, A) and so on; ``legal.weight`` and ``next.weight`` (A, H), or ``accept.weight``
            (1, H).
        grammar: The machine that it is meant to follow.
        name: What to call it.
    """

    cell: Literal["gru", "rnn"]
    alphabet: tuple[str, ...]
    tensors: Mapping[str, Floats]
    grammar: FSM
    name: str = ""

    @property
    def size(self) -> int:
        """The number of cells."""
        return int(self.tensors[f"{self.cell}.weight_hh_l0"].shape[1])

    def runnable(self) -> RecurrentStack:
        """The same net, ready to run and to extract from."""
        kind: Literal["accept", "legal"] = "accept" if "accept.weight" in self.tensors else "legal"
        state = StateDict(self.name, self.tensors, {})
        net = RecurrentStack(
            state, alphabet=self.alphabet, kind=kind, head=kind, activation="sigmoid"
        )
        net.claims = "all" if kind == "accept" else "legal"
        return net

    def to_bytes(self) -> bytes:
        """The file as bytes."""
        from safetensors.numpy import save

        metadata = {
            "cell": self.cell,
            "alphabet": json.dumps(self.alphabet, ensure_ascii=False),
            "claims": "all" if "accept.weight" in self.tensors else "legal",
            "grammar": toml.write(self.grammar),
            "name": self.name,
            "version": __version__,
        }
        tensors = {key: np.ascontiguousarray(array) for key, array in self.tensors.items()}
        return in_order(bytes(save(tensors, metadata=metadata)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file, whole or not at all.

        Raises:
            FormatError: when the file cannot be written.
        """
        write_atomically(Path(path), self.to_bytes())
