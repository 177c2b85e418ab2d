"""The page in a real browser: type, step, undo, change a weight, see the counterexample, save."""

from __future__ import annotations

import re
from collections import deque
from xml.etree import ElementTree

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.render.page import explorer_page
from tests.stepping import initial, one_hot, read, step

from .conftest import reach

pytestmark = pytest.mark.browser


def where(page):
    return page.locator("#where").inner_text()


def text_of_string(page):
    return page.locator("#string").input_value()


def wait_for_search(page, net):
    """The result of the search, when there is one."""
    found = reasons(page, net).locator(".result:not(.searching)")
    found.wait_for(timeout=30_000)
    return found.inner_text()


def reasons(page, net):
    """What is said of a net below the graph: why it answers so, and what is known of it."""
    return page.get_by_role("group", name=f"why, {net}")


def gain(page, net):
    """The field of a net's gain, in its menu."""
    return reach(page, f"#gains [aria-label='{net}'] input[type=number]")


def reset_weights(page, net):
    reach(page, f"#gains [aria-label='{net}'] button").click()


def shortest_wrong_legal_prefix(fsm, net, limit):
    """By brute force, without the page: breadth first in alphabet order."""
    queue = deque([((), fsm.start, initial(net))])
    while queue:
        word, node, state = queue.popleft()
        for symbol in fsm.alphabet:
            target = fsm.next_state(node, symbol)
            if target is None:
                continue
            after = step(net, one_hot(net, symbol), state).state
            longer = (*word, symbol)
            values = read(net, "legal", after)
            offers = {
                s for s, v in zip(net.alphabet, values, strict=True) if v > net.reader_threshold
            }
            if fsm.legal(target) and offers != fsm.legal(target):
                return longer
            if len(longer) < limit:
                queue.append((longer, target, after))
    return None


def test_it_opens_where_the_published_net_is_wrong_and_says_why(page):
    published = page.locator("section[aria-label='published net']")
    compiled = page.locator("section[aria-label='compiled net']")
    assert (
        "wrong: offers P V E; the grammar allows P V" in published.locator(".verdict").inner_text()
    )
    assert "right: offers P V" in compiled.locator(".verdict").inner_text()
    why = reasons(page, "published").locator(".why").inner_text()
    assert "tanh(−3.5 + 5·c[3]) is 0.549, over 0.5" in why
    assert "Cell 3 holds 0.82: 0.5 from V (step 11); 0.32 from S (steps 3 to 8" in why
    assert "about 0.05 at each, leaked in through an input gate (filter)" in why
    # Nothing is chosen by itself, on paper neither.
    assert page.locator("td[aria-selected=true]").count() == 0
    assert page.locator("#inspector").is_hidden()
    reasons(page, "published").get_by_role("button", name="Show cell 3").click()
    assert page.get_by_role("dialog", name="Memory of cell 3").is_visible()
    # Why is on the first screen, below the graph.
    page.set_viewport_size({"width": 1280, "height": 800})
    box = reasons(page, "compiled").locator(".why").bounding_box()
    assert box["x"] < 100
    assert box["y"] + box["height"] < 800


def test_the_search_finds_the_shortest_wrong_beginning(page):
    assert "BTSSSSSSXXV (11 symbols)" in wait_for_search(page, "published")
    assert "Proved right after every string of any length (reberlstm certify" in wait_for_search(
        page, "compiled"
    )
    reach(page, "#snap").select_option("1")  # the proof does not speak of that
    assert "That is no proof" in wait_for_search(page, "compiled")


def test_whether_the_word_may_end_is_said(page):
    reach(page, "#string").fill("BTXSE")
    verdict = page.locator("section[aria-label='compiled net'] .verdict").inner_text()
    assert verdict == "✓ right: offers nothing; the word may end."
    why = reasons(page, "compiled").locator(".why").inner_text()
    assert "Cell end gives out 0.76. Its memory of 1 comes from E (step 5)." in why
    assert "Cell started" in why


