// What a link to the page carries behind its #: the string, the step, what is shown and changed.

import { hasWeight, isFactor, isWeight } from "../model/edits.js";
import { parseWord, wordText } from "../model/machine.js";

/** The state as the part of an address behind "#"; during the tour, that before it. */
export function writeHash(app) {
  const { word, t, shown = app.nets.map((entry) => entry.shown) } = app.tour.before ?? app;
  const parts = new URLSearchParams();
  parts.set("string", wordText(app.machine, word));
  parts.set("step", t);
  parts.set("nets", shown.map((is, number) => (is ? number : "")).filter((text) => text !== "").join(","));
  if (app.slots) parts.set("snap", app.slots);
  app.nets.forEach((entry, number) => {
    if (entry.factor !== 1) parts.append("gain", `${number}:${entry.factor}`);
    for (const [key, value] of entry.edits) parts.append("weight", `${number} ${key}:${value}`);
  });
  // A machine or a net that is not the page's own comes first.
  return `#${app.data.link ? `${app.data.link}&` : ""}${parts}`;
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
    if (!change) continue;
    if (name === "gain" && isFactor(value)) change.factor = value;
    if (name === "weight" && isWeight(value) && hasWeight(app.nets[Number(number)].base, key.join(" "))) change.edits.set(key.join(" "), value);
  }
  return { word, t, shown: shown.filter((number) => app.nets[number]), slots: ["1", "2"].includes(parts.get("snap")) ? Number(parts.get("snap")) : 0, changes };
}
