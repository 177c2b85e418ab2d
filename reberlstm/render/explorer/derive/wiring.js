// From a student's choices to weights: the one rule of the lessons.
//
// A row is one gate of one cell, or one row of the reader. Of each the student chooses how it rests
// and what each symbol and each cell does to it: +1, −1 or nothing. These choices are a row's numbers
// [rest, chip, chip, …]; a wiring is an array of them, one for each row that `rowsOf` names.

/** What an active cell gives out: its memory is 1 and its output gate is open. */
export const HEIGHT = Math.tanh(1);

/** The sum in a gate that is open, and in one that is shut. An open eraser keeps only 95 of 100 parts. */
const LEVELS = { input: [20, -20], forget: [3, -20], output: [20, -20], candidate: [20, -20], reader: [1, -1] };

/** The gates as an LSTM of PyTorch has them, and as the table shows them. */
const BLOCKS = ["input", "forget", "candidate", "output"];
export const COLUMNS = ["forget", "candidate", "input", "output"];

/** What is chosen of a gate that a lesson does not speak of. */
const UNSPOKEN = { input: 1, forget: -1, candidate: 0, output: 1 };

/** What a chip does to each gate, and how the gate rests without one. */
const GATE = { rests: ["shut", "open"], plus: "opened by", minus: "shut by", signs: "+ opens, − shuts" };
const WORDS = {
  input: GATE,
  forget: GATE,
  output: GATE,
  candidate: { rests: ["", ""], plus: "rings + on", minus: "rings − on", signs: "+ writes 1, − writes −1" },
  reader: { rests: ["no", "yes"], plus: "yes with", minus: "no with", signs: "+ makes it a yes, − a no" },
};

/** What can be done to the published net: all its filters, or erasers, times 1, 2 or 4. */
const STEEP = { rests: ["as published", "twice as steep", "four times as steep"] };

/** The rows of a lesson, {key, gate, cell, name, reads}; of the reader `cell` is −1, and `answer` the symbol's number. */
export function rowsOf({ machine, cells, gates, head, published }) {
  if (published) return gates.map((gate) => ({ key: gate, gate, cell: null, name: "all", isSteep: true, reads: [] }));
  const ofCells = cells.map((name, index) => ({ kind: "cell", index, name }));
  const ofSymbols = machine.alphabet.map((name, index) => ({ kind: "symbol", index, name }));
  const rows = cells.flatMap((name, cell) => gates.map((gate) => ({ key: `${gate} ${name}`, gate, cell, name, reads: [...ofSymbols, ...ofCells] })));
  const answers = head === "accept" ? ["end"] : machine.alphabet;
  return [...rows, ...answers.map((name, answer) => ({ key: `reader ${name}`, gate: "reader", cell: -1, answer, name, reads: ofCells }))];
}

/** A row where nothing is chosen yet: gates and answers rest at shut and no, the writer at 0. */
export function emptyRow({ gate, reads }) {
  return [gate === "candidate" ? 0 : -1, ...reads.map(() => 0)];
}

/** A row's numbers from a text such as "open -5 +T": how it rests, and what its chips are. */
export function readRow(row, text) {
  const numbers = emptyRow(row);
  for (const part of text.split(" ").filter(Boolean)) {
    if (part === "open" || part === "yes") numbers[0] = 1;
    else if (part !== "shut" && part !== "no") {
      const chip = row.reads.findIndex(({ name }) => name === part.slice(1));
      if (chip < 0) throw new Error(`${row.key}: nothing is called “${part.slice(1)}”`);
      numbers[chip + 1] = part[0] === "+" ? 1 : -1;
    }
  }
  return numbers;
}

/** The words for a row: the two ways to rest, what + and − do, and that in one line. */
export function wordsOf(row) {
  return row.isSteep ? STEEP : WORDS[row.gate];
}

/** What a row does, in one line. */
export function sentenceOf(row, numbers) {
  const { rests, plus, minus } = wordsOf(row);
  const named = (sign) => {
    const of = (wanted) => row.reads.flatMap(({ kind, name }, k) => (kind === wanted && numbers[k + 1] === sign ? [name] : []));
    const cells = of("cell");
    return [...of("symbol"), ...(cells.length ? [`cell${cells.length > 1 ? "s" : ""} ${cells.join(" and ")}`] : [])].join(", ");
  };
  const parts = [rests[row.isSteep ? numbers[0] + 1 : numbers[0] > 0 ? 1 : 0], named(1) && `${plus} ${named(1)}`, named(-1) && `${minus} ${named(-1)}`];
  return parts.filter(Boolean).join(", ") || "never rings";
}

