"""The LSTM, as `torch.nn.LSTM` has it.

S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, Neural Computation 9 (1997); forget gate:
F. A. Gers, J. Schmidhuber and F. Cummins, Learning to Forget, Neural Computation 12 (2000)::

    i = σ(W_i x + U_i h + b_i)        f = σ(W_f x + U_f h + b_f)
    g = tanh(W_g x + U_g h + b_g)     o = σ(W_o x + U_o h + b_o)
    c' = f·c + i·g                    h' = o·tanh(c')
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from reberlstm.net.cells.cell import Cell, Gates, Layer, State, blocks
from reberlstm.net.numbers import NUMBERS


class LSTM(Cell):
    """See the module's text."""

    name = "lstm"
    title = "LSTM"
    gates = ("input", "forget", "candidate", "output")
    parts = ("hidden", "cell")
    keeping = "forget"
    words: ClassVar[Mapping[str, str]] = {
        "forget": "eraser",
        "candidate": "writer",
        "input": "filter",
    }

    def step(self, layer: Layer, a: Any, state: State, math: Any = NUMBERS) -> tuple[Gates, State]:
        """One step; see `Cell.step`."""
        h, c = state
        i, f, g, o = blocks(a + math.linear(h, layer.weight_hh, layer.bias_hh), 4)
        i, f, g, o = math.sigmoid(i), math.sigmoid(f), math.tanh(g), math.sigmoid(o)
        c = f * c + i * g
        gates = dict(zip(self.gates, (i, f, g, o), strict=True))
        return gates, (self.exposed(gates, c, math), c)

    def exposed(self, gates: Gates, memory: Any, math: Any = NUMBERS) -> Any:
        """``h' = o·tanh(c')``."""
        return gates["output"] * math.tanh(memory)

    def derivative(
        self, layer: Layer, gates: Gates, before: State, after: State, math: Any = NUMBERS
    ) -> Any:
        """With t = tanh c'; see `Cell.derivative`.

        ::

            ∂c'/∂h = c·f(1−f)·U_f + g·i(1−i)·U_i + i(1−g²)·U_g         ∂c'/∂c = f
            ∂h'/∂h = t·o(1−o)·U_o + o(1−t²)·∂c'/∂h                     ∂h'/∂c = o(1−t²)·f
        """
        f, down = gates["forget"], self._down(gates, after, math)
        h_by_h, c_by_h = self._through(layer.recurrent_blocks, gates, before, after, math)
        return math.block(
            [[h_by_h, math.diagonal(down * f)], [c_by_h, math.diagonal(f)]],
        )

    def derivative_by_input(
        self, layer: Layer, gates: Gates, before: State, after: State, math: Any = NUMBERS
    ) -> Any:
        """The same with W for U, without the terms in c; see `Cell.derivative_by_input`."""
        h_by_x, c_by_x = self._through(layer.input_blocks, gates, before, after, math)
        return math.block([[h_by_x], [c_by_x]])

    def _through(
        self, weights: tuple[Any, ...], gates: Gates, before: State, after: State, math: Any
    ) -> tuple[Any, Any]:
        """The derivatives of h' and c' in what the gates read by these weights."""
        o, t = gates["output"], math.tanh(after[1])
        c_by = memory_derivative(gates, before[1], weights, math)
        down = self._down(gates, after, math)
        return math.rows(t * math.sigmoid_slope(o), weights[3]) + math.rows(down, c_by), c_by

    def _down(self, gates: Gates, after: State, math: Any) -> Any:
        """``∂h'/∂c' = o(1 − tanh² c')``."""
        return gates["output"] * math.tanh_slope(math.tanh(after[1]))


def memory_derivative(gates: Gates, c: Any, weights: tuple[Any, ...], math: Any) -> Any:
    """``c·f(1−f)·V_f + g·i(1−i)·V_i + i(1−g²)·V_g``: of c' in what the gates read by weights V."""
    i, f, g = (gates[name] for name in ("input", "forget", "candidate"))
    return (
        math.rows(c * math.sigmoid_slope(f), weights[1])
        + math.rows(g * math.sigmoid_slope(i), weights[0])
        + math.rows(i * math.tanh_slope(g), weights[2])
    )
