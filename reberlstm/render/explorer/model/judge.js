// Right or wrong: what a net offers against what the grammar allows, within what the net claims.

import { isAccepting, legalSymbols, LOST, nextState } from "./machine.js";

/** The grammar's states along a word, position 0 being the start. */
export function walk(machine, word, onViolation) {
  const states = [machine.start];
  for (const symbol of word) states.push(nextState(machine, states.at(-1), symbol, onViolation));
  return states;
}

/**
 * Compares what the net says at a position with the grammar. A net that claims `legal` answers for
 * non-empty beginnings of legal words that can go on, one that claims `all` for every word; outside of
 * that it was never asked, and is not judged. Whether the word may end is judged in the scope `all`,
 * and where the net answers nothing else.
 * Returns {verdict: "right" | "wrong" | "unclaimed", extra, missing, allowed, ends, endWrong, own}: `ends` is
 * whether the grammar lets the word end, `endWrong` whether the net says otherwise, `own`
 * the cell that has the name of the node that the machine is at, -1 where there is none or nothing is wrong.
 */
export function judge(machine, net, position, state, spoken) {
  const allowed = legalSymbols(machine, state, net.onViolation);
  const offers = spoken.offers ?? allowed;
  const extra = offers.filter((symbol) => !allowed.includes(symbol));
  const missing = allowed.filter((symbol) => !offers.includes(symbol));
  const all = net.claims === "all";
  const ends = isAccepting(machine, state);
  const endWrong = (all || spoken.offers === null) && spoken.ends !== null && spoken.ends !== ends;
  const claimed = all || (position > 0 && state !== LOST && allowed.length > 0);
  const differs = extra.length > 0 || missing.length > 0 || endWrong;
  const verdict = !claimed ? "unclaimed" : differs ? "wrong" : "right";
  const own = verdict !== "wrong" || state === LOST ? -1 : net.cells.indexOf(machine.states[state]);
  return { verdict, extra, missing, allowed, ends, endWrong, own };
}
