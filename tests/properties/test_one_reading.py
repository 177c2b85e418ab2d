"""Laws across commands: what a net answers is read in one way, whoever asks.

Adding a number to all logits of a softmax changes no answer of any command, and writing the
alphabet in another order changes only the order.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.errors import FormatError
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.files import keras
from reberlstm.net.files.safetensors import from_bytes, to_bytes
from reberlstm.net.files.torch import to_module
from reberlstm.net.net import ARRAYS, Net
from reberlstm.net.readouts import Head, Readout, Rule
from reberlstm.simulator.checking import Checker, check_stream, start_row

pytestmark = pytest.mark.usefixtures("few_words")

REBER = rl.load_grammar("reber")
WORDS = ["", "BTXSE", "BTSSXXTVVE", "BPVVE", "BTSSE", "BPTTVPXTTVVE", "T", "BTXSEE", "BBTX"]


def predictor(wrong: bool, extra: int = 0) -> Net:
    """A net of Reber that was made to predict the next symbol; if wrong, it forgets one.

    With outputs for what is no symbol, such as padding, of which one is likely where nothing is.
    """
    net = rl.compile(REBER)
    head = net.heads["next"]
    bias = head.bias.copy()
    if wrong:
        bias[net.alphabet.index("V")] -= 20.0
    weight = np.vstack([head.weight, np.zeros((extra, net.size))])
    bias = np.append(bias, [bias.max(), -50.0][:extra])
    readout = Readout("legal", Rule("softmax", 0.1), (Head(weight, bias),), extra=extra)
    return net.replace(heads={"legal": readout}, claims="legal", name="mine")


NETS = {
    "right": predictor(wrong=False),
    "wrong": predictor(wrong=True),
    "right, outputs for no symbol": predictor(wrong=False, extra=2),
    "wrong, outputs for no symbol": predictor(wrong=True, extra=2),
}


def shifted(net: Net, constant: float) -> Net:
    """The same net with one number added to all logits."""
    readout = net.heads["legal"]
    head = Head(readout.weight, readout.bias + constant)
    return net.replace(heads={"legal": dataclasses.replace(readout, layers=(head,))})


def reordered(net: Net, order: list[int]) -> Net:
    """The same net with its alphabet in another order."""
    (layer,), readout = net.layers, net.heads["legal"]
    columns = layer.weight_ih[:, order]
    rows = [*order, *range(len(order), len(readout.bias))]
    head = Head(readout.weight[rows], readout.bias[rows])
    return Net(
        alphabet=tuple(net.alphabet[number] for number in order),
        layers=(Layer(layer.cell, columns, layer.weight_hh, layer.bias_ih, layer.bias_hh),),
        heads={"legal": dataclasses.replace(readout, layers=(head,))},
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


@cache
def told(command: str, which: str) -> Any:
    """What a command says of a net as it is."""
    return COMMANDS[command](NETS[which])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("which", NETS)
@given(constant=st.floats(-60, 60))
@settings(max_examples=4)
def test_a_number_added_to_all_logits_changes_no_answer(command, which, constant) -> None:
    assert COMMANDS[command](shifted(NETS[which], constant)) == told(command, which)


@pytest.mark.parametrize("command", ["trace", "check", "certify", "extract"])
@pytest.mark.parametrize("which", NETS)
@given(order=st.permutations(range(7)))
@settings(max_examples=3)
def test_the_order_of_the_alphabet_changes_only_the_order(command, which, order) -> None:
    found, wanted = COMMANDS[command](reordered(NETS[which], order)), told(command, which)
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
    assert cert.holds == which.startswith("right")
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


# The command line


QUESTIONS: dict[str, list[str]] = {
    "trace": ["trace", "BTX", "--grammar", "reber", "--net"],
    "check": ["check", "--grammar", "reber", "--net"],
    "certify": ["certify", "reber", "--net"],
    "explain": ["explain", "reber", "--net"],
    "compare": ["compare", "reber", "--row", "accuracy", "--words", "20", "--net"],
    "extract": ["extract", "--reference", "reber", "--within", "--seconds", "5"],
    "explore": ["explore", "reber", "-o", "page.html", "--net"],
    "export": ["export", "reber", "-o", "again.safetensors", "--net"],
}


@pytest.fixture
def files(tmp_path, monkeypatch) -> None:
    """A net of others as a state dict: one LSTM, an embedding with a padding row, 8 outputs."""
    monkeypatch.chdir(tmp_path)
    (layer,), head = NETS["right"].layers, predictor(wrong=False, extra=1).heads["legal"]
    padded = np.vstack([np.zeros(7), np.eye(7)])
    state = {
        **{f"rnn.{name}_l0": getattr(layer, name) for name in ARRAYS},
        "embed.weight": padded,
        "out.weight": head.weight[[7, *range(7)]],
        "out.bias": head.bias[[7, *range(7)]],
    }
    torch.save({name: torch.tensor(array) for name, array in state.items()}, "foreign.pt")


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("command", QUESTIONS)
def test_every_command_reads_a_file_and_says_how(command, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"BTXSE\n")))
    monkeypatch.setenv("COLUMNS", "200")
    assert run([*QUESTIONS[command], "foreign.pt", "--padding", "0"]) == 0
    said = capsys.readouterr()
    times = 2 if command == "certify" else 1  # in the question, and by itself
    assert " ".join(said.out.split()).count("legal: softmax > 0.1") == times
    assert (said.err, "WRONG" in said.out) == ("", False)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("command", QUESTIONS)
@pytest.mark.parametrize("wrong", [["--padding", "1", "--alphabet", "BTSXPV"], ["--head", "x"]])
def test_every_command_refuses_a_file_in_one_line(command, wrong, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"BTXSE\n")))
    assert run([*QUESTIONS[command], "foreign.pt", *wrong]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "foreign.pt" in said.err
    assert "fault of reberlstm" not in said.err


@pytest.mark.usefixtures("files")
def test_every_function_takes_a_net_of_others_with_a_machine() -> None:
    """Its alphabet is the machine's, where none is given."""
    for mine in ("foreign.pt", torch.load("foreign.pt", weights_only=True)):
        assert rl.trace(mine, "BTX", grammar=REBER, padding=0).offered_last == ("S", "X")
        assert rl.certify(mine, REBER, padding=0).holds
        assert rl.explain(mine, REBER, padding=0).readout == "legal: softmax > 0.1"
        found = rl.extract(mine, reference=REBER, within=True, seconds=20, padding=0)
        assert found.fsm.difference(REBER, by="legal") is None
        table = rl.compare(REBER, {"mine": mine}, rows=["accuracy"], words=20, padding=0)
        assert table["accuracy", "mine"].text.startswith("100 %")
        assert table.readings == ("legal: softmax > 0.1",)


