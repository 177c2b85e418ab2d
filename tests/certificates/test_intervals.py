"""Interval arithmetic contains the truth, which is computed with 40 digits or exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reberlstm.certificates.arithmetic import ARITHMETICS
from reberlstm.certificates.boxes import BoxNet
from reberlstm.certificates.intervals import FUNCTION_ERROR, REAL, Interval, Intervals
from reberlstm.net.net import LSTMWeights
from reberlstm.net.readouts import Head
from tests.certificates.oracles import decimal_sigmoid, decimal_tanh

MATH = Intervals(REAL)

numbers = st.floats(-1e3, 1e3) | st.floats(-40, 40) | st.floats(-1e-6, 1e-6)


def point(x: float) -> Interval:
    return Interval(np.array([x]), np.array([x]))


@st.composite
def intervals(draw: st.DrawFn, least: float = -1e3) -> tuple[float, float, float]:
    """Low, high, and a number between them."""
    ends = sorted(draw(st.lists(numbers.filter(lambda x: x >= least), min_size=3, max_size=3)))
    return ends[0], ends[2], ends[1]


@given(numbers)
def test_sigmoid_and_tanh_contain_the_true_value(z: float) -> None:
    for function, exact in ((MATH.sigmoid, decimal_sigmoid), (MATH.tanh, decimal_tanh)):
        found, truth = function(point(z)), exact(Decimal(z))
        assert Decimal(float(found.lo[0])) <= truth <= Decimal(float(found.hi[0]))


def test_numpy_is_far_more_accurate_than_is_assumed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = np.concatenate(
        [rng.uniform(-40, 40, 300), rng.normal(0, 1, 300), 2.0 ** rng.uniform(-60, 9, 300)]
    )
    for values, exact in (
        (np.tanh(z), decimal_tanh),
        (np.exp(-np.abs(z)), lambda x: (-abs(x)).exp()),
    ):
        truth = [exact(Decimal(float(x))) for x in z]
        errors = [
            abs((Decimal(float(value)) - true) / true)
            for value, true in zip(values, truth, strict=True)
            if true != 0
        ]
        # 2⁻⁵⁰ is 4 units in the last place; what is allowed is eight times that.
        assert max(errors) < Decimal(2) ** -50 < Decimal(FUNCTION_ERROR)


@given(intervals(), intervals())
def test_sums_contain_the_exact_sum(a: tuple, b: tuple) -> None:
    one, other = (Interval(np.array([x[0]]), np.array([x[1]])) for x in (a, b))
    found = one + other
    assert Fraction(found.lo[0]) <= Fraction(a[2]) + Fraction(b[2]) <= Fraction(found.hi[0])


@given(intervals(), intervals())
def test_products_contain_the_exact_product(a: tuple, b: tuple) -> None:
    one, other = (Interval(np.array([x[0]]), np.array([x[1]])) for x in (a, b))
    found = one * other
    assert Fraction(found.lo[0]) <= Fraction(a[2]) * Fraction(b[2]) <= Fraction(found.hi[0])


def test_an_unbounded_memory_times_a_gate_that_may_be_closed() -> None:
    gate = Interval(np.array([0.0]), np.array([0.5]))
    found = gate * Interval(np.array([-np.inf]), np.array([3.0]))
    assert found.lo[0] == -np.inf
    assert 1.5 <= found.hi[0] < 1.5 + 1e-12


@given(st.integers(0, 10**6))
def test_heads_contain_the_exact_value_for_all_points_of_a_box(number: int) -> None:
    rng = np.random.default_rng(number)
    size = int(rng.integers(1, 6))
    weight, bias = rng.normal(0, 10.0 ** rng.integers(-3, 4), (2, size)), rng.normal(size=2)
    net = LSTMWeights(
        alphabet=("a", "b"),
        cells=tuple(map(str, range(size))),
        weight_ih=np.zeros((4 * size, 2)),
        weight_hh=np.zeros((4 * size, size)),
        bias_ih=np.zeros(4 * size),
        bias_hh=np.zeros(4 * size),
        heads={"legal": Head(weight, bias)},
    )
    ends = np.sort(rng.uniform(-1, 1, (2, size)), axis=0)
    if rng.random() < 0.3:
        ends[1] = ends[0]
    inside = np.clip(ends[0] + rng.random(size) * (ends[1] - ends[0]), ends[0], ends[1])
    box = Interval(np.tile(ends[:1], 2), np.tile(ends[1:], 2))  # h and c
    value = BoxNet(net, ARITHMETICS["real"]).read("legal", box)
    for row in range(2):
        exact = Fraction(bias[row]) + sum(
            Fraction(w) * Fraction(x) for w, x in zip(weight[row], inside, strict=True)
        )
        assert Fraction(value.lo[0, row]) <= exact <= Fraction(value.hi[0, row])
