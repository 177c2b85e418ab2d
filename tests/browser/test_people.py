"""The page for people: screen readers, small screens, no jumps, and fluent steps."""

from __future__ import annotations

import random

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.machine.fsm import FSM
from reberlstm.net.readouts import Head
from reberlstm.render.page import explorer_page

from .conftest import OUTPUT, reach

pytestmark = pytest.mark.browser


def ring(states, seed=0):
    """A machine of many states over four symbols, some transitions of which are missing."""
    chance = random.Random(seed)
    lines = {}
    for state in range(states):
        line = {"a": str((state + 1) % states)}
        for symbol in "bcd":
            if chance.random() < 0.5:
                line[symbol] = str(chance.randrange(states))
        lines[str(state)] = line
    return FSM(alphabet=tuple("abcd"), start="0", accepting={"0"}, transitions=lines, name="ring")


def legal_word(fsm, length, seed=0):
    chance = random.Random(seed)
    word, state = [], fsm.start
    for _ in range(length):
        word.append(chance.choice(sorted(fsm.legal(state))))
        state = fsm.next_state(state, word[-1])
    return word


def dense(fsm, cells, seed=0):
    normal = np.random.default_rng(seed).normal
    size = len(fsm.alphabet)
    return rl.LSTMWeights(
        alphabet=fsm.alphabet,
        cells=tuple(f"unit {cell}" for cell in range(cells)),
        weight_ih=normal(size=(4 * cells, size)),
        weight_hh=normal(size=(4 * cells, cells)) * 0.3,
        bias_ih=normal(size=4 * cells),
        bias_hh=np.zeros(4 * cells),
        heads={"legal": Head(normal(size=(size, cells)), np.zeros(size))},
        name="dense",
    )


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_axe_finds_no_fault(open_page, three_nets_page, width, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    page = open_page(three_nets_page, width=width, height=800, scheme=scheme)
    page.locator(".result.closed").first.wait_for(timeout=30_000)
    reach(page, "#write").click()
    page.keyboard.press("Escape")
    page.locator("section[aria-label='compiled net'] tbody tr").nth(1).locator("td").nth(3).click()
    assert page.locator("#inspector input").count() > 2
    reach(page, "#shown")  # with a menu that is open
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


VISIBLE = """() => {
  const group = (e) => e.closest('.net') ? 'bars' : e.closest('#tape') ? 'word' : e;
  const shown = [...document.querySelectorAll('button, input, select, textarea, a[href], summary, [tabindex="0"]')]
    .filter((e) => {
      const box = e.getBoundingClientRect();
      return e.checkVisibility({ visibilityProperty: true }) && box.width > 0
        && box.top < innerHeight && box.bottom > 0 && box.left < innerWidth && box.right > 0;
    });
  return [...new Set(shown.map(group))].map((e) => e.textContent?.trim() || e.id || e);
}"""


def test_the_page_opens_with_a_dozen_controls_and_one_action(open_page, first_page):
    """One net, the first symbol; what there is besides is in menus that say what is in them."""
    page = open_page(first_page, width=1280, height=800)
    controls = page.evaluate(VISIBLE)
    assert len(controls) <= 12, controls
    assert page.locator("#where").inner_text() == "0 / 10"
    assert page.locator("section.net").count() == 1
    action = page.locator("button.main:visible")
    for symbol in "BTSSXXTVVE":
        assert action.inner_text() == f"Next symbol: {symbol}"
        action.click()
        assert len(page.evaluate(VISIBLE)) <= 12
    assert action.inner_text() == "Try another word"
    place = action.bounding_box()
    action.click()
    assert action.bounding_box() == place  # a row more for the next word does not move it
    # The next word is about the published net, which is shown beside the first.
    assert page.evaluate("explorer.shownNets().map(({ net }) => net.name)") == [
        "compiled",
        "published",
    ]
    assert page.locator("#where").inner_text() == "0 / 11"
    assert action.inner_text() == "Next symbol: B"
    assert page.locator("#shown input:checked").count() == 2
    # The menus, by keyboard.
    for name, inside in (
        ("Word", "#string"),
        ("Nets", "#shown input"),
        ("More", "#copy-link"),
    ):
        button = page.get_by_role("button", name=name, exact=True)
        button.focus()
        page.keyboard.press("Enter")
        sheet = page.locator(f"#{button.get_attribute('popovertarget')}")
        assert sheet.locator(inside).first.is_visible()
        assert sheet.evaluate(
            "(e) => { const b = e.getBoundingClientRect(); return b.left >= 0 && b.right <= innerWidth && b.bottom <= innerHeight; }"
        )
        page.keyboard.press("Tab")
        assert sheet.evaluate("(e) => e.contains(document.activeElement)")
        page.keyboard.press("Escape")
        assert not sheet.is_visible()
        assert button.evaluate("(e) => e === document.activeElement")
    button.click()
    page.locator("#title").click()
    assert not sheet.is_visible()


@pytest.mark.parametrize(("width", "height"), [(640, 400), (1280, 800), (1920, 1080)])
def test_graph_and_gates_are_on_the_first_screen(open_page, first_page, width, height):
    """Also at 200 % zoom of 1280 × 800; on a large screen they fill it."""
    page = open_page(first_page, "#string=BTSSXXTVVE&step=4", width=width, height=height)
    graph, gates, reader = (
        page.locator(s).bounding_box() for s in ("#graph svg", ".cells", ".reader")
    )
    for box in (graph, gates, reader):
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    letters = page.evaluate(
        "[...document.querySelectorAll('#graph .node text')].map((e) => e.getBoundingClientRect().height)"
    )
    assert min(letters) >= 11
    heads = page.evaluate(
        "[...document.querySelectorAll('.cells thead th')].map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(heads) >= 10
    if height == 400:  # and with two nets
        page.evaluate("explorer.showNet(explorer.nets[1], true)")
        for name in ("#graph svg", ".cells"):
            box = page.locator(name).first.bounding_box()
            assert box["y"] + box["height"] <= height
        page.evaluate("explorer.showNet(explorer.nets[1], false)")
    if height == 1080:
        assert (
            graph["width"] * graph["height"] + gates["width"] * gates["height"] > 0.35 * 1920 * 1080
        )
        assert page.locator(".reader").bounding_box()["y"] > 0.8 * 1080


def test_every_control_has_a_name_and_the_focus_a_sensible_order(page):
    page.locator("#theme").focus()
    order = []
    for _ in range(40):
        order.append(page.evaluate("document.activeElement.closest('[id]')?.id ?? ''"))
        page.keyboard.press("Tab")
    firsts = list(dict.fromkeys(order))
    expected = ["theme", "back", "forward", "tour-offer", "steps", "tape", "nets"]
    assert firsts[: len(expected)] == expected


def test_what_a_screen_reader_says_of_a_step(page):
    reach(page, "#slider").fill("2")
    heard = page.locator("#announce").inner_text()
    assert heard == (
        "Step 2 of 11. T led from node 0 to node 1. compiled offers S X: right. "
        "published offers S X: right."
    )
    tree = page.locator("#tape").aria_snapshot()
    assert 'button "step 2, T, node 1"' in tree


@pytest.mark.parametrize("width", [320, 360, 800, 1280, 1920])
def test_nothing_is_wider_than_the_screen(open_page, three_nets_page, width):
    page = open_page(three_nets_page, width=width, height=800)
    reach(page, "#string").fill("BP" + "T" * 198)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
        .filter((e) => e.checkVisibility?.() && e.childNodes.length === 1 && e.firstChild.nodeType === 3
          && e.textContent.trim() && !e.closest('svg, script, style'))
        .map((e) => parseFloat(getComputedStyle(e).fontSize)).reduce((a, b) => Math.min(a, b))"""
    )
    assert small >= 9


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("word", ["BTSSSSSSXXV", "BTSSPEEB", "BP" + "T" * 60 + "VV"])
def test_what_a_net_offers_is_not_cut_off(open_page, three_nets_page, width, word):
    page = open_page(three_nets_page, f"#string={word}", width=width)
    assert page.evaluate(
        """() => [...document.querySelectorAll('.tape td, .cells .number, .answer .number')]
        .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"""
    ) == []  # fmt: skip


MOVING = "#graph, .inputs, .cells, .reader, .why, .found, #inspector, .chart"


@pytest.mark.parametrize("width", [360, 1280])
def test_a_step_moves_nothing(open_page, three_nets_page, width):
    """Among the strings are one with violations and one on which the published net goes astray."""
    page = open_page(three_nets_page, width=width, height=900)
    page.locator(".result.closed").first.wait_for(timeout=30_000)
    for shown in ([0, 1, 2], [1]):
        page.evaluate("(n) => explorer.nets.forEach((e, k) => { e.shown = n.includes(k); })", shown)
        page.evaluate("explorer.rebuild()")
        for word in ("BTSSSSSSXXV", "BTSSPEEB", "BP" + "T" * 60 + "VV"):
            places = page.evaluate(
                """([word, parts]) => {
                  const { alphabet } = explorer.machine;
                  explorer.setWord([...word].map((symbol) => alphabet.indexOf(symbol)), 0);
                  return Array.from({length: word.length + 1}, (_, t) => {
                    explorer.goTo(t);
                    return [...document.querySelectorAll(parts)]
                      .map((e) => Math.round(e.getBoundingClientRect().top + window.scrollY)).join(' ');
                  });
                }""",
                [word, MOVING],
            )
            assert len(places) == len(word) + 1
            assert len(set(places)) == 1


@pytest.mark.parametrize("width", [360, 1280])
def test_the_steps_stay_in_sight(open_page, three_nets_page, width):
    page = open_page(three_nets_page, width=width, height=740)
    page.locator("section.net").last.scroll_into_view_if_needed()
    page.mouse.wheel(0, 600)
    page.wait_for_timeout(100)
    assert page.evaluate("window.scrollY") > 400
    box = page.locator("#forward").bounding_box()
    assert 0 <= box["y"] < 120
    page.locator("#back").click()
    assert page.locator("#where").inner_text() == "10 / 11"


def test_at_four_times_the_size_nothing_covers_the_page(open_page, three_nets_page):
    page = open_page(three_nets_page, width=320, height=225)
    page.mouse.wheel(0, 1500)
    page.wait_for_timeout(100)
    box = page.locator("#steps").bounding_box()
    assert box["y"] + box["height"] < 0


def test_a_step_changes_no_more_of_the_page_for_a_longer_string(open_page, folder):
    """How long a step takes is printed by scripts/bench_explorer.py."""
    fsm = ring(59)
    nets = [rl.compile(fsm), dense(fsm, 60)]
    assert nets[0].size == 60
    changes = []
    for length in (50, 200):
        path = folder / f"large-{length}.html"
        path.write_text(
            explorer_page(fsm, nets, legal_word(fsm, length), shown=2), encoding="utf-8"
        )
        changes.append(
            open_page(path).evaluate(
                """() => {
                  const seen = new MutationObserver(() => {});
                  seen.observe(document.body, {
                    subtree: true, childList: true, attributes: true, characterData: true,
                  });
                  explorer.goTo(0);
                  seen.takeRecords();
                  for (let k = 0; k < 20; k++) explorer.forward();
                  return seen.takeRecords().length / 20;
                }"""
            )
        )
    assert 0 < changes[1] < 1.1 * changes[0]


def test_what_is_too_large_becomes_a_table_and_says_so(open_page, folder):
    fsm = ring(80)
    path = folder / "ring.html"
    word = legal_word(fsm, 30)
    path.write_text(explorer_page(fsm, [rl.compile(fsm)], word, step=30), encoding="utf-8")
    page = open_page(path)
    assert "80 states, too many to draw" in page.locator("#graph").inner_text()
    assert page.locator("#graph svg").count() == 0
    assert page.locator("#graph tbody tr").count() >= 1
    card = page.locator("section.net")
    assert "81 cells, too many for bars of all" in card.inner_text()
    assert 1 <= card.locator("tbody tr:visible").count() <= 40
    page.evaluate("explorer.setWord(Array.from({length: 3000}, () => 0), 1500)")
    assert (
        "A string of 3000 symbols: shown are steps 1300 to 1699."
        in page.locator("#tape").inner_text()
    )
    assert page.locator("#tape td button").count() == 400
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [(360, 800, "dark"), (800, 1000, "light"), (1280, 900, "light"), (1920, 1080, "dark")],
)
def test_pictures_to_look_at(open_page, three_nets_page, width, height, scheme):
    """Kept under tests/output, for people; here it is only checked that there is a picture."""
    OUTPUT.mkdir(exist_ok=True)
    page = open_page(three_nets_page, width=width, height=height, scheme=scheme)
    page.locator(".result.closed").first.wait_for(timeout=30_000)
    file = OUTPUT / f"explorer-{width}-{scheme}.png"
    page.screenshot(path=file, full_page=True)
    assert file.stat().st_size > 20_000


def test_the_printed_page_has_no_controls_and_fits(open_page, three_nets_page):
    page = open_page(three_nets_page, width=720)
    page.evaluate("explorer.setWord(Array.from({length: 120}, () => 1), 60)")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    assert page.locator("#tape").inner_text().startswith("A string of 120 symbols: shown are")
    assert page.locator("#tape [aria-current=step]").is_visible()
    step = "getComputedStyle(document.querySelector('#graph-text'), '::before').content"
    assert page.evaluate(step) == '"Step 60 of 120. "'
    assert not page.locator("#forward").is_visible()
    assert not page.locator("#string").is_visible()
    assert page.locator("#graph svg").is_visible()
    assert page.locator("section.net").first.is_visible()


BAR = """(e) => {
  const style = getComputedStyle(e);
  const [, at] = style.backgroundPosition.split(", ").map((each) => parseFloat(each));
  const [, size] = style.backgroundSize.split(", ").map((each) => parseFloat(each));
  return { from: ((100 - size) * at) / 100, size, value: Number(e.dataset.value), hatched: style.backgroundImage.includes("repeating"), signed: e.dataset.bar.includes("signed") };
}"""


def test_on_paper_every_bar_is_in_its_box(open_page, three_nets_page):
    """A box is filled by its own background there, which no other width of the page can move."""
    page = open_page(three_nets_page, scheme="dark")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert not page.locator(".bars:visible, .links:visible, #inspector:visible").count()
    bars = page.eval_on_selector_all(".cells td", f"(all) => all.map({BAR})")
    assert len(bars) == 8 * 7 + 6 * 5 + 4 * 7
    for bar in bars:
        length = max(-1.0, min(1.0, bar["value"])) * (50 if bar["signed"] else 100)
        assert bar["size"] == pytest.approx(abs(length), abs=0.01)
        if 0.01 < bar["size"] < 99:
            zero = 50 if bar["signed"] else 0
            assert bar["from"] == pytest.approx(zero + min(0.0, length), abs=0.01)
        assert bar["hatched"] == (length < 0)
    assert any(bar["hatched"] for bar in bars)
    paper = "getComputedStyle(document.querySelector('.card')).backgroundColor"
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
