"""Weights that others trained, as a net of ours: one recurrent layer and what reads it.

A state dict has tensors and names, but says neither what the symbols are nor what the outputs mean.
The alphabet must be given; the heads are told by name or by shape, or given too. Whatever cannot be
placed is refused rather than left out, as the net would compute something else without it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reberlstm.errors import FormatError, ReberLSTMError
from reberlstm.net.files.state_dict import Stack, StateDict, read_state_dict
from reberlstm.net.weights import HEADS, Floats, Head, LSTMWeights


def import_lstm(
    path: str | os.PathLike[str],
    *,
    alphabet: Sequence[str],
    heads: Mapping[str, str] | None = None,
    layer: str | None = None,
    labels: Sequence[str] = (),
    threshold: float = 0.0,
) -> LSTMWeights:
    """Import a single-layer LSTM from a state dict, with any prefix.

    Args:
        path: A safetensors, npz or PyTorch file; see `read_state_dict`.
        alphabet: The symbols, in the order of the columns of the input weights, or of the rows of
            an embedding without a bias (``embedding.weight`` (A, D)) that stands before the layer.
        heads: Which linear layer is which head, as in ``{"accept": "decoder.fc"}``; those not named
            are left out. By default every linear layer (R, H) is a head, by its name where that is
            ``legal``, ``accept``, ``next`` or ``label``, else by its shape: R = A outputs are
            ``legal``, one output is ``accept``, and as many as `labels` are ``label``. Two outputs
            for ``accept`` are the logits of no and yes.
        layer: The prefix of the LSTM, where the file has several.
        labels: What the rows of a ``label`` head stand for.
        threshold: The logit over which a ``legal`` or ``accept`` head says yes.

    Returns:
        A net that claims the scope ``legal``, with the zero vector as its initial state.

    Raises:
        FormatError: for a file that cannot be read, has no LSTM or several, a layer that is
            bidirectional, projected, stacked or no LSTM, or a tensor that has no place.
        MissingExtraError: for a PyTorch file where PyTorch is not installed.

    Example:
        >>> import tempfile, numpy as np
        >>> from safetensors.numpy import save_file
        >>> H, A = 5, 2
        >>> tensors = {"rnn.weight_ih_l0": np.zeros((4 * H, A)), "fc.bias": np.zeros(1),
        ...            "rnn.weight_hh_l0": np.zeros((4 * H, H)), "fc.weight": np.zeros((1, H))}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_file(tensors, f"{folder}/net.safetensors")
        ...     net = import_lstm(f"{folder}/net.safetensors", alphabet="01")
        >>> net.size, list(net.heads)
        (5, ['accept'])
    """
    return from_state_dict(
        read_state_dict(path),
        alphabet=alphabet,
        heads=heads,
        layer=layer,
        labels=labels,
        threshold=threshold,
    )


def from_state_dict(
    state: StateDict,
    *,
    alphabet: Sequence[str],
    heads: Mapping[str, str] | None = None,
    layer: str | None = None,
    labels: Sequence[str] = (),
    threshold: float = 0.0,
) -> LSTMWeights:
    """`import_lstm` for tensors that are read already."""
    stack = _the_lstm(state, layer)
    weights = stack.layers[0]
    symbols = tuple(alphabet)
    weight_ih, used = columns_of_symbols(state, stack, len(symbols))
    readouts = Readouts(state, stack, symbols, tuple(labels), threshold)
    named = readouts.guess(used) if heads is None else heads
    try:
        return LSTMWeights(
            alphabet=symbols,
            cells=tuple(f"c{number}" for number in range(stack.hidden_size)),
            weight_ih=weight_ih,
            weight_hh=weights.weight_hh,
            bias_ih=weights.bias_ih,
            bias_hh=weights.bias_hh,
            heads={head: readouts.head(head, name) for head, name in named.items()},
            labels=tuple(labels),
            claims="legal",
            name=Path(state.where).name,
        )
    except FormatError:
        raise
    except ReberLSTMError as error:
        raise FormatError(f"{state.where}: {error}") from None


def _the_lstm(state: StateDict, layer: str | None) -> Stack:
    """The layer asked for, or the only one, if it is one that our step can run."""
    stacks = state.stacks
    if layer is not None:
        prefix = layer if not layer or layer.endswith(".") else f"{layer}."
        stacks = tuple(stack for stack in stacks if stack.prefix == prefix)
    if len(stacks) != 1:
        found = ", ".join(map(str, state.stacks)) or f"none among {_some(state.tensors)}"
        hint = "; choose one with layer=..." if state.stacks else ""
        raise FormatError(f"{state.where}: expected one LSTM, found {found}{hint}")
    stack = stacks[0]
    what = None
    if stack.kind != "LSTM":
        what = f"a {stack.kind}"
    elif stack.bidirectional:
        what = "bidirectional: it reads words from their end as well"
    elif stack.projected:
        what = "an LSTM with a projection of h"
    elif len(stack.layers) > 1:
        what = f"{len(stack.layers)} layers deep"
    if what is not None:
        raise FormatError(
            f"{state.where}: {stack} is {what}; only a single-layer, forward LSTM without a "
            "projection can be imported"
        )
    return stack


def columns_of_symbols(state: StateDict, stack: Stack, symbols: int) -> tuple[Floats, set[str]]:
    """The input weights for one-hot symbols, shape (4·H, A), and the keys of an embedding."""
    weight_ih = stack.layers[0].weight_ih
    embeddings = [
        key
        for key, tensor in state.tensors.items()
        if key.endswith("weight")
        and key not in stack.keys
        and key.removesuffix("weight") + "bias" not in state.tensors
        and tensor.ndim == 2
        and tensor.shape[1] == stack.input_size
        and ("emb" in key.lower() or (stack.input_size != symbols and len(tensor) == symbols))
    ]
    if len(embeddings) == 1:
        embedding = state.tensors[embeddings[0]]
        if len(embedding) != symbols:
            raise FormatError(
                f"{state.where}: {embeddings[0]!r} embeds {len(embedding)} symbols, but the "
                f"alphabet has {symbols}; give a symbol for each row, padding included"
            )
        return weight_ih @ embedding.T, {embeddings[0]}
    if stack.input_size != symbols:
        raise FormatError(
            f"{state.where}: {stack} reads vectors of size {stack.input_size}, but the alphabet "
            f"has {symbols} symbols; give one symbol for each column"
        )
    return weight_ih, set()


class Readouts:
    """The linear layers of a state dict, as the heads of a net."""

    def __init__(
        self,
        state: StateDict,
        stack: Stack,
        symbols: tuple[str, ...],
        labels: tuple[str, ...],
        threshold: float,
    ) -> None:
        self.state, self.stack, self.threshold = state, stack, threshold
        self.rows = {"legal": len(symbols), "accept": 1, "next": len(symbols), "label": len(labels)}

    def guess(self, used: set[str]) -> dict[str, str]:
        """The head that each linear layer must be, by its name or else its shape."""
        rest = [key for key in self.state.tensors if key not in self.stack.keys | used]
        # Matrices first: they say more than biases in a message.
        rest.sort(key=lambda key: -self.state.tensors[key].ndim)
        members: dict[str, list[str]] = {}
        for key in rest:
            members.setdefault(key.rpartition(".")[0], []).append(key)
        found: dict[str, str] = {}
        for name, keys in members.items():
            head = self._head_of(name)
            if head is None or not {f"{name}.weight", f"{name}.bias"}.issuperset(keys):
                raise FormatError(
                    f"{self.state.where}: tensor {keys[0]!r} {self.state.tensors[keys[0]].shape} "
                    f"has no place in an LSTM of {self.stack.hidden_size} cells over "
                    f"{self.rows['legal']} symbols with linear heads; give heads={{...}} to leave "
                    "out what is not named"
                )
            if head in found:
                raise FormatError(
                    f"{self.state.where}: both {found[head]!r} and {name!r} could be the head "
                    f"{head!r}; say which with heads={{{head!r}: ...}}"
                )
            found[head] = name
        return found

    def guess_other_tensors(self, used: set[str], name: str) -> None:
        """Refuse what would be left out, where one linear layer's meaning is known already.

        Other linear layers that read ``h`` are heads that are not asked; anything else would change
        what the net computes.
        """
        known = self.stack.keys | used | {f"{name}.weight", f"{name}.bias"}
        for key, tensor in self.state.tensors.items():
            layer = key.rpartition(".")[0]
            matrix = self.state.tensors.get(f"{layer}.weight")
            other_head = matrix is not None and matrix.ndim == 2
            other_head = other_head and matrix.shape[1] == self.stack.hidden_size  # type: ignore[union-attr]
            if key not in known and not other_head:
                raise FormatError(
                    f"{self.state.where}: tensor {key!r} {tensor.shape} has no place beside "
                    f"{self.stack} and the linear layer {name!r}"
                )

    def _head_of(self, name: str) -> str | None:
        weight = self.state.tensors.get(f"{name}.weight")
        if weight is None or weight.ndim != 2 or weight.shape[1] != self.stack.hidden_size:
            return None
        for head in HEADS:
            if head in name.rpartition(".")[2].lower() and self._fits(head, len(weight)):
                return head
        by_shape = ("legal", "accept", "label")
        return next((head for head in by_shape if self._fits(head, len(weight))), None)

    def _fits(self, head: str, rows: int) -> bool:
        return rows == self.rows[head] or (head == "accept" and rows == 2)

    def head(self, head: str, name: str) -> Head:
        """The linear layer of that name as that head."""
        where = self.state.where
        if head not in HEADS:
            raise FormatError(f"{where}: unknown head {head!r}; the heads are {', '.join(HEADS)}")
        weight = self.state.tensors.get(f"{name}.weight")
        if weight is None:
            raise FormatError(
                f"{where}: head {head!r}: no tensor {name + '.weight'!r}; "
                f"the file has {_some(self.state.tensors)}"
            )
        size = self.stack.hidden_size
        if weight.ndim != 2 or weight.shape[1] != size or not self._fits(head, len(weight)):
            raise FormatError(
                f"{where}: head {head!r}: {name + '.weight'!r} has shape {weight.shape}, "
                f"expected {(self.rows[head], size)}"
            )
        bias = self.state.tensors.get(f"{name}.bias", np.zeros(len(weight)))
        if bias.shape != weight.shape[:1]:
            raise FormatError(
                f"{where}: head {head!r}: {name + '.bias'!r} has shape {bias.shape}, "
                f"expected {weight.shape[:1]}"
            )
        if head == "accept" and len(weight) == 2:
            weight, bias = weight[1:] - weight[:1], bias[1:] - bias[:1]
        if head in ("legal", "accept"):
            bias = bias - self.threshold
        return Head(weight, bias)


def _some(tensors: Mapping[str, Floats], most: int = 8) -> str:
    names = list(tensors)
    more = f", … ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + more
