"""Pictures of what was extracted: the machine, its states in the net's memory, what each cell does.

Machines are drawn by Graphviz, the others by matplotlib (extra ``plots``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import ExtractionError, FormatError
from reberlstm.extraction import Extraction, Sample
from reberlstm.figures import INK, QUIET, SUFFIXES, blank, number, signed_colours, to_bytes
from reberlstm.files import write_atomically
from reberlstm.render import draw as graphs
from reberlstm.render import side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PICTURES = ("machines", "memories", "cells")

# Okabe and Ito's palette, which the colour-blind can tell apart (jfly.uni-koeln.de/color).
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
MARKERS = "osD^vP*X"

MOST_STATES = 40
"""Of so many states points and names can still be told apart."""

MOST_PARTS = 60
MOST_NUMBERS = 24
"""So many parts of the memory are shown, and so many with numbers in the fields."""


def picture(found: Extraction, what: str, format: str) -> bytes:
    """One of `PICTURES` as the content of a file.

    Args:
        found: What was extracted.
        what: ``machines``: the machine, beside the reference where there is one; ``memories``:
            where its states lie; ``cells``: what each part of the memory is in each state.
        format: ``svg``, ``png`` or ``pdf``.

    Raises:
        GrammarError: for a machine too large to draw.
        ExtractionError: for too many states to be told apart.
        MissingExtraError: where Graphviz or matplotlib is not there.
    """
    if what == "memories":
        return to_bytes(memories(found), format)
    if what == "cells":
        return to_bytes(cells_by_state(found), format)
    if found.reference is None:
        return graphs.draw(found.fsm, format, dead_states=True)  # type: ignore[arg-type]
    pair = next(pair for pair in found.verdict if pair.left == "machine")
    return side_by_side.draw(
        found.fsm,
        found.reference,
        format,  # type: ignore[arg-type]
        word=pair.word,
        acceptance="accept" in found.observed,
    )


def save(found: Extraction, what: str, path: str | Path) -> None:
    """Write one of `PICTURES` to a file whose suffix says in which format.

    Raises:
        FormatError: for a suffix that is not one of a picture, or a file that cannot be written.
        ReberLSTMError: as `picture` does.
    """
    suffix = check_suffix(path)
    write_atomically(Path(path), picture(found, what, suffix))


def check_suffix(path: str | Path) -> str:
    """The format that the suffix of a picture names.

    Raises:
        FormatError: where it names none.
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        raise FormatError(f"{path}: pictures are .{', .'.join(SUFFIXES)} files; use such a suffix")
    return suffix


