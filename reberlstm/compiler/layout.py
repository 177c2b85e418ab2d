"""From an encoding to the rows of gates and heads.

The cell of state q must become active exactly when the pair (state, symbol) just seen leads to q.
Its candidate rings on the symbols of these pairs and is zero on all others; the filters decide
among the states. A state whose pairs are too tangled for two filters is split into copies, each of
which takes some of the symbols.

With one-hot states and symbols the pre-activation of a gate is ``u[p] + v[a] + b``. Filters are
stated in units in which every such sum is at least ½ in size; a unit is ``2·K``, and weights on
``h`` are also divided by tanh 1, the height of an active cell, so every pre-activation has at least
size ``K``. The forget gate is closed, and a gate that no filter needs is open.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from reberlstm.compiler.encoding import Code, Encoding, Special
from reberlstm.compiler.ferrers import Filter, Incoming, chains, factorise, fits
from reberlstm.compiler.rows import Row, Rows
from reberlstm.machine.algebra import Names
from reberlstm.net.height import ACTIVE


class Wiring(NamedTuple):
    """One cell: active after a step exactly when a symbol rang it and every filter was open.

    Of at most two filters the first is the input gate, the second the output gate; `copy` is 0 for
    a state with one cell, else the number of this copy, from 1.
    """

    state: int
    symbols: tuple[int, ...]
    filters: tuple[Filter, ...]
    copy: int = 0


class Latch(NamedTuple):
    """A cell that holds one bit as +tanh 1 or −tanh 1; see `reberlstm.compiler.latched`.

    Attributes:
        input: Where the bit is set. The forget gate is the opposite.
        output: Where it matters after the step.
        candidate: The sign that is set, as a sum.
        own: The weight of the candidate on the latch itself, in units.
        deepest: How far the input gate's sum is below 0 where the bit is held, at most, in units.
    """

    input: Filter
    output: Filter
    candidate: Filter
    own: float
    deepest: float


def wire(encoding: Encoding, *, single: bool = False) -> Iterator[Wiring]:
    """The cells of every state: one where its incoming pairs have Ferrers dimension at most 2.

    Where cells have a `single` filter, one where the dimension is at most 1.
    """
    for state, incoming in incomings(encoding, range(len(encoding.machine))).items():
        yield from wire_state(state, incoming, single)


def incomings(encoding: Encoding, class_of: Sequence[int]) -> dict[int, Incoming]:
    """What leads to each state that has a cell, or to its class, named by one of its states."""
    machine = encoding.machine
    legal = {
        code: frozenset(a for a, _ in machine.legal_steps(source))
        for code, source in encoding.codes()
    }
    legal_somewhere = Counter(symbol for symbols in legal.values() for symbol in symbols)
    pairs: dict[int, dict[Code, set[int]]] = {state: {} for state in encoding.coded}
    for code, source in encoding.codes():
        for symbol, target in enumerate(machine.table[source]):
            if class_of[target] in pairs:
                pairs[class_of[target]].setdefault(code, set()).add(symbol)
    found = {}
    for state, symbols_of in pairs.items():
        legal_here = Counter(symbol for code in symbols_of for symbol in legal[code])
        found[state] = Incoming(
            pairs={code: frozenset(symbols) for code, symbols in symbols_of.items()},
            reference=encoding.reference,
            has_others=len(symbols_of) < len(legal),
            legal={code: legal[code] for code in symbols_of},
            legal_elsewhere=frozenset(legal_somewhere - legal_here),
        )
    return found


def wire_state(state: int, incoming: Incoming, single: bool = False) -> Iterator[Wiring]:
    """The cells of one state: one, or its copies."""
    filters = None if single else factorise(incoming)
    if filters is not None:
        yield Wiring(state, tuple(incoming.symbols), filters)
        return

    parts = chains(incoming) if single else _parts(incoming)
    for copy, taken in enumerate(parts, start=1):
        filters = factorise(incoming.restrict(taken))
        assert filters is not None, "what fits has filters, and a single symbol always fits"
        yield Wiring(state, tuple(taken), filters, copy if len(parts) > 1 else 0)


def _parts(incoming: Incoming) -> list[list[int]]:
    """Parts with as many symbols as two filters can decide; one symbol never needs more than one.

    Cells that share a state are its copies.
    """
    parts: list[list[int]] = []
    for symbol in incoming.symbols:
        if parts and fits(incoming.restrict([*parts[-1], symbol])):
            parts[-1].append(symbol)
        else:
            parts.append([symbol])
    return parts


MIDDLE = (ACTIVE + 1.0) / 2.0
SPREAD = (1.0 - ACTIVE) / (1.0 + ACTIVE)
"""The height of a held cell that rings again at each round: between tanh 1 and 1."""


def tallest(encoding: Encoding, wirings: Iterable[Wiring], states: Collection[int]) -> float:
    """The largest height that a filter has for one of these states, in size."""
    filters = [filter for wiring in wirings for filter in wiring.filters]
    sizes = [abs(height(each, state, encoding)) for each in filters for state in states]
    return max(sizes, default=0.0)


HELD, SET = 4.0, 2.5
"""The sums of a latch's gates: at most the first from 0 where it is held, at least the second else.

