// A step in words: how the memory of a cell came about, and where the net is wrong, what is at fault.

import { LOST } from "../model/machine.js";
import { shown } from "./wiretable.js";
import { HEIGHT } from "./wiring.js";

/** A cell is active above this part of the height; the Toy LSTM leaves halves as marks on the way. */
const ACTIVE = { lstm: 0.5, toy: 0.8 };

/** A gate is open, a writer rings, above this. */
const HALF = 0.5;

/** What an eraser keeps is worth a word above this. */
const SOME = 0.05;

/** When a cell should be active: [after which symbol, or null, at which node]. */
function whenActive(lesson, cell) {
  const name = lesson.cells[cell];
  return lesson.active?.[name] ?? [null, name];
}

/** 1 if a cell should be active at a step and is not, 0 the other way round, else null. A net that is proved is right in its own way. */
export function shouldBe({ machine, net, lesson, found, word, steps, states, judged }, k, cell) {
  const [symbol, node] = whenActive(lesson, cell);
  if (found.verdict === "proved" || states[k] === LOST || judged[k].verdict === "unclaimed" || !machine.states.includes(node)) return null;
  const wanted = machine.states[states[k]] === node && (symbol === null || machine.alphabet[word[k - 1]] === symbol);
  return wanted === (steps[k].h[cell] > ACTIVE[net.layers[0].cell] * net.height) ? null : Number(wanted);
}

/** Of a wrong step, what is wrong; else the chosen cell. */
export function stepText(app, chosen) {
  const { lesson, judged, t } = app;
  const wrong = [...lesson.cells.keys()].filter((cell) => shouldBe(app, t, cell) !== null);
  const start = t === 0 ? "Before the first symbol every memory is 0. " : "";
  if (judged[t].verdict === "wrong" && wrong.length === 0 && !lesson.published) return `${start || "The cells are as they should be. "}${readerText(app)}`;
  if (start) return start.trim();
  const own = Math.max(0, chosen ?? 0);
  return cellText(app, wrong.length === 0 || wrong.includes(chosen) ? own : wrong[0]);
}

function cellText(app, cell) {
  const { machine, lesson, word, steps, states, t } = app;
  const { gates, c, h } = steps[t];
  const has = (gate) => Boolean(lesson.published) || lesson.gates.includes(gate);
  const value = (gate) => shown(gates[gate][cell]);
  const words = [];
  const numbers = [];
  const add = (text, number) => words.push(text) && numbers.push(number);
  if (has("forget")) add("eraser · old memory", `${value("forget")} · ${shown(steps[t - 1].c[cell])}`);
  if (has("input")) add("filter · writer", `${value("input")} · ${value("candidate")}`);
  else add("writer", value("candidate"));
  const sums = [words.join(" + "), numbers.join(" + "), shown(c[cell])].filter((text, k, all) => text !== all[k - 1]);
  const behind = gates.output && has("output") ? ` The others see output gate · tanh of the memory = ${value("output")} · ${shown(Math.tanh(c[cell]))} = ${shown(h[cell])}.` : "";
  const text = `${machine.alphabet[word[t - 1]]} comes. Memory of cell ${lesson.cells[cell]} = ${sums.join(" = ")}.${behind}`;
  const wanted = shouldBe(app, t, cell);
  if (wanted === null) return text;
  const after = whenActive(lesson, cell)[0] === null ? "" : ` after ${machine.alphabet[word[t - 1]]}`;
  return `${text} At node ${machine.states[states[t]]}${after} this cell should ${wanted ? "" : "not "}be active. ${lesson.published ? "" : faultOf(app, cell, wanted, has)}`.trim();
}

/** Which gate is at fault, in a sentence. */
function faultOf({ steps, t }, cell, wanted, has) {
  const { gates, c } = steps[t];
  const isOpen = (gate) => gates[gate][cell] > HALF;
  const kept = gates.forget[cell] * steps[t - 1].c[cell];
  const rang = gates.candidate[cell] > HALF;
  if (!wanted) {
    const writing = has("input") ? "The writer rang, and the filter was open." : "The writer rang.";
    const keeping = kept > SOME ? "The eraser was open, and kept the old memory." : "";
    return `${rang && isOpen("input") ? writing : keeping}${has("output") ? " The output gate was open." : ""}`;
  }
  if (has("output") && c[cell] > HALF) return "The memory is there, but the output gate was shut.";
  if (kept > SOME) return "Nothing was written, and what the eraser kept has faded.";
  if (!rang) return gates.candidate[cell] < -HALF ? "The writer rang −." : "The writer did not ring.";
  if (!isOpen("input")) return "The writer rang, but the filter was shut.";
  return kept < -SOME ? "The eraser was open, and kept an old memory below 0." : "";
}

/** What the reader's wrong row says, and why. */
function readerText({ lesson, wiring, steps, judged, t }) {
  const { extra, missing, endWrong } = judged[t];
  const isEnd = lesson.head === "accept";
  const number = lesson.rows.findIndex(({ gate, answer }) => gate === "reader" && (isEnd ? endWrong : extra.includes(answer) || missing.includes(answer)));
  const { name, answer } = lesson.rows[number];
  const [rest, ...chips] = wiring[number];
  const says = (isEnd ? steps[t].ends : steps[t].offers.includes(answer)) ? "yes" : "no";
  const does = { 1: "makes it a yes", "-1": "makes it a no", 0: "changes nothing" };
  const active = lesson.cells.flatMap((cell, k) => (steps[t].h[k] > HALF * HEIGHT ? [`cell ${cell}, which is active, ${does[chips[k]]}`] : []));
  return `The reader says ${says}${isEnd ? "" : ` to ${name}`}: this row rests at ${rest > 0 ? "yes" : "no"}, and ${active.join(", and ") || "no cell is active"}.`;
}
