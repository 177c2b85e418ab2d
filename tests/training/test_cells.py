"""The cells against PyTorch's own layers, and the written-out derivative against autograd's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import reberlstm as rl
from reberlstm.net.cells import CELLS
from reberlstm.net.net import ARRAYS, Net
from reberlstm.training import cells
from reberlstm.training.cells import CellType, Parameters

REBER = rl.load_grammar("reber")
SYMBOLS = len(REBER.alphabet)
HEADS = {"legal": SYMBOLS, "next": SYMBOLS}


def some(cell: CellType, nets: int = 2, size: int = 5) -> Parameters:
    rng = np.random.default_rng(3)
    return cells.parameters(
        cells.at_random(rng, cell=cell, nets=nets, symbols=SYMBOLS, cells=size, heads=HEADS)
    )


def layer_of(net: Net) -> torch.nn.Module:
    """PyTorch's layer with the tensors of a net."""
    (layer,) = net.layers
    kinds = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}
    module = kinds[layer.cell.name](SYMBOLS, net.size).double()
    module.load_state_dict({f"{name}_l0": torch.tensor(getattr(layer, name)) for name in ARRAYS})
    return module


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_states_and_outputs_are_those_of_pytorch(cell: CellType) -> None:
    parameters = some(cell)
    symbols = torch.randint(SYMBOLS, (9, 2, 4), generator=torch.Generator().manual_seed(0))
    h, _ = cells.run(cell, parameters, symbols)
    arrays = {key: tensor.detach().numpy() for key, tensor in parameters.items()}
    for index in range(2):
        net = cells.to_net(cell, arrays, REBER, claims="legal", index=index)
        one_hot = torch.nn.functional.one_hot(symbols[:, index], SYMBOLS).double()
        expected, _ = layer_of(net)(one_hot)
        assert torch.allclose(h[:, index], expected, atol=1e-12)
        values = cells.read(parameters, "legal", h)[:, index]
        weight, bias = net.heads["legal"].weight, net.heads["legal"].bias
        assert np.allclose(values.detach(), expected.detach().numpy() @ weight.T + bias)


def test_the_fast_lstm_is_the_formula_of_the_cell() -> None:
    parameters = some("lstm")
    symbols = torch.randint(SYMBOLS, (6, 2, 4), generator=torch.Generator().manual_seed(1))
    h, c = cells.run("lstm", parameters, symbols)
    layer = cells.Recurrence.of(CELLS["lstm"], parameters)
    state = (torch.zeros(2, 4, 5).double(), torch.zeros(2, 4, 5).double())
    for t, a in enumerate(cells.inputs(parameters, symbols)):
        _, state = layer.cell.step(layer, a, state, cells.Tensors())  # type: ignore[arg-type]
        assert torch.allclose(state[0], h[t], atol=1e-12)
        assert torch.allclose(state[1], c[t], atol=1e-12)


def test_the_derivative_of_the_lstm_is_right() -> None:
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(4, 2, 3, 8, dtype=torch.float64, generator=generator, requires_grad=True)
    recurrent = torch.randn(2, 2, 8, dtype=torch.float64, generator=generator, requires_grad=True)
    noise = torch.randn(4, 2, 3, 2, dtype=torch.float64, generator=generator)
    for added in (None, noise):
        assert torch.autograd.gradcheck(
            lambda z, w, added=added: cells.LSTM.apply(z, w, added), (z, recurrent)
        )


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_noise_is_added_to_the_memory_after_each_step(cell: CellType) -> None:
    """A net whose weights are all 0 has the memory 0 but for the noise, carried on as it should."""
    parameters = {key: torch.zeros_like(tensor) for key, tensor in some(cell).items()}
    symbols = torch.zeros(2, 2, 1, dtype=torch.int64)
    noise = torch.ones(2, 2, 1, 5, dtype=torch.float64)
    _, memory = cells.run(cell, parameters, symbols, noise)
    # Gates are at ½: an LSTM and a GRU keep half; a simple RNN keeps nothing.
    kept = 0.0 if cell == "rnn" else 0.5
    assert torch.allclose(memory[0], torch.tensor(1.0, dtype=torch.float64))
    assert torch.allclose(memory[1], torch.tensor(1.0 + kept, dtype=torch.float64))


def test_a_compiled_net_is_the_same_as_parameters() -> None:
    net = rl.compile(REBER)
    rng = np.random.default_rng(0)
    parameters = cells.parameters(cells.from_weights(rng, net, net.size, {"legal": SYMBOLS}))
    for word in REBER.prefixes(6):
        if word:
            columns = [REBER.alphabet.index(symbol) for symbol in word]
            h, _ = cells.run("lstm", parameters, torch.tensor(columns)[:, None, None])
            said = cells.read(parameters, "legal", h)[-1, 0, 0] > 0
            offered = {s for s, yes in zip(REBER.alphabet, said, strict=True) if yes}
            assert offered == set(rl.trace(net, word).steps[-1].legal)
    assert parameters["bias"].requires_grad


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_net_is_begun_from_as_it_is(cell: CellType) -> None:
    arrays = {key: tensor.detach().numpy() for key, tensor in some(cell, nets=1).items()}
    net = cells.to_net(cell, arrays, REBER, claims="legal")
    again = cells.from_weights(np.random.default_rng(0), net, net.size, HEADS)
    assert again.keys() == arrays.keys()
    for key, array in arrays.items():
        assert np.array_equal(again[key], array), key


def test_further_cells_begin_small() -> None:
    net = rl.compile(REBER, gain=3.0)
    parameters = cells.from_weights(np.random.default_rng(0), net, 11, {"legal": SYMBOLS})
    assert parameters["weight_hh"].shape == (1, 11, 44)
    extra = np.abs(parameters["weight_hh"][0, net.size :]).max()
    assert 0 < extra < 0.1
    with pytest.raises(rl.ReberLSTMError, match="5 cells are too few to begin from net"):
        cells.from_weights(np.random.default_rng(0), net, 5, {"legal": SYMBOLS})
