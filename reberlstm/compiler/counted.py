"""Machines with counters: a counter is a cell that holds a number, and control is wired as usual.

**A counter** has a cell whose forget, input and output gates are open and whose candidate is +1 or
−1 on the symbols that change it, and exactly 0 on others. So ``c' = c + 1``, and ``h = tanh c``
tells the sign for free: 0 at 0, and at least tanh 1 in size elsewhere.

**Control** has a cell for each state, as in `reberlstm.compiler.layout`. The input gate decides on
states and symbols, the output gate on what transitions ask of counters: a sum of their h. So after
a violation no cell of a state is active, and no step leads back.

Three ways of wiring a counter are tried, in this order:

- `Way.PLAIN`: as above. What a transition asks is a sum over h, and so is what the heads say.
- `Way.SIGNS`: each state is split by the sign of the counter, so that nobody else has to ask it. A
  sign changes where the counter comes back to 0, that is, where it is 1 and not 2 in size before:
  tanh 1 is told from tanh 2.
- `Way.LATE`: what changes the counter is more than one pair of filters can decide. States are split
  by its sign and by what is still to be added to the cell, which follows one step late. The cell
  holds by how much the counter is beyond +1 or −1, since the state already tells its sign.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, tanh
from typing import NamedTuple

from reberlstm.compiler.encoding import Code, Encoding, Special
from reberlstm.compiler.ferrers import Filter, Incoming, chains, factorise
from reberlstm.compiler.layout import MARGIN, Place, Wiring, cell_names, head_rows, wire_state
from reberlstm.compiler.rows import Row, Rows
from reberlstm.errors import CompileError
from reberlstm.machine.algebra import Names
from reberlstm.machine.complete import CompleteMachine
from reberlstm.machine.counters import (
    CounterMachine,
    CounterTransition,
    guard_text,
    level_after,
    sign,
)
from reberlstm.net.counting import Way
from reberlstm.net.height import ACTIVE

GAIN = 80.0
"""The default: what a shut gate lets through, e^−80, is then lost in every format, also where it
adds up; see docs/theory.md."""

EXACT = 20.0
"""From this gain on an open gate is exactly 1 in float32; see docs/counting.md."""

MAX_NODES = 20_000
"""At most so many states, told apart by small counters and by what is still to be added."""

SECOND = tanh(2.0)
"""The size of h where a counter is 2 in size."""

MAX_WEIGHT = 30.0
"""Where a test of several counters needs larger weights, in units, states are split instead."""

_Levels = tuple[int, ...]
"""The counters, of which ±2 stands for all beyond, too."""


class _Node(NamedTuple):
    """What is known after a word: state, counters, and what cells of late counters still get."""

    state: str
    levels: _Levels
    pending: tuple[int, ...]


class _Test(NamedTuple):
    """Whether a cell's c is over 0 (if `far`, over 1) in the direction of a sign, or is not."""

    counter: int
    sign: int
    far: bool
    holds: bool

    @property
    def weight(self) -> int:
        """The sign of the weight on h."""
        return self.sign if self.holds else -self.sign

    def ends(self, opposes: bool) -> tuple[float, float, float]:
        """Of the weighted h: the least and greatest where it is as wanted, and the greatest else.

        The counter may have the other sign, too, if it `opposes`.
        """
        low, high = (ACTIVE, SECOND) if self.far else (0.0, ACTIVE)
        if self.holds:
            return high, 1.0, low
        return -low, 1.0 if opposes else -low, -high


class _NotSoError(Exception):
    """These counters cannot be wired in the way that was tried."""

    def __init__(self, counters: Iterable[int]) -> None:
        self.counters = frozenset(counters)


class Counted(NamedTuple):
    """Rows of a net that counts, the gain, and how each counter was wired."""

    rows: Rows
    gain: float
    ways: tuple[Way, ...]


