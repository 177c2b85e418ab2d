// One number over the steps of the string, for every net that has it.

import { setAttribute, svg } from "../common/dom.js";
import { shown, valueAt } from "../model/reasons.js";

const HEIGHT = 130;
const LEFT = 38;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 22;
const DASHES = ["", "5 3", "2 2", "7 2 2 2"];

/**
 * A picture of a place's values; `lines` are {entry, place}, the first one drawn strongest.
 * `threshold` draws a level, `width` is the room in pixels; a click jumps to the step.
 * Returns {picture, move}: a step moves only what shows it, `move(t)`, and all else stays.
 */
export function timeline(app, lines, threshold, width) {
  const count = app.word.length + 1;
  const series = lines.map(({ entry, place }) => Array.from({ length: count }, (_, t) => valueAt(entry.net, entry.steps, t, place)));
  const values = series.flat().filter((value) => value !== null);
  let low = Math.min(0, ...values, threshold ?? 0);
  let high = Math.max(...values, low + 0.1, threshold ?? low);
  if (high - low < 0.11 && values.every((value) => Math.abs(value) < 1e-3)) high = 1;
  if (low > -1.05 && high < 1.05 && high > 0.2) high = Math.max(1, high);
  if (low < -0.2 && low > -1.05) low = Math.min(-1, low);
  const x = (t) => LEFT + (count > 1 ? (t / (count - 1)) * (width - LEFT - RIGHT) : 0);
  const y = (value) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const parts = [];
  for (const level of levels(low, high)) {
    parts.push(svg("line", { class: "level", x1: LEFT, x2: width - RIGHT, y1: y(level), y2: y(level) }));
    parts.push(svg("text", { class: "tick", x: LEFT - 5, y: y(level) + 3.5, "text-anchor": "end" }, shown(level, 2)));
  }
  if (threshold !== null) {
    parts.push(svg("line", { class: "threshold", x1: LEFT, x2: width - RIGHT, y1: y(threshold), y2: y(threshold) }));
    parts.push(svg("text", { class: "tick", x: width - RIGHT, y: y(threshold) - 3, "text-anchor": "end" }, "threshold"));
  }
  const style = (index) => `net-${lines[index].entry.number % 4}${index === 0 ? " chosen" : ""}`;
  const each = Math.ceil((12 * count) / (width - LEFT - RIGHT));
  for (let t = 1; t < count; t += each) {
    const text = each === 1 ? app.machine.alphabet[app.word[t - 1]] : String(t);
    if (text.length < 4) parts.push(svg("text", { class: "tick", x: x(t), y: HEIGHT - 8, "text-anchor": "middle" }, text));
  }
  const here = svg("line", { class: "here", y1: TOP - 6, y2: HEIGHT - BOTTOM });
  const dots = lines.map((_, index) => svg("circle", { class: `dot ${style(index)}`, r: index === 0 ? 4 : 3 }));
  parts.push(here);
  series.map((line, index) => ({ line, index })).reverse().forEach(({ line, index }) => {
    const points = line.flatMap((value, t) => (value === null ? [] : [`${x(t).toFixed(1)},${y(value).toFixed(1)}`]));
    parts.push(svg("polyline", { class: `line ${style(index)}`, points: points.join(" "), "stroke-dasharray": DASHES[lines[index].entry.number % DASHES.length] }));
    parts.push(dots[index]);
  });
  const picture = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, class: "timeline", role: "img" }, parts);
  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * width;
    app.goTo(Math.round(((at - LEFT) / (width - LEFT - RIGHT)) * (count - 1)));
  });
  const move = (t) => {
    setAttribute(here, "x1", x(t));
    setAttribute(here, "x2", x(t));
    dots.forEach((dot, index) => {
      const now = series[index][t];
      setAttribute(dot, "cx", now === null ? null : x(t));
      setAttribute(dot, "cy", now === null ? null : y(now));
      setAttribute(dot, "visibility", now === null ? "hidden" : null);
    });
    const label = lines.map(({ entry }, index) => `${entry.net.name} ${shown(series[index][t])}`).join(", ");
    setAttribute(picture, "aria-label", `Over the steps of the string; now ${label}`);
  };
  return { picture, move };
}

function levels(low, high) {
  const span = high - low;
  const unit = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => span / size <= 4) ?? span / 3;
  const found = [];
  for (let level = Math.ceil(low / unit); level * unit <= high + 1e-9; level++) found.push(level * unit);
  return found;
}

/** The line styles in words, for a legend. */
export const LINE_WORDS = ["solid", "dashed", "dotted", "dash-dotted"];
