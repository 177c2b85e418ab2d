// The state graph: the active node, the crossed edge, and how full each net's cell of a node is.

import { byId, el, setAttribute, setText, svg } from "../common/dom.js";
import { activity } from "../model/net.js";
import { LOST, rowOf } from "../model/machine.js";

const NODE_HEIGHT = 34;
const PADDING = 12;
const LEAST_SCALE = 0.75;

/** The label of an edge: its symbols, or the first and last one and how many there are. */
export function edgeText(symbols) {
  if (symbols.length <= 6) return symbols.join(" ");
  return `${symbols[0]} … ${symbols.at(-1)} (${symbols.length})`;
}

/** The path of an edge as an SVG path, from Bézier points, up to where its head begins. */
export function edgePath(edge) {
  const [start, ...rest] = edge.path;
  const curves = [];
  for (let k = 0; k < rest.length; k += 3) curves.push(`C${rest.slice(k, k + 3).map((p) => p.join(" ")).join(" ")}`);
  return `M${start.join(" ")}${curves.join("")}`;
}

/** The arrow's head as a triangle. */
export function arrowHead(edge, size = 4.5) {
  const [bx, by] = edge.path.at(-1);
  const [tx, ty] = edge.tip;
  const length = Math.hypot(tx - bx, ty - by) || 1;
  const [ux, uy] = [(tx - bx) / length, (ty - by) / length];
  const p = (x, y) => `${x.toFixed(1)},${y.toFixed(1)}`;
  return `${p(bx - uy * size, by + ux * size)} ${p(tx, ty)} ${p(bx + uy * size, by - ux * size)}`;
}

/** The mark of a net: a shape of its own for each, drawn around (x, y) with a size of 0 to 1. */
export function markShape(number, x, y, size) {
  const r = 5.5 * size;
  const shapes = [
    `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
    `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
    `M${x} ${y - r}L${x + r} ${y + r}L${x - r} ${y + r}z`,
    `M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}z`,
  ];
  return shapes[number % shapes.length];
}

