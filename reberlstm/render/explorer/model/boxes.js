// One step of a net on a box: where can its state be next, if it is in the box now?
//
// A box is an interval for every number of the state: of each layer h, and where it is something
// else, c. The formulas are those of model/net.js, in intervals.

import { centred, constants, joined, mix, part, point, product, products, relu, settled, sigmoid, softmax, sum, tanh, together } from "./intervals.js";
import { initial } from "./net.js";

const memory = ({ forget, input, candidate }, c) => sum(product(forget, c), product(input, candidate));

/**
 * The kinds of cell: what the state is after a step, [h] or [h, c]. `gate(name, squash)` is a gate
 * that reads h, `own(name)` the sum of what it reads of h, `rest(name, z)` the sum with all that it
 * reads besides, and `reads(name, h)` the sum of what it reads of another h.
 */
const STEPS = {
  lstm({ gate }, [, c]) {
    const gates = { forget: gate("forget", sigmoid), input: gate("input", sigmoid), candidate: gate("candidate", tanh) };
    const after = memory(gates, c);
    return [product(gate("output", sigmoid), tanh(after)), after];
  },
  toy({ gate }, [c]) {
    return [memory({ forget: gate("forget", sigmoid), input: gate("input", sigmoid), candidate: gate("candidate", tanh) }, c)];
  },
  gru({ gate, again, plain }, [h]) {
    const inner = product(gate("reset", sigmoid), again);
    return [mix(gate("update", sigmoid), tanh(sum(settled(plain("candidate")), inner)), h)];
  },
  "gru-before"({ gate, plain, reading }, [h]) {
    const read = reading("candidate", product(gate("reset", sigmoid), h));
    return [mix(gate("update", sigmoid), tanh(settled(together(read, plain("candidate")))), h)];
  },
  rnn: ({ gate }) => [gate("candidate", tanh)],
  "rnn-relu": ({ gate }) => [gate("candidate", relu)],
};

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
    this.columns = columnsOf(layer.input, layer.inputSize, layer.bias.length, layer.inputTerms);
    this.fed = net.fed ? columnsOf(net.fed, net.fedSize, layer.bias.length, layer.inputTerms ?? layer.width) : [];
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

  /** What is the same for every symbol that is read in a box. */
  prepared(box) {
    const states = this.split(box);
    const sums = this.net.layers.map((layer, number) => {
      const { recurrent, size, reads } = layer;
      return products({ matrix: recurrent, width: size, reads }, centred(states[number][0]));
    });
    return { states, sums };
  }

  /** The box after a symbol. */
  step(prepared, symbol) {
    return joined(this.after(prepared, this.columns[symbol]).flat());
  }

  /** The states of the layers after a step, with what the input adds to the first one. */
  after({ states, sums }, column) {
    let input = column;
    return this.net.layers.map((layer, number) => {
      const state = layerAfter(layer, sums[number], input, states[number]);
      const next = this.net.layers[number + 1];
      if (next) input = products({ matrix: next.input, width: next.width, reads: next.readsInput }, centred(state[0]));
      return state;
    });
  }

  /** What the heads read in a box: h of the last layer, what is fed after every word fed. */
  read(box) {
    let states = this.split(box);
    for (const column of this.fed) {
      const sums = this.net.layers.map(({ recurrent, size, reads }, number) => products({ matrix: recurrent, width: size, reads }, centred(states[number][0])));
      states = this.after({ states, sums }, column);
    }
    return states.at(-1)[0];
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

/** What each symbol adds to the sums of the first layer. */
function columnsOf(matrix, sizes, rows, terms) {
  const count = matrix.length / rows;
  return Array.from({ length: count }, (_, column) => {
    const of = (array) => Float64Array.from({ length: rows }, (__, row) => array[row * count + column]);
    return constants(of(matrix), of(sizes ?? matrix), 1 + (terms ?? 0));
  });
}

function layerAfter(layer, sums, input, state) {
  const { size, bias, inner, recurrent, reads } = layer;
  const rows = (from, name) => {
    const at = layer.gates.indexOf(name) * size;
    const of = (array) => array.subarray(at, at + size);
    return { middle: of(from.middle), radius: of(from.radius), size: of(from.size), terms: from.terms };
  };
  const biases = constants(bias);
  const plain = (name) => together(rows(input, name), rows(biases, name));
  const gates = {
    plain,
    gate: (name, squash) => squash(settled(together(rows(sums, name), plain(name)))),
    reading: (name, h) => products({ matrix: recurrent, width: size, reads, first: layer.gates.indexOf(name) * size, count: size }, centred(h)),
    get again() {
      return settled(together(rows(sums, "candidate"), constants(inner)));
    },
  };
  return STEPS[layer.cell](gates, state);
}
