"""Places for nodes and edges, from Graphviz and without it."""

from __future__ import annotations

import itertools
import json
import math

import pytest

import reberlstm as rl
from reberlstm.errors import MissingExtraError
from reberlstm.machine.fsm import FSM
from reberlstm.render import layout
from reberlstm.render.layout import HEIGHT, edge_text, lay_out, layered

GRAMMARS = ["reber", "parity", "embedded-reber", "tomita-3", "alternating"]


def check(fsm, drawn):
    assert set(drawn.nodes) == set(fsm.reachable)
    for x, y, width in drawn.nodes.values():
        assert width / 2 - 1 <= x <= drawn.width - width / 2 + 1
        assert HEIGHT / 2 - 1 <= y <= drawn.height - HEIGHT / 2 + 1
    for (x, y, w), (x2, y2, w2) in itertools.combinations(drawn.nodes.values(), 2):
        assert abs(x - x2) >= (w + w2) / 2 - 1 or abs(y - y2) >= HEIGHT - 1, "nodes overlap"
    arrows = {(e.source, e.target): e.symbols for e in drawn.edges if e.source is not None}
    for source in fsm.reachable:
        for symbol, target in fsm.transitions[source].items():
            assert symbol in arrows[source, target]
    for edge in drawn.edges:
        assert len(edge.path) % 3 == 1
        for place, name in ((edge.path[0], edge.source), (edge.tip, edge.target)):
            if name is not None:
                x, y, width = drawn.nodes[name]
                # On the border of the ellipse, or so near that no gap is seen.
                radius = math.hypot((place[0] - x) / (width / 2), (place[1] - y) / (HEIGHT / 2))
                assert 0.85 < radius < 1.45
    assert [edge.source for edge in drawn.edges].count(None) == 1


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("name", GRAMMARS)
def test_everything_has_a_place(name, direction):
    fsm = rl.load_grammar(name)
    drawn = lay_out(fsm, direction)
    check(fsm, drawn)
    json.dumps(drawn.to_dict())


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("name", GRAMMARS)
def test_without_graphviz_there_are_layers(name, direction, monkeypatch):
    def missing(*arguments, **options):
        raise MissingExtraError("drawing needs Graphviz")

    monkeypatch.setattr(layout, "run_graphviz", missing)
    fsm = rl.load_grammar(name)
    drawn = lay_out(fsm, direction)
    assert drawn == layered(fsm, direction)
    check(fsm, drawn)


def test_large_machines_have_none():
    names = [str(n) for n in range(layout.MAX_STATES + 1)]
    lines = {name: {"a": names[(k + 1) % len(names)]} for k, name in enumerate(names)}
    assert lay_out(FSM(alphabet=("a",), start="0", transitions=lines)) is None


def test_long_labels_are_shortened():
    assert edge_text(("a", "b")) == "a b"
    assert edge_text(tuple("abcdefgh")) == "a … h (8)"
