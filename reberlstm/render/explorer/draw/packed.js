// The readers of files are long and seldom used, so the page has them compressed: all of
// model/formats.js, as a text in the element "formats". They are unpacked when a file is opened or saved.

import { byId } from "../common/dom.js";

let loading = null;

/** What model/formats.js exports. */
export function formats() {
  loading ??= unpacked(byId("formats").textContent);
  return loading;
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const script = new Blob([await new Response(stream).text()], { type: "text/javascript" });
  const url = URL.createObjectURL(script);
  const { formats: found } = await import(url);
  URL.revokeObjectURL(url);
  return found;
}