An open forget gate loses at least e^−4 = 1.8 % a step then, and the input gate makes up for it. If
it were much less, the memory would take long to settle, and rounding in float32, up to 4e-7 a step,
would no longer be small beside it."""


def lay_out(
    encoding: Encoding,
    gain: float | None,
    labels: Sequence[str],
    wirings: Sequence[Wiring] | None = None,
    latches: Sequence[Latch] = (),
    held: Mapping[int, Collection[int]] | None = None,
) -> tuple[Rows, float]:
    """All rows of the net, and the gain: the given one, or a default.

    Args:
        encoding: What stands for which state.
        gain: The gain, or None for the default; see `default_gain`.
        labels: The rows of the ``label`` head.
        wirings: The cells, if they are not those of `wire`.
        latches: Further cells, one for each bit.
        held: For each state that the forget gate holds the symbols of its loops.
    """
    wirings = list(wire(encoding)) if wirings is None else wirings
    held = held or {}
    cells_of: dict[int, list[int]] = {}
    for cell, wiring in enumerate(wirings):
        cells_of.setdefault(wiring.state, []).append(cell)
    first = len(wirings) + encoding.has_started  # of the latches
    started = len(wirings) if encoding.has_started else None
    if gain is None:
        gain = default_gain(first + len(latches))
        if held:
            varies = SPREAD * tallest(encoding, wirings, held)
            gain = float(math.ceil(gain / (1.0 - 2.0 * varies)))
    place = Place(encoding, cells_of, started, first, len(latches), held)
    always, never = Row(gain), Row(-gain)
    symbols, cells = set(range(len(encoding.machine.alphabet))), []
    for cell, wiring in enumerate(wirings):
        both = (*(place.row(filter, gain) for filter in wiring.filters), always, always)
        rings = Row(symbols=dict.fromkeys(wiring.symbols, gain))
        loops = {a for a in held.get(wiring.state, ()) if a in wiring.symbols}
        keeps = _loop_row(cell, symbols - loops, gain) if loops else never
        cells.append((both[0], keeps, rings, both[1]))
    if encoding.has_started:
        cells.append((always, never, always, always))
    for number, latch in enumerate(latches, start=first):
        let_in = place.row(latch.input, min(gain, max(SET, HELD / (2.0 * latch.deepest))))
        rings = place.row(latch.candidate, gain)
        own = rings.cells.get(number, 0.0) + 2.0 * gain * latch.own / ACTIVE
        rings = rings._replace(cells={**rings.cells, number: own})
        cells.append((let_in, let_in.opposite, rings, place.row(latch.output, gain)))
    names = ("input", "forget", "candidate", "output")
    gates = dict(zip(names, map(list, zip(*cells, strict=True)), strict=True))
    # Nothing is asked of logits where no symbol may follow; halfway, the way to others is shortest.
    asked = answers(encoding, labels, MARGIN, idle=ILLEGAL_LOGIT / 2.0)
    heads = {kind: head_rows(encoding, cells_of, started, value) for kind, value in asked.items()}
    named = cell_names(encoding, wirings, len(latches))
    memory = "latch" if latches else "keep" if held else "rewrite"
    return Rows(named, cells_of, started, gates, heads, ACTIVE, memory), gain


def default_gain(cells: int) -> float:
    """A gain at which the ``next`` head of a net of so many cells is exact to 1e-6 in float64.

    A closed gate leaks exp(−K); at most `cells` of them act through weights of up to 40 on a logit,
    and a probability moves by at most half of what all logits move by. At 20 the sigmoid is
    also exactly 1 in float32.
    """
    return max(20.0, math.ceil(math.log(2e7 * cells)))


class Place(NamedTuple):
    """Where cells stand: those of states by state, `started`, and so many latches from one on."""

    encoding: Encoding
    cells_of: Mapping[int, list[int]]
    started: int | None
    first: int
    latches: int
    held: Mapping[int, Collection[int]]

    def row(self, filter: Filter, gain: float) -> Row:
        """A filter as a row of weights."""
        unit = 2.0 * gain
        on_cell = unit / ACTIVE
        cells = {
            cell: on_cell * height(filter, code, self.encoding)
            for code in filter.states
            if isinstance(code, int)
            for cell in self.cells_of.get(code, ())
        }
        bias = filter.bias
        if self.started is not None:
            # Before the first symbol, and only then, no cell at all is active.
            zero = height(filter, Special.ZERO, self.encoding)
            cells[self.started] = -on_cell * zero
            bias += zero
        symbols = {symbol: unit * value for symbol, value in filter.symbols.items()}
        cells |= {
            cell: unit / MIDDLE * height(filter, state, self.encoding)
            for state in self.held
            for cell in self.cells_of[state]
        }
        cells |= {self.first + k: on_cell * filter.bits.get(k, 0.0) for k in range(self.latches)}
        return Row(unit * bias, symbols, cells, on_cell * filter.others)


LOOP = 1.0, 3.0
"""The sum of the gate that holds a loop, at first and at most.

