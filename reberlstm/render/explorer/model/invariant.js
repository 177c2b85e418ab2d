// The search for boxes that a net cannot leave, and is right in: then it is right after words of every
// length, by induction.
//
// 1. `ascend` follows all words at once: every node's box is the hull of where its steps lead, until
//    the boxes hardly grow any more.
// 2. `settle` goes on with every step widened a little, until the steps as they are lead strictly
//    inside.
// 3. `narrow` makes the boxes smaller again, as long as the margin gains.
//
// All of this is guessing. That the result is a proof is verified by `proves` alone. The steps and the
// limits are those of reberlstm/certificates/search.py. What takes long is a generator, which yields
// every few steps, so that others get their turn and time can be looked at.

import { hull, isWithin, meet, sizeOf, TooLargeError, wider } from "./intervals.js";
import { beginning, followed } from "./slopes.js";

const PATIENCE = 100; // rounds in which the growth of the boxes has to fall by a fifth
const WAVE = 10; // rounds of which the largest growth is compared
const DRIFT_AFTER = 48; // rounds after which, in the second attempt, what still grows is unbounded
const SHARES = [1e-2, 1e-4]; // what is tried as the share of its width that a box gains in a round
const SETTLES = 400;
const NARROWINGS = 30;
const SLACK = 1e-12; // how far within its box, times the size of the numbers, a step has to lead

/** No invariant was found with these nodes; the text says why, in a sentence. */
export class HopelessError extends Error {}

/** There is none with these nodes, however it is looked for. */
class ImpossibleError extends HopelessError {}

const finite = (x) => (Number.isFinite(x) ? x : 0);
const empty = (size) => ({ low: new Array(size).fill(Infinity), high: new Array(size).fill(-Infinity) });
const withSlack = (box, slack) => wider(box, (k) => slack * Math.max(1, finite(sizeOf(box, k))));

/** What is to be proved, of a net, with which nodes. */
class Problem {
  constructor(net, claim, nodes) {
    Object.assign(this, { net, claim, nodes });
    // Other arithmetic may differ more after more steps.
    this.slack = SLACK * 10 ** (nodes.stride - 1);
  }

  /** About how thin boxes should at most be. */
  get floor() {
    return 10 * this.slack;
  }

  /**
   * Where the boxes of all or the changed nodes lead: for each target the hull of what arrives, and a
   * little more; and the margin on the way, where there is no box.
   */
  *image(boxes, changed = boxes.keys()) {
    const arrived = new Map();
    const image = { arrived, margin: Infinity };
    const arrive = (target, box) => arrived.set(target, arrived.has(target) ? hull(arrived.get(target), box) : box);
    for (const node of changed) {
      const branches = this.nodes.from[node];
      if (this.nodes.stride > 1) yield* this.follow(beginning(this.net, boxes[node]), branches, image, arrive);
      else {
        const prepared = this.net.prepared(boxes[node]);
        for (const { symbol, target } of branches) arrive(target, this.net.step(prepared, symbol));
      }
      yield;
    }
    for (const [target, box] of arrived) arrived.set(target, withSlack(box, this.slack));
    return image;
  }

  /** Several steps at once, see model/slopes.js. */
  *follow(here, branches, image, arrive) {
    for (const { symbol, state, next, target } of branches) {
      const after = followed(this.net, here, symbol);
      yield;
      if (!next) arrive(target, after.box);
      else {
        image.margin = Math.min(image.margin, this.net.judged(after.box, this.claim.right[state]).margin);
        yield* this.follow(after, next, image, arrive);
      }
    }
  }

  /** How far the heads are from wrong in the box of a node; negative where one may be wrong. */
  margin(box, node) {
    return this.net.judged(box, this.claim.right[this.nodes.states[node]]).margin;
  }

  isAsked(node) {
    return node > 0 || this.claim.scope === "all";
  }

  /** The margin if these boxes are a proof, else 0. */
  *proves(boxes) {
    if (!isWithin(this.net.start(), boxes[0])) return 0;
    const image = yield* this.image(boxes);
    if (!isIncluded(image, boxes)) return 0;
    const margin = boxes.reduce((least, box, node) => (this.isAsked(node) ? Math.min(least, this.margin(box, node)) : least), image.margin);
    return margin > 0 ? margin : 0;
  }
}

const isIncluded = ({ arrived }, boxes) => [...arrived].every(([target, box]) => isWithin(box, boxes[target]));

/** Boxes for the nodes and the margin, or a HopelessError. */
export function* findInvariant(net, claim, nodes) {
  const problem = new Problem(net, claim, nodes);
  let error = null;
  // An unbounded memory is harmless where its tanh is saturated, but a bolder guess.
  for (const unbounded of nodes.stride === 1 && net.mayBeUnbounded.includes(1) ? [false, true] : [false]) {
    try {
      return yield* new Search(problem, unbounded).run();
    } catch (failed) {
      if (failed instanceof TooLargeError) throw new HopelessError("The numbers in the net grow too large.");
      if (failed instanceof ImpossibleError || !(failed instanceof HopelessError)) throw failed;
      error ??= failed;
    }
  }
  throw error;
}

class Search {
  constructor(problem, unbounded) {
    Object.assign(this, { problem, unbounded });
  }

