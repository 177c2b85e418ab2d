"""Arithmetics: what a proof may assume of the numbers that a net is run in, and running it in them.

The model of errors is stated in docs/certificates.md; it is that of N. J. Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed., 2002, section 2.2 and lemma 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import CertificateError
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.net.numbers import NUMBERS, Numbers, softmax
from reberlstm.net.sparse import Sparse

MOST = 1e305  # nothing is said of larger sums, not even as real numbers: float64 may overflow
KERNEL_ULPS = 4.0  # the relative error of sigmoid and tanh, in units of u


@dataclass(frozen=True)
class Arithmetic:
    """One arithmetic; see docs/certificates.md for the meaning of the bounds."""

    name: str
    precision: int = 0  # bits of the significand: u is 2 to the power of minus it; 0 for real
    smallest: float = 0.0  # the smallest normal number
    largest: float = float("inf")  # the largest number; beyond it a sum overflows
    kernel: float = 0.0  # the absolute error κ of sigmoid and tanh

    @property
    def exact(self) -> bool:
        """Whether nothing is ever rounded."""
        return self.precision == 0

    @property
    def unit(self) -> float:
        """The unit roundoff ``u``."""
        return 0.0 if self.exact else 2.0**-self.precision

    @property
    def ceiling(self) -> int:
        """Whole numbers up to this in size are exact; a sum that is 1 larger is not."""
        return 1 << self.precision

    def gamma(self, terms: Floats) -> Floats:
        """``γ_m`` for sums of `terms` products; infinite where ``m·u`` reaches 1."""
        total = terms * self.unit
        return np.where(total < 1.0, total / np.maximum(1.0 - total, 1e-300), np.inf) * (1 + 1e-15)

    def round(self, x: Floats) -> Floats:
        """The nearest numbers of the format, ties to even, overflow to infinity."""
        if self.exact or self.precision == 53:
            return x
        _, exponent = np.frexp(x)
        # Below the smallest normal number the spacing no longer shrinks.
        lowest = int(np.log2(self.smallest)) + 1
        scale = self.precision - np.maximum(exponent, lowest)
        rounded = np.ldexp(np.rint(np.ldexp(x, scale)), -scale)
        return np.where(np.abs(rounded) > self.largest, np.copysign(np.inf, x), rounded)


FLOAT32 = Arithmetic("float32", 24, 2.0**-126, 2.0**128 - 2.0**104, 2.0**-22)

ARITHMETICS: Mapping[str, Arithmetic] = {
    "real": Arithmetic("real"),
    "float64": Arithmetic("float64", 53, 2.0**-1022, float(np.finfo(np.float64).max), 2.0**-51),
    "float32": FLOAT32,
    "float16": Arithmetic("float16", 11, 2.0**-14, 65504.0, 2.0**-22),
    "bfloat16": Arithmetic("bfloat16", 8, 2.0**-126, 2.0**128 - 2.0**120, 2.0**-22),
    "int8": Arithmetic("int8", 24, 2.0**-126, 2.0**128 - 2.0**104, 2.0**-22),
}


def arithmetic_named(name: str) -> Arithmetic:
    """The arithmetic of that name.

    Raises:
        CertificateError: listing the names.
    """
    if name not in ARITHMETICS:
        raise CertificateError(f"arithmetic {name!r}; choose one of {', '.join(ARITHMETICS)}")
    return ARITHMETICS[name]


def as_executed(net: Net, arithmetic: Arithmetic) -> Net:
    """The net with the weights that the format holds, to be run in float64.

    Raises:
        CertificateError: naming an array that overflows the format, or where not even float64 can
            add the weights up.
    """
    for name, sums in _sums(net):
        total = float(sums.max())
        if not total < MOST:
            raise CertificateError(
                f"net {net.name!r} has in its {name} a row of weights of total size {total:g}; "
                f"above {MOST:g} float64 may overflow, and nothing can be said; use smaller weights"
            )

    def held(name: str, array: Any) -> Any:
        if isinstance(array, Sparse):
            return array.with_numbers(held(name, array.numbers[:, np.newaxis])[:, 0])
        narrow = FLOAT32.round(array)
        if arithmetic.name == "int8" and array.ndim == 2:
            narrow = _int8(narrow)
        narrow = arithmetic.round(narrow)
        if not np.isfinite(narrow).all():
            worst = float(np.abs(array).max())
            raise CertificateError(
                f"{name} of net {net.name!r} has a weight of size {worst:g}, but the largest "
                f"{arithmetic.name} is {arithmetic.largest:g}; compile with a smaller gain"
            )
        return narrow

    net = net.replace(dtype="float64")
    if arithmetic.precision in (0, 53):
        return net
    vectors = {"start_state": net.start_state, "suffix": net.suffix}
    given = {name: array for name, array in vectors.items() if array is not None}
    narrow = {name: arithmetic.round(FLOAT32.round(array)) for name, array in given.items()}
    return net.map_arrays(held).replace(**narrow)


def _sums(net: Net) -> Iterator[tuple[str, Floats]]:
    """The sizes of all that is summed up at once, with the names of the parts of the net."""

    def sizes(*arrays: Any) -> Floats:
        with np.errstate(over="ignore"):
            return np.asarray(
                sum(
                    x.sums(np.abs) if isinstance(x, Sparse) else np.abs(np.c_[x]).sum(axis=1)
                    for x in arrays
                )
            )

    for layer in net.layers:
        yield "gates", sizes(layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh)
    for kind, readout in net.heads.items():
        for head in readout.layers:
            yield f"{kind} head", sizes(head.weight, head.bias)


def _int8(array: Floats) -> Floats:
    """Quantised to multiples −127…127 of one scale, and back, in float32."""
    largest = float(np.abs(array).max())
    if largest == 0.0:
        return array
    scale = FLOAT32.round(np.array(largest / 127.0))
    return FLOAT32.round(np.clip(np.rint(array / scale), -127, 127) * scale)


# Running a net on points


class Execution:
    """A net run in an arithmetic, as one of the implementations that the model allows would.

    In ``real`` and ``float64`` that is plain float64; in the others every sum of products, gate and
    product is rounded to the format. State vectors are (B, D), see `reberlstm.net.net.Net`; the
    coordinate of the symbol that is read is `inputs`, 1 for one-hot inputs.
    """

    def __init__(self, net: Net, arithmetic: Arithmetic, inputs: float = 1.0) -> None:
        self.net = as_executed(net, arithmetic)
        self._math = _RoundedNumbers(arithmetic)
        self._table = self.net.layers[0].inputs(inputs * self.net.vectors)  # (A, G·H)

    def start(self) -> Floats:
        """The state vector that words begin in, (1, D)."""
        return self.net.start()

    def step(
        self, states: Floats, symbols: NDArray[np.intp], rows: NDArray[np.intp] | None = None
    ) -> Floats:
        """The state vectors (B, D) after one more symbol each, (B,).

        Where `rows` is given, symbol ``symbols[e]`` is read in the state of row ``rows[e]``.
        """
        return self._after(states, self._table[symbols], rows)

    def _after(self, states: Floats, a: Floats, rows: NDArray[np.intp] | None = None) -> Floats:
        """The state vectors after a step each, with what the input adds."""
        math, after, h = self._math, [], None
        sums = Rounded(a, math.arithmetic, is_sum=True)
        for layer, before in zip(self.net.layers, self.net.split(states), strict=True):
            if h is not None:
                sums = math.linear(h, layer.weight_ih, layer.bias_ih)
            parts = tuple(Rounded(part, math.arithmetic, rows=rows) for part in before)
            _, state = layer.cell.step(layer, sums, parts, math)
            h = layer.cell.hidden(state)
            after += [part.value for part in state]
        return np.concatenate(after, axis=1)

    def read(self, head: str, states: Floats) -> Floats:
        """The numbers that the head's rule is about, (B, R), the suffix fed."""
        readout, last = self.net.readout(head), self.net.layers[-1].cell
        assert readout is not None, "the claim is about heads that the net has"
        for vector in self.net.suffix if self.net.suffix is not None else ():
            a = self.net.layers[0].inputs(vector)
            states = self._after(states, np.broadcast_to(a, (len(states), len(a))))
        h = Rounded(last.hidden(self.net.split(states)[-1]), self._math.arithmetic)
        z = readout.logits(h, self._math)
        if readout.rule.function == "softmax":
            return softmax(z.value)[:, : readout.rows]
        z = self._math.tanh(z) if readout.rule.function == "tanh" else z
        return z.value[:, : readout.rows]