It keeps 73 % of what first rang, and later up to 95 %, so that what the candidate adds at each
round comes to 1 + e^3 = 21 in the end, and is erased again in one step. At the Toy LSTM's 5 it
would come to 149, but lose so little in a round, 0.7 %, that rounding in bfloat16 could make up for
it, and memory grow without bound."""


def _loop_row(cell: int, others: Iterable[int], gain: float) -> Row:
    """The forget gate of a loop: open where its cell is active, but shut on all other symbols.

    The sum is the first of `LOOP` where h is tanh 1, after the first round, and the last at 1.
    """
    first, last = LOOP
    weight = (last - first) / (1.0 - ACTIVE)
    exit = -(3.0 * last + gain)
    return Row(first - weight * ACTIVE, dict.fromkeys(others, exit), {cell: weight})


def height(filter: Filter, code: Code, encoding: Encoding) -> float:
    """What a filter adds for a code, in units; nothing for the reference."""
    return 0.0 if code == encoding.reference else filter.states.get(code, filter.others)


def cell_names(encoding: Encoding, wirings: Sequence[Wiring], latches: int = 0) -> tuple[str, ...]:
    """Cells are named after states; a copy gets a number, and a clash gets primes."""
    states = encoding.machine.names
    fresh = Names(name for name in states if name is not None).fresh
    names = []
    for wiring in wirings:
        state = states[wiring.state]
        assert state is not None, "the state after a violation has no cell"
        names.append(fresh(f"{state}/{wiring.copy}") if wiring.copy else state)
    names += [fresh("started")] * encoding.has_started
    numbered = [f"latch {number}" for number in range(1, latches + 1)]
    return (*names, *map(fresh, numbered if latches > 1 else ["latch"] * latches))


ILLEGAL_LOGIT = -30.0
"""The logit of a symbol that may not come next: a probability of 9e-14.

Larger ones would cost digits: in float32 a logit of 30 is known to 1e-6."""

MARGIN = ACTIVE / 2.0
"""``legal``, ``accept`` and ``label`` are this where true and minus this where false."""


def answers(
    encoding: Encoding, labels: Sequence[str], margin: float, idle: float
) -> dict[str, Callable[[int], list[float]]]:
    """What each head says in a state; see `reberlstm.compiler.compile`.

    What is true or false is a `margin` away from 0; `idle` is the logit of all symbols where none
    may follow, so that nothing is asked of them.
    """
    lines = encoding.machine.lines

    def signs(truths: Iterable[bool]) -> list[float]:
        return [margin if truth else -margin for truth in truths]

    def logits(state: int) -> list[float]:
        line = lines[state]
        if not any(line.legal):
            return [idle] * len(line.legal)
        return [_logit(chance) for chance in line.probability]

    heads: dict[str, Callable[[int], list[float]]] = {
        "legal": lambda state: signs(lines[state].legal),
        "accept": lambda state: signs([lines[state].accepting]),
        "next": logits,
    }
    if labels:
        heads["label"] = lambda state: signs(lines[state].output == a for a in labels)
    return heads


def _logit(probability: float) -> float:
    return max(math.log(probability), ILLEGAL_LOGIT) if probability > 0.0 else ILLEGAL_LOGIT


def head_rows(
    encoding: Encoding,
    cells_of: Mapping[int, list[int]],
    started: int | None,
    value: Callable[[int], list[float]],
) -> list[Row]:
    """The linear map that gives each code the value of its state."""
    values = {code: value(state) for code, state in encoding.codes()}
    reference, zero = values[encoding.reference], values[Special.ZERO]
    rows = []
    for number, (base, bias) in enumerate(zip(reference, zero, strict=True)):
        weights = {
            cell: (values[state][number] - base) / ACTIVE
            for state, cells in cells_of.items()
            if values[state][number] != base
            for cell in cells
        }
        if started is not None and base != bias:
            weights[started] = (base - bias) / ACTIVE
        rows.append(Row(bias, cells=weights))
    return rows
