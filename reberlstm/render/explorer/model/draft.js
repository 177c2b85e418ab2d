// A machine as a file states it, until it is checked: as reberlstm/formats/draft.py, but that a machine
// which is not deterministic is not determinised: `refused` says why it is none, and `more` are the arrows
// that are too many, where it can be drawn nevertheless.

import { makeSound, MAX_ARROWS, MAX_STATES } from "./soundness.js";
import { checkWildcards } from "./labels.js";
import { lengthOf, pieces, quoted } from "./texts.js";

/** The command that makes a file which the page reads. */
export const CONVERT = "`reberlstm convert FILE machine.toml` makes a file of it that the page reads";

/** As what an empty output is shown. */
export const EMPTY_OUTPUT = "ε";

export class Draft {
  /** `hint`: how such a file marks the start. `at`: the text of a place, behind the name of the file. */
  constructor(where, hint, at = (line) => (line ? `, line ${line}` : "")) {
    Object.assign(this, { where, hint, at, name: "", title: "", source: "" });
    this.keys = [];
    this.names = [];
    this.initial = new Set();
    this.accepting = new Set();
    this.outputs = new Map();
    this.stop = new Map();
    this.arrows = [];
    this.alphabet = null;
    this.notes = [];
    this.drawn = false;
    this.index = new Map();
  }

  /** The number of the state with that key, which is new where the key is. */
  state(key, place, name = "", text = key) {
    const known = this.index.get(key);
    if (known !== undefined) return known;
    if (this.names.length === MAX_STATES) throw this.error(place, `more than ${MAX_STATES} states, which is what a page takes at most`);
    this.index.set(key, this.names.length);
    this.keys.push(text);
    return this.names.push(name) - 1;
  }

  find(key) {
    return this.index.get(key);
  }

  arrow(source, symbol, target, place, probability = null) {
    // A file may say the same arrow twice.
    if (this.arrows.length === 2 * MAX_ARROWS) throw this.error(place, `more than ${MAX_ARROWS.toLocaleString("en")} arrows, which is what a page takes at most`);
    this.arrows.push({ source, symbol, target, place, probability });
  }

  error(place, message) {
    return new Error(`${this.where}${this.at(place)}: ${message}`);
  }

  /** {machine, notes, more, refused}. Throws an Error that says what is missing, or what is wrong where. */
  finish() {
    if (this.names.length === 0) throw this.error(null, "no states; a machine has at least one");
    if (this.initial.size === 0) throw this.error(null, `no start state; ${this.hint}`);
    this.settleNames();
    const alphabet = this.settleAlphabet();
    if (alphabet.length === 0) throw this.error(null, "no arrow has a symbol, and a machine needs at least one");
    const clashes = this.separate();
    const refused = clashes.length ? this.refused(clashes[0].place, `two arrows leave ${quoted(this.names[clashes[0].source])} on ${quoted(clashes[0].symbol)}`) : null;
    const more = clashes.map(({ source, symbol, target }) => ({ source: this.names[source], symbol, target: this.names[target] }));
    try {
      return { machine: this.built(alphabet, more.length === 0), notes: this.notes, more, refused };
    } catch (error) {
      throw new Error(`${this.where}: ${error.message}`, { cause: error });
    }
  }

  /** Makes the names of the states distinct and not empty. */
  settleNames() {
    const names = this.names.map((name, number) => name || this.keys[number]);
    const count = new Map();
    for (const name of names) count.set(name, (count.get(name) ?? 0) + 1);
    const taken = new Map();
    this.names = names.map((name, number) => {
      const wanted = count.get(name) > 1 ? `${name} (${this.keys[number]})` : name || "(unnamed)";
      let result = wanted;
      while (taken.has(result)) {
        taken.set(wanted, taken.get(wanted) + 1);
        result = `${wanted}#${taken.get(wanted)}`;
      }
      taken.set(result, 1);
      return result;
    });
  }

  /** The symbols in order; blanks in them go where they would split words. */
  settleAlphabet() {
    if (this.alphabet !== null) return this.alphabet;
    const used = [...new Set(this.arrows.map(({ symbol }) => symbol).filter((symbol) => symbol !== null))];
    if (this.drawn) checkWildcards(this, used);
    if (used.every((symbol) => lengthOf(symbol) === 1) || used.every((symbol) => pieces(symbol)[0] === symbol)) return used;
    const renamed = new Map(used.map((symbol) => [symbol, pieces(symbol).join("_") || "␣".repeat(lengthOf(symbol))]));
    if (new Set(renamed.values()).size < renamed.size) throw this.error(null, "symbols with blanks in them, which separate symbols; replace them by _");
    for (const arrow of this.arrows) if (arrow.symbol !== null) arrow.symbol = renamed.get(arrow.symbol);
    const [old, fresh] = [...renamed].find(([symbol, text]) => symbol !== text);
    this.notes.push(`blanks in symbols were replaced, as in ${quoted(old)} → ${quoted(fresh)}, since blanks separate the symbols of a word`);
    return [...renamed.values()];
  }

  refused(place, why) {
    return this.error(place, `${why}: this machine is not deterministic; ${CONVERT}`);
  }

  /** Takes away, and returns, the arrows on a symbol that leads from a state to another one already. */
  separate() {
    if (this.initial.size > 1) throw this.refused(null, `${this.initial.size} start states`);
    const targets = new Map();
    const clashes = [];
    const all = this.arrows;
    this.arrows = all.filter((arrow) => {
      const { source, symbol, target, place } = arrow;
      if (symbol === null) throw this.refused(place, `an arrow from ${quoted(this.names[source])} reads no symbol (ε)`);
      const key = `${source} ${symbol}`;
      const known = targets.get(key) ?? targets.set(key, []).get(key);
      const isNew = !known.includes(target);
      if (isNew) known.push(target);
      if (isNew && known.length > 1) clashes.push(arrow);
      return target === known[0];
    });
    if (targets.size + clashes.length < all.length) this.notes.push("arrows that stand twice were taken once");
    return clashes;
  }

  built(alphabet, isWhole) {
    const { names } = this;
    const states = names.map((name) => [name, new Map()]);
    const probabilities = new Map();
    for (const { source, symbol, target, probability } of this.arrows) {
      states[source][1].set(symbol, names[target]);
      if (probability === null || !isWhole) continue;
      const line = probabilities.get(names[source]) ?? probabilities.set(names[source], new Map()).get(names[source]);
      line.set(symbol, (line.get(symbol) ?? 0) + probability);
    }
    const byName = (table) => new Map([...table].map(([state, value]) => [names[state], value]));
    const [start] = this.initial;
    return makeSound({
      name: this.name,
      title: this.title,
      source: this.source,
      alphabet,
      start: names[start],
      accepting: [...this.accepting].map((state) => names[state]),
      states,
      outputs: byName(this.outputs),
      stop: byName(this.stop),
      probabilities,
    });
  }
}
