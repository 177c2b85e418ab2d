"""Where the page itself draws the states and arrows of a machine."""

from __future__ import annotations

import itertools
import math
import random

import pytest

import reberlstm as rl
from reberlstm.grammars import grammar_names
from reberlstm.machine.fsm import FSM
from reberlstm.render.layout import HEIGHT, MAX_STATES
from reberlstm.render.page import _machine_data

pytestmark = pytest.mark.browser


def machines():
    shipped = [rl.load_grammar(name) for name in grammar_names()]
    yield from (fsm for fsm in shipped if len(fsm.states) <= MAX_STATES)
    rng = random.Random(3)
    for size, density in itertools.product((1, 4, 9, 20), (0.4, 0.7, 1.0)):
        states = [f"q{number}" for number in range(size)]
        lines = {
            q: {a: rng.choice(states) for a in "abc" if rng.random() < density} for q in states
        }
        yield FSM(alphabet=tuple("abc"), start="q0", transitions=lines)


def inside(point, node, room=0.0):
    """Whether a point is in the ellipse of a node, or so near to it."""
    x, y, width = node
    return math.hypot((point[0] - x) / (width / 2 + room), (point[1] - y) / (HEIGHT / 2 + room)) < 1


def test_every_state_and_arrow_is_drawn_and_none_over_another(with_modules):
    page = with_modules("places")
    drawn = list(machines())
    take = "(all) => all.map((machine) => $places.layoutsOf(machine))"
    for fsm, layouts in zip(
        drawn, page.evaluate(take, list(map(_machine_data, drawn))), strict=True
    ):
        ends = {(q, to) for q, line in fsm.transitions.items() for to in line.values()}
        for layout in layouts:
            nodes = layout["nodes"]
            assert set(nodes) == set(fsm.states)
            for (x, y, w), (ox, oy, ow) in itertools.combinations(nodes.values(), 2):
                assert abs(x - ox) >= (w + ow) / 2 or abs(y - oy) >= HEIGHT, fsm
            edges = layout["edges"]
            assert {(e["source"], e["target"]) for e in edges} == {(None, fsm.start), *ends}
            for edge in edges:
                assert inside(edge["tip"], nodes[edge["target"]], 0.5)
                assert not inside(edge["path"][-1], nodes[edge["target"]])
                if edge["source"] is not None:
                    assert inside(edge["path"][0], nodes[edge["source"]], 0.5)
                    source, target = edge["source"], edge["target"]
                    symbols = [a for a in fsm.alphabet if fsm.next_state(source, a) == target]
                    assert edge["symbols"] == symbols
            texts = [tuple(e["label"]) for e in edges if e["label"]]
            assert not any(inside(text, node, -4) for text in texts for node in nodes.values()), fsm
            for x, y in [*texts, *((x, y) for x, y, _ in nodes.values())]:
                assert (x, y) == (min(max(x, 0), layout["width"]), min(max(y, 0), layout["height"]))


def test_states_stay_where_they_are_put_and_arrows_follow_at_once(with_modules):
    page = with_modules("places", "curves")
    fsm = rl.load_grammar("embedded-reber")
    take = """(machine) => {
      const places = $places.placesOf(machine);
      const times = Array.from({ length: 20 }, () => {
        const begin = performance.now();
        $curves.layoutAt(machine, places);
        return performance.now() - begin;
      });
      return { places, time: Math.min(...times), layouts: $places.layoutsOf(machine, places) };
    }"""
    found = page.evaluate(take, _machine_data(fsm))
    assert {q: place[:2] for q, place in found["layouts"][0]["nodes"].items()} == found["places"]
    assert found["time"] < 4.0, "milliseconds, while 20 states are dragged"


def test_a_machine_that_is_too_large_is_not_drawn(with_modules):
    page = with_modules("places")
    machine = _machine_data(rl.load_grammar("modular-arithmetic"))
    assert page.evaluate("(machine) => $places.layoutsOf(machine)", machine) is None
