"""Nets as PyTorch modules: a stock `torch.nn.LSTM` and an `nn.Linear` for every head."""

from __future__ import annotations

import io
from collections.abc import Mapping

from reberlstm.extras import require
from reberlstm.net.files.refusal import require_standard_cell
from reberlstm.net.files.safetensors import to_parts
from reberlstm.net.weights import LSTMWeights

require("torch", extra="torch", purpose="a PyTorch module")

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

DTYPES = {"float32": torch.float32, "float64": torch.float64}
"""The types of numbers that files are written in, by name."""


class LSTMWithHeads(nn.Module):
    """One LSTM layer over one-hot symbols, and linear heads that read ``h`` at every step.

    Nothing in it is special to this package: any module of yours with the same attributes loads the
    same state dict.

    Args:
        symbols: The size of the input, ``A``.
        cells: The number of cells, ``H``.
        heads: The number of outputs of every head by its name.
    """

    def __init__(self, symbols: int, cells: int, heads: Mapping[str, int]) -> None:
        super().__init__()
        self.lstm = nn.LSTM(symbols, cells, batch_first=True)
        self.heads = tuple(heads)
        for name, rows in heads.items():
            self.add_module(name, nn.Linear(cells, rows))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The outputs of every head after every step.

        Args:
            x: One-hot symbols, shape (B, T, A). Pad short words with anything at their end.

        Returns:
            For every head a tensor of shape (B, T, R): ``legal`` and ``accept`` are positive where
            true, ``next`` holds logits, and ``label`` is largest at the label.
        """
        hidden, _ = self.lstm(x)
        return {name: self.get_submodule(name)(hidden) for name in self.heads}


def to_module(weights: LSTMWeights, *, dtype: torch.dtype | None = None) -> LSTMWithHeads:
    """A net as a module, with its weights loaded; it starts from zero, like any LSTM.

    Args:
        weights: A net of the standard cell.
        dtype: ``torch.float32`` or ``torch.float64``; by default PyTorch's default type.

    Raises:
        FormatError: for the published net, which no `nn.LSTM` can hold.

    Example:
        >>> import torch
        >>> from reberlstm import compile, load_grammar
        >>> module = to_module(compile(load_grammar("parity")))
        >>> ones = torch.tensor([[[0.0, 1.0], [0.0, 1.0]]])
        >>> (module(ones)["accept"] > 0).flatten().tolist()
        [False, True]
    """
    require_standard_cell(weights, "a torch.nn.LSTM")
    heads = {name: len(head.bias) for name, head in weights.heads.items()}
    module = LSTMWithHeads(len(weights.alphabet), weights.size, heads)
    module.to(torch.get_default_dtype() if dtype is None else dtype)
    module.load_state_dict(to_state_dict(weights, dtype=torch.float64))
    return module


def to_state_dict(
    weights: LSTMWeights, *, dtype: torch.dtype = torch.float64
) -> dict[str, torch.Tensor]:
    """The state dict of the module, under the names of our safetensors files.

    Raises:
        FormatError: for the published net.
    """
    require_standard_cell(weights, "a torch.nn.LSTM")
    arrays, _ = to_parts(weights)
    return {name: torch.tensor(array, dtype=dtype) for name, array in arrays.items()}


def to_bytes(weights: LSTMWeights, *, dtype: torch.dtype = torch.float64) -> bytes:
    """The state dict as a ``.pt`` file; it opens with ``weights_only=True``."""
    buffer = io.BytesIO()
    torch.save(to_state_dict(weights, dtype=dtype), buffer)
    return buffer.getvalue()


def how_to_load(weights: LSTMWeights, file: str) -> str:
    """Lines of Python that load the file into a stock module."""
    cells = weights.size
    heads = "".join(
        f"    {name}=nn.Linear({cells}, {len(head.bias)}),\n"
        for name, head in weights.heads.items()
    )
    return f"""\
import torch
from torch import nn
model = nn.ModuleDict(dict(
    lstm=nn.LSTM({len(weights.alphabet)}, {cells}, batch_first=True),  # reads one-hot symbols
{heads}))
model.load_state_dict(torch.load({file!r}, weights_only=True))
"""
