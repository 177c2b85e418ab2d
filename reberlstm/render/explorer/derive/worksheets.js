// Worksheets for paper: the task, the machine, an empty table to fill with a pencil, words to trace.

import { el } from "../common/dom.js";
import { drawLayout } from "../common/graph.js";
import { parseWord } from "../model/machine.js";
import { layoutsOf } from "../model/places.js";
import { answerName, linesOf, NAMES } from "./wiretable.js";
import { COLUMNS, sentenceOf } from "./wiring.js";

/** The worksheet of a lesson: what is given is printed, the rest is blank. */
export function worksheet(lesson, number, count) {
  const { machine, cells, rows, head } = lesson;
  const columns = COLUMNS.filter((gate) => lesson.gates.includes(gate));
  const blank = () => el("td");
  const heading = (text) => el("th", { scope: "row" }, text);
  const table = (kind, headers, lines) => el("table", { class: kind }, el("thead", {}, el("tr", {}, headers.map((text) => el("th", { scope: "col" }, text)))), el("tbody", {}, lines));
  const entry = (row) => el("td", {}, lesson.open[rows.indexOf(row)] ? "" : sentenceOf(row, lesson.first[rows.indexOf(row)]));
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
    el("h3", {}, "The net: how does each gate rest, what opens it (+), what shuts it (−)?"),
    table("", ["Cell", ...columns.map((gate) => NAMES[gate])], linesOf(lesson).map(({ name, cell }) => el("tr", {}, heading(name), columns.map((gate) => entry(rows.find((row) => row.gate === gate && row.cell === cell)))))),
    lesson.published ? null : table("", ["Reader", "Yes or no at rest? Which cells change it?"], rows.filter(({ gate }) => gate === "reader").map((row) => el("tr", {}, heading(answerName(row)), entry(row)))),
    el("h3", {}, "Run these words by hand"),
    lesson.words.map(trace),
  );
}