@dataclass(frozen=True, eq=False)
class Rounded:
    """Numbers of a format. Sums of products are rounded once, when nothing more is added to them.

    `rows` says which rows of the array are meant, None for all; `linear` is computed once for each.
    """

    exact: Floats  # the numbers, or the sums before they are rounded
    arithmetic: Arithmetic
    is_sum: bool = False
    rows: NDArray[np.intp] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the array."""
        return self.exact.shape

    @property
    def value(self) -> Floats:
        """The numbers, rounded."""
        if self.rows is not None:
            return np.asarray(self.exact[self.rows])
        return self.arithmetic.round(self.exact) if self.is_sum else self.exact

    def __getitem__(self, index: Any) -> Rounded:
        return Rounded(self.exact[index], self.arithmetic, self.is_sum)

    def __add__(self, other: Rounded) -> Rounded:
        if self.is_sum and other.is_sum:
            return Rounded(self.exact + other.exact, self.arithmetic, is_sum=True)
        return self.rounded(self.value + other.value)

    def __sub__(self, other: Rounded) -> Rounded:
        return self.rounded(self.value - other.value)

    def __mul__(self, other: Rounded) -> Rounded:
        return self.rounded(self.value * other.value)

    def rounded(self, exact: Floats) -> Rounded:
        """The nearest numbers of the same format."""
        return Rounded(self.arithmetic.round(exact), self.arithmetic)


class _RoundedNumbers(Numbers):
    """The functions of formulas, for `Rounded` numbers."""

    def __init__(self, arithmetic: Arithmetic) -> None:
        self.arithmetic = arithmetic

    def linear(self, x: Rounded, weight: Floats, bias: Floats) -> Rounded:
        z = NUMBERS.linear(x.value if x.rows is None else x.exact, weight, bias)
        return Rounded(z if x.rows is None else z[x.rows], self.arithmetic, is_sum=True)

    def sigmoid(self, z: Rounded) -> Rounded:  # type: ignore[override]
        return z.rounded(NUMBERS.sigmoid(z.value))

    def tanh(self, z: Rounded) -> Rounded:
        return z.rounded(np.tanh(z.value))

    def relu(self, z: Rounded) -> Rounded:
        return z.rounded(NUMBERS.relu(z.value))
