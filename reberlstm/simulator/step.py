"""One step of the LSTM, written like the formula; everything faster is checked against it.

The standard cell (S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, Neural Computation 9
(1997); forget gate: F. A. Gers, J. Schmidhuber, F. Cummins, Learning to Forget, Neural Computation
12 (2000)), as `torch.nn.LSTM` has it::

    i = σ(W_i x + U_i h + b_i)        f = σ(W_f x + U_f h + b_f)
    g = tanh(W_g x + U_g h + b_g)     o = σ(W_o x + U_o h + b_o)
    c' = f·c + i·g                    h' = o·tanh(c')

The published cell (xrcyz's Toy LSTM) has no ``o``: the gates read the memory, so ``h' = c'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reberlstm.net.weights import Floats, LSTMWeights


@dataclass(frozen=True)
class State:
    """What a net carries from step to step; both of shape (H,) or (B, H).

    Attributes:
        h: What the gates and heads read.
        c: The memory.
    """

    h: Floats
    c: Floats


@dataclass(frozen=True)
class Step:
    """One step: the gates by name, each of shape (H,) or (B, H), and the state after it."""

    gates: Mapping[str, Floats]
    state: State


def initial(weights: LSTMWeights, batch: int | None = None) -> State:
    """The zero state, of shape (H,), or (B, H) for a batch."""
    shape = (weights.size,) if batch is None else (batch, weights.size)
    return State(np.zeros(shape), np.zeros(shape))


def step(weights: LSTMWeights, x: Floats, state: State) -> Step:
    """One step of the cell that the weights are for.

    Args:
        weights: The net.
        x: The input, usually one-hot, of shape (A,) or (B, A).
        state: The state before.
    """
    z = x @ weights.weight_ih.T + state.h @ weights.weight_hh.T + weights.bias
    gates = {}
    for number, name in enumerate(weights.gates):
        rows = z[..., number * weights.size : (number + 1) * weights.size]
        gates[name] = np.tanh(rows) if name == "candidate" else sigmoid(rows)
    c = gates["forget"] * state.c + gates["input"] * gates["candidate"]
    h = gates["output"] * np.tanh(c) if "output" in gates else c
    return Step(gates, State(h, c))


def sigmoid(z: Floats) -> Floats:
    """``1 / (1 + exp(−z))`` without overflow at either end."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)


def snap_to_vertex(weights: LSTMWeights, state: State, slots: int = 1) -> State:
    """Round what the gates read to the nearest vertex: a multiple −1, 0 or 1 of the active height.

    This is the remedy against drift that the author of the Toy LSTM considers. It does not suit the
    author's own net, which collects two halves of evidence for some nodes: half a node is rounded
    to a whole one. The second idea, to double the memory and round "one slot per breadcrumb", is
    ``slots=2``: multiples of half the height are kept.
    """
    height = weights.height / slots
    h = height * np.clip(np.round(state.h / height), -slots, slots)
    return State(h, h if weights.cell == "published" else state.c)


def one_hot(weights: LSTMWeights, symbol: str) -> Floats:
    """The input vector of a symbol, shape (A,)."""
    x = np.zeros(len(weights.alphabet))
    x[weights.alphabet.index(symbol)] = 1.0
    return x


def read(weights: LSTMWeights, head: str, state: State) -> Floats:
    """The values of a head, of shape (R,) or (B, R); the published reader is a tanh layer."""
    layer = weights.heads[head]
    z: Floats = state.h @ layer.weight.T + layer.bias
    return np.tanh(z) if weights.cell == "published" else z
