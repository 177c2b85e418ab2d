// A drawing, and what can be done to it: every function returns a new drawing and changes none.
//
// A drawing is {name, title, alphabet, states: [{name, x, y, ends}], start, arrows: [{source, target,
// symbols}], more, opened}. `more` is what a file may give besides: source, probabilities, stop, outputs.
// `opened` is the print of the machine that has the name, the title and the source. The drawing may be less than a machine: `start` may be null, and two arrows may leave a state with
// the same symbol. `faultsOf` says what is still to be put right, `machineOf` makes the machine of it.

import { arrowsOf } from "../model/arrows.js";

const quoted = (name) => `“${name}”`;

export const EMPTY = { name: "", title: "", alphabet: [], states: [], start: null, arrows: [], more: {}, opened: null };

/** The drawing of a machine as the page's data has it, each state at its place [x, y], with `others`: arrows [{source, symbol, target}] besides. */
export function drawingOf(machine, places, others = []) {
  const { name, title, alphabet, states, start, accepting } = machine;
  const more = Object.fromEntries(["source", "probabilities", "stop", "outputs"].filter((key) => machine[key]).map((key) => [key, machine[key]]));
  const drawn = states.map((state) => ({ name: state, x: places[state][0], y: places[state][1], ends: accepting.includes(state) }));
  const drawing = { name: name ?? "", title: title ?? "", alphabet, states: drawn, start, arrows: arrowsOf(machine), more };
  const whole = others.reduce((each, other) => setArrow(each, other.source, other.target, [...(arrowOf(each, other.source, other.target)?.symbols ?? []), other.symbol]), drawing);
  return { ...whole, opened: printOf(whole) };
}

/** The arrows of a drawing that a machine cannot have: of those that clash all but the first. */
export function othersOf(drawing) {
  return clashesOf(drawing).flatMap(({ source, symbol, targets }) => targets.slice(1).map((target) => ({ source, symbol, target })));
}

/** The same for two drawings that have the same states and arrows. */
function printOf({ states, start, arrows }) {
  const lines = [...states.map(({ name, ends }) => [name, ends]), ...arrows.map(({ source, target, symbols }) => [source, target, ...symbols])];
  return JSON.stringify([start, ...lines.map((line) => JSON.stringify(line)).sort()]);
}

/** What the machine is called, {name, title, source}. One that was opened and changed says so: it is no longer that of its source. */
export function calledOf(drawing) {
  const { name, title, more, opened } = drawing;
  if (opened === null || opened === printOf(drawing)) return { name, title, source: more.source };
  const marked = (text, mark) => (text === "" || text.endsWith(mark) ? text : `${text}${mark}`);
  return { name: marked(name, "-changed"), title: marked(title, " (changed)") };
}

/** Gives the machine a name or a title of its own. */
export function callIt(drawing, key, text) {
  const { name, title } = calledOf(drawing);
  const called = { name, title, [key]: text.trim() };
  if (called.name === name && called.title === title) return drawing;
  return { ...drawing, ...called, more: { ...drawing.more, source: undefined }, opened: null };
}

/** The machine as the page's data has it. Where two arrows clash, the first one counts. */
export function machineOf(drawing) {
  const { alphabet, states, start, arrows, more } = drawing;
  const { source: origin, ...called } = calledOf(drawing);
  // Without a prototype a symbol may have any name, also “constructor” or “__proto__”.
  const transitions = Object.fromEntries(states.map((state) => [state.name, Object.create(null)]));
  for (const { source, target, symbols } of arrows) for (const symbol of symbols) transitions[source][symbol] ??= target;
  const accepting = states.filter((state) => state.ends).map((state) => state.name);
  return { ...called, alphabet, states: states.map((state) => state.name), start, accepting, transitions, ...stillTrue({ ...more, source: origin }, accepting, transitions) };
}

const NO_OUTPUT = "ε";

