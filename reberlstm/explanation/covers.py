"""Which (node, symbol) pairs, in as few names as possible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reberlstm.explanation.model import Block, Cover, Names

Table = NDArray[np.bool_]
"""One entry for every node (row) and symbol (column), or one for every name."""

By = Literal["symbols", "nodes"]

SYMBOLS_FIRST = 1.5
"""How much longer a description by symbols may be and still be the easier one to read."""


def shortest(
    table: Table, nodes: Sequence[str], symbols: Sequence[str], *, symbols_first: bool = False
) -> Cover:
    """The shortest description of the true entries of a table of shape (nodes, symbols).

    Blocks are made of the nodes with equal rows or of the symbols with equal columns, and of the
    entries that are true or of those that are false: whichever needs the fewest names.

    Args:
        table: The entries.
        nodes: The names of the rows.
        symbols: The names of the columns.
        symbols_first: Whether to prefer blocks by symbol unless by node is much shorter.

    Example:
        >>> cover = shortest(np.array([[True, True], [True, False]]), ["p", "q"], ["a", "b"])
        >>> cover.negated, [(block.nodes.listed, block.symbols.listed) for block in cover.blocks]
        (True, [(('q',), ('b',))])
    """
    if table.all():
        return Cover((), negated=True)
    if not table.any():
        return Cover(())
    options: list[tuple[By, bool]] = [
        ("symbols", False),
        ("nodes", False),
        ("symbols", True),
        ("nodes", True),
    ]
    covers = (
        Cover(_blocks(table != negated, nodes, symbols, by), negated, by) for by, negated in options
    )
    handicap = SYMBOLS_FIRST if symbols_first else 1.0
    return min(covers, key=lambda cover: size(cover) * (handicap if cover.by == "nodes" else 1.0))


def size(cover: Cover) -> int:
    """How many things a reader of the cover has to keep in mind."""
    sets = [names for block in cover.blocks for names in (block.nodes, block.symbols)]
    names = sum(len(names.listed) + names.negated for names in sets if not names.is_everything)
    return names + len(cover.blocks) + cover.negated


def names_of(members: Table, names: Sequence[str]) -> Names:
    """The names of the true entries: listed, or as all but the others where that is shorter."""
    inside = np.flatnonzero(members).tolist()
    if len(inside) == len(names):
        return Names((), negated=True)
    if len(inside) <= len(names) - len(inside) + 1:
        return Names(tuple(names[i] for i in inside))
    return Names(tuple(names[i] for i in np.flatnonzero(~members).tolist()), negated=True)


def _blocks(
    table: Table, nodes: Sequence[str], symbols: Sequence[str], by: By
) -> tuple[Block, ...]:
    """Blocks of equal rows, or of equal columns, in the order in which they first occur."""
    lines = table if by == "nodes" else table.T
    patterns, first, group = np.unique(lines, axis=0, return_index=True, return_inverse=True)
    blocks = []
    for number in np.argsort(first):
        if not patterns[number].any():
            continue
        members = group.reshape(-1) == number
        if by == "nodes":
            blocks.append(Block(names_of(members, nodes), names_of(patterns[number], symbols)))
        else:
            blocks.append(Block(names_of(patterns[number], nodes), names_of(members, symbols)))
    return tuple(blocks)
