// Where a number comes from: the terms of a gate, the history of a memory, why an answer is wrong.
//
// A place names one number of a net: {gate, cell} with a gate of the net or "before", "memory",
// "hidden"; or {head, row} with the head "legal" (the reader) or "accept".

import { activity, CELLS, hasGate, headUnits, layerOf } from "./net.js";

/** The words for a column; `source` is what the Toy LSTM calls it. */
export const WORDS = {
  before: { letter: "h₋", standard: "before", source: "reads", about: "what the gates read" },
  forget: { letter: "f", standard: "forget gate", source: "eraser", about: "1 keeps the old memory, 0 erases it" },
  reset: { letter: "r", standard: "reset gate", about: "lets the candidate read what was before" },
  candidate: { letter: "g", standard: "candidate", source: "writer", about: "what may be written into the memory" },
  input: { letter: "i", standard: "input gate", source: "filter", about: "lets the candidate into the memory" },
  update: { letter: "z", standard: "update gate", about: "1 keeps the old memory, 0 writes the candidate" },
  output: { letter: "o", standard: "output gate", source: "filter 2", about: "lets the memory out" },
  memory: { letter: "c", standard: "memory", source: "memory", about: "what the cell holds after the step" },
  hidden: { letter: "h", standard: "hidden", source: "out", about: "what the heads read, and the gates at the next step" },
};

/** The words for a column of one net's table. */
export function wordsOf(net, column) {
  const { letter, memory } = CELLS[net.layers[0].cell];
  const words = WORDS[column];
  // The words of the Toy LSTM fit only what has a gate in front of its memory.
  if (column === "candidate" && !hasGate(net, "input")) return { ...words, source: undefined };
  if (column === "before") return { ...words, letter: `${letter}₋` };
  return column === "memory" ? { ...words, letter: memory } : words;
}

/** The columns of a net's table, in the order in which they are computed. */
export function columns(net) {
  const gates = Object.keys(WORDS).filter((gate) => hasGate(net, gate));
  return ["before", ...gates, "memory", ...(gates.includes("output") ? ["hidden"] : [])];
}

/** Whether a cell has a number in a column: layers of one net may be of different kinds. */
function hasPlace(net, { gate, cell }) {
  const own = { before: true, memory: true, hidden: layerOf(net, cell).gates.includes("output") };
  return own[gate] ?? layerOf(net, cell).gates.includes(gate);
}

/** The column in which others read a cell. */
export function outOf(net, cell) {
  return hasPlace(net, { gate: "hidden", cell }) ? "hidden" : "memory";
}

/** What a net answers, in words. */
export function answerText(machine, { offers, ends }) {
  if (offers === null) return `says that the word may ${ends ? "" : "not "}end`;
  return `offers ${offers.map((symbol) => machine.alphabet[symbol]).join(" ") || "nothing"}`;
}

/** Whether values of a column can be negative. */
export function isSigned(column) {
  return column === "candidate" || column === "memory" || column === "hidden" || column === "before";
}

/**
 * The cells of a net in the order in which a person would number them, as trace has them: 0, 1, 2, …, end.
 * Names that differ in a number only stand together, where the first of them stood; layers stay apart.
 */
export function cellsInOrder({ cells: names, layers }) {
  const first = [];
  const keys = names.map((name) => {
    const [text, ...rest] = name.split(/(\d+)/);
    const group = rest.length > 0 ? `number ${text}` : `name ${name}`;
    if (!first.includes(group)) first.push(group);
    return [first.indexOf(group), ...rest.filter((_, k) => k % 2 === 0).map(Number)];
  });
  const cells = [...names.keys()];
  if (layers.length > 1) return cells;
  const apart = (a, b) => a.map((value, k) => value - (b[k] ?? -1)).find((each) => each !== 0) ?? 0;
  return cells.sort((a, b) => apart(keys[a], keys[b]));
}

/** All numbers of one step in the order in which a reader would compute them by hand. */
export function placesInOrder(net) {
  const places = [];
  for (const cell of cellsInOrder(net)) {
    for (const gate of columns(net).slice(1)) places.push({ gate, cell });
  }
  const rows = net.heads.legal ? net.alphabet.length : 0;
  for (let row = 0; row < rows; row++) places.push({ head: "legal", row });
  return rows ? places : [...places, { head: "accept", row: 0 }];
}

/** Whether two places are the same number. */
export function samePlace(a, b) {
  return a.gate === b.gate && a.cell === b.cell && a.head === b.head && a.row === b.row;
}

