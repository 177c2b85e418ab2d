"""Matrices that are kept sparse, and large compiled nets, which are made of them."""

from __future__ import annotations

import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.errors import WeightsError
from reberlstm.net import sparse as sparse_weights
from reberlstm.net.sparse import Sparse, from_rows
from tests.cases import compiled_sparse
from tests.oracles import run_torch, torch_module
from tests.strategies import machines, random_machine

numbers = st.sampled_from((-2.0, 0.0, 0.5, 3.0))


@st.composite
def matrices(draw: st.DrawFn, width: int = 4) -> Sparse:
    entries = st.dictionaries(st.integers(0, width - 1), numbers, max_size=width)
    rows = draw(st.lists(st.tuples(numbers, entries), min_size=1, max_size=6))
    return from_rows(rows, width)


@settings(max_examples=50)
@given(matrices(), st.integers(0, 3), st.data())
def test_a_sparse_matrix_is_its_whole_array(matrix: Sparse, batch: int, data: Any) -> None:
    array = matrix.toarray()
    x = np.random.default_rng(batch).normal(size=(batch, 4))
    np.testing.assert_allclose(x @ matrix.T, x @ array.T, atol=1e-14)
    np.testing.assert_allclose(matrix.dot(x.T), array @ x.T, atol=1e-14)
    np.testing.assert_allclose(matrix.dot(np.ones(4)), array.sum(axis=1), atol=1e-14)
    np.testing.assert_allclose(matrix.sums(np.abs), np.abs(array).sum(axis=1))
    assert np.array_equal(np.abs(matrix), np.abs(array))
    assert np.array_equal(np.asarray(matrix), array)
    assert matrix.shape == array.shape
    assert matrix.size == array.size
    begin = data.draw(st.integers(0, len(matrix)))
    assert np.array_equal(matrix[begin : begin + 2].toarray(), array[begin : begin + 2])
    both = Sparse.stacked([matrix, matrix], [2.0, 0.0])
    assert np.array_equal(both.toarray(), np.concatenate([2.0 * array, 0.0 * array]))
    assert np.array_equal(pickle.loads(pickle.dumps(matrix)).toarray(), array)
    assert matrix.astype(np.float32).toarray().dtype == np.float32


@pytest.mark.parametrize(
    "parts",
    [
        {"starts": [0, 1]},
        {"starts": [0, 2, 1]},
        {"starts": [1, 1, 2]},
        {"starts": [0, 0.5, 2]},
        {"columns": [0, 3]},
        {"columns": [-1, 0]},
        {"columns": [float("nan"), 0]},
        {"starts": [0, 2, 2], "columns": [1, 1]},
        {"starts": [0, 2, 2], "columns": [1, 0]},
        {"values": [1.0]},
        {"values": [[1.0], [2.0]]},
    ],
)
def test_parts_that_do_not_fit(parts: dict[str, Any]) -> None:
    right = {"default": [0.0, 1.0], "starts": [0, 1, 2], "columns": [2, 0], "values": [5.0, -1.0]}
    with pytest.raises(WeightsError, match=r"^sparse weights.*(fit together|whole numbers)$"):
        Sparse(**(right | parts), width=3)


@pytest.mark.parametrize("cell", ["lstm", "gru", "gru-before", "rnn"])
@settings(max_examples=15)
@given(fsm=machines(max_states=8), mode=st.sampled_from(("absorb", "resync")), seed=st.integers(0))
def test_large_nets_are_the_same_nets(cell: str, fsm: rl.FSM, mode: Any, seed: int) -> None:
    net = rl.compile(fsm, cell=cell, on_violation=mode)
    sparse = compiled_sparse(fsm, cell=cell, on_violation=mode)
    assert sparse.is_sparse
    assert not net.is_sparse
    assert sparse.layers[0].weight_hh.toarray().tobytes() == net.layers[0].weight_hh.tobytes()
    rng = np.random.default_rng(seed)
    states = rng.uniform(-1.0, 1.0, (5, len(net.initial())))
    symbols = rng.integers(0, len(net.alphabet), 5)
    for several in (slice(None), slice(1)):
        after = sparse.step(states[several], symbols[several])
        size = np.abs(net.layers[0].weight_hh).sum(axis=1).max()
        np.testing.assert_allclose(
            after, net.step(states[several], symbols[several]), atol=1e-15 * (1.0 + size)
        )
    single = sparse.replace(dtype="float32")
    np.testing.assert_allclose(
        single.record(states, symbols)[0].hidden, single.step(states, symbols)[:, : net.size],
        atol=1e-5 * (1.0 + size),
    )  # fmt: skip


@pytest.fixture(scope="module")
def large() -> Any:
    """A net of about 280 cells."""
    return rl.compile(random_machine(1, states=330, symbols=4, density=0.9))


@pytest.mark.parametrize("suffix", ["safetensors", "npz"])
def test_files_keep_weights_sparse(large: Any, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"large.{suffix}"
    rl.save(large, path)
    again = rl.load(path)
    assert again.is_sparse
    assert again.layers[0].weight_hh.toarray().tobytes() == large.weight_hh.toarray().tobytes()
    assert (again.cells, again.gain, again.reading) == (large.cells, large.gain, large.reading)
    assert path.stat().st_size < 1_500 * large.size


def test_whole_arrays_run_in_torch(large: Any) -> None:
    module = torch_module(large.whole())
    rng = random.Random(2)
    for _ in range(3):
        word = [rng.randrange(4) for _ in range(30)]
        outputs, runs = run_torch(module, word), rl.run(large, np.array([word]))
        np.testing.assert_allclose(runs.hidden[0], outputs.h[-1], atol=1e-12)
        np.testing.assert_allclose(runs.heads["next"][0], outputs.heads["next"][-1], atol=1e-9)


def test_trace_explains_itself_and_checks(large: Any) -> None:
    word = large.alphabet[:3]
    assert rl.trace(large, word).violation_at == rl.trace(large.whole(), word).violation_at


def test_whole_arrays_are_not_made_by_accident(large: Any, tmp_path: Path) -> None:
    message = r"a net of \d+ cells is too large .* would take .* GB as a whole array, and 0.0 GB"
    with pytest.raises(WeightsError, match=message):
        large.whole(most=1e5)


def test_export_says_what_whole_arrays_take(
    large: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rl.save(large, tmp_path / "net.safetensors")
    rl.save_grammar(large.grammar, tmp_path / "m.toml")
    given = ["export", str(tmp_path / "m.toml"), "--net", str(tmp_path / "net.safetensors"), "-o"]
    monkeypatch.setattr(sparse_weights, "MOST_BYTES", 1000)
    assert run([*given, str(tmp_path / "net.pt")]) == 2
    assert "say --dense to write them all the same" in capsys.readouterr().err
    assert run([*given, str(tmp_path / "net.pt"), "--dense"]) == 0
    assert f"{large.size} cells: recurrent weights of 3 MB in float64" in capsys.readouterr().err
    again = rl.load(tmp_path / "net.pt", alphabet=large.alphabet)
    assert np.array_equal(again.layers[0].weight_hh, large.weight_hh.toarray())
    assert run([*given, str(tmp_path / "net.npz")]) == 0
    assert "recurrent weights" not in capsys.readouterr().err
