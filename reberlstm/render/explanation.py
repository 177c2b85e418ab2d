"""An explanation as text for the terminal, and as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import click

from reberlstm.explanation.model import (
    CellExplanation,
    Explanation,
    GateExplanation,
    HeadExplanation,
    WeightReason,
)
from reberlstm.explanation.wording import shown, units, weight

TITLES = {
    "forget": "forget gate (eraser)",
    "candidate": "candidate (writer)",
    "input": "input gate (filter)",
    "output": "output gate",
}
HEAD_TITLES = {"legal": "legal head (reader)", "accept": "accept head", "next": "next head"}

INDENT = 24
MAX_WEIGHT_CELLS = 40
"""Nets of more cells are printed without their weights, unless these are asked for."""

MAX_HEAD_LINES = 30
MIN_WIDTH = 60

STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True},
    "code": {"fg": "cyan"},
    "quiet": {"dim": True},
    "warning": {"fg": "yellow"},
}


def explanation_lines(
    explanation: Explanation,
    width: int,
    *,
    cells: Sequence[CellExplanation] | None = None,
    weights: bool = True,
) -> Iterator[str]:
    """The lines for a terminal of so many columns.

    Args:
        explanation: What to print.
        width: The columns of the terminal.
        cells: Only these cells, without summary and heads; all by default.
        weights: Whether to print every weight with its reason.
    """
    width = max(width, MIN_WIDTH)
    if cells is None:
        yield _styled(_title(explanation), "title")
        for sentence in explanation.summary:
            yield from _wrapped("- ", _sentence(sentence), width)
        for name, meaning in explanation.nodes.items():
            yield from _wrapped(f"- {shown(name)}: ", f"{meaning}.", width)
        yield ""
    for cell in explanation.cells if cells is None else cells:
        yield from _cell(cell, width, weights=weights)
        yield ""
    if cells is None:
        for head in explanation.heads.values():
            yield from _head(head, width)
            yield ""


def _title(explanation: Explanation) -> str:
    grammar = f", grammar {explanation.grammar}" if explanation.grammar else ""
    count = len(explanation.cells)
    return f"{explanation.net or 'unnamed'} net{grammar}: {count} cell{'s' * (count != 1)}"


def _sentence(text: str) -> str:
    """A sentence with its capital and its full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def _styled(text: str, style: str) -> str:
    return click.style(text, **STYLES[style])


