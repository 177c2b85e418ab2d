// Is a net right after words of every length? Proved, refuted by a word, or unknown.
//
// A proof is a box for every node, a state of the machine with some of the last symbols: the state of
// the net is in the box after every word that leads to the node. The start is in its box, every step
// leads from a box into the next one, and the heads are right on all of every box. So the net is right
// after words of every length, computed in real numbers. What the browser rounds is allowed for, see
// model/intervals.js. `certify` of the Python package does the same, in the same order.

import { BoxNet } from "./boxes.js";
import { lastSymbols, makeClaim, sharedSymbols, unfold } from "./claims.js";
import { contexts, sampled } from "./contexts.js";
import { searchDeep } from "./deep.js";
import { arithmeticFault, TooLargeError } from "./intervals.js";
import { findInvariant, HopelessError } from "./invariant.js";
import { makeSearch } from "./search.js";
import { beginning, followed } from "./slopes.js";
import { wordName } from "./verdicts.js";

const MILLISECONDS = 5000;
const BOXES = 50000; // steps between boxes, which are at least as many as boxes
const NUMBERS = 1e7; // entries of derivatives in a round
const SHAPES = [[2, 0.3], [3, 0.1], [3, 0.03], [2, 0.01], [4, 0.01], [4, 0.003], [6, 0.003], [8, 0.001]]; // several steps at once, and how far apart states may lie
const FIRST = 3000; // words that are tried, wrong ones being mostly short, before more symbols are remembered
const PROOFS = 0.75; // the share of the time left for proofs that take long
const [GLANCE, THOROUGH] = [0.1, 0.6]; // and for long wrong words, before and after these proofs
const SHORTER = 0.3; // and to look whether there is a wrong word that is shorter than a long one
const STRIDES = [8, 32, 128]; // how many symbols of a wrong word are followed at once, where one by one does not confirm it
const WORK = 3e7; // for that, in products of numbers in all
const OVERHEAD = 1000; // what each symbol costs besides
const SLICE = 5; // milliseconds of the search at a time
const MARGIN_SLACK = 1e-9; // what is taken off a margin, so that other arithmetic finds it too

/**
 * Decides whether a net (of readNet) is right for a machine (of makeMachine) after every word that it
 * claims to be right after. Plain values, so that a worker can do it. `limits` are `milliseconds` and
 * `boxes`. Returns one of
 *
 * - {verdict: "proved", scope, heads, margin, boxes}: scope and heads say what is proved; the margin is how
 *   far every head stays from a wrong answer; a box is {node, last, low, high, hidden: {low, high}}, the
 *   machine's number of a state (−1 after a violation), the symbols remembered, and between what the memory c
 *   and the hidden state h of every cell are after such words. c may be without a bound, ±Infinity.
 * - {verdict: "refuted", wrong, shortest}: a wrong word as search.js reports it, and whether none is shorter.
 * - {verdict: "unknown", reason, search}: a sentence, and what the search for a wrong word has come to.
 */
export function decide(machine, net, limits = {}) {
  const deciding = makeDeciding(machine, net, limits);
  for (;;) {
    const { done, value } = deciding.next();
    if (done) return value;
  }
}

