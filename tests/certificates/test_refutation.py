"""Broken nets against exhaustive enumeration: never a false proof, never a longer word."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.certificates import Refutation, Unknown, check
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.net import LSTMWeights, Net
from reberlstm.net.readouts import Head
from tests.certificates.oracles import enumerate_words
from tests.strategies import machines

ARRAYS = ("weight_ih", "weight_hh", "bias_ih", "legal", "accept", "label")
WAYS = ("zero", "flip", "scale", "nudge")


def broken(net: LSTMWeights, array: str, way: str, number: int) -> LSTMWeights | None:
    """The net with one weight that is not zero changed, or None where there is none."""
    rng = np.random.default_rng(number)
    head = net.heads.get(array)
    if head is None and array in ("legal", "accept", "label"):
        return None
    arrays = (getattr(net, array),) if head is None else (head.weight, head.bias)
    parts = [part.copy() for part in arrays]
    part = parts[number % len(parts)]
    places = np.argwhere(part != 0.0)
    if not len(places):
        return None
    place = tuple(places[rng.integers(len(places))])
    part[place] = {
        "zero": 0.0,
        "flip": -part[place],
        "scale": part[place] * rng.uniform(0, 2),
        "nudge": part[place] + rng.normal(0, 3),
    }[way]
    if head is None:
        return net.replace(**{array: parts[0]})
    return net.replace(heads=dict(net.heads) | {array: Head(*parts)})


@settings(max_examples=60)
@given(
    machines(max_states=5, max_symbols=3, plain=True),
    st.sampled_from(ARRAYS),
    st.sampled_from(WAYS),
    st.integers(0, 10**6),
    st.sampled_from([20.0, 6.0, 4.0, 2.5]),
    st.sampled_from(["absorb", "resync"]),
)
def test_one_weight_changed(
    fsm: FSM, array: str, way: str, number: int, gain: float, on_violation: str
) -> None:
    net = broken(rl.compile(fsm, gain=gain, on_violation=on_violation), array, way, number)
    assume(net is not None)
    assert net is not None
    goes_on = any(fsm.legal(state) for state in fsm.transitions[fsm.start].values())
    scope = "legal" if number % 3 == 0 and goes_on else "all"
    cert = rl.certify(net, scope=scope, seconds=3.0, max_states=1_000, max_k=2)
    truth = enumerate_words(net, fsm, scope, cert.heads, max_length=9, max_states=1_000)
    assume(not truth.blurred)
    if cert.holds:
        assert truth.word is None
    elif cert.holds is False:
        assert isinstance(cert, Refutation)
        if truth.word is None:
            assert len(cert.counterexample or ()) > truth.length
        else:
            assert cert.counterexample == truth.word
            assert cert.wrong.head in truth.heads
    elif truth.word is not None:
        assert isinstance(cert, Unknown)
        assert len(truth.word) > cert.depth
        assert not cert.closed
    verdict = check(cert.to_dict(), net)
    assert verdict.valid is (None if cert.holds is None else True), verdict.reason


def test_every_single_weight_of_reber_zeroed_or_flipped() -> None:
    """The whole net, weight by weight: what still holds really does, to the closure of its states."""
    fsm = rl.load_grammar("reber")
    net = rl.compile(fsm)
    counts = {True: 0, False: 0, None: 0}
    for name in ("weight_ih", "weight_hh", "bias_ih"):
        array = getattr(net, name)
        for number, place in enumerate(np.argwhere(array != 0.0)):
            changed = array.copy()
            changed[tuple(place)] *= 0.0 if number % 2 else -1.0
            other = net.replace(**{name: changed})
            cert = rl.certify(other, seconds=2.0, max_states=2_000, max_k=1)
            counts[cert.holds] += 1
            truth = enumerate_words(
                other, fsm, "all", cert.heads, max_length=6 if cert.holds else 12, max_states=400
            )
            if cert.holds:
                assert truth.word is None
            elif cert.holds is False and truth.word is not None:
                assert cert.counterexample == truth.word
    # Most weights are needed; some gates are open or closed twice over.
    assert counts[False] > counts[True] > 0
    assert counts[None] == 0
    assert sum(counts.values()) == 64


def test_a_suspect_at_the_threshold_is_followed_to_a_word_that_is_decided() -> None:
    """The logit is 0 after a and whatever follows, but with four c it is less."""
    weight_ih, weight_hh = np.zeros((5, 4)), np.eye(5)
    weight_ih[:4] = np.eye(4)  # four units count a, b, c, d; the fifth what c are over three
    weight_ih[4, 2] = weight_hh[4, 2] = 1.0
    weight_hh[4, 4] = 0.0
    layer = Layer(
        CELLS["rnn-relu"], weight_ih, weight_hh, np.array([0, 0, 0, 0, -3.0]), np.zeros(5)
    )
    head = Head(np.array([[-1.0, 0.0, 0.0, 0.0, -1.0]]), np.array([1.0]))
    net = Net.of(alphabet=tuple("abcd"), layers=(layer,), heads={"accept": head})
    fsm = rl.load_grammar("regex:a(b|c|d)*")
    cert = rl.certify(net, fsm, scope="legal", heads=["accept"], max_depth=64)
    assert isinstance(cert, Refutation)
    assert cert.word.count("c") == 4
    assert (cert.none_shorter_than, cert.shortest) == (1, False)
    assert check(cert.to_dict(), net, fsm).valid


def test_a_word_that_leads_back_to_a_start_of_which_nothing_is_asked() -> None:
    """All its states are the start's, and only after the first symbol must it say something."""
    lines = {"shut": {"(": "open"}, "open": {")": "shut"}}
    fsm = FSM(alphabet=("(", ")"), start="shut", accepting={"shut"}, transitions=lines)
    net = rl.compile(fsm)
    names = ("weight_ih", "weight_hh", "bias_ih")
    mute = {name: np.zeros_like(getattr(net, name)) for name in names}
    never = Head(np.zeros((1, net.size)), np.array([-1.0]))
    net = net.replace(**mute, heads={"accept": never}, claims="legal", gain=None)
    found = rl.certify(net, fsm)
    assert isinstance(found, Refutation)
    assert "".join(found.word) == "()"
    assert found.shortest
    assert check(found, net, fsm)
