"""Where the nodes and edges of a state graph go: Graphviz where there is one, else plain layers.

The explorer page and the animated pictures draw the graph themselves, because they light nodes and
edges up; all they need are places. Lengths are in points, x to the right and y down.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from reberlstm.errors import GrammarError, MissingExtraError
from reberlstm.machine.fsm import FSM
from reberlstm.render.machine import run_graphviz

Point = tuple[float, float]
Direction = Literal["LR", "TB"]

MAX_STATES = 48
MAX_EDGES = 120
"""Above these a drawing takes Graphviz long and a reader longer: show a table instead."""

TIME_LIMIT = 20.0
"""Seconds that Graphviz may take before the plain layers are used."""

HEIGHT = 34.0
"""The height of a node; its width grows with its name."""


@dataclass(frozen=True)
class Edge:
    """An arrow between two states, for all symbols that lead from one to the other.

    Attributes:
        source: The state before, or None for the arrow into the start state.
        target: The state after.
        symbols: The symbols on it, in alphabet order.
        path: A cubic Bézier curve: a point, and then three for every piece.
        tip: Where the arrow's head ends; it points there from the last point of the path.
        label: The middle of the text.
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
        return {
            "width": round(self.width, 1),
            "height": round(self.height, 1),
            "nodes": {name: [round(v, 1) for v in place] for name, place in self.nodes.items()},
            "edges": [
                {
                    "source": edge.source,
                    "target": edge.target,
                    "symbols": list(edge.symbols),
                    "path": [[round(x, 1), round(y, 1)] for x, y in edge.path],
                    "tip": [round(v, 1) for v in edge.tip],
                    "label": [round(v, 1) for v in edge.label] if edge.label else None,
                }
                for edge in self.edges
            ],
        }


def lay_out(fsm: FSM, direction: Direction = "LR") -> Layout | None:
    """Places for the reachable states of a machine, or None where it is too large to be drawn.

    Example:
        >>> from reberlstm import load_grammar
        >>> drawn = lay_out(load_grammar("reber"))
        >>> sorted(drawn.nodes) == sorted(load_grammar("reber").states)
        True
    """
    arrows = list(_arrows(fsm))
    if len(fsm.reachable) > MAX_STATES or len(arrows) > MAX_EDGES:
        return None
    answer = _graphviz(_dot(fsm, arrows, direction), str(fsm))
    if answer is None:
        return layered(fsm, direction)
    return _read(fsm, arrows, answer)


def edge_text(symbols: tuple[str, ...]) -> str:
    """The label of an edge: its symbols, or the first ones and how many there are."""
    if len(symbols) <= 6:
        return " ".join(symbols)
    return f"{symbols[0]} … {symbols[-1]} ({len(symbols)})"


def _arrows(fsm: FSM) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for source in fsm.reachable:
        symbols: dict[str, list[str]] = {}
        for symbol, target in fsm.transitions[source].items():
            symbols.setdefault(target, []).append(symbol)
        for target, names in symbols.items():
            yield source, target, tuple(names)


def _width(name: str) -> float:
    return max(HEIGHT, 16.0 + 8.5 * len(name))


def _dot(fsm: FSM, arrows: list[tuple[str, str, tuple[str, ...]]], direction: Direction) -> str:
    """The graph in Graphviz' language, with numbers for names, so that nothing needs escaping."""
    number = {state: index for index, state in enumerate(fsm.reachable)}
    depth = {state: index for index, layer in enumerate(_layers(fsm)) for state in layer}
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
    for edge, (source, target, symbols) in enumerate(arrows):
        # A text of letters x, one more than the label has, reserves its place.
        text = "x" * (len(edge_text(symbols)) + 1)
        # Layers go away from the start, as textbooks draw them. An edge that goes back is given the
        # other way round, with its head at its tail, and so finds its way between the layers.
        first, last, way = number[source], number[target], "constraint=false"
        if depth[target] > depth[source]:
            way = "dir=forward"
        elif depth[target] < depth[source]:
            first, last, way = last, first, "dir=back"
        lines.append(
            f'{first} -> {last} [label="{text}", fontname="Courier", fontsize=13, {way}, '
            f'comment="{edge}"];'
        )
    return "\n".join([*lines, "}"])


def _graphviz(source: str, what: str) -> dict[str, Any] | None:
    """Graphviz' own JSON, or None where it is not there or takes too long."""
    try:
        answer: dict[str, Any] = json.loads(
            run_graphviz(source, "json", time_limit=TIME_LIMIT, what=what)
        )
    except (GrammarError, MissingExtraError):
        return None
    return answer


