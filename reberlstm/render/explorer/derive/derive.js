// Derive it yourself: the student wires a net by hand, and the page says where it is still wrong.

import { byId, el, enableUndo, fill, setAttribute, setText } from "../common/dom.js";
import { bindMenus } from "../common/menus.js";
import { copyText } from "../common/saving.js";
import { drawLayout, edgeKey, lightEdge, lightNode } from "../common/graph.js";
import { judge, walk } from "../model/judge.js";
import { LOST, makeMachine, parseWord, wordText } from "../model/machine.js";
import { readNet, run } from "../model/net.js";
import { layoutsOf } from "../model/places.js";
import { wordName } from "../model/verdicts.js";
import { examine } from "./examine.js";
import { freeLesson, lessonsWith } from "./lessons.js";
import { outcomeText } from "./outcome.js";
import { readProgress, writeProgress } from "./progress.js";
import { proofTable } from "./proofview.js";
import { drawStrip } from "./runstrip.js";
import { stepText } from "./stepwords.js";
import { drawTable, nameOf } from "./wiretable.js";
import { netOf, sentenceOf } from "./wiring.js";
import { answerSheet, worksheet } from "./worksheets.js";

/** Milliseconds after which a search ends; the published net needs more of them. */
const QUICK = 5000;
const PATIENT = 20000;

/** Where the run has room beside the net. */
const WIDE = "(min-width: 60rem)";

export class Derive {
  constructor(data, page, signal) {
    this.data = data;
    this.page = page;
    this.signal = signal;
    const { reber, published, nets } = page.data;
    const free = freeLessons(data.machine, reber);
    // A machine that a link brings along is to be wired.
    this.lessons = data.link && free.length ? free : [...lessonsWith(reber, nets[published] ?? published), ...free];
    this.numbers = false;
    this.paper = null;
    this.stop = () => {};
  }

  start(hash) {
    setText(byId("title"), "Derive it yourself");
    setText(byId("lead"), "Wire a net by hand. The page says at once where it is still wrong.");
    this.bind();
    this.follow(hash);
  }

  /** Takes over what a link carries. */
  follow(hash) {
    Object.assign(this, readProgress(this.lessons, hash));
    this.open(this.lesson);
  }

