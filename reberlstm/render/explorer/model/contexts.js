// How many of the last symbols a node remembers: more where states lie further apart.
//
// Most nets forget most words quickly, but some slowly: after a long run of one symbol the state may
// still move. So words are sampled, and of their states those after the same last symbols are compared:
// where they lie further apart than some spread, one more symbol is remembered (a tree of contexts, J.
// Rissanen, 1983). All this only guesses which boxes to look for: what is found is proved like any other.

import { initial, step } from "./net.js";

const WORDS = 100; // words that are followed
const LENGTH = 150; // for so many symbols
const SOME = 24; // states that are kept of each state of the machine
const MOST = 2000; // contexts, after which there would be too many nodes
const DEPTH = 64; // the most symbols

/** Random numbers that are the same each time (Park and Miller 1988). */
function makeRandom() {
  let seed = 1;
  return () => (seed = (seed * 48271) % 2147483647) / 2147483647;
}

/** A state in numbers that have bounds: tanh c of what no gate reads. */
const numbersOf = ({ h, c }) => (c === h ? [...h] : [...h, ...c.map(Math.tanh)]);

/** For each state of the machine some states of the net that words come to, many of them with long runs. */
export function* sampled(net, claim) {
  const random = makeRandom();
  const found = claim.goingOn.map(() => []);
  for (let word = 0; word < WORDS; word++) {
    const liking = [1, 4, 16][word % 3];
    let [state, here] = [0, initial(net)];
    const likes = claim.goingOn.map((steps) => steps.map(() => random() ** liking + 1e-9));
    for (let t = 0; t < LENGTH; t++) {
      const steps = claim.goingOn[state];
      if (steps.length === 0) [state, here] = [0, initial(net)];
      else {
        let left = random() * likes[state].reduce((all, one) => all + one, 0);
        const chosen = likes[state].findIndex((one) => (left -= one) <= 0);
        const [symbol, target] = steps[Math.max(0, chosen)];
        here = step(net, symbol, here);
        state = target;
        found[state].push(here);
      }
    }
    yield;
  }
  return found.map((states) => someOf(states, random));
}

/** Some of the states: the outermost in each number, and others. */
function someOf(states, random) {
  if (states.length <= SOME) return states;
  const chosen = new Set();
  const all = states.map(numbersOf);
  for (let k = 0; k < all[0].length && chosen.size < SOME; k++) {
    let [least, most] = [0, 0];
    all.forEach((numbers, n) => {
      if (numbers[k] < all[least][k]) least = n;
      if (numbers[k] > all[most][k]) most = n;
    });
    chosen.add(least).add(most);
  }
  for (let n = 0; n < SOME; n++) chosen.add(Math.floor(random() * states.length));
  return [...chosen].map((n) => states[n]);
}

const keyOf = (state, symbols) => `${state} ${symbols}`;

/**
 * What nodes remember so that states lie no further apart than a spread, for boxes after every `stride`
 * symbols: the longest of the last symbols after which one more was needed. Null where that is too much.
 */
export function* contexts(net, claim, samples, spread, stride) {
  const sources = claim.goingOn.map(() => []);
  claim.goingOn.forEach((steps, source) => steps.forEach(([symbol, target]) => sources[target].push([symbol, source])));
  const longer = new Map();
  // Each context with the states of the machine from which its symbols lead to its own.
  let front = samples.flatMap((states, state) => (states.length ? [{ state, last: [], begins: [state] }] : []));
  for (let depth = 0; front.length > 0 && depth < DEPTH; depth++) {
    const wide = [];
    for (const context of front) {
      yield;
      if (apart(net, samples, context) > spread) wide.push(context);
    }
    for (const { state, last } of wide) longer.set(keyOf(state, last), { state, last });
    if (longer.size > MOST) return null;
    front = wide.flatMap(({ state, last, begins }) => {
      const before = new Map();
      for (const begin of begins) for (const [symbol, source] of sources[begin]) before.set(symbol, [...(before.get(symbol) ?? []), source]);
      return [...before].map(([symbol, found]) => ({ state, last: [symbol, ...last], begins: found }));
    });
  }
  close(sources, longer, stride);
  if (longer.size > MOST) return null;
  return (state, known) => {
    let length = 0;
    while (length < known.length && longer.has(keyOf(state, known.slice(known.length - length)))) length += 1;
    return known.slice(known.length - length);
  };
}

/** How far apart the symbols of a context leave the sampled states. */
function apart(net, samples, { last, begins }) {
  let least = null;
  let most = null;
  for (const begin of begins) {
    for (const state of samples[begin]) {
      const numbers = numbersOf(last.reduce((here, symbol) => step(net, symbol, here), state));
      least = least ? least.map((x, k) => Math.min(x, numbers[k])) : numbers;
      most = most ? most.map((x, k) => Math.max(x, numbers[k])) : numbers;
    }
  }
  return least ? Math.max(...most.map((x, k) => x - least[k])) : 0;
}

/** Adds contexts, so that a node remembers enough to tell what the nodes after it remember. */
function close(sources, longer, stride) {
  const pending = [...longer.values()];
  for (const { state, last } of pending) {
    const length = last.length - stride;
    if (length < 0 || longer.size > MOST) continue;
    let before = new Set([state]);
    for (const symbol of last.slice(length).reverse()) {
      before = new Set([...before].flatMap((target) => sources[target].filter(([on]) => on === symbol).map(([, source]) => source)));
    }
    for (const source of before) {
      // All beginnings of a longer context are there already, or are added here.
      for (let start = 0; start <= length; start++) {
        const found = { state: source, last: last.slice(start, length) };
        const key = keyOf(source, found.last);
        if (longer.has(key)) break;
        longer.set(key, found);
        pending.push(found);
      }
    }
  }
}
