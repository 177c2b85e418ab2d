"""Every public function that takes a machine takes a name or a path too, and refuses the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import reberlstm as rl
from reberlstm.grammars import as_machine
from reberlstm.grammars.frames import continual
from reberlstm.render.page import explorer_page

REBER = rl.load_grammar("reber")
NET = rl.compile(REBER)

TAKERS: dict[str, Callable[[Any], Any]] = {
    "compile": lambda grammar: rl.compile(grammar).cells,
    "certify": lambda grammar: rl.certify(NET, grammar).margin,
    "trace": lambda grammar: rl.trace(NET, "BTXSE", grammar=grammar).to_dict(),
    "explain": lambda grammar: rl.explain(NET, grammar).summary,
    "extract": lambda grammar: rl.extract(NET, reference=grammar, seconds=10).fsm.states,
    "compare": lambda grammar: (
        rl.compare(grammar, {"net": NET}, rows=["accuracy"], words=20).grammar
    ),
    "Settings": lambda grammar: rl.Settings(fsm=grammar).fsm,
    "to_svg": rl.to_svg,
    "explorer_page": lambda grammar: str(explorer_page(grammar, [NET])),
    "embed": lambda grammar: rl.embed(grammar, {"T": ("BT", "TE")}),
    "continual": continual,
}


@pytest.mark.parametrize("name", TAKERS)
def test_names_and_machines_are_the_same(name: str) -> None:
    assert TAKERS[name]("reber") == TAKERS[name](REBER)


@pytest.mark.parametrize("name", TAKERS)
def test_other_things_are_refused(name: str) -> None:
    with pytest.raises(
        rl.ReberLSTMError, match="expected a grammar: an FSM, a CounterMachine, a name or a path"
    ):
        TAKERS[name](42)


def test_files_and_expressions(tmp_path: Path) -> None:
    path = tmp_path / "mine.dot"
    rl.save_grammar("reber", path)
    assert as_machine(path) == as_machine(str(path)) == REBER
    assert as_machine("regex:(ab)*").accepts("abab")
    with pytest.raises(rl.ReberLSTMError, match="unknown grammar 'rebre'; did you mean 'reber'"):
        as_machine("rebre")


def test_operations_on_machines_take_machines() -> None:
    with pytest.raises(rl.ReberLSTMError, match="expected an FSM, got 'reber'"):
        REBER.difference("reber")  # type: ignore[arg-type]


def test_names_paths_and_frames_of_a_wrong_type() -> None:
    with pytest.raises(rl.ReberLSTMError, match="expected a grammar: a name or a path; got 5"):
        rl.load_grammar(5)  # type: ignore[arg-type]
    with pytest.raises(rl.ReberLSTMError, match="expected a path; got None"):
        rl.save_grammar(REBER, None)  # type: ignore[arg-type]
    for frames in (5, {"T": 5}, ["BT"]):
        with pytest.raises(rl.ReberLSTMError, match="expected frames: a table of pairs of words"):
            rl.embed(REBER, frames)  # type: ignore[arg-type]
