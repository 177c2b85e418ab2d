"""Draw docs/pictures/boxes.svg: the invariant of a trained net around its trajectories.

    python scripts/figure_boxes.py --net FILE.safetensors [--out FILE]

Every dot is the memory of the net after a prefix of a sampled word; every rectangle is a box of the
certificate, seen from the side of two cells: where the memory is after *any* word that leads to the
node of that colour and ends with the symbol written next to it. Cells are drawn in pairs.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

import reberlstm as rl
from reberlstm.certificates import Box, Proof
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "boxes.svg"

WORDS, SEED = 300, 20
PANELS = 2

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999")
"""Okabe and Ito's palette, which colour-blind readers can tell apart."""


def trajectories(net: Net, fsm: FSM) -> dict[str, Floats]:
    """The memories after prefixes of sampled words, by the node that they lead to."""
    found: dict[str, list[Floats]] = {}
    for word in fsm.sample(WORDS, seed=SEED):
        for step in rl.trace(net, word, grammar=fsm).steps:
            if step.state is not None and fsm.legal(step.state):
                found.setdefault(step.state, []).append(step.memory)
    return {node: np.array(points) for node, points in found.items()}


def draw(net: Net, fsm: FSM, out: Path) -> None:
    """Prove, simulate and draw."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update({"svg.hashsalt": "boxes", "svg.fonttype": "path", "font.size": 9})
    from matplotlib import pyplot as plt
    from matplotlib.lines import Line2D

    certificate = rl.certify(net, fsm, scope="legal")
    if not isinstance(certificate, Proof):
        raise SystemExit(f"error: {net.name!r} is not proved, so there are no boxes to draw")
    points = trajectories(net, fsm)
    nodes = [node for node in fsm.states if node in points]
    colour = dict(zip(nodes, COLOURS * len(nodes), strict=False))
    pairs = list(islice(((k, k + 1) for k in range(0, net.size - 1, 2)), PANELS))
    figure, axes = plt.subplots(
        1, len(pairs), figsize=(4.6 * len(pairs), 3.8), layout="constrained", squeeze=False
    )
    for panel, (x, y) in zip(axes[0], pairs, strict=True):
        for node in nodes:
            panel.plot(points[node][:, x], points[node][:, y], ".", color=colour[node], ms=3)
        for box in certificate.boxes:
            if box.state in colour:
                _draw_box(panel, box, x, y, colour[box.state])
        panel.set(xlabel=f"memory of cell {net.cells[x]}", ylabel=f"memory of cell {net.cells[y]}")
    handles = [Line2D([], [], color=colour[node], label=f"node {node}") for node in nodes]
    figure.legend(handles=handles, loc="outside right center", frameon=False)
    figure.suptitle(
        f"{len(certificate.boxes) - 1} boxes that {net.size} trained cells never leave, "
        f"margin {certificate.margin:.2f}"
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, metadata={"Date": None} if out.suffix == ".svg" else None)
    plt.close(figure)


def _draw_box(panel: Any, box: Box, x: int, y: int, colour: str) -> None:
    from matplotlib.patches import Rectangle

    (left, right), (low, high) = box.c[x], box.c[y]
    if not np.isfinite([left, right, low, high]).all():
        return
    panel.add_patch(
        Rectangle(
            (left, low), right - left, high - low, facecolor=f"{colour}22", edgecolor=colour, lw=0.8
        )
    )
    panel.annotate("".join(box.last), (right, high), color=colour, fontsize=8)


def main() -> None:
    """Draw the figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--net", required=True, help="the trained net, a .safetensors file")
    parser.add_argument("--grammar", default="reber", help="what it was trained on")
    parser.add_argument("--out", type=Path, default=PICTURE, help="the file to write")
    options = parser.parse_args()
    draw(rl.load(options.net), rl.load_grammar(options.grammar), options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
