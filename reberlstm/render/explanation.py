"""An explanation as text for the terminal, and as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

import click

from reberlstm.display import renders
from reberlstm.errors import count, printable
from reberlstm.explanation.model import (
    CellExplanation,
    Explanation,
    GateExplanation,
    HeadExplanation,
    WeightReason,
)
from reberlstm.explanation.wording import listed, shown, units, weight
from reberlstm.render import fill, gate_titles, text_lines

HEADS = {"legal": "legal head (reader)", "accept": "accept head", "next": "next head"}

INDENT = 24
WEIGHTS = 4
"""How far the table of weights is indented where there is little room."""

WORDS = {
    r"rings?\b": ("rings", "the candidate is not 0, so there is something to write"),
    r"leaves a? ?breadcrumbs?\b": (
        "leaves a breadcrumb",
        "the candidate is between 0 and 1; several add up in the memory until the cell is active",
    ),
}
"""Words of the Toy LSTM's author that sentences use, and what they mean."""

MAX_HEAD_LINES = 30
MIN_WIDTH = 60


@renders(Explanation, "text")
def explanation_lines(
    explanation: Explanation,
    width: int = 100,
    *,
    cells: Sequence[CellExplanation] | None = None,
    weights: bool = True,
) -> Iterator[str]:
    """The lines for a terminal of so many columns, with or without every weight and its reason.

    Of some cells only, it is without summary and heads, and of nodes without a cell of their own
    those are explained that are named.
    """
    width = max(width, MIN_WIDTH)
    if cells is None:
        title = textwrap.wrap(printable(_title(explanation)), width)
        yield from (click.style(line, bold=True) for line in title)
        for sentence in explanation.summary:
            yield from _wrapped("- ", _sentence(sentence), width)
        for name, meaning in explanation.nodes.items():
            yield from _wrapped(f"- {shown(name)}: ", f"{meaning}.", width)
    told = explanation.cells if cells is None else cells
    for word, meaning in _words(told):
        first = f"{'- ' * (cells is None)}{word}: "
        yield from _wrapped(first, f"{meaning}.", width, indent=2)
    if cells is None:
        yield ""
    for cell in told:
        lines = _wrapped(f"{_heading(cell)}: ", cell.sentence, width, indent=4)
        yield from (click.style(line, bold=True) for line in lines)
        for note in cell.notes:
            yield from (click.style(line, fg="yellow") for line in _wrapped("  ! ", note, width))
        titles = gate_titles(cell.gates)
        for gate in cell.gates.values():
            yield from _gate(gate, f"  {titles[gate.name]}", width, weights=weights)
        yield ""
    if cells is None:
        for head in explanation.heads.values():
            yield from _head(head, width)
            yield ""
    else:
        text = _text(cells, weights=weights)
        for name, meaning in _legend(explanation, text):
            yield from _wrapped(f"- {shown(name)}: ", f"{meaning}.", width)


def _text(cells: Sequence[CellExplanation], *, weights: bool = True) -> str:
    """All that is said of some cells."""
    texts = [cell.sentence for cell in cells] + [note for cell in cells for note in cell.notes]
    for gate in (gate for cell in cells for gate in cell.gates.values()):
        texts += [gate.sentence, gate.code, *(w.reason for w in gate.weights if weights)]
    return "\n".join(texts)


def _words(cells: Sequence[CellExplanation]) -> list[tuple[str, str]]:
    """The words of `WORDS` that stand in the sentences on some cells, with their meaning."""
    text = "\n".join(gate.sentence for cell in cells for gate in cell.gates.values())
    return [about for pattern, about in WORDS.items() if re.search(pattern, text)]


def _legend(explanation: Explanation, text: str) -> Iterator[tuple[str, str]]:
    """The nodes without a cell of their own that are named in the text of some cells."""
    own = {cell.name for cell in explanation.cells}
    for name, active in explanation.vertices.items():
        named = rf"(?<![^\s({{]){re.escape(shown(name))}(?![^\s,;:)}}])"
        if name not in own and re.search(named, text):
            yield name, explanation.nodes.get(name) or f"{listed(active)}, after a violation"


def _title(explanation: Explanation) -> str:
    grammar = f", grammar {explanation.grammar}" if explanation.grammar else ""
    read = f" ({explanation.readout})" if explanation.readout else ""
    cells = count(len(explanation.cells), "cell")
    return f"{explanation.net or 'unnamed'} net{read}{grammar}: {cells}"


