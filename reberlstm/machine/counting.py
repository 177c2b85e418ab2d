"""How many words of each length a machine accepts, exactly, and words drawn evenly among them.

The number of accepted words of length ``n`` that begin in state ``q`` is::

    count(q, 0) = 1 if q accepts, else 0
    count(q, n) = Σ count(next state of q after a, n − 1) over the legal symbols a

in integers of any size, so nothing is rounded. Walking along these numbers draws every word of a
length with exactly the same probability (T. Hickey and J. Cohen, Uniform random generation of
strings in a context-free language, SIAM J. Computing 12 (1983) 645–655).
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM, Word

MAX_LENGTH = 100_000
"""The greatest length that words are counted for; its numbers have tens of thousands of digits."""

MAX_TABLE = 5_000_000
"""The most numbers that the table for drawing evenly may have, one per state and length."""


def count_words(fsm: FSM, length: int) -> int:
    """The number of accepted words of exactly `length` symbols.

    Raises:
        GrammarError: for a negative length or one over `MAX_LENGTH`.

    Example:
        >>> from reberlstm import load_grammar
        >>> count_words(load_grammar("reber"), 10), count_words(load_grammar("parity"), 100)
        (16, 633825300114114700748351602688)
    """
    _check_length(length)
    for vector in _vectors(fsm, length):
        last = vector  # the numbers of one length fill kilobytes each, so no others are kept
    return last[fsm.start]


def count_up_to(fsm: FSM, max_length: int) -> list[int]:
    """The numbers of accepted words of 0, 1, …, `max_length` symbols.

    Raises:
        GrammarError: for a negative length or one over `MAX_LENGTH`.

    Example:
        >>> from reberlstm import load_grammar
        >>> count_up_to(load_grammar("dyck-2-3"), 6)
        [1, 0, 2, 0, 8, 0, 40]
    """
    _check_length(max_length)
    return [vector[fsm.start] for vector in _vectors(fsm, max_length)]


def sample_of_length(
    fsm: FSM, length: int, count: int = 1, *, seed: int | None = None
) -> list[Word]:
    """Draw `count` words among the accepted ones of `length` symbols, each equally likely.

    Raises:
        GrammarError: when no word of that length is accepted, or the table of counts grows too
            large.

    Example:
        >>> from reberlstm import load_grammar
        >>> ["".join(word) for word in sample_of_length(load_grammar("anbn-4"), 6, seed=1)]
        ['aaabbb']
    """
    _check_length(length)
    entries = (length + 1) * len(fsm.reachable)
    if entries > MAX_TABLE:
        raise GrammarError(
            f"drawing evenly from {fsm} at length {length:,} takes a table of {entries:,} "
            f"numbers, over {MAX_TABLE:,}; choose a shorter length or a smaller machine"
        )
    table = list(_vectors(fsm, length))
    total = table[length][fsm.start]
    if total == 0:
        raise GrammarError(
            f"{fsm} accepts no word of length {length:,}; `reberlstm fsm count` shows the lengths"
        )
    rng = random.Random(seed)  # noqa: S311 - for experiments, not for secrets

    def draw() -> Word:
        word: list[str] = []
        state = fsm.start
        chosen = rng.randrange(total)
        for remaining in range(length - 1, -1, -1):
            for symbol, target in fsm.transitions[state].items():
                here = table[remaining][target]
                if chosen < here:
                    word.append(symbol)
                    state = target
                    break
                chosen -= here
        return tuple(word)

    return [draw() for _ in range(count)]


def _vectors(fsm: FSM, max_length: int) -> Iterator[dict[str, int]]:
    """For each length the number of accepted words from every reachable state."""
    targets = {q: tuple(fsm.transitions[q].values()) for q in fsm.reachable}
    vector = {q: int(q in fsm.accepting) for q in targets}
    yield vector
    for _ in range(max_length):
        vector = {q: sum(vector[to] for to in line) for q, line in targets.items()}
        yield vector


def _check_length(length: int) -> None:
    if not 0 <= length <= MAX_LENGTH:
        raise GrammarError(f"length {length:,} is not between 0 and {MAX_LENGTH:,}")
