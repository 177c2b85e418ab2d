r"""Graphviz's DOT, as a language for machines: AALpy's dialect, and plain drawings.

    digraph parity {
      __start0 [label="", shape=none];
      even [label="even", shape=doublecircle];
      odd [label="odd", shape=circle];
      __start0 -> even;
      even -> odd [label="1"];
      ...
    }

docs/formats.md says what drawings are read as. Everything that a machine has is written: what a
label cannot say is in attributes of their own, whose strings have the escapes of JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from html.entities import name2codepoint
from math import isclose

from reberlstm.errors import shown
from reberlstm.formats.dot_syntax import Attributes, Edge, Graph, Node, line_at, parse
from reberlstm.formats.draft import (
    Draft,
    input_output,
    is_epsilon,
    is_list,
    symbols,
    to_moore,
)
from reberlstm.machine.fsm import EMPTY_OUTPUT, FSM

START = "__start0"
"""What AALpy calls the node from which an arrow points at the start."""

LABELS = ("label", "xlabel", "headlabel", "taillabel")
"""The attributes in which an edge is labelled, best first."""

_START_NAMES = {"", "start", "init", "initial", "begin", "entry"}
_NO_SHAPES = {"none", "point", "plaintext", "plain"}
_ACCEPTING_SHAPES = {"doublecircle", "doubleoctagon", "tripleoctagon", "mdoublecircle"}
_RECORDS = {"record", "mrecord"}
_KEYWORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|[0-9]+")
_OPENFST = re.compile(
    r"(?P<input>[^:]+?)(?::(?P<output>[^:]+?))?(?P<weight>/-?[0-9.]+(?:e-?[0-9]+)?)?", re.DOTALL
)
_CHANCE = r"(?:0?\.\d+|[01]\.?|1\.0*|0\.0*|\d(?:\.\d+)?e-\d+)"
_WEIGHTED = re.compile(
    rf"(?:(?P<symbol>.*?[^\s:,;|/(\[=])\s*[:,;|/(\[=]\s*)?(?P<chance>{_CHANCE})\s*[)\]]?", re.DOTALL
)
_FRACTION = re.compile(r".+:\s*(?!\d\s*$)\S+\s*", re.DOTALL)
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]\w{1,9}));")
_NUMBERED = re.compile(r"(\D*)(\d{1,18})")
_DECLARE = 'declare them in the file, as in alphabet="[\\"a\\", \\"b/c\\"]"'


def read(text: str, where: str) -> FSM:
    """Parse a directed graph as a machine; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not DOT, or says nothing about a machine.
        GrammarError: where the whole describes no machine.
    """
    return _Reader(parse(text, where), text, where).fsm()


class _Reader:
    def __init__(self, graph: Graph, text: str, where: str) -> None:
        self.graph = graph
        self.text = text
        self.draft = Draft(
            where,
            f"mark it by an edge from a node without a shape: {START} [shape=none]; {START} -> q0;",
            lambda offset: f":{line_at(text, offset)}" if isinstance(offset, int) else "",
        )
        self.declared = self._declared_alphabet()
        self.draft.drawn = not self.declared

    def fsm(self) -> FSM:
        draft, attributes = self.draft, self.graph.attributes
        draft.name = _text(attributes, "name", self.graph.name)
        draft.title = _text(attributes, "title", self._plain(_label(attributes)))
        draft.source = _text(attributes, "source")
        tails, heads = _arrow_tails(self.graph), _arrow_heads(self.graph)
        arrows = tails | heads | (set() if self.declared else _left_over(self.graph))
        real = {key: node for key, node in self.graph.nodes.items() if key not in arrows}
        for key, node in real.items():
            self._state(key, node)
        self._split_outputs(real)
        transitions = []
        for edge in self.graph.edges:
            if edge.source in tails:
                draft.initial[draft.state(edge.target, edge.offset)] = None
            elif edge.target in heads:
                draft.accepting.add(draft.state(edge.source, edge.offset))
            else:
                transitions.append(edge)
        outputs = self._arcs(transitions)
        if not (draft.accepting or draft.outputs or outputs or self.declared):
            draft.notes.append(
                "no accepting state is marked, by a double circle or otherwise; none accepts"
            )
        if not draft.initial and real:
            ends = [(arc.source, arc.target) for arc in draft.arcs]
            start, reason = _likely_start(list(real), draft.names, ends)
            draft.initial[start] = None
            draft.notes.append(f"no start state is marked; {reason}")
        return (to_moore(draft, outputs) if outputs else draft).finish()

    def _plain(self, text: str) -> str:
        """A label as Graphviz shows it, in files of others: with its character references."""
        return text if self.declared else _REFERENCE.sub(_character, text)

    def _declared_alphabet(self) -> frozenset[str]:
        """The symbols of a file that we wrote; in others every label speaks for itself."""
        given = self.graph.attributes.get("alphabet")
        if given is None:
            return frozenset()
        try:
            alphabet = json.loads(_unescaped(given))
        except (ValueError, RecursionError):
            alphabet = None
        if not isinstance(alphabet, list) or not all(isinstance(a, str) for a in alphabet):
            raise self.draft.error(
                None,
                "the graph's attribute 'alphabet': expected a JSON list of strings, "
                f"found {shown(given)}",
            )
        self.draft.alphabet = alphabet
        return frozenset(alphabet)

    def _state(self, key: str, node: Node) -> None:
        draft, attributes = self.draft, node.attributes
        label = self._plain(_label(attributes, key))
        number = draft.state(key, node.offset, _text(attributes, "state", label))
        if _is_accepting(attributes):
            draft.accepting.add(number)
        if _flag(attributes, "initial", "start", "root"):
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
        slashed = all(map(input_output, draft.names))
        if all("|" in name.strip()[1:] for name in draft.names):
            separator = "|"
        elif slashed and not draft.accepting:
            separator = "/"
        else:
            records = any(_lower(node.attributes, "shape") in _RECORDS for node in real.values())
            barred = [a for a in draft.names if "|" in a and (records or a.startswith("{"))]
            if slashed or barred:
                draft.notes.append(
                    f"labels such as {shown((barred or draft.names)[0])} were taken for names of "
                    "states; for outputs label every state as 'name|output'"
                )
            return
        for number, label in enumerate(draft.names):
            name, _, output = label.partition(separator)
            draft.names[number] = _without_braces(name)
            draft.outputs[number] = _without_braces(output) or EMPTY_OUTPUT

    def _arcs(self, edges: list[Edge]) -> list[str]:
        """Add the transitions; the result is their outputs, empty where they have none."""
        draft = self.draft
        is_ours = bool(self.declared)
        labels = self._labels(edges)
        if not is_ours:
            self._refuse_chances(edges, labels)
            labels = self._without_actions(edges, labels)
        distinct = dict.fromkeys(labels)
        mealy = not (is_ours or draft.outputs) and bool(labels) and all(map(input_output, distinct))
        if not (is_ours or mealy):
            self._note_guesses(distinct)
        meant: dict[str, list[str | None]] = {}
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
                if label not in meant:
                    meant[label] = symbols(label, self.declared)
                for name in meant[label]:
                    draft.arc(source, name, target, edge.offset, probability)
        return outputs

    def _refuse_chances(self, edges: list[Edge], labels: list[str]) -> None:
        """Refuse labels that are, or end in, probabilities: Markov chains and decision processes.

        They are where they sum to 1 for each state, or for each state and symbol, and where all are
        of the form ``symbol:0.5``.
        """
        known: dict[str, tuple[str, float]] = {}
        for label in labels:
            if label not in known:
                match = _WEIGHTED.fullmatch(label.strip())
                if match is None:
                    return
                known[label] = (match["symbol"] or "").split("/")[0].strip(), float(match["chance"])
        certain = bool(known) and all(map(_FRACTION.fullmatch, known))
        if not certain and all(chance in (0.0, 1.0) for _, chance in known.values()):
            return
        by_state: dict[str, float] = {}
        by_both: dict[tuple[str, str], float] = {}
        for edge, label in zip(edges, labels, strict=True):
            symbol, chance = known[label]
            by_state[edge.source] = by_state.get(edge.source, 0.0) + chance
            by_both[edge.source, symbol] = by_both.get((edge.source, symbol), 0.0) + chance
        sums = (by_state.values(), by_both.values())
        if certain or any(all(isclose(x, 1, abs_tol=0.02) for x in each) for each in sums):
            raise self.draft.error(
                edges[0].offset,
                f"every label is weighted like {shown(labels[0])}: a Markov chain or decision "
                "process, which has no acceptance to read; write probabilities of a grammar as "
                f'probability="0.5" beside the label; if the labels are symbols, {_DECLARE}',
            )

    def _without_actions(self, edges: list[Edge], labels: list[str]) -> list[str]:
        """Labels without the actions of Ragel's drawings: what stands behind ``" / "`` on some.

        Raises:
            FormatError: where some labels have a slash, so that it may mean anything.
        """
        known = {label: input_output(label) for label in dict.fromkeys(labels)}
        if not any(known.values()):
            return labels
        pairs = [known[label] for label in labels]
        slashed = [number for number, pair in enumerate(pairs) if pair]
        if len(slashed) == len(labels) and not self.draft.outputs:
            return labels
        edge, label = edges[slashed[0]], labels[slashed[0]]
        spaced = all(
            " / " in labels[number] and len(pairs[number] or ()) == 1 for number in slashed
        )
        if not spaced or self.draft.outputs:
            reason = (
                "where the states have outputs, too: two kinds of outputs are no machine here"
                if self.draft.outputs
                else "where other edges have none: it may stand for an output, an action or a list"
            )
            raise self.draft.error(
                edge.offset,
                f"the label {shown(label)} has a slash {reason}; write outputs on all edges or on "
                f"none; if such labels are symbols, {_DECLARE}",
            )
        self.draft.notes.append(
            f"what stands behind a slash on {len(slashed):,} edges, such as {shown(label)} at line "
            f"{line_at(self.text, edge.offset)}, was taken for an action and left out"
        )
        return [pair[0][0] if pair else label for pair, label in zip(pairs, labels, strict=True)]

    def _labels(self, edges: list[Edge]) -> list[str]:
        """The labels of the edges; an edge without one among others that have one reads nothing."""
        given = [
            _text(given, "symbol") if "symbol" in given else _edge_label(given)
            for given in (edge.attributes for edge in edges)
        ]
        bare = [edge for edge, label in zip(edges, given, strict=True) if label is None]
        if bare:
            ends = f"from {shown(bare[0].source)} to {shown(bare[0].target)}"
            if len(bare) == len(edges) or self.declared:
                raise self.draft.error(
                    bare[0].offset,
                    f"the edge {ends} has no label; give it a symbol, or "
                    'label="ε" if it reads none',
                )
            self.draft.notes.append(
                f"{len(bare):,} edges without a label were read as epsilon transitions, such as "
                f"the one {ends} at line {line_at(self.text, bare[0].offset)}"
            )
        plain = {label: self._plain(label or "") for label in dict.fromkeys(given)}
        labels = [plain[label] for label in given]
        is_drawn = self.graph.name == "FST" and not self.declared
        return self._without_weights(labels) if is_drawn else labels

    def _without_weights(self, labels: list[str]) -> list[str]:
        """The symbols in the labels of OpenFST's fstdraw: ``in:out/weight``, the rest optional."""
        matches = [_OPENFST.fullmatch(label or "ε") for label in labels]
        if not all(m and (m[2] in (None, m[1]) or is_epsilon(m[2])) for m in matches):
            return labels
        if any(match and match["weight"] for match in matches):
            self.draft.notes.append("the weights of the edges were left out")
        return [match["input"] if match else "" for match in matches]

    def _note_guesses(self, labels: Iterable[str]) -> None:
        guessed = next((label for label in labels if is_list(label)), None)
        if guessed is not None:
            self.draft.notes.append(
                f"labels such as {shown(guessed)} were read as several symbols, parallel "
                "transitions; separate symbols by commas to say so"
            )
        if any(label and not label.strip() for label in labels):
            self.draft.notes.append(
                "labels of blanks were read as the blank itself, a symbol; where they mean no "
                "symbol, write ε"
            )

    def _number(self, attributes: Attributes, key: str, offset: int) -> float:
        try:
            return float(attributes[key])
        except ValueError:
            raise self.draft.error(
                offset, f"{key}: expected a number, found {shown(attributes[key])}"
            ) from None


