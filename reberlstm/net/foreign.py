"""Nets of others: where each tensor of a state dict belongs in a `Net`, or why it has no place.

A state dict has tensors and names, but says neither what the symbols are nor what the outputs mean.
Equal sizes are no evidence: where a tensor could be two things, what it is has to be said. Whatever
has no place is refused rather than left out, as the net would compute something else without it.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from reberlstm.errors import FormatError, ReberLSTMError
from reberlstm.formats import toml
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.cells.cell import Floats
from reberlstm.net.files.containers import RECURRENT, Tensors
from reberlstm.net.net import ARRAYS, Net, Origin
from reberlstm.net.readouts import (
    ALLOWED,
    KINDS,
    SOFTMAX_THRESHOLD,
    Head,
    Kind,
    Readout,
    Rule,
    usual_rule,
)

STEPPED = "extract from an object that steps the module (docs/extraction.md, Any net)"
"""What can be done with a net that is not read."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """How a net of others is read; the fields are the keywords of `reberlstm.load`."""

    alphabet: tuple[str, ...] | None = None
    layer: str | None = None
    head: str | None = None
    heads: Mapping[str, str] | None = None
    kind: str | None = None
    labels: tuple[str, ...] = ()
    readout: Rule | None = None
    embedding: str | None = None
    input_layer: str | None = None
    initial: str | None = None
    padding: int | None = None
    prefix: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ()
    nonlinearity: str | None = None
    head_activation: str | None = None

    def foreign(self) -> list[str]:
        """The keywords that say what only of a net of others has to be said."""
        empty, asked = Description(), ("alphabet", "kind", "head", "readout")
        given = [name for name, x in vars(self).items() if x != getattr(empty, name)]
        return [name for name in given if name not in asked]


@dataclass(frozen=True)
class Structure:
    """What is known of a net besides its tensors, from its `torch.nn.Module` or from Keras' names.

    Embeddings have their padding rows, recurrent layers are by prefix, and chains are linear layers
    that read each other with the activation between them; None where nothing tells. Whether the
    module is `run` after this, so that what is taken for sure here is tried there.
    """

    embeddings: Mapping[str, int | None] | None = None
    linear: frozenset[str] | None = None
    cells: Mapping[str, str] = field(default_factory=dict)
    chains: Mapping[str, tuple[tuple[str, ...], str]] | None = None
    run: bool = False


@dataclass(frozen=True, eq=False)
class Unit:
    """A linear layer, or several that read each other: what could be a head."""

    name: str
    parts: tuple[str, ...]
    layers: tuple[Head, ...]
    activation: str | None

    inputs = property(lambda self: int(self.layers[0].weight.shape[1]), doc="How many it reads.")
    rows = property(lambda self: len(self.layers[-1].weight), doc="How many outputs it has.")

    @property
    def kind(self) -> Kind | None:
        """The kind of head that its name says."""
        words = re.findall("[a-z]+", self.name.rpartition(".")[2].lower())
        named = [kind for kind in KINDS if kind in words or f"{kind}s" in words]
        return named[0] if named else None

    def logits(self, h: Floats) -> Floats:
        """All outputs for hidden states (..., H)."""
        readout = Readout("next", Rule("softmax", 0.5), self.layers, self.activation or "")
        return np.asarray(readout.logits(h))

    def __str__(self) -> str:
        return f"{self.parts[-1] + '.weight'!r} {self.layers[-1].weight.shape}"


@dataclass(frozen=True, eq=False)
class Foreign:
    """A net of others, placed: its heads have all outputs, in the original's order.

    Rows are those of the embedding, or columns of one-hot vectors: of each symbol, and of what is
    fed before and after every word. A doubt is what only a run of the original can settle; notes
    say what was decided.
    """

    net: Net
    units: Mapping[Kind, Unit]
    rows: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    doubt: str | None
    notes: tuple[str, ...] = ()


def place(tensors: Tensors, given: Description, structure: Structure | None = None) -> Foreign:
    """The net that the tensors of others are.

    Raises:
        FormatError: naming the tensor that has no place, or what has to be said.
    """
    try:
        return _Placing(tensors, given, structure or Structure()).foreign()
    except ReberLSTMError as error:
        raise FormatError(f"{tensors.where}: {error}") from None


class _Placing:
    def __init__(self, tensors: Tensors, given: Description, structure: Structure) -> None:
        tensors = replace(tensors, arrays=_without_wrappers(tensors.arrays))
        self.tensors, self.given, self.known = tensors, given, structure
        self.left = dict(tensors.arrays)
        self.doubt: str | None = None
        _check_finite(tensors.arrays)
        _check_parametrised(tensors.arrays)
        told = _alphabet_in(tensors.metadata)
        if told and given.alphabet and set(told) != set(given.alphabet):
            raise FormatError(
                f"its alphabet is {' '.join(told)}, not {' '.join(given.alphabet)}; give the "
                "grammar or alphabet that it is for"
            )
        alphabet = told or given.alphabet
        if alphabet is None:
            raise FormatError(
                "not written by reberlstm as safetensors or npz, so its alphabet is unknown; give "
                "alphabet=..., one symbol for each column of the input weights or row of the "
                "embedding, or the grammar"
            )
        self.all_symbols = alphabet
        around = (*given.prefix, *given.suffix)
        unknown = [symbol for symbol in around if symbol not in alphabet]
        if unknown:
            raise FormatError(
                f"{unknown[0]!r} of prefix=... or suffix=... is not among the symbols "
                f"{' '.join(alphabet)}; the alphabet lists every row"
            )
        self.symbols = tuple(symbol for symbol in alphabet if symbol not in around)
        if not self.symbols:
            raise FormatError("no symbol is left for words, besides prefix=... and suffix=...")

    def foreign(self) -> Foreign:
        layers = self.recurrent_layers()
        self.inputs, self.size = layers[0].weight_ih.shape[1], layers[-1].size
        self.sizes = {self.inputs, *(layer.size for layer in layers)}
        table, start = self.input_vectors(), self.initial(layers)
        words = (self.symbols, self.given.prefix, self.given.suffix)
        rows, before, after = map(self.rows_of, words)
        chosen = self.chosen(self.units())
        if not self.reads_end(chosen):
            after = ()
        heads = self.readouts(chosen)
        labels = self.given.labels
        if "label" in heads and not labels:
            labels = tuple(map(str, range(heads["label"].rows)))
        vectors = table[list(rows)]
        dtype = "float64" if self.tensors.double else "float32"
        if before:
            numbers = tuple(map(str, range(len(table))))
            bare = Net(alphabet=numbers, layers=layers, heads={}, embedding=table, dtype=dtype)
            state = bare.start() if start is None else bare.replace(start_state=start).start()
            for row in before:
                state = bare.step(state, np.array([row]))
            start = state[0]
        net = Net.of(
            alphabet=self.symbols,
            layers=layers,
            heads=heads,
            embedding=None if np.array_equal(vectors, np.eye(len(rows))) else vectors,
            start_state=start,
            suffix=table[list(after)] if after else None,
            cells=tuple(f"c{number}" for number in range(self.size)) if len(layers) == 1 else (),
            labels=labels,
            grammar=_grammar_in(self.tensors, self.symbols),
            claims=self.tensors.metadata.get("claims", "legal"),
            dtype=dtype,
        )
        outputs = {str(kind): unit.rows for kind, unit in chosen.items()}
        columns = len(table) if self.one_hot else None
        net = net.replace(origin=Origin(rows, before, after, columns, outputs))
        return Foreign(net, chosen, rows, before, after, self.doubt, tuple(self.notes(net)))

    def notes(self, net: Net) -> Iterator[str]:
        """What was decided that the tensors do not tell."""
        narrow = {x for x in self.tensors.types if "float" in x} - {"float32", "float64"}
        half = " and ".join(sorted(narrow))
        if half:
            yield f"its {half} numbers are read exactly, and the net is run in {net.dtype}"
        simple = any(layer.cell.name == "rnn" for layer in net.layers)
        if simple and not (self.given.nonlinearity or self.told or self.known.run):
            yield (
                "a simple RNN of which the file does not tell whether it has tanh or relu; read "
                "with tanh, else say nonlinearity='relu'"
            )

    # Recurrent layers

    def recurrent_layers(self) -> tuple[Layer, ...]:
        """The layers of the stacks asked for, which read each other in that order, or of the one.

        Raises:
            FormatError: where that is not told, or a layer is none that is read.
        """
        stacks: dict[str, dict[tuple[int, str], str]] = {}
        for key in self.tensors.arrays:
            match = RECURRENT.fullmatch(key)
            if match is not None:
                part = match["part"] + (match["reverse"] or "")
                stacks.setdefault(match["prefix"], {})[int(match["layer"] or 0), part] = key
        chosen, asked = sorted(stacks), self.given.layer
        names = {prefix.removesuffix("."): prefix for prefix in stacks}
        if asked is not None:
            found = [_named(name, names) for name in asked.removesuffix(".").split(",")]
            chosen = [] if None in found else [names[name] for name in found if name is not None]
        if not chosen or (asked is None and len(chosen) > 1):
            text = ", ".join(self.described(prefix, keys) for prefix, keys in stacks.items())
            hint = "; choose one with layer=..." if len(stacks) > 1 or asked else ""
            if len(stacks) > 1 and not asked:
                order = ",".join(sorted(names))
                hint += f", or say which read each other, in order, as in layer={order!r}"
            raise FormatError(
                f"expected one recurrent layer, found {text or 'none among ' + self.some()}{hint}"
            )
        layers: list[Layer] = []
        for prefix in chosen:
            own = self.stack(prefix, stacks[prefix])
            if layers and own[0].weight_ih.shape[1] != layers[-1].size:
                raise FormatError(
                    f"{self.described(prefix, stacks[prefix])} reads vectors of size "
                    f"{own[0].weight_ih.shape[1]}, but the layer before it has "
                    f"{layers[-1].size} cells; name the layers in order with layer=..."
                )
            layers += own
        return tuple(layers)

    def stack(self, prefix: str, keys: Mapping[tuple[int, str], str]) -> list[Layer]:
        """The layers of one stack."""
        stack = self.described(prefix, keys)
        if any(part.endswith("_reverse") for _, part in keys):
            raise FormatError(
                f"{stack} is bidirectional: it reads words from their end as well, so it has no "
                "memory that grows with the word; train a forward one"
            )
        if any(part == "weight_hr" for _, part in keys):
            key = next(key for (_, part), key in keys.items() if part == "weight_hr")
            raise FormatError(
                f"{stack} is an LSTM with a projection of h (proj_size), {key!r}, which is not "
                f"read; train one without, or {STEPPED}"
            )
        cell = self.known.cells.get(prefix) or self.cell(keys)
        if cell == "rnn" and (self.given.nonlinearity or self.told) == "relu":
            cell = "rnn-relu"
        depth = 1 + max(number for number, _ in keys)
        return [self.layer(cell, prefix, number, keys) for number in range(depth)]

    @property
    def told(self) -> str:
        """The activation of simple RNNs, where the file is one of ours; those of 0.1 had tanh."""
        metadata = self.tensors.metadata
        if "rnn-relu" in metadata.get("kinds", ""):
            return "relu"
        return "tanh" if "alphabet" in metadata else ""

    def initial(self, layers: tuple[Layer, ...]) -> Floats | None:
        """The state vector that words begin in, where tensors of it are named; (D,)."""
        if self.given.initial is None:
            return None
        names = [name.strip() for name in self.given.initial.split(",")]
        parts = layers[0].cell.parts
        if len(names) != len(parts) or len({layer.size for layer in layers}) > 1:
            raise FormatError(
                f"initial={self.given.initial!r} names {len(names)} tensors; {layers[0].cell.title}"
                f" begins with {' and '.join(part[0] for part in parts)} of every layer, "
                f"{(len(layers), layers[0].size)} each; name one for each, in that order"
            )
        values = []
        for name in names:
            key = _named(name, self.left)
            if key is None:
                raise FormatError(f"initial={name!r}: no such tensor; the file has {self.some()}")
            array = self.left.pop(key)
            if array.size != len(layers) * layers[0].size or array.shape[-1:] != (layers[0].size,):
                raise FormatError(
                    f"tensor {key!r} has shape {array.shape}, expected "
                    f"{(len(layers), 1, layers[0].size)}, as the state of every layer"
                )
            values.append(array.reshape(len(layers), -1))
        return np.concatenate([value[number] for number in range(len(layers)) for value in values])

    def cell(self, keys: Mapping[tuple[int, str], str]) -> str:
        """The kind of cell that the shape of the first recurrent matrix tells."""
        key = keys.get((0, "weight_hh"), next(iter(keys.values())))
        shape = self.tensors.arrays[key].shape
        gates = shape[0] / max(shape[1], 1) if len(shape) == 2 else 1
        kinds = {4: "lstm", 3: "gru", 1: "rnn"}
        if any(part == "weight_hr" for _, part in keys):
            return "lstm"
        if gates not in kinds:
            raise FormatError(
                f"tensor {key!r} has shape {shape}, which is that of no LSTM (4·H, H), GRU "
                "(3·H, H) or RNN (H, H)"
            )
        return kinds[int(gates)]

    def described(self, prefix: str, keys: Mapping[tuple[int, str], str]) -> str:
        key = keys.get((0, "weight_hh"), next(iter(keys.values())))
        depth = 1 + max(number for number, _ in keys)
        title, shape = CELLS[self.cell(keys)].title, self.tensors.arrays[key].shape
        return f"{prefix}* ({depth}-layer {title} of {shape[-1]} cells)"

    def layer(
        self, cell: str, prefix: str, number: int, keys: Mapping[tuple[int, str], str]
    ) -> Layer:
        names = {part: keys.get((number, part)) for part in ARRAYS}
        where = f"of layer {number} of {prefix + '*'!r} is missing"
        for part in ARRAYS[:2]:
            if names[part] is None:
                raise FormatError(f"{part} {where}; it has {', '.join(sorted(keys.values()))}")
        missing = [part for part in ARRAYS[2:] if names[part] is None]
        if len(missing) == 1:
            raise FormatError(f"{missing[0]} {where}, but the other bias is there")
        arrays = {part: self.left.pop(key) for part, key in names.items() if key is not None}
        rows = len(np.atleast_1d(arrays["weight_hh"]))
        arrays |= {part: np.zeros(rows) for part in missing}
        try:
            return Layer(CELLS[cell], *(arrays[part] for part in ARRAYS))
        except ReberLSTMError as error:
            raise FormatError(f"layer {number} of {prefix}*: {error}") from None

    # Symbols

    def rows_of(self, symbols: Iterable[str]) -> tuple[int, ...]:
        """The row or column of each symbol."""
        padding = self.given.padding
        at = {symbol: row for row, symbol in enumerate(self.all_symbols)}
        return tuple(at[x] + (padding is not None and at[x] >= padding) for x in symbols)

    @property
    def number_of_rows(self) -> int:
        return len(self.all_symbols) + (self.given.padding is not None)

    def input_vectors(self) -> Floats:
        """The vector of each row: an embedding, or one-hot vectors, (rows, D)."""
        padding = self.given.padding
        if padding is not None and not 0 <= padding <= len(self.all_symbols):
            raise FormatError(f"padding={padding} is no row of 0 to {len(self.all_symbols)}")
        into = self.input_layers()
        reads = into[0][1].weight.shape[1] if into else self.inputs
        name = self.embedding(reads)
        self.one_hot = name is None
        if name is None:
            if reads != self.number_of_rows:
                raise self.unread_inputs(reads)
            table = np.eye(reads)
        else:
            table = self.embedded(name)
        for layer, head, activation in into:
            if head.weight.shape[1] != table.shape[1]:
                raise FormatError(
                    f"'{layer}.weight' {head.weight.shape} does not read vectors of size "
                    f"{table.shape[1]}; name the layers of input_layer=... in order"
                )
            table = table @ head.weight.T + head.bias
            if activation:
                table = np.maximum(table, 0.0) if activation == "relu" else np.tanh(table)
        if table.shape[1] != self.inputs:
            raise FormatError(
                f"the last layer of input_layer=... gives vectors of size {table.shape[1]}, but "
                f"the recurrent layer reads vectors of size {self.inputs}"
            )
        return table

    def input_layers(self) -> list[tuple[str, Head, str]]:
        """Linear layers between a symbol and the recurrent layer, each with what follows it.

        What they make of a symbol is a vector that never changes, so they are read as a part of the
        embedding.
        """
        linear, asked = _linear_layers(self.left), self.given.input_layer
        if asked is None and self.known.run:
            asked = self.only_input_layer(linear)
        found = []
        for part in asked.split(",") if asked else ():
            wanted, _, activation = part.strip().partition(":")
            name = _named(wanted, linear)
            if name is None or activation not in ("", "relu", "tanh"):
                raise FormatError(
                    f"input_layer={part.strip()!r} is no linear layer; such are "
                    f"{', '.join(linear) or 'none'}; where relu or tanh follows one, name it as "
                    "in input_layer='NAME:relu'"
                )
            weight, bias = linear[name]
            bias = np.zeros(len(weight)) if bias is None else bias
            found.append((name, Head(weight, bias), activation))
            for end in ("weight", "bias"):
                self.left.pop(f"{name}.{end}", None)
        return found

    def only_input_layer(self, linear: Mapping[str, tuple[Floats, Floats | None]]) -> str | None:
        """Of a module that is run afterwards: the linear layer that must be before the recurrent.

        It is one where the embedding, or one-hot vectors, are not what the recurrent layer reads.
        """
        tables = [linear[name][0] for name in self.known.embeddings or {} if name in linear]
        reads = tables[0].shape[1] if len(tables) == 1 else self.number_of_rows
        if len(tables) > 1 or reads == self.inputs:
            return None
        fits = [name for name in linear if linear[name][0].shape == (self.inputs, reads)]
        fits = [name for name in fits if name not in (self.known.embeddings or {})]
        if len(fits) != 1:
            return None
        self.doubt = (
            f"'{fits[0]}.weight' {linear[fits[0]][0].shape} may be a linear layer before the "
            f"recurrent one; if it is, say input_layer={fits[0]!r}"
        )
        return fits[0]

    def unread_inputs(self, reads: int) -> FormatError:
        """Why neither one-hot vectors nor an embedding are what is read, and what may be."""
        symbols = len(self.all_symbols)
        candidates = [
            name
            for name, (weight, _) in _linear_layers(self.left).items()
            if len(weight) == reads and not self.is_head(name)
        ]
        text = (
            f"the recurrent layer reads vectors of size {reads}, but the alphabet has {symbols} "
            "symbols"
        )
        if not candidates:
            return FormatError(f"{text}; give one symbol for each column")
        key = f"{candidates[0]}.weight"
        return FormatError(
            f"{text}; if {key!r} {self.left[key].shape} is a linear layer before it, say "
            f"input_layer={candidates[0]!r}"
        )

    def embedded(self, name: str) -> Floats:
        """The rows of the embedding."""
        table = self.left.pop(f"{name}.weight")
        rows = len(table)
        told = (self.known.embeddings or {}).get(name)
        if self.given.padding is None and told is not None and rows == len(self.all_symbols) + 1:
            self.given = replace(self.given, padding=told)
        if rows != self.number_of_rows:
            raise FormatError(
                f"'{name}.weight' embeds {rows} symbols, but the alphabet has "
                f"{len(self.all_symbols)}; give a symbol for each row"
                + (", or padding=ROW for a row that is none" if self.given.padding is None else "")
            )
        return table

    def embedding(self, reads: int) -> str | None:
        """The name of the embedding, where there is one, of vectors of the size that is read."""
        linear = _linear_layers(self.left)
        found = [x for x, (_, bias) in linear.items() if bias is None]
        found = [x for x in found if linear[x][0].shape[1] == reads]
        asked, known = self.given.embedding, self.known.embeddings
        if asked is not None:
            name = _named(asked, found)
            if name is None:
                raise FormatError(
                    f"embedding={asked!r} is no matrix of {reads} columns, as "
                    f"the layer after it reads; such are {', '.join(found) or 'none'}"
                )
            return name
        if known is not None:
            if len(known) > 1 or not set(known) <= set(found):
                raise FormatError(
                    f"the embeddings are {', '.join(known)}; one is read, of vectors of size "
                    f"{reads}, which the layer after it reads; name linear layers between them "
                    "with input_layer=..."
                )
            return next(iter(known), None)
        heads = {self.given.head, *(self.given.heads or {}).values()}
        found = [name for name in found if name not in heads and not self.is_head(name)]
        named = [name for name in found if "emb" in name.lower()]
        if reads == self.number_of_rows:
            # One-hot vectors would do; then such a matrix is the head, if it is anything.
            if found and (named or len(linear) > 1 or reads != self.size):
                raise FormatError(
                    f"'{found[0]}.weight' {self.left[found[0] + '.weight'].shape} may be an "
                    "nn.Embedding or an nn.Linear; if it is an nn.Embedding, say "
                    f"embedding={found[0]!r}; if it is a linear layer before the recurrent one, "
                    f"say input_layer={found[0]!r}"
                )
            return None
        if len(named or found) > 1:
            raise FormatError(
                f"{' and '.join(map(repr, found))} may each be the embedding; say "
                f"embedding={found[0]!r}, or which it is"
            )
        return next(iter(named or found), None)

    def is_head(self, name: str) -> bool:
        weight = self.left[f"{name}.weight"]
        unit = Unit(name, (name,), (Head(weight, np.zeros(len(weight))),), "")
        return weight.shape[1] == self.size and self.is_named(unit)

    # Heads

    def units(self) -> list[Unit]:
        """What could be heads; refuses everything that is no linear layer."""
        linear = _linear_layers(self.left)
        used = {key for name in linear for key in (f"{name}.weight", f"{name}.bias")}
        known = self.known.linear
        strange = [
            key
            for key in self.left
            if key not in used or (known is not None and key.rpartition(".")[0] not in known)
        ]
        if strange:
            # Matrices first: they say more than biases.
            key = max(strange, key=lambda key: self.left[key].ndim)
            raise self.no_place(key, self.why_strange(key))
        layers = {
            name: Head(weight, np.zeros(len(weight)) if bias is None else bias)
            for name, (weight, bias) in linear.items()
        }
        head, activation = self.given.head, self.given.head_activation
        chains: dict[str, tuple[tuple[str, ...], str | None]] = dict(self.known.chains or {})
        if self.known.chains is None:
            chains = {parent: (parts, activation) for parent, parts in _numbered(layers).items()}
        if head is not None and "," in head:
            parts = tuple(part.strip() for part in head.split(","))
            missing = [part for part in parts if part not in layers]
            if missing:
                raise FormatError(f"no linear layer {missing[0]!r} for head={head!r}")
            chains[head] = parts, activation
        chained = {part for parts, _ in chains.values() for part in parts}
        single = [name for name in layers if name not in chained]
        if activation and not chains and len(single) > 1:
            order = self.only_order({name: layers[name] for name in single})
            chains[order[-1]], single = (order, activation), []
        units = [Unit(name, (name,), (layers[name],), "") for name in single]
        for name, (parts, between) in chains.items():
            units.append(Unit(name, parts, tuple(layers[part] for part in parts), between))
        for unit in units:
            self.check_unit(unit)
        return units

    def why_strange(self, key: str) -> str:
        """Why a tensor is no part of a linear layer, and what can be done."""
        shape, name = self.left[key].shape, key.rpartition(".")[0]
        alone = not any(other != key and other.startswith(f"{name}.") for other in self.left)
        if alone and shape[-1:] and shape[-1] in self.sizes and math.prod(shape) <= 8 * shape[-1]:
            return (
                "it is no part of a linear layer; if words begin in it, name the tensors of h "
                "(and c), as in initial='h0,c0'"
            )
        pair = [self.left.get(f"{name}.{part}") for part in ("weight", "bias")]
        if len(shape) == 1 and all(x is not None and x.shape == shape for x in pair):
            return (
                "normalisation is not read; if it is of what is embedded, save what it makes "
                f"of every symbol as the weights of an nn.Embedding; else {STEPPED}"
            )
        if shape == (len(self.all_symbols),) and not self.one_hot:
            return (
                "it is no part of a linear layer that reads h; if the embedding is the head's "
                "weight, too, save it under both names, as in state['head.weight'] = "
                "state['embedding.weight'], and this as 'head.bias'"
            )
        return "it is no part of a linear layer that reads h"

    def only_order(self, layers: Mapping[str, Head]) -> tuple[str, ...]:
        """The only order in which linear layers can read each other, the first of them h."""
        found = [
            names
            for names in itertools.permutations(layers)
            if [layers[name].weight.shape[1] for name in names]
            == [self.size, *(len(layers[name].weight) for name in names[:-1])]
        ]
        if len(found) != 1:
            names = ",".join(layers)
            raise FormatError(
                f"the order in which the linear layers {names} read each other is not told by "
                f"their sizes; name them in order, as in head={names!r}"
            )
        return found[0]

    def check_unit(self, unit: Unit) -> None:
        if unit.activation is None:
            raise FormatError(
                f"{' and '.join(repr(part + '.weight') for part in unit.parts)} are parts of one "
                "head of several linear layers; say what stands between them with "
                "head_activation='relu' or 'tanh'"
            )
        inputs = self.size
        for part, layer in zip(unit.parts, unit.layers, strict=True):
            if layer.weight.shape[1] != inputs:
                what = "h" if layer is unit.layers[0] else "the layer before it"
                hint = f"; if it is before the recurrent layer, say input_layer={part!r}"
                raise self.no_place(
                    f"{part}.weight",
                    f"{what} has {inputs} numbers; if it reads another linear layer, say what "
                    "stands between them with head_activation='relu' or 'tanh'"
                    + (hint if len(layer.weight) == self.inputs else ""),
                )
            inputs = len(layer.weight)

    def chosen(self, units: list[Unit]) -> dict[Kind, Unit]:
        """Which head is of which kind."""
        doubt = self.doubt_of(units)
        self.doubt = doubt or self.doubt
        try:
            return self.by_kind(units)
        except FormatError:
            # What is asked for there could not be answered rightly while this is in doubt.
            if doubt is not None:
                raise FormatError(doubt) from None
            raise

    def by_kind(self, units: list[Unit]) -> dict[Kind, Unit]:
        given = self.given
        kind = _kind(given.kind) if given.kind is not None else None
        if given.heads is not None:
            told = {_kind(kind): name for kind, name in given.heads.items()}
            return {k: self.fitting(k, self.unit(name, units, k)) for k, name in told.items()}
        if given.head is not None:
            unit = self.unit(given.head, units, kind)
            kind = kind or self.kind_of(unit)
            return {kind: self.fitting(kind, unit)}
        if kind is not None:
            found = [unit for unit in units if self.fits(kind, unit.rows)]
            found = [unit for unit in found if unit.kind == kind] or [
                unit
                for unit in found
                if unit.kind in (None, "next") or not self.fits(unit.kind, unit.rows)
            ]
            if not found and len(units) == 1:
                found = [self.fitting(kind, units[0])]
            if len(found) != 1:
                names = ", ".join(str(unit) for unit in found or units)
                raise FormatError(
                    f"{len(found) or 'no'} linear layers may be the head {kind!r}: "
                    f"{names or 'there is none'}" + ("; say which with head=..." if found else "")
                )
            return {kind: found[0]}
        heads: dict[Kind, Unit] = {}
        for unit in units:
            kind = self.kind_of(unit)
            if kind in heads:
                raise FormatError(
                    f"both {heads[kind].name!r} and {unit.name!r} could be the head {kind!r}; say "
                    "which with head=..."
                )
            heads[kind] = unit
        return heads

    def unit(self, name: str, units: list[Unit], kind: str | None) -> Unit:
        found = [unit for unit in units if name in (unit.name, unit.parts[-1])]
        called = _named(name, [unit.name for unit in units])
        found = found or [unit for unit in units if unit.name == called]
        if found:
            return found[0]
        inner = [unit for unit in units if name in unit.parts]
        if inner:
            raise FormatError(
                f"{name!r} is a part of the head {inner[0].name!r}; name that with "
                f"head={inner[0].name!r}"
            )
        raise FormatError(
            f"head {kind or name!r}: no tensor {name + '.weight'!r}; the file has {self.some()}"
        )

    def is_named(self, unit: Unit) -> bool:
        """Whether its name says which head it is."""
        return unit.kind is not None and self.fits(unit.kind, unit.rows)

    def kind_of(self, unit: Unit) -> Kind:
        """The kind that a head's name says, or else its size."""
        if unit.kind is not None and self.is_named(unit):
            return unit.kind
        rows = unit.rows
        sizes: dict[Kind, bool] = {
            "legal": rows in self.sizes_of_symbols,
            "accept": rows == 1 or (rows == 2 and len(self.given.labels) != 2),
            "label": rows == len(self.given.labels),
        }
        kinds = [kind for kind, fits in sizes.items() if fits]
        if not kinds:
            raise self.no_place(
                f"{unit.parts[-1]}.weight",
                f"{rows} outputs are neither one for each of {len(self.symbols)} symbols nor one "
                "or two for acceptance; for a label give kind='label' or labels=...",
            )
        if len(kinds) > 1:
            raise FormatError(
                f"{unit.name!r} has {rows} output{'s' * (rows > 1)}, which may tell "
                f"{' or '.join(kinds)}; give kind={' or '.join(map(repr, kinds))}"
            )
        return kinds[0]

    @property
    def sizes_of_symbols(self) -> set[int]:
        return {self.number_of_rows, len(self.all_symbols), len(self.symbols)}

    def fits(self, kind: Kind, rows: int) -> bool:
        if kind == "label":
            return rows == len(self.given.labels) if self.given.labels else rows > 1
        return rows in ((1, 2) if kind == "accept" else self.sizes_of_symbols)

    def fitting(self, kind: Kind, unit: Unit) -> Unit:
        if not self.fits(kind, unit.rows):
            expected = {"accept": 1, "label": len(self.given.labels)}.get(kind, len(self.symbols))
            raise FormatError(
                f"head {kind!r}: '{unit.parts[-1]}.weight' has shape "
                f"{unit.layers[-1].weight.shape}, expected {(expected, unit.inputs)}"
            )
        return unit

    def doubt_of(self, units: list[Unit]) -> str | None:
        """Where a head could read what another linear layer gives, as sizes do not tell."""
        told = set((self.given.heads or {}).values())
        sure = {unit for unit in units if self.is_named(unit) or told & {unit.name, *unit.parts}}
        for first, second in itertools.permutations(units, 2):
            if first.rows == second.inputs and not {first, second} <= sure:
                return (
                    f"{second} may read h, or the {first.rows} numbers that {first} gives; say "
                    "what stands between them with head_activation='relu' or 'tanh', "
                    "or give the module itself in Python"
                )
        return None

    def usual(self, kind: Kind, unit: Unit, rule: Rule | None = None) -> Readout:
        """The readout by the rule that such a head has where nothing else is said."""
        layers, extra = unit.layers, 0
        if kind in ("legal", "next") and unit.rows != len(self.symbols):
            layers, extra = self.in_order(layers), unit.rows - len(self.symbols)
        if rule is None:
            rule = usual_rule(kind, unit.rows)
            if kind == "legal" and unit.kind != "legal":
                rule = Rule("softmax", SOFTMAX_THRESHOLD)
        source = "" if unit.name == kind else unit.name
        return Readout(kind, rule, layers, unit.activation or "", source, extra)

    def in_order(self, layers: tuple[Head, ...]) -> tuple[Head, ...]:
        """The outputs of the net's symbols first, those of other rows after them."""
        last, total = layers[-1], len(layers[-1].weight)
        rows = self.rows_of(self.symbols)
        if total != self.number_of_rows:  # no output for padding
            rows = tuple(self.all_symbols.index(symbol) for symbol in self.symbols)
        order = [*rows, *(row for row in range(total) if row not in rows)]
        return (*layers[:-1], Head(last.weight[order], last.bias[order]))

    def readouts(self, chosen: Mapping[Kind, Unit]) -> dict[str, Readout]:
        """The heads, those that can be by the rule asked for, which has to fit one of them."""
        asked = self.given.readout
        rules = {kind: (*ALLOWED[kind], *["softmax"] * (kind == "accept")) for kind in chosen}
        fitting = [kind for kind in chosen if asked is None or asked.function in rules[kind]]
        found: dict[str, Readout] = {}
        for kind, unit in chosen.items():
            rule = asked if kind in fitting or not fitting else None
            if kind == "accept" and rule is not None:
                found[kind] = self.acceptor(unit, rule)
            else:
                found[kind] = self.usual(kind, unit, rule)
        return found

    def acceptor(self, unit: Unit, rule: Rule) -> Readout:
        """An acceptor by a rule of one number: of two outputs the logit of yes over no."""
        if rule.function == "softmax":
            if unit.rows == 1:
                raise FormatError(
                    f"{unit.name!r} has one output, of which a softmax makes 1 always; give "
                    "readout='logit>0'"
                )
            rule = Rule("logit", math.log(rule.threshold / (1.0 - rule.threshold)))
        if unit.rows == 2 and rule == Rule("logit", 0.0):
            # The same, for the two numbers that the net itself compares.
            rule = Rule("argmax")
        if unit.rows == 2 and rule.function == "logit":
            last = unit.layers[-1]
            one = Head(last.weight[1:] - last.weight[:1], last.bias[1:] - last.bias[:1])
            unit = replace(unit, layers=(*unit.layers[:-1], one))
        return self.usual("accept", unit, rule)

    def reads_end(self, chosen: Mapping[Kind, Unit]) -> bool:
        """Whether the heads are read after the suffix: what may come next is told before it."""
        before = [kind for kind in chosen if kind in ("legal", "next")]
        after = [kind for kind in chosen if kind not in before]
        if self.given.suffix and before and after:
            raise FormatError(
                f"suffix=... is fed before the head {after[0]!r} is read, and after the head "
                f"{before[0]!r} is; choose one with kind={after[0]!r} or {before[0]!r}"
            )
        return not before

    # Messages

    def no_place(self, key: str, why: str) -> FormatError:
        shape = self.tensors.arrays[key].shape
        return FormatError(f"tensor {key!r} {shape} has no place in this net: {why}")

    def some(self, most: int = 8) -> str:
        names = list(self.tensors.arrays)
        more = f", … ({len(names)} in all)" if len(names) > most else ""
        return (", ".join(names[:most]) or "no tensors") + more


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        raise FormatError(f"unknown head {kind!r}; the heads are {', '.join(KINDS)}")
    return kind


