"""Walking cells and latches: a machine whose bits are remembered by cells of their own.

`reberlstm.machine.latches` writes each state as a class and bits. A class has a cell, as a state
has elsewhere; a bit is a *latch*, +tanh 1 or −tanh 1, or 0 where it does not matter.

**A latch** holds its memory by an open forget gate. Its input gate is the exact opposite,
i = 1 − f, so ``c' = f·c + (1 − f)·g``: what the forget gate loses the input gate makes up for,
since the candidate g has the latch's own sign. Where the bit is set the input gate is open, and g
is the new sign. Where the bit does not matter any more the output gate is shut.

**A walking cell** may read latches: a filter has weights on them, too. They are given (½, 1, 2 …
units); what is left are bounds on sums of a height of the class and one of the symbol, and longest
chains give the smallest heights, as in `reberlstm.compiler.ferrers`. Copies are made as there.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from reberlstm.compiler.encoding import Code, Encoding, Special, encode
from reberlstm.compiler.ferrers import Filter, Pair, Relation, two_coloured
from reberlstm.compiler.layout import Latch, Wiring, incomings, wire_state
from reberlstm.machine.algebra import Names
from reberlstm.machine.complete import CompleteMachine
from reberlstm.machine.crawl import refine
from reberlstm.machine.latches import Factored, factor, trimmed

MAX_LEVELS = 8
"""So many strengths of a latch's hold on itself are tried."""

MAX_PATTERNS = 4
"""For so many patterns of bits that lead to a state weights of their own are tried."""

_Pair = tuple[Code, int]
"""A class and a symbol."""

Bounds = Mapping[_Pair, int]
"""What a sum is at least, or at most, in half units."""


class Latched(NamedTuple):
    """A net with latches: its classes, their cells, and the latches."""

    encoding: Encoding
    wirings: list[Wiring]
    latches: list[Latch]

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return len(self.wirings) + len(self.latches) + self.encoding.has_started


def with_latches(machine: CompleteMachine) -> Latched | None:
    """Classes, their cells and the latches; None where there is nothing to gain or no way found.

    States that no word tells apart are one state first.
    """
    machine, seen = _merged(machine)
    found = factor(machine, seen)
    if not found.bits:
        return None
    best: Latched | None = None
    ways = [trimmed(machine, found), trimmed(machine, found, early=True), found]
    for way, encoding in itertools.product(dict.fromkeys(ways), _encodings(machine, found)):
        situations = Situations(encoding, way)
        latches = [situations.latch(number) for number in range(len(way.bits))]
        if None in latches:
            continue
        wirings = list(situations.wirings())
        if None in wirings:
            continue
        each = Latched(encoding, [w for w in wirings if w], [x for x in latches if x])
        if best is None or each.cells < best.cells:
            best = each
        if best.cells < len(found.members) + len(found.bits):
            break  # no copies: there cannot be fewer
    usual = encode(machine)
    fewest = len(usual.coded) + usual.has_started
    return best if best is not None and best.cells < fewest else None


def _merged(machine: CompleteMachine) -> tuple[CompleteMachine, list[tuple[object, ...]]]:
    """The machine with one state for all that no word tells apart, and what is seen of each."""
    seen = [
        (name is None, *line.legal, line.accepting, line.output, *line.probability, line.stop)
        for name, line in zip(machine.names, machine.lines, strict=True)
    ]
    numbers = refine(machine.table, seen)
    first = [numbers.index(number) for number in range(max(numbers) + 1)]
    lines = [machine.lines[q] for q in first]
    targets = [[numbers[target] for target in line.target] for line in lines]
    return replace(
        machine,
        names=tuple(machine.names[q] for q in first),
        lines=tuple(x._replace(target=to) for x, to in zip(lines, targets, strict=True)),
    ), [seen[q] for q in first]


