"""An extraction: the machine, the verdict pair by pair, and where each state lies in the memory.

Machines are drawn by Graphviz, the other pictures by matplotlib (extra ``plots``).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.display import renders
from reberlstm.errors import ExtractionError, GrammarError, ReberLSTMError, count, printable
from reberlstm.extraction import Extraction
from reberlstm.extraction.rates import WORDS, percent
from reberlstm.figures import INK, QUIET, blank, check_suffix, number, signed_colours, to_bytes
from reberlstm.files import write_atomically
from reberlstm.machine.fsm import FSM
from reberlstm.machine.repeats import folded
from reberlstm.render import Table, block, differences, table_lines, wrapped
from reberlstm.render.machine import arrows, draw
from reberlstm.render.plots import COLOUR_KEY, upright

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from reberlstm.extraction import Sample

MOST_STATES = 60
"""Larger machines are written to files, not to the terminal."""

MOST_SYMBOLS, BEGINNING, END = 80, 40, 20
"""The longest words that are shown whole; of longer ones so many symbols."""

MOST_ON_THE_WAY = 8
"""The most machines on the way that are shown."""

MOST_ROWS, MOST_COLUMNS = 40, 24
"""The states and symbols of the largest table in HTML."""

PICTURES = {
    "machines": "the machine",
    "memories": "where its states lie in the memory",
    "cells": "what every part of the memory is in every state",
    "curve": "states against agreement, for the machines on the way",
}

# Okabe and Ito's palette, which the colour-blind can tell apart (jfly.uni-koeln.de/color).
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
MARKERS = "osD^vP*X"

MOST_DRAWN = 40
"""Of so many states points and names can still be told apart."""

MOST_TICKS = 8
"""So many numbers of states are written below the curve."""

MOST_PARTS, MOST_NUMBERS = 60, 24
"""So many parts of the memory are shown, and so many with numbers in the fields."""

LINE = 15
"""The height of a name in points."""

CLOSE = 0.5
"""A machine that agrees with the net on a smaller share of words is not shown as a good one."""

LITTLE = 0.5
"""A plane with a smaller share of the variance says little of where memories lie."""

APART, TRIED = 0.08, 500
"""States nearer than this share of the picture would be taken for one; so many planes are tried."""


@renders(Extraction, "text")
def extraction_lines(found: Extraction, width: int = 100) -> Iterator[str]:
    """The lines of the report."""
    for line in _report(found, width):
        yield from wrapped(line, width)


def _report(found: Extraction, width: int) -> Iterator[str]:
    fsm = found.fsm
    states = count(len(fsm.states), "state")
    yield f"{fsm.name}: {states} over {' '.join(fsm.alphabet)}"
    if found.reading:
        yield f"the net is read by {found.reading}"
    yield ended_text(found)
    yield from found.notes
    yield (
        f"{found.steps:,} steps of the net, {found.search_steps:,} of them in the search "
        f"(the machine was found after {found.found_after:,}), "
        f"{found.memories:,} different memories, {found.seconds:.1f} s"
    )
    yield ""
    if len(fsm.states) <= MOST_STATES:
        yield from table_lines(_machine(fsm), width)
    else:
        yield f"the machine is too large to show here (over {MOST_STATES} states); write it with -o"
    yield ""
    names = {"machine": "extracted machine"}
    for pair in found.verdict:
        left, right = names.get(pair.left, pair.left), names.get(pair.right, pair.right)
        yield f"{left} and {right}: {pair.relation}"
        if pair.word is not None:
            by = f"; the {pair.wrong} is wrong" if pair.wrong else ""
            shortest = ", a shortest one" if pair.shortest else ""
            yield f"    after {word_text(fsm, pair.word)}{shortest}{by}"
        yield f"    {pair.evidence}"
        if not pair.equal:
            for rate in pair.rates:
                if rate.lengths is None:
                    yield f"    agree on {rate}"
    if found.margin is not None:
        yield f"nearest observation to a threshold: {found.margin:.3g} away"
    if len(found.candidates) > 1:
        yield ""
        yield (
            "machines on the way, and on how many biased words they agree with the net; "
            "--pick states=N or --pick agreement=P shows another one:"
        )
        yield from table_lines(_way(found), width)
    if len(fsm.states) <= MOST_STATES:
        yield ""
        yield (
            "where the state vectors of each state lie: how often the sampled words came there, "
            "with how many different vectors; how far the farthest is from their mean, and the "
            "nearest other mean; the largest noise tried that changed no answer of two symbols:"
        )
        yield from table_lines(_geometry(found), width)


def ended_text(found: Extraction) -> str:
    """What ended the search."""
    if found.ended_by is None:
        return "the search came to its own end: it found no difference any more"
    text = f"the budget of {found.ended_by} ended the search"
    rate = next((x for x in found.verdict[0].rates if x.kind == "biased" and not x.lengths), None)
    if rate is None or rate.share >= CLOSE:
        return f"{text}; this is the best machine so far"
    share = f"{rate.share:.1%}".replace("%", " %")
    return f"{text}; no machine so far comes close: this one agrees on {share} of biased words"


def word_text(fsm: FSM, word: tuple[str, ...]) -> str:
    """A word to be read; of a long one its ends, and its length."""
    if not word:
        return "(the empty word)"
    if len(word) <= MOST_SYMBOLS:
        return printable(fsm.text(word))
    text = printable(folded(word, " " if fsm.has_long_symbols else ""))
    if len(text) <= MOST_SYMBOLS:
        return f"{text} ({len(word):,} symbols)"
    ends = printable(f"{fsm.text(word[:BEGINNING])} … {fsm.text(word[-END:])}")
    return f"{ends} ({len(word):,} symbols; --json has all)"


def _machine(fsm: FSM) -> list[list[str]]:
    rows = [["", "state", *fsm.alphabet, *(["output"] if fsm.outputs else [])]]
    for state in fsm.states:
        mark = ("→" if state == fsm.start else "") + ("◎" if state in fsm.accepting else "")
        line = [fsm.transitions[state].get(symbol, "·") for symbol in fsm.alphabet]
        rows.append([mark, state, *line, *([fsm.outputs[state]] if fsm.outputs else [])])
    return rows


def _geometry(found: Extraction) -> list[list[str]]:
    rows = [["state", "visits", "memories", "radius", "nearest", "distance", "noise tolerated"]]
    for report in found.states:
        visits = [f"{report.visits:,}", f"{report.memories:,}", f"{report.radius:.2g}"]
        distance = "–" if report.distance is None else f"{report.distance:.2g}"
        noise = "not tried" if report.tolerance is None else f"{report.tolerance:.2g}"
        rows.append([report.state, *visits, report.nearest or "–", distance, noise])
    return rows


def _way(found: Extraction) -> list[list[str]]:
    """The best machines of up to so many states, thinned out where they are many."""
    every = found.candidates
    step = max(1, math.ceil((len(every) - 1) / (MOST_ON_THE_WAY - 1)))
    shown = list(dict.fromkeys([*every[:-1:step], every[-1]]))
    rows = [["states", "agreement", "after steps"]]
    for one in shown:
        rows.append([f"{one.states:,}", percent(one.agreement), f"{one.found_after:,}"])
    return rows


@renders(Extraction, "html")
def extraction_html(found: Extraction) -> str:
    """Verdict, machine and pictures, for notebooks; or why there is no picture."""
    fsm = found.fsm
    compared = []
    for pair in found.verdict:
        word = "" if pair.word is None else word_text(fsm, pair.word)
        compared.append([f"{pair.left} and {pair.right}", pair.relation, word, pair.evidence])
    tables = [Table(compared, ["compared", "verdict", "word", "evidence"])]
    if len(fsm.states) <= MOST_ROWS and len(fsm.alphabet) <= MOST_COLUMNS:
        heads, *rows = _machine(fsm)
        tables.append(Table(rows, heads))
    title = f"{fsm.name}: {count(len(fsm.states), 'state')}"
    shown = [what for what in PICTURES if what != "curve" or len(found.candidates) > 2]
    figures = [_figure(found, what) for what in shown]
    notes = [f"the net is read by {found.reading}"] * bool(found.reading)
    return block(title, [*notes, ended_text(found)], *tables, figures=figures)


def _figure(found: Extraction, what: str) -> tuple[str, str, str]:
    """A picture as an image of its own, so that names in one SVG do not meet those of another."""
    try:
        content = picture(found, what, "svg")
    except ReberLSTMError as error:
        return PICTURES[what], "", str(error)
    return PICTURES[what], base64.b64encode(content).decode("ascii"), ""


# Pictures


def picture(found: Extraction, what: str, format: str) -> bytes:
    """One of `PICTURES` as the content of a file: ``svg``, ``png`` or ``pdf``.

    Where there is a reference, ``machines`` shows also the differences from it.

    Raises:
        GrammarError: for a machine too large to draw.
        ExtractionError: for too many states to be told apart.
        MissingExtraError: where Graphviz or matplotlib is not there.
    """
    if what == "memories":
        return to_bytes(memories(found), format)
    if what == "cells":
        return to_bytes(cells_by_state(found), format)
    if what == "curve":
        return to_bytes(curve(found), format)
    kind: Any = format
    try:
        return _machines(found, kind)
    except GrammarError as error:
        smaller = "; pick='states=20' gives a smaller machine" * (len(found.candidates) > 1)
        raise GrammarError(f"{error}{smaller}") from None


def _machines(found: Extraction, kind: Any) -> bytes:
    """The machine, and where there is a reference, its differences from it."""
    if found.reference is None:
        return draw(found.fsm, kind, dead_states=True)
    pair = next(pair for pair in found.verdict if pair.left == "machine")
    acceptance = "accept" in found.observed
    return differences.draw(found.fsm, found.reference, kind, word=pair.word, acceptance=acceptance)


def save(found: Extraction, what: str, path: str | Path) -> None:
    """Write one of `PICTURES` to a file whose suffix says in which format.

    Raises:
        FormatError: for a suffix that is not one of a picture, or a file that cannot be written.
        ReberLSTMError: as `picture` does.
    """
    write_atomically(Path(path), picture(found, what, check_suffix(path)))


def probe(what: str) -> None:
    """Whether what draws one of `PICTURES` is there.

    Raises:
        MissingExtraError: where Graphviz or matplotlib is not.
    """
    if what == "machines":
        draw(FSM(alphabet=("0",), start="0", transitions={"0": {}}), "svg")
    else:
        blank(1.0, 1.0)


def memories(found: Extraction) -> Figure:
    """Visited memories on a plane: states are regions in colours with names, symbols are arrows."""
    sample = _sample(found)
    plane, how, share = _plane(sample)
    # Where the plane shows little of the memory, its parts by state are a second view.
    twice = share < LITTLE
    figure = blank(8.0 + (3.0 + 0.3 * min(sample.points.shape[1], MOST_NUMBERS)) * twice, 6.4)
    axes, *others = figure.subplots(1, 1 + twice, squeeze=False)[0]
    for other in others:
        _draw_cells(other, found, MOST_NUMBERS)
    names = found.fsm.states
    means = [plane[sample.states == state].mean(axis=0) for state in range(len(names))]
    for state, name in enumerate(names):
        points = np.unique(np.round(plane[sample.states == state], 6), axis=0)
        colour, marker = COLOURS[state % 8], MARKERS[(state // 8 + state) % 8]
        hull = _hull(points)
        if len(hull) > 2:
            axes.fill(*hull.T, color=colour, alpha=0.15, zorder=0)
        x, y = points.T
        axes.scatter(x, y, s=20, color=colour, marker=marker, zorder=3, linewidths=0)
        box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": colour, "alpha": 0.85}
        above: dict[str, Any] = {
            "xytext": (0, 7 + LINE * _hidden(means, state)),
            "textcoords": "offset points",
        }
        style: dict[str, Any] = {"ha": "center", "fontsize": 9, "color": INK, "zorder": 5}
        axes.annotate(name, means[state], **above, **style, bbox=box)
    for (source, target), symbols in arrows(found.fsm, names).items():
        text = ", ".join(symbols) if len(symbols) <= 4 else f"{len(symbols)} symbols"
        start, end = (means[names.index(state)] for state in (source, target))
        _arrow(axes, start, end, text, loop=source == target)
    axes.set_xlabel(how, fontsize=9, color=QUIET)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.1)
    axes.set_title(f"{found.fsm}: memories by state", loc="left", fontsize=11, color=INK)
    key = "a point: a memory; a colour and mark: a state; an arrow: what a symbol does to it"
    figure.supxlabel(key + f"; {COLOUR_KEY}" * twice, fontsize=8, color=QUIET)
    return figure


def cells_by_state(found: Extraction) -> Figure:
    """The mean of every part of the memory in every state, and what varies within the states."""
    parts = min(_sample(found).points.shape[1], MOST_PARTS)
    figure = blank(2.2 + 0.42 * parts, 1.8 + 0.3 * len(found.fsm.states))
    axes = figure.subplots()
    figure.colorbar(_draw_cells(axes, found, MOST_PARTS), ax=axes, pad=0.02)
    figure.supxlabel(COLOUR_KEY, fontsize=8, color=QUIET)
    return figure


def _draw_cells(axes: Axes, found: Extraction, most_parts: int) -> Any:
    """A field for each state and part of the memory; returns the image, for a scale of colours."""
    sample = _sample(found)
    means = sample.means()
    parts = np.arange(means.shape[1])
    title = "mean of each part of the memory, by state"
    if len(parts) > most_parts:  # those that differ most between states
        parts = np.sort(np.argsort(-np.ptp(means, axis=0), kind="stable")[:most_parts])
        title = f"the {most_parts} parts of the memory that differ most"
    shown = means[:, parts]
    names = [sample.parts[part] for part in parts]
    of_states = [sample.points[sample.states == state] for state in range(len(means))]
    spread = np.array([points[:, parts].std(axis=0) for points in of_states])
    most = float(np.abs(shown).max()) or 1.0
    image = axes.imshow(shown, cmap=signed_colours(), vmin=-most, vmax=most, aspect="auto")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
    axes.set_yticks(range(len(shown)), found.fsm.states, fontsize=8)
    axes.set_ylabel("state")
    if len(names) <= MOST_NUMBERS:
        for row, column in np.ndindex(*shown.shape):
            text = number(float(shown[row, column]))
            if spread[row, column] > 0.1 * most:
                text += "~"
            axes.text(column, row, text, ha="center", va="center", fontsize=7, color=INK)
        axes.set_xlabel("~ varies within the state", fontsize=8, color=QUIET, loc="left")
    else:
        axes.set_xlabel("part of the memory", fontsize=8, color=QUIET)
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    return image


def curve(found: Extraction) -> Figure:
    """The machines on the way: their states, and the share of biased words on which they err."""
    if not found.candidates:
        raise ExtractionError(f"{found.fsm} was made without words on which machines were tried")
    states = [one.states for one in found.candidates]
    wrong = [1.0 - one.agreement for one in found.candidates]
    none = 0.3 / WORDS  # where no word is wrong: below one of all, and said so beside the point
    figure = blank(6.4, 4.0)
    axes = figure.subplots()
    shown = [share or none for share in wrong]
    axes.step(states, shown, where="post", color=COLOURS[0], linewidth=1.5)
    axes.plot(states, shown, "o", color=COLOURS[0])
    for one, y in _labelled(list(zip(found.candidates, shown, strict=True))):
        text = f"{one.states}: {percent(one.agreement)}"
        offset: dict[str, Any] = {"xytext": (6, 6), "textcoords": "offset points"}
        axes.annotate(text, (one.states, y), **offset, fontsize=8, color=INK)
    axes.set_yscale("log")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.xaxis.set_minor_formatter("")
    axes.set_xticks(sorted(set(states)) if len(set(states)) <= MOST_TICKS else axes.get_xticks())
    for formatted in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        formatted(lambda share, _: f"{100 * share:.3g} %")
    if 0.0 in wrong:
        axes.axhline(none, color=QUIET, linewidth=0.8, linestyle=":")
        where: dict[str, Any] = {"xytext": (2, 3), "textcoords": "offset points"}
        note = f"none of {WORDS:,} words"
        axes.annotate(note, (states[0], none), **where, fontsize=8, color=QUIET)
    axes.set_xlabel("states of the machine", fontsize=9, color=QUIET)
    axes.set_ylabel("share of biased words with another answer", fontsize=9, color=QUIET)
    axes.margins(x=0.15, y=0.15)
    axes.set_title(f"{found.fsm}: the machines on the way", loc="left", fontsize=11, color=INK)
    key = "a point: a machine, its states and the share of words on which it agrees with the net"
    figure.supxlabel(key, fontsize=8, color=QUIET)
    return figure


def _labelled(points: list[Any]) -> list[Any]:
    """Some of many points, the first and the last among them."""
    step = max(1, math.ceil((len(points) - 1) / 5))
    return [*points[:-1:step], points[-1]]


def _hidden(means: list[NDArray[np.float64]], state: int) -> int:
    """How many of the states before lie where this one's name would be."""
    extent = np.ptp(means, axis=0)
    near = np.abs(np.array(means) - means[state]) <= [0.06, 0.04] * extent
    return int(near[:state].all(axis=1).sum())


