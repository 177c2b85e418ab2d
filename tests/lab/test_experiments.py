"""Every experiment: it runs through with hardly any training, and the verdicts on its claims are right."""

import json
import math

import numpy as np
import pytest

from reberlstm.lab import EXPERIMENTS, curves, find, run
from reberlstm.lab.experiment import PRESETS
from reberlstm.lab.experiments import wavy_inverse as wavy

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
def test_it_runs_through_with_hardly_any_training(name, tmp_path):
    experiment = find(name)
    result = run(experiment, tmp_path, changes=tiny(experiment), seed=5, formats=("svg",))
    assert_complete(result, tmp_path)


def assert_complete(result, folder):
    """Also for the run of tests/lab/test_alternating.py."""
    experiment = result.run.experiment
    for picture in experiment.pictures:
        assert b"</svg>" in (folder / f"{picture.name}.svg").read_bytes()
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert set(metrics["nets"]) == set(result.run.jobs)
    assert len(result.verdicts) == len(experiment.claims) > 0
    report = (folder / "REPORT.md").read_text("utf-8")
    assert report.count(".png)") == len(experiment.pictures)
    assert "{" not in report


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("preset", PRESETS)
def test_what_the_nets_learn_from_comes_from_the_seed(name, preset):
    experiment = find(name)
    settings = experiment.settings(preset, dict.fromkeys(tiny(experiment), 60))

    def data(seed):
        jobs = experiment.jobs(settings, np.random.default_rng(seed))
        return [np.concatenate([job.data.x.ravel(), job.data.y.ravel()]) for job in jobs]

    for first, again in zip(data(0), data(0), strict=True):
        np.testing.assert_array_equal(first, again)


# Claims on fixed numbers: the verdicts expected, first as the source has it, then the contrary.

BOTH = ("one layer, from (x, y)", "two layers, from (x, y)")
ALONE = ("one layer, from y", "two layers, from y")
NARROW, WIDE = "shift up to 0.1·π/2", "shift up to π/2"


def per(names, *values):
    return dict(zip(names, values, strict=True))


def wavy_inverse(mlp, deep, rnn, peephole, epochs, fails):
    names = ("MLP 1-152-1", "MLP 3-152-1", "MLP 3-30-20-1", "RNN 26", "peephole LSTM 16", "LSTM 16")
    return {
        "error": per(names, 7.0, mlp, deep, rnn, peephole, 0.07),
        "floor_one": 6.2,
        "floor_three": 0.02,
        "crossings": 6,
        "crossings_trained": 5,
        "level": 0.09,
        "epochs": per(("RNN 26", "peephole LSTM 16", "LSTM 16"), 20, epochs, 25),
        "speed": 20 / epochs,
        "faster": {"fails": fails, "says": "test error 9.000 at 0.06"},
    }


def sine(error, growth, bent, valley, follows, correlation):
    return {
        "error": per(ALONE, error, error),
        "least_growth": 0.5,
        "most_growth": growth,
        "least_ratio": 0.5,
        "most_ratio": 1.0,
        "bent": bent,
        "valley": valley,
        "follows": follows,
        "correlation": per(("at 5", "at 20", "at 40"), 0.99, 0.95, correlation),
    }


def amplitude(inside, at_half, at_one):
    told = per(("at 0.5", "at 0.6", "at 0.8", "at 1"), at_half, 0.55, 0.63, at_one)
    return {"inside": inside, "outside": 0.2, "told": told}


def line_parameters(error, falling, steep):
    told = {name: [0.1, 0.2] for name in ("-0.4,0.5", "-1,0.8", "2,0.5", "3,0")}
    errors = per(("one layer of 32", "two layers of 32"), 0.02, error)
    return {"error": errors, "told": told, "falling": falling, "steep": steep}


def autoencoder_line(ten, one):
    names = ("10 latent", "5 latent", "1 latent")
    return {
        "error": per(names, ten, 1e-4, one),
        "top": per(names, 0.9, 0.9, 0.9),
        "first": per(names, 0.99, 0.99, 1.0),
        "order": 1.0,
    }


def cos_or_sin(cosine, sine, zeros, ones):
    names = ("LSTM 32 and a linear layer", "LSTM 32 and LSTM 1")
    both = {"cosine": cosine, "sine": sine}
    return {
        "error": per(names, both, {"cosine": 0.02, "sine": 0.02}),
        "phases": [zeros, 60, 40, 20, ones],
    }


def phase(narrow, wide, beginning, order, sweep, flat, wide_sweep):
    return {
        "error": per((NARROW, WIDE), narrow, wide),
        "beginning": per((NARROW, WIDE), beginning, 0.1),
        "later": per((NARROW, WIDE), 1e-5, 1e-3),
        "order": per((NARROW, WIDE), order, 0.2),
        "sweep": per((NARROW, WIDE), sweep, wide_sweep),
        "flat": per((NARROW, WIDE), 20, flat),
        "phases": {},
    }


