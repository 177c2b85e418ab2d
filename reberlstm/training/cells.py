"""Recurrent cells for training: N nets at once, each with its own weights and B words.

One net of a few cells keeps a processor busy with the overhead of operations, not with numbers, so
the leading axis costs little: thirty nets take about three times as long as one. Weights are
transposed against PyTorch's layers, gates in PyTorch's order; the formulas are those of `nn.LSTM`,
`nn.GRU` and `nn.RNN` (docs.pytorch.org).
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

CellType = Literal["lstm", "gru", "rnn"]
GATES: dict[CellType, int] = {"lstm": 4, "gru": 3, "rnn": 1}
"""Rows of weights per cell."""

Parameters = dict[str, Tensor]
"""Of N nets: ``weight_ih`` (N, A, G·H), ``weight_hh`` (N, H, G·H), ``bias`` (N, 1, G·H), for a GRU
``bias_hn`` (N, 1, H), and for every head ``head.weight`` (N, H, R) and ``head.bias`` (N, 1, R)."""


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
    recurrent = parameters["weight_hh"]
    if cell == "lstm":
        states: tuple[Tensor, Tensor] = LSTM.apply(z, recurrent, noise)  # type: ignore[no-untyped-call]
        return states
    if cell == "gru":
        h = _gru(z, recurrent, parameters["bias_hn"], noise)
    else:
        h = _rnn(z, recurrent, noise)
    return h, h


def inputs(parameters: Parameters, symbols: Tensor) -> Tensor:
    """What symbols and biases add to the pre-activations, (T, N, B, G·H)."""
    weight = parameters["weight_ih"]
    one_hot = torch.nn.functional.one_hot(symbols, weight.shape[1]).to(weight.dtype)
    return one_hot @ weight + parameters["bias"]


def read(parameters: Parameters, head: str, h: Tensor) -> Tensor:
    """The values of a head, (..., N, B, R)."""
    return h @ parameters[f"{head}.weight"] + parameters[f"{head}.bias"]


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


def _gru(z: Tensor, recurrent: Tensor, bias: Tensor, noise: Tensor | None) -> Tensor:
    size = recurrent.shape[1]
    h = z.new_zeros(*z.shape[1:3], size)
    states = []
    for t in range(len(z)):
        again = h @ recurrent
        r, u = torch.sigmoid(z[t][..., : 2 * size] + again[..., : 2 * size]).chunk(2, dim=-1)
        new = torch.tanh(z[t][..., 2 * size :] + r * (again[..., 2 * size :] + bias))
        h = new + u * (h - new)
        if noise is not None:
            h = h + noise[t]
        states.append(h)
    return torch.stack(states)


def _rnn(z: Tensor, recurrent: Tensor, noise: Tensor | None) -> Tensor:
    h = z.new_zeros(*z.shape[1:3], recurrent.shape[1])
    states = []
    for t in range(len(z)):
        h = torch.tanh(torch.baddbmm(z[t], h, recurrent))
        if noise is not None:
            h = h + noise[t]
        states.append(h)
    return torch.stack(states)