/** Of what a file gave besides, what the drawing as it is now leaves true. */
function stillTrue({ source, probabilities, stop, outputs }, accepting, transitions) {
  const found = {};
  const same = (a, b) => JSON.stringify(Object.keys(a).sort()) === JSON.stringify(Object.keys(b).sort());
  const only = (table, holds) => Object.fromEntries(Object.entries(table).filter(([state, value]) => holds(state, value)));
  if (source) found.source = source;
  if (probabilities) found.probabilities = only(probabilities, (state, line) => Object.hasOwn(transitions, state) && same(line, transitions[state]));
  if (stop) found.stop = only(stop, (state) => accepting.includes(state));
  if (outputs) found.outputs = Object.fromEntries(Object.keys(transitions).map((state) => [state, Object.hasOwn(outputs, state) ? outputs[state] : NO_OUTPUT]));
  return Object.fromEntries(Object.entries(found).filter(([, value]) => Object.keys(value).length));
}

/** The places of the states: {name: [x, y]}. */
export function spotsOf({ states }) {
  return Object.fromEntries(states.map(({ name, x, y }) => [name, [x, y]]));
}

export function stateOf(drawing, name) {
  return drawing.states.find((state) => state.name === name);
}

export function arrowOf(drawing, source, target) {
  return drawing.arrows.find((arrow) => arrow.source === source && arrow.target === target);
}

/** A new state with the first number that is free for a name; the first state is also the start. */
export function addState(drawing, x, y) {
  let number = drawing.states.length;
  while (stateOf(drawing, String(number))) number += 1;
  const name = String(number);
  return { ...drawing, states: [...drawing.states, { name, x, y, ends: false }], start: drawing.states.length ? drawing.start : name };
}

function changed(drawing, name, change) {
  return { ...drawing, states: drawing.states.map((state) => (state.name === name ? { ...state, ...change } : state)) };
}

export function moveState(drawing, name, x, y) {
  return changed(drawing, name, { x, y });
}

export function setEnds(drawing, name, ends) {
  return changed(drawing, name, { ends });
}

export function setStart(drawing, start) {
  return { ...drawing, start };
}

/** Throws an error with one line where the name is empty or another state has it. */
export function renameState(drawing, name, text) {
  const to = text.trim();
  if (to === name) return drawing;
  if (to === "") throw new Error("A state needs a name.");
  if (stateOf(drawing, to)) throw new Error(`There is a state ${quoted(to)} already. Choose another name.`);
  const renamed = (each) => (each === name ? to : each);
  const arrows = drawing.arrows.map((arrow) => ({ ...arrow, source: renamed(arrow.source), target: renamed(arrow.target) }));
  const table = (value) => (typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([key, each]) => [renamed(key), each])) : value);
  const more = Object.fromEntries(Object.entries(drawing.more).map(([key, value]) => [key, table(value)]));
  return { ...changed(drawing, name, { name: to }), start: renamed(drawing.start), arrows, more };
}

/** Takes a state away, with its arrows. */
export function deleteState(drawing, name) {
  const states = drawing.states.filter((state) => state.name !== name);
  const start = drawing.start === name ? null : drawing.start;
  return withArrows({ ...drawing, states, start }, drawing.arrows.filter(({ source, target }) => source !== name && target !== name));
}

/** Gives an arrow these symbols; without any it is taken away. */
export function setArrow(drawing, source, target, symbols) {
  const others = drawing.arrows.filter((arrow) => arrow.source !== source || arrow.target !== target);
  const place = drawing.arrows.indexOf(arrowOf(drawing, source, target));
  const arrows = symbols.length === 0 ? others : others.toSpliced(place < 0 ? others.length : place, 0, { source, target, symbols });
  return withArrows(drawing, arrows);
}

/** Other arrows; a symbol that the last arrow has lost leaves the alphabet, a new one comes last. */
function withArrows(drawing, arrows) {
  const used = (list) => new Set(list.flatMap(({ symbols }) => symbols));
  const [before, after] = [used(drawing.arrows), used(arrows)];
  const kept = drawing.alphabet.filter((symbol) => after.has(symbol) || !before.has(symbol));
  const alphabet = [...kept, ...[...after].filter((symbol) => !kept.includes(symbol))];
  return { ...drawing, alphabet, arrows: arrows.map((arrow) => ({ ...arrow, symbols: inOrder(arrow.symbols, alphabet) })) };
}

