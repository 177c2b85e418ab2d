"""Laws across commands: what a net answers is read in one way, whoever asks.

Adding a number to all logits of a softmax changes no answer of any command, and writing the
alphabet in another order changes only the order.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.files.safetensors import from_bytes, to_bytes
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head, Readout, Rule
from reberlstm.simulator.checking import Checker, check_stream, start_row

REBER = rl.load_grammar("reber")
WORDS = ["", "BTXSE", "BTSSXXTVVE", "BPVVE", "BTSSE", "BPTTVPXTTVVE", "T", "BTXSEE", "BBTX"]


def predictor(wrong: bool) -> Net:
    """A net of Reber that was made to predict the next symbol; if wrong, it forgets one."""
    net = rl.compile(REBER)
    head = net.heads["next"]
    bias = np.zeros(len(head.bias))
    if wrong:
        bias[net.alphabet.index("V")] = -20.0
    readout = Readout("legal", Rule("softmax", 0.1), (Head(head.weight, head.bias + bias),))
    return net.replace(heads={"legal": readout}, claims="legal", name="mine")


NETS = {"right": predictor(wrong=False), "wrong": predictor(wrong=True)}


def shifted(net: Net, constant: float) -> Net:
    """The same net with one number added to all logits."""
    readout = net.heads["legal"]
    head = Head(readout.weight, readout.bias + constant)
    return net.replace(heads={"legal": Readout("legal", readout.rule, (head,))})


def reordered(net: Net, order: list[int]) -> Net:
    """The same net with its alphabet in another order."""
    (layer,), readout = net.layers, net.heads["legal"]
    columns = layer.weight_ih[:, order]
    head = Head(readout.weight[order], readout.bias[order])
    return Net(
        alphabet=tuple(net.alphabet[number] for number in order),
        layers=(Layer(layer.cell, columns, layer.weight_hh, layer.bias_ih, layer.bias_hh),),
        heads={"legal": Readout("legal", readout.rule, (head,))},
        name=net.name,
    )


# What each command answers, without the order of symbols and without times


def by_trace(net: Net) -> Any:
    found = [rl.trace(net, word, grammar=REBER) for word in WORDS]
    return [
        [(set(step.legal), step.judged, step.ok, step.right) for step in trace.steps]
        for trace in found
    ] + [(trace.accepted, trace.violation_at) for trace in found]


def by_check(net: Net) -> Any:
    checker = Checker(REBER, start=start_row(net, REBER))
    check_stream(checker, io.BytesIO("\n".join(WORDS).encode()), "words")
    report = checker.report
    failures = [(x.line, x.position, x.symbol, set(x.allowed)) for x in report.failures]
    return report.accepted, report.incomplete, report.violations, failures


def by_certify(net: Net) -> Any:
    cert = rl.certify(net, REBER)
    margin = None if cert.margin is None else round(cert.margin, 6)
    return cert.holds, cert.counterexample, margin


def by_extract(net: Net) -> Any:
    found = rl.extract(net, reference=REBER, within=True, seconds=20)
    return by_machine(found.fsm)


def by_machine(fsm: FSM) -> Any:
    return len(fsm.states), [(word, sorted(fsm.legal(fsm.run(word)))) for word in fsm.prefixes(4)]


def by_file(net: Net) -> Any:
    again = from_bytes(to_bytes(net), "a file")
    return again.reading, by_trace(again)


def by_explain(net: Net) -> Any:
    return rl.explain(net, REBER).kind


COMMANDS: dict[str, Callable[[Net], Any]] = {
    "trace": by_trace,
    "check": by_check,
    "certify": by_certify,
    "extract": by_extract,
    "export": by_file,
    "explain": by_explain,
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("which", NETS)
@given(constant=st.floats(-60, 60))
@settings(max_examples=4)
def test_a_number_added_to_all_logits_changes_no_answer(command, which, constant) -> None:
    ask = COMMANDS[command]
    assert ask(shifted(NETS[which], constant)) == ask(NETS[which])


@pytest.mark.parametrize("command", ["trace", "check", "certify", "extract"])
@pytest.mark.parametrize("which", NETS)
@given(order=st.permutations(range(7)))
@settings(max_examples=3)
def test_the_order_of_the_alphabet_changes_only_the_order(command, which, order) -> None:
    ask = COMMANDS[command]
    found, wanted = ask(reordered(NETS[which], order)), ask(NETS[which])
    if command == "extract":
        found, wanted = (found[0], sorted(found[1])), (wanted[0], sorted(wanted[1]))
    assert found == wanted


@given(constant=st.floats(-60, 60), order=st.permutations(range(7)))
@settings(max_examples=3)
def test_a_table_of_nets_shows_them_all_the_same(constant, order) -> None:
    for net in NETS.values():
        table = rl.compare(
            REBER,
            {"one": net, "two": shifted(net, constant), "three": reordered(net, order)},
            rows=["accuracy", "certificate"],
            words=100,
        )
        for row in table.to_dict()["rows"]:
            one, two, three = (entry["text"] for entry in row["entries"].values())
            assert one == two == three, row


@pytest.mark.parametrize("which", NETS)
def test_commands_agree_on_whether_the_net_is_right(which) -> None:
    """One says proved, none says wrong; one refutes, and the word is wrong for all."""
    net = NETS[which]
    cert = rl.certify(net, REBER)
    assert cert.holds == (which == "right")
    words = [REBER.text(word) for word in REBER.sample(50, seed=1)]
    traces = [rl.trace(net, word, grammar=REBER) for word in words]
    wrong = [step for trace in traces for step in trace.steps if step.right is False]
    assert bool(wrong) == (cert.holds is False)
    assert any(trace.violation_at for trace in traces) == (cert.holds is False)
    if cert.counterexample is not None:
        last = rl.trace(net, cert.counterexample, grammar=REBER).steps[-1]
        assert (last.judged, last.right) == (True, False)
    found = rl.extract(net, reference=REBER, within=True, seconds=20)
    shortest = found.fsm.difference(REBER, by="legal")
    assert (shortest is None) == bool(cert.holds)
    if cert.counterexample is not None:
        assert len(shortest) == len(cert.counterexample)


def test_every_kind_of_cell_can_be_asked_by_every_command() -> None:
    rng = np.random.default_rng(4)
    for cell in CELLS.values():
        rows = len(cell.gates) * 2
        layer = Layer(cell, *(rng.normal(size=s) for s in ((rows, 2), (rows, 2), (rows,), (rows,))))
        heads = {"legal": Head(rng.normal(size=(2, 2)), rng.normal(size=2))}
        net = Net(alphabet=("0", "1"), layers=(layer,), heads=heads, name=cell.name)
        parity = rl.load_grammar("parity")
        assert rl.trace(net, "0110", grammar=parity).steps
        assert rl.explain(net, parity).summary
        assert rl.extract(net, max_states=20, seconds=2).fsm.alphabet == ("0", "1")
        assert rl.compare(parity, {"mine": net}, rows=["accuracy"], words=20)
        assert rl.certify(net, parity, seconds=2).holds in (True, False, None)
