"""Steps of one recurrent layer for many words at once: the same formulas, fewer passes.

A one-hot input is a row of a table that holds the biases too, and the weights of gates are negated
beforehand, as ``σ(z) = 1 / (1 + exp(−z))``. (By way of a tanh it would cost as much, but gates that
are almost closed would lose digits, and memories that are equal would differ in their last bits.)
Tests compare this with the step that is written like the formula, and with PyTorch.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Kind = Literal["LSTM", "GRU", "RNN"]

GATES: dict[Kind, int] = {"LSTM": 4, "GRU": 3, "RNN": 1}
"""Blocks of rows of the weights, as `torch.nn.LSTM`, `GRU` and `RNN` order them."""


class FastLayer:
    """One layer, its weights turned and scaled for `step`.

    Args:
        kind: The cell.
        weight_ih: Shape (G·H, D), for one-hot inputs D = A.
        weight_hh: Shape (G·H, H).
        bias_ih: Shape (G·H,).
        bias_hh: Shape (G·H,).
        dtype: The type of numbers to run in.
        relu: Of a simple RNN, that it has no tanh.
    """

    def __init__(
        self,
        kind: Kind,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array,
        bias_hh: Array,
        *,
        dtype: np.dtype[Any],
        relu: bool = False,
    ) -> None:
        self._kind, self._relu = kind, relu
        self.size = int(weight_hh.shape[1])
        scale = np.ones((GATES[kind], self.size))
        if kind == "LSTM":
            scale[[0, 1, 3]] = -1.0  # i, f, o, but not g
        elif kind == "GRU":
            scale[:2] = -1.0  # r, z, but not n
        rows = scale.ravel()
        # A GRU's n reads b_hn only through the gate r.
        through = slice(2 * self.size, None) if kind == "GRU" else slice(0, 0)
        always = bias_ih + bias_hh
        always[through] = bias_ih[through]
        self._inputs = np.ascontiguousarray((rows[:, None] * weight_ih).T, dtype)  # (D, G·H)
        self._always = np.asarray(rows * always, dtype)
        self._table = self._inputs + self._always
        self._recurrent = np.ascontiguousarray((rows[:, None] * weight_hh).T, dtype)  # (H, G·H)
        self._through = np.asarray(bias_hh[through], dtype)

    def of_symbols(self, symbols: NDArray[np.integer]) -> Array:
        """What one-hot inputs, given as indices (B,), add to the pre-activations, (B, G·H)."""
        return np.asarray(self._table[symbols])

    def of_vectors(self, x: Array) -> Array:
        """The same for inputs (B, D)."""
        return np.asarray(x @ self._inputs + self._always)

    def step(self, z: Array, h: Array, c: Array | None = None) -> tuple[Array, Array | None]:
        """The state after one step.

        Args:
            z: What `of_symbols` or `of_vectors` gave; it is overwritten.
            h: Shape (B, H).
            c: Shape (B, H), for an LSTM.
        """
        size = self.size
        if self._kind == "GRU":
            return self._gru(z, h), None
        z += h @ self._recurrent
        if self._kind == "RNN":
            return (np.maximum(z, 0, out=z) if self._relu else np.tanh(z, out=z)), None
        assert c is not None, "an LSTM has a memory"
        i_and_f, g, o = z[:, : 2 * size], z[:, 2 * size : 3 * size], z[:, 3 * size :]
        _to_sigmoid(i_and_f)
        np.tanh(g, out=g)
        _to_sigmoid(o)
        after = i_and_f[:, size:] * c
        g *= i_and_f[:, :size]
        after += g
        o *= np.tanh(after)
        return o, after

    def _gru(self, z: Array, h: Array) -> Array:
        size = self.size
        recurrent = h @ self._recurrent
        gates, new = z[:, : 2 * size], z[:, 2 * size :]
        gates += recurrent[:, : 2 * size]
        _to_sigmoid(gates)
        again = recurrent[:, 2 * size :]
        again += self._through
        again *= gates[:, :size]
        new += again
        np.tanh(new, out=new)
        keep = gates[:, size:]
        return np.asarray((1 - keep) * new + keep * h)


def _to_sigmoid(negated: Array) -> None:
    """``σ(z)`` from ``−z``, in place."""
    with np.errstate(over="ignore"):  # an infinite exponential is a gate that is 0
        np.exp(negated, out=negated)
    negated += 1
    np.reciprocal(negated, out=negated)
