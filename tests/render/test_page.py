"""The explorer page as a file: what is in it, and what is refused."""

from __future__ import annotations

import base64
import json
import re
import struct
from pathlib import Path

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM
from reberlstm.render.bundle import FOLDER, MODES, PACKED, entries, modules, program, style
from reberlstm.render.page import explorer_page

KILOBYTE = 1000
MODULES = modules(*entries(), PACKED)


@pytest.fixture(scope="module")
def reber():
    return rl.load_grammar("reber")


@pytest.fixture(scope="module")
def page(reber):
    return explorer_page(reber, [rl.compile(reber), rl.published()], "BTSSSSSSXXV")


EXPORT = r"^export (?:const|function\*?|class) (\w+)"


def imports(name):
    """The modules that one imports, each as the file that it names and its stem."""
    (module,) = FOLDER.rglob(f"{name}.js")
    found = re.findall(r'from "(\.[^"]*/(\w+)\.js)"', module.read_text("utf-8"))
    return [((module.parent / path).resolve(), stem) for path, stem in found]


def data_of(page):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(text[1])


def test_it_is_small_and_asks_for_nothing(page):
    assert len(page.encode()) < 500 * KILOBYTE
    assert re.findall(r"""\b(?:src|href)\s*=\s*["'][^"'#]""", page) == []
    assert re.search(r"https?://(?!www\.w3\.org/2000/svg)", page) is None
    assert re.search(r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon)\b", page) is None
    assert re.search(r"@import|url\((?!#)", page) is None
    assert "default-src 'none'" in page
    assert "SPDX-License-Identifier" in page, "a library keeps its licence; other comments go"


def test_the_weights_are_in_it(page, reber):
    net = rl.compile(reber)
    data = data_of(page)["nets"][0]
    dense = np.zeros_like(net.weight_hh)
    layer = data["layers"][0]
    for row, line in zip(dense, layer["weight_hh"]["rows"], strict=True):
        row[line[::2]] = line[1::2]
    assert np.array_equal(dense, net.weight_hh)
    assert layer["bias_ih"] == net.bias_ih.tolist()
    assert data["cells"] == list(net.cells)
    assert data["explained"]["cells"][1]["gates"]["input"]["sentence"].startswith("lets T in")


def test_dense_weights_are_exact(reber):
    random = np.random.default_rng(0)
    net = rl.compile(reber)
    weights = random.normal(size=net.weight_hh.shape)
    data = data_of(explorer_page(reber, [net.replace(weight_hh=weights, gain=None)]))
    packed = base64.b64decode(data["nets"][0]["layers"][0]["weight_hh"]["float64"])
    assert struct.unpack(f"<{weights.size}d", packed) == tuple(weights.ravel())


def test_modules_are_in_order_and_all_there():
    assert sorted(path.stem for path in FOLDER.rglob("*.js")) == sorted(MODULES)
    for number, name in enumerate(MODULES):
        for path, imported in imports(name):
            assert imported in MODULES[:number], f"{name}.js imports {imported}.js, which is later"
            assert path.is_file()
    assert re.search(r"^\s*(?:import|export)\b", program(), re.MULTILINE) is None


def test_what_a_module_imports_is_exported():
    exported = {
        path.stem: set(re.findall(EXPORT, path.read_text("utf-8"), re.M))
        for path in FOLDER.rglob("*.js")
    }
    for path in FOLDER.rglob("*.js"):
        text = path.read_text("utf-8")
        for names, source in re.findall(
            r'^import \{([^}]*)\} from "[./a-z]*/(\w+)\.js";', text, re.M
        ):
            assert {part.strip() for part in names.split(",") if part.strip()} <= exported[source]


def test_every_export_is_used_and_every_template_ends_on_its_line():
    """A text over several lines is none that the bundle could shorten without changing it."""
    texts = {path: path.read_text("utf-8") for path in FOLDER.rglob("*.js")}
    own = {path: text for path, text in texts.items() if path.parent.name != "vendor"}
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parents[1].rglob("*.py"))
    used = {name for text in own.values() for name in re.findall(r"^import \{(.*)\}", text, re.M)}
    used = {name.strip() for names in used for name in names.split(",")}
    classes = {each.partition(".")[2] for each in MODES.values()}
    for path, text in own.items():
        for name in re.findall(EXPORT, text, re.M):
            known = name in used | classes or re.search(rf"\b{name}\b", tests)
            assert known or path.stem == PACKED, f"{path.name} exports {name} for nobody"
    for path, text in texts.items():
        for line in text.splitlines():
            assert line.count("`") % 2 == 0 or line.lstrip().startswith("//"), (path.name, line)


def test_the_model_knows_no_document_and_nothing_common_knows_a_mode():
    allowed = {"model": {"model", "vendor"}, "common": {"model", "common"}}
    for folder, known in allowed.items():
        for path in (FOLDER / folder).glob("*.js"):
            assert {found.parent.name for found, _ in imports(path.stem)} <= known
            used = re.search(r"\bdocument\.", path.read_text("utf-8"))
            assert folder == "common" or used is None, path.name


