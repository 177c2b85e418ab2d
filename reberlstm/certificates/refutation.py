"""The search for a shortest wrong word, breadth first over the product of net and machine.

Of the words that lead to the same state of the net and of the machine only the first is followed.
Symbols are tried in alphabet order, level by level; the first wrong word found is therefore a
shortest one, and of those the first in alphabet order. It is run once more, alone and symbol by
symbol, before it is reported.

Two states of the net are the same if they are equal bit by bit, once every number is rounded to a
multiple of 2⁻⁶⁰. That is far below what float64 resolves at the size of weights and thresholds;
but a cell that is not in use keeps a memory of exp(−K), exp(−2·K), … of when it was, down to
10⁻³⁰⁸, and to tell these apart would make a state of every history. Where no state is left to
follow, the net is right after *every* word as executed here, which is reported, but is not a proof.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import Arithmetic
from reberlstm.certificates.claims import Claim, margins, threshold
from reberlstm.certificates.execution import Execution
from reberlstm.net.weights import Floats, LSTMWeights

Indices = NDArray[np.intp]

BATCH_NUMBERS = 4_000_000
"""Pre-activations computed at a time."""

RESOLUTION = 2.0**60
"""States that agree when their numbers are rounded to multiples of one over this are the same."""

MAX_BATCH = 8_192
"""States computed at a time, between two looks at the budget."""


@dataclass(frozen=True)
class Budget:
    """When to stop looking.

    Attributes:
        states: The most states of the product.
        depth: The longest word.
        seconds: The longest time.
    """

    states: int
    depth: int
    seconds: float


@dataclass(frozen=True)
class WrongAnswer:
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


@dataclass(frozen=True)
class Exploration:
    """How far a search came.

    Attributes:
        word: A shortest wrong word, or None where none was met.
        wrong: What is wrong about it.
        depth: All words of at most this length have been tried.
        states: The states of the product that were met.
        closed: Whether there was nothing left to try.
    """

    word: tuple[str, ...] | None
    wrong: WrongAnswer | None
    depth: int
    states: int
    closed: bool


@dataclass(frozen=True, eq=False)
class _Level:
    """All states first met after words of one length, in alphabet order of these words."""

    h: Floats
    c: Floats
    states: Indices
    parents: Indices
    columns: Indices

    def __len__(self) -> int:
        return len(self.states)


def explore(
    weights: LSTMWeights,
    claim: Claim,
    arithmetic: Arithmetic,
    budget: Budget,
    inputs: float = 1.0,
) -> Exploration:
    """Look for a shortest wrong word within the budget.

    Args:
        weights: The net.
        claim: What it has to say.
        arithmetic: The machine that runs it.
        budget: When to stop.
        inputs: The coordinate of the symbol that is read, 1 for one-hot inputs.
    """
    deadline = time.monotonic() + budget.seconds
    execution = Execution(weights, arithmetic, inputs)
    none = np.zeros(1, dtype=np.intp)
    level = _Level(*execution.start(), none, none, none)
    levels = [level]
    seen = {_digests(level)[0]}
    if claim.judges_start:
        for _, answer in _wrong_rows(execution, claim, level):
            return Exploration((), answer, 0, 1, closed=False)
    while True:
        depth = len(levels) - 1
        if depth >= budget.depth:
            return Exploration(None, None, depth, len(seen), closed=False)
        level = _next_level(execution, claim, levels[-1], seen, budget.states, deadline)
        levels.append(level)
        # A wrong word in an unfinished level is still a shortest one: the level is in order.
        for row, _ in _wrong_rows(execution, claim, level):
            word = _word(weights, levels, row)
            # BLAS adds up a batch in another order than one row: what counts is one row.
            alone = answer_after(weights, claim, arithmetic, word, inputs)
            if alone is not None:
                return Exploration(word, alone, depth, len(seen), closed=False)
        if len(seen) > budget.states or time.monotonic() > deadline:
            return Exploration(None, None, depth, len(seen), closed=False)
        if not len(level):
            return Exploration(None, None, depth, len(seen), closed=True)


def answer_after(
    weights: LSTMWeights,
    claim: Claim,
    arithmetic: Arithmetic,
    word: tuple[str, ...],
    inputs: float = 1.0,
) -> WrongAnswer | None:
    """What is wrong after `word`, run one symbol at a time."""
    execution = Execution(weights, arithmetic, inputs)
    h, c = execution.start()
    state = 0
    here = np.zeros(1, dtype=np.intp)
    for symbol in word:
        h, c = execution.step(h, c, here, np.array([weights.alphabet.index(symbol)]))
        state = claim.tables.table[state][claim.tables.alphabet.index(symbol)]
    level = _Level(h, c, np.array([state], dtype=np.intp), here, here)
    return next((answer for _, answer in _wrong_rows(execution, claim, level)), None)


def _next_level(
    execution: Execution,
    claim: Claim,
    level: _Level,
    seen: set[bytes],
    most: int,
    deadline: float,
) -> _Level:
    edges = np.array(
        [
            (row, column, target)
            for row, state in enumerate(level.states.tolist())
            for column, target in claim.steps[state]
            if claim.goes_on(target)
        ],
        dtype=np.intp,
    ).reshape(-1, 3)
    width = len(execution.weights.gates) * execution.weights.size
    batch = min(MAX_BATCH, max(1, BATCH_NUMBERS // width))
    parts = []
    for i in range(0, len(edges), batch):
        rows, columns, states = edges[i : i + batch].T
        first, last = int(rows[0]), int(rows[-1]) + 1
        h, c = execution.step(level.h[first:last], level.c[first:last], rows - first, columns)
        part = _Level(h, c, states, rows, columns)
        keep = []
        for number, digest in enumerate(_digests(part)):
            if digest not in seen:
                seen.add(digest)
                keep.append(number)
        parts.append(_Level(*(array[keep] for array in vars(part).values())))
        if len(seen) > most or time.monotonic() > deadline:
            break
    if not parts:
        empty = np.zeros(0, dtype=np.intp)
        return _Level(level.h[:0], level.c[:0], empty, empty, empty)
    return _Level(
        *(np.concatenate(arrays) for arrays in zip(*(vars(p).values() for p in parts), strict=True))
    )


def _digests(level: _Level) -> list[bytes]:
    """A 128-bit digest for each row: the same states have equal ones."""
    numbers = np.concatenate([level.h, level.c], axis=1)
    # Adding zero makes −0 and 0 the same.
    numbers = np.rint(numbers * RESOLUTION) + 0.0
    return [
        blake2b(row.tobytes() + state.to_bytes(8, "little"), digest_size=16).digest()
        for row, state in zip(numbers, level.states.tolist(), strict=True)
    ]


def _wrong_rows(
    execution: Execution, claim: Claim, level: _Level
) -> Iterator[tuple[int, WrongAnswer]]:
    """The rows of the level with a wrong head, in order."""
    worst = np.full(len(level), np.inf)
    for head in claim.heads:
        values = execution.read(head, level.h)
        worst = np.minimum(worst, _margins(execution.weights, claim, head, level, values))
    for row in np.flatnonzero(~(worst > 0.0)).tolist():
        one = _Level(*(array[row : row + 1] for array in vars(level).values()))
        for head in claim.heads:
            answer = _answer(execution, claim, head, one)
            if answer is not None:
                yield row, answer
                break


def _margins(
    weights: LSTMWeights, claim: Claim, head: str, level: _Level, values: Floats
) -> Floats:
    right = claim.right[head][level.states]
    return margins(head, right, values, values, threshold(weights, head))


def _answer(execution: Execution, claim: Claim, head: str, one: _Level) -> WrongAnswer | None:
    """What the head says in one state, if that is wrong. A value at the threshold means no."""
    weights, tables = execution.weights, claim.tables
    values = execution.read(head, one.h)
    state = int(one.states[0])
    margin = float(_margins(weights, claim, head, one, values)[0])
    label = tables.outputs[state]
    said: tuple[str, ...]
    right: tuple[str, ...]
    if head == "legal":
        value = dict(zip(weights.alphabet, values[0].tolist(), strict=True))
        said = tuple(a for a in tables.alphabet if value[a] > threshold(weights, head))
        right = tables.symbols[state]
    elif head == "accept":
        said = ("yes" if values[0, 0] > threshold(weights, head) else "no",)
        right = ("yes" if tables.accepting[state] else "no",)
    elif label is None:
        return None
    else:
        said = (weights.labels[int(values[0].argmax())],)
        right = (label,)
    return None if said == right else WrongAnswer(head, said, right, min(margin, 0.0))


def _word(weights: LSTMWeights, levels: list[_Level], row: int) -> tuple[str, ...]:
    word = []
    for level in reversed(levels[1:]):
        word.append(weights.alphabet[int(level.columns[row])])
        row = int(level.parents[row])
    return tuple(reversed(word))
