"""Between the indices of the search and the machines that people read."""

from __future__ import annotations

import numpy as np

from reberlstm.extraction.learner import Snapshot
from reberlstm.extraction.trajectories import LAST, OVER, Ids, Trajectories
from reberlstm.fsm import FSM
from reberlstm.monitor import Monitor


def to_fsm(runs: Trajectories, machine: Snapshot, name: str, reference: FSM | None) -> FSM:
    """The machine with readable names: those of the reference's states where they fit."""
    subject = runs.subject
    names = _names(machine, subject.alphabet, reference)
    seen = [runs.meaning(observation) for observation in machine.observation]
    accepting = set()
    for state, shown in enumerate(seen):
        offers_nothing = all(target < 0 for target in machine.table[state])
        if shown is None or (shown.accept is None and shown.legal is not None and offers_nothing):
            accepting.add(names[state])
        elif shown.accept is not None and shown.accept[0]:
            accepting.add(names[state])
    outputs = {}
    if all(shown is not None and shown.label is not None for shown in seen):
        labels = [
            int(shown.label[0]) for shown in seen if shown is not None and shown.label is not None
        ]
        outputs = {
            names[state]: subject.labels[label] if label < len(subject.labels) else str(label)
            for state, label in enumerate(labels)
        }
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
        outputs=outputs,
        name=name,
    )


def _names(machine: Snapshot, alphabet: tuple[str, ...], reference: FSM | None) -> list[str]:
    """The reference's names if its graph maps one to one onto the machine's, else q0, q1, …"""
    plain = [f"q{state}" for state in range(len(machine.table))]
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
        monitor = fsm.monitor("absorb")
        order = [fsm.alphabet.index(symbol) for symbol in subject.alphabet]
        shown = subject.observe(runs.states(np.zeros(1, dtype=np.intp)))
        table = np.array(monitor.table, dtype=np.intp)[:, order]
        over = np.zeros(len(table), dtype=bool)
        for symbol in subject.scope.last:
            over[table[:, symbol]] = True
        if monitor.dead is not None:
            over[monitor.dead] = False
        if subject.scope.follows_legal:
            for state in range(len(table)):
                legal = monitor.legal(state)
                for symbol, text in enumerate(subject.alphabet):
                    if text not in legal or over[state]:
                        table[state, symbol] = -1
        self.table: list[list[int]] = table.tolist()
        self._shown = np.array(
            [
                runs.number(LAST)
                if over[state]
                else runs.number(
                    _key(
                        monitor,
                        state,
                        subject.alphabet,
                        subject.labels,
                        (
                            shown.legal is not None,
                            shown.accept is not None,
                            shown.label is not None,
                        ),
                    )
                )
                for state in range(len(table))
            ],
            dtype=np.intp,
        )

    def __len__(self) -> int:
        return len(self.table)

    def arrays(self) -> tuple[Ids, Ids]:
        """The table and the observations, as a search wants them."""
        return np.array(self.table, dtype=np.intp), self._shown


def _key(
    monitor: Monitor,
    state: int,
    alphabet: tuple[str, ...],
    labels: tuple[str, ...],
    parts: tuple[bool, bool, bool],
) -> tuple[int, ...]:
    """What a right net would show at a state: legal set, acceptance, label, as far as it tells."""
    key: list[int] = []
    if parts[0]:
        legal = monitor.legal(state)
        key += [int(symbol in legal) for symbol in alphabet]
    if parts[1]:
        key.append(int(monitor.accepting(state)))
    if parts[2]:
        name = monitor.states[state]
        label = None if name is None else monitor.fsm.outputs.get(name)
        key.append(labels.index(label) if label in labels else OVER - 1)
    return tuple(key)
