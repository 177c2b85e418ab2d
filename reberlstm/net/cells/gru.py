"""The GRU, in the two conventions that are in use.

K. Cho and others, Learning Phrase Representations using RNN Encoder-Decoder (2014), have the reset
gate multiply h *before* the matrix (Keras: ``reset_after=False``); `torch.nn.GRU`, cuDNN and Keras
by default have it multiply *after* the matrix::

    r = σ(W_r x + b_r + U_r h + b'_r)        z = σ(W_z x + b_z + U_z h + b'_z)
    n = tanh(W_n x + b_n + r·(U_n h + b'_n))       (after, `GRU`)
    n = tanh(W_n x + b_n + U_n (r·h) + b'_n)       (before, `GRUBefore`)
    h' = (1 − z)·n + z·h

The new h is a mean of n and h with the weights 1 − z and z, so its enclosure is taken at the ends
of z (`mix` of the intervals' functions), not as a sum of two products.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from reberlstm.net.cells.cell import Cell, Gates, Layer, State, blocks
from reberlstm.net.numbers import NUMBERS


class _AnyGRU(Cell):
    gates = ("reset", "update", "candidate")
    keeping = "update"

    def step(self, layer: Layer, a: Any, state: State, math: Any = NUMBERS) -> tuple[Gates, State]:
        """One step; see `Cell.step`."""
        (h,) = state
        a_r, a_z, a_n = blocks(a, 3)
        u_r, u_z, u_n = layer.recurrent_blocks
        b_r, b_z, b_n = layer.bias_blocks
        r = math.sigmoid(a_r + math.linear(h, u_r, b_r))
        z = math.sigmoid(a_z + math.linear(h, u_z, b_z))
        n = math.tanh(a_n + self._again(r, h, u_n, b_n, math))
        return dict(zip(self.gates, (r, z, n), strict=True)), (math.mix(z, n, h),)

    def derivative(
        self, layer: Layer, gates: Gates, before: State, after: State, math: Any = NUMBERS
    ) -> Any:
        """``(1−z)·∂n/∂h + (h−n)·z(1−z)·U_z + z``; see `Cell.derivative`."""
        u_r, u_z, u_n = layer.recurrent_blocks
        weights = (u_r, u_z, self._after_reset(gates["reset"], u_n, math))
        through = self._through(layer, weights, gates, before, math)
        return through + math.diagonal(gates["update"])

    def derivative_by_input(
        self, layer: Layer, gates: Gates, before: State, after: State, math: Any = NUMBERS
    ) -> Any:
        """``(1−z)·∂n/∂x + (h−n)·z(1−z)·W_z``; see `Cell.derivative_by_input`."""
        return self._through(layer, layer.input_blocks, gates, before, math)

    def _through(
        self, layer: Layer, weights: tuple[Any, ...], gates: Gates, before: State, math: Any
    ) -> Any:
        """The derivative of h' in what gates and candidate read by these weights."""
        (h,), (r, z, n) = before, gates.values()
        v_r, v_z, v_n = weights
        n_by = math.rows(math.tanh_slope(n), self._by_reset(layer, r, h, v_r, math) + v_n)
        return math.rows(1.0 - z, n_by) + math.rows((h - n) * math.sigmoid_slope(z), v_z)

    @abstractmethod
    def _again(self, r: Any, h: Any, u_n: Any, b_n: Any, math: Any) -> Any:
        """What h adds to the candidate's pre-activation."""

    @abstractmethod
    def _after_reset(self, r: Any, u_n: Any, math: Any) -> Any:
        """Its derivative in h where r is constant."""

    @abstractmethod
    def _by_reset(self, layer: Layer, r: Any, h: Any, v_r: Any, math: Any) -> Any:
        """Its derivative in what the reset gate reads by weights."""


class GRU(_AnyGRU):
    """The reset gate multiplies after the matrix, as in `torch.nn.GRU`."""

    name = "gru"
    title = "GRU"
    resetting = "reset"

    def _again(self, r: Any, h: Any, u_n: Any, b_n: Any, math: Any) -> Any:
        return r * math.linear(h, u_n, b_n)

    def _after_reset(self, r: Any, u_n: Any, math: Any) -> Any:
        return math.rows(r, u_n)

    def _by_reset(self, layer: Layer, r: Any, h: Any, v_r: Any, math: Any) -> Any:
        inner = math.linear(h, layer.recurrent_blocks[2], layer.bias_blocks[2])
        return math.rows(math.sigmoid_slope(r) * inner, v_r)


class GRUBefore(_AnyGRU):
    """The reset gate multiplies before the matrix, as in Cho's paper and old Keras."""

    name = "gru-before"
    title = "GRU (reset before)"

    def _again(self, r: Any, h: Any, u_n: Any, b_n: Any, math: Any) -> Any:
        return math.linear(r * h, u_n, b_n)

    def _after_reset(self, r: Any, u_n: Any, math: Any) -> Any:
        return math.matmul(u_n, math.diagonal(r))

    def _by_reset(self, layer: Layer, r: Any, h: Any, v_r: Any, math: Any) -> Any:
        inner = math.rows(h * math.sigmoid_slope(r), v_r)
        return math.matmul(layer.recurrent_blocks[2], inner)
