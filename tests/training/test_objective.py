"""What is asked of nets in training."""

from __future__ import annotations

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.training.objective import Objective


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
