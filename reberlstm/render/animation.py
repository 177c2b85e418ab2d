"""A run as a moving picture for slides and pages: a frame per symbol."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import FormatError, GrammarError
from reberlstm.extras import require
from reberlstm.figures import INK, QUIET, WRONG
from reberlstm.files import write_atomically
from reberlstm.render import gate_titles
from reberlstm.render.layout import HEIGHT, Layout, edge_text, lay_out
from reberlstm.render.plots import draw_fields
from reberlstm.render.trace import answer, net_name
from reberlstm.simulator import Trace, TraceStep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = {".gif": "GIF", ".webp": "WEBP"}

MAX_FRAMES = 120
MAX_CELLS = 40
"""A longer string or a larger net makes a file too large, or a picture too small, to be of use."""

WIDTH, DPI = 9.6, 100
LIT, STRONG = "#ffe9a8", "#0b5fa5"
WINDOW = 26
"""So many symbols of the string are shown at a time."""


def save_animation(trace: Trace, path: str | Path, *, seconds: float = 0.9) -> None:
    """Write a run as an animated GIF or WebP that repeats for ever.

    Args:
        trace: The run, with a grammar if the graph is to be drawn.
        path: A file with the suffix ``.gif`` or ``.webp``.
        seconds: How long each symbol is shown; the last one is shown three times as long.

    Raises:
        FormatError: for another suffix, or a file that cannot be written.
        GrammarError: for the empty string, one of over `MAX_FRAMES` symbols, or a net of over
            `MAX_CELLS` cells.
        MissingExtraError: where matplotlib or Pillow is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise FormatError(f"{path}: animations are {' or '.join(FORMATS)} files; use such a suffix")
    if not trace.steps:
        raise GrammarError("the empty string has no step to show; give at least one symbol")
    if len(trace.steps) > MAX_FRAMES or trace.net.size > MAX_CELLS:
        raise GrammarError(
            f"{len(trace.steps)} symbols and {trace.net.size} cells are too many for an "
            f"animation (at most {MAX_FRAMES} and {MAX_CELLS}); give a shorter string, or use "
            "`reberlstm explore`"
        )
    image = require("PIL.Image", extra="plots", purpose="writing an animation")
    pictures = [image.fromarray(pixels, "RGB") for pixels in frames(trace)]
    shown = [int(1000 * seconds)] * (len(pictures) - 1) + [int(3000 * seconds)]
    content = io.BytesIO()
    options: dict[str, Any] = {"lossless": True} if suffix == ".webp" else {}
    if suffix == ".gif":
        palette = _with_white(pictures[-1].quantize(colors=256))
        pictures = [picture.quantize(palette=palette, dither=0) for picture in pictures]
    options |= {"save_all": True, "append_images": pictures[1:], "duration": shown, "loop": 0}
    pictures[0].save(content, FORMATS[suffix], **options)
    write_atomically(Path(path), content.getvalue())


def _with_white(picture: Any) -> Any:
    """The picture with a palette in which paper is white, not nearly so."""
    palette = picture.getpalette()
    for begin in range(0, len(palette), 3):
        if min(palette[begin : begin + 3]) >= 250:
            palette[begin : begin + 3] = [255, 255, 255]
    picture.putpalette(palette)
    return picture


def frames(trace: Trace) -> Iterator[NDArray[np.uint8]]:
    """The pixels for every symbol, shape (height, width, 3), all of one size."""
    require("matplotlib", extra="plots", purpose="drawing an animation")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    layout = lay_out(trace.grammar) if trace.grammar is not None else None
    for step in trace.steps:
        canvas: Any = FigureCanvasAgg(frame(trace, step, layout))
        canvas.draw()
        yield np.array(canvas.buffer_rgba())[..., :3]


