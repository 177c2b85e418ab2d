"""What happens inside a recurrent layer: every gate and memory at every step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from reberlstm.errors import LabError
from reberlstm.lab.experiment import Array
from reberlstm.lab.nets import PeepholeLSTM

QUANTITIES = ("input", "forget", "candidate", "output", "memory", "hidden")

TITLES = {
    "input": "input gate (filter)",
    "forget": "forget gate (eraser)",
    "candidate": "candidate (writer)",
    "output": "output gate",
    "memory": "memory",
    "hidden": "out, by the output gate",
}


@dataclass(frozen=True, eq=False)
class Inside:
    """One layer over time; every array is ``(T, H)``, or ``(N, T, H)`` for several sequences."""

    input: Array
    forget: Array
    candidate: Array
    output: Array
    memory: Array
    hidden: Array


def look_inside(recurrent: nn.Module, x: Array) -> list[Inside]:
    """Every layer of an LSTM while it reads `x`, ``(T, D)`` or ``(N, T, D)``.

    The module is an `nn.LSTM` or a `PeepholeLSTM`.

    Raises:
        LabError: for another module, or a bidirectional or projected one.
    """
    single = x.ndim == 2
    heard = torch.as_tensor(x[None] if single else x, dtype=torch.float32)
    with torch.no_grad():
        if isinstance(recurrent, PeepholeLSTM):
            layers = [recurrent.gates(heard)]
        elif (
            isinstance(recurrent, nn.LSTM)
            and not recurrent.bidirectional
            and not recurrent.proj_size
            and recurrent.bias
        ):
            layers = []
            for number in range(recurrent.num_layers):
                layers.append(_standard(recurrent, number, heard))
                heard = layers[-1]["hidden"]
        else:
            raise LabError(
                f"cannot look inside a {type(recurrent).__name__}: give an nn.LSTM in one "
                "direction, with biases and without projections, or a PeepholeLSTM"
            )
    return [
        Inside(
            **{name: np.asarray(gate[0] if single else gate, float) for name, gate in layer.items()}
        )
        for layer in layers
    ]


def _standard(lstm: nn.LSTM, layer: int, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """The gates of one layer of an `nn.LSTM`, in PyTorch's order ``i, f, g, o``."""
    w_ih, w_hh, b_ih, b_hh = (
        getattr(lstm, f"{name}_l{layer}")
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    hidden = memory = x.new_zeros(len(x), lstm.hidden_size)
    heard = x @ w_ih.T + b_ih + b_hh
    steps = []
    for t in range(x.shape[1]):
        i, f, g, o = (heard[:, t] + hidden @ w_hh.T).chunk(4, -1)
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        memory = f * memory + i * g
        hidden = o * torch.tanh(memory)
        steps.append((i, f, g, o, memory, hidden))
    stacked = (torch.stack(values, 1) for values in zip(*steps, strict=True))
    return dict(zip(QUANTITIES, stacked, strict=True))
