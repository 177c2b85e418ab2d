"""The cell of xrcyz's Toy LSTM (journal.social/posts/Toy-LSTM-in-p5js.html).

It is no standard LSTM: the gates read the memory c itself, and there is no output gate::

    i = σ(W_i x + U_i c + b_i)    f = σ(W_f x + U_f c + b_f)    g = tanh(W_g x + U_g c + b_g)
    c' = f·c + i·g
"""

from __future__ import annotations

from typing import Any

from reberlstm.net.cells.cell import Cell, Gates, Layer, State, blocks
from reberlstm.net.cells.lstm import LSTM, memory_derivative
from reberlstm.net.numbers import NUMBERS


class Toy(Cell):
    """See the module's text."""

    name = "toy"
    title = "Toy LSTM"
    gates = ("input", "forget", "candidate")
    parts = ("cell",)
    keeping = "forget"
    words = LSTM.words
    bound = float("inf")
    reader = "tanh > 0.5"

    def step(self, layer: Layer, a: Any, state: State, math: Any = NUMBERS) -> tuple[Gates, State]:
        """One step; see `Cell.step`."""
        (c,) = state
        i, f, g = blocks(a + math.linear(c, layer.weight_hh, layer.bias_hh), 3)
        i, f, g = math.sigmoid(i), math.sigmoid(f), math.tanh(g)
        c = f * c + i * g
        return dict(zip(self.gates, (i, f, g), strict=True)), (c,)

    def derivative(
        self, layer: Layer, gates: Gates, before: State, after: State, math: Any = NUMBERS
    ) -> Any:
        """``c·f(1−f)·U_f + g·i(1−i)·U_i + i(1−g²)·U_g + f``; see `Cell.derivative`."""
        c_by = memory_derivative(gates, before[0], layer.recurrent_blocks, math)
        return c_by + math.diagonal(gates["forget"])

    def derivative_by_input(
        self, layer: Layer, gates: Gates, before: State, after: State, math: Any = NUMBERS
    ) -> Any:
        """``c·f(1−f)·W_f + g·i(1−i)·W_i + i(1−g²)·W_g``; see `Cell.derivative_by_input`."""
        return memory_derivative(gates, before[0], layer.input_blocks, math)
