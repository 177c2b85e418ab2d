// Changed weights: what a change is called, and the net that it makes.

import { indexed } from "./lstm.js";
import { weightsOf } from "./reasons.js";

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

/** Whether a net has a weight of that name: links may come from anywhere. */
export function hasWeight(net, key) {
  const { place, kind, index } = readKey(key);
  const rows = place.head ? (net.heads[place.head]?.bias.length ?? 0) : net.gates.includes(place.gate) ? net.cells.length : 0;
  const room = { bias: 1, symbol: place.head ? 0 : net.alphabet.length, cell: net.cells.length }[kind] ?? 0;
  const within = (value, below) => Number.isInteger(value) && value >= 0 && value < below;
  return within(place.head ? place.row : place.cell, rows) && within(index, room);
}

/** A net with all gate weights times a factor, and then single weights as they were set. */
export function changedNet(base, factor, edits) {
  if (factor === 1 && edits.size === 0) return base;
  const scaled = (array) => array.map((value) => value * factor);
  const heads = {};
  for (const [name, head] of Object.entries(base.heads)) {
    heads[name] = { weight: head.weight.slice(), bias: head.bias.slice() };
  }
  const arrays = { input: scaled(base.input), recurrent: scaled(base.recurrent), bias: scaled(base.bias) };
  const net = indexed({ ...base, ...arrays, heads });
  for (const [key, value] of edits) {
    const { place, kind, index } = readKey(key);
    const weights = weightsOf(net, place);
    if (kind === "bias") weights.bias[weights.row] = value;
    else if (kind === "symbol") weights.symbols[weights.symbolOffset + index] = value;
    else weights.array[weights.offset + index] = value;
  }
  return indexed(net);
}
