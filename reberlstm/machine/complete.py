"""A complete machine in plain Python; `reberlstm.machine.tables` has the same as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from reberlstm.machine.crawl import crawl

OnViolation = Literal["absorb", "resync"]
"""What a violation leads to: it is never forgotten, or the next symbol may begin a new word."""


Scope = Literal["legal", "all"]
"""The words after which a net is asked for an answer.

``all``: every word over the alphabet. ``legal``: every non-empty legal word that can go on, that
is, after which some symbol is legal. See `includes_empty_word` and `CompleteMachine.is_asked`.
"""


def includes_empty_word(scope: str) -> bool:
    """Whether a net is asked before the first symbol."""
    return scope == "all"


class Line(NamedTuple):
    """What there is to say of one state.

    Attributes:
        target: The next state by symbol, as numbers.
        legal: Which symbols may come next; after a violation none, or with ``resync`` those that
            may begin a word.
        accepting: Whether a word may end.
        output: The state's label, or None.
        probability: The probability of each symbol where the word goes on.
        stop: The probability that a word ends; 1 where nothing may follow.
    """

    target: list[int]
    legal: list[bool]
    accepting: bool
    output: str | None
    probability: list[float]
    stop: float


@dataclass(frozen=True, eq=False)
class CompleteMachine:
    """A complete machine of S states over A symbols; `FSM.complete` makes it.

    Attributes:
        alphabet: The symbols; states know them by their numbers in it.
        names: Names of the states in breadth-first order, the start first. None stands for the
            state after a violation, which comes last and only where a violation can happen.
        lines: What there is to say of each state.
        on_violation: What a violation leads to.
    """

    alphabet: tuple[str, ...]
    names: tuple[str | None, ...]
    lines: tuple[Line, ...]
    on_violation: OnViolation = "absorb"

    def __len__(self) -> int:
        """S."""
        return len(self.names)

    @property
    def dead(self) -> int | None:
        """The state after a violation, or None where none can happen."""
        return len(self) - 1 if self.names[-1] is None else None

    @cached_property
    def table(self) -> list[list[int]]:
        """The next state by state and symbol."""
        return [line.target for line in self.lines]

    @cached_property
    def outputs(self) -> tuple[str | None, ...]:
        """The labels of the states; None where there is none."""
        return tuple(line.output for line in self.lines)

    @cached_property
    def symbols(self) -> tuple[tuple[str, ...], ...]:
        """The symbols that may come next in every state, in the order of the alphabet."""
        return tuple(
            tuple(a for a, legal in zip(self.alphabet, line.legal, strict=True) if legal)
            for line in self.lines
        )

    def is_asked(self, scope: str, state: int) -> bool:
        """Whether a net is asked after non-empty words that lead to a state."""
        return scope == "all" or (self.names[state] is not None and any(self.lines[state].legal))

    def legal_steps(self, state: int) -> list[tuple[int, int]]:
        """The legal symbols and the states that they lead to, as numbers."""
        line = self.lines[state]
        return [(a, line.target[a]) for a, legal in enumerate(line.legal) if legal]

    def shortest_words(self, most: int | None = None) -> dict[int, tuple[int, ...]]:
        """A shortest legal word to each state that one leads to, or to the first so many."""
        found = crawl([0], self.legal_steps, most=most)
        return {state: found.word(state) for state in found.found}

    def text(self, word: Iterable[int]) -> str:
        """Numbers as a word in print."""
        long = any(len(symbol) != 1 for symbol in self.alphabet)
        return (" " if long else "").join(self.alphabet[a] for a in word)
