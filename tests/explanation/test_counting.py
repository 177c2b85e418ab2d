"""What is said of a net that counts, found from its weights."""

from __future__ import annotations

import pytest

import reberlstm as rl
from reberlstm.errors import GrammarError
from reberlstm.machine.counters import ANY, CounterMachine, CounterTransition

ANBN = rl.explain(rl.compile("anbn"))


def test_each_cell_and_gate_has_a_sentence() -> None:
    assert ANBN.cell("n").role == "counter n"
    assert ANBN.cell("n").sentence == "c is the counter: +1 on a, −1 on b"
    assert ANBN.cell("bs").sentence == "becomes active on b after as and bs if n > 0"
    assert ANBN.cell("started").sentence == "active from the first symbol on"
    assert ANBN.sentence("bs", "output") == "open if n > 0"
    assert ANBN.sentence("n", "forget") == "open at every step"
    assert [line.sentence for line in ANBN.heads["legal"].lines] == [
        "after the start and as",
        "after as and bs if n > 0",
    ]
    assert ANBN.heads["accept"].sentence == "a word may end after bs if n = 0"


def test_an_edited_net_is_explained_as_it_is() -> None:
    net = rl.compile("anbn")
    row, a = 2 * net.size + net.cells.index("n"), net.alphabet.index("a")

    def edit(name: str, array: object) -> object:
        if name == "weight_ih":
            array = array.copy()  # type: ignore[attr-defined]
            array[row, a] = 0.0
        return array

    edited = net.map_arrays(edit)  # type: ignore[arg-type]
    assert rl.explain(edited).sentence("n", "candidate") == "−1 on b, exactly 0 on a"


def test_a_sign_is_asked_one_step_before() -> None:
    explained = rl.explain(rl.compile("equal-ab"))
    assert explained.sentence("q (lead > 0)", "output") == "open on a; open on b if lead > 1"
    assert explained.heads["accept"].sentence == "a word may end after the start"


def test_a_counter_that_is_late_says_so() -> None:
    steps = [("p", "a", "p", 1), ("p", "b", "q", -1), ("q", "a", "p", -1), ("q", "b", "q", 1)]
    arrows = tuple(CounterTransition(q, a, to, (ANY,), (by,)) for q, a, to, by in steps)
    machine = CounterMachine("xor", ("a", "b"), "p", ("n",), arrows, (("p", (ANY,)),))
    explained = rl.explain(rl.compile(machine))
    sentence = explained.cell("n").sentence
    assert sentence.startswith("c is how far the counter is beyond ±1, one step late: +1 after ")
    assert "; −1 after " in sentence
    assert "one step late" in " ".join(explained.summary)


def test_a_net_that_does_not_count_needs_a_finite_machine() -> None:
    net = rl.compile("anbn").replace(counting=None)
    with pytest.raises(GrammarError, match="explain, of a net that does not count, needs a finite"):
        rl.explain(net, "anbn")
