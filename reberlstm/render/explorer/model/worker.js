// Decides on nets in the background: in a worker made from this very script, or in idle slices without one.

import { makeDeciding } from "./prove.js";
import { makeSearch, MAX_SECONDS } from "./search.js";

const SLICE = 40;

/** Looks for a proof and for a wrong word: reports of the search, at the end with the decision. */
function* look({ machine, net, slots }) {
  const decision = slots ? null : yield* makeDeciding(machine, net, { milliseconds: 1000 * MAX_SECONDS });
  if (decision?.verdict === "proved") return { status: "proved", decision };
  if (decision?.verdict === "refuted") return { status: "wrong", ...decision.wrong, decision };
  if (decision?.search) return { ...decision.search, decision };
  // Of nets that are rounded, or count, nothing is proved.
  const search = makeSearch(machine, net, slots);
  while (!search.advance(1)) yield search;
  return search.report();
}

/** The worker's side: one job per net, a new job for a net replaces its old one; without a machine it ends it. */
export function serve(scope) {
  const jobs = new Map();
  scope.onmessage = ({ data }) => {
    const job = Symbol("job");
    jobs.set(data.id, job);
    if (!data.machine) return;
    const work = look(data);
    const turn = () => {
      if (jobs.get(data.id) !== job) return;
      const end = performance.now() + SLICE;
      let step = work.next();
      while (!step.done && performance.now() < end) step = work.next();
      scope.postMessage({ id: data.id, number: data.number, report: step.done ? step.value : step.value.report() });
      if (!step.done) setTimeout(turn, 0);
    };
    turn();
  };
}

/**
 * The page's side: `look(id, machine, net, slots)` starts over, `stop(id)` ends it, `onReport(id, report)` is told what the
 * search has come to, and at the end, where nothing is rounded or counts, the `decision`.
 */
export function makeSeeker(source, onReport) {
  const numbers = new Map();
  const received = ({ id, number, report }) => {
    if (numbers.get(id) === number) onReport(id, report);
  };
  let worker = null;
  let local = null;
  try {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    worker = new Worker(url);
    worker.onmessage = ({ data }) => received(data);
  } catch {
    local = { postMessage: received };
    serve(local);
  }
  const ask = (id, what) => {
    const number = (numbers.get(id) ?? 0) + 1;
    numbers.set(id, number);
    const message = { id, number, ...what };
    if (worker) worker.postMessage(message);
    else setTimeout(() => local.onmessage({ data: message }), 50);
  };
  return {
    look: (id, machine, net, slots) => ask(id, { machine, net, slots }),
    stop: (id) => ask(id, {}),
    /** Ends all searches. */
    end() {
      numbers.clear();
      worker?.terminate();
    },
  };
}
