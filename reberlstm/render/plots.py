"""Pictures of runs with matplotlib: what every cell did at every symbol, where the state went.

Figures are plain objects, made without pyplot: show one in a notebook, or write it with `save`.
Colours go from orange (negative) over grey to blue, which colour-blind readers can tell apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.errors import GrammarError
from reberlstm.figures import INK, QUIET, WRONG, blank, number, save, signed_colours, to_bytes
from reberlstm.net.cells.cell import Floats
from reberlstm.render import GATES, gate_titles, numbered
from reberlstm.render.trace import answer, net_name, word_text
from reberlstm.simulator import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PANELS", "heat_map", "save", "timeline", "to_bytes", "trajectory"]

PANELS = (*GATES, "memory", "hidden")
"""What pictures can show of a run."""

LINES = ("#0b5fa5", "#a83a00", "#8526e0", "#1b1f24")
STYLES = ("-", "--", ":", "-.")
MARKERS = "osD^vP*Xhp<>"

FIELD = 0.34
WIDEST = 14.0
"""Inches for one symbol or cell of a heat map, and for all symbols of a long string."""

BAND, MAX_BANDS = 60, 3
"""Symbols of a heat map that stand side by side, unless there are more than so many bands."""

COLOUR_KEY = "blue: up to 1 and over; grey: 0; orange: down to −1"

LONG_RUN = 5
"""Longer repetitions of a symbol are written as S×6 in the heading of a long string."""

MAX_STEPS = 400
MAX_CELLS = 64
MAX_NUMBERS = 40
MAX_NAMED = 80
"""Symbols and cells of a heat map; the longest strings whose fields hold numbers, and whose symbols
are written."""


def heat_map(trace: Trace, *, quantities: Sequence[str] = PANELS) -> Figure:
    """Gates and memory of every cell over the string: a panel each, rows are cells.

    Args:
        trace: The run.
        quantities: What to show, of `PANELS`; what the net has not is left out.

    Raises:
        GrammarError: for a string or a net too large for a picture that can be read.
        MissingExtraError: where matplotlib is not installed.
    """
    if not trace.steps:
        raise GrammarError("the empty string has no step to draw; give at least one symbol")
    if len(trace.steps) > MAX_STEPS or trace.net.size > MAX_CELLS:
        raise GrammarError(
            f"{len(trace.steps)} symbols by {trace.net.size} cells would give labels too small "
            f"to read (at most {MAX_STEPS} by {MAX_CELLS}); give a shorter string"
        )
    panels = [name for name in quantities if name in _titles(trace)]
    steps, cells = len(trace.steps), numbered(trace.net.cells)
    band = steps if steps <= BAND else max(BAND, -(-steps // MAX_BANDS))
    starts = range(0, steps, band)
    width = 1.9 + min(max(FIELD * band, 3.0), WIDEST)
    height = 1.3 + len(starts) * (0.4 + len(panels) * (FIELD * 0.8 * len(cells) + 0.5))
    figure = blank(width, height)
    axes = figure.subplots(len(starts) * len(panels), 1, squeeze=False)[:, 0]
    for place, axis in enumerate(axes):
        name, start = panels[place % len(panels)], starts[place // len(panels)]
        values = trace.array(name).T[cells, start : start + band]
        draw_fields(axis, values, size=6.5 if band <= MAX_NUMBERS else 0)
        axis.set_xlim(-0.5, band - 0.5)
        axis.set_title(_titles(trace)[name], loc="left", fontsize=10, color=INK)
        axis.set_yticks(range(len(cells)), [trace.net.cells[cell] for cell in cells], fontsize=8)
        axis.set_xticks([])
        if band <= MAX_NAMED:
            axis.set_xticks(np.arange(values.shape[1] + 1) - 0.5, minor=True)
        if name == panels[-1]:
            _label_steps(axis, trace, start, band)
    heading, wrong = f"{net_name(trace)} on {_shortened(trace)}", trace.first_wrong
    if wrong is not None:
        heading += f"\n✗ wrong at step {wrong.t}: {answer(wrong)}"
    figure.suptitle(heading, x=0.01, ha="left", fontsize=12, color=INK)
    figure.supxlabel(COLOUR_KEY, fontsize=8, color=QUIET)
    return figure


def timeline(
    traces: Mapping[str, Trace],
    cell: str,
    *,
    quantities: Sequence[str] = ("memory", "input", "update"),
) -> Figure:
    """One cell over the steps in several nets: how a memory leaks in one and holds in another.

    Args:
        traces: Runs of one string, by the name of the net.
        cell: The name of the cell; nets without such a cell are left out.
        quantities: What to show, of `PANELS`, a panel each; what no net has is left out.

    Raises:
        GrammarError: when no net has the cell.
        MissingExtraError: where matplotlib is not installed.
    """
    found = {name: run for name, run in traces.items() if cell in run.net.cells}
    if not found:
        cells = sorted({name for run in traces.values() for name in run.net.cells})
        raise GrammarError(f"no cell {cell!r} in {', '.join(traces)}; cells are {', '.join(cells)}")
    titles = {name: title for run in found.values() for name, title in _titles(run).items()}
    quantities = [name for name in quantities if name in titles]
    longest = max(found.values(), key=lambda run: len(run.steps))
    width = min(14.0, max(6.0, 2.0 + 0.09 * len(longest.steps)))
    figure = blank(width, 0.9 + 1.9 * len(quantities))
    axes = figure.subplots(len(quantities), 1, sharex=True, squeeze=False)[:, 0]
    for quantity, axis in zip(quantities, axes, strict=True):
        for order, (name, run) in enumerate(found.items()):
            if quantity not in _titles(run):
                continue
            values = run.array(quantity)[:, run.net.cells.index(cell)]
            style: dict[str, Any] = {"color": LINES[order % len(LINES)], "linewidth": 1.8}
            style |= {"linestyle": STYLES[order % len(STYLES)], "label": name}
            # A step, not a slope: between two symbols there is nothing.
            axis.plot(range(1, len(values) + 1), values, drawstyle="steps-mid", **style)
        axis.set_title(f"{titles[quantity]} of cell {cell}", loc="left", fontsize=10)
        axis.grid(color="#dfe2e5", linewidth=0.6)
        axis.set_axisbelow(True)
    axes[0].legend(frameon=False, fontsize=9)
    _label_steps(axes[-1], longest, 0, len(longest.steps))
    for order, (name, run) in enumerate(found.items()):
        if run.first_wrong is not None:
            t, colour = run.first_wrong.t, LINES[order % len(LINES)]
            axes[0].axvline(t, color=colour, linewidth=1.0, linestyle=":")
            style = {"fontsize": 8, "color": colour, "ha": "right", "va": "bottom"}
            ends = ("data", "axes fraction")
            axes[0].annotate(f"{name} wrong from step {t}", (t, 1.01), xycoords=ends, **style)
    figure.suptitle(_shortened(longest), x=0.01, ha="left", fontsize=12, color=INK)
    key = "a line: one net's numbers, a step for each symbol; dotted: its first wrong answer"
    figure.supxlabel(key, fontsize=8, color=QUIET)
    return figure


def _titles(trace: Trace) -> dict[str, str]:
    """What there is to be shown of a net; without an output gate the memory itself comes out."""
    titles = gate_titles({gate for layer in trace.net.layers for gate in layer.cell.gates})
    titles["memory"] = "memory"
    if "output" in titles:
        titles["hidden"] = "hidden state: the memory through the output gate"
    return titles


def draw_fields(axis: Axes, values: Floats, *, size: float) -> None:
    """Values from −1 to 1 as fields with white lines between them, and numbers of that size."""
    axis.imshow(values, cmap=signed_colours(), vmin=-1.0, vmax=1.0, aspect="auto")
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size}
    for (row, column), value in np.ndenumerate(values):
        if size and abs(value) > 0.005:
            colour = "white" if abs(value) > 0.75 else INK
            axis.text(column, row, number(value), color=colour, **style)
    axis.set_yticks(np.arange(len(values) + 1) - 0.5, minor=True)
    axis.grid(which="minor", color="white", linewidth=1.0)
    axis.tick_params(which="both", length=0)
    axis.spines[:].set_visible(False)


def _label_steps(axis: Axes, trace: Trace, start: int, most: int) -> None:
    """Symbols and nodes under so many steps, or the numbers of steps where these are too many."""
    shown = trace.steps[start : start + most]
    steps, offset = len(shown), 0 if axis.images else 1
    if most > MAX_NAMED:
        axis.set_xlabel("step", fontsize=9)
        if axis.images:
            every = [t for t in range(steps) if (start + t + 1) % 20 == 0]
            axis.set_xticks(every, [str(start + t + 1) for t in every], fontsize=8)
        return
    node = [("✗" if step.state is None else step.state) for step in shown]
    small = max((len(name) for name in node), default=0) > 3
    marks = [" ⊘" * (step.ok is False) + " ✗" * (step.right is False) for step in shown]
    texts = [
        step.symbol + mark + ("" if small else f"\n{name}")
        for step, mark, name in zip(shown, marks, node, strict=True)
    ]
    axis.set_xticks(range(offset, steps + offset), texts, fontsize=8)
    for text, step in zip(axis.get_xticklabels(), shown, strict=True):
        if step.right is False:
            text.set_color(WRONG)
            text.set_fontweight("bold")
        elif not step.judged:
            text.set_fontstyle("italic")
    label = "symbol" if small else "symbol, and the grammar's node after it"
    if start:
        label = f"from step {start + 1}: {label}"
    label += "; ✗ a wrong answer" * any(step.right is False for step in shown)
    label += "; ⊘ not offered" * any(step.ok is False for step in shown)
    label += "; slanted: not judged" * (not all(step.judged for step in shown))
    axis.set_xlabel(label, fontsize=9)


def _shortened(trace: Trace, most: int = 60) -> str:
    """The string; a long one with its repetitions counted, and cut off where that is not enough."""
    text = word_text(trace)
    if len(text) <= most:
        return text
    separator = " " if any(len(symbol) != 1 for symbol in trace.word) else ""
    runs = [(symbol, len(list(same))) for symbol, same in itertools.groupby(trace.word)]
    text = " ".join(f"{s}×{n}" if n > LONG_RUN else separator.join([s] * n) for s, n in runs)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def trajectory(traces: Sequence[Trace]) -> Figure:
    """Where the state goes: what the gates read, in a plane, marked by the grammar's node.

    The plane is the linear map, found by least squares, that best sends each node to its own place
    on a circle: a hand-wired net shows as points, a drifting one as trails, and a net that does not
    tell two nodes apart as overlapping clouds. Without a grammar it is that of the first two
    principal components.

    Raises:
        GrammarError: when there is no step to draw.
        MissingExtraError: where matplotlib is not installed.
    """
    if not any(run.steps for run in traces):
        raise GrammarError("no symbol was read, so there is no trajectory; give a longer string")
    grammar = traces[0].grammar
    zero = np.zeros(traces[0].net.size)
    states = [np.vstack([zero, *(step.hidden for step in run.steps)]) for run in traces]
    start = grammar.start if grammar is not None else None
    nodes = [node for run in traces for node in (start, *(step.state for step in run.steps))]
    known = [node for node in (grammar.states if grammar is not None else ()) if node in nodes]
    everything = np.concatenate(states)
    figure = blank(7.4, 5.6)
    axis = figure.subplots()
    if known:
        places = _towards_circle(everything, nodes, known)
        axis.set_xticks([])
        axis.set_yticks([])
        axis.set_aspect("equal")
        says = "linear map that best sends every node to its place on a circle"
        axis.set_xlabel(says, fontsize=9)
    else:
        places, shares = principal_plane(everything)
        axis.set_xlabel(f"first principal component ({shares[0]:.0%} of the variance)", fontsize=9)
        axis.set_ylabel(f"second ({shares[1]:.0%})", fontsize=9)
    # A path or a point drawn a second time would only make the file larger.
    places = np.round(places, 5)
    ends = np.cumsum([len(points) for points in states])[:-1]
    for path in {path.tobytes(): path for path in np.split(places, ends)}.values():
        axis.plot(path[:, 0], path[:, 1], color="#c4c9cf", linewidth=0.7, zorder=1)
    from matplotlib import colormaps

    order = [*known, *([None] if None in nodes else [])]
    colours = colormaps["viridis"](np.linspace(0.0, 0.88, len(order)))
    for index, node in enumerate(order):
        chosen = np.unique(places[[name == node for name in nodes]], axis=0)
        label = "no node (violation)" if node is None else f"node {node}"
        marker = MARKERS[index % len(MARKERS)]
        x, y = chosen.T
        axis.scatter(x, y, s=36, marker=marker, color=colours[index], label=label, zorder=2)
    if known:
        axis.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    strings = f"{len(traces)} {'string' if len(traces) == 1 else 'strings'}"
    title = f"{net_name(traces[0])}: {strings}, {len(everything)} states"
    axis.set_title(title, loc="left", fontsize=11)
    key = "a point: the hidden state after a symbol, marked by its node; a line: one string's way"
    figure.supxlabel(key, fontsize=8, color=QUIET)
    return figure


def _towards_circle(points: Floats, nodes: Sequence[str | None], known: Sequence[str]) -> Floats:
    """The points, shape (N, 2), under the map of `trajectory`; all nodes weigh the same."""
    angles = np.linspace(0.5 * np.pi, -1.5 * np.pi, len(known), endpoint=False)
    circle = dict(zip(known, np.column_stack([np.cos(angles), np.sin(angles)]), strict=True))
    rows = [index for index, node in enumerate(nodes) if node is not None]
    targets = np.array([circle[node] for node in nodes if node is not None])
    count = {node: nodes.count(node) for node in known}
    weight = np.array([count[node] ** -0.5 for node in nodes if node is not None])[:, np.newaxis]
    inputs = np.column_stack([points, np.ones(len(points))])
    solution = np.linalg.lstsq(weight * inputs[rows], weight * targets, rcond=1e-9)[0]
    places: Floats = inputs @ solution
    return places


def principal_plane(points: Floats) -> tuple[Floats, Floats]:
    """The points in the plane in which they vary most, and its axes' shares of the variance."""
    centred = points - points.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    variances = np.zeros(max(2, len(sizes)))
    variances[: len(sizes)] = sizes**2
    return centred @ upright(directions[:2]), variances[:2] / (variances.sum() or 1.0)


def upright(directions: Floats) -> Floats:
    """One or two directions as the columns of a basis, shape (D, 2).

    The sign of a direction is arbitrary: its largest entry is made positive, on every computer.
    """
    basis = np.zeros((directions.shape[1], 2))
    basis[:, : len(directions)] = directions.T
    largest = np.take_along_axis(basis, np.abs(basis).argmax(axis=0)[np.newaxis], axis=0)
    turned: Floats = basis * np.where(largest < 0, -1.0, 1.0)
    return turned