def _encodings(machine: CompleteMachine, found: Factored) -> Iterator[Encoding]:
    """Codes of the classes; in a complete machine any class may be the one without a cell."""
    members = found.members
    classes = list(members)
    names = list(machine.names)
    fresh = Names(name for name in names if name is not None).fresh
    for number, states in members.items():
        if len(states) > 1:
            first = "|".join(str(names[q]) for q in states[:2])
            names[number] = fresh(first + f"|… {len(states)}" * (len(states) > 2))
    machine = replace(machine, names=tuple(names))
    if machine.dead is not None:
        entered = any(0 in line for line in machine.table)
        coded = tuple(q for q in classes if q != machine.dead and (q != 0 or entered))
        yield Encoding(machine, coded, has_started=True, rest=machine.dead)
        return
    # The class that most leads to is the one that is hardest to wire.
    into = Counter(found.class_of[target] for line in machine.table for target in line)
    for rest in [*sorted(classes[1:], key=lambda number: -into[number]), None]:
        if rest is None:
            yield Encoding(machine, tuple(classes[1:]), has_started=False)
            return
        coded = tuple(q for q in classes if q != rest and (q != 0 or into[0]))
        yield Encoding(machine, coded, has_started=True, rest=rest)


@dataclass(frozen=True)
class _Situation:
    """A state as the net has it: the code of its class, and the latches; None: any."""

    code: Code
    state: int
    bits: tuple[int, ...] | None


@dataclass(frozen=True)
class Situations:
    """All of them, of an encoding whose states are classes."""

    encoding: Encoding
    found: Factored

    @cached_property
    def all(self) -> list[_Situation]:
        """The zero vector first; after a violation latches may say anything."""
        none = (0,) * len(self.found.bits)
        listed = [_Situation(Special.ZERO, 0, none)]
        machine, members = self.encoding.machine, self.found.members
        for code, number in itertools.islice(self.encoding.codes(), 1, None):
            for state in members[number]:
                bits = None if state == machine.dead else self.found.code(state)
                listed.append(_Situation(code, state, bits))
        return listed

    def target(self, situation: _Situation, symbol: int) -> int:
        """The next state."""
        return self.encoding.machine.lines[situation.state].target[symbol]

    def steps(self, number: int) -> _Steps | None:
        """What every class and symbol does to a bit; None where they do not decide."""
        dead, bit = self.encoding.machine.dead, self.found.bits[number]
        moves: dict[_Pair, set[tuple[int | None, int | None]]] = {}
        for here in self.all:
            before = None if here.bits is None else here.bits[number]
            for symbol in range(len(self.encoding.machine.alphabet)):
                target = self.target(here, symbol)
                after = None if target == dead else bit[target]
                moves.setdefault((here.code, symbol), set()).add((before, after))
        found = _Steps()
        for pair, steps in moves.items():
            signs = {after for _, after in steps if after is not None}
            if signs <= {0}:
                (found.hidden if signs else found.idle).append(pair)
            elif all(before == after for before, after in steps if after is not None):
                found.held.append(pair)
            elif len(signs) == 1:
                found.set[pair] = min(signs), any(before != 0 for before, _ in steps)
            else:
                return None
        return found

    def latch(self, number: int) -> Latch | None:
        """The gates of a bit, or None where one gate is not enough for what they have to do."""
        steps = self.steps(number)
        if steps is None:
            return None
        gates, out, reference = steps.input(), steps.output(), self.encoding.reference
        for own in range(2, MAX_LEVELS):
            candidate = steps.candidate(own)
            if gates and out and candidate:
                return Latch(
                    input=gates.filter(reference),
                    output=out.filter(reference),
                    candidate=candidate.filter(reference),
                    own=own / 2,
                    deepest=max([1, *(-gates.sum(pair) for pair in steps.held)]) / 2,
                )
        return None

    def wirings(self) -> Iterator[Wiring | None]:
        """The cells of every class; None where no filters were found."""
        for number, incoming in incomings(self.encoding, self.found.class_of).items():
            reading = self.reads(number)
            if reading.read:
                yield from reading.wirings(number)
            else:
                yield from wire_state(number, incoming)

    def reads(self, number: int) -> _Reading:
        """What leads to a class."""
        symbols = range(len(self.encoding.machine.alphabet))
        return _Reading(
            self,
            tuple(
                frozenset(a for a in symbols if self.found.class_of[self.target(here, a)] == number)
                for here in self.all
            ),
        )


