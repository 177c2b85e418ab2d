"""Two states in one cell: fewer cells than states, for comparison with one cell per state.

A cell whose candidate is +1 on some symbols and −1 on others stands for two states: ``h`` is
+tanh 1 in one, −tanh 1 in the other and 0 in all others. Two states may share a cell where

1. no symbol leads to both, so that the symbol alone gives the sign,
2. whatever both allow, or both forbid, is also allowed or forbidden where no cell is active (after
   a violation, or at the start of a complete machine): a linear readout of the two states is
   symmetric around what it is there. So where violations are to be detected, two states that
   allow a symbol in common cannot share a cell,
3. two filters exist. A gate sees ``+u`` in one state of a cell and ``−u`` in the other, so not
   every chain of nested rows can be had; a mixed-integer programme (scipy's HiGHS) finds weights.

States are paired by a maximum matching in the graph of 1 and 2; where 3 fails for a cell, its pair
is dropped (any pair, where the cell is of one state) and another matching is tried. There is no
``next`` head: in a complete machine the logits of two states of one cell cannot be chosen freely.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from reberlstm import FSM, LSTMWeights
from reberlstm.compiler.encoding import Code, Encoding, Special, encode
from reberlstm.compiler.layout import MARGIN
from reberlstm.net.cells.cell import Floats
from reberlstm.net.height import ACTIVE
from reberlstm.net.readouts import Head

LARGEST = 10.0
"""No weight may be larger, in units of 2·K."""

NODES = 500
"""The nodes of a programme's search tree: a limit that does not depend on the clock."""

TRIES = 20

Place = tuple[int, int]
"""A cell and a sign."""


@dataclass(frozen=True)
class Gates:
    """One cell: the sign of its candidate by symbol, and two filters in units of 2·K.

    A filter is a row of weights on cells (the last is `started`), on symbols, and a bias.
    """

    signs: Mapping[int, int]
    filters: NDArray[np.float64]


@dataclass(frozen=True)
class SignedCode:
    """Places for all states of a machine, and the gates that keep them up."""

    fsm: FSM
    encoding: Encoding
    places: Mapping[int, Place]
    gates: Sequence[Gates]

    @property
    def cells(self) -> int:
        """How many cells there are, `started` included."""
        return len(self.gates) + self.encoding.has_started

    def weights(self, gain: float) -> LSTMWeights:
        """The net with heads ``legal`` and ``accept``."""
        fsm = self.fsm
        size, unit = self.cells, 2.0 * gain
        weight_ih = np.zeros((4, size, len(fsm.alphabet)))
        weight_hh = np.zeros((4, size, size))
        bias = np.zeros((4, size))
        bias[[0, 3]], bias[1] = gain, -gain
        for cell, gates in enumerate(self.gates):
            for symbol, sign in gates.signs.items():
                weight_ih[2, cell, symbol] = sign * gain
            for gate, row in zip((0, 3), unit * gates.filters, strict=True):
                weight_hh[gate, cell] = row[:size] / ACTIVE
                weight_ih[gate, cell] = row[len(self.gates) + 1 : -1]
                bias[gate, cell] = row[-1]
        if self.encoding.has_started:
            bias[2, -1] = gain
        return LSTMWeights(
            alphabet=fsm.alphabet,
            cells=tuple(self._names()),
            weight_ih=weight_ih.reshape(4 * size, -1),
            weight_hh=weight_hh.reshape(4 * size, -1),
            bias_ih=bias.reshape(-1),
            bias_hh=np.zeros(4 * size),
            heads={"legal": self._head(fsm.alphabet), "accept": self._head(None)},
            grammar=fsm,
            gain=gain,
            claims="all",
            name="signed",
        )

    def _names(self) -> list[str]:
        states = self.encoding.machine.names
        names = []
        for cell in range(len(self.gates)):
            members = {s: str(states[q]) for q, (c, s) in self.places.items() if c == cell}
            names.append(" / ".join(f"{'−+'[s > 0]}{members[s]}" for s in sorted(members)[::-1]))
        return names + ["started"] * self.encoding.has_started

    def _head(self, symbols: Sequence[str] | None) -> Head:
        """Readouts of `MARGIN` and more: of the symbols, or of acceptance."""
        truth = {code: _signs(self.encoding, q, symbols) for code, q in self.encoding.codes()}
        start, idle = truth[Special.ZERO], truth[self.encoding.reference]
        weight = np.zeros((len(start), self.cells))
        for cell in range(len(self.gates)):
            wanted = {s: truth[q] for q, (c, s) in self.places.items() if c == cell}
            for sign, values in wanted.items():
                # A state that says what the idle net says needs no weight; if its partner needs
                # one, it only says it louder.
                weight[:, cell] += sign * np.where(values == idle, 0.0, values - idle)
        if self.encoding.has_started:
            weight[:, -1] = idle - start
        return Head(MARGIN / ACTIVE * weight, MARGIN * start)


def _signs(encoding: Encoding, state: int, symbols: Sequence[str] | None) -> Floats:
    machine = encoding.machine
    if symbols is None:
        return np.array([1.0 if machine.lines[state].accepting else -1.0])
    return np.array([1.0 if symbol in machine.symbols[state] else -1.0 for symbol in symbols])


