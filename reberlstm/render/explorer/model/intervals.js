// Interval arithmetic, rounded outwards: every result contains the true one, that of real numbers.
//
// Intervals are {low, high}, two arrays. JavaScript's + − · / are those of IEEE 754, so the true
// result of one operation lies between the two neighbours of the computed one. Of Math.exp and
// Math.tanh the standard asks no accuracy; here they may be off by 2⁻⁴⁷ of their value, that is 32
// units in the last place or more. Engines are off by about one; `arithmeticFault` looks at some.

const FUNCTION_ERROR = 2 ** -47;
const TINY = 1e-300; // more than what some underflows take away
const MOST = 1e305; // of larger sums nothing is said, since they may overflow
const WIDER = 1 + 2 ** -40; // what rounding may do to a bound on rounding

/** A number that is less than what rounds to x, and one that is greater; 0 is often exact. */
export const under = (x) => x - Math.abs(x) * 2 ** -52 - TINY;
export const over = (x) => x + Math.abs(x) * 2 ** -52 + TINY;

/** What is thrown where a sum may overflow. */
export class TooLargeError extends Error {}

export const interval = (size) => ({ low: new Float64Array(size), high: new Float64Array(size) });

export const point = (values) => ({ low: Float64Array.from(values), high: Float64Array.from(values) });

/** Intervals whose ends are computed one after the other: `ends(k)` is [low, high]. */
function build(size, ends) {
  const result = interval(size);
  for (let k = 0; k < size; k++) [result.low[k], result.high[k]] = ends(k);
  return result;
}

/** Some of the intervals. */
export const part = ({ low, high }, first, count) => ({ low: low.subarray(first, first + count), high: high.subarray(first, first + count) });

export function joined(parts) {
  if (parts.length === 1) return parts[0];
  const result = interval(parts.reduce((count, { low }) => count + low.length, 0));
  let at = 0;
  for (const { low, high } of parts) {
    result.low.set(low, at);
    result.high.set(high, at);
    at += low.length;
  }
  return result;
}

/** Whether every interval lies in the one of `other`; never where a number is missing. */
export const isWithin = (one, other) => one.low.every((low, k) => low >= other.low[k] && one.high[k] <= other.high[k]);

/** The smallest intervals that contain both; what is no number stays none. */
export const hull = (one, other) => build(one.low.length, (k) => [Math.min(one.low[k], other.low[k]), Math.max(one.high[k], other.high[k])]);

/** What both contain. */
export const meet = (one, other) => build(one.low.length, (k) => [Math.max(one.low[k], other.low[k]), Math.min(one.high[k], other.high[k])]);

/** How large a number of an interval may be. */
export const sizeOf = ({ low, high }, k) => Math.max(Math.abs(low[k]), Math.abs(high[k]));

/** Both ends moved outwards by `by(k)`. */
export const wider = (x, by) => build(x.low.length, (k) => [under(x.low[k] - by(k)), over(x.high[k] + by(k))]);

const isZero = ({ low, high }, k) => low[k] === 0 && high[k] === 0;

export const sum = (one, other) =>
  build(one.low.length, (k) => {
    if (isZero(one, k)) return [other.low[k], other.high[k]];
    if (isZero(other, k)) return [one.low[k], one.high[k]];
    return [under(one.low[k] + other.low[k]), over(one.high[k] + other.high[k])];
  });

/** The products; 0 · ∞ is 0, since what lies in an interval without a bound is a number. */
export const product = (one, other) =>
  build(one.low.length, (k) => {
    if (isZero(one, k) || isZero(other, k)) return [0, 0];
    const ends = [times(one.low[k], other.low[k]), times(one.low[k], other.high[k]), times(one.high[k], other.low[k]), times(one.high[k], other.high[k])];
    return [under(Math.min(...ends)), over(Math.max(...ends))];
  });

function times(x, y) {
  if ((x === 0 && Math.abs(y) === Infinity) || (y === 0 && Math.abs(x) === Infinity)) return 0;
  return x * y;
}