/** The same in small pieces: a generator that yields the search for a wrong word, and returns the decision. */
export function* makeDeciding(machine, net, { milliseconds = MILLISECONDS, boxes = BOXES } = {}) {
  const unknown = (reason) => ({ verdict: "unknown", reason });
  if (machine.counters) return unknown("The machine counts, and nothing is proved here about counters.");
  const claim = makeClaim(machine, net);
  const fault = arithmeticFault() || claim.fault;
  if (fault) return unknown(fault);
  const end = performance.now() + milliseconds;
  const left = () => Math.max(0, end - performance.now());
  const boxNet = new BoxNet(net);
  const confirmed = confirming(boxNet, claim);
  const search = makeSearch(machine, net, 0, confirmed);
  let reason = claim.missing;

  /** Does a part of the work, until a time. */
  function* within(until, work) {
    for (;;) {
      const { done, value } = work.next();
      if (done) return value;
      if (performance.now() > until) throw new HopelessError("The time was up.");
      yield search;
    }
  }

  /** Tries nodes, of several kinds one after the other. */
  function* prove(kinds, time) {
    const until = performance.now() + time;
    for (const kind of claim.missing ? [] : kinds) {
      try {
        const nodes = yield* within(until, kind());
        if (nodes) return proof(claim, boxNet, nodes, yield* within(until, findInvariant(boxNet, claim, nodes)));
      } catch (failed) {
        if (!(failed instanceof HopelessError)) throw failed;
        reason = failed.message;
        if (performance.now() > until) break;
      }
    }
    return null;
  }

  /** Goes on with the search until so many words have been tried, or all shorter ones than a word. */
  function* tried(count, time, longest = Infinity) {
    const until = performance.now() + time;
    const isOver = ({ tried: number, length }) => number >= count || length >= longest;
    while (performance.now() < until && !isOver(search.report()) && !search.advance(SLICE)) yield search;
    const { status, suspect, ...wrong } = search.report();
    return status === "wrong" ? { verdict: "refuted", wrong: wrongOf(wrong), shortest: !suspect } : null;
  }

  /** Looks for a long wrong word, and where there is one, for a shorter one. */
  function* dive(time) {
    let wrong = null;
    try {
      wrong = yield* within(performance.now() + time, searchDeep(machine, net, claim, confirmed));
    } catch (failed) {
      if (!(failed instanceof HopelessError)) throw failed;
    }
    if (!wrong) return null;
    const { length } = wrong.word;
    const found = yield* tried(Infinity, SHORTER * left(), length - 1);
    return found ?? { verdict: "refuted", wrong: wrongOf(wrong), shortest: search.report().length >= length - 1 };
  }

  const single = (remembered) =>
    function* () {
      yield;
      return remembered && unfold(claim, remembered, boxes);
    };
  let samples = null;
  const composed = ([stride, spread]) =>
    function* () {
      samples ??= yield* sampled(net, claim);
      const remembered = yield* contexts(net, claim, samples, spread, stride);
      return remembered && unfold(claim, remembered, Math.min(boxes, NUMBERS / boxNet.width ** 2), stride);
    };

  // A hand-wired net is proved at once, and wrong words are mostly short: easy questions first.
  const found =
    (yield* prove([single(lastSymbols(0)), single(sharedSymbols(net, claim))], left())) ??
    (yield* tried(FIRST, left())) ??
    (yield* dive(GLANCE * left())) ??
    (yield* prove([...[1, 2, 3].map((k) => single(lastSymbols(k))), ...SHAPES.map(composed)], PROOFS * left())) ??
    (yield* dive(THOROUGH * left())) ??
    (yield* tried(Infinity, left()));
  if (found) return found;
  const report = search.report();
  const word = report.suspect && wordName(machine, report.suspect.word);
  return { ...unknown(word ? `After ${word} an answer is so close to its threshold that rounding decides it.` : reason), search: report };
}

function proof(claim, boxNet, nodes, { boxes, margin }) {
  const found = boxes.map((box, node) => {
    const states = boxNet.split(box);
    const ends = (which, end) => states.flatMap((parts) => which(parts)[end]);
    const memory = (parts) => parts.at(-1);
    const hidden = (parts) => parts[0];
    return {
      node: claim.names[nodes.states[node]],
      last: nodes.last[node],
      low: ends(memory, "low"),
      high: ends(memory, "high"),
      hidden: { low: ends(hidden, "low"), high: ends(hidden, "high") },
    };
  });
  return { verdict: "proved", scope: claim.scope, heads: claim.heads, margin: Math.max(0, margin - MARGIN_SLACK * (1 + margin)), boxes: found };
}

function wrongOf({ word, offers, extra, missing, allowed, ends, endWrong }) {
  return { word, offers, extra, missing, allowed, ends, endWrong };
}

/**
 * Returns a function that tells whether the net is wrong after a word beyond doubt, whatever is rounded on the
 * way. Boxes of single steps widen where a net turns its state, although it forgets; those of several steps at
 * once do so only where one box ends and the next begins.
 */
function confirming(boxNet, claim) {
  let left = WORK;

  function isWrong(word, stride) {
    const state = word.reduce((from, symbol) => claim.goingOn[from].find(([on]) => on === symbol)[1], 0);
    try {
      return boxNet.judged(boxAfter(boxNet, word, stride), claim.right[state]).wrong;
    } catch (failed) {
      if (failed instanceof TooLargeError) return false;
      throw failed;
    }
  }

  return ({ word }) => {
    if (isWrong(word, 1)) return true;
    left -= word.length * (OVERHEAD + boxNet.width ** 3);
    return left > 0 && STRIDES.some((stride) => isWrong(word, stride));
  };
}

/** A box in which the net is after a word, so many symbols being followed at once. */
function boxAfter(boxNet, word, stride) {
  let box = boxNet.start();
  if (stride === 1) for (const symbol of word) box = boxNet.step(boxNet.prepared(box), symbol);
  else for (let first = 0; first < word.length; first += stride) {
    box = word.slice(first, first + stride).reduce((here, symbol) => followed(boxNet, here, symbol), beginning(boxNet, box)).box;
  }
  return box;
}
