"""The search for an inductive invariant: boxes that the net cannot leave and is right in.

1. `_ascend` follows all words at once: every node's box is the hull of where its steps lead, until
   the boxes hardly grow any more. A box in which a head is wrong ends the search: every invariant
   of these nodes would contain it. (They say nothing about the net itself; with more nodes the
   boxes are smaller.)
2. `_settle` goes on with every step widened a little, until the steps as they are lead strictly
   inside: that is the invariant.
3. `_narrow` makes it smaller again, and `with_few_decimals` rounds it outwards, so that a
   certificate is a small file, and leaves room for a checker that rounds differently.

All of this is guessing; that the result is a proof is verified by `Problem.proves` alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import Execution
from reberlstm.certificates.boxes import BoxNet, follow
from reberlstm.certificates.claims import Claim, Level, Nodes, shared_symbols, unfold
from reberlstm.certificates.contexts import Contexts, contexts, sample
from reberlstm.certificates.intervals import Indices, Interval, SumOverflowError
from reberlstm.net.cells.cell import Floats

MAX_STEPS = 200_000  # nodes that words go on from by more steps are not tried with k ≥ 1
MAX_COMPOSED = 50_000  # nor by so many, where steps are composed
MAX_NUMBERS = 10_000_000  # pre-activations, or entries of derivatives, of a pass: the same
PATIENCE = 100  # rounds in which the growth of the boxes has to fall by a fifth
WAVE = 10  # rounds of which the largest growth is compared
DRIFT_AFTER = 48  # rounds after which, in the second attempt, what still grows is unbounded
SHARES = (1e-2, 1e-4)  # what is tried as the share of its width that a box gains in a round
SETTLES = 400  # rounds of settling
NARROWINGS = 30  # rounds of narrowing, each of which has to gain a ten-thousandth of the margin
DIGITS = 4  # the most digits that ends of boxes are tried with, beyond the first of the width
ROUNDS = 6  # how often the rounded boxes may have to grow before more digits are tried

SLACK = 1e-12
"""How far within its box, times the size of the numbers, a step has to lead."""

Margins = dict[str, float]
"""For every head of the claim how far it is from wrong at least; negative where it may be wrong."""


# What makes boxes a proof: they hold the start, no step leads out, every head is right


@dataclass(frozen=True, eq=False)
class Invariant:
    """Boxes (B, D) of nodes; the first one is the state vector that words begin in.

    Box ``b`` is one of node ``owners[b]``, which may have several: what leads to a node leads into
    their union.
    """

    nodes: Nodes
    boxes: Interval
    margins: Margins
    owners: Indices


@dataclass(frozen=True, eq=False)
class Image:
    """Where boxes lead: to the targets, each once, with margins on the way, between boxes.

    `boxes` are the hulls of what arrives there, and a little more, so that other arithmetic finds
    it included, too.
    """

    targets: Indices
    boxes: Interval
    margins: Margins

    def included_in(self, boxes: Interval) -> bool:
        """Whether all that arrives does so within the boxes of the targets."""
        return self.boxes.included_in(boxes[self.targets])


@dataclass(frozen=True, eq=False)
class Problem:
    """What has to be proved, with which nodes."""

    net: BoxNet
    claim: Claim
    nodes: Nodes

    @property
    def slack(self) -> float:
        """How far within, so that other arithmetic agrees: it may differ more after more steps."""
        return float(SLACK * 10.0 ** (self.nodes.stride - 1))

    @property
    def floor(self) -> float:
        """About how thin boxes should at most be."""
        return 10.0 * self.slack

    def image(self, boxes: Interval, chosen: NDArray[np.bool_] | None = None) -> Image | None:
        """Where the boxes of all or the chosen nodes lead; None where words end there."""
        if chosen is None:
            chosen = np.ones(len(self.nodes), dtype=bool)
        levels, targets = self.nodes.levels_from(chosen)
        if not len(levels[0]):
            return None
        arrived, smallest = self.arrived(boxes, levels)
        if not len(targets):
            return Image(targets, boxes[:0], smallest)
        first = np.concatenate([[0], 1 + np.flatnonzero(np.diff(targets))])
        hull = Interval(
            np.minimum.reduceat(arrived.lo, first, axis=0),
            np.maximum.reduceat(arrived.hi, first, axis=0),
        )
        return Image(targets[first], with_slack(hull, self.slack), smallest)

    def arrived(self, boxes: Interval, levels: Sequence[Level]) -> tuple[Interval, Margins]:
        """Where each word of the last level leads to, with margins on the way."""
        smallest = dict.fromkeys(self.claim.heads, np.inf)
        if len(levels) == 1:
            return self.net.step(boxes, levels[0].roots, levels[0].symbols), smallest
        for level, arrived in zip(levels, follow(self.net, boxes, levels), strict=True):
            if level is not levels[-1]:
                for head, margin in self.margins_on(arrived, level.states).items():
                    smallest[head] = float(np.minimum(smallest[head], margin))  # NaN stays
        return arrived, smallest

    def margins_on(self, boxes: Interval, states: Indices) -> Margins:
        """How far the heads are from wrong on boxes that belong to these states."""
        smallest = {}
        for head in self.claim.heads:
            distance = self.net.margin(head, self.claim.right[head][states], boxes)
            smallest[head] = float(distance.min(initial=np.inf))
        return smallest

    def margins_at(self, boxes: Interval, rows: Indices | None = None) -> Margins:
        """The same on the boxes of these nodes, or of all that the claim is about."""
        if rows is None:
            rows = np.arange(0 if self.claim.includes_empty_word else 1, len(self.nodes))
        return self.margins_on(boxes[rows], self.nodes.states[rows])

    def proves(self, boxes: Interval) -> Margins | None:
        """The margins, if these boxes are a proof, else None."""
        if not self.net.start().included_in(boxes[:1]):
            return None
        image = self.image(boxes)
        found = self.margins_at(boxes)
        if image is not None:
            if not image.included_in(boxes):
                return None
            found = {x: float(np.minimum(found[x], image.margins[x])) for x in found}  # NaN stays
        return found if all(margin > 0.0 for margin in found.values()) else None


def with_slack(boxes: Interval, slack: float) -> Interval:
    """Boxes that are larger by the slack, times the size of the numbers."""
    size = np.where(np.isfinite(boxes.size), boxes.size, 0.0)
    return boxes.widen(slack * np.maximum(1.0, size))


# The search


class _HopelessError(Exception):
    """No invariant was found; the text says why."""


class _ImpossibleError(_HopelessError):
    """There is no invariant with these nodes, however it is looked for."""


class Shape(NamedTuple):
    """What kind of nodes an invariant has: how many symbols are remembered, and so on."""

    k: int
    stride: int = 1  # after how many symbols there is a box again
    shares: bool = False  # whether last symbols that lead to the same place share a node
    spread: float = 0.0  # where not 0: up to k symbols, until states lie no further apart


@dataclass(frozen=True)
class NotFound:
    """No invariant; why the last attempt failed, in words, empty where nothing was tried."""

    reason: str = ""


def find_invariant(
    net: BoxNet, claim: Claim, shapes: Iterable[Shape], deadline: float
) -> Invariant | NotFound:
    """An invariant of the first shape that will do, before a time of `time.process_time`."""
    reason, sampled = "", None
    execution = Execution(net.net, net.arithmetic, net.inputs.nominal)
    tried: set[tuple[int, Contexts]] = set()
    for shape in shapes:
        stride, memory = shape.stride, None
        too_many = MAX_NUMBERS // net.width**2 < len(claim.going_on)  # not even one step each
        if stride > 1 and (too_many or not net.inputs.exact):
            continue
        if shape.spread:
            sampled = sampled or sample(execution, claim)
            memory = contexts(execution, claim, sampled, shape.spread, stride, shape.k, deadline)
            if memory is None or (stride, memory) in tried:
                continue
            tried.add((stride, memory))
        nodes = _nodes(net, claim, shape, memory)
        if nodes is None:
            continue
        found = _find_with(Problem(net, claim, nodes), deadline)
        if isinstance(found, Invariant):
            return found
        reason = f"with k = {nodes.k}{f', stride {stride}' if stride > 1 else ''}, {found.reason}"
        if time.process_time() > deadline:
            break
    return NotFound(reason)


def _nodes(net: BoxNet, claim: Claim, shape: Shape, memory: Contexts | None) -> Nodes | None:
    """The nodes of a shape, or None where there are none or too many."""
    shared = shared_symbols(net.net, claim, net.arithmetic) if shape.shares else None
    if shape.shares and shared is None:
        return None
    few = shape.k == 0 or shape.shares  # about as many nodes as states, or cells
    numbers = net.width**2 if shape.stride > 1 else 4 * net.net.size
    steps = MAX_STEPS if shape.stride == 1 else MAX_COMPOSED
    most = sys.maxsize if few and shape.stride == 1 else min(steps, MAX_NUMBERS // numbers)
    remembered = None if memory is None else memory.of
    return unfold(claim, shape.k, most, shape.stride, shared, remembered)


def _find_with(problem: Problem, deadline: float) -> Invariant | NotFound:
    reason = ""
    # An unbounded memory is harmless where its tanh is saturated, but a bolder guess.
    bold = problem.nodes.stride == 1 and problem.net.may_be_unbounded.any()
    for unbounded in (False, True) if bold else (False,):
        try:
            return _Search(problem, deadline, unbounded).run()
        except (_ImpossibleError, SumOverflowError) as error:
            return NotFound(str(error))
        except _HopelessError as error:
            reason = reason or str(error)
    return NotFound(reason)


@dataclass(frozen=True)
class _Search:
    problem: Problem
    deadline: float
    unbounded: bool

    def run(self) -> Invariant:
        problem = self.problem
        boxes = Interval.empty((len(self.problem.nodes), problem.net.width))
        boxes = boxes.with_rows(np.array([0]), problem.net.start())
        if problem.claim.includes_empty_word:
            self._check(problem.margins_at(boxes, np.array([0])), _ImpossibleError)
        if len(self.problem.nodes) > 1:
            boxes = self._narrow(self._settle(self._ascend(boxes)))
            boxes = with_few_decimals(problem, boxes)
        margins = problem.proves(boxes)
        if margins is None:
            raise _HopelessError("the boxes are not inductive by a safe distance")
        owners = np.arange(len(self.problem.nodes))
        return Invariant(self.problem.nodes, boxes, margins, owners)

    def _check(self, margins: Margins, error: type[_HopelessError] = _HopelessError) -> None:
        if time.process_time() > self.deadline:
            raise _ImpossibleError("the time was up")
        for head, margin in margins.items():
            if not margin > 0.0:
                raise error(f"the {head!r} head may be wrong somewhere in a box")

    def _check_image(
        self, boxes: Interval, image: Image, error: type[_HopelessError] = _HopelessError
    ) -> None:
        self._check(image.margins, error)
        self._check(self.problem.margins_at(boxes, image.targets), error)

    def _image(self, boxes: Interval) -> Image:
        image = self.problem.image(boxes)
        assert image is not None, "there is more than one node, so the first one leads somewhere"
        return image

    def _ascend(self, boxes: Interval) -> Interval:
        """Boxes that have grown until they hardly do."""
        # Until the boxes are widened, every invariant contains them.
        error = _HopelessError if self.unbounded else _ImpossibleError
        changed = np.zeros(len(self.problem.nodes), dtype=bool)
        changed[0] = True
        growths: list[float] = []
        while (image := self.problem.image(boxes, changed)) is not None:
            before = boxes[image.targets]
            after = before.hull(image.boxes)
            if self.unbounded and len(growths) >= DRIFT_AFTER:
                after = _unbounded(before, after, self.problem.net.may_be_unbounded)
            boxes = boxes.with_rows(image.targets, after)
            self._check_image(boxes, image, error)
            growth = _growth(before, after, 0.1 * self.problem.floor)
            changed[:] = False
            changed[image.targets[growth > 0.0]] = True
            growths.append(float(growth.max(initial=0.0)))
            # What grows comes round in waves, so the largest growth of some rounds is compared.
            if len(growths) > len(self.problem.nodes) + PATIENCE and max(
                growths[-WAVE:]
            ) > 0.8 * max(growths[-PATIENCE:][:WAVE]):
                raise _HopelessError("the boxes keep growing")
        return boxes

    def _settle(self, boxes: Interval) -> Interval:
        """Add a share of the width to every step, the more the better, until it is too much."""
        bold, careful = SHARES
        try:
            return self._settle_with(boxes, bold)
        except _HopelessError:
            return self._settle_with(boxes, careful)

    def _settle_with(self, boxes: Interval, share: float) -> Interval:
        width, size = (np.where(np.isfinite(x), x, 0.0) for x in (boxes.width, boxes.size))
        extra = share * width + self.problem.floor * np.maximum(1.0, size)
        for _ in range(SETTLES):
            image = self._image(boxes)
            if image.included_in(boxes):
                return boxes
            rows = image.targets
            boxes = boxes.with_rows(rows, boxes[rows].hull(image.boxes.widen(extra[rows])))
            self._check_image(boxes, image)
        raise _HopelessError(f"the boxes had not settled after {SETTLES} rounds of widening")

    def _narrow(self, boxes: Interval) -> Interval:
        """Take the room away that widening has left, but a tenth, as long as the margin gains.

        What is smaller leads to smaller boxes, so the result still holds where its steps lead.
        """
        margin = 0.0
        for _ in range(NARROWINGS):
            image = self._image(boxes)
            gained = min(*self.problem.margins_at(boxes).values(), *image.margins.values())
            if not gained > margin * (1.0 + 1e-4):
                break
            margin = gained
            inner = with_slack(image.boxes, self.problem.slack)
            between = _between(inner, boxes[image.targets], 0.1)
            boxes = boxes.with_rows(image.targets, between)
        return boxes


def _growth(before: Interval, after: Interval, least: float) -> Floats:
    """How far each row's ends moved outwards, or 0 if hardly: by a millionth of the width."""
    with np.errstate(invalid="ignore"):
        moved = np.maximum(before.lo - after.lo, after.hi - before.hi)
        enough = 1e-6 * before.width + least
    # What was empty has moved from infinity, and counts as growth by 1.
    moved = np.where(before.lo <= before.hi, np.where(moved > enough, moved, 0.0), 1.0)
    return np.asarray(np.where(np.isnan(moved), 0.0, moved).max(axis=1))


