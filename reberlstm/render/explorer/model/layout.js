// From an encoding to the rows of gates and heads: the counterpart of reberlstm/compiler/layout.py.
//
// The cell of a state must become active exactly when the pair (state, symbol) just seen leads to it. Its
// candidate rings on the symbols of these pairs; two filters, the input and the output gate, decide among
// the states. A state whose pairs are too tangled for two filters gets several cells, its copies.
//
// A row is {bias, symbols, cells, others}: weights by number, `others` on cells that are not named.

import { ZERO } from "./encoding.js";
import { factorise, fits, restrict, symbolsOf } from "./ferrers.js";

/** h of an active cell: tanh 1, the same number in every browser. */
export const ACTIVE = 0.7615941559557649;

const ILLEGAL_LOGIT = -30;

/** The cells, {state, symbols, filters, copy}: `copy` is 0 for a state with one cell. */
export function wire(encoding) {
  return [...incomings(encoding)].flatMap(([state, incoming]) => {
    const filters = factorise(incoming);
    if (filters) return [{ state, symbols: symbolsOf(incoming), filters, copy: 0 }];
    const parts = partsOf(incoming);
    return parts.map((symbols, k) => ({ state, symbols, filters: factorise(restrict(incoming, symbols)), copy: parts.length > 1 ? k + 1 : 0 }));
  });
}

/** What leads to each state that has a cell. */
function incomings({ machine, codes, coded, reference }) {
  const legal = new Map(codes.map(([code, source]) => [code, new Set(machine.lines[source].legal.flatMap((may, a) => (may ? [a] : [])))]));
  const somewhere = counted(legal.values());
  const pairs = new Map(coded.map((state) => [state, new Map()]));
  for (const [code, source] of codes) {
    machine.lines[source].target.forEach((target, symbol) => {
      const found = pairs.get(target);
      if (found) found.set(code, [...(found.get(code) ?? []), symbol]);
    });
  }
  return new Map([...pairs].map(([state, own]) => {
    const here = counted([...own.keys()].map((code) => legal.get(code)));
    const legalElsewhere = new Set([...somewhere.keys()].filter((symbol) => somewhere.get(symbol) > (here.get(symbol) ?? 0)));
    return [state, { pairs: own, reference, hasOthers: own.size < codes.length, legal, legalElsewhere }];
  }));
}

/** How many of some sets each thing is in. */
function counted(sets) {
  const counts = new Map();
  for (const set of sets) for (const thing of set) counts.set(thing, (counts.get(thing) ?? 0) + 1);
  return counts;
}

/** Parts with as many symbols as two filters can decide; one symbol never needs more than one. */
function partsOf(incoming) {
  const parts = [];
  for (const symbol of symbolsOf(incoming)) {
    if (parts.length && fits(restrict(incoming, [...parts.at(-1), symbol]))) parts.at(-1).push(symbol);
    else parts.push([symbol]);
  }
  return parts;
}

/** The whole net: {cells, gates, heads, gain, started}, with a row for each cell in every gate. */
export function layOut(encoding, wirings) {
  const cellsOf = new Map();
  wirings.forEach(({ state }, cell) => cellsOf.set(state, [...(cellsOf.get(state) ?? []), cell]));
  const started = encoding.hasStarted ? wirings.length : null;
  const gain = defaultGain(wirings.length + Number(encoding.hasStarted));
  const [always, never] = [row(gain), row(-gain)];
  const rows = wirings.map(({ symbols, filters }) => {
    const [input = always, output = always] = filters.map((filter) => filterRow(filter, encoding, cellsOf, started, gain));
    return { input, forget: never, candidate: { ...row(0), symbols: new Map(symbols.map((symbol) => [symbol, gain])) }, output };
  });
  if (encoding.hasStarted) rows.push({ input: always, forget: never, candidate: always, output: always });
  const gates = Object.fromEntries(["input", "forget", "candidate", "output"].map((gate) => [gate, rows.map((cell) => cell[gate])]));
  const heads = Object.fromEntries(Object.entries(answers(encoding.machine)).map(([kind, value]) => [kind, headRows(encoding, cellsOf, started, value)]));
  return { cells: cellNames(encoding, wirings), gates, heads, gain, started };
}

const row = (bias) => ({ bias, symbols: new Map(), cells: new Map(), others: 0 });

/** A gain at which the `next` head is exact to 1e-6: a closed gate leaks exp(−K), from so many cells. */
function defaultGain(cells) {
  return Math.max(20, Math.ceil(Math.log(2e7 * cells)));
}

/** A filter as a row of weights. */
function filterRow(filter, { reference }, cellsOf, started, gain) {
  const unit = 2 * gain;
  const onCell = unit / ACTIVE;
  const height = (code) => (code === reference ? 0 : (filter.states.get(code) ?? filter.others));
  const cells = new Map();
  for (const code of filter.states.keys()) for (const cell of cellsOf.get(code) ?? []) cells.set(cell, onCell * height(code));
  let { bias } = filter;
  if (started !== null) {
    // Before the first symbol, and only then, no cell at all is active.
    const zero = height(ZERO);
    cells.set(started, -onCell * zero);
    bias += zero;
  }
  const symbols = new Map([...filter.symbols].map(([symbol, value]) => [symbol, unit * value]));
  return { bias: unit * bias, symbols, cells, others: onCell * filter.others };
}

/** Cells are named after states; a copy gets a number, and a name that is taken gets primes. */
function cellNames({ machine, hasStarted }, wirings) {
  const taken = new Set(machine.names);
  const fresh = (name) => {
    let free = name;
    while (taken.has(free)) free += "'";
    taken.add(free);
    return free;
  };
  const names = wirings.map(({ state, copy }) => (copy ? fresh(`${machine.names[state]}/${copy}`) : machine.names[state]));
  return hasStarted ? [...names, fresh("started")] : names;
}

/** What each head says in a state: half of tanh 1 where true, minus that where false, and log-probabilities. */
function answers({ lines, labels }) {
  const signs = (truths) => truths.map((truth) => (truth ? ACTIVE / 2 : -ACTIVE / 2));
  const logit = (chance) => (chance > 0 ? Math.max(Math.log(chance), ILLEGAL_LOGIT) : ILLEGAL_LOGIT);
  return {
    legal: (state) => signs(lines[state].legal),
    accept: (state) => signs([lines[state].accepting]),
    // Nothing is asked of logits where no symbol may follow; halfway, the way to others is shortest.
    next: (state) => (lines[state].legal.includes(true) ? lines[state].chances.map(logit) : lines[state].legal.map(() => ILLEGAL_LOGIT / 2)),
    ...(labels.length && { label: (state) => signs(labels.map((label) => label === lines[state].output)) }),
  };
}

/** The linear map that gives each code the value of its state. */
function headRows({ codes, reference }, cellsOf, started, value) {
  const values = new Map(codes.map(([code, state]) => [code, value(state)]));
  const [bases, biases] = [values.get(reference), values.get(ZERO)];
  return biases.map((bias, number) => {
    const cells = new Map();
    for (const [state, own] of cellsOf) {
      const weight = (values.get(state)[number] - bases[number]) / ACTIVE;
      if (values.get(state)[number] !== bases[number]) for (const cell of own) cells.set(cell, weight);
    }
    if (started !== null && bases[number] !== bias) cells.set(started, (bases[number] - bias) / ACTIVE);
    return { ...row(bias), cells };
  });
}
