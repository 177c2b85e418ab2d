"""Recurrent cells for training: N nets at once, each with its own weights and B words.

One net of a few cells keeps a processor busy with the overhead of operations, not with numbers, so
the leading axis costs little: thirty nets take about three times as long as one. Weights are
transposed against PyTorch's layers, gates in PyTorch's order; the formulas are those of `nn.LSTM`,
`nn.GRU` and `nn.RNN` (docs.pytorch.org).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from reberlstm._version import __version__
from reberlstm.errors import WeightsError
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import Floats, Head, LSTMWeights, Scope
from reberlstm.training.recurrent import RecurrentWeights

CellType = Literal["lstm", "gru", "rnn"]
GATES: dict[CellType, int] = {"lstm": 4, "gru": 3, "rnn": 1}
"""Rows of weights per cell."""

Parameters = dict[str, Tensor]
"""Of N nets: ``weight_ih`` (N, A, G·H), ``weight_hh`` (N, H, G·H), ``bias`` (N, 1, G·H), for a GRU
``bias_hn`` (N, 1, H), and for every head ``head.weight`` (N, H, R) and ``head.bias`` (N, 1, R)."""

# Running


def run(
    cell: CellType, parameters: Parameters, symbols: Tensor, noise: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The states after each symbol, from zero.

    Args:
        cell: The formula.
        parameters: Of N nets.
        symbols: Columns, (T, N, B).
        noise: What is added to the memory after each step, (T, N, B, H): to ``c`` of an LSTM before
            ``h`` is read from it, to ``h`` of the others.

    Returns:
        ``h`` and the memory (``c`` of an LSTM, ``h`` again of the others), (T, N, B, H) each.
    """
    z = inputs(parameters, symbols)
    if cell == "lstm":
        states: tuple[Tensor, Tensor] = LSTM.apply(z, parameters["weight_hh"], noise)  # type: ignore[no-untyped-call]
        return states
    step = STEPS[cell]
    h = z.new_zeros(*z.shape[1:3], parameters["weight_hh"].shape[1])
    every = []
    for t in range(len(z)):
        h = step(parameters, z[t], h)
        if noise is not None:
            h = h + noise[t]
        every.append(h)
    memory = torch.stack(every)
    return memory, memory


def inputs(parameters: Parameters, symbols: Tensor) -> Tensor:
    """What symbols and biases add to the pre-activations, (T, N, B, G·H)."""
    weight = parameters["weight_ih"]
    one_hot = torch.nn.functional.one_hot(symbols, weight.shape[1]).to(weight.dtype)
    return one_hot @ weight + parameters["bias"]


def read(parameters: Parameters, head: str, h: Tensor) -> Tensor:
    """The values of a head, (..., N, B, R)."""
    return h @ parameters[f"{head}.weight"] + parameters[f"{head}.bias"]


def _gru(parameters: Parameters, z: Tensor, h: Tensor) -> Tensor:
    again = h @ parameters["weight_hh"]
    two = 2 * h.shape[-1]
    r, u = torch.sigmoid(z[..., :two] + again[..., :two]).chunk(2, dim=-1)
    new = torch.tanh(z[..., two:] + r * (again[..., two:] + parameters["bias_hn"]))
    return new + u * (h - new)


def _rnn(parameters: Parameters, z: Tensor, h: Tensor) -> Tensor:
    return torch.tanh(torch.baddbmm(z, h, parameters["weight_hh"]))


STEPS: dict[CellType, Callable[[Parameters, Tensor, Tensor], Tensor]] = {"gru": _gru, "rnn": _rnn}