def _unbounded(before: Interval, after: Interval, columns: NDArray[np.bool_]) -> Interval:
    """Without the bounds of these columns that still move by a thousandth of their size."""
    with np.errstate(invalid="ignore"):
        lower = before.lo - after.lo > 1e-3 * np.maximum(1.0, np.abs(before.lo))
        upper = after.hi - before.hi > 1e-3 * np.maximum(1.0, np.abs(before.hi))
    drifts = columns & (before.lo <= before.hi)
    return Interval(
        np.where(lower & drifts, -np.inf, after.lo), np.where(upper & drifts, np.inf, after.hi)
    )


def _between(inner: Interval, outer: Interval, share: float) -> Interval:
    """`inner`, with a share of its distance from `outer`."""
    with np.errstate(invalid="ignore"):
        lo = np.fmin(inner.lo - share * (inner.lo - outer.lo), inner.lo)
        hi = np.fmax(inner.hi + share * (outer.hi - inner.hi), inner.hi)
    return Interval(lo, hi).meet(outer)


# Boxes with few decimals


def with_few_decimals(problem: Problem, boxes: Interval) -> Interval:
    """The boxes with as few decimals as keep all but a five-hundredth of the margins.

    Where none will do, the boxes as they are.
    """
    best = problem.proves(boxes)
    if best is None:
        return boxes
    for digits in range(DIGITS):
        rounded = _settled_on_grid(problem, boxes, digits)
        found = problem.proves(rounded)
        if found is not None and all(found[head] >= 0.998 * best[head] for head in found):
            return rounded
    return boxes


