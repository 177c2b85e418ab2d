// The page: what is loaded, at which step, what is changed; and the views that show it.

import { Bubble } from "./bubble.js";
import { NetCard } from "./cells.js";
import { bindControls, showNetChoice, updateControls } from "./controls.js";
import { byId, setText, Tip } from "../common/dom.js";
import { changedNet, weightKey } from "../model/edits.js";
import { StateGraph } from "./stategraph.js";
import { NumberLines } from "./counters.js";
import { Inspector } from "./inspector.js";
import { judge, walk } from "../model/judge.js";
import { bindKeys } from "./keys.js";
import { readHash, writeHash } from "./link.js";
import { readNet, run } from "../model/net.js";
import { LOST, makeMachine, parseWord } from "../model/machine.js";
import { Player } from "./player.js";
import { answerText, cellsInOrder, columns, formula, placeName, placesInOrder, reasonsFor, samePlace, weightsOf } from "../model/reasons.js";
import { showCards } from "./stage.js";
import { Tape } from "./tape.js";
import { Tour } from "./tour.js";
import { makeUndo } from "./undoing.js";
import { makeSeeker } from "../model/worker.js";
import { drawSymbol } from "../model/writing.js";

const MARKS = ["●", "■", "▲", "◆"];
const SEARCH_DELAY = 120;
const NOTHING_YET = { status: "searching", tried: 0, length: 0 };

export class App {
  constructor(data, page, signal) {
    this.data = data;
    this.page = page;
    this.signal = signal;
    this.longest = 10000;
    this.machine = makeMachine(data.machine);
    this.nets = data.nets.map((item, number) => {
      const base = readNet(item);
      const mark = MARKS[number % MARKS.length];
      return { base, net: base, number, mark, shown: number < (data.shown ?? 1), factor: 1, edits: new Map(), steps: [], report: NOTHING_YET };
    });
    this.word = [];
    this.t = 0;
    this.slots = 0;
    this.generating = false;
    this.lead = this.nets[0];
    this.micro = null;
    this.selected = { entry: this.nets[0], place: { gate: "memory", cell: 0 } };
    this.opened = false;
    this.detailed = false;
    this.counterparts = new Map();
    this.undoing = makeUndo(this);
    this.player = new Player(this);
    this.tip = new Tip(byId("tip"), signal);
    this.tape = new Tape(byId("tape"), this);
    this.graph = new StateGraph(byId("graph"), this);
    this.counters = new NumberLines(byId("counters"), this);
    this.inspector = new Inspector(byId("inspector-title"), byId("inspector-body"), this);
    this.bubble = new Bubble(this);
    this.tour = new Tour(this);
    this.seeker = makeSeeker(byId("program").textContent, (number, report) => this.report(number, report));
  }

  start(hash) {
    const { data, machine, signal } = this;
    setText(byId("title"), data.machine.title || data.machine.name || "Explorer");
    setText(byId("lead"), data.about ?? "");
    setText(byId("about"), `Made by reberlstm ${this.page.data.version}. This page loads nothing from anywhere.`);
    const asked = readHash(this, hash);
    if (asked) this.take(asked);
    else {
      this.word = parseWord(machine, data.string).word;
      this.t = Math.max(0, Math.min(this.word.length, data.step));
    }
    this.compute();
    this.chooseSelection();
    bindControls(this);
    bindKeys(this);
    signal.addEventListener("abort", () => this.leave());
    new ResizeObserver(() => this.drawLinks()).observe(byId("nets"));
    window.addEventListener("beforeprint", () => this.shownNets().forEach(({ card }) => card.bars.fillBoxes()), { signal });
    this.rebuild();
    this.tour.offer(!asked);
    for (const entry of this.nets) this.seek(entry);
  }

  /** Takes over what a link carries. */
  take({ word, t, shown, slots, changes }) {
    this.word = word.slice(0, this.longest);
    this.t = Math.min(t, this.word.length);
    this.slots = slots;
    if (shown.length) for (const entry of this.nets) entry.shown = shown.includes(entry.number);
    this.nets.forEach((entry, number) => this.change(entry, changes[number]));
  }

  /** What is to end when another mode is shown. */
  leave() {
    this.player.pause();
    this.seeker.end();
    for (const entry of this.nets) clearTimeout(entry.seeking);
  }

  address() {
    return writeHash(this);
  }

  follow(hash) {
    const asked = readHash(this, hash);
    if (!asked) return;
    this.undoing.do("link", () => this.take(asked));
    this.compute();
    showNetChoice(this);
    this.rebuild();
    for (const entry of this.nets) this.seek(entry);
  }

  /** Where the keys begin: at the cell to which a wrong answer is due. It is not shown as chosen. */
  chooseSelection() {
    const shown = this.shownNets();
    for (const entry of shown) {
      const found = entry.judged[this.t];
      if (found.verdict !== "wrong") continue;
      const { cell } = reasonsFor(entry.net, entry.steps, this.t, found, this.slots);
      if (cell !== null) {
        this.selected = { entry, place: { gate: "memory", cell } };
        return;
      }
    }
    const node = this.states[this.t];
    const cell = node === LOST ? -1 : shown[0].net.cells.indexOf(this.machine.states[node]);
    this.selected = { entry: shown[0], place: { gate: "memory", cell: Math.max(0, cell) } };
  }

