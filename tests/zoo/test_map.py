"""Causal maps: what they say of nets that are understood, and that wrong ones do not pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.errors import FormatError, ZooError
from reberlstm.zoo import CausalMap, check_map, compiled
from reberlstm.zoo.interchange import interchanges
from reberlstm.zoo.sets import in_sets, random_sets
from reberlstm.zoo.wiring import Wired, in_another_basis, with_distractors

CASES = [
    *((cell, wiring) for cell in ("lstm", "gru", "rnn") for wiring in ("one-hot", "sets")),
    ("lstm", "latch"),
]
MACHINES = {"one-hot": "tomita-5", "sets": "reber", "latch": "embedded-reber"}


def wired(cell: str, wiring: str, seed: int = 0, name: str | None = None) -> tuple[rl.FSM, Wired]:
    machine = rl.load_grammar(name or MACHINES[wiring]).minimise()
    if wiring == "sets":
        return machine, in_sets(machine, cell, 0.5, np.random.default_rng(seed))
    memory = "latch" if wiring == "latch" else "rewrite"
    return machine, compiled(machine, cell, memory=memory)


def words_of(machine: rl.FSM, seed: int, count: int = 40) -> list[list[str]]:
    drawn = machine.tables().stray(np.random.default_rng(seed), (count,), 20)
    numbers = [drawn.symbols[:length, k] for k, length in enumerate(drawn.lengths)]
    return [[machine.alphabet[a] for a in word] for word in numbers]


@pytest.mark.parametrize(("cell", "wiring"), CASES)
def test_exact_changes_keep_answers_and_map(cell: str, wiring: str) -> None:
    machine, (net, causal_map) = wired(cell, wiring)
    rng = np.random.default_rng(3)
    moved, moved_map = in_another_basis(with_distractors((net, causal_map), 3, rng), rng)
    assert (moved.size, len(moved_map.of("distractor"))) == (net.size + 3, 3)
    words = words_of(machine, 5)
    for kind, values in rl.run(net, words).heads.items():
        np.testing.assert_allclose(rl.run(moved, words).heads[kind], values, atol=1e-9)
    assert {one.right for one in check_map(moved, machine, moved_map, seed=4)} == {1.0}


def test_a_direction_is_that_of_the_node_in_the_moved_net() -> None:
    machine, (net, causal_map) = wired("lstm", "latch")
    rng = np.random.default_rng(0)
    moved, moved_map = in_another_basis((net, causal_map), rng)
    h, other = (rl.run(each, words_of(machine, 1)).hidden for each in (net, moved))
    for before, after in zip(causal_map.variables, moved_map.variables, strict=True):
        np.testing.assert_allclose(h @ before.direction[0], other @ after.direction[0], atol=1e-9)


def test_flipping_the_latch_by_trace_changes_the_symbol_that_it_remembers() -> None:
    """Another way to intervene: the `patch` of `trace`, in the memory of the cell alone."""
    _, (net, causal_map) = wired("lstm", "latch")
    bit = causal_map["latch"]
    cell = net.cells[int(np.flatnonzero(bit.direction[0])[0])]
    word = "BTBTXSE"
    usual = rl.trace(net, word)
    assert usual.offered_last == ("T",)
    held = usual.steps[4].memory[net.cells.index(cell)]
    assert rl.trace(net, word, patch={5: {"memory": {cell: -held}}}).offered_last == ("P",)


def test_what_the_bit_of_embedded_reber_is() -> None:
    machine, (_, causal_map) = wired("lstm", "latch")
    tables = machine.tables()
    steps = causal_map.steps(causal_map["latch"], tables)
    named = {
        what: {tables.alphabet[symbol] for _, symbol in found} for what, found in steps.items()
    }
    assert named["writes"] == {"T", "P"}
    assert {causal_map.states[state] for state, _ in steps["writes"]} == {"frame"}
    # It is read where the inner word ends, and held at every step in between.
    assert named["reads"] == {"E"}
    assert len(steps["holds"]) == 22


def test_nodes_are_written_by_the_steps_that_lead_to_them() -> None:
    machine, (_, causal_map) = wired("rnn", "one-hot")
    tables = machine.tables()
    node = causal_map.of("node")[0]
    for state, symbol in causal_map.steps(node, tables)["writes"]:
        assert node.values[tables.table[state][symbol]] == 1


@pytest.mark.parametrize(("cell", "wiring"), CASES)
def test_wrong_directions_do_not_pass(cell: str, wiring: str) -> None:
    machine, (net, causal_map) = wired(cell, wiring, name="reber" if wiring != "latch" else None)
    first, second = causal_map.of("node")[:2]
    exchanged = {first.name: second.direction, second.name: first.direction}
    found = interchanges(net, machine, causal_map, exchanged)
    assert max(one.right for one in found) < 0.3
    random = np.random.default_rng(0).normal(size=net.size)
    (one,) = interchanges(net, machine, causal_map, {first.name: random})
    assert one.right < 0.3


def test_a_cell_that_matters_is_no_distractor() -> None:
    machine, (net, causal_map) = wired("gru", "one-hot")
    node = replace(
        causal_map.of("node")[0], kind="distractor", values=(0,) * len(causal_map.states)
    )
    wrong = replace(causal_map, variables=(*causal_map.variables[1:], node))
    assert min(one.right for one in check_map(net, machine, wrong)) < 1.0


@settings(max_examples=8)
@given(nodes=st.integers(1, 9), share=st.floats(0.0, 1.0), seed=st.integers(0, 99))
def test_sets_can_be_told_apart(nodes: int, share: float, seed: int) -> None:
    sets = random_sets(nodes, share, np.random.default_rng(seed))
    assert set(np.unique(sets)) <= {0.0, 1.0}
    assert abs(np.linalg.det(sets)) > 0.5
    assert len(set(sets.sum(axis=1))) == 1


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_nets_of_sets_are_proved(cell: str) -> None:
    machine, (net, _) = wired(cell, "sets", name="tomita-5")
    assert rl.certify(net, machine).holds
    with pytest.raises(ZooError, match=r"share is 1\.5; give a number from 0 to 1"):
        in_sets(machine, cell, 1.5, np.random.default_rng(0))


def test_a_map_and_its_file() -> None:
    machine, (_, causal_map) = wired("lstm", "latch")
    document = causal_map.to_dict(machine.tables())
    again = CausalMap.from_dict(document)
    assert again.to_dict(machine.tables()) == document
    assert document["rest"] == ["(violation)"]
    for change, message in (
        ({"format": "x"}, "its format is 'x'"),
        ({"states": "x"}, "states of the map is 'x', not a list"),
        ({"asked": ["x"]}, "a state that is asked is none of the machine's"),
        ({"variables": document["variables"][:1] * 2}, "two variables have the same name"),
    ):
        with pytest.raises(FormatError, match=message):
            CausalMap.from_dict(document | change)
    for change, message in (
        ({"kind": "x"}, "is 'x', not node, bit, distractor"),
        ({"values": {}}, "has not a value of"),
        ({"direction": [[1.0], []]}, "rows of different lengths"),
    ):
        with pytest.raises(FormatError, match=message):
            CausalMap.from_dict(document | {"variables": [document["variables"][0] | change]})


def test_what_does_not_fit_is_refused() -> None:
    machine, (net, causal_map) = wired("rnn", "one-hot")
    name = causal_map.variables[0].name
    for direction, message in (
        (np.ones(3), "has shape"),
        (np.zeros(net.size), "is zero or not finite"),
    ):
        with pytest.raises(ZooError, match=message):
            interchanges(net, machine, causal_map, {name: direction})
    with pytest.raises(ZooError, match="has no variable 'x'; it has"):
        interchanges(net, machine, causal_map, {"x": np.ones(net.size)})
    with pytest.raises(ZooError, match="is not one of tomita-3"):
        check_map(net, rl.load_grammar("tomita-3"), causal_map)