VERDICTS = [
    (
        "line",
        {"error": per(BOTH + ALONE, 0.01, 1, 1, 1), "elsewhere": per(ALONE, 0.03, 1)},
        [True, True],
    ),
    (
        "line",
        {"error": per(BOTH + ALONE, 0.06, 0, 0, 0), "elsewhere": per(ALONE, 0.06, 0)},
        [False, False],
    ),
    (
        "hill",
        {
            "error": per(BOTH + ALONE, 0.2, 0.02, 0.1, 0.1),
            "epochs": per(BOTH + ALONE, 1, 100, 1, 200),
        },
        [True, True],
    ),
    (
        "hill",
        {
            "error": per(BOTH + ALONE, 0.02, 0.02, 0.1, 0.1),
            "epochs": per(BOTH + ALONE, 1, 100, 1, math.inf),
        },
        [False, False],
    ),
    ("wavy-inverse", wavy_inverse(0.6, 0.05, 0.07, 0.07, 10, True), [True] * 6),
    ("wavy-inverse", wavy_inverse(0.3, 0.25, 0.16, 0.07, 19, False), [True] + [False] * 5),
    ("sine", sine(0.01, 0.8, 0.1, 0.02, 0.1, 0.95), [True] * 6),
    ("sine", sine(0.03, 1.1, 0.01, 0.2, 0.9, 0.4), [False] * 6),
    ("amplitude", amplitude(0.01, 0.49, 0.67), [True, True]),
    ("amplitude", amplitude(0.03, 0.49, 0.9), [False, False]),
    ("amplitude", amplitude(0.03, 0.40, 0.5), [False, False]),
    ("line-parameters", line_parameters(3e-4, 0.2, 0.5), [True] * 3),
    ("line-parameters", line_parameters(3e-2, 0.05, 0.05), [False] * 3),
    ("autoencoder-line", autoencoder_line(6e-4, 4e-4), [True, True]),
    ("autoencoder-line", autoencoder_line(6e-4, 6e-3), [False, False]),
    ("autoencoder-sine", {"error": 0.001, "of_nothing": 0.17, "order": 1.0}, [True]),
    ("autoencoder-sine", {"error": 0.1, "of_nothing": 0.17, "order": 1.0}, [False]),
    ("cos-or-sin", cos_or_sin(1e-4, 0.5, 50, 40), [True, True]),
    ("cos-or-sin", cos_or_sin(6e-5, 1e-5, 91, 0), [False, False]),
    ("autoencoder-phase", phase(1e-4, 5e-4, 4e-4, 1.0, 88, 90, 300), [True] * 5),
    ("autoencoder-phase", phase(0.1, 0.15, 2e-5, 0.9, 88, 30, 20), [False] * 5),
    ("autoencoder-phase", phase(1e-4, 5e-4, 4e-4, 1.0, 50, 90, 300), [True, False, *[True] * 3]),
]


@pytest.mark.parametrize(("name", "measured", "verdicts"), VERDICTS)
def test_verdicts_on_what_was_measured(name, measured, verdicts):
    # Claims on hand-wired nets are in test_comparison.py.
    claims = [c for c in find(name).claims if not c.source.startswith("(not in the source)")]
    found = [claim.verdict(measured) for claim in claims]
    assert [verdict.holds for verdict in found] == verdicts
    assert all(verdict.measured and "{" not in verdict.measured for verdict in found)


ELSEWHERE = {"alternating"}
"""What has a test file of its own."""


def test_every_claim_is_tested_with_both_verdicts():
    for name in set(EXPERIMENTS) - ELSEWHERE:
        verdicts = {v for of, _, holds in VERDICTS if of == name for v in holds}
        assert verdicts == {True, False}, name


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


# Whole runs, with what independent runs of the same tasks measured


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "ranges"),
    [
        (
            "wavy-inverse",
            {
                "error: MLP 1-152-1": (6.0, 7.5),
                "error: MLP 3-152-1": (0.1, 0.5),
                "error: MLP 3-30-20-1": (0.05, 0.35),
                "error: RNN 26": (0.03, 0.15),
                "error: peephole LSTM 16": (0.03, 0.12),
                "error: LSTM 16": (0.03, 0.15),
                "floor_one": (5.8, 6.6),
                "floor_three": (0.028, 0.04),  # of 4,000 readings, from 0.008 to 0.046
            },
        ),
        ("amplitude", {"told: at 0.5": (0.45, 0.52), "told: at 1": (0.5, 0.85)}),
        (
            "line-parameters",
            {"error: two layers of 32": (0, 3e-3), "falling": (0.1, 1), "steep": (0.4, 2.5)},
        ),
        ("autoencoder-line", {"error: 5 latent": (0, 3e-3), "error: 1 latent": (0, 3e-3)}),
        (
            "autoencoder-phase",
            {f"error: {NARROW}": (0, 1e-2), f"sweep: {NARROW}": (75, 95)},
        ),
    ],
)
def test_measured_values_lie_where_independent_runs_found_them(name, ranges, tmp_path):
    run(find(name), tmp_path, seed=11)
    measured = json.loads((tmp_path / "metrics.json").read_text("utf-8"))["measured"]
    for path, (least, most) in ranges.items():
        value = measured
        for key in path.split(": "):
            value = value[key]
        assert least <= value <= most, path
