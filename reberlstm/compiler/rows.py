"""What a compiled net is before it is arrays: rows of weights, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Row(NamedTuple):
    """One row of a gate or a head: the sum of the weights of what is 1 or active, and a bias.

    Attributes:
        bias: What is there always.
        symbols: Weights on symbols, by number; 0 on those that are not named.
        cells: Weights on cells, by number; `others` on those that are not named.
        others: See `cells`.
        inner: What is added to the sum over cells before the reset gate of a GRU multiplies it.
    """

    bias: float = 0.0
    symbols: Mapping[int, float] = {}
    cells: Mapping[int, float] = {}
    others: float = 0.0
    inner: float = 0.0

    @property
    def opposite(self) -> Row:
        """The row whose sum is minus this one's: a gate that is open where this one is shut."""
        symbols = {a: -value for a, value in self.symbols.items()}
        cells = {cell: -value for cell, value in self.cells.items()}
        return Row(-self.bias, symbols, cells, -self.others, -self.inner)


class Rows(NamedTuple):
    """A compiled net.

    Attributes:
        cells: The cells' names.
        cells_of: The numbers of each state's cells.
        started: The number of the cell that is active once a word has begun, if there is one.
        gates: A row for each cell, by the name of the gate, in the order of the cell's arrays.
        heads: The rows of each head by its kind.
        height: The size of h of an active cell.
        memory: What becomes of memory from step to step: ``rewrite``, ``latch`` or ``keep``.
    """

    cells: tuple[str, ...]
    cells_of: Mapping[int, list[int]]
    started: int | None
    gates: Mapping[str, list[Row]]
    heads: Mapping[str, list[Row]]
    height: float
    memory: str = "rewrite"
