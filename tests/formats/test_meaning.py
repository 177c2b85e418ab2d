"""Files of others are read as their programs mean them, or refused: each case was once misread."""

from __future__ import annotations

import warnings
from itertools import product

import pytest

import reberlstm as rl
from reberlstm import formats
from reberlstm.errors import FormatError, ReberLSTMError
from reberlstm.formats.draft import input_output
from reberlstm.machine.fsm import FSM, with_first_output
from tests.formats.test_dialects import TWO, arc, jff

START = "i [shape=point]; i -> p; "


def read(text: str, format: str) -> tuple[FSM, str]:
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        machine = formats.read(text.encode(), "file", format)
    return machine, " ".join(str(note.message) for note in notes)


def dot(edges: str) -> str:
    return f"digraph {{ {START}{edges} }}"


def words(machine: FSM, alphabet: str = "ab", length: int = 5) -> set[str]:
    """All accepted words up to a length."""
    some = ("".join(word) for n in range(length + 1) for word in product(alphabet, repeat=n))
    known = set(machine.alphabet)
    return {word for word in some if known.issuperset(word) and machine.accepts(word)}


# JFLAP


@pytest.mark.parametrize("type", ["fa", "mealy", "moore"])
def test_labels_of_jflap_are_words_in_machines_of_every_kind(type: str) -> None:
    transitions = arc(0, 1, "ab") + arc(1, 1, "ab") + arc(0, 0, "b")
    if type == "mealy":
        transitions = transitions.replace("</read>", "</read><transout>x</transout>")
    machine, said = read(jff(TWO, transitions, type), "jflap")
    assert machine.alphabet == ("a", "b")
    assert "one character after the other" in said
    if type == "fa":
        assert words(machine) == {"ab", "abab", "bab", "bbab", "bbbab", "babab"}
    if type == "mealy":
        assert [machine.outputs[str(machine.run(w))] for w in ("a", "ab", "b")] == ["ε", "x", "x"]


def test_what_jflap_8_declares_is_a_symbol() -> None:
    from tests.formats.valid import FOREIGN

    text = FOREIGN["version8.jff"].replace("<input>a</input>", "<input>10</input>")
    assert "10" not in read(text, "jflap")[0].alphabet
    declared = text.replace("<symbol>a</symbol>", "<symbol>10</symbol>")
    assert read(declared, "jflap")[0].alphabet == ("10", "b")


# DOT


@pytest.mark.parametrize("reference", ["&#949;", "&#x3b5;", "&epsilon;", "&lambda;", "&#955;"])
def test_character_references_are_decoded(reference: str) -> None:
    text = dot(f'p -> q [label="{reference}"]; q -> q [label="&#97;"]; q [peripheries=2]')
    assert words(read(text, "dot")[0]) == {"", "a", "aa", "aaa", "aaaa", "aaaaa"}


def test_what_is_no_character_reference_stays() -> None:
    text = dot('p -> p [label="&#xD800;"]; p -> p [label="&nix;"]; p -> p [label="&lt;"]')
    assert read(text, "dot")[0].alphabet == ("&#xD800;", "&nix;", "<")


def test_our_own_labels_are_taken_as_they_are() -> None:
    fsm = FSM(alphabet=("&lt;", "Σ"), start="&#65;", transitions={"&#65;": {"&lt;": "&#65;"}})
    assert formats.read(formats.write(fsm, "dot"), "file", "dot") == fsm


def test_outputs_beside_a_double_circle() -> None:
    text = dot('p [label="{ P | 0 }"]; q [label="Q|1", shape=doublecircle]; p -> q [label=a]')
    machine, _ = read(text, "dot")
    assert (machine.outputs, machine.accepting) == ({"P": "0", "Q": "1"}, {"Q"})
    _, said = read(text.replace("Q|1", "Q"), "dot")
    assert "'{ P | 0 }' were taken for names of states" in said


