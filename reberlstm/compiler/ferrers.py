"""A relation between states and symbols as the product of at most two threshold filters.

With one-hot states and symbols a gate sees ``u[p] + v[a] + b``, so the pairs (p, a) that open it
form a *Ferrers relation*: the sets of symbols of any two states are nested. Two gates make the
intersection of two. Whether two are enough, and how the *obstruction graph* and its two colours
tell, is in docs/theory.md, with the sources.

Each colour becomes the pairs that one filter must reject. "Row p above column a" for the pairs to
let through and "below" for those to reject is then a partial order, and the height of each row and
column in it is its weight: closed form, small, and a multiple of ½.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from reberlstm.compiler.encoding import Code
from reberlstm.machine.crawl import crawl

Pair = tuple[int, int]
"""A row (class of states) and a column (class of symbols)."""

MAX_CUTS = 16
"""At most about so many ways of sharing the empty row between two filters are compared."""

SMALL = 4.5
"""Weights up to so many units are no price for a memory that is one-hot on legal words."""


class Filter(NamedTuple):
    """A gate as a threshold: open (sum ≥ ½) or closed (sum ≤ −½) for every state and symbol.

    A state has a height relative to the reference state, `others` if it is not named; a symbol
    adds 0 if it is not named, and so does a latch, by its number in `bits`. All numbers are in
    units of twice the gain.
    """

    states: Mapping[Code, float]
    others: float
    symbols: Mapping[int, float]
    bias: float
    bits: Mapping[int, float] = {}

    @property
    def size(self) -> tuple[float, int]:
        """The largest weight and the number of weights: what makes a filter hard to read."""
        weights = [*self.states.values(), *self.symbols.values(), self.others]
        largest = max(map(abs, (*weights, self.bias)))
        return largest, sum(weight != 0.0 for weight in weights)


class Incoming(NamedTuple):
    """The pairs of (state, symbol) that lead to one state, and what is known of the other pairs.

    No cell stands for the state `reference`, so its height is 0; `legal` has the symbols that are
    no violation in the states of `pairs`, `legal_elsewhere` those in some state without a pair.
    """

    pairs: Mapping[Code, frozenset[int]]
    reference: Code
    has_others: bool
    legal: Mapping[Code, frozenset[int]]
    legal_elsewhere: frozenset[int]

    @property
    def symbols(self) -> list[int]:
        """The symbols of all pairs, in alphabet order."""
        return sorted(frozenset().union(*self.pairs.values()))

    def restrict(self, symbols: Iterable[int]) -> Incoming:
        """Only the pairs with these symbols."""
        restricted = {code: pattern.intersection(symbols) for code, pattern in self.pairs.items()}
        pairs = {code: pattern for code, pattern in restricted.items() if pattern}
        dropped = [self.legal[code] for code in self.pairs if code not in pairs]
        return Incoming(
            pairs,
            self.reference,
            self.has_others or bool(dropped),
            self.legal,
            self.legal_elsewhere.union(*dropped),
        )


def fits(incoming: Incoming) -> bool:
    """Whether two filters are enough, which is much less work than to find the best ones.

    Example:
        >>> crown = {q: frozenset({0, 1, 2} - {q}) for q in range(3)}
        >>> fits(Incoming(crown, 0, False, crown, frozenset()))
        False
    """
    return Relation.of(_patterns(incoming)).colouring() is not None


def factorise(incoming: Incoming) -> tuple[Filter, ...] | None:
    """At most two filters that are open together exactly on the pairs of a relation.

    Only the symbols of some pair are filtered: the candidate keeps out all others.

    Returns:
        The filters, fewest first: none where every pair passes, one for a Ferrers relation, else
        two; None where two are not enough. Of all ways, the first filter alone is to be right on
        legal words if weights stay small, so that the memory is one-hot there; then the largest
        weight and the number of weights are to be small.

    Example:
        >>> nested = {1: frozenset({0}), 2: frozenset({0, 1})}
        >>> factorise(Incoming(nested, 0, True, nested, frozenset()))
        (Filter(states={1: 1.0, 2: 2.0}, others=0.0, symbols={1: -1.0}, bias=-0.5, bits={}),)
    """
    relation = Relation.of(_patterns(incoming))
    colouring = relation.colouring()
    if colouring is None:
        return None
    legal = _legal_pairs(relation, incoming)

    def cost(choice: tuple[tuple[Filter, ...], int]) -> tuple[bool, float, float, int]:
        filters, unclean = choice
        sizes = [filter.size for filter in filters]
        largest = max((size[0] for size in sizes), default=0.0)
        weights = sum(size[1] for size in sizes)
        if largest <= SMALL:
            return False, unclean, largest, weights
        return True, largest, unclean, weights

    choices = (
        (
            tuple(_filter(relation, pairs, incoming) for pairs in rejected if pairs),
            len(legal - rejected[0]) if rejected[1] else 0,
        )
        for first, second in (colouring, colouring[::-1])
        for rejected in _complete(relation, first, second)
    )
    return min(choices, key=cost)[0]


def chains(incoming: Incoming) -> list[list[int]]:
    """The fewest groups of symbols on each of which one filter is enough.

    It is where the symbols' sets of states are nested. So the groups are the chains of a partial
    order, and the fewest follow from a largest matching of each symbol with one whose set contains
    its own (Dilworth 1950; Fulkerson 1956).

    Example:
        >>> matching = {q: frozenset({q}) for q in range(3)}
        >>> chains(Incoming(matching, 0, False, matching, frozenset()))
        [[0], [1], [2]]
    """
    holders = {
        a: frozenset(code for code, symbols in incoming.pairs.items() if a in symbols)
        for a in incoming.symbols
    }
    order = sorted(holders, key=lambda a: (len(holders[a]), a))
    above = {
        a: [b for b in order[place + 1 :] if holders[a] <= holders[b]]
        for place, a in enumerate(order)
    }
    below: dict[int, int] = {}  # the symbol that comes before each in its chain

    def matched(a: int, seen: set[int]) -> bool:
        for b in above[a]:
            if b not in seen:
                seen.add(b)
                if b not in below or matched(below[b], seen):
                    below[b] = a
                    return True
        return False

    for a in order:
        matched(a, set())
    after = {a: b for b, a in below.items()}
    found = []
    for a in sorted(a for a in order if a not in below):
        chain = [a]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        found.append(sorted(chain))
    return found


def _patterns(incoming: Incoming) -> list[frozenset[int]]:
    """The symbols that lead here from each state, with those of the reference state in the middle.

    Rows that obstruct each other are ordered as they stand here, and weights are heights relative
    to the reference: half as large from the middle as from an end.
    """
    patterns = list(dict.fromkeys(incoming.pairs.values()))
    reference = incoming.pairs.get(incoming.reference)
    if reference is not None:
        patterns.remove(reference)
        patterns.insert(len(patterns) // 2, reference)
    return [*patterns, frozenset()] if incoming.has_others else patterns


def _legal_pairs(relation: Relation, incoming: Incoming) -> set[Pair]:
    """The zeros that some legal word comes to."""
    legal = [(relation.row_of[p], incoming.legal[code]) for code, p in incoming.pairs.items()]
    if relation.empty is not None:
        legal.append((relation.empty, incoming.legal_elsewhere))
    pairs = {
        (row, a)
        for row, known in legal
        for a, symbols in enumerate(relation.columns)
        if known.intersection(symbols)
    }
    return pairs.intersection(relation.zeros)


class Relation(NamedTuple):
    """A relation with equal rows and equal columns merged."""

    rows: tuple[frozenset[int], ...]  # sets of columns
    row_of: Mapping[frozenset[int], int]  # from patterns of symbols
    columns: tuple[tuple[int, ...], ...]  # their symbols
    empty: int | None  # the row of states without a pair, if there are any

    @classmethod
    def of(cls, patterns: Iterable[frozenset[int]]) -> Relation:
        """The relation in which each row has a symbol or not."""
        patterns = list(dict.fromkeys(patterns))
        members: dict[tuple[int, ...], list[int]] = {}
        for symbol in sorted(frozenset().union(*patterns)):
            holders = tuple(r for r, pattern in enumerate(patterns) if symbol in pattern)
            members.setdefault(holders, []).append(symbol)
        columns = tuple(tuple(symbols) for symbols in members.values())
        rows = tuple(
            frozenset(c for c, column in enumerate(columns) if column[0] in pattern)
            for pattern in patterns
        )
        empty = next((r for r, row in enumerate(rows) if not row), None)
        return cls(rows, {pattern: r for r, pattern in enumerate(patterns)}, columns, empty)

    @property
    def ones(self) -> list[Pair]:
        """The pairs that are let through."""
        return [(p, a) for p, row in enumerate(self.rows) for a in sorted(row)]

    @property
    def zeros(self) -> list[Pair]:
        """The pairs that are rejected."""
        columns = range(len(self.columns))
        return [(p, a) for p, row in enumerate(self.rows) for a in columns if a not in row]

    def colouring(self) -> tuple[set[Pair], set[Pair]] | None:
        """Two sets of zeros such that neither filter has to reject two that obstruct each other.

        Zeros that obstruct nothing are left out. None where there is no such colouring, or where
        turning components over one by one finds no order for both filters (never seen: of all
        65,536 relations of 4 × 4, and of random larger ones, every colourable one was ordered).
        """
        components = two_coloured(self.obstructions())
        if components is None:
            return None
        both = tuple(set().union(*(part[side] for part in components)) for side in (0, 1))
        if all(_heights(self.ones, part) is not None for part in both):
            return both[0], both[1]
        chosen: tuple[set[Pair], set[Pair]] = (set(), set())
        for part in components:
            for first, second in (part, part[::-1]):
                turned = (chosen[0] | first, chosen[1] | second)
                if all(_heights(self.ones, rejected) is not None for rejected in turned):
                    chosen = turned
                    break
            else:
                return None
        return chosen

    def obstructions(self) -> dict[Pair, list[Pair]]:
        """The obstruction graph; zeros without a neighbour are not in it."""
        graph: dict[Pair, list[Pair]] = {}
        for p, q in itertools.combinations(range(len(self.rows)), 2):
            for a in self.rows[p] - self.rows[q]:
                for b in self.rows[q] - self.rows[p]:
                    graph.setdefault((p, b), []).append((q, a))
                    graph.setdefault((q, a), []).append((p, b))
        return graph


def two_coloured(graph: Mapping[Pair, list[Pair]]) -> list[tuple[set[Pair], set[Pair]]] | None:
    """The two colour classes of each component, or None where a component has an odd cycle."""
    seen: set[Pair] = set()
    components = []
    for root in sorted(graph):
        if root in seen:
            continue
        found = crawl([root], lambda node: ((None, neighbour) for neighbour in graph[node]))
        seen.update(found.came)
        parts: tuple[set[Pair], set[Pair]] = (set(), set())
        for node, distance in found.distances().items():
            parts[distance % 2].add(node)
        if any(not part.isdisjoint(graph[node]) for part in parts for node in part):
            return None
        components.append(parts)
    return components


def _heights(ones: Iterable[Pair], rejected: Iterable[Pair]) -> dict[tuple[str, int], int] | None:
    """The height of every row and column in the order "row above column for a pair let through".

    Rows have even heights and columns odd ones, so that no difference is 0; each is the length of
    the longest chain below it. None where the order has a cycle.
    """
    above: dict[tuple[str, int], list[tuple[str, int]]] = {}
    below: dict[tuple[str, int], int] = {}
    edges = [(("column", a), ("row", p)) for p, a in ones]
    edges += [(("row", p), ("column", a)) for p, a in rejected]
    for low, high in edges:
        above.setdefault(low, []).append(high)
        below[high] = below.get(high, 0) + 1
        below.setdefault(low, 0)
    height = {node: int(node[0] == "column") for node in below}
    queue = [node for node, count in below.items() if count == 0]
    for node in queue:
        for high in above.get(node, ()):
            height[high] = max(height[high], height[node] + 1)
            below[high] -= 1
            if below[high] == 0:
                queue.append(high)
    return height if len(queue) == len(below) else None


def _complete(
    relation: Relation, first: set[Pair], second: set[Pair]
) -> Iterator[tuple[set[Pair], set[Pair]]]:
    """Give every zero to a filter that rejects it: all sensible ways of sharing the empty row.

    Zeros of other rows go to the first filter where its order allows, else to the second. A state
    with no pair at all may be rejected by the first filter on some symbols and by the second on the
    rest, which often lets each filter look at one state only.
    """
    first, second = set(first), set(second)
    free = [z for z in relation.zeros if z not in first | second and z[0] != relation.empty]
    if _heights(relation.ones, first.union(free)) is not None:
        first.update(free)
    else:
        for zero in free:
            allowed = _heights(relation.ones, first | {zero}) is not None
            (first if allowed else second).add(zero)
    if relation.empty is None:
        yield first, second
        return
    heights = _heights(relation.ones, first)
    assert heights is not None, "the colouring left an order"
    columns = sorted(range(len(relation.columns)), key=lambda a: heights["column", a])
    cuts = range(0, len(columns) + 1, max(1, len(columns) // MAX_CUTS)) if second else [0]
    for cut in cuts:
        yield (
            first | {(relation.empty, a) for a in columns[cut:]},
            second | {(relation.empty, a) for a in columns[:cut]},
        )


def _filter(relation: Relation, rejected: set[Pair], incoming: Incoming) -> Filter:
    """The threshold filter that lets the relation's pairs through and rejects those given."""
    heights = _heights(relation.ones, [z for z in rejected if z[0] != relation.empty])
    assert heights is not None, "only sets with an order are given"
    rows = {p: heights["row", p] for p, row in enumerate(relation.rows) if row}
    if relation.empty is not None:
        limit = min(
            (heights["column", a] - 1 for p, a in rejected if p == relation.empty), default=None
        )
        rows[relation.empty] = _base(list(rows.values()), limit)

    zero = rows[relation.row_of[incoming.pairs.get(incoming.reference, frozenset())]]
    others = 0.0 if relation.empty is None else (rows[relation.empty] - zero) / 2
    states = {
        code: (rows[relation.row_of[pattern]] - zero) / 2
        for code, pattern in incoming.pairs.items()
        if code != incoming.reference
    }
    sums = {a: (zero - heights["column", a]) / 2 for a in range(len(relation.columns))}
    bias = _bias(relation, sums)
    return Filter(
        states={code: value for code, value in states.items() if value != others},
        others=others,
        symbols={
            symbol: value - bias
            for a, value in sums.items()
            if value != bias
            for symbol in relation.columns[a]
        },
        bias=bias,
    )


def _base(heights: list[int], limit: int | None) -> int:
    """A height of at most `limit` for the states without a pair, near the middle of the others.

    One that some other row has is best: that row's states then need no weight.
    """
    candidates = [h for h in heights if limit is None or h <= limit] or [limit or 0]
    if limit is not None:
        candidates.append(limit)
    return min(
        candidates, key=lambda base: (max(abs(h - base) for h in heights), -heights.count(base))
    )


def _bias(relation: Relation, sums: Mapping[int, float]) -> float:
    """The bias that leaves the smallest and fewest weights on symbols."""

    def cost(bias: float) -> tuple[float, int]:
        largest = max(abs(bias), *(abs(value - bias) for value in sums.values()))
        return largest, sum(len(relation.columns[a]) for a, v in sums.items() if v != bias)

    return min(sorted(set(sums.values()), key=lambda value: (abs(value), value)), key=cost)
