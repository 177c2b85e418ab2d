// The page: which of its modes is shown, and what belongs to all of them.
//
// Each mode is a folder and has an element <template id="mode-…"> of its own. When it is left, its
// elements go, and its signal takes away what it listened to outside of them.
//
// What a mode shows is a link, its `address()`; from one mode to another leads `page.go(link)`, which
// makes an entry of the browser's history. A mode that is shown again is as it was left. A reload
// keeps of the other modes what their links say, which stand in the history's entry.

import { byId, el, fill, setAttribute } from "./common/dom.js";
import { bindTheme } from "./common/theme.js";
import { decodeMachine } from "./model/carry.js";
import { pageData } from "./model/pages.js";
import { serve } from "./model/worker.js";

const LINK_DELAY = 250;
const MOST_TO_WIRE = 12;
const WATCH = "&watch=1";

class Page {
  constructor(data, modes) {
    this.data = data;
    this.modes = modes;
    this.name = null;
    // Which machine or net is shown that is not the page's own, as the beginning of a link; or "".
    this.link = "";
    // How the modes that are not shown were left: {hash, undo}.
    this.held = new Map(Object.entries(history.state?.held ?? {}).map(([name, hash]) => [name, { hash }]));
  }

  start() {
    bindTheme();
    for (const [name, button] of this.buttons()) button.addEventListener("click", () => this.go(name === "draw" ? this.drawingHash() : `#mode=${name}`));
    window.addEventListener("hashchange", () => {
      this.follow(location.hash);
      this.record("replaceState", isBare(location.hash) ? this.told : undefined);
    });
    this.follow(location.hash);
  }

  /** The button of each mode; a page of one mode has none. */
  buttons() {
    return Object.keys(this.modes).map((name) => [name, byId(`to-${name}`)]).filter(([, button]) => button);
  }

  /** The link to the drawing: as it was left, or of the machine that another mode shows. */
  drawingHash() {
    const machine = new URLSearchParams(this.link).get("machine");
    return machine === null ? "#mode=draw" : `#${new URLSearchParams({ mode: "draw", machine })}`;
  }

  // Which mode is shown

  /** Goes where a link leads; Back leads here again. */
  go(hash) {
    this.write();
    const { name, link } = this;
    this.follow(hash);
    if (name !== this.name || link !== this.link) this.record("pushState", this.told);
  }

  /** Shows what a link asks for; it may carry a machine or a net of its own. */
  follow(hash) {
    const parts = new URLSearchParams(hash.slice(1));
    const asked = parts.get("mode");
    const watched = this.modes.derive ? hash.indexOf(WATCH) : -1;
    const name = watched >= 0 || !Object.hasOwn(this.modes, asked) ? "explore" : asked;
    const machine = name === "draw" ? null : parts.get("machine");
    const link = watched >= 0 ? hash.slice(1, watched + WATCH.length) : machine === null ? "" : `${new URLSearchParams({ machine })}`;
    const told = isBare(hash) ? "" : hash;
    if (name !== this.name || link !== this.link) this.showLinked(name, told, link);
    else if (told) this.mode.follow(told);
  }

  showLinked(name, hash, link) {
    try {
      this.show(name, hash, link, this.dataOf(link));
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.show(name, "", "", this.data);
      fill(byId("notice"), `${error.message} Here is the machine of this page.`);
    }
  }

  /** What a link is about: the page's own machine, another one, or the net that a student wired. */
  dataOf(link) {
    if (link === "") return this.data;
    const machine = new URLSearchParams(link).get("machine");
    const data = machine === null ? this.data : { ...dataOf(machine), link: `${new URLSearchParams({ machine })}` };
    return link.endsWith(WATCH) ? { ...this.modes.derive.watched(data, this, link), link } : data;
  }

  show(name, hash, link, data) {
    if (this.mode && this.link === "") this.held.set(this.name, this.left());
    const focused = document.activeElement !== document.body;
    this.leaving?.abort();
    this.leaving = new AbortController();
    Object.assign(this, { name, link });
    byId("place").replaceChildren(byId(`mode-${name}`).content.cloneNode(true));
    for (const [each, button] of this.buttons()) setAttribute(button, "aria-current", each === name ? "page" : null);
    fill(byId("notice"), link === "" ? null : this.notice(data));
    const kept = link === "" ? this.held.get(name) : undefined;
    if (kept) this.held.delete(name);
    clearTimeout(this.writing);
    this.told = null;
    this.mode = new this.modes[name](data, this, this.leaving.signal);
    // What is shown is left where a console or a test can reach it.
    window.explorer = this.mode;
    if (kept?.undo) Object.assign(this.mode.undoing, kept.undo);
    this.mode.start(kept?.hash ?? hash);
    if (kept && hash && hash !== kept.hash) this.mode.follow(hash);
    this.told = this.mode.address();
    // What had the focus is gone.
    if (focused && document.activeElement === document.body) byId("title").focus();
  }

  /** How the mode is left. */
  left() {
    const { undoing } = this.mode;
    return { hash: this.mode.address(), undo: undoing && { past: undoing.past, future: undoing.future } };
  }

  /** What is shown that is not the page's own, and where it comes from. */
  notice({ machine }) {
    const { name, link } = this;
    const to = (text, hash) => [el("button", { type: "button", onclick: () => this.go(hash) }, text), " "];
    const own = to(name === "derive" ? "The lessons of this page" : "The machine of this page", `#mode=${name}`);
    if (link.endsWith(WATCH)) return ["This is the net of your lesson. ", ...to("Back to the lesson", `#${link.slice(0, -WATCH.length)}`), ...own];
    const canWire = name === "explore" && this.modes.derive && machine.states.length <= MOST_TO_WIRE && machine.alphabet.length <= MOST_TO_WIRE;
    const wire = canWire ? to("Wire its net by hand", `#mode=derive&${link}`) : [];
    return ["This is the machine that was drawn. ", ...(this.modes.draw ? to("Back to the drawing", this.drawingHash()) : []), ...wire, ...own];
  }

  // The address

  /** To be called when the mode has changed: soon the address says so. */
  changed() {
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.write(), LINK_DELAY);
  }

  /** Puts what is shown into the address, if it has changed: a link that is broken can still be mended. */
  write() {
    clearTimeout(this.writing);
    const hash = this.mode.address();
    if (this.told === null || hash === this.told) return;
    this.told = hash;
    this.record("replaceState", hash);
  }

  record(how, hash) {
    const held = Object.fromEntries([...this.held].map(([name, left]) => [name, left.hash]));
    try {
      history[how]({ held }, "", hash);
    } catch {
      // In a frame without an address, as in a notebook, there is nothing to be changed.
    }
  }

  /** The whole address of what is shown, which is in the address bar now. */
  address() {
    this.told = this.mode.address();
    this.record("replaceState", this.told);
    return `${location.href.split("#")[0]}${this.told}`;
  }
}

class LinkError extends Error {}

/** The data of a page of the machine that a link carries. */
function dataOf(text) {
  try {
    const { machine, positions } = decodeMachine(text);
    return pageData(machine, positions);
  } catch (error) {
    throw new LinkError(error.message, { cause: error });
  }
}

/** Whether a link says no more than the mode. */
function isBare(hash) {
  return [...new URLSearchParams(hash.slice(1)).keys()].every((key) => key === "mode");
}

/** Where the script begins, on the page or in the page's own worker, with the classes of its modes by name. */
export function begin(modes) {
  if (typeof document === "undefined") serve(self);
  else new Page(JSON.parse(byId("data").textContent), modes).start();
}
