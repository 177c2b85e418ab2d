"""The simple recurrent net (J. L. Elman, Finding Structure in Time, 1990), as `torch.nn.RNN`.

``h' = tanh(W x + b + U h + b')``, or with relu in place of tanh.
"""

from __future__ import annotations

from typing import Any

from reberlstm.net.cells.cell import Cell, Gates, Layer, State
from reberlstm.net.numbers import NUMBERS


class RNN(Cell):
    """With tanh."""

    name = "rnn"
    title = "RNN"
    gates = ("candidate",)

    def step(self, layer: Layer, a: Any, state: State, math: Any = NUMBERS) -> tuple[Gates, State]:
        """One step; see `Cell.step`."""
        h = math.tanh(a + math.linear(state[0], layer.weight_hh, layer.bias_hh))
        return {"candidate": h}, (h,)

    def derivative(
        self, layer: Layer, gates: Gates, before: State, after: State, math: Any = NUMBERS
    ) -> Any:
        """``(1 − h'²)·U``; see `Cell.derivative`."""
        return math.rows(math.tanh_slope(after[0]), layer.weight_hh)

    def derivative_by_input(
        self, layer: Layer, gates: Gates, before: State, after: State, math: Any = NUMBERS
    ) -> Any:
        """``(1 − h'²)·W``; see `Cell.derivative_by_input`."""
        return math.rows(math.tanh_slope(after[0]), layer.weight_ih)


class ReluRNN(Cell):
    """With relu, so that nothing bounds h."""

    name = "rnn-relu"
    title = "RNN (relu)"
    gates = ("candidate",)
    bound = float("inf")

    def step(self, layer: Layer, a: Any, state: State, math: Any = NUMBERS) -> tuple[Gates, State]:
        """One step; see `Cell.step`."""
        h = math.relu(a + math.linear(state[0], layer.weight_hh, layer.bias_hh))
        return {"candidate": h}, (h,)

    def derivative(
        self, layer: Layer, gates: Gates, before: State, after: State, math: Any = NUMBERS
    ) -> Any:
        """``[h' > 0]·U``; see `Cell.derivative`."""
        return math.rows(math.relu_slope(after[0]), layer.weight_hh)

    def derivative_by_input(
        self, layer: Layer, gates: Gates, before: State, after: State, math: Any = NUMBERS
    ) -> Any:
        """``[h' > 0]·W``; see `Cell.derivative_by_input`."""
        return math.rows(math.relu_slope(after[0]), layer.weight_ih)
