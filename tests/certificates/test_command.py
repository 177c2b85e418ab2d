"""`reberlstm certify`: what it prints, writes and returns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm.cli import run

ALL = "scope all; legal: logit > 0, accept: logit > 0; exact one-hot inputs; no noise; real numbers"


def unwrapped(out: str) -> str:
    """What is printed in lines of 80 columns, as one line."""
    return " ".join(out.split())


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = run(["certify", *arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_a_proof(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = ask(capsys, "reber")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "holds: compiled follows reber, proved for words of every length (scope all;",
        "  legal: logit > 0, accept: logit > 0; exact one-hot inputs; no noise; real",
        "  numbers)",
        "  scope       all: every word of any length, also the empty one and those with",
        "              violations",
        "  readout     legal: logit > 0; accept: logit > 0",
        "  margin      legal 0.3808, accept 0.3808",
        "  invariant   8 boxes for 8 cells: one for each state alone (k = 0)",
        "  gain        20",
        "  arithmetic  real numbers",
    ]


def test_a_refutation(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = ask(capsys, "reber", "--net", "published")
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        "refuted: published does not follow reber (scope legal; legal: tanh > 0.5; exact",
        "  one-hot inputs; no noise; real numbers)",
        "  scope       legal: every prefix of legal words that can go on, of any length",
        "  readout     legal: tanh > 0.5",
        "  shortest    BTSSSSSSXXV (11 symbols)",
        "  offered     P V E",
        "  allowed     P V",
        "  off by      0.04939",
        "  arithmetic  real numbers",
    ]


def test_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = ask(capsys, "parity", "--noise", "0.3", "--max-states", "100")
    assert status == 1
    assert out.startswith("unknown: whether compiled follows parity (scope all; ")
    assert "h and c each off by up to 0.3 after every step" in out


def test_writing_and_checking(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    net, file = str(tmp_path / "net.safetensors"), str(tmp_path / "cert.json")
    rl.save(rl.compile(rl.load_grammar("reber")), net)
    status, out, _ = ask(capsys, "reber", "--net", net, "-o", file)
    assert status == 0
    assert out.endswith(f"  written to  {file}\n")
    status, out, _ = ask(capsys, "reber", "--net", net, "--check", file)
    assert status == 0
    assert unwrapped(out).startswith(f"{file}: confirmed, compiled follows reber ({ALL}) scope all")
    assert out.splitlines()[-1] == "  weights and machine read by the checker itself"
    assert ask(capsys, "reber", "--check", file)[0] == 0
    status, out, _ = ask(capsys, "reber", "--check", file, "--scope", "legal")
    assert status == 0
    decides = "; that decides what was asked: scope 'legal', heads ['legal'], readouts"
    assert decides in unwrapped(out)
    status, out, _ = ask(capsys, "reber", "--check", file, "--noise", "0.01")
    assert status == 1
    assert "  its noise is 0.0, not 0.01 as asked" in out.splitlines()
    status, out, _ = ask(capsys, "reber", "--check", file, "--input-range", "0.9", "1")
    assert status == 1
    assert "its inputs are {'noise': 0.0, 'low': 1.0, 'high': 1.0}, not" in out

    document = json.loads(Path(file).read_text())
    document["proof"]["margins"]["accept"] = 0.39
    Path(file).write_text(json.dumps(document))
    status, out, _ = ask(capsys, "reber", "--net", net, "--check", file)
    assert status == 1
    rejected = f"{file}: rejected, it does not show that compiled follows reber ({ALL})"
    assert unwrapped(out).startswith(rejected)
    assert "not 0.39 as claimed" in out
    status, out, _ = ask(capsys, "reber", "--check", file, "--json")
    assert status == 1
    assert json.loads(out)["valid"] is False


def test_checking_a_refutation_is_no_proof(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(tmp_path / "cert.json")
    ask(capsys, "reber", "--net", "published", "-o", file)
    status, out, _ = ask(capsys, "reber", "--net", "published", "--check", file)
    assert status == 1
    question = "scope legal; legal: tanh > 0.5; exact one-hot inputs; no noise; real numbers"
    confirmed = f"{file}: confirmed, published does not follow reber ({question})"
    assert unwrapped(out).startswith(confirmed)


def test_json_is_the_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "cert.json"
    status, out, _ = ask(capsys, "parity", "--json", "-o", str(file), "--arithmetic", "float16")
    assert status == 0
    assert json.loads(out) == json.loads(file.read_text())
    assert json.loads(out)["arithmetic"] == "float16"


def test_limits(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = ask(capsys, "parity", "--minimal-gain")
    gain = float(next(line.split()[1] for line in out.splitlines() if "gain" in line))
    assert status == 0
    assert 2.5 < gain < 3.5
    for net, least, most in (("gru", 2.2, 2.4), ("rnn", 1.5, 1.7)):
        status, out, _ = ask(capsys, "parity", "--minimal-gain", "--net", f"compiled:{net}")
        gain = float(next(line.split()[1] for line in out.splitlines() if " gain " in line))
        assert status == 0
        assert least < gain < most
    status, out, err = ask(capsys, "parity", "--minimal-gain", "--net", "compiled:latch")
    assert status == 0
    assert err.count("no bit was found") == 1
    status, out, _ = ask(capsys, "parity", "--largest-noise")
    assert status == 0
    assert "h and c each off by up to 0." in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rebber"], "unknown grammar 'rebber'; did you mean 'reber'?"),
        (["reber", "--arithmetic", "float8"], "'float8' is not one of"),
        (["reber", "--noise", "-1"], "noise is -1.0; it must be finite and not negative"),
        (["reber", "--minimal-gain", "--largest-noise"], "are different questions; ask one"),
        (["reber", "--minimal-gain", "--net", "published"], "leave --net out"),
        (["reber", "--largest-noise", "--noise", "1"], "leave --noise out"),
        (["reber", "--check", "x.json", "-o", "y.json"], "--check writes no certificate"),
        (["reber", "--check", "no-such-file.json"], "no-such-file.json: no such file"),
        (["parity", "--net", "published"], "the alphabet of parity is 0 1"),
        (["reber", "--max-states", "0"], "--max-states"),
        (["regex:a", "--scope", "legal"], "nothing is asked: regex:a has no word of scope 'legal'"),
        (["reber", "--input-range", "2", "1"], "inputs from 2.0 to 1.0"),
        (["reber", "-o", "no/such/folder/cert.json"], "cannot be written"),
    ],
)
def test_mistakes_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    status, out, err = ask(capsys, *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
