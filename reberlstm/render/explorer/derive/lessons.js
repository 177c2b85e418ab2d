// The lessons: a machine, a task, and a wiring that solves it.
//
// `cells` are the net's cells, `gates` those that the lesson speaks of; the others rest: eraser shut,
// filter and output gate open. `head` is what the reader answers: which symbols may come ("legal") or
// whether the word may end ("accept"). `solution` has a text for each row, as `readRow` reads them;
// a gate's name alone stands for all cells. `given` are the rows that the student need not set, and
// `first` what is there at first in place of nothing. `after` is said at the end, of every net that is
// proved, and `solved` of one that is wired as `solution`. `active` says of a cell that is not named like
// a node when it should be active: after which symbol, at which node. `words` are for the worksheet.

import { readRow, rowsOf } from "./wiring.js";

const ALL = ["forget", "candidate", "input"];

function machine(title, alphabet, accepting, transitions) {
  const states = Object.keys(transitions);
  return { name: "", title, alphabet: [...alphabet], states, start: states[0], accepting, transitions };
}

/** Reber's grammar as the Toy LSTM numbers its nodes, wired in full; three lessons leave parts of it out. */
const REBER = {
  "forget": "shut",
  "candidate 0": "+B",
  "input 0": "open",
  "candidate 1": "+T +S",
  "input 1": "open -2 -5",
  "candidate 2": "+X +P",
  "input 2": "shut +1 +4",
  "candidate 3": "+S +V",
  "input 3": "shut +2 +4",
  "candidate 4": "+V",
  "input 4": "shut +5",
  "candidate 5": "+P +T +X",
  "input 5": "open -1 -4 -T +5",
  "reader T": "no +0 +5",
  "reader S": "no +1 +2",
  "reader X": "no +1 +2",
  "reader P": "no +0 +4",
  "reader V": "no +4 +5",
  "reader E": "no +3",
};

const reberLesson = (reber) => ({
  machine: reber,
  cells: ["0", "1", "2", "3", "4", "5"],
  gates: ALL,
  head: "legal",
  claims: "legal",
  solution: REBER,
  words: ["BTSXSE", "BPTVVE", "BTXXVPSE"],
});

