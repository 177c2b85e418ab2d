"""Nets as the weights of a Keras LSTM: a NumPy archive in Keras's layout.

Keras multiplies from the left, so all kernels are transposed: ``kernel`` (A, 4·H),
``recurrent_kernel`` (H, 4·H), and one ``bias`` (4·H,), which is the sum of PyTorch's two. The
blocks of columns are the gates in Keras's order, i, f, c, o, where ``c`` is the candidate that
PyTorch calls ``g``. Every head is a ``Dense``: ``legal_kernel`` (H, A), ``legal_bias`` (A,) and so
on. The layer is a default one: ``activation="tanh"``, ``recurrent_activation="sigmoid"``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import DTypeLike

from reberlstm.errors import FormatError
from reberlstm.net.files.npz import METADATA_PREFIX, pack
from reberlstm.net.files.refusal import require_standard_cell
from reberlstm.net.files.safetensors import GATE_KEYS, to_parts
from reberlstm.net.weights import HEADS, Floats, LSTMWeights

_LAYER = ("kernel", "recurrent_kernel", "bias")


def to_arrays(weights: LSTMWeights, dtype: DTypeLike = np.float64) -> dict[str, Floats]:
    """The arrays of the archive by name.

    Raises:
        FormatError: for the published net, which no Keras LSTM can hold.

    Example:
        >>> from reberlstm import compile, load_grammar
        >>> arrays = to_arrays(compile(load_grammar("reber")))
        >>> [(name, array.shape) for name, array in arrays.items()][:4]
        [('kernel', (7, 32)), ('recurrent_kernel', (8, 32)), ('bias', (32,)),
         ('legal_kernel', (8, 7))]
    """
    require_standard_cell(weights, "a Keras LSTM")
    arrays = dict(
        zip(_LAYER, (weights.weight_ih.T, weights.weight_hh.T, weights.bias), strict=True)
    )
    for name, head in weights.heads.items():
        arrays[f"{name}_kernel"], arrays[f"{name}_bias"] = head.weight.T, head.bias
    return {name: np.ascontiguousarray(array, dtype=dtype) for name, array in arrays.items()}


def to_bytes(weights: LSTMWeights, dtype: DTypeLike = np.float64) -> bytes:
    """The archive as bytes, with the metadata of our other files; equal nets give equal bytes."""
    _, metadata = to_parts(weights)
    return pack(
        {
            **to_arrays(weights, dtype),
            **{METADATA_PREFIX + key: text for key, text in metadata.items()},
        }
    )


def is_keras(arrays: Mapping[str, Floats]) -> bool:
    """Whether the names are those of this module."""
    return {"kernel", "recurrent_kernel"} <= set(arrays)


def from_arrays(arrays: Mapping[str, Floats]) -> dict[str, Floats]:
    """The same weights under PyTorch's names; the inverse of `to_arrays` but for the two biases.

    Raises:
        FormatError: naming the array that is missing.
    """
    missing = [name for name in _LAYER if name not in arrays]
    if missing:
        raise FormatError(f"array {missing[0]!r} is missing, which a Keras LSTM has")
    result = {
        GATE_KEYS["weight_ih"]: arrays["kernel"].T,
        GATE_KEYS["weight_hh"]: arrays["recurrent_kernel"].T,
        GATE_KEYS["bias_ih"]: arrays["bias"],
        GATE_KEYS["bias_hh"]: np.zeros_like(arrays["bias"]),
    }
    heads = {f"{name}_{part}": name for name in HEADS for part in ("kernel", "bias")}
    for name, array in arrays.items():
        if name in heads:
            part = "weight" if name.endswith("_kernel") else "bias"
            result[f"{heads[name]}.{part}"] = array.T
        elif name not in _LAYER:
            result[name] = array
    return result


def how_to_load(weights: LSTMWeights, file: str) -> str:
    """Lines of Python that load the archive into Keras."""
    return f"""\
import keras, numpy as np
from keras.layers import LSTM, Dense
w = np.load({file!r})
x, lstm = keras.Input((None, {len(weights.alphabet)})), LSTM({weights.size}, return_sequences=True)
heads = {{name: Dense(len(w[f"{{name}}_bias"])) for name in {list(weights.heads)}}}
hidden = lstm(x)  # x is one-hot, (batch, time, symbols)
model = keras.Model(x, {{name: dense(hidden) for name, dense in heads.items()}})
lstm.set_weights([w["kernel"], w["recurrent_kernel"], w["bias"]])
for name, dense in heads.items():
    dense.set_weights([w[f"{{name}}_kernel"], w[f"{{name}}_bias"]])
"""
