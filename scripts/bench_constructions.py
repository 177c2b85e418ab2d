"""Constructions of an LSTM from a state machine, side by side, each one proved."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from signed_cells import find_code

from reberlstm import FSM, LSTMWeights, compile, grammar_names, load_grammar
from reberlstm.certificates import certify, minimal_gain
from reberlstm.compiler import default_gain
from reberlstm.net.height import ACTIVE

INTRODUCTION = """\
# Constructions side by side

Several ways to make an LSTM from a machine, compared.
`python scripts/bench_constructions.py --out docs/constructions.md` writes it (with scipy). Every
net with a margin was proved right after every word, with or without violations (scope `all`).

- **one cell per state** is what `reberlstm.compile` does.
- **after minimising**: the same for the smallest equivalent machine, if that has fewer states.
- **two states per cell**: one at +tanh 1, one at −tanh 1. The symbol that leads to a state
  decides which; see `scripts/signed_cells.py`. Tried for up to {signed} states, and shown if it
  saves cells.
- **one unit per (state, symbol)** is Minsky's (M. Minsky, *Computation: Finite and Infinite
  Machines*, 1967, section 3.5). He counts N·(M + 1) units for N states over M symbols: one for
  each pair, and one for each state. An LSTM does not need the latter, since every gate can sum.
  It is built by splitting every state by the pair that leads to it and compiling that machine.
  Every cell then has one symbol and at most one filter.

The columns:

