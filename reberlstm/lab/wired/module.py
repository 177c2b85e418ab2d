"""Hand-wired nets as PyTorch modules, so that they run wherever the trained ones do."""

from __future__ import annotations

from reberlstm.extras import require
from reberlstm.lab.wired.net import WiredNet

require("torch", extra="torch", purpose="a PyTorch module")

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402


class LSTMWithReadout(nn.Module):
    """A stock LSTM layer and a linear layer that reads it at every step.

    Args:
        inputs: The size of the input, ``A``.
        cells: The number of cells, ``H``.
        outputs: The size of the output, ``R``.
    """

    def __init__(self, inputs: int, cells: int, outputs: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, cells, batch_first=True)
        self.readout = nn.Linear(cells, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """The outputs (B, T, R) for inputs (B, T, A)."""
        hidden, _ = self.lstm(x)
        out: Tensor = self.readout(hidden)
        return out


def to_module(net: WiredNet) -> LSTMWithReadout:
    """The net as a module of float64."""
    weights = net.weights
    module = LSTMWithReadout(len(net.inputs), weights.size, len(net.outputs)).double()
    arrays = {
        "lstm.weight_ih_l0": weights.weight_ih,
        "lstm.weight_hh_l0": weights.weight_hh,
        "lstm.bias_ih_l0": weights.bias_ih,
        "lstm.bias_hh_l0": weights.bias_hh,
        "readout.weight": net.readout.weight,
        "readout.bias": net.readout.bias,
    }
    module.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    return module
