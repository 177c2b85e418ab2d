"""What the README shows is what the commands print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reberlstm.cli import COMMANDS, run

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
SAMPLES = re.findall(r"^    \$ reberlstm (.*)\n((?:    (?!\$ ).*\n)+)", README, re.M)


def pattern_of(shown: str) -> str:
    """What matches a sample: three dots stand for anything."""
    parts = re.sub(r"^    ", "", shown, flags=re.M).rstrip("\n").split("...")
    return r"[\s\S]*?".join(re.escape(part.strip("\n")) for part in parts)


@pytest.mark.parametrize(("command", "shown"), SAMPLES, ids=[command for command, _ in SAMPLES])
def test_samples_are_what_is_printed(
    command: str,
    shown: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run(command.split())
    printed = capsys.readouterr().out.rstrip()
    assert re.fullmatch(pattern_of(shown), printed), printed


def test_there_are_samples() -> None:
    assert {command.split()[0] for command, _ in SAMPLES} == {"trace", "explain", "certify"}


def test_every_command_is_in_the_table() -> None:
    table = "\n".join(line for line in README.splitlines() if line.startswith("| `"))
    named = re.findall(r"`([a-z]+)[ `]", "\n".join(row.split("|")[1] for row in table.splitlines()))
    assert sorted(named) == sorted(COMMANDS)
