"""Between the indices of the search and the machines that people read."""

from __future__ import annotations

import numpy as np

from reberlstm.extraction.interning import Ids
from reberlstm.extraction.learner import Snapshot
from reberlstm.extraction.subject import Subject
from reberlstm.extraction.trajectories import LAST, OUTSIDE, UNASKED, Trajectories
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Tables


def to_fsm(runs: Trajectories, machine: Snapshot, name: str, reference: FSM | None) -> FSM:
    """The machine with readable names: those of the reference's states where they fit."""
    subject = runs.subject
    seen = [runs.meaning(observation) for observation in machine.observation]
    outside = [observation == runs.number(OUTSIDE) for observation in machine.observation]
    names = _names(machine, outside, subject.alphabet, reference)
    accepting, outputs = set(), {}
    for name_of_state, shown, line, left in zip(names, seen, machine.table, outside, strict=True):
        if left:
            ends = False
            outputs[name_of_state] = OUTSIDE_NAME
        elif shown is None:  # the word is over
            ends = True
        elif shown.accept is not None:
            ends = bool(shown.accept[0])
        else:
            ends = shown.legal is not None and max(line) < 0
        if ends:
            accepting.add(name_of_state)
        if shown is not None and shown.label is not None:
            outputs[name_of_state] = _label(int(shown.label[0]), subject.labels)
    return FSM(
        alphabet=subject.alphabet,
        start=names[0],
        accepting=frozenset(accepting),
        transitions={
            names[state]: {
                subject.alphabet[symbol]: names[target]
                for symbol, target in enumerate(line)
                if target >= 0
            }
            for state, line in enumerate(machine.table)
        },
        outputs=outputs if "label" in subject.observed and len(outputs) == len(names) else {},
        name=name,
    )


def minimised(machine: Snapshot) -> Snapshot:
    """The machine with states merged that show the same after every word (E. F. Moore, 1956).

    The learner's states differ in what the *net* shows; a machine that is not yet right may have
    states in which it shows the same itself.
    """
    groups = machine.observation
    while True:
        keys = [
            (groups[state], tuple(groups[target] if target >= 0 else -1 for target in line))
            for state, line in enumerate(machine.table)
        ]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        finer = [numbers[key] for key in keys]
        if len(numbers) == len(set(groups)):
            break
        groups = finer
    first = [finer.index(group) for group in range(len(numbers))]
    return Snapshot(
        access=[machine.access[state] for state in first],
        observation=[machine.observation[state] for state in first],
        table=[
            [finer[target] if target >= 0 else -1 for target in machine.table[state]]
            for state in first
        ],
    )


def _label(number: int, labels: tuple[str, ...]) -> str:
    return labels[number] if 0 <= number < len(labels) else str(number)


OUTSIDE_NAME = "outside"
"""The state of all words that have left the reference which they were to be kept within."""


def _names(
    machine: Snapshot, outside: list[bool], alphabet: tuple[str, ...], reference: FSM | None
) -> list[str]:
    """The reference's names if its graph maps one to one onto the machine's, else q0, q1, ..."""
    plain = [OUTSIDE_NAME if left else f"q{state}" for state, left in enumerate(outside)]
    if reference is None or set(reference.alphabet) != set(alphabet):
        return plain
    names: dict[int, str] = {0: reference.start}
    queue = [0]
    for state in queue:
        for symbol, target in enumerate(machine.table[state]):
            if target < 0:
                continue
            name = reference.next_state(names[state], alphabet[symbol])
            if name is None or names.get(target, name) != name:
                return plain
            if target not in names:
                names[target] = name
                queue.append(target)
    if len(names) < len(machine.table) or len(set(names.values())) < len(names):
        return plain
    return [names[state] for state in range(len(machine.table))]


class Fixed:
    """A given machine in the form that the search compares with a net."""

    def __init__(self, runs: Trajectories, fsm: FSM) -> None:
        subject = runs.subject
        tables = fsm.tables("absorb")
        order = tables.columns(subject.alphabet)
        table = tables.target[:, order]
        over = np.zeros(len(table), dtype=bool)
        for symbol in subject.scope.last:
            over[table[:, symbol]] = True
        if subject.scope.within is not None:
            over[:] = ~tables.goes_on
        if tables.dead is not None:
            over[tables.dead] = False
        if subject.scope.follows_legal:
            for state in range(len(table)):
                legal = tables.symbols[state]
                for symbol, text in enumerate(subject.alphabet):
                    if text not in legal or over[state]:
                        table[state, symbol] = -1
        self.table: list[list[int]] = table.tolist()
        silent = subject.observed == ("legal",)
        # Nor does it say anything of use after a word that cannot go on, whatever its last symbol.
        ends = [False] * len(over)
        if silent and subject.scope.first is not None:
            ends = [
                name is not None and not fsm.transitions[name] and not over[state]
                for state, name in enumerate(tables.names)
            ]
            table[ends] = -1
        keys = [
            LAST if over[state] and silent else _key(tables, state, subject)
            for state in range(len(over))
        ]
        self._shown = np.array([runs.number(key) for key in keys], dtype=np.intp)
        self._shown[ends] = UNASKED

    def arrays(self) -> tuple[Ids, Ids]:
        """The table and the observations, as a search wants them."""
        return np.array(self.table, dtype=np.intp), self._shown


NO_LABEL = -1 << 40
"""Stands for a label that the net cannot give."""


def _key(tables: Tables, state: int, subject: Subject) -> tuple[int, ...]:
    """What a right net would show at a state: legal set, acceptance, label, as far as it tells."""
    key: list[int] = []
    if subject.scope.follows_legal:
        legal = tables.symbols[state]
        key += [int(symbol in legal) for symbol in subject.alphabet]
    if "accept" in subject.observed:
        key.append(int(tables.accepting[state]))
    if "label" in subject.observed:
        key.append(_number_of_label(tables.outputs[state], subject.labels))
    return tuple(key)


def _number_of_label(label: str | None, labels: tuple[str, ...]) -> int:
    """The inverse of `_label`."""
    if label in labels:
        return labels.index(label)
    try:
        return int(label or "")
    except ValueError:
        return NO_LABEL
