"""Nets as the weights of Keras layers: a NumPy archive in Keras' layout, see docs/export.md.

Keras multiplies from the left, so kernels are transposed, and its gates are blocks of columns: i,
f, c, o of an LSTM (c is PyTorch's g, and the bias the sum of PyTorch's two), z, r, h of a GRU. With
``reset_after=False`` a GRU's r multiplies h before the matrix. Keras' own names, such as
``gru/gru_cell/kernel:0`` and ``embedding/embeddings``, are read too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from reberlstm.errors import FormatError
from reberlstm.net.cells.cell import Floats
from reberlstm.net.files.containers import Tensors, pack_npz
from reberlstm.net.files.safetensors import require_stock_layers, to_parts
from reberlstm.net.foreign import Structure
from reberlstm.net.net import ARRAYS, Net

_BLOCKS = {"gru": (1, 0, 2), "gru-before": (1, 0, 2)}
"""For each of our blocks of rows the number of Keras' block; the same both ways."""

_LAYERS = {
    "lstm": "LSTM({units}, return_sequences=True)",
    "gru": "GRU({units}, return_sequences=True)",
    "gru-before": "GRU({units}, return_sequences=True, reset_after=False)",
    "rnn": "SimpleRNN({units}, return_sequences=True)",
    "rnn-relu": 'SimpleRNN({units}, "relu", return_sequences=True)',
}
"""The layer for each kind of cell, as it is written in Python."""


def to_arrays(net: Net, dtype: str = "float64") -> dict[str, Floats]:
    """The arrays of the archive by name.

    Raises:
        FormatError: for a net that no single recurrent layer of Keras computes.

    Example:
        >>> from reberlstm import compile
        >>> [(name, array.shape) for name, array in to_arrays(compile("reber")).items()][:4]
        [('kernel', (7, 32)), ('recurrent_kernel', (8, 32)), ('bias', (32,)),
         ('legal_kernel', (8, 7))]
    """
    require_stock_layers(net, "a Keras layer", tuple(_LAYERS), most=1)
    net = net.whole()
    (layer,) = net.layers
    cell = layer.cell.name
    biases = np.stack([layer.bias_ih, layer.bias_hh], axis=1)
    arrays = {
        "kernel": _in_order(cell, layer.weight_ih).T,
        "recurrent_kernel": _in_order(cell, layer.weight_hh).T,
        "bias": _in_order(cell, biases if cell == "gru" else biases.sum(axis=1)).T,
    }
    for key, array in to_parts(net)[0].items():
        name, _, part = key.rpartition(".")
        if key == "embedding.weight":
            arrays["embedding_embeddings"] = array
        elif part in ("weight", "bias"):
            arrays[f"{name}_{'kernel' if part == 'weight' else 'bias'}"] = array.T
    return {name: np.ascontiguousarray(array, dtype=dtype) for name, array in arrays.items()}


def _in_order(cell: str, array: Floats) -> Floats:
    """Blocks of rows in the order of the other side; the two orders are inverse to themselves."""
    if cell not in _BLOCKS:
        return array
    blocks = np.split(array, len(_BLOCKS[cell]))
    return np.concatenate([blocks[number] for number in _BLOCKS[cell]])


def export(net: Net, file: str, dtype: str = "float64") -> tuple[bytes, str]:
    """The archive, with the metadata of our other files, and lines of Python that load it."""
    metadata = to_parts(net.replace(dtype=dtype))[1]
    return pack_npz(to_arrays(net, dtype), metadata), _how_to_load(net, file)


def _how_to_load(net: Net, file: str) -> str:
    (layer,) = net.layers
    recurrent = _LAYERS[layer.cell.name].format(units=layer.size)
    inputs, names = f"(None, {len(net.alphabet)})", f"Dense, {recurrent.partition('(')[0]}"
    reads, hidden = "one-hot, (batch, time, symbols)", "recurrent(x)"
    made, loaded = [], []
    if net.embedding is not None:
        inputs, names = '(None,), dtype="int32"', f"{names}, Embedding"
        reads, hidden = "indices of symbols, (batch, time)", "recurrent(embedding(x))"
        made = [f"embedding = Embedding{net.embedding.shape}"]
        loaded = ['embedding.set_weights([w["embedding_embeddings"]])']
    dense, outputs = [], []
    for kind, head in net.heads.items():
        output = "h"
        for number, linear in enumerate(head.layers):
            part = kind if head.is_linear else f"{kind}.{2 * number}"
            last = number == len(head.layers) - 1
            activation = "" if last else f", activation={head.activation!r}"
            dense.append(f"    {part!r}: Dense({len(linear.bias)}{activation}),")
            output = f"dense[{part!r}]({output})"
        outputs.append(f"    {kind!r}: {output},")
    return "\n".join([
        "import keras, numpy as np",
        f"from keras.layers import {names}",
        f"w = np.load({file!r})",
        f"x = keras.Input({inputs})",
        *made,
        f"recurrent = {recurrent}",
        f"# x is {reads}",
        f"h = {hidden}",
        "dense = {",
        *dense,
        "}",
        "model = keras.Model(x, {",
        *outputs,
        "})",
        'parts = "kernel", "recurrent_kernel", "bias"',
        "recurrent.set_weights([w[part] for part in parts])",
        *loaded,
        "for part, layer in dense.items():",
        '    parts = f"{part}_kernel", f"{part}_bias"',
        "    layer.set_weights([w[name] for name in parts])",
    ]) + "\n"  # fmt: skip


