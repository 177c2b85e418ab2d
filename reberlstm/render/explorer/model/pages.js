// The page's data for a machine that was made in the page: what reberlstm/render/page.py writes for one
// that Python knows.

import { distances, targetOf } from "./arrows.js";
import { netData, wiringOf } from "./compile.js";
import { cropped, layoutAt } from "./curves.js";
import { layoutsOf, spread } from "./places.js";
import { sentencesOf } from "./sentences.js";

const ENOUGH = 8;
const MOST = 14;
const FEW = 3;
const LONGEST = 24;

/**
 * All that the explorer shows, the net being compiled here. `positions`, {state: [x, y]}, say where the
 * states are, in any unit; null leaves it to the page. Throws an Error that says in a line what is wrong.
 */
export function pageData(machine, positions = null) {
  const wiring = wiringOf(machine);
  const net = netData(machine, wiring);
  const word = telling(machine);
  const long = machine.alphabet.some((symbol) => [...symbol].length !== 1);
  const text = (symbols) => symbols.join(long ? " " : "");
  const notes = new Map(word.length ? [[text(word), "crosses many of the arrows"]] : []);
  for (const short of shortest(machine)) if (!notes.has(text(short))) notes.set(text(short), "one of the shortest accepted words");
  const wrong = violation(machine, word);
  if (wrong) notes.set(text(wrong), "a violation");
  return {
    machine,
    about: aboutMachine(machine),
    layouts: drawnAt(machine, positions),
    nets: [{ ...net, about: aboutNet(wiring), explained: sentencesOf(machine, wiring), proved: null }],
    string: text(word),
    step: 0,
    shown: 1,
    examples: [...notes].map(([string, note]) => ({ string, note })),
  };
}

const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** What the words of a machine look like, as reberlstm/render/sentences.py says it. */
function aboutMachine(machine) {
  const { alphabet, states, start, accepting } = machine;
  const [symbols, keeps] = [count(alphabet.length, "symbol"), `${count(states.length, "state")} ${states.length > 1 ? "say" : "says"}`];
  if ([...distances(machine).keys()].every((state) => legal(machine, state).length === alphabet.length)) {
    return `Any of ${symbols} may come at any time; ${keeps} whether the word may end.`;
  }
  const begins = legal(machine, start);
  const ends = alphabet.filter((symbol) => states.some((state) => accepting.includes(targetOf(machine, state, symbol))));
  const parts = accepting.includes(start) ? [] : [...(begins.length === 1 ? [`begins with ${begins[0]}`] : []), ...(ends.length === 1 ? [`ends with ${ends[0]}`] : [])];
  const opening = parts.length ? `Every word ${parts.join(" and ")}; ` : "";
  return `${opening}${parts.length === 2 ? "in between, " : ""}${keeps} which of ${symbols} may come next.`;
}

function aboutNet({ cells, encoding }) {
  const none = encoding.hasStarted ? `; ${cells.at(-1)} is on once a symbol has been read` : "";
  return `Compiled in this page: an LSTM of ${count(cells.length, "cell")}. Each cell has the name of the node that it stands for${none}. It says which symbols may come next and whether the word may end. It is compared with the machine after every word.`;
}

/** The layouts with the states at these places, in the page's own unit; in layers where there are none. */
function drawnAt(machine, positions) {
  const layouts = layoutsOf(machine);
  const places = layouts && positions && spread(machine, positions);
  if (!places) return layouts;
  const layout = cropped(layoutAt(machine, places));
  return [layout, layout];
}

const legal = (machine, state) => machine.alphabet.filter((symbol) => targetOf(machine, state, symbol) !== undefined);

/** The length of a shortest word to acceptance, for each state from which there is one. */
function distancesToEnd(machine) {
  const states = [...distances(machine).keys()];
  const found = new Map(machine.accepting.filter((state) => states.includes(state)).map((state) => [state, 0]));
  for (const [goal, distance] of found) {
    for (const state of states) {
      if (!found.has(state) && machine.alphabet.some((symbol) => targetOf(machine, state, symbol) === goal)) found.set(state, distance + 1);
    }
  }
  return found;
}

/** A word that always takes the arrow that it has used least, and is accepted where any word is. */
export function telling(machine) {
  const left = distancesToEnd(machine);
  const used = new Map();
  const word = [];
  const key = (state, symbol) => JSON.stringify([state, targetOf(machine, state, symbol)]);
  const usesOf = (state, symbol) => used.get(key(state, symbol)) ?? 0;
  let state = machine.start;
  const lively = left.has(state);
  while (word.length < MOST || (lively && word.length < LONGEST + MOST)) {
    const here = state;
    const ways = legal(machine, here).filter((symbol) => !lively || left.has(targetOf(machine, here, symbol)));
    const isEnd = machine.accepting.includes(here) && word.length > 0;
    const fresh = ways.filter((symbol) => usesOf(here, symbol) === 0);
    if (ways.length === 0 || (isEnd && (word.length >= ENOUGH || fresh.length === 0))) break;
    const late = lively && word.length >= MOST - FEW;
    const cost = late ? (symbol) => left.get(targetOf(machine, here, symbol)) : (symbol) => usesOf(here, symbol);
    const symbol = ways.reduce((best, each) => (cost(each) < cost(best) ? each : best));
    used.set(key(here, symbol), usesOf(here, symbol) + 1);
    word.push(symbol);
    state = targetOf(machine, here, symbol);
  }
  return word;
}

/** The first few accepted words, shortest first, without the empty one. */
function shortest(machine) {
  const left = distancesToEnd(machine);
  const found = [];
  let level = left.has(machine.start) ? [{ word: [], state: machine.start }] : [];
  for (let length = 1; length <= LONGEST && found.length < FEW; length++) {
    // Of the words to one state a few are enough, so that the level stays small.
    const counts = new Map();
    level = level.flatMap(({ word, state }) => legal(machine, state).map((symbol) => ({ word: [...word, symbol], state: targetOf(machine, state, symbol) })))
      .filter(({ state }) => {
        counts.set(state, (counts.get(state) ?? 0) + 1);
        return left.has(state) && counts.get(state) <= FEW;
      });
    found.push(...level.filter(({ state }) => machine.accepting.includes(state)).map(({ word }) => word));
  }
  return found.slice(0, FEW);
}

/** The beginning of a word with a symbol that may not come there; null where every symbol may. */
function violation(machine, word) {
  const states = [machine.start];
  for (const symbol of word) states.push(targetOf(machine, states.at(-1), symbol));
  const at = states.findLastIndex((state) => legal(machine, state).length < machine.alphabet.length && legal(machine, state).length > 0);
  if (at < 0) return null;
  const may = legal(machine, states[at]);
  return [...word.slice(0, at), machine.alphabet.find((symbol) => !may.includes(symbol))];
}
