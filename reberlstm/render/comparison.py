"""A comparison and a study: as text and pictures, a comparison also as Markdown and HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reberlstm.comparison import Comparison, Entry, Row
from reberlstm.comparison.study import Group, summary
from reberlstm.comparison.study.trials import Record
from reberlstm.display import renders
from reberlstm.errors import FormatError, count, printable
from reberlstm.figures import INK, NEGATIVE, POSITIVE, QUIET, blank
from reberlstm.render import Field, Table, block, fill, head, table_lines, text_lines, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES = 26
NARROWEST = 18
GAP = 3

MARKS = {"proved": "✓ ", "refuted": "✗ ", "unknown": "? ", "measured": "", "none": ""}
TINTS = {"proved": "43,127,195", "refuted": "217,119,43"}


def legend(comparison: Comparison) -> str:
    """What the marks mean."""
    proved = f"✓ proved {comparison.proved}"
    return f"{proved}, ✗ refuted by a word, ? not known; all else measured"


def marked(entry: Entry, text: str | None = None) -> str:
    """The entry, or its text in short, with a mark for what is known."""
    return MARKS[entry.status] + (entry.text if text is None else text)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def gists(comparison: Comparison) -> dict[str, str]:
    """What each question means in a sentence, by its title; of all cycles once."""
    first: dict[str, Row] = {}
    for row in comparison.rows:
        kind, _, cycle = row.key.partition(" ")
        first.setdefault(kind if cycle and kind in ("loop", "drift") else row.key, row)
    return {row.title: f"{_sentence(row.gist)} ({row.key})" for row in first.values()}


def _title(comparison: Comparison) -> str:
    return printable(f"{comparison.grammar}: {count(len(comparison.nets), 'net')} compared")


@renders(Comparison, "text")
def comparison_lines(comparison: Comparison, width: int = 100) -> Iterator[str]:
    """The table for a terminal; where columns would be too narrow, several tables."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Text

    yield _title(comparison)
    room = max(1, (width - TITLES) // (NARROWEST + GAP))
    for first in range(0, len(comparison.nets), room):
        chosen = range(first, min(first + room, len(comparison.nets)))
        column = max(NARROWEST, (width - TITLES) // len(chosen) - GAP)
        table = Text(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="")
        table.add_column("", width=TITLES)
        for net in chosen:
            table.add_column(comparison.nets[net], width=column)
        for row in comparison.rows:
            short = (marked(row.entries[net], row.entries[net].short) for net in chosen)
            table.add_row(row.title, *short)
        yield ""
        yield from text_lines(table, max(width, TITLES + len(chosen) * (column + GAP)))
    yield ""
    for title, gist in gists(comparison).items():
        yield from wrapped(f"{title} {gist}", width, "  ")
    yield ""
    for note in (legend(comparison), *comparison.footnotes):
        yield from wrapped(note, width)
    yield f"seed {comparison.seed}; at most {comparison.seconds:g} s for each net"


def explained_lines(comparison: Comparison, width: int) -> Iterator[str]:
    """Each question with its whole definition, and below it every net's whole answer."""
    for row in comparison.rows:
        yield printable(f"{row.title} ({row.key})")
        yield from wrapped(f"{_sentence(row.meaning)}.", width)
        for name, entry in zip(comparison.nets, row.entries, strict=True):
            yield from wrapped(f"  {name}: {marked(entry)}", width, "    ")
        yield ""
    yield from wrapped(legend(comparison), width)


@renders(Comparison, "markdown")
def comparison_markdown(comparison: Comparison) -> str:
    """A table, and below it what its rows mean."""
    return fill(
        "comparison.md",
        heads=["", *comparison.nets],
        rows=[[row.title, *map(marked, row.entries)] for row in comparison.rows],
        legend=legend(comparison),
        budget=f"Seed {comparison.seed}, at most {comparison.seconds:g} s a net",
        footnotes="; ".join(comparison.footnotes),
        meanings=[(row.title, row.meaning) for row in comparison.rows],
    )


@renders(Comparison, "html")
def comparison_html(comparison: Comparison) -> str:
    """A table for a notebook: definitions show at the titles, whole answers at the short ones."""
    rows = [
        [head(row.title, title=row.meaning), *map(_field, row.entries)] for row in comparison.rows
    ]
    budget = f"seed {comparison.seed}, at most {comparison.seconds:g} s for each net"
    table = Table(rows, ["", *comparison.nets])
    notes = ["; ".join([legend(comparison), budget, *comparison.footnotes])]
    return block(_title(comparison), notes, table)


def _field(entry: Entry) -> Field:
    tint = TINTS.get(entry.status)
    style = f";background:rgba({tint},.18)" if tint else ""
    more = marked(entry) if entry.short != entry.text else ""
    text = marked(entry, entry.short)
    return Field(text, f"text-align:left;vertical-align:top{style}", title=more)


@renders(Comparison, "page")
def comparison_page(comparison: Comparison) -> str:
    """A page of its own that loads nothing."""
    return fill(
        "comparison.html",
        title=_title(comparison),
        table=comparison_html(comparison),
        meanings=[
            (
                f"{row.title} ({row.key})",
                f"{_sentence(row.meaning)}.",
                [
                    f"{net}: {marked(entry)}"
                    for net, entry in zip(comparison.nets, row.entries, strict=True)
                    if entry.short != entry.text
                ],
            )
            for row in comparison.rows
        ],
    )


# Studies

HEADS = ("setting", "nets", "success", "right", "proved", "wrong word", "words (median)")


def study_lines(records: Sequence[Record], width: int = 100) -> Iterator[str]:
    """The summary of a study as a table, a line for each setting, with the cycles below it."""
    groups = summary(records)
    rows: list[tuple[str, ...]] = [HEADS]
    for group in groups:
        failed = f" ({group.failed} failed)" if group.failed else ""
        known = (group.nets, group.success, group.right, group.proved, group.refuted, group.words)
        numbers = ("–" if n is None else f"{n:,.0f}" for n in known)
        rows.append((group.title + failed, *numbers))
    yield from table_lines(rows, width, numbers=True)
    for group in groups:
        for cycle, loop in group.loops.items():
            text = f"{loop.proved:,} of {loop.nets:,} proved for ever"
            if loop.first:
                text += f", {len(loop.first):,} wrong, first after {loop.first[0]:,} rounds"
            if loop.nets:
                yield printable(f"{group.title}: rounds of {cycle}: {text}")


MOST_GROUPS = 24
LINES = ("#0b5fa5", "#d9772b", "#5a4a9c", "#2e8b57", "#a83a00", "#1b1f24")
STYLES = ("-", "--", ":", "-.")


def study_figure(records: Sequence[Record]) -> Figure:
    """Three panels: shares of nets, words until they had learned, and errors in cycles.

    Raises:
        FormatError: for no records at all, or more settings than can be told apart.
    """
    groups = summary(records)
    if not groups:
        raise FormatError("no net has been trained yet, so there is nothing to draw")
    if len(groups) > MOST_GROUPS:
        raise FormatError(
            f"{len(groups)} settings are too many for one picture, of {MOST_GROUPS} at most"
        )
    figure = blank(13.0, 1.8 + 0.42 * len(groups))
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.3, 1, 1.2))
    _shares(left, groups)
    _words(middle, groups, records)
    _loops(right, groups)
    return figure


