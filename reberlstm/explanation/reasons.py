"""Each weight of a row with its reason: what would be different without it.

The reason is found by leaving the weight out and asking which (node, symbol) pairs the gate would
then treat otherwise; so it is true of any weights, whoever made them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reberlstm.explanation.covers import Table
from reberlstm.explanation.gates import RINGING, SILENT, GateTable, span
from reberlstm.explanation.model import WeightReason
from reberlstm.explanation.wording import MAX_NAMES, amount, shown, units
from reberlstm.net.cells.cell import Floats
from reberlstm.net.numbers import sigmoid

LETS = {"input": "lets in", "forget": "keeps", "output": "shows", "candidate": "rings"}
STOPS = {"input": "keeps out", "forget": "erases", "output": "holds back", "candidate": "silences"}

ROUNDING = 1e-9
"""Sums this small beside a row's weights are zero: a gate that is neither open nor shut."""


def reasons(table: GateTable, cell: int) -> tuple[WeightReason, ...]:
    """The weights of one row that are not zero, the bias first, each with its reason.

    Equal weights on many cells are one entry; its reason is what would be different without all of
    them.
    """
    net = table.vertices.net
    (layer,) = net.layers
    row = layer.rows(table.gate).start + cell
    unit = None if net.gain is None else 2.0 * net.gain

    def entry(
        kind: str, names: tuple[str, ...], value: float, height: float, part: Floats
    ) -> WeightReason:
        in_units = height * value / unit if unit else None
        return WeightReason(kind, names, value, in_units, _reason(table, part))

    def found() -> Iterator[WeightReason]:
        bias = float(layer.bias[row])
        if bias:
            alone = not layer.weight_ih[row].any() and not layer.weight_hh[row].any()
            in_units = bias / unit if unit else None
            reason = _bias_reason(table.gate, bias, in_units, alone=alone)
            yield WeightReason("bias", (), bias, in_units, reason)
        for a in np.flatnonzero(layer.weight_ih[row]).tolist():
            value = float(layer.weight_ih[row, a])
            part = np.zeros_like(table.sums)
            part[:, a] = value
            yield entry("symbol", (net.alphabet[a],), value, 1.0, part)
        for cells in _equal(layer.weight_hh[row]):
            value = float(layer.weight_hh[row, cells[0]])
            active = np.sum([table.vertices.active(k) for k in cells], axis=0)
            part = np.zeros_like(table.sums) + (net.height * value * active)[:, np.newaxis]
            yield entry("cell", tuple(net.cells[k] for k in cells), value, net.height, part)

    return tuple(found())


def _equal(weights: Floats) -> list[list[int]]:
    """The cells with weights: one by one, but many with the same weight together."""
    groups: dict[float, list[int]] = {}
    for k in np.flatnonzero(weights).tolist():
        groups.setdefault(float(weights[k]), []).append(k)
    return [
        part
        for group in groups.values()
        for part in ([group] if len(group) > MAX_NAMES else [[k] for k in group])
    ]


def _reason(table: GateTable, part: Floats) -> str:
    touched = (part != 0.0) & table.matters
    if not touched.any():
        return "changes nothing: nothing rings then"
    if table.gate == "candidate":
        with_it, without = table.values, np.tanh(table.sums - part)
        if (np.abs(without[touched]) <= SILENT).all() and (with_it[touched] > SILENT).all():
            if (with_it[touched] >= RINGING).all():
                return "rings the bell"
            return f"leaves a breadcrumb of {span(with_it[touched])}"
        if (np.abs(without[touched]) <= SILENT).all() and (with_it[touched] < -SILENT).all():
            what = span(np.abs(with_it[touched]))
            return f"takes away {what}" if table.keeps else f"writes −{what}"
        before, after = without > 0.5, with_it > 0.5
    else:
        tolerance = ROUNDING * float(np.abs(table.sums).max() + np.abs(part).max())
        before, after = table.sums - part > tolerance, table.sums > tolerance
    phrases = [
        f"{verb[table.gate]} {_pairs(table, verb[table.gate], pairs & table.matters)}"
        for verb, pairs in ((LETS, after & ~before), (STOPS, before & ~after))
        if (pairs & table.matters).any()
    ]
    if phrases:
        return "; ".join(phrases) + _threshold(table)
    surer = (part > 0.0)[touched] == after[touched]
    if surer.all():
        return "makes it surer, and changes nothing"
    return "makes it less sure, and changes nothing" if not surer.any() else "changes nothing"


def _pairs(table: GateTable, verb: str, mask: Table) -> str:
    preposition = "from" if table.gate == "input" else "at"
    prefix = "on" if table.gate == "forget" or verb == "rings" else ""
    return table.wording.say(table.cover(mask), preposition, prefix)


def _threshold(table: GateTable) -> str:
    if table.threshold is None:
        return ""
    cell, value = table.threshold
    return f", when memory {shown(cell)} is over {amount(value)}"


def _bias_reason(gate: str, bias: float, in_units: float | None, *, alone: bool) -> str:
    value = float((np.tanh if gate == "candidate" else sigmoid)(np.array(bias)))
    if gate == "candidate":
        verb = "rings" if value >= RINGING else f"writes {amount(value)}"
        return f"always {verb}" if alone else f"{verb} at rest"
    state = "open" if value > 0.5 else "shut"
    if alone:
        return f"always {state}"
    if in_units is None:
        return f"{state} at rest ({amount(value)})"
    other = "shuts" if state == "open" else "opens"
    needed = units(abs(in_units))[1:]
    return f"{state} at rest; over {needed} {other} it"
