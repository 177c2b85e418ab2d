"""Drawing a machine in the page: by mouse, touch and keyboard; its net, its file, its link."""

from __future__ import annotations

import json

import pytest

import reberlstm as rl
from reberlstm.machine.fsm import FSM
from reberlstm.render.page import explorer_page, net_data

pytestmark = pytest.mark.browser

PARITY = FSM(
    alphabet=("0", "1"),
    start="even",
    accepting={"even"},
    transitions={"even": {"0": "even", "1": "odd"}, "odd": {"0": "odd", "1": "even"}},
    name="parity",
)
STRANGE = ("<b>&amp;", "\"quoted\" 'too'", "🦊", "שלום", "__proto__")


@pytest.fixture(scope="module")
def parity_page(folder):
    path = folder / "draw.html"
    path.write_text(explorer_page(PARITY, [rl.compile(PARITY)]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def strange_page(folder):
    """A machine whose names a careless page would take for markup or for properties."""
    ring = {q: {"<": STRANGE[(k + 1) % 5], "🦊": q} for k, q in enumerate(STRANGE)}
    fsm = FSM(alphabet=("<", "🦊"), start=STRANGE[0], accepting={"🦊"}, transitions=ring)
    path = folder / "strange.html"
    path.write_text(explorer_page(fsm, [rl.compile(fsm)]), encoding="utf-8")
    return path, fsm


def drawn(page):
    """The machine of the drawing."""
    machine = json.loads(page.evaluate("explorer.trial.key"))
    keys = ("alphabet", "start", "accepting", "transitions")
    return FSM(**{key: machine[key] for key in keys})


def same(one, other):
    return one.difference(other) is None and len(one.states) == len(other.states)


def verdict(page):
    page.locator("#trial-verdict.proved").wait_for(timeout=5_000)
    return page.locator("#trial-verdict").inner_text()


def middle(page, name, edge=False):
    box = page.locator(
        f"#canvas [data-key='{json.dumps([name], ensure_ascii=False)}'] .body"
    ).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + (2 if edge else box["height"] / 2)


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0], start[1] - 40)
    page.mouse.move(*end)
    page.mouse.up()


OPERATIONS = """(machine) => {
  const { addState, deleteState, drawingOf, faultsOf, keepArrow, machineOf, readSymbols, renameState, setArrow, setEnds } = $editing;
  const places = Object.fromEntries(machine.states.map((name, k) => [name, [100 * k, 50]]));
  const drawing = drawingOf(machine, places);
  const tables = (each) => { const { probabilities, stop, outputs } = machineOf(each); return { probabilities, stop, outputs }; };
  const clash = setArrow(drawing, "a", "c", ["x"]);
  return {
    same: machineOf(drawing),
    frozen: JSON.stringify(drawing) === JSON.stringify(drawingOf(machine, places)),
    renamed: tables(renameState(drawing, "a", " A ")),
    ended: tables(setEnds(drawing, "b", false)),
    added: tables(addState(drawing, 0, 0)).outputs,
    fewer: tables(setArrow(drawing, "a", "b", ["x"])),
    alphabet: setArrow(setArrow(drawing, "a", "b", ["new", "x"]), "b", "a", []).alphabet,
    deleted: machineOf(deleteState(drawing, "b")),
    clash: faultsOf(clash).map(({ text }) => text),
    mended: machineOf(faultsOf(clash)[0].remedies[1][1]).transitions,
    pale: faultsOf(setArrow(drawing, "b", "c", [])).map(({ states }) => states),
    symbols: [readSymbols(" a,b  c,, a ", []), readSymbols("a , b", ["a,"])],
  };
}"""


