// A net that writes: each symbol is drawn from those that it offers.

import { readHead, run } from "./lstm.js";
import { legalSymbols, LOST, nextState } from "./machine.js";

/** A symbol of those that are offered, with the chances of the `next` head where there is one. */
export function drawSymbol(net, step) {
  if (step.offers.length === 0) return null;
  let chances = step.offers.map(() => 1);
  if (net.heads.next) {
    const logits = readHead(net, "next", step.h);
    const most = Math.max(...step.offers.map((symbol) => logits[symbol]));
    chances = step.offers.map((symbol) => Math.exp(logits[symbol] - most));
  }
  let left = Math.random() * chances.reduce((sum, chance) => sum + chance, 0);
  for (let k = 0; k < chances.length; k++) {
    left -= chances[k];
    if (left < 0) return step.offers[k];
  }
  return step.offers.at(-1);
}

/**
 * A string, written until the net offers nothing or it is long enough; `fault` is the step at which
 * it breaks the grammar, or 0.
 */
export function writeString(machine, net, slots, longest) {
  const first = legalSymbols(machine, machine.start, net.onViolation);
  let steps = run(net, [], first, slots);
  let node = machine.start;
  let fault = 0;
  const word = [];
  while (word.length < longest) {
    const symbol = drawSymbol(net, steps.at(-1));
    if (symbol === null) break;
    word.push(symbol);
    node = nextState(machine, node, symbol, "absorb");
    if (node === LOST && fault === 0) fault = word.length;
    steps = run(net, word, first, slots, steps);
  }
  return { word, fault };
}
