// Changed weights: what a change is called, and the net that it makes.

import { fedBy, hasGate, indexed } from "./net.js";
import { samePlace, weightsOf } from "./reasons.js";

const MOST = 1e6;

/** Whether a weight, or a factor of all weights, is one that can be computed with and drawn. */
export const isWeight = (value) => Math.abs(value) <= MOST;
export const isFactor = (value) => value >= 1 / MOST && value <= MOST;

/** The name of one weight, such as "input 3 cell 1" or "legal 6 bias 0". */
export function weightKey(place, { kind, index }) {
  return `${place.head ?? place.gate} ${place.head ? place.row : place.cell} ${kind} ${index}`;
}

function readKey(key) {
  const [name, number, kind, index] = key.split(" ");
  const at = Number(number);
  const place = name === "legal" || name === "accept" ? { head: name, row: at } : { gate: name, cell: at };
  return { place, kind, index: Number(index) };
}

/** The weights of a place that were changed, as {kind, index}. */
export function editedTerms(edits, place) {
  return [...edits.keys()].map(readKey).filter((edit) => samePlace(edit.place, place));
}

/** Whether a net has a weight of that name: links may come from anywhere. */
export function hasWeight(net, key) {
  const { place, kind, index } = readKey(key);
  const rows = place.head ? (net.heads[place.head]?.bias.length ?? 0) : hasGate(net, place.gate) ? net.cells.length : 0;
  const within = (value, first, count) => Number.isInteger(value) && value >= first && value < first + count;
  if (!within(place.head ? place.row : place.cell, 0, rows)) return false;
  const weights = weightsOf(net, place);
  const group = weights && (kind === "bias" ? { first: 0, count: 1 } : Object.hasOwn(weights.groups, kind) ? weights.groups[kind] : null);
  return Boolean(group) && within(index, group.first, group.count);
}

/** A net with all gate weights times a factor, and then single weights as they were set. */
export function changedNet(base, factor, edits) {
  if (factor === 1 && edits.size === 0) return base;
  const scaled = (array) => array && array.map((value) => value * factor);
  const heads = {};
  for (const [name, head] of Object.entries(base.heads)) {
    heads[name] = { ...head, weight: head.weight.slice(), bias: head.bias.slice() };
  }
  const layers = base.layers.map((layer) => {
    const { input, inputSize, recurrent, bias, inner } = layer;
    return { ...layer, input: scaled(input), inputSize: scaled(inputSize), recurrent: scaled(recurrent), bias: scaled(bias), inner: scaled(inner) };
  });
  const net = indexed({ ...base, layers, heads, fed: scaled(base.fed), fedSize: scaled(base.fedSize) });
  for (const [key, value] of edits) {
    const { place, kind, index } = readKey(key);
    const weights = weightsOf(net, place);
    if (kind === "bias") weights.bias[weights.row] = value;
    else {
      const { array, offset, first } = weights.groups[kind];
      array[offset + index - first] = value;
    }
  }
  const [{ input, width }] = net.layers;
  return indexed(net.suffix ? { ...net, ...fedBy(input, width, net.suffix) } : net);
}
