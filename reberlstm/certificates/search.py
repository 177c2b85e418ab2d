"""The search for an inductive invariant: boxes that the net cannot leave and is right in.

1. `_ascend` follows all words at once: every node's box is the hull of where its steps lead, until
   the boxes hardly grow any more. A box in which a head is wrong ends the search: every invariant
   of these nodes would contain it. (They say nothing about the net itself; with more nodes the
   boxes are smaller.)
2. `_settle` goes on with every step widened a little, until the steps as they are lead strictly
   inside: that is the invariant.
3. `_narrow` makes it smaller again, and `tidied` rounds it outwards to few decimals, so that a
   certificate is a small file, and leaves room for a checker that rounds differently.

All of this is guessing; that the result is a proof is verified by `Problem.proves` alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from reberlstm.certificates.alike import alike_symbols
from reberlstm.certificates.boxes import Boxes, BoxNet, SumOverflowError
from reberlstm.certificates.claims import Claim
from reberlstm.certificates.intervals import Interval
from reberlstm.certificates.nodes import unfold
from reberlstm.certificates.proof import Image, Invariant, Margins, Problem, with_slack
from reberlstm.certificates.tidying import tidied
from reberlstm.net.weights import Floats

MAX_STEPS = 200_000
"""Nodes that words go on from by more steps than this are not tried with k ≥ 1."""

MAX_NUMBERS = 10_000_000
"""Pre-activations, or entries of derivatives, of one pass beyond which a larger k is not tried."""

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


class _HopelessError(Exception):
    """No invariant was found; the text says why."""


class _ImpossibleError(_HopelessError):
    """There is no invariant with these nodes, however it is looked for."""


class Shape(NamedTuple):
    """What kind of nodes an invariant has.

    Attributes:
        k: How many symbols are remembered.
        stride: After how many symbols there is a box again.
        merged: Whether last symbols after which the net stands alike are taken for one another.
    """

    k: int
    stride: int = 1
    merged: bool = False


def find_invariant(
    net: BoxNet, claim: Claim, shapes: Iterable[Shape], deadline: float
) -> Invariant | str:
    """An invariant of the first shape that will do, or why the last try failed.

    Args:
        net: The net, on its machine.
        claim: What has to be proved.
        shapes: The kinds of nodes to try, in order.
        deadline: When to give up, in the time of `time.monotonic`.
    """
    reason = ""
    for k, stride, merged in shapes:
        if stride > 1 and not (net.inputs.exact and net.weights.cell == "standard"):
            continue
        alike = alike_symbols(net.weights, claim, net.arithmetic) if merged else None
        if merged and alike is None:
            continue
        few = k == 0 or merged  # about as many nodes as states, or cells
        nodes = unfold(claim, k, sys.maxsize if few else MAX_STEPS, stride, alike)
        if nodes is None:
            continue
        numbers = net.size**2 * 4 if stride > 1 else len(net.weights.bias)
        if not (few and stride == 1) and nodes.steps * numbers > MAX_NUMBERS:
            continue
        found = _find_with(Problem(net, claim, nodes), deadline)
        if isinstance(found, Invariant):
            return found
        reason = f"with k = {k}{f', stride {stride}' if stride > 1 else ''}, {found}"
        if time.monotonic() > deadline:
            break
    return reason


def _find_with(problem: Problem, deadline: float) -> Invariant | str:
    """An invariant of these nodes, or the reason why none was found."""
    reason = ""
    # An unbounded memory is harmless where its tanh is saturated, but a bolder guess.
    for unbounded in (False, True) if _may_be_unbounded(problem) else (False,):
        try:
            return _Search(problem, deadline, unbounded).run()
        except (_ImpossibleError, SumOverflowError) as error:
            return str(error)
        except _HopelessError as error:
            reason = reason or str(error)
    return reason


def _may_be_unbounded(problem: Problem) -> bool:
    """Whether a box of `c` may be infinite.

    In the published cell the gates read `c`, and derivatives need bounds. On a machine `c` stays
    finite, since a step adds at most 1 to its size and rounds to nearest, so that it ends at 2 to
    the power of the precision; a disturbance could drive it further.
    """
    net = problem.net
    bearable = net.arithmetic.exact or net.noise == 0.0
    return net.weights.cell == "standard" and problem.nodes.stride == 1 and bearable


class _Search:
    def __init__(self, problem: Problem, deadline: float, unbounded: bool) -> None:
        self.problem, self.nodes = problem, problem.nodes
        self.deadline = deadline
        self.unbounded = unbounded

    def run(self) -> Invariant:
        boxes = Boxes.empty(len(self.nodes), self.problem.net.size)
        boxes.assign(np.array([0]), Boxes.zero(1, self.problem.net.size))
        if self.problem.claim.judges_start:
            self._judge(self.problem.margins_at(boxes, np.array([0])), _ImpossibleError)
        if len(self.nodes) > 1:
            self._ascend(boxes)
            boxes = tidied(self.problem, self._narrow(self._settle(boxes)))
        margins = self.problem.proves(boxes)
        if margins is None:
            raise _HopelessError("the boxes are not inductive by a safe distance")
        return Invariant(self.nodes, boxes, margins)

    def _judge(self, margins: Margins, verdict: type[_HopelessError] = _HopelessError) -> None:
        if time.monotonic() > self.deadline:
            raise _ImpossibleError("the time was up")
        for head, margin in margins.items():
            if not margin > 0.0:
                raise verdict(f"the {head!r} head may be wrong somewhere in a box")

    def _judge_all(
        self, boxes: Boxes, image: Image, verdict: type[_HopelessError] = _HopelessError
    ) -> None:
        self._judge(image.margins, verdict)
        self._judge(self.problem.margins_at(boxes, image.targets), verdict)

    def _image(self, boxes: Boxes) -> Image:
        image = self.problem.image(boxes)
        assert image is not None, "there is more than one node, so the first one leads somewhere"
        return image

    def _ascend(self, boxes: Boxes) -> None:
        """Grow `boxes`, in place, until they hardly do."""
        # Until the boxes are widened, every invariant contains them.
        verdict = _HopelessError if self.unbounded else _ImpossibleError
        changed = np.zeros(len(self.nodes), dtype=bool)
        changed[0] = True
        growths: list[float] = []
        while (image := self.problem.image(boxes, changed)) is not None:
            before = boxes[image.targets]
            after = before.hull(image.boxes)
            if self.unbounded and len(growths) >= DRIFT_AFTER:
                after = Boxes(after.h, _unbounded(before.c, after.c))
            boxes.assign(image.targets, after)
            self._judge_all(boxes, image, verdict)
            least = 0.1 * self.problem.floor
            growth = np.maximum(*(_growth(*parts, least) for parts in _pairs(before, after)))
            changed[:] = False
            changed[image.targets[growth > 0.0]] = True
            growths.append(float(growth.max(initial=0.0)))
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
        floor = self.problem.floor
        extra_h, extra_c = (_more(part, share, floor) for part in (start.h, start.c))
        boxes = start
        for _ in range(SETTLES):
            image = self._image(boxes)
            if image.inside(boxes):
                return boxes
            rows, arrived = image.targets, image.boxes
            arrived = Boxes(arrived.h.widen(extra_h[rows]), arrived.c.widen(extra_c[rows]))
            wider = boxes.copy()
            wider.assign(rows, boxes[rows].hull(arrived))
            boxes = wider
            self._judge_all(boxes, image)
        raise _HopelessError(f"the boxes had not settled after {SETTLES} rounds of widening")

    def _narrow(self, boxes: Boxes) -> Boxes:
        """Take the room away that widening has left, but a tenth, as long as the margin gains.

        What is smaller leads to smaller boxes, so the result still holds where its steps lead.
        """
        margin = 0.0
        for _ in range(NARROWINGS):
            image = self._image(boxes)
            gained = min(*self.problem.margins_of(boxes).values(), *image.margins.values())
            if not gained > margin * (1.0 + 1e-4):
                break
            margin = gained
            smaller = boxes.copy()
            inner = with_slack(image.boxes, self.problem.slack)
            smaller.assign(image.targets, _between(inner, boxes[image.targets], 0.1))
            boxes = smaller
        return boxes


def _pairs(a: Boxes, b: Boxes) -> tuple[tuple[Interval, Interval], tuple[Interval, Interval]]:
    return (a.h, b.h), (a.c, b.c)


def _growth(before: Interval, after: Interval, least: float) -> Floats:
    """How far each row's ends moved outwards, or 0 if hardly: by a millionth of the width."""
    with np.errstate(invalid="ignore"):
        moved = np.maximum(before.lo - after.lo, after.hi - before.hi)
        enough = 1e-6 * before.width + least
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


def _more(x: Interval, share: float, floor: float) -> Floats:
    """A share of the width, and a little more."""
    width = np.where(np.isfinite(x.width), x.width, 0.0)
    size = np.where(np.isfinite(x.size), x.size, 0.0)
    return np.asarray(share * width + floor * np.maximum(1.0, size))


def _between(inner: Boxes, outer: Boxes, share: float) -> Boxes:
    """`inner`, with a share of its distance from `outer`."""

    def between(a: Interval, b: Interval) -> Interval:
        with np.errstate(invalid="ignore"):
            lo = np.fmin(a.lo - share * (a.lo - b.lo), a.lo)
            hi = np.fmax(a.hi + share * (b.hi - a.hi), a.hi)
        return Interval(np.maximum(lo, b.lo), np.minimum(hi, b.hi))

    return Boxes(*(between(*parts) for parts in _pairs(inner, outer)))
