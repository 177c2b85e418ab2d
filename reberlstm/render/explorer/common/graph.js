// A state graph from a layout: nodes, edges with their arrows, and what is lit.

import { setAttribute, svg } from "./dom.js";
import { edgeText, NODE_HEIGHT } from "../model/arrows.js";

export const PADDING = 12;

/** The path of an edge as an SVG path, from Bézier points, up to where its head begins. */
function edgePath(edge) {
  const [start, ...rest] = edge.path;
  const curves = [];
  for (let k = 0; k < rest.length; k += 3) curves.push(`C${rest.slice(k, k + 3).map((p) => p.join(" ")).join(" ")}`);
  return `M${start.join(" ")}${curves.join("")}`;
}

/** The arrow's head as a triangle. */
function arrowHead(edge, size = 4.5) {
  const [bx, by] = edge.path.at(-1);
  const [tx, ty] = edge.tip;
  const length = Math.hypot(tx - bx, ty - by) || 1;
  const [ux, uy] = [(tx - bx) / length, (ty - by) / length];
  const p = (x, y) => `${x.toFixed(1)},${y.toFixed(1)}`;
  return `${p(bx - uy * size, by + ux * size)} ${p(tx, ty)} ${p(bx + uy * size, by - ux * size)}`;
}

/** The name of an edge among those that were drawn; the source of the arrow from nowhere is null. */
export function edgeKey(source, target) {
  return source === null ? "entry" : `${source}\n${target}`;
}

/**
 * Draws {width, height, nodes: {name: [x, y, w]}, edges: [{source, target, symbols, path, tip, label}]}.
 * `ends` are the accepting nodes, and `more(name)` gives further elements of a node. Returns
 * {picture, box, nodes, edges}: the SVG, its [x, y, width, height], {group, x, y} of every node by name,
 * and the group of every edge by `edgeKey`. To be put into an element of the class "graph".
 */
export function drawLayout({ width, height, nodes, edges }, ends = [], more = () => []) {
  const drawn = { box: [-PADDING, -PADDING, width + 2 * PADDING, height + 2 * PADDING], nodes: new Map(), edges: new Map() };
  for (const edge of edges) drawn.edges.set(edgeKey(edge.source, edge.target), drawEdge(edge));
  for (const [name, place] of Object.entries(nodes)) {
    const [x, y] = place;
    drawn.nodes.set(name, { group: drawNode(name, place, ends.includes(name), more(name)), x, y });
  }
  drawn.picture = svg(
    "svg",
    { viewBox: drawn.box.join(" "), role: "img" },
    svg("g", { class: "edges" }, [...drawn.edges.values()]),
    svg("g", { class: "nodes" }, [...drawn.nodes.values()].map(({ group }) => group)),
  );
  return drawn;
}

function drawEdge(edge) {
  const parts = [svg("path", { d: edgePath(edge) }), svg("polygon", { points: arrowHead(edge) })];
  if (edge.label) {
    const [x, y] = edge.label;
    const text = edgeText(edge.symbols);
    parts.push(svg("rect", { class: "lit", x: x - 4.2 * text.length - 4, y: y - 9, width: 8.4 * text.length + 8, height: 18, rx: 4 }));
    parts.push(svg("text", { x, y }, text));
  }
  return svg("g", { class: "edge" }, parts);
}

function drawNode(name, [x, y, w], accepting, more) {
  const ring = (kind, by) => svg("ellipse", { class: kind, cx: x, cy: y, rx: w / 2 + by, ry: NODE_HEIGHT / 2 + by });
  return svg("g", { class: "node" }, ring("halo", 6), ring("body", 0), accepting ? ring("inner", -3.5) : null, svg("text", { x, y }, name), more);
}

/** Lights a node that is active, and marks one that is read. */
export function lightNode({ group }, active, read = false) {
  setAttribute(group, "class", `node${active ? " active" : ""}${read ? " read" : ""}`);
}

/** Lights an edge that was crossed. */
export function lightEdge(group, crossed) {
  setAttribute(group, "class", crossed ? "edge crossed" : "edge");
}