def test_what_is_done_to_a_drawing(with_modules):
    """Nothing that a file gives is lost as long as it is true of the drawing."""
    machine = {
        "name": "m", "title": "", "alphabet": ["x", "y", "unused"], "states": ["a", "b", "c"],
        "start": "a", "accepting": ["b"],
        "transitions": {"a": {"x": "b", "y": "b"}, "b": {"x": "a", "y": "c"}, "c": {}},
        "probabilities": {"a": {"x": 0.25, "y": 0.75}}, "stop": {"b": 0.5},
        "outputs": {"a": "1", "b": "2", "c": "3"},
    }  # fmt: skip
    found = with_modules("editing").evaluate(OPERATIONS, machine)
    assert found["same"] == machine
    assert found["frozen"]
    assert found["renamed"]["probabilities"] == {"A": {"x": 0.25, "y": 0.75}}
    assert found["renamed"]["outputs"] == {"A": "1", "b": "2", "c": "3"}
    assert found["ended"]["stop"] is None
    assert found["added"] == {"a": "1", "b": "2", "c": "3", "3": "ε"}
    assert found["fewer"]["probabilities"] is None
    assert found["alphabet"] == ["x", "y", "unused", "new"]
    assert found["deleted"]["transitions"] == {"a": {}, "c": {}}
    assert found["deleted"]["alphabet"] == ["unused"]
    (clash,) = found["clash"]
    assert clash.startswith("From “a” the symbol “x” leads to “b” and “c”.")
    assert found["mended"]["a"] == {"x": "c", "y": "b"}
    assert found["pale"] == [["c"]]
    assert found["symbols"] == [["a", "b", "c"], ["a", ",", "b"]]


def test_by_mouse(open_page, parity_page):
    page = open_page(parity_page, "#mode=draw")
    assert same(drawn(page), PARITY)
    assert "Proved right after every string of any length" in verdict(page)
    page.locator("#draw-new").click()
    page.locator("[data-tool=move]").click()
    canvas = page.locator("#canvas")
    for x in (150, 420):
        canvas.dblclick(position={"x": x, "y": 200})
    for source, target, symbol in (
        ("0", "1", "1"),
        ("1", "0", "1"),
        ("0", "0", "0"),
        ("1", "1", "0"),
    ):
        drag(page, middle(page, source, edge=True), middle(page, target))
        page.keyboard.type(symbol)
        page.keyboard.press("Enter")
    assert "no state has a double ring" in page.locator("#trial-notes").inner_text()
    assert verdict(page).startswith("✓ The net does what the drawing says.")
    page.mouse.click(*middle(page, "0"))
    page.get_by_label("words may end here").check()
    page.get_by_label("Name").fill("1")
    assert "There is a state “1” already" in page.locator("#popup").inner_text()
    page.get_by_label("Name").fill("even")
    page.keyboard.press("Enter")
    assert same(drawn(page), PARITY)
    assert page.locator("#trial-notes").inner_text() == ""
    assert "Proved right after every string of any length" in verdict(page)
    # A drawing that is no machine is not searched any longer.
    ended = page.evaluate("""() => {
      const { seeker, trial } = explorer;
      const { key } = trial;
      const ended = [];
      const { stop } = seeker;
      seeker.stop = (id) => ended.push(id);
      trial.update(null);
      seeker.stop = stop;
      trial.update(JSON.parse(key));
      return ended;
    }""")
    assert ended == [0]
    assert page.locator("#trial-size").inner_text() == (
        "1 cell for 2 states: 1. State even needs none: words start there, with no cell on."
    )
    page.locator("#trial-word").fill("0110")
    assert "and the word may end here" in page.locator("#trial-said").inner_text()

    # A drag moves a state, and is one step for Undo.
    before = page.evaluate("JSON.stringify(explorer.drawing)")
    x, y = middle(page, "even")
    drag(page, (x, y), (x + 60, y + 90))
    assert page.evaluate("explorer.drawing.states[0].y") > json.loads(before)["states"][0]["y"]
    page.keyboard.press("Control+z")
    assert page.evaluate("JSON.stringify(explorer.drawing)") == before

    # What is wrong is said in place, nothing is lost, and a remedy is offered.
    drag(page, middle(page, "1", edge=True), middle(page, "even"))
    page.get_by_label("Symbols", exact=True).fill("1, 0")
    assert "“0” leads from 1 to 1 already" in page.locator("#popup").inner_text()
    page.keyboard.press("Enter")
    assert "From “1” the symbol “0” leads to" in page.locator("#faults").inner_text()
    assert page.locator("#trial-run").is_hidden()
    page.get_by_role("button", name="Keep the one to 1").click()
    assert same(drawn(page), PARITY)
    page.locator("#canvas [data-key='[\"1\"]']").focus()
    page.keyboard.press("Delete")
    page.mouse.click(*middle(page, "even"))
    page.get_by_role("button", name="Delete", exact=True).nth(1).click()
    page.locator("#draw-undo").click()
    page.locator("#draw-undo").click()
    assert same(drawn(page), PARITY)


