// Worksheets for paper: the task, the machine, an empty table to fill with a pencil, words to trace.

import { el } from "../common/dom.js";
import { drawLayout } from "../common/graph.js";
import { layoutsOf } from "../model/places.js";
import { NAMES } from "./wiretable.js";
import { COLUMNS } from "./wiring.js";

/** The worksheet of a lesson. */
export function worksheet(lesson, count) {
  const { machine, cells, head } = lesson;
  const columns = COLUMNS.filter((gate) => lesson.gates.includes(gate));
  const blank = (kind = "") => el("td", { class: kind });
  const table = (headers, rows) => el("table", {}, el("thead", {}, el("tr", {}, headers.map((text) => el("th", { scope: "col" }, text)))), el("tbody", {}, rows));
  const layouts = layoutsOf(machine);
  const title = lesson.number === undefined ? lesson.title : `${lesson.number} of ${count}: ${lesson.title}`;
  return el(
    "article",
    { class: "worksheet" },
    el("p", { class: "name" }, "Name: ____________________   Date: ____________"),
    el("h2", {}, title),
    el("p", {}, lesson.task),
    el("p", {}, lesson.learn),
    layouts ? el("div", { class: "graph" }, drawLayout(layouts[0], machine.accepting).picture) : null,
    el("p", { class: "note" }, machine.title),
    el("h3", {}, "The net: what opens (+) and shuts (−) each gate? How does it rest?"),
    table(["Cell", ...columns.map((gate) => NAMES[gate])], cells.map((name) => el("tr", {}, el("th", { scope: "row" }, name), columns.map(() => blank("wide"))))),
    table(["Reader", "yes or no at rest; changed by which cells?"], (head === "accept" ? ["the word may end"] : machine.alphabet).map((name) => el("tr", {}, el("th", { scope: "row" }, name), blank("wide")))),
    el("h3", {}, "Run these words by hand"),
    lesson.words.map((word) => {
      const symbols = ["start", ...word];
      const line = (name) => el("tr", {}, el("th", { scope: "row" }, name), symbols.map(() => blank()));
      return table(["Symbol", ...symbols], [line("Node"), ...cells.map((cell) => line(`Memory of ${cell}`)), line(head === "legal" ? "May come next" : "May the word end?")]);
    }),
  );
}
