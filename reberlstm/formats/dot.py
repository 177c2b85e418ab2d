r"""Graphviz's DOT, as a language for machines: AALpy's dialect, and plain drawings.

    digraph parity {
      __start0 [label="", shape=none];
      even [label="even", shape=doublecircle];
      odd [label="odd", shape=circle];
      __start0 -> even;
      even -> even [label="0"];
      even -> odd [label="1"];
      odd -> odd [label="0"];
      odd -> even [label="1"];
    }

Read: accepting states have ``shape=doublecircle`` or ``peripheries=2``; an unlabelled edge from a
node without a shape (or ``shape=point``, or an empty label) marks the start, else the first state
is taken, with a warning. An edge's label holds one symbol, or several separated by commas or line
ends: parallel transitions; an empty label or ``ε`` is an epsilon transition. A state is called by
its label, or by its node's name where there is none. ``label="s0|a"`` of a record, as AALpy and
https://automata.cs.ru.nl write it, and ``label="s0/a"`` throughout a file without accepting states,
give a state the output ``a``. Where every edge is labelled ``in/out`` and no state accepts, the
file holds a Mealy machine: it is read, with a warning, as the Moore machine whose states tell the
output of the transition by which they were entered.

Written: everything that a machine has, in attributes beside the label where a label cannot say it
(``symbol``, ``probability`` of edges; ``state``, ``stop``, ``output`` of nodes; ``alphabet``,
``name``, ``title``, ``source`` of the graph); strings in them have the escapes of JSON. AALpy and
Graphviz read the file.
"""

from __future__ import annotations

import json
import re

from reberlstm.formats.dot_syntax import Attributes, Edge, Graph, Node, line_at, parse
from reberlstm.formats.draft import EMPTY_OUTPUT, Draft
from reberlstm.formats.labels import EPSILON, input_output, symbols
from reberlstm.formats.mealy import to_moore
from reberlstm.formats.messages import shown
from reberlstm.fsm import FSM

_START = "__start0"
_START_NAMES = {"", "start", "init", "initial", "begin", "entry"}
_NO_SHAPES = {"none", "point", "plaintext", "plain"}
_ACCEPTING_SHAPES = {"doublecircle", "doubleoctagon", "tripleoctagon", "mdoublecircle"}
_RECORDS = {"record", "mrecord"}
_KEYWORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|[0-9]+")
_WEIGHTED = re.compile(r".+:\s*(?:0?\.\d+|1\.0*|\d(?:\.\d+)?e-\d+)\s*", re.DOTALL)


def read(text: str, where: str) -> FSM:
    """Parse a directed graph as a machine; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not DOT, or says nothing about a machine.
        GrammarError: where the whole describes no machine.
    """
    return _Reader(parse(text, where), text, where).fsm()


def losses(fsm: FSM) -> list[str]:
    """What the format cannot carry of this machine: nothing."""
    return []


