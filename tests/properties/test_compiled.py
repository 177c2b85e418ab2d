"""The main law: a compiled net says after every word what its machine says.

The net is run by `torch.nn.LSTM` from its saved file, and the machine is read from its tables
(`tests.oracles`), so nothing of the package but the compiler and the file is on trial.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterable
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.machine.fsm import FSM, Word
from reberlstm.net.height import ACTIVE
from reberlstm.net.net import LSTMWeights, Net
from tests.oracles import Module, expected, run_torch, torch_module
from tests.stepping import initial, one_hot, read, run_batch, step
from tests.strategies import machines, machines_with_words, random_machine, random_word

WAYS = ("absorb", "resync")
ways = st.sampled_from(WAYS)


def check_words(
    fsm: FSM,
    words: Iterable[Word],
    *,
    way: str = "absorb",
    dtype: torch.dtype = torch.float64,
    cell: str = "lstm",
) -> None:
    """Compile, save, load into torch; then every head, after every prefix of every word."""
    net = rl.compile(fsm, on_violation=way, cell=cell)
    module = torch_module(net, dtype)
    for word in words:
        check_word(fsm, net, module, word)


def check_word(fsm: FSM, net: Net, module: Module, word: Word) -> None:
    said = run_torch(module, [fsm.alphabet.index(symbol) for symbol in word])
    margin = 0.99 * net.height / 2.0
    exact = said.h.dtype == torch.float64
    for t, truth in enumerate(expected(fsm, word, net.on_violation)):
        where = f"after {word[:t]} of {fsm}"
        legal = said.heads["legal"][t].numpy()
        offered = {symbol for symbol, value in zip(fsm.alphabet, legal, strict=True) if value > 0}
        assert offered == truth.legal, where
        assert bool(said.heads["accept"][t, 0] > 0) == truth.accepted, where
        assert np.abs(legal).min() > margin, where
        assert abs(float(said.heads["accept"][t, 0])) > margin, where
        if truth.legal and exact:
            probabilities = torch.softmax(said.heads["next"][t], 0).numpy()
            assert np.abs(probabilities - truth.probabilities).max() < 1e-6, where
        if fsm.outputs:
            label = said.heads["label"][t].numpy()
            best = net.labels[int(label.argmax())]
            assert (best if label.max() > 0 else None) == truth.label, where


@given(machines_with_words(), ways)
def test_compile_then_run_is_the_machine(drawn: tuple[FSM, list[Word]], way) -> None:
    fsm, words = drawn
    check_words(fsm, words, way=way)


@settings(max_examples=25)
@given(machines(max_states=4, max_symbols=3), ways)
def test_after_all_short_words(fsm: FSM, way) -> None:
    """All words of four symbols, with and without violations, in one batch of our own."""
    net = rl.compile(fsm, on_violation=way)
    words = list(product(range(len(fsm.alphabet)), repeat=4))
    truths = [expected(fsm, tuple(fsm.alphabet[i] for i in word), way)[1:] for word in words]
    for t, state in enumerate(run_batch(net, words)):
        legal, accept = read(net, "legal", state) > 0, read(net, "accept", state)[:, 0] > 0
        for row, truth in enumerate(truths):
            want = [symbol in truth[t].legal for symbol in fsm.alphabet]
            assert (legal[row].tolist(), accept[row]) == (want, truth[t].accepted)


@settings(max_examples=20)
@given(
    st.integers(0, 2**32),
    st.integers(2, 20),
    st.integers(2, 26),
    st.sampled_from([0.1, 0.5, 0.9, 1.0]),
    ways,
)
def test_many_states_and_symbols(seed: int, states: int, symbols: int, density: float, way) -> None:
    """Few of the states are entered, so their ways in are tangled and often have to be split."""
    targets = 1 + seed % states
    fsm = random_machine(seed, states=states, symbols=symbols, density=density, targets=targets)
    rng = random.Random(seed)
    check_words(fsm, [random_word(rng, fsm, 30) for _ in range(3)], way=way)


@settings(max_examples=20)
@given(machines_with_words(), ways)
def test_in_single_precision(drawn: tuple[FSM, list[Word]], way) -> None:
    fsm, words = drawn
    check_words(fsm, words, way=way, dtype=torch.float32)


@given(machines_with_words(), ways)
def test_our_step_is_torchs(drawn: tuple[FSM, list[Word]], way) -> None:
    fsm, words = drawn
    net = rl.compile(fsm, on_violation=way)
    module = torch_module(net)
    for word in words:
        said = run_torch(module, [fsm.alphabet.index(symbol) for symbol in word])
        state = initial(net)
        for t, symbol in enumerate(word, start=1):
            state = step(net, one_hot(net, symbol), state).state
            assert np.abs(state.h - said.h[t].numpy()).max() <= 1e-12
            assert np.abs(state.c - said.c[t].numpy()).max() <= 1e-12
            for head, values in said.heads.items():
                assert np.abs(read(net, head, state) - values[t].numpy()).max() <= 1e-12


# Cells


def entered(fsm: FSM) -> bool:
    """Whether some word leads back to the start."""
    return any(fsm.start in fsm.transitions[state].values() for state in fsm.reachable)


@given(machines(max_symbols=26, max_states=8), ways)
def test_number_and_names_of_cells(fsm: FSM, way) -> None:
    net = rl.compile(fsm, on_violation=way)
    states = len(fsm.reachable)
    complete = all(set(fsm.transitions[state]) == set(fsm.alphabet) for state in fsm.reachable)
    plain = (states - 1 or 1) if complete else states + entered(fsm)
    has_started = not complete or states == 1
    named = [
        state for state in fsm.reachable if state != fsm.start or (entered(fsm) and not complete)
    ]
    cells = net.cells[: len(net.cells) - has_started]
    copies = [cell for cell in cells if cell not in named]
    if not copies:
        assert net.size == plain
        assert list(cells) == named, "one cell per state, named after it"
    else:
        assert len(fsm.alphabet) > 2, "a relation over two symbols needs no copies"
        split = {cell.rstrip("'").rpartition("/")[0] for cell in copies}
        assert split <= set(named)
        assert net.size == plain + len(copies) - len(split)
    if has_started:
        assert net.cells[-1].rstrip("'") == "started"
    assert len(set(net.cells)) == net.size


def test_a_state_that_two_filters_cannot_do_is_split() -> None:
    """The three ways into q are the complement of a matching."""
    fsm = FSM(
        alphabet=("a", "b", "c"),
        start="1",
        accepting={"q"},
        transitions={
            "1": {"a": "2", "b": "q", "c": "q"},
            "2": {"a": "q", "b": "3", "c": "q"},
            "3": {"a": "q", "b": "q", "c": "1"},
            "q": {"a": "1", "b": "2", "c": "3"},
        },
    )
    net = rl.compile(fsm)
    assert net.cells == ("2", "q/1", "q/2", "3")
    check_words(fsm, product("abc", repeat=5))


# How the weights say it


def reachable_vectors(net: LSTMWeights, fsm: FSM, way: str) -> list[np.ndarray]:
    """An ``h`` for every state of the machine, the lost one too, and for the empty word."""
    found = {(fsm.start, True): initial(net)}
    queue: list[tuple[Word, tuple[str | None, bool]]] = [((), (fsm.start, True))]
    for word, key in queue:
        for symbol in fsm.alphabet:
            longer = (*word, symbol)
            target = (expected(fsm, longer, way)[-1].state, False)
            if target not in found:
                found[target] = step(net, one_hot(net, symbol), found[key]).state
                queue.append((longer, target))
    return [state.h for state in found.values()]


@given(machines(), ways, st.sampled_from([None, 10.0, 50.0]))
def test_every_pre_activation_is_at_least_the_gain(fsm: FSM, way, gain: float | None) -> None:
    net = rl.compile(fsm, on_violation=way, gain=gain)
    assert net.gain is not None
    # tanh and the sigmoid have not quite reached 1, so an active cell is a little low,
    # and a weight of a few units multiplies that.
    least = net.gain * (1 - (2e-3 if gain == 10.0 else 1e-6))
    for h in reachable_vectors(net, fsm, way):
        for x in np.eye(len(fsm.alphabet)):
            z = net.weight_ih @ x + net.weight_hh @ h + net.bias
            for gate in ("input", "forget", "output"):
                assert np.abs(z[net.rows(gate)]).min() >= least
            assert (z[net.rows("forget")] < 0).all(), "each step forgets the one before"
            candidate = z[net.rows("candidate")]
            assert set(candidate.tolist()) <= {0.0, net.gain}


@given(machines_with_words(max_length=40), ways)
def test_states_are_vertices(drawn: tuple[FSM, list[Word]], way) -> None:
    """Every cell is off or at the height of an active one, and at most two are active."""
    fsm, words = drawn
    net = rl.compile(fsm, on_violation=way)
    for word in words:
        state = initial(net)
        for symbol in word:
            state = step(net, one_hot(net, symbol), state).state
            active = np.round(state.h / ACTIVE)
            assert np.abs(state.h - ACTIVE * active).max() < 1e-7
            assert set(active.tolist()) <= {0.0, 1.0}
            assert active.sum() <= 1 + (net.cells[-1].rstrip("'") == "started")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("grammar", "before", "loop"),
    [
        ("reber", "BT", "S"),
        ("reber", "BP", "T"),
        ("reber", "BTXX", "VPX"),
        ("reber", "BX", "BTSXPVE"),
        ("reber", "T", "E"),
        ("embedded-reber", "BTBP", "T"),
        ("embedded-reber", "BPBTXX", "VPX"),
        ("parity", "1", "0"),
    ],
)
def test_nothing_drifts(grammar: str, before: str, loop: str, way) -> None:
    """Ten thousand times round a loop: the same numbers, to the last bit but a few."""
    fsm = rl.load_grammar(grammar)
    net = rl.compile(fsm, on_violation=way)
    word = [fsm.alphabet.index(symbol) for symbol in before + loop * (10_000 // len(loop))]
    states = list(run_batch(net, [word]))
    early, late = len(before) + 3 * len(loop), len(word)
    for back in range(1, len(loop) + 1):
        assert np.abs(states[late - back].h - states[early - back].h).max() < 1e-15
        assert np.abs(states[late - back].c - states[early - back].c).max() < 1e-15


@given(machines(complete=False), st.text(alphabet=string.digits, max_size=40))
def test_a_violation_is_never_forgotten(fsm: FSM, choices: str) -> None:
    lost = next(
        (
            (*prefix, symbol)
            for prefix in fsm.prefixes(3)
            for symbol in fsm.alphabet
            if fsm.run((*prefix, symbol)) is None
        ),
        None,
    )
    if lost is None:
        return
    net = rl.compile(fsm)
    word = [*lost, *(fsm.alphabet[int(choice) % len(fsm.alphabet)] for choice in choices)]
    steps = rl.trace(net, word).steps
    assert all(record.legal == () and record.state is None for record in steps[len(lost) - 1 :])
    assert rl.trace(net, word).accepted is False


@given(machines(), ways)
def test_compiling_twice_gives_the_same_weights(fsm: FSM, way) -> None:
    one, two = rl.compile(fsm, on_violation=way), rl.compile(fsm, on_violation=way)
    assert np.array_equal(one.weight_ih, two.weight_ih)
    assert np.array_equal(one.weight_hh, two.weight_hh)
    assert one.cells == two.cells
