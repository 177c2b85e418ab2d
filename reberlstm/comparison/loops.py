"""Cycles gone round many times: when does the first error come, and where does the memory drift?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reberlstm.comparison.case import Case, Memories
from reberlstm.comparison.cycles import Cycle, Exit, Word, exits, ways_to
from reberlstm.comparison.machine import Ints
from reberlstm.comparison.proofs import proved_in_general, proved_round
from reberlstm.comparison.result import Entry, not_applicable, not_within
from reberlstm.extraction.trajectories import BudgetEnd
from reberlstm.weights import LSTMWeights

CHUNK = 32
"""Rounds that are gone before words that leave the cycle are tried from all of them."""

SETTLED = 1e-6
MOST_PERIODS = 6
"""A memory that is the same to `SETTLED` after so many rounds at most has settled to an orbit."""


@dataclass(frozen=True)
class Way:
    """One way to a cycle, and what came of going round.

    Attributes:
        word: The way, as numbers of symbols.
        state: The state that it leads to.
        inside: The first round with a wrong answer in it, None where there was none.
        after: The least number of rounds after which up to four symbols may follow with a wrong
            answer on the way, none less than `inside`.
        exit: These symbols.
    """

    word: Word
    state: int
    inside: int | None = None
    after: int | None = None
    exit: Word = ()

    @property
    def first(self) -> int | None:
        """The least number of rounds with an error."""
        return min((n for n in (self.inside, self.after) if n is not None), default=None)


@dataclass(frozen=True, eq=False)
class Rounds:
    """All ways to one cycle.

    Attributes:
        cycle: The cycle.
        ways: The ways.
        rounds: How many rounds were gone.
        path: The memories before the first and after each round, by the first way, (rounds + 1, D).
        repeats: Whether at last every memory was, bit by bit, what it had been a round before.
    """

    cycle: Cycle
    ways: tuple[Way, ...]
    rounds: int
    path: Memories
    repeats: bool

    @property
    def worst(self) -> Way | None:
        """The way with the earliest error."""
        wrong = [way for way in self.ways if way.first is not None]
        return min(wrong, key=lambda way: (way.first, len(way.word)), default=None)

    def wrong_word(self) -> Word | None:
        """A word with a wrong answer on the way."""
        way = self.worst
        if way is None or way.first is None:
            return None
        leaving = way.exit if way.after == way.first else ()
        return way.word + self.cycle.from_state(way.state) * way.first + leaving


def go_round(case: Case, cycle: Cycle, rounds: int) -> Rounds:
    """Go round a cycle by all ways to it.

    Raises:
        BudgetEnd: when the time is over before the first chunk of rounds.
    """
    machine = case.machine
    ways = ways_to(machine, cycle)
    words = machine.of([word for _, word in ways])
    here = case.end(words)
    turns = np.array([cycle.from_state(state) for state, _ in ways], dtype=np.intp)  # (W, n)
    ends = np.array([state for state, _ in ways], dtype=np.intp)
    inside = np.zeros(len(ways), dtype=np.intp)
    left: dict[int, tuple[int, Word]] = {}
    path = [here[:1]]
    repeats, gone = False, 0
    while gone < rounds and not repeats:
        kept = []
        for _ in range(min(CHUNK, rounds - gone)):
            before, states = here, ends
            for symbols in turns.T:
                here, states = case.step(here, symbols), machine.target[states, symbols]
                wrong = ~case.right(here, states) & case.judged(states)
                inside = np.where(wrong & (inside == 0), gone + 1, inside)
            gone += 1
            kept.append(here)
            path.append(here[:1])
            repeats = bool((here == before).all())
            if repeats:
                break
        for number, (state, _) in enumerate(ways):
            if number not in left and not 0 < inside[number] <= gone - len(kept):
                memories = np.array([memory[number] for memory in kept])
                found = _first_exit(case, memories, state, cycle.from_state(state))
                if found is not None:
                    left[number] = (gone - len(kept) + found[0] + 1, found[1])
        try:
            case.check()
        except BudgetEnd:
            break
    return Rounds(
        cycle,
        tuple(
            _way(word, state, int(inside[number]), left.get(number))
            for number, (state, word) in enumerate(ways)
        ),
        gone,
        np.concatenate(path),
        repeats,
    )


def _way(word: Word, state: int, inside: int, left: tuple[int, Word] | None) -> Way:
    within = inside or None
    if left is None or (within is not None and left[0] >= within):
        return Way(word, state, within)
    return Way(word, state, within, *left)


def _first_exit(case: Case, memories: Memories, state: int, cycle: Word) -> tuple[int, Word] | None:
    """The first of memories (N, D) from which a word goes on with a wrong answer, and that word."""
    tree = exits(case.machine, state, cycle)
    best: tuple[int, Word] | None = None
    reached: dict[int, Memories] = {-1: memories}
    for number, node in enumerate(tree):
        after = case.step(reached[node.parent], np.full(len(memories), node.symbol))
        if any(other.parent == number for other in tree):
            reached[number] = after
        if not case.judged(np.array([node.state]))[0]:
            continue
        wrong = np.flatnonzero(~case.right(after, _all(node, len(after))))
        if len(wrong) and (best is None or wrong[0] < best[0]):
            best = int(wrong[0]), node.word
    return best


def _all(node: Exit, count: int) -> Ints:
    return np.full(count, node.state, dtype=np.intp)


def rounds_of(case: Case, cycle: Cycle) -> Rounds:
    """`go_round`, once for all rows that ask for it."""
    key = f"rounds {cycle.states} {cycle.symbols}"
    if key not in case.memo:
        found = case.memo[key] = go_round(case, cycle, case.settings.rounds)
        word = found.wrong_word()
        shortest = case.memo.get("wrong word")
        if word is not None and (shortest is None or len(word) < len(shortest)):
            case.memo["wrong word"] = word
    rounds: Rounds = case.memo[key]
    return rounds


def limit(case: Case, cycle: Cycle) -> Entry:
    """How many rounds until the first error, or for ever."""
    found = rounds_of(case, cycle)
    worst = found.worst
    text = case.machine.text
    ways = [
        {
            "way": text(way.word),
            "inside": way.inside,
            "after": way.after,
            "exit": text(way.exit),
        }
        for way in found.ways
    ]
    value = {
        "first": None if worst is None else worst.first,
        "inside": min((way.inside for way in found.ways if way.inside is not None), default=None),
        "rounds": found.rounds,
        "repeats": found.repeats,
        "proved": False,
        "ways": ways,
    }
    if worst is not None:
        return Entry(_error(case, found, worst), value, "refuted")
    ends = [(way.state, way.word) for way in found.ways]
    if proved_in_general(case) or proved_round(case, cycle, ends):
        return Entry("for ever, proved", value | {"proved": True}, "proved")
    if found.repeats:
        return Entry(f"no error; memory repeats itself after {found.rounds:,} rounds", value)
    return Entry(f"no error in {found.rounds:,} rounds", value)


def _error(case: Case, found: Rounds, worst: Way) -> str:
    text, cycle = case.machine.text, case.machine.text(found.cycle.from_state(worst.state))
    shown = f"{cycle}×{worst.first}" if len(cycle) == 1 else f"({cycle})×{worst.first}"
    answer = f"round {worst.first}: {text(worst.word)} {shown}"
    if worst.after == worst.first and worst.exit:
        answer += f" {text(worst.exit)}"
    inside = sorted({way.inside for way in found.ways if way.inside is not None})
    if inside and (len(inside) > 1 or inside[0] != worst.first):
        many = f"{inside[0]}" if len(inside) == 1 else f"{inside[0]} to {inside[-1]}, by the way in"
        answer += f"; within the cycle in round {many}"
    return answer


def drift(case: Case, cycle: Cycle) -> Entry:
    """Where the memory goes, by the shortest way to the cycle."""
    found = rounds_of(case, cycle)
    path = found.path
    if len(path) < 3:
        return not_within()
    away = np.abs(path[-1] - path[1])
    most = int(away.argmax())
    speed = float(np.abs(path[-1] - path[-2]).max())
    period = next(
        (
            p
            for p in range(1, min(MOST_PERIODS, len(path) - 2) + 1)
            if np.abs(path[-1] - path[-1 - p]).max() <= SETTLED
        ),
        None,
    )
    value = {
        "moved": float(away[most]),
        "coordinate": coordinate(case, most),
        "first": float(path[1][most]),
        "last": float(path[-1][most]),
        "speed": speed,
        "period": period,
        "rounds": found.rounds,
    }
    place = f"{coordinate(case, most)} from {path[1][most]:.3g} to {path[-1][most]:.3g}"
    if period == 1 and away[most] <= SETTLED:
        return Entry("none: the memory is the same after each round", value)
    if period == 1:
        return Entry(f"settles {away[most]:.2g} away: {place}", value)
    if period is not None:
        return Entry(f"settles to an orbit of {period} rounds, {away[most]:.2g} away", value)
    return Entry(f"goes on, {speed:.2g} a round: {place} after {found.rounds:,}", value)


def coordinate(case: Case, number: int) -> str:
    """What a coordinate of the memory is called."""
    net = case.net
    if not isinstance(net, LSTMWeights):
        return f"coordinate {number + 1}"
    cell = net.cells[number % net.size]
    part = "memory" if net.cell == "published" or number >= net.size else "h"
    return f"{part} of {cell}"


def shortest_limit(case: Case, cycles: Sequence[Cycle]) -> Entry:
    """The least number of rounds with an error over several cycles."""
    if not cycles:
        return not_applicable("no cycles")
    found = [rounds_of(case, cycle) for cycle in cycles]
    limits = [rounds.worst.first for rounds in found if rounds.worst is not None]
    least = min((limit for limit in limits if limit is not None), default=None)
    return Entry("none" if least is None else f"round {least:,}", {"first": least})
