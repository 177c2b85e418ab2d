"""What a certificate is about: a net and a machine, as the checker reads files of them itself.

`read_net` and `read_machine` interpret the bytes of a safetensors file of this package and of a
grammar in TOML, with nothing but the standard library and numpy, so a fault of the loaders that
every command uses cannot prove the wrong net. What they return has the attributes of the nets and
machines of this package that the checker reads, so it takes either. `check_net` and `machine_of`
verify the form of both.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.checker.counters import CounterMachine, read_counter_machine
from reberlstm.certificates.checker.document import compact, demand, parsed, well_formed

Floats = NDArray[np.float64]

BLOCKS = {"lstm": 4, "toy": 3, "gru": 3, "gru-before": 3, "rnn": 1, "rnn-relu": 1}
"""How many blocks of rows the weights of a layer have, by kind of cell."""

PARTS = {"lstm": "hc", "toy": "c"} | dict.fromkeys(("gru", "gru-before", "rnn", "rnn-relu"), "h")
"""The parts of a layer's state, each a letter; the first one is what gates and heads read."""

HEADS = ("legal", "accept", "label")
RULES = {
    "legal": ("logit", "softmax", "tanh"),
    "accept": ("logit", "tanh", "argmax"),
    "label": ("argmax",),
    "next": ("softmax",),
}
"""The rules that a head may have."""

RULES_OF_VERSION_1 = {"legal": "logit > 0", "accept": "logit > 0", "label": "argmax"}
CELLS_OF_VERSION_1 = {"lstm": "standard", "toy": "published"}
SPARSE = ("default", "starts", "columns", "values")
FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


class Cell(NamedTuple):
    """A kind of cell."""

    name: str


@dataclass(frozen=True, eq=False)
class Sparse:
    """A matrix with one number in each row, but for the entries of some columns, row by row."""

    default: Floats
    starts: NDArray[np.intp]
    columns: NDArray[np.intp]
    values: Floats
    shape: tuple[int, int]

    def __len__(self) -> int:
        return self.shape[0]


def is_sparse(weight: Any) -> bool:
    """Whether weights are a default for each row and entries, rather than an array."""
    return hasattr(weight, "starts")


class Layer(NamedTuple):
    """A layer's arrays: (G·H, inputs), (G·H, H), and twice (G·H,)."""

    cell: Cell
    weight_ih: Floats
    weight_hh: Any  # an array, or sparse
    bias_ih: Floats
    bias_hh: Floats


class Linear(NamedTuple):
    """A linear layer of a head, (R, H) and (R,)."""

    weight: Floats
    bias: Floats


class Rule(NamedTuple):
    """How a head's numbers become an answer."""

    function: str
    threshold: float

    def __str__(self) -> str:
        return self.function + ("" if self.function == "argmax" else f" > {self.threshold:g}")


class Head(NamedTuple):
    """A head with its rule; its last `extra` outputs count in a softmax and are not read."""

    rule: Rule
    layers: tuple[Linear, ...]
    activation: str
    extra: int


@dataclass(frozen=True)
class Net:
    """A net as its file says it; see docs/export.md for the file."""

    name: str
    alphabet: tuple[str, ...]
    cells: tuple[str, ...]
    labels: tuple[str, ...]
    claims: str
    on_violation: str
    layers: tuple[Layer, ...]
    heads: Mapping[str, Head]
    embedding: Floats | None
    start_state: Floats | None
    suffix: Floats | None
    grammar: Machine | CounterMachine | None


@dataclass(frozen=True)
class Machine:
    """A machine: for each state the state to which each symbol leads."""

    name: str
    alphabet: tuple[str, ...]
    start: str
    accepting: frozenset[str]
    transitions: Mapping[str, Mapping[str, str]]
    outputs: Mapping[str, str]

    def __str__(self) -> str:
        return self.name or f"machine of {len(self.transitions)} states"

    def text(self, word: Sequence[str]) -> str:
        """A word as it is written on the command line."""
        return ("" if all(len(symbol) == 1 for symbol in self.alphabet) else " ").join(word)


# Machines


