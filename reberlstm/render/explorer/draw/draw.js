// Draw your own machine: states and arrows by hand; the page makes its net at every change and runs it.

import { byId, enableUndo, setText } from "../common/dom.js";
import { Undo } from "../common/undo.js";
import { decodeDrawing, encodeMachine } from "../model/carry.js";
import { cropped, layoutAt } from "../model/curves.js";
import { wordText } from "../model/machine.js";
import { placesOf, spread } from "../model/places.js";
import { makeSeeker } from "../model/worker.js";
import { Canvas } from "./canvas.js";
import { addState, arrowOf, deleteState, drawingOf, EMPTY, machineOf, moveState, readSymbols, renameState, setArrow, setEnds, setStart, spotsOf, stateOf } from "./editing.js";
import { showFaults } from "./faults.js";
import { bindFiling, hashOf } from "./filing.js";
import { Heading } from "./heading.js";
import { Listing } from "./listing.js";
import { Popup } from "./popup.js";
import { Trial } from "./trial.js";

const SMALL = 12;
const EDGE = 24;
const CORNER = 80;
const FAR = 6000;
const APART = 84;

const PARITY = { name: "parity", title: "Parity: an even number of ones", alphabet: ["0", "1"], states: ["even", "odd"], start: "even", accepting: ["even"], transitions: { even: { 0: "even", 1: "odd" }, odd: { 0: "odd", 1: "even" } } };

const HINTS = {
  move: "Double-click an empty place: a new state. Drag from a state's edge to another state: an arrow.",
  state: "Click where the new state is to be.",
  arrow: "Click the state that the arrow leaves, then the one that it leads to. Or drag between them.",
  delete: "Click what is to go. Undo brings it back.",
};
const TOUCH_HINTS = {
  move: "Drag a state to move it. Tap a state or an arrow's symbols to change them.",
  state: "Tap where the new state is to be.",
  arrow: "Tap the state that the arrow leaves, then the state that it leads to.",
  delete: "Tap what is to go. Undo brings it back.",
};

export class Draw {
  constructor(data, page, signal) {
    this.data = data;
    this.page = page;
    this.signal = signal;
    this.drawing = EMPTY;
    this.tool = "move";
    this.selected = null;
    this.pending = null;
    this.hints = window.matchMedia("(pointer: coarse)").matches ? TOUCH_HINTS : HINTS;
    this.invitation = this.hints === HINTS ? "Make the first state: choose State and click here, or press N." : "Make the first state: choose State and tap here.";
    this.undoing = new Undo(this);
    this.seeker = makeSeeker(byId("program").textContent, (_, report) => this.trial.hear(report));
  }

  start(hash) {
    const { signal } = this;
    setText(byId("title"), "Draw your own machine");
    setText(byId("lead"), "Draw states and arrows. At every change the page makes the net of your machine, and runs it.");
    this.canvas = new Canvas(byId("canvas"), this);
    this.popup = new Popup(byId("popup"), this, signal);
    this.heading = new Heading(this);
    this.listing = new Listing(byId("listing-body"), this);
    this.trial = new Trial(this);
    const on = (id, event, action) => byId(id).addEventListener(event, action);
    on("draw-tools", "click", ({ target }) => target.dataset.tool && this.setTool(target.dataset.tool));
    on("draw-undo", "click", () => this.undoing.undo());
    on("draw-redo", "click", () => this.undoing.redo());
    on("draw-new", "click", () => this.clear());
    on("draw-tidy", "click", () => this.arrange());
    on("listing", "toggle", () => this.show());
    document.addEventListener("keydown", (event) => this.key(event), { signal });
    bindFiling(this);
    signal.addEventListener("abort", () => this.leave());
    const linked = this.takeLink(hash);
    if (!linked) this.drawing = this.firstDrawing();
    this.setTool("move");
    this.show();
    if (!linked && !this.problem) this.say(this.instead());
  }

  /** The page's machine where it is small, else one of two states. */
  firstDrawing() {
    return this.drawn(this.instead() ? PARITY : this.data.machine, null);
  }

