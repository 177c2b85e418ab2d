"""``reberlstm trace``: which cells it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from reberlstm.cli import run
from reberlstm.cli.options import chosen_cells
from reberlstm.errors import WeightsError


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[list[str]]:
    """The names of cells over each block that the command prints."""
    assert run(["trace", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    return [
        lines[place - 1].split()
        for place, line in enumerate(lines)
        if line.startswith(("eraser", "forget"))
    ]


def test_cells_are_chosen_by_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown(capsys, "BT", "--cells", "5,1") == [["5", "1"]] * 2
    assert shown(capsys, "BT", "--cell", "5", "--cells", "1") == [["5", "1"]] * 2
    everything = ["0", "1", "2", "3", "4", "5", "end", "started"]
    assert shown(capsys, "BT") == [everything] * 2
    monkeypatch.setenv("COLUMNS", "60")
    assert shown(capsys, "BT") == [everything] * 2
    monkeypatch.setenv("COLUMNS", "40")
    assert shown(capsys, "BT") == [["0", "1"]] * 2, "the memory of others never changes"
    wide = shown(capsys, "BT", "--all-cells")
    assert [name for block in wide for name in block] == everything * 2


def test_a_grammar_in_the_place_of_a_string(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "door.toml"
    path.write_text("")
    for name in (str(path), "parity"):
        assert run(["trace", name]) == 2
        hint = f"{name} is a grammar: `reberlstm trace {name} STRING`\n"
        assert capsys.readouterr().err.endswith(hint)


def test_cells_that_are_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trace", "BT", "--cells", "1,7"]) == 2
    error = "error: no cell '7' in the net; its cells are 0, 1, 5, 2, 4, 3, end, started\n"
    assert capsys.readouterr() == ("", error)


def test_names_of_cells_may_have_commas() -> None:
    cells = ("a", "b", "a,b", "{a,c}")
    assert chosen_cells(("a,b",), cells) == ("a,b",)
    assert chosen_cells(("b,a", "{a,c}", "a"), cells) == ("b", "a", "{a,c}")
    assert chosen_cells((), cells) == ()
    with pytest.raises(
        WeightsError, match=r"no cell 'c' in the net; its cells are a, b, a,b, \{a,c\}"
    ):
        chosen_cells(("c",), cells)
