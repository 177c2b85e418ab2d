"""The machine: what it says about words, and what it says about bad input."""

from __future__ import annotations

import copy
import math
import pickle

import pytest

import reberlstm as rl
from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM
from tests.cases import CASES, REBER, VIOLATION, machine, reber_legal, reber_prefixes

PARITY = machine("01", "even", "even", {"even": "0even 1odd", "odd": "0odd 1even"}, name="parity")


def fsm(**changes: object) -> FSM:
    """A small valid machine with some fields changed."""
    fields: dict[str, object] = {
        "alphabet": ("a", "b"),
        "start": "0",
        "accepting": {"1"},
        "transitions": {"0": {"a": "0", "b": "1"}, "1": {}},
        "name": "small",
    }
    return FSM(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases(case) -> None:
    for word, expected in case.after.items():
        state = case.fsm.run(word)
        assert case.fsm.accepts(word) == expected[0]
        if state is None:
            assert expected == VIOLATION
        else:
            assert case.fsm.legal(state) == set(expected[1])


def test_shipped_reber_is_rebers_grammar() -> None:
    shipped = rl.load_grammar("reber")
    assert dict(shipped.transitions) == dict(REBER.transitions)
    for prefix in reber_prefixes(12):
        state = shipped.run(prefix)
        assert state is not None
        assert shipped.legal(state) == set(reber_legal(prefix))


def test_shipped_embedded_reber_repeats_the_second_symbol() -> None:
    embedded = rl.load_grammar("embedded-reber")
    for inner in (p for p in reber_prefixes(9) if REBER.accepts(p)):
        for outer in "TP":
            assert embedded.accepts(f"B{outer}{inner}{outer}E")
            assert not embedded.accepts(f"B{outer}{inner}{'TP'.replace(outer, '')}E")
            assert not embedded.accepts(f"B{outer}{inner}E")


@pytest.mark.parametrize("name", rl.grammar_names())
def test_every_shipped_grammar_says_its_name_and_source(name: str) -> None:
    shipped = rl.load_grammar(name)
    assert shipped.name == name
    assert shipped.title
    assert shipped.source
    assert set(shipped.reachable) == set(shipped.states)


# Bad machines: the message names the culprit

BAD = {
    "no symbols": ({"alphabet": ()}, "the alphabet is empty; give at least one symbol"),
    "alphabet as one string": ({"alphabet": "ab"}, "alphabet 'ab' is one string; give a tuple"),
    "alphabet of numbers": ({"alphabet": ("a", 1)}, "symbol 1 of the alphabet is not a non-empty"),
    "empty symbol": (
        {"alphabet": ("a", "")},
        "symbol '' of the alphabet is not a non-empty string",
    ),
    "duplicate symbol": (
        {"alphabet": ("a", "b", "a")},
        "symbol 'a' stands twice in the alphabet; keep one",
    ),
    "long symbol with white space": (
        {"alphabet": ("a", "b", "go on")},
        "symbol 'go on' has white space",
    ),
    "space beside a long symbol": (
        {"alphabet": ("a", "b", "go", " ")},
        "symbol ' ' has white space",
    ),
    "surrogate in a symbol": (
        {"alphabet": ("a", "b", "\ud800")},
        "symbol '\\ud800' of the alphabet",
    ),
    "no states": ({"transitions": {}}, "the machine has no states"),
    "numbered state": (
        {"transitions": {"0": {}, "1": {}, 2: {}}},
        "state 2 is not a non-empty string",
    ),
    "empty name": (
        {"transitions": {"0": {}, "1": {}, "": {}}},
        "state '' is not a non-empty string",
    ),
    "surrogate in a state": (
        {"transitions": {"0": {}, "1": {}, "\udfff": {}}},
        "state '\\udfff' is not",
    ),
    "no start": (
        {"start": "begin"},
        "start state 'begin' has no line in the transitions; the states are 0 1",
    ),
    "undefined accepting state": (
        {"accepting": {"1", "end"}},
        "accepting state 'end' has no line in the transitions; the states are 0 1",
    ),
    "accepting as one string": ({"accepting": "01"}, "accepting '01' is one string; give a set"),
    "undefined target": (
        {"transitions": {"0": {"a": "2"}, "1": {}}},
        "transition of state '0' on 'a' leads to '2', which is not a state; give it a line",
    ),
    "target that is no string": (
        {"transitions": {"0": {"a": ["1"]}, "1": {}}},
        "transition of state '0' on 'a' leads to ['1'], which is not a state",
    ),
    "unknown symbol": (
        {"transitions": {"0": {"c": "0"}, "1": {}}},
        "transition of state '0' on 'c': the symbol is not in the alphabet a b",
    ),
    "line that is no table": (
        {"transitions": {"0": "a1", "1": {}}},
        "transitions of state '0': expected a table from symbols, got 'a1'",
    ),
    "probabilities of no state": (
        {"probabilities": {"9": {"a": 1.0}}},
        "probabilities of state '9': there is no such state",
    ),
    "probability of an illegal symbol": (
        {"probabilities": {"1": {"a": 1.0}}},
        "probabilities of state '1': symbol 'a' has no transition there",
    ),
    "probability left out": (
        {"probabilities": {"0": {"a": 1.0}}},
        "probabilities of state '0': none given for b; name every legal symbol",
    ),
    "probabilities over 1": (
        {"probabilities": {"0": {"a": 0.6, "b": 0.6}}},
        "probabilities of state '0' sum to 1.2, not to 1",
    ),
    "probabilities a little off": (
        {"probabilities": {"0": {"a": 0.5, "b": 0.50001}}},
        "probabilities of state '0' sum to 1.00001, not to 1",
    ),
    "NaN": (
        {"probabilities": {"0": {"a": math.nan, "b": 0.5}}},
        "probabilities of state '0', symbol 'a': nan is not in [0, 1]",
    ),
    "negative": (
        {"probabilities": {"0": {"a": -0.5, "b": 1.5}}},
        "probabilities of state '0', symbol 'a': -0.5 is not in [0, 1]",
    ),
    "infinite": (
        {"probabilities": {"0": {"a": math.inf, "b": 0.5}}},
        "probabilities of state '0', symbol 'a': inf is not in [0, 1]",
    ),
    "probability as text": (
        {"probabilities": {"0": {"a": "0.5", "b": 0.5}}},
        "probabilities of state '0', symbol 'a': '0.5' is not a number",
    ),
    "probability as truth": (
        {"probabilities": {"0": {"a": True, "b": 0.0}}},
        "probabilities of state '0', symbol 'a': True is not a number",
    ),
    "stop of no state": (
        {"stop": {"9": 1.0}},
        "stop probability of state '9': there is no such state",
    ),
    "stop where nothing is accepted": (
        {"stop": {"0": 0.5}},
        "stop probability of state '0': words can end only at accepting states; leave it out",
    ),
    "stop over 1": ({"stop": {"1": 1.5}}, "stop probability of state '1': 1.5 is not in [0, 1]"),
    "stop below 1 where nothing follows": (
        {"stop": {"1": 0.5}},
        "stop probability of state '1' is 0.5, but nothing may follow there; leave it out",
    ),
    "output of no state": ({"outputs": {"9": "x"}}, "output of state '9': there is no such state"),
    "output left out": ({"outputs": {"0": "x"}}, "state '1' has no output; give every state one"),
    "output that is no text": (
        {"outputs": {"0": "x", "1": 1}},
        "output of state '1': 1 is not a non-empty string",
    ),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_bad_machines(changes: dict[str, object], message: str) -> None:
    with pytest.raises(GrammarError) as error:
        fsm(**changes)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_message_of_a_large_machine_stays_one_readable_line() -> None:
    states = {str(number): {} for number in range(5_000)}
    with pytest.raises(GrammarError, match=r"… \(5000 in all\)") as error:
        fsm(start="begin", transitions=states)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    "changes",
    [
        {"accepting": set()},
        {"transitions": {"0": {"a": "1"}, "1": {"a": "1", "b": "1"}}},
        {"transitions": {"0": {}, "1": {}, "far": {"a": "0"}}},
        {"stop": {"1": 1.0}},
        {"probabilities": {"0": {"a": 1.0, "b": 0.0}}},
        {"probabilities": {"0": {"a": 1, "b": 0}}},
        {"probabilities": {"0": {"a": 0.3333333, "b": 0.6666667}}},
        {"alphabet": ("a", "b", " ")},
    ],
    ids=repr,
)
def test_valid_machines(changes: dict[str, object]) -> None:
    fsm(**changes)


# A frozen value


def test_is_frozen_all_the_way_down() -> None:
    line = {"a": "0", "b": "1"}
    given = {"0": line, "1": {}}
    small = fsm(transitions=given)
    line["a"] = "nowhere"
    given["2"] = {}
    assert small == fsm(), "it keeps copies of what it was given"
    with pytest.raises(AttributeError):
        small.start = "1"  # type: ignore[misc]
    with pytest.raises(TypeError):
        small.transitions["0"] = {}  # type: ignore[index]
    with pytest.raises(TypeError):
        small.transitions["0"]["a"] = "1"  # type: ignore[index]
    with pytest.raises(TypeError):
        small.stop["1"] = 0.0  # type: ignore[index]


def test_equal_machines_are_equal_keys() -> None:
    other = fsm(transitions={"1": {}, "0": {"b": "1", "a": "0"}})
    assert other == fsm()
    assert hash(other) == hash(fsm())
    assert fsm(start="1") != fsm()
    assert fsm() != "small"


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_are_equal(duplicate) -> None:
    again = duplicate(REBER)
    assert again == REBER
    assert again.accepts("BTXSE")


def test_the_representation_can_be_evaluated() -> None:
    small = fsm(stop={"1": 1.0}, outputs={"0": "x", "1": "y"})
    assert eval(repr(small)) == small
    assert repr(fsm(name="", accepting=())) == (
        "FSM(alphabet=('a', 'b'), start='0', transitions={'0': {'a': '0', 'b': '1'}, '1': {}})"
    )
    assert str(small) == "small"
    assert str(fsm(name="")) == "machine of 2 states"


def test_lines_are_in_alphabet_order_and_states_in_file_order() -> None:
    small = fsm(transitions={"1": {}, "0": {"b": "1", "a": "0"}})
    assert list(small.transitions["0"]) == ["a", "b"]
    assert small.states == ("1", "0")


# Words


def test_a_word_is_a_string_or_its_symbols() -> None:
    assert PARITY.word("011") == ("0", "1", "1")
    assert PARITY.word(["0", "1"]) == ("0", "1")
    assert PARITY.accepts(iter("11"))
    assert PARITY.word("") == ()


def test_long_symbols_are_written_with_spaces() -> None:
    robot = fsm(alphabet=("a", "go", "b"))
    assert robot.word("go  a b\n") == ("go", "a", "b")
    assert robot.word(["go", "a"]) == ("go", "a")
    assert robot.text(("go", "a")) == "go a"
    assert REBER.text(REBER.word("BTX")) == "BTX"


def test_white_space_can_be_a_symbol_of_one_character() -> None:
    text = fsm(alphabet=("a", "b", " "))
    assert text.word("a b") == ("a", " ", "b")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("BTQ", "unknown symbol 'Q' at position 3; the alphabet of reber is B T S X P V E"),
        ("bTX", "unknown symbol 'b' at position 1"),
        ("BT Q", "unknown symbol 'Q' at position 3"),
        (("BT", "X"), "unknown symbol 'BT' at position 1"),
        ("BBBQ", "unknown symbol 'Q' at position 4"),
    ],
)
def test_unknown_symbols(word, message: str) -> None:
    with pytest.raises(GrammarError) as error:
        REBER.accepts(word)
    assert message in str(error.value)