def _linear_layers(arrays: Mapping[str, Floats]) -> dict[str, tuple[Floats, Floats | None]]:
    """Weights and biases of what has the shapes of a linear layer, by its name."""
    found = {}
    for key, weight in arrays.items():
        name, _, part = key.rpartition(".")
        if part == "weight" and weight.ndim == 2:
            parts = {other for other in arrays if other.rpartition(".")[0] == name}
            bias = arrays.get(f"{name}.bias")
            whole = parts <= {key, f"{name}.bias"}
            if whole and (bias is None or bias.shape == weight.shape[:1]):
                found[name] = weight, bias
    return found


def _named(asked: str, names: Iterable[str]) -> str | None:
    """The name that is asked for, or the only one that ends so: ``fc`` for ``model.fc``."""
    names = list(names)
    found = [name for name in names if name == asked]
    found = found or [name for name in names if name.endswith(f".{asked}")]
    return found[0] if len(found) == 1 else None


def _without_wrappers(arrays: Mapping[str, Floats]) -> dict[str, Floats]:
    """The tensors under the names of the module itself.

    `torch.compile` puts ``_orig_mod`` into names; `nn.DataParallel`, its distributed kin and
    `AveragedModel`, which counts besides, put ``module`` before all of them.
    """
    result = {re.sub(r"(^|(?<=\.))_orig_mod\.", "", key): x for key, x in arrays.items()}
    if len(result) < len(arrays):
        return dict(arrays)  # two would get one name
    inner = {key: x for key, x in result.items() if key != "n_averaged"}
    if inner and all(key.startswith("module.") for key in inner):
        result = inner
    while result and all(key.startswith("module.") for key in result):
        result = {key.removeprefix("module."): x for key, x in result.items()}
    return result