def _shares(axes: Axes, groups: Sequence[Group]) -> None:
    """Bars: what part of the nets did what was asked, and what part is proved."""
    bars = {
        "did what was asked": ("success", POSITIVE),
        "no error on strings": ("right", "#9ec5e8"),
        "proved for all lengths": ("proved", INK),
        "a wrong word is known": ("refuted", NEGATIVE),
    }
    height = 0.8 / len(bars)
    for number, (label, (counted, colour)) in enumerate(bars.items()):
        shares = [(getattr(group, counted) or 0) / group.nets for group in groups]
        places = [row - 0.4 + height * (number + 0.5) for row in range(len(groups))]
        axes.barh(places, shares, height=height, color=colour, label=label)
    axes.set_yticks(range(len(groups)), [f"{g.title} ({g.nets})" for g in groups], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.0)
    axes.set_title("share of nets", fontsize=10)
    axes.legend(fontsize=7, loc="lower left", bbox_to_anchor=(0.0, 1.06), ncols=2, frameon=False)


def _words(axes: Axes, groups: Sequence[Group], records: Sequence[Record]) -> None:
    """A point a net: the words presented until it did what was asked."""
    for row, group in enumerate(groups):
        words = [
            record["words"]
            for record in records
            if record.get("success")
            and all(record.get(name) == value for name, value in group.setting.items())
        ]
        spread = [row + 0.5 * ((7 * i) % 11 / 11 - 0.5) for i in range(len(words))]
        axes.plot(words, spread, ".", color=POSITIVE, alpha=0.5, markersize=4)
        if group.words is not None:
            axes.plot([group.words], [row], "|", color=INK, markersize=14)
    axes.set_yticks(range(len(groups)), ["" for _ in groups])
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.set_xlim(left=0.0)
    axes.set_title("words until then, and their median", fontsize=10)


def _loops(axes: Axes, groups: Sequence[Group]) -> None:
    """Steps: the share of nets without an error in any cycle, by rounds."""
    for number, group in enumerate(groups):
        cycles = [loop for loop in group.loops.values() if loop.nets]
        if not cycles:
            continue
        failures = sorted(first for loop in cycles for first in loop.first)
        total = sum(loop.nets for loop in cycles)
        xs, ys = [1.0], [1.0]
        for wrong, first in enumerate(failures, start=1):
            xs += [float(first), float(first)]
            ys += [ys[-1], 1.0 - wrong / total]
        xs.append(max(float(min(loop.rounds for loop in cycles)), xs[-1]))
        ys.append(ys[-1])
        style = STYLES[number // len(LINES) % len(STYLES)]
        axes.plot(xs, ys, style, color=LINES[number % len(LINES)], label=group.title, lw=1.4)
    axes.set_xscale("log")
    axes.set_ylim(0.0, 1.03)
    axes.set_xlabel("rounds", fontsize=8)
    axes.set_title("cycles of nets without an error so far", fontsize=10)
    if axes.lines:
        axes.legend(fontsize=6, frameon=False)
    else:
        axes.text(0.5, 0.5, "not asked", ha="center", color=QUIET, transform=axes.transAxes)
