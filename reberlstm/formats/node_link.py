"""Node-link JSON, as networkx writes graphs: `networkx.node_link_data`.

    {"directed": true, "multigraph": true,
     "graph": {"alphabet": ["0", "1"], "start": "even"},
     "nodes": [{"id": "even", "accepting": true}, {"id": "odd", "accepting": false}],
     "edges": [{"source": "even", "target": "odd", "key": "1", "symbol": "1"}, ...]}

Read: the edges under ``edges`` or ``links`` (before networkx 3.4); their symbol under ``symbol``,
or under ``label`` (where commas part several and an empty one is an epsilon transition), or the key
of a multigraph; null is epsilon. The start is named by the graph's ``start``, or marked by
``start`` or ``initial`` of nodes; accepting states by ``accepting``, ``is_accepting`` or ``final``.
Names of states may be strings, numbers or lists of them.

Written: everything that a machine has: ``probability`` of edges; ``output`` and ``stop`` of nodes;
``name``, ``title``, ``source``, ``alphabet`` and ``start`` of the graph.
`networkx.node_link_graph` gives `FSM.to_networkx` back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reberlstm.errors import FormatError
from reberlstm.formats.draft import MAX_TRANSITIONS, Draft
from reberlstm.formats.labels import symbols
from reberlstm.formats.messages import one_line, shown
from reberlstm.machine.fsm import FSM

_ACCEPTING = ("accepting", "is_accepting", "final", "accept")
_INITIAL = ("start", "initial")
_MAX_VALUES = 12 * MAX_TRANSITIONS

Json = Mapping[str, Any]


def read(text: str, where: str) -> FSM:
    """Parse node-link data; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not JSON, or the path that is not as above.
        GrammarError: where the whole describes no machine.
    """
    if text.count(":") + text.count(",") > _MAX_VALUES:
        raise FormatError(f"{where}: too many values for a machine within the limits")
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"{where}:{error.lineno}: not JSON: {error.msg} (at column {error.colno})"
        raise FormatError(one_line(message)) from None
    except ValueError as error:
        raise FormatError(one_line(f"{where}: not JSON that can be read: {error}")) from None
    except RecursionError:
        raise FormatError(f"{where}: nested too deeply for a machine") from None
    return _Reader(where).fsm(data)


def losses(fsm: FSM) -> list[str]:
    """What the format cannot carry of this machine: nothing."""
    return []


class _Reader:
    def __init__(self, where: str) -> None:
        self.draft = Draft(
            where,
            lambda path: f": {path}" if path else "",
            'name it in "graph": {"start": ...}',
        )

    def fsm(self, data: object) -> FSM:
        top = self.table(data, "the file")
        if top.get("directed") is False:
            raise self.draft.error("directed", "false: a machine needs a directed graph")
        nodes = self.items(top, ("nodes",))
        edges = self.items(top, ("edges", "links"))
        for path, node in nodes:
            self.node(self.table(node, path), path)
        self.graph(self.table(top.get("graph", {}), "graph"))
        alphabet = frozenset(self.draft.alphabet or ())
        for path, edge in edges:
            self.edge(self.table(edge, path), path, alphabet)
        return self.draft.finish()

    def node(self, node: Json, path: str) -> None:
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

    def graph(self, graph: Json) -> None:
        draft = self.draft
        for key in ("name", "title", "source"):
            value = graph.get(key, "")
            if not isinstance(value, str):
                raise draft.error(f"graph.{key}", f"expected a string, found {shown(value)}")
            setattr(draft, key, value)
        if "alphabet" in graph:
            alphabet = graph["alphabet"]
            draft.alphabet_place = "graph.alphabet"
            if not isinstance(alphabet, list):
                raise draft.error(
                    "graph.alphabet", f"expected a list of symbols, found {shown(alphabet)}"
                )
            draft.alphabet = [
                self.scalar(symbol, f"graph.alphabet[{index}]")
                for index, symbol in enumerate(alphabet)
            ]
        start = next((key for key in _INITIAL if key in graph), None)
        if start is not None:
            name = self.name(graph[start], f"graph.{start}")
            number = draft.find(name)
            if number is None:
                raise draft.error(f"graph.{start}", f"{shown(name)} is no node of the file")
            draft.initial[number] = None

    def edge(self, edge: Json, path: str, alphabet: frozenset[str]) -> None:
        draft = self.draft
        ends = []
        for key in ("source", "target"):
            if key not in edge:
                raise draft.error(path, f"{key!r} is missing")
            name = self.name(edge[key], f"{path}.{key}")
            number = draft.find(name)
            if number is None:
                raise draft.error(f"{path}.{key}", f"{shown(name)} is no node of the file")
            ends.append(number)
        probability = None
        if edge.get("probability") is not None:
            probability = self.number(edge["probability"], f"{path}.probability")
        for symbol in self.symbols(edge, path, alphabet):
            draft.arc(ends[0], symbol, ends[1], path, probability)

    def symbols(self, edge: Json, path: str, alphabet: frozenset[str]) -> list[str | None]:
        key = next((key for key in ("symbol", "label") if key in edge), None)
        if key is None:
            if not isinstance(edge.get("key"), str):
                raise self.draft.error(path, "'symbol' is missing: what the transition reads")
            key = "key"
        value = edge[key]
        if value is None:
            return [None]
        text = self.scalar(value, f"{path}.{key}")
        return symbols(text, alphabet) if key == "label" else [text or None]

    # Values

    def table(self, value: object, path: str) -> Json:
        if not isinstance(value, dict):
            raise self.draft.error(path, f"expected an object, found {shown(value)}")
        return value

    def items(self, top: Json, keys: tuple[str, ...]) -> list[tuple[str, object]]:
        key = next((key for key in keys if key in top), None)
        if key is None:
            raise self.draft.error(None, f"{keys[0]!r} is missing; is this node-link JSON?")
        if not isinstance(top[key], list):
            raise self.draft.error(key, f"expected a list, found {shown(top[key])}")
        return [(f"{key}[{index}]", item) for index, item in enumerate(top[key])]

    def name(self, value: object, path: str) -> str:
        """The name of a state: a string, a number, or a list of them, which was a tuple."""
        if isinstance(value, list) and value:
            return f"({', '.join(self.scalar(item, path) for item in value)})"
        return self.scalar(value, path)

    def scalar(self, value: object, path: str) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, bool | int | float):
            return str(value)
        raise self.draft.error(path, f"expected a string or a number, found {shown(value)}")

    def number(self, value: object, path: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.draft.error(path, f"expected a number, found {shown(value)}")
        try:
            return float(value)
        except OverflowError:
            raise self.draft.error(path, f"{shown(value)} is no number of float's range") from None

    def flag(self, node: Json, keys: tuple[str, ...], path: str) -> bool:
        for key in keys:
            if key in node:
                if node[key] not in (True, False):
                    raise self.draft.error(
                        f"{path}.{key}", f"expected true or false, found {shown(node[key])}"
                    )
                return bool(node[key])
        return False


# Writing


def write(fsm: FSM) -> str:
    """The machine as node-link JSON, one node or edge a line; `read` gives it back."""
    graph: dict[str, Any] = {
        key: getattr(fsm, key) for key in ("name", "title", "source") if getattr(fsm, key)
    }
    graph |= {"alphabet": fsm.alphabet, "start": fsm.start}
    nodes = []
    for state in fsm.states:
        node: dict[str, Any] = {"id": state, "accepting": state in fsm.accepting}
        if fsm.outputs:
            node["output"] = fsm.outputs[state]
        if state in fsm.stop:
            node["stop"] = float(fsm.stop[state])
        nodes.append(_compact(node))
    edges = []
    for state, line in fsm.transitions.items():
        for symbol, target in line.items():
            edge = {"source": state, "target": target, "key": symbol, "symbol": symbol}
            if state in fsm.probabilities:
                edge["probability"] = float(fsm.probabilities[state][symbol])  # type: ignore[assignment]
            edges.append(_compact(edge))
    return (
        f'{{"directed": true, "multigraph": true,\n "graph": {_compact(graph)},\n'
        f' "nodes": [{_lines(nodes)}],\n "edges": [{_lines(edges)}]}}\n'
    )


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(items: list[str]) -> str:
    return ("\n  " + ",\n  ".join(items)) if items else ""
