// Buttons, fields and menus: each calls what the page can do.

import { byId, el, enableUndo, fill, setText } from "../common/dom.js";
import { bindMenus, openMenu } from "../common/menus.js";
import { parseWord, wordText } from "../model/machine.js";
import { copyText, download } from "../common/saving.js";
import { picturePng, pictureText } from "./picture.js";
import { writeString } from "../model/writing.js";

const MAX_BUTTONS = 12;
const STRINGS = 20;
const STRING_LENGTH = 60;

/** Binds every control of the page once. */
export function bindControls(app) {
  const on = (id, event, action) => byId(id).addEventListener(event, action);
  on("restart", "click", () => app.goTo(0));
  on("back", "click", () => app.back());
  on("forward", "click", () => nextAction(app).act());
  on("end", "click", () => app.goTo(app.word.length));
  on("play", "click", () => app.player.toggle());
  on("gate-on", "click", () => {
    byId("more-menu").hidePopover();
    app.gateOn();
    byId("gate-after").focus();
  });
  on("gate-after", "click", () => app.gateOn());
  on("gate-before", "click", () => app.gateBack());
  on("undo", "click", () => app.undoing.undo());
  on("redo", "click", () => app.undoing.redo());
  on("slider", "input", (event) => app.goTo(Number(event.target.value)));
  on("string", "input", (event) => type(app, event.target));
  on("string", "blur", () => updateControls(app));
  on("generate", "change", (event) => app.setGenerate(event.target.checked));
  on("write", "click", () => write(app));
  on("snap", "change", (event) => app.setSlots(Number(event.target.value)));
  on("print", "click", () => window.print());
  on("save-svg", "click", () => save(app, async () => new Blob([pictureText(app)], { type: "image/svg+xml" }), "svg"));
  on("save-png", "click", () => save(app, () => picturePng(app), "png"));
  on("copy-link", "click", () => copyLink(app));
  on("lead-net", "change", (event) => {
    app.lead = app.nets[Number(event.target.value)];
  });
  bindMenus(document, app.signal);
  bindAppend(app);
  bindExamples(app);
  showNetChoice(app);
}

/** What the controls show of the state. */
export function updateControls(app) {
  const { word, t, machine } = app;
  setText(byId("forward"), nextAction(app).text);
  byId("back").disabled = t === 0;
  const slider = byId("slider");
  slider.max = word.length;
  slider.value = t;
  slider.setAttribute("aria-valuetext", t === 0 ? "before the first symbol" : `step ${t}, ${machine.alphabet[word[t - 1]]}`);
  byId("gates").hidden = app.micro === null;
  setText(byId("where"), `${t} / ${word.length}`);
  const field = byId("string");
  const text = wordText(machine, word);
  if (document.activeElement !== field && field.value !== text) {
    field.value = text;
    setText(byId("string-error"), "");
    field.removeAttribute("aria-invalid");
  }
  enableUndo(byId("undo"), byId("redo"), app.undoing);
  byId("snap").value = app.slots;
}

/** What is typed is run at once, and the step follows the caret. */
function type(app, field) {
  const { word, error } = parseWord(app.machine, field.value);
  const before = field.value.slice(0, field.selectionStart ?? undefined);
  const long = word.length > app.longest ? `at most ${app.longest} symbols can be shown` : "";
  setText(byId("string-error"), error || long);
  if (error || long) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  app.setWord(word.slice(0, app.longest), parseWord(app.machine, before).word.length, "type");
}

function bindAppend(app) {
  const { alphabet } = app.machine;
  if (alphabet.length <= MAX_BUTTONS) {
    const append = (index) => () => app.append(index);
    fill(byId("append"), alphabet.map((symbol, index) => el("button", { type: "button", "aria-label": `append ${symbol}`, onclick: append(index) }, symbol)));
    return;
  }
  const choose = (event) => {
    if (event.target.value !== "") app.append(Number(event.target.value));
    event.target.value = "";
  };
  const options = alphabet.map((symbol, index) => el("option", { value: index }, symbol));
  fill(byId("append"), el("select", { "aria-label": "append a symbol", onchange: choose }, el("option", { value: "" }, "append…"), options));
}

