// The shortest wrong beginning of a word, breadth first, so that the first one found is shortest.

import { judge } from "./judge.js";
import { initial, step } from "./net.js";
import { isLegal, LOST, nextState } from "./machine.js";

const MAX_TRIED = 300000;
const MAX_NUMBERS = 6e6;
export const MAX_SECONDS = 20;

/**
 * A search that is run in slices of a few milliseconds: `advance(ms)` returns true at the end, and
 * `report()` says at any time what is known. Words that bring the net into the same state, to
 * 12 decimals, at the same node, are taken to have the same future: only the first of them goes on.
 * When none is left, the search is closed, which is no proof. A wrong word that is not `confirmed` is no
 * more than a suspect; the search goes on, and is not closed by it.
 */
export function makeSearch(machine, net, slots, confirmed = () => true) {
  const all = net.claims === "all";
  const queue = [];
  const known = new Set();
  const limit = Math.min(MAX_TRIED, Math.ceil(MAX_NUMBERS / net.cells.length));
  let head = 0;
  let tried = 0;
  let wrong = null;
  let suspect = null;
  let spent = 0;

  function visit(parent, symbol, length, node, state) {
    tried += 1;
    const found = judge(machine, net, length, node, state);
    if (found.verdict === "wrong") {
      const answer = { word: wordOf(parent, symbol), offers: state.offers, ...found };
      if (confirmed(answer)) {
        wrong = answer;
        return;
      }
      suspect ??= answer;
    }
    const key = node + fingerprint(state);
    if (known.has(key)) return;
    known.add(key);
    queue.push({ parent, symbol, length, node, layers: state.layers });
  }

  function wordOf(parent, symbol) {
    const word = symbol === null ? [] : [symbol];
    for (let at = parent; at >= 0 && queue[at].symbol !== null; at = queue[at].parent) {
      word.push(queue[at].symbol);
    }
    return word.reverse();
  }

  function expand() {
    const at = head++;
    const entry = queue[at];
    for (let symbol = 0; symbol < machine.alphabet.length && !wrong; symbol++) {
      if (!all && !isLegal(machine, entry.node, symbol, net.onViolation)) continue;
      const node = nextState(machine, entry.node, symbol, net.onViolation);
      if (!all && node === LOST) continue;
      visit(at, symbol, entry.length + 1, node, step(net, symbol, entry, slots));
    }
    entry.layers = null;
  }

  visit(-1, null, 0, machine.start, initial(net));

  const over = () => wrong !== null || head >= queue.length || tried >= limit || spent > 1000 * MAX_SECONDS;
  return {
    advance(milliseconds) {
      const begin = performance.now();
      while (!over() && performance.now() - begin < milliseconds) expand();
      spent += performance.now() - begin;
      return over();
    },
    report() {
      const length = head < queue.length ? queue[head].length : (queue.at(-1)?.length ?? 0);
      if (wrong) return { status: "wrong", tried, suspect, ...wrong };
      if (head >= queue.length && !suspect) return { status: "closed", tried, configurations: known.size };
      // Words shorter than a suspect are right.
      return { status: over() ? "open" : "searching", tried, suspect, length: suspect ? Math.min(length, suspect.word.length - 1) : length };
    },
  };
}

function fingerprint({ h, c }) {
  return c === h ? text(h) : text(h) + text(c);
}

function text(values) {
  // Adding 0 makes −0 and 0 the same.
  const rounded = values.map((value) => Math.round(value * 1e12) + 0);
  return String.fromCharCode(...new Uint16Array(rounded.buffer));
}
