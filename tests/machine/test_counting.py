"""Counts of words and words drawn evenly, against brute force and closed forms."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import product
from math import comb

import pytest
from automata.fa.dfa import DFA
from hypothesis import given

import reberlstm as rl
from reberlstm.errors import GrammarError
from reberlstm.machine import counting
from reberlstm.machine.fsm import FSM
from tests.cases import machine
from tests.strategies import machines


@given(machines(max_states=5, max_symbols=3))
def test_counts_are_those_of_brute_force(fsm: FSM) -> None:
    counts = counting.count_up_to(fsm, 5)
    for length, count in enumerate(counts):
        words = product(fsm.alphabet, repeat=length)
        assert count == sum(fsm.accepts(word) for word in words)
        assert count == counting.count_words(fsm, length)


@given(machines(plain=True, max_states=5, max_symbols=3, complete=True))
def test_counts_are_those_of_automata_lib(fsm: FSM) -> None:
    theirs = DFA(
        states=set(fsm.states),
        input_symbols=set(fsm.alphabet),
        transitions={q: dict(line) for q, line in fsm.transitions.items()},
        initial_state=fsm.start,
        final_states=set(fsm.accepting),
    )
    assert counting.count_words(fsm, 40) == theirs.count_words_of_length(40)


def test_long_words_by_closed_forms() -> None:
    assert counting.count_words(rl.load_grammar("parity"), 1000) == 2**999
    assert counting.count_words(rl.load_grammar("dyck-1-100"), 200) == catalan(100)
    assert counting.count_words(rl.load_grammar("dyck-1-99"), 200) == catalan(100) - 1
    assert counting.count_words(rl.load_grammar("anbn-4"), 1000) == 0
    # Words without 000 are counted by the tribonacci numbers.
    a, b, c = 1, 2, 4
    for _ in range(1000):
        a, b, c = b, c, a + b + c
    assert counting.count_words(rl.load_grammar("tomita-4"), 1000) == a


def catalan(n: int) -> int:
    return comb(2 * n, n) // (n + 1)


def test_reber_counts() -> None:
    reber = rl.load_grammar("reber")
    assert counting.count_up_to(reber, 12) == [0, 0, 0, 0, 0, 2, 3, 4, 7, 11, 16, 24, 36]


@pytest.mark.parametrize("length", [-1, 100_001])
def test_lengths_have_limits(length: int) -> None:
    with pytest.raises(GrammarError, match=f"length {length:,} is not between 0 and 100,000"):
        counting.count_words(rl.load_grammar("parity"), length)


class EveryNumber(random.Random):
    """Draws 0, 1, 2, … in place of random numbers."""

    def __init__(self, seed: int | None) -> None:
        self.numbers: Iterator[int] | None = None

    def randrange(self, stop: int) -> int:  # type: ignore[override]
        self.numbers = self.numbers or iter(range(stop))
        return next(self.numbers)


@given(machines(max_states=5, max_symbols=3))
def test_every_random_number_is_another_word(fsm: FSM) -> None:
    """So words are drawn evenly, as far as the numbers are: the map is one to one, and in order."""
    for length in range(5):
        expected = [word for word in fsm.enumerate(length) if len(word) == length]
        if not expected:
            with pytest.raises(GrammarError, match=f"accepts no word of length {length}"):
                counting.sample_of_length(fsm, length)
            continue
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(counting.random, "Random", EveryNumber)
            assert counting.sample_of_length(fsm, length, len(expected)) == expected


def test_even_sampling_is_not_that_of_the_probabilities() -> None:
    """One word begins with a, and 3⁹ begin with b."""
    fsm = machine("abc", "0", "1", {"0": "a2 b1", "1": "a1 b1 c1", "2": "b3", "3": "b1"})
    words = counting.sample_of_length(fsm, 10, 2_000, seed=20)
    assert sum(word[0] == "a" for word in words) == pytest.approx(2_000 / 10, abs=60)


def test_samples_repeat_with_their_seed() -> None:
    reber = rl.load_grammar("reber")
    first = counting.sample_of_length(reber, 20, 5, seed=1)
    assert first == counting.sample_of_length(reber, 20, 5, seed=1)
    assert first != counting.sample_of_length(reber, 20, 5, seed=2)


def test_long_samples() -> None:
    word = counting.sample_of_length(rl.load_grammar("embedded-reber"), 1_000, seed=20)[0]
    assert len(word) == 1_000
    assert rl.load_grammar("embedded-reber").accepts(word)


def test_tables_have_a_limit() -> None:
    message = (
        "drawing evenly from mod-999 at length 10,000 takes a table of 9,990,999 numbers, "
        "over 5,000,000; choose a shorter length or a smaller machine"
    )
    with pytest.raises(GrammarError, match=re.escape(message)):
        counting.sample_of_length(rl.load_grammar("mod-999"), 10_000)
