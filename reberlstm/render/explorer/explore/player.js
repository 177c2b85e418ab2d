// Playing: one step after the other by itself, until there is none.

import { byId, setText } from "../common/dom.js";

export class Player {
  constructor(app) {
    this.app = app;
    this.timer = null;
  }

  get playing() {
    return this.timer !== null;
  }

  toggle() {
    const { app } = this;
    if (this.playing) {
      this.pause();
      return;
    }
    if (app.t === app.word.length && !app.generating) app.goTo(0);
    this.tick();
  }

  tick() {
    const wait = Number(byId("speed").value);
    this.timer = setTimeout(() => (this.app.forward() ? this.tick() : this.pause()), wait);
    this.show();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    this.show();
    this.app.announce();
  }

  show() {
    setText(byId("play-sign"), this.playing ? "❚❚" : "▶");
    byId("play").setAttribute("aria-pressed", String(this.playing));
  }

  changeSpeed(by) {
    const speed = byId("speed");
    speed.selectedIndex = Math.max(0, Math.min(speed.options.length - 1, speed.selectedIndex + by));
  }
}
