// The machine's title above the sheet: a click on it changes it.

import { byId, setText } from "../common/dom.js";
import { callIt, calledOf } from "./editing.js";

export class Heading {
  constructor(mode) {
    this.mode = mode;
    this.button = byId("draw-title");
    this.field = byId("draw-title-field");
    this.button.addEventListener("click", () => this.open());
    this.field.addEventListener("blur", () => this.close(true));
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      this.close(event.key === "Enter");
      this.button.focus();
    });
  }

  open() {
    this.field.value = calledOf(this.mode.drawing).title;
    this.show(true);
    this.field.select();
  }

  close(takes) {
    if (this.field.hidden) return;
    this.show(false);
    if (takes) this.mode.change(callIt(this.mode.drawing, "title", this.field.value));
  }

  show(open) {
    this.field.hidden = !open;
    this.button.hidden = open;
  }

  update() {
    const { title, name } = calledOf(this.mode.drawing);
    setText(this.button, title || name || "Your machine");
  }
}
