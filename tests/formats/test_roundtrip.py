"""Writing and reading a machine gives it back, whatever its states and symbols are called."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm import formats
from reberlstm.errors import FormatError
from reberlstm.machine.fsm import FSM
from tests.formats.valid import MOORE, SUFFIX
from tests.strategies import machines

WHOLE = ("toml", "dot", "json")
"""The formats that carry everything."""

# Every character that some format gives a meaning to, and any other.
ODD = " \"'\\\n\t\r<&>,|/{}()[]=;:#-+0ε@\x00\x7f\x85\u2028\ufeff"
symbols = st.sampled_from(ODD) | st.characters(exclude_categories=["Cs"])
alphabets = st.lists(symbols, min_size=1, max_size=4, unique=True).map(tuple)
any_machines = machines() | alphabets.flatmap(lambda alphabet: machines(alphabet=alphabet))


@pytest.mark.parametrize("format", WHOLE)
@given(fsm=any_machines)
def test_a_format_that_carries_everything_gives_the_machine_back(format: str, fsm: FSM) -> None:
    content = formats.write(fsm, format)
    found = formats.read(content, "file", format)
    assert found == fsm
    assert found.states == fsm.states, "the order of the states is kept"
    assert formats.write(found, format) == content
    assert formats.losses(fsm, format) == []


@pytest.mark.parametrize("format", ["jflap", "att"])
@given(fsm=any_machines)
def test_any_format_gives_an_equivalent_machine_back(format: str, fsm: FSM) -> None:
    try:
        content = formats.write(fsm, format)
    except FormatError:
        return  # symbols that the format has no room for: see test_writers_refuse
    with warnings.catch_warnings():
        # Names of states are lost where XML cannot hold them; 0 may be meant as epsilon.
        warnings.simplefilter("ignore", rl.FormatWarning)
        found = formats.read(content, "file", format)
    assert fsm.difference(found) is None
    assert fsm.difference(found, by="legal") is None
    if format == "jflap":
        assert found.alphabet == fsm.alphabet
        assert list(found.outputs.values()) == list(fsm.outputs.values())


@given(fsm=machines(probabilities=True, outputs=False))
def test_probabilities_are_weights_of_att_text(fsm: FSM) -> None:
    try:
        found = formats.read(formats.write(fsm, "att"), "file", "att")
    except FormatError:
        return  # nothing may follow the start
    for number, state in enumerate(fsm.reachable):
        other = str(number)
        assert found.stop_probability(other) == pytest.approx(fsm.stop_probability(state))
        if fsm.stop_probability(state) == 1.0:
            continue  # what would come next is not told by a weight
        for symbol in fsm.legal(state):
            given_ = fsm.probability(state, symbol)
            assert found.probability(other, symbol) == pytest.approx(given_, abs=1e-12)


@given(fsm=any_machines)
def test_the_format_is_found_out(fsm: FSM) -> None:
    for format in formats.WRITTEN:
        try:
            text = formats.write(fsm, format).decode()
        except FormatError:
            continue
        assert formats.sniff(text) == format


@pytest.mark.parametrize("format", SUFFIX)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_files_by_suffix(format: str, ending: str, tmp_path: Path) -> None:
    fsm = rl.load_grammar("embedded-reber")
    path = tmp_path / f"machine{SUFFIX[format]}{ending}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rl.FormatWarning)
        rl.save_grammar(fsm, path)
        found = rl.load_grammar(path)
    assert path.read_bytes().startswith(b"\x1f\x8b") == (ending == ".gz")
    assert fsm.difference(found) is None
    assert fsm.difference(found, by="legal") is None
    before = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rl.FormatWarning)
        rl.save_grammar(fsm, path)
    assert path.read_bytes() == before, "written twice, the file is the same"


@pytest.mark.parametrize(
    ("format", "lost"),
    [
        ("jflap", "name, title, source, probabilities, stop probabilities, symbols of several"),
        ("att", "name, title, source, names of states, outputs"),
    ],
)
def test_what_is_lost_is_said(format: str, lost: str, tmp_path: Path) -> None:
    path = tmp_path / f"machine{SUFFIX[format]}"
    with pytest.warns(rl.FormatWarning, match=f"{path}: {format} cannot carry {lost}"):
        rl.save_grammar(MOORE, path)


def test_a_suffix_that_names_no_format(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"'\.xml' names no format .* \.toml \.dot \.gv \.jff"):
        rl.save_grammar(MOORE, tmp_path / "machine.xml")
    with pytest.raises(FormatError, match=r"'\.pdf' names no format"):
        rl.load_grammar(tmp_path / "machine.pdf")
    with pytest.raises(FormatError, match="a suffix must name the format"):
        rl.save_grammar(MOORE, tmp_path / "machine")
    with pytest.raises(FormatError, match="unknown format 'xml'; choose toml, dot"):
        rl.save_grammar(MOORE, tmp_path / "machine.dot", "xml")


def test_a_file_without_a_suffix_is_recognised(tmp_path: Path) -> None:
    for format in ("toml", "dot", "json"):
        path = tmp_path / "machine"
        rl.save_grammar(MOORE, path, format)
        assert rl.load_grammar(path) == MOORE


def test_gzip_is_recognised_whatever_the_name(tmp_path: Path) -> None:
    path = tmp_path / "machine.toml"
    path.write_bytes(gzip.compress(formats.write(MOORE, "toml")))
    assert rl.load_grammar(path) == MOORE


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("format", WHOLE)
def test_byte_order_marks(format: str, encoding: str) -> None:
    content = formats.write(MOORE, format).decode().encode(encoding)
    assert formats.read(content, "file") == MOORE


def test_line_ends_of_windows() -> None:
    for format in WHOLE:
        content = formats.write(MOORE, format).replace(b"\n", b"\r\n")
        assert formats.read(content, "file", format) == MOORE
    content = formats.write(MOORE, "att").replace(b"\n", b"\r\n")
    assert formats.read(content, "file", "att").difference(MOORE) is None


@pytest.mark.parametrize(
    ("format", "symbols", "message"),
    [
        ("jflap", ("a", "\x00"), r"symbol '\\x00' has a character that XML cannot hold; rename it"),
        ("att", ("a", "ε"), "where symbol 'ε' means something else; rename it"),
        ("att", ("0", "12"), "where symbol '0' means something else; rename it"),
        ("att", ("@_TAB_@",), "where symbol '@_TAB_@' means something else; rename it"),
    ],
)
def test_writers_refuse_what_would_be_read_as_something_else(
    format: str, symbols: tuple[str, ...], message: str
) -> None:
    fsm = FSM(alphabet=symbols, start="q", transitions={"q": dict.fromkeys(symbols, "q")})
    with pytest.raises(FormatError, match=message):
        formats.write(fsm, format)


def test_att_text_needs_a_transition() -> None:
    fsm = FSM(alphabet=("a",), start="q", accepting={"q"}, transitions={"q": {}})
    with pytest.raises(FormatError, match="nothing may follow its start"):
        formats.write(fsm, "att")


@given(fsm=machines(plain=True, outputs=None, probabilities=None))
def test_dot_by_statements_and_by_tokens(fsm: FSM) -> None:
    """Plain statements are read by one match each; a comment in them sends them the other way."""
    text = formats.write(fsm, "dot").decode()
    by_tokens = text.replace("];", "] /* */ ;")
    assert formats.read(by_tokens.encode(), "file", "dot") == fsm
    on_one_line = text.replace("\n", " ")
    assert formats.read(on_one_line.encode(), "file", "dot") == fsm
    attributes_apart = "\n".join(
        line.replace(", ", "\n\t") if line.endswith("];") else line for line in text.splitlines()
    )
    assert formats.read(attributes_apart.encode(), "file", "dot") == fsm
