"""Machines with counters: against a simulator of a dozen lines, and what is said of bad ones."""

from __future__ import annotations

import pickle
import re
from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.errors import FormatError, GrammarError
from reberlstm.formats import toml
from reberlstm.grammars import counter_machine_names
from reberlstm.machine import counters
from reberlstm.machine.counters import ANY, CounterMachine, CounterTransition, finite
from reberlstm.machine.fsm import Word
from tests.strategies import counter_machines

POSITIVE, ZERO = frozenset({1}), frozenset({0})

BRACKETS: dict[str, str] = {"(": ")", "[": "]", "{": "}", "<": ">", "«": "»", "⟨": "⟩"}


def balanced(word: str) -> bool:
    """Each kind of brackets for itself: by taking away () until nothing is left."""
    for opening, closing in BRACKETS.items():
        only = "".join(symbol for symbol in word if symbol in (opening, closing))
        while opening + closing in only:
            only = only.replace(opening + closing, "")
        if only:
            return False
    return True


LANGUAGES = {
    "anbn": lambda w: bool(re.fullmatch("a+b+", w)) and w.count("a") == w.count("b"),
    "anbncn": lambda w: (
        bool(re.fullmatch("a+b+c+", w)) and w.count("a") == w.count("b") == w.count("c")
    ),
    "anbmcnm": lambda w: bool(re.fullmatch("a+b+c+", w)) and 2 * w.count("c") == len(w),
    "dyck-1": balanced,
    "shuffle-2": balanced,
    "shuffle-6": balanced,
    "majority": lambda w: w.count("1") > w.count("0"),
    "equal-ab": lambda w: w.count("a") == w.count("b"),
}


def after(machine: CounterMachine, word: Word) -> tuple[str, dict[str, int]] | None:
    """The independent simulator: states, and counters by name."""
    state, counts = machine.start, dict.fromkeys(machine.counters, 0)
    for symbol in word:
        for arrow in machine.transitions:
            signs = [1 if c > 0 else -1 if c < 0 else 0 for c in counts.values()]
            asked = all(s in allowed for s, allowed in zip(signs, arrow.when, strict=True))
            if (arrow.source, arrow.symbol) == (state, symbol) and asked:
                for name, change in zip(machine.counters, arrow.change, strict=True):
                    counts[name] = counts[name] + change if change is not None else 0
                state = arrow.target
                break
        else:
            return None
    return state, counts


def ends(machine: CounterMachine, found: tuple[str, dict[str, int]] | None) -> bool:
    return found is not None and any(
        found[0] == state
        and all(
            any(c * sign > 0 or c == sign == 0 for sign in signs)
            for c, signs in zip(found[1].values(), when, strict=True)
        )
        for state, when in machine.accepting
    )


def words_of(machine: CounterMachine, length: int) -> list[Word]:
    return [w for n in range(length + 1) for w in product(machine.alphabet, repeat=n)]


# Laws


@given(counter_machines(), st.data())
def test_runs_as_the_simulator_says(machine: CounterMachine, data: st.DataObject) -> None:
    word = tuple(data.draw(st.lists(st.sampled_from(machine.alphabet), max_size=15)))
    found = after(machine, word)
    configuration = machine.configuration(word)
    assert machine.accepts(word) == machine.accepts("".join(word)) == ends(machine, found)
    if found is None or configuration is None:
        assert found is configuration is None
        return
    assert configuration == (found[0], tuple(found[1].values()))
    assert list(machine.configurations(word))[-1] == configuration
    assert machine.legal(configuration) == tuple(
        a for a in machine.alphabet if after(machine, (*word, a)) is not None
    )


@given(counter_machines(), st.integers(0, 2))
def test_bounded_agrees_while_the_counters_stay_within(machine: CounterMachine, n: int) -> None:
    cut = machine.bounded(n)
    for word in words_of(machine, 4):
        stays = all(
            found is not None and max(map(abs, found[1].values())) <= n
            for found in (after(machine, word[:t]) for t in range(len(word) + 1))
        )
        assert cut.accepts(word) == (stays and machine.accepts(word))
        assert (cut.run(word) is not None) == stays


