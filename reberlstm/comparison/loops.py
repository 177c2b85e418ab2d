"""Cycles repeated many times: when does the first error come, and where does the memory drift?"""

from __future__ import annotations

import numpy as np

from reberlstm.comparison.case import Case
from reberlstm.comparison.cycles import Cycle, Rounds, States, Way, Word, exits, ways_to
from reberlstm.comparison.proofs import proved_round
from reberlstm.comparison.result import Entry, measure, not_within
from reberlstm.extraction.trajectories import BudgetEnd
from reberlstm.machine.repeats import repeated
from reberlstm.machine.tables import Words
from reberlstm.net.net import Net

CHUNK = 32
"""Rounds that are gone before words that leave the cycle are tried from all of them."""

SETTLED, MOST_PERIODS = 1e-6, 6
"""A memory that is the same to that after so many rounds at most has settled to an orbit."""


STEADY, UNSTEADY = 10, 0.1
"""A memory goes to a limit if over twice so many rounds its moves shrink by one factor.

What is missing of 1 in that factor may vary by the second, as a part of itself.
"""


def go_round(case: Case, cycle: Cycle, rounds: int, until_error: bool = False) -> Rounds:
    """Go round a cycle by all ways to it, or until there is an error by some.

    Raises:
        BudgetEnd: when the time is over before the first chunk of rounds.
    """
    machine = case.machine
    ways = ways_to(machine, cycle)
    here = case.end(machine.given([word for _, word in ways]))
    turns = np.array([cycle.from_state(state) for state, _ in ways], dtype=np.intp)  # (W, n)
    ends = np.array([state for state, _ in ways], dtype=np.intp)
    within = np.zeros(len(ways), dtype=np.intp)
    left: dict[int, tuple[int, Word]] = {}
    path = [here[:1]]
    repeats, gone = False, 0
    while gone < rounds and not repeats:
        chunk: list[States] = []
        while not repeats and gone < rounds and len(chunk) < CHUNK:
            before, nodes = here, ends
            gone += 1
            for symbols in turns.T:
                here, nodes = case.step(here, symbols), machine.target[nodes, symbols]
                wrong = ~case.right(here, nodes) & case.is_asked(nodes)
                within = np.where(wrong & (within == 0), gone, within)
            chunk.append(here)
            repeats = bool((here == before).all())
        path += [states[:1] for states in chunk]
        passed = gone - len(chunk)
        try:
            for state in dict.fromkeys(ends.tolist()):
                open_ways = [
                    number
                    for number in np.flatnonzero(ends == state).tolist()
                    if number not in left and not 0 < within[number] <= passed
                ]
                if open_ways:
                    after = np.array([states[open_ways] for states in chunk])
                    found = first_exits(case, after, state, cycle.from_state(state))
                    for number, (first, word) in found.items():
                        left[open_ways[number]] = (passed + first + 1, word)
        except BudgetEnd:
            if not passed:
                raise
            gone = passed
            break
        if until_error and (left or within.any()):
            break
    every = []
    for number, (state, word) in enumerate(ways):
        least, onward = int(within[number]) or None, left.get(number, (None, ()))
        if least is not None and onward[0] is not None and onward[0] >= least:
            onward = None, ()
        every.append(Way(word, state, least, *onward))
    return Rounds(cycle, tuple(every), gone, np.concatenate(path), repeats)


def first_exits(
    case: Case, after_rounds: States, state: int, cycle: Word
) -> dict[int, tuple[int, Word]]:
    """From which state vectors words go on with a wrong answer, leaving a cycle at a state.

    They are those after each of R rounds by each of W ways, (R, W, D). For each way with such a
    word there is the number of the first round, from 0, and the word.
    """
    rounds, ways, size = after_rounds.shape
    every = exits(case.machine, state, cycle)
    whole = sorted(set(every) - {word[:-1] for word in every})
    words = case.machine.given(whole, np.full(len(whole), state))
    words = Words(*(np.repeat(part, rounds * ways, axis=1) for part in vars(words).values()))
    states = np.tile(after_rounds.reshape(-1, size), (len(whole), 1))
    wrong = case.wrong(words, states).reshape(len(words.symbols), len(whole), rounds, ways)
    found: dict[int, tuple[int, Word]] = {}
    for way in np.flatnonzero(wrong.any(axis=(0, 1, 2))).tolist():
        first = int(wrong[..., way].any(axis=(0, 1)).argmax())
        t, number = np.argwhere(wrong[:, :, first, way])[0].tolist()
        found[way] = first, whole[number][: t + 1]
    return found


def rounds_of(case: Case, cycle: Cycle, until_error: bool = False) -> Rounds:
    """`go_round`, once for all rows that ask for it."""
    if cycle in case.rounds:
        return case.rounds[cycle]
    found = go_round(case, cycle, case.settings.rounds, until_error)
    if until_error and found.worst is not None:
        return found
    case.rounds[cycle] = found
    word, known = found.wrong_word(), case.wrong_word
    if word is not None and (known is None or len(word) < len(known)):
        case.wrong_word = word
    return found


