// The drawing on the screen, and what mouse, touch and keyboard do there.

import { el, fill, setAttribute, svg } from "../common/dom.js";
import { drawLayout, edgeKey } from "../common/graph.js";
import { arrowOf, clashesOf, reachable, stateOf } from "./editing.js";
import { hit } from "./hits.js";

const LEAST_SCALE = 0.75;
const MARGIN = 46;
const STEP = 10;
const MOVED = 4;
const DOUBLE = 450;
const LOOP = 24;
const FINGER = 12;
const FEW_ARROWS = 30;
const MANY_STOPS = 60;
const CURSORS = { state: "copy", arrow: "crosshair", delete: "pointer" };

export class Canvas {
  constructor(root, mode) {
    this.root = root;
    this.mode = mode;
    this.held = null;
    this.from = null;
    const on = (type, action) => root.addEventListener(type, (event) => action.call(this, event));
    on("pointerdown", this.down);
    on("pointermove", this.move);
    on("pointerup", this.up);
    on("pointercancel", this.cancel);
    on("keydown", this.key);
    // A finger on a state moves it or draws an arrow; elsewhere it scrolls.
    const hold = (event) => this.held?.name !== undefined && event.preventDefault();
    root.addEventListener("touchstart", hold, { passive: false });
    // The mouse that a browser makes of a tap does not take the focus from the form that the tap has opened.
    on("mousedown", (event) => this.mode.popup.shown && event.preventDefault());
    on("focusin", ({ target }) => this.stopAt(target.dataset.key));
    new ResizeObserver(() => this.resize()).observe(root);
  }

  // Showing

  /** The place on the page; it is measured here only, since that would lay out the page at every stroke. */
  resize() {
    this.room = [this.root.clientWidth, this.root.clientHeight];
    if (!this.held) this.draw();
  }

  draw() {
    const { drawing, pending } = this.mode;
    if (!stateOf(drawing, this.from)) this.from = null;
    this.room ??= [this.root.clientWidth, this.root.clientHeight];
    const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.layout = this.mode.layout();
    if (!this.held) this.measure();
    const { picture, nodes, edges } = this.make(this.layout);
    const { box, scale } = this;
    const size = { width: Math.floor(box[2] * scale), height: Math.floor(box[3] * scale) };
    for (const [name, value] of Object.entries({ viewBox: box.join(" "), role: "group", style: `width: ${size.width}px; height: ${size.height}px`, "aria-label": this.summary() })) picture.setAttribute(name, value);
    picture.lastChild.append(...drawing.states.map(({ name }) => nodes.get(name).group));
    // Arrows come after the states, so that Tab goes to the states first.
    picture.append(picture.firstChild);
    if (pending && !arrowOf(drawing, pending.source, pending.target)) edges.get(edgeKey(pending.source, pending.target))?.classList.add("pending");
    this.line = svg("path", { class: "drawn" });
    picture.append(this.line);
    fill(this.root, picture, drawing.states.length ? null : el("p", { class: "empty" }, this.mode.invitation));
    Object.assign(this, { picture, nodes, edges });
    if (this.isLarge()) this.stopAt(this.keyed().find((each) => each.dataset.key === this.current)?.dataset.key ?? this.keyed()[0].dataset.key);
    if (focused) this.focus(focused);
  }

  /** The elements of a layout; states and arrows are buttons. */
  make(layout) {
    const { drawing } = this.mode;
    const ends = drawing.states.filter((state) => state.ends).map(({ name }) => name);
    const made = drawLayout({ ...layout, width: 0, height: 0 }, ends);
    const found = reachable(drawing);
    const clashes = clashesOf(drawing);
    for (const [name, { group }] of made.nodes) this.makeState(group, name, drawing.start === null || found.has(name), clashes.some(({ source }) => source === name));
    for (const arrow of drawing.arrows) {
      const { source, target, symbols } = arrow;
      const clash = clashes.some((each) => each.source === source && each.targets.includes(target) && symbols.includes(each.symbol));
      const group = made.edges.get(edgeKey(source, target));
      if (group) this.makeArrow(group, arrow, clash);
    }
    return made;
  }