@given(counter_machines())
def test_enumeration_is_that_of_brute_force(machine: CounterMachine) -> None:
    assert list(machine.enumerate(4)) == [w for w in words_of(machine, 4) if machine.accepts(w)]


@given(counter_machines(), st.integers(0, 3))
def test_samples_are_accepted(machine: CounterMachine, seed: int) -> None:
    if not any(ends(machine, after(machine, word)) for word in words_of(machine, 3)):
        with suppress(GrammarError):
            machine.samples()
        return
    words = []
    with suppress(GrammarError):  # most words may lead where there is no end
        words = machine.sample(3, seed=seed)
        assert words == machine.sample(3, seed=seed)
    assert all(ends(machine, after(machine, word)) for word in words)


@given(counter_machines())
def test_toml_carries_everything(machine: CounterMachine) -> None:
    again = toml.read(toml.write(machine), "again.toml")
    assert again == machine == pickle.loads(pickle.dumps(machine))
    assert hash(again) == hash(machine)


# The shipped machines


def test_every_shipped_machine_has_a_definition() -> None:
    assert sorted(LANGUAGES) == counter_machine_names()
    assert not set(LANGUAGES) & set(rl.grammar_names())


@pytest.mark.parametrize("name", LANGUAGES)
def test_shipped_machines_are_their_languages(name: str) -> None:
    machine = rl.load_grammar(name)
    assert isinstance(machine, CounterMachine)
    assert machine.name == name
    assert len(machine.title) > 10
    assert len(machine.source) > 40
    assert machine.reachable == machine.states
    length = {2: 11, 3: 8, 4: 6, 12: 3}[len(machine.alphabet)]
    for word in map("".join, words_of(machine, length)):
        assert machine.accepts(word) == LANGUAGES[name](word), word
    long = ["".join(word) for word in machine.sample(30, seed=1)]
    assert max(map(len, long)) > 5
    for word in long:
        assert LANGUAGES[name](word), word
        for wrong in (word[1:], word[:-1], word[::-1], word + word):
            assert machine.accepts(wrong) == LANGUAGES[name](wrong), wrong


def test_bounded_machines_are_the_families_of_old() -> None:
    assert rl.load_grammar("dyck-1").bounded(5).difference(rl.load_grammar("dyck-1-5")) is None
    assert rl.load_grammar("anbn").bounded(4).difference(rl.load_grammar("anbn-4")) is None


# What is refused

UP = CounterTransition("q", "a", "q", (ANY,), (1,))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"counters": ()}, "there are no counters; name at least one, or make an FSM"),
        ({"counters": "n"}, "counters: expected a tuple of names, got 'n'"),
        ({"counters": ("n > 0",)}, "counter 'n > 0' is not a name of letters, digits and _"),
        ({"counters": ("n", "n")}, "counter 'n' is named twice; keep one"),
        ({"alphabet": "ab"}, "alphabet: expected a tuple of symbols, got 'ab'"),
        ({"start": 1}, "start: expected a string, got 1"),
        ({"alphabet": ("b",)}, "transition 1, of state 'q' on 'a': the symbol is not in the"),
        ({"accepting": (("r", (ANY,)),)}, "accepting state 'r' is neither the start nor in a"),
        ({"accepting": ("q",)}, "accepting: 'q' is not a state with a guard"),
        ({"accepting": (("q", (set(),)),)}, "accepting state 'q': the signs of counter 'n' are"),
        ({"transitions": ("up",)}, "transition 1 is no CounterTransition: 'up'"),
        (
            {"transitions": (CounterTransition("q", "a", "q", (ANY, ANY), (1,)),)},
            "is not a tuple with a set of signs for each of 1 counter",
        ),
        (
            {"transitions": (CounterTransition("q", "a", "q", (ANY,), (2,)),)},
            "counter 'n' changes by 2; one step adds -1, 0 or 1, or sets it to 0 (None)",
        ),
        (
            {"transitions": (UP, CounterTransition("q", "a", "r", (POSITIVE,), (0,)))},
            "transitions of state 'q' on 'a': those to 'q' (always) and to 'r' (n > 0) can both "
            "be taken where n > 0; make their guards exclude each other",
        ),
    ],
)
def test_what_is_no_machine(changes: dict[str, object], message: str) -> None:
    fields = {
        "name": "x",
        "alphabet": ("a",),
        "start": "q",
        "counters": ("n",),
        "transitions": (UP,),
        "accepting": (("q", (ZERO,)),),
    }
    with pytest.raises(GrammarError, match=re.escape(message)):
        CounterMachine(**(fields | changes))  # type: ignore[arg-type]


