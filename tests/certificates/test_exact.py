"""The checker's floating-point bounds against its whole numbers, and those against mpmath."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.certificates import Inputs, check
from reberlstm.certificates.checker import selftest
from reberlstm.certificates.checker.exact import Exact
from reberlstm.certificates.checker.steps import ARITHMETICS, Steps
from reberlstm.certificates.results import digest_of_net
from reberlstm.errors import CertificateError
from reberlstm.net.cells import CELLS
from reberlstm.net.numbers import Numbers
from reberlstm.net.readouts import Head, Readout, Rule
from tests.certificates.test_checker import with_checksum
from tests.certificates.test_kinds import random_net

ROOM = Fraction(1, 2**200)  # what the whole numbers are rounded to, many times over
EXACT = Exact("real", [])
ONE = EXACT.one


def fraction(x: Any) -> Fraction:
    return Fraction(x, ONE) if isinstance(x, int) else Fraction(float(x))


def contains(wide: Any, narrow: Any) -> bool:
    """Whether floating-point ends are outside of whole numbers."""
    return all(
        fraction(low) <= fraction(least) + ROOM and fraction(most) - ROOM <= fraction(high)
        for low, high, least, most in zip(*wide, *narrow, strict=True)
    )


KINDS = [*((kind,) for kind in CELLS), ("gru", "lstm"), ("rnn-relu", "gru-before")]


@pytest.mark.parametrize("name", list(ARITHMETICS))
@settings(max_examples=4)
@given(st.data())
def test_the_fast_bounds_contain_the_exact_ones(name: str, data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), "seed"))
    kinds = data.draw(st.sampled_from(KINDS), "kinds")
    net = random_net(rng, kinds, 2, data.draw(st.sampled_from([0.3, 2.0, 30.0]), "scale"))
    if data.draw(st.booleans(), "embedded"):
        net = net.replace(embedding=rng.normal(0, 1, (3, 3)), suffix=rng.normal(0, 1, (1, 3)))
        inputs = data.draw(st.sampled_from([(0.0, 1.0, 1.0), (0.01, 1.0, 1.0)]), "inputs")
    else:
        inputs = data.draw(st.sampled_from([(0.0, 1.0, 1.0), (0.01, 0.5, 1.25)]), "inputs")
    between = [
        Head(rng.normal(0, 1, shape), rng.normal(0, 1, shape[0])) for shape in ((4, 2), (2, 4))
    ]
    accept = Readout("accept", Rule("argmax"), tuple(between), rng.choice(["relu", "tanh"]))
    legal = Readout(
        "legal", Rule("tanh", 0.3), (Head(rng.normal(0, 1, (3, 2)), rng.normal(0, 1, 3)),)
    )
    net = net.replace(heads={**net.heads, "accept": accept, "legal": legal})
    noise = data.draw(st.sampled_from([0.0, 0.015625]), "noise")
    fast, slow = (Steps(net, name, noise, inputs, kind) for kind in (None, Exact))
    low, high = np.sort(rng.normal(0, 1, (2, len(fast.start))), axis=0)
    high = low + 10.0 ** -rng.integers(0, 12) * (high - low)
    box, whole = (low, high), slow.bounds.box(low, high)
    for symbol in net.alphabet:
        after, truth = fast.step(box, symbol), slow.step(whole, symbol)
        assert slow.bounds.one == ONE
        assert contains(after, truth)
        # and they are no wider than the bounds of docs/certificates.md make them
        wide = fraction(max(after[1] - after[0])) - max(
            Fraction(b - a, ONE) for a, b in zip(*truth, strict=True)
        )
        assert wide < Fraction(1, 10**9) * (1 + fraction(max(abs(after[0]))))
        for head in ("legal", "next"):
            assert contains(fast.read(head, box), slow.read(head, whole))
        for head, right in (
            ("legal", [True, False, True]),
            ("next", [False, True, True]),
            ("accept", [False, True]),
        ):
            assert fast.margin(head, right, box) <= slow.margin(head, right, whole) + 2.0**-60
    for value in (0.1, -3.0, 1e-30, 2.0**-1000):
        assert (
            slow.bounds.least(slow.bounds.box(np.array([value]), np.array([value]))[0][0]) <= value
        )


class Digits(Numbers):
    """The functions of formulas in mpmath's numbers."""

    sigmoid = staticmethod(np.vectorize(lambda z: 1 / (1 + mpmath.exp(-z)), otypes=[object]))
    tanh = staticmethod(np.vectorize(mpmath.tanh, otypes=[object]))
    relu = staticmethod(np.vectorize(lambda z: max(z, mpmath.mpf(0)), otypes=[object]))

    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        return digits(weight) @ x + digits(bias)


digits = np.vectorize(lambda x: mpmath.mpf(float(x)), otypes=[object])


@pytest.mark.parametrize("kinds", KINDS, ids=" ".join)
def test_steps_from_a_point_enclose_the_formula_in_many_digits(kinds: tuple[str, ...]) -> None:
    """The cells' own formulas, run by mpmath, against the whole numbers: they are that narrow."""
    rng = np.random.default_rng(5)
    net = random_net(rng, kinds, 3, 1.5)
    steps = Steps(net, "real", 0.0, (0.0, 1.0, 1.0), Exact)
    state = rng.normal(0, 1, len(steps.start))
    box = steps.bounds.box(state, state)
    with mpmath.workprec(600):
        now = digits(state)
        for symbol in (0, 2, 1, 1):
            box, x, after = steps.step(box, net.alphabet[symbol]), digits(np.eye(3)[symbol]), []
            for layer, before in zip(net.layers, net.split(now), strict=True):
                a = digits(layer.weight_ih) @ x + digits(layer.bias_ih)
                after.append(layer.cell.step(layer, a, before, Digits())[1])
                x = layer.cell.hidden(after[-1])
            now = np.concatenate([part for state in after for part in state])
            for low, high, truth in zip(*box, now, strict=True):
                assert mpmath.mpf(low) / ONE <= truth <= mpmath.mpf(high) / ONE
                assert high - low < ONE >> 230


