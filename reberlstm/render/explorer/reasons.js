// Where a number comes from: the terms of a gate, the history of a memory, why an answer is wrong.
//
// A place names one number of a net: {gate, cell} with a gate of the net or "before", "memory",
// "hidden"; or {head, row} with the head "legal" (the reader) or "accept".

import { activity, headSum } from "./lstm.js";

export const WORDS = {
  before: { letter: "h₋", standard: "before", source: "reads", about: "what the gates read" },
  forget: { letter: "f", standard: "forget gate", source: "eraser", about: "1 keeps the old memory, 0 erases it" },
  candidate: { letter: "g", standard: "candidate", source: "writer", about: "what may be written into the memory" },
  input: { letter: "i", standard: "input gate", source: "filter", about: "lets the candidate into the memory" },
  output: { letter: "o", standard: "output gate", source: "filter 2", about: "lets the memory out" },
  memory: { letter: "c", standard: "memory", source: "memory", about: "what the cell holds after the step" },
  hidden: { letter: "h", standard: "hidden", source: "out", about: "what the heads read, and the gates at the next step" },
};

/** The columns of a net's table, in the order in which they are computed. */
export function columns(net) {
  const gates = ["forget", "candidate", "input", "output"].filter((gate) => net.gates.includes(gate));
  return ["before", ...gates, "memory", ...(net.cell === "standard" ? ["hidden"] : [])];
}

/** Whether values of a column can be negative. */
export function isSigned(column) {
  return column === "candidate" || column === "memory" || column === "hidden" || column === "before";
}

/** All numbers of one step in the order in which a reader would compute them by hand. */
export function placesInOrder(net) {
  const places = [];
  for (let cell = 0; cell < net.cells.length; cell++) {
    for (const gate of columns(net).slice(1)) places.push({ gate, cell });
  }
  for (let row = 0; row < net.alphabet.length; row++) places.push({ head: "legal", row });
  return places;
}

/** Whether two places are the same number. */
export function samePlace(a, b) {
  return a.gate === b.gate && a.cell === b.cell && a.head === b.head && a.row === b.row;
}

/** The number at a place, at a position of a run; null where there is none yet. */
export function valueAt(net, steps, t, place) {
  const step = steps[t];
  if (place.head) return place.head === "legal" ? step.reader[place.row] : acceptValue(net, step.h);
  if (place.gate === "memory") return step.c[place.cell];
  if (place.gate === "hidden") return step.h[place.cell];
  if (place.gate === "before") return t > 0 ? steps[t - 1].h[place.cell] : null;
  return t > 0 ? step.gates[place.gate][place.cell] : null;
}

/** The value of the accept head. */
export function acceptValue(net, h) {
  return headSum(net.heads.accept, 0, h);
}

/** What a place is called. */
export function placeName(net, place) {
  if (place.head === "accept") return "may the word end?";
  if (place.head) return `reader of ${net.alphabet[place.row]}`;
  const words = WORDS[place.gate];
  if (place.gate === "before") return `cell ${net.cells[place.cell]} before the step`;
  const source = words.source === words.standard || place.gate === "output" || place.gate === "hidden" ? "" : ` (${words.source})`;
  return `${words.standard}${source} of cell ${net.cells[place.cell]}`;
}

/** The row of weights behind a place, or null for one that is made of other places. */
export function weightsOf(net, place) {
  const H = net.cells.length;
  const A = net.alphabet.length;
  if (place.head) {
    const head = net.heads[place.head];
    return { array: head.weight, offset: place.row * H, reads: head.reads[place.row], bias: head.bias, row: place.row };
  }
  const block = net.gates.indexOf(place.gate);
  if (block < 0) return null;
  const row = block * H + place.cell;
  return {
    array: net.recurrent, offset: row * H, reads: net.reads[row], bias: net.bias, row,
    symbols: net.input, symbolOffset: row * A,
  };
}

/**
 * The terms that are added up in a place: {kind, index, name, weight, value, product}, for every
 * weight that is not zero. Values are those read at position t.
 */
export function termsOf(net, steps, t, place) {
  const weights = weightsOf(net, place);
  const letter = net.cell === "published" ? "c" : "h";
  const source = place.head ? steps[t].h : t > 0 ? steps[t - 1].h : null;
  const now = t > 0 ? steps[t].symbol : null;
  const terms = [];
  const push = (kind, index, name, weight, value) => {
    terms.push({ kind, index, name, weight, value, product: value === null ? null : weight * value });
  };
  push("bias", 0, "", weights.bias[weights.row], 1);
  if (weights.symbols) {
    for (let symbol = 0; symbol < net.alphabet.length; symbol++) {
      const weight = weights.symbols[weights.symbolOffset + symbol];
      if (weight !== 0) push("symbol", symbol, net.alphabet[symbol], weight, Number(symbol === now));
    }
  }
  for (const cell of weights.reads) {
    const value = source === null ? null : source[cell];
    push("cell", cell, `${letter}[${net.cells[cell]}]`, weights.array[weights.offset + cell], value);
  }
  return terms;
}