def _wrapped(first: str, text: str, width: int, indent: int | None = None) -> list[str]:
    """Text behind `first`, wrapped, the following lines indented."""
    indent = len(first) if indent is None else indent
    room = max(width - max(indent, len(first)), MIN_WIDTH // 2)
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    return [first.ljust(indent) + lines[0], *(" " * indent + line for line in lines[1:])]


def _cell(cell: CellExplanation, width: int, *, weights: bool) -> Iterator[str]:
    heading, *rest = _wrapped(f"{_heading(cell)}: ", cell.sentence, width, indent=4)
    yield _styled(heading, "title")
    yield from (_styled(line, "title") for line in rest)
    for note in cell.notes:
        yield from (_styled(line, "warning") for line in _wrapped("  ! ", note, width))
    for gate in cell.gates.values():
        yield from _gate(gate, width, weights=weights)


def _heading(cell: CellExplanation) -> str:
    name = shown(cell.name)
    return cell.role if cell.role.endswith(name) else f"{name}, {cell.role}"


def _gate(gate: GateExplanation, width: int, *, weights: bool) -> Iterator[str]:
    constant = len(gate.rules) == 1 and all(weight.kind == "bias" for weight in gate.weights)
    if constant:
        # One line says it all: a row of no weights but its bias.
        bias = f", bias {_number(gate.weights[0])}" if weights and gate.weights else ""
        yield from _wrapped(
            f"  {TITLES[gate.name]}", f"{gate.sentence}: {gate.code}{bias}", width, INDENT
        )
        return
    yield from _wrapped(f"  {TITLES[gate.name]}", gate.sentence, width, INDENT)
    if gate.code:
        for line in _wrapped("", gate.code, width, INDENT):
            yield _styled(line, "code")
    if weights:
        rows = list(_rows(gate.weights))
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
        for row in rows:
            columns = zip(row, widths, strict=False)
            left = "  ".join(text.ljust(size) for text, size in columns if size)
            for line in _wrapped(f"{'':{INDENT + 2}}{left}  ", row[3], width):
                yield _styled(line, "quiet")


def _rows(weights: Sequence[WeightReason]) -> Iterator[tuple[str, str, str, str]]:
    """Units, weight, what it reads, reason; symbols that are treated alike in one row."""
    groups: dict[tuple[str, float, str], list[WeightReason]] = {}
    for weight_ in weights:
        key = (weight_.kind, weight_.value, weight_.reason)
        groups.setdefault(key, []).append(weight_)
    for (kind, value, reason), group in groups.items():
        names = [name for weight_ in group for name in weight_.names]
        first = group[0]
        in_units = "" if first.units is None else units(first.units)
        yield in_units, weight(value), _reads(kind, names), reason


def _reads(kind: str, names: Sequence[str]) -> str:
    if kind == "bias":
        return "always"
    few = [shown(name) for name in names[:6]]
    text = ", ".join(few) + (f", … {len(names)} in all" if len(names) > len(few) else "")
    return text if kind == "symbol" else f"cell{'s' * (len(names) > 1)} {text}"


def _number(reason: WeightReason) -> str:
    return weight(reason.value) if reason.units is None else units(reason.units)


def _head(head: HeadExplanation, width: int) -> Iterator[str]:
    title = HEAD_TITLES.get(head.name, f"{head.name} head")
    heading, *rest = _wrapped(f"{title}: ", head.sentence, width, indent=4)
    yield _styled(heading, "title")
    yield from (_styled(line, "title") for line in rest)
    lines = head.lines[:MAX_HEAD_LINES]
    longest = max((len(shown(line.name)) for line in lines), default=0)
    for line in lines:
        yield from _wrapped(f"  {shown(line.name):<{longest}}  ", line.sentence, width)
    if len(head.lines) > len(lines):
        yield f"  and {len(head.lines) - len(lines):,} more; --json has all"


# Markdown


def explanation_markdown(
    explanation: Explanation, *, cells: Sequence[CellExplanation] | None = None, level: int = 1
) -> str:
    """The whole explanation, or only some cells, as Markdown; `level` is the title's."""
    lines = _markdown(explanation, cells)
    marks = "#" * (level - 1)
    text = "\n".join(f"{marks}{line}" if line.startswith("#") else line for line in lines)
    return text.rstrip("\n") + "\n"


def _markdown(explanation: Explanation, cells: Sequence[CellExplanation] | None) -> Iterator[str]:
    if cells is None:
        yield f"# {_escaped(_sentence(_title(explanation))[:-1])}"
        yield ""
        for sentence in explanation.summary:
            # Names of commands keep their marks.
            yield re.sub(r"\\`(\w+)\\`", r"`\1`", f"- {_escaped(_sentence(sentence))}")
        yield from (
            f"- {_code(shown(name))}: {_escaped(meaning)}."
            for name, meaning in explanation.nodes.items()
        )
        yield ""
    for cell in explanation.cells if cells is None else cells:
        yield from _markdown_cell(cell)
    if cells is None:
        for head in explanation.heads.values():
            yield from _markdown_head(head)


def _markdown_cell(cell: CellExplanation) -> Iterator[str]:
    heading = _heading(cell)
    yield f"## {_escaped(heading[:1].upper() + heading[1:])}"
    yield ""
    yield _escaped(_sentence(cell.sentence))
    yield from (f"\n*{_escaped(_sentence(note))}*" for note in cell.notes)
    yield ""
    coded = any(gate.code for gate in cell.gates.values())
    yield from _table_head(["gate", "in words", *(["pseudo-code"] if coded else [])])
    for gate in cell.gates.values():
        fields = [
            TITLES[gate.name],
            _escaped(gate.sentence),
            *([_code(gate.code)] if coded else []),
        ]
        yield f"| {' | '.join(fields)} |"
    yield ""
    rows = [
        (TITLES[gate.name], *row) for gate in cell.gates.values() for row in _rows(gate.weights)
    ]
    if rows:
        has_units = any(row[1] for row in rows)
        yield from _table_head(["row", *(["units"] if has_units else []), "weight", "on", "why"])
        for title, in_units, value, reads, reason in rows:
            fields = [title, *([in_units] if has_units else []), value, reads, reason]
            yield f"| {' | '.join(_escaped(field) for field in fields)} |"
        yield ""


def _markdown_head(head: HeadExplanation) -> Iterator[str]:
    title = HEAD_TITLES.get(head.name, f"{head.name} head")
    yield f"## {title[:1].upper()}{title[1:]}"
    yield ""
    yield _escaped(_sentence(head.sentence))
    yield ""
    if not head.lines:
        return
    coded = any(line.code for line in head.lines)
    first = "node" if head.name == "next" else "row"
    yield from _table_head([first, "in words", *(["pseudo-code"] if coded else [])])
    for line in head.lines:
        fields = [_escaped(shown(line.name)), _escaped(line.sentence)]
        yield f"| {' | '.join([*fields, *([_code(line.code)] if coded else [])])} |"
    yield ""


def _table_head(names: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|#$~])", r"\\\1", text)


def _code(text: str) -> str:
    text = text.replace("|", "\\|")
    if not text:
        return ""
    return f"`` {text} ``" if "`" in text else f"`{text}`"
