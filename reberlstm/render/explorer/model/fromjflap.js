// JFLAP's files (.jff) of finite automata and Moore machines, with the places of their states, as
// reberlstm/formats/jflap.py reads them.

import { CONVERT, Draft, EMPTY_OUTPUT } from "./draft.js";
import { MAX_LABEL } from "./labels.js";
import { quoted, strip } from "./texts.js";

const TYPES = ["fa", "moore", "mealy"];
const KEPT = ["state", "transition"];
const RANGE = /\[(.)-(.)\]/su;
const EPSILON = ["", "ε", "λ"];
const MOST_TAGS = 20000;
const MOST_DEPTH = 50;

/** The machine of a text, and the places of its states where it gives them all. Throws an Error. */
export function readJflap(text, where) {
  const draft = new Draft(where, "put <initial/> into the element of one state");
  const found = { type: "", transitions: [], places: new Map() };
  walk(draft, found, rootOf(draft, text), null, 1);
  if (found.type === "mealy") throw draft.error(null, `a Mealy machine, whose outputs stand at arrows; ${CONVERT}`);
  const exact = draft.alphabet !== null;
  const readLabel = makeLabels(draft, found.transitions.map(({ parts }) => valueOf(draft, parts.get("read") ?? "")), exact);
  for (const { parts } of found.transitions) {
    const [source, target] = ["from", "to"].map((part) => endOf(draft, parts, part));
    for (const word of readLabel(valueOf(draft, parts.get("read") ?? ""))) addWord(draft, source, word, target);
  }
  if (found.type === "moore") {
    for (const number of draft.names.keys()) if (!draft.outputs.has(number)) draft.outputs.set(number, EMPTY_OUTPUT);
  } else if (draft.accepting.size === 0 && !exact) {
    draft.notes.push("no state is <final/>; none accepts");
  }
  const finished = draft.finish();
  const places = [...found.places].map(([number, place]) => [draft.names[number], place]);
  return { ...finished, positions: places.length === draft.names.length ? Object.fromEntries(places) : null };
}

function rootOf(draft, text) {
  if (/<!DOCTYPE/.test(text)) throw draft.error(null, "a document type declaration, which a JFLAP file has not; remove it");
  if (text.split("<").length > MOST_TAGS) throw draft.error(null, "too many elements for a machine that a page can draw");
  const page = new DOMParser().parseFromString(text, "application/xml");
  const fault = page.getElementsByTagName("parsererror")[0];
  if (fault) throw draft.error(/line (?:number )?(\d+)/i.exec(fault.textContent)?.[1], "not XML; look for a tag that is not closed near there");
  const root = page.documentElement;
  if (root.localName !== "structure") throw draft.error(null, `expected the element <structure> of a JFLAP file, found <${root.localName.slice(0, 40)}>`);
  if (root.hasAttribute("type")) throw draft.error(null, `a file of JFLAP 8, a test version; ${CONVERT}`);
  return root;
}

/** Goes through the elements; each is read when it ends. Returns the texts of what is in it by name. */
function walk(draft, found, element, parent, depth) {
  if (depth > MOST_DEPTH) throw draft.error(null, `elements nested more than ${MOST_DEPTH} deep`);
  const name = element.localName;
  if (name === "alphabet") draft.alphabet ??= [];
  const parts = new Map();
  for (const child of element.children) {
    const text = walk(draft, found, child, name, depth + 1);
    if (name === "transition" && parts.has(child.localName)) throw draft.error(null, `a second <${child.localName}> in one <transition>`);
    if (KEPT.includes(name)) parts.set(child.localName, text);
  }
  const text = textOf(element);
  if (name === "transition") {
    found.transitions.push({ parts });
  } else if (name === "state") {
    addState(draft, found, element, parts);
  } else if (name === "type" && parent === "structure") {
    found.type = strip(text);
    if (!TYPES.includes(found.type)) throw draft.error(null, `a JFLAP file of type ${quoted(found.type)}; only finite automata are read`);
  } else if (name === "symbol" && parent === "alphabet") {
    draft.alphabet.push(text);
  }
  return text;
}

