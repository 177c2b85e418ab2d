"""Words of a reference alone: a net wrong elsewhere is equal there, and one wrong there is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.errors import ExtractionError
from reberlstm.extraction import Budget, Comparison, Extraction, extract
from reberlstm.extraction.nets import OBSERVED, Kind
from reberlstm.machine.fsm import FSM
from reberlstm.net.readouts import Head
from tests.extraction.nets import RandomNet, TableNet, shown_by_machine, shown_by_net
from tests.extraction.test_claims import Untaught, broken
from tests.strategies import machines

pytestmark = pytest.mark.usefixtures("few_words")

SMALL = Budget(pairs=1_500, walks=10, length=20, rounds=5)
TINY = Budget(pairs=300, walks=5, length=10, rounds=5)
REBER, EMBEDDED = rl.load_grammar("reber"), rl.load_grammar("embedded-reber")


def relations(found: Extraction) -> list[str]:
    return [pair.relation for pair in found.verdict]


class Elsewhere(TableNet):
    """Knows a machine's words, and shows the opposite of what is right on all that leave it."""

    def observe(self, states: np.ndarray) -> np.ndarray:
        shown = np.array(super().observe(states))
        gone = self._state(states) == len(self._table) - 1
        shown[gone] = ~shown[gone]
        return shown


def test_a_net_that_is_wrong_only_elsewhere_is_equal_within() -> None:
    """Once a word of embedded Reber is complete, the net offers everything, for ever."""
    net = Untaught(EMBEDDED, "legal")
    found = extract(net, reference=EMBEDDED, budget=SMALL)
    assert found.fsm.difference(EMBEDDED, by="legal") is not None, "it goes on after the end"
    found = extract(net, reference=EMBEDDED, within=True, budget=SMALL)
    assert set(found.fsm.states) == set(EMBEDDED.states), "with its names"
    assert found.fsm.difference(EMBEDDED, by="legal") is None
    assert [pair.equal for pair in found.verdict] == [None, True, None]
    assert relations(found)[1] == "equal within the reference: proved"
    for pair in (found.verdict[0], found.verdict[2]):
        assert re.fullmatch(
            r"equal within the reference on all words up to length \d+", pair.relation
        )
        assert "words of embedded-reber as far as they go on there" in pair.evidence
        assert pair.closed


@pytest.mark.parametrize("kind", ["legal", "accept"])
def test_what_a_net_says_after_a_violation_is_not_its_reference(kind: Kind) -> None:
    net = Elsewhere(REBER, kind)
    assert shown_by_net(net, ("B", "B")) == (set(REBER.alphabet) if kind == "legal" else True)
    found = extract(net, reference=REBER, within=True, budget=SMALL)
    assert [pair.equal for pair in found.verdict] == [None, True, None]
    assert all(relation.startswith("equal within the reference") for relation in relations(found))
    assert set(found.fsm.states) == set(REBER.states)
    if kind == "accept":
        everywhere = extract(net, reference=REBER, budget=SMALL)
        assert everywhere.verdict[2].relation == "different"


def offering(fsm: FSM, after: str, symbol: str) -> FSM:
    """A machine that also offers a symbol after a word, and knows of no way on from there."""
    lines = {state: dict(line) for state, line in fsm.transitions.items()}
    inside = fsm.run(after)
    assert inside is not None
    lines[inside][symbol] = "beyond"
    lines["beyond"] = {}
    return replace(fsm, transitions=lines)


@pytest.mark.parametrize("claims", ["legal", "all"])
def test_one_wrong_word_is_found(claims: str) -> None:
    """One symbol too few, or one too many, on a legal word: different, with that word."""
    for wrong, word in ((broken(EMBEDDED), "BTBTS"), (offering(EMBEDDED, "BTBTX", "B"), "BTBTX")):
        net = Untaught(wrong, "legal")
        net.claims = claims
        found = extract(net, reference=EMBEDDED, within=True, budget=SMALL)
        assert found.verdict[0].equal is None
        for pair in found.verdict[1:]:
            assert (pair.relation, pair.shortest) == ("different", True)
            assert pair.word == tuple(word)
        assert found.verdict[2].wrong == "net"
    assert found.fsm.run("BTBTXB") == "outside"
    assert not found.fsm.accepts("BTBTXB")


def test_a_wrong_acceptance_is_found() -> None:
    wrong = replace(REBER, accepting=REBER.accepting | {str(REBER.run("BTXX"))})
    found = extract(Elsewhere(wrong, "accept"), reference=REBER, within=True, budget=SMALL)
    assert [pair.equal for pair in found.verdict] == [None, False, False]
    expected = min((w for w in wrong.prefixes(5) if wrong.accepts(w) != REBER.accepts(w)), key=len)
    assert len(found.verdict[2].word or ()) == len(expected)
    assert found.verdict[2].shortest


