"""Interchange interventions: does a direction stand for a variable of the machine?

Two words, *base* and *source*, lead the net to two state vectors and the machine to two states. The
net's coordinates along a direction are put from the source's vector into the base's, in h and, in
an LSTM, in c. If the direction stands for the variable, the net must then answer as the machine
does in the state in which that variable is the source's and all else the base's
(`CausalMap.after`): at once, and while both read on. A word that tells that state from the base's
own comes first, so that an intervention without effect fails.

Nodes exclude each other: to be at node q is not to be at p. So a node's direction is tested on
pairs of words of which exactly one leads to it, and the coordinates in the plane of its direction
and the other node's are exchanged.

The idea is that of A. Geiger, H. Lu, T. Icard & C. Potts, Causal abstractions of neural networks,
2021, arxiv.org/abs/2106.02997; distributed directions are from Geiger and others, 2023,
arxiv.org/abs/2303.02536.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import ZooError, shown
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Tables
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.plain import Plain
from reberlstm.zoo.causal import CausalMap, Variable

PAIRS = 60
"""Pairs of words for each variable."""

LONGEST = 40
"""The longest words that lead to a state vector."""

READ_ON = 10
"""So many symbols net and machine read after an intervention, at least."""

Ints = NDArray[np.intp]


class Reached(NamedTuple):
    """State vectors (B, D) that words of the machine lead to, and its states (B,)."""

    vectors: Floats
    states: Ints


@dataclass(frozen=True)
class Interchange(Plain):
    """What interventions along one direction showed.

    Attributes:
        variable: The variable.
        pairs: How many pairs of words were tried.
        right: The share of them after which all answers were those that the variable asks for; 0
            where the machine has no pairs that tell.
    """

    variable: str
    pairs: int
    right: float


def check_map(
    net: Net, machine: FSM, causal_map: CausalMap, *, pairs: int = PAIRS, seed: int = 0
) -> list[Interchange]:
    """Test every direction of a causal map by interchange interventions.

    Args:
        net: The net.
        machine: The machine that it follows.
        causal_map: The map.
        pairs: Pairs of words for each variable.
        seed: Of the words.

    Returns:
        One result for each variable. The map stands where `right` is 1 for all of them.

    Raises:
        ZooError: where directions do not fit the net, or the map's states the machine.

    Example:
        >>> from reberlstm.zoo import compiled
        >>> from reberlstm import load_grammar
        >>> machine = load_grammar("embedded-reber")
        >>> net, causal_map = compiled(machine, memory="latch")
        >>> [(each.variable, each.right) for each in check_map(net, machine, causal_map)][-1]
        ('latch', 1.0)
    """
    return interchanges(net, machine, causal_map, {}, pairs=pairs, seed=seed)


def interchanges(
    net: Net,
    machine: FSM,
    causal_map: CausalMap,
    directions: Mapping[str, Any],
    *,
    pairs: int = PAIRS,
    seed: int = 0,
) -> list[Interchange]:
    """The same for other directions of some variables, or for all where none are given.

    A direction has shape (H,), for all parts of the state, or (P, H).
    """
    trial = _Trial(net, machine.tables(), causal_map, seed)
    if trial.machine.alphabet != net.alphabet or len(trial.machine) != len(causal_map.states):
        raise ZooError(f"the causal map is not one of {machine}; give the machine that it is for")
    asked = {each.name: each.direction for each in causal_map.variables}
    if directions:
        asked = {causal_map[name].name: value for name, value in directions.items()}
    return [
        trial.of(causal_map[name], trial.direction(name, direction), pairs)
        for name, direction in asked.items()
    ]


def reached(net: Net, machine: Tables, rng: np.random.Generator, least: int = 400) -> Reached:
    """State vectors after all non-empty prefixes of random words, and of words to every state.

    Half of the words are legal, the others stray; see `Tables.draw` and `Tables.stray`. After that
    random words go on from every state.
    """
    count = max(8, least // 20)
    drawn = [machine.draw(rng, (count,), LONGEST), machine.stray(rng, (count,), LONGEST)]
    words: list[list[int]] = []
    for each in drawn:
        words += [each.symbols[:n, k].tolist() for k, n in enumerate(each.lengths)]
    for state, word in machine.shortest_words().items():
        after = machine.draw(rng, np.full(2, state), LONGEST)
        words += [[*word, *after.symbols[:n, k].tolist()] for k, n in enumerate(after.lengths)]
    if machine.dead is not None:
        words += [[*word, int(rng.integers(len(machine.alphabet)))] for word in words[:count]]
    every = machine.given([word for word in words if word])
    vector, vectors = net.start(every.count), []
    for symbols, present in zip(every.symbols, every.present, strict=True):
        vector = net.step(vector, symbols)
        vectors.append(vector[present])
    return Reached(np.concatenate(vectors), every.states[every.present])


class _Trial:
    """One net, and the words that interventions are made on."""

    def __init__(self, net: Net, machine: Tables, causal_map: CausalMap, seed: int) -> None:
        (self.layer,) = net.layers
        self.net, self.machine, self.map = net, machine, causal_map
        self.parts = len(self.layer.cell.parts)
        self.rng = np.random.default_rng(seed)
        self.reached = reached(net, machine, self.rng)
        states = self.reached.states
        self.at = {q: np.flatnonzero(states == q) for q in causal_map.asked}
        self.at = {q: where for q, where in self.at.items() if len(where)}

    def direction(self, name: str, value: Any) -> Floats:
        """A direction as (P, H).

        Raises:
            ZooError: where it is none.
        """
        try:
            found = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise ZooError(
                f"direction of {name!r}: {shown(value)} is no array of numbers"
            ) from None
        shape = self.parts, self.layer.size
        if found.shape not in (shape, shape[1:]):
            raise ZooError(f"the direction of {name!r} has shape {found.shape}, not {shape[1:]}")
        if not np.isfinite(found).all() or not found.any():
            raise ZooError(f"the direction of {name!r} is zero or not finite")
        return np.broadcast_to(found, shape)

    def of(self, variable: Variable, direction: Floats, pairs: int) -> Interchange:
        """What interventions along a direction show."""
        base, source, wanted = self._pairs(variable, pairs)
        if not len(base):
            return Interchange(variable.name, 0, 0.0)
        vectors, states = self.reached
        shape = (-1, self.parts, self.layer.size)
        before, other = vectors[base].reshape(shape), vectors[source].reshape(shape)
        nodes = self.map.of("node")
        changed = before.copy()
        for number in range(len(base)):
            plane = [direction]
            if variable.kind == "node":
                both = {self.map.node_of[states[end[number]]] for end in (base, source)}
                both -= {-1, nodes.index(variable)}
                plane += [nodes[k].direction for k in both]
            for part in range(self.parts):
                span = orthonormal(np.array([each[part] for each in plane]))
                moved = span @ (other[number, part] - before[number, part])
                changed[number, part] += moved @ span
        right = self._follows(changed.reshape(len(base), -1), states[base], wanted)
        return Interchange(variable.name, len(base), float(right.mean()))

    def _pairs(self, variable: Variable, pairs: int) -> tuple[Ints, Ints, Ints]:
        """Words to be base and source, and the states that the machine should then be in."""
        ends = [(p, q) for p in self.at for q in self.at]
        after = {pair: self.map.after(variable, *pair) for pair in ends}
        possible = [
            (p, q, to)
            for (p, q), to in after.items()
            if to is not None and (variable.kind == "distractor" or self._apart[0][p, to] < _NEVER)
        ]
        if not possible:
            none = np.zeros(0, dtype=np.intp)
            return none, none, none
        chosen = [possible[k] for k in self.rng.integers(len(possible), size=pairs)]
        base = [self.rng.choice(self.at[p]) for p, _, _ in chosen]
        source = [self.rng.choice(self.at[q]) for _, q, _ in chosen]
        return np.array(base), np.array(source), np.array([to for _, _, to in chosen])

    @cached_property
    def _apart(self) -> tuple[Ints, Ints]:
        """Of two states the length of a shortest word that tells them apart; its first symbol."""
        machine, asked = self.machine, self.machine.asked(self.net.claims)
        said = self._said
        differ = asked[:, None] & asked[None, :] & (said[:, None] != said[None, :]).any(axis=-1)
        length = np.where(differ, 0, _NEVER)
        first = np.zeros_like(length)
        while True:
            next_ = length[machine.target[:, None, :], machine.target[None, :, :]] + 1
            shorter = next_.min(axis=-1) < length
            if not shorter.any():
                return length, first
            first = np.where(shorter, next_.argmin(axis=-1), first)
            length = np.where(shorter, next_.min(axis=-1), length)

    @cached_property
    def _said(self) -> NDArray[np.int64]:
        """What the machine says in each state, in the order of `_answers`."""
        columns = {
            "legal": self.machine.legal,
            "accept": self.machine.accepting[:, None],
            "label": np.array([self._label(output) for output in self.machine.outputs])[:, None],
        }
        questions = self.net.asked(self.net.claims)
        return np.concatenate([columns[each].astype(np.int64) for each in questions], axis=1)

    def _label(self, output: str | None) -> int:
        return -1 if output is None else self.net.labels.index(output)

    def _answers(self, vectors: Floats) -> NDArray[np.int64]:
        seen = self.net.observe(vectors)
        every = [np.asarray(getattr(seen, each)) for each in self.net.asked(self.net.claims)]
        return np.concatenate([e.reshape(len(vectors), -1).astype(np.int64) for e in every], axis=1)

    def _follows(self, vectors: Floats, base: Ints, wanted: Ints) -> NDArray[np.bool_]:
        """Whether the net answers as the machine does in the wanted states, and after them."""
        length, first = self._apart
        asked, legal = self.machine.asked(self.net.claims), self.machine.legal
        right = np.ones(len(vectors), dtype=bool)
        told = np.zeros(len(vectors), dtype=bool)
        most = int(length[base, wanted][length[base, wanted] < _NEVER].max(initial=0))
        for _ in range(most + READ_ON):
            said = self._said[wanted]
            same = (self._answers(vectors) == said) | (said < 0)
            right &= same.all(axis=1) | ~asked[wanted]
            told |= (length[base, wanted] == 0) | (length[base, wanted] >= _NEVER)
            # One symbol in five may be any at all.
            free = self.rng.random((len(vectors), legal.shape[1])) + (
                legal[wanted] & (self.rng.random((len(vectors), 1)) < 0.8)
            )
            symbols = np.where(told, free.argmax(axis=1), first[base, wanted])
            vectors = self.net.step(vectors, symbols)
            base, wanted = self.machine.target[base, symbols], self.machine.target[wanted, symbols]
        return right


_NEVER = 10**9


def orthonormal(rows: Floats) -> Floats:
    """An orthonormal basis (k, H) of what rows (n, H) span, which may be zero or the same."""
    _, sizes, basis = np.linalg.svd(rows, full_matrices=False)
    return np.asarray(basis[sizes > 1e-9 * max(1e-300, sizes.max(initial=0.0))])
