// The weights behind a number, each of which can be changed: in the card beside a bar, and in the panel.

import { el, fill, setText } from "../common/dom.js";
import { editedTerms, isWeight } from "../model/edits.js";
import { shown, termsOf, weightsOf, wordsOf } from "../model/reasons.js";

const MAX_ROWS = 30;

export class Weights {
  constructor(app) {
    this.app = app;
    this.element = el("div", { class: "weights" });
    this.rows = [];
  }

  /** Builds the rows of a place anew; the field that was being changed keeps the focus. */
  rebuild(entry, place) {
    const { net } = entry;
    Object.assign(this, { entry, place, rows: [] });
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.edit : null;
    this.element.hidden = !weightsOf(net, place);
    if (this.element.hidden) return;
    const terms = this.terms();
    const body = el("tbody");
    const reasons = this.app.explained(entry)?.cells[place.cell]?.gates[place.gate]?.reasons ?? {};
    for (const term of terms.slice(0, MAX_ROWS)) {
      const name = { bias: "bias", symbol: `symbol ${term.name}`, inner: "r (inner bias)" }[term.kind] ?? term.name;
      const input = el("input", { type: "number", step: "any", value: term.weight, "aria-label": `weight on ${name}`, "data-edit": `${term.kind} ${term.index}`, onchange: (event) => this.change(term, event.target) });
      const value = el("td");
      const product = el("td");
      body.append(el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, input), value, product));
      const reason = reasons[`${term.kind} ${reasonName(net, term)}`.trim()];
      if (reason) body.append(el("tr", { class: "reason" }, el("td", { colspan: 4 }, reason)));
      this.rows.push({ value, product });
    }
    const more = terms.length > MAX_ROWS ? el("p", { class: "note" }, `and ${terms.length - MAX_ROWS} more weights`) : null;
    const head = el("tr", {}, ["reads", "weight", "× now", "= term"].map((text) => el("th", { scope: "col" }, text)));
    fill(
      this.element,
      el("h3", {}, "Weights"),
      el("p", { class: "note" }, "Change one, and the page looks for the shortest string on which the net is now wrong."),
      el("table", {}, el("thead", {}, head), body),
      more,
      this.adder(terms),
    );
    if (focused) this.element.querySelector(`[data-edit="${CSS.escape(focused)}"]`)?.focus();
    this.update();
  }

  /** What is added up, and weights that were changed to 0. */
  terms() {
    const { entry, place } = this;
    return termsOf(entry.net, entry.steps, this.app.t, place, editedTerms(entry.edits, place));
  }

  /** A choice of the weights that are zero, to make one that is not. */
  adder(terms) {
    const { entry, place } = this;
    const { net } = entry;
    const letter = wordsOf(net, "before").letter[0];
    const names = { symbol: (index) => `symbol ${net.alphabet[index]}`, cell: (index) => `${letter}[${net.cells[index]}]`, below: (index) => `${letter}[${net.cells[index]}]`, unit: (index) => `unit ${index + 1}` };
    const used = new Set(terms.map((term) => `${term.kind} ${term.index}`));
    const options = [];
    for (const [kind, { first, count }] of Object.entries(weightsOf(net, place).groups)) {
      for (let index = first; names[kind] && index < first + count; index++) options.push([`${kind} ${index}`, names[kind](index)]);
    }
    const free = options.filter(([key]) => !used.has(key)).slice(0, 200);
    if (free.length === 0) return null;
    const choose = (event) => {
      const [kind, index] = event.target.value.split(" ");
      if (kind) this.app.setWeight(entry, place, { kind, index: Number(index) }, 1);
    };
    const select = el("select", { onchange: choose }, el("option", { value: "" }, "choose…"), free.map(([value, name]) => el("option", { value }, name)));
    return el("p", {}, el("label", {}, "Let it read also ", select));
  }

  /** The numbers of the step. */
  update() {
    if (this.rows.length === 0) return;
    const terms = this.terms();
    this.rows.forEach((row, index) => {
      setText(row.value, shown(terms[index].value));
      setText(row.product, shown(terms[index].product));
    });
  }

  change(term, input) {
    const value = Number(input.value);
    if (input.value.trim() === "" || !isWeight(value)) input.value = term.weight;
    else this.app.setWeight(this.entry, this.place, term, value);
  }
}

function reasonName(net, { kind, index }) {
  return { bias: "", symbol: net.alphabet[index], cell: net.cells[index] }[kind] ?? "";
}
