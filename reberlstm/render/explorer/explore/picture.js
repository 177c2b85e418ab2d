// What is on the screen as one picture to keep: the string, the graph and the nets, in light colours.

import { byId, svg } from "../common/dom.js";
import { arrowHead, edgePath } from "../common/graph.js";
import { edgeText } from "../model/arrows.js";
import { activity } from "../model/net.js";
import { LOST } from "../model/machine.js";
import { answerText, brief, columns, isSigned, reasonsFor, valueAt, wordsOf } from "../model/reasons.js";

const INK = { text: "#16191d", quiet: "#565d66", line: "#c9ced4", track: "#eef1f4", plus: "#9ccbee", minus: "#f2b58a", hatch: "#b45f21", strong: "#0b5fa5", wrong: "#a83a00", lit: "#ffe9a8" };
const FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
const NET_WIDTH = 464;
const MOST_ACROSS = 3;
const GAP = 24;
const MARGIN = 24;
const LETTER = 6.4;
const MAX_SYMBOLS = 36;
const MAX_ROWS = 40;

const label = (x, y, text, more = {}) => svg("text", { x, y, fill: INK.text, "font-size": 13, ...more }, text);

/** How many nets stand side by side, and how wide that makes the picture. */
function measure(app) {
  const across = Math.min(MOST_ACROSS, app.shownNets().length);
  return { across, width: 2 * MARGIN + Math.max(2, across) * (NET_WIDTH + GAP) - GAP };
}

/** The picture as an SVG element. */
export function makePicture(app) {
  const { width } = measure(app);
  const parts = [label(MARGIN, 36, app.data.machine.title || app.data.machine.name, { "font-size": 20, "font-weight": 600 })];
  let y = 56;
  y = drawString(app, parts, y);
  if (app.data.layouts) y = drawGraph(app, parts, y);
  y = drawNets(app, parts, y + 10);
  const height = Math.ceil(y + MARGIN);
  const picture = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, "font-family": FONT });
  const stripes = svg("pattern", { id: "negative", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, svg("rect", { width: 5, height: 5, fill: INK.minus }), svg("rect", { width: 1.2, height: 5, fill: INK.hatch }));
  picture.append(svg("defs", {}, stripes), svg("rect", { width, height, fill: "#fff" }), ...parts);
  return picture;
}

function drawString(app, parts, y) {
  const { machine, word, t } = app;
  const { width } = measure(app);
  const from = Math.max(0, Math.min(word.length - MAX_SYMBOLS, t - MAX_SYMBOLS / 2));
  const shownWord = word.slice(from, from + MAX_SYMBOLS);
  const size = Math.min(26, (width - 2 * MARGIN) / Math.max(1, shownWord.length));
  shownWord.forEach((symbol, index) => {
    const position = from + index + 1;
    const x = MARGIN + index * size;
    const here = position === t;
    const lost = app.states[position] === LOST;
    parts.push(svg("rect", { x: x + 1, y, width: size - 2, height: 26, rx: 4, fill: here ? INK.lit : "none", stroke: lost ? INK.wrong : INK.line, "stroke-width": here ? 2 : 1, "stroke-dasharray": lost ? "3 2" : "none" }));
    parts.push(label(x + size / 2, y + 18, machine.alphabet[symbol], { "text-anchor": "middle", "font-weight": here ? 700 : 400 }));
  });
  parts.push(label(MARGIN, y + 46, `step ${t} of ${word.length}: ${byId("graph-text").textContent}`, { fill: INK.quiet }));
  return y + 58;
}

function drawGraph(app, parts, y) {
  const [layout] = app.data.layouts;
  const { machine, t, states } = app;
  const scale = Math.min(1.25, (measure(app).width - 2 * MARGIN) / layout.width);
  const here = states[t] === LOST ? null : machine.states[states[t]];
  const before = t > 0 && states[t - 1] !== LOST ? machine.states[states[t - 1]] : null;
  const group = svg("g", { transform: `translate(${MARGIN} ${y}) scale(${scale.toFixed(3)})` });
  for (const edge of layout.edges) {
    const crossed = edge.source !== null && edge.source === before && edge.target === here;
    const colour = crossed ? INK.strong : INK.quiet;
    group.append(svg("path", { d: edgePath(edge), fill: "none", stroke: colour, "stroke-width": crossed ? 3 : 1.2 }));
    group.append(svg("polygon", { points: arrowHead(edge), fill: colour }));
    if (edge.label) group.append(label(edge.label[0], edge.label[1] + 4.5, edgeText(edge.symbols), { "text-anchor": "middle", "font-weight": crossed ? 700 : 400 }));
  }
  for (const [name, [x, ny, width]] of Object.entries(layout.nodes)) {
    const active = name === here;
    group.append(svg("ellipse", { cx: x, cy: ny, rx: width / 2, ry: 17, fill: active ? INK.lit : "#fff", stroke: active ? INK.strong : INK.quiet, "stroke-width": active ? 3.5 : 1.2 }));
    if (machine.ends.includes(name)) group.append(svg("ellipse", { cx: x, cy: ny, rx: width / 2 - 3.5, ry: 13.5, fill: "none", stroke: INK.quiet }));
    group.append(label(x, ny + 4.5, name, { "text-anchor": "middle", "font-weight": active ? 700 : 400 }));
  }
  parts.push(group);
  return y + layout.height * scale + 8;
}

