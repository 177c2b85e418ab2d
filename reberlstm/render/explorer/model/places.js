// Where the states of a small machine are drawn, if nobody has said where: in layers by their distance
// from the start. Lengths are in points, x to the right and y down.

import { arrowsOf, distances, halfOf, NODE_HEIGHT, targetOf, widthOf } from "./arrows.js";
import { cropped, layoutAt } from "./curves.js";

const MAX_STATES = 48;
const MAX_ARROWS = 120;

/**
 * The layouts of a page's data, for a wide and a narrow place; null where the machine is too large to be
 * drawn. With `positions`, {state: [x, y]}, both are one, and the states are exactly there.
 */
export function layoutsOf(machine, positions = null) {
  if (machine.states.length > MAX_STATES || arrowsOf(machine).length > MAX_ARROWS) return null;
  if (positions) {
    const layout = layoutAt(machine, positions);
    return [layout, layout];
  }
  return ["LR", "TB"].map((direction) => cropped(layoutAt(machine, placesOf(machine, direction))));
}

const AIR = 26;
const WIDEST = 300;
const SPARSE = 2.5;

/**
 * Places in any unit, made larger where states would lie on each other, and smaller where they are far
 * apart; null where states at one place would take too much room.
 */
export function spread(machine, positions) {
  const at = machine.states.map((name) => ({ half: widthOf(name) / 2, place: positions[name] }));
  let least = 0;
  at.forEach(({ half, place: [x, y] }, number) => {
    for (const { half: other, place } of at.slice(0, number)) {
      const [dx, dy] = [Math.abs(x - place[0]), Math.abs(y - place[1])];
      least = Math.max(least, Math.min((half + other + AIR) / dx, (NODE_HEIGHT + AIR) / dy));
    }
  });
  const reach = [0, 1].map((k) => at.map(({ place }) => place[k])).map((values) => Math.max(...values) - Math.min(...values));
  const scale = Math.max(least, Math.min(1, SPARSE * least));
  if (!(scale * Math.max(...reach) <= WIDEST * at.length)) return null;
  return Object.fromEntries(machine.states.map((name) => [name, positions[name].map((value) => value * scale)]));
}

// Places in layers

const SWEEPS = 8;
const PASSES = 12;
const MANY_LINKS = 200;

/** Places for all states, {state: [x, y]}: in layers away from the start, to the right or down ("TB"). */
export function placesOf(machine, direction = "LR") {
  const sideways = direction === "LR";
  const graph = layered(machine);
  const layers = fewestCrossings(graph);
  // How long things are along the layers' direction, and across.
  const along = (name) => (sideways ? widthOf(name) : NODE_HEIGHT);
  const across = ({ name, loops }) => (name === undefined ? 26 : (sideways ? 72 : widthOf(name) + 44) + (loops ? 22 : 0));
  const place = new Map();
  let x = 0;
  layers.forEach((layer, depth) => {
    const names = layer.filter(({ name }) => name !== undefined).map(({ name }) => name);
    const half = Math.max(...names.map(along)) / 2;
    if (depth > 0) x += (sideways ? 34 + Math.max(24, graph.texts[depth]) : 54) + half;
    for (const item of layer) place.set(item, { x, y: 0 });
    x += half;
  });
  settle(layers, graph.links, place, across);
  const named = [...place].filter(([{ name }]) => name !== undefined);
  return Object.fromEntries(named.map(([{ name }, { x: far, y }]) => [name, sideways ? [far, y] : [y, far]]));
}

/**
 * The layers: items with a state's name, or without one where a long arrow passes; the links between
 * items of neighbouring layers or of the same one; and the room that texts need before each layer.
 */
function layered(machine) {
  const depth = distances(machine);
  const deepest = Math.max(...depth.values());
  // What no word leads to is last, in a layer of its own.
  for (const name of machine.states) if (!depth.has(name)) depth.set(name, deepest + 1);
  const layers = Array.from({ length: Math.max(...depth.values()) + 1 }, () => []);
  const items = new Map();
  for (const [name, at] of depth) {
    const item = { name, at, loops: machine.alphabet.some((symbol) => targetOf(machine, name, symbol) === name) };
    items.set(name, item);
    layers[at].push(item);
  }
  const links = [];
  const texts = layers.map(() => 0);
  for (const { source, target, symbols } of arrowsOf(machine)) {
    if (source === target) continue;
    let [low, high] = [items.get(source), items.get(target)];
    if (low.at > high.at) [low, high] = [high, low];
    for (let at = low.at + 1; at < high.at; at++) {
      const bend = { at };
      layers[at].push(bend);
      links.push([low, bend]);
      low = bend;
    }
    links.push([low, high]);
    if (low.at < high.at) texts[high.at] = Math.max(texts[high.at], 2 * halfOf(symbols)[0]);
  }
  return { layers, links, texts };
}

