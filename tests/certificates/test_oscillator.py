"""The alternating pattern, for all noise between 0 and 1."""

from __future__ import annotations

import math

import pytest
import torch

from reberlstm.certificates import Inputs, certify, check, largest
from reberlstm.errors import CompileError
from reberlstm.lab.oscillator import PATTERN, oscillator
from reberlstm.net.net import LSTMWeights

NOISE = Inputs(low=0.0, high=1.0)

WIRINGS = {
    "candidate": (0, 0, 1, 0),
    "candidate, negative": (0, 0, -1, 0),
    "all gates": (1, 1, 1, 1),
    "all gates, negative": (-1, -1, -1, -1),
}


def with_weight(wiring: tuple[int, ...], weight: float) -> LSTMWeights:
    return oscillator(input_weights=tuple(weight * sign for sign in wiring))


def test_without_input_weights_no_noise_is_heard() -> None:
    cert = certify(oscillator(), inputs=NOISE)
    assert (cert.holds, cert.heads) == (True, ("legal", "accept", "label"))
    assert cert.margins["label"] > 0.99
    assert check(cert.to_dict(), oscillator()).valid


@pytest.mark.parametrize("wiring", WIRINGS.values(), ids=WIRINGS.keys())
def test_with_input_weights_up_to_nearly_the_gain(wiring: tuple[int, ...]) -> None:
    weight, cert = largest(
        lambda w: certify(with_weight(wiring, w), inputs=NOISE, max_depth=0, max_k=0),
        certify(oscillator(), inputs=NOISE),
        60.0,
        0.01,
    )
    assert 17.0 < weight < 21.0
    assert check(cert.to_dict(), with_weight(wiring, weight)).valid
    # Where the proof ends the net soon fails, too: the noise x = 1 does it.
    beyond = certify(with_weight(wiring, 1.05 * weight), inputs=NOISE)
    assert beyond.holds is False
    assert check(beyond.to_dict(), with_weight(wiring, 1.05 * weight)).valid


@pytest.mark.parametrize("wiring", WIRINGS.values(), ids=WIRINGS.keys())
def test_torch_alternates_on_noise_and_on_its_extremes(wiring: tuple[int, ...], seed: int) -> None:
    net = with_weight(wiring, 15.0)
    lstm = torch.nn.LSTM(1, 1, batch_first=True, dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(200, 60, 1, generator=generator, dtype=torch.float64)
    noise[:50] = (noise[:50] > 0.5).double()
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(lstm, f"{name}_l0").copy_(torch.tensor(getattr(net, name)))
        head = net.heads["label"]
        h, _ = lstm(noise)
        label = (h @ torch.tensor(head.weight).T + torch.tensor(head.bias)).argmax(dim=2)
    assert (label == torch.arange(1, 61) % 2).all()


def test_the_pattern_is_the_machine() -> None:
    state, labels = PATTERN.start, []
    for _ in range(4):
        state = PATTERN.next_state(state, "x") or ""
        labels.append(PATTERN.outputs[state])
    assert labels == ["1", "0", "1", "0"]


@pytest.mark.parametrize(
    "options", [{"gain": 0.0}, {"gain": math.nan}, {"input_weights": (0, 0, math.inf, 0)}]
)
def test_numbers_that_make_no_net(options: dict) -> None:
    with pytest.raises(CompileError, match="they must be finite, the gain positive"):
        oscillator(**options)
