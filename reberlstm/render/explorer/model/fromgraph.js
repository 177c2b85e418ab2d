// Node-link JSON, as networkx writes graphs, read as reberlstm/formats/json.py does.

import { Draft } from "./draft.js";
import { isXstate, readXstate } from "./fromxstate.js";
import { NumberText, parseJson } from "./jsontext.js";
import { MAX_LABEL, symbolsOf } from "./labels.js";
import { quoted } from "./texts.js";

const ACCEPTING = ["accepting", "is_accepting", "final", "is_final", "accept"];
const INITIAL = ["start", "initial", "is_start", "is_initial"];
const TEXTS = ["name", "title", "source"];
const ENDS = ["source", "target"];

/** The machine of a text: node-link data, or a machine of XState. Throws an Error. */
export function readJson(text, where) {
  const data = parseJson(text, where);
  const reader = isXstate(data) ? readXstate : readGraph;
  return reader(data, new Draft(where, reader.hint, (path) => (path ? `: ${path}` : "")));
}

readGraph.hint = 'name it in "graph": {"start": …}';
function readGraph(data, draft) {
  const top = asTable(draft, data, "the file");
  if (top.get("directed") === false) throw draft.error("directed", "false: a machine needs a directed graph");
  const nodes = itemsOf(draft, top, "nodes");
  const edges = itemsOf(draft, top, top.has("edges") || !top.has("links") ? "edges" : "links");
  const arrows = arrowsIn(nodes, edges);
  const ids = nodes.filter(([, node]) => !arrows.has(node)).map(([path, node]) => addNode(draft, asTable(draft, node, path), path));
  const graph = top.get("graph") ?? new Map();
  readAttributes(draft, asTable(draft, Array.isArray(graph) ? pairsOf(graph) : graph, "graph"));
  const byPosition = arePositions(draft, ids, edges, Array.isArray(graph) && top.has("links"));
  draft.drawn = !draft.alphabet?.length;
  for (const [path, edge] of edges) if (!arrows.has(edge)) addEdge(draft, asTable(draft, edge, path), path, byPosition);
  return draft.finish();
}

/** Whether the ends of edges are positions of nodes, as networkx 1 wrote them, and not ids. */
function arePositions(draft, ids, edges, isCertain) {
  const ends = edges.flatMap(([, edge]) => (edge instanceof Map ? ENDS.filter((key) => edge.has(key)).map((key) => edge.get(key)) : []));
  const isInteger = (value) => value instanceof NumberText && value.isInteger;
  const fit = ends.every((end) => isInteger(end) && end.value >= 0 && end.value < ids.length);
  if (ends.length === 0 || !fit || ids.every((id, index) => id instanceof NumberText && id.value === index)) return false;
  const known = new Set(ids.filter((id) => !Array.isArray(id)).map(String));
  if (isCertain || !ends.every((end) => known.has(String(end)))) {
    draft.notes.push("sources and targets were read as positions in the list of nodes, as networkx 1 wrote them");
    return true;
  }
  if (ids.every(isInteger)) draft.notes.push("sources and targets were read as ids of nodes; networkx 1 wrote positions in the list of nodes");
  return false;
}

/** Adds a state; the result is its id as it stands in the file. */
function addNode(draft, node, path) {
  if (!node.has("id")) throw draft.error(path, "“id” is missing");
  const name = nameOf(draft, node.get("id"), `${path}.id`);
  if (draft.find(name) !== undefined) throw draft.error(`${path}.id`, `a second node ${quoted(name)}`);
  const number = draft.state(name, path, name);
  if (isMarked(draft, node, ACCEPTING, path)) draft.accepting.add(number);
  if (isMarked(draft, node, INITIAL, path)) draft.initial.add(number);
  const output = node.get("output") ?? null;
  if (output !== null) draft.outputs.set(number, scalar(draft, output, `${path}.output`));
  const stop = node.get("stop") ?? null;
  if (stop !== null) draft.stop.set(number, numberOf(draft, stop, `${path}.stop`));
  return node.get("id");
}

function readAttributes(draft, graph) {
  for (const key of TEXTS) {
    const value = graph.has(key) ? graph.get(key) : "";
    expect(draft, typeof value === "string", "a text", value, `graph.${key}`);
    draft[key] = value;
  }
  if (graph.has("alphabet")) {
    const given = graph.get("alphabet");
    expect(draft, Array.isArray(given), "a list of symbols", given, "graph.alphabet");
    draft.alphabet = given.map((symbol, index) => scalar(draft, symbol, `graph.alphabet[${index}]`));
  }
  const key = INITIAL.find((each) => graph.has(each));
  if (key) draft.initial.add(stateOf(draft, graph, key, "graph"));
}

