"""What docs/theory.md proves and prints, held against nets, words and the scripts."""

from __future__ import annotations

import itertools
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.machine.fsm import FSM
from tests.oracles import expected
from tests.stepping import run_batch
from tests.strategies import machines

ROOT = Path(__file__).parent.parent
BOUND: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "gain_bound.py"))
LEAK: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "figure_leak.py"))
TEXT = (ROOT / "docs" / "theory.md").read_text("utf-8")


# Theorem 1: how many cells


@given(machines())
def test_theorem_1_counts_the_cells(fsm: FSM) -> None:
    reachable = fsm.reachable
    violations = any(len(fsm.transitions[q]) < len(fsm.alphabet) for q in reachable)
    entered = any(fsm.start in fsm.transitions[q].values() for q in reachable)
    count = len(reachable) + entered if violations else max(len(reachable) - 1, 1)
    cells = [
        name
        for name in rl.compile(fsm).cells
        if not re.search(r"/[2-9]'*$", name) or name in reachable
    ]
    assert len(cells) == count


# Theorem 3: no drift


def vertex_distance(fsm: FSM, gain: float, words: np.ndarray) -> float:
    """The largest distance of any h from the vertex of the state that the machine is in."""
    net = rl.compile(fsm, gain=gain)
    truth = [expected(fsm, tuple(fsm.alphabet[a] for a in word)) for word in words]
    worst = 0.0
    for t, state in enumerate(run_batch(net, words), start=1):
        for row, known in enumerate(truth):
            at = known[t].state
            active = state.h[row] > net.height / 2
            names = {
                re.sub(r"/\d+'*$", "", n) if n not in fsm.states else n
                for n, on in zip(net.cells, active, strict=True)
                if on
            }
            assert names - {"started"} <= ({at} if at is not None else set())
            target = np.where(active, net.height, 0.0)
            worst = max(worst, float(np.abs(state.h[row] - target).max()))
            legal = net.heads["legal"].weight @ state.h[row] + net.heads["legal"].bias > 0
            assert {a for a, yes in zip(fsm.alphabet, legal, strict=True) if yes} == known[t].legal
    return worst


@given(machines(max_states=5, max_symbols=4, plain=True), st.data())
@settings(max_examples=30)
def test_theorem_3_holds_for_random_machines(fsm: FSM, data: st.DataObject) -> None:
    gain = BOUND["sufficient_gain"](rl.compile(fsm))
    symbol = st.integers(0, len(fsm.alphabet) - 1)
    words = np.array(
        data.draw(st.lists(st.lists(symbol, min_size=12, max_size=12), min_size=4, max_size=4))
    )
    assert vertex_distance(fsm, gain, words) <= BOUND["allowed"](gain)


@pytest.mark.parametrize("name", ["reber", "parity", "tomita-3", "dyck-2-3"])
def test_theorem_3_holds_for_grammars_and_long_words(name: str) -> None:
    fsm = rl.load_grammar(name)
    gain = BOUND["sufficient_gain"](rl.compile(fsm))
    assert BOUND["deviation"](fsm, gain) <= BOUND["allowed"](gain)


def test_theorem_3_is_no_empty_word() -> None:
    """At a much smaller gain the nets do drift, by more than the theorem's formula would allow."""
    assert BOUND["deviation"](rl.load_grammar("reber"), 2.0) > 0.1


# Theorems 5 and 6: no drift in GRUs and simple nets


@given(
    machines(max_states=5, max_symbols=4, plain=True),
    st.sampled_from(["gru", "gru-before", "rnn"]),
    st.integers(0, 2**32),
)
@settings(max_examples=30)
def test_theorems_5_and_6_hold_for_random_machines(fsm: FSM, cell: str, seed: int) -> None:
    gain = BOUND["sufficient_gain"](rl.compile(fsm, cell=cell))
    net = rl.compile(fsm, cell=cell, gain=gain)
    words = np.random.default_rng(seed).integers(len(fsm.alphabet), size=(12, 4))
    truth = [expected(fsm, tuple(fsm.alphabet[a] for a in word)) for word in words.T]
    states = net.start(4)
    for t, symbols in enumerate(words, start=1):
        states = net.step(states, symbols)
        assert np.abs(np.abs(net.hidden(states)) - 1.0).max() <= BOUND["allowed"](gain, cell)
        offered = net.observe(states).legal
        for known, row in zip(truth, offered, strict=True):
            assert {a for a, yes in zip(fsm.alphabet, row, strict=True) if yes} == known[t].legal


