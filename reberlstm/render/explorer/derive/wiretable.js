// The net as a table, a row for each cell and a column for each gate; and the editor of one of them.

import { el } from "../common/dom.js";
import { COLUMNS, sentenceOf, weightsOfRow, wordsOf } from "./wiring.js";

export const NAMES = { forget: "Eraser", candidate: "Writer", input: "Filter", output: "Output gate" };
const TERMS = { forget: "forget gate f", candidate: "candidate g", input: "input gate i", output: "output gate o" };
const SQUASHED = { forget: "σ", candidate: "tanh", input: "σ", output: "σ" };

/** A number with two decimals and a real minus. */
export function shown(value) {
  const text = Math.abs(value) >= 100 ? value.toPrecision(3) : value.toFixed(2);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/** What a row is called: "Filter of cell 1", "Reader: T". */
export function nameOf(row) {
  if (row.isSteep) return row.gate === "input" ? "All filters" : "All erasers";
  if (row.gate !== "reader") return `${NAMES[row.gate]} of cell ${row.name}`;
  return row.name === "end" ? "Reader: may the word end?" : `Reader: may ${row.name} come next?`;
}

/** What a row of the reader answers. */
export function answerName({ name }) {
  return name === "end" ? "the word may end" : name;
}

/** The lines of the table: a cell each, or all cells in one. */
export function linesOf({ cells, published }) {
  return published ? [{ name: "All", cell: null }] : cells.map((name, cell) => ({ name, cell }));
}

/** The table; `app` has the lesson, its wiring, the chosen row, and the step that is looked at. */
export function drawTable(app) {
  const { lesson } = app;
  const columns = COLUMNS.filter((gate) => lesson.gates.includes(gate));
  const at = (test) => lesson.rows.findIndex(test);
  const line = ({ name, cell }) => {
    const numbers = columns.map((gate) => at((row) => row.gate === gate && row.cell === cell));
    const memory = cell === null ? el("td") : el("td", { class: "memory" }, el("span", { class: "narrow" }, "memory c "), meter(app.step.c[cell]));
    const own = el("tr", {}, el("th", { scope: "row" }, el("span", { class: "narrow" }, cell === null ? "" : "Cell "), name), numbers.map((number) => tile(app, number)), memory);
    return [own, editorBelow(app, numbers, columns.length + 2)];
  };
  const head = el("tr", {}, el("th", { scope: "col" }, "Cell"), columns.map((gate) => el("th", { scope: "col" }, NAMES[gate], el("small", {}, TERMS[gate]))), el("th", { scope: "col" }, "Memory", el("small", {}, "c")));
  const answer = (row, number) => {
    if (row.gate !== "reader") return [];
    return [el("tr", {}, el("th", { scope: "row" }, answerName(row)), tile(app, number)), editorBelow(app, [number], 2)];
  };
  const readers = lesson.rows.flatMap(answer);
  return [
    el("table", { class: "wires" }, el("caption", { class: "unseen" }, "The net"), el("thead", {}, head), el("tbody", {}, ...linesOf(lesson).flatMap(line))),
    readers.length === 0 ? null : el("table", { class: "wires readers" }, el("caption", {}, lesson.head === "legal" ? "Reader: what may come next?" : "Reader"), el("tbody", {}, ...readers)),
  ];
}

/** The editor, in a line of its own below the row that is chosen. */
function editorBelow(app, numbers, width) {
  if (!numbers.includes(app.chosen)) return [];
  return [el("tr", { class: "edit" }, el("td", { colspan: width }, el("div", { id: "editor", role: "group", "aria-labelledby": "editor-title" }, drawEditor(app))))];
}

/** One gate: what it does, and its value in the step that is looked at. */
function tile(app, number) {
  const { lesson, step } = app;
  const row = lesson.rows[number];
  const text = sentenceOf(row, app.wiring[number]);
  const value = valueOf(row, step);
  const parts = [el("span", { class: "does" }, text), value];
  const narrow = row.gate === "reader" ? null : el("span", { class: "narrow" }, NAMES[row.gate]);
  if (!lesson.open[number]) return el("td", { class: "given" }, narrow, ...parts);
  const button = el("button", { type: "button", class: "tile", "aria-expanded": String(app.chosen === number), "aria-controls": app.chosen === number ? "editor" : null, "aria-label": `${nameOf(row)}: ${text}`, "data-row": number, onclick: () => app.choose(number) }, narrow, ...parts);
  return el("td", {}, button);
}

function valueOf(row, step) {
  if (row.isSteep) return null;
  if (row.gate !== "reader") return step.gates ? meter(step.gates[row.gate][row.cell]) : null;
  const yes = row.name === "end" ? step.ends : step.offers.includes(row.answer);
  return el("span", { class: `says${yes ? " yes" : ""}` }, yes ? "yes" : "no");
}

/** A small bar from 0 to 1 (or −1), with its number. */
function meter(value) {
  const width = Math.min(1, Math.abs(value));
  const bar = el("span", { class: `bar${value < 0 ? " minus" : ""}`, style: `width:${(100 * width).toFixed(1)}%` });
  return el("span", { class: "meter" }, el("span", { class: "track", "aria-hidden": "true" }, bar), el("span", { class: "number" }, shown(value)));
}

const SIGNS = { 1: "+", "-1": "−", 0: "" };

/** The editor of the chosen row: how it rests, and a chip for each symbol and each cell. */
function drawEditor(app) {
  const number = app.chosen;
  const row = app.lesson.rows[number];
  const numbers = app.wiring[number];
  const { rests, signs } = wordsOf(row);
  const chips = (kind) => row.reads.flatMap((read, k) => (read.kind === kind ? [chip(app, number, k + 1, read)] : []));
  const rest = (value, text) => el("button", { type: "button", "aria-pressed": String(numbers[0] === value), onclick: () => app.set(number, 0, value) }, text);
  const groups = [
    rests[0] && el("div", { class: "group", role: "group", "aria-label": row.isSteep ? "Steepness" : "At rest" }, row.isSteep ? null : el("span", { class: "label" }, "At rest"), rests.map((text, k) => rest(row.isSteep ? k - 1 : 2 * k - 1, text))),
    row.reads.length > 0 && row.gate !== "reader" && el("div", { class: "group", role: "group", "aria-label": "Symbols" }, el("span", { class: "label" }, "Symbols"), chips("symbol")),
    row.reads.length > 0 && el("div", { class: "group", role: "group", "aria-label": "Cells" }, el("span", { class: "label" }, "Cells"), chips("cell")),
  ];
  return [
    el("h3", { id: "editor-title" }, nameOf(row)),
    ...groups.filter(Boolean),
    row.isSteep ? null : el("p", { class: "legend" }, `${signs}. Press again to change it.`),
    app.numbers && !row.isSteep ? el("p", {}, el("span", { class: "formula" }, formulaOf(row, numbers)), el("small", {}, " · [a] is 1 if the symbol is a, else 0. h(A) is what cell A gave out, 0.76 if it is active.")) : null,
  ];
}

function chip(app, number, at, { name, kind }) {
  const value = app.wiring[number][at];
  const { plus, minus } = wordsOf(app.lesson.rows[number]);
  const says = value === 0 ? "nothing" : value > 0 ? plus : minus;
  const keys = { "+": 1, "-": -1, 0: 0 };
  return el(
    "button",
    {
      type: "button",
      class: `choice${value > 0 ? " plus" : value < 0 ? " minus" : ""}`,
      "data-chip": at,
      "aria-label": `${kind} ${name}: ${says}`,
      onclick: () => app.set(number, at, value === 0 ? 1 : value > 0 ? -1 : 0),
      onkeydown: (event) => {
        if (!Object.hasOwn(keys, event.key)) return;
        event.preventDefault();
        app.set(number, at, keys[event.key]);
      },
    },
    el("span", { class: "sign", "aria-hidden": "true" }, SIGNS[value]),
    name,
  );
}

/** The formula of a row with its weights. */
function formulaOf(row, numbers) {
  const { bias, chips } = weightsOfRow(row, numbers);
  const size = (value) => (Number.isInteger(value) ? String(Math.abs(value)) : shown(Math.abs(value)));
  const terms = row.reads.flatMap(({ kind, name }, k) => (chips[k] ? [[chips[k], ` · ${kind === "cell" ? `h(${name})` : `[${name}]`}`]] : []));
  const parts = [...(bias || terms.length === 0 ? [[bias, ""]] : []), ...terms];
  const sum = parts.map(([value, what], k) => `${value < 0 ? "−" : k ? "+" : ""}${k ? " " : ""}${size(value)}${what}`).join(" ");
  return row.gate === "reader" ? `${sum} > 0` : `${SQUASHED[row.gate]}(${sum})`;
}
