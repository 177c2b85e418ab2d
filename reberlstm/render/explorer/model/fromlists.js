// Files that list arrows, one a line: AT&T's text (OpenFST, HFST, foma), Mata's, and BA's, as
// reberlstm/formats/att.py, mata.py and ba.py read them.

import { Draft } from "./draft.js";
import { pieces, quoted, SPACE, splitLines, strip, stripEnd } from "./texts.js";

const EPSILON = new Set(["<eps>", "<epsilon>", "<>", "@0@", "@_EPSILON_SYMBOL_@", "ε", "epsilon", "eps"]);
const ANY = new Set(["@_UNKNOWN_SYMBOL_@", "@_IDENTITY_SYMBOL_@"]);
const BLANKS = { "@_SPACE_@": " ", "@_TAB_@": "\t", "@_NEWLINE_@": "\n", "@_RETURN_@": "\r" };
const TOLERANCE = 1e-6;

// AT&T

/** The machine of a text with lines "source target symbol symbol [weight]" and "state [weight]". */
export function readAtt(text, where) {
  const draft = new Draft(where, "the first line's source is it");
  const { arrows, finals } = columnsOf(draft, text);
  if (arrows.length + finals.length === 0) throw draft.error(null, "no lines; a machine has at least one state");
  const weights = weightColumn(draft, arrows);
  const zeroIsEpsilon = isZeroEpsilon(draft, arrows);
  const [first] = [arrows[0], finals[0]].filter(Boolean).sort((a, b) => a.line - b.line);
  draft.initial.add(draft.state(first.columns[0], first.line, first.columns[0]));
  const costs = arrows.map(({ line, columns }) => {
    const [source, target] = columns.slice(0, 2).map((key) => draft.state(key, line, key));
    draft.arrow(source, symbolOf(draft, line, columns[2], zeroIsEpsilon), target, line);
    return weightOf(draft, line, columns, weights);
  });
  const ending = new Map();
  for (const { line, columns } of finals) {
    const state = draft.state(columns[0], line, columns[0]);
    const cost = weightOf(draft, line, columns, 1);
    if (cost === Infinity) continue;
    draft.accepting.add(state);
    ending.set(state, cost);
  }
  if (costs.some(Boolean) || [...ending.values()].some(Boolean)) readProbabilities(draft, costs, ending);
  return draft.finish();
}

/** The lines of arrows and those of accepting states, each split at tabs or blanks. */
function columnsOf(draft, text) {
  const found = { arrows: [], finals: [] };
  const lines = text.includes("\n") ? text.split("\n") : text.split("\r");
  lines.forEach((given, index) => {
    const line = given.replace(/\r$/, "");
    if (strip(line) === "") return;
    const columns = line.includes("\t") ? line.replace(/\t+$/, "").split("\t") : pieces(line);
    if (columns[0] === "--") throw draft.error(index + 1, "a second machine begins here; give each a file of its own");
    if (columns.length > 5 || columns.includes("")) {
      throw draft.error(index + 1, `expected “source target symbol symbol [weight]” or “state [weight]”, found ${quoted(line)}`);
    }
    found[columns.length > 2 ? "arrows" : "finals"].push({ line: index + 1, columns });
  });
  return found;
}

/** Which column holds the weights: the fourth in an acceptor, the fifth where outputs are. */
function weightColumn(draft, arrows) {
  const fours = arrows.filter(({ columns }) => columns.length > 3);
  const changed = fours.find(({ columns: [, , input, output] }) => input !== output && !(EPSILON.has(input) && EPSILON.has(output)));
  if (!changed) return 4;
  const numbers = fours.every(({ columns }) => columns.length === 4 && isNumber(columns[3]));
  if (arrows.every(({ columns }) => columns.length > 3 && EPSILON.has(columns[3]))) {
    draft.notes.push("a transducer that puts nothing out; it was read as the acceptor of its input");
    return 4;
  }
  const integers = fours.every(({ columns }) => columns.slice(2, 4).every((column) => /^[0-9]+$/.test(column)));
  if (numbers && !integers) return 3;
  const [, , input, output] = changed.columns;
  const hint = numbers ? "; where these are weights, write them with a decimal point" : "";
  throw draft.error(changed.line, `${quoted(input)} becomes ${quoted(output)}: a transducer; only machines whose output is their input are read${hint}`);
}

