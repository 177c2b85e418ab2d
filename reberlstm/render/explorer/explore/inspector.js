// The chosen number: its formula with the current values, its weights to edit, and its course.

import { byId, el, fill, setText } from "../common/dom.js";
import { aboutPlace, depositTexts, formula, placeName, sentencesOf, shown, valueAt } from "../model/reasons.js";
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
}
