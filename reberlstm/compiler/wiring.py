"""For each state: which symbols ring its cell, and which filters keep the others out.

The cell of state q must become active exactly when the pair (state, symbol) just seen leads to q.
Its candidate rings on the symbols of these pairs and is zero on all others; the filters decide
among the states. A state whose pairs are too tangled for two filters is split into copies, each of
which takes some of the symbols.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from reberlstm.compiler.encoding import Code, Encoding
from reberlstm.compiler.ferrers import Filter, Incoming, factorise, fits


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
