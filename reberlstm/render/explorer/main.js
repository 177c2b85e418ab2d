// The page: which of its modes is shown, and what belongs to all of them.
//
// Each mode is a folder and has an element <template id="mode-…"> of its own. When it is left, its
// elements go, and its signal takes away what it listened to outside of them.

import { byId, el, fill, setAttribute } from "./common/dom.js";
import { bindTheme } from "./common/theme.js";
import { Derive } from "./derive/derive.js";
import { Draw } from "./draw/draw.js";
import { App } from "./explore/app.js";
import { decodeMachine } from "./model/carry.js";
import { pageData } from "./model/pages.js";
import { serve } from "./model/worker.js";

const MODES = { explore: App, derive: Derive, draw: Draw };

export class Page {
  constructor(data) {
    this.data = data;
    this.name = null;
    this.carried = null;
    // What is drawn, while another mode is shown.
    this.drawing = null;
  }

  start() {
    bindTheme();
    for (const name of Object.keys(MODES)) byId(`to-${name}`).addEventListener("click", () => this.show(name, name === "draw" ? this.drawingHash() : ""));
    window.addEventListener("hashchange", () => this.follow(location.hash));
    this.follow(location.hash);
  }

  /** Shows what a link asks for; it may carry a machine of its own. */
  follow(hash) {
    const parts = new URLSearchParams(hash.slice(1));
    const asked = parts.get("mode");
    const name = Object.hasOwn(MODES, asked) ? asked : "explore";
    const carried = name === "explore" ? parts.get("machine") : null;
    if (name === this.name && carried === this.carried) this.mode.follow(hash);
    else if (carried === null) this.show(name, hash);
    else this.showCarried(carried, hash);
  }

  /** Runs the net of a machine that a link carries. */
  showCarried(text, hash) {
    let data = null;
    try {
      const { machine, positions } = decodeMachine(text);
      data = pageData(machine, positions);
    } catch (error) {
      this.show("explore");
      fill(byId("notice"), `${error.message} Here is the machine of this page.`);
      return;
    }
    this.show("explore", hash, { ...data, carried: text });
  }

  /** The link back to the drawing: as it was left, or of the machine that is run. */
  drawingHash() {
    return this.carried !== null && this.drawing === null ? `#${new URLSearchParams({ mode: "draw", machine: this.carried })}` : "";
  }

  /** Shows a mode, as a link describes it or as at first; `data` is of another machine than the page's. */
  show(name, hash = "", data = this.data) {
    this.leaving?.abort();
    this.leaving = new AbortController();
    this.name = name;
    this.carried = data.carried ?? null;
    byId("place").replaceChildren(byId(`mode-${name}`).content.cloneNode(true));
    for (const each of Object.keys(MODES)) setAttribute(byId(`to-${each}`), "aria-current", each === name ? "page" : null);
    const button = (text, action) => el("button", { type: "button", onclick: action }, text);
    const own = ["This is the machine that was drawn. ", button("Back to the drawing", () => this.show("draw", this.drawingHash())), " ", button("The machine of this page", () => this.show("explore"))];
    fill(byId("notice"), this.carried === null ? null : own);
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
