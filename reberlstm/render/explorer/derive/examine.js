// Where is a net still wrong? First the shortest wrong word is sought; where none is found, a proof.

import { confirmer, makeDeciding } from "../model/prove.js";
import { makeSearch } from "../model/search.js";

const AT_ONCE = 10;
const SLICE = 12;
const PIECE = 3;
const WORDS = 5000;

/**
 * Tells what is found, at once where it is soon found: a decision as prove.js has it; before that
 * {verdict: "searching"}. Returns a function that ends it.
 */
export function examine(machine, net, milliseconds, tell) {
  const finding = findings(machine, net, milliseconds);
  let timer = 0;

  function turn(slice) {
    const end = performance.now() + slice;
    for (;;) {
      const { done, value } = finding.next();
      if (done) return tell(value);
      if (performance.now() > end) break;
    }
    if (slice === AT_ONCE) tell({ verdict: "searching" });
    timer = setTimeout(turn, 0, SLICE);
    return undefined;
  }

  turn(AT_ONCE);
  return () => clearTimeout(timer);
}

function* findings(machine, net, milliseconds) {
  const search = makeSearch(machine, net, 0, confirmer(machine, net));
  while (!search.advance(PIECE) && search.report().tried < WORDS) yield;
  const report = search.report();
  if (report.status === "wrong") return { verdict: "refuted", wrong: report, shortest: !report.suspect };
  return { search: report, ...(yield* makeDeciding(machine, net, { milliseconds })) };
}
