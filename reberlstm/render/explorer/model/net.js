// A net of any kind, and its step: layers of cells over symbols, and heads with a rule each.
//
// Cells are numbered through all layers, and h, c and the gates of a step go over all of them. Rows
// of a layer's arrays come in blocks, one block a gate. c is what a cell holds, its memory; where
// nothing but h is held, c is h.

/** 1 / (1 + exp(−z)) without overflow at either end. */
export function sigmoid(z) {
  const e = Math.exp(-Math.abs(z));
  return (z >= 0 ? 1 : e) / (1 + e);
}

/** f · c₋ + i · g, which the memories of two kinds of cell are. */
const kept = ({ forget, input, candidate }, c) => c.map((value, k) => forget[k] * value + input[k] * candidate[k]);
const inputs = ({ forget, input, candidate }, k) => ({ keep: forget[k], gate: input[k], write: candidate[k] });
const mixed = ({ update, candidate }, h) => h.map((value, k) => (1 - update[k]) * candidate[k] + update[k] * value);

/**
 * The kinds of cell. `step(sum, state)` is the formula, `sum(gate, h)` being what goes into a gate's
 * squashing function. The rest is for those who look on: the columns of the table, what gates read
 * (`letter`) and what the memory is called, its formula, the columns it is made from, and for cell k
 * by what it is kept and what is written (`parts`). `again` is what the candidate reads in place of h.
 */
export const CELLS = {
  lstm: {
    columns: ["forget", "candidate", "input", "output"],
    letter: "h",
    memory: "c",
    formula: "c = f · c₋ + i · g",
    madeOf: ["forget", "candidate", "input"],
    parts: inputs,
    step(sum, { h, c }) {
      const gates = { input: sum("input", h).map(sigmoid), forget: sum("forget", h).map(sigmoid), candidate: sum("candidate", h).map(Math.tanh), output: sum("output", h).map(sigmoid) };
      const after = kept(gates, c);
      return { gates, c: after, h: after.map((value, k) => gates.output[k] * Math.tanh(value)) };
    },
  },
  toy: {
    columns: ["forget", "candidate", "input"],
    letter: "c",
    memory: "c",
    formula: "c = f · c₋ + i · g",
    madeOf: ["before", "forget", "candidate", "input"],
    parts: inputs,
    step(sum, { c }) {
      const gates = { input: sum("input", c).map(sigmoid), forget: sum("forget", c).map(sigmoid), candidate: sum("candidate", c).map(Math.tanh) };
      const after = kept(gates, c);
      return { gates, c: after, h: after };
    },
  },
  gru: gru((sum, reset, h) => sum("candidate", h, reset), (reset, cell) => reset[cell]),
  "gru-before": gru((sum, reset, h) => sum("candidate", h.map((value, k) => reset[k] * value)), (reset, _cell, other) => reset[other]),
  rnn: simple(Math.tanh, "tanh"),
  "rnn-relu": simple((z) => Math.max(0, z), "relu"),
};

function gru(candidateSum, again) {
  return {
    columns: ["reset", "candidate", "update"],
    letter: "h",
    memory: "h",
    formula: "h = z · h₋ + (1 − z) · g",
    madeOf: ["before", "update", "candidate"],
    again,
    parts: ({ update, candidate }, k) => ({ keep: update[k], gate: 1 - update[k], write: candidate[k] }),
    step(sum, { h }) {
      const reset = sum("reset", h).map(sigmoid);
      const gates = { reset, update: sum("update", h).map(sigmoid), candidate: candidateSum(sum, reset, h).map(Math.tanh) };
      const after = mixed(gates, h);
      return { gates, c: after, h: after };
    },
  };
}

