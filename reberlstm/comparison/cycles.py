"""The simple cycles of a machine, the ways to them, and how words go on from there."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from reberlstm.machine.tables import Tables

States = NDArray[Any]
"""State vectors, (B, D)."""

Word = tuple[int, ...]
"""A word as numbers of symbols."""

MOST_PATHS = 20_000
"""Partial paths that are tried; a machine with more of them has too many cycles."""

MOST_EXITS, EXIT_LENGTH = 60, 4
"""Words in which cycles are left: the shortest ones of up to so many symbols."""


@dataclass(frozen=True)
class Cycle:
    """A cycle that comes to none of its states twice.

    There is a state before each symbol, the first one nearest to the start; the text is begun so
    that it comes first in the dictionary.
    """

    states: tuple[int, ...]
    symbols: Word
    text: str

    def from_state(self, state: int) -> Word:
        """Its symbols from one of its states on."""
        turn = self.states.index(state)
        return self.symbols[turn:] + self.symbols[:turn]

    @property
    def edges(self) -> frozenset[tuple[int, int]]:
        """Its transitions, as pairs of state and symbol."""
        return frozenset(zip(self.states, self.symbols, strict=True))


def simple_cycles(machine: Tables, most: int) -> tuple[list[Cycle], bool]:
    """The shortest cycles, and whether these are all that there are.

    They are found breadth first, each from that of its states which is nearest to the start.
    """
    reachable = machine.shortest_words()
    order = {state: number for number, state in enumerate(reachable)}
    found: list[Cycle] = []
    paths: deque[tuple[tuple[int, ...], Word]] = deque(((state,), ()) for state in reachable)
    tried = 0
    while paths:
        states, symbols = paths.popleft()
        tried += 1
        if tried > MOST_PATHS:
            return found, False
        for column, target in machine.legal_steps(states[-1]):
            if target == states[0]:
                if len(found) == most:
                    return found, False
                word = (*symbols, column)
                turns = [word[turn:] + word[:turn] for turn in range(len(word))]
                found.append(Cycle(states, word, min(map(machine.text, turns))))
            elif order[target] > order[states[0]] and target not in states:
                paths.append(((*states, target), (*symbols, column)))
    return found, True


def ways_to(machine: Tables, cycle: Cycle, most: int = 40) -> list[tuple[int, Word]]:
    """The shortest words that lead to the cycle and use no transition twice, none of the cycle's.

    So what came before may differ: for Reber's loop at node 5 it is BP, BTXX, BTSXX, BPVPX, …
    With each goes the state of the cycle that it leads to.
    """
    found: list[tuple[int, Word]] = []
    paths: deque[tuple[int, Word, frozenset[tuple[int, int]]]] = deque([(0, (), cycle.edges)])
    for _ in range(MOST_PATHS):
        if not paths or len(found) == most:
            break
        state, word, used = paths.popleft()
        if state in cycle.states:
            found.append((state, word))
        for column, target in machine.legal_steps(state):
            edge = (state, column)
            if edge not in used:
                paths.append((target, (*word, column), used | {edge}))
    if not found:
        # Only through the cycle's own transitions, or by too long a way for that search.
        ways = machine.shortest_words()
        found.append(min(((p, ways[p]) for p in cycle.states), key=lambda way: len(way[1])))
    return found


def exits(machine: Tables, state: int, cycle: Word) -> list[Word]:
    """The shortest legal words from a state that do not go round the cycle, shortest first.

    Words that leave the cycle in the middle are among them, and so are the prefixes of all.
    """
    found: list[Word] = []
    level: list[tuple[int, Word]] = [(state, ())]
    for _ in range(EXIT_LENGTH):
        following = []
        for here, before in level:
            for a, target in machine.legal_steps(here):
                if (*before, a) != cycle:
                    following.append((target, (*before, a)))
        level = following[: MOST_EXITS - len(found)]
        found += [word for _, word in level]
    return found


@dataclass(frozen=True)
class Way:
    """One way to a state of a cycle, and what came of going round.

    Attributes:
        within: The first round with a wrong answer in it, None where there was none.
        after: The least number of rounds after which up to four symbols, `exit`, may follow with a
            wrong answer on the way, none less than `within`.
    """

    word: Word
    state: int
    within: int | None = None
    after: int | None = None
    exit: Word = ()

    @property
    def first(self) -> int | None:
        """The least number of rounds with an error."""
        return min((n for n in (self.within, self.after) if n is not None), default=None)


@dataclass(frozen=True, eq=False)
class Rounds:
    """All ways to one cycle, and how many rounds were gone.

    Attributes:
        path: The state vectors before the first and after each round, by the first way, shape
            (rounds + 1, D).
        repeats: Whether at last every state vector was, bit by bit, what it was a round before.
    """

    cycle: Cycle
    ways: tuple[Way, ...]
    rounds: int
    path: States
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