def _character(reference: re.Match[str]) -> str:
    """The character that a reference stands for: ``&#949;``, ``&#x3b5;`` or ``&epsilon;``."""
    decimal, hexadecimal, name = reference.groups()
    code = name2codepoint.get(name) if name else int(decimal or hexadecimal, 10 if decimal else 16)
    is_text = code is not None and 0 < code <= 0x10FFFF and not 0xD800 <= code < 0xE000
    return chr(code or 0) if is_text else reference[0]


def _without_braces(text: str) -> str:
    return text.strip().removeprefix("{").removesuffix("}").strip()


# What attributes say


def _lower(attributes: Attributes, key: str) -> str:
    """An attribute in lower case, empty where it is not given."""
    return attributes.get(key, "").strip().lower()


def _flag(attributes: Attributes, *keys: str) -> bool:
    """Whether one of the attributes is given and true."""
    return any(_lower(attributes, key) in ("true", "yes", "1") for key in keys)


def _text(attributes: Attributes, key: str, default: str = "") -> str:
    """An attribute of ours, whose string has the escapes of JSON."""
    return _unescaped(attributes[key]) if key in attributes else default


def _label(attributes: Attributes, default: str = "", key: str = "label") -> str:
    r"""A label as Graphviz shows it: \n, \l and \r end a line, \N is the node's name."""
    lines = {"n": "\n", "l": "\n", "r": "\n", "N": default}
    value = attributes.get(key, "")
    if "\\" not in value:
        return value or default
    return re.sub(r"\\(.)", lambda m: lines.get(m[1], m[1]), value, flags=re.DOTALL) or default


