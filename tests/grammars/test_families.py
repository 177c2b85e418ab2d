"""Families of machines: by name, by parameter, and what they refuse."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import pytest

import reberlstm as rl
from reberlstm.errors import GrammarError
from reberlstm.grammars import builders as families
from tests.grammars.languages import is_balanced


@pytest.mark.parametrize("family", families.FAMILIES, ids=lambda family: family.pattern)
def test_examples_of_families_load(family: families.Family) -> None:
    fsm = rl.load_grammar(family.example)
    assert fsm.name == family.example
    assert len(fsm.minimise().states) == len(fsm.states)


@pytest.mark.parametrize(
    ("file", "member"),
    [
        ("anbn-4", "anbn-4"),
        ("contains-abba", "contains-abba"),
        ("cycle-navigation", "cycle-navigation-5"),
        ("dyck-2-3", "dyck-2-3"),
        ("mod-3", "mod-3"),
        ("modular-arithmetic", "modular-arithmetic-5"),
    ],
)
def test_shipped_members_are_those_of_the_family(file: str, member: str) -> None:
    assert rl.load_grammar(file) == replace(families.by_name(member), name=file)


def test_mod_2_is_parity() -> None:
    assert families.mod(2).difference(rl.load_grammar("parity")) is None


@pytest.mark.parametrize("n", [1, 2, 5, 7])
def test_mod(n: int) -> None:
    fsm = rl.load_grammar(f"mod-{n}")
    for word in map("".join, product("01", repeat=9)):
        assert fsm.accepts(word) == (word.count("1") % n == 0)


@pytest.mark.parametrize("n", [2, 3])
def test_first_is_last(n: int) -> None:
    fsm = rl.load_grammar(f"first-is-last-{n}")
    for length in range(7):
        for word in product(fsm.alphabet, repeat=length):
            assert fsm.accepts(word) == (length > 0 and word[0] == word[-1])


def test_flip_flop() -> None:
    fsm = rl.load_grammar("flip-flop-2")
    for word in map("".join, product("wir01", repeat=6)):
        written, right = "", word[0] == "w"
        for instruction, value in zip(word[::2], word[1::2], strict=True):
            right = right and instruction in "wir" and value in "01"
            right = right and (instruction != "r" or value == written)
            written = value if instruction == "w" else written
        assert fsm.accepts(word) == right


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_cycle_navigation(n: int) -> None:
    fsm = rl.load_grammar(f"cycle-navigation-{n}")
    for word in map("".join, product("LSR", repeat=6)):
        place = (word.count("R") - word.count("L")) % n
        assert fsm.outputs[fsm.run(word)] == str(place)
        assert fsm.accepts(word) == (place == 0)


@pytest.mark.parametrize("n", [2, 3, 7])
def test_modular_arithmetic_is_what_python_computes(n: int) -> None:
    fsm = rl.load_grammar(f"modular-arithmetic-{n}")
    for word in map("".join, fsm.enumerate(7 if n < 7 else 5)):
        assert fsm.outputs[fsm.run(word)] == str(eval(word) % n), word
    assert len(fsm.states) == len(fsm.minimise().states) == 2 * n * n


def test_modular_arithmetic_over_10_has_long_symbols() -> None:
    fsm = rl.load_grammar("modular-arithmetic-12")
    assert fsm.outputs[fsm.run("11 * 11 - 10 + 3")] == str((11 * 11 - 10 + 3) % 12)


@pytest.mark.parametrize(("kinds", "depth"), [(1, 1), (1, 4), (2, 2), (2, 4)])
def test_dyck(kinds: int, depth: int) -> None:
    fsm = rl.load_grammar(f"dyck-{kinds}-{depth}")
    assert len(fsm.states) == sum(kinds**level for level in range(depth + 1))
    length = 10 if kinds == 1 else 6
    for word in map("".join, product(fsm.alphabet, repeat=length)):
        assert fsm.accepts(word) == is_balanced(word, depth), word


def test_dyck_with_many_kinds_has_long_symbols() -> None:
    fsm = rl.load_grammar("dyck-5-2")
    assert fsm.accepts("(5 (1 )1 )5 (2 )2")
    assert not fsm.accepts("(5 (1 )5 )1")
    assert not fsm.accepts("(1 (1 (1 )1 )1 )1")


def test_dyck_of_great_depth() -> None:
    fsm = rl.load_grammar("dyck-1-2000")
    assert fsm.accepts("(" * 2000 + ")" * 2000)
    assert not fsm.accepts("(" * 2001 + ")" * 2001)


@pytest.mark.parametrize("n", [1, 2, 6])
def test_anbn(n: int) -> None:
    fsm = rl.load_grammar(f"anbn-{n}")
    words = ["".join(word) for word in fsm.enumerate()]
    assert words == ["a" * count + "b" * count for count in range(1, n + 1)]


@pytest.mark.parametrize("word", ["a", "aa", "ab", "aab", "abab", "aabaaab", "bbabb"])
def test_contains(word: str) -> None:
    fsm = rl.load_grammar(f"contains-{word}")
    assert len(fsm.states) == len(word) + 1 == len(fsm.minimise().states)
    for text in map("".join, product("ab", repeat=9)):
        assert fsm.accepts(text) == (word in text), text


@pytest.mark.parametrize(
    ("word", "alphabet"),
    [("aa", "ab"), ("TP", "ABCDEFGHIJKLMNOPQRST"), ("010", "01"), ("7", "01234567")],
)
def test_contains_chooses_an_alphabet(word: str, alphabet: str) -> None:
    assert rl.load_grammar(f"contains-{word}").alphabet == tuple(alphabet)


def test_contains_with_a_given_alphabet() -> None:
    fsm = families.contains(["go", "stop", "go"], ["go", "stop", "wait"])
    assert fsm.accepts("wait go go stop go wait")
    assert not fsm.accepts("go stop wait go")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dyck-2", "grammar 'dyck-2' is not of the form dyck-K-M; an example is dyck-2-3"),
        ("dyck-2-3-4", "grammar 'dyck-2-3-4' is not of the form dyck-K-M"),
        ("mod-x", "grammar 'mod-x' is not of the form mod-N; an example is mod-3"),
        ("mod--1", "grammar 'mod--1' is not of the form mod-N"),
        ("mod-0", "n of mod-N is 0; it must be at least 1"),
        ("modular-arithmetic-1", "n of modular-arithmetic-N is 1; it must be at least 2"),
        ("dyck-0-3", "K, the number of kinds of dyck-K-M, is 0; it must be at least 1"),
        (
            "first-is-last-1",
            "N, the number of symbols of first-is-last-N, is 1; it must be at least 2",
        ),
        ("dyck-1-0", "M, the depth of dyck-K-M, is 0; it must be at least 1"),
        ("dyck-9-9", "dyck-9-9 has over 100,000 states, which is the most that is built"),
        ("mod-100001", "mod-100001 has over 100,000 states"),
        ("anbn-0", "n of anbn-N is 0"),
        ("contains-aB", "the word 'aB' mixes kinds of symbols, so its alphabet cannot be told"),
        ("contains-" + "ab" * 501, "the word to look for has 1,002 symbols, over 1,000"),
        ("mod-" + "9" * 5000, "is not of the form mod-N"),
    ],
)
def test_names_that_make_no_machine(name: str, message: str) -> None:
    with pytest.raises(GrammarError, match=re.escape(message)):
        rl.load_grammar(name)


def test_contains_refuses_a_symbol_outside_the_alphabet() -> None:
    with pytest.raises(GrammarError, match="contains-ac: symbol 'c' is not in the alphabet"):
        families.contains("ac", "ab")
    with pytest.raises(GrammarError, match="the length of the word to look for is 0"):
        families.contains("")
