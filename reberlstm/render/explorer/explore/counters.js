// The counters of the grammar as number lines, with what a net's cell holds in their place.

import { el, setAttribute, setText, svg } from "../common/dom.js";
import { LOST } from "../model/machine.js";
import { shown } from "../model/reasons.js";

const WIDTH = 420;
const HEIGHT = 46;
const SIDE = 16;
const AXIS = 24;
const LEAST = 5;

export class NumberLines {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.lines = [];
  }

  /** Lines that reach over all values of the string. */
  rebuild() {
    const { machine, states } = this.app;
    this.root.hidden = !machine.counters;
    if (!machine.counters) return;
    this.lines = machine.counters.map((name, k) => {
      const values = states.filter((node) => node !== LOST).map((node) => machine.counts[node][k]);
      const low = Math.min(0, ...values);
      return this.line(name, k, low, Math.max(low + LEAST, ...values));
    });
    this.root.replaceChildren(...this.lines.map(({ figure }) => figure));
    this.update();
  }

  line(name, k, low, high) {
    const x = (value) => SIDE + ((Math.max(low, Math.min(high, value)) - low) / (high - low)) * (WIDTH - 2 * SIDE);
    const parts = [svg("line", { class: "axis", x1: SIDE, x2: WIDTH - SIDE, y1: AXIS, y2: AXIS })];
    const each = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((size) => (high - low) / size <= 12) ?? high - low;
    for (let value = Math.ceil(low / each) * each; value <= high; value += each) {
      parts.push(svg("line", { class: "axis", x1: x(value), x2: x(value), y1: AXIS - 4, y2: AXIS + 4 }));
      parts.push(svg("text", { x: x(value), y: AXIS + 18, class: value === 0 ? "zero" : null }, String(value)));
    }
    const dot = svg("circle", { class: "dot", r: 7, cy: AXIS });
    const marks = this.app.nets.map((_, number) => svg("path", { class: `held net-${number % 4}`, d: `M-4 ${AXIS - 16}h8l-4 7z` }));
    const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }, parts, dot, marks);
    const label = el("span", { class: "value" });
    return { name, k, x, dot, marks, picture, label, figure: el("div", { class: "counter" }, label, picture) };
  }

  update() {
    const { app } = this;
    const node = app.states[app.t];
    for (const { name, k, x, dot, marks, picture, label } of this.lines) {
      const value = node === LOST ? null : app.machine.counts[node][k];
      setAttribute(dot, "cx", value === null ? null : x(value));
      setAttribute(dot, "visibility", value === null ? "hidden" : null);
      const said = [value === null ? `${name}: none, since a violation` : `${name} = ${value}`];
      app.nets.forEach((entry, number) => {
        const cell = entry.net.cells.indexOf(app.data.nets[number].counting?.[name] ?? null);
        const held = entry.shown && cell >= 0 ? entry.steps[app.t].c[cell] : null;
        setAttribute(marks[number], "visibility", held === null ? "hidden" : null);
        if (held === null) return;
        setAttribute(marks[number], "transform", `translate(${x(held)} 0)`);
        said.push(`${entry.net.name}: c = ${shown(held, 4)}`);
      });
      setText(label, said.join("; "));
      setAttribute(picture, "aria-label", `Number line of ${said.join("; ")}`);
    }
  }
}
