"""The card beside a bar that was clicked: formula, numbers that follow the steps, and the way on."""

from __future__ import annotations

import pytest

import reberlstm as rl

pytestmark = pytest.mark.browser

PUBLISHED = "section[aria-label='published net']"
OVERLAP = """() => {
  const [a, b] = [explorer.bubble.bar(), explorer.bubble.box].map((e) => e.getBoundingClientRect());
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}"""
IN_SIGHT = """() => [explorer.bubble.bar(), explorer.bubble.box].every((e) => {
  const box = e.getBoundingClientRect();
  return box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight + 1;
})"""


def test_a_bar_says_how_it_is_computed_and_what_it_is_for(page):
    card = page.locator(PUBLISHED)
    bar = card.locator("tbody tr").nth(3).locator("td").nth(3)
    bubble = page.get_by_role("dialog", name="Input gate (filter) of cell 3")
    bar.click()
    text = bubble.inner_text()
    assert "lets the candidate into the memory" in text
    assert "i = σ(7 − 10·c[1])" in text
    assert "= σ(7 − 10·4.3e−5) = σ(7) = 0.999" in text
    assert "Open, but keeps out S and V from node 1" in text
    # Its numbers are those of the step, whichever way one steps.
    page.keyboard.press("ArrowLeft")
    page.locator("#back").click()
    run = rl.trace(rl.published(), "BTSSSSSSXXV")
    value = run.steps[8].gates["input"][3]
    assert bubble.locator(".value").inner_text() == f"{value:.3g}"
    assert f"Input gate (filter) of cell 3: {value:.3g}." in page.locator("#announce").inner_text()
    # A click elsewhere closes it, and so do × and Escape, which give the focus back to the bar.
    page.locator("#title").click()
    assert bubble.is_hidden()
    for close in ("×", "Escape"):
        bar.press("Enter")
        assert page.evaluate("document.activeElement === explorer.bubble.box")
        if close == "×":
            bubble.get_by_role("button", name="Close").click()
        else:
            page.keyboard.press("Escape")
        assert bubble.is_hidden()
        assert bar.evaluate("e => e === document.activeElement")
    # With Tab it comes right after its bar.
    bar.press("Enter")
    page.keyboard.press("Shift+Tab")
    assert bar.evaluate("e => e === document.activeElement")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Change a weight"
    assert page.locator("#inspector").is_hidden()  # it would say the same
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "All about it"
    page.keyboard.press("Enter")
    assert bubble.is_hidden()
    assert page.locator("#inspector").is_visible()
    assert page.evaluate("document.activeElement.id") == "inspector-title"
    # An answer has its threshold with it; what is not computed yet is not told.
    card.locator(".answer").nth(2).click()
    text = page.get_by_role("dialog", name="Reader of S").inner_text()
    assert "over 0.5: S is offered" in text
    page.evaluate("explorer.goToGate(2)")
    shown = page.get_by_role("dialog").inner_text()
    assert shown.startswith("Input gate (filter) of cell 0")
    page.keyboard.press("Home")
    assert "no number before the first symbol" in page.get_by_role("dialog").inner_text()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (640, 400), (360, 640)])
def test_it_covers_neither_its_bar_nor_leaves_the_screen(open_page, reber_page, width, height):
    page = open_page(reber_page, width=width, height=height)
    cells = page.locator(f"{PUBLISHED} tbody td")
    for target in (cells.nth(18), cells.last, page.locator(".answer").last):
        target.click()
        assert page.locator(".bubble").is_visible()
        assert not page.evaluate(OVERLAP)
        assert page.evaluate(IN_SIGHT)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.keyboard.press("ArrowLeft")
        assert not page.evaluate(OVERLAP)
        page.keyboard.press("Escape")
