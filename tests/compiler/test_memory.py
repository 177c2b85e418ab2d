"""Memory that is kept: latches, and loops that the forget gate holds."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.certificates import check as check_certificate
from reberlstm.compiler import compiled_as
from reberlstm.errors import CompileError, CompileWarning
from reberlstm.grammars.frames import embed
from reberlstm.machine.fsm import FSM
from reberlstm.machine.latches import factor, operation
from reberlstm.net.net import Net
from tests.oracles import expected, run_torch, torch_module
from tests.strategies import machines

CELLS = [
    ("embedded-reber", 20, 14),
    ("continual-embedded-reber", 20, 14),
    ("dyck-2-3", 16, 10),
    ("dyck-2-5", 64, 16),
    ("flip-flop-2", 8, 7),
    ("first-is-last-2", 4, 3),
    ("first-is-last-8", 16, 5),
    ("first-is-last-9", 18, 6),
    pytest.param("first-is-last-26", 52, 7, marks=pytest.mark.slow),
]


def strays(machine: FSM, number: int, length: int, seed: int = 0) -> list[tuple[str, ...]]:
    """Words that keep to the rules with a chance of 19 in 20 a step, then anything."""
    rng = random.Random(seed)
    words = []
    for _ in range(number):
        state: str | None = machine.start
        word: list[str] = []
        for _ in range(length):
            line = {} if state is None else machine.transitions[state]
            legal = list(line) if line and rng.random() < 0.95 else list(machine.alphabet)
            word.append(rng.choice(legal))
            state = line.get(word[-1])
        words.append(tuple(word))
    return words


def check(machine: FSM, net: Net, words: list[tuple[str, ...]]) -> None:
    """Stock nn.LSTM in float32 says after every prefix what the machine says."""
    module = torch_module(net, torch.float32)
    for word in words:
        said = run_torch(module, [machine.alphabet.index(a) for a in word])
        for t, truth in enumerate(expected(machine, word, net.on_violation)):
            offered = said.heads["legal"][t].numpy() > 0
            assert {a for a, on in zip(machine.alphabet, offered, strict=True) if on} == truth.legal
            assert bool(said.heads["accept"][t, 0] > 0) == truth.accepted, word[:t]
            if truth.legal and "next" in net.heads:
                found = torch.softmax(said.heads["next"][t].double(), 0).numpy()
                assert np.abs(found - truth.probabilities).max() < 2e-4


@pytest.mark.parametrize(("name", "rewritten", "cells"), CELLS)
def test_latches_save_cells_and_change_no_answer(name: str, rewritten: int, cells: int) -> None:
    machine = rl.load_grammar(name)
    net = rl.compile(machine, memory="latch")
    assert (rl.compile(machine).size, net.size, net.name) == (rewritten, cells, "compiled:latch")
    check(machine, net, strays(machine, 8, 40))


@pytest.mark.parametrize("arithmetic", ["real", "float32"])
def test_latches_are_proved_and_the_checker_agrees(arithmetic: str) -> None:
    net = rl.compile("dyck-2-3", memory="latch")
    proof = rl.certify(net, arithmetic=arithmetic)
    assert proof.holds
    assert proof.margin > 0.38
    assert check_certificate(proof.to_dict(), net, rl.load_grammar("dyck-2-3")).valid


@pytest.mark.slow
@pytest.mark.parametrize("arithmetic", ["real", "float32"])
@pytest.mark.parametrize("memory", ["latch", "keep"])
@pytest.mark.parametrize("name", ["embedded-reber", "reber", "dyck-2-5", "contains-abba"])
def test_memory_that_is_kept_is_proved(name: str, memory: str, arithmetic: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        net = rl.compile(name, memory=memory)
    assert rl.certify(net, arithmetic=arithmetic).holds


@settings(max_examples=8, deadline=None)
@given(machines(max_states=5, max_symbols=3, plain=True, outputs=False), st.data())
def test_a_walking_machine_with_a_remembered_bit(inner: FSM, data: st.DataObject) -> None:
    assume(any(q in inner.accepting for q in inner.reachable))
    machine = embed(inner, {"x": ("x", "xe"), "y": ("y", "ye")})
    way = data.draw(st.sampled_from(["absorb", "resync"]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        net = rl.compile(machine, memory="latch", on_violation=way)
    assert net.size <= rl.compile(machine, on_violation=way).size
    check(machine, net, strays(machine, 3, 25))


@given(machines(max_states=6, plain=True))
def test_classes_and_bits_tell_all_states_apart(fsm: FSM) -> None:
    machine = fsm.complete()
    seen = [(*line.legal, line.accepting) for line in machine.lines]
    found = factor(machine, seen)
    codes = {(found.class_of[q], found.code(q)) for q in range(len(machine))}
    assert len(codes) == len(machine)
    for states in found.members.values():
        assert len({seen[q] for q in states}) == 1
        for bit in found.bits:
            for a in range(len(machine.alphabet)):
                assert operation(machine, bit, states, a) is not None


def test_a_latch_holds_its_memory_and_loses_nothing() -> None:
    net = rl.compile("embedded-reber", memory="latch")
    word = "BP" + "BT" + "S" * 1_000 + "XS" + "E"
    trace = rl.trace(net, word)
    latch = net.cells.index("latch")
    inside = slice(3, -1)
    assert (trace.array("memory")[inside, latch] < -0.96).all()
    assert (trace.array("forget")[inside, latch] > 0.98).all()
    assert trace.to_dict()["steps"][-1]["legal"] == ["P"]


def test_a_loop_that_is_kept_rings_again() -> None:
    net = rl.compile("reber", memory="keep")
    trace = rl.trace(net, "BT" + "S" * 600 + "XXVV" + "E")
    cell = net.cells.index("1")
    memory, forget = trace.array("memory")[:, cell], trace.array("forget")[:, cell]
    assert (forget[3:600] > 0.7).all()
    assert (np.diff(memory[2:600]) > -1e-9).all()
    assert memory.max() < 150
    assert abs(memory[-1]) < 1e-6
    assert trace.violation_at is None
    check(rl.load_grammar("reber"), net, strays(rl.load_grammar("reber"), 8, 60))


def test_explain_says_what_a_latch_remembers() -> None:
    explained = rl.explain(rl.compile("embedded-reber", memory="latch"))
    assert explained.cell("latch").role == "latch"
    said = "the second symbol was T (+) or P (−); read by cells T.end and P.end"
    assert explained.cell("latch").sentence == said
    assert not explained.cell("latch").notes
    assert any("nothing fades" in line for line in explained.summary)
    again = rl.explain(rl.compile("continual-embedded-reber", memory="latch"))
    said = "the symbol that was read last at node frame was T (+) or P (−)"
    assert again.cell("latch").sentence.startswith(said)


def test_what_has_nothing_to_remember_is_rewritten_and_says_so() -> None:
    with pytest.warns(CompileWarning, match="parity: no bit was found that saves a cell"):
        net = rl.compile("parity", memory="latch")
    assert net.name == "compiled"
    with pytest.warns(CompileWarning, match="alternating: no state has a loop that can be held"):
        rl.compile("alternating", memory="keep")


def test_unknown_memory_and_other_cells_are_refused() -> None:
    with pytest.raises(CompileError, match="memory 'forget'; choose one of rewrite, latch, keep"):
        rl.compile("reber", memory="forget")
    with pytest.raises(CompileError, match="memory 'latch' is for LSTMs; leave it out"):
        rl.compile("reber", memory="latch", cell="gru")
    with pytest.raises(CompileError, match="no net 'compiled:lach'; there are compiled, "):
        compiled_as("compiled:lach", "reber")


def test_no_next_head_where_probabilities_would_drift() -> None:
    loop = FSM(
        alphabet=("a", "b"),
        start="s",
        accepting=frozenset({"s"}),
        transitions={"s": {"a": "q"}, "q": {"a": "q", "b": "s"}},
        probabilities={"q": {"a": 0.9, "b": 0.1}},
    )
    assert "next" not in rl.compile(loop, memory="keep").heads
    assert "next" in rl.compile("reber", memory="keep").heads
