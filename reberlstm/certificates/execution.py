"""The net run on points, as one of the machines allowed by a model of arithmetic would.

For ``real`` and ``float64`` this is plain float64; for the others every sum, gate and product is
rounded to the format. The step is written here again, since a proof should not lean on the
simulator that it is a proof about.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import Arithmetic, as_executed
from reberlstm.net.weights import Floats, LSTMWeights


class Execution:
    """A net on a machine; states are pairs ``h, c`` of shape (B, H)."""

    def __init__(self, weights: LSTMWeights, arithmetic: Arithmetic, inputs: float = 1.0) -> None:
        self.weights = as_executed(weights, arithmetic)
        self._round = arithmetic.round
        self._columns = inputs * self.weights.weight_ih.T + self.weights.bias  # (A, G·H)
        self._recurrent = np.ascontiguousarray(self.weights.weight_hh.T)

    def start(self) -> tuple[Floats, Floats]:
        """The zero state, a batch of one."""
        zero = np.zeros((1, self.weights.size))
        return zero, zero

    def step(
        self, h: Floats, c: Floats, rows: NDArray[np.intp], symbols: NDArray[np.intp]
    ) -> tuple[Floats, Floats]:
        """The states after symbol ``symbols[e]`` in the state of row ``rows[e]``."""
        rounded, weights = self._round, self.weights
        z = rounded((h @ self._recurrent)[rows] + self._columns[symbols])
        gate = {name: z[:, weights.rows(name)] for name in weights.gates}
        kept = rounded(rounded(_sigmoid(gate["forget"])) * c[rows])
        written = rounded(rounded(_sigmoid(gate["input"])) * rounded(np.tanh(gate["candidate"])))
        memory = rounded(kept + written)
        if weights.cell == "published":
            return memory, memory
        opened = rounded(_sigmoid(gate["output"]))
        return rounded(opened * rounded(np.tanh(memory))), memory

    def read(self, head: str, h: Floats) -> Floats:
        """The values of a head, (B, R)."""
        layer = self.weights.heads[head]
        z = self._round(h @ layer.weight.T + layer.bias)
        return self._round(np.tanh(z)) if self.weights.cell == "published" else z


def _sigmoid(z: Floats) -> Floats:
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)
