"""Every mutation of a valid file is a valid machine or one error: 2,000 of them for each reader.

Any number more is tried by ``scripts/fuzz_formats.py``.
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reberlstm import formats
from reberlstm.formats import draft, regex
from tests.formats.mutations import READERS, fuzz, outcome
from tests.formats.valid import valid_files

FILES = valid_files()
# Fresh inputs where it is checked that all is well, the same ones where somebody works.
SEED = random.SystemRandom().randrange(2**32) if os.environ.get("CI") else 1


@pytest.mark.parametrize("name", FILES)
def test_the_files_themselves_are_valid(name: str) -> None:
    assert outcome(FILES[name], name, formats.format_of(name)) == "machine"


@pytest.mark.parametrize("reader", READERS)
def test_mutations(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With limits of work so small that it takes no time; the script has the true ones."""
    monkeypatch.setattr(draft, "MAX_WORK", 10_000)
    monkeypatch.setattr(regex, "MAX_WORK", 4_000)
    tally = fuzz(reader, 2_000, SEED)
    print(f"seed {SEED}: {dict(tally.outcomes)}, slowest {tally.longest:.3f} s")
    assert not tally.failures, f"seed {SEED}: {tally.failures[0]}"
    assert tally.outcomes["machine"] > 50
    assert tally.outcomes["error"] > 50
    assert tally.longest < 5.0


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.binary(max_size=200), format=st.sampled_from([None, *READERS]))
def test_junk(content: bytes, format: str | None) -> None:
    outcome(content, "junk", format)
