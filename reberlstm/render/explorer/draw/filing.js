// Opening a machine from a file or a text, and saving the drawing.

import { byId, setText, svg } from "../common/dom.js";
import { encodeDrawing } from "../model/carry.js";
import { copyText, download } from "../common/saving.js";
import { drawLayout } from "../common/graph.js";
import { cropped } from "../model/curves.js";
import { formats } from "./packed.js";
import { calledOf, machineOf, othersOf, spotsOf } from "./editing.js";

const INK = [
  'text { font: 14px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #16191d; text-anchor: middle; dominant-baseline: central; }',
  "path, ellipse { fill: none; stroke: #16191d; stroke-width: 1.2; }",
  ".body { fill: #fff; } polygon { fill: #16191d; stroke: none; } .halo, .lit { display: none; }",
].join(" ");

/** Binds everything that opens and saves. */
export function bindFiling(mode) {
  const on = (id, event, action) => byId(id).addEventListener(event, action);
  const dialog = byId("opener");
  const open = async (text, name = "") => {
    let problem = "";
    try {
      const { readDrawing } = await formats();
      if (mode.signal.aborted) return;
      mode.load(readDrawing(text, name));
      dialog.close();
    } catch (error) {
      problem = error.message;
    }
    if (dialog.open) setText(byId("opener-error"), problem);
    else if (problem) mode.say(problem, true);
  };
  const openFile = async (file) => open(await file.text(), file.name);
  byId("opener-page").hidden = Boolean(mode.data.machine.counters);
  on("draw-open", "click", async () => {
    setText(byId("opener-error"), "");
    dialog.showModal();
    byId("opener-file").accept = (await formats()).ACCEPTED;
  });
  on("opener-file", "change", ({ target }) => target.files[0] && openFile(target.files[0]));
  on("opener-take", "click", () => open(byId("opener-text").value));
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
  on("draw-toml", "click", async () => {
    try {
      const { writeToml } = await formats();
      save(mode, writeToml(machineOf(mode.drawing)), "application/toml", "toml");
    } catch (error) {
      mode.say(`It cannot be saved: ${error.message}`, true);
    }
  });
  on("draw-svg", "click", () => save(mode, pictureOf(mode), "image/svg+xml", "svg"));
  on("draw-link", "click", () => copyLink(mode));
}

function save(mode, text, type, suffix) {
  download(new Blob([text], { type }), `${calledOf(mode.drawing).name || "machine"}.${suffix}`);
  setText(byId("draw-said"), `Saved as ${suffix.toUpperCase()}.`);
}

/** The drawing as the text of an SVG file, in light colours. */
function pictureOf(mode) {
  const ends = mode.drawing.states.filter((state) => state.ends).map(({ name }) => name);
  const { picture, box } = drawLayout(cropped(mode.layout()), ends);
  const [x, y, width, height] = box;
  const more = { xmlns: "http://www.w3.org/2000/svg", width, height };
  for (const [name, value] of Object.entries(more)) picture.setAttribute(name, value);
  picture.prepend(svg("title", {}, calledOf(mode.drawing).title || calledOf(mode.drawing).name || "machine"), svg("style", {}, INK), svg("rect", { x, y, width, height, fill: "#fff" }));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(picture)}\n`;
}

/** The part of an address behind "#" that has the drawing. */
export function hashOf(drawing) {
  return `#mode=draw&machine=${encodeDrawing(machineOf(drawing), spotsOf(drawing), othersOf(drawing))}`;
}

async function copyLink(mode) {
  const copied = await copyText(mode.page.address());
  if (mode.signal.aborted) return;
  setText(byId("draw-said"), `${copied ? "The link is in the clipboard" : "Copy the link from the address bar"}. It has the whole drawing.`);
}
