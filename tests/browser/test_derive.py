"""Derive it yourself: every lesson has a solution that is proved, and a student can get there."""

from __future__ import annotations

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.machine.fsm import FSM
from reberlstm.net.readouts import Head
from reberlstm.render.page import _machine_data

pytestmark = pytest.mark.browser

LESSONS = """(reber) => $lessons.lessonsWith(reber).map((lesson) => {
  const machine = $machine.makeMachine(lesson.machine);
  const of = (wiring) => {
    const net = $wiring.netOf(lesson, wiring);
    return { net, ...$prove.decide(machine, $net.readNet(net)) };
  };
  const words = lesson.words.map((word) => $machine.parseWord(machine, word).error);
  const { solution: rows } = lesson;
  const packed = $wiring.unpackRows($wiring.packRows(rows), rows);
  return {
    key: lesson.key, machine: lesson.machine, first: of(lesson.first), solution: of(rows),
    errors: words.filter(Boolean), same: JSON.stringify(packed) === JSON.stringify(rows),
  };
})"""


def array(data):
    filled = np.zeros(data["shape"])
    for row, line in zip(filled, data["rows"], strict=True):
        row[line[::2]] = line[1::2]
    return filled


def net_from(data):
    (layer,) = data["layers"]
    heads = {
        name: Head(array(head["layers"][0]["weight"]), np.array(head["layers"][0]["bias"]))
        for name, head in data["heads"].items()
    }
    return rl.LSTMWeights(
        alphabet=data["alphabet"],
        cells=data["cells"],
        weight_ih=array(layer["weight_ih"]),
        weight_hh=array(layer["weight_hh"]),
        bias_ih=layer["bias_ih"],
        bias_hh=layer["bias_hh"],
        heads=heads,
        claims=data["claims"],
    )


def test_every_lesson_is_wrong_at_first_and_its_solution_proved(with_modules):
    modules = ("machine", "net", "prove", "wiring", "lessons")
    reber = _machine_data(rl.load_grammar("reber"))
    lessons = with_modules(*modules).evaluate(LESSONS, reber)
    assert len(lessons) >= 12
    for lesson in lessons:
        assert lesson["same"], lesson["key"]
        assert lesson["errors"] == [], lesson["key"]
        machine = lesson["machine"]
        fsm = FSM(
            alphabet=tuple(machine["alphabet"]),
            start=machine["start"],
            accepting=set(machine["accepting"]),
            transitions=machine["transitions"],
        )
        first, solution = lesson["first"], lesson["solution"]
        assert (first["verdict"], solution["verdict"]) == ("refuted", "proved"), lesson["key"]
        heads = list(first["net"]["heads"])
        wrong = rl.certify(net_from(first["net"]), fsm, heads=heads)
        assert len(wrong.counterexample) == len(first["wrong"]["word"]), lesson["key"]
        proof = rl.certify(net_from(solution["net"]), fsm, heads=heads)
        assert proof.holds, lesson["key"]
        assert solution["margin"] == pytest.approx(proof.margin, rel=1e-2)
        assert solution["scope"] == proof.scope


def test_a_student_does_a_lesson(open_page, reber_page):
    page = open_page(reber_page, "#mode=derive")
    outcome = page.locator("#outcome")
    page.get_by_text("After it the net says that the word may not end. It may.").wait_for()
    assert outcome.inner_text().startswith("Shortest wrong word: “a”.")

    page.get_by_role("button", name="Writer of cell A: never rings").click()
    page.get_by_role("button", name="symbol a: nothing").press("Enter")
    assert outcome.inner_text().startswith("Shortest wrong word: “ab”.")
    # The focus stays, so that a key can take the choice back.
    assert page.evaluate("document.activeElement.ariaLabel") == "symbol a: rings + on"
    assert page.locator("#strip .here .wrong").inner_text() == "✗ yes"
    assert "Memory of cell A = eraser" in page.locator("#step-text").inner_text()

    page.locator("#ask-hint").click()
    page.locator("#ask-hint").click()
    assert page.locator("#hint").inner_text() == "One answer. Eraser of cell A: shut."
    page.locator("#editor").get_by_role("button", name="shut").click()
    assert outcome.inner_text().startswith("Proved for words of every length")
    bounds = [row.split("\t") for row in page.locator("#proof tbody").inner_text().split("\n")]
    assert bounds == [["0, at first", "0.00"], ["A", "1.00"], ["0", "0.00"]]

    address = page.url
    assert "lesson=last&done=last&set=last." in address
    page.keyboard.press("Control+z")
    assert outcome.inner_text().startswith("Shortest wrong word")
    page.locator("#redo").click()
    assert page.url == address
    page.reload()
    assert outcome.inner_text().startswith("Proved")

    page.locator("#watch").click()
    assert page.locator("#title").inner_text() == "Does the word end in a?"
    page.go_back()
    assert page.url == address
    assert outcome.inner_text().startswith("Proved")
    page.locator("#lesson-next").click()
    assert page.evaluate("document.activeElement.id") == "lesson-title"
    assert "lesson=reader&done=last&set=last." in page.url
    page.locator("#lesson-list").click()
    assert page.get_by_role("button", name="Remember the last symbol ✓ done").count() == 1
