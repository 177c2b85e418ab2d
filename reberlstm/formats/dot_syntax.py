"""The DOT language: from text to nodes, edges and attributes, each with its line.

The grammar is that of https://graphviz.org/doc/info/lang.html, with default attributes, subgraphs
as ends of edges, ports (ignored), HTML strings and concatenated strings. An own reader, since
pydot takes 95 s for a graph of 10,000 states and 20,000 edges, and overflows the stack on nested
braces; and Graphviz's own (through pygraphviz) names no lines of what it has read, prints its
errors itself and is not everywhere. Both the time and the depth are bounded here.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from reberlstm.errors import FormatError
from reberlstm.formats.draft import MAX_STATES, MAX_TRANSITIONS
from reberlstm.formats.messages import one_line, shown

MAX_DEPTH = 50
"""How deep subgraphs and HTML strings may be nested."""

MAX_TOKENS = MAX_TRANSITIONS
"""How many tokens a file may have beside nodes and edges of the plain form."""

_SPACE = re.compile(r"(?:[\s\ufeff]++|//[^\n]*+|/\*.*?\*/|\#[^\n]*+)+", re.DOTALL)
_NAME = r"(?:[^\W\d]|(?!\s)[^\x00-\x7f])(?:\w|[^\x00-\x7f])*+"
_TOKEN = re.compile(
    rf"""
      (?P<name>{_NAME})
    | (?P<number>-?(?:\.\d++|\d++(?:\.\d*+)?)(?![^\W\d]))
    | (?P<quoted>"(?:[^"\\]|\\.)*+")
    | (?P<mark>->|--|[{{}}\[\]=;,:+])
    """,
    re.DOTALL | re.VERBOSE,
)
_MARKUP = re.compile(r"[<>]")

# Most files are long lists of nodes and edges with plain attributes; these are read by one match
# each, ten times as fast as token by token.
_ID = rf"""(?:{_NAME}|-?[0-9]++(?:\.[0-9]*+)?(?!\w)|"[^"\\]*+")"""
_SIMPLE = re.compile(
    rf"""
    \s*+ (?P<source>{_ID}) [ \t]*+ (?: -> [ \t]*+ (?P<target>{_ID}) [ \t]*+ )?
    \[ (?P<list> (?: \s*+ {_ID} [ \t]*+ = [ \t]*+ {_ID} [ \t]*+ [,;]? )*+ \s*+ ) \]
    [ \t]*+ (?: ; | \r?\n (?!\s*+\[) )
    """,
    re.VERBOSE,
)
_PAIR = re.compile(rf"({_ID})[ \t]*+=[ \t]*+({_ID})")
_MEANT = frozenset({
    "label", "xlabel", "headlabel", "taillabel", "shape", "style", "peripheries", "accepting",
    "final", "initial", "start", "state", "output", "stop", "symbol", "probability", "alphabet",
    "name", "title", "source",
})  # fmt: skip
"""The attributes that say something about a machine; the rest is layout, and is not kept."""

_KEYWORDS = {"strict", "graph", "digraph", "node", "edge", "subgraph"}

Attributes = dict[str, "Text"]


class Text(NamedTuple):
    """A name or value: its characters, and whether they were written as an HTML string."""

    value: str
    is_html: bool = False


@dataclass
class Node:
    """A node: where it was first named, and its attributes."""

    offset: int
    attributes: Attributes


class Edge(NamedTuple):
    """An edge and its attributes."""

    source: str
    target: str
    attributes: Attributes
    offset: int


@dataclass
class Graph:
    """A directed graph as a DOT file states it."""

    name: str = ""
    attributes: Attributes = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)


class _Token(NamedTuple):
    kind: str  # name, number, quoted, html, mark, end
    text: str
    offset: int


@dataclass
class _Scope:
    """A graph or subgraph that is being read: its default attributes, and its nodes so far."""

    node: Attributes
    edge: Attributes
    is_root: bool
    members: dict[str, None]


def parse(text: str, where: str) -> Graph:
    """Read the one directed graph of a DOT file.

    Raises:
        FormatError: naming the line, what was found there and what was expected.
    """
    return _Parser(text, where).graph()


def line_at(text: str, offset: int) -> int:
    """The number of the line at that offset, from 1."""
    return text.count("\n", 0, offset) + 1


