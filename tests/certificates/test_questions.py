"""Questions that would be answered by another net, or by a net that says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import reberlstm as rl
from reberlstm.certificates import check
from reberlstm.cli import run
from reberlstm.errors import CertificateError
from tests.cases import machine


class Acceptor(nn.Module):
    def __init__(self, symbols: int, outputs: int = 1, embeds: bool = False) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, 2) if embeds else None
        self.rnn = nn.GRU(2 if embeds else symbols, 4, batch_first=True)
        self.fc = nn.Linear(4, outputs)


def test_a_net_that_never_says_yes_is_not_proved_where_yes_is_never_right() -> None:
    module = Acceptor(2)
    with torch.no_grad():
        module.fc.weight.zero_()
        module.fc.bias.fill_(-1.0)
    state = module.state_dict()
    with pytest.raises(CertificateError, match="after no word of scope 'legal' the right answer"):
        rl.certify(state, "regex:a*b")
    found = rl.certify(state, "regex:a*b", scope="all")
    assert found.counterexample == ("b",)


@pytest.mark.parametrize(
    ("options", "arithmetic", "why"),
    [
        ({"padding": 0, "alphabet": "ab"}, "int8", "largest weight of a whole embedding"),
        ({"prefix": "#", "alphabet": "#ab"}, "int8", "computed with the weights as they are"),
        ({"prefix": "#", "alphabet": "#ab"}, "bfloat16", "computed with the weights as they are"),
    ],
)
def test_what_a_rounding_cannot_know_is_refused(options: Any, arithmetic: str, why: str) -> None:
    torch.manual_seed(0)
    state = Acceptor(3, embeds=True).state_dict()
    with pytest.raises(CertificateError, match=why):
        rl.certify(state, "regex:(a|b)*", arithmetic=arithmetic, **options)
    assert rl.certify(state, "regex:(a|b)*", arithmetic="float32", **options).outcome != "unknown"


def test_a_refutation_of_two_outputs_is_confirmed_in_whole_numbers() -> None:
    torch.manual_seed(0)
    net = rl.load(Acceptor(2, outputs=2).state_dict(), alphabet="01", kind="accept")
    found = rl.certify(net, "parity")
    assert found.outcome == "refuted"
    parity = rl.load_grammar("parity")
    for exact in (False, True):
        assert check(found.to_dict(), net, parity, exact=exact).valid


def test_proofs_in_bfloat16_are_accepted() -> None:
    """A net whose weights are far from zero: what rounds coarsely is seen."""
    rng = np.random.default_rng(7)
    torch.manual_seed(2)
    module = Acceptor(2)
    scales = rng.uniform(0.5, 2.0, (3, len(list(module.parameters()))))[-1]
    with torch.no_grad():
        for parameter, scale in zip(module.parameters(), scales, strict=True):
            parameter.mul_(float(scale))
    net = rl.load(module.state_dict(), alphabet="ab", kind="accept")
    fsm = rl.extract(net, max_steps=3_000, prove=False).fsm
    found = rl.certify(net, fsm, scope="all", arithmetic="bfloat16", max_k=2)
    assert found.holds
    verdict = check(found.to_dict(), net, fsm)
    assert verdict.valid, verdict.reason


def test_labels_cannot_reach_the_terminal_nor_become_code(tmp_path: Any, capsys: Any) -> None:
    outputs = {"s": "x\x1b[31m\nimport os", "t": "y"}
    fsm = machine("ab", "s", "", {"s": "at bs", "t": "as bt"}, outputs=outputs)
    torch.manual_seed(0)
    path = str(tmp_path / "net.pt")
    torch.save(Acceptor(2, outputs=2).state_dict(), path)
    options = {"alphabet": "ab", "kind": "label", "labels": [fsm.outputs["s"], "y"]}
    found = rl.certify(rl.load(path, **options), fsm)
    assert found.outcome == "refuted"
    for line in found.replay:
        assert line.isprintable()
    assert run(["extract", "smallest/parity", "--effort", "nan"]) == 2
    assert run(["extract", "smallest/parity", "--seed", "-1"]) == 2
    assert "fault of reberlstm" not in capsys.readouterr().err
