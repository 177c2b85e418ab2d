// The net of the drawn machine: it is made at every change, and runs on a word.

import { byId, el, fill, setText } from "../common/dom.js";
import { netData, wiringOf } from "../model/compile.js";
import { judge, walk } from "../model/judge.js";
import { LOST, makeMachine, parseWord, wordText } from "../model/machine.js";
import { readNet, run } from "../model/net.js";
import { telling } from "../model/pages.js";
import { cellsInOrder } from "../model/reasons.js";
import { verdictText } from "../model/verdicts.js";

const AT_ONCE = 30;
const DELAY = 250;
const MAX_BUTTONS = 12;
const MAX_STEPS = 200;
const MANY = 6;
const MANY_CELLS = 12;

export class Trial {
  constructor(mode) {
    this.mode = mode;
    this.made = null;
    this.typed = null;
    byId("trial-word").addEventListener("input", (event) => {
      this.type(event.target.value);
      mode.page.changed();
    });
    byId("trial-watch").addEventListener("click", () => mode.watch());
  }

  /** Makes the net of a machine, of a large one when the hand rests; null while the drawing is none. */
  update(machine) {
    const key = JSON.stringify(machine);
    if (this.key === key) return;
    this.key = key;
    this.made = null;
    clearTimeout(this.waiting);
    this.mode.seeker.stop(0);
    byId("trial-run").hidden = true;
    if (machine === null || machine.states.length <= AT_ONCE) this.make(machine);
    else {
      this.say("", "The net is being made.");
      this.waiting = setTimeout(() => this.make(machine), DELAY);
    }
  }

  /** The word that was typed stays. */
  make(machine) {
    if (machine === null) {
      this.say("", "The net is made as soon as the drawing is a machine.");
      return;
    }
    try {
      const wiring = wiringOf(machine);
      const data = netData(machine, wiring);
      setText(byId("trial-size"), cellsText(machine, wiring));
      this.made = { data, machine: makeMachine(machine), net: readNet(data), example: telling(machine) };
    } catch (error) {
      this.say("unknown", "", `${error.message[0].toUpperCase()}${error.message.slice(1)}.`);
      return;
    }
    byId("trial-run").hidden = false;
    this.showButtons();
    this.run();
    this.verify();
  }

  /** Asks for a proof; `hear` is told what is found. */
  verify() {
    const { machine, net } = this.made;
    this.say("", "Does the net do what the drawing says? The proof is being made.");
    this.mode.seeker.look(0, machine, net, 0);
  }

  /** What the search has come to so far, and at the end the verdict. */
  hear({ decision }) {
    if (!this.made || !decision) return;
    const { machine, net } = this.made;
    const what = { proved: "✓ The net does what the drawing says.", refuted: "✗ The net does not do what the drawing says:", unknown: "" }[decision.verdict];
    this.say(decision.verdict, what, verdictText(machine, net, decision));
  }

  say(kind, text, more = "") {
    const line = byId("trial-verdict");
    line.className = kind;
    fill(line, el("span", {}, text), more ? ` ${more}` : null);
  }

  showButtons() {
    const { alphabet } = this.made.machine;
    const append = (symbol) => {
      const { word } = parseWord(this.made.machine, byId("trial-word").value);
      this.type(wordText(this.made.machine, [...word, symbol]));
      this.mode.page.changed();
    };
    fill(byId("trial-append"), alphabet.length > MAX_BUTTONS ? null : alphabet.map((text, symbol) => el("button", { type: "button", "aria-label": `append ${text}`, onclick: () => append(symbol) }, text)));
  }

  /** Puts a word into the field, and runs the net on it. */
  type(text) {
    this.typed = text;
    if (byId("trial-word").value !== text) byId("trial-word").value = text;
    this.run();
  }

