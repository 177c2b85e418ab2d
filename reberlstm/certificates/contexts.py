"""How many of the last symbols a node remembers: more where state vectors lie further apart.

Most nets forget most words quickly, but some slowly: after a long run of one symbol the state may
still move. To remember many symbols after every word would take too many nodes. So words are
sampled, and of their state vectors those after the same last symbols are compared: where they lie
further apart than some spread, one more symbol is remembered. (A tree of contexts, as in J.
Rissanen, A universal data compression system, IEEE Trans. Inf. Theory 29 (1983).)

All this only guesses which boxes to look for: what is found is proved like any invariant.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import Execution
from reberlstm.certificates.claims import Claim, Node
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net

WORDS = 300  # words that are followed at a time
LENGTH = 250  # for so many symbols
SAMPLED = 10_000_000  # numbers in all sampled state vectors: large nets follow fewer words
ILLEGAL = 0.05  # how likely symbols are that are not legal, compared with others
SOME = 40  # vectors that are kept of each machine state
NUMBERS = 4_000_000  # pre-activations that are computed at a time
MOST = 4_000  # contexts, after which there would be too many nodes


Indices = NDArray[np.intp]


def walk(
    execution: Execution, claim: Claim, words: int, length: int
) -> Iterator[tuple[Floats, Indices, Indices, Indices]]:
    """State vectors (words, D), machine states, last symbols and lengths, `length` times.

    The words are random ones of the scope, many of them with long runs: each has symbols that it
    prefers. Where a word ends, another begins.
    """
    words = max(20, min(words, SAMPLED // (length * execution.start().shape[1])))
    rng, legal = np.random.default_rng(0), claim.tables.legal
    legal = legal[:, claim.tables.columns(execution.net.alphabet)]
    most = max(map(len, claim.going_on))
    shape = (len(claim.going_on), most)
    columns, targets = np.zeros((2, *shape), dtype=int)
    likely = np.zeros(shape)
    for state, steps in enumerate(claim.going_on):
        for number, (column, target) in enumerate(steps):
            columns[state, number], targets[state, number] = column, target
            likely[state, number] = 1.0 if legal[state, column] else ILLEGAL
    ends = np.array([not steps for steps in claim.going_on])
    liking = rng.random((words, 997)) ** rng.choice([1.0, 4.0, 16.0], (words, 1))
    places = np.arange(len(ends))[:, np.newaxis] * most + np.arange(most)
    rows, vectors = np.arange(words), np.repeat(execution.start(), words, axis=0)
    states, lengths = np.zeros((2, words), dtype=int)
    for _ in range(length):
        over = ends[states]
        states = np.where(over, 0, states)
        vectors = np.where(over[:, np.newaxis], execution.start(), vectors)
        weights = likely[states] * (1e-9 + liking[rows[:, np.newaxis], places[states] % 997])
        total = weights.cumsum(axis=1)
        chosen = (total < rng.random((words, 1)) * total[:, -1:]).sum(axis=1)
        symbols, states = columns[states, chosen], targets[states, chosen]
        vectors = execution.step(vectors, symbols)
        lengths = np.where(over, 0, lengths) + 1
        yield vectors, states, symbols, lengths


def sample(
    execution: Execution, claim: Claim, words: int = WORDS, length: int = LENGTH
) -> list[Floats]:
    """State vectors that words come to, for each machine state some of them, (N, D) each."""
    rng = np.random.default_rng(0)
    found = [row[:2] for row in walk(execution, claim, words, length)]
    vectors, states = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return [_some(vectors[states == state], rng) for state in range(len(claim.going_on))]


def _some(vectors: Floats, rng: np.random.Generator) -> Floats:
    """Some of the vectors: the outermost in each coordinate, and others."""
    if len(vectors) <= SOME:
        return vectors
    outermost = np.concatenate([vectors.argmin(axis=0), vectors.argmax(axis=0)])
    others = rng.integers(len(vectors), size=SOME)
    return np.asarray(vectors[np.unique(np.concatenate([outermost[:SOME], others]))])


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
    execution: Execution,
    claim: Claim,
    sampled: Sequence[Floats],
    spread: float,
    stride: int,
    depth: int,
    deadline: float,
) -> Contexts | None:
    """Contexts that leave state vectors no further apart, for boxes after every `stride` symbols.

    From the sampled vectors the net is run on what is remembered, to see how far apart it leaves
    them. At most `depth` symbols are remembered. None where there are too many contexts, or
    the time of `time.process_time` is up.
    """
    sources = _sources(claim)
    longer: set[Node] = set()
    # Each context with the machine states from which its symbols lead to its own.
    front: list[tuple[Node, list[int]]]
    front = [((state, ()), [state]) for state in range(len(sampled)) if len(sampled[state])]
    while front and len(front[0][0][1]) < depth:
        wide = [context for context in front if context[1]]
        apart = _apart(execution, sampled, wide, deadline)
        if len(apart) < len(wide):
            return None
        wide = [context for context, far in zip(wide, apart, strict=True) if far > spread]
        longer.update(node for node, _ in wide)
        if len(longer) > MOST:
            return None
        front = []
        for (state, last), begins in wide:
            before: dict[int, list[int]] = defaultdict(list)
            for begin in begins:
                for column, source in sources[begin]:
                    before[column].append(source)
            front += [((state, (a, *last)), found) for a, found in sorted(before.items())]
    _close(sources, longer, stride)
    return Contexts(frozenset(longer)) if len(longer) <= MOST else None


def _sources(claim: Claim) -> list[list[tuple[int, int]]]:
    """For each machine state the columns and states that lead to it."""
    sources: list[list[tuple[int, int]]] = [[] for _ in claim.going_on]
    for state, steps in enumerate(claim.going_on):
        for column, target in steps:
            sources[target].append((column, state))
    return sources


def _apart(
    execution: Execution,
    sampled: Sequence[Floats],
    given: list[tuple[Node, list[int]]],
    deadline: float,
) -> list[float]:
    """How far apart the symbols of each context, all of one length, leave the sampled vectors.

    There are fewer than were given where the time was up.
    """
    found: list[float] = []
    batch = max(1, NUMBERS // (SOME * 4 * execution.net.size))
    for at in range(0, len(given), batch):
        some = given[at : at + batch]
        parts = [np.concatenate([sampled[q] for q in begins]) for _, begins in some]
        lengths = [len(part) for part in parts]
        vectors = np.concatenate(parts)
        words = np.repeat([last for (_, last), _ in some], lengths, axis=0).astype(int)
        for symbols in words.T:
            vectors = execution.step(vectors, symbols)
            if time.process_time() > deadline:
                return found
        ends = np.cumsum(lengths)[:-1]
        for part in np.split(_between_bounds(execution.net, vectors), ends):
            found.append(float(np.ptp(part, axis=0).max()) if len(part) else 0.0)
    return found


def _close(sources: list[list[tuple[int, int]]], longer: set[Node], stride: int) -> None:
    """Add contexts, so that a node remembers enough to tell what the nodes after it remember."""
    pending = list(longer)
    for state, last in pending:
        before, length = {state}, len(last) - stride
        for column in reversed(last[max(length, 0) :]):
            before = {q for target in before for a, q in sources[target] if a == column}
        # All beginnings of a longer context are there already, or are added here.
        for source in before if length >= 0 else ():
            for start in range(length + 1):
                if (source, last[start:length]) in longer:
                    break
                longer.add((source, last[start:length]))
                pending.append((source, last[start:length]))
