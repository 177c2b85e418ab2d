"""Nets of every kind in a comparison: constant ones, stacks, rules, and what changes no answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.comparison import Comparison, compare
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head, Readout, Rule

REBER = rl.load_grammar("reber")
TOMITA = rl.load_grammar("tomita-3")
TRAINED = rl.compile(REBER)


def texts(table: Comparison, net: str) -> dict[str, str]:
    return {key: entry.text for key, entry in table.column(net).items()}


def layer(cell: str, size: int, inputs: int, scale: float, seed: int = 0) -> Layer:
    rng = np.random.default_rng(seed)
    rows = len(CELLS[cell].gates) * size
    shapes = ((rows, inputs), (rows, size), (rows,), (rows,))
    return Layer(CELLS[cell], *(scale * rng.standard_normal(shape) for shape in shapes))


@pytest.mark.parametrize("cell", list(CELLS))
@pytest.mark.parametrize(("kind", "bias"), [("accept", -1.0), ("accept", 1.0), ("legal", -1.0)])
def test_a_constant_net_gives_a_table(cell: str, kind: str, bias: float) -> None:
    """No sampled word is right, so some rows are about nothing."""
    fsm = TOMITA if kind == "accept" else REBER
    rows = 1 if kind == "accept" else len(fsm.alphabet)
    net = Net.of(
        alphabet=fsm.alphabet,
        layers=(layer(cell, 2, len(fsm.alphabet), 0.0),),
        heads={kind: Head(np.zeros((rows, 2)), np.full(rows, bias))},
        claims="all" if kind == "accept" else "legal",
    )
    table = compare(fsm, {"net": net}, words=40, rounds=5, seconds=12)
    assert all(entry.text for entry in table.column("net").values())
    noise = table["noise", "net"]
    if not (kind == "accept" and bias > 0):  # some words are right to be accepted throughout
        assert (noise.text[0], noise.status) == ("–", "none")
    assert table["accuracy", "net"].value["share"] < 1.0
    assert table["wrong prefix", "net"].status == "refuted"


@pytest.mark.parametrize("cells", [("gru", "lstm"), ("rnn",), ("gru-before",), ("lstm", "lstm")])
def test_nets_of_any_layers_get_every_row(cells: tuple[str, ...]) -> None:
    symbols = len(REBER.alphabet)
    sizes = [symbols, *[3] * len(cells)]
    net = Net.of(
        alphabet=REBER.alphabet,
        layers=tuple(layer(cell, 3, sizes[i], 1.0, i) for i, cell in enumerate(cells)),
        heads={"next": Head(np.random.default_rng(1).standard_normal((symbols, 3)), np.zeros(7))},
    )
    table = compare(REBER, {"net": net}, words=40, rounds=5, seconds=5)
    assert table.readings == ("legal: softmax > 0.1",)
    assert table["cells", "net"].value == 3 * len(cells)
    assert table["meaning", "net"].value["cells"] == 3 * len(cells)
    assert table["perplexity", "net"].value["by"] == "next head"
    for row in ("soft inputs", "snap 1", "float16", "weights"):
        assert table[row, "net"].status != "unknown", table[row, "net"].text


def softmax_net(shift: float = 0.0, order: str = "BTSXPVE") -> Net:
    """The compiled net, read by a softmax: a symbol that is legal has at least a third."""
    net = TRAINED
    columns = [net.alphabet.index(symbol) for symbol in order]
    head = net.heads["legal"]
    readout = Readout(
        "legal",
        Rule("softmax", 0.1),
        (Head(20 * head.weight[columns], 20 * head.bias[columns] + shift),),
    )
    (own,) = net.layers
    return Net.of(
        alphabet=tuple(order),
        layers=(replace(own, weight_ih=own.weight_ih[:, columns]),),
        heads={"legal": readout},
    )


ROWS = ("accuracy", "meaning", "loop", "invalid", "unknown memory", "concatenated", "perplexity")


@settings(max_examples=5)
@given(shift=st.floats(-50, 50), order=st.permutations("BTSXPVE"))
def test_a_constant_on_all_logits_and_another_order_change_no_row(
    shift: float, order: list[str]
) -> None:
    nets = {"as it is": softmax_net(), "changed": softmax_net(shift, "".join(order))}
    table = compare(REBER, nets, rows=ROWS, words=30, rounds=5, seconds=100, prove=False)
    assert texts(table, "as it is") == texts(table, "changed")
    assert table.readings == ("legal: softmax > 0.1",) * 2


def test_each_column_says_how_it_is_read() -> None:
    nets: Mapping[str, Any] = {"ours": TRAINED, "softmax": softmax_net(), "old": rl.published()}
    table = compare("reber", nets, rows=["cells"])
    assert table.readings == (
        "legal: logit > 0; accept: logit > 0",
        "legal: softmax > 0.1",
        "legal: tanh > 0.5",
    )
    assert table.to_dict()["readings"]["softmax"] == "legal: softmax > 0.1"
    for shown in (str(table), table.to_markdown(), table.to_html()):
        assert "readout of softmax: legal: softmax" in shown


def test_a_rule_decides_what_is_right() -> None:
    strict = TRAINED.with_rule("legal", "logit>100")
    table = compare(REBER, {"strict": strict}, rows=["accuracy", "certificate"], words=30)
    assert table["accuracy", "strict"].value["share"] == 0.0
    assert table["certificate", "strict"].status == "refuted"


@pytest.mark.filterwarnings("ignore")  # the module has no forward to be compared with
def test_whatever_holds_a_net_is_a_column(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    module = torch.nn.Module()
    module.gru = torch.nn.GRU(len(REBER.alphabet), 3)
    module.legal = torch.nn.Linear(3, len(REBER.alphabet))
    rl.save(TRAINED, tmp_path / "ours.safetensors")
    nets: Mapping[str, Any] = {
        "shipped": "reber-4",
        "file": tmp_path / "ours.safetensors",
        "module": module,
        "state": module.state_dict(),
    }
    table = compare("reber", nets, rows=["cells", "accuracy"], words=30)
    assert [table["cells", net].value for net in nets] == [4, 8, 3, 3]
    assert table["accuracy", "file"].value["share"] == 1.0
    assert texts(table, "module") == texts(table, "state")
    with pytest.raises(rl.ReberLSTMError, match="int is no net"):
        compare("reber", {"x": 3})


def test_a_foreign_net_that_always_says_no_gives_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Module()
    net.rnn, net.out = torch.nn.LSTM(2, 1), torch.nn.Linear(1, 1)
    for parameter in net.parameters():
        torch.nn.init.zeros_(parameter)
    with torch.no_grad():
        net.out.bias.fill_(-1.0)
    torch.save(net.state_dict(), tmp_path / "no.pt")
    assert run(["compare", "tomita-3", str(tmp_path / "no.pt"), "--row", "noise"]) == 0
    assert "– (no word is right without)" in " ".join(capsys.readouterr().out.split())
