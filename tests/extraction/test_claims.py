"""Every claim of equality, attacked: nets of all sorts against machines, over all words."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.extraction import Budget, Extraction, extract
from reberlstm.extraction.nets import Kind
from reberlstm.machine.fsm import FSM
from tests.extraction.nets import RandomNet, TableNet, shown_by_machine, shown_by_net

pytestmark = pytest.mark.usefixtures("few_words")

MOST_WORDS = 4_000


def compared(net: RandomNet, fsm: FSM) -> Iterator[tuple[int, bool]]:
    """For all words that the net speaks about, shortest first: length, and whether both agree."""
    words: list[tuple[str, ...]] = [()]
    states = np.asarray(net.initial())[np.newaxis]
    length = 0
    while words and len(words) <= MOST_WORDS:
        shown = net.observe(states)
        for word, seen in zip(words, shown, strict=True):
            expected = shown_by_machine(fsm, word, net.kind, ())
            if net.kind == "legal":
                yield (
                    length,
                    expected == {a for a, yes in zip(net.alphabet, seen, strict=True) if yes},
                )
            else:
                yield length, expected == seen.item()
        offered = shown if net.kind == "legal" else np.ones((len(words), len(net.alphabet)), bool)
        rows, symbols = np.nonzero(offered)
        words = [
            (*words[row], net.alphabet[symbol]) for row, symbol in zip(rows, symbols, strict=True)
        ]
        states = net.step(states[rows], symbols)
        length += 1


def check(net: RandomNet, found: Extraction) -> None:
    claim = found.verdict[0]
    assert claim.relation != "equal: proved", "nothing but a certificate proves"
    bound = -1
    if claim.equal is False:
        assert claim.word is not None
        seen = shown_by_net(net, claim.word)
        assert shown_by_machine(found.fsm, claim.word, net.kind, ()) != seen
        if claim.shortest:
            bound = len(claim.word) - 1
    elif matched := re.fullmatch(r"equal on all words up to length (\d+)", claim.relation):
        bound = int(matched[1])
    for length, agree in compared(net, found.fsm):
        if length > bound:
            break
        assert agree, f"claimed up to {bound}, but a word of length {length} differs"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["legal", "accept", "label"]),
    cells=st.integers(1, 5),
    symbols=st.integers(1, 3),
    pairs=st.integers(1, 1_500),
    max_states=st.sampled_from([1, 3, 10]),
    max_words=st.sampled_from([5, 200, 20_000]),
)
def test_random_nets(
    seed: int, kind: Kind, cells: int, symbols: int, pairs: int, max_states: int, max_words: int
) -> None:
    net = RandomNet(seed, kind, cells=cells, symbols=symbols)
    budget = Budget(pairs=pairs, walks=10, length=20, rounds=5)
    found = extract(
        net, budget=budget, max_states=max_states, max_words=max_words, seconds=20, seed=seed
    )
    check(net, found)


class Late(TableNet):
    """Parity, except that everything is accepted after so many ones in a row.

    The memory has the number of ones, and where it is `busy`, also all of the word, so that no two
    words come to the same one.
    """

    def __init__(self, late: int, *, busy: bool = False) -> None:
        super().__init__(rl.load_grammar("parity"), "accept")
        self._late, self._busy = late, busy

    def initial(self) -> np.ndarray:
        return np.append(super().initial(), [0.0, 0.0])

    def step(self, states: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        ones = np.where(symbols == 1, np.minimum(states[:, -2] + 1, self._late), 0.0)
        ones = np.where(states[:, -2] == self._late, self._late, ones)
        word = np.cos(100 * states[:, -1] + symbols) if self._busy else 0.0 * ones
        return np.column_stack([super().step(states[:, :-2], symbols), ones, word])

    def observe(self, states: np.ndarray) -> np.ndarray:
        return np.asarray(super().observe(states[:, :-2]) | (states[:, -2] == self._late))


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("late", [5, 30, 250])
def test_a_flaw_that_only_repetition_shows(late: int, busy: bool) -> None:
    """Ones in a row are a cycle of parity's machine, which is repeated often enough."""
    parity, net = rl.load_grammar("parity"), Late(late, busy=busy)
    found = extract(net, reference=parity, budget=MEDIUM, max_states=3)
    pair = found.verdict[2]
    assert pair.relation == "different"
    assert pair.wrong == "net"
    assert shown_by_net(net, pair.word or ()) != parity.accepts(pair.word or ())
    assert len(pair.word or ()) in (late, late + 1)
    assert not busy or late < 20 or not pair.shortest, "nobody looked at all shorter words"


MEDIUM = Budget(pairs=4_000, walks=30, length=40, rounds=300)


