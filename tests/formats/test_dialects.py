"""What people draw and programs write beside the plain form: every dialect by its language."""

from __future__ import annotations

import warnings
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

import reberlstm as rl
from reberlstm import formats
from reberlstm.errors import FormatError
from tests.formats.valid import FOREIGN


class Case(NamedTuple):
    format: str
    text: str
    expression: str
    """What the words of the machine are, as a regular expression of automata-lib."""
    notes: tuple[str, ...] = ()
    alphabet: str = "ab"


def jff(states: str, transitions: str, type: str = "fa") -> str:
    return f"<structure><type>{type}</type><automaton>{states}{transitions}</automaton></structure>"


def arc(source: int, target: int, read: str) -> str:
    return f"<transition><from>{source}</from><to>{target}</to><read>{read}</read></transition>"


TWO = '<state id="0"><initial/></state><state id="1"><final/></state>'

V8 = FOREIGN["version8.jff"]

CASES = {
    "lists of nodes": Case("dot", "digraph { node [shape=doublecircle]; p, q; node [shape=circle]; i [shape=point]; i -> p; p, q -> q [label=a]; q -> p [label=b] }", "(a+b)*a*"),
    "indented # comments": Case("dot", "digraph {\n\t# [a]\n i [shape=point]; i -> p; p -> p [label=a] # b\n p -> q [label=b]; q [shape=doublecircle] }", "a*b"),
    "invisible start": Case("dot", "digraph { fake [style=invisible]; q [root=true]; r [shape=doublecircle]; fake -> q [style=bold]; q -> r [label=a]; r -> r [label=b] }", "ab*"),
    "labelled start": Case("dot", 'digraph { i [shape=point]; q [shape=circle]; r [shape=doublecircle]; i -> q [label=start]; q -> r [label=a]; r -> r [label=b] }', "ab*"),
    "labelled start without a shape": Case("dot", 'digraph { q; r [shape=doublecircle]; start [shape=none, label=""]; start -> q [label=" start "]; q -> r [label=a]; r -> r [label=b] }', "ab*"),
    "starts before all": Case("dot", 'digraph { r [shape=doublecircle]; r -> r [label=b]; start [shape=circle]; start -> r [label=a] }', "ab*", ("'start' is taken for its name",)),
    "the only free state": Case("dot", 'digraph { r [shape=doublecircle]; r -> r [label=b]; q -> r [label=a]; }', "ab*", ("'q' is taken, the only state that no edge enters",)),
    "arrows at ends": Case("dot", 'digraph { { node [shape=point, width=0]; I0 F1 } { node [shape=circle]; 0 1 } I0 -> 0; 0 -> 1 [label="a, b"]; 1 -> 1 [label=b]; 1 -> F1 }', "(a|b)b*"),
    "edges without labels": Case("dot", 'digraph { i [shape=point]; i -> q; q -> r [style=dotted]; r -> q [label=a]; r -> f [label=b]; f [peripheries=2] }', "a*b", ("1 edges without a label were read as epsilon", "nondeterministic")),
    "another epsilon": Case("dot", 'digraph { i [shape=point]; i -> q; q -> r [label="ɛ"]; r -> q [label=a]; r -> f [label=b]; f -> f [label=Epsilon]; f [peripheries=2] }', "a*b", ("nondeterministic",)),
    "bars": Case("dot", 'digraph { i [shape=point]; i -> q; q -> f [label="a|b"]; f -> f [label=b]; f [peripheries=2] }', "(a|b)b*", ("labels such as 'a|b' were read as several",)),
    "blanks between": Case("dot", 'digraph { i [shape=point]; i -> q; q -> f [label=" a  b "]; f -> f [label=b]; f [peripheries=2] }', "(a|b)b*", ("labels such as ' a  b ' were read as several",)),
    "lines": Case("dot", 'digraph { i [shape=point]; i -> q; q -> f [label="a\\nb"]; f -> f [label=<b<br/>>]; f [peripheries=2] }', "(a|b)b*"),
    "labels beside": Case("dot", 'digraph { i [shape=point]; i -> q; q -> f [xlabel="a"]; f -> f [taillabel=b]; f [peripheries=2] }', "ab*"),
    "the blank": Case("dot", 'digraph { i [shape=point]; i -> q; q -> f [label="a"]; f -> f [label=" "]; f [peripheries=2] }', "a *", ("labels of blanks were read as the blank",), "a "),
    "fstdraw": Case("dot", 'digraph FST {\nrankdir = LR;\n0 [label = "0", shape = circle, style = bold, fontsize = 14]\n\t0 -> 1 [label = "a:a/0.5", fontsize = 14];\n1 [label = "1", shape = doublecircle]\n\t1 -> 1 [label = "b:<eps>"];\n}', "ab*", ("the weights of the edges were left out", "no start state is marked")),
    "version 8": Case("jflap", V8, "ab*(ab*)*", ("nondeterministic",)),
    "words": Case("jflap", jff(TWO, arc(0, 1, "aab") + arc(1, 1, "b") + arc(1, 0, "ab")), "aab(b|abaab)*", ("labels of several characters were read one character after the other",)),
    "a word": Case("jflap", jff(TWO, arc(0, 1, "ab") + arc(1, 1, "b")), "abb*", ("one character after the other",)),
    "a list": Case("jflap", jff(TWO, arc(0, 1, "a,b") + arc(1, 1, "b")), "(a|b)b*", ("as symbols of their own",)),
    "words of version 8": Case("jflap", V8.replace("<input>a</input>", "<input>ab</input>"), "abb*(abb*)*", ("one character after the other", "nondeterministic")),
    "outputs of epsilon": Case("att", "0\t1\ta\t<eps>\n1\t1\tb\t<eps>\n1\n", "ab*", ("a transducer that puts nothing out",)),
    "infinite weight": Case("att", "0\tInfinity\n1\t3.\n0\t1\ta\ta\t1.\n1\t1\tb\tb\t2.\n", "ab*", ("the weights were left out",)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_dialects(case: Case) -> None:
    from automata.fa.nfa import NFA

    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        machine = formats.read(case.text.encode(), "file", case.format)
    said = [str(note.message) for note in notes]
    assert len(said) == len(case.notes) + any("nondet" in n for n in said) - any(
        "nondet" in n for n in case.notes
    ), said
    for expected in case.notes:
        assert any(expected in note for note in said), (expected, said)
    assert set(machine.alphabet) == set(case.alphabet)
    peer = NFA.from_regex(case.expression, input_symbols=set(case.alphabet))
    for length in range(8):
        for word in product(case.alphabet, repeat=length):
            assert machine.accepts(word) == peer.accepts_input("".join(word)), word


def test_symbols_that_are_words_in_jflap() -> None:
    text = jff(TWO, arc(0, 1, "int") + arc(1, 1, "letter,digit,_") + arc(0, 0, "[0-2]"))
    with pytest.warns(rl.FormatWarning, match="were read as symbols of their own, such as 'int'"):
        machine = formats.read(text.encode(), "file", "jflap")
    assert machine.alphabet == ("int", "letter", "digit", "_", "0", "1", "2")


def test_other_files_of_version_8() -> None:
    text = V8.replace('type="fsa"', 'type="mealy_machine"')
    with pytest.raises(FormatError, match=r"file:2: a structure of type 'mealy_machine' in a"):
        formats.read(text.encode(), "file", "jflap")
    with pytest.raises(FormatError, match="a <to> without an <id>"):
        formats.read(V8.replace("<to><name>q1</name><id>1</id>", "<to>").encode(), "file", "jflap")


def test_machines_that_accept_nothing_are_told() -> None:
    drawing = "digraph { i [shape=point]; i -> q; q -> q [label=a] }"
    with pytest.warns(rl.FormatWarning, match="no accepting state is marked"):
        formats.read(drawing.encode(), "file", "dot")
    file = jff(TWO.replace("<final/>", ""), arc(0, 1, "a"))
    with pytest.warns(rl.FormatWarning, match="no state is <final/>"):
        formats.read(file.encode(), "file", "jflap")


@pytest.mark.parametrize("name", ["m.fst.txt", "m.txt", "m.xml", "m.txt.gz"])
def test_the_format_of_plain_suffixes_is_found_out(name: str, tmp_path: Path) -> None:
    machine = rl.load_grammar("parity")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rl.FormatWarning)
        for format in formats.WRITTEN:
            (tmp_path / name).write_bytes(formats.write(machine, format))
            assert rl.load_grammar(tmp_path / name).difference(machine) is None
    with pytest.raises(FormatError, match="names no format"):
        rl.save_grammar(machine, tmp_path / name)
