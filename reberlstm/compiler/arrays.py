"""Rows of weights as the arrays of a net."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reberlstm.compiler.rows import Row, Rows
from reberlstm.net.cells.cell import Floats
from reberlstm.net.readouts import Head


def arrays_of(rows: Rows, symbols: int) -> dict[str, Any]:
    """The arguments of `LSTMWeights` that are made of rows: arrays, heads and names of cells."""
    gates = [row for gate in rows.gates.values() for row in gate]
    bias = _biases(gates)
    return {
        "cells": rows.cells,
        "weight_ih": _inputs(gates, symbols),
        "weight_hh": _recurrent(gates, len(rows.cells)),
        "bias_ih": bias,
        "bias_hh": np.zeros_like(bias),
        "heads": {
            kind: Head(_recurrent(head, len(rows.cells)), _biases(head))
            for kind, head in rows.heads.items()
        },
    }


def _recurrent(rows: Sequence[Row], size: int) -> Floats:
    """The weights on cells, (R, H)."""
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
