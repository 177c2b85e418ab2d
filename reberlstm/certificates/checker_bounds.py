"""The checker's own arithmetic: where can a net be after one step?

Plain lower and upper ends. All bounds are those of `reberlstm.certificates.arithmetic`, written a
second time, and hold for real numbers: every sum of n terms is widened by 2·(n + 16)·2⁻⁵³ times the
sum of their sizes, every sigmoid and tanh by 2⁻⁴⁶ of its value, which is many times what numpy's
are off by, and every product or sum of two by 2⁻⁵⁰ of its value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reberlstm.net.weights import LSTMWeights

Floats = NDArray[np.float64]
Ends = tuple[Floats, Floats]

# name: unit roundoff, smallest normal number, largest number, error of sigmoid and tanh
MACHINES: Mapping[str, tuple[float, float, float, float]] = {
    "real": (0.0, 0.0, math.inf, 0.0),
    "float64": (2.0**-53, 2.0**-1022, 1.7976931348623157e308, 2.0**-51),
    "float32": (2.0**-24, 2.0**-126, 3.4028234663852886e38, 2.0**-22),
    "float16": (2.0**-11, 2.0**-14, 65504.0, 2.0**-22),
    "bfloat16": (2.0**-8, 2.0**-126, 3.3895313892515355e38, 2.0**-22),
    "int8": (2.0**-24, 2.0**-126, 3.4028234663852886e38, 2.0**-22),
}


class RejectedError(Exception):
    """The certificate does not prove what it says; the text says where."""


class Bounds:
    """One step of a net between lower and upper ends.

    A box is four arrays of shape (H,): least and greatest ``h``, least and greatest ``c``.

    Args:
        net: The net.
        arithmetic: The machine that runs it.
        noise: By how much each of ``h`` and ``c`` may be off after a step.
        inputs: By how much every input may be off; the least and the greatest value that stands for
            the 1 of a one-hot input.
    """

    def __init__(
        self,
        net: LSTMWeights,
        arithmetic: str,
        noise: float,
        inputs: tuple[float, float, float],
    ) -> None:
        blur, low, high = inputs
        self.net, self.arithmetic, self.noise = net, arithmetic, noise
        self.unit, self.smallest, self.largest, self.kernel = MACHINES[arithmetic]
        self.u, self.w = self._held(net.weight_hh), self._held(net.weight_ih)
        self.bias_ih, self.bias_hh = self._held(net.bias_ih), self._held(net.bias_hh)
        self.heads = {
            name: (self._held(head.weight), self._held(head.bias))
            for name, head in net.heads.items()
        }
        self.nominal = min(max(1.0, low), high)
        self.columns: dict[str, tuple[Floats, ...]] = {}
        for number, symbol in enumerate(net.alphabet):
            least = np.full(len(net.alphabet), -blur)
            most = np.full(len(net.alphabet), blur)
            least[number], most[number] = low, high
            if blur:
                least[number] = np.nextafter(low - blur, -math.inf)
                most[number] = np.nextafter(high + blur, math.inf)
            self.columns[symbol] = self.terms(self.w, least, most)

    # Sums: (low, high, sum of sizes, number of terms, smallest numbers lost to underflow)

    @staticmethod
    def terms(weight: Floats, least: Floats, most: Floats) -> tuple[Floats, ...]:
        """The products of a matrix with a box of vectors, as far as they can be added up."""
        positive, negative = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
        size = np.maximum(np.abs(least), np.abs(most))
        present = ((weight != 0.0) & (size != 0.0)).astype(np.float64)
        number = present.sum(axis=1)
        return (
            positive @ least + negative @ most,
            positive @ most + negative @ least,
            np.abs(weight) @ size,
            number,
            (np.abs(weight) * present).sum(axis=1) + number * (4.0 + size.max()),
        )

    @staticmethod
    def _bias(bias: Floats) -> tuple[Floats, ...]:
        present = (bias != 0.0).astype(np.float64)
        return bias, bias, np.abs(bias), present, 4.0 * present

    def _total(self, parts: list[tuple[Floats, ...]], length: int) -> Ends:
        low, high, size, number, lost = _added_up(parts)
        error = 2.0 * (length + 16) * 2.0**-53 * size + 1e-290
        if not (size < 1e305).all():
            raise RejectedError("a sum may overflow float64")
        if self.unit:
            error = error + self._rounding(size, number, lost)
        error = error * (1.0 + 2.0**-30)
        return low - error, high + error

    def _rounding(self, size: Floats, number: Floats, lost: Floats) -> Floats:
        """How far sums may be off on the machine."""
        if not (size * np.exp(1.01 * self.unit * number) < self.largest / 2.0).all():
            raise RejectedError(f"a sum may overflow {self.arithmetic}")
        steps = number * self.unit
        with np.errstate(divide="ignore", invalid="ignore"):
            gamma = np.where(steps < 1.0, steps / (1.0 - steps), math.inf)
            rounding = np.where(size > 0.0, gamma * size, 0.0)
        return np.asarray(rounding + self.smallest * lost * (1.0 + gamma))

    def step(
        self, box: tuple[Floats, ...], symbol: str, recurrent: tuple[Floats, ...] | None = None
    ) -> tuple[Floats, ...]:
        """The box after a symbol; `recurrent`, if known, is what `recurrent` says of the box."""
        gate, c, t = self.parts(box, symbol, recurrent)
        if self.net.cell == "published":
            c = self._disturbed(c)
            return (*c, *c)
        h = self._product(gate["output"], t)
        return (*self._disturbed(h), *self._disturbed(c))

    def recurrent(self, box: tuple[Floats, ...]) -> tuple[Floats, ...]:
        """The part of the sums that no symbol changes."""
        return self.terms(self.u, box[0], box[1])

    def parts(
        self, box: tuple[Floats, ...], symbol: str, recurrent: tuple[Floats, ...] | None = None
    ) -> tuple[dict[str, Ends], Ends, Ends]:
        """The gates, the memory after a symbol, and its tanh."""
        sums = self._sums(box, symbol, recurrent)
        low, high = self._total(sums, self.net.size + len(self.net.alphabet))
        gate = {}
        for number, name in enumerate(self.net.gates):
            rows = slice(number * self.net.size, (number + 1) * self.net.size)
            function = self._tanh if name == "candidate" else self._sigmoid
            gate[name] = function((low[rows], high[rows]))
        written = self._product(gate["input"], gate["candidate"])
        kept = self._product(gate["forget"], (box[2], box[3]))
        c = self._operation(kept[0] + written[0], kept[1] + written[1], 3.0, 3.0)
        return gate, c, self._tanh(c)

    def rounding_error(self, box: tuple[Floats, ...], symbol: str) -> Floats:
        """How far h and c of a standard net may be from an exact step, (2·H,).

        A gate is off by ¼ (the candidate by 1) of what its sum is off by, and by the error of the
        function itself; then two products and their sum are rounded, and tanh and a product.
        """
        if not self.unit:
            return np.zeros(2 * self.net.size)
        _, _, size, number, lost = _added_up(self._sums(box, symbol))
        sums = self._rounding(size, number, lost).reshape(4, self.net.size)
        own = 4.0 * self.unit + self.kernel + 2.0 * self.smallest
        i, f, g, o = (sums[row] * (1.0 if row == 2 else 0.25) + own for row in range(4))
        c = np.maximum(np.abs(box[2]), np.abs(box[3]))
        written = i + g + self.unit + 4.0 * self.smallest
        kept = f * c + self.unit * c + (3.0 + c) * self.smallest
        added = self.unit * (1.0 + self.unit) * (c + 1.0) + 3.0 * self.smallest
        memory = written + kept + added + self.unit * self.smallest * (c + 10.0)
        read = o + memory + own + self.unit + 4.0 * self.smallest
        return np.concatenate([read, memory]) * (1.0 + 2.0**-30)

    def _sums(
        self, box: tuple[Floats, ...], symbol: str, recurrent: tuple[Floats, ...] | None = None
    ) -> list[tuple[Floats, ...]]:
        known = self.recurrent(box) if recurrent is None else recurrent
        biases = [self._bias(self.bias_ih), self._bias(self.bias_hh)]
        return [known, self.columns[symbol], *biases]

    def read(self, head: str, box: tuple[Floats, ...]) -> Ends:
        """The least and greatest values of a head."""
        weight, bias = self.heads[head]
        parts = [self.terms(weight, box[0], box[1]), self._bias(bias)]
        z = self._total(parts, self.net.size + len(self.net.alphabet))
        return self._tanh(z) if self.net.cell == "published" else z

    def _sigmoid(self, z: Ends) -> Ends:
        with np.errstate(over="ignore"):
            low, high = (1.0 / (1.0 + np.exp(-end)) for end in z)
        return self._function(low, high, 0.0)

    def _tanh(self, z: Ends) -> Ends:
        return self._function(np.tanh(z[0]), np.tanh(z[1]), -1.0)

    def _function(self, low: Floats, high: Floats, least: float) -> Ends:
        relative = 2.0**-46 + 4.0 * self.unit
        absolute = 1e-290 + self.kernel + 2.0 * self.smallest
        return (
            np.maximum(low - (relative * np.abs(low) + absolute) * (1.0 + 2.0**-30), least),
            np.minimum(high + (relative * np.abs(high) + absolute) * (1.0 + 2.0**-30), 1.0),
        )

    def _product(self, factor: Ends, x: Ends) -> Ends:
        # The factor is not negative: the worst end of x with the worst end of the factor.
        with np.errstate(invalid="ignore"):
            low = np.where(x[0] < 0.0, factor[1] * x[0], factor[0] * x[0])
            high = np.where(x[1] > 0.0, factor[1] * x[1], factor[0] * x[1])
        return self._operation(low, high, 3.0 + np.abs(x[0]), 3.0 + np.abs(x[1]))

    def _operation(
        self, low: Floats, high: Floats, lost_low: Floats | float, lost_high: Floats | float
    ) -> Ends:
        """One operation as rounded here, and by the machine."""
        relative = 2.0**-50 + self.unit
        below, above = relative * np.abs(low) + 1e-290, relative * np.abs(high) + 1e-290
        if self.unit:
            below, above = below + self.smallest * lost_low, above + self.smallest * lost_high
        return low - below * (1.0 + 2.0**-30), high + above * (1.0 + 2.0**-30)

    def _disturbed(self, x: Ends) -> Ends:
        if not self.noise:
            return x
        return (
            np.nextafter(x[0] - self.noise, -math.inf),
            np.nextafter(x[1] + self.noise, math.inf),
        )

    # The machine itself

    def _held(self, array: Floats) -> Floats:
        """The weights as the machine has them; a bias is a vector, and stays out of int8."""
        if self.arithmetic in ("real", "float64"):
            return array
        with np.errstate(over="ignore"):
            narrow = array.astype(np.float32).astype(np.float64)
        if self.arithmetic == "int8" and array.ndim == 2 and narrow.any():
            step = float(np.float32(np.abs(narrow).max() / 127.0))
            levels = np.round(narrow / step).clip(-127.0, 127.0)
            narrow = (levels * step).astype(np.float32).astype(np.float64)
        held = self._round(narrow)
        if not np.isfinite(held).all():
            raise RejectedError(f"a weight overflows {self.arithmetic}")
        return held

    def _round(self, x: Floats) -> Floats:
        """The nearest number of the format."""
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

    def run(self, word: tuple[str, ...], head: str) -> Floats:
        """The values of a head after a word, run on the machine."""
        rounded, net = self._round, self.net
        h = c = np.zeros(net.size)
        for symbol in word:
            column = self.nominal * self.w[:, net.alphabet.index(symbol)]
            z = rounded(self.u @ h + column + self.bias_ih + self.bias_hh)
            gate = dict(zip(net.gates, z.reshape(len(net.gates), net.size), strict=True))
            with np.errstate(over="ignore"):
                opened = {
                    name: rounded(1.0 / (1.0 + np.exp(-value))) for name, value in gate.items()
                }
            written = rounded(opened["input"] * rounded(np.tanh(gate["candidate"])))
            c = rounded(rounded(opened["forget"] * c) + written)
            h = c if net.cell == "published" else rounded(opened["output"] * rounded(np.tanh(c)))
        weight, bias = self.heads[head]
        value = rounded(weight @ h + bias)
        return rounded(np.tanh(value)) if net.cell == "published" else value


def _added_up(parts: list[tuple[Floats, ...]]) -> tuple[Floats, ...]:
    """The sums of parts of sums, kind by kind."""
    return tuple(np.sum(np.broadcast_arrays(*kind), axis=0) for kind in zip(*parts, strict=True))
