"""The checker's own arithmetic: where can a net be after one step, and what can its heads say?

Plain lower and upper ends. All bounds are those that docs/certificates.md states, written a second
time, and hold for real numbers: every sum of n terms is widened by 2·(n + 16)·2⁻⁵³ times the sum of
their sizes, every sigmoid and tanh by 2⁻⁴⁶ of its value, which is many times what numpy's are off
by, and every product or sum of two by 2⁻⁵⁰ of its value. The formulas of the cells are written a
second time as well; of the net only names, arrays and rules are read.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.checker.document import RejectedError
from reberlstm.certificates.checker.subject import PARTS, Sparse, is_sparse

Floats = NDArray[np.float64]
Ends = tuple[Floats, Floats]
"""Least and greatest values."""

Sums = tuple[Floats, ...]
"""Sums of products: least, greatest, sum of sizes, number of terms, smallest numbers lost."""

# name: unit roundoff, smallest normal number, largest number, error of sigmoid and tanh
ARITHMETICS: Mapping[str, tuple[float, float, float, float]] = {
    "real": (0.0, 0.0, math.inf, 0.0),
    "float64": (2.0**-53, 2.0**-1022, 1.7976931348623157e308, 2.0**-51),
    "float32": (2.0**-24, 2.0**-126, 3.4028234663852886e38, 2.0**-22),
    "float16": (2.0**-11, 2.0**-14, 65504.0, 2.0**-22),
    "bfloat16": (2.0**-8, 2.0**-126, 3.3895313892515355e38, 2.0**-22),
    "int8": (2.0**-24, 2.0**-126, 3.4028234663852886e38, 2.0**-22),
}


class Layer(NamedTuple):
    """A layer with the weights that the arithmetic holds; u may be sparse."""

    kind: str
    w: Floats
    u: Any
    bias_ih: Floats
    bias_hh: Floats

    @property
    def size(self) -> int:
        """The number of cells."""
        return int(self.u.shape[1])

    @property
    def products(self) -> int:
        """How many products a step takes."""
        return int(self.w.size + (len(self.u.values) if is_sparse(self.u) else self.u.size))


class Readout(NamedTuple):
    """A head with its rule: linear layers, what stands between them, function and threshold.

    Of the last layer's outputs only `rows` are read; the others count in a softmax.
    """

    layers: tuple[tuple[Floats, Floats], ...]
    activation: str
    function: str
    threshold: float
    rows: int


class Format:
    """The numbers that an arithmetic has."""

    def __init__(self, arithmetic: str) -> None:
        self.arithmetic = arithmetic

    def held(self, array: Any) -> Any:
        """Weights as the format has them; a bias is a vector, and stays out of int8."""
        if is_sparse(array):
            counts, rows = np.diff(array.starts), len(array.default)
            default = np.where(counts < array.shape[1], array.default, 0.0)  # else nowhere
            numbers = self.held(np.concatenate([default, array.values])[:, np.newaxis])[:, 0]
            return Sparse(numbers[:rows], array.starts, array.columns, numbers[rows:], array.shape)
        if self.arithmetic in ("real", "float64"):
            return array
        with np.errstate(over="ignore"):
            narrow = array.astype(np.float32).astype(np.float64)
        if self.arithmetic == "int8" and array.ndim == 2 and narrow.any():
            step = float(np.float32(np.abs(narrow).max() / 127.0))
            levels = np.round(narrow / step).clip(-127.0, 127.0)
            narrow = (levels * step).astype(np.float32).astype(np.float64)
        held = self.rounded(narrow)
        if not np.isfinite(held).all():
            raise RejectedError(f"a weight overflows {self.arithmetic}")
        return held

    def rounded(self, x: Floats) -> Floats:
        """Numbers rounded to the format."""
        if self.arithmetic in ("float32", "int8", "float16"):
            kind = np.float16 if self.arithmetic == "float16" else np.float32
            with np.errstate(over="ignore"):
                return np.asarray(x, dtype=kind).astype(np.float64)
        if self.arithmetic == "bfloat16":
            # 45 of the 52 bits of the fraction go; half of their unit is added, ties to even.
            bits = np.ascontiguousarray(x, dtype=np.float64).view(np.uint64)
            odd = (bits >> np.uint64(45)) & np.uint64(1)
            kept = (bits + odd + np.uint64(2**44 - 1)) >> np.uint64(45) << np.uint64(45)
            return kept.view(np.float64)
        return x


class Bounds:
    """Computing with lower and upper ends of what an arithmetic may make of numbers between."""

    def __init__(self, arithmetic: str, arrays: Sequence[Floats]) -> None:
        self.arithmetic = arithmetic
        # What the input and the state add is one sum.
        self.longest = 2 * max(
            (array.shape[1] for array in arrays if len(array.shape) == 2), default=0
        )
        numbers: tuple[Any, ...] = (1.0, *ARITHMETICS[arithmetic])
        self.one, self.unit, self.smallest, self.largest, self.kernel = numbers

    # How numbers are held; `reberlstm.certificates.checker.exact` holds them otherwise

    def number(self, array: Floats) -> Floats:
        """Weights, exactly."""
        return array

    def box(self, low: Floats, high: Floats) -> Ends:
        """Ends, perhaps moved outwards."""
        return low, high

    def summand(self, x: Any) -> Any:
        """A number like the products that it is added to."""
        return x

    def least(self, x: Any) -> float:
        """A floating-point number that is no greater, also where x was rounded up last."""
        return math.inf if x == math.inf else math.nextafter(x, -math.inf)

    def wider(self, x: Ends, by: float) -> Ends:
        """Ends moved outwards by at least so much."""
        return _wider(x, by)

    # Computing

    def linear(self, weight: Floats, x: Ends, bias: Floats) -> Sums:
        """A sum of products, to which more may be added."""
        term, present = self.summand(bias), (bias != 0).astype(bias.dtype)
        constants = (term, term, abs(term), present, 4 * self.one * present)
        return together([self.terms(weight, x), constants])

    def terms(self, weight: Any, x: Ends) -> Sums:
        """The products of a matrix with a box of vectors."""
        if is_sparse(weight):
            return _sparse_terms(weight, x)
        least, most = x
        positive, negative, size = np.maximum(weight, 0), np.minimum(weight, 0), _size(x)
        present = ((weight != 0) & (size != 0)).astype(weight.dtype)
        number = present.sum(axis=1)
        return (
            positive @ least + negative @ most,
            positive @ most + negative @ least,
            abs(weight) @ size,
            number,
            (abs(weight) * present).sum(axis=1) + number * (4 * self.one + size.max()),
        )

    def added(self, parts: Sequence[Sums]) -> Ends:
        """Sums as they come out of the arithmetic, added up in any order."""
        low, high, size, number, lost = together(parts)
        error = np.where(number > 0.0, 2.0 * (self.longest + 18) * 2.0**-53 * size + 1e-290, 0.0)
        if not (size < 1e305).all():
            raise RejectedError("a sum may overflow float64")
        error = (error + self.rounding(size, number, lost)) * (1.0 + 2.0**-40)
        return low - error, high + error

    def rounding(self, size: Floats, number: Floats, lost: Floats) -> Floats:
        """How far sums may be off in the arithmetic."""
        if not self.unit:
            return np.zeros_like(size)
        if not (size * np.exp(1.01 * self.unit * number) < self.largest / 2.0).all():
            raise RejectedError(f"a sum may overflow {self.arithmetic}")
        steps = number * self.unit
        with np.errstate(divide="ignore", invalid="ignore"):
            gamma = np.where(steps < 1.0, steps / (1.0 - steps), math.inf)
            rounding = np.where(size > 0.0, gamma * size, 0.0)
        return np.asarray(rounding + self.smallest * lost * (1.0 + gamma))

    def split(self, sums: Sums, number: int) -> list[Sums]:
        """Blocks of rows, of vectors or of matrices."""
        shapes = ((number, len(x) // number, *x.shape[1:]) for x in sums)
        blocks = (x.reshape(shape) for x, shape in zip(sums, shapes, strict=True))
        return list(zip(*blocks, strict=True))

    def sigmoid(self, z: Ends) -> Ends:
        """1/(1 + exp(−z))."""
        with np.errstate(over="ignore"):
            low, high = (1.0 / (1.0 + np.exp(-end)) for end in z)
        return self._function(low, high, 0.0)

    def tanh(self, z: Ends) -> Ends:
        """The hyperbolic tangent."""
        return self._function(np.tanh(z[0]), np.tanh(z[1]), -1.0)

    def relu(self, z: Ends) -> Ends:
        """What is over 0."""
        return np.maximum(z[0], 0), np.maximum(z[1], 0)

    def _function(self, low: Floats, high: Floats, least: float) -> Ends:
        relative = 2.0**-46 + 4.0 * self.unit
        absolute = 1e-290 + self.kernel + 2.0 * self.smallest
        return (
            np.maximum(low - (relative * np.abs(low) + absolute) * (1.0 + 2.0**-40), least),
            np.minimum(high + (relative * np.abs(high) + absolute) * (1.0 + 2.0**-40), 1.0),
        )

    def product(self, factor: Ends, x: Ends) -> Ends:
        """For a factor in [0, 1]: the worst end of x with the worst end of the factor."""
        with np.errstate(invalid="ignore"):
            low = np.where(x[0] < 0.0, factor[1] * x[0], factor[0] * x[0])
            high = np.where(x[1] > 0.0, factor[1] * x[1], factor[0] * x[1])
        return self._operation(low, high, 3.0 + np.abs(x[0]), 3.0 + np.abs(x[1]))

    def sum(self, x: Ends, y: Ends) -> Ends:
        """The sum of two."""
        return self._operation(x[0] + y[0], x[1] + y[1], 3.0, 3.0)

    def _operation(
        self, low: Floats, high: Floats, lost_low: Floats | float, lost_high: Floats | float
    ) -> Ends:
        """One operation as rounded here, and in the arithmetic."""
        relative = 2.0**-50 + self.unit
        below, above = relative * np.abs(low) + 1e-290, relative * np.abs(high) + 1e-290
        if self.unit:
            below, above = below + self.smallest * lost_low, above + self.smallest * lost_high
        return low - below * (1.0 + 2.0**-40), high + above * (1.0 + 2.0**-40)

    def mix(self, z: Ends, n: Ends, h: Ends) -> Ends:
        """``(1 − z)·n + z·h``."""
        return _apart(_mixed(z, n, h), self.mixing(_size(n) + _size(h)))

    def mixing(self, size: Floats) -> Floats:
        """What the arithmetic rounds in that, for numbers whose sizes add up to this."""
        error = (4.0 * self.unit + 2.0 * self.smallest) * size + 8.0 * self.smallest
        return np.asarray(error * (1.0 + 2.0**-40))

    def gaps(self, weight: Floats, bias: Floats, x: Ends, row: int) -> Ends:
        """By how much the output of a row is over each of the others."""
        _, _, size, number, lost = self.linear(weight, x, bias)
        low, high = self.terms(weight[row] - weight, x)[:2]
        gap = self.summand(bias[row] - bias)
        apart = (size[row] + size, np.maximum(number[row], number), lost[row] + lost)
        low, high = self.added([(low + gap, high + gap, *apart)])
        low[row] = high[row] = 0
        return low, high

    def softmax(self, gaps: Sequence[Ends]) -> Ends:
        """Probabilities: each is 1/(the sum of exp(−gap) over the gaps of its row)."""
        error = 2.0**-45 + 2.0**-50 * len(gaps[0][0])
        with np.errstate(over="ignore"):
            low, high = (np.array([1.0 / np.exp(-x[end]).sum() for x in gaps]) for end in (0, 1))
        return np.maximum(low * (1.0 - error), 0.0), np.minimum(high * (1.0 + error), 1.0)


class _Changes:
    """Computing with numbers that carry by how much they may change, a column for each cause.

    A pair: ends (or sums), and an interval matrix. The rules are those of derivatives, and of
    differences too, where the ends enclose what is on both sides (the mean value theorem). So a
    unit matrix for what is read becomes the derivative; and a column of zeros becomes how far
    numbers are from what exact arithmetic has there (running error analysis).
    """

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds

    def linear(self, weight: Floats, x: Any, bias: Floats) -> Any:
        return self.bounds.linear(weight, x[0], bias), _weighted(weight, x[1])

    def added(self, parts: Sequence[Any]) -> Any:
        sums, changes = zip(*parts, strict=True)
        rounding = self.bounds.rounding(*together(sums)[2:])
        return self.bounds.added(sums), _apart(functools.reduce(_plus, changes), rounding)

    def split(self, sums: Any, number: int) -> list[Any]:
        both = (self.bounds.split(part, number) for part in sums)
        return list(zip(*both, strict=True))

    def sigmoid(self, z: Any) -> Any:
        return self._function(self.bounds.sigmoid(z[0]), 0.0, z[1])

    def tanh(self, z: Any) -> Any:
        return self._function(self.bounds.tanh(z[0]), -1.0, z[1])

    def _function(self, value: Ends, least: float, changes: Ends) -> Any:
        bounds = self.bounds
        rounding = 4.0 * bounds.unit * _size(value) + bounds.kernel + 2.0 * bounds.smallest
        return value, _apart(_rows(_bell(value, least), changes), rounding)

    def relu(self, z: Any) -> Any:
        steep = [(end > 0.0).astype(np.float64) for end in z[0]]
        return self.bounds.relu(z[0]), _rows((steep[0], steep[1]), z[1])

    def product(self, factor: Any, x: Any) -> Any:
        bounds, (left, right) = self.bounds, (_size(factor[0]), _size(x[0]))
        rounding = bounds.unit * left * right + bounds.smallest * (3.0 + right)
        changes = _plus(_rows(factor[0], x[1]), _rows(x[0], factor[1]))
        return bounds.product(factor[0], x[0]), _apart(changes, rounding)

    def sum(self, x: Any, y: Any) -> Any:
        total = self.bounds.sum(x[0], y[0])
        rounding = self.bounds.unit * _size(total) + 3.0 * self.bounds.smallest
        return total, _apart(_plus(x[1], y[1]), rounding)

    def mix(self, z: Any, n: Any, h: Any) -> Any:
        by_z = _rows(_plus(h[0], (-n[0][1], -n[0][0])), z[1])
        columns = z[0][0][:, np.newaxis], z[0][1][:, np.newaxis]
        changes = _plus(_mixed(columns, n[1], h[1]), by_z)
        rounding = self.bounds.mixing(_size(n[0]) + _size(h[0]))
        return self.bounds.mix(z[0], n[0], h[0]), _apart(changes, rounding)


def cell(layer: Layer, a: Any, again: Any, state: Sequence[Any], numbers: Any) -> tuple[Any, Any]:
    """The gates of a layer, and the parts of its state after a step, in some kind of numbers.

    They are `Bounds`, or for one word the forms of `reberlstm.certificates.checker.words`. What
    the input adds to the pre-activations is `a`; what the state adds is `again`.
    """
    kind, h, number = layer.kind, state[0], len(layer.u) // layer.size
    added, sigmoid, tanh, product = numbers.added, numbers.sigmoid, numbers.tanh, numbers.product
    if kind.startswith("gru"):
        (a_r, a_z, a_n), (u_r, u_z, u_n) = (numbers.split(x, 3) for x in (a, again))
        r, z = sigmoid(added([a_r, u_r])), sigmoid(added([a_z, u_z]))
        if kind == "gru":
            n = tanh(numbers.sum(added([a_n]), product(r, added([u_n]))))
        else:
            rows = slice(2 * layer.size, None)
            u_n = numbers.linear(layer.u[rows], product(r, h), layer.bias_hh[rows])
            n = tanh(added([a_n, u_n]))
        return [r, z, n], [numbers.mix(z, n, h)]
    z = [added(pair) for pair in zip(*(numbers.split(x, number) for x in (a, again)), strict=True)]
    if kind in ("rnn", "rnn-relu"):
        h = (tanh if kind == "rnn" else numbers.relu)(z[0])
        return [h], [h]
    i, f, g = sigmoid(z[0]), sigmoid(z[1]), tanh(z[2])
    c = numbers.sum(product(f, state[-1]), product(i, g))
    if kind == "toy":
        return [i, f, g], [c]
    o = sigmoid(z[3])
    return [i, f, g, o], [product(o, tanh(c)), c]


class Steps:
    """The steps of a net between lower and upper ends.

    A box is two arrays (D,), the least and the greatest state vector: layer by layer, and in each
    layer part by part. Each number of the state may be off by `noise` after a step. The inputs are
    by how much every input may be off, and the least and the greatest value that stands for the 1
    of a one-hot input.
    """

    def __init__(
        self,
        net: Any,
        arithmetic: str,
        noise: float,
        inputs: tuple[float, float, float],
        numbers: Callable[[str, Sequence[Floats]], Any] | None = None,
    ) -> None:
        blur, low, high = inputs
        self.alphabet: tuple[str, ...] = net.alphabet
        self.noise, held = noise, Format(arithmetic).held
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        layers = [[held(getattr(layer, name)) for name in names] for layer in net.layers]
        heads = {
            kind: [[held(x.weight), held(x.bias)] for x in head.layers]
            for kind, head in net.heads.items()
        }
        vectors = np.eye(len(net.alphabet)) if net.embedding is None else held(net.embedding)
        width = sum(len(PARTS[x.cell.name]) * x.weight_hh.shape[1] for x in net.layers)
        start = np.zeros(width) if net.start_state is None else held(net.start_state)
        suffix = () if net.suffix is None else tuple(map(held, net.suffix))
        thresholds = np.array([head.rule.threshold for head in net.heads.values()])
        weights = [*layers, *(linear for head in heads.values() for linear in head)]
        arrays = [vectors, start, *suffix, thresholds, *itertools.chain(*weights)]
        self.bounds: Bounds = (numbers or Bounds)(arithmetic, [np.asarray(inputs), *arrays])
        number = self.bounds.number
        self.layers = [
            Layer(layer.cell.name, *map(number, arrays))
            for layer, arrays in zip(net.layers, layers, strict=True)
        ]
        self.heads = {
            kind: Readout(
                tuple((number(weight), number(bias)) for weight, bias in heads[kind]),
                head.activation,
                head.rule.function,
                number(np.array([head.rule.threshold]))[0],
                len(head.layers[-1].bias) - head.extra,
            )
            for kind, head in net.heads.items()
        }
        if "next" in self.heads:
            self.heads.setdefault("legal", self.heads["next"])
        self.start, self.suffix = number(start), tuple(map(number, suffix))
        self.inputs = dict(zip(net.alphabet, min(max(1.0, low), high) * vectors, strict=True))
        if (low != 1.0 or high != 1.0) and net.embedding is not None:
            raise RejectedError("inputs that are embedded have no range")
        self.columns: dict[str, Sums] = {}
        first = self.layers[0]
        for symbol, vector in zip(net.alphabet, vectors, strict=True):
            ends = (vector * low, vector * high)
            x = self.bounds.box(np.minimum(*ends), np.maximum(*ends))
            x = self.bounds.wider(x, blur) if blur else x
            self.columns[symbol] = self.bounds.linear(first.w, x, first.bias_ih)
        self._known: tuple[Any, Sums] | None = None

    def split(self, box: Ends) -> list[list[Ends]]:
        """A box as parts of the state of each layer."""
        parts, at = [], 0
        for layer in self.layers:
            number, size = len(PARTS[layer.kind]), layer.size
            starts = range(at, at + number * size, size)
            parts.append([(box[0][i : i + size], box[1][i : i + size]) for i in starts])
            at += number * size
        return parts

    def step(self, box: Ends, symbol: str) -> Ends:
        """The box after a symbol."""
        return self._after(box, self.columns[symbol])

    def _after(self, box: Ends, a: Sums) -> Ends:
        """The box after a step, with what the input adds."""
        after: list[list[Ends]] = []
        for layer, state in zip(self.layers, self.split(box), strict=True):
            if after:
                a = self.bounds.linear(layer.w, after[-1][0], layer.bias_ih)
            again = self.again(layer, state, None if after else box)
            after.append(cell(layer, a, again, state, self.bounds)[1])
        low, high = (
            np.concatenate([part[end] for state in after for part in state]) for end in (0, 1)
        )
        return self.bounds.wider((low, high), self.noise) if self.noise else (low, high)

    def again(self, layer: Layer, state: Sequence[Ends], box: Ends | None = None) -> Sums:
        """What the state adds to the sums; kept for the next symbol in the same box."""
        if box is not None and self._known is not None and self._known[0] is box:
            return self._known[1]
        sums = self.bounds.linear(layer.u, state[0], layer.bias_hh)
        self._known = self._known if box is None else (box, sums)
        return sums

    def rounding_error(self, box: Ends, symbol: str) -> Floats:
        """How far the state may be from that after an exact step, (D,)."""
        if not self.bounds.unit:
            return np.zeros(len(box[0]))
        changes, sums = _Changes(self.bounds), self.columns[symbol]
        a: Any = (sums, (np.zeros((len(sums[0]), 1)),) * 2)
        after: Any = ()
        errors: list[Floats] = []
        for layer, state in zip(self.layers, self.split(box), strict=True):
            if after:
                a = changes.linear(layer.w, after[0], layer.bias_ih)
            exact = [(part, (np.zeros((layer.size, 1)),) * 2) for part in state]
            again = changes.linear(layer.u, exact[0], layer.bias_hh)
            after = cell(layer, a, again, exact, changes)[1]
            errors += [_size(change)[:, 0] for _, change in after]
        return _up(np.concatenate(errors))

    # Heads

    def read(self, head: str, box: Ends) -> Ends:
        """The least and greatest of the numbers that the head's rule is about."""
        readout = self.heads[head]
        x = self._before_last(readout, self._hidden(box), self.bounds)
        weight, bias = readout.layers[-1]
        if readout.function == "softmax":
            gaps = [self.bounds.gaps(weight, bias, x, row) for row in range(readout.rows)]
            low, high = self.bounds.softmax(gaps)
            return low, high
        weight, bias = weight[: readout.rows], bias[: readout.rows]
        z = self.bounds.added([self.bounds.linear(weight, x, bias)])
        return self.bounds.tanh(z) if readout.function == "tanh" else z

    def margin(self, head: str, right: Sequence[bool], box: Ends) -> float:
        """How far a head is from wrong on all of a box.

        Right is which rows must say yes; where the largest counts, the one that must be it.
        """
        return self.bounds.least(self.answer(head, right, right, box)[2][0])

    def answer(
        self, head: str, right: Sequence[bool], said: Sequence[bool], box: Ends
    ) -> tuple[bool, bool, tuple[Any, Any]]:
        """Whether a head is wrong on all of a box, may say this, and by how much it is right."""
        readout, yes, claimed = self.heads[head], np.array(right), np.array(said)
        if readout.function == "argmax":
            x = self._before_last(readout, self._hidden(box), self.bounds)
            chosen = [int(np.flatnonzero(rows)[0]) for rows in (yes, claimed)]
            last, gaps = readout.layers[-1], self.bounds.gaps
            (low, high), (_, most) = (gaps(*last, x, row) for row in chosen)
            least, largest = (end[~yes].min(initial=math.inf) for end in (low, high))
            return bool(largest < 0.0), bool((most >= 0.0).all()), (least, largest)
        low, high = self.read(head, box)
        over = readout.threshold
        wrong = np.where(yes, high <= over, low > over).any()
        possible = np.where(claimed, high > over, low <= over).all()
        margins = (np.where(yes, a - over, over - b).min() for a, b in ((low, high), (high, low)))
        return bool(wrong), bool(possible), (next(margins), next(margins))

    def _hidden(self, box: Ends) -> Ends:
        """What the heads read, the suffix fed."""
        first = self.layers[0]
        for vector in self.suffix:
            box = self._after(box, self.bounds.linear(first.w, (vector, vector), first.bias_ih))
        return self.split(box)[-1][0]

    @staticmethod
    def _before_last(readout: Readout, x: Any, numbers: Any) -> Any:
        """What the last linear layer of a head reads."""
        for weight, bias in readout.layers[:-1]:
            z = numbers.added([numbers.linear(weight, x, bias)])
            x = numbers.tanh(z) if readout.activation == "tanh" else numbers.relu(z)
        return x


