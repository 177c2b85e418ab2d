"""The complete machine that a compiled net imitates: an FSM plus what happens at a violation.

A grammar says nothing about what comes after a symbol that it does not allow. A net must do
something, so a `Monitor` says what: either the violation is never forgotten (``absorb``), or the
watch starts over as soon as a symbol comes that a word may begin with (``resync``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM

OnViolation = Literal["absorb", "resync"]


@dataclass(frozen=True)
class Monitor:
    """A complete deterministic machine over indices, made of the reachable states of an FSM.

    Attributes:
        fsm: The machine that is watched.
        on_violation: What a violation leads to.
        states: Names of the states in breadth-first order, so ``states[0]`` is the start; None
            stands for the state after a violation, which comes last and only where one can happen.
        table: ``table[p][a]`` is the index of the state after symbol ``a`` in state ``p``.
    """

    fsm: FSM
    on_violation: OnViolation
    states: tuple[str | None, ...]
    table: tuple[tuple[int, ...], ...]

    @property
    def dead(self) -> int | None:
        """The index of the state after a violation, or None where none can happen."""
        last = len(self.states) - 1
        return last if self.states[last] is None else None

    def legal(self, index: int) -> frozenset[str]:
        """The symbols that may come next: after a violation none, or those that begin a word."""
        state = self.states[index]
        if state is None:
            return self.fsm.legal(self.fsm.start) if self.on_violation == "resync" else frozenset()
        return self.fsm.legal(state)

    def probability(self, index: int, symbol: str) -> float:
        """The probability that `symbol` comes next, if the word goes on."""
        state = self.states[index]
        if state is None:
            if self.on_violation == "absorb":
                return 0.0
            state = self.fsm.start
        return self.fsm.probability(state, symbol)

    def accepting(self, index: int) -> bool:
        """Whether a word may end here."""
        return self.states[index] in self.fsm.accepting


def monitor(fsm: FSM, on_violation: OnViolation = "absorb") -> Monitor:
    """Complete `fsm` by one state for violations, where any can happen.

    With ``resync`` a violating symbol that may begin a word leads where it would have led from the
    start; any other one leads to the state after a violation, which waits for such a symbol.

    Example:
        >>> from reberlstm import load_grammar
        >>> m = monitor(load_grammar("reber"))
        >>> m.states
        ('start', '0', '1', '5', '2', '4', '3', 'end', None)
        >>> m.states[m.table[0][m.fsm.alphabet.index("T")]] is None
        True
    """
    if on_violation not in ("absorb", "resync"):
        raise GrammarError(f"on_violation={on_violation!r}; choose 'absorb' or 'resync'")
    names: tuple[str | None, ...] = fsm.reachable
    index = {name: number for number, name in enumerate(names)}
    if not fsm.is_complete:
        names = (*names, None)
    dead = len(names) - 1
    at_violation = dict.fromkeys(fsm.alphabet, dead)
    if on_violation == "resync":
        at_violation |= {a: index[target] for a, target in fsm.transitions[fsm.start].items()}

    def row(name: str | None) -> tuple[int, ...]:
        line = fsm.transitions[name] if name is not None else {}
        return tuple(index[line[a]] if a in line else at_violation[a] for a in fsm.alphabet)

    return Monitor(fsm, on_violation, names, tuple(row(name) for name in names))
