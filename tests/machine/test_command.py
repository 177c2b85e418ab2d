"""``reberlstm fsm``, ``grammars`` and ``sample`` on the command line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.formats import toml


class Shell:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        status = run(list(arguments))
        said = self.capsys.readouterr()
        return status, said.out, said.err


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


# Machines out of machines


@pytest.mark.parametrize(
    "arguments",
    [
        ("minimise", "tomita-3"),
        ("complement", "tomita-3"),
        ("reverse", "tomita-3"),
        ("trim", "tomita-3"),
        ("union", "tomita-3", "mod-3"),
        ("intersection", "tomita-3", "mod-3"),
        ("difference", "tomita-3", "mod-3"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_operations_print_machines(shell: Shell, arguments: tuple[str, ...]) -> None:
    status, out, err = shell("fsm", *arguments)
    assert (status, err) == (0, "")
    result = toml.read(out, "output")
    first, second = rl.load_grammar("tomita-3"), rl.load_grammar("mod-3")
    for word in ["", "1", "10", "100", "0111", "1110", "0010111"]:
        a, b = first.accepts(word), second.accepts(word)
        expected = {
            "complement": not a,
            "reverse": first.accepts(word[::-1]),
            "union": a or b,
            "intersection": a and b,
            "difference": a and not b,
        }.get(arguments[0], a)
        assert result.accepts(word) == expected


def test_results_go_to_files(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    assert shell("fsm", "complement", "parity", "-o", str(path)) == (0, "", "")
    assert shell("fsm", "equal", str(path), "parity")[0] == 1
    assert shell("fsm", "complement", str(path), "-o", str(path)) == (0, "", "")
    assert shell("fsm", "equal", str(path), "parity")[0] == 0


def test_results_can_be_minimised(shell: Shell) -> None:
    plain = toml.read(shell("fsm", "union", "mod-2", "mod-4")[1], "plain")
    small = toml.read(shell("fsm", "union", "mod-2", "mod-4", "--minimise")[1], "small")
    assert (len(plain.states), len(small.states)) == (4, 2)


def test_outputs_are_carried_through_minimise(shell: Shell) -> None:
    data = tomllib.loads(shell("fsm", "minimise", "cycle-navigation")[1])
    assert data["outputs"] == {str(place): str(place) for place in range(5)}


def test_other_spellings(shell: Shell) -> None:
    assert shell("fsm", "intersect", "parity", "mod-3") == shell(
        "fsm", "intersection", "parity", "mod-3"
    )
    assert shell("fsm", "minimize", "parity") == shell("fsm", "minimise", "parity")


# Questions


def test_equal(shell: Shell) -> None:
    status, out, _ = shell("fsm", "equal", "mod-2", "parity")
    assert (status, out) == (0, "equal: the accepted strings are the same for mod-2 and parity\n")


def test_different(shell: Shell) -> None:
    assert shell("fsm", "equal", "tomita-3", "tomita-3-adjacent") == (
        1,
        "different: 100110\n  tomita-3: not accepted\n  tomita-3-adjacent: accepted\n",
        "",
    )


def test_different_by_legal_symbols(shell: Shell) -> None:
    assert shell("fsm", "equal", "reber", "continual-reber", "--by", "legal") == (
        1,
        "different: BTXSE\n  reber: legal: nothing\n  continual-reber: legal: B\n",
        "",
    )
    assert shell("fsm", "equal", "reber", "continual-reber", "--by", "legal", "--json")[1] == (
        '{"equal": false, "by": "legal", "word": ["B", "T", "X", "S", "E"], '
        '"first": [], "second": ["B"]}\n'
    )


def test_different_by_outputs(shell: Shell) -> None:
    status, out, _ = shell(
        "fsm", "equal", "cycle-navigation-5", "cycle-navigation-4", "--by", "label"
    )
    assert status == 1
    assert out.startswith("different: L\n  cycle-navigation-5: output 4\n")
    status, _, err = shell("fsm", "equal", "parity", "mod-3", "--by", "label")
    assert (status, err) == (2, "error: parity has no outputs to compare; leave --by label out\n")


def test_different_on_the_empty_string(shell: Shell) -> None:
    assert "different: the empty string\n" in shell("fsm", "equal", "parity", "alternating")[1]


def test_different_on_a_symbol_that_one_does_not_know(shell: Shell) -> None:
    status, out, _ = shell("fsm", "equal", "tomita-1", "contains-abba", "--json")
    assert status == 1
    assert json.loads(out)["word"] == []
    status, out, _ = shell("fsm", "equal", "mod-3", "contains-2", "--json")
    assert status == 1


def test_equal_in_json(shell: Shell) -> None:
    out = shell("fsm", "equal", "mod-2", "parity", "--json")[1]
    assert json.loads(out) == {"equal": True, "by": "accept", "word": None}


def test_enumerate(shell: Shell) -> None:
    assert shell("fsm", "enumerate", "reber", "--limit", "3")[1] == "BTXSE\nBPVVE\nBTSXSE\n"
    assert shell("fsm", "enumerate", "anbn-4")[1] == "ab\naabb\naaabbb\naaaabbbb\n"
    assert len(shell("fsm", "enumerate", "parity")[1].splitlines()) == 20
    assert len(shell("fsm", "enumerate", "parity", "--max-length", "5")[1].splitlines()) == 32
    assert shell("fsm", "enumerate", "dyck-5-1", "--max-length", "2", "--json")[1].splitlines()[
        :2
    ] == ["[]", '["(1", ")1"]']


def test_count(shell: Shell) -> None:
    assert shell("fsm", "count", "reber", "--length", "12")[1] == "36\n"
    assert shell("fsm", "count", "reber", "--max-length", "6")[1].splitlines()[-2:] == [
        "     5  2",
        "     6  3",
    ]
    assert json.loads(shell("fsm", "count", "anbn-4", "--json")[1]) == {
        "counts": [0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0]
    }


def test_counts_with_thousands_of_digits(shell: Shell) -> None:
    status, out, _ = shell("fsm", "count", "parity", "--length", "20000")
    assert status == 0
    assert len(out) == 6022
    assert out.startswith("199013842016898329617715360309560122685238639024621296935671343282")
    status, out, _ = shell("fsm", "count", "parity", "--length", "20000", "--json")
    assert out.startswith('{"length": 20000, "count": 1990138420168983')
    with pytest.raises(ValueError, match="Exceeds the limit"):
        json.loads(out)


def test_count_wants_one_of_its_options(shell: Shell) -> None:
    status, _, err = shell("fsm", "count", "reber", "--length", "3", "--max-length", "4")
    assert (status, err.count("\n")) == (2, 1)
    assert "give --length or --max-length, not both" in err


def test_entropy(shell: Shell) -> None:
    status, out, _ = shell("fsm", "entropy", "reber")
    assert (status, out.splitlines()[0]) == (0, "entropy          6.000000 bits per string")
    data = json.loads(shell("fsm", "entropy", "reber", "--json")[1])
    assert data["entropy_rate"] == pytest.approx(0.75)
    assert data["perplexity"] == pytest.approx(2**0.75)


@pytest.mark.parametrize(
    "arguments",
    [
        ("fsm", "minimise", "no-such"),
        ("fsm", "union", "parity"),
        ("fsm", "equal", "parity", "dyck-2"),
        ("fsm", "count", "parity", "--length", "-1"),
        ("fsm", "complement", "parity", "-o", "x.unknown"),
        ("fsm", "nonsense"),
        ("sample", "--grammar", "anbn-4", "--length", "3"),
        ("sample", "-n", "-1"),
    ],
    ids=" ".join,
)
def test_mistakes_are_one_line(shell: Shell, arguments: tuple[str, ...]) -> None:
    status, out, err = shell(*arguments)
    lines = [line for line in err.splitlines() if not line.startswith("seed: ")]
    assert (status, out, len(lines)) == (2, "", 1)
    assert lines[0].startswith("error: ")


# Grammars


def test_grammars(shell: Shell) -> None:
    status, out, _ = shell("grammars")
    assert status == 0
    for name in (*rl.grammar_names(), *rl.counter_machine_names()):
        assert f"\n{name} " in out
    assert "dyck-K-M" in out


def test_grammars_fit_the_terminal(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in ("60", "80"):
        monkeypatch.setenv("COLUMNS", columns)
        assert max(map(len, shell("grammars")[1].splitlines())) <= int(columns)


def test_grammars_in_json(shell: Shell) -> None:
    data = json.loads(shell("grammars", "--json")[1])
    names = [entry["name"] for entry in data["grammars"]]
    assert names == rl.grammar_names() + rl.counter_machine_names()
    assert [e["name"] for e in data["grammars"] if e["counters"]] == rl.counter_machine_names()
    reber = next(entry for entry in data["grammars"] if entry["name"] == "reber")
    assert (reber["states"], reber["symbols"], reber["complete"]) == (8, 7, False)
    assert reber["alphabet"] == list("BTSXPVE")
    assert all(rl.load_grammar(family["example"]) for family in data["families"])


# Samples


def test_sample(shell: Shell) -> None:
    status, out, err = shell("sample", "-n", "50", "--seed", "7")
    assert (status, err) == (0, "seed: 7\n")
    words = out.splitlines()
    assert len(words) == 50
    assert all(rl.load_grammar("reber").accepts(word) for word in words)
    assert shell("sample", "-n", "50", "--seed", "7")[1] == out
    assert shell("sample", "-n", "50", "--seed", "8")[1] != out


def test_sample_of_a_length(shell: Shell) -> None:
    out = shell("sample", "--grammar", "dyck-2-3", "--length", "12", "-n", "5")[1]
    words = out.splitlines()
    assert [len(word) for word in words] == [12] * 5
    assert all(rl.load_grammar("dyck-2-3").accepts(word) for word in words)


def test_sample_in_json(shell: Shell) -> None:
    out = shell("sample", "--grammar", "dyck-5-1", "--length", "2", "-n", "1", "--json")[1]
    opening, closing = json.loads(out)
    assert opening[1:] == closing[1:]


def test_sample_gives_up_on_long_words(shell: Shell) -> None:
    status, _, err = shell("sample", "--grammar", "contains-abba", "--max-length", "3")
    assert status == 2
    assert "a word grew over 3 symbols" in err


def test_results_in_other_formats(shell: Shell, tmp_path: Path) -> None:
    status, out, err = shell("fsm", "complement", "parity", "--to", "att", "-o", "-")
    assert (status, out.splitlines()[0]) == (0, "0\t0\t0\t0")
    assert err.startswith("note: standard output: att cannot carry name")
    path = tmp_path / "even"
    assert shell("fsm", "minimise", "parity", "--to", "json", "-o", str(path))[0] == 0
    assert path.read_text("utf-8").startswith("{")


def test_moore_machines_are_equal_when_their_outputs_are(shell: Shell, tmp_path: Path) -> None:
    moore = "digraph {{ i [shape=point]; i -> p; p [output=x]; q [output={}]; p -> q [label=a] }}"
    for name, output in (("one", "y"), ("two", "z")):
        (tmp_path / f"{name}.dot").write_text(moore.format(output), "utf-8")
    one, two = (str(tmp_path / f"{name}.dot") for name in ("one", "two"))
    assert shell("fsm", "equal", one, one)[0] == 0
    status, out, _ = shell("fsm", "equal", one, two)
    assert (status, out.splitlines()[0]) == (1, "different: a")
    assert shell("fsm", "equal", one, two, "--by", "accept")[0] == 0


def test_a_machine_without_words_is_told(shell: Shell) -> None:
    assert shell("fsm", "enumerate", "anbn-4", "--max-length", "1") == (
        0,
        "",
        "note: anbn-4 accepts no string of up to 1 symbols\n",
    )
    assert shell("fsm", "enumerate", "anbn-4", "--limit", "0") == (0, "", "")
