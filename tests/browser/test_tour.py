"""The tour: five steps on the page's own machine and net, after which everything is as it was."""

from __future__ import annotations

import pytest

import reberlstm as rl
from reberlstm.render.page import explorer_page

pytestmark = pytest.mark.browser

STATE = """() => [explorer.word.join(), explorer.t, explorer.micro, JSON.stringify(explorer.selected.place),
  explorer.selected.entry.number, explorer.nets.map((entry) => entry.shown).join(), scrollY,
  explorer.undoing.past.length, location.hash]"""

PLACES = """() => {
  const [box, ring] = [".tour", ".ring"].map((name) => document.querySelector(name).getBoundingClientRect());
  const over = box.left < ring.right && ring.left < box.right && box.top < ring.bottom && ring.top < box.bottom;
  const inside = box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight + 1;
  return { over, inside, seen: ring.top > -10 && ring.top < innerHeight, side: document.querySelector(".tour").dataset.side };
}"""


def told(page):
    """What the tour says now: its title and its text."""
    return page.locator(".tour h3").inner_text(), page.locator("#tour-text").inner_text()


def texts_of(page, number):
    """All that the tour says of a net."""
    return page.evaluate(
        """(number) => {
          explorer.nets.forEach((entry, index) => { entry.shown = index === number; });
          explorer.rebuild();
          explorer.tour.start();
          const texts = [0, 1, 2, 3, 4].map((step) => {
            explorer.tour.show(step);
            return explorer.tour.text.textContent;
          });
          explorer.tour.box.close();
          return texts;
        }""",
        number,
    )


def test_five_steps_and_back_to_where_one_was(page):
    page.locator("[aria-label='why, published'] .result:not(.searching)").wait_for()
    begin = page.get_by_role("button", name="Take the tour")
    assert page.get_by_text("New here?").is_visible()
    before = page.evaluate(STATE)
    begin.click()
    tour = page.get_by_role("dialog", name="The word")
    assert "The net reads BTSSSSSSXXV one symbol at a time, from B on." in tour.inner_text()
    assert page.evaluate("explorer.t") == 1
    assert tour.get_by_role("button", name="Back").is_disabled()
    page.keyboard.press("Enter")
    title, text = told(page)
    assert title == "The gates"
    assert "The forget gate (eraser) decides what stays of the old memory: 1 keeps it" in text
    assert "In cell 1 it is 0 and erases the old memory" in text
    page.keyboard.press("ArrowRight")
    title, text = told(page)
    assert title == "The memory"
    assert "c = f · c₋ + i · g, here 0 · 0 + 1 · 1 = 1" in text
    assert "Cell 1 stands for node 1, and that is where the machine is now." in text
    page.keyboard.press("ArrowLeft")
    assert told(page)[0] == "The gates"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "The net offers S X and the machine allows S X, so the net is right." in told(page)[1]
    for width, height in ((1280, 800), (640, 400), (360, 640)):
        page.set_viewport_size({"width": width, "height": height})
        for step in range(5):
            page.evaluate("(step) => explorer.tour.show(step)", step)
            place = page.evaluate(PLACES)
            assert place["inside"], (width, step)
            assert place["seen"], (width, step)
            assert place["side"] == "sheet" or not place["over"], (width, step)
            assert (place["side"] == "sheet") == (width == 360) or width == 640
    page.set_viewport_size({"width": 1280, "height": 900})
    title, text = told(page)
    assert title == "Where it fails: published is wrong after BTSSSSSSXXV"
    assert text.startswith("It offers E, against the grammar: its reader")
    assert "leaked in through an input gate (filter) that is not shut: it is up to 0.065" in text
    assert "at each S the input gate (filter) lets a little in" in text
    assert "the forget gate (eraser), at least 0.99, keeps it." in text
    assert page.locator("section.net").all_inner_texts()[0].startswith("■ published")
    page.get_by_role("button", name="Done").click()
    page.wait_for_function("explorer.tour.before === null")
    assert page.evaluate(STATE) == before
    assert begin.evaluate("e => e === document.activeElement")
    assert page.get_by_text("New here?").is_hidden()
    for leave in ("Skip", "Escape"):
        begin.click()
        page.keyboard.press("ArrowRight")
        if leave == "Skip":
            page.get_by_role("button", name="Skip").click()
        else:
            page.keyboard.press("Escape")
        page.wait_for_function("explorer.tour.before === null")
        assert page.locator(".tour").is_hidden()
        assert page.evaluate(STATE) == before


def test_a_link_is_no_first_visit(open_page, reber_page):
    page = open_page(reber_page, "#string=BT")
    assert page.get_by_role("button", name="Take the tour").is_visible()
    assert page.get_by_text("New here?").is_hidden()


def test_it_speaks_of_the_page_s_own_machine_and_net(open_page, folder):
    fsm = rl.load_grammar("parity")
    acceptor = rl.compile(fsm)
    acceptor = acceptor.replace(heads={"accept": acceptor.heads["accept"]}, name="acceptor")
    nets = [rl.compile(fsm), rl.compile(fsm, cell="gru"), rl.compile(fsm, cell="rnn"), acceptor]
    path = folder / "parity-tour.html"
    path.write_text(explorer_page(fsm, nets, "0110"), encoding="utf-8")
    page = open_page(path)
    compiled, gru, rnn, accepts = (texts_of(page, number) for number in range(4))
    assert compiled[0].startswith("The net reads 0110 one symbol at a time, from 0 on.")
    assert "In cell odd it is 0" in compiled[1]
    assert "Cell odd stands for node odd" in compiled[2]
    assert compiled[4].startswith("None. Proved right after every string of any length")
    assert "the update gate is 0 and writes the candidate" in gru[1]
    assert "h = z · h₋ + (1 − z) · g, here " in gru[2]
    assert "There is no gate that could keep a memory" in rnn[1]
    assert "What the cell keeps is h = g, here " in rnn[2]
    assert "whether the net lets the word end" in accepts[0]
    assert accepts[3].endswith(
        "The net says that the word may not end; the machine says that it may not end, so the net "
        "is right."
    )


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_the_tour_and_the_bubble(open_page, three_nets_page, width, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    page = open_page(three_nets_page, width=width, height=800, scheme=scheme)
    page.get_by_role("button", name="Take the tour").click()
    for step in range(5):
        page.evaluate("(step) => explorer.tour.show(step)", step)
        if step in (0, 4):
            results = axe.Axe().run(page)
            assert results.violations_count == 0, results.generate_report()
    page.keyboard.press("Escape")
    page.locator(".cells td").nth(3).click()
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
