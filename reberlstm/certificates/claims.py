"""What is claimed: after which words which heads must say what, and at which nodes it is proved.

A `Claim` says it for the states of the complete machine, so the search for a proof and the search
for a wrong word are about the same. Which words they are is decided by
`reberlstm.machine.tables.Scope`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import Arithmetic, Execution
from reberlstm.choices import PROVABLE_HEADS
from reberlstm.errors import CertificateError
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Scope, Tables, includes_empty_word
from reberlstm.net.base import check_alphabets
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.net.readouts import Rule

Node = tuple[int, tuple[int, ...]]
"""A machine state, and columns of the net's alphabet."""

Shared = Mapping[tuple[int, int], int]
"""For a machine state and the column of the last symbol: the column whose box they share."""

Memory = Callable[[int, tuple[int, ...]], tuple[int, ...]]
"""What is remembered of a word, from the machine state and the symbols that are known of it."""

Indices = NDArray[np.intp]

GRID = 4.0  # state vectors are told apart to one over this; active cells are at about 0.76


@dataclass(frozen=True, eq=False)
class Claim:
    """The words and answers that are to be proved right.

    For each state of the complete machine `steps` has pairs (column in the net, next state) for the
    symbols with which words of the scope go on, in the machine's alphabet order. For each head
    `right`, (states, R), is +1 where the row must say yes (where the rule is ``argmax``, be the
    largest), −1 where it must say no, 0 where it does not matter. A head that belongs to the scope
    and the net has not is `missing`: such a net can be refuted by its heads, but not proved.
    """

    scope: Scope
    heads: tuple[str, ...]
    rules: Mapping[str, Rule]
    tables: Tables
    steps: tuple[tuple[tuple[int, int], ...], ...]
    right: Mapping[str, NDArray[np.int8]]
    missing: str

    @cached_property
    def going_on(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """The steps to where the net is asked."""
        asked = self.tables.asked(self.scope).tolist()
        return tuple(
            tuple((column, target) for column, target in steps if asked[target])
            for steps in self.steps
        )

    def words(self, net: Net, head: str, yes: NDArray[np.bool_]) -> tuple[str, ...]:
        """What the rows of a head that say yes mean: symbols, ``yes`` or ``no``, or a label."""
        if head == "accept":
            return ("yes" if yes[-1] else "no",)
        names = net.alphabet if head == "legal" else net.labels
        chosen = {name for name, true in zip(names, yes, strict=True) if true}
        order = self.tables.alphabet if head == "legal" else names
        return tuple(name for name in order if name in chosen)

    @property
    def includes_empty_word(self) -> bool:
        """Whether the empty word is in the scope."""
        return includes_empty_word(self.scope)


def claim(net: Net, fsm: FSM, scope: Scope | None, heads: Sequence[str] | None) -> Claim:
    """Work out what is to be proved of `net` against `fsm`.

    Raises:
        CertificateError: where the alphabets differ, a head is missing, or a label is unknown.
    """
    check_alphabets(fsm, net, error=CertificateError)
    scope = net.claims if scope is None else scope
    if scope not in ("legal", "all"):
        raise CertificateError(f"scope {scope!r}; choose 'legal' or 'all'")
    tables = fsm.tables(net.on_violation)
    columns = [net.alphabet.index(symbol) for symbol in fsm.alphabet]
    chosen = _heads(net, fsm, scope, heads)
    rules = {head: readout.rule for head in chosen if (readout := net.readout(head)) is not None}
    return Claim(
        scope=scope,
        heads=chosen,
        rules=rules,
        tables=tables,
        steps=tuple(
            tuple(
                (column, target)
                for column, target, legal in zip(columns, *rows, strict=True)
                if legal or scope == "all"
            )
            for rows in zip(tables.table, tables.legal.tolist(), strict=True)
        ),
        right={head: _signs(net, tables, head, rule) for head, rule in rules.items()},
        missing="accept" if heads is None and scope == "all" and "accept" not in chosen else "",
    )


def margins(rule: Rule, right: NDArray[np.int8], lo: Floats, hi: Floats) -> Floats:
    """How far the numbers of a head are on their right sides, (N,); negative where wrong.

    What must be (as in `Claim`), the least and the greatest numbers are (N, R) each.
    """
    if rule.function == "argmax":
        chosen = np.where(right > 0, lo, np.inf).min(axis=1)
        other = np.where(right < 0, hi, -np.inf).max(axis=1)
        return np.asarray(chosen - other)
    above = np.where(right > 0, lo - rule.threshold, np.inf)
    below = np.where(right < 0, rule.threshold - hi, np.inf)
    return np.asarray(np.minimum(above, below).min(axis=1))


def _heads(net: Net, fsm: FSM, scope: Scope, heads: Sequence[str] | None) -> tuple[str, ...]:
    wanted: list[str]
    if heads is None:
        wanted = [head for head in net.asked(scope) if head != "label" or fsm.outputs]
        wanted = wanted or list(net.asked(scope)) or ["legal"]
    else:
        wanted = [head for head in PROVABLE_HEADS if head in heads]
        unknown = [head for head in heads if head not in PROVABLE_HEADS]
        if unknown or not wanted:
            raise CertificateError(
                f"head {unknown[0] if unknown else ''!r} cannot be certified; choose among "
                f"{', '.join(PROVABLE_HEADS)}"
            )
    for head in wanted:
        if net.readout(head) is None:
            raise CertificateError(
                f"net {net.name!r} has no {head!r} head, which scope {scope!r} asks for; its "
                f"heads are {', '.join(net.heads) or 'none'}; choose another scope or heads"
            )
    if "label" in wanted:
        unknown = sorted(set(fsm.outputs.values()) - set(net.labels))
        if unknown or not fsm.outputs:
            lacking = f"output {unknown[0]!r}" if unknown else "no outputs"
            raise CertificateError(
                f"{fsm} has {lacking}, but the labels of net {net.name!r} are "
                f"{' '.join(net.labels) or 'none'}"
            )
    return tuple(wanted)


def _signs(net: Net, tables: Tables, head: str, rule: Rule) -> NDArray[np.int8]:
    """What the rows of a head have to say in each state of the machine."""
    if head == "legal":
        truth = tables.legal[:, tables.columns(net.alphabet)]
    elif head == "accept":
        truth = tables.accepting[:, np.newaxis]
        truth = np.hstack([~truth, truth]) if rule.function == "argmax" else truth
    else:
        truth = np.array([[label == output for label in net.labels] for output in tables.outputs])
    signs = np.where(truth, 1, -1).astype(np.int8)
    if head == "label":
        signs[[output is None for output in tables.outputs]] = 0
    return signs


@dataclass(frozen=True, eq=False)
class Level:
    """All j-th steps of words that go on from the nodes, (E,) each."""

    roots: Indices  # the node that the word goes on from
    parents: Indices  # which of the (j−1)-th steps came before; for the first steps, the node
    symbols: Indices  # the column that is read
    states: Indices  # the machine state after it

    def __len__(self) -> int:
        return len(self.roots)


@dataclass(frozen=True, eq=False)
class Nodes:
    """A graph of nodes: what is remembered of a word.

    A node is the machine's state together with some of the last symbols: k of them, or as many as a
    `Memory` says, at most k; shorter words are remembered whole. Where k is 1, some last symbols
    may share a node. Node 0 stands for the empty
    word alone, the state vector that words begin in. With a stride of m a box is needed only for
    words of m, 2·m, 3·m … symbols, and `Level` holds the steps from one to the next.
    """

    k: int
    names: tuple[Node, ...]
    levels: tuple[Level, ...]  # as many as the stride; the last one sorted by target
    targets: Indices  # for every step of the last level the node that it leads to
    shared: Shared | None = None
    varies: bool = False  # whether k is the most, and some nodes remember fewer symbols

    def __len__(self) -> int:
        return len(self.names)

    @property
    def stride(self) -> int:
        """After how many symbols there is a box again."""
        return len(self.levels)

    @property
    def steps(self) -> int:
        """The number of steps, of all levels."""
        return sum(map(len, self.levels))

    @cached_property
    def states(self) -> Indices:
        """The machine state of every node."""
        return np.array([state for state, _ in self.names], dtype=np.intp)

    def levels_from(self, chosen: NDArray[np.bool_]) -> tuple[list[Level], Indices]:
        """The steps from some of the nodes, and the targets of the last ones."""
        if chosen.all():
            return list(self.levels), self.targets
        levels: list[Level] = []
        numbers: Indices | None = None  # new numbers of the steps before
        kept = np.zeros(0, dtype=np.intp)
        for level in self.levels:
            kept = np.flatnonzero(chosen[level.roots])
            parents = level.parents[kept] if numbers is None else numbers[level.parents[kept]]
            symbols, states = level.symbols[kept], level.states[kept]
            levels.append(Level(level.roots[kept], parents, symbols, states))
            numbers = np.zeros(len(level), dtype=np.intp)
            numbers[kept] = np.arange(len(kept))
        return levels, self.targets[kept]

    def levels_of(self, owners: Indices) -> tuple[list[Level], Indices]:
        """The steps from boxes, each of the node ``owners[b]``, and the targets of the last ones.

        A node may own several boxes, or none; roots are numbers of boxes.
        """
        levels: list[Level] = []
        chosen = begins = places = np.zeros(0, dtype=np.intp)
        for level in self.levels:
            order = np.argsort(level.roots, kind="stable")
            numbers = np.bincount(level.roots, minlength=len(self))
            first = numbers.cumsum() - numbers
            each = numbers[owners]  # so many steps go on from each box
            roots = np.repeat(np.arange(len(owners)), each)
            before, begins = begins, each.cumsum() - each
            chosen = order[first[owners][roots] + np.arange(len(roots)) - begins[roots]]
            parents = before[roots] + places[level.parents[chosen]] if levels else roots
            levels.append(Level(roots, parents, level.symbols[chosen], level.states[chosen]))
            places = np.empty(len(level), dtype=np.intp)  # where a step is among those of its root
            places[order] = np.arange(len(level)) - first[level.roots[order]]
        return levels, self.targets[chosen]


def unfold(
    claim: Claim,
    k: int,
    most: int,
    stride: int = 1,
    shared: Shared | None = None,
    memory: Memory | None = None,
) -> Nodes | None:
    """The nodes that words of the scope come to, or None where there are more than `most` steps.

    What nodes remember is k symbols, what is shared, or what `memory` says.
    """
    remembered = memory or _last(k, shared)
    names: list[Node] = [(0, ())]
    index: dict[Node, int] = {}
    levels: list[list[tuple[int, int, int, int]]] = [[] for _ in range(stride)]
    targets: list[int] = []
    for number, (state, last) in enumerate(names):
        front: list[tuple[int, int, tuple[int, ...]]] = [(number, state, ())]
        for level in levels:
            following = []
            for parent, before, path in front:
                for column, after in claim.going_on[before]:
                    following.append((len(level), after, (*path, column)))
                    level.append((number, parent, column, after))
            front = following
        for _, after, path in front:
            node = (after, remembered(after, (*last, *path)))
            if node not in index:
                index[node] = len(names)
                names.append(node)
            targets.append(index[node])
        if sum(map(len, levels)) > most:
            return None
    order = np.argsort(ends := np.array(targets, dtype=np.intp), kind="stable")
    tables = [np.array(level, dtype=np.intp).reshape(-1, 4) for level in levels]
    tables[-1] = tables[-1][order]
    steps = tuple(Level(*table.T) for table in tables)
    k = max(len(last) for _, last in names) if memory else k
    return Nodes(k, tuple(names), steps, ends[order], shared, memory is not None)


def _last(k: int, shared: Shared | None) -> Memory:
    """To remember k symbols, or the one that the last symbol shares its node with."""

    def remembered(state: int, known: tuple[int, ...]) -> tuple[int, ...]:
        if shared is not None:
            return (shared[state, known[-1]],)
        return known[-k:] if k else ()

    return remembered


def shared_symbols(net: Net, claim: Claim, arithmetic: Arithmetic) -> Shared | None:
    """The last symbols that may share a box, or None where that would not help.

    A state of a compiled net may have several cells, of which the last symbol tells the active one.
    A box for each state is too wide then, and boxes for each state and last symbol are many. So the
    net is run to every state on every last symbol, and symbols that lead to the same place share a
    box. That only guesses which boxes to look for: what is found is proved like any invariant.

    It helps where some state has several kinds of last symbols, and no more kinds in all than a net
    with one active cell has vertices: one for each cell, zero, and what comes after a violation.
    """
    execution = Execution(net, arithmetic)
    # For each state and last symbol the rounded h to which one word to each state leads.
    found: dict[tuple[int, int], set[tuple[float, ...]]] = defaultdict(set)
    points = {0: execution.start()}
    for state in (pending := [0]):
        steps = claim.going_on[state]
        if not steps:
            continue
        columns = np.array([column for column, _ in steps], dtype=np.intp)
        after = execution.step(np.repeat(points[state], len(steps), axis=0), columns)
        rounded = np.rint(GRID * net.hidden(after)) + 0.0
        for number, (column, target) in enumerate(steps):
            found[target, column].add(tuple(rounded[number]))
            if target not in points:
                points[target] = after[number : number + 1]
                pending.append(target)
    first: dict[tuple[int, tuple[tuple[float, ...], ...]], int] = {}
    shared = {
        (state, column): first.setdefault((state, tuple(sorted(places))), column)
        for (state, column), places in found.items()
    }
    several = len(first) > len({state for state, _ in first})
    return shared if several and len(first) <= net.size + 2 else None
