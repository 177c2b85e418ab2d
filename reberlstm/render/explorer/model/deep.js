// Long wrong words, to which no search breadth first can come: what a net forgets slowly, it forgets in
// a loop. So cycles of the machine, the simple ones first, are gone round many times, and after a round all
// short continuations are tried; from where a cycle has led, other cycles are gone round.

import { judge } from "./judge.js";
import { initial, step } from "./net.js";

const CYCLES = 16; // from a state, shortest first
const [OUTER, INNER] = [4, 3]; // so many cycles have another one within, one of so many at each state on the way
const PATHS = 400; // that are tried for them
const EXITS = 40; // continuations from a state, shortest first
const NEAR = [32, 1.15]; // they are tried after so many rounds each, then ever more rarely
const ROUNDS = [48, 3000]; // how often a cycle is gone round: first all of them a few times
const SETTLED = 1e-13; // rounds that move the state by less, and by no more than the one before, change nothing
const ROOTS = 24; // words from whose ends cycles are gone round once more
const TRIES = 10; // wrong words that may fail to be confirmed

/** Yields now and then, and returns a wrong word that is `confirmed`, as search.js reports it, or null. */
export function* searchDeep(machine, net, claim, confirmed) {
  const graph = new Graph(claim);
  let tries = 0;

  /** The answer after a word, if it is wrong beyond doubt. */
  const wrongAfter = (symbols, here, state) => {
    const found = judge(machine, net, symbols.length, claim.names[state], here);
    if (found.verdict !== "wrong" || tries >= TRIES) return null;
    const answer = { word: symbols, offers: here.offers, ...found };
    tries += 1;
    return confirmed(answer) ? answer : null;
  };

  /** A wrong word among the short ones that go on from here. */
  const wrongExit = (root, here) => {
    const reached = [{ state: root.state, here, word: [] }];
    for (const { from, symbol, state } of graph.exits[root.state]) {
      const before = reached[from];
      const after = { state, here: step(net, symbol, before.here), word: [...before.word, symbol] };
      reached.push(after);
      const found = wrongAfter([...root.word, ...after.word], after.here, state);
      if (found) return found;
    }
    return null;
  };

  const wordOf = ({ word }, cycle, rounds) => [...word, ...repeated(cycle, rounds)];

  /** Goes round a cycle; returns {found} or {end}, where it led to. */
  function* pump(root, cycle, most) {
    const { state } = root;
    let { here } = root;
    let checked = 0;
    let moved = 0;
    let path = [];
    for (let round = 1; round <= most; round++) {
      const before = here;
      for (const symbol of cycle) here = step(net, symbol, here);
      path.push(here);
      yield;
      const movedBefore = moved;
      moved = distance(before, here);
      const settled = moved < SETTLED && moved <= movedBefore;
      if (round > NEAR[0] && round < checked * NEAR[1] && !settled && round < most) continue;
      if (wrongExit({ state, word: wordOf(root, cycle, round) }, here)) {
        // The least number of rounds since the last look.
        for (const [k, there] of path.entries()) {
          const found = wrongExit({ state, word: wordOf(root, cycle, checked + 1 + k) }, there);
          if (found) return { found };
        }
      }
      checked = round;
      path = [];
      if (settled) break;
    }
    return { end: { state, here, word: wordOf(root, cycle, checked) } };
  }

  const roots = graph.words.map(({ word, state }) => ({ state, word, here: word.reduce((here, symbol) => step(net, symbol, here), initial(net)) }));
  for (const [cycles, most] of ROUNDS.flatMap((rounds) => [[graph.simple, rounds], [graph.nested, rounds]])) {
    const ends = [];
    for (const root of roots) {
      for (const cycle of cycles[root.state]) {
        const { found, end } = yield* pump(root, cycle, most);
        if (found) return found;
        ends.push(end);
      }
    }
    for (const end of ends.filter((_, k) => k % Math.ceil(ends.length / ROOTS) === 0)) {
      for (const cycle of cycles[end.state]) {
        const { found } = yield* pump(end, cycle, most);
        if (found) return found;
      }
    }
  }
  return null;
}

const repeated = (word, times) => Array.from({ length: times }, () => word).flat();

const distance = (one, other) => Math.max(...one.c.map((x, k) => Math.abs(x - other.c[k])), ...one.h.map((x, k) => Math.abs(x - other.h[k])));

/** Short ways through the states of a claim. */
class Graph {
  constructor({ goingOn }) {
    this.goingOn = goingOn;
    this.exits = goingOn.map((_, state) => this.exitsOf(state));
    this.simple = goingOn.map((_, state) => this.simpleFrom(state));
    this.nested = goingOn.map((_, state) => this.nestedFrom(state));
    this.words = [{ word: [], state: 0 }];
    for (const { word, state } of this.words) {
      for (const [symbol, target] of goingOn[state]) {
        if (!this.words.some((known) => known.state === target)) this.words.push({ word: [...word, symbol], state: target });
      }
    }
  }

  /** Words that go on, shortest first: what each continues (0 being none), its symbol and its state. */
  exitsOf(start) {
    const found = [];
    const states = [start];
    for (let from = 0; from < states.length && found.length < EXITS; from++) {
      for (const [symbol, state] of this.goingOn[states[from]]) {
        found.push({ from, symbol, state });
        states.push(state);
      }
    }
    return found;
  }

  /** Simple cycles with another one within, shortest first, but no simple one that is gone round again. */
  nestedFrom(start) {
    const found = new Map();
    for (const word of this.simple[start].slice(0, OUTER)) {
      let here = start;
      for (let at = 0; at <= word.length; at++) {
        for (const inner of this.simple[here].slice(0, INNER)) {
          const whole = [...word.slice(0, at), ...inner, ...word.slice(at)];
          found.set(whole.join(), whole);
        }
        if (at < word.length) here = this.goingOn[here].find(([symbol]) => symbol === word[at])[1];
      }
    }
    for (const word of this.simple[start]) found.delete(repeated(word, 2).join());
    return [...found.values()].sort((one, other) => one.length - other.length).slice(0, CYCLES);
  }

  /** Words that lead back to a state and to no other state twice, shortest first. */
  simpleFrom(start) {
    const found = [];
    const paths = [{ word: [], states: [start] }];
    for (let at = 0; at < paths.length && at < PATHS && found.length < CYCLES; at++) {
      const { word, states } = paths[at];
      for (const [symbol, target] of this.goingOn[states.at(-1)]) {
        if (target === start) found.push([...word, symbol]);
        else if (!states.includes(target)) paths.push({ word: [...word, symbol], states: [...states, target] });
      }
    }
    return found;
  }
}
