"""A net as the judge of many strings, in place of the machine that it is meant to follow.

`reberlstm.simulator.checking.Checker` walks over rows: the row of a state maps a symbol to the row
after it. Those of a net are made when they are first asked for, one for each state that the net has
come to, bit by bit the same; a saturated net comes to few of them, so that it judges as fast as the
machine. The rows of an unsaturated net, which hardly ever comes to the same state twice, are not
kept beyond `MOST_ROWS`.
"""

from __future__ import annotations

from typing import Any

from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import Floats, LSTMWeights
from reberlstm.simulator.checking import ACCEPTING
from reberlstm.simulator.step import State, initial, one_hot, read, step

MOST_ROWS = 20_000
"""How many rows are kept."""


def start_row(weights: LSTMWeights, grammar: FSM) -> NetRow:
    """The row before the first symbol.

    What a net offers, and whether it accepts, is as in `reberlstm.trace`: a net that claims the
    scope ``legal`` is taken to offer first what the grammar does, and one without an accept head
    accepts where the grammar does.

    Raises:
        GrammarError: for a net without a ``legal`` head, or with another alphabet.

    Example:
        >>> from reberlstm import compile, load_grammar
        >>> reber = load_grammar("reber")
        >>> row = start_row(compile(reber), reber)
        >>> sorted(row.legal), sorted(row["B"]["T"].legal)
        (['B'], ['S', 'X'])
    """
    if "legal" not in weights.heads:
        raise GrammarError(
            f"net {weights.name!r} has no 'legal' head, so nothing says which symbols it offers"
        )
    if set(grammar.alphabet) != set(weights.alphabet):
        raise GrammarError(
            f"the alphabet of {grammar} is {' '.join(grammar.alphabet)}, but that of the net "
            f"{weights.name!r} is {' '.join(weights.alphabet)}; give the grammar that it is for"
        )
    judge = _Judge(weights, grammar)
    first = None if weights.claims == "all" else grammar.legal(grammar.start)
    return judge.row(initial(weights), grammar.start, first)


class NetRow(dict[str, Any]):
    """The symbols that have been read in one state of a net, and the rows after them.

    Attributes:
        legal: The symbols that the net offers.
    """

    def __init__(
        self, judge: _Judge, state: State, node: str | None, legal: frozenset[str], accepts: bool
    ) -> None:
        super().__init__({ACCEPTING: None} if accepts else {})
        self.legal = legal
        self._judge = judge
        self._state = state
        self._node = node

    def __missing__(self, symbol: str) -> NetRow:
        if symbol not in self.legal:
            raise KeyError(symbol)
        return self._judge.after(self, symbol, self._state, self._node)


class _Judge:
    def __init__(self, weights: LSTMWeights, grammar: FSM) -> None:
        self.weights = weights
        self.grammar = grammar
        self.rows: dict[tuple[bytes, bytes, str | None], NetRow] = {}
        self.inputs: dict[str, Floats] = {a: one_hot(weights, a) for a in weights.alphabet}

    def after(self, row: NetRow, symbol: str, state: State, node: str | None) -> NetRow:
        """The row after a symbol that the net has offered; it is kept where there is room."""
        state = step(self.weights, self.inputs[symbol], state).state
        if node is not None:
            node = self.grammar.next_state(node, symbol)
        key = (state.h.tobytes(), state.c.tobytes(), node)
        known = self.rows.get(key)
        found = self.row(state, node) if known is None else known
        if known is None and len(self.rows) < MOST_ROWS:
            self.rows[key] = found
        if key in self.rows:
            row[symbol] = found
        return found

    def row(self, state: State, node: str | None, offered: frozenset[str] | None = None) -> NetRow:
        weights = self.weights
        if offered is None:
            values = read(weights, "legal", state)
            threshold = weights.reader_threshold
            offered = frozenset(
                a for a, v in zip(weights.alphabet, values, strict=True) if v > threshold
            )
        if "accept" in weights.heads:
            accepts = bool(read(weights, "accept", state)[0] > 0.0)
        else:
            accepts = node in self.grammar.accepting
        return NetRow(self, state, node, offered, accepts)
