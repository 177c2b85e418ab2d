// A relation between states and symbols as the product of at most two threshold filters: the counterpart
// of reberlstm/compiler/ferrers.py, with ties broken in the same way. The theory is in docs/theory.md.
//
// A pair (row, column) of a relation is one number, row * columns + column.

const MAX_CUTS = 16;
const SMALL = 4.5;

/**
 * What leads to a state, with some of its symbols only. `pairs` has the symbols by code, in order;
 * `legal` those that are no violation in these codes, `legalElsewhere` those in some other.
 */
export function restrict({ pairs, reference, hasOthers, legal, legalElsewhere }, symbols) {
  const restricted = new Map();
  const elsewhere = new Set(legalElsewhere);
  for (const [code, pattern] of pairs) {
    const left = pattern.filter((symbol) => symbols.includes(symbol));
    if (left.length) restricted.set(code, left);
    else for (const symbol of legal.get(code)) elsewhere.add(symbol);
  }
  return { pairs: restricted, reference, hasOthers: hasOthers || restricted.size < pairs.size, legal, legalElsewhere: elsewhere };
}

/** The symbols of all pairs, in alphabet order. */
export function symbolsOf({ pairs }) {
  return [...new Set([...pairs.values()].flat())].sort((a, b) => a - b);
}

/** Whether two filters are enough. */
export function fits(incoming) {
  return colouring(relationOf(patternsOf(incoming))) !== null;
}

/**
 * At most two filters, {states, others, symbols, bias}, that are open together exactly on the pairs; null
 * where two are not enough. The first alone is to be right on legal words if weights stay small; then
 * the largest weight and the number of weights are to be small.
 */
export function factorise(incoming) {
  const relation = relationOf(patternsOf(incoming));
  const colours = colouring(relation);
  if (!colours) return null;
  const legal = legalPairs(relation, incoming);
  let best = null;
  for (const [first, second] of [colours, [...colours].reverse()]) {
    for (const rejected of sharings(relation, first, second)) {
      const filters = rejected.filter((pairs) => pairs.size > 0).map((pairs) => filterOf(relation, pairs, incoming));
      const unclean = rejected[1].size ? legal.filter((pair) => !rejected[0].has(pair)).length : 0;
      const cost = costOf(filters, unclean);
      if (!best || isLess(cost, best.cost)) best = { filters, cost };
    }
  }
  return best.filters;
}

function costOf(filters, unclean) {
  let [largest, weights] = [0, 0];
  for (const { states, others, symbols, bias } of filters) {
    const all = [...states.values(), ...symbols.values(), others];
    largest = Math.max(largest, ...[...all, bias].map(Math.abs));
    weights += all.filter((weight) => weight !== 0).length;
  }
  return largest <= SMALL ? [0, unclean, largest, weights] : [1, largest, unclean, weights];
}

/** Whether a list of numbers comes before another: the first difference decides. */
function isLess(a, b) {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at >= 0 && a[at] < b[at];
}

const keyOf = (pattern) => pattern.join(" ");

/** The patterns, each once; that of the reference is in the middle, where weights are half as large. */
function patternsOf({ pairs, reference, hasOthers }) {
  const patterns = new Map([...pairs.values()].map((pattern) => [keyOf(pattern), pattern]));
  const order = [...patterns.values()];
  const own = pairs.get(reference);
  if (own) {
    order.splice(order.indexOf(patterns.get(keyOf(own))), 1);
    order.splice(Math.floor(order.length / 2), 0, own);
  }
  return hasOthers ? [...order, []] : order;
}