class _Parser:
    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.where = where
        self.position = 0
        self.count = 0
        self.depth = 0
        self.result = Graph()
        self.simple_lists: dict[str, Attributes] = {}
        self.token = self._scan()

    # Tokens

    def error(self, offset: int, message: str) -> FormatError:
        return FormatError(one_line(f"{self.where}:{line_at(self.text, offset)}: {message}"))

    def expected(self, what: str) -> FormatError:
        found = "the end of the file" if self.token.kind == "end" else shown(self.token.text)
        return self.error(self.token.offset, f"expected {what}, found {found}")

    def _scan(self) -> _Token:
        text = self.text
        space = _SPACE.match(text, self.position)
        start = space.end() if space else self.position
        self.count += 1
        if self.count > MAX_TOKENS:
            raise self.error(start, "the file is too long for a machine within the limits")
        match = _TOKEN.match(text, start)
        if match:
            self.position = match.end()
            return _Token(match.lastgroup or "", match.group(), start)
        if start == len(text):
            return _Token("end", "", start)
        if text[start] == "<":
            return self._scan_html(start)
        if text[start] == '"':
            raise self.error(start, "a string begins here and is never closed")
        if text.startswith("/*", start):
            raise self.error(start, "a comment begins here and is never closed")
        raise self.error(start, f"found {shown(text[start])}, which cannot stand here; quote it")

    def _scan_html(self, start: int) -> _Token:
        depth = 0
        for match in _MARKUP.finditer(self.text, start):
            depth += 1 if match.group() == "<" else -1
            if depth == 0:
                self.position = match.end()
                return _Token("html", self.text[start : match.end()], start)
            if depth > MAX_DEPTH:
                raise self.error(match.start(), f"more than {MAX_DEPTH} nested angle brackets")
        raise self.error(start, "an HTML string begins here and is never closed")

    def next(self) -> _Token:
        token = self.token
        self.token = self._scan()
        return token

    def at_mark(self, *marks: str) -> bool:
        return self.token.kind == "mark" and self.token.text in marks

    def at_keyword(self, *words: str) -> bool:
        return self.token.kind == "name" and self.token.text.lower() in words

    def at_name(self) -> bool:
        return self.token.kind not in ("mark", "end") and not self.at_keyword(*_KEYWORDS)

    def name(self, what: str, *, keywords: bool = False) -> Text:
        """An ID of the grammar: a name, a number, a quoted string or an HTML string."""
        if not self.at_name() and not (keywords and self.token.kind == "name"):
            raise self.expected(what)
        token = self.next()
        if token.kind == "html":
            return Text(_without_markup(token.text), is_html=True)
        if token.kind != "quoted":
            return Text(token.text)
        value = _unquoted(token.text)
        while self.at_mark("+"):
            self.next()
            if self.token.kind != "quoted":
                raise self.expected("a quoted string after +")
            value += _unquoted(self.next().text)
        return Text(value)

    # Statements

    def graph(self) -> Graph:
        if self.at_keyword("strict"):
            self.next()
        if self.at_keyword("graph"):
            raise self.error(
                self.token.offset, "an undirected graph; a machine needs a digraph with edges ->"
            )
        if not self.at_keyword("digraph"):
            raise self.expected("'digraph'")
        self.next()
        if self.at_name():
            self.result.name = self.name("a name").value
        if not self.at_mark("{"):
            raise self.expected("'{'")
        self.next()
        self.statements(_Scope({}, {}, is_root=True, members={}))
        if self.token.kind != "end":
            raise self.expected("the end of the file after the graph's '}'")
        return self.result

    def statements(self, scope: _Scope) -> None:
        """All statements up to the closing brace."""
        while True:
            if self.token.kind in ("name", "number", "quoted"):
                self.simple_statements(scope)
            if self.at_mark("}"):
                break
            if self.at_mark(";"):
                self.next()
            elif self.token.kind == "end":
                raise self.expected("'}'")
            else:
                self.statement(scope)
        self.next()

    def simple_statements(self, scope: _Scope) -> None:
        """As many nodes and edges of the plain form as there are in a row."""
        nodes = self.result.nodes
        begin = position = self.token.offset
        while match := _SIMPLE.match(self.text, position):
            offset, name = match.start("source"), match["source"]
            if name.lower() in _KEYWORDS or (match["target"] or "").lower() in _KEYWORDS:
                break
            attributes = self.simple_lists.get(match["list"])
            if attributes is None:
                attributes = self.simple_lists[match["list"]] = {
                    key.strip('"'): Text(value.strip('"'))
                    for key, value in _PAIR.findall(match["list"])
                    if key.strip('"') in _MEANT
                }
            name = name.strip('"')
            for end in (name,) if match["target"] is None else (name, match["target"].strip('"')):
                if end not in nodes:
                    self.add_node(end, scope, offset)
                scope.members[end] = None
            if match["target"] is None:
                nodes[name].attributes.update(attributes)
            else:
                defaults = scope.edge
                self.add_edge(name, end, defaults | attributes if defaults else attributes, offset)
            position = match.end()
        if position > begin:
            self.position = position
            self.token = self._scan()

    def statement(self, scope: _Scope) -> None:
        if self.at_keyword("graph", "node", "edge"):
            kind = self.next().text.lower()
            if not self.at_mark("["):
                raise self.expected(f"'[' after {kind!r}")
            attributes = self.attributes()
            if kind == "node":
                scope.node = scope.node | attributes
            elif kind == "edge":
                scope.edge = scope.edge | attributes
            elif scope.is_root:
                self.result.attributes.update(attributes)
            return
        offset = self.token.offset
        if self.at_mark("{") or self.at_keyword("subgraph"):
            ends = [self.subgraph(scope)]
        else:
            key = self.name("a node, an edge, an attribute or '}'")
            if self.at_mark("="):
                self.next()
                value = self.name(f"a value of {shown(key.value)}")
                if scope.is_root and key.value in _MEANT:
                    self.result.attributes[key.value] = value
                return
            ends = [self.nodes(key, scope, offset)]
        while self.at_mark("->", "--"):
            if self.next().text == "--":
                raise self.error(offset, "an undirected edge; in a digraph write -> instead of --")
            ends.append(self.edge_end(scope))
        attributes = self.attributes()
        if len(ends) == 1:
            for member in ends[0]:
                if attributes:
                    self.result.nodes[member].attributes.update(attributes)
            return
        attributes = scope.edge | attributes
        for sources, targets in pairwise(ends):
            for source in sources:
                for target in targets:
                    self.add_edge(source, target, attributes, offset)

    def edge_end(self, scope: _Scope) -> dict[str, None]:
        if self.at_mark("{") or self.at_keyword("subgraph"):
            return self.subgraph(scope)
        offset = self.token.offset
        return self.nodes(self.name("a node after ->"), scope, offset)

    def subgraph(self, scope: _Scope) -> dict[str, None]:
        """The nodes of a subgraph, which inherits the defaults and keeps its own to itself."""
        if self.at_keyword("subgraph"):
            self.next()
            if self.at_name():
                self.name("a name")
        if not self.at_mark("{"):
            raise self.expected("'{' after 'subgraph'")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(self.token.offset, f"more than {MAX_DEPTH} nested subgraphs")
        self.next()
        inner = _Scope(scope.node, scope.edge, is_root=False, members={})
        self.statements(inner)
        self.depth -= 1
        scope.members.update(inner.members)
        return inner.members

    def nodes(self, key: Text, scope: _Scope, offset: int) -> dict[str, None]:
        """One node, or several with commas between them."""
        found = self.node(key, scope, offset)
        while self.at_mark(","):
            self.next()
            offset = self.token.offset
            found |= self.node(self.name("a node after ','"), scope, offset)
        return found

    def node(self, key: Text, scope: _Scope, offset: int) -> dict[str, None]:
        """The node of that name, made with the defaults of the scope where it is new."""
        while self.at_mark(":"):
            self.next()
            self.name("a port after ':'")
        name = key.value
        if name not in self.result.nodes:
            self.add_node(name, scope, offset)
        scope.members[name] = None
        return {name: None}

    def add_node(self, name: str, scope: _Scope, offset: int) -> None:
        # One node more than there may be states: the arrow at the start.
        if len(self.result.nodes) > MAX_STATES:
            raise self.error(offset, f"more than {MAX_STATES:,} states, which is the limit")
        self.result.nodes[name] = Node(offset, dict(scope.node))

    def add_edge(self, source: str, target: str, attributes: Attributes, offset: int) -> None:
        if len(self.result.edges) > MAX_TRANSITIONS:
            raise self.error(offset, f"more than {MAX_TRANSITIONS:,} edges, which is the limit")
        self.result.edges.append(Edge(source, target, attributes, offset))

    def attributes(self) -> Attributes:
        """Any number of bracketed lists of attributes."""
        found: Attributes = {}
        while self.at_mark("["):
            self.next()
            while not self.at_mark("]"):
                if self.at_mark(";", ","):
                    self.next()
                    continue
                key = self.name("an attribute or ']'", keywords=True)
                value = Text("true")
                if self.at_mark("="):
                    self.next()
                    value = self.name(f"a value of {shown(key.value)}", keywords=True)
                if key.value in _MEANT:
                    found[key.value] = value
            self.next()
        return found


def _unquoted(token: str) -> str:
    r"""The characters of a quoted string; only \" and a line's continuation are undone here."""
    inner = token[1:-1]
    if "\\" not in inner:
        return inner
    return re.sub(r"\\(.)", _lexical_escape, inner, flags=re.DOTALL)


def _lexical_escape(match: re.Match[str]) -> str:
    return {'"': '"', "\n": ""}.get(match[1], match[0])


def _without_markup(token: str) -> str:
    """The text of an HTML string: line breaks kept, other tags dropped, entities decoded."""
    inner = re.sub(r"<\s*(?:br|/tr)\b[^<>]*>", "\n", token[1:-1], flags=re.IGNORECASE)
    return html.unescape(re.sub(r"<[^<>]*>", "", inner)).strip()
