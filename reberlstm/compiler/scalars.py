"""Rows of weights as a net in Python's own numbers, see `reberlstm.net.scalars`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reberlstm.compiler.rows import Row, Rows
from reberlstm.net.cells import cell_named
from reberlstm.net.rules import KINDS, usual_rule
from reberlstm.net.scalars import Matrix, ScalarHead, ScalarLayer, Vector


def scalars_of(rows: Rows, cell: str, symbols: int) -> dict[str, Any]:
    """The arguments of `ScalarNet` that are made of rows: layer, heads and names of cells."""
    kind = cell_named(cell)
    gates = [row for gate in rows.gates.values() for row in gate]
    inputs = [Vector(row.symbols.get(a, 0.0) + row.bias for row in gates) for a in range(symbols)]
    heads = {
        name: ScalarHead(
            name,
            usual_rule(name, len(rows.heads[name]), kind.reader),
            _matrix(rows.heads[name]),
            [row.bias for row in rows.heads[name]],
        )
        for name in KINDS
        if name in rows.heads
    }
    layer = ScalarLayer(kind, inputs, _matrix(gates), [row.inner for row in gates], len(rows.cells))
    return {"cells": rows.cells, "layer": layer, "heads": heads}


def _matrix(rows: Sequence[Row]) -> Matrix:
    weights = [{cell: w - row.others for cell, w in row.cells.items()} for row in rows]
    return Matrix(weights, [row.others for row in rows])
