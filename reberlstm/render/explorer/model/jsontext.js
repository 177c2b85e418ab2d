// JSON with what JSON.parse loses: the order of keys that are digits, and how a number is written.

const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"([\t\n\r ]*:)?|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/gs;
const MARK = "\u0000";
const MOST_DIGITS = 300;
const MOST_VALUES = 40000;

/** A number as it stands in the file. */
export class NumberText {
  constructor(text) {
    this.text = text;
  }

  /** Whether it is written as an integer. */
  get isInteger() {
    return /^-?[0-9]+$/.test(this.text) && this.text.length <= MOST_DIGITS;
  }

  get value() {
    return Number(this.text);
  }

  toString() {
    return this.text === "-0" ? "0" : this.text;
  }
}

/** The value of a text: its objects are Maps, its numbers a NumberText each. Throws an Error. */
export function parseJson(text, where) {
  if ((text.match(/[:,]/g) ?? []).length > MOST_VALUES) throw new Error(`${where}: too many values for a machine that a page can draw`);
  try {
    JSON.parse(text);
  } catch (error) {
    throw new Error(`${where}, line ${faultyLine(text)}: not JSON; look for a comma or a quote that is missing near there`, { cause: error });
  }
  if (/\\u0000/.test(text)) throw new Error(`${where}: a NUL character, which no name has`);
  const marked = text.replace(STRING_OR_NUMBER, (found, colon) => {
    if (found[0] !== '"') return `"\\u0000${found}"`;
    return colon === undefined ? found : `"$${found.slice(1)}`;
  });
  try {
    return JSON.parse(marked, revive);
  } catch (error) {
    throw new Error(`${where}: nested too deeply for a machine`, { cause: error });
  }
}

/** The first line up to which the text is no beginning of JSON; not all browsers say where the fault is. */
function faultyLine(text) {
  const lines = text.split("\n");
  let [low, high] = [1, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBeginning(lines.slice(0, middle).join("\n"))) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBeginning(text) {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return /\bend\b|unterminated/i.test(error.message);
  }
}

function revive(_, value) {
  if (typeof value === "string") return value.startsWith(MARK) ? new NumberText(value.slice(1)) : value;
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberText) && !(value instanceof Map);
  return isObject ? new Map(Object.entries(value).map(([key, item]) => [key.slice(1), item])) : value;
}
