"""From an encoding to rows of gate weights and readouts.

The cell of state q must become active exactly when the pair (state, symbol) just seen leads to q.
Its candidate rings on the symbols of these pairs and is zero on all others; the filters decide
among the states. A state whose pairs are too tangled for two filters is split into copies, each of
which takes some of the symbols.

With one-hot states and symbols the pre-activation of a gate is ``u[p] + v[a] + b``. Filters are
stated in units in which every such sum is at least ½ in size; a unit is ``2·K``, and weights on
``h`` are also divided by tanh 1, the height of an active cell, so every pre-activation has at least
size ``K``. The forget gate is closed, and a gate that no filter needs is open.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reberlstm.compiler.encoding import Code, Encoding, Special
from reberlstm.compiler.ferrers import Filter, Incoming, factorise, fits
from reberlstm.machine.algebra import Names
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import ACTIVE
from reberlstm.net.readouts import Head


@dataclass(frozen=True)
class Wiring:
    """One cell: active after a step exactly when a symbol rang it and every filter was open.

    Of at most two filters the first is the input gate, the second the output gate; `copy` is 0 for
    a state with one cell, else the number of this copy, from 1.
    """

    state: int
    symbols: tuple[int, ...]
    filters: tuple[Filter, ...]
    copy: int = 0


def wire(encoding: Encoding) -> Iterator[Wiring]:
    """The cells of every state: one where its incoming pairs have Ferrers dimension at most 2."""
    tables = encoding.tables
    legal = {
        code: frozenset(a for a, _ in tables.legal_steps(source))
        for code, source in encoding.codes()
    }
    legal_somewhere = Counter(symbol for symbols in legal.values() for symbol in symbols)
    pairs: dict[int, dict[Code, set[int]]] = {state: {} for state in encoding.coded}
    for code, source in encoding.codes():
        for symbol, target in enumerate(tables.table[source]):
            if target in pairs:
                pairs[target].setdefault(code, set()).add(symbol)
    for state, symbols_of in pairs.items():
        legal_here = Counter(symbol for code in symbols_of for symbol in legal[code])
        incoming = Incoming(
            pairs={code: frozenset(symbols) for code, symbols in symbols_of.items()},
            reference=encoding.reference,
            has_others=len(symbols_of) < len(legal),
            legal={code: legal[code] for code in symbols_of},
            legal_elsewhere=frozenset(legal_somewhere - legal_here),
        )
        yield from _wire_state(state, incoming)


def _wire_state(state: int, incoming: Incoming) -> Iterator[Wiring]:
    filters = factorise(incoming)
    if filters is not None:
        yield Wiring(state, tuple(incoming.symbols), filters)
        return

    # Copies take as many symbols as two filters can decide; one symbol never needs more than one.
    parts: list[list[int]] = []
    for symbol in incoming.symbols:
        if parts and fits(incoming.restrict([*parts[-1], symbol])):
            parts[-1].append(symbol)
        else:
            parts.append([symbol])
    for copy, taken in enumerate(parts, start=1):
        filters = factorise(incoming.restrict(taken))
        assert filters is not None, "what fits has filters, and a single symbol always fits"
        yield Wiring(state, tuple(taken), filters, copy)


@dataclass(frozen=True)
class Layout:
    """The gate arrays, the cells' names, and the indices of each state's cells and of `started`."""

    cells: tuple[str, ...]
    cells_of: Mapping[int, list[int]]
    started: int | None
    weight_ih: Floats  # (4·H, A)
    weight_hh: Floats  # (4·H, H)
    bias: Floats  # (4·H,)


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
    fresh = Names(name for name in states if name is not None).fresh
    names = []
    for wiring in wirings:
        state = states[wiring.state]
        assert state is not None, "the state after a violation has no cell"
        names.append(fresh(f"{state}/{wiring.copy}") if wiring.copy else state)
    return (*names, fresh("started")) if encoding.has_started else tuple(names)


ILLEGAL_LOGIT = -30.0
"""The logit of a symbol that may not come next: a probability of 9e-14.

Larger ones would cost digits: in float32 a logit of 30 is known to 1e-6."""

MARGIN = ACTIVE / 2.0
"""``legal``, ``accept`` and ``label`` are this where true and minus this where false."""


def readouts(encoding: Encoding, layout: Layout, labels: tuple[str, ...]) -> dict[str, Head]:
    """The heads of a compiled net; see `reberlstm.net.net.LSTMWeights`."""
    tables = encoding.tables

    def logits(state: int) -> list[float]:
        if not tables.goes_on[state]:
            # Nothing is asked of them here; halfway, the way to other states is the shortest.
            return [ILLEGAL_LOGIT / 2.0] * len(tables.alphabet)
        return [_logit(chance) for chance in tables.probability[state]]

    heads: dict[str, Callable[[int], list[float]]] = {
        "legal": lambda state: _signs(tables.legal[state]),
        "accept": lambda state: _signs([tables.accepting[state]]),
        "next": logits,
    }
    if labels:
        heads["label"] = lambda state: _signs(tables.outputs[state] == a for a in labels)
    return {name: _linear(encoding, layout, value) for name, value in heads.items()}


def _signs(truths: Iterable[bool]) -> list[float]:
    return [MARGIN if truth else -MARGIN for truth in truths]


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
