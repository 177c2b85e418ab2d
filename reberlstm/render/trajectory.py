"""Where the state of a net goes, on a plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from reberlstm.errors import GrammarError
from reberlstm.figures import blank
from reberlstm.net.weights import Floats
from reberlstm.simulator import Trace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = "osD^vP*Xhp<>"


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
    figure = blank(7.4, 5.6)
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


def _listed_colours(count: int) -> Floats:
    from matplotlib import colormaps

    colours: Floats = colormaps["viridis"](np.linspace(0.0, 0.88, count))
    return colours


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
