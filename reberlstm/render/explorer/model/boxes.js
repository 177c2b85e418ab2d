// One step of a net on a box: where can its state be next, if it is in the box now?
//
// A box is an interval for every number of the state: of each layer h, and where it is something
// else, c. The formulas are those of model/net.js, in intervals.

import { centred, constants, joined, mix, part, point, product, products, settled, softmax, SQUASH, sum, together } from "./intervals.js";
import { initial } from "./net.js";

const { sigmoid, tanh, relu } = SQUASH;

const memory = ({ forget, input, candidate }, c) => sum(product(forget, c), product(input, candidate));
const inputs = (gate) => ({ forget: gate("forget", sigmoid), input: gate("input", sigmoid), candidate: gate("candidate", tanh) });

/**
 * The kinds of cell: the gates, and what the state, [h] or [h, c], is after a step. `gate(name, squash)` is
 * a gate, and of the candidate of a GRU `plain` the sum without what it reads of h, `again` what it reads
 * of h, and `reading(h)` what it reads of another h.
 */
const STEPS = {
  lstm({ gate }, [, c]) {
    const gates = { ...inputs(gate), output: gate("output", sigmoid) };
    const after = memory(gates, c);
    return { gates, state: [product(gates.output, tanh(after)), after] };
  },
  toy({ gate }, [c]) {
    const gates = inputs(gate);
    return { gates, state: [memory(gates, c)] };
  },
  gru({ gate, again, plain }, [h]) {
    const [reset, update] = [gate("reset", sigmoid), gate("update", sigmoid)];
    const candidate = tanh(sum(settled(plain()), product(reset, again())));
    return { gates: { reset, update, candidate }, state: [mix(update, candidate, h)] };
  },
  "gru-before"({ gate, plain, reading }, [h]) {
    const [reset, update] = [gate("reset", sigmoid), gate("update", sigmoid)];
    const candidate = tanh(settled(together(reading(product(reset, h)), plain())));
    return { gates: { reset, update, candidate }, state: [mix(update, candidate, h)] };
  },
  rnn: ({ gate }) => simple(gate("candidate", tanh)),
  "rnn-relu": ({ gate }) => simple(gate("candidate", relu)),
};

const simple = (candidate) => ({ gates: { candidate }, state: [candidate] });

export class BoxNet {
  constructor(net) {
    this.net = net;
    let first = 0;
    this.places = net.layers.map(({ cell, size }) => {
      const parts = cell === "lstm" ? 2 : 1;
      const place = { first, size, parts };
      first += parts * size;
      return place;
    });
    this.width = first;
    const [layer] = net.layers;
    this.columns = columnsOf(layer.input, layer.inputSize, layer.bias, layer.inputTerms ?? 1);
    this.fed = net.fed ? columnsOf(net.fed, net.fedSize, layer.bias, layer.inputTerms ?? layer.width) : [];
  }

  /** Which numbers of a state no gate reads: the c of LSTMs. They may be without a bound. */
  get mayBeUnbounded() {
    const free = new Uint8Array(this.width);
    for (const { first, size, parts } of this.places) if (parts === 2) free.fill(1, first + size, first + 2 * size);
    return free;
  }

  /** The state of words before the first symbol, a box that is a point. */
  start() {
    return point(this.stateOf(initial(this.net)));
  }

  /** The numbers of a state of model/net.js as boxes have them. */
  stateOf({ layers }) {
    return layers.flatMap(({ h, c }, number) => (this.places[number].parts === 2 ? [...h, ...c] : [...h]));
  }

  /** The parts of a box by layer: [h] or [h, c]. */
  split(box) {
    return this.places.map(({ first, size, parts }) => Array.from({ length: parts }, (_, k) => part(box, first + k * size, size)));
  }

  /** What is the same for every symbol that is read in a box: its parts, and what gates read of them. */
  prepared(box) {
    const states = this.split(box);
    return { states, sums: this.net.layers.map((layer, number) => recurrentSums(layer, centred(states[number][0]))) };
  }

  /** The box after a symbol. */
  step(prepared, symbol) {
    return joined(this.after(prepared, this.columns[symbol]).flatMap(({ state }) => state));
  }

