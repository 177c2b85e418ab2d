"""docs/architecture.md draws the packages as they are, and its words are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import reberlstm as rl
from reberlstm.net.cells import CELLS
from reberlstm.net.readouts import KINDS
from tests.test_architecture import ORDER

PAGE = (Path(__file__).parent.parent / "docs" / "architecture.md").read_text("utf-8")


def test_the_drawing_has_the_order_of_dependencies() -> None:
    (drawing,) = re.findall(r"^```text\n(.*?)^```", PAGE, re.M | re.S)
    names = [name for line in drawing.splitlines() for name in re.split(r" {3,}", line)[0].split()]
    assert (*names, "__main__") == ORDER


def test_the_glossary_knows_every_cell_kind_and_readout() -> None:
    glossary = PAGE.split("## Glossary")[1].split("## The packages")[0]
    (kinds,) = re.findall(r"^\| cell kind \|(.*)\|$", glossary, re.M)
    assert re.findall(r"`([\w-]+)`", kinds) == list(CELLS)
    (readouts,) = re.findall(r"its kind is (.*) \|$", glossary, re.M)
    assert sorted(re.findall(r"`(\w+)`", readouts)) == sorted(KINDS)


def test_the_toys_words_are_those_that_are_printed() -> None:
    words = {"forget": "eraser", "candidate": "writer", "input": "filter"}
    assert {gate: CELLS["lstm"].words.get(gate) for gate in words} == words
    for gate, word in words.items():
        assert re.search(rf"^\| {gate}( gate)? \| {word} \|", PAGE, re.M)


def test_names_in_python_exist() -> None:
    """Every ``rl.name(`` of the page."""
    names = set(re.findall(r"\brl\.(\w+)", PAGE))
    assert names >= {"compile", "trace", "certify", "explain", "extract", "compare"}
    assert names <= set(rl.__all__)