  /** Why the page's machine is not shown; empty where it is. */
  instead() {
    const { machine } = this.data;
    const its = `The machine of this page${machine.name ? `, ${machine.name},` : ""} has`;
    if (machine.counters) return `${its} counters, and a machine with counters cannot be drawn. Here is Parity instead.`;
    return machine.states.length > SMALL ? `${its} ${machine.states.length} states: Open… shows it here. This is Parity.` : "";
  }

  /** A machine as a drawing, arranged where no place is known. */
  drawn(machine, positions, others = []) {
    if (machine.states.every((name) => positions && Object.hasOwn(positions, name))) return drawingOf(machine, positions ?? {}, others);
    const nowhere = Object.fromEntries(machine.states.map((name) => [name, [0, 0]]));
    return this.arranged(drawingOf(machine, nowhere, others));
  }

  /** The drawing with its states in layers away from the start, to the right or down; in the middle of the sheet. */
  arranged(drawing) {
    const machine = machineOf(drawing);
    machine.start ??= machine.states[0];
    const { clientWidth, clientHeight } = byId("canvas");
    const room = [clientWidth, clientHeight].map((size) => size / this.canvas.unit());
    const layouts = ["LR", "TB"].map((direction) => cropped(layoutAt(machine, placesOf(machine, direction), drawing.arrows)));
    const scale = ({ width, height }) => Math.min(1, room[0] / width, room[1] / height);
    const { nodes, width, height } = layouts.reduce((best, each) => (scale(each) > scale(best) ? each : best));
    const free = [room[0] - width, room[1] - height].map((size) => Math.max(EDGE, size / 2));
    const placed = (state) => ({ ...state, x: Math.round(nodes[state.name][0] + free[0]), y: Math.round(nodes[state.name][1] + free[1]) });
    return { ...drawing, states: drawing.states.map(placed) };
  }

  leave() {
    clearTimeout(this.trial.waiting);
    this.seeker.end();
  }

  /** Takes over the machine of a link, and the word; returns whether there was a machine. */
  takeLink(hash) {
    const parts = new URLSearchParams(hash.slice(1));
    const text = parts.get("machine");
    if (parts.has("word")) this.trial.type(parts.get("word"));
    if (text === null) return false;
    try {
      const { machine, positions, more } = decodeDrawing(text);
      this.drawing = this.drawn(machine, positions, more ?? []);
      return true;
    } catch (error) {
      this.problem = error.message;
      return false;
    }
  }

  follow(hash) {
    const before = this.drawing;
    if (this.takeLink(hash) && hashOf(before) !== hashOf(this.drawing)) {
      const now = this.drawing;
      this.drawing = before;
      this.change(now);
    } else {
      this.drawing = before;
      this.show();
    }
  }

  // What is done, and undone

  snapshot() {
    return this.drawing;
  }

  restore(drawing) {
    this.drawing = drawing;
    this.show();
  }

  /** Another drawing; changes of one `kind` in quick succession are taken back together. */
  change(drawing, kind = Symbol("change")) {
    if (drawing === this.drawing) return;
    this.undoing.remember(kind);
    this.drawing = drawing;
    this.problem = "";
    this.show();
  }

  load({ machine, positions, notes = [], more = [], refused = null }) {
    if (machine.counters) throw new Error("A machine with counters cannot be drawn here. Run it with: reberlstm explore.");
    this.change(this.drawn(machine, positions && roomy(machine, positions), more));
    this.canvas.centre(machine.start);
    const clash = refused ? ["It is not deterministic: choose one arrow for each symbol, or let `reberlstm convert FILE machine.toml` do it."] : [];
    this.say([`${machine.title || machine.name || "The machine"} is open. Undo brings back what was there.`, ...clash, ...notes].join(" "));
  }

  clear() {
    this.change(EMPTY);
    this.setTool("state");
    byId("canvas").focus({ preventScroll: true });
  }

  arrange() {
    const { drawing } = this;
    if (drawing.states.length) this.change(this.arranged(drawing));
  }

  add(x, y) {
    const before = this.drawing;
    this.change(addState(before, ...within(x, y)));
    const { name } = this.drawing.states.at(-1);
    this.say(`State ${name} is there. Give it a name, or go on.`);
    if (!byId("listing").contains(document.activeElement)) this.edit({ state: name });
  }

