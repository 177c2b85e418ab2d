"""The alternating pattern: why a net learns it or not, seen in its memory.

The labels 1, 0, 1, 0, … do not depend on the noise that is heard, so a net has to make them itself.
Held at one input, a step of the net is a map of its memory ``(h, c)``; where all memories settle,
its label is the same for ever. It alternates only around a point that is left again, each step on
the other side: the *flip multiplier*, the lowest eigenvalue of the step's derivative at the fixed
point, has to be under −1. In a new net it is near 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates import Found, Inputs, certify
from reberlstm.compiler.oscillator import PATTERN
from reberlstm.extraction import Budget, Extraction, extract
from reberlstm.extraction.nets import Kind
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import Floats, Head, LSTMWeights
from reberlstm.simulator import State, initial, step
from reberlstm.simulator.step import read

if TYPE_CHECKING:
    from torch import nn

NOISE = Inputs(low=0.0, high=1.0)
MIDDLE = 0.5
"""The mean of the noise, at which the step is held."""


def weights_of(lstm: nn.LSTM, head: nn.Linear, name: str) -> LSTMWeights:
    """A trained net as weights whose one input is the number itself."""
    return LSTMWeights(
        alphabet=PATTERN.alphabet,
        cells=tuple(str(number) for number in range(1, lstm.hidden_size + 1)),
        weight_ih=_numbers(lstm.weight_ih_l0),
        weight_hh=_numbers(lstm.weight_hh_l0),
        bias_ih=_numbers(lstm.bias_ih_l0),
        bias_hh=_numbers(lstm.bias_hh_l0),
        heads={"label": Head(_numbers(head.weight), _numbers(head.bias))},
        labels=("0", "1"),
        grammar=PATTERN,
        name=name,
    )


def _numbers(tensor: Any) -> Floats:
    return np.asarray(tensor.detach().double().cpu().numpy(), dtype=np.float64)


def pattern(steps: int) -> NDArray[np.intp]:
    """The labels: 1, 0, 1, 0 and so on."""
    return 1 - np.arange(steps) % 2


def run(net: LSTMWeights, noise: Floats) -> tuple[State, Floats]:
    """All states (B, T, H) and the lead of label 1 over label 0 (B, T), for inputs (B, T)."""
    state = initial(net, batch=len(noise))
    states = []
    for heard in noise.T:
        state = step(net, heard[:, np.newaxis], state).state
        states.append(state)
    every = State(np.stack([s.h for s in states], 1), np.stack([s.c for s in states], 1))
    values = read(net, "label", every)
    one, zero = net.labels.index("1"), net.labels.index("0")
    lead: Floats = values[..., one] - values[..., zero]
    return every, lead


def accuracy(net: LSTMWeights, noise: Floats) -> float:
    """The share of right labels."""
    _, lead = run(net, noise)
    return float(((lead > 0.0) == (pattern(noise.shape[1]) == 1)).mean())


def flip_multiplier(net: LSTMWeights, heard: float = MIDDLE) -> float:
    """The lowest eigenvalue of a step's derivative at the fixed point that it has at one input.

    NaN where no fixed point was found.
    """
    state = fixed_point(net, heard)
    if state is None:
        return math.nan
    derivative = _derivative(net, np.array([heard]), state)
    return float(np.linalg.eigvals(derivative).real.min())


def fixed_point(net: LSTMWeights, heard: float = MIDDLE) -> State | None:
    """The memory that a step at one input leaves as it is; None where none was found."""
    found = (_fixed_point(net, np.array([heard]), part) for part in PARTS)
    return next((state for state in found if state is not None), None)


PARTS = (0.5, 0.1, 0.02)
"""Parts of a step to go at once: the fixed point of a net that alternates is no attractor, and
whole steps leave it."""


def _fixed_point(net: LSTMWeights, x: Floats, part: float) -> State | None:
    """From rest by parts of steps, then with Newton's method; None where it does not converge."""
    state = initial(net)
    for _ in range(round(20.0 / part)):
        after = step(net, x, state).state
        state = State(state.h + part * (after.h - state.h), state.c + part * (after.c - state.c))
    for _ in range(20):
        after = step(net, x, state).state
        off = np.concatenate([after.h - state.h, after.c - state.c])
        if np.abs(off).max() < 1e-12:
            return state
        try:
            move = np.linalg.solve(np.eye(len(off)) - _derivative(net, x, state), off)
        except np.linalg.LinAlgError:
            return None
        state = State(state.h + move[: net.size], state.c + move[net.size :])
    return None


