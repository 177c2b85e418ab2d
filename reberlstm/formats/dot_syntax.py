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
from itertools import pairwise, product
from typing import NamedTuple

from reberlstm.errors import FormatError, one_line, shown
from reberlstm.formats.limits import MAX_STATES, MAX_TRANSITIONS

MAX_DEPTH = 50
"""How deep subgraphs and HTML strings may be nested."""

MAX_TOKENS = MAX_TRANSITIONS
"""How many tokens a file may have besides nodes and edges of the plain form."""

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
    "final", "initial", "start", "root", "state", "output", "stop", "symbol", "probability",
    "alphabet", "name", "title", "source",
})  # fmt: skip
"""The attributes that say something about a machine; the rest is layout, and is not kept."""

_KEYWORDS = {"strict", "graph", "digraph", "node", "edge", "subgraph"}

Attributes = dict[str, str]
"""Values as they stand in the file; the backslashes of HTML strings are doubled, like all others.

A name or value is read by `label` or `unescaped` of `reberlstm.formats.dot`.
"""

Members = dict[str, None]
"""The names of nodes, in order."""


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


@dataclass
class _Scope:
    """A graph or subgraph that is being read: its default attributes, and its nodes so far."""

    node: Attributes = field(default_factory=dict)
    edge: Attributes = field(default_factory=dict)
    is_root: bool = True
    members: Members = field(default_factory=dict)


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
    """A recursive descent with one token ahead: its `kind`, its text `token` and its `offset`.

    Kinds are name, keyword, number, quoted, html, mark and end.
    """

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.where = where
        self.position = self.count = self.depth = 0
        self.result = Graph()
        self.simple_lists: dict[str, Attributes] = {}
        self.scan()

    # Tokens

    def error(self, offset: int, message: str) -> FormatError:
        return FormatError(one_line(f"{self.where}:{line_at(self.text, offset)}: {message}"))

    def expected(self, what: str) -> FormatError:
        found = "the end of the file" if self.kind == "end" else shown(self.token)
        return self.error(self.offset, f"expected {what}, found {found}")

    def scan(self) -> None:
        """Go on to the next token."""
        text = self.text
        space = _SPACE.match(text, self.position)
        start = self.offset = space.end() if space else self.position
        self.count += 1
        if self.count > MAX_TOKENS:
            raise self.error(start, "the file is too long for a machine within the limits")
        if match := _TOKEN.match(text, start):
            self.kind, self.token, self.position = match.lastgroup or "", match[0], match.end()
            if self.kind == "name" and self.token.lower() in _KEYWORDS:
                self.kind = "keyword"
        elif start == len(text):
            self.kind, self.token = "end", ""
        elif text[start] == "<":
            self.position = self.end_of_html(start)
            self.kind, self.token = "html", text[start : self.position]
        elif text[start] == '"' or text.startswith("/*", start):
            what = "a string" if text[start] == '"' else "a comment"
            raise self.error(start, f"{what} begins here and is never closed")
        else:
            found = shown(text[start])
            raise self.error(start, f"found {found}, which cannot stand here; quote it")

    def end_of_html(self, start: int) -> int:
        depth = 0
        for match in _MARKUP.finditer(self.text, start):
            depth += 1 if match[0] == "<" else -1
            if depth == 0:
                return match.end()
            if depth > MAX_DEPTH:
                raise self.error(match.start(), f"more than {MAX_DEPTH} nested angle brackets")
        raise self.error(start, "an HTML string begins here and is never closed")

    def at(self, *texts: str) -> bool:
        """Whether the next token is one of these marks or keywords."""
        return self.kind in ("mark", "keyword") and self.token.lower() in texts

    def skip(self, *texts: str) -> bool:
        """Pass over one of these marks or keywords, if it is next."""
        found = self.at(*texts)
        if found:
            self.scan()
        return found

    def require(self, text: str, what: str) -> None:
        if not self.skip(text):
            raise self.expected(what)

    def name(self, what: str, *, keywords: bool = False, value: bool = False) -> str:
        """An ID of the grammar: a name, a number, a quoted string or an HTML string."""
        kind, token = self.kind, self.token
        if kind in ("mark", "end") or (kind == "keyword" and not keywords):
            raise self.expected(what)
        self.scan()
        if kind == "html":
            text = _without_markup(token)
            return text.replace("\\", "\\\\") if value else text
        if kind != "quoted":
            return token
        text = _unquoted(token)
        while self.skip("+"):
            if self.kind != "quoted":
                raise self.expected("a quoted string after +")
            text += _unquoted(self.token)
            self.scan()
        return text

    # Statements

    def graph(self) -> Graph:
        self.skip("strict")
        if self.at("graph"):
            raise self.error(
                self.offset, "an undirected graph; a machine needs a digraph with edges ->"
            )
        self.require("digraph", "'digraph'")
        if self.kind not in ("mark", "end", "keyword"):
            self.result.name = self.name("a name")
        self.require("{", "'{'")
        self.statements(_Scope())
        if self.kind != "end":
            raise self.expected("the end of the file after the graph's '}'")
        return self.result

    def statements(self, scope: _Scope) -> None:
        """All statements up to the closing brace."""
        while True:
            if self.kind in ("name", "number", "quoted"):
                self.simple_statements(scope)
            if self.skip("}"):
                return
            if self.kind == "end":
                raise self.expected("'}'")
            if not self.skip(";"):
                self.statement(scope)

    def simple_statements(self, scope: _Scope) -> None:
        """As many nodes and edges of the plain form as there are in a row."""
        nodes = self.result.nodes
        begin = position = self.offset
        while match := _SIMPLE.match(self.text, position):
            offset, names = match.start("source"), [match["source"]]
            if match["target"] is not None:
                names.append(match["target"])
            if not _KEYWORDS.isdisjoint(name.lower() for name in names):
                break
            attributes = self.simple_lists.get(match["list"])
            if attributes is None:
                attributes = self.simple_lists[match["list"]] = {
                    key.strip('"'): value.strip('"')
                    for key, value in _PAIR.findall(match["list"])
                    if key.strip('"') in _MEANT
                }
            names = [name.strip('"') for name in names]
            for name in names:
                self.add_node(name, scope, offset)
            if match["target"] is None:
                nodes[names[0]].attributes.update(attributes)
            else:
                merged = scope.edge | attributes if scope.edge else attributes
                self.add_edge(names[0], names[1], merged, offset)
            position = match.end()
        if position > begin:
            self.position = position
            self.scan()

    def statement(self, scope: _Scope) -> None:
        if self.at("graph", "node", "edge"):
            kind = self.token.lower()
            self.scan()
            if not self.at("["):
                raise self.expected(f"'[' after {kind!r}")
            attributes = self.attributes()
            if kind == "node":
                scope.node = scope.node | attributes
            elif kind == "edge":
                scope.edge = scope.edge | attributes
            elif scope.is_root:
                self.result.attributes.update(attributes)
            return
        offset = self.offset
        if self.at("{", "subgraph"):
            ends = [self.subgraph(scope)]
        else:
            key = self.name("a node, an edge, an attribute or '}'")
            if self.skip("="):
                text = self.name(f"a value of {shown(key)}", value=True)
                if scope.is_root and key in _MEANT:
                    self.result.attributes[key] = text
                return
            ends = [self.nodes(key, scope, offset)]
        while self.at("->", "--"):
            if self.at("--"):
                raise self.error(offset, "an undirected edge; in a digraph write -> instead of --")
            self.scan()
            begin = self.offset
            is_group = self.at("{", "subgraph")
            name = "" if is_group else self.name("a node after ->")
            ends.append(self.subgraph(scope) if is_group else self.nodes(name, scope, begin))
        attributes = self.attributes()
        for member in ends[0] if len(ends) == 1 else ():
            self.result.nodes[member].attributes.update(attributes)
        attributes = scope.edge | attributes
        for sources, targets in pairwise(ends):
            for source, target in product(sources, targets):
                self.add_edge(source, target, attributes, offset)

    def subgraph(self, scope: _Scope) -> Members:
        """The nodes of a subgraph, which inherits the defaults and keeps its own to itself."""
        if self.skip("subgraph") and self.kind not in ("mark", "end", "keyword"):
            self.name("a name")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(self.offset, f"more than {MAX_DEPTH} nested subgraphs")
        self.require("{", "'{' after 'subgraph'")
        inner = _Scope(scope.node, scope.edge, is_root=False)
        self.statements(inner)
        self.depth -= 1
        scope.members.update(inner.members)
        return inner.members

    def nodes(self, name: str, scope: _Scope, offset: int) -> Members:
        """One node, or several with commas between them, each with ports that are passed over."""
        found: Members = {}
        while True:
            while self.skip(":"):
                self.name("a port after ':'")
            self.add_node(name, scope, offset)
            found[name] = None
            if not self.skip(","):
                return found
            offset = self.offset
            name = self.name("a node after ','")

    def add_node(self, name: str, scope: _Scope, offset: int) -> None:
        """The node of that name, made with the defaults of the scope where it is new."""
        scope.members[name] = None
        if name in self.result.nodes:
            return
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
        while self.skip("["):
            while not self.skip("]"):
                if self.skip(";", ","):
                    continue
                key = self.name("an attribute or ']'", keywords=True)
                text = "true"
                if self.skip("="):
                    text = self.name(f"a value of {shown(key)}", keywords=True, value=True)
                if key in _MEANT:
                    found[key] = text
        return found


def _unquoted(token: str) -> str:
    r"""The characters of a quoted string; only \" and a line's continuation are undone here."""
    undone = {'"': '"', "\n": ""}
    return re.sub(r"\\(.)", lambda m: undone.get(m[1], m[0]), token[1:-1], flags=re.DOTALL)


def _without_markup(token: str) -> str:
    """The text of an HTML string: line breaks kept, other tags dropped, entities decoded."""
    inner = re.sub(r"<\s*(?:br|/tr)\b[^<>]*>", "\n", token[1:-1], flags=re.IGNORECASE)
    return html.unescape(re.sub(r"<[^<>]*>", "", inner)).strip()