function isZeroEpsilon(draft, arrows) {
  const labels = arrows.map(({ columns }) => columns[2]);
  if (!labels.includes("0") || !labels.every((label) => /^\p{Nd}+$/u.test(label))) return false;
  if (labels.some((label) => [...label].length > 1)) return true;
  draft.notes.push("0 was read as a symbol; where it means no symbol, write <eps>");
  return false;
}

function symbolOf(draft, line, column, zeroIsEpsilon) {
  if (EPSILON.has(column) || (zeroIsEpsilon && column === "0")) return null;
  if (ANY.has(column)) throw draft.error(line, `${column} stands for any symbol outside the alphabet; spell the symbols out`);
  return Object.entries(BLANKS).reduce((text, [name, blank]) => text.replaceAll(name, blank), column);
}

/** The weight in a column, 0 where the line has none. */
function weightOf(draft, line, columns, place) {
  if (columns.length <= place) return 0;
  if (!isNumber(columns[place])) throw draft.error(line, `expected a weight, found ${quoted(columns[place])}`);
  return numberOf(columns[place]);
}

const numberOf = (column) => (/inf/i.test(column) ? (column.startsWith("-") ? -Infinity : Infinity) : Number(column));

/** Whether Python's `float` reads it as a number, but for digits with _ between them. */
const isNumber = (column) => /^[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf(?:inity)?)$/i.test(column);

/** Turns weights into probabilities where they are the negative logarithms of such. */
function readProbabilities(draft, costs, finalCosts) {
  const chanceOf = (cost) => Math.exp(Math.min(-cost, 700));
  const chances = costs.map(chanceOf);
  const goingOn = new Map();
  draft.arrows.forEach(({ source }, index) => goingOn.set(source, (goingOn.get(source) ?? 0) + chances[index]));
  const ending = new Map([...finalCosts].map(([state, cost]) => [state, chanceOf(cost)]));
  for (const [state, name] of draft.names.entries()) {
    const total = (goingOn.get(state) ?? 0) + (ending.get(state) ?? 0);
    if (Math.abs(total - 1) > TOLERANCE && (goingOn.has(state) || total > 0)) {
      draft.notes.push(`the weights were left out: those of state ${quoted(name)} are no negative logarithms of probabilities, whose sum would be 1`);
      return;
    }
  }
  draft.arrows.forEach((arrow, index) => {
    if (goingOn.get(arrow.source)) arrow.probability = chances[index] / goingOn.get(arrow.source);
  });
  for (const [state, chance] of ending) if (goingOn.has(state)) draft.stop.set(state, Math.min(1, chance));
}

// Mata

const TOKEN = new RegExp(`[${SPACE}]*(?:"((?:[^"\\\\]|\\\\.)*)"|(#.*)|([^${SPACE}"#][^${SPACE}"]*))`, "suy");
const NO_SYMBOL = "4294967295"; // Mata's number for it, the largest of 32 bits

