// Where the parts of the stage stand.

import { byId, setAttribute } from "../common/dom.js";

/** Puts the nets side by side, and their reasons below the graph. */
export function showCards(shown) {
  const alone = shown.length === 1;
  byId("stage").classList.toggle("single", alone);
  byId("stage").classList.toggle("many", shown.length > 2);
  byId("nets").replaceChildren(...shown.map(({ card }) => card.root));
  byId("gains").replaceChildren(...shown.map(({ card }) => card.gain));
  byId("reasons").replaceChildren(...shown.map(({ card }) => card.reasons));
  // Side by side reasons may be longer than their place, and are scrolled, by key as well.
  for (const { card } of shown) setAttribute(card.why, "tabindex", alone ? null : 0);
}
