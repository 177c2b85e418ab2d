"""The search for an inductive invariant: boxes that the net cannot leave and is right in.

1. `_ascend` follows all words at once: every node's box is the hull of where its edges lead, until
   the boxes hardly grow any more. A box in which a head is wrong ends the search: every invariant
   of these nodes would contain it. (They say nothing about the net itself; with more nodes the
   boxes are smaller.)
2. `_settle` goes on with every step widened a little, until the steps as they are lead strictly
   inside: that is the invariant.
3. `_narrow` makes it smaller again, and `_tidied` rounds it outwards to few decimals, so that a
   certificate is a small file, and leaves room for a checker that rounds differently.

What comes out is proved by `is_inductive` and `smallest_margins` alone; the rest is heuristics.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.boxes import Boxes, BoxNet, SumOverflowError
from reberlstm.certificates.claims import Claim, margins, threshold
from reberlstm.certificates.intervals import Interval
from reberlstm.certificates.nodes import Nodes, unfold
from reberlstm.weights import Floats

MAX_NODES = 20_000
"""More nodes than this are not tried with k ≥ 1."""

MAX_EDGE_NUMBERS = 10_000_000
"""Pre-activations of one pass over all edges beyond which a larger k is not tried."""

SLACK = 1e-13
"""How far inside its box, times the size of the numbers, each step has to lead."""

FLOOR = 1e-11
"""Boxes are never thinner than about this."""

PATIENCE = 100
"""Rounds in which the growth of the boxes has to fall by a fifth."""

DRIFT_AFTER = 48
"""Rounds after which a memory that still grows is taken to be unbounded, in the second attempt."""

SHARES = (1e-2, 1e-4)
"""How much of its width is added to each box in every round of settling: what is tried."""

SETTLES = 400
"""Rounds of settling."""

NARROWINGS = 30
"""Rounds of narrowing, each of which has to gain a ten-thousandth of the margin."""

TIDY_DIGITS = 4
"""The most digits that the ends of boxes are tried with, beyond the first one of the width."""

TIDY_ROUNDS = 6
"""How often the rounded boxes may have to grow before more digits are tried."""


@dataclass(frozen=True, eq=False)
class Invariant:
    """Boxes for all nodes; the first one is the zero vector.

    Attributes:
        nodes: The graph.
        boxes: One box a node.
        margins: For every judged head the smallest distance from wrong, over all boxes.
    """

    nodes: Nodes
    boxes: Boxes
    margins: Mapping[str, float]


class _HopelessError(Exception):
    """No invariant was found; the text says why."""


class _ImpossibleError(_HopelessError):
    """There is no invariant with these nodes, however it is looked for."""


def find_invariant(net: BoxNet, claim: Claim, sizes: range, deadline: float) -> Invariant | str:
    """An invariant with as few symbols remembered as will do, or why the last try failed.

    Args:
        net: The net, on its machine.
        claim: What has to be proved.
        sizes: The numbers of symbols to try.
        deadline: When to give up, in the time of `time.monotonic`.
    """
    reason, known = "", 0
    for k in sizes:
        nodes = unfold(claim, k, MAX_NODES if k else sys.maxsize)
        if nodes is None or len(nodes) == known:
            break  # too many, or no words are told apart that were not before
        if k and len(nodes.sources) * len(net.weights.bias) > MAX_EDGE_NUMBERS:
            break
        known = len(nodes)
        found = _find_with(net, claim, nodes, deadline)
        if isinstance(found, Invariant):
            return found
        reason = f"with k = {k}, {found}"
        if time.monotonic() > deadline:
            break
    return reason


def _find_with(net: BoxNet, claim: Claim, nodes: Nodes, deadline: float) -> Invariant | str:
    """An invariant of these nodes, or the reason why none was found."""
    reason = ""
    # An unbounded memory is harmless where its tanh is saturated, but a bolder guess.
    for unbounded in (False, True) if _may_be_unbounded(net) else (False,):
        try:
            return _Search(net, claim, nodes, deadline, unbounded).run()
        except (_ImpossibleError, SumOverflowError) as error:
            return str(error)
        except _HopelessError as error:
            reason = reason or str(error)
    return reason


def is_inductive(net: BoxNet, nodes: Nodes, boxes: Boxes) -> bool:
    """Whether the first box holds the zero vector, and every edge leads well inside its box."""
    if not Boxes.zero(1, net.size).inside(boxes[:1]):
        return False
    targets, image = _image(net, nodes, boxes, np.arange(len(nodes.sources)))
    return _room(image).inside(boxes[targets])


def smallest_margins(
    net: BoxNet, claim: Claim, nodes: Nodes, boxes: Boxes, rows: NDArray[np.intp] | None = None
) -> dict[str, float]:
    """For every judged head how far it is from wrong on the boxes, negative where it may be."""
    if rows is None:
        rows = np.arange(0 if claim.judges_start else 1, len(nodes))
    states = nodes.states[rows]
    smallest = {}
    for head in claim.heads:
        value = net.read(head, boxes[rows])
        over = threshold(net.weights, head)
        distance = margins(head, claim.right[head][states], value.lo, value.hi, over)
        smallest[head] = float(distance.min(initial=np.inf))
    return smallest


def _may_be_unbounded(net: BoxNet) -> bool:
    """Whether a box of `c` may be infinite.

    In the published cell the gates read `c`. On a machine `c` stays finite, since a step adds at
    most 1 to its size and rounds to nearest, so that it ends at 2 to the power of the precision;
    a disturbance could drive it further.
    """
    return net.weights.cell == "standard" and (net.arithmetic.exact or net.noise == 0.0)


class _Search:
    def __init__(
        self, net: BoxNet, claim: Claim, nodes: Nodes, deadline: float, unbounded: bool
    ) -> None:
        self.net, self.claim, self.nodes = net, claim, nodes
        self.deadline = deadline
        self.unbounded = unbounded
        self.every = np.arange(len(nodes.sources))

    def run(self) -> Invariant:
        boxes = Boxes.empty(len(self.nodes), self.net.size)
        for part in (boxes.h, boxes.c):
            part.lo[0] = part.hi[0] = 0.0
        self._judge(boxes, np.arange(1 if self.claim.judges_start else 0), _ImpossibleError)
        if len(self.nodes) > 1:
            self._ascend(boxes)
            boxes = self._narrow(self._settle(boxes))
            boxes = self._tidied(boxes)
        margins = smallest_margins(self.net, self.claim, self.nodes, boxes)
        if not min(margins.values()) > 0.0:
            raise _HopelessError("a head may be wrong somewhere in a box")
        return Invariant(self.nodes, boxes, margins)

    def _judge(
        self,
        boxes: Boxes,
        rows: NDArray[np.intp],
        verdict: type[_HopelessError] = _HopelessError,
    ) -> None:
        if time.monotonic() > self.deadline:
            raise _ImpossibleError("the time was up")
        found = smallest_margins(self.net, self.claim, self.nodes, boxes, rows)
        for head, margin in found.items():
            if not margin > 0.0:
                raise verdict(f"the {head!r} head may be wrong somewhere in a box")

    def _ascend(self, boxes: Boxes) -> None:
        """Grow `boxes`, in place, until they hardly do."""
        changed = np.zeros(len(self.nodes), dtype=bool)
        changed[0] = True
        growths: list[float] = []
        while (edges := np.flatnonzero(changed[self.nodes.sources])).size:
            targets, image = _image(self.net, self.nodes, boxes, edges)
            before = boxes[targets]
            after = before.hull(image)
            if self.unbounded and len(growths) >= DRIFT_AFTER:
                after = Boxes(after.h, _unbounded(before.c, after.c))
            _assign(boxes, targets, after)
            # Until the boxes are widened, every invariant contains them.
            self._judge(boxes, targets, _HopelessError if self.unbounded else _ImpossibleError)
            growth = np.maximum(_growth(before.h, after.h), _growth(before.c, after.c))
            changed[:] = False
            changed[targets[growth > 0.0]] = True
            growths.append(float(growth.max()))
            if len(growths) > len(self.nodes) + PATIENCE and growths[-1] > 0.8 * growths[-PATIENCE]:
                raise _HopelessError("the boxes keep growing")

    def _settle(self, boxes: Boxes) -> Boxes:
        """Add a share of the width to every step, the more the better, until it is too much."""
        reason = _HopelessError("the boxes did not settle")
        for share in SHARES:
            try:
                return self._settle_with(boxes, share)
            except _HopelessError as error:
                reason = error
        raise reason

    def _settle_with(self, start: Boxes, share: float) -> Boxes:
        extra = Boxes(_margin_around(start.h, share), _margin_around(start.c, share))
        boxes = start
        for _ in range(SETTLES):
            targets, image = _image(self.net, self.nodes, boxes, self.every)
            if _room(image).inside(boxes[targets]):
                return boxes
            wider = _copy(boxes)
            more = extra[targets]
            _assign(
                wider,
                targets,
                boxes[targets].hull(Boxes(image.h.widen(more.h.hi), image.c.widen(more.c.hi))),
            )
            boxes = wider
            self._judge(boxes, targets)
        raise _HopelessError(f"the boxes had not settled after {SETTLES} rounds of widening")

    def _narrow(self, boxes: Boxes) -> Boxes:
        """Take the room away that widening has left, but a tenth, as long as the margin gains.

        What is smaller leads to smaller boxes, so the result still holds where its steps lead.
        """
        margin = self._least_margin(boxes)
        for _ in range(NARROWINGS):
            targets, image = _image(self.net, self.nodes, boxes, self.every)
            smaller = _copy(boxes)
            _assign(smaller, targets, _between(image, boxes[targets], 0.1))
            gained = self._least_margin(smaller)
            if not gained > margin * (1.0 + 1e-4):
                break
            boxes, margin = smaller, gained
        return boxes

    def _least_margin(self, boxes: Boxes) -> float:
        return min(smallest_margins(self.net, self.claim, self.nodes, boxes).values())

    def _tidied(self, boxes: Boxes) -> Boxes:
        """The boxes with as few decimals as keep all but a five-hundredth of the margin."""
        best = smallest_margins(self.net, self.claim, self.nodes, boxes)
        for digits in range(TIDY_DIGITS):
            rounded = self._settled_on_grid(boxes, digits)
            found = smallest_margins(self.net, self.claim, self.nodes, rounded)
            if all(found[head] >= 0.998 * best[head] for head in found) and is_inductive(
                self.net, self.nodes, rounded
            ):
                return rounded
        if not is_inductive(self.net, self.nodes, boxes):
            raise _HopelessError("the boxes are not inductive by a safe distance")
        return boxes

    def _settled_on_grid(self, boxes: Boxes, digits: int) -> Boxes:
        """Rounded outwards, and again where the rounded boxes lead further out."""
        units = Boxes(_units(boxes.h, digits), _units(boxes.c, digits))
        rounded = _from_first(boxes, _outwards(boxes, units, boxes))
        for _ in range(TIDY_ROUNDS):
            targets, image = _image(self.net, self.nodes, rounded, self.every)
            room = _room(image)
            if room.inside(rounded[targets]):
                break
            wider = _copy(rounded)
            _assign(wider, targets, _outwards(room, units[targets], rounded[targets]))
            rounded = _from_first(boxes, wider)
        return rounded


def _image(
    net: BoxNet, nodes: Nodes, boxes: Boxes, edges: NDArray[np.intp]
) -> tuple[NDArray[np.intp], Boxes]:
    """Where the edges lead: their targets, each once, and the hull of what arrives there."""
    arrived = net.step(boxes, nodes.sources[edges], nodes.symbols[edges])
    targets = nodes.targets[edges]  # sorted
    first = np.concatenate([[0], 1 + np.flatnonzero(np.diff(targets))])

    def hull(part: Interval) -> Interval:
        return Interval(
            np.minimum.reduceat(part.lo, first, axis=0),
            np.maximum.reduceat(part.hi, first, axis=0),
        )

    return targets[first], Boxes(hull(arrived.h), hull(arrived.c))


def _room(image: Boxes) -> Boxes:
    """What has to lie inside, so that other arithmetic finds the image inside, too."""
    return Boxes(_with_slack(image.h), _with_slack(image.c))


def _with_slack(x: Interval) -> Interval:
    size = np.where(np.isfinite(x.size), x.size, 0.0)
    return x.widen(SLACK * np.maximum(1.0, size))


def _ends(boxes: Boxes) -> tuple[Floats, Floats, Floats, Floats]:
    return boxes.h.lo, boxes.h.hi, boxes.c.lo, boxes.c.hi


def _copy(boxes: Boxes) -> Boxes:
    h_lo, h_hi, c_lo, c_hi = (end.copy() for end in _ends(boxes))
    return Boxes(Interval(h_lo, h_hi), Interval(c_lo, c_hi))


def _assign(boxes: Boxes, rows: NDArray[np.intp], values: Boxes) -> None:
    for end, value in zip(_ends(boxes), _ends(values), strict=True):
        end[rows] = value


def _from_first(boxes: Boxes, others: Boxes) -> Boxes:
    """`others`, but with the first box of `boxes`, which is a point and stays one."""
    result = _copy(others)
    _assign(result, np.array([0]), boxes[:1])
    return result


def _growth(before: Interval, after: Interval) -> Floats:
    """How far each row's ends moved outwards, or 0 if by less than a millionth of its width."""
    with np.errstate(invalid="ignore"):
        moved = np.maximum(before.lo - after.lo, after.hi - before.hi)
        enough = 1e-6 * before.width + 0.1 * FLOOR
    # What was empty has moved from infinity, and counts as growth by 1.
    moved = np.where(before.lo <= before.hi, np.where(moved > enough, moved, 0.0), 1.0)
    return np.asarray(np.where(np.isnan(moved), 0.0, moved).max(axis=1))