def test_typing_runs_the_string(page):
    field = reach(page, "#string")
    field.fill("btssxq")
    assert "“q” at position 6 is no symbol" in page.locator("#string-error").inner_text()
    assert field.get_attribute("aria-invalid") == "true"
    assert where(page) == "5 / 5"
    field.fill("BTSSP")
    assert page.locator("#string-error").inner_text() == ""
    assert page.locator(".symbol.violation").count() == 1
    assert "Violation: node 1 does not allow P." in page.locator("#graph-text").inner_text()
    assert page.locator(".tape .refused").count() == 2  # neither net had offered it


def test_stepping_forward_back_and_jumping(page):
    page.keyboard.press("Home")
    assert where(page) == "0 / 11"
    page.locator("#forward").click()
    page.locator("#forward").click()
    assert "T led from node 0 to node 1." in page.locator("#graph-text").inner_text()
    assert page.locator("g.edge.crossed").count() == 1
    assert page.locator("g.node.active text").text_content() == "1"
    page.locator("#back").click()
    assert where(page) == "1 / 11"
    page.locator(".tape button[data-t='9']").click()
    assert where(page) == "9 / 11"
    reach(page, "#slider").fill("4")
    assert where(page) == "4 / 11"
    reach(page, "#end").click()
    assert where(page) == "11 / 11"


def test_going_back_restores_every_number(page):
    """Back is not a step of its own: the numbers are those that were there."""
    take = "[...document.querySelectorAll('[data-value]')].map((e) => e.dataset.value)"
    reach(page, "#slider").fill("6")
    before = page.evaluate(take)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(take) != before
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(take) == before


def test_undo_takes_back_what_was_done(page):
    reach(page, "#string").fill("BTXSE")
    reach(page, "#append button >> nth=0").click()
    reach(page, "#undo").click()
    assert text_of_string(page) == "BTXSE"
    reach(page, "#undo").click()
    assert text_of_string(page) == "BTSSSSSSXXV"
    assert page.locator("#undo").is_disabled()
    reach(page, "#redo").click()
    assert text_of_string(page) == "BTXSE"


def test_everything_by_keyboard(page):
    page.keyboard.press("Home")
    assert where(page) == "0 / 11"
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert where(page) == "3 / 11"
    page.keyboard.press("ArrowLeft")
    assert where(page) == "2 / 11"
    page.keyboard.press("End")
    assert where(page) == "11 / 11"
    page.keyboard.press("n")  # the compiled net writes P or V
    assert re.fullmatch("BTSSSSSSXXV[PV]", text_of_string(page))
    page.keyboard.press("u")
    assert text_of_string(page) == "BTSSSSSSXXV"
    page.keyboard.press("r")
    assert len(text_of_string(page)) == 12
    page.keyboard.press("Control+z")
    assert text_of_string(page) == "BTSSSSSSXXV"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "string"
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()


def test_letter_keys_can_be_turned_off(page):
    page.keyboard.press("?")
    page.locator("#letter-keys").uncheck()
    page.locator("#help-close").click()
    page.keyboard.press("Home")
    assert where(page) == "11 / 11"


def test_gate_by_gate_shows_the_formula_and_what_is_still_to_come(page):
    page.keyboard.press("Home")
    assert page.locator("#gates").is_hidden()
    reach(page, "#gate-on").click()
    assert where(page) == "1 / 11"
    # From now on its buttons are beside the main one, and the menu does not cover the table.
    assert page.locator("#more-menu").is_hidden()
    assert page.get_by_role("button", name="One gate on").evaluate(
        "e => e === document.activeElement"
    )
    assert (
        page.locator("#inspector-title").inner_text()
        == "Forget gate (eraser) of cell 0 · published"
    )
    assert page.locator(".numbers").inner_text() == "= 0"
    card = page.locator("section[aria-label='published net']")
    assert card.locator(".verdict").inner_text() == "Gate by gate: 1 of 31."
    why = reasons(page, "published").locator(".why").inner_text()
    assert "forget gate (eraser) of cell 0" in why
    assert card.locator(".answer.offered, tr.active").count() == 0  # nothing is given away
    pending = page.locator("section[aria-label='published net'] .number.pending")
    first = pending.count()
    page.keyboard.press("]")
    assert page.locator("#inspector-title").inner_text().startswith("Candidate (writer) of cell 0")
    assert page.locator(".letters").inner_text() == "tanh(5·B)"
    assert page.locator(".numbers").inner_text() == "= tanh(5) = 1"
    assert pending.count() == first - 1
    page.keyboard.press("[")
    assert pending.count() == first
    for _ in range(6 * 4 + 7 - 1):  # six cells with three gates and a memory, seven readers
        page.keyboard.press("]")
    assert where(page) == "1 / 11"
    assert card.locator(".verdict").inner_text() == "✓ right: offers T P."
    page.keyboard.press("]")
    assert where(page) == "2 / 11"
    page.locator("#forward").click()
    assert page.locator("#gates").is_hidden()


