"""The reference step, batches of words, and the trace with its contract."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import reberlstm as rl
from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM, Word
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.height import ACTIVE
from reberlstm.net.net import LSTMWeights, Net
from reberlstm.net.numbers import sigmoid
from reberlstm.net.readouts import Head
from tests.cases import REBER, machine
from tests.oracles import run_torch, torch_module
from tests.stepping import State, initial, one_hot, run_batch, snap_to_vertex, step
from tests.strategies import machines_with_words

REBER_NET = rl.compile(REBER)
PUBLISHED = rl.published()


def random_net(seed: int, symbols: int = 5, cells: int = 4, scale: float = 2.0) -> LSTMWeights:
    """A net that nobody designed: unsaturated, both biases in use."""
    rng = np.random.default_rng(seed)

    def array(*shape: int) -> np.ndarray:
        return rng.normal(scale=scale, size=shape)

    return LSTMWeights(
        alphabet=tuple("abcdefgh"[:symbols]),
        cells=tuple(f"c{number}" for number in range(cells)),
        weight_ih=array(4 * cells, symbols),
        weight_hh=array(4 * cells, cells),
        bias_ih=array(4 * cells),
        bias_hh=array(4 * cells),
        heads={"legal": Head(array(symbols, cells), array(symbols))},
        name="random",
    )


# The step


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_step_is_torchs(seed: int, word: list[int]) -> None:
    net = random_net(seed)
    said = run_torch(torch_module(net), word)
    state = initial(net)
    for t, index in enumerate(word, start=1):
        state = step(net, np.eye(5)[index], state).state
        assert np.abs(state.h - said.h[t].numpy()).max() <= 1e-12
        assert np.abs(state.c - said.c[t].numpy()).max() <= 1e-12


@torch.no_grad()
def test_step_from_any_state_and_input(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = random_net(seed)
    cell = nn.LSTMCell(5, 4).double()
    cell.load_state_dict(
        {
            name: torch.tensor(getattr(net, name))
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
    )
    x, h, c = rng.normal(size=(7, 5)), rng.normal(size=(7, 4)), 5 * rng.normal(size=(7, 4))
    ours = step(net, x, State(h, c)).state
    theirs = cell(torch.tensor(x), (torch.tensor(h), torch.tensor(c)))
    assert np.abs(ours.h - theirs[0].numpy()).max() <= 1e-12
    assert np.abs(ours.c - theirs[1].numpy()).max() <= 1e-12


def test_gates_are_named_and_make_the_state(seed: int) -> None:
    net = random_net(seed)
    before = step(net, one_hot(net, "a"), initial(net)).state
    result = step(net, one_hot(net, "b"), before)
    gates = result.gates
    assert list(gates) == ["input", "forget", "candidate", "output"]
    c = gates["forget"] * before.c + gates["input"] * gates["candidate"]
    assert np.array_equal(result.state.c, c)
    assert np.array_equal(result.state.h, gates["output"] * np.tanh(c))
    z = net.weight_ih[:, 1] + net.weight_hh @ before.h + net.bias_ih + net.bias_hh
    for gate, function in [("forget", lambda v: 1 / (1 + np.exp(-v))), ("candidate", np.tanh)]:
        assert gates[gate] == pytest.approx(function(z[net.rows(gate)]), abs=1e-14)


def test_sigmoid_never_overflows() -> None:
    """Warnings are errors in this suite."""
    z = np.array([-np.inf, -1e4, -710.0, -0.0, 0.0, 1.0, 710.0, 1e4, np.inf])
    values = sigmoid(z)
    assert values == pytest.approx([0, 0, 0, 0.5, 0.5, 0.7310585786300049, 1, 1, 1], abs=1e-300)
    assert (np.diff(values) >= 0).all()
    assert sigmoid(z) + sigmoid(-z) == pytest.approx(np.ones(9), abs=1e-16)


# Batches


@given(st.data())
def test_words_of_a_batch_do_not_see_each_other(data: st.DataObject) -> None:
    """Up to the last bits: BLAS may sum a row of a batch in another order than a row alone."""
    net = random_net(data.draw(st.integers(0, 99)))
    length = data.draw(st.integers(0, 6))
    words = data.draw(
        st.lists(
            st.lists(st.integers(0, 4), min_size=length, max_size=length), min_size=1, max_size=5
        )
    )
    together = list(run_batch(net, np.array(words).reshape(len(words), length)))
    assert len(together) == length
    for row, word in enumerate(words):
        alone = list(run_batch(net, [word])) if length else []
        for t, state in enumerate(alone):
            assert np.abs(together[t].h[row] - state.h[0]).max() <= 1e-12
            assert np.abs(together[t].c[row] - state.c[0]).max() <= 1e-12


# The trace


def test_the_object_of_the_contract() -> None:
    found = rl.trace(REBER_NET, "BTX").to_dict()
    assert list(found) == [
        "grammar", "net", "readout", "string", "accepted", "violation_at", "cells", "alphabet", "steps",
    ]  # fmt: skip
    assert (found["grammar"], found["net"], found["string"]) == ("reber", "compiled", "BTX")
    assert (found["accepted"], found["violation_at"]) == (False, None)
    assert found["alphabet"] == list("BTSXPVE")
    assert found["cells"] == list(REBER_NET.cells)
    assert len(found["steps"]) == 3
    last = found["steps"][-1]
    assert list(last) == [
        "t", "symbol", "state", "eraser", "writer", "filter", "output", "memory", "hidden", "reader",
        "legal", "accept", "judged", "ok",
    ]  # fmt: skip
    assert (last["t"], last["symbol"], last["state"], last["ok"]) == (3, "X", "2", True)
    assert last["legal"] == ["S", "X"]
    assert list(last["reader"]) == list("BTSXPVE")
    assert all(len(last[gate]) == 8 for gate in ("eraser", "writer", "filter", "output", "memory"))
    assert last["memory"] == pytest.approx([0, 0, 0, 1, 0, 0, 0, 1], abs=1e-6)
    assert last["eraser"] == pytest.approx([0] * 8, abs=1e-6)
    assert json.loads(json.dumps(found)) == found, "plain numbers, lists and strings only"


def test_the_published_net_has_no_output_gate() -> None:
    found = rl.trace(PUBLISHED, "BTX").to_dict()
    assert list(found["steps"][0]) == [
        "t", "symbol", "state", "eraser", "writer", "filter", "memory", "hidden", "reader", "legal",
        "accept", "judged", "ok",
    ]  # fmt: skip
    assert found["net"] == "published"


def test_a_violation() -> None:
    trace = rl.trace(REBER_NET, "BTTXSE")
    assert trace.violation_at == 3
    assert trace.accepted is False
    assert [record.ok for record in trace.steps] == [True, True, False, False, False, False]
    assert [record.state for record in trace.steps] == ["0", "1", None, None, None, None]
    assert [record.source for record in trace.steps] == ["start", "0", "1", None, None, None]
    assert all(record.legal == () for record in trace.steps[2:])


def test_a_violation_at_the_first_symbol() -> None:
    """What a net was never asked is no violation: the published one offers nothing before B."""
    assert rl.trace(REBER_NET, "T").violation_at == 1
    published = rl.trace(PUBLISHED, "T")
    assert published.violation_at is None
    assert (published.steps[0].ok, published.steps[0].judged) == (None, False)


def test_the_empty_word() -> None:
    trace = rl.trace(REBER_NET, "")
    assert (trace.steps, trace.accepted, trace.violation_at) == ((), False, None)
    assert trace.offered_first == trace.offered_last == ("B",)
    assert trace.to_dict()["steps"] == []
    assert rl.trace(rl.compile(rl.load_grammar("parity")), "").accepted is True


def test_nothing_of_the_grammar_is_shown_as_the_nets() -> None:
    """Before the first symbol all readers of the published net are low, and it is not judged."""
    trace = rl.trace(PUBLISHED, "BTXSE")
    assert (trace.offered_first, trace.first_judged) == ((), False)
    assert trace.violation_at is None
    assert [step.judged for step in trace.steps] == [True, True, True, True, False]
    assert [step.ok for step in trace.steps] == [None, True, True, True, True]
    assert [step.right for step in trace.steps] == [True, True, True, True, None]


def test_what_comes_after_a_violation_of_the_grammar_is_not_judged_in_scope_legal() -> None:
    trace = rl.trace(PUBLISHED, "BTEXX")
    assert trace.violation_at == 3
    assert [step.ok for step in trace.steps] == [None, True, False, None, None]
    assert not any(step.judged for step in trace.steps[2:])


def test_the_published_net_accepts_when_the_node_does() -> None:
    assert rl.trace(PUBLISHED, "BTXSE").accepted is True
    assert rl.trace(PUBLISHED, "BTXS").accepted is False
    # It offers E again after the end, but the grammar is at no node there.
    beyond = rl.trace(PUBLISHED, "BTXSEE")
    assert (beyond.violation_at, beyond.accepted, beyond.steps[-1].state) == (None, False, None)
    # It offers E wrongly, so that there is no violation of what it says, but of the grammar.
    wrong = rl.trace(PUBLISHED, "BTSSSSSSXXVE")
    assert (wrong.violation_at, wrong.accepted, wrong.steps[-1].state) == (None, False, None)


def test_ok_is_about_what_the_net_offers() -> None:
    """Also where that is wrong: a net that offers nothing finds fault with every symbol."""
    silent = REBER_NET.replace(heads={"legal": Head(np.zeros((7, 8)), -np.ones(7))}, claims="legal")
    trace = rl.trace(silent, "BTXSE")
    assert [record.ok for record in trace.steps] == [None, False, False, False, False]
    assert trace.violation_at == 2
    assert trace.accepted is False
    assert trace.steps[-1].state == "end", "the node is the grammar's"


def test_nets_without_a_grammar(seed: int) -> None:
    net = random_net(seed)
    trace = rl.trace(net, "abc")
    assert trace.accepted is None
    assert trace.first_judged is False
    assert all(record.state is None for record in trace.steps)
    assert trace.to_dict()["grammar"] is None
    with pytest.raises(
        GrammarError, match="unknown symbol 'z' at position 1; the alphabet of random is"
    ):
        rl.trace(net, "z")


def test_a_net_that_only_accepts() -> None:
    parity = rl.compile("parity")
    acceptor = parity.replace(heads={"accept": parity.heads["accept"]})
    trace = rl.trace(acceptor, "0110")
    assert [step.accept for step in trace.steps] == [True, False, True, True]
    assert all(step.legal is None and step.ok is None for step in trace.steps)
    assert (trace.accepted, trace.violation_at, trace.offered_last) == (True, None, None)
    assert list(trace.steps[0].reader) == ["accept"]


def test_a_net_that_tells_neither() -> None:
    silent = REBER_NET.replace(heads={})
    with pytest.raises(GrammarError, match="'compiled' tells neither legal symbols nor") as error:
        rl.trace(silent, "BTXSE")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["gru", "gru-before", "rnn", "rnn-relu", "lstm"])
def test_nets_of_every_kind(kind: str) -> None:
    rng = np.random.default_rng(0)
    cell = CELLS[kind]
    rows = len(cell.gates) * 3
    layers = tuple(
        Layer(
            cell, *(rng.normal(size=s) for s in ((rows, size), (rows, 3), (rows,), (rows,)))
        )
        for size in (2, 3)
    )  # fmt: skip
    heads = {"next": Head(rng.normal(size=(2, 3)), rng.normal(size=2))}
    net = Net(alphabet=("0", "1"), layers=layers, heads=heads, name="mine")
    trace = rl.trace(net, "0110", grammar="parity")
    assert trace.to_dict()["readout"] == "legal: softmax > 0.1"
    states = net.start()
    for record, symbol in zip(trace.steps, (0, 1, 1, 0), strict=True):
        states = net.step(states, np.array([symbol]))
        assert record.hidden[3:] == pytest.approx(net.hidden(states)[0], abs=1e-12)
        assert sum(record.reader.values()) == pytest.approx(1.0), "probabilities"
    assert trace.array("memory").shape == trace.array(cell.gates[0]).shape == (4, 6)
    assert json.loads(json.dumps(trace.to_dict()))["steps"][0]["accept"] is None


# Arrays and patches


def test_arrays_of_a_trace() -> None:
    trace = rl.trace(REBER_NET, "BTX")
    assert np.array_equal(trace.array("forget")[1], trace.steps[1].gates["forget"])
    assert np.array_equal(trace.array("hidden")[2], trace.steps[2].hidden)
    assert trace.array("reader").shape == (3, 7)
    with pytest.raises(GrammarError, match="has no array 'eraser'; it has input, forget"):
        trace.array("eraser")


def test_a_trace_as_a_table_of_pandas() -> None:
    pytest.importorskip("pandas")
    table = rl.trace(REBER_NET, "BT").to_pandas()
    assert list(table.columns) == ["t", "symbol", "cell", "gate", "value"]
    assert len(table) == 2 * 8 * 6
    memory = table[(table.t == 2) & (table.cell == "1") & (table.gate == "memory")]
    assert float(memory.value.iloc[0]) == pytest.approx(1.0, abs=1e-6)


def test_a_patch_of_the_memory_moves_the_net_to_another_state() -> None:
    memory = np.zeros(8)
    memory[[REBER_NET.cells.index("2"), REBER_NET.cells.index("started")]] = 1.0
    patched = rl.trace(REBER_NET, "BTS", patch={2: {"memory": memory}})
    assert patched.steps[1].legal == rl.trace(REBER_NET, "BTX").steps[2].legal
    by_name = rl.trace(REBER_NET, "BTS", patch={2: {"memory": {"1": 0.0, "2": 1.0}}})
    assert by_name.steps[1].legal == patched.steps[1].legal
    dead = rl.trace(REBER_NET, "BTS", patch={2: {"hidden": 0.0}})
    assert dead.steps[2].ok is False


def test_patches_of_what_is_not_there() -> None:
    with pytest.raises(GrammarError, match="patch at 4; the word has the symbols 1 to 3"):
        rl.trace(REBER_NET, "BTS", patch={4: {}})
    with pytest.raises(GrammarError, match="patch of 'forget' at 1; choose 'memory' or 'hidden'"):
        rl.trace(REBER_NET, "BTS", patch={1: {"forget": 0}})
    with pytest.raises(GrammarError, match="patch of cell '9' at 1; the cells are 0 1 5"):
        rl.trace(REBER_NET, "BTS", patch={1: {"memory": {"9": 0}}})


def test_unknown_symbols() -> None:
    with pytest.raises(
        GrammarError, match="unknown symbol 'Q' at position 2; the alphabet of reber is B T"
    ):
        rl.trace(REBER_NET, "BQ")


def test_a_grammar_over_another_alphabet() -> None:
    with pytest.raises(
        GrammarError,
        match="alphabet of parity is 0 1, but that of net 'compiled' is B T S X P V E",
    ):
        rl.trace(REBER_NET, "BT", grammar=rl.load_grammar("parity"))


def test_a_grammar_with_the_symbols_in_another_order() -> None:
    shuffled = FSM(
        alphabet=tuple("EVPXSTB"),
        start="start",
        accepting={"end"},
        transitions=REBER.transitions,
        name="shuffled",
    )
    trace = rl.trace(REBER_NET, "BTXSE", grammar=shuffled)
    assert [record.state for record in trace.steps] == ["0", "1", "2", "3", "end"]
    assert trace.to_dict()["grammar"] == "shuffled"
    assert list(trace.steps[0].reader) == list("BTSXPVE"), "columns are the net's"


def test_long_symbols_are_separated_by_spaces() -> None:
    fsm = FSM(alphabet=("go", "no"), start="0", accepting={"0"}, transitions={"0": {"go": "0"}})
    trace = rl.trace(rl.compile(fsm), "go go no")
    assert trace.word == ("go", "go", "no")
    assert trace.violation_at == 3
    assert trace.to_dict()["string"] == "go go no"


@given(machines_with_words(), st.sampled_from(["absorb", "resync"]))
def test_trace_is_the_step_again_and_again(drawn: tuple[FSM, list[Word]], way) -> None:
    fsm, words = drawn
    net = rl.compile(fsm, on_violation=way)
    for word in words:
        trace = rl.trace(net, word)
        state, offered = initial(net), {s for s in fsm.alphabet if s in fsm.legal(fsm.start)}
        for t, (symbol, record) in enumerate(zip(word, trace.steps, strict=True), start=1):
            result = step(net, one_hot(net, symbol), state)
            state = result.state
            assert (record.t, record.symbol, record.ok) == (t, symbol, symbol in offered)
            assert np.array_equal(record.memory, state.c)
            assert all(np.array_equal(record.gates[name], result.gates[name]) for name in net.gates)
            offered = set(record.legal)
        first = next((record.t for record in trace.steps if record.ok is False), None)
        assert trace.violation_at == first
        if way == "absorb":
            assert trace.accepted == fsm.accepts(word)
            assert (trace.violation_at is None) == (fsm.run(word) is not None)


# Snapping


@given(machines_with_words(max_length=30))
def test_snapping_a_compiled_net_changes_nothing_that_it_says(
    drawn: tuple[FSM, list[Word]],
) -> None:
    fsm, words = drawn
    net = rl.compile(fsm)
    for word in words:
        plain, snapped = rl.trace(net, word), rl.trace(net, word, snap=True)
        assert [record.legal for record in snapped.steps] == [
            record.legal for record in plain.steps
        ]
        assert (snapped.accepted, snapped.violation_at) == (plain.accepted, plain.violation_at)
        for record in snapped.steps:
            assert set(record.hidden.tolist()) <= {0.0, ACTIVE}


def test_snapping_rescues_a_net_with_too_small_a_gain() -> None:
    """At gain 2 the active cell is at 0.67 instead of 0.76, and errors grow from step to step."""
    weak = rl.compile(REBER, gain=2.0)
    rng = random.Random(1)
    words = ["".join(word) for word in REBER.sample(200, seed=rng.randrange(100))]
    assert any(rl.trace(weak, word).violation_at for word in words)
    assert not any(rl.trace(weak, word, snap=True).violation_at for word in words)


def test_snapping_to_the_nearest_vertex() -> None:
    h = np.array([0.0, 0.37, 0.39, 0.76, 5.0, -0.3, -0.5, -9.0]) * ACTIVE / 0.7615941559557649
    snapped = snap_to_vertex(REBER_NET, State(h, h))
    assert (snapped.h / ACTIVE).tolist() == [0, 0, 1, 1, 1, 0, -1, -1]
    assert np.array_equal(snapped.c, h), "the memory itself is left alone"
    published = snap_to_vertex(PUBLISHED, State(h, h))
    assert np.array_equal(published.h, published.c), "its gates read the memory"


def test_a_machine_of_one_symbol_and_one_state() -> None:
    net = rl.compile(machine("a", "0", "0", {"0": "a0"}))
    trace = rl.trace(net, "aaa")
    assert (trace.accepted, trace.violation_at, net.cells) == (True, None, ("started",))
