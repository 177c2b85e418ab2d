"""The alternating pattern: what tells whether a net can alternate, and the experiment about it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from reberlstm.lab import find, flipping, run
from reberlstm.lab.nets import Recurrent
from reberlstm.lab.oscillator import PATTERN, oscillator
from tests.lab.test_experiments import assert_complete, draw_only

NAMES = {"learning", "leads", "memories", "machine", "gates"}


@pytest.fixture
def net() -> Recurrent:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return Recurrent(1, 6, 2)


def test_the_weights_compute_what_the_module_does(net: Recurrent, seed: int) -> None:
    noise = np.random.default_rng(seed).uniform(0, 1, (4, 20))
    weights = flipping.net_of(net, "net")
    with torch.no_grad():
        out = net.double()(torch.tensor(noise[:, :, None])).numpy()
    lead = flipping.leads(weights, noise)
    assert np.abs(lead - (out[..., 1] - out[..., 0])).max() < 1e-12


def test_the_flip_multiplier_is_that_of_autograd(net: Recurrent) -> None:
    lstm = net.recurrent.double()
    with torch.no_grad():
        lstm.weight_hh_l0 *= 2.0
    fed = torch.full((1, 1, 1), 0.5, dtype=torch.float64)

    def step(state: torch.Tensor) -> torch.Tensor:
        _, (h, c) = lstm(fed, (state[:6].view(1, 1, 6), state[6:].view(1, 1, 6)))
        return torch.cat([h.flatten(), c.flatten()])

    weights = flipping.net_of(net, "net")
    still = flipping.fixed_point(weights)
    point = torch.tensor(still)
    assert torch.allclose(step(point), point, atol=1e-11)
    derivative = torch.autograd.functional.jacobian(step, point)
    wanted = torch.linalg.eigvals(derivative).real.min().item()
    assert flipping.flip_multiplier(weights) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(
    ("gain", "works"), [(0.8, False), (1.0, False), (2.0, True), (5.0, True), (20.0, True)]
)
def test_by_hand_it_alternates_where_the_multiplier_is_under_minus_one(
    gain: float, works: bool
) -> None:
    net = oscillator(gain)
    assert (flipping.flip_multiplier(net) < -1.0) == works
    assert flipping.certificate(net).holds is works


def test_a_multiplier_without_a_fixed_point_is_no_number() -> None:
    """c' = c + 1 has none."""
    net = oscillator().replace(
        weight_hh=np.zeros((4, 1)), bias_ih=np.array([50.0, 50.0, 50.0, 50.0])
    )
    assert math.isnan(flipping.flip_multiplier(net))


def test_the_machine_of_the_net_by_hand_takes_turns() -> None:
    found = flipping.machine_of(oscillator())
    assert flipping.alternates(found.fsm)
    assert found.fsm.outputs[found.fsm.start] == "1"
    assert found.verdict[0].relation == "equal: proved"
    silent = oscillator().replace(weight_hh=np.zeros((4, 1)))
    assert not flipping.alternates(flipping.machine_of(silent).fsm)
    assert not flipping.alternates(PATTERN)  # it begins with 0


def test_a_net_whose_label_depends_on_its_inputs_has_no_small_machine() -> None:
    """The label is whether a leaking sum of the noise is over a threshold."""
    leaky = oscillator().replace(
        weight_ih=np.array([[0.0], [0.0], [0.2], [0.0]]),
        weight_hh=np.zeros((4, 1)),
        bias_ih=np.array([9.0, 2.0, 0.0, 9.0]),
    )
    found = flipping.machine_of(leaky)
    assert found.ended_by == "states"
    assert not flipping.alternates(found.fsm)


def test_the_net_at_three_inputs_begins_after_a_one() -> None:
    subject = flipping.at_three_inputs(oscillator())
    start = subject.start()[0]
    after = subject.step(np.stack([start] * 3), np.arange(3))
    assert subject.observe(start[None]).label.tolist() == [1]
    assert subject.observe(after).label.tolist() == [0, 0, 0]
    assert (subject.margin(after) > 2.9).all()


# The experiment


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is too short for anything to be learned."""
    folder = tmp_path_factory.mktemp("alternating")
    with pytest.MonkeyPatch.context() as patch:
        draw_only(patch)
        result = run(find("alternating"), folder, changes={"epochs": 3, "runs": 1})
    assert_complete(result, folder)
    return folder


def test_every_variant_is_reported_and_drawn(short: Path) -> None:
    assert {path.stem for path in short.glob("*.png")} == NAMES
    metrics = json.loads((short / "metrics.json").read_text("utf-8"))
    assert len(metrics["nets"]) == 5
    curve = metrics["nets"]["Adam, run 1"]["curve"]
    assert len(curve["multiplier"]) == len(curve["epoch"]) == 3
    assert metrics["measured"]["wired_right"] == 1.0
    assert metrics["measured"]["wired_proved"] is True


def test_too_short_a_training_shows_in_the_verdicts(short: Path) -> None:
    claims = json.loads((short / "metrics.json").read_text("utf-8"))["claims"]
    words = {claim["name"]: claim["verdict"] for claim in claims}
    assert {name for name, word in words.items() if word == "holds"} >= {"as-printed", "in-theory"}
    assert {words[name] for name in ("adam", "discards", "hidden-state")} == {"does not hold"}
    assert words["longer"] == "not decided"


def test_the_printed_net_is_the_untrained_one(short: Path) -> None:
    fit = json.loads((short / "metrics.json").read_text("utf-8"))["nets"]["as printed, run 1"]
    assert len(set(fit["curve"]["loss"])) == 1
    assert len(set(fit["curve"]["multiplier"])) == 1


@pytest.mark.slow
def test_the_quick_preset_shows_what_the_source_could_not_find(tmp_path: Path) -> None:
    result = run(find("alternating"), tmp_path, seed=1)
    measured = result.run.measured
    assert measured["printed_learned"] == measured["stepped_learned"] == 0
    assert measured["adam_learned"] == 1
    assert (measured["good_states"], measured["good_turns"]) == (2, True)
    assert measured["bad_turns"] is False
    assert measured["told"] == measured["nets"]
