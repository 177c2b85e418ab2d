// From the places of states to a drawn graph, {width, height, nodes: {name: [x, y, width]}, edges:
// [{source, target, symbols, path, tip, label}]}, as reberlstm/render/layout.py has it from Graphviz.
//
// An arrow is a cubic Bézier curve between two ellipses: of several bends it has the smallest that meets
// no state and no other arrow. A text stands beside its arrow, where the most room is.

import { arrowsOf, halfOf, NODE_HEIGHT, widthOf } from "./arrows.js";

const MARGIN = 8;
const CLEAR = 7;
const ROOM = 11;
const HEAD = 9;
const BENDS = [0, 18, 34, 52, 74, 100, 130, 165, 210];
const SAMPLES = 12;
const MANY = 150;

/**
 * The graph with every state exactly where `positions`, {state: [x, y]}, has it; `arrows` may be others
 * than the machine's. Of very many arrows none gives way to what is there: that would take too long.
 */
export function layoutAt(machine, positions, arrows = arrowsOf(machine)) {
  const nodes = Object.fromEntries(machine.states.map((name) => [name, [...positions[name], widthOf(name)]]));
  const boxes = Object.entries(nodes).map(([name, [x, y, width]]) => ({ name, x, y, rx: width / 2, ry: NODE_HEIGHT / 2 }));
  const box = new Map(boxes.map((each) => [each.name, each]));
  const ways = new Set(arrows.map(({ source, target }) => JSON.stringify([source, target])));
  const drawn = [];
  const there = arrows.length > MANY ? { boxes: [], drawn: [] } : { boxes, drawn };
  for (const { source, target, symbols } of arrows) {
    if (source === target) continue;
    const back = ways.has(JSON.stringify([target, source]));
    drawn.push({ source, target, symbols, half: halfOf(symbols), ...bent(box.get(source), box.get(target), back, there.boxes, there.drawn) });
  }
  for (const { source, target, symbols } of arrows) {
    if (source === target) drawn.push({ source, target, symbols, half: halfOf(symbols), ...loop(box.get(source), halfOf(symbols), there.boxes, there.drawn) });
  }
  const start = box.get(machine.start);
  if (start) drawn.push({ source: null, target: start.name, symbols: [], ...entry(start, there.boxes, there.drawn) });
  placeTexts(drawn, there);
  const edges = drawn.map(({ source, target, symbols, path, tip, label }) => ({ source, target, symbols, path, tip, label }));
  const [, , width, height] = extent({ nodes, edges });
  return { width, height, nodes, edges };
}

/** The same graph moved to where its drawing begins at 0. */
export function cropped(layout) {
  const [left, top, right, bottom] = extent(layout);
  const moved = ([x, y]) => [x - left, y - top];
  return {
    width: right - left,
    height: bottom - top,
    nodes: Object.fromEntries(Object.entries(layout.nodes).map(([name, [x, y, w]]) => [name, [x - left, y - top, w]])),
    edges: layout.edges.map((edge) => ({ ...edge, path: edge.path.map(moved), tip: moved(edge.tip), label: edge.label && moved(edge.label) })),
  };
}

function extent({ nodes, edges }) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const take = (x, y, dx, dy) => {
    box[0] = Math.min(box[0], x - dx);
    box[1] = Math.min(box[1], y - dy);
    box[2] = Math.max(box[2], x + dx);
    box[3] = Math.max(box[3], y + dy);
  };
  for (const [x, y, width] of Object.values(nodes)) take(x, y, width / 2 + MARGIN, NODE_HEIGHT / 2 + MARGIN);
  for (const { path, tip, label, symbols } of edges) {
    for (const [x, y] of [...sampled(path), tip]) take(x, y, MARGIN, MARGIN);
    if (label) take(...label, ...halfOf(symbols));
  }
  return box;
}

/** Points of a Bézier curve, the first and the last among them. */
function sampled([start, a, b, end], count = SAMPLES) {
  return Array.from({ length: count + 1 }, (_, k) => pointAt(start, a, b, end, k / count));
}

function pointAt(start, a, b, end, t) {
  const s = 1 - t;
  const mix = (k) => s * s * s * start[k] + 3 * s * s * t * a[k] + 3 * s * t * t * b[k] + t * t * t * end[k];
  return [mix(0), mix(1)];
}

/** Where the line from the middle of a state towards a point leaves its ellipse. */
function border({ x, y, rx, ry }, [px, py]) {
  const scale = 1 / (Math.hypot((px - x) / rx, (py - y) / ry) || 1);
  return [x + (px - x) * scale, y + (py - y) * scale];
}

