"""The models of execution cover the machines that they are named after."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import reberlstm as rl
from reberlstm.certificates.arithmetic import ARITHMETICS, KERNEL_ULPS, as_executed
from reberlstm.certificates.boxes import BoxNet, Inputs
from reberlstm.certificates.checker.steps import Steps
from reberlstm.certificates.intervals import Interval
from reberlstm.errors import CertificateError
from reberlstm.net.net import LSTMWeights
from reberlstm.net.readouts import Head

DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}


def random_net(rng: np.random.Generator, size: int, scale: float) -> LSTMWeights:
    def array(*shape: int) -> np.ndarray:
        return rng.normal(0, scale, shape)

    return LSTMWeights(
        alphabet=("a", "b", "c"),
        cells=tuple(map(str, range(size))),
        weight_ih=array(4 * size, 3),
        weight_hh=array(4 * size, size) * (rng.random((4 * size, size)) < 0.7),
        bias_ih=array(4 * size),
        bias_hh=array(4 * size),
        heads={"legal": Head(array(3, size), array(3))},
    )


def random_boxes(rng: np.random.Generator, number: int, size: int) -> Interval:
    """Boxes of h and c, (N, 2·H)."""
    h = np.sort(rng.uniform(-1, 1, (2, number, size)), axis=0)
    c = np.sort(rng.normal(0, 2, (2, number, size)), axis=0)
    width = 10.0 ** -rng.integers(0, 8)
    low, high = np.concatenate([h, c], axis=2)
    return Interval(low, low + width * (high - low))


def spots() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.concatenate(
        [
            rng.uniform(-30, 30, 20_000),
            rng.normal(0, 1, 20_000),
            -np.logspace(-8, 1.9, 5_000),
            np.logspace(-8, 1.9, 5_000),
        ]
    )


@pytest.mark.parametrize("name", ["float32", "float16", "bfloat16"])
def test_rounding_is_that_of_the_format(name: str) -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate(
        [rng.normal(0, 10.0 ** rng.integers(-9, 5, 5_000)), [0.0, -0.0, 1e-7, 65_519.9]]
    )
    # PyTorch converts to the short formats by way of float32.
    x = x.astype(np.float32).astype(np.float64)
    truth = torch.tensor(x).to(DTYPES[name]).double().numpy()
    assert np.array_equal(ARITHMETICS[name].round(x), truth)


def test_rounding_overflows_to_infinity() -> None:
    found = ARITHMETICS["float16"].round(np.array([65_520.0, -1e6, 65_504.0]))
    assert found.tolist() == [np.inf, -np.inf, 65_504.0]


@pytest.mark.parametrize("name", list(DTYPES))
def test_torch_is_as_accurate_as_is_assumed(name: str) -> None:
    machine, x = ARITHMETICS[name], torch.tensor(spots()).to(DTYPES[name])
    z = x.double().numpy().astype(np.longdouble)
    for found, truth in (
        (torch.sigmoid(x), 1 / (1 + np.exp(-z))),
        (torch.tanh(x), np.tanh(z)),
    ):
        error = np.abs(found.double().numpy() - truth)
        bound = KERNEL_ULPS * machine.unit * np.abs(truth) + machine.kernel + machine.smallest
        assert (error <= bound).all()


@pytest.mark.parametrize("operation", ["Sigmoid", "Tanh"])
def test_onnxruntime_is_as_accurate_as_is_assumed(operation: str) -> None:
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None]) for name in "xy"
    ]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(operation, ["x"], ["y"])], "one", ends[:1], ends[1:]
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 9
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    x = spots().astype(np.float32)
    z = x.astype(np.longdouble)
    truth = np.tanh(z) if operation == "Tanh" else 1 / (1 + np.exp(-z))
    machine = ARITHMETICS["float32"]
    error = np.abs(session.run(None, {"x": x})[0] - truth)
    assert (error <= KERNEL_ULPS * machine.unit * np.abs(truth) + machine.kernel).all()


@pytest.mark.parametrize("name", list(DTYPES))
def test_what_torch_computes_lies_in_the_boxes(name: str) -> None:
    """An LSTM cell of torch, run in the format, on points of random boxes."""
    rng = np.random.default_rng(2)
    machine, dtype = ARITHMETICS[name], DTYPES[name]

    def held(x: np.ndarray) -> np.ndarray:
        return torch.tensor(x).to(dtype).double().numpy()

    for scale in (0.3, 3.0, 20.0):
        net = random_net(rng, 6, scale)
        boxes = random_boxes(rng, 40, net.size)
        boxes = Interval(held(boxes.lo), held(boxes.hi))
        edges = np.repeat(np.arange(40), 3)
        symbols = np.tile(np.arange(3), 40)
        image = BoxNet(net, machine).step(boxes, edges, symbols)
        value = BoxNet(net, machine).read("legal", boxes)
        # Rounding keeps the order, so a point between two numbers of the format stays there.
        points = torch.tensor(boxes.lo + rng.random(boxes.shape) * boxes.width).to(dtype)
        h, c = points.chunk(2, dim=1)
        cell = torch.nn.LSTMCell(3, net.size, dtype=torch.float64)
        head = net.heads["legal"]
        with torch.no_grad():
            for parameter in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(cell, parameter).copy_(torch.tensor(getattr(net, parameter)))
            x = torch.eye(3)[symbols].to(dtype)
            after = cell.to(dtype)(x, (h[edges], c[edges]))
            legal = torch.nn.functional.linear(
                h, torch.tensor(head.weight).to(dtype), torch.tensor(head.bias).to(dtype)
            )
        for found, box in zip((torch.cat(after, dim=1), legal), (image, value), strict=True):
            numbers = found.double().numpy()
            assert ((numbers >= box.lo) & (numbers <= box.hi)).all()


@pytest.mark.parametrize("name", list(ARITHMETICS))
@pytest.mark.parametrize("inputs", [Inputs(), Inputs(0.01, 0.2, 0.9)], ids=["one-hot", "blurred"])
def test_search_and_checker_bound_steps_alike(name: str, inputs: Inputs) -> None:
    """Two implementations of one model, written apart: neither may be much tighter."""
    rng = np.random.default_rng(3)
    for scale in (0.5, 10.0):
        net = random_net(rng, 5, scale)
        boxes = random_boxes(rng, 12, net.size)
        ours = BoxNet(net, ARITHMETICS[name], 0.001, inputs)
        theirs = Steps(net, name, 0.001, (inputs.noise, inputs.low, inputs.high))
        image = ours.step(boxes, np.arange(12), np.arange(12) % 3)
        value = ours.read("legal", boxes)
        for row in range(12):
            box = (boxes.lo[row], boxes.hi[row])
            other = theirs.step(box, net.alphabet[row % 3])
            mine = (image.lo[row], image.hi[row])
            for a, b in zip(
                (*mine, value.lo[row], value.hi[row]),
                (*other, *theirs.read("legal", box)),
                strict=True,
            ):
                assert np.allclose(a, b, rtol=1e-7, atol=1e-10), np.abs(a - b).max()


def test_int8_has_255_levels_for_a_matrix_and_leaves_biases() -> None:
    net = random_net(np.random.default_rng(4), 6, 1.0)
    held = as_executed(net, ARITHMETICS["int8"])
    step = np.float32(np.abs(net.weight_hh.astype(np.float32)).max() / 127)
    levels = held.weight_hh / step
    assert np.allclose(levels, np.rint(levels), atol=1e-4)
    assert np.abs(held.weight_hh - net.weight_hh).max() <= 0.51 * step
    assert np.array_equal(held.bias_ih, net.bias_ih.astype(np.float32))


def test_a_weight_that_overflows_is_named() -> None:
    net = rl.compile(rl.load_grammar("reber"))
    bias = net.bias_ih.copy()
    bias[3] = 1e6
    with pytest.raises(
        CertificateError, match="bias_ih of net 'compiled' has a weight of size 1e\\+06"
    ):
        rl.certify(net.replace(bias_ih=bias), arithmetic="float16")


def test_a_sum_that_may_overflow_is_not_proved() -> None:
    net = rl.compile(rl.load_grammar("parity"))
    weights = net.weight_hh.copy()
    weights[0] = 60_000.0
    found = rl.certify(net.replace(weight_hh=weights), arithmetic="float16", seconds=5)
    assert found.holds is not True
