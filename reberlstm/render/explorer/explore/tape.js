// The string, symbol by symbol, with the grammar's node and what each net offers next under each.

import { byId, el, fill, setAttribute, setText } from "../common/dom.js";
import { LOST } from "../model/machine.js";

const MAX_COLUMNS = 400;
const PAPER = 105;
const MAX_LETTERS = 4;
const MAX_LISTED = 10;
const MAX_WIDTH = 24;
const LARGE = 1.3;
const FRAMED = 1.1;
const SIGN = 1.4;

export class Tape {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.first = 0;
    this.columns = [];
    this.most = MAX_COLUMNS;
    root.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-t]");
      if (button) app.goTo(Number(button.dataset.t));
    });
    this.places = null;
    this.scrolled = 0;
    root.addEventListener("scroll", () => {
      this.scrolled = root.scrollLeft;
    });
    new ResizeObserver(() => {
      this.places = null;
    }).observe(root);
    // Paper cannot be scrolled: what is around the current step is printed.
    window.addEventListener("beforeprint", () => this.limit(2 * Math.floor(PAPER / this.letters / 2)), { signal: app.signal });
    window.addEventListener("afterprint", () => this.limit(MAX_COLUMNS), { signal: app.signal });
  }

  limit(most) {
    this.most = most;
    this.update();
  }

  /** Builds the rows anew: when other nets are shown. */
  rebuild() {
    const heads = ["word", "node", ...this.app.shownNets().map((entry) => `${entry.mark} ${entry.net.name}`)];
    this.rows = heads.map((text) => el("tr", {}, el("th", { scope: "row" }, text)));
    this.rows[0].firstChild.setAttribute("title", "the symbols, from the first one");
    this.app.shownNets().forEach(({ net }, index) => this.rows[index + 2].firstChild.append(el("small", {}, net.heads.legal ? " offers" : " ends")));
    this.note = el("p", { class: "note" });
    this.table = el("table", {}, el("tbody", {}, this.rows));
    this.root.replaceChildren(this.note, this.table);
    this.columns = [];
    this.count = null;
    this.measured = null;
    const longest = Math.max(...this.app.shownNets().map(({ net }) => [...net.name].length));
    this.table.style.setProperty("--names", Math.min(14, Math.max(6, longest)));
    this.update();
  }

  /**
   * One width for all columns, in letters, wide enough for all that stands in them: it hangs on the
   * string and the nets but not on the step, so stepping moves nothing and a long string stays fluent.
   */
  measure() {
    const { machine, states, word } = this.app;
    const shown = this.app.shownNets();
    const key = [word, ...shown.map(({ judged }) => judged)];
    if (this.measured?.every((part, index) => part === key[index])) return;
    this.measured = key;
    this.places = null;
    const width = (symbols) => this.lettersOf(symbols);
    let most = Math.max(...word.map((symbol) => LARGE * [...machine.alphabet[symbol]].length), 1.5);
    for (const state of new Set(states.slice(1))) if (state !== LOST) most = Math.max(most, 0.9 * [...machine.states[state]].length);
    for (const { judged, steps, refused } of shown) {
      judged.forEach(({ verdict, extra, missing }, t) => {
        const offers = steps[t].offers ?? [];
        const wrong = verdict === "wrong";
        const long = this.isLong(offers);
        let size = this.sizeOf(offers);
        if (refused[t]) size += SIGN;
        if (wrong) size += SIGN + (long ? 0 : FRAMED * extra.length);
        if (wrong && missing.length > 0 && !this.isLong(missing)) size += width(missing) + 0.3;
        most = Math.max(most, size);
      });
    }
    this.explain(shown);
    this.letters = Math.min(MAX_WIDTH, most + 1.4);
    this.table.style.setProperty("--column", `max(var(--least), ${this.letters.toFixed(1)}ch)`);
    const first = Math.max(...shown.map(({ steps }) => this.sizeOf(steps[0].offers ?? [])), 0.9 * [...machine.states[machine.start]].length);
    this.table.style.setProperty("--first", `${Math.min(MAX_WIDTH, first + 1.4).toFixed(1)}ch`);
  }

  /** What the signs mean that are there. */
  explain(shown) {
    const some = (verdict) => shown.some(({ judged }) => judged.some((found) => found.verdict === verdict));
    const parts = [];
    if (some("wrong")) parts.push("✗ wrong: a letter in a box should not be offered, one struck out is missing");
    if (shown.some(({ refused }) => refused.some(Boolean))) parts.push("⊘ the net had not offered this symbol");
    if (some("unclaimed")) parts.push([el("i", {}, "slanted"), ": not judged, since the net was not made for it"]);
    const legend = byId("tape-legend");
    legend.hidden = parts.length === 0;
    fill(legend, parts.flatMap((part, index) => (index ? [" · ", part] : [part])).flat());
  }

  /** How many letters a list of symbols takes. */
  lettersOf(symbols) {
    const sizes = symbols.map((symbol) => [...this.app.machine.alphabet[symbol]].length);
    return sizes.reduce((sum, size) => sum + size, 0) + (Math.max(0, ...sizes) > 1 ? symbols.length - 1 : 0);
  }

  /** How many letters a list of symbols takes, or their count where it is long. */
  sizeOf(symbols) {
    return this.isLong(symbols) ? 4 + String(symbols.length).length + String(this.app.machine.alphabet.length).length : this.lettersOf(symbols);
  }

  /** Whether a list of symbols is counted instead of written. */
  isLong(symbols) {
    return symbols.length > MAX_LETTERS || this.lettersOf(symbols) > MAX_LISTED;
  }

  update() {
    this.measure();
    const { word, t } = this.app;
    const count = Math.min(word.length + 1, this.most);
    if (word.length + 1 <= this.most) this.first = 0;
    else if (t < this.first || t >= this.first + count || this.first + count > word.length + 1) {
      this.first = Math.max(0, Math.min(word.length + 1 - count, t - count / 2));
    }
    setText(this.note, count <= word.length ? `A string of ${word.length} symbols: shown are steps ${this.first} to ${this.first + count - 1}.` : "");
    this.note.hidden = count > word.length;
    while (this.columns.length > count) for (const cell of this.columns.pop().cells) cell.remove();
    while (this.columns.length < count) this.addColumn();
    if (this.count !== count) this.table.style.setProperty("--count", count);
    this.count = count;
    this.columns.forEach((column, index) => this.fill(column, this.first + index));
  }

  addColumn() {
    const button = el("button", { type: "button", class: "symbol" });
    const cells = this.rows.map((row, index) => row.appendChild(el("td", {}, index === 0 ? button : null)));
    this.columns.push({ cells, button, keys: [] });
  }

  fill(column, position) {
    const { app } = this;
    const { machine } = app;
    const state = app.states[position];
    const symbol = position === 0 ? "start" : machine.alphabet[app.word[position - 1]];
    const lost = state === LOST;
    const violation = lost && position > 0 && app.states[position - 1] !== LOST;
    const current = position === app.t;
    const key = `${position} ${symbol} ${state} ${violation} ${current}`;
    if (column.keys[0] !== key) {
      column.keys[0] = key;
      const { button } = column;
      setText(button, position === 0 ? "·" : symbol);
      button.dataset.t = position;
      button.tabIndex = current ? 0 : -1;
      setAttribute(button, "aria-current", current ? "step" : null);
      const node = lost ? "no node" : `node ${machine.states[state]}`;
      const fault = violation ? ", violation of the grammar" : "";
      setAttribute(button, "aria-label", position === 0 ? "before the first symbol" : `step ${position}, ${symbol}, ${node}${fault}`);
      button.classList.toggle("violation", violation);
      column.cells[0].classList.toggle("current", current);
      setText(column.cells[1], lost ? "✗" : machine.states[state]);
      column.cells[1].className = current ? "node current" : "node";
    }
    app.shownNets().forEach((entry, index) => this.fillNet(column, index + 2, entry, position, current));
  }

  fillNet(column, row, entry, position, current) {
    const { machine } = this.app;
    const step = entry.steps[position];
    const found = entry.judged[position];
    const refused = entry.refused[position];
    const cell = column.cells[row];
    setAttribute(cell, "class", `offers ${found.verdict}${current ? " current" : ""}`);
    const key = `${step.offers?.join()} ${step.ends} ${found.verdict} ${found.allowed.join()} ${refused}`;
    if (column.keys[row] === key) return;
    column.keys[row] = key;
    const name = (symbol) => machine.alphabet[symbol];
    const parts = [];
    if (refused) parts.push(el("span", { class: "refused", title: "the net had not offered this symbol" }, "⊘"));
    if (found.verdict === "wrong") parts.push(el("span", { class: "cross" }, "✗"));
    if (step.offers === null) parts.push(step.ends ? "✓" : "–");
    else if (this.isLong(step.offers)) parts.push(`${step.offers.length} of ${machine.alphabet.length}`);
    else {
      const long = step.offers.some((symbol) => name(symbol).length > 1);
      step.offers.forEach((symbol, index) => {
        if (long && index > 0) parts.push(" ");
        const extra = found.verdict === "wrong" && found.extra.includes(symbol);
        parts.push(extra ? el("b", { class: "extra" }, name(symbol)) : name(symbol));
      });
    }
    if (found.verdict === "wrong" && found.missing.length > 0 && !this.isLong(found.missing)) {
      parts.push(el("s", { class: "missing" }, found.missing.map(name).join(found.missing.some((symbol) => name(symbol).length > 1) ? " " : "")));
    }
    if (step.offers?.length === 0 && (found.verdict !== "wrong" || found.missing.length === 0)) parts.push("–");
    cell.replaceChildren(...parts);
  }

  /**
   * Scrolls to the current step; to be called when everything else has been written. Where the columns
   * are is measured once, since to ask for it at every step would lay the page out twice.
   */
  keepInView() {
    this.places ??= this.measurePlaces();
    const { head, first, column, room } = this.places;
    const index = this.app.t - this.first;
    const left = head + (index === 0 ? 0 : first + (index - 1) * column);
    const right = left + (index === 0 ? first : column);
    if (left - head < this.scrolled) this.scrollTo(left - head - 80);
    else if (right > this.scrolled + room) this.scrollTo(right - room + 80);
  }

  measurePlaces() {
    const [head, first, second] = this.rows[0].children;
    this.scrolled = this.root.scrollLeft;
    return { head: head.offsetWidth, first: first.offsetWidth, column: second?.offsetWidth ?? 0, room: this.root.clientWidth };
  }

  scrollTo(left) {
    this.root.scrollLeft = left;
    this.scrolled = this.root.scrollLeft;
  }
}
