"""Looking for a word on which a net and a machine differ: everywhere at first, then far out.

A sparse language defeats random words, so every search here follows what the net itself offers. The
searches, in the order in which they are tried:

`exhaustive`
    all words up to some length, breadth-first over pairs of memory and state, so the word found is
    a shortest one, and a miss is evidence for *all* words of that length;
`diverse`
    long words to memories that look different from all before, coarse differences first: finds the
    few words that a sparse acceptor accepts;
`repeated`
    every short cycle of the machine, many times over: finds drift;
`sampled`
    random walks along the net's offers, some with one symbol changed;
`suggested`
    words of a reference machine, and its words with one symbol changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reberlstm.extraction.interning import Ids, Interned
from reberlstm.extraction.trajectories import UNASKED, Trajectories

Word = tuple[int, ...]


class Machine(Protocol):
    """What is searched for a difference: a table of next states, and what each state shows."""

    table: list[list[int]]

    def arrays(self) -> tuple[Ids, Ids]:
        """The table, shape (S, A), −1 for no transition, and the observations, shape (S,)."""


@dataclass
class Evidence:
    """What was looked through without finding a difference.

    Attributes:
        all_up_to: Every word of at most this length was compared.
        closed: The pairs of memory and state are all known, so no longer word brings anything new.
        sampled: How many longer words were compared.
        longest: The length of the longest of them.
    """

    all_up_to: int = -1
    closed: bool = False
    sampled: int = 0
    longest: int = 0


@dataclass(frozen=True)
class Budget:
    """How much is compared before a machine counts as undistinguished from the net.

    Attributes:
        pairs: Pairs of memory and state in the exhaustive search.
        walks: Random walks.
        length: Symbols in a walk.
        rounds: Rounds of a cycle.
    """

    pairs: int = 200_000
    walks: int = 1_000
    length: int = 200
    rounds: int = 300

    @property
    def quick(self) -> int:
        """Pairs in a first look, and at each resolution of the search among diverse memories."""
        return round(6.7 * math.sqrt(self.pairs))

    def scaled(self, share: float, transitions: int = 0) -> Budget:
        """That share of it: in full of how much, by its root of how far.

        Args:
            share: The share.
            transitions: How many the machine has: sixteen pairs for each, if these are not more
                than a few hundred, are the least, and eight rounds, and four walks of 20 symbols.
        """
        root = math.sqrt(share)
        return Budget(
            pairs=max(min(400, 16 * transitions), round(share * self.pairs), 1),
            walks=max(4, round(share * self.walks)),
            length=max(20, round(root * self.length)),
            rounds=max(8, round(root * self.rounds)),
        )


def exhaustive(runs: Trajectories, machine: Machine, pairs: int, evidence: Evidence) -> Word | None:
    """The shortest word on which they differ, first in alphabet order, if `pairs` reach so far."""
    table, shown = machine.arrays()
    ids, states = np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp)
    seen = _Seen(len(table))
    levels: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    evidence.all_up_to, evidence.closed = -1, False
    while len(ids):
        wrong = np.flatnonzero(_differ(runs, ids, shown[states]))
        if len(wrong):
            return _word(levels, int(wrong[0]))
        evidence.all_up_to = len(levels)
        sources, symbols = np.nonzero(runs.offered(ids) & (table[states] >= 0))
        if len(seen) + len(sources) > pairs:
            return None
        after, targets = runs.advance(ids[sources], symbols), table[states[sources], symbols]
        fresh = seen.add(after, targets)
        levels.append((sources[fresh], symbols[fresh]))
        ids, states = after[fresh], targets[fresh]
    evidence.closed = True
    return None


def _differ(runs: Trajectories, ids: Ids, shown: Ids) -> NDArray[np.bool_]:
    """Where a memory shows something else than the machine's state does."""
    return np.asarray((runs.observation(ids) != shown) & (shown != UNASKED))


