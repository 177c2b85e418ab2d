"""A hand-wired net compared with a trained one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from reberlstm.lab import EXPERIMENTS, find
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import lines
from reberlstm.lab.experiments import autoencoder_line
from reberlstm.lab.verdicts import judge
from reberlstm.lab.wired import LineAutoencoder, copy, line_parameters

SLOPES = (0.5, 1.0, 2.0)


def run(answers: np.ndarray) -> SimpleNamespace:
    """A run whose trained net gives these answers."""
    return SimpleNamespace(predict=lambda name, given: answers, jobs={"net": None})


@pytest.fixture
def copies() -> Comparison:
    given = lines(SLOPES)
    return Comparison(
        trained="net",
        net=copy(),
        names=[f"{slope:g}·x" for slope in SLOPES],
        given=given,
        known=[slope == 1.0 for slope in SLOPES],
    )


def test_errors_on_what_was_trained_and_on_the_rest(copies: Comparison) -> None:
    answers = copies.given.copy()
    answers[1, 7] += 0.25
    answers[2, 9] -= 0.5
    measured = copies.measure(run(answers))
    assert (measured["trained_on_known"], measured["trained_on_others"]) == (0.25, 0.5)
    assert measured["hand_cells"] == 1
    assert 0.0 < measured["hand_error"] <= measured["hand_bound"] < 1e-5


def test_the_claim_says_all_of_it(copies: Comparison) -> None:
    measured = copies.measure(run(copies.given + 0.25))
    verdict = judge(copies.claim(), {0: measured})
    assert verdict.word == "holds"
    assert verdict.found.startswith("cells by hand: 1; their largest error: 5.3·10⁻⁶; the bound")
    assert verdict.found.endswith("was trained for: 0.25; on the others: 0.25")
    assert judge(copies.claim(), {0: measured | {"hand_error": 1.0}}).word == "does not hold"


def test_answers_after_the_last_step_are_drawn_as_what_they_mean() -> None:
    given = lines([1.0, -2.0], [0.0, 1.0])
    wanted = np.array([[1.0, 0.0], [-2.0, 1.0]])
    comparison = Comparison(
        trained="net",
        net=line_parameters(),
        names=["a", "b"],
        given=given,
        wanted=wanted,
        known=[True, True],
        curves=lambda answers: lines(*answers.T)[:, :, 0],
    )
    measured = comparison.measure(run(wanted + 0.1))
    assert measured["trained_on_others"] is None
    assert measured["trained_on_known"] == pytest.approx(0.1)
    assert "on the others" not in comparison.claim().of.values()
    figure = comparison.draw(run(wanted + 0.1))
    trained, by_hand, errors = figure.axes
    assert trained.lines[1].get_ydata()[-1] == pytest.approx(1.2)
    assert by_hand.lines[1].get_ydata()[-1] == pytest.approx(1.0, abs=1e-4)
    assert errors.get_yscale() == "log"


def test_lines_through_one_number_and_back() -> None:
    net = LineAutoencoder()
    given = lines([0.0, 0.3, 1.0, 3.0, -2.0])
    error = np.abs(net(given) - given).max()
    assert net.cells == 4
    assert error <= net.bound(given) < 1e-3
    assert net.encode(given).ravel() == pytest.approx([0.0, 0.3, 1.0, 3.0, -2.0], abs=1e-5)


# The experiments that have one


BY_HAND = {
    "line": 1,
    "hill": 1,
    "sine": 1,
    "amplitude": 1,
    "line-parameters": 3,
    "autoencoder-line": 4,
    "cos-or-sin": 5,
}
"""Experiments and the cells of their hand-wired nets."""


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_nets_by_hand_do_the_tasks_of_the_experiments(name: str) -> None:
    found = [claim for claim in find(name).claims if claim.name == "by-hand"]
    assert len(found) == (name in BY_HAND)
    if found:
        (shown,) = (p for p in find(name).pictures if p.name == "by-hand")
        comparison = (
            autoencoder_line.by_hand() if name == "autoencoder-line" else shown.draw.__self__
        )
        assert comparison.net.cells == BY_HAND[name]
        measured = comparison.measure(run(comparison.right))
        assert measured["hand_error"] <= measured["hand_bound"] + 1e-9
        assert measured["hand_bound"] < 1.5e-3
        assert measured["trained_on_known"] == 0.0
        assert any(comparison.known)


def test_the_oscillator_of_the_sine_is_as_near_as_was_derived() -> None:
    from reberlstm.lab.experiments import sine

    measured = sine.oscillator_errors()
    (claim,) = (c for c in find("sine").claims if "without any input" in c.says)
    assert judge(claim, {0: measured}).word == "holds"
    assert judge(claim, {0: measured | {"wave_error": 0.1}}).word == "does not hold"
    assert measured["wave_cells"] == 3
    assert measured["wave_bound"] < 2e-4
    assert measured["long_wave_bound"] < 3e-3
