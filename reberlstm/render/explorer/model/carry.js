// A machine as a short text in a link: letters, digits and - . _ * only, which no address escapes.
//
//   1_parity__0.1_0_even.a..01_odd...10
//
// Version, name, title, alphabet, number of the start, then the states. A state is its name, its marks
// ("a": accepting), its place ("120-80") and its line: for each symbol the number of the next state,
// or - where there is none; the rest of the line is - as well. Numbers count from 0 in base 36, in a
// line all with as many digits as the last state needs. Where the machine has them there follow:
// output, stop probability, and the probability of each arrow. The source is a last part "s.…" before
// the states. In texts ** is a blank, and any other character is its code in base 16 between two *.
//
// Version 2 is a drawing that is no machine yet: its start, states and symbols may be missing. Where a
// symbol leads from a state to several, the line has the first; the others stand behind the source, as
// numbers of state, symbol and next state with - between all of them.

import { MAX_STATES, makeSound } from "./soundness.js";

const VERSION = "1";
const UNFINISHED = "2";
const BASE = 36;
const TOO_LONG = 200000;

/** The text of a machine, with the places of its states where they are given: {state: [x, y]}. */
export function encodeMachine(machine, positions = null) {
  if (machine.counters) throw new Error("a machine with counters has no link; save it as a file");
  if (!machine.states.includes(machine.start)) throw new Error("the machine has no start state; choose one");
  return written(VERSION, machine, positions, []);
}

/** The text of a drawing, be it a machine or not; `more` are its arrows [{source, symbol, target}] that a machine cannot have. */
export function encodeDrawing(machine, positions, more) {
  if (more.length === 0 && machine.states.includes(machine.start)) {
    const text = encodeMachine(machine, positions);
    try {
      decoded(text);
      return text;
    } catch {
      // Not quite a machine.
    }
  }
  return written(UNFINISHED, machine, positions, more);
}

function written(version, machine, positions, others) {
  const number = new Map(machine.states.map((state, index) => [state, index]));
  const digits = digitsFor(machine.states.length);
  const states = machine.states.map((state) => {
    const line = machine.transitions[state];
    const row = machine.alphabet.map((symbol) => (Object.hasOwn(line, symbol) ? number.get(line[symbol]).toString(BASE).padStart(digits, "0") : "-".repeat(digits)));
    const mark = machine.accepting.includes(state) ? "a" : "";
    const chances = own(machine.probabilities, state);
    const more = [own(machine.outputs, state) ?? "", own(machine.stop, state) ?? ""];
    if (chances) more.push(...machine.alphabet.filter((symbol) => Object.hasOwn(line, symbol)).map((symbol) => chances[symbol]));
    const place = own(positions, state);
    return joined([state, mark, place ? place.map(Math.round).join("-") : "", row.join("").replace(/-+$/, ""), ...more]);
  });
  const codes = others.flatMap(({ source, symbol, target }) => [number.get(source), machine.alphabet.indexOf(symbol), number.get(target)]);
  const start = joined([number.get(machine.start)?.toString(BASE) ?? "", machine.source ?? "", codes.map((value) => value.toString(BASE)).join("-")]);
  return [version, escaped(machine.name ?? ""), escaped(machine.title ?? ""), machine.alphabet.map(escaped).join("."), start, ...states].join("_");
}

/** The machine of such a text and the places of its states, {machine, positions}. Throws an Error. */
export function decodeMachine(text) {
  const { machine, positions, more } = decodeDrawing(text);
  if (more !== null) throw new Error("The link holds no machine but a drawing that is not finished. Finish it in “Draw your own”.");
  return { machine, positions };
}

/** The same of a drawing: `more` are the arrows that a machine cannot have; null where it is a machine. */
export function decodeDrawing(text) {
  try {
    return decoded(String(text));
  } catch (error) {
    throw new Error(`The link holds no machine: ${error.message}. Copy the whole link again.`);
  }
}

