// The keyboard: every control has a key, and the help lists them.

import { byId, el } from "../common/dom.js";
import { openMenu } from "../common/menus.js";

const KEYS = [
  [["ArrowRight"], "→", "the next symbol", (app) => app.forward()],
  [["ArrowLeft"], "←", "one symbol back", (app) => app.back()],
  [["Home"], "Home", "before the first symbol", (app) => app.goTo(0)],
  [["End"], "End", "after the last symbol", (app) => app.goTo(app.word.length)],
  [[" "], "Space", "play or pause", (app) => app.player.toggle()],
  [["]", "."], "] or .", "one gate on", (app) => app.gateOn()],
  [["[", ","], "[ or ,", "one gate back", (app) => app.gateBack()],
  [["n"], "N", "the net writes one more symbol", (app) => app.generate()],
  [["g"], "G", "generate at the end of the string, or not", (app) => app.setGenerate(!app.generating)],
  [["+"], "+", "play faster", (app) => app.player.changeSpeed(1)],
  [["-"], "−", "play slower", (app) => app.player.changeSpeed(-1)],
  [["u"], "U or Ctrl+Z", "undo", (app) => app.undoing.undo()],
  [["U", "r"], "R or Ctrl+Shift+Z", "redo", (app) => app.undoing.redo()],
  [["/"], "/", "type a word", () => openMenu(byId("word-menu"))],
  [["?"], "?", "this help", () => openHelp()],
];

/** Listens to keys outside of fields, and fills the help. */
export function bindKeys(app) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || byId("help").open) return;
    const field = event.target.closest?.("input:not([type=checkbox]), select, textarea");
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key.toLowerCase() === "z" && !field) {
      event.preventDefault();
      if (event.shiftKey) app.undoing.redo();
      else app.undoing.undo();
      return;
    }
    if (control && event.key.toLowerCase() === "y" && !field) {
      event.preventDefault();
      app.undoing.redo();
      return;
    }
    if (field || control || event.altKey || !byId("letter-keys").checked) return;
    if (event.key === " " && event.target.closest?.("button, input, summary")) return;
    const entry = KEYS.find(([keys]) => keys.includes(event.key));
    if (!entry) return;
    event.preventDefault();
    entry[3](app);
  }, { signal: app.signal });
  byId("help-button").addEventListener("click", openHelp);
  byId("help-close").addEventListener("click", () => byId("help").close());
  const rows = KEYS.map(([, name, what]) => el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, name)), el("td", {}, what)));
  byId("help-body").replaceChildren(
    el("table", {}, el("tbody", {}, rows)),
    el("p", {}, "In a net's table the arrow keys go from bar to bar, Enter shows how a bar is computed, and Escape goes back. “All about it” has the bar's weights to change, and its course over the string. Lines lead to the bar from what it reads: solid for positive weights, dashed for negative ones, strong where something comes through."),
    el("p", {}, "Bars start at the line on the left, or where values have a sign at the line in the middle: to the right is positive, to the left, hatched, is negative."),
  );
}

function openHelp() {
  byId("help").showModal();
  byId("help-title").focus();
}