  /** While a state is dragged: where there are many arrows, only it and its own are drawn anew. */
  drawMoved(name) {
    if (this.mode.drawing.arrows.length <= FEW_ARROWS) {
      this.draw();
      return;
    }
    const part = this.mode.layout(name);
    const own = ({ source, target }) => source === name || target === name;
    const made = this.make(part);
    const replace = (map, key, element, before) => {
      before.replaceWith(element);
      map.set(key, made[map === this.nodes ? "nodes" : "edges"].get(key));
    };
    replace(this.nodes, name, made.nodes.get(name).group, this.nodes.get(name).group);
    const edges = part.edges.filter(own);
    for (const { source, target } of edges) {
      const key = edgeKey(source, target);
      replace(this.edges, key, made.edges.get(key), this.edges.get(key));
    }
    this.layout = { ...this.layout, nodes: { ...this.layout.nodes, [name]: part.nodes[name] }, edges: [...this.layout.edges.filter((edge) => !own(edge)), ...edges] };
  }

  makeState(group, name, found, clash) {
    const { drawing, selected } = this.mode;
    const { ends } = stateOf(drawing, name);
    const marks = [name === drawing.start && "words start here", ends && "words may end here", !found && "no word leads here", clash && "a symbol leads to several states"].filter(Boolean);
    const ways = drawing.arrows.filter(({ source }) => source === name).map(({ symbols, target }) => `${symbols.join(" ")} to ${target}`);
    const text = [`state ${name}`, ...marks, ...ways].join(", ");
    const own = { pale: !found, clash, chosen: selected?.state === name, from: this.from === name };
    makeButton(group, JSON.stringify([name]), text, own);
  }

  makeArrow(group, { source, target, symbols }, clash) {
    const { selected } = this.mode;
    const chosen = selected?.source === source && selected.target === target;
    makeButton(group, JSON.stringify([source, target]), `arrow from ${source} to ${target}: ${symbols.join(" ")}`, { clash, chosen });
  }

  summary() {
    const { states, arrows } = this.mode.drawing;
    return `The machine: ${states.length} ${states.length === 1 ? "state" : "states"}, ${arrows.length} ${arrows.length === 1 ? "arrow" : "arrows"}`;
  }

  /** How large one unit of the drawing is where there is room, in pixels. */
  unit() {
    return parseFloat(window.getComputedStyle(document.documentElement).fontSize) / 15;
  }

  /** How large the sheet is: at least the place on the page, and all that is drawn. */
  measure() {
    const { nodes, edges } = this.layout;
    const points = edges.flatMap(({ path, label, symbols }) => [...path, ...(label ? [[label[0] + 5 * symbols.join(" ").length, label[1]]] : [])]);
    const xs = [...points.map(([x]) => x), ...Object.values(nodes).map(([x, , w]) => x + w / 2)];
    const ys = [...points.map(([, y]) => y), ...Object.values(nodes).map(([, y]) => y + 17)];
    const left = Math.min(0, ...points.map(([x]) => x - 10), ...Object.values(nodes).map(([x, , w]) => x - w / 2 - 10));
    const top = Math.min(0, ...points.map(([, y]) => y - 14));
    const right = Math.max(0, ...xs) + MARGIN - left;
    const bottom = Math.max(0, ...ys) + MARGIN - top;
    const [width, height] = this.room;
    this.scale = Math.max(LEAST_SCALE, Math.min(this.unit(), width / right, height / bottom));
    this.box = [left, top, Math.max(right, width / this.scale), Math.max(bottom, height / this.scale)];
  }

  focus(key) {
    const element = this.keyed().find((each) => each.dataset.key === key);
    element?.focus({ preventScroll: true });
    return element;
  }

