"""Pictures of an extraction: memories on a plane, and cells by state (extra ``plots``)."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from reberlstm.errors import FormatError
from reberlstm.extraction.subject import RecurrentNet, Subject
from reberlstm.extras import require
from reberlstm.files import write_atomically
from reberlstm.fsm import FSM
from reberlstm.weights import LSTMWeights

# Okabe and Ito's palette, which the colour-blind can tell apart (jfly.uni-koeln.de/color).
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
MARKERS = "osD^vP*X"


def trajectories(
    net: RecurrentNet | LSTMWeights, fsm: FSM, *, words: int = 40, length: int = 30, seed: int = 0
) -> Any:
    """A matplotlib figure: visited memories in their two main directions, coloured by state.

    Args:
        net: The net.
        fsm: The extracted machine, whose states colour the memories.
        words: Random words of the machine.
        length: Their length, at most.
        seed: The seed of the words.
    """
    memories, states, edges = _walk(net, fsm, words, length, seed)
    names = list(fsm.states)
    plane, how = _plane(memories, states, np.random.default_rng(seed))
    figure, axes = _figure(7.0, 5.5)
    means = {}
    for number, name in enumerate(names):
        rows = states == number
        if rows.any():
            means[number] = plane[rows].mean(axis=0)
            colour, marker = COLOURS[number % 8], MARKERS[number // 8 % 8]
            axes.scatter(*plane[rows].T, s=22, color=colour, marker=marker, label=name, zorder=3)
    for (source, target), symbols in sorted(edges.items()):
        loop = source == target
        _arrow(axes, means[source], means[target], ", ".join(symbols), loop=loop)
    axes.set_xlabel(how)
    axes.set_title(f"memories of the net by state of: {fsm}")
    axes.margins(0.12)
    axes.legend(title="state", loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def cells_by_state(
    net: RecurrentNet | LSTMWeights, fsm: FSM, *, words: int = 100, length: int = 50, seed: int = 0
) -> Any:
    """A matplotlib figure: the mean of every part of the memory in every state."""
    memories, states, _ = _walk(net, fsm, words, length, seed)
    found = [number for number in range(len(fsm.states)) if (states == number).any()]
    means = np.array([memories[states == number].mean(axis=0) for number in found])
    if isinstance(net, LSTMWeights):
        names = [f"c {cell}" for cell in net.cells]
        means = means[:, -net.size :]
    else:
        names = [str(number) for number in range(means.shape[1])]
    figure, axes = _figure(2.0 + 0.35 * len(names), 1.6 + 0.3 * len(found))
    most = float(np.abs(means).max()) or 1.0
    image = axes.imshow(means, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto")
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(found)), [fsm.states[number] for number in found])
    axes.set_ylabel("state")
    axes.set_title("mean memory by state")
    figure.colorbar(image, ax=axes)
    return figure


def save(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a figure as SVG or PNG, whole or not at all.

    Raises:
        FormatError: for another suffix, or a file that cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".svg", ".png"):
        raise FormatError(f"{os.fspath(path)}: pictures are written as .svg or .png")
    buffer = io.BytesIO()
    figure.savefig(buffer, format=suffix[1:], bbox_inches="tight", dpi=150)
    write_atomically(Path(path), buffer.getvalue())


APART = 0.08
"""Two states nearer than this share of the picture would be taken for one."""

TRIED = 500


def _plane(memories: Any, states: Any, rng: np.random.Generator) -> tuple[Any, str]:
    """The memories in two directions, shape (N, 2), and which ones these are.

    The main ones, unless states lie on top of each other there, as the vertices of a simplex do:
    then, of many planes through the states, the one that keeps them farthest apart.
    """
    centred = memories - memories.mean(axis=0)
    means = np.array([centred[states == state].mean(axis=0) for state in np.unique(states)])
    whole = max(float((centred**2).sum()), 1e-300)

    def shown(basis: Any) -> tuple[float, str]:
        points = means @ basis
        distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
        distances[np.diag_indices(len(points))] = np.inf
        extent = max(float(np.ptp(points, axis=0).max()), 1e-300)
        share = float(((centred @ basis) ** 2).sum()) / whole
        return float(distances.min()) / extent, f"{share:.0%} of the variance"

    def padded(directions: Any) -> Any:
        basis = np.zeros((memories.shape[1], 2))
        basis[:, : len(directions)] = directions.T
        return basis

    main = padded(np.linalg.svd(centred, full_matrices=False)[2][:2])
    apart, share = shown(main)
    if apart >= APART or len(means) < 3:
        return centred @ main, f"two main directions, {share}"
    _, sizes, span = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    span = span[sizes > 1e-9 * max(float(sizes[0]), 1e-300)]
    best = main
    for _ in range(TRIED if len(span) > 2 else 0):
        turned = np.linalg.qr(rng.normal(size=(len(span), 2)))[0]
        basis = span.T @ turned
        value, text = shown(basis)
        if value > apart:
            best, apart, share = basis, value, text
    return centred @ best, f"plane on which states lie apart, {share}"


def _walk(
    net: RecurrentNet | LSTMWeights, fsm: FSM, words: int, length: int, seed: int
) -> tuple[Any, Any, dict[tuple[int, int], list[str]]]:
    """Memories (N, D), the state of each (N,), and the symbols between each two states."""
    subject = Subject(net)
    rng = np.random.default_rng(seed)
    index = {name: number for number, name in enumerate(fsm.states)}
    memories, states = [subject.initial()], [index[fsm.start]]
    edges: dict[tuple[int, int], list[str]] = {}
    for _ in range(words):
        memory, state = subject.initial()[np.newaxis], fsm.start
        for _ in range(length):
            legal = [symbol for symbol in subject.alphabet if symbol in fsm.legal(state)]
            if not legal:
                break
            symbol = legal[int(rng.integers(len(legal)))]
            memory = subject.step(memory, np.array([subject.alphabet.index(symbol)]))
            source, state = state, fsm.transitions[state][symbol]
            memories.append(memory[0])
            states.append(index[state])
            between = edges.setdefault((index[source], index[state]), [])
            if symbol not in between:
                between.append(symbol)
    return np.array(memories, dtype=np.float64), np.array(states), edges


def _arrow(axes: Any, source: Any, target: Any, label: str, *, loop: bool) -> None:
    if loop:
        axes.annotate(
            f"↻ {label}", source, xytext=(0, 9), textcoords="offset points", ha="center", fontsize=8
        )
        return
    style = {"arrowstyle": "->", "color": "0.45", "connectionstyle": "arc3,rad=0.15"}
    axes.annotate("", target, xytext=source, arrowprops=style, zorder=2)
    # The middle of the arc, not of the chord.
    across = np.array([target[1] - source[1], source[0] - target[0]]) * 0.075
    axes.annotate(label, (source + target) / 2 + across, fontsize=8, ha="center", color="0.2")


def _figure(width: float, height: float) -> tuple[Any, Any]:
    figures = require("matplotlib.figure", extra="plots", purpose="a picture of an extraction")
    figure = figures.Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()