  /** Gates and states of the layers after a step, with what the input and the biases add to the first one. */
  after({ states, sums }, column) {
    let input = column;
    return this.net.layers.map((layer, number) => {
      const found = layerAfter(layer, sums[number], input, states[number]);
      const next = this.net.layers[number + 1];
      if (next) input = together(products({ matrix: next.input, width: next.width, reads: next.readsInput }, centred(found.state[0])), constants(next.bias));
      return found;
    });
  }

  /** What the heads read in a box: h of the last layer, what is fed after every word fed. */
  read(box) {
    let all = box;
    for (const column of this.fed) all = joined(this.after(this.prepared(all), column).flatMap(({ state }) => state));
    return this.split(all).at(-1)[0];
  }

  /** The numbers that a head's rule is about, for what it reads. */
  values(head, h) {
    const units = head.below.reduce((x, { weight, width, bias, reads }) => {
      const z = settled(together(products({ matrix: weight, width, reads }, centred(x)), constants(bias)));
      return head.activation === "relu" ? relu(z) : tanh(z);
    }, h);
    const centre = centred(units);
    const sums = together(products({ matrix: head.weight, width: head.width, reads: head.reads }, centre), constants(head.bias));
    const count = head.bias.length;
    if (head.function === "softmax") return part(softmax(count, (a, b) => gap(head, centre, sums, a, b)), 0, count - head.extra);
    const z = part(settled(sums), 0, count - head.extra);
    return head.function === "tanh" ? tanh(z) : z;
  }

  /**
   * How far the heads are from wrong in a box at least, negative where one may be wrong; and whether
   * one is `wrong` in all of it. `right` says what the rows of each head must say: +1 yes, −1 no.
   */
  judged(box, right) {
    const h = this.read(box);
    let margin = Infinity;
    let wrong = false;
    for (const [name, signs] of Object.entries(right)) {
      const head = this.net.heads[name];
      const { threshold } = head;
      const { low, high } = this.values(head, h);
      signs.forEach((sign, row) => {
        margin = Math.min(margin, sign > 0 ? low[row] - threshold : threshold - high[row]);
        // A number at the threshold says no.
        wrong ||= sign > 0 ? high[row] <= threshold : low[row] > threshold;
      });
    }
    return { margin, wrong };
  }
}

/** Both ends of z_a − z_b, as one sum. */
function gap({ weight, bias, width }, { middle, radius }, { size, terms }, a, b) {
  let z = bias[a] - bias[b];
  let reach = 0;
  for (let k = 0; k < width; k++) {
    const difference = weight[a * width + k] - weight[b * width + k];
    z += difference * middle[k];
    reach += Math.abs(difference) * radius[k];
  }
  const { low, high } = settled({ middle: [z], radius: [reach], size: [size[a] + size[b]], terms: 2 * terms });
  return [low[0], high[0]];
}

/** What each symbol, with the biases, adds to the sums of the first layer. */
function columnsOf(matrix, sizes, bias, terms) {
  const count = matrix.length / bias.length;
  return Array.from({ length: count }, (_, column) => {
    const of = (array) => Array.from(bias, (__, row) => array[row * count + column]);
    return together(constants(of(matrix), of(sizes ?? matrix), terms), constants(bias));
  });
}

const recurrentSums = ({ recurrent, size, reads }, centre, first = 0, count = reads.length) => products({ matrix: recurrent, width: size, reads, first, count }, centre);

/** Some rows of sums. */
const rowsOf = ({ middle, radius, size, terms }, first, count) => {
  const of = (array) => array.slice(first, first + count);
  return { middle: of(middle), radius: of(radius), size: of(size), terms };
};

/** What the candidate of a GRU reads of h, with its own bias, before the reset gate multiplies it. */
export const againOf = ({ gates, size, inner }, sums) => settled(together(rowsOf(sums, gates.indexOf("candidate") * size, size), constants(inner)));

function layerAfter(layer, sums, input, state) {
  const { size } = layer;
  const all = settled(together(sums, input));
  const at = (name) => layer.gates.indexOf(name) * size;
  const candidate = at("candidate");
  return STEPS[layer.cell](
    {
      gate: (name, squash) => squash(part(all, at(name), size)),
      plain: () => rowsOf(input, candidate, size),
      again: () => againOf(layer, sums),
      reading: (h) => recurrentSums(layer, centred(h), candidate, size),
    },
    state,
  );
}
