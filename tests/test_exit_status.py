"""Exit statuses: 1 answers a question with "no"; faults of input, output and program are 2."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

import reberlstm.cli
from reberlstm.cli import COMMANDS, run

posix = pytest.mark.skipif(os.name != "posix", reason="shells and streams of POSIX")

READS = {
    "trace": ["BTX --grammar IN", "BTX --net IN"],
    "compile": ["IN -o x.safetensors"],
    "extract": ["IN --alphabet 01", "compiled --reference IN"],
    "certify": ["IN", "parity --net IN", "parity --check IN"],
    "train": ["IN -o x.safetensors", "parity -o x.safetensors --from IN"],
    "compare": ["IN compiled", "parity IN"],
    "study": ["IN -o x.jsonl --seeds 1", "parity -o IN --seeds 1"],
    "diagram": ["IN"],
    "sample": ["--grammar IN"],
    "check": ["IN", "--grammar IN x.txt", "--net IN x.txt"],
    "convert": ["IN x.toml", "IN - --to dot", "IN x.toml --from jff"],
    "fsm": ["minimise IN", "union parity IN", "equal IN parity", "count IN", "entropy IN"],
    "explain": ["IN", "parity --net IN"],
    "export": ["IN -o x.npz", "parity --net IN -o x.npz"],
    "explore": ["IN -o x.html", "parity --net IN -o x.html"],
    "conformance": ["score IN", "--onnx IN", "--module IN:run"],
    "zoo": ["list IN", "score IN"],
    "lab": ["run IN"],
}
"""Ways of reading a file, by command; `grammars` reads none."""

WRITES = {
    "trace": ["BTX --plot OUT.svg", "BTX --gif OUT.gif"],
    "compile": ["parity -o OUT.safetensors"],
    "extract": ["compiled --seconds 1 -o OUT.toml", "compiled --seconds 1 --plot OUT.svg"],
    "certify": ["parity -o OUT.json"],
    "train": ["parity -o OUT.safetensors"],
    "compare": ["parity compiled -o OUT.md --no-proofs"],
    "study": ["parity -o OUT.jsonl --seeds 1"],
    "diagram": ["parity -o OUT.dot"],
    "convert": ["parity OUT.toml", "parity -o OUT.jff"],
    "fsm": ["minimise parity -o OUT.toml", "union parity parity -o OUT.dot"],
    "explain": ["parity -o OUT.md"],
    "export": ["parity -o OUT.npz", "parity -o OUT.safetensors"],
    "explore": ["parity -o OUT.html"],
    "conformance": ["torch --kinds rnn --steps 10 -o OUT.json", "write OUT"],
    "zoo": ["make -o OUT --count 1"],
    "lab": ["run alternating -o OUT"],
}
"""Ways of writing a file, by command; the others write none."""

SIMPLE = {
    "trace": "BTX",
    "compile": "parity -o x.safetensors",
    "extract": "compiled",
    "certify": "parity",
    "train": "parity -o x.safetensors",
    "compare": "parity compiled",
    "study": "parity -o x.jsonl",
    "diagram": "parity",
    "sample": "",
    "check": "x.txt",
    "grammars": "",
    "convert": "parity - --to dot",
    "fsm": "count parity",
    "explain": "parity",
    "export": "parity -o x.npz",
    "explore": "parity -o x.html",
    "conformance": "torch --kinds rnn --steps 10",
    "zoo": "make -o z --count 1",
    "lab": "list",
}


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.txt").write_text("BTXSE\n", "utf-8")
    for suffix in ("toml", "safetensors", "pt", "npz"):
        Path(f"bad.{suffix}").write_bytes(b"\x93PK\x03\x04 = [\n\xff\x00" * 50)
    Path("folder.toml").mkdir()


def cases(table: dict[str, list[str]]) -> list[str]:
    return [f"{command} {line}" for command, lines in table.items() for line in lines]


def assert_refused(status: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and one line on standard error, which names no fault of the program."""
    errors = capsys.readouterr().err.splitlines()
    assert status == 2, errors
    assert [line for line in errors if line.startswith("error: ")] == errors[-1:], errors
    assert "a fault of reberlstm" not in errors[-1]


def test_every_command_is_in_the_tables() -> None:
    assert set(SIMPLE) == set(COMMANDS)
    assert set(READS) == set(COMMANDS) - {"grammars"}


