"""Names from files never reach a terminal unescaped: it would act on them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="needs a pseudo-terminal")

CLEAR, RED = "\x1b[2J", "\x1b[31m"
GRAMMAR = f"""
name = "n{RED}"
title = "t{RED}"
alphabet = ["a", "{CLEAR}"]
start = "s{RED}"
accepting = ["s{RED}"]
[transitions]
"s{RED}" = {{ a = "q" }}
"q" = {{ "{CLEAR}" = "s{RED}" }}
""".replace("\x1b", r"\u001b")

COMMANDS = [
    "trace a --grammar FILE",
    "explain FILE",
    "certify FILE",
    "certify FILE --net reber-4",
    "explain FILE --json",
    "diagram FILE",
    "convert FILE - --to dot",
    "fsm minimise FILE",
    "fsm equal FILE FILE --by legal",
    "fsm enumerate FILE --max-length 2",
    "sample --grammar FILE -n 2",
    "compare FILE compiled --words 5 --rounds 3 --no-proofs",
    "extract compiled --reference FILE",
    "check --grammar FILE FILE",
]


def on_a_terminal(arguments: list[str]) -> str:
    """What a command writes to a terminal, on both streams."""
    terminal, inside = pty.openpty()
    command = [sys.executable, "-m", "reberlstm", *arguments]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=inside, stderr=inside):
        os.close(inside)
        shown = b""
        with contextlib.suppress(OSError):  # Linux says so when the other end is closed
            while data := os.read(terminal, 65_536):
                shown += data
    os.close(terminal)
    return shown.decode()


@pytest.mark.parametrize("command", COMMANDS)
def test_no_name_acts_on_the_terminal(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    file = tmp_path / "evil.toml"
    file.write_text(GRAMMAR, "utf-8")
    shown = on_a_terminal(command.replace("FILE", str(file)).split())
    assert shown.strip()
    assert "Traceback" not in shown
    assert CLEAR not in shown
    assert RED not in shown