  addNear(name) {
    const { x, y } = stateOf(this.drawing, name);
    this.add(...this.freePlace(x + 110, y));
  }

  addFree() {
    const last = this.drawing.states.at(-1);
    this.add(...(last ? this.freePlace(last.x + 110, last.y) : [80, 100]));
  }

  /** The place nearest to a wished one that no state is near to. */
  freePlace(x, y) {
    const { states } = this.drawing;
    const free = ([px, py]) => states.every((state) => Math.hypot(state.x - px, state.y - py) >= APART);
    for (let ring = 0; ring < 40; ring++) {
      for (let turn = 0; turn < 8; turn++) {
        const place = within(x + ring * 50 * Math.cos((turn * Math.PI) / 4), y + ring * 50 * Math.sin((turn * Math.PI) / 4));
        if (free(place)) return place;
      }
    }
    return within(x, y);
  }

  /** Moves a state; a whole drag is one change. */
  moveTo(name, x, y, drag = null) {
    const moved = moveState(this.drawing, name, ...within(x, y));
    if (!drag) this.change(moved, `move ${name}`);
    else {
      if (!drag.begun) this.undoing.remember(Symbol("drag"));
      drag.begun = true;
      this.drawing = moved;
      this.canvas.drawMoved(name);
      this.showButtons();
      this.page.changed();
    }
  }

  setStart(name, on = true) {
    this.change(setStart(this.drawing, on ? name : null));
  }

  setEnds(name, ends) {
    this.change(setEnds(this.drawing, name, ends));
    this.say(ends ? `Words may end at ${name}.` : `Words may no longer end at ${name}.`);
  }

  remove({ state, source, target }) {
    this.selected = null;
    if (state === undefined && !arrowOf(this.drawing, source, target)) return;
    if (state === undefined) this.change(setArrow(this.drawing, source, target, []));
    else this.change(deleteState(this.drawing, state));
    const next = state === undefined ? source : this.drawing.states[0]?.name;
    if (next !== undefined && document.activeElement === document.body) this.canvas.focus(JSON.stringify([next]));
    this.say(`${state === undefined ? `The arrow from ${source} to ${target}` : `State ${state}`} is deleted. Undo brings it back.`);
  }

  // The form next to what is chosen

  select(what) {
    this.selected = what;
    this.canvas.draw();
  }

  edit(what) {
    this.select(what);
    this.popup.open(what, this.hints === TOUCH_HINTS);
  }

  /** An arrow between two states: asks for its symbols. */
  connect(source, target) {
    this.pending = { source, target };
    this.say("");
    this.edit(this.pending);
  }

  arrowFrom() {
    if (this.focused) this.canvas.begin(this.focused.state);
  }

  /** What is wrong with a text for a state's name or an arrow's symbols: {text, stops}, or null. */
  problemOf({ state, source, target }, text) {
    const { drawing } = this;
    if (state !== undefined) {
      try {
        renameState(drawing, state, text);
        return null;
      } catch (error) {
        return { text: error.message, stops: true };
      }
    }
    const symbols = readSymbols(text, drawing.alphabet);
    if (symbols.length === 0) return { text: text === "" ? "" : "Give at least one symbol, or delete the arrow.", stops: true };
    const other = drawing.arrows.find((arrow) => arrow.source === source && arrow.target !== target && arrow.symbols.some((symbol) => symbols.includes(symbol)));
    if (!other) return null;
    const symbol = other.symbols.find((each) => symbols.includes(each));
    return { text: `“${symbol}” leads from ${source} to ${other.target} already. A symbol may lead to one state only.`, stops: false };
  }

  /** Takes over a name or symbols, and returns what it is then: a state has its new name. */
  take(what, text, adds = false) {
    const { drawing } = this;
    const { state, source, target } = what;
    this.pending = null;
    if (state !== undefined) {
      this.change(renameState(drawing, state, text));
      return { state: text.trim() };
    }
    const symbols = readSymbols(text, drawing.alphabet);
    const before = arrowOf(drawing, source, target)?.symbols ?? [];
    const after = adds ? [...new Set([...before, ...symbols])] : symbols;
    if (JSON.stringify(before) !== JSON.stringify(after)) this.change(setArrow(drawing, source, target, after));
    return what;
  }