- *weights*: how many weights of the four gates are not 0, biases included.
- *units*: the largest weight in units of 2·K, where K is the gain (the least size of a gate's sum).
  Weights on cells are multiplied by tanh 1 first.
- *largest*: the largest weight at the default gain.
- *smallest K*: the smallest gain that was proved, to 1 %, with one box for each state; for nets of
  at most {gains} cells. Boxes for each state and last symbol prove smaller gains; see
  [certificates](certificates.md#figures).
- *margin*: the least distance of the logits of `legal` and `accept` from 0, at the default gain.
  In an exact net that is 0.381, half of tanh 1.
- *compile s*, *certify s*: processor time of one core, in seconds.

Random machines have {symbols} symbols; their names contain the seed.
"""

GAIN_LIMIT = 150
"""Nets of more cells are proved at the default gain only: finding the smallest takes ten proofs."""

PROOF_LIMIT = 1_300
"""Nets of more cells are only built."""

SIGNED_LIMIT = 30
"""For machines of more states no two states per cell are tried: each cell takes a second or so."""

RANDOM_SIZES = (10, 30, 100, 300, 1_000)
RANDOM_SYMBOLS = 4

Builder = Callable[[float], LSTMWeights]
"""From a gain to a net; 0 stands for the default gain."""


@dataclass(frozen=True)
class Row:
    """One construction of one machine, measured."""

    machine: str
    states: int
    symbols: int
    construction: str
    cells: int
    nonzero: int
    units: float
    largest: float
    gain: float | None
    margin: float | None
    compile_seconds: float
    certify_seconds: float | None

    HEADER = (
        "machine", "states", "symbols", "construction", "cells", "weights", "units", "largest",
        "smallest K", "margin", "compile s", "certify s",
    )  # fmt: skip

    def cells_of_table(self) -> tuple[str, ...]:
        """The columns as text."""
        return (
            self.machine,
            str(self.states),
            str(self.symbols),
            self.construction,
            f"{self.cells:,}",
            f"{self.nonzero:,}",
            f"{self.units:g}",
            f"{self.largest:.0f}",
            "" if self.gain is None else f"{self.gain:.2f}",
            "" if self.margin is None else f"{self.margin:.3f}",
            f"{self.compile_seconds:.3f}",
            "" if self.certify_seconds is None else f"{self.certify_seconds:.2f}",
        )


def random_machine(states: int, symbols: int, density: float, seed: int) -> FSM:
    """A machine in which every state is reachable, and each transition is there with `density`."""
    rng = random.Random(seed)
    names = [str(number) for number in range(states)]
    alphabet = tuple("abcdefghijklmnopqrstuvwxyz"[:symbols])
    table: dict[str, dict[str, str]] = {name: {} for name in names}
    for number in range(1, states):
        # A tree from the start first: each state hangs on an earlier one with a free symbol.
        parent = rng.choice([p for p in names[:number] if len(table[p]) < symbols])
        symbol = rng.choice([a for a in alphabet if a not in table[parent]])
        table[parent][symbol] = names[number]
    for name in names:
        for symbol in alphabet:
            if symbol not in table[name] and rng.random() < density:
                table[name][symbol] = rng.choice(names)
    return FSM(
        alphabet=alphabet,
        start="0",
        accepting=frozenset(name for name in names if rng.random() < 0.5),
        transitions=table,
        name=f"random, {'complete' if density == 1.0 else f'density {density}'}, seed {seed}",
    )


def machine_of_pairs(fsm: FSM) -> FSM:
    """The same language with a state for every (state, symbol) that a word can come through."""
    transitions: dict[str, dict[str, str]] = {}

    def name(state: str, symbol: str) -> str:
        return f"{state} on {symbol}"

    target = {name(q, a): t for q in fsm.reachable for a, t in fsm.transitions[q].items()}
    for pair, state in {"start": fsm.start, **target}.items():
        transitions[pair] = {a: name(state, a) for a in fsm.transitions[state]}
    accepting = {pair for pair, state in target.items() if state in fsm.accepting}
    if fsm.start in fsm.accepting:
        accepting.add("start")
    return FSM(
        alphabet=fsm.alphabet,
        start="start",
        accepting=frozenset(accepting),
        transitions=transitions,
        name=fsm.name,
    )


def constructions(fsm: FSM) -> Iterator[tuple[str, FSM, Callable[[], Builder | None]]]:
    """Each construction: its name, the machine that it follows, and what makes its builder."""

    def compiled(machine: FSM) -> Builder:
        return lambda gain: compile(machine, gain=gain or None)

    def signed() -> Builder | None:
        code = find_code(fsm)
        if code is None or code.cells >= compile(fsm).size:
            return None
        return lambda gain: code.weights(gain or default_gain(code.cells))

    minimal, pairs = fsm.minimise(), machine_of_pairs(fsm)
    yield "one cell per state", fsm, lambda: compiled(fsm)
    if len(minimal.states) < len(fsm.reachable):
        yield "after minimising", minimal, lambda: compiled(minimal)
    if len(fsm.reachable) <= SIGNED_LIMIT:
        yield "two states per cell", fsm, signed
    yield "one unit per (state, symbol)", pairs, lambda: compiled(pairs)


def gate_arrays(net: LSTMWeights) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The weights on symbols, on cells, and the biases."""
    return net.weight_ih, net.weight_hh, net.bias


def largest_in_units(net: LSTMWeights) -> float:
    """The largest weight in units of 2·K, with recurrent weights at what an active cell adds."""
    assert net.gain is not None, "compiled nets have a gain"
    on_symbols, on_cells, bias = (float(np.abs(array).max()) for array in gate_arrays(net))
    return round(max(on_symbols, on_cells * ACTIVE, bias) / (2.0 * net.gain), 6)


def measure(
    fsm: FSM, construction: str, machine: FSM, prepare: Callable[[], Builder | None]
) -> Row | None:
    """Build and prove one construction; None where it has nothing to offer."""
    assert fsm.difference(machine) is None, "the construction must not change the language"
    assert fsm.difference(machine, by="legal") is None, "nor what may come next"
    began = time.process_time()
    build = prepare()
    if build is None:
        return None
    net = build(0.0)
    compiled = time.process_time()
    gain = margin = proved = None
    heads = ("legal", "accept")
    if net.size <= PROOF_LIMIT:
        certificate = certify(net, machine, scope="all", heads=heads, seconds=300.0)
        proved = time.process_time()
        assert certificate.holds, f"{fsm}, {construction}: not proved: {certificate}"
        margin = certificate.margin
    if net.size <= GAIN_LIMIT:
        least = minimal_gain(build, upper=20.0, tolerance=0.01, heads=heads, max_k=0)
        gain = least.gain if least.holds else None
    return Row(
        machine=str(fsm),
        states=len(fsm.states),
        symbols=len(fsm.alphabet),
        construction=construction,
        cells=net.size,
        nonzero=sum(int(np.count_nonzero(array)) for array in gate_arrays(net)),
        units=largest_in_units(net),
        largest=max(float(np.abs(array).max()) for array in gate_arrays(net)),
        gain=gain,
        margin=margin,
        compile_seconds=compiled - began,
        certify_seconds=None if proved is None else proved - compiled,
    )


def machines(most: int) -> Iterator[FSM]:
    """The shipped grammars, then random machines of up to `most` states."""
    for name in grammar_names():
        yield load_grammar(name)
    for size in RANDOM_SIZES:
        for density in (0.5, 1.0):
            if size <= most:
                yield random_machine(size, RANDOM_SYMBOLS, density, seed=size)


def main() -> int:
    """Print the table row by row, and write it where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, help="a Markdown file to write")
    parser.add_argument("--most", type=int, default=1_000, help="the largest random machine")
    arguments = parser.parse_args()
    lines = [f"| {' | '.join(Row.HEADER)} |", f"|{'---|' * len(Row.HEADER)}"]
    print(*lines, sep="\n")
    for fsm in machines(arguments.most):
        for construction, machine, prepare in constructions(fsm):
            row = measure(fsm, construction, machine, prepare)
            if row is not None:
                lines.append(f"| {' | '.join(row.cells_of_table())} |")
                print(lines[-1], flush=True)
    if arguments.out is not None:
        introduction = INTRODUCTION.format(
            signed=SIGNED_LIMIT, gains=GAIN_LIMIT, symbols=RANDOM_SYMBOLS
        )
        text = introduction + "\n" + "\n".join(lines) + "\n"
        arguments.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
