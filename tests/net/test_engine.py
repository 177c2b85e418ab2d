"""The batch engine against the formula of the cells, whichever way it takes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.net import engine
from reberlstm.net.cells import CELLS
from reberlstm.net.engine import Kernel, final_states
from reberlstm.net.net import Net
from tests.net.test_cells import random_layer, seeds

NEAR = {"float32": 1e-6, "float64": 1e-13}


def random_net(rng: np.random.Generator, cell: str, symbols: int, layers: int, dtype: str) -> Net:
    sizes = rng.integers(1, 6, layers)
    inputs = [symbols, *sizes[:-1]]
    shapes = zip(sizes.tolist(), inputs, strict=True)
    made = [random_layer(rng, CELLS[cell], size, number) for size, number in shapes]
    names = tuple(f"s{number}" for number in range(symbols))
    return Net(alphabet=names, layers=tuple(made), heads={}, dtype=dtype)


def by_formula(net: Net, words: list[np.ndarray]) -> np.ndarray:
    ends = []
    for word in words:
        state = net.start()
        for symbol in word:
            state = net.after(net.record(state, np.array([symbol])))
        ends.append(state[0])
    return np.array(ends)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("dtype", NEAR)
@given(seed=seeds, symbols=st.sampled_from([1, 3, 50]), layers=st.integers(1, 3))
def test_a_step_is_the_formula_s(cell, dtype, seed, symbols, layers) -> None:
    rng = np.random.default_rng(seed)
    net = random_net(rng, cell, symbols, layers, dtype)
    count = int(rng.choice([1, 2, 7]))
    states = rng.normal(size=net.start(count).shape).astype(dtype)
    read = rng.integers(symbols, size=count)
    after = net.step(states, read)
    right = net.after(net.record(states, read))
    assert after.dtype == np.dtype(dtype)
    assert np.abs(after - right).max() <= NEAR[dtype] * max(1.0, np.abs(right).max())


@given(seed=seeds, count=st.sampled_from([1, 3, 40]), longest=st.integers(0, 30))
def test_words_lead_where_single_steps_lead(seed, count, longest) -> None:
    rng = np.random.default_rng(seed)
    net = random_net(rng, rng.choice(["lstm", "gru"]), 2, 1, "float64")
    words = [rng.integers(2, size=rng.integers(longest + 1)) for _ in range(count)]
    runs = rl.run(net, words)
    assert np.abs(runs.states - by_formula(net, words)).max(initial=0.0) < 1e-12


def test_every_way_leads_to_the_same_states(monkeypatch) -> None:
    rng = np.random.default_rng(5)
    net = random_net(rng, "lstm", 3, 2, "float64")
    words = [rng.integers(3, size=length) for length in rng.integers(1, 12, 300)]
    right = by_formula(net, words)
    for block, shared, worth in ((64, 4, 0), (65_536, 10**9, 10**9), (640, 1, 10**9)):
        monkeypatch.setattr(engine, "BLOCK", block)
        monkeypatch.setattr(engine, "SHARED", shared)
        monkeypatch.setattr(engine, "WORTH", worth)
        fresh = net.replace()  # with a kernel of its own
        assert np.abs(rl.run(fresh, words).states - right).max() < 1e-12


@pytest.mark.parametrize("dtype", NEAR)
@pytest.mark.parametrize("count", [1, 20])
def test_looked_up_states_are_bit_by_bit_those_of_the_kernel(dtype, count) -> None:
    net = rl.compile("reber", gain=20 if dtype == "float32" else 40).replace(dtype=dtype)
    rng = np.random.default_rng(1)
    words = rng.integers(7, size=(count, 2_000 // count + 100))
    every, kernel = np.arange(7), net.kernel
    assert kernel is not None
    assert kernel.comes_back(net.initial())
    right = np.repeat(net.initial()[:, np.newaxis], count, axis=1)
    for column in words.T:
        for number in range(count):
            wide = np.repeat(right[:, number : number + 1], 7, axis=1)
            right[:, number] = kernel.step(wide, every)[:, column[number]]
    runs = rl.run(net, words)
    assert runs.states.tobytes() == np.ascontiguousarray(right.T).tobytes()
    assert len(runs.distinct) < 50


def test_only_nets_that_come_back_are_looked_up() -> None:
    rng = np.random.default_rng(0)
    net = random_net(rng, "lstm", 4, 1, "float64")
    kernel = net.kernel
    assert kernel is not None
    assert not kernel.comes_back(net.initial())
    asked: list[int] = []
    kernel.step = lambda states, symbols: asked.append(1) or Kernel.step(kernel, states, symbols)
    rl.run(net, rng.integers(4, size=(100, 50)))
    assert len(asked) <= 3, "it is not asked again whether it comes back"
    saturated = rl.compile("reber").replace(dtype="float32")
    assert saturated.kernel is not None
    assert saturated.kernel.comes_back(saturated.initial())


def test_several_symbols_at_a_time_lead_where_single_ones_lead(monkeypatch) -> None:
    monkeypatch.setattr(engine, "WALK", 60)
    monkeypatch.setattr(engine, "WORTH", 0)
    rng = np.random.default_rng(3)
    for name, leap in (("reber", 3_000), ("parity", 65_536), ("embedded-reber", 0)):
        net = rl.compile(name).replace(dtype="float32")
        lengths = np.sort(rng.integers(20, 50, size=400))
        words = [rng.integers(len(net.alphabet), size=length) for length in lengths]
        # A word that comes to states that no other comes to, when all seems to be known.
        (legal,) = rl.load_grammar(name).sample(seed=1)
        words[20] = np.array([net.alphabet.index(x) for x in legal])
        monkeypatch.setattr(engine, "LEAP", leap)
        states = rl.run(net, words).states
        assert (
            states.tobytes() == np.concatenate([rl.run(net, [w]).states for w in words]).tobytes()
        )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=seeds, symbols=st.sampled_from([1, 7]), length=st.integers(1, 9))
def test_one_word_of_an_lstm_is_the_formula_s(monkeypatch, seed, symbols, length) -> None:
    monkeypatch.setattr(engine, "LONG", 1)
    rng = np.random.default_rng(seed)
    net = random_net(rng, "lstm", symbols, 1, "float64")
    net = net.replace(start_state=rng.normal(size=net.initial().shape))
    words = [rng.integers(symbols, size=length)]
    assert np.abs(rl.run(net, words).states - by_formula(net, words)).max() < 1e-13


def test_a_memo_that_is_full_gives_up(monkeypatch) -> None:
    monkeypatch.setattr(engine, "MOST_STATES", 5)
    net, rng = rl.compile("reber", gain=40), np.random.default_rng(0)
    assert net.kernel is not None
    assert net.kernel.comes_back(net.initial())
    words = rng.integers(7, size=(60, 90))
    right = by_formula(net, list(words))
    assert np.abs(rl.run(net, words).states - right).max() < 1e-13
    assert not net.kernel.comes_back(net.initial()), "it is not tried again"


def test_no_word_and_no_symbol() -> None:
    net = rl.compile("parity")
    assert rl.run(net, []).states.shape == (0, len(net.initial()))
    assert rl.run(net, np.zeros((3, 0), dtype=int)).states.tolist() == [net.initial().tolist()] * 3
    assert net.kernel is not None
    none = np.zeros(0, dtype=np.intp)
    ends = final_states(net.kernel, net.initial(), np.zeros((0, 0), dtype=np.intp), none)
    assert ends.of_word.shape == (0,)
