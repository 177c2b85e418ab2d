"""What all figures share: colours, an empty figure, and writing one to a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reberlstm.errors import FormatError
from reberlstm.extras import require
from reberlstm.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = ("svg", "png", "pdf")

NEGATIVE, ZERO, POSITIVE = "#d9772b", "#f2f3f4", "#2b7fc3"
INK, QUIET, WRONG = "#1b1f24", "#6a737d", "#a83a00"
DPI = 150


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as the suffix of `path` says; equal figures give equal files.

    Raises:
        FormatError: for a suffix that is not one of `SUFFIXES`, or a file that cannot be written.
    """
    write_atomically(Path(path), to_bytes(figure, check_suffix(path)))


def check_suffix(path: str | Path) -> str:
    """The format that the suffix of a picture names.

    Raises:
        FormatError: where it names none.
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        raise FormatError(f"{path}: pictures are .{', .'.join(SUFFIXES)} files; use such a suffix")
    return suffix


def to_bytes(figure: Figure, format: str) -> bytes:
    """A figure as the content of a file, without the time at which it was made."""
    matplotlib = _matplotlib()
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(format)
    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "reberlstm", "svg.fonttype": "none"}):
        figure.savefig(content, format=format, dpi=DPI, metadata=metadata)
    return content.getvalue()


def _matplotlib() -> Any:
    return require("matplotlib", extra="plots", purpose="drawing a picture of a run")


def blank(width: float, height: float) -> Figure:
    """An empty figure of a size in inches, which lays itself out and belongs to no window."""
    _matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def signed_colours() -> Any:
    """From orange over grey to blue, which colour-blind readers can tell apart."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signed", [NEGATIVE, ZERO, POSITIVE])


def number(value: float) -> str:
    """Two digits, as short as can be."""
    if abs(abs(value) - 1.0) <= 0.005:
        return "1" if value > 0 else "−1"
    text = f"{abs(value):.2f}".removeprefix("0") if abs(value) < 9.995 else f"{abs(value):.0f}"
    return text if value >= 0 else f"−{text}"