def lay_out_counters(machine: CounterMachine, gain: float | None) -> Counted:
    """All rows of the net, its gain, and the way of each counter; their cells come last.

    Raises:
        CompileError: where there are too many states, or a step asks too many counters at once.
    """
    gain = GAIN if gain is None else gain
    ways = [Way.PLAIN] * len(machine.counters)
    further = {Way.PLAIN: Way.SIGNS, Way.SIGNS: Way.LATE}
    while True:
        try:
            return Counted(_Net(_Control.of(machine, ways), gain).rows(), gain, tuple(ways))
        except _NotSoError as error:
            for counter in error.counters:
                if ways[counter] is Way.LATE:
                    raise CompileError(
                        f"{machine} has a step that asks too many counters at once, among them "
                        f"{machine.counters[counter]!r}; ask them one after the other"
                    ) from None
                ways[counter] = further[ways[counter]]


def length_at(gain: float) -> int:
    """About how many symbols a net reads before its counters are too far off to be asked.

    Each step takes away the share e^−K of a counter. It is most off after it has gone up for half
    of the word and back: by about e^−K·(symbols/2)², so this length is where it is ¼ off. Answers
    go wrong at more than ½; see docs/counting.md for what is proved.
    """
    return int(exp(gain / 2.0))


class _Edge(NamedTuple):
    """A legal step: from a node, by a transition, to a node."""

    source: _Node
    arrow: CounterTransition
    target: _Node


@dataclass(frozen=True)
class _Control:
    """What control has to follow: the machine, its counters known by their signs.

    Attributes:
        machine: The machine.
        ways: How each counter is wired.
        nodes: All that words lead to, the start first.
        edges: All legal steps.
        lost: Whether some step is a violation.
    """

    machine: CounterMachine
    ways: tuple[Way, ...]
    nodes: tuple[_Node, ...]
    edges: tuple[_Edge, ...]
    lost: bool

    @classmethod
    def of(cls, machine: CounterMachine, ways: Sequence[Way]) -> _Control:
        """Follow the machine in breadth-first order."""
        zeros = (0,) * len(ways)
        edges, lost, nodes = [], False, {_Node(machine.start, zeros, zeros): None}
        for node in (queue := list(nodes)):
            for symbol in machine.alphabet:
                arrow = machine.arrow((node.state, node.levels), symbol)
                if arrow is None:
                    lost = True
                    continue
                for after in _after(node, arrow, ways):
                    edges.append(_Edge(node, arrow, after))
                    if after not in nodes:
                        nodes[after] = None
                        queue.append(after)
            if len(queue) > MAX_NODES:
                raise CompileError(
                    f"{machine} has over {MAX_NODES:,} states when they are told apart by the "
                    "signs of its counters; use fewer states or counters"
                )
        return cls(machine, tuple(ways), tuple(nodes), tuple(edges), lost)

    def code(self, node: _Node) -> tuple[object, ...]:
        """What cells of control tell of a node: its state, and the signs by which it is split."""
        split = (
            (sign(level), more) if way is not Way.PLAIN else None
            for way, level, more in zip(self.ways, node.levels, node.pending, strict=True)
        )
        return node.state, *split

    def name(self, node: _Node) -> str:
        """The name of its cell: the state, and in brackets what else is known."""
        known = [
            guard_text([counter], [frozenset({sign(level)})])
            + (f" and {more:+d} due" if more else "")
            for counter, way, level, more in zip(
                self.machine.counters, self.ways, node.levels, node.pending, strict=True
            )
            if way is not Way.PLAIN
        ]
        return f"{node.state} ({', '.join(known)})" if known else node.state

    @cached_property
    def codes(self) -> dict[tuple[object, ...], int]:
        """Numbers of the codes."""
        found: dict[tuple[object, ...], int] = {}
        for node in self.nodes:
            found.setdefault(self.code(node), len(found))
        return found

    def number(self, node: _Node) -> int:
        """The number of its code."""
        return self.codes[self.code(node)]

    @cached_property
    def signs(self) -> tuple[frozenset[int], ...]:
        """The signs that each counter comes to have."""
        levels = zip(*(node.levels for node in self.nodes), strict=True)
        return tuple(frozenset(map(sign, each)) for each in levels)

    def tests(self, edge: _Edge) -> frozenset[_Test]:
        """What a step asks of cells of counters, beyond what the code tells."""
        tests: list[_Test] = []
        for j, way in enumerate(self.ways):
            level, change, after = (
                edge.source.levels[j],
                edge.arrow.change[j],
                edge.target.levels[j],
            )
            side = sign(level)
            if way is Way.PLAIN:
                tests += self._guard(j, edge.arrow.when[j])
            elif change is not None and side * change < 0:
                more = side * edge.source.pending[j]
                if way is Way.SIGNS or more <= 0:
                    tests.append(_Test(j, side, way is Way.SIGNS or more < 0, after != 0))
        return frozenset(tests)

    def _guard(self, counter: int, when: frozenset[int]) -> Iterator[_Test]:
        """What a transition asks of a counter whose sign the code does not tell."""
        signs = self.signs[counter]
        wanted = signs & when
        if wanted == signs:
            return
        for side in (1, -1):
            if wanted == {side} or wanted == signs - {side}:
                yield _Test(counter, side, False, wanted == {side})
                return
        raise _NotSoError([counter])


