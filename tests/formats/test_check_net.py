"""`check --net`: a net checks in place of the machine, as `trace` would string by string."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.net.net import LSTMWeights
from reberlstm.simulator import checking
from reberlstm.simulator.checking import Checker, check_stream

REBER = rl.load_grammar("reber")


def words(count: int = 300) -> list[str]:
    """Words of Reber, each cut somewhere, and with a symbol changed or not."""
    rng = random.Random(3)
    found = ["", "BTSSSSSSXXV", "BTSSSSSSXXVE", "B" + "TE" * 10]
    for word in REBER.sample(count, seed=3):
        symbols = list(word[: rng.randrange(len(word) + 1)])
        if symbols and rng.random() < 0.5:
            symbols[rng.randrange(len(symbols))] = rng.choice(REBER.alphabet)
        found.append("".join(symbols))
    return found


def compiled_with_noise() -> LSTMWeights:
    """A net that never comes to the same state twice, as a trained one does."""
    weights = rl.compile(REBER)
    rng = random.Random(5)
    noise = [[rng.uniform(-3, 3) for _ in row] for row in weights.weight_hh]
    return weights.replace(weight_hh=weights.weight_hh + noise, name="noisy")


@pytest.mark.parametrize("most", [checking.MOST_ROWS, 3])
@pytest.mark.parametrize("net", ["compiled", "published", "noisy", "of legal words", "resync"])
def test_a_net_judges_like_trace(net: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MOST_ROWS", most)
    weights = {
        "compiled": lambda: rl.compile(REBER),
        "published": rl.published,
        "noisy": compiled_with_noise,
        "of legal words": lambda: rl.compile(REBER).replace(claims="legal"),
        "resync": lambda: rl.compile(REBER, on_violation="resync").replace(claims="legal"),
    }[net]()
    start = checking.start_row(weights, REBER)
    for word in words():
        checker = Checker(REBER, start=start)
        check_stream(checker, io.BytesIO(word.encode() + b"\n"), "file")
        trace = rl.trace(weights, word, grammar=REBER)
        assert (checker.report.violations == 1) == (trace.violation_at is not None), word
        if trace.violation_at is not None:
            (failure,) = checker.report.failures
            before = [trace.offered_first, *(step.legal for step in trace.steps)]
            assert failure.position == trace.violation_at
            assert failure.allowed == before[trace.violation_at - 1]
        elif trace.steps and trace.steps[-1].state is None and not trace.steps[-1].judged:
            assert checker.report.not_judged == 1, word
            assert checker.report.accepted == checker.report.incomplete == 0
        else:
            assert checker.report.not_judged == 0
            assert (checker.report.accepted == 1) == trace.accepted, word


def test_a_net_that_is_wrong_lets_wrong_strings_through(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "words.txt"
    path.write_text("BTXSE\nBTSSSSSSXXVE\n", "utf-8")
    assert run(["check", str(path)]) == 1
    assert run(["check", str(path), "--net", "compiled"]) == 1
    assert run(["check", str(path), "--net", "published"]) == 0
    out = capsys.readouterr().out
    assert "reber, net published (legal: tanh > 0.5): 2 strings, 17 symbols" in out
    assert "1 accepted, 0 incomplete, 1 not judged, 0 with a violation" in out
    assert run(["check", str(path), "--net", "published", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["net"], found["readout"]) == ("published", "legal: tanh > 0.5")
    assert (found["accepted"], found["not_judged"]) == (1, 1)


def test_a_net_from_a_file_brings_its_grammar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net, text = tmp_path / "parity.safetensors", tmp_path / "words.txt"
    rl.save(rl.compile(rl.load_grammar("parity")), net)
    text.write_text("0110\n111\n", "utf-8")
    assert run(["check", str(text), "--net", str(net), "--complete"]) == 1
    assert "1 accepted, 1 incomplete, 0 with a violation" in capsys.readouterr().out
    assert run(["check", str(text), "--net", str(net), "--grammar", "reber"]) == 2
    assert "alphabet" in capsys.readouterr().err


@pytest.mark.parametrize("net", ["compiled", "published", "reber-4"])
def test_where_net_and_grammar_differ_the_shortest_strings_are_shown(net: str) -> None:
    weights = rl.load(net) if net == "reber-4" else {"compiled": rl.compile(REBER)}.get(net)
    weights = weights or rl.published()
    start, different = checking.start_row(weights, REBER), []
    for word in words():
        trace = rl.trace(weights, word, grammar=REBER)
        offers = [trace.offered_first, *(step.legal for step in trace.steps)]
        judged = [weights.claims == "all", *(step.judged for step in trace.steps)]
        state: str | None = REBER.start
        for number, symbol in enumerate(word):
            right = symbol in REBER.transitions[state]
            said = symbol in offers[number] if judged[number] else True
            if said != right and (right or judged[number]):
                different.append(word[: number + 1])
            if not (said and right):
                break
            state = REBER.transitions[state][symbol]
        else:
            said = trace.steps[-1].accept if word and weights.claims == "all" else None
            if said is not None and said != REBER.accepts(word):
                different.append(word)
    checker = Checker(REBER, start=start, compared=True)
    check_stream(checker, io.BytesIO("\n".join(words()).encode() + b"\n"), "file")
    assert checker.report.differing == len(different)
    shown = ["".join(difference.string) for difference in checker.report.differences]
    assert shown == sorted(set(different), key=len)[: checking.FEW] or len(shown) == checking.FEW
    assert bool(shown) == (net == "published")


def test_a_net_without_a_grammar_is_checked_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net, file = tmp_path / "net.safetensors", tmp_path / "words.txt"
    rl.save(rl.compile("parity").replace(grammar=None, claims="legal"), net)
    file.write_text("0110\n02\n")
    assert run(["check", str(file), "--net", str(net)]) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"net {net} (")
    assert "reber" not in out.replace(str(net), "")
    assert "2 strings" in out
    assert run(["check", str(file), "--net", str(net), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["grammar"] is None
    assert run(["check", "--grammar", "reber", "--net", "published", str(_wrong(tmp_path))]) == 0
    assert (
        "net and grammar differ on 1 string:\n  BTSSSSSSXXVE: the symbol at position 12 may come by "
        "the net, not by the grammar\n"
    ) in capsys.readouterr().out


def _wrong(folder: Path) -> Path:
    path = folder / "wrong.txt"
    path.write_text("BTXSE\nBTSSSSSSXXVE\n")
    return path