/** The machine of Mata's text, "@NFA-explicit". */
export function readMata(text, where) {
  const draft = new Draft(where, "name it, as in %Initial q0");
  const keys = { Initial: [], Final: [] };
  const epsilon = new Set([NO_SYMBOL]);
  let section = "";
  for (const [number, tokens] of tokenLines(draft, text)) {
    const [first, ...others] = tokens;
    if (first.startsWith("@")) {
      if (section) throw draft.error(number, "a second automaton begins here; give each its own file");
      section = first.slice(1);
      if (section.toUpperCase() !== "NFA-EXPLICIT") throw draft.error(number, `an automaton of type ${quoted(section)}; only NFA-explicit is read, whose symbols are written out`);
    } else if (!section) {
      throw draft.error(number, `expected @NFA-explicit, found ${quoted(first)}`);
    } else if (first.startsWith("%")) {
      const key = first.slice(1);
      if (Object.hasOwn(keys, key)) keys[key].push(...others.filter((name) => name !== "&" && name !== "|").map((name) => [number, name]));
      else if (key === "Epsilon") others.forEach((symbol) => epsilon.add(symbol));
      else if (key === "Alphabet-enum") draft.alphabet = [...new Set([...(draft.alphabet ?? []), ...others])];
      else if (key.startsWith("Levels")) throw draft.error(number, "a transducer; only machines without output are read");
    } else {
      const rest = others.filter((word) => word !== "&");
      if (rest.length !== 2) throw draft.error(number, "expected “source symbol target”");
      const [source, target] = [first, rest[1]].map((key) => draft.state(key, number, key));
      draft.arrow(source, epsilon.has(rest[0]) ? null : rest[0], target, number);
    }
  }
  for (const [number, name] of keys.Initial) draft.initial.add(draft.state(name, number, name));
  for (const [number, name] of keys.Final) draft.accepting.add(draft.state(name, number, name));
  if (!section) throw draft.error(null, "expected @NFA-explicit, found nothing");
  return draft.finish();
}

/** The tokens of each line that has some; a backslash at its end goes on in the next line. */
function tokenLines(draft, text) {
  const found = [];
  let begun = null;
  splitLines(text).forEach((given, index) => {
    const line = given.replace(/\\$/, "");
    const tokens = tokensOf(draft, index + 1, stripEnd(line));
    if (begun) begun[1].push(...tokens);
    else if (tokens.length > 0) found.push((begun = [index + 1, tokens]));
    if (!given.endsWith("\\")) begun = null;
  });
  return found;
}

function tokensOf(draft, number, line) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < line.length) {
    const match = TOKEN.exec(line);
    if (!match) throw draft.error(number, "a text in quotes begins here and is never closed");
    const [, inQuotes, comment, plain] = match;
    if (comment === undefined) tokens.push(plain ?? inQuotes.replace(/\\(.)/gsu, "$1"));
  }
  return tokens;
}

// BA

const ARROW = /^([^,\n]+),([^,\n]+?)->([^,\n]+)$/su;

/** The machine of a text with lines "symbol,source->target", read as one of finite words. */
export function readBa(text, where) {
  const draft = new Draft(where, "the first line is it");
  const ends = [];
  splitLines(text).forEach((given, index) => {
    const line = strip(given);
    if (line === "") return;
    const match = ARROW.exec(line);
    if (match) {
      if (ends.length > 0) throw draft.error(index + 1, "an arrow after the accepting states");
      const [symbol, ...names] = match.slice(1).map(strip);
      const [source, target] = names.map((name) => draft.state(name, index + 1, name));
      if (draft.initial.size === 0) draft.initial.add(source);
      draft.arrow(source, symbol, target, index + 1);
    } else if (line.includes(",") || line.includes("->")) {
      throw draft.error(index + 1, `expected a state or “symbol,source->target”, found ${quoted(line)}`);
    } else if (draft.arrows.length === 0) {
      if (draft.initial.size > 0) throw draft.error(index + 1, "a second initial state; the format has one");
      draft.initial.add(draft.state(line, index + 1, line));
    } else {
      ends.push([index + 1, line]);
    }
  });
  draft.accepting = new Set(ends.map(([line, name]) => draft.state(name, line, name)));
  if (ends.length === 0) {
    draft.accepting = new Set(draft.names.keys());
    draft.notes.push("no accepting states are listed, which means that all accept");
  }
  draft.notes.push("a .ba file, read as a machine of finite words; as a Büchi automaton, which reads infinite ones, it means another language");
  return draft.finish();
}
