"""How many words a machine accepts, words drawn evenly among them, and how unpredictable they are.

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
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from reberlstm.errors import GrammarError
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM, Word
from reberlstm.plain import Plain

if TYPE_CHECKING:  # numpy is loaded for `entropy` alone
    from reberlstm.machine.tables import Bools, Floats, Tables

MAX_LENGTH = 100_000
"""The greatest length that words are counted for; its numbers have tens of thousands of digits."""

MAX_TABLE = 5_000_000
"""The most numbers that the table for drawing evenly may have, one per state and length."""

MAX_STATES = 2_500
"""The linear equations of a larger machine are not solved: the matrix would fill the memory."""


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
    return list(islice(samples_of_length(fsm, length, seed=seed), count))


def samples_of_length(fsm: FSM, length: int, *, seed: int | None = None) -> Iterator[Word]:
    """The words of `sample_of_length` one after the other, without end; none of them is kept.

    Raises:
        GrammarError: as `sample_of_length`, at once.
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

    return iter(draw, None)


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


@dataclass(frozen=True)
class Entropy(Plain):
    """The unpredictability of the words of a probabilistic grammar.

    Attributes:
        acceptance: The probability that a walk is accepted; 1 where every state can reach the end.
        word_entropy: Bits per word, ``H``; the end of the word counts as one of the choices.
        expected_length: Symbols per word, ``L``.
        entropy_rate: Bits per symbol, ``H / L``; 0 where the empty word is the only one.
        perplexity: ``2^(H / L)``: as many equally likely symbols at each position would be as
            unpredictable.
        perplexity_with_end: ``2^(H / (L + 1))``, where the end of the word counts as one more
            position, as in language models with a symbol for it; at most ``A + 1``.
    """

    acceptance: float
    word_entropy: float
    expected_length: float
    entropy_rate: float
    perplexity: float
    perplexity_with_end: float


def entropy(fsm: FSM) -> Entropy:
    """Entropy per word and per symbol of a machine with its (or uniform) probabilities.

    A machine with probabilities draws a word by a walk: at state ``q`` the word ends with
    probability ``s(q)``, else it goes on with symbol ``a`` with probability ``(1 − s(q))·p(q, a)``.
    Walks that come to where acceptance is out of reach do not count, as in `FSM.sample`; so with
    ``z(q)`` the probability that a walk from ``q`` is accepted, the words follow the chain with::

        s'(q) = s(q) / z(q)        p'(q, a) = (1 − s(q))·p(q, a)·z(next) / z(q)

    Let ``v(q)`` be the expected number of visits of ``q`` (the row of the start in the fundamental
    matrix ``(I − P')⁻¹``; J. G. Kemeny and J. L. Snell, Finite Markov Chains, 1960, section 3.2).
    Since a deterministic machine has one walk per word, the entropy of a word is, by the chain rule
    (T. M. Cover and J. A. Thomas, Elements of Information Theory, 2nd ed. 2006, section 2.5), the
    derivational entropy of U. Grenander, Syntax-controlled probabilities (1967) and S. Soule,
    Entropies of probabilistic grammars, Information and Control 25 (1974) 57–74::

        H = − Σ v(q) · ( s'(q)·log2 s'(q) + Σ p'(q, a)·log2 p'(q, a) )     bits per word
        L = Σ v(q) · (1 − s'(q))                                          symbols per word

    Raises:
        GrammarError: for a machine that accepts no word, one in which words may never end though
            acceptance is not out of reach, or one of over `MAX_STATES` states.

    Example:
        >>> from reberlstm import load_grammar
        >>> reber = entropy(load_grammar("reber"))
        >>> round(reber.word_entropy, 6), round(reber.expected_length, 6)
        (6.0, 8.0)
    """
    import numpy as np

    tables = fsm.tables()
    going = (1.0 - tables.stop)[:, np.newaxis] * tables.probability  # (S, A)
    walked = _walked(fsm, tables, going > 0.0)
    place = np.full(len(tables), -1)
    place[walked] = range(len(walked))
    stop, going, target = tables.stop[walked], going[walked], place[tables.target[walked]]
    kept = target >= 0
    size = len(walked)
    row = np.broadcast_to(np.arange(size)[:, np.newaxis], target.shape)
    identity, step = np.eye(size), np.zeros((size, size))
    np.add.at(step, (row[kept], target[kept]), going[kept])
    # Where no walk can go astray this is exactly 1, and there is nothing to solve.
    astray = (tables.legal[walked] & ~kept).any()
    accepted = np.linalg.solve(identity - step, stop) if astray else np.ones(size)
    ending = stop / accepted
    given = step * accepted / accepted[:, np.newaxis]
    visits = np.linalg.solve((identity - given).T, identity[0])

    onward = np.where(kept, going * accepted[target] / accepted[:, np.newaxis], 0.0)
    bits = float(visits @ (_bits(ending) + _bits(onward).sum(axis=1)))
    length = float(visits @ (1.0 - ending))
    rate = bits / length if length > 0.0 else 0.0
    return Entropy(
        acceptance=float(accepted[0]),
        word_entropy=bits,
        expected_length=length,
        entropy_rate=rate,
        perplexity=2.0**rate,
        perplexity_with_end=2.0 ** (bits / (length + 1.0)),
    )


def _bits(chances: Floats) -> Floats:
    import numpy as np

    return np.asarray(-chances * np.log2(np.where(chances > 0.0, chances, 1.0)))


def _walked(fsm: FSM, tables: Tables, comes: Bools) -> list[int]:
    """The states that walks come to and from which they can end, with positive probability."""
    alive = fsm.distance_to_acceptance
    if fsm.start not in alive:
        raise GrammarError(f"{fsm} accepts no word, so its words have no entropy")
    sources: dict[int, list[tuple[int, int]]] = {}

    def follow(state: int) -> Iterator[tuple[int, int]]:
        for symbol in comes[state].nonzero()[0].tolist():
            target = tables.table[state][symbol]
            if tables.names[target] in alive:
                sources.setdefault(target, []).append((symbol, state))
                yield symbol, target

    found = crawl([0], follow).found
    if len(found) > MAX_STATES:
        raise GrammarError(
            f"{fsm} has {len(found):,} states that words come to; entropy is computed for at most "
            f"{MAX_STATES:,}, minimise it first"
        )
    ends = [state for state in found if tables.stop[state] > 0.0]
    can_end = crawl(ends, lambda state: sources.get(state, [])).came
    for state in found:
        if state not in can_end:
            raise GrammarError(
                f"{fsm}: a word that comes to state {tables.names[state]!r} never ends, as no way "
                "on from there to an accepting state has a positive probability; change the "
                "probabilities or [stop]"
            )
    return list(found)
