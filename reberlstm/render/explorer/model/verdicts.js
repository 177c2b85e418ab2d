// What was decided of a net, in short plain sentences: the one place for these words.

import { wordText } from "./machine.js";

const [LONG, HEAD, TAIL] = [48, 12, 8]; // symbols

const count = (number) => number.toLocaleString("en");
const symbolCount = (number) => (number === 1 ? "1 symbol" : `${count(number)} symbols`);

/** A word as sentences name it: of a long one its ends. */
export function wordName(machine, word) {
  if (word.length > LONG) return `${wordText(machine, word.slice(0, HEAD))} … ${wordText(machine, word.slice(-TAIL))}`;
  return wordText(machine, word) || "the empty string";
}

/** A verdict as one text, for where no heading says what it is about. */
export function verdictText(machine, net, decision) {
  const title = decision.verdict === "refuted" ? `${decision.shortest ? "Shortest" : "A"} wrong word: ` : "";
  return title + verdictParts(machine, net, decision).map((part) => part.code ?? part).join("");
}

/**
 * A verdict in parts: texts, and {code} for what is a word of the machine or a command. `decision` is what
 * `decide` returned, or what a certificate says.
 */
export function verdictParts(machine, net, decision) {
  if (decision.verdict === "proved") return provedParts(net, decision);
  if (decision.verdict === "refuted") return [...wrongParts(machine, net, decision.wrong), ...(decision.shortest ? [] : [" A shorter word may be wrong, too."])];
  const tried = decision.search ? searchParts(machine, net, { ...decision.search, given: true }) : [];
  return [...tried, tried.length ? " There is no proof: " : "Not decided: ", lower(decision.reason)];
}

/** A proof made in the page, or by a command ({by}); `limit` is how far counters may go. */
function provedParts(net, { scope, margin, by, limit }) {
  const words = scope === "all" ? "after every string" : "after every legal beginning of a word";
  const within = limit ? ` whose counters stay within ±${count(limit)}` : "";
  const source = by ? [" (", { code: by }, ")"] : [", in this page"];
  return [`Proved right ${words} of any length${within}`, ...source, `: every number that the reader is asked for stays at least ${Number(margin.toPrecision(3))} away from its threshold (the margin).`, ...(by ? [] : unseen(net))];
}

/** What a search has come to: its report. */
export function searchParts(machine, net, report) {
  if (report.status === "wrong") return wrongParts(machine, net, report);
  if (report.status === "closed") {
    return [`No wrong word found. Every beginning of a word leads to one of ${count(report.configurations)} states of the net, and it is right in all of them; but states that agree to 12 decimals were taken as one.${report.given ? "" : " That is no proof."}`, ...unseen(net)];
  }
  const yet = report.status === "searching" && !report.given ? " yet" : "";
  const right = report.length < 0 ? "" : `; all with fewer than ${symbolCount(report.length + 1)} are right`;
  return [`No wrong word found${report.suspect ? " for certain" : yet} among ${count(report.tried)}${right}.`, ...unseen(net)];
}

/** What nothing is said about. */
const unseen = (net) => (net.heads.label ? [" This is about what may come next and whether a word may end; the net's labels are not looked at."] : []);

/** A wrong word, what the net says after it, and what is right. */
function wrongParts(machine, net, { word, offers, extra, missing, allowed, ends }) {
  const list = (symbols) => symbols.map((symbol) => net.alphabet[symbol]).join(" ") || "nothing";
  const after = extra.length || missing.length
    ? `There the net offers ${list(offers)}; the machine allows ${list(allowed)}.`
    : `There the net says that the word may${ends ? " not" : ""} end. It may${ends ? "" : " not"}.`;
  return [{ code: wordName(machine, word) }, ` (${symbolCount(word.length)}). ${after}`];
}

const lower = (sentence) => sentence[0].toLowerCase() + sentence.slice(1);
