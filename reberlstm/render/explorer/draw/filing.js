// Opening a machine from a file or a text, and saving the drawing.

import { byId, setText } from "../common/dom.js";
import { encodeMachine } from "../model/carry.js";
import { ACCEPTED, readFile, writeToml } from "../model/formats.js";
import { download } from "../common/saving.js";
import { machineOf, spotsOf } from "./editing.js";

/** Binds everything that opens and saves. */
export function bindFiling(mode) {
  const on = (id, event, action) => byId(id).addEventListener(event, action);
  const dialog = byId("opener");
  const open = (text, name = "") => {
    try {
      mode.load(readFile(text, name));
      dialog.close();
      return "";
    } catch (error) {
      return error.message;
    }
  };
  const openFile = async (file) => {
    const problem = open(await file.text(), file.name);
    if (dialog.open) setText(byId("opener-error"), problem);
    else if (problem) mode.say(problem, true);
  };
  byId("opener-file").accept = ACCEPTED;
  on("draw-open", "click", () => {
    setText(byId("opener-error"), "");
    dialog.showModal();
  });
  on("opener-file", "change", ({ target }) => target.files[0] && openFile(target.files[0]));
  on("opener-take", "click", () => setText(byId("opener-error"), open(byId("opener-text").value)));
  on("opener-close", "click", () => dialog.close());
  on("opener-page", "click", () => {
    mode.load({ machine: mode.data.machine, positions: null });
    dialog.close();
  });
  on("board", "dragover", (event) => event.preventDefault());
  on("board", "drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) openFile(file);
  });
  on("draw-toml", "click", () => save(mode, writeToml(machineOf(mode.drawing)), "application/toml", "toml"));
  on("draw-link", "click", () => copyLink(mode));
}

function save(mode, text, type, suffix) {
  download(new Blob([text], { type }), `${mode.drawing.name || "machine"}.${suffix}`);
  setText(byId("draw-said"), `Saved as ${suffix.toUpperCase()}.`);
}

/** The part of an address behind "#" that has the drawing. */
export function hashOf(drawing) {
  return `#mode=draw&machine=${encodeMachine(machineOf(drawing), spotsOf(drawing))}`;
}

async function copyLink(mode) {
  const address = `${location.href.split("#")[0]}${hashOf(mode.drawing)}`;
  try {
    await navigator.clipboard.writeText(address);
    setText(byId("draw-said"), "The link is in the clipboard. It has the whole drawing.");
  } catch {
    setText(byId("draw-said"), "Copy the link from the address bar. It has the whole drawing.");
  }
}
