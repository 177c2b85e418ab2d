// Which vector stands for which state: the counterpart of reberlstm/compiler/encoding.py, and of
// `FSM.complete` in reberlstm/machine.
//
// A state is one active cell, and the zero vector that a net starts from is the start. If a violation can
// happen, one more cell, `started`, tells "after a violation" from the start. A start that is entered
// again needs a cell like any other.

import { distances, targetOf } from "./arrows.js";

/** The two codes that are not one active cell; all others are the numbers of states. */
export const ZERO = "nothing active: the start, before the first symbol";
export const DEFAULT = "only `started` active: after a violation";

/**
 * The machine with a state for violations where any can happen, which comes last and has no name:
 * {alphabet, names, lines: [{target, legal, accepting, chances, output}], labels, dead}. States are numbers, by their
 * distance from the start; what no word leads to is left out. `dead` is null where there is none.
 */
export function complete(machine) {
  const { alphabet, accepting, states, probabilities = {}, outputs = {} } = machine;
  const labelled = Object.keys(outputs).length > 0;
  const names = [...distances(machine).keys()];
  const partial = names.some((state) => alphabet.some((symbol) => targetOf(machine, state, symbol) === undefined));
  const dead = partial ? names.length : null;
  const number = new Map(names.map((state, index) => [state, index]));
  const lines = names.map((state) => {
    const targets = alphabet.map((symbol) => targetOf(machine, state, symbol));
    const legal = targets.map((target) => target !== undefined);
    const given = Object.hasOwn(probabilities, state) ? probabilities[state] : null;
    const even = 1 / legal.filter(Boolean).length;
    return {
      target: targets.map((target) => (target === undefined ? dead : number.get(target))),
      legal,
      accepting: accepting.includes(state),
      chances: legal.map((may, index) => (!may ? 0 : given ? given[alphabet[index]] : even)),
      output: labelled ? outputs[state] : null,
    };
  });
  if (partial) lines.push({ target: alphabet.map(() => dead), legal: alphabet.map(() => false), accepting: false, chances: alphabet.map(() => 0), output: null });
  return { alphabet, names, lines, labels: labelled ? [...new Set(states.map((state) => outputs[state]))] : [], dead };
}

/** The fewest cells: `coded` are the states that have one, `codes` is all that stands for a state. */
export function encode(machine) {
  const states = [...machine.lines.keys()];
  if (machine.dead === null) {
    // A machine of one state has nothing to remember, but a net has at least one cell.
    return encoding(machine, states.slice(1), states.length === 1, 0);
  }
  const startIsEntered = machine.lines.some(({ target }) => target.includes(0));
  const own = startIsEntered ? states : states.slice(1);
  return encoding(machine, own.filter((state) => state !== machine.dead), true, machine.dead);
}

/** `reference` is the code in which no state's cell is active once words have begun: it costs nothing. */
function encoding(machine, coded, hasStarted, rest) {
  const codes = [[ZERO, 0], ...(hasStarted ? [[DEFAULT, rest]] : []), ...coded.map((state) => [state, state])];
  return { machine, coded, hasStarted, codes, reference: hasStarted ? DEFAULT : ZERO };
}
