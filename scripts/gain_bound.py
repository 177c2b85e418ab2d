"""The gain that is enough on paper, for every shipped grammar: theorem 3 of docs/theory.md.

    python scripts/gain_bound.py [--prove]

For each grammar: cells, the largest sum of sizes of one filter's weights on cells (in units), the
gain that theorem 3 asks for, the deviation from the vertices that it then allows, and the largest
deviation seen on random words at that gain. With --prove also the smallest gain that `certify`
proves, which is smaller still. Exit status 1 where a word deviates by more than the theorem allows.
"""

from __future__ import annotations

import argparse
import math
import sys

import numpy as np

import reberlstm as rl
from reberlstm.machine.fsm import FSM
from reberlstm.net.height import ACTIVE
from reberlstm.net.net import LSTMWeights

WORDS, LENGTH, SEED = 50, 100, 20


def weight_sum(net: LSTMWeights) -> float:
    """``w``: the largest sum of sizes of the weights on cells of one filter, in units."""
    assert net.gain is not None
    sums = (np.abs(net.weight_hh[net.rows(gate)]).sum(axis=1) for gate in ("input", "output"))
    return ACTIVE / (2.0 * net.gain) * max(float(rows.max()) for rows in sums)


def head_sum(net: LSTMWeights) -> float:
    """``W``: the largest sum of sizes of a row of the legal and accept heads."""
    heads = (net.heads[name].weight for name in ("legal", "accept"))
    return max(float(np.abs(weight).sum(axis=1).max()) for weight in heads)


def sufficient_gain(net: LSTMWeights) -> float:
    """The smallest ``K`` of the theorem, also large enough for the heads.

    That is 2, or ``1 + ln(6·K·w / tanh 1)``, or ``1 + ln(6·W / tanh 1)``, whichever is largest.
    """
    w = weight_sum(net)
    gain = 2.0
    for _ in range(200):  # the right side grows like ln K, so this converges from below
        gain = max(2.0, 1.0 + math.log(6.0 * gain * w / ACTIVE)) if w else 2.0
    return max(gain, 1.0 + math.log(6.0 * max(head_sum(net), 1.0) / ACTIVE)) + 1e-9


def allowed(gain: float) -> float:
    """How far from its vertex any ``h`` can be: ``3·exp(1 − K)``."""
    return 3.0 * math.exp(1.0 - gain)


def deviation(fsm: FSM, gain: float) -> float:
    """The largest distance of any ``h`` from its vertex on random words, violations and all."""
    net = rl.compile(fsm, gain=gain)
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
        worst = max(worst, float(np.abs(h - ACTIVE * np.round(h / ACTIVE)).max()))
    return worst


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--prove", action="store_true", help="also find the smallest proved gain")
    prove = parser.parse_args().prove
    title = f"{'grammar':26} cells     w  K on paper  allowed    seen"
    print(title + ("  K proved" if prove else ""))
    worst = 0.0
    for name in rl.grammar_names():
        fsm = rl.load_grammar(name)
        net = rl.compile(fsm)
        gain = sufficient_gain(net)
        seen = deviation(fsm, gain)
        worst = max(worst, seen / allowed(gain))
        line = (
            f"{name:26} {net.size:5} {weight_sum(net):5.1f}  {gain:10.2f}  "
            f"{allowed(gain):.4f}  {seen:.4f}"
        )
        if prove:
            line += f"  {_proved(fsm):8.2f}"
        print(line, flush=True)
    return int(worst > 1.0)


def _proved(fsm: FSM) -> float:
    from reberlstm.certificates import minimal_gain

    certificate = minimal_gain(lambda gain: rl.compile(fsm, gain=gain), upper=20.0, tolerance=0.01)
    return certificate.gain if certificate.holds and certificate.gain is not None else math.nan


if __name__ == "__main__":
    sys.exit(main())
