// Texts as Python's readers of files cut them, so that a file means the same here: what counts as a
// blank and as the end of a line differs from JavaScript's. And texts in messages.

/** Within a character class: what Python's `str.isspace` is true of. */
export const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const BLANK = new RegExp(`[${SPACE}]`);
const BETWEEN = new RegExp(`[${SPACE}]+`);
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;
const MOST_SHOWN = 60;

/** The text without blanks at its end. (A regular expression takes long where there are many within.) */
export function stripEnd(text) {
  let end = text.length;
  while (end > 0 && BLANK.test(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

/** The text without blanks around it. */
export function strip(text) {
  let begin = 0;
  while (begin < text.length && BLANK.test(text[begin])) begin += 1;
  return stripEnd(text.slice(begin));
}

/** The pieces of a text that blanks part. */
export const pieces = (text) => text.split(BETWEEN).filter(Boolean);

/** The lines of a text, as `str.splitlines` has them. */
export function splitLines(text) {
  const lines = text.split(LINE_END);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** How many characters a text has; those beyond 16 bits count once. */
export const lengthOf = (text) => [...text].length;

/** Whether a value can name something: a text, not empty, and Unicode. */
export const isName = (value) => typeof value === "string" && value !== "" && !/\p{Surrogate}/u.test(value);

/** A value of a file in quotes on one line, its middle left out where it is long. */
export function quoted(value) {
  const characters = [...(typeof value === "string" ? value : describe(value))];
  const half = MOST_SHOWN / 2 - 1;
  const short = characters.length <= MOST_SHOWN ? characters : [...characters.slice(0, half), "…", ...characters.slice(-half)];
  const text = short.join("").replace(/\p{C}|(?! )\p{Z}/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
  return typeof value === "string" ? `“${text}”` : text;
}

function describe(value) {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "a table" : String(value);
}

/** The first few of some names, for a message. */
export function some(names) {
  const shown = names.slice(0, 12).map(quoted).join(", ");
  return names.length > 12 ? `${shown} … (${names.length} in all)` : shown;
}