function simple(squash, squashName) {
  return {
    columns: ["candidate"],
    letter: "h",
    memory: "h",
    formula: "h = g",
    madeOf: ["candidate"],
    squashName,
    parts: ({ candidate }, k) => ({ keep: 0, gate: 1, write: candidate[k] }),
    step(sum, { h }) {
      const candidate = sum("candidate", h).map(squash);
      return { gates: { candidate }, c: candidate, h: candidate };
    },
  };
}

/** A matrix of the page's data: sparse rows [index, value, …], or all numbers as base64 float64. */
function readMatrix(data) {
  const [rows, columns] = data.shape;
  const values = new Float64Array(rows * columns);
  if (data.rows) {
    data.rows.forEach((row, r) => {
      for (let k = 0; k < row.length; k += 2) values[r * columns + row[k]] = row[k + 1];
    });
    return values;
  }
  const bytes = Uint8Array.from(atob(data.float64), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  for (let k = 0; k < values.length; k++) values[k] = view.getFloat64(8 * k, true);
  return values;
}

/** A net from the page's data. Nets are plain values, so that a worker can be sent one. */
export function readNet(data) {
  let first = 0;
  const layers = data.layers.map((layer) => {
    const size = layer.weight_hh.shape[1];
    const made = { cell: layer.cell, gates: layer.gates, first, size, width: layer.weight_ih.shape[1], input: readMatrix(layer.weight_ih), recurrent: readMatrix(layer.weight_hh) };
    first += size;
    return Object.assign(made, biases(layer, size));
  });
  const vectors = data.vectors && readMatrix(data.vectors);
  if (vectors) {
    // What each symbol's vector adds to every sum takes the place of the weights on its numbers.
    const [layer] = layers;
    layer.inputSize = times(sizes(layer.input), layer.width, sizes(vectors));
    layer.inputTerms = layer.width;
    layer.input = times(layer.input, layer.width, vectors);
    layer.width = data.alphabet.length;
  }
  const suffix = data.suffix && readMatrix(data.suffix);
  const heads = {};
  for (const [name, head] of Object.entries(data.heads)) {
    const parts = head.layers.map(({ weight, bias }) => ({ weight: readMatrix(weight), width: weight.shape[1], bias: Float64Array.from(bias) }));
    heads[name] = { ...parts.at(-1), below: parts.slice(0, -1), activation: head.activation, function: head.function, threshold: head.threshold, extra: head.extra };
  }
  const { name, title, reading, claims, gain, height, signed, alphabet, cells, start } = data;
  const weights = data.layers[0].weight_ih;
  const added = suffix ? fedBy(readMatrix(weights), weights.shape[1], suffix) : { fed: null, fedSize: null };
  // Weights on vectors are not the net's own weights on symbols, which may be changed.
  const own = vectors ? null : suffix;
  return indexed({ name, title, reading, claims, gain, height, signed, alphabet, cells, counting: data.counting ?? {}, start, onViolation: data.on_violation, layers, heads, suffix: own, ...added });
}

/** A GRU's reset gate may multiply what the candidate reads with a bias of its own, the inner one. */
function biases(layer, size) {
  const bias = Float64Array.from(layer.bias_ih);
  const block = layer.cell === "gru" ? layer.gates.indexOf("candidate") : -1;
  layer.bias_hh.forEach((value, row) => {
    if (Math.floor(row / size) !== block) bias[row] += value;
  });
  return { bias, inner: block < 0 ? null : Float64Array.from(layer.bias_hh.slice(block * size, (block + 1) * size)) };
}

/** The sizes of numbers; products of them say how far products of the numbers may be off. */
const sizes = (matrix) => matrix.map(Math.abs);

/** What vectors that are fed after every word add to the sums of the first layer, and how large its terms are. */
export const fedBy = (matrix, width, vectors) => ({ fed: times(matrix, width, vectors), fedSize: times(sizes(matrix), width, sizes(vectors)) });

/** A matrix (R, D) times vectors (n, D): (R, n). */
function times(matrix, width, vectors) {
  const rows = matrix.length / width;
  const count = vectors.length / width;
  const result = new Float64Array(rows * count);
  for (let r = 0; r < rows; r++) {
    for (let n = 0; n < count; n++) {
      let z = 0;
      for (let k = 0; k < width; k++) z += matrix[r * width + k] * vectors[n * width + k];
      result[r * count + n] = z;
    }
  }
  return result;
}

/** Adds for every row which of its weights are not zero: what it really reads. */
export function indexed(net) {
  net.layers.forEach((layer, number) => {
    layer.reads = nonzeros(layer.recurrent, layer.size);
    layer.readsInput = number > 0 ? nonzeros(layer.input, layer.width) : null;
  });
  for (const head of Object.values(net.heads)) {
    for (const part of [head, ...head.below]) part.reads = nonzeros(part.weight, part.width);
  }
  return net;
}

function nonzeros(matrix, columns) {
  const lists = [];
  for (let offset = 0; offset < matrix.length; offset += columns) {
    const list = [];
    for (let c = 0; c < columns; c++) if (matrix[offset + c] !== 0) list.push(c);
    lists.push(Int32Array.from(list));
  }
  return lists;
}

/** The layer that a cell is in. */
export function layerOf(net, cell) {
  return net.layers.find(({ first, size }) => cell < first + size);
}

/** Whether any layer has this gate. */
export function hasGate(net, gate) {
  return net.layers.some(({ gates }) => gates.includes(gate));
}

/**
 * A step of one layer; `column` and `source` say what its input adds: a column of its input weights
 * (`source` null), or all of them times the layer below.
 */
function layerStep(layer, input, column, source, before) {
  const { size, recurrent, bias, reads } = layer;
  const width = input.length / bias.length;
  const sum = (gate, h, reset = null) => {
    const block = layer.gates.indexOf(gate) * size;
    const values = new Float64Array(size);
    for (let k = 0; k < size; k++) {
      const row = block + k;
      let z = reset ? layer.inner[k] : 0;
      for (const cell of reads[row]) z += h[cell] * recurrent[row * size + cell];
      if (reset) z *= reset[k];
      if (source === null) z += input[row * width + column];
      else for (const cell of layer.readsInput[row]) z += source[cell] * input[row * width + cell];
      values[k] = z + bias[row];
    }
    return values;
  };
  return CELLS[layer.cell].step(sum, before);
}

/** All layers, for a symbol or a column of what is fed after every word. */
function layersStep(net, input, column, states) {
  const results = [];
  net.layers.forEach((layer, number) => {
    const below = number === 0 ? null : results[number - 1].h;
    results.push(layerStep(layer, number === 0 ? input : layer.input, column, below, states[number]));
  });
  return results;
}

function joined(arrays) {
  if (arrays.length === 1) return arrays[0];
  const all = new Float64Array(arrays.reduce((count, array) => count + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

/** h, c and what the net says, for the states of its layers. */
function whole(net, layers) {
  const h = joined(layers.map((layer) => layer.h));
  const c = layers.every((layer) => layer.c === layer.h) ? h : joined(layers.map((layer) => layer.c));
  let read = layers;
  const count = net.fed ? net.fed.length / net.layers[0].bias.length : 0;
  for (let column = 0; column < count; column++) read = layersStep(net, net.fed, column, read);
  return { layers, h, c, ...says(net, read.at(-1).h) };
}

/**
 * One step. Returns the gates by name, the memory c, what the gates read next h, and what the net
 * says then (see `says`). `slots` over 0 snaps the state, see `snapped`.
 */
export function step(net, symbol, before, slots) {
  const results = layersStep(net, net.layers[0].input, symbol, before.layers);
  const gates = {};
  for (const gate of new Set(net.layers.flatMap((layer) => layer.gates))) {
    gates[gate] = joined(results.map((result, number) => result.gates[gate] ?? new Float64Array(net.layers[number].size).fill(NaN)));
  }
  const states = results.map(({ h, c }) => (slots ? snapped(net, h, c, slots) : { h, c }));
  return { symbol, gates, ...whole(net, states) };
}

/**
 * Rounds what the gates read to the nearest vertex: a multiple −1, 0 or 1 of the height of an active
 * cell, or with two slots also half of it.
 */
function snapped(net, h, c, slots) {
  const height = net.height / slots;
  const rounded = h.map((value) => height * Math.max(-slots, Math.min(slots, roundHalfEven(value / height))));
  return { h: rounded, c: c === h ? rounded : c };
}

function roundHalfEven(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** How active a cell is: what it gives out, an active cell of a hand-wired net being 1; where that is +1 or −1, only +1. */
export function activity(net, { h }, cell) {
  return (net.signed ? Math.max(h[cell], 0) : Math.abs(h[cell])) / net.height;
}

/** What the last linear layer of a head reads: h, or the units of the layer before. */
export function headUnits(head, h) {
  return head.below.reduce((values, { weight, width, bias }) => bias.map((b, row) => {
    let z = b;
    for (let k = 0; k < width; k++) z += values[k] * weight[row * width + k];
    return head.activation === "relu" ? Math.max(0, z) : Math.tanh(z);
  }), h);
}

/** The sum of a head's row, for what its last layer reads. */
function headSum(head, row, units) {
  let z = 0;
  for (const unit of head.reads[row]) z += units[unit] * head.weight[row * head.width + unit];
  return z + head.bias[row];
}

/**
 * The numbers that a head's rule is about: sums, their tanh, or probabilities. Outputs for what is
 * no symbol come last: they count in a softmax, and are not read.
 */
export function readHead(head, h) {
  const units = headUnits(head, h);
  const sums = head.bias.map((_, row) => headSum(head, row, units));
  const values = head.function === "tanh" ? sums.map(Math.tanh) : head.function === "softmax" ? softmax(sums) : sums;
  return values.slice(0, values.length - head.extra);
}

function softmax(sums) {
  const most = Math.max(...sums);
  const e = sums.map((z) => Math.exp(z - most));
  const total = e.reduce((sum, value) => sum + value, 0);
  return e.map((value) => value / total);
}

/**
 * What a net says when its heads read h: `reader`, the values of its legal head, and the symbols it
 * `offers`, or null for both where it has none; `end`, the value of its accept head, and whether the
 * word may end (`ends`), likewise.
 */
function says(net, h) {
  const { legal, accept } = net.heads;
  const reader = legal ? readHead(legal, h) : null;
  const offers = legal ? [...reader.keys()].filter((symbol) => reader[symbol] > legal.threshold) : null;
  const end = accept ? readHead(accept, h)[0] : null;
  return { read: h, reader, offers, end, ends: accept ? end > accept.threshold : null };
}

/** The state before the first symbol, and what the net says there. */
export function initial(net) {
  let at = 0;
  const states = net.layers.map(({ cell, size }) => {
    const part = () => Float64Array.from({ length: size }, () => (net.start ? net.start[at++] : 0));
    const h = part();
    // Only an LSTM has a memory besides what its gates read.
    return { h, c: CELLS[cell].columns.includes("output") ? part() : h };
  });
  return { symbol: null, gates: null, ...whole(net, states) };
}

/**
 * The states of a word, position 0 being the one before the first symbol. What was computed for a
 * common beginning is taken from an earlier run, so that a step more costs a step.
 */
export function run(net, word, slots, earlier = []) {
  const steps = [];
  let same = true;
  for (let t = 0; t <= word.length; t++) {
    same = same && earlier[t] !== undefined && (t === 0 || earlier[t].symbol === word[t - 1]);
    if (same) steps.push(earlier[t]);
    else steps.push(t === 0 ? initial(net) : step(net, word[t - 1], steps[t - 1], slots));
  }
  return steps;
}
