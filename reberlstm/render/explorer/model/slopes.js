// Several steps at once: what a net forgets in a loop may turn round as it shrinks, and the boxes of
// single steps cannot see that.
//
// A step of boxes forgets how the numbers of a state depend on each other. The mean value theorem
// remembers: let m be the middle of the box, y where the net takes it along the word, and D the product
// of the derivatives along the way, each over a box that holds all states there. Then a state x of the box
// is taken to y + D·(x − m). That is intersected with the plain step (R. E. Moore, Interval Analysis,
// 1966, chapter 6). Matrices are held as middle and radius of every entry.

import { againOf } from "./boxes.js";
import { centred, meet, over, point, product, SQUASH, sum, under, wider } from "./intervals.js";

const ROUNDED = 2 ** -42; // more than sums of a thousand products of a few rounded numbers may be off by
const TINY = 1e-300;

const zeros = (rows, columns) => ({ rows, columns, middle: new Float64Array(rows * columns), radius: new Float64Array(rows * columns) });

export function unit(size) {
  const matrix = zeros(size, size);
  for (let k = 0; k < size; k++) matrix.middle[k * size + k] = 1;
  return matrix;
}

const exact = (rows, columns, middle) => ({ rows, columns, middle, radius: new Float64Array(rows * columns) });

/** The sum of matrices of one shape. */
function total(...parts) {
  const [{ rows, columns }] = parts;
  const result = zeros(rows, columns);
  for (let k = 0; k < rows * columns; k++) {
    let [middle, radius, size] = [0, 0, 0];
    for (const each of parts) {
      middle += each.middle[k];
      radius += each.radius[k];
      size += Math.abs(each.middle[k]);
    }
    result.middle[k] = middle;
    result.radius[k] = (radius + ROUNDED * size) * (1 + ROUNDED) + TINY;
  }
  return result;
}

/** Each row times its factor, an interval. */
function scaled(factors, { rows, columns, middle, radius }) {
  const result = zeros(rows, columns);
  const { middle: centres, radius: reaches } = centred(factors);
  for (let k = 0; k < rows * columns; k++) {
    const centre = centres[Math.floor(k / columns)];
    const reach = reaches[Math.floor(k / columns)];
    result.middle[k] = centre * middle[k];
    const size = (Math.abs(centre) + reach) * radius[k] + reach * Math.abs(middle[k]);
    result.radius[k] = (size + ROUNDED * Math.abs(result.middle[k])) * (1 + ROUNDED) + TINY;
  }
  return result;
}

/** All products of two. */
function times(one, other) {
  const result = zeros(one.rows, other.columns);
  const { columns } = other;
  for (let row = 0; row < one.rows; row++) {
    const to = row * columns;
    for (let k = 0; k < one.columns; k++) {
      const middle = one.middle[row * one.columns + k];
      const radius = one.radius[row * one.columns + k];
      if (middle === 0 && radius === 0) continue;
      const large = Math.abs(middle);
      for (let column = 0; column < columns; column++) {
        const own = other.middle[k * columns + column];
        const reach = other.radius[k * columns + column];
        result.middle[to + column] += middle * own;
        // With what rounding may do to the product and the sum.
        result.radius[to + column] += large * reach + radius * (Math.abs(own) + reach) + ROUNDED * large * Math.abs(own);
      }
    }
  }
  for (let k = 0; k < result.radius.length; k++) result.radius[k] = result.radius[k] * (1 + ROUNDED) + TINY;
  return result;
}

/** How far D·x can be from 0 where the numbers of x are no larger than `reach`. */
function spread({ rows, columns, middle, radius }, reach) {
  return Array.from({ length: rows }, (_, row) => {
    let far = 0;
    for (let k = 0; k < columns; k++) far += (Math.abs(middle[row * columns + k]) + radius[row * columns + k]) * reach[k];
    return far * (1 + ROUNDED) + TINY;
  });
}

// Derivatives of functions by their values, which are largest at ½ and 0

const slope = (value, top, at) => ({ low, high }) => {
  const ends = low.map((x, k) => [value(x), value(high[k])]);
  return {
    low: ends.map(([one, other]) => Math.max(0, under(Math.min(one, other) * (1 - ROUNDED)))),
    high: ends.map(([one, other], k) => (low[k] <= at && at <= high[k] ? top : over(Math.max(one, other) * (1 + ROUNDED)))),
  };
};

const sigmoidSlope = slope((s) => s * (1 - s), 0.25, 0.5);
const tanhSlope = slope((t) => (1 - t) * (1 + t), 1, 0);
const reluSlope = ({ low, high }) => ({ low: low.map((y) => (y > 0 ? 1 : 0)), high: high.map((y) => (y > 0 ? 1 : 0)) });
const complement = ({ low, high }) => ({ low: high.map((x) => under(1 - x)), high: low.map((x) => over(1 - x)) });
const negative = ({ low, high }) => ({ low: high.map((x) => -x), high: low.map((x) => -x) });

/** Of c after a step of an LSTM. */
const memoryBy = ({ input, forget, candidate }, c, by) =>
  total(scaled(product(c, sigmoidSlope(forget)), by("forget")), scaled(product(candidate, sigmoidSlope(input)), by("input")), scaled(product(input, tanhSlope(candidate)), by("candidate")));

