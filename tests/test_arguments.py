"""Arguments that forgive: a grammar may stand in front; and what a shell offers for completion."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from reberlstm import choices
from reberlstm.certificates.arithmetic import ARITHMETICS
from reberlstm.cli import COMMANDS, cli, run
from reberlstm.extraction.oracles import ORACLES

ONE_AND_THE_SAME = [
    ("sample parity -n 3 --length 4", "sample --grammar parity -n 3 --length 4"),
    ("sample regex:(ab)* -n 2", "sample --grammar regex:(ab)* -n 2"),
    ("trace parity 0110 1", "trace 0110 1 --grammar parity"),
    ("trace reber BTX", "trace BTX"),
    ("check parity words.txt", "check words.txt --grammar parity"),
    ("check mine.toml words.txt", "check --grammar mine.toml words.txt"),
    ("check reber -", "check -"),
    ("extract compiled reber --effort 0.01 --json", "extract compiled --reference reber --effort "
     "0.01 --json"),
]  # fmt: skip


@pytest.mark.parametrize(("short", "long"), ONE_AND_THE_SAME, ids=lambda line: line.split()[0])
def test_a_grammar_may_stand_in_front(
    short: str,
    long: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("words.txt").write_text("0110\n01\n")
    assert run(["convert", "parity", "mine.toml"]) == 0
    capsys.readouterr()
    found = []
    for line in (short, long):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"BTX\n")))
        out = (run(line.split()), capsys.readouterr().out)
        found.append((out[0], [x for x in out[1].split(", ") if "seconds" not in x]))
    assert found[0] == found[1]
    assert found[0][0] in (0, 1)


def test_a_file_of_strings_is_one_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("parity").write_text("BTXSE\n")
    assert run(["check", "parity"]) == 0
    assert capsys.readouterr().out.startswith("reber: 1 strings, 5 symbols")


@pytest.mark.parametrize(
    "line", ["sample reber --grammar parity", "check reber --grammar parity",
             "extract compiled reber --reference parity"]
)  # fmt: skip
def test_two_grammars_are_too_many(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(line.split()) == 2
    assert "two grammars: reber, and --" in capsys.readouterr().err


def completed(*words: str) -> list[str]:
    """What is offered in the place of the last word."""
    found = ShellComplete(cli, {}, "reberlstm", "_").get_completions(list(words[:-1]), words[-1])
    return [item.value if item.type == "plain" else f"<{item.type}>" for item in found]


def test_what_a_shell_completes() -> None:
    assert completed("") == list(COMMANDS)
    assert completed("comp") == ["compile", "compare"]
    assert completed("certify", "reb") == ["reber"]
    assert completed("sample", "dyck") == completed("check", "dyck")
    assert "dyck-2-3" in completed("sample", "dyck")
    assert completed("trace", "--grammar", "tomita-4") == ["tomita-4"]
    assert completed("explain", "reber", "--net", "reber-") == ["reber-2", "reber-4"]
    assert "compiled:latch" in completed("trace", "--net", "comp")
    assert completed("compare", "reber", "publ") == ["published"]
    assert completed("certify", "./mine") == ["<file>"]
    assert "--readout" in completed("trace", "--re")


def test_every_machine_is_completed() -> None:
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        for parameter in command.params:
            if parameter.name in ("grammar", "machine"):
                found = parameter.shell_complete(context, "reber")
                assert "reber" in [item.value for item in found], name


def test_the_names_in_the_help_are_those_that_there_are() -> None:
    assert tuple(ARITHMETICS) == choices.ARITHMETICS
    assert tuple(ORACLES) == choices.ORACLES


def test_the_program_answers_a_shell() -> None:
    asked = {"_REBERLSTM_COMPLETE": "bash_complete", "COMP_WORDS": "reberlstm gram"}
    done = subprocess.run(
        [sys.executable, "-m", "reberlstm"],
        env={**os.environ, **asked, "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "plain,grammars\n"


def test_a_name_that_is_neither_a_file_nor_a_grammar(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "rebr"]) == 2
    assert "rebr: no such file, and unknown grammar 'rebr'; did you mean 'reber'? " in (
        capsys.readouterr().err
    )