export class Graph {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    if (app.data.layouts) new ResizeObserver(() => this.choose()).observe(root);
  }

  /** Picks the layout that is drawn larger in the room that there is. */
  choose() {
    this.room = null;
    const [wide, tall] = this.app.data.layouts;
    const room = this.root.clientWidth;
    const better = room < 0.8 * wide.width && tall.width < wide.width ? tall : wide;
    if (better !== this.layout) {
      this.layout = better;
      this.draw();
    }
  }

  rebuild() {
    if (!this.app.data.layouts) {
      const { machine } = this.app;
      this.table = el("tbody");
      this.root.replaceChildren(
        el("p", { class: "note" }, `The graph has ${machine.states.length} states, too many to draw: here is the line of the node that the string is at.`),
        el("table", { class: "line" }, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "symbol"), el("th", { scope: "col" }, "leads to node"))), this.table),
      );
      this.update();
      return;
    }
    this.layout = null;
    this.choose();
  }

  draw() {
    const { machine } = this.app;
    const { width, height, nodes, edges } = this.layout;
    this.nodes = new Map();
    this.edges = new Map();
    const edgeGroup = svg("g", { class: "edges" });
    const nodeGroup = svg("g", { class: "nodes" });
    for (const edge of edges) {
      const parts = [svg("path", { d: edgePath(edge) }), svg("polygon", { points: arrowHead(edge) })];
      if (edge.label) {
        const [x, y] = edge.label;
        const text = edgeText(edge.symbols);
        const back = svg("rect", { class: "lit", x: x - 4.2 * text.length - 4, y: y - 9, width: 8.4 * text.length + 8, height: 18, rx: 4 });
        parts.push(back, svg("text", { x, y }, text));
      }
      const group = svg("g", { class: "edge" }, parts);
      edgeGroup.append(group);
      this.edges.set(edge.source === null ? "entry" : `${edge.source}\n${edge.target}`, group);
    }
    for (const [name, [x, y, w]] of Object.entries(nodes)) {
      const accepting = machine.ends.includes(name);
      const marks = this.app.nets.map((_, number) => svg("path", { class: `mark mark-${number}` }));
      const group = svg(
        "g",
        { class: "node" },
        svg("ellipse", { class: "halo", cx: x, cy: y, rx: w / 2 + 6, ry: NODE_HEIGHT / 2 + 6 }),
        svg("ellipse", { class: "body", cx: x, cy: y, rx: w / 2, ry: NODE_HEIGHT / 2 }),
        accepting ? svg("ellipse", { class: "inner", cx: x, cy: y, rx: w / 2 - 3.5, ry: NODE_HEIGHT / 2 - 3.5 }) : null,
        svg("text", { x, y }, name),
        marks,
      );
      this.nodes.set(name, { group, marks, x, y });
      nodeGroup.append(group);
    }
    const box = [-PADDING, -PADDING, width + 2 * PADDING, height + 2 * PADDING];
    const most = Math.round((width < height ? 1.1 : 1.6) * box[2]);
    this.picture = svg("svg", { viewBox: box.join(" "), role: "img", style: `max-width:${most}px; min-width:${Math.round(LEAST_SCALE * box[2])}px; max-height: max(21rem, ${Math.round(LEAST_SCALE * box[3])}px)` }, edgeGroup, nodeGroup);
    this.root.replaceChildren(this.picture);
    this.update();
  }

  /** A graph that is too wide for its place can be scrolled, and is: to the active node. */
  keepInView() {
    const node = this.nodes?.get(this.app.machine.states[this.app.states[this.app.t]]);
    if (!node) return;
    const { root } = this;
    this.room ??= { shown: root.clientWidth, whole: root.scrollWidth };
    const { shown, whole } = this.room;
    setAttribute(root, "tabindex", whole > shown + 1 ? 0 : null);
    if (whole <= shown + 1) return;
    const x = ((node.x + PADDING) / this.picture.viewBox.baseVal.width) * whole;
    if (x < root.scrollLeft + 40 || x > root.scrollLeft + shown - 40) root.scrollLeft = x - shown / 2;
  }

  update() {
    const { app } = this;
    const { machine, t } = app;
    const state = app.states[t];
    const here = state === LOST ? null : machine.states[state];
    const before = t > 0 && app.states[t - 1] !== LOST ? machine.states[app.states[t - 1]] : null;
    const symbol = t > 0 ? machine.alphabet[app.word[t - 1]] : null;
    setText(byId("graph-text"), sentence(here, before, symbol, t));
    if (!app.data.layouts) {
      this.table.replaceChildren(...(state === LOST ? [] : line(machine, state)));
      return;
    }
    if (!this.nodes) return;
    setAttribute(this.picture, "aria-label", `State graph. ${sentence(here, before, symbol, t)}`);
    const reads = app.readNames();
    for (const [name, node] of this.nodes) {
      const active = name === here;
      setAttribute(node.group, "class", `node${active ? " active" : ""}${reads.has(name) ? " read" : ""}`);
      this.updateMarks(name, node);
    }
    const crossed = t === 0 || before === null || here === null ? null : `${before}\n${here}`;
    for (const [key, group] of this.edges) {
      setAttribute(group, "class", key === crossed ? "edge crossed" : "edge");
    }
  }

  /** A mark on the node's lower edge for each shown net: its size is how active that cell is. */
  updateMarks(name, node) {
    const { app } = this;
    const shown = app.shownNets();
    app.nets.forEach((entry, number) => {
      const mark = node.marks[number];
      const cell = entry.net.cells.indexOf(name);
      const value = cell < 0 || !entry.shown ? 0 : Math.min(1.2, activity(entry.net, entry.steps[app.t], cell));
      const place = shown.indexOf(entry) - (shown.length - 1) / 2;
      const key = value > 0.03 ? `${value.toFixed(2)} ${place}` : "";
      if (mark.dataset.key === key) return;
      mark.dataset.key = key;
      setAttribute(mark, "d", key ? markShape(number, node.x + 13 * place, node.y + NODE_HEIGHT / 2 + 1, Math.sqrt(value)) : null);
    });
  }
}

function sentence(here, before, symbol, t) {
  if (t === 0) return `At node ${here}, before the first symbol.`;
  if (here !== null && before !== null) return `${symbol} led from node ${before} to node ${here}.`;
  if (here !== null) return `${symbol} started over, at node ${here}.`;
  if (before !== null) return `Violation: node ${before} does not allow ${symbol}.`;
  return "No node, since a violation before.";
}

function line(machine, state) {
  const rows = [];
  rowOf(machine, state).forEach((target, symbol) => {
    if (target >= 0) rows.push(el("tr", {}, el("td", {}, machine.alphabet[symbol]), el("td", {}, machine.states[target])));
  });
  return rows.length ? rows : [el("tr", {}, el("td", { colspan: 2 }, "nothing may follow"))];
}
