"""The largest disturbance that a proof bears, and the smallest gain that it needs."""

from __future__ import annotations

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.certificates import Inputs, certify, check, largest, largest_noise, minimal_gain
from reberlstm.net.net import LSTMWeights
from tests.stepping import State, initial, one_hot, read, step

REBER = rl.load_grammar("reber")


def with_gain(gain: float) -> LSTMWeights:
    return rl.compile(REBER, gain=gain)


def test_minimal_gain() -> None:
    cert = minimal_gain(with_gain, upper=20.0, tolerance=0.02)
    assert cert.holds
    assert cert.gain is not None
    assert 3.0 < cert.gain < 5.0
    assert check(cert.to_dict(), with_gain(cert.gain)).valid
    assert not certify(with_gain(0.97 * cert.gain), max_k=1, max_depth=0).holds


def test_a_gain_that_is_too_small_to_begin_with() -> None:
    assert not minimal_gain(with_gain, upper=0.5, seconds=5.0, max_states=1_000).holds


def test_largest_noise_is_borne_and_a_little_more_is_not_proved() -> None:
    net = rl.compile(REBER)
    cert = largest_noise(net, tolerance=0.02)
    assert cert.holds
    assert 0.02 < cert.noise < 0.2
    assert check(cert.to_dict(), net).valid
    assert not certify(net, noise=1.03 * cert.noise, max_k=1, max_depth=0).holds


def test_the_worst_of_random_disturbances_within_the_largest_noise(seed: int) -> None:
    """Adversarial corners of the ball, along random words, never upset the heads."""
    net = rl.compile(REBER)
    noise = largest_noise(net, tolerance=0.05).noise
    rng = np.random.default_rng(seed)
    for _ in range(40):
        state, node = initial(net), REBER.start
        for _ in range(30):
            legal = sorted(REBER.legal(node))
            if not legal:
                break
            symbol = legal[rng.integers(len(legal))]
            node = REBER.next_state(node, symbol) or ""
            after = step(net, one_hot(net, symbol), state).state
            h, c = (part + noise * rng.choice([-1, 1], net.size) for part in (after.h, after.c))
            state = State(h, c)
            said = {
                a for a, v in zip(net.alphabet, read(net, "legal", state), strict=True) if v > 0
            }
            assert said == REBER.legal(node)


def test_noise_of_a_net_that_is_not_proved() -> None:
    assert largest_noise(rl.published()).holds is False


@pytest.mark.parametrize("limit", [0.0, 0.37, 5.0])
def test_bisection_finds_the_limit(limit: float) -> None:
    net = rl.compile(rl.load_grammar("parity"))
    yes, no = certify(net), certify(net, noise=0.5, max_depth=0, max_k=0)
    assert (yes.holds, no.holds) == (True, None)
    found, cert = largest(lambda x: yes if x <= limit else no, yes, 8.0, 1e-3)
    assert cert is yes
    assert found <= limit <= found + 1e-3 * 8.0


def test_inputs_may_be_blurred_up_to_a_limit() -> None:
    net = rl.compile(rl.load_grammar("parity"))
    found, _ = largest(
        lambda blur: certify(net, inputs=Inputs(noise=blur), max_depth=0, max_k=0),
        certify(net),
        1.0,
        0.05,
    )
    assert 0.1 < found < 0.6
