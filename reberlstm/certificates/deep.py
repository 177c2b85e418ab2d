"""The search for deep wrong words: those longer than any breadth-first search can come to.

1. `_Deep.pump` goes round cycles of the machine many times, from many state vectors, and after a
   round tries all short continuations: what a net forgets slowly, it forgets in a loop. From where
   a cycle has led it goes on to other cycles.
2. `_Deep.follow_extremes` follows, for each state of the machine, the state vectors that are least
   and greatest in some coordinate, or in what a head says: these are the ends of the boxes of which
   a proof fails.
3. `_Deep.shortened` leaves out loops of a wrong word as long as it stays wrong.

All of it is deterministic, and its work is counted in steps of the net.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import Execution
from reberlstm.certificates.claims import Claim
from reberlstm.certificates.refutation import Confirm, Suspect, answer_after, worst_margins
from reberlstm.net.cells.cell import Floats

Indices = NDArray[np.intp]
Symbols = tuple[int, ...]
"""A word as columns of the net's alphabet."""

CYCLES = 24  # cycles from a state, shortest first
PATHS = 2_000  # paths tried for them
EXITS = 60  # continuations from a state, shortest first
LANES = 512  # cycles gone round at a time
NEAR = (32, 1.15)  # continuations are tried after so many rounds each, then ever more rarely
LONGEST = 12_000  # symbols of a word, about
SETTLED = 1e-13  # a state vector that a round moves by less stays where it is
ROOTS = 24  # state vectors from which cycles are gone round, at a time
EXTREMES = 1_500  # state vectors that are followed at a time
SMALL = 1_000  # weights of a net whose steps are counted as one each
CALL = 50  # what one call costs, in steps
QUIET = 60  # symbols after which, if no end has moved by a millionth, all extremes are met
TRIES = 10  # wrong words that are to be confirmed


@dataclass(frozen=True, eq=False)
class Roots:
    """Words that lead somewhere: the words, states of the machine and state vectors."""

    words: list[Symbols]
    states: Indices
    vectors: Floats


class _Branches(NamedTuple):
    """All words of one length that go on from a state: what each continues, symbol, new state."""

    parents: Indices
    columns: Indices
    states: Indices


class _EndError(Exception):
    """The work is done, or the time is over."""


def search_deep(
    execution: Execution,
    claim: Claim,
    confirm: Confirm,
    *,
    steps: int,
    longest: int,
    deadline: float,
    thorough: bool,
) -> tuple[Suspect | None, Suspect | None]:
    """A wrong word, with loops left out as far as possible, and one that was not confirmed.

    Args:
        execution: The net.
        claim: What is right.
        confirm: Tells whether a word is wrong beyond doubt.
        steps: The most steps of the net.
        longest: The most symbols of a word.
        deadline: When to end, in seconds of `time.process_time`.
        thorough: Whether to go round cycles thousands of times, and nested ones, too.
    """
    search = _Deep(execution, claim, confirm, steps, min(longest, LONGEST), deadline)
    with suppress(_EndError):
        search.run(thorough)
    return search.found, search.suspect


