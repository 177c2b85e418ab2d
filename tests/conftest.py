"""How hypothesis draws, for the whole suite.

The default profile is derandomised: every run tries the same examples, so that a newcomer's first
run says the same as ours and a red build is red again. The search for new examples is a
developer's job, and has a profile of its own; what it finds is printed as a `reproduce_failure`
line and belongs into `tests/cases.py` afterwards::

    HYPOTHESIS_PROFILE=explore pytest tests/properties
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# Before NumPy and PyTorch are loaded: the workers of a run share the cores, and threads would only wait.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

SEED = 20
"""The seed of everything else that is random in the suite."""

# Several workers share the cores: a slow example is no failure.
settings.register_profile(
    "fixed",
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "explore",
    deadline=None,
    max_examples=2_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "fixed")
settings.load_profile(PROFILE)


def pytest_report_header() -> str:
    return f"hypothesis profile: {PROFILE} (fixed = the same examples each time); seed: {SEED}"


@pytest.fixture
def seed() -> int:
    """The seed of everything random; fixed, and printed at the top of the run."""
    return SEED


@pytest.fixture
def few_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shares of agreement are measured on fewer words, where a test is not about the shares."""
    monkeypatch.setattr("reberlstm.extraction.rates.WORDS", 200)
