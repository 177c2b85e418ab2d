"""Every command of the tutorial runs, in its order, and prints what the page shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from reberlstm.cli import run
from tests.test_readme import pattern_of

PAGE = (Path(__file__).parent.parent / "docs" / "tutorial.md").read_text("utf-8")
COMMANDS = re.findall(r"^    \$ reberlstm (.*)\n((?:    (?!\$ ).*\n)*)", PAGE, re.M)


def test_the_commands_run_and_print_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    toml = re.search(r"```toml\n(.*?)```", PAGE, re.S)
    assert toml is not None
    Path("door.toml").write_text(toml[1])
    assert len(COMMANDS) > 10
    for typed, shown in COMMANDS:
        command = re.sub(r"\$\(printf 'T%\.0s' \$\(seq (\d+)\)\)", lambda m: "T" * int(m[1]), typed)
        assert "$" not in command, f"{typed}: only T are repeated"
        assert run(shlex.split(command)) in (0, 1), command
        printed = capsys.readouterr().out.rstrip()
        if shown:
            assert re.fullmatch(pattern_of(shown), printed), f"{command}\n{printed}"
