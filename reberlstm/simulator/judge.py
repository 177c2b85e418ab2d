"""A net in the place of the machine that it is meant to follow, for checking many strings.

`reberlstm.simulator.checking.Checker` goes through rows: the row of a state maps a symbol to the
row after it. The rows of a net are made when they are first asked for, one for each state vector,
bit by bit the same; a saturated net comes to few of them, so that it checks as fast as the machine.
The rows of an unsaturated net, which hardly ever comes to the same state vector twice, are not kept
beyond `MOST_ROWS`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM
from reberlstm.net.net import Net, check_alphabets
from reberlstm.simulator.checking import ACCEPTING

MOST_ROWS = 20_000
"""How many rows are kept."""


def start_row(net: Net, grammar: FSM) -> NetRow:
    """The row before the first symbol.

    What a net offers, and whether it accepts, is as in `reberlstm.trace`. Where the net is not
    judged (a net that claims the scope ``legal``, before the first symbol and after a violation of
    the grammar) every symbol may come, and a string that ends after a violation is neither accepted
    nor incomplete. A net without a ``legal`` head lets every symbol come, one without an accept
    head accepts where the grammar does.

    Raises:
        GrammarError: for a net that tells neither, or with another alphabet.

    Example:
        >>> import reberlstm as rl
        >>> reber = rl.load_grammar("reber")
        >>> row = start_row(rl.compile(reber), reber)
        >>> sorted(row.legal), sorted(row["B"]["T"].legal)
        (['B'], ['S', 'X'])
    """
    if not {"legal", "accept"} & set(net.observed):
        raise GrammarError(
            f"net {net.name!r} has no 'legal' and no 'accept' head, so nothing says which strings "
            "it takes"
        )
    check_alphabets(grammar, net)
    return _Rows(net, grammar).row(net.start(), 0, goes_on=False)


class NetRow(dict[str, Any]):
    """The symbols that have been read in one state vector of a net, and the rows after them.

    Attributes:
        legal: The symbols that may come.
        judged: Whether a string that ends here lies in the scope of the net.
    """

    def __init__(
        self, rows: _Rows, states: NDArray[Any], node: int, legal: frozenset[str], judged: bool
    ) -> None:
        super().__init__()
        self.legal, self.judged = legal, judged
        self._rows, self._states, self._node = rows, states, node

    def __missing__(self, symbol: str) -> NetRow:
        if symbol not in self.legal:
            raise KeyError(symbol)
        return self._rows.after(self, symbol, self._states, self._node)


class _Rows:
    def __init__(self, net: Net, grammar: FSM) -> None:
        self.net = net
        self.tables = grammar.tables(net.on_violation)
        self.known: dict[tuple[bytes, int], NetRow] = {}
        self.columns = {symbol: number for number, symbol in enumerate(self.tables.alphabet)}
        self.symbols = {a: np.array([number]) for number, a in enumerate(net.alphabet)}

    def after(self, row: NetRow, symbol: str, states: NDArray[Any], node: int) -> NetRow:
        """The row after a symbol; it is kept where there is room."""
        states = self.net.step(states, self.symbols[symbol])
        node = int(self.tables.target[node, self.columns[symbol]])
        key = (states.tobytes(), node)
        if key in self.known:
            found = row[symbol] = self.known[key]
            return found
        found = self.row(states, node, bool(self.tables.goes_on[node]))
        if len(self.known) < MOST_ROWS:
            self.known[key] = row[symbol] = found
        return found

    def row(self, states: NDArray[Any], node: int, goes_on: bool) -> NetRow:
        """The row of a state vector; `goes_on` where a net of the scope ``legal`` was asked."""
        everywhere, lost = self.net.claims == "all", self.tables.names[node] is None
        answers = self.net.observe(states)
        legal = frozenset(self.net.alphabet)
        if (everywhere or (goes_on and not lost)) and answers.legal is not None:
            legal = frozenset(
                a for a, yes in zip(self.net.alphabet, answers.legal[0], strict=True) if yes
            )
        row = NetRow(self, states, node, legal, everywhere or not lost)
        accept = self.tables.accepting[node] if answers.accept is None else answers.accept[0]
        if accept and row.judged:
            row[ACCEPTING] = None
        return row