def words_within(fsm: FSM, net: RandomNet, most: int) -> Iterator[tuple[str, ...]]:
    """Words that the machine lets go on, and the net where it tells, shortest first."""
    queue: list[tuple[str, ...]] = [()]
    for word in queue:
        yield word
        state = fsm.run(word)
        assert state is not None
        offered = shown_by_net(net, word) if net.kind == "legal" else set(fsm.alphabet)
        if len(queue) < most:
            queue += [(*word, a) for a in fsm.alphabet if a in fsm.legal(state) & set(offered)]  # type: ignore[call-overload]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(machines(plain=True, complete=False), st.sampled_from(OBSERVED), st.integers(0, 10**6))
def test_every_claim_survives_brute_force(fsm: FSM, kind: Kind, seed: int) -> None:
    """Random nets and random machines: what is claimed within them is true, word by word."""
    net = RandomNet(seed, kind, symbols=len(fsm.alphabet))
    net.alphabet = fsm.alphabet
    found = extract(
        net, reference=fsm, within=True, budget=TINY, max_states=12, seconds=20, seed=seed
    )
    tried = list(words_within(fsm, net, 150))
    machine, _, reference = found.verdict
    if reference.word is not None:
        assert fsm.run(reference.word) is not None, "a word of the reference"
    for pair, other in ((machine, found.fsm), (reference, fsm)):
        if kind == "label" and other is fsm:
            continue  # the machine has no labels
        bound = bound_of(pair)
        if pair.word is not None and found.fsm.run(pair.word) is not None:
            assert differs(net, other, fsm, pair.word)
        for word in tried:
            if len(word) <= bound:
                assert not differs(net, other, fsm, word), (pair, word)


def differs(net: RandomNet, machine: FSM, fsm: FSM, word: tuple[str, ...]) -> bool:
    state = fsm.run(word)
    if net.kind == "legal" and (state is None or not fsm.legal(state)):
        return False  # nothing is asked
    return shown_by_machine(machine, word, net.kind, ()) != shown_by_net(net, word)


def bound_of(pair: Comparison) -> int:
    """The length up to which all words are claimed to agree."""
    matched = re.search(r"up to length (\d+)", pair.relation)
    if matched:
        return int(matched[1])
    if pair.word is not None:
        return len(pair.word) - 1 if pair.shortest else -1
    assert "sampled" in pair.relation, "nothing but a certificate proves"
    return 0


def test_a_certificate_is_about_these_words() -> None:
    """Offering everything once a word is complete: proved within, and not elsewhere."""
    net = rl.compile(REBER)
    legal = net.heads["legal"]
    weight = legal.weight.copy()
    weight[:, net.cells.index("end")] = 10.0
    net = net.replace(heads={"legal": Head(weight, legal.bias)})
    found = extract(net, reference=REBER, within=True, budget=SMALL)
    assert relations(found) == ["equal within the reference: proved"] * 3
    assert "certificate in scope 'legal'" in found.verdict[0].evidence
    everywhere = extract(net, reference=REBER, budget=SMALL)
    assert everywhere.verdict[2].relation == "different"
    assert REBER.accepts(everywhere.verdict[2].word or ())


def test_where_the_net_offers_nothing_no_certificate_is_enough() -> None:
    """Scope `legal` leaves out words that cannot go on, so it proves nothing of a net that stops."""
    stopping = rl.FSM(
        alphabet=("a", "b"), start="0", accepting={"1"}, transitions={"0": {"a": "1"}, "1": {}}
    )
    longer = replace(stopping, transitions={"0": {"a": "1"}, "1": {"b": "2"}, "2": {}})
    net = rl.compile(stopping)
    net = net.replace(heads={"legal": net.heads["legal"]}, claims="legal")
    found = extract(net, reference=longer, within=True, budget=SMALL)
    assert found.verdict[0].equal is None
    assert found.verdict[2].word == ("a",)


def test_there_must_be_a_reference(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ExtractionError, match="within a reference, but there is none; give the"):
        extract(rl.compile(REBER), within=True)
    assert run(["extract", "compiled", "--within"]) == 2
    assert "--within is about the words of a machine; give --reference" in capsys.readouterr().err


def test_the_command_says_which_words(capsys: pytest.CaptureFixture[str]) -> None:
    file = Path(rl.__file__).parent / "net/zoo/learned/embedded-reber-lstm-cut-short.safetensors"
    options = ["--reference", "embedded-reber", "--within", "--effort", "0.001"]
    assert run(["extract", str(file), *options]) == 0
    out = capsys.readouterr().out
    assert "net and extracted machine: equal within the reference on all words up to length" in out
    assert (
        "net and reference: different\n    after BTBTXSE, a shortest one; the net is wrong" in out
    )
    assert "outside" in out