const SMALL = [
  {
    key: "last",
    title: "Remember the last symbol",
    machine: machine("Does the word end in a?", "ab", ["A"], { 0: { a: "A", b: "0" }, A: { a: "A", b: "0" } }),
    task: "The net is to say that the word may end if its last symbol was a, and only then. Set the writer and the eraser of cell A.",
    learn: "A cell holds one number, its memory. The writer says what is written into it: when it writes, we say that it rings. The eraser says what becomes of the old number: open keeps it, shut erases it.",
    cells: ["A"],
    gates: ["forget", "candidate"],
    head: "accept",
    claims: "all",
    first: { "forget A": "open" },
    given: ["reader"],
    solution: { "forget A": "shut", "candidate A": "+a", "reader end": "no +A" },
    hint: "What is to be written when a comes? And should anything of the old memory stay?",
    after: "For the answer only the last symbol counts.",
    solved: "In your net the old memory is erased at each symbol, and a new one is written.",
    words: ["ab", "aab", "bba"],
  },
  {
    key: "reader",
    title: "What may come next?",
    machine: machine("A traffic light", "rgy", ["red"], { dark: { r: "red" }, red: { g: "green" }, green: { y: "yellow" }, yellow: { r: "red", y: "yellow" } }),
    task: "Each cell remembers one light. Set the reader: which light may come next?",
    learn: "The reader has a row for each symbol. It reads the cells and answers yes or no.",
    cells: ["red", "green", "yellow"],
    gates: ["candidate"],
    head: "legal",
    claims: "legal",
    given: ["candidate"],
    solution: { "candidate red": "+r", "candidate green": "+g", "candidate yellow": "+y", "reader r": "no +yellow", "reader g": "no +red", "reader y": "no +green +yellow" },
    hint: "Take one symbol after the other. From which nodes does an arrow with this symbol leave?",
    after: "The reader does not remember anything. All that it knows comes from the cells.",
    words: ["rgy", "rgyyr", "rgyrg"],
  },
  {
    key: "end",
    title: "May the word end?",
    machine: machine("A bracket that is open must be closed", "()", ["out"], { out: { "(": "in" }, in: { ")": "out" } }),
    task: "The net is to say that the word may end, unless a bracket is open. Wire the cell and the reader’s only row.",
    learn: "How a row rests is what it says when nothing changes it. A cell with − turns a yes into a no.",
    cells: ["in"],
    gates: ["forget", "candidate"],
    head: "accept",
    claims: "legal",
    first: { "forget in": "open", "reader end": "yes" },
    given: [],
    solution: { "forget in": "shut", "candidate in": "+(", "reader end": "yes -in" },
    hint: "Let the cell remember that the last symbol was (. Then this cell has to turn the reader’s yes into a no.",
    after: "How the reader’s row rests is its answer wherever no cell is active.",
    words: ["()", "()(", "()()"],
  },
  {
    key: "filter",
    title: "Only from this node",
    machine: machine("Does the word end in ab?", "ab", ["AB"], { 0: { a: "A", b: "0" }, A: { a: "A", b: "AB" }, AB: { a: "A", b: "0" } }),
    task: "The net is to say that the word may end after ab, and only then. Cell A is done. Set the writer and the filter of cell AB.",
    learn: "The filter lets in what the writer writes, or not. All gates read the cells as they were before this symbol.",
    cells: ["A", "AB"],
    gates: ["candidate", "input"],
    head: "accept",
    claims: "all",
    given: ["candidate A", "input A", "reader"],
    solution: { "candidate A": "+a", "input A": "open", "candidate AB": "+b", "input AB": "shut +A", "reader end": "no +AB" },
    hint: "The filter sees the cells as they were before b. Which of them is active if an a came before?",
    after: "A symbol counts only together with the node from which it comes.",
    solved: "In your net the writer looks at the symbol, and the filter at the cell.",
    words: ["aab", "abb", "bab"],
  },
  {
    key: "clap",
    title: "Stamp, stamp, clap",
    machine: machine("Stamp, stamp, clap, and again", "sc", ["0"], { 0: { s: "1" }, 1: { s: "2" }, 2: { c: "0" } }),
    task: "The net is to say what comes next: stamp (s), stamp, clap (c), and again. Both writers ring on s. Set the filters and the reader: cell 1 is for the first stamp, cell 2 for the second.",
    learn: "Node 0 needs no cell: there all cells are 0. A filter that rests open is shut by a cell with −.",
    cells: ["1", "2"],
    gates: ["candidate", "input"],
    head: "legal",
    claims: "legal",
    given: ["candidate"],
    solution: { "candidate 1": "+s", "candidate 2": "+s", "input 1": "open -1", "input 2": "shut +1", "reader s": "yes -2", "reader c": "no +2" },
    hint: "Before the first stamp no cell is active, so the filter of cell 1 has to rest open. What should shut it?",
    after: "The zero of all cells is a node too. That saves a cell.",
    words: ["ssc", "sscs", "sscss"],
  },
  {
    key: "switch",
    title: "Hold and forget",
    machine: machine("A light: 1 switches it on, 0 off, w is waiting", "01w", ["dark"], { dark: { 1: "lit", w: "dark" }, lit: { 0: "dark", w: "lit" } }),
    task: "The light is to stay on until 0 comes, however long one waits. Here the eraser holds the memory of cell lit while w comes. Look at the wrong word, and at what becomes of the memory. Then mend the cell.",
    learn: "An open eraser keeps 95 of 100 parts of the memory in each step; a shut one keeps nothing.",
    cells: ["lit"],
    gates: ALL,
    head: "legal",
    claims: "legal",
    given: ["reader"],
    first: { "forget lit": "open -0", "candidate lit": "+1", "input lit": "open" },
    solution: { "forget lit": "shut", "candidate lit": "+1 +w", "input lit": "shut +1 +lit", "reader 0": "no +lit", "reader 1": "yes -lit", "reader w": "yes" },
    hint: "A memory that is written at each step need not be held. What should the writer do while one waits? And in the dark, when nothing should be written?",
    after: "What is only held fades. What is written again at each step stays.",
    solved: "In your net the old memory is erased at each symbol and a new one is written, so it stays 1.",
    words: ["1wwww0", "w1ww0", "1w0w1"],
  },
  {
    key: "first",
    title: "A latch: what came first?",
    machine: machine("Was the first symbol a?", "ab", ["A"], { 0: { a: "A", b: "B" }, A: { a: "A", b: "A" }, B: { a: "B", b: "B" } }),
    task: "The net is to say yes for ever if the first symbol was a, and no for ever if it was b. Cell B, for a first b, is done. Set the writer and the filter of cell A.",
    learn: "A cell that opens its own filter writes itself anew at each symbol. Such a memory never fades. The eraser is shut here.",
    cells: ["A", "B"],
    gates: ["candidate", "input"],
    head: "accept",
    claims: "all",
    given: ["reader", "candidate B", "input B"],
    solution: { "candidate A": "+a +b", "input A": "shut +a +A -B", "candidate B": "+a +b", "input B": "shut +b +B -A", "reader end": "no +A" },
    hint: "Look at cell B, which is done. What opens its filter, and what shuts it?",
    after: "This is a latch: it is set once and holds itself.",
    words: ["abb", "bab", "aba"],
  },
  {
    key: "parity",
    title: "Parity: an even number of 1s",
    machine: machine("Is the number of 1s even?", "01", ["even"], { even: { 0: "even", 1: "odd" }, odd: { 0: "odd", 1: "even" } }),
    task: "The net is to say whether the number of 1s is even. Cell “came” is for a 1 that comes while it was even, cell “stays” for a 0 that comes while it was odd. The reader is done. Set the writers and the filters.",
    learn: "It is odd after a 1 that came while it was even, or after a 0 that came while it was odd. No single filter can say that.",
    cells: ["came", "stays"],
    gates: ["candidate", "input"],
    head: "accept",
    claims: "all",
    given: ["reader"],
    active: { came: ["1", "odd"], stays: ["0", "odd"] },
    solution: { "candidate came": "+1", "input came": "open -came -stays", "candidate stays": "+0", "input stays": "shut +came +stays", "reader end": "yes -came -stays" },
    hint: "Begin with cell came, and with the word 1. It was odd if one of the two cells is active: what must they do to each filter?",
    after: "Two cells with one filter each. The next lesson has another way.",
    words: ["11", "101", "0110"],
  },
  {
    key: "one",
    title: "Parity with one cell",
    machine: machine("Is the number of 1s even?", "01", ["even"], { even: { 0: "even", 1: "odd" }, odd: { 0: "odd", 1: "even" } }),
    task: "The net is to say the same with one cell. Its writer rings on 0 and on 1. It has two filters: one before the memory and one behind it, the output gate. Set both.",
    learn: "The output gate says what of the memory the other gates and the reader may see.",
    cells: ["odd"],
    gates: ["candidate", "input", "output"],
    head: "accept",
    claims: "all",
    given: ["candidate", "reader"],
    solution: { "candidate odd": "+0 +1", "input odd": "shut +1 +odd", "output odd": "open +0 -odd", "reader end": "yes -odd" },
    hint: "There are four cases: 0 or 1 comes, and it was even or odd. In which two must the cell not become active? One is for the filter, the other for the output gate.",
    after: "One filter before the memory and one behind it are as good as two cells here.",
    words: ["11", "101", "0110"],
  },
  {
    key: "three",
    title: "Count to three",
    machine: machine("At most three a in a row", "ab", ["0"], { 0: { a: "1", b: "0" }, 1: { a: "2", b: "0" }, 2: { a: "3", b: "0" }, 3: { b: "0" } }),
    task: "The net is to say what may come next: after three a only b, and then the count begins again. There is one cell for each number. Set all rows.",
    learn: "A chain: each cell opens the filter of the next one.",
    cells: ["1", "2", "3"],
    gates: ["candidate", "input"],
    head: "legal",
    claims: "legal",
    given: [],
    solution: { "candidate": "+a", "input 1": "open -1 -2", "input 2": "shut +1", "input 3": "shut +2", "reader a": "yes -3", "reader b": "yes" },
    hint: "All writers ring on the same symbol. Cell 1 is to be active after the first a only: which cells must shut its filter?",
    after: "A chain counts as far as it has cells, and no further.",
    words: ["aab", "aaab", "abaa"],
  },
  {
    key: "brackets",
    title: "Brackets in brackets",
    machine: machine("Brackets, at most two deep", "()", ["0"], { 0: { "(": "1" }, 1: { "(": "2", ")": "0" }, 2: { ")": "1" } }),
    task: "The net is to say which bracket may come next. Cell 1 is for one open bracket, cell 2 for two. Set all rows.",
    learn: "Cell 1 is reached in two ways: by ( from outside, and by ) from inside.",
    cells: ["1", "2"],
    gates: ["candidate", "input"],
    head: "legal",
    claims: "legal",
    given: [],
    solution: { "candidate 1": "+( +)", "input 1": "open -1", "candidate 2": "+(", "input 2": "shut +1", "reader (": "yes -2", "reader )": "no +1 +2" },
    hint: "Write down for each cell from which node and by which symbol one comes there. Before the first bracket no cell is active.",
    after: "One cell for each depth: a net of this kind goes as deep as it has cells.",
    words: ["(())", "()()", "(()())"],
  },
];

