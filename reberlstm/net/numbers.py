"""What the formula of a cell is evaluated in; here ordinary numbers, in numpy arrays.

A cell's `step` is written once, for any kind of value that has ``+``, ``-``, ``*`` and slices of
its last axis, together with an object that has the functions below. Other such objects evaluate the
same formula in Python's own numbers (`reberlstm.net.scalars`), in the rounded numbers of a format,
in intervals, or in PyTorch tensors. numpy is loaded when the first array is made, so that formulas
can be imported without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sigmoid(z: NDArray[Any]) -> NDArray[Any]:
    """``1 / (1 + exp(−z))``; where the exponential overflows it is 0, as it should be."""
    import numpy as np

    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-z)))


def softmax(z: NDArray[Any]) -> NDArray[Any]:
    """``exp(z) / Σ exp(z)`` over the last axis, without overflow."""
    import numpy as np

    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


class Numbers:
    """The functions that formulas of cells use, for arrays (..., H) of ordinary numbers."""

    sigmoid = staticmethod(sigmoid)
    softmax = staticmethod(softmax)

    def tanh(self, z: Any) -> Any:
        """The hyperbolic tangent."""
        import numpy as np

        return np.tanh(z)

    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        """``weight @ x + bias`` for x (..., D), weight (R, D) and bias (R,): (..., R)."""
        return x @ weight.T + bias

    def relu(self, z: Any) -> Any:
        """``max(z, 0)``."""
        import numpy as np

        return np.maximum(z, 0)

    def mix(self, share: Any, new: Any, old: Any) -> Any:
        """``(1 − share)·new + share·old`` for a share in [0, 1]."""
        return new + share * (old - new)

    def above(self, values: Any, threshold: float) -> Any:
        """Where values are over a threshold."""
        return values > threshold

    def argmax(self, values: Any) -> Any:
        """The place of the largest value on the last axis; the first of several."""
        return values.argmax(axis=-1)

    # What derivatives are made of: matrices (..., R, C), of which some rows are scaled.

    def sigmoid_slope(self, s: Any) -> Any:
        """The derivative of sigmoid where its value is s."""
        return s * (1.0 - s)

    def tanh_slope(self, t: Any) -> Any:
        """The derivative of tanh where its value is t."""
        return 1.0 - t * t

    def relu_slope(self, y: Any) -> Any:
        """The derivative of relu where its value is y; 0 at 0, as in PyTorch."""
        return (y > 0).astype(y.dtype)

    def rows(self, factor: Any, matrix: Any) -> Any:
        """``diag(factor) @ matrix`` for a factor (..., R) and a matrix (R, C) or (..., R, C)."""
        return factor[..., None] * matrix

    def matmul(self, left: Any, right: Any) -> Any:
        """``left @ right`` for a matrix (R, K) of weights and matrices (..., K, C)."""
        return left @ right

    def diagonal(self, values: Any) -> Any:
        """The matrices with the values (..., H) on their diagonals."""
        import numpy as np

        return values[..., None] * np.eye(values.shape[-1])

    def block(self, parts: Sequence[Sequence[Any]]) -> Any:
        """One matrix of matrices, given row by row."""
        import numpy as np

        return np.concatenate([np.concatenate(row, axis=-1) for row in parts], axis=-2)


NUMBERS = Numbers()
