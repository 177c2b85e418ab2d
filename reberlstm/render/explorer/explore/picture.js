// What is on the screen as one picture to keep, in light colours. What it says it takes from the page.

import { byId, svg } from "../common/dom.js";
import { activity } from "../model/net.js";
import { brief, cellsInOrder, columns, isSigned, valueAt, wordsOf } from "../model/reasons.js";

const INK = { text: "#16191d", quiet: "#565d66", line: "#c9ced4", track: "#eef1f4", plus: "#9ccbee", minus: "#f2b58a", hatch: "#b45f21", strong: "#0b5fa5", wrong: "#a83a00", lit: "#ffe9a8", link: "#8526e0" };
const FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
const MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
const NET_WIDTH = 464;
const MOST_ACROSS = 3;
const GAP = 24;
const MARGIN = 24;
const LETTER = 6.9;
const DIGIT = 7.3;
const ROW = 24;
const FRAME = 5;
const MAX_ROWS = 40;
const MAX_ANSWERS = 48;
const ACROSS = 8;
const GRAPH_HEIGHT = 420;
const GRAPH_SCALE = 1.25;

/** How the graph's parts look, which on the page the style sheet says; later ones go over earlier ones. */
const GRAPH = [
  ["text", { fill: INK.text, "font-size": 14, "text-anchor": "middle", "dominant-baseline": "central" }],
  [".edge path", { fill: "none", stroke: INK.quiet, "stroke-width": 1.2 }],
  [".edge polygon", { fill: INK.quiet }],
  [".edge .lit, .node .inner, .node .halo", { fill: "none" }],
  [".edge.crossed path", { stroke: INK.strong, "stroke-width": 3.2 }],
  [".edge.crossed polygon", { fill: INK.strong }],
  [".edge.crossed .lit", { fill: INK.lit, stroke: INK.strong }],
  [".node .body", { fill: "#fff", stroke: INK.quiet, "stroke-width": 1.3 }],
  [".node .inner", { stroke: INK.quiet }],
  [".node.active .body", { fill: INK.lit, stroke: INK.strong, "stroke-width": 3 }],
  [".node.active text, .edge.crossed text", { "font-weight": 700 }],
  [".node.read .halo", { stroke: INK.link, "stroke-width": 2.5, "stroke-dasharray": "1.5 3.5" }],
  [".mark", { stroke: "#fff" }],
  ...[INK.strong, INK.wrong, INK.link, INK.text].map((fill, number) => [`.mark-${number}`, { fill }]),
];

const label = (x, y, text, more = {}) => svg("text", { x, y, fill: INK.text, "font-size": 13, ...more }, text);
const small = { fill: INK.quiet, "font-size": 12 };

/** What grows downwards: parts, and where the next one begins. */
class Sheet {
  constructor(x, y, width) {
    Object.assign(this, { x, y, width, parts: [] });
  }

  /** A text in as many lines as it needs. */
  write(text, more = {}, height = 17) {
    for (const line of text ? wrapped(text, Math.floor(this.width / LETTER)) : []) {
      this.parts.push(label(this.x, this.y + height - 4, line, more));
      this.y += height;
    }
  }
}

/** A text in lines of at most so many letters. */
function wrapped(text, most) {
  const lines = [""];
  for (const word of text.trim().split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length <= most || lines.at(-1) === "") lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** The picture as an SVG element. */
function makePicture(app) {
  const shown = app.shownNets();
  const across = Math.min(MOST_ACROSS, shown.length);
  const width = 2 * MARGIN + Math.max(2, across) * (NET_WIDTH + GAP) - GAP;
  const sheet = new Sheet(MARGIN, 16, width - 2 * MARGIN);
  sheet.write(byId("title").textContent, { "font-size": 20, "font-weight": 600 }, 26);
  sheet.write(byId("lead").textContent, small);
  sheet.y += 10;
  drawWord(app, sheet);
  sheet.write(textOf(byId("tape-legend")), small);
  sheet.y += 6;
  sheet.write(byId("graph-text").dataset.step + textOf(byId("graph-text")), { "font-weight": 600 }, 20);
  for (const counter of app.counters.lines) sheet.write(counter.label.textContent, { "font-family": MONO, "font-size": 12 });
  if (app.data.layouts) drawGraph(app, sheet);
  sheet.write(textOf(byId("graph-legend")), small);
  sheet.y += 14;
  for (let first = 0; first < shown.length; first += across) {
    const row = shown.slice(first, first + across).map((entry, index) => {
      const each = across === 1 ? sheet.width : NET_WIDTH;
      return drawNet(app, entry, new Sheet(MARGIN + index * (each + GAP), sheet.y, each));
    });
    for (const { parts } of row) sheet.parts.push(...parts);
    sheet.y = Math.max(...row.map(({ y }) => y)) + GAP;
  }
  const height = Math.ceil(sheet.y);
  const stripes = svg("pattern", { id: "negative", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, svg("rect", { width: 5, height: 5, fill: INK.minus }), svg("rect", { width: 1.2, height: 5, fill: INK.hatch }));
  return svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, "font-family": FONT }, svg("defs", {}, stripes), svg("rect", { width, height, fill: "#fff" }), sheet.parts);
}

