"""What a kind of cell is (its gates, its state, its formula), and a layer: a cell and its arrays.

Sizes, here and everywhere: ``A`` symbols, ``H`` cells of a layer, ``G`` gates, ``D`` numbers of an
input or a state vector, ``R`` rows of a head, ``T`` steps, ``B`` words in a batch, ``S`` states of
the machine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from reberlstm.errors import WeightsError
from reberlstm.net.numbers import NUMBERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike, NDArray

Floats: TypeAlias = "NDArray[np.float64]"

Gates = dict[str, Any]
"""Values (..., H) by the name of the gate, in the order of the blocks of rows."""

State = tuple[Any, ...]
"""Values (..., H), one for each of a cell's `parts`."""


class Cell(ABC):
    """A kind of recurrent cell. There is one object of each; it holds no weights.

    Attributes:
        name: What files and options call it.
        title: What people call it.
        gates: The names of its gates, in the order of the blocks of rows of the weights.
        parts: What its state consists of: ``hidden`` (h), ``cell`` (c), or both.
        words: The Toy LSTM's words for some of the gates.
        bound: The largest size that h can have; infinite where nothing bounds it.
        keeping: The gate that keeps the memory where it is 1, if there is one.
        resetting: The gate that multiplies all that the candidate reads of h, if there is one.
        reader: The rule by which a ``legal`` head of ours reads the last layer.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    gates: ClassVar[tuple[str, ...]]
    parts: ClassVar[tuple[str, ...]] = ("hidden",)
    words: ClassVar[Mapping[str, str]] = {}
    bound: ClassVar[float] = 1.0
    keeping: ClassVar[str] = ""
    resetting: ClassVar[str] = ""
    reader: ClassVar[str] = "logit > 0"

    @abstractmethod
    def step(self, layer: Layer, a: Any, state: State, math: Any = NUMBERS) -> tuple[Gates, State]:
        """One step.

        Args:
            layer: The weights.
            a: What the input adds, ``W x + b_ih``, shape (..., G·H).
            state: The state before, one value (..., H) for each part.
            math: What the formula is evaluated in, see `reberlstm.net.numbers`.

        Returns:
            The gates by name and the state after the step.
        """

    @abstractmethod
    def derivative(
        self, layer: Layer, gates: Gates, before: State, after: State, math: Any = NUMBERS
    ) -> Any:
        """The derivative of the state vector after a step in the one before, (..., D, D).

        The state vector is the parts one after the other, D = len(parts)·H; `gates` and `after` are
        what `step` gave for `before`.
        """

    @abstractmethod
    def derivative_by_input(
        self, layer: Layer, gates: Gates, before: State, after: State, math: Any = NUMBERS
    ) -> Any:
        """The derivative of the state vector after a step in the input vector, (..., D, inputs).

        The arguments are those of `derivative`.
        """

    def enclosure(self, layer: Layer, a: Any, state: State, intervals: Any) -> State:
        """Where the state can be after a step, for intervals of inputs and states."""
        return self.step(layer, a, state, intervals)[1]

    def exposed(self, gates: Gates, memory: Any, math: Any = NUMBERS) -> Any:
        """The first part of the state where its last part is `memory`, (..., H)."""
        return memory

    def hidden(self, state: State) -> Any:
        """What gates and heads read of a state: its first part."""
        return state[0]

    def __repr__(self) -> str:
        return f"<cell {self.name}>"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True, eq=False)
class Layer:
    """One recurrent layer: a kind of cell and its arrays, which are read-only float64.

    Rows come in blocks of ``H``, one block a gate, in the order of ``cell.gates``.

    Attributes:
        cell: The kind of cell.
        weight_ih: Input weights, shape (G·H, D).
        weight_hh: Weights on what the gates read, shape (G·H, H); of a large compiled net a
            `reberlstm.net.sparse.Sparse` matrix.
        bias_ih: Biases, shape (G·H,).
        bias_hh: Biases, shape (G·H,); a GRU's reset gate multiplies those of the candidate.

    Raises:
        WeightsError: naming the array and the shapes that do not fit, or the number that is NaN.
    """

    cell: Cell
    weight_ih: Floats
    weight_hh: Any
    bias_ih: Floats
    bias_hh: Floats

    def __post_init__(self) -> None:
        import numpy as np

        gates = len(self.cell.gates)
        size = next(iter(np.shape(self.weight_hh)), 1) // gates
        inputs = np.shape(self.weight_ih)[-1] if np.ndim(self.weight_ih) == 2 else 0
        sizes = f"{size} cells × {gates} gates over {inputs} inputs"
        shapes = {
            "weight_ih": (gates * size, inputs),
            "weight_hh": (gates * size, size),
            "bias_ih": (gates * size,),
            "bias_hh": (gates * size,),
        }
        for name, shape in shapes.items():
            object.__setattr__(self, name, array_of(name, getattr(self, name), shape, sizes))

    def __reduce__(self) -> tuple[Any, ...]:
        # Made anew elsewhere, so that its arrays are read-only there too.
        return Layer, tuple(getattr(self, name) for name in self.__dataclass_fields__)

    @property
    def size(self) -> int:
        """The number of cells, ``H``."""
        return int(self.weight_hh.shape[1])

    @property
    def bias(self) -> Floats:
        """The sum of the two biases, shape (G·H,)."""
        return self.bias_ih + self.bias_hh

    def rows(self, gate: str) -> slice:
        """The rows of a gate in the arrays."""
        block = self.cell.gates.index(gate)
        return slice(block * self.size, (block + 1) * self.size)

    @cached_property
    def recurrent_blocks(self) -> tuple[Floats, ...]:
        """The recurrent weights of each gate, (H, H)."""
        return tuple(self.weight_hh[self.rows(gate)] for gate in self.cell.gates)

    @cached_property
    def input_blocks(self) -> tuple[Floats, ...]:
        """The input weights of each gate, (H, D)."""
        return tuple(self.weight_ih[self.rows(gate)] for gate in self.cell.gates)

    @cached_property
    def bias_blocks(self) -> tuple[Floats, ...]:
        """``bias_hh`` of each gate, (H,)."""
        return tuple(self.bias_hh[self.rows(gate)] for gate in self.cell.gates)

    def inputs(self, x: Any) -> Any:
        """What input vectors (..., D) add to the pre-activations, (..., G·H)."""
        return x @ self.weight_ih.T + self.bias_ih

    @staticmethod
    def pointwise(cell: Cell) -> Layer:
        """A layer of one cell without weights: its gates see only what is given to `step`."""
        import numpy as np

        gates = len(cell.gates)
        return Layer(cell, *(np.zeros(s) for s in ((gates, 0), (gates, 1), (gates,), (gates,))))

    def cast(self, dtype: DTypeLike) -> Layer:
        """The layer with its arrays in another type of numbers, to be run in it."""
        import numpy as np

        if np.dtype(dtype) == np.float64:
            return self
        layer = object.__new__(Layer)
        for name, value in vars(self).items():
            if name in self.__dataclass_fields__:
                cast = value if name == "cell" else value.astype(dtype)
                object.__setattr__(layer, name, cast)
        return layer


def blocks(values: Any, number: int) -> tuple[Any, ...]:
    """The last axis of values (..., number·H) in equal parts (..., H)."""
    size = values.shape[-1] // number
    return tuple(values[..., i * size : (i + 1) * size] for i in range(number))


def array_of(name: str, value: Any, shape: tuple[int, ...], sizes: str) -> Any:
    """A read-only float64 array of the given shape; a sparse matrix stays one.

    Raises:
        WeightsError: naming the array.
    """
    import numpy as np

    from reberlstm.net.sparse import Sparse

    if isinstance(value, Sparse):
        numbers = array_of(name, value.numbers, value.numbers.shape, sizes)
        if value.shape != shape:
            raise WeightsError(f"{name} has shape {value.shape}, expected {shape} for {sizes}")
        return value.with_numbers(numbers) if value.dtype != np.float64 else value
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
