// What is still to be put right, and what is to be noted, with a button for each remedy.

import { byId, el, fill, setText } from "../common/dom.js";
import { faultsOf, machineOf } from "./editing.js";

const MANY = 6;

/** Shows them, and has the net made as soon as the drawing is a machine. */
export function showFaults(mode) {
  const { drawing } = mode;
  const faults = faultsOf(drawing);
  const ready = !faults.some(({ stops }) => stops);
  const empty = drawing.states.length === 0;
  const shown = [...faults.slice(0, MANY).map((fault) => item(mode, fault)), faults.length > MANY ? el("li", {}, `And ${faults.length - MANY} more.`) : null];
  // What is to be noted of a machine stands beside the verdict; before there is one, all stands below the sheet.
  fill(byId("faults"), ready || empty ? null : shown);
  fill(byId("trial-notes"), ready ? shown : null);
  byId("draw-toml").disabled = !ready;
  byId("draw-svg").disabled = empty;
  setText(byId("draw-why"), ready || empty ? "" : "Save TOML waits until the drawing is a machine. The link has the drawing as it is.");
  mode.trial.update(ready ? machineOf(drawing) : null);
}

function item(mode, { text, stops, remedies }) {
  return el("li", { class: stops && remedies.length ? "stops" : "" }, `${text} `, remedies.length > MANY ? choice(mode, remedies) : remedies.map(([words, drawing]) => el("button", { type: "button", onclick: () => mode.mend(drawing) }, words)));
}

/** A list of many remedies. */
function choice(mode, remedies) {
  const take = ({ target }) => target.value !== "" && mode.mend(remedies[target.value][1]);
  return el("select", { "aria-label": "What to do", onchange: take }, el("option", { value: "" }, "Choose…"), remedies.map(([words], number) => el("option", { value: number }, words)));
}
