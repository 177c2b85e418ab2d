"""From wirings to rows of gate weights, and what each state says as a linear function of ``h``.

With one-hot states and symbols the pre-activation of a gate is ``u[p] + v[a] + b``. Filters are
stated in units in which every such sum is at least ½ in size; a unit is ``2·K``, and weights on
``h`` are also divided by tanh 1, the height of an active cell, so every pre-activation has at least
size ``K``. The candidate's is ``K`` on its symbols and exactly 0 on all others, the forget gate is
closed, and a gate that no filter needs is open.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reberlstm.compiler.encoding import Code, Encoding, Special
from reberlstm.compiler.ferrers import Filter
from reberlstm.compiler.wiring import Wiring
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import ACTIVE
from reberlstm.net.readouts import Head

ILLEGAL_LOGIT = -30.0
"""The logit of a symbol that may not come next: a probability of 9e-14.

Larger ones would cost digits: in float32 a logit of 30 is known to 1e-6."""

MARGIN = ACTIVE / 2.0
"""``legal``, ``accept`` and ``label`` are this where true and minus this where false."""


@dataclass(frozen=True)
class Layout:
    """The gate arrays, and where each state's cells are.

    Attributes:
        cells: Names of the cells.
        cells_of: For each coded state the indices of its cells, one or more.
        started: The index of the cell `started`, if there is one.
        weight_ih: Shape (4·H, A).
        weight_hh: Shape (4·H, H).
        bias: Shape (4·H,).
    """

    cells: tuple[str, ...]
    cells_of: Mapping[int, list[int]]
    started: int | None
    weight_ih: Floats
    weight_hh: Floats
    bias: Floats


def lay_out(encoding: Encoding, wirings: Sequence[Wiring], gain: float) -> Layout:
    """Write every cell's four gate rows."""
    cells_of: dict[int, list[int]] = {}
    for cell, wiring in enumerate(wirings):
        cells_of.setdefault(wiring.state, []).append(cell)
    started = len(wirings) if encoding.has_started else None
    size = len(wirings) + encoding.has_started

    weight_ih = np.zeros((4, size, len(encoding.tables.alphabet)))
    weight_hh = np.zeros((4, size, size))
    bias = np.zeros((4, size))
    input_gate, forget_gate, candidate, output_gate = range(4)
    bias[[input_gate, output_gate]] = gain
    bias[forget_gate] = -gain
    if started is not None:
        bias[candidate, started] = gain
    unit = 2.0 * gain
    on_cell = unit / ACTIVE
    for cell, wiring in enumerate(wirings):
        weight_ih[candidate, cell, list(wiring.symbols)] = gain
        for gate, filter in zip((input_gate, output_gate), wiring.filters, strict=False):
            zero = _height(filter, Special.ZERO, encoding)
            for symbol, value in filter.symbols.items():
                weight_ih[gate, cell, symbol] = unit * value
            weight_hh[gate, cell] = on_cell * filter.others
            for code in cells_of.keys() & filter.states.keys():
                weight_hh[gate, cell, cells_of[code]] = on_cell * _height(filter, code, encoding)
            bias[gate, cell] = unit * filter.bias
            if started is not None:
                # Before the first symbol, and only then, no cell at all is active.
                weight_hh[gate, cell, started] = -on_cell * zero
                bias[gate, cell] = unit * (filter.bias + zero)
    return Layout(
        cells=_names(encoding, wirings),
        cells_of=cells_of,
        started=started,
        weight_ih=weight_ih.reshape(4 * size, -1),
        weight_hh=weight_hh.reshape(4 * size, -1),
        bias=bias.reshape(-1),
    )


def _height(filter: Filter, code: Code, encoding: Encoding) -> float:
    """What a filter adds for a code, in units; nothing for the reference."""
    return 0.0 if code == encoding.reference else filter.states.get(code, filter.others)


def _names(encoding: Encoding, wirings: Sequence[Wiring]) -> tuple[str, ...]:
    """Cells are named after states; a copy gets a number, and a clash gets primes."""
    states = encoding.tables.names
    taken = {name for name in states if name is not None}

    def fresh(name: str) -> str:
        while name in taken:
            name += "'"
        taken.add(name)
        return name

    names = []
    for wiring in wirings:
        state = states[wiring.state]
        assert state is not None, "the state after a violation has no cell"
        names.append(fresh(f"{state}/{wiring.copy}") if wiring.copy else state)
    return (*names, fresh("started")) if encoding.has_started else tuple(names)


def readouts(encoding: Encoding, layout: Layout, labels: tuple[str, ...]) -> dict[str, Head]:
    """The heads of a compiled net; see `reberlstm.net.net.LSTMWeights`."""
    tables = encoding.tables

    def legal(state: int) -> list[float]:
        return [_sign(legal) for legal in tables.legal[state]]

    def accept(state: int) -> list[float]:
        return [_sign(tables.accepting[state])]

    def label(state: int) -> list[float]:
        return [_sign(tables.outputs[state] == label) for label in labels]

    def logits(state: int) -> list[float]:
        if not tables.goes_on[state]:
            # Nothing is asked of them here; halfway, the way to other states is the shortest.
            return [ILLEGAL_LOGIT / 2.0] * len(tables.alphabet)
        return [_logit(chance) for chance in tables.probability[state]]

    heads = {"legal": legal, "accept": accept, "next": logits}
    if labels:
        heads["label"] = label
    return {name: _linear(encoding, layout, value) for name, value in heads.items()}


def _sign(truth: bool) -> float:
    return MARGIN if truth else -MARGIN


def _logit(probability: float) -> float:
    return max(math.log(probability), ILLEGAL_LOGIT) if probability > 0.0 else ILLEGAL_LOGIT


def _linear(encoding: Encoding, layout: Layout, value: Callable[[int], list[float]]) -> Head:
    """The linear map that gives each code the value of its state."""
    values = {code: np.array(value(state)) for code, state in encoding.codes()}
    reference = values[encoding.reference]
    weight: Floats = np.zeros((len(reference), len(layout.cells)))
    for state, cells in layout.cells_of.items():
        weight[:, cells] = ((values[state] - reference) / ACTIVE)[:, np.newaxis]
    if layout.started is not None:
        weight[:, layout.started] = (reference - values[Special.ZERO]) / ACTIVE
    return Head(weight, values[Special.ZERO])
