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
from collections.abc import Iterable, Mapping
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
    that read each other with the activation between them; None where nothing tells.
    """

    embeddings: Mapping[str, int | None] | None = None
    linear: frozenset[str] | None = None
    cells: Mapping[str, str] = field(default_factory=dict)
    chains: Mapping[str, tuple[tuple[str, ...], str]] | None = None


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
    fed before and after every word. A doubt is what only a run of the original can settle.
    """

    net: Net
    units: Mapping[Kind, Unit]
    rows: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    doubt: str | None


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
        self.tensors, self.given, self.known = tensors, given, structure
        self.left = dict(tensors.arrays)
        self.doubt: str | None = None
        _check_finite(tensors.arrays)
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
        table = self.input_vectors()
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
        start = None
        if before:
            numbers = tuple(map(str, range(len(table))))
            bare = Net(alphabet=numbers, layers=layers, heads={}, embedding=table, dtype=dtype)
            start = bare.start()
            for row in before:
                start = bare.step(start, np.array([row]))
        net = Net.of(
            alphabet=self.symbols,
            layers=layers,
            heads=heads,
            embedding=None if np.array_equal(vectors, np.eye(len(rows))) else vectors,
            start_state=None if start is None else start[0],
            suffix=table[list(after)] if after else None,
            cells=tuple(f"c{number}" for number in range(self.size)) if len(layers) == 1 else (),
            labels=labels,
            grammar=_grammar_in(self.tensors, self.symbols),
            claims=self.tensors.metadata.get("claims", "legal"),
            dtype=dtype,
        )
        one_hot = np.array_equal(table, np.eye(len(table)))
        outputs = {str(kind): unit.rows for kind, unit in chosen.items()}
        origin = Origin(rows, before, after, len(table) if one_hot else None, outputs)
        net = net.replace(origin=origin)
        return Foreign(net, chosen, rows, before, after, self.doubt)

    # Recurrent layers

    def recurrent_layers(self) -> tuple[Layer, ...]:
        """The layers of the stack asked for, or of the only one."""
        stacks: dict[str, dict[tuple[int, str], str]] = {}
        for key in self.tensors.arrays:
            match = RECURRENT.fullmatch(key)
            if match is not None:
                part = match["part"] + (match["reverse"] or "")
                stacks.setdefault(match["prefix"], {})[int(match["layer"] or 0), part] = key
        chosen, layer = sorted(stacks), self.given.layer
        if layer is not None:
            chosen = [x for x in chosen if x.removesuffix(".") == layer.removesuffix(".")]
        if len(chosen) != 1:
            found = ", ".join(self.described(prefix, keys) for prefix, keys in stacks.items())
            hint = "; choose one with layer=..." if len(stacks) > 1 or layer else ""
            raise FormatError(
                f"expected one recurrent layer, found {found or 'none among ' + self.some()}{hint}"
            )
        (prefix,) = chosen
        keys = stacks[prefix]
        stack = self.described(prefix, keys)
        if any(part.endswith("_reverse") for _, part in keys):
            raise FormatError(
                f"{stack} is bidirectional: it reads words from their end as well, so it has no "
                "memory that grows with the word; train a forward one"
            )
        if any(part == "weight_hr" for _, part in keys):
            raise FormatError(
                f"{stack} is an LSTM with a projection of h (proj_size), which is not read; train "
                "one without"
            )
        cell = self.known.cells.get(prefix) or self.cell(keys)
        if cell == "rnn" and (self.given.nonlinearity or "tanh") != "tanh":
            cell = "rnn-relu"
        depth = 1 + max(number for number, _ in keys)
        return tuple(self.layer(cell, prefix, number, keys) for number in range(depth))

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
        name = self.embedding()
        if name is None:
            if self.inputs != self.number_of_rows:
                raise FormatError(
                    f"the recurrent layer reads vectors of size {self.inputs}, but the alphabet "
                    f"has {len(self.all_symbols)} symbols; give one symbol for each column"
                )
            return np.eye(self.inputs)
        table = self.left.pop(f"{name}.weight")
        rows = len(table)
        told = (self.known.embeddings or {}).get(name)
        if padding is None and told is not None and rows == len(self.all_symbols) + 1:
            self.given = replace(self.given, padding=told)
        if rows != self.number_of_rows:
            raise FormatError(
                f"'{name}.weight' embeds {rows} symbols, but the alphabet has "
                f"{len(self.all_symbols)}; give a symbol for each row"
                + (", or padding=ROW for a row that is none" if padding is None else "")
            )
        return table

    def embedding(self) -> str | None:
        """The name of the embedding, where there is one."""
        linear = _linear_layers(self.left)
        found = [x for x, (_, bias) in linear.items() if bias is None]
        found = [x for x in found if linear[x][0].shape[1] == self.inputs]
        asked, known = self.given.embedding, self.known.embeddings
        if asked is not None:
            if asked not in found:
                raise FormatError(
                    f"embedding={asked!r} is no matrix of {self.inputs} columns, as "
                    f"the recurrent layer reads; such are {', '.join(found) or 'none'}"
                )
            return asked
        if known is not None:
            if len(known) > 1 or not set(known) <= set(found):
                raise FormatError(
                    f"the embeddings are {', '.join(known)}; one is read, of "
                    f"vectors of size {self.inputs}, which the recurrent layer reads"
                )
            return next(iter(known), None)
        heads = {self.given.head, *(self.given.heads or {}).values()}
        found = [name for name in found if name not in heads and not self.is_head(name)]
        named = [name for name in found if "emb" in name.lower()]
        if self.inputs == self.number_of_rows:
            # One-hot vectors would do; then such a matrix is the head, if it is anything.
            if found and (named or len(linear) > 1 or self.inputs != self.size):
                raise FormatError(
                    f"'{found[0]}.weight' {self.left[found[0] + '.weight'].shape} may be an "
                    "nn.Embedding or an nn.Linear; if it is an nn.Embedding, say "
                    f"embedding={found[0]!r}; a linear layer before the recurrent one is not read"
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
            raise self.no_place(key, "it is no part of a linear layer that reads h")
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
                raise self.no_place(
                    f"{part}.weight",
                    f"{what} has {inputs} numbers; if it reads another linear layer, say what "
                    "stands between them with head_activation='relu' or 'tanh'",
                )
            inputs = len(layer.weight)

    def chosen(self, units: list[Unit]) -> dict[Kind, Unit]:
        """Which head is of which kind."""
        self.doubt = self.doubt_of(units)
        try:
            return self.by_kind(units)
        except FormatError:
            # What is asked for there could not be answered rightly while this is in doubt.
            if self.doubt is not None:
                raise FormatError(self.doubt) from None
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
