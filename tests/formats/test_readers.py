"""What each format says, by examples in the dialects of various programs."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm import formats
from reberlstm.machine.fsm import FSM
from tests.formats.valid import FOREIGN


def read(text: str, format: str) -> FSM:
    return formats.read(text.encode(), "file", format)


def noted(text: str, format: str, match: str) -> FSM:
    with pytest.warns(rl.FormatWarning, match=match):
        return read(text, format)


# DOT


def test_aalpy_moore_machines() -> None:
    fsm = read(FOREIGN["aalpy.dot"], "dot")
    assert fsm.name == "LearnedModel"
    assert fsm.outputs == {"s0": "1", "s1": "0"}
    assert (fsm.alphabet, fsm.start, fsm.accepting) == (("a", "b"), "s0", frozenset())


def test_moore_machines_of_the_automata_wiki() -> None:
    text = """digraph g { __start0 [label="" shape="none"]; __start0 -> A;
        A [shape="record", style="rounded", label="{ A | 0 }"];
        B [shape="record", style="rounded", label="{ B | 1 }"];
        A -> B [label="0"]; A -> A [label="1"]; B -> B [label="0"]; }"""
    fsm = read(text, "dot")
    assert fsm.outputs == {"A": "0", "B": "1"}
    assert fsm.transitions == {"A": {"0": "B", "1": "A"}, "B": {"0": "B"}}


def test_outputs_after_a_slash() -> None:
    text = 'digraph { s0 [label="s0/on"]; s1 [label="s1/off"]; i [shape=none]; i -> s0; s0 -> s1 [label=a] }'
    assert read(text, "dot").outputs == {"s0": "on", "s1": "off"}
    accepting = text.replace('label="s1/off"', 'label="s1/off", shape=doublecircle')
    fsm = noted(accepting, "dot", "labels such as 's0/on' were taken for names of states")
    assert (fsm.outputs, fsm.states) == ({}, ("s0/on", "s1/off")), "just names, then"


def test_a_drawing() -> None:
    fsm = noted(
        FOREIGN["drawing.dot"], "dot", r"nondeterministic \(1 epsilon transitions, 2 choices"
    )
    assert fsm.alphabet == ("a", "b", "c", "d")
    assert fsm.name == "fsm"
    for word, accepted in {
        "": False,
        "a": True,
        "ab": True,
        "acd": True,
        "add": True,
        "c": False,
    }.items():
        assert fsm.accepts(word) == accepted, word
    assert fsm.legal(fsm.start) == {"a", "b"}


def test_default_attributes_hold_from_where_they_stand() -> None:
    text = """digraph { a; node [shape=doublecircle]; a b; { node [shape=circle]; c } d;
        edge [label=x]; s [shape=point]; s -> a [label=""]; a -> b; b -> c; c -> d [label=y] }"""
    fsm = read(text, "dot")
    assert fsm.accepting == {"b", "d"}
    assert fsm.transitions == {"a": {"x": "b"}, "b": {"x": "c"}, "c": {"y": "d"}, "d": {}}


def test_a_drawing_without_a_start_begins_at_its_first_state() -> None:
    text = "digraph finite_state_machine { node [shape=doublecircle]; LR_0; node [shape=circle]; LR_0 -> LR_2 [label=S] }"
    fsm = noted(text, "dot", "no start state is marked; the first state, 'LR_0', is taken")
    assert fsm.start == "LR_0"
    assert fsm.accepting == {"LR_0"}


def test_states_are_called_by_their_labels() -> None:
    text = 'digraph { 0 [label="even"]; 1 [label="odd"]; 2 [label="odd", peripheries=2]; s [shape=none]; s -> 0; 0 -> 1 [label=a]; 0 -> 2 [label=b] }'
    assert read(text, "dot").states == ("even", "odd (1)", "odd (2)")


def test_mealy_machines_become_moore_machines() -> None:
    fsm = noted(
        FOREIGN["mealy.dot"], "dot", "a Mealy machine: its 2 states became the 3 of a Moore"
    )
    assert fsm.alphabet == ("a", "b")
    assert fsm.outputs == {"s0": "ε", "s1/x": "x", "s0/y": "y"}
    outputs = [fsm.outputs[str(fsm.run(word))] for word in ("a", "ab", "aaaba")]
    assert outputs == ["x", "y", "x"]


def test_a_symbol_with_blanks_is_renamed() -> None:
    text = 'digraph { s [shape=none]; s -> a; a -> b [label="log in"]; b -> a [label="out"]; b [peripheries=2] }'
    fsm = noted(text, "dot", "white space in 1 symbols was replaced, as in 'log in' → 'log_in'")
    assert fsm.alphabet == ("log_in", "out")


def test_strings_of_dot() -> None:
    text = 'digraph { s [shape=none]; s -> "a\\"b"; "a\\"b" -> "c" + "d" [label="x\\\ny"]; cd [peripheries=2] }'
    assert read(text, "dot").transitions == {'a"b': {"xy": "cd"}, "cd": {}}


# JFLAP


def test_a_label_of_several_characters_is_a_word() -> None:
    with pytest.warns(rl.FormatWarning) as notes:
        fsm = read(FOREIGN["nfa.jff"], "jflap")
    assert fsm.alphabet == ("a", "b")
    assert [fsm.accepts(word) for word in ("", "a", "b", "ab", "aba", "abab")] == [
        False, False, False, True, False, True,
    ]  # fmt: skip
    assert "read one character after the other, such as 'ab' at line 11 as a b" in str(
        notes[0].message
    )
    assert "nondeterministic (1 epsilon transitions)" in str(notes[1].message)


@pytest.mark.parametrize(
    ("label", "alphabet"),
    [
        ("a,b", ("a", "b")),
        ("10,25", ("10", "25")),
        ("[a-d]", tuple("abcd")),
        (",", (",",)),
        ("aab", ("a", "b")),
    ],
)
def test_labels_of_jflap(label: str, alphabet: tuple[str, ...]) -> None:
    text = FOREIGN["nfa.jff"].replace("<read>ab</read>", f"<read>{label}</read>")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rl.FormatWarning)
        assert read(text, "jflap").alphabet == alphabet


def test_jflap_mealy_and_moore_machines() -> None:
    text = FOREIGN["nfa.jff"].replace("<read/>", "<read>c</read>").replace("ab", "a")
    moore = text.replace(">fa<", ">moore<").replace("<final/>", "<output>x</output>")
    assert read(moore, "jflap").outputs == {"q0": "ε", "q1": "x"}
    mealy = text.replace(">fa<", ">mealy<").replace("</read>", "</read><transout>o</transout>")
    fsm = noted(mealy.replace("<final/>", ""), "jflap", "a Mealy machine")
    assert fsm.outputs == {"q0": "ε", "q1/o": "o", "q0/o": "o"}


def test_xml_in_another_encoding() -> None:
    text = FOREIGN["nfa.jff"].replace("<read/>", "<read>é</read>").replace("ab", "a")
    content = text.replace("UTF-8", "ISO-8859-1").encode("latin-1")
    assert formats.read(content, "file", "jflap").alphabet == ("a", "é")


def test_dot_in_latin_1() -> None:
    text = 'digraph { charset="latin1"; i [shape=point]; i -> a; a -> a [label="é"]; a [peripheries=2] }'
    assert formats.read(text.encode("latin-1"), "file", "dot").alphabet == ("é",)
    assert formats.read(text.replace("latin1", "utf-8").encode(), "file", "dot").alphabet == ("é",)


# AT&T text


def test_identity_transducers_are_acceptors() -> None:
    fsm = read("0\t0\tb\tb\n0\t1\ta\ta\n1\t0\tb\tb\n0\n1\n", "att")
    assert (fsm.alphabet, fsm.start, fsm.accepting) == (("b", "a"), "0", {"0", "1"})
    assert fsm.transitions == {"0": {"b": "0", "a": "1"}, "1": {"b": "0"}}


def test_the_first_line_tells_the_start() -> None:
    assert read("7 3 a\n3\n", "att").start == "7"
    assert read("3\n7 3 a\n", "att").start == "3"


def test_nondeterministic_att_text() -> None:
    fsm = noted(FOREIGN["nfa.att"], "att", r"nondeterministic \(1 epsilon transitions, 1 choices")
    assert [fsm.accepts(word) for word in ("", "a", "aa", "ab", "abb", "ba")] == [
        False, True, True, True, True, False,
    ]  # fmt: skip


def test_weights_that_are_probabilities() -> None:
    # The negative logarithms of 1/2 and 1/4.
    half, quarter = 0.6931471805599453, 1.3862943611198906
    fsm = read(f"0 1 a {half}\n0 0 b {half}\n1 1 b {quarter}\n1 0 a {half}\n1 {quarter}\n", "att")
    assert fsm.probabilities["0"] == pytest.approx({"a": 0.5, "b": 0.5})
    assert fsm.probabilities["1"] == pytest.approx({"a": 2 / 3, "b": 1 / 3})
    assert fsm.stop == pytest.approx({"1": 0.25})


def test_other_weights_are_left_out() -> None:
    fsm = noted(
        FOREIGN["weighted.fst"], "att", "the weights were left out: those of state '0' are no"
    )
    assert fsm.probabilities == {}
    assert fsm.accepting == {"1"}


def test_an_infinite_weight_does_not_accept() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rl.FormatWarning)
        assert read("0 1 a\n0\tInfinity\n1\n", "att").accepting == {"1"}


def test_zero_is_epsilon_among_label_numbers_only() -> None:
    fsm = noted("0 1 97\n1 0 0\n1\n", "att", "nondeterministic")
    assert fsm.alphabet == ("97",)
    fsm = noted(
        "0 1 1\n1 0 0\n1\n", "att", "0 was read as a symbol; where it means epsilon, write <eps>"
    )
    assert fsm.alphabet == ("1", "0")


def test_blanks_of_hfst() -> None:
    fsm = read("0\t1\t@_SPACE_@\t@_SPACE_@\n1\t0\t \t \n1\n", "att")
    assert fsm.alphabet == (" ",)


# Node-link JSON


def test_node_link_data_of_others() -> None:
    fsm = noted(FOREIGN["graph.json"], "json", r"nondeterministic \(1 epsilon")
    assert fsm.alphabet == ("a", "b")
    assert [fsm.accepts(word) for word in ("", "a", "ab", "bab")] == [False, True, True, True]


def test_the_key_of_a_multigraph_is_a_symbol() -> None:
    text = """{"nodes": [{"id": "p", "initial": true}, {"id": "q", "final": true}],
        "edges": [{"source": "p", "target": "q", "key": "a"}]}"""
    fsm = read(text, "json")
    assert (fsm.start, fsm.accepting, fsm.transitions["p"]) == ("p", {"q"}, {"a": "q"})


# Standard input and regular expressions


def test_the_format_of_mere_comments_is_found_out_at_once() -> None:
    """Each further comment used to double the time."""
    assert formats.sniff("/* a */ " * 10_000 + "x") == "toml"
    assert formats.sniff("/* a */ " * 10_000 + "digraph {}") == "dot"


def test_a_machine_on_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "input"
    for name, text in FOREIGN.items():
        path.write_text(text, "utf-8")
        with path.open(encoding="utf-8") as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore", rl.FormatWarning)
            monkeypatch.setattr("sys.stdin", stream)
            fsm = rl.load_grammar("-")
            if "." in name:
                assert fsm.difference(rl.load_grammar(_saved(tmp_path, name, text))) is None


def _saved(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("expression", "alphabet", "yes", "no"),
    [
        ("(a|b)*abb", "ab", ["abb", "aabb"], ["", "ab"]),
        ("B(TS*X|PT*V)E", "BTSXPVE", ["BTXE", "BTSSXE", "BPVE"], ["B", "BTXV"]),
        ("[a-c]{2,3}", "abc", ["ab", "abc"], ["a", "abca"]),
        ("(a|b)*a&(a|b){3}", "ab", ["aba", "bba"], ["a", "abb"]),
        ("x?", "x", ["", "x"], ["xx"]),
    ],
)
def test_regular_expressions(expression: str, alphabet: str, yes: list[str], no: list[str]) -> None:
    fsm = rl.load_grammar(f"regex:{expression}")
    assert fsm.alphabet == tuple(alphabet)
    assert all(map(fsm.accepts, yes))
    assert not any(map(fsm.accepts, no))
    assert set(fsm.distance_to_acceptance) == set(fsm.states), "legal is what can be completed"
    assert fsm.states == tuple(map(str, range(len(fsm.states))))


def test_states_that_cannot_be_reached_are_kept_and_told(tmp_path: Path) -> None:
    path = _saved(tmp_path, "m.att", "0 1 a\n2 1 a\n1\n")
    with pytest.warns(
        rl.FormatWarning, match=r"m\.att: 1 state cannot be reached from the start: 2"
    ):
        fsm = rl.load_grammar(path)
    assert fsm.states == ("0", "1", "2")


# Nondeterminism


@pytest.mark.parametrize("seed", range(20))
def test_determinised_machines_accept_the_same_words(seed: int) -> None:
    """Against automata-lib's own simulation of the nondeterministic machine."""
    import random

    from automata.fa.nfa import NFA

    rng = random.Random(seed)
    states = list(map(str, range(6)))
    moves: dict[str, dict[str, set[str]]] = {state: {} for state in states}
    for _ in range(12):
        source, target = rng.choice(states), rng.choice(states)
        moves[source].setdefault(rng.choice(["a", "b", ""]), set()).add(target)
    final = set(rng.sample(states, 2))
    moves["0"].setdefault("a", set()).add("1")  # the first line, so that 0 is the start
    peer = NFA(
        states=set(states),
        input_symbols={"a", "b"},
        transitions=moves,
        initial_state="0",
        final_states=final,
    )
    lines = ["0\t1\ta\ta"]
    lines += [
        f"{q}\t{t}\t{symbol or '@0@'}\t{symbol or '@0@'}"
        for q, line in moves.items()
        for symbol, targets in line.items()
        for t in sorted(targets)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rl.FormatWarning)
        fsm = read("\n".join([*lines, *sorted(final)]), "att")
    words = [""]
    while len(words) < 500:
        words += [word + symbol for word in words[-(2 ** (len(words[-1]))) :] for symbol in "ab"]
    for word in words:
        known = all(symbol in fsm.alphabet for symbol in word)
        assert (known and fsm.accepts(word)) == peer.accepts_input(word), word
    assert fsm.minimise() == fsm or len(fsm.minimise().states) == len(fsm.states)


def test_names_of_determinised_states_can_be_read() -> None:
    fsm = noted("p q a\np r a\nq q b\nr r c\nq\n", "att", "1 choices between transitions")
    assert fsm.states == ("p", "{q,r}", "q", "r")


def test_outputs_of_a_subset_must_agree() -> None:
    text = FOREIGN["aalpy.dot"].replace("s0 -> s0  [label=", "s0 -> s0 [label=a];s0 -> s0 [label=")
    with pytest.raises(
        rl.ReberLSTMError, match="a word leads to both 's1' and 's0', whose outputs"
    ):
        read(text, "dot")