  closed(what) {
    this.pending = null;
    this.selected = null;
    this.focused = what;
    this.canvas.draw();
    if (!what) return;
    const key = what.state === undefined ? [what.source, what.target] : [what.state];
    if (!this.canvas.focus(JSON.stringify(key))) this.canvas.focus(JSON.stringify([what.source]));
  }

  // Showing

  /** Lets go of what is chosen or being asked for where it is no longer in the drawing. */
  forget() {
    const { drawing, popup } = this;
    const there = ({ state, source, target }) => (state === undefined ? [source, target] : [state]).every((name) => stateOf(drawing, name));
    if (this.selected && !there(this.selected)) this.selected = null;
    if (this.pending && !there(this.pending)) this.pending = null;
    if (popup.shown && !there(popup.shown)) popup.hide();
  }

  show() {
    this.forget();
    this.canvas.draw();
    this.showButtons();
    showFaults(this);
    if (byId("listing").open) this.listing.update();
    this.say(this.problem ?? "", Boolean(this.problem));
    this.page.changed();
  }

  showButtons() {
    enableUndo(byId("draw-undo"), byId("draw-redo"), this.undoing);
    this.heading.update();
  }

  /** Takes a remedy; its button goes, so the focus moves to the next one or to the drawing. */
  mend(drawing) {
    this.change(drawing);
    const next = document.querySelector("#faults button, #faults select");
    if (next) next.focus();
    else this.canvas.focus(JSON.stringify([drawing.states[0]?.name]));
  }

  setTool(tool) {
    this.tool = tool;
    this.canvas.from = null;
    for (const button of byId("draw-tools").children) button.setAttribute("aria-pressed", button.dataset.tool === tool);
    this.say("");
  }

  /** A message, or what to do with the tool. */
  say(text, problem = false) {
    const hint = byId("draw-hint");
    hint.className = problem ? "problem" : "";
    setText(hint, text || this.hints[this.tool]);
  }

  key(event) {
    if (event.defaultPrevented || !(event.ctrlKey || event.metaKey)) return;
    if (event.target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, dialog")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) this.undoing.redo();
    else this.undoing.undo();
  }

  /** The link to the drawing, with the word that was typed. */
  address() {
    const { typed } = this.trial;
    return hashOf(this.drawing) + (typed === null ? "" : `&${new URLSearchParams({ word: typed })}`);
  }

  /** Where the states and arrows are; of a part where only one state and its arrows are asked for. */
  layout(only = null) {
    const { drawing, pending } = this;
    const shown = pending && !arrowOf(drawing, pending.source, pending.target) ? [...drawing.arrows, { ...pending, symbols: ["?"] }] : drawing.arrows;
    const arrows = only === null ? shown : shown.filter(({ source, target }) => source === only || target === only);
    const near = new Set([only, ...arrows.flatMap(({ source, target }) => [source, target])]);
    const states = drawing.states.map(({ name }) => name).filter((name) => only === null || near.has(name));
    const start = states.includes(drawing.start) ? drawing.start : null;
    return layoutAt({ states, start }, spotsOf(drawing), arrows);
  }

  /** Shows the gates of the net at work on the word. */
  watch() {
    const { made, word } = this.trial;
    const machine = encodeMachine(machineOf(this.drawing), spotsOf(this.drawing));
    this.page.go(`#${new URLSearchParams({ machine, string: wordText(made.machine, word) })}`);
  }
}

/** The places of a file, with room between the states, and from the corner of the sheet; null where they are no use. */
function roomy(machine, positions) {
  const places = machine.states.every((name) => Object.hasOwn(positions, name)) ? spread(machine, positions) : null;
  if (!places) return null;
  const [left, top] = [0, 1].map((axis) => Math.min(...Object.values(places).map((place) => place[axis])));
  return Object.fromEntries(Object.entries(places).map(([name, [x, y]]) => [name, within(x - left + CORNER, y - top + CORNER)]));
}

function within(x, y) {
  const put = (value) => Math.round(Math.max(EDGE, Math.min(FAR, value)));
  return [put(x), put(y)];
}
