"""A machine that was made in the page is explored as one that Python has written into it."""

from __future__ import annotations

import itertools

import pytest

import reberlstm as rl
from reberlstm.machine.fsm import FSM
from reberlstm.render import numbered
from reberlstm.render.layout import HEIGHT
from reberlstm.render.page import _explained, _machine_data, functions
from reberlstm.render.sentences import about_machine
from tests.browser.test_compile import shipped, tangled

pytestmark = pytest.mark.browser

EXPLORE = """([data, places]) => {
  const { page } = window.explorer;
  page.show("explore", "", "machine=", $pages.pageData(data, places));
  const app = window.explorer;
  return app.nets[0].judged.map(({ verdict }) => verdict);
}"""


def without_reasons(explained):
    cells = [
        cell | {"gates": {gate: about["sentence"] for gate, about in cell["gates"].items()}}
        for cell in explained["cells"]
    ]
    return cells, explained["heads"]


def test_sentences_are_those_of_explain_and_examples_are_what_they_are_called(with_modules):
    page = with_modules("pages")
    machines = [*shipped(20), *tangled(6)]
    take = "(all) => all.map((data) => $pages.pageData(data))"
    for fsm, found in zip(
        machines, page.evaluate(take, list(map(_machine_data, machines))), strict=True
    ):
        told, explained = found["nets"][0]["explained"], _explained(rl.compile(fsm), fsm)
        assert without_reasons(told) == without_reasons(explained), fsm
        assert found["about"] == about_machine(fsm)
        assert fsm.accepts(found["string"]) or fsm.start not in fsm.distance_to_acceptance
        notes = {example["string"]: example["note"] for example in found["examples"]}
        for string, note in notes.items():
            assert (fsm.run(string) is None) == (note == "a violation")
            assert note != "one of the shortest accepted words" or fsm.accepts(string)
        shortest = [fsm.text(word) for word in itertools.islice(filter(None, fsm.enumerate(9)), 3)]
        assert {*map(len, shortest)} <= {*map(len, notes)}
        assert 0 < len(found["string"]) < 40


def odd_machines():
    """No arrow at all; no end; long symbols; states that are too many to be drawn."""
    yield FSM(alphabet=("a",), start="only", transitions={"only": {}})
    yield FSM(alphabet=("a",), start="p", transitions={"p": {"a": "q"}, "q": {"a": "p"}})
    ways = {"<start>": {"go-on": "end'"}, "end'": {"stop": "<start>"}}
    yield FSM(alphabet=("go-on", "stop"), start="<start>", accepting={"end'"}, transitions=ways)
    yield rl.load_grammar("modular-arithmetic")


def test_odd_machines_are_run_too(page):
    page.add_script_tag(content=functions("pages").replace("const $pages", "globalThis.$pages"))
    for fsm in odd_machines():
        verdicts = page.evaluate(EXPLORE, [_machine_data(fsm), None])
        assert set(verdicts) == {"right"}, fsm
        page.keyboard.press("End")
        assert page.locator("section[aria-label='compiled net'] .verdict").inner_text()


def test_it_is_run_at_once_and_the_card_says_where_it_was_compiled(page):
    page.add_script_tag(content=functions("pages").replace("const $pages", "globalThis.$pages"))
    parity = rl.load_grammar("parity")
    places = {"even": [0.0, 0.0], "odd": [0.2, 0.1]}
    verdicts = page.evaluate(EXPLORE, [_machine_data(parity), places])
    assert verdicts == ["right"] * len(verdicts)
    assert len(verdicts) > 4
    card = page.locator("section[aria-label='compiled net']")
    assert "Compiled in this page: an LSTM of 1 cell." in card.inner_text()
    assert page.locator("#title").inner_text() == parity.title
    nodes = page.evaluate("window.explorer.data.layouts[0].nodes")
    (x, y, width), (ox, oy, other) = (nodes[name] for name in ("even", "odd"))
    assert (width + other) / 2 < ox - x or oy - y > HEIGHT
    assert (oy - y) / (ox - x) == pytest.approx(0.5)
    text = "window.explorer.explained(window.explorer.nets[0]).cells[0].sentence"
    assert page.evaluate(text) == "active after 0 from node odd (a loop) or 1 from node even"
    page.locator(".result:not(.searching)").wait_for(timeout=30_000)
    result = page.locator(".result").inner_text()
    assert "Proved right after every string of any length, in this page" in result


def test_cells_are_in_the_order_of_trace(with_modules):
    page = with_modules("reasons")
    nets = [("1", "10", "start", "2", "T.5", "P.1", "T.1"), rl.compile("reber").cells]
    nets += [rl.compile("dyck-2-3").cells, ("q/2", "q/10", "q", "end")]
    found = page.evaluate(
        "(nets) => nets.map((cells) => $reasons.cellsInOrder({ cells, layers: [0] }))", nets
    )
    assert found == list(map(numbered, nets))
