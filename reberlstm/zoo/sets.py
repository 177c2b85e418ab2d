"""Nets in which a cell stands for a set of nodes: an exact, dense change of basis.

Each of M nodes is in some of M sets, by an invertible matrix B of 0 and 1, so "in node p" is a
linear function of "in a node of set Q", for all sets. For each set and symbol a there is a cell
that is +1 exactly if the symbol just read was a and led into the set, and −1 otherwise: one
threshold on a linear function of the cells before, as in Minsky's nets (Computation: finite and
infinite machines, 1967, section 3.5). With one node in each set these are his; with half of the
nodes in each, every cell takes part in the code of every second node.

All kinds of cell compute the same, ``h' = ρ·sign``: a simple net by its tanh; a GRU with its reset
gate open and its update gate shut; an LSTM with its input and output gates open and its forget gate
shut, where ρ = tanh 1.
"""

from __future__ import annotations

import numpy as np

from reberlstm.compiler import default_gain
from reberlstm.errors import ZooError
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.cells.cell import Floats
from reberlstm.net.height import ACTIVE
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head
from reberlstm.zoo.causal import CausalMap, asked_states, map_of, state_names

TRIES = 200
"""So many random matrices are tried; the one whose inverse is the smallest is taken."""

MARGIN = 0.5
"""Heads are this where yes and minus this where no."""


def in_sets(
    machine: FSM, cell: str, share: float, rng: np.random.Generator, *, gain: float | None = None
) -> tuple[Net, CausalMap]:
    """A net whose cells stand for random sets of nodes, and its causal map.

    Args:
        machine: The machine.
        cell: ``lstm``, ``gru`` or ``rnn``.
        share: The share of the nodes that is in each set, from 0 (one node) to 1 (all but one).
        rng: Where the sets come from.
        gain: As in `reberlstm.compile`.

    Example:
        >>> from reberlstm import load_grammar
        >>> machine, rng = load_grammar("tomita-5"), np.random.default_rng(0)
        >>> net, causal_map = in_sets(machine, "rnn", 0.5, rng)
        >>> net.size, len(causal_map.of("node"))
        (7, 3)
    """
    tables = machine.tables()
    target, symbols = tables.target, len(tables.alphabet)
    entered = asked_states(tables, "all")
    rest = entered[-1] if tables.dead is None else tables.dead
    coded = [state for state in entered if state != rest]
    sets = random_sets(len(coded), share, rng)
    inverse = np.linalg.inv(sets)
    sources = [0, rest, *coded]  # the zero vector, no set, and the nodes of sets
    within = np.zeros((len(sets), len(tables)), dtype=bool)
    within[:, coded] = sets > 0
    cells = [
        (q, a)
        for q in range(len(sets))
        for a in range(symbols)
        if within[q, target[sources, a]].any()
    ]
    of_set = np.array([q for q, _ in cells])
    copies = np.bincount(of_set, minlength=len(sets))
    size, height = len(cells) + 1, ACTIVE if cell == "lstm" else 1.0
    gain = default_gain(size) if gain is None else gain

    def reading(values: Floats) -> tuple[Floats, Floats]:
        """Weights (R, H) and biases (R,) that give each source its values (R, sources)."""
        zero, low = values[:, :1], values[:, 1:2]
        on_sets = (values[:, 2:] - low) @ inverse
        started = low - zero + on_sets @ copies[:, None] / 2.0
        return np.concatenate([on_sets[:, of_set] / 2.0, started], axis=1) / height, zero[:, 0]

    leads = np.array([within[q, target[sources, a]] for q, a in cells])
    weights, biases = reading(gain * np.where(leads, 1.0, -1.0))
    candidate = {
        "weight_hh": np.concatenate([weights, np.zeros((1, size))]),
        "weight_ih": np.zeros((size, symbols)),
        "bias_ih": np.append(biases, gain),
    }
    for number, (_, a) in enumerate(cells):
        candidate["weight_ih"][number] = -2.0 * gain
        candidate["weight_ih"][number, a] = 0.0
    kind = CELLS[cell]
    biases_of = {"input": gain, "output": gain, "reset": gain, "forget": -gain, "update": -gain}

    def rows(name: str, gate: str) -> Floats:
        """A gate's rows: the candidate's, or those of a gate that is always open or shut."""
        if gate == "candidate":
            return candidate[name]
        return np.full_like(candidate[name], biases_of[gate] if name == "bias_ih" else 0.0)

    arrays = {name: np.concatenate([rows(name, gate) for gate in kind.gates]) for name in candidate}
    layer = Layer(kind, **arrays, bias_hh=np.zeros(len(kind.gates) * size))
    said = {"legal": tables.legal, "accept": tables.accepting[:, None]}
    labels = tuple(dict.fromkeys(machine.outputs.values()))
    if labels:
        said["label"] = np.array([[out == each for each in labels] for out in tables.outputs])
    heads = {
        kind: Head(*reading(MARGIN * np.where(table[sources].T, 1.0, -1.0)))
        for kind, table in said.items()
    }
    names = (*(f"set {q + 1} {tables.alphabet[a]}" for q, a in cells), "started")
    net = Net.of(
        alphabet=tables.alphabet,
        layers=(layer,),
        heads=heads,
        labels=labels,
        cells=names,
        claims="all",
        gain=gain,
        height=height,
    )
    code = np.append((sets / copies[:, None])[of_set], np.zeros((1, len(coded))), axis=0).T
    code /= np.linalg.norm(code, axis=1, keepdims=True)
    parts, known = len(kind.parts), state_names(tables)
    directions = {
        known[state]: ([state], np.tile(code[k], (parts, 1))) for k, state in enumerate(coded)
    }
    return net, map_of(tables, "all", directions)


def random_sets(nodes: int, share: float, rng: np.random.Generator) -> Floats:
    """An invertible matrix of 0 and 1, (sets, nodes), with about that share of ones in each row."""
    if not 0.0 <= share <= 1.0:
        raise ZooError(f"share is {share}; give a number from 0 to 1")
    ones = min(max(1, round(share * nodes)), max(1, nodes - 1))
    best, least = np.eye(nodes)[rng.permutation(nodes)], np.inf
    for _ in range(TRIES if ones > 1 else 0):
        found = np.zeros((nodes, nodes))
        for row in found:
            row[rng.permutation(nodes)[:ones]] = 1.0
        if abs(np.linalg.det(found)) > 0.5:
            size = np.abs(np.linalg.inv(found)).sum(axis=1).max()
            if size < least:
                best, least = found, size
    return best
