"""The proof in the page's script comes to the verdict of `certify`, and its boxes hold every state."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, localcontext

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.certificates import certify
from reberlstm.errors import CertificateError
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.loading import shipped
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head, Readout, Rule
from reberlstm.render.page import _machine_data, net_data
from tests.browser.test_numbers import KINDS, random_net
from tests.browser.wired import nets

pytestmark = pytest.mark.browser

DECIDE = """([machine, net, milliseconds]) => {
  const begin = performance.now();
  const decision = $prove.decide($machine.makeMachine(machine), $net.readNet(net), { milliseconds });
  const { verdict, scope, heads, margin, wrong, shortest, reason, boxes } = decision;
  const time = performance.now() - begin;
  return { verdict, scope, heads, margin, reason, shortest, length: wrong?.word.length, boxes: boxes?.length, time };
}"""
DECIDE_ALL = f"(cases) => cases.map({DECIDE})"


@pytest.fixture(scope="module")
def page(with_modules):
    return with_modules("machine", "net", "prove", "boxes", "slopes", "verdicts")


def asked(net, fsm, milliseconds):
    return [_machine_data(fsm), net_data(net, "net", fsm.alphabet), milliseconds]


def expected(net, fsm, seconds):
    """What `certify` says of the heads that the page knows, as the page says it."""
    heads = [head for head in net.asked(net.claims) if head != "label"]
    labels = "label" in net.asked(net.claims)
    try:
        found = certify(net, fsm, seconds=seconds, heads=heads if labels else None)
    except CertificateError:
        return {"verdict": "unknown"}
    verdict = {True: "proved", False: "refuted", None: "unknown"}[found.holds]
    if verdict == "proved":
        return {"verdict": verdict, "scope": found.scope, "margin": found.margin}
    if verdict == "refuted":
        length = len(found.counterexample)
        return {"verdict": verdict, "shortest": found.shortest, "length": length}
    return {"verdict": verdict}


def agreement(page, seed, count, seconds, **which):
    """How often the page and `certify` say what of the same nets; what is decided may not differ."""
    made = list(nets(seed, count, **which))
    cases = [asked(net, fsm, 4000 * seconds) for _, net, fsm in made]
    tally = Counter()
    for (name, net, fsm), found in zip(made, page.evaluate(DECIDE_ALL, cases), strict=True):
        right = expected(net, fsm, seconds)
        # Was the time of one of them too short?
        if right["verdict"] == "unknown" != found["verdict"]:
            right = expected(net, fsm, 20 * seconds)
        elif right["verdict"] != "unknown" == found["verdict"]:
            found = page.evaluate(DECIDE, asked(net, fsm, 40_000 * seconds))
        tally[right["verdict"], found["verdict"]] += 1
        where = f"seed {seed}, net {name}: {right}, {found}"
        if found["verdict"] == "unknown":
            assert found["reason"], where
            continue
        assert right["verdict"] == found["verdict"], where
        if found["verdict"] == "proved":
            assert right["scope"] == found["scope"], where
            assert found["margin"] == pytest.approx(right["margin"], rel=0.2), where
        elif right["shortest"] and found["shortest"]:
            assert right["length"] == found["length"], where
    return tally


def test_the_verdict_is_that_of_certify(page, seed):
    tally = agreement(page, seed, 36, 0.2, easy=True)
    print(f"seed {seed}, certify and page: {dict(tally)}")
    assert sum(n for (one, other), n in tally.items() if one == other) >= 34


@pytest.mark.slow
def test_the_verdict_on_a_thousand_nets(page, seed):
    tally = agreement(page, seed, 1000, 5)
    print(f"seed {seed}, certify and page: {dict(tally)}")
    assert sum(n for (one, other), n in tally.items() if one == other) >= 995


def test_what_is_proved_is_said(page):
    reber, counting = rl.load_grammar("reber"), rl.load_grammar("anbn")
    cases = [
        asked(net, fsm, 5000)
        for net, fsm in (
            *((rl.compile(reber), reber), (rl.published(), reber), (shipped("reber-4"), reber)),
            (rl.compile(counting), counting),
        )
    ]
    texts = page.evaluate(
        """(cases) => cases.map(([data, given, milliseconds]) => {
          const [machine, net] = [$machine.makeMachine(data), $net.readNet(given)];
          return $verdicts.verdictText(machine, net, $prove.decide(machine, net, { milliseconds }));
        })""",
        cases,
    )
    assert texts == [
        "Proved right after every string of any length, in this page: every number that the "
        "reader is asked for stays at least 0.381 away from its threshold (the margin).",
        "Shortest wrong word: BTSSSSSSXXV (11 symbols). "
        "There the net offers P V E; the machine allows P V.",
        "Proved right after every legal beginning of a word of any length, in this page: "
        "every number that the reader is asked for stays at least 4.03 away from its threshold (the "
        "margin).",
        "Not decided: the machine counts, and nothing is proved here about counters.",
    ]


def turning(turn, growth):
    """A state on a spiral outwards, wrong once it is far out: of its machine every word may end."""
    to = {"any": {"a": "any", "b": "any"}}
    fsm = FSM(alphabet=("a", "b"), start="any", accepting={"any"}, transitions=to)
    cos, sin = growth * np.cos(turn), growth * np.sin(turn)
    weights = (np.zeros((2, 2)), np.array([[cos, -sin], [sin, cos]]))
    layer = Layer(CELLS["rnn"], *weights, np.zeros(2), np.zeros(2))
    head = Readout("accept", Rule.parse("logit>-0.25"), (Head(np.eye(1, 2), np.zeros(1)),))
    made = {"alphabet": fsm.alphabet, "layers": (layer,), "heads": {"accept": head}}
    return Net.of(**made, start_state=np.array([1e-3, 0.0]), claims="all"), fsm


def test_a_long_wrong_word_of_a_net_that_turns_its_state_is_confirmed(page):
    """Boxes of single steps grow by a factor of 1.4 in each of the 122."""
    net, fsm = turning(0.8, 1.05)
    found = page.evaluate(DECIDE, asked(net, fsm, 5000))
    right = expected(net, fsm, 5)
    assert right == {"verdict": "refuted", "shortest": True, "length": 122}
    assert right == {key: found[key] for key in right}


# Are the boxes large enough?

IN_BOXES = """([given, symbols]) => {
  const net = $net.readNet(given);
  const boxes = new $boxes.BoxNet(net);
  let seed = 12345;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const faults = [];
  const inside = (values, { low, high }) => values.every((value, k) => low[k] <= value && value <= high[k]);
  const layersOf = (values) => boxes.split({ low: values, high: values }).map((parts) => ({ h: Float64Array.from(parts[0].low), c: Float64Array.from(parts.at(-1).low) }));
  for (let trial = 0; trial < 40; trial++) {
    const box = { low: [], high: [] };
    for (let k = 0; k < boxes.width; k++) {
      const middle = 3 * random() - 1.5;
      const radius = trial % 3 === 0 ? 0 : 10 ** (-6 * random());
      box.low.push(middle - radius);
      box.high.push(middle + radius);
    }
    let here = $slopes.beginning(boxes, box);
    let states = [0, 1, 0.3].map((share) => ({ layers: layersOf(box.low.map((low, k) => low + (box.high[k] - low) * share)) }));
    for (const symbol of [trial % symbols, 1, 0]) {
      here = $slopes.followed(boxes, here, symbol);
      states = states.map((state) => $net.step(net, symbol, state, 0));
      if (!states.every((state) => inside(boxes.stateOf(state), here.box))) faults.push(`several steps, trial ${trial}`);
    }
    for (let symbol = 0; symbol < symbols; symbol++) {
      const next = boxes.step(boxes.prepared(box), symbol);
      for (let sample = 0; sample < 5; sample++) {
        const values = box.low.map((low, k) => low + (box.high[k] - low) * (sample === 0 ? Math.round(random()) : random()));
        const after = $net.step(net, symbol, { layers: layersOf(values) }, 0);
        if (!inside(boxes.stateOf(after), next)) faults.push(`trial ${trial}, symbol ${symbol}`);
        for (const head of Object.values(net.heads)) {
          if (!inside($net.readHead(head, after.read), boxes.values(head, boxes.read(next)))) faults.push(`head, trial ${trial}`);
        }
      }
    }
  }
  return faults;
}"""

STEPPED = """([given, values]) => {
  const boxes = new $boxes.BoxNet($net.readNet(given));
  return boxes.step(boxes.prepared({ low: values, high: values }), 1);
}"""


def test_states_in_a_box_step_into_the_next_box(page):
    reber = rl.load_grammar("reber")
    for which, options in KINDS.items():
        net = random_net(reber, seed=5, **options)
        given = net_data(net, which, reber.alphabet)
        assert page.evaluate(IN_BOXES, [given, 3]) == [], which


def test_the_box_of_a_point_holds_the_result_of_sixty_digits(page):
    """The step of an LSTM in decimals, which are the oracle for what rounding may do."""
    reber = rl.load_grammar("reber")
    for seed in range(5):
        net = random_net(reber, ["lstm"], seed=seed)
        given = net_data(net, "net", reber.alphabet)
        values = np.random.default_rng(seed).normal(size=6).tolist()
        found = page.evaluate(STEPPED, [given, values])
        after = in_decimals(net, net.alphabet.index(reber.alphabet[1]), values)
        for low, high, exact in zip(found["low"], found["high"], after, strict=True):
            assert Decimal(low) < exact < Decimal(high)
            assert high - low < 1e-13


def in_decimals(net, column, values):
    (layer,) = net.layers
    with localcontext() as context:
        context.prec = 60
        h, c = ([Decimal(x) for x in part] for part in (values[:3], values[3:]))

        def gate(block, cell):
            row = 3 * block + cell
            weights = zip(layer.weight_hh[row].tolist(), h, strict=True)
            constants = (layer.weight_ih[row, column], layer.bias_ih[row], layer.bias_hh[row])
            z = sum((Decimal(w) * x for w, x in weights), Decimal(0))
            return z + sum((Decimal(float(x)) for x in constants), Decimal(0))

        def sigmoid(z):
            return 1 / (1 + (-z).exp())

        def tanh(z):
            return 2 * sigmoid(2 * z) - 1

        memory = [
            sigmoid(gate(1, k)) * c[k] + sigmoid(gate(0, k)) * tanh(gate(2, k)) for k in range(3)
        ]
        return [*(sigmoid(gate(3, k)) * tanh(memory[k]) for k in range(3)), *memory]
