"""The constructions that the benchmark compares are right, and as large as it says."""

import numpy as np
import pytest
from bench_constructions import largest_in_units, machine_of_pairs, random_machine
from bench_weights import adding, scanning, smallest, spotting
from signed_cells import find_code

import reberlstm as rl
from reberlstm.certificates import certify
from reberlstm.compiler.encoding import encode
from tests.cases import REBER_WORD, reber_legal, reber_prefixes
from tests.stepping import initial, one_hot, read, step


@pytest.mark.parametrize(("states", "symbols"), [(3, 2), (10, 4), (7, 5)])
def test_a_unit_for_every_state_and_symbol_of_a_complete_machine(states, symbols):
    fsm = random_machine(states, symbols, 1.0, seed=1)
    pairs = machine_of_pairs(fsm)
    assert fsm.difference(pairs) is None
    assert rl.compile(pairs).size == states * symbols
    assert largest_in_units(rl.compile(pairs)) <= 1.0


def test_a_unit_for_every_transition_of_a_partial_machine():
    reber = rl.load_grammar("reber")
    pairs = machine_of_pairs(reber)
    assert reber.difference(pairs) is None
    assert reber.difference(pairs, by="legal") is None
    transitions = sum(len(line) for line in reber.transitions.values())
    assert rl.compile(pairs).size == transitions + 1 == 13


def test_units_are_those_of_the_filters():
    net = rl.compile(rl.load_grammar("reber"), gain=7.0)
    weights = net.replace(weight_hh=np.zeros_like(net.weight_hh))
    assert largest_in_units(weights) == np.abs(np.append(net.weight_ih, net.bias)).max() / 14.0


@pytest.fixture(scope="module")
def five_cells():
    """Reber's grammar in five cells."""
    return find_code(rl.load_grammar("reber")).weights(20.0)


def test_two_states_per_cell_are_proved(five_cells):
    assert five_cells.size == 5
    certificate = certify(five_cells, scope="all")
    assert certificate.holds
    assert certificate.margin == pytest.approx(np.tanh(1) / 2, abs=1e-6)


def test_two_states_per_cell_say_what_the_regular_expression_says(five_cells):
    for word in reber_prefixes(9):
        state = initial(five_cells)
        for symbol in word:
            state = step(five_cells, one_hot(five_cells, symbol), state).state
        legal = "".join(
            a
            for a, value in zip(five_cells.alphabet, read(five_cells, "legal", state), strict=True)
            if value > 0
        )
        assert legal == reber_legal(word), word
        accepted = read(five_cells, "accept", state)[0] > 0
        assert accepted == bool(REBER_WORD.fullmatch(word)), word


def test_two_states_per_cell_where_all_symbols_are_legal():
    fsm = rl.load_grammar("contains-abba")
    code = find_code(fsm)
    assert code.cells == 3 < rl.compile(fsm).size
    assert certify(code.weights(10.0), fsm, scope="all").holds


def test_smallest_weights_of_adding_modulo_five():
    encoding = encode(adding(5).tables())
    best, bound = smallest(encoding, 2, seconds=20.0)
    assert best == bound == 2.0


def test_machines_with_many_symbols():
    scanner = scanning()
    for text in ("x1 + 2.5", '"a + b" +"c"', "_+_ 0"):
        assert scanner.accepts(text)
    for text in ("1.", "2x", '"open', "1..2"):
        assert not scanner.accepts(text)
    spotter = spotting(("and", "band"))
    for text in ("and", "xxand", "aband", "bandand"):
        assert spotter.accepts(text)
    for text in ("", "an", "ands", "bandit"):
        assert not spotter.accepts(text)
