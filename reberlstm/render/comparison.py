"""A comparison as text, Markdown and HTML: a column per net, a row per question."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from html import escape

from reberlstm.comparison import Comparison, Entry

TITLES = 26
NARROWEST = 18
GAP = "  "

MARKS = {"proved": "✓ ", "refuted": "✗ ", "unknown": "? ", "measured": "", "none": ""}
LEGEND = "✓ proved for words of every length, ✗ refuted by a word, ? not known; all else measured"


def marked(entry: Entry) -> str:
    """The entry with a mark for what is known."""
    return MARKS[entry.status] + entry.text


def text_lines(comparison: Comparison, width: int = 100) -> Iterator[str]:
    """The table for a terminal; where columns would be too narrow, several tables."""
    yield f"{comparison.grammar}: {_count(len(comparison.nets), 'net')} compared"
    room = max(1, (width - TITLES) // (NARROWEST + len(GAP)))
    for first in range(0, len(comparison.nets), room):
        chosen = range(first, min(first + room, len(comparison.nets)))
        yield ""
        yield from _text_table(comparison, chosen, width)
    yield ""
    yield from textwrap.wrap(LEGEND, width)
    for note in comparison.footnotes:
        yield from textwrap.wrap(note, width)
    yield f"seed {comparison.seed}; at most {comparison.seconds:g} s for each net"


def _text_table(comparison: Comparison, chosen: Sequence[int], width: int) -> Iterator[str]:
    column = max(NARROWEST, (width - TITLES) // len(chosen) - len(GAP))
    widths = [TITLES, *(column for _ in chosen)]
    yield from _text_row(["", *(comparison.nets[net] for net in chosen)], widths)
    yield GAP.join("─" * size for size in widths)
    for row in comparison.rows:
        yield from _text_row([row.title, *(marked(row.entries[net]) for net in chosen)], widths)


def _text_row(fields: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    wrapped = [
        textwrap.wrap(field, size) or [""] for field, size in zip(fields, widths, strict=True)
    ]
    for number in range(max(map(len, wrapped))):
        parts = [lines[number] if number < len(lines) else "" for lines in wrapped]
        padded = (part.ljust(size) for part, size in zip(parts, widths, strict=True))
        yield GAP.join(padded).rstrip()


def to_markdown(comparison: Comparison) -> str:
    """A table, and below it what its rows mean."""
    lines = [_pipes(["", *comparison.nets]), _pipes(["---"] * (len(comparison.nets) + 1))]
    lines += [_pipes([row.title, *map(marked, row.entries)]) for row in comparison.rows]
    lines += ["", f"{LEGEND}. Seed {comparison.seed}, at most {comparison.seconds:g} s a net.", ""]
    lines += [f"{'; '.join(map(_plain, comparison.footnotes))}.", ""]
    lines += [f"- *{_plain(row.title)}*: {_plain(row.meaning)}" for row in comparison.rows]
    return "\n".join(lines) + "\n"


def _pipes(fields: Sequence[str]) -> str:
    return f"| {' | '.join(map(_plain, fields))} |"


def _plain(text: str) -> str:
    """Text in which nothing is taken for Markdown."""
    if "`" in text:
        return text.replace("|", "\\|")
    return re.sub(r"([\\|*_<>\[\]])", r"\\\1", text)


def to_html(comparison: Comparison) -> str:
    """A table for a notebook: the text keeps its colours, and definitions show at the titles."""
    head = "".join(f'<th scope="col">{escape(net)}</th>' for net in comparison.nets)
    body = "".join(
        f'<tr><th scope="row" title="{escape(row.meaning)}" style="text-align:left">'
        f"{escape(row.title)}</th>{''.join(map(_field, row.entries))}</tr>"
        for row in comparison.rows
    )
    return (
        f'<div class="reberlstm" style="overflow-x:auto"><div><b>{escape(comparison.grammar)}: '
        f"{_count(len(comparison.nets), 'net')} compared</b></div>"
        f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
        f'<div style="opacity:.8">{escape(LEGEND)}; seed {comparison.seed}, '
        f"at most {comparison.seconds:g} s for each net; {escape('; '.join(comparison.footnotes))}"
        "</div></div>"
    )


TINTS = {"proved": "43,127,195", "refuted": "217,119,43"}


def _field(entry: Entry) -> str:
    tint = TINTS.get(entry.status)
    style = f";background:rgba({tint},.18)" if tint else ""
    return f'<td style="text-align:left;vertical-align:top{style}">{escape(marked(entry))}</td>'


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem; }}
table {{ border-collapse: collapse; margin: 1rem 0; }}
th, td {{ border: 1px solid rgba(128, 128, 128, .4); padding: .3rem .6rem; min-width: 9rem; }}
</style>
</head>
<body>
{table}
<h2>What the rows mean</h2>
<dl>
{meanings}
</dl>
</body>
</html>
"""


def to_page(comparison: Comparison) -> str:
    """A page of its own that loads nothing."""
    meanings = "\n".join(
        f"<dt><b>{escape(row.title)}</b></dt><dd>{escape(row.meaning)}</dd>"
        for row in comparison.rows
    )
    title = f"{comparison.grammar}: {_count(len(comparison.nets), 'net')} compared"
    return PAGE.format(title=escape(title), table=to_html(comparison), meanings=meanings)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
