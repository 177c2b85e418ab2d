// From a machine to the weights of an LSTM: the counterpart of reberlstm/compiler for its usual wiring,
// with the same cells and the same weights, and of `net_data` in reberlstm/render/page.py.
//
// 1. `complete` makes the machine complete, `encode` says which states get a cell: encoding.js.
// 2. `wire` finds which symbols ring each cell and which filters keep the others out: layout.js, ferrers.js.
// 3. `layOut` makes rows of weights of these, and `compileMachine` the page's data of a net.

import { complete, encode } from "./encoding.js";
import { ACTIVE, layOut, wire } from "./layout.js";

const RULES = { next: { function: "softmax", threshold: 0.1 }, label: { function: "argmax", threshold: 0 }, logit: { function: "logit", threshold: 0 } };

/** More take the page too long; `reberlstm compile` takes 100,000. */
export const MAX_STATES = 200;

/** The compiled net as the page's data has it. Throws an Error that says in a line what is wrong. */
export function compileMachine(machine) {
  return netData(machine, wiringOf(machine));
}

/** What a net is made of: {encoding, wirings, cells, gates, heads, gain}. */
export function wiringOf(machine) {
  if (machine.counters) throw new Error("this machine has counters; the page compiles machines of states only, and `reberlstm compile` takes both");
  if (machine.alphabet.length === 0) throw new Error("the machine has no symbols; give its arrows at least one");
  if (!machine.states.includes(machine.start)) throw new Error("no word leads to any state; choose the state that words start in");
  const whole = complete(machine);
  if (whole.names.length > MAX_STATES) {
    throw new Error(`words lead to ${whole.names.length.toLocaleString("en")} states; the page compiles up to ${MAX_STATES}, and \`reberlstm compile\` takes more`);
  }
  const encoding = encode(whole);
  const wirings = wire(encoding);
  return { encoding, wirings, ...layOut(encoding, wirings) };
}

/** A wired net as the page's data has it. */
export function netData(machine, { cells, gates, heads, gain }) {
  const rows = Object.values(gates).flat();
  return {
    name: "compiled",
    title: "LSTM",
    reading: `legal: logit > 0; accept: logit > 0${heads.label ? "; label: argmax" : ""}`,
    claims: "all",
    on_violation: "absorb",
    gain,
    height: ACTIVE,
    signed: false,
    alphabet: [...machine.alphabet],
    cells,
    counting: {},
    layers: [
      {
        cell: "lstm",
        gates: Object.keys(gates),
        weight_ih: matrix(rows, machine.alphabet.length, "symbols"),
        weight_hh: matrix(rows, cells.length, "cells"),
        bias_ih: rows.map(({ bias }) => bias),
        bias_hh: rows.map(() => 0),
      },
    ],
    vectors: null,
    start: null,
    suffix: null,
    heads: Object.fromEntries(Object.entries(heads).map(([kind, lines]) => [kind, headData(kind, lines, cells.length)])),
  };
}

function headData(kind, lines, width) {
  const layers = [{ weight: matrix(lines, width, "cells"), bias: lines.map(({ bias }) => bias) }];
  return { layers, activation: "", ...(RULES[kind] ?? RULES.logit), extra: 0 };
}

/** The weights of rows on cells or symbols: sparse rows [index, value, …], or where most are nonzero base64. */
function matrix(lines, width, what) {
  const values = lines.map((line) => Array.from({ length: width }, (_, k) => line[what].get(k) ?? (what === "cells" ? line.others : 0)));
  const shape = [lines.length, width];
  const rows = values.map((line) => line.flatMap((value, k) => (value === 0 ? [] : [k, value])));
  const nonzero = rows.reduce((sum, line) => sum + line.length / 2, 0);
  if (nonzero * 3 <= lines.length * width) return { shape, rows };
  const view = new DataView(new ArrayBuffer(8 * lines.length * width));
  values.flat().forEach((value, k) => view.setFloat64(8 * k, value, true));
  return { shape, float64: btoa(Array.from(new Uint8Array(view.buffer), (byte) => String.fromCharCode(byte)).join("")) };
}
