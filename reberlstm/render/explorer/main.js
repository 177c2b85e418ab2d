// The page: which of its modes is shown, and what belongs to all of them.
//
// Each mode is a folder and has an element <template id="mode-…"> of its own. When it is left, its
// elements go, and its signal takes away what it listened to outside of them.

import { byId, el, fill, setAttribute } from "./common/dom.js";
import { bindTheme } from "./common/theme.js";
import { decodeMachine } from "./model/carry.js";
import { pageData } from "./model/pages.js";
import { serve } from "./model/worker.js";

class Page {
  constructor(data, modes) {
    this.data = data;
    this.modes = modes;
    this.name = null;
    this.carried = null;
    // What is drawn, while another mode is shown.
    this.drawing = null;
  }

  start() {
    bindTheme();
    for (const [name, button] of this.buttons()) button.addEventListener("click", () => this.go(name, name === "draw" ? this.drawingHash() : ""));
    window.addEventListener("hashchange", () => this.follow(location.hash));
    this.follow(location.hash);
  }

  /** The button of each mode; a page of one mode has none. */
  buttons() {
    return Object.keys(this.modes).map((name) => [name, byId(`to-${name}`)]).filter(([, button]) => button);
  }

  /** Shows what a link asks for; it may carry a machine of its own. */
  follow(hash) {
    const parts = new URLSearchParams(hash.slice(1));
    const asked = parts.get("mode");
    const name = Object.hasOwn(this.modes, asked) ? asked : "explore";
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

  /** Goes to a mode; Back leads to what was shown before, as it was left. */
  go(name, hash = "") {
    this.push(hash || (name === "explore" ? "#" : `#mode=${name}`));
    this.show(name, hash);
  }

  /** Keeps the address of what is shown, and begins another one. */
  push(hash) {
    this.mode.showAddress?.();
    try {
      history.pushState(null, "", hash);
    } catch {
      // In a frame without an address there is nothing to come back to.
    }
  }

  /** Shows a mode, as a link describes it or as at first; `data` is of another machine than the page's. */
  show(name, hash = "", data = this.data) {
    this.leaving?.abort();
    this.leaving = new AbortController();
    this.name = name;
    this.carried = data.carried ?? null;
    byId("place").replaceChildren(byId(`mode-${name}`).content.cloneNode(true));
    for (const [each, button] of this.buttons()) setAttribute(button, "aria-current", each === name ? "page" : null);
    const to = (text, action) => el("button", { type: "button", onclick: action }, text);
    const own = ["This is the machine that was drawn. ", to("Back to the drawing", () => this.go("draw", this.drawingHash())), " ", to("The machine of this page", () => this.go("explore"))];
    fill(byId("notice"), this.carried === null ? null : own);
    this.mode = new this.modes[name](data, this, this.leaving.signal);
    // What is shown is left where a console or a test can reach it.
    window.explorer = this.mode;
    this.mode.start(hash);
  }
}

/** Where the script begins, on the page or in the page's own worker, with the classes of its modes by name. */
export function begin(modes) {
  if (typeof document === "undefined") serve(self);
  else new Page(JSON.parse(byId("data").textContent), modes).start();
}
