"""Every mutation of a valid file is a valid machine or one error: thousands of them, for each format.

Tens of thousands more are tried by ``scripts/fuzz_formats.py``.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reberlstm import formats
from tests.formats.mutations import mutate, outcome
from tests.formats.valid import valid_files

FILES = valid_files()
OTHERS = list(FILES.values())


@pytest.mark.parametrize("name", FILES)
def test_the_files_themselves_are_valid(name: str) -> None:
    assert outcome(FILES[name], name, formats.format_of(name)) == "machine"


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_mutations(name: str, seed: int) -> None:
    content = mutate(FILES[name], random.Random(seed), OTHERS)
    outcome(content, name, formats.format_of(name))
    outcome(content, "input", None)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.binary(max_size=200), format=st.sampled_from([None, *formats.FORMATS]))
def test_junk(content: bytes, format: str | None) -> None:
    outcome(content, "junk", format)
