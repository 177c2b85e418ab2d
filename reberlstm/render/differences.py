"""Two machines in one picture, with every difference between them marked.

States are matched that the same words lead to, and then, of the others, those that behave in the
same way. Nothing is said by colour alone: what only the machine has is dashed and has a ``+``, what
leads elsewhere or answers otherwise is bold and has a ``≠``, what only the reference has is dotted
and has a ``−``. The colours are those of M. Okabe and K. Ito, Color universal design (2008).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM, Word
from reberlstm.render.machine import (
    FONT,
    LIGHT,
    TIME_LIMIT,
    Format,
    escaped,
    printable,
    run_graphviz,
    symbol_text,
    wrapped,
)

Kind = Literal["same", "more", "wrong", "less"]

STYLES: Mapping[Kind, Mapping[str, str]] = {
    "same": {"color": LIGHT.ink, "fontcolor": LIGHT.ink, "style": "solid", "penwidth": "1.1"},
    "more": {"color": "#d55e00", "fontcolor": "#a84a00", "style": "dashed", "penwidth": "2.0"},
    "wrong": {"color": "#cc79a7", "fontcolor": "#9c3f73", "style": "bold", "penwidth": "2.8"},
    "less": {"color": "#0072b2", "fontcolor": "#0072b2", "style": "dotted", "penwidth": "2.4"},
}

MARKS: Mapping[Kind, str] = {"same": "", "more": "+ ", "wrong": "≠ ", "less": "− "}

LEGEND = (
    "+ dashed: only in the machine",
    "≠ bold: leads elsewhere, or answers otherwise",
    "− dotted: only in the reference",
)

ACCEPTS = "double border: the word may end here"

MOST_STATES = 60
"""So many states in both machines together can still be read."""

MOST_LETTERS = 60


@dataclass
class Matching:
    """Which states of two machines correspond, and what differs.

    States of the machine have a partner in the reference where a word leads to both; for those of
    the reference the first one is found. `states` and `arrows` (by source and symbol) have for each
    of the two machines what is not the same.
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
    """Match two machines over the same symbols; only with `acceptance` is accepting a difference.

    Example:
        >>> from reberlstm import load_grammar
        >>> matching(load_grammar("tomita-1"), load_grammar("tomita-1")).differences
        0
        >>> matching(load_grammar("tomita-1"), load_grammar("tomita-2")).arrows[0]
        {('ones', '1'): 'wrong'}
    """
    result = Matching({machine.start: reference.start}, {reference.start: machine.start})
    queue = [machine.start]
    for state in queue:  # match what the same symbols lead to from states that are matched
        for symbol in machine.alphabet:
            target = machine.transitions[state].get(symbol)
            other = reference.transitions[result.partner[state]].get(symbol)
            if target is not None and other is not None and target not in result.partner:
                result.partner[target] = other
                result.found.setdefault(other, target)
                queue.append(target)
    questions = ("legal", "label", *["accept"] * acceptance)
    for state in machine.states:
        for other in reference.states:
            if state in result.partner or other in result.found:
                continue
            one, two = replace(machine, start=state), replace(reference, start=other)
            if all(one.difference(two, by=by) is None for by in questions):  # type: ignore[arg-type]
                result.partner[state], result.found[other] = other, state
    for state, partner in result.partner.items():
        if _answer(machine, state, acceptance) != _answer(reference, partner, acceptance):
            result.states[0][state] = result.states[1][partner] = "wrong"
        _compare_arrows(machine, reference, state, result)
    sides: tuple[tuple[FSM, dict[str, str], Kind], ...] = (
        (machine, result.partner, "more"),
        (reference, result.found, "less"),
    )
    for side, (fsm, matched, kind) in enumerate(sides):
        for state in fsm.states:
            if state not in matched:
                result.states[side][state] = kind
                result.arrows[side].update({(state, a): kind for a in fsm.transitions[state]})
    return result


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


def _answer(fsm: FSM, state: str, acceptance: bool) -> tuple[bool, str | None]:
    return acceptance and state in fsm.accepting, fsm.outputs.get(state)


