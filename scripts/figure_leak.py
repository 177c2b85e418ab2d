"""Draw docs/pictures/leak.svg: why keeping a memory leaks, and rewriting it does not.

    python scripts/figure_leak.py [--out FILE]

Left: node 1 of the compiled Reber net while its loop on S goes round and round, once as compiled
(rewritten at every step), and with the loop held by the forget gate instead, at three gains. Right:
the published net in the same loop. All curves are simulated.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import reberlstm as rl
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import LSTMWeights

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "leak.svg"

GAINS = (5.0, 8.0, 10.0)
"""What the keeping nets are made with; the rewriting one has the smallest of them."""

ROUNDS = 30_000
PUBLISHED_ROUNDS = 40

COLOURS = ("#d55e00", "#e69f00", "#cc79a7", "#0072b2")
"""Okabe and Ito's palette, which colour-blind readers can tell apart."""


def keeping(gain: float) -> LSTMWeights:
    """The compiled Reber net with node 1's loop on S held by the forget gate.

    The writer no longer rings on S; instead the eraser opens on S: −½ unit, and +1 unit on S.
    """
    net = rl.compile(rl.load_grammar("reber"), gain=gain)
    cell, symbol = net.cells.index("1"), net.alphabet.index("S")
    weight_ih = net.weight_ih.copy()
    weight_ih[net.rows("candidate").start + cell, symbol] = 0.0
    weight_ih[net.rows("forget").start + cell, symbol] = 2.0 * gain
    changed: LSTMWeights = net.replace(weight_ih=weight_ih)
    return changed


def height(net: LSTMWeights, rounds: int = ROUNDS) -> Floats:
    """What the gates read of node 1 after ``B T S…S``, for 0, 1, …, `rounds` S."""
    return _loop(net, rounds)[0][:, net.cells.index("1")]


def published_loop(rounds: int = PUBLISHED_ROUNDS) -> dict[str, Floats]:
    """The published net after ``B T S…S``: its memories 1 and 3, and its readers of S and E."""
    net = rl.published()
    memory, reader = _loop(net, rounds)
    return {
        "memory 1": memory[:, 1],
        "memory 3": memory[:, 3],
        "reader S": reader[:, net.alphabet.index("S")],
        "reader E": reader[:, net.alphabet.index("E")],
    }


def _loop(net: LSTMWeights, rounds: int) -> tuple[Floats, Floats]:
    states = [net.start()]
    for symbol in "BT" + "S" * rounds:
        states.append(net.step(states[-1], np.array([net.alphabet.index(symbol)])))
    after = np.concatenate(states[2:])
    return net.hidden(after), net.values("legal", after)


def draw(out: Path) -> None:
    """Simulate and draw both panels."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update({"svg.hashsalt": "leak", "svg.fonttype": "path", "font.size": 9})
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.4), layout="constrained")
    _draw_compiled(left)
    _draw_published(right)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, metadata={"Date": None})
    plt.close(figure)


def _draw_compiled(axes: Any) -> None:
    rounds = np.unique(np.geomspace(1, ROUNDS, 200).astype(int))
    for gain, colour in zip(GAINS, COLOURS, strict=False):
        axes.plot(rounds, height(keeping(gain))[rounds], color=colour, label=f"kept, K = {gain:g}")
    net = rl.compile(rl.load_grammar("reber"), gain=GAINS[0])
    axes.plot(rounds, height(net)[rounds], color=COLOURS[3], label=f"rewritten, K = {GAINS[0]:g}")
    axes.axhline(net.height / 2.0, color="grey", linewidth=0.8, linestyle=":")
    axes.text(0.8, net.height / 2.0 + 0.015, "S and X offered above", color="grey")
    axes.set(
        xscale="log",
        ylim=(0.0, 0.85),
        xlabel="rounds of the loop on S",
        ylabel="$h$ of node 1",
        title="Compiled net: node 1 in its loop",
    )
    axes.legend(loc="lower left", frameon=False)


def _draw_published(axes: Any) -> None:
    curves = published_loop()
    axes.plot(curves["memory 1"], color=COLOURS[3], label="memory 1 (kept)")
    axes.plot(curves["memory 3"], color=COLOURS[0], label="memory 3 (should stay 0)")
    wrong = int(np.argmax(curves["reader E"] > 0.5))
    axes.axvline(wrong, color="grey", linewidth=0.8, linestyle=":")
    axes.text(wrong + 0.5, 0.1, f"E is offered from round {wrong} on", color="grey")
    axes.set(
        ylim=(0.0, 2.5),
        xlabel="rounds of the loop on S",
        ylabel="memory",
        title="Published net in the same loop",
    )
    axes.legend(loc="upper left", frameon=False)


def main() -> None:
    """Draw the figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=PICTURE, help="the file to write")
    out = parser.parse_args().out
    draw(out)
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
