// What is at a point of the drawing.

import { halfOf, NODE_HEIGHT } from "../model/arrows.js";

const RIM = 5.5;
const SAMPLES = 16;

/**
 * The state or the arrow at a point: {state, rim} or {source, target}, null where there is neither.
 * `rim` is whether the point is at the state's edge. What is at most `slack` away counts.
 */
export function hit({ nodes, edges }, [x, y], slack) {
  for (const [state, [nx, ny, width]] of Object.entries(nodes).reverse()) {
    const far = (by) => Math.hypot((x - nx) / (width / 2 + by), (y - ny) / (NODE_HEIGHT / 2 + by));
    if (far(slack) <= 1) return { state, rim: far(-RIM) > 1 };
  }
  const arrows = edges.filter(({ source }) => source !== null);
  const on = (label, [hx, hy]) => label && Math.abs(x - label[0]) <= hx + slack && Math.abs(y - label[1]) <= hy + slack;
  const found = arrows.find(({ label, symbols }) => on(label, halfOf(symbols)))
    ?? arrows.find(({ path, tip }) => [...pointsOf(path), tip].some(([px, py]) => Math.hypot(px - x, py - y) <= 6 + slack));
  return found ? { source: found.source, target: found.target } : null;
}

/** Points along an arrow's path of Bézier pieces. */
function pointsOf(path) {
  const points = [];
  for (let k = 0; k + 3 < path.length; k += 3) {
    for (let n = 0; n <= SAMPLES; n++) {
      const [t, s] = [n / SAMPLES, 1 - n / SAMPLES];
      const mix = (i) => s * s * s * path[k][i] + 3 * s * s * t * path[k + 1][i] + 3 * s * t * t * path[k + 2][i] + t * t * t * path[k + 3][i];
      points.push([mix(0), mix(1)]);
    }
  }
  return points;
}
