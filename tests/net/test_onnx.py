"""ONNX models: checked by onnx, run by onnxruntime and by onnx's own reference evaluator."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator

import reberlstm as rl
from reberlstm.errors import FormatError
from reberlstm.net.files import onnx as target
from tests.stepping import read, run_batch


def session(net, **options):
    return onnxruntime.InferenceSession(
        target.export(net, "net.onnx", **options)[0], providers=["CPUExecutionProvider"]
    )


def run(runner, feed):
    names = [output.name for output in runner.get_outputs()]
    return dict(zip(names, runner.run(names, feed), strict=True))


@pytest.fixture(scope="module")
def net():
    return rl.compile(rl.load_grammar("reber"))


def test_operator_set_and_shapes_are_the_documented_ones(net):
    model = target.to_model(net)
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    shapes = {
        value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {
        "x": ["batch", "time", 7],
        "hidden": ["batch", "time", 8],
        "legal": ["batch", "time", 7],
        "accept": ["batch", "time", 1],
        "next": ["batch", "time", 7],
        "next_probability": ["batch", "time", 7],
    }
    assert [node.op_type for node in model.graph.node].count("LSTM") == 1
    metadata = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert metadata == {
        "alphabet": list("BTSXPVE"),
        "cells": list(net.cells),
        "readouts": {"legal": "logit > 0", "accept": "logit > 0", "next": "softmax > 0.1"},
    }


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (5, 3)])
def test_batch_and_length_are_free(net, shape):
    words = np.random.default_rng(1).integers(7, size=shape)
    outputs = run(session(net), {"x": np.eye(7, dtype=np.float32)[words]})
    states = list(run_batch(net, words))
    for head in net.heads:
        expected = np.stack([read(net, head, state) for state in states], axis=1)
        np.testing.assert_allclose(outputs[head], expected, rtol=0, atol=1e-5)
    hidden = np.stack([state.h for state in states], axis=1)
    np.testing.assert_allclose(outputs["hidden"], hidden, rtol=0, atol=1e-6)
    assert outputs["next_probability"].sum(axis=-1) == pytest.approx(np.ones(shape), abs=1e-6)


def test_indices_and_one_hot_vectors_give_the_same(net):
    words = np.random.default_rng(2).integers(7, size=(4, 9))
    by_index = run(session(net, indices=True), {"symbols": words})
    by_vector = run(session(net), {"x": np.eye(7, dtype=np.float32)[words]})
    for name, values in by_vector.items():
        assert (by_index[name] == values).all(), name


def test_float64_model_in_the_reference_evaluator_equals_the_simulator(net):
    model = target.to_model(net, dtype="float64")
    words = np.random.default_rng(3).integers(7, size=(3, 12))
    names = [output.name for output in model.graph.output]
    values = ReferenceEvaluator(model).run(names, {"x": np.eye(7)[words]})
    outputs = dict(zip(names, values, strict=True))
    for t, state in enumerate(run_batch(net, words)):
        for head in net.heads:
            expected = read(net, head, state)
            np.testing.assert_allclose(outputs[head][:, t], expected, rtol=0, atol=1e-12)


def test_gate_order_of_a_net_in_which_all_gates_differ():
    rng = np.random.default_rng(4)
    net = rl.LSTMWeights(
        alphabet=("a", "b", "c"),
        cells=("0", "1"),
        weight_ih=rng.normal(size=(8, 3)),
        weight_hh=rng.normal(size=(8, 2)),
        bias_ih=rng.normal(size=8),
        bias_hh=rng.normal(size=8),
        heads={},
    )
    words = rng.integers(3, size=(2, 6))
    hidden = run(session(net), {"x": np.eye(3, dtype=np.float32)[words]})["hidden"]
    expected = np.stack([state.h for state in run_batch(net, words)], axis=1)
    np.testing.assert_allclose(hidden, expected, rtol=0, atol=1e-6)


def test_labels_are_an_output_and_in_the_metadata():
    machine = rl.FSM(
        alphabet=("a", "b"),
        start="0",
        transitions={"0": {"a": "1", "b": "0"}, "1": {"a": "0"}},
        outputs={"0": "even", "1": "odd"},
    )
    net = rl.compile(machine)
    outputs = run(session(net), {"x": np.eye(2, dtype=np.float32)[[[0, 0, 1, 0]]]})
    labels = json.loads(
        next(e.value for e in target.to_model(net).metadata_props if e.key == "labels")
    )
    assert [labels[i] for i in outputs["label"][0].argmax(axis=-1)] == [
        "odd",
        "even",
        "even",
        "odd",
    ]


def test_what_is_printed_runs_the_file(net, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for indices in (False, True):
        (tmp_path / "net.onnx").write_bytes(target.export(net, "net.onnx", indices=indices)[0])
        names = {}
        exec(target.export(net, "net.onnx", indices=indices)[1], names)
        legal = names["outputs"]["legal"]
        assert legal.shape == (1, 2, 7)
        assert [net.alphabet[a] for a in np.flatnonzero(legal[0, 1] > 0)] == ["S", "X"]


def test_equal_nets_give_equal_bytes(net):
    again = rl.compile("reber")
    assert target.export(net, "net.onnx") == target.export(again, "net.onnx")


def test_published_net_is_refused():
    with pytest.raises(FormatError, match=r"^an ONNX model cannot hold the net 'published'"):
        target.to_model(rl.published())


def test_net_larger_than_a_protocol_buffer_is_refused(net, monkeypatch):
    monkeypatch.setattr(target, "MAX_BYTES", 1_000)
    with pytest.raises(
        FormatError, match=r"^the gate weights of 8 cells take 2,176 bytes.*safetensors instead$"
    ):
        target.to_model(net)
