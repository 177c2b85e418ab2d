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
from reberlstm.extraction.scope import Places, Scope, places_of, scope_of_grammar
from reberlstm.machine.fsm import FSM
from reberlstm.net.layers import FastLayer
from reberlstm.net.weights import LSTMWeights
from reberlstm.simulator.step import State, initial, read, step

Kind = Literal["legal", "accept", "label"]
OBSERVED: tuple[Kind, ...] = ("legal", "accept", "label")


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


# What a net may have besides:
#   labels: names of the labels;
#   claims: "legal" where it says nothing of use before the first symbol and after the last one;
#   weights: `LSTMWeights` that compute the same, for a certificate;
#   parts: what to call the D numbers of a memory, for pictures;
#   grammar: the machine that it was trained on, for where words begin and end;
#   margin(states) -> (B,): how far each observation is from being another one.


@dataclass(frozen=True)
class Observed:
    """Observations of B memories; None for what the net does not tell."""

    legal: NDArray[np.bool_] | None = None
    accept: NDArray[np.bool_] | None = None
    label: NDArray[np.intp] | None = None


class Subject:
    """A net behind one interface: protocol objects and our own weights alike.

    Args:
        net: The net.
        reference: A machine over the same symbols, which tells where words begin and end.
        within: Whether only words of the reference are meant.

    Raises:
        ExtractionError: naming what an object lacks, or the shape that one of its answers has.
    """

    def __init__(
        self,
        net: RecurrentNet | LSTMWeights,
        reference: FSM | None = None,
        *,
        within: bool = False,
    ) -> None:
        self.net = net
        self.weights: LSTMWeights | None
        if isinstance(net, LSTMWeights):
            self.name = net.name or "the net"
            self.observed = tuple(head for head in OBSERVED if head in net.heads)
            self.labels: tuple[str, ...] = net.labels
            self.weights, claims = net, net.claims
            if not self.observed:
                raise ExtractionError(
                    f"net {self.name!r} has no 'legal', 'accept' or 'label' head, so nothing of it "
                    "can be observed"
                )
        else:
            _check_protocol(net)
            self.name = str(getattr(net, "name", "") or type(net).__name__)
            self.observed = (net.kind,)
            self.labels = tuple(getattr(net, "labels", ()))
            self.weights, claims = getattr(net, "weights", None), getattr(net, "claims", "all")
        self.alphabet = tuple(net.alphabet)
        self._layer = _layer(net) if isinstance(net, LSTMWeights) else None
        grammar = reference
        if grammar is not None and set(grammar.alphabet) != set(self.alphabet):
            raise ExtractionError(
                f"the alphabet of the reference {grammar} is {' '.join(grammar.alphabet)}, "
                f"but that of {self.name} is {' '.join(self.alphabet)}"
            )
        if grammar is None:
            grammar = self._told_grammar()
        self.scope = self._scope(claims, grammar)
        if within:
            if reference is None:
                raise ExtractionError("within a reference, but there is none; give the reference")
            self.scope = Scope(follows_legal=True, first=self.scope.first, within=reference)

    def _told_grammar(self) -> FSM | None:
        """The machine that the net says it is for, if it is one over its symbols."""
        for place in (self.weights, self.net):
            grammar = getattr(place, "grammar", None)
            if isinstance(grammar, FSM) and set(grammar.alphabet) == set(self.alphabet):
                return grammar
        return None

    def _scope(self, claims: str, grammar: FSM | None) -> Scope:
        """A net that claims only `legal` says nothing before the first symbol and after the last.

        Where no grammar tells which symbols are first, they are what the net offers before any
        symbol, or all of them where it offers none.
        """
        if "legal" not in self.observed:
            return Scope(follows_legal=False)
        if claims == "all":
            return Scope(follows_legal=True)
        if grammar is None:
            offered = self.observe(self.initial()[np.newaxis]).legal
            assert offered is not None, "legal sets are observed"
            every = frozenset(range(len(self.alphabet)))
            return Scope(follows_legal=True, first=None if offered.any() else every)
        return scope_of_grammar(self.alphabet, grammar)

    @property
    def places(self) -> Places:
        """Where words may stand, apart from the memory of the net."""
        return places_of(self.scope, self.alphabet, tells_legal="legal" in self.observed)

    @property
    def arithmetic(self) -> str:
        """The numbers in which the net is run, as certificates name them."""
        kind = self.initial().dtype.name
        return kind if kind in ("float32", "float64") else "real"

    @property
    def parts(self) -> tuple[str, ...]:
        """What to call the numbers of a memory: the cells of ``h`` and ``c``, or how many-th."""
        if isinstance(self.net, LSTMWeights):
            cells = self.net.cells
            if self.net.cell == "published":
                return cells
            return (*(f"h {cell}" for cell in cells), *(f"c {cell}" for cell in cells))
        size = len(self.initial())
        told = tuple(getattr(self.net, "parts", ()))
        return told if len(told) == size else tuple(str(number) for number in range(1, size + 1))

    def initial(self) -> NDArray[Any]:
        """The memory before the first symbol, shape (D,), of the type that memories have."""
        if isinstance(self.net, LSTMWeights):
            return _pack(self.net, initial(self.net))
        start = np.asarray(self.net.initial())
        if start.ndim != 1 or not np.issubdtype(np.result_type(start, np.int8), np.number):
            raise ExtractionError(
                f"{self.name}.initial() answered {start.dtype} of shape {start.shape}; "
                "expected numbers of shape (D,)"
            )
        # A start of integers may go on with fractions, which must not be cut off.
        after = np.asarray(self.net.step(start[np.newaxis], np.zeros(1, dtype=np.intp)))
        return start.astype(np.result_type(start, after))

    def step(self, states: NDArray[Any], symbols: NDArray[np.intp]) -> NDArray[Any]:
        """The memories (B, D) after one symbol each."""
        if isinstance(self.net, LSTMWeights):
            if self._layer is not None:
                size = self.net.size
                z = self._layer.of_symbols(symbols)
                h, c = self._layer.step(z, states[:, :size], states[:, size:])
                assert c is not None, "the layer is an LSTM's"
                return np.hstack([h, c])
            x = np.eye(len(self.alphabet))[symbols]
            return _pack(self.net, step(self.net, x, _unpack(self.net, states)).state)
        after = np.asarray(self.net.step(states, symbols))
        if after.shape != states.shape:
            raise ExtractionError(
                f"{self.name}.step() turned states of shape {states.shape} into {after.shape}"
            )
        return after.astype(states.dtype, copy=False)

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
        yes_or_no = self.net.kind != "label"
        whole = seen.dtype == bool or np.issubdtype(seen.dtype, np.integer)
        truths = seen.dtype == bool or not yes_or_no or np.isin(seen, (0, 1)).all()
        if not whole or not truths:
            wanted = "booleans, as in `probability > 0.5`" if yes_or_no else "integers"
            raise ExtractionError(
                f"{self.name}.observe() answered {seen.dtype} for kind {self.net.kind!r}; "
                f"give {wanted}"
            )
        if self.net.kind == "legal":
            return Observed(legal=seen.astype(bool))
        if self.net.kind == "accept":
            return Observed(accept=seen.astype(bool))
        return Observed(label=seen.astype(np.intp))

    def margin(self, states: NDArray[Any]) -> NDArray[np.float64] | None:
        """How far each memory's observation is from being another one; None where unknown.

        For our weights in units of the heads' outputs: the distance of the nearest one from its
        threshold, or of the best label from the second.
        """
        if isinstance(self.net, LSTMWeights):
            return _margin_of_weights(self.net, _unpack(self.net, states))
        tell = getattr(self.net, "margin", None)
        return None if tell is None else np.asarray(tell(states), dtype=np.float64)


