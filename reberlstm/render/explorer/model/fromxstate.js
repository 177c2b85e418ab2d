// XState's machines, as far as they are plain finite machines, as reberlstm/formats/xstate.py reads them.

import { NumberText } from "./jsontext.js";
import { quoted } from "./texts.js";

const REFUSED = {
  states: "nested states",
  always: "arrows without an event",
  after: "delayed arrows",
  invoke: "invocations",
  guard: "guards",
  cond: "guards",
  in: "guards",
};
const ACTIONS = ["actions", "entry", "exit", "onEntry", "onExit", "activities", "output"];

/** Whether parsed JSON is a machine of XState rather than a graph. */
export const isXstate = (data) => data instanceof Map && data.get("states") instanceof Map && !data.has("nodes");

/** The machine in parsed JSON. Throws an Error. */
export function readXstate(top, draft) {
  const has = { actions: false, ids: new Map() };
  if (top.get("type") === "parallel") throw draft.error("type", "parallel states, which make no plain finite machine");
  const states = top.get("states");
  check(draft, has, new Map([...top, ["states", null]]), "");
  for (const [name, value] of states) {
    const number = draft.state(name, `states.${name}`, name);
    const id = value instanceof Map ? value.get("id") : null;
    if (typeof id === "string" && !has.ids.has(id)) has.ids.set(id, number);
  }
  const given = top.get("initial");
  const initial = given instanceof Map ? given.get("target") : given;
  if (initial !== undefined && initial !== null) draft.initial.add(targetOf(draft, has, initial, "initial", top));
  if (typeof top.get("id") === "string") draft.name = top.get("id");
  for (const [name, value] of states) readState(draft, has, top, name, value);
  if (draft.accepting.size === 0) draft.notes.push('no state is of "type": "final"; none accepts');
  draft.notes.push("a machine of XState: an event that a state does not name may not come here, where XState ignores it");
  if (has.actions) draft.notes.push("its actions were left out");
  return draft.finish();
}
readXstate.hint = 'name it in "initial"';

function readState(draft, has, top, name, value) {
  const path = `states.${name}`;
  const state = tableOf(draft, value, path);
  check(draft, has, state, path);
  const kind = state.has("type") ? state.get("type") : "atomic";
  if (kind !== "atomic" && kind !== "final") throw draft.error(path, `a state of type ${quoted(kind)}, which is not plain`);
  const number = draft.find(name);
  const events = new Map([...tableOf(draft, top.get("on"), "on"), ...tableOf(draft, state.get("on"), path)]);
  if (kind === "final") {
    draft.accepting.add(number);
    return;
  }
  for (const [event, to] of events) {
    const at = `${path}.on.${event}`;
    if (event.includes("*") || event === "") throw draft.error(at, `${quoted(event)} stands for any event; spell them out`);
    draft.arrow(number, event, destination(draft, has, to, number, at, top), at);
  }
}

/** The state that an event leads to: the same one where there is no target. */
function destination(draft, has, given, source, path, top) {
  if (Array.isArray(given) && given.length > 1) throw draft.error(path, "several arrows on one event, which are guarded");
  let value = Array.isArray(given) ? (given[0] ?? null) : given;
  if (value instanceof Map) {
    check(draft, has, value, path);
    value = value.get("target") ?? null;
    if (Array.isArray(value) && value.length === 1) [value] = value;
  }
  return value === null ? source : targetOf(draft, has, value, path, top);
}

function targetOf(draft, has, value, path, top) {
  if (typeof value === "string") {
    const prefix = `#${top.get("id") ?? "None"}.`;
    const short = value.startsWith(prefix) ? value.slice(prefix.length) : value;
    const number = draft.find(value) ?? draft.find(short) ?? (value.startsWith("#") ? has.ids.get(value.slice(1)) : undefined);
    if (number !== undefined) return number;
  }
  throw draft.error(path, `${quoted(value)} is no state of the machine`);
}

/** An object of the file; what is empty or missing is an empty one. */
function tableOf(draft, value, path) {
  if (isEmpty(value)) return new Map();
  if (!(value instanceof Map)) throw draft.error(path, `expected an object, found ${quoted(value)}`);
  return value;
}

function isEmpty(value) {
  return value instanceof NumberText ? value.value === 0 : !value || value.length === 0 || value.size === 0;
}

/** Refuses what is not plain. */
function check(draft, has, table, path) {
  for (const [key, value] of table) {
    if (isEmpty(value)) continue;
    if (Object.hasOwn(REFUSED, key)) throw draft.error(`${path}.${key}`.replace(/^\./, ""), `${REFUSED[key]}, which make no plain finite machine`);
    has.actions ||= ACTIONS.includes(key);
  }
}
