// The proof for a reader: the boxes, and why every word stays in them.

import { el } from "../common/dom.js";
import { LOST, nextState, wordText } from "../model/machine.js";
import { shown } from "./wiretable.js";

const bound = (value) => (Number.isFinite(value) ? shown(value) : value > 0 ? "∞" : "−∞");

function range(box, cell, join) {
  const [low, high] = [bound(box.low[cell]), bound(box.high[cell])];
  return low === high ? low : join(low, high);
}

/** A step from box to box, in a sentence: if there is one, a step that stays at its node. */
function example(machine, cells, boxes) {
  const steps = boxes.flatMap((box, k) => {
    if (k === 0 || box.node === LOST) return [];
    return [...machine.alphabet.keys()].flatMap((symbol) => {
      const target = nextState(machine, box.node, symbol, "absorb");
      const after = boxes.filter(({ node }, number) => number > 0 && node === target);
      return target === LOST || after.length !== 1 ? [] : [{ box, symbol, after: after[0] }];
    });
  });
  const { box, symbol, after } = steps.find((each) => each.box === each.after && cells.includes(machine.states[each.box.node])) ?? steps[0] ?? {};
  if (!box) return "";
  const [from, to] = [machine.states[box.node], machine.states[after.node]];
  const cell = Math.max(0, cells.indexOf(to));
  const of = (each) => range(each, cell, (low, high) => `between ${low} and ${high}`);
  return ` For example, at node ${from} the memory of cell ${cells[cell]} is ${of(box)}. Then ${machine.alphabet[symbol]} comes. The next node is ${to}${to === from ? " again" : ""}, and there this memory is ${of(after)}.`;
}

/** The proof: between what the memory of every cell stays, in every node, and why. */
export function proofTable(machine, { cells }, { boxes, margin }) {
  const again = boxes.slice(1).some(({ node }) => node === boxes[0].node);
  const name = ({ node, last }, k) => {
    const state = node === LOST ? "after a violation" : machine.states[node];
    if (k === 0 && again) return `${state}, at first`;
    return last.length ? `${state}, after ${wordText(machine, last)}` : state;
  };
  return [
    el("h3", {}, "The proof"),
    el("p", {}, "How can a page know about all words? For each node it has a box: a range in which the memory of each cell stays."),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Boxes of the proof" }, el(
      "table",
      { class: "bounds" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Node"), cells.map((cell) => el("th", { scope: "col" }, `memory of ${cell}`)))),
      el("tbody", {}, boxes.map((box, k) => el("tr", {}, el("th", { scope: "row" }, name(box, k)), cells.map((_, cell) => el("td", {}, range(box, cell, (low, high) => `${low} to ${high}`)))))),
    )),
    el(
      "ol",
      { class: "why-all" },
      el("li", {}, "At the start every memory is 0. That is in the first box."),
      el("li", {}, `Each step from a box leads into the box of the next node.${example(machine, cells, boxes)}`),
      el("li", {}, "Everywhere in a box every answer is right."),
      el("li", {}, "So every word stays in the boxes, however long it is, and every answer is right."),
    ),
    el("details", { class: "note" }, el("summary", {}, "Details"), el("p", {}, `The ranges are shown with two decimals. Computed in real numbers; what the browser rounds is allowed for. The reader says yes if its sum is above 0, and no if it is below. In every box each sum is at least ${shown(margin)} away from 0. Proofs call this the margin.`)),
  ];
}