/** The number at a place, at a position of a run; null where there is none yet. */
export function valueAt(net, steps, t, place) {
  const step = steps[t];
  if (place.head) return place.head === "legal" ? step.reader[place.row] : step.end;
  if (!hasPlace(net, place)) return null;
  if (place.gate === "memory") return step.c[place.cell];
  if (place.gate === "hidden") return step.h[place.cell];
  if (place.gate === "before") return t > 0 ? steps[t - 1].h[place.cell] : null;
  return t > 0 ? step.gates[place.gate][place.cell] : null;
}

/** What a place is called. */
export function placeName(net, place) {
  if (place.head === "accept") return "may the word end?";
  if (place.head) return `reader of ${net.alphabet[place.row]}`;
  const words = wordsOf(net, place.gate);
  if (place.gate === "before") return `cell ${net.cells[place.cell]} before the step`;
  const source = !words.source || words.source === words.standard || place.gate === "output" || place.gate === "hidden" ? "" : ` (${words.source})`;
  return `${words.standard}${source} of cell ${net.cells[place.cell]}`;
}

/** What a number of this kind does, in any net. */
export function aboutPlace(net, place) {
  if (place.head === "accept") return "whether the word may end here";
  return place.head ? "whether the symbol may come next" : wordsOf(net, place.gate).about;
}

/**
 * What a number is for in this net: a sentence, and what is to be said of it besides. `explained` is
 * what the page was made with, null where there is nothing or a weight has been changed.
 */
export function sentencesOf(explained, net, place) {
  return (place.head ? headWords(explained, net, place) : cellWords(explained, place)).filter(Boolean);
}

/** The sentence of a gate; of a memory what the cell stands for, and what is to be said of leaks. */
function cellWords(explained, { gate, cell }) {
  const about = explained?.cells[cell];
  if (!about) return [];
  if (about.gates[gate]) return [about.gates[gate].sentence];
  if (gate === "before") return [];
  return [about.role ? `${about.role}: ${about.sentence}` : about.sentence, ...(gate === "memory" ? about.notes : [])];
}

function headWords(explained, net, { head, row }) {
  const lines = explained?.heads[head];
  if (!lines) return [];
  return [head === "legal" ? lines[net.alphabet[row]] : Object.values(lines)[0]];
}

/**
 * The row of weights behind a place, or null for one that is made of other places. `groups` says by
 * the kind of what is read where the weights lie: {array, offset, first, reads}, `reads` being those
 * that are not zero. Cells go by their numbers through all layers, which begin at `first`.
 */
export function weightsOf(net, place) {
  if (place.head) {
    const head = net.heads[place.head];
    const group = { array: head.weight, offset: place.row * head.width, first: net.layers.at(-1).first, reads: head.reads[place.row], count: head.width };
    return { bias: head.bias, row: place.row, groups: head.below.length ? { unit: { ...group, first: 0 } } : { cell: group } };
  }
  const layer = layerOf(net, place.cell);
  const block = layer.gates.indexOf(place.gate);
  if (block < 0) return null;
  const own = place.cell - layer.first;
  const row = block * layer.size + own;
  const input = { array: layer.input, offset: row * layer.width, count: layer.width };
  const below = net.layers[net.layers.indexOf(layer) - 1];
  const groups = below ? { below: { ...input, first: below.first, reads: layer.readsInput[row] } } : { symbol: { ...input, first: 0, reads: net.alphabet.keys() } };
  groups.cell = { array: layer.recurrent, offset: row * layer.size, first: layer.first, reads: layer.reads[row], count: layer.size };
  if (place.gate === "candidate" && layer.inner) groups.inner = { array: layer.inner, offset: own, first: 0, reads: [0], count: 1 };
  return { bias: layer.bias, row, groups };
}

/**
 * The terms that are added up in a place: {kind, index, name, weight, value, product}, for every
 * weight that is not zero or is among `kept`. Values are those read at position t.
 */
