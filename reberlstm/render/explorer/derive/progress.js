// What a link carries: the lesson, which are done, and what was chosen in each.
//
//     #mode=derive&lesson=switch&done=last.reader&set=last.dnl_switch.smqjw

import { packRows, unpackRows } from "./wiring.js";

/** The rows that are the student's, of all rows of a lesson. */
function own(lesson, rows) {
  return rows.filter((_, k) => lesson.open[k]);
}

/** The state as the part of an address behind "#". */
export function writeProgress({ data, lessons, lesson, done, wirings }) {
  const sets = lessons.filter(({ key }) => wirings.has(key)).map((each) => `${each.key}.${packRows(own(each, wirings.get(each.key)))}`);
  const parts = [`mode=derive`, `lesson=${lesson.key}`];
  if (data.link) parts.splice(1, 0, data.link);
  const keys = lessons.map(({ key }) => key).filter((key) => done.has(key));
  if (keys.length) parts.push(`done=${keys.join(".")}`);
  if (sets.length) parts.push(`set=${sets.join("_")}`);
  return `#${parts.join("&")}`;
}

/** What a link asks for, as far as it makes sense here: {lesson, done, wirings}. */
export function readProgress(lessons, hash) {
  const parts = new URLSearchParams(hash.slice(1));
  const find = (key) => lessons.find((lesson) => lesson.key === key);
  const wirings = new Map();
  for (const text of (parts.get("set") ?? "").split("_")) {
    const [key, packed = ""] = text.split(".");
    const lesson = find(key);
    const rows = lesson && unpackRows(packed, own(lesson, lesson.first));
    if (rows) wirings.set(key, lesson.first.map((row, k) => (lesson.open[k] ? rows.shift() : row)));
  }
  return { lesson: find(parts.get("lesson")) ?? lessons[0], done: new Set((parts.get("done") ?? "").split(".").filter(find)), wirings };
}
