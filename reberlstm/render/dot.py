"""The state graph of a machine as DOT text, made to be looked at.

Parallel transitions share one arrow, states from which nothing can be accepted are left out, and a
word can be laid over the graph: the states it visits, the number of each step, where it stands and
where it breaks the rules. Nothing is said by colour alone: visited arrows are bold and numbered,
the last state has a heavy border and a caption, a violation is dashed and crossed out. The colours
are those of M. Okabe and K. Ito, Color universal design (2008), which colour-blind readers can
tell apart.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM, Word

if TYPE_CHECKING:
    import graphviz

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


LIGHT = Theme(
    paper="#ffffff",
    ink="#1f2328",
    node="#ffffff",
    visited="#d6ecf8",
    trail="#0072b2",
    wrong="#d55e00",
)
DARK = Theme(
    paper="#0d1117",
    ink="#e6edf3",
    node="#161b22",
    visited="#123a52",
    trail="#56b4e9",
    wrong="#e69f00",
)

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


@dataclass
class Run:
    """A word's way through the graph.

    Attributes:
        states: The states visited, the start first.
        steps: For each arrow (source, target) and symbol the numbers of the steps along it.
        violation: The number of the symbol that was not legal, the state it came in, and itself.
    """

    states: list[str]
    steps: dict[tuple[str, str], dict[str, list[int]]] = field(default_factory=dict)
    violation: tuple[int, str, str] | None = None


def dot(
    fsm: FSM,
    *,
    word: str | Iterable[str] | None = None,
    direction: Direction = "LR",
    dark: bool = False,
    dead_states: bool = False,
    probabilities: bool | None = None,
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

    Raises:
        GrammarError: for a word with an unknown symbol, or a direction other than the two.

    Example:
        >>> from reberlstm import load_grammar
        >>> dot(load_grammar("parity")).splitlines()[-2].split("[")[0].strip()
        '1 -> 0'
    """
    if direction not in ("LR", "TB"):
        raise GrammarError(
            f"direction {direction!r}; choose 'LR' (left to right) or 'TB' (top down)"
        )
    import graphviz

    theme = DARK if dark else LIGHT
    symbols = fsm.word(word) if word is not None else ()
    run = _run(fsm, symbols) if word is not None else None
    drawn = _drawn(fsm, dead_states, run)
    chances = bool(fsm.probabilities) if probabilities is None else probabilities
    stops = bool(fsm.stop) if probabilities is None else probabilities
    graph = graphviz.Digraph(name=escaped(fsm.name or "machine"))
    graph.attr(
        "graph",
        rankdir=direction,
        bgcolor=theme.paper,
        pad="0.25",
        nodesep="0.35",
        ranksep="0.45",
        fontname=FONT,
        fontsize="12",
        fontcolor=theme.ink,
        **_captions(fsm, run, symbols, len(fsm.states) - len(drawn)),
    )
    graph.attr(
        "node",
        fontname=FONT,
        fontcolor=theme.ink,
        color=theme.ink,
        fillcolor=theme.node,
        style="filled",
        penwidth="1.2",
        tooltip=" ",
        **_shape(fsm, drawn),
    )
    graph.attr(
        "edge",
        fontname=FONT,
        fontsize="13",
        fontcolor=theme.ink,
        color=theme.ink,
        penwidth="1.1",
        arrowsize="0.75",
        tooltip=" ",
    )
    graph.node("start", label="", shape="point", width="0.07", fillcolor=theme.ink)
    number = {state: str(index) for index, state in enumerate(drawn)}
    for state in drawn:
        graph.node(number[state], **_node(fsm, state, run, stops, theme))
    graph.edge("start", number[fsm.start])
    for (source, target), labels in _arrows(fsm, drawn).items():
        attributes = _edge(fsm, source, target, labels, run, chances, theme)
        graph.edge(number[source], number[target], **attributes)
    if run is not None and run.violation is not None:
        _draw_violation(graph, number, run.violation, theme)
    return str(graph.source)


def _run(fsm: FSM, word: Word) -> Run:
    run = Run([fsm.start])
    state = fsm.start
    for position, symbol in enumerate(word, start=1):
        target = fsm.transitions[state].get(symbol)
        if target is None:
            run.violation = (position, state, symbol)
            return run
        run.steps.setdefault((state, target), {}).setdefault(symbol, []).append(position)
        run.states.append(target)
        state = target
    return run


def _drawn(fsm: FSM, dead_states: bool, run: Run | None) -> list[str]:
    """The states to draw: those that can reach acceptance, unless that would hide the matter."""
    alive = fsm.distance_to_acceptance
    visited = run.states if run is not None else [fsm.start]
    if dead_states or any(state not in alive for state in visited):
        return list(fsm.states)
    return [state for state in fsm.states if state in alive]


