"""The state graph of a machine with counters: guards and actions on the arrows.

In the style of `reberlstm.render.machine`, which draws the picture of the DOT text made here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from reberlstm.display import renders
from reberlstm.errors import GrammarError, count
from reberlstm.machine.counters import (
    CounterMachine,
    CounterTransition,
    action_text,
    configuration_text,
    guard_text,
    typeset,
)
from reberlstm.render import block
from reberlstm.render.machine import (
    DARK,
    ELLIPSE,
    LIGHT,
    NAME_WIDTH,
    Direction,
    Run,
    add_violation,
    blank,
    escaped,
    key_lines,
    machine_svg,
    name_lines,
    printable,
    shape_for,
    spaced,
    steps_text,
    symbol_text,
    taken,
    trail,
    verdict,
)


@renders(CounterMachine, "dot")
def counters_dot(
    machine: CounterMachine,
    *,
    word: str | Iterable[str] | None = None,
    direction: Direction = "LR",
    dark: bool = False,
    dead_states: bool = False,
    probabilities: bool | None = None,
    key: bool = False,
) -> str:
    """The DOT text of the state graph, for Graphviz's ``dot``.

    Args:
        machine: The machine.
        word: A word to lay over the graph.
        direction: ``LR`` left to right, ``TB`` top down.
        dark: Light ink on dark paper.
        dead_states: No matter: all states are drawn.
        probabilities: As for an `FSM`, but there are none to be drawn.
        key: As for an `FSM`.

    Raises:
        GrammarError: for a word with an unknown symbol, a direction other than the two, or where
            probabilities are asked for.

    Example:
        >>> from reberlstm import load_grammar
        >>> "[n &gt; 0]" in counters_dot(load_grammar("anbn"))
        True
    """
    if probabilities:
        raise GrammarError(f"{machine} has counters and no probabilities; leave the option out")
    theme = DARK if dark else LIGHT
    run, caption = _run(machine, word)
    ends = {state: _end(machine, state) for state in machine.states}
    short = not any(ends.values())
    shape = shape_for(machine.states) if short else ELLIPSE
    signs = key_lines(run, counters=True) if key else []
    graph = blank(machine.name, theme, direction, caption=caption, shape=shape, key=signs)
    number = {state: str(index) for index, state in enumerate(machine.states)}
    for state in machine.states:
        lines = [*name_lines(state), *textwrap.wrap(ends[state] or "", NAME_WIDTH)]
        accepting = {"peripheries": "2"} if ends[state] is not None else {}
        label = {"label": escaped("\n".join(lines)), "tooltip": escaped(printable(state))}
        graph.node(number[state], **label, **accepting, **trail(state, run, theme))
    graph.edge("start", number[machine.start])
    pairs: dict[tuple[str, str], list[CounterTransition]] = {}
    for arrow in machine.transitions:
        pairs.setdefault((arrow.source, arrow.target), []).append(arrow)
    for (source, target), arrows in pairs.items():
        steps = run.steps.get((source, target), {})
        lines = []
        for arrow in arrows:
            line = _arrow_text(machine, arrow)
            lines.append(line + (steps_text(steps[line]) if line in steps else ""))
        tip = escaped(f"{printable(source)} → {printable(target)}: {'; '.join(lines)}")
        seen = taken(theme) if steps else {}
        graph.edge(number[source], number[target], label=spaced(lines), tooltip=tip, **seen)
    if run.violation is not None:
        position, state, symbol = run.violation
        add_violation(graph, number[state], position, symbol, theme)
    return str(graph.source)


def _run(machine: CounterMachine, word: str | Iterable[str] | None) -> tuple[Run, list[str]]:
    """A word's way by arrows, and where it ends in words."""
    if word is None:
        return Run(), []
    symbols = machine.word(word)
    way = list(machine.configurations(symbols))
    run = Run([state for state, _ in way])
    for position, ((state, values), symbol) in enumerate(zip(way, symbols, strict=False), start=1):
        arrow = machine.arrow((state, values), symbol)
        if arrow is None:
            run.violation = (position, state, symbol)
            break
        steps = run.steps.setdefault((state, arrow.target), {})
        steps.setdefault(_arrow_text(machine, arrow), []).append(position)
    last = way[-1]
    ends = machine.accepting_at(last)
    name, legal = configuration_text(last), machine.legal(last)
    return run, [verdict(machine.text(symbols), len(symbols), name, legal, ends, run.violation)]


def _end(machine: CounterMachine, state: str) -> str | None:
    """When a word may end in a state; None for never, nothing for always."""
    guards = [guard_text(machine.counters, when) for end, when in machine.accepting if end == state]
    if not guards:
        return None
    return "" if "" in guards else typeset(f"ends if {' or '.join(guards)}")


def _arrow_text(machine: CounterMachine, arrow: CounterTransition) -> str:
    guard = guard_text(machine.counters, arrow.when)
    action = action_text(machine.counters, arrow.change)
    parts = (f"[{guard}]" if guard else "", action)
    return "  ".join([symbol_text(arrow.symbol), *(typeset(part) for part in parts if part)])


@renders(CounterMachine, "html")
def counters_html(machine: CounterMachine) -> str:
    """The state graph for a notebook, with the machine's size."""
    facts = (
        f"{count(len(machine.states), 'state')}, {count(len(machine.transitions), 'transition')} "
        f"over {count(len(machine.alphabet), 'symbol')}, "
        f"{count(len(machine.counters), 'counter')} ({', '.join(machine.counters)}); "
        f"starts at {machine.start}"
    )
    return block(machine.title or str(machine), [facts], svg=machine_svg(machine))