def _unbounded(before: Interval, after: Interval) -> Interval:
    """The memory without the bounds that still move by a thousandth of their size."""
    with np.errstate(invalid="ignore"):
        lower = before.lo - after.lo > 1e-3 * np.maximum(1.0, np.abs(before.lo))
        upper = after.hi - before.hi > 1e-3 * np.maximum(1.0, np.abs(before.hi))
    fresh = ~(before.lo <= before.hi)
    return Interval(
        np.where(lower & ~fresh, -np.inf, after.lo), np.where(upper & ~fresh, np.inf, after.hi)
    )


def _margin_around(x: Interval, share: float) -> Interval:
    """A share of the width, and a little more, as an upper end."""
    finite = np.where(np.isfinite(x.width), x.width, 0.0)
    size = np.where(np.isfinite(x.size), x.size, 0.0)
    return Interval(np.zeros_like(finite), share * finite + FLOOR * np.maximum(1.0, size))


def _between(inner: Boxes, outer: Boxes, share: float) -> Boxes:
    """`inner`, with a share of its distance from `outer`, and at least the slack."""

    def between(a: Interval, b: Interval) -> Interval:
        a = _with_slack(_with_slack(a))
        with np.errstate(invalid="ignore"):
            lo = np.fmin(a.lo - share * (a.lo - b.lo), a.lo)
            hi = np.fmax(a.hi + share * (b.hi - a.hi), a.hi)
        return Interval(np.maximum(lo, b.lo), np.minimum(hi, b.hi))

    return Boxes(between(inner.h, outer.h), between(inner.c, outer.c))