export function termsOf(net, steps, t, place, kept = []) {
  const { bias, row, groups } = weightsOf(net, place);
  const kind = CELLS[(place.head ? net.layers.at(-1) : layerOf(net, place.cell)).cell];
  const units = place.head ? headUnits(net.heads[place.head], steps[t].read) : null;
  const reset = place.gate === "candidate" && kind.again ? kind.again : null;
  const factor = (index) => (reset ? reset(steps[t].gates.reset, place.cell, index) : 1);
  const known = place.head || t > 0;
  const reads = {
    symbol: (index) => ({ name: net.alphabet[index], value: known ? Number(index === steps[t].symbol) : 0 }),
    below: (index) => ({ name: `${kind.letter}[${net.cells[index]}]`, value: known ? steps[t].h[index] : null }),
    cell: (index) => ({ name: `${reset ? "r·" : ""}${kind.letter}[${net.cells[index]}]`, value: !known ? null : place.head ? units[index - net.layers.at(-1).first] : factor(index) * steps[t - 1].h[index] }),
    inner: () => ({ name: "r", value: known ? factor(place.cell) : null }),
    unit: (index) => ({ name: `unit ${index + 1}`, value: units[index] }),
  };
  const terms = [{ kind: "bias", index: 0, name: "", weight: bias[row], value: 1, product: bias[row] }];
  for (const [group, { array, offset, first, reads: read }] of Object.entries(groups)) {
    const asked = kept.filter(({ kind: each }) => each === group).map(({ index }) => index - first);
    const locals = asked.length ? [...new Set([...read, ...asked])].sort((a, b) => a - b) : read;
    for (const local of locals) {
      const weight = array[offset + local];
      if (weight === 0 && !asked.includes(local)) continue;
      const { name, value } = reads[group](first + local);
      terms.push({ kind: group, index: first + local, name, weight, value, product: value === null ? null : weight * value });
    }
  }
  return terms;
}

/** The function that squashes the sum of a place, as it is written in formulas. */
function squashOf(net, place) {
  if (place.head) return net.heads[place.head].function.replace("logit", "");
  return place.gate === "candidate" ? (CELLS[layerOf(net, place.cell).cell].squashName ?? "tanh") : "σ";
}

/** How the answers are read from the numbers of the reader, in a sentence. */
export function readingText(net) {
  const [[head, { function: name, threshold }]] = Object.entries(net.heads).filter(([kind]) => kind === "legal" || kind === "accept");
  const number = name === "logit" ? "the reader's sum (the logit)" : name === "softmax" ? "its share of all symbols (softmax)" : `${name} of the reader's sum`;
  return `${head === "legal" ? "A symbol is offered" : "The word may end"} if ${number} is over ${shown(threshold)}.`;
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
  if (!place.head && !hasPlace(net, place)) return { letters: "", numbers: "" };
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
  const numbers = sum(live, (term) => (term.kind === "bias" || term.kind === "symbol" ? "" : shown(term.value)));
  const total = all.reduce((z, term) => z + term.product, 0);
  const value = valueAt(net, steps, t, place);
  const middle = squash && numbers !== shown(total) ? ` = ${wrap(shown(total))}` : "";
  const same = !squash && live.length === 1 && live[0].kind === "bias";
  if (!same && wrap(numbers) === letters) return { letters, numbers: shown(value) };
  return { letters, numbers: `${wrap(numbers + (left ? " + …" : ""))}${middle}${same ? "" : ` = ${shown(value)}`}` };
}

/** The formula with what it is the formula of: "i = σ(…)". */
export function equation(net, steps, t, place) {
  const { letters, numbers } = formula(net, steps, t, place);
  const named = place.head || place.gate === "before" || letters === "" || letters.includes(" = ");
  return { letters: named ? letters : `${wordsOf(net, place.gate).letter} = ${letters}`, numbers };
}

function beforeFormula(net, steps, t, place) {
  const letters = `${wordsOf(net, "before").letter[0]} after the step before`;
  return { letters, numbers: t > 0 ? shown(valueAt(net, steps, t, place)) : "" };
}

