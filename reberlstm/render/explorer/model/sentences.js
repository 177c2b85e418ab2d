// What the cells of a net that was compiled in the page do, in the sentences of `reberlstm explain`: the
// counterpart of reberlstm/explanation for such nets. They are told from the wiring.
//
// A table has a row for each vertex (the zero vector, "after a violation", one active cell) and a column
// for each symbol. A cover says which of its entries are true, in as few names as possible.

import { DEFAULT, ZERO } from "./encoding.js";

const MAX_EXPLAINED = 64;
const MAX_NAMES = 6;
const MAX_BLOCKS = 6;
const FIRST_FEW = 3;
const SYMBOLS_FIRST = 1.5;
const PLAIN = /^([\p{L}\p{N}_][\p{L}\p{N}_.\-+*/#$%&@~°'|]*|[.\-+*/#$%&@~°∅!?^|])$/u;
const RESERVED = ["node", "symbol", "in", "not", "and", "or", "if", "else"];

/** A name as it is, or quoted where it could be taken for something else. */
const shown = (name) => (PLAIN.test(name) && !RESERVED.includes(name) ? name : `'${name}'`);

/** Parts with commas and a last "and". */
function listed(parts, conjunction = "and") {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} ${conjunction} ${parts.at(-1)}`;
}

/** The sentences about a net, by cell and gate, and by head and symbol; null for a large net. */
export function sentencesOf(machine, { encoding, wirings, cells }) {
  if (cells.length > MAX_EXPLAINED) return null;
  const vertices = verticesOf(machine, encoding, wirings, cells);
  const say = new Wording(vertices, machine.alphabet, cells);
  const about = wirings.map((wiring, cell) => cellWords(say, encoding, wirings, cell));
  if (encoding.hasStarted) about.push(startedWords());
  return { kind: "mechanism", summary: [], cells: about, heads: headWords(say, encoding) };
}

/** The vertices, {name, phrase, code}; a phrase is what sentences call one that is no node. */
function verticesOf(machine, { hasStarted, machine: { names, dead } }, wirings, cells) {
  const taken = new Set(cells);
  const fresh = (name) => {
    let free = name;
    while (taken.has(free)) free += "'";
    taken.add(free);
    return free;
  };
  const found = [hasStarted ? { name: "start", phrase: "the start", code: ZERO } : { name: names[0], code: ZERO }];
  if (hasStarted) found.push(dead === null ? { name: names[0], code: DEFAULT } : { name: "dead", phrase: "the dead state", code: DEFAULT });
  for (const vertex of found) vertex.name = fresh(vertex.name);
  const own = wirings.map(({ state }, cell) => ({ name: cells[cell], code: state }));
  const order = new Map(machine.states.map((state, place) => [state, place]));
  return [...found, ...own.sort((a, b) => order.get(names[a.code]) - order.get(names[b.code]))];
}

/** A table of what is true at each vertex and symbol. */
const table = ({ vertices, alphabet }, holds) => vertices.map(({ code }) => alphabet.map((_, symbol) => holds(code, symbol)));

function cellWords(say, encoding, wirings, cell) {
  const { state, symbols, filters } = wirings[cell];
  const rings = table(say, (_, symbol) => symbols.includes(symbol));
  const open = [0, 1].map((k) => table(say, (code, symbol) => !filters[k] || isOpen(filters[k], encoding, code, symbol)));
  const written = both(rings, open[0]);
  const copies = wirings.filter((wiring) => wiring.state === state);
  const name = encoding.machine.names[state];
  const role = copies.length === 1 ? `node ${shown(name)}` : `copy ${wirings[cell].copy} of ${copies.length} of node ${shown(name)}`;
  return {
    role,
    sentence: activeSentence(say.or(), both(written, open[1]), say.cells[cell]),
    notes: [],
    gates: gateTexts("erases at every step", ringsSentence(say, rings), inputSentence(say, rings, open[0]), outputSentence(say, written, open[1])),
  };
}

function startedWords() {
  const gates = gateTexts("erases at every step", "always rings", "always open", "always open");
  return { role: "active from the first symbol on", sentence: "active from the first symbol on, whatever comes", notes: [], gates };
}

function gateTexts(forget, candidate, input, output) {
  const texts = Object.entries({ forget, candidate, input, output });
  return Object.fromEntries(texts.map(([gate, sentence]) => [gate, { sentence, reasons: {} }]));
}

/** Whether a filter lets a pair through: its sum is over 0. */
function isOpen({ states, others, symbols, bias }, { reference }, code, symbol) {
  return (code === reference ? 0 : (states.get(code) ?? others)) + (symbols.get(symbol) ?? 0) + bias > 0;
}

const both = (a, b) => a.map((row, v) => row.map((value, k) => value && b[v][k]));
const not = (a) => a.map((row) => row.map((value) => !value));
const all = (a) => a.every((row) => row.every(Boolean));
const some = (a) => a.some((row) => row.some(Boolean));
const columnsOf = (a) => a[0].map((_, k) => a.map((row) => row[k]));

function activeSentence(say, active, name) {
  if (!some(active)) return "never active";
  if (all(active)) return "active after every symbol";
  const cover = shortest(say, active);
  const text = say.whole(cover, "from");
  const loops = !cover.negated && cover.blocks.length <= 3 && cover.blocks.some(({ nodes }) => nodes.listed.length === 1 && nodes.listed[0] === name);
  const own = `from node ${shown(name)}`;
  return `active after ${loops ? text.replace(own, () => `${own} (a loop)`) : text}`;
}

function ringsSentence(say, rings) {
  const cover = shortest(say, rings);
  return cover.negated && cover.blocks.length === 0 ? "always rings" : `rings ${say.whole(cover, "at", "on")}`;
}

function inputSentence(say, rings, open) {
  if (all(open)) return "always open";
  const part = say.over(say.alphabet.filter((_, k) => rings[0][k]));
  const opens = part.restrict(open);
  if (all(opens)) return `lets ${part.symbols.length <= MAX_NAMES ? listed(part.symbols.map(shown)) : "whatever rings"} in from anywhere`;
  const [these, others] = [shortest(part, opens), shortest(part, not(opens))];
  // A cover that is negated is one of the other pairs, the long way round.
  const lets = !others.negated ? !these.negated && size(these) <= size(others) : true;
  const cover = lets ? these : others;
  if (!lets && cover.by === "symbols" && cover.blocks.some(({ nodes }) => nodes.negated)) return onlySentence(part, cover);
  if (!lets || cover.negated) return `open, but keeps out ${part.pairs(cover, "from")}`;
  const parts = cover.blocks.map(({ nodes, symbols }, place) => {
    const [what, where] = [part.what(symbols), part.where(nodes, "from")];
    if (cover.by === "nodes") return `${where} ${symbols.negated ? "" : "only "}${what}`;
    return `${what}${place ? "" : " in"} ${nodes.negated ? "" : "only "}${where}`;
  });
  if (cover.by === "nodes") return `lets in ${parts.join("; ")}; from elsewhere nothing`;
  const never = part.symbols.filter((symbol) => !cover.blocks.some(({ symbols }) => has(symbols, symbol)));
  return `lets ${[...parts, ...(never.length ? [`${listed(never.map(shown))} never`] : [])].join(", ")}`;
}

/** For what is kept out from everywhere but some nodes: from which nodes each symbol is let in. */
function onlySentence(say, out) {
  const free = say.symbols.filter((symbol) => !out.blocks.some(({ symbols }) => has(symbols, symbol)));
  const parts = free.length ? [`${listed(free.map(shown))} in from anywhere`] : [];
  const never = [];
  for (const { nodes, symbols } of out.blocks) {
    const what = say.what(symbols);
    if (isEverything(nodes)) never.push(`${what} never`);
    else parts.push(`${what}${parts.length ? "" : " in"} ${nodes.negated ? "only " : ""}${say.where({ ...nodes, negated: !nodes.negated }, "from")}`);
  }
  return `lets ${[...parts, ...never].join(", ")}`;
}

function outputSentence(say, written, open) {
  if (all(open)) return "always open";
  const shut = both(written, not(open));
  if (!some(shut)) return "open wherever there is something to show";
  const part = say.over(say.alphabet.filter((_, k) => written.some((row) => row[k])));
  const choices = [["holds back", 0, shut, not(open)], ["shows only", 1, both(written, open), open]].flatMap(([verb, extra, ...masks]) =>
    masks.map((mask) => shortest(part, part.restrict(mask))).map((cover) => ({ verb, cover, cost: size(cover) + extra })),
  );
  const { verb, cover } = leastOf(choices.filter((choice) => !choice.cover.negated), ({ cost }) => cost);
  return `${verb} ${part.pairs(cover, "at")}`;
}

function headWords(say, { machine: { lines, dead } }) {
  const line = ({ code }) => lines[code === ZERO ? 0 : code === DEFAULT ? (dead ?? 0) : code];
  const where = (holds) => namesOf(say.vertices.map((vertex) => holds(line(vertex))), say.names);
  const isNowhere = ({ listed: names, negated }) => !negated && names.length === 0;
  const legal = say.alphabet.map((symbol, k) => {
    const nodes = where(({ legal: may }) => may[k]);
    return [symbol, isNowhere(nodes) ? "never offered" : `offered ${say.where(nodes, "at")}`];
  });
  const ends = where(({ accepting }) => accepting);
  return { legal: Object.fromEntries(legal), accept: { accept: `the word may end ${isNowhere(ends) ? "nowhere" : say.where(ends, "at")}` } };
}

// Sets of names, {listed, negated}, and covers, {blocks: [{nodes, symbols}], negated, by}

const isEverything = ({ listed: names, negated }) => negated && names.length === 0;
const has = ({ listed: names, negated }, name) => names.includes(name) !== negated;

/** The names of what is true: listed, or as all but the others where that is shorter. */
function namesOf(members, names) {
  const chosen = names.filter((_, k) => members[k]);
  if (chosen.length <= names.length - chosen.length + 1 && chosen.length < names.length) return { listed: chosen, negated: false };
  return { listed: names.filter((_, k) => !members[k]), negated: true };
}

/** How many things a reader of a cover has to keep in mind. */
function size({ blocks, negated }) {
  const count = (set) => (isEverything(set) ? 0 : set.listed.length + Number(set.negated));
  return blocks.reduce((sum, { nodes, symbols }) => sum + count(nodes) + count(symbols) + 1, Number(negated));
}

function leastOf(things, cost) {
  return things.reduce((best, thing) => (cost(thing) < cost(best) ? thing : best));
}

/** The groups of equal lines: {line, members}, in the order of their first ones. */
function equal(lines) {
  const groups = new Map();
  lines.forEach((line, k) => {
    const key = line.map(Number).join("");
    if (!groups.has(key)) groups.set(key, { line, members: lines.map(() => false) });
    groups.get(key).members[k] = true;
  });
  return [...groups.values()];
}

/** The shortest cover of a table's true entries; blocks are by symbol unless by node is much shorter. */
function shortest({ names, symbols }, mask) {
  if (all(mask)) return { blocks: [], negated: true, by: "symbols" };
  if (!some(mask)) return { blocks: [], negated: false, by: "symbols" };
  const groups = {
    symbols: equal(columnsOf(mask)).map(({ line, members }) => ({ rows: line, columns: members })),
    nodes: equal(mask).map(({ line, members }) => ({ rows: members, columns: line })),
  };
  const covers = [false, true].flatMap((negated) =>
    ["symbols", "nodes"].map((by) => {
      const turned = groups[by].map(({ rows, columns }) => (by === "nodes" ? [rows, columns.map((value) => value !== negated)] : [rows.map((value) => value !== negated), columns]));
      const filled = turned.filter((sides) => sides.every((side) => side.includes(true)));
      return { blocks: filled.map(([rows, columns]) => ({ nodes: namesOf(rows, names), symbols: namesOf(columns, symbols) })), negated, by };
    }),
  );
  return leastOf(covers, (cover) => size(cover) * (cover.by === "nodes" ? SYMBOLS_FIRST : 1));
}

const firstFew = (names, total, what) => `${names.length} of ${total} ${what} (${names.slice(0, FIRST_FEW).join(", ")}, …)`;

/** Says sets of vertices and symbols; `symbols` are those that "every symbol" means. */
class Wording {
  constructor(vertices, alphabet, cells, symbols = alphabet, conjunction = "and") {
    Object.assign(this, { vertices, alphabet, cells, symbols, conjunction, names: vertices.map(({ name }) => name) });
  }

  over(symbols) {
    return new Wording(this.vertices, this.alphabet, this.cells, symbols, this.conjunction);
  }

  or() {
    return new Wording(this.vertices, this.alphabet, this.cells, this.symbols, "or");
  }

  /** The columns of a table that are of these symbols. */
  restrict(mask) {
    return mask.map((row) => row.filter((_, k) => this.symbols.includes(this.alphabet[k])));
  }

  /** Vertices one by one: "nodes 0 and 1", "the start and node 5". */
  nodes(names) {
    const phrase = (name) => this.vertices.find((vertex) => vertex.name === name).phrase;
    const special = names.map(phrase).filter(Boolean);
    const plain = names.filter((name) => !phrase(name)).map(shown);
    if (names.length > MAX_NAMES) return firstFew([...special, ...plain], this.names.length, "nodes");
    if (plain.length) special.push(`node${plain.length > 1 ? "s" : ""} ${listed(plain, this.conjunction)}`);
    return listed(special, this.conjunction);
  }

  where(nodes, preposition) {
    if (isEverything(nodes)) return preposition === "from" ? "from anywhere" : "everywhere";
    const text = this.nodes(nodes.listed);
    if (!nodes.negated) return `${preposition} ${text}`;
    return preposition === "from" ? `from everywhere but ${text}` : `everywhere but ${preposition} ${text}`;
  }

  what(symbols) {
    const whole = this.symbols.length === this.alphabet.length;
    if (isEverything(symbols) && whole) return "every symbol";
    const names = symbols.negated && !whole ? this.symbols.filter((name) => has(symbols, name)) : symbols.listed;
    const text = names.length > MAX_NAMES ? firstFew(names.map(shown), this.alphabet.length, "symbols") : listed(names.map(shown), this.conjunction);
    return symbols.negated && whole ? `every symbol but ${text}` : text;
  }

  /** The blocks of a cover: "T from nodes 0 and 1, S from node 1". */
  pairs({ blocks }, preposition, prefix = "") {
    const several = blocks.length > 1;
    const parts = blocks.map(({ nodes, symbols }) => {
      const words = several || !isEverything(symbols) || !prefix ? [`${prefix} ${this.what(symbols)}`.trim()] : [];
      return [...words, ...(several || !isEverything(nodes) ? [this.where(nodes, preposition)] : [])].join(" ");
    });
    if (parts.length > MAX_BLOCKS) return `${parts.slice(0, FIRST_FEW).join(", ")} and ${parts.length - FIRST_FEW} more such cases`;
    if (parts.some((part) => part.includes(", "))) return parts.join("; ");
    if (several && parts.some((part) => part.includes(` ${this.conjunction} `))) return `${parts.slice(0, -1).join(", ")}, ${this.conjunction} ${parts.at(-1)}`;
    return listed(parts, this.conjunction);
  }

  /** A whole cover: like `pairs`, or all, or all but some. */
  whole(cover, preposition, prefix = "") {
    const everything = prefix ? "always" : this.what({ listed: [], negated: true });
    if (cover.negated && cover.blocks.length === 0) return everything;
    const pairs = this.pairs(cover, preposition, prefix);
    return cover.negated ? `${everything} except ${pairs}` : pairs;
  }
}
