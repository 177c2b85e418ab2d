"""For each state: which symbols ring its cell, and which filters keep the others out.

The cell of state q must become active exactly when the pair (state, symbol) just seen leads to q.
Its candidate rings on the symbols of these pairs and is zero on all others; the filters decide
among the states. A state whose pairs are too tangled for two filters is split into copies, each of
which takes some of the symbols.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reberlstm.compiler.encoding import Code, Encoding
from reberlstm.compiler.ferrers import Filter, factorise


@dataclass(frozen=True)
class Wiring:
    """One cell: active after a step exactly when a symbol rang it and every filter was open.

    Attributes:
        state: The state that the cell stands for.
        symbols: Indices of the symbols on which the candidate rings.
        filters: At most two; the first is the input gate, the second the output gate.
        copy: 0 for a state with one cell, else the number of this copy, from 1.
    """

    state: int
    symbols: tuple[int, ...]
    filters: tuple[Filter, ...]
    copy: int = 0


Incoming = Mapping[Code, frozenset[int]]
"""For the codes from which something leads to a state, the symbols that do."""


def wire(encoding: Encoding) -> Iterator[Wiring]:
    """The cells of every state: one where its incoming pairs have Ferrers dimension at most 2."""
    incoming: dict[int, dict[Code, set[int]]] = {state: {} for state in encoding.coded}
    number_of_codes = 0
    for code, source in encoding.codes():
        number_of_codes += 1
        for symbol, target in enumerate(encoding.monitor.table[source]):
            if target in incoming:
                incoming[target].setdefault(code, set()).add(symbol)
    for state, pairs in incoming.items():
        frozen = {code: frozenset(symbols) for code, symbols in pairs.items()}
        yield from _wire_state(state, frozen, encoding.reference, number_of_codes)


def _wire_state(
    state: int, incoming: Incoming, reference: Code, number_of_codes: int
) -> Iterator[Wiring]:
    symbols = sorted(frozenset().union(*incoming.values()))
    filters = factorise(incoming, reference, number_of_codes)
    if filters is not None:
        yield Wiring(state, tuple(symbols), filters)
        return

    # Copies take as many symbols as two filters can decide; one symbol never needs more than one.
    parts: list[tuple[list[int], tuple[Filter, ...]]] = []
    for symbol in symbols:
        taken = [*parts[-1][0], symbol] if parts else [symbol]
        filters = factorise(_restrict(incoming, taken), reference, number_of_codes)
        if parts and filters is not None:
            parts[-1] = (taken, filters)
            continue
        filters = factorise(_restrict(incoming, [symbol]), reference, number_of_codes)
        assert filters is not None, "a relation over one symbol has dimension 1"
        parts.append(([symbol], filters))
    for copy, (taken, filters) in enumerate(parts, start=1):
        yield Wiring(state, tuple(taken), filters, copy)


def _restrict(incoming: Incoming, symbols: list[int]) -> Incoming:
    restricted = {code: pattern.intersection(symbols) for code, pattern in incoming.items()}
    return {code: pattern for code, pattern in restricted.items() if pattern}
