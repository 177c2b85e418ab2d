"""The array form of a machine, and words drawn from it."""

from __future__ import annotations

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.machine.tables import Tables, Words

NAMES = ["reber", "embedded-reber", "continual-embedded-reber", "tomita-3", "even-pairs"]


def words_of(machine: Tables, words: Words) -> list[tuple[str, ...]]:
    """All words as symbols."""
    alphabet = machine.alphabet
    _, nets, number = words.symbols.shape
    return [
        tuple(alphabet[a] for a in words.symbols[: words.lengths[n, b], n, b])
        for n in range(nets)
        for b in range(number)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_walks_follow_the_machine(name: str) -> None:
    fsm = rl.load_grammar(name)
    machine = fsm.tables()
    drawn = machine.draw(np.random.default_rng(0), (2, 20), 15)
    for index, word in enumerate(words_of(machine, drawn)):
        assert 1 <= len(word) <= 15
        state = 0
        for t, symbol in enumerate(word):
            assert symbol in fsm.legal(str(machine.names[state]))
            state = machine.table[state][machine.alphabet.index(symbol)]
            assert drawn.states[t, index // 20, index % 20] == state
            assert set(machine.symbols[state]) == fsm.legal(str(machine.names[state]))
        if len(word) < 15:
            assert machine.accepting[state], "a walk ends where a word may"


def test_stray_words_have_violations_and_go_on_after_them() -> None:
    fsm = rl.load_grammar("reber")
    machine = fsm.tables()
    drawn = machine.stray(np.random.default_rng(0), (1, 400), 12)
    words = words_of(machine, drawn)
    legal = set(fsm.prefixes(12))
    broken = [word for word in words if word not in legal]
    assert 0.2 < len(broken) / len(words) < 0.9
    assert any(word[:-1] not in legal for word in broken)
    assert any(fsm.accepts(word) for word in words)
    assert {len(word) for word in words} == set(range(1, 13))


def test_probabilities_are_those_of_the_machine() -> None:
    fsm = rl.load_grammar("reber")
    drawn = fsm.tables().draw(np.random.default_rng(0), (1, 4_000), 2)
    share = np.mean(drawn.symbols[1] == fsm.alphabet.index("T"))
    assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(4_000)


def test_the_shortest_words_stay_in_order() -> None:
    fsm = rl.load_grammar("reber")
    machine = fsm.tables()
    drawn = machine.draw(np.random.default_rng(0), (1, 40), 30)
    shortest = drawn.shortest(10)
    words, chosen = words_of(machine, drawn), words_of(machine, shortest)
    assert len(chosen) == 10
    assert sorted(map(len, chosen)) == sorted(map(len, words))[:10]
    left = iter(words)
    assert all(word in left for word in chosen), "in the order in which they were"
    assert len(shortest.symbols) == max(map(len, chosen))
    assert np.array_equal(
        shortest.states, machine.follow(shortest.symbols, shortest.present).states
    )
    assert words_of(machine, drawn.shortest(40)) == words
