"""The proof in the page's script comes to the verdict of `certify`."""

from __future__ import annotations

import pytest

import reberlstm as rl
from reberlstm.certificates import certify
from reberlstm.net.loading import shipped
from reberlstm.render.page import _machine_data, net_data

pytestmark = pytest.mark.browser

DECIDE = """(cases) => {
  const { makeMachine } = $machine;
  const { readNet } = $net;
  const { decide } = $prove;
  return cases.map(([machine, net, limits]) => {
    const { verdict, scope, margin, wrong, reason } = decide(makeMachine(machine), readNet(net), limits);
    return { verdict, scope, margin, reason, length: wrong?.word.length };
  });
}"""


def test_the_verdict_is_that_of_certify(with_modules):
    reber = rl.load_grammar("reber")
    nets = [rl.compile(reber), rl.published(), shipped("reber-4")]
    cases = [[_machine_data(reber), net_data(net, "net", reber.alphabet), {}] for net in nets]
    for net, found in zip(
        nets, with_modules("machine", "net", "prove").evaluate(DECIDE, cases), strict=True
    ):
        expected = certify(net, reber)
        assert found["verdict"] == {True: "proved", False: "refuted"}[expected.holds]
        if expected.holds:
            assert found["margin"] == pytest.approx(expected.margin, rel=1e-3)
            assert found["scope"] == expected.scope
        else:
            assert found["length"] == len(expected.counterexample)