def test_arrow_keys_move_among_the_bars(page):
    grid = page.get_by_role("grid", name="published")
    grid.locator("td[tabindex='0']").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert (
        page.locator("#inspector-title").inner_text()
        == "Forget gate (eraser) of cell 2 · published"
    )
    assert page.locator("#tip").inner_text().startswith("forget gate (eraser) of cell 2 = 0.98882")
    assert where(page) == "11 / 11"
    assert grid.locator("td[tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog", name="Forget gate (eraser) of cell 2").is_visible()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.value").startswith("0.98882")
    chosen = page.locator("#inspector-title").inner_text()
    page.keyboard.press("Shift+Tab")
    for _ in range(30):
        page.keyboard.press("Shift+Tab")  # past the other net's table
    assert page.locator("#inspector-title").inner_text() == chosen


def test_lines_lead_from_a_gate_to_what_it_reads(page):
    card = page.locator("section[aria-label='published net']")
    card.locator("tbody tr").nth(3).locator("td").nth(3).click()  # filter of cell 3
    assert page.locator(".letters").inner_text() == "σ(7 − 10·c[1])"
    assert card.locator("path.link").count() == 1
    assert card.locator("path.link.negative").count() == 1
    assert card.locator("td.read").count() == 1
    page.keyboard.press("Escape")
    card.locator("tbody tr").nth(5).locator("td").nth(2).click()  # writer of cell 5
    assert page.locator(".letters").inner_text() == "tanh(0.55·B + 5·X + 0.7·P)"
    assert card.locator(".chip.read").all_inner_texts() == ["B", "X", "P"]


def test_a_changed_weight_is_searched_for_its_shortest_wrong_beginning(page):
    fsm = rl.load_grammar("reber")
    net = rl.published()
    card = page.locator("section[aria-label='published net']")
    card.locator("tbody tr").nth(3).locator("td").nth(3).click()  # filter of cell 3: 7 − 10·c[1]
    page.get_by_role("button", name="Change a weight").click()
    assert page.locator("#tape").bounding_box()["y"] >= 0  # the word is still in sight
    page.locator(".bubble").get_by_label("weight on c[1]").fill("0")
    page.keyboard.press("Enter")
    page.locator(".bubble").get_by_label("weight on c[1]").fill("-8")  # a row does not vanish
    page.keyboard.press("Enter")
    recurrent = net.weight_hh.copy()
    recurrent[net.rows("input")][3, 1] = -8.0
    expected = shortest_wrong_legal_prefix(fsm, net.replace(weight_hh=recurrent), 12)
    assert expected is not None
    assert len(expected) < 11
    found = reasons(page, "published")
    found.locator(f".result.wrong code:text-is('{''.join(expected)}')").wait_for(timeout=30_000)
    found.get_by_role("button", name="Load it").click()
    assert text_of_string(page) == "".join(expected)
    assert "wrong" in card.locator(".verdict").inner_text()
    assert "(changed)" in card.locator("h2").evaluate(
        "(e) => getComputedStyle(e, '::after').content"
    )
    reset_weights(page, "published")
    found.locator(".result.wrong code:text-is('BTSSSSSSXXV')").wait_for(timeout=30_000)
    page.keyboard.press("u")
    assert page.evaluate("explorer.nets[1].edits.size") == 1


