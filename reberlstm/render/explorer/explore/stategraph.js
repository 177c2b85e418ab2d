// The state graph that is run through: the active node, the crossed edge, how full the cells of nodes are.

import { byId, el, setAttribute, setText, svg } from "../common/dom.js";
import { drawLayout, edgeKey, lightEdge, lightNode, PADDING } from "../common/graph.js";
import { NODE_HEIGHT } from "../model/arrows.js";
import { activity } from "../model/net.js";
import { LOST, rowOf } from "../model/machine.js";

const LEAST_SCALE = 0.75;
const MOST_SCALE = 2.2;
const PART_OF_SCREEN = 0.6;

/** The mark of a net: a shape of its own for each, drawn around (x, y) with a size of 0 to 1. */
function markShape(number, x, y, size) {
  const r = 5.5 * size;
  const shapes = [
    `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
    `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
    `M${x} ${y - r}L${x + r} ${y + r}L${x - r} ${y + r}z`,
    `M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}z`,
  ];
  return shapes[number % shapes.length];
}

export class StateGraph {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    if (app.data.layouts) new ResizeObserver(() => root.isConnected && this.choose()).observe(root);
  }

  /** The wide layout, but where it is too small to read the tall one if that is drawn larger. */
  choose() {
    this.room = null;
    const [wide, tall] = this.app.data.layouts;
    const scale = ({ width, height }) => Math.min(this.root.clientWidth / width, (PART_OF_SCREEN * window.innerHeight) / height);
    const better = scale(wide) < LEAST_SCALE && scale(tall) > 1.2 * scale(wide) ? tall : wide;
    if (better !== this.layout) {
      this.layout = better;
      this.draw();
    }
  }

  rebuild() {
    setText(byId("graph-legend"), this.legend());
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
    const { machine, nets } = this.app;
    const makeMarks = () => nets.map((_, number) => svg("path", { class: `mark mark-${number}` }));
    const { picture, box, nodes, edges } = drawLayout(this.layout, machine.ends, makeMarks);
    this.picture = picture;
    this.nodes = nodes;
    this.edges = edges;
    for (const node of nodes.values()) node.marks = [...node.group.querySelectorAll(".mark")];
    const [, , width, height] = box;
    const sizes = { "--least-width": LEAST_SCALE * width, "--least-height": LEAST_SCALE * height, "--most-width": MOST_SCALE * width };
    for (const [name, size] of Object.entries(sizes)) picture.style.setProperty(name, `${Math.round(size)}px`);
    this.root.replaceChildren(picture);
    this.update();
  }

  /** What the marks on the nodes mean, for the nets that have cells for nodes. */
  legend() {
    const { data, machine } = this.app;
    const marked = this.app.shownNets().filter(({ net }) => net.cells.some((cell) => machine.states.includes(cell)));
    if (!data.layouts || marked.length === 0) return "";
    const names = marked.map(({ mark, net }) => (marked.length > 1 ? `${mark} ${net.name}` : mark)).join(", ");
    return `${names}: the larger it is, the more active the node's cell.`;
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
    // Paper and pictures, which have no controls, say the step too.
    byId("graph-text").dataset.step = `Step ${t} of ${app.word.length}. `;
    if (!app.data.layouts) {
      this.table.replaceChildren(...(state === LOST ? [] : line(machine, state)));
      return;
    }
    if (!this.nodes) return;
    setAttribute(this.picture, "aria-label", `State graph. ${sentence(here, before, symbol, t)}`);
    const reads = app.readNames();
    for (const [name, node] of this.nodes) {
      lightNode(node, name === here, reads.has(name));
      this.updateMarks(name, node);
    }
    const crossed = t === 0 || before === null || here === null ? null : edgeKey(before, here);
    for (const [key, group] of this.edges) lightEdge(group, key === crossed);
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
