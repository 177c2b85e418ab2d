// The string, symbol by symbol, with the grammar's node and what each net offers next under each.

import { el, setAttribute, setText } from "./dom.js";
import { LOST } from "./machine.js";

const MAX_COLUMNS = 400;
const MAX_LETTERS = 4;

export class Tape {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.first = 0;
    this.columns = [];
    root.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-t]");
      if (button) app.goTo(Number(button.dataset.t));
    });
  }

  /** Builds the rows anew: when other nets are shown. */
  rebuild() {
    const heads = ["string", "node", ...this.app.shownNets().map((entry) => `${entry.mark} ${entry.net.name}`)];
    this.rows = heads.map((text) => el("tr", {}, el("th", { scope: "row" }, text)));
    this.rows[0].firstChild.setAttribute("title", "the symbols, from the first one");
    for (const row of this.rows.slice(2)) row.firstChild.append(el("small", {}, " offers"));
    this.note = el("p", { class: "note" });
    this.table = el("table", { style: this.widths() }, el("tbody", {}, this.rows));
    this.root.replaceChildren(this.note, this.table);
    this.columns = [];
    this.update();
  }

  /** Fixed widths, in letters: so a step changes no other column, and a long string stays fluent. */
  widths() {
    const { machine } = this.app;
    const longest = (names) => Math.max(...names.map((name) => [...name].length));
    const symbol = longest(machine.alphabet);
    const offers = Math.min(MAX_LETTERS, machine.alphabet.length) * (symbol + (symbol > 1)) + 3;
    const column = Math.max(5, Math.min(12, Math.max(offers, longest(machine.states) + 1)));
    const names = longest(this.app.shownNets().map((entry) => entry.net.name));
    return `--column: ${column}ch; --names: ${Math.min(14, Math.max(6, names))}`;
  }

  update() {
    const { word, t } = this.app;
    const count = Math.min(word.length + 1, MAX_COLUMNS);
    if (word.length + 1 <= MAX_COLUMNS) this.first = 0;
    else if (t < this.first || t >= this.first + count || this.first + count > word.length + 1) {
      this.first = Math.max(0, Math.min(word.length + 1 - count, t - count / 2));
    }
    setText(this.note, count <= word.length ? `A string of ${word.length} symbols: shown are steps ${this.first} to ${this.first + count - 1}.` : "");
    this.note.hidden = count > word.length;
    while (this.columns.length > count) for (const cell of this.columns.pop().cells) cell.remove();
    while (this.columns.length < count) this.addColumn();
    this.table.style.setProperty("--count", count);
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
    const key = `${step.offers.join()} ${found.verdict} ${found.allowed.join()} ${refused} ${current}`;
    if (column.keys[row] === key) return;
    column.keys[row] = key;
    cell.className = `offers ${found.verdict}${current ? " current" : ""}`;
    const name = (symbol) => machine.alphabet[symbol];
    const parts = [];
    if (refused) parts.push(el("span", { class: "refused", title: "the net had not offered this symbol" }, "⊘"));
    if (found.verdict === "wrong") parts.push(el("span", { class: "cross" }, "✗"));
    if (step.offers.length > MAX_LETTERS) parts.push(`${step.offers.length} of ${machine.alphabet.length}`);
    else {
      const long = step.offers.some((symbol) => name(symbol).length > 1);
      step.offers.forEach((symbol, index) => {
        if (long && index > 0) parts.push(" ");
        const extra = found.verdict === "wrong" && found.extra.includes(symbol);
        parts.push(extra ? el("b", { class: "extra" }, name(symbol)) : name(symbol));
      });
    }
    if (found.verdict === "wrong" && found.missing.length > 0 && found.missing.length <= MAX_LETTERS) {
      parts.push(el("s", { class: "missing" }, found.missing.map(name).join("")));
    }
    if (step.offers.length === 0 && found.missing.length === 0) parts.push("–");
    cell.replaceChildren(...parts);
  }

  /** Scrolls to the current step; to be called when everything else has been written. */
  keepInView() {
    const cell = this.columns[this.app.t - this.first].cells[0];
    const { root } = this;
    const head = this.rows[0].firstChild.offsetWidth;
    const left = cell.offsetLeft;
    const right = left + cell.offsetWidth;
    if (left - head < root.scrollLeft) root.scrollLeft = left - head - 80;
    else if (right > root.scrollLeft + root.clientWidth) root.scrollLeft = right - root.clientWidth + 80;
  }
}
