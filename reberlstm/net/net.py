"""A net: an alphabet, a stack of layers, readouts, and the state that it begins in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reberlstm.display import Displayed
from reberlstm.errors import WeightsError
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import OnViolation, Scope
from reberlstm.net.base import BaseNet, Observed, Step
from reberlstm.net.cells import CELLS, Cell, Layer, State
from reberlstm.net.cells.cell import Floats, array_of
from reberlstm.net.counting import Counting
from reberlstm.net.engine import Kernel, is_fast
from reberlstm.net.height import ACTIVE
from reberlstm.net.readouts import KINDS, Head, Kind, Readout, Rule, usual_rule
from reberlstm.net.sparse import MOST_BYTES, Sparse, whole


@dataclass(frozen=True)
class Origin:
    """How the module of PyTorch that a net is from reads words.

    Attributes:
        rows: For each symbol of the net its row of the embedding, or column of one-hot vectors.
        before: The rows that are fed before every word.
        after: Those that are fed after it.
        width: The size of one-hot vectors; None where the module reads numbers of rows.
        outputs: How many outputs each head has there, by kind.
    """

    rows: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    width: int | None
    outputs: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Net(BaseNet[Readout], Displayed):
    """Recurrent layers over symbols, and what is read of the last one.

    A state vector holds, layer by layer, the parts of each cell's state: of two LSTM layers it is
    h₁, c₁, h₂, c₂, so D = 4·H.

    Attributes:
        alphabet: The ``A`` symbols.
        layers: The layers, the one that reads the input first.
        heads: Readouts of the last layer's h by kind: ``legal``, ``accept``, ``next``, ``label``. A
            plain `Head` gets the usual rule of its kind.
        embedding: The vector of each symbol, shape (A, D); None for one-hot inputs.
        start_state: The state vector that words begin in, shape (D,); None for zeros.
        suffix: Input vectors (n, D) that are fed after every word before the heads are read.
        cells: Names of all cells; a compiled cell is named after the state that it stands for.
        labels: The labels that the rows of the ``label`` head stand for.
        grammar: The machine that the net is meant to follow, if it is known.
        counting: What a net counts, for a machine with counters; it then has no `grammar`.
        claims: The scope that the net is meant to be right in: ``legal`` after non-empty prefixes
            of legal words that can go on, ``all`` after every word.
        on_violation: What the net is meant to do after a violation: ``absorb`` or ``resync``.
        gain: The gain ``K`` that a compiled net was made with, else None.
        height: The size of an active cell's h, for snapping to vertices.
        dtype: The type of numbers that the net is run in, ``float64`` or ``float32``.
        name: What to call the net in a table: ``compiled``, ``published``, a file's name.
        version: The version of the package that made it.
        origin: How the module of others that it is from reads words, if it is from one; no file
            keeps that.

    Raises:
        WeightsError: naming the array and the shapes that do not fit.
    """

    alphabet: tuple[str, ...]
    layers: tuple[Layer, ...]
    heads: Mapping[str, Readout]
    embedding: Floats | None = None
    start_state: Floats | None = None
    suffix: Floats | None = None
    cells: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    grammar: FSM | None = None
    counting: Counting | None = None
    claims: Scope = "legal"
    on_violation: OnViolation = "absorb"
    gain: float | None = None
    height: float = ACTIVE
    dtype: str = "float64"
    name: str = ""
    version: str = ""
    origin: Origin | None = None

    def __post_init__(self) -> None:
        _check_choice("claims", self.claims, ("legal", "all"))
        _check_choice("on_violation", self.on_violation, ("absorb", "resync"))
        _check_choice("dtype", self.dtype, ("float64", "float32"))
        if not self.layers:
            raise WeightsError("a net without layers")
        self._set("layers", tuple(self.layers))
        if not self.cells:
            self._set("cells", _numbered([layer.size for layer in self.layers]))
        for name in ("alphabet", "cells", "labels"):
            self._set(name, _names(name, getattr(self, name)))
        for name, number in {"gain": self.gain, "height": self.height}.items():
            if number is not None and not 0.0 < number < math.inf:
                raise WeightsError(f"{name} {number} is not a positive number")
        self._check_sizes()
        self._set("heads", MappingProxyType(self._checked_heads()))
        if self.grammar is not None and self.grammar.alphabet != self.alphabet:
            raise WeightsError(
                f"alphabet {' '.join(self.alphabet)} is not that of the grammar, "
                f"{' '.join(self.grammar.alphabet)}"
            )
        if self.counting is not None:
            self.counting.check(self.cells, self.alphabet)

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_sizes(self) -> None:
        inputs = self.layers[0].weight_ih.shape[1]
        sizes = f"{self._sizes} over {len(self.alphabet)} symbols"
        vectors = {
            "embedding": (self.embedding, (len(self.alphabet), inputs)),
            "start_state": (self.start_state, (sum(self._widths),)),
            "suffix": (self.suffix, (0 if self.suffix is None else len(self.suffix), inputs)),
        }
        for name, (value, shape) in vectors.items():
            if value is not None:
                self._set(name, array_of(name, value, shape, sizes))
        wanted = len(self.alphabet) if self.embedding is None else inputs
        for number, layer in enumerate(self.layers):
            if layer.weight_ih.shape[1] != wanted:
                name = "weight_ih" if number == 0 else f"weight_ih of layer {number + 1}"
                expected = (len(layer.weight_ih), wanted)
                raise WeightsError(
                    f"{name} has shape {layer.weight_ih.shape}, expected {expected} for {sizes}"
                )
            wanted = layer.size
        if len(self.cells) != self.size:
            raise WeightsError(f"cells: {len(self.cells)} names for {self._sizes}")

    @property
    def _sizes(self) -> str:
        return ", ".join(
            f"{layer.size} cells × {len(layer.cell.gates)} gates" for layer in self.layers
        )

    def _checked_heads(self) -> dict[str, Readout]:
        heads: dict[str, Readout] = {}
        for name, head in self.heads.items():
            if name not in KINDS:
                raise WeightsError(f"unknown head {name!r}; the heads are {', '.join(KINDS)}")
            readout = head if isinstance(head, Readout) else self._usual(name, head)
            rows = {"accept": readout.rows, "label": len(self.labels)}
            expected = (rows.get(name, len(self.alphabet)), self.layers[-1].size)
            found = (readout.rows, readout.size)
            if found != expected:
                raise WeightsError(
                    f"{name}.weight has shape {found}, expected {expected} for {self._sizes} over "
                    f"{len(self.alphabet)} symbols"
                )
            heads[name] = readout
        return heads

    def _usual(self, kind: Kind, head: Head) -> Readout:
        rows = len(np.atleast_1d(np.asarray(head.weight)))
        rule = usual_rule(kind, rows, self.layers[-1].cell.reader)
        return Readout(kind, rule, (Head(head.weight, head.bias),))

    def __repr__(self) -> str:
        kinds = ", ".join(f"{layer.size}-cell {layer.cell.title}" for layer in self.layers)
        return (
            f"<{type(self).__name__} {self.name!r}: {kinds} over {len(self.alphabet)} symbols, "
            f"heads {' '.join(self.heads) or 'none'}>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self._fields() | {"heads": dict(self.heads)}), ()

    def _fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Net.__dataclass_fields__}

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, validated again."""
        return type(self)(**self._fields() | changes)

    def map_arrays(self, change: Callable[[str, Floats], Floats]) -> Self:
        """A copy in which each array of weights is ``change(name, array)``."""
        several = len(self.layers) > 1

        def layer_of(number: int, layer: Layer) -> Layer:
            suffix = f" of layer {number + 1}" if several else ""
            return Layer(
                layer.cell, *(change(name + suffix, getattr(layer, name)) for name in ARRAYS)
            )

        def readout_of(kind: str, readout: Readout) -> Readout:
            names = f"{kind}.weight", f"{kind}.bias"
            own = [Head(*map(change, names, (x.weight, x.bias))) for x in readout.layers]
            return replace(readout, layers=tuple(own))

        changes: dict[str, Any] = {
            "layers": tuple(layer_of(number, layer) for number, layer in enumerate(self.layers)),
            "heads": {kind: readout_of(kind, readout) for kind, readout in self.heads.items()},
        }
        if self.embedding is not None:
            changes["embedding"] = change("embedding", self.embedding)
        return self.replace(**changes)

    @property
    def is_sparse(self) -> bool:
        """Whether some recurrent weights are kept as `reberlstm.net.sparse.Sparse` matrices."""
        return any(isinstance(layer.weight_hh, Sparse) for layer in self.layers)

    def whole(self, most: float = MOST_BYTES) -> Self:
        """A copy whose weights are all whole arrays, as other runtimes have them.

        Raises:
            WeightsError: where an array takes more than `most` bytes.
        """
        return self.map_arrays(lambda _, x: whole(x, most)) if self.is_sparse else self

    def with_rule(self, kind: str, rule: Rule | str) -> Net:
        """A copy whose head of that kind is read by another rule."""
        rule = Rule.parse(rule) if isinstance(rule, str) else rule
        return self.replace(heads={**self.heads, kind: self.heads[kind].with_rule(rule)})

    @staticmethod
    def of(**fields: Any) -> Net:
        """A net of these fields; one LSTM or Toy layer alone is `LSTMWeights`."""
        net = Net(**fields)
        if not net.is_plain or net.layers[0].cell.name not in _KINDS_OF_0_1.values():
            return net
        rest = {name: value for name, value in net._fields().items() if name not in _NOT_PLAIN}
        arrays = {name: getattr(net.layers[0], name) for name in ARRAYS}
        return LSTMWeights(**rest, **arrays, cell=_old_name(net.layers[0].cell))

    # What it is

    @property
    def parameters(self) -> int:
        """How many numbers its answers depend on, the two biases of a gate counted as they are."""
        sizes: list[int] = []

        def count(name: str, array: Floats) -> Floats:
            sizes.append(array.size)
            return array

        self.map_arrays(count)
        return sum(sizes)

    @property
    def is_plain(self) -> bool:
        """Whether it is one layer over one-hot symbols that starts from zero, with linear heads."""
        return (
            len(self.layers) == 1
            and self.embedding is None
            and self.suffix is None
            and (self.start_state is None or not self.start_state.any())
            and all(head.is_linear for head in self.heads.values())
        )

    # Running

    @cached_property
    def _running(self) -> tuple[Layer, ...]:
        return tuple(layer.cast(self.dtype) for layer in self.layers)

    @cached_property
    def _readouts(self) -> dict[str, Readout]:
        return {kind: head.cast(self.dtype) for kind, head in self.heads.items()}

    @cached_property
    def vectors(self) -> Floats:
        """The input vector of each symbol, (A, D)."""
        return np.eye(len(self.alphabet)) if self.embedding is None else self.embedding

    @cached_property
    def _table(self) -> NDArray[Any]:
        """What each symbol adds to the pre-activations of the first layer, (A, G·H)."""
        return np.asarray(self.layers[0].inputs(self.vectors), dtype=self.dtype)

    @cached_property
    def kernel(self) -> Kernel | None:
        """The batch engine; None where a layer is of a cell that it has no fast step for."""
        return Kernel(self._running, self._table) if is_fast(self.layers) else None

    @cached_property
    def _widths(self) -> tuple[int, ...]:
        return tuple(len(layer.cell.parts) * layer.size for layer in self.layers)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the numbers of a state vector: ``h c1``, ``c c1``."""
        names, cells = [], iter(self.cells)
        for layer in self.layers:
            own = [next(cells) for _ in range(layer.size)]
            for part in layer.cell.parts:
                letter = "" if layer.cell.parts == ("cell",) else f"{part[0]} "
                names += [letter + cell for cell in own]
        return tuple(names)

    def start(self, count: int = 1) -> NDArray[Any]:
        """The state vector that words begin in, so many times: (count, D)."""
        start = np.zeros(sum(self._widths)) if self.start_state is None else self.start_state
        return np.tile(start.astype(self.dtype), (count, 1))

    def initial(self) -> NDArray[Any]:
        """The state vector that words begin in, (D,)."""
        return np.asarray(self.start()[0])

    def split(self, states: Any) -> tuple[State, ...]:
        """State vectors (..., D) as one state for each layer."""
        found, at = [], 0
        for layer, width in zip(self.layers, self._widths, strict=True):
            begins = range(at, at + width, layer.size)
            found.append(tuple(states[..., begin : begin + layer.size] for begin in begins))
            at += width
        return tuple(found)

    def record(self, states: Any, symbols: Any) -> tuple[Step, ...]:
        """What happens in each layer when state vectors (..., D) read symbols (...), by number."""
        return self._run(states, self._table[symbols])

    def step(self, states: NDArray[Any], symbols: NDArray[np.intp]) -> NDArray[Any]:
        """The state vectors (B, D) after one more symbol each, given as numbers (B,)."""
        if self.kernel is None:
            return self.after(self._run(states, self._table[symbols]))
        return self.kernel.step(states.T, symbols).T

    def after(self, steps: Sequence[Step]) -> NDArray[Any]:
        """The state vectors (..., D) after a step of all layers."""
        return np.concatenate([part for step in steps for part in step.state], axis=-1)

    def feed(self, states: NDArray[Any], inputs: NDArray[Any]) -> NDArray[Any]:
        """The state vectors (..., D) after input vectors that may stand for no symbol."""
        a = np.asarray(self.layers[0].inputs(inputs), dtype=self.dtype)
        return self.after(self._run(states, a))

    def _run(self, states: Any, a: Any) -> tuple[Step, ...]:
        steps: list[Step] = []
        for layer, before in zip(self._running, self.split(states), strict=True):
            if steps:
                a = layer.inputs(steps[-1].hidden)
            gates, state = layer.cell.step(layer, a, before)
            steps.append(Step(gates, state, layer.cell.hidden(state)))
        return tuple(steps)

    def hidden(self, states: NDArray[Any]) -> NDArray[Any]:
        """What the heads read of state vectors (..., D): the last layer's h, (..., H)."""
        if self.suffix is not None:
            for vector in self.suffix:
                states = self.feed(states, vector)
        return np.asarray(self.layers[-1].cell.hidden(self.split(states)[-1]))

    def observe(self, states: NDArray[Any]) -> Observed:
        """What it answers in state vectors (..., D)."""
        h = self.hidden(states)
        asked = {kind: self._readout(kind) for kind in self.observed}
        return Observed(**{kind: readout.answers(h) for kind, readout in asked.items()})

    def margin(self, states: NDArray[Any]) -> NDArray[np.float64]:
        """How far the answers in state vectors (B, D) are from others, in the rule's numbers."""
        h = self.hidden(states)
        margins = [self._readout(kind).margin(h) for kind in self.observed]
        return np.asarray(np.min([np.full(len(h), np.inf), *margins], axis=0))

    def values(self, kind: str, states: NDArray[Any]) -> NDArray[Any]:
        """The numbers that a question's rule is about, (..., R); see `Readout.values`."""
        return self._readout(kind).values(self.hidden(states))

    def _readout(self, kind: str) -> Readout:
        """The readout that answers a question, in the numbers that the net runs in."""
        name = "next" if kind == "legal" and kind not in self.heads else kind
        if name not in self.heads:
            raise WeightsError(
                f"net {self.name!r} has no {kind!r} head; its heads are "
                f"{', '.join(self.heads) or 'none'}"
            )
        return self._readouts[name]