class LSTM(torch.autograd.Function):
    """All steps of an LSTM, with the derivative written out.

    This halves the time against recording every operation, and tests compare it with that.
    """

    @staticmethod
    def forward(
        context: Any, z: Tensor, recurrent: Tensor, noise: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """From pre-activations without their recurrent part (T, N, B, 4H) to ``h`` and ``c``."""
        steps, nets, words, rows = z.shape
        size = rows // 4
        gates = torch.empty_like(z)
        h = z.new_zeros(steps + 1, nets, words, size)
        c = torch.zeros_like(h)
        squashed = z.new_empty(steps, nets, words, size)  # tanh(c)
        for t in range(steps):
            torch.baddbmm(z[t], h[t], recurrent, out=gates[t])
            i_and_f = gates[t][..., : 2 * size].sigmoid_()
            g = gates[t][..., 2 * size : 3 * size].tanh_()
            o = gates[t][..., 3 * size :].sigmoid_()
            torch.mul(i_and_f[..., size:], c[t], out=c[t + 1])
            c[t + 1].addcmul_(i_and_f[..., :size], g)
            if noise is not None:
                c[t + 1] += noise[t]
            torch.tanh(c[t + 1], out=squashed[t])
            torch.mul(o, squashed[t], out=h[t + 1])
        context.save_for_backward(gates, c, h, squashed, recurrent)
        return h[1:], c[1:]

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        """From the gradients of ``h`` and ``c`` to those of ``z`` and the recurrent weights."""
        to_h, to_c = gradients
        gates, c, h, squashed, recurrent = context.saved_tensors
        steps, nets, words, rows = gates.shape
        size = rows // 4
        i, f, g, o = gates.chunk(4, dim=-1)
        slope = gates * (1.0 - gates)  # of the sigmoids
        h_by_c = o * (1.0 - squashed * squashed)
        h_by_o = squashed * slope[..., 3 * size :]
        c_by_ifg = torch.stack(
            [g * slope[..., :size], c[:-1] * slope[..., size : 2 * size], i * (1.0 - g * g)], dim=-2
        )
        to_z = torch.empty_like(gates)
        by_gate = to_z.view(steps, nets, words, 4, size)
        back = recurrent.transpose(1, 2)
        total_h, total_c = to_h[-1], torch.zeros_like(c[0])
        for t in range(steps - 1, -1, -1):
            if t < steps - 1:
                total_h = torch.baddbmm(to_h[t], to_z[t + 1], back)
            total_c.addcmul_(total_h, h_by_c[t])
            total_c += to_c[t]
            torch.mul(c_by_ifg[t], total_c.unsqueeze(-2), out=by_gate[t, ..., :3, :])
            torch.mul(total_h, h_by_o[t], out=by_gate[t, ..., 3, :])
            total_c *= f[t]
        return to_z, torch.einsum("tnbh,tnbg->nhg", h[:-1], to_z), None


# First weights, and the nets that come of them


def parameters(
    arrays: Mapping[str, Floats], dtype: torch.dtype = torch.float64
) -> dict[str, Tensor]:
    """Arrays as something to train."""
    return {
        key: torch.tensor(array, dtype=dtype, requires_grad=True) for key, array in arrays.items()
    }


def at_random(
    rng: np.random.Generator,
    *,
    cell: CellType,
    symbols: int,
    cells: int,
    heads: Mapping[str, int],
    nets: int = 1,
) -> dict[str, Floats]:
    """Weights as PyTorch's layers have them at first: uniform, up to one over the root of H."""
    rows = GATES[cell] * cells
    shapes = {
        "weight_ih": (nets, symbols, rows),
        "weight_hh": (nets, cells, rows),
        "bias": (nets, 1, rows),
    }
    if cell == "gru":
        shapes["bias_hn"] = (nets, 1, cells)
    for name, outputs in heads.items():
        shapes[f"{name}.weight"] = (nets, cells, outputs)
        shapes[f"{name}.bias"] = (nets, 1, outputs)
    most = cells**-0.5
    return {key: rng.uniform(-most, most, shape) for key, shape in shapes.items()}


def begin_as_latches(first: Mapping[str, Floats], number: int) -> None:
    """Let the first cells of LSTMs refresh what they hold, at both of two values, until they learn.

    The candidate of such a cell is pushed to the side on which its own ``h`` is, with the input and
    output gates open and the forget gate half open: c ← ½·c + ¾·tanh(3·h) or so. (Cells
    like that are due to N. Vecoven, D. Ernst & G. Drion, A bio-inspired bistable recurrent cell
    allows for long-lasting memory, 2020, arxiv.org/abs/2006.05252; here they are only a beginning.)
    """
    cells = first["weight_hh"].shape[1]
    which = np.arange(number)
    first["weight_hh"][:, which, 2 * cells + which] += 3.0
    first["bias"][:, 0, which] += 1.0
    first["bias"][:, 0, 3 * cells + which] += 2.0


def from_weights(
    rng: np.random.Generator, net: LSTMWeights, cells: int, heads: Mapping[str, int]
) -> dict[str, Floats]:
    """One net's weights, with as many further cells and the heads wanted, whose weights are small.

    Raises:
        WeightsError: where the net has more cells than that.
    """
    if cells < net.size:
        raise WeightsError(
            f"{cells} cells are too few to begin from net {net.name!r}, which has {net.size}"
        )
    small = at_random(rng, cell="lstm", symbols=len(net.alphabet), cells=cells, heads=heads)
    arrays = {key: 0.1 * array for key, array in small.items()}
    block = np.concatenate([gate * cells + np.arange(net.size) for gate in range(4)])
    arrays["weight_ih"][0][:, block] = net.weight_ih.T
    arrays["weight_hh"][0][: net.size, block] = net.weight_hh.T
    arrays["bias"][0][:, block] = net.bias
    for name in heads.keys() & net.heads.keys():
        arrays[f"{name}.weight"][0][: net.size] = net.heads[name].weight.T
        arrays[f"{name}.bias"][0][:] = net.heads[name].bias
    return arrays


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
