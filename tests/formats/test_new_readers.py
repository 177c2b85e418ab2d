"""Mata, BA, KISS2, HOA, XState and SCXML: what files mean, what is refused, what is lost."""

from __future__ import annotations

import warnings
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reberlstm import formats
from reberlstm.errors import FormatError, GrammarError
from reberlstm.machine.fsm import FSM
from tests.formats.valid import FOREIGN
from tests.strategies import machines


def read(text: str, format: str | None = None) -> tuple[FSM, str]:
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        machine = formats.read(text.encode(), "file", format)
    return machine, " ".join(str(note.message) for note in notes)


def test_mata() -> None:
    machine, said = read(FOREIGN["small.mata"])
    assert set(machine.alphabet) == {"a", "b", "b_c"}
    accepted = [
        w for n in range(4) for w in product(machine.alphabet, repeat=n) if machine.accepts(w)
    ]
    assert accepted == [("a",), ("b",), ("a", "b_c", "a"), ("b", "b_c", "a")]
    assert "2 start states" in said


def test_ba() -> None:
    machine, said = read(FOREIGN["small.ba"])
    assert (machine.start, machine.accepting) == ("[0]", {"[1]"})
    assert "read as an automaton of finite words; as a Büchi automaton" in said
    machine, said = read("a,p->q\nb,q->p\n")
    assert (machine.start, machine.accepting) == ("p", {"p", "q"})
    assert "which means that all accept" in said


def test_kiss2() -> None:
    machine, said = read(FOREIGN["small.kiss2"])
    assert machine.alphabet == ("00", "01", "10", "11")
    outputs = [machine.outputs[str(machine.run(w))] for w in ("01", "10", "10 00", "01 11 10 01")]
    assert outputs == ["0", "-", "1", "0"]
    assert machine.run(("10", "01")) is None, "its next state is unspecified"
    assert "line 9: the next state is unspecified" in said


def test_kiss2_within_blif() -> None:
    text = ".model m\n.inputs a\n.outputs b\n.start_kiss\n.i 1\n.o 1\n0 p q 0\n- q p 1\n.end_kiss\n.latch x y\n"
    machine, _ = read(text)
    assert (machine.start, set(machine.outputs.values())) == ("p", {"ε", "0", "1"})


def test_hoa_of_finite_words() -> None:
    machine, _ = read(FOREIGN["finite.hoa"])
    assert machine.alphabet == ("!a&!b", "a&!b", "!a&b", "a&b")
    yes = ["a&!b", "!a&b a&!b", "a&!b a&b", "a&!b a&b !a&!b a&b"]
    assert all(map(machine.accepts, yes))
    assert not any(map(machine.accepts, ["", "a&b", "a&!b !a&!b", "a&!b a&b a&b"]))


@pytest.mark.parametrize("acceptance", ["Inf(0)", "Fin(0)"])
def test_hoa_of_infinite_words_is_refused(acceptance: str) -> None:
    text = FOREIGN["finite.hoa"].replace("finite", "Buchi").replace("Final(0)", acceptance)
    with pytest.raises(
        FormatError, match="an automaton of infinite words, as its acceptance is 'Bu"
    ):
        read(text)


def test_xstate() -> None:
    machine, said = read(FOREIGN["light.json"], "json")
    assert (machine.alphabet, machine.name) == (("TIMER", "STAY"), "light")
    assert machine.accepts(("STAY", "TIMER", "TIMER"))
    assert "its actions were left out" in said


def test_scxml() -> None:
    for prefixed in (False, True):
        text = FOREIGN["light.scxml"]
        if prefixed:
            for name in ("scxml", "state", "final", "transition", "onentry", "log"):
                text = text.replace(f"<{name}", f"<s:{name}").replace(f"</{name}", f"</s:{name}")
            text = text.replace("xmlns=", "xmlns:s=")
        machine, said = read(text)
        assert machine.alphabet == ("timer", "error", "error.io", "stay")
        assert machine.accepts(("stay", "error.io")), "error stands for error.io, too"
        assert "a violation here, where SCXML ignores it; its actions were left out" in said


