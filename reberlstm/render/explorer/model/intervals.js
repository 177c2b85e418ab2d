// Interval arithmetic, rounded outwards: every result contains the true one, that of real numbers.
//
// Intervals are {low, high}, two arrays. JavaScript's + − · / are those of IEEE 754, so the true
// result of one operation lies between the two neighbours of the computed one. Of Math.exp and
// Math.tanh the standard asks no accuracy; here they may be off by 2⁻⁴⁷ of their value, that is 32
// units in the last place or more. Engines are off by about one; `arithmeticFault` looks at some.
// A sigmoid is made of Math.exp, a sum and a quotient, and may be off by twice as much.

import { sigmoid } from "./net.js";

const FUNCTION_ERROR = 2 ** -47;
const TINY = 1e-300; // more than what some underflows take away
const MOST = 1e305; // of larger sums nothing is said, since they may overflow
const WIDER = 1 + 2 ** -40; // what rounding may do to a bound on rounding

/** A number that is less than what rounds to x, and one that is greater; 0 is often exact. */
export const under = (x) => x - Math.abs(x) * 2 ** -52 - TINY;
export const over = (x) => x + Math.abs(x) * 2 ** -52 + TINY;

/** What is thrown where a sum may overflow. */
export class TooLargeError extends Error {}

/** Intervals that are to be filled one after the other. */
const none = () => ({ low: [], high: [] });

function push({ low, high }, least, most) {
  low.push(least);
  high.push(most);
}

export const point = (values) => ({ low: Array.from(values), high: Array.from(values) });

/** Some of the intervals. */
export const part = ({ low, high }, first, count) => ({ low: low.slice(first, first + count), high: high.slice(first, first + count) });

export function joined(parts) {
  if (parts.length === 1) return parts[0];
  return { low: parts.flatMap(({ low }) => low), high: parts.flatMap(({ high }) => high) };
}

/** Whether every interval lies in the one of `other`; never where a number is missing. */
export const isWithin = (one, other) => one.low.every((low, k) => low >= other.low[k] && one.high[k] <= other.high[k]);

/** The smallest intervals that contain both; what is no number stays none. */
export const hull = (one, other) => ({
  low: one.low.map((x, k) => Math.min(x, other.low[k])),
  high: one.high.map((x, k) => Math.max(x, other.high[k])),
});

/** What both contain. */
export const meet = (one, other) => ({
  low: one.low.map((x, k) => Math.max(x, other.low[k])),
  high: one.high.map((x, k) => Math.min(x, other.high[k])),
});

/** How large a number of an interval may be. */
export const sizeOf = ({ low, high }, k) => Math.max(Math.abs(low[k]), Math.abs(high[k]));

/** Both ends moved outwards by `by(k)`. */
export const wider = ({ low, high }, by) => ({ low: low.map((x, k) => under(x - by(k))), high: high.map((x, k) => over(x + by(k))) });

const isZero = ({ low, high }, k) => low[k] === 0 && high[k] === 0;

export function sum(one, other) {
  const result = none();
  for (let k = 0; k < one.low.length; k++) {
    const exact = isZero(one, k) || isZero(other, k);
    const low = one.low[k] + other.low[k];
    const high = one.high[k] + other.high[k];
    push(result, exact ? low : under(low), exact ? high : over(high));
  }
  return result;
}

/** The products; 0 · ∞ is 0, since what lies in an interval without a bound is a number. */
export function product(one, other) {
  const result = none();
  for (let k = 0; k < one.low.length; k++) {
    if (isZero(one, k) || isZero(other, k)) {
      push(result, 0, 0);
      continue;
    }
    const a = times(one.low[k], other.low[k]);
    const b = times(one.low[k], other.high[k]);
    const c = times(one.high[k], other.low[k]);
    const d = times(one.high[k], other.high[k]);
    push(result, under(Math.min(a, b, c, d)), over(Math.max(a, b, c, d)));
  }
  return result;
}

function times(x, y) {
  const z = x * y;
  return z === z || x !== x || y !== y ? z : 0;
}

/** `(1 − share) · fresh + share · old`, which is least and greatest at the ends of the share. */
export function mix(share, fresh, old) {
  const result = none();
  for (let k = 0; k < share.low.length; k++) {
    const error = 2 ** -50 * (sizeOf(fresh, k) + sizeOf(old, k)) + TINY;
    const fall = old.low[k] - fresh.low[k];
    const rise = old.high[k] - fresh.high[k];
    const low = fresh.low[k] + Math.min(share.low[k] * fall, share.high[k] * fall);
    const high = fresh.high[k] + Math.max(share.low[k] * rise, share.high[k] * rise);
    push(result, under(low - error), over(high + error));
  }
  return result;
}

// Functions that grow with their argument, so that the ends will do

const growing = (squash, least, error) => (z) => {
  const result = none();
  for (let k = 0; k < z.low.length; k++) {
    const low = squash(z.low[k]);
    const high = squash(z.high[k]);
    if (low === 0 && isZero(z, k)) push(result, 0, 0);
    else push(result, Math.max(low - error * Math.abs(low) - TINY, least), Math.min(high + error * Math.abs(high) + TINY, 1));
  }
  return result;
};

