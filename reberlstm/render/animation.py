"""A run as a moving picture for slides and pages: a frame per symbol."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import FormatError, GrammarError
from reberlstm.extras import require
from reberlstm.figures import INK, QUIET, WRONG, number, signed_colours
from reberlstm.files import write_atomically
from reberlstm.render import GATES
from reberlstm.render.layout import HEIGHT, Edge, Layout, edge_text, lay_out
from reberlstm.render.trace import answer, net_name
from reberlstm.simulator import Trace
from reberlstm.simulator.tracing import TraceStep

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = {".gif": "GIF", ".webp": "WEBP"}

MAX_FRAMES = 120
MAX_CELLS = 40
"""A longer string or a larger net makes a file too large, or a picture too small, to be of use."""

WIDTH, DPI = 9.6, 100
LIT, STRONG = "#ffe9a8", "#0b5fa5"
BOX = {"boxstyle": "round,pad=0.25"}
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
    pictures[0].save(
        content,
        FORMATS[suffix],
        save_all=True,
        append_images=pictures[1:],
        duration=shown,
        loop=0,
        **options,
    )
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
    scene = _Scene(trace)
    for index in range(len(trace.steps)):
        yield scene.at(index)


class _Scene:
    """The picture, drawn once; a step changes only what is different in it."""

    def __init__(self, trace: Trace) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.trace = trace
        gates = [gate for gate in GATES if gate in trace.net.layers[0].cell.gates]
        self.columns = [*gates, "memory"]
        height = max(3.6, 1.9 + 0.27 * trace.net.size)
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
        self.canvas = FigureCanvasAgg(figure)
        self.symbols = [
            figure.text(0.025 + 0.0365 * place, 0.91, "", ha="center", va="center", bbox=dict(BOX))
            for place in range(min(WINDOW, len(trace.steps)))
        ]
        self.answer = figure.text(0.012, 0.785, "", fontsize=13, va="center")
        self.lost = figure.text(0.27, 0.03, "", fontsize=12, color=WRONG, ha="center")
        self.nodes: dict[str, tuple[Any, Any]] = {}
        self.edges: list[tuple[Edge, list[Any]]] = []
        layout = lay_out(trace.grammar) if trace.grammar is not None else None
        if layout is not None:
            self._draw_graph(figure.add_axes((0.01, 0.06, 0.52, 0.68)), layout)
        self._draw_gates(figure.add_axes((0.62, 0.13, 0.37, 0.55)))

    def at(self, index: int) -> NDArray[np.uint8]:
        """The pixels of the step with this index."""
        step = self.trace.steps[index]
        self._update_string(index)
        self._update_graph(step)
        self._update_gates(step)
        canvas: Any = self.canvas  # matplotlib leaves these two without types
        canvas.draw()
        return np.array(canvas.buffer_rgba())[..., :3]

    def _update_string(self, index: int) -> None:
        """The symbols around the current one, and what the net offers next."""
        trace, step = self.trace, self.trace.steps[index]
        begin = max(0, min(index - WINDOW // 2, len(trace.steps) - WINDOW))
        for text, record in zip(self.symbols, trace.steps[begin:], strict=False):
            here = record is step
            lost = trace.grammar is not None and record.state is None
            text.set_text(record.symbol)
            text.set_fontsize(15 if len(record.symbol) < 3 else 9)
            text.set_fontfamily("monospace")
            text.set_fontweight("bold" if here else "normal")
            text.set_color(WRONG if lost else INK)
            box = text.get_bbox_patch()
            assert box is not None, "every symbol was made with a box"
            box.set_facecolor(LIT if here else "white")
            box.set_edgecolor(STRONG if here else "#d4d8dc")
            box.set_linewidth(2.0 if here else 1.0)
        said = f"{net_name(trace)} {answer(step)}"
        if step.right is False:
            said += "  ✗ wrong"
        elif not step.judged:
            said += "  (not judged)"
        if step.ok is False:
            said += f"; it had not offered {step.symbol}"
        self.answer.set_text(said)
        self.answer.set_color(WRONG if step.right is False or step.ok is False else INK)

    def _update_graph(self, step: TraceStep) -> None:
        """The active node and the crossed edge."""
        for edge, (path, head, *label) in self.edges:
            crossed = edge.source is not None and (edge.source, edge.target) == (
                step.source,
                step.state,
            )
            colour, width = (STRONG, 3.0) if crossed else (QUIET, 1.0)
            path.set_edgecolor(colour)
            path.set_linewidth(width)
            head.set_color(colour)
            for text in label:
                text.set_color(STRONG if crossed else INK)
                text.set_fontweight("bold" if crossed else "normal")
        for name, (ellipse, text) in self.nodes.items():
            active = name == step.state
            ellipse.set_facecolor(LIT if active else "white")
            ellipse.set_edgecolor(STRONG if active else QUIET)
            ellipse.set_linewidth(3.0 if active else 1.0)
            text.set_fontweight("bold" if active else "normal")
        lost = self.trace.grammar is not None and step.state is None
        self.lost.set_text("✗ no node: a violation of the grammar" if lost else "")

    def _update_gates(self, step: TraceStep) -> None:
        """Every cell's gates and memory as fields with numbers."""
        values = np.array([{**step.gates, "memory": step.memory}[n] for n in self.columns]).T
        self.fields.set_data(values)
        for (row, column), value in np.ndenumerate(values):
            text = self.numbers[row][column]
            text.set_text(number(value) if abs(value) > 0.005 else "")
            text.set_color("white" if abs(value) > 0.75 else INK)

    def _draw_graph(self, axis: Axes, layout: Layout) -> None:
        from matplotlib.patches import Ellipse

        axis.set_xlim(-10, layout.width + 10)
        axis.set_ylim(layout.height + 12, -12)
        axis.set_aspect("equal")
        axis.axis("off")
        self.edges = [(edge, _draw_edge(axis, edge)) for edge in layout.edges]
        assert self.trace.grammar is not None, "there is a layout"
        for name, (x, y, width) in layout.nodes.items():
            ellipse = axis.add_patch(Ellipse((x, y), width, HEIGHT, zorder=3))
            if name in self.trace.grammar.accepting:
                inner = Ellipse((x, y), width - 7, HEIGHT - 7, fill=False, color=QUIET, zorder=4)
                axis.add_patch(inner)
            text = axis.text(x, y, name, ha="center", va="center", fontsize=10, zorder=5)
            self.nodes[name] = ellipse, text

    def _draw_gates(self, axis: Axes) -> None:
        size = self.trace.net.size
        empty = np.zeros((size, len(self.columns)))
        self.fields = axis.imshow(empty, cmap=signed_colours(), vmin=-1.0, vmax=1.0, aspect="auto")
        axis.xaxis.tick_top()
        titles = [GATES.get(name, name).replace(" gate", "") for name in self.columns]
        lines = [title if " " in title else f"{title} " for title in titles]
        axis.set_xticks(
            range(len(lines)), [line.replace(" ", "\n") for line in lines], fontsize=8.5
        )
        axis.set_yticks(range(size), self.trace.net.cells, fontsize=8.5)
        axis.set_xticks(np.arange(len(self.columns) + 1) - 0.5, minor=True)
        axis.set_yticks(np.arange(size + 1) - 0.5, minor=True)
        axis.grid(which="minor", color="white", linewidth=1.5)
        axis.tick_params(which="both", length=0)
        axis.spines[:].set_visible(False)
        self.numbers = [
            [
                axis.text(column, row, "", ha="center", va="center", fontsize=8)
                for column in range(len(self.columns))
            ]
            for row in range(size)
        ]


def _draw_edge(axis: Axes, edge: Edge) -> list[Any]:
    """The curve, the arrow's head and, where there is one, the label."""
    from matplotlib.patches import FancyArrowPatch, PathPatch
    from matplotlib.path import Path as Curve

    codes = [Curve.MOVETO, *[Curve.CURVE4] * (len(edge.path) - 1)]
    path = PathPatch(Curve(list(edge.path), codes), facecolor="none")
    head = FancyArrowPatch(
        edge.path[-1], edge.tip, arrowstyle="-|>", mutation_scale=12, shrinkA=0, shrinkB=0, zorder=2
    )
    parts: list[Any] = [axis.add_patch(path), axis.add_patch(head)]
    if edge.label is not None:
        text = edge_text(edge.symbols)
        parts.append(axis.text(*edge.label, text, ha="center", va="center", fontsize=10, zorder=6))
    return parts