/** The curve from a point to a tip, up to where the head begins, with points on it. */
function drawnBetween(begin, tip, a, b) {
  const length = Math.hypot(b[0] - tip[0], b[1] - tip[1]) || 1;
  const end = [tip[0] + ((b[0] - tip[0]) * HEAD) / length, tip[1] + ((b[1] - tip[1]) * HEAD) / length];
  return drawnAs([begin, a, b, end], tip);
}

/** A path with points on it, and the box around them. */
function drawnAs(path, tip) {
  const points = sampled(path);
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  return { path, tip, points, box: { x: (left + right) / 2, y: (top + bottom) / 2, rx: (right - left) / 2, ry: (bottom - top) / 2 } };
}

/** Whether something of half the size (rx, ry) around a point is nearer than `room` to the box around an arrow. */
function near(x, y, rx, ry, { box }, room) {
  return Math.abs(x - box.x) < rx + box.rx + room && Math.abs(y - box.y) < ry + box.ry + room;
}

/** The arrow with the smallest bend that is free; one of two that go there and back keeps to its left. */
function bent(from, to, back, boxes, drawn) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const [nx, ny] = [dy / length, -dx / length];
  const others = boxes.filter((each) => each !== from && each !== to);
  const usual = back ? Math.min(24, 7 + 0.07 * length) : 0;
  const bends = BENDS.flatMap((bend) => (bend === 0 ? [usual] : back ? [usual + bend, -usual - bend] : [bend, -bend]));
  let best = null;
  for (const bend of bends) {
    const price = Math.abs(bend - usual);
    if (best && best.cost <= price) continue;
    const found = bow(from, to, [nx, ny], bend);
    const cost = price + 400 * touched(found, others) + 12 * Math.max(0, met(found, 2, drawn) - 1);
    if (!best || cost < best.cost) best = { ...found, bend, cost };
  }
  return best;
}

/** A curve whose middle is so far from the straight line. */
function bow(from, to, [nx, ny], bend) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const aim = (share) => [from.x + share * dx + 1.3 * bend * nx, from.y + share * dy + 1.3 * bend * ny];
  const [begin, tip] = [border(from, aim(0.25)), border(to, aim(0.75))];
  const off = ((begin[0] + tip[0] - from.x - to.x) * nx + (begin[1] + tip[1] - from.y - to.y) * ny) / 2;
  const by = (4 / 3) * (bend - off);
  const at = (share) => [0, 1].map((k) => begin[k] + share * (tip[k] - begin[k]) + by * [nx, ny][k]);
  return drawnBetween(begin, tip, at(0.25), at(0.75));
}

/** How deep a curve goes into states, all its points together. */
function touched(curve, boxes) {
  let depth = 0;
  for (const { x, y, rx, ry } of boxes) {
    if (!near(x, y, rx, ry, curve, CLEAR)) continue;
    for (const [px, py] of curve.points) {
      const far = Math.hypot((px - x) / (rx + CLEAR), (py - y) / (ry + CLEAR));
      if (far < 1) depth += 1.2 - far;
    }
  }
  return depth;
}

/** How often a curve is too near to arrows that are there, at every so many of its inner points. */
function met({ points, box }, every, drawn) {
  let count = 0;
  for (const other of drawn) {
    if (!near(box.x, box.y, box.rx, box.ry, other, ROOM)) continue;
    for (let k = every; k < points.length - every; k += every) {
      const [x, y] = points[k];
      if (near(x, y, 0, 0, other, ROOM) && other.points.some(([px, py]) => Math.abs(px - x) + Math.abs(py - y) < ROOM)) count++;
    }
  }
  return count;
}

const ABOVE = -Math.PI / 2;
const TURNS = [0, Math.PI, Math.PI / 2, -Math.PI / 2, Math.PI / 4, -Math.PI / 4, 0.75 * Math.PI, -0.75 * Math.PI];

