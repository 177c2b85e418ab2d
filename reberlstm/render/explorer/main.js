// The page: which of its modes is shown, and what belongs to all of them.
//
// Each mode is a folder and has an element <template id="mode-…"> of its own. When it is left, its
// elements go, and its signal takes away what it listened to outside of them.

import { byId, setAttribute } from "./common/dom.js";
import { bindTheme } from "./common/theme.js";
import { Derive } from "./derive/derive.js";
import { Draw } from "./draw/draw.js";
import { App } from "./explore/app.js";
import { serve } from "./model/worker.js";

const MODES = { explore: App, derive: Derive, draw: Draw };

export class Page {
  constructor(data) {
    this.data = data;
    this.name = null;
  }

  start() {
    bindTheme();
    for (const name of Object.keys(MODES)) byId(`to-${name}`).addEventListener("click", () => this.show(name));
    window.addEventListener("hashchange", () => this.follow(location.hash));
    this.follow(location.hash);
  }

  /** Shows what a link asks for. */
  follow(hash) {
    const asked = new URLSearchParams(hash.slice(1)).get("mode");
    const name = Object.hasOwn(MODES, asked) ? asked : "explore";
    if (name === this.name) this.mode.follow(hash);
    else this.show(name, hash);
  }

  /** Shows a mode, as a link describes it or as at first; `data` is of another machine than the page's. */
  show(name, hash = "", data = this.data) {
    this.leaving?.abort();
    this.leaving = new AbortController();
    this.name = name;
    byId("place").replaceChildren(byId(`mode-${name}`).content.cloneNode(true));
    for (const each of Object.keys(MODES)) setAttribute(byId(`to-${each}`), "aria-current", each === name ? "page" : null);
    this.mode = new MODES[name](data, this, this.leaving.signal);
    // What is shown is left where a console or a test can reach it.
    window.explorer = this.mode;
    this.mode.start(hash);
  }
}

/** Where the script begins: on the page, or in the page's own worker. */
function begin() {
  if (typeof document === "undefined") {
    serve(self);
    return;
  }
  new Page(JSON.parse(byId("data").textContent)).start();
}

begin();
