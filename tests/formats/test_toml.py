"""Grammar files: what they say, what is wrong with them, and that writing is the inverse."""

from __future__ import annotations

from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm.errors import FormatError, GrammarError
from reberlstm.formats import toml

GOOD = """\
name = "small"
title = "A small grammar"
source = "the author"
alphabet = ["a", "b"]
start = "0"
accepting = ["1"]

[transitions]
0 = { a = "0", b = "1" }
1 = {}

[probabilities]
0 = { a = 0.25, b = 0.75 }

[stop]
1 = 1.0

[outputs]
0 = "low"
1 = "high"
"""


def test_every_field_is_read() -> None:
    fsm = toml.read(GOOD, "small.toml")
    assert (fsm.name, fsm.title, fsm.source) == ("small", "A small grammar", "the author")
    assert (fsm.alphabet, fsm.start, fsm.accepting) == (("a", "b"), "0", {"1"})
    assert fsm.transitions == {"0": {"a": "0", "b": "1"}, "1": {}}
    assert fsm.probabilities == {"0": {"a": 0.25, "b": 0.75}}
    assert fsm.stop == {"1": 1.0}
    assert fsm.outputs == {"0": "low", "1": "high"}


def test_what_is_written_is_what_was_read() -> None:
    assert toml.write(toml.read(GOOD, "small.toml")) == GOOD


def test_accepting_may_be_left_out() -> None:
    text = GOOD.replace('accepting = ["1"]\n', "").replace("[stop]\n1 = 1.0\n", "")
    assert toml.read(text, "small.toml").accepting == frozenset()


# Each: what to replace in GOOD, by what, the error, and what its message says.
BAD = {
    "no TOML at all": (GOOD, "<html>", FormatError, "bad.toml:1: not TOML: "),
    "an empty file": (
        GOOD,
        "",
        FormatError,
        "'alphabet' is missing; a grammar needs alphabet, start",
    ),
    "a string left open": ('"small"', '"small', FormatError, "(at line 1, column 14)"),
    "a key twice": ('start = "0"', 'start = "0"\nstart = "1"', FormatError, "at line 6"),
    "a state twice": ("1 = {}", "1 = {}\n0 = {}", FormatError, "not TOML: "),
    "a number too long": ('"small"', "9" * 5_000, FormatError, "bad.toml: not TOML: "),
    "a number too long to print": (
        'start = "0"',
        f"start = 0x{'f' * 5_000}",
        FormatError,
        "'start' must be a string, not a number of 20000 bits",
    ),
    "deep nesting": ('"small"', "[" * 5_000 + "]" * 5_000, FormatError, "nested too deeply"),
    "an unknown key": (
        "title",
        "titel",
        FormatError,
        "unknown key 'titel'; a grammar has name, title",
    ),
    "no alphabet": ('alphabet = ["a", "b"]', "", FormatError, "'alphabet' is missing"),
    "no start": ('start = "0"', "", FormatError, "'start' is missing"),
    "no transitions": (
        GOOD,
        'alphabet = ["a"]\nstart = "0"',
        FormatError,
        "'transitions' is missing; a grammar needs alphabet, start, transitions",
    ),
    "a numbered start": (
        'start = "0"',
        "start = 0",
        FormatError,
        "'start' must be a string, not 0",
    ),
    "a name that is a list": ('"small"', '["small"]', FormatError, "'name' must be a string"),
    "an alphabet that is a string": (
        '["a", "b"]',
        '"ab"',
        FormatError,
        "'alphabet' must be a list of strings, not 'ab'",
    ),
    "an alphabet of numbers": (
        '["a", "b"]',
        "[0, 1]",
        FormatError,
        "'alphabet' must be a list of strings, not [0, 1]",
    ),
    "accepting that is a string": (
        'accepting = ["1"]',
        'accepting = "1"',
        FormatError,
        "'accepting' must be a list of strings, not '1'",
    ),
    "transitions that are a list": (
        GOOD,
        'alphabet = ["a"]\nstart = "0"\ntransitions = []',
        FormatError,
        "'transitions' must be a table, not []",
    ),
    "a line that is a string": (
        "1 = {}",
        '1 = "a"',
        GrammarError,
        "transitions of state '1': expected a table from symbols, got 'a'",
    ),
    "a target that is a list": (
        'b = "1"',
        'b = ["1"]',
        GrammarError,
        "transition of state '0' on 'b' leads to ['1'], which is not a state",
    ),
    "a target that is a number": (
        'b = "1"',
        "b = 1",
        GrammarError,
        "transition of state '0' on 'b' leads to 1, which is not a state",
    ),
    "an undefined state": (
        'b = "1"',
        'b = "2"',
        GrammarError,
        "transition of state '0' on 'b' leads to '2', which is not a state",
    ),
    "an unknown symbol": (
        'b = "1"',
        'c = "1"',
        GrammarError,
        "transition of state '0' on 'c': the symbol is not in the alphabet a b",
    ),
    "a symbol twice": ('["a", "b"]', '["a", "b", "a"]', GrammarError, "symbol 'a' stands twice"),
    "an undefined start": (
        'start = "0"',
        'start = "2"',
        GrammarError,
        "start state '2' has no line",
    ),
    "an undefined accepting state": (
        'accepting = ["1"]',
        'accepting = ["1", "2"]',
        GrammarError,
        "accepting state '2' has no line",
    ),
    "NaN": (
        "0.25",
        "nan",
        GrammarError,
        "probabilities of state '0', symbol 'a': nan is not in [0, 1]",
    ),
    "probabilities that do not sum to 1": (
        "0.25",
        "0.5",
        GrammarError,
        "probabilities of state '0' sum to 1.25, not to 1",
    ),
    "a probability that is text": ("0.25", '"¼"', GrammarError, "symbol 'a': '¼' is not a number"),
    "a probability that is a date": ("0.25", "2020-01-01", GrammarError, "is not a number"),
    "a stop that is a table": ("1 = 1.0", "1 = {}", GrammarError, "state '1': {} is not a number"),
    "an output left out": ('1 = "high"', "", GrammarError, "state '1' has no output"),
    "an output that is a number": ('"high"', "1", GrammarError, "output of state '1': 1 is not"),
}


