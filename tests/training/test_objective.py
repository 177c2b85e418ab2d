"""What is asked of nets in training."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.grammars import as_machine
from reberlstm.machine.counters import CounterMachine
from reberlstm.training.objective import COUNTED, Objective, Task, objective_of


def test_a_machine_without_words_is_refused() -> None:
    nothing = rl.FSM(
        alphabet=("a",), start="s", accepting=["s"], transitions={"s": {}}, name="none"
    )
    with pytest.raises(rl.ReberLSTMError, match="no word of one symbol or more; there is nothing"):
        Objective(nothing, "next")


def test_validation_has_all_short_words() -> None:
    objective = Objective(rl.load_grammar("reber"), "next")
    table = objective.validation(np.random.default_rng(0))
    words = {
        tuple(objective.fsm.alphabet[a] for a in table.symbols[:length, 0, number])
        for number, length in enumerate(table.lengths[0])
    }
    assert set(objective.fsm.prefixes(8)) - {()} <= words


@pytest.mark.parametrize("name", ["anbn", "dyck-1", "shuffle-2"])
@pytest.mark.parametrize("task", ["next", "accept"])
def test_counting_is_learned_from_words_of_all_lengths(name: str, task: Task) -> None:
    machine = as_machine(name)
    assert isinstance(machine, CounterMachine)
    objective = objective_of(machine, task)
    words = objective.draw(np.random.default_rng(0), 2, 100)
    assert words.symbols.shape == (COUNTED, 2, 100)
    accepted = 0
    for net, word in product(range(2), range(100)):
        length = words.lengths[net, word]
        symbols = [machine.alphabet[a] for a in words.symbols[:length, net, word]]
        right = machine.accepts(symbols)
        state = words.states[length - 1, net, word]
        assert objective.machine.accepting[state] == right
        accepted += right
    assert accepted == 200 if task == "next" else 80 < accepted < 180
    assert set(words.lengths.ravel()) == set(range(2, COUNTED + 1, 2))
