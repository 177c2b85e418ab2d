"""Operators that build larger grammars: embedding in frames, and one word after the other."""

from __future__ import annotations

import re
from math import prod

import pytest
from hypothesis import given

import reberlstm as rl
from reberlstm.errors import GrammarError
from reberlstm.grammars.frames import REBER_FRAMES, continual, embed
from reberlstm.machine.counting import entropy
from reberlstm.machine.fsm import FSM, Word
from tests.cases import machine
from tests.strategies import machines

REBER = rl.load_grammar("reber")


def chance(fsm: FSM, word: Word) -> float:
    """The probability that the machine draws this word, by the definition."""
    state = fsm.start
    factors = []
    for symbol in word:
        factors += [1 - fsm.stop_probability(state), fsm.probability(state, symbol)]
        state = fsm.transitions[state][symbol]
    return prod(factors) * fsm.stop_probability(state)


# Embedding


def test_embedded_reber_is_reber_in_its_frames() -> None:
    shipped, made = rl.load_grammar("embedded-reber"), embed(REBER, REBER_FRAMES)
    assert made.difference(shipped) is None
    assert shipped.difference(made) is None
    assert made.difference(shipped, by="legal") is None
    assert shipped.difference(made, by="legal") is None
    assert len(made.states) == len(shipped.states) == 20
    assert entropy(made) == entropy(shipped)
    assert made.name == "embedded-reber"


def test_names_of_embedded_states() -> None:
    made = embed(REBER, REBER_FRAMES)
    assert [made.run(word) for word in ("", "B", "BT", "BP", "BTBTXSE", "BTBTXSET")] == [
        "start",
        "B",
        "T.start",
        "P.start",
        "T.end",
        "…E",
    ]


@given(machines(plain=True, outputs=False, max_states=4, max_symbols=2))
def test_words_of_an_embedding_are_framed_words(inner: FSM) -> None:
    framed = embed(inner, {"x": ("12", "3"), "y": ("145", "46")})
    assert framed.alphabet == (*inner.alphabet, "1", "2", "3", "4", "5", "6")
    expected = []
    for word in inner.enumerate(5):
        expected += [("1", "2", *word, "3"), ("1", "4", "5", *word, "4", "6")]
        for framed_word in expected[-2:]:
            assert chance(framed, framed_word) == pytest.approx(chance(inner, word) / 2)
    assert set(framed.enumerate(8)) == {word for word in expected if len(word) <= 8}
    for word in framed.prefixes(6):
        if word[:2] == ("1", "2") and "3" not in word:
            legal = inner.legal(inner.run(word[2:]))
            assert framed.legal(framed.run(word)) - {"3"} == legal


def test_one_frame() -> None:
    quoted = embed(rl.load_grammar("anbn-4"), {"quote": ('"', '"')})
    assert ["".join(word) for word in quoted.enumerate()][:2] == ['"ab"', '"aabb"']


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ({}, "no frames given; name at least one"),
        ({"x": ("", "E")}, "frame 'x' needs a symbol or more both before and after"),
        ({"x": ("B", "")}, "frame 'x' needs a symbol or more both before and after"),
        ({"x": ("B", "E"), "y": ("BT", "E")}, "frame 'y' begins with the whole of frame 'x'"),
        ({"x": ("B", "E"), "y": ("B", "T")}, "frame 'y' begins with the whole of frame 'x'"),
    ],
)
def test_frames_that_do_not_fit(frames: dict[str, tuple[str, str]], message: str) -> None:
    with pytest.raises(GrammarError, match=re.escape(message)):
        embed(REBER, frames)


def test_a_frame_that_hides_the_end_of_the_inner_word() -> None:
    with pytest.raises(
        GrammarError,
        match="in state 'even' of parity a word may end, but also go on with '0', which would",
    ):
        embed(rl.load_grammar("parity"), {"x": ("2", "0")})


def test_machines_with_outputs_are_not_framed() -> None:
    for operator in (lambda fsm: embed(fsm, {"x": ("B", "E")}), continual):
        with pytest.raises(GrammarError, match="alternating has outputs"):
            operator(rl.load_grammar("alternating"))


# One word after the other


@pytest.mark.parametrize("name", ["reber", "embedded-reber"])
def test_shipped_continual_grammars(name: str) -> None:
    shipped, made = rl.load_grammar(f"continual-{name}"), continual(rl.load_grammar(name))
    assert made.difference(shipped) is None
    assert made.difference(shipped, by="legal") is None
    assert made.name == shipped.name
    assert entropy(made).word_entropy == pytest.approx(entropy(shipped).word_entropy)


def test_words_of_a_continual_grammar() -> None:
    inner = machine("ab", "0", "1 2", {"0": "a1", "1": "b2", "2": ""})
    words = ["".join(word) for word in continual(inner).enumerate(5)]
    assert words == sorted(words_of(["a", "ab"], 5), key=lambda word: (len(word), word))


def words_of(parts: list[str], longest: int) -> set[str]:
    found, level = {""}, {""}
    while level:
        level = {w + part for w in level for part in parts if len(w + part) <= longest}
        found |= level
    return found


def test_probabilities_of_a_continual_grammar() -> None:
    """Words are drawn one after the other, and after each another one follows in 9 of 10 cases."""
    inner = machine("ab", "0", "1 2", {"0": "a1", "1": "b2", "2": ""}, stop={"1": 0.25})
    endless = continual(inner, again=0.5)
    assert chance(endless, ()) == pytest.approx(0.5)
    assert chance(endless, ("a",)) == pytest.approx(0.5 * 0.25 * 0.5)
    assert chance(endless, ("a", "b")) == pytest.approx(0.5 * 0.75 * 0.5)
    assert chance(endless, ("a", "a", "b")) == pytest.approx(0.5 * 0.25 * 0.5 * 0.75 * 0.5)


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        (
            machine("ab", "0", "1", {"0": "a1", "1": "a1"}),
            "in state '1' of machine of 2 states a word may end, but also go on with 'a'",
        ),
        (
            machine("ab", "0", "1", {"0": "a0 b1", "1": ""}),
            "the start state '0' of machine of 2 states is entered within words",
        ),
    ],
)
def test_words_that_cannot_be_told_apart(inner: FSM, message: str) -> None:
    with pytest.raises(GrammarError, match=re.escape(message)):
        continual(inner)


def test_the_probability_of_another_word() -> None:
    with pytest.raises(GrammarError, match=re.escape("again=1.0 is not in [0, 1)")):
        continual(REBER, again=1.0)