class _Seen:
    """Pairs of a number and a state that were seen, the first of each, number 0 and state 0."""

    def __init__(self, states: int) -> None:
        self._states = states
        self._known = {0}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, numbers: Ids, states: Ids) -> Ids:
        """The rows with a pair that is new, in order; of equal ones only the first."""
        distinct, rows = np.unique(numbers * self._states + states, return_index=True)
        keys = distinct.tolist()
        known = self._known
        fresh = np.array([key not in known for key in keys], dtype=bool)
        known.update(keys)
        return np.sort(rows[fresh])


def _word(levels: list[tuple[NDArray[np.intp], NDArray[np.intp]]], row: int) -> Word:
    """The word that led to a row of the last level."""
    word: list[int] = []
    for sources, symbols in reversed(levels):
        word.append(int(symbols[row]))
        row = int(sources[row])
    return tuple(reversed(word))


def diverse(runs: Trajectories, machine: Machine, pairs: int) -> Word | None:
    """A word on which they differ, by way of memories that look new at ever finer resolution."""
    for resolution in (1.0, 0.5, 0.25, 0.1):
        word = _breadth_first(runs, machine, pairs, resolution)
        if word is not None:
            return word
    return None


def _breadth_first(
    runs: Trajectories, machine: Machine, pairs: int, resolution: float
) -> Word | None:
    table, shown = machine.arrays()
    ids, states = np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp)
    levels: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    seen, cells = _Seen(len(table)), Interned(runs.width, np.dtype(np.int32))
    cells.add(_rounded(runs.states(ids), resolution))
    while len(ids) and len(seen) < pairs:
        sources, symbols = np.nonzero(runs.offered(ids) & (table[states] >= 0))
        after, targets = runs.advance(ids[sources], symbols), table[states[sources], symbols]
        coarse = _rounded(runs.states(after), resolution)
        fresh = seen.add(cells.add(coarse), targets)
        levels.append((sources[fresh], symbols[fresh]))
        ids, states = after[fresh], targets[fresh]
        wrong = np.flatnonzero(_differ(runs, ids, shown[states]))
        if len(wrong):
            return _word(levels, int(wrong[0]))
    return None


def _rounded(states: NDArray[Any], resolution: float) -> NDArray[np.int32]:
    """Memories as whole numbers of `resolution`; beyond those of 32 bits all look the same."""
    most = np.iinfo(np.int32).max // 2
    whole = np.nan_to_num(np.round(states / resolution), posinf=most, neginf=-most)
    return np.asarray(np.clip(whole, -most, most).astype(np.int32))


def compare(
    runs: Trajectories, machine: Machine, words: Iterable[Word], evidence: Evidence
) -> Word | None:
    """The shortest prefix of any of the words on which they differ; words stop at what is over."""
    _, shown = machine.arrays()
    batch = list(words)
    longest = 0
    for rows, ids, states, length in together(runs, machine, batch):
        wrong = rows[_differ(runs, ids, shown[states])]
        if len(wrong):
            words_of_it: list[Word] = [batch[row][:length] for row in wrong.tolist()]
            return min(words_of_it)
        longest = length
    evidence.sampled += len(batch)
    evidence.longest = max(evidence.longest, longest)
    return None


def together(
    runs: Trajectories, machine: Machine, words: Sequence[Word]
) -> Iterator[tuple[Ids, Ids, Ids, int]]:
    """Net and machine side by side: after each symbol the rows still going, memories and states."""
    table, _ = machine.arrays()
    lengths = np.array([len(word) for word in words], dtype=np.intp)
    order = np.argsort(-lengths, kind="stable")  # those that still go on are the first ones
    ordered = chain.from_iterable(map(words.__getitem__, order.tolist()))
    letters = np.fromiter(ordered, np.intp, int(lengths.sum()))
    begins = np.concatenate([[0], np.cumsum(lengths[order])[:-1]]) if len(words) else lengths
    ids = np.zeros(len(words), dtype=np.intp)
    states = np.zeros(len(words), dtype=np.intp)
    alive = np.arange(len(words))
    yield alive, ids, states, 0
    for position in range(int(lengths.max(initial=0))):
        alive = alive[lengths[order[alive]] > position]
        symbols = letters[begins[alive] + position]
        going = runs.offered(ids[alive])[np.arange(len(alive)), symbols]
        going &= table[states[alive], symbols] >= 0
        alive, symbols = alive[going], symbols[going]
        if not len(alive):
            return
        ids[alive] = runs.advance(ids[alive], symbols)
        states[alive] = table[states[alive], symbols]
        yield order[alive], ids[alive], states[alive], position + 1