def test_unknown_states() -> None:
    with pytest.raises(GrammarError, match=r"reber has no state '6'"):
        REBER.legal("6")
    assert REBER.next_state("0", "T") == "1"
    assert REBER.next_state("0", "X") is None


def test_run() -> None:
    assert REBER.run("BTX") == "2"
    assert REBER.run("BX") is None
    assert REBER.run("BXTXSE") is None, "a violation is never forgotten"


# Probabilities


def test_probabilities_are_uniform_where_left_out() -> None:
    small = fsm(
        transitions={"0": {"a": "0", "b": "1"}, "1": {"a": "1"}},
        probabilities={"0": {"a": 0.25, "b": 0.75}},
    )
    assert (small.probability("0", "a"), small.probability("0", "b")) == (0.25, 0.75)
    assert (small.probability("1", "a"), small.probability("1", "b")) == (1.0, 0.0)


def test_stop_probabilities() -> None:
    small = fsm(
        accepting={"0", "1", "2"},
        transitions={"0": {"a": "0", "b": "1"}, "1": {}, "2": {"a": "0"}, "3": {}},
        stop={"2": 0.1},
    )
    assert [small.stop_probability(q) for q in "0123"] == [1 / 3, 1.0, 0.1, 0.0]


def test_to_networkx() -> None:
    graph = fsm(probabilities={"0": {"a": 0.25, "b": 0.75}}).to_networkx()
    assert sorted(graph.edges(data="symbol")) == [("0", "0", "a"), ("0", "1", "b")]
    assert graph.edges["0", "1", "b"]["probability"] == 0.75
    assert graph.nodes["1"]["accepting"]
    assert not graph.nodes["0"]["accepting"]
    assert (graph.graph["start"], graph.graph["alphabet"]) == ("0", ["a", "b"])