def frame(trace: Trace, step: TraceStep, layout: Layout | None) -> Figure:
    """The picture of one step; its layout, and so its size, is the same for all steps."""
    from matplotlib.figure import Figure

    height = max(3.6, 1.9 + 0.27 * trace.net.size)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    begin = max(0, min(step.t - 1 - WINDOW // 2, len(trace.steps) - WINDOW))
    for place, other in enumerate(trace.steps[begin : begin + WINDOW]):
        _draw_symbol(figure, place, other, here=other is step, nodes=trace.grammar is not None)
    said, bad = said_of(trace, step), step.right is False or step.ok is False
    said = "   ".join([said, *(f"{name} = {value}" for name, value in step.counts.items())])
    figure.text(0.012, 0.785, said, fontsize=13, va="center", color=WRONG if bad else INK)
    if trace.grammar is not None and layout is not None:
        axis = figure.add_axes((0.01, 0.06, 0.52, 0.68))
        _draw_graph(axis, layout, step, trace.grammar.ends)
    if trace.grammar is not None and step.state is None:
        lost = "✗ no node: a violation of the grammar"
        figure.text(0.27, 0.03, lost, fontsize=12, color=WRONG, ha="center")
    _draw_gates(figure.add_axes((0.62, 0.13, 0.37, 0.55)), trace, step)
    return figure


def said_of(trace: Trace, step: TraceStep) -> str:
    """What the net says after a step, and whether that is right."""
    said = f"{net_name(trace)} {answer(step)}"
    if step.right is False:
        said += "  ✗ wrong"
    elif not step.judged:
        said += "  (not judged)"
    return said + ("" if step.ok is not False else f"; it had not offered {step.symbol}")


def _draw_symbol(figure: Figure, place: int, step: TraceStep, *, here: bool, nodes: bool) -> None:
    box: dict[str, Any] = {"boxstyle": "round,pad=0.25", "facecolor": LIT if here else "white"}
    box |= {"edgecolor": STRONG if here else "#d4d8dc", "linewidth": 2.0 if here else 1.0}
    style: dict[str, Any] = {"fontsize": 15 if len(step.symbol) < 3 else 9, "bbox": box}
    style |= {"fontfamily": "monospace", "fontweight": "bold" if here else "normal"}
    style |= {"color": WRONG if nodes and step.state is None else INK, "ha": "center"}
    figure.text(0.025 + 0.0365 * place, 0.91, step.symbol, va="center", **style)


def _draw_graph(axis: Axes, layout: Layout, step: TraceStep, accepting: Collection[str]) -> None:
    """The graph, with the active node and the crossed edge lit."""
    from matplotlib.patches import Ellipse, FancyArrowPatch, PathPatch
    from matplotlib.path import Path as Curve

    axis.set_xlim(-10, layout.width + 10)
    axis.set_ylim(layout.height + 12, -12)
    axis.set_aspect("equal")
    axis.axis("off")
    middle: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 10}
    for edge in layout.edges:
        lit = edge.source is not None and (edge.source, edge.target) == (step.source, step.state)
        colour, weight = STRONG if lit else QUIET, "bold" if lit else "normal"
        codes = [Curve.MOVETO, *[Curve.CURVE4] * (len(edge.path) - 1)]
        curve, width = Curve(list(edge.path), codes), 3.0 if lit else 1.0
        axis.add_patch(PathPatch(curve, facecolor="none", edgecolor=colour, linewidth=width))
        head: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 12, "shrinkA": 0}
        ends = (edge.path[-1], edge.tip)
        axis.add_patch(FancyArrowPatch(*ends, **head, shrinkB=0, zorder=2, color=colour))
        if edge.label is not None:
            ink = STRONG if lit else INK
            text = edge_text(edge.symbols)
            axis.text(*edge.label, text, **middle, zorder=6, color=ink, fontweight=weight)
    for name, (x, y, size) in layout.nodes.items():
        lit = name == step.state
        style: dict[str, Any] = {"facecolor": LIT, "edgecolor": STRONG, "linewidth": 3.0}
        if not lit:
            style = {"facecolor": "white", "edgecolor": QUIET, "linewidth": 1.0}
        axis.add_patch(Ellipse((x, y), size, HEIGHT, zorder=3, **style))
        if name in accepting:
            inner = Ellipse((x, y), size - 7, HEIGHT - 7, fill=False, color=QUIET, zorder=4)
            axis.add_patch(inner)
        axis.text(x, y, name, **middle, zorder=5, fontweight="bold" if lit else "normal")


def _draw_gates(axis: Axes, trace: Trace, step: TraceStep) -> None:
    """Every cell's gates and memory as fields with numbers."""
    names = gate_titles(step.gates)
    values = np.array([*(step.gates[gate] for gate in names), step.memory]).T
    draw_fields(axis, values, size=8)
    axis.set_xticks(np.arange(values.shape[1] + 1) - 0.5, minor=True)
    titles = [*(title.replace(" gate", "") for title in names.values()), "memory"]
    lines = [(title if " " in title else f"{title} ").replace(" ", "\n") for title in titles]
    axis.xaxis.tick_top()
    axis.tick_params(which="both", length=0)
    axis.set_xticks(range(len(lines)), lines, fontsize=8.5)
    axis.set_yticks(range(trace.net.size), trace.net.cells, fontsize=8.5)
