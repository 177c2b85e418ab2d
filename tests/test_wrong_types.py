"""Every public function says in one line what it takes, whatever it is given."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import reberlstm as rl

REBER = rl.load_grammar("reber")
NET = rl.compile(REBER)
FEW = {"max_states": 1, "max_words": 100, "prove": False}

WRONG: tuple[Any, ...] = (None, 7, 1.5, [], ["x"], {}, object(), b"xx", "no-such", print, ("a",))
"""Each is wrong in most of the places below; where it is not, nothing has to be refused."""

CALLS: dict[str, Callable[[Any], object]] = {
    "FSM alphabet": lambda x: rl.FSM(alphabet=x, start="s", transitions={"s": {}}),
    "FSM start": lambda x: rl.FSM(alphabet=("a",), start=x, transitions={"s": {}}),
    "FSM transitions": lambda x: rl.FSM(alphabet=("a",), start="s", transitions=x),
    "FSM line": lambda x: rl.FSM(alphabet=("a",), start="s", transitions={"s": x}),
    "FSM accepting": lambda x: rl.FSM(
        alphabet=("a",), start="s", transitions={"s": {}}, accepting=x
    ),
    "FSM.accepts": lambda x: REBER.accepts(x),
    "FSM.run": lambda x: REBER.run(x),
    "FSM.difference": lambda x: REBER.difference(x),
    "Settings fsm": lambda x: rl.Settings(fsm=x),
    **{
        f"Settings {name}": lambda x, name=name: rl.Settings(fsm=REBER, **{name: x})  # type: ignore[misc]
        for name in (
            "cells",
            "seed",
            "steps",
            "words",
            "noise",
            "restarts",
            "cell",
            "task",
            "start",
        )
    },
    "certify net": lambda x: rl.certify(x, REBER),
    "certify fsm": lambda x: rl.certify(NET, x),
    "certify option": lambda x: rl.certify(NET, REBER, what=x),
    "compare fsm": lambda x: rl.compare(x, {"net": NET}, rows=["cells"]),
    "compare nets": lambda x: rl.compare(REBER, x, rows=["cells"]),
    "compare a list": lambda x: rl.compare(REBER, [NET, x], rows=["cells"]),  # type: ignore[arg-type]
    "compare net": lambda x: rl.compare(REBER, {"net": x}, rows=["cells"]),
    "compare rows": lambda x: rl.compare(REBER, {"net": NET}, rows=x or ["cells"]),
    "compile": lambda x: rl.compile(x),
    "compile gain": lambda x: rl.compile(REBER, gain=x),
    "compile on_violation": lambda x: rl.compile(REBER, on_violation=x),
    "embed fsm": lambda x: rl.embed(x, ["T", "P"]),
    "embed frames": lambda x: rl.embed(REBER, x),
    "explain": lambda x: rl.explain(x),
    "extract": lambda x: rl.extract(x),
    "extract reference": lambda x: rl.extract(NET, reference=x, **FEW),  # type: ignore[arg-type]
    "load": lambda x: rl.load(x),
    "load alphabet": lambda x: rl.load({"x": [1.0]}, alphabet=x),
    "load_grammar": lambda x: rl.load_grammar(x),
    "run net": lambda x: rl.run(x, ["BT"]),
    "run words": lambda x: rl.run(NET, x),
    "run option": lambda x: rl.run(NET, ["BT"], grammar=x),
    "save net": lambda x: rl.save(x, "net.safetensors"),
    "save path": lambda x: rl.save(NET, x),
    "save_grammar fsm": lambda x: rl.save_grammar(x, "m.toml"),
    "save_grammar path": lambda x: rl.save_grammar(REBER, x),
    "to_svg": lambda x: rl.to_svg(x),
    "trace net": lambda x: rl.trace(x, "BT"),
    "trace word": lambda x: rl.trace(NET, x),
    "trace grammar": lambda x: rl.trace(NET, "BT", grammar=x),
    "train": lambda x: rl.train(x if isinstance(x, str | bytes) or not x else {}),
}


@pytest.fixture(autouse=True)
def _quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_type_is_an_error_of_one_line(name: str) -> None:
    said = []
    for value in WRONG:
        try:
            CALLS[name](value)
        except rl.ReberLSTMError as error:
            said.append(str(error))
    assert len(said) > 5
    assert all(said)
    assert not any("\n" in text for text in said)


def test_every_public_function_is_asked() -> None:
    without_arguments = {"grammar_names", "counter_machine_names", "published"}
    functions = {name for name in rl.__all__ if name[0].islower()} - without_arguments
    assert functions == {call.partition(" ")[0] for call in CALLS if call[0].islower()}
