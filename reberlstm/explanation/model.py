"""What an explanation consists of: frozen values, with `to_dict` for JSON.

An explanation speaks of *vertices*: the situations in which a hand-wired net is meant to be, one
active cell (a node) or none. A gate is a table over (vertex, symbol) pairs; a `Rule` is a part of
such a table, and a `Cover` says in as few names as possible which pairs the part consists of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import WeightsError
from reberlstm.machine.tables import distinct_rows
from reberlstm.plain import Plain, plain


@dataclass(frozen=True)
class Names:
    """A set of names: those listed, or with `negated` all others; ``Names((), True)`` is all."""

    listed: tuple[str, ...]
    negated: bool = False

    def __contains__(self, name: str) -> bool:
        return (name in self.listed) != self.negated

    @property
    def is_everything(self) -> bool:
        """Whether no name is left out."""
        return self.negated and not self.listed

    def to_dict(self) -> dict[str, list[str]] | None:
        """None for all names."""
        if self.is_everything:
            return None
        return {"all_but" if self.negated else "only": list(self.listed)}


@dataclass(frozen=True)
class Block(Plain):
    """All pairs of some nodes with some symbols."""

    nodes: Names
    symbols: Names

    def __contains__(self, pair: tuple[str, str]) -> bool:
        return pair[0] in self.nodes and pair[1] in self.symbols


@dataclass(frozen=True)
class Cover:
    """A set of (node, symbol) pairs as a union of blocks, or with `negated` as all other pairs.

    Attributes:
        blocks: They do not overlap.
        negated: Whether the blocks are what is left out.
        by: ``symbols`` when no symbol is in two blocks, ``nodes`` when no node is.
    """

    blocks: tuple[Block, ...]
    negated: bool = False
    by: Literal["symbols", "nodes"] = "symbols"

    def __contains__(self, pair: tuple[str, str]) -> bool:
        return any(pair in block for block in self.blocks) != self.negated

    @property
    def is_everything(self) -> bool:
        """Whether every pair is in it."""
        return self.negated and not self.blocks

    @property
    def is_nothing(self) -> bool:
        """Whether no pair is in it."""
        return not self.negated and not self.blocks

    def to_dict(self) -> dict[str, Any]:
        """The blocks, and whether they are left out."""
        return {"negated": self.negated, "blocks": plain(self.blocks)}


@dataclass(frozen=True)
class Rule(Plain, rename={"cover": "where"}):
    """The pairs at which a gate has about the same value.

    Attributes:
        value: The value in round figures; a gate is over ½ exactly when this is.
        low: The gate's smallest value on these pairs.
        high: The gate's largest value on these pairs.
        cover: The pairs.
    """

    value: float
    low: float
    high: float
    cover: Cover


@dataclass(frozen=True)
class WeightReason(Plain):
    """One weight that is not zero, and what it is there for.

    Attributes:
        kind: What the weight is on: ``bias`` (always), ``symbol`` or ``cell``.
        names: The symbol, or the cells that have this same weight; empty for a bias.
        value: The weight.
        units: The weight in units (see `Explanation.unit`), where the net was made with a gain; on
            a cell it is what an active cell contributes.
        reason: What would be different without it.
    """

    kind: str
    names: tuple[str, ...]
    value: float
    units: float | None
    reason: str


@dataclass(frozen=True)
class GateExplanation(Plain, omit=("name",)):
    """One row of gate weights.

    Attributes:
        name: ``input``, ``forget``, ``candidate`` or ``output``.
        sentence: What the gate does. A filter's sentence speaks only of pairs at which there is
            something to let through.
        code: The same as pseudo-code, for every pair; shortened with … where it names very many.
        rules: The table behind both, for every pair, without shortening; no pair is in two.
        weights: The weights that are not zero, each with its reason.
    """

    name: str
    sentence: str
    code: str = ""
    rules: tuple[Rule, ...] = ()
    weights: tuple[WeightReason, ...] = ()

    def value(self, node: str, symbol: str) -> float:
        """The gate's value, in round figures, at a vertex and a symbol."""
        for rule in self.rules:
            if (node, symbol) in rule.cover:
                return rule.value
        raise WeightsError(f"nothing is known of the {self.name} gate at {node!r} on {symbol!r}")


