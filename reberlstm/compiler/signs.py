"""GRUs and simple recurrent nets: cells that are +1 or −1.

States are one-hot in signs: the cell of the state is +1, all others are −1. The zero vector, which
words begin in, is the start; no step leads back to it. With all cells at −1 a violation has
happened; where none can happen, it is some state without a cell of its own. One more cell,
`started`, is +1 from the first symbol on and makes up for what the cells at −1 take away.

*A simple recurrent net*, ``h' = tanh(W x + U h + b)``, is one filter. A cell takes those symbols of
its state on which the pairs that lead to the state are nested.

*A GRU* has two. Its update gate lets the candidate in at every step, so ``h' = n``, and::

    n = tanh(W_n x + b_n + r·(U_n h + b'_n))

The first filter is this sum. The second is the reset gate r: where it is shut, the sum is what the
symbol adds, and that is negative for every symbol.

*A GRU that resets before the matrix* (`gru-before`) multiplies each h by one r for all cells that
read it, so r is no filter of a cell that reads. It is wired as a simple net, with r open.

Units are those of the LSTM: every sum is at least ½ of them in size at the vertices, and a unit is
``2·K``. The step from −1 to +1 is 2, so a weight on a cell is half of the height.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reberlstm.compiler.encoding import Code, Encoding, Special
from reberlstm.compiler.ferrers import Filter
from reberlstm.compiler.layout import (
    ILLEGAL_LOGIT,
    Wiring,
    answers,
    cell_names,
    default_gain,
    height,
    wire,
)
from reberlstm.compiler.rows import Row, Rows

MARGIN = 0.5
"""``legal``, ``accept`` and ``label`` are this where true and minus this where false."""

PASSES = Filter({}, 0.0, {}, 0.5)
"""The filter of a cell whose symbols lead to its state from everywhere."""


def lay_out(
    encoding: Encoding, gain: float | None, labels: Sequence[str], cell: str
) -> tuple[Rows, float]:
    """All rows of a net of these cells, and the gain, as `reberlstm.compiler.layout.lay_out`."""
    encoding, wirings = _fewest(encoding, single=cell != "gru")
    signs = _Signs.of(encoding, wirings)
    gain = default_gain(signs.started + 1) if gain is None else gain
    open_, shut = Row(gain), Row(-gain)
    cells = [_gated(wiring, signs, open_, 2.0 * gain) for wiring in wirings]
    cells.append({"reset": open_, "candidate": open_})
    gates = {"reset": [rows["reset"] for rows in cells], "update": [shut] * len(cells)}
    gates = gates if cell != "rnn" else {}
    gates["candidate"] = [rows["candidate"] for rows in cells]
    asked = answers(encoding, labels, MARGIN, idle=ILLEGAL_LOGIT)
    heads = {kind: list(signs.head(value)) for kind, value in asked.items()}
    names = cell_names(encoding, wirings)
    return Rows(names, signs.cells_of, signs.started, gates, heads, 1.0), gain


def _fewest(encoding: Encoding, *, single: bool) -> tuple[Encoding, list[Wiring]]:
    """The cells, if it saves some with another state of a complete machine as the one without."""
    tried = [(encoding, list(wire(encoding, single=single)))]
    copies = Counter(wiring.state for wiring in tried[0][1])
    if encoding.machine.dead is None and copies:
        ((state, most),) = copies.most_common(1)
        if most > 1:
            coded = tuple(sorted({*encoding.coded, encoding.rest} - {state}))
            other = encoding._replace(coded=coded, rest=state)
            tried.append((other, list(wire(other, single=single))))
    return min(tried, key=lambda found: len(found[1]))


def _gated(wiring: Wiring, signs: _Signs, open_: Row, unit: float) -> dict[str, Row]:
    """The reset gate and the candidate of a cell."""
    first = (*wiring.filters, PASSES)[0]
    if len(wiring.filters) < 2:
        return {"reset": open_, "candidate": _scaled(_sum(first, wiring.symbols, signs), unit)}
    second = wiring.filters[1]
    reset = signs.filter(second)._replace(symbols=second.symbols)
    reset = reset._replace(bias=reset.bias + second.bias)
    candidate = _sum(first, wiring.symbols, signs, behind_reset=True)
    return {"reset": _scaled(reset, unit), "candidate": _scaled(candidate, unit)}


def _sum(
    filter: Filter, symbols: Iterable[int], signs: _Signs, *, behind_reset: bool = False
) -> Row:
    """A candidate that is positive where the filter is open, on these symbols and no others.

    Behind a reset gate what a symbol adds is at most −½, since it has to do without the cells.
    """
    on_symbols = {a: filter.symbols.get(a, 0.0) + filter.bias for a in symbols}
    highest = max(0.0, filter.others, *filter.states.values())
    shift = max(on_symbols.values()) + 0.5 if behind_reset else 0.0
    never = -0.5 - (max(0.0, highest + shift) if behind_reset else highest)
    on_cells = signs.filter(filter)
    return on_cells._replace(
        symbols={a: value - shift - never for a, value in on_symbols.items()},
        bias=never + (0.0 if behind_reset else on_cells.bias),
        inner=shift + on_cells.bias if behind_reset else 0.0,
    )


def _scaled(row: Row, unit: float) -> Row:
    """A row that is stated in units."""
    return Row(
        unit * row.bias,
        {a: unit * value for a, value in row.symbols.items()},
        {cell: unit * value for cell, value in row.cells.items()},
        unit * row.others,
        unit * row.inner,
    )


@dataclass(frozen=True)
class _Signs:
    """Where states stand in h, and which weights read them."""

    encoding: Encoding
    cells_of: Mapping[int, list[int]]
    started: int

    @classmethod
    def of(cls, encoding: Encoding, wirings: Sequence[Wiring]) -> _Signs:
        cells_of: dict[int, list[int]] = {}
        for cell, wiring in enumerate(wirings):
            cells_of.setdefault(wiring.state, []).append(cell)
        return cls(encoding, cells_of, len(wirings))

    def filter(self, filter: Filter) -> Row:
        """What cells add to a filter; in the bias, what it adds for the zero vector."""
        states = {code: height(filter, code, self.encoding) for code in filter.states}
        zero = height(filter, Special.ZERO, self.encoding)
        return self._read(states, filter.others, 0.0, zero)

    def head(self, value: Callable[[int], list[float]]) -> Iterable[Row]:
        """The linear map that gives each code the value of its state."""
        values = {code: value(state) for code, state in self.encoding.codes()}
        rest, zero = values[Special.DEFAULT], values[Special.ZERO]
        for number, (low, bias) in enumerate(zip(rest, zero, strict=True)):
            row = {code: line[number] for code, line in values.items() if line[number] != low}
            yield self._read(row, low, low, bias)

    def _read(self, values: Mapping[Code, float], others: float, rest: float, zero: float) -> Row:
        """The row that is `zero` at the zero vector and `rest` where only `started` is +1.

        With a state's cell at +1 it is that state's value, or `others` where none is given.
        """
        cells = {
            cell: (value - rest) / 2.0
            for code, value in values.items()
            if isinstance(code, int)
            for cell in self.cells_of[code]
        }
        away = (others - rest) / 2.0
        taken = sum(cells.values()) + away * (self.started - len(cells))
        return Row(zero, {}, {**cells, self.started: rest - zero + taken}, away)
