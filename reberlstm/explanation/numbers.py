"""A numeric summary of a net that nobody wired: sizes, saturation, largest weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from reberlstm.explanation.gates import OPEN, SHUT, in_order
from reberlstm.explanation.model import (
    CellExplanation,
    Explanation,
    GateExplanation,
    HeadExplanation,
)
from reberlstm.explanation.wording import listed, shown, weight
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net, joined

WALKS, STEPS, SEED = 500, 60, 0
"""How many random words the gates are watched on, of how many symbols, and the seed of both."""

LARGEST = 3


def numeric_summary(
    net: Net, grammar: FSM | None, why: str = "this net was not wired by hand"
) -> Explanation:
    """What can be counted of a net without known mechanism; it says that it is no explanation."""
    watched = _watch(net, grammar)
    walks = "random walks through the grammar" if grammar is not None else "random words"
    lines = [
        f"{why}, so what follows is a numeric summary and no explanation of its mechanism; "
        "`extract` rebuilds the machine that it has learned, and `certify` proves or refutes it",
        f"gates were watched on {WALKS} {walks}, at most {STEPS} symbols each (seed {SEED}); open "
        f"is over {OPEN:g}, shut is under {SHUT:g}",
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
        cells=tuple(_cells(net, watched)),
        heads={name: _head(net, name) for name in net.heads},
        readout=net.reading,
    )


def _watch(net: Net, grammar: FSM | None) -> list[Mapping[str, Floats]]:
    """The gates' values at all symbols of random words, each of shape (N, H), for every layer."""
    rng = np.random.default_rng(SEED)
    symbols = rng.integers(len(net.alphabet), size=(STEPS, WALKS))
    present = np.ones(symbols.shape, dtype=bool)
    if grammar is not None:
        tables = grammar.tables()
        words = tables.draw(rng, (WALKS,), STEPS)
        if words.present.any():
            symbols = np.array([net.alphabet.index(a) for a in tables.alphabet])[words.symbols]
            present = words.present
    states = net.start(WALKS)
    watched: list[dict[str, list[Floats]]] = [
        {gate: [] for gate in layer.cell.gates} for layer in net.layers
    ]
    for row, here in zip(symbols, present, strict=True):
        steps = net.record(states, row)
        states = joined(steps)
        for record, step in zip(watched, steps, strict=True):
            for gate, values in step.gates.items():
                record[gate].append(values[here])
    return [{gate: np.concatenate(v) for gate, v in record.items()} for record in watched]


def _saturation(net: Net, watched: list[Mapping[str, Floats]]) -> Iterator[str]:
    for number, record in enumerate(watched, start=1):
        where = f"layer {number}: " if len(watched) > 1 else ""
        for gate, values in record.items():
            what = "candidates" if gate == "candidate" else f"{gate} gates"
            yield f"{where}{what}: {_share(gate, values)}"


def _share(gate: str, values: Floats) -> str:
    if gate == "candidate":
        high, low, near = (
            (values > OPEN).mean(),
            (values < -OPEN).mean(),
            (np.abs(values) < SHUT).mean(),
        )
        return f"{high:.0%} near 1, {low:.0%} near −1, {near:.0%} near 0 of the time"
    return f"{(values > OPEN).mean():.0%} open, {(values < SHUT).mean():.0%} shut of the time"


def _sizes(net: Net) -> Iterator[str]:
    for number, layer in enumerate(net.layers, start=1):
        where = f" of layer {number}" if len(net.layers) > 1 else ""
        inputs = "symbols" if number == 1 and net.embedding is None else "inputs"
        parts = ((inputs, layer.weight_ih), ("cells", layer.weight_hh), ("biases", layer.bias))
        text = ", ".join(
            f"{what} {np.linalg.norm(array):.3g} (largest {np.abs(array).max():.3g})"
            for what, array in parts
        )
        yield f"norms of the gate weights{where}: {text}"


def _cells(net: Net, watched: list[Mapping[str, Floats]]) -> Iterator[CellExplanation]:
    """Every cell of every layer, its gates in the order of the source's words where it has them."""
    reads = [f"on {shown(symbol)}" for symbol in net.alphabet]
    if net.embedding is not None:
        reads = [f"on input {number}" for number in range(1, net.embedding.shape[1] + 1)]
    names = iter(net.cells)
    for layer, record in zip(net.layers, watched, strict=True):
        own = [next(names) for _ in range(layer.size)]
        on_cells = [f"on cell {shown(name)}" for name in own]
        for cell, name in enumerate(own):
            gates: dict[str, GateExplanation] = {}
            for gate in in_order(layer.cell.gates):
                row = layer.rows(gate).start + cell
                weights = [
                    *zip(reads, layer.weight_ih[row].tolist(), strict=True),
                    *zip(on_cells, layer.weight_hh[row].tolist(), strict=True),
                ]
                sentence = f"{_share(gate, record[gate][:, cell])}; {_largest(weights)}"
                gates[gate] = GateExplanation(gate, sentence)
            yield CellExplanation(name, f"cell {shown(name)}", "no known meaning", gates)
        reads = on_cells


def _largest(weights: list[tuple[str, float]]) -> str:
    top = sorted(weights, key=lambda pair: -abs(pair[1]))[:LARGEST]
    return "largest weights " + listed([f"{weight(value, digits=3)} {what}" for what, value in top])


def _head(net: Net, name: str) -> HeadExplanation:
    layers = net.heads[name].layers
    norms = ", ".join(f"{np.linalg.norm(layer.weight):.3g}" for layer in layers)
    largest = max(float(np.abs(layer.weight).max()) for layer in layers)
    return HeadExplanation(name, f"norm {norms}, largest weight {largest:.3g}")
