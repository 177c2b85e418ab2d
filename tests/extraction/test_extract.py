"""From nets to machines: the law first, then every kind of net, then what can go wrong."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.errors import ExtractionError
from reberlstm.extraction import Budget, extract
from reberlstm.extraction.nets import OBSERVED, Kind
from reberlstm.machine.fsm import FSM
from reberlstm.net.readouts import Head
from tests.extraction.nets import RandomNet, TableNet, shown_by_machine, shown_by_net, words
from tests.strategies import machines, random_machine

pytestmark = pytest.mark.usefixtures("few_words")

SMALL = Budget(pairs=3_000, walks=50, length=30, rounds=20)

LAWS = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def same(one: FSM, other: FSM) -> bool:
    return all(one.difference(other, by=by) is None for by in ("accept", "legal"))


# Compiled nets


@pytest.mark.parametrize("name", rl.grammar_names())
def test_compiled_grammar_comes_back(name: str) -> None:
    fsm = rl.load_grammar(name)
    if len(fsm.states) > 30:
        pytest.skip("the script extract_compiled.py does the large ones")
    found = extract(rl.compile(fsm), reference=fsm, budget=SMALL)
    assert found.ended_by is None
    assert [pair.relation for pair in found.verdict] == ["equal: proved"] * 3
    assert len(found.fsm.states) == len(fsm.minimise().states)
    assert same(found.fsm, fsm)


@LAWS
@given(machines(plain=True))
def test_compiled_random_machine_comes_back(fsm: FSM) -> None:
    found = extract(rl.compile(fsm), budget=SMALL)
    assert found.verdict[0].relation == "equal: proved"
    assert same(found.fsm, fsm)
    behaviour = FSM(
        alphabet=fsm.alphabet,
        start=fsm.start,
        accepting=fsm.accepting,
        transitions={state: fsm.transitions[state] for state in fsm.states},
        outputs=fsm.outputs,
    )
    assert len(found.fsm.states) == len(behaviour.minimise().reachable)


def test_names_are_those_of_the_reference() -> None:
    fsm = rl.load_grammar("reber")
    assert set(extract(rl.compile(fsm), reference=fsm).fsm.states) == set(fsm.states)
    assert set(extract(rl.compile(fsm)).fsm.states) == {f"q{number}" for number in range(8)}


# Any net


@LAWS
@given(machines(plain=True, outputs=True, complete=True), st.sampled_from(OBSERVED))
def test_protocol_net_of_every_kind_comes_back(fsm: FSM, kind: Kind) -> None:
    found = extract(TableNet(fsm, kind), reference=fsm, budget=SMALL)
    assert found.ended_by is None
    machine, reference = found.verdict[0], found.verdict[1]
    assert machine.closed, "all state vectors were visited"
    assert machine.equal is None, "nothing but a certificate proves"
    assert reference.relation == "equal: proved"


@LAWS
@given(machines(plain=True, complete=False))
def test_partial_machine_by_its_legal_sets(fsm: FSM) -> None:
    found = extract(TableNet(fsm, "legal"), budget=SMALL)
    assert found.fsm.difference(fsm, by="legal") is None


@pytest.mark.parametrize("kind", ["legal", "accept", "label"])
@pytest.mark.parametrize("seed", range(4))  # test_claims.test_random_nets has more, of all sizes
def test_every_claim_survives_brute_force(seed: int, kind: str) -> None:
    """Nets without a small machine: whatever is claimed of all words up to a length is true."""
    net = RandomNet(seed, kind)  # type: ignore[arg-type]
    found = extract(net, budget=SMALL, max_states=40, seconds=3)
    (claim,) = found.verdict
    assert claim.relation != "equal: proved"

    def differ(word: tuple[str, ...]) -> bool:
        expected = shown_by_machine(found.fsm, word, net.kind, ())
        return expected is not None and shown_by_net(net, word) != expected

    if claim.equal is False:
        assert claim.word is not None
        assert differ(claim.word)
        bound = len(claim.word) - 1
    elif match := re.fullmatch(r"equal on all words up to length (\d+)", claim.relation):
        bound = int(match[1])
    else:
        assert re.fullmatch(r"equal on [\d,]+ sampled words", claim.relation)
        return
    assert not [word for word in words(net.alphabet, min(bound, 9)) if differ(word)]


@pytest.mark.parametrize("seed", range(3))
def test_sparse_acceptor_is_found(seed: int) -> None:
    """An acceptor of one word in thousands, where random words see nothing but rejections."""
    fsm = rl.load_grammar("reber")
    found = extract(TableNet(fsm, "accept", seed), reference=fsm)
    assert [pair.equal for pair in found.verdict] == [None, True, None]


def test_a_flaw_of_the_net_is_found_and_blamed() -> None:
    found = extract(rl.published(), reference=rl.load_grammar("reber"), max_states=30)
    pair = found.verdict[2]
    assert (pair.left, pair.right, pair.relation) == ("net", "reference", "different")
    assert "".join(pair.word or ()) == "BTSSSSSSXXV"
    assert pair.shortest
    assert pair.wrong == "net"


def test_same_seed_same_answer() -> None:
    nets = [RandomNet(3, "accept") for _ in range(2)]
    first, second = (extract(net, budget=SMALL, max_states=20, seed=7, seconds=60) for net in nets)
    assert first.fsm == second.fsm
    assert first.verdict == second.verdict
    assert first.states == second.states
    assert first.steps == second.steps


def test_a_return_to_the_initial_memory_is_not_the_beginning() -> None:
    """Of a net that claims nothing about the empty word, only the beginning is left to others."""

    class Back(TableNet):
        claims = "legal"

    net = Back(
        FSM(
            alphabet=("a", "b"),
            start="0",
            transitions={"0": {"a": "1", "b": "1"}, "1": {"a": "0"}},
        ),
        "legal",
    )
    reference = FSM(
        alphabet=("a", "b"),
        start="s",
        transitions={"s": {"a": "1"}, "1": {"a": "0"}, "0": {"a": "1", "b": "1"}},
    )
    found = extract(net, reference=reference, budget=SMALL)
    assert [pair.equal for pair in found.verdict] == [None, True, None]
    assert "beginning with a" in found.verdict[0].evidence


def test_labels_without_names_are_numbers() -> None:
    fsm = random_machine(1, states=5, symbols=2)
    numbered = FSM(
        alphabet=fsm.alphabet,
        start=fsm.start,
        transitions=fsm.transitions,
        outputs={state: str(number % 3) for number, state in enumerate(fsm.states)},
    )
    net = TableNet(numbered, "label")
    net.labels = ()
    found = extract(net, reference=numbered, budget=SMALL)
    assert [pair.equal for pair in found.verdict] == [None, True, None]


# Budgets


@pytest.mark.parametrize(
    ("limits", "ended_by"),
    [
        ({"max_states": 1}, "states"),
        ({"max_states": 4}, "states"),
        ({"max_words": 1}, "words"),
        ({"max_words": 30}, "words"),
        ({"seconds": 0.0}, "seconds"),
    ],
)
def test_the_budget_ends_with_the_best_machine_so_far(
    limits: dict[str, float], ended_by: str
) -> None:
    fsm = random_machine(5, states=40, symbols=3)
    net = TableNet(fsm, "accept")
    found = extract(net, reference=fsm, **limits)  # type: ignore[arg-type]
    assert found.ended_by == ended_by
    assert 1 <= len(found.fsm.states) <= limits.get("max_states", 1_000)
    assert found.fsm.is_complete, "every symbol leads somewhere, known or not"
    pair = found.verdict[0]
    if pair.word is not None:
        assert shown_by_net(net, pair.word) != found.fsm.accepts(pair.word)


def test_time_is_kept() -> None:
    class Slow(RandomNet):
        def step(self, states: np.ndarray, symbols: np.ndarray) -> np.ndarray:
            until = time.process_time() + 0.01
            while time.process_time() < until:
                pass
            return super().step(states, symbols)

    start = time.process_time()
    found = extract(Slow(4, "accept"), seconds=1.0)
    assert time.process_time() - start < 5.0
    assert found.fsm.states


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_states": 0}, "max_states is 0; it must be at least 1"),
        ({"max_words": 0}, "max_words is 0; it must be at least 1"),
        ({"seconds": -1.0}, "seconds is -1.0; it must be finite and not negative"),
        ({"seconds": float("nan")}, "seconds is nan; it must be finite and not negative"),
    ],
)
def test_senseless_bounds_are_refused(limits: dict[str, float], message: str) -> None:
    with pytest.raises(ExtractionError) as error:
        extract(RandomNet(0, "accept"), **limits)  # type: ignore[arg-type]
    assert str(error.value) == message


# Nets that are not what they should be


def broken(**parts: object) -> RandomNet:
    net = RandomNet(0, "accept")
    for name, value in parts.items():
        setattr(net, name, value)
    return net


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (object(), "object has no 'alphabet'; give a net, its name or its file, a state dict, an"),
        (broken(kind="next"), "kind 'next'; choose 'legal', 'accept' or 'label'"),
        (broken(alphabet=()), "alphabet of RandomNet is empty"),
        (broken(alphabet=(0, 1)), "alphabet of RandomNet: 0 is no string, is empty or comes"),
        (broken(alphabet=("a", "a")), "alphabet of RandomNet: 'a' is no string, is empty or"),
        (broken(initial=lambda: np.zeros((1, 4))), "initial() answered float64 of shape (1, 4)"),
        (broken(initial=lambda: np.array(["x"])), "initial() answered <U1 of shape (1,)"),
        (broken(step=lambda s, a: s[:, :2]), "step() turned states of shape (2, 4) into (2, 2)"),
        (broken(observe=lambda s: s), "observe() of 1 states has shape (1, 4), expected (1,)"),
        (
            broken(observe=lambda s: s[:, 0] + 0.3),
            "answered float32 for kind 'accept'; give booleans, as in `probability > 0.5`",
        ),
        (
            broken(kind="label", observe=lambda s: s[:, 0]),
            "answered float32 for kind 'label'; give integers",
        ),
    ],
)
def test_what_is_wrong_with_a_net_is_said(net: RandomNet, message: str) -> None:
    with pytest.raises(ExtractionError) as error:
        extract(net, budget=SMALL)
    assert message in str(error.value)


def test_integers_may_go_on_as_fractions() -> None:
    class Halves(RandomNet):
        def initial(self) -> np.ndarray:
            return np.zeros(4, dtype=int)

        def step(self, states: np.ndarray, symbols: np.ndarray) -> np.ndarray:
            after: np.ndarray = (states + symbols[:, None]) / 2
            return after

        def observe(self, states: np.ndarray) -> np.ndarray:
            seen: np.ndarray = states[:, 0] > 0.7
            return seen

    found = extract(Halves(0, "accept"), budget=SMALL)
    assert found.fsm.accepts("bb")
    assert not found.fsm.accepts("b")


def test_reference_over_another_alphabet() -> None:
    with pytest.raises(ExtractionError, match=r"the alphabet of reber is B T S X P"):
        extract(RandomNet(0, "accept"), reference=rl.load_grammar("reber"))


def test_net_without_heads() -> None:
    net = rl.compile(rl.load_grammar("parity"))
    with pytest.raises(ExtractionError, match="has no 'legal', 'accept', 'next' or 'label' head"):
        extract(net.replace(heads={}))


def test_probabilities_of_the_next_symbol_tell_which_may_come() -> None:
    """Where there is no other head, a symbol is offered whose probability is over 0.1."""
    fsm = rl.load_grammar("reber")
    net = rl.compile(fsm)
    net = net.replace(heads={"next": net.heads["next"]}, claims="legal")
    found = extract(net, reference=fsm, budget=SMALL)
    assert found.reading == "legal: softmax > 0.1"
    assert found.verdict[1].relation == "equal: proved"


# Heads and scopes


@pytest.mark.parametrize("heads", [("legal",), ("accept",), ("legal", "accept")])
@pytest.mark.parametrize("claims", ["legal", "all"])
def test_heads_left_out(heads: tuple[str, ...], claims: str) -> None:
    fsm = rl.load_grammar("tomita-4")
    net = rl.compile(fsm)
    net = net.replace(heads={head: net.heads[head] for head in heads}, claims=claims)
    found = extract(net, reference=fsm, budget=SMALL)
    for pair in found.verdict:
        assert pair.equal is not False, pair


def test_a_wrong_accept_head_is_not_proved_right_by_the_legal_one() -> None:
    fsm = rl.load_grammar("reber")
    net = rl.compile(fsm)
    head = net.heads["accept"]
    heads = dict(net.heads) | {"accept": Head(head.weight * 0, head.bias * 0 - 1.0)}
    found = extract(net.replace(heads=heads, claims="legal"), reference=fsm, budget=SMALL)
    assert not found.fsm.accepting
    assert found.verdict[0].equal is None
    assert found.verdict[1].relation == "different"
    assert found.verdict[2].relation == "different"


def test_geometry_of_a_compiled_net() -> None:
    found = extract(rl.compile(rl.load_grammar("reber")))
    for report in found.states:
        assert report.visits > 0
        assert report.radius < 1e-6
        assert report.distance is not None
        assert report.distance > 1.0
        assert report.tolerance is not None
        assert report.tolerance > 0.05
    assert found.margin is not None
    assert 0.38 < found.margin < 0.39, "an active cell is tanh 1 = 0.76 high"
