// The bars of a net's table, behind its numbers.

import { setAttribute, svg } from "../common/dom.js";

const LEAST = 0.2;
const BEYOND = 1.005;

/** All bars are two shapes, so that a step of a large net costs no more than one of a small net. */
export class Bars {
  constructor(number, rows) {
    this.rows = rows;
    this.plus = svg("path", { class: "plus" });
    this.minus = svg("path", { class: "minus" });
    this.zeros = svg("path", { class: "zeros" });
    this.over = svg("path", { class: "beyond" });
    const hatch = `hatch-${number}`;
    const ground = svg("rect", { class: "ground", width: 5, height: 5 });
    const stripe = svg("rect", { class: "stripe", width: 1.3, height: 5 });
    const pattern = svg("pattern", { id: hatch, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, ground, stripe);
    this.minus.style.fill = `url(#${hatch})`;
    this.element = svg("svg", { class: "bars", "aria-hidden": "true" }, svg("defs", {}, pattern), this.plus, this.minus, this.zeros, this.over);
  }

  resized() {
    this.places = null;
    this.draw();
  }

  draw() {
    this.places ??= this.measure();
    const { left, width, top, height } = this.places;
    let plus = "";
    let minus = "";
    let zeros = "";
    let over = "";
    this.rows.forEach((row, r) => {
      if (row.cell < 0) return;
      row.cells.forEach(({ signed, value }, k) => {
        const from = signed ? left[k] + width[k] / 2 : left[k];
        if (signed) zeros += `M${from} ${top[r]}v${height}`;
        const length = Math.max(-1, Math.min(1, value ?? 0)) * (signed ? width[k] / 2 : width[k]);
        if (Math.abs(length) < LEAST) return;
        const path = `M${from} ${top[r]}h${length.toFixed(1)}v${height}H${from}z`;
        if (length < 0) minus += path;
        else plus += path;
        if (Math.abs(value) > BEYOND) over += `M${from + length * 0.97} ${top[r]}v${height}`;
      });
    });
    setAttribute(this.plus, "d", plus);
    setAttribute(this.minus, "d", minus);
    setAttribute(this.zeros, "d", zeros);
    setAttribute(this.over, "d", over);
  }

  /** On paper the table has another size that cannot be measured: there each box has its bar as its own background. */
  fillBoxes() {
    for (const { element, signed, value } of this.rows.flatMap(({ cells }) => cells)) {
      const length = Math.max(-1, Math.min(1, value ?? 0)) * (signed ? 50 : 100);
      const size = Math.abs(length);
      const from = (signed ? 50 : 0) + Math.min(0, length);
      element.style.setProperty("--size", `${size}%`);
      element.style.setProperty("--at", `${size < 100 ? (100 * from) / (100 - size) : 0}%`);
      element.dataset.bar = `${signed ? "signed " : ""}${length < 0 ? "minus" : "plus"}${Math.abs(value) > BEYOND ? " beyond" : ""}`;
    }
  }

  /** Where the table's boxes are; they stay there until the table has another size. */
  measure() {
    const first = this.rows[0].cells.map(({ element }) => element);
    return {
      left: first.map((element) => element.offsetLeft),
      width: first.map((element) => element.offsetWidth),
      top: this.rows.map((row) => row.cells[0].element.offsetTop),
      height: first[0].offsetHeight,
    };
  }
}
