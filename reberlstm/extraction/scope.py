"""Which words a net is asked about, and who says what may come next.

Besides the state vector, every word has a *node* of the scope: whether it has begun, whether it is
over, or where it is in a reference that it must not leave. What a node says is never a matter of
the net.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import ExtractionError
from reberlstm.extraction.nets import Subject
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import includes_empty_word
from reberlstm.net.base import check_alphabets

BEGINNING = 0
"""The node of the empty word."""


@dataclass(frozen=True, eq=False)
class AskedWords:
    """The words that are asked, over A symbols, as a small machine of P nodes.

    Attributes:
        observed: What is seen of the net: ``legal``, ``accept``, ``label``, or several.
        target: The next node, (P, A).
        decides: Where the node and not the net says which symbols may follow, (P,).
        legal: These symbols, (P, A).
        over: Where words end, so that nothing may be said of what follows, (P,).
        outside: The node of words that have left `within`, or −1; nothing is said of these.
        first: Symbols that words begin with, where the net is not asked before the first one.
        last: Symbols after which a word is over.
        within: A machine whose words are asked, as far as they go on there, and one symbol beyond.
    """

    alphabet: tuple[str, ...]
    observed: tuple[str, ...]
    target: NDArray[np.intp]
    decides: NDArray[np.bool_]
    legal: NDArray[np.bool_]
    over: NDArray[np.bool_]
    outside: int = -1
    first: frozenset[int] | None = None
    last: frozenset[int] = frozenset()
    within: FSM | None = None

    @property
    def follows_legal(self) -> bool:
        """Whether words go on only with symbols that are offered; else all words are asked."""
        return "legal" in self.observed or self.within is not None

    @property
    def only_legal(self) -> bool:
        """Whether nothing but legal sets is seen, so that nothing is seen where a word is over."""
        return self.observed == ("legal",)

    @property
    def asked(self) -> NDArray[np.bool_]:
        """The nodes where the net's answer counts, (P,)."""
        asked = ~(self.decides & self.only_legal)
        return np.asarray(asked & (np.arange(len(asked)) != self.outside))

    def goes_on(self, node: int, legal: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """With which symbols a word goes on at a node where the net offers some, (A,)."""
        if not self.follows_legal:
            return np.ones_like(legal)
        return self.legal[node] if self.decides[node] else legal

    def __str__(self) -> str:
        """The words that are asked, as a plural."""
        if self.within is not None:
            words = f"words of {self.within or 'the reference'} as far as they go on there"
            if "legal" in self.observed:
                words += " and the net itself offers them, symbol by symbol"
            return words
        if not self.follows_legal:
            return "words over the alphabet"
        words = "words that the net itself offers, symbol by symbol"
        for symbols, how in ((self.first, "beginning with"), (self.last, "and over after")):
            if symbols:
                words += f", {how} {' or '.join(self.alphabet[a] for a in sorted(symbols))}"
        return words


def scope_of(
    net: Subject,
    reference: FSM | None = None,
    *,
    within: bool = False,
    begin: Sequence[str] | None = None,
    beyond: str | None = None,
) -> AskedWords:
    """The words that a net is asked about; those of the reference, where it is kept within one.

    A net that claims nothing but the scope ``legal`` is not asked before the first symbol, nor
    after the last one of a complete word. Which symbols these are is told by the reference, or else
    by the machine that the net names; where there is none, words begin with one of the symbols
    `begin`, or else with what the net offers before any symbol, or with any symbol where it offers
    none. `beyond` names a state of the reference for words that have left what it tells of, though
    they do not violate it.

    Raises:
        ExtractionError: for a reference over other symbols, or none where words are to stay in one;
            for symbols to begin with that are not the net's, or where something else says which.
    """
    if reference is not None:
        remedy = "give a reference over the net's symbols"
        check_alphabets(reference, net, remedy=remedy, error=ExtractionError)
    first, last = _ends(net, reference)
    if begin is not None:
        strange = [symbol for symbol in begin if symbol not in net.alphabet]
        if strange or not begin:
            what = f"{strange[0]!r} is not among" if strange else "no symbol of"
            raise ExtractionError(f"begin: {what} the net's symbols {' '.join(net.alphabet)}")
        if not asks_where_to_begin(net, reference):
            raise ExtractionError(
                "begin: the reference, or the net itself, says already with which symbols words "
                "begin; leave it out"
            )
        first = frozenset(map(net.alphabet.index, begin))
    if not within:
        return _until_the_end(net, first, last)
    if reference is None:
        raise ExtractionError("within a reference, but there is none; give the reference")
    return _within(net, reference, first, beyond)


def asks_where_to_begin(net: Subject, reference: FSM | None) -> bool:
    """Whether a net tells legal symbols, but nobody says with which ones words begin."""
    if "legal" not in net.observed or includes_empty_word(net.claims):
        return False
    grammar = reference or net.grammar
    return not isinstance(grammar, FSM) or set(grammar.alphabet) != set(net.alphabet)


def _ends(net: Subject, reference: FSM | None) -> tuple[frozenset[int] | None, frozenset[int]]:
    """The symbols that words begin with, and those that they end with: see `AskedWords`."""
    if "legal" not in net.observed or includes_empty_word(net.claims):
        return None, frozenset()
    if asks_where_to_begin(net, reference):
        offered = np.any(net.observe(net.start()).legal)
        return None if offered else frozenset(range(len(net.alphabet))), frozenset()
    grammar = reference or net.grammar
    assert isinstance(grammar, FSM), "it says with which symbols words begin"
    # A symbol ends words where all its transitions lead to states in which nothing follows.
    targets: dict[str, set[str]] = {}
    for line in grammar.transitions.values():
        for symbol, target in line.items():
            targets.setdefault(symbol, set()).add(target)
    last = {a for a, to in targets.items() if not any(grammar.transitions[q] for q in to)}
    index = net.alphabet.index
    return frozenset(map(index, grammar.legal(grammar.start))), frozenset(map(index, last))


def _until_the_end(net: Subject, first: frozenset[int] | None, last: frozenset[int]) -> AskedWords:
    """Three nodes: before the first symbol, where words go on, and where they are over."""
    size, (going, over) = len(net.alphabet), (1, 2)
    # Where the net is asked before the first symbol, the empty word is a word like others.
    target = np.full((3, size), BEGINNING if first is None else going, dtype=np.intp)
    target[:, sorted(last)] = over
    legal = np.zeros((3, size), dtype=bool)
    legal[BEGINNING, sorted(first or ())] = True
    decides, at_end = np.array([first is not None, False, True]), np.arange(3) == over
    return AskedWords(
        net.alphabet, net.observed, target, decides, legal, at_end, first=first, last=last
    )


def _within(
    net: Subject, reference: FSM, first: frozenset[int] | None, beyond: str | None
) -> AskedWords:
    """The states of a machine as nodes; a copy of its start where the net is not asked yet."""
    tables = reference.tables()
    columns = tables.columns(net.alphabet)
    copies = int(first is not None)
    states = np.arange(-copies, len(tables)).clip(0)
    target, legal = tables.target[states][:, columns] + copies, tables.legal[states][:, columns]
    outside = -1 if tables.dead is None else tables.dead + copies
    if beyond in tables.names:
        target[target == tables.names.index(beyond) + copies] = outside
    ends = ~tables.asked("legal")[states]
    decides = ends | ("legal" not in net.observed)
    decides[BEGINNING] |= first is not None
    over = ends & (states + copies != outside)
    return AskedWords(
        net.alphabet, net.observed, target, decides, legal, over, outside, first, within=reference
    )
