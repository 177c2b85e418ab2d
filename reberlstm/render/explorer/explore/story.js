// What the tour tells: five steps, each a sentence or two on the page's own machine, net and word.

import { judge, walk } from "../model/judge.js";
import { legalSymbols, LOST, nextState, wordText } from "../model/machine.js";
import { CELLS, layerOf, run } from "../model/net.js";
import { answerText, deposits, LEAK, reasonsFor, shown, valueAt, wordsOf } from "../model/reasons.js";

const LONG = 24;
const WALKED = 6;
const OPEN = 0.9;
const SHUT = 0.1;
const NOTHING = 0.005;

/**
 * The steps but for the last: {title, text, entry, word, t, place, target}. The page goes to step `t` of
 * `word` with the net of `entry`; what is pointed at is `target` ("word", "row", "answers" or "found"),
 * or the number at `place`.
 */
export function storyOf(app, entry) {
  const { machine } = app;
  const word = wordFor(machine, app.word, entry.net.onViolation);
  const steps = run(entry.net, word, app.slots, []);
  const { t, cell } = telling(machine, entry.net, word, steps);
  const at = { entry, word, t };
  return [
    { ...at, t: Math.min(1, word.length), target: "word", title: "The word", text: aboutWord(machine, entry.net, word) },
    { ...at, target: "row", place: { gate: "memory", cell }, title: "The gates", text: aboutGates(entry.net, steps, t, cell) },
    { ...at, place: { gate: "memory", cell }, title: "The memory", text: aboutMemory(app, entry, steps, at, cell) },
    { ...at, target: "answers", title: "Why it answers so", text: aboutAnswer(machine, entry.net, steps, at) },
  ];
}

/** The page's word as far as the machine allows it; a short walk where that is not two symbols. */
function wordFor(machine, word, onViolation) {
  const nodes = walk(machine, word, onViolation);
  const lost = nodes.indexOf(LOST);
  const legal = lost < 0 ? word : word.slice(0, lost - 1);
  if (legal.length > 1) return legal;
  const walked = [];
  const seen = new Set();
  let node = machine.start;
  while (walked.length < WALKED) {
    seen.add(node);
    const symbols = legalSymbols(machine, node, onViolation);
    if (symbols.length === 0) break;
    const symbol = symbols.find((each) => !seen.has(nextState(machine, node, each, onViolation))) ?? symbols[0];
    walked.push(symbol);
    node = nextState(machine, node, symbol, onViolation);
  }
  return walked;
}

/**
 * The first step, from the second on, at which a cell writes something, and the cell: that of the node
 * where the machine is, if it has one, else the one that writes most.
 */
function telling(machine, net, word, steps) {
  const nodes = walk(machine, word, net.onViolation);
  let best = { t: 0, cell: 0, size: -1 };
  for (let t = Math.min(2, word.length); t <= word.length && t > 0 && best.size < 0.5; t++) {
    net.cells.forEach((name, cell) => {
      const { gate, write } = CELLS[layerOf(net, cell).cell].parts(steps[t].gates, cell);
      const size = Math.abs(gate * write) * (name === machine.states[nodes[t]] ? 2 : 1);
      if (size > best.size) best = { t, cell, size };
    });
  }
  return best;
}

function aboutWord(machine, net, word) {
  if (word.length === 0) return "No symbol may come first on this machine, so the word stays empty.";
  const text = wordText(machine, word);
  const says = net.heads.legal ? "the symbols that the net offers next" : "whether the net lets the word end";
  return `The net reads ${text.length > LONG ? "this word" : text} one symbol at a time, from ${machine.alphabet[word[0]]} on. Below each symbol are the node that the machine is in, and ${says}.`;
}

/** A gate as "forget gate (eraser)". */
function named(net, gate) {
  const { standard, source } = wordsOf(net, gate);
  return source && source !== standard ? `${standard} (${source})` : standard;
}

/** A number in a sentence: what is next to nothing is 0. */
const near = (value) => shown(Math.abs(value) < NOTHING ? 0 : value, 2);

const how = (value, open, shut, half) => (value > OPEN ? open : value < SHUT ? shut : half);

function aboutGates(net, steps, t, cell) {
  const rows = "Each row is a cell, and each bar one of its numbers at this step.";
  const { gates } = steps[t];
  if (gates === null) return rows;
  const value = (gate) => near(gates[gate][cell]);
  const name = `In cell ${net.cells[cell]}`;
  const layer = layerOf(net, cell);
  const candidate = `the ${named(net, "candidate")}`;
  if (layer.gates.includes("forget")) {
    const keeps = how(gates.forget[cell], "keeps the old memory", "erases the old memory", "keeps a part of the old memory");
    const lets = how(gates.input[cell], "lets in", "keeps out", "lets in a part of");
    const purpose = `The ${named(net, "forget")} decides what stays of the old memory: 1 keeps it, 0 erases it.`;
    return `${rows} ${purpose} ${name} it is ${value("forget")} and ${keeps}; the ${named(net, "input")} is ${value("input")} and ${lets} ${candidate}, which is ${value("candidate")}.`;
  }
  if (layer.gates.includes("update")) {
    const keeps = how(gates.update[cell], "keeps the old memory", `writes ${candidate}`, `mixes the old memory with ${candidate}`);
    return `${rows} ${name} the ${named(net, "update")} is ${value("update")} and ${keeps}; ${candidate} is ${value("candidate")}.`;
  }
  return `${rows} There is no gate that could keep a memory: in cell ${net.cells[cell]} ${candidate}, ${value("candidate")}, is written at every step.`;
}

