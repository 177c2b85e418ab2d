"""``reberlstm explain``: every weight in words."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reberlstm.cli.options import (
    NetOptions,
    echo,
    json_option,
    net_option,
    net_options,
    out_option,
    terminal_width,
)
from reberlstm.errors import FormatError
from reberlstm.explanation import Explanation, explain
from reberlstm.explanation.model import CellExplanation
from reberlstm.files import write_atomically
from reberlstm.grammars import load_grammar
from reberlstm.render.explanation import (
    MAX_WEIGHT_CELLS,
    explanation_lines,
    explanation_markdown,
)

FORMATS = {".md": "markdown", ".txt": "text", ".json": "json"}
FILE_WIDTH = 100


@click.command("explain")
@click.argument("grammar")
@net_option
@net_options()
@click.option("--cell", "names", multiple=True, metavar="NAME", help="Only this cell; repeatable.")
@click.option(
    "--format",
    "format_",
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
def command(
    grammar: str,
    net: str,
    reading: NetOptions,
    names: tuple[str, ...],
    format_: str | None,
    weights: bool | None,
    as_json: bool,
    out: str | None,
) -> None:
    """Explain every gate row of a net for GRAMMAR, in words and in pseudo-code.

    The sentences are found from the weights, so an edited net is explained as it is. Of a net that
    nobody wired there is only a numeric summary.

    \b
    reberlstm explain reber
    reberlstm explain reber --net published --cell 3
    reberlstm explain embedded-reber -o explained.md
    """
    machine = load_grammar(grammar)
    format_ = _format(format_, as_json, out)
    explanation = explain(reading.load(net, machine), machine)
    cells = [explanation.cell(name) for name in names] if names else None
    text = _written(explanation, cells, format_, weights, FILE_WIDTH if out else terminal_width())
    if out is not None:
        count = len(explanation.cells if cells is None else cells)
        write_atomically(Path(out), click.unstyle(text).encode())
        click.echo(f"{out}: {count} cell{'s' * (count != 1)} explained")
    else:
        echo(text.rstrip("\n"))


def _format(format_: str | None, as_json: bool, out: str | None) -> str:
    asked = "json" if as_json else format_
    if out is None:
        return asked or "text"
    suffix = Path(out).suffix
    if suffix not in FORMATS and asked is None:
        raise FormatError(f"{out}: explain writes {', '.join(FORMATS)} files; use such a suffix")
    return asked or FORMATS[suffix]


def _written(
    explanation: Explanation,
    cells: list[CellExplanation] | None,
    format_: str,
    weights: bool | None,
    width: int,
) -> str:
    if format_ == "json":
        content = explanation.to_dict()
        if cells is not None:
            content["cells"] = [cell.to_dict() for cell in cells]
        return json.dumps(content, ensure_ascii=False) + "\n"
    if format_ == "markdown":
        return explanation_markdown(explanation, cells=cells)
    if weights is None:
        weights = cells is not None or len(explanation.cells) <= MAX_WEIGHT_CELLS
    lines = list(explanation_lines(explanation, width, cells=cells, weights=weights))
    if not weights:
        lines.append("Weights are left out: --weights prints all, --cell NAME those of one cell.")
    return "\n".join(lines) + "\n"
