// Where the parts of the stage stand.

import { byId } from "../common/dom.js";

/** Puts the nets side by side; where one stands alone, its reasons stand below the graph. */
export function showCards(shown) {
  const alone = shown.length === 1;
  byId("stage").classList.toggle("single", alone);
  byId("stage").classList.toggle("many", shown.length > 2);
  byId("nets").replaceChildren(...shown.map(({ card }) => card.root));
  byId("gains").replaceChildren(...shown.map(({ card }) => card.gain));
  byId("reasons").hidden = !alone;
  byId("reasons").replaceChildren(...(alone ? [shown[0].card.reasons] : []));
  if (!alone) for (const { card } of shown) card.root.append(card.reasons);
}
