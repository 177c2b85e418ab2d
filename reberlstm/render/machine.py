"""The state graph of a machine: DOT text made for people, and pictures of it by Graphviz.

States from which nothing can be accepted are left out, and a word can be laid over the graph.
Nothing is said by colour alone: visited arrows are bold and numbered, the last state has a heavy
border and a caption, a violation is dashed and crossed out. The colours are those of M. Okabe and
K. Ito, Color universal design (2008), which colour-blind readers can tell apart.
"""

from __future__ import annotations

import html
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal

from reberlstm.display import rendered, renders
from reberlstm.errors import GrammarError, MissingExtraError, ReberLSTMError, count
from reberlstm.grammars import Grammar, as_machine
from reberlstm.machine.counters import CounterMachine, Machine
from reberlstm.machine.fsm import FSM, Word
from reberlstm.render import block

Format = Literal["svg", "png", "pdf"]
FORMATS: tuple[Format, ...] = ("svg", "png", "pdf")
Direction = Literal["LR", "TB"]


@dataclass(frozen=True)
class Theme:
    """The colours of a diagram."""

    paper: str
    ink: str
    node: str
    visited: str
    trail: str
    wrong: str


LIGHT = Theme("#ffffff", "#1f2328", "#ffffff", "#d6ecf8", "#0072b2", "#d55e00")
DARK = Theme("#0d1117", "#e6edf3", "#161b22", "#123a52", "#56b4e9", "#e69f00")

FONT = "Helvetica,Arial,sans-serif"
LINE_WIDTH = 18
"""Labels of arrows are broken after about so many characters."""

MAX_SYMBOLS_SHOWN = 24
MAX_STEPS_SHOWN = 8
MAX_CAPTION = 48
NAME_WIDTH = 24
NAME_LINES = 4
CIRCLES = ((2, "0.5", "14"), (5, "0.65", "13"), (7, "0.75", "11.5"))
"""Names of up to so many characters stand in circles of one size (inches), in this font size."""
ELLIPSE = {"shape": "ellipse", "height": "0.5", "fontsize": "13", "margin": "0.06,0.03"}


@dataclass
class Run:
    """A word's path: states, numbers of the steps by arrow and symbol; none without a word.

    A violation is the number of the symbol that was not legal, the state it came in, and itself.
    """

    states: list[str] = field(default_factory=list)
    steps: dict[tuple[str, str], dict[str, list[int]]] = field(default_factory=dict)
    violation: tuple[int, str, str] | None = None


@renders(FSM, "dot")
def dot(
    fsm: FSM,
    *,
    word: str | Iterable[str] | None = None,
    direction: Direction = "LR",
    dark: bool = False,
    dead_states: bool = False,
    probabilities: bool | None = None,
    key: bool = False,
) -> str:
    """The DOT text of a machine's state graph, for Graphviz's ``dot``.

    Args:
        fsm: The machine.
        word: A word to lay over the graph.
        direction: ``LR`` left to right, ``TB`` top down.
        dark: Light ink on dark paper.
        dead_states: Draw also the states that cannot reach acceptance.
        probabilities: Write probabilities on the arrows where there is a choice, and those of
            stopping in the states; by default where the machine gives some.
        key: Say below the graph what its signs mean, as pictures do.

    Raises:
        GrammarError: for a word with an unknown symbol, or a direction other than the two.

    Example:
        >>> from reberlstm import load_grammar
        >>> dot(load_grammar("parity")).splitlines()[-2].split("[")[0].strip()
        '1 -> 0'
    """
    theme = DARK if dark else LIGHT
    symbols = fsm.word(word) if word is not None else ()
    run = Run([] if word is None else [fsm.start])
    for position, symbol in enumerate(symbols, start=1):
        state = run.states[-1]
        target = fsm.transitions[state].get(symbol)
        if target is None:
            run.violation = (position, state, symbol)
            break
        run.steps.setdefault((state, target), {}).setdefault(symbol, []).append(position)
        run.states.append(target)
    # States that cannot reach acceptance are left out, unless that would hide the matter.
    alive = fsm.distance_to_acceptance
    everything = dead_states or any(state not in alive for state in run.states or [fsm.start])
    drawn = [state for state in fsm.states if everything or state in alive]
    chances = bool(fsm.probabilities) if probabilities is None else probabilities
    stops = bool(fsm.stop) if probabilities is None else probabilities
    lines = [_verdict(fsm, run, symbols)] if run.states else []
    if hidden := len(fsm.states) - len(drawn):
        which = "state that" if hidden == 1 else "states that"
        lines.append(f"not drawn: {hidden} {which} cannot reach acceptance")
    shape = ELLIPSE if fsm.outputs else shape_for(drawn)
    signs = key_lines(run, probabilities=chances) if key else []
    graph = blank(fsm.name, theme, direction, caption=lines, shape=shape, key=signs)
    number = {state: str(index) for index, state in enumerate(drawn)}
    for state in drawn:
        graph.node(number[state], **_node(fsm, state, run, stops, theme))
    graph.edge("start", number[fsm.start])
    for (source, target), labels in arrows(fsm, drawn).items():
        attributes = _edge(fsm, source, target, labels, run, chances, theme)
        graph.edge(number[source], number[target], **attributes)
    if run.violation is not None:
        position, state, symbol = run.violation
        add_violation(graph, number[state], position, symbol, theme)
    return str(graph.source)