@dataclass(frozen=True)
class _Heights:
    """Heights of classes and symbols, in half units; a sum is their difference."""

    rows: Mapping[Code, int]
    columns: Mapping[int, int]
    bits: tuple[int, ...] = ()

    def sum(self, pair: tuple[Code, int]) -> int:
        """The sum at a class and a symbol, without what latches add."""
        return self.rows.get(pair[0], 0) - self.columns.get(pair[1], 0)

    def filter(self, reference: Code) -> Filter:
        """The same relative to the reference, in units, with as few weights as possible."""
        zero = self.rows.get(reference, min(self.rows.values(), default=0))
        states = {code: height - zero for code, height in self.rows.items() if code != reference}
        others = _commonest(states.values())
        sums = {a: zero - height for a, height in self.columns.items()}
        bias = _commonest(sums.values())
        return Filter(
            states={code: h / 2 for code, h in states.items() if h != others},
            others=others / 2,
            symbols={a: (value - bias) / 2 for a, value in sums.items() if value != bias},
            bias=bias / 2,
            bits={k: weight / 2 for k, weight in enumerate(self.bits) if weight},
        )


def _simplest(at_least: Bounds, at_most: Bounds) -> _Heights | None:
    """Heights of symbols alone, or of classes alone, where they will do; else of both."""
    pairs = dict.fromkeys([*at_least, *at_most])
    for part in (1, 0):
        sums: dict[Code, int] = {}
        for key in dict.fromkeys(pair[part] for pair in pairs):
            least = max((v for pair, v in at_least.items() if pair[part] == key), default=-(10**6))
            most = min((v for pair, v in at_most.items() if pair[part] == key), default=10**6)
            if least > most:
                break
            sums[key] = min(max(0, least), most)
        else:
            # What is the same everywhere stands with the symbols.
            symbols = {a: -sums.get(a if part else Special.ZERO, 0) for _, a in pairs}
            return _Heights({} if part else sums, symbols if part else dict.fromkeys(symbols, 0))
    return _heights(at_least, at_most)


@dataclass(frozen=True)
class _Steps:
    """What becomes of a bit, and the gates that do it; lists of classes and symbols.

    Attributes:
        held: The bit stays what it was.
        set: It gets this sign; whether the latch may say something before.
        hidden: It does not matter any more.
        idle: A violation follows, or has happened.
    """

    held: list[_Pair] = field(default_factory=list)
    set: dict[_Pair, tuple[int, bool]] = field(default_factory=dict)
    hidden: list[_Pair] = field(default_factory=list)
    idle: list[_Pair] = field(default_factory=list)

    @property
    def lost(self) -> list[_Pair]:
        """A violation has happened."""
        return [pair for pair in self.idle if pair[0] is Special.DEFAULT]

    def input(self) -> _Heights | None:
        """Open where the bit is set, and shut where it is held, if that can be.

        It should be no further shut than need be, since what the forget gate loses comes in by it;
        and open where nothing is to be remembered, so that nothing lasts. It may even be open where
        the bit is held: the candidate has the latch's own sign, so the latch writes itself anew.
        """
        idle = ([*self.hidden, *self.idle], [*self.hidden, *self.lost], self.hidden, self.lost, ())
        for (held, lowest), also in itertools.product(
            ((self.held, 1), (self.held, 3), (self.held, 99), ((), 0)), idle
        ):
            at_least = dict.fromkeys([*self.set, *also], 1) | dict.fromkeys(held, -lowest)
            found = _simplest(at_least, dict.fromkeys(held, -1))
            if found is not None:
                return found
        return None

    def output(self) -> _Heights | None:
        """Open where the bit matters after the step, and shut where it does not."""
        shown = dict.fromkeys([*self.held, *self.set], 1)
        ways = (_simplest(shown, dict.fromkeys([*self.hidden, *also], -1))
                for also in (self.idle, self.lost, ()))  # fmt: skip
        return next((found for found in ways if found is not None), None)

    def candidate(self, own: int) -> _Heights | None:
        """The new sign where the bit is set, and too little to outweigh `own` where it is held."""
        least = {pair: 1 + own * says for pair, (sign, says) in self.set.items() if sign > 0}
        most = {pair: -1 - own * says for pair, (sign, says) in self.set.items() if sign < 0}
        within = dict.fromkeys(self.held, own - 1)
        return _simplest(least | {pair: -value for pair, value in within.items()}, most | within)