def test_bad_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MAX_CONFIGURATIONS", 200)
    monkeypatch.setattr(counters, "MAX_UNBOUNDED", 20)
    machine = rl.load_grammar("anbn")
    for ask, message in (
        (lambda: machine.bounded(-1), "bound -1 of the counters is not a number from 0 on"),
        (lambda: machine.within(-1), "-1 is not a number of symbols from 0 on"),
        (lambda: machine.bounded(10**6), "over 200 states"),
        (lambda: machine.step(("z", (0,)), "a"), "anbn has no state 'z'"),
        (lambda: machine.accepts("abc"), "unknown symbol 'c' at position 3"),
        (lambda: list(machine.enumerate()), "give a maximum length"),
        (lambda: finite(machine, "x"), "x needs a finite-state machine, and anbn has 1 counter"),
    ):
        with pytest.raises(GrammarError, match=re.escape(message)):
            ask()


GOOD = """\
name = "anbn"
alphabet = ["a", "b"]
counters = ["n", "m"]
start = "as"
accepting = [{ state = "bs", when = "n = 0" }, "as"]
transitions = [
    { from = "as", on = "a", to = "as", do = "n + 1, m := 0" },
    { from = "as", on = "b", to = "bs", when = "n > 0", do = "n - 1" },
]
"""


def test_written_as_read() -> None:
    assert toml.write(toml.read(GOOD, "good.toml")) == GOOD


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('start = "as"\n', "", "bad.toml: 'start' is missing; a machine with counters needs"),
        ("start =", "begin =", "bad.toml:4: unknown key 'begin'; a machine with counters has"),
        ('["n", "m"]', "[1]", "bad.toml:3: 'counters' must be a list of strings, not [1]"),
        ('["n", "m"]', "2", "bad.toml:3: 'counters' must be a list, not 2"),
        ('["n", "m"]', "[]", "bad.toml:7: transitions, entry 1: 'do' has 'n + 1', but the"),
        ('to = "bs", ', "", "bad.toml:8: transitions, entry 2: 'to' is missing; it needs from"),
        ('on = "b"', 'on = ["b"]', "bad.toml:8: transitions, entry 2: 'on' must be a string"),
        ("when =", "if =", "bad.toml:5: accepting, entry 1: unknown key 'if'; it has state, when"),
        ("n > 0", "n > 1", "bad.toml:8: transitions, entry 2: 'when' has 'n > 1'; write n > 0,"),
        ("n - 1", "n - 2", "'do' has 'n - 2'; write n + 1, n - 1, n := 0, with commas"),
        ("n > 0", "k > 0", "'when' has 'k > 0', but the counters are n m"),
        ("n > 0", "n > 0, n < 0", "'when' has 'n < 0', and counter 'n' before; name it once"),
        ('"b", to', '"c", to', "bad.toml:8: transition 2, of state 'as' on 'c': the symbol"),
        ('"b", to', '"a", to', "bad.toml:8: transitions of state 'as' on 'a': those to 'as'"),
        (', "as"]', ', "cs"]', "bad.toml:5: accepting state 'cs' is neither the start nor in"),
        ('["a", "b"]', "[]", "bad.toml:2: the alphabet is empty"),
    ],
)
def test_bad_files_are_told_with_their_line(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises((FormatError, GrammarError)) as raised:
        toml.read(GOOD.replace(old, new, 1), "bad.toml")
    assert message in str(raised.value)


def test_other_formats_refuse_in_one_line(tmp_path) -> None:
    with pytest.raises(GrammarError, match="the format dot needs a finite-state machine") as raised:
        rl.save_grammar("anbn", tmp_path / "anbn.dot")
    assert "`reberlstm fsm bound anbn --counters 10 -o FILE.toml`" in str(raised.value)
    rl.save_grammar("anbn", tmp_path / "anbn.toml")
    assert rl.load_grammar(tmp_path / "anbn.toml") == rl.load_grammar("anbn")
