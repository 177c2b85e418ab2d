"""The compiled loop against the formula of the cells, where numba is installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.errors import MissingExtraError
from reberlstm.net import fast
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.net import Net
from tests.cases import compiled_sparse
from tests.net.test_cells import seeds
from tests.net.test_engine import random_net


def test_who_insists_on_compiled_code_needs_numba(monkeypatch) -> None:
    net, words = rl.compile("reber").replace(dtype="float32"), np.ones((2, 3), dtype=int)
    monkeypatch.setenv("REBERLSTM_COMPILED", "always")
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr(fast, "_compiled", lambda: None)
    with pytest.raises(MissingExtraError, match=r"COMPILED=always needs numba.*\[fast\]"):
        rl.run(net, words)
    monkeypatch.setenv("REBERLSTM_COMPILED", "never")
    assert len(rl.run(net, words).states) == 2


def test_sparse_weights_stay_in_numpy(monkeypatch) -> None:
    net = compiled_sparse(rl.load_grammar("reber")).replace(dtype="float32")
    words = ["BTXSE", "BPVVE"] * 20
    monkeypatch.setenv("REBERLSTM_COMPILED", "never")
    expected = rl.run(net, words).hidden
    monkeypatch.setattr(fast, "is_worth", lambda work: True)
    assert np.array_equal(rl.run(net, words).hidden, expected)


@pytest.fixture(scope="module")
def compiled() -> None:
    pytest.importorskip("numba")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REBERLSTM_COMPILED", "always")
        assert fast.is_worth(0)
        yield


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=25)
@given(seed=seeds, symbols=st.sampled_from([1, 3, 16, 17, 50]), layers=st.integers(1, 3))
def test_a_step_is_the_formula_s(cell, seed, symbols, layers) -> None:
    rng = np.random.default_rng(seed)
    net = random_net(rng, cell, symbols, layers, "float32")
    count = int(rng.choice([1, 7, 16, 40]))
    states = rng.normal(size=net.start(count).T.shape).astype(np.float32)
    read = rng.integers(symbols, size=(1, count))
    double = net.replace(dtype="float64")
    exact = double.after(double.record(states.T.astype(float), read[0])).T
    net.kernel.run(states, read, np.ones(count, dtype=np.intp))
    assert np.abs(states - exact).max() <= 1e-6 * max(1.0, np.abs(exact).max())


@pytest.mark.usefixtures("compiled")
@given(seed=seeds, count=st.sampled_from([1, 3, 40]), longest=st.integers(0, 30))
@settings(max_examples=25)
def test_words_lead_where_they_lead_in_numpy(seed, count, longest) -> None:
    rng = np.random.default_rng(seed)
    net = random_net(rng, rng.choice(["lstm", "gru"]), 2, int(rng.integers(1, 3)), "float32")
    words = [rng.integers(2, size=rng.integers(longest + 1)) for _ in range(count)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REBERLSTM_COMPILED", "never")
        right = rl.run(net, words).states
    assert np.abs(rl.run(net, words).states - right).max(initial=0.0) < 1e-5


@pytest.mark.usefixtures("compiled")
def test_its_tanh() -> None:
    numbers = np.concatenate([np.linspace(-12.0, 12.0, 1_201), 10.0 ** np.arange(-20, 20)])
    one, none = np.zeros((1, 1)), np.zeros(1)
    layer = Layer(CELLS["rnn"], numbers[np.newaxis], one, none, none)
    names = tuple(map(str, range(len(numbers))))
    net = Net(alphabet=names, layers=(layer,), heads={}, dtype="float32")
    found = rl.run(net, np.arange(len(numbers))[:, np.newaxis]).hidden[:, 0]
    right = np.tanh(numbers.astype(np.float32).astype(float))
    assert (np.abs(found - right) <= 4e-7 * np.abs(right)).all()
    large = np.abs(numbers) >= fast.LIMIT
    assert (found[large] == np.sign(numbers[large])).all(), "counters need gates that are exactly 1"
    assert np.abs(found).max() == 1.0


@pytest.mark.usefixtures("compiled")
def test_what_is_looked_up_is_what_numpy_fills_in(monkeypatch) -> None:
    net, words = rl.compile("reber").replace(dtype="float32"), np.random.default_rng(1)
    words = words.integers(7, size=(300, 20))
    states = rl.run(net, words).states
    monkeypatch.setenv("REBERLSTM_COMPILED", "never")
    assert states.tobytes() == rl.run(net, words).states.tobytes()


@pytest.mark.usefixtures("compiled")
def test_it_starts_when_much_has_been_done(monkeypatch) -> None:
    monkeypatch.setattr(fast, "_done", 0.0)
    monkeypatch.delenv("REBERLSTM_COMPILED")
    assert not fast.is_worth(0.4 * fast.START)
    assert not fast.is_worth(0.4 * fast.START)
    assert fast.is_worth(0.4 * fast.START)
    assert fast.is_worth(1.0)