/** A loop above the state, or on another side where more room is, also for its text. */
function loop(state, half, boxes, drawn) {
  const others = boxes.filter((each) => each !== state);
  // Of left and right, the side that is away from the state's other arrows comes first.
  const own = drawn.filter(({ source, target }) => source === state.name || target === state.name);
  const side = own.reduce((sum, { points }) => sum + points[SAMPLES / 2][0] - state.x, 0) > 0 ? -1 : 1;
  return cheapest(TURNS, 6, (turn) => {
    const angle = ABOVE + side * turn;
    const [ux, uy] = [Math.cos(angle), Math.sin(angle)];
    const foot = border(state, [state.x + ux, state.y + uy]);
    const at = (end) => [foot[0] + 34 * ux - end * 20 * uy, foot[1] + 34 * uy + end * 20 * ux];
    const towards = (end) => [state.x + state.rx * Math.cos(angle + 0.5 * end), state.y + state.ry * Math.sin(angle + 0.5 * end)];
    const found = drawnBetween(border(state, towards(-1)), border(state, towards(1)), at(-1), at(1));
    const label = beyond(found.points[SAMPLES / 2], [ux, uy], half);
    const cost = 40 * touched(found, others) + 8 * met(found, 1, drawn) + crowded(label, half, boxes, drawn);
    return { ...found, label, cost };
  });
}

/** The arrow from nowhere: from the left, or from where more room is. */
function entry(state, boxes, drawn) {
  const others = boxes.filter((each) => each !== state);
  return cheapest(TURNS, 3, (turn) => {
    const angle = Math.PI + turn;
    const [ux, uy] = [Math.cos(angle), Math.sin(angle)];
    const foot = border(state, [state.x + ux, state.y + uy]);
    const at = (away) => [foot[0] + away * ux, foot[1] + away * uy];
    const found = drawnAs([at(30), at(30), at(HEAD), at(HEAD)], foot);
    return { ...found, label: null, cost: 40 * touched(found, others) + crowded(at(18), [12, 8], [], drawn) };
  });
}

/** What is made of an item at the least cost; each item costs `price` more than the one before. */
function cheapest(items, price, made) {
  let best = null;
  for (const [number, item] of items.entries()) {
    if (best && best.cost <= number * price) break;
    const found = made(item);
    found.cost += number * price;
    if (!best || found.cost < best.cost) best = found;
  }
  return best;
}

const SHARES = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74];

/** Gives every arrow that has none yet the place of its text: on no state, arrow or other text. */
function placeTexts(arrows, { boxes, drawn }) {
  for (const arrow of arrows) {
    if (arrow.label !== undefined) continue;
    arrow.label = cheapest(beside(arrow, ...arrow.half), 1, (at) => ({ at, cost: crowded(at, arrow.half, boxes, drawn) })).at;
  }
}

/** How much is in the way of a text. */
function crowded([x, y], [hx, hy], boxes, drawn) {
  let cost = 0;
  for (const box of boxes) cost += 30 * overlap(x, y, hx + 1, hy + 1, box.x, box.y, 0.9 * box.rx, 0.9 * box.ry);
  for (const arrow of drawn) {
    if (arrow.label) cost += 60 * overlap(x, y, hx, hy, ...arrow.label, ...arrow.half);
    if (!near(x, y, hx, hy, arrow, 0)) continue;
    for (const [px, py] of arrow.points) if (Math.abs(px - x) < hx && Math.abs(py - y) < hy) cost += 6;
  }
  return cost;
}

/** How much of the narrower of two boxes the other covers, 0 to 1. */
function overlap(x, y, hx, hy, ox, oy, ow, oh) {
  const wide = Math.min(x + hx, ox + ow) - Math.max(x - hx, ox - ow);
  const high = Math.min(y + hy, oy + oh) - Math.max(y - hy, oy - oh);
  return wide <= 0 || high <= 0 ? 0 : 0.3 + (wide * high) / (4 * Math.min(hx * hy, ow * oh));
}

/** The place of a text beyond the far end of a loop. */
function beyond([x, y], [ux, uy], [hx, hy]) {
  const away = 3 + Math.abs(ux) * hx + Math.abs(uy) * hy;
  return [x + away * ux, y + away * uy];
}

/** Places beside an arrow, the side that it bends to first, the upper one of a straight arrow. */
function beside({ path, bend }, hx, hy) {
  return SHARES.flatMap((t) => {
    const [x, y] = pointAt(...path, t);
    const [bx, by] = pointAt(...path, t - 0.05);
    const [ax, ay] = pointAt(...path, t + 0.05);
    const length = Math.hypot(ax - bx, ay - by) || 1;
    const [nx, ny] = [(ay - by) / length, -(ax - bx) / length];
    const away = 2 + Math.abs(nx) * hx + Math.abs(ny) * hy * 0.9;
    const first = bend > 0 || (bend === 0 && (ny < -0.01 || (Math.abs(ny) <= 0.01 && nx > 0))) ? 1 : -1;
    return [first, -first].map((side) => [x + side * away * nx, y + side * away * ny]);
  });
}