def _sparse_terms(weight: Sparse, x: Ends) -> Sums:
    """The same for sparse weights; all defaults are added up, and those of entries taken off."""
    (least, most), size = x, _size(x)
    row = np.repeat(np.arange(len(weight.default)), np.diff(weight.starts))

    def total(entries: Floats) -> Floats:
        return np.bincount(row, entries, len(weight.default)).astype(np.float64)

    def rest(end: Floats) -> Floats:
        return np.asarray(end.sum() - total(end[weight.columns]))

    positive, negative = np.maximum(weight.default, 0.0), np.minimum(weight.default, 0.0)
    v, low, high = weight.values, least[weight.columns], most[weight.columns]
    present = ((v != 0.0) & (size[weight.columns] != 0.0)).astype(np.float64)
    everywhere = float(np.count_nonzero(size))
    number = total(present) + (weight.default != 0.0) * everywhere
    return (
        positive * rest(least)
        + negative * rest(most)
        + total(np.where(v > 0.0, v * low, v * high)),
        positive * rest(most)
        + negative * rest(least)
        + total(np.where(v > 0.0, v * high, v * low)),
        # What is taken off is as large as what is added.
        2.0 * np.abs(weight.default) * size.sum() + total(np.abs(v) * size[weight.columns]),
        number,
        np.abs(weight.default) * everywhere
        + total(np.abs(v) * present)
        + number * (4.0 + size.max()),
    )