/** The weights of a row: {bias, chips}, in the order of what it reads. */
export function weightsOfRow(row, numbers) {
  const [open, shut] = LEVELS[row.gate];
  const half = (open - shut) / 2;
  const chips = row.reads.map(({ kind }, k) => (2 * half * numbers[k + 1]) / (kind === "cell" ? HEIGHT : 1));
  return { bias: (open + shut) / 2 + half * numbers[0], chips };
}

/** The published net with the sums of some gates times a factor. */
function steeper({ published, rows }, wiring) {
  const [layer] = published.layers;
  const factors = layer.gates.map((gate) => 2 ** ((wiring[rows.findIndex((row) => row.gate === gate)]?.[0] ?? -1) + 1));
  const factorOf = (row) => factors[Math.floor(row / published.cells.length)];
  const matrix = ({ shape, rows: lines }) => ({ shape, rows: lines.map((line, row) => line.map((value, k) => (k % 2 ? value * factorOf(row) : value))) });
  const changed = { ...layer, weight_ih: matrix(layer.weight_ih), weight_hh: matrix(layer.weight_hh), bias_ih: layer.bias_ih.map((value, row) => value * factorOf(row)) };
  return { ...published, layers: [changed] };
}

/** The net of a wiring, as the page's data has nets. */
export function netOf(lesson, wiring) {
  if (lesson.published) return steeper(lesson, wiring);
  const { machine, cells, head, claims } = lesson;
  const size = cells.length;
  const rows = BLOCKS.length * size;
  const layer = { cell: "lstm", gates: BLOCKS, weight_ih: empty(rows, machine.alphabet.length), weight_hh: empty(rows, size), bias_ih: Array(rows).fill(0), bias_hh: Array(rows).fill(0) };
  BLOCKS.forEach((gate, block) => {
    const { bias } = weightsOfRow({ gate, reads: [] }, [UNSPOKEN[gate]]);
    layer.bias_ih.fill(bias, block * size, (block + 1) * size);
  });
  const reader = { weight: empty(0, size), bias: [] };
  rowsOf(lesson).forEach((row, number) => {
    const { bias, chips } = weightsOfRow(row, wiring[number]);
    const sparse = (kind) => row.reads.flatMap((read, k) => (read.kind === kind && chips[k] !== 0 ? [read.index, chips[k]] : []));
    if (row.gate === "reader") {
      reader.weight.rows.push(sparse("cell"));
      reader.weight.shape[0] = reader.bias.push(bias);
      return;
    }
    const at = BLOCKS.indexOf(row.gate) * size + row.cell;
    layer.weight_ih.rows[at] = sparse("symbol");
    layer.weight_hh.rows[at] = sparse("cell");
    layer.bias_ih[at] = bias;
  });
  return {
    name: "yours",
    title: "an LSTM wired by hand",
    reading: `${head}: logit > 0`,
    claims,
    on_violation: "absorb",
    gain: null,
    height: HEIGHT,
    signed: false,
    alphabet: machine.alphabet,
    cells,
    counting: {},
    layers: [layer],
    vectors: null,
    start: null,
    suffix: null,
    heads: { [head]: { layers: [reader], activation: "", function: "logit", threshold: 0, extra: 0 } },
  };
}

function empty(rows, columns) {
  return { shape: [rows, columns], rows: Array.from({ length: rows }, () => []) };
}

const DIGITS = "0abcdefghijklmnopqrstuvwxyz";

/** Rows of choices as a short text: three choices a letter. */
export function packRows(rows) {
  const trits = rows.flat().map((number) => number + 1);
  let text = "";
  for (let k = 0; k < trits.length; k += 3) text += DIGITS[9 * trits[k] + 3 * (trits[k + 1] ?? 0) + (trits[k + 2] ?? 0)];
  return text;
}

/** The rows of such a text, as long as those of `like`; null where it is none. */
export function unpackRows(text, like) {
  const trits = [...text].flatMap((letter) => {
    const value = DIGITS.indexOf(letter);
    return [Math.floor(value / 9), Math.floor(value / 3) % 3, value % 3];
  });
  const count = like.reduce((sum, row) => sum + row.length, 0);
  if ([...text].some((letter) => !DIGITS.includes(letter)) || text.length !== Math.ceil(count / 3)) return null;
  let at = 0;
  return like.map((row) => row.map(() => trits[at++] - 1));
}
