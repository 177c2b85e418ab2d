"""Scores: the truth gets all of them, nonsense gets those of chance."""

from __future__ import annotations

import json
import re
import shutil
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.errors import ZooError
from reberlstm.zoo import Entry, plans
from reberlstm.zoo.entries import write_index
from reberlstm.zoo.scores import (
    Asked,
    causes,
    samples,
    score_attribution,
    score_extraction,
    score_probes,
    words_with_causes,
)


def ours(net: Asked, seconds: float) -> rl.Extraction:
    return rl.extract(net, seconds=seconds)


def true_directions(net: object, found: object) -> dict[str, object]:
    """A probe that fails in its own way."""
    return {"x": np.ones(3)}


def nothing(*given: object) -> None:
    """A method that forgets to return what it found."""


def broken(*given: object) -> None:
    raise ValueError("on two\nlines")


def test_extraction(zoo: list[Entry]) -> None:
    entry = zoo[3]
    score = score_extraction(entry, ours, seconds=20)
    assert (score.equal, score.agreement, score.error) == (True, 1.0, "")
    assert score.steps > 100
    wrong = score_extraction(entry, lambda net, seconds: rl.load_grammar("tomita-1"))
    assert "alphabet" in wrong.error
    assert not wrong.equal
    dead = entry.machine.minimise()
    empty = rl.FSM(alphabet=dead.alphabet, start="s", transitions={"s": {}}, accepting=["s"])
    score = score_extraction(entry, lambda net, seconds: empty)
    assert not score.equal
    assert score.agreement < 0.5
    assert score.steps == 0
    assert score.states == 1


def test_probes(zoo: list[Entry]) -> None:
    for entry in zoo[:3]:
        truth = {each.name: each.direction for each in entry.map.of("node", "bit")}
        assert score_probes(entry, truth, seed=5).right == 1.0
        # The sign and the length do not matter, nor whether c has a row of its own.
        turned = {name: -3.0 * direction[0] for name, direction in truth.items()}
        assert score_probes(entry, turned, seed=6).right == 1.0
        rng = np.random.default_rng(0)
        nonsense = {name: rng.normal(size=entry.net.size) for name in truth}
        assert score_probes(entry, nonsense).right < 0.3
    with pytest.raises(ZooError, match="no directions to score"):
        score_probes(entry, {})


def test_samples_are_of_the_net_and_the_machine(zoo: list[Entry]) -> None:
    entry = zoo[1]
    found = samples(entry)
    assert found.hidden.shape[1] == entry.net.size
    for name, values in found.values.items():
        assert values.shape == (len(found.hidden),)
        assert set(np.unique(values)) == {0, 1}, name


def brute_force(machine: rl.FSM, word: str) -> tuple[int, ...]:
    """The causes, from the set of all words of that length and what is said after them."""

    def says(word: tuple[str, ...]) -> object:
        state = machine.run(word)
        return None if state is None else (machine.legal(state), machine.accepts(word))

    found = {}
    for other in product(machine.alphabet, repeat=len(word)):
        changed = [k for k, (a, b) in enumerate(zip(word, other, strict=True)) if a != b]
        if len(changed) == 1 and says(other) is not None:
            found[changed[0]] = found.get(changed[0], False) or says(other) != says(tuple(word))
    return tuple(sorted(k for k, differs in found.items() if differs))


def test_causes() -> None:
    reber = rl.load_grammar("reber")
    for word in ("BTSX", "BPTT", "BTXX"):
        assert causes(reber, word) == brute_force(reber, word)
    # What was written decides, that it was not written again, and that it is read now.
    assert causes(rl.load_grammar("flip-flop-2"), "w0i1r") == (1, 2, 4)
    with pytest.raises(ZooError, match="'BE' is no legal word of reber"):
        causes(reber, "BE")


