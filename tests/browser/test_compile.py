"""The page compiles a machine into the very net that `compile` makes of it."""

from __future__ import annotations

import base64
import json
import random

import numpy as np
import pytest
from hypothesis import Phase, given, settings

import reberlstm as rl
from reberlstm.grammars import grammar_names
from reberlstm.machine.fsm import FSM
from reberlstm.render.page import _machine_data, net_data
from tests.strategies import machines

pytestmark = pytest.mark.browser

MAX_STATES = 200
LOGARITHMS = 1e-14
"""How far logarithms may differ, which no standard gives to the last bit."""

COMPILE = """(all) => JSON.stringify(all.map((data) => {
  const made = $compile.compileMachine(data);
  const machine = $machine.makeMachine(data);
  const net = $net.readNet(made);
  let wrong = 0;
  let random = 1;
  for (let number = 0; number < 12; number++) {
    const word = Array.from({ length: 2 * number }, () => {
      random = (random * 48271) % 2147483647;
      return random % data.alphabet.length;
    });
    // Half of the words stay legal for as long as they can.
    let state = machine.start;
    word.forEach((symbol, t) => {
      const legal = $machine.legalSymbols(machine, state, "absorb");
      if (number % 2 && legal.length) word[t] = legal[symbol % legal.length];
      state = $machine.nextState(machine, state, word[t], "absorb");
    });
    const nodes = $judge.walk(machine, word, "absorb");
    $net.run(net, word, 0).forEach((step, t) => {
      if ($judge.judge(machine, net, t, nodes[t], step).verdict !== "right") wrong++;
    });
  }
  return { made, wrong };
}))"""


def shipped(most=MAX_STATES):
    found = map(rl.load_grammar, grammar_names())
    return [fsm for fsm in found if len(fsm.states) <= most]


def drawn(count):
    """Machines of all kinds from hypothesis, the same at every run."""
    found = []

    @settings(max_examples=count, database=None, phases=[Phase.generate], derandomize=True)
    @given(machines(max_states=7))
    def take(fsm):
        found.append(fsm)

    take()
    return found


def tangled(count):
    """Machines in which many ways lead to one state, so that it often needs copies."""
    rng = random.Random(7)
    for number in range(count):
        names = [f"q{k}" for k in range(rng.randint(5, 9))]
        alphabet = tuple("abcdef"[: rng.randint(4, 6)])
        hub, density = rng.choice(names[:2]), rng.choice((0.9, 1.0))
        lines = {
            q: {
                a: hub if rng.random() < 0.5 else rng.choice(names)
                for a in alphabet
                if rng.random() < density
            }
            for q in names
        }
        name = f"tangled {number}"
        yield FSM(alphabet=alphabet, start="q0", accepting={hub}, transitions=lines, name=name)


def array(matrix):
    """The numbers of a matrix of the page's data."""
    if "float64" in matrix:
        numbers = np.frombuffer(base64.b64decode(matrix["float64"]), "<f8")
        return numbers.reshape(matrix["shape"])
    values = np.zeros(matrix["shape"])
    for line, row in zip(values, matrix["rows"], strict=True):
        line[row[::2]] = row[1::2]
    return values


def assert_same(fsm, made):
    """Everything is equal to the last bit, but for the logarithms of the `next` head."""
    expected = json.loads(json.dumps(net_data(rl.compile(fsm), "compiled", fsm.alphabet)))
    heads = [net["heads"].pop("next") for net in (made, expected)]
    assert made == expected, fsm
    (ours,), (theirs,) = (head.pop("layers") for head in heads)
    assert heads[0] == heads[1]
    for one, other in zip(
        (ours["bias"], array(ours["weight"])),
        (theirs["bias"], array(theirs["weight"])),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-15, atol=LOGARITHMS)


def check(with_modules, all_machines):
    page = with_modules("compile", "net", "machine", "judge")
    found = json.loads(page.evaluate(COMPILE, list(map(_machine_data, all_machines))))
    copies = 0
    for fsm, each in zip(all_machines, found, strict=True):
        assert_same(fsm, each["made"])
        assert each["wrong"] == 0, f"the page's own judge finds a wrong step: {fsm}"
        copies += any(cell.endswith("/2") for cell in each["made"]["cells"])
    return copies


# JavaScript has keys that are numbers in their order.
LABELLED = FSM(
    alphabet=("a",),
    start="2",
    transitions={"2": {"a": "1"}, "1": {"a": "0"}, "0": {"a": "2"}},
    outputs={"1": "odd", "2": "even", "0": "none"},
)


def test_the_page_compiles_the_same_net_to_the_last_bit(with_modules):
    assert rl.compile(LABELLED).labels == ("even", "odd", "none")
    assert check(with_modules, [*shipped(20), *drawn(20), *tangled(20), LABELLED]) > 5


@pytest.mark.slow
def test_many_more_machines(with_modules):
    wide = ["embedded-reber", "dyck-2-6", "dyck-3-4", "anbn-90", "cycle-navigation-60"]
    large = [fsm for fsm in map(rl.load_grammar, wide) if len(fsm.states) <= MAX_STATES]
    assert check(with_modules, [*shipped(), *large, *drawn(400), *tangled(300)]) > 100


FAULTS = {
    "counters": "this machine has counters; the page compiles machines of states only, "
    "and `reberlstm compile` takes both",
    "no symbols": "the machine has no symbols; give its arrows at least one",
    "no start": "no word leads to any state; choose the state that words start in",
    "large": "words lead to 201 states; the page compiles up to 200, "
    "and `reberlstm compile` takes more",
}


def test_what_it_does_not_compile_it_says_in_a_line(with_modules):
    page = with_modules("compile")
    parity = _machine_data(rl.load_grammar("parity"))
    states = [f"q{k}" for k in range(201)]
    lines = {q: {"a": after} for q, after in zip(states, [*states[1:], "q0"], strict=True)}
    faulty = {
        "counters": _machine_data(rl.load_grammar("anbn")),
        "no symbols": parity | {"alphabet": [], "transitions": {q: {} for q in parity["states"]}},
        "no start": parity | {"start": None},
        "large": _machine_data(FSM(alphabet=("a",), start="q0", transitions=lines)),
    }
    take = """(data) => {
      try { $compile.compileMachine(data); } catch (error) { return error.message; }
    }"""
    assert {name: page.evaluate(take, data) for name, data in faulty.items()} == FAULTS
