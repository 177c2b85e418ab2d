"""A browser for the tests of the explorer page: the system's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.render.layout import lay_out
from reberlstm.render.page import default_nets, examples, explorer_page, functions

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
OUTPUT = Path(__file__).parents[1] / "output"


def find_browser() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = find_browser()
    if path is None:
        pytest.skip(f"no browser on this machine (looked for {', '.join(NAMES)})")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session", autouse=True)
def _graphs_drawn_once():
    """Graphviz is started once for each grammar."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reberlstm.render.page.lay_out", cache(lay_out))
        yield


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def reber_page(folder):
    """The page of the Reber grammar with both nets, at the string where the published one fails."""
    fsm = rl.load_grammar("reber")
    path = folder / "reber.html"
    nets = [rl.compile(fsm), rl.published()]
    path.write_text(
        explorer_page(fsm, nets, "BTSSSSSSXXV", step=11, shown=2, examples=examples(fsm, nets)),
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="session")
def three_nets_page(folder):
    """Compiled, published and trained net side by side."""
    fsm = rl.load_grammar("reber")
    path = folder / "reber-three.html"
    path.write_text(
        explorer_page(fsm, default_nets(fsm), "BTSSSSSSXXV", step=11, shown=3), encoding="utf-8"
    )
    return path


@pytest.fixture(scope="session")
def first_page(folder):
    """The page that `reberlstm explore reber` writes."""
    path = folder / "first.html"
    assert run(["explore", "reber", "-o", str(path)]) == 0
    return path


def reach(page, selector):
    """An element, after the menu that it is in has been opened."""
    found = page.locator(selector)
    found.evaluate(
        "(e) => { const m = e.closest('[popover]'); if (m && !m.matches(':popover-open')) m.showPopover(); }"
    )
    return found


@pytest.fixture(scope="session")
def windows(browser):
    """Windows that a test has left, by whether they are touched: a new one takes long to open."""
    left = {False: [], True: []}
    yield left
    for page in (*left[False], *left[True]):
        page.context.close()


@pytest.fixture
def open_page(browser, windows):
    """Opens a file in a window that is as good as new; what goes wrong in its script is a failure."""
    used = []
    faults = []

    def fault(error):
        faults.append(str(error))

    def report(line):
        if line.type == "error":
            faults.append(line.text)

    def open_file(path, fragment="", width=1280, height=900, scheme="light", touch=False):
        if windows[touch]:
            page = windows[touch].pop()
        else:
            page = browser.new_context(has_touch=touch, is_mobile=touch).new_page()
        used.append((page, touch))
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, media="null")
        page.on("pageerror", fault)
        page.on("console", report)
        page.goto(path.as_uri() + fragment)
        return page

    yield open_file
    for page, touch in used:
        page.remove_listener("pageerror", fault)
        page.remove_listener("console", report)
        page.mouse.move(-1, -1)
        page.goto("about:blank")
        windows[touch].append(page)
    assert not faults


@pytest.fixture(scope="session")
def nothing(folder):
    """A page with nothing in it."""
    path = folder / "nothing.html"
    path.write_text("<!doctype html><title>nothing</title>", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def with_modules(browser):
    """An empty page in which the named modules of the page's script are there as `$name`."""
    pages = []

    def load(*names):
        page = browser.new_page()
        pages.append(page)
        for name in names:
            exported = f"globalThis.${name} = (() => {{\n{functions(name)}return ${name};\n}})();"
            page.add_script_tag(content=exported)
        return page

    yield load
    for page in pages:
        page.close()


@pytest.fixture
def page(open_page, reber_page):
    return open_page(reber_page)
