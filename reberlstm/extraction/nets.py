"""What can be extracted from: nets, and objects that step a state vector and can be observed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import ExtractionError
from reberlstm.machine.fsm import FSM
from reberlstm.net.base import Observed
from reberlstm.net.loading import net_for
from reberlstm.net.net import Net

Kind = Literal["legal", "accept", "label"]
OBSERVED: tuple[Kind, ...] = ("legal", "accept", "label")


@runtime_checkable
class RecurrentNet(Protocol):
    """The protocol of a net to extract from, with a state vector of size ``D`` and ``A`` symbols.

    It may also have ``labels`` (names of the labels), ``claims`` (``legal`` where it says nothing
    of use before the first symbol and after the last one), ``grammar`` (the machine that it was
    trained on), ``weights`` (a net that computes the same and decides by its logits, for a
    certificate, which is about that net), ``parts`` (names of the D numbers), ``reading`` (how its
    answers are read) and ``margin(states)``: how far each observation is from being another one,
    shape (B,).

    Attributes:
        alphabet: The symbols.
        kind: What `observe` tells: which symbols may come next, whether the word is accepted, or
            the number of its label.
    """

    alphabet: tuple[str, ...]
    kind: Kind

    def initial(self) -> NDArray[Any]:
        """The state vector before the first symbol, shape (D,)."""

    def step(self, states: NDArray[Any], symbols: NDArray[np.intp]) -> NDArray[Any]:
        """The state vectors (B, D) after one symbol each, given as indices (B,)."""

    def observe(self, states: NDArray[Any]) -> NDArray[Any]:
        """For states (B, D): bool (B, A) if legal, bool (B,) if accept, int (B,) if label."""


class ProtocolNet:
    """An object with the protocol `RecurrentNet`, with the methods that a `Net` has.

    Raises:
        ExtractionError: naming what it lacks, or the shape that one of its answers has.
    """

    def __init__(self, net: RecurrentNet) -> None:
        _check_protocol(net)
        self._net = net
        self.name = str(getattr(net, "name", "") or type(net).__name__)
        self.alphabet = tuple(net.alphabet)
        self.observed: tuple[Kind, ...] = (net.kind,)
        self.labels: tuple[str, ...] = tuple(getattr(net, "labels", ()))
        self.weights = getattr(net, "weights", None)
        self.claims: str = getattr(net, "claims", "all")
        self.grammar = getattr(net, "grammar", None) or getattr(self.weights, "grammar", None)
        self.reading = str(getattr(net, "reading", "") or "")
        start = np.asarray(net.initial())
        if start.ndim != 1 or not np.issubdtype(np.result_type(start, np.int8), np.number):
            raise ExtractionError(
                f"{self.name}.initial() answered {start.dtype} of shape {start.shape}; "
                "expected numbers of shape (D,)"
            )
        # A start of integers may go on with fractions, which must not be cut off.
        after = np.asarray(net.step(start[np.newaxis], np.zeros(1, dtype=np.intp)))
        self._start = start.astype(np.result_type(start, after))
        told = tuple(getattr(net, "parts", ()))
        numbers = tuple(str(number) for number in range(1, len(self._start) + 1))
        self.parts = told if len(told) == len(numbers) else numbers

    def start(self, count: int = 1) -> NDArray[Any]:
        """The state vector that words begin in, so many times: (count, D)."""
        return np.tile(self._start, (count, 1))

    def step(self, states: NDArray[Any], symbols: NDArray[np.intp]) -> NDArray[Any]:
        """The state vectors (B, D) after one symbol each."""
        after = np.asarray(self._net.step(states, symbols))
        if after.shape != states.shape:
            raise ExtractionError(
                f"{self.name}.step() turned states of shape {states.shape} into {after.shape}"
            )
        return after.astype(states.dtype, copy=False)

    def observe(self, states: NDArray[Any]) -> Observed:
        """What can be seen of state vectors (B, D)."""
        seen, kind = np.asarray(self._net.observe(states)), self.observed[0]
        expected = (len(states), len(self.alphabet)) if kind == "legal" else (len(states),)
        if seen.shape != expected:
            raise ExtractionError(
                f"{self.name}.observe() of {len(states)} states has shape {seen.shape}, "
                f"expected {expected} for kind {kind!r}"
            )
        right = seen.dtype == bool or (
            np.issubdtype(seen.dtype, np.integer)
            and (kind == "label" or np.isin(seen, (0, 1)).all())
        )
        if not right:
            wanted = "integers" if kind == "label" else "booleans, as in `probability > 0.5`"
            raise ExtractionError(
                f"{self.name}.observe() answered {seen.dtype} for kind {kind!r}; give {wanted}"
            )
        return Observed(**{kind: seen.astype(np.intp if kind == "label" else bool)})

    def margin(self, states: NDArray[Any]) -> NDArray[np.float64] | None:
        """How far each observation is from being another one, (B,); None where unknown."""
        tell = getattr(self._net, "margin", None)
        return None if tell is None else np.asarray(tell(states), dtype=np.float64)


def _check_protocol(net: object) -> None:
    for name in ("alphabet", "kind", "initial", "step", "observe"):
        if not hasattr(net, name):
            raise ExtractionError(
                f"{type(net).__name__} has no {name!r}; give a net, its name or its file, a state "
                "dict, an nn.Module, or an object with alphabet, kind, initial(), "
                "step(states, symbols) and observe(states)"
            )
    kind = net.kind  # type: ignore[attr-defined]
    if kind not in OBSERVED:
        raise ExtractionError(f"kind {kind!r}; choose 'legal', 'accept' or 'label'")
    alphabet = tuple(net.alphabet)  # type: ignore[attr-defined]
    for symbol in alphabet:
        if not isinstance(symbol, str) or not symbol or alphabet.count(symbol) > 1:
            raise ExtractionError(
                f"alphabet of {type(net).__name__}: {symbol!r} is no string, is empty or comes "
                "twice; give distinct strings"
            )
    if not alphabet:
        raise ExtractionError(f"alphabet of {type(net).__name__} is empty")


Subject = Net | ProtocolNet
"""What is stepped and observed: both have the same methods."""


def subject_of(net: Any, machine: FSM | None = None, **reading: Any) -> Subject:
    """Anything that is taken as a net, or an object with the protocol, as what is stepped.

    Args:
        net: What `as_net` takes, or an object with the protocol `RecurrentNet`.
        machine: What it is for, if that is known.
        reading: How a foreign net is read, as in `as_net`.

    Raises:
        ExtractionError: for an object that lacks a part of the protocol, or a net without a head.
    """
    if isinstance(net, ProtocolNet):
        return net
    named = isinstance(net, (Net, str, os.PathLike, Mapping)) or hasattr(net, "state_dict")
    if not named:
        if reading:
            raise ExtractionError(
                f"{next(iter(reading))} tells how weights are read; {type(net).__name__} is run as "
                "it is, by step() and observe()"
            )
        return ProtocolNet(net)
    found = net_for(net, machine, **reading)
    if not found.observed:
        raise ExtractionError(
            f"net {found.name!r} has no 'legal', 'accept', 'next' or 'label' head, so nothing of "
            "it can be observed; a head that shares its weight with the embedding has to be in the "
            "file under its own name"
        )
    return found
