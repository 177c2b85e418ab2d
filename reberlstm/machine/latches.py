"""What a machine only remembers: bits that are set at one place and read at another.

A machine is often a part that walks and a part that remembers. Embedded Reber walks through the
same inner grammar whether its second symbol was T or P; only the symbol before the last asks. So
each of its states can be written as a *class*, which walks, and a *bit*: + or − where it matters,
0 where it does not. Two states of a class are *twins*: they say the same of the next symbol, and
some bit tells them apart.

What has to hold of each bit, for every class and symbol: the bit after the step is the one before
(``hold``), or a sign that class and symbol decide (``set``), or does not matter. In the words of
Hartmanis and Stearns (1966), the partition of the states by the value of the bit has the
substitution property once it is set, and (classes, values) is a partition pair for setting it. The
partition into classes need not have the property: where a bit is read, the next class depends on
it.

The search is greedy and bounded: for every pair of states that one state leads to on two symbols it
follows both over all symbols, makes twins of the states that come at the same time, and keeps the
pair that makes the most. Then other pairs are added to the same bit, and further bits are looked
for among the classes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, combinations, islice

from reberlstm.machine.complete import CompleteMachine

MAX_STATES = 400
"""In machines of more states no bits are looked for: the time grows with the cube of states."""

MAX_SEEDS = 2_000
"""So many pairs of states are followed for each bit."""

MAX_BITS = 16

Op = str
"""What a step does to a bit: ``+``, ``-``, ``hold``, ``hide``: it does not matter any more."""


@dataclass(frozen=True)
class Factored:
    """The states of a machine as classes and bits.

    Attributes:
        class_of: The class of each state; its number is that of its first state.
        bits: For each bit its sign at each state: 1, −1, or 0 where it does not matter.
    """

    class_of: tuple[int, ...]
    bits: tuple[tuple[int, ...], ...] = ()

    @property
    def members(self) -> dict[int, list[int]]:
        """The states of each class, in order."""
        found: dict[int, list[int]] = {}
        for state, number in enumerate(self.class_of):
            found.setdefault(number, []).append(state)
        return found

    def code(self, state: int) -> tuple[int, ...]:
        """The sign of every bit at a state."""
        return tuple(signs[state] for signs in self.bits)


def factor(machine: CompleteMachine, seen: Sequence[Hashable]) -> Factored:
    """Classes and bits of a machine; as many classes as states, and no bit, where none help.

    Args:
        machine: The machine.
        seen: What is seen of each state: twins look the same.

    Example:
        >>> from reberlstm import load_grammar
        >>> machine = load_grammar("embedded-reber").complete()
        >>> found = factor(machine, [line.legal for line in machine.lines])
        >>> len(machine), len(set(found.class_of)), len(found.bits)
        (21, 14, 1)
    """
    found = Factored(tuple(range(len(machine))))
    while len(machine) <= MAX_STATES and len(found.bits) < MAX_BITS:
        best = _best_bit(_Quotient(machine, found, seen))
        # A bit is a cell, so one pair of twins alone saves nothing.
        if best is None or len(best.twins) <= 2:
            break
        found = best.filled().factored()
    return found


def operation(
    machine: CompleteMachine, bit: Sequence[int], states: Iterable[int], symbol: int
) -> Op | None:
    """What a symbol does to a bit in the states of a class.

    Returns:
        ``hold`` where it may be held, else ``+`` or ``-``; ``hide`` where it does not matter any
        more; an empty text where a violation follows from all states; None where class and symbol
        do not decide.
    """
    dead = len(machine) - 1 if machine.dead is not None else None
    moves = {
        (None if state == dead else bit[state], bit[target])
        for state in states
        if (target := machine.lines[state].target[symbol]) != dead
    }
    if not moves:
        return ""
    after = {sign for _, sign in moves}
    if after == {0}:
        return "hide"
    if 0 in after:
        return None
    if all(before == sign for before, sign in moves):
        return "hold"
    return None if len(after) > 1 else "+" if after == {1} else "-"


@dataclass(frozen=True)
class _Quotient:
    """A machine of which some classes and bits are known, and another bit is looked for."""

    machine: CompleteMachine
    found: Factored
    seen: Sequence[Hashable]

    @cached_property
    def members(self) -> dict[int, list[int]]:
        """The states of each class."""
        return self.found.members

    @cached_property
    def sources(self) -> dict[int, set[int]]:
        """The classes from which each class is come to."""
        class_of, sources = self.found.class_of, dict[int, set[int]]()
        for state, line in enumerate(self.machine.table):
            for target in line:
                sources.setdefault(class_of[target], set()).add(class_of[state])
        return sources

    @cached_property
    def beginnings(self) -> list[tuple[int, int]]:
        """Pairs of classes that one state leads to on two symbols, each once."""
        class_of = self.found.class_of
        lines = (dict.fromkeys(class_of[t] for t in line) for line in self.machine.table)
        return self._pairs(chain.from_iterable(combinations(line, 2) for line in lines))

    @cached_property
    def seen_the_same(self) -> list[tuple[int, int]]:
        """Pairs of classes that look the same.

        They are needed where no state leads to both, as in "the first symbol is the last" over two
        symbols, where what is said of the last is never the same after one symbol more.
        """
        every = combinations(self.members, 2)
        return self._pairs(pair for pair in every if self.seen[pair[0]] == self.seen[pair[1]])

    def _pairs(self, pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        turned = dict.fromkeys((min(pair), max(pair)) for pair in pairs)
        return list(islice((p for p in turned if self.machine.dead not in p), MAX_SEEDS))

    @cached_property
    def enters_start(self) -> bool:
        """Whether the start needs a cell; else it is the zero vector, and is no twin."""
        return self.machine.dead is not None and any(0 in line for line in self.machine.table)

    def next_pairs(self, first: int, second: int) -> set[tuple[int, int]]:
        """Where two classes come to on one symbol, from states that agree in all earlier bits."""
        class_of, table = self.found.class_of, self.machine.table
        return {
            (class_of[a], class_of[b])
            for p in self.members[first]
            for q in self.members[second]
            if all(bit[p] * bit[q] >= 0 for bit in self.found.bits)
            for a, b in zip(table[p], table[q], strict=True)
        }

    def may_be_twins(self, first: int, second: int) -> bool:
        """Whether two classes look the same, and can be one without spoiling an earlier bit."""
        p, q = self.members[first], self.members[second]
        return (
            self.seen[p[0]] == self.seen[q[0]]
            and (min(first, second) > 0 or self.enters_start)
            and all(
                operation(self.machine, bit, [*p, *q], symbol) is not None
                for bit in self.found.bits
                for symbol in range(len(self.machine.alphabet))
            )
        )


@dataclass(frozen=True)
class _Bit:
    """A bit in the making: the signs of classes, and pairs of classes that become one."""

    of: _Quotient
    signs: dict[int, int] = field(default_factory=dict)
    twins: dict[int, int] = field(default_factory=dict)  # both ways

    def with_seed(self, first: int, second: int, least: int) -> _Bit | None:
        """This bit, + at one more class and − at another, and all that follows from that.

        None where that fails, or makes no more twins than the least.
        """
        if self.signs.get(first, 1) < 0 or self.signs.get(second, -1) > 0:
            return None
        signs, twins = dict(self.signs), dict(self.twins)
        queue, done = [(first, second)], set()
        for pair in queue:
            p, q = pair
            if p == q or pair in done or self.of.machine.dead in pair:
                continue
            done.add(pair)
            if signs.get(p, 1) < 0 or signs.get(q, -1) > 0:
                continue
            signs[p], signs[q] = 1, -1
            if p not in twins and q not in twins and self.of.may_be_twins(p, q):
                twins[p], twins[q] = q, p
            queue += sorted(self.of.next_pairs(p, q))
        if len(twins) <= least:
            return None
        repaired = replace(self, signs=signs, twins=twins)._repaired()
        return repaired if repaired is not None and len(repaired.twins) > least else None

    def of_states(self) -> list[int]:
        """The sign at each state."""
        return [self.signs.get(number, 0) for number in self.of.found.class_of]

    def _repaired(self) -> _Bit | None:
        """Without the twins that make a step undecided; None if none remain."""
        bit = self
        while True:
            bad = bit.needed()._undecided()
            if bad is None:
                return bit if bit.twins else None
            if bad not in bit.twins:
                return None
            twins = {p: q for p, q in bit.twins.items() if bad not in (p, q)}
            bit = replace(bit, twins=twins)

    def _undecided(self) -> int | None:
        """A class with a symbol on which the bit after the step is not decided."""
        bit, machine = self.of_states(), self.of.machine
        for number in self.of.members:
            states = self._together(number)
            # One state alone decides, and twins need to be asked once.
            if len(states) == 1 or self.twins.get(number, number) < number:
                continue
            for symbol in range(len(machine.alphabet)):
                if operation(machine, bit, states, symbol) is None:
                    return number
        return None

    def _together(self, number: int) -> list[int]:
        """The states of a class and of its twin."""
        both = dict.fromkeys((number, self.twins.get(number, number)))
        return [state for each in both for state in self.of.members[each]]

    def needed(self) -> _Bit:
        """Without signs that no twins need: a bit matters as long as it may be read later."""
        live, queue = set(self.twins), list(self.twins)
        for number in queue:
            for source in self.of.sources.get(number, ()):
                if source not in live and self.signs.get(source, 0) == self.signs[number]:
                    live.add(source)
                    queue.append(source)
        return replace(self, signs={p: s for p, s in self.signs.items() if p in live})

    def filled(self) -> _Bit:
        """The signs that twins need, and of the others those that leave every step decided.

        Later bits can join classes only where this one is known in both or in neither.
        """
        needed, bit = self.needed(), self
        while (bad := bit._undecided()) is not None:
            around = {bad, *(self.of.found.class_of[t] for q in bit._together(bad)
                             for t in self.of.machine.table[q])}  # fmt: skip
            signs = {p: s for p, s in bit.signs.items() if p in needed.signs or p not in around}
            if len(signs) == len(bit.signs):
                return needed
            bit = replace(bit, signs=signs)
        return bit

    def factored(self) -> Factored:
        """The classes with these twins, and the bits with this one."""
        merged = {p: min(p, q) for p, q in self.twins.items()}
        found = self.of.found
        return Factored(
            tuple(merged.get(number, number) for number in found.class_of),
            (*found.bits, tuple(self.of_states())),
        )


def _best_bit(quotient: _Quotient) -> _Bit | None:
    """The bit that makes the most twins, from one pair of classes and then from more."""
    best = none = _Bit(quotient)
    for seed in quotient.beginnings:
        best = none.with_seed(*seed, len(best.twins)) or best
    if not best.twins:
        for seed in quotient.seen_the_same:
            best = none.with_seed(*seed, len(best.twins)) or best
    if not best.twins:
        return None
    pairs = dict.fromkeys([*quotient.beginnings, *quotient.seen_the_same])
    seeds = [turned for seed in pairs for turned in (seed, seed[::-1])]
    for seed in seeds:
        best = best.with_seed(*seed, len(best.twins)) or best
    for seed in seeds:
        best = best.with_seed(*seed, len(best.twins) - 1) or best
    return best


def trimmed(machine: CompleteMachine, found: Factored, *, early: bool = False) -> Factored:
    """Without signs that nothing needs: a bit matters where it alone tells two twins apart.

    It is set as late as possible, on the way into twins, or as `early`, and held from there.
    """
    members = found.members
    bits = []
    for number, bit in enumerate(found.bits):
        live = {
            found.class_of[p]
            for states in members.values()
            for p, q in combinations(states, 2)
            if [k for k, x in enumerate(found.bits) if x[p] * x[q] < 0] == [number]
        }
        both = {n for n, states in members.items() if {1, -1} <= {bit[q] for q in states}}
        kept: list[int] = []
        growing = True
        while growing:
            kept = [sign if found.class_of[q] in live else 0 for q, sign in enumerate(bit)]
            more = {
                found.class_of[q]
                for q, line in enumerate(machine.table)
                if early or found.class_of[q] in both
                if any(kept[target] and kept[target] == bit[q] for target in line)
            }
            for states in members.values():
                for symbol in range(len(machine.alphabet)):
                    if operation(machine, kept, states, symbol) is None:
                        targets = [machine.table[q][symbol] for q in states]
                        more.update(found.class_of[t] for t in [*states, *targets] if bit[t])
            growing = not more <= live
            live |= more
        bits.append(tuple(kept))
    return replace(found, bits=tuple(bits))
