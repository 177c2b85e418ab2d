"""Nets as ONNX models: one LSTM, GRU or RNN operator a layer, and a matrix product for every head.

Operator set 17, in which these operators are those of version 14. ``W`` is (1, G·H, D), ``R`` is
(1, G·H, H), and ``B`` (1, 2·G·H) the two biases one after the other. An LSTM's gates are in the
order i, o, f, c (``c`` is PyTorch's g), a GRU's in the order z, r, h; its ``linear_before_reset``
is 1 where the reset gate multiplies after the matrix. ``layout`` is 0, so the operators want (T, B,
D); the model is batch first and transposes. docs/export.md has its inputs and outputs.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from reberlstm._version import __version__
from reberlstm.errors import FormatError
from reberlstm.extras import require
from reberlstm.net.cells import Layer
from reberlstm.net.cells.cell import Floats
from reberlstm.net.files.safetensors import require_stock_layers
from reberlstm.net.net import ARRAYS, Net

OPSET, IR_VERSION = 17, 8
"""The operator set, and the file format that came with it: older runtimes read it too."""

_OPERATORS: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "lstm": ("LSTM", ("input", "output", "forget", "candidate"), {}),
    "gru": ("GRU", ("update", "reset", "candidate"), {"linear_before_reset": 1}),
    "gru-before": ("GRU", ("update", "reset", "candidate"), {}),
    "rnn": ("RNN", ("candidate",), {}),
    "rnn-relu": ("RNN", ("candidate",), {"activations": ["Relu"]}),
}
"""The operator of each kind of cell, the order of the gates in its weights, and its attributes."""

MAX_BYTES = 2**31 - 1
"""A protocol buffer holds no more."""


def to_model(
    net: Net, *, dtype: str = "float32", indices: bool = False, begins: bool = False
) -> Any:
    """A net as an `onnx.ModelProto`, checked.

    Args:
        net: A net of cells that ONNX has, which starts from zero.
        dtype: The type of all weights and outputs, ``float32`` or ``float64``.
        indices: Whether the input is indices of symbols rather than one-hot vectors.
        begins: Whether the initial state and the lengths of words are inputs, too: ``h0``, of an
            LSTM also ``c0``, (L, B, H) for L layers, and ``lengths``, (B,) of int32.

    Raises:
        FormatError: for the published net, one that does not start from zero, or one of over 2 GB.
        MissingExtraError: where onnx is not installed.

    Example:
        >>> from reberlstm import compile
        >>> model = to_model(compile("parity"))
        >>> [output.name for output in model.graph.output]
        ['hidden', 'legal', 'accept', 'next', 'next_probability']
    """
    onnx = require("onnx", extra="onnx", purpose="an ONNX model")
    require_stock_layers(net, "an ONNX model", tuple(_OPERATORS))
    net = net.whole()
    graph = _Graph(onnx.helper, np.dtype(dtype))
    size = sum(getattr(x, name).size for x in net.layers for name in ARRAYS)
    if size * graph.dtype.itemsize > MAX_BYTES:
        raise FormatError(
            f"the gate weights of {net.size:,} cells take {size * graph.dtype.itemsize:,} bytes, "
            f"and an ONNX file holds at most {MAX_BYTES:,}; export as safetensors instead"
        )
    symbols = len(net.alphabet)
    if indices:
        graph.input("symbols", onnx.TensorProto.INT64, ["batch", "time"])
        graph.constant("vectors", net.vectors)
        graph.node("Gather", ["vectors", "symbols"], "embedded", axis=0)
    else:
        graph.input("x", graph.type, ["batch", "time", symbols])
        if net.embedding is not None:
            graph.constant("vectors", net.vectors)
            graph.node("MatMul", ["x", "vectors"], "embedded")
    given = "embedded" if indices or net.embedding is not None else "x"
    graph.node("Transpose", [given], "y0", perm=[1, 0, 2])
    if begins:
        graph.input("lengths", onnx.TensorProto.INT32, ["batch"])
        for part in net.layers[0].cell.parts:
            shape = [len(net.layers), "batch", net.layers[0].size]
            graph.input(f"{part[0]}0", graph.type, shape)
    for number, layer in enumerate(net.layers, start=1):
        _add_layer(graph, layer, number, begins)
    graph.constant("directions", np.array([1]), integer=True)
    graph.node("Transpose", [f"y{len(net.layers)}"], "hidden", perm=[1, 0, 2])
    graph.output("hidden", net.layers[-1].size)
    for name, head in net.heads.items():
        value = "hidden"
        for number, linear in enumerate(head.layers, start=1):
            last = number == len(head.layers)
            to = name if last else f"{name}_{number}"
            graph.constant(f"{to}_weight", linear.weight.T)
            graph.constant(f"{to}_bias", linear.bias)
            graph.node("MatMul", [value, f"{to}_weight"], f"{to}_product")
            graph.node("Add", [f"{to}_product", f"{to}_bias"], to)
            value = to
            if not last:
                graph.node(head.activation.capitalize(), [to], f"{to}_active")
                value = f"{to}_active"
        graph.output(name, len(head.layers[-1].bias))
    if "next" in net.heads:
        graph.node("Softmax", ["next"], "next_probability", axis=-1)
        graph.output("next_probability", len(net.heads["next"].layers[-1].bias))

    model = graph.model(net.name or "net")
    onnx.helper.set_model_props(model, _metadata(net))
    onnx.checker.check_model(model, full_check=True)
    return model


def _add_layer(graph: _Graph, layer: Layer, number: int, begins: bool) -> None:
    """One operator, from the tensor ``y(number − 1)`` (T, B, D) to ``y(number)`` (T, B, H)."""
    operator, order, attributes = _OPERATORS[layer.cell.name]

    def in_order(array: Floats) -> Floats:
        return np.concatenate([array[layer.rows(gate)] for gate in order])

    biases = np.concatenate([in_order(layer.bias_ih), in_order(layer.bias_hh)])
    arrays = {"W": in_order(layer.weight_ih), "R": in_order(layer.weight_hh), "B": biases}
    for name, array in arrays.items():
        graph.constant(f"{name}{number}", array[np.newaxis])
    inputs = [f"y{number - 1}", *(f"{name}{number}" for name in arrays)]
    if begins:
        inputs.append("lengths")
        graph.constant(f"layer{number}", np.array([number - 1]), integer=True)
        for part in layer.cell.parts:
            name = f"{part[0]}0"
            graph.node("Gather", [name, f"layer{number}"], f"{name}_{number}", axis=0)
            inputs.append(f"{name}_{number}")
    graph.node(operator, inputs, f"Y{number}", hidden_size=layer.size, **attributes)
    graph.node("Squeeze", [f"Y{number}", "directions"], f"y{number}")


def export(
    net: Net, file: str, dtype: str = "float32", *, indices: bool = False
) -> tuple[bytes, str]:
    """The model as an ``.onnx`` file, and lines of Python that run its first two symbols.

    Equal nets give equal bytes.
    """
    model = to_model(net, dtype=dtype, indices=indices)
    one_hot = f'np.eye({len(net.alphabet)}, dtype="{dtype}")[[[0, 1]]]'
    snippet = f"""\
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession({file!r})
names = [output.name for output in session.get_outputs()]
x = {"np.array([[0, 1]])" if indices else one_hot}
values = session.run(names, {{"{"symbols" if indices else "x"}": x}})
outputs = dict(zip(names, values))
"""
    return bytes(model.SerializeToString(deterministic=True)), snippet


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
        node = self.helper.make_node(operator, inputs, [output], name=output, **attributes)
        self.nodes.append(node)

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


def _metadata(net: Net) -> dict[str, str]:
    metadata: dict[str, Any] = {"alphabet": net.alphabet, "cells": net.cells}
    if net.labels:
        metadata["labels"] = net.labels
    if net.heads:
        metadata["readouts"] = {kind: str(head.rule) for kind, head in net.heads.items()}
    return {key: json.dumps(names, ensure_ascii=False) for key, names in metadata.items()}