BAD = {
    "mata bits": ("mata", "@NFA-bits\n%Initial q\n", "file:1: an automaton of type 'NFA-bits'"),
    "mata two": ("mata", FOREIGN["small.mata"] + "@NFA-explicit\n", "a second automaton"),
    "mata formula": ("mata", "@NFA-explicit\nq (a | b) r\n", "file:2: expected 'source symbol tar"),
    "mata string": ("mata", '@NFA-explicit\nq "a r\n', "file:2: a string begins here"),
    "mata transducer": ("mata", "@NFA-explicit\n%LevelsNum 2\n", "file:2: a transducer"),
    "mata start": ("mata", "@NFA-explicit\nq a r\n", "no start state; name it, as in %Initial"),
    "mata nothing": ("mata", "", "expected @NFA-explicit, found nothing"),
    "ba line": ("ba", "p\na,p>q\n", "file:2: expected a state or 'symbol,source->target'"),
    "ba order": ("ba", "p\na,p->q\nq\na,p->q\n", "file:4: a transition after the accepting"),
    "ba starts": ("ba", "p\nq\na,p->q\n", "file:2: a second initial state"),
    "kiss words": ("kiss", ".i 1\n0 p q\n", "file:2: expected 'input state next output'"),
    "kiss bits": ("kiss", ".i 2\n0 p q 0\n", "file:2: an input of 1 bits; .i says 2"),
    "kiss digit": ("kiss", "2 p q 0\n", "file:1: the input '2' is no word of 0, 1 and -"),
    "kiss many": ("kiss", f"{'-' * 27} p q 0\n", "27 bits of input make 2^27 symbols"),
    "kiss empty": ("kiss", ".i 1\n.e\n", "no row 'input state next output'"),
    "hoa body": ("hoa", "HOA: v1\nStart: 0\n", "file:3: expected --BODY--"),
    "hoa and": ("hoa", FOREIGN["finite.hoa"].replace("[@x] 1", "[@x] 1&0"), "an alternating"),
    "hoa alias": ("hoa", FOREIGN["finite.hoa"].replace("[@x]", "[@y]"), "alias '@y' is not defin"),
    "hoa ap": ("hoa", FOREIGN["finite.hoa"].replace("[0 |", "[7 |"), "there is no proposition 7"),
    "hoa sets": ("hoa", FOREIGN["finite.hoa"].replace("1 Final(0)", "2 Final(1)"), "is one set"),
    "xstate nested": ("xstate", '{"states": {"a": {"states": {"b": {}}}}}', "file: states.a.states: nested states"),
    "xstate guard": ("xstate", '{"states": {"a": {"on": {"e": {"target": "a", "guard": "g"}}}}}', "guards"),
    "xstate after": ("xstate", '{"states": {"a": {"after": {"1": "a"}}}}', "delayed transitions"),
    "xstate any": ("xstate", '{"states": {"a": {"on": {"*": "a"}}}}', r"'*' stands for any event"),
    "xstate target": ("xstate", '{"states": {"a": {"on": {"e": "b"}}}}', "'b' is no state of"),
    "xstate start": ("xstate", '{"states": {"a": {"on": {"e": "a"}}}}', 'name it in "initial"'),
    "scxml nested": ("scxml", '<scxml><state id="a"><state id="b"/></state></scxml>', "file:1: nested"),
    "scxml parallel": ("scxml", "<scxml>\n<parallel/></scxml>", "file:2: parallel states"),
    "scxml cond": ("scxml", '<scxml><state id="a"><transition cond="x" event="e"/></state></scxml>', "a condition"),
    "scxml eventless": ("scxml", '<scxml><state id="a"><transition target="a"/></state></scxml>', "without an event"),
    "scxml target": ("scxml", '<scxml><state id="a"><transition event="e" target="b"/></state></scxml>', "'b' names no state"),
    "scxml doctype": ("scxml", '<!DOCTYPE scxml [<!ENTITY a "b">]><scxml/>', "a document type declaration"),
    "scxml root": ("scxml", "<structure/>", "expected the element <scxml> of a SCXML file"),
    "scxml deep": ("scxml", "<scxml>" + "<a>" * 100, "nested more than 50 deep"),
}  # fmt: skip


@pytest.mark.parametrize(("format", "text", "message"), BAD.values(), ids=BAD)
def test_what_is_refused(format: str, text: str, message: str) -> None:
    with pytest.raises((FormatError, GrammarError)) as error:
        read(text, format)
    assert str(error.value).startswith("file")
    assert message in str(error.value)


@pytest.mark.parametrize("format", ["kiss", "hoa", "xstate", "scxml"])
def test_formats_that_are_only_read(format: str) -> None:
    fsm = FSM(alphabet=("a",), start="q", transitions={"q": {"a": "q"}})
    with pytest.raises(FormatError, match=f"{format} is not written; choose toml, dot"):
        formats.write(fsm, format)


# Every pair of formats

ODD = st.sampled_from('ab0ε λ"\\<&>,|/-;[]{}#%@\t\x01\u2028') | st.characters(codec="utf-8")
ALPHABETS = st.lists(ODD, min_size=1, max_size=3, unique=True).map(tuple)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(fsm=ALPHABETS.flatmap(lambda alphabet: machines(alphabet=alphabet)))
def test_convert_keeps_a_machine_or_says_what_is_lost(fsm: FSM) -> None:
    """Language, outputs and probabilities, through every pair of formats, with odd names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for first in formats.WRITTEN:
            once = converted(fsm, first)
            for second in formats.WRITTEN if once else ():
                twice = converted(once[0], second)
                if twice:
                    check_kept(fsm, twice[0], once[1] + twice[1])


def converted(fsm: FSM, format: str) -> tuple[FSM, str] | None:
    """The machine through a format, and what is said to be lost; None where it is refused."""
    try:
        content = formats.write(fsm, format)
    except FormatError:
        return None
    return formats.read(content, "file", format), " ".join(formats.losses(fsm, format))


def check_kept(fsm: FSM, machine: FSM, lost: str) -> None:
    assert fsm.difference(machine) is None
    assert fsm.difference(machine, by="legal") is None
    if "outputs" not in lost:
        assert bool(fsm.outputs) == bool(machine.outputs)
        assert not fsm.outputs or fsm.difference(machine, by="label") is None
    if "probabilities" in lost:
        return
    pairs = {(fsm.start, machine.start)}
    waiting = list(pairs)
    while waiting:
        one, two = waiting.pop()
        assert machine.stop_probability(two) == pytest.approx(fsm.stop_probability(one))
        for symbol, target in fsm.transitions[one].items():
            same = pytest.approx(fsm.probability(one, symbol), abs=1e-9)
            assert machine.probability(two, symbol) == same
            pair = (target, machine.transitions[two][symbol])
            if pair not in pairs:
                pairs.add(pair)
                waiting.append(pair)
