"""What is wrong with a file: one line that names file, place, what was found and what was expected."""

from __future__ import annotations

import gzip
import io
import json
import time
from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm import formats
from reberlstm.errors import FormatError, GrammarError, ReberLSTMError
from reberlstm.formats import MAX_FILE_BYTES, dot_syntax, draft, limits, regex, toml_syntax
from tests.formats.valid import FOREIGN

DOT = 'digraph {\n  s [shape=none];\n  s -> a;\n  a -> b [label="x"];\n}\n'
JFF = FOREIGN["nfa.jff"]
ATT = "0\t1\ta\ta\n1\n"
JSON = (
    '{"graph": {"start": "p"}, "nodes": [{"id": "p"}],\n'
    ' "edges": [{"source": "p", "target": "p", "symbol": "a"}]}'
)

# Each: the format, a text, what to replace in it, by what, and what the message says.
BAD = {
    "dot: empty": ("dot", "", "", "", "bad:1: expected 'digraph', found the end of the file"),
    "dot: junk": ("dot", DOT, "digraph", "%", "bad:1: found '%', which cannot stand here; quote it"),
    "dot: undirected": ("dot", DOT, "digraph", "graph", "bad:1: an undirected graph; a machine needs a digraph"),
    "dot: undirected edge": ("dot", DOT, "a ->", "a --", "bad:4: an undirected edge; in a digraph write ->"),
    "dot: string left open": ("dot", DOT, 'x"', "x", "bad:4: a string begins here and is never closed"),
    "dot: comment left open": ("dot", DOT, "a ->", "/* a ->", "bad:4: a comment begins here and is never"),
    "dot: html left open": ("dot", DOT, '"x"', "<x", "bad:4: an HTML string begins here and is never"),
    "dot: no brace": ("dot", DOT, "}", "", "bad:6: expected '}', found the end of the file"),
    "dot: two graphs": ("dot", DOT, "}", "} digraph {}", "bad:5: expected the end of the file after the graph"),
    "dot: no node": ("dot", DOT, "-> b", "-> ;", "bad:4: expected a node after ->, found ';'"),
    "dot: no value": ("dot", DOT, '"x"', "]", "bad:4: expected a value of 'label', found ']'"),
    "dot: no label": ("dot", DOT, '[label="x"]', "", "bad:4: the edge from 'a' to 'b' has no label; give it"),
    "dot: a number with letters": ("dot", DOT, "a -> b", "1st -> b", "bad:4: found '1', which cannot stand"),
    "dot: no edges": ("dot", "digraph { a }", "", "", "bad: no transition has a symbol"),
    "dot: no states": ("dot", "digraph {}", "", "", "bad: no states; a machine has at least one"),
    "dot: alphabet": ("dot", DOT, "{", '{ alphabet="a b";', "'alphabet': expected a JSON list of strings, found 'a b'"),
    "dot: not in the alphabet": ("dot", DOT, "{", '{ alphabet="[\\"y\\"]";', "bad:4: transition of state 'a' on 'x': the symbol is not in the alphabet y"),
    "dot: probability": ("dot", DOT, "label", "probability=half label", "bad:4: probability: expected a number, found 'half'"),
    "dot: sum": ("dot", DOT, "label", "probability=0.5 label", "bad:3: probabilities of state 'a' sum to 0.5, not to 1"),
    "dot: stop": ("dot", DOT, "a -> b", "b [stop=1]; a -> b", "bad:4: stop probability of state 'b': words can end only at"),
    "dot: output": ("dot", DOT, "a -> b", "b [output=x]; a -> b", "bad:3: state 'a' has no output; give every state one"),
    "dot: MDP": ("dot", DOT, '"x"', '"x:0.5"', "bad:4: every label is weighted like 'x:0.5': a Markov"),
    "jflap: empty": ("jflap", "", "", "", "bad:1: not XML: no element found"),
    "jflap: html": ("jflap", "<html></html>", "", "", "bad:1: expected the element <structure> of a JFLAP file, found <html>"),
    "jflap: not closed": ("jflap", JFF, "</state>", "", "bad:13: not XML: mismatched tag"),
    "jflap: type": ("jflap", JFF, ">fa<", ">turing<", "bad:2: a JFLAP file of type 'turing'; expected a finite automaton"),
    "jflap: no start": ("jflap", JFF, "<initial/>", "", "bad: no start state; put <initial/> into"),
    "jflap: id": ("jflap", JFF, 'state id="1"', "state", "bad:10: a <state> without the attribute 'id'"),
    "jflap: same id": ("jflap", JFF, 'id="1"', 'id="0"', "bad:10: a second <state> with id='0'"),
    "jflap: to nowhere": ("jflap", JFF, "<to>1", "<to>7", "bad:11: <to>7</to> names no state of the file"),
    "jflap: no end": ("jflap", JFF, "<to>1</to>", "", "bad:11: a <transition> without a <to>"),
    "jflap: two labels": ("jflap", JFF, "<read>ab</read>", "<read>a</read><read>b</read>", "bad:11: a second <read> in one"),
    "jflap: DTD": ("jflap", JFF, "<structure>", "<!DOCTYPE x><structure>", "bad:1: a document type declaration"),
    "jflap: entity": ("jflap", JFF, ">ab<", ">&lol;<", "bad:11: not XML: undefined entity"),
    "jflap: long label": ("jflap", JFF, ">ab<", ">" + "ab" * 9999 + "<", "bad:11: a label of 19,998 characters, 'ab"),
    "att: empty": ("att", "\n", "", "", "bad: no lines; a machine has at least one"),
    "att: two columns": ("att", ATT, "\n1\n", "\n1 x\n", "bad:2: expected a weight, found 'x'"),
    "att: six columns": ("att", ATT, "\n1\n", "\n1 1 a a 1 1\n", "bad:2: expected 'source target symbol symbol [weight]' or"),
    "att: an empty column": ("att", ATT, "\ta\ta", "\t\ta", "bad:1: expected 'source target symbol"),
    "att: transducer": ("att", ATT, "a\ta", "a\tb", "bad:1: 'a' becomes 'b': a transducer; only acceptors"),
    "att: numbers": ("att", ATT, "a\ta", "1\t2", "where these are weights, write them with a decimal point"),
    "att: weight": ("att", ATT, "a\ta", "a\ta\tx", "bad:1: expected a weight, found 'x'"),
    "att: two machines": ("att", ATT, "1\n", "--\n1\n", "a second machine begins here"),
    "att: any": ("att", ATT, "a\ta", "@_IDENTITY_SYMBOL_@\t@_IDENTITY_SYMBOL_@", "bad:1: @_IDENTITY_SYMBOL_@ stands for any symbol"),
    "att: no transition": ("att", "1\n", "", "", "bad: no transition has a symbol"),
    "att: Büchi": ("att", "0\n0,0->1\n1\n", "", "", "bad: a Büchi automaton (.ba), which reads infinite words"),
    "json: empty": ("json", "", "", "", "bad:1: not JSON: Expecting value (at column 1)"),
    "json: broken": ("json", JSON, '"edges":', '"edges"', "bad:2: not JSON: Expecting ':' delimiter"),
    "json: list": ("json", "[]", "", "", "bad: the file: expected an object, found []"),
    "json: other": ("json", "{}", "", "", "bad: 'nodes' is missing; is this node-link JSON?"),
    "json: nodes": ("json", JSON, '[{"id": "p"}]', "7", "bad: nodes: expected a list, found 7"),
    "json: node": ("json", JSON, '{"id": "p"}', '{"id": "p"}, 7', "bad: nodes[1]: expected an object, found 7"),
    "json: id": ("json", JSON, '"id"', '"name"', "bad: nodes[0]: 'id' is missing"),
    "json: id type": ("json", JSON, '{"id": "p"}', '{"id": "p"}, {"id": {}}', "bad: nodes[1].id: expected a string or a number, found {}"),
    "json: same id": ("json", JSON, '{"id": "p"}', '{"id": "p"}, {"id": "p"}', "bad: nodes[1].id: a second node 'p'"),
    "json: no start": ("json", JSON, '"start"', '"begin"', "bad: no start state; name it in"),
    "json: start": ("json", JSON, '"start": "p"', '"start": "q"', "bad: graph.start: 'q' is no node of the file"),
    "json: target": ("json", JSON, '"target": "p"', '"target": "q"', "bad: edges[0].target: 'q' is no node"),
    "json: no target": ("json", JSON, '"target": "p", ', "", "bad: edges[0]: 'target' is missing"),
    "json: no symbol": ("json", JSON, ', "symbol": "a"', "", "bad: edges[0]: 'symbol' is missing"),
    "json: accepting": ("json", JSON, '"id": "p"', '"id": "p", "accepting": "yes"', "bad: nodes[0].accepting: expected true or false, found 'yes'"),
    "json: alphabet": ("json", JSON, '"start": "p"', '"start": "p", "alphabet": "ab"', "bad: graph.alphabet: expected a list of symbols"),
    "json: probability": ("json", JSON, '"a"', '"a", "probability": "1"', "bad: edges[0].probability: expected a number"),
    "json: sum": ("json", JSON, '"a"', '"a", "probability": 0.5', "bad: nodes[0]: probabilities of state 'p' sum to 0.5"),
    "json: undirected": ("json", JSON, '{"graph"', '{"directed": false, "graph"', "bad: directed: false: a machine needs a directed"),
    "json: surrogate": ("json", JSON, '"a"', '"\\ud800"', "is not a non-empty string of Unicode text"),
    "json: long number": ("json", JSON, '"a"', "9" * 5000, "bad: not JSON that can be read: Exceeds the limit"),
    "regex: paren": ("regex", "(a", "", "", "bad: no regular expression: "),
    "regex: class": ("regex", "[[:digit:]]+", "", "", "bad: no regular expression: ']' has no meaning there; write \\]"),
    "regex: brace": ("regex", "a{b", "", "", "bad: no regular expression: '{' has no meaning there; write \\{"),
    "regex: star": ("regex", "a|*", "", "", "bad: no regular expression: '*' has nothing to repeat; write \\*"),
    "regex: nothing": ("regex", "", "", "", "bad: no symbol stands in the expression"),
    "regex: long": ("regex", "a" * 20_000, "", "", "bad: longer than 10,000 characters"),
    "regex: large": ("regex", "((a{99}){99}){99}", "", "", "bad: the machine of this expression is too large"),
    "regex: huge": ("regex", "a{999999999999}", "", "", "bad: the machine of this expression is too large"),
    "regex: exponential": ("regex", "(a|b)*a(a|b){40}", "", "", "bad: determinising stopped at"),
}  # fmt: skip


