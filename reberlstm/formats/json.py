"""Node-link JSON, as networkx writes graphs: `networkx.node_link_data`.

    {"directed": true, "multigraph": true,
     "graph": {"alphabet": ["0", "1"], "start": "even"},
     "nodes": [{"id": "even", "accepting": true}, {"id": "odd", "accepting": false}],
     "edges": [{"source": "even", "target": "odd", "key": "1", "symbol": "1"}, ...]}

Read is what docs/formats.md says. Written is everything that a machine has: ``probability`` of
edges, ``output`` and ``stop`` of nodes; `networkx.node_link_graph` gives `FSM.to_networkx` back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from reberlstm.errors import shown
from reberlstm.formats import xstate
from reberlstm.formats.draft import Draft, symbols
from reberlstm.formats.json_syntax import parsed
from reberlstm.machine.fsm import FSM

_ACCEPTING = ("accepting", "is_accepting", "final", "is_final", "accept")
_INITIAL = ("start", "initial", "is_start", "is_initial")
_TEXTS = ("name", "title", "source")

_ENDS = ("source", "target")

Json = Mapping[str, Any]

Item = tuple[str, object]
"""A part of the file: its path and its value."""


def read(text: str, where: str) -> FSM:
    """Parse node-link data, or a machine of XState; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not JSON, or the path that is not as above.
        GrammarError: where the whole describes no machine.
    """
    data = parsed(text, where)
    if xstate.is_xstate(data):
        return xstate.read_data(data, where)
    return _Reader(where).fsm(data)


class _Reader:
    def __init__(self, where: str) -> None:
        hint = 'name it in "graph": {"start": ...}'
        self.draft = Draft(where, hint, lambda path: f": {path}" if path else "")
        self.positions = False

    def fsm(self, data: object) -> FSM:
        top = self.table(data, "the file")
        if top.get("directed") is False:
            raise self.draft.error("directed", "false: a machine needs a directed graph")
        nodes = self.items(top, "nodes")
        edges = self.items(top, "edges" if "edges" in top or "links" not in top else "links")
        arrows = _arrows(nodes, edges)
        ids = [
            self.node(self.table(node, path), path)
            for path, node in nodes
            if not (isinstance(node, dict) and id(node) in arrows)
        ]
        graph = top.get("graph", {})
        was_list = isinstance(graph, list)
        self.graph(self.table(_pairs(graph) if was_list else graph, "graph"))
        self.read_positions(ids, edges, certain=was_list and "links" in top)
        alphabet = frozenset(self.draft.alphabet or ())
        self.draft.drawn = not alphabet
        for path, edge in edges:
            if not (isinstance(edge, dict) and id(edge) in arrows):
                self.edge(self.table(edge, path), path, alphabet)
        return self.draft.finish()

    def read_positions(self, ids: list[object], edges: list[Item], *, certain: bool) -> None:
        """Decide whether the ends of edges are positions of nodes, as networkx 1 wrote them.

        They are where they cannot be ids, and where ``graph`` is a list, as in 1.9 and 1.10. Where
        they may be either, they are ids, and a note says so.
        """
        ends = [e[key] for _, e in edges if isinstance(e, dict) for key in _ENDS if key in e]
        integers = all(type(end) is int and 0 <= end < len(ids) for end in ends)
        if not ends or not integers or ids == list(range(len(ids))):
            return
        known = {str(name) for name in ids if isinstance(name, str | int)}
        self.positions = certain or not all(str(end) in known for end in ends)
        if self.positions:
            self.draft.notes.append(
                "sources and targets were read as positions in the list of nodes, as networkx 1 "
                "wrote them"
            )
        elif all(type(name) is int for name in ids):
            self.draft.notes.append(
                "sources and targets were read as ids of nodes; networkx 1 wrote positions in the "
                "list of nodes, so if the file is that old, read and write it with networkx 1"
            )

    def node(self, node: Json, path: str) -> object:
        """Add a state; the result is its id as it stands in the file."""
        draft = self.draft
        if "id" not in node:
            raise draft.error(path, "'id' is missing")
        name = self.name(node["id"], f"{path}.id")
        if draft.find(name) is not None:
            raise draft.error(f"{path}.id", f"a second node {shown(name)}")
        number = draft.state(name, path, name)
        if self.flag(node, _ACCEPTING, path):
            draft.accepting.add(number)
        if self.flag(node, _INITIAL, path):
            draft.initial[number] = None
        if node.get("output") is not None:
            draft.outputs[number] = self.scalar(node["output"], f"{path}.output")
        if node.get("stop") is not None:
            draft.stop[number] = self.number(node["stop"], f"{path}.stop")
        return node["id"]

    def graph(self, graph: Json) -> None:
        draft = self.draft
        for key in _TEXTS:
            value = graph.get(key, "")
            self.expect(isinstance(value, str), "a string", value, f"graph.{key}")
            setattr(draft, key, value)
        if "alphabet" in graph:
            path = draft.alphabet_place = "graph.alphabet"
            given = graph["alphabet"]
            self.expect(isinstance(given, list), "a list of symbols", given, path)
            draft.alphabet = [self.scalar(a, f"{path}[{index}]") for index, a in enumerate(given)]
        for key in (key for key in _INITIAL if key in graph):
            draft.initial[self.state(graph, key, "graph")] = None
            break

    def edge(self, edge: Json, path: str, alphabet: frozenset[str]) -> None:
        source, target = (self.end(edge, key, path) for key in _ENDS)
        probability = edge.get("probability")
        if probability is not None:
            probability = self.number(probability, f"{path}.probability")
        for symbol in self.symbols(edge, path, alphabet):
            self.draft.arc(source, symbol, target, path, probability)

    def symbols(self, edge: Json, path: str, alphabet: frozenset[str]) -> list[str | None]:
        key = next((key for key in ("symbol", "label") if key in edge), "key")
        if key == "key" and not isinstance(edge.get("key"), str):
            raise self.draft.error(path, "'symbol' is missing: what the transition reads")
        if edge[key] is None:
            return [None]
        text = self.scalar(edge[key], f"{path}.{key}")
        return symbols(text, alphabet) if key == "label" else [text or None]

    # Values

    def expect(self, is_so: bool, what: str, value: object, path: str | None) -> None:
        if not is_so:
            raise self.draft.error(path, f"expected {what}, found {shown(value)}")

    def table(self, value: Any, path: str) -> Json:
        self.expect(isinstance(value, dict), "an object", value, path)
        table: Json = value
        return table

    def items(self, top: Json, key: str) -> list[Item]:
        if key not in top:
            raise self.draft.error(None, f"{key!r} is missing; is this node-link JSON?")
        self.expect(isinstance(top[key], list), "a list", top[key], key)
        return [(f"{key}[{index}]", item) for index, item in enumerate(top[key])]

    def end(self, edge: Json, key: str, path: str) -> int:
        """The number of the state at which an edge begins or ends."""
        if self.positions and key in edge:
            position: int = edge[key]
            return position
        return self.state(edge, key, path)

    def state(self, table: Json, key: str, path: str) -> int:
        """The number of a node that is named."""
        if key not in table:
            raise self.draft.error(path, f"{key!r} is missing")
        name = self.name(table[key], f"{path}.{key}")
        number = self.draft.find(name)
        if number is None:
            raise self.draft.error(f"{path}.{key}", f"{shown(name)} is no node of the file")
        return number

    def name(self, value: object, path: str) -> str:
        """The name of a state: a string, a number, or a list of them, which was a tuple."""
        if isinstance(value, list) and value:
            return f"({', '.join(self.scalar(item, path) for item in value)})"
        return self.scalar(value, path)

    def scalar(self, value: object, path: str) -> str:
        scalar = isinstance(value, str | bool | int | float)
        self.expect(scalar, "a string or a number", value, path)
        return str(value)

    def number(self, value: Any, path: str) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        self.expect(number, "a number", value, path)
        try:
            return float(value)
        except OverflowError:
            raise self.draft.error(path, f"{shown(value)} is no number of float's range") from None

    def flag(self, node: Json, keys: tuple[str, ...], path: str) -> bool:
        key = next((key for key in keys if key in node), None)
        if key is None:
            return False
        self.expect(node[key] in (True, False), "true or false", node[key], f"{path}.{key}")
        return bool(node[key])


def _arrows(nodes: list[Item], edges: list[Item]) -> set[int]:
    """The nodes of pyformlang that stand for arrows at start states, and their edges, by identity.

    Such a node is called ``starting_q`` and is marked neither as a start nor as an end; its one
    edge leads to ``q``, which is marked as a start, and has no label.
    """
    marked = any(isinstance(node, dict) and node.get("is_start") is True for _, node in nodes)
    if not marked:
        return set()
    tails = {
        name: id(node)
        for _, node in nodes
        if isinstance(node, dict) and "is_start" not in node
        for name in [node.get("id")]
        if isinstance(name, str) and name.startswith("starting_")
    }
    arrows = [
        edge
        for _, edge in edges
        if isinstance(edge, dict)
        and isinstance(edge.get("source"), str)
        and edge["source"] in tails
        and not edge.get("label")
    ]
    return set(tails.values()) | set(map(id, arrows))


def _pairs(graph: list[object]) -> object:
    """The attributes of a graph that networkx 1.9 wrote as a list of pairs."""
    pairs = [pair for pair in graph if isinstance(pair, list) and len(pair) == 2]
    return {key: value for key, value in pairs if isinstance(key, str)}


# Writing


def write(fsm: FSM) -> str:
    """The machine as node-link JSON, one node or edge a line; `read` gives it back."""
    graph = {key: getattr(fsm, key) for key in _TEXTS if getattr(fsm, key)}
    graph |= {"alphabet": fsm.alphabet, "start": fsm.start}
    nodes = [
        {"id": state, "accepting": state in fsm.accepting}
        | ({"output": fsm.outputs[state]} if fsm.outputs else {})
        | ({"stop": float(fsm.stop[state])} if state in fsm.stop else {})
        for state in fsm.states
    ]
    edges = [
        {"source": state, "target": target, "key": symbol, "symbol": symbol}
        | ({"probability": float(chances[symbol])} if chances else {})
        for state, line in fsm.transitions.items()
        for chances in [fsm.probabilities.get(state)]
        for symbol, target in line.items()
    ]
    return (
        f'{{"directed": true, "multigraph": true,\n "graph": {_compact(graph)},\n'
        f' "nodes": [{_lines(nodes)}],\n "edges": [{_lines(edges)}]}}\n'
    )


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(items: Iterable[Json]) -> str:
    lines = ",\n  ".join(map(_compact, items))
    return lines and f"\n  {lines}"
