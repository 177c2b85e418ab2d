// One net: what it is fed, a table of its cells and gates as bars, and what it says.

import { Bars } from "./bars.js";
import { el, fill, setAttribute, setText } from "../common/dom.js";
import { isFactor } from "../model/edits.js";
import { Links } from "./links.js";
import { activity } from "../model/net.js";
import { answerText, brief, cellsInOrder, columns, formula, isSigned, placeName, readingText, reasonsFor, samePlace, shown, valueAt, wordsOf } from "../model/reasons.js";
import { searchParts, verdictParts } from "../model/verdicts.js";

const MAX_CELLS = 64;
const MAX_NUMBERED = 24;
const REST = 300;
const MAX_BUSY = 40;
const NEAR = 0.005;

export class NetCard {
  constructor(app, entry) {
    this.app = app;
    this.entry = entry;
    this.large = entry.net.cells.length > MAX_CELLS;
    this.numbered = entry.net.cells.length <= MAX_NUMBERED;
    this.root = this.build();
    new ResizeObserver(() => this.bars.resized()).observe(this.frame);
  }

  build() {
    const { entry } = this;
    const { net } = entry;
    this.verdict = el("p", { class: "verdict" });
    this.links = new Links(this);
    this.body = el("div", { class: "body" }, this.inputs(), this.table(), this.reader(), this.links.element);
    this.why = el("div", { class: "why" });
    this.found = el("div", { class: "found" });
    this.whose = el("span", { class: "whose" }, ` · ${entry.mark} ${net.name}`);
    this.gain = this.gainRow();
    // What it is made of stands at the top, how it is judged below its reasons.
    const about = this.app.data.nets[entry.number].about ?? `${net.title} of ${net.cells.length} cells (${net.reading}).`;
    const sentences = about.split(/(?<=\.) /);
    this.made = el("span", { class: "note" }, sentences.slice(0, 2).join(" "));
    this.judged = el("p", { class: "note judged" }, `${sentences.slice(2).join(" ")} ${readingText(net)}`);
    this.reasons = el("div", { class: "reasons", role: "group", "aria-label": `why, ${net.name}` }, this.why, this.found, this.judged);
    return el(
      "section",
      { class: "card net", "aria-label": `${net.name} net` },
      el("div", { class: "net-head" }, el("h2", {}, el("span", { class: "shape", "aria-hidden": "true" }, `${entry.mark} `), net.name), this.made),
      this.verdict,
      this.body,
    );
  }

  inputs() {
    this.chips = this.entry.net.alphabet.map((symbol) => el("span", { class: "chip" }, symbol));
    return el("div", { class: "inputs" }, el("span", { class: "row-name" }, "input"), this.chips);
  }

  table() {
    const { net } = this.entry;
    this.columns = columns(net);
    const order = cellsInOrder(net);
    const rows = this.large ? MAX_BUSY : net.cells.length;
    this.rows = Array.from({ length: rows }, (_, r) => this.row(r, this.large ? -1 : order[r]));
    const heads = this.columns.map((column) => {
      const { letter, standard, source = standard, about } = wordsOf(net, column);
      const first = source === standard ? null : el("span", { class: "standard" }, standard);
      const name = source === standard ? standard : `${standard} (${source})`;
      const head = el("th", { scope: "col", "data-column": column, "aria-label": name }, el("span", { class: "letter" }, letter), first, el("span", { class: "source" }, source));
      this.app.tip.attach(head, () => `${letter}, ${name}: ${about}`);
      return head;
    });
    const longest = Math.max(4, Math.min(10, Math.max(...net.cells.map((cell) => cell.length))));
    const grid = el(
      "table",
      { class: "cells", role: "grid", style: `--name: ${longest}; --rows: ${rows}`, "aria-label": `${net.name}: gates and memory of every cell` },
      el("thead", {}, el("tr", { role: "row" }, el("th", { scope: "col" }, "cell"), heads)),
      el("tbody", {}, this.rows.map((row) => row.element)),
    );
    grid.addEventListener("keydown", (event) => this.moveInGrid(event));
    this.note = this.large
      ? el("p", { class: "note" }, `This net has ${net.cells.length} cells, too many for bars of all: shown are, at most ${MAX_BUSY}, those in which something happens at this step.`)
      : null;
    this.bars = new Bars(this.entry.number, this.rows);
    this.frame = el("div", { class: "table-frame" }, this.note, grid, this.bars.element);
    return this.frame;
  }

