"""From one mode of the page to another and back: nothing that was done is lost on the way."""

from __future__ import annotations

import pytest

from reberlstm.cli import run

pytestmark = pytest.mark.browser

STATES = "explorer.drawing.states.map(({name}) => name)"
HELD = """() => {
  navigator.clipboard.writeText = () => new Promise((done) => { window.copied = done; });
}"""
"""The clipboard answers later, when `copied()` is called."""


@pytest.fixture(scope="module")
def parity_page(folder):
    path = folder / "modes.html"
    assert run(["explore", "parity", "-o", str(path)]) == 0
    return path


def go(page, mode):
    page.locator(f"#to-{mode}").click()
    assert page.locator(f"#to-{mode}").get_attribute("aria-current") == "page"


def word(page):
    return page.evaluate(
        "explorer.word.map((symbol) => explorer.machine.alphabet[symbol]).join('')"
    )


def back(page, mode):
    page.go_back()
    page.locator(f"#to-{mode}[aria-current=page]").wait_for()


def test_each_mode_is_as_it_was_left(open_page, parity_page):
    page = open_page(parity_page)
    page.evaluate("explorer.append(1)")
    page.evaluate("explorer.setWord([1, 0, 1, 1], 3)")
    page.evaluate("explorer.setFactor(explorer.nets[0], 0.5)")
    page.evaluate("explorer.setSlots(2)")
    watched = "[explorer.word, explorer.t, explorer.nets[0].factor, explorer.slots, explorer.undoing.past.length]"
    explored = page.evaluate(watched)
    assert explored == [[1, 0, 1, 1], 3, 0.5, 2, 4]

    go(page, "draw")
    for _ in range(2):
        page.evaluate("explorer.addFree()")
    drawn = page.evaluate(STATES)
    assert len(drawn) == 4
    go(page, "derive")
    page.evaluate("explorer.open(explorer.lessons[1])")
    page.evaluate("explorer.set(explorer.lesson.open.indexOf(true), 1, 1)")
    derived = page.url
    assert "lesson=reader" in derived
    assert "set=reader." in derived

    go(page, "explore")
    assert page.evaluate(watched) == explored
    page.evaluate("explorer.undoing.undo()")
    assert page.evaluate("explorer.slots") == 0
    # A reload keeps what the other modes hold.
    page.reload()
    assert word(page) == "1011"
    go(page, "derive")
    assert page.url == derived
    go(page, "draw")
    assert page.evaluate(STATES) == drawn

    # Back goes through the modes as they were, and does not leave the page.
    back(page, "derive")
    assert page.url == derived
    back(page, "explore")
    assert word(page) == "1011"
    back(page, "derive")
    back(page, "draw")
    assert page.evaluate(STATES) == drawn
    assert page.evaluate("explorer.undoing.past.length") == 0, "the reload ended what can be undone"
    back(page, "explore")
    assert word(page) == "1011"


def test_another_machine_has_a_link_of_its_own(open_page, parity_page):
    """The address never says that a net is the page's own when it is not."""
    page = open_page(parity_page, "#mode=draw")
    page.evaluate("explorer.addFree()")
    page.evaluate("explorer.undoing.undo()")
    page.locator("#trial-word").fill("11")
    page.locator("#trial-watch").click()
    assert "#machine=1_parity" in page.url
    assert word(page) == "11"
    back(page, "draw")
    assert page.locator("#trial-word").input_value() == "11"
    page.go_forward()
    page.get_by_role("button", name="Back to the drawing").click()
    assert page.evaluate("explorer.undoing.future.length") == 1, "it is the drawing as it was left"

    # A link to another machine: that one is drawn, and Undo brings back the old one.
    other = "#machine=1_other__a.b_0_p..01_q.a..0"
    page.evaluate(f"location.hash = '{other}'")
    page.locator("#notice", has_text="drawn").wait_for()
    assert page.evaluate("explorer.machine.states") == ["p", "q"]
    page.get_by_role("button", name="Back to the drawing").click()
    assert page.evaluate(STATES) == ["p", "q"]
    page.locator("#draw-undo").click()
    assert page.evaluate(STATES) == ["even", "odd"]
    assert page.evaluate("document.activeElement.id") == "draw-redo"

    # Its net can be wired by hand, and the wired net be watched; the links say so.
    back(page, "explore")
    page.get_by_role("button", name="Wire its net by hand").click()
    assert page.evaluate("document.activeElement.id") == "title"
    assert page.evaluate("explorer.lessons.map(({key}) => key)") == ["free"]
    page.evaluate("explorer.set(0, 1, 1)")
    assert "machine=1_other" in page.url
    wired = page.evaluate("JSON.stringify(explorer.netData.layers)")
    page.locator("#watch").click()
    assert "watch=1" in page.url
    same = f"JSON.stringify(explorer.data.nets[0].layers) === {wired!r}"
    assert page.evaluate(same)
    page.evaluate("explorer.setWord([0, 1], 1)")
    page.wait_for_function("location.hash.endsWith('string=ab&step=1&nets=0')")
    page.reload()
    assert page.evaluate(same)
    assert word(page) == "ab"
    page.get_by_role("button", name="Back to the lesson").click()
    assert page.evaluate("JSON.stringify(explorer.netData.layers)") == wired
    back(page, "explore")
    assert page.evaluate(same)
    page.get_by_role("button", name="The machine of this page").click()
    assert page.evaluate("explorer.machine.states") == ["even", "odd"]


def test_a_broken_link_can_be_mended(open_page, parity_page):
    page = open_page(parity_page, "#mode=draw&machine=1_x")
    page.locator("#draw-hint", has_text="The link holds no machine").wait_for()
    page.wait_for_timeout(300)
    assert page.url.endswith("#mode=draw&machine=1_x")
    page.evaluate("location.hash = '#machine=1_x'")
    page.locator("#notice", has_text="The link holds no machine").wait_for()
    page.wait_for_timeout(300)
    assert page.url.endswith("#machine=1_x")
    page.evaluate("explorer.setWord([1], 1)")
    page.wait_for_function("location.hash.startsWith('#string=1&')")

    # Numbers that nothing can be drawn of are left out; the link that is shown already changes nothing.
    page.evaluate("explorer.undoing.undo()")
    page.evaluate("location.hash = '#string=1&gain=0:1e308&weight=0+forget+0+bias+0:1e300'")
    page.wait_for_function("explorer.word.length === 1")
    assert page.evaluate("[explorer.nets[0].factor, explorer.nets[0].edits.size]") == [1, 0]
    assert "NaN" not in page.locator("#place").inner_html()
    page.evaluate("explorer.undoing.undo()")
    counts = "[explorer.undoing.past.length, explorer.undoing.future.length]"
    before = page.evaluate(counts)
    page.evaluate("explorer.follow(explorer.address())")
    assert page.evaluate(counts) == before

    # The tour ends with its mode; what was in it has lost the focus.
    page.get_by_role("button", name="Take the tour").click()
    page.locator(".tour").get_by_role("button", name="Next").click()
    page.evaluate("location.hash = '#mode=derive'")
    page.locator("#outcome", has_text="wrong").wait_for()
    assert page.evaluate("document.activeElement.id") == "title"

    # What the browser tells after a mode is left is no fault.
    go(page, "draw")
    page.evaluate(HELD)
    page.locator("#draw-link").click()
    go(page, "explore")
    page.evaluate("copied()")
    go(page, "derive")
    page.evaluate("void explorer.copyLink()")
    go(page, "explore")
    page.evaluate("copied()")
