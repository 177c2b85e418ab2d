"""One or two threshold filters per relation: all relations of 4 × 4, then larger ones at random."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import combinations, combinations_with_replacement, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reberlstm.compiler.ferrers import Filter, Incoming, factorise

Rows = tuple[int, ...]
"""A relation: bit ``a`` of ``rows[p]`` says whether (p, a) is in it."""

WIDTH = 4


def incoming(rows: Rows, reference: int = 0, legal: Rows | None = None) -> Incoming:
    """What the compiler would ask about the relation; by default every pair is legal."""
    symbols = [bits(row) for row in rows]
    everything = frozenset().union(*symbols)
    allowed = [
        everything if legal is None else symbols[p].union(bits(legal[p])) for p in range(len(rows))
    ]
    return Incoming(
        pairs={p: pattern for p, pattern in enumerate(symbols) if pattern},
        reference=reference,
        has_others=not all(symbols),
        legal={p: allowed[p] for p, pattern in enumerate(symbols) if pattern},
        legal_elsewhere=frozenset().union(
            *(allowed[p] for p, pattern in enumerate(symbols) if not pattern)
        ),
    )


def bits(row: int) -> frozenset[int]:
    return frozenset(a for a in range(row.bit_length()) if row >> a & 1)


def value(filter: Filter, relation: Incoming, p: int, a: int) -> float:
    """What the gate adds up for state p and symbol a, in units of twice the gain."""
    height = 0.0 if p == relation.reference else filter.states.get(p, filter.others)
    return height + filter.symbols.get(a, 0.0) + filter.bias


def check(rows: Rows, relation: Incoming, filters: tuple[Filter, ...]) -> None:
    """The law: every sum is at least ½ in size, and all filters are open on the relation only."""
    assert len(filters) <= 2
    for p, row in enumerate(rows):
        for a in relation.symbols:
            sums = [value(filter, relation, p, a) for filter in filters]
            assert all(abs(total) >= 0.5 for total in sums), (rows, p, a)
            assert all(total > 0 for total in sums) == bool(row >> a & 1), (rows, p, a)
    for filter in filters:
        weights = [*filter.states.values(), *filter.symbols.values(), filter.others, filter.bias]
        assert all((2 * weight).is_integer() for weight in weights), "half-integers"
        assert 0.0 not in filter.symbols.values()


def is_ferrers(rows: Rows) -> bool:
    """Whether the rows are nested."""
    return all(p & q in (p, q) for p, q in combinations(rows, 2))


@cache
def dimension_at_most_two() -> np.ndarray:
    """For every relation of 4 × 4, as 16 bits, whether two Ferrers relations intersect in it."""
    ferrers = np.array(
        [
            sum(row << WIDTH * p for p, row in enumerate(rows))
            for rows in product(range(2**WIDTH), repeat=WIDTH)
            if is_ferrers(rows)
        ]
    )
    assert len(ferrers) == 6_902, "the poly-Bernoulli number B(4, −4)"
    reached = np.zeros(2 ** (WIDTH * WIDTH), dtype=bool)
    for number in ferrers:
        reached[ferrers & number] = True
    return reached


def relations() -> Iterator[Rows]:
    """All relations of 4 × 4 up to the order of the rows."""
    return combinations_with_replacement(range(2**WIDTH), WIDTH)


def test_all_relations_of_four_by_four(seed: int) -> None:
    rng = random.Random(seed)
    two, impossible, largest = 0, 0, 0.0
    for rows in relations():
        rows = tuple(rng.sample(rows, k=WIDTH))
        relation = incoming(rows, reference=rng.randrange(WIDTH))
        filters = factorise(relation)
        number = sum(row << WIDTH * p for p, row in enumerate(rows))
        assert (filters is not None) == dimension_at_most_two()[number], rows
        if filters is None:
            impossible += 1
            continue
        check(rows, relation, filters)
        assert (len(filters) <= 1) == is_ferrers(rows), "a second filter only where it is needed"
        two += len(filters) == 2
        largest = max([largest, *(filter.size[0] for filter in filters)])
    assert largest <= 4.5, "weights that can be read"
    assert two > 1_000
    assert impossible > 100


def test_every_state_can_be_the_reference() -> None:
    for rows in list(relations())[::14]:
        for reference in range(WIDTH):
            relation = incoming(rows, reference)
            filters = factorise(relation)
            if filters is not None:
                check(rows, relation, filters)


def test_no_filter_where_every_pair_passes() -> None:
    assert factorise(incoming((0b11, 0b11))) == ()


@st.composite
def large_relations(draw: st.DrawFn) -> Rows:
    """Relations of two chains, which always fit, with a few pairs turned over, which may not."""
    height, width = draw(st.integers(1, 8)), draw(st.integers(1, 8))

    def chain() -> list[int]:
        order = draw(st.permutations(range(width)))
        lengths = draw(st.lists(st.integers(0, width), min_size=height, max_size=height))
        return [sum(1 << a for a in order[:length]) for length in lengths]

    rows = [p & q for p, q in zip(chain(), chain(), strict=True)]
    for p, a in draw(
        st.lists(st.tuples(st.integers(0, height - 1), st.integers(0, width - 1)), max_size=3)
    ):
        rows[p] ^= 1 << a
    return tuple(rows)


def obstruction_graph(rows: Rows) -> nx.Graph:
    """Joins two pairs outside the relation that no one Ferrers relation above it leaves out."""
    graph = nx.Graph()
    width = max(row.bit_length() for row in rows)
    cells = list(product(range(len(rows)), range(width)))
    for (p, a), (q, b) in combinations(cells, 2):
        inside = rows[p] >> a & 1 and rows[q] >> b & 1
        if inside and not rows[p] >> b & 1 and not rows[q] >> a & 1:
            graph.add_edge((p, b), (q, a))
    return graph


@given(large_relations(), st.integers(0, 7), st.randoms(use_true_random=False))
def test_larger_relations(rows: Rows, reference: int, rng: random.Random) -> None:
    legal = tuple(rng.randrange(2**8) for _ in rows)
    relation = incoming(rows, reference % len(rows), legal)
    filters = factorise(relation)
    assert (filters is not None) == nx.is_bipartite(obstruction_graph(rows))
    if filters is not None:
        check(rows, relation, filters)


@given(large_relations())
def test_relations_over_two_symbols_always_fit(rows: Rows) -> None:
    for a, b in combinations(range(8), 2):
        narrow = tuple(row & (1 << a | 1 << b) for row in rows)
        relation = incoming(narrow)
        filters = factorise(relation)
        assert filters is not None
        check(narrow, relation, filters)


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6, 12])
def test_any_matching_fits_and_its_complement_does_not(size: int) -> None:
    matching = tuple(1 << p for p in range(size))
    relation = incoming(matching)
    filters = factorise(relation)
    assert filters is not None
    check(matching, relation, filters)
    complement = tuple((2**size - 1) & ~row for row in matching)
    assert (factorise(incoming(complement)) is None) == (size > 2)


@given(large_relations(), st.data())
def test_restricting_to_symbols_is_restricting_the_relation(
    rows: Rows, data: st.DataObject
) -> None:
    chosen = data.draw(st.sets(st.integers(0, 7)))
    narrow = tuple(row & sum(1 << a for a in chosen) for row in rows)
    restricted, direct = incoming(rows).restrict(chosen), incoming(narrow)
    assert restricted.pairs == direct.pairs
    assert restricted.symbols == direct.symbols
    # A state that has lost all of its pairs is among the others.
    assert restricted.has_others == (len(restricted.pairs) < len(rows))


def test_the_first_filter_alone_is_right_on_legal_pairs_where_it_can_be() -> None:
    """The memory of a cell is then one-hot on legal words, and easier to read."""
    rows = (0b000, 0b000, 0b010, 0b100)
    legal = (0b100, 0b110, 0b010, 0b110)
    told = incoming(rows, legal=legal)

    def wrong(filters: tuple[Filter, ...] | None) -> int:
        assert filters is not None
        pairs = ((p, a) for p in range(4) for a in told.symbols if legal[p] >> a & 1)
        return sum((value(filters[0], told, p, a) > 0) != bool(rows[p] >> a & 1) for p, a in pairs)

    assert wrong(factorise(told)) == 0
    assert wrong(factorise(incoming(rows))) > 0, "not by chance"
