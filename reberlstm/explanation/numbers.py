"""A numeric summary of a net that nobody wired: sizes, saturation, largest weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from reberlstm.explanation.gates import OPEN, SHUT
from reberlstm.explanation.model import (
    CellExplanation,
    Explanation,
    GateExplanation,
    HeadExplanation,
)
from reberlstm.explanation.vertices import squash
from reberlstm.explanation.wording import listed, shown, weight
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import Floats, LSTMWeights

WALKS, STEPS, SEED = 100, 60, 0
"""How many random words the gates are watched on, of how many symbols, and the seed of both."""

LARGEST = 3


def numeric_summary(
    net: LSTMWeights, grammar: FSM | None, why: str = "this net was not wired by hand"
) -> Explanation:
    """What can be counted of a net without known mechanism; it says that it is no explanation."""
    watched = _watch(net, grammar)
    walks = "random walks through the grammar" if grammar is not None else "random words"
    cells = tuple(_cell(net, cell, watched) for cell in range(net.size))
    lines = [
        f"{why}, so what follows is a numeric summary and no explanation of its mechanism; "
        "`extract` rebuilds the machine that it has learned, and `certify` proves or refutes it",
        f"gates were watched on {WALKS} {walks}, {STEPS} symbols each (seed {SEED}); open is over "
        f"{OPEN:g}, shut is under {SHUT:g}",
        *_saturation(net, watched),
        *_sizes(net),
    ]
    return Explanation(
        net=net.name,
        grammar=grammar.name if grammar is not None else None,
        kind="numbers",
        summary=tuple(lines),
        nodes={},
        vertices={},
        unit=None,
        cells=cells,
        heads={name: _head(net, name) for name in net.heads},
    )


def _watch(net: LSTMWeights, grammar: FSM | None) -> Mapping[str, Floats]:
    """The gates' values on random walks, each of shape (STEPS·WALKS, H)."""
    generator = np.random.default_rng(SEED)
    tables = grammar.tables() if grammar is not None else None
    columns = {symbol: column for column, symbol in enumerate(net.alphabet)}
    h, c = np.zeros((WALKS, net.size)), np.zeros((WALKS, net.size))
    nodes = [0] * WALKS
    records: dict[str, list[Floats]] = {gate: [] for gate in net.gates}
    for _ in range(STEPS):
        symbols = generator.integers(len(net.alphabet), size=WALKS)
        if tables is not None:
            draws = generator.random(WALKS)
            for walk, node in enumerate(nodes):
                legal = sorted(tables.symbols[node], key=columns.__getitem__)
                if not legal:  # the word is over: start another one
                    node = 0
                    h[walk] = c[walk] = 0.0
                    legal = sorted(tables.symbols[0], key=columns.__getitem__)
                if not legal:
                    continue
                symbol = legal[int(draws[walk] * len(legal))]
                symbols[walk] = columns[symbol]
                nodes[walk] = tables.table[node][tables.alphabet.index(symbol)]
        sums = net.weight_ih.T[symbols] + h @ net.weight_hh.T + net.bias
        gates = {gate: squash(gate, sums[:, net.rows(gate)]) for gate in net.gates}
        c = gates["forget"] * c + gates["input"] * gates["candidate"]
        h = gates["output"] * np.tanh(c) if "output" in gates else c
        for gate, values in gates.items():
            records[gate].append(values)
    return {gate: np.concatenate(values) for gate, values in records.items()}


def _saturation(net: LSTMWeights, watched: Mapping[str, Floats]) -> Iterator[str]:
    for gate in net.gates:
        yield f"{gate} gates: {_share(gate, watched[gate])}".replace(
            "candidate gates", "candidates"
        )


def _share(gate: str, values: Floats) -> str:
    if gate == "candidate":
        high, low, near = (
            (values > OPEN).mean(),
            (values < -OPEN).mean(),
            (np.abs(values) < SHUT).mean(),
        )
        return f"{high:.0%} near 1, {low:.0%} near −1, {near:.0%} near 0 of the time"
    return f"{(values > OPEN).mean():.0%} open, {(values < SHUT).mean():.0%} shut of the time"


def _sizes(net: LSTMWeights) -> Iterator[str]:
    parts = (("symbols", net.weight_ih), ("cells", net.weight_hh), ("biases", net.bias))
    text = ", ".join(
        f"{what} {np.linalg.norm(array):.3g} (largest {np.abs(array).max():.3g})"
        for what, array in parts
    )
    yield f"norms of the gate weights: {text}"


def _cell(net: LSTMWeights, cell: int, watched: Mapping[str, Floats]) -> CellExplanation:
    gates: dict[str, GateExplanation] = {}
    for gate in ("forget", "candidate", "input", "output"):
        if gate in net.gates:
            row = net.rows(gate).start + cell
            weights = [
                (f"on {shown(symbol)}", float(value))
                for symbol, value in zip(net.alphabet, net.weight_ih[row], strict=True)
            ] + [
                (f"on cell {shown(name)}", float(value))
                for name, value in zip(net.cells, net.weight_hh[row], strict=True)
            ]
            sentence = f"{_share(gate, watched[gate][:, cell])}; {_largest(weights)}"
            gates[gate] = GateExplanation(gate, sentence)
    return CellExplanation(
        net.cells[cell], f"cell {shown(net.cells[cell])}", "no known meaning", gates
    )


def _largest(weights: list[tuple[str, float]]) -> str:
    top = sorted(weights, key=lambda pair: -abs(pair[1]))[:LARGEST]
    return "largest weights " + listed([f"{weight(value, digits=3)} {what}" for what, value in top])


def _head(net: LSTMWeights, name: str) -> HeadExplanation:
    head = net.heads[name]
    largest = float(np.abs(head.weight).max())
    return HeadExplanation(
        name, f"norm {np.linalg.norm(head.weight):.3g}, largest weight {largest:.3g}"
    )
