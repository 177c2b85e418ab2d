"""What is known for words of every length: certificates, wrong words, the extracted machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from reberlstm.certificates import Proof, Refutation, Unknown, certify
from reberlstm.comparison.case import Case
from reberlstm.comparison.cycles import Cycle, Word, exits
from reberlstm.comparison.result import Entry, measure, not_applicable, not_within
from reberlstm.errors import CertificateError
from reberlstm.extraction import Budget, extract
from reberlstm.extraction.learner import hypothesis_of
from reberlstm.extraction.oracles.exhaustive import Exhaustive
from reberlstm.extraction.scope import scope_of
from reberlstm.extraction.trajectories import BudgetEnd, Trajectories
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM
from reberlstm.machine.repeats import in_short
from reberlstm.machine.tables import Tables

CYCLE, EXTRACTION, EXTRACTION_OF_WRONG, SEARCH = 0.03, 0.2, 0.02, 0.1
"""Shares of the budget: for a certificate about a cycle, for extraction, for a search."""

PAIRS = 50_000
"""States of net and machine that are searched where there is no certificate."""

MOST_NODES = 1_500
"""Larger machines are not made for one cycle."""

LONG = 40
"""Longer words are cut in the table; --json has them whole."""


@measure("certificate", "Right on every word?")
def certified(case: Case) -> Entry:
    """Whether `reberlstm certify` proves it for words of every length, in the scope it claims."""
    found = case.certificate
    if isinstance(found, str):
        return not_applicable(found)
    value = {
        "outcome": found.outcome,
        "scope": found.scope,
        "margin": found.margin if isinstance(found, Proof) else None,
        "boxes": found.nodes if isinstance(found, Proof) else None,
        "depth": found.depth if isinstance(found, Unknown) else None,
    }
    if isinstance(found, Proof):
        text = f"holds in scope {found.scope}; margin {found.margin:.3g}, {found.nodes} boxes"
        return Entry(text, value, "proved")
    if isinstance(found, Unknown) and case.wrong_word is None:
        return Entry(f"unknown: {found.reason}", value, "unknown")
    # Other rows may have met a wrong word that no search of `certify` came to.
    how = ", as run after a long word" if isinstance(found, Unknown) else ""
    value |= {"outcome": "refuted"}
    return Entry(f"refuted in scope {found.scope}{how}", value, "refuted")


@measure("wrong prefix", "Where is it wrong first?")
def wrong_prefix(case: Case) -> Entry:
    """A word, within the scope of the certificate, after which an answer is wrong.

    A shortest one, unless it says how short a wrong one might be.
    """
    found = case.certificate
    if isinstance(found, Proof):
        return Entry("none, proved", {"word": None, "proved": True}, "proved")
    if not isinstance(found, Refutation):
        return _searched(case)
    said, right = (" ".join(part) or "nothing" for part in (found.wrong.said, found.wrong.right))
    says = "offers" if found.wrong.head == "legal" else "says"
    what = f"; {says} {said}, right is {right}"
    least = None if found.shortest else found.none_shorter_than
    return _wrong(case, found.word, what, least)


def _wrong(case: Case, word: Sequence[str], what: str = "", least: int | None = None) -> Entry:
    """A wrong word; none with fewer symbols than so many is wrong, None for a shortest one."""
    value = {"word": list(word), "length": len(word), "shortest": least is None}
    known = "" if least is None else f", none of fewer than {least} is wrong"
    text = f"{_shown(case, word)} ({_symbols(word)}{known}){what}"
    return Entry(text, value | ({} if least is None else {"none_shorter_than": least}), "refuted")


def _searched(case: Case) -> Entry:
    """Breadth first over the product of net and machine, for any net."""
    runs = Trajectories(
        case.net, scope_of(case.net, case.fsm), PAIRS, time.process_time() + case.share(SEARCH)
    )
    oracle = Exhaustive(runs, PAIRS)
    try:
        word = oracle.find_counterexample(hypothesis_of(runs, case.fsm))
    except BudgetEnd:
        word = None
    if word is not None:
        names = [case.net.alphabet[column] for column in word]
        case.wrong_word = tuple(map(case.machine.alphabet.index, names))
        return _wrong(case, names)
    depth, closed = max(0, oracle.evidence.all_up_to), oracle.evidence.closed
    value: dict[str, Any] = {"word": None, "proved": False, "up_to": depth, "closed": closed}
    if closed:
        return Entry(f"none among all states that words lead to (depth {depth})", value, "unknown")
    text = f"none up to {depth} symbols"
    if case.wrong_word is None:
        return Entry(text, value, "unknown")
    # A longer word may have been met in a cycle.
    names = [case.machine.alphabet[column] for column in case.wrong_word]
    value |= {"word": names, "length": len(names), "shortest": False}
    text += f"; one of {_symbols(names)} is known: {_shown(case, names)}"
    return Entry(text, value, "refuted")


@measure("extracted", "Is its own machine equal?")
def extracted(case: Case) -> Entry:
    """The machine that `reberlstm extract` finds in its memory, against the grammar.

    Of a net that is known to be wrong the machine is another, so less is searched.
    """
    is_wrong = case.wrong_word is not None or isinstance(case.certificate, Refutation)
    seconds = case.share(EXTRACTION_OF_WRONG if is_wrong else EXTRACTION)
    if not seconds:
        return not_within()
    pairs = Budget(pairs=40_000, walks=300, length=100, rounds=100)
    found = extract(
        case.net, reference=case.fsm, seconds=seconds, budget=pairs, seed=case.settings.seed
    )
    size = len(found.fsm.states)
    versus = next(p for p in found.verdict if (p.left, p.right) == ("machine", "reference"))
    own = found.verdict[0]
    value = {
        "states": size,
        "equal": bool(versus.equal),
        "word": None if versus.word is None else list(versus.word),
        "ended_by": found.ended_by,
        "net and machine": own.relation,
    }
    ended = found.ended_by
    how = "" if ended is None else f" when its {'time' if ended == 'seconds' else ended} ran out"
    states = f"{size:,} state{'s' * (size != 1)}{how}"
    if versus.equal:
        net = "net equal to it, proved" if own.equal else f"net {own.relation}"
        return Entry(f"equal, {states}; {net}", value, "proved" if own.equal else "measured")
    word = versus.word or ()
    return Entry(f"different after {_shown(case, word)}, {states}", value, "refuted")


def proved_round(case: Case, cycle: Cycle, ways: Sequence[tuple[int, Word]]) -> bool:
    """Whether a certificate proves the net right on a cycle for ever, by these ways.

    It is one for a machine that has only these words, and those that leave the cycle with up to
    `EXIT_LENGTH` symbols; other symbols lead where nothing is asked.
    """
    if isinstance(case.certificate, str) or case.head != "legal":
        return False
    fsm = words_of(case.machine, cycle, ways, f"{case.fsm} on {cycle.text}")
    if fsm is None or not case.left:
        return False
    try:
        found = certify(
            case.weights,
            fsm,
            scope="legal",
            heads=["legal"],
            seconds=case.share(CYCLE),
            max_depth=0,
            max_k=1,
        )
    except CertificateError:
        return False
    return bool(found.holds)


Place = tuple[Any, ...]
"""Where a word is in `words_of`."""


def words_of(
    machine: Tables, cycle: Cycle, ways: Sequence[tuple[int, Word]], name: str
) -> FSM | None:
    """The machine of the words that `proved_round` is about; None where it would be too large.

    Its states are pairs of the machine's state and a place: on the way in, what has been read of
    it; in a round, the number of the way and of the next symbol; after a round, also what has been
    read since. Symbols that are legal, but go on otherwise, lead to a place where nothing follows.
    """
    rounds = [cycle.from_state(state) for state, _ in ways]
    on_the_way = {word[:length] for _, word in ways for length in range(len(word) + 1)}
    leaving = {state: set(exits(machine, state, cycle.from_state(state))) for state in cycle.states}

    def after(place: Place, state: int, a: int) -> Place | None:
        kind, number, read = place
        if kind == "in":
            for way, (_, word) in enumerate(ways):
                if word == read and rounds[way][0] == a:
                    return "round", way, 1 % len(rounds[way])
            return ("in", 0, (*read, a)) if (*read, a) in on_the_way else None
        if kind == "round":
            if rounds[number][read] == a:
                return "round", number, (read + 1) % len(rounds[number])
            return (state, number, (a,)) if (a,) in leaving[state] else None
        return (kind, number, (*read, a)) if (*read, a) in leaving[kind] else None

    def follow(node: tuple[int, Place | None]) -> Iterator[tuple[int, tuple[int, Place | None]]]:
        state, place = node
        for a, target in machine.legal_steps(state) if place is not None else ():
            assert place is not None
            onward = after(place, state, a)
            yield a, (target if onward is not None else 0, onward)

    start: tuple[int, Place | None] = (0, ("in", 0, ()))
    nodes = crawl([start], follow, most=MOST_NODES + 1).found
    if len(nodes) > MOST_NODES:
        return None
    names = {node: str(number) for number, node in enumerate(nodes)}
    return FSM(
        alphabet=machine.alphabet,
        start="0",
        transitions={
            names[node]: {machine.alphabet[a]: names[target] for a, target in follow(node)}
            for node in nodes
        },
        name=name,
    )


def _shown(case: Case, word: Sequence[str]) -> str:
    separator = " " if case.fsm.has_long_symbols else ""
    return in_short(word, separator, LONG) if word else "the empty word"


def _symbols(word: Sequence[object]) -> str:
    return f"{len(word)} symbol{'s' * (len(word) != 1)}"
