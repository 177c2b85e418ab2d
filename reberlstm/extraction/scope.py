"""Which words a net speaks about, and who tells what may come next.

Beside the memory of a net every word has a *place*: whether it has begun, whether it is over, or
where it stands in a reference that it must not leave. Places are the states of a small machine;
what they say is never a matter of the net, and is part of what its memory is known by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reberlstm.machine.fsm import FSM

BEGINNING = 0
"""The place of the empty word."""


@dataclass(frozen=True)
class Scope:
    """Which words a net speaks about.

    Attributes:
        follows_legal: Words go on only with symbols that are offered (by the net, where its legal
            sets are observed); else every word over the alphabet is one of them.
        first: The symbols that a word may begin with where the net itself says nothing before the
            first symbol; None where it does.
        last: Symbols after which a word is over where the net itself says nothing after it; empty
            where it does.
        within: A machine whose words alone are meant, as far as it lets them go on, and one symbol
            beyond; None where all are.
    """

    follows_legal: bool
    first: frozenset[int] | None = None
    last: frozenset[int] = frozenset()
    within: FSM | None = None


@dataclass(frozen=True)
class Places:
    """The machine of places, over P places and A symbols.

    Attributes:
        table: The next place, shape (P, A).
        legal: Where `told`, the symbols with which words go on, shape (P, A).
        told: Where it is the place and not the net that says so, shape (P,).
        over: Where words end, so that nothing may be said of what follows, shape (P,).
        outside: Where words have left the machine that they must not leave: nothing at all may be
            said of them, shape (P,).
    """

    table: NDArray[np.intp]
    legal: NDArray[np.bool_]
    told: NDArray[np.bool_]
    over: NDArray[np.bool_]
    outside: NDArray[np.bool_]


def scope_of_grammar(alphabet: tuple[str, ...], grammar: FSM) -> Scope:
    """Words begin and end as in the grammar: an end symbol leads only to where nothing follows."""
    index = {symbol: number for number, symbol in enumerate(alphabet)}
    ends = {state for state in grammar.states if not grammar.transitions[state]}
    last = {
        symbol
        for symbol in grammar.alphabet
        if {line[symbol] for line in grammar.transitions.values() if symbol in line} <= ends
        and any(symbol in line for line in grammar.transitions.values())
    }
    return Scope(
        follows_legal=True,
        first=frozenset(index[symbol] for symbol in grammar.legal(grammar.start)),
        last=frozenset(index[symbol] for symbol in last),
    )


def places_of(scope: Scope, alphabet: tuple[str, ...], *, tells_legal: bool) -> Places:
    """The places of a scope.

    Args:
        scope: The scope.
        alphabet: The net's symbols.
        tells_legal: Whether the net's legal sets are observed.
    """
    if scope.within is not None:
        return _inside(scope.within, scope.first, alphabet, tells_legal)
    size = len(alphabet)
    begins, going, over = BEGINNING, 1, 2
    table = np.full((3, size), going, dtype=np.intp)
    table[:, sorted(scope.last)] = over
    legal = np.zeros((3, size), dtype=bool)
    legal[begins, sorted(scope.first or ())] = True
    told = np.array([scope.first is not None, False, True])
    if not told[begins]:  # then the empty word stands where others do
        table[table == going] = begins
    return Places(table, legal, told, np.array([False, False, True]), np.zeros(3, dtype=bool))


def _inside(
    fsm: FSM, first: frozenset[int] | None, alphabet: tuple[str, ...], tells_legal: bool
) -> Places:
    """The states of a machine as places; a copy of its start where the net says nothing yet."""
    tables = fsm.tables("absorb")
    order = tables.columns(alphabet)
    table, legal = tables.target[:, order], tables.legal[:, order]
    outside = np.array([name is None for name in tables.names])
    over = ~legal.any(axis=1) & ~outside
    told = over | outside | (not tells_legal)
    if first is not None:
        table = np.vstack([table[:1], table]) + 1
        legal, over, outside, told = (
            np.concatenate([part[:1], part]) for part in (legal, over, outside, told)
        )
        told[BEGINNING] = True
    return Places(table, legal, told, over, outside)
