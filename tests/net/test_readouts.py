"""Rules of readouts: what they answer, what they refuse, and what does not change their answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reberlstm.errors import WeightsError
from reberlstm.net.numbers import softmax
from reberlstm.net.readouts import Head, Readout, Rule

numbers = st.floats(-50, 50)
logits = arrays(float, (4, 5), elements=numbers)


def reading(kind: str, rule: str, rows: int = 5) -> Readout:
    """A readout whose outputs are its inputs."""
    return Readout(kind, Rule.parse(rule), (Head(np.eye(rows), np.zeros(rows)),))


@given(z=logits, constant=numbers)
def test_a_constant_changes_no_answer_of_a_softmax(z, constant) -> None:
    readout = reading("legal", "softmax > 0.1")
    clear = np.abs(softmax(z) - 0.1) > 1e-9
    same = readout.answers(z) == readout.answers(z + constant)
    assert same[clear].all()


@given(z=logits)
def test_a_softmax_and_an_argmax_agree_with_plain_formulas(z) -> None:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    wanted = e / e.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(reading("next", "softmax>0.1").values(z), wanted, atol=1e-15)
    assert (reading("label", "argmax").answers(z) == z.argmax(axis=1)).all()
    two = reading("accept", "argmax", 2)
    assert (two.answers(z[:, :2]) == (z[:, 1] > z[:, 0])).all()


@given(z=logits, rule=st.sampled_from(["logit > 1.5", "softmax > 0.3", "tanh > 0.5"]))
def test_the_margin_is_how_far_the_nearest_number_is_from_the_threshold(z, rule) -> None:
    readout = reading("legal", rule)
    values = readout.values(z)
    assert (readout.answers(z) == (values > readout.threshold)).all()
    assert np.array_equal(readout.margin(z), np.abs(values - readout.threshold).min(axis=1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo>1", "readout 'foo>1'|readout 'foo'"),
        ("logit", "readout 'logit'; give one of"),
        ("softmax>1.5", "give a threshold between 0 and 1"),
        ("tanh>-1", "give a threshold between -1 and 1"),
        ("logit>x", "'x' is no number"),
        ("logit>nan", "threshold"),
        ("argmax>1", "readout 'argmax>1'; give one of"),
    ],
)
def test_rules_that_mean_nothing_are_refused(text, message) -> None:
    with pytest.raises(WeightsError, match=message):
        Rule.parse(text)


@given(
    rule=st.one_of(
        st.just(Rule("argmax")),
        st.builds(Rule, st.just("logit"), st.integers(-9, 9).map(float)),
        st.builds(Rule, st.just("softmax"), st.floats(0.001, 0.999).map(lambda x: round(x, 3))),
    )
)
def test_a_rule_can_be_read_from_what_it_prints(rule) -> None:
    assert Rule.parse(str(rule)) == rule


def test_a_head_of_two_layers() -> None:
    first = Head(np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([0.0, -1.0]))
    second = Head(np.array([[1.0, 1.0]]), np.array([-1.0]))
    readout = Readout("accept", Rule("logit"), (first, second), "relu")
    h = np.array([[2.0, 1.0], [0.0, 1.0]])
    assert readout.logits(h).tolist() == [[3.0], [-1.0]]
    assert readout.answers(h).tolist() == [True, False]
    with pytest.raises(WeightsError, match="has 2 linear layers"):
        readout.weight  # noqa: B018
    with pytest.raises(WeightsError, match="choose 'relu' or 'tanh' between several layers"):
        Readout("accept", Rule("logit"), (first, second))


def test_a_rule_that_does_not_fit_its_head() -> None:
    with pytest.raises(WeightsError, match="a 'label' head cannot be read by 'logit > 0'"):
        reading("label", "logit>0")
    with pytest.raises(WeightsError, match="'accept' head of 2 outputs, read by 'logit > 0'"):
        reading("accept", "logit>0", 2)