/** The relation in which each row has a symbol or not, equal rows and equal columns merged. */
function relationOf(patterns) {
  const distinct = [...new Map(patterns.map((pattern) => [keyOf(pattern), pattern])).values()];
  const sets = distinct.map((pattern) => new Set(pattern));
  const members = new Map();
  for (const symbol of [...new Set(distinct.flat())].sort((a, b) => a - b)) {
    const holders = keyOf([...sets.keys()].filter((row) => sets[row].has(symbol)));
    members.set(holders, [...(members.get(holders) ?? []), symbol]);
  }
  const columns = [...members.values()];
  const rows = sets.map((set) => columns.map(([symbol]) => set.has(symbol)));
  const empty = distinct.findIndex((pattern) => pattern.length === 0);
  const rowOf = new Map(distinct.map((pattern, row) => [keyOf(pattern), row]));
  return { rows, rowOf, columns, width: columns.length, empty };
}

function pairsThat(relation, kept) {
  return relation.rows.flatMap((row, p) => row.flatMap((has, a) => (has === kept ? [p * relation.width + a] : [])));
}

/** The pairs that are rejected and that some legal word comes to. */
function legalPairs(relation, { pairs, legal, legalElsewhere }) {
  const known = [...pairs].map(([code, pattern]) => [relation.rowOf.get(keyOf(pattern)), legal.get(code)]);
  if (relation.empty >= 0) known.push([relation.empty, legalElsewhere]);
  const found = new Set();
  for (const [row, symbols] of known) {
    relation.columns.forEach((column, a) => {
      if (!relation.rows[row][a] && column.some((symbol) => symbols.has(symbol))) found.add(row * relation.width + a);
    });
  }
  return [...found];
}

/**
 * Two sets of pairs to reject such that neither has two that obstruct each other; null where there are
 * none. Pairs that obstruct nothing are left out.
 */
function colouring(relation) {
  const components = twoColoured(obstructions(relation));
  if (!components) return null;
  const both = [0, 1].map((side) => new Set(components.flatMap((parts) => [...parts[side]])));
  if (both.every((part) => heights(relation, part))) return both;
  let chosen = [new Set(), new Set()];
  for (const parts of components) {
    const turned = [parts, [...parts].reverse()].map((sides) => sides.map((side, k) => new Set([...chosen[k], ...side])));
    chosen = turned.find((sides) => sides.every((part) => heights(relation, part)));
    if (!chosen) return null;
  }
  return chosen;
}

/** The obstruction graph; pairs without a neighbour are not in it. */
function obstructions({ rows, width }) {
  const graph = new Map();
  const add = (from, to) => (graph.has(from) ? graph.get(from).push(to) : graph.set(from, [to]));
  for (let p = 0; p < rows.length; p++) {
    for (let q = p + 1; q < rows.length; q++) {
      const only = (here, there) => rows[here].flatMap((has, a) => (has && !rows[there][a] ? [a] : []));
      const others = only(q, p);
      for (const a of only(p, q)) {
        for (const b of others) {
          add(p * width + b, q * width + a);
          add(q * width + a, p * width + b);
        }
      }
    }
  }
  return graph;
}

/** The two colour classes of each component; null where a component has an odd cycle. */
function twoColoured(graph) {
  const colour = new Map();
  const components = [];
  for (const root of [...graph.keys()].sort((a, b) => a - b)) {
    if (colour.has(root)) continue;
    const parts = [new Set(), new Set()];
    const queue = [root];
    colour.set(root, 0);
    for (const node of queue) {
      const side = colour.get(node);
      parts[side].add(node);
      for (const neighbour of graph.get(node)) {
        if (!colour.has(neighbour)) {
          colour.set(neighbour, 1 - side);
          queue.push(neighbour);
        } else if (colour.get(neighbour) === side) return null;
      }
    }
    components.push(parts);
  }
  return components;
}

/**
 * The height of every row and column in the order "row above column for a pair let through": the length
 * of the longest chain below it, even for rows, odd for columns. Null where the order has a cycle.
 */
