"""Nets that count: the machine up to a bound, and that there is no end of states."""

from __future__ import annotations

import pytest

import reberlstm as rl
from reberlstm.extraction import Budget

LITTLE = Budget().scaled(0.02)
GROWS = "the number of states grows with the length of the words"


def test_without_a_bound_the_states_grow_with_the_length() -> None:
    found = rl.extract(rl.compile("anbn"), max_states=30, seconds=5)
    (own,) = found.verdict
    assert found.ended_by == "states"
    assert (own.equal, own.relation, own.shortest) == (False, "different", True)
    assert own.word is not None
    # The machine is right for all shorter words, and the net for this one.
    machine = rl.load_grammar("anbn")
    assert found.fsm.accepts(own.word) != machine.accepts(own.word)
    assert set(own.word) == {"a", "b"}
    assert all(found.growth[n] > found.growth[n - 1] for n in range(1, len(found.growth)))
    assert found.growth[-1] == len(found.fsm.states)
    grows, made_from = found.notes
    assert grows.startswith(GROWS)
    assert "which no finite machine equals" in grows
    assert made_from.startswith("the net is made from anbn, which counts; with that as the ref")
    assert found.to_dict()["growth"] == list(found.growth)


def test_a_net_that_does_not_count_does_not_grow() -> None:
    for name in ("mod-12", "parity"):
        found = rl.extract(rl.compile(name), seconds=20, budget=LITTLE, prove=False)
        assert found.notes == ()
        assert found.growth[-1] == len(found.fsm.states)


@pytest.mark.parametrize(("name", "bound"), [("anbn", 4), ("equal-ab", 2)])
def test_with_a_machine_that_counts_it_is_the_machine_up_to_a_bound(name: str, bound: int) -> None:
    counting = rl.load_grammar(name)
    found = rl.extract(
        rl.compile(name), reference=name, counters=bound, budget=LITTLE, prove=name == "anbn"
    )
    assert found.ended_by is None
    assert len(found.fsm.states) == len(counting.bounded(bound).states) + 1
    for pair in found.verdict:
        assert pair.relation.startswith("equal within the reference")
        assert pair.equal or "on all words up to length" in pair.relation
    assert found.notes[0].startswith(f"{name} counts ")
    assert f"within ±{bound} (--counters)" in found.notes[0]
    for word in counting.within(2 * bound).enumerate(2 * bound):
        assert found.fsm.accepts(word)


def test_a_wrong_net_is_found_within_the_bound() -> None:
    net = rl.compile("anbn")
    bias = net.bias_ih.copy()
    row = net.layers[0].cell.gates.index("forget") * net.size + net.cells.index("n")
    bias[row] = -net.bias_hh[row] + 1.0  # the counter leaks
    leaking = net.replace(bias_ih=bias)
    found = rl.extract(leaking, reference="anbn", counters=6, seconds=20, budget=LITTLE)
    pair = found.verdict[-1]
    assert (pair.left, pair.right, pair.equal, pair.wrong) == ("net", "reference", False, "net")
    assert pair.word is not None
    assert len(pair.word) <= 13