def together(parts: Sequence[Sums]) -> Sums:
    """The sums of parts of sums, kind by kind."""
    return tuple(sum(kind[1:], start=kind[0]) for kind in zip(*parts, strict=True))


def _wider(x: Ends, by: Floats | float) -> Ends:
    """Ends moved outwards by at least so much."""
    return np.nextafter(x[0] - by, -math.inf), np.nextafter(x[1] + by, math.inf)


def _mixed(z: Ends, n: Ends, h: Ends) -> Ends:
    """``(1 − z)·n + z·h`` for a z in [0, 1]: least and greatest at the ends of z."""
    low, high = ([(1.0 - s) * x + s * y for s in z] for x, y in zip(n, h, strict=True))
    error = 2.0**-50 * (1.0 + 2.0**-40) * (_size(n) + _size(h)) + 1e-290
    return np.minimum(*low) - error, np.maximum(*high) + error


def _size(a: Ends) -> Floats:
    return np.maximum(abs(a[0]), abs(a[1]))


# Along a word


class Place(NamedTuple):
    """Where the states of a box are, some symbols later."""

    box: Ends  # bounds of the state vector
    middle: Ends  # the same for where the exact net takes the middle of the box
    slopes: Ends  # least and greatest entries of the derivative, (D, D)
    reach: Floats  # how far the box reached from its middle, (D,)
    added: Floats  # how far rounding and noise can have led away since, (D,)


