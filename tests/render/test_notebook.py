"""What a notebook shows: well-formed, escaped, with the numbers in it, and never too large."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser

import pytest

import reberlstm as rl
from reberlstm.display import RENDERERS, Displayed, rendered, renders
from reberlstm.extraction import extract
from reberlstm.machine.fsm import FSM
from reberlstm.render import machine


class Outline(HTMLParser):
    """The text of some HTML, and a check that every element is closed."""

    VOID = frozenset({"br", "hr", "img"})

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.words = []
        self.tags = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data.strip())

    @property
    def text(self):
        return " ".join(word for word in self.words if word)


@pytest.fixture(scope="module")
def reber():
    return rl.load_grammar("reber")


def test_a_machine_is_its_graph(reber):
    assert reber._repr_svg_().startswith("<svg")
    outline = Outline(reber._repr_html_())
    assert "8 states, 12 transitions over 7 symbols" in outline.text
    assert "svg" in outline.tags
    bundle = reber._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == repr(reber)
    assert set(reber._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert set(reber._repr_mimebundle_(exclude=["text/plain"])) == {"text/html"}


def test_a_large_machine_is_only_described(monkeypatch):
    names = [str(n) for n in range(60)]
    lines = {name: {"a": names[(k + 1) % 60]} for k, name in enumerate(names)}
    fsm = FSM(alphabet=("a",), start="0", transitions=lines)
    assert fsm._repr_svg_() is None
    assert "60 states" in Outline(fsm._repr_html_()).text


def test_without_graphviz_a_machine_is_described(reber, monkeypatch):
    def missing(*arguments, **options):
        raise rl.ReberLSTMError("no Graphviz")

    monkeypatch.setattr(machine, "to_svg", missing)
    assert reber._repr_svg_() is None
    assert "svg" not in Outline(reber._repr_html_()).tags


def test_a_net_is_its_weights():
    outline = Outline(rl.published()._repr_html_())
    assert "6 cells over 7 symbols" in outline.text
    for text in ("forget gate (eraser)", "c[5]", "19.5", "−30", "0.55", "−1000"):
        assert text in outline.words
    assert outline.tags.count("tr") == 1 + 3 * 6


def test_a_large_net_is_only_described():
    net = rl.compile(rl.load_grammar("dyck-2-3"))
    large = rl.compile(rl.load_grammar("mod-60"))
    assert "table" in Outline(net._repr_html_()).tags
    outline = Outline(large._repr_html_())
    assert "table" not in outline.tags
    assert "weights are not zero, too many for a table" in outline.text


def test_a_run_is_its_memory():
    run = rl.trace(rl.published(), "BTSSSSSSXXV")
    outline = Outline(run._repr_html_())
    assert "✗ wrong after symbol 11 (V): it offers P V E" in outline.text
    assert "0.824" in outline.words
    assert "✗ P V E" in outline.words
    assert run._repr_mimebundle_()["text/html"] == run._repr_html_()


def test_a_long_run_points_to_the_page(reber):
    run = rl.trace(rl.compile(reber), "BP" + "T" * 100 + "VV")
    assert "trace.to_html() is a page for them" in Outline(run._repr_html_()).text


def test_a_certificate_says_what_was_found(reber):
    proved = Outline(rl.certify(rl.compile(reber))._repr_html_())
    assert proved.text.startswith("✓ holds: compiled follows reber")
    refuted = Outline(rl.certify(rl.published())._repr_html_())
    assert refuted.text.startswith("✗ refuted")
    assert "BTSSSSSSXXV (11 symbols)" in refuted.words
    assert "off by" in refuted.words


def test_an_extraction_shows_verdict_and_machine(reber):
    bundle = extract(rl.compile(reber))._repr_mimebundle_()
    outline = Outline(bundle["text/html"])
    assert "equal: proved" in outline.words
    assert "net and machine" in outline.words
    plain = "extracted from compiled: 8 states\nnet and machine: equal: proved"
    assert bundle["text/plain"] == plain


def test_names_are_escaped():
    evil = "<script>alert('x')</script>"
    fsm = FSM(alphabet=("<b>",), start=evil, transitions={evil: {"<b>": evil}}, title=evil)
    net = rl.compile(fsm).replace(name=evil)
    for value in (fsm, net, rl.trace(net, ["<b>"])):
        assert "<script" not in value._repr_html_()
        assert "<b>," not in value._repr_html_()


def subclasses(kind):
    return {kind, *(below for other in kind.__subclasses__() for below in subclasses(other))}


def test_everything_that_is_displayed_has_a_renderer():
    import reberlstm.render

    reberlstm.render.load()
    ours = {kind for kind in subclasses(Displayed) if kind.__module__.startswith("reberlstm.")}
    for kind in ours - {Displayed}:
        assert any((base, "html") in RENDERERS for base in kind.__mro__), kind


def test_a_renderer_is_one_entry():
    class Dial(Displayed):
        pass

    @renders(Dial, "html")
    def dial_html(dial):
        return "<b>12</b>"

    class Clock(Dial):
        pass

    assert Clock()._repr_html_() == "<b>12</b>"
    del RENDERERS[Dial, "html"]


def test_renderers_load_nothing_heavy():
    code = (
        "import reberlstm as rl, sys; rl.load_grammar('parity')._repr_html_(); "
        "print(*{'torch', 'matplotlib', 'scipy', 'onnx', 'rich', 'PIL'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""


def test_other_values_are_refused():
    with pytest.raises(TypeError, match="nothing shows a int as html"):
        rendered(3, "html")
