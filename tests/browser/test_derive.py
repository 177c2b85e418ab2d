"""Derive it yourself: every lesson has a solution that is proved, and a student can get there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.machine.fsm import FSM
from reberlstm.net.readouts import Head
from reberlstm.render.page import _machine_data, explorer_page, net_data

pytestmark = pytest.mark.browser

LESSONS = """([reber, published]) => $lessons.lessonsWith(reber, published).map((lesson) => {
  const machine = $machine.makeMachine(lesson.machine);
  const of = (wiring) => {
    const net = $wiring.netOf(lesson, wiring);
    return { net, ...$prove.decide(machine, $net.readNet(net)) };
  };
  const words = lesson.words.map((word) => $machine.parseWord(machine, word).error);
  const { solution: rows } = lesson;
  const some = rows ?? lesson.first;
  const packed = $wiring.unpackRows($wiring.packRows(some), some);
  return {
    key: lesson.key, title: lesson.title, machine: lesson.machine, first: of(lesson.first), solution: rows && of(rows),
    errors: words.filter(Boolean), same: JSON.stringify(packed) === JSON.stringify(some),
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
    reber = rl.load_grammar("reber")
    given = [_machine_data(reber), net_data(rl.published(), "published", reber.alphabet)]
    lessons = with_modules(*modules).evaluate(LESSONS, given)
    page = (Path(__file__).parents[2] / "docs" / "lessons.md").read_text("utf-8")
    titles = re.findall(r"^\| \d+\. (.*?) \|", page, re.M)
    assert titles == [lesson["title"] for lesson in lessons]
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
        if solution is None:  # the published net, which no steepness makes right for ever
            assert len(first["wrong"]["word"]) == len(rl.certify(rl.published()).counterexample)
            continue
        assert (first["verdict"], solution["verdict"]) == ("refuted", "proved"), lesson["key"]
        heads = list(first["net"]["heads"])
        wrong = rl.certify(net_from(first["net"]), fsm, heads=heads)
        assert len(wrong.counterexample) == len(first["wrong"]["word"]), lesson["key"]
        proof = rl.certify(net_from(solution["net"]), fsm, heads=heads)
        assert proof.holds, lesson["key"]
        assert solution["margin"] == pytest.approx(proof.margin, rel=1e-2)
        assert solution["scope"] == proof.scope


def says(page, text):
    page.locator("#outcome", has_text=text).wait_for()


def test_a_student_does_a_lesson(open_page, reber_page):
    page = open_page(reber_page, "#mode=derive")
    says(
        page,
        "Shortest wrong word: a (1 symbol). There the net says that the word may not end. It may.",
    )

    page.get_by_role("button", name="Writer of cell A: never rings").click()
    page.get_by_role("button", name="symbol a: nothing").press("Enter")
    says(page, "Shortest wrong word: ab (2 symbols).")
    # The focus stays, so that a key can take the choice back.
    assert page.evaluate("document.activeElement.ariaLabel") == "symbol a: rings + on"
    assert page.locator("#strip .here .wrong").all_inner_texts() == ["✗ 0.95", "✗ yes"]
    assert page.locator("#step-text").inner_text() == (
        "b comes. Memory of cell A = eraser · old memory + writer = 0.95 · 1.00 + 0.00 = 0.95. "
        "At node 0 this cell should not be active. The eraser was open, and kept the old memory."
    )

    page.locator("#ask-hint").click()
    page.locator("#ask-hint").click()
    assert page.locator("#hint").inner_text() == "One answer: Eraser of cell A: shut."
    page.locator("#ask-hint").click()
    assert page.locator("#hint").inner_text() == "Still: Eraser of cell A: shut."
    page.locator("#editor").get_by_role("button", name="shut").click()
    says(page, "Proved right after every string of any length")
    bounds = [row.split("\t") for row in page.locator("#proof tbody").inner_text().split("\n")]
    assert bounds == [["0, at first", "0.00"], ["A", "1.00"], ["0", "0.00"]]
    step = "at node A the memory of cell A is 1.00. Then a comes. The next node is A again"
    assert step in page.locator("#proof").inner_text()
    assert "In your net the old memory is erased" in page.locator("#proof").inner_text()
    assert page.locator("#hint").inner_text() == ""

    address = page.url
    assert "lesson=last&done=last&set=last." in address
    page.keyboard.press("Control+z")
    says(page, "Shortest wrong word")
    page.locator("#redo").click()
    assert page.url == address
    page.reload()
    says(page, "Proved")

    page.locator("#watch").click()
    assert page.locator("#title").inner_text() == "Does the word end in a?"
    page.locator(".found .result", has_text="in this page:").wait_for(state="attached")
    # A link that is copied here leads here, with the student's net.
    watched = page.url
    assert watched.startswith(address)
    page.reload()
    assert page.locator("#title").inner_text() == "Does the word end in a?"
    page.locator("#back").click()
    page.go_back()
    page.wait_for_timeout(300)
    assert page.url == address
    says(page, "Proved")
    page.locator("#lesson-next").click()
    assert page.evaluate("document.activeElement.id") == "lesson-title"
    assert "lesson=reader&done=last&set=last." in page.url
    page.locator("#lesson-list").click()
    assert page.get_by_role("button", name="Remember the last symbol ✓ done").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("#lessons").is_hidden()


FAULTS = [
    # The filter of AB opened by symbol a in place of cell A.
    (
        "filter",
        {"candidate AB": "+b", "input AB": "shut +a"},
        "The writer rang, but the filter was shut.",
    ),
    # The cells are right, and the reader rests at yes.
    (
        "end",
        {"candidate in": "+("},
        "The cells are as they should be. The reader says yes: this row rests at yes, "
        "and cell in, which is active, changes nothing.",
    ),
    # All is right but the reader, who does not read cell green.
    (
        "reader",
        {"reader r": "+yellow", "reader g": "+red", "reader y": "+yellow"},
        "The reader says no to y: this row rests at no, and cell green, which is active, "
        "changes nothing.",
    ),
    # Two stages of parity.
    ("parity", {"candidate came": "+1"}, "At node odd after 1 this cell should be active."),
    (
        "parity",
        {"candidate came": "+1", "input came": "open"},
        "At node odd after 0 this cell should be active. The writer did not ring.",
    ),
    (
        "one",
        {"input odd": "open", "output odd": "open"},
        "At node even this cell should not be active. The writer rang, and the filter was open. "
        "The output gate was open.",
    ),
]


SET = """([key, texts]) => {
  const lesson = explorer.lessons.find((each) => each.key === key);
  explorer.open(lesson);
  explorer.change(lesson.first.map((row, k) => {
    const { [lesson.rows[k].key]: text } = texts;
    if (text === undefined) return row;
    const signs = new Map(text.split(" ").map((part) => [part.slice(1), part[0] === "+" ? 1 : -1]));
    return [text.startsWith("open") ? 1 : row[0], ...lesson.rows[k].reads.map(({ name }) => signs.get(name) ?? 0)];
  }));
}"""


def test_a_wrong_step_says_what_is_at_fault(open_page, reber_page):
    page = open_page(reber_page, "#mode=derive")
    for key, texts, sentence in FAULTS:
        page.evaluate(SET, [key, texts])
        says(page, "Shortest wrong word")
        assert sentence in page.locator("#step-text").inner_text(), key
    # What the net is not asked is shown, but not judged.
    page.evaluate(SET, ["reader", {}])
    first = "#strip tbody tr:nth-last-child({}) td:first-of-type"
    assert page.locator(first.format(2)).inner_text() == "nothing\n(not judged)"
    assert page.locator(first.format(1)).inner_text() == "r"
    # Another net than the answer is proved: nothing is said that is not true of it.
    page.evaluate(SET, ["last", {"candidate A": "+a -b", "forget A": "shut"}])
    page.evaluate("explorer.set(0, 0, -1)")
    says(page, "Proved")
    assert "Your net has its own way" in page.locator("#proof").inner_text()
    assert page.locator("#strip .wrong").count() == 0


def test_it_is_there_for_all_people_and_on_paper(open_page, reber_page):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    # Held by the eraser alone, the light fades in a long word.
    link = "#mode=derive&lesson=switch"
    page = open_page(reber_page, link, width=360, scheme="dark")
    says(page, "Shortest wrong word: 1wwww")
    page.locator("#numbers").check()
    page.locator("#lesson-list").click()
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    for width in (320, 360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.emulate_media(media="print")
    page.evaluate(
        """window.print = () => {
          window.dispatchEvent(new Event("beforeprint"));
          window.seen = document.body.innerText;
          window.dispatchEvent(new Event("afterprint"));
        }"""
    )
    page.locator("#print-all").evaluate("(button) => button.click()")
    sheets = page.evaluate("window.seen").split("Name: ")[1:]
    assert len(sheets) == 15  # the last lesson cannot be done on paper
    assert "12 of 16: Reber with a row missing" in sheets[11]
    assert "shut, opened by cells 1 and 4" in sheets[11]  # what is given
    assert "rings + on T, S" not in sheets[11]  # what is asked
    assert all(sheet.count("May") >= 1 and "Hint" not in sheet for sheet in sheets)
    page.locator("#print-answers").evaluate("(button) => button.click()")
    assert "15. Reber, all by yourself" in page.evaluate("window.seen")
    assert "rings + on T, S" in page.evaluate("window.seen")
    page.evaluate("window.print()")
    assert "6 of 16: Hold and forget" in page.evaluate("window.seen")


def test_the_pages_own_machine_can_be_wired(open_page, folder):
    fsm = rl.load_grammar("parity")
    path = folder / "parity-derive.html"
    path.write_text(explorer_page(fsm, [rl.compile(fsm)]), encoding="utf-8")
    page = open_page(path, "#mode=derive&lesson=free")
    assert page.locator("#lesson-count").inner_text() == "Lesson 17 of 17"
    steps = {
        "Writer of cell odd": ["symbol 0", "symbol 1"],
        "Filter of cell odd": ["symbol 1", "cell odd"],
        "Output gate of cell odd": ["symbol 0", "cell odd", "cell odd"],
        "Reader: may the word end?": ["yes", "cell odd", "cell odd"],
    }
    for row, presses in steps.items():
        page.locator(f"#wires button[aria-label^='{row}']").click()
        for name in presses:
            page.locator("#editor").get_by_role("button", name=name).click()
    says(page, "Proved right after every string of any length")
