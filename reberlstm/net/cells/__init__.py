"""The kinds of cell, one file each; a new kind is a new file and a line here."""

from __future__ import annotations

from reberlstm.errors import WeightsError
from reberlstm.net.cells.cell import Cell, Gates, Layer, State, blocks
from reberlstm.net.cells.gru import GRU, GRUBefore
from reberlstm.net.cells.lstm import LSTM
from reberlstm.net.cells.rnn import RNN, ReluRNN
from reberlstm.net.cells.toy import Toy

__all__ = ["CELLS", "Cell", "Gates", "Layer", "State", "blocks", "cell_named"]

CELLS: dict[str, Cell] = {
    cell.name: cell for cell in (LSTM(), GRU(), GRUBefore(), RNN(), ReluRNN(), Toy())
}
"""Every kind by its name."""


def cell_named(name: str) -> Cell:
    """The kind of that name.

    Raises:
        WeightsError: listing the kinds, where there is none.
    """
    if name not in CELLS:
        raise WeightsError(f"cell kind {name!r}; choose one of {', '.join(CELLS)}")
    return CELLS[name]