function heights({ rows, width }, rejected) {
  const above = Array.from({ length: width + rows.length }, () => []);
  const below = above.map(() => 0);
  const add = (low, high) => {
    above[low].push(high);
    below[high]++;
  };
  rows.forEach((row, p) => row.forEach((has, a) => has && add(a, width + p)));
  for (const pair of rejected) add(width + Math.floor(pair / width), pair % width);
  const height = above.map((_, node) => (node < width ? 1 : 0));
  const queue = [...above.keys()].filter((node) => below[node] === 0);
  for (const node of queue) {
    for (const high of above[node]) {
      height[high] = Math.max(height[high], height[node] + 1);
      if (--below[high] === 0) queue.push(high);
    }
  }
  return queue.length === height.length ? { row: height.slice(width), column: height.slice(0, width) } : null;
}

/** Gives every rejected pair to a filter: all sensible ways of sharing the empty row between the two. */
function* sharings(relation, ...colours) {
  const [first, second] = colours.map((pairs) => new Set(pairs));
  const { width, empty } = relation;
  const free = pairsThat(relation, false).filter((pair) => !first.has(pair) && !second.has(pair) && Math.floor(pair / width) !== empty);
  const all = new Set([...first, ...free]);
  if (heights(relation, all)) free.forEach((pair) => first.add(pair));
  else for (const pair of free) (heights(relation, [...first, pair]) ? first : second).add(pair);
  if (empty < 0) {
    yield [first, second];
    return;
  }
  const { column } = heights(relation, first);
  const columns = [...column.keys()].sort((a, b) => column[a] - column[b]);
  const step = Math.max(1, Math.floor(width / MAX_CUTS));
  for (let cut = 0; cut <= (second.size ? width : 0); cut += step) {
    const given = columns.map((a) => empty * width + a);
    yield [new Set([...first, ...given.slice(cut)]), new Set([...second, ...given.slice(0, cut)])];
  }
}

/** The filter that lets the relation's pairs through and rejects those given. */
function filterOf(relation, rejected, { pairs, reference }) {
  const { width, empty, columns, rowOf } = relation;
  const isEmpty = (pair) => Math.floor(pair / width) === empty;
  const height = heights(relation, [...rejected].filter((pair) => !isEmpty(pair)));
  const rows = height.row;
  if (empty >= 0) {
    const limits = [...rejected].filter(isEmpty).map((pair) => height.column[pair % width] - 1);
    rows[empty] = base(rows.filter((_, p) => p !== empty), limits.length ? Math.min(...limits) : null);
  }
  const rowAt = (code) => rows[rowOf.get(keyOf(pairs.get(code) ?? []))];
  const zero = rowAt(reference);
  const others = empty < 0 ? 0 : (rows[empty] - zero) / 2;
  const states = new Map();
  for (const code of pairs.keys()) {
    const value = (rowAt(code) - zero) / 2;
    if (code !== reference && value !== others) states.set(code, value);
  }
  const sums = height.column.map((value) => (zero - value) / 2);
  const bias = biasOf(columns, sums);
  const symbols = new Map();
  sums.forEach((value, a) => {
    if (value !== bias) for (const symbol of columns[a]) symbols.set(symbol, value - bias);
  });
  return { states, others, symbols, bias };
}

/** The first of some things for which the list of numbers is the least. */
function leastOf(things, cost) {
  return things.reduce((best, thing) => (isLess(cost(thing), cost(best)) ? thing : best));
}

/** A height of at most `limit` for the states without a pair, near the middle of the others. */
function base(others, limit) {
  const low = others.filter((height) => limit === null || height <= limit);
  const candidates = [...(low.length ? low : [limit ?? 0]), ...(limit === null ? [] : [limit])];
  return leastOf(candidates, (height) => [Math.max(...others.map((other) => Math.abs(other - height))), -others.filter((other) => other === height).length]);
}

/** The bias that leaves the smallest and fewest weights on symbols. */
function biasOf(columns, sums) {
  const candidates = [...new Set(sums)].sort((a, b) => Math.abs(a) - Math.abs(b) || a - b);
  return leastOf(candidates, (bias) => [
    Math.max(Math.abs(bias), ...sums.map((value) => Math.abs(value - bias))),
    sums.reduce((count, value, a) => count + (value === bias ? 0 : columns[a].length), 0),
  ]);
}
