"""The main law for GRUs and simple recurrent nets: stock layers say what the machine says."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.certificates import check
from reberlstm.machine.fsm import FSM, Word
from reberlstm.net.files.onnx import to_model
from tests.oracles import expected
from tests.properties.test_compiled import check_words, ways
from tests.strategies import machines, machines_with_words, random_machine, random_word

CELLS = ("gru", "rnn")
cells = st.sampled_from(CELLS)
all_cells = st.sampled_from((*CELLS, "gru-before"))


@settings(max_examples=25)
@given(machines_with_words(), ways, cells, st.sampled_from([torch.float64, torch.float32]))
def test_torch_layers_say_what_the_machine_says(drawn, way, cell: str, dtype) -> None:
    fsm, words = drawn
    check_words(fsm, words, way=way, dtype=dtype, cell=cell)


@settings(max_examples=10)
@given(
    st.integers(0, 2**32), st.integers(2, 15), st.integers(2, 20), st.sampled_from([0.3, 1.0]), ways
)
def test_many_states_and_symbols(seed: int, states: int, symbols: int, density: float, way) -> None:
    """Few of the states are entered, so their ways in are tangled and have to be split."""
    targets = 1 + seed % states
    fsm = random_machine(seed, states=states, symbols=symbols, density=density, targets=targets)
    rng = random.Random(seed)
    words = [random_word(rng, fsm, 30) for _ in range(2)]
    for cell in CELLS:
        check_words(fsm, words, way=way, cell=cell)


@settings(max_examples=10)
@given(machines_with_words(), ways)
def test_onnxruntime_says_what_the_machine_says(drawn: tuple[FSM, list[Word]], way) -> None:
    """The GRU that resets before the matrix is none of PyTorch's."""
    onnxruntime = pytest.importorskip("onnxruntime")
    fsm, words = drawn
    net = rl.compile(fsm, on_violation=way, cell="gru-before")
    session = onnxruntime.InferenceSession(
        to_model(net).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    for word in filter(None, words):
        x = np.eye(len(fsm.alphabet), dtype=np.float32)[[fsm.alphabet.index(a) for a in word]]
        said = dict(zip(names, session.run(None, {"x": x[np.newaxis]}), strict=True))
        for t, truth in enumerate(expected(fsm, word, way)[1:]):
            offered = said["legal"].reshape(len(word), -1)[t] > 0
            assert offered.tolist() == [a in truth.legal for a in fsm.alphabet]
            assert bool(said["accept"].reshape(-1)[t] > 0) == truth.accepted


@settings(max_examples=30)
@given(machines(), ways, all_cells)
def test_it_is_proved_for_words_of_every_length(fsm: FSM, way, cell: str) -> None:
    net = rl.compile(fsm, on_violation=way, cell=cell)
    proof = rl.certify(net)
    assert proof.holds
    assert proof.scope == "all"
    assert proof.margin > 0.49
    assert check(proof.to_dict(), net, fsm).valid


@given(machines(max_symbols=5, max_states=6), ways)
def test_numbers_of_cells(fsm: FSM, way) -> None:
    """A GRU has a cell a state, as an LSTM; a simple net one for each chain of symbols."""
    lstm, gru = (rl.compile(fsm, on_violation=way, cell=cell) for cell in ("lstm", "gru"))
    complete = all(len(fsm.transitions[q]) == len(fsm.alphabet) for q in fsm.reachable)
    is_entered = any(fsm.start in fsm.transitions[q].values() for q in fsm.reachable)
    states = {
        name if name in fsm.transitions else name.rpartition("/")[0] for name in gru.cells[:-1]
    }
    assert len(states) == max(len(fsm.reachable) - 1 - complete + is_entered, 0)
    assert complete or gru.size == lstm.size
    rnn = rl.compile(fsm, on_violation=way, cell="rnn")
    tables = fsm.tables(way)
    own: dict[str, int] = {}
    for name in rnn.cells[:-1]:
        state = name if name in fsm.transitions else name.rstrip("'").rpartition("/")[0]
        own[state] = own.get(state, 0) + 1
    for number, state in enumerate(tables.names):
        if state in own:
            ways_in = [
                {p for p, row in enumerate(tables.table) if row[a] == number}
                for a in range(len(fsm.alphabet))
            ]
            assert own[state] == fewest_chains([way for way in ways_in if way])


def fewest_chains(sets: list[set[int]]) -> int:
    """By trying all ways to colour them."""
    for colours in range(1, len(sets) + 1):
        for colouring in product(range(colours), repeat=len(sets)):
            coloured = list(zip(colouring, sets, strict=True))
            if all(a <= b or b <= a for i, a in coloured for j, b in coloured if i == j):
                return colours
    return 0


@given(machines_with_words(max_length=40), ways, cells)
def test_cells_are_signs(drawn: tuple[FSM, list[Word]], way, cell: str) -> None:
    """From the first symbol on every cell is +1 or −1, and at most one besides `started` is +1."""
    fsm, words = drawn
    net = rl.compile(fsm, on_violation=way, cell=cell)
    for word in words:
        state = net.start()
        for symbol in word:
            state = net.step(state, np.array([fsm.alphabet.index(symbol)]))
            (h,) = net.hidden(state)
            assert np.abs(np.abs(h) - 1.0).max() < 1e-7
            assert h[-1] > 0.0
            assert (h[:-1] > 0.0).sum() <= 1


@pytest.mark.parametrize("cell", [*CELLS, "gru-before"])
@pytest.mark.parametrize(("before", "loop"), [("BT", "S"), ("BTXX", "VPX")])
def test_nothing_drifts(cell: str, before: str, loop: str) -> None:
    """Many times round a loop, at a small gain: the same numbers but for the last bits."""
    fsm = rl.load_grammar("reber")
    net = rl.compile(fsm, cell=cell, gain=6.0)
    state, seen = net.start(), []
    for symbol in before + loop * (3_000 // len(loop)):
        state = net.step(state, np.array([fsm.alphabet.index(symbol)]))
        seen.append(state)
    early, late = len(before) + 9 * len(loop), len(seen)
    for back in range(1, len(loop) + 1):
        assert np.abs(seen[late - back] - seen[early - back]).max() < 1e-14
