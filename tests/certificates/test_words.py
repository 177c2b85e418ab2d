"""Long words: bounds of where they lead, and the search for those that are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.certificates import Refutation, Unknown, check
from reberlstm.certificates.arithmetic import ARITHMETICS, Execution, arithmetic_named
from reberlstm.certificates.checker.steps import RejectedError, Steps
from reberlstm.certificates.checker.words import after
from reberlstm.certificates.claims import claim
from reberlstm.certificates.deep import search_deep
from reberlstm.machine.fsm import FSM
from reberlstm.machine.repeats import folded, repeats
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head

EXACT = (0.0, 1.0, 1.0)


class Decimals:
    """The functions of formulas, with 60 digits: an oracle for one word."""

    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        exact = [[Decimal(float(w)) for w in row] for row in weight]
        sums = [sum(w * v for w, v in zip(row, x, strict=True)) for row in exact]
        return np.array([s + Decimal(float(b)) for s, b in zip(sums, bias, strict=True)])

    def sigmoid(self, z: Any) -> Any:
        return np.array([1 / (1 + (-x).exp()) for x in z])

    def tanh(self, z: Any) -> Any:
        return np.array([1 - 2 / (1 + (2 * x).exp()) for x in z])

    def relu(self, z: Any) -> Any:
        return np.array([max(x, Decimal(0)) for x in z])

    def mix(self, share: Any, new: Any, old: Any) -> Any:
        return (1 - share) * new + share * old


def random_net(rng: np.random.Generator, kinds: tuple[str, ...], size: int = 3) -> Net:
    layers, inputs = [], 2
    for kind in kinds:
        rows = len(CELLS[kind].gates) * size
        shapes: Mapping[str, Any] = {"ih": (rows, inputs), "hh": (rows, size), "b": rows}
        w, u, b = (rng.normal(0, 1.2, shape) for shape in shapes.values())
        layers.append(Layer(CELLS[kind], w, 0.3 * u if kind == "rnn-relu" else u, b, 0.5 * b))
        inputs = size
    heads = {"accept": Head(rng.normal(0, 1, (1, size)), rng.normal(0, 0.3, 1))}
    return Net(alphabet=("a", "b"), layers=tuple(layers), heads=heads, name="random")


KINDS = [("lstm",), ("gru",), ("gru-before",), ("rnn",), ("rnn-relu",), ("toy",), ("gru", "lstm")]


@pytest.mark.parametrize("kinds", KINDS, ids="-".join)
def test_bounds_contain_the_exact_state(kinds: tuple[str, ...]) -> None:
    rng = np.random.default_rng(1)
    net = random_net(rng, kinds)
    word = "".join(rng.choice(list("ab"), 40))
    with localcontext() as context:
        context.prec = 60
        states = [tuple(map(np.vectorize(Decimal), part)) for part in net.split(net.initial())]
        for symbol in word:
            x: Any = np.array([Decimal(int(a == symbol)) for a in net.alphabet])
            for number, layer in enumerate(net.layers):
                a = Decimals().linear(x, layer.weight_ih, layer.bias_ih)
                _, states[number] = layer.cell.step(layer, a, states[number], Decimals())
                x = layer.cell.hidden(states[number])
        exact = [x for parts in states for part in parts for x in part]
        for frames in (False, True):
            low, high = after(Steps(net, "real", 0.0, EXACT), word, frames)
            for least, most, x in zip(low.tolist(), high.tolist(), exact, strict=True):
                assert Decimal(least) <= x <= Decimal(most)
    assert (high - low).max() < 1e-9  # with frames


@pytest.mark.parametrize("arithmetic", list(ARITHMETICS))
@pytest.mark.parametrize("kinds", KINDS, ids="-".join)
def test_bounds_contain_rounded_runs(kinds: tuple[str, ...], arithmetic: str) -> None:
    rng = np.random.default_rng(2)
    net = random_net(rng, kinds)
    execution = Execution(net, arithmetic_named(arithmetic))
    steps = Steps(net, arithmetic, 0.0, EXACT)
    for length in (1, 4, 20):
        word = "".join(rng.choice(list("ab"), length))
        states = execution.start()
        for symbol in word:
            states = execution.step(states, np.array([net.alphabet.index(symbol)]))
        for frames in (False, True):
            try:
                low, high = after(steps, word, frames)
            except RejectedError:  # bounds of few digits may grow until they overflow
                assert "float16" in arithmetic
                continue
            assert (low <= states[0]).all()
            assert (states[0] <= high).all()


def test_frames_keep_long_runs_narrow() -> None:
    net = rl.load("reber-4")
    steps = Steps(net, "real", 0.0, EXACT)
    word = "BTX" + 40 * "XVPXTTVP"
    low, high = after(steps, word, True)
    assert (high - low).max() < 1e-7
    steps.start = np.zeros(10**5)
    with pytest.raises(RejectedError, match="too many to bound a long run"):
        after(steps, "BTX", True)


def forgetful(rounds: int) -> Net:
    """A net that wrongly denies b after so many times a, and remembers all that it has read.

    The first cell counts each a up by a little and is emptied by b; the other one is a number
    whose digits are the word, so a search for all states does not come far.
    """
    big, step = 40.0, float(np.arctanh(0.5)) / rounds
    i, f = [[0, 0], [0, 0]], [[0, -2 * big], [0, 0]]
    g, o = [[float(np.arctanh(step)), 0], [0.1, 0.2]], [[0, 0], [0, 0]]
    bias = [big, big, big, 0.0, 0.0, 0.0, big, big]
    weight_ih, zeros = np.array([*i, *f, *g, *o], dtype=float), np.zeros((8, 2))
    heads = {"legal": Head(np.array([[0.0, 0.0], [-1.0, 0.0]]), np.array([1.0, 0.5 - step / 8]))}
    layer = Layer(CELLS["lstm"], weight_ih, zeros, np.array(bias), np.zeros(8))
    return Net(alphabet=("a", "b"), layers=(layer,), heads=heads, name="forgetful")


ANY = FSM(alphabet=("a", "b"), start="0", transitions={"0": {"a": "0", "b": "0"}}, name="any")


def test_a_cycle_is_pumped_to_the_least_count() -> None:
    net = forgetful(300)
    found = rl.certify(net, ANY, max_states=5_000, max_k=0)
    assert isinstance(found, Refutation)
    assert found.word == ("a",) * 300
    assert not found.shortest
    assert 8 < (found.none_shorter_than or 0) < 20
    assert (
        f"wrong word  a×300 (300 symbols); none of fewer than {found.none_shorter_than} is"
        in str(found)
    )
    part = found.to_dict()["refutation"]
    assert (part["shortest"], part["none_shorter_than"]) == (False, found.none_shorter_than)
    assert check(found.to_dict(), net, ANY).valid


def test_what_is_not_confirmed_is_a_suspect() -> None:
    found, suspect = search_deep(
        Execution(forgetful(60), arithmetic_named("real")),
        claim(forgetful(60), ANY, None, None),
        lambda word, wrong: False,
        steps=10**5,
        longest=1_000,
        deadline=np.inf,
        thorough=False,
    )
    assert found is None
    assert suspect is not None
    assert suspect[0] == ("a",) * 60


def test_large_terms_that_cancel() -> None:
    """In float64 the head says nothing after a; in real numbers its logit is over 100."""
    layer = Layer(CELLS["rnn"], np.array([[0.7], [0.7]]), np.zeros((2, 2)), *np.zeros((2, 2)))
    heads = {"legal": Head(np.array([[1e21, -1e21]]), np.array([-1.0]))}
    net = Net(alphabet=("a",), layers=(layer,), heads=heads, name="cancel")
    fsm = FSM(alphabet=("a",), start="q", transitions={"q": {"a": "q"}}, name="a")
    found = rl.certify(net, fsm, max_k=1)
    assert isinstance(found, Unknown)
    assert found.suspect is not None
    assert found.suspect[0] == ("a",)
    assert "suspect     a (1 symbol); wrong in float64 as executed here, not confirmed" in str(
        found
    )
    document = found.to_dict()
    refuted = {k: v for k, v in document.items() if k != "search"} | {
        "outcome": "refuted",
        "refutation": document["search"]["suspect"],
    }
    verdict = check(refuted, net, fsm)
    assert verdict.valid is False
    assert "may be right after 'a'" in verdict.reason


def test_folded_words() -> None:
    for word in ("", "a", "ab" * 30 + "b", "abc" * 2, "aaab" * 20 + "a" * 50):
        assert "".join("".join(part) * times for part, times in repeats(word)) == word
    assert folded("ab" * 30 + "b") == "(ab)×30 b"
    assert folded("a" * 40) == "a" * 40
