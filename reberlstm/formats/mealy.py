"""Mealy machines, whose transitions have outputs, as Moore machines, whose states have them.

E. F. Moore, Gedanken-experiments on sequential machines, Automata Studies (1956) 129–153, and
G. H. Mealy, A method for synthesizing sequential circuits, Bell System Technical Journal 34 (1955)
1045–1079: a state for each pair of a state and the output with which it was entered.
"""

from __future__ import annotations

from collections.abc import Sequence

from reberlstm.formats.draft import EMPTY_OUTPUT, Arc, Draft


def to_moore(mealy: Draft, outputs: Sequence[str]) -> Draft:
    """The reachable part of a Mealy machine, given as a draft and the outputs of its arcs.

    The output of the start, where nothing has been put out yet, is `EMPTY_OUTPUT`.
    """
    mealy.settle_names()
    moore = mealy.empty_copy()
    leaving: list[list[tuple[Arc, str]]] = [[] for _ in mealy.names]
    for arc, output in zip(mealy.arcs, outputs, strict=True):
        leaving[arc.source].append((arc, output))

    waiting: list[int] = []

    def entered(state: int, output: str) -> int:
        name = mealy.names[state] + (f"/{output}" if output else "")
        count = len(moore.names)
        number = moore.state((state, output), mealy.places[state], name)
        if number == count:
            waiting.append(state)
            moore.outputs[number] = output or EMPTY_OUTPUT
            if state in mealy.accepting:
                moore.accepting.add(number)
        return number

    for state in mealy.initial:
        moore.initial[entered(state, "")] = None
    for source, state in enumerate(waiting):
        for arc, output in leaving[state]:
            moore.arc(source, arc.symbol, entered(arc.target, output), arc.place)
    moore.notes.append(
        f"a Mealy machine: its {len(mealy.names):,} states became the {len(moore.names):,} of a "
        "Moore machine, whose states tell the output of the transition that entered them"
    )
    return moore
