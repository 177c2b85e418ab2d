"""Exports of every kind of net: what other runtimes, or their own equations, make of the files."""

from __future__ import annotations

import io
import tempfile
from itertools import pairwise
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.errors import FormatError
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.files import keras, onnx
from reberlstm.net.files import torch as torch_files
from reberlstm.net.files.safetensors import to_bytes
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head, Readout, Rule

STOCK = ["lstm", "gru", "rnn", "rnn-relu"]


@st.composite
def nets(draw: st.DrawFn, *, kinds: list[str], depth: int = 3) -> Net:
    """Random nets of one kind of cell, with one-hot inputs or an embedding, and a deep head."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    symbols, size = draw(st.integers(2, 4)), draw(st.integers(1, 4))
    cell = CELLS[draw(st.sampled_from(kinds))]
    embed = draw(st.none() | st.integers(1, 3))
    layers: list[Layer] = []
    for _ in range(draw(st.integers(1, depth))):
        inputs = size if layers else embed or symbols
        rows = len(cell.gates) * size
        layers.append(
            Layer(cell, *(rng.normal(size=s) for s in ((rows, inputs), (rows, size), rows, rows)))
        )
    hidden = draw(st.sampled_from([(), (3,), (2, 4)]))
    sizes = (size, *hidden, symbols)
    parts = [Head(rng.normal(size=(b, a)), rng.normal(size=b)) for a, b in pairwise(sizes)]
    activation = draw(st.sampled_from(["relu", "tanh"])) if hidden else ""
    readout = Readout("next", Rule("softmax", 0.1), tuple(parts), activation)
    return Net.of(
        alphabet=tuple("abcd"[:symbols]),
        layers=tuple(layers),
        heads={"next": readout, "accept": Head(rng.normal(size=(1, size)), rng.normal(size=1))},
        embedding=rng.normal(size=(symbols, embed)) if embed else None,
        name="random",
    )


def words_of(net: Net, length: int = 6) -> np.ndarray:
    return np.random.default_rng(2).integers(len(net.alphabet), size=(5, length))


def check_heads(net: Net, words: np.ndarray, found: Any, tolerance: float) -> None:
    expected = rl.run(net, words).heads
    assert set(expected) <= set(found)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name][:, -1], values, rtol=tolerance, atol=tolerance)


@settings(max_examples=40, deadline=None)
@given(net=nets(kinds=STOCK))
def test_torch_runs_every_kind(net: Net) -> None:
    words = words_of(net)
    module = torch_files.to_module(net, dtype=torch.float64)
    one_hot = torch.eye(len(net.alphabet), dtype=torch.float64)
    x = torch.from_numpy(words) if net.embedding is not None else one_hot[words]
    check_heads(net, words, {k: v.detach().numpy() for k, v in module(x).items()}, 1e-12)
    again = rl.load(module, alphabet=net.alphabet)
    assert again.reading == net.reading
    assert np.array_equal(again.layers[-1].weight_hh, net.layers[-1].weight_hh)
    # What is printed makes a module that loads the file.
    content, lines = torch_files.export(net, "net.pt")
    names: dict[str, Any] = {"file": io.BytesIO(content)}
    exec(lines.replace("'net.pt'", "file"), names)
    assert set(names["model"].state_dict()) == set(module.state_dict())


@settings(max_examples=40, deadline=None)
@given(net=nets(kinds=[*STOCK, "gru-before"]), indices=st.booleans())
def test_onnxruntime_runs_every_kind(net: Net, indices: bool) -> None:
    words = words_of(net)
    content, _ = onnx.export(net, "net.onnx", indices=indices)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    one_hot = np.eye(len(net.alphabet), dtype=np.float32)
    feed = {"symbols": words} if indices else {"x": one_hot[words]}
    names = [output.name for output in session.get_outputs()]
    check_heads(net, words, dict(zip(names, session.run(names, feed), strict=True)), 2e-3)


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def as_keras_runs(data: Any, cell: str, words: np.ndarray) -> np.ndarray:
    """h of keras.layers.LSTM, GRU and SimpleRNN after words, from their `call` (Keras 3)."""
    kernel, recurrent, bias = data["kernel"], data["recurrent_kernel"], data["bias"]
    table = data.get("embedding_embeddings", np.eye(len(kernel)))
    h = c = np.zeros((len(words), len(recurrent)))
    for x in table[words.T]:
        if cell == "lstm":
            i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        elif cell == "gru":  # reset_after=True
            x_z, x_r, x_h = np.split(x @ kernel + bias[0], 3, axis=1)
            r_z, r_r, r_h = np.split(h @ recurrent + bias[1], 3, axis=1)
            z, r = sigmoid(x_z + r_z), sigmoid(x_r + r_r)
            h = z * h + (1 - z) * np.tanh(x_h + r * r_h)
        elif cell == "gru-before":  # reset_after=False
            x_z, x_r, x_h = np.split(x @ kernel + bias, 3, axis=1)
            k_z, k_r, k_h = np.split(recurrent, 3, axis=1)
            z, r = sigmoid(x_z + h @ k_z), sigmoid(x_r + h @ k_r)
            h = z * h + (1 - z) * np.tanh(x_h + (r * h) @ k_h)
        else:
            a = x @ kernel + bias + h @ recurrent
            h = np.tanh(a) if cell == "rnn" else np.maximum(a, 0)
    return h


@settings(max_examples=40, deadline=None)
@given(net=nets(kinds=[*STOCK, "gru-before"], depth=1))
def test_keras_equations_give_the_same_for_every_kind(net: Net) -> None:
    words = words_of(net)
    content, lines = keras.export(net, "net.npz")
    data = dict(np.load(io.BytesIO(content)))
    h = as_keras_runs(data, net.layers[0].cell.name, words)
    np.testing.assert_allclose(h, rl.run(net, words).hidden, rtol=1e-9, atol=1e-12)
    compile(lines, "lines", "exec")


@pytest.mark.parametrize("before", [False, True])
def test_both_gru_layers_of_keras_are_read_by_their_own_names(before: bool, tmp_path: Any) -> None:
    rng = np.random.default_rng(0)
    data = {
        "embedding/embeddings": rng.normal(size=(3, 4)),
        "gru/gru_cell/kernel:0": rng.normal(size=(4, 15)),
        "gru/gru_cell/recurrent_kernel:0": rng.normal(size=(5, 15)),
        "gru/gru_cell/bias:0": rng.normal(size=15 if before else (2, 15)),
        "dense_1/kernel": rng.normal(size=(5, 3)).astype(np.float32),
        "dense_1/bias": rng.normal(size=3),
    }
    np.savez(tmp_path / "net.npz", **data)
    net = rl.load(tmp_path / "net.npz", alphabet="abc")
    assert net.layers[0].cell == CELLS["gru-before" if before else "gru"]
    assert net.reading == "legal: softmax > 0.1"
    words = words_of(net)
    plain = {key.rpartition("/")[2].partition(":")[0]: array for key, array in data.items()
             if key.startswith("gru")}  # fmt: skip
    plain["embedding_embeddings"] = data["embedding/embeddings"]
    h = as_keras_runs(plain, net.layers[0].cell.name, words)
    np.testing.assert_allclose(rl.run(net, words).hidden, h, rtol=1e-9, atol=1e-12)
    logits = h @ data["dense_1/kernel"] + data["dense_1/bias"]
    np.testing.assert_allclose(rl.run(net, words).heads["legal"], logits, rtol=1e-9, atol=1e-12)


def test_stacked_keras_layers_are_not_read_as_one() -> None:
    data = {}
    for name, inputs in (("lstm", 2), ("lstm_1", 3)):
        data |= {f"{name}/kernel": np.zeros((inputs, 12)), f"{name}/bias": np.zeros(12)}
        data[f"{name}/recurrent_kernel"] = np.zeros((3, 12))
    with pytest.raises(FormatError, match=r"expected one recurrent layer, found lstm\.\* "):
        rl.load(data, alphabet="01")


@settings(max_examples=30, deadline=None)
@given(net=nets(kinds=list(CELLS)))
def test_own_files_hold_every_kind(net: Net) -> None:
    net = net.replace(
        dtype="float32", suffix=net.vectors[:1], start_state=np.ones_like(net.start()[0])
    )
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".safetensors", ".npz"):
            rl.save(net, f"{folder}/net{suffix}")
            assert to_bytes(rl.load(f"{folder}/net{suffix}")) == to_bytes(net)
        with pytest.raises(FormatError, match="cannot hold the net 'random': "):
            rl.save(net, f"{folder}/net.pt")


@settings(max_examples=20, deadline=None)
@given(net=nets(kinds=STOCK))
def test_saved_for_torch_is_the_same_net(net: Net) -> None:
    words = words_of(net)
    with tempfile.TemporaryDirectory() as folder:
        rl.save(net, f"{folder}/net.pt")
        deep = not net.heads["next"].is_linear
        again = rl.load(
            f"{folder}/net.pt",
            alphabet=net.alphabet,
            head_activation=net.heads["next"].activation if deep else None,
            nonlinearity="relu" if net.layers[0].cell == CELLS["rnn-relu"] else None,
            embedding="embedding" if net.embedding is not None else None,
        )
    assert again.reading == net.reading
    for name, values in rl.run(net, words).heads.items():
        np.testing.assert_allclose(rl.run(again, words).heads[name], values, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"start_state": np.ones(16)}, "it does not start from zero"),
        ({"suffix": np.eye(7)[:1]}, "symbols are fed after every word"),
    ],
)
def test_what_a_target_cannot_hold_is_one_line(change: dict[str, Any], reason: str) -> None:
    net = Net(**{k: v for k, v in rl.compile("reber")._fields().items()
                 if k in ("alphabet", "heads", "name")},
              layers=rl.compile("reber").layers, **change)  # fmt: skip
    for export in (torch_files.export, onnx.export, keras.export):
        with pytest.raises(FormatError, match=rf"cannot hold the net 'compiled': {reason}; export"):
            export(net, "file")


def test_words_of_different_lengths_run_as_each_alone() -> None:
    net = rl.compile("reber")
    words = ["BTXSE", "", "B", "BPVVE", "BTSSSXSE"]
    runs = rl.run(net, words)
    for number, word in enumerate(words):
        alone = rl.run(net, [word])
        assert np.array_equal(runs.states[number], alone.states[0])
        assert np.allclose(runs.heads["legal"][number], alone.heads["legal"][0], atol=1e-12)
    indices = [[net.alphabet.index(symbol) for symbol in "BTX"]] * 2
    assert rl.run(net, np.array(indices)).hidden.shape == (2, 8)
    assert rl.run(net, []).hidden.shape == (0, 8)
    assert rl.run("reber-4", [list("BT")]).heads["legal"].shape == (1, 7)
    for wrong, message in (
        (["BTQ"], "unknown symbol 'Q' at position 3"),
        ([[0, 7]], "there is no symbol 7 in an alphabet of 7 symbols"),
        ("BT", "'BT' is one word; give several, in a list"),
        ([[0.5]], "words are strings, lists of symbols, or indices"),
    ):
        with pytest.raises(rl.ReberLSTMError, match=message):
            rl.run(net, wrong)
