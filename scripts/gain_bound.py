"""The gain that is enough on paper, for every shipped grammar: theorem 3 of docs/theory.md.

    python scripts/gain_bound.py [--cell gru] [--prove]

For each grammar: cells, the largest sum of sizes of one filter's weights on cells (in units), the
gain that theorem 3 asks for (theorem 5 or 6 for other cells), the deviation from the vertices that
it then allows, and the largest deviation seen on random words at that gain. With --prove also the
smallest gain that `certify` proves, which is smaller still. Exit status 1 where a word deviates by
more than the theorem allows.
"""

from __future__ import annotations

import argparse
import math
import sys

import numpy as np

import reberlstm as rl
from reberlstm.compiler import CELLS
from reberlstm.machine.fsm import FSM
from reberlstm.net.height import ACTIVE
from reberlstm.net.net import Net

WORDS, LENGTH, SEED = 50, 100, 20


def weight_sum(net: Net) -> float:
    """``w``: the largest sum of sizes of the weights on cells of one filter, in units."""
    assert net.gain is not None
    (layer,) = net.layers
    return net.height / (2.0 * net.gain) * float(np.abs(layer.weight_hh).sum(axis=1).max())


def inner_sum(net: Net) -> float:
    """``v``: the largest sum of sizes of what a GRU's reset gate multiplies in a row, in units."""
    assert net.gain is not None
    (layer,) = net.layers
    row = layer.rows("candidate")
    sizes = np.abs(layer.weight_hh[row]).sum(axis=1) + np.abs(layer.bias_hh[row])
    return float(sizes.max()) / (2.0 * net.gain)


def head_sum(net: Net) -> float:
    """``W``: the largest sum of sizes of a row of the legal and accept heads."""
    heads = (net.heads[name].weight for name in ("legal", "accept"))
    return max(float(np.abs(weight).sum(axis=1).max()) for weight in heads)


def sufficient_gain(net: Net) -> float:
    """The smallest ``K`` of the theorem, also large enough for the heads.

    Of an LSTM that is 2, or ``1 + ln(6·K·w / tanh 1)``, or ``1 + ln(6·W / tanh 1)``, whichever is
    largest; docs/theory.md has those of the others.
    """
    w, head, cell = weight_sum(net), max(head_sum(net), 1.0), net.layers[0].cell.name
    v = inner_sum(net) if cell == "gru" else 0.0

    def least(gain: float) -> float:
        length = max(2.0 * gain * w, 1e-9)
        if cell == "lstm":
            return 1.0 + math.log(3.0 * length / ACTIVE)
        if cell == "rnn":
            return 1.0 + 0.5 * math.log(2.0 * length)
        if cell == "gru-before":
            return math.log(5.0 * length)
        return max(math.log(8.0 * length), 0.5 + math.log(max(4.0 * gain * v, 1e-9)))

    gain = 2.0
    for _ in range(200):  # the right side grows like ln K, so this converges from below
        gain = max(2.0, least(gain))
    if cell == "lstm":
        return max(gain, 1.0 + math.log(6.0 * head / ACTIVE)) + 1e-9
    heads = 1.0 + 0.5 * math.log(4.0 * head) if cell == "rnn" else math.log(8.0 * head)
    return max(gain, heads) + 1e-9


def allowed(gain: float, cell: str = "lstm") -> float:
    """How far from its vertex any ``h`` can be: of an LSTM ``3·exp(1 − K)``."""
    if cell == "rnn":
        return 2.0 * math.exp(2.0 - 2.0 * gain)
    return 3.0 * math.exp(1.0 - gain) if cell == "lstm" else 4.0 * math.exp(-gain)


def deviation(fsm: FSM, gain: float, cell: str = "lstm") -> float:
    """The largest distance of any ``h`` from its vertex on random words, violations and all."""
    net = rl.compile(fsm, gain=gain, cell=cell)
    generator = np.random.default_rng(SEED)
    words = generator.integers(len(net.alphabet), size=(WORDS, LENGTH))
    tables = fsm.tables()
    for word in words:
        node = 0
        for t in range(LENGTH):
            # Most symbols are legal ones, so that violations come late as well as early.
            legal = sorted(tables.symbols[node])
            if legal and generator.random() < 0.98:
                word[t] = net.alphabet.index(legal[int(generator.integers(len(legal)))])
            node = tables.table[node][word[t]]
    states, worst = net.start(WORDS), 0.0
    for t in range(LENGTH):
        states = net.step(states, words[:, t])
        h = net.hidden(states)
        vertex = np.sign(h) if cell != "lstm" else ACTIVE * np.round(h / ACTIVE)
        worst = max(worst, float(np.abs(h - vertex).max()))
    return worst


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--prove", action="store_true", help="also find the smallest proved gain")
    parser.add_argument("--cell", choices=CELLS, default="lstm")
    arguments = parser.parse_args()
    prove, cell = arguments.prove, arguments.cell
    title = f"{'grammar':26} cells     w  K on paper  allowed    seen"
    print(title + ("  K proved" if prove else ""))
    worst = 0.0
    for name in rl.grammar_names():
        fsm = rl.load_grammar(name)
        net = rl.compile(fsm, cell=cell)
        gain = sufficient_gain(net)
        seen = deviation(fsm, gain, cell)
        worst = max(worst, seen / allowed(gain, cell))
        line = (
            f"{name:26} {net.size:5} {weight_sum(net):5.1f}  {gain:10.2f}  "
            f"{allowed(gain, cell):.4f}  {seen:.4f}"
        )
        if prove:
            line += f"  {_proved(fsm, cell):8.2f}"
        print(line, flush=True)
    return int(worst > 1.0)


def _proved(fsm: FSM, cell: str) -> float:
    from reberlstm.certificates import minimal_gain

    certificate = minimal_gain(
        lambda gain: rl.compile(fsm, gain=gain, cell=cell), upper=20.0, tolerance=0.01
    )
    return certificate.gain if certificate.holds and certificate.gain is not None else math.nan


if __name__ == "__main__":
    sys.exit(main())