@pytest.mark.parametrize("line", cases(READS))
def test_input_that_is_bad(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["missing.toml", "folder.toml", "bad.toml", "bad.safetensors", "bad.pt", "bad.npz"]
    # What is no text is no strings; what is no certificate is rejected, which is an answer.
    files = {"check IN": files[:3], "certify parity --check IN": files[:2]}.get(line, files)
    for file in files:
        assert_refused(run(line.replace("IN", file).split()), capsys)


@pytest.mark.parametrize("line", cases(WRITES))
def test_output_that_cannot_be_written(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told before the work: nothing is trained, proved or extracted for it."""
    Path("a-file").write_text("")
    assert_refused(run(line.replace("OUT", "a-file/x").split()), capsys)
    if not line.startswith(("lab", "zoo", "conformance write")):
        assert_refused(run(line.replace("OUT", "missing/x").split()), capsys)


@pytest.mark.parametrize("command", COMMANDS)
def test_interrupts_and_faults(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke = click.Context.invoke

    def end_by(error: BaseException) -> int:
        def invoked(self: click.Context, *arguments: object, **options: object) -> object:
            if self.parent is not None:
                raise error
            return invoke(self, *arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(click.Context, "invoke", invoked)
        return run([command, *SIMPLE[command].split()])

    assert end_by(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "error: interrupted\n"
    assert end_by(ZeroDivisionError("by what")) == 2
    assert capsys.readouterr().err.startswith("error: a fault of reberlstm, not of yours: Zero")
    assert end_by(OSError(28, "No space left on device")) == 2
    assert capsys.readouterr().err == "error: output: No space left on device\n"
    assert end_by(MemoryError()) == 2
    assert capsys.readouterr().err == "error: not enough memory for this\n"


def test_a_reader_with_a_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*arguments: object, **options: object) -> object:
        raise KeyError("x")

    monkeypatch.setattr("reberlstm.grammars.read_file", faulty)
    assert run(["diagram", "bad.toml"]) == 2
    assert "KeyError: 'x'" in capsys.readouterr().err
    monkeypatch.setenv(reberlstm.cli.DEBUG, "1")
    with pytest.raises(KeyError):
        run(["diagram", "bad.toml"])


class Broken(io.RawIOBase):
    """A stream in which every reading or writing fails."""

    def __init__(self, number: int) -> None:
        self.number = number

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        raise OSError(self.number, os.strerror(self.number))

    def write(self, content: object) -> int:
        raise OSError(self.number, os.strerror(self.number))


QUICK = {
    "compare": "--no-proofs --words 5 --rounds 3 --row accuracy",
    "extract": "--seconds 0.1",
    "study": "--seeds 0",
    "train": "--steps 1 --restarts 0 --hidden 1 --task accept",
}
"""What makes a command of `SIMPLE` quick."""


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.EPIPE, "error: standard output is closed, so not all was written"),
        (errno.ENOSPC, "error: output: No space left on device"),
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_output_that_breaks(
    command: str,
    number: int,
    says: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A reader that is gone, a full disk: status 2, whatever the command would have answered."""
    broken = io.TextIOWrapper(io.BufferedWriter(Broken(number)), "utf-8")
    monkeypatch.setattr("sys.stdout", broken)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    line = f"{command} {SIMPLE[command]} {QUICK.get(command, '')}"
    assert run(line.split()) == 2
    assert capsys.readouterr().err.splitlines()[-1:] == [says]
    with contextlib.suppress(OSError):
        broken.close()


@pytest.mark.parametrize("line", ["check", "trace -", "convert - - --from toml --to dot"])
def test_input_that_breaks(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = io.TextIOWrapper(io.BufferedReader(Broken(errno.EIO)))
    monkeypatch.setattr("sys.stdin", broken)
    assert run(line.split()) == 2
    says = "error: standard input: cannot be read: Input/output error\n"
    assert capsys.readouterr().err == says


def test_errors_that_nobody_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = io.TextIOWrapper(Broken(errno.ENOSPC), "utf-8", write_through=True)  # type: ignore[type-var]
    monkeypatch.setattr("sys.stderr", broken)
    assert run(["diagram", "missing.toml"]) == 2
    assert run(["diagram"]) == 2
    assert run(["nothing"]) == 2


def test_an_encoding_without_a_character(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), "latin-1"))
    assert run(["trace", "BTX"]) == 2
    says = r"error: the encoding latin-1 of the output has no '\u2192'; set PYTHONIOENCODING=utf-8"
    assert capsys.readouterr().err.startswith(says)


@posix
@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{0} trace BTX >&-", "error: standard output: closed"),
        ("{0} --help >/dev/full", "error: output: No space left on device"),
        ("{0} sample -n 100000 | head -n 1", "error: standard output is closed"),
        ("{0} check <&-", "error: standard input: cannot be read: closed"),
        (
            r"PYTHONIOENCODING=ascii {0} trace $'\xff'",
            r"error: unknown symbol '\udcff' at position 1",
        ),
        ("{0} diagram missing.toml 2>&-", ""),
        ("{0} diagram missing.toml 2>/dev/full", ""),
    ],
)
def test_streams_of_a_shell(line: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole program, up to the end of the interpreter, which must not complain either."""
    monkeypatch.chdir(Path(__file__).parent.parent)
    command = line.format(f"{sys.executable} -m reberlstm")
    shell = ["bash", "-c", f"set -o pipefail; {command}"]
    done = subprocess.run(shell, capture_output=True, check=False, timeout=60)
    errors = done.stderr.decode().splitlines()
    assert done.returncode == 2, errors
    assert "".join(errors[-1:]).startswith(says)
    assert not any("Exception" in line or "Traceback" in line for line in errors)
