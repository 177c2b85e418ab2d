"""GRUs and simple nets, explained: what is said is true of a run, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.explanation import Explanation, explain
from reberlstm.machine.fsm import FSM
from reberlstm.net.net import Net, Step
from reberlstm.net.sparse import Sparse
from tests.pseudocode import evaluate, read_said
from tests.strategies import machines

cells = st.sampled_from(["gru", "gru-before", "rnn"])


def vertex(net: Net, explanation: Explanation, node: str) -> np.ndarray:
    """The vector that an explanation names: the zero vector, or +1 where active and −1 elsewhere."""
    active = explanation.vertices[node]
    return np.array([1.0 if cell in active else -1.0 for cell in net.cells]) * bool(active)


def steps(net: Net, explanation: Explanation) -> Iterator[tuple[str, str, Step]]:
    """One step from every vertex on every symbol."""
    for node in explanation.vertices:
        for number, symbol in enumerate(net.alphabet):
            (step,) = net.record(vertex(net, explanation, node), number)
            yield node, symbol, step


def said_positive(sentence: str):
    """What a candidate's sentence says of its sum."""
    text = sentence.removeprefix("with an open reset gate ").removesuffix("; else −1")
    if text in ("always +1", "always −1"):
        return lambda node, symbol: text == "always +1"
    return read_said(text.removeprefix("+1 "))


def said_shut(sentence: str):
    """What a reset gate's sentence says."""
    if sentence in ("always open", "open wherever the sum is positive"):
        return lambda node, symbol: False
    match = re.fullmatch(r"shut on (.*): the symbol alone is left, and negative", sentence)
    assert match is not None, sentence
    return read_said(match[1])


@given(machines(max_states=5, plain=True), cells)
def test_what_is_said_of_compiled_nets_is_true(fsm: FSM, cell: str) -> None:
    net = rl.compile(fsm, cell=cell)
    explanation = explain(net)
    assert explanation.kind == "mechanism"
    assert any("the net steps as the grammar does" in line for line in explanation.summary)
    for node, symbol, step in steps(net, explanation):
        for index, told in enumerate(explanation.cells):
            where = (node, symbol, told)
            for gate in told.gates.values():
                value = float(step.gates[gate.name][index])
                assert gate.value(node, symbol) == pytest.approx(value, abs=1e-6), where
                said = evaluate(gate.code.split(" = ", 1)[1], node, symbol)
                assert said == pytest.approx(value, abs=1e-6), where
            active = float(step.hidden[index]) > 0.0
            positive = said_positive(told.gates["candidate"].sentence)(node, symbol)
            reset = told.gates.get("reset")
            shut = reset is not None and said_shut(reset.sentence)(node, symbol)
            assert active == (positive and not shut), where
            text = told.sentence.replace(" (a loop)", "")
            if text.startswith("active after ") and text != "active after every symbol":
                assert active == read_said(text.removeprefix("active after "))(node, symbol), where
            else:
                assert active == (text != "never active"), where


@settings(max_examples=15)
@given(machines(max_states=4, plain=True))
def test_reasons_of_simple_nets_are_true(fsm: FSM) -> None:
    """Were a symbol's weight 0, or a cell −1 where it is active, what is named would differ."""
    net = rl.compile(fsm, cell="rnn")
    explanation = explain(net)
    (layer,) = net.layers
    for index, told in enumerate(explanation.cells):
        for weight in told.gates["candidate"].weights:
            if weight.kind == "bias" or "started" in weight.names:
                continue
            claims = {}
            for part in re.split(r"; (?=keeps it)", weight.reason):
                for verb in ("makes it +1 ", "keeps it at −1 "):
                    if part.startswith(verb):
                        claims[verb] = read_said(part.removeprefix(verb))
            others = [net.cells.index(name) for name in weight.names if weight.kind == "cell"]
            for node in explanation.vertices:
                h = vertex(net, explanation, node)
                fallen = np.where(np.isin(np.arange(net.size), others), np.minimum(h, -h), h)
                for number, symbol in enumerate(net.alphabet):
                    sums = [
                        float(layer.bias[index] + layer.weight_ih[index, number] + row)
                        for row in (layer.weight_hh[index] @ h, layer.weight_hh[index] @ fallen)
                    ]
                    sums[1] -= (
                        weight.value if weight.names == (symbol,) != () and not others else 0.0
                    )
                    now, then = (value > 1e-6 for value in sums)
                    for verb, changed in (
                        ("makes it +1 ", now and not then),
                        ("keeps it at −1 ", then and not now),
                    ):
                        claimed = verb in claims and claims[verb](node, symbol)
                        assert claimed == changed, (told.name, weight, node, symbol)


def test_node_1_of_reber_in_a_gru_as_a_person_would_have_said_it() -> None:
    explanation = explain(rl.compile("reber", cell="gru"))
    cell = explanation.cell("1")
    assert cell.sentence == "active after T from node 0 or S from node 1 (a loop)"
    assert {name: gate.sentence for name, gate in cell.gates.items()} == {
        "update": "lets the candidate in at every step",
        "candidate": "with an open reset gate +1 on T from nodes 0 and 1, and on S from node 1; else −1",
        "reset": "shut on T from node 1: the symbol alone is left, and negative",
    }
    reasons = {weight.names: weight.reason for weight in cell.gates["candidate"].weights}
    assert reasons[("0",)] == "makes it +1 on T from node 0"
    assert reasons[("started",)] == "makes up for the cells at −1"
    assert reasons[()] == "−1 at rest; over 2½ makes it +1"


def test_the_unit_on_a_cell_that_is_never_negative_is_told() -> None:
    summary = explain(rl.compile("reber", cell="gru")).summary[0]
    assert "or 20 on a cell (40 on started, always +1 after a symbol)" in summary


def test_a_node_of_a_simple_net_has_a_cell_for_each_filter() -> None:
    explanation = explain(rl.compile("reber", cell="rnn"))
    assert explanation.cell("1/2").role == "copy 2 of 2 of node 1"
    assert explanation.sentence("1/2", "candidate") == "+1 on S from nodes 1/1 and 1/2; else −1"
    assert "its sum is its one filter" in explanation.summary[1]


def test_a_gru_whose_reset_gates_silence_cells_gets_numbers_only() -> None:
    net = rl.compile("parity", cell="gru-before")
    shut = net.map_arrays(lambda name, a: a - 2 * abs(a) if name == "bias_ih" else a)
    explanation = explain(shut)
    assert explanation.kind == "numbers"
    assert explanation.summary[0].startswith("a reset gate silences a cell for all that read it")


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_nets_whose_weights_are_kept_sparse_are_explained(cell: str) -> None:
    net = rl.compile("parity", cell=cell)
    (layer,) = net.layers
    rows, size = layer.weight_hh.shape
    starts = np.arange(0, rows * size + 1, size)
    columns = np.tile(np.arange(size), rows)
    kept = Sparse(np.zeros(rows), starts, columns, np.ravel(layer.weight_hh), size)
    sparse = net.replace(layers=(replace(layer, weight_hh=kept),))
    assert explain(sparse) == explain(net)
