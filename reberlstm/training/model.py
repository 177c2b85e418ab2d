"""Parameters: their first values, from chance or from a compiled net, and the nets they make."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from reberlstm._version import __version__
from reberlstm.errors import WeightsError
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import Floats, Head, LSTMWeights, Scope
from reberlstm.training.cells import GATES, CellType, Parameters
from reberlstm.training.recurrent import RecurrentWeights


def at_random(
    rng: np.random.Generator,
    *,
    cell: CellType,
    nets: int,
    symbols: int,
    cells: int,
    heads: Mapping[str, int],
) -> Parameters:
    """Weights as PyTorch's layers have them at first: uniform, up to one over the root of H."""
    gates = GATES[cell]
    shapes = {
        "weight_ih": (nets, symbols, gates * cells),
        "weight_hh": (nets, cells, gates * cells),
        "bias": (nets, 1, gates * cells),
    }
    if cell == "gru":
        shapes["bias_hn"] = (nets, 1, cells)
    for name, rows in heads.items():
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (nets, cells, rows), (nets, 1, rows)
    most = cells**-0.5
    return parameters({key: rng.uniform(-most, most, shape) for key, shape in shapes.items()})


def begin_as_latches(trained: Parameters, number: int) -> None:
    """Let the first cells of LSTMs refresh what they hold, at both of two values, until they learn.

    The candidate of such a cell is pushed to the side on which its own ``h`` is, with the input and
    output gates open and the forget gate half open: c ← ½·c + ¾·tanh(3·h) or so. (Cells
    like that are due to N. Vecoven, D. Ernst & G. Drion, A bio-inspired bistable recurrent cell
    allows for long-lasting memory, 2020, arxiv.org/abs/2006.05252; here they are only a beginning.)
    """
    cells = trained["weight_hh"].shape[1]
    which = torch.arange(number)
    with torch.no_grad():
        trained["weight_hh"][:, which, 2 * cells + which] += 3.0
        trained["bias"][:, 0, which] += 1.0
        trained["bias"][:, 0, 3 * cells + which] += 2.0


def parameters(arrays: Mapping[str, Floats]) -> Parameters:
    """Arrays as something to train, in float64."""
    return {
        key: torch.tensor(array, dtype=torch.float64, requires_grad=True)
        for key, array in arrays.items()
    }


def from_weights(
    rng: np.random.Generator, net: LSTMWeights, cells: int, heads: Mapping[str, int]
) -> Parameters:
    """One net's weights, with as many further cells and the heads wanted, whose weights are small.

    Raises:
        WeightsError: where the net has more cells than that.
    """
    if cells < net.size:
        raise WeightsError(
            f"{cells} cells are too few to begin from net {net.name!r}, which has {net.size}"
        )
    small = at_random(rng, cell="lstm", nets=1, symbols=len(net.alphabet), cells=cells, heads=heads)
    arrays = {key: 0.1 * tensor.detach().numpy() for key, tensor in small.items()}
    block = np.concatenate([gate * cells + np.arange(net.size) for gate in range(4)])
    arrays["weight_ih"][0][:, block] = net.weight_ih.T
    arrays["weight_hh"][0][: net.size, block] = net.weight_hh.T
    arrays["bias"][0][:, block] = net.bias
    for name in heads.keys() & net.heads.keys():
        arrays[f"{name}.weight"][0][: net.size] = net.heads[name].weight.T
        arrays[f"{name}.bias"][0][:] = net.heads[name].bias
    return parameters(arrays)


def to_net(
    cell: CellType, trained: Mapping[str, Floats], fsm: FSM, *, claims: Scope, index: int = 0
) -> LSTMWeights | RecurrentWeights:
    """The net number `index` that the parameters make."""
    one = {key: np.asarray(array[index], dtype=np.float64) for key, array in trained.items()}
    heads = [key.removesuffix(".weight") for key in one if key.endswith(".weight")]
    name, bias = "trained", one["bias"][0]
    if cell == "lstm":
        return LSTMWeights(
            alphabet=fsm.alphabet,
            cells=tuple(f"c{number}" for number in range(1, one["weight_hh"].shape[0] + 1)),
            weight_ih=one["weight_ih"].T,
            weight_hh=one["weight_hh"].T,
            bias_ih=bias,
            bias_hh=np.zeros_like(bias),
            heads={head: Head(one[f"{head}.weight"].T, one[f"{head}.bias"][0]) for head in heads},
            grammar=fsm,
            claims=claims,
            name=name,
            version=__version__,
        )
    again = np.zeros_like(bias)
    if cell == "gru":
        again[-one["bias_hn"].shape[1] :] = one["bias_hn"][0]
    tensors = {
        f"{cell}.weight_ih_l0": one["weight_ih"].T,
        f"{cell}.weight_hh_l0": one["weight_hh"].T,
        f"{cell}.bias_ih_l0": bias,
        f"{cell}.bias_hh_l0": again,
    }
    for head in heads:
        tensors[f"{head}.weight"] = one[f"{head}.weight"].T
        tensors[f"{head}.bias"] = one[f"{head}.bias"][0]
    return RecurrentWeights(
        cell=cell, alphabet=fsm.alphabet, tensors=tensors, grammar=fsm, name=name
    )