function aboutMemory({ machine, ...app }, entry, steps, { word, t }, cell) {
  const { net } = entry;
  const kind = CELLS[layerOf(net, cell).cell];
  const node = walk(machine, word.slice(0, t), net.onViolation).at(-1);
  const name = net.cells[cell];
  const here = node !== LOST && machine.states[node] === name;
  const about = app.data.nets[entry.number].explained?.cells[cell];
  const means = here
    ? `Cell ${name} stands for node ${name}, and that is where the machine is now.`
    : about && entry.net === entry.base && about.sentence !== "no known meaning"
      ? `This is what cell ${name} is for: ${about.sentence}.`
      : about && entry.net === entry.base
        ? "Nobody wired this cell: what it stands for is not known."
        : "";
  if (t === 0) return `What the cell keeps is ${kind.formula}. ${means}`;
  const { keep, gate, write } = kind.parts(steps[t].gates, cell);
  const sum = kind.madeOf.length === 1 ? "" : `${near(keep)} · ${near(steps[t - 1].c[cell])} + ${near(gate)} · ${near(write)} = `;
  return `What the cell keeps is ${kind.formula}, here ${sum}${near(steps[t].c[cell])}. ${means}`;
}

function aboutAnswer(machine, net, steps, { word, t }) {
  const node = walk(machine, word.slice(0, t), net.onViolation).at(-1);
  const found = judge(machine, net, t, node, steps[t]);
  const list = (symbols) => symbols.map((symbol) => net.alphabet[symbol]).join(" ") || "nothing";
  const verdict = { right: "so the net is right", wrong: "so the net is wrong", unclaimed: "but here the net is not judged" }[found.verdict];
  const compared = ([value, threshold]) => `${near(value)}, ${value > threshold ? "over" : "not over"} ${shown(threshold)}`;
  if (!net.heads.legal) {
    const place = { head: "accept", row: 0 };
    return `From what the cells give out the reader makes one number: ${compared([valueAt(net, steps, t, place), net.heads.accept.threshold])}. The net ${answerText(machine, steps[t])}; the machine says that it may ${found.ends ? "" : "not "}end, ${verdict}.`;
  }
  const row = steps[t].offers[0] ?? 0;
  const number = compared([valueAt(net, steps, t, { head: "legal", row }), net.heads.legal.threshold]);
  return `From what the cells give out the reader makes a number for each symbol. For ${net.alphabet[row]} it is ${number}. The net ${answerText(machine, steps[t])} and the machine allows ${list(found.allowed)}, ${verdict}.`;
}

/** The last step: where a net of the page is wrong and why; else what the page says of the first one. */
export function lastStep(app, first, { word, t }) {
  const { machine, nets, slots } = app;
  const wrong = nets.filter(({ report }) => report.status === "wrong");
  const entry = wrong.find(({ base }) => base.name === "published") ?? wrong[0];
  if (!entry) {
    return { entry: first, word, t, target: "found", title: "Is there a wrong answer?", text: first.card.found.querySelector(".result").textContent.trim() };
  }
  const { report, net } = entry;
  const end = report.word.length;
  const steps = run(net, report.word, slots, []);
  const found = judge(machine, net, end, walk(machine, report.word, net.onViolation).at(-1), steps[end]);
  const { sentences, cell } = reasonsFor(net, steps, end, found, slots);
  const [row] = [...found.extra, ...found.missing];
  const place = row === undefined ? { head: "accept", row: 0 } : { head: "legal", row };
  const where = end ? `after ${wordText(machine, report.word)}` : "before the first symbol";
  return { entry, word: report.word, t: end, place, title: `Where it fails: ${net.name} is wrong ${where}`, text: [...sentences.slice(0, 2), leakText(net, steps, end, cell)].join(" ").trim() };
}

/** Both halves of a leak: what lets a little in, and what keeps it; "" where a cell has none. */
function leakText(net, steps, t, cell) {
  if (cell === null || !layerOf(net, cell).gates.includes("forget")) return "";
  const leak = deposits(net, steps, t, cell).find(({ symbol, gate, from, to }) => symbol !== null && gate < LEAK && to > from);
  if (!leak) return "";
  const kept = Math.min(...steps.slice(leak.from + 1, t + 1).map(({ gates }) => gates.forget[cell]));
  return kept < 0.5 ? "" : `Two gates have a part in it: at each ${net.alphabet[leak.symbol]} the ${named(net, "input")} lets a little in, and the ${named(net, "forget")}, at least ${shown(kept, 2)}, keeps it.`;
}
