"""docs/grammars.md: its examples run, its gallery and its pictures are those of the grammars."""

from __future__ import annotations

import doctest
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import reberlstm as rl

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "grammars.md"
SVG = "{http://www.w3.org/2000/svg}"


def test_examples_run() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert failed == 0
    assert tried > 10


def test_gallery_is_up_to_date() -> None:
    script = ROOT / "scripts" / "draw_grammars.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "up to date\n", "")


@pytest.mark.parametrize("name", rl.grammar_names())
def test_pictures_show_the_grammars(name: str) -> None:
    """By what stands in them: where it stands depends on fonts."""
    fsm = rl.load_grammar("modular-arithmetic-2" if name == "modular-arithmetic" else name)
    root = ET.parse(PAGE.parent / "pictures" / f"{name}.svg").getroot()
    titles = {
        group.findtext(f"{SVG}title"): {text.text for text in group.iter(f"{SVG}text")}
        for group in root.iter(f"{SVG}g")
        if group.get("class") == "node"
    }
    shown = [text for texts in titles.values() for text in texts]
    assert set(shown) >= {state for state in fsm.states if state in fsm.distance_to_acceptance}
    edges = [group for group in root.iter(f"{SVG}g") if group.get("class") == "edge"]
    alive = fsm.distance_to_acceptance
    pairs = {
        (q, to)
        for q, line in fsm.transitions.items()
        for to in line.values()
        if q in alive and to in alive
    }
    assert len(edges) == len(pairs) + 1
