"""How results look: text for a terminal, HTML for notebooks and browsers, pictures.

Each kind of result has a module that enters its functions into the registry of `reberlstm.display`;
`load` imports all. What they share is here: rich for text, and jinja2, with the files in
``templates``, for HTML and Markdown. Both are imported when they are first used.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Sequence
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from reberlstm.errors import printable
from reberlstm.net.cells.lstm import LSTM


def load() -> None:
    """Import every module of this package, so that all renderers are entered."""
    import pkgutil

    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")


@cache
def _templates() -> Any:
    from pathlib import Path

    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    here = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader([here / "templates", here / "explorer"]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"md": markdown_text, "md_code": markdown_code}
    return environment


def fill(template: str, **values: Any) -> str:
    """A template of ``templates`` with these values; in HTML all text is escaped."""
    text: str = _templates().get_template(template).render(values)
    return text


def markdown_text(text: str) -> str:
    """Text in which nothing is taken for Markdown, but for names of commands in backquotes."""
    parts = re.split(r"(`[\w ./-]+`)", text)
    parts[::2] = [re.sub(r"([\\`*_\[\]<>|#$~])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def markdown_code(text: str) -> str:
    """Text as code that can stand in a table."""
    text = text.replace("|", "\\|")
    if not text:
        return ""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def wrapped(
    text: str, width: int, indent: str | None = None, *, break_long_words: bool = True
) -> list[str]:
    """A line as lines of at most `width` columns; those after the first begin with `indent`.

    By default they begin with the spaces that the text begins with. What may be a path is not to
    be broken.
    """
    text = printable(text)
    begin = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(
        text.lstrip(),
        width,
        initial_indent=begin,
        subsequent_indent=begin if indent is None else indent,
        break_long_words=break_long_words,
        break_on_hyphens=False,
    ) or [""]


def text_lines(renderable: Any, width: int) -> list[str]:
    """The lines that rich makes of something, with styles, without spaces at their ends.

    What a terminal would act on is escaped in the text, and only there.
    """
    from rich.console import Console

    console = Console(
        width=width,
        force_terminal=True,
        color_system="standard",
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    lines = (
        "".join(
            style.render(text, color_system=console._color_system) if style else text
            for text, style in ((printable(segment.text), segment.style) for segment in line)
        )
        for line in console.render_lines(renderable, pad=False)
    )
    return [re.sub(r" +(\x1b\[0m)?$", r"\1", line) for line in lines]


def table_lines(rows: Sequence[Sequence[str]], width: int, *, numbers: bool = False) -> list[str]:
    """A table whose first row is its head; with `numbers` all but the first column flush right.

    Columns for which `width` has no room stand below, beside the first column once more.
    """
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    texts = [[printable(cell) for cell in row] for row in rows]
    sizes = [max(map(cell_len, column)) + GAP for column in zip(*texts, strict=True)]
    lines: list[str] = []
    rest = range(1, len(sizes))
    while rest or not lines:
        room = width + GAP - sizes[0]
        fitting = [sum(sizes[rest[0] : index + 1]) <= room for index in rest]
        shown, rest = rest[: max(1, sum(fitting))], rest[max(1, sum(fitting)) :]
        table = Table.grid(padding=(0, GAP), pad_edge=False)
        for index in (0, *shown):
            table.add_column(justify="right" if numbers and index else "left", overflow="fold")
        for row in texts:
            table.add_row(*(Text(row[index]) for index in (0, *shown)))
        lines += [""] * bool(lines) + text_lines(table, width)
    return lines


GAP = 2
"""The spaces between the columns of a table."""

GATES = ("forget", "reset", "candidate", "input", "update", "output")
"""All gates, in the order in which they are shown."""


def gate_titles(gates: Collection[str]) -> dict[str, str]:
    """What these gates of a cell are called, in the order in which they are shown.

    The Toy LSTM's words stand in brackets where there is what they mean: a gate before the memory.
    """
    words = LSTM.words if "input" in gates else {}
    titles = {gate: "candidate" if gate == "candidate" else f"{gate} gate" for gate in GATES}
    return {
        gate: f"{title} ({words[gate]})" if gate in words else title
        for gate, title in titles.items()
        if gate in gates
    }


def numbered(names: Sequence[str]) -> list[int]:
    """The places of names in the order in which a person would number them: 0, 1, 2, …, end.

    Names that differ in a number only stand together, where the first of them stood.

    Example:
        >>> names = ("1", "10", "start", "2", "T.5", "P.1", "T.1")
        >>> [names[place] for place in numbered(names)]
        ['1', '2', '10', 'start', 'T.1', 'T.5', 'P.1']
    """
    first: dict[str, int] = {}
    keys = []
    for place, name in enumerate(names):
        text, *rest = re.split(r"(\d+)", name)
        group = first.setdefault(text if rest else name, place)
        keys.append((group, bool(rest), [int(number) for number in rest[::2]], rest[1::2]))
    return sorted(range(len(names)), key=keys.__getitem__)


class Field(NamedTuple):
    """A field of a table in HTML; with a `scope`, ``row`` or ``rowgroup``, it is a head."""

    text: str
    style: str = "text-align:center"
    scope: str = ""
    rows: int = 1
    title: str = ""


def head(text: str, rows: int = 1, title: str = "") -> Field:
    """The head of a row, or of several."""
    scope = "row" if rows == 1 else "rowgroup"
    return Field(text, "text-align:left;vertical-align:top", scope, rows, title)


def minus(digits: str) -> str:
    """A number with the sign that people read, ``−``."""
    return digits.replace("-", "−")


def number_field(value: float, largest: float) -> Field:
    """A number on a tint that is stronger the larger it is; a dot for what is next to nothing."""
    if abs(value) < 1e-3 * largest:
        return Field("·", "text-align:center;opacity:.4")
    share = 0.12 + 0.5 * min(1.0, abs(float(value)) / largest)
    colour = "43,127,195" if value > 0 else "217,119,43"
    text = f"{value:.4g}" if abs(value) >= 100 else f"{value:.3g}"
    return Field(minus(text), f"text-align:center;background:rgba({colour},{share:.2f})")


class Table(NamedTuple):
    """A table in HTML; plain texts are fields in the notebook's own style."""

    rows: Sequence[Sequence[Field | str]]
    heads: Sequence[str] = ()


def block(
    title: str,
    notes: Sequence[str] = (),
    *tables: Table,
    svg: str | None = None,
    figures: Sequence[tuple[str, str, str]] = (),
) -> str:
    """What a notebook shows of a result: a title, lines below it, tables, and pictures.

    The SVG is an element; figures are captions, each with a picture in base64 or with why there is
    none.
    """
    return fill("block.html", title=title, notes=notes, tables=tables, svg=svg, figures=figures)
