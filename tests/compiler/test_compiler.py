"""The compiler by example: sizes, names, options, bad options, size and speed."""

from __future__ import annotations

import math
import random
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.errors import CompileError, GrammarError
from reberlstm.machine.fsm import FSM
from tests.cases import CASES, REBER, Case, machine, reber_legal
from tests.oracles import expected, run_torch, torch_module
from tests.stepping import read, run_batch
from tests.strategies import random_machine, random_word

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_case
def test_cases_by_trace(case: Case) -> None:
    net = rl.compile(case.fsm)
    assert net.size == case.cells
    for word, (accepted, legal) in case.after.items():
        trace = rl.trace(net, word)
        assert (trace.accepted, "".join(trace.offered_last)) == (accepted, legal), word


@every_case
def test_cases_by_torch(case: Case) -> None:
    module = torch_module(rl.compile(case.fsm))
    for word, (accepted, legal) in case.after.items():
        said = run_torch(module, [case.fsm.alphabet.index(symbol) for symbol in word])
        offered = said.heads["legal"][-1] > 0
        assert "".join(s for s, yes in zip(case.fsm.alphabet, offered, strict=True) if yes) == legal
        assert bool(said.heads["accept"][-1] > 0) == accepted


@pytest.mark.parametrize("name", rl.grammar_names())
def test_shipped_grammars(name: str, seed: int) -> None:
    """At most one cell more than states, small half-integer weights, and right on many words."""
    fsm = rl.load_grammar(name)
    net = rl.compile(fsm)
    assert net.size <= len(fsm.reachable) + 1
    assert net.gain is not None
    unit = 2 * net.gain
    assert np.abs(net.bias).max() <= 4.5 * unit
    assert np.abs(net.weight_ih).max() <= 4.5 * unit
    assert np.abs(net.weight_hh).max() <= 4.5 * unit / math.tanh(1)
    rng = random.Random(seed)
    module = torch_module(net)
    words = [random_word(rng, fsm, 20) for _ in range(10)]
    for word in words:
        said = run_torch(module, [fsm.alphabet.index(symbol) for symbol in word])
        for t, truth in enumerate(expected(fsm, word)):
            offered = said.heads["legal"][t] > 0
            assert {s for s, yes in zip(fsm.alphabet, offered, strict=True) if yes} == truth.legal
            assert bool(said.heads["accept"][t] > 0) == truth.accepted


def test_cells_are_named_after_states() -> None:
    assert rl.compile(REBER).cells == ("0", "1", "5", "2", "4", "3", "end", "started")
    assert rl.compile(rl.load_grammar("parity")).cells == ("odd",)
    assert rl.compile(rl.load_grammar("embedded-reber")).size == 20


def test_a_state_called_started_keeps_its_name() -> None:
    fsm = machine("ab", "0", "started", {"0": "astarted", "started": "bstarted'", "started'": ""})
    assert rl.compile(fsm).cells == ("started", "started'", "started''")


def test_states_that_no_word_leads_to_get_no_cell() -> None:
    fsm = machine("ab", "0", "", {"0": "a1", "1": "b0", "far": "a0 b1", "away": "afar"})
    assert rl.compile(fsm).cells == ("0", "1", "started")


def test_gates_that_have_nothing_to_decide_are_open() -> None:
    """A cell whose symbol leads to its state from everywhere needs no filter."""
    net = rl.compile(machine("ab", "0", "1", {"0": "a1 b0", "1": "a1 b0"}))
    for gate in ("input", "output"):
        assert not net.weight_ih[net.rows(gate)].any()
        assert not net.weight_hh[net.rows(gate)].any()
        assert net.bias[net.rows(gate)].tolist() == [net.gain]


def test_the_net_says_where_it_comes_from() -> None:
    net = rl.compile(REBER)
    assert (net.grammar, net.alphabet, net.cell) == (REBER, REBER.alphabet, "standard")
    assert (net.claims, net.on_violation, net.gain) == ("all", "absorb", 20.0)
    assert (net.name, net.version) == ("compiled", rl.__version__)
    assert rl.published().claims == "legal"


def test_reber_on_ten_thousand_strings(seed: int) -> None:
    words = sorted({"".join(word) for word in REBER.sample(10_000, seed=seed)})
    net = rl.compile(REBER)
    longest = max(map(len, words))
    padded = [[REBER.alphabet.index(s) for s in word.ljust(longest, "E")] for word in words]
    for t, state in enumerate(run_batch(net, padded), start=1):
        offered = read(net, "legal", state) > 0
        wanted = [[s in reber_legal(word[:t]) for s in REBER.alphabet] for word in words]
        reached = [t <= len(word) for word in words]
        assert (offered == wanted)[reached].all()


# Resynchronisation


def test_resync_starts_over_at_a_beginning() -> None:
    net = rl.compile(REBER, on_violation="resync")
    trace = rl.trace(net, "BTPXBTXSE")
    assert [record.state for record in trace.steps[2:6]] == [None, None, "0", "1"]
    assert [record.ok for record in trace.steps] == [True, True, False, False] + 5 * [True]
    assert trace.violation_at == 3
    assert trace.accepted, "the last word was a whole one"
    assert trace.steps[2].legal == ("B",)


def test_resync_of_the_violating_symbol_itself() -> None:
    net = rl.compile(REBER, on_violation="resync")
    assert rl.trace(net, "BTB").steps[-1].state == "0"
    assert rl.trace(net, "BTXSEBTXSE").accepted
    assert not rl.trace(rl.compile(REBER), "BTXSEBTXSE").accepted


