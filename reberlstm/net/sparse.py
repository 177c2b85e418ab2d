"""Matrices of large compiled nets: in each row one number everywhere, but for a few columns.

A gate of a compiled net reads few cells, or all but few. So a matrix (R, C) is held as a default
for each row and the entries that are others, row by row, and its products take time proportional to
R, C and the entries. What else numpy is asked of it is done with the whole array.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import DTypeLike, NDArray

from reberlstm.errors import WeightsError

Array = NDArray[Any]

MOST_BYTES = 2**30
"""Whole arrays that are larger are only made where that is asked for."""

PARTS = ("default", "starts", "columns", "values")
"""The arrays that a matrix is held as, besides its number of columns."""


class Sparse(NDArrayOperatorsMixin):
    """A matrix (R, C).

    Args:
        default: What stands in each row wherever nothing else does, (R,).
        starts: Where the entries of each row begin, and where the last ones end, (R + 1,).
        columns: The column of each entry, ascending in each row.
        values: The entries.
        width: The number of columns, C.

    Raises:
        WeightsError: saying what does not fit together.

    Example:
        >>> matrix = Sparse([0.0, 1.0], [0, 1, 2], [2, 0], [5.0, -1.0], 3)
        >>> matrix.toarray().tolist()
        [[0.0, 0.0, 5.0], [-1.0, 1.0, 1.0]]
        >>> (np.array([1.0, 1.0, 2.0]) @ matrix.T).tolist()
        [10.0, 2.0]
    """

    def __init__(self, default: Any, starts: Any, columns: Any, values: Any, width: int) -> None:
        self.default, self.values = (np.array(x, dtype=_kept(x)) for x in (default, values))
        self.starts, self.columns = (_whole(x) for x in (starts, columns))
        self.shape = len(self.default), int(width)
        _check(self)
        self.default[self.counts == width] = 0.0  # which stands nowhere
        for name in PARTS:
            getattr(self, name).flags.writeable = False

    ndim = 2

    def __len__(self) -> int:
        """R."""
        return self.shape[0]

    @property
    def size(self) -> int:
        """How many numbers the whole array has."""
        return self.shape[0] * self.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self.default.dtype

    @property
    def parts(self) -> dict[str, Array]:
        """The arrays that it is held as, by the names of the arguments."""
        return {name: getattr(self, name) for name in PARTS}

    @property
    def numbers(self) -> Array:
        """All different numbers: the defaults, and then the entries."""
        return np.concatenate([self.default, self.values])

    def with_numbers(self, numbers: Array) -> Sparse:
        """A copy with other `numbers` in the same places."""
        rows = len(self)
        return Sparse(numbers[:rows], self.starts, self.columns, numbers[rows:], self.shape[1])

    def astype(self, dtype: DTypeLike) -> Sparse:
        """A copy in another type of numbers."""
        return self.with_numbers(self.numbers.astype(dtype))

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """How many entries each row has, (R,)."""
        return np.diff(self.starts)

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """The row of each entry."""
        return np.repeat(np.arange(len(self)), self.counts)

    def __getitem__(self, rows: slice) -> Sparse:
        """Some rows next to each other; any other index is one of the whole array."""
        if not isinstance(rows, slice) or rows.step not in (None, 1):
            return self.toarray()[rows]  # type: ignore[return-value]
        first, last, _ = rows.indices(len(self))
        starts = self.starts[first : last + 1]
        part = slice(starts[0], starts[-1])
        entries = self.columns[part], self.values[part]
        return Sparse(self.default[first:last], starts - starts[0], *entries, self.shape[1])

    @staticmethod
    def stacked(parts: Sequence[Sparse], scales: Sequence[float]) -> Sparse:
        """The rows of several matrices one after the other, each times a number."""
        counts = np.concatenate([[0], *(part.counts for part in parts)])
        scaled = list(zip(parts, scales, strict=True))
        return Sparse(
            np.concatenate([part.default * scale for part, scale in scaled]),
            counts.cumsum(),
            np.concatenate([part.columns for part in parts]),
            np.concatenate([part.values * scale for part, scale in scaled]),
            parts[0].shape[1],
        )

    def sums(self, of: Callable[[Array], Array] = np.asarray) -> Array:
        """The sum of a function of all entries of a row, (R,)."""
        others = of(self.default) * (self.shape[1] - self.counts)
        return np.asarray(others + np.bincount(self.rows, of(self.values), len(self)))

    # Products

    @property
    def T(self) -> _Transposed:  # noqa: N802
        """What ``x @ matrix.T`` asks for."""
        return _Transposed(self)

    def dot(self, x: Array, out: Array | None = None) -> Array:
        """``matrix @ x`` for x (C,) or (C, B)."""
        default = self.default if x.ndim == 1 else self.default[:, np.newaxis]
        found = np.multiply(default, x.sum(axis=0), out=out)
        rows, starts, columns, differences = self._entries
        if len(rows):
            factors = differences if x.ndim == 1 else differences[:, np.newaxis]
            found[rows] += np.add.reduceat(factors * x[columns], starts, axis=0)
        return np.asarray(found)

    @cached_property
    def _entries(self) -> tuple[Array, Array, Array, Array]:
        """The rows with entries, where these begin, their columns, and how far from the default."""
        rows = np.flatnonzero(self.counts)
        return rows, self.starts[rows], self.columns, self.values - self.default[self.rows]

    # The whole array

    @property
    def nbytes(self) -> int:
        """What the whole array takes, in bytes."""
        return self.size * self.dtype.itemsize

    def toarray(self, most: float = MOST_BYTES) -> Array:
        """The whole array.

        Raises:
            WeightsError: where it takes more than `most` bytes.
        """
        if self.nbytes > most:
            raise WeightsError(
                f"a net of {self.shape[1]:,} cells is too large for this: its recurrent weights, "
                f"of which {len(self.values):,} are kept, would take {self.nbytes / 1e9:,.1f} GB "
                f"as a whole array, and {most / 1e9:,.1f} GB are allowed"
            )
        array = np.repeat(self.default[:, np.newaxis], self.shape[1], axis=1)
        array[self.rows, self.columns] = self.values
        return array

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        return np.asarray(self.toarray(), dtype=dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        whole = (x.toarray() if isinstance(x, Sparse) else x for x in inputs)
        return getattr(ufunc, method)(*whole, **options)

    def __reduce__(self) -> tuple[Any, ...]:
        return Sparse, (*self.parts.values(), self.shape[1])


class _Transposed:
    """A matrix turned round, to be multiplied from the left."""

    __array_ufunc__ = None  # so that numpy leaves the product to this class

    def __init__(self, matrix: Sparse) -> None:
        self.matrix = matrix

    def __rmatmul__(self, x: Array) -> Array:
        """``x @ matrix.T`` for x (..., C): (..., R)."""
        columns = x.reshape(-1, x.shape[-1]).T
        return self.matrix.dot(columns).T.reshape(*x.shape[:-1], len(self.matrix))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        return np.asarray(self.matrix.toarray().T, dtype=dtype)


def whole(matrix: Any, most: float = MOST_BYTES) -> Array:
    """An array as it is, a sparse matrix as its whole array; see `Sparse.toarray`."""
    return matrix.toarray(most) if isinstance(matrix, Sparse) else matrix


def from_rows(rows: Sequence[tuple[float, Mapping[int, float]]], width: int) -> Sparse:
    """The matrix with a default and entries by column for each row."""
    ordered = [sorted(entries.items()) for _, entries in rows]
    return Sparse(
        [default for default, _ in rows],
        np.cumsum([0, *map(len, ordered)]),
        [column for entries in ordered for column, _ in entries],
        [value for entries in ordered for _, value in entries],
        width,
    )


def _kept(x: Any) -> DTypeLike:
    return x.dtype if isinstance(x, np.ndarray) and x.dtype.kind == "f" else np.float64


def _whole(x: Any) -> NDArray[np.intp]:
    """Numbers of files are floating-point; here they count."""
    given = np.asarray(x)
    with np.errstate(invalid="ignore"):
        counted = given.astype(np.intp)
    if not np.array_equal(counted, given):
        raise WeightsError("sparse weights: starts or columns are no whole numbers")
    return counted if counted is not x else counted.copy()


def _check(matrix: Sparse) -> None:
    starts, columns, width = matrix.starts, matrix.columns, matrix.shape[1]
    fits = all(getattr(matrix, name).ndim == 1 for name in PARTS) and (
        len(starts) == len(matrix) + 1
        and len(columns) == len(matrix.values) == starts[-1]
        and starts[0] == 0
        and (np.diff(starts) >= 0).all()
        and bool(((columns >= 0) & (columns < width)).all())
    )
    if fits:
        same_row = np.ones(max(0, len(columns) - 1), dtype=bool)
        inner = starts[(starts > 0) & (starts < len(columns))]
        same_row[inner - 1] = False
        fits = bool((np.diff(columns)[same_row] > 0).all())
    if not fits:
        raise WeightsError(
            f"sparse weights of {len(matrix):,} rows and {width:,} columns: starts, columns and "
            "values do not fit together"
        )
