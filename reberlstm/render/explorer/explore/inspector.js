// The chosen number: its formula with the current values, its weights to edit, and its course.

import { byId, el, fill, setText } from "../common/dom.js";
<<<<<<< HEAD
import { aboutPlace, depositTexts, formula, placeName, sentencesOf, shown, valueAt } from "../model/reasons.js";
=======
import { isWeight } from "../model/edits.js";
import { aboutPlace, depositTexts, formula, placeName, sentencesOf, shown, termsOf, valueAt, weightsOf, wordsOf } from "../model/reasons.js";
>>>>>>> core
import { LINE_WORDS, timeline } from "./timeline.js";
import { Weights } from "./weights.js";

export class Inspector {
  constructor(title, body, app) {
    this.title = title;
    this.body = body;
    this.app = app;
    this.width = 420;
    this.weights = new Weights(app);
    new ResizeObserver(() => this.resized()).observe(body);
    body.addEventListener("keydown", (event) => event.key === "Escape" && this.leave());
    byId("inspector-close").addEventListener("click", () => {
      this.leave();
      app.unselect();
    });
  }

  /** The chart is drawn in the pixels that there are, so its letters keep their size. */
  resized() {
    const width = Math.round(Math.max(200, Math.min(640, this.body.clientWidth)));
    if (width === this.width || !this.chart) return;
    this.width = width;
    this.update();
  }

  /** Puts the focus back on the bar that was chosen. */
  leave() {
    const { entry, place } = this.app.selected;
    entry.card.find(place)?.element.focus();
  }

  /** Brings a place into the panel, and the panel into view. */
  show(entry, place) {
    this.app.detailed = true;
    this.app.select(entry, place);
    this.rebuild();
    this.title.focus({ preventScroll: true });
    this.title.scrollIntoView({ block: "start" });
  }

  /** Whether the panel is open and can be read without scrolling. */
  get inSight() {
    const { top, bottom, height } = this.title.getBoundingClientRect();
    return height > 0 && top >= 0 && bottom < 0.8 * window.innerHeight;
  }

  /** Builds the panel anew: when another place is chosen or a weight has changed. */
  rebuild() {
    byId("inspector").hidden = !this.app.opened || !this.app.detailed;
    if (!this.app.opened) return;
    const { entry, place } = this.app.selected;
    const { net } = entry;
    setText(this.title, `${placeName(net, place)} · ${net.name}`.replace(/^./, (c) => c.toUpperCase()));
    this.letters = el("code", { class: "letters" });
    this.numbers = el("code", { class: "numbers" });
    this.others = el("div", { class: "others" });
    this.sentence = el("p", { class: "sentence" });
    this.chart = el("div", { class: "chart" });
    this.made = el("p", { class: "note" });
    fill(
      this.body,
      el("p", { class: "note" }, aboutPlace(net, place)),
      this.sentence,
      this.chart,
      el("p", { class: "formula" }, this.letters, this.numbers),
      this.others,
      this.made,
      this.weights.element,
    );
    this.weights.rebuild(entry, place);
    this.explain(this.app.explained(entry), net, place);
    this.update();
  }

  /** What the place is for, in words; `explained` is null where a weight has been changed. */
  explain(explained, net, place) {
    const [sentence = "", ...notes] = sentencesOf(explained, net, place);
    fill(this.sentence, sentence ? el("b", {}, sentence) : null, notes.map((note) => el("span", { class: "remark" }, `⚠ ${note}`)));
    this.sentence.hidden = !sentence;
  }

  update() {
    const { app } = this;
    if (!app.opened) return;
    const { entry, place } = app.selected;
    const { net, steps } = entry;
    const { letters, numbers } = formula(net, steps, app.t, place);
    setText(this.letters, letters);
    setText(this.numbers, numbers ? `= ${numbers}` : "");
    fill(this.others, this.lines(entry, place).slice(1).map((line) => this.otherFormula(line)));
    const lines = this.lines(entry, place);
    const threshold = place.head ? net.heads[place.head].threshold : null;
    const legend = el("p", { class: "note legend" }, lines.map(({ entry: other, place: its }, index) => `${index ? " · " : ""}${LINE_WORDS[other.number % 4]}: ${other.mark} ${other.net.name} ${shown(valueAt(other.net, other.steps, app.t, its))}`));
    this.showCourse(lines, threshold, legend);
    setText(this.made, this.madeOf(net, steps, place));
    this.weights.update();
  }