/** The text of an element of the page, but for its buttons and what is hidden. */
function textOf(element) {
  if (!element || element.hidden) return "";
  return [...element.childNodes].map((node) => (node.nodeName === "BUTTON" ? "" : node.textContent)).join("");
}

/** The table of the word around the current step: symbols, nodes, and what each net says. */
function drawWord(app, sheet) {
  const { columns: all, rows, first } = app.tape;
  const heads = rows.map((row) => row.firstChild.textContent);
  const head = LETTER * Math.max(...heads.map((text) => text.length)) + 12;
  const size = Math.max(ROW, DIGIT * Math.max(...all.flatMap(({ cells }) => cells.map((cell) => cell.textContent.length + 1))));
  const room = Math.max(1, Math.floor((sheet.width - head) / size));
  const from = Math.max(0, Math.min(all.length - room, app.t - first - Math.floor(room / 2)));
  const seen = all.slice(from, from + room);
  heads.forEach((text, row) => {
    const y = sheet.y + row * ROW;
    sheet.parts.push(label(sheet.x, y + 16, text, { "font-size": 12 }));
    seen.forEach(({ cells, button }, index) => {
      const cell = cells[row];
      const x = sheet.x + head + index * size;
      const here = first + from + index === app.t;
      const wrong = cell.classList.contains("wrong") || (row === 0 && button.classList.contains("violation"));
      sheet.parts.push(svg("rect", { x, y, width: size, height: ROW, fill: here ? INK.lit : "none", stroke: wrong ? INK.wrong : INK.line, "stroke-dasharray": wrong ? "3 2" : null }));
      drawLetters(sheet, cell, x + size / 2, y, wrong);
    });
  });
  sheet.y += rows.length * ROW + 6;
  if (seen.length < app.word.length + 1) sheet.write(`Shown are steps ${first + from} to ${first + from + seen.length - 1}.`, small);
}

/** A cell's letters: in a box what should not be offered, struck out what is missing. */
function drawLetters(sheet, cell, middle, y, wrong) {
  const pieces = [...cell.childNodes].filter((node) => node.textContent);
  const widths = pieces.map(({ className, textContent }) => DIGIT * textContent.length + (className === "extra" ? FRAME : 0));
  let x = middle - widths.reduce((sum, width) => sum + width, 0) / 2;
  const style = { fill: wrong ? INK.wrong : INK.text, "font-size": 12, "font-family": MONO, "font-weight": wrong ? 700 : null, "font-style": cell.classList.contains("unclaimed") ? "italic" : null };
  pieces.forEach((piece, index) => {
    const framed = piece.className === "extra";
    if (framed) sheet.parts.push(svg("rect", { x, y: y + 4, width: widths[index], height: ROW - 8, fill: "none", stroke: INK.wrong, rx: 2 }));
    sheet.parts.push(label(x + (framed ? FRAME / 2 : 0), y + 16, piece.textContent, { ...style, "text-decoration": piece.className === "missing" ? "line-through" : null }));
    x += widths[index];
  });
}

