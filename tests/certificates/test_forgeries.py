"""The script that forges certificates: the checker takes none, and a checker with a hole is found."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

import reberlstm as rl
from reberlstm.certificates.checker import _Checker
from reberlstm.certificates.checker.steps import Steps

PATH = Path(__file__).parents[2] / "scripts" / "forge_certificates.py"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("forge_certificates", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def cases(script: Any) -> Any:
    """A compiled net, and a random GRU whose rules are softmax and argmax."""
    gru = script.recalling(("gru",), 11, "softmax > 0.1")
    parity = rl.compile("parity"), rl.load_grammar("parity")
    options = {"scope": "legal", "heads": ["legal", "accept", "label"]}
    script.questions = lambda: iter([("parity", *parity, {}), ("gru", *gru, options)])
    found = script.true_certificates()
    assert {case.document["proof"]["stride"] > 1 for case in found} == {True, False}
    assert {case.name for case in found} == {"parity", "gru"}
    return found


def test_no_forgery_is_accepted(script: Any, cases: Any) -> None:
    ends, false = script.forge(cases, 30, 5)
    assert false == []
    assert ends["rejected"] > 15
    assert 0 < ends["accepted, and true all the same"] < 20


HOLES = {
    "_check_included": "boxes that the net can leave",
    "_check_margins": "margins that are too large",
}


@pytest.mark.slow
@pytest.mark.parametrize("hole", HOLES)
def test_a_checker_with_a_hole_is_found_out(
    script: Any, cases: Any, hole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole numbers are part of the checker, so only words can find these."""
    monkeypatch.setattr(_Checker, hole, lambda *arguments: None)
    assert script.forge(cases, 500, 6, one=True)[1]


@pytest.mark.slow
def test_bounds_that_are_wrong_are_found_out(
    script: Any, cases: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the fast bounds forgot the noise and the width of boxes."""
    step = Steps.step

    def narrow(self: Any, box: Any, symbol: str) -> Any:
        low, high = step(self, box, symbol)
        if low.dtype == object:
            return low, high
        return 0.5 * (low + high), 0.5 * (low + high)

    monkeypatch.setattr(Steps, "step", narrow)
    false = script.forge(cases, 500, 7, one=True)[1]
    assert "in whole numbers: from " in false[0]