  row(r, cell) {
    const name = el("th", { scope: "row" });
    const cells = this.columns.map((column, k) => {
      // The inner box has its size from the style sheet, so a new number is laid out alone.
      const box = this.numbered ? el("div", { class: "number" }) : null;
      const element = el("td", { role: "gridcell", tabindex: "-1" }, box);
      const at = { element, box, row: r, column: k, signed: isSigned(column), value: 0, key: "" };
      element.addEventListener("click", () => this.open(at));
      this.app.tip.attach(element, () => this.describe(this.placeOf(at)));
      return at;
    });
    return { element: el("tr", { role: "row" }, name, cells.map(({ element }) => element)), name, cells, cell };
  }

  reader() {
    const { net } = this.entry;
    const places = net.heads.legal ? net.alphabet.map((_, row) => ({ head: "legal", row })) : [];
    if (net.heads.accept) places.push({ head: "accept", row: 0 });
    this.answers = places.map((place) => {
      const name = place.head === "accept" ? "end" : net.alphabet[place.row];
      const number = el("span", { class: "number" });
      const mark = el("span", { class: "mark" });
      const button = el("button", { type: "button", class: "answer", onclick: () => this.app.bubble.open(this.entry, place) }, el("b", {}, name), mark, number);
      this.app.tip.attach(button, () => this.describe(place));
      return { place, button, number, mark, key: "" };
    });
    const name = net.heads.legal ? "reader: what may come next" : "may the word end";
    return el(
      "div",
      { class: "reader", role: "group", "aria-label": name },
      el("span", { class: "row-name" }, name),
      el("div", { class: "answers", style: `--columns: ${columnsFor(net.alphabet, places.length)}` }, this.answers.map((answer) => answer.button)),
    );
  }

  gainRow() {
    const { base } = this.entry;
    const gain = base.gain;
    const most = gain === null ? 2 : 2 * gain;
    const attributes = { min: gain === null ? 0.05 : 0.5, max: most, step: gain === null ? 0.05 : 0.5 };
    const change = (event) => {
      const value = Number(event.target.value);
      const factor = gain === null ? value : value / gain;
      if (isFactor(factor)) this.app.setFactor(this.entry, factor);
    };
    const name = gain === null ? "All gate weights ×" : "Gain K";
    this.gainSlider = el("input", { type: "range", ...attributes, "aria-label": `${name}, slider`, oninput: change });
    this.gainNumber = el("input", { type: "number", min: attributes.min, step: "any", onchange: change });
    this.reset = el("button", { type: "button", onclick: () => this.app.resetWeights(this.entry) }, "Reset weights");
    return el("div", { class: "gain", role: "group", "aria-label": base.name }, el("b", {}, `${this.entry.mark} ${base.name}`), el("label", {}, `${name} `, this.gainNumber), this.gainSlider, this.reset);
  }

  placeOf(at) {
    return { gate: this.columns[at.column], cell: this.rows[at.row].cell };
  }

  select(at) {
    const place = this.placeOf(at);
    if (place.cell >= 0) this.app.select(this.entry, place);
  }

  open(at) {
    const place = this.placeOf(at);
    if (place.cell >= 0) this.app.bubble.open(this.entry, place);
  }

  describe(place) {
    const { entry, app } = this;
    if (place.cell === -1) return "";
    const value = valueAt(entry.net, entry.steps, app.t, place);
    return `${placeName(entry.net, place)} = ${shown(value, 10)}`;
  }

