"""Rows kept once each: the same as a dictionary of their bytes, whatever the rows are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reberlstm.extraction.trajectories import Interned

pytestmark = pytest.mark.usefixtures("few_words")


def by_dictionary(batches: list[np.ndarray]) -> list[list[int]]:
    known: dict[bytes, int] = {}
    return [[known.setdefault(row.tobytes(), len(known)) for row in batch] for batch in batches]


SPECIAL = st.sampled_from([0.0, -0.0, 1.0, np.nan, np.inf, 5e-324, 2.0**-52, 1.0 + 2.0**-52])


@settings(max_examples=60)
@given(
    width=st.integers(0, 5),
    dtype=st.sampled_from(["float32", "float64", "int32", "int8"]),
    data=st.data(),
)
def test_numbers_are_those_of_a_dictionary(width: int, dtype: str, data: st.DataObject) -> None:
    elements = SPECIAL if dtype.startswith("float") else st.integers(-1, 1)
    batches = [
        data.draw(arrays.arrays("float64", (rows, width), elements=elements))
        for rows in data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=4))
    ]
    with np.errstate(all="ignore"):
        batches = [batch.astype(dtype) for batch in batches]
    kept = Interned(width, np.dtype(dtype))
    assert [kept.add(batch).tolist() for batch in batches] == by_dictionary(batches)
    assert kept.count == len({row.tobytes() for batch in batches for row in batch})


def test_many_rows_that_differ_in_one_bit() -> None:
    rows = np.zeros((5_000, 3))
    rows.view(np.uint64)[:, 1] = np.arange(5_000) << 40
    kept = Interned(3, rows.dtype)
    assert kept.add(rows).tolist() == list(range(5_000))
    assert kept.add(rows[::-1]).tolist() == list(range(5_000))[::-1]
    np.testing.assert_array_equal(kept.rows[np.arange(5_000)], rows)


def test_marks_keep_equal_rows_apart() -> None:
    kept = Interned(2, np.dtype(float))
    rows, marks = np.zeros((3, 2)), np.array([0, 1, 0], dtype=np.uint8)
    ids, fresh, hashes = kept.find(rows, marks)
    assert ids.tolist() == [0, 1, 0]
    kept.keep(rows[fresh], marks[fresh], hashes[fresh])
    assert kept.find(rows, marks)[0].tolist() == [0, 1, 0]


def test_rows_that_share_a_hash_are_not_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Interned(1, np.dtype(float))
    monkeypatch.setattr(kept, "_hash", lambda words, marks: np.zeros(len(words), dtype=np.uint64))
    first = kept.add(np.array([[1.0], [2.0], [1.0], [3.0], [2.0]]))
    values = kept.rows[first][:, 0].tolist()
    assert values == [1.0, 2.0, 1.0, 3.0, 2.0]
    again = kept.add(np.array([[2.0], [1.0], [4.0]]))
    assert kept.rows[again][:, 0].tolist() == [2.0, 1.0, 4.0]