def machine_of(given: Any) -> Machine:
    """The machine in the fields of an object, its form verified."""
    machine = Machine(
        str(getattr(given, "name", "")),
        tuple(given.alphabet),
        given.start,
        frozenset(given.accepting),
        {state: dict(line) for state, line in given.transitions.items()},
        dict(given.outputs),
    )
    states, symbols = machine.transitions, set(machine.alphabet)
    demand(machine.start in states, "the start of the machine is none of its states")
    demand(machine.accepting <= set(states), "an accepting state is no state of the machine")
    demand(set(machine.outputs) <= set(states), "an output is of no state of the machine")
    for line in states.values():
        demand(set(line) <= symbols, "a transition is on no symbol of the alphabet")
        demand(set(line.values()) <= states.keys(), "a transition leads to no state of the machine")
    names = [*machine.alphabet, *states, *machine.outputs.values()]
    demand(all(isinstance(name, str) for name in names), "a name in the machine is no text")
    demand(len(symbols) == len(machine.alphabet), "a symbol stands twice in the alphabet")
    return machine


@well_formed
def read_machine(content: bytes, name: str) -> Machine | CounterMachine:
    """The machine in a grammar of TOML, see docs/formats.md."""
    data = tomllib.loads(content.decode())
    if "counters" in data:
        return read_counter_machine(data, name)
    fields = {"alphabet", "start", "accepting", "transitions", "outputs"}
    about = {"name", "title", "source", "probabilities", "stop"}  # these change no word's answer
    demand(set(data) <= fields | about, "the grammar has keys that are not known")
    return machine_of(
        Machine(
            data.get("name", "") or name,
            data["alphabet"],
            data["start"],
            data.get("accepting", ()),
            data["transitions"],
            data.get("outputs", {}),
        )
    )


def sha256_of_grammar(machine: Machine) -> str:
    """Of the part of the machine that words can reach."""
    lines = {machine.start: machine.transitions[machine.start]}
    for line in (pending := list(lines.values())):
        for target in line.values():
            if target not in lines:
                lines[target] = machine.transitions[target]
                pending.append(lines[target])
    described = {
        "alphabet": list(machine.alphabet),
        "start": machine.start,
        "accepting": sorted(state for state in lines if state in machine.accepting),
        "transitions": lines,
        "outputs": {state: label for state, label in machine.outputs.items() if state in lines},
    }
    return hashlib.sha256(compact(described)).hexdigest()


# Nets


def is_ours(content: bytes) -> bool:
    """Whether these are the bytes of a safetensors file that this package wrote."""
    begin = 8 + int.from_bytes(content[:8], "little")
    try:
        return json.loads(content[8:begin])["__metadata__"]["format"] in ("1", "2", "3")
    except (LookupError, TypeError, ValueError, RecursionError):
        return False


