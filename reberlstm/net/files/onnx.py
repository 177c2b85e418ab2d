"""Nets as ONNX models: one LSTM operator, and a matrix product for every head.

Operator set 17, in which LSTM is that of version 14. Its gates are in the order i, o, f, c (``c``
is the candidate that PyTorch calls ``g``), with ``W`` (1, 4·H, A), ``R`` (1, 4·H, H) and ``B``
(1, 8·H): the two biases one after the other. ``layout`` is 0, so the operator itself wants (T, B,
A); the model is batch first and transposes.

===================  =========  ===================================================================
input                shape      meaning
===================  =========  ===================================================================
``x``                (B, T, A)  one-hot symbols, floats; any B, and any T from 1 on
``symbols``          (B, T)     instead of ``x``, if asked for: indices into the alphabet, int64
===================  =========  ===================================================================

===================  =========  ===================================================================
output               shape      meaning
===================  =========  ===================================================================
``hidden``           (B, T, H)  ``h`` after every step
``legal``            (B, T, A)  positive where the symbol may come next
``accept``           (B, T, 1)  positive where the word may end here
``next``             (B, T, A)  logits of the next symbol
``next_probability`` (B, T, A)  their softmax; says nothing where nothing may follow
``label``            (B, T, L)  largest at the label
===================  =========  ===================================================================

The LSTM starts from zero. A shorter word is padded with anything at its end: no output looks ahead.
What comes before the first symbol is the heads' biases. The alphabet, the names of the cells and
the labels are in the model's metadata, as JSON. onnxruntime runs its LSTM in float32 only.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import numpy as np

from reberlstm._version import __version__
from reberlstm.errors import FormatError
from reberlstm.extras import require
from reberlstm.net.files.refusal import require_standard_cell
from reberlstm.net.weights import Floats, LSTMWeights

OPSET = 17
IR_VERSION = 8
"""The version of the file format that came with this operator set: older runtimes read it too."""

GATE_ORDER = ("input", "output", "forget", "candidate")
"""The order of the gates in the operator's weights."""

MAX_BYTES = 2**31 - 1
"""A protocol buffer holds no more."""


def to_model(
    weights: LSTMWeights,
    *,
    dtype: Literal["float32", "float64"] = "float32",
    indices: bool = False,
) -> Any:
    """A net as an `onnx.ModelProto`, checked.

    Args:
        weights: A net of the standard cell.
        dtype: The type of all weights and outputs.
        indices: Whether the input is indices of symbols rather than one-hot vectors.

    Raises:
        FormatError: for the published net, or one of over 2 GB.
        MissingExtraError: where onnx is not installed.

    Example:
        >>> from reberlstm import compile, load_grammar
        >>> model = to_model(compile(load_grammar("parity")))
        >>> [output.name for output in model.graph.output]
        ['hidden', 'legal', 'accept', 'next', 'next_probability']
    """
    onnx = require("onnx", extra="onnx", purpose="an ONNX model")
    require_standard_cell(weights, "an ONNX LSTM")
    graph = _Graph(onnx.helper, np.dtype(dtype))
    _check_size(weights, graph.dtype)
    symbols = len(weights.alphabet)
    if indices:
        graph.input("symbols", onnx.TensorProto.INT64, ["batch", "time"])
        graph.constant("one_hot", np.eye(symbols))
        graph.node("Gather", ["one_hot", "symbols"], "x", axis=0)
    else:
        graph.input("x", graph.type, ["batch", "time", symbols])

    graph.constant("W", _in_order(weights, weights.weight_ih)[np.newaxis])
    graph.constant("R", _in_order(weights, weights.weight_hh)[np.newaxis])
    biases = [_in_order(weights, bias) for bias in (weights.bias_ih, weights.bias_hh)]
    graph.constant("B", np.concatenate(biases)[np.newaxis])
    graph.constant("directions", np.array([1]), integer=True)
    graph.node("Transpose", ["x"], "x_time_first", perm=[1, 0, 2])
    graph.node("LSTM", ["x_time_first", "W", "R", "B"], "Y", hidden_size=weights.size)
    graph.node("Squeeze", ["Y", "directions"], "hidden_time_first")
    graph.node("Transpose", ["hidden_time_first"], "hidden", perm=[1, 0, 2])
    graph.output("hidden", weights.size)
    for name, head in weights.heads.items():
        graph.constant(f"{name}_weight", head.weight.T)
        graph.constant(f"{name}_bias", head.bias)
        graph.node("MatMul", ["hidden", f"{name}_weight"], f"{name}_product")
        graph.node("Add", [f"{name}_product", f"{name}_bias"], name)
        graph.output(name, len(head.bias))
    if "next" in weights.heads:
        graph.node("Softmax", ["next"], "next_probability", axis=-1)
        graph.output("next_probability", symbols)

    model = graph.model(weights.name or "lstm")
    onnx.helper.set_model_props(model, _metadata(weights))
    onnx.checker.check_model(model, full_check=True)
    return model


