// The grammar: a partial machine over symbol indices, and what a net must do after a violation.
//
// Nodes are numbers. Of a machine with counters a node is a state with the values of its counters, and
// gets its number when a word first leads there; `counts` has these values, `states` the state's name.

/** Builds the machine from the page's data: states and symbols become indices. */
export function makeMachine(data) {
  if (data.counters) return countingMachine(data);
  const stateIndex = new Map(data.states.map((name, index) => [name, index]));
  const symbolIndex = new Map(data.alphabet.map((name, index) => [name, index]));
  const table = data.states.map((name) => {
    const row = new Int32Array(data.alphabet.length).fill(-1);
    for (const [symbol, target] of Object.entries(data.transitions[name])) {
      row[symbolIndex.get(symbol)] = stateIndex.get(target);
    }
    return row;
  });
  return {
    name: data.name,
    title: data.title,
    alphabet: data.alphabet,
    states: data.states,
    start: stateIndex.get(data.start),
    accepting: data.states.map((name) => data.accepting.includes(name)),
    ends: data.accepting,
    table,
  };
}

function countingMachine({ name, title, alphabet, counters, arrows, accepting, start }) {
  const ends = accepting.map(([state]) => state);
  const machine = { name, title, alphabet, counters, arrows, guards: accepting, ends, states: [], counts: [], accepting: [], table: [], numbers: {}, start: 0 };
  nodeOf(machine, start, counters.map(() => 0));
  return machine;
}

const holds = (when, counts) => when.every((signs, k) => signs.includes(Math.sign(counts[k])));

function nodeOf(machine, state, counts) {
  const key = JSON.stringify([state, counts]);
  if (!(key in machine.numbers)) {
    machine.numbers[key] = machine.states.length;
    machine.states.push(state);
    machine.counts.push(counts);
    machine.accepting.push(machine.guards.some(([end, when]) => end === state && holds(when, counts)));
    machine.table.push(null);
  }
  return machine.numbers[key];
}

/** The nodes that the symbols lead to, -1 for those that are not legal. */
export function rowOf(machine, node) {
  machine.table[node] ??= machine.alphabet.map((symbol) => {
    const counts = machine.counts[node];
    const arrow = machine.arrows.find(([from, on, , when]) => from === machine.states[node] && on === symbol && holds(when, counts));
    if (!arrow) return -1;
    return nodeOf(machine, arrow[2], counts.map((count, k) => (arrow[4][k] === null ? 0 : count + arrow[4][k])));
  });
  return machine.table[node];
}

/** After a violation there is no state. */
export const LOST = -1;

/** The state after a symbol; a net that resynchronises starts over at a symbol that begins a word. */
export function nextState(machine, state, symbol, onViolation) {
  const target = state === LOST ? LOST : rowOf(machine, state)[symbol];
  if (target !== LOST || onViolation !== "resync") return target;
  return rowOf(machine, machine.start)[symbol];
}

/** Whether a symbol may come next. */
export function isLegal(machine, state, symbol, onViolation) {
  if (state === LOST) return onViolation === "resync" && rowOf(machine, machine.start)[symbol] >= 0;
  return rowOf(machine, state)[symbol] >= 0;
}

/** The indices of the symbols that may come next, in alphabet order. */
export function legalSymbols(machine, state, onViolation) {
  const found = [];
  for (let symbol = 0; symbol < machine.alphabet.length; symbol++) {
    if (isLegal(machine, state, symbol, onViolation)) found.push(symbol);
  }
  return found;
}

/** Whether a word may end here. */
export function isAccepting(machine, state) {
  return state !== LOST && machine.accepting[state];
}

/**
 * Splits a text into symbols: characters, or words where a symbol has several characters. A letter
 * in the wrong case is taken for the right one. Stops at the first thing that is no symbol.
 * Returns {word, error, parts}; parts are the pieces of text that the symbols were read from.
 */
export function parseWord(machine, text) {
  const long = machine.alphabet.some((symbol) => [...symbol].length !== 1);
  const parts = long ? text.split(/\s+/).filter(Boolean) : [...text].filter((c) => !/\s/.test(c) || machine.alphabet.includes(c));
  const word = [];
  for (const part of parts) {
    let symbol = machine.alphabet.indexOf(part);
    if (symbol < 0) symbol = machine.alphabet.indexOf(part.toUpperCase());
    if (symbol < 0) symbol = machine.alphabet.indexOf(part.toLowerCase());
    if (symbol < 0) {
      const known = machine.alphabet.join(" ");
      return { word, error: `“${part}” at position ${word.length + 1} is no symbol; the symbols are ${known}` };
    }
    word.push(symbol);
  }
  return { word, error: "" };
}

/** The text of a word, with spaces where symbols are long. */
export function wordText(machine, word) {
  const long = machine.alphabet.some((symbol) => [...symbol].length !== 1);
  return word.map((symbol) => machine.alphabet[symbol]).join(long ? " " : "");
}