@measure("loop {cycle}", "Right in rounds of {cycle}?")
def limit(case: Case, cycle: Cycle) -> Entry:
    """Going round a cycle of the grammar again and again: the first round with a wrong answer.

    Here {cycle}. Within it or in up to four symbols after it, by all ways in that use no
    transition twice.
    """
    found = rounds_of(case, cycle)
    worst = found.worst
    text = case.machine.text
    ways = [
        {"way": text(w.word), "inside": w.within, "after": w.after, "exit": text(w.exit)}
        for w in found.ways
    ]
    value = {
        "first": None if worst is None else worst.first,
        "inside": min((way.within for way in found.ways if way.within is not None), default=None),
        "rounds": found.rounds,
        "repeats": found.repeats,
        "proved": False,
        "ways": ways,
    }
    if worst is not None:
        return Entry(_error(case, found, worst), value, "refuted")
    ends = [(way.state, way.word) for way in found.ways]
    if case.proved or proved_round(case, cycle, ends):
        return Entry("for ever, proved", value | {"proved": True}, "proved")
    if found.repeats:
        return Entry(f"no error; memory repeats itself after {found.rounds:,} rounds", value)
    return Entry(f"no error in {found.rounds:,} rounds", value)


def _error(case: Case, found: Rounds, worst: Way) -> str:
    text, cycle = case.machine.text, case.machine.text(found.cycle.from_state(worst.state))
    shown = repeated(cycle, len(found.cycle.symbols), worst.first or 0)
    answer = f"round {worst.first}: {text(worst.word)} {shown}"
    if worst.after == worst.first and worst.exit:
        answer += f" {text(worst.exit)}"
    within = sorted({way.within for way in found.ways if way.within is not None})
    if within and (len(within) > 1 or within[0] != worst.first):
        many = f"{within[0]}" if len(within) == 1 else f"{within[0]} to {within[-1]}, by the way in"
        answer += f"; within the cycle in round {many}"
    return answer


@measure("drift {cycle}", "Memory drift in rounds of {cycle}?")
def drift(case: Case, cycle: Cycle) -> Entry:
    """What the state vector does from round to round, by the shortest way in.

    Here {cycle}. Shown is the coordinate that is farthest from where it was after the first round.
    """
    found = rounds_of(case, cycle)
    path = found.path
    if len(path) < 3:
        return not_within()
    away = np.abs(path[-1] - path[1])
    most = int(away.argmax())
    moved = np.abs(path[-1] - path[-2])
    speed = float(moved.max())
    periods = range(1, min(MOST_PERIODS, len(path) - 2) + 1)
    same = (p for p in periods if np.abs(path[-1] - path[-1 - p]).max() <= SETTLED)
    period = next(same, None)
    name = coordinate(case, most)
    slows = period is None and moved[most] == speed
    towards = _limit(path[:, most]) if slows else None
    value = {
        "moved": float(away[most]),
        "coordinate": name,
        "first": float(path[1][most]),
        "last": float(path[-1][most]),
        "speed": speed,
        "period": period,
        "towards": towards,
        "rounds": found.rounds,
    }
    place = f"{name} from {path[1][most]:.3g} to {path[-1][most]:.3g}"
    if period == 1 and away[most] <= SETTLED:
        return Entry("none: the memory is the same after each round", value)
    if period == 1:
        return Entry(f"settles {away[most]:.2g} away; {place}", value)
    if period is not None:
        return Entry(f"settles to an orbit of {period} rounds, {away[most]:.2g} away", value)
    course = "goes on" if towards is None else f"slows down towards about {towards:.3g}"
    return Entry(f"{course}, {speed:.2g} a round; {place} after {found.rounds:,}", value)


def _limit(course: States) -> float | None:
    """Where a coordinate is going that slows down by the same factor each round."""
    moves = np.diff(course)
    if len(moves) < 2 * STEADY or not moves[-2 * STEADY :].all():
        return None
    factors = moves[1 - 2 * STEADY :] / moves[-2 * STEADY : -1]
    factor = float(factors.mean())
    if not 0.0 < factor < 1.0 or float(np.ptp(factors)) > UNSTEADY * (1.0 - factor):
        return None
    return float(course[-1] + moves[-1] * factor / (1.0 - factor))


def first_error(case: Case) -> int | None:
    """The least number of rounds with an error over all cycles."""
    found = [rounds_of(case, cycle, until_error=True).worst for cycle in case.cycles]
    return min((way.first for way in found if way and way.first is not None), default=None)


def coordinate(case: Case, number: int) -> str:
    """What a number of the state vector is called."""
    net = case.net
    if not isinstance(net, Net):
        return f"coordinate {number + 1}"
    names, at = [], 0
    for layer in net.layers:
        own = net.cells[at : at + layer.size]
        at += layer.size
        for part in layer.cell.parts:
            names += [f"{'memory' if part == 'cell' else 'h'} of {cell}" for cell in own]
    return names[number]