/**
 * For a kind of cell the derivatives of [h] or [h, c] after a step: `parts`, in what the gates read, `by(gate)`
 * being the matrix of weights with which a gate reads it; and `own`, in the parts before themselves, factors
 * for each. `again` says that what is read is h, which a reset gate of a GRU multiplies.
 */
const DERIVATIVES = {
  lstm({ gates, before, after, by }) {
    const t = SQUASH.tanh(after[1]);
    const down = product(gates.output, tanhSlope(t));
    const c = memoryBy(gates, before[1], by);
    return { parts: [total(scaled(product(t, sigmoidSlope(gates.output)), by("output")), scaled(down, c)), c], own: [[null, product(down, gates.forget)], [null, gates.forget]] };
  },
  toy: ({ gates, before, by }) => ({ parts: [memoryBy(gates, before[0], by)], own: [[gates.forget]] }),
  gru: (all) => gatedBy(all, ({ gates, by, again, inner }) => {
    const direct = again ? scaled(gates.reset, by("candidate")) : by("candidate");
    return total(scaled(product(sigmoidSlope(gates.reset), inner), by("reset")), direct);
  }),
  "gru-before": (all) => gatedBy(all, ({ gates, before, by, again, recurrent }) => {
    const reset = scaled(product(before[0], sigmoidSlope(gates.reset)), by("reset"));
    const through = again ? total(reset, diagonal(gates.reset)) : reset;
    return again ? times(recurrent, through) : total(times(recurrent, through), by("candidate"));
  }),
  rnn: ({ gates, by }) => ({ parts: [scaled(tanhSlope(gates.candidate), by("candidate"))], own: [[null]] }),
  "rnn-relu": ({ gates, by }) => ({ parts: [scaled(reluSlope(gates.candidate), by("candidate"))], own: [[null]] }),
};

function gatedBy(all, candidateBy) {
  const { gates, before, by } = all;
  const read = scaled(tanhSlope(gates.candidate), candidateBy(all));
  const apart = sum(before[0], negative(gates.candidate));
  return { parts: [total(scaled(complement(gates.update), read), scaled(product(apart, sigmoidSlope(gates.update)), by("update")))], own: [[gates.update]] };
}

function diagonal({ low, high }) {
  const size = low.length;
  const matrix = zeros(size, size);
  const { middle, radius } = centred({ low, high });
  for (let k = 0; k < size; k++) {
    matrix.middle[k * size + k] = middle[k];
    matrix.radius[k * size + k] = radius[k];
  }
  return matrix;
}

/** Adds a matrix into a larger one. */
function place(matrix, { rows, columns, middle, radius }, row, column) {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const to = (row + r) * matrix.columns + column + c;
      const size = ROUNDED * (Math.abs(matrix.middle[to]) + Math.abs(middle[r * columns + c]));
      matrix.middle[to] += middle[r * columns + c];
      matrix.radius[to] = (matrix.radius[to] + radius[r * columns + c] + size) * (1 + ROUNDED);
    }
  }
}

/** The derivatives of a step over a box, of all numbers of the state after it in all those before. */
function derivatives(boxNet, prepared, layers) {
  const { net, places, width } = boxNet;
  const matrix = zeros(width, width);
  let below = null; // the rows of h of the layer below
  net.layers.forEach((layer, number) => {
    const { first, size } = places[number];
    const { gates, state } = layers[number];
    const rows = (weights, columns) => (gate) => {
      const at = layer.gates.indexOf(gate) * size * columns;
      return exact(size, columns, weights.subarray(at, at + size * columns));
    };
    const recurrent = rows(layer.recurrent, size);
    const inner = layer.cell === "gru" ? againOf(layer, prepared.sums[number]) : null;
    const common = { gates, before: prepared.states[number], after: state, inner, recurrent: recurrent("candidate") };
    const derive = (by, again) => DERIVATIVES[layer.cell]({ ...common, by, again });
    const own = derive(recurrent, true);
    own.parts.forEach((each, k) => {
      place(matrix, each, first + k * size, first);
      own.own[k].forEach((factors, of) => factors && place(matrix, diagonal(factors), first + k * size, first + of * size));
    });
    if (below) derive(rows(layer.input, layer.width), false).parts.forEach((each, k) => place(matrix, times(each, below), first + k * size, 0));
    if (number < net.layers.length - 1) below = { rows: size, columns: width, middle: matrix.middle.slice(first * width, (first + size) * width), radius: matrix.radius.slice(first * width, (first + size) * width) };
  });
  return matrix;
}

/** Where a word begins to be followed: in a box. */
export function beginning(boxNet, box) {
  const { middle, radius } = centred(box);
  return { box, moved: point(middle), slopes: unit(boxNet.width), reach: radius };
}

/** A step on from there. */
export function followed(boxNet, { box, moved, slopes, reach }, symbol) {
  const prepared = boxNet.prepared(box);
  const layers = boxNet.after(prepared, boxNet.columns[symbol]);
  const next = { low: layers.flatMap(({ state }) => state.flatMap(({ low }) => low)), high: layers.flatMap(({ state }) => state.flatMap(({ high }) => high)) };
  const along = times(derivatives(boxNet, prepared, layers), slopes);
  const there = boxNet.step(boxNet.prepared(moved), symbol);
  const around = spread(along, reach);
  return { box: meet(next, wider(there, (k) => around[k])), moved: there, slopes: along, reach };
}
