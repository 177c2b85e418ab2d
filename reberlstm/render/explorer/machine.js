// The grammar: a partial machine over symbol indices, and what a net must do after a violation.

/** Builds the machine from the page's data: states and symbols become indices. */
export function makeMachine(data) {
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
    table,
  };
}

/** After a violation there is no state. */
export const LOST = -1;

/** The state after a symbol; a net that resynchronises starts over at a symbol that begins a word. */
export function nextState(machine, state, symbol, onViolation) {
  const target = state === LOST ? LOST : machine.table[state][symbol];
  if (target !== LOST || onViolation !== "resync") return target;
  return machine.table[machine.start][symbol];
}

/** Whether a symbol may come next. */
export function isLegal(machine, state, symbol, onViolation) {
  if (state === LOST) return onViolation === "resync" && machine.table[machine.start][symbol] >= 0;
  return machine.table[state][symbol] >= 0;
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
