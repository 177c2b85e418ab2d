"""Sets of nodes and symbols in words and in pseudo-code, never longer than a line or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reberlstm.explanation.model import Cover, Names, Rule
from reberlstm.explanation.vertices import Vertices
from reberlstm.explanation.wording import listed, named, shown

MAX_NAMES = 6
"""Of more names only the first few are given, and how many there are."""

MAX_BLOCKS = 6
MAX_CODE_NAMES = 12
FIRST_FEW = 3


@dataclass(frozen=True)
class Wording:
    """Says sets of one net's vertices and symbols.

    Attributes:
        vertices: The vertices.
        symbols: The symbols that "every symbol" means.
        conjunction: What stands before the last of a list.
    """

    vertices: Vertices
    symbols: tuple[str, ...]
    conjunction: str = "and"

    def over(self, symbols: Sequence[str]) -> Wording:
        """The same for part of the alphabet."""
        return Wording(self.vertices, tuple(symbols), self.conjunction)

    def nodes(self, names: Sequence[str]) -> str:
        """Vertices one by one: ``nodes 0 and 1``, ``the start and node 5``."""
        phrases = self.vertices.phrases
        special = [phrases[name] for name in names if name in phrases]
        plain = [shown(name) for name in names if name not in phrases]
        if len(names) > MAX_NAMES:
            return _some(special + plain, len(self.vertices.names), "nodes")
        if plain:
            special.append(f"node{'s' * (len(plain) > 1)} {listed(plain, self.conjunction)}")
        return listed(special, self.conjunction)

    def cells(self, names: Sequence[str]) -> str:
        """Cells one by one, or how many there are: ``cells 1, 3 and 5``."""
        total = self.vertices.net.size
        if len(names) > MAX_NAMES:
            few = _some([shown(name) for name in names], total, "cells")
            return "all cells" if len(names) == total else few
        return f"cell{'s' * (len(names) > 1)} {named(names, self.conjunction)}"

    def where(self, names: Names, preposition: str = "at") -> str:
        """A set of vertices: ``at node 1``, ``from everywhere but node 5``."""
        if names.is_everything:
            return f"{preposition} anywhere" if preposition == "from" else "everywhere"
        if not names.negated:
            return f"{preposition} {self.nodes(names.listed)}"
        if preposition == "from":
            return f"from everywhere but {self.nodes(names.listed)}"
        return f"everywhere but {preposition} {self.nodes(names.listed)}"

    def what(self, names: Names) -> str:
        """A set of symbols: ``T and S``, ``every symbol but X``."""
        alphabet = self.vertices.net.alphabet
        whole = len(self.symbols) == len(alphabet)
        if names.is_everything and whole:
            return "every symbol"
        listed_ = names.listed
        if names.negated and not whole:
            listed_ = tuple(name for name in self.symbols if name in names)
        text = named(listed_, self.conjunction)
        if len(listed_) > MAX_NAMES:
            text = _some([shown(name) for name in listed_], len(alphabet), "symbols")
        return f"every symbol but {text}" if names.negated and whole else text

    def pairs(self, cover: Cover, preposition: str = "at", prefix: str = "") -> str:
        """The blocks of a cover: ``T from nodes 0 and 1, S from node 1``.

        Symbols are said with `prefix` (``on``). What holds for all symbols or at all nodes is said
        without them where there is only one block; among several that could be misread.
        """
        parts, several = [], len(cover.blocks) > 1
        for block in cover.blocks:
            what = several or not block.symbols.is_everything or not prefix
            where = several or not block.nodes.is_everything
            words = [f"{prefix} {self.what(block.symbols)}".strip()] * what
            parts.append(" ".join([*words, *[self.where(block.nodes, preposition)] * where]))
        if len(parts) > MAX_BLOCKS:
            rest = len(parts) - FIRST_FEW
            return f"{', '.join(parts[:FIRST_FEW])} and {rest} more such cases"
        if any(", " in part for part in parts):
            return "; ".join(parts)
        if several and any(f" {self.conjunction} " in part for part in parts):
            return f"{', '.join(parts[:-1])}, {self.conjunction} {parts[-1]}"
        return listed(parts, self.conjunction)

    def say(self, cover: Cover, preposition: str = "at", prefix: str = "") -> str:
        """A whole cover: like `pairs`, or all, or all but some."""
        everything = "always" if prefix else self.what(Names((), negated=True))
        if cover.is_everything:
            return everything
        pairs = self.pairs(cover, preposition, prefix)
        return f"{everything} except {pairs}" if cover.negated else pairs


def _some(names: Sequence[str], total: int, what: str) -> str:
    """How many of all, and the first few: ``9 of 20 nodes (1, 2, 3, …)``."""
    return f"{len(names)} of {total} {what} ({', '.join(names[:FIRST_FEW])}, …)"


def code(rules: Sequence[Rule]) -> str:
    """Rules as an expression: a condition where all is 0 or 1, else values with conditions."""
    values = {rule.value for rule in rules}
    if values <= {0.0, 1.0}:
        return condition(next((rule.cover for rule in rules if rule.value == 1.0), Cover(())))
    if values == {1.0, -1.0}:
        return f"1 if {condition(rules[0].cover)} else -1"
    # The rule that is hardest to say comes last, where nothing has to be said.
    ordered = sorted(rules, key=lambda rule: len(condition(rule.cover)))
    parts = [f"{rule.value:g} if {condition(rule.cover)}" for rule in ordered[:-1]]
    return " else ".join([*parts, f"{ordered[-1].value:g}"])


def condition(cover: Cover) -> str:
    """A cover as a condition on `node` and `symbol`; 1 and 0 for always and never."""
    if cover.is_everything or cover.is_nothing:
        return str(int(cover.is_everything))
    flip = cover.negated and len(cover.blocks) == 1
    blocks = [
        [
            text
            for what, names in (("node", block.nodes), ("symbol", block.symbols))
            if (text := _membership(what, names, flip=flip))
        ]
        for block in cover.blocks
    ]
    if flip:
        return " or ".join(blocks[0])
    blocks.sort(key=len)
    if len(blocks) > MAX_CODE_NAMES:
        rest = len(blocks) - FIRST_FEW
        blocks = [*blocks[:FIRST_FEW], [f"… {rest} more cases"]]
    text = " or ".join(
        f"({' and '.join(block)})" if len(block) > 1 and len(blocks) > 1 else " and ".join(block)
        for block in blocks
    )
    return f"not ({text})" if cover.negated else text


def _membership(what: str, names: Names, *, flip: bool) -> str:
    if names.is_everything:
        return ""
    negated = names.negated != flip
    if len(names.listed) == 1:
        return f"{what} {'!=' if negated else '=='} {shown(names.listed[0])}"
    few = names.listed
    more = ""
    if len(few) > MAX_CODE_NAMES:
        few, more = few[:FIRST_FEW], f", … {len(few)} in all"
    inside = ", ".join(shown(name) for name in few)
    return f"{what} {'not in' if negated else 'in'} {{{inside}{more}}}"