def test_a_mealy_machine_with_a_double_circle() -> None:
    machine, said = read(
        dot('p [peripheries=2]; p -> q [label="a/1"]; q -> p [label="a/0"]'), "dot"
    )
    assert (machine.alphabet, set(machine.outputs.values())) == (("a",), {"ε", "0", "1"})
    assert "a Mealy machine" in said


def test_actions_are_left_out_and_other_slashes_refused() -> None:
    machine, said = read(dot('p -> q [label="a"]; q -> p [label="b / done"]'), "dot")
    assert machine.alphabet == ("a", "b")
    assert "such as 'b / done' at line 1, was taken for an action" in said
    with pytest.raises(FormatError, match="file:1: the label 'a/b' has a slash where other edges"):
        read(dot('p -> q [label="c"]; q -> p [label="a/b"]'), "dot")
    moore = 'p [label="0 / x"]; q [label="1 / y"]; p -> q [label="a / x"]; q -> p [label="a / y"]'
    with pytest.raises(FormatError, match="where the states have outputs, too"):
        read(dot(moore), "dot")
    declared = dot('alphabet="[\\"a/b\\", \\"c\\"]"; p -> q [label="c"]; q -> p [label="a/b"]')
    assert read(declared, "dot")[0].alphabet == ("a/b", "c")


@pytest.mark.parametrize(
    ("labels", "refused"),
    [
        (("d:1", "d:0.9", "d:0.1"), True),
        (("1", "0.9", "0.1"), True),
        (("a/x:1", "a/x:0.5", "a/y:0.5"), True),
        (("a (1.0)", "a (0.25)", "b (0.75)"), True),
        (("x:0.5", "x:0.7", "x:0.9"), True),
        (("1", "0", "1"), False),
        (("1.5", "0.9", "0.3"), False),
        (("a", "0.9", "0.1"), False),
    ],
)
def test_probabilities_are_no_symbols(labels: tuple[str, ...], refused: bool) -> None:
    edges = zip(("p -> q", "q -> p", "q -> q"), labels, strict=True)
    text = dot("; ".join(f'{edge} [label="{label}"]' for edge, label in edges))
    if refused:
        with pytest.raises(FormatError, match=r"file:1: every label is weighted like .* a Markov"):
            read(text, "dot")
    else:
        read(text, "dot")


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("node [shape=doublecircle]; 2; node [shape=circle]; 0 -> 1 [label=a]; 1 -> 0 [label=b]; 1 -> 2 [label=a]", "0"),
        ("z [peripheries=2]; x -> y [label=a]; y -> x [label=b]; y -> z [label=a]; z -> x [label=c]", "x"),
        ("q3; q1; q1 -> q3 [label=a]; q3 -> q1 [label=a]", "q1"),
        ("1 -> 0 [label=a]; 0 -> 1 [label=a]", "1"),
        ("fake [style=invisible]; q2 [peripheries=2]; q1 [root=true]; q1 -> q2 [label=a]", "q1"),
        ("fake [style=invis]; b -> a [label=a]; a -> b [label=a]", "b"),
    ],
)  # fmt: skip
def test_where_a_drawing_starts(text: str, start: str) -> None:
    machine, _ = read(f"digraph {{ {text} }}", "dot")
    assert machine.start == start
    assert "fake" not in machine.states


@pytest.mark.parametrize("label", ["Σ", "Σ - {13}", "Σ \\\\ {a}", "[^ab]", "\\\\Sigma"])
def test_sets_that_are_not_spelled_out_are_refused(label: str) -> None:
    with pytest.raises(FormatError, match="stands for symbols that are not spelled out"):
        read(dot(f'p -> q [label="{label}"]; q -> p [label="13"]'), "dot")


@pytest.mark.parametrize("label", ["any", "else", "*", "DEF", "other", "a-z", "[a-z]", "a..z", "."])
def test_wildcards_are_noted(label: str) -> None:
    machine, said = read(dot(f'p -> q [label="{label}"]; q -> p [label="13"]'), "dot")
    assert machine.alphabet == (label, "13")
    assert f"the label '{label}' was taken for one symbol of that name" in said
    text = f'{{"nodes": [{{"id": 0, "start": true}}], "edges": [{{"source": 0, "target": 0, "label": "{label}"}}]}}'
    assert "was taken for one symbol" in read(text, "json")[1]