def test_a_low_gain_breaks_the_compiled_net_as_it_does_in_python(page):
    fsm = rl.load_grammar("reber")
    gain(page, "compiled").fill("1")
    page.keyboard.press("Enter")
    reasons(page, "compiled").locator(".result.wrong").wait_for(timeout=30_000)
    word = page.evaluate(
        "explorer.nets[0].report.word.map((symbol) => explorer.machine.alphabet[symbol])"
    )
    net = rl.compile(fsm, gain=1.0)
    tables = fsm.tables()
    node = 0
    for symbol in word:
        node = tables.table[node][fsm.alphabet.index(symbol)]
    trace = rl.trace(net, word)
    assert trace.offered_last != tables.symbols[node] or trace.accepted != tables.accepting[node]
    gain(page, "compiled").fill("15")
    page.keyboard.press("Enter")
    assert "Proved right after every string of any length, in this page" in wait_for_search(
        page, "compiled"
    )
    reset_weights(page, "compiled")
    found = wait_for_search(page, "compiled")
    assert "(reberlstm certify): every number that the reader is asked for stays at least" in found
    assert "0.381 away from its threshold (the margin)" in found


def test_a_weight_that_was_zero_can_be_given(page):
    card = page.locator("section[aria-label='published net']")
    card.locator("tbody tr").nth(3).locator("td").nth(3).click()
    page.get_by_role("button", name="Change a weight").click()
    page.locator(".bubble").get_by_label("Let it read also").select_option(label="c[5]")
    assert page.locator(".letters").inner_text() == "σ(7 − 10·c[1] + c[5])"


def test_autoplay_runs_to_the_end_and_stops(page):
    reach(page, "#speed").select_option(label="very fast")
    page.keyboard.press("Space")
    assert page.locator("#play").get_attribute("aria-pressed") == "true"
    page.wait_for_function(
        "document.getElementById('play').getAttribute('aria-pressed') === 'false'"
    )
    assert where(page) == "11 / 11"


def test_a_net_writes_strings(page):
    fsm = rl.load_grammar("reber")
    page.keyboard.press("Home")
    reach(page, "#string").fill("")
    reach(page, "#generate").check()
    reach(page, "#speed").select_option(label="very fast")
    reach(page, "#play").click()
    page.wait_for_function(
        "document.getElementById('play').getAttribute('aria-pressed') === 'false'"
    )
    assert fsm.accepts(text_of_string(page))
    reach(page, "#write").click()
    strings = page.locator("#written code").all_inner_texts()
    assert len(strings) == 20
    assert all(fsm.run(string) is not None for string in strings)


def test_what_a_net_was_never_asked_is_not_judged(page):
    """Before the first symbol, and when the word is over; the grammar's answer is not the net's."""
    published = page.locator("section[aria-label='published net']")
    page.keyboard.press("Home")
    said = published.locator(".verdict").inner_text()
    assert said == "○ not judged: offers nothing; the grammar allows B."
    assert page.locator(".tape .refused").count() == 0, "B was not refused: nobody asked"
    reach(page, "#string").fill("BTXSE")
    assert published.locator(".verdict").inner_text().startswith("○ not judged: offers ")
    assert published.locator(".answer.wrong").count() == 0
    reach(page, "#string").fill("BTXSEP")
    assert page.locator(".tape td.unclaimed .refused").count() == 0
    assert page.locator(".symbol.violation").count() == 1


def test_a_net_that_was_not_asked_for_the_first_symbol_writes_on_from_it(page):
    fsm = rl.load_grammar("reber")
    reach(page, "#lead-net").select_option(label="published")
    reach(page, "#write").click()
    strings = page.locator("#written code").all_inner_texts()
    assert all(string.startswith("B") for string in strings)
    assert any(fsm.run(string) is not None for string in strings)