  shownNets() {
    return this.nets.filter((entry) => entry.shown);
  }

  showNet(entry, shown) {
    entry.shown = shown;
    this.rebuild();
  }

  // What is computed

  compute() {
    this.states = walk(this.machine, this.word, this.nets[0].net.onViolation);
    for (const entry of this.nets) this.computeNet(entry);
  }

  computeNet(entry) {
    const { machine, word, slots } = this;
    const { net } = entry;
    const same = entry.ranNet === net && entry.ranSlots === slots;
    entry.steps = run(net, word, slots, same ? entry.steps : []);
    entry.ranNet = net;
    entry.ranSlots = slots;
    const nodes = walk(machine, word, net.onViolation);
    entry.judged = entry.steps.map((step, t) => judge(machine, net, t, nodes[t], step));
    const refuses = ({ offers }, t) => offers !== null && entry.judged[t].verdict !== "unclaimed" && !offers.includes(word[t]);
    entry.refused = entry.steps.map((_, t) => t > 0 && refuses(entry.steps[t - 1], t - 1));
  }

  /** Starts the search for a wrong beginning anew; what it finds is told to `report`. */
  seek(entry) {
    clearTimeout(entry.seeking);
    this.report(entry.number, NOTHING_YET);
    entry.seeking = setTimeout(() => this.seeker.look(entry.number, this.machine, entry.net, this.slots), SEARCH_DELAY);
  }

  report(number, report) {
    const entry = this.nets[number];
    entry.report = report;
    entry.card?.updateFound(report);
    this.tour.reported();
  }

  // Steps

  goTo(t) {
    const focusOnTape = document.activeElement?.closest?.("#tape button");
    this.t = Math.max(0, Math.min(this.word.length, t));
    this.micro = null;
    this.update();
    if (focusOnTape) byId("tape").querySelector('[aria-current="step"]')?.focus({ preventScroll: true });
  }

  /** One symbol on; at the end the net may write one. Returns whether there was one. */
  forward() {
    if (this.t < this.word.length) this.goTo(this.t + 1);
    else return this.generating && this.generate();
    return true;
  }

  back() {
    this.goTo(this.t - 1);
  }

  /** One gate on, in the order in which they are computed by hand. */
  gateOn() {
    const places = placesInOrder(this.selected.entry.net);
    const next = this.micro === null ? 0 : this.micro + 1;
    if (this.t > 0 && next < places.length) this.goToGate(next);
    else if (this.forward()) this.goToGate(0);
  }

  gateBack() {
    const last = placesInOrder(this.selected.entry.net).length - 1;
    if (this.t === 0) return;
    if (this.micro === null) this.goToGate(last);
    else if (this.micro > 0) this.goToGate(this.micro - 1);
    else {
      this.goTo(this.t - 1);
      if (this.t > 0) this.goToGate(last);
    }
  }

  goToGate(micro) {
    const { entry } = this.selected;
    this.micro = micro;
    this.choose(entry, placesInOrder(entry.net)[micro]);
    this.update();
  }

  /** Whether a number is still to come ("pending"), is being computed ("now"), or is there (""). */
  stateOf(entry, place) {
    if (this.micro === null || entry !== this.selected.entry || place.gate === "before") return "";
    if (place.head === "accept") return this.progressOf(entry) ? "pending" : "";
    const names = columns(entry.net);
    const perCell = names.length - 1;
    const order = place.head
      ? entry.net.cells.length * perCell + place.row
      : cellsInOrder(entry.net).indexOf(place.cell) * perCell + names.indexOf(place.gate) - 1;
    return order > this.micro ? "pending" : order === this.micro ? "now" : "";
  }

  /** How far a net has been computed gate by gate: {number, count, place}; null where all is there. */
  progressOf(entry) {
    if (this.micro === null || entry !== this.selected.entry) return null;
    const places = placesInOrder(entry.net);
    if (this.micro === places.length - 1) return null;
    return { number: this.micro + 1, count: places.length, place: places[this.micro] };
  }

  // What can be done, and undone

  setWord(word, t, kind = "load") {
    this.undoing.do(kind, () => Object.assign(this, { word, t: Math.max(0, Math.min(word.length, t)), micro: null }));
    this.compute();
    this.update();
  }

  /** Puts a symbol after the current step, in place of what followed. */
  append(symbol, kind = "append") {
    if (this.t < this.longest) this.setWord([...this.word.slice(0, this.t), symbol], this.t + 1, kind);
  }

  /** The leading net writes a symbol; returns whether it could. */
  generate() {
    const symbol = this.t < this.longest ? drawSymbol(this.machine, this.lead.net, this.lead.steps[this.t]) : null;
    if (symbol !== null) this.append(symbol, "generate");
    else setText(byId("announce"), `${this.lead.net.name} offers nothing more.`);
    return symbol !== null;
  }

