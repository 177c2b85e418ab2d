"""Names from files never reach a terminal unescaped: it would act on them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty", reason="needs a pseudo-terminal")

CLEAR, COLOUR = "\x1b[2J", "\x1b[35;7m"
TITLE, C1, BIDI, NOTHING = "\x1b]0;owned\x07", "\x9b35m", "\u202e", "\ufe0f"
ALL = (CLEAR, COLOUR, TITLE, C1, BIDI, NOTHING)
ENDING = "".join(ALL[1:])
GRAMMAR = f"""
name = "n{ENDING}"
title = "t{ENDING}"
alphabet = ["a", "{CLEAR}"]
start = "s{ENDING}"
accepting = ["s{ENDING}"]
[transitions]
"s{ENDING}" = {{ a = "q" }}
"q" = {{ "{CLEAR}" = "s{ENDING}" }}
""".translate({ord(c): f"\\u{ord(c):04x}" for c in "\x1b\x07\x9b"})

COMMANDS = [
    "trace a --grammar FILE",
    "compile FILE -o FILE.safetensors",
    "convert FILE FILE.dot",
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
    "compare FILE compiled --words 5 --rounds 3 --no-proofs --format html",
    "extract compiled --reference FILE",
    "check --grammar FILE FILE",
]


PROGRAM = f"""
import sys
from reberlstm.cli import run
for line in sys.argv[1:]:
    run(line.split())
    print({(END := "-- the next command --")!r}, flush=True)
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each command writes to a terminal, on both streams."""
    file = tmp_path_factory.mktemp("evil") / "evil.toml"
    file.write_text(GRAMMAR, "utf-8")
    terminal, inside = pty.openpty()
    command = [sys.executable, "-c", PROGRAM, *(x.replace("FILE", str(file)) for x in COMMANDS)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=inside, stderr=inside):
        os.close(inside)
        shown = b""
        with contextlib.suppress(OSError):  # Linux says so when the other end is closed
            while data := os.read(terminal, 65_536):
                shown += data
    os.close(terminal)
    *texts, rest = shown.decode().split(END)
    assert not rest.strip()
    return dict(zip(COMMANDS, texts, strict=True))


@pytest.mark.parametrize("command", COMMANDS)
def test_no_name_acts_on_the_terminal(command: str, shown: dict[str, str]) -> None:
    assert shown[command].strip()
    assert "Traceback" not in shown[command]
    assert [x for x in ALL if x in shown[command]] == []