function drawGraph(app, sheet) {
  const graph = app.graph.picture.cloneNode(true);
  const [, , width, height] = graph.getAttribute("viewBox").split(" ").map(Number);
  const scale = Math.min(GRAPH_SCALE, sheet.width / width, GRAPH_HEIGHT / height);
  for (const [parts, look] of GRAPH) {
    for (const part of graph.querySelectorAll(parts)) for (const [name, value] of Object.entries(look)) part.setAttribute(name, value);
  }
  for (const name of ["style", "role", "aria-label"]) graph.removeAttribute(name);
  for (const [name, value] of Object.entries({ x: sheet.x, y: sheet.y, width: width * scale, height: height * scale })) graph.setAttribute(name, value);
  sheet.parts.push(graph);
  sheet.y += height * scale + 6;
}

function drawNet(app, entry, sheet) {
  const { net, steps, card } = entry;
  const { x, width } = sheet;
  const changed = net === entry.base ? "" : " (changed)";
  sheet.write(`${entry.mark} ${net.name}${changed}`, { "font-size": 15, "font-weight": 600 }, 21);
  sheet.write(`${textOf(card.made)} ${textOf(card.judged)}`, small);
  const wrong = card.verdict.classList.contains("wrong");
  sheet.write(textOf(card.verdict), { fill: wrong ? INK.wrong : INK.text, "font-weight": 600 }, 20);
  const names = columns(net);
  const first = 64;
  const size = (width - first) / names.length;
  names.forEach((column, k) => {
    const { letter, standard, source = standard } = wordsOf(net, column);
    const middle = x + first + (k + 0.5) * size;
    const centred = { ...small, "text-anchor": "middle", "font-size": 10.5 };
    sheet.parts.push(label(middle, sheet.y + 12, `${letter} ${standard.replace(" gate", "")}`, centred));
    if (source !== standard) sheet.parts.push(label(middle, sheet.y + 24, source, centred));
  });
  sheet.y += 30;
  const all = cellsInOrder(net);
  const cells = all.length <= MAX_ROWS ? all : all.filter((cell) => Math.abs(steps[app.t].c[cell]) > 0.005).slice(0, MAX_ROWS);
  const hides = (place) => app.stateOf(entry, place) === "pending";
  for (const cell of cells) {
    const known = !hides({ gate: names.at(-1), cell });
    sheet.parts.push(label(x, sheet.y + 15, net.cells[cell], { "font-weight": known && activity(net, steps[app.t], cell) > 0.5 ? 700 : 400 }));
    names.forEach((gate, k) => {
      const place = { gate, cell };
      drawBar(sheet.parts, hides(place) ? null : valueAt(net, steps, app.t, place), gate, x + first + k * size, sheet.y, size - 3);
    });
    sheet.y += 22;
  }
  drawAnswers(sheet, card, net);
  for (const part of card.why.querySelectorAll("h3, p")) sheet.write(textOf(part), { "font-size": 12, "font-weight": part.nodeName === "H3" ? 600 : 400 });
  sheet.y += 4;
  for (const part of card.found.children) sheet.write(textOf(part), { "font-size": 12, "font-weight": part.nodeName === "H3" ? 600 : 400 });
  return sheet;
}

/** The reader's answers, and from what on a number is a yes. */
function drawAnswers(sheet, card, net) {
  const answers = card.answers.length <= MAX_ANSWERS ? card.answers : [];
  sheet.y += 6;
  sheet.write(`Read by ${net.reading}`, small);
  const across = Math.min(ACROSS, answers.length);
  const wide = sheet.width / across;
  answers.forEach(({ button }, index) => {
    const x = sheet.x + (index % across) * wide;
    const y = sheet.y + 26 * Math.floor(index / across);
    const { classList } = button;
    const wrong = classList.contains("wrong");
    const border = wrong ? { stroke: INK.wrong, "stroke-width": 2, "stroke-dasharray": "4 2" } : { stroke: INK.line };
    sheet.parts.push(svg("rect", { x: x + 1, y, width: wide - 4, height: 22, rx: 4, fill: classList.contains("offered") ? INK.plus : "none", ...border }));
    const shown = classList.contains("pending") ? [button.firstChild] : [...button.children];
    sheet.parts.push(label(x + wide / 2 - 1, y + 15, shown.map((part) => part.textContent).filter(Boolean).join(" "), { "text-anchor": "middle", "font-size": 11 }));
  });
  sheet.y += 26 * Math.ceil(answers.length / (across || 1)) + 4;
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
