"""Which vector stands for which state.

A state is one active cell, and the zero vector that an LSTM starts from is the start state. If a
violation can happen, then "no cell active" must also mean "after a violation", so one more cell,
`started`, becomes active with the first symbol and tells the two apart. A start state that is
entered again needs a cell like any other. A complete machine needs neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from reberlstm.machine.complete import CompleteMachine


class Special(Enum):
    """The two codes that are not one active cell."""

    ZERO = "nothing active: the start, before the first symbol"
    DEFAULT = "only `started` active: after a violation, where one can happen"


Code = int | Special
"""The index of the state whose cell is active, or a special vector."""


class Encoding(NamedTuple):
    """How the states of a complete machine are written in ``h``.

    Those in `coded` have a cell each. Where no cell is active once words have begun, it is the
    state `rest`.
    """

    machine: CompleteMachine
    coded: tuple[int, ...]
    has_started: bool
    rest: int = 0

    @property
    def reference(self) -> Code:
        """The code in which no state's cell is active once words have begun: it costs nothing."""
        return Special.DEFAULT if self.has_started else Special.ZERO

    def codes(self) -> Iterator[tuple[Code, int]]:
        """Every code with the state that it stands for."""
        yield Special.ZERO, 0
        if self.has_started:
            yield Special.DEFAULT, self.rest
        for state in self.coded:
            yield state, state


def encode(machine: CompleteMachine, *, signs: bool = False) -> Encoding:
    """Choose the fewest cells: N − 1, N or N + 1 for N reachable states.

    Where cells are +1 or −1 (`signs`), no step leads to the zero vector, so there is always a
    `started`; in a complete machine that alone is some state that leads to few others, such as a
    sink, since cells that read no active cell are the ones with many weights.
    """
    states = range(len(machine))
    if machine.dead is None and not signs:
        # A machine of one state has nothing to remember, but a net has at least one cell.
        return Encoding(machine, tuple(states[1:]), has_started=len(states) == 1)
    start_is_entered = any(0 in row for row in machine.table)
    own = states if start_is_entered else states[1:]
    rest = machine.dead
    if rest is None:
        rest = min(own or states, key=lambda q: len({*machine.table[q]} - {q}))
    coded = tuple(q for q in own if q != rest)
    return Encoding(machine, coded, has_started=True, rest=rest)
