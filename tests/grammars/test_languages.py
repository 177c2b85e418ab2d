"""Every shipped grammar against an independent definition of its language."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice, product

import pytest
from aalpy.SULs import TomitaSUL
from automata.fa.dfa import DFA
from automata.fa.nfa import NFA

import reberlstm as rl
from reberlstm.machine.fsm import FSM
from tests.grammars.languages import OUTPUTS, PREDICATES, REGULAR_EXPRESSIONS

MAX_LENGTH = 12
BUDGET = 10_000
"""All words are tried up to `MAX_LENGTH` where they are no more than so many."""

SMALL = [name for name in PREDICATES if len(rl.load_grammar(name).alphabet) == 2]
LARGE = [name for name in PREDICATES if name not in SMALL]


def corruptions(word: str, alphabet: tuple[str, ...]) -> Iterator[str]:
    """All words that are one replaced, inserted or deleted symbol away."""
    for position in range(len(word) + 1):
        for symbol in alphabet:
            yield word[:position] + symbol + word[position:]
            if position < len(word):
                yield word[:position] + symbol + word[position + 1 :]
        if position < len(word):
            yield word[:position] + word[position + 1 :]


def test_every_shipped_grammar_has_a_definition() -> None:
    assert sorted(PREDICATES) == rl.grammar_names()


@pytest.mark.parametrize("name", rl.grammar_names())
def test_every_shipped_grammar_says_what_it_is(name: str) -> None:
    fsm = rl.load_grammar(name)
    assert fsm.name == name
    assert len(fsm.title) > 10
    assert len(fsm.source) > 20
    assert len(fsm.reachable) == len(fsm.states) == len(fsm.minimise().states)


@pytest.mark.parametrize("name", SMALL)
def test_all_words(name: str) -> None:
    fsm = rl.load_grammar(name)
    for length in range(MAX_LENGTH + 1):
        for symbols in product(fsm.alphabet, repeat=length):
            word = "".join(symbols)
            assert fsm.accepts(word) == PREDICATES[name](word), word


@pytest.mark.parametrize("name", LARGE)
def test_short_words_and_accepted_ones_and_their_corruptions(name: str) -> None:
    """Over large alphabets nearly all words are wrong at once: the near misses are what tells."""
    fsm = rl.load_grammar(name)
    accepts = PREDICATES[name]
    length = next(n for n in range(MAX_LENGTH) if len(fsm.alphabet) ** (n + 1) > BUDGET)
    for symbols in product(fsm.alphabet, repeat=length):
        word = "".join(symbols)
        assert fsm.accepts(word) == accepts(word), word

    longest = {"embedded-reber": 16, "continual-embedded-reber": 19}.get(name, MAX_LENGTH)
    accepted = list(islice(map("".join, fsm.enumerate(longest)), BUDGET))
    rng = random.Random(20)
    for word in accepted if len(accepted) < 500 else rng.sample(accepted, 500):
        assert accepts(word), word
        for other in corruptions(word, fsm.alphabet):
            assert fsm.accepts(other) == accepts(other), other


@pytest.mark.parametrize("name", REGULAR_EXPRESSIONS)
def test_words_of_any_length_against_a_regular_expression(name: str) -> None:
    """Walks the product with automata-lib's machine: acceptance and legal sets are the same."""
    fsm = rl.load_grammar(name)
    nfa = NFA.from_regex(REGULAR_EXPRESSIONS[name], input_symbols=set(fsm.alphabet))
    dfa = DFA.from_nfa(nfa).to_complete()
    alive = co_reachable(dfa)
    pairs = [(fsm.start, dfa.initial_state)]
    for state, other in pairs:
        assert (state in fsm.accepting) == (other in dfa.final_states)
        for symbol in fsm.alphabet:
            target, twin = fsm.next_state(state, symbol), dfa.transitions[other][symbol]
            if fsm.is_complete:
                assert target is not None
            else:
                assert (target is not None) == (twin in alive), (state, symbol)
            if target is not None and (target, twin) not in pairs:
                pairs.append((target, twin))
    assert {state for state, _ in pairs} == set(fsm.states)


def co_reachable(dfa: DFA) -> set[object]:
    """The states of automata-lib's machine from which something is accepted."""
    alive = set(dfa.final_states)
    while True:
        more = {
            state
            for state, line in dfa.transitions.items()
            if state not in alive and not alive.isdisjoint(line.values())
        }
        if not more:
            return alive
        alive |= more


@pytest.mark.parametrize("number", range(1, 8))
def test_tomita_grammars_against_aalpy(number: int) -> None:
    fsm = rl.load_grammar(f"tomita-{number}")
    sul = TomitaSUL(number)
    for length in range(1, MAX_LENGTH):
        for word in product("01", repeat=length):
            assert sul.query(word)[-1] == fsm.accepts(word), word


def test_tomita_3_against_tomitas_own_examples() -> None:
    """The lists of Tomita (1982), as J. B. Pollack (1991) prints them."""
    accepted = "1 0 01 11 00 100 110 111 000 100100 110000011100001 111101100010011100"
    rejected = "10 101 010 1010 1110 1011 10001 111010 1001000 11111000 0111001101 11011100110"
    fsm, adjacent = rl.load_grammar("tomita-3"), rl.load_grammar("tomita-3-adjacent")
    assert all(fsm.accepts(word) for word in accepted.split())
    assert not any(fsm.accepts(word) for word in rejected.split())
    assert [word for word in rejected.split() if adjacent.accepts(word)] == [
        "0111001101",
        "11011100110",
    ]


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs(name: str) -> None:
    fsm = rl.load_grammar(name)
    for word in some_legal_words(fsm):
        state = fsm.run(word)
        assert state is not None
        assert fsm.outputs[state] == OUTPUTS[name](word), word


def some_legal_words(fsm: FSM) -> list[str]:
    """All short ones, and long ones drawn at random."""
    short = ["".join(word) for word in islice(fsm.prefixes(8), 2_000)]
    long = ["".join(word) for word in fsm.sample(300, seed=20)]
    assert max(map(len, long)) > 15
    return short + long


def test_moore_grammars_are_the_ones_with_outputs() -> None:
    assert [name for name in rl.grammar_names() if rl.load_grammar(name).outputs] == sorted(OUTPUTS)
