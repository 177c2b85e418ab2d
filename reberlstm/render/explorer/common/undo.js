// Undo and redo of whatever has a `snapshot()` and can `restore` one.

const MOST = 300;
const SAME_ACTION = 1200;

export class Undo {
  constructor(app) {
    this.app = app;
    this.past = [];
    this.future = [];
    this.last = { kind: "", time: 0 };
  }

  /** Does what may change something, and remembers how it was before if it does. */
  do(kind, action) {
    const before = this.app.snapshot();
    action();
    if (JSON.stringify(before) !== JSON.stringify(this.app.snapshot())) this.remember(kind, before);
  }

  /** To be called before a change; changes of one kind in quick succession, as in typing, are one. */
  remember(kind, before = this.app.snapshot()) {
    const now = Date.now();
    const same = kind === this.last.kind && now - this.last.time < SAME_ACTION && kind !== "generate";
    this.last = { kind, time: now };
    if (!same) {
      this.past.push(before);
      if (this.past.length > MOST) this.past.shift();
    }
    this.future = [];
  }

  undo() {
    this.travel(this.past, this.future);
  }

  redo() {
    this.travel(this.future, this.past);
  }

  travel(from, to) {
    const target = from.pop();
    if (!target) return;
    to.push(this.app.snapshot());
    this.last.kind = "";
    this.app.restore(target);
  }
}