  bind() {
    const on = (id, action) => byId(id).addEventListener("click", action);
    on("lesson-before", () => this.open(this.lessons[this.lessons.indexOf(this.lesson) - 1], true));
    on("lesson-next", () => this.open(this.lessons[this.lessons.indexOf(this.lesson) + 1], true));
    on("ask-hint", () => this.hint());
    on("undo", () => this.travel(this.past, this.future));
    on("redo", () => this.travel(this.future, this.past));
    on("again", () => this.change(this.lesson.first));
    byId("numbers").addEventListener("change", ({ target }) => {
      this.numbers = target.checked;
      this.showNet();
    });
    byId("own-word").addEventListener("input", ({ target }) => this.runOwn(target.value));
    byId("strip").addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      this.goTo(Math.max(0, Math.min(this.word.length, this.t + by)));
      byId("strip").querySelector('[aria-pressed="true"]').focus();
    });
    on("watch", () => this.watch());
    on("copy-link", () => this.copyLink());
    on("print", () => this.print([this.lesson]));
    on("print-all", () => this.print(this.lessons.filter(({ published }) => !published)));
    on("print-answers", () => this.print(this.lessons.filter(({ solution }) => solution), answerSheet));
    bindMenus(byId("derive"), this.signal);
    byId("lessons").addEventListener("beforetoggle", () => this.listLessons());
    const wide = window.matchMedia(WIDE);
    const put = () => (wide.matches ? byId("lesson-left").append(byId("result")) : byId("proof").before(byId("result")));
    put();
    wide.addEventListener("change", put, { signal: this.signal });
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.signal });
    window.addEventListener("beforeprint", () => this.layPaper(), { signal: this.signal });
    window.addEventListener("afterprint", () => this.clearPaper(), { signal: this.signal });
    this.signal.addEventListener("abort", () => this.stop());
  }

  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("input[type=text]")) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) this.travel(this.past, this.future);
    else if (key === "y" || key === "z") this.travel(this.future, this.past);
    else return;
    event.preventDefault();
  }

  // The lesson

  /** Opens a lesson, as it was left. */
  open(lesson, focus = false) {
    this.lesson = lesson;
    this.machine = makeMachine(lesson.machine);
    this.layouts = layoutsOf(lesson.machine);
    this.past = [];
    this.future = [];
    this.asked = 0;
    this.due = null;
    this.chosen = Math.max(lesson.open.indexOf(true), lesson.rows.findIndex(({ gate }, k) => gate === "candidate" && lesson.open[k]));
    this.wiring = this.wirings.get(lesson.key) ?? lesson.first;
    const at = this.lessons.indexOf(lesson);
    setText(byId("lesson-title"), lesson.title);
    setText(byId("lesson-task"), lesson.task);
    setText(byId("lesson-learn"), lesson.learn);
    setText(byId("machine-title"), `${lesson.machine.title}${/[.?…]$/.test(lesson.machine.title) ? "" : "."} A double ring: the word may end.`);
    byId("lesson-before").disabled = at === 0;
    byId("lesson-next").disabled = at === this.lessons.length - 1;
    byId("print").disabled = Boolean(lesson.published);
    byId("own-word").value = "";
    setText(byId("hint"), "");
    if (byId("lessons").matches(":popover-open")) byId("lessons").hidePopover();
    this.drawGraph();
    this.compute();
    if (focus) byId("lesson-title").focus();
  }

  listLessons() {
    const item = (lesson) => {
      const done = this.done.has(lesson.key);
      return el("li", {}, el("button", { type: "button", "aria-current": lesson === this.lesson ? "true" : null, onclick: () => this.open(lesson, true) }, lesson.title, done ? el("span", { class: "done" }, " ✓ done") : null));
    };
    fill(byId("lessons"), el("ol", {}, this.lessons.map(item)));
  }

  // Choices

  choose(number) {
    this.chosen = number;
    this.showNet();
    byId("wires").querySelector(`[data-row="${number}"]`).focus();
  }

  /** Sets how a row rests (at 0), or one of its chips. */
  set(number, at, value) {
    if (this.wiring[number][at] === value) return;
    this.change(this.wiring.map((row, k) => (k === number ? Object.assign([...row], { [at]: value }) : row)));
  }

  change(wiring) {
    this.past.push(this.wiring);
    this.future = [];
    this.take(wiring);
  }

  take(wiring) {
    this.wiring = wiring;
    if (wiring === this.lesson.first) this.wirings.delete(this.lesson.key);
    else this.wirings.set(this.lesson.key, wiring);
    byId("own-word").value = "";
    this.compute();
  }

  travel(from, to) {
    if (from.length === 0) return;
    to.push(this.wiring);
    this.take(from.pop());
  }

  /** First in general; then, one at a time, the rows that differ from a right wiring. */
  hint() {
    const { lesson } = this;
    const wrong = lesson.rows.findIndex((_, k) => lesson.open[k] && String(this.wiring[k]) !== String(lesson.solution?.[k]));
    if (this.isDone() || wrong < 0) setText(byId("hint"), "Nothing is missing any more.");
    else if (this.asked++ === 0 || !lesson.solution) setText(byId("hint"), lesson.hint);
    else {
      setText(byId("hint"), `${this.due === wrong ? "Still" : "One answer"}: ${nameOf(lesson.rows[wrong]).replace(/[:?]/g, "")}: ${sentenceOf(lesson.rows[wrong], lesson.solution[wrong])}.`);
      this.due = wrong;
      this.chosen = wrong;
      this.showNet();
    }
  }

  // What is computed

  compute() {
    this.stop();
    this.netData = netOf(this.lesson, this.wiring);
    this.net = readNet(this.netData);
    this.found = { verdict: "searching" };
    this.runWord([]);
    this.stop = examine(this.machine, this.net, this.lesson.published ? PATIENT : QUICK, (found) => this.tell(found));
    this.page.write();
  }

  tell(found) {
    this.found = found;
    if (this.isDone()) this.done.add(this.lesson.key);
    if (found.verdict === "refuted") this.runWord(found.wrong.word);
    else this.runWord(parseWord(this.machine, this.lesson.words[0]).word);
    this.show();
    this.page.write();
  }

  /** Proved; or in the lesson where nothing can be, without a wrong word. */
  isDone() {
    return this.found.verdict === (this.lesson.published ? "unknown" : "proved");
  }

  runWord(word) {
    this.word = word;
    this.steps = run(this.net, word, 0);
    this.states = walk(this.machine, word, "absorb");
    this.judged = this.steps.map((step, t) => judge(this.machine, this.net, t, this.states[t], step));
    const wrong = this.judged.findIndex(({ verdict }) => verdict === "wrong");
    this.t = wrong < 0 ? word.length : wrong;
    this.step = this.steps[this.t];
  }

  runOwn(text) {
    const { word, error } = parseWord(this.machine, text.slice(0, 200));
    setText(byId("word-problem"), error);
    this.runWord(word);
    this.showRun();
  }

  goTo(t) {
    this.t = t;
    this.step = this.steps[t];
    this.showRun();
  }

  // Showing

  show() {
    const { found, machine, lesson } = this;
    setText(byId("outcome"), outcomeText(machine, this.net, found));
    setAttribute(byId("outcome"), "class", found.verdict);
    const at = this.lessons.indexOf(lesson);
    setText(byId("lesson-count"), `Lesson ${at + 1} of ${this.lessons.length}${this.done.has(lesson.key) ? " ✓ done" : ""}`);
    byId("lesson-next").classList.toggle("main", this.isDone() && !byId("lesson-next").disabled);
    byId("proof").hidden = !this.isDone() && found.verdict !== "proved";
    fill(byId("proof"), this.isDone() ? el("p", { class: "after" }, this.closing()) : null, found.verdict === "proved" ? proofTable(machine, lesson, found) : []);
    if (this.isDone()) setText(byId("hint"), "");
    enableUndo(byId("undo"), byId("redo"), this);
    setText(byId("word-problem"), "");
    this.showRun();
  }

  /** What is said at the end: of every net that is proved, and of this one. */
  closing() {
    const { after, solved, solution } = this.lesson;
    if (!solved) return after;
    return `${after} ${String(this.wiring) === String(solution) ? solved : "Your net has its own way: look at its memories in the run."}`;
  }

  showRun() {
    const name = wordName(this.machine, this.word);
    setText(byId("run-title"), `The run of ${this.word.length ? `“${name}”` : name}`);
    const focused = document.activeElement?.dataset.step;
    fill(byId("strip"), drawStrip(this));
    const here = byId("strip").querySelector(`[data-step="${this.t}"]`);
    if (focused) here.focus();
    this.lightGraph();
    this.showNet();
    const { left, right } = here.getBoundingClientRect();
    const shown = byId("strip").getBoundingClientRect();
    if (right > shown.right) byId("strip").scrollLeft += right - shown.right + 8;
    else if (left < shown.left + shown.width / 3) byId("strip").scrollLeft -= shown.left + shown.width / 3 - left;
  }

  /** Table and editor, the focus staying where it was. */
  showNet() {
    const wires = byId("wires");
    const order = () => [...wires.querySelectorAll("button")];
    const place = order().indexOf(document.activeElement);
    fill(wires, drawTable(this));
    if (place >= 0) order()[place]?.focus();
    setText(byId("step-text"), stepText(this, this.lesson.rows[this.chosen].cell));
  }

  /** The picture of the machine, upright where the place is narrow. */
  drawGraph() {
    const [wide, tall] = this.layouts ?? [];
    const isNarrow = wide && byId("lesson-graph").clientWidth < 0.8 * wide.width && tall.width < wide.width;
    this.drawn = wide && drawLayout(isNarrow ? tall : wide, this.machine.ends);
    byId("lesson-graph").classList.toggle("tall", Boolean(isNarrow));
    fill(byId("lesson-graph"), this.drawn?.picture);
  }

  lightGraph() {
    if (!this.drawn) return;
    const name = (state) => (state === LOST || state === undefined ? null : this.machine.states[state]);
    const [here, before] = [name(this.states[this.t]), name(this.states[this.t - 1])];
    for (const [node, drawn] of this.drawn.nodes) lightNode(drawn, node === here);
    for (const [key, group] of this.drawn.edges) lightEdge(group, before !== null && key === edgeKey(before, here));
    setAttribute(this.drawn.picture, "aria-label", `The machine, at node ${here ?? "none"}`);
  }

  // Taking it elsewhere

  address() {
    return writeProgress(this);
  }

  async copyLink() {
    const copied = await copyText(this.page.address());
    if (!this.signal.aborted) setText(byId("saved"), copied ? "Copied." : "The browser does not allow it: copy the address instead.");
  }

  /** The student's net in the mode that shows every gate. */
  watch() {
    this.page.go(`${this.address()}&watch=1&${new URLSearchParams({ string: wordText(this.machine, this.word), step: this.t })}`);
  }

  /** The data of the page that shows the net of a link. */
  static watched(given, page, link) {
    const mode = new Derive(given, page, null);
    const { lesson, wirings } = readProgress(mode.lessons, `#${link}`);
    const about = `Your net of the lesson “${lesson.title}”, gate by gate.`;
    const net = { ...netOf(lesson, wirings.get(lesson.key) ?? lesson.first), about: lesson.published ? "The published net, its gates as steep as you made them." : "An LSTM that you wired by hand.", explained: null, proved: null };
    return { ...given, about, machine: lesson.machine, layouts: layoutsOf(lesson.machine), nets: [net], string: lesson.words[0], step: 0, examples: [] };
  }

  /** Prints worksheets. The browser's own command prints that of the lesson. */
  print(lessons, sheet = worksheet) {
    this.paper = { lessons, sheet };
    window.print();
  }

  layPaper() {
    const { lessons, sheet } = this.paper ?? { lessons: [this.lesson], sheet: worksheet };
    fill(byId("worksheets"), lessons.map((lesson) => sheet(lesson, this.lessons.indexOf(lesson) + 1, this.lessons.length)));
    byId("worksheets").hidden = false;
  }

  clearPaper() {
    this.paper = null;
    byId("worksheets").hidden = true;
  }
}

/** The page's own machine as the last lesson, unless it is Reber's, of which there are lessons, or too large. */
function freeLessons(machine, reber) {
  const lesson = JSON.stringify(machine.transitions) === JSON.stringify(reber.transitions) ? null : freeLesson(machine);
  return lesson ? [lesson] : [];
}
