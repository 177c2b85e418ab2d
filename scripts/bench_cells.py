"""What each kind of cell needs for the same machine: the tables of docs/cells.md.

    python scripts/bench_cells.py [--write]

For every shipped grammar and kind of cell: cells, weights of the gates that are not 0, the largest
of them in units of 2·K (weights on cells times the height of an active cell), the margin of the
proof in scope `all`, the smallest gain that is proved, the largest disturbance of every h (and c)
after every step under which the net is proved, and processor seconds of compiling and proving. Then
the same counts for random machines. Exit status 1 where a net is not proved.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from statistics import mean

import numpy as np
from bench_constructions import random_machine
from in_docs import put

import reberlstm as rl
from reberlstm.certificates import Proof, largest_noise, minimal_gain
from reberlstm.errors import CompileWarning
from reberlstm.machine.fsm import FSM
from reberlstm.net.net import ARRAYS, Net

Wiring = Callable[..., Net]
"""A machine and perhaps ``gain=`` to a net."""

WIRINGS: dict[str, Wiring] = {
    "LSTM": rl.compile,
    "GRU": lambda fsm, **given: rl.compile(fsm, cell="gru", **given),
    "GRU, reset before": lambda fsm, **given: rl.compile(fsm, cell="gru-before", **given),
    "RNN": lambda fsm, **given: rl.compile(fsm, cell="rnn", **given),
}
"""By the name in the tables. Another wiring is another line."""

MEMORIES: dict[str, Wiring] = {
    "LSTM, latch": lambda fsm, **given: rl.compile(fsm, memory="latch", **given),
    "LSTM, keep": lambda fsm, **given: rl.compile(fsm, memory="keep", **given),
}
"""The same for memory that is kept; they have no row where they are the LSTM as usual."""

RANDOM, STATES, SYMBOLS, DENSITIES = 100, range(2, 22), range(2, 8), (0.3, 0.6, 1.0)


def weights(net: Net) -> tuple[int, float]:
    """How many weights of the gates are not 0, and the size of the largest in units."""
    assert net.gain is not None
    (layer,) = net.layers
    nonzero = sum(int(np.count_nonzero(getattr(layer, name))) for name in ARRAYS)
    largest = max(
        float(np.abs(layer.weight_hh).max()) * net.height,
        *(
            float(np.abs(getattr(layer, name)).max())
            for name in ("weight_ih", "bias_ih", "bias_hh")
        ),
    )
    return nonzero, largest / (2.0 * net.gain)


def proof(fsm: FSM, compile: Wiring) -> tuple[Net, Proof, float]:
    """The net, its proof in scope `all`, and the seconds that both took."""
    began = time.process_time()
    net = compile(fsm)
    found = rl.certify(net, fsm, scope="all")
    took = time.process_time() - began
    if not isinstance(found, Proof):
        raise SystemExit(f"{fsm}: the {net.layers[0].cell.title} is not proved")
    return net, found, took


def row(fsm: FSM, name: str) -> list[str] | None:
    """One row of the first table; None for a net that has one already."""
    compile = (WIRINGS | MEMORIES)[name]
    net, found, took = proof(fsm, compile)
    if name in MEMORIES and net.name == "compiled":
        return None
    least = minimal_gain(lambda gain: compile(fsm, gain=gain), upper=20.0, tolerance=0.01)
    noise = largest_noise(net, fsm, tolerance=0.01)
    nonzero, largest = weights(net)
    return [
        str(fsm),
        str(len(fsm.reachable)),
        name,
        str(net.size),
        str(nonzero),
        f"{largest:.3g}",
        f"{found.margin:.3f}",
        f"{least.gain:.2f}",
        f"{noise.noise:.3f}",
        f"{took:.2f}",
    ]


def of_random(name: str) -> list[str]:
    """One row of the second table."""
    states, cells, margins, seconds, largest = [], [], [], [], []
    for seed in range(RANDOM):
        size, symbols = STATES[seed % len(STATES)], SYMBOLS[seed % len(SYMBOLS)]
        fsm = random_machine(size, symbols, DENSITIES[seed % len(DENSITIES)], seed)
        net, found, took = proof(fsm, WIRINGS[name])
        states.append(size)
        cells.append(net.size)
        margins.append(found.margin)
        seconds.append(took)
        largest.append(weights(net)[1])
    return [
        name,
        f"{len(margins)} of {RANDOM}",
        f"{mean(states):.1f}",
        f"{mean(cells):.1f}",
        f"{max(c / s for c, s in zip(cells, states, strict=True)):.1f}",
        f"{max(largest):g}",
        f"{min(margins):.3f}",
        f"{mean(seconds):.2f}",
    ]


def main() -> int:
    """Print both tables, and write them if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="into docs/cells.md")
    write = parser.parse_args().write
    warnings.simplefilter("ignore", CompileWarning)  # memory is rewritten all the same
    titles = ["grammar", "states", "cell", "cells", "weights", "largest", "margin", "smallest *K*"]
    table = [f"| {' | '.join([*titles, 'noise', 'seconds'])} |", "|---|---:|---|" + "---:|" * 7]
    for grammar in rl.grammar_names():
        rows = (row(rl.load_grammar(grammar), name) for name in WIRINGS | MEMORIES)
        table += [f"| {' | '.join(cells)} |" for cells in rows if cells is not None]
    put("cells", table, write, page="cells.md")
    titles = ["cell", "proved", "states", "cells", "most cells a state", "largest", "least margin"]
    table = [f"| {' | '.join([*titles, 'seconds'])} |", "|---|" + "---:|" * 7]
    table += [f"| {' | '.join(of_random(name))} |" for name in WIRINGS]
    put("random", table, write, page="cells.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
