"""Many words at once: the same step on a matrix of states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from reberlstm.net.weights import LSTMWeights
from reberlstm.simulator.step import State, initial, step


def run_batch(
    weights: LSTMWeights, symbols: NDArray[np.integer] | Sequence[Sequence[int]]
) -> Iterator[State]:
    """The states after each step of ``B`` words of equal length ``T``.

    Args:
        weights: The net.
        symbols: Indices into the alphabet, shape (B, T). Pad shorter words with any symbol, and
            ignore what comes after their end: no word looks at another one or ahead.

    Yields:
        A state of shape (B, H) after every step, ``T`` in all.

    Example:
        >>> from reberlstm import compile, load_grammar
        >>> net = compile(load_grammar("parity"))
        >>> [s.h.round(2).tolist() for s in run_batch(net, [[1, 0], [1, 1]])]
        [[[0.76], [0.76]], [[0.76], [0.0]]]
    """
    indices = np.asarray(symbols, dtype=np.intp)
    if indices.ndim != 2:
        raise ValueError(f"symbols has shape {indices.shape}, expected (B, T)")
    size = len(weights.alphabet)
    unknown = indices[(indices < 0) | (indices >= size)]
    if unknown.size:
        raise ValueError(f"there is no symbol {unknown[0]} in an alphabet of {size} symbols")
    columns = np.eye(size)
    state = initial(weights, batch=len(indices))
    for t in range(indices.shape[1]):
        state = step(weights, columns[indices[:, t]], state).state
        yield state