@well_formed
def read_net(content: bytes, name: str) -> Net:
    """The net in a safetensors file that this package wrote, see docs/export.md.

    The file is the length of its header (8 bytes, little-endian), the header as JSON, and the
    numbers of all arrays. The header says where each array is, and holds our metadata.
    """
    begin = 8 + int.from_bytes(content[:8], "little")
    header, data = dict(parsed(content[8:begin])), content[begin:]
    about = header.pop("__metadata__", {})
    demand(about.get("format") in ("1", "2", "3"), "it is no safetensors file of this package")
    arrays: dict[str, Floats] = {}
    for key, entry in header.items():
        kind, (first, last) = np.dtype(FLOATS[entry["dtype"]]), entry["data_offsets"]
        demand(0 <= first <= last <= len(data), f"tensor {key!r} ends after the file")
        numbers = np.frombuffer(data[first:last], kind).astype(np.float64)
        arrays[key] = numbers.reshape(entry["shape"])
    told = {key: json.loads(about[key]) for key in ("alphabet", "cells", "labels") if key in about}
    demand(all(isinstance(names, list) for names in told.values()), "its names are no lists")
    if about["format"] == "1":
        old = {published: kind for kind, published in CELLS_OF_VERSION_1.items()}
        kinds = [old[about.get("cell", "standard")]]
        rules = RULES_OF_VERSION_1 | {"next": "softmax > 0.1"}
        rules |= {"legal": "tanh > 0.5"} if kinds == ["toy"] else {}
        readouts = {kind: {"rule": rules[kind]} for kind in rules if f"{kind}.weight" in arrays}
        accepts = readouts.get("accept")
        if accepts is not None and len(arrays["accept.weight"]) == 2:
            accepts["rule"] = "argmax"
    else:
        kinds, readouts = json.loads(about["kinds"]), json.loads(about["readouts"])
    prefix = {"toy": "lstm"}.get(kinds[0], kinds[0].partition("-")[0])
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    layers = tuple(
        Layer(Cell(kind), *(_weights(arrays, f"{prefix}.{name}_l{number}", kind) for name in names))
        for number, kind in enumerate(kinds)
    )
    heads = {kind: _head(arrays, kind, told_of) for kind, told_of in readouts.items()}
    net = Net(
        name=about.get("name", "") or name,
        alphabet=tuple(told["alphabet"]),
        cells=tuple(told["cells"]),
        labels=tuple(told.get("labels", ())),
        claims=about.get("claims", "legal"),
        on_violation=about.get("on_violation", "absorb"),
        layers=layers,
        heads=heads,
        embedding=arrays.pop("embedding.weight", None),
        start_state=arrays.pop("start_state", None),
        suffix=arrays.pop("suffix", None),
        grammar=read_machine(about["grammar"].encode(), "") if "grammar" in about else None,
    )
    demand(not arrays, "there are tensors that are not known")
    check_net(net)
    return net


def _weights(arrays: dict[str, Floats], key: str, kind: str) -> Any:
    if f"{key}.default" not in arrays:
        return arrays.pop(key)
    default, values = (arrays.pop(f"{key}.{part}") for part in ("default", "values"))
    starts, columns = (arrays.pop(f"{key}.{part}") for part in ("starts", "columns"))
    counts = [x.astype(np.intp) for x in (starts, columns)]
    whole = all(np.array_equal(x, y) for x, y in zip((starts, columns), counts, strict=True))
    demand(whole, "starts or columns of sparse weights are no whole numbers")
    shape = len(default), len(default) // BLOCKS[kind]
    return Sparse(default, counts[0], counts[1], values, shape)


def _check_sparse(weight: Any) -> None:
    """Demand that every entry is in a place of its own."""
    (rows, width), starts, columns = weight.shape, weight.starts, weight.columns
    fits = all(x.ndim == 1 for x in (weight.default, starts, columns, weight.values))
    fits = fits and len(weight.default) == rows == len(starts) - 1
    fits = fits and starts[0] == 0 and starts[-1] == len(columns) == len(weight.values)
    fits = fits and bool((starts[:-1] <= starts[1:]).all())
    fits = fits and bool(((columns >= 0) & (columns < width)).all())
    if fits:
        places = np.repeat(np.arange(rows), np.diff(starts)) * width + columns
        fits = bool((places[:-1] < places[1:]).all())
    demand(fits, "the parts of sparse weights do not fit together")


def _head(arrays: dict[str, Floats], kind: str, about: Mapping[str, str]) -> Head:
    names = [kind]
    if f"{kind}.weight" not in arrays:  # the linear layers are every other part of a sequence
        numbers = range(0, 2 * len(arrays), 2)
        names = [f"{kind}.{i}" for i in numbers if f"{kind}.{i}.weight" in arrays]
    linear = [Linear(arrays.pop(f"{x}.weight"), arrays.pop(f"{x}.bias")) for x in names]
    rule = rule_of(about["rule"])
    return Head(rule, tuple(linear), about.get("activation", ""), int(about.get("extra", "0")))


def rule_of(text: str) -> Rule:
    """The rule in a text such as ``logit > 0``."""
    function, _, threshold = (part.strip() for part in text.partition(">"))
    demand(bool(threshold) == (function != "argmax"), f"rule {text!r} is not known")
    return Rule(function, float(threshold or 0.0))


