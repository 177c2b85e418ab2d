// Undo and redo: what was loaded, typed, written and changed, with the step at which it was.

const MOST = 300;
const SAME_ACTION = 1200;

export class Undo {
  constructor(app) {
    this.app = app;
    this.past = [];
    this.future = [];
    this.last = { kind: "", time: 0 };
  }

  /** To be called before a change; changes of one kind in quick succession, as in typing, are one. */
  remember(kind) {
    const now = Date.now();
    const same = kind === this.last.kind && now - this.last.time < SAME_ACTION && kind !== "generate";
    this.last = { kind, time: now };
    if (!same) {
      this.past.push(this.snapshot());
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
    to.push(this.snapshot());
    this.last.kind = "";
    this.restore(target);
  }

  snapshot() {
    const { word, t, slots, nets } = this.app;
    return { word, t, slots, changes: nets.map(({ factor, edits }) => ({ factor, edits: new Map(edits) })) };
  }

  restore({ word, t, slots, changes }) {
    const { app } = this;
    const snapped = app.slots !== slots;
    Object.assign(app, { word, t, slots, micro: null });
    app.nets.forEach((entry, number) => {
      if (app.change(entry, changes[number]) || snapped) app.seek(entry);
    });
    app.compute();
    app.inspector.rebuild();
    app.update();
  }
}