def test_what_refuted_the_machine_is_told_when_the_budget_ends() -> None:
    """The long word is known, and must not be kept back for lack of a short one."""
    net = Late(200, busy=True)
    found = extract(net, budget=MEDIUM, max_states=3)
    assert found.ended_by == "states"
    pair = found.verdict[0]
    assert pair.relation == "different"
    assert len(pair.word or ()) >= 200
    assert not pair.shortest
    assert "a shorter one of " in pair.evidence
    assert shown_by_net(net, pair.word or ()) != found.fsm.accepts(pair.word or ())


def test_beyond_what_is_tried_nothing_is_claimed() -> None:
    found = extract(Late(2_000, busy=True), reference=rl.load_grammar("parity"), budget=MEDIUM)
    assert len(found.fsm.states) == 2
    for pair in (found.verdict[0], found.verdict[2]):
        assert pair.equal is None
        matched = re.fullmatch(r"equal on all words up to length (\d+)", pair.relation)
        assert matched
        assert int(matched[1]) < 20
        assert not pair.closed


def test_time_is_kept_where_all_memories_are_known() -> None:
    """Refining with long words runs none of the net's steps again, but takes time all the same."""
    start = time.process_time()
    found = extract(Late(2_000), seconds=1.0)
    assert time.process_time() - start < 19.0
    assert found.ended_by is not None


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_proof_is_about_the_arithmetic_that_runs_the_net(kind: str) -> None:
    fsm = rl.load_grammar("tomita-4")
    net = rl.compile(fsm)
    tensors = {
        "lstm.weight_ih_l0": net.weight_ih,
        "lstm.weight_hh_l0": net.weight_hh,
        "lstm.bias_ih_l0": net.bias_ih,
        "lstm.bias_hh_l0": net.bias_hh,
        "accept.weight": net.heads["accept"].weight,
        "accept.bias": net.heads["accept"].bias,
    }
    state = {key: array.astype(kind) for key, array in tensors.items()}
    found = extract(rl.load(state, alphabet=fsm.alphabet, kind="accept"))
    assert found.verdict[0].relation == "equal: proved"
    assert f"in {kind} arithmetic" in found.verdict[0].evidence


class Untaught(TableNet):
    """Knows a machine's words, and says anything at all once a word is complete."""

    claims = "legal"

    def observe(self, states: np.ndarray) -> np.ndarray:
        shown = np.array(super().observe(states))
        shown[~shown.any(axis=1)] = True
        return shown


def test_of_complete_words_nothing_is_asked() -> None:
    """Embedded Reber's last symbol comes inside of words, too: no symbol tells that one is over."""
    reference = rl.load_grammar("embedded-reber")
    found = extract(Untaught(reference, "legal"), reference=reference, budget=MEDIUM)
    assert found.fsm.difference(reference, by="legal") is not None, "it goes on after the end"
    assert [pair.equal for pair in found.verdict] == [None, True, None]
    wrong = extract(Untaught(broken(reference), "legal"), reference=reference, budget=MEDIUM)
    assert [pair.equal for pair in wrong.verdict] == [None, False, False]
    for pair in wrong.verdict[1:]:
        assert "".join(pair.word or ()) == "BTBTS"


def broken(fsm: FSM) -> FSM:
    """Embedded Reber without the second S in a row of the first inner word."""
    inside = fsm.run("BTBT")
    assert inside is not None
    lines = {state: dict(line) for state, line in fsm.transitions.items()}
    lines["once"] = {symbol: to for symbol, to in lines[inside].items() if symbol != "S"}
    lines[inside]["S"] = "once"
    return replace(fsm, transitions=lines)


@pytest.mark.parametrize(
    ("name", "grammar", "word"),
    [
        ("tomita-1-gru", "tomita-1", None),
        ("reber-gru", "reber", None),
        ("tomita-2-gru", "tomita-2", "101010101010"),
        ("tomita-5-rnn-cut-short", "tomita-5", "00"),
    ],
)
def test_nets_that_are_shipped(name: str, grammar: str, word: str | None) -> None:
    """Files say their symbols and machine; what they fail on is a fact, not a matter of the seed."""
    reference = rl.load_grammar(grammar)
    net = rl.load(f"learned/{name}")
    budget = Budget(pairs=9_000, walks=40, rounds=60)
    found = extract(net, reference=reference, budget=budget, prove=name == "reber-gru")
    pair = found.verdict[2]
    assert ("".join(pair.word) if pair.word else None) == word
    if word is None:
        assert found.verdict[1].relation == "equal: proved"
    else:
        assert pair.wrong == "net"
        assert pair.shortest
