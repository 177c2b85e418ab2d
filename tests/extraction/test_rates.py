"""Shares of words agreed on, the machines on the way, and the oracles by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.errors import ReberLSTMError
from reberlstm.extraction import Budget, Extraction, Rate, extract
from reberlstm.extraction.learner import Hypothesis, hypothesis_of
from reberlstm.extraction.nets import subject_of
from reberlstm.extraction.oracles import ORACLES, Request, searches
from reberlstm.extraction.oracles.walks import walks
from reberlstm.extraction.oracles.wmethod import characterising
from reberlstm.extraction.rates import SURE, Candidate, best
from reberlstm.extraction.scope import scope_of
from reberlstm.extraction.trajectories import Trajectories
from reberlstm.machine.crawl import refine
from tests.extraction.nets import TableNet
from tests.strategies import machines

SMALL = Budget(pairs=3_000, walks=50, length=30, rounds=20)
TINY = Budget(pairs=50, walks=4, length=5, rounds=3)
WRONG = "learned/tomita-5-rnn-cut-short"


@given(words=st.integers(1, 10_000), data=st.data())
def test_an_interval_ends_where_the_share_is_just_likely_enough(words: int, data: Any) -> None:
    agreed = data.draw(st.integers(0, words))
    rate = Rate.of("uniform", agreed, words)
    assert 0.0 <= rate.low <= rate.share <= rate.high <= 1.0
    for end in (rate.low, rate.high):
        if 0.0 < end < 1.0:
            deviation = abs(rate.share - end) / np.sqrt(end * (1 - end) / words)
            assert deviation == pytest.approx(SURE, rel=1e-6)


def trajectories(net: Any) -> Trajectories:
    subject = subject_of(net)
    return Trajectories(subject, scope_of(subject), 100_000, float("inf"))


def test_biased_words_follow_what_the_net_offers_and_are_skewed() -> None:
    runs, rng = trajectories(rl.compile("reber")), np.random.default_rng(3)
    reber = rl.load_grammar("reber")
    for word in walks(runs, 100, 60, rng, biased=True):
        assert reber.run([reber.alphabet[a] for a in word]) is not None
    acceptor = trajectories(rl.compile("parity"))
    shares = [
        np.array([np.mean(word) for word in walks(acceptor, 400, 40, rng, biased=biased)])
        for biased in (False, True)
    ]
    assert shares[1].std() > 2 * shares[0].std()


@settings(max_examples=15)
@given(fsm=machines(max_states=6))
def test_characterising_words_tell_states_apart_as_minimising_does(fsm: Any) -> None:
    runs = trajectories(rl.compile(fsm))
    machine = hypothesis_of(runs, fsm)
    words = [(), *characterising(machine)]

    def shown(state: int) -> list[Any]:
        seen = []
        for word in words:
            at = state
            for symbol in word:
                at = machine.table[at][symbol] if at >= 0 else -1
            line = () if at < 0 else tuple(to >= 0 for to in machine.table[at])
            seen.append((machine.observation[at] if at >= 0 else None, line))
        return seen

    classes = {str(shown(state)) for state in range(len(machine.table))}
    assert len(classes) >= max(refine(machine.table, machine.observation)) + 1


@pytest.mark.parametrize("name", [name for name in ORACLES if name not in ("given", "reference")])
def test_every_oracle_finds_that_a_machine_of_one_state_is_wrong(name: str) -> None:
    runs = trajectories(rl.load("learned/tomita-6-gru"))
    one = Hypothesis([[0, 0]], [int(runs.observation(np.zeros(1, dtype=np.intp))[0])], [0])
    (oracle,) = searches(Request(runs, None, SMALL, 0), [name])
    word = oracle.find_counterexample(one)
    assert word is not None
    assert runs.follow(np.zeros(1, dtype=np.intp), word)[0] != one.observation[0]


def test_a_word_of_ones_own_is_enough() -> None:
    found = extract("smallest/tomita-3", oracles=["given"], words=["100"], prove=False)
    assert [one.states for one in found.candidates][-1] > 1
    own = {rate.kind: rate for rate in found.verdict[0].rates}
    assert own["given"].words == 1
    assert own["given"].share == 1.0


@pytest.fixture(scope="module")
def cut_short() -> Extraction:
    return cut(prove=False)


def cut(**options: Any) -> Extraction:
    return extract(
        "learned/tomita-7-gru-cut-short",
        reference="tomita-7",
        budget=SMALL,
        **options,
    )


def test_a_verdict_has_shares_of_every_kind_of_words(cut_short: Extraction) -> None:
    for pair in cut_short.verdict:
        whole = [rate for rate in pair.rates if rate.lengths is None]
        assert [rate.kind for rate in whole] == ["uniform", "biased", "reference"]
        parts = [rate for rate in pair.rates if rate.lengths is not None]
        biased = whole[1]
        assert sum(rate.words for rate in parts) == biased.words
        assert sum(rate.agreed for rate in parts) == biased.agreed
        if pair.equal is False:
            assert pair.word is not None  # a share is never in its place


def test_the_same_seed_gives_the_same_verdict_on_a_busy_computer(cut_short: Extraction) -> None:
    again = cut(prove=False)
    assert again.to_dict()["verdict"] == cut_short.to_dict()["verdict"]
    assert again.candidates == cut_short.candidates


def test_the_machines_on_the_way_get_better() -> None:
    row = [Candidate(5, 0.9, 1), Candidate(3, 0.8, 2), Candidate(4, 0.7, 3), Candidate(9, 0.9, 4)]
    assert [(one.states, one.agreement) for one in best(row)] == [(3, 0.8), (5, 0.9)]


def test_a_smaller_machine_can_be_picked(cut_short: Extraction) -> None:
    few = cut_short.candidates[0].states
    found = cut(prove=False, pick=f"states={few}")
    assert len(found.fsm.states) == few
    own = found.verdict[0]
    if few < cut_short.candidates[-1].states:
        assert own.equal is False
        assert own.word is not None
    assert next(r for r in own.rates if r.kind == "biased").share == found.candidates[0].agreement


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pick": "size=3"}, "pick 'size=3'; give states=5 or agreement=0.99"),
        (
            {"pick": "states=0"},
            r"no machine with states=0 was found; there are \d+ of 1 to \d+ states, which agree on",
        ),
        ({"oracles": ["magic"]}, "no oracle 'magic'; choose among given, reference, biased"),
        ({"words": ["12"]}, "unknown symbol '2' at position 2"),
        ({"max_steps": 0}, "max_steps is 0; it must be at least 1"),
    ],
)
def test_bad_requests(options: Any, message: str) -> None:
    with pytest.raises(ReberLSTMError, match=message):
        extract("smallest/tomita-3", budget=SMALL, **options)


def test_all_steps_are_counted(cut_short: Extraction) -> None:
    class Counting(TableNet):
        steps = 0

        def step(self, states: Any, symbols: Any) -> Any:
            self.steps += len(states)
            return super().step(states, symbols)

    net = Counting(rl.load_grammar("tomita-7"), "accept")
    found = extract(net, budget=SMALL)
    assert net.steps == found.steps + 1  # one step tells the type of its state vectors
    assert found.search_steps <= found.steps
    assert 0 < cut_short.search_steps < cut_short.steps


def test_a_difference_on_the_words_of_the_rates_is_one() -> None:
    """A search that looks at too little is not believed where its own rates say otherwise."""
    found = extract(WRONG, oracles=["given"], words=["1"], prove=False)
    own = found.verdict[0]
    if any(rate.share < 1 for rate in own.rates):
        assert own.relation == "different"
        assert own.word is not None


def test_where_a_budget_ends_the_best_machine_is_returned() -> None:
    found = extract("learned/tomita-3-rnn", max_states=4, budget=TINY, prove=False)
    assert found.ended_by == "states"
    biased = next(rate for rate in found.verdict[0].rates if rate.kind == "biased")
    assert biased.share >= 0.95 * max(one.agreement for one in found.candidates)


def test_a_memory_that_is_too_small_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reberlstm.extraction.trajectories.MOST_BYTES", 2**21)
    found = extract(WRONG, seconds=10, prove=False)
    assert found.notes[0].startswith("the memory holds ")
    assert found.notes[0] in " ".join(str(found).split())
    assert [rate.kind for rate in found.verdict[0].rates if rate.lengths is None]


def test_words_begin_as_one_says() -> None:
    net = rl.load("learned/reber-gru").replace(grammar=None)
    few: dict[str, Any] = {"budget": TINY, "max_steps": 500, "prove": False}
    found = extract(net, begin="B", **few)
    assert found.fsm.legal(found.fsm.start) == {"B"}
    assert not found.notes
    assert "say how they begin" in extract(net, **few).notes[0]
    with pytest.raises(ReberLSTMError, match="begin: 'Q' is not among the net's symbols"):
        extract(net, begin="Q")
    with pytest.raises(ReberLSTMError, match="says already with which symbols words begin"):
        extract(net, begin="B", reference="reber")


def test_steps_end_a_search() -> None:
    found = extract(WRONG, max_steps=500, prove=False)
    assert found.ended_by == "steps"


def test_the_command_takes_words_oracles_and_a_pick(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = tmp_path / "words.txt"
    words.write_text("100\n1\n")
    asked = [
        "extract",
        "smallest/tomita-3",
        "--words-from",
        str(words),
        "--json",
        "--effort",
        "0.1",
    ]
    assert run([*asked, "--oracle", "given", "--oracle", "biased", "--pick", "agreement=0.5"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {rate["kind"] for rate in found["verdict"][0]["rates"]} == {"uniform", "biased", "given"}
    assert found["candidates"][0]["states"] >= 1
    assert run([*asked[:2], "--oracle", "magic"]) == 2
    words.write_text("100\n12\n")
    assert run(asked) == 2
    assert "words.txt, line 2: unknown symbol '2' at position 2" in capsys.readouterr().err
    words.write_bytes(b"\xff\n")
    assert run(asked) == 2
    assert "not text in UTF-8" in capsys.readouterr().err
