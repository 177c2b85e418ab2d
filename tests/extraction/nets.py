"""Nets behind the protocol, made without the package's own steps."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from reberlstm.extraction.nets import Kind
from reberlstm.machine.fsm import FSM


class TableNet:
    """A machine as a net: the memory is the state, one-hot, in a rotated space."""

    def __init__(self, fsm: FSM, kind: Kind, seed: int = 0) -> None:
        self.alphabet, self.kind = fsm.alphabet, kind
        self.labels = tuple(sorted(set(fsm.outputs.values())))
        names = [*fsm.states, None]
        index = {name: number for number, name in enumerate(names)}
        self._table = np.array(
            [
                [index[None if name is None else fsm.next_state(name, a)] for a in fsm.alphabet]
                for name in names
            ]
        )
        self._start = index[fsm.start]
        if kind == "legal":
            self._shown = np.array(
                [[a in (fsm.transitions[q] if q else {}) for a in fsm.alphabet] for q in names]
            )
        elif kind == "accept":
            self._shown = np.array([q in fsm.accepting for q in names])
        else:
            self._shown = np.array([self.labels.index(fsm.outputs[q]) if q else -1 for q in names])
        self._rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(names),) * 2))[0]

    def _state(self, states: np.ndarray) -> np.ndarray:
        return (states @ self._rotation.T).argmax(axis=1)

    def initial(self) -> np.ndarray:
        return np.eye(len(self._table))[self._start] @ self._rotation

    def step(self, states: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        after = self._table[self._state(states), symbols]
        return np.eye(len(self._table))[after] @ self._rotation

    def observe(self, states: np.ndarray) -> np.ndarray:
        return self._shown[self._state(states)]


class RandomNet:
    """A plain recurrent net with random weights: mostly no small machine at all."""

    def __init__(self, seed: int, kind: Kind, cells: int = 4, symbols: int = 2) -> None:
        rng = np.random.default_rng(seed)
        self.alphabet, self.kind = tuple("abcdef"[:symbols]), kind
        self._in = rng.normal(size=(symbols, cells))
        self._rec = rng.normal(size=(cells, cells)) * rng.uniform(0.3, 1.6)
        rows = {"legal": symbols, "accept": 1, "label": 3}[kind]
        self._out = rng.normal(size=(cells, rows))
        self._bias = rng.normal(size=rows) * 0.3

    def initial(self) -> np.ndarray:
        return np.zeros(len(self._rec), dtype=np.float32)

    def step(self, states: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        return np.tanh(states @ self._rec + self._in[symbols]).astype(np.float32)

    def observe(self, states: np.ndarray) -> np.ndarray:
        values = states @ self._out + self._bias
        if self.kind == "legal":
            return values > 0
        return values[:, 0] > 0 if self.kind == "accept" else values.argmax(axis=1)


def shown_by_net(net: object, word: tuple[str, ...]) -> object:
    """What a net behind the protocol shows after a word run alone: a set, a truth or a number."""
    state = np.asarray(net.initial())[np.newaxis]  # type: ignore[attr-defined]
    for symbol in word:
        at = np.array([net.alphabet.index(symbol)])  # type: ignore[attr-defined]
        state = np.asarray(net.step(state, at))  # type: ignore[attr-defined]
    seen = np.asarray(net.observe(state))[0]  # type: ignore[attr-defined]
    if net.kind == "legal":  # type: ignore[attr-defined]
        return {a for a, yes in zip(net.alphabet, seen, strict=True) if yes}  # type: ignore[attr-defined]
    return seen.item()


def shown_by_machine(
    fsm: FSM, word: tuple[str, ...], kind: Kind, labels: tuple[str, ...]
) -> object:
    """What a machine shows after a word; None after a violation."""
    state = fsm.run(word)
    if state is None:
        return None
    if kind == "legal":
        return set(fsm.legal(state))
    if kind == "accept":
        return state in fsm.accepting
    label = fsm.outputs[state]
    return labels.index(label) if labels else int(label)


def words(alphabet: tuple[str, ...], length: int) -> Iterator[tuple[str, ...]]:
    for size in range(length + 1):
        yield from itertools.product(alphabet, repeat=size)
