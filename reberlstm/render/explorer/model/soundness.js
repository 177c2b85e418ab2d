// What makes a machine: the same rules as Python's FSM has, and how large it may be in a page.

import { isName, lengthOf, pieces, quoted, some } from "./texts.js";

export const MAX_STATES = 200;
export const MAX_ARROWS = 1000;
const MAX_SYMBOLS = 100;

/** How many characters a name may have, and a title. */
const MAX_NAME = 200;
const MAX_TITLE = 2000;

const TOLERANCE = 1e-6;

/**
 * Machine data from its parts, in the order of the alphabet and without what is empty.
 *
 * `states` are pairs of a name and its line, a Map from symbols to states. `outputs`, `stop` and
 * `probabilities` are Maps from states, and may be left out. Throws an Error where this is no machine.
 */
export function makeSound({ name = "", title = "", source = "", alphabet, start, accepting, states, outputs = new Map(), stop = new Map(), probabilities = new Map() }) {
  const order = new Map(alphabet.map((symbol, index) => [symbol, index]));
  const sorted = (line) => [...line].sort(([a], [b]) => (order.get(a) ?? order.size) - (order.get(b) ?? order.size));
  const lines = new Map(states.map(([state, line]) => [state, new Map(sorted(line))]));
  const chances = new Map([...probabilities].filter(([, line]) => line.size > 0));
  const ends = new Set(accepting);
  const fault =
    faultOfTexts([name, title, source]) ??
    faultOfSize(alphabet, lines, outputs) ??
    faultOfAlphabet(alphabet) ??
    faultOfStates(start, ends, lines) ??
    faultOfArrows(order, lines) ??
    faultOfChances(chances, lines) ??
    faultOfStop(stop, ends, lines) ??
    faultOfOutputs(outputs, lines);
  if (fault) throw new Error(fault);
  const asTable = (table) => Object.fromEntries([...table].map(([state, line]) => [state, Object.fromEntries(sorted(line))]));
  return {
    name,
    title,
    ...(source ? { source } : {}),
    alphabet: [...alphabet],
    states: [...lines.keys()],
    start,
    accepting: [...lines.keys()].filter((state) => ends.has(state)),
    transitions: asTable(lines),
    ...(chances.size ? { probabilities: asTable(chances) } : {}),
    ...(stop.size ? { stop: Object.fromEntries(stop) } : {}),
    ...(outputs.size ? { outputs: Object.fromEntries(outputs) } : {}),
  };
}

function faultOfTexts(texts) {
  const bad = texts.find((text) => text !== "" && !isName(text));
  if (bad !== undefined) return `${quoted(bad)} is not Unicode text`;
  const long = texts.find((text) => lengthOf(text) > MAX_TITLE);
  return long === undefined ? null : `${quoted(long)} has ${lengthOf(long)} characters; a page takes at most ${MAX_TITLE} in a title`;
}

function faultOfSize(alphabet, lines, outputs) {
  const arrows = [...lines.values()].reduce((sum, line) => sum + line.size, 0);
  const names = [...alphabet, ...lines.keys(), ...outputs.values()].filter((name) => typeof name === "string");
  const long = names.find((name) => lengthOf(name) > MAX_NAME);
  if (long !== undefined) return `${quoted(long)} has ${lengthOf(long)} characters; a page takes at most ${MAX_NAME} in a name`;
  const sizes = [[lines.size, MAX_STATES, "states"], [arrows, MAX_ARROWS, "arrows"], [alphabet.length, MAX_SYMBOLS, "symbols"]];
  const [count, most, what] = sizes.find(([number, limit]) => number > limit) ?? [];
  return what && `a machine of ${count.toLocaleString("en")} ${what}; a page takes at most ${most.toLocaleString("en")}; the command line takes more (\`reberlstm explore FILE -o page.html\`)`;
}

function faultOfAlphabet(alphabet) {
  if (alphabet.length === 0) return "the alphabet is empty; give at least one symbol";
  const bad = alphabet.find((symbol) => !isName(symbol));
  if (bad !== undefined) return `symbol ${quoted(bad)} of the alphabet is no text of Unicode characters, or empty`;
  const twice = alphabet.find((symbol, index) => alphabet.indexOf(symbol) < index);
  if (twice !== undefined) return `symbol ${quoted(twice)} stands twice in the alphabet; keep one`;
  const isLong = alphabet.some((symbol) => lengthOf(symbol) !== 1);
  const blank = isLong && alphabet.find((symbol) => pieces(symbol)[0] !== symbol);
  return blank ? `symbol ${quoted(blank)} has white space, which separates the symbols of words when some symbol has several characters; rename it` : null;
}

function faultOfStates(start, ends, lines) {
  if (lines.size === 0) return "the machine has no states; it needs at least one";
  for (const state of lines.keys()) {
    if (!isName(state)) return `state ${quoted(state)} has no name of Unicode characters; rename it`;
  }
  for (const [kind, state] of [["start", start], ...[...ends].map((end) => ["accepting", end])]) {
    if (!lines.has(state)) return `${kind} state ${quoted(state)} is none of the states ${some([...lines.keys()])}`;
  }
  return null;
}

function faultOfArrows(order, lines) {
  for (const [state, line] of lines) {
    for (const [symbol, target] of line) {
      const where = `the arrow from ${quoted(state)} on ${quoted(symbol)}`;
      if (!order.has(symbol)) return `${where}: the symbol is not in the alphabet ${some([...order.keys()])}`;
      if (!lines.has(target)) return `${where} leads to ${quoted(target)}, which is no state`;
    }
  }
  return null;
}

const isChance = (value) => typeof value === "number" && value >= 0 && value <= 1;

function faultOfChances(chances, lines) {
  for (const [state, line] of chances) {
    const where = `probabilities of state ${quoted(state)}`;
    if (!lines.has(state)) return `${where}: there is no such state`;
    for (const [symbol, value] of line) {
      if (!lines.get(state).has(symbol)) return `${where}: no arrow reads ${quoted(symbol)} there`;
      if (!isChance(value)) return `${where}, symbol ${quoted(symbol)}: ${quoted(value)} is no number from 0 to 1`;
    }
    const missing = [...lines.get(state).keys()].filter((symbol) => !line.has(symbol));
    if (missing.length > 0) return `${where}: none is given for ${some(missing)}; give one for each arrow, or for none`;
    const sum = [...line.values()].reduce((total, value) => total + value, 0);
    if (Math.abs(sum - 1) > TOLERANCE) return `${where} sum to ${sum}, not to 1`;
  }
  return null;
}

function faultOfStop(stop, ends, lines) {
  for (const [state, value] of stop) {
    const where = `stop probability of state ${quoted(state)}`;
    if (!lines.has(state)) return `${where}: there is no such state`;
    if (!ends.has(state)) return `${where}: words can end only at accepting states; leave it out`;
    if (!isChance(value)) return `${where}: ${quoted(value)} is no number from 0 to 1`;
    if (lines.get(state).size === 0 && value !== 1) return `${where} is ${value}, but nothing may follow there; leave it out`;
  }
  return null;
}

function faultOfOutputs(outputs, lines) {
  for (const [state, label] of outputs) {
    if (!lines.has(state)) return `output of state ${quoted(state)}: there is no such state`;
    if (!isName(label)) return `output of state ${quoted(state)}: ${quoted(label)} is no text of Unicode characters, or empty`;
  }
  const without = outputs.size > 0 && [...lines.keys()].find((state) => !outputs.has(state));
  return without ? `state ${quoted(without)} has no output; give every state one, or none to any` : null;
}