def dot(machine: FSM, reference: FSM, *, word: Word | None = None, acceptance: bool = True) -> str:
    """The DOT text of two machines in one picture; a word that separates them is in the caption.

    Raises:
        GrammarError: for machines over different symbols, or too many states to be read.
    """
    if set(machine.alphabet) != set(reference.alphabet):
        raise GrammarError(f"{machine} and {reference} have different alphabets")
    many = len(machine.states) + len(reference.states)
    if many > MOST_STATES:
        raise GrammarError(
            f"{machine} and {reference} have {many} states together, and at most {MOST_STATES} are "
            "drawn in one picture; write the machine with .dot and use a tool for large graphs"
        )
    import graphviz

    result = matching(machine, reference, acceptance=acceptance)
    graph = graphviz.Digraph(name="side by side")
    paper = {
        "rankdir": "LR",
        "ordering": "out",
        "bgcolor": LIGHT.paper,
        "pad": "0.25",
        "fontcolor": LIGHT.ink,
    }
    caption = escaped("\n".join(["", *_caption(machine, result, word)]))
    graph.attr("graph", fontname=FONT, fontsize="12", label=caption, labelloc="b", **paper)
    graph.attr("node", fontname=FONT, fontsize="13", shape="ellipse", margin="0.06,0.03")
    graph.attr("edge", fontname=FONT, fontsize="13", arrowsize="0.75")
    for side, (fsm, title) in enumerate(
        ((machine, "extracted machine"), (reference, f"reference: {reference}"))
    ):
        with graph.subgraph(name=f"cluster_{side}") as part:
            part.attr(label=escaped(title), color="#b0b6bd", labelloc="t", fontsize="14")
            # The same order in both, kept by edges, so that equal machines have equal pictures.
            order = _like(reference, result) if side == 0 else reference.states
            rest = [state for state in fsm.states if state not in order]
            _draw(part, fsm, side, result, [*order, *rest], reference.alphabet)
    return str(graph.source)


def _like(reference: FSM, result: Matching) -> list[str]:
    """The states of the machine in the order of those that they are matched with."""
    place = {state: number for number, state in enumerate(reference.states)}
    return sorted(result.partner, key=lambda state: place[result.partner[state]])


def draw(machine: FSM, reference: FSM, format: Format, **options: Any) -> bytes:
    """The picture of `dot`, with its options.

    Raises:
        GrammarError: for machines that are too large to draw.
        MissingExtraError: where there is no Graphviz.
    """
    source, what = dot(machine, reference, **options), f"{machine} and {reference}"
    return run_graphviz(source, format, time_limit=TIME_LIMIT, what=what)


def _draw(
    graph: Any,
    fsm: FSM,
    side: int,
    result: Matching,
    order: Sequence[str],
    symbols_in_order: Sequence[str],
) -> None:
    """One of the two machines into its cluster, states and symbols in an order."""
    names = {state: f"{'mr'[side]}{number}" for number, state in enumerate(fsm.states)}
    start = f"{'mr'[side]}start"
    graph.node(start, label="", shape="point", width="0.07")
    for state in order:
        kind: Kind = result.states[side].get(state, "same")
        label = escaped("\n".join(_label(fsm, state, side, kind, result)))
        rings = "2" if state in fsm.accepting else "1"
        graph.node(names[state], label=label, peripheries=rings, **STYLES[kind])
    graph.edge(start, names[fsm.start])
    arrows: dict[tuple[str, str, Kind], list[str]] = {}
    for source in order:
        line = fsm.transitions[source]
        for symbol in (a for a in symbols_in_order if a in line):
            target = line[symbol]
            kind = result.arrows[side].get((source, symbol), "same")
            arrows.setdefault((source, target, kind), []).append(symbol_text(symbol))
    for (source, target, kind), symbols in arrows.items():
        label = "\n".join(f" {MARKS[kind]}{line} " for line in wrapped(symbols))
        graph.edge(names[source], names[target], label=escaped(label), **STYLES[kind])


def _label(fsm: FSM, state: str, side: int, kind: Kind, result: Matching) -> list[str]:
    lines = [MARKS[kind] + printable(state)]
    if fsm.outputs:
        lines.append(f"output {printable(fsm.outputs[state])}")
    partner = result.partner.get(state) if side == 0 else None
    if partner is not None and partner != state:
        copy = "" if result.found[partner] == state else "also "
        lines.append(f"{copy}= {printable(partner)}")
    if kind == "wrong":
        lines.append("accepts" if state in fsm.accepting else "does not accept")
    return lines


def _caption(machine: FSM, result: Matching, word: Word | None) -> list[str]:
    if not result.differences:
        return ["no difference", ACCEPTS]
    if word is None:
        return [*LEGEND, ACCEPTS]
    text = printable(machine.text(word)) or "the empty word"
    if len(text) > MOST_LETTERS:
        text = f"a word of {len(word):,} symbols"
    return [*LEGEND, ACCEPTS, f"they differ after {text}"]
