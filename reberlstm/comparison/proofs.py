"""What is known for words of every length: certificates, wrong words, the extracted machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from reberlstm.certificates import Certificate, certify
from reberlstm.comparison.case import Case
from reberlstm.comparison.cycles import Cycle, Word, exits
from reberlstm.comparison.result import Entry, not_applicable, not_within
from reberlstm.errors import CertificateError
from reberlstm.extraction import Budget, extract, search
from reberlstm.extraction.machines import Fixed
from reberlstm.extraction.search import Evidence
from reberlstm.extraction.trajectories import BudgetEnd, Trajectories
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Tables

CERTIFICATE = 0.2
CYCLE = 0.03
EXTRACTION = 0.2
SEARCH = 0.1
"""Shares of the budget: for a certificate, for one about a cycle, for extraction, for a search."""

PAIRS = 50_000
"""States of net and machine that are searched where there is no certificate."""

MOST_NODES = 1_500
"""Larger machines are not made for one cycle."""

LONG = 40
"""Longer words are cut in the table; --json has them whole."""


def certificate(case: Case) -> Certificate | None:
    """The certificate of the whole net in the scope that it claims; None where none can be made.

    Raises:
        CertificateError: where net and machine do not fit together.
    """
    if case.weights is None or not case.settings.prove:
        return None
    if "certificate" not in case.memo:
        case.memo["certificate"] = certify(
            case.weights,
            case.fsm,
            heads=case.heads,
            seconds=case.share(CERTIFICATE),
        )
    found: Certificate = case.memo["certificate"]
    return found


def proved_in_general(case: Case) -> bool:
    """Whether the whole net is proved."""
    try:
        found = certificate(case)
    except CertificateError:
        return False
    return found is not None and bool(found.holds)


def certified(case: Case) -> Entry:
    """What `certify` says."""
    found = certificate(case)
    if found is None:
        return not_applicable(
            "not tried" if case.weights is not None else "certificates are for one LSTM layer"
        )
    value = {
        "outcome": found.outcome,
        "scope": found.scope,
        "margin": found.margin if found.holds else None,
        "boxes": found.nodes or None,
        "depth": found.depth,
    }
    if found.holds:
        text = f"holds in scope {found.scope}, margin {found.margin:.3g}, {found.nodes} boxes"
        return Entry(text, value, "proved")
    if found.counterexample is not None:
        return Entry(f"refuted in scope {found.scope}", value, "refuted")
    return Entry(f"unknown: {found.reason}", value, "unknown")


def wrong_prefix(case: Case) -> Entry:
    """A shortest word after which an answer is wrong."""
    found = certificate(case)
    if found is None or found.holds is None:
        return _searched(case)
    if found.holds:
        return Entry("none, proved", {"word": None, "proved": True}, "proved")
    if found.counterexample is not None and found.wrong is not None:
        word = found.counterexample
        said, right = (
            " ".join(part) or "nothing" for part in (found.wrong.said, found.wrong.right)
        )
        what = {"legal": "offers"}.get(found.wrong.head, "says")
        text = f"{_shown(case, word)} ({_symbols(word)}): {what} {said}, right is {right}"
        return Entry(text, {"word": list(word), "length": len(word), "shortest": True}, "refuted")
    raise AssertionError("a certificate that is refuted says how")


def _searched(case: Case) -> Entry:
    """Breadth first over the product of net and machine, for any net."""
    seconds = case.share(SEARCH)
    evidence = Evidence()
    word: tuple[int, ...] | None = None
    try:
        runs = Trajectories(case.subject, PAIRS, time.monotonic() + seconds)
        word = search.exhaustive(runs, Fixed(runs, case.fsm), PAIRS, evidence)
    except BudgetEnd:
        pass
    if word is None:
        return _longer(case, max(0, evidence.all_up_to), evidence.closed)
    names = [case.subject.alphabet[column] for column in word]
    text = f"{_shown(case, names)} ({_symbols(word)})"
    return Entry(text, {"word": names, "length": len(word), "shortest": True}, "refuted")


def _longer(case: Case, depth: int, closed: bool) -> Entry:
    """No word is wrong as far as was searched; a longer one may have been met on the way."""
    value: dict[str, Any] = {"word": None, "proved": False, "up_to": depth, "closed": closed}
    met: Word | None = case.memo.get("wrong word")
    if closed:
        return Entry(f"none among all states that words lead to (depth {depth})", value, "unknown")
    text = f"none up to {depth} symbols"
    if met is None:
        return Entry(text, value, "unknown")
    names = [case.machine.alphabet[column] for column in met]
    value |= {"word": names, "length": len(met), "shortest": False}
    text += f"; one of {_symbols(met)} is known: {_shown(case, names)}"
    return Entry(text, value, "refuted")


def extracted(case: Case) -> Entry:
    """The machine in the net's memory, against the grammar."""
    seconds = case.share(EXTRACTION)
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
    ended = f" (search ended by {found.ended_by})" if found.ended_by else ""
    states = f"{size:,} state{'s' * (size != 1)}"
    if versus.equal:
        net = "net equal to it, proved" if own.equal else f"net {own.relation}"
        return Entry(f"equal, {states}; {net}{ended}", value, "proved" if own.equal else "measured")
    word = versus.word or ()
    return Entry(f"different after {_shown(case, word)}, {states}{ended}", value, "refuted")


