"""Every gate and memory of an LSTM at every step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reberlstm.errors import LabError
from reberlstm.lab.experiment import Array
from reberlstm.net.cells import CELLS, Layer, State
from reberlstm.net.cells.cell import Floats
from reberlstm.net.readouts import Head

TITLES = {
    "input": "input gate (filter)",
    "forget": "forget gate (eraser)",
    "candidate": "candidate (writer)",
    "output": "output gate",
    "memory": "memory",
    "hidden": "out, by the output gate",
}
"""What is recorded of a layer, and what it is called in pictures."""

Gates = Mapping[str, Array]
"""One layer over time: for each name in `TITLES` an array ``(T, H)``, or ``(N, T, H)``."""


def unrolled(layer: Layer, x: Floats) -> dict[str, Floats]:
    """All gates and states of an LSTM layer, each ``(N, T, H)``, for inputs ``(N, T, D)``."""
    state: State = (np.zeros((len(x), layer.size)),) * len(layer.cell.parts)
    steps = []
    for t in range(x.shape[1]):
        gates, state = layer.cell.step(layer, layer.inputs(x[:, t]), state)
        steps.append({**gates, "memory": state[-1], "hidden": layer.cell.hidden(state)})
    return {name: np.stack([values[name] for values in steps], axis=1) for name in steps[0]}


def layer_of(lstm: Any, number: int = 0) -> Layer:
    """One layer of an `nn.LSTM`."""
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return Layer(CELLS["lstm"], *(numbers(getattr(lstm, f"{kind}_l{number}")) for kind in kinds))


def head_of(linear: Any) -> Head:
    """An `nn.Linear` as a head."""
    return Head(numbers(linear.weight), numbers(linear.bias))


def numbers(tensor: Any) -> Floats:
    """A tensor of PyTorch as an array of float64."""
    return np.asarray(tensor.detach().double().cpu().numpy(), dtype=np.float64)


def record_gates(recurrent: Any, x: Array) -> list[Gates]:
    """Every layer of an LSTM while it reads `x`, ``(T, D)`` or ``(N, T, D)``.

    The module is an `nn.LSTM` or a `reberlstm.lab.nets.PeepholeLSTM`.

    Raises:
        LabError: for another module, or a bidirectional or projected one.
    """
    from torch import as_tensor, float32, nn, no_grad

    from reberlstm.lab.nets import PeepholeLSTM

    fed = np.asarray(x if x.ndim == 3 else x[None], dtype=np.float64)
    layers: list[dict[str, Floats]] = []
    if isinstance(recurrent, PeepholeLSTM):
        with no_grad():
            recorded = recurrent.gates(as_tensor(fed, dtype=float32))
        layers.append({name: numbers(values) for name, values in recorded.items()})
    elif isinstance(recurrent, nn.LSTM) and (
        recurrent.bias and not recurrent.bidirectional and not recurrent.proj_size
    ):
        for layer in range(recurrent.num_layers):
            layers.append(unrolled(layer_of(recurrent, layer), fed))
            fed = layers[-1]["hidden"]
    else:
        raise LabError(
            f"the gates of a {type(recurrent).__name__} cannot be recorded: give an nn.LSTM in "
            "one direction, with biases and without projections, or a PeepholeLSTM"
        )
    if x.ndim == 3:
        return list(layers)
    return [{name: values[0] for name, values in layer.items()} for layer in layers]