class _Reader:
    def __init__(self, graph: Graph, text: str, where: str) -> None:
        self.graph = graph
        self.draft = Draft(
            where,
            lambda offset: f":{line_at(text, offset)}" if isinstance(offset, int) else "",
            f"mark it by an edge from a node without a shape: {_START} [shape=none]; "
            f"{_START} -> q0;",
        )
        self.declared = self._declared_alphabet()

    def fsm(self) -> FSM:
        draft, attributes = self.draft, self.graph.attributes
        draft.name = _text(attributes, "name", self.graph.name)
        draft.title = _text(attributes, "title", _label(attributes))
        draft.source = _text(attributes, "source")
        pseudo = self._pseudo_nodes()
        real = {key: node for key, node in self.graph.nodes.items() if key not in pseudo}
        for key, node in real.items():
            self._state(key, node)
        self._split_outputs(real)
        labelled = []
        for edge in self.graph.edges:
            if edge.source not in pseudo:
                labelled.append(edge)
            else:
                draft.initial[draft.state(edge.target, edge.offset)] = None
        if not draft.initial and real:
            draft.initial[0] = None
            draft.notes.append(
                f"no start state is marked; the first state, {shown(next(iter(real)))}, is taken"
            )
        outputs = self._arcs(labelled)
        return (to_moore(draft, outputs) if outputs else draft).finish()

    def _declared_alphabet(self) -> frozenset[str]:
        """The symbols of a file that we wrote; in others every label speaks for itself."""
        given = self.graph.attributes.get("alphabet")
        if given is None:
            return frozenset()
        try:
            alphabet = json.loads(_unescaped(given.value))
        except (ValueError, RecursionError):
            alphabet = None
        if not isinstance(alphabet, list) or not all(isinstance(a, str) for a in alphabet):
            raise self.draft.error(
                None,
                "the graph's attribute 'alphabet': expected a JSON list of strings, "
                f"found {shown(given.value)}",
            )
        self.draft.alphabet = alphabet
        return frozenset(alphabet)

    def _pseudo_nodes(self) -> set[str]:
        """The nodes that stand for no state but for the arrow at a start state."""
        entered = {edge.target for edge in self.graph.edges}
        leaving = {edge.source: True for edge in self.graph.edges}
        for edge in self.graph.edges:
            leaving[edge.source] &= not _label(edge.attributes) and "symbol" not in edge.attributes
        nodes = self.graph.nodes.items()
        return {
            key
            for key, node in nodes
            if key not in entered
            and (leaving.get(key, False) or key == _START)
            and _looks_pseudo(key, node)
        }

    def _state(self, key: str, node: Node) -> None:
        draft, attributes = self.draft, node.attributes
        number = draft.state(key, node.offset, _text(attributes, "state", _label(attributes, key)))
        if _is_accepting(attributes):
            draft.accepting.add(number)
        if _flag(attributes, "initial") or _flag(attributes, "start"):
            draft.initial[number] = None
        if "output" in attributes:
            draft.outputs[number] = _text(attributes, "output")
        if "stop" in attributes:
            draft.stop[number] = self._number(attributes, "stop", node.offset)

    def _split_outputs(self, real: dict[str, Node]) -> None:
        """Part the labels of a Moore machine into names and outputs."""
        draft = self.draft
        if self.declared or draft.outputs or not real:
            return
        shapes = [_lower(node.attributes, "shape") for node in real.values()]
        if all("|" in name for name in draft.names) and _RECORDS.issuperset(shapes):
            separator = "|"
        elif not draft.accepting and all(map(input_output, draft.names)):
            separator = "/"
        else:
            return
        for number, label in enumerate(draft.names):
            name, _, output = label.partition(separator)
            draft.names[number] = _without_braces(name)
            draft.outputs[number] = _without_braces(output) or EMPTY_OUTPUT

    def _arcs(self, edges: list[Edge]) -> list[str]:
        """Add the transitions; the result is their outputs, empty where they have none."""
        draft = self.draft
        labels = [self._edge_label(edge) for edge in edges]
        is_ours = bool(self.declared)
        mealy = not (is_ours or draft.accepting or draft.outputs) and all(map(input_output, labels))
        if not is_ours and edges and all(map(_WEIGHTED.fullmatch, labels)):
            raise draft.error(
                edges[0].offset,
                f"every label is weighted like {shown(labels[0])}: a Markov decision process, "
                "which has no acceptance to read",
            )
        outputs = []
        for edge, label in zip(edges, labels, strict=True):
            source, target = draft.find(edge.source), draft.find(edge.target)
            assert source is not None  # every end of an edge is a node
            assert target is not None
            probability = None
            if "probability" in edge.attributes:
                probability = self._number(edge.attributes, "probability", edge.offset)
            if mealy:
                for symbol, output in input_output(label) or ():
                    draft.arc(source, symbol, target, edge.offset)
                    outputs.append(output)
            elif "symbol" in edge.attributes:
                draft.arc(source, label or None, target, edge.offset, probability)
            else:
                for name in symbols(label, self.declared):
                    draft.arc(source, name, target, edge.offset, probability)
        return outputs

    def _edge_label(self, edge: Edge) -> str:
        if "symbol" in edge.attributes:
            return _text(edge.attributes, "symbol")
        if "label" not in edge.attributes:
            raise self.draft.error(
                edge.offset,
                f"the edge from {shown(edge.source)} to {shown(edge.target)} has no label; give it "
                'a symbol, or label="ε" if it reads none',
            )
        return _label(edge.attributes)

    def _number(self, attributes: Attributes, key: str, offset: int) -> float:
        try:
            return float(attributes[key].value)
        except ValueError:
            raise self.draft.error(
                offset, f"{key}: expected a number, found {shown(attributes[key].value)}"
            ) from None


def _looks_pseudo(key: str, node: Node) -> bool:
    return (
        key.startswith("__start")
        or key.lower() in _START_NAMES
        or _lower(node.attributes, "shape") in _NO_SHAPES
        or "invis" in _lower(node.attributes, "style")
        or ("label" in node.attributes and not _label(node.attributes))
    )


def _is_accepting(attributes: Attributes) -> bool:
    peripheries = _lower(attributes, "peripheries")
    return (
        _lower(attributes, "shape") in _ACCEPTING_SHAPES
        or (peripheries.isascii() and peripheries.isdigit() and peripheries.lstrip("0") not in "1")
        or _flag(attributes, "accepting")
        or _flag(attributes, "final")
    )


