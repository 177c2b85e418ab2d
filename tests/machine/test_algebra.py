"""Operations on machines against their definitions, and against automata-lib for all lengths."""

from __future__ import annotations

import re
from itertools import product

import pytest
from automata.fa.dfa import DFA
from automata.fa.nfa import NFA
from hypothesis import given

import reberlstm as rl
from reberlstm.errors import GrammarError
from reberlstm.machine import algebra as operations
from reberlstm.machine.fsm import FSM, Word
from tests.cases import machine
from tests.strategies import machines

LENGTH = 5
small = {"max_states": 5, "max_symbols": 2}
pairs = machines(plain=True, alphabet=("a", "b"), max_states=5)


def words(alphabet: tuple[str, ...], length: int = LENGTH) -> list[Word]:
    return [word for n in range(length + 1) for word in product(alphabet, repeat=n)]


def theirs(fsm: FSM) -> DFA:
    """The machine as automata-lib has it, complete."""
    partial = DFA(
        states=set(fsm.states),
        input_symbols=set(fsm.alphabet),
        transitions={q: dict(line) for q, line in fsm.transitions.items()},
        initial_state=fsm.start,
        final_states=set(fsm.accepting),
        allow_partial=True,
    )
    return partial.to_complete()


# Complement


@given(machines(**small))
def test_complement(fsm: FSM) -> None:
    result = operations.complement(fsm)
    assert result.is_complete
    for word in words(fsm.alphabet):
        assert result.accepts(word) != fsm.accepts(word)
    assert operations.complement(result).difference(fsm) is None


@given(pairs)
def test_complement_against_automata_lib(fsm: FSM) -> None:
    assert theirs(operations.complement(fsm)) == theirs(fsm).complement()


def test_complement_keeps_names_and_finds_a_new_one() -> None:
    fsm = machine("ab", "0", "dead", {"0": "adead", "dead": ""}, name="first")
    result = operations.complement(fsm)
    assert result.states == ("0", "dead", "dead'")
    assert result.accepting == {"0", "dead'"}
    assert (result.name, result.title) == ("not-first", "All words but those of first")


def test_complement_of_a_complete_machine_needs_no_new_state() -> None:
    odd = operations.complement(rl.load_grammar("parity"))
    assert (odd.states, odd.accepting) == (("even", "odd"), {"odd"})


# Two machines


@given(pairs, pairs)
def test_products(first: FSM, second: FSM) -> None:
    union = operations.union(first, second)
    intersection = operations.intersection(first, second)
    difference = operations.difference(first, second)
    for word in words(first.alphabet):
        a, b = first.accepts(word), second.accepts(word)
        assert union.accepts(word) == (a or b)
        assert intersection.accepts(word) == (a and b)
        assert difference.accepts(word) == (a and not b)


@given(pairs, pairs)
def test_products_against_automata_lib(first: FSM, second: FSM) -> None:
    a, b = theirs(first), theirs(second)
    assert theirs(operations.union(first, second)) == a | b
    assert theirs(operations.intersection(first, second)) == a & b
    assert theirs(operations.difference(first, second)) == a - b


@given(pairs, pairs)
def test_legal_symbols_of_products(first: FSM, second: FSM) -> None:
    for word in words(first.alphabet, 3):
        a, b = first.run(word), second.run(word)
        for operation, expected in (
            (operations.union, legal(first, a) | legal(second, b)),
            (operations.intersection, legal(first, a) & legal(second, b)),
            (operations.difference, legal(first, a)),
        ):
            result = operation(first, second)
            state = result.run(word)
            if state is not None:
                assert result.legal(state) == expected


def legal(fsm: FSM, state: str | None) -> frozenset[str]:
    return frozenset() if state is None else fsm.legal(state)


def test_machines_over_different_alphabets() -> None:
    """A symbol that a machine does not know is a violation for it."""
    zeros = machine("0", "z", "z", {"z": "0z"}, name="zeros")
    ones = machine("1", "o", "o", {"o": "1o"}, name="ones")
    union = operations.union(zeros, ones)
    assert union.alphabet == ("0", "1")
    assert union.states == ("z,o", "z,-", "-,o")
    assert ["".join(word) for word in union.enumerate(2)] == ["", "0", "1", "00", "11"]
    assert (union.name, union.title) == ("zeros-or-ones", "The words of zeros or those of ones")
    assert list(operations.intersection(zeros, ones).enumerate(3)) == [()]
    assert operations.difference(zeros, ones).alphabet == ("0", "1")


def test_names_of_pairs_do_not_clash() -> None:
    first = machine("a", "x,y", "x", {"x,y": "ax", "x": ""})
    second = machine("a", "z", "y,z", {"z": "ay,z", "y,z": ""})
    assert operations.union(first, second).states == ("x,y,z", "x,y,z'")


def test_products_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "MAX_STATES", 20)
    first, second = rl.load_grammar("mod-5"), rl.load_grammar("mod-7")
    with pytest.raises(GrammarError, match="mod-5 or mod-7 needs over 20 states; minimise"):
        operations.union(first, second)
    assert len(operations.union(first, rl.load_grammar("mod-4")).states) == 20


