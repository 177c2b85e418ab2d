"""What a machine's arithmetic does to a net: the models of execution that a proof may assume.

``real`` is the net as mathematics, with its float64 weights taken exactly. Every other name is a
machine. Its weights are first rounded to the format (float16 and bfloat16 by way of float32, as
PyTorch converts them). Then every multiplication and addition obeys the standard model (N. J.
Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 2002, section 2.2 and lemma 3.1),
with underflow, gradual or flushed to zero, in inputs as in results::

    fl(x ∘ y) = (x ∘ y)(1 + δ) + η,   |δ| ≤ u,   |η| ≤ the smallest normal number

so that a sum of products with m terms that are not zero is off by at most γ_m = m·u / (1 − m·u)
times the sum of their sizes, *whatever the order of the additions*, with or without fused
multiply-add, and also where a wider accumulator is used. Sigmoid and tanh obey::

    |fl(σ(z)) − σ(z)| ≤ 4·u·σ(z) + κ   and stay in [0, 1],   tanh alike in [−1, 1]

where κ = 2⁻²² allows for the rational approximations of float32 kernels, which are accurate
absolutely and not relatively (onnxruntime's tanh is off by up to 5.4 u, PyTorch's by 1.1 u).
``int8`` rounds each weight matrix (not the biases) to 255 levels with one symmetric scale per
matrix, as ``round(w / s)·s`` with ``s = max |w| / 127``, and executes in float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reberlstm.errors import CertificateError
from reberlstm.net.weights import Floats, Head, LSTMWeights

MOST = 1e305
"""Sums of a larger total size are not judged, not even as real numbers: float64 may overflow."""

KERNEL_ULPS = 4.0
"""The relative error of a machine's sigmoid and tanh, in units of ``u``."""


@dataclass(frozen=True)
class Arithmetic:
    """One model of execution; see the module's text for the meaning of the bounds.

    Attributes:
        name: ``real``, ``float64``, ``float32``, ``float16``, ``bfloat16`` or ``int8``.
        precision: Bits of the significand, so that ``u`` is 2 to the power of minus it; 0 for real.
        smallest: The smallest normal number.
        largest: The largest number; beyond it a sum overflows.
        kernel: The absolute error ``κ`` of sigmoid and tanh.
    """

    name: str
    precision: int = 0
    smallest: float = 0.0
    largest: float = float("inf")
    kernel: float = 0.0

    @property
    def exact(self) -> bool:
        """Whether nothing is ever rounded."""
        return self.precision == 0

    @property
    def unit(self) -> float:
        """The unit roundoff ``u``."""
        return 0.0 if self.exact else 2.0**-self.precision

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
    """The model of that name.

    Raises:
        CertificateError: listing the names.
    """
    if name not in ARITHMETICS:
        raise CertificateError(f"arithmetic {name!r}; choose one of {', '.join(ARITHMETICS)}")
    return ARITHMETICS[name]


def as_executed(weights: LSTMWeights, arithmetic: Arithmetic) -> LSTMWeights:
    """The net with the weights that the machine really holds.

    Raises:
        CertificateError: naming an array that overflows the format, or where not even float64 can
            add the weights up.
    """
    _check_sums(weights)
    if arithmetic.exact or arithmetic.precision == 53:
        return weights

    def held(name: str, array: Floats) -> Floats:
        narrow = FLOAT32.round(array)
        if arithmetic.name == "int8" and array.ndim == 2:
            narrow = _int8(narrow)
        narrow = arithmetic.round(narrow)
        if not np.isfinite(narrow).all():
            worst = float(np.abs(array).max())
            raise CertificateError(
                f"{name} of net {weights.name!r} has a weight of size {worst:g}, but the largest "
                f"{arithmetic.name} is {arithmetic.largest:g}; compile with a smaller gain"
            )
        return narrow

    gates = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return weights.replace(
        **{name: held(name, getattr(weights, name)) for name in gates},
        heads={
            name: Head(held(f"{name}.weight", head.weight), held(f"{name}.bias", head.bias))
            for name, head in weights.heads.items()
        },
    )


def _check_sums(weights: LSTMWeights) -> None:
    rows = [
        weights.weight_ih,
        weights.weight_hh,
        weights.bias_ih[:, None],
        weights.bias_hh[:, None],
    ]
    layers = {"gates": np.concatenate(rows, axis=1)} | {
        f"{name} head": np.column_stack([head.weight, head.bias])
        for name, head in weights.heads.items()
    }
    for name, matrix in layers.items():
        with np.errstate(over="ignore"):
            total = float(np.abs(matrix).sum(axis=1).max())
        if not total < MOST:
            raise CertificateError(
                f"net {weights.name!r} has in its {name} a row of weights of total size {total:g}; "
                f"above {MOST:g} float64 may overflow, and nothing can be said; use smaller weights"
            )


def _int8(array: Floats) -> Floats:
    """Quantised to multiples −127…127 of one scale, and back, in float32."""
    largest = float(np.abs(array).max())
    if largest == 0.0:
        return array
    scale = FLOAT32.round(np.array(largest / 127.0))
    return FLOAT32.round(np.clip(np.rint(array / scale), -127, 127) * scale)