/** The layers, each in the order with the fewest crossings that sweeps back and forth find. */
function fewestCrossings({ layers, links }) {
  const near = neighboursOf(links);
  let order = layers.map((layer) => [...layer]);
  let best = order;
  let least = crossings(order, links);
  for (let sweep = 0; sweep < SWEEPS && least > 0; sweep++) {
    const numbers = numbered(order);
    const turn = order.map((layer) => [...layer]);
    const depths = [...turn.keys()];
    if (sweep % 2) depths.reverse();
    for (const depth of depths) {
      const middle = new Map(turn[depth].map((item) => {
        const from = near.get(item)?.filter(({ at }) => (sweep % 2 ? at > depth : at < depth)) ?? [];
        return [item, from.length ? mean(from.map((other) => numbers.get(other))) : numbers.get(item)];
      }));
      turn[depth].sort((a, b) => middle.get(a) - middle.get(b));
      turn[depth].forEach((item, number) => numbers.set(item, centred(number, turn[depth])));
    }
    order = turn;
    if (links.length <= MANY_LINKS) swapNeighbours(order, links);
    const count = crossings(order, links);
    if (count < least) [best, least] = [order, count];
  }
  return best;
}

function swapNeighbours(order, links) {
  let least = crossings(order, links);
  for (const layer of order) {
    for (let k = 1; k < layer.length; k++) {
      [layer[k - 1], layer[k]] = [layer[k], layer[k - 1]];
      const count = crossings(order, links);
      if (count < least) least = count;
      else [layer[k - 1], layer[k]] = [layer[k], layer[k - 1]];
    }
  }
}

const centred = (number, layer) => number - (layer.length - 1) / 2;

function numbered(order) {
  return new Map(order.flatMap((layer) => layer.map((item, number) => [item, centred(number, layer)])));
}

/** How often links between layers cross, and what stands between the ends of links within one. */
function crossings(order, links) {
  const number = numbered(order);
  let count = 0;
  links.forEach(([a, b], index) => {
    if (a.at === b.at) count += Math.abs(number.get(a) - number.get(b)) - 1;
    else {
      for (let other = 0; other < index; other++) {
        const [c, d] = links[other];
        if (c.at === a.at && d.at === b.at && (number.get(a) - number.get(c)) * (number.get(b) - number.get(d)) < 0) count++;
      }
    }
  });
  return count;
}

function neighboursOf(links) {
  const near = new Map();
  const add = (a, b) => near.set(a, [...(near.get(a) ?? []), b]);
  for (const [a, b] of links) {
    add(a, b);
    add(b, a);
  }
  return near;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Moves everything across towards the middle of what it is linked to, without changing the order. */
function settle(layers, links, place, across) {
  const near = neighboursOf(links);
  for (let pass = 0; pass <= PASSES; pass++) {
    for (const layer of pass % 2 ? [...layers].reverse() : layers) {
      const wished = layer.map((item) => {
        const others = (near.get(item) ?? []).filter(({ at }) => at !== item.at);
        return pass > 0 && others.length ? mean(others.map((other) => place.get(other).y)) : place.get(item).y;
      });
      const gaps = layer.map((item, k) => (k === 0 ? 0 : (across(layer[k - 1]) + across(item)) / 2));
      spaced(wished, gaps).forEach((y, k) => {
        place.get(layer[k]).y = y;
      });
    }
  }
}

/** The places nearest to those wished for (least squares) that keep the gaps to the ones before. */
function spaced(wished, gaps) {
  let offset = 0;
  const offsets = gaps.map((gap) => (offset += gap));
  const blocks = [];
  wished.forEach((y, k) => {
    let block = { sum: y - offsets[k], count: 1 };
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).count > block.sum / block.count) {
      const before = blocks.pop();
      block = { sum: before.sum + block.sum, count: before.count + block.count };
    }
    blocks.push(block);
  });
  return blocks.flatMap(({ sum, count }) => Array(count).fill(sum / count)).map((y, k) => y + offsets[k]);
}
