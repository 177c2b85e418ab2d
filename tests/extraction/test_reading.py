"""What counts as yes is the net's readout, and nothing else about its numbers matters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.extraction import Budget, Extraction, extract
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head, Readout, Rule

pytestmark = pytest.mark.usefixtures("few_words")

TINY = Budget(pairs=300, walks=5, length=10, rounds=5)
CYCLE = rl.load_grammar("regex:(abc)*")


def next_symbol(shift: float = 0.0, order: tuple[int, ...] = (0, 1, 2), rule: str = "") -> Net:
    """An LSTM with a softmax over next symbols, right on (abc)*: it remembers the last symbol."""
    symbol, gates = np.eye(3), np.array([9.0] * 3 + [-9.0] * 3 + [0.0] * 3 + [9.0] * 3)
    inputs = np.zeros((12, 3))
    inputs[6:9] = 18 * symbol - 9
    weight = 9 * np.array([[-1.0, -1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0]])
    chosen = list(order)
    layer = Layer(CELLS["lstm"], inputs[:, chosen], np.zeros((12, 3)), gates, np.zeros(12))
    head = Readout("next", Rule("softmax", 0.1), (Head(weight[chosen], np.full(3, shift)),))
    net = Net(alphabet=tuple("abc"[i] for i in order), layers=(layer,), heads={"next": head})
    return net.with_rule("next", rule) if rule else net


def told(found: Extraction) -> list[object]:
    return [
        len(found.fsm.states),
        found.ended_by,
        [(pair.relation, pair.word and len(pair.word), pair.wrong) for pair in found.verdict],
    ]


def random_net(seed: int, shift: float, order: list[int]) -> Net:
    """A random GRU with a softmax over its symbols, which are given in any order."""
    rng = np.random.default_rng(seed)
    size, count = 3, len(order)
    layer = Layer(
        CELLS["gru"],
        rng.normal(size=(3 * size, count))[:, order],
        rng.normal(size=(3 * size, size)),
        rng.normal(size=3 * size),
        rng.normal(size=3 * size),
    )
    weight, bias = rng.normal(size=(count, size)) * 3, rng.normal(size=count)
    head = Readout("next", Rule("softmax", 0.2), (Head(weight[order], bias[order] + shift),))
    return Net(alphabet=tuple("abcd"[i] for i in order), layers=(layer,), heads={"next": head})


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6), st.integers(-64, 64), st.permutations(range(3)))
def test_shifted_logits_and_another_order_of_symbols_change_nothing(
    seed: int, shift: int, order: list[int]
) -> None:
    plain = extract(random_net(seed, 0.0, [0, 1, 2]), budget=TINY, max_states=12, prove=False)
    shifted = extract(
        random_net(seed, float(shift), [0, 1, 2]), budget=TINY, max_states=12, prove=False
    )
    assert shifted.fsm == plain.fsm
    assert told(shifted) == told(plain)
    permuted = extract(random_net(seed, 0.0, order), budget=TINY, max_states=12, prove=False)
    if plain.ended_by is None and permuted.ended_by is None:
        bound = min(_compared(plain), _compared(permuted))
        word = plain.fsm.difference(permuted.fsm, by="legal")
        assert word is None or len(word) > bound, "both say the same as far as was compared"


def _compared(found: Extraction) -> int:
    searched = found.verdict[0].searched
    return -1 if searched is None else searched.all_up_to


@pytest.mark.parametrize("shift", [0.0, -40.0])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_a_softmax_is_asked_for_probabilities(shift: float, order: tuple[int, ...]) -> None:
    found = extract(next_symbol(shift, order), reference=CYCLE, within=True, budget=TINY)
    assert found.reading == "legal: softmax > 0.1"
    assert {pair.relation for pair in found.verdict} == {"equal within the reference: proved"}


def test_another_rule_is_another_machine() -> None:
    """After c both a and, less probably, c come: a threshold decides, and is shown."""
    head = next_symbol().heads["next"]
    weight = head.layers[0].weight.copy()
    weight[2, 2] += 17.28  # with the bias: c after c has a probability of a quarter
    unsure = next_symbol().replace(
        heads={
            "next": Readout(
                "next", Rule("softmax", 0.1), (Head(weight, np.array([0.0, 0.0, 13.16])),)
            )
        }
    )
    for rule, offered in (("softmax>0.01", {"a", "c"}), ("softmax>0.4", {"a"})):
        found = extract(unsure.with_rule("next", rule), reference=CYCLE, budget=TINY)
        state = found.fsm.run("abc")
        assert state is not None
        assert set(found.fsm.legal(state)) == offered
        assert found.reading == f"legal: {Rule.parse(rule)}"