def to_bytes(
    weights: LSTMWeights,
    *,
    dtype: Literal["float32", "float64"] = "float32",
    indices: bool = False,
) -> bytes:
    """The model as an ``.onnx`` file; equal nets give equal bytes."""
    model = to_model(weights, dtype=dtype, indices=indices)
    return bytes(model.SerializeToString(deterministic=True))


def how_to_load(weights: LSTMWeights, file: str, *, indices: bool = False) -> str:
    """Lines of Python that run the file in onnxruntime, on the first two symbols."""
    if indices:
        feed = '"symbols": np.array([[0, 1]])'
    else:
        feed = f'"x": np.eye({len(weights.alphabet)}, dtype="float32")[[[0, 1]]]'
    return f"""\
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession({file!r})
names = [output.name for output in session.get_outputs()]
outputs = dict(zip(names, session.run(names, {{{feed}}})))
"""


class _Graph:
    """An ONNX graph as it grows."""

    def __init__(self, helper: Any, dtype: np.dtype[Any]) -> None:
        self.helper, self.dtype = helper, dtype
        self.type = helper.np_dtype_to_tensor_dtype(dtype)
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.constants: list[Any] = []

    def input(self, name: str, type: int, shape: list[Any]) -> None:
        self.inputs.append(self.helper.make_tensor_value_info(name, type, shape))

    def output(self, name: str, size: int) -> None:
        shape = ["batch", "time", size]
        self.outputs.append(self.helper.make_tensor_value_info(name, self.type, shape))

    def constant(self, name: str, array: Floats, *, integer: bool = False) -> None:
        from onnx import numpy_helper

        values = np.ascontiguousarray(array, dtype=np.int64 if integer else self.dtype)
        self.constants.append(numpy_helper.from_array(values, name))

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(
            self.helper.make_node(operator, inputs, [output], name=output, **attributes)
        )

    def model(self, name: str) -> Any:
        graph = self.helper.make_graph(
            self.nodes, name, self.inputs, self.outputs, initializer=self.constants
        )
        return self.helper.make_model(
            graph,
            opset_imports=[self.helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="reberlstm",
            producer_version=__version__,
        )


def _in_order(weights: LSTMWeights, array: Floats) -> Floats:
    """The blocks of rows in the operator's order of gates."""
    return np.concatenate([array[weights.rows(gate)] for gate in GATE_ORDER])


def _metadata(weights: LSTMWeights) -> dict[str, str]:
    metadata = {"alphabet": weights.alphabet, "cells": weights.cells}
    if weights.labels:
        metadata["labels"] = weights.labels
    return {key: json.dumps(names, ensure_ascii=False) for key, names in metadata.items()}


def _check_size(weights: LSTMWeights, dtype: np.dtype[Any]) -> None:
    arrays = (weights.weight_ih, weights.weight_hh, weights.bias_ih, weights.bias_hh)
    size = sum(array.size for array in arrays) * dtype.itemsize
    if size > MAX_BYTES:
        raise FormatError(
            f"the gate weights of {weights.size:,} cells take {size:,} bytes, and an ONNX file "
            f"holds at most {MAX_BYTES:,}; export as safetensors instead"
        )