def blank(
    name: str,
    theme: Theme,
    direction: Direction,
    *,
    caption: Sequence[str],
    shape: Mapping[str, str],
    key: Sequence[str] = (),
) -> Any:
    """A graph of graphviz with our style and a point for the start, as yet without states.

    Raises:
        GrammarError: for a direction other than the two.
    """
    if direction not in ("LR", "TB"):
        raise GrammarError(
            f"direction {direction!r}; choose 'LR' (left to right) or 'TB' (top down)"
        )
    import graphviz

    graph = graphviz.Digraph(name=escaped(name or "machine"))
    text = {"fontname": FONT, "fontcolor": theme.ink}
    paper = {"bgcolor": theme.paper, "pad": "0.25", "nodesep": "0.35", "ranksep": "0.45"}
    below = {"label": escaped("\n".join(["", *caption])), "labelloc": "b"} if caption else {}
    if key:
        small = (f'<FONT POINT-SIZE="9">{html.escape(line, quote=False)}</FONT>' for line in key)
        lines = ["&#160;", *(html.escape(line, quote=False) for line in caption), *small]
        below = {"label": f"<{'<BR/>'.join(lines)}>", "labelloc": "b"}
    graph.attr("graph", rankdir=direction, fontsize="12", **paper, **text, **below)
    node = {"color": theme.ink, "fillcolor": theme.node, "style": "filled", "penwidth": "1.2"}
    graph.attr("node", tooltip=" ", **node, **text, **shape)
    edge = {"color": theme.ink, "penwidth": "1.1", "arrowsize": "0.75"}
    graph.attr("edge", fontsize="13", tooltip=" ", **edge, **text)
    graph.node("start", label="", shape="point", width="0.07", fillcolor=theme.ink)
    return graph


def key_lines(run: Run, *, probabilities: bool = False, counters: bool = False) -> list[str]:
    """What the signs of a diagram mean, in short lines."""
    symbol = "a symbol and its probability" if probabilities else "a symbol"
    lines = [
        "the dot: the start; a double border: a word may end",
        f"an arrow: {'a symbol, [its condition], what it does' if counters else symbol}",
    ]
    if run.states:
        lines.append("bold: the string's way, with the numbers of its symbols")
    return lines


def add_violation(graph: Any, node: str, position: int, symbol: str, theme: Theme) -> None:
    """A dashed arrow from a state to a box, for the symbol that was not legal there."""
    dashed = {"style": "dashed", "color": theme.wrong, "fontcolor": theme.wrong}
    box = {"shape": "box", "penwidth": "1.6", "width": "0", "height": "0.4"}
    graph.node("violation", label="× violation", margin="0.1,0.05", **box, **dashed)
    label = spaced([f"{symbol_text(symbol)} ({position})"])
    graph.edge(node, "violation", label=label, penwidth="2.2", **dashed)


