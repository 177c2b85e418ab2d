"""Draw docs/pictures/two-cells.svg: all that a net of two cells does, in one plane.

    python scripts/figure_two_cells.py [--net FILE.safetensors] [--out FILE]

The axes are what the two cells show. Dots are prefixes of sampled words, coloured by node;
rectangles are the boxes of the certificate, which no word ever leaves, with the last symbols read
written next to them. A symbol is offered on the side of its line on which its name stands.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from figure_boxes import COLOURS

import reberlstm as rl
from reberlstm.certificates import Proof
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells.cell import Floats
from reberlstm.net.loading import FOLDER
from reberlstm.net.net import Net

NET = FOLDER / "reber-2.safetensors"
PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "two-cells.svg"
WORDS, SEED = 300, 20
EDGE = 1.12
FROM_EDGE = 12
"""So many hundredths of a unit along a line its name stands from the edge."""
SAME = 0.05
"""Lines that are nearer than this are drawn as one."""


def visited(net: Net, fsm: FSM) -> dict[str, Floats]:
    """What the cells show after prefixes of sampled words, by the node that they lead to."""
    found: dict[str, list[Floats]] = {}
    for word in fsm.sample(WORDS, seed=SEED):
        for step in rl.trace(net, word, grammar=fsm).steps:
            if step.state is not None and fsm.legal(step.state):
                found.setdefault(step.state, []).append(step.hidden)
    return {node: np.array(points) for node, points in found.items()}


def draw(net: Net, fsm: FSM, out: Path) -> None:
    """Prove, simulate and draw."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update({"svg.hashsalt": "two-cells", "svg.fonttype": "path", "font.size": 9})
    from matplotlib import pyplot as plt
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    certificate = rl.certify(net, fsm, scope="legal")
    if not isinstance(certificate, Proof) or net.size != 2:
        raise SystemExit(f"error: {net.name!r} is not a proved net of two cells")
    points = visited(net, fsm)
    nodes = [node for node in fsm.states if node in points]
    colour = dict(zip(nodes, COLOURS * len(nodes), strict=False))
    figure, axes = plt.subplots(figsize=(6.6, 5.2), layout="constrained")
    for name, (normal, distance) in lines(net).items():
        draw_line(axes, name, normal, distance)
    for node in nodes:
        axes.plot(*points[node].T, ".", color=colour[node], ms=4, zorder=3)
    for box in certificate.boxes:
        if box.state not in colour:
            continue
        (left, right), (low, high) = box.h
        shade = colour[box.state]
        axes.add_patch(
            Rectangle((left, low), right - left, high - low, fc=f"{shade}22", ec=shade, lw=0.8)
        )
        axes.annotate(
            "".join(box.last), ((left + right) / 2, high), (0, 2), textcoords="offset points",
            color=shade, fontsize=8, ha="center", va="bottom", zorder=4,
        )  # fmt: skip
    axes.set(
        xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), xlabel=f"cell {net.cells[0]}",
        ylabel=f"cell {net.cells[1]}", aspect="equal",
        title=f"Reber's grammar in two cells, proved with margin {certificate.margin:.2f}",
    )  # fmt: skip
    handles = [
        Line2D([], [], color=colour[node], marker=".", ls="", label=label(fsm, node))
        for node in nodes
    ]
    figure.legend(handles=handles, loc="outside right center", frameon=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"Date": None} if out.suffix == ".svg" else None
    figure.savefig(out, metadata=metadata, dpi=110, bbox_inches="tight")
    plt.close(figure)


def label(fsm: FSM, node: str) -> str:
    """A node and what may follow."""
    return f"node {node}: {' '.join(sorted(fsm.legal(node), key=fsm.alphabet.index))}"


def lines(net: Net) -> dict[str, tuple[Floats, float]]:
    """Where each symbol's readout is 0, as normal and distance; those that coincide, once."""
    found: dict[str, tuple[Floats, float]] = {}
    head = net.heads["legal"]
    for symbol, weight, bias in zip(net.alphabet, head.weight, head.bias, strict=True):
        length = float(np.hypot(*weight))
        name, line = symbol, np.array([*weight / length, bias / length])
        for others, (normal, distance) in found.items():
            if np.allclose(line, [*normal, distance], atol=SAME):
                del found[others]
                name = f"{others} {symbol}"
                break
        found[name] = line[:2], float(line[2])
    return found


def draw_line(axes: Any, name: str, normal: Floats, distance: float) -> None:
    """A line, and at its ends the name on the side where it is offered."""
    along = np.array([-normal[1], normal[0]])
    line = np.array([-distance * normal + t * along for t in np.linspace(-3.0, 3.0, 601)])
    seen = line[(abs(line) <= EDGE).all(axis=1)]
    if len(seen) < 4 * FROM_EDGE:
        return
    axes.plot(*seen.T, color="#999999", lw=0.7, zorder=1)
    for place in (seen[FROM_EDGE], seen[-FROM_EDGE]):
        axes.annotate(
            name, place + 0.06 * normal, ha="center", va="center", color="#555555",
            fontsize=9, fontweight="bold", zorder=2,
        )  # fmt: skip


def main() -> None:
    """Draw the figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--net", type=Path, default=NET)
    parser.add_argument("--grammar", default="reber", help="what it was trained on")
    parser.add_argument("--out", type=Path, default=PICTURE, help="the file to write")
    options = parser.parse_args()
    draw(rl.load(options.net), rl.load_grammar(options.grammar), options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
