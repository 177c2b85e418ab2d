"""Words to learn from, against the machine that they are drawn from."""

from __future__ import annotations

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.training.objective import Objective
from reberlstm.training.walks import Walks, Words

NAMES = ["reber", "embedded-reber", "continual-embedded-reber", "tomita-3", "even-pairs"]


def words_of(walks: Walks, words: Words) -> list[tuple[str, ...]]:
    """All words as symbols."""
    alphabet = walks.fsm.alphabet
    _, nets, number = words.symbols.shape
    return [
        tuple(alphabet[a] for a in words.symbols[: words.lengths[n, b], n, b])
        for n in range(nets)
        for b in range(number)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_walks_follow_the_machine(name: str) -> None:
    walks = Walks(rl.load_grammar(name))
    drawn = walks.draw(np.random.default_rng(0), 2, 20, 15)
    monitor = walks.fsm.monitor()
    for index, word in enumerate(words_of(walks, drawn)):
        assert 1 <= len(word) <= 15
        state = 0
        for t, symbol in enumerate(word):
            assert symbol in monitor.legal(state)
            state = monitor.table[state][walks.fsm.alphabet.index(symbol)]
            assert drawn.states[t, index // 20, index % 20] == state
            legal = {
                s for s, yes in zip(walks.fsm.alphabet, walks.legal[state], strict=True) if yes
            }
            assert legal == set(monitor.legal(state))
        if len(word) < 15:
            assert walks.accepting[state], "a walk ends where a word may"


def test_stray_words_have_violations_and_go_on_after_them() -> None:
    walks = Walks(rl.load_grammar("reber"))
    drawn = walks.stray(np.random.default_rng(0), 1, 400, 12)
    words = words_of(walks, drawn)
    legal = set(walks.fsm.prefixes(12))
    broken = [word for word in words if word not in legal]
    assert 0.2 < len(broken) / len(words) < 0.9
    assert any(word[:-1] not in legal for word in broken)
    assert any(walks.fsm.accepts(word) for word in words)
    assert {len(word) for word in words} == set(range(1, 13))


def test_probabilities_are_those_of_the_machine() -> None:
    fsm = rl.load_grammar("reber")
    drawn = Walks(fsm).draw(np.random.default_rng(0), 1, 4_000, 2)
    share = np.mean(drawn.symbols[1] == fsm.alphabet.index("T"))
    assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(4_000)


def test_the_shortest_words_stay_in_order() -> None:
    walks = Walks(rl.load_grammar("reber"))
    drawn = walks.draw(np.random.default_rng(0), 1, 40, 30)
    shortest = drawn.shortest(10)
    words, chosen = words_of(walks, drawn), words_of(walks, shortest)
    assert len(chosen) == 10
    assert sorted(map(len, chosen)) == sorted(map(len, words))[:10]
    left = iter(words)
    assert all(word in left for word in chosen), "in the order in which they were"
    assert len(shortest.symbols) == max(map(len, chosen))
    assert np.array_equal(shortest.states, walks.follow(shortest.symbols, shortest.present))
    assert words_of(walks, drawn.shortest(40)) == words


def test_a_machine_without_words_is_refused() -> None:
    nothing = rl.FSM(
        alphabet=("a",), start="s", accepting=["s"], transitions={"s": {}}, name="none"
    )
    with pytest.raises(rl.ReberLSTMError, match="no word of one symbol or more; there is nothing"):
        Walks(nothing)


def test_validation_has_all_short_words() -> None:
    objective = Objective(rl.load_grammar("reber"), "next")
    table = objective.validation(np.random.default_rng(0))
    words = set(words_of(objective.walks, table))
    assert set(objective.fsm.prefixes(8)) - {()} <= words