def arrows(fsm: Machine, states: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    """For each pair of these states with transitions from one to the other, the symbols."""
    kept = set(states)
    found: dict[tuple[str, str], list[str]] = {}
    for source in states:
        for symbol, target in fsm.ways(source):
            symbols = found.setdefault((source, target), []) if target in kept else [symbol]
            if symbol not in symbols:
                symbols.append(symbol)
    return found


def shape_for(names: Sequence[str]) -> Mapping[str, str]:
    """Circles of one size where all names are short, else ellipses as wide as their names."""
    longest = max(len(printable(name)) for name in names)
    for length, width, size in CIRCLES:
        if longest <= length:
            return {"shape": "circle", "width": width, "fontsize": size, "margin": "0"}
    return ELLIPSE


def name_lines(state: str) -> list[str]:
    """The name of a state in lines of readable length."""
    lines = textwrap.wrap(printable(state), NAME_WIDTH, drop_whitespace=False)
    lines = lines or [printable(state)]
    return lines if len(lines) <= NAME_LINES else [*lines[: NAME_LINES - 1], "…"]


def trail(state: str, run: Run, theme: Theme) -> dict[str, str]:
    """How a state looks on the way of a word; the one in which it ends has a heavy border."""
    if state not in run.states:
        return {}
    width = "3.4" if state == run.states[-1] else "1.6"
    return {"fillcolor": theme.visited, "color": theme.trail, "penwidth": width}


def steps_text(steps: Sequence[int]) -> str:
    """The numbers of the symbols that an arrow was taken for, the first few of them."""
    first = " ".join(map(str, steps[:MAX_STEPS_SHOWN]))
    return f" ({first}{' …' if len(steps) > MAX_STEPS_SHOWN else ''})"


def taken(theme: Theme) -> dict[str, str]:
    """How an arrow looks on the way of a word."""
    return {"color": theme.trail, "fontcolor": theme.trail, "penwidth": "2.6"}


def _node(fsm: FSM, state: str, run: Run, stops: bool, theme: Theme) -> dict[str, str]:
    lines = name_lines(state)
    if fsm.outputs:
        lines.append(f"output {printable(fsm.outputs[state])}")
    if stops and state in fsm.accepting and fsm.transitions[state]:
        lines.append(f"stop {_number(fsm.stop_probability(state))}")
    attributes = {"label": escaped("\n".join(lines)), "tooltip": escaped(printable(state))}
    if state in fsm.accepting:
        attributes["peripheries"] = "2"
    return attributes | trail(state, run, theme)


def _edge(
    fsm: FSM,
    source: str,
    target: str,
    symbols: Sequence[str],
    run: Run,
    probabilities: bool,
    theme: Theme,
) -> dict[str, str]:
    steps = run.steps.get((source, target), {})
    parts = []
    for symbol in symbols:
        part = symbol_text(symbol)
        if probabilities and len(fsm.transitions[source]) > 1:
            part += f" {_number(fsm.probability(source, symbol))}"
        if symbol in steps:
            part += steps_text(steps[symbol])
        parts.append(part)
    if len(parts) == len(fsm.alphabet) > 6 and not probabilities and not steps:
        parts = ["any symbol"]
    tip = f"{printable(source)} → {printable(target)}: {' '.join(map(symbol_text, symbols))}"
    attributes = {"label": spaced(wrapped(parts)), "tooltip": escaped(tip)}
    return attributes | (taken(theme) if steps else {})


def _verdict(fsm: FSM, run: Run, word: Word) -> str:
    """What the overlay shows, in words."""
    state = run.states[-1]
    legal = tuple(fsm.transitions[state])
    return verdict(fsm.text(word), len(word), state, legal, state in fsm.accepting, run.violation)


def verdict(
    text: str,
    length: int,
    state: str,
    symbols: Sequence[str],
    accepted: bool,
    violation: tuple[int, str, str] | None,
) -> str:
    """Where a word ends, in words: its text and length, the last state, and what is legal there."""
    text = printable(text) or "the empty word"
    if len(text) > MAX_CAPTION:
        text = f"{length:,} symbols"
    legal = " or ".join(map(symbol_text, symbols)) or "nothing"
    if len(legal) > MAX_CAPTION:
        legal = f"one of {len(symbols)} symbols"
    if violation is not None:
        position, _, symbol = violation
        return (
            f"{text}: violation at {position}, {symbol_text(symbol)} in state "
            f"{printable(state)}, where {legal} may follow"
        )
    ends = "accepted" if accepted else f"not complete, {legal} may follow"
    return f"{text}: in state {printable(state)}, {ends}"


def wrapped(parts: Sequence[str]) -> Iterator[str]:
    """The parts of a label in lines of readable length."""
    more = len(parts) - MAX_SYMBOLS_SHOWN
    shown = [*parts[:MAX_SYMBOLS_SHOWN], f"… {more} more"] if more > 0 else list(parts)
    line = shown[0]
    for part in shown[1:]:
        if len(line) + 2 + len(part) > LINE_WIDTH:
            yield line + ","
            line = part
        else:
            line += f", {part}"
    yield line


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def symbol_text(symbol: str) -> str:
    """A symbol as it stands in a list with commas and spaces."""
    return {" ": "␣", ",": "‘,’"}.get(symbol, printable(symbol))


def printable(text: str) -> str:
    """The text with escapes for control characters, which no drawing could hold."""
    return "".join(
        f"\\x{ord(char):02x}" if ord(char) < 32 or char in "\x7f\ufffe\uffff" else char
        for char in text
    )


def spaced(lines: Iterable[str]) -> str:
    """The label of an arrow: an HTML string, with room below and at its sides, away from lines."""
    text = "<BR/>".join(f"&#160;{html.escape(line, quote=False)}&#160;" for line in lines)
    return f'<{text}<BR/><FONT POINT-SIZE="3"> </FONT>>'


def escaped(text: str) -> str:
    """The text as Graphviz shall show it: no escapes, no HTML, no entities."""
    import graphviz

    escaped: str = graphviz.escape(text.replace("&", "&amp;"))
    return escaped


# Pictures

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
        options: The other options of `dot`; the key is drawn unless ``key=False``.

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
    source: str = rendered(fsm, "dot", word=word, **{"key": True, **options})
    return run_graphviz(source, format, time_limit=time_limit, what=str(fsm))


def run_graphviz(source: str, format: str, *, time_limit: float, what: str) -> bytes:
    """Lay out DOT text with ``dot``, in a process that is ended when its time is over.

    The format is one of `FORMATS`, or ``json``, which has the places of nodes and edges; `what` is
    for messages. What that process writes on standard error, such as a warning of Fontconfig, is
    shown only when there is no picture.

    Raises:
        GrammarError: when the time is over, or Graphviz cannot draw it.
        MissingExtraError: where there is no Graphviz.
    """
    if format not in (*FORMATS, "json"):
        raise GrammarError(f"format {format!r}; choose {', '.join(FORMATS)}")
    graph, complaint = source.encode("utf-8"), ""
    for command in _commands(format):
        try:
            done = subprocess.run(  # noqa: S603 - our own command line; the graph is its input
                command, input=graph, capture_output=True, timeout=time_limit, check=False
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
    program = shutil.which("dot")
    commands = [[program, f"-T{format}", f"-Gdpi={dpi}"]] if program else []
    if find_spec("pygraphviz") is not None:
        # -P: what happens to lie in the working directory is not imported.
        commands.append([sys.executable, "-P", "-c", _WORKER, format, str(dpi)])
    if not commands:
        raise MissingExtraError(
            "drawing needs Graphviz: install it so that `dot` is on the PATH, or "
            "`pip install pygraphviz`, or write .dot instead"
        )
    return commands


# Notebooks

MAX_SHOWN = 40
"""Larger machines take Graphviz longer than a reader of a notebook waits."""

PATIENCE = 5.0
"""Seconds."""


@renders(FSM, "svg")
@renders(CounterMachine, "svg")
def machine_svg(fsm: Machine) -> str | None:
    """The state graph as SVG, or None where it is too large or there is no Graphviz."""
    if len(fsm.states) > MAX_SHOWN:
        return None
    try:
        return to_svg(fsm, time_limit=PATIENCE)
    except ReberLSTMError:
        return None


@renders(FSM, "html")
def machine_html(fsm: FSM) -> str:
    """The state graph for a notebook, with the machine's size."""
    arrows = sum(len(line) for line in fsm.transitions.values())
    facts = (
        f"{count(len(fsm.states), 'state')}, {count(arrows, 'transition')} over "
        f"{count(len(fsm.alphabet), 'symbol')}; starts at {fsm.start}, "
        f"accepts at {', '.join(sorted(fsm.accepting)) or 'no state'}"
    )
    return block(fsm.title or str(fsm), [facts], svg=machine_svg(fsm))
