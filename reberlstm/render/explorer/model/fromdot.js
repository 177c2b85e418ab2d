// Graphviz's DOT as a language for machines: files of the project, and drawings that mark their start and
// accepting states. What reberlstm/formats/dot.py guesses in others is refused here.

import { CONVERT, Draft, EMPTY_OUTPUT } from "./draft.js";
import { lineAt, parseDot } from "./dotsyntax.js";
import { inputOutput, isList, symbolsOf } from "./labels.js";
import { quoted, SPACE, strip } from "./texts.js";

const START = "__start0";
const LABELS = ["label", "xlabel", "headlabel", "taillabel"];
const START_NAMES = ["", "start", "init", "initial", "begin", "entry"];
const NO_SHAPES = ["none", "point", "plaintext", "plain"];
const ACCEPTING_SHAPES = ["doublecircle", "doubleoctagon", "tripleoctagon", "mdoublecircle"];
const CHANCE = String.raw`(?:0?\.\p{Nd}+|[01]\.?|1\.0*|0\.0*|\p{Nd}(?:\.\p{Nd}+)?e-\p{Nd}+)`;
const WEIGHTED = new RegExp(`^(?:.*?[^${SPACE}:,;|/(\\[=][${SPACE}]*[:,;|/(\\[=][${SPACE}]*)?(${CHANCE})[${SPACE}]*[)\\]]?$`, "su");
const FRACTION = new RegExp(`^.+:[${SPACE}]*(?!\\p{Nd}[${SPACE}]*$)[^${SPACE}]+[${SPACE}]*$`, "su");
const REFERENCE = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]\w{1,9}));/g;
const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', epsilon: "ε", lambda: "λ", Sigma: "Σ", nbsp: "\xa0" };

/** The machine of a text. Throws an Error. */
export function readDot(text, where) {
  if (text.includes("\ufeff")) throw new Error(`${where}: a byte order mark (U+FEFF) within the text; remove it`);
  const graph = parseDot(text, where);
  const draft = new Draft(
    where,
    `mark it by an edge from a node without a shape: ${START} [shape=none]; ${START} -> q0;`,
    (offset) => (typeof offset === "number" ? `, line ${lineAt(text, offset)}` : ""),
  );
  draft.alphabet = declaredAlphabet(draft, graph.attributes);
  const isOurs = draft.alphabet !== null && draft.alphabet.length > 0;
  draft.drawn = !isOurs;
  const plain = (label, offset) => (isOurs ? label : label.replace(REFERENCE, (...found) => character(draft, offset, found)));
  draft.name = ownText(graph.attributes, "name", graph.name);
  draft.title = ownText(graph.attributes, "title", plain(labelOf(graph.attributes), null));
  draft.source = ownText(graph.attributes, "source");
  const tails = arrowTails(graph);
  const heads = arrowHeads(graph);
  const unused = isOurs ? new Set() : leftOver(graph);
  for (const [key, node] of graph.nodes) {
    if (!tails.has(key) && !heads.has(key) && !unused.has(key)) addState(draft, key, node, plain);
  }
  if (!isOurs) splitOutputs(draft);
  const edges = [];
  for (const edge of graph.edges) {
    if (tails.has(edge.source)) draft.initial.add(draft.state(edge.target, edge.offset));
    else if (heads.has(edge.target)) draft.accepting.add(draft.state(edge.source, edge.offset));
    else edges.push(edge);
  }
  addEdges(draft, edges, isOurs, plain, graph.name);
  if (draft.accepting.size === 0 && draft.outputs.size === 0 && !isOurs) {
    draft.notes.push("no accepting state is marked, by a double circle or otherwise; none accepts");
  }
  return draft.finish();
}

/** The symbols of a file that says them; in others each label speaks for itself. */
function declaredAlphabet(draft, attributes) {
  if (!attributes.has("alphabet")) return null;
  let alphabet = null;
  try {
    alphabet = JSON.parse(unescaped(attributes.get("alphabet")));
  } catch {
    // It is told below.
  }
  if (Array.isArray(alphabet) && alphabet.every((symbol) => typeof symbol === "string")) return alphabet;
  throw draft.error(null, `the graph's attribute “alphabet”: expected a JSON list of texts, found ${quoted(attributes.get("alphabet"))}`);
}