def _derivative(net: LSTMWeights, x: Floats, state: State) -> Floats:
    """The derivative of ``(h', c')`` by ``(h, c)``, shape (2·H, 2·H)."""
    result = step(net, x, state)
    i, f, g, o = (result.gates[name] for name in net.gates)
    slopes = (i * (1.0 - i), f * (1.0 - f), 1.0 - g**2, o * (1.0 - o))
    by_i, by_f, by_g, by_o = (
        slope[:, np.newaxis] * net.weight_hh[net.rows(gate)]
        for slope, gate in zip(slopes, net.gates, strict=True)
    )
    bent = np.tanh(result.state.c)
    c_by_h = g[:, np.newaxis] * by_i + state.c[:, np.newaxis] * by_f + i[:, np.newaxis] * by_g
    c_by_c = np.diag(f)
    out = (o * (1.0 - bent**2))[:, np.newaxis]
    return np.block([[out * c_by_h + bent[:, np.newaxis] * by_o, out * c_by_c], [c_by_h, c_by_c]])


@dataclass(eq=False)
class Listener:
    """A net to extract a machine from, whose symbols are numbers: the noise at some of its values.

    It begins after the 1 that every sequence of the source begins with, so that its start has a
    label that was asked for.
    """

    net: LSTMWeights
    alphabet: tuple[str, ...] = ("0", "½", "1")
    heard: tuple[float, ...] = (0.0, 0.5, 1.0)
    kind: Kind = "label"

    @property
    def name(self) -> str:
        """The name of the net."""
        return self.net.name

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels."""
        return self.net.labels

    def initial(self) -> Floats:
        """The memory after a 1: ``h`` and ``c`` in one vector."""
        return self._joined(step(self.net, np.ones(1), initial(self.net)).state)

    def step(self, states: Floats, symbols: NDArray[np.intp]) -> Floats:
        """The memories after one number each."""
        x = np.array(self.heard)[symbols][:, np.newaxis]
        size = self.net.size
        return self._joined(step(self.net, x, State(states[:, :size], states[:, size:])).state)

    def observe(self, states: Floats) -> NDArray[np.intp]:
        """The number of the label."""
        return np.asarray(self._values(states).argmax(axis=1), dtype=np.intp)

    def margin(self, states: Floats) -> Floats:
        """The lead of the label over the other one."""
        values = np.sort(self._values(states), axis=1)
        return np.asarray(values[:, -1] - values[:, -2])

    def _values(self, states: Floats) -> Floats:
        h = states[:, : self.net.size]
        return read(self.net, "label", State(h, h))

    @staticmethod
    def _joined(state: State) -> Floats:
        return np.concatenate([state.h, state.c], axis=-1)


def machine(net: LSTMWeights, seconds: float = 30.0) -> Extraction:
    """The machine of the net's labels, for noise that is 0, ½ or 1, if `MOST_STATES` are enough."""
    return extract(Listener(net), max_states=MOST_STATES, seconds=seconds, budget=BUDGET)


MOST_STATES = 12
BUDGET = Budget(pairs=5_000, walks=50, length=200, rounds=50)


def takes_turns(fsm: FSM) -> bool:
    """Whether a machine has two states, labelled 1 and 0, and every symbol leads to the other."""
    if sorted(fsm.outputs.values()) != ["0", "1"] or fsm.outputs[fsm.start] != "1":
        return False
    return all(
        set(line) == set(fsm.alphabet) and set(line.values()) == set(fsm.states) - {state}
        for state, line in fsm.transitions.items()
    )


def certificate(net: LSTMWeights, seconds: float = 10.0) -> Found:
    """Is every label right, after every sequence of noise between 0 and 1, of any length?"""
    return certify(net, PATTERN, scope="legal", heads=["label"], inputs=NOISE, seconds=seconds)
