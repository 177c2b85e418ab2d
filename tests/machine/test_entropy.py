"""Entropy of probabilistic grammars, against closed forms, enumeration and a fixed point."""

from __future__ import annotations

from math import log2, prod

import pytest
from hypothesis import assume, given, settings

import reberlstm as rl
from reberlstm.errors import GrammarError
from reberlstm.machine.counting import Entropy, entropy
from reberlstm.machine.fsm import FSM, Word
from tests.cases import machine
from tests.strategies import machines


def chance(fsm: FSM, word: Word) -> float:
    state = fsm.start
    factors = []
    for symbol in word:
        factors += [1 - fsm.stop_probability(state), fsm.probability(state, symbol)]
        state = fsm.transitions[state][symbol]
    return prod(factors) * fsm.stop_probability(state)


def by_enumeration(fsm: FSM, longest: int) -> tuple[float, float, float]:
    """Total probability, entropy and expected length, from the words themselves."""
    words = list(fsm.enumerate(longest))
    chances = [chance(fsm, word) for word in words]
    total = sum(chances)
    bits = -sum(p / total * log2(p / total) for p in chances if p > 0)
    length = sum(p / total * len(word) for p, word in zip(chances, words, strict=True))
    return total, bits, length


def test_one_coin_until_heads() -> None:
    """A geometric length: 2 bits, one symbol."""
    fsm = machine("a", "0", "0", {"0": "a0"})
    result = entropy(fsm)
    assert result == Entropy(
        1.0, pytest.approx(2.0), pytest.approx(1.0), *(pytest.approx(v) for v in (2.0, 4.0, 2.0))
    )


def test_equally_likely_words() -> None:
    """Eight words of three symbols."""
    fsm = machine("ab", "0", "3", {"0": "a1 b1", "1": "a2 b2", "2": "a3 b3", "3": ""})
    result = entropy(fsm)
    assert result.word_entropy == pytest.approx(3.0)
    assert result.expected_length == pytest.approx(3.0)
    assert result.entropy_rate == pytest.approx(1.0)
    assert result.perplexity == pytest.approx(2.0)
    assert result.perplexity_with_end == pytest.approx(2 ** (3 / 4))


def test_one_word() -> None:
    assert entropy(machine("a", "0", "1", {"0": "a1", "1": ""})).word_entropy == 0.0
    only_empty = entropy(machine("a", "0", "0", {"0": ""}))
    assert only_empty == Entropy(1.0, 0.0, 0.0, 0.0, 1.0, 1.0)


def test_a_biased_coin() -> None:
    fsm = machine(
        "ab", "0", "1", {"0": "a1 b1", "1": ""}, probabilities={"0": {"a": 0.9, "b": 0.1}}
    )
    assert entropy(fsm).word_entropy == pytest.approx(-0.9 * log2(0.9) - 0.1 * log2(0.1))


@pytest.mark.parametrize(
    ("name", "bits", "length"), [("reber", 6.0, 8.0), ("embedded-reber", 7.0, 12.0)]
)
def test_reber(name: str, bits: float, length: float) -> None:
    fsm = rl.load_grammar(name)
    result = entropy(fsm)
    assert (result.word_entropy, result.expected_length) == pytest.approx((bits, length))
    total, by_words, symbols = by_enumeration(fsm, 24)
    assert total == pytest.approx(1.0, abs=0.02)
    assert by_words == pytest.approx(bits, abs=0.3)
    assert symbols == pytest.approx(length, abs=0.3)


def test_continual_reber_is_a_geometric_number_of_words() -> None:
    """Nine words on average, each with its own entropy, and the entropy of how many."""
    one, many = entropy(rl.load_grammar("reber")), entropy(rl.load_grammar("continual-reber"))
    how_many = (-0.9 * log2(0.9) - 0.1 * log2(0.1)) / 0.1
    assert many.expected_length == pytest.approx(9 * one.expected_length)
    assert many.word_entropy == pytest.approx(9 * one.word_entropy + how_many)


def test_walks_that_go_astray_do_not_count() -> None:
    """Half of the walks end in a trap; the words are those of the other half."""
    fsm = machine("ab", "0", "0", {"0": "a0 bx", "x": "ax bx"}, stop={"0": 0.5})
    result = entropy(fsm)
    assert result.acceptance == pytest.approx(0.5 / 0.75)
    # Given acceptance, a word goes on with probability 1/4.
    assert result.expected_length == pytest.approx(1 / 3)
    total, bits, length = by_enumeration(fsm, 40)
    assert (result.acceptance, result.word_entropy) == pytest.approx((total, bits))
    assert result.expected_length == pytest.approx(length)


