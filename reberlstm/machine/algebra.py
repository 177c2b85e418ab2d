"""New machines from old ones: complement, union, intersection, difference, reversal, trimming.

All of them are about the accepted words, with a violation as good as any other rejection; the
result has the alphabets of its operands, one after the other, and only states that some word leads
to. Probabilities and outputs are not carried over, as they have no meaning for another language;
`trim` keeps outputs, and `FSM.minimise` both. Nothing is minimised: the names of the states say
what they are made of. Textbook: J. E. Hopcroft, R. Motwani and J. D. Ullman, Introduction to
Automata Theory, Languages, and Computation, 3rd ed. (2006), sections 4.2 and 4.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from reberlstm.errors import GrammarError
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM, named, side_by_side

MAX_STATES = 200_000
"""A result with more states is refused while it is being built."""

MAX_MEMBERS = 5_000_000
"""The sets of states of a reversal may have so many members in all."""

NONE = "-"
"""Stands in the name of a pair for a machine in which a violation has happened."""


class Names:
    """Names that are all different: one that is taken gets primes."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def fresh(self, name: str) -> str:
        """`name`, or with as many primes as make it new."""
        while name in self._taken:
            name += "'"
        self._taken.add(name)
        return name


def complement(fsm: FSM) -> FSM:
    """The words over the alphabet that `fsm` does not accept.

    The result is complete: where a violation could happen there is a state ``dead``, in which all
    words are accepted.

    Example:
        >>> from reberlstm import load_grammar
        >>> wrong = complement(load_grammar("reber"))
        >>> wrong.accepts("BTXSE"), wrong.accepts("BTXS"), wrong.accepts("EEE")
        (False, True, True)
    """
    dead = Names(fsm.states).fresh("dead")
    lines = {q: {a: fsm.transitions[q].get(a, dead) for a in fsm.alphabet} for q in fsm.reachable}
    if not fsm.is_complete:
        lines[dead] = dict.fromkeys(fsm.alphabet, dead)
    return FSM(
        alphabet=fsm.alphabet,
        start=fsm.start,
        accepting=frozenset(lines) - fsm.accepting,
        transitions=lines,
        name=f"not-{fsm.name}" if fsm.name else "",
        title=f"All words but those of {fsm}",
    )


def union(fsm: FSM, other: FSM) -> FSM:
    """The words that one of the two machines accepts, or both do.

    A symbol is legal where it is legal in one of them that has seen no violation yet.

    Example:
        >>> from reberlstm import load_grammar
        >>> both = union(load_grammar("tomita-1"), load_grammar("mod-3"))
        >>> both.accepts("11"), both.accepts("10101"), both.accepts("10")
        (True, True, False)
    """
    return _product(
        fsm,
        other,
        keep=lambda p, q: p is not None or q is not None,
        accept=lambda p, q: p in fsm.accepting or q in other.accepting,
        conjunction="or",
    )


def intersection(fsm: FSM, other: FSM) -> FSM:
    """The words that both machines accept; a symbol is legal where it is legal in both.

    Example:
        >>> from reberlstm import load_grammar
        >>> short = intersection(load_grammar("reber"), load_grammar("continual-reber"))
        >>> short.difference(load_grammar("reber")) is None
        True
    """
    return _product(
        fsm,
        other,
        keep=lambda p, q: p is not None and q is not None,
        accept=lambda p, q: p in fsm.accepting and q in other.accepting,
        conjunction="and",
    )


def difference(fsm: FSM, other: FSM) -> FSM:
    """The words that the first machine accepts and the second does not.

    A symbol is legal where it is legal in the first. (`FSM.difference` gives a shortest word on
    which two machines differ, in either direction.)

    Example:
        >>> from reberlstm import load_grammar
        >>> odd = difference(load_grammar("tomita-1"), load_grammar("parity"))
        >>> ["".join(word) for word in odd.enumerate(5)]
        ['1', '111', '11111']
    """
    return _product(
        fsm,
        other,
        keep=lambda p, q: p is not None,
        accept=lambda p, q: p in fsm.accepting and q not in other.accepting,
        conjunction="without",
    )