function memoryFormula(net, steps, t, { cell }) {
  const kind = CELLS[layerOf(net, cell).cell];
  const letters = kind.formula;
  const value = shown(steps[t].c[cell]);
  if (t === 0) return { letters, numbers: `${value} before the first symbol` };
  const parts = kind.parts(steps[t].gates, cell);
  const [keep, before, gate, write] = [parts.keep, steps[t - 1].c[cell], parts.gate, parts.write].map((v) => shown(v));
  return { letters, numbers: kind.madeOf.length === 1 ? value : `${keep} · ${before} + ${gate} · ${write} = ${value}` };
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
 * What each step has given to a memory, of what is left of it now: what it wrote, times all that was
 * kept since. But for amounts next to nothing they add up to the memory, with what the word began in
 * (`symbol` null); neighbours of one symbol are put together.
 */
export function deposits(net, steps, t, cell) {
  const { parts } = CELLS[layerOf(net, cell).cell];
  const found = [];
  let kept = 1;
  for (let s = t; s > 0 && Math.abs(kept) > 1e-12; s--) {
    const { keep, gate, write } = parts(steps[s].gates, cell);
    const amount = kept * gate * write;
    kept *= keep;
    if (Math.abs(amount) < NOTHING) continue;
    const last = found.at(-1);
    if (last && last.symbol === steps[s].symbol && last.from === s + 1) {
      last.amount += amount;
      last.from = s;
      last.gate = Math.max(last.gate, gate);
    } else {
      found.push({ symbol: steps[s].symbol, from: s, to: s, amount, gate });
    }
  }
  const begun = kept * steps[0].c[cell];
  if (Math.abs(begun) >= NOTHING) found.push({ symbol: null, from: 0, to: 0, amount: begun, gate: 1 });
  return found;
}

const SHARE = 0.02;
/** What is let in through an input gate below this has leaked in. */
export const LEAK = 0.25;

/** The deposits that matter, largest first, as text: "0.5 from V (step 11)". */
export function depositTexts(net, steps, t, cell, most = 3) {
  const least = SHARE * Math.abs(steps[t].c[cell]);
  const all = deposits(net, steps, t, cell).filter(({ amount }) => Math.abs(amount) > Math.max(0.004, least));
  all.sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount));
  return all.slice(0, most).map((deposit) => {
    if (deposit.symbol === null) return `${shown(deposit.amount, 2)} from the start`;
    const when = deposit.from === deposit.to ? `step ${deposit.to}` : `steps ${deposit.from} to ${deposit.to}`;
    const count = deposit.to - deposit.from + 1;
    const each = count > 1 ? `, about ${shown(deposit.amount / count, 1)} at each` : "";
    const leaked = deposit.gate < LEAK ? `${each}, leaked in through an input gate (filter) that is not shut: it is ${count > 1 ? "up to " : ""}${shown(deposit.gate, 2)}` : "";
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
  const { own } = found;
  if (found.missing.length > 0 && own >= 0 && activity(net, steps[t], own) < 0.5) {
    sentences.push(`Cell ${net.cells[own]} should be active at node ${net.cells[own]}, but is not.`, memoryText(net, steps, t, own, slots));
    cell = own;
  }
  if (found.endWrong) {
    sentences.push(`It says that the word may ${steps[t].ends ? "" : "not "}end here; the grammar says that it may${found.ends ? "" : " not"}.`);
  }
  return { sentences: [...new Set(sentences)], cell };
}

const MAX_ACTIVE = 2;
const MAX_NAMES = 6;

function activeCells(net, steps, t, slots) {
  const active = net.cells.map((_, cell) => cell).filter((cell) => activity(net, steps[t], cell) > 0.5);
  if (active.length === 0) return { sentences: [t === 0 && !net.start ? "Nothing has been read: every memory is 0." : "No cell is active."], cell: null };
  const sentences = active.slice(0, MAX_ACTIVE).map((cell) => memoryText(net, steps, t, cell, slots));
  const names = active.slice(MAX_ACTIVE).map((cell) => net.cells[cell]);
  const counters = Object.entries(net.counting).filter(([, name]) => active.some((cell) => net.cells[cell] === name));
  const others = names.filter((name) => !counters.some(([, cell]) => cell === name));
  sentences.push(...counters.map(([counter, name]) => `Cell ${name} counts: its memory is the counter ${counter}.`));
  const more = others.length > MAX_NAMES ? ` and ${others.length - MAX_NAMES} more` : "";
  if (others.length > 0) sentences.push(others.length === 1 ? `Cell ${others[0]} is active, too.` : `Active, too: cells ${others.slice(0, MAX_NAMES).join(", ")}${more}.`);
  return { sentences, cell: active[0] };
}

function readerText(net, steps, t, symbol) {
  const { letters } = formula(net, steps, t, { head: "legal", row: symbol });
  const value = steps[t].reader[symbol];
  const { threshold } = net.heads.legal;
  return `its reader ${letters} is ${shown(value)}, ${value > threshold ? "over" : "not over"} ${shown(threshold)}.`;
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
  const name = `Cell ${net.cells[cell]}`;
  const out = CELLS[layerOf(net, cell).cell].letter === CELLS[layerOf(net, cell).cell].memory ? "" : `${name} gives out ${shown(steps[t].h[cell], 2)}. `;
  // Where it is all from one symbol, its amount need not be said twice.
  const [amount, source] = parts.length === 1 ? parts[0].split(/ from (.*)/) : [];
  if (amount === memory) return `${out}${out ? "Its memory of" : `${name} holds`} ${memory}${out ? " comes" : ", which comes"} from ${source}.`;
  return `${out}${out ? "Its memory is" : `${name} holds`} ${memory}${parts.length ? `: ${parts.join("; ")}` : ""}.`;
}
