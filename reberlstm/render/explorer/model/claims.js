// What is claimed of a net: after which words which heads must say what; and nodes, which are what is
// remembered of a word when this is proved.

import { isAccepting, legalSymbols, LOST, nextState } from "./machine.js";
import { initial, step } from "./net.js";

const GRID = 4; // states are told apart to one over this; active cells are at about 0.76

/**
 * The words and answers to be proved right, as judge.js has them. States of the machine are numbered
 * as words come to them, `names` being the machine's own numbers. For each state `goingOn` has pairs
 * [symbol, state], and `right` what the heads must say: +1 where a row must say yes, −1 where no.
 */
export function makeClaim(machine, net) {
  const all = net.claims === "all";
  const names = [machine.start];
  const goingOn = [];
  const asked = (name) => all || (name !== LOST && legalSymbols(machine, name, net.onViolation).length > 0);
  for (const name of names) {
    const legal = legalSymbols(machine, name, net.onViolation);
    const steps = [];
    for (const symbol of all ? machine.alphabet.keys() : legal) {
      const target = nextState(machine, name, symbol, net.onViolation);
      if (!asked(target)) continue;
      if (!names.includes(target)) names.push(target);
      steps.push([symbol, names.indexOf(target)]);
    }
    goingOn.push(steps);
  }
  const legal = net.heads.legal && names.map((name) => signs(legalSymbols(machine, name, net.onViolation), machine.alphabet.length));
  const accept = net.heads.accept && (all || !legal) && names.map((name) => Int8Array.of(isAccepting(machine, name) ? 1 : -1));
  const missing = all && !accept ? "The net claims to be right after every string, but has no head that says whether a word may end." : "";
  const right = names.map((_, state) => ({ ...(legal && { legal: legal[state] }), ...(accept && { accept: accept[state] }) }));
  return { scope: net.claims, names, goingOn, right, heads: Object.keys(right[0]), fault: all ? "" : fault(machine, goingOn, right), missing };
}

function signs(legal, count) {
  const row = new Int8Array(count).fill(-1);
  for (const symbol of legal) row[symbol] = 1;
  return row;
}

/** Why nothing is asked of the net, in a sentence; empty where something is. */
function fault(machine, goingOn, right) {
  if (goingOn[0].length === 0) return "No word can go on after its first symbol, so nothing is asked of the net.";
  const asked = goingOn.flat().map(([, target]) => target);
  if (right[0].legal || !machine.accepting.includes(true) || asked.some((state) => right[state].accept[0] > 0)) return "";
  return "No word that may end can go on, so a net that always says no would be right.";
}

/**
 * The nodes that words of the claim come to, {stride, states, last, from}: a state of the machine and what
 * is `remembered(state, symbols)` of the symbols before. Node 0 is the empty word alone. Boxes are needed
 * after every `stride` symbols only; `from[node]` are the branches that go on: {symbol, state, next} with
 * further branches, or at the end {symbol, state, target}. Null where there are more than `most` steps.
 */
export function unfold(claim, remembered, most, stride = 1) {
  const states = [0];
  const last = [[]];
  const numbers = new Map();
  const from = [];
  let steps = 0;
  const nodeOf = (state, symbols) => {
    const known = remembered(state, symbols);
    const key = `${state} ${known}`;
    if (!numbers.has(key)) {
      numbers.set(key, states.length);
      states.push(state);
      last.push(known);
    }
    return numbers.get(key);
  };
  const branches = (before, symbols, depth) =>
    claim.goingOn[before].map(([symbol, state]) => {
      const known = [...symbols, symbol];
      steps += 1;
      if (steps > most) return null;
      return depth === 1 ? { symbol, state, target: nodeOf(state, known) } : { symbol, state, next: branches(state, known, depth - 1) };
    });
  for (let node = 0; node < states.length && steps <= most; node++) from.push(branches(states[node], last[node], stride));
  return steps > most ? null : { stride, states, last, from };
}

/** To remember k symbols. */
export const lastSymbols = (k) => (_, known) => (k === 0 ? [] : known.slice(-k));

/**
 * To remember of the last symbol only to which place it leads; null where that would not help. A state
 * of a compiled net may have several cells, of which the last symbol tells the active one, and then
 * symbols that lead to the same cell share a box. What is found with it is proved like anything else.
 */
export function sharedSymbols(net, claim) {
  const found = new Map();
  const points = new Map([[0, initial(net)]]);
  for (const [state, before] of points) {
    for (const [symbol, target] of claim.goingOn[state]) {
      const after = step(net, symbol, before);
      const key = `${target} ${symbol}`;
      if (!found.has(key)) found.set(key, new Set());
      found.get(key).add(Array.from(after.read, (value) => Math.round(GRID * value) + 0).join());
      if (!points.has(target)) points.set(target, after);
    }
  }
  const first = new Map();
  const shared = new Map();
  for (const [key, places] of found) {
    const [state, symbol] = key.split(" ");
    const place = `${state} ${[...places].sort().join(" ")}`;
    if (!first.has(place)) first.set(place, Number(symbol));
    shared.set(key, first.get(place));
  }
  const targets = new Set([...found.keys()].map((key) => key.split(" ")[0]));
  if (first.size <= targets.size || first.size > net.cells.length + 2) return null;
  return (state, known) => [shared.get(`${state} ${known.at(-1)}`)];
}