  /** The course over the string: drawn where it is another, else only moved to the step. */
  showCourse(lines, threshold, legend) {
    const { app } = this;
    const key = [app.word, this.width, threshold, ...lines.flatMap(({ entry, place }) => [entry.steps, JSON.stringify(place)])];
    const same = this.courseKey?.length === key.length && key.every((part, index) => part === this.courseKey[index]);
    if (!same) this.course = timeline(app, lines, threshold, this.width);
    this.courseKey = key;
    this.course.move(app.t);
    if (!same || this.course.picture.parentNode !== this.chart) this.chart.replaceChildren(this.course.picture, legend);
    else this.chart.lastChild.replaceWith(legend);
  }

  /** The same place in another net, in one line, for comparison. */
  otherFormula({ entry, place }) {
    const { letters, numbers } = formula(entry.net, entry.steps, this.app.t, place);
    const text = place.gate === "memory" || place.gate === "hidden" ? numbers : `${letters}${numbers ? ` = ${numbers}` : ""}`;
    return el("p", { class: "note" }, `${entry.mark} ${entry.net.name}: `, el("code", {}, text));
  }

  /** The chosen place, and the same one in the other nets. */
  lines(entry, place) {
    const others = [...this.app.counterparts].filter(([other]) => other !== entry);
    return [{ entry, place }, ...others.map(([other, its]) => ({ entry: other, place: its }))];
  }

  /** For a memory: which steps it comes from. */
  madeOf(net, steps, place) {
    if ((place.gate !== "memory" && place.gate !== "before") || this.app.slots) return "";
    const t = place.gate === "before" ? this.app.t - 1 : this.app.t;
    if (t < 1) return "";
    const texts = depositTexts(net, steps, t, place.cell, 6);
    return texts.length ? `Made of ${texts.join("; ")}.` : "";
  }
<<<<<<< HEAD
=======

  weights(net, entry, place) {
    this.rows = [];
    if (!weightsOf(net, place)) return null;
    const terms = termsOf(net, entry.steps, this.app.t, place);
    const body = el("tbody");
    const reasons = this.app.explained(entry)?.cells[place.cell]?.gates[place.gate]?.reasons ?? {};
    for (const term of terms.slice(0, MAX_ROWS)) {
      const change = (event) => this.change(entry, place, term, event.target);
      const name = { bias: "bias", symbol: `symbol ${term.name}`, inner: "r (inner bias)" }[term.kind] ?? term.name;
      const input = el("input", { type: "number", step: "any", value: term.weight, "aria-label": `weight on ${name}`, "data-edit": `${term.kind} ${term.index}`, onchange: change });
      const value = el("td");
      const product = el("td");
      body.append(el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, input), value, product));
      const reason = reasons[`${term.kind} ${reasonName(net, term)}`.trim()];
      if (reason) body.append(el("tr", { class: "reason" }, el("td", { colspan: 4 }, reason)));
      this.rows.push({ value, product });
    }
    const more = terms.length > MAX_ROWS ? el("p", { class: "note" }, `and ${terms.length - MAX_ROWS} more weights`) : null;
    const head = el("tr", {}, ["reads", "weight", "× now", "= term"].map((text) => el("th", { scope: "col" }, text)));
    return el(
      "div",
      { class: "weights" },
      el("h3", {}, "Weights"),
      el("p", { class: "note" }, "Change one, and the page looks for the shortest string on which the net is now wrong."),
      el("table", {}, el("thead", {}, head), body),
      more,
      this.adder(net, entry, place, terms),
    );
  }

  /** A choice of the weights that are zero, to make one that is not. */
  adder(net, entry, place, terms) {
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

  updateRows() {
    if (this.rows.length === 0) return;
    const { entry, place } = this.app.selected;
    const terms = termsOf(entry.net, entry.steps, this.app.t, place);
    this.rows.forEach((row, index) => {
      setText(row.value, shown(terms[index].value));
      setText(row.product, shown(terms[index].product));
    });
  }

  change(entry, place, term, input) {
    const value = Number(input.value);
    if (input.value.trim() === "" || !isWeight(value)) input.value = term.weight;
    else this.app.setWeight(entry, place, term, value);
  }
}

function reasonName(net, { kind, index }) {
  return { bias: "", symbol: net.alphabet[index], cell: net.cells[index] }[kind] ?? "";
>>>>>>> core
}
