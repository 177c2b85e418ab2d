// What is drawn of a machine: its states, and an arrow for all symbols that lead from one to another.

/** The state that a symbol leads to from another, in a machine's data; undefined where it is not legal. */
export function targetOf({ transitions }, state, symbol) {
  return Object.hasOwn(transitions, state) && Object.hasOwn(transitions[state], symbol) ? transitions[state][symbol] : undefined;
}

/** All arrows, {source, target, symbols}, in the order of states and alphabet. */
export function arrowsOf(machine) {
  return machine.states.flatMap((source) => {
    const found = new Map();
    for (const symbol of machine.alphabet) {
      const target = targetOf(machine, source, symbol);
      if (target !== undefined) found.set(target, [...(found.get(target) ?? []), symbol]);
    }
    return [...found].map(([target, symbols]) => ({ source, target, symbols }));
  });
}

/** The text at an arrow: its symbols, or the first and last one and how many there are. */
export function edgeText(symbols) {
  if (symbols.length <= 6) return symbols.join(" ");
  return `${symbols[0]} … ${symbols.at(-1)} (${symbols.length})`;
}

/** The height of a state; its width grows with its name. */
export const NODE_HEIGHT = 34;

/** How wide a state is drawn. */
export function widthOf(name) {
  return Math.max(NODE_HEIGHT, 16 + 8.5 * [...name].length);
}

/** The half width and half height of an arrow's text. */
export function halfOf(symbols) {
  return [4.2 * [...edgeText(symbols)].length + 3, 9];
}

/** The length of a shortest word to each state that one leads to, nearest first. */
export function distances(machine) {
  const found = new Map([[machine.start, 0]]);
  for (const [state, distance] of found) {
    for (const symbol of machine.alphabet) {
      const target = targetOf(machine, state, symbol);
      if (target !== undefined && !found.has(target)) found.set(target, distance + 1);
    }
  }
  return found;
}
