// The project's own files of machines, TOML, as reberlstm/formats/toml.py reads them.

import { parse } from "../vendor/toml.js";
import { makeSound } from "./soundness.js";
import { quoted } from "./texts.js";

const TEXTS = ["name", "title", "source"];
const LISTS = ["alphabet", "accepting"];
const TABLES = ["transitions", "probabilities", "stop", "outputs"];
const KEYS = [...TEXTS, "alphabet", "start", "accepting", ...TABLES];
const REQUIRED = ["alphabet", "start", "transitions"];
const MOST_VALUES = 20000;

const SIGN = /"""|'''|["'#]|[^\S \t\r\n]|\r(?!\n)/g;
const UP_TO_END = {
  '"""': /(?:[^\\]|\\.)*?"{3,5}/sy,
  "'''": /.*?'{3,5}/sy,
  '"': /[^"\\\n]*(?:\\.[^"\\\n]*)*"/sy,
  "'": /[^'\n]*'/y,
  "#": /[^\n]*/y,
};

/** The machine that a text describes. Throws an Error. */
export function readToml(text, where) {
  // The library looks for each key's end through all that follows.
  if ((text.match(/[=,.]/g) ?? []).length > MOST_VALUES) throw new Error(`${where}: too many values for a machine that a page can draw`);
  if (hasStrayBlank(text)) throw new Error(`${where}: not TOML: a blank that is no space, tab or end of a line; replace it by a space`);
  const data = table(parsed(text, where));
  if (data.has("counters")) {
    throw new Error(`${where}: a machine with counters; the page draws finite machines: \`reberlstm fsm bound ${where} --counters 10 -o machine.toml\` makes one`);
  }
  try {
    return built(data);
  } catch (error) {
    throw new Error(`${where}: ${error.message}`, { cause: error });
  }
}

/** Whether there are blanks that TOML knows only within texts; the library passes over them elsewhere, too. */
function hasStrayBlank(text) {
  SIGN.lastIndex = 0;
  for (let sign = SIGN.exec(text); sign; sign = SIGN.exec(text)) {
    const rest = UP_TO_END[sign[0]];
    if (!rest) return true;
    rest.lastIndex = SIGN.lastIndex;
    if (!rest.test(text)) return false; // a text that never ends, which the library tells
    SIGN.lastIndex = rest.lastIndex;
  }
  return false;
}

function parsed(text, where) {
  try {
    return parse(text, { maxDepth: 50 });
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const message = error.message.replace("Invalid TOML document: ", "");
    throw new Error(`${where}${error.line ? `, line ${error.line}` : ""}: not TOML: ${message}`, { cause: error });
  }
}

function built(data) {
  for (const key of data.keys()) if (!KEYS.includes(key)) throw new Error(`unknown key ${quoted(key)}; a machine has ${KEYS.join(", ")}`);
  for (const key of REQUIRED) if (!data.has(key)) throw new Error(`“${key}” is missing; a machine needs ${REQUIRED.join(", ")}`);
  for (const key of [...TEXTS, "start"]) expect(data, key, "a text", (value) => typeof value === "string");
  for (const key of LISTS) expect(data, key, "a list of texts", (value) => Array.isArray(value) && value.every((each) => typeof each === "string"));
  for (const key of TABLES) expect(data, key, "a table", isTable);
  const lines = (key) => [...table(data.get(key) ?? {})].map(([state, line]) => {
    if (!isTable(line)) throw new Error(`${key} of state ${quoted(state)} must be a table, not ${quoted(line)}`);
    return [state, table(line)];
  });
  return makeSound({
    ...Object.fromEntries([...TEXTS, "start", ...LISTS].filter((key) => data.has(key)).map((key) => [key, data.get(key)])),
    accepting: data.get("accepting") ?? [],
    states: lines("transitions"),
    probabilities: new Map(lines("probabilities")),
    stop: table(data.get("stop") ?? {}),
    outputs: table(data.get("outputs") ?? {}),
  });
}

function expect(data, key, what, is) {
  if (data.has(key) && !is(data.get(key))) throw new Error(`“${key}” must be ${what}, not ${quoted(data.get(key))}`);
}

const isTable = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** A table with the keys as they stand in the file, see scripts/vendor_page.py. */
const table = (value) => new Map(Object.entries(value).map(([key, item]) => [key.slice(1), item]));