_PARAMETRISED = (
    (r"(.+)\.parametrizations\.(\w+)\.\w+", "torch.nn.utils.parametrize.remove_parametrizations"),
    (r"(.+)\.(\w+)_[gv]", "torch.nn.utils.remove_weight_norm"),
    (r"(.+)\.(\w+)_orig", "torch.nn.utils.prune.remove or remove_spectral_norm"),
)
"""Names of tensors of which a module computes a weight, and what puts the weight in their place."""


def _check_parametrised(arrays: Mapping[str, Floats]) -> None:
    for pattern, remedy in _PARAMETRISED:
        for key in arrays:
            match = re.fullmatch(pattern, key)
            if match is not None and f"{match[1]}.{match[2]}" not in arrays:
                raise FormatError(
                    f"tensor {key!r} is a part from which the weight {match[1]}.{match[2]} is "
                    f"computed; before saving, call {remedy}(module.{match[1]}, {match[2]!r})"
                )


def _numbered(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Layers that are numbered parts of one whole, in order, by its name."""
    found: dict[str, dict[int, str]] = {}
    for name in names:
        parent, _, number = name.rpartition(".")
        if number.isdecimal():
            found.setdefault(parent, {})[int(number)] = name
    several = {parent: parts for parent, parts in found.items() if len(parts) > 1}
    return {parent: tuple(parts[x] for x in sorted(parts)) for parent, parts in several.items()}


def _check_finite(arrays: Mapping[str, Floats]) -> None:
    for key, array in arrays.items():
        wrong = np.argwhere(~np.isfinite(array))
        if len(wrong):
            at = [int(number) for number in wrong[0]]
            raise FormatError(
                f"{key}{at} is {array[tuple(at)]}; weights must be finite, so the training went "
                "wrong, or the file did"
            )


def _alphabet_in(metadata: Mapping[str, str]) -> tuple[str, ...] | None:
    """The symbols, where the file names them, as those of `reberlstm train` do."""
    try:
        symbols = json.loads(metadata.get("alphabet", ""))
    except (ValueError, RecursionError):
        return None
    named = isinstance(symbols, list) and all(isinstance(symbol, str) for symbol in symbols)
    return tuple(symbols) if named else None


def _grammar_in(tensors: Tensors, symbols: tuple[str, ...]) -> Any:
    """The machine that a net was trained on, where its file names it."""
    if "grammar" not in tensors.metadata or _alphabet_in(tensors.metadata) is None:
        return None
    grammar = toml.read(tensors.metadata["grammar"], "metadata 'grammar'")
    return grammar if grammar.alphabet == symbols else None