# What is written is read as it was meant


RULES = ["softmax>0.1", "softmax>0.3", "logit>0", "logit>1.5", "tanh>0.5"]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("suffix", [".pt", ".npz", ".safetensors", "keras.npz"])
def test_a_written_net_is_read_by_its_rule(rule, extra, suffix, tmp_path) -> None:
    net = predictor(wrong=False, extra=extra).with_rule("legal", rule)
    path = str(tmp_path / f"net{suffix}")
    if suffix == "keras.npz":
        Path(path).write_bytes(keras.export(net, path)[0])
    else:
        rl.save(net, path)
    again = rl.load(path)
    assert again.reading == net.reading
    assert by_trace(again) == by_trace(net)


@pytest.mark.parametrize("rule", ["softmax>0.1", "logit>0"])
def test_a_module_of_a_net_is_read_by_the_same_rule(rule) -> None:
    net = NETS["right"].with_rule("legal", rule)
    again = rl.load(to_module(net, dtype=torch.float64), alphabet=net.alphabet)
    assert again.reading == net.reading
    assert by_trace(again) == by_trace(net)


def test_what_may_come_next_is_told_before_the_end_symbol(tmp_path) -> None:
    """Whether the word may end is told after it."""
    rng = np.random.default_rng(2)
    state = {
        "rnn.weight_ih_l0": rng.normal(size=(5, 4)), "rnn.weight_hh_l0": rng.normal(size=(5, 5)),
        "next.weight": rng.normal(size=(4, 5)), "next.bias": rng.normal(size=4),
        "accept.weight": rng.normal(size=(1, 5)), "accept.bias": rng.normal(size=1),
    }  # fmt: skip
    told = {"alphabet": "^$ab", "nonlinearity": "tanh"}
    options = {**told, "prefix": "^", "suffix": "$"}
    with pytest.raises(FormatError, match=r"is fed before the head 'accept' is read, and after"):
        rl.load(state, **options)
    plain = rl.load(state, **told)
    before, after = (rl.run(plain, [word]).hidden for word in ("^ab", "^ab$"))
    for kind, hidden in (("next", before), ("accept", after)):
        net = rl.load(state, **options, kind=kind)
        assert np.allclose(rl.run(net, ["ab"]).hidden, hidden)
