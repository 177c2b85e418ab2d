// The DOT language of Graphviz: from text to nodes and edges, as reberlstm/formats/dot_syntax.py reads
// it, but that HTML strings are passed over in a drawing's layout and refused elsewhere.

import { CONVERT } from "./draft.js";
import { MAX_LABEL } from "./labels.js";
import { quoted, SPACE } from "./texts.js";

const BETWEEN = new RegExp(`(?:[${SPACE}\\ufeff]+|//[^\\n]*|/\\*.*?\\*/|#[^\\n]*)*`, "suy");
const NAME = new RegExp(`(?:[A-Za-z_]|(?![${SPACE}])[^\\0-\\x7f])[A-Za-z0-9_\\x80-\\u{10ffff}]*`, "uy");
const NUMBER = /-?(?:\.\p{Nd}+|\p{Nd}+(?:\.\p{Nd}*)?)/uy;
const LETTER = /[\p{L}\p{N}_]/uy;
const DIGIT = /\p{Nd}/uy;
const QUOTED = /"[^"\\]*(?:\\.[^"\\]*)*"/suy;
const MARK = /->|--|[{}[\]=;,:+]/y;
const MOST_DEPTH = 50;
const MOST_EDGES = 5000;
const MOST_NODES = 1000;

/** The attributes that say something about a machine; the rest is layout. */
const MEANT = new Set(
  ("label xlabel headlabel taillabel shape style peripheries accepting final initial start root state output stop " +
    "symbol probability alphabet name title source").split(" "),
);
const KEYWORDS = ["strict", "graph", "digraph", "node", "edge", "subgraph"];

/** The one directed graph of a text: {name, attributes, nodes: Map, edges}; attributes are Maps. */
export function parseDot(text, where) {
  return new Parser(text, where).graph();
}

/** The number of the line at an offset, from 1. */
export const lineAt = (text, offset) => text.slice(0, offset).split("\n").length;

function match(pattern, text, position) {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
}

/** A recursive descent with one token ahead: its `kind`, its text `token` and its `offset`. */
class Parser {
  constructor(text, where) {
    Object.assign(this, { text, where, position: 0, depth: 0 });
    this.result = { name: "", attributes: new Map(), nodes: new Map(), edges: [] };
    this.scan();
  }

  error(offset, message) {
    return new Error(`${this.where}, line ${lineAt(this.text, offset)}: ${message}`);
  }

  expected(what) {
    return this.error(this.offset, `expected ${what}, found ${this.kind === "end" ? "the end of the file" : quoted(this.token)}`);
  }

  /** Goes on to the next token. */
  scan() {
    const { text } = this;
    const start = (this.offset = this.position + match(BETWEEN, text, this.position).length);
    const name = match(NAME, text, start);
    const string = match(QUOTED, text, start);
    const mark = match(MARK, text, start);
    const number = this.numberAt(start);
    if (start === text.length) this.take("end", "");
    else if (name !== undefined) this.take(KEYWORDS.includes(name.toLowerCase()) ? "keyword" : "name", name);
    else if (number !== undefined) this.take("number", number);
    else if (string !== undefined) this.take("quoted", string);
    else if (mark !== undefined) this.take("mark", mark);
    else if (text[start] === "<") this.take("html", text.slice(start, this.endOfHtml(start)));
    else if (text[start] === '"' || text.startsWith("/*", start)) throw this.error(start, `${text[start] === '"' ? "a text in quotes" : "a comment"} begins here and is never closed`);
    else throw this.error(start, `found ${quoted(String.fromCodePoint(text.codePointAt(start)))}, which cannot stand here; quote it`);
  }

  take(kind, token) {
    Object.assign(this, { kind, token, position: this.offset + token.length });
  }

  /** A number, unless letters follow it. */
  numberAt(start) {
    const number = match(NUMBER, this.text, start);
    const end = start + (number?.length ?? 0);
    return match(LETTER, this.text, end) !== undefined && match(DIGIT, this.text, end) === undefined ? undefined : number;
  }

  endOfHtml(start) {
    let depth = 0;
    for (const { 0: bracket, index } of this.text.slice(start).matchAll(/[<>]/g)) {
      depth += bracket === "<" ? 1 : -1;
      if (depth === 0) return start + index + 1;
      if (depth > MOST_DEPTH) throw this.error(start, `more than ${MOST_DEPTH} nested angle brackets`);
    }
    throw this.error(start, "an HTML text begins here and is never closed");
  }

  at(...texts) {
    return ["mark", "keyword"].includes(this.kind) && texts.includes(this.token.toLowerCase());
  }

  skip(...texts) {
    const found = this.at(...texts);
    if (found) this.scan();
    return found;
  }

  require(text, what) {
    if (!this.skip(text)) throw this.expected(what);
  }

  /** A name, a number or a text in quotes; an HTML text only where `isLayout`. */
  name(what, { keywords = false, isLayout = false } = {}) {
    const { kind, token, offset } = this;
    if (kind === "mark" || kind === "end" || (kind === "keyword" && !keywords)) throw this.expected(what);
    if (kind === "html" && !isLayout) throw this.error(offset, `an HTML text; write it in quotes, or ${CONVERT}`);
    this.scan();
    let text = kind === "quoted" ? unquoted(token) : token;
    while (kind === "quoted" && this.skip("+")) {
      if (this.kind !== "quoted") throw this.expected("a text in quotes after +");
      text += unquoted(this.token);
      this.scan();
    }
    if (text.length > MAX_LABEL && !isLayout) throw this.error(offset, `a text of ${text.length} characters; a label has at most ${MAX_LABEL}`);
    return text;
  }

  graph() {
    this.skip("strict");
    if (this.at("graph")) throw this.error(this.offset, "an undirected graph; a machine needs a digraph with edges ->");
    this.require("digraph", "“digraph”");
    if (!["mark", "end", "keyword"].includes(this.kind)) this.result.name = this.name("a name");
    this.require("{", "“{”");
    this.statements({ node: new Map(), edge: new Map(), isRoot: true, members: new Set() });
    if (this.kind !== "end") throw this.expected("the end of the file after the graph's “}”");
    return this.result;
  }

  /** All statements up to the closing brace. */
  statements(scope) {
    while (!this.skip("}")) {
      if (this.kind === "end") throw this.expected("“}”");
      if (!this.skip(";")) this.statement(scope);
    }
  }

  statement(scope) {
    if (this.at("graph", "node", "edge")) {
      this.defaults(scope);
      return;
    }
    const { offset } = this;
    const ends = [];
    if (this.at("{", "subgraph")) {
      ends.push(this.subgraph(scope));
    } else {
      const key = this.name("a node, an edge, an attribute or “}”");
      if (this.skip("=")) {
        const value = this.name(`a value of ${quoted(key)}`, { isLayout: !MEANT.has(key) });
        if (scope.isRoot && MEANT.has(key)) this.result.attributes.set(key, value);
        return;
      }
      ends.push(this.group(key, scope, offset));
    }
    while (this.at("->", "--")) {
      if (this.at("--")) throw this.error(offset, "an undirected edge; in a digraph write -> instead of --");
      this.scan();
      const begin = this.offset;
      ends.push(this.at("{", "subgraph") ? this.subgraph(scope) : this.group(this.name("a node after ->"), scope, begin));
    }
    const given = this.attributes();
    if (ends.length === 1) for (const member of ends[0]) join(this.result.nodes.get(member).attributes, given);
    const attributes = join(new Map(scope.edge), given);
    for (let index = 1; index < ends.length; index++) {
      for (const source of ends[index - 1]) for (const target of ends[index]) this.addEdge({ source, target, attributes, offset });
    }
  }

  defaults(scope) {
    const kind = this.token.toLowerCase();
    this.scan();
    if (!this.at("[")) throw this.expected(`“[” after “${kind}”`);
    const attributes = this.attributes();
    if (kind !== "graph") scope[kind] = join(new Map(scope[kind]), attributes);
    else if (scope.isRoot) join(this.result.attributes, attributes);
  }

  /** The nodes of a subgraph, which inherits the defaults and keeps its own to itself. */
  subgraph(scope) {
    if (this.skip("subgraph") && !["mark", "end", "keyword"].includes(this.kind)) this.name("a name");
    this.depth += 1;
    if (this.depth > MOST_DEPTH) throw this.error(this.offset, `more than ${MOST_DEPTH} nested subgraphs`);
    this.require("{", "“{” after “subgraph”");
    const inner = { node: scope.node, edge: scope.edge, isRoot: false, members: new Set() };
    this.statements(inner);
    this.depth -= 1;
    for (const member of inner.members) scope.members.add(member);
    return inner.members;
  }

  /** One node, or several with commas between them, each with ports that are passed over. */
  group(first, scope, begin) {
    const found = new Set();
    let [name, offset] = [first, begin];
    for (;;) {
      while (this.skip(":")) this.name("a port after “:”");
      this.addNode(name, scope, offset);
      found.add(name);
      if (!this.skip(",")) return found;
      offset = this.offset;
      name = this.name("a node after “,”");
    }
  }

  addNode(name, scope, offset) {
    scope.members.add(name);
    if (this.result.nodes.has(name)) return;
    if (this.result.nodes.size === MOST_NODES) throw this.error(offset, "more nodes than a page can draw");
    this.result.nodes.set(name, { offset, attributes: new Map(scope.node) });
  }

  addEdge(edge) {
    if (this.result.edges.push(edge) > MOST_EDGES) throw this.error(edge.offset, "more edges than a page can draw");
  }

  /** Any number of bracketed lists of attributes. */
  attributes() {
    const found = new Map();
    while (this.skip("[")) {
      while (!this.skip("]")) {
        if (this.skip(";", ",")) continue;
        const key = this.name("an attribute or “]”", { keywords: true });
        const text = this.skip("=") ? this.name(`a value of ${quoted(key)}`, { keywords: true, isLayout: !MEANT.has(key) }) : "true";
        if (MEANT.has(key)) found.set(key, text);
      }
    }
    return found;
  }
}

function join(table, more) {
  for (const [key, value] of more) table.set(key, value);
  return table;
}

/** The characters of a text in quotes; only \" and a line's continuation are undone here. */
const unquoted = (token) => token.slice(1, -1).replace(/\\(.)/gsu, (both, character) => ({ '"': '"', "\n": "" })[character] ?? both);