function inOrder(symbols, alphabet) {
  return [...symbols].sort((a, b) => alphabet.indexOf(a) - alphabet.indexOf(b));
}

/** The symbols in a text: commas or spaces stand between them. A symbol with a comma needs spaces. */
export function readSymbols(text, alphabet) {
  const between = alphabet.some((symbol) => symbol.includes(",")) ? /\s+/u : /[\s,]+/u;
  const symbols = text.split(between).filter(Boolean).map((symbol) => (symbol === BLANK && alphabet.includes(" ") ? " " : symbol));
  return [...new Set(symbols)];
}

const BLANK = "␣";

/** The text from which `readSymbols` reads these symbols. */
export function symbolsText(symbols) {
  return symbols.map((symbol) => (symbol === " " ? BLANK : symbol)).join(" ");
}

/** Of two arrows that leave a state with the same symbol, keeps the one to `target`. */
export function keepArrow(drawing, source, symbol, target) {
  const without = (arrow) => (arrow.source === source && arrow.target !== target ? { ...arrow, symbols: arrow.symbols.filter((each) => each !== symbol) } : arrow);
  return withArrows(drawing, drawing.arrows.map(without).filter(({ symbols }) => symbols.length));
}

/** The names of the states that a word can lead to. */
export function reachable({ start, arrows }) {
  const found = new Set(start === null ? [] : [start]);
  for (const name of found) for (const { source, target } of arrows) if (source === name) found.add(target);
  return found;
}

/** The symbols that lead from one state to several: [{source, symbol, targets}]. */
export function clashesOf({ arrows }) {
  const targets = new Map();
  for (const { source, target, symbols } of arrows) {
    for (const symbol of symbols) {
      const key = JSON.stringify([source, symbol]);
      targets.set(key, [...(targets.get(key) ?? []), target]);
    }
  }
  const several = [...targets].filter(([, found]) => found.length > 1);
  return several.map(([key, found]) => ({ source: JSON.parse(key)[0], symbol: JSON.parse(key)[1], targets: found }));
}

/**
 * What is still to be put right before the drawing is a machine, and what may be meant otherwise:
 * [{text, stops, states, remedies: [[words, drawing]]}]. `stops`: it cannot run before that.
 */
export function faultsOf(drawing) {
  const faults = [];
  const { states, arrows, start } = drawing;
  const say = (text, stops, names = [], remedies = []) => faults.push({ text, stops, states: names, remedies });
  if (states.length === 0) say("There is no state yet.", true);
  else if (start === null) {
    const remedies = states.map(({ name }) => [`Start at ${name}`, setStart(drawing, name)]);
    say("No state is the start. Where does a word begin?", true, [], remedies);
  }
  for (const { source, symbol, targets } of clashesOf(drawing)) {
    const remedies = targets.map((target) => [`Keep the one to ${target}`, keepArrow(drawing, source, symbol, target)]);
    say(`From ${quoted(source)} the symbol ${quoted(symbol)} leads to ${listed(targets.map(quoted))}. It may lead to one state only.`, true, [source], remedies);
  }
  if (states.length > 0 && arrows.length === 0) say("Now an arrow: the machine has none yet.", true);
  const found = reachable(drawing);
  const unreached = states.map(({ name }) => name).filter((name) => !found.has(name));
  if (start !== null && arrows.length && unreached.length) {
    const which = unreached.length === 1 ? `the state ${quoted(unreached[0])}` : unreached.length < 5 ? `the states ${listed(unreached.map(quoted))}` : `${unreached.length} states`;
    say(`No word leads to ${which}; shown pale.`, false, unreached);
  }
  if (arrows.length && !states.some(({ ends }) => ends)) say("No word may end yet: no state has a double ring. The net only says what may come next.", false);
  else if (start !== null && arrows.length && !states.some(({ name, ends }) => ends && found.has(name))) say("No word may end yet: no word leads to a state with a double ring.", false);
  return faults;
}

function listed(texts) {
  return texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}
