"""The weights of one LSTM layer with its readout heads: a frozen value, validated once.

Sizes, here and everywhere: ``A`` symbols, ``H`` cells, ``G`` gates, ``T`` steps, ``B`` strings in a
batch, ``S`` states of the machine. Rows of the gate arrays come in blocks of ``H``, one block a
gate, in PyTorch's order:

=====  =============  ===============  =========================================  ==========
block  gate           Toy LSTM's word  meaning                                    range
=====  =============  ===============  =========================================  ==========
``i``  input gate     filter           lets the candidate into the memory         (0, 1)
``f``  forget gate    eraser           1 keeps the old memory, 0 erases it        (0, 1)
``g``  candidate      writer           rings the bell of a node                   (−1, 1)
``o``  output gate    –                a second filter, between memory and ``h``  (0, 1)
=====  =============  ===============  =========================================  ==========

Two kinds of cell use them. The ``standard`` one is that of `torch.nn.LSTM`: gates read ``h``, which
is ``o · tanh(c)``. The ``published`` one is that of xrcyz's Toy LSTM: gates read the memory ``c``
itself, there is no output gate (so ``G`` is 3), and the reader is a tanh layer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reberlstm.display import Displayed
from reberlstm.errors import WeightsError
from reberlstm.machine.fsm import FSM

Floats = NDArray[np.float64]
Cell = Literal["standard", "published"]
Scope = Literal["legal", "all"]

GATES: Mapping[Cell, tuple[str, ...]] = {
    "standard": ("input", "forget", "candidate", "output"),
    "published": ("input", "forget", "candidate"),
}
HEADS = ("legal", "accept", "next", "label")

ACTIVE = math.tanh(1.0)
"""``h`` of an active cell of a compiled net, as the gain grows: tanh of a memory of 1."""

PUBLISHED_THRESHOLD = 0.5
"""The published net offers a symbol when its tanh reader is over this."""


@dataclass(frozen=True, eq=False)
class Head:
    """A linear readout of what the gates read: ``weight @ h + bias``, shapes (R, H) and (R,)."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LSTMWeights(Displayed):
    """One LSTM layer over one-hot symbols, and its heads.

    Attributes:
        alphabet: The ``A`` symbols, in the order of the columns of `weight_ih`.
        cells: The ``H`` names of the cells; a compiled cell is named after the state it stands for.
        weight_ih: Input weights, shape (G·H, A).
        weight_hh: Weights on what the gates read, shape (G·H, H).
        bias_ih: Biases, shape (G·H,); added to `bias_hh`, as PyTorch has two.
        bias_hh: Biases, shape (G·H,).
        heads: Readouts by name: ``legal`` (A, H), positive where a symbol may come next;
            ``accept`` (1, H), positive where the word may end; ``next`` (A, H), logits of the
            probability of the next symbol; ``label`` (number of labels, H), largest at the label.
        labels: The labels that the rows of the ``label`` head stand for.
        cell: Which step the weights are for.
        grammar: The machine that the net is meant to follow, if it is known.
        gain: The gain ``K`` that a compiled net was made with, else None.
        claims: The scope that the net is meant to be right in: ``legal`` after non-empty prefixes
            of legal words that can go on, ``all`` after every word.
        on_violation: What the net is meant to do after a violation, see
            `reberlstm.machine.tables`.
        name: What to call the net in a table: ``compiled``, ``published``, a file's name.
        version: The version of the package that made it.

    Raises:
        WeightsError: naming the array and the shapes that do not fit, or the number that is NaN.
    """

    alphabet: tuple[str, ...]
    cells: tuple[str, ...]
    weight_ih: Floats
    weight_hh: Floats
    bias_ih: Floats
    bias_hh: Floats
    heads: Mapping[str, Head]
    labels: tuple[str, ...] = ()
    cell: Cell = "standard"
    grammar: FSM | None = None
    gain: float | None = None
    claims: Scope = "legal"
    on_violation: Literal["absorb", "resync"] = "absorb"
    name: str = ""
    version: str = ""
    height: float = field(default=ACTIVE)
    """The magnitude of an active cell in what the gates read, for snapping to vertices."""

    def __post_init__(self) -> None:
        _check_choice("cell", self.cell, tuple(GATES))
        _check_choice("claims", self.claims, ("legal", "all"))
        _check_choice("on_violation", self.on_violation, ("absorb", "resync"))
        for name in ("alphabet", "cells", "labels"):
            object.__setattr__(self, name, _names(name, getattr(self, name)))
        for name, number in {"gain": self.gain, "height": self.height}.items():
            if number is not None and not 0.0 < number < math.inf:
                raise WeightsError(f"{name} {number} is not a positive number")
        rows, symbols, cells = len(self.gates) * self.size, len(self.alphabet), self.size
        shapes = {
            "weight_ih": (rows, symbols),
            "weight_hh": (rows, cells),
            "bias_ih": (rows,),
            "bias_hh": (rows,),
        }
        sizes = f"{cells} cells × {len(self.gates)} gates over {symbols} symbols"
        for name, shape in shapes.items():
            object.__setattr__(self, name, _array(name, getattr(self, name), shape, sizes))
        object.__setattr__(self, "heads", MappingProxyType(self._checked_heads(sizes)))
        if self.grammar is not None and self.grammar.alphabet != self.alphabet:
            raise WeightsError(
                f"alphabet {' '.join(self.alphabet)} is not that of the grammar, "
                f"{' '.join(self.grammar.alphabet)}"
            )

    def _checked_heads(self, sizes: str) -> dict[str, Head]:
        heads = {}
        for name, head in self.heads.items():
            if name not in HEADS:
                raise WeightsError(f"unknown head {name!r}; the heads are {', '.join(HEADS)}")
            rows = {"accept": 1, "label": len(self.labels)}.get(name, len(self.alphabet))
            heads[name] = Head(
                _array(f"{name}.weight", head.weight, (rows, self.size), sizes),
                _array(f"{name}.bias", head.bias, (rows,), sizes),
            )
        return heads

    def __repr__(self) -> str:
        return (
            f"<LSTMWeights {self.name!r}: {self.size} cells over {len(self.alphabet)} symbols, "
            f"{self.cell} cell, heads {' '.join(self.heads) or 'none'}>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return _rebuild, (fields | {"heads": dict(self.heads)},)

    @property
    def size(self) -> int:
        """The number of cells, ``H``."""
        return len(self.cells)

    @property
    def gates(self) -> tuple[str, ...]:
        """The names of the gates, in the order of the blocks of rows."""
        return GATES[self.cell]

    @property
    def bias(self) -> Floats:
        """The sum of the two biases, shape (G·H,)."""
        return self.bias_ih + self.bias_hh

    @property
    def reader_threshold(self) -> float:
        """The value of the reader (`reberlstm.simulator.read`) above which a symbol is offered."""
        return PUBLISHED_THRESHOLD if self.cell == "published" else 0.0

    def rows(self, gate: str) -> slice:
        """The rows of `gate` in the gate arrays."""
        block = self.gates.index(gate)
        return slice(block * self.size, (block + 1) * self.size)

    def replace(self, **changes: Any) -> LSTMWeights:
        """A copy with some fields changed, validated again."""
        return replace(self, **changes)


def _rebuild(fields: dict[str, Any]) -> LSTMWeights:
    return LSTMWeights(**fields)


def _check_choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise WeightsError(f"{what} {value!r}; choose {' or '.join(map(repr, choices))}")


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


def _array(name: str, value: Any, shape: tuple[int, ...], sizes: str) -> Floats:
    """A read-only float64 array of the given shape, or an error that names the array."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{name} is not an array of numbers: {error}") from None
    if array.shape != shape:
        raise WeightsError(f"{name} has shape {array.shape}, expected {shape} for {sizes}")
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise WeightsError(f"{name}{list(where)} is {array[where]}; weights must be finite")
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array