class LSTMWeights(Net):
    """One layer over one-hot symbols that starts from zero: what `compile` and `published` return.

    Args:
        alphabet: The symbols, in the order of the columns of `weight_ih`.
        cells: The names of the ``H`` cells.
        weight_ih: Input weights, shape (G·H, A).
        weight_hh: Weights on what the gates read, shape (G·H, H).
        bias_ih: Biases, shape (G·H,).
        bias_hh: Biases, shape (G·H,); added to `bias_ih`, as PyTorch has two.
        heads: As in `Net`.
        cell: ``standard`` for an LSTM, ``published`` for the cell of the Toy LSTM.
        others: The other fields of `Net`.

    Raises:
        WeightsError: as `Net`.
    """

    def __init__(
        self,
        *,
        alphabet: Sequence[str],
        cells: Sequence[str],
        weight_ih: Any,
        weight_hh: Any,
        bias_ih: Any,
        bias_hh: Any,
        heads: Mapping[str, Any],
        cell: str = "standard",
        **others: Any,
    ) -> None:
        _check_choice("cell", cell, tuple(_KINDS_OF_0_1))
        for name in _NOT_PLAIN:
            if others.get(name) is not None:
                raise WeightsError(f"LSTMWeights cannot keep {name}=; use Net.of(...) instead")
        kind = CELLS[_KINDS_OF_0_1[cell]]
        names, symbols = _names("cells", cells), _names("alphabet", alphabet)
        rows, size = len(kind.gates) * len(names), len(names)
        sizes = f"{size} cells × {len(kind.gates)} gates over {len(symbols)} symbols"
        given = zip(ARRAYS, (weight_ih, weight_hh, bias_ih, bias_hh), strict=True)
        shapes: tuple[tuple[int, ...], ...] = ((rows, len(symbols)), (rows, size), (rows,), (rows,))
        layer = Layer(
            kind,
            *(array_of(*array, shape, sizes) for array, shape in zip(given, shapes, strict=True)),
        )
        super().__init__(alphabet=symbols, layers=(layer,), heads=heads, cells=names, **others)

    @property
    def layer(self) -> Layer:
        """The layer."""
        return self.layers[0]

    @property
    def cell(self) -> str:
        """``standard`` or ``published``, as files of version 0.1 have it."""
        return _old_name(self.layer.cell)

    weight_ih = property(lambda self: self.layer.weight_ih, doc="Input weights, (G·H, A).")
    weight_hh = property(lambda self: self.layer.weight_hh, doc="Recurrent weights, (G·H, H).")
    bias_ih = property(lambda self: self.layer.bias_ih, doc="Biases, (G·H,).")
    bias_hh = property(lambda self: self.layer.bias_hh, doc="Biases, (G·H,).")
    bias = property(lambda self: self.layer.bias, doc="The sum of the two biases, (G·H,).")
    gates = property(lambda self: self.layer.cell.gates, doc="The names of the gates, in order.")

    @property
    def reader_threshold(self) -> float:
        """The value of the reader above which a symbol is offered."""
        legal = self.readout("legal")
        return 0.0 if legal is None else legal.threshold

    def rows(self, gate: str) -> slice:
        """The rows of `gate` in the gate arrays."""
        return self.layer.rows(gate)

    def _fields(self) -> dict[str, Any]:
        rest = {key: value for key, value in super()._fields().items() if key not in _NOT_PLAIN}
        return rest | {"cell": self.cell} | {name: getattr(self, name) for name in ARRAYS}

    def replace(self, **changes: Any) -> Any:
        """A copy with some fields or arrays changed, validated again.

        It is a `Net` where a field is one that `LSTMWeights` cannot keep: an embedding, a start
        state, a suffix, several layers, or a layer of another cell.
        """
        special = {
            name: value for name in _NOT_PLAIN if (value := changes.pop(name, None)) is not None
        }
        layers = special.get("layers", self.layers)
        if len(layers) == 1 and layers[0].cell.name in _KINDS_OF_0_1.values():
            if special.pop("layers", None):
                changes |= {name: getattr(layers[0], name) for name in ARRAYS}
                changes["cell"] = _old_name(layers[0].cell)
            plain = LSTMWeights(**self._fields() | changes)
            return Net(**Net._fields(plain) | special) if special else plain
        return Net(**Net._fields(self) | changes | special)


ARRAYS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
"""The arrays of a layer."""

_NOT_PLAIN = ("layers", "embedding", "start_state", "suffix")
_KINDS_OF_0_1 = {"standard": "lstm", "published": "toy"}


def _old_name(cell: Cell) -> str:
    return next(old for old, new in _KINDS_OF_0_1.items() if new == cell.name)


def _check_choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise WeightsError(f"{what} {value!r}; choose {' or '.join(map(repr, choices))}")


def _numbered(sizes: Sequence[int]) -> tuple[str, ...]:
    if len(sizes) == 1:
        return tuple(f"c{number}" for number in range(1, sizes[0] + 1))
    return tuple(f"{i}.{j}" for i, size in enumerate(sizes, 1) for j in range(1, size + 1))


def _names(what: str, names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise WeightsError(f"{what}: {names!r} is one string; give a tuple of names instead")
    if not names and what != "labels":
        raise WeightsError(f"{what}: none given; a net has at least one")
    for name in names:
        if not isinstance(name, str) or not name:
            raise WeightsError(f"{what}: {name!r} is not a non-empty string")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise WeightsError(f"{what}: {twice!r} stands twice")
    return tuple(names)