class Paths:
    """Steps of a net, exactly and in its arithmetic, along words.

    The mean value theorem, as in `reberlstm.certificates.boxes`, written a second time and for one
    word at a time: if y is where the exact net takes the middle m of a box, and D encloses the
    product of the derivatives on the way, then a state x of the box is taken to y + D·(x − m), plus
    what rounding and noise have added since.
    """

    def __init__(self, net: Any, steps: Steps) -> None:
        self.steps = steps
        self.exact = Steps(net, "real", 0.0, (0.0, 1.0, 1.0))
        self.exact.layers, self.exact.columns = steps.layers, steps.columns

    def start(self, box: Ends) -> Place:
        """A box before any symbol."""
        low, high = box
        middle = np.clip(low + 0.5 * (high - low), low, high)
        reach = _up(np.maximum(high - middle, middle - low))
        unit = np.eye(len(middle))
        return Place(box, (middle, middle), (unit, unit), reach, np.zeros_like(middle))

    def step(self, place: Place, symbol: str) -> Place:
        """One symbol further."""
        slope = self.slope(place.box, symbol)
        slopes = _matrix_product(slope, place.slopes)
        error = self.steps.rounding_error(place.box, symbol) + self.steps.noise
        added = _up(_size(slope) @ place.added + error)
        middle = self.exact.step(place.middle, symbol)
        around = _up(_size(slopes) @ place.reach) + added
        (low, high), (least, most) = self.steps.step(place.box, symbol), _wider(middle, around)
        box = np.maximum(low, least), np.minimum(high, most)
        return Place(box, middle, slopes, place.reach, added)

    def slope(self, box: Ends, symbol: str) -> Ends:
        """The derivative of the state vector after a symbol in the one before, on all of a box."""
        exact, changes = self.exact, _Changes(self.exact.bounds)
        low, high = (np.zeros((len(box[0]), len(box[0]))) for _ in range(2))
        at, first, read = 0, 0, None  # what a layer reads of the one below, whose rows begin so
        for layer, state in zip(exact.layers, exact.split(box), strict=True):
            own = layer.size * len(state)
            unit = np.eye(own + (0 if read is None else layer.w.shape[1]))
            if read is None:
                a: Any = exact.columns[symbol], (np.zeros((len(layer.w), own)),) * 2
            else:
                a = changes.linear(layer.w, (read, (unit[own:],) * 2), layer.bias_ih)
            parts = np.split(unit[:own], len(state))
            before = [(part, (rows, rows)) for part, rows in zip(state, parts, strict=True)]
            again = changes.linear(layer.u, before[0], layer.bias_hh)
            after = cell(layer, a, again, before, changes)[1]
            by = [np.vstack([change[end] for _, change in after]) for end in (0, 1)]
            rows = slice(at, at + own)
            low[rows, rows], high[rows, rows] = by[0][:, :own], by[1][:, :own]
            if read is not None:
                by_input, below = (
                    (by[0][:, own:], by[1][:, own:]),
                    slice(first, first + len(read[0])),
                )
                low[rows, :at], high[rows, :at] = _matrix_product(
                    by_input, (low[below, :at], high[below, :at])
                )
            read, first, at = after[0][0], at, rows.stop
        return low, high


