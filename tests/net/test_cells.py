"""Every kind of cell against PyTorch's, and its derivative against automatic differentiation."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from reberlstm.errors import WeightsError
from reberlstm.net.cells import CELLS, Cell, Layer, cell_named
from reberlstm.net.files.safetensors import from_bytes, to_bytes
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head, Readout, Rule

TORCH = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn": nn.RNN,
    "rnn-relu": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="relu", **options),
}


def layers_of(module: Any, cell: Cell) -> tuple[Layer, ...]:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return tuple(
        Layer(cell, *(getattr(module, f"{name}_l{number}").detach().numpy() for name in names))
        for number in range(module.num_layers)
    )


def random_layer(rng: np.random.Generator, cell: Cell, size: int, inputs: int) -> Layer:
    rows = len(cell.gates) * size
    shapes = ((rows, inputs), (rows, size), (rows,), (rows,))
    return Layer(cell, *(rng.normal(size=shape) for shape in shapes))


seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 5)


@pytest.mark.parametrize("name", TORCH)
@given(seed=seeds, size=sizes, depth=st.integers(1, 3), embedded=st.booleans())
def test_a_net_of_layers_computes_what_pytorch_computes(name, seed, size, depth, embedded) -> None:
    torch.manual_seed(seed)
    vectors = torch.randn(3, 4 if embedded else 3, dtype=torch.float64)
    module = TORCH[name](vectors.shape[1], size, num_layers=depth, batch_first=True).double()
    words = torch.randint(3, (4, 6))
    x = vectors[words] if embedded else nn.functional.one_hot(words, 3).double()
    outputs = module(x)[0].detach().numpy()

    net = Net(
        alphabet=("a", "b", "c"),
        layers=layers_of(module, CELLS[name]),
        heads={},
        embedding=vectors.numpy() if embedded else None,
    )
    states = net.start(len(words))
    for t in range(words.shape[1]):
        states = net.step(states, words[:, t].numpy())
        np.testing.assert_allclose(net.hidden(states), outputs[:, t], rtol=0, atol=1e-12)


def keras_gru(layer: Layer, x: Any, h: Any) -> Any:
    """The formula of `keras.layers.GRU(reset_after=False)`, from its documentation."""
    r_ih, z_ih, n_ih = np.split(layer.weight_ih, 3)
    r_hh, z_hh, n_hh = np.split(layer.weight_hh, 3)
    r_b, z_b, n_b = np.split(layer.bias, 3)

    def sigmoid(v: Any) -> Any:
        return torch.sigmoid(torch.as_tensor(v)).numpy()

    r = sigmoid(r_ih @ x + r_hh @ h + r_b)
    z = sigmoid(z_ih @ x + z_hh @ h + z_b)
    return z * h + (1 - z) * np.tanh(n_ih @ x + n_hh @ (r * h) + n_b)


@given(seed=seeds, size=sizes)
def test_the_gru_with_the_reset_before_is_keras_formula(seed, size) -> None:
    rng = np.random.default_rng(seed)
    layer = random_layer(rng, CELLS["gru-before"], size, 3)
    x, h = rng.normal(size=3), rng.normal(size=size)
    _, (after,) = layer.cell.step(layer, layer.inputs(x), (h,))
    np.testing.assert_allclose(after, keras_gru(layer, x, h), rtol=0, atol=1e-12)


class TorchNumbers:
    """The functions of formulas for tensors."""

    sigmoid, tanh, relu = torch.sigmoid, torch.tanh, torch.relu

    @staticmethod
    def linear(x: Any, weight: Any, bias: Any) -> Any:
        return x @ torch.as_tensor(weight.copy()).T + torch.as_tensor(bias.copy())

    @staticmethod
    def mix(share: Any, new: Any, old: Any) -> Any:
        return new + share * (old - new)


@pytest.mark.parametrize("name", CELLS)
@given(seed=seeds, size=sizes)
def test_the_derivative_is_that_of_the_step(name, seed, size) -> None:
    rng = np.random.default_rng(seed)
    layer = random_layer(rng, CELLS[name], size, 3)
    a = layer.inputs(rng.normal(size=3))
    width = len(layer.cell.parts) * size
    vector = rng.normal(size=width)

    def after(state: torch.Tensor) -> torch.Tensor:
        parts = tuple(state.split(size))
        return torch.cat(layer.cell.step(layer, torch.as_tensor(a), parts, TorchNumbers)[1])

    wanted = torch.autograd.functional.jacobian(after, torch.as_tensor(vector)).numpy()
    before = tuple(np.split(vector, len(layer.cell.parts)))
    gates, state = layer.cell.step(layer, a, before)
    found = layer.cell.derivative(layer, gates, before, state)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_gates_are_named_in_the_order_of_their_rows(name) -> None:
    layer = random_layer(np.random.default_rng(0), CELLS[name], 2, 3)
    ends = [layer.rows(gate) for gate in layer.cell.gates]
    assert [(rows.start, rows.stop) for rows in ends] == [
        (2 * number, 2 * number + 2) for number in range(len(ends))
    ]
    gates, _ = layer.cell.step(layer, np.zeros(len(layer.bias)), tuple(np.zeros((4, 2))[: len(layer.cell.parts)]))  # fmt: skip
    assert tuple(gates) == layer.cell.gates


def test_kinds_are_found_by_name_and_survive_pickling() -> None:
    for name, cell in CELLS.items():
        assert cell_named(name) == cell == pickle.loads(pickle.dumps(cell))
        assert repr(cell) == f"<cell {name}>"
    with pytest.raises(WeightsError, match="cell kind 'foo'; choose one of lstm, gru"):
        cell_named("foo")


@given(seed=seeds)
def test_a_suffix_is_fed_before_the_heads_are_read(seed) -> None:
    rng = np.random.default_rng(seed)
    layer = random_layer(rng, CELLS["gru"], 3, 4)
    heads = {"accept": Head(rng.normal(size=(1, 3)), rng.normal(size=1))}
    plain = Net(alphabet=tuple("ab^$"), layers=(layer,), heads=heads)
    around = Net(
        alphabet=tuple("ab"),
        layers=(layer,),
        heads=heads,
        embedding=np.eye(4)[:2],
        start_state=plain.step(plain.start(), np.array([2]))[0],
        suffix=np.eye(4)[3:],
    )
    word = rng.integers(2, size=5)
    long, short = plain.start(), around.start()
    for symbol in (2, *word, 3):
        long = plain.step(long, np.array([symbol]))
    for symbol in word:
        short = around.step(short, np.array([symbol]))
    np.testing.assert_allclose(
        around.values("accept", short), plain.values("accept", long), rtol=0, atol=1e-12
    )


def test_a_net_in_float32_runs_in_float32() -> None:
    rng = np.random.default_rng(1)
    layer = random_layer(rng, CELLS["lstm"], 3, 2)
    heads = {"legal": Head(rng.normal(size=(2, 3)), rng.normal(size=2))}
    net = Net(alphabet=("a", "b"), layers=(layer,), heads=heads, dtype="float32")
    states = net.step(net.start(), np.array([1]))
    assert states.dtype == np.float32
    assert net.values("legal", states).dtype == np.float32


@given(seed=seeds, name=st.sampled_from(list(CELLS)), depth=st.integers(1, 3), deep=st.booleans())
def test_a_net_of_any_kind_survives_its_file(seed, name, depth, deep) -> None:
    rng = np.random.default_rng(seed)
    layers = [random_layer(rng, CELLS[name], 3, 5)]
    layers += [random_layer(rng, CELLS[name], 3, 3) for _ in range(depth - 1)]
    ends = [Head(rng.normal(size=(4, 3)), rng.normal(size=4))] if deep else []
    ends.append(Head(rng.normal(size=(2, 4 if deep else 3)), rng.normal(size=2)))
    net = Net(
        alphabet=("a", "b"),
        layers=tuple(layers),
        heads={"legal": Readout("legal", Rule("softmax", 0.2), tuple(ends), "tanh" * deep, "fc")},
        embedding=rng.normal(size=(2, 5)),
        start_state=rng.normal(size=sum(len(x.cell.parts) * 3 for x in layers)),
        suffix=rng.normal(size=(1, 5)),
        dtype="float32",
        name="mine",
    )
    again = from_bytes(to_bytes(net), "a file")
    assert to_bytes(again) == to_bytes(net)
    assert again.reading == net.reading == "legal: softmax > 0.2"
    states = rng.normal(size=(4, len(net.initial()))).astype(np.float32)
    symbols = rng.integers(2, size=4)
    assert np.array_equal(net.step(states, symbols), again.step(states, symbols))
    assert np.array_equal(net.values("legal", states), again.values("legal", states))
    copy = pickle.loads(pickle.dumps(net))
    assert to_bytes(copy) == to_bytes(net)
