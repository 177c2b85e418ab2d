"""Proofs of large nets of which each state is a code: few cells are active, and all others not.

The boxes of such a net need two intervals, one of an active and one of an inactive cell, and for
each node the cells that are active in it. What a gate adds up is then known but for the active
cells that its row has an entry for, since all other columns have the row's default (see
`reberlstm.net.sparse`). So a step is bounded once for each cell and symbol with all codes that the
rows of the cell have no entry for, and once for each that they have one for: as often as there are
entries, not as there are pairs of codes and cells.

All codes have some cells in common (that which is active once a word has begun), and but for few
codes one cell more. Those few (such as that after a violation) are stepped cell by cell, and so is
the zero vector that words begin in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.boxes import BoxNet
from reberlstm.certificates.claims import Claim, margins
from reberlstm.certificates.intervals import (
    Indices,
    Interval,
    Intervals,
    Sum,
    SumOverflowError,
    middle_and_radius,
    settled,
)
from reberlstm.certificates.search import Margins, NotFound, outwards, with_slack
from reberlstm.net.cells.cell import Floats, Layer
from reberlstm.net.net import Net
from reberlstm.net.sparse import Sparse

Code = frozenset[int]
"""The cells that are active."""

START: Code = frozenset({-1})
"""The zero vector, in which no cell is active or inactive."""

SLACK = 1e-14  # how far within the intervals a step has to lead, times the size of the numbers
ROUNDS = 20  # rounds in which the intervals may grow
FEW_CODES = 8  # codes with another number of cells than the others
FEW_CELLS = 64  # cells that may become active by one symbol, whatever the code is
FEW_ENOUGH = 2_000  # cells of a net of sparse weights for which other proofs are looked for
CHUNK = 400_000  # cells that are stepped at a time, each with all its gates


class Ends(NamedTuple):
    """The intervals of an active and of an inactive cell, one for each part of its state."""

    active: tuple[Interval, ...]
    inactive: tuple[Interval, ...]

    def included_in(self, other: Ends) -> bool:
        """Whether all intervals lie in those of `other`."""
        return all(a.included_in(b) for a, b in zip(sum(self, ()), sum(other, ()), strict=True))


@dataclass(frozen=True, eq=False)
class CodeInvariant:
    """An inductive invariant: after every word the net is in the box of a node of its state.

    Attributes:
        nodes: Machine states with codes; where words begin, before the first symbol, is none.
        ends: The intervals of active and inactive cells.
        margins: For each head how far it is from wrong, at least.
    """

    nodes: tuple[tuple[int, Code], ...]
    ends: Ends
    margins: Margins


def fits(net: Net) -> bool:
    """Whether other proofs, which need whole arrays of weights, take a bearable time."""
    return not net.is_sparse or net.size <= FEW_ENOUGH


def find_codes(net: BoxNet, claim: Claim) -> CodeInvariant | NotFound:
    """The invariant of a net whose weights are sparse, or why there is none."""
    try:
        return _Search(net, claim).run()
    except (_NoCodesError, SumOverflowError) as error:
        return NotFound(str(error))


class _NoCodesError(Exception):
    """The states are no codes; the text says why."""


class _Sums:
    """Sums of products of a sparse or whole matrix (R, H) with codes."""

    def __init__(self, weight: Any, net: BoxNet) -> None:
        self.weight, self.arithmetic = weight, net.arithmetic
        if isinstance(weight, Sparse):
            self.low, self.high = (
                weight.sums(part) for part in (_negative, lambda x: np.maximum(x, 0.0))
            )
            self.terms = weight.sums(lambda x: (x != 0.0).astype(float))
        else:
            self.low, self.high = _negative(weight).sum(axis=1), np.maximum(weight, 0).sum(axis=1)
            self.terms = np.count_nonzero(weight, axis=1).astype(float)
        # Sums of so many numbers may be off by this share of their size.
        self.size = (self.high - self.low) * (1.0 + (weight.shape[1] + 16) * 2.0**-52)

    @cached_property
    def _by_column(self) -> tuple[Indices, Indices]:
        """The entries in the order of their columns, and where each column begins among them."""
        order = np.argsort(self.weight.columns, kind="stable")
        numbers = np.bincount(self.weight.columns, minlength=self.weight.shape[1])
        return order, np.concatenate([[0], numbers.cumsum()])

    def column(self, cell: int) -> Floats:
        """The weights of all rows on a cell, (R,)."""
        if not isinstance(self.weight, Sparse):
            return np.asarray(self.weight[:, cell])
        order, starts = self._by_column
        entries = order[starts[cell] : starts[cell + 1]]
        column = self.weight.default.copy()
        column[self.weight.rows[entries]] = self.weight.values[entries]
        return column

    def of(self, rows: Indices, active: Sequence[Floats], h: tuple[Interval, Interval]) -> Sum:
        """The sums of rows, with weights on the active cells, each of the shape of `rows`.

        All cells are added up as inactive ones, and then those that are not as what they differ by.
        """
        (middle_on, radius_on), (middle, radius) = map(middle_and_radius, h)
        size_on, size = (ends.size for ends in h)
        high, low, width = self.high[rows], self.low[rows], self.size[rows]
        weights = np.sum([np.abs(x) for x in active], axis=0) if active else np.zeros(rows.shape)
        total = (high + low) * middle
        for weight in active:
            total = total + weight * (middle_on - middle)
        terms = self.terms[rows]
        underflow = width + weights + (size_on + 4.0) * terms
        exact = self.arithmetic.exact
        parts = (
            total,
            width * radius + weights * radius_on,
            width * size + weights * (size_on + size),
            np.zeros_like(terms) if exact else terms,
            np.zeros_like(terms) if exact else underflow,
        )
        return Sum(parts, self.weight.shape[1] + 8, self.arithmetic)


def _negative(x: Floats) -> Floats:
    return np.minimum(x, 0.0)


class _Search:
    def __init__(self, net: BoxNet, claim: Claim) -> None:
        self.net, self.claim = net, claim
        plain = net.net.is_plain and isinstance(net.net.layers[0].weight_hh, Sparse)
        if not plain or any(rule.function == "softmax" for rule in claim.rules.values()):
            raise _NoCodesError("it is no layer of sparse weights, or a softmax is read")
        self.layer = net.net.layers[0]
        self.gates, self.size = len(self.layer.cell.gates), self.layer.size
        self.sums = _Sums(self.layer.weight_hh, net)
        if self.layer.cell.name == "gru-before":
            raise _NoCodesError("its reset gates stand before the matrix")
        # The weights of a cell alone are the numbers of its gates; see `_Given`.
        alone = np.arange(float(self.gates))[:, np.newaxis], *np.zeros((2, self.gates))
        self.pointwise = Layer(self.layer.cell, np.zeros((self.gates, 0)), *alone)
        self.number = len(net.net.alphabet)

    # What is active after a step

    def stepped(
        self, cells: Indices, active: Sequence[Floats], was: NDArray[np.bool_], ends: Ends
    ) -> tuple[Interval, ...]:
        """The parts of the state of some cells after each symbol, (P, A).

        Given are the weights of their gates on active cells, (P, G) each, and whether the cells
        themselves were active, (P,).
        """
        parts: list[tuple[Interval, ...]] = []
        chunk = max(1, CHUNK // (self.gates * self.number))
        for begin in range(0, max(1, len(cells)), chunk):
            some = slice(begin, begin + chunk)
            few = [weights[some] for weights in active]
            parts.append(self._stepped(cells[some], few, was[some], ends))
        return tuple(Interval.joined(part, axis=0) for part in zip(*parts, strict=True))

    def _stepped(
        self, cells: Indices, active: Sequence[Floats], was: NDArray[np.bool_], ends: Ends
    ) -> tuple[Interval, ...]:
        rows = cells[:, np.newaxis] + self.size * np.arange(self.gates)  # (P, G)
        bias = self.layer.bias_hh[rows]
        present = (bias != 0.0).astype(float)
        constants = (bias, np.zeros_like(bias), np.abs(bias), present, 4.0 * present)
        own = self.sums.of(rows, active, (ends.active[0], ends.inactive[0]))
        inputs = self.net.inputs_of(np.arange(self.number))
        given = [np.broadcast_to(part, inputs.shape)[:, rows] for part in inputs.parts]  # (A, P, G)
        shape = (self.number * len(cells), self.gates)
        a = Sum(tuple(x.reshape(shape) for x in given), inputs.length, self.net.arithmetic)
        read = (b + c for b, c in zip(own.parts, constants, strict=True))
        every = tuple(np.broadcast_to(x, given[0].shape).reshape(shape) for x in read)
        math = _Given(Sum(every, own.length + 1, self.net.arithmetic))
        before = []
        for on, off in zip(*ends, strict=True):
            each = (np.where(was, *both) for both in ((on.lo, off.lo), (on.hi, off.hi)))
            lo, hi = (np.tile(end, self.number)[:, np.newaxis] for end in each)
            before.append(Interval(lo, hi, self.net.arithmetic))
        after = self.layer.cell.enclosure(self.pointwise, a, tuple(before), math)
        found = []
        for part in after:
            part = part.widen(self.net.noise) if self.net.noise else part
            lo, hi = (end.reshape(self.number, -1).T for end in (part.lo, part.hi))
            found.append(Interval(lo, hi))
        return tuple(found)

    def all_cells(self, code: Code, ends: Ends) -> tuple[Interval, ...]:
        """The state of all cells after each symbol, read in a code, (H, A)."""
        if code == START:
            code, ends = frozenset(), self.still
        columns = [self.sums.column(cell).reshape(self.gates, -1).T for cell in sorted(code)]
        was = np.isin(np.arange(self.size), sorted(code))
        return self.stepped(np.arange(self.size), columns, was, ends)

    @cached_property
    def still(self) -> Ends:
        """The state that words begin in, of every cell."""
        zeros = (Interval(np.zeros(()), np.zeros(())),) * len(self.layer.cell.parts)
        return Ends(zeros, zeros)

    @cached_property
    def first(self) -> Ends:
        """Intervals that the cells are in after one symbol, as far as they go."""
        first = self.hull([self.all_cells(START, self.still)])
        if not first.active[0].lo < np.inf:
            raise _NoCodesError("no cell is active after the first symbol")
        return first

    def is_active(self, after: tuple[Interval, ...]) -> NDArray[np.bool_]:
        """Which cells are more than half as high as active ones."""
        found = after[0].lo + after[0].hi > self.net.net.height
        return np.asarray(found)

    def hull(self, several: Iterable[tuple[Interval, ...]], known: Ends | None = None) -> Ends:
        """Intervals around active and inactive cells."""
        none = Interval.empty(())
        parts = range(len(self.layer.cell.parts))
        active = list(known.active if known else [none for _ in parts])
        met = known is not None and known.inactive is not self.still.inactive
        inactive = list(known.inactive if known and met else [none for _ in parts])
        for after in several:
            on = self.is_active(after)
            for part in parts:
                for ends, chosen in ((active, on), (inactive, ~on)):
                    lo, hi = after[part].lo[chosen], after[part].hi[chosen]
                    if lo.size:
                        ends[part] = ends[part].hull(Interval(lo.min(), hi.max()))
        # Where no cell is ever inactive, it does not matter what an inactive one is.
        never = inactive[0].lo > inactive[0].hi
        return Ends(tuple(active), self.still.inactive if never else tuple(inactive))

    # The codes

    @cached_property
    def common(self) -> Code:
        """The cells that are active in every code."""
        codes: list[Code] = []
        pending = [START]
        for code in pending:
            after = self.is_active(self.all_cells(code, self.first))
            for symbol in range(self.number):
                found = frozenset(np.flatnonzero(after[:, symbol]).tolist())
                if found not in codes:
                    codes.append(found)
                    if len(pending) < 3 and found not in pending:
                        pending.append(found)
        return frozenset.intersection(*codes)

    @cached_property
    def pairs(self) -> tuple[Indices, Indices, Floats]:
        """Cells that some row of a cell has an entry for, or the cell itself, by (cell, other).

        The cells, the others, and the weights of the cells' gates on these, (P, G).
        """
        weight = self.layer.weight_hh
        cells, others = weight.rows % self.size, weight.columns
        chosen = ~np.isin(others, sorted(self.common))
        each = np.arange(self.size)
        own = each[~np.isin(each, sorted(self.common))]
        keys = np.unique(
            np.concatenate([(others * self.size + cells)[chosen], own * self.size + own])
        )
        others_of, cells_of = np.divmod(keys, self.size)
        rows = cells_of[:, np.newaxis] + self.size * np.arange(self.gates)
        weights = weight.default[rows]
        place = np.searchsorted(keys, (others * self.size + cells)[chosen])
        weights[place, weight.rows[chosen] // self.size] = weight.values[chosen]
        return cells_of, others_of, weights

    def images(self, ends: Ends, odd: Iterable[Code]) -> _Images:
        """Where all codes lead, by cells: of usual codes, and of those that are not."""
        cells, others, weights = self.pairs
        base = [self.sums.column(cell).reshape(self.gates, -1).T for cell in sorted(self.common)]
        every = np.arange(self.size)
        rest = self.layer.weight_hh.default.reshape(self.gates, -1).T
        in_common = np.isin(every, sorted(self.common))
        # A cell that has an entry for every usual code is in no other pair.
        usual = self.size - len(self.common)
        open_cells = every[np.bincount(cells, minlength=self.size) < usual]
        apart = self.stepped(
            open_cells,
            [*(column[open_cells] for column in base), rest[open_cells]],
            in_common[open_cells],
            ends,
        )
        paired = self.stepped(
            cells,
            [*(column[cells] for column in base), weights],
            in_common[cells] | (cells == others),
            ends,
        )
        odd_ones = {code: self.all_cells(code, ends) for code in odd}
        each = (apart, paired, *odd_ones.values())
        by_default = [open_cells[self.is_active(apart)[:, a]].tolist() for a in range(self.number)]
        if max(map(len, by_default)) > FEW_CELLS:
            raise _NoCodesError("one symbol activates many cells in one code")
        starts = np.searchsorted(others, np.arange(self.size + 1)).tolist()
        table = _Table(by_default, cells.tolist(), starts, self.is_active(paired).tolist())
        after = {code: self.is_active(x) for code, x in odd_ones.items()}
        codes = {
            (code, a): frozenset(np.flatnonzero(active[:, a]).tolist())
            for code, active in after.items()
            for a in range(self.number)
        }
        return _Images(self.common, table, codes, each)

    def nodes(self, images: _Images) -> tuple[dict[tuple[int, Code], None], set[Code]]:
        """The nodes that words come to, and codes of which it is not known where they lead."""
        nodes: dict[tuple[int, Code], None] = {}
        unknown: set[Code] = set()
        pending = [(0, START)]
        for state, code in pending:
            for symbol, target in self.claim.going_on[state]:
                after = images.after(code, symbol)
                if after is None:
                    unknown.add(code)
                    break
                if (target, after) not in nodes:
                    nodes[target, after] = None
                    pending.append((target, after))
        return nodes, unknown

    def run(self) -> CodeInvariant:
        """The invariant."""
        ends, odd = self.first, {START}
        nodes: dict[tuple[int, Code], None] = {}
        for _ in range(ROUNDS):
            images = self.images(ends, odd)
            found, unknown = self.nodes(images)
            if unknown:
                odd |= unknown
                if len(odd) > FEW_CODES:
                    raise _NoCodesError("many states are several active cells")
                continue
            reached = self.hull(images.each)
            slack = Ends(*(tuple(with_slack(x, SLACK) for x in part) for part in reached))
            if slack.included_in(ends) and list(nodes) == list(found):
                return CodeInvariant(tuple(nodes), ends, self.margins(list(nodes), ends))
            nodes = found
            wider = self.hull(images.each, ends)
            if not wider.active[0].lo > wider.inactive[0].hi:
                raise _NoCodesError("a cell may be as high where it is active as where it is not")
            # Only what is too small grows, or each would make the others grow for ever.
            ends = Ends(
                *(
                    tuple(
                        old if new.included_in(old) else _rounded(both)
                        for new, old, both in zip(*several, strict=True)
                    )
                    for several in zip(slack, ends, wider, strict=True)
                )
            )
        raise _NoCodesError(f"the intervals had not settled after {ROUNDS} rounds")

    def margins(self, nodes: list[tuple[int, Code]], ends: Ends) -> Margins:
        """How far each head is from wrong in all nodes that it is asked in."""
        return {head: self._margin(head, nodes, ends) for head in self.claim.heads}

    def _margin(self, head: str, nodes: list[tuple[int, Code]], ends: Ends) -> float:
        readout = self.net.net.readout(head)
        assert readout is not None, "the claim is about heads that the net has"
        linear, rows = readout.layers[-1], np.arange(len(readout.layers[-1].bias))
        sums, right = _Sums(linear.weight, self.net), self.claim.right[head]
        least = np.inf
        present = (linear.bias != 0.0).astype(float)
        zeros = np.zeros_like(linear.bias)
        constants = (linear.bias, zeros, np.abs(linear.bias), present, 4.0 * present)
        bias = Sum(constants, 1, self.net.arithmetic)
        first = [[(0, frozenset[int]())]] * self.claim.includes_empty_word
        groups = [*first, *_by_length(nodes, max(1, CHUNK // len(rows)))]
        for number, some in enumerate(groups):
            on, off = self.still if number < len(first) else ends
            codes = np.array([sorted(code) for _, code in some], dtype=np.intp)  # (N, cells)
            active = [linear.weight[:, cells].T for cells in codes.T]
            wide = np.broadcast_to(rows, (len(some), len(rows)))
            z = settled(sums.of(wide, active, (on[0], off[0])) + bias)
            z = self.net.math.tanh(z) if readout.rule.function == "tanh" else z
            z = z[:, : readout.rows]
            distance = margins(readout.rule, right[[state for state, _ in some]], z.lo, z.hi)
            if not (distance > 0.0).all():
                raise _NoCodesError(f"the {head!r} head may be wrong somewhere in a box")
            least = min(least, float(distance.min()))
        return least


class _Given(Intervals):
    """Intervals in which what gates read of the state is given, (N, G).

    The weights are then the numbers of the gates that are meant.
    """

    def __init__(self, given: Sum) -> None:
        super().__init__(given.arithmetic)
        self.given = given

    def linear(self, x: Interval, weight: Floats, bias: Floats) -> Sum:
        """The sums of the gates of these numbers."""
        return self.given.part((slice(None), weight[:, 0].astype(np.intp)), -1)


class _Table(NamedTuple):
    """Which cells are active after a usual code, by symbol."""

    by_default: list[list[int]]  # for each symbol, where no entry says otherwise
    cells: list[int]  # cells with entries for others, in the order of these
    starts: list[int]  # where those for each other begin
    active: list[list[bool]]  # by symbol


@dataclass(frozen=True, eq=False)
class _Images:
    common: Code
    table: _Table
    odd: dict[tuple[Code, int], Code]
    each: tuple[tuple[Interval, ...], ...]

    def after(self, code: Code, symbol: int) -> Code | None:
        """The code that a symbol leads to; None where that is not known."""
        if (code, symbol) in self.odd:
            return self.odd[code, symbol]
        rest = code - self.common
        if len(rest) != 1 or len(code) != len(self.common) + 1:
            return None
        table, (other,) = self.table, rest
        part = slice(table.starts[other], table.starts[other + 1])
        entries = dict(zip(table.cells[part], table.active[part], strict=True))
        default = [cell for cell in table.by_default[symbol] if cell not in entries]
        return frozenset(default).union(cell for cell, on in entries.items() if on[symbol])


def _by_length(nodes: Sequence[tuple[int, Code]], most: int) -> Iterator[list[tuple[int, Code]]]:
    """The nodes, those with as many active cells together, at most so many at a time."""
    lengths: dict[int, list[tuple[int, Code]]] = {}
    for node in nodes:
        lengths.setdefault(len(node[1]), []).append(node)
    for same in lengths.values():
        yield from (same[i : i + most] for i in range(0, len(same), most))


def _rounded(x: Interval) -> Interval:
    """Ends moved outwards, to so few digits that other arithmetic finds the same."""
    width = np.maximum(x.width, 1e3 * SLACK * np.maximum(1.0, x.size))
    return outwards(x.widen(0.02 * width), 2.0 - np.floor(np.log10(width)))