def _after(node: _Node, arrow: CounterTransition, ways: Sequence[Way]) -> Iterator[_Node]:
    """The nodes that a transition may lead to: what is 2 may be 3, and then still is."""
    each: list[list[tuple[int, int]]] = []
    for way, level, change in zip(ways, node.levels, arrow.change, strict=True):
        due = change if way is Way.LATE and level and change else 0
        each.append([(n, due if n else 0) for n in level_after(level, change, 2)])
    for chosen in itertools.product(*each):
        levels_after, pending = zip(*chosen, strict=True)
        yield _Node(arrow.target, tuple(levels_after), tuple(pending))


Pairs = dict[Code, set[int]]
"""Codes, each with symbols."""


@dataclass(frozen=True)
class _Net:
    """The rows for a way of following the machine."""

    control: _Control
    gain: float

    @cached_property
    def encoding(self) -> Encoding:
        """A cell for every code but, where words begin in a code for good, that one."""
        control = self.control
        names: list[str | None] = [None] * len(control.codes)
        for node in control.nodes:
            names[control.number(node)] = control.name(node)
        entered = any(control.number(edge.target) == 0 for edge in control.edges)
        coded = range(0 if control.lost and entered else 1, len(names))
        rest = len(names) if control.lost else 0
        names += [None] * control.lost
        machine = CompleteMachine(control.machine.alphabet, tuple(names), ())
        return Encoding(machine, tuple(coded), has_started=control.lost, rest=rest)

    def pairs(self, edges: Iterable[_Edge]) -> Pairs:
        """The codes and symbols of these steps."""
        alphabet = {a: k for k, a in enumerate(self.control.machine.alphabet)}
        found: Pairs = {}
        for edge in edges:
            for code in self._codes(edge.source):
                found.setdefault(code, set()).add(alphabet[edge.arrow.symbol])
        return found

    def _codes(self, node: _Node) -> Iterator[Code]:
        number = self.control.number(node)
        if number in self.encoding.coded:
            yield number
        if node == self.control.nodes[0] or (number == 0 and not self.control.lost):
            yield Special.ZERO

    @cached_property
    def _legal(self) -> Pairs:
        return self.pairs(self.control.edges)

    def incoming(self, pairs: Mapping[Code, Iterable[int]]) -> Incoming:
        """The same for the search for filters."""
        legal = {code: frozenset(symbols) for code, symbols in self._legal.items()}
        return Incoming(
            pairs={code: frozenset(symbols) for code, symbols in pairs.items()},
            reference=self.encoding.reference,
            has_others=len(pairs) < len(list(self.encoding.codes())),
            legal={code: legal[code] for code in pairs},
            legal_elsewhere=frozenset().union(*(legal[c] for c in legal if c not in pairs)),
        )

    def single(self, pairs: Mapping[Code, Iterable[int]]) -> tuple[Filter, ...] | None:
        """One filter that is open on these pairs, of those with their symbols; none for all."""
        incoming = self.incoming(pairs)
        return factorise(incoming) if len(chains(incoming)) == 1 else None

    # Control

    def wirings(self) -> Iterator[Wiring]:
        """The cells of every code; those of one state share it."""
        groups: dict[int, dict[frozenset[_Test], list[_Edge]]] = {}
        for edge in self.control.edges:
            of = groups.setdefault(self.control.number(edge.target), {})
            of.setdefault(self.control.tests(edge), []).append(edge)
        for code in self.encoding.coded:
            cells = list(self._cells(code, groups.get(code, {})))
            for copy, wiring in enumerate(cells, start=1):
                yield wiring._replace(copy=copy if len(cells) > 1 else 0)

    def _cells(self, code: int, groups: dict[frozenset[_Test], list[_Edge]]) -> Iterator[Wiring]:
        free = self.pairs(groups.pop(frozenset(), ()))
        for tests, edges in groups.items():
            pairs = self.pairs(edges)
            output, more = self.test(tests), _merged(pairs, free)
            filters = None if more is None else self.single(more)
            if more is not None and filters is not None and len(filters) < 2:
                # Where the output gate need not ask, the symbol opens it.
                asked = 0.5 + sum(map(abs, output.bits.values())) / ACTIVE - output.bias
                output = output._replace(symbols=dict.fromkeys(_symbols(free), asked))
                yield Wiring(code, tuple(sorted(_symbols(more))), (*filters, output))
                free = {}
                continue
            for wiring in wire_state(code, self.incoming(pairs), single=True):
                yield wiring._replace(filters=(*wiring.filters, output))
        if free:
            yield from wire_state(code, self.incoming(free))

    def test(self, tests: Iterable[_Test]) -> Filter:
        """A sum over counters that is at least ½ where all of these hold, and at most −½ else.

        Each weight makes up for what the others may be over.
        """
        listed = sorted(tests)
        ends = [test.ends(self._may_oppose(test)) for test in listed]
        weights = [1.0 for _ in listed]
        for _ in range(100):
            over = sum(
                w * (most - least) for w, (least, most, _) in zip(weights, ends, strict=True)
            )
            weights = [
                (1.0 + over - w * (most - least)) / (least - wrong)
                for w, (least, most, wrong) in zip(weights, ends, strict=True)
            ]
        if max(weights) > MAX_WEIGHT:
            raise _NotSoError(test.counter for test in listed)
        least = sum(w * low for w, (low, _, _) in zip(weights, ends, strict=True))
        bits = {
            test.counter: ACTIVE * w * test.weight for test, w in zip(listed, weights, strict=True)
        }
        return Filter({}, 0.0, {}, 0.5 - least, bits)

    def _may_oppose(self, test: _Test) -> bool:
        """Whether the counter may have the other sign, for all that is known where it is asked."""
        plain = self.control.ways[test.counter] is Way.PLAIN
        return plain and -test.sign in self.control.signs[test.counter]

    # Counters

    def counter(self, number: int, place: Place) -> dict[str, Row]:
        """The gates of a counter's cell."""
        if self.control.ways[number] is Way.LATE:
            return self._late(number, place)
        open_ = Row(self.gain)
        changes: dict[int, set[int | None]] = {}
        symbols = {a: k for k, a in enumerate(self.control.machine.alphabet)}
        for edge in self.control.edges:
            changes.setdefault(symbols[edge.arrow.symbol], set()).add(edge.arrow.change[number])
        if any({1, -1} <= of or (None in of and len(of) > 1) for of in changes.values()):
            raise _NotSoError([number])
        rings = {a: by * self.gain for a, of in changes.items() for by in (1, -1) if by in of}
        cleared = {a: -2.0 * self.gain for a, of in changes.items() if None in of}
        let_in = open_
        if any(0 in of for a, of in changes.items() if a in rings):
            let_in = self._let_in(number, rings, place)
        return {
            "input": let_in,
            "forget": open_._replace(symbols=cleared),
            "candidate": Row(symbols=rings),
            "output": open_,
        }

    def _let_in(self, number: int, rings: Mapping[int, float], place: Place) -> Row:
        """Open where a symbol that rings is to change the counter."""
        edges = self.control.edges
        pairs = self.pairs(edge for edge in edges if edge.arrow.change[number])
        others = self.pairs(edge for edge in edges if not edge.arrow.change[number])
        both = any(pairs.get(code, set()) & of & rings.keys() for code, of in others.items())
        filters = None if both else self.single(pairs)
        if filters is None or len(filters) > 1:
            raise _NotSoError([number])
        return place.row(filters[0], self.gain) if filters else Row(self.gain)

    def _late(self, number: int, place: Place) -> dict[str, Row]:
        """A cell that adds what the code still has for it, and is empty where the counter is 0."""
        pending, kept = {}, {}
        for node in self.control.nodes:
            code = self.control.number(node)
            pending[code] = node.pending[number]
            kept[code] = node.levels[number] != 0

        def filter(heights: Mapping[int, float], bias: float) -> Row:
            chosen: dict[Code, float] = {
                code: h for code, h in heights.items() if h and code in self.encoding.coded
            }
            return place.row(Filter(chosen, 0.0, {}, bias), self.gain)

        return {
            "input": filter({code: float(more != 0) for code, more in pending.items()}, -0.5),
            "forget": filter({code: float(keeps) for code, keeps in kept.items()}, -0.5),
            "candidate": filter({code: 0.5 * more for code, more in pending.items()}, 0.0),
            "output": Row(self.gain),
        }

    # Heads

    def heads(self, cells_of: Mapping[int, list[int]], place: Place) -> dict[str, list[Row]]:
        """What may come next, and whether a word may end."""
        machine = self.control.machine
        truths: list[tuple[_Node, list[bool]]] = []
        legal: dict[_Node, set[str]] = {node: set() for node in self.control.nodes}
        for edge in self.control.edges:
            legal[edge.source].add(edge.arrow.symbol)
        for node in self.control.nodes:
            may_end = machine.accepting_at((node.state, node.levels))
            truths.append((node, [*(a in legal[node] for a in machine.alphabet), may_end]))
        rows = []
        for number in range(len(machine.alphabet) + 1):
            heights, weights = self._sum([(node, truth[number]) for node, truth in truths])

            def value(code: int, heights: Mapping[int, float] = heights) -> list[float]:
                return [heights[code]]

            (row,) = head_rows(self.encoding, cells_of, place.started, value)
            counters = {place.first + j: weight for j, weight in weights.items()}
            rows.append(row._replace(cells={**row.cells, **counters}))
        return {"legal": rows[:-1], "accept": rows[-1:]}

    def _sum(
        self, truths: Sequence[tuple[_Node, bool]]
    ) -> tuple[dict[int, float], dict[int, float]]:
        """For each code a height, and for some counters a weight on h, that give a sum its sign."""
        plain = [j for j, way in enumerate(self.control.ways) if way is Way.PLAIN]
        by_code: dict[int, dict[_Levels, bool]] = {}
        for node, truth in truths:
            signs = tuple(sign(node.levels[j]) for j in plain)
            by_code.setdefault(self.control.number(node), {})[signs] = truth
        directions = [_direction(by_code.values(), place) for place in range(len(plain))]
        if None in directions:
            raise _NotSoError([plain[directions.index(None)]])
        asked = [j for j, way in zip(plain, directions, strict=True) if way]
        sizes = (1.0, 2.0, 3.0) if len(asked) <= MAX_SIZES else (1.0,)
        # Counters that only change together have no direction of their own.
        idle: tuple[float, ...]
        for idle in ((0.0,), (0.0, 1.0, -1.0))[: 1 + (len(plain) <= MAX_SIZES)]:
            best: tuple[float, dict[int, float], dict[int, float]] | None = None
            each = [[way * size for size in sizes] if way else idle for way in directions]
            for weights in itertools.product(*each):
                ends = {code: _ends(of, weights) for code, of in by_code.items()}
                gap = min((true - false for true, false in ends.values()), default=INFINITE)
                size = gap / (max(map(abs, weights), default=0.0) or 1.0)
                if gap > 0.0 and (best is None or size > best[0]):
                    scale = 2.0 * MARGIN / gap if any(weights) else 1.0
                    heights = {code: _height(*of, scale) for code, of in ends.items()}
                    named = zip(plain, weights, strict=True)
                    best = size, heights, {j: scale * w for j, w in named if w}
            if best is not None:
                break
        if best is None:
            raise _NotSoError(asked or plain)
        _, heights, scaled = best
        heights[self.encoding.rest] = heights.get(
            self.encoding.rest, -MARGIN - sum(map(abs, scaled.values()))
        )
        return heights, scaled

    def rows(self) -> Rows:
        """The whole net; the cells of counters come last."""
        wirings = list(self.wirings())
        cells_of: dict[int, list[int]] = {}
        for cell, wiring in enumerate(wirings):
            cells_of.setdefault(wiring.state, []).append(cell)
        count, started = len(self.control.ways), None
        if self.encoding.has_started:
            started = len(wirings)
        first = len(wirings) + self.encoding.has_started
        place = Place(self.encoding, cells_of, started, first, count, {})
        always, never = Row(self.gain), Row(-self.gain)
        cells: list[tuple[Row, ...]] = []
        for wiring in wirings:
            both = (*(place.row(filter, self.gain) for filter in wiring.filters), always, always)
            rings = Row(symbols=dict.fromkeys(wiring.symbols, self.gain))
            cells.append((both[0], never, rings, both[1]))
        if started is not None:
            cells.append((always, never, always, always))
        names = ("input", "forget", "candidate", "output")
        for number in range(count):
            found = self.counter(number, place)
            cells.append(tuple(found[name] for name in names))
        gates = dict(zip(names, map(list, zip(*cells, strict=True)), strict=True))
        named = cell_names(self.encoding, wirings)
        fresh = Names(named).fresh
        named = (*named, *(fresh(name) for name in self.control.machine.counters))
        return Rows(named, cells_of, started, gates, self.heads(cells_of, place), ACTIVE)


