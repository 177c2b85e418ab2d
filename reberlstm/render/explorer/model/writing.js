// A net that writes: each symbol is drawn from those that it offers.

import { judge } from "./judge.js";
import { readHead, run } from "./net.js";
import { legalSymbols, LOST, nextState } from "./machine.js";

/**
 * A symbol of those that are offered, with the chances of the `next` head where there is one. A net that
 * was never asked what comes first (see `judge`) goes on from a first symbol that the grammar allows.
 */
export function drawSymbol(machine, net, step) {
  const asked = net.claims === "all" || step.symbol !== null;
  const offers = asked ? (step.offers ?? []) : legalSymbols(machine, machine.start, net.onViolation);
  if (offers.length === 0) return null;
  const chances = asked && net.heads.next ? readHead(net.heads.next, step.read) : null;
  let left = Math.random() * offers.reduce((sum, symbol) => sum + (chances?.[symbol] ?? 1), 0);
  for (const symbol of offers) {
    left -= chances?.[symbol] ?? 1;
    if (left < 0) return symbol;
  }
  return offers.at(-1);
}

/**
 * A string, written until the net offers nothing, was never asked what comes next, or it is long
 * enough; `fault` is the step at which it breaks the grammar, or 0.
 */
export function writeString(machine, net, slots, longest) {
  let steps = run(net, [], slots);
  let node = machine.start;
  let fault = 0;
  const word = [];
  while (word.length < longest) {
    const symbol = drawSymbol(machine, net, steps.at(-1));
    if (symbol === null) break;
    word.push(symbol);
    node = nextState(machine, node, symbol, "absorb");
    if (node === LOST && fault === 0) fault = word.length;
    steps = run(net, word, slots, steps);
    if (judge(machine, net, word.length, node, steps.at(-1)).verdict === "unclaimed") break;
  }
  return { word, fault };
}
