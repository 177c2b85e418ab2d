// What is undone in this mode: what was loaded, typed, written and changed, with the step at which it was.

import { Undo } from "../common/undo.js";

/** Undo and redo for the app. */
export function makeUndo(app) {
  return new Undo({
    snapshot() {
      const { word, t, slots, nets } = app;
      return { word, t, slots, changes: nets.map(({ factor, edits }) => ({ factor, edits: [...edits] })) };
    },
    restore({ word, t, slots, changes }) {
      const snapped = app.slots !== slots;
      Object.assign(app, { word, t, slots, micro: null });
      app.nets.forEach((entry, number) => {
        if (app.change(entry, changes[number]) || snapped) app.seek(entry);
      });
      app.compute();
      app.inspector.rebuild();
      app.update();
    },
  });
}