def _check_protocol(net: object) -> None:
    for name in ("alphabet", "kind", "initial", "step", "observe"):
        if not hasattr(net, name):
            raise ExtractionError(
                f"{type(net).__name__} has no {name!r}; a net to extract from has alphabet, kind, "
                "initial(), step(states, symbols) and observe(states)"
            )
    kind = net.kind  # type: ignore[attr-defined]
    if kind not in OBSERVED:
        raise ExtractionError(f"kind {kind!r}; choose 'legal', 'accept' or 'label'")
    alphabet = tuple(net.alphabet)  # type: ignore[attr-defined]
    for symbol in alphabet:
        if not isinstance(symbol, str) or not symbol or alphabet.count(symbol) > 1:
            raise ExtractionError(
                f"alphabet of {type(net).__name__}: {symbol!r} is no string, is empty or stands "
                "twice; give distinct strings"
            )
    if not alphabet:
        raise ExtractionError(f"alphabet of {type(net).__name__} is empty")


def _layer(net: LSTMWeights) -> FastLayer | None:
    """The layer of a net of the standard cell."""
    if net.cell == "published":
        return None
    return FastLayer(
        "LSTM",
        net.weight_ih,
        net.weight_hh,
        net.bias_ih,
        net.bias_hh,
        dtype=np.dtype(np.float64),
    )


def _pack(net: LSTMWeights, state: State) -> NDArray[Any]:
    """``h`` and ``c`` in one vector; the published net has only its memory."""
    return state.c if net.cell == "published" else np.concatenate([state.h, state.c], axis=-1)


def _unpack(net: LSTMWeights, states: NDArray[Any]) -> State:
    if net.cell == "published":
        return State(states, states)
    return State(states[..., : net.size], states[..., net.size :])


def _margin_of_weights(net: LSTMWeights, state: State) -> NDArray[np.float64]:
    margins = [np.full(len(state.h), np.inf)]
    if "legal" in net.heads:
        margins.append(np.abs(read(net, "legal", state) - net.reader_threshold).min(axis=1))
    if "accept" in net.heads:
        margins.append(np.abs(read(net, "accept", state)[:, 0]))
    if "label" in net.heads and len(net.labels) > 1:
        best = np.sort(read(net, "label", state), axis=1)
        margins.append(best[:, -1] - best[:, -2])
    return np.asarray(np.min(margins, axis=0), dtype=np.float64)


def _observe_weights(net: LSTMWeights, state: State) -> Observed:
    heads = net.heads
    return Observed(
        legal=read(net, "legal", state) > net.reader_threshold if "legal" in heads else None,
        accept=read(net, "accept", state)[:, 0] > 0.0 if "accept" in heads else None,
        label=read(net, "label", state).argmax(axis=1) if "label" in heads else None,
    )