def _flag(attributes: Attributes, key: str) -> bool:
    return _lower(attributes, key) in ("true", "yes", "1")


def _lower(attributes: Attributes, key: str) -> str:
    return attributes[key].value.strip().lower() if key in attributes else ""


def _text(attributes: Attributes, key: str, default: str = "") -> str:
    """An attribute of ours, whose string has the escapes of JSON."""
    return _unescaped(attributes[key].value) if key in attributes else default


def _label(attributes: Attributes, default: str = "") -> str:
    r"""A label as Graphviz shows it: \n, \l and \r end a line, \N is the node's name."""
    if "label" not in attributes:
        return default
    text, is_html = attributes["label"]
    if is_html or "\\" not in text:
        return text or default
    lines = {"n": "\n", "l": "\n", "r": "\n", "N": default}
    shown_text = re.sub(
        r"\\(.)", lambda match: lines.get(match[1], match[1]), text, flags=re.DOTALL
    )
    return shown_text or default


def _without_braces(text: str) -> str:
    return text.strip().removeprefix("{").removesuffix("}").strip()


def _unescaped(text: str) -> str:
    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", _character, text, flags=re.DOTALL)


def _character(escape: re.Match[str]) -> str:
    code = escape[1]
    if len(code) == 5:
        return chr(int(code[1:], 16))
    return {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}.get(code, code)


# Writing


def write(fsm: FSM) -> str:
    """The machine as a DOT file; `read` gives the same machine back."""
    names = {state: _node_name(fsm, number) for number, state in enumerate(fsm.states)}
    plain = _PLAIN_NAME.fullmatch(fsm.name) and fsm.name.lower() not in _KEYWORDS
    lines = [f"digraph {fsm.name} {{" if plain else "digraph {"]
    own = {"alphabet": json.dumps(fsm.alphabet, ensure_ascii=False)}
    own |= {key: getattr(fsm, key) for key in ("title", "source") if getattr(fsm, key)}
    if not plain and fsm.name:
        own["name"] = fsm.name
    lines += [f"  {key}={_quoted(value)};" for key, value in own.items()]
    lines.append(f'  {_START} [label="", shape=none];')
    for state in fsm.states:
        lines.append(f"  {names[state]} [{_node_attributes(fsm, state)}];")
    lines.append(f"  {_START} -> {names[fsm.start]};")
    for state, line in fsm.transitions.items():
        for symbol, target in line.items():
            attributes = _edge_attributes(fsm, state, symbol)
            lines.append(f"  {names[state]} -> {names[target]} [{attributes}];")
    return "\n".join(lines) + "\n}\n"


def _node_name(fsm: FSM, number: int) -> str:
    """The state's own name where DOT needs no quotes for it, else a new one that is free."""
    state = fsm.states[number]
    if _PLAIN_NAME.fullmatch(state) and state.lower() not in _KEYWORDS | {_START}:
        return state
    name = f"s{number}"
    while name in fsm.transitions:
        name = f"_{name}"
    return name


def _node_attributes(fsm: FSM, state: str) -> str:
    accepting = state in fsm.accepting
    if fsm.outputs:
        # AALpy reads name and output from the label; braces and bars would end a record's field.
        label = "|".join(re.sub(r"[{}|<>]", " ", text) for text in (state, fsm.outputs[state]))
        given = [f"label={_quoted(label)}", "shape=record", "style=rounded"]
        given += ["peripheries=2"] * accepting
        given += [f"state={_quoted(state)}", f"output={_quoted(fsm.outputs[state])}"]
    else:
        shape = "doublecircle" if accepting else "circle"
        given = [f"label={_quoted(state)}", f"shape={shape}"]
        if _label_differs(state):
            given.append(f"state={_quoted(state)}")
    if state in fsm.stop:
        given.append(f"stop={_quoted(repr(float(fsm.stop[state])))}")
    return ", ".join(given)


def _edge_attributes(fsm: FSM, state: str, symbol: str) -> str:
    given = [f"label={_quoted(symbol)}"]
    if _label_differs(symbol):
        given.append(f"symbol={_quoted(symbol)}")
    if state in fsm.probabilities:
        given.append(f"probability={_quoted(repr(float(fsm.probabilities[state][symbol])))}")
    return ", ".join(given)


def _label_differs(text: str) -> bool:
    """Whether a label cannot be read back as it is, for its control characters or blanks."""
    return not text.isprintable() or text.strip() != text or text in EPSILON


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