function drawNets(app, parts, y) {
  const shown = app.shownNets();
  const { across, width: whole } = measure(app);
  const width = across === 1 ? whole - 2 * MARGIN : NET_WIDTH;
  let bottom = y;
  let top = y;
  shown.forEach((entry, index) => {
    if (index % across === 0) top = bottom;
    const x = MARGIN + (index % across) * (width + GAP);
    bottom = Math.max(bottom, drawNet(app, entry, parts, x, top, width) + 20);
  });
  return bottom;
}

function drawNet(app, entry, parts, x, y, width) {
  const { net, steps, judged } = entry;
  const { t } = app;
  const verdict = judged[t].verdict;
  const said = answerText(app.machine, steps[t]);
  const allowed = steps[t].offers ? `, allowed ${judged[t].allowed.map((symbol) => net.alphabet[symbol]).join(" ") || "nothing"}` : "";
  const text = { right: `✓ right: ${said}`, wrong: `✗ wrong: ${said}${allowed}`, unclaimed: `○ not judged: ${said}` }[verdict];
  parts.push(label(x, y + 16, `${entry.mark} ${net.name}`, { "font-size": 15, "font-weight": 600 }));
  parts.push(label(x, y + 36, text, { fill: verdict === "wrong" ? INK.wrong : INK.text, "font-weight": verdict === "wrong" ? 700 : 400 }));
  const names = columns(net);
  const first = 64;
  const size = (width - first) / names.length;
  names.forEach((column, k) => {
    const { letter, standard, source = standard } = wordsOf(net, column);
    const middle = x + first + (k + 0.5) * size;
    parts.push(label(middle, y + 58, `${letter} ${standard.replace(" gate", "")}`, { "text-anchor": "middle", "font-size": 10.5, fill: INK.quiet }));
    if (source !== standard) parts.push(label(middle, y + 70, source, { "text-anchor": "middle", "font-size": 10.5, fill: INK.quiet }));
  });
  const all = net.cells.map((_, cell) => cell);
  const cells = all.length <= MAX_ROWS ? all : all.filter((cell) => Math.abs(steps[t].c[cell]) > 0.005).slice(0, MAX_ROWS);
  cells.forEach((cell, r) => {
    const top = y + 76 + r * 22;
    parts.push(label(x, top + 15, net.cells[cell], { "font-weight": activity(net, steps[t], cell) > 0.5 ? 700 : 400 }));
    names.forEach((column, k) => drawBar(parts, valueAt(net, steps, t, { gate: column, cell }), column, x + first + k * size, top, size - 3));
  });
  const end = y + 84 + cells.length * 22;
  const wide = (width - 4) / net.alphabet.length;
  if (net.heads.legal && net.alphabet.length <= 16) {
    net.alphabet.forEach((symbol, row) => {
      const offered = steps[t].offers.includes(row);
      const wrong = verdict === "wrong" && (judged[t].extra.includes(row) || judged[t].missing.includes(row));
      const border = wrong ? { stroke: INK.wrong, "stroke-width": 2, "stroke-dasharray": "4 2" } : { stroke: INK.line };
      parts.push(svg("rect", { x: x + row * wide, y: end, width: wide - 3, height: 22, rx: 4, fill: offered ? INK.plus : "none", ...border }));
      const mark = wrong ? " ✗" : offered ? " ✓" : "";
      parts.push(label(x + (row + 0.5) * wide - 1.5, end + 15, `${symbol} ${brief(steps[t].reader[row])}${mark}`, { "text-anchor": "middle", "font-size": 11 }));
    });
  }
  if (verdict !== "wrong") return end + 24;
  const { sentences } = reasonsFor(net, steps, t, judged[t], app.slots);
  const lines = sentences.flatMap((sentence) => wrapped(sentence, Math.floor(width / LETTER)));
  lines.forEach((line, index) => parts.push(label(x, end + 44 + 17 * index, line, { "font-size": 12 })));
  return end + 30 + 17 * lines.length;
}

/** A text in lines of at most so many letters. */
function wrapped(text, most) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length <= most) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function drawBar(parts, value, column, x, y, width) {
  const signed = isSigned(column);
  const size = Math.max(-1, Math.min(1, value ?? 0));
  const zero = signed ? x + width / 2 : x;
  const length = Math.abs(size) * (signed ? width / 2 : width);
  parts.push(svg("rect", { x, y, width, height: 19, fill: INK.track }));
  parts.push(svg("rect", { x: size < 0 ? zero - length : zero, y, width: length, height: 19, fill: size < 0 ? "url(#negative)" : INK.plus }));
  if (signed) parts.push(svg("line", { x1: zero, x2: zero, y1: y, y2: y + 19, stroke: INK.quiet, "stroke-width": 0.6 }));
  if (value !== null) parts.push(label(x + width - 4, y + 14, brief(value), { "text-anchor": "end", "font-size": 11, stroke: INK.track, "stroke-width": 2, "paint-order": "stroke", fill: Math.abs(value) < 0.005 ? INK.quiet : INK.text }));
}

/** The picture as a file's text. */
export function pictureText(app) {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(makePicture(app))}\n`;
}

/** The picture as a PNG file, at twice its size. */
export function picturePng(app) {
  const text = pictureText(app);
  const picture = makePicture(app);
  const [width, height] = ["width", "height"].map((name) => 2 * Number(picture.getAttribute(name)));
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = height;
      canvas.getContext("2d").drawImage(image, 0, 0, width, height);
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
    };
    image.onerror = () => reject(new Error("the picture cannot be drawn"));
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  });
}
