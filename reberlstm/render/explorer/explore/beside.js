// Puts a card beside what it is about, never over it; on a small screen it is a sheet at the bottom.

import { setAttribute } from "../common/dom.js";

const GAP = 12;
const EDGE = 8;
const NARROW = "(max-width: 34rem)";

/**
 * Places `box`, whose position is absolute, next to `target`: below it, above, to the right or to the
 * left, on the first side with room (or on `side`, so that it does not jump from step to step). Where no
 * side has room it becomes a sheet. Returns the side, "sheet" for a sheet.
 */
export function placeBeside(box, target, side = null) {
  const to = target.getBoundingClientRect();
  setAttribute(box, "data-side", null);
  const { offsetWidth: width, offsetHeight: height } = box;
  const [right, bottom] = [document.documentElement.clientWidth, window.innerHeight];
  const top = Math.min(covered(), bottom / 4);
  const sides = {
    below: { room: to.bottom + GAP + height <= bottom - EDGE, x: to.left, y: to.bottom + GAP },
    above: { room: to.top - GAP - height >= top, x: to.left, y: to.top - GAP - height },
    right: { room: to.right + GAP + width <= right - EDGE, x: to.right + GAP, y: to.top },
    left: { room: to.left - GAP - width >= EDGE, x: to.left - GAP - width, y: to.top },
  };
  const found = window.matchMedia(NARROW).matches ? "sheet" : side ?? Object.keys(sides).find((name) => sides[name].room) ?? "sheet";
  setAttribute(box, "data-side", found);
  if (found === "sheet") {
    Object.assign(box.style, { left: "", top: "" });
    return found;
  }
  const beside = found === "right" || found === "left";
  const x = Math.max(EDGE, Math.min(right - width - EDGE, sides[found].x));
  const y = beside ? Math.max(top + EDGE, Math.min(bottom - height - EDGE, sides[found].y)) : sides[found].y;
  Object.assign(box.style, { left: `${x + window.scrollX}px`, top: `${y + window.scrollY}px` });
  const at = beside ? to.top + Math.min(to.height, height) / 2 - y : to.left + Math.min(to.width, width) / 2 - x;
  box.style.setProperty("--at", `${Math.max(14, Math.min((beside ? height : width) - 14, at))}px`);
  return found;
}

/** Brings `target` into view and `box` beside it; returns the side, as `placeBeside` does. */
export function showBeside(box, target) {
  bringIntoView(target, 0);
  const side = placeBeside(box, target);
  if (side === "sheet") bringIntoView(target, box.offsetHeight);
  return side;
}

/** Scrolls so that `target` is seen whole, or else its top, above so many pixels at the bottom. */
function bringIntoView(target, taken) {
  const to = target.getBoundingClientRect();
  const top = covered() + EDGE;
  const bottom = window.innerHeight - taken - GAP;
  if (to.top < top || to.height > bottom - top) window.scrollBy(0, to.top - top);
  else if (to.bottom > bottom) window.scrollBy(0, to.bottom - bottom);
}

/** How much of the window is covered at its top by what stays in sight. */
function covered() {
  return Number.parseFloat(window.getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
}