/** `(1 − share) · fresh + share · old`, which is least and greatest at the ends of the share. */
export const mix = (share, fresh, old) =>
  build(share.low.length, (k) => {
    const at = (s, one, two) => one + s * (two - one);
    const error = 2 ** -50 * (sizeOf(fresh, k) + sizeOf(old, k)) + TINY;
    const low = Math.min(at(share.low[k], fresh.low[k], old.low[k]), at(share.high[k], fresh.low[k], old.low[k]));
    const high = Math.max(at(share.low[k], fresh.high[k], old.high[k]), at(share.high[k], fresh.high[k], old.high[k]));
    return [under(low - error), over(high + error)];
  });

// Functions that grow with their argument, so that the ends will do

const growing = (squash, least) => (z) =>
  build(z.low.length, (k) => {
    if (least < 0 && isZero(z, k)) return [0, 0];
    const low = squash(z.low[k]);
    const high = squash(z.high[k]);
    return [Math.max(low - FUNCTION_ERROR * Math.abs(low) - TINY, least), Math.min(high + FUNCTION_ERROR * Math.abs(high) + TINY, 1)];
  });

/** 1 / (1 + exp(−z)) without overflow at either end. */
export function sigmoidOf(z) {
  const e = Math.exp(-Math.abs(z));
  return (z >= 0 ? 1 : e) / (1 + e);
}

export const sigmoid = growing(sigmoidOf, 0);
export const tanh = growing(Math.tanh, -1);
export const relu = (z) => build(z.low.length, (k) => [Math.max(0, z.low[k]), Math.max(0, z.high[k])]);

/** Probabilities of which the differences of their logits, z_a − z_b, are given: `gap(a, b)`, an interval's [low, high]. */
export const softmax = (count, gap) =>
  build(count, (a) => {
    let most = 1;
    let least = 1;
    for (let b = 0; b < count; b++) {
      if (b === a) continue;
      const [low, high] = gap(a, b);
      most += Math.exp(-low);
      least += Math.exp(-high);
    }
    const error = 2 * FUNCTION_ERROR + sumError(count);
    return [Math.max((1 / most) * (1 - error) - TINY, 0), Math.min((1 / least) * (1 + error) + TINY, 1)];
  });

// Sums of products
//
// Of a sum is kept: what it is at the middle of the box, how far it goes from there within the box,
// and a bound on the sum of the sizes of its terms, from which follows how much rounding may do.

/** How much of the sizes of its terms a sum of so many products may be off by, twice over. */
const sumError = (terms) => (terms + 16) * 2 ** -52;

/** The middles of intervals, and how far they reach from where rounding has put these. */
export function centred({ low, high }) {
  const middle = low.map((x, k) => 0.5 * x + 0.5 * high[k]);
  const radius = middle.map((x, k) => (low[k] === high[k] ? 0 : Math.max(high[k] - x, x - low[k]) * (1 + 2 ** -50) + TINY));
  return { middle, radius };
}

/**
 * The sums of some rows of a matrix with what is `centred`; `reads` says which weights of a row are not
 * zero.
 */
export function products({ matrix, width, reads, first = 0, count = reads.length }, { middle, radius }) {
  const sums = { middle: new Float64Array(count), radius: new Float64Array(count), size: new Float64Array(count), terms: width };
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
    sums.middle[k] = z;
    sums.radius[k] = reach;
    sums.size[k] = size + reach;
  }
  return sums;
}

/** Numbers that are added to sums: they may be off by rounding, of `sizes` where these are larger. */
export function constants(values, sizes = values, terms = 1) {
  const size = values.map((value, k) => Math.max(Math.abs(value), Math.abs(sizes[k])));
  return { middle: values, radius: new Float64Array(values.length), size, terms };
}

/** All in one sum. */
export function together(...parts) {
  const [{ middle }] = parts;
  const total = (name) => middle.map((_, k) => parts.reduce((z, each) => z + each[name][k], 0));
  return { middle: total("middle"), radius: total("radius"), size: total("size"), terms: parts.reduce((count, { terms }) => count + terms, 0) };
}

/** Intervals for the sums. */
export function settled({ middle, radius, size, terms }) {
  const error = sumError(terms);
  return build(middle.length, (k) => {
    if (size[k] === 0) return [0, 0];
    if (!(size[k] < MOST)) throw new TooLargeError();
    const reach = (radius[k] + error * size[k]) * WIDER + TINY;
    return [under(middle[k] - reach), over(middle[k] + reach)];
  });
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
