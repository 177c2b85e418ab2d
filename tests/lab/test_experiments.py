"""Every experiment: it runs through with hardly any training, and the verdicts on its claims are right."""

import json
import math

import numpy as np
import pytest

from reberlstm.lab import EXPERIMENTS, curves, find, run
from reberlstm.lab.experiments import wavy_inverse as wavy
from reberlstm.lab.verdicts import judge

COUNTS = {"epochs": 2, "examples": 60, "batch": 30, "steps": 12, "faster": 0.06}
"""Settings whose names end like this are made so small for a test, or tried at all."""


def tiny(experiment):
    settings = experiment.presets["quick"]
    return {
        name: value
        for name in settings
        for ending, value in COUNTS.items()
        if name == ending or name.endswith(f"_{ending}")
    }


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name != "alternating"])
def test_it_runs_through_with_hardly_any_training(name, tmp_path, monkeypatch):
    draw_only(monkeypatch)
    experiment = find(name)
    result = run(experiment, tmp_path, changes=tiny(experiment), seed=5, formats=("svg",))
    assert_complete(result, tmp_path)


def draw_only(monkeypatch):
    """Layout and writing of so many figures take most of the time; test_command.py has both."""
    monkeypatch.setattr("reberlstm.figures.save", lambda figure, path: path.touch())


def assert_complete(result, folder):
    """Also for the run of tests/lab/test_alternating.py."""
    experiment = result.run.experiment
    assert {path.stem for path in result.files[:-2]} == {p.name for p in experiment.pictures}
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert set(metrics["nets"]) == set(result.run.jobs)
    assert len(result.verdicts) == len(experiment.claims) > 0
    report = (folder / "REPORT.md").read_text("utf-8")
    assert report.count("![") == len(experiment.pictures)
    assert "{" not in report


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_what_the_nets_learn_from_comes_from_the_seed(name):
    experiment = find(name)
    settings = experiment.settings("source", dict.fromkeys(tiny(experiment), 60))

    def data(seed):
        jobs = experiment.jobs(settings, np.random.default_rng(seed))
        return [np.concatenate([job.data.x.ravel(), job.data.y.ravel()]) for job in jobs]

    for first, again in zip(data(0), data(0), strict=True):
        np.testing.assert_array_equal(first, again)


# Claims on fixed numbers: first as the source has it, then the contrary.

INF = math.inf
VERDICTS = {
    "line": {
        "line": ({"one_from_xy": 0.01}, {"one_from_xy": 0.06}),
        "identity": ({"one_from_y_others": 0.04}, {"one_from_y_others": 0.06}),
    },
    "hill": {
        "second-layer": (
            {"one_from_xy": 0.2, "two_from_xy": 0.01},
            {"one_from_xy": 0.01, "two_from_xy": 0.01},
        ),
        "only-y": (
            {"epochs_two_from_xy": 100, "epochs_two_from_y": 200},
            {"epochs_two_from_xy": 100, "epochs_two_from_y": INF},
        ),
    },
    "sine": {
        "sine": ({"two_from_y": 0.001}, {"two_from_y": 0.02}),
        "sine-phase": ({"bent_first": 3.0}, {"bent_first": 1.0}),
        "same-growth": ({"between_lines": 1.5}, {"between_lines": 10.0}),
        "same-factor": (
            {"least_factor": 0.8, "between_factors": 1.2},
            {"least_factor": 0.8, "between_factors": 3.0},
        ),
        "curves": ({"bent": 0.2}, {"bent": 0.01}),
        "valley-of-amplitudes": ({"valley": 0.05}, {"valley": 0.2}),
        "valley-stays-there": ({"follows": 0.1}, {"follows": 1.0}),
        "valley-stays-untouched": ({"shifted_valley": 0.02}, {"shifted_valley": 0.3}),
        "frequency": (
            {"frequency_off": 0.001, "not_sinusoid": 0.003},
            {"frequency_off": 0.001, "not_sinusoid": 0.3},
        ),
        "only-amplitude": ({"lag": 0.2}, {"lag": 2.8}),
    },
    "amplitude": {
        "amplitude": ({"inside": 0.01}, {"inside": 0.1}),
        "diverges": ({"ratio": 10.0}, {"ratio": 2.0}),
        "a-place": ({"fixed_shifted": 0.29}, {"fixed_shifted": 0.077}),
    },
    "line-parameters": {
        "learned": ({"two_layers": 0.01}, {"two_layers": 0.1}),
        "falling": ({"falling": 10.0}, {"falling": 1.0}),
        "steep": ({"steep": 10.0}, {"steep": 1.0}),
    },
    "autoencoder-line": {
        "regenerated": (
            {"left_10": 0.01, "left_5": 0.01, "left_1": 0.01},
            {"left_10": 0.01, "left_5": 0.01, "left_1": 0.1},
        ),
        "two-latents": ({"left_2": 0.01}, {"left_2": 0.1}),
        "parameters": ({"keras_parameters": 8_976}, {"keras_parameters": 9_240}),
    },
    "autoencoder-sine": {"sine": ({"left": 0.01}, {"left": 0.9})},
    "cos-or-sin": {
        "between": (
            {"phase_of_zeros": 50.0, "phase_of_ones": 40.0},
            {"phase_of_zeros": 90.0, "phase_of_ones": 0.0},
        ),
        "ignores": ({"cell_ignores": "sine"}, {"cell_ignores": "neither"}),
    },
    "autoencoder-phase": {
        "reconstructed": (
            {"left_9": 0.01, "left_90": 0.01},
            {"left_9": 0.01, "left_90": 0.9},
        ),
        "latent-is-phase": (
            {"order_90": 1.0, "sweep_90": 88.0},
            {"order_90": 1.0, "sweep_90": 20.0},
        ),
        "beginning": ({"beginning_90": 10.0}, {"beginning_90": 1.0}),
        "harder": ({"harder_shifts": 3.0}, {"harder_shifts": 1.0}),
        "flat": ({"flat_900": 150}, {"flat_900": 20}),
        "turns": ({"order_900": 1.0}, {"order_900": 0.1}),
    },
    "wavy-inverse": {
        "ambiguous": (
            {"crossings": 6, "floor_one": 6.2, "floor_three": 0.03},
            {"crossings": 6, "floor_one": 0.1, "floor_three": 0.03},
        ),
        "one-layer": ({"wide_by_rnn": 5.0}, {"wide_by_rnn": 1.5}),
        "rate": ({"faster_by_wide": INF}, {"faster_by_wide": 1.5}),
        "two-layers": ({"deep_by_wide": 0.1}, {"deep_by_wide": 0.9}),
        "rnn": ({"rnn_left": 0.01}, {"rnn_left": 0.1}),
        "speed": ({"speed": 1.9}, {"speed": 1.1}),
    },
}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdicts_on_what_was_measured(name):
    claims = {claim.name: claim for claim in find(name).claims}
    for claim, numbers in VERDICTS[name].items():
        assert [bool(claims[claim].holds(of_one)) for of_one in numbers] == [True, False], claim
    # Claims on hand-wired nets are in test_comparison.py, those of `alternating` in its own file.
    assert set(claims) - set(VERDICTS[name]) <= {"by-hand", "wave-by-hand"}