LONGEST_CYCLE = 12

MOST_CYCLED = 300
"""Cycles are repeated only of so many states, those with the shortest ways there."""

MOST_SYMBOLS = 60_000
"""Symbols in all repeated cycles together: where they are many, each gets fewer rounds."""


def cycles(machine: Machine, rounds: int) -> list[Word]:
    """A shortest cycle through every transition, once each, repeated after a shortest way there."""
    access = shortest(machine, 0)
    found: dict[tuple[tuple[int, int], ...], tuple[Word, Word]] = {}
    for state, way in list(access.items())[:MOST_CYCLED]:
        back = _shortest_to(machine, state, LONGEST_CYCLE)
        for symbol, target in enumerate(machine.table[state]):
            rest = back.get(target)
            if rest is not None:
                cycle = (symbol, *rest)
                found.setdefault(_rotation(machine, state, cycle), (way, cycle))
    total = sum(len(cycle) for _, cycle in found.values())
    most = max(3, MOST_SYMBOLS // max(1, total))
    return [way + cycle * min(rounds, most) for way, cycle in found.values()]


def _rotation(machine: Machine, state: int, cycle: Word) -> tuple[tuple[int, int], ...]:
    """The same for a cycle from whichever of its states it is read."""
    steps = []
    for symbol in cycle:
        steps.append((state, symbol))
        state = machine.table[state][symbol]
    return min(tuple(steps[turn:] + steps[:turn]) for turn in range(len(steps)))


def shortest(machine: Machine, start: int) -> dict[int, Word]:
    """A shortest word from `start` to every state that one leads to."""
    words: dict[int, Word] = {start: ()}
    queue = [start]
    for state in queue:
        for symbol, target in enumerate(machine.table[state]):
            if target >= 0 and target not in words:
                words[target] = (*words[state], symbol)
                queue.append(target)
    return words


def _shortest_to(machine: Machine, goal: int, within: int) -> dict[int, Word]:
    """A shortest word to `goal`, of fewer than `within` symbols, from every state with one."""
    sources: list[list[tuple[int, int]]] = [[] for _ in machine.table]
    for state, line in enumerate(machine.table):
        for symbol, target in enumerate(line):
            if target >= 0:
                sources[target].append((state, symbol))
    words: dict[int, Word] = {goal: ()}
    queue = [goal]
    for state in queue:
        for source, symbol in sources[state]:
            if source not in words and len(words[state]) + 1 < within:
                words[source] = (symbol, *words[state])
                queue.append(source)
    return words


def walks(runs: Trajectories, count: int, length: int, rng: np.random.Generator) -> list[Word]:
    """Random words along the net's offers."""
    ids = np.zeros(count, dtype=np.intp)
    letters = np.zeros((count, length), dtype=np.intp)
    lengths = np.zeros(count, dtype=np.intp)
    alive = np.arange(count)
    for position in range(length):
        offered = runs.offered(ids[alive])
        alive, offered = alive[offered.any(axis=1)], offered[offered.any(axis=1)]
        if not len(alive):
            break
        symbols = np.where(offered, rng.random(offered.shape), -1.0).argmax(axis=1)
        ids[alive] = runs.advance(ids[alive], symbols)
        letters[alive, position] = symbols
        lengths[alive] += 1
    return [tuple(word[:end]) for word, end in zip(letters.tolist(), lengths.tolist(), strict=True)]


def corrupted(words: Iterable[Word], symbols: int, rng: np.random.Generator) -> Iterator[Word]:
    """Each word with one symbol replaced, inserted or left out."""
    for word in words:
        if not word:
            continue
        position = int(rng.integers(len(word)))
        symbol = int(rng.integers(symbols))
        change = rng.integers(3)
        middle = {0: (symbol,), 1: (symbol, word[position]), 2: ()}[int(change)]
        yield word[:position] + middle + word[position + 1 :]
