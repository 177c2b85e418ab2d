"""A complete machine in plain Python; `reberlstm.machine.tables` has the same as arrays."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol

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


class Walk(Protocol):
    """A machine as one that follows words sees it: nodes, and what there is to say of each.

    A node is a state, or a state with the values of counters; one stands for violations.
    """

    @property
    def alphabet(self) -> tuple[str, ...]:
        """The symbols; nodes know them by their numbers in it."""

    @property
    def start(self) -> Hashable:
        """The node before the first symbol."""

    def after(self, node: Any, symbol: int) -> Hashable:
        """The node after a symbol, which is given by its number in the alphabet."""

    def name(self, node: Any) -> str | None:
        """The state's name; None after a violation."""

    def counts(self, node: Any) -> Mapping[str, int]:
        """The values of the counters by name; none where there are no counters."""

    def legal_at(self, node: Any) -> tuple[str, ...]:
        """The symbols that may come next, in the order of the alphabet."""

    def accepts_at(self, node: Any) -> bool:
        """Whether a word may end there."""

    def output_at(self, node: Any) -> str | None:
        """The node's label, or None."""

    def is_asked(self, scope: str, node: Any) -> bool:
        """Whether a net is asked after non-empty words that lead to a node."""


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

    @property
    def start(self) -> int:
        """The state before the first symbol."""
        return 0

    def after(self, node: int, symbol: int) -> int:
        """The next state."""
        return self.lines[node].target[symbol]

    def name(self, node: int) -> str | None:
        """The name of a state; None for the one after a violation."""
        return self.names[node]

    def counts(self, _: int) -> Mapping[str, int]:
        """No values, since there are no counters."""
        return {}

    def legal_at(self, node: int) -> tuple[str, ...]:
        """The symbols that may come next, in the order of the alphabet."""
        return self.symbols[node]

    def accepts_at(self, node: int) -> bool:
        """Whether a word may end in a state."""
        return self.lines[node].accepting

    def output_at(self, node: int) -> str | None:
        """The label of a state, or None."""
        return self.lines[node].output

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

    def is_asked(self, scope: str, node: int) -> bool:
        """Whether a net is asked after non-empty words that lead to a state."""
        return scope == "all" or (self.names[node] is not None and any(self.lines[node].legal))

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
