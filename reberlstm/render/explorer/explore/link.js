// What a link to the page carries behind its #: the string, the step, what is shown and changed.

import { hasWeight } from "../model/edits.js";
import { parseWord, wordText } from "../model/machine.js";

/** The state as the part of an address behind "#". */
function writeHash(app) {
  const parts = new URLSearchParams(app.data.link);
  if (app.data.carried) parts.set("machine", app.data.carried);
  parts.set("string", wordText(app.machine, app.word));
  parts.set("step", app.t);
  parts.set("nets", app.nets.map((entry, number) => (entry.shown ? number : "")).filter((text) => text !== "").join(","));
  if (app.slots) parts.set("snap", app.slots);
  app.nets.forEach((entry, number) => {
    if (entry.factor !== 1) parts.append("gain", `${number}:${entry.factor}`);
    for (const [key, value] of entry.edits) parts.append("weight", `${number} ${key}:${value}`);
  });
  return parts.toString();
}

/** Puts the state into the address bar, where the page has an address of its own, and nobody has just gone elsewhere. */
export function showAddress(app) {
  const hash = `#${writeHash(app)}`;
  try {
    if (location.hash === app.address) history.replaceState(null, "", hash);
    app.address = location.hash;
  } catch {
    // In a frame without an address, as in a notebook, there is nothing to be changed.
  }
  return `${location.href.split("#")[0]}${hash}`;
}

/**
 * The state that a "#…" describes, as far as it makes sense here; null where there is none.
 * Returns {word, t, shown, slots, changes}, changes being one {factor, edits} per net.
 */
export function readHash(app, hash) {
  if (hash.length < 2) return null;
  const parts = new URLSearchParams(hash.slice(1));
  if (!parts.has("string")) return null;
  const { word } = parseWord(app.machine, parts.get("string"));
  const asked = parts.get("step");
  const step = asked === null || asked === "" ? NaN : Number(asked);
  const t = Number.isInteger(step) ? Math.max(0, Math.min(word.length, step)) : word.length;
  const shown = (parts.get("nets") ?? "").split(",").filter((text) => /^\d+$/.test(text)).map(Number);
  const changes = app.nets.map(() => ({ factor: 1, edits: new Map() }));
  for (const [name, text] of parts) {
    const value = Number(text.slice(text.lastIndexOf(":") + 1));
    const place = text.slice(0, text.lastIndexOf(":"));
    const [number, ...key] = place.split(" ");
    const change = changes[Number(number)];
    if (!change || !Number.isFinite(value)) continue;
    if (name === "gain" && value > 0) change.factor = value;
    if (name === "weight" && hasWeight(app.nets[Number(number)].base, key.join(" "))) change.edits.set(key.join(" "), value);
  }
  return { word, t, shown: shown.filter((number) => app.nets[number]), slots: ["1", "2"].includes(parts.get("snap")) ? Number(parts.get("snap")) : 0, changes };
}
