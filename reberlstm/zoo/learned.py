"""Nets that are trained until they are proved, and causal maps that are measured.

Training changes every weight, so nobody knows beforehand which direction is which node. The map is
measured: a node's direction is the mean of the state vectors there, less the mean at one of the
nodes, `rest`. Whether it holds is for `reberlstm.zoo.interchange` to say, as for every map.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from reberlstm.machine.fsm import FSM
from reberlstm.net.net import Net
from reberlstm.training import train
from reberlstm.zoo.causal import CausalMap, asked_states, map_of, state_names
from reberlstm.zoo.interchange import reached

NOISE = {"lstm": 0.5, "gru": 0.2, "rnn": 0.3}
"""The noise of a training to proof: of c in an LSTM, whose size nothing limits, else of h."""

STEPS = 1500


def learned(
    machine: FSM,
    cell: Literal["lstm", "gru", "rnn"],
    seed: int,
    *,
    cells: int | None = None,
    start: Net | None = None,
) -> tuple[Net, CausalMap] | None:
    """A net that was trained until it was proved, and its map; None where it was not proved.

    Args:
        machine: The machine. A complete one is learned by acceptance, another one by which symbols
            may come next, in the scope ``legal``.
        cell: The kind of cell.
        seed: Of the training.
        cells: How many cells.
        start: A net to go on from, in place of random weights.
    """
    task: Literal["accept", "next"] = "accept" if machine.is_complete else "next"
    training = train(
        machine,
        cell=cell,
        task=task,
        cells=cells,
        start="random" if start is None else start,
        noise=NOISE[cell],
        steps=STEPS,
        restarts=0,
        seed=seed,
    )
    net = training.net
    if not training.success or not isinstance(net, Net):
        return None
    kind = "accept" if task == "accept" else "legal"
    net = net.replace(heads={kind: net.heads[kind]})
    return net, measured(net, machine)


def measured(net: Net, machine: FSM) -> CausalMap:
    """The map of a net of one layer whose nodes are where its state vectors are on the mean."""
    tables = machine.tables()
    vectors, states = reached(net, tables, np.random.default_rng(0), least=1000)
    parts = vectors.reshape(len(vectors), len(net.layers[0].cell.parts), -1)
    asked, names = asked_states(tables, net.claims), state_names(tables)
    means = {state: parts[states == state].mean(axis=0) for state in asked}
    *others, rest = asked
    directions = {names[state]: ([state], means[state] - means[rest]) for state in others}
    return map_of(tables, net.claims, directions)