  /** The same, and scrolls to it. */
  goTo(key) {
    this.focus(key)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** Scrolls a sheet that is larger than its place to a state. */
  centre(name) {
    const [x, y] = this.layout.nodes[name];
    this.root.scrollTo((x - this.box[0]) * this.scale - this.room[0] / 2, (y - this.box[1]) * this.scale - this.room[1] / 2);
  }

  /** Where a state or an arrow is on the screen. */
  placeOf({ state, source, target }) {
    const key = JSON.stringify(state === undefined ? [source, target] : [state]);
    const element = this.keyed().find((each) => each.dataset.key === key);
    const part = element?.querySelector(state === undefined ? "text" : ".body") ?? this.root.querySelector(".pending text");
    return (part ?? this.root).getBoundingClientRect();
  }

  /** How many states a box on the screen would hide; one that hides what it is about counts for many. */
  hidden([left, top, right, bottom], about) {
    const { left: x0, top: y0 } = this.picture.getBoundingClientRect();
    const covers = (x, y, half) => x + half > left && x - half < right && y + half > top && y - half < bottom;
    const own = covers(about.left + about.width / 2, about.top + about.height / 2, 0) ? 20 : 0;
    const states = Object.values(this.layout.nodes).map(([x, y, width]) => [x0 + (x - this.box[0]) * this.scale, y0 + (y - this.box[1]) * this.scale, (width / 2) * this.scale]);
    return own + states.filter((state) => covers(...state)).length;
  }

  // In a large drawing Tab stops at one state or arrow; Page Up and Page Down go on from there.

  stopAt(key) {
    if (key === undefined) return;
    this.current = key;
    if (this.isLarge()) for (const each of this.keyed()) setAttribute(each, "tabindex", each.dataset.key === key ? 0 : -1);
  }

  isLarge() {
    return this.mode.drawing.states.length + this.mode.drawing.arrows.length > MANY_STOPS;
  }

  keyed() {
    return [...this.root.querySelectorAll("[data-key]")];
  }

  page(key) {
    const keys = this.keyed().map((each) => each.dataset.key);
    const at = keys.indexOf(document.activeElement.dataset.key);
    const to = { PageUp: Math.max(0, at - 1), PageDown: at + 1, Home: 0, End: keys.length - 1 }[key];
    if (keys[to] !== undefined) this.goTo(keys[to]);
  }

  // Mouse and touch

  point({ clientX, clientY }) {
    const { left, top } = this.picture.getBoundingClientRect();
    return [this.box[0] + (clientX - left) / this.scale, this.box[1] + (clientY - top) / this.scale];
  }

  at(event) {
    return hit(this.layout, this.point(event), event.pointerType === "touch" ? FINGER / this.scale : 3);
  }

  down(event) {
    if (event.button !== 0 || this.held) return;
    const { tool } = this.mode;
    const found = this.at(event);
    const name = found?.state;
    const draws = name !== undefined && (tool === "arrow" || (tool === "move" && found.rim && event.pointerType !== "touch"));
    const [x, y] = this.point(event);
    this.held = { id: event.pointerId, found, name, draws, begin: [x, y], far: 0, line: false };
    if (name !== undefined && !draws) {
      const state = stateOf(this.mode.drawing, name);
      this.held.offset = [state.x - x, state.y - y];
    }
    if (name !== undefined || event.pointerType !== "touch") this.root.setPointerCapture(event.pointerId);
  }

  move(event) {
    const { held, mode } = this;
    if (!held) {
      if (event.pointerType !== "touch") this.root.style.cursor = this.cursorAt(event);
      return;
    }
    if (held.id !== event.pointerId) return;
    const [x, y] = this.point(event);
    held.far = Math.max(held.far, Math.hypot(x - held.begin[0], y - held.begin[1]) * this.scale);
    if (held.name === undefined || held.far < MOVED) return;
    if (held.draws) {
      const { x: sx, y: sy } = stateOf(mode.drawing, held.name);
      held.line = true;
      this.line.setAttribute("d", `M${sx} ${sy}L${x} ${y}`);
    } else if (mode.tool === "move") {
      mode.moveTo(held.name, x + held.offset[0], y + held.offset[1], held);
    }
  }

  cursorAt(event) {
    const { tool } = this.mode;
    const found = this.at(event);
    if (tool !== "move") return CURSORS[tool];
    return found === null ? "" : found.state === undefined ? "pointer" : found.rim ? "crosshair" : "move";
  }

  up(event) {
    const { held } = this;
    if (!held || held.id !== event.pointerId) return;
    this.held = null;
    const there = this.at(event);
    const click = held.far < MOVED;
    if (held.line) {
      if (there?.state !== undefined && (there.state !== held.name || held.far > LOOP)) this.mode.connect(held.name, there.state);
      else this.draw();
    } else if (click) this.click(held, event);
    else this.draw();
  }

  cancel() {
    this.held = null;
    this.draw();
  }

  click({ found, begin }) {
    const { mode } = this;
    if (found === null && (mode.tool === "state" || (mode.tool === "move" && this.isDouble(begin)))) mode.add(...begin);
    else if (found === null) mode.select(null);
    else if (mode.tool === "delete") mode.remove(found);
    else if (this.from !== null && found.state !== undefined) this.choose(found.state);
    else if (mode.tool === "arrow" && found.state !== undefined) this.begin(found.state);
    else mode.edit(found);
  }

  /** A double click in an empty place. Browsers tell of none where the picture has been drawn anew between. */
  isDouble([x, y]) {
    const last = this.emptyClick;
    this.emptyClick = { x, y, time: Date.now() };
    return last && this.emptyClick.time - last.time < DOUBLE && Math.hypot(x - last.x, y - last.y) < 2 * MOVED;
  }

  // Arrows in two steps: the state that it leaves, then the one that it leads to

  begin(name) {
    this.from = name;
    this.mode.say(`An arrow from ${name}: choose the state that it leads to. Escape ends this.`);
    this.draw();
  }

  choose(name) {
    const { from } = this;
    this.from = null;
    this.mode.connect(from, name);
  }

  stop() {
    if (this.from === null) return;
    this.from = null;
    this.mode.say("");
    this.draw();
  }

  // The keyboard

  key(event) {
    const key = event.target.closest?.("[data-key]")?.dataset.key;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const makes = event.key.toLowerCase() === "n" || ((event.key === "Enter" || event.key === " ") && (this.mode.tool === "state" || this.mode.drawing.states.length === 0));
    if (["PageUp", "PageDown", "Home", "End"].includes(event.key)) {
      event.preventDefault();
      this.page(event.key);
      return;
    }
    if (key === undefined) {
      if (makes) this.mode.addFree();
      if (makes) event.preventDefault();
      return;
    }
    const [name, target] = JSON.parse(key);
    const done = target === undefined ? this.stateKey(event, name) : this.arrowKey(event, { source: name, target });
    if (done) event.preventDefault();
  }

  stateKey(event, name) {
    const { mode } = this;
    const { x, y, ends } = stateOf(mode.drawing, name);
    const step = STEP * (event.shiftKey ? 5 : 1);
    const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (ways[event.key]) {
      if (this.from === null) mode.moveTo(name, x + ways[event.key][0], y + ways[event.key][1]);
      else this.focusNext(name, event.key === "ArrowLeft" || event.key === "ArrowUp" ? -1 : 1);
      return true;
    }
    const actions = {
      Enter: () => (this.from === null ? mode.edit({ state: name }) : this.choose(name)),
      " ": () => (this.from === null ? mode.edit({ state: name }) : this.choose(name)),
      F2: () => mode.edit({ state: name }),
      Escape: () => this.stop(),
      Delete: () => mode.remove({ state: name }),
      Backspace: () => mode.remove({ state: name }),
      a: () => this.begin(name),
      e: () => mode.setEnds(name, !ends),
      s: () => mode.setStart(name),
      n: () => mode.addNear(name),
    };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    action?.();
    return action !== undefined;
  }

  focusNext(name, by) {
    const names = this.mode.drawing.states.map((state) => state.name);
    this.goTo(JSON.stringify([names.at((names.indexOf(name) + by) % names.length)]));
  }

  arrowKey(event, arrow) {
    const { mode } = this;
    if (event.key === "Enter" || event.key === " " || event.key === "F2") mode.edit(arrow);
    else if (event.key === "Delete" || event.key === "Backspace") mode.remove(arrow);
    else return false;
    return true;
  }
}

function makeButton(group, key, text, classes) {
  for (const [name, value] of Object.entries({ tabindex: 0, role: "button", "aria-label": text, "data-key": key })) group.setAttribute(name, value);
  for (const [name, on] of Object.entries(classes)) group.classList.toggle(name, on);
}
