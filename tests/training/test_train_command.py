"""``reberlstm train``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.formats import SUFFIXES


def test_it_writes_a_net_that_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "net.safetensors"
    status = run(
        ["train", "reber", "--hidden", "8", "--seed", "1", "--noise", "1.0", "-o", str(out)]
    )
    captured = capsys.readouterr()
    assert (status, captured.err) == (0, "")
    assert captured.out == (
        f"{out}: lstm of 8 cells, seed 1, 8,000 words: proved for words of every length, "
        f"margin {rl.certify(rl.load(out)).margin:.3g}\n"
    )
    assert list(tmp_path.iterdir()) == [out]
    assert run(["certify", "reber", "--net", str(out)]) == 0


def test_a_machine_is_learned_and_proved_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "machine.toml"
    options = ["--cell", "fsm", "--hidden", "12", "-o", str(out)]
    assert run(["train", "reber", *options]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"{out}: machine of 8 states, seed 0, ")
    assert captured.out.endswith(" words: equal to reber: proved\n")
    assert run(["fsm", "equal", "reber", str(out)]) == 0
    assert rl.load_grammar(str(out)).difference(rl.load_grammar("reber"), by="legal") is None


def test_never_succeeding_is_a_no(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "net.safetensors"
    options = ["--hidden", "1", "--steps", "50", "--restarts", "0", "-o", str(out)]
    assert run(["train", "reber", *options]) == 1
    said = capsys.readouterr().out
    assert "lstm of 1 cells, seed 0, 1,600 words: the best has " in said
    assert said.endswith(
        "% of the validation answers right; try more --steps, --hidden or --restarts\n"
    )
    assert rl.load(out).size == 1, "the best one is written all the same"


def test_an_acceptor_of_another_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "net.safetensors"
    options = ["--task", "accept", "--cell", "gru", "--hidden", "4", "-o", str(out)]
    assert run(["train", "parity", *options]) == 0
    assert "gru of 4 cells, seed 0, " in capsys.readouterr().out
    assert run(["extract", str(out), "--max-states", "4"]) in (0, 1)
    assert "extracted from trained" in capsys.readouterr().out


def test_fine_tuning_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soft, out = tmp_path / "soft.safetensors", tmp_path / "net.safetensors"
    rl.save(rl.compile(rl.load_grammar("reber"), gain=5.0), soft)
    assert run(["train", "reber", "--from", str(soft), "-o", str(out)]) == 0
    by_file = capsys.readouterr().out
    assert "lstm of 8 cells, seed 0, " in by_file
    assert by_file.endswith("words: right on all validation words\n")
    assert run(["train", "reber", "--from", "compiled", "-o", str(out)]) == 0
    assert capsys.readouterr().out == by_file, "that is what it begins from"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["reber", "-o", "net.onnx"],
            "net.onnx: train writes .safetensors files; use that suffix, and `reberlstm export` "
            "for others",
        ),
        (
            ["reber", "--cell", "fsm", "-o", "machine.safetensors"],
            "machine.safetensors: the suffix '.safetensors' names no format of machines; they are "
            f"{' '.join(SUFFIXES)}, each also with .gz",
        ),
        (
            ["reber", "--from", "published", "-o", "net.safetensors"],
            "net 'published' (Toy LSTM) is not one layer of LSTM, GRU or RNN cells over one-hot "
            "symbols; begin from such a net",
        ),
    ],
    ids=["suffix", "machine", "published"],
)
def test_mistakes(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", *arguments]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"error: {message}\n")


def test_without_pytorch_it_says_what_to_install(tmp_path: Path) -> None:
    """In a process of its own, in which importing torch fails."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from reberlstm.cli import run; sys.exit(run(sys.argv[1:]))"
    )
    arguments = ["train", "reber", "-o", str(tmp_path / "net.safetensors")]
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "error: training needs torch, which is not installed; in your clone of reberlstm, run: "
        'python -m pip install -e ".[torch]"\n'
    )


def test_ctrl_c_keeps_the_best_and_resume_ends_with_the_same_net(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, whole = tmp_path / "net.safetensors", tmp_path / "whole.safetensors"
    # One cell never gets there, so that there is time to interrupt it.
    options = ["--hidden", "1", "--steps", "100", "--restarts", "0"]
    code = (
        "import sys, reberlstm.training as t\n"
        "t.train.__kwdefaults__['checkpoint_seconds'] = 0.0\n"
        "from reberlstm.cli import run; sys.exit(run(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "train", "reber", *options, "-o", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    checkpoint = Path(f"{out}.checkpoint")
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert complaint.strip() == "error: interrupted"
    assert "words: interrupted; the best has " in said
    assert rl.load(out).size == 1
    assert checkpoint.exists()

    assert run(["train", "reber", *options, "--resume", "-o", str(out)]) == 1
    assert run(["train", "reber", *options, "-o", str(whole)]) == 1
    capsys.readouterr()
    assert out.read_bytes() == whole.read_bytes()
    assert not checkpoint.exists()


def test_resuming_what_was_never_begun(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "net.safetensors"
    options = ["--from", "compiled", "--resume", "-o", str(out)]
    assert run(["train", "reber", *options]) == 0
    assert capsys.readouterr().err == f"{out}.checkpoint: no such file; beginning anew\n"