def is_keras(arrays: Mapping[str, Floats]) -> bool:
    """Whether the names are those of Keras."""
    return any(_split(name)[1] == "recurrent_kernel" for name in arrays)


_CELL = re.compile(r"\.(lstm|gru|simple_rnn)_cell(_\d+)?$")
"""What Keras puts between a layer's name and its arrays."""


def _split(name: str) -> tuple[str, str]:
    """The layer and the part that a name means: ``gru/gru_cell/kernel:0`` is a kernel of gru."""
    name = name.partition(":")[0].replace("/", ".")
    for part in ("recurrent_kernel", "kernel", "bias", "embeddings"):
        if name.endswith(part):
            return _CELL.sub("", name.removesuffix(part).rstrip("._")), part
    return name, ""


def from_keras(tensors: Tensors) -> tuple[Tensors, Structure]:
    """The same tensors under PyTorch's names and in its order, and what the names tell.

    Raises:
        FormatError: naming the array that is missing.
    """
    named = {_split(name): array for name, array in tensors.arrays.items()}
    result: dict[str, Floats] = {}
    cells: dict[str, str] = {}
    embeddings: dict[str, int | None] = {}
    linear: set[str] = set()
    recurrent = [layer for layer, part in named if part == "recurrent_kernel"]
    for (layer, part), array in named.items():
        if layer in recurrent:
            if part == "recurrent_kernel":
                cell, arrays = _recurrent(tensors.where, layer, named)
                prefix = f"{layer or cell.partition('-')[0]}."
                cells[prefix] = cell
                result |= {f"{prefix}{name}_l0": value for name, value in arrays.items()}
        elif part == "embeddings":
            name = layer or "embedding"
            embeddings[name] = None
            result[f"{name}.weight"] = array
        elif part in ("kernel", "bias"):
            name = layer or "dense"
            linear.add(name)
            result[f"{name}.{'weight' if part == 'kernel' else 'bias'}"] = array.T
        else:
            result[layer] = array
    structure = Structure(embeddings, frozenset(linear), cells)
    return Tensors(tensors.where, result, tensors.metadata, tensors.types), structure


def _recurrent(
    where: str, layer: str, named: Mapping[tuple[str, str], Floats]
) -> tuple[str, dict[str, Floats]]:
    """The kind of cell of a recurrent layer, and its arrays as PyTorch has them."""
    for part in ("kernel", "bias"):
        if (layer, part) not in named:
            name = f"{layer}/{part}" if layer else part
            raise FormatError(f"{where}: array {name!r} is missing, which a Keras layer has")
    kernel, recurrent, bias = (
        named[layer, part] for part in ("kernel", "recurrent_kernel", "bias")
    )
    size, columns = recurrent.shape if recurrent.ndim == 2 else (1, 0)
    kinds = {4: "lstm", 3: "gru" if bias.ndim == 2 else "gru-before", 1: "rnn"}
    gates = columns / max(size, 1)
    if gates not in kinds:
        raise FormatError(
            f"{where}: array 'recurrent_kernel' has shape {recurrent.shape}, which is that of no "
            "LSTM (H, 4·H), GRU (H, 3·H) or SimpleRNN (H, H)"
        )
    cell = kinds[int(gates)]
    expected = (2, columns) if cell == "gru" else (columns,)
    if bias.shape != expected or kernel.shape[-1:] != (columns,):
        raise FormatError(
            f"{where}: arrays 'kernel' {kernel.shape} and 'bias' {bias.shape} do not fit "
            f"'recurrent_kernel' {recurrent.shape}"
        )
    biases = bias if cell == "gru" else np.stack([bias, np.zeros(columns)])
    arrays = zip(ARRAYS, (kernel.T, recurrent.T, *biases), strict=True)
    return cell, {name: _in_order(cell, array) for name, array in arrays}
