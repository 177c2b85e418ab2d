// Machines as files: which format a text is in, and the reader of each. The texts mean the same as in
// reberlstm/formats; what only Python reads is refused with the command that converts it.

import { CONVERT } from "./draft.js";
import { readDot } from "./fromdot.js";
import { readJson } from "./fromgraph.js";
import { readJflap } from "./fromjflap.js";
import { readAtt, readBa, readMata } from "./fromlists.js";
import { readToml } from "./fromtoml.js";
import { pieces, quoted } from "./texts.js";

const READERS = { toml: (text, where) => ({ machine: readToml(text, where) }), dot: readDot, json: readJson, jflap: readJflap, att: readAtt, mata: readMata, ba: readBa };
const ONLY_PYTHON = { kiss: "a KISS2 table", hoa: "a file of the Hanoi format", scxml: "a state chart (SCXML)" };
const SUFFIXES = {
  toml: "toml", dot: "dot", gv: "dot", jff: "jflap", jflap: "jflap", att: "att", fst: "att",
  json: "json", mata: "mata", ba: "ba", kiss2: "kiss", kiss: "kiss", hoa: "hoa", scxml: "scxml",
};
const SNIFFED = ["txt", "xml"];
const MOST_CHARACTERS = 500000;

// No part of these can match one text in two ways, so none takes long.
const DOT = /^(?:\s|\/\/[^\n]*\n|\/\*[^*]*(?:\*(?!\/)[^*]*)*\*\/|#[^\n]*\n)*(?:strict\s+)?(?:di)?graph\b/i;
const BEGINNINGS = {
  json: /^\{/,
  scxml: /^(?:(?:<\?(?:(?!\?>).)*\?>|<!--(?:(?!-->).)*-->)\s*)*<(?:[\w-]{1,40}:)?scxml\b/s,
  jflap: /^</,
  hoa: /^(?:\/\*[^*]*(?:\*(?!\/)[^*]*)*\*\/\s*)*HOA:/,
  mata: /^(?:#[^\n]*\n\s*)*@[A-Za-z]/,
  kiss: /^(?:#[^\n]*\n\s*)*\.(?:i|o|p|s|r|start_kiss|model|inputs)\b/,
  ba: /^(?:[^\s,]+[ \t\r]*\n\s*)?[^\s,]+,[^\s,>]+->[^\s,]+[ \t\r]*(?:\n|$)/,
};
const TOML_LINE = /^\s*(?:#|\[|(?:"[^"\n]*"|'[^'\n]*'|[\w.-]+)\s*=)/;

/** How a file input names what it takes. */
export const ACCEPTED = Object.keys(SUFFIXES).filter((suffix) => !(SUFFIXES[suffix] in ONLY_PYTHON)).map((suffix) => `.${suffix}`).join(",");

/**
 * The machine that a text describes, {machine, positions, notes}: machine data, the places of its states
 * ({state: [x, y]} or null), and what its author should know, in sentences. The format is that of the
 * name's suffix, or is found out. Throws an Error of one line: what, where, and what to do.
 */
export function readFile(text, name = "") {
  const { refused, machine, positions, notes } = readDrawing(text, name);
  if (refused) throw new Error(sentence(refused.message), { cause: refused });
  return { machine, positions, notes };
}

/** The same, and `more`: the arrows [{source, symbol, target}] because of which it is `refused` as a machine. */
export function readDrawing(text, name = "") {
  const where = name === "" ? "The text" : quoted(name).slice(1, -1);
  try {
    const { machine, positions = null, notes = [], more = [], refused = null } = read(text.replace(/^\ufeff/, ""), name, where);
    if (text.includes("\ufffd")) notes.push("some characters could not be read (�); save the file as UTF-8");
    return { machine, positions, notes: notes.map((note) => sentence(note[0].toUpperCase() + note.slice(1))), more, refused };
  } catch (error) {
    const message = error instanceof RangeError ? `${where}: nested too deeply for a machine` : error.message;
    throw new Error(sentence(message), { cause: error });
  }
}

const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

function read(text, name, where) {
  if (text.length > MOST_CHARACTERS) throw new Error(`${where}: ${Math.round(text.length / 1000)} kB of text; a page reads at most ${MOST_CHARACTERS / 1000} kB`);
  const format = formatOf(name, where) ?? sniff(text);
  if (format === "att" && sniff(text) === "ba") throw new Error(`${where}: a Büchi automaton (.ba), which reads infinite words; call it .ba to read it as one of finite words`);
  if (text.includes("\0")) throw new Error(`${where}: a NUL character: this is no text file`);
  if (format in ONLY_PYTHON) throw new Error(`${where}: ${ONLY_PYTHON[format]}, which the page does not read; ${CONVERT}`);
  return READERS[format](text, where);
}

/** The format that a file's suffix names; null where it has none, or one that says little. */
function formatOf(name, where) {
  const suffix = /[^./\\]\.([^./\\]*)$/.exec(name)?.[1].toLowerCase();
  if (suffix === undefined || suffix === "" || SNIFFED.includes(suffix)) return null;
  if (suffix === "gz") throw new Error(`${where}: a compressed file; unpack it first`);
  if (!Object.hasOwn(SUFFIXES, suffix)) throw new Error(`${where}: the suffix ${quoted(`.${suffix}`)} names no format of machines; the page reads ${ACCEPTED.replaceAll(",", " ")}`);
  return SUFFIXES[suffix];
}

/** The format of a text without a name, by how it begins; TOML where nothing else fits. */
function sniff(text) {
  const start = text.trimStart();
  if (DOT.test(text)) return "dot";
  const format = Object.keys(BEGINNINGS).find((each) => BEGINNINGS[each].test(start));
  if (format) return format;
  const [first] = start.split("\n", 1);
  const columns = pieces(first).length;
  return !TOML_LINE.test(first) && columns >= 1 && columns <= 5 ? "att" : "toml";
}

/** The text of a TOML file that Python reads as this machine. Throws an Error where it is no machine. */
export function writeToml(machine) {
  if (machine.counters) throw new Error("a machine with counters; the page writes finite machines");
  const lines = ["name", "title", "source"].filter((key) => machine[key]).map((key) => `${key} = ${textOf(machine[key])}`);
  for (const key of ["alphabet", "start", "accepting"]) lines.push(`${key} = ${valueOf(machine[key])}`);
  for (const key of ["transitions", "probabilities", "stop", "outputs"]) {
    const table = machine[key] ?? {};
    const states = machine.states.filter((state) => Object.hasOwn(table, state));
    if (states.length > 0) lines.push("", `[${key}]`, ...states.map((state) => `${keyOf(state)} = ${valueOf(table[state], machine.alphabet)}`));
  }
  const text = `${lines.join("\n")}\n`;
  readToml(text, machine.name || "the machine");
  return text;
}

const keyOf = (text) => (/^[A-Za-z0-9_-]+$/.test(text) ? text : textOf(text));

/** JSON's text is TOML's, but that TOML wants DEL escaped as well. */
const textOf = (text) => JSON.stringify(text).replaceAll("\x7f", "\\u007f");

function valueOf(value, alphabet) {
  if (typeof value === "string") return textOf(value);
  if (typeof value === "number") return Number.isInteger(value) ? `${value}.0` : String(value);
  if (Array.isArray(value)) return `[${value.map((item) => valueOf(item)).join(", ")}]`;
  const inner = alphabet.filter((symbol) => Object.hasOwn(value, symbol)).map((symbol) => `${keyOf(symbol)} = ${valueOf(value[symbol])}`);
  return inner.length > 0 ? `{ ${inner.join(", ")} }` : "{}";
}
