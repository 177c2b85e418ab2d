"""The search for a shortest wrong word, breadth first over the product of net and machine.

Of the words that lead to the same state of the net and of the machine only the first is followed.
Symbols are tried in alphabet order, level by level; the first wrong word found is therefore a
shortest one, and of those the first in alphabet order. It is run once more, alone and symbol by
symbol, and has to be confirmed before it is reported: float64 is not what the claim is about. One
that is not is kept as a suspect.

Two states of the net are the same if they are equal bit by bit, once every number is rounded to a
multiple of 2⁻⁶⁰: else a cell that is not in use, with its memory of exp(−K), exp(−2·K), … of when
it was, would make a state of every history. Where no state is left to follow, the net is right
after *every* word as executed here, which is reported, but is not a proof.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import Execution
from reberlstm.certificates.claims import Claim, margins
from reberlstm.net.cells.cell import Floats
from reberlstm.plain import Plain

Indices = NDArray[np.intp]

BATCH_NUMBERS = 4_000_000  # pre-activations computed at a time
MAX_BATCH = 8_192  # states computed at a time; then the budget is looked at again
MAX_SUSPECTS = 20  # wrong words that are not confirmed, after which the search ends
FURTHER = 16  # symbols that a suspect is followed by, at most
MOST_FURTHER = 3_000  # states that are met then
FURTHEST = 3  # words of each length that are to be confirmed then
MOST_NUMBERS = 40_000_000  # in the state vectors that are visited: a level may have most of them
RESOLUTION = 2.0**60  # states that agree, rounded to multiples of one over this, are the same


@dataclass(frozen=True)
class Budget:
    """When to end the search: the most states of the product, the longest word and time."""

    states: int
    depth: int
    seconds: float


@dataclass(frozen=True)
class WrongAnswer(Plain):
    """What a head said after a word, and what it had to say.

    Attributes:
        head: ``legal``, ``accept`` or ``label``.
        said: The symbols offered; ``yes`` or ``no``; or the label.
        right: The same, as the machine has it.
        margin: How far the worst value is on the wrong side, not positive.
    """

    head: str
    said: tuple[str, ...]
    right: tuple[str, ...]
    margin: float


Suspect = tuple[tuple[str, ...], WrongAnswer]
"""A word after which the net, as executed here, is wrong, and how."""

Confirm = Callable[[tuple[str, ...], WrongAnswer], bool]
"""Whether that is so in every execution that the arithmetic allows."""


@dataclass(frozen=True)
class Exploration:
    """How far a search came."""

    depth: int  # all words of at most this length have been tried
    states: int  # the states of the product that were met
    word: tuple[str, ...] = ()  # a shortest wrong word, where one was met
    wrong: WrongAnswer | None = None  # what is wrong about it
    closed: bool = False  # whether there was nothing left to try
    suspect: Suspect | None = None  # the first word that is wrong here, but was not confirmed


@dataclass(frozen=True, eq=False)
class _Level:
    """All states first met after words of one length, in alphabet order of these words."""

    vectors: Floats
    states: Indices
    parents: Indices
    columns: Indices

    def __len__(self) -> int:
        return len(self.states)

    def __getitem__(self, rows: Any) -> _Level:
        return _Level(*(array[rows] for array in vars(self).values()))


def explore(
    execution: Execution,
    claim: Claim,
    budget: Budget,
    confirm: Confirm = lambda word, wrong: True,
) -> Exploration:
    """Look for a shortest wrong word within the budget.

    Where a shorter one is a suspect only, `depth` is less than its length.
    """
    deadline = time.process_time() + budget.seconds
    most = min(budget.states, MOST_NUMBERS // execution.start().shape[1])
    none = np.zeros(1, dtype=np.intp)
    levels = [_Level(execution.start(), none, none, none)]
    # A start that nothing is asked of says nothing of a word that leads back to it.
    seen = set(_digests(levels[0])) if claim.includes_empty_word else set[bytes]()
    suspects: list[Suspect] = []

    def wrong_in(level: _Level) -> Suspect | None:
        for row, _ in _wrong_rows(execution, claim, level):
            word = _word(execution, levels, row)
            # BLAS adds up a batch in another order than one row: what counts is one row.
            alone = answer_after(execution, claim, word)
            if alone is not None:
                if confirm(word, alone):
                    return word, alone
                suspects.append((word, alone))
                if len(suspects) == MAX_SUSPECTS:
                    break
        return None

    def result(depth: int, found: Suspect | None = None, closed: bool = False) -> Exploration:
        suspect = suspects[0] if suspects else None
        depth = depth if suspect is None else min(depth, len(suspect[0]) - 1)
        word, wrong = found or ((), None)
        return Exploration(depth, len(seen), word, wrong, closed and not suspects, suspect)

    found = wrong_in(levels[0]) if claim.includes_empty_word else None
    while found is None:
        depth = len(levels) - 1
        if depth >= budget.depth or len(suspects) >= MAX_SUSPECTS:
            return result(depth)
        level = _next_level(execution, claim, levels[-1], seen, most, deadline)
        # Of words of this length only the next step asks for the state vectors.
        levels[-1] = replace(levels[-1], vectors=levels[-1].vectors[:0].copy())
        levels.append(level)
        # A wrong word in an unfinished level is still a shortest one: the level is in order.
        found = wrong_in(level)
        if found is None and (len(seen) > most or time.process_time() > deadline):
            return result(depth)
        if found is None and not len(level):
            return result(depth, closed=True)
    return result(len(found[0]) - 1, found)


def follow(
    execution: Execution, claim: Claim, word: tuple[str, ...], confirm: Confirm, deadline: float
) -> Suspect | None:
    """A wrong word that goes on from a suspect, for instance one exactly at a threshold.

    After each further symbol the words that are furthest on the wrong side are to be confirmed.
    """
    level = _after(execution, claim, word)
    levels, seen = [level], set[bytes]()
    for _ in range(FURTHER):
        level = _next_level(execution, claim, levels[-1], seen, MOST_FURTHER, deadline)
        if not len(level) or time.process_time() > deadline:
            return None
        levels.append(level)
        worst = worst_margins(execution, claim, level.vectors, level.states)
        for row in np.argsort(worst, kind="stable")[:FURTHEST]:
            if not worst[row] < 0.0:
                break
            further = word + _word(execution, levels, int(row))
            wrong = answer_after(execution, claim, further)
            if wrong is not None and confirm(further, wrong):
                return further, wrong
        if len(seen) > MOST_FURTHER:
            return None
    return None


def answer_after(execution: Execution, claim: Claim, word: tuple[str, ...]) -> WrongAnswer | None:
    """What is wrong after `word`, run one symbol at a time."""
    level = _after(execution, claim, word)
    return next((answer for _, answer in _wrong_rows(execution, claim, level)), None)


def _after(execution: Execution, claim: Claim, word: tuple[str, ...]) -> _Level:
    vectors, state = execution.start(), 0
    for symbol in word:
        vectors = execution.step(vectors, np.array([execution.net.alphabet.index(symbol)]))
        state = claim.tables.table[state][claim.tables.alphabet.index(symbol)]
    none = np.zeros(1, dtype=np.intp)
    return _Level(vectors, np.array([state], dtype=np.intp), none, none)


def _next_level(
    execution: Execution, claim: Claim, level: _Level, seen: set[bytes], most: int, deadline: float
) -> _Level:
    edges = np.array(
        [
            (row, column, target)
            for row, state in enumerate(level.states.tolist())
            for column, target in claim.going_on[state]
        ],
        dtype=np.intp,
    ).reshape(-1, 3)
    batch = min(MAX_BATCH, max(1, BATCH_NUMBERS // (4 * execution.net.size)))
    parts = []
    for i in range(0, len(edges), batch):
        rows, columns, states = edges[i : i + batch].T
        first, last = int(rows[0]), int(rows[-1]) + 1
        vectors = execution.step(level.vectors[first:last], columns, rows - first)
        part = _Level(vectors, states, rows, columns)
        keep = []
        for number, digest in enumerate(_digests(part)):
            if digest not in seen:
                seen.add(digest)
                keep.append(number)
        parts.append(part[keep])
        if len(seen) > most or time.process_time() > deadline:
            break
    if not parts:
        return level[:0]
    return _Level(
        *(np.concatenate(arrays) for arrays in zip(*(vars(p).values() for p in parts), strict=True))
    )


def _digests(level: _Level) -> list[bytes]:
    """A 128-bit digest for each row: the same states have equal ones."""
    # Adding zero makes −0 and 0 the same.
    numbers = np.rint(level.vectors * RESOLUTION) + 0.0
    return [
        blake2b(row.tobytes() + state.to_bytes(8, "little"), digest_size=16).digest()
        for row, state in zip(numbers, level.states.tolist(), strict=True)
    ]


def _wrong_rows(
    execution: Execution, claim: Claim, level: _Level
) -> Iterator[tuple[int, WrongAnswer]]:
    """The rows of the level with a wrong head, in order."""
    worst = worst_margins(execution, claim, level.vectors, level.states)
    for row in np.flatnonzero(~(worst > 0.0)).tolist():
        for head in claim.heads:
            answer = _answer(execution, claim, head, level[row : row + 1])
            if answer is not None:
                yield row, answer
                break


def worst_margins(
    execution: Execution, claim: Claim, vectors: Floats, states: Indices
) -> NDArray[np.float64]:
    """How far the heads are from wrong in state vectors (N, D) and states of the machine, (N,)."""
    worst = np.full(len(states), np.inf)
    for head in claim.heads:
        values = execution.read(head, vectors)
        right = claim.right[head][states]
        worst = np.minimum(worst, margins(claim.rules[head], right, values, values))
    return worst


def _answer(execution: Execution, claim: Claim, head: str, one: _Level) -> WrongAnswer | None:
    """What the head says in one state, if that is wrong. A value at the threshold means no."""
    values = execution.read(head, one.vectors)
    rule, right = claim.rules[head], claim.right[head][one.states]
    if not right.any():
        return None
    if rule.function == "argmax":
        said = np.arange(values.shape[1]) == values[0].argmax()
    else:
        said = values[0] > rule.threshold
    if (said == (right[0] > 0)).all():
        return None
    margin = float(margins(rule, right, values, values)[0])
    words = [claim.words(execution.net, head, rows) for rows in (said, right[0] > 0)]
    return WrongAnswer(head, words[0], words[1], min(margin, 0.0))


def _word(execution: Execution, levels: list[_Level], row: int) -> tuple[str, ...]:
    word = []
    for level in reversed(levels[1:]):
        word.append(execution.net.alphabet[int(level.columns[row])])
        row = int(level.parents[row])
    return tuple(reversed(word))
