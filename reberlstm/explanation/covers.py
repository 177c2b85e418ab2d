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
    groups: dict[By, list[tuple[Table, Table]]] = {
        "symbols": [(column, members) for members, column in _equal(table.T)],
        "nodes": _equal(table),
    }
    covers = (
        Cover(_blocks(groups[by], nodes, symbols, by, negated), negated, by)
        for negated in (False, True)
        for by in groups
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


def _equal(lines: Table) -> list[tuple[Table, Table]]:
    """Which lines are equal, and what these are like, in the order in which they first occur."""
    packed = np.packbits(lines, axis=1)
    content, width = packed.tobytes(), packed.shape[1]
    groups: dict[bytes, list[int]] = {}
    for number in range(len(lines)):
        groups.setdefault(content[number * width : (number + 1) * width], []).append(number)
    found = []
    for members in groups.values():
        mask = np.zeros(len(lines), dtype=bool)
        mask[members] = True
        found.append((mask, lines[members[0]]))
    return found


def _blocks(
    groups: Sequence[tuple[Table, Table]],
    nodes: Sequence[str],
    symbols: Sequence[str],
    by: By,
    negated: bool,
) -> tuple[Block, ...]:
    """The blocks of the true entries, or with `negated` of the false ones."""
    blocks = []
    for rows, columns in groups:
        if by == "nodes":
            columns = columns != negated
        else:
            rows = rows != negated
        if rows.any() and columns.any():
            blocks.append(Block(names_of(rows, nodes), names_of(columns, symbols)))
    return tuple(blocks)