def _read(
    fsm: FSM, arrows: list[tuple[str, str, tuple[str, ...]]], answer: dict[str, Any]
) -> Layout:
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
            source, target, symbols = arrows[int(item["comment"])]
            edges.append(Edge(source, target, symbols, tuple(path), tip, point(item["lp"])))
        else:
            edges.append(Edge(None, fsm.start, (), tuple(path), tip, None))
    return Layout(width, height, nodes, tuple(edges))


def layered(fsm: FSM, direction: Direction = "LR") -> Layout:
    """States in layers by their distance from the start; needs nothing installed."""
    layers = _layers(fsm)
    along, across = 110.0, 78.0
    if direction == "TB":
        along, across = 84.0, 92.0
    breadth = max(len(layer) for layer in layers) * across
    places: dict[str, tuple[float, float, float]] = {}
    for depth, layer in enumerate(layers):
        for position, state in enumerate(layer):
            main = 64.0 + depth * along
            side = breadth / 2 + (position - (len(layer) - 1) / 2) * across + 20.0
            x, y = (main, side) if direction == "LR" else (side, main)
            places[state] = (x, y, _width(state))
    edges = [_entry(fsm, places, direction)]
    edges += [_curve(places, *arrow) for arrow in _arrows(fsm)]
    points = [p for edge in edges for p in (*edge.path, edge.tip, edge.label or edge.tip)]
    xs = [x for x, _ in points] + [x + w / 2 for x, _, w in places.values()]
    ys = [y for _, y in points] + [y + HEIGHT / 2 for _, y, _ in places.values()]
    left, top = min(0.0, min(xs) - 8), min(0.0, min(ys) - 14)
    moved = [_shifted(edge, -left, -top) for edge in edges]
    nodes = {name: (x - left, y - top, w) for name, (x, y, w) in places.items()}
    return Layout(max(xs) - left + 8, max(ys) - top + 14, nodes, tuple(moved))


def _layers(fsm: FSM) -> list[list[str]]:
    depth = {fsm.start: 0}
    for state in fsm.reachable:
        for symbol in fsm.alphabet:
            target = fsm.next_state(state, symbol)
            if target is not None:
                depth.setdefault(target, depth[state] + 1)
    layers: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for state in fsm.reachable:
        layers[depth[state]].append(state)
    return layers


def _entry(fsm: FSM, places: dict[str, tuple[float, float, float]], direction: Direction) -> Edge:
    x, y, width = places[fsm.start]
    if direction == "LR":
        begin, tip = (x - width / 2 - 30, y), (x - width / 2 - 1, y)
    else:
        begin, tip = (x, y - HEIGHT / 2 - 30), (x, y - HEIGHT / 2 - 1)
    end = (tip[0] + (begin[0] - tip[0]) * 0.3, tip[1] + (begin[1] - tip[1]) * 0.3)
    return Edge(None, fsm.start, (), (begin, begin, end, end), tip, None)


def _curve(
    places: dict[str, tuple[float, float, float]],
    source: str,
    target: str,
    symbols: tuple[str, ...],
) -> Edge:
    """A loop above the node, or a curve bent to its left, so that there and back stay apart."""
    x, y, width = places[source]
    if source == target:
        top = y - HEIGHT / 2
        path = ((x - 7, top), (x - 22, top - 30), (x + 22, top - 30), (x + 9, top - 8))
        return Edge(source, target, symbols, path, (x + 6, top), (x, top - 32))
    tx, ty, target_width = places[target]
    dx, dy = tx - x, ty - y
    length = math.hypot(dx, dy)
    ux, uy = dx / length, dy / length
    bend = 0.12 * length + 6
    control = ((x + tx) / 2 + uy * bend, (y + ty) / 2 - ux * bend)
    begin = _border(x, y, width, control)
    tip = _border(tx, ty, target_width, control)
    back = math.hypot(control[0] - tip[0], control[1] - tip[1])
    end = (
        tip[0] + (control[0] - tip[0]) / back * 9,
        tip[1] + (control[1] - tip[1]) / back * 9,
    )
    label = ((x + tx) / 2 + uy * (bend * 0.7 + 8), (y + ty) / 2 - ux * (bend * 0.7 + 8))
    return Edge(source, target, symbols, (begin, control, control, end), tip, label)


def _border(x: float, y: float, width: float, towards: Point) -> Point:
    """Where the line from the middle of a node towards a point leaves its ellipse."""
    dx, dy = towards[0] - x, towards[1] - y
    scale = 1 / math.hypot(dx / (width / 2), dy / (HEIGHT / 2))
    return x + dx * scale, y + dy * scale


def _shifted(edge: Edge, dx: float, dy: float) -> Edge:
    def move(point: Point) -> Point:
        return point[0] + dx, point[1] + dy

    return Edge(
        edge.source,
        edge.target,
        edge.symbols,
        tuple(move(p) for p in edge.path),
        move(edge.tip),
        move(edge.label) if edge.label else None,
    )