const LARGE = [
  {
    key: "row",
    title: "Reber with a row missing",
    task: "Cell 1 of the Toy LSTM has lost its row. Set it anew: node 1 is reached by T from node 0, and by S from itself.",
    learn: "T is also the loop at node 5, and S also leads from node 2 to node 3. There cell 1 must not become active.",
    given: ["0", "2", "3", "4", "5"].flatMap((cell) => ALL.map((gate) => `${gate} ${cell}`)).concat("reader"),
    hint: "On which symbols should the writer ring? At which other nodes do these symbols come? There nothing may be written.",
    after: "T and S come at other nodes, too. Your net tells them apart by the cells.",
    solved: "The writer rings at all of them, and the filter keeps the wrong ones out.",
  },
  {
    key: "mend",
    title: "Mend what fades",
    task: "Here cell 1 is wired as in the Toy LSTM: its writer rings only on T, and in the loop on S the eraser holds the memory. Look at the wrong word, and mend cell 1.",
    learn: "An open eraser keeps 95 of 100 parts in each step. In the published net it keeps 99, so there it takes longer.",
    first: { "forget 1": "open -X", "candidate 1": "+T", "input 1": "open -5" },
    given: ["0", "2", "3", "4", "5"].flatMap((cell) => ALL.map((gate) => `${gate} ${cell}`)).concat("reader"),
    hint: "Write the memory of cell 1 anew at each S. But S also leads from node 2 to node 3.",
    after: "No numbers were made larger or smaller: what is written anew at each step cannot fade.",
  },
  {
    key: "filters",
    title: "Reber without filters",
    task: "All filters are gone. Set them, one cell after the other: from which nodes may each symbol come?",
    learn: "Each filter answers one question: of all arrows with this symbol, which lead here?",
    given: ["forget", "candidate", "reader"],
    hint: "Begin with cells 3 and 4. Cell 5 is the hardest: T, P and X lead there, and T must pass only from cell 5 itself.",
    after: "Here a filter that is shut lets nearly nothing in. In the published net, some of each S leaks into cell 3 in the loop at node 1.",
  },
  {
    key: "reber",
    title: "Reber, all by yourself",
    task: "Nothing is given. This is what the author of the Toy LSTM did with pencil and paper. The author’s net has wrong words; yours will have none.",
    learn: "One row at a time: first the writer, then the filter. The reader comes last.",
    given: [],
    hint: "For each cell: which symbols lead to its node? On these the writer rings. From which nodes? Their cells open the filter.",
    after: "You have done what the author of the Toy LSTM did, and yours is proved.",
  },
];