function decoded(text) {
  if (text.length > TOO_LONG) throw new Error("it is too long");
  const [version, name, title, symbols, begin, ...rest] = text.split("_");
  const finished = version === VERSION;
  if (!finished && version !== UNFINISHED) throw new Error("it was made by another version of the page");
  if (begin === undefined || (finished && rest.length === 0)) throw new Error("its end is missing");
  const [start, source = "", others = ""] = split(begin);
  const alphabet = symbols === "" ? [] : split(symbols);
  const records = rest.map(split);
  const names = records.map(([state]) => state);
  if (new Set(names).size < names.length) throw new Error("a state stands twice in it");
  const digits = digitsFor(names.length);
  const found = { outputs: new Map(), stop: new Map(), probabilities: new Map(), places: [] };
  const states = records.map((record) => [record[0], readState(record, { alphabet, names, digits, ...found })]);
  const accepting = names.filter((_, index) => records[index][1] === "a");
  const parts = { name: unescaped(name), title: unescaped(title), source, alphabet, start: names[numberOf(start)], accepting, states, ...found };
  const positions = found.places.length > 0 ? Object.fromEntries(found.places) : null;
  return finished ? { machine: makeSound(parts), positions, more: null } : { machine: unfinished(parts), positions, more: readOthers(others, names, alphabet) };
}

/** Machine data of what need not be a machine, but for its arrows, which lead from state to state. */
function unfinished({ name, title, source, alphabet, states, start = null, accepting, outputs, stop, probabilities }) {
  const names = states.map(([state]) => state);
  if (names.length > 2 * MAX_STATES) throw new Error("it has too many states");
  const arrows = states.flatMap(([, line]) => [...line]);
  if (names.includes("") || !arrows.every(([symbol, target]) => alphabet.includes(symbol) && names.includes(target))) throw new Error("its end is missing");
  const table = (lines) => Object.fromEntries([...lines].map(([state, line]) => [state, Object.fromEntries(line)]));
  const machine = { name, title, source, alphabet, states: names, start, accepting, transitions: table(states) };
  if (probabilities.size) machine.probabilities = table(probabilities);
  if (stop.size) machine.stop = Object.fromEntries(stop);
  if (outputs.size) machine.outputs = Object.fromEntries(outputs);
  return machine;
}

function readOthers(text, names, alphabet) {
  const numbers = text === "" ? [] : text.split("-").map(numberOf);
  const found = [];
  for (let at = 0; at < numbers.length; at += 3) found.push({ source: names[numbers[at]], symbol: alphabet[numbers[at + 1]], target: names[numbers[at + 2]] });
  if (!found.every((arrow) => Object.values(arrow).every((part) => part !== undefined))) throw new Error("its end is missing");
  return found;
}

/** The line of a state; what else is known of it goes where it belongs. */
function readState([state, , place = "", row = "", output = "", stop = "", ...chances], { alphabet, names, digits, outputs, stop: stops, probabilities, places }) {
  const line = new Map();
  for (let at = 0; at < row.length; at += digits) {
    const code = row.slice(at, at + digits);
    if (!/^-+$/.test(code)) line.set(alphabet[at / digits], names[numberOf(code)]);
  }
  const spot = /^(-?\d{1,7})-(-?\d{1,7})$/.exec(place);
  if (spot) places.push([state, [Number(spot[1]), Number(spot[2])]]);
  if (output !== "") outputs.set(state, output);
  if (stop !== "") stops.set(state, Number(stop));
  if (chances.length > 0) probabilities.set(state, new Map([...line.keys()].map((symbol, index) => [symbol, Number(chances[index])])));
  return line;
}

const own = (table, key) => (table && Object.hasOwn(table, key) ? table[key] : undefined);

const digitsFor = (states) => (states - 1).toString(BASE).length;

const numberOf = (code) => (/^[0-9a-z]+$/.test(code) ? parseInt(code, BASE) : -1);

const escaped = (text) => String(text).replace(/[^A-Za-z0-9-]/gu, (c) => (c === " " ? "**" : `*${c.codePointAt(0).toString(16)}*`));

const joined = (items) => items.map(escaped).join(".").replace(/\.+$/, "");

const split = (text) => text.split(".").map(unescaped);

function unescaped(text) {
  return text.replace(/\*([0-9a-f]{0,6})\*/g, (_, code) => (code === "" ? " " : String.fromCodePoint(parseInt(code, 16))));
}