def proved_round(case: Case, cycle: Cycle, ways: Sequence[tuple[int, Word]]) -> bool:
    """Whether a certificate proves the net right on a cycle for ever, by these ways.

    It is one for a machine that has only these words, and those that leave the cycle with up to
    `EXIT_LENGTH` symbols; other symbols lead where nothing is judged.
    """
    if case.weights is None or case.head != "legal" or not case.settings.prove:
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


def words_of(
    machine: Tables, cycle: Cycle, ways: Sequence[tuple[int, Word]], name: str
) -> FSM | None:
    """The machine of the words that `proved_round` is about; None where it would be too large.

    Its states are the words of the ways; for each way a round of states; and words that leave it.
    Symbols that are legal, but go on otherwise, lead to a state where nothing may follow.
    """
    lines: dict[str, dict[str, str]] = {"off": {}}

    def add(name: str, state: int, ahead: dict[int, str]) -> None:
        """A state, with all the symbols that are legal there."""
        columns = [int(a) for a in machine.legal[state].nonzero()[0]]
        known = lines.get(name, {})
        lines[name] = {machine.alphabet[a]: ahead.get(a, "off") for a in columns} | {
            symbol: target for symbol, target in known.items() if target != "off"
        }

    def leave(name: str, state: int) -> dict[int, str]:
        """The tree of words that leave the cycle at a state; what its first symbols lead to."""
        symbols = cycle.from_state(state)
        tree = [node for node in exits(machine, state, symbols) if node.word[0] != symbols[0]]
        names = {node.word: f"{name} {' '.join(map(str, node.word))}" for node in tree}
        ahead: dict[Word, dict[int, str]] = {}
        for node in tree:
            ahead.setdefault(node.word[:-1], {})[node.symbol] = names[node.word]
        for node in tree:
            add(names[node.word], node.state, ahead.get(node.word, {}))
        return ahead.get((), {})

    for number, (state, word) in enumerate(ways):
        here, name = 0, "way"
        for column in word:
            following = f"{name} {column}"
            add(name, here, {column: following})
            here, name = int(machine.target[here, column]), following
        symbols = cycle.from_state(state)
        add(name, here, {symbols[0]: f"round {number} {1 % len(symbols)}"})
        for place, column in enumerate(symbols):
            own = f"round {number} {place}"
            ahead = {column: f"round {number} {(place + 1) % len(symbols)}"}
            add(own, here, ahead | leave(own, here))
            here = int(machine.target[here, column])
        if len(lines) > MOST_NODES:
            return None
    return FSM(alphabet=machine.alphabet, start="way", transitions=lines, name=name)


def _shown(case: Case, word: Sequence[str]) -> str:
    text = case.fsm.text(word) if word else "the empty word"
    return text if len(text) <= LONG else f"{text[: LONG // 2]}…{text[-LONG // 2 :]}"


def _symbols(word: Sequence[object]) -> str:
    return f"{len(word)} symbol{'s' * (len(word) != 1)}"