def test_gains_of_other_cells_are_those_of_the_script() -> None:
    numbers = re.search(
        r"for Reber \*K\* = ([\d.]+).*?([\d.]+) proved.*?, ([\d.]+) and ([\d.]+) in", TEXT, re.S
    )
    assert numbers is not None
    gains = list(map(float, numbers.groups()))
    for cell, paper, proved in zip(("gru", "rnn"), gains[::2], gains[1::2], strict=True):
        assert BOUND["sufficient_gain"](rl.compile("reber", cell=cell)) == pytest.approx(
            paper, abs=0.005
        )
        assert rl.certify(rl.compile("reber", cell=cell, gain=proved * 1.02)).holds


@given(machines(plain=True, max_symbols=5))
def test_filters_are_at_least_the_gain_in_size(fsm: FSM) -> None:
    """Section 5, on the symbols that ring: every sum of a filter, at every vertex."""
    net = rl.compile(fsm)
    assert net.gain is not None
    started = np.array([1.0 if name == "started" else 0.0 for name in net.cells])
    vertices = [
        np.zeros(net.size),
        started,
        *(np.maximum(row, started) for row in np.eye(net.size)),
    ]
    for cell in range(net.size):
        rings = net.weight_ih[net.rows("candidate").start + cell] != 0.0
        for gate in ("input", "output"):
            row = net.rows(gate).start + cell
            for vertex in vertices:
                sums = net.height * vertex @ net.weight_hh[row] + net.weight_ih[row] + net.bias[row]
                assert (np.abs(sums[rings]) >= net.gain * (1 - 1e-9)).all()


# Section 4


def with_target(pairs: set[tuple[int, int]], size: int) -> FSM:
    """A machine in which exactly these (state, symbol) pairs lead to t."""
    symbols = tuple("abcdef"[:size])
    start = {a: f"p{n}" for n, a in enumerate(symbols)}
    rows = {
        f"p{n}": {a: "t" for m, a in enumerate(symbols) if (n, m) in pairs} for n in range(size)
    }
    return FSM(alphabet=symbols, start="s", transitions={"s": start, **rows, "t": {}})


def copies(fsm: FSM) -> int:
    return sum(name == "t" or name.startswith("t/") for name in rl.compile(fsm).cells)


def test_smallest_relation_that_does_not_fit() -> None:
    """Three states and symbols, all pairs but the diagonal; and no other relation of that size."""
    every = list(itertools.product(range(3), repeat=2))
    diagonal = {(n, n) for n in range(3)}
    assert copies(with_target(set(every) - diagonal, 3)) == 2
    crowns = [
        set(every) - {(n, image[n]) for n in range(3)} for image in itertools.permutations(range(3))
    ]
    for chosen in itertools.product([False, True], repeat=9):
        pairs = {pair for pair, yes in zip(every, chosen, strict=True) if yes}
        if pairs:
            assert copies(with_target(pairs, 3)) == (2 if pairs in crowns else 1)


