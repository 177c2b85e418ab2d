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
    json_option,
    net_option,
    net_options,
    out_option,
    terminal_width,
)
from reberlstm.errors import FormatError
from reberlstm.explanation import Explanation, explain
from reberlstm.files import write_atomically
from reberlstm.grammars import load_grammar
from reberlstm.plain import plain
from reberlstm.render.explanation import (
    MAX_WEIGHT_CELLS,
    explanation_lines,
    explanation_markdown,
)

FORMATS = {".md": "markdown", ".txt": "text", ".json": "json"}
FILE_WIDTH = 100


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
@click.argument("grammar")
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

    The sentences are found from the weights, so an edited net is explained as it is. Of a net that
    nobody wired there is only a numeric summary.

    \b
    reberlstm explain reber
    reberlstm explain reber --net published --cells 3
    reberlstm explain embedded-reber -o explained.md
    """
    options = Options(**given)
    machine = load_grammar(options.grammar)
    format = _format(options)
    net = options.reading.load(options.net, machine)
    only = chosen_cells(options.cells, net.cells)
    explanation = explain(net, machine)
    text = _written(explanation, only, format, options)
    if options.out is None:
        echo(text.rstrip("\n"))
        return
    count = len(only or explanation.cells)
    write_atomically(Path(options.out), click.unstyle(text).encode())
    click.echo(f"{options.out}: {count} cell{'s' * (count != 1)} explained")


def _format(options: Options) -> str:
    asked = "json" if options.as_json else options.format
    if options.out is None or asked is not None:
        return asked or "text"
    suffix = Path(options.out).suffix
    if suffix not in FORMATS:
        known = ", ".join(FORMATS)
        raise FormatError(f"{options.out}: explain writes {known} files; use such a suffix")
    return FORMATS[suffix]


def _written(explanation: Explanation, only: tuple[str, ...], format: str, options: Options) -> str:
    cells = [explanation.cell(name) for name in only] or None
    if format == "json":
        content = explanation.to_dict() | ({"cells": plain(cells)} if cells else {})
        return json.dumps(content, ensure_ascii=False) + "\n"
    if format == "markdown":
        return explanation_markdown(explanation, cells=cells)
    weights = options.weights
    if weights is None:
        weights = cells is not None or len(explanation.cells) <= MAX_WEIGHT_CELLS
    width = FILE_WIDTH if options.out else terminal_width()
    lines = list(explanation_lines(explanation, width, cells=cells, weights=weights))
    if not weights:
        lines.append("Weights are left out: --weights prints all, --cells NAME those of one cell.")
    return "\n".join(lines) + "\n"