@dataclass(frozen=True)
class CellExplanation(Plain):
    """One cell: what it stands for, when it is active, and its gates.

    Attributes:
        name: The cell's name.
        role: What it stands for, such as ``node 1`` or ``copy 2 of node q``.
        sentence: When it is active.
        gates: One explanation a gate, by the gate's name.
        notes: What is to be said about leaks and values that are neither open nor closed.
    """

    name: str
    role: str
    sentence: str
    gates: Mapping[str, GateExplanation]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeadLine(Plain, omit=("where",)):
    """What a head says of one symbol or label, or (``next``) at one node.

    Attributes:
        name: The symbol, label or node.
        sentence: Where it is true, or (``next``) the symbols with their probabilities.
        code: The same as pseudo-code, empty for ``next``.
        where: The vertices at which it is true, None for ``next``.
    """

    name: str
    sentence: str
    code: str = ""
    where: Names | None = None


@dataclass(frozen=True)
class HeadExplanation(Plain, omit=("name",)):
    """One readout: a sentence, and a line for each row of it (``next``: for each node)."""

    name: str
    sentence: str
    lines: tuple[HeadLine, ...] = ()


@dataclass(frozen=True)
class Explanation(Plain):
    """A net, explained.

    Attributes:
        net: The net's name.
        grammar: The machine's name, None where none is known.
        kind: ``mechanism``: the sentences say how the net works. ``numbers``: a numeric summary of
            a net that nobody wired, and no explanation of how it works.
        summary: What is to be said of the whole net, one sentence each.
        nodes: What the vertices without a cell of their own are, by name.
        vertices: Every vertex by name, with the cells that are active there.
        unit: The size of a unit of weight, where the net was made with a gain: twice the gain.
        cells: The cells, in order.
        heads: The heads by name.
        readout: How the net's answers are read, such as ``legal: softmax > 0.1``.
    """

    net: str
    grammar: str | None
    kind: Literal["mechanism", "numbers"]
    summary: tuple[str, ...]
    nodes: Mapping[str, str]
    vertices: Mapping[str, tuple[str, ...]]
    unit: float | None
    cells: tuple[CellExplanation, ...]
    heads: Mapping[str, HeadExplanation] = field(default_factory=dict)
    readout: str = ""

    def cell(self, name: str) -> CellExplanation:
        """The cell of that name.

        Raises:
            WeightsError: naming the cells there are, when there is no such cell.
        """
        for cell in self.cells:
            if cell.name == name:
                return cell
        names = [cell.name for cell in self.cells]
        some = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
        raise WeightsError(f"no cell {name!r} in the net {self.net!r}; its cells are {some}")

    def sentence(self, cell: str, gate: str) -> str:
        """The sentence of one gate of one cell.

        Raises:
            WeightsError: when there is no such cell or gate.
        """
        gates = self.cell(cell).gates
        if gate not in gates:
            raise WeightsError(
                f"no gate {gate!r} in cell {cell!r}; its gates are {', '.join(gates)}"
            )
        return gates[gate].sentence


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
    chosen = np.flatnonzero(members).tolist()
    if len(chosen) == len(names):
        return Names((), negated=True)
    if len(chosen) <= len(names) - len(chosen) + 1:
        return Names(tuple(names[i] for i in chosen))
    return Names(tuple(names[i] for i in np.flatnonzero(~members).tolist()), negated=True)


def _equal(lines: Table) -> list[tuple[Table, Table]]:
    """The groups of equal lines, as masks, each with its line; in the order of their first ones."""
    first, group = distinct_rows(lines)
    return [(group == number, lines[row]) for number, row in enumerate(first.tolist())]


def _blocks(
    groups: Sequence[tuple[Table, Table]],
    nodes: Sequence[str],
    symbols: Sequence[str],
    by: By,
    negated: bool,
) -> tuple[Block, ...]:
    """The blocks of the true entries, or with `negated` of the false ones."""
    pairs = (
        (rows, columns != negated) if by == "nodes" else (rows != negated, columns)
        for rows, columns in groups
    )
    return tuple(
        Block(names_of(rows, nodes), names_of(columns, symbols))
        for rows, columns in pairs
        if rows.any() and columns.any()
    )