@settings(max_examples=25)
@given(st.floats(-300, 300))
def test_the_series_enclose_what_mpmath_says(x: float) -> None:
    z = int(EXACT.number(np.array([x]))[0]) if x == 0 or abs(x) > 2.0**-200 else 0
    with mpmath.workprec(600):
        point = mpmath.mpf(z) / ONE
        for bounds, unit, truth in (
            (EXACT.exp(abs(z)), ONE << 64, mpmath.exp(abs(point))),
            (EXACT._sigmoid_of(z), ONE, 1 / (1 + mpmath.exp(-point))),
            (EXACT._tanh_of(z), ONE, mpmath.tanh(point)),
        ):
            low, high = (mpmath.mpf(n) / unit for n in bounds)
            assert low <= truth <= high
            assert high - low <= abs(truth) * mpmath.mpf(2) ** -240 + mpmath.mpf(2) ** -250


def test_values_of_numpy_are_well_within_what_the_bounds_allow() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.uniform(-700, 700, 150), rng.normal(0, 2, 150)])
    for own, right in ((np.exp, mpmath.exp), (np.tanh, mpmath.tanh)):
        for x, value in zip(points, own(points), strict=True):
            with mpmath.workprec(200):
                truth = right(mpmath.mpf(float(x)))
                assert abs(value - truth) <= 2.0**-50 * abs(truth)


def test_constants_of_the_self_test_are_rounded_once() -> None:
    for table, function in ((selftest.EXP, mpmath.exp), (selftest.TANH, mpmath.tanh)):
        for x, value in table:
            with mpmath.workprec(200):
                assert float(function(mpmath.mpf(x))) == value


def rough(function: Any, bits: int) -> Any:
    """A function whose inputs keep only so many bits of their fractions, as TF32 keeps 10."""

    def rounded(*arrays: Any) -> Any:
        mask = np.uint64(2**64 - 2 ** (52 - bits))
        kept = [(np.array(x, np.float64).view(np.uint64) & mask).view(np.float64) for x in arrays]
        return function(*kept)

    return rounded


def test_the_self_test_finds_rough_kernels() -> None:
    good = (np.exp, np.tanh, np.matmul)
    assert selftest.fault_of(*good) is None
    assert selftest.arithmetic_fault() is None
    for number, said in enumerate(
        ["numpy's exp is wrong", "numpy's tanh is wrong", "the product of"]
    ):
        for bits in (10, 23, 40):
            functions = [rough(x, bits) if i == number else x for i, x in enumerate(good)]
            fault = selftest.fault_of(*functions)
            assert fault is not None
            assert fault.startswith(said)

    def wrong_in_blocks(x: Any) -> Any:
        """As a kernel that is wrong only in blocks of 16."""
        y = np.exp(x)
        if len(y) >= 16:
            y[5] *= 1.0 + 1e-12
        return y

    assert selftest.fault_of(wrong_in_blocks, *good[1:]) is not None


def test_a_broken_computer_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    net = rl.compile("parity")
    document = rl.certify(net).to_dict()
    for module in ("reberlstm.certificates", "reberlstm.certificates.checker"):
        monkeypatch.setattr(f"{module}.arithmetic_fault", lambda: "numpy's exp is wrong")
    with pytest.raises(
        CertificateError, match="no proof can be trusted here: numpy's exp is wrong"
    ):
        rl.certify(net)
    with pytest.raises(CertificateError, match="not checked: numpy's exp is wrong; use the exact"):
        check(document, net)
    assert check(document, net, exact=True).valid
    with pytest.raises(CertificateError, match="not checked: numpy's exp is wrong"):
        rl.certify(rl.published())  # a wrong word is confirmed by bounds, too


@pytest.mark.parametrize("name", list(ARITHMETICS))
def test_certificates_are_true_in_whole_numbers_too(name: str) -> None:
    """With a memory without bound, labels, noise, and blurred inputs."""
    net = rl.compile("parity")
    cert = rl.certify(net, arithmetic=name, noise=0.01, inputs=Inputs(0.01, 0.95, 1.05))
    verdict = check(cert.to_dict(), net, exact=True)
    assert verdict.valid, verdict.reason
    assert "in whole numbers" in verdict.reason
    document = cert.to_dict()
    document["proof"]["margins"]["accept"] += 0.01
    assert "as claimed" in check(with_checksum(document), net, exact=True).reason


def test_weights_of_every_size_are_held_exactly() -> None:
    net = rl.compile("parity")
    weights = net.weight_ih.copy()
    weights[weights == 0.0] = 5e-324
    tiny = net.replace(weight_ih=weights)
    document = rl.certify(tiny).to_dict()
    assert check(document, tiny, exact=True).valid
    assert Steps(tiny, "real", 0.0, (0.0, 1.0, 1.0), Exact).bounds.p == 53 + 1073
    huge = net.replace(weight_ih=net.weight_ih * 1e300)
    document["net"]["sha256"] = digest_of_net(huge)
    assert "may be in" in check(with_checksum(document), huge, exact=True).reason


def test_a_memory_without_bound_and_composed_steps() -> None:
    cert = rl.certify("reber-4")
    document = cert.to_dict()
    net = rl.load("reber-4")
    assert check(document, net, exact=True).valid
    document["proof"]["stride"] = 2
    with pytest.raises(CertificateError, match="the exact mode does not know composed steps"):
        check(with_checksum(document), net, exact=True)
