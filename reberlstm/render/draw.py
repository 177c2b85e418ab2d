"""From DOT text to a picture, with Graphviz's own program or the one inside pygraphviz's wheels.

Layout can take minutes where a graph is dense, so it runs in a process of its own that is ended
when its time is over. What that process writes on standard error, such as a warning of Fontconfig,
is shown only when there is no picture.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, Literal

from reberlstm.errors import GrammarError, MissingExtraError
from reberlstm.grammars import Grammar, as_machine
from reberlstm.render.dot import dot

Format = Literal["svg", "png", "pdf"]
FORMATS: tuple[Format, ...] = ("svg", "png", "pdf")

MAX_STATES = 150
"""Larger machines are not drawn: nobody could read the picture, and layout takes minutes."""

TIME_LIMIT = 30.0
"""Seconds that a layout may take."""

PNG_DPI = 144
POINTS = 72
"""Resolution of formats that have none of their own, so that sizes are in points."""

# The Graphviz 14.1 in pygraphviz's wheels crashes when it frees some layouts, after drawing them;
# the process ends at once, so nothing need be freed.
_WORKER = """
import os
import sys
import pygraphviz
pygraphviz.graphviz.gvFreeLayout = lambda *arguments: 0
graph = pygraphviz.AGraph(sys.stdin.buffer.read().decode("utf-8"))
graph.graph_attr["dpi"] = sys.argv[2]
sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))
sys.stdout.flush()
os._exit(0)
"""


def to_svg(fsm: Grammar, **options: Any) -> str:
    """The state graph as an SVG element, to set into a page; for the options see `draw`.

    Raises:
        GrammarError: for a machine too large to draw, or an option that does not fit it.
        MissingExtraError: where there is no Graphviz.

    Example:
        >>> from reberlstm import load_grammar
        >>> to_svg(load_grammar("parity"), word="0110").startswith("<svg")
        True
    """
    text = draw(fsm, "svg", **options).decode("utf-8")
    return text[text.index("<svg") :]


def draw(
    fsm: Grammar,
    format: Format,
    *,
    word: str | Iterable[str] | None = None,
    time_limit: float = TIME_LIMIT,
    **options: Any,
) -> bytes:
    """The picture of a machine's state graph.

    Args:
        fsm: A machine of at most `MAX_STATES` states.
        format: ``svg``, ``png`` or ``pdf``.
        word: A word to lay over the graph.
        time_limit: Seconds after which the layout is given up.
        options: The other options of `reberlstm.render.dot.dot`.

    Raises:
        GrammarError: for a machine too large to draw, in states or in time.
        MissingExtraError: where there is no Graphviz.
    """
    fsm = as_machine(fsm)
    if len(fsm.states) > MAX_STATES:
        raise GrammarError(
            f"{fsm} has {len(fsm.states):,} states, and at most {MAX_STATES} are drawn; minimise "
            "it first, or write .dot and use a tool for large graphs"
        )
    return render(dot(fsm, word=word, **options), format, time_limit=time_limit, what=str(fsm))


def render(source: str, format: Format, *, time_limit: float, what: str) -> bytes:
    """Lay out DOT text with ``dot``.

    Args:
        source: The DOT text.
        format: One of `FORMATS`.
        time_limit: Seconds.
        what: What is drawn, for messages.

    Raises:
        GrammarError: when the time is over, or Graphviz cannot draw it.
        MissingExtraError: where there is no Graphviz.
    """
    if format not in FORMATS:
        raise GrammarError(f"format {format!r}; choose {', '.join(FORMATS)}")
    return run(source, format, time_limit=time_limit, what=what)


def run(source: str, format: str, *, time_limit: float, what: str) -> bytes:
    """`render` for any format that Graphviz knows, such as ``json``, which has the places."""
    complaint = ""
    for command in _commands(format):
        try:
            done = subprocess.run(  # noqa: S603 - our own command line; the graph is its input
                command,
                input=source.encode("utf-8"),
                capture_output=True,
                timeout=time_limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GrammarError(
                f"drawing {what} took over {time_limit:g} seconds; give it more, "
                "minimise it first, or write .dot and use a tool for large graphs"
            ) from None
        if done.returncode == 0 and done.stdout:
            return done.stdout
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        complaint = lines[-1] if lines else "it gave no picture"
    raise GrammarError(f"Graphviz cannot draw {what}: {complaint}")


def _commands(format: str) -> list[list[str]]:
    """The programs that can draw, best first; each reads DOT and writes the picture."""
    dpi = PNG_DPI if format == "png" else POINTS
    commands = []
    program = shutil.which("dot")
    if program is not None:
        commands.append([program, f"-T{format}", f"-Gdpi={dpi}"])
    if find_spec("pygraphviz") is not None:
        # -P: what happens to lie in the working directory is not imported.
        commands.append([sys.executable, "-P", "-c", _WORKER, format, str(dpi)])
    if not commands:
        raise MissingExtraError(
            "drawing needs Graphviz: install it so that `dot` is on the PATH, or "
            "`pip install pygraphviz`, or write .dot instead"
        )
    return commands
