"""One layer, step by step, with the state as two vectors; the package steps state vectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import LSTMWeights, Net
from reberlstm.simulator.tracing import snapped


@dataclass(frozen=True)
class State:
    """What a net carries from step to step: what gates and heads read, and the memory."""

    h: Floats
    c: Floats


@dataclass(frozen=True)
class Step:
    """One step: the gates by name, each of shape (H,) or (B, H), and the state after it."""

    gates: Mapping[str, Floats]
    state: State


def initial(weights: Net, batch: int | None = None) -> State:
    """The zero state, of shape (H,), or (B, H) for a batch."""
    shape = (weights.size,) if batch is None else (batch, weights.size)
    return State(np.zeros(shape), np.zeros(shape))


def step(weights: Net, x: Floats, state: State) -> Step:
    """One step of the cell that the weights are for, for an input (A,) or (B, A)."""
    (layer,) = weights.layers
    parts = (state.h, state.c)[: len(layer.cell.parts)]
    gates, after = layer.cell.step(layer, layer.inputs(x), parts)
    return Step(gates, State(layer.cell.hidden(after), after[-1]))


def snap_to_vertex(weights: LSTMWeights, state: State, slots: int = 1) -> State:
    """See `reberlstm.simulator.tracing.snapped`."""
    h = snapped(state.h, weights.height, slots)
    return State(h, h if len(weights.layers[0].cell.parts) == 1 else state.c)


def one_hot(weights: Net, symbol: str) -> Floats:
    """The input vector of a symbol, shape (A,)."""
    return np.asarray(weights.vectors[weights.alphabet.index(symbol)])


def read(weights: Net, head: str, state: State) -> Floats:
    """The outputs of a head, of shape (R,) or (B, R); of the Toy LSTM their tanh."""
    readout = weights.heads[head]
    return readout.values(state.h) if readout.rule.function == "tanh" else readout.logits(state.h)


def run_batch(
    weights: LSTMWeights, symbols: NDArray[np.integer] | Sequence[Sequence[int]]
) -> Iterator[State]:
    """The states (B, H) after each step of B words of equal length T, given as indices (B, T)."""
    indices = np.asarray(symbols, dtype=np.intp)
    if indices.ndim != 2:
        raise ValueError(f"symbols has shape {indices.shape}, expected (B, T)")
    size = len(weights.alphabet)
    unknown = indices[(indices < 0) | (indices >= size)]
    if unknown.size:
        raise ValueError(f"there is no symbol {unknown[0]} in an alphabet of {size} symbols")
    columns = np.eye(size)
    state = initial(weights, batch=len(indices))
    for t in range(indices.shape[1]):
        state = step(weights, columns[indices[:, t]], state).state
        yield state
