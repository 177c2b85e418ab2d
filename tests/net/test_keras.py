"""Keras archives, against Keras's own equations written down independently."""

import io

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.errors import FormatError
from reberlstm.net.files import keras as target
from tests.stepping import read, run_batch


def keras_lstm(data, x):
    """The step of keras.layers.LSTM (implementation 2, `LSTMCell.call`), x of shape (B, T, A)."""

    def hard_to_confuse(z):
        return 1 / (1 + np.exp(-z))

    units = data["recurrent_kernel"].shape[0]
    h = c = np.zeros((len(x), units))
    for t in range(x.shape[1]):
        z = x[:, t] @ data["kernel"] + h @ data["recurrent_kernel"] + data["bias"]
        z0, z1, z2, z3 = np.split(z, 4, axis=1)
        i = hard_to_confuse(z0)
        f = hard_to_confuse(z1)
        c = f * c + i * np.tanh(z2)
        o = hard_to_confuse(z3)
        h = o * np.tanh(c)
        yield h


@pytest.mark.parametrize("grammar", rl.grammar_names())
def test_keras_equations_give_what_the_simulator_gives(grammar):
    net = rl.compile(rl.load_grammar(grammar))
    data = np.load(io.BytesIO(target.export(net, "net.npz")[0]))
    words = np.random.default_rng(0).integers(len(net.alphabet), size=(8, 12))
    found = keras_lstm(data, np.eye(len(net.alphabet))[words])
    for h, state in zip(found, run_batch(net, words), strict=True):
        np.testing.assert_allclose(h, state.h, rtol=0, atol=1e-12)
        for head in net.heads:
            values = h @ data[f"{head}_kernel"] + data[f"{head}_bias"]
            np.testing.assert_allclose(values, read(net, head, state), rtol=0, atol=1e-12)


def test_shapes_are_those_of_keras():
    net = rl.compile(rl.load_grammar("reber"))
    arrays = target.to_arrays(net, "float32")
    assert {name: array.shape for name, array in arrays.items()} == {
        "kernel": (7, 32),
        "recurrent_kernel": (8, 32),
        "bias": (32,),
        "legal_kernel": (8, 7),
        "legal_bias": (7,),
        "accept_kernel": (8, 1),
        "accept_bias": (1,),
        "next_kernel": (8, 7),
        "next_bias": (7,),
    }
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}


def test_the_two_biases_are_added():
    net = rl.compile(rl.load_grammar("parity"))
    net = net.replace(bias_hh=np.arange(4.0))
    assert (target.to_arrays(net)["bias"] == net.bias_ih + np.arange(4.0)).all()


def test_file_is_read_back_as_the_same_net(tmp_path):
    net = rl.compile(rl.load_grammar("reber"))
    path = tmp_path / "net.npz"
    path.write_bytes(target.export(net, "net.npz")[0])
    again = rl.load(path)
    assert again.cells == net.cells
    assert again.grammar == net.grammar
    assert (again.weight_ih == net.weight_ih).all()
    assert (again.weight_hh == net.weight_hh).all()
    assert (again.bias == net.bias).all()
    for head in net.heads:
        assert (again.heads[head].weight == net.heads[head].weight).all()
        assert (again.heads[head].bias == net.heads[head].bias).all()


def test_missing_array_is_named(tmp_path):
    np.savez(tmp_path / "net.npz", kernel=np.zeros((2, 4)), recurrent_kernel=np.zeros((1, 4)))
    with pytest.raises(FormatError, match=r"net.npz: array 'bias' is missing, which a Keras"):
        rl.load(tmp_path / "net.npz", alphabet="01")


def test_weights_trained_in_keras_are_imported(tmp_path):
    rng = np.random.default_rng(1)
    data = {
        "kernel": rng.normal(size=(2, 12)),
        "recurrent_kernel": rng.normal(size=(3, 12)),
        "bias": rng.normal(size=12),
        "accept_kernel": rng.normal(size=(3, 1)),
        "accept_bias": rng.normal(size=1),
    }
    np.savez(tmp_path / "net.npz", **data)
    net = rl.load(tmp_path / "net.npz", alphabet="01")
    words = rng.integers(2, size=(4, 6))
    for h, state in zip(keras_lstm(data, np.eye(2)[words]), run_batch(net, words), strict=True):
        np.testing.assert_allclose(h, state.h, rtol=0, atol=1e-12)
        expected = h @ data["accept_kernel"] + data["accept_bias"]
        np.testing.assert_allclose(read(net, "accept", state), expected, rtol=0, atol=1e-12)


def test_published_net_is_refused():
    with pytest.raises(FormatError, match=r"^a Keras layer cannot hold the net 'published'"):
        target.export(rl.published(), "net.npz")


def test_two_layers_of_keras_read_each_other_where_they_are_named(tmp_path):
    """Under the names that Keras 3 gives them, ``sequential/lstm_1/lstm_cell/kernel``."""
    rng, units = np.random.default_rng(0), 4
    layers = []
    for inputs in (2, units):
        shapes = {
            "kernel": (inputs, 4 * units),
            "recurrent_kernel": (units, 4 * units),
            "bias": (4 * units,),
        }
        layers.append({name: rng.normal(size=shape) for name, shape in shapes.items()})
    arrays = {
        f"sequential/lstm{end}/lstm_cell/{name}": array
        for end, layer in zip(("", "_1"), layers, strict=True)
        for name, array in layer.items()
    }
    head = rng.normal(size=(units, 1))
    arrays |= {"sequential/dense/kernel": head, "sequential/dense/bias": np.zeros(1)}
    np.savez(tmp_path / "net.npz", **arrays)
    with pytest.raises(FormatError, match=r"in layer='sequential\.lstm,sequential\.lstm_1'"):
        rl.load(tmp_path / "net.npz", alphabet="01")
    net = rl.load(tmp_path / "net.npz", alphabet="01", layer="lstm,lstm_1")
    words = rng.integers(2, size=(5, 9))
    x = np.eye(2)[words]
    for layer in layers:
        x = np.stack(list(keras_lstm(layer, x)), axis=1)
    expected = x[:, -1] @ head
    np.testing.assert_allclose(rl.run(net, words).heads["accept"], expected, atol=1e-12)
