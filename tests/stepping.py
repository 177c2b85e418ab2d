"""A net of one layer, one step at a time: h and c by name, for tests that look at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.simulator import snapped


@dataclass(frozen=True)
class State:
    """What gates and heads read, and the memory; both (H,) or (B, H)."""

    h: Floats
    c: Floats


@dataclass(frozen=True)
class Step:
    """The gates by name, and the state after the step."""

    gates: Mapping[str, Floats]
    state: State


def initial(net: Net, batch: int | None = None) -> State:
    shape = (net.size,) if batch is None else (batch, net.size)
    return State(np.zeros(shape), np.zeros(shape))


def step(net: Net, x: Floats, state: State) -> Step:
    (layer,) = net.layers
    parts = (state.h, state.c)[: len(layer.cell.parts)]
    gates, after = layer.cell.step(layer, layer.inputs(x), parts)
    return Step(gates, State(layer.cell.hidden(after), after[-1]))


def run_batch(net: Net, symbols: Any) -> Iterator[State]:
    """The states after each of T symbols of B words, given by number, (B, T)."""
    indices = np.asarray(symbols, dtype=np.intp)
    state = initial(net, batch=len(indices))
    for t in range(indices.shape[1]):
        state = step(net, net.vectors[indices[:, t]], state).state
        yield state


def one_hot(net: Net, symbol: str) -> Floats:
    return net.vectors[net.alphabet.index(symbol)]


def read(net: Net, head: str, state: State) -> NDArray[Any]:
    """The outputs of a head; of the Toy LSTM their tanh."""
    readout = net.heads[head]
    values = readout.values if readout.rule.function == "tanh" else readout.logits
    return np.asarray(values(state.h))


def snap_to_vertex(net: Net, state: State, slots: int = 1) -> State:
    h = snapped(state.h, net.height, slots)
    return State(h, h if len(net.layers[0].cell.parts) == 1 else state.c)
