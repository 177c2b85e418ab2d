// Worksheets for paper: the task, the machine, an empty table to fill with a pencil, words to trace; and the answers.

import { el } from "../common/dom.js";
import { drawLayout } from "../common/graph.js";
import { parseWord } from "../model/machine.js";
import { layoutsOf } from "../model/places.js";
import { answerName, linesOf, nameOf, NAMES } from "./wiretable.js";
import { COLUMNS, emptyRow, sentenceOf } from "./wiring.js";

/** What has to be known to run a net by hand, as far as the lesson speaks of it. */
function rulesOf(lesson, columns) {
  const has = (gate) => columns.includes(gate);
  const gates = columns.filter((gate) => gate !== "candidate").map((gate) => NAMES[gate].toLowerCase());
  const sum = [has("forget") ? "eraser · old memory" : "", has("input") ? "filter · writer" : "writer"].filter(Boolean).join(" + ");
  return [
    `Writer: on which symbols does it write 1 (+) or −1 (−)? Otherwise it is 0.`,
    gates.length ? `${capital(gates.join(", "))}: open or shut at rest? Which symbols and cells open it (+), which shut it (−)?` : null,
    `Reader: yes or no at rest? Which cells make it a yes (+), which a no (−)?`,
    `Add up: the rest counts 1, each + and each − that applies counts 2. The sign of the sum decides.`,
    `New memory = ${sum}. ${gates.length ? "Open counts as 1, shut as 0. " : ""}${has("forget") ? "An open eraser keeps 0.95 of the old memory. " : ""}A cell is active if its memory is about 1${has("output") ? " and its output gate is open" : ""}. All gates read the cells as they were before the symbol.`,
  ].filter(Boolean);
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** The answers of a lesson, for the teacher. */
export function answerSheet(lesson, number) {
  const answers = lesson.rows.flatMap((row, k) => (lesson.open[k] ? [el("tr", {}, el("th", { scope: "row" }, nameOf(row)), el("td", {}, sentenceOf(row, lesson.solution[k])))] : []));
  return el("article", { class: "answers" }, el("h2", {}, `${number}. ${lesson.title}`), el("table", {}, el("tbody", {}, answers)));
}

/** The worksheet of a lesson: what is given is printed, the rest is blank. */
export function worksheet(lesson, number, count) {
  if (lesson.published) return el("article", { class: "worksheet" }, el("h2", {}, lesson.title), el("p", {}, "This lesson is done in the page, not on paper."));
  const { machine, cells, rows, head } = lesson;
  const columns = COLUMNS.filter((gate) => lesson.gates.includes(gate));
  const blank = () => el("td");
  const heading = (text) => el("th", { scope: "row" }, text);
  const table = (kind, headers, lines) => el("table", { class: kind }, el("thead", {}, el("tr", {}, headers.map((text) => el("th", { scope: "col" }, text)))), el("tbody", {}, lines));
  const entry = (row) => {
    const at = rows.indexOf(row);
    if (!lesson.open[at]) return el("td", {}, sentenceOf(row, lesson.first[at]));
    return el("td", { class: "blank" }, String(lesson.first[at]) === String(emptyRow(row)) ? "" : `at first: ${sentenceOf(row, lesson.first[at])}`);
  };
  // As many words as the page has room for.
  const words = lesson.words.slice(0, cells.length < 3 ? 3 : cells.length < 5 ? 2 : 1);
  const layouts = layoutsOf(machine);
  const trace = (word) => {
    const symbols = ["start", ...parseWord(machine, word).word.map((symbol) => machine.alphabet[symbol])];
    const names = ["Node", ...cells.map((cell) => `Memory of ${cell}`), head === "legal" ? "May come next" : "May the word end?"];
    return table("trace", ["Symbol", ...symbols], names.map((name) => el("tr", {}, heading(name), symbols.map(blank))));
  };
  return el(
    "article",
    { class: "worksheet" },
    el("p", { class: "name" }, "Name: ____________________   Date: ____________"),
    el("h2", {}, `${number} of ${count}: ${lesson.title}`),
    el("p", {}, lesson.learn),
    el("p", {}, el("strong", {}, lesson.task)),
    layouts ? el("div", { class: "graph" }, drawLayout(layouts[0], machine.accepting).picture) : null,
    el("p", { class: "note" }, machine.title),
    el("h3", {}, "The net"),
    el("ul", { class: "rules" }, rulesOf(lesson, columns).map((rule) => el("li", {}, rule))),
    table("", ["Cell", ...columns.map((gate) => NAMES[gate])], linesOf(lesson).map(({ name, cell }) => el("tr", {}, heading(name), columns.map((gate) => entry(rows.find((row) => row.gate === gate && row.cell === cell)))))),
    table("", ["Reader", "Answer"], rows.filter(({ gate }) => gate === "reader").map((row) => el("tr", {}, heading(answerName(row)), entry(row)))),
    el("h3", {}, words.length > 1 ? "Run these words by hand" : "Run this word by hand"),
    words.map(trace),
  );
}