/** The function that squashes the sum of a place, as it is written in formulas. */
export function squashOf(net, place) {
  if (place.head) return net.cell === "published" ? "tanh" : "";
  return place.gate === "candidate" ? "tanh" : "σ";
}

/** A number for people: 3 significant digits, a true minus sign; what is next to nothing is 0. */
export function shown(value, digits = 3) {
  if (value === null) return "–";
  const size = Math.abs(value);
  if (size === 0 || (size < 1e-12 && digits <= 3)) return "0";
  let text;
  if (size >= 10 ** digits) text = String(Math.round(size));
  else if (size < 1e-4) text = size.toExponential(1).replace("e-", "e−");
  else text = String(Number(size.toPrecision(digits)));
  return value < 0 ? `−${text}` : text;
}

/** At most three digits, for a table: two decimals, from 1 on one, from 10 on none. */
export function brief(value) {
  if (value === null) return "";
  const size = Math.abs(value);
  if (size <= 0.005) return "0";
  const text = size >= 9.95 ? String(Math.round(size)) : size >= 1.05 ? size.toFixed(1) : Math.abs(size - 1) <= 0.005 ? "1" : size.toFixed(2).replace(/^0/, "");
  return value < 0 ? `−${text}` : text;
}

const MAX_TERMS = 8;

/** A formula in letters, and with the current numbers in it. */
export function formula(net, steps, t, place) {
  if (place.gate === "before") return beforeFormula(net, steps, t, place);
  if (place.gate === "memory") return memoryFormula(net, steps, t, place);
  if (place.gate === "hidden") {
    const letters = "h = o · tanh(c)";
    if (t === 0) return { letters, numbers: "" };
    const o = steps[t].gates.output[place.cell];
    const c = steps[t].c[place.cell];
    return { letters, numbers: `${shown(o)} · tanh(${shown(c)}) = ${shown(steps[t].h[place.cell])}` };
  }
  const all = termsOf(net, steps, t, place);
  const terms = mostWeighty(all);
  const left = all.length - terms.length;
  const squash = squashOf(net, place);
  const wrap = (inner) => (squash ? `${squash}(${inner})` : inner);
  const letters = wrap(sum(terms, (term) => term.name) + (left ? ` + ${left} more` : ""));
  if (t === 0 && !place.head) return { letters, numbers: "" };
  const live = terms.filter((term) => term.kind !== "symbol" || term.value !== 0);
  const numbers = sum(live, (term) => (term.kind === "cell" ? shown(term.value) : ""));
  const total = all.reduce((z, term) => z + term.product, 0);
  const value = valueAt(net, steps, t, place);
  const middle = squash && numbers !== shown(total) ? ` = ${wrap(shown(total))}` : "";
  const same = !squash && live.length === 1 && live[0].kind === "bias";
  return { letters, numbers: `${wrap(numbers + (left ? " + …" : ""))}${middle}${same ? "" : ` = ${shown(value)}`}` };
}

function beforeFormula(net, steps, t, place) {
  const letters = net.cell === "published" ? "the memory c after the step before" : "h after the step before";
  return { letters, numbers: t > 0 ? shown(valueAt(net, steps, t, place)) : "" };
}

function memoryFormula(net, steps, t, { cell }) {
  const letters = "c = f · c₋ + i · g";
  if (t === 0) return { letters, numbers: "0 before the first symbol" };
  const { forget, input, candidate } = steps[t].gates;
  const [f, before, i, g] = [forget[cell], steps[t - 1].c[cell], input[cell], candidate[cell]].map((v) => shown(v));
  return { letters, numbers: `${f} · ${before} + ${i} · ${g} = ${shown(steps[t].c[cell])}` };
}

function mostWeighty(terms) {
  if (terms.length <= MAX_TERMS) return terms;
  const size = (term) => Math.abs(term.product ?? term.weight);
  const kept = [...terms].sort((a, b) => size(b) - size(a)).slice(0, MAX_TERMS);
  return terms.filter((term) => kept.includes(term));
}

function sum(terms, factor) {
  const shownTerms = terms.filter((term) => term.kind !== "bias" || term.weight !== 0 || terms.length === 1);
  if (shownTerms.length === 0) return "0";
  return shownTerms
    .map((term, position) => {
      const name = factor(term);
      const size = name && Math.abs(term.weight) === 1 ? name : `${shown(Math.abs(term.weight))}${name ? `·${name}` : ""}`;
      const sign = term.weight < 0 ? "−" : "+";
      if (position === 0) return term.weight < 0 ? `−${size}` : size;
      return ` ${sign} ${size}`;
    })
    .join("");
}

const NOTHING = 1e-4;

/**
 * What each step has given to a memory, of what is left of it now: i·g of that step, times all
 * forget gates since. But for amounts next to nothing they add up to the memory; neighbours of one symbol are put together.
 */