@settings(max_examples=30)
@given(machines(max_states=5, max_symbols=3, probabilities=True))
def test_against_a_fixed_point(fsm: FSM) -> None:
    """The same chain, by iterating expectations backwards in place of solving for visits."""
    try:
        result = entropy(fsm)
    except GrammarError:
        assume(False)
    alive = [q for q in fsm.states if q in fsm.distance_to_acceptance]
    accepted = dict.fromkeys(fsm.states, 0.0)
    bits, length = dict(accepted), dict(accepted)

    def steps(q: str) -> list[tuple[float, str]]:
        on = 1 - fsm.stop_probability(q)
        line = fsm.transitions[q].items()
        return [(on * fsm.probability(q, a), to) for a, to in line if on * fsm.probability(q, a)]

    def iterate(values: dict[str, float], rule) -> None:  # type: ignore[no-untyped-def]
        for _ in range(3_000):
            new = {q: rule(q) for q in alive}
            moved = max(abs(new[q] - values[q]) for q in alive)
            values.update(new)
            if moved < 1e-13:
                return
        assume(False)

    iterate(accepted, lambda q: fsm.stop_probability(q) + sum(p * accepted[t] for p, t in steps(q)))
    assume(accepted[fsm.start] > 1e-3)

    def given_acceptance(q: str) -> list[tuple[float, str]]:
        return [(p * accepted[t] / accepted[q], t) for p, t in steps(q) if accepted[t] > 0]

    def step_bits(q: str) -> float:
        ending = fsm.stop_probability(q) / accepted[q]
        return -sum(p * log2(p) for p in [ending, *(p for p, _ in given_acceptance(q))] if p > 0)

    iterate(
        bits,
        lambda q: (
            step_bits(q) + sum(p * bits[t] for p, t in given_acceptance(q)) if accepted[q] else 0.0
        ),
    )
    iterate(
        length,
        lambda q: sum(p * (1 + length[t]) for p, t in given_acceptance(q)) if accepted[q] else 0.0,
    )
    assert result.acceptance == pytest.approx(accepted[fsm.start], rel=1e-6)
    assert result.word_entropy == pytest.approx(bits[fsm.start], rel=1e-6, abs=1e-9)
    assert result.expected_length == pytest.approx(length[fsm.start], rel=1e-6, abs=1e-9)
    symbols = max(result.expected_length, 1e-300)
    if result.expected_length > 0:
        assert result.entropy_rate == pytest.approx(result.word_entropy / symbols)
        assert result.perplexity == pytest.approx(2**result.entropy_rate)
    assert result.perplexity_with_end <= len(fsm.alphabet) + 1 + 1e-9


def test_sampled_lengths_agree() -> None:
    fsm = rl.load_grammar("tomita-7")
    words = fsm.sample(4_000, seed=20)
    mean = sum(map(len, words)) / len(words)
    assert mean == pytest.approx(entropy(fsm).expected_length, abs=0.1)


@pytest.mark.parametrize(
    ("fsm", "message"),
    [
        (
            machine("a", "0", "", {"0": "a0"}, name="none"),
            "none accepts no word, so its words have no entropy",
        ),
        (
            machine("a", "0", "0", {"0": "a0"}, stop={"0": 0.0}, name="endless"),
            "endless: a word that comes to state '0' never ends",
        ),
        (
            machine(
                "ab",
                "0",
                "1",
                {"0": "a1 b2", "1": "", "2": "a1 b2"},
                probabilities={"2": {"a": 0.0, "b": 1.0}},
                name="trap",
            ),
            "trap: a word that comes to state '2' never ends",
        ),
    ],
)
def test_words_that_never_end(fsm: FSM, message: str) -> None:
    with pytest.raises(GrammarError, match=message):
        entropy(fsm)


def test_states_that_walks_never_come_to_may_never_end() -> None:
    fsm = machine(
        "ab",
        "0",
        "1",
        {"0": "a1 b2", "1": "", "2": "b1 a2"},
        probabilities={"0": {"a": 1.0, "b": 0.0}, "2": {"a": 1.0, "b": 0.0}},
    )
    assert entropy(fsm).word_entropy == 0.0


def test_machines_have_a_limit() -> None:
    with pytest.raises(GrammarError, match="mod-5000 has 5,000 states that words come to"):
        entropy(rl.load_grammar("mod-5000"))
