// Where is a net still wrong? First the shortest wrong word is sought; where none is found, a proof.

import { decide } from "../model/prove.js";
import { makeSearch } from "../model/search.js";

const AT_ONCE = 8;
const SLICE = 12;
const LONGEST = 4000;
const PROOF = 400;

/**
 * Tells what is found, at once where it is soon found: {kind: "wrong", …} as search.js reports it, with
 * `shortest`; {kind: "proved", …} and {kind: "unknown", reason, length} as prove.js decides, `length` being
 * up to where all words are right; {kind: "searching"} before. Returns a function that ends it.
 */
export function examine(machine, net, tell) {
  const search = makeSearch(machine, net, 0);
  const begin = performance.now();
  let decided = null;
  let timer = 0;

  function turn(slice) {
    const over = search.advance(slice);
    const report = search.report();
    if (report.status === "wrong" && !report.suspect) return tell({ kind: "wrong", shortest: true, ...report });
    const spent = performance.now() - begin;
    if (!decided && (over || spent > 5 * SLICE)) {
      decided = decide(machine, net, { milliseconds: PROOF });
      if (decided.verdict === "proved") return tell({ kind: "proved", ...decided });
      if (decided.verdict === "refuted") return tell({ kind: "wrong", shortest: decided.shortest, ...decided.wrong });
    }
    if (over || spent > LONGEST) return tell({ kind: "unknown", reason: decided.reason, length: report.length ?? null });
    if (slice === AT_ONCE) tell({ kind: "searching" });
    timer = setTimeout(turn, 0, SLICE);
    return undefined;
  }

  turn(AT_ONCE);
  return () => clearTimeout(timer);
}
