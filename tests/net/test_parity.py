"""Float32 exports against the float64 simulator: the script's measurement on fewer strings."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import reberlstm as rl
from tests.strategies import random_machine

_PATH = Path(__file__).parents[2] / "scripts" / "check_export_parity.py"
_SPEC = importlib.util.spec_from_file_location("check_export_parity", _PATH)
parity = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(parity)


def check(fsm, count):
    for runtime, largest in parity.measure(rl.compile(fsm), fsm, count, seed=20).items():
        assert {"legal", "accept", "next", "next_probability"} <= set(largest)
        for head, difference in largest.items():
            assert difference <= parity.LIMITS[head], (runtime, head)
            assert largest["legal"] > 0.0, "float32 cannot be exact"


@pytest.mark.parametrize("grammar", rl.grammar_names())
def test_float32_is_within_the_limits(grammar):
    check(rl.load_grammar(grammar), 100)


@pytest.mark.parametrize("seed", range(4))
def test_float32_is_within_the_limits_for_random_machines(seed):
    sizes = {"states": (5, 20, 40, 60)[seed], "symbols": (2, 16, 8, 8)[seed]}
    check(random_machine(seed, density=(0.3, 0.7, 1.0, 0.5)[seed], **sizes), 50)


@pytest.mark.slow
@pytest.mark.parametrize("grammar", rl.grammar_names())
def test_float32_is_within_the_limits_on_many_strings(grammar):
    check(rl.load_grammar(grammar), 10_000)


def test_strings_of_the_measurement_follow_the_grammar_and_break_it():
    embedded = rl.load_grammar("embedded-reber")
    strings = parity.draw_strings(embedded, 100, seed=0)
    legal = [
        embedded.run([embedded.alphabet[a] for a in string[:9]]) is not None for string in strings
    ]
    assert all(legal[:50])
    assert 5 < np.count_nonzero(legal[50:]) < 45