  /**
   * Arrow keys choose the next bar, Home and End those at the ends of a row, and Enter shows how a
   * bar is computed. To come by with Tab chooses nothing.
   */
  moveInGrid(event) {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -99], End: [0, 99] };
    const move = moves[event.key];
    const from = this.rows.flatMap((row) => row.cells).find((at) => at.element === event.target);
    if (!from || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.open(from);
      return;
    }
    if (!move) return;
    const last = this.rows.filter((row) => row.cell >= 0).length - 1;
    const row = Math.max(0, Math.min(last, from.row + move[0]));
    const column = Math.max(0, Math.min(this.columns.length - 1, from.column + move[1]));
    event.preventDefault();
    event.stopPropagation();
    const to = this.rows[row].cells[column];
    this.select(to);
    to.element.focus();
  }

  update() {
    const { entry, app } = this;
    const { steps } = entry;
    const { t } = app;
    const symbol = t > 0 ? steps[t].symbol : -1;
    this.chips.forEach((chip, index) => setAttribute(chip, "class", index === symbol ? "chip on" : "chip"));
    if (this.large) this.chooseBusy();
    for (const row of this.rows) this.updateRow(row);
    this.updateReader();
    this.updateVerdict();
    const { selected } = app;
    const holder = selected.entry === entry ? this.find(selected.place) : null;
    const stop = holder?.element ?? this.rows[0].cells[0].element;
    if (this.stop !== stop) {
      if (this.stop) this.stop.tabIndex = -1;
      stop.tabIndex = 0;
      this.stop = stop;
    }
    this.updateGain();
  }

  chooseBusy() {
    const { net, steps } = this.entry;
    const { t } = this.app;
    const step = steps[t];
    const busy = [];
    for (let cell = 0; cell < net.cells.length && busy.length < MAX_BUSY; cell++) {
      const writes = step.gates !== null && Math.abs(step.gates.candidate[cell]) > NEAR;
      if (writes || Math.abs(step.c[cell]) > NEAR) busy.push(cell);
    }
    this.rows.forEach((row, r) => {
      row.cell = r < busy.length ? busy[r] : -1;
    });
  }

  updateRow(row) {
    const { net, steps } = this.entry;
    const { t } = this.app;
    row.element.hidden = row.cell < 0;
    if (row.cell < 0) return;
    setText(row.name, net.cells[row.cell]);
    const known = this.app.stateOf(this.entry, { gate: this.columns.at(-1), cell: row.cell }) !== "pending";
    setAttribute(row.element, "class", known && activity(net, steps[t], row.cell) > 0.5 ? "active" : null);
    for (const at of row.cells) {
      const place = this.placeOf(at);
      const state = this.app.stateOf(this.entry, place);
      const value = valueAt(net, steps, t, place);
      at.value = state === "pending" ? null : value;
      setAttribute(at.element, "class", state === "now" ? "now" : null);
      setAttribute(at.element, "aria-selected", String(this.app.isChosen(this.entry, place)));
      if (this.numbered) this.showNumber(at, value, state);
    }
  }

  showNumber(at, value, state) {
    const key = `${value} ${state}`;
    if (at.key === key) return;
    at.key = key;
    const size = Math.abs(value ?? 0);
    const kind = state === "pending" ? " pending" : size <= NEAR ? " rest" : "";
    setAttribute(at.box, "class", `number${kind}`);
    setText(at.box, value === null ? "" : brief(value));
    at.element.dataset.value = value ?? "";
  }

  /** What needs the places of boxes, drawn when everything else has been written. */
  draw(place) {
    this.bars.draw();
    this.links.draw(place);
    if (!this.numbered) this.labelAtRest();
  }

  /** In a large net the numbers are names of the boxes, for screen readers, given when it rests. */
  labelAtRest() {
    clearTimeout(this.labelling);
    this.labelling = setTimeout(() => {
      for (const row of this.rows.filter(({ cell }) => cell >= 0)) {
        for (const at of row.cells) setAttribute(at.element, "aria-label", brief(valueAt(this.entry.net, this.entry.steps, this.app.t, this.placeOf(at))) || "none yet");
      }
    }, REST);
  }

  updateReader() {
    const { net, steps, judged } = this.entry;
    const { t } = this.app;
    const found = judged[t];
    for (const answer of this.answers) {
      const { place } = answer;
      const value = valueAt(net, steps, t, place);
      const accept = place.head === "accept";
      const offered = accept ? steps[t].ends : steps[t].offers.includes(place.row);
      const faulty = accept ? found.endWrong : found.extra.includes(place.row) || found.missing.includes(place.row);
      const wrong = faulty && found.verdict === "wrong";
      const chosen = this.app.isChosen(this.entry, place);
      const state = this.app.stateOf(this.entry, place);
      const key = `${value} ${offered} ${wrong} ${chosen} ${state}`;
      if (answer.key === key) continue;
      answer.key = key;
      setAttribute(answer.button, "class", ["answer", offered && state !== "pending" ? "offered" : "", wrong && state !== "pending" ? "wrong" : "", state].filter(Boolean).join(" "));
      setAttribute(answer.button, "aria-pressed", String(chosen));
      setText(answer.mark, wrong ? "✗" : offered ? "✓" : "");
      setText(answer.number, brief(value));
      const word = accept ? (offered ? "may end" : "may not end") : offered ? "offered" : "not offered";
      const name = accept ? "end of the word" : net.alphabet[place.row];
      setAttribute(answer.button, "aria-label", `${name}: ${word}${wrong ? ", wrong" : ""}, ${shown(value)}`);
      answer.button.dataset.value = value;
    }
  }

  updateVerdict() {
    const { entry, app } = this;
    const { net, steps, judged } = entry;
    const found = judged[app.t];
    const progress = app.progressOf(entry);
    if (progress) {
      this.showProgress(progress);
      return;
    }
    const list = (symbols) => (symbols.length ? symbols.map((symbol) => net.alphabet[symbol]).join(" ") : "nothing");
    const { offers: offered, ends } = steps[app.t];
    const fault = found.endWrong ? `; the grammar says that it may${found.ends ? "" : " not"} end` : "";
    const said = `${answerText(app.machine, steps[app.t])}${offered && ends ? "; the word may end" : ""}`;
    const allowed = offered ? `; the grammar allows ${list(found.allowed)}` : "";
    const texts = {
      right: ["✓ right:", said],
      wrong: ["✗ wrong:", `${said}${allowed}${fault}`],
      unclaimed: ["○ not judged:", `${said}${allowed}`],
    };
    const [mark, text] = texts[found.verdict];
    const refused = entry.refused[app.t] ? ` It had not offered ${net.alphabet[app.word[app.t - 1]]}.` : "";
    const key = `${mark} ${text}${refused}`;
    if (this.verdictKey !== key) {
      this.verdictKey = key;
      this.verdict.className = `verdict ${found.verdict}`;
      this.verdict.replaceChildren(el("b", {}, mark), ` ${text}.${refused}`);
    }
    this.updateWhy(found);
  }

  /** Gate by gate: what is being computed, in place of an answer that is not there yet. */
  showProgress({ number, count, place }) {
    const { entry, app } = this;
    const { letters, numbers } = formula(entry.net, entry.steps, app.t, place);
    this.verdictKey = this.whyKey = null;
    this.verdict.className = "verdict unclaimed";
    this.verdict.replaceChildren(el("b", {}, "Gate by gate:"), ` ${number} of ${count}.`);
    this.why.className = "why";
    fill(this.why, el("h3", {}, "Now", this.whose.cloneNode(true)), el("p", {}, placeName(entry.net, place)), el("p", {}, el("code", {}, letters)), numbers ? el("p", {}, el("code", {}, `= ${numbers}`)) : null);
  }

  updateWhy(found) {
    const { entry, app } = this;
    const { sentences, cell } = reasonsFor(entry.net, entry.steps, app.t, found, app.slots);
    const key = `${found.verdict} ${cell} ${sentences.join(" ")}`;
    if (this.whyKey === key) return;
    this.whyKey = key;
    this.why.className = `why ${found.verdict}`;
    const show = () => app.bubble.open(entry, { gate: "memory", cell });
    fill(
      this.why,
      el("h3", {}, "Why", this.whose.cloneNode(true)),
      sentences.map((sentence) => el("p", {}, sentence)),
      cell === null || found.verdict !== "wrong" ? null : el("button", { type: "button", onclick: show }, `Show cell ${entry.net.cells[cell]}`),
    );
  }

  updateGain() {
    const { base, factor } = this.entry;
    const value = base.gain === null ? factor : factor * base.gain;
    const text = String(Number(value.toPrecision(6)));
    if (document.activeElement !== this.gainNumber && this.gainNumber.value !== text) this.gainNumber.value = text;
    if (this.gainSlider.value !== text) this.gainSlider.value = text;
    this.reset.disabled = factor === 1 && this.entry.edits.size === 0;
    this.root.classList.toggle("edited", !this.reset.disabled);
  }

  /** What the search for a wrong beginning has come to. */
  updateFound(report) {
    const { app, entry } = this;
    const proof = app.slots || entry.net !== entry.base ? null : app.data.nets[entry.number].proved;
    const decision = proof ? { verdict: "proved", ...proof } : report.decision;
    const tell = decision ? verdictParts : searchParts;
    const parts = tell(app.machine, entry.net, decision ?? report).map((part) => (part.code ? el("code", {}, part.code) : part));
    const proved = decision?.verdict === "proved";
    const load = () => app.setWord(report.word, report.word.length);
    const button = report.status === "wrong" ? el("button", { type: "button", onclick: load }, "Load it") : null;
    fill(this.found, el("h3", {}, "Shortest wrong beginning", this.whose.cloneNode(true)), el("p", { class: `result ${proved ? "closed" : report.status}` }, proved ? "None. " : "", ...parts, " ", button));
  }

  /** The element of a place, if it is in the table or the reader. */
  find(place) {
    if (place === null) return null;
    if (place.head) {
      const answer = this.answers.find((entry) => samePlace(entry.place, place));
      return answer ? { element: answer.button } : null;
    }
    const row = this.rows.find((entry) => entry.cell === place.cell);
    return row ? row.cells[this.columns.indexOf(place.gate)] ?? null : null;
  }
}

/** One row where symbols are letters, else as many columns as there is room for. */
function columnsFor(alphabet, count) {
  const longest = Math.max(...alphabet.map((symbol) => [...symbol].length));
  if (longest > 3) return `repeat(auto-fill, minmax(${longest + 3}ch, 1fr))`;
  if (count > 12 || count === alphabet.length) return `repeat(${Math.min(12, count)}, minmax(0, 1fr))`;
  return `repeat(${count - 1}, minmax(0, 1fr)) minmax(0, 1.3fr)`;
}