def test_a_net_that_only_accepts(open_page, folder):
    fsm = rl.load_grammar("parity")
    net = rl.compile(fsm)
    net = net.replace(heads={"accept": net.heads["accept"]}, name="acceptor")
    path = folder / "acceptor.html"
    path.write_text(explorer_page(fsm, [net], "0110"), encoding="utf-8")
    page = open_page(path)
    card = page.locator("section[aria-label='acceptor net']")
    assert card.locator(".verdict").inner_text() == "✓ right: says that the word may end."
    reach(page, "#string").fill("01")
    assert card.locator(".verdict").inner_text() == "✓ right: says that the word may not end."
    assert card.locator(".answer").count() == 1
    assert "accept: logit > 0" in page.locator("#reasons .note").inner_text()
    assert page.locator(".tape tr").nth(2).locator("td").all_inner_texts() == ["✓", "✓", "–"]
    assert "None. Proved right" in wait_for_search(page, "acceptor")
    with page.expect_download() as svg:
        reach(page, "#save-svg").click()
    assert "says that the word may not end" in svg.value.path().read_text("utf-8")


def test_nets_can_be_shown_and_hidden(page):
    reach(page, "#shown >> text=compiled").uncheck()
    assert page.locator("section.net").count() == 1
    assert page.locator(".tape tr").count() == 3
    reach(page, "#shown >> text=published").click()  # the last one stays
    assert page.locator("section.net").count() == 1
    reach(page, "#shown >> text=compiled").check()
    assert page.locator("section.net").count() == 2


def test_snapping_to_vertices_is_a_choice(page):
    for slots in (1, 2):
        reach(page, "#snap").select_option(str(slots))
        run = rl.trace(rl.published(), "BTSSSSSSXXV", snap=True, slots=slots)
        shown = page.evaluate("[...explorer.nets[1].steps.at(-1).c]")
        assert shown == pytest.approx(run.steps[-1].memory.tolist(), abs=1e-9)
    assert "right" in page.locator("section[aria-label='published net'] .verdict").inner_text()


def test_a_link_carries_string_step_and_changes(page, open_page, reber_page):
    reach(page, "#string").fill("BTXSE")
    reach(page, "#slider").fill("3")
    page.evaluate("explorer.setFactor(explorer.nets[0], 0.25)")
    page.evaluate(
        "explorer.setWeight(explorer.nets[1], {gate: 'input', cell: 3}, {kind: 'cell', index: 1}, -7.5)"
    )
    page.wait_for_function("location.hash.includes('7.5')")
    fragment = page.evaluate("location.hash")
    other = open_page(reber_page, fragment)
    assert text_of_string(other) == "BTXSE"
    assert where(other) == "3 / 5"
    assert gain(other, "compiled").input_value() == "5"
    assert other.evaluate("explorer.nets[1].net.layers[0].recurrent[3 * 6 + 1]") == -7.5


@pytest.mark.parametrize(
    "fragment",
    [
        "#",
        "#string=QQQ&step=99",
        "#step=3",
        "#string=BT&weight=9+x:1&weight=0+a+b+c+d:NaN&gain=7:0",
        "#%E0%A4%A",
    ],
)
def test_a_link_from_anywhere_does_no_harm(open_page, reber_page, fragment):
    page = open_page(reber_page, fragment)
    assert page.locator("section.net").count() == 2


SAID = """() => {
  const parts = ["#title", "#lead", "#tape-legend", "#graph-text", "#graph-legend", ".tape th", ".tape .symbol",
    ".net-head .note", ".reasons > .note", ".verdict", ".why h3", ".why p", ".found h3", ".found p"];
  return parts.flatMap((part) => [...document.querySelectorAll(part)]).map((element) => {
    const copy = element.cloneNode(true);
    for (const button of copy.querySelectorAll("button")) button.remove();
    return copy.textContent.trim().replace(/\\s+/g, " ");
  });
}"""
"""What the page says in words, which a picture of it says too."""