  *run() {
    const { problem } = this;
    const { length } = problem.nodes.states;
    let boxes = [problem.net.start(), ...Array.from({ length: length - 1 }, () => empty(problem.net.width))];
    if (problem.isAsked(0)) yield* this.check(boxes, [0], Infinity, ImpossibleError);
    if (length > 1) boxes = yield* this.narrow(yield* this.settle(yield* this.ascend(boxes)));
    const margin = yield* problem.proves(boxes);
    if (!(margin > 0)) throw new HopelessError("The bounds do not close by a safe distance.");
    return { boxes, margin };
  }

  /** Checks that the heads are right in the boxes of some nodes, and on the way; returns the least margin. */
  *check(boxes, nodes, onTheWay, Failure = HopelessError) {
    let least = onTheWay;
    for (const node of nodes) {
      yield;
      least = Math.min(least, this.problem.margin(boxes[node], node));
      if (!(least > 0)) break;
    }
    if (!(least > 0)) throw new Failure("The bounds on the memory are too wide to rule out a wrong answer.");
    return least;
  }

  /** Boxes that have grown until they hardly do. */
  *ascend(boxes) {
    const { nodes, net } = this.problem;
    // Until the boxes are widened, every invariant contains them.
    const Failure = this.unbounded ? HopelessError : ImpossibleError;
    const growths = [];
    let changed = new Set([0]);
    while (changed.size > 0) {
      const { arrived, margin } = yield* this.problem.image(boxes, changed);
      changed = new Set();
      let most = 0;
      for (const [target, box] of arrived) {
        const before = boxes[target];
        const after = hull(before, box);
        if (this.unbounded && growths.length >= DRIFT_AFTER) letDrift(before, after, net.mayBeUnbounded);
        boxes[target] = after;
        const growth = growthOf(before, after, 0.1 * this.problem.floor);
        if (growth > 0) changed.add(target);
        most = Math.max(most, growth);
      }
      yield* this.check(boxes, arrived.keys(), margin, Failure);
      growths.push(most);
      // What grows comes round in waves, so the largest growth of some rounds is compared.
      const large = (some) => Math.max(...some);
      if (growths.length > nodes.states.length + PATIENCE && large(growths.slice(-WAVE)) > 0.8 * large(growths.slice(-PATIENCE).slice(0, WAVE))) {
        throw new HopelessError("The bounds on the memory keep growing.");
      }
    }
    return boxes;
  }

  /** Adds a share of the width to every step, the more the better, until it is too much. */
  *settle(boxes) {
    const [bold, careful] = SHARES;
    try {
      return yield* this.settleWith([...boxes], bold);
    } catch (failed) {
      if (!(failed instanceof HopelessError)) throw failed;
      return yield* this.settleWith([...boxes], careful);
    }
  }

  *settleWith(boxes, share) {
    const extra = boxes.map(({ low, high }) => low.map((x, k) => share * finite(high[k] - x) + this.problem.floor * Math.max(1, finite(Math.max(Math.abs(x), Math.abs(high[k]))))));
    for (let round = 0; round < SETTLES; round++) {
      const image = yield* this.problem.image(boxes);
      if (isIncluded(image, boxes)) return boxes;
      for (const [target, box] of image.arrived) boxes[target] = hull(boxes[target], wider(box, (k) => extra[target][k]));
      yield* this.check(boxes, image.arrived.keys(), image.margin);
    }
    throw new HopelessError("The bounds on the memory had not settled after many rounds.");
  }

  /** Takes the room away that widening has left, but a tenth. What is smaller leads to smaller boxes, so the result still holds where its steps lead. */
  *narrow(boxes) {
    let margin = 0;
    for (let round = 0; round < NARROWINGS; round++) {
      const { arrived, margin: onTheWay } = yield* this.problem.image(boxes);
      const gained = yield* this.check(boxes, arrived.keys(), onTheWay);
      if (!(gained > margin * (1 + 1e-4))) break;
      margin = gained;
      for (const [target, box] of arrived) boxes[target] = between(withSlack(box, this.problem.slack), boxes[target], 0.1);
    }
    return boxes;
  }
}

/** How far the ends moved outwards, or 0 if hardly: by a millionth of the width. */
function growthOf(before, after, least) {
  let most = 0;
  before.low.forEach((low, k) => {
    const high = before.high[k];
    const moved = low <= high ? Math.max(low - after.low[k], after.high[k] - high) : 1;
    if (!(low <= high) || moved > 1e-6 * (high - low) + least) most = Math.max(most, moved);
  });
  return most;
}

/** Takes the bounds away that still move by a thousandth of their size, where they may be missing. */
function letDrift(before, after, mayBeUnbounded) {
  before.low.forEach((low, k) => {
    const high = before.high[k];
    if (!mayBeUnbounded[k] || !(low <= high)) return;
    if (low - after.low[k] > 1e-3 * Math.max(1, Math.abs(low))) after.low[k] = -Infinity;
    if (after.high[k] - high > 1e-3 * Math.max(1, Math.abs(high))) after.high[k] = Infinity;
  });
}

/** `inner`, with a share of its distance from `outer`. */
function between(inner, outer, share) {
  const low = inner.low.map((x, k) => (x === -Infinity ? x : Math.min(x, x - share * (x - outer.low[k]))));
  const high = inner.high.map((x, k) => (x === Infinity ? x : Math.max(x, x + share * (outer.high[k] - x))));
  return meet({ low, high }, outer);
}