def _sample(found: Extraction) -> Sample:
    if found.sample is None:
        raise ExtractionError(f"{found.fsm} was made without memories to draw")
    if len(found.fsm.states) > MOST_DRAWN:
        raise ExtractionError(
            f"{found.fsm} has {len(found.fsm.states)} states, and the memories of at most "
            f"{MOST_DRAWN} can be told apart in a picture; pick='states={MOST_DRAWN}' gives a "
            "smaller machine"
        )
    return found.sample


def _plane(sample: Sample) -> tuple[NDArray[np.float64], str, float]:
    """The memories in two directions, (N, 2), which ones these are, and their share of variance.

    The main ones, unless states lie on top of each other there, as the vertices of a simplex do:
    then, of many planes through the states, the one that keeps them farthest apart.
    """
    centred = sample.points - sample.points.mean(axis=0)
    means = sample.means() - sample.points.mean(axis=0)

    def apart(basis: NDArray[np.float64]) -> float:
        points = means @ basis
        distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
        distances[np.diag_indices(len(points))] = np.inf
        return float(distances.min()) / max(float(np.ptp(points, axis=0).max()), 1e-300)

    def shown(basis: NDArray[np.float64], what: str) -> tuple[NDArray[np.float64], str, float]:
        share = float(((centred @ basis) ** 2).sum()) / max(float((centred**2).sum()), 1e-300)
        return centred @ basis, f"{what}, {share:.0%} of the variance", share

    best = upright(np.linalg.svd(centred, full_matrices=False)[2][:2])
    if apart(best) >= APART or len(means) < 3:
        return shown(best, "two main directions")
    _, sizes, span = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    span = span[sizes > 1e-9 * max(float(sizes[0]), 1e-300)]
    rng = np.random.default_rng(0)
    tried = [
        span.T @ np.linalg.qr(rng.normal(size=(len(span), 2)))[0]
        for _ in range(TRIED if len(span) > 2 else 0)
    ]
    return shown(max([best, *tried], key=apart), "plane on which states lie apart")


