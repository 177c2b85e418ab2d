"""A machine beside the one that it should be, with every difference marked, as DOT and pictures.

States are matched that the same words lead to, and then, of the others, those that behave alike.
Nothing is said by colour alone: what only the machine has is dashed and has a ``+``, what leads
elsewhere or answers otherwise is bold and has a ``≠``, what only the reference has is dotted and
has a ``−``. The colours are those of M. Okabe and K. Ito, Color universal design (2008).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM, Word
from reberlstm.render.dot import FONT, LIGHT, escaped, printable, symbol_text, wrapped
from reberlstm.render.draw import Format, render

Kind = Literal["same", "more", "wrong", "less"]

STYLES: Mapping[Kind, Mapping[str, str]] = {
    "same": {"color": LIGHT.ink, "fontcolor": LIGHT.ink, "style": "solid", "penwidth": "1.1"},
    "more": {"color": "#d55e00", "fontcolor": "#a84a00", "style": "dashed", "penwidth": "2.0"},
    "wrong": {"color": "#cc79a7", "fontcolor": "#9c3f73", "style": "bold", "penwidth": "2.8"},
    "less": {"color": "#0072b2", "fontcolor": "#0072b2", "style": "dotted", "penwidth": "2.4"},
}

MARKS: Mapping[Kind, str] = {"same": "", "more": "+", "wrong": "≠", "less": "−"}

LEGEND = (
    "+ dashed: only in the machine",
    "≠ bold: leads elsewhere, or answers otherwise",
    "− dotted: only in the reference",
)

MOST_STATES = 60
"""So many states in both machines together can still be read."""

TIME_LIMIT = 30.0


@dataclass
class Matching:
    """Which states of two machines stand for each other, and what differs.

    Attributes:
        partner: For states of the machine that of the reference, where a word leads to both.
        found: For states of the reference the first one of the machine.
        states: For each of the two machines what its states are; those not named are the same.
        arrows: Likewise, for source and symbol.
    """

    partner: dict[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)
    states: tuple[dict[str, Kind], dict[str, Kind]] = field(default_factory=lambda: ({}, {}))
    arrows: tuple[dict[tuple[str, str], Kind], dict[tuple[str, str], Kind]] = field(
        default_factory=lambda: ({}, {})
    )

    @property
    def differences(self) -> int:
        """The number of states and arrows that are not the same."""
        return sum(len(part) for part in (*self.states, *self.arrows))


def matching(machine: FSM, reference: FSM, *, acceptance: bool = True) -> Matching:
    """Match two machines over the same symbols.

    Args:
        machine: The one.
        reference: What it should be.
        acceptance: Whether it is a difference when only one of two states accepts.

    Example:
        >>> from reberlstm import load_grammar
        >>> matching(load_grammar("tomita-1"), load_grammar("tomita-1")).differences
        0
        >>> matching(load_grammar("tomita-1"), load_grammar("tomita-2")).arrows[0]
        {('ones', '1'): 'wrong'}
    """
    result = Matching({machine.start: reference.start}, {reference.start: machine.start})
    _follow(machine, reference, [machine.start], result)
    alike = _alike(machine, reference, acceptance)
    for state in machine.states:
        for other in reference.states:
            if state in result.partner or other in result.found:
                continue
            if alike[0, state] == alike[1, other]:
                result.partner[state], result.found[other] = other, state
    for state, partner in result.partner.items():
        if _shown(machine, state, acceptance) != _shown(reference, partner, acceptance):
            result.states[0][state] = result.states[1][partner] = "wrong"
        _compare_arrows(machine, reference, state, result)
    for state in machine.states:
        if state not in result.partner:
            result.states[0][state] = "more"
            for symbol in machine.transitions[state]:
                result.arrows[0][state, symbol] = "more"
    for state in reference.states:
        if state not in result.found:
            result.states[1][state] = "less"
            for symbol in reference.transitions[state]:
                result.arrows[1][state, symbol] = "less"
    return result


def _follow(machine: FSM, reference: FSM, queue: list[str], result: Matching) -> None:
    """Match what the same symbols lead to from states that are matched."""
    for state in queue:
        for symbol in machine.alphabet:
            target = machine.transitions[state].get(symbol)
            other = reference.transitions[result.partner[state]].get(symbol)
            if target is not None and other is not None and target not in result.partner:
                result.partner[target] = other
                result.found.setdefault(other, target)
                queue.append(target)


def _compare_arrows(machine: FSM, reference: FSM, state: str, result: Matching) -> None:
    partner = result.partner[state]
    for symbol in machine.alphabet:
        target = machine.transitions[state].get(symbol)
        other = reference.transitions[partner].get(symbol)
        if target is not None and other is None:
            result.arrows[0][state, symbol] = "more"
        elif target is None and other is not None:
            result.arrows[1].setdefault((partner, symbol), "less")
        elif target is not None and result.partner.get(target) != other:
            result.arrows[0][state, symbol] = "wrong"
            result.arrows[1][partner, symbol] = "wrong"


def _alike(machine: FSM, reference: FSM, acceptance: bool) -> dict[tuple[int, str], int]:
    """A number for every state of both machines; equal ones behave alike (E. F. Moore, 1956)."""
    both = [(side, state) for side, fsm in enumerate((machine, reference)) for state in fsm.states]
    fsms = (machine, reference)
    group: dict[tuple[int, str], object] = {
        (side, state): _shown(fsms[side], state, acceptance) for side, state in both
    }
    count = 0
    while True:
        keys = {
            (side, state): (
                group[side, state],
                frozenset(
                    (symbol, group[side, target])
                    for symbol, target in fsms[side].transitions[state].items()
                ),
            )
            for side, state in both
        }
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys.values()))}
        found = {state: numbers[key] for state, key in keys.items()}
        if len(numbers) == count:
            return found
        group, count = dict(found), len(numbers)


def dot(machine: FSM, reference: FSM, *, word: Word | None = None, acceptance: bool = True) -> str:
    """The DOT text of the two machines beside each other.

    Args:
        machine: The one that was found.
        reference: What it should be.
        word: A word that separates them, for the caption.
        acceptance: As in `matching`.

    Raises:
        GrammarError: for machines over different symbols, or too many states to be read.
    """
    if set(machine.alphabet) != set(reference.alphabet):
        raise GrammarError(f"{machine} and {reference} have different alphabets")
    many = len(machine.states) + len(reference.states)
    if many > MOST_STATES:
        raise GrammarError(
            f"{machine} and {reference} have {many} states together, and at most {MOST_STATES} are "
            "drawn beside each other; write the machine with .dot and use a tool for large graphs"
        )
    import graphviz

    result = matching(machine, reference, acceptance=acceptance)
    graph = graphviz.Digraph(name="side by side")
    caption = _caption(machine, result, word)
    graph.attr(
        "graph",
        rankdir="LR",
        bgcolor=LIGHT.paper,
        pad="0.25",
        fontname=FONT,
        fontsize="12",
        fontcolor=LIGHT.ink,
        label=escaped("\n".join(["", *caption])),
        labelloc="b",
    )
    graph.attr("node", fontname=FONT, fontsize="13", shape="ellipse", margin="0.06,0.03")
    graph.attr("edge", fontname=FONT, fontsize="13", arrowsize="0.75")
    for side, fsm in enumerate((machine, reference)):
        title = ("extracted machine", f"reference: {reference}")[side]
        with graph.subgraph(name=f"cluster_{side}") as part:
            part.attr(label=escaped(title), color="#b0b6bd", labelloc="t", fontsize="14")
            _draw(part, fsm, side, result)
    return str(graph.source)


def draw(
    machine: FSM,
    reference: FSM,
    format: Format,
    *,
    word: Word | None = None,
    acceptance: bool = True,
    time_limit: float = TIME_LIMIT,
) -> bytes:
    """The picture of `dot`.

    Raises:
        GrammarError: for machines that are too large to draw.
        MissingExtraError: where there is no Graphviz.
    """
    source = dot(machine, reference, word=word, acceptance=acceptance)
    return render(source, format, time_limit=time_limit, what=f"{machine} beside {reference}")


def _draw(graph: object, fsm: FSM, side: int, result: Matching) -> None:
    """One of the two machines into its cluster."""
    names = {state: f"{'mr'[side]}{number}" for number, state in enumerate(fsm.states)}
    start = f"{'mr'[side]}start"
    graph.node(start, label="", shape="point", width="0.07")  # type: ignore[attr-defined]
    for state in fsm.states:
        kind: Kind = result.states[side].get(state, "same")
        graph.node(  # type: ignore[attr-defined]
            names[state],
            label=escaped("\n".join(_label(fsm, state, side, kind, result))),
            peripheries="2" if state in fsm.accepting else "1",
            **STYLES[kind],
        )
    graph.edge(start, names[fsm.start])  # type: ignore[attr-defined]
    for (source, target, kind), symbols in _arrows(fsm, side, result).items():
        mark = MARKS[kind] + " " * bool(MARKS[kind])
        lines = wrapped([symbol_text(symbol) for symbol in symbols])
        label = "\n".join(f" {mark}{line} " for line in lines)
        graph.edge(  # type: ignore[attr-defined]
            names[source], names[target], label=escaped(label), **STYLES[kind]
        )


def _label(fsm: FSM, state: str, side: int, kind: Kind, result: Matching) -> Iterator[str]:
    mark = MARKS[kind] + " " * bool(MARKS[kind])
    yield mark + printable(state)
    if fsm.outputs:
        yield f"output {printable(fsm.outputs[state])}"
    if side == 0:
        partner = result.partner.get(state)
        if partner is not None and partner != state:
            copy = "" if result.found[partner] == state else "also "
            yield f"{copy}= {printable(partner)}"
    if kind == "wrong":
        yield "accepts" if state in fsm.accepting else "does not accept"


def _arrows(fsm: FSM, side: int, result: Matching) -> dict[tuple[str, str, Kind], list[str]]:
    """The symbols of every two states, those that are alike together."""
    arrows: dict[tuple[str, str, Kind], list[str]] = {}
    for source, line in fsm.transitions.items():
        for symbol, target in line.items():
            kind: Kind = result.arrows[side].get((source, symbol), "same")
            arrows.setdefault((source, target, kind), []).append(symbol)
    return arrows


def _caption(machine: FSM, result: Matching, word: Word | None) -> Sequence[str]:
    if not result.differences:
        return ["no difference"]
    lines = list(LEGEND)
    if word is not None:
        text = printable(machine.text(word)) or "the empty word"
        if len(text) > MOST_LETTERS:
            text = f"a word of {len(word):,} symbols"
        lines.append(f"they differ after {text}")
    return lines


MOST_LETTERS = 60


def _shown(fsm: FSM, state: str, acceptance: bool) -> tuple[bool, str | None]:
    return acceptance and state in fsm.accepting, fsm.outputs.get(state)
