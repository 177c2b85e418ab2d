"""Nets of other kinds than one LSTM layer: their steps, derivatives, proofs and refutations."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

import reberlstm as rl
from reberlstm.certificates import (
    Certificate,
    Inputs,
    Proof,
    Refutation,
    check,
    load_certificate,
)
from reberlstm.certificates.arithmetic import ARITHMETICS, Execution
from reberlstm.certificates.boxes import BoxNet, derivatives, follow, rounding_error
from reberlstm.certificates.checker.steps import Paths, Steps
from reberlstm.certificates.claims import Level
from reberlstm.certificates.intervals import REAL, Interval
from reberlstm.certificates.slopes import Slopes
from reberlstm.errors import CertificateError
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.net import Net
from reberlstm.net.numbers import Numbers
from reberlstm.net.readouts import Head, Readout, Rule
from tests.certificates.test_checker import with_checksum

EXACT = (0.0, 1.0, 1.0)


class Tensors(Numbers):
    """The functions of formulas, for tensors: so that torch differentiates the formula."""

    sigmoid = staticmethod(torch.sigmoid)
    tanh = staticmethod(torch.tanh)

    def linear(self, x: torch.Tensor, weight: np.ndarray, bias: np.ndarray) -> torch.Tensor:
        return x @ torch.tensor(weight).T + torch.tensor(bias)

    def relu(self, z: torch.Tensor) -> torch.Tensor:
        return torch.relu(z)


def random_net(
    rng: np.random.Generator, kinds: tuple[str, ...], size: int, scale: float, **others: object
) -> Net:
    layers, inputs = [], 3
    for kind in kinds:
        rows = len(CELLS[kind].gates) * size
        shapes = ((rows, inputs), (rows, size), (rows,), (rows,))
        layers.append(Layer(CELLS[kind], *(rng.normal(0, scale, shape) for shape in shapes)))
        inputs = size
    head = Head(rng.normal(0, 1, (3, size)), rng.normal(0, 1, 3))
    heads = {"next": Readout("next", Rule("softmax", 0.2), (head,))}
    return Net(alphabet=("a", "b", "c"), layers=tuple(layers), heads=heads, **others)


def random_boxes(rng: np.random.Generator, number: int, width: int) -> Interval:
    low, high = np.sort(rng.uniform(-1, 1, (2, number, width)), axis=0)
    return Interval(low, low + 10.0 ** -rng.integers(0, 6) * (high - low))


@pytest.mark.parametrize("name", list(ARITHMETICS))
@pytest.mark.parametrize("kinds", [*((kind,) for kind in CELLS), ("gru", "lstm")], ids=" ".join)
def test_what_a_net_does_lies_in_the_boxes(kinds: tuple[str, ...], name: str) -> None:
    """Points of boxes, run in the arithmetic, against the boxes of the search and the checker."""
    rng = np.random.default_rng(1)
    arithmetic = ARITHMETICS[name]
    for scale in (0.5, 3.0):
        net = random_net(rng, kinds, 4, scale)
        if len(kinds) > 1:
            net = net.replace(embedding=rng.normal(0, 1, (3, 3)), suffix=rng.normal(0, 1, (1, 3)))
        ours, execution = BoxNet(net, arithmetic), Execution(net, arithmetic)
        theirs = Steps(net, name, 0.0, EXACT)
        boxes = random_boxes(rng, 30, ours.width)
        boxes = Interval(arithmetic.round(boxes.lo), arithmetic.round(boxes.hi))
        symbols = np.arange(30) % 3
        image = ours.step(boxes, np.arange(30), symbols)
        said = ours.read("legal", image)
        for _ in range(10):
            points = arithmetic.round(boxes.lo + rng.random(boxes.shape) * boxes.width)
            after = execution.step(points, symbols)
            assert Interval.point(after).included_in(image)
            assert Interval.point(execution.read("legal", after)).included_in(said)
        for row, symbol in enumerate(symbols):
            low, high = theirs.step((boxes.lo[row], boxes.hi[row]), net.alphabet[symbol])
            assert np.allclose(low, image.lo[row], rtol=1e-6, atol=1e-9)
            assert np.allclose(high, image.hi[row], rtol=1e-6, atol=1e-9)
            low, high = theirs.read("legal", (image.lo[row], image.hi[row]))
            assert np.allclose(low, said.lo[row], rtol=1e-6, atol=1e-9)
            assert np.allclose(high, said.hi[row], rtol=1e-6, atol=1e-9)


STACKS = [*((kind,) for kind in CELLS), ("gru", "lstm"), ("lstm", "gru-before", "rnn")]


def embedded(rng: np.random.Generator, kinds: tuple[str, ...], scale: float) -> Net:
    """A net of three cells in each layer; stacks read embeddings."""
    net = random_net(rng, kinds, 3, scale)
    return net.replace(embedding=rng.normal(0, 1, (3, 3))) if len(kinds) > 1 else net


def torch_step(net: Net, state: torch.Tensor, symbol: int) -> torch.Tensor:
    """The state vector after a symbol, as a function that torch can differentiate."""
    x, after, at = torch.tensor(net.vectors[symbol]), [], 0
    for layer in net.layers:
        width = len(layer.cell.parts) * layer.size
        before = tuple(state[at : at + width].reshape(len(layer.cell.parts), -1))
        a = Tensors().linear(x, layer.weight_ih, layer.bias_ih)
        parts = layer.cell.step(layer, a, before, Tensors())[1]
        x, at = parts[0], at + width
        after += parts
    return torch.cat(after)


@pytest.mark.parametrize("kinds", STACKS, ids=" ".join)
def test_derivatives_are_enclosed(kinds: tuple[str, ...]) -> None:
    rng = np.random.default_rng(2)
    for scale in (0.3, 2.0):
        net = embedded(rng, kinds, scale)
        exact = BoxNet(net, REAL)
        boxes, symbols = random_boxes(rng, 9, exact.width), np.arange(9) % 3
        found = derivatives(exact, boxes, symbols, Slopes(REAL))
        paths = Paths(net, Steps(net, "real", 0.0, EXACT))
        points = boxes.lo + rng.random(boxes.shape) * boxes.width
        for row, symbol in enumerate(symbols.tolist()):
            truth = torch.autograd.functional.jacobian(
                lambda state, net=net, symbol=symbol: torch_step(net, state, symbol),
                torch.tensor(points[row]),
            ).numpy()
            room = 1e-12 * (1.0 + np.abs(truth))
            assert (np.abs(truth - found.middle[row]) <= found.radius[row] + room).all()
            low, high = paths.slope((boxes.lo[row], boxes.hi[row]), net.alphabet[symbol])
            assert ((truth >= low - room) & (truth <= high + room)).all()
            # Neither is much wider than the other.
            radius = found.radius[row] + room
            assert (high - low <= 3.0 * radius).all()
            assert (radius <= 2.0 * (high - low) + 1e-9).all()


@pytest.mark.parametrize("name", ["real", "bfloat16"])
@pytest.mark.parametrize("kinds", STACKS, ids=" ".join)
def test_several_steps_end_in_the_boxes_that_they_are_followed_to(
    kinds: tuple[str, ...], name: str
) -> None:
    """Points of boxes, run in the arithmetic and disturbed, against the search and the checker."""
    rng = np.random.default_rng(3)
    arithmetic, noise = ARITHMETICS[name], 0.01
    for scale in (0.5, 2.0):
        net = embedded(rng, kinds, scale)
        machine, execution = BoxNet(net, arithmetic, noise), Execution(net, arithmetic)
        boxes = random_boxes(rng, 10, machine.width)
        boxes = Interval(arithmetic.round(boxes.lo), arithmetic.round(boxes.hi))
        rows = np.arange(10)
        levels = [Level(rows, rows, np.full(10, a), np.zeros(10, dtype=int)) for a in (0, 2)]
        paths = Paths(net, Steps(net, name, noise, EXACT))
        places = [paths.start((boxes.lo[row], boxes.hi[row])) for row in rows]
        inside = arithmetic.round(boxes.lo + rng.random(boxes.shape) * boxes.width)
        points = [inside, boxes.lo, boxes.hi]
        for level, found in zip(levels, follow(machine, boxes, levels), strict=True):
            (symbol,) = set(level.symbols.tolist())
            places = [paths.step(place, net.alphabet[symbol]) for place in places]
            low, high = (np.array([place.box[end] for place in places]) for end in (0, 1))
            assert (high - low <= 2.0 * found.width + 1e-9).all()
            assert (found.width <= 2.0 * (high - low) + 1e-9).all()
            for number, states in enumerate(points):
                after = execution.step(states, level.symbols)
                after = after + 0.99 * noise * rng.uniform(-1, 1, after.shape)
                assert Interval.point(after).included_in(Interval(low, high).meet(found))
                points[number] = after


@pytest.mark.parametrize("name", ["float32", "float16"])
@pytest.mark.parametrize("kinds", STACKS, ids=" ".join)
def test_rounding_errors_are_bounded_alike(kinds: tuple[str, ...], name: str) -> None:
    """Steps in the arithmetic against steps in float64, with the weights that the arithmetic has."""
    rng = np.random.default_rng(7)
    arithmetic = ARITHMETICS[name]
    for scale in (0.5, 3.0):
        net = embedded(rng, kinds, scale)
        machine, symbols = BoxNet(net, arithmetic), np.arange(12) % 3
        points = arithmetic.round(random_boxes(rng, 12, machine.width).lo)
        bound = rounding_error(machine, Interval.point(points), symbols)
        rounded = Execution(net, arithmetic).step(points, symbols)
        exact = Execution(machine.net, REAL).step(points, symbols)
        assert (np.abs(rounded - exact) <= bound + 1e-14).all()
        steps = Steps(net, name, 0.0, EXACT)
        for row, symbol in enumerate(symbols):
            theirs = steps.rounding_error((points[row], points[row]), net.alphabet[symbol])
            assert (np.abs(rounded - exact)[row] <= theirs + 1e-14).all()
            assert (theirs <= 1.01 * bound[row] + 1e-280).all()
            # Sometimes the checker's are tighter: what a GRU mixes in counts for its share only,
            # and where a relu is 0 nothing is off.
            if not any(kind.startswith(("gru", "rnn-relu")) for kind in kinds):
                assert (theirs >= 0.99 * bound[row]).all()


def memory(rule: str) -> Net:
    """A GRU of two cells that remembers whether a 1 has come.

    With the update gate shut h' = tanh(z): cell 1 goes to − at 0 and to + at 1, and stays +.
    """
    weight_ih, weight_hh = np.zeros((6, 2)), np.zeros((6, 2))
    weight_ih[4], weight_hh[4, 0] = [0.0, 12.0], 6.0
    bias = np.array([40.0, 40.0, -40.0, -40.0, -3.0, 0.0])  # reset gate open, update gate shut
    machine = FSM(
        alphabet=("0", "1"),
        start="none",
        accepting={"one"},
        transitions={"none": {"0": "none", "1": "one"}, "one": {"0": "one", "1": "one"}},
        name="a 1 has come",
    )
    rows, offsets = np.array([[-4.0, 0.0], [4.0, 0.0]]), np.array([0.5, -0.5])
    head = Head(rows, offsets) if rule == "argmax" else Head(rows[1:], offsets[1:])
    free = Readout("next", Rule("softmax", 0.1), (Head(np.zeros((2, 2)), np.zeros(2)),))
    return Net(
        alphabet=("0", "1"),
        layers=(Layer(CELLS["gru"], weight_ih, weight_hh, bias, np.zeros(6)),),
        heads={"accept": Readout("accept", Rule.parse(rule), (head,)), "next": free},
        grammar=machine,
        name="memory",
        claims="all",
    )


def confirmed(certificate: Certificate, net: Net, fsm: FSM | None = None) -> bool | None:
    verdict = check(json.dumps(certificate.to_dict()), net, fsm)
    assert verdict.valid, verdict.reason
    return verdict.valid


@pytest.mark.parametrize("rule", ["logit > 0", "tanh > 0.1", "argmax"])
@pytest.mark.parametrize("arithmetic", ["real", "float32", "bfloat16"])
def test_a_gru_is_proved(rule: str, arithmetic: str) -> None:
    net = memory(rule)
    cert = rl.certify(net, arithmetic=arithmetic)
    assert isinstance(cert, Proof), str(cert)
    assert cert.readouts == {"legal": "softmax > 0.1", "accept": rule}
    assert all(len(ends) == 2 for box in cert.boxes for ends in box.cells)
    assert cert.boxes[0].c == ()
    assert confirmed(cert, net)


@pytest.mark.parametrize("kind", ["gru", "rnn"])
def test_a_trained_gru_and_a_trained_simple_rnn_are_proved(kind: str) -> None:
    """Nets of the package that were trained on Reber; they need several steps at once."""
    folder = Path(rl.__file__).parent / "net" / "zoo" / "learned"
    tensors = load_file(folder / f"reber-{kind}.safetensors")
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    fsm = rl.load_grammar("reber")
    net = Net(
        alphabet=fsm.alphabet,
        layers=(Layer(CELLS[kind], *(tensors[f"{kind}.{name}"] for name in names)),),
        heads={"legal": Head(tensors["legal.weight"], tensors["legal.bias"])},
    )
    cert = rl.certify(net, fsm)
    assert isinstance(cert, Proof), str(cert)
    assert cert.stride > 1
    assert cert.varies
    assert "as many last symbols as matter" in str(cert)
    assert cert.margin > 0.2
    assert confirmed(cert, net, fsm)
    document = cert.to_dict()
    for nonsense in (7, None, "yes"):
        document["proof"]["varies"] = nonsense
        assert check(with_checksum(document), net, fsm).reason.endswith("is neither true nor false")
    del document["proof"]["varies"]
    assert "there is no box for" in check(with_checksum(document), net, fsm).reason


def softmax_net(seed: int, shift: float = 0.0, order: tuple[int, ...] = (0, 1, 2)) -> Net:
    """A random LSTM with a softmax head; its symbols in another order, its logits moved."""
    rng = np.random.default_rng(seed)
    net = random_net(rng, ("lstm",), 3, 0.8)
    (layer,), head = net.layers, net.heads["next"].layers[0]
    columns = list(order)
    return net.replace(
        alphabet=tuple(net.alphabet[a] for a in columns),
        layers=(dataclasses.replace(layer, weight_ih=layer.weight_ih[:, columns]),),
        heads={
            "next": Readout(
                "next",
                Rule("softmax", 0.2),
                (Head(head.weight[columns], head.bias[columns] + shift),),
            )
        },
    )


def learned_machine(net: Net) -> FSM:
    """The machine of two states that allows after each symbol what the net offers after it."""
    offers = {}
    for number, symbol in enumerate(net.alphabet):
        state = net.step(net.start(), np.array([number]))
        legal = net.observe(state).legal
        assert legal is not None
        offers[symbol] = [a for a, yes in zip(net.alphabet, legal[0], strict=True) if yes]
    lines = {"start": {a: a for a in net.alphabet}}
    lines |= {symbol: {a: a for a in legal} for symbol, legal in offers.items()}
    alphabet = tuple(sorted(net.alphabet))
    return FSM(alphabet=alphabet, start="start", accepting=set(), transitions=lines, name="last")


@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5])  # of 3 nothing is known, and that takes long
def test_a_softmax_head_does_not_change_when_all_logits_do(seed: int) -> None:
    """Nor when the alphabet is permuted."""
    fsm = learned_machine(softmax_net(seed))
    answers = []
    for shift, order in ((0.0, (0, 1, 2)), (7.3, (0, 1, 2)), (-2.0, (2, 0, 1))):
        net = softmax_net(seed, shift, order)
        cert = rl.certify(net, fsm, scope="legal", max_k=2, max_states=2_000)
        assert cert.readouts == {"legal": "softmax > 0.2"}
        if cert.holds is not None:
            assert confirmed(cert, net, fsm)
        margin = round(cert.margin, 6) if cert.holds is not None else None
        answers.append((cert.holds, cert.counterexample, margin))
    assert answers[0] == answers[1] == answers[2]
    if isinstance(cert, Refutation):
        state, net = net.start(), softmax_net(seed)
        for symbol in cert.word:
            state = net.step(state, np.array([net.alphabet.index(symbol)]))
        legal = net.observe(state).legal
        assert legal is not None
        said = {a for a, yes in zip(net.alphabet, legal[0], strict=True) if yes}
        assert said == set(cert.offered) != set(cert.allowed)


def test_the_rule_decides() -> None:
    """The same logits, read by another rule, are another claim."""
    net = rl.compile("reber")
    assert rl.certify(net, scope="legal").holds
    strict = net.with_rule("legal", "logit > 0.4")
    found = rl.certify(strict, scope="legal")
    assert (found.holds, found.readouts) == (False, {"legal": "logit > 0.4"})
    assert confirmed(found, strict)
    old = rl.certify(net, scope="legal").to_dict()
    assert "but the net is read by logit > 0.4" in check(old, strict).reason


def test_stacks_embeddings_suffixes_deep_heads_and_start_states_are_proved_like_others() -> None:
    rng = np.random.default_rng(3)
    fsm = FSM(
        alphabet=("a", "b", "c"),
        start="0",
        accepting={"0"},
        transitions={"0": dict.fromkeys("abc", "0")},
        name="anything",
    )
    layers = (Head(rng.normal(0, 1, (2, 4)), np.zeros(2)), Head(np.zeros((3, 2)), np.ones(3)))
    for kinds in (("gru", "lstm"), ("rnn",)):
        net = random_net(rng, kinds, 4, 0.4)
        inputs = net.layers[0].weight_ih.shape[1]
        other = net.replace(
            embedding=rng.normal(0, 1, (3, inputs)),
            start_state=rng.normal(0, 0.1, net.start().shape[1]),
            suffix=rng.normal(0, 1, (2, inputs)),
            heads={"legal": Readout("legal", Rule("logit"), layers, "tanh")},
        )
        cert = rl.certify(other, fsm, scope="legal", max_k=1)
        assert isinstance(cert, Proof), str(cert)
        assert confirmed(cert, other, fsm)
        changed = other.replace(start_state=other.start_state * 2)
        assert "other weights" in check(cert.to_dict(), changed, fsm).reason


def test_a_refutation_is_what_the_net_answers_after_its_suffix() -> None:
    rng = np.random.default_rng(5)
    fsm = rl.load_grammar("regex:(abc)*")
    for arithmetic in ("real", "bfloat16"):
        net = random_net(rng, ("gru", "rnn"), 3, 1.0, suffix=np.eye(3)[[1, 0]])
        cert = rl.certify(net, fsm, scope="legal", arithmetic=arithmetic)
        assert isinstance(cert, Refutation)
        assert confirmed(cert, net, fsm)
        if arithmetic == "real":
            state = net.start()
            for symbol in cert.word:
                state = net.step(state, np.array([net.alphabet.index(symbol)]))
            legal = net.observe(state).legal
            assert legal is not None
            said = [a for a, yes in zip(net.alphabet, legal[0], strict=True) if yes]
            assert said == sorted(cert.offered)


def test_what_cannot_be_proved_is_said_in_one_line() -> None:
    net = random_net(np.random.default_rng(4), ("rnn",), 2, 0.5)
    fsm = rl.load_grammar("regex:(a|b|c)*")
    with pytest.raises(CertificateError, match="embeds its symbols, and an input range says"):
        rl.certify(net.replace(embedding=np.eye(3)), fsm, inputs=Inputs(high=1.1))


def test_files_of_version_1_are_read_and_checked(tmp_path: Path) -> None:
    """As version 0.1 wrote them: without readouts."""
    for net in (rl.compile("parity"), rl.published()):
        document = rl.certify(net).to_dict()
        document["version"] = 1
        del document["readouts"]
        old = with_checksum(document)
        assert check(old, net).valid
        path = tmp_path / "cert.json"
        path.write_text(json.dumps(old))
        again = load_certificate(path)
        assert again.readouts == {}
        assert again.to_dict() == old
        assert "readout" not in str(again)
        reread = net.with_rule("legal", "logit > 0.25")
        assert "it reads head 'legal' by" in check(old, reread).reason


class Mine(torch.nn.Module):
    """A module that was not trained."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.lstm = torch.nn.LSTM(2, 3, batch_first=True)
        self.legal = torch.nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        legal: torch.Tensor = self.legal(self.lstm(x)[0])
        return legal


def test_nets_and_machines_are_given_by_name_and_read_as_asked(tmp_path: Path) -> None:
    assert rl.certify("reber-4", "reber", scope="legal").holds
    path = tmp_path / "net.safetensors"
    rl.save(rl.compile("parity"), path)
    assert rl.certify(path).holds
    found = rl.certify(path, "parity", scope="legal", readout="logit > 0.4")
    assert (found.holds, found.readouts) == (False, {"legal": "logit > 0.4"})
    assert rl.certify(Mine(), "parity", scope="legal", alphabet="01").net == "Mine"