def _units(x: Interval, digits: int) -> Interval:
    """How many decimals show so many digits more than the first one of the width."""
    with np.errstate(invalid="ignore"):
        width = np.maximum(np.where(np.isfinite(x.width), x.width, 1.0), FLOOR)
    decimals = digits - np.floor(np.log10(width))
    return Interval(decimals, decimals)


def _outwards(boxes: Boxes, decimals: Boxes, known: Boxes) -> Boxes:
    """Boxes around `boxes` and `known`: where the first reach further, with so many decimals."""

    def rounded(x: Interval, places: Floats, old: Interval) -> Interval:
        unit = 10.0**-places
        first = x is old
        # A tenth of a unit makes up for the division, and leaves a little room.
        lo = _decimal(np.floor(x.lo / unit - 0.1), places)
        hi = _decimal(np.ceil(x.hi / unit + 0.1), places)
        return Interval(
            np.where(first | (x.lo < old.lo), lo, old.lo),
            np.where(first | (x.hi > old.hi), hi, old.hi),
        )

    return Boxes(rounded(boxes.h, decimals.h.lo, known.h), rounded(boxes.c, decimals.c.lo, known.c))


def _decimal(multiples: Floats, decimals: Floats) -> Floats:
    """``multiples · 10^−decimals``, rounded once, so that few digits are enough to write it."""
    with np.errstate(invalid="ignore"):
        value = np.where(decimals > 0.0, multiples / 10.0**decimals, multiples * 10.0**-decimals)
    return np.where(np.isfinite(multiples), value, multiples) + 0.0