def _sentence(text: str) -> str:
    """A sentence with its capital and its full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def _wrapped(first: str, text: str, width: int, indent: int | None = None) -> list[str]:
    """Text behind `first`, wrapped, the following lines indented."""
    first, text = printable(first), printable(text)
    indent = len(first) if indent is None else indent
    room = max(width - max(indent, len(first)), MIN_WIDTH // 2)
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    return [first.ljust(indent) + lines[0], *(" " * indent + line for line in lines[1:])]


def _heading(cell: CellExplanation) -> str:
    name = shown(cell.name)
    return cell.role if cell.role.endswith(name) else f"{name}, {cell.role}"


def _gate(gate: GateExplanation, title: str, width: int, *, weights: bool) -> Iterator[str]:
    if len(gate.rules) == 1 and all(weight.kind == "bias" for weight in gate.weights):
        # One line says it all: a row of no weights but its bias.
        in_units, value, *_ = _row(gate.weights) if weights and gate.weights else ("", "")
        bias = f", bias {in_units or value}" if in_units or value else ""
        yield from _wrapped(title, f"{gate.sentence}: {gate.code}{bias}", width, INDENT)
        return
    yield from _wrapped(title, gate.sentence, width, INDENT)
    if gate.code:
        for line in _wrapped("", gate.code, width, INDENT):
            yield click.style(line, fg="cyan")
    if weights and gate.weights:
        yield from _weights(_rows(gate.weights), width)


def _weights(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """The weights as a table; units are left out where there are none."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    used = [column for column in range(4) if any(row[column] for row in rows)]
    table = Table.grid(padding=(0, 2), pad_edge=False)
    longest = {column: max(len(row[column]) for row in rows) for column in used}
    for column in used:
        # Numbers are never cut; long lists of cells are wrapped, as reasons are.
        table.add_column(no_wrap=column < 2, min_width=longest[column] if column < 2 else None)
    for row in rows:
        table.add_row(*(Text.assemble((row[column], "dim")) for column in used))
    # Further to the left where the reasons would have too little room.
    room = width - sum(size + 2 for column, size in longest.items() if column < 3)
    indent = INDENT + 2 if room - INDENT - 2 >= MIN_WIDTH // 3 else WEIGHTS
    return text_lines(Padding(table, (0, 0, 0, indent)), width)


def _rows(weights: Sequence[WeightReason]) -> list[tuple[str, str, str, str]]:
    """Units, weight, what it reads, reason; symbols with the same of each in one row."""
    groups: dict[tuple[str, float, str], list[WeightReason]] = {}
    for item in weights:
        groups.setdefault((item.kind, item.value, item.reason), []).append(item)
    return [_row(group) for group in groups.values()]


def _row(group: Sequence[WeightReason]) -> tuple[str, str, str, str]:
    first = group[0]
    in_units = "" if first.units is None else units(first.units)
    names = [shown(name) for item in group for name in item.names]
    text = ", ".join(names[:6]) + (f", … {len(names)} in all" if len(names) > 6 else "")
    reads = {"bias": ", ".join(["always", *first.names]), "symbol": text}.get(
        first.kind, f"cell{'s' * (len(names) > 1)} {text}"
    )
    return in_units, weight(first.value), reads, first.reason


def _head(head: HeadExplanation, width: int) -> Iterator[str]:
    title = HEADS.get(head.name, f"{head.name} head")
    for line in _wrapped(f"{title}: ", head.sentence, width, indent=4):
        yield click.style(line, bold=True)
    lines = head.lines[:MAX_HEAD_LINES]
    longest = max((len(shown(line.name)) for line in lines), default=0)
    for part in lines:
        yield from _wrapped(f"  {shown(part.name):<{longest}}  ", part.sentence, width)
    if len(head.lines) > len(lines):
        yield f"  and {len(head.lines) - len(lines):,} more; --json has all"


@renders(Explanation, "markdown")
def explanation_markdown(
    explanation: Explanation, *, cells: Sequence[CellExplanation] | None = None, level: int = 1
) -> str:
    """The whole explanation, or only some cells, as Markdown; `level` is the title's."""
    text = fill(
        "explanation.md",
        whole=cells is None,
        level="#" * (level - 1),
        title=_sentence(_title(explanation))[:-1],
        summary=[_sentence(sentence) for sentence in explanation.summary],
        nodes=explanation.nodes.items(),
        words=_words(explanation.cells if cells is None else cells),
        cells=[_cell_parts(cell) for cell in (explanation.cells if cells is None else cells)],
        heads=[(HEADS.get(h.name, f"{h.name} head"), h) for h in explanation.heads.values()],
        shown=shown,
        sentence=_sentence,
    )
    return text.rstrip("\n") + "\n"


def _cell_parts(cell: CellExplanation) -> dict[str, object]:
    titles = gate_titles(cell.gates)
    rows = [
        (titles[gate.name], *row) for gate in cell.gates.values() for row in _rows(gate.weights)
    ]
    heading = _heading(cell)
    return {
        "heading": heading[:1].upper() + heading[1:],
        "cell": cell,
        "titles": titles,
        "coded": any(gate.code for gate in cell.gates.values()),
        "rows": rows if any(row[1] for row in rows) else [(row[0], *row[2:]) for row in rows],
        "columns": ["row", *["units"] * any(row[1] for row in rows), "weight", "on", "why"],
    }
