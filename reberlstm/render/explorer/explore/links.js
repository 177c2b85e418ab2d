// Lines from what a number is made of to the number, found from the weights that are not zero.

import { fill, svg } from "../common/dom.js";
import { CELLS, layerOf } from "../model/net.js";
import { outOf, termsOf, weightsOf } from "../model/reasons.js";

const MOST = 24;
const LIVE = 0.05;

export class Links {
  constructor(card) {
    this.card = card;
    this.element = svg("svg", { class: "links", "aria-hidden": "true" });
    this.marked = [];
  }

  /** Marks what a place reads, and draws lines where there are weights; null takes all away. */
  draw(place) {
    const target = place && this.card.find(place)?.element;
    const sources = target ? this.sources(place).slice(0, MOST) : [];
    this.mark(sources.map((source) => source.element));
    if (sources.length === 0 || !weightsOf(this.card.entry.net, place)) {
      fill(this.element);
      return;
    }
    // All boxes are measured before the first line is drawn, so the page is laid out once.
    const frame = this.card.body.getBoundingClientRect();
    const to = target.getBoundingClientRect();
    const from = sources.map(({ element }) => element.getBoundingClientRect());
    const lines = sources.map(({ weight, live }, index) => {
      const kind = `link${weight < 0 ? " negative" : ""}${live ? " live" : ""}`;
      return svg("path", { d: curve(from[index], to, frame), class: kind });
    });
    fill(this.element, lines);
  }

  mark(elements) {
    for (const element of this.marked) if (!elements.includes(element)) element.classList.remove("read");
    for (const element of elements) element.classList.add("read");
    this.marked = elements;
  }

  /** The boxes that a place is made from: {element, weight, live}, the weightiest first. */
  sources(place) {
    const { card } = this;
    const { net, steps } = card.entry;
    const at = (gate, cell) => card.find({ gate, cell })?.element;
    const made = place.gate === "memory" ? CELLS[layerOf(net, place.cell).cell].madeOf : place.gate === "hidden" ? ["output", "memory"] : null;
    if (made) return made.map((gate) => ({ element: at(gate, place.cell), weight: 1, live: true }));
    if (!weightsOf(net, place)) return [];
    const now = (index) => at(outOf(net, index), index);
    const places = { symbol: (index) => card.chips[index], cell: place.head ? now : (index) => at("before", index), below: now };
    const terms = termsOf(net, steps, card.app.t, place).filter((term) => places[term.kind]);
    const size = (term) => Math.abs(term.product ?? term.weight);
    terms.sort((a, b) => size(b) - size(a));
    return terms
      .map((term) => ({
        element: places[term.kind](term.index),
        weight: term.weight,
        live: term.product !== null && Math.abs(term.product) > LIVE,
      }))
      .filter((source) => source.element);
  }
}

/** A curve from one box to another, in the coordinates of their frame. */
function curve(from, to, frame) {
  const middle = (box) => (box.top + box.bottom) / 2 - frame.top;
  const apart = from.bottom <= to.top + 2 || from.top >= to.bottom - 2;
  if (Math.abs(from.left - to.left) < 4 && apart) {
    const x = from.left - frame.left + 3;
    return `M${x} ${middle(from)}C${x - 16} ${middle(from)} ${x - 16} ${middle(to)} ${x} ${middle(to)}`;
  }
  const rightwards = from.left < to.left;
  const x1 = (rightwards ? from.right : from.left) - frame.left;
  const x2 = (rightwards ? to.left : to.right) - frame.left;
  const bend = Math.max(14, Math.abs(x2 - x1) / 2) * (rightwards ? 1 : -1);
  return `M${x1} ${middle(from)}C${x1 + bend} ${middle(from)} ${x2 - bend} ${middle(to)} ${x2} ${middle(to)}`;
}
