"""Algorithms on whole machines, by example; their laws are in `tests/properties/test_machines.py`."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from math import prod, sqrt

import pytest

import reberlstm as rl
from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM
from tests.cases import REBER, REBER_WORD, machine, reber_prefixes

LOOP = machine("ab", "0", "0", {"0": "a0 b1", "1": "b0"})


# Enumeration


def test_enumerate_is_shortest_first_then_in_alphabet_order() -> None:
    words = ["".join(word) for word in REBER.enumerate(max_length=9)]
    assert words == [prefix for prefix in reber_prefixes(9) if REBER_WORD.fullmatch(prefix)]
    assert words[:4] == ["BTXSE", "BPVVE", "BTSXSE", "BPTVVE"]


def test_enumerate_without_a_limit() -> None:
    assert ["".join(word) for word in islice(LOOP.enumerate(), 6)] == [
        "",
        "a",
        "aa",
        "bb",
        "aaa",
        "abb",
    ]
    finite = machine("ab", "0", "2", {"0": "a1 b2", "1": "b2", "2": ""})
    assert list(finite.enumerate()) == [("b",), ("a", "b")]
    assert list(machine("a", "0", "", {"0": "a0"}).enumerate()) == []


def test_enumerate_does_not_follow_dead_ends() -> None:
    """Else it would take 26^20 steps."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    trap = machine(
        letters, "0", "1", {"0": "a1 bx", "1": "", "x": " ".join(f"{s}x" for s in letters)}
    )
    assert list(trap.enumerate(max_length=20)) == [("a",)]
    assert list(trap.enumerate()) == [("a",)]


@pytest.mark.parametrize(("max_length", "count"), [(-1, 0), (0, 1), (1, 2), (2, 4)])
def test_enumerate_up_to_a_length(max_length: int, count: int) -> None:
    assert len(list(islice(LOOP.enumerate(max_length), 99))) == count
    assert list(LOOP.prefixes(-1)) == []


def test_prefixes() -> None:
    assert ["".join(prefix) for prefix in REBER.prefixes(10)] == reber_prefixes(10)
    assert list(REBER.prefixes(0)) == [()]


# Differences


def test_difference_by_acceptance() -> None:
    other = machine("ab", "0", "0", {"0": "a0 b1", "1": "b2", "2": "b0"})
    assert LOOP.difference(other) == ("b", "b")
    assert LOOP.difference(LOOP) is None
    assert LOOP.difference(machine("ab", "0", "", {"0": ""})) == ()


def test_difference_by_legal_sets() -> None:
    trapped = machine("ab", "0", "0", {"0": "a0 b1", "1": "b0 ax", "x": "ax"})
    assert LOOP.difference(trapped) is None, "no word tells them apart by acceptance"
    assert LOOP.difference(trapped, by="legal") == ("b",)
    assert trapped.difference(LOOP, by="legal") == ("b",)


def test_difference_by_labels() -> None:
    one = machine("a", "0", "", {"0": "a1", "1": "a0"}, outputs={"0": "x", "1": "y"})
    other = machine(
        "a", "0", "", {"0": "a1", "1": "a2", "2": "a2"}, outputs={"0": "x", "1": "y", "2": "x"}
    )
    assert one.difference(other, by="label") == ("a", "a", "a")
    assert one.difference(other) is None


def test_difference_of_machines_over_different_alphabets() -> None:
    """A symbol that is missing from an alphabet is a violation there."""
    wider = machine("abc", "0", "0", {"0": "a0 b1 c0", "1": "b0"})
    assert LOOP.difference(wider) == wider.difference(LOOP) == ("c",)
    assert LOOP.difference(wider, by="legal") == ()
    unused = machine("cab", "0", "0", {"0": "a0 b1", "1": "b0"})
    assert LOOP.difference(unused) is LOOP.difference(unused, by="legal") is None


def test_difference_of_what() -> None:
    with pytest.raises(GrammarError, match="by='states'; choose 'accept', 'legal' or 'label'"):
        LOOP.difference(LOOP, by="states")  # type: ignore[arg-type]


# Minimal machines


def test_minimise_merges_and_keeps_names() -> None:
    unrolled = machine(
        "ab", "0", "0 2", {"0": "a2 b1", "1": "b0", "2": "a0 b3", "3": "b2", "far": "a0"}
    )
    assert unrolled.minimise() == LOOP


def test_minimise_keeps_states_that_cannot_accept_and_their_symbols() -> None:
    trap = machine("ab", "0", "1", {"0": "a1 bx", "1": "", "x": "by", "y": "bx"})
    small = trap.minimise()
    assert small.states == ("0", "1", "x")
    assert small.legal("x") == {"b"}
    assert trap.difference(small, by="legal") is None