def _edge_label(attributes: Attributes) -> str | None:
    """The label of an edge, whichever attribute has it; None where there is none."""
    key = "label" if "label" in attributes else next((a for a in LABELS if a in attributes), None)
    return None if key is None else _label(attributes, key=key)


def _unescaped(value: str) -> str:
    """A string without the escapes of JSON."""
    plain = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}

    def character(escape: re.Match[str]) -> str:
        code = escape[1]
        return chr(int(code[1:], 16)) if len(code) == 5 else plain.get(code, code)

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", character, value, flags=re.DOTALL)


# How drawings mark start and end: by arrows from and to nodes that are no states, shapes, names.
#
# i [shape=point];  i -> q0;                                  a start, with whatever label
# "" [shape=none];  "" -> q0;      fake [style=invisible];  fake -> q0;
# q1 -> f;  f [shape=point];                                  an end, as Vcsn draws it
# q1 [shape=doublecircle];  q1 [peripheries=2];               an end


def _arrow_tails(graph: Graph) -> set[str]:
    """The nodes that stand for no state but for the arrow at a start state.

    No edge leads to such a node. Where it cannot be seen at all (`_is_unseen`) its edges may be
    labelled, as in ``i -> q0 [label=start]``; else none of them is.
    """
    entered = {edge.target for edge in graph.edges}
    edges = [edge for edge in graph.edges if edge.source not in entered]
    unlabelled = _ends(edges, lambda edge: (edge.source, not _is_labelled(edge)))
    to_seen = _ends(
        edges, lambda edge: (edge.source, not _is_unseen(edge.target, graph.nodes[edge.target]))
    )
    return {
        key
        for key, node in graph.nodes.items()
        if key not in entered
        and (
            key == START
            or (key in unlabelled and _looks_like_no_state(key, node))
            or (key in to_seen and _is_unseen(key, node))
        )
    }


