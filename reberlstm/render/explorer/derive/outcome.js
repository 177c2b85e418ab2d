// What was found about the net, in words: the wrong word, or what is proved.

import { wordText } from "../model/machine.js";

/** A word in quotes, or the empty one in words; of a long one its ends. */
export function quoted(machine, word) {
  if (word.length > 48) return `“${wordText(machine, word.slice(0, 12))} … ${wordText(machine, word.slice(-8))}” (${word.length} symbols)`;
  return word.length ? `“${wordText(machine, word)}”` : "the empty word";
}

function list(machine, symbols) {
  return symbols.length ? symbols.map((symbol) => machine.alphabet[symbol]).join(", ") : "nothing";
}

/** What the net says at a step, and what is right there: {net, machine}. */
export function answersOf(machine, step, judged) {
  if (step.offers === null) return { net: step.ends ? "yes" : "no", machine: judged.ends ? "yes" : "no" };
  return { net: list(machine, step.offers), machine: list(machine, judged.allowed) };
}

/** The result in one or two sentences. */
export function outcomeText(machine, found) {
  if (found.kind === "searching") return "Looking for a wrong word …";
  if (found.kind === "proved") return `Proved for words of every length: ${scopeText(found)}.`;
  if (found.kind === "unknown") {
    const upTo = found.length ? `No wrong word found among those with fewer than ${found.length} symbols.` : "No wrong word found.";
    return `${upTo} But it is not proved: ${lowered(found.reason)}`;
  }
  const after = found.word.length ? `After it` : "Before the first symbol";
  const said =
    found.offers === null
      ? `the net says that the word may${found.ends ? " not" : ""} end. It may${found.ends ? "" : " not"}.`
      : `the net offers ${list(machine, found.offers)}. The machine allows ${list(machine, found.allowed)}.`;
  return `${found.shortest ? "Shortest wrong word" : "A wrong word"}: ${quoted(machine, found.word)}. ${after} ${said}`;
}

function scopeText({ scope, heads }) {
  const what = heads.includes("legal") ? "the net says rightly what may come next" : "the net says rightly whether the word may end";
  return `${what}, after ${scope === "all" ? "every word" : "every beginning of a legal word that can go on"}`;
}

const lowered = (text) => text[0].toLowerCase() + text.slice(1);