def _hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The corners of the convex hull in order (A. M. Andrew, 1979)."""
    ordered = points[np.lexsort((points[:, 1], points[:, 0]))].tolist()

    def chain(way: list[list[float]]) -> list[list[float]]:
        corners: list[list[float]] = []
        for x, y in way:
            while len(corners) > 1:
                (ax, ay), (bx, by) = corners[-2:]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                corners.pop()
            corners.append([x, y])
        return corners[:-1]

    corners = chain(ordered) + chain(ordered[::-1])
    return np.array(corners or ordered[:1])


def _arrow(axes: Axes, source: Any, target: Any, label: str, *, loop: bool) -> None:
    if loop:
        below: dict[str, Any] = {"xytext": (0, -13), "textcoords": "offset points"}
        axes.annotate(f"↻ {label}", source, **below, ha="center", fontsize=8, color="0.3", zorder=4)
        return
    style = {"arrowstyle": "->", "color": "0.45", "connectionstyle": "arc3,rad=0.15"}
    axes.annotate("", target, xytext=source, arrowprops=style, zorder=2)
    # The middle of the arc, not of the chord.
    across = np.array([target[1] - source[1], source[0] - target[0]]) * 0.075
    axes.annotate(label, (source + target) / 2 + across, fontsize=8, ha="center", color="0.2")