def _arrow_heads(graph: Graph) -> set[str]:
    """The nodes that stand for no state but for the arrow at an accepting state.

    They cannot be seen, no edge leaves them, and those that come to them are not labelled.
    """
    leaving = {edge.source for edge in graph.edges}
    edges = [edge for edge in graph.edges if edge.target not in leaving]
    unlabelled = _ends(edges, lambda edge: (edge.target, not _is_labelled(edge)))
    return {key for key in unlabelled if _is_unseen(key, graph.nodes[key])}


def _ends(edges: Iterable[Edge], of: Callable[[Edge], tuple[str, bool]]) -> set[str]:
    """The ends of edges for which something is true of all their edges."""
    found = [of(edge) for edge in edges]
    return {end for end, _ in found} - {end for end, is_so in found if not is_so}


def _is_labelled(edge: Edge) -> bool:
    """Whether an edge says anything that can be seen, or names a symbol."""
    return "symbol" in edge.attributes or bool((_edge_label(edge.attributes) or "").strip())


def _is_accepting(attributes: Attributes) -> bool:
    """Whether a node is drawn as an accepting state."""
    peripheries = _lower(attributes, "peripheries")
    return (
        _lower(attributes, "shape") in _ACCEPTING_SHAPES
        or (peripheries.isascii() and peripheries.isdigit() and peripheries.lstrip("0") not in "1")
        or _flag(attributes, "accepting", "final")
    )