function addEdge(draft, edge, path, byPosition) {
  const [source, target] = ENDS.map((key) => (byPosition && edge.has(key) ? edge.get(key).value : stateOf(draft, edge, key, path)));
  const given = edge.get("probability") ?? null;
  const probability = given === null ? null : numberOf(draft, given, `${path}.probability`);
  for (const symbol of symbolsIn(draft, edge, path)) draft.arrow(source, symbol, target, path, probability);
}

function symbolsIn(draft, edge, path) {
  const key = ["symbol", "label"].find((each) => edge.has(each)) ?? "key";
  if (key === "key" && typeof edge.get("key") !== "string") throw draft.error(path, "“symbol” is missing: what the arrow reads");
  if (edge.get(key) === null) return [null];
  const text = scalar(draft, edge.get(key), `${path}.${key}`);
  return key === "label" ? symbolsOf(text, draft.alphabet ?? []) : [text || null];
}

// Values

function expect(draft, isSo, what, value, path) {
  if (!isSo) throw draft.error(path, `expected ${what}, found ${quoted(value)}`);
}

function asTable(draft, value, path) {
  expect(draft, value instanceof Map, "an object", value, path);
  return value;
}

function itemsOf(draft, top, key) {
  if (!top.has(key)) throw draft.error(null, `“${key}” is missing; is this node-link JSON?`);
  expect(draft, Array.isArray(top.get(key)), "a list", top.get(key), key);
  return top.get(key).map((item, index) => [`${key}[${index}]`, item]);
}

/** The number of a node that is named. */
function stateOf(draft, table, key, path) {
  if (!table.has(key)) throw draft.error(path, `“${key}” is missing`);
  const name = nameOf(draft, table.get(key), `${path}.${key}`);
  const number = draft.find(name);
  if (number === undefined) throw draft.error(`${path}.${key}`, `${quoted(name)} is no node of the file`);
  return number;
}

/** The name of a state: a text, a number, or a list of them, which was a tuple. */
function nameOf(draft, value, path) {
  if (!Array.isArray(value) || value.length === 0) return scalar(draft, value, path);
  return `(${value.map((item) => scalar(draft, item, path)).join(", ")})`;
}

function scalar(draft, value, path) {
  if (value instanceof NumberText && !value.isInteger) throw draft.error(path, `${quoted(String(value))} is a number with a point; write names in quotes`);
  if (typeof value === "boolean") return value ? "True" : "False";
  expect(draft, typeof value === "string" || value instanceof NumberText, "a text or a number", value, path);
  if (String(value).length > MAX_LABEL) throw draft.error(path, `a text of ${String(value).length} characters; a label has at most ${MAX_LABEL}`);
  return String(value);
}

function numberOf(draft, value, path) {
  expect(draft, value instanceof NumberText, "a number", value, path);
  return value.value;
}

function isMarked(draft, node, keys, path) {
  const key = keys.find((each) => node.has(each));
  if (key === undefined) return false;
  const value = node.get(key) instanceof NumberText ? node.get(key).value : node.get(key);
  expect(draft, [true, false, 1, 0].includes(value), "true or false", node.get(key), `${path}.${key}`);
  return Boolean(value);
}

/** The nodes of pyformlang that stand for the arrows at start states, and their edges. */
function arrowsIn(nodes, edges) {
  const tables = (items) => items.map(([, item]) => item).filter((item) => item instanceof Map);
  if (!tables(nodes).some((node) => node.get("is_start") === true)) return new Set();
  const isTail = (node) => !node.has("is_start") && typeof node.get("id") === "string" && node.get("id").startsWith("starting_");
  const tails = new Map(tables(nodes).filter(isTail).map((node) => [node.get("id"), node]));
  const isEmpty = (label) => label instanceof NumberText ? label.value === 0 : !label || label.length === 0 || label.size === 0;
  return new Set([...tails.values(), ...tables(edges).filter((edge) => tails.has(edge.get("source")) && isEmpty(edge.get("label")))]);
}

/** The attributes of a graph that networkx 1.9 wrote as a list of pairs. */
const pairsOf = (graph) => new Map(graph.filter((pair) => Array.isArray(pair) && pair.length === 2 && typeof pair[0] === "string"));
