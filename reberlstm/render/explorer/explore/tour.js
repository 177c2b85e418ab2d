// A first look at the page in five steps, each beside what it is about. Afterwards all is as it was.

import { showBeside } from "./beside.js";
import { byId, el, setText } from "../common/dom.js";
import { lastStep, storyOf } from "./story.js";

const AROUND = 5;

export class Tour {
  constructor(app) {
    this.app = app;
    this.before = null;
    const button = (text, action) => el("button", { type: "button", onclick: action }, text);
    this.title = el("h3", { id: "tour-title" });
    this.text = el("p", { id: "tour-text" });
    this.count = el("span", { class: "note" });
    this.skip = button("Skip", () => this.box.close());
    this.back = button("Back", () => this.show(this.number - 1));
    this.next = button("Next", () => this.show(this.number + 1));
    this.next.classList.add("main");
    const told = el("div", { "aria-live": "polite" }, this.count, this.title, this.text);
    this.box = el("dialog", { class: "beside tour", "aria-labelledby": "tour-title", "aria-describedby": "tour-text" }, told, el("div", { class: "row" }, this.skip, this.back, this.next));
    this.ring = el("div", { class: "ring", hidden: true });
    this.begin = el("button", { type: "button", "aria-label": "Take the tour", onclick: () => this.start() }, el("span", {}, "Take the "), "tour");
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("close", () => this.end());
    window.addEventListener("resize", () => this.before && this.place(), { signal: app.signal });
    app.signal.addEventListener("abort", () => this.leave());
  }

  /** Shows the button; at a first visit with a word to it. */
  offer(first) {
    this.word = el("span", { hidden: !first }, "New here? ");
    byId("tour-offer").replaceChildren(this.word, this.begin);
    document.body.append(this.ring, this.box);
  }

  leave() {
    this.before = null;
    this.ring.remove();
    this.box.remove();
  }

  start() {
    const { app } = this;
    app.player.pause();
    app.bubble.hide();
    const { word, t, micro, selected, opened } = app;
    this.before = { word, t, micro, selected, opened, shown: app.nets.map((entry) => entry.shown), scroll: [window.scrollX, window.scrollY] };
    [this.entry] = app.shownNets();
    this.steps = storyOf(app, this.entry);
    this.box.showModal();
    this.show(0);
    this.next.focus();
  }

  /** What the last step says hangs on what the search has found by then. */
  last() {
    return lastStep(this.app, this.entry, this.before);
  }

  /** Shows a step; after the last one the tour ends. */
  show(number) {
    const last = this.steps.length;
    if (number > last) this.box.close();
    if (number < 0 || number > last) return;
    this.number = number;
    this.step = this.steps[number] ?? this.last();
    const { entry, word, t, place, title, text } = this.step;
    const selected = place ? { entry, place } : this.before.selected;
    this.set({ word, t, micro: null, selected, opened: false, shown: this.app.nets.map((each) => each === entry) });
    setText(this.count, `${number + 1} of ${last + 1}`);
    setText(this.title, title);
    setText(this.text, text);
    this.back.disabled = number === 0;
    this.skip.hidden = number === last;
    setText(this.next, number === last ? "Done" : "Next");
    this.place();
  }

  /** The search goes on while its result is shown. */
  reported() {
    if (!this.before || this.step.target !== "found") return;
    const { target, text } = this.last();
    if (target === "found") setText(this.text, text);
    else this.show(this.number);
  }

  end() {
    if (!this.before) return;
    const { scroll, ...state } = this.before;
    this.before = null;
    this.ring.hidden = true;
    this.set(state);
    window.scrollTo(...scroll);
    this.word.hidden = true;
    this.begin.focus({ preventScroll: true });
  }

  set({ shown, ...state }) {
    const { app } = this;
    app.nets.forEach((entry, number) => {
      entry.shown = shown[number];
    });
    Object.assign(app, state);
    app.compute();
    app.rebuild();
  }

  target() {
    const { entry, place, target } = this.step;
    const { card } = entry;
    const found = { word: () => byId("tape"), row: () => card.find(place)?.element.parentElement, answers: () => card.answers[0]?.button.parentElement, found: () => card.found }[target];
    const element = found ? found() : card.find(place)?.element;
    return element?.checkVisibility() ? element : card.root;
  }

  place() {
    const target = this.target();
    showBeside(this.box, target);
    const { left, top, width, height } = target.getBoundingClientRect();
    this.ring.hidden = false;
    Object.assign(this.ring.style, { left: `${left + window.scrollX - AROUND}px`, top: `${top + window.scrollY - AROUND}px`, width: `${width + 2 * AROUND}px`, height: `${height + 2 * AROUND}px` });
  }

  key(event) {
    event.stopPropagation();
    if (event.key === "ArrowRight") this.show(this.number + 1);
    if (event.key === "ArrowLeft") this.show(this.number - 1);
  }
}
