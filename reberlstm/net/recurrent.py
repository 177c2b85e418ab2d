"""Recurrent nets that others trained, ready to extract from: RNN, GRU or LSTM of any depth.

The formulas are those of `torch.nn.RNN`, `GRU` and `LSTM` (docs.pytorch.org), run in the type of
numbers that the weights have; PyTorch itself is needed only to open its own files and modules.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import FormatError
from reberlstm.formats import toml
from reberlstm.machine.fsm import FSM
from reberlstm.net.files.safetensors import from_parts, is_ours
from reberlstm.net.files.state_dict import Layer, Stack, StateDict, read_state_dict
from reberlstm.net.foreign import Readouts, columns_of_symbols, from_state_dict
from reberlstm.net.layers import FastLayer
from reberlstm.net.net import Net
from reberlstm.net.weights import LSTMWeights

Observed = Literal["legal", "accept", "label"]
Activation = Literal["softmax", "sigmoid"]

SOFTMAX_THRESHOLD = 0.1
"""A symbol counts as offered when its probability among all next symbols is over this."""

SIGMOID_THRESHOLD = 0.5


class RecurrentStack:
    """Recurrent layers on top of each other with a linear head, with the protocol of `extract`.

    Attributes:
        alphabet: The symbols, in the order of the input's columns or the embedding's rows.
        kind: What is observed: legal symbols, acceptance or a label.
        labels: What the labels are called.
        claims: ``legal``: a legal head is asked nothing before the first symbol.
        grammar: The machine that the file says it was trained on, for where words begin and end.
        name: The file's or module's name.
        reading: One phrase: what counts as yes.
        weights: The same net as ours, where it is one LSTM layer whose head has a plain threshold.
    """

    def __init__(
        self,
        state: StateDict,
        *,
        alphabet: Sequence[str],
        kind: Observed | None = None,
        threshold: float | None = None,
        activation: Activation | None = None,
        head: str | None = None,
        layer: str | None = None,
        labels: Sequence[str] = (),
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        dtype: str | None = None,
    ) -> None:
        self.alphabet = tuple(alphabet)
        self.labels = tuple(labels)
        self.claims = "legal"
        self.grammar = _grammar_in(state)
        self.name = Path(state.where).name
        _refuse_no_numbers(state)
        stack = _the_stack(state, layer)
        self._cell = stack.kind
        relu = nonlinearity == "relu" and stack.kind == "RNN"
        weight_ih, used = columns_of_symbols(state, stack, len(self.alphabet))
        readouts = Readouts(state, stack, self.alphabet, self.labels, 0.0)
        found = _readout(state, stack, readouts, used, kind, head)
        self.kind, layer_name = found
        matrix = readouts.head("legal" if self.kind == "legal" else self.kind, layer_name)
        self._activation: Activation = activation or _usual_activation(self.kind, layer_name)
        if self.kind == "accept" and self._activation == "softmax":
            if len(state.tensors[f"{layer_name}.weight"]) == 1:
                raise FormatError(
                    f"{state.where}: {layer_name!r} has one output, of which a softmax makes 1 "
                    "always; its activation must be sigmoid"
                )
            self._activation = "sigmoid"  # of the difference, which is the same for two outputs
        usual = SOFTMAX_THRESHOLD if self._activation == "softmax" else SIGMOID_THRESHOLD
        self._threshold = usual if threshold is None else threshold
        if not 0.0 < self._threshold < 1.0:
            raise FormatError(f"threshold {self._threshold} is no probability between 0 and 1")
        self.reading = (
            "the label is the largest output"
            if self.kind == "label"
            else f"yes is {self._activation} probability > {self._threshold:g}"
        )
        if stack.kind == "RNN":
            self.reading += f"; the layer's nonlinearity is taken to be {nonlinearity}"
        number_type = _dtype(state) if dtype is None else np.dtype(dtype)
        layers = (Layer(weight_ih, *_rest(stack.layers[0])), *stack.layers[1:])
        self._numbers = sum(int(array.size) for one in layers for array in vars(one).values())
        self._layers = tuple(
            FastLayer(stack.kind, *vars(one).values(), dtype=number_type, relu=relu)
            for one in layers
        )
        self._size = stack.hidden_size
        self._head = (
            np.asarray(matrix.weight, dtype=number_type),
            np.asarray(matrix.bias, dtype=number_type),
        )
        self.weights: LSTMWeights | None = None
        if stack.kind == "LSTM" and len(stack.layers) == 1 and self._activation == "sigmoid":
            self.weights = from_state_dict(
                state,
                alphabet=self.alphabet,
                heads={self.kind: layer_name},
                layer=stack.prefix,
                labels=self.labels,
                threshold=math.log(self._threshold / (1 - self._threshold)),
            )

    @property
    def parameters(self) -> int:
        """How many numbers its answers depend on, the two biases of a gate counted as they are."""
        return self._numbers + sum(int(array.size) for array in self._head)

    @property
    def parts(self) -> tuple[str, ...]:
        """What to call the numbers of a memory, such as ``h3``, or ``layer 2 h3``."""
        depth = len(self._layers)
        return tuple(
            f"{kind}{number}" if depth == 1 else f"layer {layer} {kind}{number}"
            for kind in ("hc" if self._cell == "LSTM" else "h")
            for layer in range(1, depth + 1)
            for number in range(1, self._size + 1)
        )

    def initial(self) -> NDArray[Any]:
        """All zero, shape (D,): every layer's ``h``, then for an LSTM every layer's ``c``."""
        parts = 2 if self._cell == "LSTM" else 1
        return np.zeros(parts * len(self._layers) * self._size, dtype=self._head[0].dtype)

    def step(self, states: NDArray[Any], symbols: NDArray[np.intp]) -> NDArray[Any]:
        """The memories (B, D) after one symbol each."""
        blocks = states.reshape(len(states), -1, self._size)  # (B, layers or twice as many, H)
        depth = len(self._layers)
        hidden: list[NDArray[Any]] = []
        cells: list[NDArray[Any]] = []
        for number, layer in enumerate(self._layers):
            z = layer.of_vectors(hidden[-1]) if number else layer.of_symbols(symbols)
            before = blocks[:, depth + number] if self._cell == "LSTM" else None
            h, c = layer.step(z, blocks[:, number], before)
            hidden.append(h)
            if c is not None:
                cells.append(c)
        return np.concatenate(hidden + cells, axis=1)

    def observe(self, states: NDArray[Any]) -> NDArray[Any]:
        """What the head says: see the protocol."""
        outputs = self._outputs(states)
        if self.kind == "label":
            return np.asarray(outputs.argmax(axis=1))
        yes = self._probabilities(outputs) > self._threshold
        return np.asarray(yes[:, 0] if self.kind == "accept" else yes)

    def margin(self, states: NDArray[Any]) -> NDArray[np.float64]:
        """How far the nearest probability is from the threshold; for labels, two outputs."""
        outputs = self._outputs(states).astype(np.float64)
        if self.kind == "label":
            ordered = np.sort(outputs, axis=1)
            return np.asarray(ordered[:, -1] - ordered[:, -2])
        return np.asarray(np.abs(self._probabilities(outputs) - self._threshold).min(axis=1))

    def _outputs(self, states: NDArray[Any]) -> NDArray[Any]:
        top = states[:, (len(self._layers) - 1) * self._size : len(self._layers) * self._size]
        weight, bias = self._head
        # Some BLAS kernels read beyond a few float32 numbers, and raise flags about what is there.
        with np.errstate(invalid="ignore"):
            return np.asarray(top @ weight.T + bias)

    def _probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        if self._activation == "sigmoid":
            return _sigmoid(outputs)
        e = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))


def open_net(
    path: str | os.PathLike[str],
    *,
    alphabet: Sequence[str] | None = None,
    **options: Any,
) -> Net | RecurrentStack:
    """A net to extract from, from a file: our own weights, or those of others.

    Args:
        path: A safetensors, npz or PyTorch file; nothing in it is executed.
        alphabet: The symbols; needed where the file does not say.
        options: Those of `RecurrentStack`, for files of others.

    Raises:
        FormatError: for a file that cannot be read, or a net that is bidirectional, projected, or
            read by anything but linear layers.
    """
    state = read_state_dict(path)
    if is_ours(state.metadata):
        try:
            return from_parts(state.tensors, state.metadata)
        except FormatError:
            raise
        except Exception as error:
            raise FormatError(f"{state.where}: {error}") from None
    if alphabet is None:
        alphabet = _alphabet_in(state.metadata)
    if alphabet is None:
        raise FormatError(
            f"{state.where}: it does not say what its symbols are; give the alphabet, one symbol "
            "for each column of the input weights or row of the embedding"
        )
    return RecurrentStack(state, alphabet=alphabet, **options)


def from_module(module: Any, *, alphabet: Sequence[str], **options: Any) -> RecurrentStack:
    """A PyTorch module with one `nn.RNN`, `nn.GRU` or `nn.LSTM` (or cell) and linear heads.

    Inputs are one-hot, or go through the module's only `nn.Embedding`. What the module does in its
    own ``forward`` besides is not seen; activations after the head are named by `activation`.

    Args:
        module: The module, or a mapping that is its state dict.
        alphabet: The symbols.
        options: Those of `RecurrentStack`.

    Raises:
        FormatError: for a module that is bidirectional, projected, or has parts without a place.

    Example:
        >>> import torch, reberlstm as rl
        >>> class Net(torch.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.rnn = torch.nn.GRU(2, 4, num_layers=2, batch_first=True)
        ...         self.out = torch.nn.Linear(4, 1)
        >>> net = from_module(Net(), alphabet="01", kind="accept")
        >>> rl.extract(net, max_states=50).fsm.alphabet
        ('0', '1')
    """
    tensors: Mapping[str, Any] = module if isinstance(module, Mapping) else module.state_dict()
    name = "state dict" if isinstance(module, Mapping) else type(module).__name__
    if not isinstance(module, Mapping):
        for part in module.modules():
            if getattr(part, "nonlinearity", "tanh") == "relu":
                options.setdefault("nonlinearity", "relu")
    types = {str(value.dtype).removeprefix("torch.") for value in tensors.values()}
    options.setdefault("dtype", "float64" if "float64" in types else "float32")
    arrays = {
        key: value.detach().cpu().double().numpy()
        for key, value in tensors.items()
        if hasattr(value, "detach")
    }
    return RecurrentStack(StateDict(name, arrays, {}), alphabet=alphabet, **options)


def _alphabet_in(metadata: Mapping[str, str]) -> list[str] | None:
    """The symbols, where the file is one of `train` and names them."""
    try:
        symbols = json.loads(metadata.get("alphabet", ""))
    except (ValueError, RecursionError):
        return None
    named = isinstance(symbols, list) and all(isinstance(symbol, str) for symbol in symbols)
    return symbols if named else None


def _refuse_no_numbers(state: StateDict) -> None:
    """A net with a weight that is not finite says no to nearly everything, and means nothing."""
    for key, array in state.tensors.items():
        wrong = np.argwhere(~np.isfinite(array))
        if len(wrong):
            at = [int(number) for number in wrong[0]]
            raise FormatError(
                f"{state.where}: {key}{at} is {array[tuple(at)]}; weights must be finite, "
                "so the training went wrong, or the file did"
            )


def _the_stack(state: StateDict, layer: str | None) -> Stack:
    stacks = state.stacks
    if layer is not None:
        prefix = layer if not layer or layer.endswith(".") else f"{layer}."
        stacks = tuple(stack for stack in stacks if stack.prefix == prefix)
    if len(stacks) != 1:
        found = ", ".join(map(str, state.stacks)) or "none"
        raise FormatError(f"{state.where}: expected one recurrent layer, found {found}; name one")
    (stack,) = stacks
    if stack.bidirectional:
        raise FormatError(
            f"{state.where}: {stack} is bidirectional: it reads words from their end as well, so "
            "it has no memory that grows with the word; train a forward one"
        )
    if stack.projected:
        raise FormatError(
            f"{state.where}: {stack} is an LSTM with a projection of h (proj_size), which is not "
            "read; train one without"
        )
    return stack


def _readout(
    state: StateDict,
    stack: Stack,
    readouts: Readouts,
    used: set[str],
    kind: Observed | None,
    head: str | None,
) -> tuple[Observed, str]:
    """What is observed, and by which linear layer."""
    size = stack.hidden_size
    candidates = [
        key.removesuffix(".weight")
        for key, tensor in state.tensors.items()
        if key.endswith(".weight") and key not in stack.keys | used and tensor.ndim == 2
        and tensor.shape[1] == size
    ]  # fmt: skip
    _refuse_deep_heads(state, stack, used)
    if kind is not None and (head is not None or len(candidates) == 1):
        readouts.guess_other_tensors(used, head or candidates[0])
        return kind, head or candidates[0]
    if head is not None:
        raise FormatError(f"{state.where}: say what head {head!r} tells: legal, accept or label")
    guessed = readouts.guess(used)
    unnamed = [name for wanted, name in guessed.items() if wanted not in name.lower()]
    if kind is None and len(guessed) > 1 and unnamed:
        raise FormatError(
            f"{state.where}: {' and '.join(map(repr, guessed.values()))} may each be the one to "
            "ask, as their names do not say; give the kind: legal, accept or label"
        )
    for wanted in ("legal", "next", "accept", "label"):
        tells: Observed = "legal" if wanted == "next" else wanted  # type: ignore[assignment]
        if wanted in guessed and kind in (None, tells):
            rows = len(state.tensors[f"{guessed[wanted]}.weight"])
            if kind is None and rows == 2:
                raise FormatError(
                    f"{state.where}: {guessed[wanted]!r} has 2 outputs, which may be two symbols "
                    "or no and yes; give the kind: legal, accept or label"
                )
            return tells, guessed[wanted]
    raise FormatError(
        f"{state.where}: no linear layer of {size} inputs tells "
        f"{kind or 'legal symbols, acceptance or a label'}; it has "
        f"{', '.join(candidates) or 'none'}"
    )


def _refuse_deep_heads(state: StateDict, stack: Stack, used: set[str]) -> None:
    """Refuse linear layers that stand in one `nn.Sequential`, as each reads the one before."""
    parents: dict[str, str] = {}
    for key in state.tensors:
        match = re.fullmatch(r"(?:(.*)\.)?(\d+)\.weight", key)
        if match is None or key in stack.keys | used:
            continue
        parent = match[1] or ""
        if parent in parents:
            raise FormatError(
                f"{state.where}: {parents[parent]!r} and {key!r} are parts of one head; only heads "
                "of a single linear layer are read"
            )
        parents[parent] = key


def _usual_activation(kind: Observed, name: str) -> Activation:
    if kind != "legal" or "legal" in name.rpartition(".")[2].lower():
        return "sigmoid"
    return "softmax"


def _rest(layer: Layer) -> tuple[Any, Any, Any]:
    return layer.weight_hh, layer.bias_ih, layer.bias_hh


def _dtype(state: StateDict) -> np.dtype[Any]:
    """That of the file, in which the net was trained and is run.

    Where the file does not say, float32 if every number is one.
    """
    double = state.double
    if double is None:
        with np.errstate(over="ignore"):
            double = not all(
                np.array_equal(array, array.astype(np.float32)) for array in state.tensors.values()
            )
    return np.dtype(np.float64 if double else np.float32)


def _sigmoid(z: NDArray[Any]) -> NDArray[Any]:
    e = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1, e) / (1 + e), dtype=z.dtype)


def _grammar_in(state: StateDict) -> FSM | None:
    """The machine that a net was trained on, where the file is one of `train`."""
    if "grammar" not in state.metadata or _alphabet_in(state.metadata) is None:
        return None
    return toml.read(state.metadata["grammar"], f"{state.where}: metadata 'grammar'")
