"""How many of the last symbols a node remembers: more where state vectors lie further apart.

Most nets forget most words quickly, but some slowly: after a long run of one symbol the state may
still move. To remember many symbols after every word would take too many nodes. So words are
sampled, and of their state vectors those after the same last symbols are compared: where they lie
further apart than some spread, one more symbol is remembered. (A tree of contexts, as in J.
Rissanen, A universal data compression system, IEEE Trans. Inf. Theory 29 (1983).)

All this only guesses which boxes to look for: what is found is proved like any invariant.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import Arithmetic, Execution
from reberlstm.certificates.claims import Claim, Node
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net

WORDS = 300  # words that are followed at a time
LENGTH = 250  # for so many symbols; where a word ends, another begins
ILLEGAL = 0.05  # how likely symbols are that are not legal, compared with others
MOST = 4_000  # contexts, after which there would be too many nodes

Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Sample:
    """State vectors after some words: one in each of B places after each of T symbols.

    Attributes:
        vectors: What gates and heads read of them, and the rest between −1 and 1, (T, B, D).
        full: The state vectors themselves, (T, B, D).
        states: The machine states, (T, B).
        symbols: The columns read last, (T, B).
        begins: When the present words began, (T, B).
    """

    vectors: Floats
    full: Floats
    states: Indices
    symbols: Indices
    begins: Indices


def sample(
    net: Net, claim: Claim, arithmetic: Arithmetic, words: int = WORDS, length: int = LENGTH
) -> Sample:
    """Random words of the scope, many of them with long runs: each has symbols that it prefers."""
    rng, execution = np.random.default_rng(0), Execution(net, arithmetic)
    most = max(map(len, claim.going_on))
    shape = (len(claim.going_on), most)
    columns, targets = np.zeros((2, *shape), dtype=int)
    likely = np.zeros(shape)
    legal = claim.tables.legal[:, claim.tables.columns(net.alphabet)]
    for state, steps in enumerate(claim.going_on):
        for number, (column, target) in enumerate(steps):
            columns[state, number], targets[state, number] = column, target
            likely[state, number] = 1.0 if legal[state, column] else ILLEGAL
    ends = np.array([not steps for steps in claim.going_on])
    liking = rng.random((words, 997)) ** rng.choice([1.0, 4.0, 16.0], (words, 1))
    places = np.arange(len(ends))[:, np.newaxis] * most + np.arange(most)
    rows, vectors = np.arange(words), np.repeat(execution.start(), words, axis=0)
    states, begins = np.zeros((2, words), dtype=int)
    found: list[tuple[Floats, Floats, Indices, Indices, Indices]] = []
    for time in range(length):
        over = ends[states]
        states, begins = np.where(over, 0, states), np.where(over, time, begins)
        vectors = np.where(over[:, np.newaxis], execution.start(), vectors)
        weights = likely[states] * (1e-9 + liking[rows[:, np.newaxis], places[states] % 997])
        total = weights.cumsum(axis=1)
        chosen = (total < rng.random((words, 1)) * total[:, -1:]).sum(axis=1)
        symbols, states = columns[states, chosen], targets[states, chosen]
        vectors = execution.step(vectors, symbols)
        found.append((_between_bounds(net, vectors), vectors, states, symbols, begins))
    return Sample(*(np.stack(arrays) for arrays in zip(*found, strict=True)))


def _between_bounds(net: Net, vectors: Floats) -> Floats:
    """The tanh of what no gate reads, and the rest as it is."""
    parts = []
    for layer, state in zip(net.layers, net.split(vectors), strict=True):
        h = layer.cell.hidden(state)
        parts += [part if part is h else np.tanh(part) for part in state]
    return np.concatenate(parts, axis=1)


@dataclass(frozen=True)
class Contexts:
    """After which last symbols one more has to be remembered, for each machine state."""

    longer: frozenset[Node]

    def of(self, state: int, known: tuple[int, ...]) -> tuple[int, ...]:
        """The symbols that are remembered of a word of which these are known."""
        length = 0
        while length < len(known) and (state, known[len(known) - length :]) in self.longer:
            length += 1
        return known[len(known) - length :]


def contexts(
    claim: Claim, sampled: Sample, spread: float, stride: int, depth: int
) -> Contexts | None:
    """Contexts whose sampled vectors lie no further apart, for boxes after every `stride` symbols.

    At most `depth` symbols are remembered. None where there are too many contexts.
    """
    longer: set[Node] = set()
    pending: list[tuple[Node, Indices, Indices]] = []
    for state in np.unique(sampled.states).tolist():
        times, places = np.nonzero(sampled.states == state)
        pending.append(((state, ()), times, places))
    while pending:
        (state, last), times, places = pending.pop()
        vectors = sampled.vectors[times, places]
        if (np.ptp(vectors, axis=0) <= spread).all() or len(last) >= depth:
            continue
        longer.add((state, last))
        if len(longer) > MOST:
            return None
        within = times - len(last) >= sampled.begins[times, places]
        times, places = times[within], places[within]
        before = sampled.symbols[times - len(last), places]
        for symbol in np.unique(before).tolist():
            same = before == symbol
            pending.append(((state, (symbol, *last)), times[same], places[same]))
    _close(claim, longer, stride)
    return Contexts(frozenset(longer)) if len(longer) <= MOST else None


def _close(claim: Claim, longer: set[Node], stride: int) -> None:
    """Add contexts, so that a node remembers enough to tell what the nodes after it remember."""
    sources: dict[tuple[int, int], list[int]] = defaultdict(list)
    for state, steps in enumerate(claim.going_on):
        for column, target in steps:
            sources[target, column].append(state)
    pending = list(longer)
    for state, last in pending:
        before, length = {state}, len(last) - stride
        for column in reversed(last[max(length, 0) :]):
            before = {source for target in before for source in sources[target, column]}
        # All beginnings of a longer context are there already, or are added here.
        for source in before if length >= 0 else ():
            for start in range(length + 1):
                if (source, last[start:length]) in longer:
                    break
                longer.add((source, last[start:length]))
                pending.append((source, last[start:length]))
