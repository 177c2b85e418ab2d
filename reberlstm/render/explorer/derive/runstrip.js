// The run of a word: a column for each step, with node, memories and answers; the wrong one is marked.

import { el } from "../common/dom.js";
import { LOST } from "../model/machine.js";
import { answersOf } from "./outcome.js";
import { shouldBe } from "./stepwords.js";
import { shown } from "./wiretable.js";

/** In a long word, how many steps are shown before and after the one that is looked at. */
const BEFORE = 60;
const AFTER = 20;

/** The strip; `app` has the steps, what is right at each, and which one is looked at. */
export function drawStrip(app) {
  const { machine, lesson, word, steps, states, judged, t } = app;
  const first = Math.max(0, t - BEFORE);
  const columns = [...steps.keys()].slice(first, t + AFTER + 1);
  const mark = (k) => (k === t ? "here" : null);
  const header = (k) => el("th", { scope: "col", class: mark(k) }, el("button", { type: "button", "data-step": k, "aria-pressed": String(k === t), "aria-label": k === 0 ? "start" : `step ${k}, ${machine.alphabet[word[k - 1]]}`, onclick: () => app.goTo(k) }, k === 0 ? "start" : machine.alphabet[word[k - 1]]));
  const line = (name, cell) => el("tr", {}, el("th", { scope: "row" }, name), columns.map((k) => el("td", { class: mark(k) }, cell(k))));
  const isWrong = (k) => judged[k].verdict === "wrong";
  const answers = (k) => answersOf(machine, steps[k], judged[k]);
  const isJudged = (k) => judged[k].verdict !== "unclaimed";
  return el(
    "table",
    {},
    el("thead", {}, el("tr", {}, el("th", { scope: "row" }, "Symbol"), columns.map(header))),
    el(
      "tbody",
      {},
      line("Node", (k) => (states[k] === LOST ? "–" : machine.states[states[k]])),
      lesson.cells.map((name, cell) => line(`Memory of ${name}`, (k) => memory(steps[k].c[cell], shouldBe(app, k, cell)))),
      line(lesson.head === "legal" ? "The net offers" : "The net: may end?", (k) => el("span", { class: isWrong(k) ? "wrong" : isJudged(k) ? "" : "unjudged" }, isWrong(k) ? "✗ " : "", answers(k).net, isJudged(k) ? null : el("small", {}, "(not judged)"))),
      line(lesson.head === "legal" ? "The machine allows" : "The machine: may end?", (k) => answers(k).machine),
    ),
  );
}

function memory(value, wanted) {
  const width = Math.min(1, Math.abs(value));
  const number = el("span", { class: `number${wanted === null ? "" : " wrong"}` }, wanted === null ? "" : "✗ ", shown(value));
  return el("span", { class: "memory-bar" }, el("span", { class: "track", "aria-hidden": "true" }, el("span", { class: `bar${value < 0 ? " minus" : ""}`, style: `width:${(100 * width).toFixed(1)}%` })), number);
}