@pytest.mark.parametrize(("old", "new", "kind", "message"), BAD.values(), ids=BAD)
def test_bad_files(old: str, new: str, kind: type[Exception], message: str) -> None:
    assert old in GOOD
    with pytest.raises(kind) as error:
        toml.read(GOOD.replace(old, new, 1), "bad.toml")
    text = str(error.value)
    assert text.startswith("bad.toml:")
    assert message in text
    assert "\n" not in text


# Through the front door, `load_grammar`


def test_a_file_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "small.toml"
    file.write_text(GOOD, "utf-8")
    assert rl.load_grammar(file) == rl.load_grammar(str(file)) == toml.read(GOOD, "")
    monkeypatch.chdir(tmp_path)
    assert rl.load_grammar("small.toml").name == "small"
    (tmp_path / "parity").write_text(GOOD, "utf-8")
    assert rl.load_grammar("parity").name == "parity", "a plain word is a name"
    assert rl.load_grammar("./parity").name == "small"
    assert rl.load_grammar(Path("parity")).name == "small"


def test_line_ends_of_windows(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    file.write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert rl.load_grammar(file) == toml.read(GOOD, "")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rebr", "unknown grammar 'rebr'; did you mean 'reber'? "),
        (
            "nothing-like-it",
            "unknown grammar 'nothing-like-it'; `reberlstm grammars` lists the names",
        ),
        ("", "unknown grammar ''"),
    ],
)
def test_unknown_names(name: str, message: str) -> None:
    with pytest.raises(GrammarError) as error:
        rl.load_grammar(name)
    assert message in str(error.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"missing\.toml: no such file"):
        rl.load_grammar(tmp_path / "missing.toml")
    with pytest.raises(FormatError, match="cannot be read: Is a directory"):
        rl.load_grammar(tmp_path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'name = "\xfc"')
    with pytest.raises(
        FormatError, match=r"latin\.toml:1: not text in UTF-8: byte 0xfc at offset 8"
    ):
        rl.load_grammar(latin)