INFINITE = float("inf")


def _symbols(pairs: Mapping[Code, set[int]]) -> set[int]:
    return set().union(*pairs.values())


def _merged(pairs: Pairs, free: Pairs) -> Pairs | None:
    """Both together, where no symbol is in both and there is anything to put together."""
    if not free or _symbols(pairs) & _symbols(free):
        return None
    codes = dict.fromkeys([*pairs, *free])
    return {code: pairs.get(code, set()) | free.get(code, set()) for code in codes}


def _direction(truths: Iterable[Mapping[_Levels, bool]], place: int) -> int | None:
    """1 where the truth comes as the sign at a place grows, −1 where it goes, 0 for neither.

    None where it does both.
    """
    found = set()
    for truth in truths:
        for signs, true in truth.items():
            for more in range(signs[place] + 1, 2):
                other = truth.get((*signs[:place], more, *signs[place + 1 :]), true)
                found.add(other - true)
    found.discard(0)
    return None if len(found) > 1 else sum(found)


MAX_SIZES = 3
"""Weights of different sizes are tried for so many counters."""


def _ends(truth: Mapping[_Levels, bool], weights: Sequence[float]) -> tuple[float, float]:
    """The least sum where it is true, and the greatest where it is not."""
    least, most = INFINITE, -INFINITE
    for signs, true in truth.items():
        near = sum(
            s * w * (ACTIVE if s * w > 0 else 1.0) for s, w in zip(signs, weights, strict=True)
        )
        far = sum(
            s * w * (1.0 if s * w > 0 else ACTIVE) for s, w in zip(signs, weights, strict=True)
        )
        least, most = (min(least, near), most) if true else (least, max(most, far))
    return least, most


def _height(least: float, most: float, scale: float) -> float:
    """What is to be added to sums, scaled, for their signs to be right."""
    if most == -INFINITE:
        return MARGIN - scale * least
    if least == INFINITE:
        return -MARGIN - scale * most
    return -scale * (least + most) / 2.0
