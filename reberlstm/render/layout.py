"""Where the nodes and edges of a state graph go: Graphviz where there is one, else plain layers.

The explorer page and the animated pictures draw the graph themselves, because they light nodes and
edges up; all they need are places. Lengths are in points, x to the right and y down.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from reberlstm.errors import GrammarError, MissingExtraError
from reberlstm.machine.counters import Machine
from reberlstm.machine.crawl import crawl
from reberlstm.render.machine import Direction, arrows, run_graphviz

Point = tuple[float, float]
Arrow = tuple[str, str, tuple[str, ...]]

MAX_STATES = 48
MAX_EDGES = 120
"""Above these a drawing takes Graphviz long and a reader longer: show a table instead."""

TIME_LIMIT = 20.0
"""Seconds that Graphviz may take before the plain layers are used."""

HEIGHT = 34.0
"""The height of a node; its width grows with its name."""


@dataclass(frozen=True)
class Edge:
    """An arrow for all symbols that lead from one state to another, or from nowhere to the start.

    The path is a cubic Bézier curve: a point, and then three for every piece. The arrow's head
    points from its last point to the tip. The middle of the text is at `label`.
    """

    source: str | None
    target: str
    symbols: tuple[str, ...]
    path: tuple[Point, ...]
    tip: Point
    label: Point | None


@dataclass(frozen=True)
class Layout:
    """A drawn graph: its size, ``(x, y, width)`` of every state, and the edges."""

    width: float
    height: float
    nodes: dict[str, tuple[float, float, float]]
    edges: tuple[Edge, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON, with coordinates to a tenth of a point."""
        exact = json.dumps(asdict(self))
        result: dict[str, Any] = json.loads(exact, parse_float=lambda x: round(float(x), 1))
        return result


def lay_out(fsm: Machine, direction: Direction = "LR") -> Layout | None:
    """Places for the reachable states of a machine, or None where it is too large to be drawn.

    Example:
        >>> from reberlstm import load_grammar
        >>> drawn = lay_out(load_grammar("reber"))
        >>> sorted(drawn.nodes) == sorted(load_grammar("reber").states)
        True
    """
    pairs = _arrows(fsm)
    if len(fsm.reachable) > MAX_STATES or len(pairs) > MAX_EDGES:
        return None
    source = _dot(fsm, pairs, direction)
    try:
        answer = run_graphviz(source, "json", time_limit=TIME_LIMIT, what=str(fsm))
    except (GrammarError, MissingExtraError):
        return layered(fsm, direction)
    return _read(fsm, pairs, json.loads(answer))


def edge_text(symbols: tuple[str, ...]) -> str:
    """The label of an edge: its symbols, or the first ones and how many there are."""
    if len(symbols) <= 6:
        return " ".join(symbols)
    return f"{symbols[0]} … {symbols[-1]} ({len(symbols)})"


def _arrows(fsm: Machine) -> list[Arrow]:
    return [(*ends, tuple(names)) for ends, names in arrows(fsm, fsm.reachable).items()]


def _width(name: str) -> float:
    return max(HEIGHT, 16.0 + 8.5 * len(name))


def _dot(fsm: Machine, pairs: list[Arrow], direction: Direction) -> str:
    """The graph in Graphviz' language, with numbers for names, so that nothing needs escaping."""
    number = {state: index for index, state in enumerate(fsm.reachable)}
    depth = _depths(fsm)
    ranksep = 0.45 if direction == "LR" else 0.3
    lines = [
        "digraph {",
        f'rankdir={direction}; nodesep=0.35; ranksep={ranksep}; node [fixedsize=true, label=""];',
        "entry [shape=point, width=0.02];",
        f"entry -> {number[fsm.start]} [minlen=1];",
    ]
    for state, index in number.items():
        width, height = _width(state) / 72, HEIGHT / 72
        lines.append(f"{index} [width={width:.3f}, height={height:.3f}];")
    for edge, (source, target, symbols) in enumerate(pairs):
        text = "x" * (len(edge_text(symbols)) + 1)  # reserves the place of the label
        # Layers go away from the start, as textbooks draw them. An edge that goes back is given the
        # other direction, with its head at its tail, and so finds its way between the layers.
        first, last, how = number[source], number[target], "constraint=false"
        if depth[target] > depth[source]:
            how = "dir=forward"
        elif depth[target] < depth[source]:
            first, last, how = last, first, "dir=back"
        lines.append(
            f'{first} -> {last} [label="{text}", fontname="Courier", fontsize=13, {how}, '
            f'comment="{edge}"];'
        )
    return "\n".join([*lines, "}"])


