"""Boxes that are trained along: what they enclose, and that a loss of 0 is a proof."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import reberlstm as rl
from reberlstm.net.cells import CELLS
from reberlstm.training.cells import CellType, Parameters, at_random, parameters, to_net
from reberlstm.training.enclosure import Box, Enclosure
from reberlstm.training.objective import Objective

KINDS: tuple[CellType, ...] = ("lstm", "gru", "rnn")
LAYERS = {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell, "rnn": torch.nn.RNNCell}
ENDS_IN_A = rl.FSM(
    alphabet=("a", "b"),
    transitions={"no": {"a": "yes", "b": "no"}, "yes": {"a": "yes", "b": "no"}},
    start="no",
    accepting=frozenset({"yes"}),
)
OPEN = {"input": 4.0, "forget": -4.0, "output": 4.0, "reset": 4.0, "update": -4.0, "candidate": 0.0}


def enclosure_of(cell: CellType, given: Parameters) -> tuple[Enclosure, rl.Net]:
    arrays = {key: tensor.detach().numpy() for key, tensor in given.items()}
    net = to_net(cell, arrays, ENDS_IN_A, claims="all")
    rng = np.random.default_rng(0)
    return Enclosure(net, Objective(ENDS_IN_A, "accept"), given, rng), net


@pytest.mark.parametrize("cell", KINDS)
def test_the_step_of_boxes_encloses_the_steps_of_states_in_them(cell: CellType) -> None:
    rng = np.random.default_rng(1)
    first = at_random(rng, cell=cell, symbols=2, cells=3, heads={"accept": 1})
    given = parameters({key: 3.0 * array for key, array in first.items()})
    enclosure, net = enclosure_of(cell, given)
    one = {key: tensor[0] for key, tensor in given.items()}
    layer = net.layers[0]
    module = LAYERS[cell](2, 3).double()
    for name, parameter in module.named_parameters():
        parameter.data = torch.tensor(getattr(layer, name))
    parts = len(layer.cell.parts)
    nodes, samples = 20, 50
    ends = np.sort(rng.uniform(-1.0, 1.0, (2, nodes, 3 * parts)), axis=0)
    ends[1, : nodes // 2] = ends[0, : nodes // 2] + 0.1  # some are narrow
    symbols = torch.as_tensor(rng.integers(2, size=nodes))
    box = Box(torch.as_tensor(ends[0]), torch.as_tensor(ends[1]))
    with torch.no_grad():
        _, after = enclosure.step(one, box, symbols)
    low, high = after.low.numpy() - 1e-12, after.high.numpy() + 1e-12
    x = np.eye(2)[symbols.numpy()]
    for number in range(samples):
        share = rng.random(ends[0].shape) if number % 2 else rng.integers(2, size=ends[0].shape)
        states = np.split(ends[0] + share * (ends[1] - ends[0]), parts, axis=-1)
        _, ours = layer.cell.step(layer, layer.inputs(x), tuple(states))
        tensors = [torch.as_tensor(state) for state in states]
        theirs = module(torch.as_tensor(x), tensors[0] if parts == 1 else tuple(tensors))
        theirs = [theirs] if parts == 1 else theirs
        for found in (ours, [state.detach().numpy() for state in theirs]):
            reached = np.concatenate(list(found), axis=-1)
            assert ((low <= reached) & (reached <= high)).all()


@pytest.mark.parametrize("cell", KINDS)
def test_a_loss_of_0_is_a_proof(cell: CellType) -> None:
    """Nets that say what the last symbol was, with more and more of what they could do without."""
    kind, proved = CELLS[cell], 0
    rng = np.random.default_rng(2)
    for disturbance in (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 6.4):
        first = at_random(rng, cell=cell, symbols=2, cells=2, heads={"accept": 1})
        first = {key: disturbance * array for key, array in first.items()}
        first["bias"][0, 0] += np.repeat([OPEN[gate] for gate in kind.gates], 2)
        candidate = slice(2 * kind.gates.index("candidate"), 2 * kind.gates.index("candidate") + 2)
        first["weight_ih"][0, :, candidate] += [[3.0, 3.0], [-3.0, -3.0]]
        first["accept.weight"][0] += 4.0
        first["accept.bias"][0] -= 2.0
        given = parameters(first)
        enclosure, net = enclosure_of(cell, given)
        if float(enclosure.loss(given).detach()) == 0.0:
            proved += 1
            assert rl.certify(net, heads=["accept"], max_k=1).holds
    assert 2 <= proved < 8


@pytest.mark.parametrize("cell", KINDS)
def test_boxes_stay_where_the_cell_can_be(cell: CellType) -> None:
    first = at_random(np.random.default_rng(3), cell=cell, symbols=2, cells=2, heads={"accept": 1})
    enclosure, _ = enclosure_of(cell, parameters(first))
    enclosure.reach.data.fill_(3.0)
    boxes = enclosure.boxes()
    assert float(boxes.high[1:, :2].detach().min()) == 1.0
    assert float(boxes.low[1:, :2].detach().max()) == -1.0
    assert not boxes.high[0].detach().any(), "every word begins from zero"
    if cell == "lstm":
        assert float(boxes.high[1:, 2:].detach().min()) > 10.0, "nothing bounds c"
