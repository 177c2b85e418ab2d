"""Several steps at once: boxes against what torch does, and nets that need several steps.

Derivatives and other kinds of cells are in test_kinds.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import reberlstm as rl
from reberlstm.certificates import Certificate, check
from reberlstm.certificates.arithmetic import ARITHMETICS
from reberlstm.certificates.boxes import BoxNet, follow, rounding_error
from reberlstm.certificates.checker.steps import Paths, Steps
from reberlstm.certificates.claims import Level
from reberlstm.certificates.intervals import Interval
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.net import LSTMWeights, Net
from reberlstm.net.readouts import Head
from tests.certificates.test_arithmetic import DTYPES, random_boxes, random_net
from tests.certificates.test_checker import with_checksum

WORD = (0, 2, 1)


def torch_cell(net: LSTMWeights, dtype: torch.dtype) -> torch.nn.LSTMCell:
    cell = torch.nn.LSTMCell(len(net.alphabet), net.size, dtype=torch.float64)
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(cell, name).copy_(torch.tensor(getattr(net, name)))
    return cell.to(dtype)


def points(rng: np.random.Generator, boxes: Interval) -> tuple[np.ndarray, np.ndarray]:
    h, c = np.split(boxes.lo + rng.random(boxes.shape) * boxes.width, 2, axis=1)
    return h, c


def paths_of(net: LSTMWeights, name: str, noise: float = 0.0) -> Paths:
    return Paths(net, Steps(net, name, noise, (0.0, 1.0, 1.0)))


@pytest.mark.parametrize("name", list(DTYPES))
def test_words_end_in_the_boxes_that_they_are_followed_to(name: str) -> None:
    """torch runs a word from points of boxes, in the format; noise is added between steps."""
    rng = np.random.default_rng(6)
    # To add noise in a short format would itself be off by more than the noise.
    dtype, noise = DTYPES[name], 0.01 if name in ("float64", "float32") else 0.0
    for scale in (0.5, 2.0):
        net = random_net(rng, 4, scale)
        boxes = random_boxes(rng, 30, net.size)
        ends = (torch.tensor(end).to(dtype).double().numpy() for end in (boxes.lo, boxes.hi))
        boxes = Interval(*ends)
        rows = np.arange(30)
        levels = [Level(rows, rows, np.full(30, a), np.zeros(30, dtype=int)) for a in WORD]
        machine = BoxNet(net, ARITHMETICS[name], noise)
        paths = paths_of(net, name, noise)
        places = [paths.start((boxes.lo[row], boxes.hi[row])) for row in rows]
        cell = torch_cell(net, dtype)
        h, c = (torch.tensor(x).to(dtype) for x in points(rng, boxes))
        for symbol, found in zip(WORD, follow(machine, boxes, levels), strict=True):
            places = [paths.step(place, net.alphabet[symbol]) for place in places]
            with torch.no_grad():
                h, c = cell(torch.eye(3, dtype=torch.float64)[[symbol] * 30].to(dtype), (h, c))
                # Added in the format, so a little less than the noise, to stay below it.
                h, c = (
                    x + torch.tensor(0.9 * noise * rng.uniform(-1, 1, x.shape)).to(dtype)
                    for x in (h, c)
                )
            numbers = torch.cat([h, c], dim=1).double().numpy()
            assert ((numbers >= found.lo) & (numbers <= found.hi)).all()
            low, high = (np.array([place.box[end] for place in places]) for end in (0, 1))
            assert ((numbers >= low) & (numbers <= high)).all()


@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_rounding_errors_are_not_exceeded(name: str) -> None:
    """One step of torch in the format against one in float64 with the same rounded weights."""
    rng = np.random.default_rng(8)
    dtype = DTYPES[name]
    for scale in (0.3, 3.0):
        net = random_net(rng, 4, scale)
        machine = BoxNet(net, ARITHMETICS[name])
        h, c = (torch.tensor(x).to(dtype) for x in points(rng, random_boxes(rng, 300, 4)))
        x = torch.eye(3, dtype=dtype)[[0] * 300]
        with torch.no_grad():
            rounded = torch.cat(torch_cell(net, dtype)(x, (h, c)), dim=1).double().numpy()
            true = torch_cell(machine.net, torch.float64)(x.double(), (h.double(), c.double()))
        exact = torch.cat(true, dim=1).numpy()
        point = Interval.point(torch.cat([h, c], dim=1).double().numpy())
        bound = rounding_error(machine, point, np.zeros(300, dtype=int))
        assert (np.abs(rounded - exact) <= bound).all()


def spiral(shrink: float = 0.8) -> LSTMWeights:
    """Two cells that turn by an eighth while they shrink, kicked by every symbol.

    The turn makes the sizes of the derivative's entries add up to more than 1 in each row, though
    the state spirals into a point: boxes of single steps blow up, those of a few steps do not.
    """
    turn = shrink * np.sqrt(0.5) * np.array([[1.0, -1.0], [1.0, 1.0]])
    recurrent = np.zeros((8, 2))
    recurrent[4:6] = turn
    bias = np.array([30.0, 30.0, -30.0, -30.0, 0.2, 0.0, 30.0, 30.0])
    fsm = FSM(
        alphabet=("a",), start="0", accepting={"0"}, transitions={"0": {"a": "0"}}, name="for ever"
    )
    return LSTMWeights(
        alphabet=("a",),
        cells=("x", "y"),
        weight_ih=np.zeros((8, 1)),
        weight_hh=recurrent,
        bias_ih=bias,
        bias_hh=np.zeros(8),
        heads={"legal": Head(np.array([[-1.0, -1.0]]), np.array([0.8]))},
        grammar=fsm,
        name="spiral",
    )


def spirals(kind: str) -> Net:
    """The same of another kind of cell, over an embedding, with a second layer that follows it."""
    turn = spiral().weight_hh[4:6]
    gates = len(CELLS[kind].gates)
    recurrent, bias = np.zeros((2 * gates, 2)), np.zeros(2 * gates)
    recurrent[-2:], bias[-2:] = turn, [0.2, 0.0]
    bias[:-2] = -30.0  # a GRU takes its candidate, without reset
    if kind == "gru":
        bias[:2] = 30.0
    first = Layer(CELLS[kind], np.zeros((2 * gates, 3)), recurrent, bias, np.zeros(2 * gates))
    weight = np.zeros((2 * gates, 2))
    weight[-2:] = np.eye(2)
    second = Layer(CELLS[kind], weight, 0.5 * recurrent, bias, np.zeros(2 * gates))
    return Net(
        alphabet=("a",),
        embedding=np.ones((1, 3)),
        layers=(first, second),
        heads={"legal": Head(np.array([[-1.0, -1.0]]), np.array([1.5]))},
        grammar=spiral().grammar,
        name="spirals",
    )


def confirmed(certificate: Certificate, net: LSTMWeights) -> bool:
    verdict = check(json.dumps(certificate.to_dict()), net)
    assert verdict.valid, verdict.reason
    return verdict.valid


def test_a_net_that_needs_several_steps_at_once() -> None:
    net = spiral()
    assert rl.certify(net, max_k=1, max_depth=0, seconds=1.0).holds is None
    cert = rl.certify(net)
    assert cert.holds
    assert cert.stride > 1
    assert confirmed(cert, net)
    assert f"every {cert.stride} symbols" in str(cert)


@pytest.mark.parametrize("name", ["float64", "float32", "int8"])
def test_several_steps_on_every_machine_and_with_noise(name: str) -> None:
    net = spiral()
    for noise in (0.0, 0.001):
        cert = rl.certify(net, arithmetic=name, noise=noise, max_depth=0)
        assert cert.holds
        assert cert.stride > 1
        assert confirmed(cert, net)


@pytest.mark.parametrize("kind", ["gru", "rnn"])
def test_several_steps_of_other_cells_and_of_stacks(kind: str) -> None:
    net = spirals(kind)
    assert rl.certify(net, max_k=1, max_depth=0, seconds=1.0).holds is None
    for name, noise in (("real", 0.0), ("float32", 0.001)):
        cert = rl.certify(net, arithmetic=name, noise=noise, max_depth=0)
        assert cert.holds
        assert cert.stride > 1
        assert confirmed(cert, net)


def test_boxes_that_are_needed_only_now_and_then_are_checked_on_the_way() -> None:
    """A head that is wrong between two boxes only: after one symbol, not after three."""
    cert = rl.certify(spiral())
    document = cert.to_dict()
    net = spiral()
    # Raise the head's demand until the first state, but no later box, fails it.
    first = rl.trace(net, "a").steps[-1].hidden
    weight = np.array([[1.0, 1.0]])
    states = np.array([step.hidden for step in rl.trace(net, "a" * 60).steps])
    values = states @ weight[0]
    assert values[0] == values.min()
    at_boxes = min(
        (
            np.where(weight[0] > 0, [low for low, _ in box.h], [high for _, high in box.h])
            @ weight[0]
        )
        for box in cert.boxes
    )
    bias = -0.5 * (values[0] + at_boxes)
    assert values[0] < -bias < at_boxes
    assert first @ weight[0] + bias < 0.0
    other = net.replace(heads={"legal": Head(weight, np.array([bias]))})
    refuted = rl.certify(other)
    assert refuted.counterexample == ("a",)
    from reberlstm.certificates.results import digest_of_net

    document["net"]["sha256"] = digest_of_net(other)
    verdict = check(with_checksum(document), other)
    assert verdict.valid is False
    assert "head 'legal' may be wrong in the box after the empty word, read a" in verdict.reason


def test_several_steps_need_bounds() -> None:
    net = spiral()
    document = rl.certify(net).to_dict()
    document["proof"]["intervals"][0][3] = None
    assert "exact inputs and bounded boxes" in check(with_checksum(document), net).reason
