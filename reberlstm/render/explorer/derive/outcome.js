// What was found about the net, and what it answers, in words.

import { verdictText } from "../model/verdicts.js";

function list(machine, symbols) {
  return symbols.length ? symbols.map((symbol) => machine.alphabet[symbol]).join(", ") : "nothing";
}

/** What the net says at a step, and what is right there: {net, machine}. */
export function answersOf(machine, step, judged) {
  if (step.offers === null) return { net: step.ends ? "yes" : "no", machine: judged.ends ? "yes" : "no" };
  return { net: list(machine, step.offers), machine: list(machine, judged.allowed) };
}

/** What is found about a net so far, in sentences. */
export function outcomeText(machine, net, found) {
  return found.verdict === "searching" ? "Looking for a wrong word …" : verdictText(machine, net, found);
}