# Options


@pytest.mark.parametrize("gain", [0, -1.0, math.nan, math.inf, 301])
def test_bad_gains(gain: float) -> None:
    with pytest.raises(CompileError, match=rf"gain {gain} is not in \(0, 300\]"):
        rl.compile(REBER, gain=gain)


def test_bad_way() -> None:
    with pytest.raises(GrammarError, match="on_violation='ignore'; choose 'absorb' or 'resync'"):
        rl.compile(REBER, on_violation="ignore")  # type: ignore[arg-type]


def test_bad_cells() -> None:
    with pytest.raises(CompileError, match="cell 'toy'; choose one of lstm, gru, gru-before, rnn"):
        rl.compile(REBER, cell="toy")


@pytest.mark.parametrize("gain", [6.0, 300])
def test_given_gains_work(gain: float) -> None:
    net = rl.compile(REBER, gain=gain)
    assert net.gain == gain
    for word, (accepted, legal) in CASES[0].after.items():
        trace = rl.trace(net, word)
        assert (trace.accepted, "".join(trace.offered_last)) == (accepted, legal), word


def test_rare_symbols_have_their_probability() -> None:
    fsm = machine(
        "abc", "0", "", {"0": "a0 b0 c0"}, probabilities={"0": {"a": 1 - 3e-6, "b": 3e-6, "c": 0.0}}
    )
    logits = run_torch(torch_module(rl.compile(fsm)), [0, 0]).heads["next"][-1]
    assert logits.softmax(0).tolist() == pytest.approx([1 - 3e-6, 3e-6, 0.0], abs=1e-9)


def test_outputs_become_a_label_head() -> None:
    fsm = machine(
        "a", "0", "", {"0": "a1", "1": "a2", "2": ""}, outputs={"0": "x", "1": "y", "2": "x"}
    )
    net = rl.compile(fsm)
    assert net.labels == ("x", "y")
    said = run_torch(torch_module(net), [0, 0, 0]).heads["label"] > 0
    assert said.tolist() == [[True, False], [False, True], [True, False], [False, False]]


# Size


def test_too_many_states(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = {str(n): {"a": str((n + 1) % 1_001)} for n in range(1_001)}
    fsm = FSM(alphabet=("a",), start="0", transitions=ring, name="ring")
    assert rl.compile(fsm).size == 1_000
    monkeypatch.setattr("reberlstm.compiler.MAX_CELLS", 1_000)
    with pytest.raises(CompileError, match=r"ring has 1,001 reachable states; at most 1,000 can"):
        rl.compile(fsm)
    labelled = replace(fsm, outputs={state: state for state in ring})
    monkeypatch.setattr("reberlstm.compiler.MAX_CELLS", 2_000)
    monkeypatch.setattr("reberlstm.compiler.MAX_LABELS", 1_000_000)
    with pytest.raises(CompileError, match=r"ring has 1,001 labels; .* give states fewer labels"):
        rl.compile(labelled)


@pytest.mark.parametrize(
    ("states", "symbols", "targets"), [(30, 100, 3), (60, 60, 3), (100, 26, 5)], ids=str
)
def test_tangled_machines_compile_in_seconds(
    states: int, symbols: int, targets: int, seed: int
) -> None:
    fsm = random_machine(seed, states=states, symbols=symbols, density=0.9, targets=targets)
    began = time.process_time()
    net = rl.compile(fsm)
    assert time.process_time() - began < 10
    assert any("/" in cell for cell in net.cells)


def test_hundreds_of_states(seed: int) -> None:
    fsm = random_machine(seed, states=500, symbols=4, density=0.95)
    net = rl.compile(fsm)
    assert net.size == len(fsm.reachable) + 1
    rng = random.Random(seed)
    words = [random_word(rng, fsm, 20) for _ in range(50)]
    truths = [expected(fsm, word)[1:] for word in words]
    padded = [[fsm.alphabet.index(symbol) for symbol in word] for word in words]
    for t, state in enumerate(run_batch(net, padded)):
        offered = read(net, "legal", state) > 0
        logits = read(net, "next", state)
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        for row, truth in enumerate(truths):
            assert offered[row].tolist() == [symbol in truth[t].legal for symbol in fsm.alphabet]
            if truth[t].legal:
                assert np.abs(shares[row] - truth[t].probabilities).max() < 1e-6


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's peak of resident memory")
def test_two_thousand_states_take_seconds_and_a_few_hundred_megabytes(seed: int) -> None:
    code = (
        "import time, reberlstm as rl; from tests.strategies import random_machine\n"
        f"net = rl.compile(random_machine({seed}, states=2_000, symbols=4))\n"
        # Not getrusage: its peak is inherited from the process that runs the tests.
        "status = dict(line.split(':') for line in open('/proc/self/status'))\n"
        "print(net.size, int(status['VmHWM'].split()[0]) // 1024, time.process_time())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    cells, megabytes, seconds = map(float, result.stdout.split())
    assert cells > 1_900
    assert megabytes < 500
    assert seconds < 60


def test_rows_of_weights_are_made_without_numpy():
    program = (
        "import sys; from reberlstm.compiler import compiled_rows; "
        "from reberlstm.compiler.published_net import published_rows; "
        "from reberlstm.grammars import load_grammar; "
        "rows, gain = compiled_rows(load_grammar('reber')); published_rows('BTSXPVE'); "
        "print(len(rows.cells), gain, 'numpy' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.split() == ["8", "20.0", "False"]
