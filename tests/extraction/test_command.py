"""``reberlstm extract``: what it prints and how it exits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.extraction import Budget
from reberlstm.render.extraction import extraction_lines
from tests.extraction.test_checkpoints import Net


@pytest.fixture
def reber(tmp_path: Path) -> str:
    path = tmp_path / "reber.safetensors"
    rl.save(rl.compile(rl.load_grammar("reber")), path)
    return str(path)


def test_report(
    reber: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert run(["extract", reber, "--reference", "reber"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 60
    assert "8 states over B T S X P V E" in out
    assert "net and extracted machine: equal: proved" in out
    assert "extracted machine and reference: equal: proved" in out
    assert "net and reference: equal: proved" in out
    assert "seed 0" in out
    assert "success" not in out.lower()


def test_a_budget_that_ends_is_a_no(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["extract", "published", "--reference", "reber", "--max-states", "12"]) == 1
    out = capsys.readouterr().out
    assert "the budget of states ended the search; this is the best machine so far" in out
    assert "after BTSSSSSSXXV, a shortest one; the net is wrong" in out
    assert "success" not in out.lower()


def test_a_machine_that_is_never_right_is_not_called_good(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["extract", "published", "--max-states", "2", "--effort", "0.01"]) == 1
    assert (
        "the budget of states ended the search; no machine so far comes close: this one agrees on "
        "1.0 % of biased words"
    ) in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("net", "reference", "options"),
    [
        (rl.published(), "reber", {"max_states": 12}),
        (rl.compile("dyck-2-2", cell="rnn"), "dyck-2-2", {}),
        (rl.compile("anbn"), "anbn", {"counters": 3}),
    ],
)
def test_the_report_fits_the_terminal(
    net: rl.Net, reference: str, options: dict[str, int], few_words: None
) -> None:
    """Nothing is cut off: tables that are too wide go on below."""
    found = rl.extract(net, reference=reference, budget=Budget().scaled(0.01), **options)
    whole = " ".join(extraction_lines(found, 1000)).split()
    for columns in (60, 80):
        lines = list(extraction_lines(found, columns))
        assert [line for line in lines if len(line) > columns] == []
        assert set(whole) <= set(" ".join(lines).split())


@pytest.mark.parametrize("suffix", ["toml", "dot", "jff", "json"])
def test_machine_is_written(
    reber: str, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / f"found.{suffix}")
    assert run(["extract", reber, "-o", path]) == 0
    assert f"machine written to {path}" in capsys.readouterr().out
    assert rl.load_grammar(path).difference(rl.load_grammar("reber")) is None


@pytest.mark.parametrize("net", ["reber-4", "published"])
def test_a_net_by_its_name(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["extract", net, "--max-states", "9"]) in (0, 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("extracted from ")
    rule = "tanh > 0.5" if net == "published" else "logit > 0"
    assert lines[1].startswith(f"the net is read by legal: {rule}")


def test_json(reber: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["extract", reber, "--reference", "reber", "--json", "--seed", "3"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["seed"] == 3
    assert answer["ended_by"] is None
    assert [pair["relation"] for pair in answer["verdict"]] == ["equal: proved"] * 3
    assert {state["state"] for state in answer["states"]} == set(rl.load_grammar("reber").states)


def test_foreign_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "net.pt")
    torch.save(Net("GRU", 1, seed=11).state_dict(), path)
    arguments = ["extract", path, "--kind", "accept", "--seconds", "3", "--max-states", "20"]
    assert run([*arguments, "--alphabet", "01"]) in (0, 1)
    out = capsys.readouterr().out
    assert "the net is read by accept: logit > 0" in out
    assert "net and extracted machine: " in out
    assert run([*arguments, "--reference", "parity"]) in (0, 1)
    assert "net and reference: different" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.pt"], "error: nowhere.pt: no such file"),
        (["published", "--kind", "accept"], "error: 'published': no 'accept' head; it has legal"),
        (
            ["published", "--layer", "x"],
            "--layer NAME is for nets of others; this one says all about",
        ),
        (["published", "-o", "x.png"], "error: x.png: the suffix '.png' names no format"),
        (["published", "--reference", "parity"], "the alphabet of parity is 0 1"),
        (["published", "--max-states", "0"], "error: invalid value for '--max-states'"),
        (["published", "--seconds", "nan"], "error: "),
    ],
)
def test_bad_input(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["extract", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_options_of_foreign_files_for_ours(reber: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["extract", reber, "--layer", "lstm"]) == 2
    assert "--layer NAME is for nets of others; this one says all" in capsys.readouterr().err
    assert run(["extract", reber, "--threshold", "0.2"]) in (0, 1)
    assert "legal: logit > -1.38629; accept: logit > -1.38629" in capsys.readouterr().out
    assert run(["extract", reber, "--kind", "label"]) == 2
    assert "no 'label' head; it has legal, accept, next" in capsys.readouterr().err
    assert run(["extract", reber, "--kind", "accept"]) == 0