  /** Runs the net on the word of the field, or on an example where nothing was typed. */
  run() {
    const { made } = this;
    if (!made) return;
    const { machine, net } = made;
    const field = byId("trial-word");
    if (this.typed === null) field.value = wordText(machine, made.example.map((symbol) => machine.alphabet.indexOf(symbol)));
    const { word, error } = parseWord(machine, field.value);
    setText(byId("trial-error"), error || (word.length > MAX_STEPS ? `Shown are the first ${MAX_STEPS} symbols.` : ""));
    field.setAttribute("aria-invalid", error !== "");
    this.word = word.slice(0, MAX_STEPS);
    const nodes = walk(machine, this.word, net.onViolation);
    const steps = run(net, this.word, 0);
    const judged = steps.map((step, t) => judge(machine, net, t, nodes[t], step));
    this.showStrip(nodes, steps, judged);
    this.sum(nodes, steps, judged);
  }

  showStrip(nodes, steps, judged) {
    const { machine, net } = this.made;
    const symbolsOf = (offers) => (offers.length > MANY ? `${offers.length} of ${machine.alphabet.length}` : offers.map((symbol) => machine.alphabet[symbol]).join(" ") || "–");
    const row = (head, cell) => el("tr", {}, el("th", { scope: "row" }, head), steps.map((step, t) => cell(step, t)));
    const violation = (t) => t > 0 && nodes[t] === LOST && nodes[t - 1] !== LOST;
    const says = (text) => (step, t) => el("td", { class: judged[t].verdict }, text(step, t));
    fill(
      byId("trial-strip"),
      el(
        "table",
        {},
        el("tbody", {}, [
          row("symbol", (_, t) => el("td", { class: violation(t) ? "symbol violation" : "symbol" }, t === 0 ? "start" : machine.alphabet[this.word[t - 1]])),
          row("state", (_, t) => el("td", {}, nodes[t] === LOST ? "none" : machine.states[nodes[t]])),
          net.heads.legal ? row("may come next", says((step) => symbolsOf(step.offers))) : null,
          net.heads.accept ? row("may end", says((step) => (step.ends ? "yes" : "no"))) : null,
          row("right?", (_, t) => el("td", { class: judged[t].verdict }, { right: "✓", wrong: "✗", unclaimed: "not asked" }[judged[t].verdict])),
        ].filter(Boolean)),
      ),
    );
  }

  /** In a sentence: what the net says at the end, and what went wrong on the way. */
  sum(nodes, steps, judged) {
    const { machine } = this.made;
    const { offers, ends } = steps.at(-1);
    const lost = nodes.indexOf(LOST);
    const wrong = judged.findIndex(({ verdict }) => verdict === "wrong");
    const parts = [];
    if (lost > 0) parts.push(`State ${machine.states[nodes[lost - 1]]} has no arrow for ${machine.alphabet[this.word[lost - 1]]}, so symbol ${lost} is a violation.`);
    const next = offers.map((symbol) => machine.alphabet[symbol]);
    const follow = next.length === 0 ? "nothing may follow" : next.length > MANY ? `${next.length} symbols may follow` : `${next.join(" or ")} may follow`;
    parts.push(`At the end the net says: ${follow}, and the word ${ends ? "may" : "may not"} end here.`);
    if (wrong >= 0) parts.push(`It is wrong at step ${wrong}.`);
    setText(byId("trial-said"), parts.join(" "));
  }
}

/** In a line or two: the cells, and which state each is for. */
function cellsText(machine, { cells, encoding: { machine: { names, dead }, coded, hasStarted } }) {
  const count = (number, word) => `${number} ${number === 1 ? word : `${word}s`}`;
  const listed = (texts) => (texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`);
  const all = cellsInOrder({ cells, layers: [0] }).map((cell) => cells[cell]);
  const shown = all.length > MANY_CELLS ? [...all.slice(0, MANY_CELLS - 2), "…", cells.at(-1)] : all;
  const parts = [`${count(cells.length, "cell")} for ${count(names.length, "state")}: ${listed(shown)}.`];
  if (names.length === 1 && dead === null) return `${parts[0]} There is nothing to be remembered, but a net has at least one cell.`;
  if (!coded.includes(0)) parts.push(`State ${names[0]} needs none: words start there, with no cell on.`);
  if (hasStarted) parts.push(`The cell ${cells.at(-1)} goes on with the first symbol and stays on. If it alone is on, the word has gone wrong.`);
  return parts.join(" ");
}