  setGenerate(on) {
    this.generating = on;
    byId("generate").checked = on;
    updateControls(this);
  }

  setSlots(slots) {
    this.undoing.do("snap", () => Object.assign(this, { slots }));
    this.compute();
    for (const entry of this.nets) this.seek(entry);
    this.inspector.rebuild();
    this.update();
  }

  setWeight(entry, place, term, value) {
    this.edit(entry, "weight", entry.factor, new Map(entry.edits).set(weightKey(place, term), value));
  }

  setFactor(entry, factor) {
    if (factor !== entry.factor) this.edit(entry, `gain ${entry.number}`, factor, entry.edits);
  }

  resetWeights(entry) {
    this.edit(entry, "reset", 1, new Map());
  }

  edit(entry, kind, factor, edits) {
    this.undoing.do(kind, () => this.change(entry, { factor, edits }));
    this.computeNet(entry);
    this.seek(entry);
    this.inspector.rebuild();
    this.update();
  }

  /** Gives an entry other changes than it has; returns whether they are others. */
  change(entry, { factor, edits }) {
    const text = (map) => JSON.stringify([...map]);
    if (entry.factor === factor && text(entry.edits) === text(edits)) return false;
    entry.factor = factor;
    entry.edits = new Map(edits);
    entry.net = changedNet(entry.base, factor, edits);
    return true;
  }

  // What is chosen

  select(entry, place) {
    if (this.opened && entry === this.selected.entry && samePlace(place, this.selected.place)) return;
    this.micro = null;
    this.choose(entry, place);
    this.update();
  }

  choose(entry, place) {
    this.selected = { entry, place };
    this.opened = true;
    this.findCounterparts();
    this.inspector.rebuild();
  }

  /** No number is chosen any more. */
  unselect() {
    this.opened = false;
    this.detailed = false;
    this.micro = null;
    this.findCounterparts();
    this.inspector.rebuild();
    this.update();
  }

  /** The same place in every shown net: cells go by name. */
  findCounterparts() {
    const { entry, place } = this.selected;
    this.counterparts = new Map();
    if (!this.opened) return;
    for (const other of this.shownNets()) {
      const { net } = other;
      const cell = place.head ? -1 : net.cells.indexOf(entry.net.cells[place.cell]);
      if (other === entry || (place.head && net.heads[place.head])) this.counterparts.set(other, place);
      else if (cell >= 0 && columns(net).includes(place.gate)) this.counterparts.set(other, { gate: place.gate, cell });
    }
  }

  /** Whether a place is the chosen one, or its counterpart in another net. */
  isChosen(entry, place) {
    const counterpart = this.counterparts.get(entry);
    return counterpart !== undefined && samePlace(counterpart, place);
  }

  /** The names of the cells that the chosen number is made from. */
  readNames() {
    const { entry, place } = this.selected;
    const reads = (this.opened && weightsOf(entry.net, place)?.reads) || [];
    return new Set(Array.from(reads, (cell) => entry.net.cells[cell]));
  }

  /** What the page was made with about a net in words; null where a weight has been changed. */
  explained(entry) {
    return entry.net === entry.base ? this.data.nets[entry.number].explained : null;
  }

  // Showing

  rebuild() {
    const shown = this.shownNets();
    if (!this.selected.entry.shown) this.selected = { entry: shown[0], place: { gate: "memory", cell: 0 } };
    for (const entry of this.nets) {
      entry.card = entry.shown ? new NetCard(this, entry) : null;
      entry.card?.updateFound(entry.report);
    }
    showCards(shown);
    this.findCounterparts();
    for (const view of [this.tape, this.graph, this.counters, this.inspector]) view.rebuild();
    this.update();
  }

  update() {
    for (const view of [this.tape, this.graph, this.counters]) view.update();
    for (const entry of this.shownNets()) entry.card.update();
    this.inspector.update();
    updateControls(this);
    this.tip.refresh();
    this.tape.keepInView();
    this.graph.keepInView();
    this.drawLinks();
    this.bubble.update();
    if (!this.player.playing) this.announce();
    this.page.changed();
  }

  /** What needs places measured comes last, so that the page is laid out once. */
  drawLinks() {
    for (const entry of this.shownNets()) entry.card?.draw(this.counterparts.get(entry) ?? null);
  }

  /** What a screen reader says of a step. */
  announce() {
    setText(byId("announce"), this.spoken());
  }

  spoken() {
    const { t, word, machine, selected } = this;
    if (this.micro !== null) {
      const { net, steps } = selected.entry;
      return `${placeName(net, selected.place)}: ${formula(net, steps, t, selected.place).numbers}`;
    }
    const parts = [t === 0 ? "" : `Step ${t} of ${word.length}.`, byId("graph-text").textContent];
    for (const entry of this.shownNets()) {
      const verdict = { right: "right", wrong: "wrong", unclaimed: "not judged" }[entry.judged[t].verdict];
      parts.push(`${entry.net.name} ${answerText(machine, entry.steps[t])}: ${verdict}.`);
    }
    parts.push(this.bubble.spoken());
    return parts.join(" ").trim();
  }
}
