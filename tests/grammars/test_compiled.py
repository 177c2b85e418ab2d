"""Every shipped grammar is compiled, with the number of cells that the theory says."""

from __future__ import annotations

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.machine.fsm import FSM, Word
from tests.stepping import State, read, run_batch

CELLS = {
    "alternating": 1,
    "anbn-4": 9,
    "contains-abba": 4,
    "continual-embedded-reber": 20,
    "continual-reber": 8,
    "cycle-navigation": 4,
    "dyck-2-3": 16,
    "embedded-reber": 20,
    "even-pairs": 4,
    "mod-3": 2,
    "modular-arithmetic": 51,
    "parity": 1,
    "reber": 8,
    "tomita-1": 1,
    "tomita-2": 2,
    "tomita-3": 4,
    "tomita-3-adjacent": 4,
    "tomita-4": 3,
    "tomita-5": 3,
    "tomita-6": 2,
    "tomita-7": 4,
}


def test_every_shipped_grammar_has_a_count() -> None:
    assert list(CELLS) == rl.grammar_names()


@pytest.mark.parametrize("name", CELLS)
def test_cells(name: str) -> None:
    """N − 1 for a complete machine, N where the start is never entered again, else N + 1."""
    fsm = rl.load_grammar(name)
    states = len(fsm.states)
    entered_again = any(fsm.start in line.values() for line in fsm.transitions.values())
    expected = states - 1 if fsm.is_complete else states + entered_again
    assert rl.compile(fsm).size == expected == CELLS[name]


@pytest.mark.parametrize("name", CELLS)
def test_nets_say_what_the_grammars_say(name: str) -> None:
    fsm = rl.load_grammar(name)
    net = rl.compile(fsm)
    for word in long_words(fsm):
        for length, state in enumerate(run_word(net, word), start=1):
            node = fsm.run(word[:length])
            assert node is not None
            legal = read(net, "legal", state) > 0
            assert {a for a, on in zip(fsm.alphabet, legal, strict=True) if on} == fsm.legal(node)
            assert bool(read(net, "accept", state)[0] > 0) == (node in fsm.accepting)


@pytest.mark.parametrize("name", ["alternating", "cycle-navigation", "modular-arithmetic"])
def test_label_heads_of_moore_machines(name: str) -> None:
    fsm = rl.load_grammar(name)
    net = rl.compile(fsm)
    assert net.labels == tuple(dict.fromkeys(fsm.outputs.values()))
    for word in long_words(fsm):
        for length, state in enumerate(run_word(net, word), start=1):
            values = read(net, "label", state)
            node = fsm.run(word[:length])
            assert net.labels[int(np.argmax(values))] == fsm.outputs[node]
            assert np.count_nonzero(values > 0) == 1


def long_words(fsm: FSM) -> list[Word]:
    """Legal words of 30 symbols where there are any, else the longest ones."""
    words = [word for word in fsm.sample(20, seed=20) if word]
    legal = [grown(fsm, seed) for seed in range(10)]
    return words[:10] + legal


def grown(fsm: FSM, seed: int) -> Word:
    rng = np.random.default_rng(seed)
    word: list[str] = []
    state = fsm.start
    while len(word) < 30 and fsm.transitions[state]:
        word.append(str(rng.choice(list(fsm.transitions[state]))))
        state = fsm.transitions[state][word[-1]]
    return tuple(word)


def run_word(net: rl.LSTMWeights, word: Word) -> list[State]:
    symbols = [[net.alphabet.index(symbol) for symbol in word]]
    return [State(state.h[0], state.c[0]) for state in run_batch(net, symbols)]
