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

    @property
    def zero_bias(self) -> Floats:
        """The second bias that PyTorch has; ours is all in the first."""
        return np.zeros_like(self.bias)


def lay_out(encoding: Encoding, wirings: Sequence[Wiring], gain: float) -> Layout:
    """Write every cell's four gate rows."""
    cells_of: dict[int, list[int]] = {}
    for cell, wiring in enumerate(wirings):
        cells_of.setdefault(wiring.state, []).append(cell)
    size = len(wirings) + encoding.has_started
    started = len(wirings) if encoding.has_started else None

    weight_ih = np.zeros((4, size, len(encoding.tables.alphabet)))
    weight_hh = np.zeros((4, size, size))
    bias = np.zeros((4, size))
    input_gate, forget_gate, candidate, output_gate = range(4)
    bias[[input_gate, output_gate]] = gain
    bias[forget_gate] = -gain
    for cell, wiring in enumerate(wirings):
        weight_ih[candidate, cell, list(wiring.symbols)] = gain
        for gate, filter in zip((input_gate, output_gate), wiring.filters, strict=False):
            weight_ih[gate, cell], weight_hh[gate, cell], bias[gate, cell] = _gate_row(
                encoding, filter, cells_of, started, gain, weight_ih.shape[2], size
            )
    if started is not None:
        bias[candidate, started] = gain

    for array in (weight_ih, weight_hh, bias):
        array.flags.writeable = False
    return Layout(
        cells=_names(encoding, wirings),
        cells_of=cells_of,
        started=started,
        weight_ih=weight_ih.reshape(4 * size, -1),
        weight_hh=weight_hh.reshape(4 * size, -1),
        bias=bias.reshape(-1),
    )


def _gate_row(
    encoding: Encoding,
    filter: Filter,
    cells_of: Mapping[int, list[int]],
    started: int | None,
    gain: float,
    symbols: int,
    size: int,
) -> tuple[Floats, Floats, float]:
    """The input weights, recurrent weights and bias of one gate."""
    unit = 2.0 * gain

    def height(code: Code) -> float:
        return 0.0 if code == encoding.reference else filter.states.get(code, filter.others)

    from_symbols = np.zeros(symbols)
    for symbol, value in filter.symbols.items():
        from_symbols[symbol] = unit * value
    from_cells = np.full(size, unit / ACTIVE * filter.others)
    for code in filter.states:
        if isinstance(code, int) and code in cells_of:
            from_cells[cells_of[code]] = unit / ACTIVE * height(code)
    bias = filter.bias
    if started is not None:
        bias += height(Special.ZERO)
        from_cells[started] = -unit / ACTIVE * height(Special.ZERO)
    return from_symbols, from_cells, unit * bias


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