function bindExamples(app) {
  const { examples } = app.data;
  byId("examples").hidden = examples.length === 0;
  const load = (example) => {
    loadExample(app, example);
    byId("word-menu").hidePopover();
  };
  fill(byId("example"), examples.map((example) => el("li", {}, el("button", { type: "button", class: "string", onclick: () => load(example) }, el("code", {}, example.string), ` ${example.note}`))));
}

/** Loads an example at its beginning, and shows a net that its note names. */
function loadExample(app, { string, note }) {
  const named = app.nets.find(({ base }) => note.split(" ").includes(base.name));
  if (named && !named.shown) {
    app.showNet(named, true);
    showNetChoice(app);
  }
  app.setWord(parseWord(app.machine, string).word, 0);
}

/** The example after the loaded one; null where the word is no example, since it is not to be lost. */
function nextExample({ data, machine, word }) {
  const text = wordText(machine, word);
  const at = data.examples.findIndex(({ string }) => string === text);
  return at < 0 || data.examples.length === 1 ? null : data.examples[(at + 1) % data.examples.length];
}

/** The one action that is to be done now, as {text, act}. */
function nextAction(app) {
  const { t, word, machine, lead } = app;
  if (t < word.length) return { text: `Next symbol: ${machine.alphabet[word[t]]}`, act: () => app.forward() };
  if (app.generating) return { text: `Let ${lead.net.name} write on`, act: () => app.forward() };
  if (word.length === 0) return { text: "Choose a word", act: () => openMenu(byId("word-menu")) };
  const example = nextExample(app);
  if (example) return { text: "Try another word", act: () => loadExample(app, example) };
  return { text: "Start again", act: () => app.goTo(0) };
}

/** Which nets are shown, and which one writes. */
export function showNetChoice(app) {
  const choices = app.nets.map((entry) => {
    const change = (event) => {
      if (!event.target.checked && app.shownNets().length === 1) event.target.checked = true;
      else app.showNet(entry, event.target.checked);
    };
    return el("label", { class: "check" }, el("input", { type: "checkbox", onchange: change, checked: entry.shown }), `${entry.mark} ${entry.net.name}`, el("span", { class: "note" }, entry.net.title));
  });
  fill(byId("shown"), choices);
  fill(byId("lead-net"), app.nets.map((entry) => el("option", { value: entry.number, selected: entry === app.lead }, entry.net.name)));
}

/** Many strings at once, written by the leading net, with their faults. */
function write(app) {
  const items = Array.from({ length: STRINGS }, () => {
    const { word, fault } = writeString(app.machine, app.lead.net, app.slots, STRING_LENGTH);
    const text = wordText(app.machine, word) || "the empty string";
    const note = fault ? ` ✗ breaks the grammar at step ${fault}` : word.length === STRING_LENGTH ? " …" : "";
    const load = () => {
      app.setWord(word, fault || word.length);
      byId("word-menu").hidePopover();
    };
    return el("li", {}, el("button", { type: "button", class: fault ? "string fault" : "string", onclick: load }, el("code", {}, text), note));
  });
  fill(byId("written"), items);
  byId("write").scrollIntoView({ block: "start" });
}

async function save(app, make, suffix) {
  try {
    download(await make(), `${app.data.machine.name || "explorer"}-${app.t}.${suffix}`);
    setText(byId("saved"), `Saved as ${suffix.toUpperCase()}.`);
  } catch (error) {
    setText(byId("saved"), `Not saved: ${error.message}.`);
  }
}

async function copyLink(app) {
  if (location.protocol === "about:") {
    setText(byId("saved"), "There is no link to a page in a frame of a notebook: save it as a file of its own.");
    return;
  }
  const copied = await copyText(app.page.address());
  if (app.signal.aborted) return;
  const where = copied ? "The link is in the clipboard" : "Copy the link from the address bar";
  setText(byId("saved"), `${where}; it carries the string, the step and every change.`);
}