def _settled_on_grid(problem: Problem, boxes: Interval, digits: int) -> Interval:
    """Rounded outwards, and again where the rounded boxes lead further out."""
    with np.errstate(invalid="ignore"):
        width = np.maximum(np.where(np.isfinite(boxes.width), boxes.width, 1.0), problem.floor)
    # So many decimals show so many digits more than the first one of the width.
    decimals = digits - np.floor(np.log10(width))
    # What words begin in is a point, and stays one.
    rounded = outwards(boxes, decimals).with_rows(np.array([0]), boxes[:1])
    for _ in range(ROUNDS):
        image = problem.image(rounded)
        if image is None or image.included_in(rounded):
            break
        rows, arrived = image.targets, image.boxes
        known, further = rounded[rows], outwards(arrived, decimals[rows])
        lo = np.where(arrived.lo < known.lo, further.lo, known.lo)
        hi = np.where(arrived.hi > known.hi, further.hi, known.hi)
        rounded = rounded.with_rows(rows, Interval(lo, hi))
    return rounded


def outwards(x: Interval, decimals: Floats) -> Interval:
    """Ends rounded outwards to so many decimals."""
    unit = 10.0**-decimals
    # A tenth of a unit makes up for the division, and leaves a little room.
    return Interval(
        _decimal(np.floor(x.lo / unit - 0.1), decimals),
        _decimal(np.ceil(x.hi / unit + 0.1), decimals),
    )


def _decimal(multiples: Floats, decimals: Floats) -> Floats:
    """``multiples · 10^−decimals``, rounded once, so that few digits are enough to write it."""
    with np.errstate(invalid="ignore"):
        value = np.where(decimals > 0.0, multiples / 10.0**decimals, multiples * 10.0**-decimals)
    return np.asarray(np.where(np.isfinite(multiples), value, multiples) + 0.0)
