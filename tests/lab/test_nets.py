"""The nets and their gates, against PyTorch's own and against the formulas."""

import numpy as np
import pytest
import torch

from reberlstm.errors import LabError
from reberlstm.lab import curves, nets
from reberlstm.lab.gates import TITLES, record_gates


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        yield


def test_parameters_are_as_many_as_in_the_sources():
    assert nets.parameters(nets.Perceptron(3, [152], 1)) == 761
    assert nets.parameters(nets.Perceptron(3, [30, 20], 1)) == 761
    assert nets.parameters(nets.Recurrent(1, 16, 1, cell="peephole", last=True)) == 2_049
    # PyTorch has a second bias for every cell of an RNN and for every gate of an LSTM.
    assert nets.parameters(nets.Recurrent(1, 26, 1, cell="rnn", last=True)) == 755 + 26
    line = nets.Autoencoder([32], 1, [32])
    assert nets.parameters(line) == 8_976 + 4 * (32 + 1 + 32 + 1)


@pytest.mark.parametrize("layers", [1, 3])
def test_the_gates_of_an_lstm_lead_to_what_pytorch_gives(layers):
    lstm = torch.nn.LSTM(2, 5, layers, batch_first=True)
    x = torch.randn(4, 7, 2)
    with torch.no_grad():
        out, (hidden, memory) = lstm(x)
    found = record_gates(lstm, x.numpy())
    assert len(found) == layers
    np.testing.assert_allclose(found[-1]["hidden"], out, atol=1e-6)
    for layer in range(layers):
        np.testing.assert_allclose(found[layer]["hidden"][:, -1], hidden[layer], atol=1e-6)
        np.testing.assert_allclose(found[layer]["memory"][:, -1], memory[layer], atol=1e-6)
        for gate in ("input", "forget", "output"):
            assert 0 < found[layer][gate].min() < found[layer][gate].max() < 1


def test_one_sequence_or_many():
    lstm = torch.nn.LSTM(1, 3, batch_first=True)
    x = np.linspace(0, 1, 6)[:, None]
    (single,), (batch,) = record_gates(lstm, x), record_gates(lstm, x[None])
    for name in TITLES:
        assert single[name].shape == (6, 3)
        np.testing.assert_array_equal(single[name], batch[name][0])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_peephole_cell_follows_its_formulas():
    cell = nets.PeepholeLSTM(2, 3)
    x = np.random.default_rng(0).normal(size=(5, 2))
    layers = {
        name: (part.weight.detach().double().numpy(), part.bias.detach().double().numpy())
        for name, part in cell.named_children()
    }

    def linear(name, value):
        weight, bias = layers[name]
        return weight @ value + bias

    hidden = memory = np.zeros(3)
    for t in range(5):
        i, f, g, o = np.split(linear("from_input", x[t]) + linear("from_hidden", hidden), 4)
        i, f = (
            sigmoid(gate + peep)
            for gate, peep in zip((i, f), np.split(linear("from_memory", memory), 2), strict=True)
        )
        memory = f * memory + i * np.tanh(g)
        o = sigmoid(o + linear("output_from_memory", memory))
        hidden = o * memory
    (found,) = record_gates(cell, x)
    np.testing.assert_allclose(found["memory"][-1], memory, atol=1e-6)
    np.testing.assert_allclose(found["output"][-1], o, atol=1e-6)
    np.testing.assert_allclose(found["hidden"][-1], hidden, atol=1e-6)
    with torch.no_grad():
        out, _ = cell(torch.tensor(x[None], dtype=torch.float32))
    np.testing.assert_allclose(out[0, -1], hidden, atol=1e-6)


@pytest.mark.parametrize(
    "module",
    [
        torch.nn.GRU(1, 2),
        torch.nn.LSTM(1, 2, bidirectional=True),
        torch.nn.LSTM(1, 2, proj_size=1),
        torch.nn.LSTM(1, 2, bias=False),
    ],
    ids=str,
)
def test_gates_that_cannot_be_recorded(module):
    with pytest.raises(
        LabError, match=r"the gates of a (GRU|LSTM) cannot be recorded: give an nn\.LSTM"
    ):
        record_gates(module, np.zeros((3, 1)))


def test_shapes():
    x = torch.zeros(4, 7, 2)
    assert nets.Recurrent(2, 5, 3)(x).shape == (4, 7, 3)
    assert nets.Recurrent(2, 5, 3, layers=2, last=True)(x).shape == (4, 3)
    coder = nets.Autoencoder([6, 5], 2, [4], inputs=2)
    assert coder.encode(x).shape == (4, 2)
    assert coder.decode(torch.zeros(4, 2), 9).shape == (4, 9, 2)
    assert coder(x).shape == x.shape


def test_an_autoencoder_cannot_give_one():
    coder = nets.uniform(nets.Autoencoder([4], 1, [4]), 50.0)
    with torch.no_grad():
        out = coder(torch.ones(1, 200, 1))
    assert out.abs().max() <= 1.0


def test_uniform_parameters():
    net = nets.uniform(nets.Recurrent(1, 16, 1), 0.02)
    values = torch.cat([parameter.detach().flatten() for parameter in net.parameters()])
    assert values.abs().max() <= 0.02
    assert values.std() == pytest.approx(0.02 / 3**0.5, rel=0.05)


def test_weights_as_in_keras():
    net = nets.as_in_keras(nets.Recurrent(2, 8, 3, layers=2))
    for layer, inputs in ((0, 2), (1, 8)):
        recurrent = getattr(net.recurrent, f"weight_hh_l{layer}").detach()
        torch.testing.assert_close(recurrent.T @ recurrent, torch.eye(8))
        bound = (6 / (inputs + 32)) ** 0.5
        weight = getattr(net.recurrent, f"weight_ih_l{layer}").detach()
        assert 0.8 * bound < weight.abs().max() <= bound
        biases = [getattr(net.recurrent, f"bias_{kind}_l{layer}") for kind in ("ih", "hh")]
        assert sum(biases).tolist() == [0.0] * 8 + [1.0] * 8 + [0.0] * 16
    assert net.head.bias.tolist() == [0.0] * 3


def test_waves():
    x = curves.points()
    assert (len(x), x[0], x[-1]) == (100, 0.0, 1.0)
    shifted = curves.sines(0.3, offset=0.3, shift=[0.0, np.pi / 20])[:, :, 0]
    np.testing.assert_allclose(shifted[0], 0.3 * (1 + np.sin(10 * x)))
    np.testing.assert_allclose(shifted[1], 0.3 * (1 + np.cos(10 * x)))
