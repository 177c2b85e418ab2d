"""What commands do with a machine that has counters, and how those that take none refuse it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import reberlstm as rl
from tests.machine.test_command import Shell
from tests.machine.test_counters import LANGUAGES


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def test_samples_are_checked(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    for name, holds in LANGUAGES.items():
        status, out, err = shell("sample", "--grammar", name, "-n", "20", "--seed", "3")
        assert (status, err) == (0, "seed: 3\n")
        assert all(map(holds, out.splitlines()))
        path.write_text(out, "utf-8")
        assert shell("check", "--grammar", name, "--complete", str(path))[0] == 0


def test_samples_of_one_length(shell: Shell) -> None:
    status, out, _ = shell("sample", "--grammar", "shuffle-2", "--length", "4", "-n", "2000")
    assert status == 0
    assert len(set(out.split())) == 10  # as many as there are, see `fsm count`


def test_check_says_what_python_says(shell: Shell, tmp_path: Path) -> None:
    rng, path = random.Random(5), tmp_path / "words.txt"
    for name, holds in LANGUAGES.items():
        machine = rl.load_grammar(name)
        words = machine.sample(30, seed=2)
        words += [tuple(rng.choices(machine.alphabet, k=rng.randrange(9))) for _ in range(100)]
        path.write_text("".join(machine.text(word) + "\n" for word in words), "utf-8")
        status, out, _ = shell("check", "--grammar", name, "--complete", "--json", str(path))
        report = json.loads(out)
        assert report["accepted"] == sum(holds(machine.text(word)) for word in words)
        assert (status, report["strings"]) == (int(report["accepted"] < 130), 130)


def test_check_tells_the_first_failure(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("aabb\naabbb\nxa\n")
    status, out, _ = shell("check", "--grammar", "anbn", str(tmp_path / "words.txt"))
    assert status == 1
    assert "words.txt:2: position 5: 'b'; allowed: nothing" in out
    assert "words.txt:3: position 1: unknown symbol 'x'; allowed: a" in out


def test_enumerate_and_count(shell: Shell) -> None:
    assert shell("fsm", "enumerate", "anbn", "--max-length", "5")[1] == "ab\naabb\n"
    assert len(shell("fsm", "enumerate", "equal-ab")[1].split("\n")) == 21
    assert shell("fsm", "count", "dyck-1", "--length", "12")[1] == "132\n"  # Catalan's number
    counts = json.loads(shell("fsm", "count", "anbncn", "--max-length", "6", "--json")[1])
    assert counts == {"counts": [0, 0, 0, 1, 0, 0, 1]}


def test_bound_makes_a_finite_machine(shell: Shell, tmp_path: Path) -> None:
    path = str(tmp_path / "bounded.jff")
    assert shell("fsm", "bound", "anbn", "--counters", "4", "-o", path)[0] == 0
    assert shell("fsm", "equal", path, "anbn-4")[0] == 0
    status, _, err = shell("fsm", "bound", "parity", "--counters", "4")
    assert (status, err) == (2, "error: parity has no counters, so there is nothing to bound\n")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("fsm", "minimise", "anbn"), "fsm minimise"),
        (("fsm", "union", "parity", "anbn"), "fsm union"),
        (("fsm", "equal", "anbn", "anbn"), "fsm equal"),
        (("fsm", "entropy", "anbn"), "fsm entropy"),
        (("convert", "anbn", "-", "--to", "dot"), "the format dot"),
        (("study", "anbn", "-o", "study.jsonl"), "study"),
    ],
)
def test_what_takes_none_says_so_in_one_line(
    shell: Shell, arguments: tuple[str, ...], what: str, monkeypatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = shell(*arguments)
    assert (status, out) == (2, "")
    assert err == (
        f"error: {what} needs a finite-state machine, and anbn has 1 counter; cut it at a bound: "
        "`reberlstm fsm bound anbn --counters 10 -o FILE.toml`, in Python .bounded(10)\n"
    )


def test_diagram_has_guards_and_actions(shell: Shell) -> None:
    status, out, _ = shell("diagram", "anbncn", "--string", "aabbb")
    assert status == 0
    for text in (
        "a  b_due + 1, c_due + 1 (1 2)",
        "b  [b_due &gt; 0]  b_due − 1 (3)",
        "c  [b_due = 0]  c_due − 1",
        "ends if c_due = 0",
        "aabbb: violation at 5, b in state bs (0, 2), where c may follow",
    ):
        assert text in out
    assert 'label="q\nends if open = 0"' in shell("diagram", "dyck-1")[1]


def test_diagram_refuses_what_there_is_not(shell: Shell) -> None:
    status, _, err = shell("diagram", "anbn", "--probabilities")
    assert status == 2
    assert err == "error: anbn has counters and no probabilities; leave the option out\n"


def test_pictures_for_a_notebook() -> None:
    machine = rl.load_grammar("anbn")
    assert "<svg" in rl.to_svg("anbn", word="ab")
    assert "2 states, 3 transitions over 2 symbols, 1 counter (n)" in machine._repr_html_()


def test_trace_tells_the_counters(shell: Shell) -> None:
    status, out, _ = shell("trace", "anbncn", "aabbc", "aabc", "--json")
    first, second = map(json.loads, out.splitlines())
    assert status == 1
    machine = rl.load_grammar("anbncn")
    for step, (state, values) in zip(
        first["steps"], list(machine.configurations("aabbc"))[1:], strict=True
    ):
        assert (step["state"], step["counters"]) == (
            state,
            dict(zip(machine.counters, values, strict=True)),
        )
    assert (second["violation_at"], second["steps"][-1]["counters"]) == (4, None)
    status, out, _ = shell("trace", "anbncn", "aabb")
    assert status == 0
    assert "node bs → bs, b_due = 0, c_due = 2" in out
    run = rl.trace(rl.compile("anbn"), "aab")
    assert ">counter n<" in run._repr_html_()
    assert "counters" not in rl.trace(rl.compile("parity"), "01").to_dict()["steps"][0]


@pytest.mark.filterwarnings("ignore:.*counters fade")
def test_a_net_is_checked_against_a_machine_that_counts(shell: Shell, tmp_path: Path) -> None:
    path, words = str(tmp_path / "low.safetensors"), tmp_path / "words.txt"
    rl.save(rl.compile("anbn", gain=6.0), path)
    words.write_text("ab\naabb\n" + "a" * 18 + "b" * 18 + "\n")
    assert shell("check", "anbn", str(words), "--net", "compiled", "--complete")[0] == 0
    status, out, _ = shell("check", str(words), "--net", path)  # by the machine in the file
    assert status == 1
    assert "net and grammar differ on 1 string:" in out
    assert "may come by the grammar, not by the net" in out
