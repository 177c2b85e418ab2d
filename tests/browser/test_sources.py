"""The page's own files, as the browser reads them: modules, style sheet, template."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from reberlstm.render.page import FOLDER, PACKED, entries, modules

pytestmark = pytest.mark.browser

MODULES = modules(*entries(), PACKED)
STYLE = "".join(path.read_text("utf-8") for path in sorted(FOLDER.rglob("*.css")))
BODIES = [path.read_text("utf-8") for path in sorted(FOLDER.rglob("*.html"))]
SCRIPTS = {path.stem: path.read_text("utf-8") for path in FOLDER.rglob("*.js")}

LOAD = """async (modules) => {
  const urls = {};
  const faults = [];
  for (const [name, source] of modules) {
    const text = source.replace(/from "[./a-z]*\\/([a-z]+)\\.js"/g, (_, other) => `from "${urls[other]}"`);
    urls[name] = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    try {
      await import(urls[name]);
    } catch (error) {
      faults.push(`${name}: ${error.name}: ${error.message}`);
    }
  }
  return faults;
}"""

MADE = re.findall(r'\bid: "([\w-]+)"', "".join(SCRIPTS.values()))
"""The ids of elements that scripts make."""

VOID = {"meta", "input", "link", "br", "hr", "img"}


def test_every_module_is_one_and_finds_what_it_imports(open_page, nothing):
    """As they lie in the folder, not only put together into one script."""
    page = open_page(nothing)
    faults = page.evaluate(LOAD, [(name, SCRIPTS[name]) for name in MODULES])
    assert faults == []


def test_every_declaration_is_understood(open_page, nothing):
    plain = re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL)
    declarations = re.findall(r"^\s+([a-z-]+):\s*([^;{}]+?)(?:\s*!important)?;$", plain, re.M)
    assert len(declarations) > 500
    page = open_page(nothing)
    unknown = page.evaluate(
        "(pairs) => pairs.filter(([name, value]) => !name.startsWith('--') && !CSS.supports(name, value))",
        declarations,
    )
    assert unknown == []


def test_every_class_in_the_style_sheet_is_used():
    text = "".join([*BODIES, *SCRIPTS.values()])
    plain = re.sub(r"/\*.*?\*/|\{[^{}]*\}", "", STYLE, flags=re.DOTALL)
    for name in set(re.findall(r"\.([a-z][\w-]*)", plain)):
        stem = re.sub(r"-\d$", "-", name)
        assert re.search(rf"\b{re.escape(stem)}(?![a-z])", text), f".{name} is used nowhere"


def test_every_element_of_the_template_is_closed_and_every_id_unique():
    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open = []
            self.ids = []

        def handle_starttag(self, tag, attributes):
            self.ids += [value for name, value in attributes if name == "id"]
            if tag not in VOID:
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag, f"</{tag}> in line {self.getpos()[0]}"

    (frame,) = (body for body in BODIES if "<html" in body)
    ids = set()
    for body in BODIES:  # the frame and one of the others are in the page at a time
        reader = Reader()
        reader.feed(body if body == frame else frame + body)
        assert reader.open == []
        assert len(reader.ids) == len(set(reader.ids))
        labelled = re.findall(r'aria-(?:labelledby|describedby)="([\w-]+)"|\bfor="([\w-]+)"', body)
        names = {name for pair in labelled for name in pair if name}
        assert names <= {*reader.ids, *MADE}
        ids |= set(reader.ids)
    sought = set(re.findall(r'byId\("([\w-]+)"\)', "".join(SCRIPTS.values())))
    assert sought | set(re.findall(r'\bon\("([\w-]+)"', SCRIPTS["controls"])) <= ids
