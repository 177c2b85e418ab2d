"""What can be said of a net without running it, whatever its numbers are; and what a step is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypeVar, get_args

from reberlstm.errors import GrammarError, ReberLSTMError
from reberlstm.machine.complete import OnViolation, Scope
from reberlstm.machine.counters import Machine
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells.cell import Gates, State

Question = Literal["legal", "accept", "label"]
QUESTIONS: tuple[Question, ...] = get_args(Question)


Reader = TypeVar("Reader", bound=Any)
"""A head with its rule, in a net's own numbers."""


class Step(NamedTuple):
    """One step of one layer: gates by name, parts of the state after it, and h, each (..., H)."""

    gates: Gates
    state: State
    hidden: Any


class Observed(NamedTuple):
    """The answers (B, A), (B,), (B,) for B state vectors; None for what the net does not tell."""

    legal: Any = None
    accept: Any = None
    label: Any = None


class BaseNet(Generic[Reader]):
    """What `reberlstm.net.net.Net` and `reberlstm.net.scalars.ScalarNet` have in common.

    The attributes are described there.
    """

    alphabet: tuple[str, ...]
    layers: tuple[Any, ...]
    heads: Mapping[str, Reader]
    cells: tuple[str, ...]
    labels: tuple[str, ...]
    grammar: FSM | None
    claims: Scope
    on_violation: OnViolation
    name: str

    @property
    def machine(self) -> Machine | None:
        """The machine that the net is meant to follow, with counters or without, if known."""
        counting = getattr(self, "counting", None)
        return self.grammar if counting is None else counting.machine

    def initial(self) -> Any:
        """The state that words begin in."""
        raise NotImplementedError

    def record(self, state: Any, symbol: Any) -> tuple[Step, ...]:
        """What happens in each layer when a state reads a symbol, by number."""
        raise NotImplementedError

    def after(self, steps: Sequence[Step]) -> Any:
        """The state after a step of all layers."""
        raise NotImplementedError

    def observe(self, state: Any) -> Observed:
        """What it answers in a state."""
        raise NotImplementedError

    def values(self, kind: str, state: Any) -> Any:
        """The numbers that a question's rule is about."""
        raise NotImplementedError

    @property
    def size(self) -> int:
        """The number of cells of all layers."""
        return sum(layer.size for layer in self.layers)

    @property
    def separator(self) -> str:
        """What stands between the symbols of a word in print: nothing, or a space."""
        return " " if any(len(symbol) != 1 for symbol in self.alphabet) else ""

    def readout(self, kind: str) -> Reader | None:
        """What answers a question: for ``legal`` the ``next`` head where there is no other."""
        return self.heads.get(kind) or (self.heads.get("next") if kind == "legal" else None)

    @property
    def observed(self) -> tuple[Question, ...]:
        """The questions that it answers."""
        return tuple(kind for kind in QUESTIONS if self.readout(kind) is not None)

    def asked(self, scope: Scope) -> tuple[Question, ...]:
        """The questions that it is asked in a scope: in ``legal``, what may come next if it tells.

        Whether a word may end says nothing new of a net that claims no more than the legal symbols
        after words that go on.
        """
        observed = self.observed
        return ("legal",) if scope == "legal" and "legal" in observed else observed

    @property
    def reading(self) -> str:
        """How its answers are read, in one line: ``legal: logit > 0; accept: logit > 0``."""
        found = [(kind, self.readout(kind)) for kind in self.observed]
        return "; ".join(f"{kind}: {readout.rule}" for kind, readout in found if readout)


def check_alphabets(
    machine: Machine,
    net: Any,
    *,
    name: str | None = None,
    remedy: str = "give the grammar that it is for",
    error: type[ReberLSTMError] = GrammarError,
) -> None:
    """Refuse a net and a machine with different symbols.

    Args:
        machine: The machine.
        net: A `Net`, or an object with a name and an alphabet.
        name: What to call the net, where that is not its own name.
        remedy: What to do, for the message.
        error: The class of the error.

    Raises:
        ReberLSTMError: of that class, naming both alphabets.
    """
    if set(machine.alphabet) != set(net.alphabet):
        raise error(
            f"the alphabet of {machine} is {' '.join(machine.alphabet)}, but that of net "
            f"{net.name if name is None else name!r} is {' '.join(net.alphabet)}; {remedy}"
        )