def memories(found: Extraction) -> Figure:
    """Visited memories on a plane: states are regions in colours with names, symbols are arrows."""
    sample = _sample(found)
    plane, how = _plane(sample)
    figure = blank(8.0, 6.2)
    axes = figure.subplots()
    names = found.fsm.states
    means = [plane[sample.states == state].mean(axis=0) for state in range(len(names))]
    for state, name in enumerate(names):
        points = np.unique(np.round(plane[sample.states == state], 6), axis=0)
        colour, marker = COLOURS[state % 8], MARKERS[(state // 8 + state) % 8]
        hull = _hull(points)
        if len(hull) > 2:
            axes.fill(*hull.T, color=colour, alpha=0.15, zorder=0)
        axes.scatter(
            points[:, 0], points[:, 1], s=20, color=colour, marker=marker, zorder=3, linewidths=0
        )
        axes.annotate(
            name,
            means[state],
            xytext=(0, 7 + LINE * _hidden(means, state)),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=INK,
            bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": colour, "alpha": 0.85},
            zorder=5,
        )
    arrows: dict[tuple[int, int], list[str]] = {}
    for source, line in found.fsm.transitions.items():
        for symbol, target in line.items():
            arrows.setdefault((names.index(source), names.index(target)), []).append(symbol)
    for (start, end), symbols in arrows.items():
        text = ", ".join(symbols) if len(symbols) <= 4 else f"{len(symbols)} symbols"
        _arrow(axes, means[start], means[end], text, loop=start == end)
    axes.set_xlabel(how, fontsize=9, color=QUIET)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.1)
    axes.set_title(f"{found.fsm}: memories by state", loc="left", fontsize=11, color=INK)
    return figure


def cells_by_state(found: Extraction) -> Figure:
    """The mean of every part of the memory in every state, and what varies within the states."""
    sample = _sample(found)
    means = sample.means()
    parts = np.arange(means.shape[1])
    title = "mean of every part of the memory, by state"
    if len(parts) > MOST_PARTS:  # those that differ most between states
        parts = np.sort(np.argsort(-np.ptp(means, axis=0), kind="stable")[:MOST_PARTS])
        title = f"the {MOST_PARTS} parts of the memory that differ most, by state"
    shown = means[:, parts]
    names = [sample.parts[part] for part in parts]
    spread = np.array(
        [sample.points[sample.states == state][:, parts].std(axis=0) for state in range(len(means))]
    )
    figure = blank(2.2 + 0.42 * len(names), 1.5 + 0.3 * len(shown))
    axes = figure.subplots()
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
    figure.colorbar(image, ax=axes, pad=0.02)
    return figure


LINE = 15
"""The height of a name in points."""


def _hidden(means: list[NDArray[np.float64]], state: int) -> int:
    """How many of the states before lie where this one's name would be."""
    extent = np.ptp(means, axis=0)
    near = np.abs(np.array(means) - means[state]) <= [0.06, 0.04] * extent
    return int(near[:state].all(axis=1).sum())


def _sample(found: Extraction) -> Sample:
    if found.sample is None:
        raise ExtractionError(f"{found.fsm} was made without memories to draw")
    if len(found.fsm.states) > MOST_STATES:
        raise ExtractionError(
            f"{found.fsm} has {len(found.fsm.states)} states, and the memories of at most "
            f"{MOST_STATES} can be told apart in a picture"
        )
    return found.sample


APART = 0.08
"""Two states nearer than this share of the picture would be taken for one."""

TRIED = 500


def _plane(sample: Sample) -> tuple[NDArray[np.float64], str]:
    """The memories in two directions, shape (N, 2), and which ones these are.

    The main ones, unless states lie on top of each other there, as the vertices of a simplex do:
    then, of many planes through the states, the one that keeps them farthest apart.
    """
    rng = np.random.default_rng(0)
    centred = sample.points - sample.points.mean(axis=0)
    means = sample.means() - sample.points.mean(axis=0)
    whole = max(float((centred**2).sum()), 1e-300)

    def shown(basis: Any) -> tuple[float, str]:
        points = means @ basis
        distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
        distances[np.diag_indices(len(points))] = np.inf
        extent = max(float(np.ptp(points, axis=0).max()), 1e-300)
        share = float(((centred @ basis) ** 2).sum()) / whole
        return float(distances.min()) / extent, f"{share:.0%} of the variance"

    def padded(directions: Any) -> Any:
        basis = np.zeros((sample.points.shape[1], 2))
        basis[:, : len(directions)] = directions.T
        # The sign of a direction is arbitrary: its largest entry is made positive.
        largest = np.take_along_axis(basis, np.abs(basis).argmax(axis=0)[np.newaxis], axis=0)
        return basis * np.where(largest < 0, -1.0, 1.0)

    main = padded(np.linalg.svd(centred, full_matrices=False)[2][:2])
    apart, share = shown(main)
    if apart >= APART or len(means) < 3:
        return centred @ main, f"two main directions, {share}"
    _, sizes, span = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    span = span[sizes > 1e-9 * max(float(sizes[0]), 1e-300)]
    best = main
    for _ in range(TRIED if len(span) > 2 else 0):
        turned = np.linalg.qr(rng.normal(size=(len(span), 2)))[0]
        basis = span.T @ turned
        value, text = shown(basis)
        if value > apart:
            best, apart, share = basis, value, text
    return centred @ best, f"plane on which states lie apart, {share}"


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
        axes.annotate(
            f"↻ {label}",
            source,
            xytext=(0, -13),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color="0.3",
            zorder=4,
        )
        return
    style = {"arrowstyle": "->", "color": "0.45", "connectionstyle": "arc3,rad=0.15"}
    axes.annotate("", target, xytext=source, arrowprops=style, zorder=2)
    # The middle of the arc, not of the chord.
    across = np.array([target[1] - source[1], source[0] - target[0]]) * 0.075
    axes.annotate(label, (source + target) / 2 + across, fontsize=8, ha="center", color="0.2")