function addState(draft, key, { offset, attributes }, plain) {
  const number = draft.state(key, offset, ownText(attributes, "state", plain(labelOf(attributes, key), offset)));
  if (isAccepting(attributes)) draft.accepting.add(number);
  if (isFlag(attributes, "initial", "start", "root")) draft.initial.add(number);
  if (attributes.has("output")) draft.outputs.set(number, ownText(attributes, "output"));
  if (attributes.has("stop")) draft.stop.set(number, numberOf(draft, attributes, "stop", offset));
}

/** Parts the labels "name|output" of a Moore machine; refuses others that may be a name and an output. */
function splitOutputs(draft) {
  const { names } = draft;
  if (draft.outputs.size > 0 || names.length === 0) return;
  const hasBar = (name) => strip(name).slice(1).includes("|");
  if (!names.every(hasBar)) {
    const pair = names.find((name) => hasBar(name) || inputOutput(name) !== null);
    if (pair === undefined) return;
    throw draft.error(null, `${quoted(pair)} may be a state's name with its output, or a name alone; ${CONVERT}`);
  }
  names.forEach((label, number) => {
    const bar = label.indexOf("|");
    names[number] = withoutBraces(label.slice(0, bar));
    draft.outputs.set(number, withoutBraces(label.slice(bar + 1)) || EMPTY_OUTPUT);
  });
}

const withoutBraces = (text) => strip(strip(text).replace(/^\{/, "").replace(/\}$/, ""));

function addEdges(draft, edges, isOurs, plain, graphName) {
  const labels = edges.map((edge) => labelOfEdge(draft, edge, isOurs, plain));
  if (!isOurs) {
    if (graphName === "FST") throw draft.error(null, `a drawing of OpenFST; ${CONVERT}`);
    const slashed = labels.findIndex((label) => inputOutput(label) !== null);
    if (slashed >= 0) {
      throw draft.error(edges[slashed].offset, `the label ${quoted(labels[slashed])} has a slash: an output, an action or a list; ${CONVERT}`);
    }
    if (areChances(labels)) {
      throw draft.error(edges[0].offset, `all labels are weighted like ${quoted(labels[0])}: probabilities are no symbols; write them as probability="0.5" beside the label`);
    }
    noteGuesses(draft, labels);
  }
  edges.forEach(({ source, target, attributes, offset }, index) => {
    const label = labels[index];
    const ends = [draft.find(source), draft.find(target)];
    const probability = attributes.has("probability") ? numberOf(draft, attributes, "probability", offset) : null;
    const symbols = attributes.has("symbol") ? [label || null] : symbolsOf(label, draft.alphabet ?? []);
    for (const symbol of symbols) draft.arrow(ends[0], symbol, ends[1], offset, probability);
  });
}

/** Whether all labels are, or end in, numbers that may be probabilities. */
function areChances(labels) {
  const found = labels.map((label) => WEIGHTED.exec(strip(label)));
  if (found.length === 0 || !found.every(Boolean)) return false;
  return labels.every((label) => FRACTION.test(label)) || found.some(([, chance]) => ![0, 1].includes(Number(chance)));
}

function labelOfEdge(draft, { source, target, attributes, offset }, isOurs, plain) {
  const label = attributes.has("symbol") ? ownText(attributes, "symbol") : edgeLabel(attributes);
  if (label !== null) return plain(label, offset);
  throw draft.error(offset, `the edge from ${quoted(source)} to ${quoted(target)} has no label; give it a symbol`);
}

function noteGuesses(draft, labels) {
  const list = labels.find(isList);
  if (list !== undefined) draft.notes.push(`labels such as ${quoted(list)} were read as several symbols; separate symbols by commas to say so`);
  if (labels.some((label) => label !== "" && strip(label) === "")) {
    draft.notes.push("labels of blanks were read as the blank itself, a symbol; where they mean no symbol, write ε");
  }
}

function numberOf(draft, attributes, key, offset) {
  const text = attributes.get(key);
  if (/^ *[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)? *$/i.test(text)) return Number(text);
  throw draft.error(offset, `${key}: expected a number, found ${quoted(text)}`);
}

/** The character that a reference such as &#949; stands for. */
function character(draft, offset, [whole, decimal, hexadecimal, name]) {
  if (name !== undefined) {
    if (Object.hasOwn(NAMED, name)) return NAMED[name];
    throw draft.error(offset, `the reference ${quoted(whole)}; write the character itself`);
  }
  const code = decimal === undefined ? parseInt(hexadecimal, 16) : Number(decimal);
  return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : whole;
}

// What attributes say

const lower = (attributes, key) => strip(attributes.get(key) ?? "").toLowerCase();

