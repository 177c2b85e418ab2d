"""Exit statuses: 1 answers a question with "no"; faults of input, output and program are 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

import reberlstm.cli
from reberlstm.cli import COMMANDS, run

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
    if "lab" not in line:
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


@pytest.mark.parametrize("command", ["trace", "sample", "diagram", "convert", "grammars"])
def test_a_closed_pipe_and_a_full_disk(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent)
    line = [sys.executable, "-m", "reberlstm", command, *SIMPLE[command].split()]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read().decode()
    assert process.returncode == 141
    assert "Error" not in errors
    full = Path("/dev/full")
    if full.exists():
        with full.open("wb") as out:
            done = subprocess.run(line, stdout=out, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 2
        assert done.stderr.decode().splitlines()[-1] == "error: output: No space left on device"