def _rows(factor: Ends, matrix: Ends) -> Ends:
    """Each row of a matrix times its factor."""
    return _times((factor[0][:, np.newaxis], factor[1][:, np.newaxis]), matrix)


def _apart(x: Ends, by: Floats) -> Ends:
    """Ends moved outwards: of vectors, or of the rows of matrices."""
    room = by.reshape(-1, *[1] * (x[0].ndim - 1))
    return x[0] - room, x[1] + room


def _weighted(weight: Floats, matrix: Ends) -> Ends:
    """The product of a matrix of weights and an interval matrix."""
    low, high = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
    error = 2.0 * (len(matrix[0]) + 16) * 2.0**-53 * (np.abs(weight) @ _size(matrix))
    return _outward(
        low @ matrix[0] + high @ matrix[1] - error, low @ matrix[1] + high @ matrix[0] + error
    )


def _outward(low: Floats, high: Floats) -> Ends:
    """Room for the rounding of a few operations, and for underflow."""
    room = [2.0**-48 * np.abs(end) + 1e-290 for end in (low, high)]
    return low - room[0], high + room[1]


def _times(a: Ends, b: Ends) -> Ends:
    corners = [x * y for x in a for y in b]
    return _outward(np.minimum.reduce(corners), np.maximum.reduce(corners))


