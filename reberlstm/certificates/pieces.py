"""Several boxes for a node: where a memory drifts, one box would hold too much.

A memory that is kept in a loop moves one way for many rounds, until it saturates. In between it
takes all values, and what other cells are depends on it; one box for all of that is too wide. So
the range of every memory that drifts is divided by a grid, even on the scale asinh, and a node has
a box for each place of the grid to which words lead, a *piece*. A step must lead into the union of
the pieces of its target.

Which pieces there are is guessed from state vectors after sampled words, among them long runs.
Then pieces grow until no step leads out of them. A step's image that reaches from one place of the
grid into the next is cut where they meet, if the next one is known; else it belongs, as a whole, to
the place of its middle. That is why a piece may be larger than its place of the grid.

All of this is guessing; what is found is proved by `_proved`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from reberlstm.certificates.arithmetic import Execution
from reberlstm.certificates.boxes import BoxNet
from reberlstm.certificates.claims import Claim, unfold
from reberlstm.certificates.contexts import walk
from reberlstm.certificates.intervals import Indices, Interval, SumOverflowError
from reberlstm.certificates.search import (
    MAX_NUMBERS,
    Invariant,
    Margins,
    NotFound,
    Problem,
    with_slack,
)
from reberlstm.net.cells.cell import Floats

GRIDS = ((4, 0.25), (6, 0.25), (4, 0.1))
"""What is tried: symbols from piece to piece, of which as many are remembered, and the width of a
place of the grid."""

WORDS, LENGTH = 600, 500  # how many words are sampled, and how long they are
DRIFTS = 2.5  # a memory that is larger than this drifts: its forget gate is over 0.6
WIDEST = 1.6  # places of the grid: wider images are cut
MAX_PIECES = 6_000
MAX_PARTS = 100_000  # of all images of a round
MOST_PARTS = 1_000  # of an image that several pieces hold
BATCH = 20_000_000  # entries of derivatives at a time
GROWTH = 0.02  # the share of its width by which a piece that has to grow grows more
DECIMALS = 5  # of the ends of pieces


def find_pieces(net: BoxNet, claim: Claim, deadline: float, max_k: int) -> Invariant | NotFound:
    """An invariant with several boxes for a node, before a time of `time.process_time`.

    Nodes remember at most `max_k` symbols.
    """
    few = max_k < min(stride for stride, _ in GRIDS)
    if few or not net.inputs.exact or not net.may_be_unbounded.any():
        return NotFound()
    rows = zip(*walk(Execution(net.net, net.arithmetic), claim, WORDS, LENGTH), strict=True)
    sampled = Sample(*map(np.stack, rows))
    found: Invariant | NotFound = NotFound()
    for stride, width in GRIDS:
        nodes = unfold(claim, stride, MAX_NUMBERS // net.width**2, stride)
        if stride > max_k or nodes is None:
            continue
        try:
            found = _Pieces(Problem(net, claim, nodes), sampled, width, deadline).run()
        except SumOverflowError as error:
            found = NotFound(str(error))
        if isinstance(found, Invariant) or time.process_time() > deadline:
            break
    return found


class Sample(NamedTuple):
    """State vectors after some words: one in each of B places at each of T times."""

    vectors: Floats  # (T, B, D)
    states: Indices  # of the machine, (T, B)
    symbols: Indices  # read last, (T, B)
    lengths: Indices  # of the present words, (T, B)


@dataclass
class _Pieces:
    problem: Problem
    sampled: Sample
    width: float
    deadline: float
    drifts: Indices = field(init=False)  # columns of a state vector
    owners: Indices = field(init=False)  # the node of every piece
    boxes: Interval = field(init=False)
    sorted: Indices = field(init=False)  # digests of the places of the pieces, in order
    order: Indices = field(init=False)  # and whose they are

    def run(self) -> Invariant | NotFound:
        problem = self.problem
        unread = problem.net.may_be_unbounded
        largest = np.abs(self.sampled.vectors).max(axis=(0, 1))
        self.drifts = np.flatnonzero(unread & (largest > DRIFTS))
        if not len(self.drifts):
            return NotFound("no memory drifts")
        self._clear()
        self._add(np.zeros(1, dtype=np.intp), problem.net.start())
        owners, vectors = self._seeds()
        changed = np.concatenate([[0], self._add(owners, _outwards(vectors))])
        lacking = "the pieces of boxes grew too many"
        while len(changed):
            margins = self._margins(changed)
            targets, arrived, between = self._images(changed)
            for head in problem.claim.heads:
                if not min(margins[head], between[head]) > 0.0:
                    return NotFound(f"the {head!r} head may be wrong somewhere in a piece of a box")
            parts = self._parts(targets, arrived)
            if parts is None or len(self.owners) > MAX_PIECES:
                return NotFound(lacking)
            changed = self._add(parts[0], self._grown(*parts))
            if time.process_time() > self.deadline:
                return NotFound("the time was up")
        return self._proved() or NotFound("the pieces of boxes are not inductive")

    # The grid

    def _clear(self) -> None:
        width = self.problem.net.width
        self.owners = self.sorted = self.order = np.zeros(0, dtype=np.intp)
        self.boxes = Interval.empty((0, width))

    def _cells(self, boxes: Interval) -> Indices:
        """The place of the grid in which the middle is, (N, drifts)."""
        ends = (np.arcsinh(end[:, self.drifts]) for end in (boxes.lo, boxes.hi))
        return np.floor(0.5 * sum(ends) / self.width + 0.5).astype(np.intp)

    def _edges(self, cells: Indices, side: float) -> Floats:
        """Where a place ends, below (side −1) or above (side 1)."""
        return np.asarray(np.sinh((cells + 0.5 * side) * self.width))

    def _digests(self, owners: Indices, cells: Indices) -> Indices:
        """A number for each node and place of its grid."""
        rng = np.random.default_rng(1)
        factors = rng.integers(1, 2**61, 1 + cells.shape[1]) * 2 + 1
        both = np.concatenate([owners[:, np.newaxis], cells], axis=1)
        with np.errstate(over="ignore"):
            return np.asarray((both * factors).sum(axis=1), dtype=np.intp)

    def _find(self, owners: Indices, cells: Indices) -> Indices:
        """The piece of a node at a place of its grid, −1 where there is none."""
        wanted = self._digests(owners, cells)
        at = np.minimum(np.searchsorted(self.sorted, wanted), max(len(self.sorted) - 1, 0))
        if not len(self.sorted):
            return np.full(len(wanted), -1)
        return np.where(self.sorted[at] == wanted, self.order[at], -1)

    def _add(self, owners: Indices, boxes: Interval) -> Indices:
        """Take boxes into the pieces where their middles are; which ones have changed."""
        cells = self._cells(boxes)
        digests = self._digests(owners, cells)
        order = np.argsort(digests, kind="stable")
        first = np.concatenate([[0], 1 + np.flatnonzero(np.diff(digests[order]))])
        hull = (
            Interval(
                np.minimum.reduceat(boxes.lo[order], first, axis=0),
                np.maximum.reduceat(boxes.hi[order], first, axis=0),
            )
            if len(order)
            else boxes
        )
        chosen = order[first] if len(order) else order
        pieces = self._find(owners[chosen], cells[chosen])
        new, known = pieces < 0, pieces[pieces >= 0]
        number = len(self.owners)
        before = Interval.joined([self.boxes, hull[new]], axis=0)
        self.boxes = before.with_rows(known, before[known].hull(hull[~new]))
        self.owners = np.concatenate([self.owners, owners[chosen][new]])
        # A piece is found where it was begun, however it has grown since.
        digests = np.concatenate([self._unsorted(), digests[chosen][new]])
        self.order = np.argsort(digests)
        self.sorted = digests[self.order]
        return np.concatenate([known, np.arange(number, len(self.owners))])

    def _unsorted(self) -> Indices:
        digests = np.empty(len(self.order), dtype=np.intp)
        digests[self.order] = self.sorted
        return digests

    # The rounds

    def _seeds(self) -> tuple[Indices, Floats]:
        """Nodes and state vectors of the sampled words that are as long as nodes are far apart."""
        nodes, sampled = self.problem.nodes, self.sampled
        index = {name: number for number, name in enumerate(nodes.names)}
        owners, vectors = [], []
        times, places = np.nonzero(sampled.lengths % nodes.stride == 0)
        symbols = sampled.symbols.T.tolist()
        states, lengths = (x[times, places] for x in (sampled.states, sampled.lengths))
        for at, place, state, length in zip(
            times.tolist(), places.tolist(), states.tolist(), lengths.tolist(), strict=True
        ):
            last = tuple(symbols[place][at + 1 - min(nodes.k, length) : at + 1])
            if (state, last) in index:
                owners.append(index[state, last])
                vectors.append(sampled.vectors[at, place])
        return np.array(owners, dtype=np.intp), np.array(vectors)

    def _images(self, rows: Indices) -> tuple[Indices, Interval, Margins]:
        """The targets of all words from these pieces, where they lead, and margins on the way."""
        problem = self.problem
        each = 1 + problem.nodes.steps // len(problem.nodes)
        size = max(1, BATCH // (each * problem.net.width**2))
        smallest = dict.fromkeys(problem.claim.heads, np.inf)
        targets, images = [np.zeros(0, dtype=np.intp)], [self.boxes[:0]]
        for i in range(0, len(rows), size):
            chosen = rows[i : i + size]
            levels, ends = problem.nodes.levels_of(self.owners[chosen])
            if len(levels[0]):
                arrived, margins = problem.arrived(self.boxes[chosen], levels)
                smallest = {x: float(np.minimum(smallest[x], margins[x])) for x in smallest}
                targets.append(ends)
                images.append(with_slack(arrived, problem.slack))
        return np.concatenate(targets), Interval.joined(images, axis=0), smallest

    def _margins(self, rows: Indices) -> Margins:
        if not self.problem.claim.includes_empty_word:
            rows = rows[rows > 0]
        return self.problem.margins_on(
            self.boxes[rows], self.problem.nodes.states[self.owners[rows]]
        )

    def _parts(self, owners: Indices, boxes: Interval) -> tuple[Indices, Interval] | None:
        """The images cut at the grid, without those parts that are in a piece; None if too many."""
        for column, drift in enumerate(self.drifts):
            while True:
                ends = np.arcsinh(boxes.lo[:, drift]), np.arcsinh(boxes.hi[:, drift])
                wide = np.flatnonzero(ends[1] - ends[0] > WIDEST * self.width)
                if not len(wide):
                    break
                at = self._edges(self._cells(boxes[wide])[:, column], -1.0)
                inside = (at > boxes.lo[wide, drift]) & (at < boxes.hi[wide, drift])
                middle = np.sinh(0.5 * (ends[0] + ends[1])[wide])
                owners, boxes = _cut(owners, boxes, wide, drift, np.where(inside, at, middle))
                if len(owners) > MAX_PARTS:
                    return None
        owners, boxes = self._outside(owners, boxes)
        for column, drift in enumerate(self.drifts):
            for side in (1.0, -1.0):
                if not len(owners):
                    break
                cells = self._cells(boxes)
                next_one = cells.copy()
                next_one[:, column] += int(side)
                pieces = self._find(owners, cells)
                end = self._edges(cells[:, column], side)
                if side > 0.0:  # what a piece holds already need not be cut
                    known = np.where(pieces >= 0, self.boxes.hi[pieces, drift], -np.inf)
                    end = np.maximum(end, known)
                else:
                    known = np.where(pieces >= 0, self.boxes.lo[pieces, drift], np.inf)
                    end = np.minimum(end, known)
                crosses = (boxes.lo[:, drift] < end) & (end < boxes.hi[:, drift])
                rows = np.flatnonzero(crosses & (self._find(owners, next_one) >= 0))
                owners, boxes = _cut(owners, boxes, rows, drift, end[rows])
                if len(owners) > MAX_PARTS:
                    return None
        return self._outside(owners, boxes)

    def _outside(self, owners: Indices, boxes: Interval) -> tuple[Indices, Interval]:
        """Those that are not in the piece where their middle is."""
        pieces = self._find(owners, self._cells(boxes))
        known = self.boxes[pieces]
        inside = (boxes.lo >= known.lo).all(axis=1) & (boxes.hi <= known.hi).all(axis=1)
        keep = ~(inside & (pieces >= 0))
        return owners[keep], boxes[keep]

    def _grown(self, owners: Indices, boxes: Interval) -> Interval:
        """What has to be added to pieces, and a little more where they grow, rounded outwards."""
        pieces = self._find(owners, self._cells(boxes))
        found = (pieces >= 0)[:, np.newaxis]
        known = self.boxes[pieces]
        width = np.where(found, known.width, 0.0)
        extra = GROWTH * np.maximum(width, boxes.width)
        lower = ~found | (boxes.lo < known.lo)
        upper = ~found | (boxes.hi > known.hi)
        rounded = _outwards(boxes.lo - extra), _outwards(boxes.hi + extra)
        return Interval(
            np.where(lower, rounded[0].lo, boxes.lo), np.where(upper, rounded[1].hi, boxes.hi)
        )

    # The proof

    def _proved(self) -> Invariant | None:
        """The pieces to which the start leads, if they are a proof."""
        problem = self.problem
        reached, pending = {0}, [0]
        groups = [np.flatnonzero(self.owners == node) for node in range(len(problem.nodes))]
        smallest = dict.fromkeys(problem.claim.heads, np.inf)
        while pending:
            targets, arrived, margins = self._images(np.array(pending, dtype=np.intp))
            smallest = {x: float(np.minimum(smallest[x], margins[x])) for x in smallest}
            pending = []
            for number, target in enumerate(targets.tolist()):
                used = covering(arrived[number], self.boxes, groups[target])
                if used is None:
                    return None
                fresh = [piece for piece in used if piece not in reached]
                reached.update(fresh)
                pending += fresh
        rows = np.array(sorted(reached), dtype=np.intp)
        on_boxes = self._margins(rows)
        margins = {x: float(np.minimum(smallest[x], on_boxes[x])) for x in smallest}
        if not all(margin > 0.0 for margin in margins.values()):
            return None
        return Invariant(problem.nodes, self.boxes[rows], margins, self.owners[rows])


def covering(image: Interval, boxes: Interval, rows: Indices) -> list[int] | None:
    """Some of these rows of boxes (B, D) whose union holds an image (D,), or None.

    Where no box holds all of it, the one that holds most is taken away, and so on with the rest.
    """
    parts, used = [image], []
    lo, hi = boxes.lo[rows], boxes.hi[rows]
    for part in parts:
        inner = Interval(np.maximum(lo, part.lo), np.minimum(hi, part.hi))
        held = (inner.lo == part.lo) & (inner.hi == part.hi)
        shares = np.where(held, 1.0, inner.width / np.where(part.width > 0.0, part.width, 1.0))
        share = np.where((inner.width >= 0.0).all(axis=1), shares.prod(axis=1), -1.0)
        best = int(share.argmax())
        if not share[best] > 0.0 or len(parts) > MOST_PARTS:
            return None
        used.append(int(rows[best]))
        parts += _without(part, inner[best])
    return used


def _without(part: Interval, inner: Interval) -> list[Interval]:
    """What of a box (D,) is outside of one in it, as boxes that may share their sides."""
    rest = []
    lo, hi = part.lo.copy(), part.hi.copy()
    for column in np.flatnonzero((lo < inner.lo) | (hi > inner.hi)).tolist():
        if lo[column] < inner.lo[column]:
            end = hi.copy()
            end[column] = inner.lo[column]
            rest.append(Interval(lo.copy(), end))
            lo[column] = inner.lo[column]
        if hi[column] > inner.hi[column]:
            end = lo.copy()
            end[column] = inner.hi[column]
            rest.append(Interval(end, hi.copy()))
            hi[column] = inner.hi[column]
    return rest


def _cut(
    owners: Indices, boxes: Interval, rows: Indices, column: int, at: Floats
) -> tuple[Indices, Interval]:
    """Some of the boxes cut in two; what is above the cut comes last."""
    lo, hi = boxes.lo[rows].copy(), boxes.hi.copy()
    lo[:, column], hi[rows, column] = at, at
    below = Interval(boxes.lo, hi)
    both = Interval.joined([below, Interval(lo, boxes.hi[rows])], axis=0)
    return np.concatenate([owners, owners[rows]]), both


def _outwards(x: Floats) -> Interval:
    """The nearest numbers with few decimals on both sides."""
    unit = 10.0**DECIMALS
    return Interval(np.floor(x * unit - 0.1) / unit, np.ceil(x * unit + 0.1) / unit)