def test_the_page_in_docs_is_of_this_state():
    """Made by scripts/draw_gallery.py; places of nodes may differ with the version of Graphviz."""
    docs = FOLDER.parents[2] / "docs"
    if not docs.exists():
        pytest.skip("the docs are not here: an installed package")
    text = (docs / "explorer.html").read_text("utf-8")
    assert program() in text
    assert style() in text


def test_equal_pages_from_equal_nets(page, reber):
    again = explorer_page(reber, [rl.compile(reber), rl.published()], "BTSSSSSSXXV")
    assert again == page


def test_a_page_has_what_its_modes_need(reber):
    nets = [rl.compile(reber)]
    whole, one = explorer_page(reber, nets), explorer_page(reber, nets, modes=["explore"])
    assert {"reber", "published"} == data_of(whole).keys() - data_of(one).keys()
    assert len(one) < 0.7 * len(whole)
    assert 'id="formats"' in whole
    assert 'id="formats"' not in one


def test_a_trace_becomes_a_page(reber):
    data = data_of(rl.trace(rl.compile(reber), "BTXSE").to_html())
    assert data["string"] == "BTXSE"
    assert data["step"] == 5
    assert [net["name"] for net in data["nets"]] == ["compiled"]


def test_nets_of_one_name_are_told_apart(reber):
    net = rl.compile(reber)
    data = data_of(explorer_page(reber, [net, net, rl.published()]))
    assert [item["name"] for item in data["nets"]] == ["compiled", "compiled 2", "published"]


def test_symbols_of_several_characters():
    fsm = FSM(
        alphabet=("go", "stop"),
        start="a",
        accepting={"b"},
        transitions={"a": {"go": "b"}, "b": {"stop": "a"}},
    )
    assert data_of(explorer_page(fsm, [rl.compile(fsm)], "go stop go"))["string"] == "go stop go"


def test_what_cannot_be_shown_is_said(reber):
    parity = rl.load_grammar("parity")
    with pytest.raises(GrammarError, match="the alphabet of parity is 0 1, but that of net"):
        explorer_page(parity, [rl.published()])
    headless = rl.compile(reber).replace(heads={})
    with pytest.raises(
        GrammarError, match="tells neither which symbols may come next nor whether a word"
    ):
        explorer_page(reber, [headless])
    with pytest.raises(GrammarError, match="unknown symbol 'Q' at position 2"):
        explorer_page(reber, [rl.published()], "BQ")
    with pytest.raises(GrammarError, match=r"10,001 symbols is too long for the page"):
        explorer_page(reber, [rl.published()], "B" * 10_001)
    for modes in (["explore", "play"], ["draw"]):
        with pytest.raises(GrammarError, match="give 'explore', and others of explore, derive"):
            explorer_page(reber, [rl.published()], modes=modes)
    with pytest.raises(GrammarError, match="no net to explore"):
        explorer_page(reber, [])
    lonely = rl.trace(rl.compile(reber).replace(grammar=None), "BT")
    with pytest.raises(GrammarError, match="carries no grammar"):
        lonely.to_html()


def test_too_many_weights_are_refused(reber, monkeypatch):
    monkeypatch.setattr("reberlstm.render.page.MAX_WEIGHTS", 10)
    with pytest.raises(GrammarError, match=r"weights are too many for one page \(at most 10\)"):
        explorer_page(reber, [rl.published()])


def test_the_command_writes_a_page(tmp_path, capsys):
    out = tmp_path / "page.html"
    assert run(["explore", "reber", "--string", "BTXSE", "--step", "2", "-o", str(out)]) == 0
    line = " ".join(capsys.readouterr().out.split())
    assert line.startswith(f"{out}: reber, compiled (legal: logit > 0; accept: logit > 0), ")
    assert "published (legal: tanh > 0.5), reber-4 (legal: logit > 0); " in line
    data = data_of(out.read_text("utf-8"))
    assert (data["string"], data["step"]) == ("BTXSE", 2)
    assert data["shown"] == 1
    assert [item["string"] for item in data["examples"][:2]] == ["BTSSXXTVVE", "BTSSSSSSXXV"]


def test_the_command_takes_nets_by_file(tmp_path, reber):
    file = tmp_path / "mine.safetensors"
    rl.save(rl.compile(reber, gain=9.0).replace(name="mine"), file)
    out = tmp_path / "page.html"
    nets = ["--net", "compiled", "--net", "published", "--net", str(file)]
    assert run(["explore", "reber", *nets, "-o", str(out)]) == 0
    data = data_of(out.read_text("utf-8"))
    assert [net["name"] for net in data["nets"]] == ["compiled", "published", "mine"]
    assert (data["string"], data["step"], data["shown"]) == ("BTSSXXTVVE", 0, 3)


def test_the_command_complains_in_one_line(tmp_path, capsys):
    assert run(["explore", "reber", "-o", str(tmp_path / "page.txt")]) == 2
    assert "explore writes .html files" in capsys.readouterr().err
    assert run(["explore", "reber", "--string", "BQ", "-o", str(tmp_path / "p.html")]) == 2
    assert "unknown symbol 'Q'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
