"""Fast layers: the numbers of PyTorch's cells, and of the step that is written like the formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import reberlstm as rl
from reberlstm.net.layers import GATES, FastLayer
from reberlstm.simulator.step import State, step


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN", "ReLU"])
def test_a_step_is_that_of_torch(kind: Any, dtype: str) -> None:
    rng = np.random.default_rng(3)
    gates, size, inputs, words = GATES.get(kind, 1), 7, 5, 40
    weight_ih, weight_hh = (
        rng.normal(size=(gates * size, inputs)),
        rng.normal(size=(gates * size, size)),
    )
    biases = rng.normal(size=(2, gates * size))
    x, h, c = (rng.normal(size=(words, n)).astype(dtype) for n in (inputs, size, size))
    cell = {"LSTM": torch.nn.LSTMCell, "GRU": torch.nn.GRUCell}.get(kind, torch.nn.RNNCell)
    options = {"nonlinearity": "relu"} if kind == "ReLU" else {}
    theirs: Any = cell(inputs, size, **options)
    theirs = theirs.to(getattr(torch, dtype))
    values = (weight_ih, weight_hh, *biases)
    with torch.no_grad():
        for name, value in zip(
            ("weight_ih", "weight_hh", "bias_ih", "bias_hh"), values, strict=True
        ):
            getattr(theirs, name).copy_(torch.tensor(value))
        state = (torch.tensor(h), torch.tensor(c)) if kind == "LSTM" else torch.tensor(h)
        after = theirs(torch.tensor(x), state)
    expected = [part.numpy() for part in after] if kind == "LSTM" else [after.numpy(), None]
    layer = FastLayer(
        "RNN" if kind == "ReLU" else kind, *values, dtype=np.dtype(dtype), relu=kind == "ReLU"
    )
    found = layer.step(layer.of_vectors(x), h, c if kind == "LSTM" else None)
    for one, other in zip(found, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert one.dtype == dtype
            np.testing.assert_allclose(one, other, atol=2e-6 if dtype == "float32" else 1e-14)


@pytest.mark.parametrize("scale", [1.0, 40.0, 3_000.0])
def test_a_step_is_that_of_the_simulator(scale: float) -> None:
    """Closed gates, too, whose exponentials are infinite, keep all their digits."""
    net = rl.compile(rl.load_grammar("reber"))
    rng = np.random.default_rng(5)
    weights = net.replace(weight_hh=scale * rng.normal(size=net.weight_hh.shape))
    state = State(rng.normal(size=(300, net.size)), rng.normal(size=(300, net.size)))
    symbols = rng.integers(len(net.alphabet), size=300)
    expected = step(weights, np.eye(len(net.alphabet))[symbols], state).state
    layer = FastLayer(
        "LSTM",
        weights.weight_ih,
        weights.weight_hh,
        weights.bias_ih,
        weights.bias_hh,
        dtype=np.dtype(float),
    )
    h, c = layer.step(layer.of_symbols(symbols), state.h, state.c)
    assert c is not None
    np.testing.assert_allclose(h, expected.h, rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(c, expected.c, rtol=1e-9, atol=1e-300)