def _plus(a: Ends, b: Ends) -> Ends:
    return _outward(a[0] + b[0], a[1] + b[1])


def _bell(s: Ends, least: float) -> Ends:
    """``(s − least)·(1 − s)``: the slope of sigmoid (least 0) or tanh (least −1) at a value s."""
    low, high = ((end - least) * (1.0 - end) for end in s)
    top = 0.5 * (least + 1.0)
    largest = np.where((s[0] <= top) & (s[1] >= top), (top - least) * (1.0 - top), 0.0)
    return _outward(np.minimum(low, high), np.maximum(np.maximum(low, high), largest))


def _matrix_product(a: Ends, b: Ends) -> Ends:
    """All products of two interval matrices, entry by entry, some rows at a time."""
    low, high = [], []
    some = max(1, 1_000_000 // b[0].size)
    for row in range(0, len(a[0]), some):
        left = a[0][row : row + some, :, np.newaxis], a[1][row : row + some, :, np.newaxis]
        terms = _times(left, b)
        # A sum of n terms is off by at most n·2⁻⁵³ of the sum of their sizes.
        error = 2.0 * len(b[0]) * 2.0**-53 * _size(terms).sum(axis=1) + 1e-290
        low.append(terms[0].sum(axis=1) - error)
        high.append(terms[1].sum(axis=1) + error)
    return _outward(np.concatenate(low), np.concatenate(high))


def _up(x: Floats) -> Floats:
    """A little more than a number that is not negative: sums of up to 10⁵ terms, and underflow."""
    return x * (1.0 + 2.0**-34) + 1e-290
