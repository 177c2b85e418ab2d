"""Pictures out of Graphviz, and what happens where there is none."""

from __future__ import annotations

import stat
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.errors import GrammarError, MissingExtraError
from reberlstm.machine.fsm import FSM
from reberlstm.render import machine as module
from reberlstm.render.machine import draw, to_svg
from tests.strategies import machines

REBER = rl.load_grammar("reber")
SVG = "{http://www.w3.org/2000/svg}"
KEY = ["the dot: the start; a double border: a word may end", "an arrow: a symbol"]


def texts(svg: bytes | str) -> list[str]:
    root = ET.fromstring(svg)
    return [element.text or "" for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("format", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG\r\n\x1a\n"), ("pdf", b"%PDF-")]
)
def test_formats(format: module.Format, magic: bytes) -> None:
    assert draw(REBER, format).startswith(magic)


def test_svg_has_every_state_and_symbol() -> None:
    found = [text.strip() for text in texts(draw(REBER, "svg")) if text.strip()]
    assert sorted(found) == sorted([*REBER.states, *"BTPSXSXEPVTV", *KEY])


def test_to_svg_is_an_element_for_a_page() -> None:
    svg = to_svg(REBER, word="BTV", dark=True, direction="TB")
    assert svg.startswith("<svg")
    assert "× violation" in texts(svg)


def test_to_svg_is_a_public_name() -> None:
    assert rl.to_svg(REBER) == to_svg(REBER)


@settings(max_examples=5)
@given(machines(max_states=4, max_symbols=3))
def test_any_machine_makes_well_formed_svg(fsm: FSM) -> None:
    root = ET.fromstring(draw(fsm, "svg", dead_states=True))
    nodes = [g for g in root.iter(f"{SVG}g") if g.get("class") == "node"]
    assert len(nodes) == len(fsm.states) + 1


def test_pictures_are_the_same_every_time() -> None:
    assert draw(REBER, "svg") == draw(REBER, "svg")


def test_png_is_large_enough_for_a_sharp_screen() -> None:
    png = draw(REBER, "png")
    width, height = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
    assert width > 1200
    assert height > 300


def test_nothing_is_said_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    for format in module.FORMATS:
        draw(REBER, format)
    assert capfd.readouterr() == ("", "")


# Limits


def test_large_machines_are_not_drawn() -> None:
    message = "mod-151 has 151 states, and at most 150 are drawn; minimise it first, or write .dot"
    with pytest.raises(GrammarError, match=message):
        draw(rl.load_grammar("mod-151"), "svg")


def test_layout_has_a_time_limit() -> None:
    dense = FSM(
        alphabet=tuple(map(str, range(6))),
        start="0",
        accepting={"0"},
        transitions={
            str(q): {str(a): str((q * q + 37 * a * q + 11 * a + 1) % 149) for a in range(6)}
            for q in range(149)
        },
        name="dense",
    )
    started = time.monotonic()
    with pytest.raises(
        GrammarError, match="drawing dense took over 1 seconds; give it more, minimise"
    ):
        draw(dense, "svg", time_limit=1.0)
    assert time.monotonic() - started < 10


# Which Graphviz


def script(path: Path, text: str) -> None:
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.skipif(sys.platform == "win32", reason="scripts are not programs there")
def test_dot_on_the_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "dot", "import sys; print('drawn by', *sys.argv[1:])")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert draw(REBER, "png") == b"drawn by -Tpng -Gdpi=144\n"


@pytest.mark.skipif(sys.platform == "win32", reason="scripts are not programs there")
def test_a_broken_dot_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "dot", "raise SystemExit('Format: \"svg\" not recognized.')")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert b"<svg" in draw(REBER, "svg")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(
        GrammarError, match='Graphviz cannot draw reber: Format: "svg" not recognized'
    ):
        draw(REBER, "svg")


def test_no_graphviz_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="drawing needs Graphviz: install it so that"):
        draw(REBER, "svg")
    assert run(["diagram", "reber", "-o", str(tmp_path / "x.svg")]) == 2
    assert capsys.readouterr().err.startswith("error: drawing needs Graphviz")
    assert run(["diagram", "reber", "-o", str(tmp_path / "x.dot")]) == 0
    assert (tmp_path / "x.dot").read_text().startswith("digraph reber {")


# The command


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "dot", "gv", "SVG"])
def test_command_writes_by_suffix(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture.{suffix}"
    assert run(["diagram", "parity", "-o", str(path)]) == 0
    magic = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph"}
    assert path.read_bytes().startswith(magic.get(suffix.lower(), b"digraph"))


def test_command_passes_its_options(tmp_path: Path) -> None:
    path = tmp_path / "run.svg"
    options = ["--string", "1 0".replace(" ", ""), "--dark", "--direction", "tb", "--dead"]
    assert run(["diagram", "tomita-1", "-o", str(path), *options, "--probabilities"]) == 0
    found = [text.strip() for text in texts(path.read_bytes())]
    assert "0 0.5 (2)" in found
    assert "10: in state dead, not complete, 0 or 1 may follow" in found
    assert b"#0d1117" in path.read_bytes()


def test_command_prints_dot(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagram", "parity"]) == 0
    assert capsys.readouterr().out.startswith("digraph parity {")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "x.gif"], "x.gif: diagrams are written to files with the suffix .svg, .png, .pdf"),
        (["-o", "x"], "x: diagrams are written to files with the suffix"),
        (["--string", "BQ"], "unknown symbol 'Q' at position 2"),
        (["-o", "no/such/folder/x.svg"], "no/such/folder/x.svg: cannot be written"),
        (["--time-limit", "0"], "invalid value for '--time-limit'"),
    ],
)
def test_command_mistakes(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diagram", "reber", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith(f"error: {message}")


def test_a_caption_that_graphviz_crashes_on() -> None:
    """Freeing this layout ends the Graphviz 14.1 in pygraphviz's wheels with signal 11."""
    svg = draw(rl.load_grammar("tomita-1"), "svg", word="")
    assert "the empty word: in state ones, accepted" in texts(svg)