@dataclass
class _Deep:
    execution: Execution
    claim: Claim
    confirm: Confirm
    left: int
    longest: int
    deadline: float
    found: Suspect | None = None
    suspect: Suspect | None = None
    tries: int = 0
    moving: int = 0  # cycles in which the net still moved after the last round

    def run(self, thorough: bool) -> None:
        start = self.to_all_states(Roots([()], np.zeros(1, dtype=np.intp), self.execution.start()))
        ends = self.pump(start, 48)
        self.follow_extremes(150)
        if not thorough:
            self.pump(start, 480)
            return
        self.pump(start, LONGEST)
        self.follow_extremes(LONGEST)
        for rounds in (100, LONGEST):
            self.moving = 0
            ends = self.pump(self.to_all_states(_apart(ends, ROOTS)), rounds)
            if not self.moving:  # every cycle leads to where more rounds change nothing
                return

    # Machine

    @cached_property
    def steps(self) -> list[list[tuple[int, int]]]:
        return [list(steps) for steps in self.claim.going_on]

    @cached_property
    def exits(self) -> list[list[_Branches]]:
        """For each state the words that go on from it, shortest first, as branches by length."""
        found = []
        for state in range(len(self.steps)):
            none = np.zeros(1, dtype=np.intp)
            levels = [_Branches(none, none, np.array([state], dtype=np.intp))]
            count = 0
            while True:
                rows = [
                    (parent, a, target)
                    for parent, here in enumerate(levels[-1].states.tolist())
                    for a, target in self.steps[here]
                ]
                count += len(rows)
                if not rows or count > EXITS:
                    break
                levels.append(_Branches(*np.array(rows, dtype=np.intp).T))
            found.append(levels[1:])
        return found

    def ways(self, state: int) -> dict[int, Symbols]:
        """A shortest word from a state to each."""
        found: dict[int, Symbols] = {state: ()}
        for here in (pending := [state]):
            for a, target in self.steps[here]:
                if target not in found:
                    found[target] = (*found[here], a)
                    pending.append(target)
        return found

    @cached_property
    def simple(self) -> dict[int, list[Symbols]]:
        """Simple cycles from each state, shortest first."""
        return {state: self._simple_from(state) for state in range(len(self.steps))}

    def _simple_from(self, state: int) -> list[Symbols]:
        found: list[Symbols] = []
        paths: deque[tuple[tuple[int, ...], Symbols]] = deque([((state,), ())])
        for _ in range(PATHS):
            if not paths or len(found) == CYCLES // 2:
                break
            states, word = paths.popleft()
            for a, target in self.steps[states[-1]]:
                if target == state:
                    found.append((*word, a))
                elif target not in states:
                    paths.append(((*states, target), (*word, a)))
        return found[: CYCLES // 2]

    def cycles(self, state: int) -> list[Symbols]:
        """Simple cycles from a state, and those with another one within, shortest first."""
        simple = self.simple[state]
        found = dict.fromkeys(simple)
        for word in simple[:4]:
            here = state
            for at in range(len(word) + 1):
                for inner in self.simple[here][:3]:
                    found[word[:at] + inner + word[at:]] = None
                if at < len(word):
                    here = dict(self.steps[here])[word[at]]
        in_order = sorted(found, key=len)
        twice = {word * times for word in in_order for times in (2, 3)}
        return [word for word in in_order if word not in twice][:CYCLES]

    # Running

    @cached_property
    def cost(self) -> float:
        """What a step of the net costs, in steps of a small one."""
        layers = self.execution.net.layers
        return max(1.0, int(sum(x.weight_ih.size + x.weight_hh.size for x in layers)) / SMALL)

    def spend(self, steps: int) -> None:
        self.left -= int(steps * self.cost) + CALL
        if self.left < 0 or time.process_time() > self.deadline:
            raise _EndError

    def run_words(self, vectors: Floats, words: Sequence[Symbols]) -> Floats:
        """The state vectors after one word each."""
        vectors = vectors.copy()
        lengths = np.array([len(word) for word in words])
        order = np.argsort(-lengths, kind="stable")
        for t in range(int(lengths.max(initial=0))):
            rows = order[: int((lengths > t).sum())]
            columns = np.array([words[row][t] for row in rows], dtype=np.intp)
            vectors[rows] = self.execution.step(vectors[rows], columns)
            self.spend(len(rows))
        return vectors

    def to_all_states(self, roots: Roots) -> Roots:
        """From each root a shortest way to each state of the machine that has a cycle."""
        chosen: list[tuple[int, int, Symbols]] = []
        for number, state in enumerate(roots.states.tolist()):
            ways = self.ways(state).items()
            chosen += [(number, target, way) for target, way in ways if self.simple[target]]
        if not chosen:
            raise _EndError
        numbers, targets, ways_taken = zip(*chosen, strict=True)
        vectors = self.run_words(roots.vectors[list(numbers)], ways_taken)
        words = [roots.words[number] + way for number, _, way in chosen]
        return Roots(words, np.array(targets, dtype=np.intp), vectors)

    def report(self, word: Symbols) -> None:
        """End the search with a wrong word, if it is confirmed."""
        alphabet = self.execution.net.alphabet

        def judged(columns: Symbols) -> bool:
            text = tuple(alphabet[a] for a in columns)
            wrong = answer_after(self.execution, self.claim, text)
            if wrong is None:
                return False
            if time.process_time() < self.deadline and self.confirm(text, wrong):
                self.found = text, wrong
            elif self.suspect is None or len(text) < len(self.suspect[0]):
                self.suspect = text, wrong
            return self.found is not None

        self.tries += 1
        try:
            short = self.shortened(word)
        except _EndError:
            short = word
        if judged(short) or (short != word and judged(word)) or self.tries >= TRIES:
            raise _EndError

    # Cycles

    def pump(self, roots: Roots, rounds: int) -> Roots:
        """Go round all cycles from all roots; where that leads after some rounds, and all."""
        lanes = [
            (number, cycle)
            for number, state in enumerate(roots.states.tolist())
            for cycle in self.cycles(state)
        ]
        lanes.sort(key=lambda lane: len(lane[1]) + len(roots.words[lane[0]]))
        by_length: dict[int, list[tuple[int, Symbols]]] = {}
        for lane in lanes[: 8 * LANES]:
            by_length.setdefault(len(lane[1]), []).append(lane)
        ends: list[Roots] = []
        for together in by_length.values():
            for i in range(0, len(together), LANES):
                ends += self._pump(roots, together[i : i + LANES], rounds)
        return Roots(
            [word for end in ends for word in end.words],
            np.concatenate([end.states for end in ends]),
            np.concatenate([end.vectors for end in ends]),
        )

    def _pump(self, roots: Roots, lanes: list[tuple[int, Symbols]], rounds: int) -> Iterator[Roots]:
        numbers = np.array([number for number, _ in lanes], dtype=np.intp)
        cycles = np.array([cycle for _, cycle in lanes], dtype=np.intp)  # (L, length)
        states = roots.states[numbers]
        vectors, moving = roots.vectors[numbers], np.arange(len(lanes))
        rounds = min(rounds, self.longest // cycles.shape[1])
        every, ratio = NEAR
        checked = 0
        anchor = np.full_like(vectors, np.inf)

        def place(rows: Indices, count: int) -> Roots:
            words = [roots.words[numbers[row]] + lanes[row][1] * count for row in rows.tolist()]
            return Roots(words, states[rows], vectors[rows])

        for count in range(1, rounds + 1):
            before = vectors[moving]
            after = before
            for column in cycles[moving].T:
                after = self.execution.step(after, column)
            self.spend(cycles.shape[1] * len(moving))
            vectors[moving] = after
            if count <= every or count >= ratio * checked or count == rounds:
                wrong = self.wrong_exit(vectors[moving], states[moving])
                if wrong is not None:
                    row, way = int(moving[wrong[0]]), wrong[1]
                    first = self.first_round(roots, lanes[row], way, count)
                    self.report(roots.words[lanes[row][0]] + lanes[row][1] * first + way)
                checked = count
            if count in (3, 20):
                yield place(moving, count)
            size = np.maximum(1.0, np.abs(after).max(axis=1))
            settled = np.abs(after - before).max(axis=1) <= SETTLED * size
            # Round an orbit, too: as it was in a round some time ago (R. P. Brent, 1980).
            settled |= np.abs(after - anchor[moving]).max(axis=1) <= SETTLED * size
            if count & (count - 1) == 0:
                anchor = vectors.copy()
            if settled.any():
                yield place(moving[settled], count)
                moving = moving[~settled]
                if not len(moving):
                    return
        self.moving += len(moving)
        yield place(moving, rounds)

    def wrong_exit(self, vectors: Floats, states: Indices) -> tuple[int, Symbols] | None:
        """A row from which a short word leads to a wrong answer, and the word."""
        exits = [self.exits[state] for state in states.tolist()]
        rows = np.arange(len(states))
        came: list[tuple[Indices, Indices]] = []
        starts = rows  # where the branches of each root begin
        for level in range(1 + max(map(len, exits), default=0)):
            wrong = np.flatnonzero(
                ~(worst_margins(self.execution, self.claim, vectors, states) > 0.0)
            )
            if len(wrong):
                at, word = int(wrong[0]), []
                for parents, columns in reversed(came):
                    word.append(int(columns[at]))
                    at = int(parents[at])
                return at, tuple(reversed(word))
            deeper = [(n, each[level]) for n, each in enumerate(exits) if len(each) > level]
            if not deeper:
                break
            parents = np.concatenate([starts[n] + branches.parents for n, branches in deeper])
            columns = np.concatenate([branches.columns for _, branches in deeper])
            states = np.concatenate([branches.states for _, branches in deeper])
            sizes = [0] * len(exits)
            for n, branches in deeper:
                sizes[n] = len(branches.states)
            starts = np.cumsum([0, *sizes[:-1]])
            self.spend(len(columns))
            vectors = self.execution.step(vectors[parents], columns)
            came.append((parents, columns))
        return None

    @cached_property
    def table(self) -> Indices:
        """The next state of the machine, by columns of the net's alphabet."""
        tables = self.claim.tables
        return tables.target[:, tables.columns(self.execution.net.alphabet)]

    def first_round(self, roots: Roots, lane: tuple[int, Symbols], way: Symbols, count: int) -> int:
        """The least number of rounds after which the same way is wrong."""
        number, cycle = lane
        here = roots.vectors[number : number + 1]
        path = [here]
        for _ in range(count):
            for column in cycle:
                here = self.execution.step(here, np.array([column], dtype=np.intp))
            path.append(here)
        self.spend(count * len(cycle))
        after = self.run_words(np.concatenate(path), [way] * len(path))
        state = int(roots.states[number])
        for column in way:
            state = int(self.table[state, column])
        states = np.full(len(after), state, dtype=np.intp)
        wrong = ~(worst_margins(self.execution, self.claim, after, states) > 0.0)
        return int(np.flatnonzero(wrong)[0]) if wrong.any() else count

    # Extremes

    def follow_extremes(self, length: int) -> None:
        """Words of up to a length, those that lead farthest out."""
        vectors, states = self.execution.start(), np.zeros(1, dtype=np.intp)
        random = np.random.default_rng(0).standard_normal((vectors.shape[1], 8))
        came: list[tuple[Indices, Indices]] = []
        shape = len(self.steps), vectors.shape[1] + random.shape[1]
        least, most = np.full(shape, np.inf), np.full(shape, -np.inf)
        moved = 0
        for count in range(min(length, self.longest)):
            edges = [
                (row, a, target)
                for row, state in enumerate(states.tolist())
                for a, target in self.steps[state]
            ]
            if not edges:
                return
            rows, columns, states = np.array(edges, dtype=np.intp).T
            self.spend(len(rows))
            vectors = self.execution.step(vectors[rows], columns)
            wrong = ~(worst_margins(self.execution, self.claim, vectors, states) > 0.0)
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                word = [int(columns[row])]
                row = int(rows[row])
                for parents, symbols in reversed(came):
                    word.append(int(symbols[row]))
                    row = int(parents[row])
                self.report(tuple(reversed(word)))
            own = np.concatenate([vectors, vectors @ random], axis=1)
            room = 1e-6 * np.maximum(1.0, np.abs(own))
            if ((own < least[states] - room) | (own > most[states] + room)).any():
                moved = count
            elif count - moved > QUIET:
                return
            np.minimum.at(least, states, own)
            np.maximum.at(most, states, own)
            values = [self.execution.read(head, vectors) for head in self.claim.heads]
            features = np.concatenate([*values, own], axis=1)
            kept = _extremes(states, features[:, : max(1, EXTREMES // (2 * len(self.steps)))])
            came.append((rows[kept], columns[kept]))
            vectors, states = vectors[kept], states[kept]

    # Shorter words

    def shortened(self, word: Symbols) -> Symbols:
        """The word without loops of the machine, as long as it, or a beginning of it, is wrong."""
        while True:
            path = [0]
            for column in word:
                path.append(int(self.table[path[-1], column]))
            places: dict[int, list[int]] = {}
            for at, state in enumerate(path):
                places.setdefault(state, []).append(at)
            loops = [
                (i, j) for at in places.values() for n, i in enumerate(at) for j in at[n + 1 :]
            ]
            loops.sort(key=lambda loop: loop[0] - loop[1])
            most = max(20, 200_000 // len(word)) if word else 0
            if len(loops) > most:
                loops = [loops[int(x)] for x in np.linspace(0, len(loops) - 1, most)]
            shorter = self._first_wrong([word[:i] + word[j:] for i, j in loops])
            if shorter is None:
                return word
            word = shorter

    def _first_wrong(self, words: list[Symbols]) -> Symbols | None:
        """The first of the words that has a wrong beginning, and only that."""
        for i in range(0, len(words), LANES):
            some = words[i : i + LANES]
            vectors = np.repeat(self.execution.start(), len(some), axis=0)
            states = np.zeros(len(some), dtype=np.intp)
            ends = np.full(len(some), -1)
            lengths = np.array([len(word) for word in some])
            for t in range(1, int(lengths.max(initial=0)) + 1):
                rows = np.flatnonzero((lengths >= t) & (ends < 0))
                columns = np.array([some[row][t - 1] for row in rows.tolist()], dtype=np.intp)
                if not len(rows):
                    break
                self.spend(len(rows))
                vectors[rows] = self.execution.step(vectors[rows], columns)
                states[rows] = self.table[states[rows], columns]
                margins = worst_margins(self.execution, self.claim, vectors[rows], states[rows])
                ends[rows[~(margins > 0.0)]] = t
            right = np.flatnonzero(ends >= 0)
            if len(right):
                best = int(right[np.argmin(ends[right])])
                return some[best][: int(ends[best])]
        return None


def _apart(roots: Roots, most: int) -> Roots:
    """Some of the roots, far from each other, shared between the states of the machine."""
    kept: list[int] = []
    each = max(1, most // max(1, len(set(roots.states.tolist()))))
    for state in dict.fromkeys(roots.states.tolist()):
        rows = np.flatnonzero(roots.states == state)
        points = np.tanh(0.25 * roots.vectors[rows])
        distance = np.full(len(rows), np.inf)
        chosen = 0
        for _ in range(min(each, len(rows))):
            kept.append(int(rows[chosen]))
            distance = np.minimum(distance, np.abs(points - points[chosen]).max(axis=1))
            chosen = int(distance.argmax())
            if distance[chosen] <= 1e-3:
                break
    return Roots([roots.words[row] for row in kept], roots.states[kept], roots.vectors[kept])


def _extremes(states: Indices, features: Floats) -> Indices:
    """The rows that are least or greatest in a feature among those of their state."""
    order = np.argsort(states, kind="stable")
    bounds = np.flatnonzero(np.diff(states[order])) + 1
    kept: list[Indices] = []
    for rows in np.split(order, bounds):
        own = features[rows]
        kept += [rows[own.argmin(axis=0)], rows[own.argmax(axis=0)]]
    return np.unique(np.concatenate(kept))