def _arrows(fsm: FSM, drawn: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    """For each pair of states with transitions between them, the symbols."""
    kept = set(drawn)
    arrows: dict[tuple[str, str], list[str]] = {}
    for source in drawn:
        for symbol, target in fsm.transitions[source].items():
            if target in kept:
                arrows.setdefault((source, target), []).append(symbol)
    return arrows


def _shape(fsm: FSM, drawn: Sequence[str]) -> dict[str, str]:
    """Circles of one size where all names are short, else ellipses as wide as their names."""
    longest = max(len(printable(name)) for name in drawn)
    if not fsm.outputs:
        for length, width, size in CIRCLES:
            if longest <= length:
                return {"shape": "circle", "width": width, "fontsize": size, "margin": "0"}
    return {"shape": "ellipse", "height": "0.5", "fontsize": "13", "margin": "0.06,0.03"}


def _node(fsm: FSM, state: str, run: Run | None, stops: bool, theme: Theme) -> dict[str, str]:
    lines = _broken(printable(state))
    if fsm.outputs:
        lines.append(f"output {printable(fsm.outputs[state])}")
    if stops and state in fsm.accepting and fsm.transitions[state]:
        lines.append(f"stop {_number(fsm.stop_probability(state))}")
    attributes = {"label": escaped("\n".join(lines)), "tooltip": escaped(printable(state))}
    if state in fsm.accepting:
        attributes["peripheries"] = "2"
    if run is not None and state in run.states:
        attributes |= {"fillcolor": theme.visited, "color": theme.trail, "penwidth": "1.6"}
        if state == run.states[-1]:
            attributes["penwidth"] = "3.4"
    return attributes


def _edge(
    fsm: FSM,
    source: str,
    target: str,
    symbols: Sequence[str],
    run: Run | None,
    probabilities: bool,
    theme: Theme,
) -> dict[str, str]:
    steps = run.steps.get((source, target), {}) if run is not None else {}
    parts = []
    for symbol in symbols:
        part = symbol_text(symbol)
        if probabilities and len(fsm.transitions[source]) > 1:
            part += f" {_number(fsm.probability(source, symbol))}"
        if symbol in steps:
            part += f" ({_numbers(steps[symbol])})"
        parts.append(part)
    if len(parts) == len(fsm.alphabet) > 6 and not probabilities and not steps:
        parts = ["any symbol"]
    attributes = {
        "label": _beside(wrapped(parts)),
        "tooltip": escaped(
            f"{printable(source)} → {printable(target)}: {' '.join(map(symbol_text, symbols))}"
        ),
    }
    if steps:
        attributes |= {"color": theme.trail, "fontcolor": theme.trail, "penwidth": "2.6"}
    return attributes


def _draw_violation(
    graph: graphviz.Digraph,
    number: Mapping[str, str],
    violation: tuple[int, str, str],
    theme: Theme,
) -> None:
    position, state, symbol = violation
    graph.node(
        "violation",
        label="× violation",
        shape="box",
        style="dashed",
        color=theme.wrong,
        fontcolor=theme.wrong,
        penwidth="1.6",
        width="0",
        height="0.4",
        margin="0.1,0.05",
    )
    graph.edge(
        number[state],
        "violation",
        label=_beside([f"{symbol_text(symbol)} ({position})"]),
        style="dashed",
        color=theme.wrong,
        fontcolor=theme.wrong,
        penwidth="2.2",
    )


def _captions(fsm: FSM, run: Run | None, word: Word, hidden: int) -> dict[str, str]:
    lines = []
    if run is not None:
        lines.append(_verdict(fsm, run, word))
    if hidden:
        states = "1 state that cannot" if hidden == 1 else f"{hidden} states that cannot"
        lines.append(f"not drawn: {states} reach acceptance")
    if not lines:
        return {}
    return {"label": escaped("\n".join(["", *lines])), "labelloc": "b"}


def _verdict(fsm: FSM, run: Run, word: Word) -> str:
    """What the overlay shows, in words."""
    state = run.states[-1]
    text = printable(fsm.text(word)) or "the empty word"
    if len(text) > MAX_CAPTION:
        text = f"{len(word):,} symbols"
    legal = " or ".join(map(symbol_text, fsm.transitions[state])) or "nothing"
    if len(legal) > MAX_CAPTION:
        legal = f"one of {len(fsm.transitions[state])} symbols"
    if run.violation is not None:
        position, _, symbol = run.violation
        return (
            f"{text}: violation at {position}, {symbol_text(symbol)} in state "
            f"{printable(state)}, where {legal} may follow"
        )
    verdict = "accepted" if state in fsm.accepting else f"not complete, {legal} may follow"
    return f"{text}: in state {printable(state)}, {verdict}"


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


def _numbers(steps: Sequence[int]) -> str:
    more = len(steps) > MAX_STEPS_SHOWN
    return " ".join(map(str, steps[:MAX_STEPS_SHOWN])) + (" …" if more else "")


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _broken(name: str) -> list[str]:
    """A long name in lines."""
    lines = textwrap.wrap(name, NAME_WIDTH, drop_whitespace=False) or [name]
    return lines if len(lines) <= NAME_LINES else [*lines[: NAME_LINES - 1], "…"]


def symbol_text(symbol: str) -> str:
    """A symbol as it stands in a list with commas and spaces."""
    return {" ": "␣", ",": "‘,’"}.get(symbol, printable(symbol))


def printable(text: str) -> str:
    """The text with escapes for control characters, which no drawing could hold."""
    return "".join(
        f"\\x{ord(char):02x}" if ord(char) < 32 or char in "\x7f\ufffe\uffff" else char
        for char in text
    )


def _beside(lines: Iterable[str]) -> str:
    """The label of an arrow: an HTML string, with room below and beside that keeps it off lines."""
    text = "<BR/>".join(f"&#160;{html.escape(line, quote=False)}&#160;" for line in lines)
    return f'<{text}<BR/><FONT POINT-SIZE="3"> </FONT>>'


def escaped(text: str) -> str:
    """The text as Graphviz shall show it: no escapes, no HTML, no entities."""
    import graphviz

    escaped: str = graphviz.escape(text.replace("&", "&amp;"))
    return escaped