def _likely_start(
    keys: Sequence[str], names: Sequence[str], edges: Sequence[tuple[int, int]]
) -> tuple[int, str]:
    """Which state to begin in where nothing marks one, and why; states and edges by number.

    Programs often name the accepting states first. So the first state is taken only where the first
    edge leaves it, too; else the one with the smallest number, or the source of the first edge.
    """
    named = [
        number
        for number, both in enumerate(zip(keys, names, strict=True))
        if {text.strip().lower() for text in both} & (_START_NAMES - {""})
    ]
    if len(named) == 1:
        return named[0], f"{shown(keys[named[0]])} is taken for its name"
    entered = {target for source, target in edges if source != target}
    free = [number for number in range(len(keys)) if number not in entered]
    if len(free) == 1 and free[0] != 0:
        return free[0], f"{shown(keys[free[0]])} is taken, the only state that no edge enters"
    first = edges[0][0] if edges and free != [0] else 0
    numbers = [_NUMBERED.fullmatch(key) for key in keys]
    if first == 0:
        return 0, f"the first state, {shown(keys[0])}, is taken"
    if len({number and number[1] for number in numbers}) == 1 and numbers[0]:
        least = min(range(len(keys)), key=lambda n: int(numbers[n][2]) if numbers[n] else 0)  # type: ignore[index]
        return least, f"the one with the smallest number, {shown(keys[least])}, is taken"
    return first, f"{shown(keys[first])} is taken, which the first edge leaves"


def _left_over(graph: Graph) -> set[str]:
    """The nodes that cannot be seen and have no edges, so they are no states."""
    ends = {end for edge in graph.edges for end in (edge.source, edge.target)}
    lone = {key for key in graph.nodes.keys() - ends if _is_unseen(key, graph.nodes[key])}
    return lone if len(lone) < len(graph.nodes) else set()


def _looks_like_no_state(key: str, node: Node) -> bool:
    return (
        key.startswith("__start")
        or key.lower() in _START_NAMES
        or _lower(node.attributes, "shape") in _NO_SHAPES
        or "invis" in _lower(node.attributes, "style")
        or ("label" in node.attributes and not _label(node.attributes).strip())
    )


def _is_unseen(key: str, node: Node) -> bool:
    """Whether a node is a mere point, invisible, or has neither a border nor a name to see."""
    shape = _lower(node.attributes, "shape")
    name = _label(node.attributes) if "label" in node.attributes else key
    no_border = shape in _NO_SHAPES and name.strip().lower() in _START_NAMES
    return shape == "point" or "invis" in _lower(node.attributes, "style") or no_border


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
    lines.append(f'  {START} [label="", shape=none];')
    lines += [f"  {names[state]} [{_node_attributes(fsm, state)}];" for state in fsm.states]
    lines.append(f"  {START} -> {names[fsm.start]};")
    lines += [
        f"  {names[state]} -> {names[target]} [{_edge_attributes(fsm, state, symbol)}];"
        for state, line in fsm.transitions.items()
        for symbol, target in line.items()
    ]
    return "\n".join(lines) + "\n}\n"


def _node_name(fsm: FSM, number: int) -> str:
    """The state's own name where DOT needs no quotes for it, else a new one that is free."""
    state = fsm.states[number]
    if _PLAIN_NAME.fullmatch(state) and state.lower() not in _KEYWORDS | {START}:
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
    return not text.isprintable() or text.strip() != text or is_epsilon(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
