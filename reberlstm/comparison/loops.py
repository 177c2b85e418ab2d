"""Cycles gone round many times: when does the first error come, and where does the memory drift?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reberlstm.comparison.case import Case, Memories
from reberlstm.comparison.cycles import Cycle, Word, exits, ways_to
from reberlstm.comparison.proofs import proved_in_general, proved_round
from reberlstm.comparison.result import Entry, not_applicable, not_within
from reberlstm.extraction.trajectories import BudgetEnd
from reberlstm.net.weights import LSTMWeights

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


def go_round(case: Case, cycle: Cycle, rounds: int, until_error: bool = False) -> Rounds:
    """Go round a cycle by all ways to it, or until there is an error by some.

    Raises:
        BudgetEnd: when the time is over before the first chunk of rounds.
    """
    machine = case.machine
    ways = ways_to(machine, cycle)
    words = machine.given([word for _, word in ways])
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
        for state in dict.fromkeys(state for state, _ in ways):
            open_ways = [
                number
                for number, way in enumerate(ways)
                if way[0] == state
                and number not in left
                and not 0 < inside[number] <= gone - len(kept)
            ]
            if open_ways:
                memories = np.array([memory[open_ways] for memory in kept])
                found = first_exits(case, memories, state, cycle.from_state(state))
                for number, (first, word) in found.items():
                    left[open_ways[number]] = (gone - len(kept) + first + 1, word)
        if until_error and (left or inside.any()):
            break
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


def first_exits(
    case: Case, memories: Memories, state: int, cycle: Word
) -> dict[int, tuple[int, Word]]:
    """From which memories words go on with a wrong answer, leaving a cycle at a state.

    Args:
        case: The net.
        memories: After each of R rounds by each of W ways, (R, W, D).
        state: The state that they are in.
        cycle: The cycle from there on.

    Returns:
        For each way with such a word the number of the first round, from 0, and the word.
    """
    rounds, ways, size = memories.shape
    found: dict[int, tuple[int, Word]] = {}
    tree = exits(case.machine, state, cycle)
    before, places = memories.reshape(1, -1, size), {-1: 0}
    for length in sorted({len(node.word) for node in tree}):
        nodes = [(number, node) for number, node in enumerate(tree) if len(node.word) == length]
        here = before[[places[node.parent] for _, node in nodes]].reshape(-1, size)
        each = rounds * ways
        symbols = np.repeat([node.symbol for _, node in nodes], each).astype(np.intp)
        states = np.repeat([node.state for _, node in nodes], each).astype(np.intp)
        after = case.step(here, symbols)
        wrong = ~case.right(after, states) & case.judged(states)
        for (_, node), row in zip(nodes, wrong.reshape(-1, rounds, ways), strict=True):
            for way in np.flatnonzero(row.any(axis=0)).tolist():
                first = int(row[:, way].argmax())
                if way not in found or first < found[way][0]:
                    found[way] = first, node.word
        before = after.reshape(len(nodes), -1, size)
        places = {number: place for place, (number, _) in enumerate(nodes)}
    return found


def rounds_of(case: Case, cycle: Cycle, until_error: bool = False) -> Rounds:
    """`go_round`, once for all rows that ask for it."""
    key = f"rounds {cycle.states} {cycle.symbols}"
    if key not in case.memo:
        found = go_round(case, cycle, case.settings.rounds, until_error)
        if until_error and found.worst is not None:
            return found
        case.memo[key] = found
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
    found = [rounds_of(case, cycle, until_error=True) for cycle in cycles]
    limits = [rounds.worst.first for rounds in found if rounds.worst is not None]
    least = min((limit for limit in limits if limit is not None), default=None)
    return Entry("none" if least is None else f"round {least:,}", {"first": least})