@pytest.mark.parametrize(("format", "text", "old", "new", "message"), BAD.values(), ids=BAD)
def test_bad_files(format: str, text: str, old: str, new: str, message: str) -> None:
    assert old in text
    content = text.replace(old, new, 1).encode()
    reader = regex.read if format == "regex" else None
    with pytest.raises((FormatError, GrammarError)) as error:
        reader(text, "bad") if reader else formats.read(content, "bad", format)
    found = str(error.value)
    assert message in found
    assert found.startswith("bad:")
    assert "\n" not in found
    assert len(found) <= 600


TOML = """\
alphabet = ["a", "b"]
start = "q"
accepting = []

[transitions]
q = { a = "q", b = "r" }
"r s" = { a = "q" }
r = {}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('b = "r"', 'b = "x"', "bad:6: transition of state 'q' on 'b' leads to 'x'"),
        ('{ a = "q" }', '{ c = "q" }', "bad:7: transition of state 'r s' on 'c': the symbol"),
        ('start = "q"', 'start = "x"', "bad:2: start state 'x' has no line"),
        ("accepting = []", 'accepting = ["x"]', "bad:3: accepting state 'x' has no line"),
        ('["a", "b"]', '["a", "a"]', "bad:1: symbol 'a' stands twice"),
        ("r = {}", "r = {}\n[stop]\nr = 1.0", "bad:10: stop probability of state 'r': words can"),
        ("r = {}", "r = {}\n[colors]\nr = 1", "bad:9: unknown key 'colors'"),
        ("r = {}", "r = {}\n[outputs]\nr = 'x'", "bad:6: state 'q' has no output"),
        ("r = {}", "r = {}\n" + "x." * 100 + "y = 1", "bad:9: a key of 50 or more dotted parts"),
        ("accepting = []", "accepting = [", "bad:5: not TOML: "),
    ],
)
def test_lines_of_grammar_files(old: str, new: str, message: str) -> None:
    assert old in TOML
    with pytest.raises(ReberLSTMError) as error:
        formats.read(TOML.replace(old, new, 1).encode(), "bad", "toml")
    assert str(error.value).startswith(message)


# Files as such


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"missing\.dot: no such file"):
        rl.load_grammar(tmp_path / "missing.dot")
    (tmp_path / "folder.dot").mkdir()
    with pytest.raises(FormatError, match=r"folder\.dot: cannot be read: Is a directory"):
        rl.load_grammar(tmp_path / "folder.dot")
    with pytest.raises(FormatError, match="cannot be read: embedded null byte"):
        rl.load_grammar("a\0b.dot")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"digraph {\n a\xff }", "bad:2: not text in UTF-8: byte 0xff at offset 12"),
        ("é".encode()[:1], "bad:1: not text in UTF-8: byte 0xc3 at offset 0"),
        (b"\xff\xfea", "bad:1: not text in UTF-16"),
        (b"\x1f\x8b\x08\x00junk", "bad: damaged gzip data: "),
        (gzip.compress(b"digraph { a }", mtime=0)[:-9], "bad: damaged gzip data: "),
        (b"\xd6\xfd\xb2\x7e\x06", "bad: a binary file of OpenFST; print it as text with fstprint"),
        (b"\n\x00\x01\x02", "bad:2: a NUL character: this is no text file"),
        (bytes(range(256)), "bad:"),
    ],
)
def test_binary_files(content: bytes, message: str) -> None:
    for format in formats.FORMATS:
        with pytest.raises(FormatError) as error:
            formats.read(content, "bad", format)
        assert str(error.value).startswith(message)
        assert "\n" not in str(error.value)


# Files that are meant to exhaust: each must end within seconds, and in little memory.

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)).replace(
        "&l0;", "&lol;"
    )
    + "]><structure>&l9;</structure>"
)
EXHAUSTING = {
    "billion laughs": ("jflap", lambda: LAUGHS, "a document type declaration"),
    "deep XML": ("jflap", lambda: "<structure>" + "<a>" * 100_000, "nested more than 50 deep"),
    "deep JSON": ("json", lambda: "[" * 1_000_000, "nested too deeply"),
    "deep TOML": ("toml", lambda: "a = " + "[" * 100_000, "nested too deeply"),
    "deep DOT": ("dot", lambda: "digraph {" + "{" * 100_000, "more than 50 nested subgraphs"),
    "deep HTML in DOT": ("dot", lambda: "digraph {" + "<" * 100_000, "more than 50 nested angle"),
    "long dotted key": ("toml", lambda: "a." * 1_000_000 + "a = 1", "50 or more dotted parts"),
    "a long message": ("att", lambda: "x" * 1_000_000 + " 1 a b c d e f", "expected 'source target"),
}  # fmt: skip


@pytest.mark.parametrize(("format", "text", "message"), EXHAUSTING.values(), ids=EXHAUSTING)
def test_exhausting_files(format: str, text: object, message: str) -> None:
    content = text().encode()  # type: ignore[operator]
    began = time.process_time()
    with pytest.raises(ReberLSTMError) as error:
        formats.read(content, "bad", format)
    assert time.process_time() - began < 20, "on any machine; it takes at most 3 s on ours"
    assert message in str(error.value)
    assert len(str(error.value)) <= 600


# Files of more states or transitions than the limits: the text for a number, and the message.
LARGE = {
    "many states, DOT": (
        "dot",
        lambda n: "digraph {" + "".join(f'q{i} [label="{i}"];\n' for i in range(n + 5)) + "}",
        "more than {states:,} states, which is the limit",
    ),
    "many states, AT&T": (
        "att",
        lambda n: "".join(f"{i} {i + 1} a\n" for i in range(n + 5)),
        "more than {states:,} states, which is the limit",
    ),
    "many states, JFLAP": (
        "jflap",
        lambda n: "<structure>" + "".join(f'<state id="{i}"/>' for i in range(n + 5)),
        "more than {states:,} states, which is the limit",
    ),
    "many states, JSON": (
        "json",
        lambda n: json.dumps({"nodes": [{"id": i} for i in range(n + 5)], "edges": []}),
        "more than {states:,} states, which is the limit",
    ),
    "many states, TOML": (
        "toml",
        lambda n: "[transitions]\n" + "".join(f"{i} = {{}}\n" for i in range(5 * n)),
        "too many lines or values; the limits are {states:,} states",
    ),
    "many edges at once": (
        "dot",
        lambda n: "digraph {{" + " ".join(f"a{i}" for i in range(n // 90)) + "} -> {"
        + " ".join(f"b{i}" for i in range(n // 90)) + "} [label=x]}",
        "more than {transitions:,} edges",
    ),
    "many transitions, AT&T": (
        "att",
        lambda n: "0 0 a\n" * (5 * n + 5),
        "more than {transitions:,} transitions, which is the limit",
    ),
    "many attributes": (
        "dot",
        lambda n: "digraph { node [" + "a=b " * (2 * n) + "] }",
        "too long for a machine within the limits",
    ),
}  # fmt: skip


def refuse_large_file(name: str, states: int, transitions: int) -> None:
    format, text, message = LARGE[name]
    content = text(states).encode()
    began = time.process_time()
    with pytest.raises(FormatError) as error:
        formats.read(content, "bad", format)
    assert time.process_time() - began < 30, "on any machine; it takes a few seconds on ours"
    assert message.format(states=states, transitions=transitions) in str(error.value)


@pytest.mark.parametrize("name", LARGE)
def test_the_limits_hold(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With limits so small that it takes no time."""
    for module in (draft, dot_syntax, toml_syntax):
        monkeypatch.setattr(module, "MAX_STATES", 9_000)
    for module in (draft, dot_syntax):
        monkeypatch.setattr(module, "MAX_TRANSITIONS", 9_500)
    monkeypatch.setattr(dot_syntax, "MAX_TOKENS", 20_000)
    refuse_large_file(name, 9_000, 9_500)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_the_limits_hold_for_large_files(name: str) -> None:
    refuse_large_file(name, limits.MAX_STATES, limits.MAX_TRANSITIONS)


def test_a_determinised_machine_has_a_limit() -> None:
    """The words with an a at the 25th place from the end need 2^25 states."""
    lines = ["0 0 a", "0 0 b", "0 1 a"]
    lines += [f"{n} {n + 1} {symbol}" for n in range(1, 25) for symbol in "ab"]
    with pytest.raises(
        GrammarError, match=r"bad: determinising stopped at [\d,]+ states: the limits"
    ):
        formats.read("\n".join([*lines, "25"]).encode(), "bad", "att")


def test_large_files_are_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.dot"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(FormatError, match="larger than the limit of 67,108,864 bytes"):
        rl.load_grammar(path)
    bomb = tmp_path / "bomb.dot.gz"
    bomb.write_bytes(gzip.compress(bytes(MAX_FILE_BYTES + 1)))
    assert bomb.stat().st_size < 100_000
    with pytest.raises(FormatError, match=r"larger than the limit of 67,108,864 bytes when decomp"):
        rl.load_grammar(bomb)
    stream = io.TextIOWrapper(io.BytesIO(bytes(MAX_FILE_BYTES + 1)))
    monkeypatch.setattr("sys.stdin", stream)
    with pytest.raises(FormatError, match="standard input: larger than the limit"):
        rl.load_grammar("-")