def test_completeness_is_about_reachable_states() -> None:
    assert PARITY.is_complete
    assert not REBER.is_complete
    assert fsm(transitions={"0": {"a": "0", "b": "0"}, "1": {}}).is_complete


def test_tables_reject_other_ways() -> None:
    with pytest.raises(GrammarError, match=r"on_violation='forget'; choose 'absorb' or 'resync'"):
        REBER.tables("forget")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("alphabet", 5, "alphabet: expected a tuple of symbols, got 5"),
        ("start", None, "start: expected a string, got None"),
        ("accepting", 5, "accepting: expected a set of states, got 5"),
        ("transitions", ["s"], r"transitions: expected a table of tables, got \['s'\]"),
        ("probabilities", "s", "probabilities: expected a table of tables, got 's'"),
        ("stop", 0.5, "stop: expected a table from states, got 0.5"),
        ("outputs", None, "outputs: expected a table from states, got None"),
        ("name", 5, "name: expected a string, got 5"),
    ],
)
def test_fields_of_a_wrong_type(field: str, value: object, message: str) -> None:
    parts = {
        "alphabet": ("a",), "start": "s", "accepting": {"s"}, "transitions": {"s": {"a": "s"}}
    }  # fmt: skip
    with pytest.raises(GrammarError, match=message):
        FSM(**(parts | {field: value}))


@pytest.mark.parametrize("word", [5, None, object()])
def test_words_of_a_wrong_type(word: object) -> None:
    with pytest.raises(GrammarError, match="expected a word: a string, or its symbols one by one"):
        REBER.accepts(word)  # type: ignore[arg-type]
    with pytest.raises(GrammarError, match=r"unknown symbol .* at position 1"):
        REBER.accepts([word])  # type: ignore[list-item]