def _commonest(values: Iterable[int]) -> int:
    listed = sorted(values, key=abs)
    return max(listed, key=listed.count, default=0)


def _heights(at_least: Bounds, at_most: Bounds, bits: tuple[int, ...] = ()) -> _Heights | None:
    """The smallest heights of which the sums are within bounds; None where there are none.

    Longest chains in a graph of classes and symbols: for each pair, its class is at least so far
    above its symbol, or the symbol above the class.
    """
    above: dict[tuple[str, Code], list[tuple[tuple[str, Code], int]]] = {}
    for (code, a), least in at_least.items():
        above.setdefault(("column", a), []).append((("row", code), least))
    for (code, a), most in at_most.items():
        above.setdefault(("row", code), []).append((("column", a), -most))
    nodes = dict.fromkeys([*above, *(high for edges in above.values() for high, _ in edges)])
    height = dict.fromkeys(nodes, 0)
    queue = list(nodes)
    for _ in range(len(nodes) + 1):
        changed: dict[tuple[str, Code], None] = {}
        for node in queue:
            for high, length in above.get(node, ()):
                if height[node] + length > height[high]:
                    height[high] = height[node] + length
                    changed[high] = None
        if not changed:
            rows = {code: h for (kind, code), h in height.items() if kind == "row"}
            columns = {int(a): h for (kind, a), h in height.items() if kind == "column"}  # type: ignore[arg-type]
            return _Heights(rows, columns, bits)
        queue = list(changed)
    return None