# Reversal


@given(machines(**small))
def test_reverse(fsm: FSM) -> None:
    result = operations.reverse(fsm)
    for word in words(fsm.alphabet, 4):
        assert result.accepts(word) == fsm.accepts(word[::-1])
    assert operations.reverse(result).difference(fsm) is None


@given(pairs)
def test_reverse_against_automata_lib(fsm: FSM) -> None:
    backwards = DFA.from_nfa(NFA.from_dfa(theirs(fsm)).reverse())
    assert theirs(operations.reverse(fsm)) == backwards


@given(machines(**small))
def test_a_reversal_cannot_be_made_smaller(fsm: FSM) -> None:
    """Brzozowski's theorem: subsets of a deterministic machine read backwards are all different."""
    result = operations.reverse(fsm)
    assert len(result.minimise().states) == len(result.states)
    twice = operations.reverse(result)
    smallest = operations.trim(fsm).minimise()
    if fsm.distance_to_acceptance.keys() & set(fsm.reachable):
        assert len(twice.states) <= len(smallest.states)


def test_names_of_sets() -> None:
    fsm = machine("ab", "0", "1 2", {"0": "a1 b2", "1": "a2", "2": ""})
    assert operations.reverse(fsm).states == ("{1,2}", "{0,1}", "{0}")
    many = rl.load_grammar("contains-abbaabba")
    assert max(map(len, operations.reverse(many).states)) <= 40


def test_reversal_of_a_machine_that_accepts_nothing() -> None:
    result = operations.reverse(machine("a", "0", "", {"0": "a0"}))
    assert result.states == ("{}",)
    assert list(result.enumerate(5)) == []


def test_reversals_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tenth symbol from the start is a one: backwards the machine must remember ten symbols."""
    steps = {str(n): f"0{n + 1} 1{n + 1}" for n in range(9)}
    fsm = FSM(
        alphabet=("0", "1"),
        start="0",
        accepting={"10"},
        transitions={q: {edge[0]: edge[1:] for edge in line.split()} for q, line in steps.items()}
        | {"9": {"1": "10"}, "10": {"0": "10", "1": "10"}},
        name="tenth",
    )
    assert len(operations.reverse(fsm).states) == 2**10
    monkeypatch.setattr(operations, "MAX_STATES", 500)
    with pytest.raises(GrammarError, match="the reversal of tenth needs over 500 states; minimise"):
        operations.reverse(fsm)
    monkeypatch.setattr(operations, "MAX_STATES", 5_000)
    monkeypatch.setattr(operations, "MAX_MEMBERS", 1_000)
    with pytest.raises(GrammarError, match="states and more memory; minimise"):
        operations.reverse(fsm)


# Trimming


@given(machines(**small))
def test_trim(fsm: FSM) -> None:
    result = operations.trim(fsm)
    assert result.difference(fsm) is None
    useful = set(result.distance_to_acceptance) | {result.start}
    assert set(result.states) == set(result.reachable) == useful
    for state in result.states:
        if fsm.outputs:
            assert result.outputs[state] == fsm.outputs[state]


def test_trim_leaves_a_machine_without_useless_states_as_it_is() -> None:
    fsm = rl.load_grammar("continual-reber")
    assert operations.trim(fsm) is fsm


def test_complement_twice_and_trimmed_is_the_machine_again() -> None:
    reber = rl.load_grammar("reber")
    twice = operations.complement(operations.complement(reber))
    assert len(twice.states) == 9
    assert operations.trim(twice).difference(reber, by="legal") is None


# Outputs


@given(machines(**small, outputs=True))
def test_minimise_carries_outputs(fsm: FSM) -> None:
    smallest = fsm.minimise()
    assert smallest.difference(fsm, by="label") is None
    for word in words(fsm.alphabet, 4):
        state = fsm.run(word)
        if state is not None:
            assert smallest.outputs[smallest.run(word)] == fsm.outputs[state]


def test_operations_do_not_carry_outputs_of_another_language() -> None:
    fsm = rl.load_grammar("alternating")
    for result in (
        operations.complement(fsm),
        operations.union(fsm, fsm),
        operations.reverse(fsm),
    ):
        assert not result.outputs


# Laws


@given(pairs, pairs)
def test_de_morgan(first: FSM, second: FSM) -> None:
    not_either = operations.complement(operations.union(first, second))
    neither = operations.intersection(operations.complement(first), operations.complement(second))
    assert not_either.difference(neither) is None


@given(pairs, pairs)
def test_difference_is_empty_exactly_where_no_word_separates(first: FSM, second: FSM) -> None:
    word = first.difference(second)
    ways = [operations.difference(first, second), operations.difference(second, first)]
    shortest = [next(way.enumerate(12), None) for way in ways]
    if word is None:
        assert shortest == [None, None]
    else:
        assert len(word) == min(len(found) for found in shortest if found is not None)


def test_the_message_names_the_machines() -> None:
    assert re.fullmatch(
        "The words of reber without those of parity",
        operations.difference(rl.load_grammar("reber"), rl.load_grammar("parity")).title,
    )