def test_operators_and_points_among_others_are_symbols() -> None:
    for labels in (("*", "+"), (".", "1")):
        text = dot(f'p -> q [label="{labels[0]}"]; q -> p [label="{labels[1]}"]')
        assert "taken for one symbol" not in read(text, "dot")[1]


# Node-link JSON


def test_positions_of_networkx_1() -> None:
    nodes = '"nodes": [{"id": 1, "start": true}, {"id": 2}, {"id": 0, "accepting": true}]'
    links = '"links": [{"source": 0, "target": 1, "label": "a"}, {"source": 1, "target": 2, "label": "b"}]'
    machine, said = read(f'{{"graph": [], {nodes}, {links}}}', "json")
    assert words(machine) == {"ab"}
    assert "positions in the list of nodes" in said
    machine, said = read(f'{{"graph": {{}}, {nodes}, {links}}}', "json")
    assert words(machine) == set()
    assert "read as ids" in said
    named = nodes.replace("1,", '"x",').replace("2}", '"y"}').replace("0,", '"z",')
    assert words(read(f"{{{named}, {links}}}", "json")[0]) == {"ab"}
    in_order = nodes.replace("0,", "9,").replace("1,", "0,").replace("2}", "1}").replace("9,", "2,")
    assert read(f"{{{in_order}, {links}}}", "json")[1] == ""


def test_graphs_of_pyformlang() -> None:
    text = """{"directed": true, "multigraph": true, "graph": {}, "nodes": [
        {"is_start": true, "is_final": false, "label": 0, "id": 0},
        {"label": "", "shape": null, "height": 0.0, "width": 0.0, "id": "starting_0"},
        {"is_start": false, "is_final": true, "label": 1, "id": 1}],
        "edges": [{"label": "a", "source": 0, "target": 1, "key": 0},
        {"source": "starting_0", "target": 0, "key": 0}]}"""
    machine, said = read(text, "json")
    assert (words(machine), machine.states, said) == ({"a"}, ("0", "1"), "")


# Words, and Mealy machines as references


def test_blanks_around_and_between_symbols() -> None:
    reber = rl.load_grammar("reber")
    assert reber.accepts("  B T X S\tE \n")
    assert len(rl.trace(rl.compile(reber), "B T X S E").array("memory")) == 5
    with_blank = FSM(alphabet=("a", " "), start="q", accepting={"q"}, transitions={"q": {"a": "q"}})
    assert not with_blank.accepts("a ")


def test_the_output_before_a_word_of_a_mealy_machine_is_not_judged() -> None:
    machine, _ = read(dot('p -> p [label="a/x"]; p -> p [label="b/y"]'), "dot")
    assert with_first_output(machine, "x").outputs["p"] == "x"
    assert with_first_output(machine, None) == machine
    moore = FSM(alphabet=("a",), start="p", transitions={"p": {"a": "p"}}, outputs={"p": "ε"})
    assert with_first_output(moore, "x") == moore, "its start is entered again"


def test_the_suffix_jflap(tmp_path: object) -> None:
    assert formats.format_of("m.jflap") == "jflap"
    assert input_output("a / b") == [("a", "b")]


# Loss


def test_control_characters_in_names_of_jflap_are_told() -> None:
    fsm = FSM(alphabet=("a",), start="\x01", transitions={"\x01": {"a": "\x01"}})
    assert "control characters in names of states" in formats.losses(fsm, "jflap")


def test_stop_probabilities_of_zero_are_told() -> None:
    fsm = FSM(
        alphabet=("a",), start="q", accepting={"q"}, transitions={"q": {"a": "q"}}, stop={"q": 0.0}
    )
    assert any("stop probabilities of 0" in lost for lost in formats.losses(fsm, "att"))


def test_errors_are_ours() -> None:
    assert issubclass(FormatError, ReberLSTMError)
