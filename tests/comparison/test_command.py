"""``reberlstm compare``: columns, formats, and what needs no torch."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.comparison import usual_rows
from tests.test_architecture import loaded_by

QUICK = ["--words", "50", "--rounds", "30", "--row", "cells", "--row", "loop S"]


def test_the_default_columns_of_reber(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert run(["compare", "reber", *QUICK]) == 0
    out = capsys.readouterr().out
    # How many columns stand side by side depends on what is in them.
    lines = out.splitlines()
    headings = [above for above, below in pairwise(lines) if below.startswith("──")]
    assert " ".join(headings).split() == ["compiled", "published", "trained"]
    assert "round 6: BT S×6 XXV" in out
    assert "\x1b" not in out


def test_another_grammar_has_its_compiled_net_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "tomita-4", "--row", "certificate", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["nets"] == ["compiled"]
    assert table["rows"][0]["entries"]["compiled"]["status"] == "proved"


def test_nets_by_name_and_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.safetensors"
    rl.save(rl.compile(rl.load_grammar("reber"), gain=9.0), file)
    nets = ["resync", str(file), "--net", f"again={file}", "smallest"]
    assert run(["compare", "reber", *nets, *QUICK, "--format", "json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["nets"] == ["resync", "mine", "smallest", "again"]
    assert [row["key"] for row in table["rows"]] == ["cells", "loop S"]
    assert table["rows"][1]["entries"]["mine"]["text"] == "for ever, proved"


@pytest.mark.parametrize(
    ("suffix", "begins"),
    [(".txt", "reber: 1 net"), (".md", "|  | compiled |"), (".html", "<!doctype"), (".json", "{")],
)
def test_files_by_suffix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str, begins: str
) -> None:
    file = tmp_path / f"table{suffix}"
    assert run(["compare", "reber", "compiled", *QUICK, "-o", str(file)]) == 0
    assert file.read_text("utf-8").startswith(begins)
    assert "2 rows, compiled" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reber", "compiled", "compiled"], "two nets have the same name"),
        (["reber", "-o", "table.pdf"], "table.pdf: give it a suffix of .txt .json .md .html .htm"),
        (["reber", "--row", "size"], "no row 'size'; the rows are cells, weights"),
        (["parity", "published"], "the alphabet of parity is 0 1, but that of net 'published'"),
        (["parity", "trained"], "no trained net for parity is shipped"),
        (["reber", "none.safetensors"], "none.safetensors: no such file"),
        (["reber", "--json", "--format", "html"], "--json and --format html exclude each other"),
        (["rebr"], "did you mean 'reber'?"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", *arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert message in lines[0]


def test_twelve_questions_are_asked_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "reber", "published", "--no-proofs", "--words", "20", "--json"]) == 0
    usual = [row["key"] for row in json.loads(capsys.readouterr().out)["rows"]]
    assert tuple(usual) == usual_rows(rl.load_grammar("reber"))
    assert len(usual) == 12
    some = usual_rows(rl.load_grammar("dyck-2-3"))
    assert sum(key.startswith("loop") for key in some) == 3
    assert len(some) == 12


def test_a_question_is_explained_with_the_whole_answers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["compare", "reber", "published", "--explain", "loop S", "--rounds", "30"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Right in rounds of S? (loop S)"
    assert "  published: ✗ round 6: BT S×6 XXV; within the cycle in round 13" in lines
    assert max(map(len, lines)) <= 80


def test_it_needs_no_torch() -> None:
    arguments = ["compare", "reber", *QUICK]
    (loaded,) = loaded_by(f"from reberlstm.cli import run; assert run({arguments}) == 0")
    assert loaded & {"torch", "matplotlib", "onnx", "pandas", "joblib", "networkx"} == set()
