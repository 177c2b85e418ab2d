"""Nets in Python's own numbers: the same as in arrays, but for the last digits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.cli.trace import MAX_QUICK
from reberlstm.compiler import in_scalars
from reberlstm.machine.fsm import FSM, Word
from reberlstm.net.base import BaseNet
from reberlstm.net.cells import CELLS, Cell, Layer
from reberlstm.net.net import Net
from reberlstm.net.numbers import NUMBERS
from reberlstm.net.rules import Kind, Rule
from reberlstm.net.scalars import SCALARS, Matrix, ScalarLayer, ScalarNet, Vector
from reberlstm.render.trace import trace_lines
from tests.cases import REBER
from tests.strategies import machines_with_words

NUMBERS_OF = ("memory", "hidden", "reader")


def check_traces(net: Net, scalars: ScalarNet, word: Word, rtol: float = 1e-12) -> None:
    """The same text, byte for byte, and the same numbers but for the last digits."""
    reference, own = rl.trace(net, word), rl.trace(scalars, word)
    for width, all_cells in ((60, False), (200, True)):
        lines = [list(trace_lines(trace, width, all_cells=all_cells)) for trace in (reference, own)]
        assert lines[0] == lines[1]
    assert own.violation_at == reference.violation_at
    assert own.accepted == reference.accepted
    for name in (*net.layers[0].cell.gates, *NUMBERS_OF):
        np.testing.assert_allclose(
            own.array(name), reference.array(name), rtol=rtol, atol=1e-14, err_msg=name
        )


def check_descriptions(net: Net, scalars: ScalarNet) -> None:
    for name in (*BaseNet.__annotations__, "size", "separator", "observed", "reading"):
        if name not in ("layers", "heads"):
            assert getattr(scalars, name) == getattr(net, name), name
    assert scalars.heads.keys() == net.heads.keys()


@settings(max_examples=15)
@given(machines_with_words(count=3))
def test_a_compiled_net_is_the_same(drawn: tuple[FSM, list[Word]]) -> None:
    fsm, words = drawn
    net, scalars = rl.compile(fsm), in_scalars(fsm)
    check_descriptions(net, scalars)
    for word in words:
        check_traces(net, scalars, word)


@settings(max_examples=15)
@given(st.lists(st.sampled_from(REBER.alphabet), max_size=30).map(tuple))
def test_the_published_net_is_the_same(word: Word) -> None:
    check_traces(rl.published(), in_scalars(None), word)


@pytest.mark.parametrize(
    "word", ["BT" + "S" * (MAX_QUICK - 2), "BP" + "T" * (MAX_QUICK - 5) + "VVE"]
)
def test_the_published_net_is_the_same_where_it_drifts(word: str) -> None:
    check_descriptions(rl.published(), in_scalars(None))
    check_traces(rl.published(), in_scalars(None), tuple(word), rtol=1e-7)


@pytest.mark.parametrize("cell", [CELLS["lstm"], CELLS["toy"]], ids=str)
@given(st.integers(0, 2**32))
@settings(max_examples=5)
def test_our_cells_step_in_scalars(cell: Cell, seed: int) -> None:
    rng, size, inputs = np.random.default_rng(seed), 3, 2
    rows = len(cell.gates) * size
    shapes = ((rows, inputs), (rows, size), (rows,), (rows,))
    layer = Layer(cell, *(rng.normal(size=shape, scale=3.0) for shape in shapes))
    usual = rng.normal(size=rows)
    weights = [
        {i: w - u for i, w in enumerate(row)}
        for row, u in zip(layer.weight_hh, usual.tolist(), strict=True)
    ]
    scalars = ScalarLayer(
        cell, [], Matrix(weights, usual.tolist()), Vector(layer.bias_hh.tolist()), size
    )
    a, state = rng.normal(size=rows), tuple(rng.normal(size=(len(cell.parts), size)))
    expected = cell.step(layer, a, state)
    got = cell.step(scalars, Vector(a.tolist()), tuple(Vector(x.tolist()) for x in state), SCALARS)
    assert got[0].keys() == expected[0].keys()
    for own, right in zip(
        (*got[0].values(), *got[1]), (*expected[0].values(), *expected[1]), strict=True
    ):
        np.testing.assert_allclose(own, right, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("legal", "logit > 0"),
        ("legal", "tanh > 0.5"),
        ("next", "softmax > 0.1"),
        ("accept", "logit > 0.25"),
        ("accept", "argmax"),
        ("label", "argmax"),
    ],
)
@given(st.lists(st.floats(-700, 700), min_size=2, max_size=5))
@settings(max_examples=20)
def test_every_rule_decides_in_scalars(kind: Kind, rule: str, z: list[float]) -> None:
    read = Rule.parse(rule)
    values, own = read.values(np.array(z)), read.values(Vector(z), SCALARS)
    np.testing.assert_allclose(own, values, rtol=1e-12, atol=1e-300)
    expected = read.decide(kind, np.array(own), NUMBERS)
    assert np.array_equal(read.decide(kind, own, SCALARS), expected)


def test_the_empty_word_has_arrays_of_no_rows() -> None:
    for net in (rl.published(), in_scalars(None)):
        trace = rl.trace(net, "")
        assert [trace.array(name).shape for name in NUMBERS_OF] == [(0, 6), (0, 6), (0, 7)]


def test_a_sigmoid_that_overflows_is_0() -> None:
    assert SCALARS.sigmoid([-1000.0, 0.0, 1000.0]) == [0.0, 0.5, 1.0]
