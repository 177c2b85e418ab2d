"""Pictures of a run with matplotlib: what every cell did at every symbol, where the state went.

matplotlib comes with the extra ``plots``. Figures are plain objects, made without pyplot, so that
nothing opens a window or is kept: show one in a notebook, or write it with `save`. Colours go from
orange (negative) over grey to blue, which colour-blind readers can tell apart, and numbers stand in
the fields wherever there is room.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.errors import FormatError, GrammarError
from reberlstm.extras import require
from reberlstm.files import write_atomically
from reberlstm.simulator import Trace
from reberlstm.weights import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = ("svg", "png", "pdf")

GATE_TITLES = {
    "forget": "forget gate (eraser)",
    "candidate": "candidate (writer)",
    "input": "input gate (filter)",
    "output": "output gate",
    "memory": "memory",
    "hidden": "out: the memory through the output gate",
}
PANELS = tuple(GATE_TITLES)

NEGATIVE, ZERO, POSITIVE = "#d9772b", "#f2f3f4", "#2b7fc3"
INK, QUIET, WRONG = "#1b1f24", "#6a737d", "#a83a00"
LINES = ("#0b5fa5", "#a83a00", "#5a4a9c", "#1b1f24")
STYLES = ("-", "--", ":", "-.")
MARKERS = "osD^vP*Xhp<>"

FIELD = 0.34
WIDEST = 14.0
"""Inches for one symbol or cell of a heat map, and for all symbols of a long string."""

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
    _check_size(trace)
    panels = [name for name in quantities if _has(trace, name)]
    steps, cells = len(trace.steps), trace.weights.size
    width = 1.9 + min(max(FIELD * steps, 3.0), WIDEST)
    height = 0.95 + len(panels) * (FIELD * 0.8 * cells + 0.5)
    figure = _figure(width, height)
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    colours = _colours()
    for name, axis in zip(panels, axes, strict=True):
        values = _values(trace, name).T
        axis.imshow(values, cmap=colours, vmin=-1.0, vmax=1.0, aspect="auto")
        axis.set_title(GATE_TITLES[name], loc="left", fontsize=10, color=INK)
        axis.set_yticks(range(cells), trace.weights.cells, fontsize=8)
        if steps <= MAX_NUMBERS:
            _write_numbers(axis, values)
        _grid(axis, cells, steps)
    _label_steps(axes[-1], trace)
    figure.suptitle(_heading(trace), x=0.01, ha="left", fontsize=12, color=INK)
    return figure


def timeline(
    traces: Mapping[str, Trace], cell: str, *, quantities: Sequence[str] = ("memory", "input")
) -> Figure:
    """One cell over the steps in several nets: how a memory leaks in one and holds in another.

    Args:
        traces: Runs of one string, by the name of the net.
        cell: The name of the cell; nets without such a cell are left out.
        quantities: What to show, of `PANELS`, a panel each.

    Raises:
        GrammarError: when no net has the cell.
        MissingExtraError: where matplotlib is not installed.
    """
    found = {name: run for name, run in traces.items() if cell in run.weights.cells}
    if not found:
        cells = sorted({name for run in traces.values() for name in run.weights.cells})
        raise GrammarError(f"no cell {cell!r} in {', '.join(traces)}; cells are {', '.join(cells)}")
    longest = max(found.values(), key=lambda run: len(run.steps))
    width = min(14.0, max(6.0, 2.0 + 0.09 * len(longest.steps)))
    figure = _figure(width, 0.9 + 1.9 * len(quantities))
    axes = figure.subplots(len(quantities), 1, sharex=True, squeeze=False)[:, 0]
    for quantity, axis in zip(quantities, axes, strict=True):
        for number, (name, run) in enumerate(found.items()):
            if not _has(run, quantity):
                continue
            values = _values(run, quantity)[:, run.weights.cells.index(cell)]
            axis.plot(
                range(1, len(values) + 1),
                values,
                STYLES[number % len(STYLES)],
                color=LINES[number % len(LINES)],
                label=name,
                linewidth=1.8,
            )
        axis.set_title(f"{GATE_TITLES[quantity]} of cell {cell}", loc="left", fontsize=10)
        axis.grid(color="#dfe2e5", linewidth=0.6)
        axis.set_axisbelow(True)
    axes[0].legend(frameon=False, fontsize=9)
    _label_steps(axes[-1], longest)
    for number, (name, run) in enumerate(found.items()):
        _mark_wrong(axes[0], run, LINES[number % len(LINES)], name)
    figure.suptitle(_shortened(longest), x=0.01, ha="left", fontsize=12, color=INK)
    return figure


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
    zero = np.zeros(traces[0].weights.size)
    states = [np.vstack([zero, *(step.hidden for step in run.steps)]) for run in traces]
    nodes = [node for run in traces for node in (_start(run), *(step.state for step in run.steps))]
    everything = np.concatenate(states)
    order = sorted(set(nodes), key=lambda node: (node is None, _rank(traces[0], node)))
    known = [node for node in order if node is not None]
    figure = _figure(7.4, 5.6)
    axis = figure.subplots()
    if known:
        places = _towards_circle(everything, nodes, known)
        axis.set_xticks([])
        axis.set_yticks([])
        axis.set_aspect("equal")
        axis.set_xlabel(
            "linear map that best sends every node to its place on a circle", fontsize=9
        )
    else:
        places, shares = _principal_plane(everything)
        axis.set_xlabel(f"first principal component ({shares[0]:.0%} of the variance)", fontsize=9)
        axis.set_ylabel(f"second ({shares[1]:.0%})", fontsize=9)
    # A way or a point drawn a second time would only make the file larger.
    places = np.round(places, 5)
    ways: dict[bytes, Floats] = {}
    begin = 0
    for points in states:
        path = places[begin : begin + len(points)]
        ways.setdefault(path.tobytes(), path)
        begin += len(points)
    for path in ways.values():
        axis.plot(path[:, 0], path[:, 1], color="#c4c9cf", linewidth=0.7, zorder=1)
    colours = _listed_colours(len(order))
    for index, node in enumerate(order):
        visited = places[[place for place, name in enumerate(nodes) if name == node]]
        chosen = np.unique(visited, axis=0)
        axis.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=36,
            marker=MARKERS[index % len(MARKERS)],
            color=colours[index],
            label="no node (violation)" if node is None else f"node {node}",
            zorder=2,
        )
    if known:
        axis.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axis.set_title(
        f"{traces[0].weights.name or 'unnamed'} net: {len(traces)} "
        f"{'string' if len(traces) == 1 else 'strings'}, {len(everything)} states",
        loc="left",
        fontsize=11,
    )
    return figure


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as the suffix of `path` says; equal figures give equal files.

    Raises:
        FormatError: for a suffix that is not one of `SUFFIXES`, or a file that cannot be written.
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        raise FormatError(f"{path}: pictures are .{', .'.join(SUFFIXES)} files; use such a suffix")
    write_atomically(Path(path), to_bytes(figure, suffix))


def to_bytes(figure: Figure, format: str) -> bytes:
    """A figure as the content of a file, without the time at which it was made."""
    matplotlib = _matplotlib()
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(format)
    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "reberlstm", "svg.fonttype": "none"}):
        figure.savefig(content, format=format, dpi=150, metadata=metadata)
    return content.getvalue()


def _matplotlib() -> Any:
    return require("matplotlib", extra="plots", purpose="drawing a picture of a run")


def _figure(width: float, height: float) -> Figure:
    _matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def _colours() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signed", [NEGATIVE, ZERO, POSITIVE])


def _listed_colours(count: int) -> Floats:
    from matplotlib import colormaps

    colours: Floats = colormaps["viridis"](np.linspace(0.0, 0.88, count))
    return colours


def _has(trace: Trace, name: str) -> bool:
    """Whether a net has a gate; without an output gate the memory itself comes out."""
    gate = {"memory": "input", "hidden": "output"}.get(name, name)
    return gate in trace.weights.gates


def _values(trace: Trace, name: str) -> Floats:
    """A gate, the memory or what comes out at every step, shape (T, H)."""
    if name in ("memory", "hidden"):
        rows = [getattr(step, name) for step in trace.steps]
    else:
        rows = [step.gates[name] for step in trace.steps]
    return np.array(rows).reshape(len(rows), trace.weights.size)


def _check_size(trace: Trace) -> None:
    if not trace.steps:
        raise GrammarError("the empty string has no step to draw; give at least one symbol")
    if len(trace.steps) > MAX_STEPS or trace.weights.size > MAX_CELLS:
        raise GrammarError(
            f"{len(trace.steps)} symbols by {trace.weights.size} cells would give labels too small "
            f"to read (at most {MAX_STEPS} by {MAX_CELLS}); give a shorter string"
        )


def _write_numbers(axis: Axes, values: Floats) -> None:
    for (row, column), value in np.ndenumerate(values):
        if abs(value) > 0.005:
            axis.text(
                column,
                row,
                number(value),
                ha="center",
                va="center",
                fontsize=6.5,
                color="white" if abs(value) > 0.75 else INK,
            )


def number(value: float) -> str:
    """Two digits, as short as can be."""
    if abs(abs(value) - 1.0) <= 0.005:
        return "1" if value > 0 else "−1"
    text = f"{abs(value):.2f}".removeprefix("0") if abs(value) < 9.995 else f"{abs(value):.0f}"
    return text if value >= 0 else f"−{text}"


def _grid(axis: Axes, cells: int, steps: int) -> None:
    axis.set_yticks(np.arange(cells + 1) - 0.5, minor=True)
    if steps <= MAX_NAMED:
        axis.set_xticks(np.arange(steps + 1) - 0.5, minor=True)
    axis.grid(which="minor", color="white", linewidth=1.0)
    axis.tick_params(which="both", length=0)
    for side in axis.spines.values():
        side.set_visible(False)


def _label_steps(axis: Axes, trace: Trace) -> None:
    """Symbols and nodes under a short string, numbers of steps under a long one."""
    steps = len(trace.steps)
    offset = 0 if axis.images else 1
    if steps > MAX_NAMED:
        axis.set_xlabel("step", fontsize=9)
        if axis.images:
            every = [t for t in range(steps) if (t + 1) % 20 == 0]
            axis.set_xticks(every, [str(t + 1) for t in every], fontsize=8)
        return
    node = [("✗" if step.state is None else step.state) for step in trace.steps]
    small = max((len(name) for name in node), default=0) > 3
    texts = [
        step.symbol
        + ("" if step.ok else " ⊘")
        + (" ✗" if is_wrong(trace, step.t) else "")
        + ("" if small else f"\n{name}")
        for step, name in zip(trace.steps, node, strict=True)
    ]
    axis.set_xticks(range(offset, steps + offset), texts, fontsize=8)
    for text, step in zip(axis.get_xticklabels(), trace.steps, strict=True):
        if is_wrong(trace, step.t):
            text.set_color(WRONG)
            text.set_fontweight("bold")
    axis.set_xlabel("symbol" if small else "symbol, and the grammar's node after it", fontsize=9)


def is_wrong(trace: Trace, t: int) -> bool:
    """Whether the net offers other symbols than the grammar allows, where it claims to be right."""
    step = trace.steps[t - 1]
    if trace.grammar is None or step.state is None:
        return False
    allowed = trace.grammar.legal(step.state)
    claimed = trace.weights.claims == "all" or bool(allowed)
    return claimed and allowed != set(step.legal)


def _mark_wrong(axis: Axes, trace: Trace, colour: str, name: str) -> None:
    first = next((step.t for step in trace.steps if is_wrong(trace, step.t)), None)
    if first is not None:
        axis.axvline(first, color=colour, linewidth=1.0, linestyle=":")
        axis.annotate(
            f"{name} wrong from step {first}",
            (first, 0.02),
            xycoords=("data", "axes fraction"),
            rotation=90,
            fontsize=8,
            color=colour,
            ha="right",
            va="bottom",
        )


def _heading(trace: Trace) -> str:
    wrong = next((step for step in trace.steps if is_wrong(trace, step.t)), None)
    text = f"{trace.weights.name or 'unnamed'} net on {_shortened(trace)}"
    if wrong is None:
        return text
    return f"{text}\n✗ wrong at step {wrong.t}: offers {' '.join(wrong.legal) or 'nothing'}"


def _shortened(trace: Trace, most: int = 60) -> str:
    """The string; a long one with its repetitions counted, and cut off where that is not enough."""
    separator = " " if any(len(symbol) != 1 for symbol in trace.weights.alphabet) else ""
    text = separator.join(trace.word)
    if len(text) <= most:
        return text
    runs = [(symbol, len(list(same))) for symbol, same in itertools.groupby(trace.word)]
    parts = [f"{s}×{n}" if n > LONG_RUN else separator.join([s] * n) for s, n in runs]
    text = " ".join(parts)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _rank(trace: Trace, node: str | None) -> int:
    """The place of a node in the grammar's order of states."""
    if trace.grammar is None or node is None:
        return 0
    return trace.grammar.states.index(node)


def _start(trace: Trace) -> str | None:
    return trace.grammar.start if trace.grammar is not None else None


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


def _principal_plane(points: Floats) -> tuple[Floats, Floats]:
    """The points in the plane in which they vary most, and its axes' shares of the variance."""
    centred = points - points.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    variances = np.zeros(max(2, len(sizes)))
    variances[: len(sizes)] = sizes**2
    axes = np.zeros((points.shape[1], 2))
    axes[:, : len(directions[:2])] = directions[:2].T
    # The sign of a direction is arbitrary: its largest entry is made positive, on every machine.
    axes *= np.sign(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[np.newaxis], axis=0))
    return centred @ axes, variances[:2] / (variances.sum() or 1.0)
