// The drawing as a table that can be filled in: the same machine for those who do not draw.

import { el, fill } from "../common/dom.js";
import { callIt, calledOf, symbolsText } from "./editing.js";

export class Listing {
  constructor(root, mode) {
    this.root = root;
    this.mode = mode;
  }

  update() {
    const { drawing } = this.mode;
    const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.field : null;
    const text = (label, key) => el("label", {}, `${label} `, el("input", { type: "text", value: calledOf(drawing)[key], "data-field": key, onchange: (event) => this.mode.change(callIt(this.mode.drawing, key, event.target.value)) }));
    fill(
      this.root,
      el("p", { class: "row", role: "group", "aria-label": "The machine" }, text("The machine's name", "name"), text("its title", "title")),
      table("States", ["name", "start", "may end", ""], drawing.states.map((state, row) => this.stateRow(state, row))),
      el("p", {}, el("button", { type: "button", "data-field": "add state", onclick: () => this.mode.addFree() }, "Add a state")),
      table("Arrows", ["from", "symbols", "to", ""], drawing.arrows.map((arrow, row) => this.arrowRow(arrow, row))),
      this.newArrow(),
    );
    if (focused) this.root.querySelector(`[data-field="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  stateRow({ name, ends }, row) {
    const { mode } = this;
    const field = (key) => `${key} ${row}`;
    return [
      el("input", { type: "text", value: name, dir: "auto", "aria-label": `name of state ${name}`, "data-field": field("name"), onchange: (event) => this.give({ state: name }, event.target) }),
      el("input", { type: "radio", name: "start", checked: mode.drawing.start === name, "aria-label": `words start at ${name}`, "data-field": field("start"), onchange: () => mode.setStart(name) }),
      el("input", { type: "checkbox", checked: ends, "aria-label": `words may end at ${name}`, "data-field": field("ends"), onchange: (event) => mode.setEnds(name, event.target.checked) }),
      el("button", { type: "button", "aria-label": `delete state ${name}`, "data-field": field("delete"), onclick: () => mode.remove({ state: name }) }, "Delete"),
    ];
  }

  arrowRow({ source, target, symbols }, row) {
    const { mode } = this;
    const text = `arrow from ${source} to ${target}`;
    return [
      el("bdi", {}, source),
      el("input", { type: "text", value: symbolsText(symbols), "aria-label": `symbols of the ${text}`, "data-field": `symbols ${row}`, onchange: (event) => this.give({ source, target }, event.target) }),
      el("bdi", {}, target),
      el("button", { type: "button", "aria-label": `delete the ${text}`, "data-field": `remove ${row}`, onclick: () => mode.remove({ source, target }) }, "Delete"),
    ];
  }

  newArrow() {
    const { drawing } = this.mode;
    if (drawing.states.length === 0) return null;
    const choose = (key, text) => el("select", { "aria-label": text, "data-field": key }, drawing.states.map(({ name }) => el("option", { value: name }, name)));
    const [from, to] = [choose("new from", "the new arrow leaves"), choose("new to", "the new arrow leads to")];
    const symbols = el("input", { type: "text", "aria-label": "symbols of the new arrow", placeholder: "a, b", "data-field": "new symbols" });
    const add = () => this.give({ source: from.value, target: to.value }, symbols, true);
    symbols.addEventListener("keydown", (event) => event.key === "Enter" && add());
    return el("p", { class: "row" }, "From ", from, " on ", symbols, " to ", to, el("button", { type: "button", "data-field": "add arrow", onclick: add }, "Add the arrow"));
  }

  /** Takes what was typed; what cannot be taken stays in the field, with a word why. */
  give(what, field, adds = false) {
    const problem = this.mode.problemOf(what, field.value);
    if (problem?.stops) {
      this.mode.say(problem.text, true);
      field.setAttribute("aria-invalid", "true");
    } else this.mode.take(what, field.value, adds);
  }
}

function table(caption, heads, rows) {
  const head = heads.map((text) => (text ? el("th", { scope: "col" }, text) : el("td")));
  const body = rows.map((cells) => el("tr", {}, cells.map((cell) => el("td", {}, cell))));
  return el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, head)), el("tbody", {}, body));
}
