// The small form next to a state or an arrow: what it is called, and what else can be done with it.

import { el, fill, setText } from "../common/dom.js";
import { arrowOf, readSymbols, stateOf, symbolsText } from "./editing.js";

const MAX_CHIPS = 12;
const GAP = 12;

export class Popup {
  constructor(root, mode, signal) {
    this.root = root;
    this.mode = mode;
    this.shown = null;
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
      else if (event.key !== "Enter" || event.target.tagName === "BUTTON") return;
      else this.done();
      event.preventDefault();
      event.stopPropagation();
    });
    const left = (to) => this.shown && to && !root.contains(to) && this.leave();
    root.addEventListener("focusout", (event) => left(event.relatedTarget));
    // Before the canvas is told: a state may have another name then.
    document.addEventListener("pointerdown", (event) => left(event.target), { capture: true, signal });
  }

  /** Opens the form of a state {state}, or of an arrow {source, target}, which may be a new one. */
  open(what, byTouch) {
    this.shown = what;
    this.problem = el("p", { class: "problem", role: "alert" });
    const { drawing } = this.mode;
    const parts = what.state === undefined ? this.arrowForm(what, drawing) : this.stateForm(what.state, drawing);
    fill(this.root, ...parts);
    this.root.hidden = false;
    this.place();
    // On a touch screen the keyboard would cover what a tap on a state is for.
    if (what.state !== undefined && byTouch) this.root.querySelector("button").focus();
    else {
      this.field.focus({ preventScroll: true });
      this.field.select();
    }
  }

  stateForm(name, drawing) {
    const { mode } = this;
    const { ends } = stateOf(drawing, name);
    this.root.setAttribute("aria-label", `State ${name}`);
    this.field = el("input", { type: "text", value: name, autocomplete: "off", autocapitalize: "none", spellcheck: "false", oninput: () => this.check(), dir: "auto" });
    const box = (text, checked, change) => el("label", { class: "check" }, el("input", { type: "checkbox", checked, onchange: change }), ` ${text}`);
    return [
      el("label", {}, "Name ", this.field),
      this.problem,
      box("words start here", name === drawing.start, (event) => mode.setStart(this.shown.state, event.target.checked)),
      box("words may end here", ends, (event) => mode.setEnds(this.shown.state, event.target.checked)),
      this.buttons(el("button", { type: "button", onclick: () => this.arrowFrom() }, "Arrow from here")),
    ];
  }

  arrowForm({ source, target }, drawing) {
    const symbols = arrowOf(drawing, source, target)?.symbols ?? [];
    this.root.setAttribute("aria-label", `Arrow from ${source} to ${target}`);
    this.field = el("input", { type: "text", value: symbolsText(symbols), autocomplete: "off", autocapitalize: "none", spellcheck: "false", placeholder: "a, b", oninput: () => this.check() });
    const chips = drawing.alphabet.length <= MAX_CHIPS ? drawing.alphabet.map((symbol) => el("button", { type: "button", class: "chip", onclick: () => this.toggle(symbol) }, symbolsText([symbol]))) : [];
    return [
      el("label", {}, "Symbols ", this.field),
      chips.length ? el("div", { class: "row", role: "group", "aria-label": "Symbols in use" }, chips) : null,
      this.problem,
      this.buttons(),
    ];
  }

  buttons(...more) {
    const remove = () => {
      const what = this.shown;
      this.close();
      this.mode.remove(what);
    };
    return el("div", { class: "row" }, el("button", { type: "button", class: "main", onclick: () => this.done() }, "Done"), more, el("button", { type: "button", onclick: remove }, "Delete"));
  }

  toggle(symbol) {
    const { alphabet } = this.mode.drawing;
    const symbols = readSymbols(this.field.value, alphabet);
    this.field.value = symbolsText(symbols.includes(symbol) ? symbols.filter((each) => each !== symbol) : [...symbols, symbol]);
    this.check();
  }

  /** Says at once what is wrong with what is typed; returns whether it can be taken. */
  check() {
    const problem = this.mode.problemOf(this.shown, this.field.value);
    setText(this.problem, problem?.text ?? "");
    this.field.setAttribute("aria-invalid", problem !== null && problem.stops);
    return problem === null || !problem.stops;
  }

  /** Takes what was typed, if it can be taken, and closes. */
  done() {
    if (!this.check()) {
      this.field.focus();
      return;
    }
    const what = this.shown;
    this.hide();
    this.mode.closed(this.mode.take(what, this.field.value));
  }

  /** The pointer goes elsewhere: what was typed is taken where it can be. */
  leave() {
    const what = this.shown;
    const ready = this.check();
    this.hide();
    if (ready) this.mode.take(what, this.field.value);
    this.mode.closed(null);
  }

  arrowFrom() {
    const ready = this.check();
    this.done();
    if (ready) this.mode.arrowFrom();
  }

  close(what = this.shown) {
    this.hide();
    this.mode.closed(what);
  }

  hide() {
    this.shown = null;
    this.root.hidden = true;
  }

  /** Next to what it is about, on the side where it hides the fewest states. */
  place() {
    const { canvas } = this.mode;
    const board = this.root.parentElement.getBoundingClientRect();
    const at = canvas.placeOf(this.shown);
    const { offsetWidth: width, offsetHeight: height } = this.root;
    const middle = [at.left + at.width / 2, at.top + at.height / 2];
    const places = [
      [middle[0] - width / 2, at.bottom + GAP],
      [middle[0] - width / 2, at.top - GAP - height],
      [at.right + GAP, middle[1] - height / 2],
      [at.left - GAP - width, middle[1] - height / 2],
    ].map(([x, y]) => [Math.max(board.left, Math.min(board.right - width, x)), Math.max(board.top, y)]);
    const cost = ([x, y]) => canvas.hidden([x, y, x + width, y + height], at) + (y + height > window.innerHeight ? 5 : 0);
    const [left, top] = places.reduce((best, each) => (cost(each) < cost(best) ? each : best));
    this.root.style.left = `${left - board.left}px`;
    this.root.style.top = `${top - board.top}px`;
  }
}
