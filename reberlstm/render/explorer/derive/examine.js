// Where is a net still wrong, or is it right? Decided while the student goes on.

import { makeDeciding } from "../model/prove.js";

const AT_ONCE = 10;
const SLICE = 12;

/**
 * Tells what is found, at once where it is soon found: a decision as prove.js has it; before that
 * {verdict: "searching"}. Returns a function that ends it.
 */
export function examine(machine, net, milliseconds, tell) {
  const finding = makeDeciding(machine, net, { milliseconds });
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
