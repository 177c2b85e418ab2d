"""What the page says of a net is true: it claims no more than it has looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.certificates import certify
from reberlstm.machine.fsm import FSM
from reberlstm.net.readouts import Head
from reberlstm.render.page import _machine_data, net_data
from tests.browser.test_numbers import random_net

pytestmark = pytest.mark.browser

LINES = {"X": {"a": "Y", "b": "X"}, "Y": {"a": "X", "b": "Y"}}


def parity(alphabet="ab", **more):
    return FSM(alphabet=tuple(alphabet), start="X", accepting=("X",), transitions=LINES, **more)


def one_cell(recurrent, bias, head):
    """A cell that adds tanh(recurrent · h + bias) to its memory at every step, and has a head."""
    return rl.LSTMWeights(
        alphabet=("a",),
        cells=("c",),
        weight_ih=np.zeros((4, 1)),
        weight_hh=[[0.0], [0.0], [recurrent], [0.0]],
        bias_ih=[40.0, 40.0, bias, 40.0],
        bias_hh=np.zeros(4),
        heads={"accept": Head([[1.0]], [head])},
        claims="all",
    )


LONG = rl.compile("anbn")
NEVER = FSM(alphabet=("a",), start="X", accepting=(), transitions={"X": {"a": "X"}})
CREEPING = one_cell(0.5, 1e-14, -0.5)
"""Its memory grows by half at every step, from next to nothing."""


def doubtful():
    """The answer after each word is over the threshold, but only by some roundings."""
    net = one_cell(0.0, 1.0, 0.0)
    net = net.replace(bias_ih=[40.0, -800.0, 1.0, 40.0])  # nothing is kept, 0.76 is written
    h = float(net.step(net.start(), np.zeros(1, dtype=int))[0, 0])
    bias = -h + 8 * np.spacing(h)
    return net.replace(heads={"accept": Head([[1.0]], [bias]), "legal": Head([[0.0]], [1.0])})


DECIDE = """([data, given]) => {
  const [machine, net] = [$machine.makeMachine(data), $net.readNet(given)];
  const decision = $prove.decide(machine, net, { milliseconds: 10000 });
  return { ...decision, boxes: null, text: $verdicts.verdictText(machine, net, decision) };
}"""


@pytest.fixture
def page(with_modules):
    return with_modules(
        "machine", "net", "prove", "search", "edits", "verdicts", "intervals", "worker"
    )


def decided(page, net, fsm):
    return page.evaluate(DECIDE, [_machine_data(fsm), net_data(net, "net", fsm.alphabet)])


def test_a_verdict_claims_no_more_than_was_looked_at(page):
    # A proof of the other heads of a net whose labels are all wrong.
    fsm = parity(outputs={"X": "even", "Y": "odd"})
    net = rl.compile(fsm).map_arrays(lambda name, x: -x if "label" in name else x)
    assert certify(net, fsm).holds is False
    found = decided(page, net, fsm)
    assert found["verdict"] == "proved"
    assert found["text"].endswith("the net's labels are not looked at.")
    # States that agree to 12 decimals, of a net that is wrong after a long word.
    assert certify(CREEPING, NEVER).holds is False
    found = decided(page, CREEPING, NEVER)
    assert (found["verdict"], len(found["wrong"]["word"])) == ("refuted", 77)
    closed = {"status": "closed", "tried": 2, "configurations": 1}
    text = page.evaluate(
        "(report) => $verdicts.searchParts(null, { heads: {} }, report).join('')", closed
    )
    assert text.endswith("agree to 12 decimals were taken as one. That is no proof.")
    assert "of any length" not in text
    # An answer that is too near its threshold.
    found = decided(page, doubtful(), NEVER)
    assert found["verdict"] == "unknown"
    assert found["search"]["status"] == "open"
    assert found["text"] == (
        "No wrong word found for certain among 3; all with fewer than 1 symbol are right. There is no "
        "proof: after a an answer is so close to its threshold that rounding decides it."
    )


def test_a_suffix_is_read_as_in_python(page):
    """Its columns are in the order of the grammar's symbols, and edited weights read it, too."""
    one, other = parity(), parity("ba")
    net = rl.compile(one).replace(suffix=[[1.0, 0.0]])
    for fsm in (one, other):
        assert certify(net, fsm).holds is False
        assert decided(page, net, fsm)["verdict"] == "refuted"
    reber = rl.load_grammar("reber")
    net = random_net(reber, ["gru", "rnn"], seed=3, suffix=2)
    first, *above = net.layers
    weight_ih = first.weight_ih.copy()
    weight_ih[1, net.alphabet.index("S")] = 2.5
    bias_ih = np.where(np.arange(len(first.bias_ih)) == 1, 0.5 - first.bias_hh, first.bias_ih)
    changed = net.replace(layers=(replace(first, weight_ih=weight_ih, bias_ih=bias_ih), *above))
    word = reber.sample(1, seed=1)[0]
    gate = first.cell.gates[0]
    edits = {f"{gate} 1 symbol {reber.alphabet.index('S')}": 2.5, f"{gate} 1 bias 0": 0.5}
    for each, given in ((net, {}), (changed, edits)):
        read, fed = page.evaluate(
            """([data, edits, word]) => {
              const net = $edits.changedNet($net.readNet(data), 1, new Map(Object.entries(edits)));
              return [[...$net.run(net, word, 0).at(-1).read], [...net.fedSize]];
            }""",
            [
                net_data(net, "net", reber.alphabet),
                given,
                [reber.alphabet.index(symbol) for symbol in word],
            ],
        )
        state = each.start()
        for symbol in word:
            state = each.step(state, np.array([each.alphabet.index(symbol)]))
        assert read == pytest.approx(each.hidden(state)[0], abs=1e-12)
        sizes = np.abs(each.layers[0].weight_ih) @ np.abs(each.suffix).T
        assert fed == pytest.approx(sizes.ravel())


def test_a_sigmoid_is_bounded_with_its_sum_and_quotient(page):
    low, high, value = page.evaluate(
        """() => {
          const { low, high } = $intervals.SQUASH.sigmoid({ low: [-9], high: [-9] });
          return [low[0], high[0], $net.sigmoid(-9)];
        }"""
    )
    assert min(high - value, value - low) > (2**-47 + 2**-51) * value


def test_a_search_that_is_no_longer_asked_for_ends(page):
    messages, after = page.evaluate(
        """async ([data, given]) => {
          const sent = [];
          globalThis.Worker = class { postMessage(message) { sent.push(message); } };
          const seeker = $worker.makeSeeker("", () => {});
          seeker.look(0, $machine.makeMachine(data), $net.readNet(given), 0);
          seeker.stop(0);
          const reports = [];
          const scope = { postMessage: (report) => reports.push(report) };
          $worker.serve(scope);
          for (const data of sent) scope.onmessage({ data });
          const before = reports.length;
          await new Promise((done) => setTimeout(done, 200));
          return [before, reports.length];
        }""",
        [_machine_data(rl.load_grammar("anbn")), net_data(LONG, "net", ("a", "b"))],
    )
    assert (messages, after) == (1, 1)
