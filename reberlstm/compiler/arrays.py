"""Rows of weights as the arrays of a net."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reberlstm.compiler.rows import Row, Rows
from reberlstm.net.cells import Layer, cell_named
from reberlstm.net.cells.cell import Floats
from reberlstm.net.readouts import Head
from reberlstm.net.sparse import Sparse, from_rows

DENSE = 256
"""Up to so many cells the recurrent weights are a whole array; of more they are kept sparse."""


def arrays_of(rows: Rows, cell: str, symbols: int) -> dict[str, Any]:
    """The arguments of `Net.of` that are made of rows: layer, heads, names and height of cells."""
    gates = [row for gate in rows.gates.values() for row in gate]
    layer = Layer(
        cell_named(cell),
        weight_ih=_inputs(gates, symbols),
        weight_hh=(_dense if len(rows.cells) <= DENSE else _sparse)(gates, len(rows.cells)),
        bias_ih=_biases(gates),
        bias_hh=np.array([row.inner for row in gates]),
    )
    heads = {
        kind: Head(_dense(head, len(rows.cells)), _biases(head))
        for kind, head in rows.heads.items()
    }
    return {"cells": rows.cells, "layers": (layer,), "heads": heads, "height": rows.height}


def _sparse(rows: Sequence[Row], size: int) -> Sparse:
    """The weights on cells, (R, H)."""
    return from_rows([(row.others, row.cells) for row in rows], size)


def _dense(rows: Sequence[Row], size: int) -> Floats:
    """The same as a whole array."""
    weight = np.repeat(np.array([[row.others] for row in rows]), size, axis=1)
    for line, row in zip(weight, rows, strict=True):
        line[list(row.cells)] = list(row.cells.values())
    return weight


def _inputs(rows: Sequence[Row], symbols: int) -> Floats:
    """The weights on symbols, (R, A)."""
    weight = np.zeros((len(rows), symbols))
    for line, row in zip(weight, rows, strict=True):
        line[list(row.symbols)] = list(row.symbols.values())
    return weight


def _biases(rows: Sequence[Row]) -> Floats:
    """The biases, (R,)."""
    return np.array([row.bias for row in rows])
