"""The nets of the experiments, as plain PyTorch modules.

Inputs are ``(N, T, D)``: `N` sequences of `T` steps of `D` numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn


class PeepholeLSTM(nn.Module):
    """The LSTM cell whose gates also see the memory, and whose output is not squashed.

    ::

        i, f = σ(W x + U h + V c + b)        c' = f·c + i·g
        g    = tanh(W x + U h + b)           o  = σ(W x + U h + V c' + b)        h' = o·c'

    This is the cell of K. Bullaughey's series (kbullaughey.github.io/lstm-play/lstm/), after A.
    Graves, "Generating sequences with recurrent neural networks" (2013), equations 7 to 11, with
    two differences of the series: ``V`` is a full matrix instead of a diagonal one, and there is no
    tanh over the memory. Every matrix has a bias of its own, so one input and 16 cells with a
    linear output have the series' 2,049 parameters.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden_size = hidden
        self.from_input = nn.Linear(inputs, 4 * hidden)
        self.from_hidden = nn.Linear(hidden, 4 * hidden)
        self.from_memory = nn.Linear(hidden, 2 * hidden)
        self.output_from_memory = nn.Linear(hidden, hidden)

    def gates(self, x: Tensor) -> dict[str, Tensor]:
        """All gates, memory and output over time, each ``(N, T, H)``."""
        hidden = memory = x.new_zeros(len(x), self.hidden_size)
        fed = self.from_input(x)
        steps = []
        for t in range(x.shape[1]):
            input, forget, candidate, output = (fed[:, t] + self.from_hidden(hidden)).chunk(4, -1)
            input_peep, forget_peep = self.from_memory(memory).chunk(2, -1)
            input, forget = torch.sigmoid(input + input_peep), torch.sigmoid(forget + forget_peep)
            candidate = torch.tanh(candidate)
            memory = forget * memory + input * candidate
            output = torch.sigmoid(output + self.output_from_memory(memory))
            hidden = output * memory
            steps.append((input, forget, candidate, output, memory, hidden))
        names = ("input", "forget", "candidate", "output", "memory", "hidden")
        stacked = (torch.stack(values, 1) for values in zip(*steps, strict=True))
        return dict(zip(names, stacked, strict=True))

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """The outputs of all steps, ``(N, T, H)``; like `nn.LSTM`, with a second value."""
        return self.gates(x)["hidden"], None


class Recurrent(nn.Module):
    """A recurrent net with a linear head: a value for every step, or for the whole sequence.

    Args:
        inputs, hidden, outputs: Numbers in a step, `D`; cells in a layer; numbers out, `K`.
        layers: Recurrent layers (one for ``peephole``).
        cell: ``lstm``, ``rnn`` or ``peephole``.
        last: Whether only the last step is read: ``(N, K)`` instead of ``(N, T, K)``.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        *,
        layers: int = 1,
        cell: str = "lstm",
        last: bool = False,
    ) -> None:
        super().__init__()
        self.last = last
        self.recurrent: nn.Module
        if cell == "peephole":
            assert layers == 1
            self.recurrent = PeepholeLSTM(inputs, hidden)
        else:
            kind = {"lstm": nn.LSTM, "rnn": nn.RNN}[cell]
            self.recurrent = kind(inputs, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, T, D)`` to ``(N, T, K)``, or ``(N, K)`` for the last step alone."""
        out = self.recurrent(x)[0]
        read: Tensor = self.head(out[:, -1] if self.last else out)
        return read


class Perceptron(nn.Sequential):
    """A feed-forward net with sigmoid layers and a linear output: ``(N, D)`` to ``(N, K)``."""

    def __init__(self, inputs: int, hidden: Sequence[int], outputs: int) -> None:
        sizes = [inputs, *hidden]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(sizes):
            layers += [nn.Linear(before, after), nn.Sigmoid()]
        super().__init__(*layers, nn.Linear(sizes[-1], outputs))


class Stack(nn.Module):
    """LSTMs on one another and nothing after them, so that outputs lie within (−1, 1).

    `sizes` has the inputs, then the cells of every layer; the last are the outputs.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        pairs = itertools.pairwise(sizes)
        self.layers = nn.ModuleList(nn.LSTM(*pair, batch_first=True) for pair in pairs)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, T, D)`` to ``(N, T, K)``."""
        for layer in self.layers:
            x = layer(x)[0]
        return x


class Autoencoder(nn.Module):
    """A sequence into a few numbers and back: LSTMs, the last output repeated, LSTMs.

    The last layer is an LSTM of one cell for each output, as in the source, so outputs lie within
    (−1, 1) and cannot reach 1.

    Args:
        encoder, decoder: Cells of the layers before and after the latent one.
        latent: Numbers in the middle.
        inputs: Numbers in a step, in and out.
    """

    def __init__(
        self, encoder: Sequence[int], latent: int, decoder: Sequence[int], inputs: int = 1
    ) -> None:
        super().__init__()
        self.encoder = Stack([inputs, *encoder, latent])
        self.decoder = Stack([latent, *decoder, inputs])

    def encode(self, x: Tensor) -> Tensor:
        """``(N, T, D)`` to the latent values, ``(N, k)``."""
        latent: Tensor = self.encoder(x)[:, -1]
        return latent

    def decode(self, latent: Tensor, steps: int) -> Tensor:
        """Latent values ``(N, k)`` to sequences ``(N, steps, D)``."""
        decoded: Tensor = self.decoder(latent[:, None].expand(-1, steps, -1))
        return decoded

    def forward(self, x: Tensor) -> Tensor:
        """The reconstruction of ``(N, T, D)``."""
        return self.decode(self.encode(x), x.shape[1])


def uniform(net: nn.Module, bound: float) -> nn.Module:
    """The net with all parameters drawn anew from ``U(−bound, bound)``."""
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.uniform_(-bound, bound)
    return net


def as_in_keras(net: nn.Module) -> nn.Module:
    """The net with parameters drawn anew as Keras does, with which some sources were written.

    Input weights are uniform after Glorot and Bengio, recurrent ones orthogonal, biases 0, except
    those of the forget gates, which are 1: the memory holds longer from the beginning.
    """
    for part in net.modules():
        if isinstance(part, nn.LSTM):
            for name, parameter in part.named_parameters():
                if "weight_ih" in name:
                    nn.init.xavier_uniform_(parameter)
                elif "weight_hh" in name:
                    nn.init.orthogonal_(parameter)
                else:
                    nn.init.zeros_(parameter)
                    if "bias_ih" in name:
                        with torch.no_grad():
                            parameter[part.hidden_size : 2 * part.hidden_size] = 1.0
        elif isinstance(part, nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            nn.init.zeros_(part.bias)
    return net


def parameters(net: nn.Module) -> int:
    """How many numbers are trained."""
    return sum(parameter.numel() for parameter in net.parameters() if parameter.requires_grad)


def ask(net: Callable[..., Tensor], x: npt.ArrayLike, **options: Any) -> npt.NDArray[Any]:
    """What a net, or a method of it, gives for an array, as float64."""
    with torch.no_grad():
        return np.asarray(net(torch.as_tensor(x, dtype=torch.float32), **options), dtype=float)
