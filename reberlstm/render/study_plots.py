"""A study as a picture: how many nets learned, were proved, and when they fail in cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reberlstm.comparison.study import Group, summary
from reberlstm.comparison.study.trials import Record
from reberlstm.errors import FormatError
from reberlstm.figures import INK, NEGATIVE, POSITIVE, QUIET, blank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    bars: Mapping[str, tuple[Any, str]] = {
        "did what was asked": (lambda group: group.success, POSITIVE),
        "no error on strings": (lambda group: group.right, "#9ec5e8"),
        "proved for all lengths": (lambda group: group.proved, INK),
        "a wrong word is known": (lambda group: group.refuted, NEGATIVE),
    }
    height = 0.8 / len(bars)
    for number, (label, (count, colour)) in enumerate(bars.items()):
        shares = [(count(group) or 0) / group.nets for group in groups]
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
    drawn = False
    for number, group in enumerate(groups):
        cycles = [loop for loop in group.loops.values() if loop.nets]
        if not cycles:
            continue
        drawn = True
        failures = sorted(first for loop in cycles for first in loop.first)
        total = sum(loop.nets for loop in cycles)
        xs, ys = [1.0], [1.0]
        for count, first in enumerate(failures, start=1):
            xs += [float(first), float(first)]
            ys += [ys[-1], 1.0 - count / total]
        xs.append(max(float(min(loop.rounds for loop in cycles)), xs[-1]))
        ys.append(ys[-1])
        style = STYLES[number // len(LINES) % len(STYLES)]
        axes.plot(xs, ys, style, color=LINES[number % len(LINES)], label=group.title, lw=1.4)
    axes.set_xscale("log")
    axes.set_ylim(0.0, 1.03)
    axes.set_xlabel("rounds", fontsize=8)
    axes.set_title("cycles of nets without an error so far", fontsize=10)
    if drawn:
        axes.legend(fontsize=6, frameon=False)
    else:
        axes.text(0.5, 0.5, "not asked", ha="center", color=QUIET, transform=axes.transAxes)
