"""Loops that the forget gate holds, as the Toy LSTM does.

A state with a transition to itself is held: the forget gate of its cell is open on the symbols of
the loop while the cell is active, and shut otherwise. The candidate rings at each round as it does
elsewhere, so nothing has to last. The memory grows round by round, but never over 21.1, as the
open gate keeps 95.3 % at most, and h grows from tanh 1 towards 1. Filters are made for the middle
of that. A filter with a height over `MOST` for such a state could not tell its ends from other
states, so a state that needs one is written anew at each step, as elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reberlstm.compiler.encoding import Encoding
from reberlstm.compiler.layout import Wiring, tallest

MOST = 3.0
"""At ½ / 0.135 = 3.7 units what varies would be as much as the threshold is away."""


def held_loops(encoding: Encoding, wirings: Sequence[Wiring]) -> Mapping[int, list[int]]:
    """The states that can be held, each with the symbols of its loops."""
    loops = {
        state: [a for a, target in enumerate(encoding.machine.table[state]) if target == state]
        for state in encoding.coded
    }
    return {
        state: symbols
        for state, symbols in loops.items()
        if symbols and tallest(encoding, wirings, [state]) <= MOST
    }


def next_is_exact(encoding: Encoding, held: Mapping[int, list[int]]) -> bool:
    """Whether probabilities do not change with the height of held cells.

    A logit is what it is where no cell is active, and a part that grows with the height. Both have
    to be equal for all symbols that may follow.
    """
    lines = encoding.machine.lines
    rest = lines[dict(encoding.codes())[encoding.reference]]
    idle = not any(rest.legal)
    return all(
        len({(p, idle or rest.probability[a]) for a, p in enumerate(lines[q].probability) if p}) < 2
        for q in held
    )