def test_a_rate_that_was_not_tried_is_not_decided():
    (rate,) = (claim for claim in find("wavy-inverse").claims if claim.name == "rate")
    assert judge(rate, {0: {"faster_by_wide": None}}).word == "not decided"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_claims_name_pictures_that_there_are(name):
    experiment = find(name)
    pictures = {picture.name for picture in experiment.pictures}
    assert {claim.figure for claim in experiment.claims if claim.figure} <= pictures


# What the experiments measure with


def test_the_least_error_of_the_wavy_inverse():
    rng = np.random.default_rng(0)
    z = rng.uniform(0, 10, 1_500)
    clean = wavy.readings(z, 0.001, rng)
    assert wavy.least_error(clean, z, 0.001) < 1e-3
    deaf = wavy.readings(z, 1e6, rng)
    assert wavy.least_error(deaf, z, 1e6) == pytest.approx(100 / 12, rel=0.05)
    noisy = wavy.readings(z, 0.1, rng)
    assert wavy.least_error(noisy, z, 0.1) < wavy.least_error(noisy[:, :2], z, 0.1)


def test_the_posterior_mean_is_that_of_a_simulation():
    """Among many simulated places, those whose readings are near: their mean is the answer."""
    rng = np.random.default_rng(1)
    z = rng.uniform(0, 10, 2_000_000)
    read = wavy.readings(z, 0.4, rng)[:, :1]
    near = np.abs(read[:, 0] - 2.6) < 0.01
    assert near.sum() > 3_000
    found = wavy.posterior_mean(np.array([[2.6]]), 0.4)[0]
    assert found == pytest.approx(z[near].mean(), abs=4 * z[near].std() / near.sum() ** 0.5)


def test_phases_are_those_of_the_waves():
    shifts = np.linspace(0, np.pi / 2, 30)
    waves = curves.sines([0.7], shift=shifts, offset=0.2, steps=80)[:, :, 0]
    np.testing.assert_allclose(curves.phases(waves), np.degrees(10 * shifts), atol=1e-9)


@pytest.mark.parametrize("frequency", [5.0, 20.0, 50.0])
def test_the_sinusoid_that_fits_best_is_found(frequency):
    x = curves.points()
    wave = 0.4 * np.sin(1.07 * frequency * x + 0.3) + 0.1
    found, phase, rest = curves.sinusoid(wave, frequency)
    assert found == pytest.approx(1.07 * frequency, rel=1e-4)
    assert phase == pytest.approx(np.degrees(0.3), abs=0.5)
    assert rest < 1e-6
    noisy = wave + np.random.default_rng(0).normal(0.0, 0.1, len(x))
    assert 0.02 < curves.sinusoid(noisy, frequency)[2] < 0.3


# Whole runs, with what independent runs of the same tasks measured


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "ranges"),
    [
        (
            "wavy-inverse",
            {
                "wide": (0.1, 0.6),
                "rnn": (0.03, 0.2),
                "floor_one": (5.8, 6.6),
                "floor_three": (0.028, 0.04),  # of 4,000 readings, from 0.008 to 0.046
            },
        ),
        ("amplitude", {"told_of_half": (0.4, 0.52), "told_of_one": (0.4, 0.85)}),
        ("line-parameters", {"two_layers": (0, 0.03), "falling": (3, 100), "steep": (3, 300)}),
        ("autoencoder-line", {"left_5": (0, 0.06), "left_1": (0, 0.06)}),
        ("autoencoder-phase", {"left_90": (0, 0.1), "sweep_90": (60, 100)}),
    ],
)
def test_measured_values_lie_where_independent_runs_found_them(name, ranges, tmp_path):
    measured = run(find(name), tmp_path, seed=11, formats=()).run.measured
    for key, (least, most) in ranges.items():
        assert least <= measured[key] <= most, key
