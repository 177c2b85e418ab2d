"""`check` and `convert`: what they print, how they exit, and that pieces may be cut anywhere."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.errors import FormatError
from reberlstm.machine.fsm import FSM
from reberlstm.simulator.checking import Checker, Report, check_stream
from tests.formats.valid import FOREIGN
from tests.strategies import machines_with_words

REBER = rl.load_grammar("reber")
TEXT = "BTXSE\nBTS\n\nBTQ\nBTE\nBPVVE\n"


def checked(fsm: FSM, content: bytes, pieces: list[int] | None = None, **options: bool) -> Report:
    """The report on a file that is fed in pieces of the given sizes, then as a whole."""
    checker = Checker(fsm, **options)
    if pieces is None:
        check_stream(checker, io.BytesIO(content), "file")
        return checker.report
    text = content.decode()
    for size in pieces:
        checker.feed(text[:size], "file")
        text = text[size:]
    checker.feed(text, "file")
    checker.end("file")
    return checker.report


def test_a_report() -> None:
    report = checked(REBER, TEXT.encode())
    assert (report.strings, report.accepted, report.incomplete) == (6, 2, 2)
    assert (report.violations, report.unknown, report.symbols) == (2, 1, 19)
    assert [str(failure) for failure in report.failures] == [
        "file:4: position 3: unknown symbol 'Q'; allowed: S X",
        "file:5: position 3: 'E'; allowed: S X",
    ]


def test_incomplete_strings_may_count_as_failures() -> None:
    report = checked(REBER, TEXT.encode(), complete=True)
    assert [str(failure) for failure in report.failures][:2] == [
        "file:2: position 4: the string ends too early; allowed: S X",
        "file:3: position 1: the string ends too early; allowed: B",
    ]


@given(
    data=st.data(),
    pair=machines_with_words(),
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_pieces_may_end_anywhere(data: st.DataObject, pair: object, end: str, last: bool) -> None:
    fsm, words = pair  # type: ignore[misc]
    text = end.join(fsm.text(word) for word in words) + (end if last else "")
    sizes = data.draw(st.lists(st.integers(0, 6), max_size=12))
    report = checked(fsm, text.encode(), sizes)
    assert report == checked(fsm, text.encode())
    if last:
        assert report.strings == len(words)
        assert report.accepted == sum(map(fsm.accepts, words))
        assert report.violations == sum(fsm.run(word) is None for word in words)
        assert report.symbols == sum(map(len, words))


def test_a_token_of_any_length_is_one_unknown_symbol() -> None:
    fsm = FSM(alphabet=("go", "no"), start="q", accepting={"q"}, transitions={"q": {"go": "q"}})
    text = "go " + "x" * 1_000_000 + " go\ngo go"
    report = checked(fsm, text.encode())
    assert (report.strings, report.accepted, report.unknown, report.symbols) == (2, 1, 1, 5)
    assert report.failures[0].position == 2


def test_text_that_is_none() -> None:
    with pytest.raises(FormatError, match="file:2: not text in UTF-8"):
        checked(REBER, b"BTXSE\nB\xff")
    with pytest.raises(FormatError, match="file:1: not text in UTF-8"):
        checked(REBER, "é".encode()[:1])
    with pytest.raises(FormatError, match="file: damaged gzip data: "):
        checked(REBER, gzip.compress(TEXT.encode())[:-9])


def test_a_byte_order_mark_is_no_symbol() -> None:
    assert checked(REBER, "BTXSE".encode("utf-8-sig")).accepted == 1


@pytest.mark.parametrize("shape", ["lines", "one line", "gzip"])
def test_memory_does_not_grow_with_the_text(shape: str, tmp_path: Path) -> None:
    """Many symbols may not take much more memory than a few."""
    import tracemalloc

    loops = 400_000
    text = b"BT" + b"S" * loops + b"XSE\n" if shape == "one line" else b"BTSXSE\n" * (loops // 6)
    content = gzip.compress(text) if shape == "gzip" else text
    stream = io.BytesIO(content)
    tracemalloc.start()
    try:
        checker = Checker(REBER)
        check_stream(checker, stream, "file")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert checker.report.violations == checker.report.incomplete == 0
    assert checker.report.symbols >= loops - 6
    assert peak < 6 * 2**20, "pieces of 256 KB, and their lines"


# The command


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "strings.txt"
    path.write_text(TEXT, "utf-8")
    assert run(["check", str(path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "reber: 6 strings, 19 symbols",
        "2 accepted, 2 incomplete, 2 with a violation (1 by unknown symbols)",
        f"{path}:4: position 3: unknown symbol 'Q'; allowed: S X",
        f"{path}:5: position 3: 'E'; allowed: S X",
    ]
    assert run(["check", str(path), "--first", "1", "--complete"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "and 3 more; --first shows more of them"
    good = tmp_path / "good.txt.gz"
    good.write_bytes(gzip.compress(b"BTXSE\nBT\n"))
    assert run(["check", str(good)]) == 0
    assert run(["check", str(good), "--complete"]) == 1
    assert run(["check", str(good), str(path), "--json"]) == 1
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["grammar"], result["strings"], result["unknown"]) == ("reber", 8, 1)
    assert result["failures"][0] == {
        "file": str(path),
        "line": 4,
        "position": 3,
        "symbol": "Q",
        "allowed": ["S", "X"],
        "kind": "unknown symbol",
    }


def test_strings_on_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["check"], ["check", "-"]):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"BTXSE\nBTE")))
        assert run(arguments) == 1
        assert "standard input:2: position 3: 'E'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.txt"], "error: missing.txt: no such file"),
        (["."], "error: .: cannot be read: Is a directory"),
        (["--grammar", "-", "-"], "error: the grammar and the strings cannot both come from"),
        (["--grammar", "nope", "-"], "error: unknown grammar 'nope'"),
    ],
)
def test_bad_input_of_check(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith(message)
    assert error.count("\n") == 1


def test_convert(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    path = tmp_path / "m.dot"
    path.write_text(FOREIGN["drawing.dot"], "utf-8")
    target = tmp_path / "m.json.gz"
    assert run(["convert", str(path), str(target)]) == 0
    out, err = capfdbinary.readouterr()
    assert out.decode() == f"{target}: 5 states, 4 symbols\n"
    assert err.decode().startswith(f"note: {path}: nondeterministic (1 epsilon transitions, 2")
    assert run(["convert", str(target), "-", "--to", "att"]) == 0
    out, err = capfdbinary.readouterr()
    assert out.startswith(b"0\t")
    assert err.startswith(b"note: standard output: att cannot carry name")
    assert run(["convert", "regex:ab", "-o", str(tmp_path / "x.jff")]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reber"], "error: give the file to write once, as OUT or with -o"),
        (["reber", "-"], "error: give the format of standard output with --to"),
        (["reber", "x.xml"], "error: x.xml: the suffix '.xml' names no format of machines"),
        (["reber", "no/such/x.dot"], "error: no/such/x.dot: cannot be written: No such file"),
        (["regex:(", "x.dot"], "error: regex:(: no regular expression: "),
        (["regex:a", "x.dot", "--from", "dot"], "error: --from is for files"),
    ],
)
def test_bad_input_of_convert(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["convert", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.splitlines()[-1].startswith(message)
    assert list(tmp_path.iterdir()) == []


def test_a_file_given_by_a_suffix_of_another_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.log"
    path.write_text("0 1 a\n1\n", "utf-8")
    assert run(["convert", str(path), str(tmp_path / "m.toml")]) == 2
    assert "'.log' names no format" in capsys.readouterr().err
    assert run(["convert", str(path), str(tmp_path / "m.toml"), "--from", "att"]) == 0
    assert rl.load_grammar(tmp_path / "m.toml").accepts("a")