def _read(fsm: Machine, pairs: list[Arrow], answer: dict[str, Any]) -> Layout:
    """Graphviz measures y from below and lists points as ``e,x,y x,y x,y …``.

    An edge with its head at its tail begins with ``s`` instead of ``e``, and is turned round here.
    """
    _, _, width, height = (float(v) for v in answer["bb"].split(","))

    def point(text: str) -> Point:
        x, y = (float(v) for v in text.split(",")[-2:])
        return x, height - y

    states = fsm.reachable
    nodes = {
        states[int(item["name"])]: (*point(item["pos"]), _width(states[int(item["name"])]))
        for item in answer["objects"]
        if item["name"] != "entry"
    }
    edges = []
    for item in answer["edges"]:
        tip, *path = (point(text) for text in item["pos"].split())
        if item["pos"].startswith("s"):
            path.reverse()
        if "comment" in item:
            source, target, symbols = pairs[int(item["comment"])]
            edges.append(Edge(source, target, symbols, tuple(path), tip, point(item["lp"])))
        else:
            edges.append(Edge(None, fsm.start, (), tuple(path), tip, None))
    return Layout(width, height, nodes, tuple(edges))


def layered(fsm: Machine, direction: Direction = "LR") -> Layout:
    """States in layers by their distance from the start; needs nothing installed."""
    depths = _depths(fsm)
    layers = [[q for q in depths if depths[q] == d] for d in range(max(depths.values()) + 1)]
    sideways = direction == "LR"
    along, across = (110.0, 78.0) if sideways else (84.0, 92.0)
    middle = max(len(layer) for layer in layers) * across / 2 + 20.0
    nodes: dict[str, tuple[float, float, float]] = {}
    for depth, layer in enumerate(layers):
        for position, state in enumerate(layer):
            place = 64.0 + depth * along, middle + (position - (len(layer) - 1) / 2) * across
            nodes[state] = (*(place if sideways else place[::-1]), _width(state))
    x, y, width = nodes[fsm.start]
    back = (-1.0, 0.0, width / 2) if sideways else (0.0, -1.0, HEIGHT / 2)

    def entry(length: float) -> Point:
        return x + back[0] * (back[2] + length), y + back[1] * (back[2] + length)

    path = (entry(30), entry(30), entry(9.7), entry(9.7))
    edges = [Edge(None, fsm.start, (), path, entry(1), None)]
    edges += [_curve(nodes, *arrow) for arrow in _arrows(fsm)]
    points = [p for edge in edges for p in (*edge.path, edge.tip, edge.label or edge.tip)]
    xs = [x for x, _ in points] + [x + w / 2 for x, _, w in nodes.values()]
    ys = [y for _, y in points] + [y + HEIGHT / 2 for _, y, _ in nodes.values()]
    left, top = min(0.0, min(xs) - 8), min(0.0, min(ys) - 14)

    def moved(point: Point) -> Point:
        return point[0] - left, point[1] - top

    for number, edge in enumerate(edges):
        curve, label = tuple(map(moved, edge.path)), edge.label and moved(edge.label)
        edges[number] = replace(edge, path=curve, tip=moved(edge.tip), label=label)
    nodes = {name: (x - left, y - top, w) for name, (x, y, w) in nodes.items()}
    return Layout(max(xs) - left + 8, max(ys) - top + 14, nodes, tuple(edges))


def _depths(fsm: Machine) -> dict[str, int]:
    """The length of a shortest word to every reachable state."""
    return crawl([fsm.start], fsm.ways).distances()


def _curve(
    nodes: dict[str, tuple[float, float, float]], source: str, target: str, symbols: tuple[str, ...]
) -> Edge:
    """A loop above the node, or a curve bent to its left, so that there and back stay apart."""
    x, y, width = nodes[source]
    if source == target:
        top = y - HEIGHT / 2
        path = ((x - 7, top), (x - 22, top - 30), (x + 22, top - 30), (x + 9, top - 8))
        return Edge(source, target, symbols, path, (x + 6, top), (x, top - 32))
    tx, ty, target_width = nodes[target]
    length = math.hypot(tx - x, ty - y)
    ux, uy = (tx - x) / length, (ty - y) / length

    def off(distance: float) -> Point:
        """A point at this distance from the middle of the straight line."""
        return (x + tx) / 2 + uy * distance, (y + ty) / 2 - ux * distance

    bend = 0.12 * length + 6
    control = off(bend)
    begin, tip = _border(x, y, width, control), _border(tx, ty, target_width, control)
    back = 9 / math.dist(control, tip)
    end = tip[0] + (control[0] - tip[0]) * back, tip[1] + (control[1] - tip[1]) * back
    return Edge(source, target, symbols, (begin, control, control, end), tip, off(bend * 0.7 + 8))


def _border(x: float, y: float, width: float, towards: Point) -> Point:
    """Where the line from the middle of a node towards a point leaves its ellipse."""
    dx, dy = towards[0] - x, towards[1] - y
    scale = 1 / math.hypot(dx / (width / 2), dy / (HEIGHT / 2))
    return x + dx * scale, y + dy * scale