@pytest.mark.parametrize("size", range(1, 7))
def test_matchings_fit_and_crowns_need_half_as_many_copies_as_symbols(size: int) -> None:
    diagonal = {(n, n) for n in range(size)}
    assert copies(with_target(diagonal, size)) == 1
    if size > 2:
        crown = set(itertools.product(range(size), repeat=2)) - diagonal
        assert copies(with_target(crown, size)) == -(-size // 2)


# What is printed


def test_table_of_gains_is_that_of_the_script() -> None:
    rows = re.findall(
        r"^\| ([a-z0-9-]+) \| (\d+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$",
        TEXT,
        re.M,
    )
    assert len(rows) == 5
    for name, cells, weights, gain, allowed, seen, proved in rows:
        fsm = rl.load_grammar(name)
        net = rl.compile(fsm)
        assert net.size == int(cells)
        assert BOUND["weight_sum"](net) == pytest.approx(float(weights))
        assert BOUND["sufficient_gain"](net) == pytest.approx(float(gain), abs=0.005)
        assert BOUND["allowed"](float(gain)) == pytest.approx(
            float(allowed), abs=2e-4 + 0.006 * float(allowed)
        )
        assert float(seen) < float(allowed)
        # A little above the smallest gain that was proved there is a proof.
        assert rl.certify(rl.compile(fsm, gain=float(proved) * 1.02), fsm).holds


def test_sums_of_node_5_are_those_of_the_net() -> None:
    net = rl.compile(rl.load_grammar("reber"))
    rows = re.findall(r"^\| (node \d|any other) \|(.*)\|$", TEXT, re.M)
    assert len(rows) == 4
    for place, numbers in rows:
        printed = [_number(text) for text in numbers.split("|")]
        nodes = [place[-1]] if place.startswith("node") else ["1", "3", "4", "end"]
        for node in nodes:
            assert printed == [pytest.approx(value) for value in _sums(net, "5", node, "TXP")], (
                place
            )


def _number(text: str) -> float:
    text = text.strip(" []")
    sign = -1.0 if text[0] == "−" else 1.0
    return sign * (float(text[1:].rstrip("½") or 0) + 0.5 * text.endswith("½"))


def _sums(net: rl.LSTMWeights, cell: str, node: str, symbols: str) -> Iterator[float]:
    assert net.gain is not None
    h = net.height * np.array([name in (node, "started") for name in net.cells])
    for gate in ("input", "output"):
        row = net.rows(gate).start + net.cells.index(cell)
        for symbol in symbols:
            total = net.weight_hh[row] @ h + net.weight_ih[row, net.alphabet.index(symbol)]
            yield float(total + net.bias[row]) / (2 * net.gain)


def test_kept_memories_fade_and_rewritten_ones_stay() -> None:
    """Section 6: half is left after 0.69·exp(K) rounds; the rewritten one does not move."""
    for gain in (5.0, 6.0):
        kept = np.arctanh(LEAK["height"](LEAK["keeping"](gain), 400) / (1 / (1 + np.exp(-gain))))
        half = int(np.argmax(kept < kept[0] / 2))
        assert half == pytest.approx(0.69 * np.exp(gain), rel=0.06)
    net = rl.compile(rl.load_grammar("reber"), gain=5.0)
    heights = LEAK["height"](net, 2_000)
    assert np.ptp(heights[5:]) < 1e-6


def test_published_loop_is_as_told() -> None:
    curves = LEAK["published_loop"]()
    assert int(np.argmax(curves["reader E"] > 0.5)) == 13
    assert "After\n13 rounds E is offered" in TEXT
    assert curves["memory 1"][13] < 0.95 < curves["memory 1"][0]


@pytest.mark.parametrize(("kind", "gain"), [(np.float32, 17.5), (np.float64, 37.5)])
def test_open_gates_round_to_one(kind: type[np.floating], gain: float) -> None:
    def sigmoid(z: float) -> np.floating:
        return kind(1) / (kind(1) + np.exp(kind(-z)))

    assert sigmoid(gain) == 1
    assert sigmoid(0.9 * gain) < 1
    assert sigmoid(-gain) > 0


def test_figures_can_be_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LEAK["draw"].__globals__, "ROUNDS", 300)
    LEAK["draw"](tmp_path / "leak.svg")
    boxes = runpy.run_path(str(ROOT / "scripts" / "figure_boxes.py"))
    monkeypatch.setitem(boxes["draw"].__globals__, "WORDS", 20)
    reber = rl.load_grammar("reber")
    boxes["draw"](rl.compile(reber, gain=5.0), reber, tmp_path / "boxes.svg")
    for name in ("leak.svg", "boxes.svg"):
        assert "<svg" in (tmp_path / name).read_text("utf-8")