def test_saving_pictures(page):
    page.locator("[aria-label='why, published'] .result:not(.searching)").wait_for()
    with page.expect_download() as svg:
        reach(page, "#save-svg").click()
    text = svg.value.path().read_text("utf-8")
    assert svg.value.suggested_filename == "reber-11.svg"
    root = ElementTree.fromstring(text)
    words = " ".join(" ".join(root.itertext()).split())
    for said in page.evaluate(SAID):
        assert said in words
    assert "Step 11 of 11. V led from node 5 to node 4." in words
    assert "✗ wrong: offers P V E; the grammar allows P V." in words
    assert "Read by legal: tanh > 0.5" in words
    marks = [part for part in root.iter() if (part.get("class") or "").startswith("mark ")]
    assert sum(1 for part in marks if part.get("d")) == 4, "compiled 4; published 2, 3 and 4"
    with page.expect_download() as png:
        reach(page, "#save-png").click()
    content = png.value.path().read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == tuple(2 * int(root.get(name)) for name in ("width", "height"))


def test_it_asks_for_nothing_over_the_network(open_page, browser, reber_page):
    context = browser.new_context()
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(reber_page.as_uri())
    page.locator(".result.closed").wait_for(timeout=30_000)
    outside = [url for url in asked if not url.startswith(("blob:", "data:"))]
    assert outside == [reber_page.as_uri()]
    context.close()


def test_without_a_worker_it_searches_in_idle_time(browser, reber_page):
    context = browser.new_context()
    context.add_init_script("window.Worker = undefined")
    page = context.new_page()
    page.goto(reber_page.as_uri())
    assert "BTSSSSSSXXV (11 symbols)" in wait_for_search(page, "published")
    page.keyboard.press("Home")
    assert where(page) == "0 / 11"
    context.close()


def test_it_runs_in_a_frame_of_a_notebook(open_page, folder):
    host = folder / "host.html"
    page = rl.trace(rl.published(), "BTSSSSSSXXV").to_html()
    assert repr(page) == "<explorer page>"
    host.write_text(page._repr_html_(), "utf-8")
    frame = open_page(host).frame_locator("iframe")
    found = frame.locator(".result:not(.searching)")
    found.wait_for(timeout=30_000)
    assert "BTSSSSSSXXV (11 symbols)" in found.inner_text()
    reach(frame, "#restart").click()
    frame.locator("#forward").click()
    assert frame.locator("#where").inner_text() == "1 / 11"
    reach(frame, "#copy-link").click()
    assert "no link to a page in a frame" in frame.locator("#saved").inner_text()


def test_symbols_that_are_words(open_page, folder):
    from reberlstm.machine.fsm import FSM

    nouns = ("dog", "cat", "caterpillar")
    fsm = FSM(
        alphabet=("the", "sees", *nouns),
        start="s",
        accepting={"end"},
        transitions={
            "s": {"the": "n"},
            "n": dict.fromkeys(nouns, "v"),
            "v": {"sees": "s", "the": "end"},
            "end": {},
        },
        name="sentences",
    )
    path = folder / "sentences.html"
    path.write_text(explorer_page(fsm, [rl.compile(fsm)], ["the", "dog"]), encoding="utf-8")
    page = open_page(path, width=360)
    assert page.locator(".tape tr").nth(2).locator("td").all_inner_texts() == [
        "the",
        "3 of 5",
        "the sees",
    ]
    reach(page, "#string").fill("the caterpillar sees the")
    assert where(page) == "4 / 4"
    cut = """() => [...document.querySelectorAll('.tape td, .answer b')]
      .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"""
    assert page.evaluate(cut) == []


def test_names_from_a_file_stay_names(open_page, folder):
    from reberlstm.machine.fsm import FSM

    evil = "</script><img src=x onerror=document.title='owned'>"
    fsm = FSM(
        alphabet=("<b>", "{{data}}"),
        start=evil,
        accepting={evil},
        transitions={evil: {"<b>": evil, "{{data}}": evil}},
        name=evil,
        title=evil,
    )
    path = folder / "evil.html"
    path.write_text(explorer_page(fsm, [rl.compile(fsm)], ["<b>"]), encoding="utf-8")
    page = open_page(path)
    assert page.locator("#title").inner_text() == evil
    assert page.locator("img").count() == 0


def test_numbers_are_finite_whatever_the_weights(page):
    page.evaluate("explorer.setFactor(explorer.nets[1], 1000)")
    values = page.evaluate("explorer.nets[1].steps.flatMap((s) => [...s.c])")
    assert np.isfinite(values).all()
