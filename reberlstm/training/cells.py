"""Recurrent cells for training: N nets at once, each with its own weights and B words.

One net of a few cells keeps a processor busy with the overhead of operations, not with numbers, so
the leading axis costs little: thirty nets take about three times as long as one. Weights are
transposed against PyTorch's layers. The formulas are those of `reberlstm.net.cells`; the LSTM's is
written out once more, with its derivative, which halves the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from reberlstm._version import __version__
from reberlstm.errors import WeightsError
from reberlstm.machine.counters import Machine
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Scope
from reberlstm.net.cells import CELLS, Cell, Layer
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.net.numbers import Numbers
from reberlstm.net.readouts import Head

CellType = Literal["lstm", "gru", "rnn"]

Parameters = dict[str, Tensor]
"""Of N nets: ``weight_ih`` (N, A, G·H), ``weight_hh`` (N, H, G·H), ``bias`` (N, 1, G·H), for a GRU
``bias_hn`` (N, 1, H), and for every head ``head.weight`` (N, H, R) and ``head.bias`` (N, 1, R)."""

# Running


class Tensors(Numbers):
    """The functions of a cell's formula for tensors, with weights (N, H, R), biases (N, 1, R)."""

    sigmoid = staticmethod(torch.sigmoid)  # type: ignore[assignment]
    tanh = staticmethod(torch.tanh)  # type: ignore[assignment]

    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        """``x @ weight + bias``."""
        return torch.baddbmm(bias, x, weight)

    def mix(self, share: Any, new: Any, old: Any) -> Any:
        """``(1 − share)·new + share·old``."""
        return torch.lerp(new, old, share)


@dataclass(frozen=True, eq=False)
class Recurrence:
    """What a cell's formula asks of a layer, in tensors: the recurrent part of parameters."""

    cell: Cell
    weight_hh: Tensor
    bias_hh: Tensor

    @staticmethod
    def of(cell: Cell, parameters: Parameters) -> Recurrence:
        """That of N nets, or of one without the axis N."""
        bias = torch.zeros_like(parameters["bias"])
        if "bias_hn" in parameters:
            inner = parameters["bias_hn"]
            bias = torch.cat([bias[..., inner.shape[-1] :], inner], dim=-1)
        return Recurrence(cell, parameters["weight_hh"], bias)

    @cached_property
    def recurrent_blocks(self) -> tuple[Tensor, ...]:
        """The weights of each gate."""
        return self.weight_hh.chunk(len(self.cell.gates), dim=-1)

    @cached_property
    def bias_blocks(self) -> tuple[Tensor, ...]:
        """The biases of each gate."""
        return self.bias_hh.chunk(len(self.cell.gates), dim=-1)


def run(
    cell: str, parameters: Parameters, symbols: Tensor, noise: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The states of N nets after each symbol (T, N, B), from zero.

    Noise (T, N, B, H) is added to the memory after each step: to ``c`` of an LSTM before ``h`` is
    read from it, to ``h`` of the others.

    Returns:
        ``h`` and the memory (``c`` of an LSTM, ``h`` again of the others), (T, N, B, H) each.
    """
    a = inputs(parameters, symbols)
    if cell == "lstm":
        states: tuple[Tensor, Tensor] = LSTM.apply(a, parameters["weight_hh"], noise)  # type: ignore[no-untyped-call]
        return states
    layer, math = Recurrence.of(CELLS[cell], parameters), Tensors()
    h = a.new_zeros(*a.shape[1:3], parameters["weight_hh"].shape[1])
    every = []
    for t in range(len(a)):
        _, (h,) = layer.cell.step(layer, a[t], (h,), math)  # type: ignore[arg-type]
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


class LSTM(torch.autograd.Function):
    """All steps of LSTMs, with the derivative written out; tests compare it with the formula."""

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
    cell: str,
    symbols: int,
    cells: int,
    heads: Mapping[str, int],
    nets: int = 1,
) -> dict[str, Floats]:
    """Weights as PyTorch's layers have them at first: uniform, up to one over the root of H."""
    rows = len(CELLS[cell].gates) * cells
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
    rng: np.random.Generator, net: Net, cells: int, heads: Mapping[str, int]
) -> dict[str, Floats]:
    """One net's weights, with as many further cells and the heads wanted, whose weights are small.

    Raises:
        WeightsError: where the net has more cells than that.
    """
    if cells < net.size:
        raise WeightsError(
            f"{cells} cells are too few to begin from net {net.name!r}, which has {net.size}"
        )
    (layer,) = net.layers
    cell = layer.cell
    small = at_random(rng, cell=cell.name, symbols=len(net.alphabet), cells=cells, heads=heads)
    arrays = {key: 0.1 * array for key, array in small.items()}
    block = np.concatenate([gate * cells + np.arange(net.size) for gate in range(len(cell.gates))])
    arrays["weight_ih"][0][:, block] = layer.weight_ih.T
    arrays["weight_hh"][0][: net.size, block] = layer.weight_hh.T
    arrays["bias"][0][:, block] = layer.bias
    if "bias_hn" in arrays:
        inner = layer.rows("candidate")
        arrays["bias"][0][:, block[inner]] = layer.bias_ih[inner]
        arrays["bias_hn"][0][:, : net.size] = layer.bias_hh[inner]
    for name in heads.keys() & net.heads.keys():
        head = net.heads[name]
        over = head.threshold if head.rule.function == "logit" else 0.0
        arrays[f"{name}.weight"][0][: net.size] = head.weight.T
        arrays[f"{name}.bias"][0][:] = head.bias - over
    return arrays


def to_net(
    cell: CellType, trained: Mapping[str, Floats], fsm: Machine, *, claims: Scope, index: int = 0
) -> Net:
    """The net number `index` that the parameters make."""
    one = {key: array[index].T.astype(np.float64) for key, array in trained.items()}
    bias = one["bias"][:, 0]
    again = np.zeros_like(bias)
    if "bias_hn" in one:
        again[-len(one["bias_hn"]) :] = one["bias_hn"][:, 0]
    names = [key.removesuffix(".weight") for key in one if key.endswith(".weight")]
    return Net.of(
        alphabet=fsm.alphabet,
        layers=(Layer(CELLS[cell], one["weight_ih"], one["weight_hh"], bias, again),),
        heads={name: Head(one[f"{name}.weight"], one[f"{name}.bias"][:, 0]) for name in names},
        grammar=fsm if isinstance(fsm, FSM) else None,
        claims=claims,
        name="trained",
        version=__version__,
    )