/** The text of an element behind the last element in it. */
function textOf(element) {
  let text = "";
  for (let node = element.lastChild; node && node.nodeType !== 1; node = node.previousSibling) {
    if (node.nodeType === 3 || node.nodeType === 4) text = node.data + text;
  }
  return text;
}

function addState(draft, found, element, parts) {
  const key = element.getAttribute("id");
  if (key === null) throw draft.error(null, "a <state> without the attribute “id”");
  if (draft.find(key) !== undefined) throw draft.error(null, `a second <state> with id ${quoted(key)}`);
  const number = draft.state(key, null, element.getAttribute("name") ?? "");
  if (parts.has("initial")) draft.initial.add(number);
  if (parts.has("final")) draft.accepting.add(number);
  if (parts.has("output")) draft.outputs.set(number, valueOf(draft, parts.get("output")) || EMPTY_OUTPUT);
  const place = ["x", "y"].map((axis) => (strip(parts.get(axis) ?? "") === "" ? NaN : Number(parts.get(axis))));
  if (place.every((value) => Math.abs(value) < 1e6)) found.places.set(number, place);
}

/** An element's text: exact in files of ours, else without the blanks of a layout. */
function valueOf(draft, text) {
  const isBlank = text !== "" && strip(text) === "";
  return draft.alphabet !== null || (isBlank && !text.includes("\n")) ? text : strip(text);
}

function endOf(draft, parts, part) {
  if (!parts.has(part)) throw draft.error(null, `a <transition> without a <${part}>`);
  const key = strip(parts.get(part));
  const state = draft.find(key);
  if (state === undefined) throw draft.error(null, `<${part}> ${quoted(key)} names no state of the file`);
  return state;
}

/** Adds an arrow on no symbol, or on several one after the other through new states. */
function addWord(draft, from, word, target) {
  const origin = draft.names[from];
  let source = from;
  word.slice(0, -1).forEach((symbol, index) => {
    const text = `(${source}, ${draft.arrows.length}, ${index + 1})`;
    const between = draft.state(`\0${text}`, null, `${origin}+${index + 1}`, text);
    draft.arrow(source, symbol, between, null);
    source = between;
  });
  draft.arrow(source, word.at(-1) ?? null, target, null);
}

// Labels of several characters: JFLAP itself reads "ab" as a and then b

/** Reads labels as lists of words, mostly of one symbol; what it means depends on all `labels`. */
function makeLabels(draft, labels, exact) {
  const listsWords =
    !exact &&
    labels.some((label) => {
      if (!label.includes(",") || [...label].length > MAX_LABEL) return false;
      const parts = partsOf(label);
      return parts.length > 1 && parts.some((part) => [...part].length > 1 && !RANGE.test(part));
    });
  let noted = false;
  return (label) => {
    if (label === "" || (EPSILON.includes(label) && !exact)) return [[]];
    const characters = [...label];
    if (exact || characters.length === 1) return [[label]];
    if (characters.length > MAX_LABEL) throw draft.error(null, `a label of ${characters.length} characters; the most is ${MAX_LABEL}`);
    const words = partsOf(label).flatMap((part) => {
      if (RANGE.test(part)) return [...part.replace(new RegExp(RANGE, "gsu"), spelledOut)].map((symbol) => [symbol]);
      return listsWords ? [[part]] : [[...part]];
    });
    const found = [...new Map(words.map((word) => [JSON.stringify(word), word])).values()];
    if (!noted) {
      const how = listsWords || found.every((word) => word.length === 1) ? "as symbols of their own" : "one character after the other";
      draft.notes.push(`labels of several characters were read ${how}, such as ${quoted(label)}`);
      noted = true;
    }
    return found;
  };
}

function partsOf(label) {
  const parts = label.split(",").map(strip);
  return parts.every(Boolean) ? parts : [label];
}

function spelledOut(range, from, to) {
  const [first, last] = [from.codePointAt(0), to.codePointAt(0)];
  if (last < first || last >= first + 1000) return range;
  return Array.from({ length: last - first + 1 }, (_, index) => String.fromCodePoint(first + index)).join("");
}