def test_by_keyboard(open_page, parity_page):
    page = open_page(parity_page, "#mode=draw", width=640, height=400)
    page.locator("#draw-new").focus()
    page.keyboard.press("Enter")
    for key in ("n", "Escape", "Shift+Tab", "Enter"):
        page.keyboard.press(key)
    assert page.locator("#popup").get_by_label("Name").input_value() == "1"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.key") == '["1"]'
    heard = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert heard == "state 1, no word leads here"
    for keys, symbol in (("a Enter", "0"), ("a ArrowLeft Enter", "1")):
        page.locator("#canvas [data-key='[\"1\"]']").focus()
        for key in keys.split():
            page.keyboard.press(key)
        page.keyboard.type(symbol)
        page.keyboard.press("Enter")
    page.locator("#canvas [data-key='[\"0\"]']").focus()
    for key in ("a", "Enter", "0", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.dataset.key") == '["0","0"]'
    page.locator("#canvas [data-key='[\"0\"]']").focus()
    for key in ("e", "a", "Tab", "Enter", "1", "Enter"):
        page.keyboard.press(key)
    page.locator("#canvas [data-key='[\"0\"]']").focus()
    for key in ("Enter", "e", "v", "Enter", "Shift+ArrowDown"):
        page.keyboard.press(key)
    machine = drawn(page)
    assert same(machine, PARITY)
    assert machine.start == "ev"
    # Tab goes to the states in their order, and then to the arrows.
    order = []
    page.locator("#canvas [data-key='[\"ev\"]']").focus()
    for _ in range(6):
        order.append(page.evaluate("document.activeElement.dataset.key"))
        page.keyboard.press("Tab")
    assert order[:2] == ['["ev"]', '["1"]']
    assert len(set(order)) == 6
    # The table says the same, and can be filled in.
    page.locator("#listing summary").press("Enter")
    field = page.get_by_label("symbols of the arrow from ev to ev")
    field.fill("a, 0")
    field.press("Tab")
    assert drawn(page).accepts("a0a")
    page.keyboard.press("Control+z")
    assert same(drawn(page), PARITY)


def test_by_touch(open_page, parity_page):
    page = open_page(parity_page, "#mode=draw", width=360, height=740, touch=True)
    page.locator("#draw-new").tap()
    canvas = page.locator("#canvas")
    for x in (80, 250):
        canvas.tap(position={"x": x, "y": 200})
    page.locator("[data-tool=arrow]").tap()
    for source, target, symbol in (
        ("0", "1", "1"),
        ("1", "0", "1"),
        ("0", "0", "0"),
        ("1", "1", "0"),
    ):
        page.touchscreen.tap(*middle(page, source))
        page.touchscreen.tap(*middle(page, target))
        if page.get_by_role("group", name="Symbols in use").get_by_text(symbol).count():
            page.get_by_role("group", name="Symbols in use").get_by_text(symbol).tap()
        else:
            page.get_by_label("Symbols", exact=True).fill(symbol)
        page.get_by_role("button", name="Done").tap()
    page.locator("[data-tool=move]").tap()
    page.touchscreen.tap(*middle(page, "0"))
    page.get_by_label("words may end here").tap()
    page.get_by_role("button", name="Done").tap()
    assert same(drawn(page), PARITY)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    small = "(e) => [...e.querySelectorAll('button')].filter((b) => b.offsetHeight && b.offsetHeight < 40).length"
    assert page.locator("main").evaluate(small) == 0
    # A finger drags a state, and scrolls the page elsewhere on the sheet.
    fingers = page.context.new_cdp_session(page)

    def swipe(x, y, by_x, by_y):
        for kind, part in (("touchStart", 0), *(("touchMove", k / 8) for k in range(1, 9))):
            points = [{"x": x + part * by_x, "y": y + part * by_y}]
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    page.evaluate("window.scrollTo(0, 0)")
    before = page.evaluate("explorer.drawing.states[0]")
    swipe(*middle(page, "0"), 40, 60)
    after = page.evaluate("explorer.drawing.states[0]")
    assert after["x"] > before["x"] + 20
    assert after["y"] > before["y"] + 40
    assert page.evaluate("window.scrollY") == 0
    box = canvas.bounding_box()
    swipe(box["x"] + box["width"] / 2, box["y"] + box["height"] - 30, 0, -200)
    page.wait_for_function("window.scrollY > 50")
    page.locator("[data-tool=delete]").tap()
    page.touchscreen.tap(*middle(page, "1"))
    assert page.locator("#canvas .node").count() == 1


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_any_names_and_no_fault_of_access(open_page, strange_page, width, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    path, fsm = strange_page
    page = open_page(path, "#mode=draw", width=width, height=800, scheme=scheme)
    assert drawn(page) == fsm
    page.locator("#listing summary").click()
    page.evaluate("explorer.change({ ...explorer.drawing, start: null })")
    page.locator("#canvas .node").nth(2).click()
    assert page.get_by_label("Name", exact=True).input_value() == "🦊"
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"Start at {STRANGE[0]}").click()
    assert drawn(page) == fsm
    made = page.evaluate("JSON.stringify(explorer.trial.made.data)")
    assert json.loads(made) == net_data(rl.compile(fsm), "compiled", fsm.alphabet)


def test_files_and_links(open_page, parity_page, tmp_path):
    """What is opened is drawn; what is saved is the same machine to Python; nothing is lost on the way."""
    page = open_page(parity_page, "#mode=draw")
    embedded = rl.load_grammar("embedded-reber")
    page.locator("#draw-open").click()
    page.locator("#opener-text").fill("states = nowhere")
    page.locator("#opener-take").click()
    assert page.locator("#opener-error").inner_text().startswith("The text, line 1: ")
    page.locator("#opener-text").fill(rl.formats.write(embedded, "toml").decode())
    page.locator("#opener-take").click()
    assert drawn(page) == FSM(
        alphabet=embedded.alphabet,
        start=embedded.start,
        accepting=embedded.accepting,
        transitions=embedded.transitions,
    )
    assert "Proved" in verdict(page)
    saved = {}
    for kind in ("toml", "svg"):
        with page.expect_download() as download:
            page.locator(f"#draw-{kind}").click()
        saved[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[kind])
    fsm = rl.load_grammar(saved["toml"])
    assert fsm == embedded
    made = json.loads(page.evaluate("JSON.stringify(explorer.trial.made.data)"))
    assert made == net_data(rl.compile(fsm), "compiled", fsm.alphabet)
    assert saved["svg"].read_text("utf-8").count('class="node"') == len(embedded.states)

    # The gates of the net at work; the link carries the machine, and the drawing is not lost.
    page.evaluate("explorer.moveTo(explorer.drawing.states[3].name, 300, 200)")
    before = page.evaluate("JSON.stringify(explorer.drawing)")
    page.locator("#trial-word").fill("BTBTX")
    page.locator("#trial-watch").click()
    assert page.locator("#string").input_value() == "BTBTX"
    assert "the machine that was drawn" in page.locator("#notice").inner_text()
    page.wait_for_function("location.hash.includes('string=')")
    link = page.evaluate("location.hash")
    page.get_by_role("button", name="Back to the drawing").click()
    assert page.evaluate("JSON.stringify(explorer.drawing)") == before
    assert page.locator("#draw-undo").is_enabled()
    assert page.locator("#trial-word").input_value() == "BTBTX"
    other = open_page(parity_page, link)
    assert other.locator("#string").input_value() == "BTBTX"
    other.get_by_role("button", name="Back to the drawing").click()
    assert drawn(other) == drawn(page)
    assert other.evaluate("explorer.drawing.states[3].x") == 300
    other.evaluate("location.hash = '#machine=1_broken&string='")
    other.locator("#notice", has_text="The link holds no machine").wait_for()
    assert other.evaluate("explorer.machine.alphabet") == ["0", "1"]


CHOICE = "".join(
    (
        "<structure><type>fa</type><automaton>",
        '<state id="0" name="q"><x>80</x><y>120</y><initial/></state>',
        '<state id="1" name="r"><x>220</x><y>60</y><final/></state>',
        "<transition><from>0</from><to>0</to><read>a</read></transition>",
        "<transition><from>0</from><to>1</to><read>a</read></transition>",
        "<transition><from>0</from><to>1</to><read>b</read></transition>",
        "</automaton></structure>",
    )
)


def test_what_is_not_finished_or_changed(open_page, parity_page):
    """A drawing that is no machine is opened, named, mended and carried; a changed one says so."""
    page = open_page(parity_page, "#mode=draw")
    known = (
        "JSON.stringify([explorer.drawing.states, explorer.drawing.arrows, explorer.drawing.start])"
    )
    assert page.evaluate("explorer.instead()") == ""
    page.evaluate("explorer.setEnds('even', false)")
    assert page.locator("#sheet-title").inner_text() == "parity-changed"
    with page.expect_download() as download:
        page.locator("#draw-toml").click()
    assert download.value.suggested_filename == "parity-changed.toml"
    page.locator("#draw-title").click()
    page.keyboard.type("Mine")
    page.keyboard.press("Enter")
    assert page.locator("#sheet-title").inner_text() == "Mine"
    assert page.evaluate("document.activeElement.id") == "draw-title"
    page.locator("#draw-undo").click()
    page.locator("#draw-undo").click()
    assert page.locator("#sheet-title").inner_text() == "parity"

    page.locator("#draw-open").click()
    page.locator("#opener-text").fill(CHOICE)
    page.locator("#opener-take").click()
    assert "It is not deterministic" in page.locator("#draw-hint").inner_text()
    page.evaluate("explorer.setStart('q', false)")
    faults = page.locator("#faults").inner_text()
    assert "No state is the start" in faults
    assert "From “q” the symbol “a” leads to “q” and “r”" in faults
    assert page.locator("#draw-toml").is_disabled()
    assert "Save TOML waits" in page.locator("#draw-why").inner_text()
    drawing = page.evaluate(known)
    page.wait_for_function("location.hash.includes('machine=2_')")
    page.reload()
    assert page.evaluate(known) == drawing
    page.locator("#to-explore").click()
    page.reload()
    page.go_back()
    page.locator("#canvas").wait_for()
    assert page.evaluate(known) == drawing
    page.locator("#to-derive").click()
    page.locator("#to-draw").click()
    assert page.evaluate(known) == drawing
    page.wait_for_function("location.hash.includes('machine=2_')")
    # What is no machine is none in the other modes, and a link that is cut off is told from a drawing.
    page.evaluate("location.hash = location.hash.replace('mode=draw&', '')")
    page.locator("#notice", has_text="a drawing that is not finished").wait_for()
    page.evaluate("location.hash = '#mode=draw&machine=2___a_..0-0-2_q'")
    page.locator("#draw-hint", has_text="its end is missing").wait_for()
    assert page.evaluate(known) == drawing
    page.get_by_role("button", name="Start at q").click()
    page.get_by_role("button", name="Keep the one to r").click()
    assert drawn(page).accepts("b")
    assert not drawn(page).accepts("aa")
    page.evaluate("explorer.data = { machine: { name: 'anbn', counters: 1, states: [] } }")
    assert "a machine with counters cannot be drawn" in page.evaluate("explorer.instead()")

    # Of many states and arrows one is a Tab stop, and Page Down goes on.
    states = [str(k) for k in range(40)]
    page.evaluate(
        """(states) => explorer.load({ machine: { name: "", title: "", alphabet: ["a"], states, start: "0", accepting: ["0"],
        transitions: Object.fromEntries(states.map((state, k) => [state, { a: states[(k + 1) % 40] }])) }, positions: null })""",
        states,
    )
    stops = page.locator("#canvas [data-key][tabindex='0']")
    assert stops.count() == 1
    stops.focus()
    page.keyboard.press("PageDown")
    assert page.evaluate("document.activeElement.dataset.key") == '["1"]'
    assert stops.count() == 1