const isFlag = (attributes, ...keys) => keys.some((key) => ["true", "yes", "1"].includes(lower(attributes, key)));

/** An attribute of the project's own, whose text has the escapes of JSON. */
const ownText = (attributes, key, otherwise = "") => (attributes.has(key) ? unescaped(attributes.get(key)) : otherwise);

/** A label as Graphviz shows it: \n, \l and \r end a line, \N is the node's name. */
function labelOf(attributes, otherwise = "", key = "label") {
  const meant = { n: "\n", l: "\n", r: "\n", N: otherwise };
  return (attributes.get(key) ?? "").replace(/\\(.)/gsu, (_, sign) => meant[sign] ?? sign) || otherwise;
}

/** The label of an edge, whichever attribute has it; null where there is none. */
function edgeLabel(attributes) {
  const key = LABELS.find((each) => attributes.has(each));
  return key === undefined ? null : labelOf(attributes, "", key);
}

/** A text without the escapes of JSON. */
function unescaped(value) {
  const plain = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };
  return value.replace(/\\(u[0-9a-fA-F]{4}|.)/gsu, (_, code) => (code.length === 5 ? String.fromCharCode(parseInt(code.slice(1), 16)) : (plain[code] ?? code)));
}

// How drawings mark start and end: by arrows from and to nodes that are no states, and by shapes.

/** The nodes that stand for the arrow at a start state: no edge leads to them. */
function arrowTails({ nodes, edges }) {
  const entered = new Set(edges.map(({ target }) => target));
  const free = edges.filter(({ source }) => !entered.has(source));
  const unlabelled = endsOf(free, (edge) => [edge.source, !isLabelled(edge)]);
  const toSeen = endsOf(free, ({ source, target }) => [source, !isUnseen(target, nodes.get(target))]);
  const isTail = ([key, node]) =>
    !entered.has(key) && (key === START || (unlabelled.has(key) && looksLikeNoState(key, node)) || (toSeen.has(key) && isUnseen(key, node)));
  return new Set([...nodes].filter(isTail).map(([key]) => key));
}

/** The nodes that stand for the arrow at an accepting state: they cannot be seen, no edge leaves them. */
function arrowHeads({ nodes, edges }) {
  const leaving = new Set(edges.map(({ source }) => source));
  const last = edges.filter(({ target }) => !leaving.has(target));
  const unlabelled = endsOf(last, (edge) => [edge.target, !isLabelled(edge)]);
  return new Set([...unlabelled].filter((key) => isUnseen(key, nodes.get(key))));
}

/** The nodes that cannot be seen and have no edges, unless all are such. */
function leftOver({ nodes, edges }) {
  const ends = new Set(edges.flatMap(({ source, target }) => [source, target]));
  const lone = [...nodes].filter(([key, node]) => !ends.has(key) && isUnseen(key, node)).map(([key]) => key);
  return new Set(lone.length < nodes.size ? lone : []);
}

/** The ends of edges for which something is true of all their edges. */
function endsOf(edges, of) {
  const found = edges.map(of);
  const not = new Set(found.filter(([, isSo]) => !isSo).map(([end]) => end));
  return new Set(found.map(([end]) => end).filter((end) => !not.has(end)));
}

const isLabelled = ({ attributes }) => attributes.has("symbol") || strip(edgeLabel(attributes) ?? "") !== "";

function isAccepting(attributes) {
  const peripheries = lower(attributes, "peripheries");
  const isDouble = /^[0-9]+$/.test(peripheries) && !["", "1"].includes(peripheries.replace(/^0+/, ""));
  return ACCEPTING_SHAPES.includes(lower(attributes, "shape")) || isDouble || isFlag(attributes, "accepting", "final");
}

function looksLikeNoState(key, { attributes }) {
  return (
    key.startsWith("__start") ||
    START_NAMES.includes(key.toLowerCase()) ||
    NO_SHAPES.includes(lower(attributes, "shape")) ||
    lower(attributes, "style").includes("invis") ||
    (attributes.has("label") && strip(labelOf(attributes)) === "")
  );
}

/** Whether a node is a mere point, invisible, or has neither a border nor a name to see. */
function isUnseen(key, { attributes }) {
  const shape = lower(attributes, "shape");
  const name = attributes.has("label") ? labelOf(attributes) : key;
  const hasNoBorder = NO_SHAPES.includes(shape) && START_NAMES.includes(strip(name).toLowerCase());
  return shape === "point" || lower(attributes, "style").includes("invis") || hasNoBorder;
}
