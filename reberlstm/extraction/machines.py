"""Hypotheses over indices and the machines that people read, one made from the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.trajectories import NOT_ASKED, OUTSIDE, Trajectories
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM
from reberlstm.net.net import Observed

OUTSIDE_NAME = "outside"
"""The state of all words that have left the reference which they were to be kept within."""

NO_LABEL = -1 << 40
"""Stands for a label that the net cannot give."""


def to_fsm(runs: Trajectories, machine: Hypothesis, name: str, reference: FSM | None) -> FSM:
    """The machine with readable names: those of the reference's states where they fit."""
    alphabet, labels = runs.net.alphabet, runs.net.labels
    outside = runs.number(OUTSIDE)
    names = _names(machine, outside, alphabet, reference)
    accepting, outputs = set(), {}
    for state, number, line in zip(names, machine.observation, machine.table, strict=True):
        seen = runs.meaning(number)
        if number == outside:
            outputs[state] = OUTSIDE_NAME
            continue
        if seen is None:  # the word is over
            ends = True
        elif seen.accept is not None:
            ends = bool(seen.accept[0])
        else:
            ends = seen.legal is not None and max(line) < 0
        if ends:
            accepting.add(state)
        if seen is not None and seen.label is not None:
            label = int(seen.label[0])
            outputs[state] = labels[label] if 0 <= label < len(labels) else str(label)
    return FSM(
        alphabet=alphabet,
        start=names[0],
        accepting=frozenset(accepting),
        transitions={
            state: {alphabet[a]: names[target] for a, target in enumerate(line) if target >= 0}
            for state, line in zip(names, machine.table, strict=True)
        },
        outputs=outputs if "label" in runs.net.observed and len(outputs) == len(names) else {},
        name=name,
    )


def _names(
    machine: Hypothesis, outside: int, alphabet: tuple[str, ...], reference: FSM | None
) -> list[str]:
    """The reference's names if its graph maps one to one onto the machine's, else q0, q1, ..."""
    plain = [
        OUTSIDE_NAME if number == outside else f"q{state}"
        for state, number in enumerate(machine.observation)
    ]
    if reference is None or set(reference.alphabet) != set(alphabet):
        return plain

    def follow(pair: tuple[int, str]) -> Iterator[tuple[int, tuple[int, str]]]:
        line = reference.transitions.get(pair[1], {})
        for symbol, target in enumerate(machine.table[pair[0]]):
            if target >= 0:
                yield symbol, (target, line.get(alphabet[symbol], ""))

    # As soon as there are more pairs than states, they are not one to one.
    names = dict(pairs := crawl([(0, reference.start)], follow, most=len(plain) + 1).found)
    one_to_one = len(pairs) == len(names) == len(set(names.values())) == len(plain)
    if not one_to_one or "" in names.values():
        return plain
    return [names[state] for state in range(len(plain))]


def hypothesis_of(runs: Trajectories, fsm: FSM) -> Hypothesis:
    """A machine in the form that oracles compare with a net: what a right net would show.

    Its states are pairs of a node of the scope and a state of the machine.
    """
    net, scope, tables = runs.net, runs.scope, fsm.tables()
    columns = tables.columns(net.alphabet)
    target, legal = tables.target[:, columns], tables.legal[:, columns]

    def follow(pair: tuple[int, int]) -> Iterator[tuple[int, tuple[int, int]]]:
        node, state = pair
        for symbol in np.flatnonzero(scope.goes_on(node, legal[state])).tolist():
            yield symbol, (int(scope.target[node, symbol]), int(target[state, symbol]))

    pairs = crawl([(0, 0)], follow).found
    number = {pair: row for row, pair in enumerate(pairs)}
    table = [[-1] * len(net.alphabet) for _ in pairs]
    for row, pair in enumerate(pairs):
        for symbol, after in follow(pair):
            table[row][symbol] = number[after]
    nodes, states = np.array(pairs, dtype=np.intp).T
    labels = np.array([_number_of_label(label, net.labels) for label in tables.outputs])
    observed = Observed(
        legal[states] if "legal" in net.observed else None,
        tables.accepting[states] if "accept" in net.observed else None,
        labels[states] if "label" in net.observed else None,
    )
    seen = runs.numbers(observed, nodes)
    if scope.only_legal and scope.first is not None:
        # A net that is only asked while words go on is not asked where none do.
        ends = ~tables.goes_on[states] & ~scope.decides[nodes]
        seen[ends] = NOT_ASKED
    return Hypothesis(table, seen.tolist())


def _number_of_label(label: str | None, labels: tuple[str, ...]) -> int:
    if label in labels:
        return labels.index(label)
    try:
        return int(label or "")
    except ValueError:
        return NO_LABEL