def check_net(net: Any) -> None:
    """Demand arrays of the right shapes, so that none is stretched or left over, and the form."""
    width, size = len(net.alphabet) if net.embedding is None else net.embedding.shape[1], 0
    cells = states = 0
    for layer in net.layers:
        kind = layer.cell.name
        demand(kind in BLOCKS, f"cells of kind {kind!r} are not checked yet")
        size = layer.weight_hh.shape[1]
        rows = BLOCKS[kind] * size
        arrays = (layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh)
        shapes = [array.shape for array in arrays]
        fits = shapes == [(rows, width), (rows, size), (rows,), (rows,)]
        if is_sparse(layer.weight_hh):
            _check_sparse(layer.weight_hh)
        demand(fits and size > 0, f"the weights of a layer {kind!r} do not fit together")
        width, cells, states = size, cells + size, states + size * len(PARTS[kind])
    demand(cells > 0 and len(net.cells) == cells, "it has as many names as cells")
    for names in (net.alphabet, net.cells, net.labels):
        demand(all(isinstance(x, str) for x in names), "a name in the net is no text")
        demand(len(set(names)) == len(names), "a name stands twice in the net")
    for kind, head in net.heads.items():
        demand(kind in RULES and head.rule.function in RULES[kind], f"head {kind!r} has no rule")
        width = size
        for linear in head.layers:
            rows = len(linear.bias)
            fits = linear.weight.shape == (rows, width) and linear.bias.shape == (rows,)
            demand(fits, f"the weights of head {kind!r} do not fit together")
            width = rows
        several = len(head.layers) > 1
        demand((head.activation in ("relu", "tanh")) == several, f"what stands in head {kind!r}?")
        outputs = {"accept": 2 if head.rule.function == "argmax" else 1, "label": len(net.labels)}
        right = outputs.get(kind, len(net.alphabet)) + head.extra
        demand(head.layers and width == right and head.extra >= 0, f"head {kind!r} has wrong rows")
        demand(math.isfinite(head.rule.threshold), f"the threshold of head {kind!r} is not finite")
    shapes_of_vectors = (
        (net.embedding, (len(net.alphabet), net.layers[0].weight_ih.shape[1])),
        (net.start_state, (states,)),
        (net.suffix, (*np.shape(net.suffix)[:1], net.layers[0].weight_ih.shape[1])),
    )
    for array, shape in shapes_of_vectors:
        demand(array is None or array.shape == shape, "embedding, start or suffix does not fit")
    finite = all(np.isfinite(array).all() for array in arrays_of(net))
    demand(finite, "a weight is not finite")
    demand(net.on_violation in ("absorb", "resync"), "what follows a violation is not known")
    demand(net.claims in ("legal", "all"), "the scope that the net claims is not known")


def arrays_of(net: Any) -> list[Floats]:
    """All arrays, in the order of `sha256_of_net`."""
    arrays = []
    for layer in net.layers:
        recurrent = [layer.weight_hh]
        if is_sparse(layer.weight_hh):
            recurrent = [getattr(layer.weight_hh, name) for name in SPARSE]
        arrays += [layer.weight_ih, *recurrent, layer.bias_ih, layer.bias_hh]
    for _, head in sorted(net.heads.items()):
        for linear in head.layers:
            arrays += [linear.weight, linear.bias]
    others = (net.embedding, net.start_state, net.suffix)
    return arrays + [array for array in others if array is not None]


def sha256_of_net(net: Any) -> str:
    """Of everything in the weights that matters."""
    kinds = [f"{layer.cell.name}:{layer.weight_hh.shape[1]}" for layer in net.layers]
    if len(kinds) == 1:
        name = net.layers[0].cell.name
        kinds = [CELLS_OF_VERSION_1.get(name, name)]
    heads = sorted(net.heads.items())
    header = {
        "alphabet": list(net.alphabet),
        "cell": ",".join(kinds),
        "cells": list(net.cells),
        "heads": [f"{name}:{head.activation}" if head.activation else name for name, head in heads],
        "labels": list(net.labels),
        "on_violation": net.on_violation,
    }
    sparse = [n for n, layer in enumerate(net.layers) if is_sparse(layer.weight_hh)]
    header |= {"sparse": sparse} if sparse else {}
    digest = hashlib.sha256(compact(header) + b"\n")
    for array in arrays_of(net):
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()