/** The lessons with their rows, their numbers at first and when solved, and which rows are the student's. */
export function lessonsWith(reber, published) {
  const lessons = [...SMALL, ...LARGE.map((lesson) => ({ ...reberLesson(reber), ...lesson }))].map(prepared);
  return [...lessons, { ...prepared({ ...reberLesson(reber), ...STEEPER, published, solution: {} }), solution: null }];
}

/** The lesson without a proof at its end. */
const STEEPER = {
  key: "steep",
  title: "The published net, steeper",
  task: "This is the Toy LSTM with its own numbers. Make its filters and erasers steeper, until the page finds no wrong word any more. Then ask: is it right now?",
  learn: "A gate is steep if its numbers are large: then it is nearly shut or nearly open, and leaks less. Twice as steep means all numbers times two.",
  gates: ["forget", "input"],
  given: [],
  hint: "The filters leak in, the erasers leak out. Change both. The search may take up to 20 seconds.",
  after: "No wrong word was found, but nothing is proved: in the loop on S at node 1 the memory is only held, so it fades, now very slowly. Steeper gates make the wrong words longer. Writing anew, as in the lessons before, removes them.",
};

const MOST_STATES = 12;

/** A machine without a task: an empty net with a cell for each node but the start. Null where it is too large. */
export function freeLesson(given) {
  const { states, alphabet, start, transitions } = given;
  if (given.counters || states.length < 2 || states.length > MOST_STATES || alphabet.length > MOST_STATES) return null;
  const isWhole = states.every((state) => alphabet.every((symbol) => Object.hasOwn(transitions[state], symbol)));
  const lesson = {
    key: "free",
    title: "Free: the machine of this page",
    machine: given,
    task: "Wire a net for the machine of this page. There is a cell for each node but the start, where all cells are 0.",
    learn: "No answers here, only the shortest wrong word. It may be that a node needs the output gate as a second filter.",
    cells: states.filter((state) => state !== start),
    gates: [...ALL, "output"],
    head: isWhole ? "accept" : "legal",
    claims: isWhole ? "all" : "legal",
    given: [],
    first: { output: "open" },
    hint: "For each node: by which symbols does one come there? On these the writer rings. From which nodes? Their cells open the filter.",
    after: "Your own net, proved.",
    words: someWords(given),
  };
  return { ...prepared(lesson), solution: null };
}

/** Three words to trace by hand, each taking other arrows. */
function someWords({ alphabet, start, transitions }) {
  const long = alphabet.some((symbol) => [...symbol].length > 1);
  return [0, 1, 2].map((turn) => {
    const word = [];
    for (let state = start; word.length < 5; state = transitions[state][word.at(-1)]) {
      const legal = alphabet.filter((symbol) => Object.hasOwn(transitions[state], symbol));
      if (legal.length === 0) break;
      word.push(legal[(turn + word.length * turn) % legal.length]);
    }
    return word.join(long ? " " : "");
  });
}

function prepared(lesson) {
  const rows = rowsOf(lesson);
  const textFor = (texts, { key, gate }) => texts?.[key] ?? texts?.[gate];
  const isGiven = ({ key, gate }) => lesson.given.includes(key) || lesson.given.includes(gate);
  const solution = rows.map((row) => readRow(row, textFor(lesson.solution, row) ?? ""));
  const first = rows.map((row, k) => (isGiven(row) ? solution[k] : readRow(row, textFor(lesson.first, row) ?? "")));
  return { ...lesson, rows, open: rows.map((row) => !isGiven(row)), first, solution };
}