def test_attribution(zoo: list[Entry]) -> None:
    entry = zoo[0]
    words = words_with_causes(entry)
    assert words == words_with_causes(entry)
    assert len(words) > 5
    truth = {
        word: np.isin(np.arange(len(word)), causes(entry.machine, word)) * -2.0 for word in words
    }
    score = score_attribution(entry, truth)
    assert (score.words, score.hit, score.area) == (len(words), 1.0, 1.0)
    flat = score_attribution(entry, {word: [1.0] * len(word) for word in words})
    assert flat.hit == pytest.approx(flat.chance)
    assert flat.area == 0.5
    with pytest.raises(ZooError, match="give a finite number for each of its 3 positions"):
        score_attribution(entry, {"BTX": [1.0, float("nan"), 0.0]})
    with pytest.raises(ZooError, match="no word has causes and other positions"):
        score_attribution(entry, {"B": [1.0]})


def test_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["zoo", "list", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["net", "cells", "states", "nodes", "bits", "margin"]
    name = lines[1].split()[0]
    only = ["zoo", "score", str(folder), "--entry", name]
    assert run([*only, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["entries"]
    assert found == {"name": name, "proof": True, "map": 1.0, "verified": True}
    here, itself = "tests.zoo.test_scores", Path(__file__)
    assert run([*only, "--extract", f"{itself}:ours"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["net", "equal", "agreement", "steps"]
    assert line.split()[:2] == [name, "yes"]
    for given, why in (
        ("nothing", "nothing returned NoneType, not an FSM"),
        ("broken", "ValueError: on two\\nlines"),
    ):
        assert run([*only, "--extract", f"{here}:{given}"]) == 0
        head, line = capsys.readouterr().out.splitlines()
        assert head.split()[-1] == "error"
        assert line.endswith(f"  no       0.00      0  {why}")
    for more, message in (
        (["--probe", f"{here}:true_directions"], "has no variable 'x'"),
        (["--probe", f"{here}:nothing"], "directions are a mapping of names, not NoneType"),
        (["--probe", f"{here}:broken"], "--probe: the function raises ValueError: on two"),
        (["--attribute", f"{here}:nothing"], "are None; give a finite number for each"),
        (["--probe", "nope"], "--probe nope: say file.py:function, or module:function"),
        (["--probe", "nope:f"], "--probe nope: ModuleNotFoundError: No module named 'nope'"),
        (["--extract", f"{here}:nope"], "it has no function nope"),
        (["--entry", "x"], "no net 'x'"),
    ):
        assert run([*only, *more]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert run(["zoo", "make", "-o", str(folder), "--seed", "3"]) == 2
    assert "a zoo of seed 0" in capsys.readouterr().err


def test_names_are_whole_on_a_narrow_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [plan.name for plan in plans()]
    kinds = {"node": 14, "bit": 1, "distractor": 64}
    line = {"dials": {}, "cells": 100, "states": 64, "margin": 0.35, "variables": kinds}
    write_index(tmp_path, 0, [line | {"name": name} for name in names])
    monkeypatch.setenv("COLUMNS", "60")
    assert run(["zoo", "list", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == names
    assert max(map(len, lines)) <= 80


def test_the_examples_of_the_page(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = Path("docs/zoo.md").read_text("utf-8")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (code,) = [text for language, text in blocks if language == "python"]
    (session,) = [text for language, text in blocks if language == "console"]
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(code, "utf-8")
    shutil.copytree(folder, "zoo")
    shown = re.findall(r"^\$ reberlstm (.*)\n((?:[^$].*\n)*)", session, re.MULTILINE)
    assert [command.split()[1] for command, _ in shown] == ["make", "score"]
    for command, output in shown:
        assert run(command.split()) == 0
        assert capsys.readouterr().out == output
    # The form with a module finds it in the current folder; --extract as the page has it, too.
    only = ["zoo", "score", "zoo", "--entry", "lstm-reber-plain"]
    assert run([*only, "--extract", "mine:machine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["entries"][0]["extract"]["equal"] is True
    del sys.modules["mine"]
