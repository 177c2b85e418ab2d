// The LSTM itself. Rows of the gate arrays come in blocks of H, one block a gate; a net has
//   standard:   i, f, g, o;  c = f·c + i·g,  h = o·tanh(c);  gates and heads read h
//   published:  i, f, g;     c = f·c + i·g;  gates and heads read c, and heads are tanh layers

export const GATES = {
  standard: ["input", "forget", "candidate", "output"],
  published: ["input", "forget", "candidate"],
};

/** 1 / (1 + exp(−z)) without overflow at either end. */
export function sigmoid(z) {
  const e = Math.exp(-Math.abs(z));
  return (z >= 0 ? 1 : e) / (1 + e);
}

/** A matrix of the page's data: sparse rows [index, value, …], or all numbers as base64 float64. */
export function readMatrix(data) {
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
  const heads = {};
  for (const [name, head] of Object.entries(data.heads)) {
    heads[name] = { weight: readMatrix(head.weight), bias: Float64Array.from(head.bias) };
  }
  const net = {
    name: data.name,
    cell: data.cell,
    claims: data.claims,
    onViolation: data.on_violation,
    gain: data.gain,
    height: data.height,
    alphabet: data.alphabet,
    cells: data.cells,
    gates: GATES[data.cell],
    threshold: data.threshold,
    input: readMatrix(data.weight_ih),
    recurrent: readMatrix(data.weight_hh),
    bias: Float64Array.from(data.bias),
    heads,
  };
  return indexed(net);
}

/** Adds for every row which of its weights on cells are not zero: what it really reads. */
export function indexed(net) {
  const H = net.cells.length;
  net.reads = nonzeros(net.recurrent, net.bias.length, H);
  for (const head of Object.values(net.heads)) head.reads = nonzeros(head.weight, head.bias.length, H);
  return net;
}

function nonzeros(matrix, rows, columns) {
  const lists = [];
  for (let r = 0; r < rows; r++) {
    const list = [];
    for (let c = 0; c < columns; c++) if (matrix[r * columns + c] !== 0) list.push(c);
    lists.push(Int32Array.from(list));
  }
  return lists;
}

/** The sum that goes into the squashing function of a gate's row, for a symbol and what it reads. */
export function gateSum(net, row, symbol, h) {
  const H = net.cells.length;
  let z = net.input[row * net.alphabet.length + symbol];
  for (const cell of net.reads[row]) z += h[cell] * net.recurrent[row * H + cell];
  return z + net.bias[row];
}

/** The sum of a head's row. */
export function headSum(head, row, h) {
  const H = h.length;
  let z = 0;
  for (const cell of head.reads[row]) z += h[cell] * head.weight[row * H + cell];
  return z + head.bias[row];
}

/** The values of a head; those of the published net are squashed by tanh. */
export function readHead(net, name, h) {
  const head = net.heads[name];
  const values = new Float64Array(head.bias.length);
  for (let row = 0; row < values.length; row++) {
    const z = headSum(head, row, h);
    values[row] = net.cell === "published" ? Math.tanh(z) : z;
  }
  return values;
}

/**
 * One step. Returns the gates by name, the memory c, what the gates read next h, and what the net
 * says then: the values of its reader, which symbols it offers, and whether the word may end.
 * `slots` over 0 snaps the state, see `snapped`.
 */
export function step(net, symbol, before, slots) {
  const H = net.cells.length;
  const gates = {};
  net.gates.forEach((name, block) => {
    const values = new Float64Array(H);
    for (let cell = 0; cell < H; cell++) {
      const z = gateSum(net, block * H + cell, symbol, before.h);
      values[cell] = name === "candidate" ? Math.tanh(z) : sigmoid(z);
    }
    gates[name] = values;
  });
  const c = new Float64Array(H);
  for (let cell = 0; cell < H; cell++) {
    c[cell] = gates.forget[cell] * before.c[cell] + gates.input[cell] * gates.candidate[cell];
  }
  let h = c;
  if (gates.output) h = c.map((value, cell) => gates.output[cell] * Math.tanh(value));
  const state = slots ? snapped(net, h, c, slots) : { h, c };
  return { symbol, gates, ...state, ...says(net, state.h) };
}

/**
 * Rounds what the gates read to the nearest vertex: a multiple −1, 0 or 1 of the height of an active
 * cell, or with two slots also half of it.
 */
export function snapped(net, h, c, slots) {
  const height = net.height / slots;
  const rounded = h.map((value) => height * Math.max(-slots, Math.min(slots, roundHalfEven(value / height))));
  return { h: rounded, c: net.cell === "published" ? rounded : c };
}

function roundHalfEven(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** How active a cell is: what it gives out, an active cell of a hand-wired net being 1. */
export function activity(net, { h }, cell) {
  return Math.abs(h[cell]) / net.height;
}

/** What a net says when its gates read h. */
export function says(net, h) {
  const reader = readHead(net, "legal", h);
  const offers = [];
  for (let symbol = 0; symbol < reader.length; symbol++) {
    if (reader[symbol] > net.threshold) offers.push(symbol);
  }
  const ends = net.heads.accept ? readHead(net, "accept", h)[0] > 0 : null;
  return { reader, offers, ends };
}

/** The state before the first symbol: zero, and what the net offers there (see `firstOffers`). */
export function initial(net, firstOffers) {
  const H = net.cells.length;
  const before = { symbol: null, gates: null, h: new Float64Array(H), c: new Float64Array(H) };
  Object.assign(before, says(net, before.h));
  if (net.claims !== "all") before.offers = firstOffers;
  return before;
}

/**
 * The states of a word, position 0 being the one before the first symbol. What was computed for a
 * common beginning is taken from an earlier run, so that a step more costs a step.
 */
export function run(net, word, firstOffers, slots, earlier = []) {
  const steps = [];
  let same = true;
  for (let t = 0; t <= word.length; t++) {
    same = same && earlier[t] !== undefined && (t === 0 || earlier[t].symbol === word[t - 1]);
    if (same) steps.push(earlier[t]);
    else steps.push(t === 0 ? initial(net, firstOffers) : step(net, word[t - 1], steps[t - 1], slots));
  }
  return steps;
}
