"""A machine from observations: states are state vectors that no suffix seen so far tells apart.

The learner is that of M. J. Kearns and U. V. Vazirani (An Introduction to Computational Learning
Theory, 1994, chapter 8), with the counterexample analysis of R. L. Rivest and R. E. Schapire
(Inference of Finite Automata Using Homing Sequences, Information and Computation 103 (1993)). What
a black-box learner would ask again as a whole word is here one more step from a state vector kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from reberlstm.extraction.trajectories import NOT_ASKED, OUTSIDE, BudgetEnd, Ids, Trajectories
from reberlstm.machine.crawl import crawl, refine
from reberlstm.machine.fsm import FSM
from reberlstm.net.base import Observed


@dataclass
class Hypothesis:
    """A machine over indices, which oracles compare with a net.

    ``table[state][symbol]`` is the next state, or −1 where the symbol is not offered; state 0 is
    the start. Of each state there are the number of its observation, and of the state vector that
    its access word leads to (none for a machine that was not learned from a net).
    """

    table: list[list[int]]
    observation: list[int]
    access: list[int] = field(default_factory=list)

    _words: dict[int, tuple[int, ...]] | None = field(default=None, compare=False, repr=False)

    def arrays(self) -> tuple[Ids, Ids]:
        """The table, shape (S, A), and the observations, shape (S,)."""
        return np.array(self.table, dtype=np.intp), np.array(self.observation, dtype=np.intp)

    def access_words(self) -> dict[int, tuple[int, ...]]:
        """A shortest word to every state that one leads to, in breadth-first order.

        Searched for once: what oracles are given does not change any more.
        """
        if self._words is None:
            found = crawl(
                [0], lambda state: [(a, t) for a, t in enumerate(self.table[state]) if t >= 0]
            )
            self._words = {state: found.word(state) for state in found.found}
        return self._words

    def copy(self) -> Hypothesis:
        """The machine as it is now."""
        return Hypothesis([[*line] for line in self.table], [*self.observation], [*self.access])

    def minimised(self) -> Hypothesis:
        """The machine with states merged that show the same after every word.

        The learner's states differ in what the *net* shows, which is more until it is right.
        """
        merged = refine(self.table, self.observation)
        first = [merged.index(number) for number in range(max(merged) + 1)]
        return Hypothesis(
            [[merged[to] if to >= 0 else -1 for to in self.table[state]] for state in first],
            [self.observation[state] for state in first],
            [self.access[state] for state in first],
        )


@dataclass
class _Node:
    """Of the discrimination tree: a suffix with a child per observation, or a leaf with a state."""

    suffix: tuple[int, ...] = ()
    children: dict[int, _Node] = field(default_factory=dict)
    state: int | None = None


class Learner(Hypothesis):
    """The machine as it is known so far; `refine` makes it know more."""

    def __init__(self, trajectories: Trajectories, max_states: int) -> None:
        super().__init__([], [], [])
        self._trajectories, self._max_states = trajectories, max_states
        self._root = _Node()
        self._leaf: list[_Node] = []
        self._open: list[tuple[int, int, _Node]] = []
        self._sift(np.zeros(1, dtype=np.intp), [self._root])

    def __len__(self) -> int:
        return len(self.access)

    def close(self, *, grow: bool = True) -> None:
        """Find the targets of all open transitions; new states may open more.

        Where it may not `grow`, a transition leads to the known state nearest in the tree.

        Raises:
            BudgetEnd: when there are more states than allowed, or the trajectories may not go on.
        """
        while self._open:
            batch = list(self._open)
            sources = np.array([self.access[state] for state, _, _ in batch], dtype=np.intp)
            symbols = np.array([symbol for _, symbol, _ in batch], dtype=np.intp)
            nodes = [node for _, _, node in batch]
            targets = self._sift(self._trajectories.advance(sources, symbols), nodes, grow)
            for (state, symbol, _), target in zip(batch, targets, strict=True):
                self.table[state][symbol] = target
            del self._open[: len(batch)]

    def refine(self, word: Sequence[int]) -> None:
        """Split a state so that the machine no longer errs on a word whose prefixes were right."""
        runs = self._trajectories
        states = [0]
        for symbol in word[:-1]:
            states.append(self.table[states[-1]][symbol])
        truth = runs.follow(np.zeros(1, dtype=np.intp), word)[0]

        def after(i: int) -> int:
            """What the net shows when the machine's state after i symbols is trusted."""
            ids = np.array([self.access[states[i]]])
            return int(runs.follow(ids, word[i:])[0])

        # The last state but one errs already: its successor was sorted by what is seen of it.
        # From there back in growing strides: suffixes are run again and again, so short ones pay.
        low, high = 0, len(states) - 1
        stride = 1
        while high - stride > low:
            if after(high - stride) == truth:
                low = high - stride
            else:
                high -= stride
                stride *= 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if after(middle) == truth else (low, middle)
        source, symbol, suffix = states[low], word[low], tuple(word[low + 1 :])
        old = self.table[source][symbol]
        moved = runs.advance(np.array([self.access[source]]), np.array([symbol]))[0]
        self._split(old, int(moved), suffix)
        self.close()

    def _split(self, old: int, vector: int, suffix: tuple[int, ...]) -> None:
        leaf = self._leaf[old]
        pair = self._trajectories.follow(np.array([self.access[old], vector]), suffix)
        assert pair[0] != pair[1], "the suffix tells the two state vectors apart"
        leaf.state, leaf.suffix = None, suffix
        self._leaf[old] = leaf.children[int(pair[0])] = _Node(state=old)
        self._add(vector, leaf, int(pair[1]))
        for state, line in enumerate(self.table):
            for symbol, target in enumerate(line):
                if target == old:  # which led to the leaf, so they are sorted on from there
                    self._open.append((state, symbol, leaf))

    def _sift(self, ids: Ids, nodes: Sequence[_Node], grow: bool = True) -> list[int]:
        """The state of each vector, by the suffixes at a node that it belongs to, and below.

        Unseen behaviour is a new state.
        """
        unique, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
        result = np.full(len(unique), -1)
        groups: dict[int, tuple[_Node, list[int]]] = {}
        for row, position in enumerate(first.tolist()):
            node = nodes[position]
            groups.setdefault(id(node), (node, []))[1].append(row)
        waiting = [(node, np.array(rows, dtype=np.intp)) for node, rows in groups.values()]
        while waiting:
            node, rows = waiting.pop()
            if node.state is not None:
                result[rows] = node.state
                continue
            seen = self._trajectories.follow(unique[rows], node.suffix)
            for value in np.unique(seen).tolist():
                part = rows[seen == value]
                if value not in node.children and grow:
                    self._add(int(unique[part[0]]), node, value)
                child = node.children.get(value) or next(iter(node.children.values()))
                waiting.append((child, part))
        return [int(state) for state in result[inverse]]

    def _add(self, vector: int, parent: _Node, value: int) -> None:
        number = len(self.access)
        if number >= self._max_states:
            raise BudgetEnd("states")
        leaf = parent.children[value] = _Node(state=number)
        self._leaf.append(leaf)
        ids = np.array([vector], dtype=np.intp)
        self.access.append(vector)
        self.observation.append(int(self._trajectories.observation(ids)[0]))
        self.table.append([-1] * len(self._trajectories.net.alphabet))
        offered = np.flatnonzero(self._trajectories.offered(ids)[0])
        self._open.extend((number, int(symbol), self._root) for symbol in offered)


OUTSIDE_NAME = "outside"
"""The state of all words that have left the reference which they were to be kept within."""


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
        return -1 << 40  # a label that the net cannot give
