"""A hand-wired net for sequences of numbers: weights, readout, what it computes, how exactly.

Sizes: ``B`` sequences of ``T`` steps, with ``A`` inputs and ``R`` outputs; ``H`` cells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reberlstm.errors import WeightsError
from reberlstm.net.weights import Floats, Head, LSTMWeights
from reberlstm.simulator import initial, step

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WiredNet:
    """One LSTM layer over real numbers with a linear readout, and what is known about it.

    Attributes:
        weights: The layer; its alphabet are the names of the inputs, its cells have meanings.
        readout: ``weight @ h + bias``, shapes (R, H) and (R,).
        outputs: The ``R`` names of the outputs.
        ideal: What the net is meant to compute: inputs (B, T, A) to outputs (B, T, R).
        error: A bound of the distance from it in exact arithmetic, for given inputs, over all
            sequences, steps and outputs; infinite where none was derived.
    """

    weights: LSTMWeights
    readout: Head
    outputs: tuple[str, ...]
    ideal: Callable[[Floats], Floats]
    error: Callable[[Floats], float]

    def __repr__(self) -> str:
        inputs, outputs = ", ".join(self.inputs), ", ".join(self.outputs)
        return f"<WiredNet {self.name!r}: {self.cells} cells, {inputs} → {outputs}>"

    @property
    def name(self) -> str:
        """The name of the net."""
        return self.weights.name

    @property
    def inputs(self) -> tuple[str, ...]:
        """The ``A`` names of the inputs."""
        return self.weights.alphabet

    @property
    def cells(self) -> int:
        """The number of cells, ``H``."""
        return self.weights.size

    def __call__(self, inputs: Floats) -> Floats:
        """The outputs after every step, shape (B, T, R), for inputs of shape (B, T, A).

        Raises:
            WeightsError: for inputs of another shape.
        """
        return self.hidden(inputs) @ self.readout.weight.T + self.readout.bias

    def hidden(self, inputs: Floats) -> Floats:
        """What the cells give out, ``h``, after every step: shape (B, T, H)."""
        x = self._checked(inputs)
        state = initial(self.weights, batch=len(x))
        hidden = np.zeros((*x.shape[:2], self.weights.size))
        for t in range(x.shape[1]):
            state = step(self.weights, x[:, t], state).state
            hidden[:, t] = state.h
        return hidden

    def bound(self, inputs: Floats) -> float:
        """No output for these inputs is farther than this from `ideal`, in exact arithmetic."""
        return self.error(self._checked(inputs))

    def module(self) -> nn.Module:
        """The same net in PyTorch: a stock `nn.LSTM` and an `nn.Linear` in float64.

        Called with a tensor (B, T, A) it returns one (B, T, R).
        """
        from reberlstm.lab.wired.module import to_module

        return to_module(self)

    def _checked(self, inputs: Floats) -> Floats:
        x = np.asarray(inputs, dtype=np.float64)
        if x.ndim != 3 or x.shape[2] != len(self.inputs) or not x.shape[0] or not x.shape[1]:
            raise WeightsError(
                f"net {self.name!r}: inputs have shape {x.shape}, expected sequences × steps × "
                f"{len(self.inputs)} ({', '.join(self.inputs)})"
            )
        return x
