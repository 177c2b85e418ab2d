"""Nets as PyTorch modules of stock layers: `torch.nn.LSTM`, `GRU` or `RNN`, and `nn.Linear`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reberlstm.extras import require
from reberlstm.net.files.safetensors import (
    TORCH_CELLS,
    named_by_rule,
    require_stock_layers,
    to_parts,
    to_torch,
)
from reberlstm.net.net import Net

require("torch", extra="torch", purpose="a PyTorch module")

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

_LAYERS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN", "rnn-relu": "RNN"}


class RecurrentWithHeads(nn.Module):
    """Recurrent layers over one-hot symbols, or over indices of an embedding, and their heads.

    Nothing in it is special to this package: any module of yours with the same attributes loads the
    same state dict.

    Args:
        parts: The layers by name: perhaps ``embedding``; then ``lstm``, ``gru`` or ``rnn``; then
            one for each head, which reads ``h``.
    """

    def __init__(self, parts: Mapping[str, nn.Module]) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)
        self.recurrent = next(name for name in parts if name in ("lstm", "gru", "rnn"))
        self.heads = tuple(name for name in parts if name not in ("embedding", self.recurrent))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The outputs of every head after every step.

        Args:
            x: One-hot symbols, shape (B, T, A); with an embedding indices, (B, T). Pad short words
                with anything at their end.

        Returns:
            For every head a tensor of shape (B, T, R): its logits.
        """
        if "embedding" in self._modules:
            x = self.get_submodule("embedding")(x)
        hidden, _ = self.get_submodule(self.recurrent)(x)
        return {name: self.get_submodule(name)(hidden) for name in self.heads}


def to_module(net: Net, *, dtype: torch.dtype | None = None) -> RecurrentWithHeads:
    """A net as a module, with its weights loaded.

    Args:
        net: A net of one kind of cell that PyTorch has, which starts from zero.
        dtype: ``torch.float32`` or ``torch.float64``; by default PyTorch's default type.

    Raises:
        FormatError: for a net that PyTorch's layers do not compute, such as the published one.

    Example:
        >>> import torch
        >>> from reberlstm import compile
        >>> module = to_module(compile("parity"))
        >>> ones = torch.tensor([[[0.0, 1.0], [0.0, 1.0]]])
        >>> (module(ones)["accept"] > 0).flatten().tolist()
        [False, True]
    """
    net = named_by_rule(net.whole())
    state = to_state_dict(net, dtype=torch.float64)
    module = RecurrentWithHeads({name: _made(part) for name, part in _parts(net).items()})
    module.to(torch.get_default_dtype() if dtype is None else dtype)
    module.load_state_dict(state)
    return module


Part = tuple[str, tuple[Any, ...], dict[str, Any]]
"""A layer: its class in `torch.nn`, its arguments, and its keywords."""


def _parts(net: Net) -> dict[str, Part]:
    """The layers by name."""
    first = net.layers[0]
    kind = _LAYERS[first.cell.name]
    options: dict[str, Any] = {"num_layers": len(net.layers)} if len(net.layers) > 1 else {}
    options |= {"nonlinearity": "relu"} if first.cell.name == "rnn-relu" else {}
    sizes = (first.weight_ih.shape[1], first.size)
    parts: dict[str, Part] = {kind.lower(): (kind, sizes, options | {"batch_first": True})}
    if net.embedding is not None:
        parts = {"embedding": ("Embedding", net.embedding.shape, {})} | parts
    for name, head in net.heads.items():
        layers: list[Part] = []
        for linear in head.layers:
            if layers:
                layers.append(({"relu": "ReLU", "tanh": "Tanh"}[head.activation], (), {}))
            layers.append(("Linear", linear.weight.shape[::-1], {}))
        parts[name] = layers[0] if head.is_linear else ("Sequential", tuple(layers), {})
    return parts


def _made(part: Part) -> nn.Module:
    kind, arguments, options = part
    if kind == "Sequential":
        return nn.Sequential(*map(_made, arguments))
    module: nn.Module = getattr(nn, kind)(*arguments, **options)
    return module


def _written(part: Part) -> str:
    """The layer as it is made in Python."""
    kind, arguments, options = part
    if kind == "Sequential":
        return (
            "nn.Sequential(" + "".join(f"\n        {_written(x)}," for x in arguments) + "\n    )"
        )
    written = (*map(repr, arguments), *(f"{name}={value!r}" for name, value in options.items()))
    return f"nn.{kind}({', '.join(written)})"


def to_state_dict(net: Net, *, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """The state dict of the module, under the names of our safetensors files.

    Raises:
        FormatError: for a net that PyTorch's layers do not compute.
    """
    require_stock_layers(net, "a torch.nn module", TORCH_CELLS, one_kind=True)
    arrays, _ = to_parts(named_by_rule(net.whole()))
    return {name: torch.tensor(array, dtype=dtype) for name, array in arrays.items()}


def export(net: Net, file: str, dtype: str = "float64") -> tuple[bytes, str]:
    """The state dict as a ``.pt`` file, and lines of Python that load it into a stock module."""
    content = to_torch(net, dtype)
    parts = _parts(named_by_rule(net))
    reads = "indices of symbols" if net.embedding is not None else "one-hot symbols"
    lines = [f"    {name}={_written(part)}," for name, part in parts.items()]
    return content, "\n".join([
        "import torch",
        "from torch import nn",
        f"model = nn.ModuleDict(dict(  # reads {reads}",
        *lines,
        "))",
        f"state = torch.load({file!r}, weights_only=True)",
        "model.load_state_dict(state)",
    ]) + "\n"  # fmt: skip
