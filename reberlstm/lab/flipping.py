"""What tells whether a net can alternate: say 1, 0, 1, 0, … whatever it is fed.

Held at one input, a step of the net is a map of its state ``(h, c)``; where all states settle, its
label is the same for ever. It alternates only around a point that is left again, each step on the
other side: the *flip multiplier*, the lowest eigenvalue of the step's derivative at the fixed
point, has to be under −1. In a new net it is near 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates import Found, Inputs, certify
from reberlstm.extraction import Budget, Extraction, extract
from reberlstm.lab.gates import head_of, layer_of, unrolled
from reberlstm.lab.oscillator import PATTERN
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net

NOISE = Inputs(low=0.0, high=1.0)
MIDDLE = 0.5
"""The mean of the noise, at which the step is held."""


def net_of(module: Any, name: str) -> Net:
    """A trained `Recurrent` as a net whose one input is the number itself."""
    return Net.of(
        alphabet=PATTERN.alphabet,
        layers=(layer_of(module.recurrent),),
        heads={"label": head_of(module.head)},
        labels=("0", "1"),
        grammar=PATTERN,
        name=name,
    )


def pattern(steps: int) -> NDArray[np.intp]:
    """The labels: 1, 0, 1, 0 and so on."""
    return 1 - np.arange(steps) % 2


def leads(net: Net, noise: Floats) -> Floats:
    """The lead of label 1 over label 0 after each step (B, T), for inputs (B, T)."""
    hidden = unrolled(net.layers[0], noise[:, :, np.newaxis])["hidden"]
    logits = net.heads["label"].logits(hidden)
    return np.asarray(logits[..., net.labels.index("1")] - logits[..., net.labels.index("0")])


def accuracy(net: Net, noise: Floats) -> float:
    """The share of right labels."""
    return float(((leads(net, noise) > 0.0) == (pattern(noise.shape[1]) == 1)).mean())


def flip_multiplier(net: Net, fed: float = MIDDLE) -> float:
    """The lowest eigenvalue of a step's derivative at the fixed point that it has at one input.

    NaN where no fixed point was found.
    """
    vector = fixed_point(net, fed)
    if vector is None:
        return math.nan
    return float(np.linalg.eigvals(_step(net, fed, vector)[1]).real.min())


def fixed_point(net: Net, fed: float = MIDDLE) -> Floats | None:
    """The state vector that a step at one input leaves as it is; None where none was found.

    It is sought from rest by parts of steps, since the fixed point of a net that alternates is no
    attractor and whole steps leave it, and then with Newton's method.
    """
    for part in (0.5, 0.1, 0.02):
        vector = net.initial()
        for _ in range(round(20.0 / part)):
            vector = vector + part * (_step(net, fed, vector)[0] - vector)
        for _ in range(20):
            after, derivative = _step(net, fed, vector)
            if np.abs(after - vector).max() < 1e-12:
                return vector
            try:
                move = np.linalg.solve(np.eye(len(vector)) - derivative, after - vector)
            except np.linalg.LinAlgError:
                break
            vector = vector + move
    return None


def _step(net: Net, fed: float, vector: Floats) -> tuple[Floats, Floats]:
    """The state vector (2·H,) after a step at one input, and its derivative (2·H, 2·H)."""
    layer, before = net.layers[0], net.split(vector)[0]
    gates, after = layer.cell.step(layer, layer.inputs(np.array([fed])), before)
    return np.concatenate(after), layer.cell.derivative(layer, gates, before, after)


def at_three_inputs(net: Net) -> Net:
    """The net over three symbols, which stand for the noise at 0, ½ and 1.

    It begins after the 1 that every sequence of the source begins with, so that its start has a
    label that was asked for.
    """
    return Net(
        alphabet=("0", "½", "1"),
        layers=net.layers,
        heads={"label": net.heads["label"]},
        embedding=np.array([[0.0], [0.5], [1.0]]),
        start_state=_step(net, 1.0, net.initial())[0],
        labels=net.labels,
        claims="all",
        name=net.name,
    )


MOST_STATES = 12


def machine_of(net: Net, seconds: float = 30.0) -> Extraction:
    """The machine of the net's labels, for noise that is 0, ½ or 1, if `MOST_STATES` are enough."""
    budget = Budget(pairs=5_000, walks=50, length=200, rounds=50)
    return extract(at_three_inputs(net), max_states=MOST_STATES, seconds=seconds, budget=budget)


def alternates(fsm: FSM) -> bool:
    """Whether a machine has two states, labelled 1 and 0, and every symbol leads to the other."""
    if sorted(fsm.outputs.values()) != ["0", "1"] or fsm.outputs[fsm.start] != "1":
        return False
    return all(
        set(line) == set(fsm.alphabet) and set(line.values()) == set(fsm.states) - {state}
        for state, line in fsm.transitions.items()
    )


def certificate(net: Net, seconds: float = 10.0) -> Found:
    """Is every label right, after every sequence of noise between 0 and 1, of any length?"""
    return certify(net, PATTERN, scope="legal", heads=["label"], inputs=NOISE, seconds=seconds)