def reverse(fsm: FSM) -> FSM:
    """The accepted words read backwards, by a deterministic machine.

    A state is the set of states of `fsm` from which the part read so far, forwards, leads to
    acceptance. No two states of the result accept the same words (J. A. Brzozowski, Canonical
    regular expressions and minimal state graphs for definite events, 1962), but there may be
    exponentially many.

    Raises:
        GrammarError: when there are more than `MAX_STATES` sets, or `MAX_MEMBERS` in them.

    Example:
        >>> from reberlstm import load_grammar
        >>> reverse(load_grammar("reber")).accepts("EVVTXXSSTB")
        True
    """
    sources: dict[str, dict[str, list[str]]] = {a: {} for a in fsm.alphabet}
    for state in fsm.reachable:
        for symbol, target in fsm.transitions[state].items():
            sources[symbol].setdefault(target, []).append(state)
    lines: dict[frozenset[str], dict[str, frozenset[str]]] = {}
    members = 0

    def follow(states: frozenset[str]) -> Iterable[tuple[str, frozenset[str]]]:
        line = {
            symbol: frozenset(source for state in states for source in into.get(state, ()))
            for symbol, into in sources.items()
        }
        lines[states] = {symbol: before for symbol, before in line.items() if before}
        return lines[states].items()

    def too_large(states: frozenset[str]) -> bool:
        nonlocal members
        members += len(states)
        return members > MAX_MEMBERS

    first = frozenset(q for q in fsm.reachable if q in fsm.accepting)
    search = crawl([first], follow, goal=too_large, most=MAX_STATES + 1)
    _check_size(len(search.came), f"the reversal of {fsm}", search.goal is not None)
    names = Names()
    order = {state: number for number, state in enumerate(fsm.states)}
    return named(
        lines,
        {
            states: names.fresh(_set_name(states, order, number))
            for number, states in enumerate(search.came)
        },
        first,
        (states for states in search.came if fsm.start in states),
        alphabet=fsm.alphabet,
        name=f"reversed-{fsm.name}" if fsm.name else "",
        title=f"The words of {fsm}, read backwards",
    )


def trim(fsm: FSM) -> FSM:
    """The same accepted words, without states off every way from the start to acceptance.

    A violation then happens at the first symbol after which acceptance is out of reach. Where
    states are left out, so are all probabilities, since those of a state would not sum to 1.

    Example:
        >>> from reberlstm import load_grammar
        >>> trim(load_grammar("tomita-2")).states
        ('10', '1')
    """
    alive = fsm.distance_to_acceptance
    kept = [q for q in fsm.reachable if q in alive or q == fsm.start]
    if len(kept) == len(fsm.states):
        return fsm
    return replace(
        fsm,
        accepting=fsm.accepting.intersection(kept),
        transitions={
            q: {a: to for a, to in fsm.transitions[q].items() if to in alive} for q in kept
        },
        probabilities={},
        stop={},
        outputs={q: fsm.outputs[q] for q in kept} if fsm.outputs else {},
    )


def _product(
    fsm: FSM,
    other: FSM,
    *,
    keep: Callable[[str | None, str | None], bool],
    accept: Callable[[str | None, str | None], bool],
    conjunction: str,
) -> FSM:
    """Both machines side by side; a pair that is not worth keeping is a violation."""
    start, follow = side_by_side(fsm, other, keep)
    pairs = crawl([start], follow, most=MAX_STATES + 1).found
    _check_size(len(pairs), f"{fsm} {conjunction} {other}")
    names = Names()
    joint = f"{fsm.name}-{conjunction}-{other.name}"
    return named(
        {pair: dict(follow(pair)) for pair in pairs},
        {pair: names.fresh(",".join(state or NONE for state in pair)) for pair in pairs},
        start,
        (pair for pair in pairs if accept(*pair)),
        alphabet=tuple(dict.fromkeys(fsm.alphabet + other.alphabet)),
        name=joint if fsm.name and other.name else "",
        title=f"The words of {fsm} {conjunction} those of {other}",
    )


def _set_name(states: frozenset[str], order: dict[str, int], number: int) -> str:
    """The members of a set, where they can be read at a glance."""
    name = "{" + ",".join(sorted(states, key=order.__getitem__)) + "}"
    return name if len(name) <= 40 else f"set {number}"


def _check_size(states: int, what: str, too_many_members: bool = False) -> None:
    if states > MAX_STATES or too_many_members:
        limit = f"{min(states, MAX_STATES):,} states" + " and more memory" * too_many_members
        raise GrammarError(
            f"{what} needs over {limit}; minimise the machines first, or choose smaller ones"
        )