export function deposits(net, steps, t, cell) {
  const found = [];
  let kept = 1;
  for (let s = t; s > 0 && Math.abs(kept) > 1e-12; s--) {
    const { forget, input, candidate } = steps[s].gates;
    const amount = kept * input[cell] * candidate[cell];
    kept *= forget[cell];
    if (Math.abs(amount) < NOTHING) continue;
    const last = found.at(-1);
    if (last && last.symbol === steps[s].symbol && last.from === s + 1) {
      last.amount += amount;
      last.from = s;
      last.gate = Math.max(last.gate, input[cell]);
    } else {
      found.push({ symbol: steps[s].symbol, from: s, to: s, amount, gate: input[cell] });
    }
  }
  return found;
}

const SHARE = 0.02;

/** The deposits that matter, largest first, as text: "0.5 from V (step 11)". */
export function depositTexts(net, steps, t, cell, most = 3) {
  const least = SHARE * Math.abs(steps[t].c[cell]);
  const all = deposits(net, steps, t, cell).filter(({ amount }) => Math.abs(amount) > Math.max(0.004, least));
  all.sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount));
  return all.slice(0, most).map((deposit) => {
    const when = deposit.from === deposit.to ? `step ${deposit.to}` : `steps ${deposit.from} to ${deposit.to}`;
    const leaked = deposit.gate < 0.25 ? `, leaked in through an input gate (filter) of ${shown(deposit.gate, 2)}` : "";
    return `${shown(deposit.amount, 2)} from ${net.alphabet[deposit.symbol]} (${when}${leaked})`;
  });
}

/**
 * Why a net says what it says at a position: sentences, and the cell that they are about.
 * `found` is what `judge` returned.
 */
export function reasonsFor(net, steps, t, found, slots) {
  if (found.verdict !== "wrong") return activeCells(net, steps, t, slots);
  const sentences = [];
  let cell = null;
  // One symbol of a kind is explained; the others are named.
  const blame = (symbols, text, sign) => {
    if (symbols.length === 0) return;
    const [symbol, ...others] = symbols;
    const blamed = strongest(net, steps, t, symbol, sign);
    const also = others.length ? ` (as well as ${others.map((other) => net.alphabet[other]).join(" ")})` : "";
    sentences.push(`It ${text(net.alphabet[symbol] + also)}: ${readerText(net, steps, t, symbol)}`);
    cell ??= blamed;
    if (blamed !== null) sentences.push(memoryText(net, steps, t, blamed, slots));
  };
  blame(found.extra, (names) => `offers ${names}, against the grammar`, 1);
  blame(found.missing, (names) => `does not offer ${names}, which may come`, -1);
  if (found.endWrong) {
    sentences.push(`It says that the word may ${steps[t].ends ? "" : "not "}end here; the grammar says that it may${found.ends ? "" : " not"}.`);
  }
  return { sentences: [...new Set(sentences)], cell };
}

const MAX_ACTIVE = 2;

function activeCells(net, steps, t, slots) {
  const active = net.cells.map((_, cell) => cell).filter((cell) => activity(net, steps[t], cell) > 0.5);
  if (active.length === 0) return { sentences: [t === 0 ? "Nothing has been read: every memory is 0." : "No cell is active."], cell: null };
  const sentences = active.slice(0, MAX_ACTIVE).map((cell) => memoryText(net, steps, t, cell, slots));
  const more = active.length - MAX_ACTIVE;
  if (more > 0) sentences.push(more === 1 ? "One more cell is active." : `${more} more cells are active.`);
  return { sentences, cell: active[0] };
}

function readerText(net, steps, t, symbol) {
  const { letters } = formula(net, steps, t, { head: "legal", row: symbol });
  const value = steps[t].reader[symbol];
  return `its reader ${letters} is ${shown(value)}, ${value > net.threshold ? "over" : "not over"} ${shown(net.threshold)}.`;
}

/**
 * The cell whose term lifts a reader most (sign 1); or where it is too low (sign −1) the one with the
 * largest term, which falls short or holds it down. Terms that are next to nothing say nothing.
 */
function strongest(net, steps, t, symbol, sign) {
  const terms = termsOf(net, steps, t, { head: "legal", row: symbol }).filter((term) => term.kind === "cell");
  const size = ({ product }) => (sign > 0 ? product : Math.abs(product));
  const best = terms.reduce((a, b) => (a === null || size(b) > size(a) ? b : a), null);
  return best === null || size(best) < NOTHING ? null : best.index;
}

function memoryText(net, steps, t, cell, slots) {
  const parts = slots ? [] : depositTexts(net, steps, t, cell);
  const memory = shown(steps[t].c[cell], 2);
  const made = parts.length ? `: ${parts.join("; ")}` : "";
  if (net.cell === "published") return `Cell ${net.cells[cell]} holds ${memory}${made}.`;
  return `Cell ${net.cells[cell]} gives out ${shown(steps[t].h[cell], 2)}; its memory is ${memory}${made}.`;
}
