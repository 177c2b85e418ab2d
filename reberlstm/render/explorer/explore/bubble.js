// A small card beside a bar that was clicked: its number, how it is computed, and what it is for.

import { placeBeside, showBeside } from "./beside.js";
import { byId, el, setText } from "../common/dom.js";
import { aboutPlace, equation, placeName, sentencesOf, shown, valueAt, weightsOf } from "../model/reasons.js";
import { Weights } from "./weights.js";

/** A click here is no click elsewhere: the card stays, and its numbers follow the steps. */
const STEPS = "#steps, #step-menu, #tape, .timeline";

export class Bubble {
  constructor(app) {
    this.app = app;
    this.shown = null;
    this.title = el("h3", { id: "bubble-title" });
    this.close = el("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => this.leave() }, "×");
    this.about = el("p", { class: "note" });
    this.value = el("b", { class: "value" });
    this.answer = el("span");
    this.letters = el("code");
    this.numbers = el("code");
    this.sentence = el("p", { class: "sentence" });
    this.more = el("button", { type: "button", class: "more", onclick: () => this.showAll() }, "All about it");
    this.weights = new Weights(app);
    this.toWeights = el("button", { type: "button", class: "more", "aria-expanded": "false", onclick: () => this.showWeights(!this.weighing) }, "Change a weight");
    this.text = el("div", { id: "bubble-text" }, this.about, el("p", {}, this.value, this.answer), el("p", { class: "formula" }, this.letters, this.numbers), this.sentence);
    this.box = el("div", { class: "beside bubble", role: "dialog", tabindex: "-1", hidden: true, "aria-labelledby": "bubble-title", "aria-describedby": "bubble-text" }, el("div", { class: "head" }, this.title, this.close), this.text, el("div", { class: "row" }, this.toWeights, this.more), this.weights.element);
    byId("stage").after(this.box);
    this.box.addEventListener("keydown", (event) => this.key(event));
    const { signal } = app;
    document.addEventListener("click", ({ target }) => this.shown && !this.box.contains(target) && !target.closest?.(STEPS) && this.hide(), { capture: true, signal });
    document.addEventListener("keydown", (event) => this.keyOutside(event), { capture: true, signal });
    window.addEventListener("resize", () => this.place(null), { signal });
    window.addEventListener("scroll", () => this.place(this.side), { signal, passive: true });
  }

  /** Chooses a number and shows its card, which gets the focus. The panel, where it is in sight, says as much. */
  open(entry, place) {
    const { app } = this;
    if (app.detailed && app.inspector.inSight) {
      app.select(entry, place);
      return;
    }
    app.detailed = false;
    app.select(entry, place);
    app.inspector.rebuild();
    this.weighing = false;
    this.shown = this.app.selected;
    this.box.hidden = false;
    this.show();
    this.box.focus({ preventScroll: true });
  }

  hide() {
    this.shown = null;
    this.box.hidden = true;
  }

  /** Closes the card, and gives the focus back to the bar. */
  leave() {
    const bar = this.bar();
    this.hide();
    bar?.focus({ preventScroll: true });
  }

  /** Opens the weights in the card, so that the word stays in sight. */
  showWeights(open) {
    this.weighing = open;
    this.show();
    if (open) this.weights.element.querySelector("input")?.focus({ preventScroll: true });
  }

  showAll() {
    const { entry, place } = this.shown;
    this.hide();
    this.app.inspector.show(entry, place);
  }

  bar() {
    return this.shown && (this.shown.entry.card?.find(this.shown.place)?.element ?? null);
  }

  /** After a step the numbers are those of the step; the card goes along with what is chosen. */
  update() {
    if (!this.shown) return;
    const same = this.app.selected === this.shown && this.shown.entry.net === this.net;
    this.shown = this.app.selected;
    if (!this.bar()) this.hide();
    else if (same) this.showNumbers();
    else this.show();
    if (same) this.place(this.side);
  }

  show() {
    const { entry, place } = this.shown;
    const { net } = entry;
    const name = placeName(net, place);
    setText(this.title, name[0].toUpperCase() + name.slice(1));
    setText(this.about, `${entry.mark} ${net.name} · ${aboutPlace(net, place)}`);
    const [sentence = ""] = sentencesOf(this.app.explained(entry), net, place);
    setText(this.sentence, sentence);
    this.sentence.hidden = !sentence;
    this.net = net;
    this.toWeights.hidden = !weightsOf(net, place);
    this.weighing &&= !this.toWeights.hidden;
    this.toWeights.setAttribute("aria-expanded", this.weighing);
    if (this.weighing) this.weights.rebuild(entry, place);
    this.weights.element.hidden = !this.weighing;
    this.showNumbers();
    const bar = this.bar();
    if (bar) this.side = showBeside(this.box, bar);
  }

  showNumbers() {
    const { entry, place } = this.shown;
    const { net, steps } = entry;
    const { t } = this.app;
    const pending = this.app.stateOf(entry, place) === "pending";
    const value = pending ? null : valueAt(net, steps, t, place);
    const { letters, numbers } = equation(net, steps, t, place);
    setText(this.value, value === null ? (pending ? "not computed yet" : "no number before the first symbol") : shown(value));
    setText(this.answer, value === null || !place.head ? "" : this.answerText(value));
    setText(this.letters, letters);
    setText(this.numbers, numbers && !pending ? `= ${numbers}` : "");
    if (this.weighing) this.weights.update();
  }

  /** What the number of a reader comes to. */
  answerText(value) {
    const { entry, place } = this.shown;
    const { net, steps } = entry;
    const { offers, ends } = steps[this.app.t];
    const { threshold } = net.heads[place.head];
    const said = place.head === "accept" ? `the word may ${ends ? "" : "not "}end` : `${net.alphabet[place.row]} is ${offers.includes(place.row) ? "" : "not "}offered`;
    return ` ${value > threshold ? "over" : "not over"} ${shown(threshold)}: ${said}`;
  }

  place(side) {
    const bar = this.bar();
    if (bar) this.side = placeBeside(this.box, bar, side);
  }

  /** What a screen reader says of it after a step. */
  spoken() {
    return this.shown ? `${this.title.textContent}: ${this.value.textContent}${this.answer.textContent}.` : "";
  }

  key(event) {
    if (event.key === "Tab") {
      // With Tab the card comes right after its bar.
      const last = [...this.box.querySelectorAll("button, input, select")].filter((each) => each.checkVisibility()).at(-1);
      const first = this.close;
      const leaves = event.shiftKey ? [first, this.box].includes(document.activeElement) : document.activeElement === last;
      if (leaves) this.bar()?.focus({ preventScroll: true });
      if (leaves && event.shiftKey) event.preventDefault();
    }
  }

  keyOutside(event) {
    if (!this.shown) return;
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) this.leave();
    else if (event.key === "Tab" && !event.shiftKey && document.activeElement === this.bar()) {
      event.preventDefault();
      this.close.focus();
    }
  }
}
