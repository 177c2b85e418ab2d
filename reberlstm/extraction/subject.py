"""What can be extracted from: anything that steps a memory by symbols and lets it be observed.

A subject has an `alphabet`, a `kind`, and three functions on batches of memories, which are vectors
of any meaning, one row a word. Everything else (the words that lead to them, which of them were
seen before) is kept outside it, in `reberlstm.extraction.trajectories`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import ExtractionError
from reberlstm.fsm import FSM
from reberlstm.simulator.step import State, initial, read, step
from reberlstm.weights import LSTMWeights

Kind = Literal["legal", "accept", "label"]


@runtime_checkable
class RecurrentNet(Protocol):
    """The protocol of a net to extract from, with a memory of size ``D`` and ``A`` symbols.

    Attributes:
        alphabet: The symbols.
        kind: What `observe` tells: which symbols may come next, whether the word is accepted, or
            the number of its label.
    """

    alphabet: tuple[str, ...]
    kind: Kind

    def initial(self) -> NDArray[Any]:
        """The memory before the first symbol, shape (D,)."""

    def step(self, states: NDArray[Any], symbols: NDArray[np.intp]) -> NDArray[Any]:
        """The memories (B, D) after one symbol each, given as indices (B,)."""

    def observe(self, states: NDArray[Any]) -> NDArray[Any]:
        """For memories (B, D): bool (B, A) if legal, bool (B,) if accept, int (B,) if label."""


@dataclass(frozen=True)
class Scope:
    """Which words a net speaks about.

    Attributes:
        follows_legal: Words go on only with symbols that the net offers (its legal sets are
            observed); else every word over the alphabet is one of them.
        first: The symbols that a word may begin with where the net itself says nothing before the
            first symbol; None where it does.
        last: Symbols after which a word is over where the net itself says nothing after it; empty
            where it does.
    """

    follows_legal: bool
    first: frozenset[int] | None = None
    last: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Observed:
    """Observations of B memories; None for what the net does not tell."""

    legal: NDArray[np.bool_] | None = None
    accept: NDArray[np.bool_] | None = None
    label: NDArray[np.intp] | None = None


class Subject:
    """A net behind one interface: protocol objects and our own weights alike.

    Raises:
        ExtractionError: naming what an object lacks, or the shape that one of its answers has.
    """

    def __init__(self, net: RecurrentNet | LSTMWeights, reference: FSM | None = None) -> None:
        self.net = net
        self.alphabet = tuple(net.alphabet)
        if isinstance(net, LSTMWeights):
            self.name = net.name or "the net"
            grammar = reference if reference is not None else net.grammar
            self.scope = _scope_of_weights(net, grammar)
            self.labels: tuple[str, ...] = net.labels
            if not {"legal", "accept", "label"} & set(net.heads):
                raise ExtractionError(
                    f"net {self.name!r} has no 'legal', 'accept' or 'label' head, so nothing of it "
                    "can be observed"
                )
        else:
            _check_protocol(net)
            self.name = type(net).__name__
            self.scope = Scope(follows_legal=net.kind == "legal")
            self.labels = tuple(getattr(net, "labels", ()))

    def initial(self) -> NDArray[Any]:
        """The memory before the first symbol, shape (D,)."""
        if isinstance(self.net, LSTMWeights):
            return _pack(self.net, initial(self.net))
        start = np.asarray(self.net.initial())
        if start.ndim != 1:
            raise ExtractionError(f"{self.name}.initial() has shape {start.shape}, expected (D,)")
        return start

    def step(self, states: NDArray[Any], symbols: NDArray[np.intp]) -> NDArray[Any]:
        """The memories (B, D) after one symbol each."""
        if isinstance(self.net, LSTMWeights):
            x = np.eye(len(self.alphabet))[symbols]
            return _pack(self.net, step(self.net, x, _unpack(self.net, states)).state)
        after = np.asarray(self.net.step(states, symbols))
        if after.shape != states.shape:
            raise ExtractionError(
                f"{self.name}.step() turned states of shape {states.shape} into {after.shape}"
            )
        return after

    def observe(self, states: NDArray[Any]) -> Observed:
        """What can be seen of memories (B, D)."""
        if isinstance(self.net, LSTMWeights):
            return _observe_weights(self.net, _unpack(self.net, states))
        seen = np.asarray(self.net.observe(states))
        expected = (len(states), len(self.alphabet)) if self.net.kind == "legal" else (len(states),)
        if seen.shape != expected:
            raise ExtractionError(
                f"{self.name}.observe() of {len(states)} states has shape {seen.shape}, "
                f"expected {expected} for kind {self.net.kind!r}"
            )
        if self.net.kind == "legal":
            return Observed(legal=seen.astype(bool))
        if self.net.kind == "accept":
            return Observed(accept=seen.astype(bool))
        return Observed(label=seen.astype(np.intp))


def _check_protocol(net: object) -> None:
    for name in ("alphabet", "kind", "initial", "step", "observe"):
        if not hasattr(net, name):
            raise ExtractionError(
                f"{type(net).__name__} has no {name!r}; a net to extract from has alphabet, kind, "
                "initial(), step(states, symbols) and observe(states)"
            )
    kind = net.kind  # type: ignore[attr-defined]
    if kind not in ("legal", "accept", "label"):
        raise ExtractionError(f"kind {kind!r}; choose 'legal', 'accept' or 'label'")


def _scope_of_weights(net: LSTMWeights, grammar: FSM | None) -> Scope:
    """A net that claims only `legal` says nothing before the first symbol and after the last."""
    if "legal" not in net.heads:
        return Scope(follows_legal=False)
    if net.claims == "all" or grammar is None:
        return Scope(follows_legal=True)
    index = {symbol: number for number, symbol in enumerate(net.alphabet)}
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


def _pack(net: LSTMWeights, state: State) -> NDArray[Any]:
    """``h`` and ``c`` in one vector; the published net has only its memory."""
    return state.c if net.cell == "published" else np.concatenate([state.h, state.c], axis=-1)


def _unpack(net: LSTMWeights, states: NDArray[Any]) -> State:
    if net.cell == "published":
        return State(states, states)
    return State(states[..., : net.size], states[..., net.size :])


def _observe_weights(net: LSTMWeights, state: State) -> Observed:
    heads = net.heads
    return Observed(
        legal=read(net, "legal", state) > net.reader_threshold if "legal" in heads else None,
        accept=read(net, "accept", state)[:, 0] > 0.0 if "accept" in heads else None,
        label=read(net, "label", state).argmax(axis=1) if "label" in heads else None,
    )
