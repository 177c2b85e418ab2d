"""``reberlstm explain``: every weight in words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reberlstm.cli.options import (
    NetOptions,
    cells_option,
    chosen_cells,
    echo,
    echo_json,
    grammar_argument,
    json_option,
    net_option,
    net_options,
    out_option,
    terminal_width,
)
from reberlstm.errors import FormatError, count
from reberlstm.files import write_atomically
from reberlstm.grammars import load_grammar
from reberlstm.plain import plain

FORMATS = {".md": "markdown", ".txt": "text", ".json": "json"}
FILE_WIDTH = 100

MAX_WEIGHT_CELLS = 40
"""Up to so many cells each with its weights can be read."""


@dataclass(frozen=True)
class Options:
    """What the command was asked."""

    grammar: str
    net: str
    reading: NetOptions
    cells: tuple[str, ...]
    format: str | None
    weights: bool | None
    as_json: bool
    out: str | None


@click.command("explain")
@grammar_argument()
@net_option
@net_options()
@cells_option("Explain only these cells.")
@click.option(
    "--format",
    type=click.Choice(["text", "markdown"]),
    help="How to print it.  [default: text, or by the suffix of --out]",
)
@click.option(
    "--weights/--no-weights",
    default=None,
    help=f"Print every weight with its reason.  [default: up to {MAX_WEIGHT_CELLS} cells]",
)
@json_option
@out_option(required=False, help="Write a .md, .txt or .json file instead of printing.")
def command(**given: Any) -> None:
    """Explain every gate row of a net for GRAMMAR, in words and in pseudo-code.

    The sentences come from the weights, so an edited net is explained as it is. A trained net has
    no such reasons: for it a summary in numbers is printed.

    \b
    reberlstm explain reber
    reberlstm explain reber --net published --cells 3
    reberlstm explain embedded-reber -o explained.md
    """
    from reberlstm.explanation import explain
    from reberlstm.render.explanation import explanation_lines, explanation_markdown

    asked = Options(**given)
    format = asked.format
    weights = asked.weights
    machine = load_grammar(asked.grammar)
    format = "json" if asked.as_json else format
    if asked.out is not None and format is None:
        if Path(asked.out).suffix not in FORMATS:
            known = ", ".join(FORMATS)
            raise FormatError(f"{asked.out}: explain writes {known} files; use such a suffix")
        format = FORMATS[Path(asked.out).suffix]
    held = asked.reading.load(asked.net, machine)
    only = chosen_cells(asked.cells, held.cells)
    explanation = explain(held, machine)
    chosen = [explanation.cell(name) for name in only] or None
    if format == "json":
        content = explanation.to_dict() | ({"cells": plain(chosen)} if chosen else {})
        if asked.out is None:
            echo_json(content)
            return
        text = json.dumps(content, ensure_ascii=False) + "\n"
    elif format == "markdown":
        text = explanation_markdown(explanation, cells=chosen)
    else:
        if weights is None:
            weights = bool(chosen) or len(explanation.cells) <= MAX_WEIGHT_CELLS
        width = FILE_WIDTH if asked.out else terminal_width()
        lines = list(explanation_lines(explanation, width, cells=chosen, weights=weights))
        if not weights:
            lines.append(
                "Weights are left out: --weights prints all, --cells NAME those of one cell."
            )
        text = "\n".join(lines) + "\n"
    if asked.out is None:
        echo(text.rstrip("\n"))
        return
    write_atomically(Path(asked.out), click.unstyle(text).encode())
    echo(f"{asked.out}: {count(len(only or explanation.cells), 'cell')} explained")