const relu = ({ low, high }) => ({ low: low.map((x) => Math.max(0, x)), high: high.map((x) => Math.max(0, x)) });

/** What squashes sums, for intervals of them. */
export const SQUASH = { sigmoid: growing(sigmoid, 0, 2 * FUNCTION_ERROR), tanh: growing(Math.tanh, -1, FUNCTION_ERROR), relu };

/** Probabilities of which the differences of their logits are given: `gap(a, b)` is [low, high] of z_a − z_b. */
export function softmax(count, gap) {
  const result = none();
  const error = 2 * FUNCTION_ERROR + sumError(count);
  for (let a = 0; a < count; a++) {
    let most = 1;
    let least = 1;
    for (let b = 0; b < count; b++) {
      if (b === a) continue;
      const [low, high] = gap(a, b);
      most += Math.exp(-low);
      least += Math.exp(-high);
    }
    push(result, Math.max((1 / most) * (1 - error) - TINY, 0), Math.min((1 / least) * (1 + error) + TINY, 1));
  }
  return result;
}

// Sums of products
//
// Of a sum is kept: what it is at the middle of the box, how far it goes from there within the box,
// and a bound on the sum of the sizes of its terms, from which follows how much rounding may do.

/** How much of the sizes of its terms a sum of so many products may be off by, twice over. */
const sumError = (terms) => (terms + 16) * 2 ** -52;

/** The middles of intervals, and how far they reach from where rounding has put these. */
export function centred({ low, high }) {
  const middle = low.map((x, k) => 0.5 * x + 0.5 * high[k]);
  const radius = middle.map((x, k) => (low[k] === x && high[k] === x ? 0 : Math.max(high[k] - x, x - low[k]) * (1 + 2 ** -50) + TINY));
  return { middle, radius };
}

/**
 * The sums of some rows of a matrix with what is `centred`; `reads` says which weights of a row are not
 * zero.
 */
export function products({ matrix, width, reads, first = 0, count = reads.length }, { middle, radius }) {
  const sums = { middle: [], radius: [], size: [], terms: width };
  for (let k = 0; k < count; k++) {
    const offset = (first + k) * width;
    let z = 0;
    let reach = 0;
    let size = 0;
    for (const column of reads[first + k]) {
      const weight = matrix[offset + column];
      const large = Math.abs(weight);
      z += weight * middle[column];
      reach += large * radius[column];
      size += large * Math.abs(middle[column]) + TINY;
    }
    sums.middle.push(z);
    sums.radius.push(reach);
    sums.size.push(size + reach);
  }
  return sums;
}

/** Numbers that are added to sums: they may be off by rounding, of `sizes` where these are larger. */
export function constants(values, sizes = values, terms = 1) {
  const middle = Array.from(values);
  return { middle, radius: middle.map(() => 0), size: middle.map((x, k) => Math.max(Math.abs(x), Math.abs(sizes[k]))), terms };
}

/** Two sums in one. */
export function together(one, other) {
  const sums = { middle: [], radius: [], size: [], terms: one.terms + other.terms };
  for (let k = 0; k < one.middle.length; k++) {
    sums.middle.push(one.middle[k] + other.middle[k]);
    sums.radius.push(one.radius[k] + other.radius[k]);
    sums.size.push(one.size[k] + other.size[k]);
  }
  return sums;
}

/** Intervals for the sums. */
export function settled({ middle, radius, size, terms }) {
  const error = sumError(terms);
  const result = none();
  for (let k = 0; k < middle.length; k++) {
    if (size[k] >= MOST || size[k] !== size[k]) throw new TooLargeError();
    const reach = (radius[k] + error * size[k]) * WIDER + TINY;
    if (size[k] === 0) push(result, 0, 0);
    else push(result, under(middle[k] - reach), over(middle[k] + reach));
  }
  return result;
}

// Does this browser compute as proofs take for granted?

const KNOWN = [
  [Math.exp, -700, 9.859676543759770e-305],
  [Math.exp, -20.5, 1.250152866386743e-9],
  [Math.exp, -1, 0.36787944117144233],
  [Math.exp, -0.001, 0.9990004998333749],
  [Math.tanh, 1e-9, 1e-9],
  [Math.tanh, 0.3, 0.2913126124515909],
  [Math.tanh, -1, -0.7615941559557649],
  [Math.tanh, 5.5, 0.9999665971563038],
  [Math.tanh, 19.9, 1],
];

/** What is wrong with the browser's arithmetic, in a sentence; empty where nothing is. */
export function arithmeticFault() {
  const off = KNOWN.some(([squash, x, value]) => !(Math.abs(squash(x) - value) <= (FUNCTION_ERROR / 4) * Math.abs(value)));
  const rounds = 1 + 2 ** -53 === 1 && 1 + 2 ** -52 > 1 && 0.1 + 0.2 === 0.30000000000000004;
  return off || !rounds ? "This browser's arithmetic is not accurate enough for a proof." : "";
}