def find_code(fsm: FSM, *, seed: int = 0) -> SignedCode | None:
    """The code with the fewest cells that a few tries find, or None where they find none."""
    encoding = encode(fsm.tables())
    rng = random.Random(seed)
    pairs = _pairs(encoding)
    for _ in range(TRIES):
        if not pairs:
            return None
        graph = networkx.Graph()
        graph.add_weighted_edges_from((*pair, 1.0 + 0.01 * rng.random()) for pair in sorted(pairs))
        matching = networkx.max_weight_matching(graph, maxcardinality=True)
        shared = sorted(tuple(sorted(pair)) for pair in matching)
        single = sorted(set(encoding.coded) - set(itertools.chain(*shared)))
        members = [*shared, *((state,) for state in single)]
        places = {
            state: (cell, sign)
            for cell, states in enumerate(members)
            for state, sign in zip(states, _order(rng, states), strict=True)
        }
        gates: list[Gates] = []
        for cell, states in enumerate(members):
            found = _gates(encoding, places, len(members), cell)
            if found is None:
                guilty = states if len(states) == 2 else rng.choice(shared or [()])
                pairs.discard(guilty)
                break
            gates.append(found)
        else:
            return SignedCode(fsm, encoding, places, gates)
    return None


def _order(rng: random.Random, states: Sequence[int]) -> tuple[int, ...]:
    return rng.choice([(1, -1), (-1, 1)]) if len(states) == 2 else (1,)


def _pairs(encoding: Encoding) -> set[tuple[int, int]]:
    """The states that conditions 1 and 2 let share a cell."""
    machine = encoding.machine
    table = [machine.table[q] for _, q in encoding.codes()]
    symbols_into = {q: {a for row in table for a, t in enumerate(row) if t == q} for q in
                    encoding.coded}  # fmt: skip
    idle = dict(encoding.codes())[encoding.reference]

    def readable(p: int, q: int) -> bool:
        for symbols in (machine.alphabet, None):
            first, second, neither = (_signs(encoding, s, symbols) for s in (p, q, idle))
            if ((first == second) & (first != neither)).any():
                return False
        return True

    return {
        (p, q)
        for p, q in itertools.combinations(encoding.coded, 2)
        if symbols_into[p].isdisjoint(symbols_into[q]) and readable(p, q)
    }


def _gates(encoding: Encoding, places: Mapping[int, Place], cells: int, cell: int) -> Gates | None:
    """The filters of a cell, with a largest weight and a sum of weights that are small."""
    table = encoding.machine.table
    members = {state: sign for state, (c, sign) in places.items() if c == cell}
    codes = list(encoding.codes())
    signs = {a: members[t] for _, q in codes for a, t in enumerate(table[q]) if t in members}
    symbols = len(encoding.machine.alphabet)
    width = cells + 1 + symbols + 1

    def seen(code: Code, symbol: int) -> Floats:
        """What a filter's weights are multiplied with."""
        row = np.zeros(width)
        if isinstance(code, int):
            row[places[code][0]] = places[code][1]
        row[cells] = encoding.has_started and code is not Special.ZERO
        row[cells + 1 + symbol] = row[-1] = 1.0
        return row

    open_rows = [seen(c, a) for c, q in codes for a in signs if table[q][a] in members]
    shut_rows = [seen(c, a) for c, q in codes for a in signs if table[q][a] not in members]
    solution = _solve(np.array(open_rows), np.array(shut_rows).reshape(-1, width))
    return None if solution is None else Gates(signs, solution)


def _solve(open_rows: Floats, shut_rows: Floats) -> Floats | None:
    """Two filters that are ≥ ½ on all `open_rows`, one of them ≤ −½ on each of the `shut_rows`.

    Variables: for each filter the positive parts of its weights, then the negative ones; for each
    row to be shut a 0 or 1, which filter shuts it; and the largest weight.
    """
    width, zeros = open_rows.shape[1], len(shut_rows)
    count = 4 * width + zeros + 1
    big = 2.0 * LARGEST * (width + 1)
    matrix = lil_array((2 * len(open_rows) + 2 * zeros + 4 * width, count))
    low, high = np.full(matrix.shape[0], -np.inf), np.full(matrix.shape[0], np.inf)
    line = 0
    for number in range(2):
        plus, minus = 2 * number * width, (2 * number + 1) * width
        for row in open_rows:
            matrix[line, plus : plus + width] = row
            matrix[line, minus : minus + width] = -row
            low[line] = 0.5
            line += 1
        for which, row in enumerate(shut_rows):
            matrix[line, plus : plus + width] = row
            matrix[line, minus : minus + width] = -row
            matrix[line, 4 * width + which] = -big if number == 0 else big
            high[line] = -0.5 if number == 0 else big - 0.5
            line += 1
    for variable in range(4 * width):
        matrix[line, variable], matrix[line, -1], high[line] = 1.0, -1.0, 0.0
        line += 1
    objective = np.full(count, 0.01)
    objective[4 * width : -1], objective[-1] = 0.0, 1.0
    upper = np.full(count, LARGEST)
    upper[4 * width : -1] = 1.0
    integer = np.zeros(count)
    integer[4 * width : -1] = 1.0
    found = milp(
        objective,
        constraints=LinearConstraint(matrix.tocsr(), low, high),
        bounds=Bounds(np.zeros(count), upper),
        integrality=integer,
        options={"node_limit": NODES, "mip_rel_gap": 0.2},
    )
    if found.x is None:
        return None
    parts = found.x[: 4 * width].reshape(2, 2, width)
    filters: Floats = np.round(parts[:, 0] - parts[:, 1], 6)
    return filters