def test_minimise_tells_probabilities_and_outputs_apart() -> None:
    twins = {"0": "a1 b2", "1": "a1 b1", "2": "a2 b2"}
    assert len(machine("ab", "0", "", twins).minimise().states) == 1
    biased = machine("ab", "0", "", twins, probabilities={"2": {"a": 0.9, "b": 0.1}})
    assert len(biased.minimise().states) == 3
    even = machine("ab", "0", "", twins, probabilities={"2": {"a": 0.5, "b": 0.5}})
    assert len(even.minimise().states) == 1
    labelled = machine("ab", "0", "", twins, outputs={"0": "x", "1": "x", "2": "y"})
    assert len(labelled.minimise().states) == 3
    stopping = machine("ab", "0", "1 2", twins, stop={"1": 0.5})
    assert len(stopping.minimise().states) == 3


def test_reber_is_minimal() -> None:
    assert REBER.minimise() == REBER
    embedded = rl.load_grammar("embedded-reber")
    assert embedded.minimise() == embedded


def test_minimise_a_large_machine() -> None:
    """A ring of 20,000 states that counts to 4."""
    size = 20_000
    ring = {str(n): {"a": str((n + 1) % size)} for n in range(size)}
    counter = FSM(
        alphabet=("a",), start="0", accepting={str(n) for n in range(0, size, 4)}, transitions=ring
    )
    assert counter.minimise().states == ("0", "1", "2", "3")


# Sampling


def test_samples_are_words_and_seeds_repeat(seed: int) -> None:
    words = REBER.sample(500, seed=seed)
    assert all(REBER_WORD.fullmatch("".join(word)) for word in words)
    assert REBER.sample(500, seed=seed) == words
    assert REBER.sample(500, seed=seed + 1) != words
    assert REBER.sample(0, seed=seed) == []


def frequencies(fsm: FSM, count: int, seed: int) -> Counter[str]:
    return Counter("".join(word) for word in fsm.sample(count, seed=seed))


def within(observed: int, count: int, probability: float) -> bool:
    """Whether a frequency is within five standard deviations."""
    return abs(observed - count * probability) <= 5 * sqrt(count * probability * (1 - probability))


def test_reber_words_have_their_probabilities(seed: int) -> None:
    """Every node has two ways on, but for nodes start, 3 and end."""
    count = 20_000
    found = frequencies(REBER, count, seed)
    for word in ("".join(word) for word in REBER.enumerate(max_length=9)):
        states = [REBER.run(word[:t]) for t in range(len(word))]
        probability = prod(0.5 for state in states if state in {"0", "1", "2", "4", "5"})
        assert within(found[word], count, probability), word


def test_given_probabilities_and_stops_are_followed(seed: int) -> None:
    fsm = machine(
        "ab",
        "0",
        "0 1",
        {"0": "a0 b1", "1": ""},
        probabilities={"0": {"a": 0.8, "b": 0.2}},
        stop={"0": 0.1},
    )
    count = 20_000
    found = frequencies(fsm, count, seed)
    expected = {"": 0.1, "b": 0.9 * 0.2, "a": 0.9 * 0.8 * 0.1, "ab": 0.9 * 0.8 * 0.9 * 0.2}
    for word, probability in expected.items():
        assert within(found[word], count, probability), word


def test_default_stop_is_one_way_on_among_the_others(seed: int) -> None:
    fsm = machine("ab", "0", "0", {"0": "a0 b1", "1": "b0"})
    assert within(frequencies(fsm, 20_000, seed)[""], 20_000, 1 / 3)


def test_walks_into_dead_ends_are_drawn_again(seed: int) -> None:
    """The words follow the machine's distribution given acceptance: 1/3 to 1/6."""
    fsm = machine("abc", "0", "1 2", {"0": "a1 bx cy", "1": "", "2": "", "x": "bx", "y": "ax c2"})
    count = 20_000
    found = frequencies(fsm, count, seed)
    assert set(found) == {"a", "cc"}
    assert within(found["a"], count, (1 / 3) / (1 / 3 + 1 / 6))


def test_symbols_of_probability_zero_never_come(seed: int) -> None:
    fsm = machine(
        "ab", "0", "1", {"0": "a1 b1", "1": ""}, probabilities={"0": {"a": 1.0, "b": 0.0}}
    )
    assert set(frequencies(fsm, 1_000, seed)) == {"a"}


def test_what_cannot_be_sampled() -> None:
    with pytest.raises(GrammarError, match="reber accepts no word, so none can be sampled"):
        machine("a", "0", "", {"0": "a0"}, name="reber").sample()
    forever = machine("a", "0", "0", {"0": "a0"}, stop={"0": 0.0})
    with pytest.raises(GrammarError, match="a word grew over 50 symbols; raise the stop"):
        forever.sample(max_length=50)
    with pytest.raises(GrammarError, match="a word grew over -1 symbols"):
        REBER.sample(max_length=-1)
    unlikely = machine(
        "ab", "0", "1", {"0": "a1 bx", "1": "", "x": ""}, probabilities={"0": {"a": 0.0, "b": 1.0}}
    )
    with pytest.raises(
        GrammarError, match="10,000 walks in a row came to a state from which nothing"
    ):
        unlikely.sample()


def test_sampling_keeps_to_the_maximum_length(seed: int) -> None:
    assert all(len(word) <= 40 for word in REBER.sample(200, seed=seed, max_length=40))
