// What was found about the net, in words, and the proof with its numbers.

import { el } from "../common/dom.js";
import { wordText } from "../model/machine.js";
import { verdictText } from "../model/verdicts.js";
import { shown } from "./wiretable.js";

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

/** The proof: between what the memory of every cell stays, in every node. */
export function proofTable(machine, lesson, { boxes, margin }) {
  const bound = (value) => (Number.isFinite(value) ? shown(value) : value > 0 ? "∞" : "−∞");
  const range = (low, high) => (bound(low) === bound(high) ? bound(low) : `${bound(low)} to ${bound(high)}`);
  const again = boxes.slice(1).some(({ node }) => node === boxes[0].node);
  const name = ({ node, last }, k) => {
    const state = node < 0 ? "after a violation" : machine.states[node];
    if (k === 0 && again) return `${state}, at first`;
    return last.length ? `${state}, after ${wordText(machine, last)}` : state;
  };
  return [
    el("h3", {}, "The proof"),
    el("p", {}, "In every node, every number of the net stays within these bounds, however long the word is. They hold at the start, and no step leads out of them. Within them every answer is right."),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Bounds of the proof" }, el(
      "table",
      { class: "bounds" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Node"), lesson.cells.map((cell) => el("th", { scope: "col" }, `memory of ${cell}`)))),
      el("tbody", {}, boxes.map((box, k) => el("tr", {}, el("th", { scope: "row" }, name(box, k)), lesson.cells.map((_, cell) => el("td", {}, range(box.low[cell], box.high[cell])))))),
    )),
    el("p", { class: "note" }, `The bounds are shown with two decimals. Computed in real numbers; what the browser rounds is allowed for. The reader’s sums stay at least ${shown(margin)} away from another answer.`),
  ];
}
