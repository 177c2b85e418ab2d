"""Runtimes of others are right, as far as they are."""

import importlib.util

import numpy as np
import pytest

from reberlstm.conformance import check_runtime
from reberlstm.conformance.runtimes import OnnxRuntime
from reberlstm.conformance.suite import checks
from reberlstm.errors import ConformanceError


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_torch_is_right(dtype):
    pytest.importorskip("torch")
    found = check_runtime("torch", dtype=dtype, steps=200)
    assert found.holds
    assert {x.kind for x in found.checks if x.outcome == "not run"} == {"gru-before"}
    assert found.count("right") == 38
    assert max(x.error for x in found.checks if x.error is not None) < found.tolerance / 10


def test_onnxruntime_is_right_and_has_no_float64():
    pytest.importorskip("onnxruntime")
    found = check_runtime("onnxruntime", kinds=("lstm", "gru-before"), steps=200)
    assert found.holds
    assert found.count("right") == len(found.checks)
    with pytest.raises(ConformanceError, match=r"runs nothing of the suite: .*double"):
        check_runtime("onnxruntime", dtype="float64", steps=10)


def test_an_onnx_model_can_take_its_first_state_and_lengths():
    pytest.importorskip("onnxruntime")
    runtime = OnnxRuntime()
    for check in checks(("gru",), 10):
        if check.name in ("walk", "layers"):
            (call,) = check.calls
            plain = runtime.run(check.net, call, "float32")
            session = runtime._session(check.net, True, "float32")
            names = [x.name for x in session.get_inputs()]
            assert names == ["x", "lengths", "h0"]
            feed = {"x": call.x.astype("float32")}
            feed["lengths"] = np.full(len(call.x), call.x.shape[1], np.int32)
            feed["h0"] = np.zeros((len(check.net.layers), len(call.x), plain.shape[2]), "float32")
            np.testing.assert_array_equal(session.run(["hidden"], feed)[0], plain)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="needs Keras")
@pytest.mark.filterwarnings("default")
def test_keras_is_right_and_its_float64_is_not_always_float64():
    """With the backend torch it multiplies float64 matrices in float32 (keras issue 23704)."""
    found = check_runtime("keras", steps=500)
    assert found.holds
    assert found.count("right") == len(found.checks)
    found = check_runtime("keras", dtype="float64", steps=500)
    if "torch" in found.runtime:
        assert all("float32" in finding.says for finding in found.findings)
