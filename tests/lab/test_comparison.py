"""A hand-wired net compared with a trained one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from reberlstm.lab import EXPERIMENTS, find
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.curves import lines
from reberlstm.lab.wired import LineAutoencoder, copy, line_parameters

SLOPES = (0.5, 1.0, 2.0)


def run(answers: np.ndarray) -> SimpleNamespace:
    """A run whose trained net gives these answers."""
    return SimpleNamespace(predict=lambda name, given: answers)


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
    assert measured["cells"] == 1
    assert 0.0 < measured["error"] <= measured["bound"] < 1e-5


def test_the_claim_says_all_of_it(copies: Comparison) -> None:
    measured = {"by_hand": copies.measure(run(copies.given + 0.25))}
    verdict = copies.claim().verdict(measured)
    assert verdict.holds is True
    assert "1 cells wired by hand" not in verdict.measured
    assert verdict.measured.startswith("1 cell wired by hand is off by 5.3e-06 at most, by ")
    assert verdict.measured.endswith(
        "the trained net by 2.5e-01 on what it was trained for, 2.5e-01 on the others"
    )
    wrong = {"by_hand": measured["by_hand"] | {"error": 1.0}}
    assert copies.claim().verdict(wrong).holds is False


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
    assert comparison.claim().verdict({"by_hand": measured}).measured.endswith("was trained for")
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
    found = [c for c in find(name).claims if c.source.startswith("(not in the source) It can be")]
    assert len(found) == (name in BY_HAND)
    if found:
        (shown,) = (p for p in find(name).pictures if p.name == "by-hand")
        comparison = shown.draw.__self__
        assert comparison.net.cells == BY_HAND[name]
        measured = comparison.measure(run(comparison.right))
        assert measured["error"] <= measured["bound"] + 1e-9
        assert measured["bound"] < 1.5e-3
        assert measured["trained_on_known"] == 0.0
        assert any(comparison.known)


def test_the_oscillator_of_the_sine_is_as_near_as_was_derived() -> None:
    from reberlstm.lab.experiments import to_sequence

    measured = to_sequence.oscillator_errors()
    (claim,) = (c for c in find("sine").claims if "without any input" in c.source)
    assert claim.verdict({"oscillator": measured}).holds is True
    assert claim.verdict({"oscillator": measured | {"error": 0.1}}).holds is False
    assert measured["cells"] == 3
    assert measured["bound"] < 2e-4
    assert measured["bound_for_long"] < 3e-3
