// What the label of an arrow means, as reberlstm/formats/draft.py has it.

import { pieces, quoted, SPACE, strip } from "./texts.js";

const NONE = new Set([
  "", "ε", "ϵ", "ɛ", "𝜀", "λ", "Λ", "eps", "epsilon", "lambda", "<eps>", "<epsilon>", "@epsilon",
  "&epsilon;", "&lambda;", "\\e", "\\epsilon", "\\varepsilon", "$\\epsilon$", "$\\varepsilon$",
]);

/** Longer labels are refused, so that reading one never takes long. */
export const MAX_LABEL = 5000;

const regex = (...parts) => new RegExp(`^(?:${parts.join("")})$`, "su");
const S = `[${SPACE}]`;
const NO_S = `[^${SPACE}]`;
const WORD = "[\\p{L}\\p{N}_]";
const NO_WORD = "[^\\p{L}\\p{N}_]";

const SIGMA = String.raw`(?:[Σ∑Γ]|\\?[Ss]igma|\$\\?Sigma\$)`;
const SET = regex(SIGMA, `(?:${S}*[-∖−\\\\/]${S}*${NO_S}.*)?|\\[\\^.+\\]|[¬~]${S}*${NO_S}.*`);
const NAMED = new RegExp(
  `^(?:any(?:thing)?|any${NO_WORD}*(?:other|char${WORD}*|symbol|letter)|(?:all${NO_WORD}*)?others?|else|otherwise|default|def|all)$`,
  "isu",
);
const SIGNS = regex(
  `\\\\[wds]|\\*|\\.|_|\\?|!${S}*${NO_S}.*|\\[.+\\]|${WORD}${S}*(?:-|\\.\\.\\.?|–|…)${S}*${WORD}`,
  `|\\p{Nd}+\\.\\.\\p{Nd}+|${NO_S}.*\\.\\.\\.?${S}*${NO_S}.*`,
);
const INPUT_OUTPUT = regex(`(.*?[^${SPACE}/])${S}*/${S}*(${NO_S}.*)`);
const LISTED = regex(`[^${SPACE}|](?:\\|[^${SPACE}|])+|${NO_S}(?:[ \\t]+${NO_S})+`);
const OPEN = { "(": ")", "[": "]", "{": "}" };

/** Whether a label says that an arrow reads no symbol. */
const isEpsilon = (label) => NONE.has(label) || NONE.has(label.toLowerCase());

/** The symbols of a label; null stands for none (ε). A symbol of the declared alphabet is taken as it is. */
export function symbolsOf(label, alphabet = []) {
  if (alphabet.includes(label)) return [label];
  if (label !== "" && strip(label) === "") return [[...label].length === 1 ? label : " "];
  const lines = strip(label).split("\n").map(strip);
  return lines.flatMap((line, number) => {
    const text = number < lines.length - 1 && line.length > 1 ? line.replace(/,$/, "") : line;
    if (isList(text)) return [...text][1] === "|" ? text.split("|") : pieces(text);
    return cut(text).map((symbol) => (isEpsilon(symbol) ? null : symbol));
  });
}

/** Whether a label reads like single characters with bars or blanks between them. */
export function isList(label) {
  const line = strip(label);
  const found = pieces(line);
  return LISTED.test(line) && !(found.length === 3 && found[1] === "/");
}

/** The pairs of a label "in/out" of a Mealy machine; null where it is no such label. */
export function inputOutput(label) {
  const pairs = [];
  for (const line of strip(label).split("\n")) {
    let found = line.split(",").map((piece) => INPUT_OUTPUT.exec(strip(piece)));
    if (!found.every(Boolean)) found = [INPUT_OUTPUT.exec(strip(line))];
    if (!found[0]) return null;
    pairs.push(...found.map(([, input, output]) => [strip(input), strip(output)]));
  }
  return pairs;
}

/** A text split at its outer commas; an empty pair of pieces is the comma itself, a symbol. */
function cut(line) {
  if (!line.includes(",")) return [line];
  const found = [];
  const closing = [];
  let piece = "";
  const parts = [];
  for (const character of line) {
    if (character === "," && closing.length === 0) {
      parts.push(piece);
      piece = "";
      continue;
    }
    if (character in OPEN) closing.push(OPEN[character]);
    else if (closing.at(-1) === character) closing.pop();
    piece += character;
  }
  parts.push(piece);
  let afterEmpty = false;
  for (const part of parts.map(strip)) {
    if (part && afterEmpty) return [line];
    if (part || afterEmpty) found.push(part || ",");
    afterEmpty = !part && !afterEmpty;
  }
  return closing.length > 0 || afterEmpty ? [line] : found;
}

/** Refuses symbols that mean a set without saying of what; notes those that may mean one. */
export function checkWildcards(draft, used) {
  for (const { symbol, place } of draft.arrows) {
    if (symbol !== null && SET.test(symbol)) {
      throw draft.error(place, `the label ${quoted(symbol)} stands for symbols that are not spelled out; write them as a list, such as a,b`);
    }
  }
  const hasOperators = used.some((symbol) => "+-/%()".includes(symbol));
  const hasDigits = used.some((symbol) => /^\p{Nd}$/u.test(symbol));
  const isKnown = (symbol) => (symbol === "*" && hasOperators) || (symbol === "." && hasDigits);
  const several = used.find((symbol) => (NAMED.test(symbol) || SIGNS.test(symbol)) && !isKnown(symbol));
  if (several !== undefined) {
    draft.notes.push(`the label ${quoted(several)} was taken for one symbol of that name; if it stands for several, write them as a list, such as a,b`);
  }
}