@dataclass(frozen=True)
class _Reading:
    """What leads to a class: for each situation the symbols that do."""

    of: Situations
    symbols: tuple[frozenset[int], ...]

    @cached_property
    def read(self) -> list[int]:
        """The latches that make a difference; as few as are enough."""
        keys = [here.code for here in self.of.all]
        bits = [here.bits or () for here in self.of.all]
        needed = list(range(len(self.of.found.bits)))

        def decide(numbers: Sequence[int]) -> bool:
            known: dict[object, frozenset[int]] = {}
            for key, code, symbols in zip(keys, bits, self.symbols, strict=True):
                shown = (key, tuple(code[k] for k in numbers) if code else ())
                if known.setdefault(shown, symbols) != symbols:
                    return False
            return True

        for number in tuple(needed):
            fewer = [k for k in needed if k != number]
            if decide(fewer):
                needed = fewer
        return needed

    def restrict(self, symbols: Iterable[int]) -> _Reading:
        """Only the pairs with these symbols."""
        kept = frozenset(symbols)
        return _Reading(self.of, tuple(each & kept for each in self.symbols))

    @property
    def rung(self) -> list[int]:
        """The symbols of all pairs."""
        return sorted(frozenset().union(*self.symbols))

    def wirings(self, number: int) -> Iterator[Wiring | None]:
        """One cell, or copies that take some of the symbols each."""
        filters = self.filters()
        if filters is not None:
            yield Wiring(number, tuple(self.rung), filters)
            return
        parts: list[_Reading] = []
        for symbol in self.rung:
            if parts and self.restrict([*parts[-1].rung, symbol]).filters() is not None:
                parts[-1] = self.restrict([*parts[-1].rung, symbol])
            else:
                parts.append(self.restrict([symbol]))
        for copy, part in enumerate(parts, start=1):
            filters = part.filters()
            yield None if filters is None else Wiring(number, tuple(part.rung), filters, copy)

    def filters(self) -> tuple[Filter, ...] | None:
        """At most two filters that are open together exactly on the pairs, or None."""
        relation = Relation.of(dict.fromkeys(self.symbols))
        components = two_coloured(relation.obstructions())
        if components is None:
            return None
        for first, second in self._weights():
            found = self._shared(relation, components, first, second)
            if found is not None:
                reference = self.of.encoding.reference
                return tuple(heights.filter(reference) for heights in found)
        return None

    def _weights(self) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Weights on latches to try for the two filters, in half units."""
        total, read = len(self.of.found.bits), self.read

        def spread(values: Sequence[int]) -> tuple[int, ...]:
            weights = [0] * total
            for k, value in zip(read, values, strict=True):
                weights[k] = value
            return tuple(weights)

        none = (0,) * total
        if not read:
            yield none, none
            return
        ones = [1] * len(read)
        binary = [2**k for k in range(len(read))]
        patterns = [
            [here.bits[k] for k in read]
            for here, symbols in zip(self.of.all, self.symbols, strict=True)
            if symbols and here.bits and all(here.bits[k] for k in read)
        ]
        bases = [binary, ones, *patterns[:MAX_PATTERNS]] if len(read) > 1 else [ones]
        for times in (1, 2, 3) if len(read) == 1 else (1, 2):
            for base in bases:
                for sign in (1, -1):
                    values = spread([sign * times * each for each in base])
                    yield values, none
                    yield values, spread([-sign * times * each for each in base])

    def _shared(
        self,
        relation: Relation,
        components: Sequence[tuple[set[Pair], set[Pair]]],
        *weights: tuple[int, ...],
    ) -> list[_Heights] | None:
        """The heights of one or two filters with these weights, or None."""
        rejected: list[set[Pair]] = [set(), set()]

        def heights(k: int, more: Iterable[Pair]) -> _Heights | None:
            return self._with(relation, rejected[k].union(more), weights[k])

        for part in components:
            for turned in (part, part[::-1]):
                if all(heights(k, turned[k]) is not None for k in (0, 1)):
                    rejected = [rejected[k] | turned[k] for k in (0, 1)]
                    break
            else:
                return None
        taken = rejected[0] | rejected[1]
        free = [zero for zero in relation.zeros if zero not in taken]
        if heights(0, free) is not None:
            rejected[0].update(free)
        else:
            for zero in free:
                k = 0 if heights(0, [zero]) is not None else 1
                if k and heights(1, [zero]) is None:
                    return None
                rejected[k].add(zero)
        found = [heights(k, ()) for k in (0, 1) if rejected[k]]
        return [each for each in found if each is not None]

    def _with(
        self, relation: Relation, rejected: set[Pair], weights: tuple[int, ...]
    ) -> _Heights | None:
        at_least: dict[tuple[Code, int], int] = {}
        at_most: dict[tuple[Code, int], int] = {}
        columns = range(len(relation.columns))
        for here, symbols, (added, spread) in zip(
            self.of.all, self.symbols, self._added(weights), strict=True
        ):
            row = relation.row_of[symbols]
            # Symbols of one column are alike; one stands for all.
            for column in columns:
                key = here.code, column
                if column in relation.rows[row]:
                    least = 1 - added + spread
                    if least > at_least.get(key, least - 1):
                        at_least[key] = least
                elif (row, column) in rejected:
                    most = -1 - added - spread
                    if most < at_most.get(key, most + 1):
                        at_most[key] = most
        found = _heights(at_least, at_most, weights)
        if found is None:
            return None
        heights = {a: height for c, height in found.columns.items() for a in relation.columns[c]}
        return _Heights(found.rows, heights, weights)

    def _added(self, weights: tuple[int, ...]) -> list[tuple[int, int]]:
        """What latches add in every situation, and how much more or less it may be there."""
        if weights not in self._known:
            total = sum(map(abs, weights))
            self._known[weights] = [
                (0, total)
                if here.bits is None
                else (sum(w * b for w, b in zip(weights, here.bits, strict=True)), 0)
                for here in self.of.all
            ]
        return self._known[weights]

    @cached_property
    def _known(self) -> dict[tuple[int, ...], list[tuple[int, int]]]:
        return {}
