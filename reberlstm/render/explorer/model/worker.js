// Searches and proofs in the background: in a worker made from this very script, or in idle slices without one.

import { decide } from "./prove.js";
import { makeSearch } from "./search.js";

const SLICE = 40;

/** The worker's side: one job per net, a new job for a net replaces its old one. */
export function serve(scope) {
  const jobs = new Map();
  scope.onmessage = ({ data }) => {
    const job = Symbol("job");
    jobs.set(data.id, job);
    if (data.decides) {
      scope.postMessage({ id: data.id, number: data.number, report: decide(data.machine, data.net) });
      return;
    }
    const search = makeSearch(data.machine, data.net, data.slots);
    const turn = () => {
      if (jobs.get(data.id) !== job) return;
      const done = search.advance(SLICE);
      scope.postMessage({ id: data.id, number: data.number, report: search.report() });
      if (!done) setTimeout(turn, 0);
    };
    turn();
  };
}

/**
 * The page's side: `look(id, machine, net, slots)` searches for a wrong word, `decide(id, machine, net)`
 * proves the net or refutes it. Both start over, and `onReport(id, report)` is told.
 */
export function makeSeeker(source, onReport) {
  const numbers = new Map();
  const heard = ({ id, number, report }) => {
    if (numbers.get(id) === number) onReport(id, report);
  };
  let worker = null;
  let local = null;
  try {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    worker = new Worker(url);
    worker.onmessage = ({ data }) => heard(data);
  } catch {
    local = { postMessage: heard };
    serve(local);
  }
  let count = 0;
  const ask = (id, question) => {
    count += 1;
    numbers.set(id, count);
    const message = { id, number: count, ...question };
    if (worker) worker.postMessage(message);
    else setTimeout(() => local.onmessage({ data: message }), 50);
  };
  return {
    look: (id, machine, net, slots) => ask(id, { machine, net, slots }),
    decide: (id, machine, net) => ask(id, { machine, net, decides: true }),
    /** What is still found about `id` is told to nobody. */
    forget: (id) => numbers.delete(id),
    /** Ends all searches. */
    end() {
      numbers.clear();
      worker?.terminate();
    },
  };
}
